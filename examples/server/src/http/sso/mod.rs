//! Single sign-on: each endpoint names its tenant by `org_id`.

pub(super) mod acs;
pub(super) mod config;
mod connection;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod metadata;
mod trial;

pub(crate) use connection::{Parts, service_provider};
pub(crate) use login::let_browser_go;
pub(crate) use trial::{guide, product_of};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use saml_sp::{Outbound, Rejection};

use crate::http::answer::{Answer, Refusal, see_other, typed};
use crate::random;

/// A message that the browser takes to the identity provider: a redirect, or a page with a form.
fn outbound(outbound: &Outbound) -> Result<Answer, Refusal> {
    match outbound {
        Outbound::Redirect { url } => Ok(see_other(StatusCode::FOUND, url)),
        Outbound::Post { form } => {
            let nonce = random::secret()?;
            let mut answer =
                typed(StatusCode::OK, "text/html; charset=utf-8", Body::from(form.html(Some(&nonce))));
            let policy = format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; form-action {}; base-uri 'none'; \
                 frame-ancestors 'none'",
                form.action().origin()
            );
            if let Ok(policy) = HeaderValue::from_str(&policy) {
                answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            Ok(answer)
        }
    }
}

/// A refused SAML message, for the person at the browser and for the admin whom they will ask.
fn rejected(rejection: &Rejection) -> Refusal {
    let mut message = rejection.to_string();
    // What nobody signed is not repeated: anybody may have written it.
    if let (Some(expected), Some(found), true) =
        (rejection.expected(), rejection.found(), rejection.is_verified())
    {
        message = format!("{message}: expected {expected}, found {found}");
    }
    let refusal = Refusal::new(StatusCode::FORBIDDEN, rejection.code(), message);
    match rejection.advice() {
        Some(advice) => refusal.with_hint(advice),
        None => refusal,
    }
}
