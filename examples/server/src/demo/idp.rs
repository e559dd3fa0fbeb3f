//! The test identity provider's pages: who are you, and the Response that says so.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use chrono::{DateTime, TimeDelta};
use saml_sp::testing::{
    LoginAnswer, TestAttribute, TestError, TestIdp, TestKey, TestLogoutResponse, TestNameId, TestRequest,
};
use saml_sp::{Inbound, Outbound};
use tenant_model::TenantId;

use super::{STANDARD, TOKTRA};
use crate::app::{App, Shared};
use crate::commands::CommandError;
use crate::commands::tenant::{self, SAML_CONNECTION};
use crate::config::PublicUrl;
use crate::http::answer::{Answer, Refusal, see_other, typed};
use crate::http::body;
use crate::http::html::{escape, page};
use crate::http::params::Params;
use crate::keys::Keys;
use crate::store::logins::{self, Kind};
use crate::{clock, random};

/// The test identity provider of the demo.
#[derive(Debug)]
pub struct DemoIdp(TestIdp);

impl DemoIdp {
    /// An identity provider below `/demo/idp`, with a key made from the installation's.
    ///
    /// # Errors
    /// [`CommandError::Demo`].
    pub fn new(keys: &Keys, url: &PublicUrl) -> Result<Self, CommandError> {
        let key =
            TestKey::from_seed(&keys.demo_seed(), DateTime::UNIX_EPOCH).map_err(|error| failed(&error))?;
        Ok(Self(TestIdp::new(&url.join("/demo/idp"), key)))
    }

    /// Its metadata, valid for a year.
    ///
    /// # Errors
    /// [`CommandError::Demo`].
    pub fn metadata(&self) -> Result<String, CommandError> {
        let until = clock::now().checked_add_signed(TimeDelta::days(365)).unwrap_or_default();
        self.0.metadata(until).map_err(|error| failed(&error))
    }
}

/// Someone who can sign in at the test identity provider.
struct Character {
    id: &'static str,
    name: &'static str,
    email: &'static str,
    attributes: &'static [(&'static str, &'static str)],
}

const CHARACTERS: [Character; 2] = [
    Character {
        id: "alice",
        name: "Alice",
        email: "alice@example.com",
        attributes: &[("firstName", "Alice"), ("lastName", "Example"), ("department", "Research")],
    },
    Character {
        id: "bob",
        name: "Bob",
        email: "bob@example.com",
        attributes: &[("firstName", "Bob"), ("lastName", "Example"), ("department", "Sales")],
    },
];

pub(super) async fn metadata(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    match app.demo.as_ref().map(DemoIdp::metadata) {
        Some(Ok(xml)) => typed(StatusCode::OK, "application/samlmetadata+xml", xml),
        Some(Err(_)) => Refusal::internal("demo.metadata").into_page(&headers),
        None => off().into_page(&headers),
    }
}

pub(super) async fn ask_by_redirect(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    ask(&app, "query", uri.query().unwrap_or_default()).unwrap_or_else(|refusal| refusal.into_page(&headers))
}

pub(super) async fn ask_by_post(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let asked = async {
        let form = text(body).await?;
        ask(&app, "form", &form)
    };
    asked.await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

/// "Who are you?": one button for each character; the request travels along in a hidden field.
fn ask(app: &App, how: &str, raw: &str) -> Result<Answer, Refusal> {
    let request = read(idp(app)?, how, raw)?;
    let who = request.issuer.as_deref().unwrap_or_default();
    let hidden = format!(
        "<input type=\"hidden\" name=\"how\" value=\"{}\"><input type=\"hidden\" name=\"request\" value=\"{}\">",
        escape(how),
        escape(raw)
    );
    let body = format!(
        "<p>This page plays the part of a company's identity provider. The service <code>{}</code> asks who you \
         are.</p>{}",
        escape(who),
        buttons("/demo/idp/sign-in", &hidden)
    );
    Ok(page(StatusCode::OK, "Test identity provider", &body))
}

/// The answer to a request, on its way to the service.
pub(super) async fn sign_in(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let answered = async {
        let form = Params::parse(text(body).await?.as_bytes());
        let idp = idp(&app)?;
        let request =
            read(idp, form.one("how")?.unwrap_or_default(), form.one("request")?.unwrap_or_default())?;
        let acs = request.acs_url.clone().unwrap_or_default();
        if !acs.starts_with(app.public_url.as_str()) {
            return Err(Refusal::bad_request(
                "demo.acs",
                "the test identity provider serves this server alone",
            ));
        }
        let answer = request.answer(&fresh_id()?, &acs, clock::now());
        deliver(idp, answer, character(&form)?, request.relay_state.as_deref())
    };
    answered.await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

/// The identity provider's own start page: nobody asked for this login.
pub(super) async fn start(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    let shown = || {
        idp(&app)?;
        let query = Params::of(&uri);
        let tenant = wanted_tenant(&query)?;
        let hidden = format!("<input type=\"hidden\" name=\"org_id\" value=\"{tenant}\">");
        let body = format!(
            "<p>This page plays the part of a company's portal. Choose who you are, and it signs you in to tenant \
             <code>{tenant}</code> without being asked.</p>{}",
            buttons("/demo/idp/start", &hidden)
        );
        Ok(page(StatusCode::OK, "Test identity provider", &body))
    };
    shown().unwrap_or_else(|refusal: Refusal| refusal.into_page(&headers))
}

pub(super) async fn start_now(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let answered = async {
        let form = Params::parse(text(body).await?.as_bytes());
        let tenant = wanted_tenant(&form)?;
        let sp = app.public_url.join("/v1/sso/metadata");
        let acs = app.public_url.join(&format!("/v1/sso/acs?org_id={tenant}"));
        let answer = LoginAnswer::new(&fresh_id()?, &sp, &acs, clock::now());
        deliver(idp(&app)?, answer, character(&form)?, Some("/"))
    };
    answered.await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

/// The service signed someone out and asks us to do the same.
pub(super) async fn sign_out(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    answer_logout(&app, &parts).await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

async fn answer_logout(app: &App, parts: &Parts) -> Result<Answer, Refusal> {
    let idp = idp(app)?;
    let request = read(idp, "query", parts.uri.query().unwrap_or_default())?;
    // Both tenants are one service to this provider (one entity id), so where the answer goes is told by the id of
    // the waiting request alone.
    let tenant = waiting(app, &request.id).await?;
    let to = app.public_url.join(&format!("/v1/sso/logout?org_id={tenant}"));
    let answer = TestLogoutResponse::new(&format!("_{}", fresh_id()?), &to, &request.id, clock::now());
    let message = idp.logout_response(&answer).map_err(|error| broken(&error))?;
    let url = idp.redirect(&message, request.relay_state.as_deref()).map_err(|error| broken(&error))?;
    Ok(see_other(StatusCode::FOUND, &url))
}

/// The tenant whose logout waits for an answer to this request.
async fn waiting(app: &App, request_id: &str) -> Result<&'static str, Refusal> {
    let connection =
        tenant::connection_id(SAML_CONNECTION).map_err(|_| Refusal::internal("demo.connection"))?;
    let mut db = app.base.store.read().await?;
    for id in [STANDARD, TOKTRA] {
        let tenant = TenantId::parse(id).map_err(|_| Refusal::internal("demo.tenant"))?;
        if logins::find_pending(&mut db, &tenant, &connection, Kind::Logout, request_id).await?.is_some() {
            return Ok(id);
        }
    }
    Err(Refusal::bad_request("demo.logout", "no tenant of the demo asked for this logout"))
}

fn deliver(
    idp: &TestIdp,
    mut answer: LoginAnswer,
    who: &Character,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    answer.name_id = TestNameId::email(who.email);
    answer.attributes = vec![TestAttribute::new("email", &[who.email])];
    answer.attributes.extend(who.attributes.iter().map(|(name, value)| TestAttribute::new(name, &[*value])));
    let message = idp.respond(&answer).map_err(|error| broken(&error))?;
    let Outbound::Post { form } = message.post(relay_state).map_err(|error| broken(&error))? else {
        return Err(Refusal::internal("demo.binding"));
    };
    let nonce = random::secret()?;
    let mut page = typed(StatusCode::OK, "text/html; charset=utf-8", Body::from(form.html(Some(&nonce))));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(page)
}

fn buttons(action: &str, hidden: &str) -> String {
    let mut out = format!("<form method=\"post\" action=\"{action}\">{hidden}<p>");
    for character in &CHARACTERS {
        let _ = write!(
            out,
            "<button name=\"person\" value=\"{}\">Sign in as {}</button>",
            character.id, character.name
        );
    }
    out.push_str("</p></form>");
    out
}

fn read(idp: &TestIdp, how: &str, raw: &str) -> Result<TestRequest, Refusal> {
    let inbound = if how == "form" { Inbound::FormBody(raw.as_bytes()) } else { Inbound::RawQuery(raw) };
    idp.read(&inbound).map_err(|error| Refusal::bad_request("demo.request", error.to_string()))
}

fn character(form: &Params) -> Result<&'static Character, Refusal> {
    let id = form.one("person")?.unwrap_or_default();
    CHARACTERS
        .iter()
        .find(|character| character.id == id)
        .ok_or_else(|| Refusal::bad_request("demo.person", "nobody of that name lives here"))
}

fn wanted_tenant(params: &Params) -> Result<&'static str, Refusal> {
    let id = params.one("org_id")?.unwrap_or(TOKTRA);
    [STANDARD, TOKTRA]
        .into_iter()
        .find(|known| *known == id)
        .ok_or_else(|| Refusal::bad_request("request.org_id", "the demo has no such tenant"))
}

async fn text(body: Body) -> Result<String, Refusal> {
    let bytes = body::read(body, body::SAML_LIMIT).await?;
    String::from_utf8(bytes).map_err(|_| Refusal::bad_request("request.body", "the form is not UTF-8"))
}

fn idp(app: &App) -> Result<&TestIdp, Refusal> {
    app.demo.as_ref().map(|demo| &demo.0).ok_or_else(off)
}

fn off() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "request.path", "there is nothing at this address")
}

fn fresh_id() -> Result<String, Refusal> {
    Ok(random::uuid()?.simple().to_string())
}

fn broken(error: &TestError) -> Refusal {
    tracing::error!(%error, "the test identity provider failed");
    Refusal::internal("demo.identity_provider")
}

fn failed(error: &TestError) -> CommandError {
    CommandError::Demo(format!("the test identity provider: {error}"))
}
