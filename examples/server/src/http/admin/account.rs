//! An administrator's own account: tied to the person that they are at single sign-on, and getting in by it.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use maud::{Markup, html};
use tenant_model::{Person, SsoPolicy, Tenant, TenantId};

use super::form::{self, Errors, Input, danger, post_with, submit};
use super::frame::{go, open_page};
use super::guard::{Done, Posted, SignedIn, Trouble, read_form};
use super::sign_in::{before, before_token, entered, keep};
use crate::admin::{Scope, entry};
use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal};
use crate::http::params::Params;
use crate::http::session::{self, Live};
use crate::http::signin;
use crate::rates::Peer;
use crate::store::{admins, people, tenants};

/// `GET /admin/account/sso`.
pub(super) async fn show(headers: HeaderMap, by: SignedIn) -> Done {
    let tenant = home(&by).await?;
    let live = live_of(&by.app, &headers, &tenant.id).await?;
    let mut db = by.app.base.store.read().await?;
    let tied = match &by.admin.person {
        Some(id) => people::find(&mut db, &tenant.id, id).await?,
        None => None,
    };
    drop(db);
    let body = html! {
        dl {
            dt { "E-mail" } dd { (by.admin.email) }
            dt { "Single sign-on" } dd #tied { @match &tied {
                Some(person) if person.break_glass => "none: this account has emergency access",
                Some(person) => { "tied to " (called(person)) },
                None => "not tied to anybody",
            } }
        }
        @match (&tied, &live) {
            (Some(person), _) if person.break_glass => {},
            (Some(_), _) => {
                p { "You may sign in here by single sign-on." }
                (form::post(&by, "/admin/account/untie", danger("untie", "Untie it")))
            },
            (None, Some(live)) => {
                p { "In this browser " strong { (called(&live.person)) } " is signed in by single sign-on. If that is you, tie your account: \
                     you then sign in here by single sign-on too, also when it is enforced." }
                (form::post(&by, "/admin/account/tie", html! {
                    input type="hidden" name="person" value=(live.person.id);
                    (submit("tie", "That is me: tie my account"))
                }))
            },
            (None, None) => {
                p { "Sign in by single sign-on in this browser once, then you can tie your account to the person that you are there." }
                (ways_of(&by.app, &tenant, "/admin/account/sso").await?)
            },
        }
    };
    Ok(by.page("Your single sign-on", body))
}

/// `POST /admin/account/tie`: to whom is signed in here, which the form showed.
pub(super) async fn tie(headers: HeaderMap, Posted { by, form }: Posted) -> Done {
    let tenant = home(&by).await?;
    let live = live_of(&by.app, &headers, &tenant.id).await?;
    let shown = form.one("person")?.unwrap_or_default();
    let live = live.filter(|live| live.person.id.as_str() == shown).ok_or_else(|| {
        Refusal::new(
            StatusCode::CONFLICT,
            "admin.other_person",
            "somebody else is signed in by single sign-on now",
        )
        .with_hint("look at your account again")
    })?;
    let mut tx = admins::begin(&by.app.base.store, &by.admin.scope).await?;
    let fresh = admins::find(&mut tx, &by.admin.scope, &by.admin.id).await?;
    let fresh = fresh.ok_or_else(|| Refusal::internal("server.admin"))?.admin;
    entry::tie(&mut tx, &fresh, &by.session, &live.person, by.now).await?;
    by.flash(&mut tx, "Your account is tied.").await?;
    tx.commit().await?;
    Ok(go("/admin/account/sso"))
}

/// `POST /admin/account/untie`.
pub(super) async fn untie(Posted { by, .. }: Posted) -> Done {
    let mut tx = admins::begin(&by.app.base.store, &by.admin.scope).await?;
    let fresh = admins::find(&mut tx, &by.admin.scope, &by.admin.id).await?;
    let fresh = fresh.ok_or_else(|| Refusal::internal("server.admin"))?.admin;
    entry::untie(&mut tx, &fresh, &by.session, by.now).await?;
    by.flash(&mut tx, "Your account is untied.").await?;
    tx.commit().await?;
    Ok(go("/admin/account/sso"))
}

/// `GET /admin/sso[?org=TENANT]`: the ways to single sign-on, or on from it.
pub(super) async fn ways(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Done {
    let query = Params::of(&uri);
    let org = query.one("org")?.unwrap_or_default().trim().to_owned();
    let (token, fresh) = before(&app, &headers)?;
    let id = TenantId::parse(&org).ok();
    let mut db = app.base.store.read().await?;
    let tenant = match &id {
        Some(id) => tenants::find(&mut db, id).await?,
        None => None,
    };
    drop(db);
    let live = match &tenant {
        Some(tenant) => live_of(&app, &headers, &tenant.id).await?,
        None => None,
    };
    let body = match (&tenant, &live) {
        (Some(tenant), Some(live)) => html! {
            p { "In this browser " strong { (called(&live.person)) } " is signed in." }
            (post_with(&token, "/admin/sso", html! {
                input type="hidden" name="org" value=(tenant.id);
                (submit("enter", "Go on to the administration"))
            }))
        },
        (Some(tenant), None) => {
            let back = format!("/admin/sso?org={}", tenant.id);
            html! { p { "Sign in at your organisation; you then come back here." } (ways_of(&app, tenant, &back).await?) }
        }
        // The same for an organisation that there is not.
        (None, _) => html! {
            @if !org.is_empty() { p role="status" { "There is no single sign-on for that organisation." } }
            form method="get" action="/admin/sso" {
                (Input::new("org", "Organisation").value(&org).autocomplete("organization").most(64)
                    .hint("The id of your organisation here.").show(&Errors::default()))
                (submit("find", "Continue"))
            }
        },
    };
    let body = html! { (body) p { a href="/admin/sign-in" { "Sign in with a password" } } };
    let mut answer = open_page(StatusCode::OK, "Single sign-on", &Errors::default(), body);
    keep(&app, &mut answer, fresh)?;
    Ok(answer)
}

/// `POST /admin/sso`: whoever is signed in by single sign-on gets into the account that is tied to them.
pub(super) async fn enter(State(app): State<Shared>, request: Request) -> Answer {
    match try_enter(&app, request).await {
        Ok(answer) => answer,
        Err(trouble) => trouble.into_response(),
    }
}

async fn try_enter(app: &Shared, request: Request) -> Done {
    let now = clock::now();
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    let form = read_form(app, &parts.headers, body, &before_token(app, &parts.headers)).await?;
    app.rates.sign_in(peer, now)?;
    let none = || {
        Refusal::new(StatusCode::UNAUTHORIZED, "session.none", "nobody is signed in by single sign-on")
            .with_hint("begin again at /admin/sso")
    };
    let id = TenantId::parse(form.one("org")?.unwrap_or_default()).map_err(|_| none())?;
    let live = live_of(app, &parts.headers, &id).await?.ok_or_else(none)?;
    let (scope, secret) = entry::by_single_sign_on(app, &live.session, &live.person.id, now).await?;
    entered(app, &parts.headers, &scope, &secret).await
}

async fn live_of(app: &App, headers: &HeaderMap, tenant: &TenantId) -> Result<Option<Live>, Trouble> {
    let live = session::current(app, headers, clock::now()).await?;
    Ok(live.filter(|live| live.session.tenant == *tenant))
}

/// Links, so that it works without scripts and the browser may leave this site.
async fn ways_of(app: &App, tenant: &Tenant, back: &str) -> Result<Markup, Trouble> {
    let mut db = app.base.store.read().await?;
    let mut connections = tenants::all_saml(&mut db, &tenant.id).await?;
    drop(db);
    connections.retain(|connection| {
        let counts = match &tenant.sso {
            SsoPolicy::Enforced { connections, .. } => connections.contains(&connection.id),
            SsoPolicy::Off => false,
            SsoPolicy::Optional => true,
        };
        counts && connection.state.is_active()
    });
    let to = |connection: &tenant_model::SamlConnection| signin::login(app, tenant, &connection.id, back);
    Ok(html! {
        @if connections.is_empty() { p role="status" { "There is no single sign-on for that organisation." } }
        @else { ul.cards { @for connection in &connections {
            @if let Some(to) = to(connection) {
                li.card { a.button href=(to) {
                    @if connection.display_name.is_empty() { (connection.id) } @else { (connection.display_name) }
                } }
            }
        } } }
    })
}

async fn home(by: &SignedIn) -> Result<Tenant, Trouble> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "admin.no_tenant", "this account is of no tenant");
    let Scope::Tenant(id) = &by.admin.scope else { return Err(none().into()) };
    let mut db = by.app.base.store.read().await?;
    Ok(tenants::find(&mut db, id).await?.ok_or_else(none)?)
}

fn called(person: &Person) -> String {
    let email = person.email.as_ref().map(ToString::to_string);
    email.or_else(|| person.display_name.clone()).unwrap_or_else(|| person.id.to_string())
}
