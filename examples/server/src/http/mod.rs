//! The endpoints. Each handler decodes, calls a crate, stores, answers.

pub mod answer;
pub mod body;
pub mod cookies;
pub(crate) mod health;
pub mod html;
mod layers;
pub(crate) mod observe;
mod pages;
pub mod params;
pub(crate) mod scim;
mod session;
mod sso;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get, post};

use crate::app::Shared;
use crate::http::answer::{Answer, Refusal};

/// All routes.
pub fn router(app: Shared) -> Router {
    let mut router = Router::new()
        .route("/", get(pages::home))
        .route("/assets/style.css", get(pages::style))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/v1/session", get(session::show))
        .route("/v1/sso/acs", post(sso::acs::receive))
        .route("/v1/sso/config", post(sso::config::replace))
        .route("/v1/sso/login", get(sso::login::begin))
        .route("/v1/sso/logout", get(sso::logout::end).post(sso::logout::receive))
        .route("/v1/sso/metadata", get(sso::metadata::show));
    for base in ["/scim/v2", "/v1/scim/v2"] {
        router = router
            .route(base, any(scim::handle))
            .route(&format!("{base}/"), any(scim::handle))
            .route(&format!("{base}/{{*path}}"), any(scim::handle));
    }
    if app.demo.is_some() {
        router = crate::demo::routes(router);
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app.clone())
        .layer(from_fn(layers::time_limit))
        .layer(from_fn(layers::browser_headers))
        .layer(from_fn_with_state(app, observe::observe))
}

async fn not_found(headers: HeaderMap) -> Answer {
    Refusal::new(StatusCode::NOT_FOUND, "request.path", "there is nothing at this address")
        .into_page(&headers)
}

async fn method_not_allowed(headers: HeaderMap) -> Answer {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "request.method", "this address does not take that method")
        .into_page(&headers)
}
