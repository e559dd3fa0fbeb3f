//! The comparison keys: in memory, in a search document and in a bound parameter the same value has the same key.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use scim_schema::{Attribute, AttributeType, Number, compare_key, parse_date_time};
use serde_json::Value;

use crate::CompareOp;

/// What a stored value is compared as.
pub(crate) enum Key<'v> {
    Bool(bool),
    Instant(DateTime<Utc>),
    Number(Number),
    /// Not folded yet: in memory that is done only where it is needed.
    Text(&'v str),
}

impl<'v> Key<'v> {
    /// Reads a value of a simple attribute; a value of another type is no value at all.
    #[inline]
    pub(crate) fn of(attribute: &Attribute, value: &'v Value) -> Option<Key<'v>> {
        match (attribute.kind, value) {
            (AttributeType::Boolean, Value::Bool(value)) => Some(Key::Bool(*value)),
            (AttributeType::Decimal | AttributeType::Integer, Value::Number(value)) => {
                Number::of(value).map(Key::Number)
            }
            (AttributeType::DateTime, Value::String(text)) => parse_date_time(text).map(Key::Instant),
            (AttributeType::Binary, Value::String(text)) => Some(Key::Text(text.trim_end_matches('='))),
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
    Number { op: CompareOp, value: Number, literal: serde_json::Number },
    Text(TextTest),
}

impl Operand {
    #[inline]
    pub(crate) fn op(&self) -> CompareOp {
        match self {
            Operand::Bool(op, _) | Operand::Instant { op, .. } | Operand::Number { op, .. } => *op,
            Operand::Text(text) => text.op,
        }
    }

    #[inline]
    pub(crate) fn holds(&self, key: &Key<'_>) -> bool {
        match (self, key) {
            (Operand::Bool(op, literal), Key::Bool(value)) => ordering_holds(*op, value.cmp(literal)),
            (Operand::Instant { op, value: literal, .. }, Key::Instant(value)) => {
                ordering_holds(*op, value.cmp(literal))
            }
            (Operand::Number { op, value: literal, .. }, Key::Number(value)) => {
                ordering_holds(*op, value.cmp(literal))
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
            Operand::Number { literal, .. } => Value::Number(literal.clone()),
            Operand::Text(text) => Value::String(text.literal().to_owned()),
        })
    }
}

/// A comparison with a string.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextTest {
    op: CompareOp,
    kind: TextKind,
    key: Box<str>,
    written: Option<Box<str>>,
}

impl TextTest {
    pub(crate) fn new(op: CompareOp, attribute: &Attribute, literal: &str) -> TextTest {
        let kind = TextKind::of(attribute);
        let key = kind.key(literal);
        let written = if key == literal { None } else { Some(literal.into()) };
        TextTest { op, kind, key: key.into(), written }
    }

    #[inline]
    pub(crate) fn op(&self) -> CompareOp {
        self.op
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn literal(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.key)
    }

    #[inline]
    fn holds(&self, value: &str) -> bool {
        let op = self.op;
        // The most common question first: text that differs from its key in ASCII case alone has that key.
        if op == CompareOp::Eq && self.kind == TextKind::Folded && value.eq_ignore_ascii_case(&self.key) {
            return true;
        }
        if !value.is_ascii() {
            return text_holds(op, &self.kind.key(value), &self.key);
        }
        // The key of ASCII text is the text itself, or the text in lower case: no need to make it.
        if self.kind != TextKind::Folded {
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

/// How a text is prepared for comparison (F14, F15).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TextKind {
    /// Base64, with or without its padding (S07).
    Base64,
    CaseExact,
    Folded,
    Reference,
}

impl TextKind {
    pub(crate) fn of(attribute: &Attribute) -> TextKind {
        match attribute.kind {
            AttributeType::Binary => TextKind::Base64,
            AttributeType::Reference => TextKind::Reference,
            _ if attribute.case_exact => TextKind::CaseExact,
            _ => TextKind::Folded,
        }
    }

    /// What the text is compared by; the order of the keys' bytes is the order of the texts.
    pub(crate) fn key(self, text: &str) -> Cow<'_, str> {
        match self {
            TextKind::Base64 => Cow::Borrowed(text.trim_end_matches('=')),
            TextKind::CaseExact => compare_key(text, true),
            TextKind::Folded => compare_key(text, false),
            TextKind::Reference => Cow::Borrowed(text),
        }
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
