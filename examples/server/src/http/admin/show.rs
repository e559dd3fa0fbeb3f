//! How facts are written on pages: instants, actors, actions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use tenant_model::{Actor, Outcome, PersonState, Target};

use super::guard::InTenant;
use crate::admin::Scope;
use crate::store::{StoreError, admins};

/// An instant to the minute, in UTC.
pub fn instant(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M UTC")) } }
}

/// A day, in UTC.
pub fn day(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d")) } }
}

/// An instant, or a word where there is none.
pub fn instant_or(at: Option<DateTime<Utc>>, none: &str) -> Markup {
    html! { @match at { Some(at) => (instant(at)), None => (none) } }
}

/// `token_issued` as `Token issued`.
pub fn words(name: &str) -> String {
    crate::http::html::sentence(&name.replace('_', " "))
}

/// Whether an account may be used.
pub fn state(state: &PersonState) -> &'static str {
    match state {
        PersonState::Active => "active",
        PersonState::Inactive { .. } => "inactive",
        PersonState::Removed { .. } => "removed",
    }
}

/// What came of something.
pub fn outcome(outcome: &Outcome) -> Markup {
    html! {
        @match outcome {
            Outcome::Done => "done",
            Outcome::Held(code) => { span.tag { "held" } " " code { (code) } }
            Outcome::Refused(code) => { span.tag.bad { "refused" } " " code { (code) } }
        }
    }
}

/// The accounts of the pages by their ids, so that an audit trail can name them. Those of the operator have no names for
/// a tenant's own administrators.
pub async fn admin_names(at: &InTenant) -> Result<BTreeMap<String, String>, StoreError> {
    let mut db = at.by.app.base.store.read().await?;
    let mut names = BTreeMap::new();
    for admin in admins::list(&mut db, &Scope::Tenant(at.tenant.id.clone())).await? {
        names.insert(admin.id.to_string(), admin.email.to_string());
    }
    for admin in admins::list(&mut db, &Scope::Operator).await? {
        let shown =
            if at.by.is_operator() { format!("{} (operator)", admin.email) } else { "the operator".into() };
        names.insert(admin.id.to_string(), shown);
    }
    Ok(names)
}

/// Who did something.
pub fn actor(at: &InTenant, actor: &Actor, names: &BTreeMap<String, String>) -> Markup {
    html! {
        @match actor {
            Actor::Admin(id) => (names.get(id.as_str()).map_or("an administrator", String::as_str)),
            Actor::Connection(id) => { "connection " code { (id) } }
            Actor::Operator => "the operator",
            Actor::Person(id) => { "person " a href=(at.address(&format!("/people/{id}"))) { code { (id) } } }
            Actor::System => "the system",
            Actor::Token(id) => { "token " code { (id) } }
        }
    }
}

/// What something was done to.
pub fn target(at: &InTenant, target: &Target, names: &BTreeMap<String, String>) -> Markup {
    html! {
        @match target {
            Target::Admin(id) => (names.get(id.as_str()).map_or("an administrator", String::as_str)),
            Target::Connection(id) => { "connection " code { (id) } }
            Target::Domain(domain) => { "domain " (domain) }
            Target::Person(id) => { "person " a href=(at.address(&format!("/people/{id}"))) { code { (id) } } }
            Target::SpKey(id) => { "our key " code { (id) } }
            Target::Tenant => "the tenant",
            Target::Token(id) => { "token " code { (id) } }
            other => (format!("{other:?}")),
        }
    }
}
