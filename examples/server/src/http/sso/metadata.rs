//! Our metadata: what the identity provider's admin needs of us.

use axum::extract::Request;
use axum::http::StatusCode;
use saml_sp::MetadataOutput;

use super::connection::saml_profile;
use super::service_provider;
use crate::app::App;
use crate::clock;
use crate::http::answer::{Answer, Refusal, typed};
use crate::http::endpoints::Address;
use crate::store::sp_keys;

/// `GET`: the metadata of a connection; it need not have an identity provider yet.
pub(in crate::http) async fn show(app: &App, address: &Address, request: Request) -> Answer {
    write(app, address).await.unwrap_or_else(|refusal| refusal.into_page(request.headers()))
}

async fn write(app: &App, address: &Address) -> Result<Answer, Refusal> {
    let mut db = app.base.store.read().await?;
    let meant = address.meant(app, &mut db).await?;
    let keys = sp_keys::list(&mut db, &meant.tenant.id).await?;
    let profile = saml_profile(&meant.product)?;
    let sp = service_provider(app, &meant.tenant, &profile, &meant.connection, &keys)?;
    let xml = sp.metadata(&MetadataOutput::default(), clock::now()).map_err(|error| {
        tracing::error!(%error, "our metadata cannot be written");
        Refusal::internal("server.metadata")
    })?;
    Ok(typed(StatusCode::OK, "application/samlmetadata+xml", xml))
}
