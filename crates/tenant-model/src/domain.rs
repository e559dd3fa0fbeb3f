//! Proof that a tenant owns a mail domain: a record in the domain's DNS (TEN-08).

use std::fmt;

use chrono::{DateTime, Utc};
use psl::Psl as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::audit::{Action, AuditEvent, Target};
use crate::ids::{Domain, IdError, TenantId};
use crate::person::Actor;
use crate::tenant::{DomainClaim, DomainState, VerifiedBy};
use crate::time::after_days;
use crate::token::{hex, unhex};

/// The label below a domain at which its record is looked for.
pub const CHALLENGE_LABEL: &str = "_domain-verification";

/// Days until a challenge ends.
pub const CHALLENGE_DAYS: u16 = 30;

/// Days after which a verified domain is looked up again.
pub const RECHECK_DAYS: u16 = 1;

/// Days on which people of a lapsed domain may still sign in: time to mend a lost record or an expired domain.
pub const LAPSE_GRACE_DAYS: u16 = 14;

/// Days beyond the due look-up after which a domain that no resolver answers for counts as lapsed.
pub const UNREACHABLE_DAYS: u16 = 7;

/// Most records that are read from one answer.
pub const MAX_TXT_RECORDS: usize = 100;

/// A record to be put into the DNS of a domain, to be shown to the admin.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TxtRecord {
    /// The name at which it is looked for.
    pub name: String,
    /// Its text.
    pub value: String,
}

impl fmt::Debug for TxtRecord {
    /// Leaves the value out: until it is published, who knows it can prove the domain for this tenant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxtRecord").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Hash of the text that proves a domain for a tenant; as 64 hexadecimal digits in serde.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProofHash([u8; 32]);

impl ProofHash {
    /// Bound to both, so that a row moved to another tenant or domain proves nothing there.
    fn of(tenant: &TenantId, domain: &Domain, value: &str) -> Self {
        let mut hash = Sha256::new();
        for part in ["domain-proof", tenant.as_str(), domain.as_str(), value] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Self(hash.finalize().into())
    }
}

impl From<ProofHash> for String {
    fn from(hash: ProofHash) -> Self {
        hex(&hash.0)
    }
}

impl TryFrom<String> for ProofHash {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        unhex(&text).map(Self).ok_or(IdError::Form { kind: "proof hash", expected: "64 hexadecimal digits" })
    }
}

/// What a look-up of a domain's record gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsAnswer<'a> {
    /// The texts of all TXT records at the name, each with its strings joined; empty if there are none.
    Records(&'a [&'a str]),
    /// No answer: a time-out, a failure of the server, an answer whose DNSSEC is bogus.
    Unreachable,
}

/// Why a domain cannot be claimed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Anybody can get an address there.
    #[error("{domain} is a mail service for everyone; let people in as guests instead")]
    Consumer {
        /// The domain.
        domain: Domain,
    },
    /// Under it, others register their domains.
    #[error("{domain} is a public suffix; claim the domain that your organisation registered under it")]
    PublicSuffix {
        /// The domain.
        domain: Domain,
    },
}

impl DomainError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Consumer { .. } => "domain.consumer",
            Self::PublicSuffix { .. } => "domain.public_suffix",
        }
    }
}

/// Begins the proof that a tenant owns a domain: what to store, and the record to publish.
///
/// `random` are 20 fresh bytes from the system's random generator. A claim that is there already is replaced; what it
/// routes to and is limited to is for the caller to take over.
///
/// # Errors
/// [`DomainError`] for domains that no tenant owns.
///
/// # Examples
/// ```
/// use chrono::{TimeZone, Utc};
/// use tenant_model::{Domain, DnsAnswer, DomainState, TenantId, check_dns, claim};
///
/// let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
/// let (tenant, domain) = (TenantId::parse("org_123")?, Domain::parse("example.com")?);
/// let (mut pending, record) = claim(&tenant, &domain, &[7; 20], now)?;
/// let found = [record.value.as_str()];
/// pending.state = check_dns(&tenant, &domain, &pending, DnsAnswer::Records(&found), None, now);
/// assert!(matches!(pending.state, DomainState::Verified { .. }));
/// assert_eq!(claim(&tenant, &Domain::parse("gmail.com")?, &[7; 20], now).unwrap_err().code(), "domain.consumer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn claim(
    tenant: &TenantId,
    domain: &Domain,
    random: &[u8; 20],
    now: DateTime<Utc>,
) -> Result<(DomainClaim, TxtRecord), DomainError> {
    ownable(domain)?;
    let value = format!("domain-verification={}", hex(random));
    let proof = ProofHash::of(tenant, domain, &value);
    let state = DomainState::Pending {
        challenge_hash: proof.clone().into(),
        expires: after_days(now, CHALLENGE_DAYS),
    };
    let claim = DomainClaim { proof: Some(proof), ..DomainClaim::new(state) };
    Ok((claim, TxtRecord { name: format!("{CHALLENGE_LABEL}.{domain}"), value }))
}

/// The operator's word that a tenant owns a domain.
///
/// # Errors
/// [`DomainError`] for domains that no tenant owns: not even the operator can say so.
pub fn claim_by_operator(domain: &Domain, now: DateTime<Utc>) -> Result<DomainClaim, DomainError> {
    ownable(domain)?;
    Ok(DomainClaim::new(DomainState::Verified {
        how: VerifiedBy::Operator,
        at: now,
        recheck_due: DateTime::<Utc>::MAX_UTC,
    }))
}

/// Says what a look-up means for a claim. Call it when an admin asks, and when a re-check is due.
///
/// `verified_for` is the tenant that has the domain verified already, if any: a domain is verified for one tenant at
/// most. The store must say so too, by a unique index on verified domains, since two tenants may ask at once.
///
/// - A pending claim is verified by its record, fails when the challenge ends, and else waits.
/// - A verified one lapses when the record is gone, or when nobody answered for long; then no one is linked anew and
///   nobody is routed, and after [`LAPSE_GRACE_DAYS`] nobody signs in. The record brings it back.
/// - A failed one stays so, as does one that the operator answers for.
#[must_use]
pub fn check_dns(
    tenant: &TenantId,
    domain: &Domain,
    claim: &DomainClaim,
    answer: DnsAnswer<'_>,
    verified_for: Option<&TenantId>,
    now: DateTime<Utc>,
) -> DomainState {
    let proved = match answer {
        DnsAnswer::Records(texts) => claim.proof.as_ref().is_some_and(|proof| {
            // Resolvers may put a space around a text; nothing else is forgiven.
            let is = |text: &&str| ProofHash::of(tenant, domain, text.trim()) == *proof;
            texts.iter().take(MAX_TXT_RECORDS).any(is)
        }),
        DnsAnswer::Unreachable => false,
    };
    let taken = verified_for.is_some_and(|owner| owner != tenant);
    let verified =
        |at| DomainState::Verified { how: VerifiedBy::Dns, at, recheck_due: after_days(now, RECHECK_DAYS) };
    let lapsed = || DomainState::Lapsed { since: now, grace_until: after_days(now, LAPSE_GRACE_DAYS) };
    match &claim.state {
        DomainState::Pending { expires, .. } if *expires <= now => failed("the challenge ended; begin again"),
        DomainState::Pending { .. } | DomainState::Lapsed { .. } if proved && taken => {
            failed("the domain is verified for another organisation; ask the operator")
        }
        DomainState::Pending { .. } | DomainState::Lapsed { .. } if proved => verified(now),
        DomainState::Verified { how: VerifiedBy::Dns, at, recheck_due } => match answer {
            DnsAnswer::Records(_) if proved => verified(*at),
            DnsAnswer::Records(_) => lapsed(),
            // A resolver that is down is no reason to lock a customer out, unless it lasts.
            DnsAnswer::Unreachable if now < after_days(*recheck_due, UNREACHABLE_DAYS) => claim.state.clone(),
            DnsAnswer::Unreachable => lapsed(),
        },
        state => state.clone(),
    }
}

/// The audit event of a changed claim (TEN-23); `None` if its state has the same name as before.
#[must_use]
pub fn domain_event(
    tenant: &TenantId,
    domain: &Domain,
    before: Option<&DomainState>,
    after: &DomainState,
    by: &Actor,
    now: DateTime<Utc>,
) -> Option<AuditEvent> {
    let (was, is) = (before.map(DomainState::name), after.name());
    let target = Target::Domain(domain.clone());
    let event = AuditEvent::done(tenant, now, by.clone(), Action::DomainChanged, target);
    let change = |event: AuditEvent| event.with_change("state", was.map(str::to_owned), Some(is.to_owned()));
    (was != Some(is)).then(|| change(event))
}

/// Whether someone can own all addresses of a domain.
fn ownable(domain: &Domain) -> Result<(), DomainError> {
    let listed = |line: &str| line == domain.as_str();
    if CONSUMER.lines().filter(|line| !line.starts_with('#')).any(listed) {
        return Err(DomainError::Consumer { domain: domain.clone() });
    }
    // Both parts of the list: under `github.io` as under `co.uk` others have their names.
    let suffix = psl::List.suffix(domain.as_str().as_bytes());
    if suffix.is_none_or(|suffix| suffix.as_bytes() == domain.as_str().as_bytes()) {
        return Err(DomainError::PublicSuffix { domain: domain.clone() });
    }
    Ok(())
}

fn failed(reason: &str) -> DomainState {
    DomainState::Failed { reason: reason.to_owned() }
}

/// Mail services for everyone.
const CONSUMER: &str = include_str!("domain/consumer.txt");

#[cfg(test)]
mod tests;
