//! Membership deltas, case by case; that they do what the whole group would is a law in `laws.rs`.

#![expect(clippy::panic, clippy::needless_pass_by_value, reason = "test helpers")]

use scim_patch::{
    GroupPlan, Limits, MembershipChange, MembershipPlan, PatchRequest, Quirks, RowCounts, plan,
};
use scim_schema::{SchemaSet, ScimError};
use serde_json::{Value, json};
use testkit::scim_patch::message;

#[test]
fn the_last_word_about_a_member_counts() {
    let plan = deltas(json!([
        { "op": "add", "path": "members", "value": [{ "value": "a" }, { "value": "b" }] },
        { "op": "remove", "path": "members[value eq \"a\"]" },
        { "op": "remove", "path": "members[value eq \"c\"]" },
        { "op": "add", "path": "members", "value": [{ "value": "c" }] },
    ]));
    assert_eq!(ids(plan.members()), (vec!["b", "c"], vec!["a"], None));
}

/// P13, P19: after a clear everything is known.
#[test]
fn a_clear_makes_the_rest_a_whole() {
    let plan = deltas(json!([
        { "op": "add", "path": "members", "value": [{ "value": "a" }] },
        { "op": "remove", "path": "members" },
        { "op": "add", "path": "members", "value": [{ "value": "b" }, { "value": "c" }] },
        { "op": "remove", "path": "members[value eq \"c\"]" },
    ]));
    assert_eq!(ids(plan.members()), (vec![], vec![], Some(vec!["b"])));
}

/// P02, P30: operations apply in order, so that who went and came again is there as was said last.
#[test]
fn a_member_that_goes_and_comes_again_comes_as_it_was_sent() {
    let again = || json!({ "op": "add", "path": "members", "value": [{ "value": "a", "display": "New" }] });
    let list =
        || json!({ "op": "replace", "path": "members", "value": [{ "value": "a", "display": "New" }] });
    let removed = || json!({ "op": "remove", "path": "members[value eq \"a\"]" });
    let cleared = || json!({ "op": "remove", "path": "members" });
    let others = || json!({ "op": "replace", "path": "members", "value": [{ "value": "b" }] });
    for (operations, renewed) in [
        (json!([again()]), false),
        (json!([list()]), false),
        (json!([again(), list()]), false),
        (json!([removed(), again()]), true),
        (json!([cleared(), again()]), true),
        (json!([others(), again()]), true),
        (json!([removed(), list()]), true),
        (json!([cleared(), list()]), true),
        (json!([removed(), again(), list()]), true),
    ] {
        let plan = deltas(operations.clone());
        let mut there = plan.members().add.iter().chain(plan.members().replace_all.iter().flatten());
        let member = there.find(|member| member.value() == "a").unwrap_or_else(|| panic!("{operations}"));
        assert_eq!((member.display(), member.is_renewed()), (Some("New"), renewed), "{operations}");
    }
}

/// P33: a list of nobody removes nobody.
#[test]
fn an_empty_value_list_removes_nobody() {
    let plan = deltas(json!([{ "op": "Remove", "path": "members", "value": [] }]));
    assert!(plan.members().is_empty());
    assert!(plan.own().is_none());
}

/// What a member says about itself is kept for the host's columns (S42).
#[test]
fn a_members_data_is_kept() {
    let member =
        json!({ "value": "a", "display": "A", "type": "User", "$ref": "https://scim.example/Users/a" });
    let plan = deltas(json!([{ "op": "add", "path": "members", "value": [member] }]));
    let member = plan.members().add.first().unwrap_or_else(|| panic!("no member"));
    assert_eq!(member.display(), Some("A"));
    assert_eq!(member.member_type(), Some("User"));
    assert_eq!(member.reference(), Some("https://scim.example/Users/a"));
}

#[test]
fn what_is_not_about_members_is_left_for_the_group() {
    let plan = deltas(json!([
        { "op": "replace", "value": { "displayName": "New", "members": [{ "value": "a" }] } },
        { "op": "replace", "path": "externalId", "value": "x" },
    ]));
    assert_eq!(ids(plan.members()).2, Some(vec!["a"]));
    let own = plan.own().unwrap_or_else(|| panic!("nothing left"));
    let left: Vec<(usize, Option<&Value>)> =
        own.operations().iter().map(|operation| (operation.index(), operation.value())).collect();
    assert_eq!(left, [(0, Some(&json!({ "displayName": "New" }))), (1, Some(&json!("x")))]);
}

/// Questions about a member's data cannot be answered without it.
#[test]
fn an_operation_on_member_data_needs_the_whole_group() {
    for operation in [
        json!({ "op": "remove", "path": "members[type eq \"Group\"]" }),
        json!({ "op": "remove", "path": "members[not (value eq \"a\")]" }),
        json!({ "op": "add", "path": "members[value eq \"a\"].display", "value": "x" }),
        json!({ "op": "replace", "path": "members[value eq \"a\"]", "value": { "value": "a" } }),
        json!({ "op": "replace", "path": "members.display", "value": "x" }),
    ] {
        let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": "b" }] }, operation]);
        assert_eq!(planned(operations), GroupPlan::WholeGroup { operation: 1 });
    }
}

#[test]
fn a_member_without_id_is_refused() {
    let body =
        message(&json!([{ "op": "add", "path": "members", "value": [{ "display": "nobody" }] }])).to_string();
    let set = SchemaSet::standard();
    let group = set.resource_type("Group").unwrap_or_else(|| panic!("no groups"));
    let error = PatchRequest::parse(body.as_bytes(), Quirks::strict(), &Limits::default())
        .and_then(|request| plan(&request, group))
        .err();
    assert_eq!(error.map(|error| error.code()), Some("scim.patch.required_missing"));
}

/// Members that could change while they are there are no names: rows of ids would lose what was said of them.
#[test]
fn members_that_can_change_are_left_for_the_group() {
    let team = json!({ "id": "urn:example:Team", "attributes": [{
        "name": "members", "type": "complex", "multiValued": true,
        "subAttributes": [{ "name": "value" }, { "name": "type" }],
    }] });
    let set = SchemaSet::builder()
        .schema(&team)
        .and_then(|set| {
            set.resource_type(&json!({ "name": "Team", "endpoint": "/Teams", "schema": "urn:example:Team" }))
        })
        .and_then(|set| set.build())
        .unwrap_or_else(|error| panic!("{error}"));
    let team = set.resource_type("Team").unwrap_or_else(|| panic!("no teams"));
    let body = message(&json!([{ "op": "add", "path": "members", "value": [{ "value": "a" }] }])).to_string();
    let planned = PatchRequest::parse(body.as_bytes(), Quirks::strict(), &Limits::default())
        .and_then(|request| plan(&request, team));
    let Ok(GroupPlan::Deltas(planned)) = planned else { panic!("{planned:?}") };
    assert!(planned.members().is_empty() && planned.own().is_some());
}

/// P30: rows decide.
#[test]
fn a_group_has_changed_if_a_row_has() {
    let operations = || json!([{ "op": "add", "path": "members", "value": [{ "value": "a" }] }]);
    assert!(!deltas(operations()).finish(None, RowCounts { inserted: 0, deleted: 0 }).changed);
    assert!(deltas(operations()).finish(None, RowCounts { inserted: 1, deleted: 0 }).changed);
    assert!(deltas(operations()).finish(None, RowCounts { inserted: 0, deleted: 1 }).changed);
}

fn planned(operations: Value) -> GroupPlan {
    let body = message(&operations).to_string();
    let set = SchemaSet::standard();
    let group = set.resource_type("Group").unwrap_or_else(|| panic!("no groups"));
    PatchRequest::parse(body.as_bytes(), Quirks::tolerant(), &Limits::default())
        .and_then(|request| plan(&request, group))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn deltas(operations: Value) -> MembershipPlan {
    match planned(operations) {
        GroupPlan::Deltas(plan) => plan,
        GroupPlan::WholeGroup { operation } => panic!("operation {operation} needs the whole group"),
    }
}

fn ids(change: &MembershipChange) -> (Vec<&str>, Vec<&str>, Option<Vec<&str>>) {
    (
        change.add.iter().map(|member| member.value()).collect(),
        change.remove.iter().map(String::as_str).collect(),
        change.replace_all.as_ref().map(|all| all.iter().map(|member| member.value()).collect()),
    )
}
