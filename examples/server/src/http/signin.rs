//! Signing in by mail address: whoever has an address of a connected domain is led to its identity provider. All others
//! read the same page, whatever the reason (TEN-22).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use maud::{Markup, html};
use tenant_model::{ConnectionId, Discovery, SamlConnection, Tenant, discover, discovery_query};

use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal};
use crate::http::body;
use crate::http::html::page;
use crate::http::params::Params;
use crate::http::sso::product_of;
use crate::rates::Peer;
use crate::store::{domains, tenants};

/// `GET /signin[?relay_state=PATH]`.
pub(super) async fn show(uri: Uri, headers: HeaderMap) -> Answer {
    match Params::of(&uri).one("relay_state") {
        Ok(deep) => page(StatusCode::OK, "Sign in", form(false, deep.unwrap_or_default())),
        Err(refusal) => refusal.into_page(&headers),
    }
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
    let deep = typed.one("relay_state")?.unwrap_or_default();
    let query = discovery_query(typed.one("email")?.unwrap_or_default());
    let mut db = app.base.store.read().await?;
    let tenant = domains::tenant_of(&mut db, &query.domain).await?;
    let connections = match &tenant {
        Some(tenant) => tenants::all_saml(&mut db, &tenant.id).await?,
        None => Vec::new(),
    };
    drop(db);
    let found = tenant.as_ref().map(|tenant| (tenant, connections.as_slice()));
    let internal = || Refusal::internal("server.profile");
    let body = match (discover(&query, found, now), &tenant) {
        (Discovery::Connection { connection, .. }, Some(tenant)) => {
            onward(&login(app, tenant, &connection, deep).ok_or_else(internal)?)
        }
        (Discovery::Choice { connections: open, .. }, Some(tenant)) => {
            let mut ways = Vec::new();
            for connection in connections.iter().filter(|connection| open.contains(&connection.id)) {
                let to = login(app, tenant, &connection.id, deep).ok_or_else(internal)?;
                ways.push((connection, to));
            }
            choice(&ways, deep)
        }
        _ => form(true, deep),
    };
    Ok(page(StatusCode::OK, "Sign in", body))
}

/// The address at which a login through a connection begins, with the page to come back to.
pub(super) fn login(app: &App, tenant: &Tenant, connection: &ConnectionId, deep: &str) -> Option<String> {
    let profile = app.base.profiles.of(tenant)?.saml.as_ref()?;
    let login = profile.addresses(app.public_url.as_str(), &tenant.id, connection).login;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("answer", "page");
    if !deep.is_empty() {
        query.append_pair("relay_state", deep);
    }
    let mark = if login.contains('?') { '&' } else { '?' };
    Some(format!("{login}{mark}{}", query.finish()))
}

/// A page that leads on by itself: a redirect behind a form is one that the policy of these pages forbids.
fn onward(to: &str) -> Markup {
    html! {
        meta http-equiv="refresh" content=(format!("0; url={to}"));
        p { "You sign in at your organisation." }
        p { a.button id="onward" href=(to) { "Go there" } }
    }
}

/// Where someone may sign in: links, so that it works without scripts and the browser may leave this site.
fn choice(ways: &[(&SamlConnection, String)], deep: &str) -> Markup {
    html! {
        p { "Your organisation has several ways to sign in. Choose yours." }
        ul.cards id="ways" {
            @for (connection, to) in ways {
                li.card {
                    a.button href=(to) {
                        @if connection.display_name.is_empty() { (connection.id) } @else { (connection.display_name) }
                    }
                    @if let Some(product) = product_name(connection) { " " span.quiet { (product) } }
                }
            }
        }
        @if deep.is_empty() { p { a href="/signin" { "Use another address" } } }
        @else { p { a href=(format!("/signin?{}", form_urlencoded::Serializer::new(String::new()).append_pair("relay_state", deep).finish())) { "Use another address" } } }
    }
}

fn product_name(connection: &SamlConnection) -> Option<&'static str> {
    product_of(connection.provider).map(saml_sp::Guide::name)
}

fn form(asked: bool, deep: &str) -> Markup {
    html! {
        @if asked {
            p role="status" { "There is no sign-in by this page for that address. Check how it is written, or ask the administrator of your organisation." }
        }
        form method="post" action="/signin" {
            @if !deep.is_empty() { input type="hidden" name="relay_state" value=(deep); }
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
