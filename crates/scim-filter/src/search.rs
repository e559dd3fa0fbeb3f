use chrono::{DateTime, Utc};
use scim_schema::{Attribute, Resource, ResourceType};
use serde_json::{Map, Value};

use crate::key::{Key, TextKind};

/// Makes the JSON that a database can answer any filter from: the resource with each value replaced by its comparison
/// key.
///
/// No database folds text as SCIM wants it, and none compares dateTimes in JSON as instants. A host stores this
/// document beside the resource and names its column in [`Columns::document`](crate::Columns::document); then SQL says
/// exactly what [`BoundFilter::matches`](crate::BoundFilter::matches) says. Names are in the schema's spelling,
/// multi-valued attributes are arrays, strings are folded unless `caseExact`, dateTimes are texts that sort by time.
/// What is unassigned, unknown or never returned (a password) is left out. A resource that was checked against its
/// schema is expected.
///
/// ```
/// use scim_filter::search_document;
/// use scim_schema::{Resource, SchemaSet};
/// use serde_json::json;
///
/// let schemas = SchemaSet::standard();
/// let user = schemas.resource_type("User").unwrap();
/// let alice = json!({ "userName": "Alice", "password": "secret", "emails": [{ "value": "Alice@Example.com" }] });
/// let alice = Resource::from_map(alice.as_object().unwrap().clone(), user);
/// assert_eq!(
///     search_document(&alice, user),
///     json!({ "userName": "alice", "emails": [{ "value": "alice@example.com" }] })
/// );
/// ```
#[must_use]
pub fn search_document(resource: &Resource, resource_type: &ResourceType) -> Value {
    let mut document = Map::new();
    for (name, value) in resource.as_map() {
        if let Some(attribute) = resource_type.attribute(name) {
            insert(&mut document, attribute, value);
        } else if let (Some(extension), Value::Object(fields)) = (resource_type.extension(name), value) {
            let mut keys = Map::new();
            for (name, value) in fields {
                if let Some(attribute) = extension.attribute(name) {
                    insert(&mut keys, attribute, value);
                }
            }
            if !keys.is_empty() {
                document.insert(extension.schema().id().to_owned(), Value::Object(keys));
            }
        }
    }
    Value::Object(document)
}

/// Two levels of attributes at most, as schemas have them.
fn insert(fields: &mut Map<String, Value>, attribute: &Attribute, value: &Value) {
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        value => std::slice::from_ref(value),
    };
    let mut keys =
        elements.iter().filter(|element| attribute.shows(element)).map(|element| key(attribute, element));
    let key = if attribute.multi_valued {
        // An element of another type stays an element, so that `[not (...)]` finds it in SQL as in memory.
        let keys: Vec<Value> = keys.map(Option::unwrap_or_default).collect();
        (!keys.is_empty()).then_some(Value::Array(keys))
    } else {
        keys.next().flatten()
    };
    if let Some(key) = key {
        fields.insert(attribute.name.clone(), key);
    }
}

/// Returns the comparison key of one value; a value of another type has none.
fn key(attribute: &Attribute, value: &Value) -> Option<Value> {
    if attribute.is_complex() {
        let mut keys = Map::new();
        for (name, value) in value.as_object().into_iter().flatten() {
            if let Some(sub) = attribute.sub_attribute(name) {
                insert(&mut keys, sub, value);
            }
        }
        return Some(Value::Object(keys));
    }
    Some(match Key::of(attribute, value)? {
        Key::Bool(value) => Value::Bool(value),
        Key::Instant(instant) => Value::String(instant_key(instant)),
        Key::Number(_) => value.clone(),
        Key::Text(text) => Value::String(TextKind::of(attribute).key(text).into_owned()),
    })
}

/// Writes an instant as text that sorts by time, for all years that a dateTime can have.
pub(crate) fn instant_key(instant: DateTime<Utc>) -> String {
    let seconds = instant.timestamp().saturating_add(SECONDS_BEFORE_1970);
    format!("{seconds:014}.{:09}", instant.timestamp_subsec_nanos())
}

/// More than a dateTime can go back, so that the sum never is negative.
const SECONDS_BEFORE_1970: i64 = 10_000_000_000_000;
