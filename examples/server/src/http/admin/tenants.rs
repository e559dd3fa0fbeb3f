//! The tenants, for the operator.

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{Tenant, TenantState};

use super::form::{self, Errors, Input, submit};
use super::frame::go;
use super::guard::{Done, Posted, SignedIn, Trouble};
use crate::admin::Scope;
use crate::commands::{CommandError, tenant};
use crate::http::answer::{Answer, Refusal};
use crate::store::tenants;

/// `GET /admin`: the tenants for the operator, the own tenant for all others.
pub(super) async fn home(by: SignedIn) -> Answer {
    match &by.admin.scope {
        Scope::Operator => go("/admin/tenants"),
        Scope::Tenant(tenant) => go(&format!("/admin/tenants/{tenant}")),
    }
}

/// `GET /admin/tenants`.
pub(super) async fn list(by: SignedIn) -> Done {
    operators_only(&by)?;
    page(&by, StatusCode::OK, &Errors::default(), ("", "", "standard")).await
}

/// `POST /admin/tenants`: makes one.
pub(super) async fn create(Posted { by, form }: Posted) -> Done {
    operators_only(&by)?;
    let text = |name| form.one(name).map(|value| value.unwrap_or_default().trim().to_owned());
    let (id, name, profile) = (text("id")?, text("name")?, text("profile")?);
    let shown = if name.is_empty() { None } else { Some(name.as_str()) };
    if name.len() > 200 || name.chars().any(char::is_control) {
        let errors = Errors::one("name", "The name is one line of at most 200 bytes");
        return page(&by, StatusCode::UNPROCESSABLE_ENTITY, &errors, (&id, &name, &profile)).await;
    }
    match tenant::create_by(&by.app.base, &id, &profile, shown, false, by.admin.actor()).await {
        Ok(()) => {
            let mut tx = by.app.base.store.begin_unlocked().await?;
            by.flash(&mut tx, "The tenant was made.").await?;
            tx.commit().await?;
            Ok(go(&format!("/admin/tenants/{id}")))
        }
        Err(error @ (CommandError::TenantExists(_) | CommandError::Id(_))) => {
            let errors = Errors::one("id", super::super::html::sentence(&error.to_string()));
            page(&by, StatusCode::UNPROCESSABLE_ENTITY, &errors, (&id, &name, &profile)).await
        }
        Err(error @ CommandError::NoProfile(..)) => {
            let errors = Errors::one("profile", super::super::html::sentence(&error.to_string()));
            page(&by, StatusCode::UNPROCESSABLE_ENTITY, &errors, (&id, &name, &profile)).await
        }
        Err(CommandError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "a tenant was not made");
            Err(Refusal::internal("server.tenant").into())
        }
    }
}

async fn page(by: &SignedIn, status: StatusCode, errors: &Errors, values: (&str, &str, &str)) -> Done {
    let mut db = by.app.base.store.read().await?;
    let tenants = tenants::list(&mut db).await?;
    drop(db);
    let options: Vec<(&str, &str)> = by
        .app
        .base
        .profiles
        .iter()
        .map(|profile| (profile.id.as_str(), profile.display_name.as_str()))
        .collect();
    let (id, name, profile) = values;
    let body = html! {
        @if tenants.is_empty() {
            p { "There is no tenant yet. Make the first one below." }
        } @else {
            (table(&tenants))
        }
        section aria-labelledby="new-tenant" {
            h2 #new-tenant { "New tenant" }
            (form::post(by, "/admin/tenants", html! {
                (Input::new("id", "Id").value(id).most(64)
                    .hint("Letters, digits, - and _. It stands in addresses and never changes.").show(errors))
                (Input::new("name", "Name").optional().value(name).hint("What people see; the id if empty.").show(errors))
                (form::select("profile", "Product", Some("It decides what the tenant may do."), &options, profile, errors))
                (submit("create-tenant", "Make the tenant"))
            }))
        }
    };
    Ok(by.page_with(status, "Tenants", errors, body))
}

fn table(tenants: &[Tenant]) -> Markup {
    html! {
        table.reflow {
            thead { tr { th scope="col" { "Tenant" } th scope="col" { "Id" } th scope="col" { "Product" } th scope="col" { "State" } } }
            tbody {
                @for tenant in tenants {
                    tr {
                        td data-label="Tenant" { a href=(format!("/admin/tenants/{}", tenant.id)) { (tenant.display_name) } }
                        td data-label="Id" { code { (tenant.id) } }
                        td data-label="Product" { (tenant.profile) }
                        td data-label="State" { (state(tenant.state)) }
                    }
                }
            }
        }
    }
}

pub(super) fn state(state: TenantState) -> &'static str {
    match state {
        TenantState::Active => "active",
        TenantState::Closing => "being deleted",
        TenantState::Suspended => "suspended",
    }
}

pub(super) fn operators_only(by: &SignedIn) -> Result<(), Trouble> {
    if by.is_operator() {
        return Ok(());
    }
    // Like an address that there is not: what other tenants there are is no tenant's business (TEN-18).
    Err(Refusal::new(StatusCode::NOT_FOUND, "request.path", "there is nothing at this address").into())
}
