//! What a login connection trusts, and what a change of it means (TEN-10).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::{Action, AuditEvent, Target};
use crate::connection::SamlConnection;
use crate::ids::PersonId;
use crate::person::{Actor, Link};
use crate::rights::{Right, RightMissing, Rights};

/// A signing key of an identity provider, as far as the rules need it; the key itself is with the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// What tells it from others, e.g. the SHA-256 of its public key. Always made in the same way.
    pub fingerprint: String,
    /// When its certificate ends, if it has one. It is reminded of, and decides nothing.
    #[serde(default)]
    pub not_after: Option<DateTime<Utc>>,
    /// Whether it is in use.
    pub state: KeyState,
    /// When a login was last verified with it.
    #[serde(default)]
    pub last_verified: Option<DateTime<Utc>>,
}

/// Whether a key is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Verifies.
    Active,
    /// Never verifies again.
    Retired {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Verifies too; no login has used it yet.
    Staged {
        /// Since when.
        since: DateTime<Utc>,
    },
}

/// What an identity provider shall be trusted by: read from metadata or typed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustProposal {
    /// Its entity id.
    pub entity_id: String,
    /// Scheme, host and port of its sign-on endpoints.
    pub sso_origins: BTreeSet<String>,
    /// Fingerprints of its signing keys, each with the end of its certificate.
    pub keys: Vec<(String, Option<DateTime<Utc>>)>,
}

/// What a proposal means for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustVerdict {
    /// Why someone must approve it; empty if it is safe: keys and endpoints beside those that stay.
    pub reasons: BTreeSet<TrustReason>,
    /// The keys that it adds.
    pub added: Vec<String>,
    /// The keys that it leaves out.
    pub dropped: Vec<String>,
    after: SamlConnection,
    version: SamlConnection,
}

/// Why a change of trust must be approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustReason {
    /// Another entity id.
    EntityId,
    /// No key stays that has proved itself: none of those that a login was verified with or, if there was no login
    /// yet, none at all.
    KeysReplaced,
    /// Another host asks people for their password.
    SsoOrigin,
}

/// Why trust was not changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The connection has changed since the verdict.
    #[error("the connection has changed since; look at the change again")]
    Changed,
    /// The last key that verifies would be retired.
    #[error("this is the last key in use; add another first")]
    LastKey,
    /// It must be approved.
    #[error("this changes who is trusted and must be approved")]
    NeedsApproval,
    /// No such key.
    #[error("the connection has no such key in use")]
    NoSuchKey,
    /// Nothing to trust.
    #[error("no signing key is given")]
    NoKey,
    /// The right is missing.
    #[error(transparent)]
    Right(RightMissing),
}

impl TrustError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed => "trust.changed",
            Self::LastKey => "trust.last_key",
            Self::NeedsApproval => "trust.needs_approval",
            Self::NoSuchKey => "trust.no_such_key",
            Self::NoKey => "trust.no_key",
            Self::Right(missing) => missing.code(),
        }
    }
}

/// Judges what an identity provider shall be trusted by, e.g. after its metadata was fetched anew.
///
/// # Errors
/// [`TrustError::NoKey`]: a provider without a key is not trusted.
pub fn trust_change(
    connection: &SamlConnection,
    new: &TrustProposal,
    now: DateTime<Utc>,
) -> Result<TrustVerdict, TrustError> {
    if new.keys.is_empty() {
        return Err(TrustError::NoKey);
    }
    let fingerprints: BTreeSet<&str> = new.keys.iter().map(|(print, _)| print.as_str()).collect();
    let usable = |key: &&TrustedKey| !matches!(key.state, KeyState::Retired { .. });
    let current: Vec<_> = connection.trust.iter().filter(usable).collect();
    let proved = current.iter().any(|key| key.last_verified.is_some());
    let stays = |key: &&&TrustedKey| fingerprints.contains(key.fingerprint.as_str());
    let mut reasons = BTreeSet::new();
    if new.entity_id != connection.idp_entity_id {
        reasons.insert(TrustReason::EntityId);
    }
    // Someone who adds a key and takes the old one away in a second step has replaced it all the same.
    if !current.iter().filter(stays).any(|key| key.last_verified.is_some() || !proved) {
        reasons.insert(TrustReason::KeysReplaced);
    }
    if !new.sso_origins.is_subset(&connection.sso_origins) {
        reasons.insert(TrustReason::SsoOrigin);
    }
    let known = |print: &str| current.iter().any(|key| key.fingerprint == print);
    let mut after = connection.clone();
    new.entity_id.clone_into(&mut after.idp_entity_id);
    after.sso_origins.clone_from(&new.sso_origins);
    after.trust = connection.trust.iter().map(|key| kept(key, &fingerprints, now)).collect();
    let mut added = Vec::new();
    for (print, not_after) in &new.keys {
        if known(print) || added.contains(print) {
            continue;
        }
        added.push(print.clone());
        after.trust.retain(|key| key.fingerprint != *print);
        let state = KeyState::Staged { since: now };
        let key =
            TrustedKey { fingerprint: print.clone(), not_after: *not_after, state, last_verified: None };
        after.trust.push(key);
    }
    let gone = current.iter().filter(|key| !fingerprints.contains(key.fingerprint.as_str()));
    let dropped = gone.map(|key| key.fingerprint.clone()).collect();
    Ok(TrustVerdict { reasons, added, dropped, after, version: connection.clone() })
}

impl TrustVerdict {
    /// Whether nobody has to approve it.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The connection after a safe change, e.g. for metadata that is fetched by the clock.
    ///
    /// # Errors
    /// [`TrustError::NeedsApproval`]; [`TrustError::Changed`] if `stored` is not the connection that was judged.
    pub fn apply(
        self,
        stored: &SamlConnection,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<(SamlConnection, AuditEvent), TrustError> {
        if !self.is_safe() {
            return Err(TrustError::NeedsApproval);
        }
        self.settle(stored, by, now)
    }

    /// The connection after an approved change. Its generation grows if the change was not a safe one: who has a link
    /// is then refused until someone confirms it.
    ///
    /// # Errors
    /// [`TrustError::Right`] unless the approver has [`Right::Trust`] on this connection of this tenant;
    /// [`TrustError::Changed`].
    pub fn approve(
        mut self,
        stored: &SamlConnection,
        rights: &Rights,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<(SamlConnection, AuditEvent), TrustError> {
        let right = Right::Trust(stored.id.clone());
        rights.require(&stored.tenant, &right).map_err(TrustError::Right)?;
        if !self.is_safe() {
            self.after.raise_generation();
        }
        self.settle(stored, by, now)
    }

    fn settle(
        self,
        stored: &SamlConnection,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<(SamlConnection, AuditEvent), TrustError> {
        // A login may have come in between; that is no other trust.
        let plain = |c: &SamlConnection| SamlConnection { last_login: None, ..c.clone() };
        if plain(stored) != plain(&self.version) {
            return Err(TrustError::Changed);
        }
        let (was, is) = (stored, &self.after);
        let prints = |c: &SamlConnection| c.verifying_keys().collect::<Vec<_>>().join(", ");
        let event = event(stored, by, now)
            .with_change("idp_entity_id", Some(was.idp_entity_id.clone()), Some(is.idp_entity_id.clone()))
            .with_change("keys", Some(prints(was)), Some(prints(is)))
            .with_change("generation", Some(was.generation.0.to_string()), Some(is.generation.0.to_string()));
        Ok((SamlConnection { last_login: stored.last_login, ..self.after }, event))
    }
}

impl SamlConnection {
    /// The fingerprints of the keys that may verify a login now: a retired one never does.
    pub fn verifying_keys(&self) -> impl Iterator<Item = &str> {
        let usable = |key: &&TrustedKey| !matches!(key.state, KeyState::Retired { .. });
        self.trust.iter().filter(usable).map(|key| key.fingerprint.as_str())
    }

    /// Notes that a login was verified with a key; a staged one has then proved itself and is active.
    ///
    /// Returns whether there is anything to store: once an hour is often enough.
    pub fn note_verified(&mut self, fingerprint: &str, now: DateTime<Utc>) -> bool {
        let usable = |key: &&mut TrustedKey| {
            key.fingerprint == fingerprint && !matches!(key.state, KeyState::Retired { .. })
        };
        let Some(key) = self.trust.iter_mut().find(usable) else { return false };
        let recent = key.last_verified.is_some_and(|at| now.signed_duration_since(at).num_hours() < 1);
        if recent && key.state == KeyState::Active {
            return false;
        }
        key.state = KeyState::Active;
        key.last_verified = Some(now);
        true
    }
}

/// Retires a key, e.g. the old one after a roll-over.
///
/// # Errors
/// [`TrustError::Right`], [`TrustError::NoSuchKey`], [`TrustError::LastKey`]; and [`TrustError::NeedsApproval`] if no
/// other key has proved itself: then propose the new set and have it approved.
pub fn retire_key(
    connection: &SamlConnection,
    fingerprint: &str,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(SamlConnection, AuditEvent), TrustError> {
    let right = Right::Trust(connection.id.clone());
    rights.require(&connection.tenant, &right).map_err(TrustError::Right)?;
    if !connection.verifying_keys().any(|print| print == fingerprint) {
        return Err(TrustError::NoSuchKey);
    }
    let usable =
        |key: &&TrustedKey| key.fingerprint != fingerprint && !matches!(key.state, KeyState::Retired { .. });
    let keys: Vec<_> =
        connection.trust.iter().filter(usable).map(|key| (key.fingerprint.clone(), key.not_after)).collect();
    if keys.is_empty() {
        return Err(TrustError::LastKey);
    }
    let new = TrustProposal {
        entity_id: connection.idp_entity_id.clone(),
        sso_origins: connection.sso_origins.clone(),
        keys,
    };
    trust_change(connection, &new, now)?.apply(connection, by, now)
}

/// Confirms a link after the connection's trust had changed: the provider still means the same person by the name.
///
/// # Errors
/// [`TrustError::Right`]; [`TrustError::Changed`] if the link is not one of this connection.
pub fn confirm_link(
    connection: &SamlConnection,
    link: &Link,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(Link, AuditEvent), TrustError> {
    let right = Right::Trust(connection.id.clone());
    rights.require(&connection.tenant, &right).map_err(TrustError::Right)?;
    if link.tenant != connection.tenant || link.connection != connection.id {
        return Err(TrustError::Changed);
    }
    let mut after = link.clone();
    after.generation = connection.generation;
    after.entity_id.clone_from(&connection.idp_entity_id);
    let person: PersonId = link.person.clone();
    let event =
        AuditEvent::done(&link.tenant, now, by.clone(), Action::LinkConfirmed, Target::Person(person));
    Ok((after, event))
}

fn kept(key: &TrustedKey, fingerprints: &BTreeSet<&str>, now: DateTime<Utc>) -> TrustedKey {
    let mut key = key.clone();
    if !fingerprints.contains(key.fingerprint.as_str()) && !matches!(key.state, KeyState::Retired { .. }) {
        key.state = KeyState::Retired { at: now };
    }
    key
}

fn event(connection: &SamlConnection, by: &Actor, now: DateTime<Utc>) -> AuditEvent {
    let target = Target::Connection(connection.id.clone());
    AuditEvent::done(&connection.tenant, now, by.clone(), Action::TrustChanged, target)
}

#[cfg(test)]
mod tests;
