//! What can be said of a login before anything is looked up.

use chrono::{DateTime, Utc};

use super::{AssertedIdentity, AssertedName, LoginQuery, LoginRefusal, PairingQuery};
use crate::connection::{SamlConnection, SubjectSource};
use crate::ids::EmailAddress;
use crate::mapping::{AccountField, MappingReport, dry_run};
use crate::person::SubjectKey;
use crate::tenant::{Standing, Tenant, TenantState};

/// A login that passed what can be checked without rows.
pub(super) struct Screened {
    pub(super) subject: SubjectKey,
    pub(super) report: MappingReport,
    /// The least of the standings of all asserted addresses; `None` if no address was asserted.
    pub(super) standing: Option<Standing>,
    pub(super) lapsing: Option<EmailAddress>,
}

/// Says which rows [`super::decide_login`] needs, unless the login is refused already.
///
/// # Errors
/// [`LoginRefusal`], in this order: tenant, connection, issuer, subject, then the domain of every asserted address,
/// which is so checked before any look-up (TEN-07).
pub fn login_query(
    tenant: &Tenant,
    connection: &SamlConnection,
    who: &AssertedIdentity,
    now: DateTime<Utc>,
) -> Result<LoginQuery, LoginRefusal> {
    let screened = screen(tenant, connection, who, now)?;
    let pairing = connection.pairing.as_ref().map(|pairing| PairingQuery {
        scim: pairing.scim.clone(),
        fields: pairing.name_id_equals.clone(),
        value: screened.subject.value.clone(),
    });
    Ok(LoginQuery {
        tenant: tenant.id.clone(),
        connection: connection.id.clone(),
        subject: screened.subject,
        pairing,
        email: screened.report.mapped.email,
    })
}

pub(super) fn screen(
    tenant: &Tenant,
    connection: &SamlConnection,
    who: &AssertedIdentity,
    now: DateTime<Utc>,
) -> Result<Screened, LoginRefusal> {
    if tenant.state != TenantState::Active {
        return Err(LoginRefusal::TenantSuspended);
    }
    if connection.tenant != tenant.id {
        return Err(LoginRefusal::RowsDisagree);
    }
    if !connection.state.is_active() {
        return Err(LoginRefusal::ConnectionOff);
    }
    if who.entity_id != connection.idp_entity_id {
        return Err(LoginRefusal::WrongIssuer);
    }
    let subject = subject(connection, who)?;
    let name = who.name_id.as_ref().map(|name| name.value.as_str());
    let input = who.attributes.clone().with_name_id(name);
    let report = dry_run(&connection.mapping, &input);
    let mut claimed = addresses(connection, who)?;
    // Whatever source the mapping took it from.
    claimed.extend(report.mapped.email.clone());
    let mut standing = None;
    let mut lapsing = None;
    for address in claimed {
        let this = tenant.standing(&address, &connection.id, now);
        if this == Standing::Foreign {
            return Err(LoginRefusal::DomainNotVerified { domain: address.domain().clone() });
        }
        if this == Standing::Lapsing {
            lapsing = Some(address);
        }
        standing = Some(standing.map_or(this, |least| weaker(least, this)));
    }
    Ok(Screened { subject, report, standing, lapsing })
}

fn subject(connection: &SamlConnection, who: &AssertedIdentity) -> Result<SubjectKey, LoginRefusal> {
    let mut transient = false;
    for source in &connection.policy.subject {
        match source {
            SubjectSource::Attribute(name) => {
                // Several values name several people, or nobody.
                if let [value] = who.attributes.values(name.as_str())
                    && !value.trim().is_empty()
                {
                    return Ok(SubjectKey {
                        attribute: Some(name.clone()),
                        value: value.clone(),
                        name_qualifier: None,
                        sp_name_qualifier: None,
                    });
                }
            }
            SubjectSource::NameId => match &who.name_id {
                Some(name) if is(name, TRANSIENT) => transient = true,
                Some(name) if !name.value.trim().is_empty() => {
                    return Ok(SubjectKey {
                        attribute: None,
                        value: name.value.clone(),
                        name_qualifier: name.name_qualifier.clone(),
                        sp_name_qualifier: name.sp_name_qualifier.clone(),
                    });
                }
                Some(_) | None => {}
            },
        }
    }
    Err(if transient { LoginRefusal::TransientNameId } else { LoginRefusal::SubjectMissing })
}

/// Every address that the assertion claims for the person.
fn addresses(connection: &SamlConnection, who: &AssertedIdentity) -> Result<Vec<EmailAddress>, LoginRefusal> {
    let mut found = Vec::new();
    if let Some(name) = who.name_id.as_ref().filter(|name| !is(name, PERSISTENT) && !is(name, TRANSIENT)) {
        match EmailAddress::parse(name.value.trim()) {
            Ok(address) => found.push(address),
            // It could pair with a directory's user by its text alone; then its domain must be readable.
            Err(_) if is(name, EMAIL_ADDRESS) && name.value.contains('@') => {
                return Err(LoginRefusal::AddressMalformed);
            }
            Err(_) => {}
        }
    }
    if let Some(rule) = connection.mapping.fields.get(&AccountField::Email) {
        let values = rule.attribute_values(&who.attributes);
        found.extend(values.filter_map(|value| EmailAddress::parse(value.trim()).ok()));
    }
    Ok(found)
}

/// The standing that allows less. Foreign ones never get here.
fn weaker(a: Standing, b: Standing) -> Standing {
    let rank = |standing| match standing {
        Standing::Foreign => 0,
        Standing::Lapsing => 1,
        Standing::Guest => 2,
        Standing::Assumed => 3,
        Standing::Own => 4,
    };
    if rank(a) <= rank(b) { a } else { b }
}

fn is(name: &AssertedName, format: &str) -> bool {
    name.format.as_deref() == Some(format)
}

const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
