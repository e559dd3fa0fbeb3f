//! Adding to an instant without a panic at the end of the calendar.

use chrono::{DateTime, TimeDelta, Utc};

/// `start` and so many days more, or the last instant that can be written.
pub(crate) fn after_days(start: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    after(start, TimeDelta::days(i64::from(days)))
}

/// So many days before `end`, or the first instant that can be written.
pub(crate) fn before_days(end: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    end.checked_sub_signed(TimeDelta::days(i64::from(days))).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// `start` and so many minutes more, or the last instant that can be written.
pub(crate) fn after_minutes(start: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
    after(start, TimeDelta::minutes(i64::from(minutes)))
}

fn after(start: DateTime<Utc>, more: TimeDelta) -> DateTime<Utc> {
    start.checked_add_signed(more).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
