//! The start page and what pages need.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{Markup, html};
use tenant_model::EmailAddress;

use crate::app::Shared;
use crate::clock;
use crate::http::answer::{Answer, Refusal, typed};
use crate::http::html::{SCRIPT, STYLE, page};
use crate::http::session::{self, Live};

/// `GET /`: who is signed in, and where to begin.
pub(super) async fn home(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    let live = match session::current(&app, &headers, clock::now()).await {
        Ok(live) => live,
        Err(error) => return Refusal::from(error).into_page(&headers),
    };
    let body = html! {
        p { "This server is a SAML service provider and a SCIM service for many tenants. People sign in through their \
             company's identity provider; the same provider creates, changes and deactivates their accounts." }
        @match &live {
            Some(live) => (signed_in(live)),
            None => p { "You are not signed in." },
        }
        @if app.demo.is_some() { (crate::demo::home_section(&app)) }
        h2 { "For programs" }
        table {
            tr { th scope="col" { "Address" } th scope="col" { "What it does" } }
            @for (address, does) in FOR_PROGRAMS { tr { td { code { (address) } } td { (does) } } }
        }
    };
    let mut answer = page(StatusCode::OK, "Single sign-on and provisioning", body);
    if app.demo.is_some() {
        // The demo's forms say where they come from.
        answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    answer
}

fn signed_in(live: &Live) -> Markup {
    let tenant = live.session.tenant.as_str();
    let person = &live.person;
    let name = person.display_name.as_deref().or(person.email.as_ref().map(EmailAddress::as_str));
    html! {
        p { "You are signed in as " strong { (name.unwrap_or_default()) } " of " strong { (tenant) } "." }
        p {
            a.button href="/v1/session" { "See the session" }
            a.button href=(format!("/v1/sso/logout?org_id={tenant}")) { "Sign out" }
        }
    }
}

/// `GET /favicon.ico`: browsers ask for it unasked.
pub(super) async fn icon() -> Answer {
    let mut answer = typed(StatusCode::OK, "image/svg+xml", ICON);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=86400"));
    answer
}

/// `GET /assets/copy.js`: buttons that copy. Pages work without it.
pub(super) async fn script() -> Answer {
    typed(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /assets/style.css`.
pub(super) async fn style() -> Answer {
    typed(StatusCode::OK, "text/css; charset=utf-8", STYLE)
}

const FOR_PROGRAMS: [(&str, &str); 5] = [
    ("/v1/sso/metadata?org_id=", "Our SAML metadata for one tenant"),
    ("/v1/sso/login?org_id=", "Begins a login"),
    ("/v1/session", "Who is signed in, as JSON"),
    ("/scim/v2", "SCIM 2.0; the bearer token tells the tenant"),
    ("/healthz", "Whether the server works"),
];

const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b4ea2"/><circle cx="6" cy="8" r="2.5" fill="none" stroke="#fff" stroke-width="1.5"/><path d="M8.5 8H13v2" fill="none" stroke="#fff" stroke-width="1.5"/></svg>"##;
