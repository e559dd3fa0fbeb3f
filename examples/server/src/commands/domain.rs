//! Mail domains of tenants.

use std::net::SocketAddr;

use tenant_model::{Actor, Domain, TenantId};

use super::CommandError;
use crate::app::Base;
use crate::clock;
use crate::dns::Dns;
use crate::domains::{self, DomainFault, Routing};
use crate::store::tenants;

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
    let (id, domain) = (TenantId::parse(tenant)?, Domain::parse(domain)?);
    let done = domains::vouch(base, &id, &domain, &routing(routes_to)?, clock::now()).await;
    done.map_err(|fault| plain(fault, &id, &domain))
}

/// Begins the proof by the DNS: name and value of the record to publish.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn claim(
    base: &Base,
    tenant: &str,
    domain: &str,
    routes_to: Option<&str>,
) -> Result<String, CommandError> {
    let (id, domain) = (TenantId::parse(tenant)?, Domain::parse(domain)?);
    let routing = routing(routes_to)?;
    let record = domains::claim(base, &id, &domain, &routing, &Actor::Operator, clock::now()).await;
    let record = record.map_err(|fault| plain(fault, &id, &domain))?;
    Ok(format!("{}\t{}", record.name, record.value))
}

/// Looks the record of a domain up: the state, and what was found in a sentence.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn check(
    base: &Base,
    tenant: &str,
    domain: &str,
    dns_server: Option<SocketAddr>,
) -> Result<(&'static str, String), CommandError> {
    let (id, domain) = (TenantId::parse(tenant)?, Domain::parse(domain)?);
    let dns = Dns::new(dns_server);
    let done = domains::check(base, &dns, &id, &domain, &Actor::Operator, clock::now()).await;
    let done = done.map_err(|fault| plain(fault, &id, &domain))?;
    Ok((done.state.name(), done.sentence(&domain)))
}

/// Lets a domain go.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn release(base: &Base, tenant: &str, domain: &str) -> Result<(), CommandError> {
    let (id, domain) = (TenantId::parse(tenant)?, Domain::parse(domain)?);
    let done = domains::release(base, &id, &domain, &Actor::Operator, clock::now()).await;
    done.map_err(|fault| plain(fault, &id, &domain))
}

/// Each domain of a tenant: name, state, and the connection that it leads to.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let id = TenantId::parse(tenant)?;
    let mut db = base.store.read().await?;
    let tenant = tenants::find(&mut db, &id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    let lines = tenant
        .domains
        .iter()
        .map(|(domain, claim)| format!("{domain}\t{}\t{}", claim.state.name(), Routing::of(claim).word()));
    Ok(lines.collect())
}

/// What is not named stays as it is.
fn routing(routes_to: Option<&str>) -> Result<Routing, CommandError> {
    Ok(routes_to.map(Routing::parse).transpose()?.unwrap_or(Routing::Same))
}

fn plain(fault: DomainFault, id: &TenantId, domain: &Domain) -> CommandError {
    match fault {
        DomainFault::NoConnection(connection) => {
            CommandError::NoConnection(id.to_string(), connection.to_string())
        }
        DomainFault::NoTenant => CommandError::NoTenant(id.to_string()),
        DomainFault::Store(error) => error.into(),
        DomainFault::Taken => CommandError::DomainTaken(domain.to_string()),
        other => other.into(),
    }
}
