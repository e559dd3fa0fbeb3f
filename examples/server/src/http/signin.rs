//! Signing in by mail address: whoever has an address of a connected domain is led to its identity provider. All others
//! read the same page, whatever the reason (TEN-22).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{Discovery, discover, discovery_query};

use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal};
use crate::http::body;
use crate::http::html::page;
use crate::http::params::Params;
use crate::rates::Peer;
use crate::store::{domains, tenants};

/// `GET /signin`.
pub(super) async fn show() -> Answer {
    page(StatusCode::OK, "Sign in", form(false))
}

/// `POST /signin`.
pub(super) async fn find(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    lead(&app, peer, body).await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

async fn lead(app: &App, peer: Peer, body: axum::body::Body) -> Result<Answer, Refusal> {
    let now = clock::now();
    if let Err(refusal) = app.rates.discovery(peer, now) {
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "signin.rate",
            "too many addresses were asked for from here",
        )
        .with_hint(format!("try again in {} seconds", refusal.retry_after_seconds)));
    }
    let typed = Params::parse(&body::read(body, FORM_LIMIT).await?);
    let query = discovery_query(typed.one("email")?.unwrap_or_default());
    let mut db = app.base.store.read().await?;
    let tenant = domains::tenant_of(&mut db, &query.domain).await?;
    let connections = match &tenant {
        Some(tenant) => tenants::all_saml(&mut db, &tenant.id).await?,
        None => Vec::new(),
    };
    drop(db);
    let found = tenant.as_ref().map(|tenant| (tenant, connections.as_slice()));
    let Discovery::Connection { connection, .. } = discover(&query, found, now) else {
        return Ok(page(StatusCode::OK, "Sign in", form(true)));
    };
    let login = tenant.as_ref().and_then(|tenant| {
        let profile = app.base.profiles.of(tenant)?.saml.as_ref()?;
        Some(profile.addresses(app.public_url.as_str(), &tenant.id, &connection).login)
    });
    let login = login.ok_or_else(|| Refusal::internal("server.profile"))?;
    let mark = if login.contains('?') { '&' } else { '?' };
    Ok(page(StatusCode::OK, "Sign in", onward(&format!("{login}{mark}answer=page"))))
}

/// A page that leads on by itself: a redirect behind a form is one that the policy of these pages forbids.
fn onward(to: &str) -> Markup {
    html! {
        meta http-equiv="refresh" content=(format!("0; url={to}"));
        p { "You sign in at your organisation." }
        p { a.button id="onward" href=(to) { "Go there" } }
    }
}

fn form(asked: bool) -> Markup {
    html! {
        @if asked {
            p role="status" { "There is no sign-in by this page for that address. Check how it is written, or ask the administrator of your organisation." }
        }
        form method="post" action="/signin" {
            div.field {
                label for="email" { "Your work mail address" }
                input id="email" name="email" type="email" autocomplete="username" maxlength="254" required;
            }
            button type="submit" id="find" { "Continue" }
        }
    }
}

/// One address.
const FORM_LIMIT: usize = 4 * 1024;
