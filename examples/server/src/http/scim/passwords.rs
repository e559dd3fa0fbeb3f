//! Passwords that a directory sends: hashed where the product keeps them, dropped where it does not.

use std::sync::{Mutex, PoisonError};

use scim_schema::Checked;
use tenant_model::Password;

use super::call::Call;
use super::fault::Fault;
use crate::http::answer::Refusal;
use crate::passwords;
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
        let Some(password) = passwords::likely(body) else { return };
        if let Ok(hash) = slow_hash(password.clone()).await {
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
            Change::Set(password) => Some(self.hash(password).await?),
        };
        Ok(rows::put(tx, call.tenant(), user, hash.as_deref(), call.now).await?)
    }

    async fn hash(&self, password: String) -> Result<String, Fault> {
        let ready = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ready {
            Some((known, hash)) if known == password => Ok(hash),
            _ => slow_hash(password).await,
        }
    }
}

async fn slow_hash(password: String) -> Result<String, Fault> {
    let hashed = tokio::task::spawn_blocking(move || passwords::hash(&password)).await;
    match hashed {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => {
            tracing::error!(%error, "a password was not hashed");
            Err(Refusal::internal("server.password").into())
        }
        Err(_) => Err(Refusal::internal("server.password").into()),
    }
}
