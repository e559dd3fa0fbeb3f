//! A tenant's connections, and what is held or told of them.

use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, BlastLimit, ConnectionId, ConnectionState, Provider, ScimConnection, Target,
    Tenant, TenantId,
};

use super::CommandError;
use super::tenant::{connection_id, product};
use crate::app::Base;
use crate::cli::products::{Beyond, ConnectionSet, Kind, Switch};
use crate::store::{Tx, people, tenants};
use crate::{clock, random};

/// Adds a directory connection.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn add(
    base: &Base,
    tenant: &str,
    id: &str,
    provider: Option<&str>,
    name: Option<&str>,
) -> Result<(), CommandError> {
    let now = clock::now();
    let (tenant, id) = (TenantId::parse(tenant)?, connection_id(id)?);
    let mut tx = base.store.begin(&tenant).await?;
    let tenant = known(&mut tx, &tenant).await?;
    let product = product(base, tenant.profile.as_str())?;
    let others = tenants::all_scim(&mut tx, &tenant.id).await?;
    if id.as_str() == super::tenant::CONFIG_CONNECTION || others.iter().any(|other| other.id == id) {
        return Err(CommandError::ConnectionExists(tenant.id.to_string(), id.to_string()));
    }
    if !product.several_providers && !others.is_empty() {
        return Err(CommandError::OneConnection(product.id.to_string()));
    }
    let mut connection = product.scim_connection(tenant.id.clone(), id.clone());
    connection.provider = provider.map(parse_provider).transpose()?.unwrap_or_default();
    name.unwrap_or(id.as_str()).clone_into(&mut connection.display_name);
    // Roles that the tenant added are the tenant's, not a connection's.
    if let Some(first) = others.first() {
        connection.mapping.roles = first.mapping.roles.clone();
    }
    tenants::put_scim(&mut tx, &connection).await?;
    people::audit(&mut tx, &[changed(&tenant.id, &id)]).await?;
    tx.commit().await?;
    tracing::debug!(%now, "a connection was added");
    Ok(())
}

/// One line for each connection.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let mut db = base.store.read().await?;
    let tenant = known(&mut db, &TenantId::parse(tenant)?).await?;
    let line = |kind: &str, id: &ConnectionId, provider: Provider, state: ConnectionState, name: &str| {
        format!("{kind}\t{id}\t{}\t{}\t{name}", word(&provider), state_word(state))
    };
    let mut out = Vec::new();
    for one in tenants::all_saml(&mut db, &tenant.id).await? {
        out.push(line("saml", &one.id, one.provider, one.state, &one.display_name));
    }
    for one in tenants::all_scim(&mut db, &tenant.id).await? {
        out.push(line("scim", &one.id, one.provider, one.state, &one.display_name));
    }
    Ok(out)
}

/// Changes a connection.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn set(base: &Base, options: &ConnectionSet) -> Result<(), CommandError> {
    let now = clock::now();
    let (tenant, id) = (TenantId::parse(&options.tenant)?, connection_id(&options.id)?);
    let provider = options.provider.as_deref().map(parse_provider).transpose()?;
    let state = options.state.map(|switch| match switch {
        Switch::Off => ConnectionState::Off { since: now },
        Switch::On => ConnectionState::Active,
    });
    let mut tx = base.store.begin(&tenant).await?;
    known(&mut tx, &tenant).await?;
    let missing = || CommandError::NoConnection(tenant.to_string(), id.to_string());
    match options.kind {
        Kind::Saml => {
            let mut stored = tenants::saml(&mut tx, &tenant, &id).await?.ok_or_else(missing)?;
            let connection = &mut stored.connection;
            connection.state = state.unwrap_or(connection.state);
            connection.provider = provider.unwrap_or(connection.provider);
            if let Some(name) = &options.name {
                connection.display_name.clone_from(name);
            }
            tenants::put_saml(&mut tx, &stored).await?;
        }
        Kind::Scim => {
            let mut connection = tenants::scim(&mut tx, &tenant, &id).await?.ok_or_else(missing)?;
            connection.state = state.unwrap_or(connection.state);
            connection.provider = provider.unwrap_or(connection.provider);
            if let Some(name) = &options.name {
                connection.display_name.clone_from(name);
            }
            limit(&mut connection, options);
            tenants::put_scim(&mut tx, &connection).await?;
        }
    }
    people::audit(&mut tx, &[changed(&tenant, &id)]).await?;
    tx.commit().await?;
    Ok(())
}

fn limit(connection: &mut ScimConnection, options: &ConnectionSet) {
    let had = connection.deactivations;
    connection.deactivations = BlastLimit {
        per_hour: options.deactivations.unwrap_or(had.per_hour),
        beyond: options.beyond.map_or(had.beyond, |beyond| match beyond {
            Beyond::Hold => tenant_model::Beyond::Hold,
            Beyond::Report => tenant_model::Beyond::Report,
        }),
    };
}

/// Makes the secret of Okta's event hook; gives it, to be shown once.
///
/// # Errors
/// [`CommandError`]; then the old secret stays.
pub async fn okta_hook(base: &Base, tenant: &str) -> Result<String, CommandError> {
    let now = clock::now();
    let id = TenantId::parse(tenant)?;
    let secret = random::secret()?;
    let sealed = base.keys.seal(&crate::http::hooks::bound_to(&id), secret.as_bytes())?;
    let mut tx = base.store.begin(&id).await?;
    let tenant = known(&mut tx, &id).await?;
    let product = product(base, tenant.profile.as_str())?;
    if !product.hooks.contains(&tenant_model::Hook::OktaUserDeactivate) {
        return Err(CommandError::NoHook(product.id.to_string()));
    }
    crate::store::hooks::put(&mut tx, &id, crate::http::hooks::OKTA, sealed, now).await?;
    let event = AuditEvent::done(&id, now, Actor::Operator, Action::HookChanged, Target::Tenant);
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(secret)
}

/// A tenant that must be there.
pub(crate) async fn known(db: &mut AnyConnection, id: &TenantId) -> Result<Tenant, CommandError> {
    tenants::find(db, id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))
}

/// Every directory connection of a tenant with the same change.
pub(crate) async fn each_scim(
    tx: &mut Tx,
    tenant: &TenantId,
    change: impl Fn(&mut ScimConnection) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    for mut connection in tenants::all_scim(tx, tenant).await? {
        change(&mut connection)?;
        tenants::put_scim(tx, &connection).await?;
    }
    Ok(())
}

fn changed(tenant: &TenantId, id: &ConnectionId) -> AuditEvent {
    let target = Target::Connection(id.clone());
    AuditEvent::done(tenant, clock::now(), Actor::Operator, Action::ConnectionChanged, target)
}

fn parse_provider(text: &str) -> Result<Provider, CommandError> {
    serde_json::from_value(text.into()).map_err(|_| CommandError::Provider(text.to_owned()))
}

fn word(provider: &Provider) -> String {
    let word = serde_json::to_value(provider).ok();
    word.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn state_word(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Active => "on",
        ConnectionState::Draft => "draft",
        ConnectionState::Off { .. } => "off",
        ConnectionState::Testing => "testing",
    }
}
