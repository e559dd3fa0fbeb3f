//! Adding to an instant without a panic at the end of the calendar.

use chrono::{DateTime, TimeDelta, Utc};

/// `start` and so many days more, or the last instant that can be written.
pub(crate) fn after_days(start: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    after(start, TimeDelta::days(i64::from(days)))
}

/// `start` and so many minutes more, or the last instant that can be written.
pub(crate) fn after_minutes(start: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
    after(start, TimeDelta::minutes(i64::from(minutes)))
}

fn after(start: DateTime<Utc>, more: TimeDelta) -> DateTime<Utc> {
    start.checked_add_signed(more).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
