//! What a login connection trusts: the one place where an identity provider is taken or exchanged (TEN-10).
//!
//! Commands, the endpoint for metadata and the pages of admins all come here. What a change means is decided by
//! [`tenant_model::trust_change`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use saml_sp::{Certificate, IdentityProvider};
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, ConnectionState, KeyState, ProductProfile, Provider, Right,
    Rights, SamlConnection, Target, Tenant, TenantId, TrustError, TrustProposal, TrustReason, TrustVerdict,
    TrustedKey, confirm_link, trust_change,
};

use crate::store::tenants::{self, StoredSaml};
use crate::store::{StoreError, people};

/// An identity provider to take for a connection.
#[derive(Clone, Copy, Debug)]
pub struct NewIdp<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// Its product.
    pub product: &'a ProductProfile,
    /// The connection; made if the tenant has none of this id.
    pub connection: &'a ConnectionId,
    /// What its metadata says.
    pub idp: &'a IdentityProvider,
}

/// Who says that it may be trusted.
#[derive(Clone, Copy, Debug)]
pub enum Approval<'a> {
    /// Someone with [`Right::Trust`] on the connection; everyone who has a link must be confirmed again if the change is
    /// not a safe one.
    By(&'a Rights),
    /// The same, and they vouch that it is the same provider: links stay good.
    KeepLinks(&'a Rights),
    /// Nobody: only keys and endpoints beside those that stay, e.g. when metadata is fetched by the clock.
    SafeOnly,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The provider's entity id.
    pub entity_id: String,
    /// Whether the connection is new.
    pub new: bool,
    /// Why it had to be approved; empty for a safe change and for a new connection.
    pub reasons: BTreeSet<TrustReason>,
    /// How many persons must be confirmed before they can sign in through it again.
    pub waiting: usize,
}

/// Why a provider was not taken.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// The rules.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The product has no single sign-on.
    #[error("profile {0} has no single sign-on")]
    NoSso(String),
    /// The product has one login connection a tenant, and this would be a second one.
    #[error("profile {0} has one login connection a tenant")]
    OneConnection(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a provider means for a stored connection, without doing it.
///
/// # Errors
/// [`TrustError::NoKey`].
pub fn judge(
    stored: &SamlConnection,
    idp: &IdentityProvider,
    now: DateTime<Utc>,
) -> Result<TrustVerdict, TrustError> {
    trust_change(stored, &proposal(idp), now)
}

/// Takes a provider, in the caller's transaction.
///
/// # Errors
/// [`TakeError`]; the caller's transaction must then be dropped, and the old configuration stays.
pub async fn take(
    db: &mut AnyConnection,
    new: &NewIdp<'_>,
    approval: Approval<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Taken, TakeError> {
    let (tenant, id) = (&new.tenant.id, new.connection);
    let entity_id = new.idp.entity_id().as_str().to_owned();
    // A draft has no provider yet: there is nothing that it could be compared with.
    let stored = tenants::saml(db, tenant, id).await?.filter(|stored| !stored.idp.is_null());
    let Some(stored) = stored else {
        if let Approval::By(rights) | Approval::KeepLinks(rights) = approval {
            require(rights, tenant, id)?;
        } else {
            return Err(TrustError::NeedsApproval.into());
        }
        let connection = first(db, new, now).await?;
        save(db, &connection, new.idp).await?;
        let event = AuditEvent::done(
            tenant,
            now,
            actor.clone(),
            Action::TrustChanged,
            Target::Connection(id.clone()),
        )
        .with_change("idp_entity_id", None, Some(entity_id.clone()));
        people::audit(db, &[event]).await?;
        return Ok(Taken { entity_id, new: true, reasons: BTreeSet::new(), waiting: 0 });
    };
    let before = stored.connection;
    let verdict = judge(&before, new.idp, now)?;
    let reasons = verdict.reasons.clone();
    let (connection, event) = match approval {
        Approval::By(rights) | Approval::KeepLinks(rights) => verdict.approve(&before, rights, actor, now)?,
        Approval::SafeOnly => verdict.apply(&before, actor, now)?,
    };
    save(db, &connection, new.idp).await?;
    people::audit(db, &[event]).await?;
    let mut waiting = 0_usize;
    for link in people::links_through(db, tenant, id).await? {
        let good = link.generation == connection.generation && link.entity_id == connection.idp_entity_id;
        match approval {
            _ if good => {}
            Approval::KeepLinks(rights) => {
                let (link, event) = confirm_link(&connection, &link, rights, actor, now)?;
                people::put_link(db, &link).await?;
                people::audit(db, &[event]).await?;
            }
            Approval::By(_) | Approval::SafeOnly => waiting = waiting.saturating_add(1),
        }
    }
    Ok(Taken { entity_id, new: false, reasons, waiting })
}

/// Notes that a login was verified with some of a connection's keys, as its evidence names them, and when: at most once an hour.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn note_login(
    db: &mut AnyConnection,
    connection: &SamlConnection,
    keys: &[&str],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(mut stored) = tenants::saml(db, &connection.tenant, &connection.id).await? else {
        return Ok(());
    };
    let mut changed = false;
    if let Some(idp) = stored.provider() {
        for key in keys.iter().filter_map(|key| public_key_of(&idp, key)) {
            changed |= stored.connection.note_verified(&key, now);
        }
    }
    let last = stored.connection.last_login;
    if changed || last.is_none_or(|last| now.signed_duration_since(last).num_hours() >= 1) {
        stored.connection.last_login = Some(now);
        tenants::put_saml(db, &stored).await?;
    }
    Ok(())
}

/// The rights of the operator in a tenant: all of them, on these login connections.
pub fn operator(tenant: &TenantId, connections: impl IntoIterator<Item = ConnectionId>) -> Rights {
    let trust = connections.into_iter().map(Right::Trust);
    Rights { tenant: tenant.clone(), granted: trust.chain([Right::Members, Right::Security]).collect() }
}

/// A connection without a provider, paired with the directory of the same id, else with the first one.
///
/// # Errors
/// [`TakeError`]: the product has no single sign-on, or one connection a tenant and the tenant has another.
pub async fn draft(
    db: &mut AnyConnection,
    tenant: &Tenant,
    product: &ProductProfile,
    id: &ConnectionId,
) -> Result<SamlConnection, TakeError> {
    let known = tenants::all_saml(db, &tenant.id).await?;
    if let Some(known) = known.iter().find(|connection| connection.id == *id) {
        return Ok(known.clone());
    }
    if !product.several_providers && !known.is_empty() {
        return Err(TakeError::OneConnection(product.id.to_string()));
    }
    let directories = tenants::all_scim(db, &tenant.id).await?;
    let named = |id: &str| directories.iter().find(|directory| directory.id.as_str() == id);
    let directory = named(id.as_str())
        .or_else(|| named(tenant_model::ScimProfile::FIRST_CONNECTION))
        .or(directories.first());
    let paired = directory.map(|directory| directory.id.clone());
    let made = product.saml_connection(tenant.id.clone(), id.clone(), "", paired);
    let mut connection = made.ok_or_else(|| TakeError::NoSso(product.id.to_string()))?;
    connection.provider = directory.map_or(Provider::default(), |directory| directory.provider);
    connection.state = ConnectionState::Draft;
    Ok(connection)
}

/// A new connection that trusts the provider.
async fn first(
    db: &mut AnyConnection,
    new: &NewIdp<'_>,
    now: DateTime<Utc>,
) -> Result<SamlConnection, TakeError> {
    let offer = proposal(new.idp);
    let mut connection = draft(db, new.tenant, new.product, new.connection).await?;
    connection.state = ConnectionState::Active;
    connection.idp_entity_id.clone_from(&offer.entity_id);
    connection.sso_origins = offer.sso_origins;
    connection.trust = offer
        .keys
        .into_iter()
        .map(|(fingerprint, not_after)| TrustedKey {
            fingerprint,
            not_after,
            state: KeyState::Staged { since: now },
            last_verified: None,
        })
        .collect();
    Ok(connection)
}

async fn save(
    db: &mut AnyConnection,
    connection: &SamlConnection,
    idp: &IdentityProvider,
) -> Result<(), StoreError> {
    let idp = serde_json::to_value(idp).map_err(|error| StoreError::Failed(error.to_string()))?;
    tenants::put_saml(db, &StoredSaml { connection: connection.clone(), idp }).await
}

fn require(rights: &Rights, tenant: &TenantId, connection: &ConnectionId) -> Result<(), TrustError> {
    rights.require(tenant, &Right::Trust(connection.clone())).map_err(TrustError::Right)
}

/// An identity provider in the plain values that `tenant-model` decides by. Its keys are told by their public half: a
/// certificate that is renewed for the same key is no other trust.
#[must_use]
pub fn proposal(idp: &IdentityProvider) -> TrustProposal {
    let origins = idp.single_sign_on_services().iter();
    let mut keys: BTreeMap<String, Option<DateTime<Utc>>> = BTreeMap::new();
    for key in idp.signing_keys() {
        // Of several certificates for one key the last to end counts.
        let end = key.certificate().map(Certificate::not_after);
        let known = keys.entry(key.public_key_fingerprint()).or_insert(end);
        *known = (*known).max(end);
    }
    TrustProposal {
        entity_id: idp.entity_id().as_str().to_owned(),
        sso_origins: origins.map(|to| to.location.origin().to_ascii_lowercase()).collect(),
        keys: keys.into_iter().collect(),
    }
}

/// The public key for what the evidence of a login calls a key: the SHA-256 of its certificate.
#[must_use]
pub fn public_key_of(idp: &IdentityProvider, evidence_key: &str) -> Option<String> {
    let key = idp.signing_keys().iter().find(|key| key.fingerprint() == evidence_key)?;
    Some(key.public_key_fingerprint())
}
