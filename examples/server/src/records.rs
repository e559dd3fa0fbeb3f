//! What became of logins, kept for the admins of a connection: test logins, refusals, and the last login that went
//! through, so that a mapping can be tried on it.
//!
//! A record is sealed under the installation's key and ends by itself. Of an ordinary refusal nothing is kept but the
//! report without personal data; what a provider said of somebody is kept of a test login and of the last login alone.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::AnyConnection;
use tenant_model::{AttributeBag, ConnectionId, TenantId, TestLogin};

use crate::app::Base;
use crate::random;
use crate::store::records::{self, Row};
use crate::store::{StoreError, Tx};

/// What became of one login.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub verdict: Verdict,
    /// The report of `saml-sp`, without personal data.
    #[serde(default)]
    pub report: Option<Value>,
    /// What the provider said, if a signature covered it.
    #[serde(default)]
    pub said: Option<AttributeBag>,
    /// The proof that the connection works, of a test login that went through.
    #[serde(default)]
    pub proof: Option<TestLogin>,
}

/// What came of a login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The code of the refusal; `None` if it went through.
    pub code: Option<String>,
    /// In a sentence.
    pub message: String,
    /// What to change.
    #[serde(default)]
    pub hint: Option<String>,
}

/// Which login a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Refused, and signed by the connection's provider.
    Refused,
    /// Refused, and anybody may have sent it. Kept apart, so that a stranger's noise does not push the others out.
    RefusedUnverified,
    /// The last one that went through.
    Seen,
    /// Begun on the page of the connection.
    Test,
}

impl RecordKind {
    /// Its name in the database.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::RefusedUnverified => "refused_unverified",
            Self::Seen => "seen",
            Self::Test => "test",
        }
    }

    /// How many of a connection are kept.
    fn most(self) -> i64 {
        match self {
            Self::Refused => 20,
            Self::RefusedUnverified | Self::Test => 10,
            Self::Seen => 1,
        }
    }

    fn lasts(self) -> TimeDelta {
        match self {
            // Personal data is kept for as long as somebody sets a connection up.
            Self::Seen | Self::Test => TimeDelta::days(7),
            Self::Refused | Self::RefusedUnverified => TimeDelta::days(30),
        }
    }
}

/// Keeps a record; gives its id.
///
/// # Errors
/// [`StoreError`] when the database fails or nothing can be sealed.
pub async fn keep(
    base: &Base,
    tx: &mut Tx,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: RecordKind,
    record: &LoginRecord,
) -> Result<String, StoreError> {
    let id = match kind {
        // One row, written over and over.
        RecordKind::Seen => "last".to_owned(),
        _ => random::uuid().map_err(|error| StoreError::Failed(error.to_string()))?.to_string(),
    };
    let text = serde_json::to_vec(record).map_err(|error| StoreError::corrupt("a record", &error))?;
    let sealed = base.keys.seal(&bound_to(tenant, connection, kind, &id), &text);
    let sealed = sealed.map_err(|error| StoreError::Failed(error.to_string()))?;
    let row = Row {
        kind: kind.column(),
        id: id.clone(),
        at: record.at,
        sealed,
        expires_at: record.at.checked_add_signed(kind.lasts()).unwrap_or(record.at),
    };
    records::put(tx, tenant, connection, &row).await?;
    records::trim(tx, tenant, connection, kind.column(), kind.most()).await?;
    Ok(id)
}

/// Whether the last login that is kept is so recent that another one would say nothing new.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn seen_lately(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let rows = records::latest(db, tenant, connection, RecordKind::Seen.column(), 1, now).await?;
    Ok(rows.first().is_some_and(|row| now.signed_duration_since(row.at) < SEEN_EVERY))
}

/// The latest records of a kind, newest first, each with its id. What cannot be opened is left out.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn latest(
    base: &Base,
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: RecordKind,
    now: DateTime<Utc>,
) -> Result<Vec<(String, LoginRecord)>, StoreError> {
    let rows = records::latest(db, tenant, connection, kind.column(), kind.most(), now).await?;
    let open = |row: Row| {
        let text = base.keys.open(&bound_to(tenant, connection, kind, &row.id), &row.sealed).ok()?;
        Some((row.id, serde_json::from_slice(&text).ok()?))
    };
    Ok(rows.into_iter().filter_map(open).collect())
}

fn bound_to(tenant: &TenantId, connection: &ConnectionId, kind: RecordKind, id: &str) -> String {
    format!("login record {tenant} {connection} {} {id}", kind.column())
}

/// One write a minute is enough to try a mapping on.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);
