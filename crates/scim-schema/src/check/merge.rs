use serde_json::{Map, Value};

use super::{CheckError, Mode};
use crate::attribute::{Attribute, Mutability};
use crate::compare::Comparable;
use crate::path::AttrPath;
use crate::resource::Resource;
use crate::resource_type::ResourceType;

/// Takes over what a client cannot change: readOnly values as stored, immutable ones after comparing them.
pub(super) fn keep_stored(
    resource_type: &ResourceType,
    resource: &mut Resource,
    stored: &Resource,
    mode: Mode<'_>,
) -> Result<(), CheckError> {
    let special = resource_type.special();
    for path in &special.kept {
        let Some(before) = stored.attribute(path) else { continue };
        if path.attribute().mutability == Mutability::Immutable
            && !agrees(path.attribute(), before, resource.attribute(path), mode)
        {
            return Err(CheckError::Immutable { path: path.to_string() });
        }
        resource.set_attribute(path, before.clone());
    }
    for path in &special.kept_parts {
        keep_parts(path, resource, stored, mode)?;
    }
    Ok(())
}

/// The readOnly and immutable parts of one complex value.
fn keep_parts(
    path: &AttrPath,
    resource: &mut Resource,
    stored: &Resource,
    mode: Mode<'_>,
) -> Result<(), CheckError> {
    let Some(Value::Object(before)) = stored.attribute(path) else { return Ok(()) };
    let empty = Map::new();
    let now = resource.attribute(path).and_then(Value::as_object).unwrap_or(&empty);
    let parts = &path.attribute().sub_attributes;
    let mut kept = Vec::new();
    for sub in parts.iter().filter(|sub| sub.mutability == Mutability::Immutable) {
        let Some(value) = before.get(sub.name.as_str()).filter(|value| !value.is_null()) else { continue };
        if !agrees(sub, value, now.get(sub.name.as_str()), mode) {
            return Err(CheckError::Immutable { path: format!("{path}.{}", sub.name) });
        }
        kept.push((sub, value));
    }
    // What the service said about a value (a manager's name) is true only as long as the value is the same.
    let same = !now.is_empty()
        && parts
            .iter()
            .filter(|sub| sub.mutability != Mutability::ReadOnly)
            .all(|sub| before.get(sub.name.as_str()) == now.get(sub.name.as_str()));
    if same {
        for sub in parts.iter().filter(|sub| sub.mutability == Mutability::ReadOnly) {
            kept.extend(before.get(sub.name.as_str()).map(|value| (sub, value)));
        }
    }
    for (sub, value) in kept {
        if let Ok(path) = path.with_sub(&sub.name) {
            resource.set(&path, value.clone());
        }
    }
    Ok(())
}

/// Whether an immutable value stays what it was. Left out of a replace it stays; gone after a PATCH it was removed.
fn agrees(attribute: &Attribute, before: &Value, now: Option<&Value>, mode: Mode<'_>) -> bool {
    match now {
        None => !matches!(mode, Mode::Patch(_)),
        Some(now) => same(attribute, before, now),
    }
}

fn same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    a == b || keys(attribute, a) == keys(attribute, b)
}

/// What makes up a value, without order: order means nothing among values (RFC 7643 2.4) nor in one (2.3.8).
fn keys(attribute: &Attribute, value: &Value) -> Vec<Vec<(String, String)>> {
    let values = match value {
        Value::Array(items) => items.as_slice(),
        value => std::slice::from_ref(value),
    };
    let mut keys: Vec<_> = values.iter().map(|value| key(attribute, value)).collect();
    keys.sort_unstable();
    keys
}

/// The comparison keys of one value: of its parts, but for those that the service sets, or of itself.
fn key(attribute: &Attribute, value: &Value) -> Vec<(String, String)> {
    let simple = |attribute: &Attribute, value: &Value| {
        Comparable::of(attribute, value).map_or_else(|| value.to_string(), |comparable| comparable.to_key())
    };
    let Value::Object(fields) = value else {
        return vec![(String::new(), simple(attribute, value))];
    };
    let mut parts: Vec<_> = attribute
        .sub_attributes
        .iter()
        .filter(|sub| sub.mutability != Mutability::ReadOnly)
        .filter_map(|sub| Some((sub.name.clone(), simple(sub, fields.get(sub.name.as_str())?))))
        .collect();
    parts.sort_unstable();
    parts
}
