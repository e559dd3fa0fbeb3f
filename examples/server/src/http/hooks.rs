//! `/v1/hooks/okta?org_id=`: Okta tells that a user was deactivated, over and above what it provisions.
//!
//! Okta's hook and its provisioning come in any order, and each may come twice. Both end in the same: the user is
//! inactive, the person is locked out, once.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use tenant_model::okta_hook::{self, HookEvent, HookEventType, HookUser, Secret};
use tenant_model::{
    Actor, ChangedBy, DirectoryField, DirectoryState, Hook, LifecycleEvent, PersonId, ProductProfile, Tenant,
    TenantId, deactivate,
};

use super::endpoints::{serves, unknown_tenant};
use crate::account::{self, AccountError, Directory};
use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal, typed};
use crate::http::params::Params;
use crate::http::{body, scim};
use crate::rates::Peer;
use crate::store::{Tx, directory, hooks, notices, people, resources, tenants};

/// `GET`: Okta's one-time challenge.
pub(super) async fn verify(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    let answered = async {
        meant(&app, &parts).await?;
        let challenge = text(&parts.headers, okta_hook::CHALLENGE_HEADER).unwrap_or_default();
        let answer = okta_hook::answer(challenge)
            .map_err(|error| Refusal::bad_request(error.code(), error.to_string()))?;
        Ok(typed(StatusCode::OK, "application/json", answer))
    };
    answered.await.unwrap_or_else(Refusal::into_json)
}

/// `POST`: events.
pub(super) async fn receive(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    take(&app, &parts, body).await.unwrap_or_else(Refusal::into_json)
}

/// What the sealed secret of a tenant's hook is bound to.
pub(crate) fn bound_to(tenant: &TenantId) -> String {
    format!("hook {tenant} {OKTA}")
}

/// The name of this kind of hook in the database.
pub(crate) const OKTA: &str = "okta";

/// A tenant with a hook, and its secret.
struct Meant {
    tenant: Tenant,
    product: std::sync::Arc<ProductProfile>,
    secret: Secret,
}

/// Unknown tenants and those without a hook are answered alike.
async fn meant(app: &App, parts: &Parts) -> Result<Meant, Refusal> {
    let query = Params::of(&parts.uri);
    let id = TenantId::parse(query.one("org_id")?.unwrap_or_default()).map_err(|_| unknown_tenant())?;
    let mut db = app.base.store.read().await?;
    let tenant = tenants::find(&mut db, &id).await?.ok_or_else(unknown_tenant)?;
    let product = app.base.profiles.of(&tenant).cloned();
    let product = product.filter(|product| product.hooks.contains(&Hook::OktaUserDeactivate));
    let product = product.ok_or_else(unknown_tenant)?;
    let sealed = hooks::find(&mut db, &id, OKTA).await?.ok_or_else(unknown_tenant)?;
    serves(app, &tenant)?;
    let opened = app.base.keys.open(&bound_to(&id), &sealed)?;
    let secret = std::str::from_utf8(&opened).ok().and_then(|text| Secret::new(text).ok());
    let secret = secret.ok_or_else(|| Refusal::internal("server.hook"))?;
    Ok(Meant { tenant, product, secret })
}

async fn take(app: &App, parts: &Parts, body: Body) -> Result<Answer, Refusal> {
    let now = clock::now();
    let meant = meant(app, parts).await?;
    let body = body::read(body, okta_hook::MAX_BODY_BYTES).await?;
    let authorization = text(&parts.headers, header::AUTHORIZATION.as_str());
    let events = okta_hook::parse(&body, authorization, &meant.secret).map_err(|error| {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let refusal = Refusal::new(status, error.code(), error.to_string());
        if status == StatusCode::UNAUTHORIZED { counted(app, parts, refusal, now) } else { refusal }
    })?;
    let id = &meant.tenant.id;
    let mut tx = app.base.store.begin(id).await?;
    let mut done = 0_usize;
    for event in events.iter().filter(|event| event.event_type == HookEventType::UserDeactivated) {
        // An id that is stored with an end: Okta does not tell an event again after a day.
        let forget_after = now.checked_add_signed(REMEMBERED).unwrap_or(now);
        if !hooks::first(&mut tx, id, OKTA, event.id.get(..ID_BYTES).unwrap_or(&event.id), forget_after)
            .await?
        {
            continue;
        }
        for user in &event.users {
            done = done.saturating_add(lock_out(&mut tx, &meant, event, user, now).await?);
        }
    }
    tx.commit().await?;
    tracing::info!(tenant = %id, events = events.len(), persons = done, "a hook told of deactivations");
    Ok(typed(StatusCode::NO_CONTENT, "application/json", Body::empty()))
}

/// Switches off whoever the event is about; says how many persons.
async fn lock_out(
    tx: &mut Tx,
    meant: &Meant,
    event: &HookEvent,
    user: &HookUser,
    now: DateTime<Utc>,
) -> Result<usize, Refusal> {
    let tenant = &meant.tenant.id;
    let mut count = 0_usize;
    for person in persons(tx, tenant, user).await? {
        let Some(before) = people::find(tx, tenant, &person).await? else { continue };
        let Some(mut entry) = directory::of_person(tx, tenant, &person).await? else {
            // Nobody provisioned this account: a login made it.
            let Some(login) = tenants::all_saml(tx, tenant).await?.into_iter().next() else { continue };
            let cause = Actor::Connection(login.id.clone());
            let changed = deactivate(&before, &cause, now);
            account::store(tx, &meant.product, &login.mapping.roles, &changed, now).await?;
            count = count.saturating_add(1);
            continue;
        };
        let Some(connection) = tenants::scim(tx, tenant, &entry.connection).await? else { continue };
        let resource = resources::of_person(tx, tenant, &person).await?;
        let (Some(resource), DirectoryState::Active) = (resource, entry.state) else { continue };
        if came_back(tx, tenant, &resource.id, event).await? {
            continue;
        }
        let cause = Actor::Connection(connection.id.clone());
        let work = Directory {
            tenant: &meant.tenant,
            product: &meant.product,
            connection: &connection,
            cause: &cause,
            by: ChangedBy::Patch,
            now,
        };
        let id = resource.id.clone();
        scim::switch_off(tx, &connection, resource, now)
            .await
            .map_err(|_| Refusal::internal("server.resource"))?;
        entry.state = DirectoryState::Inactive;
        work.change(tx, &id, &person, &entry).await.map_err(|error| match error {
            AccountError::Store(error) => Refusal::from(error),
            AccountError::Refused(refusal) => {
                Refusal::new(StatusCode::CONFLICT, refusal.code(), refusal.to_string())
            }
        })?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The persons whom Okta means: by its id, which provisioning sends as `externalId`, else by the login.
async fn persons(tx: &mut Tx, tenant: &TenantId, user: &HookUser) -> Result<Vec<PersonId>, Refusal> {
    let by_id = directory::with_field(tx, tenant, DirectoryField::ExternalId, &user.id).await?;
    let Some(login) = user.login.as_deref().filter(|_| by_id.is_empty()) else { return Ok(by_id) };
    let by_name = directory::with_field(tx, tenant, DirectoryField::UserName, login).await?;
    if !by_name.is_empty() {
        return Ok(by_name);
    }
    let mut found = Vec::new();
    for connection in tenants::all_saml(tx, tenant).await? {
        found.extend(people::linked_as(tx, tenant, &connection.id, login).await?);
    }
    Ok(found)
}

/// Whether the directory made or reactivated the user after the event: then it is an old one that came late.
async fn came_back(
    tx: &mut Tx,
    tenant: &TenantId,
    resource: &str,
    event: &HookEvent,
) -> Result<bool, Refusal> {
    let Some(published) = event.published else { return Ok(false) };
    let uri = format!("/Users/{resource}");
    let later = notices::of_user_since(tx, tenant, &uri, published).await?;
    let back = |what: &LifecycleEvent| matches!(what, LifecycleEvent::Created | LifecycleEvent::Reactivated);
    Ok(later.iter().any(|happened| happened.what.iter().any(back)))
}

/// A wrong secret counts for its address, as a wrong token does (TOK-13).
fn counted(app: &App, parts: &Parts, refusal: Refusal, now: DateTime<Utc>) -> Refusal {
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    match app.rates.failure(peer, now) {
        Ok(()) => refusal,
        Err(limit) => {
            let status = StatusCode::from_u16(limit.status()).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
            Refusal::new(status, limit.code(), limit.to_string()).retry_after(limit.retry_after_seconds)
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

const REMEMBERED: TimeDelta = TimeDelta::days(7);
/// Okta's ids are UUIDs.
const ID_BYTES: usize = 200;
