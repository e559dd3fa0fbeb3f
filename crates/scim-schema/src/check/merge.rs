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
    match (a, b) {
        // Order means nothing in a multi-valued attribute (RFC 7643 2.4).
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| same_one(attribute, a, b)))
        }
        (a, b) => same_one(attribute, a, b),
    }
}

fn same_one(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    if let (Value::Object(a), Value::Object(b)) = (a, b) {
        return attribute.sub_attributes.iter().all(|sub| {
            match (a.get(sub.name.as_str()), b.get(sub.name.as_str())) {
                (Some(a), Some(b)) => {
                    a == b || Comparable::of(sub, a).is_some_and(|a| Some(a) == Comparable::of(sub, b))
                }
                (None, None) => true,
                _ => sub.mutability == Mutability::ReadOnly,
            }
        });
    }
    a == b || Comparable::of(attribute, a).is_some_and(|a| Some(a) == Comparable::of(attribute, b))
}
