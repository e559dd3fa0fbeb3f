//! The decision, once the rows are there.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::screen::{Screened, screen};
use super::{AssertedIdentity, Candidate, FoundBy, LoginDecision, LoginRefusal, LoginRows};
use crate::audit::{Action, AuditEvent, Target};
use crate::connection::{Jit, LinkPolicy, Pairing, Relink, SamlConnection};
use crate::ids::DepartmentName;
use crate::mapping::{AccountField, Mapped};
use crate::person::{Actor, DirectoryState, Grant, GrantOrigin, Link, Person, PersonState};
use crate::session::{Method, may_sign_in};
use crate::tenant::{Standing, Tenant};
use crate::time::after_minutes;
use crate::transition::{audit, settle, with_default};

/// Decides whether a verified login is accepted, and as whom.
///
/// In this order, the first broken rule is returned: tenant, connection, issuer, subject, domain of every asserted
/// address, link and its generation, pairing, address, just-in-time account, directory state, mapping, roles, sign-in
/// policy.
///
/// # Errors
/// [`LoginRefusal`]; nothing is to be stored then but its audit event.
///
/// # Security
/// Store person, link and session in one transaction, the session only if the person's stored epoch is still that of
/// the decision's input (TEN-15).
///
/// # Examples
/// ```
/// use chrono::{TimeZone, Utc};
/// use tenant_model::{
///     AssertedIdentity, AssertedName, AttributeBag, ConnectionId, FoundBy, LoginRows, PersonId, ProductProfile,
///     TenantId, decide_login, login_query,
/// };
///
/// let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
/// let profile = ProductProfile::built_in("standard").unwrap();
/// let tenant = profile.tenant(TenantId::parse("org_123")?, "Example");
/// let idp = "https://idp.example.com";
/// let connection = profile.saml_connection(tenant.id.clone(), ConnectionId::parse("main")?, idp, None).unwrap();
/// let alice = AssertedIdentity {
///     entity_id: idp.to_owned(),
///     name_id: Some(AssertedName { value: "a1".to_owned(), ..AssertedName::default() }),
///     attributes: AttributeBag::new(None, [("email", ["alice@example.com"])]),
///     session_not_on_or_after: None,
/// };
///
/// let query = login_query(&tenant, &connection, &alice, now)?;
/// assert_eq!(query.subject.value, "a1");
/// let rows = LoginRows::none(PersonId::parse("p1")?); // the host found nobody
/// let first = decide_login(&tenant, &connection, &alice, &rows, now)?;
/// assert_eq!(first.found, FoundBy::New);
/// assert_eq!(first.person.email.unwrap().as_str(), "alice@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide_login(
    tenant: &Tenant,
    connection: &SamlConnection,
    who: &AssertedIdentity,
    rows: &LoginRows,
    now: DateTime<Utc>,
) -> Result<LoginDecision, LoginRefusal> {
    let screened = screen(tenant, connection, who, now)?;
    let all = rows.linked.iter().chain(&rows.paired).chain(&rows.by_email);
    if all.into_iter().any(|c| foreign(tenant, c)) {
        return Err(LoginRefusal::RowsDisagree);
    }
    let (before, found) = find(tenant, connection, &screened, rows)?;
    if let Some(candidate) = before {
        directory_allows(candidate)?;
    }
    let managed = before.is_some_and(|c| c.person.managed_by.is_some());
    // Roles of the login do not count for someone whom a directory manages, so they cannot be wrong either.
    let problem =
        screened.report.field_problem().or(screened.report.roles.problem.as_ref().filter(|_| !managed));
    if let Some(problem) = problem {
        return Err(LoginRefusal::Mapping(problem.clone()));
    }
    let known = before.map(|c| &c.person);
    let mut person = known.cloned().unwrap_or_else(|| Person::new(tenant.id.clone(), rows.fresh.clone()));
    let mapped = screened.report.mapped;
    // The directory outranks the login: whom it manages, it describes.
    if person.managed_by.is_none() {
        update(connection, &mut person, &mapped);
    }
    let events = settle(known, &mut person);
    may_sign_in(tenant, &person, &Method::Saml(connection.id.clone()), now).map_err(LoginRefusal::SignIn)?;
    let link = (found != FoundBy::Link).then(|| Link {
        tenant: tenant.id.clone(),
        connection: connection.id.clone(),
        generation: connection.generation,
        entity_id: connection.idp_entity_id.clone(),
        subject: screened.subject,
        person: person.id.clone(),
        created: now,
    });
    let actor = Actor::Connection(connection.id.clone());
    let mut trail = audit(known, &person, &events, &actor, now);
    let mut note = |action| {
        let target = Target::Person(person.id.clone());
        trail.push(AuditEvent::done(&tenant.id, now, actor.clone(), action, target));
    };
    // Nobody whose links are not to be ended gets a new one.
    let ended_links = before.filter(|_| link.is_some()).map_or_else(Vec::new, |c| c.links.clone());
    for _ in &ended_links {
        note(Action::LinkRemoved);
    }
    if link.is_some() {
        note(Action::LinkCreated);
    }
    note(Action::LoginAccepted);
    let longest = after_minutes(now, connection.policy.session_max_minutes);
    Ok(LoginDecision {
        epoch: person.epoch,
        person,
        found,
        link,
        ended_links,
        events,
        mapped,
        session_until: who.session_not_on_or_after.map_or(longest, |end| end.min(longest)),
        audit: trail,
    })
}

fn foreign(tenant: &Tenant, candidate: &Candidate) -> bool {
    let theirs = |link: &Link| link.tenant != tenant.id || link.person != candidate.person.id;
    candidate.person.tenant != tenant.id || candidate.links.iter().any(theirs)
}

fn find<'a>(
    tenant: &Tenant,
    connection: &SamlConnection,
    screened: &Screened,
    rows: &'a LoginRows,
) -> Result<(Option<&'a Candidate>, FoundBy), LoginRefusal> {
    let linked = rows.linked.as_ref().map(|c| by_link(connection, screened, c)).transpose()?;
    // A link to someone whom the directory removed is spent: it may have provisioned the same person anew.
    if let Some(candidate) = linked.filter(|c| !removed(c)) {
        check_free(tenant, candidate)?;
        return Ok((Some(candidate), FoundBy::Link));
    }
    if let Some(pairing) = &connection.pairing
        && let Some(candidate) = by_pairing(tenant, connection, pairing, screened, rows)?
    {
        return Ok((Some(candidate), FoundBy::Pairing));
    }
    if let Some(candidate) = by_email(tenant, connection, screened, rows)? {
        return Ok((Some(candidate), FoundBy::Email));
    }
    if linked.is_some() {
        return Err(LoginRefusal::DirectoryInactive);
    }
    not_lapsing(screened)?;
    match connection.policy.jit {
        Jit::CreateWhenUnknownToDirectory => Ok((None, FoundBy::New)),
        Jit::CreateWhenNoDirectory if !rows.directory_in_use => Ok((None, FoundBy::New)),
        Jit::CreateWhenNoDirectory | Jit::Never => Err(LoginRefusal::NotProvisioned),
    }
}

fn by_link<'a>(
    connection: &SamlConnection,
    screened: &Screened,
    candidate: &'a Candidate,
) -> Result<&'a Candidate, LoginRefusal> {
    let ours = |l: &&Link| l.connection == connection.id && l.subject == screened.subject;
    let link = candidate.links.iter().find(ours).ok_or(LoginRefusal::RowsDisagree)?;
    if link.generation != connection.generation || link.entity_id != connection.idp_entity_id {
        return Err(LoginRefusal::GenerationChanged);
    }
    Ok(candidate)
}

fn by_pairing<'a>(
    tenant: &Tenant,
    connection: &SamlConnection,
    pairing: &Pairing,
    screened: &Screened,
    rows: &'a LoginRows,
) -> Result<Option<&'a Candidate>, LoginRefusal> {
    let fits = |c: &&Candidate| {
        c.person.managed_by.as_ref() == Some(&pairing.scim)
            && c.directory.as_ref().is_some_and(|user| {
                user.connection == pairing.scim
                    && pairing.name_id_equals.iter().any(|field| field.equals(user, &screened.subject.value))
            })
    };
    let Some(candidate) = the_one(rows.paired.iter().filter(fits))? else { return Ok(None) };
    check_free(tenant, candidate)?;
    not_lapsing(screened)?;
    if !renamed(connection, pairing, candidate) {
        unlinked(candidate)?;
    }
    Ok(Some(candidate))
}

/// Whether the directory renamed the person whom the links still call by the old name.
fn renamed(connection: &SamlConnection, pairing: &Pairing, candidate: &Candidate) -> bool {
    let Some(user) = &candidate.directory else { return false };
    // Another connection's link is another provider's word, an old generation's is nobody's (TEN-05, TEN-10).
    let ours = |link: &Link| {
        link.connection == connection.id
            && link.generation == connection.generation
            && link.entity_id == connection.idp_entity_id
    };
    // A name that the directory still gives the user may still be in use: then two names mean one person.
    let gone =
        |link: &Link| !pairing.name_id_equals.iter().any(|field| field.equals(user, &link.subject.value));
    connection.policy.relink == Relink::WhenDirectoryRenamed
        && candidate.links.iter().all(|link| ours(link) && gone(link))
}

fn by_email<'a>(
    tenant: &Tenant,
    connection: &SamlConnection,
    screened: &Screened,
    rows: &'a LoginRows,
) -> Result<Option<&'a Candidate>, LoginRefusal> {
    let Some(email) = &screened.report.mapped.email else { return Ok(None) };
    let fits = |c: &&Candidate| c.person.email.as_ref().is_some_and(|address| address.same_mailbox(email));
    let candidate = match the_one(rows.by_email.iter().filter(fits)) {
        Ok(None) => return Ok(None),
        Ok(Some(candidate)) => candidate,
        // People may share an address; then it names nobody.
        Err(LoginRefusal::Ambiguous) => return Err(LoginRefusal::LinkRequired),
        Err(other) => return Err(other),
    };
    check_free(tenant, candidate)?;
    not_lapsing(screened)?;
    unlinked(candidate)?;
    let own = screened.standing.is_some_and(Standing::may_link_by_email);
    match connection.policy.link {
        LinkPolicy::DirectoryOrVerifiedEmail if own => Ok(Some(candidate)),
        LinkPolicy::DirectoryOnly | LinkPolicy::DirectoryOrVerifiedEmail => Err(LoginRefusal::LinkRequired),
    }
}

/// The one person of several rows. Those who were removed count only if there is nobody else.
fn the_one<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
) -> Result<Option<&'a Candidate>, LoginRefusal> {
    let (gone, here): (Vec<_>, Vec<_>) = candidates.partition(|c| removed(c));
    let pool = if here.is_empty() { &gone } else { &here };
    let persons: BTreeSet<_> = pool.iter().map(|c| &c.person.id).collect();
    match (pool.first(), persons.len()) {
        (None, _) => Ok(None),
        (Some(_), 2..) if here.is_empty() => Err(LoginRefusal::DirectoryInactive),
        (Some(_), 2..) => Err(LoginRefusal::Ambiguous),
        (Some(candidate), _) => Ok(Some(candidate)),
    }
}

fn removed(candidate: &Candidate) -> bool {
    matches!(candidate.person.state, PersonState::Removed { .. })
        || candidate.directory.as_ref().is_some_and(|user| user.state == DirectoryState::Removed)
}

/// TEN-14: what the directory says is obeyed, and what it does not say is a no.
fn directory_allows(candidate: &Candidate) -> Result<(), LoginRefusal> {
    let user = candidate.directory.as_ref();
    match user.map(|user| user.state) {
        Some(DirectoryState::Inactive | DirectoryState::Removed) => {
            return Err(LoginRefusal::DirectoryInactive);
        }
        Some(DirectoryState::Unknown) => return Err(LoginRefusal::DirectoryUnknown),
        Some(DirectoryState::Active) | None => {}
    }
    if let Some(manager) = &candidate.person.managed_by
        && user.is_none_or(|user| user.connection != *manager)
    {
        return Err(LoginRefusal::DirectoryUnknown);
    }
    match &candidate.person.state {
        PersonState::Active => Ok(()),
        PersonState::Removed { .. } => Err(LoginRefusal::DirectoryInactive),
        PersonState::Inactive { by: Actor::Connection(_) | Actor::Token(_), .. } => {
            Err(LoginRefusal::DirectoryInactive)
        }
        PersonState::Inactive { .. } => Err(LoginRefusal::PersonInactive),
    }
}

fn check_free(tenant: &Tenant, candidate: &Candidate) -> Result<(), LoginRefusal> {
    let person = &candidate.person;
    if person.break_glass || tenant.break_glass.persons.contains(&person.id) {
        return Err(LoginRefusal::BreakGlassIsLocal);
    }
    Ok(())
}

/// A first link goes to someone without any: another provider's assertion of the same name is not the same person
/// (TEN-05, TEN-06). Whom the directory switched off is told that: releasing the other link would not help.
fn unlinked(candidate: &Candidate) -> Result<(), LoginRefusal> {
    if candidate.links.is_empty() {
        return Ok(());
    }
    directory_allows(candidate)?;
    Err(LoginRefusal::LinkedElsewhere)
}

/// While a domain has lapsed nobody is linked anew (TEN-08).
fn not_lapsing(screened: &Screened) -> Result<(), LoginRefusal> {
    match &screened.lapsing {
        Some(address) => Err(LoginRefusal::DomainNotVerified { domain: address.domain().clone() }),
        None => Ok(()),
    }
}

/// Fields and roles of someone whom no directory manages.
fn update(connection: &SamlConnection, person: &mut Person, mapped: &Mapped) {
    if let Some(email) = &mapped.email {
        person.email = Some(email.clone());
    }
    let field = |field| mapped.fields.get(&field);
    let both = match (field(AccountField::GivenName), field(AccountField::FamilyName)) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.or(other).cloned(),
    };
    if let Some(name) = field(AccountField::DisplayName).cloned().or(both) {
        person.display_name = Some(name);
    }
    if let Some(name) = field(AccountField::Department).and_then(|n| DepartmentName::parse(n).ok()) {
        person.department = Some(name);
    }
    let ours = GrantOrigin::Login(connection.id.clone());
    let mut grants = std::mem::take(&mut person.grants);
    grants.retain(|grant| grant.origin != ours && grant.origin != GrantOrigin::Default);
    grants.extend(mapped.roles.iter().map(|role| Grant { role: role.clone(), origin: ours.clone() }));
    person.grants = with_default(grants, &connection.mapping.roles);
}
