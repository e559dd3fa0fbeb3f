//! Sign-in by mail address: which connection someone is sent to, without telling strangers who is a customer (TEN-22).

use chrono::{DateTime, Utc};

use crate::connection::SamlConnection;
use crate::ids::{ConnectionId, Domain, EmailAddress, TenantId};
use crate::session::connection_counts;
use crate::tenant::{DomainState, Tenant, TenantState};

/// What to look up for what someone typed into the sign-in page.
///
/// There is always one domain to look up: what is no address at all costs the same as what is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryQuery {
    /// Find the tenant that has this domain, or the nearest one above it, in any state.
    pub domain: Domain,
    named: bool,
}

/// Where someone is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// To a page on which they choose: the claim of the domain says so, and more than one connection is open to it.
    ///
    /// # Security
    /// The names of the connections are told to whoever types an address of the domain. That is why a claim has to ask
    /// for it.
    Choice {
        /// The tenant.
        tenant: TenantId,
        /// The connections, in the order in which they were handed over; two at least.
        connections: Vec<ConnectionId>,
    },
    /// To the identity provider of a connection.
    Connection {
        /// The tenant.
        tenant: TenantId,
        /// The connection.
        connection: ConnectionId,
    },
    /// To the page that everyone else sees: the domain is unknown, unverified, lapsed or not connected, or the text
    /// was no address. Which of these is not told, and the page must be the same for all.
    Ordinary,
}

/// Reads what someone typed.
///
/// # Examples
/// ```
/// use tenant_model::discovery_query;
///
/// assert_eq!(discovery_query("alice@Example.com").domain.as_str(), "example.com");
/// assert_eq!(discovery_query("hello").domain.as_str(), "nothing.invalid");
/// ```
#[must_use]
pub fn discovery_query(typed: &str) -> DiscoveryQuery {
    let address = EmailAddress::parse(typed.trim()).ok();
    DiscoveryQuery {
        named: address.is_some(),
        // RFC 2606 section 2: no such domain is ever registered.
        domain: address.map_or_else(Domain::invalid, |address| address.domain().clone()),
    }
}

/// Decides where to send someone. `found` are the tenant of the domain and its login connections, if there is one.
///
/// # Security
/// Do the same whatever it answers: one look-up, one page, no mail to strangers. A redirect alone tells that a domain
/// is connected, as it must; that is the one thing to be learned here.
#[must_use]
pub fn discover(
    query: &DiscoveryQuery,
    found: Option<(&Tenant, &[SamlConnection])>,
    now: DateTime<Utc>,
) -> Discovery {
    let Some((tenant, connections)) = found.filter(|_| query.named) else { return Discovery::Ordinary };
    let tenant_id = tenant.id.clone();
    let mut open = routes(tenant, connections, &query.domain, now);
    match (open.pop(), open.is_empty()) {
        (None, _) => Discovery::Ordinary,
        (Some(connection), true) => Discovery::Connection { tenant: tenant_id, connection },
        (Some(last), false) => {
            open.push(last);
            Discovery::Choice { tenant: tenant_id, connections: open }
        }
    }
}

/// The connections that are open to the addresses of a domain.
fn routes(
    tenant: &Tenant,
    connections: &[SamlConnection],
    domain: &Domain,
    now: DateTime<Utc>,
) -> Vec<ConnectionId> {
    let Some(claim) = tenant.claim_of(domain) else { return Vec::new() };
    // A lapse stops routing at once, before the grace for logins is over (TEN-08).
    let verified = matches!(&claim.state, DomainState::Verified { at, .. } if *at <= now);
    if !verified || tenant.state != TenantState::Active {
        return Vec::new();
    }
    let open = |c: &&SamlConnection| {
        let meant = claim.routes_to.as_ref().map_or(claim.offers_choice, |to| *to == c.id);
        let allowed = claim.limited_to.is_empty() || claim.limited_to.contains(&c.id);
        meant
            && allowed
            && c.tenant == tenant.id
            && c.state.is_active()
            && connection_counts(&tenant.sso, &c.id)
    };
    connections.iter().filter(open).map(|c| c.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, connection_id, saml, tenant};
    use crate::{ConnectionState, SsoPolicy};

    fn routed() -> Tenant {
        let mut tenant = tenant();
        tenant.domains.get_mut("example.com").unwrap().routes_to = Some(connection_id("saml"));
        tenant
    }

    fn ask(typed: &str, tenant: &Tenant, connections: &[SamlConnection]) -> Discovery {
        discover(&discovery_query(typed), Some((tenant, connections)), at(1))
    }

    // TEN-22
    #[test]
    fn a_verified_routed_domain_leads_to_its_connection() {
        let (tenant, connection) = (tenant().id, connection_id("saml"));
        let found = Discovery::Connection { tenant, connection };
        assert_eq!(ask(" Alice@EXAMPLE.com ", &routed(), &[saml()]), found);
    }

    // TEN-22
    #[test]
    fn whatever_else_a_domain_is_gets_the_same_answer() {
        type Change = fn(&mut Tenant, &mut SamlConnection);
        let changes: [(&str, Change); 10] = [
            ("not routed", |t, _| t.domains.get_mut("example.com").unwrap().routes_to = None),
            ("unknown", |t, _| t.domains.clear()),
            ("pending", |t, _| {
                let state = DomainState::Pending { challenge_hash: String::new(), expires: at(9) };
                t.domains.get_mut("example.com").unwrap().state = state;
            }),
            ("lapsed", |t, _| {
                let state = DomainState::Lapsed { since: at(0), grace_until: at(9) };
                t.domains.get_mut("example.com").unwrap().state = state;
            }),
            ("limited", |t, _| {
                t.domains.get_mut("example.com").unwrap().limited_to = [connection_id("x")].into();
            }),
            ("sso off", |t, _| t.sso = SsoPolicy::Off),
            ("suspended", |t, _| t.state = TenantState::Suspended),
            ("connection off", |_, c| c.state = ConnectionState::Off { since: at(0) }),
            ("connection of another tenant", |_, c| c.tenant = TenantId::parse("org_2").unwrap()),
            ("no such connection", |_, c| c.id = connection_id("x")),
        ];
        for (what, change) in changes {
            let (mut tenant, mut saml) = (routed(), saml());
            change(&mut tenant, &mut saml);
            assert_eq!(ask("alice@example.com", &tenant, &[saml]), Discovery::Ordinary, "{what}");
        }
        assert_eq!(discover(&discovery_query("a@example.com"), None, at(1)), Discovery::Ordinary);
    }

    // TEN-22
    #[test]
    fn a_domain_that_offers_a_choice_leads_to_it_if_more_than_one_connection_is_open() {
        let mut tenant = tenant();
        tenant.domains.get_mut("example.com").unwrap().offers_choice = true;
        let mut other = saml();
        other.id = connection_id("other");
        let both = [saml(), other.clone()];
        let choice = Discovery::Choice {
            tenant: tenant.id.clone(),
            connections: vec![connection_id("saml"), connection_id("other")],
        };
        let to =
            |id: &str| Discovery::Connection { tenant: tenant.id.clone(), connection: connection_id(id) };
        assert_eq!(ask("a@example.com", &tenant, &both), choice);
        assert_eq!(ask("a@example.com", &tenant, &[saml()]), to("saml"), "one is no choice");
        let mut off = other;
        off.state = ConnectionState::Off { since: at(0) };
        assert_eq!(ask("a@example.com", &tenant, &[saml(), off]), to("saml"));
        let mut limited = tenant.clone();
        limited.domains.get_mut("example.com").unwrap().limited_to = [connection_id("other")].into();
        assert_eq!(ask("a@example.com", &limited, &both), to("other"));
        let mut enforced = tenant.clone();
        enforced.sso = SsoPolicy::Enforced { connections: [connection_id("other")].into(), since: at(0) };
        assert_eq!(ask("a@example.com", &enforced, &both), to("other"));
        let mut routed = tenant.clone();
        routed.domains.get_mut("example.com").unwrap().routes_to = Some(connection_id("saml"));
        assert_eq!(ask("a@example.com", &routed, &both), to("saml"), "a route outranks the choice");
        assert_eq!(ask("a@example.com", &tenant, &[]), Discovery::Ordinary);
    }

    // TEN-22
    #[test]
    fn what_is_no_address_is_looked_up_all_the_same() {
        for typed in ["", "alice", "@example.com", "a@b@", "a@localhost", &"x".repeat(9000)] {
            let query = discovery_query(typed);
            assert_eq!(query.domain.as_str(), "nothing.invalid");
            let mut odd = routed();
            let claim = odd.domains["example.com"].clone();
            odd.domains.insert(query.domain.clone(), claim);
            assert_eq!(discover(&query, Some((&odd, &[saml()])), at(1)), Discovery::Ordinary);
        }
    }
}
