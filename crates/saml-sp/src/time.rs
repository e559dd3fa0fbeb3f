//! SAML instants: `xs:dateTime` in UTC, written with `Z` (Core 1.3.3).

use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

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

/// A length of time as XML Schema writes it (`xs:duration`): a month has no number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    months: u32,
    seconds: u32,
}

impl Period {
    /// `instant + period`, staying at the last instant that can be expressed.
    pub(crate) fn after(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let month = instant.checked_add_months(Months::new(self.months));
        month.map_or(DateTime::<Utc>::MAX_UTC, |month| later(month, self.seconds))
    }
}

/// Reads a length of time that isn't negative; a fraction of a second is dropped.
pub(crate) fn parse_period(text: &str) -> Option<Period> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if rest.is_empty() => return None,
        None => (rest, ""),
    };
    let [years, months, days] = components(date, ['Y', 'M', 'D'])?;
    let [hours, minutes, seconds] = components(time, ['H', 'M', 'S'])?;
    Some(Period {
        months: years.checked_mul(12)?.checked_add(months)?,
        seconds: [(days, 86_400), (hours, 3_600), (minutes, 60), (seconds, 1)]
            .into_iter()
            .try_fold(0_u32, |sum, (number, length)| sum.checked_add(number.checked_mul(length)?))?,
    })
}

/// Numbers, each followed by its letter, in this order; those that are missing are 0.
fn components(text: &str, letters: [char; 3]) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    let mut rest = text;
    for (number, letter) in numbers.iter_mut().zip(letters) {
        let Some((digits, after)) = rest.split_once(letter) else { continue };
        let whole = match digits.split_once('.') {
            Some((whole, fraction)) if letter == 'S' => nanoseconds(fraction).map(|_| whole)?,
            Some(_) => return None,
            None => digits,
        };
        if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = whole.parse().ok()?;
        rest = after;
    }
    rest.is_empty().then_some(numbers)
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

    // MD-03
    #[test]
    fn reads_lengths_of_time() {
        let start = parse_instant("2026-01-31T00:00:00Z").unwrap();
        for (text, end) in [
            ("P1D", "2026-02-01T00:00:00Z"),
            ("PT86400S", "2026-02-01T00:00:00Z"),
            ("P1M", "2026-02-28T00:00:00Z"),
            ("P1Y2M3DT4H5M6.7S", "2027-04-03T04:05:06Z"),
            ("PT1M", "2026-01-31T00:01:00Z"),
            ("P0D", "2026-01-31T00:00:00Z"),
        ] {
            let found = parse_period(text).map(|period| format_instant(period.after(start)));
            assert_eq!(found.as_deref(), Some(end), "{text}");
        }
        let wrong = [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "-P1D",
            "P1H",
            "PT1D",
            "P1D1Y",
            "P1.5D",
            "PT.5S",
            "PT1.S",
            "P1DT",
            "P99999999999D",
            "P1D ",
        ];
        for text in wrong {
            assert_eq!(parse_period(text), None, "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["2026-11-21T19:09:41Z", "2026-11-21T19:09:41.119Z"] {
            assert_eq!(parse_instant(text).map(format_instant).as_deref(), Some(text));
        }
    }
}
