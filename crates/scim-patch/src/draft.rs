//! The resource under change: what was touched beside the untouched original.

use scim_schema::{AttrPath, Attribute, Resource, ResourceType, is_unassigned};
use serde_json::Value;

use crate::PatchError;
use crate::changes::is_changed;
use crate::value::is_demanded;

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
        let mut changed = false;
        let mut touched = Vec::with_capacity(self.slots.len());
        let mut extensions = false;
        let mut resource = self.copy;
        for Slot { path, value } in self.slots {
            let is_changed = is_changed(&path, self.base.attribute(&path), value.as_ref());
            changed |= is_changed;
            extensions |= is_changed && path.extension().is_some();
            // Another order of the same values is no change (RFC 7643 2.4): then what was there stays.
            let value = match value {
                Some(value) if !is_changed && self.base.attribute(&path) != Some(&value) => {
                    self.base.attribute(&path).cloned()
                }
                value => value,
            };
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
        Ok(Outcome { resource, changed, touched })
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
            let attributes = extension.schema().attributes();
            for required in attributes.iter().filter(|attribute| is_demanded(attribute)) {
                let Some(path) = extension.path(&required.name) else { continue };
                // What lacked it before, and was given nothing, may go on without.
                let is_due = slot.value.is_some() || self.base.attribute(&path).is_some();
                let has = |other: &std::sync::Arc<Attribute>| {
                    extension.path(&other.name).is_some_and(|path| self.attribute(&path).is_some())
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
    pub(crate) changed: bool,
    pub(crate) touched: Vec<AttrPath>,
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

/// Whether both paths have the same attribute, whatever their sub-attributes.
fn is_same(a: &AttrPath, b: &AttrPath) -> bool {
    a.attribute().name == b.attribute().name && a.extension() == b.extension()
}
