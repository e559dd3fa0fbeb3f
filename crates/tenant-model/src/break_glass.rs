//! The persons who get in when the identity provider does not work (TEN-13).

use chrono::{DateTime, TimeDelta, Utc};

use crate::audit::{Action, AuditEvent, Target};
use crate::ids::PersonId;
use crate::login::Candidate;
use crate::person::{Actor, Person};
use crate::session::{Method, SignInRefusal, may_sign_in};
use crate::tenant::{BreakGlass, SsoPolicy, Tenant};

/// Most hours for which emergency access is opened at a time.
pub const MAX_ARMED_HOURS: u16 = 72;

/// Why emergency access was not changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreakGlassError {
    /// A directory manages the person.
    #[error("this account is managed by a directory; name one that is not")]
    Directory,
    /// The person is switched off or removed.
    #[error("this account is switched off")]
    Inactive,
    /// While single sign-on is enforced somebody must keep emergency access.
    #[error("while single sign-on is enforced, at least one person keeps emergency access")]
    LastOne,
    /// The person is tied to an identity provider.
    #[error("this account is tied to an identity provider; name one that is not")]
    Linked,
    /// It cannot be opened for nobody.
    #[error("nobody is named for emergency access")]
    Nobody,
    /// The person is of another tenant.
    #[error("this account is not known here")]
    OtherTenant,
    /// It cannot be opened for so long, or for no time.
    #[error("emergency access is opened for 1 to {MAX_ARMED_HOURS} hours, not for {asked}")]
    TooLong {
        /// Hours asked for.
        asked: u16,
    },
}

impl BreakGlassError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Directory => "break_glass.directory",
            Self::Inactive => "break_glass.inactive",
            Self::LastOne => "break_glass.last_one",
            Self::Linked => "break_glass.linked",
            Self::Nobody => "break_glass.nobody",
            Self::OtherTenant => "break_glass.other_tenant",
            Self::TooLong { .. } => "break_glass.too_long",
        }
    }
}

/// Gives someone emergency access: the person and the tenant's list to store, in one transaction.
///
/// The person's epoch grows: sessions from before had other conditions.
///
/// # Errors
/// [`BreakGlassError`].
pub fn name_break_glass(
    tenant: &Tenant,
    who: &Candidate,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(BreakGlass, Person, AuditEvent), BreakGlassError> {
    let person = &who.person;
    if person.tenant != tenant.id {
        return Err(BreakGlassError::OtherTenant);
    }
    if !person.state.is_active() {
        return Err(BreakGlassError::Inactive);
    }
    if person.managed_by.is_some() || who.directory.is_some() {
        return Err(BreakGlassError::Directory);
    }
    if !who.links.is_empty() {
        return Err(BreakGlassError::Linked);
    }
    let mut after = person.clone();
    after.break_glass = true;
    after.epoch = person.epoch.raised();
    let mut list = tenant.break_glass.clone();
    list.persons.insert(person.id.clone());
    let event = changed(tenant, Target::Person(person.id.clone()), by, now);
    Ok((list, after, event.with_change("break_glass", Some("false".to_owned()), Some("true".to_owned()))))
}

/// Takes emergency access from someone: the person and the tenant's list to store, in one transaction.
///
/// # Errors
/// [`BreakGlassError::LastOne`] while single sign-on is enforced and nobody else is named;
/// [`BreakGlassError::OtherTenant`].
pub fn unname_break_glass(
    tenant: &Tenant,
    person: &Person,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(BreakGlass, Person, AuditEvent), BreakGlassError> {
    if person.tenant != tenant.id {
        return Err(BreakGlassError::OtherTenant);
    }
    let mut list = tenant.break_glass.clone();
    list.persons.remove(&person.id);
    if list.persons.is_empty() && matches!(tenant.sso, SsoPolicy::Enforced { .. }) {
        return Err(BreakGlassError::LastOne);
    }
    let mut after = person.clone();
    after.break_glass = false;
    after.epoch = person.epoch.raised();
    let event = changed(tenant, Target::Person(person.id.clone()), by, now);
    Ok((list, after, event.with_change("break_glass", Some("true".to_owned()), Some("false".to_owned()))))
}

/// Opens emergency access for some hours, from now.
///
/// # Errors
/// [`BreakGlassError::TooLong`] and [`BreakGlassError::Nobody`].
pub fn arm_break_glass(
    tenant: &Tenant,
    hours: u16,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(BreakGlass, AuditEvent), BreakGlassError> {
    if !(1..=MAX_ARMED_HOURS).contains(&hours) {
        return Err(BreakGlassError::TooLong { asked: hours });
    }
    if tenant.break_glass.persons.is_empty() {
        return Err(BreakGlassError::Nobody);
    }
    let until = now.checked_add_signed(TimeDelta::hours(i64::from(hours)));
    let mut list = tenant.break_glass.clone();
    list.armed_until = until;
    let was = tenant.break_glass.armed_until.map(|at| at.to_rfc3339());
    let event = changed(tenant, Target::Tenant, by, now);
    Ok((list, event.with_change("armed_until", was, until.map(|at| at.to_rfc3339()))))
}

/// Signs a break-glass person in: [`may_sign_in`] with the audit event that each use must leave.
///
/// # Errors
/// [`SignInRefusal`].
pub fn use_break_glass(
    tenant: &Tenant,
    person: &Person,
    second_factor: bool,
    now: DateTime<Utc>,
) -> Result<AuditEvent, SignInRefusal> {
    may_sign_in(tenant, person, &Method::BreakGlass { second_factor }, now)?;
    let id: &PersonId = &person.id;
    let (actor, target) = (Actor::Person(id.clone()), Target::Person(id.clone()));
    Ok(AuditEvent::done(&tenant.id, now, actor, Action::BreakGlassUsed, target))
}

fn changed(tenant: &Tenant, target: Target, by: &Actor, now: DateTime<Utc>) -> AuditEvent {
    AuditEvent::done(&tenant.id, now, by.clone(), Action::BreakGlassChanged, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TenantId;
    use crate::fixtures::{at, connection_id, link, person, provisioned, tenant};
    use crate::{DirectoryState, PersonState};

    fn hand_made() -> Candidate {
        Candidate { person: person("bg", "bg@example.com"), links: Vec::new(), directory: None }
    }

    fn name(who: &Candidate) -> Result<(BreakGlass, Person, AuditEvent), BreakGlassError> {
        name_break_glass(&tenant(), who, &Actor::Operator, at(0))
    }

    fn named() -> (Tenant, Person) {
        let (list, person, _) = name(&hand_made()).unwrap();
        let mut tenant = tenant();
        tenant.break_glass = list;
        (tenant, person)
    }

    // TEN-13
    #[test]
    fn someone_with_a_link_or_a_directory_is_not_named() {
        let mut linked = hand_made();
        linked.links = vec![link(&linked.person, "bg")];
        assert_eq!(name(&linked), Err(BreakGlassError::Linked));
        let managed = provisioned("bg", "bg@example.com", DirectoryState::Active);
        assert_eq!(name(&managed), Err(BreakGlassError::Directory));
        let mut known = managed;
        known.person.managed_by = None;
        assert_eq!(name(&known), Err(BreakGlassError::Directory));
        let mut off = hand_made();
        off.person.state = PersonState::Removed { at: at(0) };
        assert_eq!(name(&off), Err(BreakGlassError::Inactive));
        let mut other = hand_made();
        other.person.tenant = TenantId::parse("org_2").unwrap();
        assert_eq!(name(&other), Err(BreakGlassError::OtherTenant));
    }

    // TEN-13
    #[test]
    fn a_named_person_gets_in_only_while_armed_with_a_second_factor_and_each_use_is_audited() {
        let (mut tenant, person) = named();
        assert_eq!(person.epoch.0, 1);
        assert!(use_break_glass(&tenant, &person, true, at(1)).is_err());
        let (list, event) = arm_break_glass(&tenant, 1, &Actor::Operator, at(0)).unwrap();
        assert_eq!(event.action, Action::BreakGlassChanged);
        tenant.break_glass = list;
        assert!(use_break_glass(&tenant, &person, false, at(1)).is_err());
        let used = use_break_glass(&tenant, &person, true, at(59)).unwrap();
        assert_eq!((used.action, used.target), (Action::BreakGlassUsed, Target::Person(person.id.clone())));
        assert!(use_break_glass(&tenant, &person, true, at(60)).is_err());
    }

    // TEN-13
    #[test]
    fn it_is_armed_for_a_limited_time_and_for_somebody() {
        let (mut tenant, _) = named();
        let arm =
            |tenant: &Tenant, hours| arm_break_glass(tenant, hours, &Actor::Operator, at(0)).map(|_| ());
        assert_eq!(arm(&tenant, 0), Err(BreakGlassError::TooLong { asked: 0 }));
        assert_eq!(arm(&tenant, MAX_ARMED_HOURS), Ok(()));
        assert!(arm(&tenant, MAX_ARMED_HOURS + 1).is_err());
        tenant.break_glass.persons.clear();
        assert_eq!(arm(&tenant, 1), Err(BreakGlassError::Nobody));
    }

    // TEN-13
    #[test]
    fn while_single_sign_on_is_enforced_the_last_one_stays() {
        let (mut tenant, person) = named();
        let take = |tenant: &Tenant| unname_break_glass(tenant, &person, &Actor::Operator, at(0));
        let (list, after, _) = take(&tenant).unwrap();
        assert!(list.persons.is_empty() && !after.break_glass && after.epoch > person.epoch);
        tenant.sso = SsoPolicy::Enforced { connections: [connection_id("saml")].into(), since: at(0) };
        assert_eq!(take(&tenant), Err(BreakGlassError::LastOne));
        tenant.break_glass.persons.insert(PersonId::parse("bg2").unwrap());
        assert!(take(&tenant).is_ok());
        tenant.id = TenantId::parse("org_2").unwrap();
        assert_eq!(take(&tenant), Err(BreakGlassError::OtherTenant));
    }
}
