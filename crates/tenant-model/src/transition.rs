//! What a change of a person means: events for the product, and an epoch that ends what is open.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::audit::{Action, AuditEvent, LifecycleEvent, Outcome, Target};
use crate::connection::{Outsiders, ScimConnection};
use crate::ids::{DepartmentName, Domain, EmailAddress, PersonId, RoleName};
use crate::mapping::{
    AccountField, DepartmentRule, GrantSource, Mapped, MappingError, RoleRules, apply, resolve_roles,
};
use crate::person::{
    Actor, DirectoryPerson, DirectoryState, Grant, GrantOrigin, GroupRef, Person, PersonState,
};
use crate::provision::ProvisionRefusal;
use crate::tenant::{Standing, Tenant};

/// The person that a directory's user becomes or stays.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// The person as stored.
    Known(&'a Person),
    /// A person that does not exist yet, with a fresh id of the host.
    New(&'a PersonId),
}

/// What must be counted before roles are taken away, under one lock with the change (TEN-16).
///
/// The default is the careful one: there is nobody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Active persons with an administration role, without the one that changes.
    pub other_active_admins: u32,
    /// Whether the tenant has a break-glass person.
    pub break_glass_exists: bool,
}

/// A change to store: in one transaction with the sessions that it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The person to store. If its epoch grew, its sessions and keys are dead.
    pub person: Person,
    /// What happened, each once, in order; empty if nothing did.
    pub events: Vec<LifecycleEvent>,
    /// What was not done.
    pub held: Vec<Held>,
    /// For the audit trail.
    pub audit: Vec<AuditEvent>,
}

impl Transition {
    /// The same with the deactivation put off: the person stays as stored, and it is written down that it waits.
    ///
    /// For a tenant that chose to hold mass deactivations, after [`crate::blast_radius`] said so. Store what the
    /// directory sent all the same: logins of such a person are refused by it, only what is open stays open.
    #[must_use]
    pub fn put_off(self, before: &Person, cause: &Actor, now: DateTime<Utc>) -> Self {
        let held = Held::BlastRadius;
        let target = Target::Person(before.id.clone());
        let event = AuditEvent::done(&before.tenant, now, cause.clone(), held.action(), target)
            .with_outcome(Outcome::Held(held.code().to_owned()));
        Self { person: before.clone(), events: Vec::new(), held: vec![held], audit: vec![event] }
    }

    /// Whether there is anything to store.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        !self.events.is_empty()
    }
}

/// A change that waits for someone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Held {
    /// Too many people were deactivated within an hour, and the tenant chose to have the rest held.
    BlastRadius,
    /// The last administrator would have lost this role, and nobody has emergency access (TEN-16).
    LastAdmin {
        /// The role, still held.
        role: RoleName,
    },
    /// The person waits because the address is not of the tenant's domains.
    OutsideDomains {
        /// The domain.
        domain: Domain,
    },
}

impl Held {
    fn action(&self) -> Action {
        match self {
            Self::BlastRadius => Action::PersonDeactivated,
            Self::LastAdmin { .. } => Action::RolesChanged,
            Self::OutsideDomains { .. } => Action::PersonActivated,
        }
    }

    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BlastRadius => "held.blast_radius",
            Self::LastAdmin { .. } => "held.last_admin",
            Self::OutsideDomains { .. } => "held.outside_domains",
        }
    }
}

/// Makes of a directory's user, as it is after a request, the person to store.
///
/// The directory outranks logins: fields and roles that came from logins are replaced. Roles given by hand stay. What
/// an admin or the operator switched off, the directory does not switch on.
///
/// # Errors
/// [`ProvisionRefusal`] if the person cannot be the directory's, or if the user cannot be mapped.
pub fn transition(
    tenant: &Tenant,
    connection: &ScimConnection,
    before: Before<'_>,
    user: &DirectoryPerson,
    guard: &Guard,
    cause: &Actor,
    now: DateTime<Utc>,
) -> Result<Transition, ProvisionRefusal> {
    let known = match before {
        Before::Known(person) => Some(person),
        Before::New(_) => None,
    };
    if let Some(person) = known {
        may_manage(tenant, connection, person)?;
    }
    let mut person = match before {
        Before::Known(person) => person.clone(),
        Before::New(id) => Person::new(tenant.id.clone(), id.clone()),
    };
    person.managed_by = Some(connection.id.clone());
    // What only the quarantine had switched off, the directory may switch on.
    let was = known.filter(|p| p.quarantine.is_none()).map(|p| &p.state);
    person.state = state(was, user.state, cause, now);
    person.email = user.address();
    person.quarantine = None;
    let mut held = Vec::new();
    if let Some(domain) = outside(tenant, connection, user, now) {
        match connection.outsiders {
            Outsiders::DangerAccept => {}
            // Whoever is switched off anyway stays so by whoever did it.
            Outsiders::Quarantine if !person.state.is_active() => {}
            Outsiders::Quarantine => {
                person.state = known
                    .filter(|p| p.quarantine.is_some())
                    .map_or(PersonState::Inactive { by: Actor::System, at: now }, |p| p.state.clone());
                person.quarantine = Some(domain.clone());
                held.push(Held::OutsideDomains { domain });
            }
            Outsiders::Refuse => return Err(ProvisionRefusal::OutsideDomains { domain }),
        }
    }
    if user.state == DirectoryState::Active {
        // Someone who leaves keeps the roles on record, and a bad attribute cannot stop a deactivation.
        let mapped = apply(&connection.mapping, &user.attributes).map_err(mapping)?;
        let name = mapped.fields.get(&AccountField::DisplayName);
        person.display_name = user.display_name.clone().or_else(|| name.cloned());
        person.department = department(connection.mapping.departments, &mapped, &user.groups);
        person.grants = grants(connection, &person.grants, user).map_err(mapping)?;
        held.extend(hold_last_admin(&connection.mapping.roles, known, &mut person, guard));
    }
    let events = settle(known, &mut person);
    let mut audit = audit(known, &person, &events, cause, now);
    for entry in &held {
        let target = Target::Person(person.id.clone());
        let event = AuditEvent::done(&tenant.id, now, cause.clone(), entry.action(), target);
        audit.push(event.with_outcome(Outcome::Held(entry.code().to_owned())));
    }
    Ok(Transition { person, events, held, audit })
}

/// Switches a person off and ends what is open, e.g. when another system says that they left.
///
/// Doing it twice, or after the directory did, changes nothing.
#[must_use]
pub fn deactivate(person: &Person, cause: &Actor, now: DateTime<Utc>) -> Transition {
    let mut after = person.clone();
    if after.state.is_active() {
        after.state = PersonState::Inactive { by: cause.clone(), at: now };
    }
    let events = settle(Some(person), &mut after);
    let audit = audit(Some(person), &after, &events, cause, now);
    Transition { person: after, events, held: Vec::new(), audit }
}

/// The domain of an active user's address, if it is not the tenant's. Who leaves may always leave.
fn outside(
    tenant: &Tenant,
    connection: &ScimConnection,
    user: &DirectoryPerson,
    now: DateTime<Utc>,
) -> Option<Domain> {
    // The userName is an address too, where it is one: both are what people are looked up by.
    let claimed = [user.primary_email.clone(), EmailAddress::parse(&user.user_name).ok()];
    let foreign = |email: &EmailAddress| tenant.standing(email, &connection.id, now) == Standing::Foreign;
    let found = claimed.into_iter().flatten().find(foreign)?;
    (user.state == DirectoryState::Active).then(|| found.domain().clone())
}

/// Whether a directory connection may own a person.
pub(crate) fn may_manage(
    tenant: &Tenant,
    connection: &ScimConnection,
    person: &Person,
) -> Result<(), ProvisionRefusal> {
    if person.tenant != tenant.id {
        return Err(ProvisionRefusal::OtherTenant);
    }
    if person.break_glass || tenant.break_glass.persons.contains(&person.id) {
        return Err(ProvisionRefusal::BreakGlassIsLocal);
    }
    match &person.managed_by {
        Some(other) if *other != connection.id => Err(ProvisionRefusal::ManagedElsewhere),
        Some(_) | None => Ok(()),
    }
}

/// Finds out what changed, and raises the epoch if access shrank (TEN-15).
pub(crate) fn settle(before: Option<&Person>, after: &mut Person) -> Vec<LifecycleEvent> {
    let Some(before) = before else {
        return vec![LifecycleEvent::Created];
    };
    let mut events = Vec::new();
    let (was, is) = (before.state.is_active(), after.state.is_active());
    let gone = |state: &PersonState| matches!(state, PersonState::Removed { .. });
    if gone(&after.state) && !gone(&before.state) {
        events.push(LifecycleEvent::Removed);
    } else if was && !is {
        events.push(LifecycleEvent::Deactivated);
    } else if !was && is {
        events.push(LifecycleEvent::Reactivated);
    }
    if was && !is {
        events.push(LifecycleEvent::LockedOut);
    }
    let (had, has) = (before.roles(), after.roles());
    if had != has {
        events.push(LifecycleEvent::RoleChanged);
    }
    if before.department != after.department {
        events.push(LifecycleEvent::DepartmentChanged);
    }
    let mailbox = match (&before.email, &after.email) {
        (Some(a), Some(b)) => !a.same_mailbox(b),
        (a, b) => a != b,
    };
    if mailbox {
        events.push(LifecycleEvent::EmailChanged);
    }
    after.epoch = before.epoch;
    if (was && !is) || mailbox || !had.is_subset(&has) {
        after.epoch = before.epoch.raised();
    }
    // Whatever else changed: spelling of the address, name, owner, where a role came from.
    if events.is_empty() && before != after {
        events.push(LifecycleEvent::Updated);
    }
    events
}

/// One audit event for each thing that happened.
pub(crate) fn audit(
    before: Option<&Person>,
    after: &Person,
    events: &[LifecycleEvent],
    cause: &Actor,
    now: DateTime<Utc>,
) -> Vec<AuditEvent> {
    let roles = |p: &Person| p.roles().iter().map(RoleName::as_str).collect::<Vec<_>>().join(", ");
    let make = |event: &LifecycleEvent| {
        let (action, field) = match event {
            LifecycleEvent::Created => (Action::PersonCreated, None),
            LifecycleEvent::Deactivated => (Action::PersonDeactivated, None),
            LifecycleEvent::DepartmentChanged => (Action::PersonUpdated, Some("department")),
            LifecycleEvent::EmailChanged => (Action::PersonUpdated, Some("email")),
            // Told by the deactivation or removal that comes with it.
            LifecycleEvent::LockedOut => return None,
            LifecycleEvent::Reactivated => (Action::PersonActivated, None),
            LifecycleEvent::Removed => (Action::PersonRemoved, None),
            LifecycleEvent::RoleChanged => (Action::RolesChanged, Some("roles")),
            LifecycleEvent::Updated => (Action::PersonUpdated, None),
        };
        let target = Target::Person(after.id.clone());
        let event = AuditEvent::done(&after.tenant, now, cause.clone(), action, target);
        let value = |p: &Person| match field {
            Some("department") => p.department.as_ref().map(ToString::to_string),
            Some("email") => p.email.as_ref().map(ToString::to_string),
            _ => Some(roles(p)),
        };
        Some(match field {
            Some(field) => event.with_change(field, before.and_then(value), value(after)),
            None => event,
        })
    };
    events.iter().filter_map(make).collect()
}

/// The default role for someone who has none.
pub(crate) fn with_default(mut grants: BTreeSet<Grant>, rules: &RoleRules) -> BTreeSet<Grant> {
    if let (true, Some(role)) = (grants.is_empty(), rules.default_role()) {
        grants.insert(Grant { role: role.clone(), origin: GrantOrigin::Default });
    }
    grants
}

fn state(
    before: Option<&PersonState>,
    directory: DirectoryState,
    cause: &Actor,
    now: DateTime<Utc>,
) -> PersonState {
    match (directory, before) {
        (DirectoryState::Removed, Some(PersonState::Removed { at })) => PersonState::Removed { at: *at },
        (DirectoryState::Removed, _) => PersonState::Removed { at: now },
        (DirectoryState::Active, Some(PersonState::Inactive { by, at })) => match by {
            Actor::Admin(_) | Actor::Operator | Actor::Person(_) | Actor::System => {
                PersonState::Inactive { by: by.clone(), at: *at }
            }
            Actor::Connection(_) | Actor::Token(_) => PersonState::Active,
        },
        (DirectoryState::Active, _) => PersonState::Active,
        // What is not known is not active.
        (DirectoryState::Inactive | DirectoryState::Unknown, Some(state @ PersonState::Inactive { .. })) => {
            state.clone()
        }
        (DirectoryState::Inactive | DirectoryState::Unknown, _) => {
            PersonState::Inactive { by: cause.clone(), at: now }
        }
    }
}

fn grants(
    connection: &ScimConnection,
    had: &BTreeSet<Grant>,
    user: &DirectoryPerson,
) -> Result<BTreeSet<Grant>, MappingError> {
    let rules = &connection.mapping.roles;
    let by_hand = |grant: &&Grant| matches!(grant.origin, GrantOrigin::Hand(_) | GrantOrigin::Operator);
    let mut grants: BTreeSet<Grant> = had.iter().filter(by_hand).cloned().collect();
    for (role, sources) in resolve_roles(rules, &user.attributes, Some(&user.groups))?.granted {
        for source in sources {
            let origin = match source {
                GrantSource::Attribute => GrantOrigin::Directory(connection.id.clone()),
                GrantSource::Group(id) => GrantOrigin::Group(id),
            };
            grants.insert(Grant { role: role.clone(), origin });
        }
    }
    Ok(with_default(grants, rules))
}

pub(crate) fn hold_last_admin(
    rules: &RoleRules,
    before: Option<&Person>,
    after: &mut Person,
    guard: &Guard,
) -> Vec<Held> {
    let is_admin = |person: &Person| person.grants.iter().any(|grant| rules.is_admin(&grant.role));
    let Some(before) = before.filter(|p| p.state.is_active() && is_admin(p)) else { return Vec::new() };
    let safe = guard.other_active_admins > 0 || guard.break_glass_exists;
    if safe || !after.state.is_active() || is_admin(after) {
        return Vec::new();
    }
    let kept: Vec<_> = before.grants.iter().filter(|grant| rules.is_admin(&grant.role)).cloned().collect();
    let roles: BTreeSet<_> = kept.iter().map(|grant| grant.role.clone()).collect();
    after.grants.extend(kept);
    roles.into_iter().map(|role| Held::LastAdmin { role }).collect()
}

fn department(rule: DepartmentRule, mapped: &Mapped, groups: &BTreeSet<GroupRef>) -> Option<DepartmentName> {
    match rule {
        DepartmentRule::Field => {
            mapped.fields.get(&AccountField::Department).and_then(|name| DepartmentName::parse(name).ok())
        }
        DepartmentRule::Groups => {
            let mut names: Vec<_> = groups.iter().collect();
            names.sort_by(|a, b| (&a.display, &a.id).cmp(&(&b.display, &b.id)));
            names.iter().find_map(|group| DepartmentName::parse(&group.display).ok())
        }
    }
}

fn mapping(error: MappingError) -> ProvisionRefusal {
    ProvisionRefusal::Mapping(error)
}

#[cfg(test)]
mod tests;
