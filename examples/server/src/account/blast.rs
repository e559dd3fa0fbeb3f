//! Mass deactivations: counted for each directory, told beyond the limit, and held where the tenant chose that.

use chrono::TimeDelta;
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, BlastVerdict, LifecycleEvent, Outcome, Person, PersonId, Target, Transition,
    blast_radius,
};

use super::{AccountError, Directory};
use crate::store::{StoreError, deactivations, directory, resources};

/// What is to be stored of a change that may take access away.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn judge(
    db: &mut AnyConnection,
    directory: &Directory<'_>,
    before: &Person,
    change: Transition,
) -> Result<Transition, StoreError> {
    let (tenant, id, now) = (&directory.tenant.id, &directory.connection.id, directory.now);
    let away =
        |event: &LifecycleEvent| matches!(event, LifecycleEvent::Deactivated | LifecycleEvent::Removed);
    let waits = deactivations::waits(db, tenant, &before.id).await?;
    // Someone who was switched off before and is removed now loses nothing.
    if !before.state.is_active() || !change.events.iter().any(away) {
        if waits {
            deactivations::settle(db, tenant, &before.id, now).await?;
        }
        return Ok(change);
    }
    if waits {
        return Ok(change.put_off(before, directory.cause, now));
    }
    let limit = &directory.connection.deactivations;
    let from = now.checked_sub_signed(TimeDelta::hours(1)).unwrap_or(now);
    // More than the limit and one decide nothing; the count that is told is then the least.
    let most = limit.per_hour.get().saturating_add(MOST_TOLD);
    let earlier = deactivations::since(db, tenant, id, from, most).await?;
    let verdict = blast_radius(&earlier, limit, now);
    let held = matches!(verdict, BlastVerdict::Hold { .. });
    deactivations::note(db, tenant, id, &before.id, held, now).await?;
    let tell = |count: u32, outcome| {
        AuditEvent::done(
            tenant,
            now,
            directory.cause.clone(),
            Action::BlastRadius,
            Target::Connection(id.clone()),
        )
        .with_change("deactivations", Some(limit.per_hour.to_string()), Some(count.to_string()))
        .with_outcome(outcome)
    };
    Ok(match verdict {
        BlastVerdict::Go => change,
        BlastVerdict::Hold { count } => {
            tracing::warn!(%tenant, connection = %id, count, "too many deactivations: this one is held");
            let mut held = change.put_off(before, directory.cause, now);
            held.audit.push(tell(count, Outcome::Held("held.blast_radius".to_owned())));
            held
        }
        BlastVerdict::Report { count } => {
            tracing::warn!(%tenant, connection = %id, count, "more deactivations within an hour than usual");
            let mut told = change;
            told.audit.push(tell(count, Outcome::Done));
            told
        }
    })
}

/// Lets a held deactivation go: what the directory sent is done now. `false` if none waited.
///
/// # Errors
/// [`AccountError`]; the caller's transaction must then be dropped.
pub async fn release(
    db: &mut AnyConnection,
    work: &Directory<'_>,
    person: &PersonId,
) -> Result<bool, AccountError> {
    let tenant = &work.tenant.id;
    if !deactivations::waits(db, tenant, person).await? {
        return Ok(false);
    }
    let user = directory::of_person(db, tenant, person).await?;
    let Some(user) = user else { return Ok(false) };
    let Some(before) = crate::store::people::find(db, tenant, person).await? else { return Ok(false) };
    let guard = super::guard(db, work.tenant, &[person.clone()].into()).await?;
    let known = tenant_model::Before::Known(&before);
    let change =
        tenant_model::transition(work.tenant, work.connection, known, &user, &guard, work.cause, work.now)?;
    super::store(db, work.product, &work.connection.mapping.roles, &change, work.now).await?;
    deactivations::settle(db, tenant, person, work.now).await?;
    if let Some(resource) = resources::of_person(db, tenant, person).await? {
        work.tell(db, &resource.id, user.external_id.as_deref(), &change.events).await?;
    }
    Ok(true)
}

/// Keeps the actor of a release apart from the directory that asked: the deactivation is the directory's, so that it
/// may take it back.
#[must_use]
pub fn cause_of_release(connection: &tenant_model::ScimConnection) -> Actor {
    Actor::Connection(connection.id.clone())
}

/// How many more than the limit are counted.
const MOST_TOLD: u32 = 1_000;
