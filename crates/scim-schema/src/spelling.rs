use serde_json::{Map, Value};

use crate::attribute::Attribute;
use crate::resource_type::{ResourceType, SchemaExtension};

/// Rewrites names and extension URIs that the resource type knows to the schema's spelling; a document that is
/// spelled right is not rebuilt.
pub(crate) fn respell(fields: Map<String, Value>, resource_type: &ResourceType) -> Map<String, Value> {
    rename(fields, |name| {
        if let Some(attribute) = resource_type.attribute(name) {
            Some(Known::Attribute(attribute))
        } else if name.contains(':') {
            resource_type.extension(name).map(Known::Extension)
        } else {
            None
        }
    })
}

enum Known<'a> {
    Attribute(&'a Attribute),
    Extension(&'a SchemaExtension),
}

impl Known<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Attribute(attribute) => &attribute.name,
            Self::Extension(extension) => extension.schema().id(),
        }
    }

    /// Bounded: attributes nest at most as deep as schemas do.
    fn respell(&self, value: &mut Value) {
        match (self, value) {
            (Self::Extension(extension), Value::Object(fields)) => {
                *fields = rename(std::mem::take(fields), |name| {
                    extension.attribute(name).map(|a| Known::Attribute(a))
                });
            }
            (Self::Attribute(attribute), value) if attribute.is_complex() => {
                let inside = |value: &mut Value| {
                    if let Value::Object(fields) = value {
                        *fields = rename(std::mem::take(fields), |name| {
                            attribute.sub_attribute(name).map(|sub| Known::Attribute(sub))
                        });
                    }
                };
                match value {
                    Value::Array(items) => items.iter_mut().for_each(inside),
                    value => inside(value),
                }
            }
            _ => {}
        }
    }
}

fn rename<'a>(
    mut fields: Map<String, Value>,
    find: impl Fn(&str) -> Option<Known<'a>>,
) -> Map<String, Value> {
    let mut misspelled = false;
    for (name, value) in &mut fields {
        if let Some(known) = find(name) {
            misspelled |= known.name() != name;
            known.respell(value);
        }
    }
    if !misspelled {
        return fields;
    }
    let mut out = Map::with_capacity(fields.len());
    for (name, value) in fields {
        let name = match find(&name) {
            Some(known) if known.name() != name => known.name().to_owned(),
            _ => name,
        };
        out.insert(name, value);
    }
    out
}
