mod columns;
mod scalar;
mod translate;

pub use columns::{Column, ColumnKind, Columns, Table};
use scim_schema::{ScimError, ScimType};

use crate::BoundFilter;

impl BoundFilter {
    /// Translates the filter to an SQL condition that is true for exactly the rows whose resource
    /// [`matches`](BoundFilter::matches).
    ///
    /// The text holds the host's own SQL from `columns`, attribute names of the schema and numbered placeholders;
    /// never a value from the filter. Placeholders are numbered from `first_placeholder`, so that the host's own
    /// values come first. The condition stands in round brackets where it needs them.
    ///
    /// # Errors
    /// [`SqlError`] naming the attribute that these columns cannot answer. It is never answered half.
    ///
    /// # Examples
    /// ```
    /// use scim_filter::{BindOptions, Column, Columns, Dialect, Filter, Limits, SqlValue};
    /// use scim_schema::SchemaSet;
    ///
    /// let columns = Columns::new().column("userName", Column::text("u.user_name_key")).document("u.search");
    /// let schemas = SchemaSet::standard();
    /// let filter = Filter::parse(r#"userName eq "BJensen" and active eq true"#, &Limits::default())?;
    /// let filter = filter.bind(schemas.resource_type("User").unwrap(), &BindOptions::default())?;
    ///
    /// let condition = filter.to_sql(Dialect::Postgres, &columns, 2)?;
    /// assert_eq!(
    ///     condition.sql,
    ///     r#"(u.user_name_key = $2 AND CAST(u.search ->> 'active' AS boolean) = $3)"#
    /// );
    /// assert_eq!(condition.values, [SqlValue::Text("bjensen".into()), SqlValue::Bool(true)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_sql(
        &self,
        dialect: Dialect,
        columns: &Columns,
        first_placeholder: usize,
    ) -> Result<SqlCondition, SqlError> {
        translate::condition(self.node(), dialect, columns, first_placeholder)
    }
}

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL 12 or newer; placeholders `$n`. The search document is a `jsonb` column.
    Postgres,
    /// SQLite 3.38 or newer; placeholders `?n`. The search document is a text column with JSON.
    Sqlite,
}

/// A condition for a `WHERE` clause.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlCondition {
    /// The text.
    pub sql: String,
    /// The values of the placeholders, in their order.
    pub values: Vec<SqlValue>,
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// A boolean; PostgreSQL only.
    Bool(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A double; SQLite only.
    Real(f64),
    /// A text.
    Text(String),
}

/// Why a filter cannot be answered by these columns. HTTP 400 with `invalidFilter` (F29), except where the host's map
/// contradicts the schema: that is 500.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The column's kind does not fit the attribute's type.
    #[error("the column for {path} holds values of another type")]
    ColumnKind {
        /// The attribute.
        path: String,
    },
    /// A text holds U+0000, which neither database compares.
    #[error("the value for {path} holds the character U+0000")]
    NulCharacter {
        /// The attribute.
        path: String,
    },
    /// A number is beyond 64 bits.
    #[error("the number for {path} is beyond 64 bits")]
    NumberRange {
        /// The attribute.
        path: String,
    },
    /// The columns do not hold the attribute, or not well enough for this question.
    #[error("filtering on {path} is not supported")]
    Unsupported {
        /// The attribute.
        path: String,
    },
}

impl ScimError for SqlError {
    fn status(&self) -> u16 {
        match self {
            SqlError::ColumnKind { .. } => 500,
            SqlError::NulCharacter { .. } | SqlError::NumberRange { .. } | SqlError::Unsupported { .. } => {
                400
            }
        }
    }

    fn scim_type(&self) -> Option<ScimType> {
        (self.status() == 400).then_some(ScimType::InvalidFilter)
    }

    fn code(&self) -> &'static str {
        match self {
            SqlError::ColumnKind { .. } => "scim.filter.column_kind",
            SqlError::NulCharacter { .. } => "scim.filter.nul_character",
            SqlError::NumberRange { .. } => "scim.filter.number_range",
            SqlError::Unsupported { .. } => "scim.filter.unsupported",
        }
    }
}

#[cfg(test)]
mod tests;
