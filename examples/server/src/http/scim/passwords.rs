//! Passwords that a directory sends: hashed where the product keeps them, dropped where it does not.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use scim_schema::{Checked, ScimType, prepare_password};
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

/// Hashes that were made before the transaction began. Hashing is slow, and a transaction keeps the whole tenant
/// waiting, so inside it no hash is made: what [`Passwords::prepare`] did not find cannot be set.
#[derive(Default)]
pub(crate) struct Passwords(Mutex<HashMap<String, VecDeque<String>>>);

impl Passwords {
    /// Hashes all passwords that a body may set, if the product keeps any. To be called before a transaction begins.
    ///
    /// # Errors
    /// [`Fault`] when there are too many, or too many come at once from everywhere.
    pub(super) async fn prepare(&self, call: &Call<'_>, body: &[u8]) -> Result<(), Fault> {
        if call.capabilities().password != Password::AcceptedNeverReturned {
            return Ok(());
        }
        // What is no JSON is refused by those who read it.
        let mut likely = Vec::new();
        if let Ok(json) = serde_json::from_slice(body) {
            collect(&json, &mut likely);
        }
        if likely.len() > MOST_PASSWORDS {
            let detail =
                format!("a request may set {MOST_PASSWORDS} passwords: send the others in another one");
            return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "scim.password.too_many", detail));
        }
        for password in likely {
            // Two users with the same password get two hashes, which tell nobody that they have.
            let hash = slow_hash(call, &password).await?;
            let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            ready.entry(password).or_default().push_back(hash);
        }
        Ok(())
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
            Change::Set(password) => Some(self.ready(&password)?),
        };
        Ok(rows::put(tx, call.tenant(), user, hash.as_deref(), call.now).await?)
    }

    fn ready(&self, password: &str) -> Result<String, Fault> {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = ready.get_mut(password).and_then(|hashes| {
            // Operations of a bulk request may be tried again.
            let next = hashes.pop_front()?;
            hashes.push_back(next.clone());
            Some(next)
        });
        hash.ok_or_else(|| {
            Fault::typed(
                StatusCode::BAD_REQUEST,
                Some(ScimType::InvalidValue),
                "scim.password.form",
                "send a password as the text of the attribute `password`",
            )
        })
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

/// Every password that a request may set, wherever it stands in it: what is really set, only the schema says. A value
/// that one operation writes and a later one writes again counts twice.
fn collect(json: &Value, out: &mut Vec<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
        Value::Object(fields) => {
            let path = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("path"));
            let at_password = path.and_then(|(_, path)| path.as_str()).is_some_and(names_password);
            for (name, value) in fields {
                if names_password(name) || at_password && name.eq_ignore_ascii_case("value") {
                    texts(value, out);
                } else {
                    collect(value, out);
                }
            }
        }
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a name or a path is that of the attribute, with its schema or without.
fn names_password(name: &str) -> bool {
    name.rsplit([':', '.']).next().is_some_and(|name| name.trim().eq_ignore_ascii_case("password"))
}

/// The texts that a lenient reader may take for the value.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Bool(truth) => out.push(truth.to_string()),
        Value::Null => {}
        Value::Number(number) => out.push(number.to_string()),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, out)),
        Value::String(text) => out.push(text.clone()),
    }
}

/// Each takes a good part of a second of one processor, and a request has half a minute.
const MOST_PASSWORDS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_wherever_a_client_writes_it() {
        let found = |body: &str| {
            let mut out = Vec::new();
            collect(&serde_json::from_str(body).unwrap(), &mut out);
            out
        };
        assert_eq!(found(r#"{"userName": "a", "Password": "x"}"#), ["x"]);
        let urn = "urn:ietf:params:scim:schemas:core:2.0:User";
        let patch = |ops: &str| format!(r#"{{"Operations": [{{"path": "title", "value": "t"}}, {ops}]}}"#);
        for op in [
            r#"{"op": "replace", "path": "password", "value": "y"}"#.to_owned(),
            r#"{"op": "replace", "Path": "PASSWORD", "Value": ["y"]}"#.to_owned(),
            format!(r#"{{"op": "add", "path": "{urn}:password", "value": "y"}}"#),
            r#"{"op": "replace", "value": {"password": "y"}}"#.to_owned(),
            format!(r#"{{"op": "replace", "value": {{"{urn}:password": "y"}}}}"#),
            format!(r#"{{"op": "replace", "value": {{"{urn}": {{"password": "y"}}}}}}"#),
        ] {
            assert_eq!(found(&patch(&op)), ["y"], "{op}");
            let bulk = format!(r#"{{"Operations": [{{"path": "/Users/1", "data": {}}}]}}"#, patch(&op));
            assert_eq!(found(&bulk), ["y"], "{op}");
        }
        let twice = r#"{"Operations": [{"data": {"password": "p"}}, {"data": {"password": "p"}}]}"#;
        assert_eq!(found(twice), ["p", "p"], "each gets a salt of its own");
        for none in ["[]", r#"{"userName": "password"}"#, r#"{"password": null}"#, r#"{"Operations": [1]}"#] {
            assert!(found(none).is_empty(), "{none}");
        }
    }
}
