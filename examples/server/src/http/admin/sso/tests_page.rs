//! Test logins and refusals: what came, which rule broke, and the setting to change.

use axum::http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use saml_sp::LoginOptions;
use serde_json::Value;
use tenant_model::{AttributeBag, AttributeMapping, ConnectionId, dry_run};

use super::super::guard::{Done, InTenant};
use super::{minute, named, place, stored};
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::sso::{Parts, let_browser_go};
use crate::records::{self, LoginRecord, RecordKind};
use crate::store::logins::Kind;

/// `GET …/test`: a link and no form, because it leads to another site.
pub(super) async fn begin(at: InTenant, headers: HeaderMap) -> Done {
    let stored = stored(&at).await?;
    if matches!(stored.connection.state, tenant_model::ConnectionState::Off { .. }) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "login.connection_off",
            "this connection is switched off",
        )
        .with_hint("choose to try it out first")
        .into());
    }
    let mut db = at.by.app.base.store.read().await?;
    let parts = Parts::for_admin(&at.by.app, &mut db, &at.tenant, stored).await?;
    drop(db);
    let parts = parts.ok_or_else(|| {
        Refusal::new(StatusCode::CONFLICT, "trust.no_provider", "give the identity provider's metadata first")
    })?;
    Ok(let_browser_go(&at.by.app, &parts, Kind::Test, LoginOptions::default(), &headers).await?)
}

/// `GET …/tests/{test}`.
pub(super) async fn show(at: InTenant) -> Done {
    let stored = stored(&at).await?;
    let id = named(&at)?;
    let mut db = at.by.app.base.store.read().await?;
    let tests =
        records::latest(&at.by.app.base, &mut db, &at.tenant.id, &id, RecordKind::Test, at.by.now).await?;
    drop(db);
    let wanted = at.place("test").to_owned();
    let Some((_, record)) = tests.into_iter().find(|(test, _)| *test == wanted) else {
        return Err(
            Refusal::new(StatusCode::NOT_FOUND, "admin.no_test", "this test is not kept any more").into()
        );
    };
    let body = html! {
        p { a href=(place(&at, &id, "")) { "Back to " (stored.connection.display_name) } }
        (verdict(&record))
        @if let Some(report) = &record.report { (problems(report, &[])) }
        @if let Some(said) = &record.said {
            h2 { "What it makes of a person" }
            (mapped(&stored.connection.mapping, said, false))
        }
        @if let Some(report) = &record.report { (findings(report)) }
        p { a.button href=(place(&at, &id, "/test")) { "Test again" } }
    };
    Ok(at.page("Test login", body))
}

fn verdict(record: &LoginRecord) -> Markup {
    let verdict = &record.verdict;
    html! {
        @match &verdict.code {
            None => div.flash id="outcome" { strong { "It works. " } (sentence(&verdict.message)) "." },
            Some(code) => div.errors id="outcome" {
                p { strong { "It was refused: " } (verdict.message) ". " code { (code) } }
                @if let Some(hint) = &verdict.hint { p { strong { "What to change: " } (sentence(hint)) } }
            },
        }
        p.quiet { (minute(record.at)) ". Nobody was signed in." }
    }
}

/// The problems and the steps of a redacted report. Those of a `usual` kind are marked as what any old response
/// has, and ask for no change.
pub(super) fn problems(report: &Value, usual: &[&str]) -> Markup {
    let list = |name: &str| report.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (problems, steps) = (list("problems"), list("steps"));
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        @if !problems.is_empty() {
            h2 { "What is wrong, and what to change" }
            ul.cards {
                @for problem in &problems {
                    @let kind = text(problem, "problem");
                    li.card {
                        h3 { (text(problem, "title")) }
                        @if problem.get("severity").and_then(Value::as_str) == Some("notice") { p { span.tag { "a notice, refuses nothing" } } }
                        @if usual.contains(&kind.as_str()) { p { span.tag { "to be expected of an old response" } } }
                        @for (name, label) in [("expected", "Expected"), ("found", "Found")] {
                            @if !text(problem, name).is_empty() {
                                p { (label) ": " code { (text(problem, name)) }
                                    @if name == "found" && problem.get("verified") == Some(&Value::Bool(false)) { " " span.quiet { "(unverified: no good signature covers it)" } } }
                            }
                        }
                        @for step in steps.iter().filter(|step| !usual.contains(&kind.as_str()) && text(step, "id").split('/').next() == Some(kind.as_str())) {
                            p { strong { "To do: " } (text(step, "text")) }
                        }
                        p.quiet { "Rule " (text(problem, "rule")) }
                    }
                }
            }
        }
    }
}

/// Every question of a redacted report with its answer.
pub(super) fn findings(report: &Value) -> Markup {
    let rows = report.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        details {
            summary { "Every rule with its outcome" }
            table.reflow {
                thead { tr { th scope="col" { "Question" } th scope="col" { "Answer" } th scope="col" { "Expected" } th scope="col" { "Found" } th scope="col" { "Rule" } } }
                tbody {
                    @for row in &rows {
                        @let outcome = text(row, "outcome");
                        tr {
                            td data-label="Question" { (text(row, "question")) }
                            td data-label="Answer" { span.tag.bad[outcome == "failed"] { @match outcome.as_str() { "passed" => "yes", "failed" => "no", _ => "not asked" } } }
                            td data-label="Expected" { (text(row, "expected")) }
                            td data-label="Found" { (text(row, "found")) }
                            td data-label="Rule" { (text(row, "rule")) }
                        }
                    }
                }
            }
        }
    }
}

/// A dry run of a mapping: for each field its value, or why there is none. `hide` shortens what is of somebody else.
pub(super) fn mapped(mapping: &AttributeMapping, said: &AttributeBag, hide: bool) -> Markup {
    let report = dry_run(mapping, said);
    let show = |text: &str| if hide { shortened(text) } else { text.to_owned() };
    html! {
        table.reflow {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Why" } } }
            tbody {
                @for field in &report.fields {
                    tr {
                        td data-label="Field" { (field.field) }
                        td data-label="Value" { @match &field.value { Some(value) => { code { (show(value)) } } None => { span.quiet { "none" } } } }
                        td data-label="Why" {
                            @if let Some(problem) = &field.problem { span.tag.bad { "refused" } " " (problem) }
                            @else if let Some(taken) = &field.taken { "from " code { (taken) } }
                            @else if field.value.is_some() { "the default" }
                            @else { "not sent; looked for " @for source in &field.tried { code { (source) } " " } }
                        }
                    }
                }
                tr {
                    td data-label="Field" { "roles" }
                    td data-label="Value" {
                        @for role in &report.mapped.roles { code { (role) } " " }
                        @if report.mapped.roles.is_empty() { @match &report.mapped.default_role { Some(role) => { code { (role) } " (the default)" } None => { span.quiet { "none" } } } }
                    }
                    td data-label="Why" {
                        @if let Some(problem) = &report.roles.problem { span.tag.bad { "refused" } " " (problem) }
                        @if !report.roles.ignored.is_empty() { "ignored: " @for value in &report.roles.ignored { code { (show(value)) } " " } }
                    }
                }
            }
        }
        @if !report.unused.is_empty() {
            p { "Sent and not used: " @for name in &report.unused { code { (name) } " " } }
        }
    }
}

/// Enough to tell what a value is, not whose: the first letter, and the domain of an address.
fn shortened(text: &str) -> String {
    let first: String = text.chars().take(1).collect();
    match text.rsplit_once('@') {
        Some((_, domain)) => format!("{first}…@{domain}"),
        None => format!("{first}… ({} characters)", text.chars().count()),
    }
}

/// The tests that are kept.
pub(super) fn table(at: &InTenant, id: &ConnectionId, tests: &[(String, LoginRecord)]) -> Markup {
    html! {
        @if !tests.is_empty() {
            table.reflow {
                thead { tr { th scope="col" { "When" } th scope="col" { "Outcome" } th scope="col" { "Report" } } }
                tbody {
                    @for (test, record) in tests {
                        tr {
                            td data-label="When" { (minute(record.at)) }
                            td data-label="Outcome" { @match &record.verdict.code { None => "it works", Some(code) => { span.tag.bad { (code) } " " (record.verdict.message) } } }
                            td { a href=(place(at, id, &format!("/tests/{test}"))) { "See the report" } }
                        }
                    }
                }
            }
        }
    }
}

/// Logins of people that were refused, without saying whose.
pub(super) fn refusals(list: &[(String, LoginRecord)]) -> Markup {
    html! {
        @if list.is_empty() { p.quiet { "No login was refused in the last 30 days." } }
        @for (_, record) in list {
            details {
                summary {
                    (minute(record.at)) " – " (record.verdict.message) " "
                    @if let Some(code) = &record.verdict.code { span.tag { (code) } }
                }
                @if let Some(hint) = &record.verdict.hint { p { strong { "What to change: " } (sentence(hint)) } }
                @if let Some(report) = &record.report { (problems(report, &[])) }
            }
        }
    }
}
