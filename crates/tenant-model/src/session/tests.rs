use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::*;
use crate::fixtures::{at, connection_id, person, person_id, tenant};
use crate::{Actor, PersonState};

fn enforced() -> Tenant {
    let mut tenant = tenant();
    tenant.sso = SsoPolicy::Enforced { connections: BTreeSet::from([connection_id("saml")]), since: at(0) };
    tenant
}

fn methods() -> [Method; 6] {
    [
        Method::BreakGlass { second_factor: true },
        Method::Invitation,
        Method::MagicLink,
        Method::Password,
        Method::Saml(connection_id("other")),
        Method::Social,
    ]
}

fn code(tenant: &Tenant, person: &Person, by: &Method) -> Result<(), &'static str> {
    may_sign_in(tenant, person, by, at(0)).map_err(|refusal| refusal.code())
}

// TEN-12
#[test]
fn where_single_sign_on_is_enforced_every_other_way_is_refused() {
    let bob = person("bob", "bob@example.com");
    assert_eq!(code(&enforced(), &bob, &Method::Saml(connection_id("saml"))), Ok(()));
    for by in methods() {
        assert!(code(&enforced(), &bob, &by).is_err(), "{by:?}");
    }
    for by in methods().into_iter().skip(1) {
        assert_eq!(code(&tenant(), &bob, &by), Ok(()), "{by:?}");
    }
    let mut off = tenant();
    off.sso = SsoPolicy::Off;
    assert_eq!(code(&off, &bob, &Method::Saml(connection_id("saml"))), Err("signin.sso_off"));
    assert_eq!(code(&off, &bob, &Method::Password), Ok(()));
}

// TEN-13
#[test]
fn a_break_glass_person_needs_both_marks_an_open_window_and_a_second_factor() {
    let mut root = person("root", "root@example.com");
    root.break_glass = true;
    let mut t = enforced();
    let local = Method::BreakGlass { second_factor: true };
    assert_eq!(code(&t, &root, &local), Err("signin.not_break_glass"));
    t.break_glass.persons = BTreeSet::from([person_id("root")]);
    assert_eq!(code(&t, &root, &local), Err("signin.break_glass_not_armed"));
    t.break_glass.armed_until = Some(at(0));
    assert_eq!(code(&t, &root, &local), Err("signin.break_glass_not_armed"));
    t.break_glass.armed_until = Some(at(1));
    assert_eq!(code(&t, &root, &local), Ok(()));
    let bare = Method::BreakGlass { second_factor: false };
    assert_eq!(code(&t, &root, &bare), Err("signin.second_factor_missing"));
    for by in methods().into_iter().skip(1) {
        assert_eq!(code(&t, &root, &by), Err("signin.break_glass_is_local"), "{by:?}");
    }
    root.break_glass = false;
    assert_eq!(code(&t, &root, &local), Err("signin.not_break_glass"));
    assert_eq!(code(&t, &root, &Method::Password), Err("signin.break_glass_is_local"));
}

#[test]
fn nobody_signs_in_who_is_switched_off_elsewhere_or_of_a_suspended_tenant() {
    let mut bob = person("bob", "bob@example.com");
    let mut t = tenant();
    t.state = TenantState::Closing;
    assert_eq!(code(&t, &bob, &Method::Password), Err("signin.tenant_suspended"));
    t = tenant();
    t.id = TenantId::parse("org_2").unwrap();
    assert_eq!(code(&t, &bob, &Method::Password), Err("signin.other_tenant"));
    for state in
        [PersonState::Inactive { by: Actor::Operator, at: at(0) }, PersonState::Removed { at: at(0) }]
    {
        bob.state = state;
        assert_eq!(code(&tenant(), &bob, &Method::Password), Err("signin.person_inactive"));
    }
}

// TEN-15
#[test]
fn a_session_dies_with_each_thing_it_stands_on() {
    let bob = person("bob", "bob@example.com");
    let active = Some(ConnectionState::Active);
    let session = SessionFacts {
        tenant: tenant().id,
        person: bob.id.clone(),
        epoch: bob.epoch,
        method: Method::Saml(connection_id("saml")),
        idle_until: at(30),
        ends_at: at(60),
    };
    let alive = |s: &SessionFacts, p: &Person, c, minutes| session_alive(&tenant(), s, p, c, at(minutes));
    assert!(alive(&session, &bob, active, 29));
    assert!(!alive(&session, &bob, active, 30), "idle");
    assert!(!alive(&SessionFacts { idle_until: at(99), ..session.clone() }, &bob, active, 60), "over");
    assert!(!alive(&session, &bob, Some(ConnectionState::Off { since: at(0) }), 1), "connection off");
    assert!(!alive(&session, &bob, None, 1), "connection gone");
    assert!(!alive(&session, &person("eve", "eve@example.com"), active, 1), "other person");
    let raised = Person { epoch: bob.epoch.raised(), ..bob.clone() };
    assert!(!alive(&session, &raised, active, 1), "older epoch");
    let ahead = SessionFacts { epoch: bob.epoch.raised(), ..session.clone() };
    assert!(!alive(&ahead, &bob, active, 1), "an epoch that the person never had");
    let off = PersonState::Inactive { by: Actor::Operator, at: at(0) };
    assert!(!alive(&session, &Person { state: off, ..bob.clone() }, active, 1), "switched off");
    let mut foreign = session.clone();
    foreign.tenant = TenantId::parse("org_2").unwrap();
    assert!(!alive(&foreign, &bob, active, 1), "other tenant");
    // TEN-12: a session made before enforcement ends with it.
    let by_password = SessionFacts { method: Method::Password, ..session };
    assert!(alive(&by_password, &bob, None, 1));
    assert!(!session_alive(&enforced(), &by_password, &bob, None, at(0) + TimeDelta::minutes(1)));
}
