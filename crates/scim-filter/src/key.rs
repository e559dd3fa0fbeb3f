//! The comparison keys: in memory, in a search document and in a bound parameter the same value has the same key.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use scim_schema::{Attribute, AttributeType};
use serde_json::{Number, Value};

use crate::CompareOp;

/// What a stored value is compared as.
pub(crate) enum Key<'v> {
    Bool(bool),
    Instant(DateTime<Utc>),
    Number(&'v Number),
    /// Not folded yet: in memory that is done only where it is needed.
    Text(&'v str),
}

impl<'v> Key<'v> {
    /// Reads a value of a simple attribute; a value of another type is no value at all.
    pub(crate) fn of(attribute: &Attribute, value: &'v Value) -> Option<Key<'v>> {
        match (attribute.kind, value) {
            (AttributeType::Boolean, Value::Bool(value)) => Some(Key::Bool(*value)),
            (AttributeType::Decimal | AttributeType::Integer, Value::Number(value)) => {
                Some(Key::Number(value))
            }
            (AttributeType::DateTime, Value::String(text)) => instant(text).map(Key::Instant),
            (AttributeType::Binary, Value::String(text)) => Some(Key::Text(unpadded(text))),
            (AttributeType::Reference | AttributeType::String, Value::String(text)) => Some(Key::Text(text)),
            _ => None,
        }
    }
}

/// A literal prepared for comparison, with its operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Bool(CompareOp, bool),
    Instant { op: CompareOp, value: DateTime<Utc>, literal: String },
    Number(CompareOp, Number),
    Text(TextTest),
}

impl Operand {
    pub(crate) fn op(&self) -> CompareOp {
        match self {
            Operand::Bool(op, _) | Operand::Instant { op, .. } | Operand::Number(op, _) => *op,
            Operand::Text(text) => text.op,
        }
    }

    pub(crate) fn holds(&self, key: &Key<'_>) -> bool {
        match (self, key) {
            (Operand::Bool(op, literal), Key::Bool(value)) => ordering_holds(*op, value.cmp(literal)),
            (Operand::Instant { op, value: literal, .. }, Key::Instant(value)) => {
                ordering_holds(*op, value.cmp(literal))
            }
            (Operand::Number(op, literal), Key::Number(value)) => {
                ordering_holds(*op, compare_numbers(value, literal))
            }
            (Operand::Text(text), Key::Text(value)) => text.holds(value),
            _ => false,
        }
    }

    /// The literal as a JSON value, if the comparison is `eq`.
    pub(crate) fn equal_value(&self) -> Option<Value> {
        if self.op() != CompareOp::Eq {
            return None;
        }
        Some(match self {
            Operand::Bool(_, value) => Value::Bool(*value),
            Operand::Instant { literal, .. } => Value::String(literal.clone()),
            Operand::Number(_, value) => Value::Number(value.clone()),
            Operand::Text(text) => Value::String(text.literal.clone().into()),
        })
    }
}

/// A comparison with a string.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextTest {
    op: CompareOp,
    case_exact: bool,
    key: Box<str>,
    literal: Box<str>,
}

impl TextTest {
    pub(crate) fn new(op: CompareOp, attribute: &Attribute, literal: &str) -> TextTest {
        let key = if attribute.kind == AttributeType::Binary { unpadded(literal) } else { literal };
        let key = text_key(key, attribute.case_exact).into();
        TextTest { op, case_exact: attribute.case_exact, key, literal: literal.into() }
    }

    pub(crate) fn op(&self) -> CompareOp {
        self.op
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn literal(&self) -> &str {
        &self.literal
    }

    fn holds(&self, value: &str) -> bool {
        let op = self.op;
        if !value.is_ascii() {
            return text_holds(op, &text_key(value, self.case_exact), &self.key);
        }
        // The key of ASCII text is the text itself, or the text in lower case: no need to make it.
        if self.case_exact {
            return text_holds(op, value, &self.key);
        }
        if op == CompareOp::Co {
            return text_holds(op, &value.to_ascii_lowercase(), &self.key);
        }
        let (value, key) = (value.as_bytes(), self.key.as_bytes());
        match op {
            CompareOp::Eq => value.eq_ignore_ascii_case(key),
            CompareOp::Ne => !value.eq_ignore_ascii_case(key),
            CompareOp::Sw => value.get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key)),
            CompareOp::Ew => {
                let start = value.len().checked_sub(key.len());
                start.and_then(|start| value.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(key))
            }
            CompareOp::Co | CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le => {
                ordering_holds(op, value.iter().map(u8::to_ascii_lowercase).cmp(key.iter().copied()))
            }
        }
    }
}

/// What a string is compared by: two strings are equal to SCIM if and only if their keys are (F14, F15).
///
/// The order of the keys' bytes, which is the order of their code points, is the order of the strings.
pub(crate) fn text_key(text: &str, case_exact: bool) -> Cow<'_, str> {
    if case_exact { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// Reads a dateTime; an offset that is missing means UTC (S06).
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc())
}

/// S07: base64 may come with and without its padding.
pub(crate) fn unpadded(text: &str) -> &str {
    text.trim_end_matches('=')
}

/// A number as both databases and memory can hold it: exact if it fits 64 bits, else the nearest double.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Numeric {
    Integer(i64),
    Real(f64),
}

impl Numeric {
    pub(crate) fn of(number: &Number) -> Numeric {
        match number.as_i64() {
            Some(value) => Numeric::Integer(value),
            None => Numeric::Real(number.as_f64().unwrap_or(f64::NAN)),
        }
    }
}

fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    match (Numeric::of(a), Numeric::of(b)) {
        (Numeric::Integer(a), Numeric::Integer(b)) => a.cmp(&b),
        (Numeric::Real(a), Numeric::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (Numeric::Integer(a), Numeric::Real(b)) => compare_mixed(a, b),
        (Numeric::Real(a), Numeric::Integer(b)) => compare_mixed(b, a).reverse(),
    }
}

/// Compares without rounding the integer to a double, as both databases do.
#[expect(clippy::as_conversions, reason = "the range is checked, so that the conversion is exact")]
fn compare_mixed(integer: i64, real: f64) -> Ordering {
    if real >= 9_223_372_036_854_775_808.0 {
        Ordering::Less
    } else if real < -9_223_372_036_854_775_808.0 {
        Ordering::Greater
    } else {
        let whole = real.trunc();
        integer.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&real).unwrap_or(Ordering::Equal))
    }
}

fn ordering_holds(op: CompareOp, ordering: Ordering) -> bool {
    match op {
        CompareOp::Eq => ordering.is_eq(),
        CompareOp::Ne => ordering.is_ne(),
        CompareOp::Gt => ordering.is_gt(),
        CompareOp::Ge => ordering.is_ge(),
        CompareOp::Lt => ordering.is_lt(),
        CompareOp::Le => ordering.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

fn text_holds(op: CompareOp, value: &str, key: &str) -> bool {
    match op {
        CompareOp::Co => value.contains(key),
        CompareOp::Sw => value.starts_with(key),
        CompareOp::Ew => value.ends_with(key),
        _ => ordering_holds(op, value.cmp(key)),
    }
}
