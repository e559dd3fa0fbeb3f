//! Random PATCH requests on random resources of random schemas, made from any bytes.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use scim_schema::{
    Attribute, CheckOptions, Mutability, Resource, ResourceType, Returned, SchemaSet, UnknownAttributes,
};
use serde_json::{Map, Value, json};

use crate::scim_filter::{self, Choices};
use crate::scim_schema as generated;

/// A schema, a resource of it as a host stored it, and the operations of one request on it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Schemas with the one resource type `Thing`.
    pub set: SchemaSet,
    /// The resource before.
    pub before: Value,
    /// One to four operations; many fit the schema, some do not.
    pub operations: Vec<Value>,
}

impl Case {
    /// The resource type.
    pub fn thing(&self) -> &ResourceType {
        self.set.resource_type("Thing").expect("the one type")
    }
}

/// Random cases.
pub fn cases() -> impl Strategy<Value = Case> {
    vec(any::<u8>(), 400..2000).prop_filter_map("no resource was good", |bytes| {
        let mut choices = Choices::new(&bytes);
        let set = generated::schemas(&mut choices);
        let thing = set.resource_type("Thing").expect("the one type").clone();
        let before = (0..6).find_map(|_| stored(&mut choices, &thing))?;
        let count = 1 + choices.below(4);
        let operations = (0..count).map(|_| operation(&mut choices, &thing)).collect();
        Some(Case { set, before, operations })
    })
}

/// A resource that was checked, with values of the service in it.
fn stored(choices: &mut Choices<'_>, thing: &ResourceType) -> Option<Value> {
    let sent = Resource::from_map(generated::sent(choices, thing), thing);
    let mut options = CheckOptions::tolerant();
    options.unknown_attributes = UnknownAttributes::Ignore;
    let mut resource = thing.check_create(sent, &options).ok()?.resource;
    resource.set_id("1").expect("an id");
    for attribute in thing.schema().attributes() {
        if attribute.mutability == Mutability::ReadOnly && choices.once_in(2) && !attribute.is_complex() {
            let value = scim_filter::value(choices, attribute);
            if attribute.misfit(&value).is_none() {
                let value = if attribute.multi_valued { json!([value]) } else { value };
                let path = thing.resolve_attribute(&attribute.name).expect("its own");
                resource.set(&path, value);
            }
        }
    }
    Some(resource.into_value())
}

fn operation(choices: &mut Choices<'_>, thing: &ResourceType) -> Value {
    let op = *choices.one(&["add", "replace", "remove", "Add", "Replace"]);
    if op != "remove" && choices.once_in(5) {
        let mut fields = Map::new();
        for _ in 0..choices.below(4) {
            let (name, value) = named_value(choices, thing);
            if !fields.keys().any(|known: &String| known.eq_ignore_ascii_case(&name)) {
                fields.insert(name, value);
            }
        }
        return json!({ "op": op, "value": fields });
    }
    let (path, value) = path_and_value(choices, thing);
    if op == "remove" {
        json!({ "op": op, "path": path })
    } else {
        json!({ "op": op, "path": path, "value": value })
    }
}

/// A member of a path-less value.
fn named_value(choices: &mut Choices<'_>, thing: &ResourceType) -> (String, Value) {
    match thing.extensions() {
        [extension, ..] if choices.once_in(4) => {
            let mut fields = Map::new();
            for _ in 0..choices.below(3) {
                let attribute = choices.one(extension.schema().attributes()).clone();
                fields.insert(attribute.name.clone(), whole_value(choices, &attribute));
            }
            (extension.schema().id().to_owned(), Value::Object(fields))
        }
        _ => {
            let attribute = choices.one(thing.schema().attributes()).clone();
            (spelled(choices, &attribute.name), whole_value(choices, &attribute))
        }
    }
}

fn path_and_value(choices: &mut Choices<'_>, thing: &ResourceType) -> (String, Value) {
    let (urn, attributes) = match thing.extensions() {
        [extension, ..] if choices.once_in(3) => {
            if choices.once_in(8) {
                let (urn, value) = named_value(choices, thing);
                return (if urn.contains(':') { urn } else { extension.schema().id().to_owned() }, value);
            }
            (format!("{}:", extension.schema().id()), extension.schema().attributes())
        }
        _ if choices.once_in(12) => {
            return (choices.one(&["id", "externalId", "schemas", "meta", "nobody"]).to_string(), json!("x"));
        }
        _ => (String::new(), thing.schema().attributes()),
    };
    let attribute = choices.one(attributes).clone();
    let name = format!("{urn}{}", spelled(choices, &attribute.name));
    let sub = match attribute.sub_attributes.as_slice() {
        [] => None,
        subs if choices.once_in(2) => Some(choices.one(subs).clone()),
        _ => None,
    };
    let dotted = sub.as_ref().map(|sub| format!(".{}", spelled(choices, &sub.name))).unwrap_or_default();
    let filtered = if attribute.multi_valued { choices.below(3) > 0 } else { choices.once_in(12) };
    if !filtered {
        let value = match &sub {
            None => whole_value(choices, &attribute),
            Some(sub) => whole_value(choices, sub),
        };
        return (format!("{name}{dotted}"), value);
    }
    let filter = scim_filter::element_filter(choices, &attribute, 1);
    let value = match &sub {
        None => element(choices, &attribute),
        Some(sub) => whole_value(choices, sub),
    };
    (format!("{name}[{filter}]{dotted}"), value)
}

/// A value of the attribute, or all of its values.
fn whole_value(choices: &mut Choices<'_>, attribute: &Attribute) -> Value {
    match choices.below(16) {
        1 => Value::Null,
        2 => choices
            .one(&[json!("x"), json!(1), json!([]), json!({}), json!([null]), json!({ "nobody": 1 })])
            .clone(),
        _ if attribute.multi_valued && choices.below(6) > 0 => {
            (0..choices.below(4)).map(|_| element(choices, attribute)).collect()
        }
        _ => element(choices, attribute),
    }
}

/// One value of the attribute, mostly without what a client must not send.
fn element(choices: &mut Choices<'_>, attribute: &Attribute) -> Value {
    let mut value = scim_filter::value(choices, attribute);
    if let Value::Object(fields) = &mut value
        && choices.below(5) > 0
    {
        let is_sent = |name: &str| {
            let sub = attribute.sub_attribute(name);
            sub.is_none_or(|sub| sub.mutability != Mutability::ReadOnly && sub.returned != Returned::Never)
        };
        fields.retain(|name, value| is_sent(name) && !(value.is_object()));
    }
    value
}

fn spelled(choices: &mut Choices<'_>, name: &str) -> String {
    if choices.once_in(8) { name.to_ascii_uppercase() } else { name.to_owned() }
}
