//! Reading columns and JSON bodies.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Decode, Row as _, Type};

use super::StoreError;

/// The JSON of the column `body` of the one row that a statement finds by these texts.
pub(super) async fn body<T: DeserializeOwned>(
    db: &mut AnyConnection,
    sql: &'static str,
    by: &[&str],
) -> Result<Option<T>, StoreError> {
    let row = with(sql, by).fetch_optional(db).await?;
    row.map(|row| json(&row, "body")).transpose()
}

/// The JSON of the column `body` of all rows that a statement finds by these texts.
pub(super) async fn bodies<T: DeserializeOwned>(
    db: &mut AnyConnection,
    sql: &'static str,
    by: &[&str],
) -> Result<Vec<T>, StoreError> {
    let rows = with(sql, by).fetch_all(db).await?;
    rows.iter().map(|row| json(row, "body")).collect()
}

/// Carries out a statement that takes nothing but texts.
pub(super) async fn run(db: &mut AnyConnection, sql: &'static str, by: &[&str]) -> Result<(), StoreError> {
    with(sql, by).execute(db).await?;
    Ok(())
}

fn with<'a>(sql: &'static str, by: &'a [&'a str]) -> Query<'a, Any, AnyArguments> {
    by.iter().fold(sqlx::query(sql), |query, text| query.bind(*text))
}

/// A column of a row.
pub(super) fn column<'r, T>(row: &'r AnyRow, name: &str) -> Result<T, StoreError>
where
    T: Decode<'r, Any> + Type<Any>,
{
    row.try_get(name).map_err(|error| StoreError::corrupt(name, &error))
}

/// A column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &AnyRow, name: &str) -> Result<T, StoreError> {
    let text: &str = column(row, name)?;
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(name, &error))
}

/// A value as the JSON of a column.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("a value to store", &error))
}
