//! `/demo/people`: who has an account in the demo's tenants.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use tenant_model::{EmailAddress, Person, PersonState, TenantId};

use super::tenants::TENANTS;
use crate::app::{App, Shared};
use crate::http::answer::{Answer, Refusal};
use crate::http::html::page;
use crate::store::people;

pub(super) async fn show(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    match write(&app).await {
        Ok(body) => page(StatusCode::OK, "People", body),
        Err(refusal) => refusal.into_page(&headers),
    }
}

async fn write(app: &App) -> Result<Markup, Refusal> {
    let mut db = app.base.store.read().await?;
    let mut all = Vec::new();
    for tenant in &TENANTS {
        let id = TenantId::parse(tenant.id).map_err(|_| Refusal::internal("server.demo"))?;
        all.push((tenant, people::list(&mut db, &id, SHOWN).await?));
    }
    Ok(html! {
        @for (tenant, people) in &all {
            h2 { (tenant.name) " (" (tenant.product) ")" }
            @if people.is_empty() {
                p { "Nobody yet: nobody was provisioned, and nobody has signed in." }
            } @else {
                table {
                    tr {
                        @for name in ["Name", "Address", "State", "Managed by"] { th scope="col" { (name) } }
                    }
                    @for person in people { (row(person)) }
                }
            }
        }
        p { a href="/" { "Back to the start" } }
    })
}

fn row(person: &Person) -> Markup {
    let state = match person.state {
        PersonState::Active => "active",
        PersonState::Inactive { .. } => "inactive",
        PersonState::Removed { .. } => "removed",
    };
    html! {
        tr {
            td { (person.display_name.as_deref().unwrap_or_default()) }
            td { (person.email.as_ref().map_or("", EmailAddress::as_str)) }
            td { (state) }
            td { (if person.managed_by.is_some() { "the directory" } else { "nobody" }) }
        }
    }
}

const SHOWN: u32 = 100;
