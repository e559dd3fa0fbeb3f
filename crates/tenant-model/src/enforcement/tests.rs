use super::*;
use crate::fixtures::{alice, at, connection_id, link, person, person_id, provisioned, saml, tenant};
use crate::{BreakGlass, ConnectionState, LoginRows, Method, decide_login, may_sign_in};

/// With an active break-glass person `bg` and linked Alice.
struct Scene {
    tenant: Tenant,
    saml: SamlConnection,
    people: Vec<Candidate>,
    tests: Vec<TestLogin>,
}

fn scene() -> Scene {
    let mut tenant = tenant();
    tenant.break_glass = BreakGlass { persons: [person_id("bg")].into(), armed_until: None };
    let mut glass = provisioned("bg", "bg@example.com", DirectoryState::Active);
    glass.person.managed_by = None;
    glass.person.break_glass = true;
    glass.directory = None;
    let mut linked = provisioned("alice", "alice@example.com", DirectoryState::Active);
    linked.links = vec![link(&linked.person, "alice@example.com")];
    let rows = LoginRows { linked: Some(linked.clone()), ..LoginRows::none(person_id("new")) };
    let login = decide_login(&tenant, &saml(), &alice(), &rows, at(0)).unwrap();
    let tests = vec![TestLogin::of(&saml(), &login, at(0))];
    Scene { tenant, saml: saml(), people: vec![glass, linked], tests }
}

impl Scene {
    fn preview(&self) -> EnforcementPreview {
        self.preview_at(at(10))
    }

    fn preview_at(&self, now: DateTime<Utc>) -> EnforcementPreview {
        let connections = std::slice::from_ref(&self.saml);
        preview_enforcement(&self.tenant, connections, &self.people, &self.tests, now)
    }

    fn enforce(&self, confirmed: &[&str]) -> Result<(SsoPolicy, AuditEvent), EnforceError> {
        let confirmed = confirmed.iter().map(|id| person_id(id)).collect();
        SsoPolicy::enforced(&self.preview(), &self.tenant, &confirmed, &Actor::Operator, at(10))
    }

    fn blockers(&self) -> Vec<&'static str> {
        self.preview().blockers.iter().map(Blocker::code).collect()
    }

    fn why(&self, id: &str) -> Option<ShutOutReason> {
        self.preview().shut_out.iter().find(|out| out.person == person_id(id)).map(|out| out.why)
    }
}

// TEN-13
#[test]
fn with_a_test_login_a_dry_run_and_a_way_back_in_it_is_turned_on() {
    let scene = scene();
    let preview = scene.preview();
    assert_eq!((preview.ready, preview.break_glass), ([person_id("alice")].into(), [person_id("bg")].into()));
    let (policy, event) = scene.enforce(&[]).unwrap();
    assert_eq!(
        (event.action, event.change[0].after.as_deref()),
        (Action::SsoPolicyChanged, Some("enforced"))
    );
    let mut after = scene.tenant;
    after.sso = policy;
    let alice = &scene.people[1].person;
    assert!(may_sign_in(&after, alice, &Method::Saml(connection_id("saml")), at(11)).is_ok());
    assert!(may_sign_in(&after, alice, &Method::Password, at(11)).is_err());
}

// TEN-13
#[test]
fn each_precondition_alone_blocks_it() {
    let mut none = scene();
    none.tests.clear();
    assert_eq!(none.blockers(), ["enforce.no_test_login"]);
    assert_eq!(none.enforce(&[]).unwrap_err().code(), "enforce.no_test_login");

    let mut other = scene();
    other.saml.raise_generation();
    other.people[1].links[0].generation = other.saml.generation;
    assert_eq!(other.blockers(), ["enforce.no_test_login"]);

    let scene_now = scene();
    let day = at(60 * 24);
    assert!(scene_now.preview_at(day).blockers.is_empty());
    assert!(!scene_now.preview_at(at(60 * 24 + 1)).blockers.is_empty());
    assert!(!scene_now.preview_at(at(-1)).blockers.is_empty());

    let mut off = scene();
    off.saml.state = ConnectionState::Off { since: at(0) };
    assert_eq!(off.blockers(), ["enforce.connection_off"]);

    let mut foreign = scene();
    foreign.saml.tenant = TenantId::parse("org_2").unwrap();
    assert_eq!(foreign.blockers(), ["enforce.other_tenant"]);

    let mut unnamed = scene();
    unnamed.tenant.break_glass.persons.clear();
    assert_eq!(unnamed.blockers(), ["enforce.no_break_glass"]);
    let mut unmarked = scene();
    unmarked.people[0].person.break_glass = false;
    assert_eq!(unmarked.blockers(), ["enforce.no_break_glass"]);
    let mut inactive = scene();
    inactive.people[0].person.state = crate::PersonState::Inactive { by: Actor::Operator, at: at(0) };
    assert_eq!(inactive.blockers(), ["enforce.no_break_glass"]);

    let empty = scene();
    let nothing = preview_enforcement(&empty.tenant, &[], &empty.people, &empty.tests, at(1));
    assert_eq!(nothing.blockers, [Blocker::NoConnection]);
}

// TEN-13
#[test]
fn the_dry_run_names_who_would_be_shut_out_and_why() {
    let mut scene = scene();
    let hand_made = |id: &str, address: &str| Candidate {
        person: person(id, address),
        links: Vec::new(),
        directory: None,
    };
    scene.people.push(hand_made("nolink", "nolink@example.com"));
    let mut stale = hand_made("stale", "stale@example.com");
    stale.links = vec![link(&stale.person, "stale")];
    stale.links[0].generation = Generation(7);
    scene.people.push(stale);
    let mut outside = hand_made("outside", "outside@example.org");
    outside.links = vec![link(&outside.person, "outside")];
    scene.people.push(outside);
    scene.people.push(provisioned("pairs", "pairs@example.com", DirectoryState::Active));
    let mut elsewhere = provisioned("elsewhere", "elsewhere@example.com", DirectoryState::Active);
    elsewhere.links = vec![link(&elsewhere.person, "x")];
    elsewhere.links[0].connection = connection_id("other");
    scene.people.push(elsewhere);
    let mut gone = provisioned("gone", "gone@example.com", DirectoryState::Inactive);
    gone.links = vec![link(&gone.person, "gone")];
    scene.people.push(gone);
    let mut lost = provisioned("lost", "lost@example.com", DirectoryState::Active);
    lost.directory = None;
    lost.links = vec![link(&lost.person, "lost")];
    scene.people.push(lost);
    let mut inactive = hand_made("inactive", "inactive@example.com");
    inactive.person.state = crate::PersonState::Removed { at: at(0) };
    scene.people.push(inactive);
    let mut foreign = hand_made("foreign", "foreign@example.com");
    foreign.person.tenant = TenantId::parse("org_2").unwrap();
    scene.people.push(foreign);
    for (id, why) in [
        ("nolink", Some(ShutOutReason::NotLinked)),
        ("stale", Some(ShutOutReason::LinkUnconfirmed)),
        ("outside", Some(ShutOutReason::OutsideDomains)),
        ("elsewhere", Some(ShutOutReason::NotLinked)),
        ("gone", Some(ShutOutReason::Directory)),
        ("lost", Some(ShutOutReason::Directory)),
        ("pairs", None),
        ("alice", None),
        ("inactive", None),
        ("foreign", None),
        ("bg", None),
    ] {
        assert_eq!(scene.why(id), why, "{id}");
    }
    let preview = scene.preview();
    assert_eq!(preview.will_pair, [person_id("pairs")].into());
    // They are shut out only by someone who saw their names.
    let all = ["nolink", "stale", "outside", "elsewhere", "gone", "lost"];
    assert_eq!(scene.enforce(&all[1..]), Err(EnforceError::NotConfirmed { missing: 1 }));
    assert!(scene.enforce(&all).is_ok());
}

// TEN-13
#[test]
fn a_preview_of_another_state_of_the_tenant_is_not_turned_into_a_policy() {
    let scene = scene();
    let preview = scene.preview();
    let mut later = scene.tenant.clone();
    later.version += 1;
    let made = SsoPolicy::enforced(&preview, &later, &BTreeSet::new(), &Actor::Operator, at(10));
    assert_eq!(made, Err(EnforceError::Changed));
    let mut other = scene.tenant.clone();
    other.id = TenantId::parse("org_2").unwrap();
    let made = SsoPolicy::enforced(&preview, &other, &BTreeSet::new(), &Actor::Operator, at(10));
    assert_eq!(made, Err(EnforceError::Changed));
    // The proof survives a store.
    let text = serde_json::to_string(&scene.tests[0]).unwrap();
    assert_eq!(serde_json::from_str::<TestLogin>(&text).unwrap(), scene.tests[0]);
}
