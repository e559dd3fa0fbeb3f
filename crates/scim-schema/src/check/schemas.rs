use serde_json::Value;

use super::{CheckError, CheckOptions, Notice};
use crate::resource::Resource;
use crate::resource_type::ResourceType;

/// Holds `schemas` to RFC 7643 3 and 3.3, then writes it as the data has it.
pub(super) fn settle(
    resource_type: &ResourceType,
    resource: &mut Resource,
    options: &CheckOptions,
    notices: &mut Vec<Notice>,
) -> Result<(), CheckError> {
    let lenient = options.lenient_schemas;
    let base = resource_type.schema().id();
    let mut found: Vec<&str> = Vec::new();
    for sent in sent(resource, base, lenient)? {
        let Some(urn) = spelled(resource_type, sent) else {
            if !lenient {
                return Err(CheckError::UnknownSchema { urn: sent.to_owned() });
            }
            notices.push(Notice::SchemaIgnored { urn: sent.to_owned() });
            continue;
        };
        if found.contains(&urn) {
            if !lenient {
                return Err(CheckError::RepeatedSchema { urn: sent.to_owned() });
            }
            notices.push(Notice::SchemaIgnored { urn: sent.to_owned() });
            continue;
        }
        found.push(urn);
    }
    if !found.contains(&base) {
        if !lenient {
            return Err(CheckError::BaseSchemaMissing { urn: base.to_owned() });
        }
        notices.push(Notice::SchemaAdded { urn: base.to_owned() });
        found.insert(0, base);
    }
    // The data under an extension's URI leaves no doubt; a list that forgets it harms nobody.
    for extension in resource_type.extensions() {
        let urn = extension.schema().id();
        if resource.extension(urn).is_some() && !found.contains(&urn) {
            notices.push(Notice::SchemaAdded { urn: urn.to_owned() });
            found.push(urn);
        }
    }
    if !resource.schemas().eq(found.iter().copied()) {
        let urns = found.into_iter().map(|urn| Value::String(urn.to_owned())).collect();
        resource.as_map_mut().insert("schemas".to_owned(), Value::Array(urns));
    }
    resource.refresh_schemas(resource_type);
    Ok(())
}

fn sent<'r>(
    resource: &'r Resource,
    base: &str,
    lenient: bool,
) -> Result<impl Iterator<Item = &'r str> + use<'r>, CheckError> {
    let wrong = |value: &Value| CheckError::WrongType {
        path: "schemas".to_owned(),
        expected: "an array of URIs",
        found: super::values::kind_of(value),
    };
    let items: &[Value] = match resource.as_map().get("schemas") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(value @ Value::String(_)) if lenient => std::slice::from_ref(value),
        Some(value) => return Err(wrong(value)),
    };
    if items.is_empty() && !lenient {
        return Err(CheckError::SchemasMissing { urn: base.to_owned() });
    }
    if let Some(value) = items.iter().find(|item| !item.is_string()) {
        return Err(wrong(value));
    }
    Ok(items.iter().filter_map(Value::as_str))
}

fn spelled<'a>(resource_type: &'a ResourceType, urn: &str) -> Option<&'a str> {
    let base = resource_type.schema().id();
    if base.eq_ignore_ascii_case(urn) {
        return Some(base);
    }
    resource_type.extension(urn).map(|extension| extension.schema().id())
}
