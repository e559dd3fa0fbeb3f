//! Inviting, signing in, revoking: what happens to accounts of the administration pages, with its audit event in the
//! same transaction.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AdminId, AuditEvent, BreakGlassError, EmailAddress, Outcome, RateLimit, RateRefusal,
    SignInRefusal, Target, TenantState, rate,
};

use super::password::PasswordError;
use super::{Admin, AdminRight, AdminState, Scope};
use super::{code, emergency, entry};
use crate::app::{App, Base};
use crate::keys::Keys;
use crate::random::{self, NoRandomness};
use crate::store::admins::{self, OperatorEvent, StoredAdmin};
use crate::store::{StoreError, Tx, people, tenants};

/// What an invitation says.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// For which scope.
    pub scope: Scope,
    /// Whom.
    pub email: EmailAddress,
    /// With which rights.
    pub rights: BTreeSet<AdminRight>,
    /// How long the code works.
    pub hours: i64,
}

/// Makes an account with a one-time code, to be shown once.
///
/// # Errors
/// [`AccountFault::Exists`] when the scope has one with that address that is in use.
pub async fn invite(
    db: &mut AnyConnection,
    keys: &Keys,
    ask: Invitation,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(Admin, String), AccountFault> {
    if let Some(tenant) = ask.scope.tenant()
        && tenants::find(db, tenant).await?.is_none()
    {
        return Err(AccountFault::NoTenant);
    }
    let id = AdminId::from_uuid(random::uuid()?);
    let admin = match admins::by_email(db, &ask.scope, &ask.email).await? {
        Some(known) if known.admin.state == AdminState::Active => return Err(AccountFault::Exists),
        Some(known) => {
            // Invited again, or brought back.
            let admin = Admin { rights: ask.rights, state: AdminState::Invited, ..known.admin };
            admins::update(db, &admin).await?;
            admin
        }
        None => {
            let admin = Admin {
                scope: ask.scope,
                id,
                email: ask.email,
                rights: ask.rights,
                state: AdminState::Invited,
                epoch: 0,
                created: now,
                created_by: by.clone(),
                person: None,
                last_sign_in: None,
            };
            admins::insert(db, &admin).await?;
            admin
        }
    };
    let code = give_code(db, keys, &admin, ask.hours, now).await?;
    note(db, &admin, by, Action::AdminChanged, "invited", Outcome::Done, now).await?;
    Ok((admin, code))
}

/// Takes the password of an account away and gives a new one-time code; its sessions end.
///
/// # Errors
/// [`AccountFault`].
pub async fn reset(
    db: &mut AnyConnection,
    keys: &Keys,
    admin: &Admin,
    hours: i64,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<String, AccountFault> {
    let admin = end_all(db, admin, AdminState::Invited).await?;
    let code = give_code(db, keys, &admin, hours, now).await?;
    note(db, &admin, by, Action::AdminChanged, "reset", Outcome::Done, now).await?;
    Ok(code)
}

/// Switches an account off; its sessions end.
///
/// # Errors
/// [`AccountFault`]; the last one with emergency access stays while single sign-on is enforced.
pub async fn revoke(tx: &mut Tx, admin: &Admin, by: &Actor, now: DateTime<Utc>) -> Result<(), AccountFault> {
    let admin = emergency::unname(tx, admin, by, now).await?;
    let admin = end_all(tx, &admin, AdminState::Revoked).await?;
    note(tx, &admin, by, Action::AdminChanged, "revoked", Outcome::Done, now).await
}

/// Uses a one-time code and sets the password.
///
/// # Errors
/// [`AccountFault::Code`] for a code that is none, was used, or is over: all alike.
pub async fn redeem(
    app: &App,
    scope: &Scope,
    email: &EmailAddress,
    typed: &str,
    password: &str,
    now: DateTime<Utc>,
) -> Result<(), AccountFault> {
    let hash = app.passwords.hash(password).await?;
    let mut tx = admins::begin(&app.base.store, scope).await?;
    let Some(known) = admins::by_email(&mut tx, scope, email).await? else { return Err(AccountFault::Code) };
    let code_hash = code_hash(&app.base.keys, &known.admin, typed);
    if known.admin.state == AdminState::Revoked
        || !admins::use_code(&mut tx, &known.admin, &code_hash, now).await?
    {
        return Err(AccountFault::Code);
    }
    let admin = end_all(&mut tx, &known.admin, AdminState::Active).await?;
    admins::put_password(&mut tx, &admin, Some(&hash)).await?;
    admins::put_guesses(&mut tx, &admin, None).await?;
    let by = admin.actor();
    note(&mut tx, &admin, &by, Action::AdminChanged, "password set", Outcome::Done, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Signs in: the secret for the browser's cookie. Whoever guesses learns nothing of which accounts there are.
///
/// # Errors
/// [`AccountFault::Credentials`] for whatever is wrong, [`AccountFault::TooMany`] after too many wrong guesses,
/// [`AccountFault::Gate`] when the password was right and the tenant wants another way.
pub async fn sign_in(
    app: &App,
    scope: &Scope,
    email: &EmailAddress,
    password: &str,
    emergency_code: &str,
    now: DateTime<Utc>,
) -> Result<String, AccountFault> {
    let known = guess(app, scope, email, now).await?;
    let stored = known.as_ref().and_then(|known| known.password.as_deref());
    let right = app.passwords.verify(password, stored).await?;
    let Some(known) = known else { return Err(AccountFault::Credentials) };
    let mut tx = admins::begin(&app.base.store, scope).await?;
    // Read again: it may have been revoked, or have got another password, while the hash was made.
    let fresh = admins::find(&mut tx, scope, &known.admin.id).await?.ok_or(AccountFault::Credentials)?;
    let unchanged = fresh.password == known.password && fresh.admin.epoch == known.admin.epoch;
    let refused = if !right || !unchanged {
        Some("admin.credentials")
    } else {
        may_enter(&mut tx, &fresh.admin).await?.err()
    };
    let mut admin = fresh.admin;
    let by = admin.actor();
    if let Some(code) = refused {
        let outcome = Outcome::Refused(code.to_owned());
        note(&mut tx, &admin, &by, Action::AdminSignInRefused, "sign-in", outcome, now).await?;
        tx.commit().await?;
        return Err(AccountFault::Credentials);
    }
    let facts = match entry::by_password(&mut tx, &app.base.keys, &admin, emergency_code, now).await? {
        Ok(facts) => facts,
        Err(refusal) => {
            let outcome = Outcome::Refused(refusal.code().to_owned());
            note(&mut tx, &admin, &by, Action::AdminSignInRefused, "sign-in", outcome, now).await?;
            tx.commit().await?;
            return Err(AccountFault::Gate(refusal));
        }
    };
    admins::put_guesses(&mut tx, &admin, None).await?;
    let secret = entry::enter(app, &mut tx, &mut admin, facts, "sign-in", now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Whether an account may be used now: it is active, its tenant is, and no directory of that tenant calls the person
/// with its address inactive or removed (as TEN-14 has it for logins).
///
/// # Errors
/// [`StoreError`] when the database fails. The inner error is the code of the reason.
pub async fn may_enter(
    db: &mut AnyConnection,
    admin: &Admin,
) -> Result<Result<(), &'static str>, StoreError> {
    if admin.state != AdminState::Active {
        return Ok(Err("admin.not_active"));
    }
    let Some(id) = admin.scope.tenant() else { return Ok(Ok(())) };
    let active = tenants::find(db, id).await?.is_some_and(|tenant| tenant.state == TenantState::Active);
    if !active {
        return Ok(Err("admin.tenant_not_active"));
    }
    let persons = people::by_email(db, id, &admin.email).await?;
    if !persons.is_empty() && persons.iter().all(|person| !person.state.is_active()) {
        return Ok(Err("admin.person_not_active"));
    }
    Ok(Ok(()))
}

/// Appends to the trail of the account's tenant, or to the operator's.
///
/// # Errors
/// [`AccountFault`] when the database fails.
pub async fn note(
    db: &mut AnyConnection,
    admin: &Admin,
    by: &Actor,
    action: Action,
    change: &str,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<(), AccountFault> {
    match &admin.scope {
        Scope::Tenant(tenant) => {
            let target = Target::Admin(admin.id.clone());
            let event = AuditEvent::done(tenant, now, by.clone(), action, target)
                .with_change("admin", None, Some(change.to_owned()))
                .with_outcome(outcome);
            people::audit(db, &[event]).await?;
        }
        Scope::Operator => {
            let (admin, change) = (admin.id.clone(), change.to_owned());
            admins::note(db, &OperatorEvent { at: now, actor: by.clone(), action, admin, change, outcome })
                .await?;
        }
    }
    Ok(())
}

/// The instant after some minutes.
#[must_use]
pub fn after_minutes(now: DateTime<Utc>, minutes: i64) -> DateTime<Utc> {
    now.checked_add_signed(TimeDelta::minutes(minutes)).unwrap_or(now)
}

/// Counts a guess before it is checked, so that guesses at once count as many; says what is known of the account.
pub(super) async fn guess(
    app: &App,
    scope: &Scope,
    email: &EmailAddress,
    now: DateTime<Utc>,
) -> Result<Option<StoredAdmin>, AccountFault> {
    let mut tx = admins::begin(&app.base.store, scope).await?;
    let Some(known) = admins::by_email(&mut tx, scope, email).await? else {
        // The same limit for accounts that are none, or the difference would tell them apart.
        app.rates.unknown_admin(scope, email, &GUESSES, now)?;
        return Ok(None);
    };
    let (bucket, verdict) = rate(&GUESSES, known.guesses.as_ref(), now);
    admins::put_guesses(&mut tx, &known.admin, Some(&bucket)).await?;
    tx.commit().await?;
    verdict?;
    Ok(Some(known))
}

async fn give_code(
    db: &mut AnyConnection,
    keys: &Keys,
    admin: &Admin,
    hours: i64,
    now: DateTime<Utc>,
) -> Result<String, AccountFault> {
    let code = code::fresh()?;
    let end = after_minutes(now, hours.clamp(1, MOST_HOURS).saturating_mul(60));
    admins::put_code(db, admin, Some((&code_hash(keys, admin, &code), end))).await?;
    Ok(code)
}

/// Takes password, code and sessions away, and gives the account another state.
async fn end_all(db: &mut AnyConnection, admin: &Admin, state: AdminState) -> Result<Admin, AccountFault> {
    let admin = Admin { state, epoch: admin.epoch.saturating_add(1), ..admin.clone() };
    admins::update(db, &admin).await?;
    admins::put_password(db, &admin, None).await?;
    admins::put_code(db, &admin, None).await?;
    admins::end_sessions_of(db, &admin).await?;
    Ok(admin)
}

fn code_hash(keys: &Keys, admin: &Admin, typed: &str) -> String {
    keys.code_hash(&format!("{}/{}/{}", admin.scope.as_str(), admin.id, code::normal(typed)))
}

/// Why something was not done with an account.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// Emergency access was not changed.
    #[error(transparent)]
    BreakGlass(#[from] BreakGlassError),
    /// The code is none, was used, or is over.
    #[error("this code does not work; check it and the e-mail address, or ask for a new one")]
    Code,
    /// Whatever was wrong.
    #[error("organisation, e-mail address and password do not belong together")]
    Credentials,
    /// There is one already.
    #[error("there is an account with that e-mail address already")]
    Exists,
    /// The password was right, and the tenant wants another way.
    #[error(transparent)]
    Gate(SignInRefusal),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// No account is tied to the person, or cannot be.
    #[error("no administrator's account is tied to this person")]
    NotTied,
    /// Too many sign in at once, or hashing failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many guesses.
    #[error(transparent)]
    TooMany(#[from] RateRefusal),
}

/// Finds an account of a scope by its address.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn find(base: &Base, scope: &Scope, email: &EmailAddress) -> Result<Option<Admin>, StoreError> {
    let mut db = base.store.read().await?;
    Ok(admins::by_email(&mut db, scope, email).await?.map(|known| known.admin))
}

/// Half an hour: as long as a lunch break, and shorter than the day of someone who forgot to lock the screen.
pub const IDLE_MINUTES: i64 = 30;
/// A working day.
pub const SESSION_MINUTES: i64 = 720;
/// How long a code works where nothing else is asked for.
pub const DEFAULT_HOURS: i64 = 24;
/// How long a code may work: as long as a set-up link.
pub const MOST_HOURS: i64 = 72;
/// A wrong password is tried a few times, a guesser longer.
const GUESSES: RateLimit =
    RateLimit { burst: NonZeroU32::MIN.saturating_add(9), per_minute: NonZeroU32::MIN };
