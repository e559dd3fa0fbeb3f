//! Suspending a tenant, and serving it again: the operator's alone, and never by one click.

use axum::http::StatusCode;
use maud::html;
use tenant_model::{Action, AuditEvent, Target, Tenant, TenantState};

use super::form::{self, Errors, Input, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant};
use super::tenants::{operators_only, state};
use crate::http::answer::Refusal;
use crate::store::{people, tenants};

/// `GET /admin/tenants/{tenant}/state`: what it means, with the form that does it.
pub(super) async fn show(at: InTenant) -> Done {
    operators_only(&at.by)?;
    page(&at, StatusCode::OK, &Errors::default())
}

/// `POST /admin/tenants/{tenant}/state`.
pub(super) async fn change(PostedInTenant { at, form }: PostedInTenant) -> Done {
    operators_only(&at.by)?;
    let wanted = match form.one("state")? {
        Some("active") => TenantState::Active,
        Some("suspended") => TenantState::Suspended,
        _ => return Err(Refusal::bad_request("admin.state", "expected active or suspended").into()),
    };
    let typed = form.one("confirm")?.unwrap_or_default().trim();
    if wanted == TenantState::Suspended && typed != at.tenant.id.as_str() {
        let errors = Errors::one("confirm", "Type the id of the tenant to confirm");
        return page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors);
    }
    let mut tx = at.begin().await?;
    let known = tenants::find(&mut tx, &at.tenant.id).await?;
    let known = known.ok_or_else(|| Refusal::internal("server.tenant"))?;
    if known.state == TenantState::Closing {
        return Err(
            Refusal::new(StatusCode::CONFLICT, "admin.closing", "this tenant is being deleted").into()
        );
    }
    if known.state != wanted {
        let before = known.state;
        tenants::update(&mut tx, &Tenant { state: wanted, ..known }).await?;
        let event =
            AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::TenantChanged, Target::Tenant)
                .with_change("state", Some(state(before).to_owned()), Some(state(wanted).to_owned()));
        people::audit(&mut tx, &[event]).await?;
    }
    let text = match wanted {
        TenantState::Suspended => "The tenant is suspended: nobody signs in, and directories are refused.",
        _ => "The tenant is served again.",
    };
    at.by.flash(&mut tx, text).await?;
    tx.commit().await?;
    Ok(go(&at.address("")))
}

fn page(at: &InTenant, status: StatusCode, errors: &Errors) -> Done {
    let here = at.address("/state");
    let body = html! {
        p { a href=(at.address("")) { "Back to the overview" } }
        @match at.tenant.state {
            TenantState::Active => {
                p.note.warn { strong { "This stops the whole tenant. " } "Nobody signs in, sessions end at their next request, directories are refused, and its own administrators are shut out of these pages. Nothing is deleted." }
                (form::post(&at.by, &here, html! {
                    input type="hidden" name="state" value="suspended";
                    (Input::new("confirm", "Id of the tenant").hint(&format!("Type {} to confirm.", at.tenant.id)).most(64).show(errors))
                    (danger("suspend", "Suspend the tenant"))
                }))
            }
            TenantState::Suspended => {
                p { "The tenant is suspended. When it is served again, people sign in as before, and directories go on where they stopped." }
                (form::post(&at.by, &here, html! {
                    input type="hidden" name="state" value="active";
                    (submit("resume", "Serve the tenant again"))
                }))
            }
            TenantState::Closing => p { "The tenant is being deleted." },
        }
    };
    let title = if at.tenant.state == TenantState::Suspended {
        "Serve the tenant again"
    } else {
        "Suspend the tenant"
    };
    Ok(at.page_with(status, title, errors, body))
}
