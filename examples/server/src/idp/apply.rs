//! Taking a proposal, once somebody who may has agreed to what it changes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::{IdentityProvider, VerificationKey};
use serde_json::Value;
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, ConnectionState, Outcome, Right, Rights, SamlConnection, Target,
    TenantId, TrustError, TrustReason, confirm_link, retire_key, trust_change,
};

use super::proposal::{Origin, Proposal, ProposalError};
use crate::store::idp::{self as rows, Source, SourceStatus, Staged};
use crate::store::tenants::{self, StoredSaml};
use crate::store::{StoreError, people};

/// What somebody agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The reasons that they were shown. If others have come up since, nothing is done.
    pub reasons: BTreeSet<TrustReason>,
    /// The new provider means the same people by the same names: their links are confirmed along with it.
    ///
    /// # Security
    /// Whoever speaks for the new provider can sign in as each of them.
    pub keep_links: bool,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The connection as it is now.
    pub connection: SamlConnection,
    /// Whether people's links must be confirmed before they sign in again.
    pub links_wait: bool,
}

/// Takes a proposal.
///
/// # Errors
/// [`ApplyError`]; then nothing may be committed, and the old configuration stays.
pub async fn apply(
    db: &mut AnyConnection,
    stored: StoredSaml,
    proposal: &Proposal,
    agreed: &Agreed,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Applied, ApplyError> {
    let (tenant, id) = (stored.connection.tenant.clone(), stored.connection.id.clone());
    let links_wait;
    let (connection, event) = if stored.provider().is_none() {
        links_wait = false;
        first(&stored.connection, proposal, rights, by, now)?
    } else {
        let verdict = trust_change(&stored.connection, &proposal.trust(), now)?;
        if !verdict.reasons.is_subset(&agreed.reasons) {
            return Err(TrustError::Changed.into());
        }
        links_wait = !verdict.is_safe() && !agreed.keep_links;
        verdict.approve(&stored.connection, rights, by, now)?
    };
    let event = event.with_change("from", None, Some(proposal.origin.name().to_owned()));
    let unties = connection.generation != stored.connection.generation;
    put(db, connection.clone(), &proposal.idp).await?;
    if unties && agreed.keep_links {
        confirm_links(db, &connection, rights, by, now).await?;
    }
    people::audit(db, &[event]).await?;
    follow(db, &tenant, &id, proposal, now).await?;
    rows::remove_staged(db, &tenant, &id).await?;
    Ok(Applied { connection, links_wait })
}

/// Takes a safe proposal that nobody has looked at, as the clock does; `false` if somebody must look at it first: then
/// it waits, and the audit trail says so once.
///
/// # Errors
/// [`ApplyError`].
pub(super) async fn apply_if_safe(
    db: &mut AnyConnection,
    stored: StoredSaml,
    proposal: &Proposal,
    now: DateTime<Utc>,
) -> Result<bool, ApplyError> {
    let judgement = proposal.judge(&stored, now)?;
    if judgement.is_nothing() {
        return Ok(true);
    }
    if judgement.is_safe() {
        let verdict = trust_change(&stored.connection, &proposal.trust(), now)?;
        let (connection, event) = verdict.apply(&stored.connection, &Actor::System, now)?;
        put(db, connection, &proposal.idp).await?;
        people::audit(db, &[event.with_change("from", None, Some("url".to_owned()))]).await?;
        return Ok(true);
    }
    let (tenant, id) = (&stored.connection.tenant, &stored.connection.id);
    let known = rows::staged(db, tenant, id).await?.map(|staged| staged.digest);
    let staged = stage(db, &stored.connection, proposal.clone(), now).await?;
    if known != Some(staged.digest) {
        let target = Target::Connection(id.clone());
        let event = AuditEvent::done(tenant, now, Actor::System, Action::TrustChanged, target);
        let held = Outcome::Held("trust.needs_approval".to_owned());
        people::audit(db, &[event.with_outcome(held)]).await?;
    }
    Ok(false)
}

/// Lets a proposal wait for an admin's answer.
///
/// # Errors
/// [`ApplyError`].
pub async fn stage(
    db: &mut AnyConnection,
    connection: &SamlConnection,
    proposal: Proposal,
    now: DateTime<Utc>,
) -> Result<Staged, ApplyError> {
    let staged = Staged { digest: proposal.digest()?, proposal, staged_at: now };
    rows::put_staged(db, &connection.tenant, &connection.id, &staged).await?;
    Ok(staged)
}

/// Adds a signing certificate by hand, beside those that there are: the next one of a roll-over.
///
/// # Errors
/// [`ApplyError`].
pub async fn add_certificate(
    db: &mut AnyConnection,
    stored: StoredSaml,
    pem: &str,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Applied, ApplyError> {
    let old = stored.provider().ok_or(ApplyError::NoProvider)?;
    let key = VerificationKey::parse(pem.trim()).map_err(ProposalError::Certificate)?;
    let mut keys = old.signing_keys().to_vec();
    if keys.contains(&key) {
        return Err(ApplyError::KeyKnown);
    }
    if keys.len() >= MOST_KEYS {
        return Err(ApplyError::TooManyKeys);
    }
    keys.push(key);
    let idp = old.with_signing_keys(keys).map_err(ProposalError::EntityId)?;
    let verdict = trust_change(&stored.connection, &crate::trust::proposal(&idp), now)?;
    let (connection, event) = verdict.approve(&stored.connection, rights, by, now)?;
    put(db, connection.clone(), &idp).await?;
    people::audit(db, &[event.with_change("from", None, Some(Origin::Hand.name().to_owned()))]).await?;
    Ok(Applied { connection, links_wait: false })
}

/// Takes a key away, by the fingerprint of its public key; it never verifies again.
///
/// # Errors
/// [`ApplyError`].
pub async fn remove_key(
    db: &mut AnyConnection,
    stored: StoredSaml,
    fingerprint: &str,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<SamlConnection, ApplyError> {
    let old = stored.provider().ok_or(ApplyError::NoProvider)?;
    let (connection, event) = retire_key(&stored.connection, fingerprint, rights, by, now)?;
    let keys = old.signing_keys().iter().filter(|key| key.public_key_fingerprint() != fingerprint);
    let keys = keys.cloned().collect();
    let idp = old.with_signing_keys(keys).map_err(|_| TrustError::LastKey)?;
    put(db, connection.clone(), &idp).await?;
    people::audit(db, &[event]).await?;
    Ok(connection)
}

/// Confirms every link of a connection: the provider that it trusts now means the same people by the same names.
///
/// # Errors
/// [`ApplyError`].
pub async fn confirm_links(
    db: &mut AnyConnection,
    connection: &SamlConnection,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<usize, ApplyError> {
    let mut count = 0_usize;
    for link in people::links_through(db, &connection.tenant, &connection.id).await? {
        if link.generation == connection.generation && link.entity_id == connection.idp_entity_id {
            continue;
        }
        let (link, event) = confirm_link(connection, &link, rights, by, now)?;
        people::put_link(db, &link).await?;
        people::audit(db, &[event]).await?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The first provider of a connection: there are no links yet that could be untied.
fn first(
    draft: &SamlConnection,
    proposal: &Proposal,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(SamlConnection, AuditEvent), ApplyError> {
    let right = Right::Trust(draft.id.clone());
    rights.require(&draft.tenant, &right).map_err(TrustError::Right)?;
    let trust = proposal.trust();
    let mut connection = draft.clone();
    connection.idp_entity_id.clone_from(&trust.entity_id);
    connection.sso_origins.clone_from(&trust.sso_origins);
    connection.trust = super::proposal::staged_keys(&trust, now);
    if connection.state == ConnectionState::Draft {
        connection.state = ConnectionState::Testing;
    }
    let target = Target::Connection(draft.id.clone());
    let event = AuditEvent::done(&draft.tenant, now, by.clone(), Action::TrustChanged, target)
        .with_change("idp_entity_id", None, Some(trust.entity_id))
        .with_change("keys", None, Some(connection.verifying_keys().collect::<Vec<_>>().join(", ")));
    Ok((connection, event))
}

async fn put(
    db: &mut AnyConnection,
    connection: SamlConnection,
    idp: &IdentityProvider,
) -> Result<(), ApplyError> {
    let idp: Value = serde_json::to_value(idp).map_err(|_| ProposalError::Form)?;
    tenants::put_saml(db, &StoredSaml { connection, idp }).await?;
    Ok(())
}

/// Metadata that came from an address is read again from there; any other stays as it is until somebody changes it.
async fn follow(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    proposal: &Proposal,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    match &proposal.origin {
        Origin::Url(url) => {
            let source = Source {
                tenant: tenant.clone(),
                connection: connection.clone(),
                url: url.clone(),
                due_at: now.checked_add_signed(FIRST_READ_AGAIN).unwrap_or(now),
                status: SourceStatus { read_at: Some(now), ..SourceStatus::default() },
            };
            rows::put_source(db, &source).await
        }
        Origin::File | Origin::Paste => rows::remove_source(db, tenant, connection).await,
        Origin::Hand => Ok(()),
    }
}

/// Why a proposal was not taken.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The certificate is there already.
    #[error("this certificate is there already")]
    KeyKnown,
    /// There is no provider yet to add to.
    #[error("give the identity provider's metadata first")]
    NoProvider,
    /// What is proposed.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More keys than any provider has.
    #[error("there are {MOST_KEYS} certificates already; remove one first")]
    TooManyKeys,
    /// The rules of trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl ApplyError {
    /// Stable identifier for logs, metrics and pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyKnown => "trust.key_known",
            Self::NoProvider => "trust.no_provider",
            Self::Proposal(error) => error.code(),
            Self::Store(_) => "store.failed",
            Self::TooManyKeys => "trust.too_many_keys",
            Self::Trust(error) => error.code(),
        }
    }
}

/// A current and a next certificate, and a few that were forgotten.
const MOST_KEYS: usize = 8;
/// A day: a key is published days before it signs.
const FIRST_READ_AGAIN: TimeDelta = TimeDelta::hours(24);
