//! The resource under change: what was touched beside the untouched original.

use std::collections::HashMap;

use scim_schema::{AttrPath, Resource, ResourceType, is_unassigned};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::PatchError;

/// The original, and the present value of each attribute that a step touched. Dropping it undoes everything.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    base: &'a Resource,
    slots: Vec<Slot>,
}

/// One touched attribute.
#[derive(Debug)]
struct Slot {
    /// Without sub-attribute.
    path: AttrPath,
    value: Option<Value>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(base: &'a Resource) -> Self {
        Self { base, slots: Vec::new() }
    }

    /// The present value of the path's attribute.
    pub(crate) fn attribute(&self, path: &AttrPath) -> Option<&Value> {
        match self.slots.iter().find(|slot| is_same(&slot.path, path)) {
            Some(slot) => slot.value.as_ref(),
            None => self.base.attribute(path),
        }
    }

    /// The present elements of the path's attribute.
    pub(crate) fn elements(&self, path: &AttrPath) -> &[Value] {
        match self.attribute(path) {
            Some(Value::Array(items)) => items,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }

    /// The present value of the path's attribute, to change.
    pub(crate) fn touch(&mut self, path: &AttrPath) -> &mut Option<Value> {
        let index = match self.slots.iter().position(|slot| is_same(&slot.path, path)) {
            Some(index) => index,
            None => {
                let value = self.base.attribute(path).cloned();
                self.slots.push(Slot { path: path.without_sub(), value });
                self.slots.len().saturating_sub(1)
            }
        };
        // INVARIANT: `index` is that of a slot that was found or pushed above.
        #[expect(clippy::indexing_slicing, reason = "the index was found or made three lines above")]
        &mut self.slots[index].value
    }

    /// Ends the draft: what every step left must be complete, and then it becomes a resource.
    ///
    /// # Errors
    /// [`PatchError::RequiredMissing`] when something that was touched lacks a required part.
    pub(crate) fn finish(mut self, resource_type: &ResourceType) -> Result<Outcome, PatchError> {
        for slot in &mut self.slots {
            slot.value = slot.value.take().filter(|value| !is_unassigned(value));
        }
        self.check_required(resource_type)?;
        let mut changes = Vec::new();
        let touched = self.slots.iter().map(|slot| slot.path.to_string()).collect();
        let mut changed = Vec::new();
        for slot in self.slots {
            let found = changes.len();
            compare(&slot.path, self.base.attribute(&slot.path), slot.value.as_ref(), &mut changes);
            if changes.len() > found {
                changed.push(slot);
            }
        }
        let extensions = changed.iter().any(|slot| slot.path.extension().is_some());
        let mut resource = replaced(self.base, changed);
        if extensions {
            list_extensions(&mut resource, self.base, resource_type);
        }
        Ok(Outcome { resource, changes, touched })
    }

    fn check_required(&self, resource_type: &ResourceType) -> Result<(), PatchError> {
        let missing = |attribute: String| PatchError::RequiredMissing { operation: None, attribute };
        for slot in &self.slots {
            let attribute = slot.path.attribute();
            if let Some(Value::Object(fields)) = &slot.value
                && let Some(sub) = attribute
                    .sub_attributes
                    .iter()
                    .find(|sub| sub.required && fields.get(&sub.name).is_none_or(is_unassigned))
                // What lacked it before this request is not this request's fault.
                && self.base.value(&slot.path) != slot.value.as_ref()
            {
                return Err(missing(format!("{}.{}", slot.path, sub.name)));
            }
            let Some(extension) = slot.path.extension().and_then(|urn| resource_type.extension(urn)) else {
                continue;
            };
            if slot.value.is_none() || self.base.attribute(&slot.path) == slot.value.as_ref() {
                continue;
            }
            for required in extension.schema().attributes().iter().filter(|attribute| attribute.required) {
                let name = format!("{}:{}", extension.schema().id(), required.name);
                if let Ok(path) = resource_type.resolve_attribute(&name)
                    && self.attribute(&path).is_none()
                {
                    return Err(missing(name));
                }
            }
        }
        Ok(())
    }
}

/// The original with other values of some attributes; only what stays is copied.
fn replaced(base: &Resource, slots: Vec<Slot>) -> Resource {
    if slots.is_empty() {
        return base.clone();
    }
    let is_replaced = |name: &str| {
        slots.iter().any(|slot| slot.path.extension().is_none() && slot.path.attribute().name == name)
    };
    let mut fields = Map::with_capacity(base.as_map().len().saturating_add(slots.len()));
    for (name, value) in base.as_map() {
        // A place is kept for what gets another value, so that the order stays.
        fields.insert(name.clone(), if is_replaced(name) { Value::Null } else { value.clone() });
    }
    let mut resource = Resource::from_stored(fields);
    for slot in slots {
        match slot.value {
            Some(value) => resource.set_attribute(&slot.path, value),
            None => resource.remove_attribute(&slot.path),
        };
    }
    resource
}

/// What a draft became.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) resource: Resource,
    pub(crate) changes: Vec<Change>,
    pub(crate) touched: Vec<String>,
}

/// One difference that a PATCH made, for audit and for deciding what follows.
///
/// A single value has one change with what was before and after; of a complex attribute each sub-attribute has one.
/// A multi-valued attribute has one change for each element that went (`before` alone) or came (`after` alone); an
/// element with another content is both.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The attribute in the schema's spelling, with URI for extensions: `name.givenName`.
    pub path: String,
    /// The value that went; `None` if there was none.
    pub before: Option<Value>,
    /// The value that came; `None` if none did.
    pub after: Option<Value>,
    /// Whether both values are left out because no response ever holds them (`returned: never`), such as `password`.
    pub concealed: bool,
}

fn compare(path: &AttrPath, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if path.is_never_returned() {
        changes.push(Change { path: path.to_string(), before: None, after: None, concealed: true });
        return;
    }
    let attribute = path.attribute();
    if attribute.multi_valued {
        compare_elements(&path.to_string(), elements(before), elements(after), changes);
        return;
    }
    if !attribute.is_complex() {
        changes.push(Change {
            path: path.to_string(),
            before: before.cloned(),
            after: after.cloned(),
            concealed: false,
        });
        return;
    }
    for sub in &attribute.sub_attributes {
        let of = |value: Option<&Value>| -> Option<Value> {
            value?.get(&sub.name).filter(|value| !is_unassigned(value)).cloned()
        };
        let (before, after) = (of(before), of(after));
        if before == after {
            continue;
        }
        let path = format!("{path}.{}", sub.name);
        if sub.returned == scim_schema::Returned::Never {
            changes.push(Change { path, before: None, after: None, concealed: true });
        } else if sub.multi_valued {
            compare_elements(&path, elements(before.as_ref()), elements(after.as_ref()), changes);
        } else {
            changes.push(Change { path, before, after, concealed: false });
        }
    }
}

/// The difference of two sets; their order means nothing (RFC 7643 2.4).
fn compare_elements(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<Change>) {
    let (before, after) = differing(before, after);
    let mut kept: HashMap<String, usize> = HashMap::with_capacity(before.len());
    for element in after {
        let count = kept.entry(element.to_string()).or_default();
        *count = count.saturating_add(1);
    }
    let mut stayed: HashMap<String, usize> = HashMap::with_capacity(before.len());
    for element in before {
        let key = element.to_string();
        match kept.get_mut(&key) {
            Some(count) if *count > 0 => {
                *count = count.saturating_sub(1);
                let stayed = stayed.entry(key).or_default();
                *stayed = stayed.saturating_add(1);
            }
            _ => changes.push(Change {
                path: path.to_owned(),
                before: Some(element.clone()),
                after: None,
                concealed: false,
            }),
        }
    }
    for element in after {
        match stayed.get_mut(&element.to_string()) {
            Some(count) if *count > 0 => *count = count.saturating_sub(1),
            _ => changes.push(Change {
                path: path.to_owned(),
                before: None,
                after: Some(element.clone()),
                concealed: false,
            }),
        }
    }
}

/// Both without what they begin and end with alike: of 100,000 elements mostly one differs.
fn differing<'v>(before: &'v [Value], after: &'v [Value]) -> (&'v [Value], &'v [Value]) {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before, after) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let keep = |values: &'v [Value]| values.get(..values.len().saturating_sub(end)).unwrap_or_default();
    (keep(before), keep(after))
}

/// Keeps `schemas` in line with the extensions that this request gave data, or took the last data from (P11, P39).
fn list_extensions(resource: &mut Resource, base: &Resource, resource_type: &ResourceType) {
    let mut urns: Vec<String> = resource.schemas().map(str::to_owned).collect();
    let listed = |urns: &[String], urn: &str| urns.iter().any(|known| known.eq_ignore_ascii_case(urn));
    if !listed(&urns, resource_type.schema().id()) {
        urns.insert(0, resource_type.schema().id().to_owned());
    }
    for extension in resource_type.extensions() {
        let urn = extension.schema().id();
        match (base.extension(urn).is_some(), resource.extension(urn).is_some()) {
            (_, true) if !listed(&urns, urn) => urns.push(urn.to_owned()),
            (true, false) if !extension.required() => urns.retain(|known| !known.eq_ignore_ascii_case(urn)),
            _ => {}
        }
    }
    if !resource.schemas().eq(urns.iter().map(String::as_str)) {
        let urns = urns.into_iter().map(Value::String).collect();
        resource.as_map_mut().insert("schemas".to_owned(), Value::Array(urns));
    }
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// Whether both paths have the same attribute, whatever their sub-attributes.
fn is_same(a: &AttrPath, b: &AttrPath) -> bool {
    a.attribute().name == b.attribute().name && a.extension() == b.extension()
}
