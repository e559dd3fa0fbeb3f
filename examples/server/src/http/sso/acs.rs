//! The assertion consumer service: takes the identity provider's Response and starts a session.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, Utc};
use saml_sp::{
    Inbound, LocalPath, Login, LoginOptions, NameId, PendingLogin, Sighting, UnverifiedIssuer, Verified,
};
use serde_json::{Map, Value, json};
use tenant_model::{
    AssertedIdentity, AssertedName, AttributeBag, IdpInitiated, LoginDecision, LoginRefusal, ProductProfile,
    SamlConnection, Tenant, decide_login, login_query,
};

use super::{Parts, login, rejected, trial};
use crate::account;
use crate::app::App;
use crate::http::answer::{Answer, Refusal, see_other};
use crate::http::body;
use crate::http::cookies::Cookie;
use crate::http::endpoints::Address;
use crate::http::session;
use crate::store::logins::{self, Kind, LogoutMark, Pending, Session};
use crate::store::{StoreError, Tx, people};
use crate::{clock, random, trust};

/// `POST`: takes the identity provider's Response.
pub(in crate::http) async fn receive(app: &App, address: &Address, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let done = sign_in(app, address, &parts.headers, body).await;
    // Counted where it is decided: the address says nothing of it, a profile may choose any.
    app.operations.login(done.as_ref().map_or_else(|refusal| refusal.code.as_str(), |(came, _)| came.name()));
    done.map_or_else(|refusal| refusal.into_page(&parts.headers), |(_, answer)| answer)
}

/// What came of a response that was not refused.
#[derive(Clone, Copy, Debug)]
enum Came {
    /// Nobody had asked for it: a login of our own began.
    Bounced,
    /// Somebody is signed in.
    Ok,
    /// It answered an administrator's test.
    Test,
}

impl Came {
    /// As it is counted.
    fn name(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Ok => "ok",
            Self::Test => "test",
        }
    }
}

async fn sign_in(
    app: &App,
    address: &Address,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Came, Answer), Refusal> {
    let now = clock::now();
    // Before the body is read: a connection that is off or unknown refuses at once (TEN-21).
    let parts = Parts::load(app, address).await?;
    let form = body::read(body, body::SAML_LIMIT).await?;
    let inbound = Inbound::FormBody(&form);
    let peeked =
        UnverifiedIssuer::peek(&inbound, &parts.policy().limits).map_err(|error| rejected(&error))?;
    let stored = pending(app, &parts, headers, peeked.in_response_to()).await?;
    if !matches!(&stored, Some((Kind::Test, _))) {
        parts.require_active()?;
    }
    let pending: Option<PendingLogin> = match stored.as_ref().map(|(_, stored)| stored) {
        Some(stored) => Some(
            serde_json::from_value(stored.body.clone()).map_err(|_| Refusal::internal("server.pending"))?,
        ),
        None => None,
    };
    if let (Some((Kind::Test, stored)), Some(waiting)) = (&stored, &pending) {
        let answer = trial::finish(app, &parts, &inbound, stored, waiting, now).await?;
        return Ok((Came::Test, answer));
    }
    let verified = match parts.saml().accept_response(&inbound, pending.as_ref(), now) {
        Ok(verified) => verified,
        Err(rejection) if rejection.should_bounce() => {
            let mut options = LoginOptions::default();
            options.return_to = rejection.bounce_to().cloned();
            let answer = login::let_browser_go(app, &parts, Kind::Login, options, headers).await?;
            return Ok((Came::Bounced, answer));
        }
        Err(rejection) => {
            tracing::info!(tenant = %parts.tenant.id, code = rejection.code(), "a SAML response was refused");
            trial::note_rejection(app, &parts, &inbound, pending.as_ref(), &rejection, now).await?;
            return Err(rejected(&rejection));
        }
    };
    let return_to = match (&pending, &parts.profile.idp_initiated) {
        (Some(pending), _) => pending.return_to().map_or("/", LocalPath::as_str).to_owned(),
        (None, IdpInitiated::Accept(path)) => path.as_str().to_owned(),
        (None, IdpInitiated::Bounce | IdpInitiated::Reject) => "/".to_owned(),
    };
    let (session, cookie) =
        admit(app, &parts, verified, stored.as_ref().map(|(_, stored)| stored), headers, now).await?;
    let mut answer = see_other(StatusCode::SEE_OTHER, &return_to);
    let seconds = session.ends_at.signed_duration_since(now).num_seconds();
    if let Some(cookie) = Cookie::Session.set(app.secure_cookies, &cookie, seconds) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok((Came::Ok, answer))
}

/// The login that the message says it answers, if this browser began it.
async fn pending(
    app: &App,
    parts: &Parts,
    headers: &HeaderMap,
    in_response_to: Option<&str>,
) -> Result<Option<(Kind, Pending)>, Refusal> {
    let Some(request_id) = in_response_to else { return Ok(None) };
    let mut db = app.base.store.read().await?;
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    let mut found = None;
    for kind in [Kind::Login, Kind::Test] {
        let waits = logins::find_pending(&mut db, tenant, connection, kind, request_id).await?;
        found = found.or(waits.map(|waits| (kind, waits)));
    }
    let Some((kind, found)) = found else { return Ok(None) };
    if let Some(expected) = &found.browser_hash {
        let given =
            Cookie::Login.read(app.secure_cookies, headers).map(|secret| app.base.keys.browser_hash(secret));
        // Over HTTPS the cookie comes along with a POST from another site; over plain HTTP no browser sends it, so
        // its absence says nothing there.
        let ours = match given {
            Some(given) => given == *expected,
            None => !app.secure_cookies,
        };
        if !ours {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "sso.other_browser",
                "this login was begun in another browser, or the browser keeps no cookies",
            )
            .with_hint("begin again, and let the browser keep cookies of this site"));
        }
    }
    Ok(Some((kind, found)))
}

/// Consumes the pending login, claims the assertion, decides who it is, and stores all that follows: one transaction.
async fn admit(
    app: &App,
    parts: &Parts,
    verified: Verified<Login>,
    pending: Option<&Pending>,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<(Session, String), Refusal> {
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    let mut tx = app.base.store.begin(tenant).await?;
    if let Some(pending) = pending
        && !logins::take_pending(&mut tx, tenant, connection, Kind::Login, &pending.request_id, now).await?
    {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "RSP-06",
            "this login was answered already or is too old",
        )
        .with_hint("begin again"));
    }
    let claim = verified.claim();
    let key = format!("{} {}", claim.id, claim.issuer);
    let forget_after = claim.forget_after;
    let first = logins::claim(&mut tx, tenant, connection, &key, forget_after).await?;
    let sighting = if first { Sighting::FirstUse } else { Sighting::Seen };
    let login = verified.admit(sighting).map_err(|error| rejected(&error))?;
    if overtaken(&mut tx, parts, &login, now).await? {
        // The assertion is used up.
        tx.commit().await?;
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "SLO-06",
            "the identity provider has ended this session already",
        )
        .with_hint("begin again"));
    }
    let who = asserted(&login);
    let decision = match decide(&mut tx, &parts.tenant, &parts.connection, &who, now).await? {
        Ok(decision) => decision,
        Err(refusal) => {
            // The assertion is used up and the refusal is on record; nothing else is stored.
            people::audit(&mut tx, &[refusal.audit(&parts.connection, now)]).await?;
            trial::note_refusal(app, &mut tx, parts, &refusal, now).await?;
            tx.commit().await?;
            return Err(refused(&refusal, parts));
        }
    };
    let secret = random::secret()?;
    let session = Session {
        tenant: tenant.clone(),
        session_hash: app.base.keys.browser_hash(&secret),
        person: decision.person.id.clone(),
        connection: connection.clone(),
        epoch: decision.epoch,
        subject: login.subject().map(|name| name.value.clone()).unwrap_or_default(),
        body: session_body(&login),
        created_at: now,
        idle_until: session::idle_until(now, decision.session_until),
        ends_at: decision.session_until,
    };
    let product = app.base.profiles.of(&parts.tenant).ok_or_else(|| Refusal::internal("server.profile"))?;
    store(&mut tx, parts, product, &decision, &session).await?;
    trust::note_login(&mut tx, &parts.connection, &keys_of(&login), now).await?;
    trial::note_seen(app, &mut tx, parts, &who, now).await?;
    if let Some((old_tenant, old)) = session::cookie(app, headers) {
        logins::end_session(&mut tx, &old_tenant, &old).await?;
    }
    tx.commit().await?;
    Ok((session, format!("{tenant}.{secret}")))
}

/// Whether the provider ended the session before its login came (SLO-06).
async fn overtaken(
    tx: &mut Tx,
    parts: &Parts,
    login: &Login,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(session) = login.idp_session() else { return Ok(false) };
    let subject = session.name_id.value.as_str();
    let marks = logins::logout_marks(tx, &parts.tenant.id, &parts.connection.id, subject, now).await?;
    let ended = |mark: &LogoutMark| {
        let named = &mark.session.session_indexes;
        // Without an index every session of before is meant, not one that begins afterwards.
        let this = named.iter().any(|index| session.session_indexes.contains(index))
            || named.is_empty() && login.authn_instant() <= mark.at;
        let (a, b) = (&mark.session.name_id, &session.name_id);
        this && a.format() == b.format()
            && NameId { format: None, ..a.clone() } == NameId { format: None, ..b.clone() }
    };
    Ok(marks.iter().any(ended))
}

pub(super) async fn decide(
    tx: &mut Tx,
    tenant: &Tenant,
    connection: &SamlConnection,
    who: &AssertedIdentity,
    now: DateTime<Utc>,
) -> Result<Result<LoginDecision, LoginRefusal>, StoreError> {
    let query = match login_query(tenant, connection, who, now) {
        Ok(query) => query,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let rows = account::login_rows(tx, &query).await?;
    Ok(decide_login(tenant, connection, who, &rows, now))
}

async fn store(
    tx: &mut Tx,
    parts: &Parts,
    product: &ProductProfile,
    decision: &LoginDecision,
    session: &Session,
) -> Result<(), Refusal> {
    let roles = &parts.connection.mapping.roles;
    account::put(tx, product, roles, &decision.person, session.created_at).await?;
    for link in &decision.ended_links {
        people::delete_link(tx, link).await?;
    }
    if let Some(link) = &decision.link {
        people::put_link(tx, link).await?;
    }
    people::audit(tx, &decision.audit).await?;
    if logins::insert_session(tx, session).await? {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "login.directory_inactive",
        "this account was switched off just now",
    ))
}

/// The verified login in the plain values that `tenant-model` decides by.
pub(super) fn asserted(login: &Login) -> AssertedIdentity {
    let attributes = login.attributes().iter().map(|attribute| {
        let texts: Vec<String> = attribute.texts().map(str::to_owned).collect();
        (attribute.name.clone(), texts)
    });
    AssertedIdentity {
        entity_id: login.idp().as_str().to_owned(),
        name_id: login.subject().map(|name| AssertedName {
            value: name.value.clone(),
            format: name.format.clone(),
            name_qualifier: name.name_qualifier.clone(),
            sp_name_qualifier: name.sp_name_qualifier.clone(),
        }),
        attributes: AttributeBag::new(None, attributes),
        session_not_on_or_after: login.session().not_on_or_after,
    }
}

/// The keys that a login was verified with, as its evidence names them.
pub(super) fn keys_of(login: &Login) -> Vec<&str> {
    let evidence = login.evidence();
    let signatures = evidence.response_signature.iter().chain(&evidence.assertion_signature);
    signatures.map(|signature| signature.key.as_str()).collect()
}

/// What `/v1/session` shows, and what a logout needs.
fn session_body(login: &Login) -> Value {
    let mut attributes = Map::new();
    for attribute in login.attributes() {
        let texts: Vec<Value> = attribute.texts().map(|text| json!(text)).collect();
        match attributes.get_mut(&attribute.name).and_then(Value::as_array_mut) {
            Some(known) => known.extend(texts),
            None => {
                attributes.insert(attribute.name.clone(), Value::Array(texts));
            }
        }
    }
    json!({
        "name_id": login.subject().map(|name| name.value.as_str()),
        "name_id_format": login.subject().map(saml_sp::NameId::format),
        "attributes": attributes,
        "idp_session": login.idp_session(),
    })
}

fn refused(refusal: &LoginRefusal, parts: &Parts) -> Refusal {
    tracing::info!(tenant = %parts.tenant.id, code = refusal.code(), "a login was refused");
    let out = Refusal::new(StatusCode::FORBIDDEN, refusal.code(), refusal.to_string());
    match refusal.hint(parts.connection.provider) {
        Some(hint) => out.with_hint(hint),
        None => out,
    }
}
