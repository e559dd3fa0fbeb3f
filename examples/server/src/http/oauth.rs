//! The token endpoint of OAuth 2.0 client credentials (RFC 6749 4.4), beside static tokens.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use serde_json::json;
use tenant_model::{
    ConnectionState, GrantedToken, OAuthClient, PresentedClient, RateRefusal, TenantState, TokenGrant,
    grant_access, read_client,
};

use crate::app::{App, Shared};
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::http::body;
use crate::http::params::Params;
use crate::rates::Peer;
use crate::store::{oauth, people, tenants};
use crate::{clock, random};

/// `POST /oauth/token`.
pub(super) async fn token(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    let now = clock::now();
    match granted(&app, &parts.headers, body, now).await {
        Ok(granted) => uncached(json_answer(
            StatusCode::OK,
            &json!({
                "access_token": granted.shown.reveal(),
                "token_type": "Bearer",
                "expires_in": granted.expires_in,
                "scope": granted.scope,
            }),
        )),
        Err(problem) => {
            tracing::info!(code = problem.code, "an access token was refused");
            if problem.error == INVALID_CLIENT
                && let Err(refusal) = app.rates.failure(peer, now)
            {
                return Problem::too_many(&refusal).into_answer(false);
            }
            problem.into_answer(parts.headers.contains_key(header::AUTHORIZATION))
        }
    }
}

async fn granted(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    now: DateTime<Utc>,
) -> Result<GrantedToken, Problem> {
    let form = form(headers, body).await?;
    let one = |name: &'static str| {
        form.one(name).map_err(|_| {
            Problem::invalid_request("request.parameter_twice", format!("{name} is given more than once"))
        })
    };
    // RFC 6749 3.2: a parameter without a value counts as left out.
    let given = |name| one(name).map(|value| value.filter(|value| !value.is_empty()));
    let (client_id, client_secret) = (given("client_id")?, given("client_secret")?);
    let (grant_type, scope) = (given("grant_type")?, given("scope")?);
    let values = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    let presented = read_client(values, client_id, client_secret)
        .map_err(|error| Problem::client(error.code(), error.to_string()))?;
    let grant_type = grant_type
        .ok_or_else(|| Problem::invalid_request("grant.type_missing", "grant_type is missing".to_owned()))?;

    let tenant_id = presented.id().tenant();
    let mut db = app.base.store.read().await.map_err(|error| Problem::server(error.into()))?;
    let client = oauth::find(&mut db, &tenant_id, presented.id()).await;
    let client = client.map_err(|error| Problem::server(error.into()))?;
    let tenant = tenants::find(&mut db, &tenant_id).await.map_err(|error| Problem::server(error.into()))?;
    drop(db);
    let product = tenant.as_ref().and_then(|tenant| app.base.profiles.of(tenant));
    let prefix = product.map(|product| product.tokens.prefix.clone()).unwrap_or_default();
    let ask = TokenGrant { grant_type, scope, prefix: &prefix };
    let granted = prove(app, &presented, client.as_ref(), &ask, now)?;
    if let Some(Err(wrong)) = tenant.as_ref().map(|tenant| tenant.served_in(app.region.as_deref())) {
        return Err(Problem {
            status: StatusCode::from_u16(wrong.status()).unwrap_or(StatusCode::MISDIRECTED_REQUEST),
            error: "unauthorized_client",
            code: wrong.code(),
            description: wrong.to_string(),
            retry_after: None,
        });
    }
    app.rates.request(&tenant_id, now).map_err(|refusal| Problem::too_many(&refusal))?;
    store(app, &presented, &granted, now).await?;
    Ok(granted)
}

/// Stores the token if the client still has the secret and may use it: read again, because it may have been revoked
/// since.
async fn store(
    app: &App,
    presented: &PresentedClient,
    granted: &GrantedToken,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (tenant_id, failed) = (&granted.row.tenant, |error| Problem::server(Refusal::from(error)));
    let mut tx = app.base.store.begin(tenant_id).await.map_err(failed)?;
    let client = oauth::find(&mut tx, tenant_id, presented.id()).await.map_err(failed)?;
    let lives = |client: &OAuthClient| {
        client.secrets.iter().any(|secret| secret.slot == granted.secret && secret.is_live(now))
    };
    if !client.as_ref().is_some_and(lives) {
        return Err(Problem::client("grant.secret_ended", "the client secret ended".to_owned()));
    }
    let tenant = tenants::find(&mut tx, tenant_id).await.map_err(failed)?;
    let connection = tenants::scim(&mut tx, tenant_id, &granted.row.connection).await.map_err(failed)?;
    // TEN-21
    let in_use = connection.is_some_and(|connection| {
        matches!(connection.state, ConnectionState::Active | ConnectionState::Testing)
    });
    if !in_use || tenant.is_none_or(|tenant| tenant.state != TenantState::Active) {
        return Err(Problem {
            status: StatusCode::BAD_REQUEST,
            error: "unauthorized_client",
            code: "TEN-21",
            description: "provisioning is switched off for this tenant".to_owned(),
            retry_after: None,
        });
    }
    oauth::forget_expired(&mut tx, tenant_id, presented.id(), now).await.map_err(failed)?;
    oauth::insert_token(&mut tx, presented.id(), granted.secret, &granted.row).await.map_err(failed)?;
    people::audit(&mut tx, std::slice::from_ref(&granted.audit)).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

fn prove(
    app: &App,
    presented: &PresentedClient,
    client: Option<&OAuthClient>,
    ask: &TokenGrant<'_>,
    now: DateTime<Utc>,
) -> Result<GrantedToken, Problem> {
    let keys = app.base.keys.token_hash_keys().map_err(|error| Problem::server(error.into()))?;
    let random = random::bytes().map_err(|error| Problem::server(error.into()))?;
    // The address names no connection, so that of the client is meant; an unknown client costs the same work.
    let nowhere = tenant_model::ConnectionId::parse("unknown")
        .map_err(|_| Problem::client("grant.unknown", "the client is not known".to_owned()))?;
    let (tenant, connection) = client.map_or((presented.id().tenant(), nowhere), |client| {
        (client.tenant.clone(), client.connection.clone())
    });
    grant_access(presented, client, &keys, (&tenant, &connection), ask, &random, now).map_err(|refusal| {
        Problem {
            status: StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST),
            error: refusal.oauth_error(),
            code: refusal.code(),
            description: refusal.to_string(),
            retry_after: None,
        }
    })
}

/// RFC 6749 3.2: parameters come in a form body, never in the URL, where they would end up in logs.
async fn form(headers: &HeaderMap, body: Body) -> Result<Params, Problem> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let bytes = body::read(body, FORM_LIMIT).await.map_err(|refusal| match refusal.status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Problem::invalid_request("request.too_large", refusal.message)
        },
        _ => Problem::invalid_request("request.body", refusal.message),
    })?;
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::invalid_request(
            "request.media_type",
            "the body must be application/x-www-form-urlencoded".to_owned(),
        ));
    }
    Ok(Params::parse(&bytes))
}

/// An error answer of RFC 6749 5.2.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    error: &'static str,
    code: &'static str,
    description: String,
    retry_after: Option<u64>,
}

impl Problem {
    fn client(code: &'static str, description: String) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: INVALID_CLIENT, code, description, retry_after: None }
    }

    fn invalid_request(code: &'static str, description: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            code,
            description,
            retry_after: None,
        }
    }

    fn server(refusal: Refusal) -> Self {
        let busy = refusal.status == StatusCode::SERVICE_UNAVAILABLE;
        Self {
            status: refusal.status,
            error: if busy { "temporarily_unavailable" } else { "server_error" },
            code: "server.failed",
            description: refusal.message,
            retry_after: busy.then_some(2),
        }
    }

    fn too_many(refusal: &RateRefusal) -> Self {
        Self {
            status: StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::TOO_MANY_REQUESTS),
            error: "temporarily_unavailable",
            code: refusal.code(),
            description: refusal.to_string(),
            retry_after: Some(refusal.retry_after_seconds),
        }
    }

    fn into_answer(self, by_header: bool) -> Answer {
        // RFC 6749 5.2 allows printable ASCII without `"` and `\` alone.
        let description: String = self
            .description
            .chars()
            .filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\'))
            .collect();
        let body = json!({ "error": self.error, "error_description": description });
        let mut answer = json_answer(self.status, &body);
        let headers = answer.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED && by_header {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"oauth\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        uncached(answer)
    }
}

/// RFC 6749 5.1.
fn uncached(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

const INVALID_CLIENT: &str = "invalid_client";
/// Four parameters, none of them long.
const FORM_LIMIT: usize = 8 * 1024;
