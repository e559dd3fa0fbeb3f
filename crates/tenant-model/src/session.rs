//! The one gate that every way to a session goes through, and whether a session still holds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::connection::ConnectionState;
use crate::ids::{ConnectionId, Epoch, PersonId, TenantId};
use crate::person::Person;
use crate::tenant::{SsoPolicy, Tenant, TenantState};

/// How someone signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As a break-glass person.
    BreakGlass {
        /// Whether a second factor was checked.
        second_factor: bool,
    },
    /// By following an invitation.
    Invitation,
    /// By a link in a mail.
    MagicLink,
    /// By a password.
    Password,
    /// Through a login connection.
    Saml(ConnectionId),
    /// Through an account elsewhere that is no connection of the tenant.
    Social,
}

/// Why someone may not sign in this way.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefusal {
    /// Break-glass access is over or was never opened.
    #[error("emergency access is not open")]
    BreakGlassNotArmed,
    /// A break-glass person signs in with the product itself, never through a provider.
    #[error("this account signs in with its own credentials")]
    BreakGlassIsLocal,
    /// Not a break-glass person.
    #[error("this account has no emergency access")]
    NotBreakGlass,
    /// The person is of another tenant.
    #[error("this account is not known here")]
    OtherTenant,
    /// The account is switched off or removed.
    #[error("this account is switched off")]
    PersonInactive,
    /// Emergency access without a second factor.
    #[error("emergency access needs a second factor")]
    SecondFactorMissing,
    /// The tenant wants another way.
    #[error("this organisation signs in through its identity provider")]
    SsoEnforced,
    /// The tenant has single sign-on switched off.
    #[error("single sign-on is switched off for this organisation")]
    SsoOff,
    /// The tenant is not served.
    #[error("this organisation is not active")]
    TenantSuspended,
}

impl SignInRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BreakGlassNotArmed => "signin.break_glass_not_armed",
            Self::BreakGlassIsLocal => "signin.break_glass_is_local",
            Self::NotBreakGlass => "signin.not_break_glass",
            Self::OtherTenant => "signin.other_tenant",
            Self::PersonInactive => "signin.person_inactive",
            Self::SecondFactorMissing => "signin.second_factor_missing",
            Self::SsoEnforced => "signin.sso_enforced",
            Self::SsoOff => "signin.sso_off",
            Self::TenantSuspended => "signin.tenant_suspended",
        }
    }
}

/// Whether a person may get a session of this tenant in this way.
///
/// Every path asks this: password, link, invitation, login of either kind; before a key is issued, ask with the method
/// of the session that asks for it (TEN-12).
///
/// # Errors
/// The first [`SignInRefusal`]: tenant, person, break-glass, policy.
pub fn may_sign_in(
    tenant: &Tenant,
    person: &Person,
    by: &Method,
    now: DateTime<Utc>,
) -> Result<(), SignInRefusal> {
    if tenant.state != TenantState::Active {
        return Err(SignInRefusal::TenantSuspended);
    }
    if person.tenant != tenant.id {
        return Err(SignInRefusal::OtherTenant);
    }
    if !person.state.is_active() {
        return Err(SignInRefusal::PersonInactive);
    }
    // Either mark is enough to keep someone out, both are needed to let them in.
    let listed = tenant.break_glass.persons.contains(&person.id);
    if let Method::BreakGlass { second_factor } = by {
        if !(person.break_glass && listed) {
            return Err(SignInRefusal::NotBreakGlass);
        }
        if !second_factor {
            return Err(SignInRefusal::SecondFactorMissing);
        }
        if tenant.break_glass.armed_until.is_none_or(|until| until <= now) {
            return Err(SignInRefusal::BreakGlassNotArmed);
        }
        return Ok(());
    }
    if person.break_glass || listed {
        return Err(SignInRefusal::BreakGlassIsLocal);
    }
    match (&tenant.sso, by) {
        (SsoPolicy::Enforced { connections, .. }, Method::Saml(id)) if connections.contains(id) => Ok(()),
        (SsoPolicy::Enforced { .. }, _) => Err(SignInRefusal::SsoEnforced),
        (SsoPolicy::Off, Method::Saml(_)) => Err(SignInRefusal::SsoOff),
        (SsoPolicy::Off | SsoPolicy::Optional, _) => Ok(()),
    }
}

/// Whether logins through a connection count under a policy.
pub(crate) fn connection_counts(policy: &SsoPolicy, connection: &ConnectionId) -> bool {
    match policy {
        SsoPolicy::Enforced { connections, .. } => connections.contains(connection),
        SsoPolicy::Off => false,
        SsoPolicy::Optional => true,
    }
}

/// What a session remembers of its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFacts {
    /// Whose it is.
    pub tenant: TenantId,
    /// Who.
    pub person: PersonId,
    /// The person's epoch at that time.
    pub epoch: Epoch,
    /// How they came in.
    pub method: Method,
    /// When it ends unless it is used.
    pub idle_until: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
}

/// Whether a session still holds. Ask at each request, with rows read for that request (TEN-15).
///
/// `connection` is the state of the login connection that it came through, `None` if that is gone or there was none.
#[must_use]
pub fn session_alive(
    tenant: &Tenant,
    session: &SessionFacts,
    person: &Person,
    connection: Option<ConnectionState>,
    now: DateTime<Utc>,
) -> bool {
    let through = match session.method {
        Method::Saml(_) => connection.is_some_and(ConnectionState::is_active),
        Method::BreakGlass { .. }
        | Method::Invitation
        | Method::MagicLink
        | Method::Password
        | Method::Social => true,
    };
    through
        && session.tenant == tenant.id
        && session.person == person.id
        && session.epoch == person.epoch
        && now < session.idle_until
        && now < session.ends_at
        && may_sign_in(tenant, person, &session.method, now).is_ok()
}

#[cfg(test)]
mod tests;
