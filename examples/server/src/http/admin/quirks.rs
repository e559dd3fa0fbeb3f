//! What the clients of each connection do beyond the standards, and how often.

use maud::html;

use super::guard::{Done, InTenant};
use super::show;
use crate::store::{quirks, tenants};

/// `GET /admin/tenants/{tenant}/quirks`.
pub(super) async fn show(at: InTenant) -> Done {
    let mut db = at.by.app.base.store.read().await?;
    let seen = quirks::of_tenant(&mut db, &at.tenant.id).await?;
    let connections = tenants::all_scim(&mut db, &at.tenant.id).await?;
    drop(db);
    let body = html! {
        p { "Where a directory does not keep to the standard and the product lets it, it is noted here, at most once a minute. Nothing needs to be done; if provisioning misbehaves, this is what to tell the directory's maker." }
        @if seen.is_empty() { p { "Every directory kept to the standard so far." } }
        @for connection in &connections {
            @let mine: Vec<_> = seen.iter().filter(|seen| seen.connection == connection.id).collect();
            @if !mine.is_empty() {
                section aria-labelledby=(format!("quirks-{}", connection.id)) {
                    h2 id=(format!("quirks-{}", connection.id)) { (connection.display_name) }
                    table.reflow {
                        thead { tr { th scope="col" { "Deviation" } th scope="col" { "Times" } th scope="col" { "First seen" } th scope="col" { "Last seen" } } }
                        tbody {
                            @for seen in mine {
                                tr {
                                    td data-label="Deviation" { (show::words(&seen.quirk)) " " code.quiet { (seen.quirk) } }
                                    td data-label="Times" { (seen.uses) }
                                    td data-label="First seen" { (show::instant(seen.first)) }
                                    td data-label="Last seen" { (show::instant(seen.last)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(at.page("Deviations of directories", body))
}
