//! Mail domains, on the operator's word.

use tenant_model::{Actor, ConnectionId, Domain, TenantId, claim_by_operator, domain_event};

use super::CommandError;
use crate::app::Base;
use crate::clock;
use crate::store::{StoreError, domains, people, tenants};

/// Says that a tenant owns a domain, and where people with such an address sign in.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn verify(
    base: &Base,
    tenant: &str,
    domain: &str,
    routes_to: Option<&str>,
) -> Result<(), CommandError> {
    let now = clock::now();
    let (id, domain) = (TenantId::parse(tenant)?, Domain::parse(domain)?);
    let routes_to = routes_to.map(ConnectionId::parse).transpose()?;
    let mut tx = base.store.begin(&id).await?;
    let mut tenant =
        tenants::find(&mut tx, &id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    if let Some(connection) = &routes_to
        && tenants::saml(&mut tx, &id, connection).await?.is_none()
    {
        return Err(CommandError::NoConnection(id.to_string(), connection.to_string()));
    }
    let mut claim = claim_by_operator(&domain, now).map_err(CommandError::Domain)?;
    let before = tenant.domains.get(&domain).cloned();
    claim.routes_to = routes_to.or_else(|| before.as_ref().and_then(|claim| claim.routes_to.clone()));
    let was = before.map(|claim| claim.state);
    let event = domain_event(&id, &domain, was.as_ref(), &claim.state, &Actor::Operator, now);
    tenant.domains.insert(domain.clone(), claim);
    domains::put_tenant(&mut tx, &tenant).await.map_err(|error| match error {
        StoreError::Taken { .. } => CommandError::DomainTaken(domain.to_string()),
        other => other.into(),
    })?;
    people::audit(&mut tx, &event.into_iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(())
}

/// Each domain of a tenant: name, state, and the connection that it leads to.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let id = TenantId::parse(tenant)?;
    let mut db = base.store.read().await?;
    let tenant = tenants::find(&mut db, &id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    let to = |claim: &tenant_model::DomainClaim| {
        claim.routes_to.as_ref().map_or("-".to_owned(), ToString::to_string)
    };
    Ok(tenant
        .domains
        .iter()
        .map(|(domain, claim)| format!("{domain}\t{}\t{}", claim.state.name(), to(claim)))
        .collect())
}
