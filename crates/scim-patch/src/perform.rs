//! The strict semantics of RFC 7644 3.5.2: one step on one attribute.

use std::collections::{HashMap, HashSet};

use scim_filter::ElementFilter;
use scim_schema::{Attribute, Mutability, ResourceType, is_unassigned};
use serde_json::{Map, Value};

use crate::PatchError;
use crate::draft::Draft;
use crate::error::excerpt;
use crate::listed::Listed;
use crate::step::{Action, Step, Target};
use crate::value::{Place, identity, is_keyed, is_primary, is_same, keep_first};

/// Does one step to the draft. After an error the draft is worthless.
pub(crate) fn perform(
    step: &Step<'_>,
    resource_type: &ResourceType,
    draft: &mut Draft<'_>,
) -> Result<(), PatchError> {
    match &step.target {
        Target::Extension(urn) => remove_extension(step.operation, urn, resource_type, draft),
        Target::Attribute(path) => {
            let core = Core { place: Place { operation: step.operation, path } };
            core.check_writable()?;
            if path.extension().is_none() && path.attribute().name == "schemas" {
                return core.schemas(&step.action, resource_type);
            }
            let slot = draft.touch(path);
            match (path.sub(), path.attribute().multi_valued) {
                (Some(sub), _) => core.sub_attribute(sub, &step.action, slot),
                (None, true) => core.multi_valued(&step.action, slot),
                (None, false) => core.single_valued(&step.action, slot),
            }
        }
        Target::Elements { path, filter } => {
            let core = Core { place: Place { operation: step.operation, path } };
            core.check_writable()?;
            if path.extension().is_none() && path.attribute().name == "schemas" {
                return Ok(());
            }
            core.elements(filter, &step.action, draft.touch(path))
        }
    }
}

struct Core<'a> {
    place: Place<'a>,
}

impl Core<'_> {
    fn attribute(&self) -> &Attribute {
        self.place.path.attribute()
    }

    /// The elements to change, out of the slot; those of an immutable attribute stay there for comparison.
    fn taken(&self, slot: &mut Option<Value>) -> Vec<Value> {
        let value =
            if self.attribute().mutability == Mutability::Immutable { slot.clone() } else { slot.take() };
        match value {
            Some(Value::Array(items)) => items,
            Some(value) => vec![value],
            None => Vec::new(),
        }
    }

    /// The sub-attributes to change, out of the slot, in the same way.
    fn taken_fields(&self, slot: &mut Option<Value>) -> Map<String, Value> {
        let value =
            if self.attribute().mutability == Mutability::Immutable { slot.clone() } else { slot.take() };
        match value {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// P03: nothing may be done to what is readOnly, whatever it holds.
    fn check_writable(&self) -> Result<(), PatchError> {
        if self.place.path.mutability() == Mutability::ReadOnly {
            return Err(PatchError::ReadOnly {
                operation: self.place.operation,
                attribute: self.place.path.to_string(),
            });
        }
        Ok(())
    }

    /// `schemas` follows the data (P39), so that all that an operation on it can do is to be wrong.
    fn schemas(&self, action: &Action<'_>, resource_type: &ResourceType) -> Result<(), PatchError> {
        let operation = self.place.operation;
        let value = match action {
            Action::Add(value) | Action::Replace(value) => value,
            Action::RemoveListed(_) => return Ok(()),
            Action::Remove => return Err(self.required_removed(None)),
        };
        for uri in self.place.elements(value, true)? {
            let Value::String(uri) = uri else { continue };
            if !resource_type.schema().id().eq_ignore_ascii_case(&uri)
                && resource_type.extension(&uri).is_none()
            {
                return Err(PatchError::UnknownSchema { operation, uri: excerpt(&uri) });
            }
        }
        Ok(())
    }

    fn single_valued(&self, action: &Action<'_>, slot: &mut Option<Value>) -> Result<(), PatchError> {
        let value = match action {
            Action::Add(value) if value.is_null() => return Err(self.place.null()),
            Action::Replace(value) if value.is_null() => {
                self.check_fixed_parts(slot)?;
                return self.write(slot, None, || self.place.required_missing(None));
            }
            Action::Add(value) | Action::Replace(value) => value,
            Action::Remove | Action::RemoveListed(_) => {
                self.check_fixed_parts(slot)?;
                return self.write(slot, None, || self.required_removed(None));
            }
        };
        if !self.attribute().is_complex() {
            let value = self.place.single(value)?;
            return self.write(slot, value, || self.place.required_missing(None));
        }
        // P09, P20: sub-attributes that are not given stay.
        let before = slot.is_some();
        let mut fields = self.taken_fields(slot);
        let adds = matches!(action, Action::Add(_));
        for (sub, value) in self.place.members(value)? {
            // In an add, null is the same as not given (RFC 7643 2.5).
            if !(adds && value.is_null()) {
                self.write_sub(&mut fields, sub, Some(value), adds)?;
            }
        }
        self.write_taken(slot, before, Value::Object(fields), || self.place.required_missing(None))
    }

    fn check_fixed_parts(&self, slot: &Option<Value>) -> Result<(), PatchError> {
        fixed_part(self.attribute(), slot.as_ref()).map_or(Ok(()), |sub| Err(self.immutable(Some(sub))))
    }

    fn multi_valued(&self, action: &Action<'_>, slot: &mut Option<Value>) -> Result<(), PatchError> {
        match action {
            Action::Add(value) => {
                let added = self.place.added_elements(value)?;
                let before = slot.is_some();
                let mut elements = self.taken(slot);
                let primary = self.append(&mut elements, added)?;
                self.keep_one_primary(&mut elements, &primary)?;
                let value = Value::Array(elements);
                self.write_taken(slot, before, value, || self.place.required_missing(None))
            }
            Action::Replace(value) => {
                let mut elements =
                    if value.is_null() { Vec::new() } else { self.place.elements(value, false)? };
                if is_keyed(self.attribute()) {
                    self.keep_known(slot.as_ref(), &mut elements);
                }
                self.write(slot, Some(Value::Array(elements)), || self.place.required_missing(None))
            }
            Action::Remove => self.write(slot, None, || self.required_removed(None)),
            Action::RemoveListed(value) => {
                let listed = Listed::new(&self.place, value)?;
                let before = slot.is_some();
                let mut elements = self.taken(slot);
                elements.retain(|element| !listed.holds(element));
                self.write_taken(slot, before, Value::Array(elements), || self.required_removed(None))
            }
        }
    }

    /// `attr.sub`: of the one value, or of every element.
    fn sub_attribute(
        &self,
        sub: &Attribute,
        action: &Action<'_>,
        slot: &mut Option<Value>,
    ) -> Result<(), PatchError> {
        let (value, adds) = self.sub_value(action)?;
        if !self.attribute().multi_valued {
            let before = slot.is_some();
            let mut fields = self.taken_fields(slot);
            self.write_sub(&mut fields, sub, value, adds)?;
            let value = Value::Object(fields);
            return self.write_taken(slot, before, value, || self.required_removed(None));
        }
        let before = slot.is_some();
        let mut elements = self.taken(slot);
        if elements.is_empty()
            && let Some(value) = value.filter(|value| !value.is_null())
        {
            // The location does not exist, so the attribute and the value are added (RFC 7644 3.5.2.1, 3.5.2.3).
            let mut element = Map::new();
            element.insert(sub.name.clone(), value.clone());
            elements.extend(self.place.element(&Value::Object(element))?);
        } else {
            let all: Vec<usize> = (0..elements.len()).collect();
            self.write_matches(&mut elements, &all, sub, value, adds)?;
        }
        self.write_taken(slot, before, Value::Array(elements), || self.required_removed(None))
    }

    /// `attr[filter]` and `attr[filter].sub`.
    fn elements(
        &self,
        filter: &ElementFilter,
        action: &Action<'_>,
        slot: &mut Option<Value>,
    ) -> Result<(), PatchError> {
        let matches: Vec<usize> = present(slot)
            .iter()
            .enumerate()
            .filter(|(_, element)| filter.matches(element))
            .map(|(index, _)| index)
            .collect();
        let removes = matches!(action, Action::Remove | Action::RemoveListed(_));
        if matches.is_empty() {
            // P16: what is not there is removed already. P21: it cannot be replaced.
            return if removes {
                Ok(())
            } else {
                let path = self.place.path.to_string();
                Err(PatchError::NoTarget { operation: self.place.operation, path })
            };
        }
        let mut elements = self.taken(slot);
        if let Some(sub) = self.place.path.sub() {
            let (value, adds) = self.sub_value(action)?;
            self.write_matches(&mut elements, &matches, sub, value, adds)?;
        } else {
            match action {
                Action::Add(value) if value.is_null() => return Err(self.place.null()),
                Action::Add(value) if self.attribute().is_complex() => {
                    self.merge_into_matches(&mut elements, &matches, value)?;
                }
                Action::Replace(value) if value.is_null() => drop_matches(&mut elements, &matches),
                Action::Add(value) | Action::Replace(value) => {
                    self.replace_matches(&mut elements, &matches, value)?;
                }
                Action::Remove | Action::RemoveListed(_) => drop_matches(&mut elements, &matches),
            }
        }
        // There were matches, so there was a value.
        self.write_taken(slot, true, Value::Array(elements), || {
            if removes { self.required_removed(None) } else { self.place.required_missing(None) }
        })
    }

    /// P41: an add sets the sub-attributes of every match.
    fn merge_into_matches(
        &self,
        elements: &mut [Value],
        matches: &[usize],
        value: &Value,
    ) -> Result<(), PatchError> {
        let members = self.place.members(value)?;
        let mut primary = Vec::new();
        for index in matches {
            let Some(Value::Object(fields)) = elements.get_mut(*index) else { continue };
            for (sub, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                self.write_sub(fields, sub, Some(value), true)?;
                if sub.name == "primary" && **value == Value::Bool(true) {
                    primary.push(*index);
                }
            }
        }
        self.keep_one_primary(elements, &primary)
    }

    /// P42: every match becomes the given element as a whole; what is immutable in it stays (M14).
    fn replace_matches(
        &self,
        elements: &mut Vec<Value>,
        matches: &[usize],
        value: &Value,
    ) -> Result<(), PatchError> {
        let Some(new) = self.place.element(value)? else {
            drop_matches(elements, matches);
            return Ok(());
        };
        let immutable = |sub: &&std::sync::Arc<Attribute>| sub.mutability == Mutability::Immutable;
        let mut primary = Vec::new();
        // One copy less than there are matches.
        let copies = std::iter::repeat_n(new, matches.len());
        for (index, mut new) in matches.iter().zip(copies) {
            let Some(element) = elements.get_mut(*index) else { continue };
            for sub in self.attribute().sub_attributes.iter().filter(immutable) {
                let Some(old) = element.get(&sub.name).filter(|old| !is_unassigned(old)) else { continue };
                match new.get(&sub.name) {
                    Some(given) if given != old => return Err(self.immutable(Some(sub))),
                    Some(_) => {}
                    None => {
                        if let Value::Object(fields) = &mut new {
                            fields.insert(sub.name.clone(), old.clone());
                        }
                    }
                }
            }
            if is_primary(&new) {
                primary.push(*index);
            }
            *element = new;
        }
        self.keep_one_primary(elements, &primary)?;
        // Several matches that became the same value are one value (S12).
        keep_first(self.attribute(), elements);
        Ok(())
    }

    fn write_matches(
        &self,
        elements: &mut [Value],
        matches: &[usize],
        sub: &Attribute,
        value: Option<&Value>,
        adds: bool,
    ) -> Result<(), PatchError> {
        for index in matches {
            if let Some(Value::Object(fields)) = elements.get_mut(*index) {
                self.write_sub(fields, sub, value, adds)?;
            }
        }
        if sub.name == "primary" && value == Some(&Value::Bool(true)) {
            self.keep_one_primary(elements, matches)?;
        }
        Ok(())
    }

    /// Appends what is not there yet (P08); answers where `primary: true` was set.
    fn append(&self, elements: &mut Vec<Value>, added: Vec<Value>) -> Result<Vec<usize>, PatchError> {
        let attribute = self.attribute();
        // One look along the elements costs less than an index of them; many looks would not.
        let mut known = if added.len() > MOST_LOOKS { Some(index_of(attribute, elements)) } else { None };
        let mut primary = Vec::new();
        for element in added {
            let found = match &known {
                Some(known) => known.get(&identity(attribute, &element)).copied(),
                None => elements.iter().position(|present| is_same(attribute, present, &element)),
            };
            let index = match found {
                Some(index) => {
                    // The same value again: what it says beside changes, unless it can't (members).
                    if !is_keyed(attribute)
                        && let (Some(Value::Object(fields)), Value::Object(given)) =
                            (elements.get_mut(index), &element)
                    {
                        for sub in &attribute.sub_attributes {
                            match given.get(&sub.name) {
                                // Spelled differently, `value` and `type` are the same and stay as they are.
                                Some(_) if sub.name == "value" || sub.name == "type" => {}
                                Some(Value::Bool(false)) if !fields.contains_key(&sub.name) => {}
                                Some(value) if attribute.sub_attribute("value").is_some() => {
                                    self.write_sub(fields, sub, Some(value), true)?;
                                }
                                _ => {}
                            }
                        }
                    }
                    if is_primary(&element) {
                        primary.push(index);
                    }
                    continue;
                }
                None => elements.len(),
            };
            if is_primary(&element) {
                primary.push(index);
            }
            if let Some(known) = &mut known {
                known.insert(identity(attribute, &element), index);
            }
            elements.push(element);
        }
        Ok(primary)
    }

    /// Of elements that have a name of their own, those that are there already stay as they are.
    fn keep_known(&self, before: Option<&Value>, elements: &mut [Value]) {
        let attribute = self.attribute();
        let before = before.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let known: HashMap<Vec<String>, &Value> =
            before.iter().map(|element| (identity(attribute, element), element)).collect();
        for element in elements {
            if let Some(kept) = known.get(&identity(attribute, element)) {
                *element = (*kept).clone();
            }
        }
    }

    /// P05: where one element was made primary, the others are not.
    fn keep_one_primary(&self, elements: &mut [Value], set: &[usize]) -> Result<(), PatchError> {
        let Some((first, rest)) = set.split_first() else { return Ok(()) };
        if rest.iter().any(|index| index != first) {
            return Err(self.place.several_primary());
        }
        for (index, element) in elements.iter_mut().enumerate() {
            if index != *first
                && is_primary(element)
                && let Some(primary) = element.get_mut("primary")
            {
                *primary = Value::Bool(false);
            }
        }
        Ok(())
    }

    /// The value of an operation on a sub-attribute, `None` for a remove.
    fn sub_value<'v>(&self, action: &'v Action<'_>) -> Result<(Option<&'v Value>, bool), PatchError> {
        match action {
            Action::Add(value) if value.is_null() => Err(self.place.null()),
            Action::Add(value) => Ok((Some(value.as_ref()), true)),
            Action::Replace(value) => Ok((Some(value.as_ref()), false)),
            Action::Remove | Action::RemoveListed(_) => Ok((None, false)),
        }
    }

    /// Sets, extends or (without value) removes a sub-attribute in one complex value.
    fn write_sub(
        &self,
        fields: &mut Map<String, Value>,
        sub: &Attribute,
        value: Option<&Value>,
        adds: bool,
    ) -> Result<(), PatchError> {
        let removes = value.is_none();
        let mut new = match value {
            Some(value) => self.place.sub(sub, value)?,
            None => None,
        };
        if adds
            && sub.multi_valued
            && let Some(Value::Array(added)) = &mut new
            && let Some(Value::Array(old)) = fields.get(&sub.name)
        {
            let mut seen: HashSet<Vec<String>> = old.iter().map(|item| identity(sub, item)).collect();
            let fresh: Vec<Value> = added.drain(..).filter(|item| seen.insert(identity(sub, item))).collect();
            *added = old.iter().cloned().chain(fresh).collect();
        }
        let old = fields.get(&sub.name).filter(|old| !is_unassigned(old));
        if old == new.as_ref() {
            return Ok(());
        }
        if sub.mutability == Mutability::Immutable && old.is_some() {
            return Err(self.immutable(Some(sub)));
        }
        match new {
            Some(value) => match fields.get_mut(&sub.name) {
                Some(place) => *place = value,
                None => drop(fields.insert(sub.name.clone(), value)),
            },
            None if sub.required => {
                return Err(if removes {
                    self.required_removed(Some(sub))
                } else {
                    self.place.required_missing(Some(sub))
                });
            }
            None => {
                fields.shift_remove(&sub.name);
            }
        }
        Ok(())
    }

    /// Writes what was made of the elements or sub-attributes that had been taken out of the slot. `before` says whether
    /// there were any: then a required attribute must not be left without.
    fn write_taken(
        &self,
        slot: &mut Option<Value>,
        before: bool,
        value: Value,
        required: impl Fn() -> PatchError,
    ) -> Result<(), PatchError> {
        let had = before && slot.is_none();
        self.write(slot, Some(value), &required)?;
        if had && slot.is_none() && self.attribute().required { Err(required()) } else { Ok(()) }
    }

    /// Writes the whole attribute: without what is unassigned in it, against its mutability, and never to nothing if
    /// it is required.
    fn write(
        &self,
        slot: &mut Option<Value>,
        value: Option<Value>,
        required: impl FnOnce() -> PatchError,
    ) -> Result<(), PatchError> {
        let value = match value {
            Some(Value::Array(mut elements)) => {
                elements.retain(|element| !is_unassigned(element));
                Some(Value::Array(elements))
            }
            other => other,
        }
        .filter(|value| !is_unassigned(value));
        let old = slot.as_ref().filter(|old| !is_unassigned(old));
        if old == value.as_ref() {
            return Ok(());
        }
        let attribute = self.attribute();
        if attribute.mutability == Mutability::Immutable && old.is_some() {
            return Err(self.immutable(None));
        }
        if attribute.required && value.is_none() {
            return Err(required());
        }
        *slot = value;
        Ok(())
    }

    fn immutable(&self, sub: Option<&Attribute>) -> PatchError {
        PatchError::Immutable { operation: self.place.operation, attribute: self.place.name(sub) }
    }

    fn required_removed(&self, sub: Option<&Attribute>) -> PatchError {
        PatchError::RequiredRemoved { operation: self.place.operation, attribute: self.place.name(sub) }
    }
}

/// A complex value whose immutable parts are set cannot go. (Elements of a list can: that is how members go.)
fn fixed_part<'a>(attribute: &'a Attribute, value: Option<&Value>) -> Option<&'a Attribute> {
    let Some(Value::Object(fields)) = value else { return None };
    let is_set = |sub: &Attribute| fields.get(&sub.name).is_some_and(|value| !is_unassigned(value));
    let mut fixed = attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable);
    fixed.find(|sub| is_set(sub)).map(|sub| &**sub)
}

/// P24, P39: takes away all that an extension holds.
fn remove_extension(
    operation: usize,
    urn: &str,
    resource_type: &ResourceType,
    draft: &mut Draft<'_>,
) -> Result<(), PatchError> {
    let Some(extension) = resource_type.extension(urn) else { return Ok(()) };
    for attribute in extension.schema().attributes() {
        let Some(path) = extension.path(&attribute.name) else { continue };
        if draft.attribute(&path).is_none() {
            continue;
        }
        let fact = || (operation, path.to_string());
        let locked = match attribute.mutability {
            Mutability::ReadOnly => {
                let (operation, attribute) = fact();
                Some(PatchError::ReadOnly { operation, attribute })
            }
            Mutability::Immutable => {
                let (operation, attribute) = fact();
                Some(PatchError::Immutable { operation, attribute })
            }
            Mutability::ReadWrite | Mutability::WriteOnly => fixed_part(attribute, draft.attribute(&path))
                .map(|sub| {
                    let (operation, attribute) = (operation, format!("{path}.{}", sub.name));
                    PatchError::Immutable { operation, attribute }
                }),
        };
        if let Some(error) = locked {
            return Err(error);
        }
        if extension.required() && attribute.required {
            let (operation, attribute) = fact();
            return Err(PatchError::RequiredRemoved { operation, attribute });
        }
        *draft.touch(&path) = None;
    }
    Ok(())
}

fn present(slot: &Option<Value>) -> &[Value] {
    match slot {
        Some(Value::Array(items)) => items,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

fn index_of(attribute: &Attribute, elements: &[Value]) -> HashMap<Vec<String>, usize> {
    let mut known = HashMap::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        known.entry(identity(attribute, element)).or_insert(index);
    }
    known
}

fn drop_matches(elements: &mut Vec<Value>, matches: &[usize]) {
    let mut index = 0_usize;
    let mut left = matches.iter().peekable();
    elements.retain(|_| {
        let goes = left.next_if(|next| **next == index).is_some();
        index = index.saturating_add(1);
        !goes
    });
}

/// Values of one add that are looked for one by one.
const MOST_LOOKS: usize = 4;
