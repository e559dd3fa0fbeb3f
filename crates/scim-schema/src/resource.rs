use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::path::AttrPath;
use crate::resource_type::ResourceType;

/// A resource as JSON: names in the schema's spelling, order kept, extension data under its URI.
///
/// The one truth about a resource; [`AttrPath`]s read and write it without searching names. In state, an attribute
/// that is absent, `null` or `[]` is the same thing: unassigned (RFC 7643 2.5).
///
/// Its `Debug` form hides the value of `password`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Resource {
    fields: Map<String, Value>,
}

impl Resource {
    /// Takes an object that is already in the schema's spelling, e.g. what was stored before. Nothing is checked.
    pub fn from_stored(fields: Map<String, Value>) -> Self {
        Self { fields }
    }

    /// Takes an object in any spelling: names and extension URIs that the resource type knows (in any ASCII case) are
    /// rewritten to the schema's spelling, others are kept as they are. Nothing else is checked; of two names that
    /// differ in case only, the later is kept ([`Resource::parse`] refuses such documents).
    pub fn from_map(fields: Map<String, Value>, resource_type: &ResourceType) -> Self {
        Self { fields: crate::spelling::respell(fields, resource_type) }
    }

    /// The whole resource.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The whole resource, for changes that paths do not cover. The caller keeps names in the schema's spelling.
    pub fn as_map_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.fields
    }

    /// The whole resource.
    pub fn into_map(self) -> Map<String, Value> {
        self.fields
    }

    /// The whole resource as a JSON value.
    pub fn into_value(self) -> Value {
        Value::Object(self.fields)
    }

    /// `id`, once the host has set it.
    pub fn id(&self) -> Option<&str> {
        self.fields.get("id").and_then(Value::as_str)
    }

    /// `externalId`.
    pub fn external_id(&self) -> Option<&str> {
        self.fields.get("externalId").and_then(Value::as_str)
    }

    /// The URIs in `schemas`.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.fields.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The data of an extension; the URI in the schema's spelling.
    pub fn extension<'r>(&'r self, urn: &str) -> Option<&'r Map<String, Value>> {
        self.fields.get(urn).and_then(Value::as_object)
    }

    /// The value of the path's attribute (its sub-attribute is not looked at): the array of a multi-valued one.
    /// `None` if unassigned.
    pub fn attribute<'r>(&'r self, path: &AttrPath) -> Option<&'r Value> {
        self.container(path)?.get(path.attribute().name.as_str()).filter(|value| !is_empty(value))
    }

    /// The values of the path's attribute one by one (its sub-attribute is not looked at): the elements of a
    /// multi-valued one, the one value of a single-valued one, nothing if unassigned.
    pub fn elements<'r>(&'r self, path: &AttrPath) -> &'r [Value] {
        elements_of(self.container(path).and_then(|fields| fields.get(path.attribute().name.as_str())))
    }

    /// The values that the whole path stands for: of each element, the values of the sub-attribute if the path has
    /// one. Never yields `null`.
    pub fn values<'r, 'p>(&'r self, path: &'p AttrPath) -> impl Iterator<Item = &'r Value> + use<'r, 'p> {
        let sub = path.sub();
        self.elements(path)
            .iter()
            .flat_map(move |element| match sub {
                None => std::slice::from_ref(element),
                Some(sub) => elements_of(element.get(sub.name.as_str())),
            })
            .filter(|value| !value.is_null())
    }

    /// The one value of a path without multi-valued parts, or the first of several.
    pub fn value<'r>(&'r self, path: &AttrPath) -> Option<&'r Value> {
        self.values(path).next()
    }

    /// The value of the path's attribute, to change in place (its sub-attribute is not looked at). Afterwards call
    /// [`Resource::prune`] if it may have become empty.
    pub fn attribute_mut(&mut self, path: &AttrPath) -> Option<&mut Value> {
        let fields = match path.extension() {
            None => &mut self.fields,
            Some(urn) => self.fields.get_mut(urn)?.as_object_mut()?,
        };
        fields.get_mut(path.attribute().name.as_str())
    }

    /// Sets the value of the path's attribute (its sub-attribute is not looked at) and returns the one before.
    /// The extension object is made if needed; an unassigned value removes the attribute.
    pub fn set_attribute(&mut self, path: &AttrPath, value: Value) -> Option<Value> {
        if is_unassigned(&value) {
            return self.remove_attribute(path);
        }
        let name = path.attribute().name.clone();
        match path.extension() {
            None => self.fields.insert(name, value),
            Some(urn) => {
                if !self.fields.get(urn).is_some_and(Value::is_object) {
                    self.fields.insert(urn.to_owned(), Value::Object(Map::new()));
                }
                self.fields.get_mut(urn).and_then(Value::as_object_mut)?.insert(name, value)
            }
        }
    }

    /// Removes the path's attribute (its sub-attribute is not looked at), and the extension object with its last
    /// attribute.
    pub fn remove_attribute(&mut self, path: &AttrPath) -> Option<Value> {
        let name = path.attribute().name.as_str();
        match path.extension() {
            None => self.fields.shift_remove(name),
            Some(urn) => {
                let extension = self.fields.get_mut(urn)?.as_object_mut()?;
                let before = extension.shift_remove(name);
                if extension.is_empty() {
                    self.fields.shift_remove(urn);
                }
                before
            }
        }
    }

    /// Sets what the whole path stands for. With a sub-attribute: on the one value of a complex attribute (made if
    /// needed), or on every element of a multi-valued one (none is made). An unassigned value removes.
    pub fn set(&mut self, path: &AttrPath, value: Value) {
        let Some(sub) = path.sub() else {
            self.set_attribute(path, value);
            return;
        };
        if is_unassigned(&value) {
            self.remove(path);
            return;
        }
        if !path.attribute().multi_valued && !self.attribute(path).is_some_and(Value::is_object) {
            let mut made = Map::new();
            made.insert(sub.name.clone(), value);
            self.set_attribute(path, Value::Object(made));
            return;
        }
        match self.attribute_mut(path) {
            Some(Value::Object(fields)) => {
                fields.insert(sub.name.clone(), value);
            }
            Some(Value::Array(elements)) => {
                for fields in elements.iter_mut().filter_map(Value::as_object_mut) {
                    fields.insert(sub.name.clone(), value.clone());
                }
            }
            _ => {}
        }
    }

    /// Removes what the whole path stands for; what becomes empty by that (element, attribute, extension) goes too.
    pub fn remove(&mut self, path: &AttrPath) {
        let Some(sub) = path.sub() else {
            self.remove_attribute(path);
            return;
        };
        match self.attribute_mut(path) {
            Some(Value::Object(fields)) => {
                fields.shift_remove(sub.name.as_str());
            }
            Some(Value::Array(elements)) => {
                for fields in elements.iter_mut().filter_map(Value::as_object_mut) {
                    fields.shift_remove(sub.name.as_str());
                }
            }
            _ => return,
        }
        self.prune(path);
    }

    /// Takes out what is unassigned at the path's attribute after a change in place: `null` and empty sub-attributes,
    /// empty elements, and then the attribute and the extension if nothing is left.
    pub fn prune(&mut self, path: &AttrPath) {
        let Some(value) = self.attribute_mut(path) else { return };
        match value {
            Value::Object(fields) => fields.retain(|_, value| !is_unassigned(value)),
            Value::Array(elements) => {
                for fields in elements.iter_mut().filter_map(Value::as_object_mut) {
                    fields.retain(|_, value| !is_unassigned(value));
                }
                elements.retain(|element| !is_unassigned(element));
            }
            _ => {}
        }
        if is_unassigned(value) {
            self.remove_attribute(path);
        }
    }

    /// Brings `schemas` in line with the data: the resource type's own URI, and the URI of every extension that has
    /// data or is required (RFC 7643 3.3). Known URIs keep their order; others are taken out.
    pub fn refresh_schemas(&mut self, resource_type: &ResourceType) {
        let in_use = |urn: &str| {
            urn == resource_type.schema().id()
                || resource_type.extensions().iter().any(|known| {
                    known.schema().id() == urn && (known.required() || self.fields.contains_key(urn))
                })
        };
        let mut urns: Vec<&str> = Vec::new();
        let known = std::iter::once(resource_type.schema().id())
            .chain(resource_type.extensions().iter().map(|extension| extension.schema().id()));
        for urn in self.schemas().chain(known) {
            if in_use(urn) && !urns.contains(&urn) {
                urns.push(urn);
            }
        }
        if !self.schemas().eq(urns.iter().copied()) {
            let urns = urns.into_iter().map(|urn| Value::String(urn.to_owned())).collect();
            self.fields.insert("schemas".to_owned(), Value::Array(urns));
        }
    }

    fn container<'r>(&'r self, path: &AttrPath) -> Option<&'r Map<String, Value>> {
        match path.extension() {
            None => Some(&self.fields),
            Some(urn) => self.extension(urn),
        }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in &self.fields {
            if name.eq_ignore_ascii_case("password") {
                map.entry(name, &"(hidden)");
            } else {
                map.entry(name, value);
            }
        }
        map.finish()
    }
}

/// Whether a value is the same as none at all (RFC 7643 2.5): `null`, `[]`, and a complex value or array in which
/// nothing is assigned. An empty string, `false` and `0` are values.
pub fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        // Two levels are all that SCIM data has; deeper ones are looked into only as far.
        Value::Array(items) => items.iter().all(|item| match item {
            Value::Object(fields) => fields.values().all(is_empty),
            item => is_empty(item),
        }),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn elements_of(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(value) => std::slice::from_ref(value),
    }
}
