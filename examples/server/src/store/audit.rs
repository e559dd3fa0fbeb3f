//! Reading the audit trail of a tenant: newest first, page by page, filtered by columns with an index each.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};
use tenant_model::{Action, Actor, AuditEvent, PersonId, Target, TenantId};

use super::StoreError;
use super::row::{column, json};
use crate::clock::millis;

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The name of what was done, as [`action_name`] gives it.
    pub action: Option<String>,
    /// Who did it, as [`actor_key`] gives it.
    pub actor: Option<String>,
    /// The person that it concerns, or who did it.
    pub person: Option<PersonId>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
    /// Older than this event.
    pub after: Option<Place>,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the event was, in milliseconds.
    pub at: i64,
    /// Its id.
    pub id: String,
}

impl Place {
    /// The place that a page's address names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let id = uuid::Uuid::parse_str(id).ok()?.to_string();
        Some(Self { at: at.parse().ok()?, id })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

/// A page of events, and where the next one begins if there is one.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn page(
    db: &mut AnyConnection,
    tenant: &TenantId,
    wanted: &Wanted,
    limit: u32,
) -> Result<(Vec<AuditEvent>, Option<Place>), StoreError> {
    let mut sql = String::from("SELECT at, audit_id, body FROM audit WHERE tenant_id = $1");
    let mut number = 1_usize;
    let mut place = |text: &str| {
        let mut out = String::new();
        for part in text.split('?') {
            if !out.is_empty() {
                number = number.saturating_add(1);
                out.push_str(&format!("${number}"));
            }
            out.push_str(part);
        }
        sql.push_str(&out);
    };
    let person = wanted.person.as_ref().map(PersonId::as_str);
    for (given, text) in [
        (wanted.action.is_some(), " AND action = ?"),
        (wanted.actor.is_some(), " AND actor = ?"),
        (person.is_some(), " AND person_id = ?"),
        (wanted.from.is_some(), " AND at >= ?"),
        (wanted.until.is_some(), " AND at < ?"),
        (wanted.after.is_some(), " AND (at, audit_id) < (?, ?)"),
    ] {
        if given {
            place(text);
        }
    }
    let more = limit.saturating_add(1);
    sql.push_str(&format!(" ORDER BY at DESC, audit_id DESC LIMIT {more}"));
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str());
    for text in [wanted.action.as_deref(), wanted.actor.as_deref(), person].into_iter().flatten() {
        query = query.bind(text.to_owned());
    }
    for at in [wanted.from, wanted.until].into_iter().flatten() {
        query = query.bind(millis(at));
    }
    if let Some(after) = &wanted.after {
        query = query.bind(after.at).bind(after.id.clone());
    }
    let mut rows = query.fetch_all(db).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = match rows.last().filter(|_| is_more) {
        Some(row) => Some(Place { at: column(row, "at")?, id: column(row, "audit_id")? }),
        None => None,
    };
    let events = rows.iter().map(|row| json(row, "body")).collect::<Result<_, _>>()?;
    Ok((events, next))
}

/// What was done, as the column has it: the name in the event's JSON.
#[must_use]
pub fn action_name(action: Action) -> String {
    match serde_json::to_value(action) {
        Ok(Value::String(name)) => name,
        // INVARIANT: an action is a name in JSON.
        _ => String::new(),
    }
}

/// Who did it, as the column has it: a kind, and an id where there is one.
#[must_use]
pub fn actor_key(actor: &Actor) -> String {
    match actor {
        Actor::Admin(id) => format!("admin:{id}"),
        Actor::Connection(id) => format!("connection:{id}"),
        Actor::Operator => "operator".to_owned(),
        Actor::Person(id) => format!("person:{id}"),
        Actor::System => "system".to_owned(),
        Actor::Token(id) => format!("token:{id}"),
    }
}

/// The person whose event it is: the one it is about, else the one who did it.
pub(super) fn person_of(event: &AuditEvent) -> Option<&PersonId> {
    match (&event.target, &event.actor) {
        (Target::Person(person), _) | (_, Actor::Person(person)) => Some(person),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_was_printed_and_nothing_else() {
        let place = Place { at: 17, id: "0b0f6c62-5f06-4b6e-9a3b-0d7c0f9a1234".to_owned() };
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        for text in ["", "17", "17.x", "x.0b0f6c62-5f06-4b6e-9a3b-0d7c0f9a1234"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_action_has_one_name_in_the_column_and_in_the_event() {
        assert_eq!(action_name(Action::TokenIssued), "token_issued");
    }
}
