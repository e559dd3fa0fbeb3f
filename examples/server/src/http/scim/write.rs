//! Writing: create, replace, patch, delete. Each is one transaction; what fails leaves nothing behind.

use std::mem::take;

use axum::body::Body;
use axum::http::StatusCode;
use scim_patch::{GroupPlan, MembershipChange, PatchRequest, Quirks, RowCounts, apply, plan, plan_replace};
use scim_schema::{AttrPath, Checked, Limits, Precondition, Resource, ResourceType, ScimType};
use serde_json::{Map, Value, json};
use tenant_model::{
    Actor, ChangedBy, DirectoryState, Operation, PatchAnswer, PersonId, Provision, ProvisionStep,
};

use super::call::{Call, GROUP, USER};
use super::fault::Fault;
use super::{MEDIA_TYPE, directory, formats, keys, membership, passwords, read, storable};
use crate::account::{self, AccountError, Directory};
use crate::http::answer::{Answer, typed};
use crate::http::body;
use crate::random;
use crate::store::members::{self, Membership};
use crate::store::resources::{self, StoredResource};
use crate::store::{StoreError, Tx};

/// `POST /Users`.
pub(super) async fn create(call: &Call<'_>, kind: &ResourceType, body: &mut Body) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Create)?;
    let projection = call.projection(kind)?;
    let bytes = body::read(take(body), body::SCIM_LIMIT).await?;
    call.passwords.prepare(call, &bytes).await?;
    let mut tx = call.app.base.store.begin(call.tenant()).await?;
    let written = add(call, &mut tx, kind, &bytes).await?;
    let projection = projection.with_requested(&written.requested);
    let answer = read::shown(call, &mut tx, kind, &written.stored, &projection, StatusCode::CREATED).await?;
    tx.commit().await?;
    Ok(answer)
}

/// `PUT /Users/{id}`.
pub(super) async fn replace(
    call: &Call<'_>,
    kind: &ResourceType,
    id: &str,
    body: &mut Body,
) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Replace)?;
    let projection = call.projection(kind)?;
    let condition = call.condition()?;
    let bytes = body::read(take(body), body::SCIM_LIMIT).await?;
    call.passwords.prepare(call, &bytes).await?;
    let mut tx = call.app.base.store.begin(call.tenant()).await?;
    let written = put(call, &mut tx, kind, id, &bytes, &condition).await?;
    let projection = projection.with_requested(&written.requested);
    let answer = read::shown(call, &mut tx, kind, &written.stored, &projection, StatusCode::OK).await?;
    tx.commit().await?;
    Ok(answer)
}

/// `PATCH /Users/{id}`.
pub(super) async fn patch(
    call: &Call<'_>,
    kind: &ResourceType,
    id: &str,
    body: &mut Body,
) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Patch)?;
    let projection = call.projection(kind)?;
    let condition = call.condition()?;
    let bytes = body::read(take(body), body::SCIM_LIMIT).await?;
    call.passwords.prepare(call, &bytes).await?;
    let mut tx = call.app.base.store.begin(call.tenant()).await?;
    let after = modify(call, &mut tx, kind, id, &bytes, call.leniency.patch(), &condition).await?;
    // RFC 7644 3.5.2: 200 when the client asks for attributes.
    let asked =
        call.query.any_case("attributes").is_some() || call.query.any_case("excludedAttributes").is_some();
    let answer = if patched_status(call, kind) == StatusCode::NO_CONTENT && !asked {
        let mut answer = typed(StatusCode::NO_CONTENT, MEDIA_TYPE, Body::empty());
        read::set_version(call, &mut answer, &after);
        read::set_location(call, &mut answer, kind, &after);
        answer
    } else {
        read::shown(call, &mut tx, kind, &after, &projection, StatusCode::OK).await?
    };
    tx.commit().await?;
    Ok(answer)
}

/// What a PATCH that does not ask for attributes is answered with.
pub(super) fn patched_status(call: &Call<'_>, kind: &ResourceType) -> StatusCode {
    match call.capabilities().patch_answer {
        PatchAnswer::ByType if kind.name() == GROUP => StatusCode::NO_CONTENT,
        PatchAnswer::NoContent => StatusCode::NO_CONTENT,
        PatchAnswer::ByType | PatchAnswer::Resource => StatusCode::OK,
    }
}

/// `DELETE /Users/{id}`.
pub(super) async fn delete(call: &Call<'_>, kind: &ResourceType, id: &str) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Delete)?;
    let condition = call.condition()?;
    let mut tx = call.app.base.store.begin(call.tenant()).await?;
    remove(call, &mut tx, kind, id, &condition).await?;
    tx.commit().await?;
    Ok(typed(StatusCode::NO_CONTENT, MEDIA_TYPE, Body::empty()))
}

/// What a write left in the database.
pub(super) struct Written {
    /// The resource.
    pub(super) stored: StoredResource,
    /// Attributes that the client sent and that are shown only to one who asks for them.
    requested: Vec<AttrPath>,
}

/// Adds a resource, in the caller's transaction.
pub(super) async fn add(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    bytes: &[u8],
) -> Result<Written, Fault> {
    let sent = parse(kind, bytes)?;
    let mut checked =
        kind.check_create(sent, &call.leniency.check_options()).map_err(|error| Fault::of(&error))?;
    call.noted.check(&checked.notices);
    formats::check(call, kind, &checked.resource, None)?;
    let password = passwords::change(&checked);
    let change = take_members(kind, &mut checked)?;
    let mut stored = StoredResource {
        id: random::uuid()?.to_string(),
        kind: kind.name().to_owned(),
        connection: call.caller.connection.id.clone(),
        person: None,
        body: Map::new(),
        created: call.now,
        updated: call.now,
        version: 1,
    };
    let mut returning = false;
    let mut events = Vec::new();
    if kind.name() == USER {
        let made = provision(call, tx, kind, &checked.resource).await?;
        let person = made.transition.person.id;
        // TEN-20: a POST for someone whom the directory had switched off brings that resource back.
        if made.step == ProvisionStep::Reactivated
            && let Some(before) = resources::of_person(tx, call.tenant(), &person).await?
        {
            returning = true;
            stored.id = before.id;
            stored.created = before.created;
            stored.version = before.version.saturating_add(1);
        }
        stored.person = Some(person);
        events = made.transition.events;
    }
    let keys = keys::of(kind, &checked, call.capabilities());
    storable::short_enough(&keys)?;
    let requested = checked.requested;
    stored.body = storable(kind, checked.resource);
    if returning {
        resources::update(tx, call.tenant(), &stored, &keys).await.map_err(taken)?;
    } else {
        resources::insert(tx, call.tenant(), &stored, &keys).await.map_err(taken)?;
    }
    call.passwords.store(call, tx, &stored.id, password).await?;
    let external_id = stored.body.get("externalId").and_then(Value::as_str);
    work(call, &cause(call), ChangedBy::Patch).tell(tx, &stored.id, external_id, &events).await?;
    let done = membership::carry_out(call, tx, &stored.id, &change).await?;
    regroup(call, tx, &done).await?;
    Ok(Written { stored, requested })
}

/// Replaces a resource, in the caller's transaction.
pub(super) async fn put(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    id: &str,
    bytes: &[u8],
    condition: &Precondition,
) -> Result<Written, Fault> {
    let sent = parse(kind, bytes)?;
    let before = current(call, tx, kind, id, condition).await?;
    let checked = kind.check_replace(sent, &whole(&before), &call.leniency.check_options());
    let mut checked = checked.map_err(|error| Fault::of(&error))?;
    call.noted.check(&checked.notices);
    let requested = checked.requested.clone();
    let change = take_members(kind, &mut checked)?;
    let stored = settle(call, tx, kind, before, Some(checked), &change, ChangedBy::Replace).await?;
    Ok(Written { stored, requested })
}

/// Changes a resource, in the caller's transaction.
pub(super) async fn modify(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    id: &str,
    bytes: &[u8],
    quirks: Quirks,
    condition: &Precondition,
) -> Result<StoredResource, Fault> {
    let request = PatchRequest::parse(bytes, quirks, &scim_patch::Limits::default())
        .map_err(|error| Fault::of(&error))?;
    storable::no_nul(bytes)?;
    let before = current(call, tx, kind, id, condition).await?;
    if kind.name() == GROUP {
        return patch_group(call, tx, kind, before, &request).await;
    }
    let checked = patched(call, kind, &whole(&before), &request)?;
    settle(call, tx, kind, before, checked, &MembershipChange::default(), ChangedBy::Patch).await
}

/// Removes a resource, in the caller's transaction.
pub(super) async fn remove(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    id: &str,
    condition: &Precondition,
) -> Result<(), Fault> {
    let before = current(call, tx, kind, id, condition).await?;
    let mut touched = membership::Done::default();
    if kind.name() == GROUP {
        touched.touched.extend(members::ids(tx, call.tenant(), id).await?);
    }
    if let Some(person) = &before.person {
        let mut user = directory::person(kind, &whole(&before), &call.caller.connection.id);
        user.state = DirectoryState::Removed;
        work(call, &cause(call), ChangedBy::Patch).change(tx, id, person, &user).await.map_err(refused)?;
    }
    resources::delete(tx, call.tenant(), id).await?;
    regroup(call, tx, &touched).await
}

async fn patch_group(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    before: StoredResource,
    request: &PatchRequest,
) -> Result<StoredResource, Fault> {
    match plan(request, kind).map_err(|error| Fault::of(&error))? {
        GroupPlan::Deltas(plan) => {
            let checked = match plan.own() {
                Some(own) => patched(call, kind, &whole(&before), own)?,
                None => None,
            };
            let after = settle(call, tx, kind, before, checked, plan.members(), ChangedBy::Patch).await?;
            call.noted.patch(&plan.finish(None, RowCounts::default()).quirks);
            Ok(after)
        }
        // The request asks about data of members: only then are they loaded.
        GroupPlan::WholeGroup { .. } => {
            let mut members = members::of_groups(tx, call.tenant(), &[&before.id]).await?;
            let members = members.remove(&before.id).unwrap_or_default();
            let mut group = whole(&before);
            let list: Vec<Value> = members.iter().map(member_value).collect();
            if !list.is_empty() {
                group.as_map_mut().insert("members".to_owned(), Value::Array(list));
            }
            let Some(mut checked) = patched(call, kind, &group, request)? else { return Ok(before) };
            let change = take_members(kind, &mut checked)?;
            settle(call, tx, kind, before, Some(checked), &change, ChangedBy::Patch).await
        }
    }
}

/// The resource after a PATCH; `None` when nothing changed.
fn patched(
    call: &Call<'_>,
    kind: &ResourceType,
    before: &Resource,
    request: &PatchRequest,
) -> Result<Option<Checked>, Fault> {
    let patched = apply(before, request, kind).map_err(|error| Fault::of(&error))?;
    call.noted.patch(&patched.quirks);
    if !patched.changed() {
        return Ok(None);
    }
    let checked = kind.check_patched(patched.resource, before, &call.leniency.check_options());
    let checked = checked.map_err(|error| Fault::of(&error))?;
    call.noted.check(&checked.notices);
    Ok(Some(checked))
}

/// Stores what a write made of a resource: its body, its members, the person behind it. Nothing changed means no new
/// version.
async fn settle(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    before: StoredResource,
    checked: Option<Checked>,
    change: &MembershipChange,
    by: ChangedBy,
) -> Result<StoredResource, Fault> {
    let done = membership::carry_out(call, tx, &before.id, change).await?;
    let mut after = before.clone();
    let mut keys = None;
    let mut password = passwords::Change::Keep;
    if let Some(checked) = checked {
        formats::check(call, kind, &checked.resource, Some(&whole(&before)))?;
        password = passwords::change(&checked);
        let user = directory::person(kind, &checked.resource, &call.caller.connection.id);
        let derived = keys::of(kind, &checked, call.capabilities());
        storable::short_enough(&derived)?;
        after.body = storable(kind, checked.resource);
        if after.body != before.body {
            keys = Some(derived);
            if let Some(person) = &after.person {
                change_person(call, tx, &after.id, person, user, by).await?;
            }
        }
    }
    call.passwords.store(call, tx, &after.id, password).await?;
    let rows_changed = done.rows != RowCounts::default();
    if keys.is_none() && !rows_changed {
        return Ok(before);
    }
    after.version = after.version.saturating_add(1);
    after.updated = call.now.max(before.updated);
    match keys {
        Some(keys) => resources::update(tx, call.tenant(), &after, &keys).await.map_err(taken)?,
        None => resources::touch(tx, call.tenant(), &after.id, after.version, after.updated).await?,
    }
    let renamed = kind.name() == GROUP && before.body.get("displayName") != after.body.get("displayName");
    let mut touched = done;
    if renamed {
        touched.touched.extend(members::ids(tx, call.tenant(), &after.id).await?);
    }
    regroup(call, tx, &touched).await?;
    Ok(after)
}

async fn provision(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    resource: &Resource,
) -> Result<Provision, Fault> {
    let user = directory::person(kind, resource, &call.caller.connection.id);
    work(call, &cause(call), ChangedBy::Patch).provision(tx, &user).await.map_err(refused)
}

async fn change_person(
    call: &Call<'_>,
    tx: &mut Tx,
    resource: &str,
    person: &PersonId,
    mut user: tenant_model::DirectoryPerson,
    by: ChangedBy,
) -> Result<(), Fault> {
    user.groups = account::groups(tx, call.tenant(), resource).await?;
    work(call, &cause(call), by).change(tx, resource, person, &user).await.map_err(refused)
}

async fn regroup(call: &Call<'_>, tx: &mut Tx, done: &membership::Done) -> Result<(), Fault> {
    work(call, &cause(call), ChangedBy::Patch).regroup(tx, &done.touched).await.map_err(refused)
}

/// The directory that sent the request, at work.
fn work<'a>(call: &'a Call<'_>, cause: &'a Actor, by: ChangedBy) -> Directory<'a> {
    Directory {
        tenant: &call.caller.tenant,
        product: &call.caller.place.product,
        connection: &call.caller.connection,
        cause,
        by,
        now: call.now,
    }
}

/// The resource that a request names, if the client's precondition holds (RFC 7644 3.14).
async fn current(
    call: &Call<'_>,
    tx: &mut Tx,
    kind: &ResourceType,
    id: &str,
    condition: &Precondition,
) -> Result<StoredResource, Fault> {
    let found = resources::find(tx, call.tenant(), kind.name(), id).await?;
    let found = found.ok_or_else(|| Fault::unknown("such resource"))?;
    Call::verdict(condition, &found, true)?;
    Ok(found)
}

/// The stored resource with its id, as the crates compare it; computed attributes are left out.
pub(super) fn whole(stored: &StoredResource) -> Resource {
    let mut fields = stored.body.clone();
    fields.insert("id".to_owned(), json!(stored.id));
    Resource::from_stored(fields)
}

/// What goes into the row: nothing that is computed.
pub(super) fn storable(kind: &ResourceType, resource: Resource) -> Map<String, Value> {
    let mut fields = resource.into_map();
    fields.retain(|name, _| !matches!(name.as_str(), "id" | "meta"));
    if kind.name() == USER {
        fields.retain(|name, _| name != "groups");
    }
    fields
}

/// What the client sent.
fn parse(kind: &ResourceType, bytes: &[u8]) -> Result<Resource, Fault> {
    let sent = Resource::parse(bytes, kind, &Limits::default()).map_err(|error| Fault::of(&error))?;
    storable::no_nul(bytes)?;
    Ok(sent)
}

/// The members of a group apart; other types have none.
fn take_members(kind: &ResourceType, checked: &mut Checked) -> Result<MembershipChange, Fault> {
    if kind.name() != GROUP {
        return Ok(MembershipChange::default());
    }
    plan_replace(&mut checked.resource, kind).map_err(|error| Fault::of(&error))
}

fn member_value(member: &Membership) -> Value {
    let mut out = json!({ "value": member.id, "type": member.kind });
    if let (Some(object), Some(display)) = (out.as_object_mut(), &member.display) {
        object.insert("display".to_owned(), json!(display));
    }
    out
}

fn cause(call: &Call<'_>) -> Actor {
    Actor::Token(call.caller.authenticated.token().clone())
}

fn taken(error: StoreError) -> Fault {
    match error {
        StoreError::Taken { index } if index.contains("user_name") => Fault::taken("userName"),
        StoreError::Taken { index } if index.contains("scim_resources") => Fault::taken("externalId"),
        StoreError::Taken { index } => Fault::taken(&index),
        other => other.into(),
    }
}

fn refused(error: AccountError) -> Fault {
    match error {
        AccountError::Store(error) => error.into(),
        AccountError::Refused(refusal) => {
            let scim_type = match refusal.scim_type() {
                Some("uniqueness") => Some(ScimType::Uniqueness),
                Some(_) => Some(ScimType::InvalidValue),
                None => None,
            };
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            Fault::typed(status, scim_type, refusal.code(), refusal.to_string())
        }
    }
}
