//! One tenant with a login connection and a directory, for tests.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use crate::{
    Actor, AssertedIdentity, AssertedName, AttributeBag, Candidate, ConnectionId, DirectoryPerson,
    DirectoryState, Domain, DomainClaim, DomainState, EmailAddress, Grant, GrantOrigin, Link, LinkPolicy,
    Person, PersonId, ProductProfile, RoleName, SamlConnection, ScimConnection, SubjectKey, Tenant, TenantId,
    VerifiedBy,
};

pub(crate) const IDP: &str = "https://idp.example.com";

/// So many minutes after the start of the tests.
pub(crate) fn at(minutes: i64) -> DateTime<Utc> {
    let start = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
    start.checked_add_signed(TimeDelta::minutes(minutes)).unwrap()
}

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(crate) fn connection_id(text: &str) -> ConnectionId {
    ConnectionId::parse(text).unwrap()
}

pub(crate) fn person_id(text: &str) -> PersonId {
    PersonId::parse(text).unwrap()
}

pub(crate) fn verified() -> DomainClaim {
    let state = DomainState::Verified { how: VerifiedBy::Operator, at: at(0), recheck_due: at(9999) };
    DomainClaim::new(state)
}

/// With the domain `example.com`.
pub(crate) fn tenant() -> Tenant {
    let profile = ProductProfile::built_in("standard").unwrap();
    let mut tenant = Tenant::new(TenantId::parse("org_1").unwrap(), "One", profile.id);
    tenant.domains.insert(Domain::parse("example.com").unwrap(), verified());
    tenant
}

/// Paired with the directory, nobody made just in time, nobody linked by address.
pub(crate) fn saml() -> SamlConnection {
    let profile = ProductProfile::built_in("standard").unwrap();
    let scim = Some(connection_id("scim"));
    let mut saml = profile.saml_connection(tenant().id, connection_id("saml"), IDP, scim).unwrap();
    saml.policy.jit = crate::Jit::Never;
    saml.policy.link = LinkPolicy::DirectoryOnly;
    saml
}

pub(crate) fn scim() -> ScimConnection {
    ProductProfile::built_in("standard").unwrap().scim_connection(tenant().id, connection_id("scim"))
}

/// Alice, named by her address.
pub(crate) fn alice() -> AssertedIdentity {
    named("alice@example.com")
}

pub(crate) fn named(name_id: &str) -> AssertedIdentity {
    AssertedIdentity {
        entity_id: IDP.to_owned(),
        name_id: Some(AssertedName { value: name_id.to_owned(), ..AssertedName::default() }),
        attributes: AttributeBag::default(),
        session_not_on_or_after: None,
    }
}

/// Someone whom nobody manages.
pub(crate) fn person(id: &str, address: &str) -> Person {
    let mut person = Person::new(tenant().id, person_id(id));
    person.email = Some(email(address));
    person
}

/// Someone's user in the directory: `userName` is the address.
pub(crate) fn user(address: &str, state: DirectoryState) -> DirectoryPerson {
    DirectoryPerson {
        connection: connection_id("scim"),
        external_id: Some(format!("ext-{address}")),
        user_name: address.to_owned(),
        primary_email: Some(email(address)),
        display_name: None,
        state,
        groups: [].into(),
        attributes: AttributeBag::default(),
    }
}

/// Someone whom the directory provisioned.
pub(crate) fn provisioned(id: &str, address: &str, state: DirectoryState) -> Candidate {
    let mut person = person(id, address);
    person.managed_by = Some(connection_id("scim"));
    Candidate { person, links: Vec::new(), directory: Some(user(address, state)) }
}

pub(crate) fn link(person: &Person, subject: &str) -> Link {
    Link {
        tenant: person.tenant.clone(),
        connection: connection_id("saml"),
        generation: saml().generation,
        entity_id: IDP.to_owned(),
        subject: subject_key(subject),
        person: person.id.clone(),
        created: at(-60),
    }
}

pub(crate) fn subject_key(value: &str) -> SubjectKey {
    SubjectKey { attribute: None, value: value.to_owned(), name_qualifier: None, sp_name_qualifier: None }
}

pub(crate) fn grant(role: &str, origin: GrantOrigin) -> Grant {
    Grant { role: RoleName::parse(role).unwrap(), origin }
}

pub(crate) fn directory() -> Actor {
    Actor::Connection(connection_id("scim"))
}
