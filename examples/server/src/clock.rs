//! The one place that reads the wall clock; everything else is handed `now`.

use chrono::{DateTime, Utc};

/// The present instant, in whole milliseconds: as the database gives it back.
#[must_use]
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "a host owns the clock; this is its only reading")]
    let now = Utc::now();
    from_millis(millis(now))
}

/// Milliseconds since 1970, as the database keeps instants.
#[must_use]
pub fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// The instant that the database kept as milliseconds; the epoch for a number no calendar holds.
#[must_use]
pub fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
