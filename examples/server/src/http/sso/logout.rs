//! Logout: ends the session here first, then at the identity provider if it takes part.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use maud::html;
use saml_sp::{
    IdpSession, Inbound, LocalPath, LogoutAnswer, LogoutMessage, LogoutOptions, LogoutOutcome, LogoutRequest,
    PendingLogout, RequestError, RequestId, UnverifiedIssuer,
};
use serde_json::json;

use super::{Parts, outbound, rejected};
use crate::app::App;
use crate::http::answer::{Answer, Refusal, json_answer, prefers_json, see_other};
use crate::http::cookies::Cookie;
use crate::http::endpoints::Address;
use crate::http::html::page;
use crate::http::params::Params;
use crate::http::{body, session};
use crate::store::logins::{self, Kind, LogoutMark, Pending, Session};
use crate::{clock, random};

/// `GET`: a person wants out, or the provider's message came by redirect.
pub(in crate::http) async fn end(app: &App, address: &Address, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    let query = Params::of(&parts.uri);
    let is_message = ["SAMLRequest", "SAMLResponse"].iter().any(|name| query.any_case(name).is_some());
    let done = if is_message {
        let raw = parts.uri.query().unwrap_or_default();
        message(app, address, &Inbound::RawQuery(raw), &parts.headers).await
    } else {
        leave(app, &query, &parts.headers).await
    };
    done.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

/// `POST`: the provider's message in a form.
pub(in crate::http) async fn receive(app: &App, address: &Address, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let done = async {
        let form = body::read(body, body::SAML_LIMIT).await?;
        message(app, address, &Inbound::FormBody(&form), &parts.headers).await
    };
    done.await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

async fn leave(app: &App, query: &Params, headers: &HeaderMap) -> Result<Answer, Refusal> {
    let now = clock::now();
    let return_to = query.one("relay_state")?.and_then(|path| path.parse::<LocalPath>().ok());
    // The session here ends first (SLO-09): the browser may never come back from the provider.
    let mut ended: Option<Session> = None;
    if let Some((tenant, hash)) = session::cookie(app, headers) {
        let mut tx = app.base.store.begin_unlocked().await?;
        ended = logins::find_session(&mut tx, &tenant, &hash).await?;
        logins::end_session(&mut tx, &tenant, &hash).await?;
        tx.commit().await?;
    }
    let mut answer = match ended {
        // The end by time was the session's own, and no wish to leave the provider (SLO-09).
        Some(session) if session.is_over(now) => signed_out(headers, return_to.as_ref(), AT_PROVIDER_UNKNOWN),
        Some(session) => match at_provider(app, &session, return_to.clone(), now).await {
            Ok(Some(answer)) => answer,
            Ok(None) => signed_out(headers, return_to.as_ref(), AT_PROVIDER_UNKNOWN),
            Err(refusal) => {
                tracing::info!(code = %refusal.code, "the identity provider was not asked to log out");
                signed_out(headers, return_to.as_ref(), AT_PROVIDER_UNKNOWN)
            }
        },
        None => signed_out(headers, return_to.as_ref(), ""),
    };
    drop_cookie(app, &mut answer);
    Ok(answer)
}

/// The LogoutRequest to the provider; `None` when it takes none.
async fn at_provider(
    app: &App,
    session: &Session,
    return_to: Option<LocalPath>,
    now: DateTime<Utc>,
) -> Result<Option<Answer>, Refusal> {
    let parts = Parts::of_session(app, session).await?;
    let idp_session: Option<IdpSession> =
        session.body.get("idp_session").and_then(|value| serde_json::from_value(value.clone()).ok());
    let Some(idp_session) = idp_session else { return Ok(None) };
    let mut options = LogoutOptions::default();
    options.return_to = return_to;
    let request_id = RequestId::from_random(random::bytes::<20>()?);
    let (message, pending) = match parts.saml().begin_logout(&idp_session, options, request_id, now) {
        Ok(begun) => begun,
        Err(RequestError::NoLogoutEndpoint | RequestError::NoSession) => return Ok(None),
        Err(error) => return Err(super::login::not_begun(&error)),
    };
    let body = serde_json::to_value(&pending).map_err(|_| Refusal::internal("server.pending"))?;
    let pending = Pending {
        request_id: pending.request_id().as_str().to_owned(),
        browser_hash: None,
        body,
        expires_at: pending.expires_at(),
    };
    let mut tx = app.base.store.begin_unlocked().await?;
    logins::insert_pending(&mut tx, &parts.tenant.id, &parts.connection.id, Kind::Logout, &pending).await?;
    tx.commit().await?;
    outbound(&message).map(Some)
}

/// A logout message of the provider: its wish, or its answer to ours.
async fn message(
    app: &App,
    address: &Address,
    inbound: &Inbound<'_>,
    headers: &HeaderMap,
) -> Result<Answer, Refusal> {
    let now = clock::now();
    let parts = Parts::load(app, address).await?;
    let peeked = UnverifiedIssuer::peek(inbound, &parts.policy().limits).map_err(|error| rejected(&error))?;
    let pending = pending(app, &parts, peeked.in_response_to()).await?;
    let message =
        parts.saml().accept_logout(inbound, pending.as_ref(), now).map_err(|error| rejected(&error))?;
    match message {
        LogoutMessage::Request(request) => {
            end_meant(app, &parts, &request, now).await?;
            let id = RequestId::from_random(random::bytes::<20>()?);
            let answer = parts.saml().respond_logout(&request, LogoutAnswer::Success, &id, now);
            let mut answer = outbound(&answer.map_err(|error| super::login::not_begun(&error))?)?;
            drop_cookie(app, &mut answer);
            Ok(answer)
        }
        LogoutMessage::Response(outcome) => {
            if let Some(pending) = &pending {
                let id = pending.request_id().as_str();
                let mut tx = app.base.store.begin_unlocked().await?;
                logins::take_pending(&mut tx, &parts.tenant.id, &parts.connection.id, Kind::Logout, id, now)
                    .await?;
                tx.commit().await?;
            }
            let said = match outcome {
                LogoutOutcome::Success => "",
                LogoutOutcome::Partial => "Some other services may still know you.",
                LogoutOutcome::Unknown(_) => AT_PROVIDER_UNKNOWN,
            };
            Ok(signed_out(headers, pending.as_ref().and_then(PendingLogout::return_to), said))
        }
    }
}

async fn pending(
    app: &App,
    parts: &Parts,
    in_response_to: Option<&str>,
) -> Result<Option<PendingLogout>, Refusal> {
    let Some(id) = in_response_to else { return Ok(None) };
    let mut db = app.base.store.read().await?;
    let found =
        logins::find_pending(&mut db, &parts.tenant.id, &parts.connection.id, Kind::Logout, id).await?;
    found
        .map(|found| serde_json::from_value(found.body).map_err(|_| Refusal::internal("server.pending")))
        .transpose()
}

async fn end_meant(
    app: &App,
    parts: &Parts,
    request: &LogoutRequest,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let (tenant, connection) = (&parts.tenant.id, &parts.connection.id);
    let mut tx = app.base.store.begin(tenant).await?;
    let sessions = logins::sessions_of_subject(&mut tx, tenant, connection, &request.name_id.value).await?;
    for session in sessions {
        let kept: Option<IdpSession> =
            session.body.get("idp_session").and_then(|value| serde_json::from_value(value.clone()).ok());
        if kept.is_some_and(|kept| kept.is_meant_by(request)) {
            logins::end_session(&mut tx, tenant, &session.session_hash).await?;
        }
    }
    // Its login may still be on the way.
    let session =
        IdpSession { name_id: request.name_id.clone(), session_indexes: request.session_indexes.clone() };
    let latest = now.checked_add_signed(MOST_MARKED).unwrap_or(now);
    let forget_after = request.not_on_or_after.map_or(latest, |end| end.min(latest));
    logins::mark_logout(&mut tx, tenant, connection, &LogoutMark { session, at: now }, forget_after).await?;
    tx.commit().await?;
    Ok(())
}

fn signed_out(headers: &HeaderMap, return_to: Option<&LocalPath>, note: &str) -> Answer {
    if prefers_json(headers) {
        return json_answer(StatusCode::OK, &json!({ "signed_in": false, "note": note }));
    }
    if let (Some(path), "") = (return_to, note) {
        return see_other(StatusCode::SEE_OTHER, path.as_str());
    }
    let body = html! {
        p { "You are signed out here. " (note) }
        p { a href="/" { "Back to the start" } }
    };
    page(StatusCode::OK, "Signed out", body)
}

fn drop_cookie(app: &App, answer: &mut Answer) {
    if let Some(cookie) = Cookie::Session.set(app.secure_cookies, "", 0) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
}

const AT_PROVIDER_UNKNOWN: &str = "You may still be signed in at your identity provider.";
/// A login that takes longer is too old by its own times.
const MOST_MARKED: TimeDelta = TimeDelta::minutes(15);
