//! One comparison with one expression that holds one value or NULL.

use scim_schema::{Attribute, AttributeType};

use super::columns::{Column, ColumnKind};
use super::translate::Writer;
use super::{Dialect, SqlError, SqlValue};
use crate::CompareOp;
use crate::bound::Check;
use crate::key::Operand;
use crate::search::instant_key;

/// An SQL expression with what its values are.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) sql: String,
    pub(super) kind: ScalarKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ScalarKind {
    Column(ColumnKind),
    /// Text of a search document that sorts by time.
    InstantText,
}

impl From<&Column> for Scalar {
    fn from(column: &Column) -> Scalar {
        Scalar { sql: column.sql.clone(), kind: ScalarKind::Column(column.kind) }
    }
}

impl Scalar {
    /// The kind of a search document's values.
    pub(super) fn document_kind(attribute: &Attribute) -> ScalarKind {
        match attribute.kind {
            AttributeType::Boolean => ScalarKind::Column(ColumnKind::Boolean),
            AttributeType::DateTime => ScalarKind::InstantText,
            AttributeType::Decimal | AttributeType::Integer => ScalarKind::Column(ColumnKind::Number),
            _ => ScalarKind::Column(ColumnKind::Text),
        }
    }

    /// Writes the check of this one value. Where `negated` the result is never NULL, as `NOT NULL` would lose the row.
    pub(super) fn check(
        &self,
        check: &Check,
        path: &str,
        negated: bool,
        writer: &mut Writer<'_>,
    ) -> Result<String, SqlError> {
        let sql = &self.sql;
        let is_text = self.kind == ScalarKind::Column(ColumnKind::Text);
        Ok(match check {
            Check::Present if is_text => self.not_null_and(format!("{sql} <> ''"), negated),
            Check::Present => format!("{sql} IS NOT NULL"),
            Check::Absent if is_text => format!("({sql} IS NULL OR {sql} = '')"),
            Check::Absent => format!("{sql} IS NULL"),
            Check::Compare(operand) => {
                let matched = self.compare(operand, path, writer)?;
                if operand.op() == CompareOp::Ne {
                    // F19: no value differs from every literal.
                    format!("({sql} IS NULL OR {matched})")
                } else {
                    self.not_null_and(matched, negated)
                }
            }
        })
    }

    /// Writes the comparison of a value that is not NULL.
    pub(super) fn compare(
        &self,
        operand: &Operand,
        path: &str,
        writer: &mut Writer<'_>,
    ) -> Result<String, SqlError> {
        let wrong_kind = || SqlError::ColumnKind { path: path.to_owned() };
        match (operand, self.kind) {
            (Operand::Bool(op, value), ScalarKind::Column(ColumnKind::Boolean)) => {
                let value = match writer.dialect {
                    Dialect::Postgres => SqlValue::Bool(*value),
                    Dialect::Sqlite => SqlValue::Integer((*value).into()),
                };
                let place = writer.place(value);
                Ok(format!("{} {} {place}", self.sql, sign(*op)))
            }
            (Operand::Number { op, literal, .. }, ScalarKind::Column(ColumnKind::Number)) => {
                let place = number(literal, path, writer)?;
                Ok(format!("{} {} {place}", self.sql, sign(*op)))
            }
            (Operand::Instant { op, value, .. }, ScalarKind::InstantText) => {
                let place = writer.place(SqlValue::Text(instant_key(*value)));
                Ok(format!("{} {} {place}", self.ordered(*op, writer.dialect), sign(*op)))
            }
            (Operand::Instant { op, value, .. }, ScalarKind::Column(ColumnKind::InstantMillis)) => {
                let is_exact = value.timestamp_subsec_nanos() % 1_000_000 == 0;
                Ok(self.whole_units(*op, value.timestamp_millis(), is_exact, writer))
            }
            (Operand::Instant { op, value, .. }, ScalarKind::Column(ColumnKind::InstantMicros)) => {
                let is_exact = value.timestamp_subsec_nanos() % 1_000 == 0;
                Ok(self.whole_units(*op, value.timestamp_micros(), is_exact, writer))
            }
            (Operand::Text(text), ScalarKind::Column(ColumnKind::Text)) => {
                if text.key().contains('\0') {
                    return Err(SqlError::NulCharacter { path: path.to_owned() });
                }
                Ok(self.text(text.op(), text.key(), writer))
            }
            _ => Err(wrong_kind()),
        }
    }

    /// Compares a column of whole units with an instant between `units` and the next unit.
    fn whole_units(&self, op: CompareOp, units: i64, is_exact: bool, writer: &mut Writer<'_>) -> String {
        let sql = &self.sql;
        let op = match op {
            _ if is_exact => op,
            // No whole unit is the instant.
            CompareOp::Eq => return "(1 = 0)".to_owned(),
            CompareOp::Ne => return format!("{sql} IS NOT NULL"),
            // `units` itself lies before the instant.
            CompareOp::Ge => CompareOp::Gt,
            CompareOp::Lt => CompareOp::Le,
            op => op,
        };
        format!("{sql} {} {}", sign(op), writer.place(SqlValue::Integer(units)))
    }

    fn text(&self, op: CompareOp, key: &str, writer: &mut Writer<'_>) -> String {
        let sql = &self.sql;
        match op {
            CompareOp::Co | CompareOp::Sw | CompareOp::Ew if key.is_empty() => format!("{sql} IS NOT NULL"),
            CompareOp::Sw => {
                // A range instead of LIKE: it needs no escapes, no case setting changes it, and an index answers it.
                let ordered = self.ordered(CompareOp::Ge, writer.dialect);
                let from = writer.place(SqlValue::Text(key.to_owned()));
                match after_prefix(key) {
                    Some(end) => {
                        let end = writer.place(SqlValue::Text(end));
                        format!("({ordered} >= {from} AND {ordered} < {end})")
                    }
                    None => format!("{ordered} >= {from}"),
                }
            }
            CompareOp::Co => match writer.dialect {
                // F32: no wildcards in `instr`; SQLite's LIKE also would not tell A from a.
                Dialect::Sqlite => {
                    format!("instr({sql}, {}) > 0", writer.place(SqlValue::Text(key.to_owned())))
                }
                Dialect::Postgres => {
                    let pattern = format!("%{}%", escape_like(key));
                    format!("{sql} LIKE {} ESCAPE '!'", writer.place(SqlValue::Text(pattern)))
                }
            },
            CompareOp::Ew => match writer.dialect {
                Dialect::Sqlite => {
                    let place = writer.place(SqlValue::Text(key.to_owned()));
                    format!("substr({sql}, -length({place})) = {place}")
                }
                Dialect::Postgres => {
                    let pattern = format!("%{}", escape_like(key));
                    format!("{sql} LIKE {} ESCAPE '!'", writer.place(SqlValue::Text(pattern)))
                }
            },
            _ => {
                let place = writer.place(SqlValue::Text(key.to_owned()));
                format!("{} {} {place}", self.ordered(op, writer.dialect), sign(op))
            }
        }
    }

    /// The expression with the collation that makes order the order of code points.
    fn ordered(&self, op: CompareOp, dialect: Dialect) -> String {
        match (dialect, op) {
            (Dialect::Sqlite, _) | (_, CompareOp::Eq | CompareOp::Ne) => self.sql.clone(),
            (Dialect::Postgres, _) => format!("{} COLLATE \"C\"", self.sql),
        }
    }

    fn not_null_and(&self, condition: String, negated: bool) -> String {
        if negated { format!("({} IS NOT NULL AND {condition})", self.sql) } else { condition }
    }
}

fn number(literal: &serde_json::Number, path: &str, writer: &mut Writer<'_>) -> Result<String, SqlError> {
    let in_range = literal.is_i64() || literal.as_f64().is_some_and(|value| value.abs() < TWO_POW_63);
    if !in_range || literal.as_i64().is_none() && literal.as_f64().is_none() {
        return Err(SqlError::NumberRange { path: path.to_owned() });
    }
    Ok(match writer.dialect {
        // As text, since a double on its way to numeric would be rounded to fifteen digits.
        Dialect::Postgres => {
            format!("CAST(CAST({} AS text) AS numeric)", writer.place(SqlValue::Text(literal.to_string())))
        }
        Dialect::Sqlite => match (literal.as_i64(), literal.as_f64()) {
            (Some(value), _) => writer.place(SqlValue::Integer(value)),
            (None, value) => writer.place(SqlValue::Real(value.unwrap_or_default())),
        },
    })
}

fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Ne => "<>",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        // The last three never come here: they are not comparisons of order.
        CompareOp::Eq | CompareOp::Co | CompareOp::Sw | CompareOp::Ew => "=",
    }
}

/// The first text behind all those that start with `prefix`; none if it is made of the last character alone.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = u32::from(last).checked_add(1).map(|next| if next == 0xd800 { 0xe000 } else { next });
        if let Some(next) = next.and_then(char::from_u32) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// F32: what LIKE takes for wildcards is meant as it stands.
fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '!' | '%' | '_') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}

const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;
