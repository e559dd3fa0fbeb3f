//! Whether the server can do its work.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::app::Shared;
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::store::tenants;

/// `GET /healthz`: 200 when the database answers, 503 when it does not.
pub(super) async fn healthz(State(app): State<Shared>) -> Answer {
    let asked = async {
        let mut db = app.base.store.read().await?;
        tenants::setting(&mut db, "key_fingerprint").await
    };
    match asked.await {
        Ok(_) => json_answer(StatusCode::OK, &json!({ "status": "ok" })),
        Err(error) => Refusal::from(error).into_json(),
    }
}
