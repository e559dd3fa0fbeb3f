//! Switching a user off by other means than a SCIM request: the stored user says so too.

use chrono::{DateTime, Utc};
use scim_schema::CheckOptions;
use serde_json::{Value, json};
use tenant_model::ScimConnection;

use super::call::USER;
use super::fault::Fault;
use super::{keys, schemas, write};
use crate::store::Tx;
use crate::store::resources::{self, StoredResource};

/// Makes `active` of a stored user false, with a new version; nothing if it is already.
pub(crate) async fn switch_off(
    tx: &mut Tx,
    connection: &ScimConnection,
    mut stored: StoredResource,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    if stored.kind != USER || stored.body.get("active") == Some(&Value::Bool(false)) {
        return Ok(());
    }
    let set = schemas::of_tenant(&connection.capabilities)?;
    let Some(kind) = set.resource_type(USER) else { return Ok(()) };
    let before = write::whole(&stored);
    let mut after = before.clone();
    after.as_map_mut().insert("active".to_owned(), json!(false));
    let checked = kind.check_patched(after, &before, &CheckOptions::tolerant());
    let checked = checked.map_err(|error| Fault::of(&error))?;
    let keys = keys::of(kind, &checked, &connection.capabilities);
    stored.body = write::storable(kind, checked.resource);
    stored.version = stored.version.saturating_add(1);
    stored.updated = now.max(stored.updated);
    Ok(resources::update(tx, &connection.tenant, &stored, &keys).await?)
}
