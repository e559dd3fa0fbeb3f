//! Reading metadata again from where it came, so that a provider's key roll-over needs nobody.
//!
//! Each node looks for what is due; who moves the row's time on first reads it, and if that node dies the row is due
//! again soon. What changes safely is taken; what does not waits for an admin; what is broken changes nothing but the
//! line on the page that says so.

use chrono::{DateTime, TimeDelta, Utc};
use tenant_model::TenantState;

use super::apply::{ApplyError, apply_if_safe};
use super::proposal::{Origin, Proposal, ProposalError, retired};
use crate::app::Base;
use crate::fetch::{FetchError, Fetcher};
use crate::random;
use crate::store::idp::{self as rows, Source, SourceStatus};
use crate::store::{StoreError, tenants};

/// What came of reading the metadata of one connection again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// It could not be read; the old one stays.
    Failed,
    /// The connection does not follow an address any more.
    Gone,
    /// It changes what must be approved, and waits.
    Held,
    /// Nothing changed, or only what is safe; that was taken.
    Taken,
}

/// Reads what is due; gives how many connections that were.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn refresh_due(base: &Base, fetcher: &Fetcher, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut db = base.store.read().await?;
    let due = rows::due_sources(&mut db, now, AT_ONCE).await?;
    drop(db);
    let mut done = 0_usize;
    for source in due {
        let mut tx = base.store.begin_unlocked().await?;
        let ours = rows::take_source(&mut tx, &source, later(now, LEASE)).await?;
        tx.commit().await?;
        if ours {
            refresh(base, fetcher, &source, now).await?;
            done = done.saturating_add(1);
        }
    }
    Ok(done)
}

/// Reads the metadata of one connection again, as the clock does or an admin asks.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn refresh(
    base: &Base,
    fetcher: &Fetcher,
    source: &Source,
    now: DateTime<Utc>,
) -> Result<Refreshed, StoreError> {
    let fetched = fetcher.get(&source.url).await;
    settle(base, source, fetched, now).await
}

/// Does what the document that came says, or notes why none came.
pub(super) async fn settle(
    base: &Base,
    source: &Source,
    fetched: Result<Vec<u8>, FetchError>,
    now: DateTime<Utc>,
) -> Result<Refreshed, StoreError> {
    let mut tx = base.store.begin(&source.tenant).await?;
    let Some(current) = rows::source(&mut tx, &source.tenant, &source.connection).await? else {
        return Ok(Refreshed::Gone);
    };
    let stored = tenants::saml(&mut tx, &source.tenant, &source.connection).await?;
    let served = tenants::find(&mut tx, &source.tenant).await?;
    let served = served.is_some_and(|tenant| tenant.state == TenantState::Active);
    let Some(stored) = stored.filter(|_| current.url == source.url && served) else {
        return Ok(Refreshed::Gone);
    };
    let entity_id = stored.connection.idp_entity_id.clone();
    let gone = retired(&stored.connection);
    let origin = Origin::Url(source.url.clone());
    let proposal = fetched.map_err(Trouble::from).and_then(|xml| {
        let proposal = Proposal::read(&xml, Some(&entity_id), origin, now)?;
        // A key that an admin took away does not come back by itself.
        Ok(proposal.without_keys(&gone).unwrap_or(proposal))
    });
    let mut status = SourceStatus { read_at: current.status.read_at, ..SourceStatus::default() };
    let (outcome, due_at) = match proposal {
        Ok(proposal) => {
            status.read_at = Some(now);
            let due_at = next_read(proposal.idp.refresh_at(now), now);
            match apply_if_safe(&mut tx, stored, &proposal, now).await {
                Ok(true) => (Refreshed::Taken, due_at),
                Ok(false) => (Refreshed::Held, due_at),
                Err(ApplyError::Store(error)) => return Err(error),
                Err(error) => {
                    status.code = Some(error.code().to_owned());
                    status.reason = Some(error.to_string());
                    (Refreshed::Failed, due_at)
                }
            }
        }
        Err(trouble) => {
            status.failures = current.status.failures.saturating_add(1);
            status.code = Some(trouble.code().to_owned());
            status.reason = Some(trouble.to_string());
            (Refreshed::Failed, after_failure(status.failures, now))
        }
    };
    rows::put_source(&mut tx, &Source { due_at, status, ..current }).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Why metadata was not read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Proposal(#[from] ProposalError),
}

impl Trouble {
    fn code(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.code(),
            Self::Proposal(error) => error.code(),
        }
    }
}

/// When the document asks for it, but no more than once an hour and no less than once a day.
fn next_read(asked: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let wanted = asked.map_or(DAY, |at| at.signed_duration_since(now)).clamp(HOUR, DAY);
    later(now, spread(wanted))
}

/// An hour, then twice as long each time, up to a day.
fn after_failure(failures: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let hours = 2_i32.saturating_pow(failures.saturating_sub(1).min(5)).min(24);
    later(now, spread(TimeDelta::hours(i64::from(hours))))
}

/// Up to a tenth less, so that what began together does not stay together.
fn spread(time: TimeDelta) -> TimeDelta {
    let chance = random::bytes::<1>().map_or(0, |[byte]| i64::from(byte));
    let less = time.num_seconds().saturating_mul(chance).checked_div(2560).unwrap_or_default();
    time.checked_sub(&TimeDelta::seconds(less)).unwrap_or(time)
}

fn later(now: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(time).unwrap_or(now)
}

/// In one round of one node; the next round takes the rest.
const AT_ONCE: u32 = 8;
/// Longer than a fetch may take.
const LEASE: TimeDelta = TimeDelta::minutes(5);
const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::hours(24);

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "a test that goes wrong must fail")]
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(0, 0).unwrap() + TimeDelta::hours(hours)
    }

    #[test]
    fn metadata_is_read_again_when_it_asks_but_within_an_hour_and_a_day() {
        for (asked, most) in
            [(None, 24), (Some(at(6)), 6), (Some(at(0)), 1), (Some(at(-5)), 1), (Some(at(900)), 24)]
        {
            let next = next_read(asked, at(0)).signed_duration_since(at(0));
            let most = TimeDelta::hours(most);
            assert!(next <= most && next >= most - TimeDelta::minutes(most.num_minutes() / 10 + 1), "{next}");
        }
    }

    #[test]
    fn after_failures_the_pauses_grow_up_to_a_day() {
        let pause = |failures| after_failure(failures, at(0)).signed_duration_since(at(0));
        assert!(pause(1) <= HOUR && pause(1) >= TimeDelta::minutes(54));
        assert!(pause(3) > pause(1));
        assert!(pause(400) <= DAY && pause(400) >= TimeDelta::hours(21));
    }
}
