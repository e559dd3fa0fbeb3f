//! What stands around every page: head, navigation, messages; and the headers that go with it.

#![expect(clippy::needless_pass_by_value, reason = "markup is made where it is handed over")]

use axum::http::{HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use tenant_model::Tenant;

use super::form::{self, Errors};
use super::guard::{InTenant, SignedIn};
use crate::admin::Scope;
use crate::http::answer::{Answer, Refusal, RefusalCode, retry_later, see_other, typed};
use crate::http::html::sentence;

/// The pages of a tenant: the end of the address, and the name in the navigation.
pub const TABS: &[(&str, &str)] = &[
    ("", "Overview"),
    ("/sso", "Single sign-on"),
    ("/policy", "Sign-in policy"),
    ("/domains", "Domains"),
    ("/scim", "Provisioning"),
    ("/users", "People"),
    ("/audit", "Audit trail"),
    ("/admins", "Administrators"),
];

impl SignedIn {
    /// A page of no tenant.
    pub fn page(&self, title: &str, body: Markup) -> Answer {
        self.page_with(StatusCode::OK, title, &Errors::default(), body)
    }

    /// A page of no tenant with a status, and mistakes to mend.
    pub fn page_with(&self, status: StatusCode, title: &str, errors: &Errors, body: Markup) -> Answer {
        let nav = self.is_operator().then(|| {
            html! { nav aria-label="Main" { ul { li { (link("/admin/tenants", "Tenants", &self.path)) } li { (link("/admin/admins", "Operators", &self.path)) } } } }
        });
        whole(status, title, Some(self), html! { @if let Some(nav) = nav { (nav) } }, errors, body)
    }
}

impl InTenant {
    /// A page of the tenant.
    pub fn page(&self, title: &str, body: Markup) -> Answer {
        self.page_with(StatusCode::OK, title, &Errors::default(), body)
    }

    /// A page of the tenant with a status, and mistakes to mend.
    pub fn page_with(&self, status: StatusCode, title: &str, errors: &Errors, body: Markup) -> Answer {
        let full = format!("{title} – {}", self.tenant.display_name);
        let nav = html! {
            @if self.by.is_operator() {
                p.trail { a href="/admin/tenants" { "Tenants" } " / " (self.tenant.display_name) }
            } @else {
                p.trail { (self.tenant.display_name) }
            }
            nav aria-label="Tenant" {
                ul {
                    @for (end, name) in TABS {
                        li { (link(&self.address(end), name, &nearest(&self.tenant, &self.by.path))) }
                    }
                }
            }
        };
        whole_named(status, &full, title, Some(&self.by), nav, errors, body)
    }
}

/// A page that needs no sign-in.
pub(super) fn open_page(status: StatusCode, title: &str, errors: &Errors, body: Markup) -> Answer {
    whole(status, title, None, html! {}, errors, body)
}

/// A refusal as a page.
pub(super) fn trouble(refusal: &Refusal) -> Answer {
    let body = html! {
        p { (sentence(&refusal.message)) "." }
        @if let Some(hint) = &refusal.hint { p { (sentence(hint)) "." } }
        p.quiet { "Code: " code { (refusal.code) } }
        p { a href="/admin" { "Back to the start" } }
    };
    let answer = open_page(refusal.status, "That did not work", &Errors::default(), body);
    RefusalCode(refusal.code.clone()).note(retry_later(refusal.retry_after, answer))
}

/// After a POST: the browser gets a page, so that reloading sends nothing again.
pub fn go(path: &str) -> Answer {
    see_other(StatusCode::SEE_OTHER, path)
}

fn whole(
    status: StatusCode,
    title: &str,
    by: Option<&SignedIn>,
    nav: Markup,
    errors: &Errors,
    body: Markup,
) -> Answer {
    whole_named(status, title, title, by, nav, errors, body)
}

fn whole_named(
    status: StatusCode,
    title: &str,
    heading: &str,
    by: Option<&SignedIn>,
    nav: Markup,
    errors: &Errors,
    body: Markup,
) -> Answer {
    let flash = by.and_then(|by| by.flash.as_ref());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { @if !errors.is_empty() { "Error: " } (title) " – Administration" }
                link rel="stylesheet" href="/assets/style.css";
                script defer src="/assets/copy.js" {}
            }
            body.admin {
                a.skip href="#main" { "Skip to the content" }
                header {
                    div.bar {
                        a.brand href="/admin" { "Administration" }
                        @if let Some(by) = by { (who(by)) }
                    }
                    (nav)
                }
                main id="main" tabindex="-1" {
                    h1 { (heading) }
                    @if let Some(flash) = flash {
                        p.flash.bad[!flash.good] role="status" { (flash.text) }
                    }
                    (errors.summary())
                    (body)
                }
            }
        }
    };
    let mut answer = typed(status, "text/html; charset=utf-8", page.into_string());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // With `no-referrer` browsers would send forms with `Origin: null`.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

fn who(by: &SignedIn) -> Markup {
    let place = match &by.admin.scope {
        Scope::Operator => "operator",
        Scope::Tenant(tenant) => tenant.as_str(),
    };
    form::post(
        by,
        "/admin/sign-out",
        html! {
            span.who { a href="/admin/account" { (by.admin.email) } " (" (place) ")" }
            button.plain type="submit" id="sign-out" { "Sign out" }
        },
    )
}

fn link(to: &str, name: &str, here: &str) -> Markup {
    html! { a href=(to) aria-current=[(to == here).then_some("page")] { (name) } }
}

/// The address of the tab that a page belongs to: the longest that its path begins with.
fn nearest(tenant: &Tenant, path: &str) -> String {
    let base = format!("/admin/tenants/{}", tenant.id);
    let rest = path.strip_prefix(&base).unwrap_or_default();
    // Groups and accounts are found from the users.
    let rest = if rest.starts_with("/groups") || rest.starts_with("/people") {
        "/users"
    } else if rest.starts_with(super::sso::keys::PLACE) || rest.starts_with("/sso-tokens") {
        "/sso"
    } else if rest.starts_with("/quirks") {
        "/scim"
    } else {
        rest
    };
    let fits = |end: &&(&str, &str)| {
        rest.strip_prefix(end.0).is_some_and(|behind| behind.is_empty() || behind.starts_with('/'))
    };
    let tab = TABS.iter().filter(fits).max_by_key(|(end, _)| end.len());
    format!("{base}{}", tab.map_or("", |(end, _)| end))
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
