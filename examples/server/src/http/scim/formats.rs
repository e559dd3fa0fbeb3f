//! What values must look like where the product says so, e.g. a `userName` that is an address of a verified domain.

use axum::http::StatusCode;
use scim_schema::{Resource, ResourceType, ScimType};
use serde_json::Value;

use super::call::{Call, USER};
use super::fault::Fault;

/// Checks the values that a write sets anew.
pub(super) fn check(
    call: &Call<'_>,
    kind: &ResourceType,
    after: &Resource,
    before: Option<&Resource>,
) -> Result<(), Fault> {
    if kind.name() != USER {
        return Ok(());
    }
    let caller = &call.caller;
    for rule in &call.capabilities().overrides {
        let Ok(path) = kind.resolve_attribute(rule.attr.as_str()) else { continue };
        let had: Vec<&str> =
            before.iter().flat_map(|before| before.values(&path)).filter_map(Value::as_str).collect();
        for value in after.values(&path).filter_map(Value::as_str).filter(|value| !had.contains(value)) {
            rule.check(value, &caller.tenant, &caller.connection.id, call.now).map_err(|refusal| {
                let invalid = Some(ScimType::InvalidValue);
                Fault::typed(StatusCode::BAD_REQUEST, invalid, refusal.code(), refusal.to_string())
            })?;
        }
    }
    Ok(())
}
