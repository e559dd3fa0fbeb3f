//! What values of an attribute must look like, where a product says so.

use chrono::{DateTime, Utc};

use crate::capabilities::{AttrOverride, ValueFormat};
use crate::ids::{AttrName, ConnectionId, Domain, EmailAddress};
use crate::tenant::{Standing, Tenant};

/// Why a value has not the form that the product wants; to be answered with 400 and `invalidValue`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatRefusal {
    /// An address of a domain that is not the tenant's.
    #[error("`{attr}` must be an address of a verified domain, and {domain} is none; verify it first")]
    ForeignDomain {
        /// The attribute.
        attr: AttrName,
        /// The domain.
        domain: Domain,
    },
    /// No mail address.
    #[error("`{attr}` must be a mail address")]
    NotAnEmail {
        /// The attribute.
        attr: AttrName,
    },
}

impl FormatRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ForeignDomain { .. } => "format.foreign_domain",
            Self::NotAnEmail { .. } => "format.not_an_email",
        }
    }
}

impl AttrOverride {
    /// Checks a value that a directory sets anew; one that stays is nobody's concern.
    ///
    /// # Errors
    /// [`FormatRefusal`].
    pub fn check(
        &self,
        value: &str,
        tenant: &Tenant,
        connection: &ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<(), FormatRefusal> {
        let Some(format) = self.format else { return Ok(()) };
        let attr = self.attr.clone();
        let Ok(address) = EmailAddress::parse(value) else { return Err(FormatRefusal::NotAnEmail { attr }) };
        let standing = tenant.standing(&address, connection, now);
        if format == ValueFormat::EmailAtVerifiedDomain
            && matches!(standing, Standing::Foreign | Standing::Lapsing)
        {
            return Err(FormatRefusal::ForeignDomain { attr, domain: address.domain().clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, scim, tenant};
    use crate::{DomainClaim, DomainPolicy, DomainState, VerifiedBy};

    // TEN-07
    #[test]
    fn an_address_must_be_of_a_verified_domain_where_the_product_says_so() {
        let mut tenant = tenant();
        tenant.domain_policy = DomainPolicy::VerifiedOnly;
        let state = DomainState::Verified { how: VerifiedBy::Operator, at: at(0), recheck_due: at(9) };
        tenant.domains = [(Domain::parse("example.com").unwrap(), DomainClaim::new(state))].into();
        let check = |format, value| {
            let attr = AttrName::parse("userName").unwrap();
            let rule = AttrOverride { attr, mutability: None, required: None, format };
            rule.check(value, &tenant, &scim().id, at(1)).map_err(|refusal| refusal.code())
        };
        let verified = Some(ValueFormat::EmailAtVerifiedDomain);
        assert_eq!(check(verified, "alice@example.com"), Ok(()));
        assert_eq!(check(verified, "alice@other.example"), Err("format.foreign_domain"));
        assert_eq!(check(verified, "alice"), Err("format.not_an_email"));
        assert_eq!(check(Some(ValueFormat::Email), "alice@other.example"), Ok(()));
        assert_eq!(check(None, "alice"), Ok(()));
    }
}
