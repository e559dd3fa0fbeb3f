//! Whether a tenant's people sign in by single sign-on, and emergency access.

use std::collections::BTreeSet;

use tenant_model::{Actor, ConnectionId, TenantId};

use super::CommandError;
use crate::admin::emergency;
use crate::app::Base;
use crate::cli::{Policy, SsoPolicy};
use crate::clock;
use crate::policy::{self, AdminWay, DryRun, PolicyFault, Relaxed};
use crate::store::tenants;

/// Shows, tries out or sets the policy; the lines to print.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn run(base: &Base, options: &SsoPolicy) -> Result<Vec<String>, CommandError> {
    let now = clock::now();
    let id = TenantId::parse(&options.id)?;
    let to = match options.set {
        None => return Ok(vec![known(base, &id).await?.sso.name().to_owned()]),
        Some(Policy::Enforced) => return enforce(base, &id, options).await,
        Some(Policy::Off) => Relaxed::Off,
        Some(Policy::Optional) => Relaxed::Optional,
    };
    let mut tx = base.store.begin(&id).await?;
    let after = policy::relax(&mut tx, &id, to, &Actor::Operator, now).await?;
    tx.commit().await?;
    Ok(vec![after.sso.name().to_owned()])
}

async fn enforce(base: &Base, id: &TenantId, options: &SsoPolicy) -> Result<Vec<String>, CommandError> {
    let now = clock::now();
    let mut chosen = BTreeSet::new();
    for connection in &options.connection {
        chosen.insert(ConnectionId::parse(connection)?);
    }
    if chosen.is_empty() {
        let mut db = base.store.read().await?;
        let all = tenants::all_saml(&mut db, id).await?;
        chosen.extend(all.into_iter().filter(|c| c.state.is_active()).map(|c| c.id));
    }
    let Some(confirm) = &options.confirm else {
        let tenant = known(base, id).await?;
        let mut db = base.store.read().await?;
        return Ok(lines(&policy::dry_run(base, &mut db, &tenant, &chosen, now).await?));
    };
    let mut tx = base.store.begin(id).await?;
    let after = policy::enforce(base, &mut tx, id, &chosen, confirm, &Actor::Operator, now).await?;
    tx.commit().await?;
    Ok(vec![after.sso.name().to_owned()])
}

/// Opens emergency access.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn open(base: &Base, tenant: &str, hours: u16) -> Result<(), CommandError> {
    let id = TenantId::parse(tenant)?;
    let mut tx = base.store.begin(&id).await?;
    let tenant = tenants::find(&mut tx, &id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    emergency::arm(&mut tx, tenant, hours, &Actor::Operator, clock::now()).await?;
    tx.commit().await?;
    Ok(())
}

fn lines(run: &DryRun) -> Vec<String> {
    let found = &run.preview;
    let mut out = vec![
        format!("ready\t{}", found.ready.len()),
        format!("will pair\t{}", found.will_pair.len()),
        format!("emergency access\t{}", found.break_glass.len()),
    ];
    let shut = |who: &str, why: &str| format!("shut out\t{who}\t{why}");
    out.extend(found.shut_out.iter().map(|gone| shut(run.name(&gone.person), policy::why(gone.why))));
    for (admin, way) in &run.admins {
        let way = match way {
            AdminWay::Emergency => "emergency access",
            AdminWay::None => "shut out",
            AdminWay::SingleSignOn => "single sign-on",
        };
        out.push(format!("administrator\t{}\t{way}", admin.email));
    }
    out.extend(found.blockers.iter().map(|blocker| format!("missing\t{}\t{blocker}", blocker.code())));
    if found.blockers.is_empty() {
        out.push(format!("confirm\t{}", run.digest));
    }
    out
}

async fn known(base: &Base, id: &TenantId) -> Result<tenant_model::Tenant, CommandError> {
    let mut db = base.store.read().await?;
    let tenant = tenants::find(&mut db, id).await?;
    tenant.ok_or_else(|| PolicyFault::NoTenant.into())
}
