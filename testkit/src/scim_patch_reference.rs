//! A slow, obvious second PATCH of RFC 7644 3.5.2: the whole resource is copied for each operation, everything is
//! searched for linearly, and filters are evaluated by the slow reference too.
//!
//! Written from the standard and the requirements, not from the implementation. An error is its `scimType`.

use scim_filter::{Filter, Limits};
use scim_schema::{AttrPath, Attribute, AttributeType, Comparable, Mutability, ResourceType, Returned};
use serde_json::{Map, Value};

use crate::scim_filter_reference::{element_matches, instant_of};

type Refusal = &'static str;

/// Applies strict operations to a resource in the schema's spelling.
///
/// # Errors
/// The `scimType` of the first operation that fails.
pub fn patch(resource: &Value, operations: &[Value], resource_type: &ResourceType) -> Result<Value, Refusal> {
    // The message is read as a whole before anything is done.
    for operation in operations {
        match (op_of(operation).as_str(), operation.get("path"), value_of(operation)) {
            ("remove", None, _) => return Err("noTarget"),
            ("remove", Some(_), Some(_)) => return Err("invalidValue"),
            ("add" | "replace", _, None) => return Err("invalidSyntax"),
            _ => {}
        }
    }
    let mut now = resource.as_object().expect("a resource is an object").clone();
    for operation in operations {
        let (op, value) = (op_of(operation), value_of(operation).unwrap_or(&Value::Null));
        if let Some(path) = operation.get("path").and_then(Value::as_str) {
            one(&mut now, &op, path, value, resource_type)?;
            continue;
        }
        let fields = value.as_object().ok_or("invalidValue")?;
        // All names of an operation are read before anything is done.
        for (name, value) in fields {
            known(&op, name, value, resource_type)?;
        }
        for (name, value) in fields {
            one(&mut now, &op, name, value, resource_type)?;
        }
    }
    end(resource, &mut now, resource_type)?;
    Ok(Value::Object(now))
}

/// Whether a name of a path-less value is one of the resource type, and those of an extension in it are.
fn known(op: &str, name: &str, value: &Value, resource_type: &ResourceType) -> Result<(), Refusal> {
    let Some(extension) = resource_type.extension(name) else {
        return resource_type.attribute(name).map(|_| ()).ok_or("invalidPath");
    };
    if op == "remove" || value.is_null() {
        return Ok(());
    }
    let fields = value.as_object().ok_or("invalidValue")?;
    let is_known = |name: &String| extension.attribute(name).is_some();
    if fields.keys().all(is_known) { Ok(()) } else { Err("invalidPath") }
}

fn op_of(operation: &Value) -> String {
    operation["op"].as_str().unwrap_or_default().to_lowercase()
}

/// A remove with `"value": null` has no value.
fn value_of(operation: &Value) -> Option<&Value> {
    operation.get("value").filter(|value| op_of(operation) != "remove" || !value.is_null())
}

/// One operation on one path.
fn one(
    now: &mut Map<String, Value>,
    op: &str,
    path: &str,
    value: &Value,
    resource_type: &ResourceType,
) -> Result<(), Refusal> {
    if let Some(extension) = resource_type.extension(path) {
        let urn = extension.schema().id();
        if op == "remove" || (op == "replace" && value.is_null()) {
            let had = now.get(urn).and_then(Value::as_object).cloned().unwrap_or_default();
            for attribute in extension.schema().attributes().iter().filter(|a| had.contains_key(&a.name)) {
                let fixed = [Mutability::ReadOnly, Mutability::Immutable].contains(&attribute.mutability);
                if fixed
                    || (!attribute.multi_valued && has_fixed_parts(attribute, &had[&attribute.name]))
                    || (extension.required() && attribute.required)
                {
                    return Err("mutability");
                }
            }
            now.shift_remove(urn);
            return Ok(());
        }
        if value.is_null() {
            return Ok(());
        }
        known(op, urn, value, resource_type)?;
        for (name, value) in value.as_object().ok_or("invalidValue")? {
            one(now, op, &format!("{urn}:{name}"), value, resource_type)?;
        }
        return Ok(());
    }
    let (before_bracket, filter, after_bracket) = match path.split_once('[') {
        Some((name, rest)) => {
            let (filter, sub) = rest.rsplit_once(']').ok_or("invalidFilter")?;
            (name.to_owned(), Some(filter), sub.to_owned())
        }
        None => (path.to_owned(), None, String::new()),
    };
    let target = resource_type
        .resolve_attribute(&format!("{before_bracket}{after_bracket}"))
        .map_err(|_| "invalidPath")?;
    let attribute = target.attribute().clone();
    let filter = filter.map(|text| read_filter(text, &attribute)).transpose()?;
    if filter.is_some() && !attribute.multi_valued {
        return Err("invalidPath");
    }
    if target.mutability() == Mutability::ReadOnly {
        return Err("mutability");
    }
    // P39: the list follows the data, so an operation on it can only be wrong.
    if target.extension().is_none() && attribute.name == "schemas" {
        return schemas(filter.is_some(), op, value, resource_type);
    }
    let old = get(now, &target);
    let new = match (&target.sub(), attribute.multi_valued) {
        (sub, true) => {
            let elements = old.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
            many(&attribute, sub.map(|sub| &**sub), filter.as_ref(), op, value, elements)?
        }
        (Some(sub), false) => {
            let mut fields = old.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            if op == "add" && value.is_null() {
                return Err("invalidValue");
            }
            put(&mut fields, sub, op, value)?;
            Some(Value::Object(fields))
        }
        (None, false) if op == "remove" || value.is_null() => {
            if op == "add" {
                return Err("invalidValue");
            }
            if old.as_ref().is_some_and(|old| has_fixed_parts(&attribute, old)) {
                return Err("mutability");
            }
            None
        }
        (None, false) if attribute.kind == AttributeType::Complex => {
            let mut fields = old.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, value) in value.as_object().ok_or("invalidValue")? {
                let sub = attribute.sub_attribute(name).ok_or("invalidValue")?;
                if sub.mutability == Mutability::ReadOnly {
                    return Err("mutability");
                }
                if !(op == "add" && value.is_null()) {
                    put(&mut fields, sub, op, value)?;
                }
            }
            Some(Value::Object(fields))
        }
        (None, false) => simple(&attribute, value)?,
    };
    let new = new.filter(assigned);
    if new == old {
        return Ok(());
    }
    if attribute.mutability == Mutability::Immutable && old.is_some() {
        return Err("mutability");
    }
    if attribute.required && new.is_none() {
        return Err(if op == "remove" { "mutability" } else { "invalidValue" });
    }
    set(now, &target, new);
    Ok(())
}

fn schemas(filtered: bool, op: &str, value: &Value, resource_type: &ResourceType) -> Result<(), Refusal> {
    if filtered {
        return Ok(());
    }
    if op == "remove" {
        return Err("mutability");
    }
    let items = match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let known = |urn: &Value| match urn {
        Value::Null => true,
        Value::String(urn) => {
            resource_type.extension(urn).is_some() || resource_type.schema().id().eq_ignore_ascii_case(urn)
        }
        _ => false,
    };
    if items.iter().all(known) { Ok(()) } else { Err("invalidValue") }
}

/// An operation on a multi-valued attribute; answers all its elements.
fn many(
    attribute: &Attribute,
    sub: Option<&Attribute>,
    filter: Option<&Filter>,
    op: &str,
    value: &Value,
    mut elements: Vec<Value>,
) -> Result<Option<Value>, Refusal> {
    let matches =
        |element: &Value| filter.is_none_or(|filter| element_matches(filter, element, attribute) == Ok(true));
    if op == "add" && value.is_null() && (filter.is_none() || elements.iter().any(matches)) {
        return Err("invalidValue");
    }
    if op == "remove" && sub.is_none() {
        elements.retain(|element| !matches(element));
        return Ok(Some(Value::Array(elements)));
    }
    let mut primary = Vec::new();
    if filter.is_none() && sub.is_none() {
        let mut given = Vec::new();
        let items = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.clone(),
            one if op == "add" => vec![one.clone()],
            _ => return Err("invalidValue"),
        };
        for item in items {
            if let Some(item) = whole(attribute, &item)?
                && !given.iter().any(|known| same(attribute, known, &item))
            {
                given.push(item);
            }
        }
        if given.iter().filter(|item| item["primary"] == true).count() > 1 {
            return Err("invalidValue");
        }
        if op == "replace" {
            for item in &mut given {
                if let Some(known) =
                    elements.iter().find(|known| keyed(attribute) && same(attribute, known, item))
                {
                    *item = known.clone();
                }
            }
            return Ok(Some(Value::Array(given)));
        }
        for item in given {
            let index = elements.iter().position(|known| same(attribute, known, &item));
            if item["primary"] == true {
                primary.push(index.unwrap_or(elements.len()));
            }
            match index {
                None => elements.push(item),
                Some(index) => {
                    if !keyed(attribute)
                        && item.get("value").is_some()
                        && let Value::Object(fields) = &mut elements[index]
                    {
                        for (name, value) in item.as_object().expect("has a value") {
                            let untouched = name == "value" || name == "type";
                            if untouched || (*value == false && !fields.contains_key(name)) {
                                continue;
                            }
                            let sub = attribute.sub_attribute(name).expect("was read by name");
                            put(fields, sub, "add", value)?;
                        }
                    }
                }
            }
        }
    } else if let Some(sub) = sub {
        let found: Vec<usize> = (0..elements.len()).filter(|index| matches(&elements[*index])).collect();
        if found.is_empty() && op != "remove" {
            if filter.is_some() {
                return Err("noTarget");
            }
            if !value.is_null() {
                let mut fields = Map::new();
                fields.insert(sub.name.clone(), value.clone());
                elements.extend(whole(attribute, &Value::Object(fields))?);
            }
        }
        for index in found {
            if let Value::Object(fields) = &mut elements[index] {
                put(fields, sub, op, value)?;
            }
            if sub.name == "primary" && *value == true {
                primary.push(index);
            }
        }
    } else {
        let found: Vec<usize> = (0..elements.len()).filter(|index| matches(&elements[*index])).collect();
        if found.is_empty() {
            return Err("noTarget");
        }
        for index in found {
            if op == "add" && attribute.kind == AttributeType::Complex {
                for (name, value) in value.as_object().ok_or("invalidValue")? {
                    let sub = attribute.sub_attribute(name).ok_or("invalidValue")?;
                    if sub.mutability == Mutability::ReadOnly {
                        return Err("mutability");
                    }
                    if let Value::Object(fields) = &mut elements[index]
                        && !value.is_null()
                    {
                        put(fields, sub, op, value)?;
                    }
                }
            } else {
                let mut new = whole(attribute, value)?.unwrap_or(Value::Null);
                for sub in if new.is_object() { &*attribute.sub_attributes } else { &[] } {
                    let old = elements[index].get(&sub.name).cloned();
                    if sub.mutability != Mutability::Immutable || old.is_none() {
                        continue;
                    }
                    if new.get(&sub.name).is_some_and(|given| Some(given) != old.as_ref()) {
                        return Err("mutability");
                    }
                    new[&sub.name] = old.unwrap_or_default();
                }
                elements[index] = new;
            }
            if value["primary"] == true {
                primary.push(index);
            }
        }
        elements.retain(assigned);
        if op == "replace" || attribute.kind != AttributeType::Complex {
            let mut once: Vec<Value> = Vec::new();
            if primary.len() > 1 {
                return Err("invalidValue");
            }
            only_primary(&mut elements, &primary);
            for element in elements {
                if !once.iter().any(|known| same(attribute, known, &element)) {
                    once.push(element);
                }
            }
            return Ok(Some(Value::Array(once)));
        }
    }
    if primary.len() > 1 {
        return Err("invalidValue");
    }
    only_primary(&mut elements, &primary);
    elements.retain(assigned);
    Ok(Some(Value::Array(elements)))
}

fn only_primary(elements: &mut [Value], primary: &[usize]) {
    for (index, element) in elements.iter_mut().enumerate() {
        if !primary.is_empty() && !primary.contains(&index) && element["primary"] == true {
            element["primary"] = Value::Bool(false);
        }
    }
}

/// Writes one sub-attribute.
fn put(fields: &mut Map<String, Value>, sub: &Attribute, op: &str, value: &Value) -> Result<(), Refusal> {
    let old = fields.get(&sub.name).cloned();
    let mut new = if op == "remove" { None } else { sub_value(sub, value)? };
    if let (true, "add", Some(Value::Array(had)), Some(Value::Array(added))) =
        (sub.multi_valued, op, &old, &new)
    {
        let mut all = had.clone();
        for item in added {
            if !all.iter().any(|known| key(sub, Some(known)) == key(sub, Some(item))) {
                all.push(item.clone());
            }
        }
        new = Some(Value::Array(all));
    }
    if old == new {
        return Ok(());
    }
    if sub.mutability == Mutability::Immutable && old.is_some() {
        return Err("mutability");
    }
    match new {
        Some(value) => {
            fields.insert(sub.name.clone(), value);
        }
        None if sub.required => return Err(if op == "remove" { "mutability" } else { "invalidValue" }),
        None => {
            fields.shift_remove(&sub.name);
        }
    }
    Ok(())
}

/// A whole element as a client gives it.
fn whole(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Refusal> {
    if attribute.kind != AttributeType::Complex {
        return simple(attribute, value);
    }
    if value.is_null() {
        return Ok(None);
    }
    let mut element = Map::new();
    for (name, value) in value.as_object().ok_or("invalidValue")? {
        let sub = attribute.sub_attribute(name).ok_or("invalidValue")?;
        if sub.mutability == Mutability::ReadOnly {
            return Err("mutability");
        }
        if let Some(value) = sub_value(sub, value)? {
            element.insert(sub.name.clone(), value);
        }
    }
    if element.is_empty() {
        return Ok(None);
    }
    let lacks = |sub: &Attribute| {
        (demanded(sub) || (keyed(attribute) && sub.name == "value")) && !element.contains_key(&sub.name)
    };
    if attribute.sub_attributes.iter().any(|sub| lacks(sub)) {
        return Err("invalidValue");
    }
    Ok(Some(Value::Object(element)))
}

fn sub_value(sub: &Attribute, value: &Value) -> Result<Option<Value>, Refusal> {
    if !sub.multi_valued || value.is_null() {
        return simple(sub, value);
    }
    let mut out: Vec<Value> = Vec::new();
    for item in value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]) {
        if let Some(item) = simple(sub, &item)?
            && !out.iter().any(|known| key(sub, Some(known)) == key(sub, Some(&item)))
        {
            out.push(item);
        }
    }
    Ok(Some(Value::Array(out)).filter(assigned))
}

fn simple(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Refusal> {
    let fits = match (attribute.kind, value) {
        (_, Value::Null) => return Ok(None),
        (AttributeType::Boolean, Value::Bool(_)) | (AttributeType::Decimal, Value::Number(_)) => true,
        (AttributeType::Integer, Value::Number(number)) => !number.is_f64(),
        (AttributeType::String, Value::String(_)) => true,
        (AttributeType::DateTime, Value::String(text)) => instant_of(text).is_some(),
        (AttributeType::Reference, Value::String(text)) => {
            !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c))
        }
        (AttributeType::Binary, Value::String(text)) => {
            let digits = text.trim_end_matches('=');
            let padding = text.len() - digits.len();
            let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
            digits.chars().all(is_digit)
                && digits.len() % 4 != 1
                && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)))
        }
        _ => false,
    };
    let is_blank = value.as_str().is_some_and(|text| text.trim().is_empty());
    let is_secret = attribute.mutability == Mutability::WriteOnly;
    let fits = fits && if is_secret { *value != "" } else { !(attribute.required && is_blank) };
    if fits { Ok(Some(value.clone())) } else { Err("invalidValue") }
}

/// What every operation together must leave behind.
fn end(before: &Value, now: &mut Map<String, Value>, resource_type: &ResourceType) -> Result<(), Refusal> {
    let incomplete = |attributes: &[std::sync::Arc<Attribute>], old: &Value, new: &Map<String, Value>| {
        attributes.iter().any(|attribute| {
            let value = new.get(&attribute.name);
            !attribute.multi_valued
                && value != old.get(&attribute.name)
                && value.is_some_and(|value| {
                    attribute.sub_attributes.iter().any(|sub| demanded(sub) && value.get(&sub.name).is_none())
                })
        })
    };
    if incomplete(resource_type.schema().attributes(), before, now) {
        return Err("invalidValue");
    }
    let mut urns: Vec<Value> = now.get("schemas").and_then(Value::as_array).cloned().unwrap_or_default();
    for extension in resource_type.extensions() {
        let urn = extension.schema().id();
        let (old, new) = (before.get(urn), now.get(urn).and_then(Value::as_object));
        if let Some(new) = new
            && now.get(urn) != old
        {
            let attributes = extension.schema().attributes();
            let is_set = attributes.iter().any(|attribute| {
                let value = new.get(&attribute.name);
                value.is_some() && value != old.and_then(|old| old.get(&attribute.name))
            });
            // What lacked it before, and was given nothing, may go on without.
            let missing = attributes.iter().any(|attribute| {
                let had = old.is_some_and(|old| old.get(&attribute.name).is_some());
                demanded(attribute) && !new.contains_key(&attribute.name) && (had || is_set)
            });
            if missing || incomplete(attributes, old.unwrap_or(&Value::Null), new) {
                return Err("invalidValue");
            }
        }
        if extension.required() && old.is_some() && new.is_none() {
            return Err("invalidValue");
        }
        let listed = urns.iter().any(|known| known == urn);
        if new.is_some() && !listed && old != now.get(urn) {
            urns.push(Value::String(urn.to_owned()));
        } else if new.is_none() && old.is_some() {
            urns.retain(|known| known != urn);
        }
    }
    now.insert("schemas".to_owned(), Value::Array(urns));
    Ok(())
}

fn get(now: &Map<String, Value>, path: &AttrPath) -> Option<Value> {
    let holder = match path.extension() {
        Some(urn) => now.get(urn)?.as_object()?,
        None => now,
    };
    holder.get(&path.attribute().name).cloned()
}

fn set(now: &mut Map<String, Value>, path: &AttrPath, value: Option<Value>) {
    let mut copy = match path.extension() {
        Some(urn) => now.get(urn).and_then(Value::as_object).cloned().unwrap_or_default(),
        None => now.clone(),
    };
    match value {
        Some(value) => {
            copy.insert(path.attribute().name.clone(), value);
        }
        None => {
            copy.shift_remove(&path.attribute().name);
        }
    }
    match path.extension() {
        Some(urn) if copy.is_empty() => {
            now.shift_remove(urn);
        }
        Some(urn) => {
            now.insert(urn.to_owned(), Value::Object(copy));
        }
        None => *now = copy,
    }
}

/// Whether a complex value has parts that cannot change any more.
fn has_fixed_parts(attribute: &Attribute, value: &Value) -> bool {
    let mut fixed = attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable);
    fixed.any(|sub| value.get(&sub.name).is_some())
}

/// Required of clients: not what the service sets, nor what nobody sees and may have been set before.
fn demanded(attribute: &Attribute) -> bool {
    attribute.required && [Mutability::ReadWrite, Mutability::Immutable].contains(&attribute.mutability)
}

fn assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(assigned),
        Value::Object(fields) => fields.values().any(assigned),
        _ => true,
    }
}

/// Whether an element's `value` can never change, so that it alone says which element it is.
fn keyed(attribute: &Attribute) -> bool {
    attribute.sub_attribute("value").is_some_and(|value| value.mutability == Mutability::Immutable)
}

/// Whether two elements count as the same value.
fn same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    let equal = |sub: &Attribute| key(sub, a.get(&sub.name)) == key(sub, b.get(&sub.name));
    if attribute.kind != AttributeType::Complex {
        return key(attribute, Some(a)) == key(attribute, Some(b));
    }
    match (a.get("value"), b.get("value")) {
        (Some(_), Some(_)) => {
            let value = attribute.sub_attribute("value").expect("elements were read by name");
            equal(value)
                && (keyed(attribute) || attribute.sub_attribute("type").is_none_or(|kind| equal(kind)))
        }
        (None, None) => attribute.sub_attributes.iter().all(|sub| equal(sub)),
        _ => false,
    }
}

fn key(attribute: &Attribute, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => String::new(),
        Some(Value::Array(items)) => {
            let mut keys: Vec<String> = items.iter().map(|item| key(attribute, Some(item))).collect();
            keys.sort();
            format!("{keys:?}")
        }
        Some(other) => Comparable::of(attribute, other).map_or_else(|| other.to_string(), |key| key.to_key()),
    }
}

/// Reads what stands between brackets, and tries it on nothing to see whether it fits.
fn read_filter(text: &str, attribute: &Attribute) -> Result<Filter, Refusal> {
    let filter = Filter::parse(text, &Limits::default()).map_err(|_| "invalidFilter")?;
    if attribute.kind != AttributeType::Complex && !attribute.multi_valued {
        return Err("invalidPath");
    }
    // F30: nobody may find out by trying what is never returned.
    if attribute.returned == Returned::Never {
        return Err("invalidFilter");
    }
    element_matches(&filter, &Value::Null, attribute).map_err(|_| "invalidFilter")?;
    Ok(filter)
}
