//! The account of whoever is signed in: another password, and signing out everywhere.

use axum::http::StatusCode;
use maud::html;

use super::form::{self, Errors, Input, danger, submit};
use super::frame::go;
use super::guard::{Done, Posted, SignedIn};
use super::sign_in::{forget, remember};
use crate::admin::accounts::AccountFault;
use crate::admin::{own, password};

/// `GET /admin/account`.
pub(super) async fn show(by: SignedIn) -> Done {
    page(&by, StatusCode::OK, &Errors::default())
}

/// `POST /admin/account/password`: other sessions end, this browser gets a new one.
pub(super) async fn change(Posted { by, form }: Posted) -> Done {
    let text = |name| form.one(name).map(Option::unwrap_or_default);
    let (old, new, again) = (text("old_password")?, text("password")?, text("password_again")?);
    let mut errors = Errors::default();
    if let Err(reason) = password::check(new, by.admin.email.as_str()) {
        errors.add("password", reason);
    } else if new != again {
        errors.add("password_again", "The two passwords are not the same");
    } else if new == old {
        errors.add("password", "Choose another password than the one that you have");
    }
    if errors.is_empty() {
        match own::change_password(&by.app, &by.admin, old, new, by.session.facts.clone(), by.now).await {
            Ok(secret) => {
                let mut answer = go("/admin/account?changed=yes");
                remember(&mut answer, &by.app, &by.admin.scope, &secret)?;
                return Ok(answer);
            }
            Err(AccountFault::Credentials) => errors.add("old_password", "This is not your password"),
            Err(error) => return Err(error.into()),
        }
    }
    page(&by, StatusCode::UNPROCESSABLE_ENTITY, &errors)
}

/// `POST /admin/account/sign-out`.
pub(super) async fn leave(Posted { by, .. }: Posted) -> Done {
    own::sign_out_everywhere(&by.app, &by.admin, by.now).await?;
    let mut answer = go("/admin/sign-in");
    forget(&mut answer, &by.app)?;
    Ok(answer)
}

fn page(by: &SignedIn, status: StatusCode, errors: &Errors) -> Done {
    let hint = format!("At least {} characters. A few words are good.", password::LEAST);
    let rights: Vec<&str> = by.admin.rights.iter().map(|right| right.name()).collect();
    let changed = by.query.one("changed")?.is_some() && errors.is_empty();
    let body = html! {
        @if changed { p.flash role="status" { "Your password was changed. Other browsers were signed out." } }
        p { "You are signed in as " strong { (by.admin.email) } ", with the rights: " (rights.join(", ")) "." }
        section aria-labelledby="password-title" {
            h2 #password-title { "Change the password" }
            p { "All other browsers in which you are signed in are signed out." }
            (form::post(by, "/admin/account/password", html! {
                (Input::new("old_password", "Your password now").kind("password").autocomplete("current-password").show(errors))
                (Input::new("password", "New password").kind("password").autocomplete("new-password").hint(&hint).show(errors))
                (Input::new("password_again", "New password, again").kind("password").autocomplete("new-password").show(errors))
                (submit("change-password", "Change the password"))
            }))
        }
        @if !by.is_operator() { p { a href="/admin/account/sso" { "Your single sign-on" } } }
        section aria-labelledby="everywhere-title" {
            h2 #everywhere-title { "Sign out everywhere" }
            p { "If you have left a browser open somewhere: every session of yours ends at once, this one too." }
            (form::post(by, "/admin/account/sign-out", danger("sign-out-everywhere", "Sign out everywhere")))
        }
    };
    Ok(by.page_with(status, "Your account", errors, body))
}
