//! Emergency access: the accounts that get in when the identity provider does not work (TEN-13). In the terms of
//! `tenant-model` each has a person of its own, whom no directory manages and no login reaches.

use chrono::{DateTime, Utc};
use tenant_model::{
    Actor, BreakGlassError, Candidate, PersonId, PersonState, Tenant, arm_break_glass, name_break_glass,
    unname_break_glass,
};

use super::accounts::AccountFault;
use super::{Admin, AdminState, code};
use crate::keys::Keys;
use crate::random;
use crate::store::{StoreError, Tx, admins, directory, domains, people, tenants};

/// Gives an account emergency access; the codes, of which each signs in once, beside the password.
///
/// # Errors
/// [`AccountFault`]; then the caller's transaction must be dropped.
pub async fn name(
    tx: &mut Tx,
    keys: &Keys,
    admin: &Admin,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Vec<String>, AccountFault> {
    let tenant = home(tx, admin).await?;
    if admin.state != AdminState::Active {
        return Err(BreakGlassError::Inactive.into());
    }
    let who = match &admin.person {
        Some(id) if tenant.break_glass.persons.contains(id) => return fresh_codes(tx, keys, admin).await,
        // Tied to single sign-on: the rules below refuse it.
        Some(id) => {
            let person = people::find(tx, &tenant.id, id).await?;
            let person = person.ok_or(AccountFault::BreakGlass(BreakGlassError::Inactive))?;
            let links = people::links_of(tx, &tenant.id, id).await?;
            let directory = directory::of_person(tx, &tenant.id, id).await?;
            Candidate { person, links, directory }
        }
        None => {
            let mut person =
                tenant_model::Person::new(tenant.id.clone(), PersonId::from_uuid(random::uuid()?));
            person.display_name = Some(format!("Emergency access of {}", admin.email));
            Candidate { person, links: Vec::new(), directory: None }
        }
    };
    let (break_glass, person, event) = name_break_glass(&tenant, &who, by, now)?;
    people::put(tx, &person, false).await?;
    domains::put_tenant(tx, &Tenant { break_glass, ..tenant }).await?;
    admins::update(tx, &Admin { person: Some(person.id), ..admin.clone() }).await?;
    people::audit(tx, &[event]).await?;
    fresh_codes(tx, keys, admin).await
}

/// Takes emergency access from an account, if another has it or single sign-on is not enforced.
///
/// # Errors
/// [`AccountFault`]; then the caller's transaction must be dropped.
pub async fn unname(
    tx: &mut Tx,
    admin: &Admin,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Admin, AccountFault> {
    if admin.scope.tenant().is_none() {
        return Ok(admin.clone());
    }
    let tenant = home(tx, admin).await?;
    let Some(id) = admin.person.as_ref().filter(|id| tenant.break_glass.persons.contains(*id)) else {
        return Ok(admin.clone());
    };
    let person = people::find(tx, &tenant.id, id).await?;
    let person = person.ok_or_else(|| StoreError::Failed("emergency access of nobody".to_owned()))?;
    let (break_glass, mut person, event) = unname_break_glass(&tenant, &person, by, now)?;
    person.state = PersonState::Removed { at: now };
    people::put(tx, &person, false).await?;
    domains::put_tenant(tx, &Tenant { break_glass, ..tenant }).await?;
    let admin = Admin { person: None, ..admin.clone() };
    admins::update(tx, &admin).await?;
    admins::put_emergency_codes(tx, &admin, &[]).await?;
    people::audit(tx, &[event]).await?;
    Ok(admin)
}

/// Opens emergency access for some hours.
///
/// # Errors
/// [`AccountFault`]; then the caller's transaction must be dropped.
pub async fn arm(
    tx: &mut Tx,
    tenant: Tenant,
    hours: u16,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(), AccountFault> {
    let (break_glass, event) = arm_break_glass(&tenant, hours, by, now)?;
    domains::put_tenant(tx, &Tenant { break_glass, ..tenant }).await?;
    people::audit(tx, &[event]).await?;
    Ok(())
}

/// The hash of an emergency code as it is typed.
#[must_use]
pub fn code_hash(keys: &Keys, admin: &Admin, typed: &str) -> String {
    keys.code_hash(&format!("emergency/{}/{}/{}", admin.scope.as_str(), admin.id, code::normal(typed)))
}

async fn fresh_codes(tx: &mut Tx, keys: &Keys, admin: &Admin) -> Result<Vec<String>, AccountFault> {
    let mut codes = Vec::new();
    for _ in 0..CODES {
        codes.push(code::fresh()?);
    }
    let hashes: Vec<String> = codes.iter().map(|code| code_hash(keys, admin, code)).collect();
    admins::put_emergency_codes(tx, admin, &hashes).await?;
    Ok(codes)
}

async fn home(tx: &mut Tx, admin: &Admin) -> Result<Tenant, AccountFault> {
    let id = admin.scope.tenant().ok_or(AccountFault::NoTenant)?;
    tenants::find(tx, id).await?.ok_or(AccountFault::NoTenant)
}

/// A page of them, for the safe.
const CODES: usize = 8;
