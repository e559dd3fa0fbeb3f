//! A tenant at a glance: what is set up, what ends soon, what to do next.

use maud::{Markup, html};
use tenant_model::{DomainState, Reminder, ReminderKind, ScimToken, SsoPolicy, TenantState};

use super::guard::{Done, InTenant};
use super::scim::{product, state_name};
use super::show::day;
use super::sso::keys;
use super::tenants::state;
use crate::notices;
use crate::store::{tenants, tokens};

/// `GET /admin/tenants/{tenant}`.
pub(super) async fn show(at: InTenant) -> Done {
    let product = product(&at)?;
    let tenant = &at.tenant;
    let mut db = at.by.app.base.store.read().await?;
    let directories = tenants::all_scim(&mut db, &tenant.id).await?;
    let logins = tenants::all_saml(&mut db, &tenant.id).await?;
    let mut all: Vec<ScimToken> = Vec::new();
    for directory in &directories {
        all.extend(tokens::of_connection(&mut db, &tenant.id, &directory.id).await?);
    }
    let reminders = notices::standing(&at.by.app.base, &mut db, tenant, at.by.now).await?;
    drop(db);
    let live = all.iter().filter(|token| token.is_live(at.by.now)).count();
    let verified =
        tenant.domains.values().filter(|claim| matches!(claim.state, DomainState::Verified { .. })).count();
    let on = directories.iter().any(|directory| directory.state.is_active());
    let steps = next_steps(&at, product.saml.is_some(), logins.is_empty(), verified, on, live);
    let body = html! {
        @if !reminders.is_empty() {
            section.note.warn aria-labelledby="reminders-title" {
                h2 #reminders-title { "To be seen to" }
                ul #reminders { @for reminder in &reminders { li { (words(&at, reminder, &all)) } } }
            }
        }
        @if !steps.is_empty() {
            section aria-labelledby="next-title" {
                h2 #next-title { "Next steps" }
                ol #next-steps { @for step in &steps { li { (step) } } }
            }
        }
        section aria-labelledby="setup-title" {
            h2 #setup-title { "What is set up" }
            dl {
                dt { "Id" } dd { code { (tenant.id) } }
                dt { "Product" } dd { (product.display_name) }
                dt { "State" }
                dd #tenant-state {
                    (state(tenant.state))
                    @if at.by.is_operator() {
                        ": " a #change-state href=(at.address("/state")) { @if tenant.state == TenantState::Suspended { "serve it again" } @else { "suspend it" } }
                    }
                }
                @if product.saml.is_some() {
                    dt { "Single sign-on" } dd { (policy(&tenant.sso)) ", " (logins.len()) " connections" }
                    dt { "Domains" } dd { (verified) " verified of " (tenant.domains.len()) }
                }
                dt { "Provisioning" }
                dd {
                    @for directory in &directories {
                        div { a href=(at.address(&format!("/scim/{}", directory.id))) { (directory.display_name) } ": " (state_name(directory.state)) }
                    }
                }
                dt { "Tokens that work" } dd { (live) }
            }
        }
    };
    Ok(at.page("Overview", body))
}

fn next_steps(
    at: &InTenant,
    has_saml: bool,
    no_login: bool,
    verified: usize,
    on: bool,
    live: usize,
) -> Vec<Markup> {
    let mut steps = Vec::new();
    if has_saml && no_login {
        steps.push(html! { "Connect your identity provider: give us its metadata." });
    }
    if has_saml && verified == 0 {
        steps.push(html! { "Verify a domain, so that people with its addresses can sign in." });
    }
    let scim = at.address("/scim");
    if live == 0 {
        steps.push(
            html! { a href=(scim) { "Make a token" } " and put it into your directory with the base URL." },
        );
    }
    if !on {
        steps.push(html! { a href=(scim) { "Switch provisioning on" } "." });
    }
    steps
}

fn policy(policy: &SsoPolicy) -> &'static str {
    match policy {
        SsoPolicy::Enforced { .. } => "enforced",
        SsoPolicy::Off => "off",
        SsoPolicy::Optional => "optional",
    }
}

fn words(at: &InTenant, reminder: &Reminder, all: &[ScimToken]) -> Markup {
    // The subject of an orphaned token is its id and its owner's.
    let id = reminder.subject.split(' ').next().unwrap_or_default();
    let token = all.iter().find(|token| token.id.as_str() == id);
    let link = html! {
        @match token {
            Some(token) => {
                a href=(at.address(&format!("/scim/{}/tokens/{}", token.connection, token.id))) {
                    "Token " (token.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(token.id.as_str()))
                }
            }
            None => { "Token " code { (id) } }
        }
    };
    let over = reminder.days == Some(0);
    let end = html! { @if let Some(end) = reminder.at { @if over { " ended on " } @else { " ends on " } (day(end)) "." } };
    html! {
        @match reminder.kind {
            ReminderKind::Certificate => {
                "A certificate of the identity provider, of connection " a href=(at.address(&format!("/sso/{id}"))) { (id) } "," (end)
                " The provider then signs with another one: give us its metadata before it does."
            }
            ReminderKind::Domain if reminder.days.is_some() => {
                "Logins with addresses of " (id) @if over { " are refused since " } @else { " are refused from " }
                @if let Some(end) = reminder.at { (day(end)) } "."
            }
            ReminderKind::Domain => { "The domain " (id) " could not be confirmed again." }
            ReminderKind::Metadata => {
                "The metadata of connection " a href=(at.address(&format!("/sso/{id}"))) { (id) } (end)
                @if over { " Logins are refused until there is newer one." } @else { " Give us newer one before then." }
            }
            ReminderKind::NeverExpires => { (link) " never expires: if it leaks, it works until someone notices." }
            ReminderKind::NoBreakGlass => { "Single sign-on is enforced and nobody has emergency access." }
            ReminderKind::OrphanedToken => { (link) " is answered for by nobody who is still an administrator: take it over or replace it." }
            ReminderKind::OwnCertificate => {
                a href=(at.address(keys::PLACE)) { "Our own certificate" } (end) " Some providers then refuse what we sign: make a new key."
            }
            ReminderKind::OwnKeySwitch if over => {
                a href=(at.address(keys::PLACE)) { "Our new key" } " signs" @if let Some(since) = reminder.at { " since " (day(since)) }
                ". Take the old one out of our metadata when all goes well."
            }
            ReminderKind::OwnKeySwitch => {
                a href=(at.address(keys::PLACE)) { "Our new key" } " signs" @if let Some(from) = reminder.at { " from " (day(from)) " on" }
                ". Your provider must have its certificate by then."
            }
            ReminderKind::Token => { (link) (end) }
        }
    }
}
