//! What holds for every PATCH, on random messages made of words that fit, or nearly fit, the schemas.

#![expect(clippy::indexing_slicing, reason = "generators build JSON by name")]

use proptest::prelude::*;
use proptest::sample::select;
use scim_patch::{Limits, PatchError, PatchRequest, Patched, Quirk, Quirks, apply};
use scim_schema::{
    CheckError, CheckOptions, Resource, ResourceType, Returned, SchemaSet, ScimError, UnknownAttributes,
    is_unassigned,
};
use serde_json::{Map, Value, json};
use testkit::scim_patch::{message, schema_set, stored, through_a_membership_table, type_of};
use testkit::scim_patch_random::cases;
use testkit::scim_patch_reference;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// P02, P04, P30: what comes out fits the schemas, differs where the changes say, and only there.
    #[test]
    fn a_patched_resource_is_a_good_resource((before, operations, quirks) in (resource(), operations(), quirks())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        if let Ok(patched) = run(&before, &operations, quirks, resource_type) {
            let after = &patched.resource;
            prop_assert_eq!(patched.changed(), *after != stored(&before));
            prop_assert_eq!(patched.changed(), !patched.changes(&stored(&before)).is_empty());
            prop_assert_eq!(after.id(), before["id"].as_str());
            prop_assert_eq!(after.as_map().get("meta"), before.get("meta"));
            for (name, value) in after.as_map() {
                prop_assert!(!is_unassigned(value), "{} is left unassigned", name);
                prop_assert!(resource_type.attribute(name).is_some_and(|known| known.name == *name)
                    || resource_type.extension(name).is_some_and(|known| known.schema().id() == name));
                let primaries = value.as_array().into_iter().flatten().filter(|item| item["primary"] == true).count();
                prop_assert!(primaries <= 1, "{} has {} primaries", name, primaries);
            }
            let checked = resource_type.check_patched(after.clone(), &stored(&before), &strictest());
            prop_assert!(checked.is_ok(), "{:?} of {}", checked, json!(after));
        }
    }

    /// RFC 7644 3.5.2: operations apply in order, each to the result of the one before.
    #[test]
    fn a_request_is_its_operations_one_by_one((before, operations) in (resource(), operations())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        // What is wrong with the message comes before what is wrong with an operation.
        let body = message(&json!(operations)).to_string();
        prop_assume!(PatchRequest::parse(body.as_bytes(), Quirks::strict(), &Limits::default()).is_ok());
        let mut now = stored(&before);
        for operation in &operations {
            match run_on(&now, std::slice::from_ref(operation), Quirks::strict(), resource_type) {
                Ok(patched) => now = patched.resource,
                // What one operation leaves incomplete a later one may complete.
                Err(PatchError::RequiredMissing { operation: None, .. }) => return Ok(()),
                Err(error) => {
                    let whole = run(&before, &operations, Quirks::strict(), resource_type);
                    prop_assert_eq!(whole.map_err(|error| error.code()).err(), Some(error.code()));
                    return Ok(());
                }
            }
        }
        let whole = run(&before, &operations, Quirks::strict(), resource_type).map(|patched| patched.resource);
        prop_assert_eq!(whole, Ok(now));
    }

    /// P10, P18: an operation without filter says how things are to be, so that saying it twice changes nothing more.
    #[test]
    fn an_operation_without_filter_applied_twice_is_applied_once((before, operation) in (resource(), operation())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        prop_assume!(!operation["path"].as_str().is_some_and(|path| path.contains('[')));
        let operations = [operation];
        if let Ok(once) = run(&before, &operations, Quirks::strict(), resource_type) {
            let twice = run_on(&once.resource, &operations, Quirks::strict(), resource_type);
            let twice = twice.map(|patched| patched.changes(&once.resource));
            prop_assert_eq!(twice, Ok(Vec::new()));
        }
    }

    /// P38: a switch that was not needed had no effect.
    #[test]
    fn what_needs_no_quirk_is_the_same_in_strict((before, operations) in (resource(), operations())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        if let Ok(tolerant) = run(&before, &operations, Quirks::tolerant(), resource_type)
            && tolerant.quirks.is_empty()
        {
            prop_assert_eq!(run(&before, &operations, Quirks::strict(), resource_type), Ok(tolerant));
        }
    }

    /// The implementation and the obvious one agree, on results and on refusals.
    #[test]
    fn the_reference_agrees((before, operations) in (resource(), operations())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        let found = run(&before, &operations, Quirks::strict(), resource_type)
            .map(|patched| patched.resource.into_value())
            .map_err(|error| error.scim_type().map_or("", |scim_type| scim_type.as_str()));
        prop_assert_eq!(found, scim_patch_reference::patch(&before, &operations, resource_type));
    }

    /// P02, P03, P04: the same on schemas of every kind that can be written. Where several things are wrong about one
    /// operation, either may be named.
    #[test]
    fn the_reference_agrees_whatever_the_schema(case in cases()) {
        let found = run(&case.before, &case.operations, Quirks::strict(), case.thing())
            .map(|patched| patched.resource.into_value())
            .map_err(|error| error.scim_type().map_or("", |scim_type| scim_type.as_str()));
        if let Ok(after) = &found {
            let checked = case.thing().check_patched(stored(after), &stored(&case.before), &strictest());
            // A required extension that holds a secret alone holds nothing once that is set apart.
            let is_good = matches!(checked, Ok(_) | Err(CheckError::MissingExtension { .. }));
            prop_assert!(is_good, "{:?} of {}", checked, after);
        }
        let expected = scim_patch_reference::patch(&case.before, &case.operations, case.thing());
        if found.is_ok() || expected.is_ok() {
            prop_assert_eq!(found, expected, "{:?}", case.thing());
        }
    }

    /// P38: what no response holds is in no report either; whoever reads it may write it to a log.
    #[test]
    fn changes_hold_nothing_that_is_never_returned(case in cases()) {
        if let Ok(patched) = run(&case.before, &case.operations, Quirks::tolerant(), case.thing()) {
            for change in &patched.changes(&stored(&case.before)) {
                let path = case.thing().resolve_attribute(&change.path);
                let path = path.unwrap_or_else(|error| panic!("{}: {error}", change.path));
                for value in [&change.before, &change.after].into_iter().flatten() {
                    prop_assert!(!path.is_never_returned(), "{change:?}");
                    let hidden = |name: &String| {
                        let sub = path.attribute().sub_attribute(name);
                        path.sub().is_none() && sub.is_some_and(|sub| sub.returned == Returned::Never)
                    };
                    prop_assert!(!value.as_object().into_iter().flatten().any(|(name, _)| hidden(name)), "{change:?}");
                }
            }
        }
    }

    /// A host with a membership table comes to the same group, and to the same answer whether it changed.
    #[test]
    fn deltas_do_what_the_whole_group_would((before, operations, quirks) in (group(), group_operations(), quirks())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        let body = message(&json!(operations)).to_string();
        let request = PatchRequest::parse(body.as_bytes(), quirks, &Limits::default());
        prop_assume!(request.is_ok());
        if let Ok(request) = request {
            let whole = apply(&stored(&before), &request, resource_type);
            match through_a_membership_table(&stored(&before), &request, resource_type) {
                Ok(None) => {}
                Ok(Some((group, finished))) => {
                    prop_assert!(whole.is_ok(), "deltas for what is refused: {:?}", whole);
                    if let Ok(whole) = whole {
                        prop_assert_eq!(sorted(&group), sorted(&whole.resource));
                        prop_assert_eq!(finished.changed, whole.changed());
                    }
                }
                Err(error) => prop_assert!(whole.is_err(), "{} for what is applied", error),
            }
        }
    }

    /// Whatever JSON comes, the answer is a value or an error with a status that a client can read.
    #[test]
    fn any_json_is_answered((before, body, quirks) in (resource(), any_message(), quirks())) {
        let set = set();
        let resource_type = type_of(&before, &set);
        let answer = PatchRequest::parse(body.to_string().as_bytes(), quirks, &Limits::default())
            .and_then(|request| {
                let planned = scim_patch::plan(&request, resource_type);
                apply(&stored(&before), &request, resource_type).and(planned.map(drop))
            });
        if let Err(error) = answer {
            prop_assert!([400, 413].contains(&error.status()));
            prop_assert!(error.code().starts_with("scim."));
        }
    }

    /// Whatever bytes come, the reader answers.
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for quirks in [Quirks::strict(), Quirks::tolerant().with(Quirk::BareOperations)] {
            let _: Result<PatchRequest, PatchError> = PatchRequest::parse(&bytes, quirks, &Limits::default());
        }
    }
}

fn strictest() -> CheckOptions {
    let mut options = CheckOptions::default();
    options.unknown_attributes = UnknownAttributes::Reject;
    options
}

fn set() -> SchemaSet {
    schema_set(&["badge".to_owned()])
}

fn run(
    before: &Value,
    operations: &[Value],
    quirks: Quirks,
    resource_type: &ResourceType,
) -> Result<Patched, PatchError> {
    run_on(&stored(before), operations, quirks, resource_type)
}

fn run_on(
    before: &Resource,
    operations: &[Value],
    quirks: Quirks,
    resource_type: &ResourceType,
) -> Result<Patched, PatchError> {
    let body = message(&json!(operations)).to_string();
    let request = PatchRequest::parse(body.as_bytes(), quirks, &Limits::default())?;
    apply(before, &request, resource_type)
}

/// The group as a set of members, each with all that it says, beside its own attributes in any order.
fn sorted(group: &Resource) -> (Map<String, Value>, Vec<(String, String)>) {
    let mut fields = group.as_map().clone();
    let mut members: Vec<(String, String)> = fields
        .shift_remove("members")
        .and_then(|members| members.as_array().cloned())
        .unwrap_or_default()
        .iter()
        .map(|member| (member["value"].to_string(), member["display"].to_string()))
        .collect();
    members.sort();
    (fields, members)
}

fn quirks() -> impl Strategy<Value = Quirks> {
    prop_oneof![
        Just(Quirks::strict()),
        Just(Quirks::tolerant()),
        proptest::collection::vec(select(Quirk::ALL), 0..6).prop_map(Quirks::from_iter),
    ]
}

fn word() -> impl Strategy<Value = String> {
    select(vec!["a", "A", "b", "work", "home", "Work", ""]).prop_map(str::to_owned)
}

fn email() -> impl Strategy<Value = Value> {
    (word(), proptest::option::of(word()), proptest::option::of(any::<bool>()), proptest::option::of(word()))
        .prop_map(|(value, kind, primary, display)| {
            let mut fields = Map::new();
            fields.insert("value".to_owned(), json!(value));
            for (name, value) in [
                ("type", kind.map(Value::from)),
                ("primary", primary.map(Value::from)),
                ("display", display.map(Value::from)),
            ] {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value);
                }
            }
            Value::Object(fields)
        })
}

fn stored_emails() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(email(), 0..4).prop_map(|emails| {
        let mut seen = std::collections::BTreeSet::new();
        let mut primary = false;
        let mut out = Vec::new();
        for mut email in emails {
            let key = (email["value"].to_string().to_lowercase(), email["type"].to_string().to_lowercase());
            if email["primary"] == true {
                if primary {
                    email["primary"] = json!(false);
                }
                primary = true;
            }
            if seen.insert(key) {
                out.push(email);
            }
        }
        out
    })
}

fn resource() -> impl Strategy<Value = Value> {
    prop_oneof![user(), group(), badge()]
}

fn user() -> impl Strategy<Value = Value> {
    (stored_emails(), proptest::option::of(word()), proptest::option::of(word()), any::<bool>()).prop_map(
        |(emails, title, department, named)| {
            let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
            let mut user = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "id": "1", "userName": "alice", "meta": { "resourceType": "User" }
            });
            if !emails.is_empty() {
                user["emails"] = json!(emails);
            }
            if let Some(title) = title {
                user["title"] = json!(title);
            }
            if named {
                user["name"] = json!({ "givenName": "Alice", "familyName": "Jones" });
            }
            if let Some(department) = department {
                user["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", enterprise]);
                user[enterprise] = json!({ "department": department });
            }
            user
        },
    )
}

fn group() -> impl Strategy<Value = Value> {
    let members = proptest::collection::btree_map(select(vec!["a", "b", "A", "work"]), display(), 0..4);
    members.prop_map(|members| {
        let mut group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": "g", "displayName": "Team", "meta": { "resourceType": "Group" }
        });
        if !members.is_empty() {
            group["members"] = members.into_iter().map(|(id, display)| member(id, display)).collect();
        }
        group
    })
}

fn display() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(select(vec!["One", "Two"]))
}

fn member(id: &str, display: Option<&str>) -> Value {
    let mut member = json!({ "value": id });
    if let Some(display) = display {
        member["display"] = json!(display);
    }
    member
}

fn badge() -> impl Strategy<Value = Value> {
    (proptest::option::of(Just("red")), proptest::collection::btree_set(select(vec!["a", "b", "work"]), 0..3))
        .prop_map(|(colour, tags)| {
            let mut badge = json!({
                "schemas": ["urn:example:Badge"],
                "id": "b", "number": "1", "photo": { "uri": "u" }, "holders": [{ "value": "h" }],
                "meta": { "resourceType": "Badge" }
            });
            if let Some(colour) = colour {
                badge["colour"] = json!(colour);
            }
            if !tags.is_empty() {
                badge["tags"] = json!(tags);
            }
            badge
        })
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec![
            "userName", "title", "name", "name.givenName", "emails", "emails.value", "emails.primary", "emails.type",
            "displayName", "members", "members.value", "externalId", "id", "meta", "meta.version", "groups",
            "number", "colour", "tags", "codes", "level", "holders", "holders.value", "photo", "photo.uri", "photo.width", "photo.labels",
            "photo.hash", "nothing", "title.nothing", "EMAILS",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            "urn:ietf:params:scim:schemas:core:2.0:User:title",
            "urn:example:BadgeExtra", "urn:example:BadgeExtra:owner", "urn:example:BadgeExtra:note",
        ]).prop_map(str::to_owned),
        4 => (
            select(vec!["emails", "members", "tags", "name", "holders"]),
            select(vec![
                r#"type eq "work""#, r#"value eq "a""#, "primary eq true", "value pr", "display pr", r#"value eq "A""#,
            ]),
            select(vec!["", ".value", ".type", ".primary", ".display"]),
        ).prop_map(|(attribute, filter, sub)| format!("{attribute}[{filter}]{sub}")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => word().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => select(vec![json!(null), json!([]), json!({}), json!(5), json!(1.5), json!("True"), json!("false")]),
        3 => email(),
        4 => proptest::collection::vec(email(), 0..4).prop_map(Value::from),
        2 => proptest::collection::vec(word(), 0..3).prop_map(Value::from),
        2 => select(vec![
            json!({ "givenName": "Al" }), json!({ "familyName": null, "givenName": "Bo" }), json!({ "nothing": 1 }),
            json!({ "uri": "v", "width": 3 }), json!({ "width": null, "labels": ["x", "X", "y"] }), json!({ "hash": "h" }),
            json!({ "department": "D", "manager": { "value": "m" } }), json!({ "owner": "o" }), json!({ "note": "n" }),
        ]),
    ]
}

fn operation() -> impl Strategy<Value = Value> {
    let op = || select(vec!["add", "replace", "remove", "Add"]);
    let name = select(vec![
        "title",
        "emails",
        "name",
        "displayName",
        "members",
        "tags",
        "photo",
        "Title",
        "nothing",
        "id",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "name.givenName",
    ]);
    prop_oneof![
        8 => (op(), path(), value()).prop_map(|(op, path, value)| match op {
            "remove" => json!({ "op": op, "path": path }),
            op => json!({ "op": op, "path": path, "value": value }),
        }),
        2 => (op(), proptest::collection::vec((name, value()), 0..3)).prop_map(|(op, fields)| {
            let mut object = Map::new();
            for (name, value) in fields {
                if !object.keys().any(|known| known.eq_ignore_ascii_case(name)) {
                    object.insert(name.to_owned(), value);
                }
            }
            json!({ "op": op, "value": object })
        }),
        1 => (path(), value()).prop_map(|(path, value)| json!({ "op": "remove", "path": path, "value": value })),
    ]
}

fn operations() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(operation(), 1..4)
}

fn group_operations() -> impl Strategy<Value = Vec<Value>> {
    let id = || select(vec!["a", "b", "A", "work", "new"]);
    let members = move || {
        proptest::collection::vec((id(), display()), 0..4).prop_map(|members| {
            members.into_iter().map(|(id, display)| member(id, display)).collect::<Value>()
        })
    };
    let one = prop_oneof![
        members().prop_map(|value| json!({ "op": "add", "path": "members", "value": value })),
        members().prop_map(|value| json!({ "op": "replace", "path": "members", "value": value })),
        members().prop_map(|value| json!({ "op": "remove", "path": "members", "value": value })),
        members().prop_map(|value| json!({ "op": "add", "value": { "members": value, "displayName": "New" } })),
        members().prop_map(|value| {
            json!({ "op": "replace", "value": { "urn:ietf:params:scim:schemas:core:2.0:Group:members": value } })
        }),
        id().prop_map(|id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") })),
        (id(), id()).prop_map(|(a, b)| {
            json!({ "op": "remove", "path": format!("members[value eq \"{a}\" or value eq \"{b}\"]") })
        }),
        Just(json!({ "op": "remove", "path": "members" })),
        operation(),
    ];
    proptest::collection::vec(one, 1..6)
}

fn any_message() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        select(vec![
            "add",
            "remove",
            "replace",
            "members",
            "emails[type eq \"work\"].value",
            "__proto__",
            "name.givenName",
            "",
            "[",
            "a[",
            "urn:",
            ":",
            "emails[",
            "True",
            "{\"value\":\"x\"}",
            "{",
            "\u{130}",
            "urn:ietf:params:scim:api:messages:2.0:PatchOp",
        ])
        .prop_map(Value::from),
    ];
    let json = leaf.prop_recursive(4, 32, 5, |inner| {
        let key = select(vec![
            "op",
            "path",
            "value",
            "Operations",
            "operations",
            "schemas",
            "members",
            "emails",
            "name",
            "__proto__",
            "constructor",
            "type",
            "primary",
            "id",
            "name.givenName",
            "urn:x:y",
            "emails[type eq \"work\"].value",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..5).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    });
    let whole = (select(vec!["add", "remove", "replace"]), json.clone(), json.clone())
        .prop_map(|(op, path, value)| message(&json!([{ "op": op, "path": path, "value": value }])));
    let pathless = (select(vec!["add", "replace"]), json.clone())
        .prop_map(|(op, value)| message(&json!([{ "op": op, "value": value }])));
    let pathed = (select(vec!["add", "remove", "replace"]), path(), json.clone())
        .prop_map(|(op, path, value)| message(&json!([{ "op": op, "path": path, "value": value }])));
    prop_oneof![json, whole, pathless, pathed]
}
