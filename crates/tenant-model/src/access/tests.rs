use super::*;
use crate::fixtures::{at, connection_id, directory, grant, person, person_id, scim, tenant, user};
use crate::{
    AttrName, DirectoryState, GroupKey, GroupRef, LifecycleEvent, PersonState, Several, UnknownRole,
};

fn name(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

/// `owner` over `admin` over `editor` over `member`, which is the default.
fn rules() -> RoleRules {
    let role = |text: &str, priority, admin| Role {
        name: name(text),
        display: None,
        priority,
        admin,
        hidden: false,
    };
    let roles = vec![
        role("owner", 90, true),
        role("admin", 50, true),
        role("editor", 20, false),
        role("member", 0, false),
    ];
    RoleRules::new(roles, vec![], Some(name("member")), UnknownRole::Refuse, Several::HighestPriority)
        .unwrap()
}

fn by_group(id: &str, role: &str) -> RoleRule {
    RoleRule::Group { id: GroupKey::parse(id).unwrap(), grant: name(role) }
}

fn with(id: &str, role: &str) -> Person {
    let mut person = person(id, "someone@example.com");
    person.grants.insert(grant(role, GrantOrigin::Hand(person_id("root"))));
    person
}

fn rights() -> Rights {
    Rights { tenant: tenant().id, granted: [Right::Members].into() }
}

fn add(rule: &RoleRule, author: Author<'_>) -> Result<RoleRules, &'static str> {
    add_rule(&tenant().id, &rules(), rule, author, &rights(), at(0)).map(|(r, _)| r).map_err(|e| e.code())
}

fn two_more() -> Guard {
    Guard { other_active_admins: 2, break_glass_exists: false }
}

// TEN-17
#[test]
fn a_rule_gives_only_what_its_author_could_give() {
    let (admin, owner, editor) = (with("a", "admin"), with("o", "owner"), with("e", "editor"));
    assert!(add(&by_group("g", "editor"), Author::Person(&admin)).is_ok());
    assert!(add(&by_group("g", "admin"), Author::Person(&admin)).is_ok());
    assert_eq!(add(&by_group("g", "owner"), Author::Person(&admin)), Err("role.above_own"));
    assert!(add(&by_group("g", "owner"), Author::Person(&owner)).is_ok());
    assert!(add(&by_group("g", "owner"), Author::Operator).is_ok());
    // Without administration nobody gives anything.
    assert_eq!(add(&by_group("g", "member"), Author::Person(&editor)), Err("role.above_own"));
    let mut inactive = with("o", "owner");
    inactive.state = PersonState::Removed { at: at(0) };
    let mut foreign = with("o", "owner");
    foreign.tenant = TenantId::parse("org_2").unwrap();
    for wrong in [inactive, foreign] {
        assert_eq!(add(&by_group("g", "member"), Author::Person(&wrong)), Err("role.above_own"));
    }
    // A rule that takes any role from an attribute gives every role.
    let any = || RoleRule::ValueIsRole(AttrName::parse("userType").unwrap());
    assert_eq!(add(&any(), Author::Person(&admin)), Err("role.above_own"));
    assert_eq!(add(&any(), Author::Person(&owner)).unwrap().rules().len(), 1);
    assert_eq!(add(&by_group("g", "nobody"), Author::Operator), Err("roles.not_in_catalogue"));
}

// TEN-17
#[test]
fn someone_with_a_high_role_that_is_no_administration_gives_no_administration() {
    let high = Role { name: name("auditor"), display: None, priority: 99, admin: false, hidden: false };
    let mut roles = rules().catalogue().to_vec();
    roles.push(high);
    let rules = RoleRules::new(roles, vec![], None, UnknownRole::Refuse, Several::Union).unwrap();
    let mut both = with("a", "admin");
    both.grants.insert(grant("auditor", GrantOrigin::Hand(person_id("root"))));
    let may = |role: &str| {
        let role = rules.catalogue().iter().find(|known| known.name.as_str() == role).unwrap();
        Author::Person(&both).may_give(&tenant().id, &rules, role)
    };
    assert!(may("auditor") && may("admin") && !may("owner"));
    // Without the high role an administrator does not give it either, though it gives no administration.
    let auditor = rules.catalogue().iter().find(|known| known.name.as_str() == "auditor").unwrap();
    assert!(!Author::Person(&with("a", "admin")).may_give(&tenant().id, &rules, auditor));
}

// TEN-17, TEN-23
#[test]
fn rules_are_changed_with_the_right_and_written_down() {
    let none = Rights { granted: [Right::Security].into(), ..rights() };
    let tried = add_rule(&tenant().id, &rules(), &by_group("g", "editor"), Author::Operator, &none, at(0));
    assert_eq!(tried.unwrap_err().code(), "right.missing");
    let (with_one, event) =
        add_rule(&tenant().id, &rules(), &by_group("g", "editor"), Author::Operator, &rights(), at(0))
            .unwrap();
    assert_eq!((event.action, event.change.len()), (Action::RoleRulesChanged, 1));
    let remove =
        |index, rights: &Rights| remove_rule(&tenant().id, &with_one, index, Author::Operator, rights, at(0));
    let (without, event) = remove(0, &rights()).unwrap();
    assert_eq!((without, event.change[0].after.clone()), (rules(), None));
    assert_eq!(remove(1, &rights()).unwrap_err(), RoleChangeError::RuleUnknown { index: 1 });
    assert_eq!(remove(0, &none).unwrap_err().code(), "right.missing");
}

// TEN-17
#[test]
fn a_role_given_by_hand_outlives_the_directory_and_is_taken_back_by_hand() {
    let (rules, admin) = (rules(), with("a", "admin"));
    let author = Author::Person(&admin);
    let mut plain = person("p", "p@example.com");
    plain.grants.insert(grant("member", GrantOrigin::Default));
    let given = give_role(&plain, &name("editor"), &rules, author, &rights(), at(0)).unwrap();
    let editor = given.person;
    assert_eq!(editor.grants, [grant("editor", GrantOrigin::Hand(person_id("a")))].into());
    assert_eq!(given.events, [LifecycleEvent::RoleChanged]);
    let mut connection = scim();
    connection.mapping.roles = rules.clone();
    let user = user("p@example.com", DirectoryState::Active);
    let synced = regroup(&tenant(), &connection, &[(editor.clone(), user)], &two_more(), &directory(), at(1));
    assert_eq!(synced[0].as_ref().unwrap().person.grants, editor.grants);

    let take = |person: &Person, role: &str| {
        take_role(person, &name(role), &rules, author, &rights(), &two_more(), at(2)).map_err(|e| e.code())
    };
    let taken = take(&editor, "editor").unwrap();
    assert_eq!(taken.person.grants, [grant("member", GrantOrigin::Default)].into());
    assert!(taken.person.epoch > editor.epoch);
    assert_eq!(take(&taken.person, "member").unwrap_err(), "role.not_by_hand");
    assert_eq!(take(&with("o", "owner"), "owner").unwrap_err(), "role.above_own");
    let by_operator = give_role(&plain, &name("owner"), &rules, Author::Operator, &rights(), at(0)).unwrap();
    assert_eq!(by_operator.person.grants, [grant("owner", GrantOrigin::Operator)].into());
    let more = give_role(&plain, &name("owner"), &rules, author, &rights(), at(0));
    assert_eq!(more.unwrap_err().code(), "role.above_own");
    let none = Rights { granted: [].into(), ..rights() };
    assert!(give_role(&plain, &name("editor"), &rules, author, &none, at(0)).is_err());
    assert!(take_role(&editor, &name("editor"), &rules, author, &none, &two_more(), at(2)).is_err());
}

// TEN-16
#[test]
fn the_last_admin_keeps_the_role_against_a_hand_too() {
    let (rules, admin) = (rules(), with("a", "admin"));
    let take = |guard: &Guard| {
        take_role(&admin, &name("admin"), &rules, Author::Operator, &rights(), guard, at(0))
            .map_err(|e| e.code())
    };
    assert_eq!(take(&Guard::default()).unwrap_err(), "role.last_admin");
    assert!(take(&Guard { other_active_admins: 1, break_glass_exists: false }).is_ok());
    assert!(take(&Guard { other_active_admins: 0, break_glass_exists: true }).is_ok());
}

fn member(id: &str, groups: &[(&str, &str)]) -> (Person, DirectoryPerson) {
    let mut person = person(id, &format!("{id}@example.com"));
    person.managed_by = Some(connection_id("scim"));
    person.grants.insert(grant("admin", GrantOrigin::Group(GroupKey::parse("g1").unwrap())));
    let mut user = user(&format!("{id}@example.com"), DirectoryState::Active);
    user.groups = groups
        .iter()
        .map(|(id, display)| GroupRef { id: GroupKey::parse(id).unwrap(), display: (*display).to_owned() })
        .collect();
    (person, user)
}

fn by_groups() -> ScimConnection {
    let mut connection = scim();
    let with_rule = rules().with_rule(by_group("g1", "admin")).unwrap();
    connection.mapping.roles = with_rule.with_rule(by_group("g2", "editor")).unwrap();
    connection
}

fn roles_after(members: &[(Person, DirectoryPerson)], guard: &Guard) -> Vec<Vec<String>> {
    let done = regroup(&tenant(), &by_groups(), members, guard, &directory(), at(0));
    let roles = |t: &Transition| t.person.roles().iter().map(ToString::to_string).collect();
    done.iter().map(|t| roles(t.as_ref().unwrap())).collect()
}

// TEN-17
#[test]
fn roles_follow_the_id_of_a_group_through_a_rename_and_go_with_the_last_group() {
    let renamed = [member("a", &[("g1", "Everyone")]), member("b", &[("other", "Admins")])];
    assert_eq!(roles_after(&renamed, &two_more()), [["admin"], ["member"]]);
    // Of several groups the written priority decides.
    let both = [member("a", &[("g2", "x"), ("g1", "y")]), member("b", &[("g2", "x")])];
    assert_eq!(roles_after(&both, &two_more()), [["admin"], ["editor"]]);
}

// TEN-16
#[test]
fn a_change_of_many_leaves_the_last_admin_the_role() {
    let none = [member("a", &[]), member("b", &[]), member("c", &[])];
    let kept = roles_after(&none, &Guard::default());
    assert_eq!(
        kept,
        [vec!["member"], vec!["member"], vec!["admin", "member"]]
            .map(|r| r.into_iter().map(str::to_owned).collect::<Vec<_>>())
    );
    let done = regroup(&tenant(), &by_groups(), &none, &Guard::default(), &directory(), at(0));
    assert_eq!(done[2].as_ref().unwrap().held, [Held::LastAdmin { role: name("admin") }]);
    assert_eq!(roles_after(&none, &two_more()), [["member"]; 3]);
    // The role that was held goes once there is another administrator.
    let held = done[2].as_ref().unwrap().person.clone();
    let later = roles_after(&[(held, none[2].1.clone())], &two_more());
    assert_eq!(later, [["member"]]);
}

// TEN-18
#[test]
fn someone_elses_member_is_refused_and_counts_for_nothing() {
    let (mut foreign, user) = member("a", &[("g1", "x")]);
    foreign.tenant = TenantId::parse("org_2").unwrap();
    let members = [(foreign, user), member("b", &[])];
    let done = regroup(&tenant(), &by_groups(), &members, &Guard::default(), &directory(), at(0));
    assert_eq!(done[0], Err(ProvisionRefusal::OtherTenant));
    assert_eq!(done[1].as_ref().unwrap().held.len(), 1);
}
