//! What look-ups compare, derived from a resource.

use scim_filter::search_document;
use scim_schema::{Checked, Resource, ResourceType, compare_key, fold};
use serde_json::Value;
use tenant_model::Capabilities;

use super::call::USER;
use crate::store::resources::Keys;

/// The attributes that clients look people up by, beside `userName` and `externalId`; see [`super::columns`].
pub(crate) const INDEXED: [&str; 1] = ["emails.value"];

/// The keys of a checked resource.
pub(crate) fn of(kind: &ResourceType, checked: &Checked, capabilities: &Capabilities) -> Keys {
    let resource = &checked.resource;
    let text = |name: &str| resource.as_map().get(name).and_then(Value::as_str);
    let user_name = text("userName").filter(|_| kind.name() == USER).map(|name| fold(name).into_owned());
    let mut unique: Vec<(String, String)> = checked
        .unique
        .iter()
        .map(|value| (value.path.to_string(), value.key.clone()))
        .filter(|(path, _)| !(kind.name() == USER && path == "userName"))
        .collect();
    for path in &capabilities.unique {
        unique.extend(folded(resource, kind, path.as_str()).map(|value| (path.as_str().to_owned(), value)));
    }
    unique.sort();
    unique.dedup();
    Keys {
        user_name,
        external_id: text("externalId").map(|id| compare_key(id, true).into_owned()),
        display: text("displayName").or(text("userName")).map(str::to_owned),
        display_fold: text("displayName").map(|name| fold(name).into_owned()),
        values: INDEXED
            .into_iter()
            .flat_map(|path| folded(resource, kind, path).map(move |value| (path, value)))
            .collect(),
        unique,
        search: search_document(resource, kind).to_string(),
    }
}

fn folded(resource: &Resource, kind: &ResourceType, path: &str) -> impl Iterator<Item = String> {
    let values: Vec<String> = kind
        .resolve_attribute(path)
        .map(|path| {
            resource.values(&path).filter_map(Value::as_str).map(|text| fold(text).into_owned()).collect()
        })
        .unwrap_or_default();
    values.into_iter()
}
