//! A form with a file in it.

use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::super::form::TOKEN;
use super::super::guard::{InTenant, Trouble, check_token, same_origin};
use crate::app::Shared;
use crate::http::answer::Refusal;
use crate::http::body::METADATA_LIMIT;

/// A form with a file, sent by one of our pages at a tenant that the account reaches.
#[derive(Clone, Debug)]
pub(super) struct Uploaded {
    /// Who and where.
    pub(super) at: InTenant,
    /// The file's bytes; empty if none was chosen.
    pub(super) file: Vec<u8>,
    /// What was pasted.
    pub(super) pasted: Vec<u8>,
    /// Which of several entities.
    pub(super) entity_id: String,
}

impl FromRequest<Shared> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let at = InTenant::from_request_parts(&mut parts, app).await?;
        let read = async {
            same_origin(app, &parts.headers)?;
            let form = Multipart::from_request(Request::from_parts(parts, body), app).await;
            read(at, form.map_err(|_| broken())?).await
        };
        read.await.map_err(|refusal: Refusal| Trouble(refusal).into_response())
    }
}

async fn read(at: InTenant, mut form: Multipart) -> Result<Uploaded, Refusal> {
    let mut out = Uploaded { at, file: Vec::new(), pasted: Vec::new(), entity_id: String::new() };
    let mut token = String::new();
    let mut fields = 0_usize;
    while let Some(field) = form.next_field().await.map_err(|error| failed(&error))? {
        fields = fields.saturating_add(1);
        if fields > MOST_FIELDS {
            return Err(broken());
        }
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.bytes().await.map_err(|error| failed(&error))?;
        let text = || String::from_utf8_lossy(&value).trim().to_owned();
        match name.as_str() {
            TOKEN => token = text(),
            "entity_id" => out.entity_id = text(),
            "file" => out.file = value.to_vec(),
            "xml" => out.pasted = value.to_vec(),
            _ => {}
        }
    }
    check_token(&token, &out.at.by.form_token)?;
    Ok(out)
}

fn failed(error: &axum::extract::multipart::MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.too_large",
            format!("the form is longer than {METADATA_LIMIT} bytes"),
        );
    }
    broken()
}

fn broken() -> Refusal {
    Refusal::bad_request("admin.form", "expected a form with a file that a page of this server sent")
}

/// The form has four.
const MOST_FIELDS: usize = 8;
