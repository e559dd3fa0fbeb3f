//! A tenant at a glance.

use maud::html;

use super::guard::{Done, InTenant};
use super::tenants::state;

/// `GET /admin/tenants/{tenant}`.
pub(super) async fn show(at: InTenant) -> Done {
    let tenant = &at.tenant;
    let body = html! {
        dl {
            dt { "Id" } dd { code { (tenant.id) } }
            dt { "Product" } dd { (tenant.profile) }
            dt { "State" } dd { (state(tenant.state)) }
        }
    };
    Ok(at.page("Overview", body))
}
