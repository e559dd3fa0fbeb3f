//! Single sign-on: the tenant's connections, and of each what to copy, what it trusts, and how tests went.

mod certificates;
mod connection;
pub(super) mod keys;
mod keys_page;
mod list;
mod mapping;
mod metadata;
mod paste;
mod tests_page;
mod upload;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tenant_model::{Action, ConnectionId, Right, Rights, Target};

use super::guard::{InTenant, Trouble};
use crate::app::Shared;
use crate::http::answer::Refusal;
use crate::http::body;
use crate::idp::ApplyError;
use crate::store::tenants::{self, StoredSaml};
use crate::store::{StoreError, Tx};

use words::{day, minute};

/// The routes of these pages.
pub(super) fn routes(router: Router<Shared>) -> Router<Shared> {
    let one = "/admin/tenants/{tenant}/sso/{connection}";
    let upload = post(metadata::give).layer(DefaultBodyLimit::max(body::METADATA_LIMIT));
    router
        .route("/admin/tenants/{tenant}/sso", get(list::show).post(list::add))
        .route(KEYS, get(keys::show).post(keys::stage))
        .route(&format!("{KEYS}/switch"), post(keys::switch))
        .route(&format!("{KEYS}/cancel"), post(keys::cancel))
        .route(&format!("{KEYS}/retire"), post(keys::retire))
        .route(&format!("{KEYS}/remove"), post(keys::remove))
        .route(&format!("{KEYS}/{{key}}/certificate"), get(keys::certificate))
        .route(one, get(connection::show).post(connection::change))
        .route(&format!("{one}/state"), post(connection::switch))
        .route(&format!("{one}/links"), post(connection::confirm))
        .route(&format!("{one}/metadata"), get(metadata::preview).merge(upload))
        .route(&format!("{one}/metadata-url"), post(metadata::fetch))
        .route(&format!("{one}/metadata-again"), post(metadata::again))
        .route(&format!("{one}/metadata-apply"), post(metadata::apply))
        .route(&format!("{one}/metadata-discard"), post(metadata::discard))
        .route(&format!("{one}/certificates"), post(certificates::add))
        .route(&format!("{one}/certificates-remove"), post(certificates::remove))
        .route(&format!("{one}/mapping"), get(mapping::show).post(mapping::change))
        .route(&format!("{one}/paste"), get(paste::show).post(paste::look))
        .route(&format!("{one}/roles"), post(mapping::change_roles))
        .route(&format!("{one}/roles/{{rule}}"), post(mapping::change_roles))
        .route(&format!("{one}/test"), get(tests_page::begin))
        .route(&format!("{one}/tests/{{test}}"), get(tests_page::show))
}

/// The connection that the address names.
pub(super) fn named(at: &InTenant) -> Result<ConnectionId, Trouble> {
    ConnectionId::parse(at.place("connection")).map_err(|_| no_connection().into())
}

/// The connection that the address names, as stored.
pub(super) async fn stored(at: &InTenant) -> Result<StoredSaml, Trouble> {
    let id = named(at)?;
    let mut db = at.by.app.base.store.read().await?;
    tenants::saml(&mut db, &at.tenant.id, &id).await?.ok_or_else(|| no_connection().into())
}

/// The same, in the transaction that changes it, once the account's right to do so is known.
pub(super) async fn stored_to_change(
    at: &InTenant,
    action: Action,
) -> Result<(Tx, StoredSaml, Rights), Trouble> {
    let id = named(at)?;
    let rights = at.require(&Right::Trust(id.clone()), action, Target::Connection(id.clone())).await?;
    let mut tx = at.begin().await?;
    let stored = tenants::saml(&mut tx, &at.tenant.id, &id).await?.ok_or_else(no_connection)?;
    Ok((tx, stored, rights))
}

fn no_connection() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "admin.no_connection", "there is no such connection")
}

impl From<ApplyError> for Refusal {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Store(error) => error.into(),
            ApplyError::Trust(tenant_model::TrustError::Right(missing)) => {
                Self::new(StatusCode::FORBIDDEN, missing.code(), missing.to_string())
            }
            other => Self::new(StatusCode::CONFLICT, other.code(), other.to_string())
                .with_hint("the configuration stays as it was; look at the connection again"),
        }
    }
}

/// The address of a page of a connection.
pub(super) fn place(at: &InTenant, connection: &ConnectionId, rest: &str) -> String {
    at.address(&format!("/sso/{connection}{rest}"))
}

/// Leaves a sentence for the next page and makes the change durable.
pub(super) async fn done(at: &InTenant, mut tx: Tx, text: &str) -> Result<(), StoreError> {
    at.by.flash(&mut tx, text).await?;
    tx.commit().await
}

/// No connection has a page there, whatever its id.
const KEYS: &str = "/admin/tenants/{tenant}/sso-keys";
