//! What look-ups compare, derived from a resource.

use scim_filter::search_document;
use scim_schema::{Checked, Resource, ResourceType, compare_key, fold};
use serde_json::Value;
use tenant_model::Capabilities;

use super::call::USER;
use super::columns::has_own_column;
use crate::store::resources::Keys;

/// The attributes that clients look people up by, beside `userName` and `externalId`; see [`super::columns`].
pub(crate) const INDEXED: [&str; 1] = ["emails.value"];

/// The keys of a checked resource.
pub(crate) fn of(kind: &ResourceType, checked: &Checked, capabilities: &Capabilities) -> Keys {
    let resource = &checked.resource;
    let text = |name: &str| resource.as_map().get(name).and_then(Value::as_str);
    let column =
        |name: &str| text(name).filter(|_| has_own_column(kind, name)).map(|value| fold(value).into_owned());
    let user_name = column("userName");
    let mut unique: Vec<(String, String)> = checked
        .unique
        .iter()
        .map(|value| (value.path.to_string(), value.key.clone()))
        .filter(|(path, _)| !(user_name.is_some() && path == "userName"))
        .collect();
    for path in &capabilities.unique {
        unique.extend(keys(resource, kind, path.as_str()).map(|value| (path.as_str().to_owned(), value)));
    }
    unique.sort();
    unique.dedup();
    Keys {
        user_name,
        external_id: text("externalId").map(|id| compare_key(id, true).into_owned()),
        display: text("displayName").or(text("userName")).map(str::to_owned),
        display_fold: column("displayName"),
        values: INDEXED
            .into_iter()
            .filter(|_| kind.name() == USER)
            .flat_map(|path| keys(resource, kind, path).map(move |value| (path, value)))
            .collect(),
        unique,
        search: search_document(resource, kind).to_string(),
    }
}

/// The comparison keys of the values at a path, with case where the schema says so.
fn keys(resource: &Resource, kind: &ResourceType, path: &str) -> impl Iterator<Item = String> {
    let values: Vec<String> = kind
        .resolve_attribute(path)
        .map(|path| {
            let case_exact = path.target().case_exact;
            let texts = resource.values(&path).filter_map(Value::as_str);
            texts.map(|text| compare_key(text, case_exact).into_owned()).collect()
        })
        .unwrap_or_default();
    values.into_iter()
}
