//! Accounts of the administration pages: invite, reset, revoke, list.

use tenant_model::{Actor, EmailAddress};

use super::{CommandError, note};
use crate::admin::accounts::{self, Invitation};
use crate::admin::{Admin, AdminRight, Scope, emergency};
use crate::app::Base;
use crate::clock;
use crate::config::PublicUrl;
use crate::store::admins;

/// Invites someone; gives the one-time code.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn invite(
    base: &Base,
    email: &str,
    tenant: Option<&str>,
    rights: &[AdminRight],
    hours: i64,
) -> Result<String, CommandError> {
    let ask = Invitation {
        scope: scope(tenant)?,
        email: EmailAddress::parse(email)?,
        rights: rights.iter().copied().collect(),
        hours,
    };
    let mut tx = admins::begin(&base.store, &ask.scope).await?;
    let (_, code) = accounts::invite(&mut tx, &base.keys, ask, &Actor::Operator, clock::now()).await?;
    tx.commit().await?;
    Ok(code)
}

/// Takes a password away; gives a new one-time code.
///
/// # Errors
/// [`CommandError::NoAdmin`] when there is no such account.
pub async fn reset(
    base: &Base,
    email: &str,
    tenant: Option<&str>,
    hours: i64,
) -> Result<String, CommandError> {
    let admin = find(base, email, tenant).await?;
    let mut tx = admins::begin(&base.store, &admin.scope).await?;
    let code = accounts::reset(&mut tx, &base.keys, &admin, hours, &Actor::Operator, clock::now()).await?;
    tx.commit().await?;
    Ok(code)
}

/// Switches an account off.
///
/// # Errors
/// [`CommandError::NoAdmin`] when there is no such account.
pub async fn revoke(base: &Base, email: &str, tenant: Option<&str>) -> Result<(), CommandError> {
    let admin = find(base, email, tenant).await?;
    let mut tx = admins::begin(&base.store, &admin.scope).await?;
    accounts::revoke(&mut tx, &admin, &Actor::Operator, clock::now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives an account emergency access, or takes it away; the codes to print.
///
/// # Errors
/// [`CommandError::NoAdmin`] when there is no such account.
pub async fn emergency(
    base: &Base,
    email: &str,
    tenant: &str,
    end: bool,
) -> Result<Vec<String>, CommandError> {
    let admin = find(base, email, Some(tenant)).await?;
    let (by, now) = (Actor::Operator, clock::now());
    let mut tx = admins::begin(&base.store, &admin.scope).await?;
    let codes = if end {
        emergency::unname(&mut tx, &admin, &by, now).await?;
        Vec::new()
    } else {
        emergency::name(&mut tx, &base.keys, &admin, &by, now).await?
    };
    tx.commit().await?;
    Ok(codes)
}

/// One line for each account.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: Option<&str>) -> Result<Vec<String>, CommandError> {
    let mut db = base.store.read().await?;
    let admins = admins::list(&mut db, &scope(tenant)?).await?;
    Ok(admins.iter().map(line).collect())
}

/// Says where the code is to be entered.
pub fn tell(url: &PublicUrl, tenant: Option<&str>, email: &str, hours: i64) {
    let query = tenant.map_or(String::new(), |tenant| format!("?org={tenant}"));
    note(&format!(
        "{email} opens {} within {hours} hours, enters this code, and chooses a password:",
        url.join(&format!("/admin/start{query}"))
    ));
}

async fn find(base: &Base, email: &str, tenant: Option<&str>) -> Result<Admin, CommandError> {
    let found = accounts::find(base, &scope(tenant)?, &EmailAddress::parse(email)?).await?;
    found.ok_or_else(|| CommandError::NoAdmin(email.to_owned()))
}

fn scope(tenant: Option<&str>) -> Result<Scope, CommandError> {
    Ok(match tenant {
        None => Scope::Operator,
        Some(tenant) => Scope::Tenant(tenant_model::TenantId::parse(tenant)?),
    })
}

fn line(admin: &Admin) -> String {
    let rights: Vec<&str> = admin.rights.iter().map(|right| right.name()).collect();
    let last = admin.last_sign_in.map_or("never".to_owned(), |at| at.to_rfc3339());
    format!("{}\t{}\t{}\t{last}", admin.email, admin.state.name(), rights.join(","))
}
