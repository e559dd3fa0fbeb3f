//! Signing certificates, added and taken away by hand.

use axum::http::StatusCode;
use tenant_model::Action;

use super::super::form::Errors;
use super::super::frame::go;
use super::super::guard::{Done, PostedInTenant};
use super::{connection, place, stored_to_change};
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::idp::{self, ApplyError};

/// `POST …/certificates`: adds the next one of a roll-over.
pub(super) async fn add(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let pem = form.one("certificate")?.unwrap_or_default();
    let (mut tx, stored, rights) = stored_to_change(&at, Action::TrustChanged).await?;
    let id = stored.connection.id.clone();
    match idp::add_certificate(&mut tx, stored, pem, &rights, &at.actor(), at.by.now).await {
        Ok(_) => {
            super::done(
                &at,
                tx,
                "The certificate was added. It is used as soon as the provider signs with it.",
            )
            .await?;
            Ok(go(&place(&at, &id, "")))
        }
        Err(ApplyError::Store(error)) => Err(error.into()),
        Err(error) => {
            drop(tx);
            let text = format!("{} ({})", sentence(&error.to_string()), error.code());
            let errors = Errors::one("certificate", text);
            connection::page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
        }
    }
}

/// `POST …/certificates-remove`: it never verifies again.
pub(super) async fn remove(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let key = form.one("key")?.unwrap_or_default();
    let (mut tx, stored, rights) = stored_to_change(&at, Action::TrustChanged).await?;
    let id = stored.connection.id.clone();
    match idp::remove_key(&mut tx, stored, key, &rights, &at.actor(), at.by.now).await {
        Ok(_) => {
            super::done(&at, tx, "The certificate was removed. What it signs is refused from now on.")
                .await?;
            Ok(go(&place(&at, &id, "")))
        }
        Err(ApplyError::Trust(tenant_model::TrustError::NeedsApproval)) => Err(Refusal::new(
            StatusCode::CONFLICT,
            "trust.needs_approval",
            "no other certificate has verified a login yet, so this one stays",
        )
        .with_hint("let somebody sign in with the new certificate first, or make a test login")
        .into()),
        Err(error) => Err(Refusal::from(error).into()),
    }
}
