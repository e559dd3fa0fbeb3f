//! Who is signed in.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tenant_model::{Method, Person, SessionFacts, TenantId, session_alive};

use crate::app::App;
use crate::app::Shared;
use crate::clock;
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::http::cookies::Cookie;
use crate::store::logins::{self, Session};
use crate::store::{StoreError, people, tenants};

/// `GET /v1/session`: tenant, user id, name id and attributes of who is signed in; 401 when nobody is.
pub(super) async fn show(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    match current(&app, &headers, clock::now()).await {
        Ok(Some(live)) => json_answer(StatusCode::OK, &describe(&live)),
        Ok(None) => Refusal::new(StatusCode::UNAUTHORIZED, "session.none", "nobody is signed in")
            .with_hint("begin at /v1/sso/login?org_id=TENANT")
            .into_json(),
        Err(error) => Refusal::from(error).into_json(),
    }
}

/// A session that is alive, with its person.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// The session.
    pub(crate) session: Session,
    /// The person.
    pub(crate) person: Person,
}

/// The session of a request, if it is alive: not ended, its person active and of the same epoch, its connection in
/// use. All of it is read afresh, so a deactivation counts at the next request.
pub(crate) async fn current(
    app: &App,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Option<Live>, StoreError> {
    let Some((tenant, hash)) = cookie(app, headers) else { return Ok(None) };
    let mut db = app.base.store.read().await?;
    let Some(session) = logins::find_session(&mut db, &tenant, &hash).await? else { return Ok(None) };
    let Some(person) = people::find(&mut db, &tenant, &session.person).await? else { return Ok(None) };
    let Some(home) = tenants::find(&mut db, &tenant).await? else { return Ok(None) };
    let connection = tenants::saml(&mut db, &tenant, &session.connection).await?;
    let facts = SessionFacts {
        tenant,
        person: session.person.clone(),
        epoch: session.epoch,
        method: Method::Saml(session.connection.clone()),
        idle_until: session.idle_until,
        ends_at: session.ends_at,
    };
    let state = connection.map(|stored| stored.connection.state);
    if !session_alive(&home, &facts, &person, state, now) {
        return Ok(None);
    }
    drop(db);
    let idle_until = idle_until(now, session.ends_at);
    if idle_until.signed_duration_since(session.idle_until) >= TOUCHED_EVERY {
        let mut tx = app.base.store.begin_unlocked().await?;
        logins::touch_session(&mut tx, &session, idle_until).await?;
        tx.commit().await?;
    }
    Ok(Some(Live { session, person }))
}

/// When a session ends that is used now and not again. Nobody is told then, the identity provider neither (SLO-09):
/// whoever comes back is asked for a login, and most providers give it without a word.
pub(crate) fn idle_until(now: DateTime<Utc>, ends_at: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(IDLE).map_or(ends_at, |idle| idle.min(ends_at))
}

/// The tenant and the stored hash that a session cookie names.
pub(crate) fn cookie(app: &App, headers: &HeaderMap) -> Option<(TenantId, String)> {
    let value = Cookie::Session.read(app.secure_cookies, headers)?;
    let (tenant, secret) = value.split_once('.')?;
    Some((TenantId::parse(tenant).ok()?, app.base.keys.browser_hash(secret)))
}

fn describe(live: &Live) -> serde_json::Value {
    let mut out = json!({
        "tenant": live.session.tenant.as_str(),
        "user_id": live.person.id.as_str(),
        "email": live.person.email.as_ref().map(tenant_model::EmailAddress::as_str),
        "display_name": live.person.display_name,
        "roles": live.person.roles(),
        "department": live.person.department,
        "connection": live.session.connection.as_str(),
        "signed_in_at": live.session.created_at,
        "ends_at": live.session.ends_at,
    });
    if let Some(object) = out.as_object_mut() {
        for name in ["name_id", "name_id_format", "attributes"] {
            object.insert(name.to_owned(), live.session.body.get(name).cloned().unwrap_or_default());
        }
    }
    out
}

/// An hour, the longest that NIST SP 800-63B-4 has for its middle level; a session that is used goes on until its end.
const IDLE: TimeDelta = TimeDelta::hours(1);
/// A session need not be written at each request.
const TOUCHED_EVERY: TimeDelta = TimeDelta::minutes(1);
