//! What an account of the pages does with itself: another password, and an end to all its sessions.

use chrono::{DateTime, Utc};
use tenant_model::{Action, Outcome, SessionFacts};

use super::accounts::{AccountFault, guess, note};
use super::{Admin, entry};
use crate::app::App;
use crate::store::admins;

/// Changes the password of whoever knows the old one. All sessions end; the secret of a new one is given, which
/// stands on what the present one stood on.
///
/// # Errors
/// [`AccountFault::Credentials`] for a wrong old password, [`AccountFault::TooMany`] after too many of them.
pub async fn change_password(
    app: &App,
    admin: &Admin,
    old: &str,
    new: &str,
    facts: Option<SessionFacts>,
    now: DateTime<Utc>,
) -> Result<String, AccountFault> {
    // Whoever sits down at an open browser guesses no faster than at the door.
    let known = guess(app, &admin.scope, &admin.email, now).await?;
    let known = known.filter(|known| known.admin.id == admin.id).ok_or(AccountFault::Credentials)?;
    let right = app.passwords.verify(old, known.password.as_deref()).await?;
    let hash = if right { Some(app.passwords.hash(new).await?) } else { None };
    let mut tx = admins::begin(&app.base.store, &admin.scope).await?;
    let fresh = admins::find(&mut tx, &admin.scope, &admin.id).await?.ok_or(AccountFault::Credentials)?;
    let unchanged = fresh.password == known.password && fresh.admin.epoch == admin.epoch;
    let by = admin.actor();
    let Some(hash) = hash.filter(|_| unchanged) else {
        let outcome = Outcome::Refused("admin.credentials".to_owned());
        note(&mut tx, admin, &by, Action::AdminChanged, "password", outcome, now).await?;
        tx.commit().await?;
        return Err(AccountFault::Credentials);
    };
    let after = Admin { epoch: fresh.admin.epoch.saturating_add(1), ..fresh.admin };
    admins::update(&mut tx, &after).await?;
    admins::put_password(&mut tx, &after, Some(&hash)).await?;
    admins::put_code(&mut tx, &after, None).await?;
    admins::put_guesses(&mut tx, &after, None).await?;
    admins::end_sessions_of(&mut tx, &after).await?;
    let secret = entry::open_session(app, &mut tx, &after, facts, now).await?;
    note(&mut tx, &after, &by, Action::AdminChanged, "password changed", Outcome::Done, now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Ends all sessions of an account, this one too.
///
/// # Errors
/// [`AccountFault`] when the database fails.
pub async fn sign_out_everywhere(app: &App, admin: &Admin, now: DateTime<Utc>) -> Result<(), AccountFault> {
    let mut tx = admins::begin(&app.base.store, &admin.scope).await?;
    let Some(fresh) = admins::find(&mut tx, &admin.scope, &admin.id).await? else { return Ok(()) };
    let after = Admin { epoch: fresh.admin.epoch.saturating_add(1), ..fresh.admin };
    admins::update(&mut tx, &after).await?;
    admins::end_sessions_of(&mut tx, &after).await?;
    note(&mut tx, &after, &admin.actor(), Action::AdminChanged, "signed out everywhere", Outcome::Done, now)
        .await?;
    tx.commit().await?;
    Ok(())
}
