//! Turning on enforced single sign-on without locking anybody out unseen (TEN-13).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::{Action, AuditEvent, Target};
use crate::connection::SamlConnection;
use crate::ids::{ConnectionId, Generation, PersonId, TenantId};
use crate::login::{Candidate, LoginDecision};
use crate::person::{Actor, DirectoryState, Link};
use crate::tenant::{SsoPolicy, Tenant};

/// Hours for which a test login counts: the provider as it is today, not as it was last week.
pub const TEST_LOGIN_HOURS: i64 = 24;

/// A login that went through, as proof that a connection works.
///
/// Only an accepted login makes one; a host may store it between two pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestLogin {
    tenant: TenantId,
    connection: ConnectionId,
    generation: Generation,
    person: PersonId,
    at: DateTime<Utc>,
}

impl TestLogin {
    /// The proof that an accepted login gives.
    #[must_use]
    pub fn of(connection: &SamlConnection, login: &LoginDecision, now: DateTime<Utc>) -> Self {
        Self {
            tenant: login.person.tenant.clone(),
            connection: connection.id.clone(),
            generation: connection.generation,
            person: login.person.id.clone(),
            at: now,
        }
    }

    fn proves(&self, connection: &SamlConnection, now: DateTime<Utc>) -> bool {
        let age = now.signed_duration_since(self.at);
        self.tenant == connection.tenant
            && self.connection == connection.id
            && self.generation == connection.generation
            && (TimeDelta::zero()..=TimeDelta::hours(TEST_LOGIN_HOURS)).contains(&age)
    }
}

/// What enforcing single sign-on would do, for an admin to read before they confirm it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnforcementPreview {
    tenant: TenantId,
    version: u64,
    connections: BTreeSet<ConnectionId>,
    /// Active persons who have a link through one of the connections.
    pub ready: BTreeSet<PersonId>,
    /// Active persons without a link whom a paired directory provisions: their next login links them.
    pub will_pair: BTreeSet<PersonId>,
    /// Active persons who could not sign in any more, with the reason.
    pub shut_out: Vec<ShutOut>,
    /// Active persons who get in when the provider is down.
    pub break_glass: BTreeSet<PersonId>,
    /// Why it cannot be turned on; empty if it can.
    pub blockers: Vec<Blocker>,
}

/// Someone who could not sign in any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutOut {
    /// Who.
    pub person: PersonId,
    /// Why.
    pub why: ShutOutReason,
}

/// Why someone could not sign in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShutOutReason {
    /// The directory calls them inactive, or what it says is not known.
    Directory,
    /// Their link is of an earlier trust of the connection, and must be confirmed.
    LinkUnconfirmed,
    /// No link, and no paired directory knows them.
    NotLinked,
    /// Their address is not of the tenant, as the connection sees it.
    OutsideDomains,
}

/// Why single sign-on cannot be enforced.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocker {
    /// A connection is not in use.
    #[error("the connection `{connection}` is not active")]
    ConnectionOff {
        /// The connection.
        connection: ConnectionId,
    },
    /// Nobody would get in when the provider is down.
    #[error("name an active person for emergency access first")]
    NoBreakGlass,
    /// No connection was chosen.
    #[error("choose at least one connection")]
    NoConnection,
    /// Nobody signed in through a connection lately.
    #[error("sign in through `{connection}` once within {TEST_LOGIN_HOURS} hours before")]
    NoTestLogin {
        /// The connection.
        connection: ConnectionId,
    },
    /// A connection of another tenant; a mistake of the host.
    #[error("the connection `{connection}` is of another organisation")]
    OtherTenant {
        /// The connection.
        connection: ConnectionId,
    },
}

impl Blocker {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ConnectionOff { .. } => "enforce.connection_off",
            Self::NoBreakGlass => "enforce.no_break_glass",
            Self::NoConnection => "enforce.no_connection",
            Self::NoTestLogin { .. } => "enforce.no_test_login",
            Self::OtherTenant { .. } => "enforce.other_tenant",
        }
    }
}

/// Why a preview was not turned into a policy.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnforceError {
    /// Something stands in the way.
    #[error(transparent)]
    Blocked(Blocker),
    /// The tenant has changed since the preview.
    #[error("the settings have changed since the preview; look at it again")]
    Changed,
    /// Not everyone who would be shut out was named.
    #[error("{missing} people would be shut out who were not confirmed")]
    NotConfirmed {
        /// How many.
        missing: usize,
    },
}

impl EnforceError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Blocked(blocker) => blocker.code(),
            Self::Changed => "enforce.changed",
            Self::NotConfirmed { .. } => "enforce.not_confirmed",
        }
    }
}

/// Tries out, without changing anything, what enforcing single sign-on through some connections would do.
///
/// `people` are the tenant's persons with their links and directory users; `tests` the test logins that there are.
#[must_use]
pub fn preview_enforcement(
    tenant: &Tenant,
    connections: &[SamlConnection],
    people: &[Candidate],
    tests: &[TestLogin],
    now: DateTime<Utc>,
) -> EnforcementPreview {
    let mut preview = EnforcementPreview {
        tenant: tenant.id.clone(),
        version: tenant.version,
        connections: connections.iter().map(|c| c.id.clone()).collect(),
        ready: BTreeSet::new(),
        will_pair: BTreeSet::new(),
        shut_out: Vec::new(),
        break_glass: BTreeSet::new(),
        blockers: Vec::new(),
    };
    let mine = |c: &&Candidate| c.person.tenant == tenant.id && c.person.state.is_active();
    for someone in people.iter().filter(mine) {
        let id = someone.person.id.clone();
        if someone.person.break_glass && tenant.break_glass.persons.contains(&id) {
            preview.break_glass.insert(id);
            continue;
        }
        let chances: Vec<_> = connections.iter().map(|c| chance(tenant, c, someone, now)).collect();
        if chances.contains(&Ok(Way::Link)) {
            preview.ready.insert(id);
        } else if chances.contains(&Ok(Way::Pairing)) {
            preview.will_pair.insert(id);
        } else {
            // The most telling reason: what an admin can mend at the person goes before what is missing.
            let why = chances.into_iter().filter_map(Result::err).min().unwrap_or(ShutOutReason::NotLinked);
            preview.shut_out.push(ShutOut { person: id, why });
        }
    }
    preview.blockers = blockers(tenant, connections, tests, &preview.break_glass, now);
    preview
}

impl SsoPolicy {
    /// The enforced policy that a preview showed; the only way to make one.
    ///
    /// `confirmed` are the persons whom the admin saw and agreed to shut out: all of [`EnforcementPreview::shut_out`].
    /// `tenant` is read again, in the transaction that stores the policy.
    ///
    /// # Errors
    /// [`EnforceError`]; the policy then stays as it was.
    pub fn enforced(
        preview: &EnforcementPreview,
        tenant: &Tenant,
        confirmed: &BTreeSet<PersonId>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<(Self, AuditEvent), EnforceError> {
        if let Some(blocker) = preview.blockers.first() {
            return Err(EnforceError::Blocked(blocker.clone()));
        }
        if preview.tenant != tenant.id || preview.version != tenant.version {
            return Err(EnforceError::Changed);
        }
        let missing = preview.shut_out.iter().filter(|out| !confirmed.contains(&out.person)).count();
        if missing > 0 {
            return Err(EnforceError::NotConfirmed { missing });
        }
        let event = AuditEvent::done(&tenant.id, now, by.clone(), Action::SsoPolicyChanged, Target::Tenant)
            .with_change("sso", Some(tenant.sso.name().to_owned()), Some("enforced".to_owned()))
            .with_change("shut_out", None, Some(preview.shut_out.len().to_string()));
        Ok((Self::Enforced { connections: preview.connections.clone(), since: now }, event))
    }

    /// Its name, without what is in it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Enforced { .. } => "enforced",
            Self::Off => "off",
            Self::Optional => "optional",
        }
    }
}

/// How someone would come in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Link,
    Pairing,
}

fn chance(
    tenant: &Tenant,
    connection: &SamlConnection,
    someone: &Candidate,
    now: DateTime<Utc>,
) -> Result<Way, ShutOutReason> {
    let user = someone.directory.as_ref();
    let managed = someone.person.managed_by.is_some();
    match user.map(|user| user.state) {
        Some(DirectoryState::Active) => {}
        None if !managed => {}
        _ => return Err(ShutOutReason::Directory),
    }
    let foreign = |email| tenant.standing(email, &connection.id, now) == crate::Standing::Foreign;
    if someone.person.email.as_ref().is_some_and(foreign) {
        return Err(ShutOutReason::OutsideDomains);
    }
    let through = |link: &&Link| link.connection == connection.id && link.tenant == tenant.id;
    let mut links = someone.links.iter().filter(through).peekable();
    if links.peek().is_some() {
        let current = |link: &Link| {
            link.generation == connection.generation && link.entity_id == connection.idp_entity_id
        };
        return if links.any(current) { Ok(Way::Link) } else { Err(ShutOutReason::LinkUnconfirmed) };
    }
    let paired = connection.pairing.as_ref().is_some_and(|pairing| {
        someone.person.managed_by.as_ref() == Some(&pairing.scim)
            && user.is_some_and(|user| {
                user.connection == pairing.scim
                    && pairing.name_id_equals.iter().any(|field| field.of(user).is_some())
            })
    });
    // Someone with a link elsewhere is never linked anew.
    if paired && someone.links.is_empty() { Ok(Way::Pairing) } else { Err(ShutOutReason::NotLinked) }
}

fn blockers(
    tenant: &Tenant,
    connections: &[SamlConnection],
    tests: &[TestLogin],
    break_glass: &BTreeSet<PersonId>,
    now: DateTime<Utc>,
) -> Vec<Blocker> {
    let mut found = Vec::new();
    if connections.is_empty() {
        found.push(Blocker::NoConnection);
    }
    for connection in connections {
        let id = connection.id.clone();
        if connection.tenant != tenant.id {
            found.push(Blocker::OtherTenant { connection: id });
        } else if !connection.state.is_active() {
            found.push(Blocker::ConnectionOff { connection: id });
        } else if !tests.iter().any(|test| test.proves(connection, now)) {
            found.push(Blocker::NoTestLogin { connection: id });
        }
    }
    if break_glass.is_empty() {
        found.push(Blocker::NoBreakGlass);
    }
    found
}

#[cfg(test)]
mod tests;
