//! Reading one resource, and what lists and answers to writes show of one.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use scim_schema::{Projection, ResourceType, Verdict};
use serde_json::json;
use sqlx::AnyConnection;
use tenant_model::Operation;

use super::MEDIA_TYPE;
use super::call::{Call, GROUP, USER};
use super::fault::Fault;
use super::view::{self, Computed};
use crate::http::answer::{Answer, typed};
use crate::store::StoreError;
use crate::store::members::{self, Membership};
use crate::store::resources::{self, StoredResource};

/// `GET /Users/{id}`.
pub(super) async fn one(call: &Call<'_>, kind: &ResourceType, id: &str) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Read)?;
    let projection = call.projection(kind)?;
    let mut db = call.app.base.store.read().await?;
    let stored = resources::find(&mut db, call.tenant(), kind.name(), id).await?;
    let stored = stored.ok_or_else(|| Fault::unknown("such resource"))?;
    if Call::verdict(&call.condition()?, &stored, false)? == Verdict::NotModified {
        let mut answer = typed(StatusCode::NOT_MODIFIED, MEDIA_TYPE, Body::empty());
        set_version(call, &mut answer, &stored);
        return Ok(answer);
    }
    shown(call, &mut db, kind, &stored, &projection, StatusCode::OK).await
}

/// One resource as an answer, with its version and its address.
pub(super) async fn shown(
    call: &Call<'_>,
    db: &mut AnyConnection,
    kind: &ResourceType,
    stored: &StoredResource,
    projection: &Projection,
    status: StatusCode,
) -> Result<Answer, Fault> {
    let computed =
        computed(call, db, kind, &[stored], projection).await?.remove(&stored.id).unwrap_or_default();
    let resource = view::resource(call, kind, stored, &computed);
    let mut answer = typed(status, MEDIA_TYPE, json!(projection.project(&resource)).to_string());
    set_version(call, &mut answer, stored);
    if status == StatusCode::CREATED {
        set_location(call, &mut answer, kind, stored);
    }
    if let Ok(location) = HeaderValue::from_str(&kind.location(&call.base_url, &stored.id)) {
        answer.headers_mut().insert(header::CONTENT_LOCATION, location);
    }
    Ok(answer)
}

/// The address of the resource that an answer without a body is about.
pub(super) fn set_location(
    call: &Call<'_>,
    answer: &mut Answer,
    kind: &ResourceType,
    stored: &StoredResource,
) {
    if let Ok(location) = HeaderValue::from_str(&kind.location(&call.base_url, &stored.id)) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
}

/// The ETag of an answer about one resource.
pub(super) fn set_version(call: &Call<'_>, answer: &mut Answer, stored: &StoredResource) {
    if let (true, Ok(tag)) =
        (call.capabilities().etag, HeaderValue::from_str(&view::version(stored.version).to_string()))
    {
        answer.headers_mut().insert(header::ETAG, tag);
    }
}

/// Loads what is not in the rows, only if the answer shows it.
pub(super) async fn computed(
    call: &Call<'_>,
    db: &mut AnyConnection,
    kind: &ResourceType,
    rows: &[&StoredResource],
    projection: &Projection,
) -> Result<HashMap<String, Computed>, StoreError> {
    let needs = |name: &str| kind.resolve_attribute(name).is_ok_and(|path| projection.needs(&path));
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut out = HashMap::new();
    if kind.name() == GROUP && needs("members") {
        for (id, members) in members::of_groups(db, call.tenant(), &ids).await? {
            out.insert(id, Computed { members: Some(members), groups: None });
        }
    } else if kind.name() == USER && needs("groups") {
        for (id, groups) in members::of_members(db, call.tenant(), &ids).await? {
            let groups: Vec<Membership> = groups;
            out.insert(id, Computed { members: None, groups: Some(groups) });
        }
    }
    Ok(out)
}
