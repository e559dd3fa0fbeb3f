//! Passwords that a directory sends: hashed where the product keeps them, dropped where it does not.

use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use scim_schema::{Checked, prepare_password};
use serde_json::Value;
use tenant_model::Password;

use super::call::Call;
use super::fault::Fault;
use crate::admin::password::PasswordError;
use crate::http::answer::Refusal;
use crate::store::{Tx, passwords as rows};

/// What a write does to a password.
pub(super) enum Change {
    /// The request took it away.
    Clear,
    /// The request says nothing of it.
    Keep,
    /// The request set it.
    Set(String),
}

/// What a checked write does to a password.
pub(super) fn change(checked: &Checked) -> Change {
    let named = checked.write_only.iter().any(|(path, _)| {
        path.extension().is_none() && path.attribute().name.eq_ignore_ascii_case("password")
    });
    match checked.password() {
        Some(password) => Change::Set(password.to_owned()),
        None if named => Change::Clear,
        None => Change::Keep,
    }
}

/// A hash that was made before the transaction began: hashing is slow, and nobody should wait for it.
#[derive(Default)]
pub(crate) struct Passwords(Mutex<Option<(String, String)>>);

impl Passwords {
    /// Hashes the password that the body seems to set, if the product keeps any.
    pub(super) async fn prepare(&self, call: &Call<'_>, body: &[u8]) {
        if call.capabilities().password != Password::AcceptedNeverReturned {
            return;
        }
        let Some(password) = likely(body) else { return };
        if let Ok(hash) = slow_hash(call, &password).await {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((password, hash));
        }
    }

    /// Stores what a write does to the password of a user.
    pub(super) async fn store(
        &self,
        call: &Call<'_>,
        tx: &mut Tx,
        user: &str,
        change: Change,
    ) -> Result<(), Fault> {
        if call.capabilities().password != Password::AcceptedNeverReturned {
            return Ok(());
        }
        let hash = match change {
            Change::Keep => return Ok(()),
            Change::Clear => None,
            Change::Set(password) => Some(self.hash(call, &password).await?),
        };
        Ok(rows::put(tx, call.tenant(), user, hash.as_deref(), call.now).await?)
    }

    async fn hash(&self, call: &Call<'_>, password: &str) -> Result<String, Fault> {
        let ready = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ready {
            Some((known, hash)) if known == password => Ok(hash),
            _ => slow_hash(call, password).await,
        }
    }
}

/// Nobody signs in to this server with it: it is kept so that a product which does can be built on it.
async fn slow_hash(call: &Call<'_>, password: &str) -> Result<String, Fault> {
    let hashed = call.app.passwords.hash(&prepare_password(password)).await;
    hashed.map_err(|error| match error {
        PasswordError::Busy => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "server.busy", "too many passwords come at once")
                .into()
        }
        PasswordError::Failed => Refusal::internal("server.password").into(),
    })
}

/// The password that a request seems to set, so that it can be hashed before a transaction is opened: what is really
/// set, only the schema says.
fn likely(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let own = |value: &Value| {
        let fields = value.as_object()?;
        let found = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("password"));
        found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    if let Some(found) = own(&json) {
        return Some(found);
    }
    let operations = json.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations"))?.1;
    operations.as_array()?.iter().find_map(|operation| {
        let value = operation.get("value")?;
        match operation.get("path").and_then(Value::as_str) {
            Some(path) if path.eq_ignore_ascii_case("password") => value.as_str().map(str::to_owned),
            Some(_) => None,
            None => own(value),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_where_clients_write_it() {
        let found = |body: &str| likely(body.as_bytes());
        assert_eq!(found(r#"{"userName": "a", "Password": "x"}"#).as_deref(), Some("x"));
        let patch =
            |op: &str| format!(r#"{{"Operations": [{{"op": "add", "path": "title", "value": "t"}}, {op}]}}"#);
        assert_eq!(
            found(&patch(r#"{"op": "replace", "path": "password", "value": "y"}"#)).as_deref(),
            Some("y")
        );
        assert_eq!(found(&patch(r#"{"op": "replace", "value": {"password": "z"}}"#)).as_deref(), Some("z"));
        for none in ["", "[]", r#"{"userName": "a"}"#, r#"{"password": 1}"#, r#"{"Operations": [1]}"#] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
