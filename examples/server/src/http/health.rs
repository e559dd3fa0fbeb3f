//! Whether the process lives, whether it can do its work, and what it counted.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::json;

use crate::app::Shared;
use crate::http::answer::{Answer, Refusal, json_answer, typed};
use crate::operations::MEDIA_TYPE;
use crate::store::tenants;

/// The routes of the operator's own address.
pub(crate) fn operator_routes(app: Shared) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .route("/readyz", get(readyz))
        .with_state(app)
}

/// `GET /healthz`: 200 as long as the process answers at all. A restart mends nothing that this does not tell.
pub(super) async fn healthz() -> Answer {
    json_answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /readyz`: 200 when requests may come; 503 when the database does not answer, or the server is about to stop.
pub(super) async fn readyz(State(app): State<Shared>) -> Answer {
    if app.operations.is_draining() {
        return Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server.stopping",
            "the server is about to stop",
        )
        .into_json();
    }
    // The tables were brought up to date before the listener opened; this row is the last thing that was written then.
    let asked = async {
        let mut db = app.base.store.read().await?;
        tenants::setting(&mut db, "key_fingerprint").await
    };
    match asked.await {
        Ok(Some(_)) => json_answer(StatusCode::OK, &json!({ "status": "ready" })),
        Ok(None) => Refusal::internal("store.not_migrated").into_json(),
        Err(error) => Refusal::from(error).into_json(),
    }
}

async fn metrics(State(app): State<Shared>) -> Answer {
    typed(StatusCode::OK, MEDIA_TYPE, app.operations.text(&app.base.store))
}
