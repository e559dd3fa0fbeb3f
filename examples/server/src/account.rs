//! The one account of a person: which rows a decision of `tenant-model` needs, and how its outcome is stored.

pub mod blast;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{
    Actor, Before, Candidate, ChangedBy, DepartmentRule, DirectoryField, DirectoryPerson, GroupKey, GroupRef,
    Guard, LifecycleEvent, Link, LoginQuery, LoginRows, Person, PersonId, ProductProfile, Provision,
    ProvisionQuery, ProvisionRefusal, ProvisionRows, Right, Rights, RoleRule, RoleRules, ScimConnection,
    Tenant, TenantId, Transition, decide_provision, owner_left, provision_query, transition,
};

use crate::random;
use crate::store::members::Membership;
use crate::store::notices::{self, Happened};
use crate::store::{StoreError, directory, logins, members, people, resources, tenants, tokens};

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

/// A directory at work: whose it is, by what rules, and who sent the request.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// Its product.
    pub product: &'a ProductProfile,
    /// The directory's connection.
    pub connection: &'a ScimConnection,
    /// Who causes the change.
    pub cause: &'a Actor,
    /// Whether whole resources are replaced.
    pub by: ChangedBy,
    /// The instant of the request.
    pub now: DateTime<Utc>,
}

impl Directory<'_> {
    /// A user was made: finds or makes the person, and stores what follows.
    ///
    /// # Errors
    /// [`AccountError`]; the caller's transaction must then be dropped.
    pub async fn provision(
        &self,
        db: &mut AnyConnection,
        user: &DirectoryPerson,
    ) -> Result<Provision, AccountError> {
        let (tenant, connection) = (self.tenant, self.connection);
        let saml = tenants::all_saml(db, &tenant.id).await?;
        let rows = provision_rows(db, tenant, &provision_query(connection, &saml, user)).await?;
        let made = decide_provision(tenant, connection, &saml, user, &rows, self.cause, self.now)?;
        store(db, self.product, &connection.mapping.roles, &made.transition, self.now).await?;
        directory::put(db, &tenant.id, &made.transition.person.id, user).await?;
        Ok(made)
    }

    /// A user was changed or removed: stores what follows for the person. Sessions end in the same transaction when
    /// access shrinks.
    ///
    /// # Errors
    /// [`AccountError`]; the caller's transaction must then be dropped.
    pub async fn change(
        &self,
        db: &mut AnyConnection,
        resource: &str,
        person: &PersonId,
        user: &DirectoryPerson,
    ) -> Result<(), AccountError> {
        let (tenant, connection) = (self.tenant, self.connection);
        let Some(before) = people::find(db, &tenant.id, person).await? else {
            return Err(StoreError::Failed("a user has no person".to_owned()).into());
        };
        let guard = guard(db, tenant, &BTreeSet::from([person.clone()])).await?;
        let changed =
            transition(tenant, connection, Before::Known(&before), user, &guard, self.cause, self.now)?;
        let changed = blast::judge(db, self, &before, changed).await?;
        store(db, self.product, &connection.mapping.roles, &changed, self.now).await?;
        directory::put(db, &tenant.id, person, user).await?;
        self.tell(db, resource, user.external_id.as_deref(), &changed.events).await?;
        Ok(())
    }

    /// Members came to a group or left it: the persons among them get the roles and the department that follow.
    ///
    /// # Errors
    /// [`AccountError`]; the caller's transaction must then be dropped.
    pub async fn regroup(
        &self,
        db: &mut AnyConnection,
        resources: &BTreeSet<String>,
    ) -> Result<(), AccountError> {
        if !looks_at_groups(self.connection) {
            return Ok(());
        }
        let tenant = &self.tenant.id;
        for id in resources {
            let Some(resource) = resources::find(db, tenant, crate::http::scim::USER, id).await? else {
                continue;
            };
            let Some(person) = resource.person else { continue };
            let Some(mut user) = directory::of_person(db, tenant, &person).await? else { continue };
            user.groups = groups(db, tenant, id).await?;
            self.change(db, id, &person, &user).await?;
        }
        Ok(())
    }

    /// Keeps what happened to a user for those who listen.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tell(
        &self,
        db: &mut AnyConnection,
        resource: &str,
        external_id: Option<&str>,
        what: &[LifecycleEvent],
    ) -> Result<(), StoreError> {
        let request = random::uuid().map_err(|error| StoreError::Failed(error.to_string()))?;
        let happened = Happened {
            uri: format!("/Users/{resource}"),
            external_id: external_id.map(str::to_owned),
            what: what.to_vec(),
            replaced: self.by == ChangedBy::Replace,
            request: request.to_string(),
        };
        notices::append(db, &self.tenant.id, &happened, self.now).await
    }
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

/// Stores a person's new state with its audit events, as [`put`] does.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn store(
    db: &mut AnyConnection,
    product: &ProductProfile,
    roles: &RoleRules,
    transition: &Transition,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    put(db, product, roles, &transition.person, now).await?;
    people::audit(db, &transition.audit).await
}

/// Stores a person's new state, whoever decided on it: a directory, a login or an administrator. Sessions end when
/// access shrank, and tokens get an end when their owner is no active admin any more.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn put(
    db: &mut AnyConnection,
    product: &ProductProfile,
    roles: &RoleRules,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let before = people::find(db, &person.tenant, &person.id).await?;
    let active_admin = |person: &Person| person.state.is_active() && is_admin(roles, person);
    let led = before.as_ref().is_some_and(active_admin);
    people::put(db, person, is_admin(roles, person)).await?;
    if before.is_some_and(|before| before.epoch != person.epoch) || !person.state.is_active() {
        logins::end_sessions_of(db, &person.tenant, &person.id).await?;
    }
    if led && !active_admin(person) {
        orphan(db, product, person, now).await?;
    }
    Ok(())
}

/// TOK-09: what becomes of the tokens of someone who is no active admin any more.
async fn orphan(
    db: &mut AnyConnection,
    product: &ProductProfile,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for token in tokens::of_tenant(db, &person.tenant).await? {
        if token.owner.as_ref() != Some(&person.id) || !token.is_live(now) {
            continue;
        }
        if let Some((row, event)) = owner_left(&product.tokens, &token, now) {
            tokens::update(db, &row).await?;
            people::audit(db, &[event]).await?;
        }
    }
    Ok(())
}

/// What a person may do in the tenant as an administrator: all but say whom a connection trusts, which the operator
/// gives to no one by a role (TEN-10).
#[must_use]
pub fn rights(person: &Person, roles: &RoleRules) -> Rights {
    let admin = person.state.is_active() && is_admin(roles, person);
    let granted = if admin { [Right::Members, Right::Security].into() } else { BTreeSet::new() };
    Rights { tenant: person.tenant.clone(), granted }
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

/// All active persons of a tenant, with what belongs to them: for a dry run that somebody waits for.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn everyone(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<Candidate>, StoreError> {
    let mut links: BTreeMap<PersonId, Vec<Link>> = BTreeMap::new();
    for link in people::links_of_tenant(db, tenant).await? {
        links.entry(link.person.clone()).or_default().push(link);
    }
    let mut known = directory::of_tenant(db, tenant).await?;
    let active = people::active(db, tenant).await?;
    let with = |person: Person| Candidate {
        links: links.remove(&person.id).unwrap_or_default(),
        directory: known.remove(&person.id),
        person,
    };
    Ok(active.into_iter().map(with).collect())
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

pub(crate) async fn guard(
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
