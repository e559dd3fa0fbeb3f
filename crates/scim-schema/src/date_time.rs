use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// Reads an `xsd:dateTime` (RFC 7643 2.3.5): date and time, fraction of any length, offset optional.
///
/// Without offset it is read as UTC. Digits below a nanosecond are dropped. `24:00:00` is the start of the next day.
/// `None` if the text is anything else, a date alone included.
///
/// # Examples
/// ```
/// use scim_schema::parse_date_time;
///
/// assert_eq!(parse_date_time("2008-01-23T04:56:22"), parse_date_time("2008-01-23T06:56:22+02:00"));
/// assert!(parse_date_time("2008-01-23").is_none());
/// ```
pub fn parse_date_time(text: &str) -> Option<DateTime<Utc>> {
    read(text).map(|(instant, _)| instant)
}

/// Writes an instant as SCIM servers do: RFC 3339 in UTC with `Z`, fraction only if there is one.
pub fn format_date_time(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Whether the text is a dateTime, and if so whether it states its offset.
pub(crate) fn states_offset(text: &str) -> Option<bool> {
    read(text).map(|(_, offset)| offset)
}

fn read(text: &str) -> Option<(DateTime<Utc>, bool)> {
    let (date, rest) = text.split_once('T')?;
    let date = read_date(date)?;
    let (hour, rest) = two_digits(rest)?;
    let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
    let (second, rest) = two_digits(rest.strip_prefix(':')?)?;
    let (nanos, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => read_fraction(rest)?,
    };
    let time = if hour == 24 && minute == 0 && second == 0 && nanos == 0 {
        date.succ_opt()?.and_time(NaiveTime::MIN)
    } else {
        date.and_time(NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?)
    };
    let (offset, stated) = match rest {
        "" => (0, false),
        "Z" => (0, true),
        _ => (read_offset(rest)?, true),
    };
    let offset = TimeDelta::seconds(FixedOffset::east_opt(offset)?.local_minus_utc().into());
    Some((time.checked_sub_signed(offset)?.and_utc(), stated))
}

fn read_date(text: &str) -> Option<NaiveDate> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let mut parts = digits.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    // XML Schema: four digits or more, and no leading zero beyond four.
    if year.len() < 4 || year.len() > 6 || (year.len() > 4 && year.starts_with('0')) || !all_digits(year) {
        return None;
    }
    let (month, rest) = two_digits(month)?;
    let (day, rest_of_day) = two_digits(day)?;
    if !rest.is_empty() || !rest_of_day.is_empty() {
        return None;
    }
    let year: i32 = year.parse().ok()?;
    NaiveDate::from_ymd_opt(year.checked_mul(sign)?, month, day)
}

fn read_fraction(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let mut nanos: u32 = 0;
    for digit in digits.bytes().chain(std::iter::repeat(b'0')).take(9) {
        nanos = nanos.checked_mul(10)?.checked_add(u32::from(digit.checked_sub(b'0')?))?;
    }
    Some((nanos, rest))
}

/// Seconds east of UTC; XML Schema allows up to fourteen hours.
fn read_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hour, rest) = two_digits(rest)?;
    let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
    if !rest.is_empty() || minute > 59 || hour > 14 || (hour == 14 && minute > 0) {
        return None;
    }
    let minutes = i32::try_from(hour.checked_mul(60)?.checked_add(minute)?).ok()?;
    minutes.checked_mul(60)?.checked_mul(sign)
}

fn two_digits(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    if all_digits(digits) { Some((digits.parse().ok()?, rest)) } else { None }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse_date_time(text).map(format_date_time)
    }

    #[test]
    fn xsd_date_times_are_read_with_and_without_offset() {
        // S06
        for (text, expected) in [
            ("2011-08-01T18:29:49Z", "2011-08-01T18:29:49Z"),
            ("2011-08-01T18:29:49", "2011-08-01T18:29:49Z"),
            ("2011-08-01T18:29:49.5", "2011-08-01T18:29:49.500Z"),
            ("2011-08-01T18:29:49.1234567899Z", "2011-08-01T18:29:49.123456789Z"),
            ("2011-08-01T18:29:49+05:30", "2011-08-01T12:59:49Z"),
            ("2011-08-01T00:00:00-14:00", "2011-08-01T14:00:00Z"),
            ("2011-12-31T24:00:00Z", "2012-01-01T00:00:00Z"),
            ("2012-02-29T00:00:00Z", "2012-02-29T00:00:00Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_xsd_date_time_is_refused() {
        // S06
        for text in [
            "",
            "T",
            "2011-08-01",
            "18:29:49Z",
            "2011-08-01 18:29:49Z",
            "2011-08-01t18:29:49z",
            "2011-08-01T18:29Z",
            "2011-08-01T18:29:49.Z",
            "2011-08-01T24:00:01Z",
            "2011-08-01T18:29:60Z",
            "2011-02-29T00:00:00Z",
            "2011-13-01T00:00:00Z",
            "11-08-01T18:29:49Z",
            "02011-08-01T18:29:49Z",
            "2011-8-1T18:29:49Z",
            "2011-08-01T18:29:49+0530",
            "2011-08-01T18:29:49+14:01",
            "2011-08-01T18:29:49Zx",
            "2011-08-01T1é:29:49Z",
            "999999-08-01T18:29:49Z",
            "2011-08-01T18:29:49 ",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
