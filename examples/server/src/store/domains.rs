//! Tenants as they change, and whose a mail domain is.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use tenant_model::{Domain, DomainState, Tenant, TenantId};

use super::StoreError;
use super::row::{column, run};
use super::tenants;
use crate::clock::{from_millis, millis};

/// Stores a changed tenant with its domains; its version grows. Call it in a transaction that began with the tenant, on
/// what was read in it.
///
/// # Errors
/// [`StoreError::Taken`] when a domain is verified for another tenant.
pub async fn put_tenant(db: &mut AnyConnection, tenant: &Tenant) -> Result<Tenant, StoreError> {
    let mut after = tenant.clone();
    after.version = tenant.version.saturating_add(1);
    tenants::update(db, &after).await?;
    Ok(after)
}

/// Writes down whose the domains of a tenant are.
///
/// # Errors
/// [`StoreError::Taken`] when a domain is verified for another tenant.
pub(super) async fn put_claims(db: &mut AnyConnection, after: &Tenant) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM domain_claims WHERE tenant_id = $1")
        .bind(after.id.as_str())
        .execute(&mut *db)
        .await?;
    for (domain, claim) in &after.domains {
        let check_at = match &claim.state {
            DomainState::Verified { recheck_due, .. } => Some(millis(*recheck_due)),
            // Not at once: to another node that looks now, it would be due again.
            DomainState::Lapsed { since, .. } => {
                Some(millis(since.checked_add_signed(LAPSED_AGAIN).unwrap_or(*since)))
            }
            DomainState::Failed { .. } | DomainState::Pending { .. } => None,
        };
        sqlx::query("INSERT INTO domain_claims (tenant_id, domain, state, check_at) VALUES ($1, $2, $3, $4)")
            .bind(after.id.as_str())
            .bind(domain.as_str())
            .bind(claim.state.name())
            .bind(check_at)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// The tenant for which a domain, or else the nearest one above it, is verified.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn tenant_of(db: &mut AnyConnection, domain: &Domain) -> Result<Option<Tenant>, StoreError> {
    let mut name = domain.as_str();
    let mut found = None;
    // As many look-ups for every domain of a depth, whatever they find: the time tells nothing.
    for _ in 0..DEEPEST {
        let row = sqlx::query("SELECT tenant_id FROM domain_claims WHERE domain = $1 AND state = 'verified'")
            .bind(name)
            .fetch_optional(&mut *db)
            .await?;
        if let Some(row) = row.filter(|_| found.is_none()) {
            let id: String = column(&row, "tenant_id")?;
            found = Some(id.parse().map_err(|error| StoreError::corrupt("tenant_id", &error))?);
        }
        match name.split_once('.') {
            Some((_, above)) if above.contains('.') => name = above,
            _ => break,
        }
    }
    match found {
        Some(id) => tenants::find(db, &id).await,
        None => Ok(None),
    }
}

/// The tenant for which exactly this domain is verified.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn verified_for(db: &mut AnyConnection, domain: &Domain) -> Result<Option<TenantId>, StoreError> {
    let row = sqlx::query("SELECT tenant_id FROM domain_claims WHERE domain = $1 AND state = 'verified'")
        .bind(domain.as_str())
        .fetch_optional(db)
        .await?;
    row.map(|row| tenant_id(&row)).transpose()
}

/// A domain whose record is to be looked up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub tenant: TenantId,
    /// The domain.
    pub domain: Domain,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// The domains that are due, longest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn due(db: &mut AnyConnection, now: DateTime<Utc>, most: u32) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query(
        "SELECT tenant_id, domain, check_at FROM domain_claims WHERE check_at IS NOT NULL AND check_at <= $1 \
         ORDER BY check_at, tenant_id, domain LIMIT $2",
    )
    .bind(millis(now))
    .bind(i64::from(most))
    .fetch_all(db)
    .await?;
    let read = |row: &AnyRow| {
        let domain: String = column(row, "domain")?;
        Ok(Due {
            tenant: tenant_id(row)?,
            domain: domain.parse().map_err(|error| StoreError::corrupt("domain", &error))?,
            at: from_millis(column(row, "check_at")?),
        })
    };
    rows.iter().map(read).collect()
}

/// Takes a due domain for this node: `false` when another took it first. Whoever took it and dies leaves it to be taken
/// again at `until`.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn take_due(db: &mut AnyConnection, row: &Due, until: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE domain_claims SET check_at = $4 WHERE tenant_id = $1 AND domain = $2 AND check_at = $3",
    )
    .bind(row.tenant.as_str())
    .bind(row.domain.as_str())
    .bind(millis(row.at))
    .bind(millis(until))
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the sealed record that a tenant shall publish.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put_record(
    db: &mut AnyConnection,
    tenant: &TenantId,
    domain: &Domain,
    sealed: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO domain_records (tenant_id, domain, sealed) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id, domain) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(tenant.as_str())
    .bind(domain.as_str())
    .bind(sealed.to_vec())
    .execute(db)
    .await?;
    Ok(())
}

/// The sealed record of a domain.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn record(
    db: &mut AnyConnection,
    tenant: &TenantId,
    domain: &Domain,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT sealed FROM domain_records WHERE tenant_id = $1 AND domain = $2")
        .bind(tenant.as_str())
        .bind(domain.as_str())
        .fetch_optional(db)
        .await?;
    row.map(|row| column(&row, "sealed")).transpose()
}

/// Forgets the record of a domain.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn delete_record(
    db: &mut AnyConnection,
    tenant: &TenantId,
    domain: &Domain,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM domain_records WHERE tenant_id = $1 AND domain = $2";
    run(db, sql, &[tenant.as_str(), domain.as_str()]).await
}

fn tenant_id(row: &AnyRow) -> Result<TenantId, StoreError> {
    let id: String = column(row, "tenant_id")?;
    id.parse().map_err(|error| StoreError::corrupt("tenant_id", &error))
}

/// Mail domains have three or four parts.
const DEEPEST: usize = 6;
/// A record that went missing is looked for again after so long.
const LAPSED_AGAIN: TimeDelta = TimeDelta::hours(1);
