use super::*;
use crate::fixtures::{at, connection_id, grant, person, person_id, scim, tenant, user};
use crate::ids::{AdminId, AttrName, GroupKey};
use crate::mapping::MAX_ROLE_RULES;
use crate::person::GrantOrigin;
use crate::{AttributeBag, DirectoryState, RoleRulesError};

fn rules() -> RoleRules {
    serde_json::from_str(
        r#"{"catalogue": [{"name": "admin", "priority": 9, "admin": true}, {"name": "editor", "priority": 5},
            {"name": "member"}], "default": "member",
            "rules": [{"equals": {"from": "title", "value": "Head", "grant": "admin"}},
                {"group": {"id": "g1", "grant": "editor"}}]}"#,
    )
    .unwrap()
}

fn name(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

fn equals(value: &str, role: &str) -> RoleRule {
    RoleRule::Equals { from: AttrName::parse("title").unwrap(), value: value.to_owned(), grant: name(role) }
}

fn rights(granted: &[Right]) -> Rights {
    Rights { tenant: tenant().id, granted: granted.iter().cloned().collect() }
}

fn by(change: &RuleChange, granted: &[Right]) -> Result<(RoleRules, AuditEvent), &'static str> {
    let (id, rights) = (AdminId::parse("it").unwrap(), rights(granted));
    let author = Author::Admin { id: &id, rights: &rights };
    let of = (&tenant().id, &connection_id("scim"));
    change_rules(of, &rules(), change, author, &rights, at(0)).map_err(|error| error.code())
}

fn changed(change: &RuleChange) -> RoleRules {
    by(change, &[Right::Members, Right::Security]).unwrap().0
}

// TEN-17
#[test]
fn every_change_of_the_rules_needs_the_right_and_is_written_down() {
    let group = RoleRule::Group { id: GroupKey::parse("g2").unwrap(), grant: name("editor") };
    for (change, field) in [
        (RuleChange::Add(group.clone()), "rule"),
        (RuleChange::Default(None), "default"),
        (RuleChange::Move { from: 0, to: 1 }, "order"),
        (RuleChange::Remove(0), "rule"),
        (RuleChange::Replace { index: 1, rule: group.clone() }, "rule"),
        (RuleChange::Several(Several::Union), "several"),
        (RuleChange::Unknown(UnknownRole::Ignore), "unknown"),
    ] {
        assert_eq!(by(&change, &[Right::Security]).unwrap_err(), "right.missing", "{change:?}");
        let (after, event) = by(&change, &[Right::Members, Right::Security]).unwrap();
        assert_ne!(after, rules(), "{change:?}");
        assert_eq!(after.catalogue(), rules().catalogue());
        assert_eq!((event.action, event.change[0].field.as_str()), (Action::RoleRulesChanged, field));
    }
    let moved = changed(&RuleChange::Move { from: 0, to: 1 });
    assert_eq!(moved.rules(), [rules().rules()[1].clone(), rules().rules()[0].clone()]);
    assert_eq!(changed(&RuleChange::Replace { index: 1, rule: group.clone() }).rules()[1], group);
    assert_eq!(changed(&RuleChange::Remove(0)).rules(), &rules().rules()[1..]);
}

// TEN-17
#[test]
fn a_change_of_a_rule_that_is_not_there_or_names_no_role_is_refused() {
    let all = [Right::Members, Right::Security];
    for change in [
        RuleChange::Remove(2),
        RuleChange::Move { from: 0, to: 2 },
        RuleChange::Move { from: 7, to: 0 },
        RuleChange::Replace { index: 2, rule: equals("x", "member") },
    ] {
        assert_eq!(by(&change, &all).unwrap_err(), "role.rule_unknown");
    }
    for change in [RuleChange::Add(equals("x", "boss")), RuleChange::Default(Some(name("boss")))] {
        assert_eq!(by(&change, &all).unwrap_err(), "roles.not_in_catalogue");
    }
}

// TEN-17
#[test]
fn an_account_of_the_pages_gives_administration_only_with_the_right_to_security() {
    let members = [Right::Members];
    let by_value = RoleRule::ValueIsRole(AttrName::parse("role").unwrap());
    for change in [
        RuleChange::Add(equals("x", "admin")),
        RuleChange::Add(by_value.clone()),
        RuleChange::Replace { index: 1, rule: by_value },
        RuleChange::Default(Some(name("admin"))),
        RuleChange::Several(Several::Union),
    ] {
        assert_eq!(by(&change, &members).unwrap_err(), "role.above_own", "{change:?}");
        assert!(by(&change, &[Right::Members, Right::Security]).is_ok());
    }
    assert!(by(&RuleChange::Add(equals("x", "editor")), &members).is_ok());
    assert!(by(&RuleChange::Default(Some(name("editor"))), &members).is_ok());
    assert!(by(&RuleChange::Remove(0), &members).is_ok());
}

#[test]
fn there_is_an_end_to_the_rules() {
    let full = rules().with_rules(vec![equals("x", "member"); MAX_ROLE_RULES]).unwrap();
    let one_more = full.with_rule(equals("y", "member"));
    assert_eq!(one_more, Err(RoleRulesError::TooMany));
    assert_eq!(one_more.unwrap_err().code(), "roles.too_many");
}

// TEN-16
#[test]
fn a_change_of_the_rules_leaves_an_administrator() {
    let mut head = person("a", "head@example.com");
    head.managed_by = Some(scim().id);
    head.grants.insert(grant("admin", GrantOrigin::Directory(scim().id)));
    let mut of = user("head@example.com", DirectoryState::Active);
    of.attributes = AttributeBag::new(None, [("title", ["Head"])]);
    let mut second = head.clone();
    second.id = person_id("b");
    let admins = [(head, of.clone()), (second, of)];
    let asked = |change: &RuleChange, guard: &Guard| {
        let mut after = scim();
        after.mapping.roles = changed(change);
        keeps_an_admin(&tenant(), &after, &admins, guard, at(0)).map_err(|error| error.code())
    };
    let nobody_else = Guard::default();
    assert_eq!(asked(&RuleChange::Remove(1), &nobody_else), Ok(()));
    assert_eq!(asked(&RuleChange::Remove(0), &nobody_else), Err("role.last_admin"));
    let renamed = RuleChange::Replace { index: 0, rule: equals("Boss", "admin") };
    assert_eq!(asked(&renamed, &nobody_else), Err("role.last_admin"));
    let another = Guard { other_active_admins: 1, break_glass_exists: false };
    assert_eq!(asked(&RuleChange::Remove(0), &another), Ok(()));
    let emergency = Guard { other_active_admins: 0, break_glass_exists: true };
    assert_eq!(asked(&RuleChange::Remove(0), &emergency), Ok(()));
}
