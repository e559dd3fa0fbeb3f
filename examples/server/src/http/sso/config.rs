//! `POST /v1/sso/config?org_id=`: takes the identity provider's metadata.
//!
//! Whoever may say which identity provider is trusted can sign in as anybody. So this needs a right of its own, never
//! that of managing members (TEN-10): a token issued for the purpose `sso-config`. A SCIM token is refused.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde_json::json;
use tenant_model::{Actor, AuthScheme, TenantId, authenticate, read_header};

use super::connection::unknown_tenant;
use crate::app::{App, Shared};
use crate::clock;
use crate::commands::CommandError;
use crate::commands::tenant::{self, CONFIG_CONNECTION};
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::http::body;
use crate::http::params::Params;
use crate::store::tokens;

pub(in crate::http) async fn replace(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    match take(&app, &parts.uri, &parts.headers, body).await {
        Ok(answer) => answer,
        Err(refusal) => {
            let unauthorized = refusal.status == StatusCode::UNAUTHORIZED;
            let mut answer = refusal.into_json();
            if unauthorized {
                let scheme = HeaderValue::from_static("Bearer realm=\"sso-config\"");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            }
            answer
        }
    }
}

async fn take(app: &App, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Answer, Refusal> {
    let query = Params::of(uri);
    let id = TenantId::parse(query.one("org_id")?.unwrap_or_default()).map_err(|_| unknown_tenant())?;
    let actor = authorize(app, &id, headers).await?;
    let xml = body::read(body, body::METADATA_LIMIT).await?;
    let entity = tenant::replace_idp(&app.base, &id, &xml, query.one("entity_id")?, &actor).await;
    let entity = entity.map_err(|error| match error {
        CommandError::Metadata { code, reason } => {
            Refusal::bad_request(&code, reason).with_hint("the configuration stays as it was")
        }
        CommandError::Store(error) => error.into(),
        CommandError::NoTenant(_) => unknown_tenant(),
        other => Refusal::bad_request("sso.config", other.to_string()),
    })?;
    Ok(json_answer(StatusCode::OK, &json!({ "tenant": id.as_str(), "idp_entity_id": entity })))
}

async fn authorize(app: &App, tenant: &TenantId, headers: &HeaderMap) -> Result<Actor, Refusal> {
    let refused = |code: &str, message: &str| {
        Refusal::new(StatusCode::UNAUTHORIZED, code, message)
            .with_hint("issue a token with: server token issue --tenant ID --purpose sso-config")
    };
    let values = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    let presented = read_header(values, &AuthScheme::default())
        .map_err(|error| refused(error.code(), &error.to_string()))?;
    let connection =
        tenant::connection_id(CONFIG_CONNECTION).map_err(|_| Refusal::internal("server.connection"))?;
    let keys = app.base.keys.token_hash_keys()?;
    let mut db = app.base.store.read().await?;
    let row = tokens::find(&mut db, &presented.id().tenant(), presented.id()).await?;
    let known = authenticate(&presented, row.as_ref(), &keys, (tenant, &connection), clock::now())
        .map_err(|error| refused(error.code(), &error.to_string()))?;
    Ok(Actor::Token(known.token().clone()))
}
