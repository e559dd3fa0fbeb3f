//! Using a one-time code: the new admin chooses a password. The code is typed into a form, since addresses end up in logs
//! and histories.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use maud::html;
use tenant_model::EmailAddress;

use super::form::{Errors, Input, post_with, submit};
use super::frame::open_page;
use super::guard::{Done, read_form};
use super::sign_in::{before, before_token, keep};
use crate::admin::accounts::{self, AccountFault};
use crate::admin::{Scope, password};
use crate::app::{App, Shared};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::rates::Peer;

/// `GET /admin/start[?org=TENANT]`.
pub(super) async fn show(State(app): State<Shared>, uri: axum::http::Uri, headers: HeaderMap) -> Done {
    let query = Params::of(&uri);
    let org = query.one("org")?.unwrap_or_default().to_owned();
    page(&app, &headers, StatusCode::OK, &org, "", &Errors::default())
}

/// `POST /admin/start`.
pub(super) async fn choose(State(app): State<Shared>, request: Request) -> Answer {
    match try_choose(&app, request).await {
        Ok(answer) => answer,
        Err(trouble) => trouble.into_response(),
    }
}

async fn try_choose(app: &Shared, request: Request) -> Done {
    let now = clock::now();
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    let form = read_form(app, &parts.headers, body, &before_token(app, &parts.headers)).await?;
    app.rates.sign_in(peer, now)?;
    let text = |name| form.one(name).map(Option::unwrap_or_default);
    let (org, email, code) = (text("org")?.trim(), text("email")?.trim(), text("code")?);
    let (chosen, again) = (text("password")?, text("password_again")?);
    let mut errors = Errors::default();
    if let Err(reason) = password::check(chosen, email) {
        errors.add("password", reason);
    } else if chosen != again {
        errors.add("password_again", "The two passwords are not the same");
    }
    if errors.is_empty() {
        match (Scope::parse(org), EmailAddress::parse(email)) {
            (Some(scope), Ok(address)) => {
                match accounts::redeem(app, &scope, &address, code, chosen, now).await {
                    Ok(()) => return Ok(done(org)),
                    Err(AccountFault::Code) => errors.add("code", sentence(&AccountFault::Code.to_string())),
                    Err(error) => return Err(error.into()),
                }
            }
            _ => errors.add("code", sentence(&AccountFault::Code.to_string())),
        }
    }
    page(app, &parts.headers, StatusCode::UNPROCESSABLE_ENTITY, org, email, &errors)
}

fn done(org: &str) -> Answer {
    let sign_in =
        if org.is_empty() { "/admin/sign-in".to_owned() } else { format!("/admin/sign-in?org={org}") };
    let body = html! {
        p { "Your password is set. The code works no longer." }
        p { a.button href=(sign_in) { "Sign in" } }
    };
    open_page(StatusCode::OK, "Welcome", &Errors::default(), body)
}

fn page(app: &App, headers: &HeaderMap, status: StatusCode, org: &str, email: &str, errors: &Errors) -> Done {
    let (token, fresh) = before(app, headers)?;
    let hint = format!("At least {} characters. A few words are good.", password::LEAST);
    let body = html! {
        p { "You were invited to administer this service, or your password was taken back. Enter the code that you got, \
             and choose a password." }
        (post_with(&token, "/admin/start", html! {
            (Input::new("org", "Organisation").optional().value(org).autocomplete("organization").most(64)
                .hint("The id of your organisation here; the operator of this service leaves it empty.").show(errors))
            (Input::new("email", "E-mail address").kind("email").value(email).autocomplete("username").show(errors))
            (Input::new("code", "One-time code").most(64).hint("Twenty letters and digits.").show(errors))
            (Input::new("password", "New password").kind("password").autocomplete("new-password").hint(&hint).show(errors))
            (Input::new("password_again", "New password, again").kind("password").autocomplete("new-password").show(errors))
            (submit("choose-password", "Set the password"))
        }))
    };
    let mut answer = open_page(status, "Choose your password", errors, body);
    keep(app, &mut answer, fresh)?;
    Ok(answer)
}
