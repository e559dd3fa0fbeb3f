//! The test identity provider's pages: who are you, and the Response that says so.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use chrono::TimeDelta;
use maud::{Markup, html};
use saml_sp::testing::{
    LoginAnswer, TestAttribute, TestError, TestIdp, TestKey, TestLogoutResponse, TestNameId, TestRequest,
};
use saml_sp::{Inbound, Outbound};
use tenant_model::{SamlAddresses, Tenant, TenantId};

use super::off;
use super::tenants::{TENANTS, TOKTRA};
use crate::app::{App, Shared};
use crate::commands::CommandError;
use crate::commands::tenant::{self, SAML_CONNECTION};
use crate::config::PublicUrl;
use crate::http::answer::{Answer, Refusal, see_other, typed};
use crate::http::body;
use crate::http::endpoints::tenant_at;
use crate::http::html::page;
use crate::http::params::Params;
use crate::keys::Keys;
use crate::store::logins::{self, Kind};
use crate::store::tenants;
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
        // The key stays the same; its certificate, good for ten years, is made anew each day.
        let today = clock::now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let key = TestKey::from_seed(&keys.demo_seed(), today).map_err(|error| failed(&error))?;
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

/// Someone who can sign in at the test identity provider; the address is at the tenant's domain.
struct Character {
    id: &'static str,
    name: &'static str,
    attributes: &'static [(&'static str, &'static str)],
}

const CHARACTERS: [Character; 3] = [
    Character {
        id: "alice",
        name: "Alice",
        attributes: &[("firstName", "Alice"), ("lastName", "Example"), ("department", "Research")],
    },
    Character {
        id: "bob",
        name: "Bob",
        attributes: &[("firstName", "Bob"), ("lastName", "Example"), ("department", "Sales")],
    },
    Character {
        id: "carol",
        name: "Carol",
        attributes: &[("firstName", "Carol"), ("lastName", "Example"), ("department", "Finance")],
    },
];

pub(super) async fn metadata(State(app): State<Shared>, headers: HeaderMap) -> Answer {
    match app.demo.as_ref().map(|stage| stage.idp.metadata()) {
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
    let body = html! {
        p { "This page plays the part of a company's identity provider. The service " code { (who) } " asks who you are." }
        (buttons("/demo/idp/sign-in", &[("how", how), ("request", raw)], &mistakes()))
    };
    Ok(page(StatusCode::OK, "Test identity provider", body))
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
        let mut answer = request.answer(&fresh_id()?, &acs, clock::now());
        let tenant = tenant_of(&app, &acs).await?;
        let domain = domain(&tenant);
        let rolled;
        let idp = match form.one("mistake")?.unwrap_or_default() {
            "audience" => {
                answer.audiences = vec![WRONG_AUDIENCE.to_owned()];
                idp
            }
            "certificate" => {
                let key = TestKey::foreign().map_err(|error| broken(&error))?;
                rolled = TestIdp::new(&app.public_url.join("/demo/idp"), key);
                &rolled
            }
            _ => idp,
        };
        deliver(idp, answer, character(&form)?, &domain, request.relay_state.as_deref())
    };
    answered.await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

/// The identity provider's own start page: nobody asked for this login.
pub(super) async fn start(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    let shown = async {
        idp(&app)?;
        let meant = wanted_tenant(&app, &Params::of(&uri)).await?;
        let id = meant.tenant.id.as_str();
        let body = html! {
            p { "This page plays the part of a company's portal. Choose who you are, and it signs you in to tenant "
                code { (id) } " without being asked. Products that take no such login ask back first." }
            (buttons("/demo/idp/start", &[("org_id", id)], &html! {}))
        };
        Ok(page(StatusCode::OK, "Test identity provider", body))
    };
    shown.await.unwrap_or_else(|refusal: Refusal| refusal.into_page(&headers))
}

pub(super) async fn start_now(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let answered = async {
        let form = Params::parse(text(body).await?.as_bytes());
        let meant = wanted_tenant(&app, &form).await?;
        let (sp, acs) = (&meant.ours.entity_id, &meant.ours.acs);
        let answer = LoginAnswer::new(&fresh_id()?, sp, acs, clock::now());
        deliver(idp(&app)?, answer, character(&form)?, &domain(&meant.tenant), Some("/"))
    };
    answered.await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

/// A tenant with our addresses for its login.
struct Wanted {
    tenant: Tenant,
    ours: SamlAddresses,
}

async fn wanted_tenant(app: &App, params: &Params) -> Result<Wanted, Refusal> {
    let unknown = || Refusal::bad_request("request.org_id", "the demo has no such tenant");
    let id = TenantId::parse(params.one("org_id")?.unwrap_or(TOKTRA)).map_err(|_| unknown())?;
    let mut db = app.base.store.read().await?;
    let tenant = tenants::find(&mut db, &id).await?.ok_or_else(unknown)?;
    let saml = app.base.profiles.of(&tenant).and_then(|product| product.saml.clone()).ok_or_else(unknown)?;
    let connection =
        tenant::connection_id(SAML_CONNECTION).map_err(|_| Refusal::internal("demo.connection"))?;
    let ours = saml.addresses(app.public_url.as_str(), &id, &connection);
    Ok(Wanted { tenant, ours })
}

/// The tenant that an address of ours belongs to.
async fn tenant_of(app: &App, address: &str) -> Result<Tenant, Refusal> {
    let uri = address.parse().map_err(|_| Refusal::bad_request("demo.acs", "the address is none"))?;
    let mut db = app.base.store.read().await?;
    Ok(tenant_at(app, &mut db, &uri).await?.tenant)
}

/// Where the tenant's people have their addresses.
fn domain(tenant: &Tenant) -> String {
    let known = TENANTS.iter().find(|demo| demo.id == tenant.id.as_str()).map(|demo| demo.domain.to_owned());
    let first = || tenant.domains.keys().next().map(ToString::to_string);
    known.or_else(first).unwrap_or_else(|| "example.com".to_owned())
}

/// The service signed someone out and asks us to do the same.
pub(super) async fn sign_out(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    answer_logout(&app, &parts).await.unwrap_or_else(|refusal| refusal.into_page(&parts.headers))
}

async fn answer_logout(app: &App, parts: &Parts) -> Result<Answer, Refusal> {
    let idp = idp(app)?;
    let request = read(idp, "query", parts.uri.query().unwrap_or_default())?;
    let to = waiting(app, &request.id).await?;
    let answer = TestLogoutResponse::new(&format!("_{}", fresh_id()?), &to, &request.id, clock::now());
    let message = idp.logout_response(&answer).map_err(|error| broken(&error))?;
    let url = idp.redirect(&message, request.relay_state.as_deref()).map_err(|error| broken(&error))?;
    Ok(see_other(StatusCode::FOUND, &url))
}

/// Where the tenant whose logout waits takes the answer. Tenants may be one service to this provider (one entity id),
/// so only the id of the waiting request tells.
async fn waiting(app: &App, request_id: &str) -> Result<String, Refusal> {
    let mut db = app.base.store.read().await?;
    for tenant in tenants::list(&mut db).await? {
        for stored in tenants::all_saml(&mut db, &tenant.id).await? {
            let found =
                logins::find_pending(&mut db, &tenant.id, &stored.id, Kind::Logout, request_id).await?;
            let saml = app.base.profiles.of(&tenant).and_then(|product| product.saml.as_ref());
            if let (Some(_), Some(saml)) = (found, saml) {
                return Ok(saml.addresses(app.public_url.as_str(), &tenant.id, &stored.id).logout);
            }
        }
    }
    Err(Refusal::bad_request("demo.logout", "no tenant asked for this logout"))
}

fn deliver(
    idp: &TestIdp,
    mut answer: LoginAnswer,
    who: &Character,
    domain: &str,
    relay_state: Option<&str>,
) -> Result<Answer, Refusal> {
    let email = format!("{}@{domain}", who.id);
    answer.name_id = TestNameId::email(&email);
    answer.attributes =
        vec![TestAttribute::new("email", &[email.as_str()]), TestAttribute::new("uid", &[who.id])];
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

fn buttons(action: &str, hidden: &[(&str, &str)], more: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            (more)
            p { @for one in &CHARACTERS { button name="person" value=(one.id) { "Sign in as " (one.name) } } }
        }
    }
}

/// What an administrator may have set wrongly, so that one sees what a test login says of it.
fn mistakes() -> Markup {
    html! {
        p {
            label for="mistake" { "A setting of this provider that is wrong" } " "
            select id="mistake" name="mistake" {
                option value="" { "None" }
                option value="audience" { "The audience: another entity id" }
                option value="certificate" { "The certificate: it was exchanged" }
            }
        }
    }
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

async fn text(body: Body) -> Result<String, Refusal> {
    let bytes = body::read(body, body::SAML_LIMIT).await?;
    String::from_utf8(bytes).map_err(|_| Refusal::bad_request("request.body", "the form is not UTF-8"))
}

fn idp(app: &App) -> Result<&TestIdp, Refusal> {
    app.demo.as_ref().map(|stage| &stage.idp.0).ok_or_else(off)
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

const WRONG_AUDIENCE: &str = "https://wrong.example.com/saml";
