//! `/demo/people`: who has an account in the demo's tenants.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tenant_model::{PersonState, TenantId};

use super::tenants::TENANTS;
use crate::app::{App, Shared};
use crate::http::answer::{Answer, Refusal};
use crate::http::html::{escape, page};
use crate::store::people;

pub(super) async fn show(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    match write(&app).await {
        Ok(body) => page(StatusCode::OK, "People", &body),
        Err(refusal) => refusal.into_page(&headers),
    }
}

async fn write(app: &App) -> Result<String, Refusal> {
    let mut body = String::new();
    let mut db = app.base.store.read().await?;
    for tenant in &TENANTS {
        let id = TenantId::parse(tenant.id).map_err(|_| Refusal::internal("server.demo"))?;
        let people = people::list(&mut db, &id, SHOWN).await?;
        let _ = write!(body, "<h2>{} ({})</h2>", tenant.name, tenant.product);
        if people.is_empty() {
            body.push_str("<p>Nobody yet: nobody was provisioned, and nobody has signed in.</p>");
            continue;
        }
        let _ = write!(
            body,
            "<table><tr><th scope=\"col\">Name</th><th scope=\"col\">Address</th>\
             <th scope=\"col\">State</th><th scope=\"col\">Managed by</th></tr>"
        );
        for person in people {
            let state = match person.state {
                PersonState::Active => "active",
                PersonState::Inactive { .. } => "inactive",
                PersonState::Removed { .. } => "removed",
            };
            let manager = person.managed_by.map_or("nobody", |_| "the directory");
            let _ = write!(
                body,
                "<tr><td>{}</td><td>{}</td><td>{state}</td><td>{manager}</td></tr>",
                escape(&person.display_name.unwrap_or_default()),
                escape(&person.email.map(String::from).unwrap_or_default()),
            );
        }
        body.push_str("</table>");
    }
    body.push_str("<p><a href=\"/\">Back to the start</a></p>");
    Ok(body)
}

const SHOWN: u32 = 100;
