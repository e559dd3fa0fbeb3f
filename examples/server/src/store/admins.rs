//! Accounts and sessions of the administration pages. The tenant leads every key; the operator's has the empty id.

use chrono::{DateTime, Utc};
use scim_filter::Dialect;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{Actor, AdminId, Bucket, EmailAddress, Outcome, SessionFacts};

use super::row::{bodies, column, json, run, to_json};
use super::{Store, StoreError, Tx};
use crate::admin::{Admin, Scope};
use crate::clock::{from_millis, millis};
use crate::random;

/// An account as stored: with what proves its owner.
#[derive(Clone, Debug)]
pub struct StoredAdmin {
    /// The account.
    pub admin: Admin,
    /// The hash of its password, once it has one.
    pub password: Option<String>,
    /// Its guesses lately.
    pub guesses: Option<Bucket>,
}

/// Starts a transaction that reads accounts of a scope, decides, and writes; no other one of that scope begins meanwhile.
///
/// # Errors
/// [`StoreError::Unavailable`] when its turn does not come in time.
pub async fn begin(store: &Store, scope: &Scope) -> Result<Tx, StoreError> {
    let Scope::Tenant(tenant) = scope else {
        let mut tx = store.begin_unlocked().await?;
        if super::dialect(&tx) == Dialect::Postgres {
            // The operator has no tenant's row to lock; this one is always there.
            sqlx::query("SELECT name FROM settings WHERE name = 'key_fingerprint' FOR NO KEY UPDATE")
                .execute(&mut *tx)
                .await?;
        }
        return Ok(tx);
    };
    store.begin(tenant).await
}

/// Adds an account.
///
/// # Errors
/// [`StoreError::Taken`] when the scope has one with that address.
pub async fn insert(db: &mut AnyConnection, admin: &Admin) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO admins (tenant_id, admin_id, email_fold, epoch, body, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(admin.scope.as_str())
    .bind(admin.id.as_str())
    .bind(admin.email.fold())
    .bind(admin.epoch)
    .bind(to_json(admin)?)
    .bind(millis(admin.created))
    .execute(db)
    .await?;
    Ok(())
}

/// Replaces an account's row; the address stays.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn update(db: &mut AnyConnection, admin: &Admin) -> Result<(), StoreError> {
    sqlx::query("UPDATE admins SET epoch = $3, body = $4 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(admin.scope.as_str())
        .bind(admin.id.as_str())
        .bind(admin.epoch)
        .bind(to_json(admin)?)
        .execute(db)
        .await?;
    Ok(())
}

/// Sets or clears the password of an account.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_password(
    db: &mut AnyConnection,
    admin: &Admin,
    password: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE admins SET password = $3 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(admin.scope.as_str())
        .bind(admin.id.as_str())
        .bind(password)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives an account a one-time code, in place of an older one; nothing takes it away.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_code(
    db: &mut AnyConnection,
    admin: &Admin,
    code: Option<(&str, DateTime<Utc>)>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE admins SET code_hash = $3, code_ends_at = $4 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(admin.scope.as_str())
        .bind(admin.id.as_str())
        .bind(code.map(|(hash, _)| hash))
        .bind(code.map(|(_, end)| millis(end)))
        .execute(db)
        .await?;
    Ok(())
}

/// Uses up the code of an account: `false` when it is another one, used already, or too old.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn use_code(
    db: &mut AnyConnection,
    admin: &Admin,
    code_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE admins SET code_hash = NULL, code_ends_at = NULL \
         WHERE tenant_id = $1 AND admin_id = $2 AND code_hash = $3 AND code_ends_at > $4",
    )
    .bind(admin.scope.as_str())
    .bind(admin.id.as_str())
    .bind(code_hash)
    .bind(millis(now))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes the guesses of an account.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_guesses(
    db: &mut AnyConnection,
    admin: &Admin,
    guesses: Option<&Bucket>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE admins SET guesses_body = $3 WHERE tenant_id = $1 AND admin_id = $2")
        .bind(admin.scope.as_str())
        .bind(admin.id.as_str())
        .bind(guesses.map(to_json).transpose()?)
        .execute(db)
        .await?;
    Ok(())
}

/// The account of an address in a scope.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn by_email(
    db: &mut AnyConnection,
    scope: &Scope,
    email: &EmailAddress,
) -> Result<Option<StoredAdmin>, StoreError> {
    let row = sqlx::query(
        "SELECT body, password, guesses_body FROM admins WHERE tenant_id = $1 AND email_fold = $2",
    )
    .bind(scope.as_str())
    .bind(email.fold())
    .fetch_optional(db)
    .await?;
    row.map(|row| stored(&row)).transpose()
}

/// An account by its id.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(
    db: &mut AnyConnection,
    scope: &Scope,
    id: &AdminId,
) -> Result<Option<StoredAdmin>, StoreError> {
    let row =
        sqlx::query("SELECT body, password, guesses_body FROM admins WHERE tenant_id = $1 AND admin_id = $2")
            .bind(scope.as_str())
            .bind(id.as_str())
            .fetch_optional(db)
            .await?;
    row.map(|row| stored(&row)).transpose()
}

/// The accounts of a scope, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn list(db: &mut AnyConnection, scope: &Scope) -> Result<Vec<Admin>, StoreError> {
    bodies(
        db,
        "SELECT body FROM admins WHERE tenant_id = $1 ORDER BY created_at, admin_id",
        &[scope.as_str()],
    )
    .await
}

/// A session of the administration pages. The secret is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminSession {
    /// Whose account.
    pub scope: Scope,
    /// The keyed hash of the secret that the browser holds.
    pub hash: String,
    /// Which account.
    pub admin: AdminId,
    /// The account's epoch when it began.
    pub epoch: i64,
    /// When it ends unless it is used.
    pub idle_until: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
    /// In what way it began, of an account of a tenant: that tenant's rules say whether it still holds.
    pub facts: Option<SessionFacts>,
    /// What to tell on the next page.
    pub flash: Option<Flash>,
}

/// What the next page tells once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flash {
    /// Whether it went well.
    pub good: bool,
    /// A sentence.
    pub text: String,
}

/// Adds a session.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn insert_session(
    db: &mut AnyConnection,
    session: &AdminSession,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO admin_sessions (tenant_id, session_hash, admin_id, epoch, created_at, idle_until, ends_at, \
         facts_body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.scope.as_str())
    .bind(session.hash.as_str())
    .bind(session.admin.as_str())
    .bind(session.epoch)
    .bind(millis(now))
    .bind(millis(session.idle_until))
    .bind(millis(session.ends_at))
    .bind(session.facts.as_ref().map(to_json).transpose()?)
    .execute(db)
    .await?;
    Ok(())
}

/// A session by the hash of its secret.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn session(
    db: &mut AnyConnection,
    scope: &Scope,
    hash: &str,
) -> Result<Option<AdminSession>, StoreError> {
    let row = sqlx::query(
        "SELECT admin_id, epoch, idle_until, ends_at, facts_body, flash_body FROM admin_sessions \
         WHERE tenant_id = $1 AND session_hash = $2",
    )
    .bind(scope.as_str())
    .bind(hash)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id: String = column(&row, "admin_id")?;
    let flash: Option<String> = column(&row, "flash_body")?;
    let facts: Option<String> = column(&row, "facts_body")?;
    let facts = facts.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(AdminSession {
        scope: scope.clone(),
        hash: hash.to_owned(),
        admin: id.parse().map_err(|error| StoreError::corrupt("admin_id", &error))?,
        epoch: column(&row, "epoch")?,
        idle_until: from_millis(column(&row, "idle_until")?),
        ends_at: from_millis(column(&row, "ends_at")?),
        facts: facts.map_err(|error| StoreError::corrupt("facts_body", &error))?,
        flash: flash.and_then(|text| serde_json::from_str(&text).ok()),
    }))
}

/// Notes that a session is used.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn touch_session(
    db: &mut AnyConnection,
    session: &AdminSession,
    idle_until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE admin_sessions SET idle_until = $3 WHERE tenant_id = $1 AND session_hash = $2")
        .bind(session.scope.as_str())
        .bind(session.hash.as_str())
        .bind(millis(idle_until))
        .execute(db)
        .await?;
    Ok(())
}

/// Leaves something to tell on the session's next page, or takes it away.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_flash(
    db: &mut AnyConnection,
    session: &AdminSession,
    flash: Option<&Flash>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE admin_sessions SET flash_body = $3 WHERE tenant_id = $1 AND session_hash = $2")
        .bind(session.scope.as_str())
        .bind(session.hash.as_str())
        .bind(flash.map(to_json).transpose()?)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that a form of a session was sent: `false` when it was sent before.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn use_form(
    db: &mut AnyConnection,
    session: &AdminSession,
    form: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO admin_forms (tenant_id, session_hash, form) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id, session_hash, form) DO NOTHING",
    )
    .bind(session.scope.as_str())
    .bind(session.hash.as_str())
    .bind(form)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a session.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn end_session(db: &mut AnyConnection, scope: &Scope, hash: &str) -> Result<(), StoreError> {
    run(db, "DELETE FROM admin_sessions WHERE tenant_id = $1 AND session_hash = $2", &[scope.as_str(), hash])
        .await
}

/// Notes on what a session stands now.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_facts(
    db: &mut AnyConnection,
    session: &AdminSession,
    facts: &SessionFacts,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE admin_sessions SET facts_body = $3 WHERE tenant_id = $1 AND session_hash = $2")
        .bind(session.scope.as_str())
        .bind(session.hash.as_str())
        .bind(to_json(facts)?)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives an account other emergency codes, by their hashes; the old ones work no longer.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_emergency_codes(
    db: &mut AnyConnection,
    admin: &Admin,
    hashes: &[String],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM emergency_codes WHERE tenant_id = $1 AND admin_id = $2")
        .bind(admin.scope.as_str())
        .bind(admin.id.as_str())
        .execute(&mut *db)
        .await?;
    for hash in hashes {
        sqlx::query("INSERT INTO emergency_codes (tenant_id, admin_id, code_hash) VALUES ($1, $2, $3)")
            .bind(admin.scope.as_str())
            .bind(admin.id.as_str())
            .bind(hash.as_str())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// How many emergency codes an account has left.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn emergency_codes(db: &mut AnyConnection, admin: &Admin) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS total FROM emergency_codes WHERE tenant_id = $1 AND admin_id = $2";
    let row = sqlx::query(sql).bind(admin.scope.as_str()).bind(admin.id.as_str()).fetch_one(db).await?;
    column(&row, "total")
}

/// Uses up an emergency code: `false` when it is none of the account's, or was used.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn use_emergency_code(
    db: &mut AnyConnection,
    admin: &Admin,
    hash: &str,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("DELETE FROM emergency_codes WHERE tenant_id = $1 AND admin_id = $2 AND code_hash = $3")
            .bind(admin.scope.as_str())
            .bind(admin.id.as_str())
            .bind(hash)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all sessions of an account.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn end_sessions_of(db: &mut AnyConnection, admin: &Admin) -> Result<(), StoreError> {
    run(
        db,
        "DELETE FROM admin_sessions WHERE tenant_id = $1 AND admin_id = $2",
        &[admin.scope.as_str(), admin.id.as_str()],
    )
    .await
}

/// One line of the trail of what concerns no tenant: accounts of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done or tried.
    pub action: tenant_model::Action,
    /// The account that it concerns.
    pub admin: AdminId,
    /// What changed, in a word.
    pub change: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// Appends to the operator's trail.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn note(db: &mut AnyConnection, event: &OperatorEvent) -> Result<(), StoreError> {
    let id = random::uuid().map_err(|error| StoreError::Failed(error.to_string()))?;
    sqlx::query("INSERT INTO operator_audit (at, audit_id, body) VALUES ($1, $2, $3)")
        .bind(millis(event.at))
        .bind(id.to_string())
        .bind(to_json(event)?)
        .execute(db)
        .await?;
    Ok(())
}

/// The latest events of the operator's trail, newest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn recent(db: &mut AnyConnection, count: u32) -> Result<Vec<OperatorEvent>, StoreError> {
    let rows = sqlx::query("SELECT body FROM operator_audit ORDER BY at DESC, audit_id DESC LIMIT $1")
        .bind(i64::from(count))
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

fn stored(row: &AnyRow) -> Result<StoredAdmin, StoreError> {
    let guesses: Option<String> = column(row, "guesses_body")?;
    Ok(StoredAdmin {
        admin: json(row, "body")?,
        password: column(row, "password")?,
        guesses: guesses.and_then(|text| serde_json::from_str(&text).ok()),
    })
}
