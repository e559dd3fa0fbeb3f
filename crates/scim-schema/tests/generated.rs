//! Laws over random schemas: what holds for users and groups holds for any resource type that is data alone.
#![expect(clippy::expect_used, reason = "test helpers")]

use proptest::prelude::*;
use scim_schema::{
    Attribute, CheckError, CheckOptions, Mutability, Notice, Projection, Resource, ResourceType, Returned,
    Schema, SchemaSet, urn,
};
use serde_json::{Map, Value};
use testkit::scim_schema::schemas_and_sent;

/// Every value of a resource with its attribute, and of a sub-attribute with both.
fn walk(
    of: &ResourceType,
    fields: &Map<String, Value>,
    see: &mut dyn FnMut(&Attribute, Option<&Attribute>, &Value),
) {
    let mut level = |attributes: &[std::sync::Arc<Attribute>], fields: &Map<String, Value>| {
        for attribute in attributes {
            let Some(value) = fields.get(&attribute.name) else { continue };
            see(attribute, None, value);
            let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for element in elements.iter().filter_map(Value::as_object) {
                for (sub, value) in
                    attribute.sub_attributes.iter().filter_map(|sub| Some((sub, element.get(&sub.name)?)))
                {
                    see(attribute, Some(sub), value);
                }
            }
        }
    };
    level(of.schema().attributes(), fields);
    for extension in of.extensions() {
        if let Some(fields) = fields.get(extension.schema().id()).and_then(Value::as_object) {
            level(extension.schema().attributes(), fields);
        }
    }
}

fn thing(set: &SchemaSet) -> &ResourceType {
    set.resource_type("Thing").expect("Thing")
}

fn options() -> CheckOptions {
    let mut options = CheckOptions::tolerant();
    options.lenient_schemas = false;
    options
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    // S03, M30
    #[test]
    fn a_schema_comes_back_from_what_is_published((set, _) in schemas_and_sent(0)) {
        for schema in [thing(&set).schema().id(), thing(&set).extensions()[0].schema().id()] {
            let schema = set.schema(schema).expect("known");
            prop_assert_eq!(&Schema::from_json(&schema.to_json("https://example.com/v2")).expect("what we publish"), &**schema);
        }
    }

    // S22, S27, S44, M03: what the service sets and what nobody may read is in no checked resource.
    #[test]
    fn a_checked_resource_holds_what_clients_may_set((set, sent) in schemas_and_sent(4)) {
        for fields in sent {
            let Ok(checked) = thing(&set).check_create(Resource::from_map(fields, thing(&set)), &options()) else {
                continue;
            };
            let fields = checked.resource.as_map();
            prop_assert!(!fields.contains_key("id") && !fields.contains_key("meta"));
            walk(thing(&set), fields, &mut |attribute, sub, value| {
                for each in [Some(attribute), sub].into_iter().flatten() {
                    let kept = matches!(each.mutability, Mutability::Immutable | Mutability::ReadWrite);
                    assert!(kept, "{} of {}", each.name, attribute.name);
                }
                assert!(!scim_schema::is_unassigned(value), "S14: {}", attribute.name);
            });
            for (path, _) in &checked.write_only {
                prop_assert_eq!(path.target().mutability, Mutability::WriteOnly);
            }
        }
    }

    // S27, M14, M46
    #[test]
    fn what_was_checked_replaces_itself_unchanged((set, sent) in schemas_and_sent(4)) {
        for fields in sent {
            let Ok(checked) = thing(&set).check_create(Resource::from_map(fields, thing(&set)), &options()) else {
                continue;
            };
            let stored = checked.resource;
            for again in [
                thing(&set).check_replace(stored.clone(), &stored, &CheckOptions::default()),
                thing(&set).check_patched(stored.clone(), &stored, &CheckOptions::default()),
            ] {
                let again = again.unwrap_or_else(|error| panic!("{error}: {stored:?}"));
                prop_assert_eq!(&again.resource, &stored);
                let ignored = |notice: &Notice| matches!(notice, Notice::ReadOnlyIgnored { .. });
                prop_assert!(!again.notices.iter().any(ignored), "{:?}", again.notices);
            }
        }
    }

    // S28, S29, S30, M10, M12
    #[test]
    fn a_projection_keeps_always_and_never((set, sent) in schemas_and_sent(2), pick in any::<prop::sample::Index>()) {
        let of = thing(&set);
        let names: Vec<String> = of
            .schema()
            .attributes()
            .iter()
            .flat_map(|a| {
                let subs = a.sub_attributes.iter().map(|sub| format!("{}.{}", a.name, sub.name));
                std::iter::once(a.name.clone()).chain(subs)
            })
            .chain([of.extensions()[0].schema().id().to_owned()])
            .collect();
        let named = names[pick.index(names.len())].clone();
        let choices = [
            Projection::standard(of),
            Projection::parse(of, Some(&named), None).expect("one list"),
            Projection::parse(of, None, Some(&named)).expect("one list"),
        ];
        for fields in sent {
            let mut resource = Resource::from_map(fields, of);
            resource.refresh_schemas(of);
            for (which, projection) in choices.iter().enumerate() {
                let shown = projection.project(&resource).to_map();
                prop_assert_eq!(shown.get("id"), resource.as_map().get("id"));
                prop_assert_eq!(shown.get("schemas").is_some(), true);
                walk(of, &shown, &mut |attribute, sub, _| {
                    for each in [Some(attribute), sub].into_iter().flatten() {
                        assert_ne!(each.returned, Returned::Never, "{} by {named}", each.name);
                        assert!(which != 0 || each.returned != Returned::Request, "{}", each.name);
                    }
                    let is_named = named.split('.').next() == Some(&attribute.name) || named == urn_of(of, attribute);
                    if which == 1 && !is_named {
                        assert_eq!(attribute.returned, Returned::Always, "{} by {named}", attribute.name);
                    }
                    if which == 2 && named == attribute.name {
                        assert_eq!(attribute.returned, Returned::Always, "without {named}");
                    }
                });
                for attribute in of.schema().attributes() {
                    let stored = resource.as_map().get(&attribute.name).is_some_and(|v| !v.is_object() && !v.is_array() && !v.is_null());
                    if attribute.returned == Returned::Always && stored {
                        assert!(shown.contains_key(&attribute.name), "{} by {named} ({which})", attribute.name);
                    }
                }
                // What is written is what is copied, and once more changes nothing.
                let text = serde_json::to_value(projection.project(&resource)).expect("JSON");
                prop_assert_eq!(&text, &Value::Object(shown.clone()));
                let again = Resource::from_stored(shown.clone());
                prop_assert_eq!(projection.project(&again).to_map(), shown);
            }
        }
    }
}

/// The URI of the extension that holds the attribute; of none for a core attribute.
fn urn_of(of: &ResourceType, attribute: &Attribute) -> String {
    let own = of.extensions().iter().find(|e| e.schema().attribute(&attribute.name).is_some());
    own.map_or_else(|| urn::ERROR.to_owned(), |e| e.schema().id().to_owned())
}

/// A law over resources that are all refused would say nothing.
#[test]
fn of_the_generated_resources_many_are_good_and_many_are_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut good, mut bad, mut secrets, mut required) = (0, 0, 0, 0);
    for _ in 0..90 {
        let (set, sent) = schemas_and_sent(4).new_tree(&mut runner).expect("a value").current();
        for fields in sent {
            match thing(&set).check_create(Resource::from_map(fields, thing(&set)), &options()) {
                Ok(checked) => {
                    good += 1;
                    secrets += checked.write_only.len();
                }
                Err(CheckError::Missing { .. }) => required += 1,
                Err(_) => bad += 1,
            }
        }
    }
    assert!(good > 30 && bad > 30 && secrets > 10 && required > 10, "{good} {bad} {secrets} {required}");
}
