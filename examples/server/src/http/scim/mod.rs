//! SCIM 2.0 (RFC 7643, 7644). The tenant comes from the token, and must be the address's if that names one; every answer, errors included, is SCIM's.

mod auth;
mod bulk;
mod call;
mod columns;
mod directory;
mod discovery;
mod fault;
mod formats;
mod keys;
pub(crate) mod leniency;
mod list;
mod membership;
mod overrides;
mod passwords;
mod read;
mod schemas;
mod sensitive;
mod storable;
mod switch;
mod view;
mod write;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode};
use chrono::{DateTime, Utc};
use scim_schema::message::{Error, version_segment};

use self::call::Call;
pub(crate) use self::call::{GROUP, USER};
use self::fault::Fault;
use self::list::Over;
pub(crate) use self::schemas::check_schemas;
pub(crate) use self::switch::switch_off;
use crate::app::App;
use crate::clock;
use crate::http::answer::Answer;
use crate::http::body;
use crate::http::endpoints::Address;
use crate::rates::Peer;

pub(crate) use scim_schema::message::MEDIA_TYPE;

/// The refusal of a path that names a version of SCIM which is not served (RFC 7644 3.13).
pub(super) fn other_version(path: &str) -> Option<Answer> {
    let mut segments = path.split('/').skip_while(|segment| *segment != "scim");
    let version = segments.nth(1)?;
    let error = version_segment(version).err()?;
    Some(Fault::message("scim.version_unknown", &error).into_answer())
}

/// Every request below a SCIM base.
pub(super) async fn handle(app: &App, address: &Address, request: Request) -> Answer {
    let (parts, mut body) = request.into_parts();
    let answer = answer(app, address, &parts, &mut body).await;
    body::leave(body).await;
    match answer {
        Ok(answer) => answer,
        Err(fault) => fault.into_answer(),
    }
}

/// Takes the body out once it is to be read; what refuses before that leaves it there.
async fn answer(app: &App, address: &Address, parts: &Parts, body: &mut Body) -> Result<Answer, Fault> {
    let now = clock::now();
    let caller = auth::check(app, address, &parts.headers, now).await;
    let caller = caller.map_err(|fault| counted(app, parts, fault, now))?;
    app.rates.request(&caller.tenant.id, now).map_err(|refusal| Fault::too_many(&refusal))?;
    let call = Call::new(app, parts, caller, now)?;
    call.note_use().await;
    let mut answer = served(&call, parts, body).await?;
    let skipped = call.noted.uses(leniency::MEMBERS_SKIPPED);
    if skipped > 0 {
        // A client cannot be refused for one stale id, but whoever looks at the exchange should see it.
        answer.headers_mut().insert(SKIPPED, skipped.into());
    }
    call.note_quirks().await;
    Ok(answer)
}

/// The request of a known client.
async fn served(call: &Call<'_>, parts: &Parts, body: &mut Body) -> Result<Answer, Fault> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["ServiceProviderConfig" | "ResourceTypes" | "Schemas", ..] => discovery::answer(call, &segments),
        ["Me", ..] => Err(not_offered("/Me")),
        ["Bulk"] if !call.capabilities().bulk => Err(not_offered("/Bulk")),
        ["Bulk"] if parts.method == Method::POST => bulk::run(call, body).await,
        ["Bulk"] => Err(Fault::method("POST")),
        [".search"] if parts.method == Method::POST => list::search(call, &Over::all(call)?, body).await,
        [".search"] => Err(Fault::method("POST")),
        [endpoint, rest @ ..] => {
            let kind = call.resource_type(endpoint)?;
            match (rest, &parts.method) {
                ([], &Method::GET) => list::list(call, &Over::one(call, &kind)?).await,
                ([], &Method::POST) => write::create(call, &kind, body).await,
                ([".search"], &Method::POST) => list::search(call, &Over::one(call, &kind)?, body).await,
                ([".search"], _) => Err(Fault::method("POST")),
                ([id], &Method::GET) => read::one(call, &kind, id).await,
                ([id], &Method::PUT) => write::replace(call, &kind, id, body).await,
                ([id], &Method::PATCH) => write::patch(call, &kind, id, body).await,
                ([id], &Method::DELETE) => write::delete(call, &kind, id).await,
                ([] | [_], _) => Err(call.method_not_allowed(&kind)),
                _ => Err(Fault::unknown("such address")),
            }
        }
        [] if parts.method == Method::GET => list::list(call, &Over::all(call)?).await,
        [] => Err(Fault::method("GET")),
    }
}

/// A failed authentication counts for its address, and beyond the limit is answered with 429. Good ones are not looked
/// at, or one guesser would shut out everyone behind the same proxy.
fn counted(app: &App, parts: &Parts, fault: Fault, now: DateTime<Utc>) -> Fault {
    if fault.status() != StatusCode::UNAUTHORIZED {
        return fault;
    }
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    match app.rates.failure(peer, now) {
        Ok(()) => fault,
        Err(refusal) => Fault::too_many(&refusal),
    }
}

/// How many members of the request were skipped because their ids name no resource of the tenant.
const SKIPPED: HeaderName = HeaderName::from_static("scim-members-skipped");

fn not_offered(what: &str) -> Fault {
    Fault::message("scim.not_implemented", &Error::new(501, format!("{what} is not offered")))
}
