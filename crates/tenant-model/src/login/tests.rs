use std::collections::BTreeSet;

use super::*;
use crate::fixtures::{
    alice, at, connection_id, directory, email, grant, link, named, person, person_id, provisioned, saml,
    tenant, user, verified,
};
use crate::{
    AttrName, ConnectionState, DirectoryState, DomainPolicy, DomainState, GrantOrigin, Jit, LinkPolicy,
    PersonState, RoleName, RoleRule, RoleRules, Several, SsoPolicy, SubjectSource, Tenant, TenantState,
    UnknownRole,
};

const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const EMAIL_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

fn nobody() -> LoginRows {
    LoginRows::none(person_id("fresh"))
}

fn paired(candidate: Candidate) -> LoginRows {
    LoginRows { paired: vec![candidate], directory_in_use: true, ..nobody() }
}

fn by_email(candidate: Candidate) -> LoginRows {
    LoginRows { by_email: vec![candidate], ..nobody() }
}

fn linked(mut candidate: Candidate, subject: &str) -> LoginRows {
    candidate.links.push(link(&candidate.person, subject));
    LoginRows { linked: Some(candidate), directory_in_use: true, ..nobody() }
}

fn unmanaged(id: &str, address: &str) -> Candidate {
    Candidate { person: person(id, address), links: vec![], directory: None }
}

fn alice_provisioned(state: DirectoryState) -> Candidate {
    provisioned("alice", "alice@example.com", state)
}

#[track_caller]
fn refuses(t: &Tenant, c: &SamlConnection, who: &AssertedIdentity, rows: &LoginRows, code: &str) {
    let found = decide_login(t, c, who, rows, at(0)).map(|d| (d.found, d.person.id));
    assert_eq!(found.map_err(|refusal| refusal.code()), Err(code));
}

#[track_caller]
fn accepts(t: &Tenant, c: &SamlConnection, who: &AssertedIdentity, rows: &LoginRows) -> LoginDecision {
    decide_login(t, c, who, rows, at(0)).unwrap()
}

// TEN-06
#[test]
fn first_login_of_a_provisioned_user_is_linked_by_the_pairing() {
    let rows = paired(alice_provisioned(DirectoryState::Active));
    let decision = accepts(&tenant(), &saml(), &alice(), &rows);
    assert_eq!((decision.found, decision.person.id.as_str()), (FoundBy::Pairing, "alice"));
    let link = decision.link.unwrap();
    assert_eq!((link.person.as_str(), link.subject.value.as_str()), ("alice", "alice@example.com"));
    assert_eq!(decision.events, []);
    let actions: Vec<_> = decision.audit.iter().map(|event| event.action).collect();
    assert_eq!(actions, [Action::LinkCreated, Action::LoginAccepted]);
}

// TEN-05
#[test]
fn a_linked_person_is_found_by_the_key_even_when_the_address_changed() {
    let mut candidate = alice_provisioned(DirectoryState::Active);
    candidate.person.email = Some(email("alice.new@example.com"));
    let decision = accepts(&tenant(), &saml(), &named("a1"), &linked(candidate, "a1"));
    assert_eq!((decision.found, decision.link), (FoundBy::Link, None));
    assert_eq!(
        decision.person.email,
        Some(email("alice.new@example.com")),
        "the directory outranks the login"
    );
}

// TEN-05: the qualifiers belong to the key.
#[test]
fn another_qualifier_is_another_key() {
    let mut who = named("a1");
    who.name_id.as_mut().unwrap().name_qualifier = Some("elsewhere".to_owned());
    let query = login_query(&tenant(), &saml(), &who, at(0)).unwrap();
    assert_ne!(query.subject, login_query(&tenant(), &saml(), &named("a1"), at(0)).unwrap().subject);
    let rows = linked(alice_provisioned(DirectoryState::Active), "a1");
    refuses(&tenant(), &saml(), &who, &rows, "login.rows_disagree");
}

// TEN-05, TEN-06: another provider of the same tenant asserts the same name or mail.
#[test]
fn another_provider_gets_neither_session_nor_link() {
    let mut other = saml();
    other.id = connection_id("other");
    other.idp_entity_id = "https://other.example".to_owned();
    other.policy.link = LinkPolicy::DirectoryOrVerifiedEmail;
    let mut who = alice();
    who.entity_id.clone_from(&other.idp_entity_id);
    let mut candidate = alice_provisioned(DirectoryState::Active);
    candidate.links.push(link(&candidate.person, "alice@example.com"));
    refuses(&tenant(), &other, &who, &paired(candidate.clone()), "login.linked_elsewhere");
    other.pairing = None;
    refuses(&tenant(), &other, &who, &by_email(candidate), "login.linked_elsewhere");
}

// TEN-14: releasing the other link would not help someone whom the directory switched off, so that is what is said.
#[test]
fn whoever_is_linked_elsewhere_and_switched_off_is_told_the_latter() {
    for (state, code) in [
        (DirectoryState::Active, "login.linked_elsewhere"),
        (DirectoryState::Inactive, "login.directory_inactive"),
        (DirectoryState::Unknown, "login.directory_unknown"),
    ] {
        let mut candidate = alice_provisioned(state);
        candidate.links.push(link(&candidate.person, "another name"));
        refuses(&tenant(), &saml(), &alice(), &paired(candidate.clone()), code);
        refuses(&tenant(), &saml(), &alice(), &by_email(candidate), code);
    }
}

// TEN-06
#[test]
fn an_address_links_only_if_policy_domain_and_person_allow_it() {
    let mut c = saml();
    c.pairing = None;
    let rows = by_email(unmanaged("bob", "Bob@Example.com"));
    refuses(&tenant(), &c, &named("bob@example.com"), &rows, "login.link_required");

    c.policy.link = LinkPolicy::DirectoryOrVerifiedEmail;
    assert_eq!(accepts(&tenant(), &c, &named("bob@example.com"), &rows).found, FoundBy::Email);

    let mut two = rows;
    two.by_email.push(unmanaged("bob2", "bob@example.com"));
    refuses(&tenant(), &c, &named("bob@example.com"), &two, "login.link_required");

    // A guest's domain is not the tenant's.
    let mut t = tenant();
    t.guests.insert(email("guest@else.org"));
    let guest = by_email(unmanaged("guest", "guest@else.org"));
    refuses(&t, &c, &named("guest@else.org"), &guest, "login.link_required");

    // Rows that do not have the address are no candidates, whatever the host fetched them for.
    let stray = by_email(unmanaged("eve", "eve@example.com"));
    refuses(&tenant(), &c, &named("bob@example.com"), &stray, "login.not_provisioned");
}

// TEN-06: never a silent second account.
#[test]
fn no_account_is_made_beside_one_that_could_be_meant() {
    let mut c = saml();
    c.policy.jit = Jit::CreateWhenUnknownToDirectory;
    let rows = by_email(unmanaged("bob", "bob@example.com"));
    refuses(&tenant(), &c, &named("bob@example.com"), &rows, "login.link_required");
}

// TEN-06, TEN-13
#[test]
fn break_glass_persons_are_never_linked() {
    for mark in [true, false] {
        let (mut t, mut c) = (tenant(), saml());
        c.policy.link = LinkPolicy::DirectoryOrVerifiedEmail;
        let mut candidate = unmanaged("root", "root@example.com");
        // Either mark is enough.
        if mark {
            candidate.person.break_glass = true;
        } else {
            t.break_glass.persons.insert(candidate.person.id.clone());
        }
        let who = named("root@example.com");
        refuses(&t, &c, &who, &by_email(candidate.clone()), "login.break_glass_is_local");
        refuses(&t, &c, &who, &linked(candidate, "root@example.com"), "login.break_glass_is_local");
    }
}

// TEN-07
#[test]
fn the_domain_of_every_asserted_address_is_checked_before_any_look_up() {
    let (t, c) = (tenant(), saml());
    let query = |who: &AssertedIdentity| login_query(&t, &c, who, at(0)).map(|_| ()).map_err(|r| r.code());
    assert_eq!(query(&alice()), Ok(()));
    assert_eq!(query(&named("alice@evil.org")), Err("login.domain_not_verified"));
    assert_eq!(
        query(&named("alice@mail.example.com")),
        Err("login.domain_not_verified"),
        "exact domains only"
    );

    let mut second_value = named("a1");
    second_value.attributes = AttributeBag::new(None, [("email", ["a@example.com", "a@evil.org"])]);
    assert_eq!(query(&second_value), Err("login.domain_not_verified"));

    let mut alias = named("a1");
    alias.attributes = AttributeBag::new(None, [("mail", ["a@evil.org"]), ("email", ["a@example.com"])]);
    assert_eq!(query(&alias), Err("login.domain_not_verified"));

    // A persistent name is no address, unless the mapping makes one of it.
    let mut persistent = named("a1@evil.org");
    persistent.name_id.as_mut().unwrap().format = Some(PERSISTENT.to_owned());
    assert_eq!(query(&persistent), Err("login.domain_not_verified"));
    persistent.attributes = AttributeBag::new(None, [("email", ["a@example.com"])]);
    assert_eq!(query(&persistent), Ok(()));

    let mut unreadable = named("a@bü..cher.de");
    unreadable.name_id.as_mut().unwrap().format = Some(EMAIL_FORMAT.to_owned());
    assert_eq!(query(&unreadable), Err("login.address_malformed"));
}

// TEN-07: for linked persons too.
#[test]
fn a_linked_person_with_a_foreign_address_is_refused() {
    let rows = linked(unmanaged("x", "x@evil.org"), "x@evil.org");
    refuses(&tenant(), &saml(), &named("x@evil.org"), &rows, "login.domain_not_verified");
    let mut t = tenant();
    t.guests.insert(email("X@evil.org"));
    assert_eq!(accepts(&t, &saml(), &named("x@evil.org"), &rows).found, FoundBy::Link);
}

// TEN-07: the relaxation ends with the first verified domain, and a lapse does not bring it back.
#[test]
fn any_domain_counts_only_while_none_was_ever_verified_and_only_if_the_policy_says_so() {
    let mut c = saml();
    c.policy.jit = Jit::CreateWhenUnknownToDirectory;
    let who = named("x@evil.org");
    let mut t = tenant();
    t.domains.clear();
    refuses(&t, &c, &who, &nobody(), "login.domain_not_verified");
    t.domain_policy = DomainPolicy::DangerAnyWhileNoneVerified;
    assert_eq!(accepts(&t, &c, &who, &nobody()).found, FoundBy::New);
    let mut with = tenant();
    with.domain_policy = DomainPolicy::DangerAnyWhileNoneVerified;
    refuses(&with, &c, &who, &nobody(), "login.domain_not_verified");
    for claim in with.domains.values_mut() {
        claim.state = DomainState::Lapsed { since: at(-9), grace_until: at(-1) };
    }
    refuses(&with, &c, &who, &nobody(), "login.domain_not_verified");
}

// TEN-08
#[test]
fn a_lapsed_domain_stops_new_links_at_once_and_logins_after_the_grace() {
    let mut t = tenant();
    for claim in t.domains.values_mut() {
        claim.state = DomainState::Lapsed { since: at(-9), grace_until: at(1) };
    }
    let new = paired(alice_provisioned(DirectoryState::Active));
    let known = linked(alice_provisioned(DirectoryState::Active), "alice@example.com");
    refuses(&t, &saml(), &alice(), &new, "login.domain_not_verified");
    assert!(decide_login(&t, &saml(), &alice(), &known, at(0)).is_ok());
    assert!(decide_login(&t, &saml(), &alice(), &known, at(1)).is_err());
    let mut open = saml();
    open.policy.jit = Jit::CreateWhenUnknownToDirectory;
    open.policy.link = LinkPolicy::DirectoryOrVerifiedEmail;
    refuses(&t, &open, &alice(), &nobody(), "login.domain_not_verified");
    let unlinked = by_email(unmanaged("alice", "alice@example.com"));
    refuses(&t, &open, &alice(), &unlinked, "login.domain_not_verified");
}

// TEN-06, TEN-07: of several addresses the one that allows least decides.
#[test]
fn an_own_address_beside_a_guests_does_not_link_the_guest() {
    let (mut t, mut c) = (tenant(), saml());
    t.guests.insert(email("guest@else.org"));
    c.policy.link = LinkPolicy::DirectoryOrVerifiedEmail;
    let mut who = alice();
    who.attributes = AttributeBag::new(None, [("email", ["guest@else.org"])]);
    refuses(&t, &c, &who, &by_email(unmanaged("guest", "guest@else.org")), "login.link_required");
}

// TEN-08
#[test]
fn a_connection_may_be_limited_to_some_domains() {
    let mut t = tenant();
    for claim in t.domains.values_mut() {
        *claim = verified();
        claim.limited_to = BTreeSet::from([connection_id("other")]);
    }
    let rows = paired(alice_provisioned(DirectoryState::Active));
    refuses(&t, &saml(), &alice(), &rows, "login.domain_not_verified");
}

// TEN-10
#[test]
fn a_link_of_an_older_generation_must_be_confirmed_again() {
    let mut c = saml();
    let rows = linked(alice_provisioned(DirectoryState::Active), "alice@example.com");
    assert!(decide_login(&tenant(), &c, &alice(), &rows, at(0)).is_ok());
    c.raise_generation();
    refuses(&tenant(), &c, &alice(), &rows, "login.generation_changed");

    let mut stray = linked(alice_provisioned(DirectoryState::Active), "alice@example.com");
    stray.linked.as_mut().unwrap().links[0].entity_id = "https://old.example".to_owned();
    refuses(&tenant(), &saml(), &alice(), &stray, "login.generation_changed");

    let mut moved = saml();
    moved.trust_entity("https://new.example");
    let mut who = alice();
    who.entity_id = "https://new.example".to_owned();
    refuses(&tenant(), &moved, &who, &rows, "login.generation_changed");
}

// TEN-12
#[test]
fn enforcement_names_the_connections_that_count() {
    let rows = linked(alice_provisioned(DirectoryState::Active), "alice@example.com");
    let mut t = tenant();
    t.sso = SsoPolicy::Enforced { connections: BTreeSet::from([connection_id("other")]), since: at(-1) };
    refuses(&t, &saml(), &alice(), &rows, "signin.sso_enforced");
    t.sso = SsoPolicy::Enforced { connections: BTreeSet::from([connection_id("saml")]), since: at(-1) };
    assert!(decide_login(&t, &saml(), &alice(), &rows, at(0)).is_ok());
    t.sso = SsoPolicy::Off;
    refuses(&t, &saml(), &alice(), &rows, "signin.sso_off");
}

// TEN-14
#[test]
fn whoever_the_directory_calls_inactive_removed_or_unknown_gets_nothing() {
    let mut c = saml();
    c.policy.jit = Jit::CreateWhenUnknownToDirectory;
    c.policy.link = LinkPolicy::DirectoryOrVerifiedEmail;
    for (state, code) in [
        (DirectoryState::Inactive, "login.directory_inactive"),
        (DirectoryState::Removed, "login.directory_inactive"),
        (DirectoryState::Unknown, "login.directory_unknown"),
    ] {
        let candidate = alice_provisioned(state);
        refuses(&tenant(), &c, &alice(), &linked(candidate.clone(), "alice@example.com"), code);
        refuses(&tenant(), &c, &alice(), &paired(candidate.clone()), code);
        refuses(&tenant(), &c, &alice(), &by_email(candidate), code);
    }
    let mut silent = alice_provisioned(DirectoryState::Active);
    silent.directory = None;
    refuses(&tenant(), &c, &alice(), &linked(silent, "alice@example.com"), "login.directory_unknown");
    let mut other = alice_provisioned(DirectoryState::Active);
    other.person.managed_by = Some(connection_id("scim2"));
    refuses(&tenant(), &c, &alice(), &linked(other, "alice@example.com"), "login.directory_unknown");
}

// TEN-14: the person's own state counts too, e.g. after a hook that came before the directory's change.
#[test]
fn a_person_who_is_switched_off_is_refused() {
    for (by, code) in [(directory(), "login.directory_inactive"), (Actor::Operator, "login.person_inactive")]
    {
        let mut candidate = alice_provisioned(DirectoryState::Active);
        candidate.person.state = PersonState::Inactive { by, at: at(-1) };
        refuses(&tenant(), &saml(), &alice(), &linked(candidate.clone(), "alice@example.com"), code);
        refuses(&tenant(), &saml(), &alice(), &paired(candidate), code);
    }
}

// A directory that deletes a user and makes them again gives a new person; the old link must not bar the way.
#[test]
fn a_person_who_was_removed_and_provisioned_anew_is_linked_anew() {
    let mut old = provisioned("old", "alice@example.com", DirectoryState::Removed);
    old.person.state = PersonState::Removed { at: at(-5) };
    let mut rows = linked(old.clone(), "alice@example.com");
    rows.paired = vec![old, alice_provisioned(DirectoryState::Active)];
    let decision = accepts(&tenant(), &saml(), &alice(), &rows);
    assert_eq!((decision.found, decision.person.id.as_str()), (FoundBy::Pairing, "alice"));
    assert!(decision.link.is_some());
}

#[test]
fn two_users_that_fit_the_pairing_are_a_refusal() {
    let mut rows = paired(alice_provisioned(DirectoryState::Active));
    let mut second = provisioned("eve", "eve@example.com", DirectoryState::Active);
    second.directory.as_mut().unwrap().external_id = Some("alice@example.com".to_owned());
    rows.paired.push(second);
    refuses(&tenant(), &saml(), &alice(), &rows, "login.ambiguous");
}

#[test]
fn rows_that_do_not_fit_the_pairing_are_not_used() {
    let rows = paired(provisioned("eve", "eve@example.com", DirectoryState::Active));
    refuses(&tenant(), &saml(), &alice(), &rows, "login.not_provisioned");
    let mut other = alice_provisioned(DirectoryState::Active);
    other.directory.as_mut().unwrap().connection = connection_id("scim2");
    refuses(&tenant(), &saml(), &alice(), &paired(other), "login.not_provisioned");
    let mut other = alice_provisioned(DirectoryState::Active);
    other.directory = Some(user("alice@example.com", DirectoryState::Active));
    other.person.managed_by = None;
    refuses(&tenant(), &saml(), &alice(), &paired(other), "login.not_provisioned");
}

// TEN-18
#[test]
fn rows_of_another_tenant_are_refused() {
    let mut stranger = alice_provisioned(DirectoryState::Active);
    stranger.person.tenant = crate::TenantId::parse("org_2").unwrap();
    refuses(&tenant(), &saml(), &alice(), &paired(stranger.clone()), "login.rows_disagree");
    refuses(&tenant(), &saml(), &alice(), &linked(stranger, "alice@example.com"), "login.rows_disagree");
    let own = linked(alice_provisioned(DirectoryState::Active), "alice@example.com");
    let (mut elsewhere, mut another) = (own.clone(), own);
    elsewhere.linked.as_mut().unwrap().links[0].tenant = crate::TenantId::parse("org_2").unwrap();
    refuses(&tenant(), &saml(), &alice(), &elsewhere, "login.rows_disagree");
    another.linked.as_mut().unwrap().links[0].person = person_id("eve");
    refuses(&tenant(), &saml(), &alice(), &another, "login.rows_disagree");
    let mut t = tenant();
    t.id = crate::TenantId::parse("org_2").unwrap();
    refuses(&t, &saml(), &alice(), &nobody(), "login.rows_disagree");
}

// TEN-21
#[test]
fn a_connection_or_tenant_that_is_not_in_use_refuses_first() {
    let rows = paired(alice_provisioned(DirectoryState::Active));
    for state in [ConnectionState::Off { since: at(0) }, ConnectionState::Draft, ConnectionState::Testing] {
        let mut c = saml();
        c.state = state;
        refuses(&tenant(), &c, &named("x@evil.org"), &rows, "login.connection_off");
    }
    let mut t = tenant();
    t.state = TenantState::Suspended;
    refuses(&t, &saml(), &alice(), &rows, "login.tenant_suspended");
    // TEN-02
    let mut who = alice();
    who.entity_id = "https://other.example".to_owned();
    refuses(&tenant(), &saml(), &who, &rows, "login.wrong_issuer");
}

#[test]
fn accounts_are_made_just_in_time_as_the_policy_says() {
    let mut c = saml();
    let busy = LoginRows { directory_in_use: true, ..nobody() };
    for (jit, without, with) in [
        (Jit::Never, false, false),
        (Jit::CreateWhenNoDirectory, true, false),
        (Jit::CreateWhenUnknownToDirectory, true, true),
    ] {
        c.policy.jit = jit;
        assert_eq!(decide_login(&tenant(), &c, &alice(), &nobody(), at(0)).is_ok(), without, "{jit:?}");
        assert_eq!(decide_login(&tenant(), &c, &alice(), &busy, at(0)).is_ok(), with, "{jit:?}");
    }
    let made = accepts(&tenant(), &c, &alice(), &nobody());
    assert_eq!((made.found, made.person.id.as_str()), (FoundBy::New, "fresh"));
    assert_eq!(made.events, [LifecycleEvent::Created]);
    assert_eq!(made.person.grants, BTreeSet::from([grant("member", GrantOrigin::Default)]));
}

#[test]
fn a_transient_name_is_no_key_but_a_subject_id_is() {
    let mut who = named("_one-time");
    who.name_id.as_mut().unwrap().format = Some(TRANSIENT.to_owned());
    let subject = |who: &AssertedIdentity| login_query(&tenant(), &saml(), who, at(0)).map(|q| q.subject);
    assert_eq!(subject(&who), Err(LoginRefusal::TransientNameId));
    who.attributes =
        AttributeBag::new(None, [("urn:oasis:names:tc:SAML:attribute:subject-id", vec!["a1@example.com"])]);
    let key = subject(&who).unwrap();
    assert_eq!(key.value, "a1@example.com");
    assert!(key.attribute.is_some(), "a NameID of the same text is another key");
    who.attributes = AttributeBag::new(
        None,
        [("urn:oasis:names:tc:SAML:attribute:subject-id", vec!["a@example.com", "b@example.com"])],
    );
    assert_eq!(subject(&who), Err(LoginRefusal::TransientNameId));
    who.name_id = None;
    assert_eq!(subject(&who), Err(LoginRefusal::SubjectMissing));

    let mut c = saml();
    c.policy.subject = vec![SubjectSource::Attribute(AttrName::parse("uid").unwrap())];
    refuses(&tenant(), &c, &alice(), &nobody(), "login.subject_missing");
}

fn rules(unknown: UnknownRole) -> RoleRules {
    let role = |name: &str, admin| crate::Role {
        name: RoleName::parse(name).unwrap(),
        display: None,
        priority: 0,
        admin,
        hidden: false,
    };
    let by_value = RoleRule::ValueIsRole(AttrName::parse("role").unwrap());
    let catalogue = vec![role("admin", true), role("member", false)];
    RoleRules::new(catalogue, vec![by_value], RoleName::parse("member").ok(), unknown, Several::Union)
        .unwrap()
}

#[test]
fn roles_follow_the_login_and_losing_one_ends_what_is_open() {
    let mut c = saml();
    c.mapping.roles = rules(UnknownRole::Refuse);
    let mut candidate = unmanaged("bob", "bob@example.com");
    candidate.person.grants = BTreeSet::from([
        grant("admin", GrantOrigin::Login(connection_id("saml"))),
        grant("member", GrantOrigin::Hand(person_id("root"))),
    ]);
    let before = candidate.person.epoch;
    let rows = linked(candidate, "bob@example.com");
    let mut who = named("bob@example.com");
    let lost = accepts(&tenant(), &c, &who, &rows);
    assert_eq!(lost.events, [LifecycleEvent::RoleChanged]);
    assert!(lost.epoch > before && lost.epoch == lost.person.epoch);
    assert_eq!(lost.person.grants, BTreeSet::from([grant("member", GrantOrigin::Hand(person_id("root")))]));

    who.attributes = AttributeBag::new(None, [("role", ["emperor"])]);
    refuses(&tenant(), &c, &who, &rows, "mapping.role_unknown");
}

#[test]
fn the_directory_outranks_the_login() {
    let mut c = saml();
    c.mapping.roles = rules(UnknownRole::Refuse);
    let mut who = alice();
    // Neither a better role nor a wrong one counts for someone whom the directory manages.
    for role in ["admin", "emperor"] {
        who.attributes = AttributeBag::new(None, [("role", vec![role]), ("displayName", vec!["Queen"])]);
        let decision = accepts(&tenant(), &c, &who, &paired(alice_provisioned(DirectoryState::Active)));
        assert_eq!((decision.events, decision.person.grants.len()), (vec![], 0));
        assert_eq!(decision.person.display_name, None);
    }
}

#[test]
fn a_missing_required_attribute_refuses_with_a_hint_for_the_product() {
    let mut c = saml();
    c.mapping = serde_json::from_str(r#"{"fields": {"uid": {"from": ["uid"], "required": true}}}"#).unwrap();
    let rows = paired(alice_provisioned(DirectoryState::Active));
    let refusal = decide_login(&tenant(), &c, &alice(), &rows, at(0)).unwrap_err();
    assert_eq!(refusal.code(), "mapping.missing_attribute");
    assert!(refusal.hint(Provider::Okta).unwrap().contains("Attribute Statements"));
    // TEN-23
    let audit = refusal.audit(&c, at(0));
    assert_eq!(audit.outcome, Outcome::Refused("mapping.missing_attribute".to_owned()));
}

#[test]
fn a_session_ends_when_the_provider_or_the_policy_says_so_whichever_is_first() {
    let rows = linked(alice_provisioned(DirectoryState::Active), "alice@example.com");
    let mut who = alice();
    assert_eq!(accepts(&tenant(), &saml(), &who, &rows).session_until, at(720));
    who.session_not_on_or_after = Some(at(30));
    assert_eq!(accepts(&tenant(), &saml(), &who, &rows).session_until, at(30));
    who.session_not_on_or_after = Some(at(7200));
    assert_eq!(accepts(&tenant(), &saml(), &who, &rows).session_until, at(720));
}

#[test]
fn subject_columns_are_equal_only_for_equal_keys() {
    let key = |value: &str, q: Option<&str>, s: Option<&str>| SubjectKey {
        attribute: None,
        value: value.to_owned(),
        name_qualifier: q.map(str::to_owned),
        sp_name_qualifier: s.map(str::to_owned),
    };
    let keys = [
        key("a", None, None),
        key("a", Some(""), None),
        key("a", None, Some("")),
        key("a", Some("b"), None),
        key("a\",\"b", None, None),
        key("A", None, None),
    ];
    let columns: BTreeSet<_> = keys.iter().map(SubjectKey::column).collect();
    assert_eq!(columns.len(), keys.len());
}

/// Alice, whom the directory renamed after her first login as `alice@example.com`.
fn renamed_alice() -> (SamlConnection, Candidate, AssertedIdentity) {
    let mut connection = saml();
    connection.policy.relink = crate::Relink::WhenDirectoryRenamed;
    let mut candidate = provisioned("alice", "alice.smith@example.com", DirectoryState::Active);
    candidate.links = vec![link(&candidate.person, "alice@example.com")];
    (connection, candidate, named("alice.smith@example.com"))
}

// TEN-06
#[test]
fn a_person_whom_the_directory_renamed_gets_a_new_link_in_place_of_the_old() {
    let (connection, candidate, who) = renamed_alice();
    let decision = accepts(&tenant(), &connection, &who, &paired(candidate.clone()));
    assert_eq!(decision.found, FoundBy::Pairing);
    assert_eq!(decision.ended_links, candidate.links);
    assert_eq!(decision.link.unwrap().subject.value, "alice.smith@example.com");
    let actions: Vec<_> = decision.audit.iter().map(|event| event.action).collect();
    assert_eq!(actions, [Action::LinkRemoved, Action::LinkCreated, Action::LoginAccepted]);
    // A login by an old link ends none.
    let known = linked(candidate, "alice.smith@example.com");
    assert_eq!(accepts(&tenant(), &connection, &who, &known).ended_links, []);
}

// TEN-05, TEN-06, TEN-10
#[test]
fn nobody_is_linked_anew_unless_policy_connection_trust_and_directory_agree() {
    type Change = fn(&mut SamlConnection, &mut Candidate);
    let changes: [(&str, Change); 5] = [
        ("policy", |c, _| c.policy.relink = crate::Relink::Never),
        ("the old name is still the user's", |_, a| {
            a.directory.as_mut().unwrap().external_id = Some("alice@example.com".to_owned());
        }),
        ("a link of another connection", |_, a| a.links[0].connection = connection_id("other")),
        ("a link of an earlier trust", |_, a| a.links[0].generation = crate::Generation(7)),
        ("one such link among others", |_, a| {
            let other = crate::Link { entity_id: "https://other.example".to_owned(), ..a.links[0].clone() };
            a.links.push(other);
        }),
    ];
    for (what, change) in changes {
        let (mut connection, mut candidate, who) = renamed_alice();
        change(&mut connection, &mut candidate);
        let found = decide_login(&tenant(), &connection, &who, &paired(candidate), at(0));
        assert_eq!(found.unwrap_err().code(), "login.linked_elsewhere", "{what}");
    }
    let (connection, mut candidate, who) = renamed_alice();
    candidate.directory.as_mut().unwrap().state = DirectoryState::Inactive;
    refuses(&tenant(), &connection, &who, &paired(candidate), "login.directory_inactive");
}
