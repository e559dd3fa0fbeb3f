//! Random schemas with every characteristic, and resources as clients might send them, made from any bytes.
//!
//! The attributes are those of [`scim_filter`](crate::scim_filter); here they also get mutability, `returned`,
//! uniqueness and requirements, which say nothing to filters.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use scim_schema::{ResourceType, SchemaSet};
use serde_json::{Map, Value, json};

use crate::scim_filter::{self, CORE, Choices, EXTENSION};

/// A resource type `Thing` at `/Things` with random attributes and an extension, of every characteristic.
pub fn schemas(choices: &mut Choices<'_>) -> SchemaSet {
    let plain = scim_filter::schemas(choices);
    let mut builder = SchemaSet::builder();
    for urn in [CORE, EXTENSION] {
        let mut definition = plain.schema(urn).expect("one of the two").to_json("https://example.com/v2");
        for attribute in definition["attributes"].as_array_mut().into_iter().flatten() {
            characterize(choices, attribute, false);
        }
        builder = builder.schema(&definition).unwrap_or_else(|error| panic!("{error}: {definition}"));
    }
    let thing = json!({
        "name": "Thing", "endpoint": "/Things", "schema": CORE,
        "schemaExtensions": [{ "schema": EXTENSION, "required": choices.once_in(8) }],
    });
    builder.resource_type(&thing).and_then(|builder| builder.build()).expect("the generated schema is valid")
}

/// A resource as a client might send it: names in another case, values the service sets, now and then of a wrong
/// type, attributes that nobody knows.
pub fn sent(choices: &mut Choices<'_>, resource_type: &ResourceType) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in scim_filter::resource(choices, resource_type) {
        let name = if choices.once_in(8) { name.to_ascii_uppercase() } else { name };
        out.insert(name, value);
    }
    out.retain(|name, _| !name.eq_ignore_ascii_case("schemas"));
    let extended = out.keys().any(|name| name.eq_ignore_ascii_case(EXTENSION));
    let urns = if extended { json!([CORE, EXTENSION]) } else { json!([CORE]) };
    out.insert("schemas".into(), urns);
    if choices.once_in(6) {
        out.insert("nobodyKnows".into(), json!(1));
    }
    out
}

/// A random [`SchemaSet`] and some random resources of its one type.
pub fn schemas_and_sent(count: usize) -> impl Strategy<Value = (SchemaSet, Vec<Map<String, Value>>)> {
    vec(any::<u8>(), 100..1500).prop_map(move |bytes| {
        let mut choices = Choices::new(&bytes);
        let set = schemas(&mut choices);
        let resource_type = set.resource_type("Thing").expect("the one type").clone();
        let resources = (0..count).map(|_| sent(&mut choices, &resource_type)).collect();
        (set, resources)
    })
}

/// Gives an attribute what no filter cares about. `in_list`: a sub-attribute of an attribute with several values.
fn characterize(choices: &mut Choices<'_>, attribute: &mut Value, in_list: bool) {
    let several = attribute["multiValued"] == json!(true);
    for sub in attribute["subAttributes"].as_array_mut().into_iter().flatten() {
        characterize(choices, sub, several);
    }
    let mutability = match choices.below(8) {
        1 => "readOnly",
        2 => "immutable",
        3 if !in_list => "writeOnly",
        _ => "readWrite",
    };
    let returned = match (mutability, choices.below(6)) {
        ("writeOnly", _) | (_, 1) => "never",
        (_, 2) => "always",
        (_, 3) => "request",
        _ => "default",
    };
    attribute["mutability"] = json!(mutability);
    attribute["returned"] = json!(returned);
    attribute["required"] = json!(choices.once_in(10));
    if attribute.get("uniqueness").is_some() && choices.once_in(6) {
        attribute["uniqueness"] = json!("server");
    }
}
