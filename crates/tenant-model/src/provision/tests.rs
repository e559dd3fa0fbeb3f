use super::*;
use crate::fixtures::{
    at, connection_id, directory, email, link, person, person_id, provisioned, saml, scim, tenant, user,
};
use crate::{DomainPolicy, GrantOrigin, LifecycleEvent, RoleName};

fn nobody() -> ProvisionRows {
    ProvisionRows::none(person_id("fresh"))
}

fn alice() -> DirectoryPerson {
    user("alice@example.com", DirectoryState::Active)
}

fn decide(user: &DirectoryPerson, rows: &ProvisionRows) -> Result<Provision, ProvisionRefusal> {
    decide_provision(&tenant(), &scim(), &[saml()], user, rows, &directory(), at(0))
}

#[track_caller]
fn becomes(user: &DirectoryPerson, rows: &ProvisionRows, step: ProvisionStep, id: &str) {
    let got = decide(user, rows).unwrap();
    assert_eq!((got.step, got.transition.person.id.as_str()), (step, id));
    assert_eq!(got.transition.person.managed_by, Some(connection_id("scim")));
}

/// An account that a login has made, with its link.
fn signed_in(subject: &str, address: &str) -> Candidate {
    let person = person("jit", address);
    Candidate { links: vec![link(&person, subject)], person, directory: None }
}

#[test]
fn the_query_names_everything_that_could_be_meant() {
    let query = provision_query(&scim(), &[saml()], &alice());
    assert_eq!(query.external_id.as_deref(), Some("ext-alice@example.com"));
    assert_eq!(
        (query.user_name.as_str(), query.email),
        ("alice@example.com", Some(email("alice@example.com")))
    );
    let [subjects] = query.subjects.as_slice() else { panic!("one paired connection") };
    assert_eq!(subjects.connection, connection_id("saml"));
    assert_eq!(subjects.values.len(), 2);
    let mut unpaired = saml();
    unpaired.pairing = None;
    assert!(provision_query(&scim(), &[unpaired], &alice()).subjects.is_empty());
}

#[test]
fn someone_unknown_is_created() {
    becomes(&alice(), &nobody(), ProvisionStep::Created, "fresh");
}

// RFC 7643 4.1.1, TEN-20
#[test]
fn a_user_name_that_is_taken_is_a_conflict_in_any_case() {
    let mut upper = alice();
    upper.user_name = "ALICE@example.com".to_owned();
    for state in [DirectoryState::Active, DirectoryState::Inactive, DirectoryState::Unknown] {
        let mut taken = provisioned("alice", "alice@example.com", state);
        taken.directory.as_mut().unwrap().external_id = None;
        let rows = ProvisionRows { by_user_name: vec![taken], ..nobody() };
        let refusal = decide(&upper, &rows).unwrap_err();
        assert_eq!(refusal, ProvisionRefusal::Conflict { attribute: "userName" });
        assert_eq!((refusal.status(), refusal.scim_type()), (409, Some("uniqueness")));
    }
    let removed = provisioned("old", "alice@example.com", DirectoryState::Removed);
    becomes(
        &upper,
        &ProvisionRows { by_user_name: vec![removed], ..nobody() },
        ProvisionStep::Created,
        "fresh",
    );
}

// TEN-18: nothing is told of another tenant.
#[test]
fn a_user_name_of_another_tenant_is_no_conflict() {
    let mut theirs = provisioned("x", "alice@example.com", DirectoryState::Active);
    theirs.person.tenant = TenantId::parse("org_2").unwrap();
    let rows = ProvisionRows {
        by_user_name: vec![theirs.clone()],
        by_external_id: vec![theirs.clone()],
        by_email: vec![theirs.clone()],
        by_subject: vec![theirs],
        ..nobody()
    };
    becomes(&alice(), &rows, ProvisionStep::Created, "fresh");
}

// TEN-20
#[test]
fn the_same_external_id_brings_back_whom_the_directory_let_go() {
    for state in [DirectoryState::Inactive, DirectoryState::Removed] {
        let mut gone = provisioned("alice", "alice@example.com", state);
        gone.person.state = match state {
            DirectoryState::Removed => PersonState::Removed { at: at(-1) },
            _ => PersonState::Inactive { by: directory(), at: at(-1) },
        };
        let rows = ProvisionRows {
            by_external_id: vec![gone.clone()],
            by_user_name: vec![gone.clone()],
            ..nobody()
        };
        becomes(&alice(), &rows, ProvisionStep::Reactivated, "alice");
        assert!(decide(&alice(), &rows).unwrap().transition.events.contains(&LifecycleEvent::Reactivated));
        // Another's userName is still another's.
        let other = provisioned("eve", "alice@example.com", DirectoryState::Active);
        let clash = ProvisionRows { by_user_name: vec![other], ..rows.clone() };
        assert_eq!(decide(&alice(), &clash).unwrap_err().code(), "provision.conflict");
        // The external id of another directory is another's id.
        let mut foreign_record = gone.clone();
        foreign_record.directory.as_mut().unwrap().connection = connection_id("scim2");
        let rows = ProvisionRows { by_external_id: vec![foreign_record], ..nobody() };
        becomes(&alice(), &rows, ProvisionStep::Created, "fresh");
        let mut elsewhere = gone;
        elsewhere.person.managed_by = Some(connection_id("scim2"));
        let rows = ProvisionRows { by_external_id: vec![elsewhere], ..nobody() };
        becomes(&alice(), &rows, ProvisionStep::Created, "fresh");
    }
}

// TEN-06, the other way round: the login came before the directory.
#[test]
fn an_account_made_by_a_paired_login_is_adopted_even_without_an_address() {
    let rows =
        ProvisionRows { by_subject: vec![signed_in("Alice@example.com", "other@example.com")], ..nobody() };
    becomes(&alice(), &rows, ProvisionStep::Adopted, "jit");

    let stray = ProvisionRows { by_subject: vec![signed_in("bob@example.com", "b@example.com")], ..nobody() };
    becomes(&alice(), &stray, ProvisionStep::Created, "fresh");
    let mut old = signed_in("alice@example.com", "b@example.com");
    old.links[0].generation = old.links[0].generation.raised();
    becomes(&alice(), &ProvisionRows { by_subject: vec![old], ..nobody() }, ProvisionStep::Created, "fresh");
    let mut unpaired = saml();
    unpaired.pairing = None;
    let made =
        decide_provision(&tenant(), &scim(), &[unpaired], &alice(), &rows, &directory(), at(0)).unwrap();
    assert_eq!(made.step, ProvisionStep::Created);
}

// TEN-06, TEN-08
#[test]
fn an_account_with_the_address_is_adopted_only_in_the_tenants_domain() {
    let rows = |address: &str| ProvisionRows {
        by_email: vec![Candidate { person: person("bob", address), links: vec![], directory: None }],
        ..nobody()
    };
    becomes(&alice(), &rows("Alice@Example.com"), ProvisionStep::Adopted, "bob");
    becomes(&alice(), &rows("bob@example.com"), ProvisionStep::Created, "fresh");
    let foreign = user("x@else.org", DirectoryState::Active);
    becomes(&foreign, &rows("x@else.org"), ProvisionStep::Created, "fresh");
    let mut removed = rows("alice@example.com");
    removed.by_email[0].person.state = PersonState::Removed { at: at(-1) };
    becomes(&alice(), &removed, ProvisionStep::Created, "fresh");
    let mut two = rows("alice@example.com");
    two.by_email.push(Candidate {
        person: person("b2", "alice@example.com"),
        links: vec![],
        directory: None,
    });
    becomes(&alice(), &two, ProvisionStep::Created, "fresh");
    let mut t = tenant();
    t.domains.clear();
    t.domain_policy = DomainPolicy::DangerAnyWhileNoneVerified;
    let rows = rows("x@else.org");
    let made = decide_provision(&t, &scim(), &[], &foreign, &rows, &directory(), at(0)).unwrap();
    assert_eq!(made.step, ProvisionStep::Adopted);
}

// TEN-13
#[test]
fn a_break_glass_person_is_never_adopted() {
    let mut root = Candidate { person: person("root", "alice@example.com"), links: vec![], directory: None };
    root.person.break_glass = true;
    let rows = ProvisionRows { by_email: vec![root], ..nobody() };
    becomes(&alice(), &rows, ProvisionStep::Created, "fresh");
}

// What an admin gave stays; what an admin took away stays away.
#[test]
fn adoption_keeps_what_was_done_by_hand() {
    let mut candidate =
        Candidate { person: person("bob", "alice@example.com"), links: vec![], directory: None };
    let by_hand = crate::Grant {
        role: RoleName::parse("admin").unwrap(),
        origin: GrantOrigin::Hand(person_id("root")),
    };
    candidate.person.grants.insert(by_hand.clone());
    candidate.person.state = PersonState::Inactive { by: Actor::Operator, at: at(-1) };
    let rows = ProvisionRows { by_email: vec![candidate], ..nobody() };
    let adopted = decide(&alice(), &rows).unwrap();
    assert!(adopted.transition.person.grants.contains(&by_hand));
    assert!(!adopted.transition.person.state.is_active());
}

// TEN-21, TEN-23
#[test]
fn a_connection_or_tenant_that_is_not_in_use_refuses() {
    let mut off = scim();
    off.state = ConnectionState::Off { since: at(-1) };
    let refusal =
        decide_provision(&tenant(), &off, &[], &alice(), &nobody(), &directory(), at(0)).unwrap_err();
    assert_eq!((refusal.code(), refusal.status()), ("provision.connection_off", 403));
    let audit = refusal.audit(&off, directory(), at(0));
    assert_eq!(audit.outcome, Outcome::Refused("provision.connection_off".to_owned()));
    let mut t = tenant();
    t.state = TenantState::Closing;
    assert!(decide_provision(&t, &scim(), &[], &alice(), &nobody(), &directory(), at(0)).is_err());
    let mut stray = alice();
    stray.connection = connection_id("scim2");
    assert_eq!(decide(&stray, &nobody()), Err(ProvisionRefusal::OtherTenant));
}
