//! Tenants: create, and tie to an identity provider.

use std::collections::BTreeSet;
use std::path::Path;

use saml_sp::{IdentityProvider, MetadataOptions};
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, ProductProfile, SamlConnection, Target, TenantId,
};

use super::CommandError;
use crate::app::Base;
use crate::store::tenants::StoredSaml;
use crate::store::{StoreError, people, tenants};
use crate::{clock, sp_keys};

/// The id of a tenant's login connection.
pub const SAML_CONNECTION: &str = "sso";
/// The id of a tenant's directory connection.
pub const SCIM_CONNECTION: &str = "scim";
/// What tokens are bound to that may say which identity provider is trusted; no directory has this id.
pub const CONFIG_CONNECTION: &str = "sso-config";

/// Makes a tenant with a directory connection and a key pair of its own; `bulk` offers `/Bulk` where the product does
/// not.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn create(
    base: &Base,
    id: &str,
    product: &str,
    name: Option<&str>,
    bulk: bool,
) -> Result<(), CommandError> {
    let now = clock::now();
    let product = profile(product)?;
    let tenant = product.tenant(TenantId::parse(id)?, name.unwrap_or(id));
    let mut connection = product.scim_connection(tenant.id.clone(), connection_id(SCIM_CONNECTION)?);
    connection.capabilities.bulk |= bulk;
    // Made before the transaction: it takes a moment, and nobody should wait for it.
    let key = sp_keys::make(&base.keys, &tenant.id, now).map_err(CommandError::KeyPair)?;
    let mut tx = base.store.begin_unlocked().await?;
    tenants::insert(&mut tx, &tenant, now).await.map_err(|error| match error {
        StoreError::Taken { .. } => CommandError::TenantExists(id.to_owned()),
        other => other.into(),
    })?;
    tenants::insert_key(&mut tx, &tenant.id, &key, now).await?;
    tenants::put_scim(&mut tx, &connection).await?;
    let event = AuditEvent::done(&tenant.id, now, Actor::Operator, Action::TenantCreated, Target::Tenant);
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes an identity provider's metadata for a tenant; gives its entity id.
///
/// `keep_links` approves the links that people have already, when what the connection trusts changes (TEN-10).
///
/// # Errors
/// [`CommandError`]; then the old configuration stays.
pub async fn configure_idp(
    base: &Base,
    id: &str,
    xml: &[u8],
    entity_id: Option<&str>,
    keep_links: bool,
) -> Result<String, CommandError> {
    let id = TenantId::parse(id)?;
    let entity = replace_idp(base, &id, xml, entity_id, &Actor::Operator).await?;
    if keep_links {
        let connection = connection_id(SAML_CONNECTION)?;
        let mut tx = base.store.begin(&id).await?;
        if let Some(stored) = tenants::saml(&mut tx, &id, &connection).await? {
            people::approve_links(&mut tx, &stored.connection).await?;
        }
        tx.commit().await?;
    }
    Ok(entity)
}

/// The same without approving links: who has the right is for the caller to know.
///
/// # Errors
/// [`CommandError`]; then the old configuration stays.
pub async fn replace_idp(
    base: &Base,
    id: &TenantId,
    xml: &[u8],
    entity_id: Option<&str>,
    actor: &Actor,
) -> Result<String, CommandError> {
    let now = clock::now();
    let idp = read_metadata(xml, entity_id)?;
    let connection_id = connection_id(SAML_CONNECTION)?;
    let body = serde_json::to_value(&idp).map_err(|error| CommandError::Io(error.to_string()))?;
    let mut tx = base.store.begin(id).await?;
    let tenant = tenants::find(&mut tx, id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    let product = profile(tenant.profile.as_str())?;
    let entity = idp.entity_id().as_str();
    let connection = match tenants::saml(&mut tx, id, &connection_id).await? {
        Some(stored) => trusting(stored, &idp),
        None => {
            let directory = connection_id_of_directory()?;
            product
                .saml_connection(id.clone(), connection_id.clone(), entity, Some(directory))
                .ok_or_else(|| CommandError::NoSso(product.id.to_string()))?
        }
    };
    tenants::put_saml(&mut tx, &StoredSaml { connection, idp: body }).await?;
    let target = Target::Connection(connection_id);
    let event = AuditEvent::done(id, now, actor.clone(), Action::ConnectionChanged, target);
    people::audit(&mut tx, &[event.with_change("idp_entity_id", None, Some(entity.to_owned()))]).await?;
    tx.commit().await?;
    Ok(entity.to_owned())
}

/// TEN-10: another entity, none of the known keys, or another host for sign-on is another trust.
fn trusting(stored: StoredSaml, idp: &IdentityProvider) -> SamlConnection {
    let mut connection = stored.connection;
    let generation = connection.generation;
    connection.trust_entity(idp.entity_id().as_str());
    let before: Option<IdentityProvider> = serde_json::from_value(stored.idp).ok();
    let same = before.is_some_and(|before| {
        let origins = |idp: &IdentityProvider| -> BTreeSet<String> {
            idp.single_sign_on_services().iter().map(|to| to.location.origin().to_owned()).collect()
        };
        let keeps_a_key = idp.signing_keys().iter().any(|key| before.signing_keys().contains(key));
        keeps_a_key && origins(&before) == origins(idp)
    });
    if !same && connection.generation == generation {
        connection.raise_generation();
    }
    connection
}

fn read_metadata(xml: &[u8], entity_id: Option<&str>) -> Result<IdentityProvider, CommandError> {
    let mut options = MetadataOptions::default();
    if let Some(id) = entity_id {
        options.entity_id = Some(id.parse().map_err(|error: saml_sp::ConfigError| {
            CommandError::Metadata { code: error.code().to_owned(), reason: error.to_string() }
        })?);
    }
    let read = options.read(xml, clock::now()).map_err(|error| CommandError::Metadata {
        code: error.code().to_owned(),
        reason: error.to_string(),
    })?;
    Ok(read.idp)
}

fn connection_id_of_directory() -> Result<ConnectionId, CommandError> {
    connection_id(SCIM_CONNECTION)
}

/// Reads a file, or the standard input for `-`.
///
/// # Errors
/// [`CommandError::Io`].
pub fn read_file(path: &Path) -> Result<Vec<u8>, CommandError> {
    use std::io::Read as _;
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let limit = u64::try_from(crate::http::body::METADATA_LIMIT).unwrap_or(u64::MAX);
        let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
        read.map_err(|error| CommandError::Io(format!("standard input: {error}")))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|error| CommandError::Io(format!("{}: {error}", path.display())))
}

/// A product profile by its name.
pub(crate) fn profile(id: &str) -> Result<ProductProfile, CommandError> {
    ProductProfile::built_in(id).ok_or_else(|| {
        let known: Vec<&str> = ProductProfile::BUILT_IN.iter().map(|(name, _)| *name).collect();
        CommandError::NoProfile(id.to_owned(), known.join(", "))
    })
}

/// One of the two ids above.
pub(crate) fn connection_id(id: &str) -> Result<ConnectionId, CommandError> {
    Ok(ConnectionId::parse(id)?)
}
