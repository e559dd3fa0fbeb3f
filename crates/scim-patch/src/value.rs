//! The strict reading of a value: of its attribute's type, in the schema's spelling, nothing in it that a client must
//! not set.

use std::collections::HashSet;

use scim_schema::{AttrPath, Attribute, Comparable, Mutability, is_unassigned};
use serde_json::{Map, Value};

use crate::PatchError;
use crate::error::{excerpt, type_name};

/// A value on its way to one attribute, with what an error about it must say.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) operation: usize,
    /// The attribute; a sub-attribute in it is not looked at.
    pub(crate) path: &'a AttrPath,
}

impl Place<'_> {
    fn attribute(&self) -> &Attribute {
        self.path.attribute()
    }

    /// The attribute's path, or that of its sub-attribute, for messages.
    pub(crate) fn name(&self, sub: Option<&Attribute>) -> String {
        let attribute = self.path.without_sub();
        match sub {
            None => attribute.to_string(),
            Some(sub) => format!("{attribute}.{}", sub.name),
        }
    }

    fn wrong_type(&self, sub: Option<&Attribute>, expected: &'static str, found: &Value) -> PatchError {
        let found = type_name(found);
        PatchError::WrongType { operation: self.operation, attribute: self.name(sub), expected, found }
    }

    pub(crate) fn required_missing(&self, sub: Option<&Attribute>) -> PatchError {
        PatchError::RequiredMissing { operation: Some(self.operation), attribute: self.name(sub) }
    }

    /// A value of the single-valued simple attribute; `None` for null.
    pub(crate) fn single(&self, value: &Value) -> Result<Option<Value>, PatchError> {
        self.simple(self.attribute(), None, value)
    }

    /// One value of a simple attribute or sub-attribute.
    fn simple(
        &self,
        attribute: &Attribute,
        sub: Option<&Attribute>,
        value: &Value,
    ) -> Result<Option<Value>, PatchError> {
        if value.is_null() {
            return Ok(None);
        }
        let nested = attribute.is_complex().then_some("a value without objects in it");
        if let Some(expected) = nested.or_else(|| attribute.misfit(value)) {
            return Err(self.wrong_type(sub, expected, value));
        }
        // S34: a required string is there only if it says something; so is a password.
        let says_nothing = value.as_str().is_some_and(|text| match attribute.mutability {
            Mutability::WriteOnly => text.is_empty(),
            _ => attribute.required && text.trim().is_empty(),
        });
        if says_nothing {
            return Err(self.required_missing(sub));
        }
        Ok(Some(value.clone()))
    }

    /// The value of a sub-attribute; `None` if it is unassigned. A multi-valued one is always an array then.
    pub(crate) fn sub(&self, sub: &Attribute, value: &Value) -> Result<Option<Value>, PatchError> {
        if !sub.multi_valued {
            return self.simple(sub, Some(sub), value);
        }
        let mut out = Vec::new();
        let mut seen = HashSet::new();
        let items = match value {
            Value::Null => return Ok(None),
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            if let Some(item) = self.simple(sub, Some(sub), item)?
                && seen.insert(identity(sub, &item))
            {
                out.push(item);
            }
        }
        Ok(if out.is_empty() { None } else { Some(Value::Array(out)) })
    }

    /// The members of an object for the complex attribute, each with its sub-attribute, in the order sent.
    pub(crate) fn members<'v>(&self, value: &'v Value) -> Result<Vec<(&Attribute, &'v Value)>, PatchError> {
        let attribute = self.attribute();
        let Value::Object(fields) = value else {
            return Err(self.wrong_type(None, "an object", value));
        };
        let mut out = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let Some(sub) = attribute.sub_attribute(name) else {
                return Err(PatchError::UnknownSubAttribute {
                    operation: self.operation,
                    attribute: self.name(None),
                    name: excerpt(name),
                });
            };
            if sub.mutability == Mutability::ReadOnly {
                return Err(PatchError::ReadOnly {
                    operation: self.operation,
                    attribute: self.name(Some(sub)),
                });
            }
            out.push((sub.as_ref(), value));
        }
        Ok(out)
    }

    /// One whole element of the multi-valued attribute; `None` if nothing in it is assigned.
    pub(crate) fn element(&self, value: &Value) -> Result<Option<Value>, PatchError> {
        let attribute = self.attribute();
        if !attribute.is_complex() {
            return self.simple(attribute, None, value);
        }
        if value.is_null() {
            return Ok(None);
        }
        let mut element = Map::new();
        for (sub, value) in self.members(value)? {
            if let Some(value) = self.sub(sub, value)? {
                element.insert(sub.name.clone(), value);
            }
        }
        if element.is_empty() {
            return Ok(None);
        }
        // An element whose `value` is its name is nothing without it, whatever the schema says about `required`.
        let keyed = is_keyed(attribute);
        let needed = |sub: &&std::sync::Arc<Attribute>| is_demanded(sub) || (keyed && sub.name == "value");
        match attribute.sub_attributes.iter().filter(needed).find(|sub| !element.contains_key(&sub.name)) {
            Some(missing) => Err(self.required_missing(Some(missing))),
            None => Ok(Some(Value::Object(element))),
        }
    }

    /// The elements of a value for the multi-valued attribute: exact repeats once (S12), at most one primary (S10).
    pub(crate) fn elements(&self, value: &Value, one_is_enough: bool) -> Result<Vec<Value>, PatchError> {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one if one_is_enough => std::slice::from_ref(one),
            other => return Err(self.wrong_type(None, "an array", other)),
        };
        let mut out = Vec::with_capacity(items.len());
        if let [item] = items {
            out.extend(self.element(item)?);
            return Ok(out);
        }
        for item in items {
            out.extend(self.element(item)?);
        }
        keep_first(self.attribute(), &mut out);
        if out.iter().filter(|element| is_primary(element)).count() > 1 {
            return Err(self.several_primary());
        }
        Ok(out)
    }

    /// The elements of a value that is added: null is none to add (RFC 7644 3.5.2.1).
    pub(crate) fn added_elements(&self, value: &Value) -> Result<Vec<Value>, PatchError> {
        if value.is_null() { Err(self.null()) } else { self.elements(value, true) }
    }

    pub(crate) fn null(&self) -> PatchError {
        PatchError::WrongType {
            operation: self.operation,
            attribute: self.path.to_string(),
            expected: "a value",
            found: type_name(&Value::Null),
        }
    }

    pub(crate) fn several_primary(&self) -> PatchError {
        PatchError::SeveralPrimary { operation: self.operation, attribute: self.name(None) }
    }
}

/// Whether an element says `primary: true`.
pub(crate) fn is_primary(element: &Value) -> bool {
    member(element, "primary") == Some(&Value::Bool(true))
}

/// Whether a client must give it: not what the service sets, nor what nobody can read back (it may be set already).
pub(crate) fn is_demanded(attribute: &Attribute) -> bool {
    attribute.required && matches!(attribute.mutability, Mutability::Immutable | Mutability::ReadWrite)
}

/// Whether elements are told apart by `value` alone: one that can never change is the element's name, as that of a
/// group's member (S38).
pub(crate) fn is_keyed(attribute: &Attribute) -> bool {
    attribute.multi_valued
        && attribute.sub_attribute("value").is_some_and(|value| value.mutability == Mutability::Immutable)
}

/// What makes two elements of an attribute the same: their `value` if that is immutable, their `value` and `type` if
/// they have a `value` (S12), else everything in them. Compared as the attributes compare.
pub(crate) fn identity(attribute: &Attribute, element: &Value) -> Vec<String> {
    if !attribute.is_complex() {
        return vec![comparable(attribute, element)];
    }
    let of = |sub: &Attribute| assigned(element, sub);
    if let Some(value_sub) = attribute.sub_attribute("value")
        && let Some(value) = of(value_sub)
    {
        let mut key = vec![comparable(value_sub, value)];
        if !is_keyed(attribute)
            && let Some(kind_sub) = attribute.sub_attribute("type")
        {
            key.push(of(kind_sub).map_or_else(String::new, |kind| comparable(kind_sub, kind)));
        }
        return key;
    }
    // No `value`: the shape differs from the keys above, so that the two kinds never meet.
    let mut key = vec![String::new(), String::new(), String::new()];
    for sub in &attribute.sub_attributes {
        key.push(of(sub).map_or_else(String::new, |value| comparable(sub, value)));
    }
    key
}

/// Whether two elements have the same [`identity`], without making it.
pub(crate) fn is_same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    if !attribute.is_complex() {
        return comparable_eq(attribute, a, b);
    }
    if let Some(value_sub) = attribute.sub_attribute("value") {
        match (assigned(a, value_sub), assigned(b, value_sub)) {
            (Some(left), Some(right)) => {
                return comparable_eq(value_sub, left, right)
                    && (is_keyed(attribute)
                        || attribute.sub_attribute("type").is_none_or(|kind| {
                            match (assigned(a, kind), assigned(b, kind)) {
                                (Some(left), Some(right)) => comparable_eq(kind, left, right),
                                (left, right) => left.is_none() && right.is_none(),
                            }
                        }));
            }
            (None, None) => {}
            _ => return false,
        }
    }
    identity(attribute, a) == identity(attribute, b)
}

/// Takes repeats out (S12).
pub(crate) fn keep_first(attribute: &Attribute, elements: &mut Vec<Value>) {
    if elements.len() > MOST_COMPARED {
        let mut seen = HashSet::with_capacity(elements.len());
        elements.retain(|element| seen.insert(identity(attribute, element)));
        return;
    }
    let mut index = 1;
    while let Some((before, [element, ..])) = elements.split_at_checked(index) {
        if before.iter().any(|known| is_same(attribute, known, element)) {
            elements.remove(index);
        } else {
            index = index.saturating_add(1);
        }
    }
}

/// A member of an object; in a small one looking costs less than hashing.
pub(crate) fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = object.as_object()?;
    if fields.len() > MOST_COMPARED {
        return fields.get(name);
    }
    fields.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value)
}

/// S11: a missing primary is false, so false is no value here.
fn assigned<'v>(element: &'v Value, sub: &Attribute) -> Option<&'v Value> {
    member(element, &sub.name).filter(|value| !is_unassigned(value) && **value != Value::Bool(false))
}

fn comparable_eq(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    a == b
        || match (Comparable::of(attribute, a), Comparable::of(attribute, b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
}

fn comparable(attribute: &Attribute, value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let mut keys: Vec<String> = items.iter().map(|item| comparable(attribute, item)).collect();
            keys.sort_unstable();
            keys.join("\u{0}")
        }
        value => Comparable::of(attribute, value).map_or_else(|| value.to_string(), |key| key.to_key()),
    }
}

/// Elements up to which comparing each with each costs less than hashing.
const MOST_COMPARED: usize = 8;
