//! People: who they are, their roles, and deactivations that wait.

use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, Author, ChangedBy, EmailAddress, Person, PersonId, PersonState,
    ProductProfile, Role, RoleName, RoleRules, Target, Tenant, TenantId, give_role, take_role,
};

use super::CommandError;
use super::connections::{each_scim, known};
use super::tenant::product;
use crate::account::{self, Directory, blast};
use crate::app::Base;
use crate::cli::products::PersonRole;
use crate::store::{Tx, deactivations, people, tenants};
use crate::{clock, trust};

/// Whether someone is among the members: active, and not only with roles that are hidden.
#[must_use]
pub fn is_member(rules: &RoleRules, person: &Person) -> bool {
    let hidden = |name: &RoleName| rules.catalogue().iter().any(|role| role.name == *name && role.hidden);
    let roles = person.roles();
    person.state.is_active() && (roles.is_empty() || roles.iter().any(|name| !hidden(name)))
}

/// The roles that exist in a tenant: its product's, and its own.
///
/// # Errors
/// [`crate::store::StoreError`] when the database fails.
pub async fn rules(
    db: &mut AnyConnection,
    tenant: &Tenant,
    product: &ProductProfile,
) -> Result<RoleRules, crate::store::StoreError> {
    let first = tenants::all_scim(db, &tenant.id).await?.into_iter().next();
    Ok(first.map_or_else(|| product.roles.clone(), |connection| connection.mapping.roles))
}

/// One line for each member.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str, all: bool) -> Result<Vec<String>, CommandError> {
    let mut db = base.store.read().await?;
    let tenant = known(&mut db, &TenantId::parse(tenant)?).await?;
    let rules = rules(&mut db, &tenant, &*product(base, tenant.profile.as_str())?).await?;
    let persons = people::list(&mut db, &tenant.id, u32::MAX).await?;
    let line = |person: &Person| {
        let state = match &person.state {
            PersonState::Active => "active",
            PersonState::Inactive { .. } => "inactive",
            PersonState::Removed { .. } => "removed",
        };
        let roles: Vec<_> = person.roles().iter().map(ToString::to_string).collect();
        let department = person.department.as_ref().map_or("-".to_owned(), ToString::to_string);
        let email = person.email.as_ref().map_or("-", EmailAddress::as_str);
        format!("{}\t{state}\t{}\t{department}\t{email}", person.id, roles.join(","))
    };
    Ok(persons.iter().filter(|person| all || is_member(&rules, person)).map(line).collect())
}

/// Adds a role of the tenant's own.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn add_role(
    base: &Base,
    tenant: &str,
    role: &str,
    display: Option<String>,
    priority: u16,
) -> Result<(), CommandError> {
    let (id, now) = (TenantId::parse(tenant)?, clock::now());
    let role = Role { name: RoleName::parse(role)?, display, priority, admin: false, hidden: false };
    let mut tx = base.store.begin(&id).await?;
    known(&mut tx, &id).await?;
    let with = |rules: &RoleRules| rules.with_custom_role(role.clone()).map_err(CommandError::Roles);
    each_scim(&mut tx, &id, |connection| {
        connection.mapping.roles = with(&connection.mapping.roles)?;
        Ok(())
    })
    .await?;
    for connection in tenants::all_saml(&mut tx, &id).await? {
        if let Some(mut stored) = tenants::saml(&mut tx, &id, &connection.id).await? {
            stored.connection.mapping.roles = with(&stored.connection.mapping.roles)?;
            tenants::put_saml(&mut tx, &stored).await?;
        }
    }
    let event = AuditEvent::done(&id, now, Actor::Operator, Action::RoleRulesChanged, Target::Tenant)
        .with_change("catalogue", None, Some(role.name.to_string()));
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a role by hand, or takes one back.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn change_role(base: &Base, wanted: &PersonRole, give: bool) -> Result<(), CommandError> {
    let (id, now) = (TenantId::parse(&wanted.tenant)?, clock::now());
    let role = RoleName::parse(&wanted.role)?;
    let mut tx = base.store.begin(&id).await?;
    let tenant = known(&mut tx, &id).await?;
    let product = product(base, tenant.profile.as_str())?;
    let person = person(&mut tx, &id, &wanted.person).await?;
    let rules = rules(&mut tx, &tenant, &product).await?;
    let rights = trust::operator(&id, []);
    let changed = if give {
        give_role(&person, &role, &rules, Author::Operator, &rights, now)
    } else {
        let guard = account::guard(&mut tx, &tenant, &[person.id.clone()].into()).await?;
        take_role(&person, &role, &rules, Author::Operator, &rights, &guard, now)
    };
    let changed = changed.map_err(CommandError::Role)?;
    account::store(&mut tx, &product, &rules, &changed, now).await?;
    tx.commit().await?;
    Ok(())
}

/// One line for each deactivation that waits.
///
/// # Errors
/// [`CommandError`].
pub async fn held(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let mut db = base.store.read().await?;
    let tenant = known(&mut db, &TenantId::parse(tenant)?).await?;
    let held = deactivations::held(&mut db, &tenant.id).await?;
    Ok(held
        .iter()
        .map(|one| format!("{}\t{}\t{}", one.person, one.connection, one.at.to_rfc3339()))
        .collect())
}

/// Lets deactivations go; says how many.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn release(base: &Base, tenant: &str, only: Option<&str>) -> Result<usize, CommandError> {
    let (id, now) = (TenantId::parse(tenant)?, clock::now());
    let only = only.map(PersonId::parse).transpose()?;
    let mut tx = base.store.begin(&id).await?;
    let tenant = known(&mut tx, &id).await?;
    let product = product(base, tenant.profile.as_str())?;
    let mut count = 0_usize;
    for one in deactivations::held(&mut tx, &id).await? {
        if only.as_ref().is_some_and(|person| *person != one.person) {
            continue;
        }
        let Some(connection) = tenants::scim(&mut tx, &id, &one.connection).await? else { continue };
        // It stays the directory's deactivation, so that the directory may take it back.
        let cause = blast::cause_of_release(&connection);
        let work = Directory {
            tenant: &tenant,
            product: &product,
            connection: &connection,
            cause: &cause,
            by: ChangedBy::Patch,
            now,
        };
        if blast::release(&mut tx, &work, &one.person).await? {
            let target = Target::Person(one.person.clone());
            let event = AuditEvent::done(&id, now, Actor::Operator, Action::BlastRadius, target);
            people::audit(&mut tx, &[event]).await?;
            count = count.saturating_add(1);
        }
    }
    tx.commit().await?;
    Ok(count)
}

/// A person by id, else the only one with an address.
pub(crate) async fn person(tx: &mut Tx, tenant: &TenantId, text: &str) -> Result<Person, CommandError> {
    if let Ok(id) = PersonId::parse(text)
        && let Some(person) = people::find(tx, tenant, &id).await?
    {
        return Ok(person);
    }
    let missing = || CommandError::NoPerson(tenant.to_string());
    let email = EmailAddress::parse(text).map_err(|_| missing())?;
    let mut found = people::by_email(tx, tenant, &email).await?.into_iter();
    match (found.next(), found.next()) {
        (Some(person), None) => Ok(person),
        _ => Err(missing()),
    }
}
