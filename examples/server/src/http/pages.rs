//! The start page and what pages need.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::app::Shared;
use crate::clock;
use crate::http::answer::{Answer, Refusal, typed};
use crate::http::html::{SCRIPT, STYLE, escape, page};
use crate::http::session;

/// `GET /`: who is signed in, and where to begin.
pub(super) async fn home(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    let live = match session::current(&app, &headers, clock::now()).await {
        Ok(live) => live,
        Err(error) => return Refusal::from(error).into_page(&headers),
    };
    let mut body = String::from(
        "<p>This server is a SAML service provider and a SCIM service for many tenants. \
         People sign in through their company's identity provider; the same provider creates, changes and \
         deactivates their accounts.</p>",
    );
    if let Some(live) = live {
        let tenant = escape(live.session.tenant.as_str());
        let name =
            live.person.display_name.clone().or(live.person.email.map(String::from)).unwrap_or_default();
        let _ = write!(
            body,
            "<p>You are signed in as <strong>{}</strong> of <strong>{tenant}</strong>.</p>\
             <p><a class=\"button\" href=\"/v1/session\">See the session</a>\
             <a class=\"button\" href=\"/v1/sso/logout?org_id={tenant}\">Sign out</a></p>",
            escape(&name),
        );
    } else {
        body.push_str("<p>You are not signed in.</p>");
    }
    if app.demo.is_some() {
        body.push_str(&crate::demo::home_section(&app));
    }
    body.push_str(
        "<h2>For programs</h2><table><tr><th scope=\"col\">Address</th><th scope=\"col\">What it does</th></tr>\
         <tr><td><code>/v1/sso/metadata?org_id=</code></td><td>Our SAML metadata for one tenant</td></tr>\
         <tr><td><code>/v1/sso/login?org_id=</code></td><td>Begins a login</td></tr>\
         <tr><td><code>/v1/session</code></td><td>Who is signed in, as JSON</td></tr>\
         <tr><td><code>/scim/v2</code></td><td>SCIM 2.0; the bearer token tells the tenant</td></tr>\
         <tr><td><code>/healthz</code></td><td>Whether the server works</td></tr></table>",
    );
    let mut answer = page(StatusCode::OK, "Single sign-on and provisioning", &body);
    if app.demo.is_some() {
        // The demo's forms say where they come from.
        answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    answer
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

const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b4ea2"/><circle cx="6" cy="8" r="2.5" fill="none" stroke="#fff" stroke-width="1.5"/><path d="M8.5 8H13v2" fill="none" stroke="#fff" stroke-width="1.5"/></svg>"##;
