//! Tenants as they change, and whose a mail domain is.

use sqlx::AnyConnection;
use tenant_model::{Domain, DomainState, Tenant};

use super::StoreError;
use super::row::column;
use super::tenants;
use crate::clock::millis;

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
            DomainState::Lapsed { since, .. } => Some(millis(*since)),
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

/// Mail domains have three or four parts.
const DEEPEST: usize = 6;
