//! The one place that reads the wall clock; everything else is handed `now`.

use std::future::Future;

use chrono::{DateTime, Utc};

tokio::task_local! {
    static GIVEN: DateTime<Utc>;
}

/// The present instant, in whole milliseconds: as the database gives it back.
#[must_use]
pub fn now() -> DateTime<Utc> {
    GIVEN.try_with(|given| *given).unwrap_or_else(|_| wall_clock())
}

/// Does `work` as if it were another instant: what it asks [`now`] for, but nothing that it spawns.
///
/// Tests of what ends with time go through it; no request, option or variable leads here.
pub async fn at<T>(instant: DateTime<Utc>, work: impl Future<Output = T>) -> T {
    GIVEN.scope(from_millis(millis(instant)), work).await
}

fn wall_clock() -> DateTime<Utc> {
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
