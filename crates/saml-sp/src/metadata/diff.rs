//! What changed between two states of an identity provider, and who has to look at it (MD-10).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{Endpoint, EndpointUrl, EntityId, IdentityProvider, IndexedEndpoint, Scope, VerificationKey};

/// What newer metadata changes in a stored identity provider, each change with a verdict (MD-10).
///
/// # Security
/// *Safe* means that a metadata document that is trusted may do it on its own, as in the rollover of a key. Apply even safe
/// changes by themselves only if the document came by a way that is trusted: a signature with a pinned key, or TLS from an
/// address that an admin named.
///
/// ```
/// use saml_sp::{ChangeVerdict, IdentityProvider, MetadataDiff};
///
/// let metadata = include_bytes!("../../../../testdata/saml/captures/ssp/idp-metadata.xml");
/// let stored = IdentityProvider::from_metadata(metadata)?;
/// let elsewhere = String::from_utf8_lossy(metadata).replace("http://127.0.0.1:21110/saml2/idp/SSO", "https://evil.example/SSO");
/// let fresh = IdentityProvider::from_metadata(elsewhere.as_bytes())?;
/// assert_eq!(MetadataDiff::between(&stored, &fresh).verdict(), ChangeVerdict::NeedsApproval);
/// assert!(MetadataDiff::between(&stored, &stored).is_empty());
/// # Ok::<(), saml_sp::MetadataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataDiff {
    changes: Vec<MetadataChange>,
}

impl MetadataDiff {
    /// Compares what is stored with what was read now.
    #[must_use]
    pub fn between(old: &IdentityProvider, new: &IdentityProvider) -> Self {
        let mut changes = Vec::new();
        if old.entity_id() != new.entity_id() {
            let (old, new) = (old.entity_id().clone(), new.entity_id().clone());
            changes.push(MetadataChange::EntityId { old, new });
        }
        keys(old.signing_keys(), new.signing_keys(), &mut changes);
        let (artifacts_before, artifacts_after) = (artifact_endpoints(old), artifact_endpoints(new));
        let services = [
            (Service::SignOn, old.single_sign_on_services(), new.single_sign_on_services()),
            (Service::Logout, old.single_logout_services(), new.single_logout_services()),
            (Service::ArtifactResolution, artifacts_before.as_slice(), artifacts_after.as_slice()),
        ];
        for (service, before, after) in services {
            endpoints(service, before, after, &known_origins(old), &mut changes);
        }
        validity(old.valid_until(), new.valid_until(), &mut changes);
        let wanted = new.want_authn_requests_signed();
        if old.want_authn_requests_signed() != wanted {
            changes.push(MetadataChange::SignedRequests { wanted });
        }
        scopes(old, new, &mut changes);
        let details = [
            ("algorithms", old.algorithms() != new.algorithms()),
            ("artifact indexes", artifact_indexes(old) != artifact_indexes(new)),
            ("cache duration", old.cache_duration() != new.cache_duration()),
            ("display", old.display() != new.display()),
            ("encryption certificates", old.encryption_certificates() != new.encryption_certificates()),
            ("entity attributes", old.entity_attributes() != new.entity_attributes()),
            ("error address", old.error_url() != new.error_url()),
            ("name identifier formats", old.name_id_formats() != new.name_id_formats()),
            ("registration", old.registration() != new.registration()),
        ];
        changes.extend(
            details
                .into_iter()
                .filter(|(_, changed)| *changed)
                .map(|(what, _)| MetadataChange::Detail { what }),
        );
        Self { changes }
    }

    /// Gives the changes: names, keys, addresses, validity, then the rest.
    #[must_use]
    pub fn changes(&self) -> &[MetadataChange] {
        &self.changes
    }

    /// Tells whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Gives the gravest verdict of all; *safe* if nothing changed.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        self.changes.iter().map(MetadataChange::verdict).max().unwrap_or(ChangeVerdict::Safe)
    }
}

/// Who has to look at a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeVerdict {
    /// Nobody: what was trusted before vouches for it.
    Safe,
    /// An admin: it moves the trust, or people, elsewhere.
    NeedsApproval,
}

/// One change of an identity provider.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataChange {
    /// It has another name: all accounts are keyed by the old one.
    EntityId {
        /// The name that is stored.
        old: EntityId,
        /// The name that was read.
        new: EntityId,
    },
    /// A key was added beside one that is known: a rollover began. The known key keeps verifying.
    KeyAdded {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The same key came in another certificate, usually one that was renewed.
    KeyReissued {
        /// The fingerprint that is stored.
        old: String,
        /// The fingerprint that was read.
        new: String,
    },
    /// A key is gone and another that is known stays: a rollover ended.
    KeyRemoved {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// No key that is known is left: whoever made the new ones now speaks for the identity provider.
    KeysReplaced {
        /// The fingerprints that are gone.
        old: Vec<String>,
        /// The fingerprints in their place.
        new: Vec<String>,
    },
    /// An endpoint was added.
    EndpointAdded {
        /// What it is for.
        service: Service,
        /// The endpoint.
        endpoint: Endpoint,
        /// Whether scheme, host and port are ones that people weren't sent to before.
        is_new_host: bool,
    },
    /// An endpoint is gone.
    EndpointRemoved {
        /// What it was for.
        service: Service,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The metadata is valid for longer than before.
    ValidityExtended {
        /// The end that is stored.
        old: DateTime<Utc>,
        /// The end that was read; `None` means without end.
        new: Option<DateTime<Utc>>,
    },
    /// The metadata is valid for less long than before: logins will stop earlier.
    ValidityShrunk {
        /// The end that is stored; `None` means without end.
        old: Option<DateTime<Utc>>,
        /// The end that was read.
        new: DateTime<Utc>,
    },
    /// It began or ceased to want signed AuthnRequests.
    SignedRequests {
        /// Whether it wants them now.
        wanted: bool,
    },
    /// It claims a domain that it didn't claim.
    ScopeAdded(Scope),
    /// It no longer claims a domain.
    ScopeRemoved(Scope),
    /// Something changed on which no trust rests.
    Detail {
        /// What: `display`, `error address` and the like.
        what: &'static str,
    },
}

impl MetadataChange {
    /// Gives who has to look at it.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        match self {
            Self::EntityId { .. }
            | Self::KeysReplaced { .. }
            | Self::EndpointAdded { is_new_host: true, .. }
            | Self::ScopeAdded(_)
            | Self::ValidityShrunk { .. } => ChangeVerdict::NeedsApproval,
            Self::Detail { .. }
            | Self::EndpointAdded { is_new_host: false, .. }
            | Self::EndpointRemoved { .. }
            | Self::KeyAdded { .. }
            | Self::KeyReissued { .. }
            | Self::KeyRemoved { .. }
            | Self::ScopeRemoved(_)
            | Self::SignedRequests { .. }
            | Self::ValidityExtended { .. } => ChangeVerdict::Safe,
        }
    }
}

/// What an endpoint is for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Exchanging artifacts for messages.
    ArtifactResolution,
    /// Single logout.
    Logout,
    /// Single sign-on.
    SignOn,
}

fn keys(old: &[VerificationKey], new: &[VerificationKey], changes: &mut Vec<MetadataChange>) {
    let same = |one: &VerificationKey, other: &VerificationKey| one.pkey().public_eq(other.pkey());
    let fingerprints = |keys: &[VerificationKey]| keys.iter().map(VerificationKey::fingerprint).collect();
    if !old.iter().any(|known| new.iter().any(|key| same(known, key))) {
        changes.push(MetadataChange::KeysReplaced { old: fingerprints(old), new: fingerprints(new) });
        return;
    }
    for key in new.iter().filter(|key| !old.contains(key)) {
        let fingerprint = key.fingerprint();
        changes.push(match old.iter().find(|known| same(known, key)) {
            Some(known) => MetadataChange::KeyReissued { old: known.fingerprint(), new: fingerprint },
            None => MetadataChange::KeyAdded { fingerprint },
        });
    }
    for gone in old.iter().filter(|known| !new.iter().any(|key| same(known, key))) {
        changes.push(MetadataChange::KeyRemoved { fingerprint: gone.fingerprint() });
    }
}

/// Scheme, host and port of every address that people or artifacts are sent to.
fn known_origins(idp: &IdentityProvider) -> BTreeSet<String> {
    let all = idp.single_sign_on_services().iter().chain(idp.single_logout_services());
    let artifacts = idp.artifact_resolution_services().iter().map(|one| origin(&one.location));
    all.flat_map(addresses).map(origin).chain(artifacts).collect()
}

/// Where artifacts are exchanged, whatever the index.
fn artifact_endpoints(idp: &IdentityProvider) -> Vec<Endpoint> {
    let endpoint = |one: &IndexedEndpoint| Endpoint::new(one.binding, one.location.clone());
    idp.artifact_resolution_services().iter().map(endpoint).collect()
}

/// Which of the endpoints that artifacts name by index is where: nobody new hears of an artifact if only that changes.
fn artifact_indexes(idp: &IdentityProvider) -> BTreeSet<(u16, &EndpointUrl)> {
    idp.artifact_resolution_services().iter().map(|one| (one.index, &one.location)).collect()
}

fn addresses(endpoint: &Endpoint) -> impl Iterator<Item = &EndpointUrl> {
    std::iter::once(&endpoint.location).chain(&endpoint.response_location)
}

fn origin(url: &EndpointUrl) -> String {
    url.origin().to_ascii_lowercase()
}

fn endpoints(
    service: Service,
    old: &[Endpoint],
    new: &[Endpoint],
    known: &BTreeSet<String>,
    changes: &mut Vec<MetadataChange>,
) {
    for endpoint in new.iter().filter(|endpoint| !old.contains(endpoint)) {
        let is_new_host = addresses(endpoint).any(|url| !known.contains(&origin(url)));
        changes.push(MetadataChange::EndpointAdded { service, endpoint: endpoint.clone(), is_new_host });
    }
    for endpoint in old.iter().filter(|endpoint| !new.contains(endpoint)) {
        changes.push(MetadataChange::EndpointRemoved { service, endpoint: endpoint.clone() });
    }
}

fn validity(old: Option<DateTime<Utc>>, new: Option<DateTime<Utc>>, changes: &mut Vec<MetadataChange>) {
    match (old, new) {
        (None, Some(new)) => changes.push(MetadataChange::ValidityShrunk { old: None, new }),
        (Some(before), Some(new)) if new < before => {
            changes.push(MetadataChange::ValidityShrunk { old, new });
        }
        (Some(before), None) => changes.push(MetadataChange::ValidityExtended { old: before, new }),
        (Some(before), Some(after)) if after > before => {
            changes.push(MetadataChange::ValidityExtended { old: before, new });
        }
        _ => {}
    }
}

/// Only what is vouched for counts: claims of its own may change at will.
fn scopes(old: &IdentityProvider, new: &IdentityProvider, changes: &mut Vec<MetadataChange>) {
    let (before, after) = (old.vouched_scopes(), new.vouched_scopes());
    let added = after.iter().filter(|scope| !before.contains(scope));
    changes.extend(added.cloned().map(MetadataChange::ScopeAdded));
    let removed = before.iter().filter(|scope| !after.contains(scope));
    changes.extend(removed.cloned().map(MetadataChange::ScopeRemoved));
}
