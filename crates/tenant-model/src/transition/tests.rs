use std::collections::BTreeSet;

use super::*;
use crate::fixtures::{
    at, connection_id, directory, email, grant, person, person_id, provisioned, scim, tenant, user,
};
use crate::{AttributeBag, Epoch, GroupKey, RoleRules};

const SAFE: Guard = Guard { other_active_admins: 1, break_glass_exists: false };

fn known(person: &Person, user: &DirectoryPerson) -> Transition {
    transition(&tenant(), &scim(), Before::Known(person), user, &SAFE, &directory(), at(0)).unwrap()
}

fn alice() -> Person {
    let created = user("alice@example.com", DirectoryState::Active);
    let id = person_id("alice");
    transition(&tenant(), &scim(), Before::New(&id), &created, &SAFE, &directory(), at(-9)).unwrap().person
}

fn active() -> DirectoryPerson {
    user("alice@example.com", DirectoryState::Active)
}

fn group(id: &str, display: &str) -> GroupRef {
    GroupRef { id: GroupKey::parse(id).unwrap(), display: display.to_owned() }
}

/// Roles by group and by `userType`.
fn with_roles() -> ScimConnection {
    let mut connection = scim();
    connection.mapping.roles = serde_json::from_str::<RoleRules>(
        r#"{"catalogue": [{"name": "admin", "admin": true, "priority": 9}, {"name": "editor"}, {"name": "member"}],
            "rules": [{"group": {"id": "g1", "grant": "admin"}}, {"group": {"id": "g2", "grant": "editor"}},
                      {"value_is_role": "userType"}],
            "default": "member", "several": "union"}"#,
    )
    .unwrap();
    connection
}

fn regrouped(person: &Person, groups: &[&str], guard: &Guard) -> Transition {
    let mut user = active();
    user.groups = groups.iter().map(|id| group(id, id)).collect();
    transition(&tenant(), &with_roles(), Before::Known(person), &user, guard, &directory(), at(0)).unwrap()
}

fn roles(person: &Person) -> Vec<String> {
    person.roles().iter().map(ToString::to_string).collect()
}

#[test]
fn a_new_user_becomes_a_managed_person() {
    let id = person_id("alice");
    let made =
        transition(&tenant(), &scim(), Before::New(&id), &active(), &SAFE, &directory(), at(0)).unwrap();
    assert_eq!(made.events, [LifecycleEvent::Created]);
    assert_eq!(made.person.managed_by, Some(connection_id("scim")));
    assert_eq!(made.person.email, Some(email("alice@example.com")));
    assert_eq!(made.audit.len(), 1);
    assert_eq!(roles(&made.person), ["member"]);
}

#[test]
fn nothing_happens_when_nothing_changes() {
    let before = alice();
    let again = known(&before, &active());
    assert!(!again.changes_anything() && again.audit.is_empty());
    assert_eq!(again.person, before);
}

// TEN-15
#[test]
fn a_deactivation_raises_the_epoch_and_locks_out() {
    let before = alice();
    let off = known(&before, &user("alice@example.com", DirectoryState::Inactive));
    assert_eq!(off.events, [LifecycleEvent::Deactivated, LifecycleEvent::LockedOut]);
    assert!(off.person.epoch > before.epoch && !off.person.state.is_active());
    // Again: nothing, and the first instant stays.
    let twice = known(&off.person, &user("alice@example.com", DirectoryState::Inactive));
    assert_eq!((twice.events.as_slice(), &twice.person), (&[][..], &off.person));
    let back = known(&off.person, &active());
    assert_eq!(back.events, [LifecycleEvent::Reactivated]);
    assert_eq!(back.person.epoch, off.person.epoch, "what died stays dead");
}

// TEN-15
#[test]
fn a_removal_raises_the_epoch_unless_the_person_was_off_already() {
    let gone = user("alice@example.com", DirectoryState::Removed);
    let removed = known(&alice(), &gone);
    assert_eq!(removed.events, [LifecycleEvent::Removed, LifecycleEvent::LockedOut]);
    assert!(removed.person.epoch > alice().epoch);
    let off = known(&alice(), &user("alice@example.com", DirectoryState::Inactive)).person;
    assert_eq!(known(&off, &gone).events, [LifecycleEvent::Removed]);
    assert!(!known(&removed.person, &gone).changes_anything());
}

// TEN-14: what is not known is not active.
#[test]
fn an_unknown_state_switches_off() {
    let off = known(&alice(), &user("alice@example.com", DirectoryState::Unknown));
    assert!(!off.person.state.is_active());
}

// TEN-15
#[test]
fn another_address_raises_the_epoch_and_another_spelling_does_not() {
    let mut changed = active();
    changed.primary_email = Some(email("ALICE@example.com"));
    let spelled = known(&alice(), &changed);
    assert_eq!((spelled.events.as_slice(), spelled.person.epoch), (&[LifecycleEvent::Updated][..], Epoch(0)));
    changed.primary_email = Some(email("alice.b@example.com"));
    let moved = known(&alice(), &changed);
    assert_eq!(
        (moved.events.as_slice(), moved.person.epoch),
        (&[LifecycleEvent::EmailChanged][..], Epoch(1))
    );
    assert_eq!(moved.audit[0].change[0].before.as_deref(), Some("alice@example.com"));
}

#[test]
fn a_user_name_that_is_an_address_stands_in_for_a_missing_one() {
    let mut bare = active();
    bare.primary_email = None;
    assert!(!known(&alice(), &bare).changes_anything());
    bare.user_name = "alice".to_owned();
    assert_eq!(known(&alice(), &bare).person.email, None);
}

// TEN-17
#[test]
fn losing_the_last_granting_group_loses_the_role_and_nothing_else() {
    let mut before = alice();
    before.grants.insert(grant("editor", GrantOrigin::Hand(person_id("root"))));
    let joined = regrouped(&before, &["g1", "g2", "g9"], &SAFE);
    assert_eq!(roles(&joined.person), ["admin", "editor"]);
    assert_eq!(joined.events, [LifecycleEvent::RoleChanged]);
    let left = regrouped(&joined.person, &["g9"], &SAFE);
    assert_eq!(roles(&left.person), ["editor"], "given by hand");
    assert!(left.person.epoch > joined.person.epoch);
    let grants = left.person.grants;
    assert_eq!(grants, BTreeSet::from([grant("editor", GrantOrigin::Hand(person_id("root")))]));
}

// TEN-17: a rename changes no role, for rules look at ids.
#[test]
fn roles_follow_group_ids_not_names() {
    let mut user = active();
    user.groups = BTreeSet::from([group("x", "g1")]);
    let renamed =
        transition(&tenant(), &with_roles(), Before::Known(&alice()), &user, &SAFE, &directory(), at(0))
            .unwrap();
    assert_eq!(roles(&renamed.person), ["member"]);
}

// TEN-16
#[test]
fn the_last_admin_keeps_the_role_and_it_is_told() {
    let admin = regrouped(&alice(), &["g1"], &SAFE).person;
    let alone = Guard { other_active_admins: 0, break_glass_exists: false };
    let held = regrouped(&admin, &["g2"], &alone);
    assert_eq!(roles(&held.person), ["admin", "editor"], "the rest of the change is stored");
    assert_eq!(held.held.iter().map(Held::code).collect::<Vec<_>>(), ["held.last_admin"]);
    assert!(held.audit.iter().any(|e| e.outcome == Outcome::Held("held.last_admin".to_owned())));
    for guard in [SAFE, Guard { break_glass_exists: true, ..alone }] {
        let lost = regrouped(&admin, &["g2"], &guard);
        assert_eq!((roles(&lost.person), lost.held.len()), (vec!["editor".to_owned()], 0));
    }
    // A deactivation is never held.
    let off = transition(
        &tenant(),
        &with_roles(),
        Before::Known(&admin),
        &user("alice@example.com", DirectoryState::Inactive),
        &alone,
        &directory(),
        at(0),
    )
    .unwrap();
    assert!(!off.person.state.is_active() && off.held.is_empty());
}

#[test]
fn a_wrong_role_refuses_the_change_but_never_a_deactivation() {
    let mut user = active();
    user.attributes = AttributeBag::new(None, [("userType", ["emperor"])]);
    let go = |user: &DirectoryPerson| {
        transition(&tenant(), &with_roles(), Before::Known(&alice()), user, &SAFE, &directory(), at(0))
    };
    let refusal = go(&user).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.status(), refusal.scim_type()),
        ("mapping.role_unknown", 400, Some("invalidValue"))
    );
    user.state = DirectoryState::Inactive;
    assert!(!go(&user).unwrap().person.state.is_active());
}

#[test]
fn departments_are_groups_or_a_field_as_the_product_says() {
    let mut user = active();
    user.groups = BTreeSet::from([group("1", "Sales"), group("2", "Finance")]);
    let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    user.attributes = AttributeBag::new(None, [(path, ["Legal"])]);
    let by_field = known(&alice(), &user);
    assert_eq!(by_field.person.department.unwrap().as_str(), "Legal");
    assert_eq!(by_field.events, [LifecycleEvent::DepartmentChanged]);
    let mut toktra = scim();
    toktra.mapping.departments = DepartmentRule::Groups;
    let by_group =
        transition(&tenant(), &toktra, Before::Known(&alice()), &user, &SAFE, &directory(), at(0)).unwrap();
    assert_eq!(by_group.person.department.unwrap().as_str(), "Finance", "the first by name");
}

// The directory outranks the login.
#[test]
fn what_came_from_logins_gives_way_to_the_directory() {
    let mut before = person("alice", "alice@example.com");
    before.grants = BTreeSet::from([grant("admin", GrantOrigin::Login(connection_id("saml")))]);
    let adopted = known(&before, &active());
    assert_eq!(roles(&adopted.person), ["member"]);
    assert!(adopted.person.epoch > before.epoch);
}

#[test]
fn whom_an_admin_switched_off_the_directory_does_not_switch_on() {
    for by in [
        Actor::Operator,
        Actor::Admin(crate::AdminId::parse("a1").unwrap()),
        Actor::Person(person_id("root")),
    ] {
        let mut before = alice();
        before.state = PersonState::Inactive { by: by.clone(), at: at(-1) };
        let after = known(&before, &active());
        assert_eq!(after.person.state, before.state, "{by:?}");
    }
}

// TEN-13, TEN-18
#[test]
fn a_directory_touches_neither_break_glass_persons_nor_those_of_others() {
    let refuses = |person: &Person, t: &Tenant| {
        let user = active();
        transition(t, &scim(), Before::Known(person), &user, &SAFE, &directory(), at(0)).unwrap_err().status()
    };
    let mut root = person("root", "root@example.com");
    let mut t = tenant();
    t.break_glass.persons.insert(root.id.clone());
    assert_eq!(refuses(&root, &t), 403);
    root.break_glass = true;
    assert_eq!(refuses(&root, &tenant()), 403);
    let mut theirs = provisioned("x", "x@example.com", DirectoryState::Active).person;
    theirs.managed_by = Some(connection_id("scim2"));
    assert_eq!(refuses(&theirs, &tenant()), 403);
    theirs.tenant = crate::TenantId::parse("org_2").unwrap();
    assert_eq!(refuses(&theirs, &tenant()), 404);
}

// The hook and the directory's own change may come in either order.
#[test]
fn a_hook_and_the_directory_deactivate_alike_in_either_order() {
    let inactive = user("alice@example.com", DirectoryState::Inactive);
    let hook_first = deactivate(&alice(), &directory(), at(0));
    assert_eq!(hook_first.events, [LifecycleEvent::Deactivated, LifecycleEvent::LockedOut]);
    let then = known(&hook_first.person, &inactive);
    let directory_first = known(&alice(), &inactive);
    let last = deactivate(&directory_first.person, &directory(), at(0));
    assert!(!then.changes_anything() && !last.changes_anything());
    assert_eq!(then.person, last.person);
    assert_eq!(known(&then.person, &active()).events, [LifecycleEvent::Reactivated]);
}

fn outsider() -> DirectoryPerson {
    user("bob@else.example", DirectoryState::Active)
}

fn by_policy(outsiders: Outsiders, known: Option<&Person>, user: &DirectoryPerson, t: &Tenant) -> Transition {
    let mut connection = scim();
    connection.outsiders = outsiders;
    let id = person_id("bob");
    let before = known.map_or(Before::New(&id), Before::Known);
    transition(t, &connection, before, user, &SAFE, &directory(), at(0)).unwrap()
}

// TEN-07: a provisioned user outside the tenant's domains.
#[test]
fn an_outsider_waits_until_the_address_is_the_tenants() {
    let mut t = tenant();
    let held = by_policy(Outsiders::Quarantine, None, &outsider(), &t);
    let domain = Domain::parse("else.example").unwrap();
    assert_eq!(held.held, [Held::OutsideDomains { domain: domain.clone() }]);
    assert_eq!(held.person.state, PersonState::Inactive { by: Actor::System, at: at(0) });
    assert_eq!(held.audit[1].outcome, Outcome::Held("held.outside_domains".to_owned()));
    let again = by_policy(Outsiders::Quarantine, Some(&held.person), &outsider(), &t);
    assert_eq!(again.person, held.person);
    // A guest entry or the domain lets the person in with the directory's next word.
    t.guests.insert(email("bob@else.example"));
    let freed = by_policy(Outsiders::Quarantine, Some(&held.person), &outsider(), &t);
    assert_eq!((freed.person.state.is_active(), freed.person.quarantine.clone()), (true, None));
    assert_eq!(freed.events, [LifecycleEvent::Reactivated]);
    // Who leaves may leave, and comes back to the same wait.
    let left = by_policy(
        Outsiders::Quarantine,
        Some(&held.person),
        &DirectoryPerson { state: DirectoryState::Inactive, ..outsider() },
        &tenant(),
    );
    assert_eq!((left.person.quarantine.clone(), left.held.len()), (None, 0));
    let back = by_policy(Outsiders::Quarantine, Some(&left.person), &outsider(), &tenant());
    assert_eq!(back.person.quarantine, Some(domain));
}

// TEN-07
#[test]
fn a_user_name_outside_the_domains_counts_beside_an_address_inside() {
    let mut both = outsider();
    both.primary_email = Some(email("bob@example.com"));
    assert_eq!(by_policy(Outsiders::Quarantine, None, &both, &tenant()).held.len(), 1);
    both.user_name = "bob".to_owned();
    assert_eq!(by_policy(Outsiders::Quarantine, None, &both, &tenant()).held.len(), 0);
    both.primary_email = None;
    assert!(by_policy(Outsiders::Quarantine, None, &both, &tenant()).person.state.is_active());
}

// TEN-07
#[test]
fn outsiders_are_refused_or_let_in_where_the_connection_says_so() {
    let mut connection = scim();
    connection.outsiders = Outsiders::Refuse;
    let id = person_id("bob");
    let go = |user: &DirectoryPerson| {
        transition(&tenant(), &connection, Before::New(&id), user, &SAFE, &directory(), at(0)).map(|_| ())
    };
    let refused = go(&outsider()).unwrap_err();
    assert_eq!(
        (refused.code(), refused.status(), refused.scim_type()),
        ("provision.outside_domains", 400, Some("invalidValue"))
    );
    assert_eq!(go(&active()), Ok(()));
    assert_eq!(go(&DirectoryPerson { state: DirectoryState::Removed, ..outsider() }), Ok(()));
    assert!(by_policy(Outsiders::DangerAccept, None, &outsider(), &tenant()).person.state.is_active());
    assert_eq!(Outsiders::default(), Outsiders::Quarantine);
}

// TEN-14
#[test]
fn a_quarantine_does_not_undo_what_an_administrator_switched_off() {
    let mut off = person("bob", "bob@else.example");
    let by_admin = PersonState::Inactive { by: Actor::Person(person_id("root")), at: at(-5) };
    off.state = by_admin.clone();
    let waiting = by_policy(Outsiders::Quarantine, Some(&off), &outsider(), &tenant());
    assert_eq!((waiting.person.state.clone(), waiting.person.quarantine.clone()), (by_admin.clone(), None));
    let mut t = tenant();
    t.guests.insert(email("bob@else.example"));
    let freed = by_policy(Outsiders::Quarantine, Some(&waiting.person), &outsider(), &t);
    assert_eq!(freed.person.state, by_admin);
}
