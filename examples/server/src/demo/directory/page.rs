//! `/demo/directory`: the simulated directories, to watch and to drive.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{Markup, html};
use serde_json::Value;
use tenant_model::{PersonState, TenantId};

use super::{Directory, Exchange, run};
use crate::app::{App, Shared};
use crate::demo::off;
use crate::demo::tenants::{DemoTenant, TENANTS};
use crate::http::answer::{Answer, Refusal, see_other};
use crate::http::html::page;
use crate::http::params::Params;
use crate::store::people;

/// `GET /demo/directory/{tenant}`.
pub(in crate::demo) async fn show(
    State(app): State<Shared>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Answer {
    write(&app, &tenant).await.unwrap_or_else(|refusal| refusal.into_page(&headers))
}

/// `POST /demo/directory/{tenant}`: one of the buttons.
pub(in crate::demo) async fn tell(
    State(app): State<Shared>,
    Path(tenant): Path<String>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let told = async {
        let form = Params::parse(&crate::demo::own_form(&app, &parts.headers, body).await?);
        drive(&app, &tenant, form.one("do")?.unwrap_or_default()).await
    };
    told.await.unwrap_or_else(|refusal: Refusal| refusal.into_page(&parts.headers))
}

async fn drive(app: &Shared, tenant: &str, button: &str) -> Result<Answer, Refusal> {
    let tenant = known(tenant)?;
    let stage = app.demo.as_ref().ok_or_else(off)?;
    let directory = stage.directories.all.get(tenant.id).ok_or_else(off)?;
    let base = tenant.scim(&app.base).unwrap_or_default();
    {
        let mut directory = directory.lock().await;
        match button {
            "step" => directory.advance(&stage.directories.url, &base).await,
            "start" if !directory.running => {
                if directory.is_done() {
                    directory.begin_again();
                }
                directory.running = true;
                tokio::spawn(run(app.clone(), tenant));
            }
            "start" => {}
            "stop" => directory.running = false,
            "again" => directory.begin_again(),
            _ => return Err(Refusal::bad_request("demo.button", "there is no such button")),
        }
    }
    Ok(see_other(StatusCode::SEE_OTHER, &format!("/demo/directory/{}", tenant.id)))
}

async fn write(app: &App, tenant: &str) -> Result<Answer, Refusal> {
    let tenant = known(tenant)?;
    let stage = app.demo.as_ref().ok_or_else(off)?;
    let people = people_of(app, tenant).await?;
    let base = tenant.scim(&app.base).unwrap_or_default();
    let directory = stage.directories.all.get(tenant.id).ok_or_else(off)?.lock().await;
    let product = app.base.profiles.get(tenant.product);
    let product = product.map_or(tenant.product, |product| product.display_name.as_str());
    let body = html! {
        p { "This page plays the part of the directory of " strong { (tenant.name) } ", which uses " strong { (product) }
            ". Each step is a real SCIM request to " code { (base) } " with the directory's token, as Okta or Entra ID \
            would send it." }
        (controls(tenant, &directory))
        h2 { "People that the service knows now" }
        (people)
        h2 { "What the directory sent" }
        @if directory.exchanges.is_empty() { p { "Nothing yet." } }
        @for exchange in &directory.exchanges { (shown(exchange)) }
        p { a href="/" { "Back to the start" } }
        nav aria-label="Directories" {
            ul { @for other in &TENANTS { li { a href=(format!("/demo/directory/{}", other.id)) { "Directory of " (other.name) } } } }
        }
    };
    let mut answer = page(StatusCode::OK, &format!("Directory of {}", tenant.name), body);
    // Its forms say where they come from.
    answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if directory.running {
        answer.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    Ok(answer)
}

fn controls(tenant: &DemoTenant, directory: &Directory) -> Markup {
    let next = directory.steps.get(directory.next);
    let button = |what: &str, text: &str| html! { button name="do" value=(what) { (text) } };
    html! {
        form method="post" action=(format!("/demo/directory/{}", tenant.id)) {
            p {
                @if directory.running {
                    (button("stop", "Stop"))
                } @else {
                    @if next.is_some() { (button("step", "Next step")) }
                    (button("start", if next.is_some() { "Go on by itself" } else { "Run again by itself" }))
                    @if directory.next > 0 { (button("again", "Begin again")) }
                }
            }
        }
        p role="status" {
            @match next {
                Some(step) => { "Step " (directory.next.saturating_add(1)) " of " (directory.steps.len()) " comes next: " (step.what) "." }
                None => { "All " (directory.steps.len()) " steps are done." }
            }
            @if directory.running { " The page shows it by itself." }
        }
    }
}

fn shown(exchange: &Exchange) -> Markup {
    let status = exchange.status.map_or("no answer".to_owned(), |status| status.to_string());
    html! {
        section {
            h3 { (exchange.what) }
            p { code { (exchange.method) " " (exchange.path) } " → " strong { (status) } " "
                span.quiet { "at " (exchange.at.format("%H:%M:%S")) " UTC" } }
            @if let Some(request) = &exchange.request { details { summary { "Request" } pre tabindex="0" { (pretty(request)) } } }
            @if !exchange.answer.is_empty() {
                details { summary { "Answer" }
                    pre tabindex="0" { (serde_json::from_str(&exchange.answer).map_or(exchange.answer.clone(), |value| pretty(&value))) } }
            }
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

async fn people_of(app: &App, tenant: &DemoTenant) -> Result<Markup, Refusal> {
    let id = TenantId::parse(tenant.id).map_err(|_| Refusal::internal("server.demo"))?;
    let mut db = app.base.store.read().await?;
    let people = people::list(&mut db, &id, SHOWN).await?;
    if people.is_empty() {
        return Ok(html! { p { "Nobody yet." } });
    }
    Ok(html! {
        table.reflow {
            thead { tr { @for name in ["Name", "Address", "State", "Roles", "Department"] { th scope="col" { (name) } } } }
            tbody {
                @for person in &people {
                    @let roles = person.roles().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    tr {
                        td data-label="Name" { (person.display_name.clone().unwrap_or_default()) }
                        td data-label="Address" { (person.email.clone().map(String::from).unwrap_or_default()) }
                        td data-label="State" { (state(&person.state)) }
                        td data-label="Roles" { (roles) }
                        td data-label="Department" { @if let Some(department) = &person.department { (department) } }
                    }
                }
            }
        }
    })
}

fn state(state: &PersonState) -> &'static str {
    match state {
        PersonState::Active => "active",
        PersonState::Inactive { .. } => "inactive",
        PersonState::Removed { .. } => "removed",
    }
}

fn known(id: &str) -> Result<&'static DemoTenant, Refusal> {
    TENANTS.iter().find(|tenant| tenant.id == id).ok_or_else(off)
}

const SHOWN: u32 = 100;
