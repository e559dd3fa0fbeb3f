//! Accounts of the administration pages: of the operator, who reaches all tenants, or of one tenant. They are no persons
//! of a tenant: nobody is provisioned into them. Whoever has one may tie it to the person that they are at single sign-on.

pub mod accounts;
pub mod code;
pub mod emergency;
pub mod entry;
pub mod own;
pub mod password;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenant_model::{Actor, AdminId, ConnectionId, EmailAddress, PersonId, Right, Rights, TenantId};

/// An account of the administration pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Whose it is.
    pub scope: Scope,
    /// Its id inside the scope.
    pub id: AdminId,
    /// With what one signs in; once in a scope.
    pub email: EmailAddress,
    /// What it may do in the tenants that it reaches.
    pub rights: BTreeSet<AdminRight>,
    /// Whether it may be used.
    pub state: AdminState,
    /// Grows when all its sessions shall end.
    pub epoch: i64,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// The person of the tenant that it is tied to: by single sign-on, or for emergency access.
    #[serde(default)]
    pub person: Option<PersonId>,
    /// Its last sign-in.
    #[serde(default)]
    pub last_sign_in: Option<DateTime<Utc>>,
}

impl Admin {
    /// Whether the account reaches a tenant at all.
    #[must_use]
    pub fn reaches(&self, tenant: &TenantId) -> bool {
        match &self.scope {
            Scope::Operator => true,
            Scope::Tenant(own) => own == tenant,
        }
    }

    /// Its rights in a tenant; `connection` is the one that it wants to change the trust of.
    #[must_use]
    pub fn rights(&self, tenant: &TenantId, connection: Option<&ConnectionId>) -> Rights {
        let right = |right: &AdminRight| match right {
            AdminRight::Members => Some(Right::Members),
            AdminRight::Security => Some(Right::Security),
            AdminRight::Trust => connection.cloned().map(Right::Trust),
        };
        let reaches = self.reaches(tenant) && self.state == AdminState::Active;
        let granted = self.rights.iter().filter_map(right).filter(|_| reaches).collect();
        Rights { tenant: tenant.clone(), granted }
    }

    /// The account as audit events name it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Admin(self.id.clone())
    }
}

/// Whose an account is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The operator's: it reaches all tenants.
    Operator,
    /// Of one tenant, which is all that it sees.
    Tenant(TenantId),
}

impl Scope {
    /// The scope that a column or a cookie names: the tenant, or nothing for the operator.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Operator);
        }
        TenantId::parse(text).ok().map(Self::Tenant)
    }

    /// The text for a column or a cookie. No tenant has the empty id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Operator => "",
            Self::Tenant(tenant) => tenant.as_str(),
        }
    }

    /// The tenant, unless it is the operator's.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Operator => None,
            Self::Tenant(tenant) => Some(tenant),
        }
    }
}

/// What an account may do. None holds another (TEN-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum AdminRight {
    /// Persons, their roles, guests, the mapping.
    Members,
    /// Tokens, clients, domains, sign-in policy, other administrators.
    Security,
    /// What login connections trust: whoever has it can sign in as anybody of the tenant.
    Trust,
}

impl AdminRight {
    /// All of them.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        BTreeSet::from([Self::Members, Self::Security, Self::Trust])
    }

    /// Its name, as it is stored and typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Security => "security",
            Self::Trust => "trust",
        }
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminState {
    /// It has a password.
    Active,
    /// Its one-time code was not used yet.
    Invited,
    /// It was switched off.
    Revoked,
}

impl AdminState {
    /// Its name, as it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Revoked => "revoked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin(scope: &str) -> Admin {
        Admin {
            scope: Scope::parse(scope).unwrap(),
            id: AdminId::parse("a").unwrap(),
            email: EmailAddress::parse("it@example.com").unwrap(),
            rights: AdminRight::all(),
            state: AdminState::Active,
            epoch: 0,
            created: DateTime::default(),
            created_by: Actor::Operator,
            person: None,
            last_sign_in: None,
        }
    }

    // TEN-10, TEN-18
    #[test]
    fn an_admin_of_a_tenant_has_rights_there_and_an_operator_everywhere() {
        let [a, b] = ["a", "b"].map(|id| TenantId::parse(id).unwrap());
        let has = |admin: &Admin, tenant: &TenantId| {
            admin.rights(tenant, None).require(tenant, &Right::Security).is_ok()
        };
        assert!(has(&admin("a"), &a) && !has(&admin("a"), &b));
        assert!(has(&admin(""), &a) && has(&admin(""), &b));
        for state in [AdminState::Invited, AdminState::Revoked] {
            assert!(!has(&Admin { state, ..admin("") }, &a));
        }
    }

    // TEN-10
    #[test]
    fn the_right_to_members_is_not_the_right_to_trust() {
        let tenant = TenantId::parse("a").unwrap();
        let connection = ConnectionId::parse("sso").unwrap();
        let trust = Right::Trust(connection.clone());
        let with = |rights: &[AdminRight]| {
            let admin = Admin { rights: rights.iter().copied().collect(), ..admin("a") };
            admin.rights(&tenant, Some(&connection)).require(&tenant, &trust).is_ok()
        };
        assert!(with(&[AdminRight::Trust]));
        assert!(!with(&[AdminRight::Members, AdminRight::Security]));
    }
}
