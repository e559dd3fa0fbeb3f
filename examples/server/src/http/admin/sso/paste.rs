//! What a response says and what the mapping would make of it, tried on one that an admin pastes. It signs nobody in,
//! consumes nothing and is kept nowhere. Values are shown only of what the provider's signature covers.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use percent_encoding::percent_decode_str;
use saml_sp::{Guide, Inbound, Rejection, ShownResponse, Sighting};
use tenant_model::{AttributeBag, AttributeMapping, Right, RightMissing};

use super::super::form::{self, Errors, submit, textarea};
use super::super::guard::{Done, InTenant, read_form_of};
use super::{place, stored, tests_page};
use crate::app::Shared;
use crate::http::answer::Refusal;
use crate::http::body;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::http::sso::{Parts, guide, product_of};
use crate::store::logins;

/// A form with a whole response in it, sent by one of our pages at a tenant that the account reaches.
#[derive(Debug)]
pub(super) struct Pasted {
    at: InTenant,
    form: Params,
}

impl FromRequest<Shared> for Pasted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let at = match InTenant::from_request_parts(&mut parts, app).await {
            Ok(at) => at,
            Err(answer) => {
                body::leave(body).await;
                return Err(answer);
            }
        };
        let form = read_form_of(app, &parts.headers, body, &at.by.form_token, body::SAML_LIMIT).await;
        Ok(Self { at, form: form.map_err(axum::response::IntoResponse::into_response)? })
    }
}

/// `GET …/paste`.
pub(super) async fn show(at: InTenant) -> Done {
    page(&at, StatusCode::OK, &Errors::default(), html! {}).await
}

/// `POST …/paste`: the report on what was pasted, and what the mapping would make of it.
pub(super) async fn look(Pasted { at, form }: Pasted) -> Done {
    // What is encrypted is opened with the tenant's key, so not everybody who may look at the pages may ask.
    if !at.may(&Right::Members) {
        let missing = RightMissing { right: Right::Members };
        return Err(Refusal::new(StatusCode::FORBIDDEN, missing.code(), missing.to_string()).into());
    }
    let Some(body) = form_body(form.one("response")?.unwrap_or_default()) else {
        let errors = Errors::one("response", "Paste a response");
        return page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors, html! {}).await;
    };
    let inbound = Inbound::FormBody(&body);
    let known = stored(&at).await?;
    let mapping = known.connection.mapping.clone();
    let mut db = at.by.app.base.store.read().await?;
    let parts = Parts::for_admin(&at.by.app, &mut db, &at.tenant, known).await?;
    let Some(parts) = parts else {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "trust.no_provider",
            "give the identity provider's metadata first",
        )
        .into());
    };
    let shown = parts.saml().show_response(&inbound, at.by.now);
    let mut used = false;
    for id in shown.iter().flat_map(|shown| &shown.assertion_ids) {
        let key = format!("{id} {}", parts.connection.idp_entity_id);
        used |= logins::is_claimed(&mut db, &at.tenant.id, &parts.connection.id, &key).await?;
    }
    drop(db);
    let mut report = parts.saml().report(&inbound, None, at.by.now);
    let accepted = report.is_accepted();
    if used {
        report = report.with_sighting(Sighting::Seen);
    }
    let words: Guide = guide(&parts);
    let report = report.redacted(&words, product_of(parts.connection.provider));
    let found = html! {
        section aria-labelledby="found" {
            h2 #found { "What it says" }
            p.note.warn #nobody { strong { "Only looked at. " } "Nobody was signed in, nothing was used up, and nothing of it is kept." }
            (said(&shown, &mapping))
            @if used { p { "It was used for a login here, so that another one with it is refused." } }
            @else if accepted { p { "No rule stands against it." } }
            (tests_page::problems(&report, USUAL))
            (tests_page::findings(&report))
        }
    };
    page(&at, StatusCode::OK, &Errors::default(), found).await
}

/// The values, if a signature of the provider covers them.
fn said(shown: &Result<ShownResponse, Rejection>, mapping: &AttributeMapping) -> Markup {
    let shown = match shown {
        Ok(shown) => shown,
        Err(rejection) => {
            return html! {
                div.errors #not-verified {
                    p { strong { "Not verified: " } (rejection) ". " code { (rejection.code()) } }
                    p { "Anybody may have written it or changed it, so nothing of what it says of a person is shown." }
                    @if let Some(advice) = rejection.advice() { p { strong { "What to change: " } (sentence(&advice)) } }
                }
            };
        }
    };
    let said = AttributeBag::new(shown.name_id.as_deref(), shown.attributes.iter().cloned());
    html! {
        p #verified { "The identity provider wrote it: a signature by a certificate of this connection covers the values below." }
        table.reflow {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Values" } } }
            tbody {
                tr { td data-label="Name" { "name identifier" } td data-label="Values" {
                    @match &shown.name_id { Some(value) => code { (value) }, None => span.quiet { "none" } }
                } }
                @for (name, values) in &shown.attributes {
                    tr {
                        td data-label="Name" { code { (name) } }
                        td data-label="Values" { @for value in values { code { (value) } " " } }
                    }
                }
            }
        }
        h2 { "What the mapping makes of it" }
        (tests_page::mapped(mapping, &said, false))
    }
}

async fn page(at: &InTenant, status: StatusCode, errors: &Errors, found: Markup) -> Done {
    let stored = stored(at).await?;
    let id = &stored.connection.id;
    let body = html! {
        p { a href=(place(at, id, "/mapping")) { "Back to attributes and roles" } }
        (found)
        section aria-labelledby="paste-title" {
            h2 #paste-title { "Paste a response" }
            p { "In the browser's developer tools, open the network panel, sign in, find the POST to our address, and copy the form field SAMLResponse. \
                 XML as a tracer shows it works too, if the tracer has not indented it anew, which breaks signatures." }
            (form::post(&at.by, &place(at, id, "/paste"), html! {
                (textarea("response", "SAMLResponse", Some("It is looked at and forgotten."), "", 8, errors))
                (submit("look", "Look at it"))
            }))
        }
    };
    Ok(at.page_with(status, "Try a response", errors, body))
}

/// The body that a browser would have posted, from what its tools let people copy: the value, the whole form, or the XML.
fn form_body(pasted: &str) -> Option<Vec<u8>> {
    let text = pasted.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '"');
    if text.is_empty() {
        return None;
    }
    let value = if text.starts_with('<') {
        STANDARD.encode(text)
    } else if let Some(value) = parameter(text) {
        value
    } else {
        let value = text
            .strip_prefix(NAME)
            .map_or(text, |value| value.trim_start_matches([':', '=', ' ', '\t', '"']));
        percent_decode_str(value).decode_utf8_lossy().into_owned()
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    Some(form.append_pair(NAME, &value).finish().into_bytes())
}

/// The value in a whole form, as the tools show its source. A plus that was not escaped has become a space.
fn parameter(text: &str) -> Option<String> {
    let (_, value) = form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == NAME)?;
    Some(value.trim().replace(' ', "+"))
}

const NAME: &str = "SAMLResponse";
/// What an old response or one that was used is refused for, which says nothing of the settings.
const USUAL: &[&str] =
    &["expired", "login_timed_out", "login_too_old", "lost_request", "replay", "session_ended"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_of_browsers_copy_is_understood() {
        let posted = |text: &str| String::from_utf8(form_body(text).unwrap()).unwrap();
        let wanted = "SAMLResponse=PHgg%2Bg%3D%3D";
        for text in [
            "PHgg+g==",
            "  PHgg+g==\r\n",
            "PHgg%2Bg%3D%3D",
            "SAMLResponse=PHgg%2Bg%3D%3D",
            "SAMLResponse=PHgg%2Bg%3D%3D&RelayState=%2F",
            "RelayState=%2F&SAMLResponse=PHgg+g==",
            "SAMLResponse: PHgg+g==",
            "SAMLResponse\tPHgg+g==",
            "\"PHgg+g==\"",
        ] {
            assert_eq!(posted(text), wanted, "{text}");
        }
        assert_eq!(posted("\u{feff}<a/>"), format!("SAMLResponse={}", "PGEvPg%3D%3D"));
        assert_eq!(form_body(" \r\n"), None);
    }
}
