//! Signing in to the administration pages, and out.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use maud::html;
use tenant_model::{EmailAddress, SignInRefusal};

use super::form::{Errors, Input, post_with, submit};
use super::frame::{go, open_page};
use super::guard::{Done, Posted, Trouble, cookie, read_form};
use crate::admin::Scope;
use crate::admin::accounts::{self, AccountFault, SESSION_MINUTES};
use crate::admin::password::PasswordError;
use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal};
use crate::http::cookies::Cookie;
use crate::http::params::Params;
use crate::random;
use crate::rates::Peer;
use crate::store::admins;

/// `GET /admin/sign-in[?org=TENANT][&emergency=yes]`.
pub(super) async fn show(State(app): State<Shared>, uri: axum::http::Uri, headers: HeaderMap) -> Done {
    let query = Params::of(&uri);
    let org = query.one("org")?.unwrap_or_default().to_owned();
    let emergency = query.one("emergency")? == Some("yes");
    page(&app, &headers, StatusCode::OK, &Typed { org: &org, email: "", emergency }, &Errors::default())
}

/// `POST /admin/sign-in`.
pub(super) async fn enter(State(app): State<Shared>, request: Request) -> Answer {
    match try_enter(&app, request).await {
        Ok(answer) => answer,
        Err(trouble) => trouble.into_response(),
    }
}

/// `POST /admin/sign-out`.
pub(super) async fn leave(Posted { by, .. }: Posted) -> Done {
    let mut tx = by.app.base.store.begin_unlocked().await?;
    admins::end_session(&mut tx, &by.session.scope, &by.session.hash).await?;
    tx.commit().await?;
    let mut answer = go("/admin/sign-in");
    forget(&mut answer, &by.app)?;
    Ok(answer)
}

/// Gives the browser the cookie of a session.
pub(super) fn remember(answer: &mut Answer, app: &App, scope: &Scope, secret: &str) -> Result<(), Trouble> {
    let value = format!("{}.{secret}", scope.as_str());
    set_cookie(answer, Cookie::Admin, app.secure_cookies, &value, SESSION_MINUTES.saturating_mul(60))
}

/// Takes that cookie away.
pub(super) fn forget(answer: &mut Answer, app: &App) -> Result<(), Trouble> {
    set_cookie(answer, Cookie::Admin, app.secure_cookies, "", 0)
}

async fn try_enter(app: &Shared, request: Request) -> Done {
    let now = clock::now();
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    let form = read_form(app, &parts.headers, body, &before_token(app, &parts.headers)).await?;
    app.rates.sign_in(peer, now)?;
    let (org, email) =
        (form.one("org")?.unwrap_or_default().trim(), form.one("email")?.unwrap_or_default().trim());
    let password = form.one("password")?.unwrap_or_default();
    let code = form.one("emergency_code")?;
    let typed = Typed { org, email, emergency: code.is_some() };
    let wrong = |status, text: &str| page(app, &parts.headers, status, &typed, &Errors::one("email", text));
    let credentials = AccountFault::Credentials.to_string();
    let (Some(scope), Ok(address)) = (Scope::parse(org), EmailAddress::parse(email)) else {
        return wrong(StatusCode::UNPROCESSABLE_ENTITY, &super::super::html::sentence(&credentials));
    };
    match accounts::sign_in(app, &scope, &address, password, code.unwrap_or_default(), now).await {
        Ok(secret) => entered(app, &parts.headers, &scope, &secret).await,
        Err(AccountFault::Credentials) => {
            wrong(StatusCode::UNPROCESSABLE_ENTITY, &super::super::html::sentence(&credentials))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives the browser its new session; whatever session it had is another one.
pub(super) async fn entered(app: &App, headers: &HeaderMap, scope: &Scope, secret: &str) -> Done {
    if let Some((scope, old)) = cookie(app, headers) {
        let mut tx = app.base.store.begin_unlocked().await?;
        admins::end_session(&mut tx, &scope, &app.base.keys.admin_hash(old)).await?;
        tx.commit().await?;
    }
    let mut answer = go("/admin");
    remember(&mut answer, app, scope, secret)?;
    set_cookie(&mut answer, Cookie::AdminForm, app.secure_cookies, "", 0)?;
    Ok(answer)
}

/// What stands in the form.
struct Typed<'a> {
    org: &'a str,
    email: &'a str,
    /// With a field for an emergency code.
    emergency: bool,
}

fn page(app: &App, headers: &HeaderMap, status: StatusCode, typed: &Typed<'_>, errors: &Errors) -> Done {
    let (token, fresh) = before(app, headers)?;
    let Typed { org, email, emergency } = typed;
    let body = html! {
        (post_with(&token, "/admin/sign-in", html! {
            (Input::new("org", "Organisation").optional().value(org).autocomplete("organization").most(64)
                .hint("The id of your organisation here; the operator of this service leaves it empty.").show(errors))
            (Input::new("email", "E-mail address").kind("email").value(email).autocomplete("username").show(errors))
            (Input::new("password", "Password").kind("password").autocomplete("current-password").show(errors))
            @if *emergency {
                (Input::new("emergency_code", "Emergency code").most(64)
                    .hint("One of those on paper. It works while emergency access is open, once.").show(errors))
            }
            (submit("sign-in", "Sign in"))
        }))
        p { a href=(with_org("/admin/sso", org)) { "Sign in by single sign-on" } }
        p { a href="/admin/start" { "I have a one-time code" } }
    };
    let mut answer = open_page(status, "Sign in", errors, body);
    keep(app, &mut answer, fresh)?;
    Ok(answer)
}

/// The address with the organisation that is known already.
fn with_org(path: &str, org: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("org", org).finish();
    if org.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The token of forms that are shown before a sign-in; with the secret to set, if the browser has none yet.
pub(super) fn before(app: &App, headers: &HeaderMap) -> Result<(String, Option<String>), Trouble> {
    let known = before_token(app, headers);
    if !known.is_empty() {
        return Ok((known, None));
    }
    let secret = random::secret()?;
    Ok((token_of(app, &secret), Some(secret)))
}

/// The token that the browser's cookie stands for; empty without one, which no form matches.
pub(super) fn before_token(app: &App, headers: &HeaderMap) -> String {
    let secret = Cookie::AdminForm.read(app.secure_cookies, headers).filter(|secret| !secret.is_empty());
    secret.map_or(String::new(), |secret| token_of(app, secret))
}

/// Sets the cookie of those forms.
pub(super) fn keep(app: &App, answer: &mut Answer, fresh: Option<String>) -> Result<(), Trouble> {
    match fresh {
        Some(secret) => set_cookie(answer, Cookie::AdminForm, app.secure_cookies, &secret, FORM_SECONDS),
        None => Ok(()),
    }
}

fn token_of(app: &App, secret: &str) -> String {
    app.base.keys.form_token(&format!("before {secret}"))
}

fn set_cookie(
    answer: &mut Answer,
    cookie: Cookie,
    secure: bool,
    value: &str,
    seconds: i64,
) -> Result<(), Trouble> {
    let value = cookie.set(secure, value, seconds).ok_or_else(|| Refusal::internal("server.cookie"))?;
    answer.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

impl From<AccountFault> for Refusal {
    fn from(fault: AccountFault) -> Self {
        match fault {
            AccountFault::Code => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "admin.code", fault.to_string())
            }
            AccountFault::Credentials => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "admin.credentials", fault.to_string())
            }
            AccountFault::BreakGlass(error) => {
                Self::new(StatusCode::CONFLICT, error.code(), error.to_string())
            }
            AccountFault::Exists => Self::new(StatusCode::CONFLICT, "admin.exists", fault.to_string()),
            AccountFault::Gate(refusal) => {
                let hint = gate_hint(&refusal);
                let out = Self::new(StatusCode::FORBIDDEN, refusal.code(), refusal.to_string());
                hint.into_iter().fold(out, Self::with_hint)
            }
            AccountFault::NotTied => Self::new(StatusCode::FORBIDDEN, "admin.not_tied", fault.to_string())
                .with_hint("sign in with your password once and tie your account at “Your single sign-on”, or ask another administrator"),
            AccountFault::NoTenant => Self::new(StatusCode::NOT_FOUND, "admin.no_tenant", fault.to_string()),
            AccountFault::Password(PasswordError::Busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "admin.busy", fault.to_string())
            }
            AccountFault::Password(PasswordError::Failed) => Self::internal("server.password"),
            AccountFault::Randomness(error) => error.into(),
            AccountFault::Store(error) => error.into(),
            AccountFault::TooMany(refusal) => refusal.into(),
        }
    }
}

/// What to do instead.
fn gate_hint(refusal: &SignInRefusal) -> Option<&'static str> {
    match refusal {
        SignInRefusal::BreakGlassNotArmed => {
            Some("ask another administrator or the operator of this service to open emergency access")
        }
        SignInRefusal::SecondFactorMissing => Some(
            "sign in at /admin/sign-in?emergency=yes with one of the codes that were printed for this account",
        ),
        SignInRefusal::SsoEnforced => Some("use single sign-on: /admin/sso"),
        _ => None,
    }
}

/// A day: as long as a sign-in page may lie open.
const FORM_SECONDS: i64 = 86_400;
