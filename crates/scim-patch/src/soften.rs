//! What clients send instead of what the standard says, turned into what the standard says: values and missing
//! elements. Each rewrite belongs to one switch and is noted when it is needed; without switches nothing runs.

use std::borrow::Cow;

use scim_schema::{Attribute, AttributeType, Mutability, ResourceType, parse_object};
use serde_json::{Map, Value};

use crate::Quirk;
use crate::step::{Action, Step, Target, Tolerance};
use crate::value::is_primary;

/// Rewrites one step, for a connection with quirks. `elements` are those that the target's attribute has now.
pub(crate) fn soften<'a>(
    step: Step<'a>,
    resource_type: &ResourceType,
    elements: &[Value],
    tolerance: &mut Tolerance,
) -> Step<'a> {
    let mut softener = Softener { operation: step.operation, resource_type, tolerance };
    let Step { operation, target, action } = step;
    let (target, action) = softener.step(target, action, elements);
    Step { operation, target, action }
}

struct Softener<'t> {
    operation: usize,
    resource_type: &'t ResourceType,
    tolerance: &'t mut Tolerance,
}

impl Softener<'_> {
    fn step<'a>(&mut self, target: Target, action: Action<'a>, elements: &[Value]) -> (Target, Action<'a>) {
        let adds = matches!(action, Action::Add(_));
        let value = match action {
            Action::Add(value) | Action::Replace(value) => value,
            Action::RemoveListed(value) => {
                let value = match &target {
                    Target::Attribute(path) => self.values(path.attribute(), value, true),
                    _ => value,
                };
                return (target, Action::RemoveListed(value));
            }
            Action::Remove => return (target, Action::Remove),
        };
        let (path, is_element) = match &target {
            Target::Attribute(path) => (path, false),
            Target::Elements { path, .. } => (path, true),
            Target::Extension(_) => return (target, Action::Remove),
        };
        let value = match path.sub() {
            Some(sub) if sub.multi_valued => self.values(sub, value, adds),
            Some(sub) => self.one(sub, value),
            None if path.attribute().multi_valued && !is_element => {
                self.values(path.attribute(), value, adds)
            }
            None => self.one(path.attribute(), value),
        };
        if value.is_null() && (!adds || self.allows(Quirk::EmptyClears)) {
            // Clearing what is not there succeeds, as a remove does; a required attribute must still be refused as
            // one without value.
            let clears = self.has(Quirk::EmptyClears) && !path.target().required;
            return (target, if clears { Action::Remove } else { Action::Replace(value) });
        }
        if let Target::Elements { path, filter } = &target {
            let quirk = if adds { Quirk::AddCreatesElement } else { Quirk::ReplaceCreatesElement };
            if self.has(quirk)
                && !elements.iter().any(|element| filter.matches(element))
                && let Some(made) = filter.template().and_then(|template| merge(template, path.sub(), &value))
            {
                self.allows(quirk);
                return (Target::Attribute(path.without_sub()), Action::Add(Cow::Owned(made)));
            }
        }
        (target, if adds { Action::Add(value) } else { Action::Replace(value) })
    }

    /// All values of a multi-valued attribute or sub-attribute.
    fn values<'a>(
        &mut self,
        attribute: &Attribute,
        value: Cow<'a, Value>,
        one_is_enough: bool,
    ) -> Cow<'a, Value> {
        let value = self.emptied(value);
        if value.is_null() {
            return value;
        }
        let value = match value {
            value if value.is_array() => value,
            value if one_is_enough => value,
            value if self.allows(Quirk::SingleOrArray) => Cow::Owned(Value::Array(vec![value.into_owned()])),
            value => value,
        };
        let Some(items) = value.as_array() else { return self.item(attribute, value) };
        let mut out: Option<Vec<Value>> = None;
        for (index, item) in items.iter().enumerate() {
            let softened = if self.is_foreign_schema(attribute, item) {
                Cow::Owned(Value::Null)
            } else {
                self.item(attribute, Cow::Borrowed(item))
            };
            match (&mut out, softened) {
                (None, Cow::Borrowed(_)) => {}
                (None, Cow::Owned(item)) => {
                    let mut changed: Vec<Value> = items.iter().take(index).cloned().collect();
                    changed.push(item);
                    out = Some(changed);
                }
                (Some(out), item) => out.push(item.into_owned()),
            }
        }
        let mut value = out.map_or(value, |items| Cow::Owned(Value::Array(items)));
        let primaries =
            value.as_array().map_or(0, |items| items.iter().filter(|item| is_primary(item)).count());
        if primaries > 1
            && self.allows(Quirk::SeveralPrimary)
            && let Value::Array(items) = value.to_mut()
        {
            let all_but_last = primaries.saturating_sub(1);
            for item in items.iter_mut().filter(|item| is_primary(item)).take(all_but_last) {
                if let Value::Object(fields) = item {
                    fields.insert("primary".to_owned(), Value::Bool(false));
                }
            }
        }
        value
    }

    /// The value of a single-valued attribute or sub-attribute.
    fn one<'a>(&mut self, attribute: &Attribute, value: Cow<'a, Value>) -> Cow<'a, Value> {
        let unwrapped = match value.as_array().map(Vec::as_slice) {
            Some([only]) if self.allows(Quirk::SingleOrArray) => match only.get("value") {
                Some(inner) if !attribute.is_complex() => Some(inner.clone()),
                _ => Some(only.clone()),
            },
            _ => None,
        };
        self.item(attribute, unwrapped.map_or(value, Cow::Owned))
    }

    /// One value, or one element of several.
    fn item<'a>(&mut self, attribute: &Attribute, value: Cow<'a, Value>) -> Cow<'a, Value> {
        let value = self.emptied(value);
        if !attribute.is_complex() {
            return self.boolean(attribute, value);
        }
        let value = self.unpacked(attribute, value);
        match value.as_object() {
            Some(fields) => match self.members(attribute, fields) {
                Some(fields) => Cow::Owned(Value::Object(fields)),
                None => value,
            },
            None => value,
        }
    }

    /// The members of a complex value, if any has to be rewritten.
    fn members(&mut self, attribute: &Attribute, fields: &Map<String, Value>) -> Option<Map<String, Value>> {
        let mut out: Option<Map<String, Value>> = None;
        for (index, (name, value)) in fields.iter().enumerate() {
            let softened = match attribute.sub_attribute(name) {
                None if self.allows(Quirk::UnknownAttributes) => None,
                Some(sub)
                    if sub.mutability == Mutability::ReadOnly && self.allows(Quirk::ReadOnlyIgnored) =>
                {
                    None
                }
                // Complex attributes do not nest, so this recursion ends here.
                Some(sub) if sub.multi_valued => Some(self.values(sub, Cow::Borrowed(value), true)),
                Some(sub) if !sub.is_complex() => Some(self.one(sub, Cow::Borrowed(value))),
                _ => Some(Cow::Borrowed(value)),
            };
            match (&mut out, softened) {
                (None, Some(Cow::Borrowed(_))) => {}
                (None, changed) => {
                    let mut rest: Map<String, Value> = fields
                        .iter()
                        .take(index)
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect();
                    if let Some(value) = changed {
                        rest.insert(name.clone(), value.into_owned());
                    }
                    out = Some(rest);
                }
                (Some(out), Some(value)) => {
                    out.insert(name.clone(), value.into_owned());
                }
                (Some(_), None) => {}
            }
        }
        out
    }

    /// A string where an object is due: an object written as text, or a bare `value`.
    fn unpacked<'a>(&mut self, attribute: &Attribute, value: Cow<'a, Value>) -> Cow<'a, Value> {
        let text = match value.as_ref() {
            Value::String(text) => Some(text),
            Value::Object(fields) => match fields.get("value") {
                Some(Value::String(text)) if text.starts_with('{') => Some(text),
                _ => None,
            },
            _ => None,
        };
        let Some(text) = text else { return value };
        if text.starts_with('{')
            && self.has(Quirk::JsonInString)
            && let Ok(fields) = parse_object(text.as_bytes(), &scim_schema::Limits::default())
        {
            self.allows(Quirk::JsonInString);
            return Cow::Owned(Value::Object(fields));
        }
        if value.is_string()
            && attribute.sub_attribute("value").is_some()
            && self.allows(Quirk::BareComplexValue)
        {
            let mut fields = Map::new();
            fields.insert("value".to_owned(), value.into_owned());
            return Cow::Owned(Value::Object(fields));
        }
        value
    }

    fn boolean<'a>(&mut self, attribute: &Attribute, value: Cow<'a, Value>) -> Cow<'a, Value> {
        if attribute.kind != AttributeType::Boolean {
            return value;
        }
        let said = value.as_str().and_then(|text| {
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            if is("true") {
                Some(true)
            } else if is("false") {
                Some(false)
            } else {
                None
            }
        });
        match said {
            Some(said) if self.allows(Quirk::StringBooleans) => Cow::Owned(Value::Bool(said)),
            _ => value,
        }
    }

    fn emptied<'a>(&mut self, value: Cow<'a, Value>) -> Cow<'a, Value> {
        if value.as_str() == Some("") && self.allows(Quirk::EmptyClears) {
            Cow::Owned(Value::Null)
        } else {
            value
        }
    }

    fn is_foreign_schema(&mut self, attribute: &Attribute, item: &Value) -> bool {
        let Some(uri) = item.as_str() else { return false };
        attribute.name == "schemas"
            && !self.resource_type.schema().id().eq_ignore_ascii_case(uri)
            && self.resource_type.extension(uri).is_none()
            && self.allows(Quirk::ForeignSchemas)
    }

    fn has(&self, quirk: Quirk) -> bool {
        self.tolerance.has(quirk)
    }

    fn allows(&mut self, quirk: Quirk) -> bool {
        self.tolerance.allows(quirk, self.operation)
    }
}

/// The element that an operation on `attr[filter]` or `attr[filter].sub` would have met.
fn merge(template: Value, sub: Option<&std::sync::Arc<Attribute>>, value: &Value) -> Option<Value> {
    match (template, sub) {
        (Value::Object(mut fields), Some(sub)) => {
            fields.insert(sub.name.clone(), value.clone());
            Some(Value::Object(fields))
        }
        (Value::Object(mut fields), None) => {
            for (name, value) in value.as_object()? {
                // The value may spell a name differently; it wins over the filter in any spelling.
                if let Some(known) = fields.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned() {
                    fields.shift_remove(&known);
                }
                fields.insert(name.clone(), value.clone());
            }
            Some(Value::Object(fields))
        }
        (_, None) => Some(value.clone()),
        (_, Some(_)) => None,
    }
}
