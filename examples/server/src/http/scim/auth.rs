//! Who asks: the tenant and its directory connection, by the token alone.

use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, Utc};
use tenant_model::{
    AuthScheme, Authenticated, ConnectionState, PresentedToken, SchemeWord, ScimConnection, ScimToken,
    Tenant, TenantState, Use, authenticate, read_header, touch,
};

use super::fault::Fault;
use crate::app::App;
use crate::http::endpoints::{Address, Place};
use crate::keys::KeyError;
use crate::store::{oauth, tenants, tokens};

/// A client whose token was good, with what it may act on.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// What the token proves.
    pub(crate) authenticated: Authenticated,
    /// The tenant.
    pub(crate) tenant: Tenant,
    /// Its directory connection.
    pub(crate) connection: ScimConnection,
    /// The address as its product reads it.
    pub(crate) place: Place,
    /// The use to note, if the last one noted is too old.
    pub(crate) used: Option<Use>,
}

/// Checks the token of a request. Everything is read afresh: a revoked token fails at its next request.
pub(crate) async fn check(
    app: &App,
    address: &Address,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Caller, Fault> {
    let any = AuthScheme::Header(SchemeWord::Any);
    let values = headers.get_all(header::AUTHORIZATION).iter().map(|value| value.as_bytes());
    let presented = read_header(values, &any)
        .map_err(|error| refused(error.status(), error.code(), &error.to_string()))?;
    let keys = app.base.keys.token_hash_keys().map_err(|error| server_fault(&error))?;
    let mut db = app.base.store.read().await?;
    let tenant_id = presented.id().tenant();
    let issued = tokens::find(&mut db, &tenant_id, presented.id()).await?;
    let is_static = issued.is_some();
    let row = match issued {
        Some(row) => Some(row),
        None => oauth::token(&mut db, &tenant_id, presented.id()).await?,
    };
    let authenticated = prove(&presented, row.as_ref(), &keys, now)?;
    let tenant = tenants::find(&mut db, &tenant_id).await?.ok_or_else(unknown)?;
    // An address of another product, tenant or connection is as good as a wrong token.
    let place = address.of(tenant.profile.as_str()).ok_or_else(unknown)?.clone();
    let named = |name: &Option<String>, is: &str| name.as_deref().is_none_or(|name| name == is);
    if !named(&place.tenant, tenant.id.as_str())
        || !named(&place.connection, authenticated.connection().as_str())
    {
        return Err(unknown());
    }
    if let Err(wrong) = tenant.served_in(app.region.as_deref()) {
        return Err(refused(wrong.status(), wrong.code(), &wrong.to_string()));
    }
    let connection =
        tenants::scim(&mut db, &tenant_id, authenticated.connection()).await?.ok_or_else(unknown)?;
    // TOK-12: an access token comes as RFC 6750 says, whatever word the product has for its own; and where clients must
    // get access tokens, a static one is none.
    if is_static && connection.auth == AuthScheme::ClientCredentials {
        return Err(refused(
            401,
            "token.static",
            "this connection takes access tokens of OAuth clients alone",
        ));
    }
    let auth = if is_static { &connection.auth } else { &AuthScheme::ClientCredentials };
    presented
        .check_scheme(auth)
        .map_err(|error| refused(error.status(), error.code(), &error.to_string()))?;
    // TEN-21: off and unknown refuse before the body is read.
    let in_use = matches!(connection.state, ConnectionState::Active | ConnectionState::Testing);
    if !in_use || tenant.state != TenantState::Active {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "TEN-21",
            "provisioning is switched off for this tenant",
        ));
    }
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Of an access token its issue is known; it lives for an hour and is not listed.
    let row = row.filter(|_| is_static);
    let used = row.as_ref().and_then(|row| touch(row, &Use { at: now, address: None, agent }));
    Ok(Caller { authenticated, tenant, connection, place, used })
}

fn prove(
    presented: &PresentedToken,
    row: Option<&ScimToken>,
    keys: &tenant_model::HashKeys,
    now: DateTime<Utc>,
) -> Result<Authenticated, Fault> {
    let nowhere = tenant_model::ConnectionId::parse("unknown").map_err(|_| unknown())?;
    let at =
        row.map_or((presented.id().tenant(), nowhere), |row| (row.tenant.clone(), row.connection.clone()));
    authenticate(presented, row, keys, (&at.0, &at.1), now)
        .map_err(|error| refused(error.status(), error.code(), &error.to_string()))
}

fn refused(status: u16, code: &str, detail: &str) -> Fault {
    Fault::new(StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED), code, detail)
}

fn unknown() -> Fault {
    refused(401, "token.unknown", "the token is not known")
}

fn server_fault(error: &KeyError) -> Fault {
    tracing::error!(%error, "keys");
    Fault::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server.keys",
        "the server could not do this; its log says why",
    )
}
