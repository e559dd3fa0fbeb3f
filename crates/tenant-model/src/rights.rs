//! What an administrator may do (TEN-10, TOK-10).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{ConnectionId, TenantId};

/// One right of an administrator. None of them holds another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Right {
    /// Persons, their roles, guests.
    Members,
    /// Tokens, OAuth clients, set-up links, domains, sign-in policy, emergency access, our own SAML keys.
    Security,
    /// What this connection trusts. Whoever has it can sign in as anybody who comes through the connection.
    Trust(ConnectionId),
}

/// The rights of someone in one tenant, as the host established them for this request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// In which tenant.
    pub tenant: TenantId,
    /// Which.
    pub granted: BTreeSet<Right>,
}

impl Rights {
    /// Asks for a right in a tenant.
    ///
    /// # Errors
    /// [`RightMissing`], to be answered with 403.
    pub fn require(&self, tenant: &TenantId, right: &Right) -> Result<(), RightMissing> {
        if self.tenant == *tenant && self.granted.contains(right) {
            return Ok(());
        }
        Err(RightMissing { right: right.clone() })
    }
}

/// Someone lacks a right, or has it in another tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the right {right:?}")]
pub struct RightMissing {
    /// The right.
    pub right: Right,
}

impl RightMissing {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "right.missing"
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        403
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{connection_id, tenant};

    // TEN-10, TOK-10
    #[test]
    fn a_right_counts_in_its_tenant_for_its_connection_and_for_nothing_else() {
        let trust = Right::Trust(connection_id("saml"));
        let rights = |right: &Right| Rights { tenant: tenant().id, granted: [right.clone()].into() };
        let one = tenant().id;
        let two = TenantId::parse("org_2").unwrap();
        assert_eq!(rights(&trust).require(&one, &trust), Ok(()));
        assert!(rights(&trust).require(&two, &trust).is_err());
        assert!(rights(&Right::Trust(connection_id("b"))).require(&one, &trust).is_err());
        for (has, wants) in [
            (Right::Members, trust.clone()),
            (Right::Security, trust.clone()),
            (Right::Members, Right::Security),
            (trust, Right::Security),
        ] {
            let refused = rights(&has).require(&one, &wants).unwrap_err();
            assert_eq!(
                (refused.right.clone(), refused.code(), refused.status()),
                (wants, "right.missing", 403)
            );
        }
    }
}
