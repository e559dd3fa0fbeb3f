//! Which endpoint an address means: the products' profiles say where single sign-on and SCIM are.
//!
//! Products may share a path. Whose endpoint it then is, the tenant tells: nobody is served at an address that is not
//! of their own product.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use sqlx::AnyConnection;
use tenant_model::{
    ConnectionId, PathTemplate, ProductProfile, SamlProfile, Tenant, TenantFrom, TenantId, TenantState,
};

use super::{scim, sso};
use crate::app::{App, Shared};
use crate::http::answer::{Answer, Refusal};
use crate::http::params::Params;
use crate::profiles::Profiles;
use crate::store::tenants;

/// A request below none of the server's own addresses: an endpoint of a product, or nothing.
pub(super) async fn dispatch(State(app): State<Shared>, request: Request) -> Answer {
    let (endpoint, address) = match find(&app.base.profiles, request.uri()) {
        Ok(Some(found)) => found,
        Ok(None) if let Some(refusal) = scim::other_version(request.uri().path()) => return refusal,
        Ok(None) => return super::no_such_path().into_page(request.headers()),
        Err(refusal) => return refusal.into_page(request.headers()),
    };
    match (endpoint, request.method()) {
        (Endpoint::Scim, _) => scim::handle(&app, &address, request).await,
        (Endpoint::Acs, &Method::POST) => sso::acs::receive(&app, &address, request).await,
        (Endpoint::Config, &Method::POST) => sso::config::replace(&app, &address, request).await,
        (Endpoint::Login, &Method::GET) => sso::login::begin(&app, &address, request).await,
        (Endpoint::Logout, &Method::GET) => sso::logout::end(&app, &address, request).await,
        (Endpoint::Logout, &Method::POST) => sso::logout::receive(&app, &address, request).await,
        (Endpoint::Metadata, &Method::GET) => sso::metadata::show(&app, &address, request).await,
        (endpoint, _) => method_not_allowed(endpoint, request.headers()),
    }
}

/// The tenant that the address of a single sign-on endpoint names.
///
/// # Errors
/// [`Refusal`] when there is none.
pub(crate) async fn tenant_at(app: &App, db: &mut AnyConnection, uri: &Uri) -> Result<Meant, Refusal> {
    match find(&app.base.profiles, uri)? {
        Some((_, address)) => address.meant(app, db).await,
        None => Err(super::no_such_path()),
    }
}

/// What an address names: one place of each product that has it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    places: Vec<Place>,
}

/// The address as one product reads it. Nobody has checked yet that tenant and connection exist.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The product.
    pub(crate) product: Arc<ProductProfile>,
    /// The tenant; `None` where the token tells it.
    pub(crate) tenant: Option<String>,
    /// The connection, if it is named.
    pub(crate) connection: Option<String>,
    /// The path of a SCIM base as the client wrote it.
    pub(crate) base: String,
}

/// The tenant that an address names, with its product and the id of the connection.
#[derive(Clone, Debug)]
pub(crate) struct Meant {
    /// The tenant.
    pub(crate) tenant: Tenant,
    /// Its product.
    pub(crate) product: Arc<ProductProfile>,
    /// The connection, which may not exist.
    pub(crate) connection: ConnectionId,
}

impl Address {
    /// The place of a product, if it has the address.
    pub(crate) fn of(&self, product: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.product.id.as_str() == product)
    }

    /// The tenant of a single sign-on address, if it is served.
    ///
    /// # Errors
    /// [`Refusal`], alike for an unknown tenant and for one of another product.
    pub(crate) async fn meant(&self, app: &App, db: &mut AnyConnection) -> Result<Meant, Refusal> {
        for place in &self.places {
            let id = TenantId::parse(place.tenant.as_deref().unwrap_or_default());
            let Ok(id) = id else { continue };
            let Some(tenant) = tenants::find(db, &id).await? else { continue };
            if tenant.profile != place.product.id {
                continue;
            }
            serves(app, &tenant)?;
            let connection = place.connection.as_deref().unwrap_or(SamlProfile::FIRST_CONNECTION);
            let connection = ConnectionId::parse(connection).map_err(|_| unknown_tenant())?;
            return Ok(Meant { tenant, product: place.product.clone(), connection });
        }
        Err(unknown_tenant())
    }
}

/// Whether this node serves a tenant at all: its home is here (TEN-24), and it is not suspended.
///
/// # Errors
/// [`Refusal`] with 421 or 403.
pub(crate) fn serves(app: &App, tenant: &Tenant) -> Result<(), Refusal> {
    tenant.served_in(app.region.as_deref()).map_err(|wrong| {
        let status = StatusCode::from_u16(wrong.status()).unwrap_or(StatusCode::MISDIRECTED_REQUEST);
        Refusal::new(status, wrong.code(), wrong.to_string())
    })?;
    if tenant.state == TenantState::Active {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "login.tenant_suspended", "this organisation is not active"))
}

/// The answer alike for unknown tenants and impossible ids.
pub(crate) fn unknown_tenant() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "request.org_id", "there is no such organisation")
        .with_hint("check the organisation's id in the address")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Acs,
    Config,
    Login,
    Logout,
    Metadata,
    Scim,
}

/// The loaded profiles go together, so all places of an address are of one endpoint.
///
/// # Errors
/// [`Refusal`] for a parameter that comes twice.
fn find(profiles: &Profiles, uri: &Uri) -> Result<Option<(Endpoint, Address)>, Refusal> {
    let mut found = None;
    let mut places = Vec::new();
    let query = Params::of(uri);
    for product in profiles.iter() {
        for base in product.scim.bases() {
            let Some(hit) = base.find_start(uri.path()) else { continue };
            let length = uri.path().len().saturating_sub(hit.rest.len());
            found = Some(Endpoint::Scim);
            places.push(Place {
                product: product.clone(),
                tenant: hit.tenant.map(str::to_owned),
                connection: hit.connection.map(str::to_owned),
                base: uri.path().get(..length).unwrap_or_default().to_owned(),
            });
        }
        let Some(saml) = &product.saml else { continue };
        for (endpoint, path) in sso_endpoints(saml) {
            let Some(hit) = path.find(uri.path()) else { continue };
            let tenant = match &saml.tenant_from {
                TenantFrom::Query(name) => query.one(name)?,
                TenantFrom::Path | TenantFrom::Token => hit.tenant,
            };
            let connection =
                if path.names_connection() { hit.connection } else { query.one("connection")? };
            let (tenant, connection) = (tenant.map(str::to_owned), connection.map(str::to_owned));
            found = Some(endpoint);
            places.push(Place { product: product.clone(), tenant, connection, base: String::new() });
        }
    }
    Ok(found.map(|endpoint| (endpoint, Address { places })))
}

/// The template of a path, for the log and the counts: what stands for tenant and connection is not in it.
pub(crate) fn template(profiles: &Profiles, path: &str) -> Option<String> {
    profiles.iter().find_map(|product| {
        let scim = product.scim.bases().find_map(|base| {
            let rest = base.find_start(path)?.rest;
            Some(if rest.is_empty() { base.to_string() } else { format!("{base}/{{*path}}") })
        });
        let saml = || {
            let mut all = product.saml.iter().flat_map(|saml| saml.paths.all());
            all.find(|(_, template)| template.find(path).is_some()).map(|(_, template)| template.to_string())
        };
        scim.or_else(saml)
    })
}

fn sso_endpoints(saml: &SamlProfile) -> impl Iterator<Item = (Endpoint, &PathTemplate)> {
    let paths = &saml.paths;
    [
        (Endpoint::Acs, &paths.acs),
        (Endpoint::Login, &paths.login),
        (Endpoint::Logout, &paths.logout),
        (Endpoint::Metadata, &paths.metadata),
    ]
    .into_iter()
    .chain(paths.config.as_ref().map(|path| (Endpoint::Config, path)))
}

fn method_not_allowed(endpoint: Endpoint, headers: &HeaderMap) -> Answer {
    let allow = match endpoint {
        Endpoint::Acs | Endpoint::Config => "POST",
        Endpoint::Login | Endpoint::Metadata => "GET",
        Endpoint::Logout | Endpoint::Scim => "GET, POST",
    };
    let mut answer = super::no_such_method().into_page(headers);
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    answer
}
