//! The resource under change: what was touched beside the untouched original.

use std::collections::HashMap;

use scim_schema::{AttrPath, Attribute, Resource, ResourceType, Returned, is_unassigned};
use serde::Serialize;
use serde_json::Value;

use crate::PatchError;
use crate::value::{is_demanded, member};

/// A copy of the original, out of which the attributes that steps touch are taken. Dropping it undoes everything.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    base: &'a Resource,
    /// What is touched is null here until the end, so that it keeps its place in the order.
    copy: Resource,
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
    pub(crate) fn new(base: &'a Resource, operations: usize) -> Self {
        Self { base, copy: base.clone(), slots: Vec::with_capacity(operations) }
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
                // Taken, not copied: a group may have 100,000 members.
                let value = self.copy.attribute_mut(path).filter(|value| !is_unassigned(value));
                let value = value.map(Value::take);
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
        let mut changes = Vec::with_capacity(self.slots.len());
        let mut touched = Vec::with_capacity(self.slots.len());
        let mut extensions = false;
        let mut resource = self.copy;
        for Slot { path, value } in self.slots {
            let found = changes.len();
            compare(&path, self.base.attribute(&path), value.as_ref(), &mut changes);
            let is_changed = changes.len() > found;
            extensions |= is_changed && path.extension().is_some();
            match value {
                Some(value) => match resource.attribute_mut(&path) {
                    Some(place) => *place = value,
                    None => drop(resource.set_attribute(&path, value)),
                },
                None if is_changed => drop(resource.remove_attribute(&path)),
                None => {}
            }
            touched.push(path);
        }
        if extensions {
            // RFC 7643 6: a required extension has data; only the end can show that all of it went.
            for extension in resource_type.extensions().iter().filter(|extension| extension.required()) {
                let urn = extension.schema().id();
                if self.base.extension(urn).is_some() && resource.extension(urn).is_none() {
                    return Err(PatchError::RequiredMissing { operation: None, attribute: urn.to_owned() });
                }
            }
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
                    .find(|sub| is_demanded(sub) && fields.get(&sub.name).is_none_or(is_unassigned))
                // What lacked it before this request is not this request's fault.
                && self.base.value(&slot.path) != slot.value.as_ref()
            {
                return Err(missing(format!("{}.{}", slot.path, sub.name)));
            }
            let Some(extension) = slot.path.extension().and_then(|urn| resource_type.extension(urn)) else {
                continue;
            };
            if self.base.attribute(&slot.path) == slot.value.as_ref() {
                continue;
            }
            let resolve = |name: &str| {
                resource_type.resolve_attribute(&format!("{}:{name}", extension.schema().id())).ok()
            };
            let attributes = extension.schema().attributes();
            for required in attributes.iter().filter(|attribute| is_demanded(attribute)) {
                let Some(path) = resolve(&required.name) else { continue };
                // What lacked it before, and was given nothing, may go on without.
                let is_due = slot.value.is_some() || self.base.attribute(&path).is_some();
                let has = |other: &std::sync::Arc<Attribute>| {
                    resolve(&other.name).is_some_and(|path| self.attribute(&path).is_some())
                };
                // An extension that lost all its data is not there.
                if is_due && self.attribute(&path).is_none() && attributes.iter().any(has) {
                    return Err(missing(path.to_string()));
                }
            }
        }
        Ok(())
    }
}

/// What a draft became.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) resource: Resource,
    pub(crate) changes: Vec<Change>,
    pub(crate) touched: Vec<AttrPath>,
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
    /// Whether values are left out, or parts of them, because no response ever holds them (`returned: never`), such as
    /// `password`.
    pub concealed: bool,
}

fn compare(path: &AttrPath, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    let attribute = path.attribute();
    if path.is_never_returned() {
        if before != after {
            changes.push(Change { path: text(path, None), before: None, after: None, concealed: true });
        }
    } else if attribute.multi_valued {
        let found = changes.len();
        compare_elements(|| text(path, None), elements(before), elements(after), changes);
        conceal(attribute, changes.get_mut(found..).unwrap_or_default());
    } else if attribute.is_complex() {
        for sub in &attribute.sub_attributes {
            compare_subs(path, sub, before, after, changes);
        }
    } else if before != after {
        let (before, after) = (before.cloned(), after.cloned());
        changes.push(Change { path: text(path, None), before, after, concealed: false });
    }
}

/// Takes what is never returned out of elements that came or went.
fn conceal(attribute: &Attribute, changes: &mut [Change]) {
    for hidden in attribute.sub_attributes.iter().filter(|sub| sub.returned == Returned::Never) {
        for change in &mut *changes {
            for value in [&mut change.before, &mut change.after].into_iter().flatten() {
                if let Value::Object(fields) = value {
                    change.concealed |= fields.shift_remove(&hidden.name).is_some();
                }
            }
        }
    }
}

fn compare_subs(
    path: &AttrPath,
    sub: &Attribute,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    let [before, after] =
        [before, after].map(|value| member(value?, &sub.name).filter(|value| !is_unassigned(value)));
    if before == after {
        return;
    }
    let path = || text(path, Some(sub));
    if sub.returned == Returned::Never {
        changes.push(Change { path: path(), before: None, after: None, concealed: true });
    } else if sub.multi_valued {
        compare_elements(path, elements(before), elements(after), changes);
    } else {
        let (before, after) = (before.cloned(), after.cloned());
        changes.push(Change { path: path(), before, after, concealed: false });
    }
}

/// The difference of two sets; their order means nothing (RFC 7643 2.4).
fn compare_elements(path: impl Fn() -> String, before: &[Value], after: &[Value], changes: &mut Vec<Change>) {
    let (before, after) = differing(before, after);
    let change = |before: Option<&Value>, after: Option<&Value>| Change {
        path: path(),
        before: before.cloned(),
        after: after.cloned(),
        concealed: false,
    };
    if before.len() <= 1 && after.len() <= 1 || before.is_empty() || after.is_empty() {
        changes.extend(before.iter().map(|element| change(Some(element), None)));
        changes.extend(after.iter().map(|element| change(None, Some(element))));
        return;
    }
    let (went, came) = if before.len().saturating_mul(after.len()) <= MOST_COMPARISONS {
        (without(before, after), without(after, before))
    } else {
        (without_many(before, after), without_many(after, before))
    };
    changes.extend(went.into_iter().map(|element| change(Some(element), None)));
    changes.extend(came.into_iter().map(|element| change(None, Some(element))));
}

/// Those of the elements that the others lack; what is there several times must be there as often.
fn without<'v>(elements: &'v [Value], others: &[Value]) -> Vec<&'v Value> {
    let mut left: Vec<&Value> = others.iter().collect();
    let lacks = |element: &&Value| match left.iter().position(|other| other == element) {
        Some(found) => {
            left.swap_remove(found);
            false
        }
        None => true,
    };
    elements.iter().filter(lacks).collect()
}

/// The same by hashing.
fn without_many<'v>(elements: &'v [Value], others: &'v [Value]) -> Vec<&'v Value> {
    let mut left: HashMap<&Value, usize> = HashMap::with_capacity(others.len());
    for other in others {
        let count = left.entry(other).or_default();
        *count = count.saturating_add(1);
    }
    let lacks = |element: &&'v Value| match left.get_mut(element) {
        Some(count) if *count > 0 => {
            *count = count.saturating_sub(1);
            false
        }
        _ => true,
    };
    elements.iter().filter(lacks).collect()
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
    let is_listed = |urn: &str| resource.schemas().any(|known| known.eq_ignore_ascii_case(urn));
    let is_in_line = is_listed(resource_type.schema().id())
        && resource_type.extensions().iter().all(|extension| {
            let urn = extension.schema().id();
            match (base.extension(urn).is_some(), resource.extension(urn).is_some()) {
                (_, true) => is_listed(urn),
                (true, false) => extension.required() || !is_listed(urn),
                (false, false) => true,
            }
        });
    if is_in_line {
        return;
    }
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
    let urns = urns.into_iter().map(Value::String).collect();
    resource.as_map_mut().insert("schemas".to_owned(), Value::Array(urns));
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// The path's attribute with a sub-attribute, as `Display` has it: written often enough to do without `format!`.
fn text(path: &AttrPath, sub: Option<&Attribute>) -> String {
    let parts = [
        path.extension().map(|urn| (urn, ":")),
        Some((path.attribute().name.as_str(), if sub.is_some() { "." } else { "" })),
        sub.map(|sub| (sub.name.as_str(), "")),
    ];
    let length = parts.iter().flatten().map(|(name, sign)| name.len().saturating_add(sign.len())).sum();
    let mut text = String::with_capacity(length);
    for (name, sign) in parts.into_iter().flatten() {
        text.push_str(name);
        text.push_str(sign);
    }
    text
}

/// Whether both paths have the same attribute, whatever their sub-attributes.
fn is_same(a: &AttrPath, b: &AttrPath) -> bool {
    a.attribute().name == b.attribute().name && a.extension() == b.extension()
}

/// Elements on both sides, multiplied, up to which comparing each with each costs less than hashing.
const MOST_COMPARISONS: usize = 64;
