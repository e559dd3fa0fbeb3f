use serde_json::Value;

use crate::attribute::{Attribute, AttributeType};
use crate::date_time::states_offset;
use crate::urn;

/// What a value of a simple type turned out to be.
pub(super) enum Scalar {
    Good,
    /// A dateTime that states no offset.
    NoOffset,
    Wrong {
        expected: &'static str,
        found: &'static str,
    },
}

/// Holds one value to its attribute's simple type (RFC 7643 2.3).
pub(super) fn scalar(attribute: &Attribute, value: &Value) -> Scalar {
    let wrong = |expected, found| Scalar::Wrong { expected, found };
    match (attribute.kind, value) {
        (AttributeType::Boolean, Value::Bool(_)) | (AttributeType::String, Value::String(_)) => Scalar::Good,
        (AttributeType::Decimal, Value::Number(_)) => Scalar::Good,
        (AttributeType::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Scalar::Good,
        (AttributeType::Integer, Value::Number(_)) => {
            wrong(EXPECTED_INTEGER, "a number with fraction or exponent")
        }
        (AttributeType::DateTime, Value::String(text)) => match states_offset(text) {
            Some(true) => Scalar::Good,
            Some(false) => Scalar::NoOffset,
            None => wrong(EXPECTED_DATE_TIME, "another string"),
        },
        (AttributeType::Binary, Value::String(text)) if is_base64(text) => Scalar::Good,
        (AttributeType::Binary, Value::String(_)) => wrong(EXPECTED_BINARY, "another string"),
        (AttributeType::Reference, Value::String(text)) if is_uri_reference(text) => Scalar::Good,
        (AttributeType::Reference, Value::String(_)) => wrong(EXPECTED_REFERENCE, "another string"),
        (AttributeType::Boolean, other) => wrong("true or false", kind_of(other)),
        (AttributeType::String, other) => wrong("a string", kind_of(other)),
        (AttributeType::Decimal, other) => wrong("a number", kind_of(other)),
        (AttributeType::Integer, other) => wrong(EXPECTED_INTEGER, kind_of(other)),
        (AttributeType::DateTime, other) => wrong(EXPECTED_DATE_TIME, kind_of(other)),
        (AttributeType::Binary, other) => wrong(EXPECTED_BINARY, kind_of(other)),
        (AttributeType::Reference, other) => wrong(EXPECTED_REFERENCE, kind_of(other)),
        (AttributeType::Complex, other) => wrong("an object", kind_of(other)),
    }
}

impl Attribute {
    /// What the attribute takes, if `value` is not it; `None` if it is. Of a multi-valued attribute `value` is one
    /// value, of a complex one nothing is looked at but that it is an object.
    ///
    /// # Examples
    /// ```
    /// use scim_schema::{Attribute, AttributeType};
    /// use serde_json::json;
    ///
    /// let count = Attribute::new("count", AttributeType::Integer);
    /// assert_eq!(count.misfit(&json!(3)), None);
    /// assert!(count.misfit(&json!(3.5)).is_some());
    /// ```
    pub fn misfit(&self, value: &Value) -> Option<&'static str> {
        match (self.kind, scalar(self, value)) {
            (AttributeType::Complex, _) if value.is_object() => None,
            (_, Scalar::Good | Scalar::NoOffset) => None,
            (_, Scalar::Wrong { expected, .. }) => Some(expected),
        }
    }
}

/// A format that RFC 7643 4.1 asks for in prose; `None` if the value has it or none is asked for.
pub(super) fn broken_format(
    schema: &str,
    attribute: &str,
    sub: Option<&str>,
    text: &str,
) -> Option<&'static str> {
    if schema != urn::USER {
        return None;
    }
    let (good, expected) = match (attribute, sub) {
        ("addresses", Some("country")) => {
            (is_country_code(text), "a country code of two letters (ISO 3166-1)")
        }
        ("locale", None) => (is_language_tag(text), "a language tag such as en-US"),
        ("x509Certificates", Some("value")) => (is_one_der_sequence(text), "one certificate (DER in base64)"),
        _ => return None,
    };
    if good { None } else { Some(expected) }
}

pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// RFC 7643 2.3.6: base64 of RFC 4648 section 4; the padding may be missing.
fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(body.len());
    let tail = body.len().checked_rem(4).unwrap_or(0);
    let padded = match tail {
        0 => padding == 0,
        2 => padding == 0 || padding == 2,
        3 => padding == 0 || padding == 1,
        _ => false,
    };
    padded && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// RFC 3986 in what matters: none of the characters that no URI holds. IRIs are taken, people paste them.
fn is_uri_reference(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"'))
}

fn is_country_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    parts
        .next()
        .is_some_and(|first| matches!(first.len(), 2..=8) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|part| matches!(part.len(), 1..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// An ASN.1 SEQUENCE that is exactly as long as it says; the certificate in it is the business of who uses it.
fn is_one_der_sequence(text: &str) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    let Ok(der) = STANDARD_NO_PAD.decode(text.trim_end_matches('=')) else { return false };
    let Some((0x30, rest)) = der.split_first().map(|(tag, rest)| (*tag, rest)) else { return false };
    let Some((first, rest)) = rest.split_first() else { return false };
    if *first < 0x80 {
        return rest.len() == usize::from(*first);
    }
    let octets = usize::from(*first & 0x7f);
    let Some((length, body)) = rest.split_at_checked(octets) else { return false };
    (1..=4).contains(&octets)
        && length.iter().try_fold(0_usize, |sum, b| sum.checked_mul(256)?.checked_add(usize::from(*b)))
            == Some(body.len())
}

const EXPECTED_INTEGER: &str = "a number without fraction and exponent, of at most 64 bits";
const EXPECTED_DATE_TIME: &str = "a dateTime such as 2008-01-23T04:56:22Z";
const EXPECTED_BINARY: &str = "base64 text";
const EXPECTED_REFERENCE: &str = "a URI";
