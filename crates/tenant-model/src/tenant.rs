//! A tenant (customer), its domains, and how its people must sign in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ProofHash;
use crate::ids::{ConnectionId, Domain, EmailAddress, PersonId, ProfileId, TenantId};

/// One customer of the product.
///
/// A row of the host's store; everything else carries its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The key of everything that belongs to it.
    pub id: TenantId,
    /// The name that people see.
    pub display_name: String,
    /// The product profile it was made from.
    pub profile: ProfileId,
    /// Home region, if the host has several (TEN-24).
    #[serde(default)]
    pub region: Option<String>,
    /// Whether anyone may sign in at all.
    #[serde(default)]
    pub state: TenantState,
    /// The mail domains that the tenant claims, each at most once.
    #[serde(default)]
    pub domains: BTreeMap<Domain, DomainClaim>,
    /// What an address of a domain that is not in `domains` means.
    #[serde(default)]
    pub domain_policy: DomainPolicy,
    /// Outsiders that the tenant let in by name; compared as [`EmailAddress::same_mailbox`] does (TEN-07).
    #[serde(default)]
    pub guests: BTreeSet<EmailAddress>,
    /// Whether people must, may or cannot sign in through a connection.
    #[serde(default)]
    pub sso: SsoPolicy,
    /// Who gets in when the identity provider is down (TEN-13).
    #[serde(default)]
    pub break_glass: BreakGlass,
    /// Grows with each stored change, so that two writers notice each other.
    #[serde(default)]
    pub version: u64,
}

impl Tenant {
    /// A tenant with nothing set up: active, no domain, single sign-on optional, only verified domains.
    #[must_use]
    pub fn new(id: TenantId, display_name: &str, profile: ProfileId) -> Self {
        Self {
            id,
            display_name: display_name.to_owned(),
            profile,
            region: None,
            state: TenantState::default(),
            domains: BTreeMap::new(),
            domain_policy: DomainPolicy::default(),
            guests: BTreeSet::new(),
            sso: SsoPolicy::default(),
            break_glass: BreakGlass::default(),
            version: 0,
        }
    }

    /// How the tenant stands to an address, for a login through `connection` (TEN-07, TEN-08).
    ///
    /// Only the exact domain counts, unless the claim of a domain above says that it takes its sub-domains in: a
    /// verified `example.com` says nothing about `mail.example.com`. The nearest claim decides.
    #[must_use]
    pub fn standing(
        &self,
        address: &EmailAddress,
        connection: &ConnectionId,
        now: DateTime<Utc>,
    ) -> Standing {
        if self.guests.iter().any(|guest| guest.same_mailbox(address)) {
            return Standing::Guest;
        }
        if let Some(claim) = self.claim_of(address.domain()) {
            if !claim.limited_to.is_empty() && !claim.limited_to.contains(connection) {
                return Standing::Foreign;
            }
            match &claim.state {
                DomainState::Verified { .. } => return Standing::Own,
                DomainState::Lapsed { grace_until, .. } if now < *grace_until => return Standing::Lapsing,
                DomainState::Lapsed { .. } => return Standing::Foreign,
                DomainState::Failed { .. } | DomainState::Pending { .. } => {}
            }
        }
        match self.domain_policy {
            DomainPolicy::DangerAnyWhileNoneVerified if !self.ever_verified() => Standing::Assumed,
            DomainPolicy::DangerAnyWhileNoneVerified | DomainPolicy::VerifiedOnly => Standing::Foreign,
        }
    }

    /// Whether a node of some region may serve the tenant; ask before anything of the tenant is read (TEN-24).
    ///
    /// A tenant without a home is served everywhere, one with a home by nodes of that region alone.
    ///
    /// # Errors
    /// [`WrongRegion`], to be answered with 421 and no data.
    pub fn served_in(&self, node: Option<&str>) -> Result<(), WrongRegion> {
        match &self.region {
            Some(home) if node != Some(home.as_str()) => Err(WrongRegion { home: home.clone() }),
            _ => Ok(()),
        }
    }

    /// The claim that decides about a domain.
    pub(crate) fn claim_of(&self, domain: &Domain) -> Option<&DomainClaim> {
        let exact = self.domains.get(domain);
        exact.or_else(|| {
            let mut rest = domain.as_str();
            while let Some((_, above)) = rest.split_once('.') {
                if let Some(claim) = self.domains.get(above) {
                    return Some(claim).filter(|claim| claim.subdomains);
                }
                rest = above;
            }
            None
        })
    }

    /// A lapsed domain counts too: losing the last domain must not open the tenant to every address.
    fn ever_verified(&self) -> bool {
        let proved = |s: &DomainState| matches!(s, DomainState::Verified { .. } | DomainState::Lapsed { .. });
        self.domains.values().any(|claim| proved(&claim.state))
    }
}

/// The node is not of the tenant's home region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this organisation is served in {home}")]
pub struct WrongRegion {
    /// Where it is served.
    pub home: String,
}

impl WrongRegion {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "region.wrong"
    }

    /// The HTTP status to answer with: the request was sent to the wrong node.
    #[must_use]
    pub fn status(&self) -> u16 {
        421
    }
}

/// How a tenant stands to a mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Taken as the tenant's own because it has verified no domain yet and its policy says so.
    Assumed,
    /// Not the tenant's: no login.
    Foreign,
    /// An outsider with an entry of their own: may sign in, is never linked by address.
    Guest,
    /// The domain could not be confirmed lately: people who are linked may sign in, nobody is linked anew.
    Lapsing,
    /// The tenant's verified domain.
    Own,
}

impl Standing {
    /// Whether a first link may be made to an account that has this address (TEN-06).
    #[must_use]
    pub fn may_link_by_email(self) -> bool {
        matches!(self, Self::Assumed | Self::Own)
    }
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Served.
    #[default]
    Active,
    /// Being deleted: no login, no provisioning.
    Closing,
    /// Blocked by the operator: no login, no provisioning.
    Suspended,
}

/// One domain of a tenant. A domain is verified for at most one tenant, which the store enforces (TEN-08).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainClaim {
    /// What is known about who owns it.
    pub state: DomainState,
    /// The connection that people with such an address are sent to, if any.
    #[serde(default)]
    pub routes_to: Option<ConnectionId>,
    /// Whether people with such an address choose among the connections in use, where `routes_to` names none.
    #[serde(default)]
    pub offers_choice: bool,
    /// The connections that may assert such addresses; empty means all of the tenant.
    #[serde(default)]
    pub limited_to: BTreeSet<ConnectionId>,
    /// Whether domains below it count as well. Who owns a domain can hand a part of it to others, so think before.
    #[serde(default)]
    pub subdomains: bool,
    /// What the record in DNS must hash to, for the first look-up and every later one.
    #[serde(default)]
    pub proof: Option<ProofHash>,
}

impl DomainClaim {
    /// A claim that routes nowhere and is limited to nothing.
    #[must_use]
    pub fn new(state: DomainState) -> Self {
        Self {
            state,
            routes_to: None,
            offers_choice: false,
            limited_to: BTreeSet::new(),
            subdomains: false,
            proof: None,
        }
    }
}

/// What is known about who owns a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainState {
    /// The proof was looked for and not found.
    Failed {
        /// In words, for the admin.
        reason: String,
    },
    /// It was verified once and could not be confirmed again.
    Lapsed {
        /// When it was noticed.
        since: DateTime<Utc>,
        /// From then on logins with such an address are refused.
        grace_until: DateTime<Utc>,
    },
    /// A proof was asked for and is awaited.
    Pending {
        /// Hash of the challenge, as text.
        challenge_hash: String,
        /// When the challenge ends.
        expires: DateTime<Utc>,
    },
    /// The tenant owns it.
    Verified {
        /// How that was found.
        how: VerifiedBy,
        /// When.
        at: DateTime<Utc>,
        /// When to look again.
        recheck_due: DateTime<Utc>,
    },
}

impl DomainState {
    /// Its name, without what is in it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Lapsed { .. } => "lapsed",
            Self::Pending { .. } => "pending",
            Self::Verified { .. } => "verified",
        }
    }
}

/// How a domain was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifiedBy {
    /// By a record in the domain's DNS.
    Dns,
    /// By the operator of the product, who answers for it.
    Operator,
}

/// What an address of a domain that the tenant has not verified means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainPolicy {
    /// While the tenant has never verified a domain, every address counts as its own; from the first verified
    /// domain on, as [`DomainPolicy::VerifiedOnly`].
    ///
    /// # Security
    /// Until then an identity provider of this tenant may bring in anybody's address, and with
    /// [`crate::LinkPolicy::DirectoryOrVerifiedEmail`] take over any unlinked account *of this tenant* that has it.
    /// Other tenants are not touched. Meant for trials and demonstrations.
    DangerAnyWhileNoneVerified,
    /// No login: only verified domains and guests (TEN-07).
    #[default]
    VerifiedOnly,
}

/// How the people of a tenant sign in. It belongs to the tenant entered, not to the domain of an address (TEN-12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SsoPolicy {
    /// Only through one of these connections; else only break-glass persons. Made by [`SsoPolicy::enforced`] alone.
    #[non_exhaustive]
    Enforced {
        /// The connections that count, at least one.
        connections: BTreeSet<ConnectionId>,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Through no connection.
    Off,
    /// As each person likes.
    #[default]
    Optional,
}

/// The persons that get in without an identity provider: named, with a second factor, for a limited time (TEN-13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// Who; at least one before single sign-on may be enforced.
    #[serde(default)]
    pub persons: BTreeSet<PersonId>,
    /// Until when they may use it; `None` means not armed.
    #[serde(default)]
    pub armed_until: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use crate::fixtures::tenant;

    // TEN-24
    #[test]
    fn a_tenant_with_a_home_is_served_there_alone() {
        let mut tenant = tenant();
        assert!(tenant.served_in(None).is_ok() && tenant.served_in(Some("eu")).is_ok());
        tenant.region = Some("eu".to_owned());
        assert!(tenant.served_in(Some("eu")).is_ok());
        for node in [None, Some("us"), Some("")] {
            let refused = tenant.served_in(node).unwrap_err();
            assert_eq!((refused.code(), refused.status()), ("region.wrong", 421));
        }
    }
}
