//! Who asks, and whether the request came from one of our own forms. A handler names one of these types among its
//! arguments and gets it, or the request ends here:
//!
//! | type | for |
//! |---|---|
//! | [`SignedIn`] | GET of a page of no tenant |
//! | [`Posted`] | POST of a form of no tenant |
//! | [`InTenant`] | GET of a page below `/admin/tenants/{tenant}` |
//! | [`PostedInTenant`] | POST of a form there |
//!
//! A tenant that the account does not reach is answered as one that there is not (TEN-18).

use std::collections::HashMap;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq as _;
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, Outcome, Right, Rights, Target, Tenant, TenantId,
};

use crate::admin::accounts::{IDLE_MINUTES, after_minutes, may_enter};
use crate::admin::{Admin, Scope, entry};
use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::{Answer, Refusal, see_other};
use crate::http::body;
use crate::http::cookies::Cookie;
use crate::http::params::Params;
use crate::store::admins::{self, AdminSession, Flash};
use crate::store::{StoreError, Tx, people, tenants};

/// What a handler of the administration pages answers.
pub type Done = Result<Answer, Trouble>;

/// A refusal, shown as a page.
#[derive(Clone, Debug)]
pub struct Trouble(pub Refusal);

impl<E: Into<Refusal>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        super::frame::trouble(&self.0)
    }
}

/// A signed-in admin.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The server.
    pub app: Shared,
    /// The account, read for this request.
    pub admin: Admin,
    /// The session.
    pub session: AdminSession,
    /// What each form sends back; [`super::form::post`] puts it there.
    pub form_token: String,
    /// The path asked for.
    pub path: String,
    /// The decoded query.
    pub query: Params,
    /// What the page before left to tell.
    pub flash: Option<Flash>,
    /// When the request came.
    pub now: DateTime<Utc>,
}

impl SignedIn {
    /// Leaves a sentence for the next page, in the transaction that did the work.
    pub async fn flash(&self, tx: &mut Tx, text: &str) -> Result<(), StoreError> {
        let flash = Flash { good: true, text: text.to_owned() };
        admins::put_flash(tx, &self.session, Some(&flash)).await
    }

    /// Whether the account is the operator's.
    pub fn is_operator(&self) -> bool {
        self.admin.scope == Scope::Operator
    }

    /// Whether this form, which makes something that is shown once, is sent for the first time.
    pub async fn first_use(&self, tx: &mut Tx, form: &Params) -> Result<bool, Trouble> {
        let once = form.one(super::form::ONCE)?.unwrap_or_default();
        if once.is_empty() || once.len() > 64 {
            return Err(foreign_form().into());
        }
        Ok(admins::use_form(tx, &self.session, once).await?)
    }
}

/// A signed-in admin with the form that they sent: from one of our pages, in this session.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Who.
    pub by: SignedIn,
    /// The fields.
    pub form: Params,
}

/// A signed-in admin at a tenant that the account reaches.
#[derive(Clone, Debug)]
pub struct InTenant {
    /// Who.
    pub by: SignedIn,
    /// The tenant, read for this request.
    pub tenant: Tenant,
    places: HashMap<String, String>,
}

impl InTenant {
    /// A named part of the path, such as `token` of `/admin/tenants/{tenant}/scim/tokens/{token}`.
    pub fn place(&self, name: &str) -> &str {
        self.places.get(name).map_or("", String::as_str)
    }

    /// The address of a page of the tenant; `rest` begins with a slash or is empty.
    pub fn address(&self, rest: &str) -> String {
        format!("/admin/tenants/{}{rest}", self.tenant.id)
    }

    /// Starts a transaction of the tenant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when its turn does not come in time.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.by.app.base.store.begin(&self.tenant.id).await
    }

    /// Who does it, as audit events have it.
    pub fn actor(&self) -> Actor {
        self.by.admin.actor()
    }

    /// Whether the account has a right here, to show or leave out a form.
    pub fn may(&self, right: &Right) -> bool {
        self.rights(right).require(&self.tenant.id, right).is_ok()
    }

    /// Asks for a right before something is changed. A refusal is written down as `action` on `target`.
    pub async fn require(&self, right: &Right, action: Action, target: Target) -> Result<Rights, Trouble> {
        let rights = self.rights(right);
        let Err(missing) = rights.require(&self.tenant.id, right) else { return Ok(rights) };
        let outcome = Outcome::Refused(missing.code().to_owned());
        let event = AuditEvent::done(&self.tenant.id, self.by.now, self.actor(), action, target);
        let mut tx = self.by.app.base.store.begin_unlocked().await?;
        people::audit(&mut tx, &[event.with_outcome(outcome)]).await?;
        tx.commit().await?;
        Err(Refusal::new(StatusCode::FORBIDDEN, missing.code(), missing.to_string())
            .with_hint("ask the operator of this service, or an administrator who has the right")
            .into())
    }

    fn rights(&self, right: &Right) -> Rights {
        let connection: Option<&ConnectionId> = match right {
            Right::Trust(connection) => Some(connection),
            _ => None,
        };
        self.by.admin.rights(&self.tenant.id, connection)
    }
}

/// A form sent at a tenant that the account reaches.
#[derive(Clone, Debug)]
pub struct PostedInTenant {
    /// Who and where.
    pub at: InTenant,
    /// The fields.
    pub form: Params,
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let now = clock::now();
        match current(app, parts, now).await {
            Ok(Some(by)) => Ok(by),
            Ok(None) if parts.method == axum::http::Method::GET => {
                Err(see_other(StatusCode::SEE_OTHER, "/admin/sign-in"))
            }
            // A form is not begun again by itself: whoever sent it signs in and looks first.
            Ok(None) => Err(Trouble(signed_out()).into_response()),
            Err(error) => Err(Trouble::from(error).into_response()),
        }
    }
}

impl FromRequest<Shared> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let by = match SignedIn::from_request_parts(&mut parts, app).await {
            Ok(by) => by,
            Err(answer) => return Err(unread(body, answer).await),
        };
        let form = read_form(app, &parts.headers, body, &by.form_token).await;
        Ok(Self { by, form: form.map_err(IntoResponse::into_response)? })
    }
}

impl FromRequestParts<Shared> for InTenant {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Response> {
        let by = SignedIn::from_request_parts(parts, app).await?;
        let places = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let places = places.map(|Path(places)| places).unwrap_or_default();
        match reached(&by, places.get("tenant").map_or("", String::as_str)).await {
            Ok(tenant) => Ok(Self { by, tenant, places }),
            Err(trouble) => Err(trouble.into_response()),
        }
    }
}

impl FromRequest<Shared> for PostedInTenant {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let at = match InTenant::from_request_parts(&mut parts, app).await {
            Ok(at) => at,
            Err(answer) => return Err(unread(body, answer).await),
        };
        let form = read_form(app, &parts.headers, body, &at.by.form_token).await;
        Ok(Self { at, form: form.map_err(IntoResponse::into_response)? })
    }
}

/// The account and the session of a request. All of it is read afresh: a revoked account is out at its next request.
async fn current(app: &Shared, parts: &Parts, now: DateTime<Utc>) -> Result<Option<SignedIn>, StoreError> {
    let Some((scope, secret)) = cookie(app, &parts.headers) else { return Ok(None) };
    let hash = app.base.keys.admin_hash(secret);
    let mut db = app.base.store.read().await?;
    let Some(mut session) = admins::session(&mut db, &scope, &hash).await? else { return Ok(None) };
    if session.idle_until <= now || session.ends_at <= now {
        return Ok(None);
    }
    let Some(stored) = admins::find(&mut db, &scope, &session.admin).await? else { return Ok(None) };
    if stored.admin.epoch != session.epoch || may_enter(&mut db, &stored.admin).await?.is_err() {
        return Ok(None);
    }
    if !entry::still_in(&mut db, &stored.admin, &session, now).await? {
        return Ok(None);
    }
    drop(db);
    let idle_until = after_minutes(now, IDLE_MINUTES).min(session.ends_at);
    let stale = idle_until.signed_duration_since(session.idle_until).num_seconds() >= TOUCH_SECONDS;
    let flash = session.flash.take().filter(|_| parts.method == axum::http::Method::GET);
    if stale || flash.is_some() {
        let mut tx = app.base.store.begin_unlocked().await?;
        admins::touch_session(&mut tx, &session, idle_until).await?;
        if flash.is_some() {
            admins::put_flash(&mut tx, &session, None).await?;
        }
        tx.commit().await?;
    }
    Ok(Some(SignedIn {
        app: app.clone(),
        admin: stored.admin,
        session,
        form_token: app.base.keys.form_token(secret),
        path: parts.uri.path().to_owned(),
        query: Params::of(&parts.uri),
        flash,
        now,
    }))
}

/// The scope and the secret that the cookie holds.
pub(super) fn cookie<'a>(app: &App, headers: &'a HeaderMap) -> Option<(Scope, &'a str)> {
    let (scope, secret) = Cookie::Admin.read(app.secure_cookies, headers)?.split_once('.')?;
    Some((Scope::parse(scope)?, secret))
}

async fn reached(by: &SignedIn, tenant: &str) -> Result<Tenant, Trouble> {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "admin.no_tenant", "there is no such tenant");
    let id = TenantId::parse(tenant).map_err(|_| unknown())?;
    if !by.admin.reaches(&id) {
        return Err(unknown().into());
    }
    let mut db = by.app.base.store.read().await?;
    let tenant = tenants::find(&mut db, &id).await?.ok_or_else(unknown)?;
    // TEN-24
    tenant.served_in(by.app.region.as_deref()).map_err(|wrong| {
        let status = StatusCode::from_u16(wrong.status()).unwrap_or(StatusCode::MISDIRECTED_REQUEST);
        Refusal::new(status, wrong.code(), wrong.to_string())
    })?;
    Ok(tenant)
}

/// Reads a form that one of our own pages sent, within [`FORM_LIMIT`].
pub(super) async fn read_form(
    app: &App,
    headers: &HeaderMap,
    body: axum::body::Body,
    token: &str,
) -> Result<Params, Trouble> {
    read_form_of(app, headers, body, token, FORM_LIMIT).await
}

/// The same within another limit, for what is pasted.
pub(super) async fn read_form_of(
    app: &App,
    headers: &HeaderMap,
    body: axum::body::Body,
    token: &str,
    limit: usize,
) -> Result<Params, Trouble> {
    if let Err(refusal) = same_origin(app, headers).and_then(|()| is_form(headers)) {
        body::leave(body).await;
        return Err(refusal.into());
    }
    let form = Params::parse(&body::read(body, limit).await?);
    check_token(form.one(super::form::TOKEN)?.unwrap_or_default(), token)?;
    Ok(form)
}

/// An answer that does not need the form. Left unread, the form would end the connection and with it the next request.
async fn unread(body: axum::body::Body, answer: Response) -> Response {
    body::leave(body).await;
    answer
}

fn is_form(headers: &HeaderMap) -> Result<(), Refusal> {
    if content_type(headers) == "application/x-www-form-urlencoded" {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "admin.form",
        "expected a form that a page of this server sent",
    ))
}

/// The session's own token, compared in constant time.
pub fn check_token(given: &str, wanted: &str) -> Result<(), Refusal> {
    let same = bool::from(given.as_bytes().ct_eq(wanted.as_bytes()));
    if same && !wanted.is_empty() { Ok(()) } else { Err(foreign_form()) }
}

/// The browser itself says that one of our own pages sent the form. Each browser that gets our pages sends `Origin` with
/// a POST; a request without it comes from none.
pub fn same_origin(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    if site.is_some_and(|site| site != b"same-origin") {
        return Err(foreign_form());
    }
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let origin = one(header::ORIGIN).unwrap_or_default();
    let host = one(header::HOST).unwrap_or_default();
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let here = authority.is_some_and(|authority| !host.is_empty() && authority == host);
    if origin == app.public_url.origin() || here { Ok(()) } else { Err(foreign_form()) }
}

/// The media type of a request, without parameters, in lower case.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn signed_out() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "admin.signed_out", "you are signed out; nothing was changed")
        .with_hint("sign in again and repeat it")
}

fn foreign_form() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "admin.foreign_form",
        "this form was not sent by a page of your session; nothing was changed",
    )
    .with_hint("open the page again and send the form from there")
}

/// Fields of a form: names, descriptions. Metadata and pasted responses have limits of their own.
pub const FORM_LIMIT: usize = 64 * 1024;
/// The use of a session is noted at most once a minute.
const TOUCH_SECONDS: i64 = 60;
