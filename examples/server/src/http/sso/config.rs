//! Taking the identity provider's metadata.
//!
//! Whoever may say which identity provider is trusted can sign in as anybody. So this needs a right of its own, never
//! that of managing members (TEN-10): a token issued for the purpose `sso-config`. A SCIM token is refused.

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tenant_model::{Actor, AuthScheme, Right, Rights, TenantId, Use, authenticate, read_header, touch};

use crate::app::App;
use crate::clock;
use crate::commands::CommandError;
use crate::commands::tenant::{self, CONFIG_CONNECTION};
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::http::body;
use crate::http::endpoints::{Address, unknown_tenant};
use crate::http::params::Params;
use crate::rates::Peer;
use crate::store::tokens;
use crate::trust::Approval;

/// `POST`: takes the identity provider's metadata.
pub(in crate::http) async fn replace(app: &App, address: &Address, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    match take(app, address, &parts, body).await {
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

async fn take(app: &App, address: &Address, parts: &Parts, body: Body) -> Result<Answer, Refusal> {
    let query = Params::of(&parts.uri);
    let meant = {
        let mut db = app.base.store.read().await?;
        address.meant(app, &mut db).await?
    };
    let id = &meant.tenant.id;
    let actor = match authorize(app, id, parts).await {
        Ok(actor) => actor,
        Err(refusal) => return Err(counted(app, parts, refusal)),
    };
    let xml = body::read(body, body::METADATA_LIMIT).await?;
    // Such a token is made for this alone: to say whom the tenant's connections trust.
    let right = Right::Trust(meant.connection.clone());
    let rights = Rights { tenant: id.clone(), granted: [right].into() };
    let approval = Approval::By(&rights);
    let entity = query.one("entity_id")?;
    let taken = tenant::replace_idp(&app.base, id, &meant.connection, &xml, entity, approval, &actor).await;
    let taken = taken.map_err(|error| match error {
        CommandError::Metadata { code, reason } => {
            Refusal::bad_request(&code, reason).with_hint("the configuration stays as it was")
        }
        CommandError::Trust { error } => Refusal::bad_request(error.code(), error.to_string()),
        CommandError::Store(error) => error.into(),
        CommandError::NoTenant(_) => unknown_tenant(),
        other => Refusal::bad_request("sso.config", other.to_string()),
    })?;
    let reasons: Vec<_> = taken.reasons.iter().collect();
    Ok(json_answer(
        StatusCode::OK,
        &json!({
            "tenant": id.as_str(),
            "connection": meant.connection.as_str(),
            "idp_entity_id": taken.entity_id,
            "trust_changed": reasons,
            "persons_to_confirm": taken.waiting,
        }),
    ))
}

/// A failed authentication counts for its address, as at the SCIM endpoints (TOK-13).
fn counted(app: &App, parts: &Parts, refusal: Refusal) -> Refusal {
    if refusal.status != StatusCode::UNAUTHORIZED {
        return refusal;
    }
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    match app.rates.failure(peer, clock::now()) {
        Ok(()) => refusal,
        Err(limit) => {
            let status = StatusCode::from_u16(limit.status()).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
            Refusal::new(status, limit.code(), limit.to_string()).retry_after(limit.retry_after_seconds)
        }
    }
}

async fn authorize(app: &App, tenant: &TenantId, parts: &Parts) -> Result<Actor, Refusal> {
    let (headers, now) = (&parts.headers, clock::now());
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
    let known = authenticate(&presented, row.as_ref(), &keys, (tenant, &connection), now)
        .map_err(|error| refused(error.code(), &error.to_string()))?;
    drop(db);
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let address = parts.extensions.get::<Peer>().map(|peer| peer.address());
    if let Some(used) = row.as_ref().and_then(|row| touch(row, &Use { at: now, address, agent })) {
        let mut tx = app.base.store.begin(tenant).await?;
        tokens::note_use(&mut tx, tenant, known.token(), used).await?;
        tx.commit().await?;
    }
    Ok(Actor::Token(known.token().clone()))
}
