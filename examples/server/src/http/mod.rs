//! The endpoints. Each handler decodes, calls a crate, stores, answers.

pub mod admin;
pub mod answer;
pub mod body;
pub mod cookies;
pub(crate) mod endpoints;
pub(crate) mod health;
pub(crate) mod hooks;
pub mod html;
mod layers;
mod members;
mod oauth;
pub(crate) mod observe;
mod pages;
pub mod params;
pub(crate) mod scim;
mod session;
mod signin;
mod sso;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::app::Shared;
use crate::http::answer::{Answer, Refusal};

/// All routes.
pub fn router(app: Shared) -> Router {
    let mut router = Router::new()
        .route("/", get(pages::home))
        .route("/assets/copy.js", get(pages::script))
        .route("/assets/style.css", get(pages::style))
        .route("/favicon.ico", get(pages::icon))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/oauth/token", post(oauth::token))
        .route("/v1/hooks/okta", get(hooks::verify).post(hooks::receive))
        .route("/v1/members", get(members::show))
        .route("/signin", get(signin::show).post(signin::find))
        .route("/v1/session", get(session::show));
    router = admin::routes(router);
    if app.demo.is_some() {
        router = crate::demo::routes(router);
    }
    router
        .fallback(endpoints::dispatch)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app.clone())
        .layer(from_fn_with_state(app.limits.request, layers::time_limit))
        .layer(from_fn(layers::browser_headers))
        .layer(from_fn_with_state(app, observe::observe))
}

fn no_such_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "request.path", "there is nothing at this address")
}

async fn method_not_allowed(headers: HeaderMap) -> Answer {
    no_such_method().into_page(&headers)
}

fn no_such_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "request.method", "this address does not take that method")
}
