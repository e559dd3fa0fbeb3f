//! Rate limits as a pure decision: a bucket that fills with time (TOK-13).

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How much may come: `burst` at once, `per_minute` in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// At once, after a quiet time.
    pub burst: NonZeroU32,
    /// A minute, lasting.
    pub per_minute: NonZeroU32,
}

impl RateLimit {
    /// For one token: the known directories send up to 25 requests a second in a first synchronisation.
    pub const PER_TOKEN: Self = Self::of(100, 1500);
    /// For all tokens of a tenant.
    pub const PER_TENANT: Self = Self::of(200, 3000);
    /// For failed authentications from one address: a mistyped token is tried a few times, a guesser longer.
    pub const FAILURES_PER_ADDRESS: Self = Self::of(20, 10);

    const fn of(burst: u32, per_minute: u32) -> Self {
        match (NonZeroU32::new(burst), NonZeroU32::new(per_minute)) {
            (Some(burst), Some(per_minute)) => Self { burst, per_minute },
            _ => Self { burst: NonZeroU32::MIN, per_minute: NonZeroU32::MIN },
        }
    }
}

/// A row of the host's store, one for each token, tenant or address that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// What is left, in thousandths of a request.
    pub left_millis: u64,
    /// As of when.
    pub at: DateTime<Utc>,
}

/// Too much came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; try again in {retry_after_seconds} seconds")]
pub struct RateRefusal {
    /// For the header `Retry-After`, at least 1.
    pub retry_after_seconds: u64,
}

impl RateRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "rate.limited"
    }

    /// The HTTP status to answer with, with a SCIM error as body where SCIM was spoken.
    #[must_use]
    pub fn status(&self) -> u16 {
        429
    }
}

/// Takes one request out of a bucket: the bucket to store, and whether the request may go on.
///
/// `stored` is `None` for someone who was never seen. What was refused takes nothing out. Several nodes that share
/// buckets read and write one in one transaction; a node with buckets of its own divides the limit by their number.
///
/// # Examples
/// ```
/// use chrono::{TimeZone, Utc};
/// use tenant_model::{RateLimit, rate};
///
/// let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
/// let (bucket, verdict) = rate(&RateLimit::PER_TOKEN, None, now);
/// assert!(verdict.is_ok());
/// assert_eq!(bucket.left_millis, 99_000);
/// ```
pub fn rate(
    limit: &RateLimit,
    stored: Option<&Bucket>,
    now: DateTime<Utc>,
) -> (Bucket, Result<(), RateRefusal>) {
    let full = u64::from(limit.burst.get()).saturating_mul(ONE);
    let per_minute = u64::from(limit.per_minute.get());
    let left = stored.map_or(full, |bucket| {
        // A clock that went back fills nothing.
        let passed = now.signed_duration_since(bucket.at).num_milliseconds();
        let passed = u64::try_from(passed).unwrap_or(0);
        // Thousandths a millisecond are requests a second.
        let filled = passed.saturating_mul(per_minute).saturating_div(SECONDS_A_MINUTE);
        bucket.left_millis.saturating_add(filled).min(full)
    });
    if let Some(rest) = left.checked_sub(ONE) {
        return (Bucket { left_millis: rest, at: now }, Ok(()));
    }
    let missing = ONE.saturating_sub(left).saturating_mul(SECONDS_A_MINUTE);
    let millis = missing.div_ceil(per_minute);
    let retry_after_seconds = millis.div_ceil(ONE).max(1);
    // The instant moves on with what was filled, or many refusals would round the filling away.
    let kept = stored.copied().filter(|bucket| bucket.left_millis == left);
    let bucket = kept.unwrap_or(Bucket { left_millis: left, at: now });
    (bucket, Err(RateRefusal { retry_after_seconds }))
}

const ONE: u64 = 1000;
const SECONDS_A_MINUTE: u64 = 60;

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::fixtures::at;

    fn limit(burst: u32, per_minute: u32) -> RateLimit {
        RateLimit::of(burst, per_minute)
    }

    fn bump(count: usize) -> usize {
        count.saturating_add(1)
    }

    /// How many of the requests at these milliseconds went through, and the last refusal.
    fn run(limit: &RateLimit, millis: impl IntoIterator<Item = i64>) -> (usize, Option<RateRefusal>) {
        let (mut bucket, mut passed, mut refusal) = (None, 0, None);
        for at_milli in millis {
            let now = at(0).checked_add_signed(TimeDelta::milliseconds(at_milli)).unwrap();
            let (next, verdict) = rate(limit, bucket.as_ref(), now);
            bucket = Some(next);
            match verdict {
                Ok(()) => passed = bump(passed),
                Err(refused) => refusal = Some(refused),
            }
        }
        (passed, refusal)
    }

    // TOK-13
    #[test]
    fn a_burst_passes_and_the_next_one_is_told_when_to_come_again() {
        assert_eq!(run(&limit(3, 60), [0, 0, 0]), (3, None));
        let (passed, refusal) = run(&limit(3, 60), [0; 4]);
        assert_eq!((passed, refusal.unwrap().retry_after_seconds), (3, 1));
        let (_, refusal) = run(&limit(1, 1), [0, 0]);
        let refusal = refusal.unwrap();
        assert_eq!(
            (refusal.retry_after_seconds, refusal.status(), refusal.code()),
            (60, 429, "rate.limited")
        );
    }

    // TOK-13
    #[test]
    fn who_waits_as_told_gets_through_and_who_does_not_does_not() {
        assert_eq!(run(&limit(1, 60), [0, 1000]).0, 2);
        assert_eq!(run(&limit(1, 60), [0, 999]).0, 1);
        // Quiet time saves up the burst, no more.
        assert_eq!(run(&limit(2, 60), [0, 0, 3_600_000, 3_600_000, 3_600_000]).0, 4);
    }

    // TOK-13
    #[test]
    fn hammering_gains_and_loses_nothing() {
        // One request a second is allowed; a hundred a second are tried, for ten seconds.
        let (passed, _) = run(&limit(1, 60), (0..10_000).step_by(10));
        assert_eq!(passed, 10);
        let (passed, _) = run(&limit(1, 1), 0..120_001);
        assert_eq!(passed, 3);
    }

    // TOK-13
    #[test]
    fn a_clock_that_goes_back_fills_nothing() {
        assert_eq!(run(&limit(1, 60), [10_000, 0, 5_000]).0, 1);
    }
}
