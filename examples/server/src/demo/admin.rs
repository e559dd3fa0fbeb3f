//! One click into the administration pages: in the demo, and nowhere else.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use tenant_model::{Actor, EmailAddress};

use super::{off, own_form};
use crate::admin::accounts::{self, DEFAULT_HOURS, Invitation, SESSION_MINUTES};
use crate::admin::{AdminRight, Scope};
use crate::app::{App, Shared};
use crate::http::answer::{Answer, Refusal, see_other};
use crate::http::cookies::Cookie;
use crate::http::params::Params;
use crate::store::admins;
use crate::{clock, random};

/// `POST /demo/admin`: signs the browser in as the demo's administrator of a tenant, or of all.
pub(super) async fn enter(State(app): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let entered = async {
        let form = Params::parse(&own_form(&app, &parts.headers, body).await?);
        sign_in(&app, &parts.headers, form.one("org")?.unwrap_or_default()).await
    };
    entered.await.unwrap_or_else(|refusal: Refusal| refusal.into_page(&parts.headers))
}

/// Each click takes the account back and gives it a password that nobody ever sees.
async fn sign_in(app: &App, _headers: &HeaderMap, org: &str) -> Result<Answer, Refusal> {
    app.demo.as_ref().ok_or_else(off)?;
    let now = clock::now();
    let scope = Scope::parse(org).ok_or_else(off)?;
    let email = EmailAddress::parse(EMAIL).map_err(|_| Refusal::internal("demo.admin"))?;
    let known = accounts::find(&app.base, &scope, &email).await?;
    let mut tx = admins::begin(&app.base.store, &scope).await?;
    let code = match known {
        Some(admin) => {
            accounts::reset(&mut tx, &app.base.keys, &admin, DEFAULT_HOURS, &Actor::Operator, now).await?
        }
        None => {
            let rights = AdminRight::all();
            let ask = Invitation { scope: scope.clone(), email: email.clone(), rights, hours: DEFAULT_HOURS };
            accounts::invite(&mut tx, &app.base.keys, ask, &Actor::Operator, now).await?.1
        }
    };
    tx.commit().await?;
    let password = random::secret()?;
    accounts::redeem(app, &scope, &email, &code, &password, now).await?;
    let secret = accounts::sign_in(app, &scope, &email, &password, "", now).await?;
    let mut answer = see_other(StatusCode::SEE_OTHER, "/admin");
    let value = format!("{}.{secret}", scope.as_str());
    let cookie = Cookie::Admin.set(app.secure_cookies, &value, SESSION_MINUTES.saturating_mul(60));
    let cookie = cookie.ok_or_else(|| Refusal::internal("server.cookie"))?;
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

const EMAIL: &str = "demo-admin@example.com";
