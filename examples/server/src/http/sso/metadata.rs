//! `GET /v1/sso/metadata?org_id=`: what the identity provider's admin needs of us.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use saml_sp::MetadataOutput;
use tenant_model::TenantId;

use super::connection::{saml_profile, unknown_tenant};
use super::service_provider;
use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal, typed};
use crate::http::params::Params;
use crate::store::tenants;

pub(in crate::http) async fn show(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    write(&app, &uri).await.unwrap_or_else(|refusal| refusal.into_page(&headers))
}

async fn write(app: &App, uri: &Uri) -> Result<Answer, Refusal> {
    let query = Params::of(uri);
    let id = TenantId::parse(query.one("org_id")?.unwrap_or_default()).map_err(|_| unknown_tenant())?;
    let mut db = app.base.store.read().await?;
    let tenant = tenants::find(&mut db, &id).await?.ok_or_else(unknown_tenant)?;
    let keys = tenants::keys(&mut db, &id).await?;
    let sp = service_provider(app, &tenant, &saml_profile(&tenant)?, &keys)?;
    let xml = sp.metadata(&MetadataOutput::default(), clock::now()).map_err(|error| {
        tracing::error!(%error, "our metadata cannot be written");
        Refusal::internal("server.metadata")
    })?;
    Ok(typed(StatusCode::OK, "application/samlmetadata+xml", xml))
}
