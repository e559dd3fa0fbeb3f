//! `GET /v1/members`: who is a member of the organisation, for its administrators.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tenant_model::{Person, Right};

use crate::account;
use crate::app::{App, Shared};
use crate::clock;
use crate::commands::people::{is_member, rules};
use crate::http::answer::{Answer, Refusal, json_answer};
use crate::http::session;
use crate::store::{people, tenants};

/// The members: whoever has only hidden roles is none.
pub(super) async fn show(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    list(&app, &headers).await.unwrap_or_else(Refusal::into_json)
}

async fn list(app: &App, headers: &HeaderMap) -> Result<Answer, Refusal> {
    let live = session::current(app, headers, clock::now()).await?;
    let live =
        live.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "session.none", "nobody is signed in"))?;
    let id = &live.session.tenant;
    let mut db = app.base.store.read().await?;
    let tenant = tenants::find(&mut db, id).await?.ok_or_else(|| Refusal::internal("server.tenant"))?;
    let product = app.base.profiles.of(&tenant).ok_or_else(|| Refusal::internal("server.profile"))?;
    let rules = rules(&mut db, &tenant, product).await?;
    let rights = account::rights(&live.person, &rules);
    rights.require(id, &Right::Members).map_err(|missing| {
        let status = StatusCode::from_u16(missing.status()).unwrap_or(StatusCode::FORBIDDEN);
        Refusal::new(status, missing.code(), missing.to_string())
    })?;
    let persons = people::list(&mut db, id, MOST).await?;
    let members: Vec<Value> = persons.iter().filter(|person| is_member(&rules, person)).map(member).collect();
    Ok(json_answer(StatusCode::OK, &json!({ "tenant": id.as_str(), "members": members })))
}

/// Who has more members asks SCIM, which has pages.
const MOST: u32 = 5_000;

fn member(person: &Person) -> Value {
    json!({
        "user_id": person.id.as_str(),
        "email": person.email.as_ref().map(tenant_model::EmailAddress::as_str),
        "display_name": person.display_name,
        "roles": person.roles(),
        "department": person.department,
    })
}
