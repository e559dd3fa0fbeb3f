//! What must hold for any resource.

use proptest::prelude::*;
use scim_schema::message::SearchRequest;
use scim_schema::{
    CheckOptions, Comparable, ETag, Limits, Precondition, Projection, Resource, ResourceType, fold, fold_cmp,
    fold_eq, format_date_time, parse_date_time, parse_object,
};
use serde_json::{Map, Value};

mod common;

/// Any JSON, with names that schemas know in any case mixed in.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6_f64..1e6).prop_map(Value::from),
        "[a-zA-Z0-9 =+/:.-]{0,12}".prop_map(Value::from),
        Just(Value::from("2011-08-01T18:29:49Z")),
        Just(Value::from("")),
        Just(Value::from("true")),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "value",
        "type",
        "primary",
        "display",
        "$ref",
        "givenName",
        "number",
        "vlans",
        "manager",
        "department",
        "owner",
        "code",
        "floor",
        "state",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-zA-Z$_-]{1,8}"]
}

fn top_name() -> impl Strategy<Value = String> {
    let set = common::standard_and_device();
    let mut names: Vec<String> = Vec::new();
    for resource_type in set.resource_types() {
        names.extend(resource_type.schema().attributes().iter().map(|attribute| attribute.name.clone()));
        names.extend(resource_type.extensions().iter().map(|extension| extension.schema().id().to_owned()));
    }
    names.extend(["schemas", "id", "meta", "externalId", "shoeSize"].map(str::to_owned));
    (prop::sample::select(names), 0..3_u8).prop_map(|(name, case)| match case {
        0 => name.to_ascii_uppercase(),
        1 => name.to_ascii_lowercase(),
        _ => name,
    })
}

/// A resource that is often nearly right.
fn fields() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((top_name(), json()), 0..8).prop_map(|fields| {
        let mut map: Map<String, Value> = fields.into_iter().collect();
        for (name, value) in [("userName", "b"), ("displayName", "g"), ("serial", "s")] {
            map.insert(name.to_owned(), Value::from(value));
        }
        map
    })
}

fn types() -> Vec<std::sync::Arc<ResourceType>> {
    common::standard_and_device().resource_types().to_vec()
}

fn tolerant() -> CheckOptions {
    let mut options = CheckOptions::tolerant();
    // A default would fill in what the first check found to be null.
    options.defaults.clear();
    options
}

proptest! {
    #[test]
    fn what_was_checked_passes_again_unchanged(fields in fields()) {
        for resource_type in types() {
            let resource = Resource::from_map(fields.clone(), &resource_type);
            let Ok(checked) = resource_type.check_create(resource, &tolerant()) else { continue };
            let again = resource_type.check_create(checked.resource.clone(), &tolerant());
            prop_assert_eq!(again.map(|again| again.resource), Ok(checked.resource.clone()));
            let replaced = resource_type.check_replace(checked.resource.clone(), &checked.resource, &tolerant());
            prop_assert_eq!(replaced.map(|again| again.resource), Ok(checked.resource.clone()));
            let patched = resource_type.check_patched(checked.resource.clone(), &checked.resource, &CheckOptions::default());
            prop_assert_eq!(patched.map(|again| again.resource), Ok(checked.resource));
        }
    }

    #[test]
    fn projecting_twice_is_projecting_once_and_writing_is_copying(
        fields in fields(),
        names in prop::collection::vec(top_name(), 0..3),
        exclude in any::<bool>(),
    ) {
        for resource_type in types() {
            let resource = Resource::from_map(fields.clone(), &resource_type);
            let list = names.join(",");
            let (attributes, excluded) = if exclude { (None, Some(&*list)) } else { (Some(&*list), None) };
            let projection = Projection::parse(&resource_type, attributes, excluded).unwrap();
            let once = projection.project(&resource).to_resource();
            prop_assert_eq!(projection.project(&once).to_resource(), once.clone());
            prop_assert_eq!(serde_json::to_value(projection.project(&resource)).unwrap(), once.clone().into_value());
            prop_assert!(resource_type.name() != "User" || !once.as_map().contains_key("password")); // S29
        }
    }

    #[test]
    fn a_path_resolves_in_any_case_and_prints_to_itself(upper in any::<u64>()) {
        for resource_type in types() {
            for path in every_path(&resource_type) {
                let flip = |(index, c): (usize, char)| {
                    if upper >> (index % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
                };
                let spelled: String = path.chars().enumerate().map(flip).collect();
                prop_assert_eq!(resource_type.resolve_attribute(&spelled).unwrap().to_string(), path);
            }
        }
    }

    #[test]
    fn any_text_is_a_path_or_an_error(text in "\\PC{0,40}") {
        for resource_type in types() {
            let _ = resource_type.resolve(&text);
            let _ = Projection::parse(&resource_type, Some(&text), None);
        }
        let _ = Precondition::parse(Some(&text), Some(&text));
        let _ = SearchRequest::from_query([("count", &*text), ("filter", &*text)]);
        let _ = parse_date_time(&text);
    }

    #[test]
    fn folding_twice_is_folding_once(text in "\\PC{0,12}") {
        let key = fold(&text);
        prop_assert_eq!(fold(&key), key.clone());
        prop_assert!(fold_eq(&text, &key));
        prop_assert_eq!(fold_cmp(&text, &key), std::cmp::Ordering::Equal);
        prop_assert_eq!(fold(&text.to_uppercase()).len() == key.len() || !text.is_ascii(), true);
    }

    #[test]
    fn date_times_come_back_from_their_text(seconds in -60_000_000_000_i64..200_000_000_000, nanos in 0..1_000_000_000_u32) {
        let instant = chrono::DateTime::from_timestamp(seconds, nanos).unwrap();
        prop_assert_eq!(parse_date_time(&format_date_time(instant)), Some(instant));
    }

    #[test]
    fn what_json_reads_is_read_the_same_unless_a_name_repeats(value in json()) {
        let text = value.to_string();
        match parse_object(text.as_bytes(), &Limits::default()) {
            Ok(fields) => prop_assert_eq!(Value::Object(fields), value),
            Err(error) => prop_assert!(!value.is_object() || error.to_string().contains("twice"), "{}", error),
        }
    }

    #[test]
    fn bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse_object(&bytes, &Limits::default());
    }

    #[test]
    fn a_tag_comes_back_from_its_text(opaque in "\\PC{0,16}") {
        let tag = ETag::weak(&opaque);
        prop_assert_eq!(ETag::parse(&tag.to_string()), Ok(tag));
    }

    #[test]
    fn numbers_have_one_order(a in any::<i64>(), b in -1e19_f64..1e19) {
        let decimal = scim_schema::Attribute::new("x", scim_schema::AttributeType::Decimal);
        let (a, b) = (Value::from(a), Value::from(b));
        let (x, y) = (Comparable::of(&decimal, &a).unwrap(), Comparable::of(&decimal, &b).unwrap());
        prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
    }
}

fn every_path(resource_type: &ResourceType) -> Vec<String> {
    let mut paths = Vec::new();
    let core = (String::new(), resource_type.schema());
    let extensions = resource_type.extensions().iter().map(|e| (format!("{}:", e.schema().id()), e.schema()));
    for (prefix, schema) in std::iter::once(core).chain(extensions) {
        for attribute in schema.attributes() {
            paths.push(format!("{prefix}{}", attribute.name));
            paths.extend(
                attribute.sub_attributes.iter().map(|sub| format!("{prefix}{}.{}", attribute.name, sub.name)),
            );
        }
    }
    paths
}
