//! By which way an account of a tenant gets in, and whether its session still holds: what `tenant-model` says of the
//! person that the account is tied to (TEN-12).

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{
    Action, AuditEvent, Method, Outcome, Person, PersonId, SessionFacts, SignInRefusal, Tenant, TenantId,
    may_sign_in, session_alive, use_break_glass,
};

use super::accounts::{self, AccountFault, IDLE_MINUTES, SESSION_MINUTES, after_minutes};
use super::{Admin, AdminState, Scope, emergency};
use crate::app::App;
use crate::keys::Keys;
use crate::random;
use crate::store::admins::{self, AdminSession};
use crate::store::logins::Session;
use crate::store::{StoreError, Tx, people, tenants};

/// Lets an account in whose password was right, or says why its tenant does not want that.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn by_password(
    tx: &mut Tx,
    keys: &Keys,
    admin: &Admin,
    emergency_code: &str,
    now: DateTime<Utc>,
) -> Result<Result<Option<SessionFacts>, SignInRefusal>, StoreError> {
    let Some(id) = admin.scope.tenant() else { return Ok(Ok(None)) };
    let Some(tenant) = tenants::find(tx, id).await? else { return Ok(Err(SignInRefusal::TenantSuspended)) };
    let person = person_of(tx, id, admin).await?;
    if !person.break_glass && !tenant.break_glass.persons.contains(&person.id) {
        let allowed = may_sign_in(&tenant, &person, &Method::Password, now);
        return Ok(allowed.map(|()| Some(facts(&tenant, &person, Method::Password, now))));
    }
    let method = Method::BreakGlass { second_factor: true };
    // A code is not used up for nothing.
    if let Err(refusal) = may_sign_in(&tenant, &person, &method, now) {
        return Ok(Err(refusal));
    }
    let hash = emergency::code_hash(keys, admin, emergency_code);
    let second_factor = !emergency_code.is_empty() && admins::use_emergency_code(tx, admin, &hash).await?;
    match use_break_glass(&tenant, &person, second_factor, now) {
        Ok(event) => {
            people::audit(tx, &[event]).await?;
            Ok(Ok(Some(facts(&tenant, &person, method, now))))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Lets the account in that is tied to whoever is signed in by single sign-on: the secret for the browser's cookie.
///
/// # Errors
/// [`AccountFault::NotTied`] when no account is, [`AccountFault::Gate`] when the tenant does not want it.
pub async fn by_single_sign_on(
    app: &App,
    session: &Session,
    person: &PersonId,
    now: DateTime<Utc>,
) -> Result<(Scope, String), AccountFault> {
    let scope = Scope::Tenant(session.tenant.clone());
    let mut tx = admins::begin(&app.base.store, &scope).await?;
    let tied = |admin: &Admin| admin.person.as_ref() == Some(person) && admin.state == AdminState::Active;
    let mut admin =
        admins::list(&mut tx, &scope).await?.into_iter().find(tied).ok_or(AccountFault::NotTied)?;
    let tenant = tenants::find(&mut tx, &session.tenant).await?.ok_or(AccountFault::NotTied)?;
    let person = people::find(&mut tx, &tenant.id, person).await?.ok_or(AccountFault::NotTied)?;
    let by = admin.actor();
    let method = Method::Saml(session.connection.clone());
    let refused =
        match (accounts::may_enter(&mut tx, &admin).await?, may_sign_in(&tenant, &person, &method, now)) {
            (Err(code), _) => Some((code, AccountFault::NotTied)),
            (_, Err(refusal)) => Some((refusal.code(), AccountFault::Gate(refusal))),
            (Ok(()), Ok(())) => None,
        };
    if let Some((code, fault)) = refused {
        let outcome = Outcome::Refused(code.to_owned());
        accounts::note(&mut tx, &admin, &by, Action::AdminSignInRefused, "single sign-on", outcome, now)
            .await?;
        tx.commit().await?;
        return Err(fault);
    }
    let facts = SessionFacts {
        epoch: session.epoch,
        ends_at: session.ends_at.min(after_minutes(now, SESSION_MINUTES)),
        ..facts(&tenant, &person, method, now)
    };
    let secret = enter(app, &mut tx, &mut admin, Some(facts), "single sign-on", now).await?;
    tx.commit().await?;
    Ok((scope, secret))
}

/// Begins the session of an account that was let in.
///
/// # Errors
/// [`AccountFault`]; then the caller's transaction must be dropped.
pub async fn enter(
    app: &App,
    tx: &mut Tx,
    admin: &mut Admin,
    facts: Option<SessionFacts>,
    how: &str,
    now: DateTime<Utc>,
) -> Result<String, AccountFault> {
    admin.last_sign_in = Some(now);
    admins::update(tx, admin).await?;
    let secret = open_session(app, tx, admin, facts, now).await?;
    let by = admin.actor();
    accounts::note(tx, admin, &by, Action::AdminSignedIn, how, Outcome::Done, now).await?;
    Ok(secret)
}

/// Begins a session of an account; gives the secret for the browser's cookie.
pub(super) async fn open_session(
    app: &App,
    tx: &mut Tx,
    admin: &Admin,
    facts: Option<SessionFacts>,
    now: DateTime<Utc>,
) -> Result<String, AccountFault> {
    let secret = random::secret()?;
    let longest = after_minutes(now, SESSION_MINUTES);
    let ends_at = facts.as_ref().map_or(longest, |facts| facts.ends_at.min(longest));
    let session = AdminSession {
        scope: admin.scope.clone(),
        hash: app.base.keys.admin_hash(&secret),
        admin: admin.id.clone(),
        epoch: admin.epoch,
        idle_until: after_minutes(now, IDLE_MINUTES).min(ends_at),
        ends_at,
        facts,
        flash: None,
    };
    admins::insert_session(tx, &session, now).await?;
    Ok(secret)
}

/// Whether a session still holds by the rules of its tenant, read afresh.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn still_in(
    db: &mut AnyConnection,
    admin: &Admin,
    session: &AdminSession,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(id) = admin.scope.tenant() else { return Ok(true) };
    let Some(facts) = &session.facts else { return Ok(false) };
    let Some(tenant) = tenants::find(db, id).await? else { return Ok(false) };
    let person = person_of(db, id, admin).await?;
    let connection = match &facts.method {
        Method::Saml(connection) => {
            tenants::saml(db, id, connection).await?.map(|stored| stored.connection.state)
        }
        _ => None,
    };
    Ok(session_alive(&tenant, facts, &person, connection, now))
}

/// Ties an account to the person who is signed in by single sign-on in the same browser; the account's session goes on.
///
/// # Errors
/// [`AccountFault::NotTied`] when the person cannot be tied.
pub async fn tie(
    tx: &mut Tx,
    admin: &Admin,
    session: &AdminSession,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<(), AccountFault> {
    let tenant =
        admin.scope.tenant().filter(|tenant| **tenant == person.tenant).ok_or(AccountFault::NotTied)?;
    let others = admins::list(tx, &admin.scope).await?;
    let taken = |other: &Admin| other.id != admin.id && other.person.as_ref() == Some(&person.id);
    if person.break_glass || !person.state.is_active() || others.iter().any(taken) {
        return Err(AccountFault::NotTied);
    }
    if admin.person.is_some() {
        return Err(AccountFault::NotTied);
    }
    let after = Admin { person: Some(person.id.clone()), ..admin.clone() };
    admins::update(tx, &after).await?;
    if let Some(facts) = &session.facts {
        let facts = SessionFacts { person: person.id.clone(), epoch: person.epoch, ..facts.clone() };
        admins::put_facts(tx, session, &facts).await?;
    }
    changed(tx, tenant, admin, Some(&person.id), now).await
}

/// Unties an account from its person; its other sessions end, and this one if single sign-on began it.
///
/// # Errors
/// [`AccountFault`] when the database fails.
pub async fn untie(
    tx: &mut Tx,
    admin: &Admin,
    session: &AdminSession,
    now: DateTime<Utc>,
) -> Result<(), AccountFault> {
    let tenant = admin.scope.tenant().ok_or(AccountFault::NotTied)?;
    let home = tenants::find(tx, tenant).await?.ok_or(AccountFault::NoTenant)?;
    if admin.person.as_ref().is_none_or(|person| home.break_glass.persons.contains(person)) {
        return Err(AccountFault::NotTied);
    }
    let after = Admin { person: None, ..admin.clone() };
    admins::update(tx, &after).await?;
    if let Some(facts) = session.facts.as_ref().filter(|facts| facts.method == Method::Password) {
        let alone = person_of(tx, tenant, &after).await?;
        admins::put_facts(
            tx,
            session,
            &SessionFacts { person: alone.id, epoch: alone.epoch, ..facts.clone() },
        )
        .await?;
    }
    changed(tx, tenant, admin, None, now).await
}

async fn changed(
    tx: &mut Tx,
    tenant: &TenantId,
    admin: &Admin,
    person: Option<&PersonId>,
    now: DateTime<Utc>,
) -> Result<(), AccountFault> {
    let target = tenant_model::Target::Admin(admin.id.clone());
    let was = admin.person.as_ref().map(ToString::to_string);
    let event = AuditEvent::done(tenant, now, admin.actor(), Action::AdminChanged, target).with_change(
        "person",
        was,
        person.map(ToString::to_string),
    );
    people::audit(tx, &[event]).await?;
    Ok(())
}

/// The person that an account is tied to. An account that is tied to none is judged as one with nothing special.
async fn person_of(db: &mut AnyConnection, tenant: &TenantId, admin: &Admin) -> Result<Person, StoreError> {
    if let Some(id) = &admin.person {
        let person = people::find(db, tenant, id).await?;
        return person.ok_or_else(|| StoreError::Failed("an account is tied to nobody".to_owned()));
    }
    let id = PersonId::parse(admin.id.as_str()).map_err(|error| StoreError::corrupt("admin_id", &error))?;
    Ok(Person::new(tenant.clone(), id))
}

fn facts(tenant: &Tenant, person: &Person, method: Method, now: DateTime<Utc>) -> SessionFacts {
    let ends_at = after_minutes(now, SESSION_MINUTES);
    SessionFacts {
        tenant: tenant.id.clone(),
        person: person.id.clone(),
        epoch: person.epoch,
        method,
        // How long it may lie unused is asked of the session's own row.
        idle_until: ends_at,
        ends_at,
    }
}
