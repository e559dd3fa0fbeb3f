//! Changing the rules by which people get roles.

use chrono::{DateTime, Utc};

use crate::access::{Author, RoleChangeError, regroup};
use crate::audit::{Action, AuditEvent, Target};
use crate::connection::ScimConnection;
use crate::ids::{ConnectionId, RoleName, TenantId};
use crate::mapping::{RoleRule, RoleRules, Several, UnknownRole};
use crate::person::{Actor, DirectoryPerson, Person};
use crate::rights::{Right, Rights};
use crate::tenant::Tenant;
use crate::transition::{Guard, Held};

/// One change of a connection's role rules. Places count from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleChange {
    /// One more rule, at the end.
    Add(RoleRule),
    /// Another role, or none, for someone to whom no rule gives one.
    Default(Option<RoleName>),
    /// A rule is listed elsewhere. Every rule that fits counts, so nobody's role changes by it.
    Move {
        /// Where it stands.
        from: usize,
        /// Where it shall stand.
        to: usize,
    },
    /// A rule less.
    Remove(usize),
    /// Another rule in the place of one.
    Replace {
        /// Where it stands.
        index: usize,
        /// The new one.
        rule: RoleRule,
    },
    /// What happens when several roles are given.
    Several(Several),
    /// What happens to a value that names no role.
    Unknown(UnknownRole),
}

/// Changes a connection's role rules. A rule, a default and the choice that all roles count may give only what their
/// author could give by hand, now and for every value that may come.
///
/// Before a directory's rules are stored ask [`keeps_an_admin`]; whom the change touches gets the roles with the next
/// login or the next write of the directory, or at once by [`regroup`].
///
/// # Errors
/// [`RoleChangeError`]: right, rules, author.
///
/// # Examples
/// ```
/// use tenant_model::*;
/// # use chrono::DateTime;
/// # let (tenant, connection) = (TenantId::parse("acme")?, ConnectionId::parse("sso")?);
/// # let rights = Rights { tenant: tenant.clone(), granted: [Right::Members].into() };
/// let rules: RoleRules = serde_json::from_str(r#"{"catalogue": [{"name": "guest"}]}"#)?;
/// let change = RuleChange::Default(RoleName::parse("guest").ok());
/// let of = (&tenant, &connection);
/// let (after, event) = change_rules(of, &rules, &change, Author::Operator, &rights, DateTime::default())?;
/// assert_eq!(after.default_role().map(RoleName::as_str), Some("guest"));
/// assert_eq!(event.action, Action::RoleRulesChanged);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn change_rules(
    (tenant, connection): (&TenantId, &ConnectionId),
    rules: &RoleRules,
    change: &RuleChange,
    author: Author<'_>,
    rights: &Rights,
    now: DateTime<Utc>,
) -> Result<(RoleRules, AuditEvent), RoleChangeError> {
    rights.require(tenant, &Right::Members).map_err(RoleChangeError::Right)?;
    let mut list = rules.rules().to_vec();
    let there =
        |index: &usize| rules.rules().get(*index).ok_or(RoleChangeError::RuleUnknown { index: *index });
    let (after, field) = match change {
        RuleChange::Add(rule) => {
            list.push(rule.clone());
            (rules.with_rules(list), "rule")
        }
        RuleChange::Default(role) => (rules.with_default_role(role.clone()), "default"),
        RuleChange::Move { from, to } => {
            let rule = there(from)?.clone();
            there(to)?;
            list.remove(*from);
            list.insert(*to, rule);
            (rules.with_rules(list), "order")
        }
        RuleChange::Remove(index) => {
            there(index)?;
            list.remove(*index);
            (rules.with_rules(list), "rule")
        }
        RuleChange::Replace { index, rule } => {
            there(index)?;
            if let Some(place) = list.get_mut(*index) {
                place.clone_from(rule);
            }
            (rules.with_rules(list), "rule")
        }
        RuleChange::Several(several) => (Ok(rules.with_several(*several)), "several"),
        RuleChange::Unknown(unknown) => (Ok(rules.with_unknown(*unknown)), "unknown"),
    };
    let after = after.map_err(RoleChangeError::Rules)?;
    authorized(tenant, &after, change, author)?;
    let (old, new) = told(rules, &after, change);
    let event = AuditEvent::done(
        tenant,
        now,
        author.actor(),
        Action::RoleRulesChanged,
        Target::Connection(connection.clone()),
    )
    .with_change(field, old, new);
    Ok((after, event))
}

/// Asks whether the tenant keeps an administrator when a directory's rules change, before they are stored.
///
/// `after` is the connection with the new rules, `admins` are its active administrators with their directory's user as
/// it is now, `guard` counts those who are not among them (TEN-16).
///
/// # Errors
/// [`RoleChangeError::LastAdmin`]: the directory's next write would take the last one's role. It would be held then;
/// whoever changes a rule can be told at once.
pub fn keeps_an_admin(
    tenant: &Tenant,
    after: &ScimConnection,
    admins: &[(Person, DirectoryPerson)],
    guard: &Guard,
    now: DateTime<Utc>,
) -> Result<(), RoleChangeError> {
    let cause = Actor::Connection(after.id.clone());
    let would = regroup(tenant, after, admins, guard, &cause, now);
    let held = |held: &Held| matches!(held, Held::LastAdmin { .. });
    if would.iter().flatten().any(|transition| transition.held.iter().any(held)) {
        return Err(RoleChangeError::LastAdmin);
    }
    Ok(())
}

fn authorized(
    tenant: &TenantId,
    after: &RoleRules,
    change: &RuleChange,
    author: Author<'_>,
) -> Result<(), RoleChangeError> {
    let gives = |rule: &RoleRule| match rule.grants() {
        Some(role) => author.check(tenant, after, role),
        // Whoever sets the attribute picks any role.
        None => after.catalogue().iter().try_for_each(|role| author.check(tenant, after, &role.name)),
    };
    match change {
        RuleChange::Add(rule) | RuleChange::Replace { rule, .. } => gives(rule),
        RuleChange::Default(role) => role.iter().try_for_each(|role| author.check(tenant, after, role)),
        // Roles that a higher one has outweighed so far are given from now on.
        RuleChange::Several(_) => after.rules().iter().try_for_each(gives),
        RuleChange::Move { .. } | RuleChange::Remove(_) | RuleChange::Unknown(_) => Ok(()),
    }
}

/// What was and what is, for the audit trail.
fn told(before: &RoleRules, after: &RoleRules, change: &RuleChange) -> (Option<String>, Option<String>) {
    let rule = |rules: &RoleRules, index: &usize| text(rules.rules().get(*index)?);
    match change {
        RuleChange::Add(rule) => (None, text(rule)),
        RuleChange::Default(role) => {
            (before.default_role().map(ToString::to_string), role.as_ref().map(ToString::to_string))
        }
        RuleChange::Move { from, to } => (Some(from.to_string()), Some(to.to_string())),
        RuleChange::Remove(index) => (rule(before, index), None),
        RuleChange::Replace { index, .. } => (rule(before, index), rule(after, index)),
        RuleChange::Several(_) => (text(&before.several()), text(&after.several())),
        RuleChange::Unknown(_) => (text(&before.unknown()), text(&after.unknown())),
    }
}

fn text(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

#[cfg(test)]
mod tests;
