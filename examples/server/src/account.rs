//! The one account of a person: which rows a decision of `tenant-model` needs, and how its outcome is stored.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{
    Actor, Before, Candidate, DepartmentRule, DirectoryField, DirectoryPerson, GroupKey, GroupRef, Guard,
    LoginQuery, LoginRows, Person, PersonId, ProvisionQuery, ProvisionRefusal, ProvisionRows, RoleRule,
    RoleRules, ScimConnection, Tenant, TenantId, Transition, decide_provision, provision_query, transition,
};

use crate::random;
use crate::store::members::Membership;
use crate::store::{StoreError, directory, logins, members, people, resources, tenants};

/// The rows that a login's decision needs.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn login_rows(db: &mut AnyConnection, query: &LoginQuery) -> Result<LoginRows, StoreError> {
    let tenant = &query.tenant;
    let mut rows = LoginRows::none(fresh_person()?);
    if let Some(link) = people::link(db, tenant, &query.connection, &query.subject).await? {
        rows.linked = candidate(db, tenant, &link.person).await?;
    }
    if let Some(pairing) = &query.pairing {
        let mut found = BTreeSet::new();
        for field in &pairing.fields {
            found.extend(directory::with_field(db, tenant, *field, &pairing.value).await?);
        }
        rows.paired = candidates(db, tenant, found).await?;
    }
    if let Some(email) = &query.email {
        let mut found: BTreeSet<PersonId> =
            people::by_email(db, tenant, email).await?.into_iter().map(|person| person.id).collect();
        found.extend(directory::with_field(db, tenant, DirectoryField::PrimaryEmail, &email.fold()).await?);
        rows.by_email = candidates(db, tenant, found).await?;
    }
    rows.directory_in_use = directory::is_in_use(db, tenant).await?;
    Ok(rows)
}

/// A directory made a user: finds or makes the person, and stores what follows.
///
/// # Errors
/// [`AccountError`]; the caller's transaction must then be dropped.
pub async fn provision(
    db: &mut AnyConnection,
    tenant: &Tenant,
    connection: &ScimConnection,
    user: &DirectoryPerson,
    cause: &Actor,
    now: DateTime<Utc>,
) -> Result<PersonId, AccountError> {
    let saml = tenants::all_saml(db, &tenant.id).await?;
    let rows = provision_rows(db, tenant, &provision_query(connection, &saml, user)).await?;
    let provision = decide_provision(tenant, connection, &saml, user, &rows, cause, now)?;
    store(db, &connection.mapping.roles, &provision.transition).await?;
    let person = provision.transition.person.id;
    directory::put(db, &tenant.id, &person, user).await?;
    Ok(person)
}

/// A directory changed or removed a user: stores what follows for the person. Sessions end in the same transaction
/// when access shrinks.
///
/// # Errors
/// [`AccountError`]; the caller's transaction must then be dropped.
pub async fn change(
    db: &mut AnyConnection,
    tenant: &Tenant,
    connection: &ScimConnection,
    person: &PersonId,
    user: &DirectoryPerson,
    cause: &Actor,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    let Some(before) = people::find(db, &tenant.id, person).await? else {
        return Err(StoreError::Failed("a user has no person".to_owned()).into());
    };
    let guard = guard(db, tenant, &BTreeSet::from([person.clone()])).await?;
    let transition = transition(tenant, connection, Before::Known(&before), user, &guard, cause, now)?;
    store(db, &connection.mapping.roles, &transition).await?;
    directory::put(db, &tenant.id, person, user).await?;
    Ok(())
}

/// The groups of a user, as rules look at them.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn groups(
    db: &mut AnyConnection,
    tenant: &TenantId,
    resource: &str,
) -> Result<BTreeSet<GroupRef>, StoreError> {
    let mut found = members::of_members(db, tenant, &[resource]).await?;
    Ok(found.remove(resource).unwrap_or_default().into_iter().filter_map(group_ref).collect())
}

/// Members came to a group or left it: the persons among them get the roles and the department that follow.
///
/// # Errors
/// [`AccountError`]; the caller's transaction must then be dropped.
pub async fn regroup(
    db: &mut AnyConnection,
    tenant: &Tenant,
    connection: &ScimConnection,
    resources: &BTreeSet<String>,
    cause: &Actor,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    if !looks_at_groups(connection) {
        return Ok(());
    }
    for id in resources {
        let Some(resource) = resources::find(db, &tenant.id, crate::http::scim::USER, id).await? else {
            continue;
        };
        let Some(person) = resource.person else { continue };
        let Some(mut user) = directory::of_person(db, &tenant.id, &person).await? else { continue };
        user.groups = groups(db, &tenant.id, id).await?;
        change(db, tenant, connection, &person, &user, cause, now).await?;
    }
    Ok(())
}

/// Stores a person's new state with its audit events, and ends sessions when access shrank.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn store(
    db: &mut AnyConnection,
    roles: &RoleRules,
    transition: &Transition,
) -> Result<(), StoreError> {
    let person = &transition.person;
    let before = people::find(db, &person.tenant, &person.id).await?;
    people::put(db, person, is_admin(roles, person)).await?;
    if before.is_some_and(|before| before.epoch != person.epoch) || !person.state.is_active() {
        logins::end_sessions_of(db, &person.tenant, &person.id).await?;
    }
    people::audit(db, &transition.audit).await
}

/// Whether one of a person's roles is an admin's.
#[must_use]
pub fn is_admin(roles: &RoleRules, person: &Person) -> bool {
    person.grants.iter().any(|grant| roles.is_admin(&grant.role))
}

/// Why an account was not made or changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The rules of the tenant.
    #[error(transparent)]
    Refused(#[from] ProvisionRefusal),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether roles or departments follow from groups; if not, a change of membership touches no person.
fn looks_at_groups(connection: &ScimConnection) -> bool {
    let by_group = |rule: &RoleRule| matches!(rule, RoleRule::Group { .. });
    connection.mapping.departments == DepartmentRule::Groups
        || connection.mapping.roles.rules().iter().any(by_group)
}

async fn provision_rows(
    db: &mut AnyConnection,
    tenant: &Tenant,
    query: &ProvisionQuery,
) -> Result<ProvisionRows, StoreError> {
    let id = &query.tenant;
    let mut rows = ProvisionRows::none(fresh_person()?);
    if let Some(external_id) = &query.external_id {
        let found = directory::with_field(db, id, DirectoryField::ExternalId, external_id).await?;
        rows.by_external_id = candidates(db, id, found).await?;
    }
    let found = directory::with_field(db, id, DirectoryField::UserName, &query.user_name).await?;
    rows.by_user_name = candidates(db, id, found).await?;
    if let Some(email) = &query.email {
        let found = people::by_email(db, id, email).await?.into_iter().map(|person| person.id);
        rows.by_email = candidates(db, id, found).await?;
    }
    let mut found = BTreeSet::new();
    for subject in &query.subjects {
        for value in &subject.values {
            found.extend(people::linked_as(db, id, &subject.connection, value).await?);
        }
    }
    rows.by_subject = candidates(db, id, found).await?;
    let lists = [&rows.by_external_id, &rows.by_user_name, &rows.by_email, &rows.by_subject];
    let known = lists.into_iter().flatten().map(|candidate| candidate.person.id.clone()).collect();
    rows.guard = guard(db, tenant, &known).await?;
    Ok(rows)
}

async fn candidates(
    db: &mut AnyConnection,
    tenant: &TenantId,
    ids: impl IntoIterator<Item = PersonId>,
) -> Result<Vec<Candidate>, StoreError> {
    let mut out = Vec::new();
    for id in ids {
        out.extend(candidate(db, tenant, &id).await?);
    }
    Ok(out)
}

async fn candidate(
    db: &mut AnyConnection,
    tenant: &TenantId,
    id: &PersonId,
) -> Result<Option<Candidate>, StoreError> {
    let Some(person) = people::find(db, tenant, id).await? else { return Ok(None) };
    let links = people::links_of(db, tenant, id).await?;
    let directory = directory::of_person(db, tenant, id).await?;
    Ok(Some(Candidate { person, links, directory }))
}

async fn guard(
    db: &mut AnyConnection,
    tenant: &Tenant,
    without: &BTreeSet<PersonId>,
) -> Result<Guard, StoreError> {
    Ok(Guard {
        other_active_admins: people::other_active_admins(db, &tenant.id, without).await?,
        break_glass_exists: !tenant.break_glass.persons.is_empty(),
    })
}

fn group_ref(group: Membership) -> Option<GroupRef> {
    Some(GroupRef { id: GroupKey::parse(&group.id).ok()?, display: group.display.unwrap_or_default() })
}

fn fresh_person() -> Result<PersonId, StoreError> {
    random::uuid().map(PersonId::from_uuid).map_err(|error| StoreError::Failed(error.to_string()))
}
