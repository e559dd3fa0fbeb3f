//! Which person a newly provisioned user is.

use chrono::{DateTime, Utc};

use crate::audit::{Action, AuditEvent, Outcome, Target};
use crate::connection::{ConnectionState, Pairing, SamlConnection, ScimConnection};
use crate::ids::{ConnectionId, Domain, EmailAddress, PersonId, TenantId};
use crate::login::Candidate;
use crate::mapping::MappingError;
use crate::person::{Actor, DirectoryPerson, DirectoryState, Link, PersonState};
use crate::tenant::{Tenant, TenantState};
use crate::transition::{Before, Guard, Transition, may_manage, transition};
use std::collections::BTreeSet;

/// Which rows to fetch before a user is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionQuery {
    /// Only inside this tenant.
    pub tenant: TenantId,
    /// For the external id also only inside this connection.
    pub connection: ConnectionId,
    /// Users of the connection with exactly this `externalId`, removed ones too.
    pub external_id: Option<String>,
    /// Users of the tenant with this `userName`, ignoring case, as long as they are not removed.
    pub user_name: String,
    /// Persons of the tenant with this address, ignoring case.
    pub email: Option<EmailAddress>,
    /// Persons with a link through one of these connections whose subject has one of these values.
    pub subjects: Vec<SubjectQuery>,
}

/// Links of a login connection by what the provider calls the person, ignoring the case of ASCII letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectQuery {
    /// The login connection.
    pub connection: ConnectionId,
    /// The values.
    pub values: BTreeSet<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct ProvisionRows {
    /// See [`ProvisionQuery::external_id`].
    pub by_external_id: Vec<Candidate>,
    /// See [`ProvisionQuery::user_name`].
    pub by_user_name: Vec<Candidate>,
    /// See [`ProvisionQuery::email`].
    pub by_email: Vec<Candidate>,
    /// See [`ProvisionQuery::subjects`].
    pub by_subject: Vec<Candidate>,
    /// The other administrators, counted.
    pub guard: Guard,
    /// An id for a new person, in case there is to be one.
    pub fresh: PersonId,
}

impl ProvisionRows {
    /// Nothing was found.
    #[must_use]
    pub fn none(fresh: PersonId) -> Self {
        Self {
            by_external_id: Vec::new(),
            by_user_name: Vec::new(),
            by_email: Vec::new(),
            by_subject: Vec::new(),
            guard: Guard::default(),
            fresh,
        }
    }
}

/// What became of a newly provisioned user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provision {
    /// Whether the person is new.
    pub step: ProvisionStep,
    /// The person to store, and what happened.
    pub transition: Transition,
}

/// Whether the person is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionStep {
    /// An account that a login or an admin had made now belongs to the directory.
    Adopted,
    /// A new person.
    Created,
    /// A person that the directory had switched off or removed comes back; answer with that user's resource.
    Reactivated,
}

/// Why a user was not provisioned.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionRefusal {
    /// Break-glass persons belong to no directory (TEN-13).
    #[error("this account is for emergencies and cannot be managed by a directory")]
    BreakGlassIsLocal,
    /// Another user has the value.
    #[error("another user has this {attribute}; find it with a filter on {attribute}")]
    Conflict {
        /// The attribute.
        attribute: &'static str,
    },
    /// The connection is not in use (TEN-21).
    #[error("provisioning is switched off for this connection")]
    ConnectionOff,
    /// The person belongs to another directory of the tenant.
    #[error("this account is managed by another directory")]
    ManagedElsewhere,
    /// The user's attributes cannot be mapped.
    #[error(transparent)]
    Mapping(MappingError),
    /// The address is not of the tenant's domains (TEN-07).
    #[error(
        "addresses of {domain} are not this organisation's; verify the domain or add the person as a guest"
    )]
    OutsideDomains {
        /// The domain.
        domain: Domain,
    },
    /// A row of another tenant; to be answered like an unknown id (TEN-18).
    #[error("this account is not known here")]
    OtherTenant,
    /// The tenant is not served.
    #[error("this organisation is not active")]
    TenantSuspended,
}

impl ProvisionRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BreakGlassIsLocal => "provision.break_glass_is_local",
            Self::Conflict { .. } => "provision.conflict",
            Self::ConnectionOff => "provision.connection_off",
            Self::ManagedElsewhere => "provision.managed_elsewhere",
            Self::Mapping(error) => error.code(),
            Self::OutsideDomains { .. } => "provision.outside_domains",
            Self::OtherTenant => "provision.other_tenant",
            Self::TenantSuspended => "provision.tenant_suspended",
        }
    }

    /// The HTTP status to answer with (RFC 7644 3.12).
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::BreakGlassIsLocal
            | Self::ConnectionOff
            | Self::ManagedElsewhere
            | Self::TenantSuspended => 403,
            Self::Conflict { .. } => 409,
            Self::Mapping(_) | Self::OutsideDomains { .. } => 400,
            Self::OtherTenant => 404,
        }
    }

    /// The audit event of this refusal (TEN-23).
    #[must_use]
    pub fn audit(&self, connection: &ScimConnection, actor: Actor, now: DateTime<Utc>) -> AuditEvent {
        let target = Target::Connection(connection.id.clone());
        AuditEvent::done(&connection.tenant, now, actor, Action::ProvisionRefused, target)
            .with_outcome(Outcome::Refused(self.code().to_owned()))
    }

    /// The `scimType` to answer with, if there is one for it (RFC 7644 3.12).
    #[must_use]
    pub fn scim_type(&self) -> Option<&'static str> {
        match self {
            Self::Conflict { .. } => Some("uniqueness"),
            Self::Mapping(_) | Self::OutsideDomains { .. } => Some("invalidValue"),
            Self::BreakGlassIsLocal
            | Self::ConnectionOff
            | Self::ManagedElsewhere
            | Self::OtherTenant
            | Self::TenantSuspended => None,
        }
    }
}

/// Says which rows [`decide_provision`] needs. `logins` are the tenant's login connections.
#[must_use]
pub fn provision_query(
    connection: &ScimConnection,
    logins: &[SamlConnection],
    user: &DirectoryPerson,
) -> ProvisionQuery {
    let subjects = paired(connection, logins).map(|(login, pairing)| SubjectQuery {
        connection: login.id.clone(),
        values: pairing.name_id_equals.iter().filter_map(|field| field.of(user)).map(str::to_owned).collect(),
    });
    ProvisionQuery {
        tenant: connection.tenant.clone(),
        connection: connection.id.clone(),
        external_id: user.external_id.clone().filter(|id| !id.is_empty()),
        user_name: user.user_name.clone(),
        email: user.address(),
        subjects: subjects.collect(),
    }
}

/// Decides which person a newly provisioned user is. `logins` are the tenant's login connections.
///
/// In order: someone the same directory had switched off or removed, by `externalId` (TEN-20); nobody, if the
/// `userName` is taken; an account without a directory that a paired login made for the same name; one that has the
/// address, if its domain is the tenant's; a new one.
///
/// # Errors
/// [`ProvisionRefusal`]; nothing is to be stored then.
pub fn decide_provision(
    tenant: &Tenant,
    connection: &ScimConnection,
    logins: &[SamlConnection],
    user: &DirectoryPerson,
    rows: &ProvisionRows,
    cause: &Actor,
    now: DateTime<Utc>,
) -> Result<Provision, ProvisionRefusal> {
    if tenant.state != TenantState::Active {
        return Err(ProvisionRefusal::TenantSuspended);
    }
    if connection.tenant != tenant.id || user.connection != connection.id {
        return Err(ProvisionRefusal::OtherTenant);
    }
    match connection.state {
        ConnectionState::Active | ConnectionState::Testing => {}
        ConnectionState::Draft | ConnectionState::Off { .. } => return Err(ProvisionRefusal::ConnectionOff),
    }
    let go = |step, before| {
        let transition = transition(tenant, connection, before, user, &rows.guard, cause, now)?;
        Ok(Provision { step, transition })
    };
    let back = returning(tenant, connection, user, rows);
    let taken = |c: &&Candidate| {
        let held = |d: &DirectoryPerson| {
            d.state != DirectoryState::Removed && d.user_name.eq_ignore_ascii_case(&user.user_name)
        };
        c.person.tenant == tenant.id
            && c.directory.as_ref().is_some_and(held)
            && back.is_none_or(|back| back.person.id != c.person.id)
    };
    if rows.by_user_name.iter().any(|c| taken(&c)) {
        return Err(ProvisionRefusal::Conflict { attribute: "userName" });
    }
    if let Some(back) = back {
        return go(ProvisionStep::Reactivated, Before::Known(&back.person));
    }
    let known = signed_in(tenant, connection, logins, user, rows);
    match known.or_else(|| same_address(tenant, connection, user, rows, now)) {
        Some(found) => go(ProvisionStep::Adopted, Before::Known(&found.person)),
        None => go(ProvisionStep::Created, Before::New(&rows.fresh)),
    }
}

/// The login connections whose people this directory provisions.
fn paired<'a>(
    connection: &ScimConnection,
    logins: &'a [SamlConnection],
) -> impl Iterator<Item = (&'a SamlConnection, &'a Pairing)> {
    let (tenant, scim) = (connection.tenant.clone(), connection.id.clone());
    let of = move |login: &'a SamlConnection| {
        let pairing =
            login.pairing.as_ref().filter(|pairing| pairing.scim == scim && login.tenant == tenant)?;
        Some((login, pairing))
    };
    logins.iter().filter_map(of)
}

/// The one user whom this directory had let go under the same external id.
fn returning<'a>(
    tenant: &Tenant,
    connection: &ScimConnection,
    user: &DirectoryPerson,
    rows: &'a ProvisionRows,
) -> Option<&'a Candidate> {
    let wanted = user.external_id.as_deref().filter(|id| !id.is_empty())?;
    let same = |c: &&Candidate| {
        c.person.tenant == tenant.id
            && c.person.managed_by.as_ref() == Some(&connection.id)
            && c.directory.as_ref().is_some_and(|d| {
                d.connection == connection.id
                    && d.external_id.as_deref() == Some(wanted)
                    && matches!(d.state, DirectoryState::Inactive | DirectoryState::Removed)
            })
    };
    the_only(rows.by_external_id.iter().filter(same))
}

/// The one account, made by a paired login, whose link names this user (TEN-06, the other way round).
fn signed_in<'a>(
    tenant: &Tenant,
    connection: &ScimConnection,
    logins: &[SamlConnection],
    user: &DirectoryPerson,
    rows: &'a ProvisionRows,
) -> Option<&'a Candidate> {
    let names_user = |link: &Link| {
        paired(connection, logins).any(|(login, pairing)| {
            link.connection == login.id
                && link.generation == login.generation
                && pairing.name_id_equals.iter().any(|field| field.equals(user, &link.subject.value))
        })
    };
    let fits = |c: &&Candidate| adoptable(tenant, connection, c) && c.links.iter().any(names_user);
    the_only(rows.by_subject.iter().filter(fits))
}

/// The one account with the user's address.
fn same_address<'a>(
    tenant: &Tenant,
    connection: &ScimConnection,
    user: &DirectoryPerson,
    rows: &'a ProvisionRows,
    now: DateTime<Utc>,
) -> Option<&'a Candidate> {
    let email = user.address()?;
    if !tenant.standing(&email, &connection.id, now).may_link_by_email() {
        return None;
    }
    let fits = |c: &&Candidate| {
        adoptable(tenant, connection, c) && c.person.email.as_ref().is_some_and(|e| e.same_mailbox(&email))
    };
    the_only(rows.by_email.iter().filter(fits))
}

/// Whether no directory owns the person, and this one may.
fn adoptable(tenant: &Tenant, connection: &ScimConnection, candidate: &Candidate) -> bool {
    let person = &candidate.person;
    person.managed_by.is_none()
        && !matches!(person.state, PersonState::Removed { .. })
        && may_manage(tenant, connection, person).is_ok()
}

/// One row, since picking one of two would be a guess.
fn the_only<'a>(mut found: impl Iterator<Item = &'a Candidate>) -> Option<&'a Candidate> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests;
