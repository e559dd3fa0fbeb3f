//! Beginning a login.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use chrono::{DateTime, Utc};
use saml_sp::{LocalPath, LoginOptions, NameIdPolicy, Outbound, RequestError, RequestId};
use serde_json::json;
use tenant_model::LoginAnswer;

use super::Parts;
use crate::app::App;
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::http::cookies::Cookie;
use crate::http::endpoints::Address;
use crate::http::params::Params;
use crate::store::logins::{self, Kind, Pending};
use crate::{clock, random};

/// `GET`: begins a login.
pub(in crate::http) async fn begin(app: &App, address: &Address, request: Request) -> Answer {
    let done = start(app, address, request.uri(), request.headers()).await;
    done.unwrap_or_else(|refusal| refusal.into_page(request.headers()))
}

async fn start(app: &App, address: &Address, uri: &Uri, headers: &HeaderMap) -> Result<Answer, Refusal> {
    let query = Params::of(uri);
    let parts = Parts::load(app, address).await?;
    parts.require_active()?;
    let return_to: Option<LocalPath> = match query.one("relay_state")?.filter(|path| !path.is_empty()) {
        Some(path) => Some(path.parse().map_err(|_| {
            Refusal::bad_request("request.relay_state", "relay_state is not a path on this site")
                .with_hint("give a path that starts with one slash, such as /reports")
        })?),
        None => None,
    };
    let mut options = LoginOptions::default();
    options.return_to = return_to.clone();
    options.force_authn = matches!(query.one("force_authn")?, Some("true" | "1"));
    let wants_page = query.one("answer")? == Some("page") || accepts_html(headers);
    if parts.profile.login_answer == LoginAnswer::JsonRedirectUrl && !wants_page {
        let (outbound, _) = remember(app, &parts, Kind::Login, options, None, clock::now()).await?;
        let url = match outbound {
            Outbound::Redirect { url } => url,
            // A form cannot be a URL: the browser is sent to this endpoint, which then answers with the form.
            Outbound::Post { .. } => page_url(&parts, return_to.as_ref()),
        };
        return Ok(json_answer(StatusCode::OK, &json!({ "redirect_url": url })));
    }
    let_browser_go(app, &parts, Kind::Login, options, headers).await
}

/// Sends the browser to the identity provider, and ties the login to that browser by a cookie.
pub(crate) async fn let_browser_go(
    app: &App,
    parts: &Parts,
    kind: Kind,
    options: LoginOptions,
    headers: &HeaderMap,
) -> Result<Answer, Refusal> {
    // One value for all logins of a browser, so that two tabs do not get into each other's way.
    let secret = match Cookie::Login.read(app.secure_cookies, headers) {
        Some(known) if known.len() == SECRET_CHARS => known.to_owned(),
        _ => random::secret()?,
    };
    let hash = app.base.keys.browser_hash(&secret);
    let (outbound, pending) = remember(app, parts, kind, options, Some(hash), clock::now()).await?;
    let mut answer = super::outbound(&outbound)?;
    let seconds = pending.expires_at.signed_duration_since(clock::now()).num_seconds();
    if let Some(cookie) = Cookie::Login.set(app.secure_cookies, &secret, seconds) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

async fn remember(
    app: &App,
    parts: &Parts,
    kind: Kind,
    mut options: LoginOptions,
    browser_hash: Option<String>,
    now: DateTime<Utc>,
) -> Result<(Outbound, Pending), Refusal> {
    let request_id = RequestId::from_random(random::bytes::<20>()?);
    // Opaque: where to return to stays here. Some providers show or log the value.
    options.relay_state = Some(request_id.as_str().to_owned());
    if let Some(format) = parts.profile.name_id.uri() {
        let mut policy = NameIdPolicy::default();
        policy.format = Some(format.to_owned());
        options.name_id_policy = Some(policy);
    }
    let (outbound, pending) =
        parts.saml().begin_login(options, request_id, now).map_err(|error| not_begun(&error))?;
    let body = serde_json::to_value(&pending).map_err(|_| Refusal::internal("server.pending"))?;
    let pending = Pending {
        request_id: pending.request_id().as_str().to_owned(),
        browser_hash,
        body,
        expires_at: pending.expires_at(),
    };
    let mut tx = app.base.store.begin_unlocked().await?;
    logins::insert_pending(&mut tx, &parts.tenant.id, &parts.connection.id, kind, &pending).await?;
    tx.commit().await?;
    Ok((outbound, pending))
}

fn page_url(parts: &Parts, return_to: Option<&LocalPath>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("answer", "page");
    if let Some(path) = return_to {
        query.append_pair("relay_state", path.as_str());
    }
    let login = &parts.addresses.login;
    let mark = if login.contains('?') { '&' } else { '?' };
    format!("{login}{mark}{}", query.finish())
}

/// A request that cannot be made is a matter of configuration, so the admin must see why.
pub(super) fn not_begun(error: &RequestError) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, error.code(), error.to_string())
        .with_hint("give us the identity provider's present metadata")
}

/// Whether a person's browser navigates here, rather than a program asking.
fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.contains("text/html"))
}

/// 256 bits in base64 without padding.
const SECRET_CHARS: usize = 43;
