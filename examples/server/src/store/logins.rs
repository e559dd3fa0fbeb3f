//! Logins under way, replay claims and sessions.

use chrono::{DateTime, Utc};
use saml_sp::IdpSession;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{ConnectionId, Epoch, PersonId, TenantId};

use super::StoreError;
use super::row::{column, json, run, to_json};
use crate::clock::{from_millis, millis};
use crate::random;

impl Kind {
    fn column(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Test => "test",
        }
    }
}

/// A login (or logout) that was begun and not yet answered.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The request's id.
    pub request_id: String,
    /// Hash of the cookie of the browser that began it, if that browser can be told.
    pub browser_hash: Option<String>,
    /// What `saml-sp` wants back.
    pub body: Value,
    /// When it is too late for an answer.
    pub expires_at: DateTime<Utc>,
}

/// Which of the two waiting rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Logins that were begun.
    Login,
    /// Logouts that were begun.
    Logout,
    /// Logins that an admin began to try a connection: they sign nobody in.
    Test,
}

/// Remembers a login or logout.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn insert_pending(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    pending: &Pending,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pending (tenant_id, connection_id, kind, request_id, browser_hash, body, expires_at) \
         VALUES ($1, $2, $7, $3, $4, $5, $6)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(pending.request_id.as_str())
    .bind(pending.browser_hash.as_deref())
    .bind(to_json(&pending.body)?)
    .bind(millis(pending.expires_at))
    .bind(kind.column())
    .execute(db)
    .await?;
    Ok(())
}

/// A login under way, not yet consumed.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find_pending(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    request_id: &str,
) -> Result<Option<Pending>, StoreError> {
    let row = sqlx::query(
        "SELECT request_id, browser_hash, body, expires_at FROM pending \
         WHERE tenant_id = $1 AND connection_id = $2 AND request_id = $3 AND kind = $4",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(request_id)
    .bind(kind.column())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Pending {
            request_id: column(&row, "request_id")?,
            browser_hash: column(&row, "browser_hash")?,
            body: json(&row, "body")?,
            expires_at: from_millis(column(&row, "expires_at")?),
        })
    })
    .transpose()
}

/// Consumes a login under way; `false` when it is gone or too old, and then there is no login.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn take_pending(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    request_id: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "DELETE FROM pending WHERE tenant_id = $1 AND connection_id = $2 AND request_id = $3 \
         AND expires_at > $4 AND kind = $5",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(request_id)
    .bind(millis(now))
    .bind(kind.column())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores a replay claim; `true` when it was not there.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn claim(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    claim: &str,
    forget_after: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO replay_claims (tenant_id, connection_id, claim, forget_after) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, connection_id, claim) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(claim)
    .bind(millis(forget_after))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a replay claim is there; nothing is claimed.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn is_claimed(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    claim: &str,
) -> Result<bool, StoreError> {
    let found = sqlx::query(
        "SELECT forget_after FROM replay_claims WHERE tenant_id = $1 AND connection_id = $2 AND claim = $3",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(claim)
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// A session of a person.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub tenant: TenantId,
    /// Hash of the cookie.
    pub session_hash: String,
    /// Who is signed in.
    pub person: PersonId,
    /// Through which connection.
    pub connection: ConnectionId,
    /// The person's access epoch when the session began.
    pub epoch: Epoch,
    /// The value of the NameID, by which a logout of the provider finds the session.
    pub subject: String,
    /// What `/v1/session` tells and what a logout needs.
    pub body: Value,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub idle_until: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

impl Session {
    /// Whether time has ended it.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= self.idle_until || now >= self.ends_at
    }
}

/// Starts a session, only if the person is active and of the epoch that was decided on.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn insert_session(db: &mut AnyConnection, session: &Session) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO sessions (tenant_id, session_hash, person_id, connection_id, epoch, subject, \
         body, created_at, idle_until, ends_at) \
         SELECT tenant_id, $3, person_id, $4, epoch, $5, $6, $7, $8, $9 FROM persons \
         WHERE tenant_id = $1 AND person_id = $2 AND state = 'active' AND epoch = $10",
    )
    .bind(session.tenant.as_str())
    .bind(session.person.as_str())
    .bind(session.session_hash.as_str())
    .bind(session.connection.as_str())
    .bind(session.subject.as_str())
    .bind(to_json(&session.body)?)
    .bind(millis(session.created_at))
    .bind(millis(session.idle_until))
    .bind(millis(session.ends_at))
    .bind(epoch_column(session.epoch))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A session by the hash of its cookie, dead or alive.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find_session(
    db: &mut AnyConnection,
    tenant: &TenantId,
    session_hash: &str,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query(
        "SELECT session_hash, person_id, connection_id, epoch, subject, body, created_at, idle_until, ends_at \
         FROM sessions WHERE tenant_id = $1 AND session_hash = $2",
    )
    .bind(tenant.as_str())
    .bind(session_hash)
    .fetch_optional(db)
    .await?;
    row.map(|row| session(tenant, &row)).transpose()
}

/// Notes that a session is used.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn touch_session(
    db: &mut AnyConnection,
    session: &Session,
    idle_until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET idle_until = $3 WHERE tenant_id = $1 AND session_hash = $2")
        .bind(session.tenant.as_str())
        .bind(session.session_hash.as_str())
        .bind(millis(idle_until))
        .execute(db)
        .await?;
    Ok(())
}

/// Ends one session; `false` when there was none.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn end_session(
    db: &mut AnyConnection,
    tenant: &TenantId,
    session_hash: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM sessions WHERE tenant_id = $1 AND session_hash = $2")
        .bind(tenant.as_str())
        .bind(session_hash)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How many sessions of a person have not ended.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn count_sessions(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS total FROM sessions WHERE tenant_id = $1 AND person_id = $2 \
         AND idle_until > $3 AND ends_at > $3",
    )
    .bind(tenant.as_str())
    .bind(person.as_str())
    .bind(millis(now))
    .fetch_one(db)
    .await?;
    column(&row, "total")
}

/// Ends every session of a person.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn end_sessions_of(
    db: &mut AnyConnection,
    tenant: &TenantId,
    person: &PersonId,
) -> Result<(), StoreError> {
    run(
        db,
        "DELETE FROM sessions WHERE tenant_id = $1 AND person_id = $2",
        &[tenant.as_str(), person.as_str()],
    )
    .await
}

/// The sessions of a connection whose NameID has a value; the caller compares the rest.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn sessions_of_subject(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    subject: &str,
) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query(
        "SELECT session_hash, person_id, connection_id, epoch, subject, body, created_at, idle_until, ends_at \
         FROM sessions WHERE tenant_id = $1 AND connection_id = $2 AND subject = $3",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(subject)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| session(tenant, row)).collect()
}

/// A logout that may have overtaken the login of the same session (SLO-06).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogoutMark {
    /// Whose session it ends, as the provider named it; without an index all that were there before.
    pub session: IdpSession,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Remembers a logout of the provider for as long as it counts.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn mark_logout(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    mark: &LogoutMark,
    forget_after: DateTime<Utc>,
) -> Result<(), StoreError> {
    let id = random::uuid().map_err(|error| StoreError::Failed(error.to_string()))?;
    sqlx::query(
        "INSERT INTO logout_marks (tenant_id, connection_id, subject, mark_id, body, forget_after) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(mark.session.name_id.value.as_str())
    .bind(id.to_string())
    .bind(to_json(mark)?)
    .bind(millis(forget_after))
    .execute(db)
    .await?;
    Ok(())
}

/// The logouts of a subject that still count.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn logout_marks(
    db: &mut AnyConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Vec<LogoutMark>, StoreError> {
    let rows = sqlx::query(
        "SELECT body FROM logout_marks WHERE tenant_id = $1 AND connection_id = $2 AND subject = $3 \
         AND forget_after > $4 ORDER BY mark_id LIMIT 100",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(subject)
    .bind(millis(now))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// An epoch as a column; the crate counts in 64 bits without sign, no database does.
pub(super) fn epoch_column(epoch: Epoch) -> i64 {
    i64::try_from(epoch.0).unwrap_or(i64::MAX)
}

fn session(tenant: &TenantId, row: &AnyRow) -> Result<Session, StoreError> {
    let person: String = column(row, "person_id")?;
    let connection: String = column(row, "connection_id")?;
    let epoch: i64 = column(row, "epoch")?;
    Ok(Session {
        tenant: tenant.clone(),
        session_hash: column(row, "session_hash")?,
        person: person.parse().map_err(|error| StoreError::corrupt("person_id", &error))?,
        connection: connection.parse().map_err(|error| StoreError::corrupt("connection_id", &error))?,
        epoch: Epoch(u64::try_from(epoch).unwrap_or_default()),
        subject: column(row, "subject")?,
        body: json(row, "body")?,
        created_at: from_millis(column(row, "created_at")?),
        idle_until: from_millis(column(row, "idle_until")?),
        ends_at: from_millis(column(row, "ends_at")?),
    })
}
