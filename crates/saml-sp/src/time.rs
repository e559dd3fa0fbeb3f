//! SAML instants: `xs:dateTime` in UTC, written with `Z` (Core 1.3.3).

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// Reads an instant in `Z` form with a fraction of any length; digits beyond nanoseconds are dropped.
///
/// A numeric offset, a time without a zone, `24:00:00` and leap seconds give `None`:
/// Core 1.3.3 wants UTC, and a reader that guesses a zone moves every time limit.
pub(crate) fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    let (date, rest) = text.split_once('T')?;
    let time = rest.strip_suffix('Z')?;
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, nanoseconds(fraction)?),
        None => (time, 0),
    };
    let date = parse_date(date)?;
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = digits(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second, fraction)?;
    Some(NaiveDateTime::new(date, time).and_utc())
}

/// Writes an instant with whole seconds, or milliseconds if there are any.
pub(crate) fn format_instant(instant: DateTime<Utc>) -> String {
    if instant.timestamp_subsec_millis() == 0 {
        instant.to_rfc3339_opts(SecondsFormat::Secs, true)
    } else {
        instant.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

/// `instant + seconds`, staying at the last instant that can be expressed.
pub(crate) fn later(instant: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    instant.checked_add_signed(TimeDelta::seconds(i64::from(seconds))).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `instant - seconds`, staying at the first instant that can be expressed.
pub(crate) fn earlier(instant: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    instant.checked_sub_signed(TimeDelta::seconds(i64::from(seconds))).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut nine: String = fraction.chars().take(9).collect();
    while nine.len() < 9 {
        nine.push('0');
    }
    nine.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<(i64, u32)> {
        parse_instant(text).map(|instant| (instant.timestamp(), instant.timestamp_subsec_nanos()))
    }

    // RSP-03
    #[test]
    fn reads_the_z_form_with_a_fraction_of_any_length() {
        assert_eq!(nanos("1970-01-01T00:00:10Z"), Some((10, 0)));
        assert_eq!(nanos("1970-01-01T00:00:10.5Z"), Some((10, 500_000_000)));
        assert_eq!(nanos("1970-01-01T00:00:10.1234567891234567Z"), Some((10, 123_456_789)));
    }

    // RSP-03
    #[test]
    fn refuses_offsets_bare_times_and_what_is_no_time() {
        for text in [
            "1970-01-01T00:00:10",
            "1970-01-01T00:00:10+00:00",
            "1970-01-01T00:00:10.Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01T24:00:00Z",
            "1970-02-30T00:00:00Z",
            "1970-01-01 00:00:10Z",
            "1970-01-01T00:00:10z",
            "1970-1-1T00:00:10Z",
            " 1970-01-01T00:00:10Z",
            "+1970-01-01T00:00:10Z",
            "",
        ] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["2026-11-21T19:09:41Z", "2026-11-21T19:09:41.119Z"] {
            assert_eq!(parse_instant(text).map(format_instant).as_deref(), Some(text));
        }
    }
}
