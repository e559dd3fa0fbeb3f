use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::contact::canonical_contact;
use super::values::{Scalar, broken_format, kind_of, scalar};
use super::{
    CanonicalValues, CheckError, CheckOptions, Formats, Mode, Notice, SeveralPrimaries, UnknownAttributes,
};
use crate::attribute::{Attribute, AttributeType, Mutability};
use crate::compare::fold;
use crate::path::AttrPath;
use crate::resource::is_unassigned;
use crate::resource_type::{ResourceType, SchemaExtension};
use crate::schema::Schema;

/// Goes through a resource once, in its own order, and leaves in it what is good.
pub(super) struct Walk<'a> {
    resource_type: &'a ResourceType,
    mode: Mode<'a>,
    options: &'a CheckOptions,
    pub(super) notices: Vec<Notice>,
    pub(super) write_only: Vec<(AttrPath, Value)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(resource_type: &'a ResourceType, mode: Mode<'a>, options: &'a CheckOptions) -> Self {
        Self { resource_type, mode, options, notices: Vec::new(), write_only: Vec::new() }
    }

    pub(super) fn resource(&mut self, fields: &mut Map<String, Value>) -> Result<(), CheckError> {
        let resource_type = self.resource_type;
        retain(fields, |name, value| {
            if let Some(attribute) = resource_type.attribute(name) {
                return self.attribute(None, attribute, value);
            }
            match name.contains(':').then(|| resource_type.extension(name)).flatten() {
                Some(extension) => self.extension(extension, value),
                None => self.unknown(name),
            }
        })
    }

    fn extension(&mut self, extension: &SchemaExtension, value: &mut Value) -> Result<bool, CheckError> {
        match value {
            Value::Object(fields) => {
                retain(fields, |name, value| match extension.attribute(name) {
                    Some(attribute) => self.attribute(Some(extension.schema()), attribute, value),
                    None => self.unknown(&format!("{}:{name}", extension.schema().id())),
                })?;
                Ok(!fields.is_empty())
            }
            Value::Null => Ok(false),
            Value::String(text) if text.is_empty() && self.options.empty_as_unset => {
                self.note(Notice::EmptyAsUnset { path: extension.schema().id().to_owned() });
                Ok(false)
            }
            other => Err(CheckError::WrongType {
                path: extension.schema().id().to_owned(),
                expected: "an object",
                found: kind_of(other),
            }),
        }
    }

    fn attribute(
        &mut self,
        extension: Option<&Schema>,
        attribute: &Arc<Attribute>,
        value: &mut Value,
    ) -> Result<bool, CheckError> {
        let at = At { extension, attribute, sub: None };
        if extension.is_none() && attribute.name == "schemas" {
            return Ok(true);
        }
        match attribute.mutability {
            Mutability::ReadOnly => {
                if !matches!(self.mode, Mode::Patch(_)) {
                    self.note(Notice::ReadOnlyIgnored { path: at.to_string() });
                }
                return Ok(false);
            }
            // A client that does not know a secret sends it empty: that is no wish to take it away.
            Mutability::WriteOnly if self.is_empty(at, value) => return Ok(false),
            Mutability::WriteOnly => {
                let keep = self.shape(at, attribute, value)?;
                if value.as_str().is_some_and(str::is_empty) {
                    return Err(CheckError::Empty { path: at.to_string() });
                }
                let value = if keep { std::mem::take(value) } else { Value::Null };
                self.write_only.push((at.path(None), value));
                return Ok(false);
            }
            Mutability::Immutable | Mutability::ReadWrite => {}
        }
        // What must be there is refused for being empty, further on.
        if !attribute.required && self.is_empty(at, value) {
            return Ok(false);
        }
        self.shape(at, attribute, value)
    }

    /// Whether an empty string stands for no value here.
    fn is_empty(&mut self, at: At<'_>, value: &Value) -> bool {
        let single = !at.sub.unwrap_or(at.attribute).multi_valued;
        let text = match value {
            // One value in a list is that value.
            Value::Array(items) if single && self.options.lenient_arity => match items.as_slice() {
                [only] => only.as_str(),
                _ => None,
            },
            value => value.as_str(),
        };
        let empty = self.options.empty_as_unset && text.is_some_and(str::is_empty);
        if empty {
            self.note(Notice::EmptyAsUnset { path: at.to_string() });
        }
        empty
    }

    /// One value or several, as the schema has it. Whether anything is assigned.
    fn shape(&mut self, at: At<'_>, attribute: &Attribute, value: &mut Value) -> Result<bool, CheckError> {
        if value.is_null() {
            return Ok(false);
        }
        if !attribute.multi_valued {
            if let Value::Array(items) = value {
                match items.as_mut_slice() {
                    [] => return Ok(false),
                    [only] if self.options.lenient_arity => {
                        let only = std::mem::take(only);
                        self.note(arity(at, "a list", "one value"));
                        *value = only;
                    }
                    _ => {
                        return Err(CheckError::WrongType {
                            path: at.to_string(),
                            expected: "a single value",
                            found: "an array",
                        });
                    }
                }
            }
            return self.value(at, attribute, value, false);
        }
        if !value.is_array() && self.options.lenient_arity {
            self.note(arity(at, "one value", "a list"));
            *value = Value::Array(vec![std::mem::take(value)]);
        }
        let Value::Array(items) = value else {
            return Err(CheckError::WrongType {
                path: at.to_string(),
                expected: "an array",
                found: kind_of(value),
            });
        };
        let known = self.stored_elements(at, attribute);
        let mut failure = None;
        items.retain_mut(|item| {
            if failure.is_some() {
                return true;
            }
            let as_stored = known.contains(item);
            if self.is_empty(at, item) {
                return false;
            }
            self.value(at, attribute, item, as_stored).unwrap_or_else(|error| {
                failure = Some(error);
                true
            })
        });
        if let Some(error) = failure {
            return Err(error);
        }
        if collapse(items) {
            self.note(Notice::RepeatedValue { path: at.to_string() });
        }
        self.primaries(at, attribute, items)?;
        Ok(!items.is_empty())
    }

    /// One value, simple or complex. Whether it is assigned.
    fn value(
        &mut self,
        at: At<'_>,
        attribute: &Attribute,
        value: &mut Value,
        as_stored: bool,
    ) -> Result<bool, CheckError> {
        if value.is_null() {
            return Ok(false);
        }
        if !attribute.is_complex() {
            return self.simple(at, attribute, value).map(|()| true);
        }
        if self.options.bare_values && value.is_string() && attribute.sub_attribute("value").is_some() {
            self.note(Notice::BareValue { path: at.to_string() });
            let text = std::mem::take(value);
            // An empty string for a whole complex value means none (Entra clears the manager so).
            if text.as_str() == Some("") {
                return Ok(false);
            }
            let mut fields = Map::new();
            fields.insert("value".to_owned(), text);
            *value = Value::Object(fields);
        }
        let Value::Object(fields) = value else {
            return Err(CheckError::WrongType {
                path: at.to_string(),
                expected: "an object",
                found: kind_of(value),
            });
        };
        let mut secret = false;
        retain(fields, |name, value| {
            let Some(sub) = attribute.sub_attribute(name) else {
                return self.unknown(&format!("{at}.{name}"));
            };
            let at = At { sub: Some(sub), ..at };
            // The parts of an attribute that is set apart itself stay in it.
            if sub.mutability == Mutability::WriteOnly && attribute.mutability != Mutability::WriteOnly {
                secret |= self.write_only_part(at, sub, value)?;
                return Ok(false);
            }
            if sub.mutability == Mutability::ReadOnly {
                // In the result of a PATCH these are the service's own words, if they belong to a stored value.
                if !matches!(self.mode, Mode::Patch(_)) {
                    self.note(Notice::ReadOnlyIgnored { path: at.to_string() });
                }
                return Ok(as_stored);
            }
            self.sub_shape(at, sub, value)
        })?;
        let empty = fields.values().all(is_unassigned);
        if empty && !secret {
            return Ok(false);
        }
        for sub in &attribute.sub_attributes {
            let there = match sub.mutability {
                Mutability::ReadOnly => true,
                // Left out of a replace or PATCH it stays as it was; nobody could send it back.
                Mutability::WriteOnly => {
                    !matches!(self.mode, Mode::Create)
                        || fields.contains_key(sub.name.as_str())
                        || self.is_set_apart(at, sub)
                }
                Mutability::Immutable | Mutability::ReadWrite => fields.contains_key(sub.name.as_str()),
            };
            if sub.required && !there {
                return Err(CheckError::Missing { path: At { sub: Some(sub), ..at }.to_string() });
            }
        }
        Ok(!empty)
    }

    /// Sets a write-only sub-attribute apart. Whether it has a value. Only attributes with one value have such parts.
    fn write_only_part(
        &mut self,
        at: At<'_>,
        sub: &Arc<Attribute>,
        value: &mut Value,
    ) -> Result<bool, CheckError> {
        if self.is_empty(at, value) {
            return Ok(false);
        }
        let assigned = self.sub_shape(at, sub, value)?;
        if value.as_str().is_some_and(str::is_empty) {
            return Err(CheckError::Empty { path: at.to_string() });
        }
        if sub.required && !assigned {
            return Err(CheckError::Missing { path: at.to_string() });
        }
        let value = if assigned { std::mem::take(value) } else { Value::Null };
        self.write_only.push((at.path(Some(sub.clone())), value));
        Ok(assigned)
    }

    fn is_set_apart(&self, at: At<'_>, sub: &Arc<Attribute>) -> bool {
        let path = at.path(Some(sub.clone()));
        self.write_only.iter().any(|(known, value)| *known == path && !value.is_null())
    }

    /// A sub-attribute: one simple value, or several (erratum 5607).
    fn sub_shape(&mut self, at: At<'_>, sub: &Attribute, value: &mut Value) -> Result<bool, CheckError> {
        if self.is_empty(at, value) {
            return Ok(false);
        }
        match value {
            Value::Null => Ok(false),
            Value::Array(items) if sub.multi_valued => {
                items.retain(|item| !item.is_null() && !self.is_empty(at, item));
                for item in items.iter_mut() {
                    self.simple(at, sub, item)?;
                }
                Ok(!items.is_empty())
            }
            Value::Array(items) if items.is_empty() => Ok(false),
            _ if sub.multi_valued => Err(CheckError::WrongType {
                path: at.to_string(),
                expected: "an array",
                found: kind_of(value),
            }),
            _ => self.simple(at, sub, value).map(|()| true),
        }
    }

    fn simple(&mut self, at: At<'_>, attribute: &Attribute, value: &mut Value) -> Result<(), CheckError> {
        if self.options.string_booleans
            && attribute.kind == AttributeType::Boolean
            && let Some(text) = value.as_str()
        {
            let read = if text.eq_ignore_ascii_case("true") {
                Some(true)
            } else if text.eq_ignore_ascii_case("false") {
                Some(false)
            } else {
                None
            };
            if let Some(read) = read {
                *value = Value::Bool(read);
                self.note(Notice::StringBoolean { path: at.to_string() });
            }
        }
        match scalar(attribute, value) {
            Scalar::Good => {}
            Scalar::NoOffset => {
                self.note(Notice::OffsetAssumed { path: at.to_string() });
                if let Value::String(text) = value {
                    text.push('Z');
                }
            }
            Scalar::Wrong { expected, found } => {
                return Err(CheckError::WrongType { path: at.to_string(), expected, found });
            }
        }
        let Value::String(text) = value else { return Ok(()) };
        if !attribute.canonical_values.is_empty() && !is_canonical(attribute, text) {
            match self.options.canonical_values {
                CanonicalValues::Suggest => self.note(Notice::NotCanonical { path: at.to_string() }),
                CanonicalValues::Enforce => {
                    return Err(CheckError::NotCanonical {
                        path: at.to_string(),
                        allowed: attribute.canonical_values.clone(),
                    });
                }
            }
        }
        let schema = at.extension.unwrap_or(self.resource_type.schema()).id();
        if self.options.canonical_contacts
            && let Some(canonical) =
                canonical_contact(schema, &at.attribute.name, at.sub.map(|sub| sub.name.as_str()), text)
        {
            *text = canonical;
            self.note(Notice::Canonicalized { path: at.to_string() });
        }
        if let Some(expected) =
            broken_format(schema, &at.attribute.name, at.sub.map(|sub| sub.name.as_str()), text)
        {
            match self.options.formats {
                Formats::Report => self.note(Notice::Format { path: at.to_string(), expected }),
                Formats::Refuse => return Err(CheckError::Format { path: at.to_string(), expected }),
            }
        }
        Ok(())
    }

    /// RFC 7643 2.4: at most one primary value.
    fn primaries(
        &mut self,
        at: At<'_>,
        attribute: &Attribute,
        items: &mut [Value],
    ) -> Result<(), CheckError> {
        let Some(primary) =
            attribute.sub_attribute("primary").filter(|sub| sub.kind == AttributeType::Boolean)
        else {
            return Ok(());
        };
        let is_primary = |item: &&mut Value| item.get(primary.name.as_str()) == Some(&Value::Bool(true));
        if items.iter_mut().filter(is_primary).count() < 2 {
            return Ok(());
        }
        match self.options.several_primaries {
            SeveralPrimaries::Refuse => Err(CheckError::SeveralPrimaries { path: at.to_string() }),
            SeveralPrimaries::LastWins => {
                self.note(Notice::SeveralPrimaries { path: at.to_string() });
                for item in items.iter_mut().filter(is_primary).rev().skip(1) {
                    if let Some(value) = item.get_mut(primary.name.as_str()) {
                        *value = Value::Bool(false);
                    }
                }
                Ok(())
            }
        }
    }

    /// Says the same thing once for neighbours, and stops before a hostile document fills the memory with notices.
    fn note(&mut self, notice: Notice) {
        if self.notices.len() < MAX_NOTICES && self.notices.last() != Some(&notice) {
            self.notices.push(notice);
        }
    }

    fn unknown(&mut self, path: &str) -> Result<bool, CheckError> {
        match self.options.unknown_attributes {
            UnknownAttributes::Reject => Err(CheckError::UnknownAttribute { path: path.to_owned() }),
            UnknownAttributes::Ignore => {
                self.note(Notice::UnknownAttributeIgnored { path: path.to_owned() });
                Ok(false)
            }
            UnknownAttributes::Keep => {
                self.note(Notice::UnknownAttributeKept { path: path.to_owned() });
                Ok(true)
            }
        }
    }

    /// The stored values of an attribute whose values have readOnly parts, for a PATCH; else nothing.
    fn stored_elements(&self, at: At<'_>, attribute: &Attribute) -> HashSet<&'a Value> {
        let Mode::Patch(stored) = self.mode else { return HashSet::new() };
        if !attribute.sub_attributes.iter().any(|sub| sub.mutability == Mutability::ReadOnly) {
            return HashSet::new();
        }
        let container = match at.extension {
            None => Some(stored.as_map()),
            Some(schema) => stored.extension(schema.id()),
        };
        let items =
            container.and_then(|fields| fields.get(attribute.name.as_str())).and_then(Value::as_array);
        items.into_iter().flatten().collect()
    }
}

/// Where a value is; made into text only when there is something to say about it.
#[derive(Clone, Copy)]
struct At<'a> {
    extension: Option<&'a Schema>,
    attribute: &'a Arc<Attribute>,
    sub: Option<&'a Attribute>,
}

impl At<'_> {
    fn path(&self, sub: Option<Arc<Attribute>>) -> AttrPath {
        AttrPath::new(self.extension.map(|schema| schema.id_arc().clone()), self.attribute.clone(), sub)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = self.extension {
            write!(f, "{}:", schema.id())?;
        }
        f.write_str(&self.attribute.name)?;
        match self.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

fn arity(at: At<'_>, found: &'static str, expected: &'static str) -> Notice {
    Notice::Arity { path: at.to_string(), found, expected }
}

/// Keeps the members for which `keep` says so; stops at the first error.
fn retain(
    fields: &mut Map<String, Value>,
    mut keep: impl FnMut(&str, &mut Value) -> Result<bool, CheckError>,
) -> Result<(), CheckError> {
    let mut failure = None;
    fields.retain(|name, value| {
        failure.is_some()
            || keep(name, value).unwrap_or_else(|error| {
                failure = Some(error);
                true
            })
    });
    failure.map_or(Ok(()), Err)
}

/// Takes out exact repeats, the first one stays (RFC 7643 2.4). Whether there were any.
fn collapse(items: &mut Vec<Value>) -> bool {
    if items.len() < 2 {
        return false;
    }
    let mut fresh = Vec::with_capacity(items.len());
    if items.len() <= FEW_VALUES {
        for (index, item) in items.iter().enumerate() {
            fresh.push(!items.iter().take(index).any(|earlier| earlier == item));
        }
    } else {
        let mut seen = HashSet::with_capacity(items.len());
        fresh.extend(items.iter().map(|item| seen.insert(item)));
    }
    if fresh.iter().all(|fresh| *fresh) {
        return false;
    }
    let mut fresh = fresh.into_iter();
    items.retain(|_| fresh.next().unwrap_or(true));
    true
}

fn is_canonical(attribute: &Attribute, text: &str) -> bool {
    attribute.canonical_values.iter().any(|known| {
        known == text
            || (!attribute.case_exact && (known.eq_ignore_ascii_case(text) || fold(known) == fold(text)))
    })
}

/// Far more than a real client causes.
const MAX_NOTICES: usize = 256;

/// Comparing a handful of values with each other is cheaper than hashing them.
const FEW_VALUES: usize = 8;
