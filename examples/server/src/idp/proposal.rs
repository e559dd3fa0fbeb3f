//! An identity provider as somebody proposes it, and what trusting it would change.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use saml_sp::{
    ChangeVerdict, ConfigError, IdentityProvider, MetadataChange, MetadataDiff, MetadataError,
    MetadataNotice, MetadataOptions, Service, VerificationKey,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenant_model::{
    KeyState, SamlConnection, TrustError, TrustProposal, TrustReason, TrustedKey, trust_change,
};

use crate::keys::hex;
use crate::store::tenants::StoredSaml;
use crate::trust;

/// An identity provider as somebody proposes it: read whole, and trusted by nobody yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The identity provider.
    pub idp: IdentityProvider,
    /// Where it comes from.
    pub origin: Origin,
    /// What was unusual in its metadata, in words.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// Where a proposal comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Metadata in a file, or over the API.
    File,
    /// A change by hand to what is stored.
    Hand,
    /// Metadata that was pasted.
    Paste,
    /// Metadata at this address; it is read again from there.
    Url(String),
}

impl Origin {
    /// In a word, for the audit trail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Hand => "hand",
            Self::Paste => "paste",
            Self::Url(_) => "url",
        }
    }
}

impl Proposal {
    /// Reads metadata; `entity_id` picks one of several providers, and refuses any other.
    ///
    /// # Errors
    /// [`ProposalError`].
    pub fn read(
        xml: &[u8],
        entity_id: Option<&str>,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Self, ProposalError> {
        let mut options = MetadataOptions::default();
        options.entity_id = entity_id.map(str::parse).transpose()?;
        let read = options.read(xml, now)?;
        let notices = read.notices.iter().map(notice).collect();
        Ok(Self { idp: read.idp, origin, notices })
    }

    /// What tells this proposal from every other: an admin applies the one that they saw. Until when it is valid does not
    /// count: many providers move that on whenever they are asked.
    ///
    /// # Errors
    /// [`ProposalError::Form`] never in practice: what was read can be written.
    pub fn digest(&self) -> Result<String, ProposalError> {
        let idp = self.idp.clone().with_valid_until(None).with_cache_duration(None);
        let text = serde_json::to_vec(&Self { idp, ..self.clone() }).map_err(|_| ProposalError::Form)?;
        Ok(hex(&Sha256::digest(&text)))
    }

    /// The proposal in the plain values that `tenant-model` decides by.
    #[must_use]
    pub fn trust(&self) -> TrustProposal {
        trust::proposal(&self.idp)
    }

    /// The proposal without keys that an admin took away by hand; `None` if none would be left.
    #[must_use]
    pub fn without_keys(&self, gone: &BTreeSet<String>) -> Option<Self> {
        let keys: Vec<VerificationKey> = self
            .idp
            .signing_keys()
            .iter()
            .filter(|key| !gone.contains(&key.public_key_fingerprint()))
            .cloned()
            .collect();
        let idp = self.idp.clone().with_signing_keys(keys).ok()?;
        Some(Self { idp, ..self.clone() })
    }

    /// What the proposal would change at a connection.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn judge(&self, stored: &StoredSaml, now: DateTime<Utc>) -> Result<Judgement, TrustError> {
        let verdict = trust_change(&stored.connection, &self.trust(), now)?;
        let diff = stored.provider().map(|old| MetadataDiff::between(&old, &self.idp));
        Ok(Judgement { reasons: verdict.reasons, added: verdict.added, dropped: verdict.dropped, diff })
    }
}

/// What a proposal would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why people's links must be confirmed again; empty if they need not.
    pub reasons: BTreeSet<TrustReason>,
    /// Keys that come, by fingerprint of the public key.
    pub added: Vec<String>,
    /// Keys that go.
    pub dropped: Vec<String>,
    /// Everything that changes; `None` if nothing is stored yet.
    pub diff: Option<MetadataDiff>,
}

impl Judgement {
    /// Whether nobody needs to look at it: what was trusted before vouches for it.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.reasons.is_empty()
            && self.diff.as_ref().is_some_and(|diff| diff.verdict() == ChangeVerdict::Safe)
    }

    /// Whether nothing changes at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.diff.as_ref().is_some_and(MetadataDiff::is_empty) && self.reasons.is_empty()
    }

    /// Each change in a sentence, and whether an admin must look at it.
    #[must_use]
    pub fn sentences(&self) -> Vec<(String, bool)> {
        let changes = self.diff.as_ref().map(MetadataDiff::changes).unwrap_or_default();
        let asks = |change: &MetadataChange| change.verdict() == ChangeVerdict::NeedsApproval;
        changes.iter().map(|change| (sentence(change), asks(change))).collect()
    }
}

/// Why something cannot be proposed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// The certificate typed in by hand.
    #[error("this certificate cannot be used: {0}")]
    Certificate(saml_sp::KeyError),
    /// The entity id asked for is none.
    #[error("the entity id is none: {0}")]
    EntityId(#[from] ConfigError),
    /// It cannot be stored.
    #[error("the metadata cannot be stored")]
    Form,
    /// The metadata.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl ProposalError {
    /// Stable identifier for logs, metrics and pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(error) => error.code(),
            Self::EntityId(error) => error.code(),
            Self::Form => "metadata.form",
            Self::Metadata(error) => error.code(),
        }
    }

    /// What an admin should do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Certificate(_) => {
                "paste one X.509 signing certificate in PEM form, from BEGIN CERTIFICATE to END CERTIFICATE"
            }
            Self::Metadata(MetadataError::NoIdentityProvider { is_service_provider: true }) => {
                "this is the metadata of a service provider, probably ours; download that of your identity provider"
            }
            Self::Metadata(MetadataError::Expired { .. }) => {
                "download the metadata from your identity provider again; it says itself until when it may be used"
            }
            Self::Metadata(MetadataError::Several { .. } | MetadataError::NotFound) => {
                "give the entity id of your own identity provider, exactly as the metadata writes it"
            }
            Self::Metadata(MetadataError::Config(ConfigError::NoSigningKey)) => {
                "the metadata names no signing certificate; choose one at your identity provider and download again"
            }
            Self::EntityId(_) | Self::Form | Self::Metadata(_) => {
                "download the metadata XML from your identity provider and give it unchanged"
            }
        }
    }
}

impl StoredSaml {
    /// The stored identity provider; `None` while there is none.
    #[must_use]
    pub fn provider(&self) -> Option<IdentityProvider> {
        serde_json::from_value(self.idp.clone()).ok()
    }
}

/// The keys of a first provider: none has verified a login yet.
pub(super) fn staged_keys(trust: &TrustProposal, now: DateTime<Utc>) -> Vec<TrustedKey> {
    let staged = |(fingerprint, not_after): &(String, Option<DateTime<Utc>>)| TrustedKey {
        fingerprint: fingerprint.clone(),
        not_after: *not_after,
        state: KeyState::Staged { since: now },
        last_verified: None,
    };
    trust.keys.iter().map(staged).collect()
}

/// The keys that an admin, or a roll-over, took away.
pub(super) fn retired(connection: &SamlConnection) -> BTreeSet<String> {
    let usable: BTreeSet<&str> = connection.verifying_keys().collect();
    let gone = connection.trust.iter().filter(|key| !usable.contains(key.fingerprint.as_str()));
    gone.map(|key| key.fingerprint.clone()).collect()
}

fn notice(notice: &MetadataNotice) -> String {
    match notice {
        MetadataNotice::CacheDuration { found } => {
            format!("its cacheDuration {found:?} is no duration and is left out")
        }
        MetadataNotice::KeySkipped(error) => format!("a signing key is left out: {error}"),
        MetadataNotice::OpenEnded => "it does not say until when it is valid".to_owned(),
        other => format!("{other:?}"),
    }
}

fn sentence(change: &MetadataChange) -> String {
    let service = |service: &Service| if *service == Service::Logout { "sign-out" } else { "sign-on" };
    match change {
        MetadataChange::EntityId { old, new } => {
            format!("The entity id changes from {} to {}", old.as_str(), new.as_str())
        }
        MetadataChange::KeyAdded { fingerprint } => {
            format!("A signing key is added beside a known one ({})", short(fingerprint))
        }
        MetadataChange::KeyReissued { new, .. } => {
            format!("A certificate is renewed for a key that is known ({})", short(new))
        }
        MetadataChange::KeyRemoved { fingerprint } => {
            format!("A signing key goes, a known one stays ({})", short(fingerprint))
        }
        MetadataChange::KeysReplaced { .. } => "All signing keys are replaced by unknown ones".to_owned(),
        MetadataChange::EndpointAdded { service: of, endpoint, is_new_host } => {
            let new = if *is_new_host { ", at a host that is new" } else { "" };
            format!("A {} address is added{new}: {}", service(of), endpoint.location.as_str())
        }
        MetadataChange::EndpointRemoved { service: of, endpoint } => {
            format!("A {} address goes: {}", service(of), endpoint.location.as_str())
        }
        MetadataChange::ValidityExtended { new: Some(new), .. } => {
            format!("It is valid for longer, until {}", new.format("%Y-%m-%d %H:%M UTC"))
        }
        MetadataChange::ValidityExtended { .. } => "It is now valid without end".to_owned(),
        MetadataChange::ValidityShrunk { new, .. } => {
            format!("It is valid for less long, until {}", new.format("%Y-%m-%d %H:%M UTC"))
        }
        MetadataChange::SignedRequests { wanted: true } => "It now wants signed requests".to_owned(),
        MetadataChange::SignedRequests { .. } => "It no longer wants signed requests".to_owned(),
        MetadataChange::ScopeAdded(scope) => format!("It claims a further domain: {}", scope.value),
        MetadataChange::ScopeRemoved(scope) => format!("It no longer claims the domain {}", scope.value),
        MetadataChange::Detail { what } => format!("Changed, without bearing on trust: {what}"),
        other => format!("{other:?}"),
    }
}

/// Enough of a fingerprint to compare by eye.
#[must_use]
pub fn short(fingerprint: &str) -> String {
    fingerprint.chars().take(16).collect()
}
