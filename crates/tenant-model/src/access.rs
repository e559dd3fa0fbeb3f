//! Roles that people give by hand, rules that people write, and what a changed group means for its members (TEN-16,
//! TEN-17).

use chrono::{DateTime, Utc};

use crate::audit::{Action, AuditEvent, Target};
use crate::connection::ScimConnection;
use crate::ids::{AdminId, PersonId, RoleName, TenantId};
use crate::mapping::{Role, RoleRule, RoleRules, RoleRulesError};
use crate::person::{Actor, DirectoryPerson, Grant, GrantOrigin, Person};
use crate::provision::ProvisionRefusal;
use crate::rights::{Right, RightMissing, Rights};
use crate::tenant::Tenant;
use crate::transition::{
    Before, Guard, Held, Transition, audit, hold_last_admin, settle, transition, with_default,
};

/// Why a role or a rule was not changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleChangeError {
    /// Nobody gives what they could not have themselves.
    #[error("you cannot give the role `{role}`: it is above your own")]
    AboveOwn {
        /// The role.
        role: RoleName,
    },
    /// The last administrator would lose the role, and nobody has emergency access.
    #[error("this is the last administrator; name another first")]
    LastAdmin,
    /// The person has no such role by hand.
    #[error("the role `{role}` was not given by hand; change the group or attribute that gives it")]
    NotByHand {
        /// The role.
        role: RoleName,
    },
    /// The right is missing.
    #[error(transparent)]
    Right(RightMissing),
    /// The rules make no sense.
    #[error(transparent)]
    Rules(RoleRulesError),
    /// No such rule.
    #[error("there is no rule {index}")]
    RuleUnknown {
        /// Its place, from 0.
        index: usize,
    },
}

impl RoleChangeError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AboveOwn { .. } => "role.above_own",
            Self::LastAdmin => "role.last_admin",
            Self::NotByHand { .. } => "role.not_by_hand",
            Self::Right(missing) => missing.code(),
            Self::Rules(error) => error.code(),
            Self::RuleUnknown { .. } => "role.rule_unknown",
        }
    }
}

/// Whoever gives a role, writes a rule or takes one back.
#[derive(Clone, Copy, Debug)]
pub enum Author<'a> {
    /// An account of the administration pages, which has rights and no roles: it may give every role that administers
    /// nothing, and those that do only with the right to the tenant's security.
    Admin {
        /// The account.
        id: &'a AdminId,
        /// Its rights in the tenant.
        rights: &'a Rights,
    },
    /// The operator of the product, who may give every role.
    Operator,
    /// A person of the tenant.
    Person(&'a Person),
}

impl Author<'_> {
    /// Whether the author could give a role: an active administrator, up to the priority of their own highest role.
    #[must_use]
    pub fn may_give(&self, tenant: &TenantId, rules: &RoleRules, role: &Role) -> bool {
        let person = match self {
            Self::Admin { rights, .. } => {
                return !role.admin || rights.require(tenant, &Right::Security).is_ok();
            }
            Self::Operator => return true,
            Self::Person(person) => person,
        };
        let own: Vec<_> = rules.catalogue().iter().filter(|own| person.roles().contains(&own.name)).collect();
        let highest = own.iter().map(|own| own.priority).max();
        person.tenant == *tenant
            && person.state.is_active()
            && own.iter().any(|own| own.admin)
            && highest.is_some_and(|highest| role.priority <= highest)
            // Rights are not a matter of numbers alone: who administers gives administration only if they have it.
            && (!role.admin || own.iter().any(|own| own.admin && own.priority >= role.priority))
    }

    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Admin { id, .. } => Actor::Admin((*id).clone()),
            Self::Operator => Actor::Operator,
            Self::Person(person) => Actor::Person(person.id.clone()),
        }
    }

    fn id(&self) -> Option<PersonId> {
        match self {
            // No person of the tenant: what they give by hand has come from outside.
            Self::Admin { .. } | Self::Operator => None,
            Self::Person(person) => Some(person.id.clone()),
        }
    }

    pub(crate) fn check(
        &self,
        tenant: &TenantId,
        rules: &RoleRules,
        name: &RoleName,
    ) -> Result<(), RoleChangeError> {
        let role = rules.catalogue().iter().find(|role| role.name == *name);
        let role = role
            .ok_or_else(|| RoleChangeError::Rules(RoleRulesError::NotInCatalogue { role: name.clone() }))?;
        if self.may_give(tenant, rules, role) {
            return Ok(());
        }
        Err(RoleChangeError::AboveOwn { role: name.clone() })
    }
}

/// Adds a rule: it may give only what its author could give by hand, now and for every value that may come.
///
/// Afterwards evaluate everyone again with [`regroup`].
///
/// # Errors
/// [`RoleChangeError`]: right, rules, author.
pub fn add_rule(
    tenant: &TenantId,
    rules: &RoleRules,
    rule: &RoleRule,
    author: Author<'_>,
    rights: &Rights,
    now: DateTime<Utc>,
) -> Result<(RoleRules, AuditEvent), RoleChangeError> {
    rights.require(tenant, &Right::Members).map_err(RoleChangeError::Right)?;
    let after = rules.with_rule(rule.clone()).map_err(RoleChangeError::Rules)?;
    match rule.grants() {
        Some(role) => author.check(tenant, &after, role)?,
        // Whoever sets the attribute picks any role.
        None => after.catalogue().iter().try_for_each(|role| author.check(tenant, &after, &role.name))?,
    }
    Ok((after, rule_event(tenant, author, None, Some(rule), now)))
}

/// Takes the rule at a place away. Afterwards evaluate everyone again with [`regroup`].
///
/// # Errors
/// [`RoleChangeError::Right`] and [`RoleChangeError::RuleUnknown`].
pub fn remove_rule(
    tenant: &TenantId,
    rules: &RoleRules,
    index: usize,
    author: Author<'_>,
    rights: &Rights,
    now: DateTime<Utc>,
) -> Result<(RoleRules, AuditEvent), RoleChangeError> {
    rights.require(tenant, &Right::Members).map_err(RoleChangeError::Right)?;
    let (after, rule) = rules.without_rule(index).ok_or(RoleChangeError::RuleUnknown { index })?;
    Ok((after, rule_event(tenant, author, Some(&rule), None, now)))
}

/// Gives someone a role by hand. It stays whatever the directory or a login says.
///
/// # Errors
/// [`RoleChangeError`]: right, author.
pub fn give_role(
    person: &Person,
    role: &RoleName,
    rules: &RoleRules,
    author: Author<'_>,
    rights: &Rights,
    now: DateTime<Utc>,
) -> Result<Transition, RoleChangeError> {
    rights.require(&person.tenant, &Right::Members).map_err(RoleChangeError::Right)?;
    author.check(&person.tenant, rules, role)?;
    let mut after = person.clone();
    after.grants.retain(|grant| grant.origin != GrantOrigin::Default);
    let origin = author.id().map_or(GrantOrigin::Operator, GrantOrigin::Hand);
    after.grants.insert(Grant { role: role.clone(), origin });
    Ok(changed(person, after, author, now))
}

/// Takes a role back that was given by hand; what groups, attributes or logins give stays.
///
/// # Errors
/// [`RoleChangeError`]: right, author, [`RoleChangeError::NotByHand`], [`RoleChangeError::LastAdmin`].
pub fn take_role(
    person: &Person,
    role: &RoleName,
    rules: &RoleRules,
    author: Author<'_>,
    rights: &Rights,
    guard: &Guard,
    now: DateTime<Utc>,
) -> Result<Transition, RoleChangeError> {
    rights.require(&person.tenant, &Right::Members).map_err(RoleChangeError::Right)?;
    author.check(&person.tenant, rules, role)?;
    let by_hand = |grant: &Grant| {
        grant.role == *role && matches!(grant.origin, GrantOrigin::Hand(_) | GrantOrigin::Operator)
    };
    let mut after = person.clone();
    after.grants.retain(|grant| !by_hand(grant));
    if after.grants == person.grants {
        return Err(RoleChangeError::NotByHand { role: role.clone() });
    }
    after.grants = with_default(after.grants, rules);
    // A person who does it can be told, so nothing is held here: it is refused.
    if !hold_last_admin(rules, Some(person), &mut after.clone(), guard).is_empty() {
        return Err(RoleChangeError::LastAdmin);
    }
    Ok(changed(person, after, author, now))
}

/// Evaluates the members of a group again, after it was renamed or deleted or after a rule changed (TEN-17).
///
/// `members` are persons with their directory's user as it is now. `guard` counts the active administrators who are
/// not among the members; those among them are counted here, one change after the other, so that a change of many
/// cannot take the last administrator away either (TEN-16).
pub fn regroup(
    tenant: &Tenant,
    connection: &ScimConnection,
    members: &[(Person, DirectoryPerson)],
    guard: &Guard,
    cause: &Actor,
    now: DateTime<Utc>,
) -> Vec<Result<Transition, ProvisionRefusal>> {
    let rules = &connection.mapping.roles;
    let is_admin = |person: &Person| {
        person.tenant == tenant.id
            && person.state.is_active()
            && person.grants.iter().any(|grant| rules.is_admin(&grant.role))
    };
    let mut admins: Vec<bool> = members.iter().map(|(person, _)| is_admin(person)).collect();
    let mut out = Vec::with_capacity(members.len());
    for (place, (person, user)) in members.iter().enumerate() {
        let others = admins.iter().enumerate().filter(|(at, admin)| *at != place && **admin).count();
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        let guard = Guard { other_active_admins: guard.other_active_admins.saturating_add(others), ..*guard };
        let done = transition(tenant, connection, Before::Known(person), user, &guard, cause, now);
        if let (Ok(done), Some(admin)) = (&done, admins.get_mut(place)) {
            *admin = is_admin(&done.person);
        }
        out.push(done);
    }
    out
}

fn changed(before: &Person, mut after: Person, author: Author<'_>, now: DateTime<Utc>) -> Transition {
    let events = settle(Some(before), &mut after);
    let audit = audit(Some(before), &after, &events, &author.actor(), now);
    Transition { person: after, events, held: Vec::<Held>::new(), audit }
}

fn rule_event(
    tenant: &TenantId,
    author: Author<'_>,
    before: Option<&RoleRule>,
    after: Option<&RoleRule>,
    now: DateTime<Utc>,
) -> AuditEvent {
    let text = |rule: Option<&RoleRule>| rule.and_then(|rule| serde_json::to_string(rule).ok());
    AuditEvent::done(tenant, now, author.actor(), Action::RoleRulesChanged, Target::Tenant).with_change(
        "rule",
        text(before),
        text(after),
    )
}

#[cfg(test)]
mod tests;
