//! What a product changes in the standard's own schemas, e.g. that a `userName` stays as it is.

use scim_schema::{SchemaError, SchemaSet, SchemaSetBuilder, urn};
use serde_json::{Value, json};
use tenant_model::{AttrOverride, Mutability};

/// The schema of users as a product has it; attributes of other schemas are the product's own to define.
pub(super) fn of_users(
    set: SchemaSetBuilder,
    overrides: &[AttrOverride],
) -> Result<SchemaSetBuilder, SchemaError> {
    let standard = SchemaSet::standard();
    let Some(user) = standard.schema(urn::USER).filter(|_| !overrides.is_empty()) else { return Ok(set) };
    let mut schema = user.to_json("");
    for change in overrides {
        if let Some(attribute) = find(&mut schema, change.attr.as_str()).and_then(Value::as_object_mut) {
            if let Some(mutability) = change.mutability {
                attribute.insert("mutability".to_owned(), json!(mutability));
                if mutability == Mutability::WriteOnly {
                    attribute.insert("returned".to_owned(), json!("never"));
                }
            }
            if let Some(required) = change.required {
                attribute.insert("required".to_owned(), json!(required));
            }
        }
    }
    set.replace_schema(&schema)
}

/// The attribute at a path such as `name.familyName`.
fn find<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let path = path.strip_prefix(urn::USER).and_then(|rest| rest.strip_prefix(':')).unwrap_or(path);
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let attribute = named(schema.get_mut("attributes")?, name)?;
    match sub {
        Some(sub) => named(attribute.get_mut("subAttributes")?, sub),
        None => Some(attribute),
    }
}

fn named<'a>(list: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let is = |attribute: &&mut Value| {
        attribute.get("name").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    list.as_array_mut()?.iter_mut().find(is)
}
