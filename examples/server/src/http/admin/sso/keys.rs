//! Our own keys: looked at, exchanged without a pause, their certificates downloaded.

use axum::http::{HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use saml_sp::Product;
use tenant_model::{Action, KeyId, ProductProfile, Right, SamlConnection, SpKey, SpKeyError, Target};

use super::super::form::Errors;
use super::super::frame::go;
use super::super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::keys_page;
use crate::http::answer::{Refusal, typed};
use crate::http::html::sentence;
use crate::http::sso::product_of;
use crate::sp_keys::{self, ChangeError, switch_at};
use crate::store::{sp_keys as rows, tenants};

/// Where the page is, below the tenant.
pub(in crate::http::admin) const PLACE: &str = "/sso-keys";

/// What the page shows.
pub(super) struct Scene<'a> {
    /// Who looks, and at which tenant.
    pub(super) at: &'a InTenant,
    /// Its keys, oldest first.
    pub(super) keys: Vec<SpKey>,
    /// Its login connections, each with the product on the other side if it is known.
    pub(super) connections: Vec<(SamlConnection, Option<Product>)>,
    /// The product.
    pub(super) profile: &'a ProductProfile,
    /// Mistakes to mend.
    pub(super) errors: &'a Errors,
    /// The instant that was asked for, as it was written.
    pub(super) asked: &'a str,
}

/// `GET …/sso-keys`.
pub(super) async fn show(at: InTenant) -> Done {
    page(&at, StatusCode::OK, &Errors::default(), "").await
}

async fn page(at: &InTenant, status: StatusCode, errors: &Errors, asked: &str) -> Done {
    let profile = profile(at)?;
    let mut db = at.by.app.base.store.read().await?;
    let keys = sp_keys::lives(&mut db, &at.tenant.id).await?;
    let mut connections = Vec::new();
    for connection in tenants::all_saml(&mut db, &at.tenant.id).await? {
        let stored = tenants::saml(&mut db, &at.tenant.id, &connection.id).await?;
        let idp = stored.and_then(|stored| stored.provider());
        let likely = idp.and_then(|idp| Product::likely(&idp).first().map(|guess| guess.product));
        let product = product_of(connection.provider).or(likely);
        connections.push((connection, product));
    }
    drop(db);
    let body = keys_page::body(&Scene { at, keys, connections, profile, errors, asked });
    Ok(at.page_with(status, "Our keys", errors, body))
}

/// `POST …/sso-keys`: makes the next key.
pub(super) async fn stage(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let policy = profile(&at)?.sp_keys;
    at.require(&Right::Security, Action::SpKeyStaged, Target::Tenant).await?;
    let asked = form.one("signs_from")?.unwrap_or_default().trim();
    let from = match (asked, switch_at(asked, at.by.now)) {
        ("", _) => None,
        (_, Some(from)) => Some(from),
        (_, None) => return unreadable(&at, asked).await,
    };
    let (keys, tenant, now) = (at.by.app.base.keys.clone(), at.tenant.id.clone(), at.by.now);
    // It takes a moment: made before the transaction, and where other requests do not wait for it.
    let made = tokio::task::spawn_blocking(move || sp_keys::make(&keys, &tenant, now)).await;
    let made = made.map_err(|error| error.to_string()).flatten().map_err(|error| {
        tracing::error!(%error, "a key pair could not be made");
        Refusal::internal("server.key_pair")
    })?;
    let mut tx = at.begin().await?;
    match sp_keys::stage(&mut tx, &at.tenant.id, made, from, policy, at.actor()).await {
        Ok(_) => {
            let text =
                "The new key was made, and our metadata shows it. Give its certificate to your provider now.";
            super::done(&at, tx, text).await?;
            Ok(go(&at.address(PLACE)))
        }
        Err(error) => {
            drop(tx);
            refused(&at, error, asked).await
        }
    }
}

/// `POST …/sso-keys/switch`: sets the instant, or switches now.
pub(super) async fn switch(PostedInTenant { at, form }: PostedInTenant) -> Done {
    profile(&at)?;
    at.require(&Right::Security, Action::SpKeyScheduled, Target::Tenant).await?;
    let asked = form.one("signs_from")?.unwrap_or_default().trim();
    let Some(from) = switch_at(asked, at.by.now) else { return unreadable(&at, asked).await };
    let mut tx = at.begin().await?;
    match sp_keys::schedule(&mut tx, &at.tenant.id, from, at.actor(), at.by.now).await {
        Ok(next) => {
            let text = switch_text(&next, at.by.now);
            super::done(&at, tx, &text).await?;
            Ok(go(&at.address(PLACE)))
        }
        Err(error) => {
            drop(tx);
            refused(&at, error, asked).await
        }
    }
}

fn switch_text(next: &SpKey, now: DateTime<Utc>) -> String {
    match next.signs_from {
        Some(from) if from > now => format!("Signing switches on {}.", super::minute(from)),
        _ => "The new key signs from now on.".to_owned(),
    }
}

/// `POST …/sso-keys/cancel`.
pub(super) async fn cancel(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    profile(&at)?;
    at.require(&Right::Security, Action::SpKeyCancelled, Target::Tenant).await?;
    let mut tx = at.begin().await?;
    match sp_keys::cancel(&mut tx, &at.tenant.id, at.actor(), at.by.now).await {
        Ok(_) => {
            super::done(&at, tx, "The new key was taken back. The current one goes on.").await?;
            Ok(go(&at.address(PLACE)))
        }
        Err(error) => {
            drop(tx);
            refused(&at, error, "").await
        }
    }
}

/// `POST …/sso-keys/retire`.
pub(super) async fn retire(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    profile(&at)?;
    at.require(&Right::Security, Action::SpKeyRetired, Target::Tenant).await?;
    let mut tx = at.begin().await?;
    match sp_keys::retire(&mut tx, &at.tenant.id, at.actor(), at.by.now).await {
        Ok(_) => {
            let text = "The old key left our metadata. What is encrypted for it is still opened until you delete it.";
            super::done(&at, tx, text).await?;
            Ok(go(&at.address(PLACE)))
        }
        Err(error) => {
            drop(tx);
            refused(&at, error, "").await
        }
    }
}

/// `POST …/sso-keys/remove`: what is encrypted for it is never read again.
pub(super) async fn remove(PostedInTenant { at, form }: PostedInTenant) -> Done {
    profile(&at)?;
    at.require(&Right::Security, Action::SpKeyRemoved, Target::Tenant).await?;
    let key = KeyId::parse(form.one("key")?.unwrap_or_default()).map_err(|_| no_key())?;
    let mut tx = at.begin().await?;
    match sp_keys::remove(&mut tx, &at.tenant.id, &key, at.actor(), at.by.now).await {
        Ok(_) => {
            super::done(&at, tx, "The retired key was deleted.").await?;
            Ok(go(&at.address(PLACE)))
        }
        Err(error) => {
            drop(tx);
            refused(&at, error, "").await
        }
    }
}

/// `GET …/sso-keys/{key}/certificate`: what goes to the provider; the private key never leaves.
pub(super) async fn certificate(at: InTenant) -> Done {
    profile(&at)?;
    let mut db = at.by.app.base.store.read().await?;
    let keys = rows::list(&mut db, &at.tenant.id).await?;
    let key = keys.into_iter().find(|key| key.id.as_str() == at.place("key")).ok_or_else(no_key)?;
    let name =
        format!("attachment; filename=\"saml-{}-{}.pem\"", at.tenant.id, key.created.format("%Y-%m-%d"));
    let mut answer = typed(StatusCode::OK, "application/x-pem-file", key.certificate);
    if let Ok(name) = HeaderValue::from_str(&name) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

/// The tenant's product, if it has single sign-on.
fn profile(at: &InTenant) -> Result<&ProductProfile, Trouble> {
    let profile = at.by.app.base.profiles.of(&at.tenant);
    let profile = profile.ok_or_else(|| Refusal::internal("server.profile"))?;
    if profile.saml.is_none() {
        let text = "this product has no single sign-on";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "sso.not_offered", text).into());
    }
    Ok(profile)
}

async fn unreadable(at: &InTenant, asked: &str) -> Done {
    let errors = Errors::one("signs_from", "Give a day and a time, such as 2027-01-31T08:00");
    page(at, StatusCode::UNPROCESSABLE_ENTITY, &errors, asked).await
}

/// What the form asked for is mended in the form; what the keys do not allow any more is said.
async fn refused(at: &InTenant, error: ChangeError, asked: &str) -> Done {
    let error = match error {
        ChangeError::Store(error) => return Err(error.into()),
        ChangeError::Key(error) => error,
    };
    let text = match &error {
        SpKeyError::SwitchAfterEnd { end, .. } => {
            format!("The certificate in use ends on {}: switch before that", super::minute(*end))
        }
        SpKeyError::SwitchInPast { now, .. } => {
            format!("This time has passed: it is {} now", super::minute(*now))
        }
        SpKeyError::SwitchTooFar { .. } => sentence(&error.to_string()),
        _ => {
            return Err(Refusal::new(StatusCode::CONFLICT, error.code(), error.to_string())
                .with_hint("the keys stay as they are; look at them again")
                .into());
        }
    };
    page(at, StatusCode::UNPROCESSABLE_ENTITY, &Errors::one("signs_from", text), asked).await
}

fn no_key() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "sp_key.unknown", "there is no such key")
}
