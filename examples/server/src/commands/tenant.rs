//! Tenants: create, and tie to an identity provider.

use std::path::Path;
use std::sync::Arc;

use saml_sp::{IdentityProvider, MetadataOptions};
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, ProductProfile, SamlProfile, ScimProfile, Target, TenantId,
};

use super::CommandError;
use crate::app::Base;
use crate::store::{StoreError, people, sp_keys as key_rows, tenants};
use crate::trust::{self, Approval, NewIdp, TakeError, Taken};
use crate::{clock, sp_keys};

/// The id of a tenant's first login connection.
pub const SAML_CONNECTION: &str = SamlProfile::FIRST_CONNECTION;
/// The id of a tenant's first directory connection.
pub const SCIM_CONNECTION: &str = ScimProfile::FIRST_CONNECTION;
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
    make(base, id, product, name, None, bulk, Actor::Operator).await
}

/// The same with a home region (TEN-24).
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn create_in(
    base: &Base,
    id: &str,
    product: &str,
    name: Option<&str>,
    region: Option<String>,
    bulk: bool,
) -> Result<(), CommandError> {
    make(base, id, product, name, region, bulk, Actor::Operator).await
}

/// The same, saying who does it.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn create_by(
    base: &Base,
    id: &str,
    product: &str,
    name: Option<&str>,
    bulk: bool,
    by: Actor,
) -> Result<(), CommandError> {
    make(base, id, product, name, None, bulk, by).await
}

async fn make(
    base: &Base,
    id: &str,
    product: &str,
    name: Option<&str>,
    region: Option<String>,
    bulk: bool,
    by: Actor,
) -> Result<(), CommandError> {
    let now = clock::now();
    let product = self::product(base, product)?;
    let mut tenant = product.tenant(TenantId::parse(id)?, name.unwrap_or(id));
    tenant.region = region;
    let mut connection = product.scim_connection(tenant.id.clone(), connection_id(SCIM_CONNECTION)?);
    connection.capabilities.bulk |= bulk;
    // Made before the transaction: it takes a moment, and nobody should wait for it.
    let key = sp_keys::make(&base.keys, &tenant.id, now).map_err(CommandError::KeyPair)?;
    let mut tx = base.store.begin_unlocked().await?;
    tenants::insert(&mut tx, &tenant, now).await.map_err(|error| match error {
        StoreError::Taken { .. } => CommandError::TenantExists(id.to_owned()),
        other => other.into(),
    })?;
    key_rows::insert(&mut tx, &tenant.id, &key).await?;
    tenants::put_scim(&mut tx, &connection).await?;
    let event = AuditEvent::done(&tenant.id, now, by, Action::TenantCreated, Target::Tenant);
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes an identity provider's metadata for a tenant's connection.
///
/// `keep_links` approves the links that people have already, when what the connection trusts changes (TEN-10).
///
/// # Errors
/// [`CommandError`]; then the old configuration stays.
pub async fn configure_idp(
    base: &Base,
    id: &str,
    connection: &str,
    xml: &[u8],
    entity_id: Option<&str>,
    keep_links: bool,
) -> Result<Taken, CommandError> {
    let (id, connection) = (TenantId::parse(id)?, connection_id(connection)?);
    let rights = trust::operator(&id, [connection.clone()]);
    let approval = if keep_links { Approval::KeepLinks(&rights) } else { Approval::By(&rights) };
    replace_idp(base, &id, &connection, xml, entity_id, approval, &Actor::Operator).await
}

/// The same for whoever has the right.
///
/// # Errors
/// [`CommandError`]; then the old configuration stays.
pub async fn replace_idp(
    base: &Base,
    id: &TenantId,
    connection: &ConnectionId,
    xml: &[u8],
    entity_id: Option<&str>,
    approval: Approval<'_>,
    actor: &Actor,
) -> Result<Taken, CommandError> {
    let now = clock::now();
    let idp = read_metadata(xml, entity_id)?;
    let mut tx = base.store.begin(id).await?;
    let tenant = tenants::find(&mut tx, id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    let product = product(base, tenant.profile.as_str())?;
    let new = NewIdp { tenant: &tenant, product: &product, connection, idp: &idp };
    let taken = trust::take(&mut tx, &new, approval, actor, now).await?;
    tx.commit().await?;
    Ok(taken)
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
pub(crate) fn product(base: &Base, id: &str) -> Result<Arc<ProductProfile>, CommandError> {
    base.profiles.get(id).cloned().ok_or_else(|| {
        let known: Vec<&str> = base.profiles.iter().map(|profile| profile.id.as_str()).collect();
        CommandError::NoProfile(id.to_owned(), known.join(", "))
    })
}

/// An id of a connection.
pub(crate) fn connection_id(id: &str) -> Result<ConnectionId, CommandError> {
    Ok(ConnectionId::parse(id)?)
}

impl From<TakeError> for CommandError {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::NoSso(profile) => Self::NoSso(profile),
            TakeError::OneConnection(profile) => Self::OneConnection(profile),
            TakeError::Store(error) => error.into(),
            TakeError::Trust(error) => error.into(),
        }
    }
}
