//! The audit trail: filtered, page by page, and as a file.

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use maud::{Markup, html};
use tenant_model::{Action, AuditEvent, PersonId};

use super::form::{self, Errors, Input};
use super::guard::{Done, InTenant};
use super::show;
use crate::http::answer::{Answer, Refusal, typed};
use crate::http::params::Params;
use crate::store::audit::{Place, Wanted, action_name, actor_key, page};

/// `GET /admin/tenants/{tenant}/audit`.
pub(super) async fn show(at: InTenant) -> Done {
    let (filter, errors) = Filter::read(&at.by.query)?;
    let mut db = at.by.app.base.store.read().await?;
    let (events, next) = if errors.is_empty() {
        page(&mut db, &at.tenant.id, &filter.wanted, PAGE).await?
    } else {
        (Vec::new(), None)
    };
    drop(db);
    let names = show::admin_names(&at).await?;
    let here = at.address("/audit");
    let actors = actors(&events, &filter.actor);
    let body = html! {
        (filter.form(&here, &actors, &errors))
        @if events.is_empty() {
            p { "No event fits." }
        } @else {
            table.reflow {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Who" }
                    th scope="col" { "On" } th scope="col" { "Outcome" }
                } }
                tbody {
                    @for event in &events {
                        tr {
                            td data-label="When" { (show::instant(event.at)) }
                            td data-label="What" { (show::words(&action_name(event.action))) (changes(event)) }
                            td data-label="Who" { (show::actor(&at, &event.actor, &names)) }
                            td data-label="On" { (show::target(&at, &event.target, &names)) }
                            td data-label="Outcome" { (show::outcome(&event.outcome)) }
                        }
                    }
                }
            }
            nav aria-label="Pages" {
                p {
                    @if filter.wanted.after.is_some() { a #newest href=(format!("{here}?{}", filter.query(None))) { "Newest" } " " }
                    @if let Some(next) = next {
                        a #older rel="next" href=(format!("{here}?{}", filter.query(Some(&next)))) { "Older" }
                    }
                }
            }
            p {
                "Download what fits, at most " (DOWNLOAD) " events: "
                a #audit-csv href=(format!("{here}.csv?{}", filter.query(None))) { "CSV" } " "
                a #audit-json href=(format!("{here}.json?{}", filter.query(None))) { "JSON" }
            }
        }
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(at.page_with(status, "Audit trail", &errors, body))
}

/// `GET /admin/tenants/{tenant}/audit.json`.
pub(super) async fn json(at: InTenant) -> Done {
    let events = all(&at).await?;
    let text = serde_json::to_string_pretty(&events).map_err(|_| Refusal::internal("server.audit"))?;
    Ok(download("application/json", "audit.json", text))
}

/// `GET /admin/tenants/{tenant}/audit.csv`.
pub(super) async fn csv(at: InTenant) -> Done {
    let mut out = String::from("at,action,actor,target,outcome,change,request\r\n");
    for event in all(&at).await? {
        let cells = [
            event.at.to_rfc3339(),
            action_name(event.action),
            actor_key(&event.actor),
            as_json(&event.target),
            as_json(&event.outcome),
            if event.change.is_empty() { String::new() } else { as_json(&event.change) },
            event.request.as_ref().map(ToString::to_string).unwrap_or_default(),
        ];
        out.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        out.push_str("\r\n");
    }
    Ok(download("text/csv; charset=utf-8", "audit.csv", out))
}

async fn all(at: &InTenant) -> Result<Vec<AuditEvent>, super::guard::Trouble> {
    let (filter, errors) = Filter::read(&at.by.query)?;
    if !errors.is_empty() {
        return Err(Refusal::bad_request("admin.filter", "the filter has a mistake").into());
    }
    let mut db = at.by.app.base.store.read().await?;
    Ok(page(&mut db, &at.tenant.id, &filter.wanted, DOWNLOAD).await?.0)
}

fn download(media_type: &'static str, name: &str, text: String) -> Answer {
    let mut answer = typed(StatusCode::OK, media_type, text);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    answer
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}

fn changes(event: &AuditEvent) -> Markup {
    html! {
        @if !event.change.is_empty() {
            ul.changes {
                @for change in &event.change {
                    li {
                        (change.field)
                        @match (&change.before, &change.after) {
                            (Some(before), Some(after)) => { ": " (before) " → " (after) }
                            (None, Some(after)) => { ": " (after) }
                            (Some(before), None) => { ": " (before) " → nothing" }
                            (None, None) => {}
                        }
                    }
                }
            }
        }
    }
}

/// The actors to choose from: those of the page, and the one chosen.
fn actors(events: &[AuditEvent], chosen: &str) -> Vec<String> {
    let mut found: Vec<String> = events.iter().map(|event| actor_key(&event.actor)).collect();
    if !chosen.is_empty() {
        found.push(chosen.to_owned());
    }
    found.sort();
    found.dedup();
    found
}

/// What the form asks for.
#[derive(Clone, Debug, Default)]
struct Filter {
    wanted: Wanted,
    action: String,
    actor: String,
    person: String,
    from: String,
    to: String,
}

impl Filter {
    fn read(query: &Params) -> Result<(Self, Errors), Refusal> {
        let text = |name| query.one(name).map(|value| value.unwrap_or_default().trim().to_owned());
        let mut errors = Errors::default();
        let mut out = Self {
            wanted: Wanted::default(),
            action: text("action")?,
            actor: text("actor")?,
            person: text("person")?,
            from: text("from")?,
            to: text("to")?,
        };
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        out.wanted.action = given(&out.action);
        out.wanted.actor = given(&out.actor);
        if !out.person.is_empty() {
            match PersonId::parse(&out.person) {
                Ok(person) => out.wanted.person = Some(person),
                Err(_) => errors.add("person", "This is no id of a person"),
            }
        }
        for (name, value, whole_day) in [("from", &out.from, false), ("to", &out.to, true)] {
            if value.is_empty() {
                continue;
            }
            match midnight(value, whole_day) {
                Some(at) if whole_day => out.wanted.until = Some(at),
                Some(at) => out.wanted.from = Some(at),
                None => errors.add(name, "Write the day as 2027-01-31"),
            }
        }
        let after = text("after")?;
        if !after.is_empty() {
            out.wanted.after = Some(
                Place::parse(&after)
                    .ok_or_else(|| Refusal::bad_request("admin.page", "there is no such page"))?,
            );
        }
        Ok((out, errors))
    }

    fn query(&self, after: Option<&Place>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("action", &self.action),
            ("actor", &self.actor),
            ("person", &self.person),
            ("from", &self.from),
            ("to", &self.to),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        query.finish()
    }

    fn form(&self, here: &str, actors: &[String], errors: &Errors) -> Markup {
        let names: Vec<(String, String)> = ACTIONS
            .iter()
            .map(|action| action_name(*action))
            .map(|name| (show::words(&name), name))
            .collect();
        let mut actions = vec![("", "Everything")];
        actions.extend(names.iter().map(|(words, name)| (name.as_str(), words.as_str())));
        let mut who = vec![("", "Everybody")];
        who.extend(actors.iter().map(|actor| (actor.as_str(), actor.as_str())));
        html! {
            form.row method="get" action=(here) role="search" aria-label="Filter" {
                (form::select("action", "What", None, &actions, &self.action, errors))
                (form::select("actor", "Who", None, &who, &self.actor, errors))
                (Input::new("person", "Person (id)").kind("search").filter().value(&self.person).show(errors))
                (Input::new("from", "From").kind("date").filter().value(&self.from).show(errors))
                (Input::new("to", "To").kind("date").filter().value(&self.to).show(errors))
                (form::submit("filter", "Show"))
            }
        }
    }
}

/// The beginning of a day in UTC, or of the next one.
fn midnight(text: &str, next: bool) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let day = if next { day.checked_add_days(Days::new(1))? } else { day };
    Some(day.and_time(NaiveTime::MIN).and_utc())
}

fn as_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What can be filtered by, in the order of the form.
const ACTIONS: &[Action] = &[
    Action::AdminChanged,
    Action::AdminSignedIn,
    Action::AdminSignInRefused,
    Action::BreakGlassChanged,
    Action::BreakGlassUsed,
    Action::ClientSecretIssued,
    Action::ClientSecretRevoked,
    Action::ConnectionChanged,
    Action::DomainChanged,
    Action::LinkConfirmed,
    Action::LinkCreated,
    Action::LinkRemoved,
    Action::LoginAccepted,
    Action::LoginRefused,
    Action::PersonActivated,
    Action::PersonCreated,
    Action::PersonDeactivated,
    Action::PersonRemoved,
    Action::PersonUpdated,
    Action::ProvisionRefused,
    Action::RolesChanged,
    Action::RoleRulesChanged,
    Action::SetupLinkMade,
    Action::SetupLinkUsed,
    Action::SpKeyCancelled,
    Action::SpKeyRemoved,
    Action::SpKeyRetired,
    Action::SpKeyScheduled,
    Action::SpKeyStaged,
    Action::SsoPolicyChanged,
    Action::TenantCreated,
    Action::TenantChanged,
    Action::TokenIssued,
    Action::TokenOwnerChanged,
    Action::TokenRefused,
    Action::TokenRevoked,
    Action::TokenRotated,
    Action::TrustChanged,
];

const PAGE: u32 = 50;
const DOWNLOAD: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_keeps_its_quotes() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("a \"b\""), "\"a \"\"b\"\"\"");
    }

    #[test]
    fn a_day_counts_from_its_beginning_to_its_end() {
        assert_eq!(midnight("2027-01-31", false).unwrap().to_rfc3339(), "2027-01-31T00:00:00+00:00");
        assert_eq!(midnight("2027-01-31", true).unwrap().to_rfc3339(), "2027-02-01T00:00:00+00:00");
        assert_eq!(midnight("31.1.2027", false), None);
    }
}
