//! OAuth clients of a directory connection: an id and up to two live secrets, each shown once.

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    Action, ClientError, Expiry, OAuthClient, Right, Scope, ShownOnce, Target, TokenId, TokenRequest,
    add_client_secret, register_client, revoke_client_secret,
};

use super::form::{self, Errors, Input, copyable, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::scim::{connection, connection_id, product};
use super::show::day;
use super::tokens::expiry_of;
use crate::http::answer::{Answer, Refusal};
use crate::http::html::sentence;
use crate::random;
use crate::store::{Tx, oauth, people};

/// `GET …/scim/{connection}/clients`.
pub(super) async fn list(at: InTenant) -> Done {
    page(&at, StatusCode::OK, ("", ""), &Errors::default()).await
}

/// `POST …/scim/{connection}/clients`: makes a client with its first secret.
pub(super) async fn create(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let connection = connection(&at).await?;
    let target = Target::Connection(connection.id.clone());
    let rights = at.require(&Right::Security, Action::ClientSecretIssued, target).await?;
    let name = form.one("name")?.unwrap_or_default().trim().to_owned();
    let expires = form.one("expires")?.unwrap_or_default().trim().to_owned();
    let mut tx = at.begin().await?;
    if !at.by.first_use(&mut tx, &form).await? {
        return again(&at, tx).await;
    }
    let mut ask = TokenRequest::new(at.tenant.id.clone(), connection.id, at.actor());
    ask.scopes = Scope::all();
    ask.name = Some(name.clone()).filter(|name| !name.is_empty());
    let made = match expiry_of(&expires, false) {
        Ok(asked) => {
            ask.expires = asked;
            let keys = at.by.app.base.keys.token_hash_keys()?;
            let policy = &product(&at)?.tokens;
            register_client(policy, ask, &random::bytes()?, keys.current(), &rights, at.by.now)
                .map_err(|e| mistake(&e))
        }
        Err(errors) => Err(errors),
    };
    match made {
        Ok((client, secret, event)) => {
            oauth::put(&mut tx, &client).await?;
            people::audit(&mut tx, &[event]).await?;
            tx.commit().await?;
            Ok(shown_once(&at, &client, secret))
        }
        Err(errors) => {
            drop(tx);
            page(&at, StatusCode::UNPROCESSABLE_ENTITY, (&name, &expires), &errors).await
        }
    }
}

/// `POST …/clients/{client}/secrets`: one more secret, so that the old one can be replaced in peace.
pub(super) async fn add_secret(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let id = client_id(&at)?;
    let rights = at.require(&Right::Security, Action::ClientSecretIssued, Target::Token(id.clone())).await?;
    let mut tx = at.begin().await?;
    let client = find(&at, &mut tx, &id).await?;
    if !at.by.first_use(&mut tx, &form).await? {
        return again(&at, tx).await;
    }
    let made = match expiry_of(form.one("expires")?.unwrap_or_default().trim(), false) {
        Ok(expires) => {
            let keys = at.by.app.base.keys.token_hash_keys()?;
            let (policy, key, now) = (&product(&at)?.tokens, keys.current(), at.by.now);
            add_client_secret(policy, &client, expires, &random::bytes()?, key, &rights, &at.actor(), now)
                .map_err(|error| mistake(&error))
        }
        Err(errors) => Err(errors),
    };
    match made {
        Ok((client, secret, event)) => {
            oauth::put(&mut tx, &client).await?;
            people::audit(&mut tx, &[event]).await?;
            tx.commit().await?;
            Ok(shown_once(&at, &client, secret))
        }
        Err(errors) => {
            drop(tx);
            page(&at, StatusCode::UNPROCESSABLE_ENTITY, ("", ""), &errors).await
        }
    }
}

/// `POST …/clients/{client}/secrets/{slot}/revoke`: the secret and the access tokens that it got end.
pub(super) async fn revoke(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let id = client_id(&at)?;
    let rights = at.require(&Right::Security, Action::ClientSecretRevoked, Target::Token(id.clone())).await?;
    let slot: u8 = at.place("slot").parse().map_err(|_| no_client())?;
    let mut tx = at.begin().await?;
    let client = find(&at, &mut tx, &id).await?;
    match revoke_client_secret(&client, slot, &rights, &at.actor(), at.by.now) {
        Ok((after, event)) => {
            oauth::put(&mut tx, &after).await?;
            oauth::end_tokens(&mut tx, &at.tenant.id, &after.id, slot).await?;
            people::audit(&mut tx, &[event]).await?;
            at.by.flash(&mut tx, "The secret is revoked, with the access tokens that it got.").await?;
            tx.commit().await?;
            Ok(go(&here(&at)))
        }
        Err(error) => {
            drop(tx);
            page(&at, StatusCode::UNPROCESSABLE_ENTITY, ("", ""), &mistake(&error)).await
        }
    }
}

async fn page(at: &InTenant, status: StatusCode, asked: (&str, &str), errors: &Errors) -> Done {
    let connection = connection(at).await?;
    let mut db = at.by.app.base.store.read().await?;
    let mut clients = oauth::of_tenant(&mut db, &at.tenant.id).await?;
    drop(db);
    clients.retain(|client| client.connection == connection.id);
    let (here, may) = (here(at), at.may(&Right::Security));
    let days = product(at)?.tokens.default_days;
    let hint = format!("Its last day, in UTC; {days} days from now if empty. It cannot be changed later.");
    let expires = |value| {
        Input::new("expires", "Secret expires").kind("date").optional().value(value).hint(&hint).show(errors)
    };
    let once = form::once()?;
    let body = html! {
        p { "A directory that speaks OAuth 2.0 client credentials gets short-lived access tokens with an id and a secret, instead of one token that lives long." }
        (copyable("token-endpoint", "Token endpoint", &at.by.app.public_url.join("/oauth/token")))
        @if clients.is_empty() { p { "There is no client yet." } }
        @for client in &clients {
            section.card aria-labelledby=(format!("client-{}", client.id)) {
                h2 id=(format!("client-{}", client.id)) { (client.name.as_deref().unwrap_or("Client")) }
                p { "Client id: " code { (client.id) } }
                (secrets(at, &here, client, may))
            }
        }
        @if may {
            section aria-labelledby="new-client" {
                h2 #new-client { "New client" }
                (form::post(&at.by, &here, html! {
                    (once)
                    (Input::new("name", "Name").optional().value(asked.0).show(errors))
                    (expires(asked.1))
                    (submit("create-client", "Make a client"))
                }))
            }
        }
        p { a href=(at.address(&format!("/scim/{}", connection.id))) { "Back to the connection" } }
    };
    Ok(at.page_with(status, "OAuth clients", errors, body))
}

fn secrets(at: &InTenant, here: &str, client: &OAuthClient, may: bool) -> Markup {
    let live: Vec<_> = client.secrets.iter().filter(|secret| secret.is_live(at.by.now)).collect();
    html! {
        table.reflow {
            thead { tr { th scope="col" { "Secret" } th scope="col" { "Made" } th scope="col" { "Ends" } th scope="col" { "Change" } } }
            tbody {
                @for secret in &live {
                    @let id = format!("revoke-{}-{}", client.id, secret.slot);
                    tr {
                        td data-label="Secret" { (secret.slot.saturating_add(1)) }
                        td data-label="Made" { (day(secret.created)) }
                        td data-label="Ends" { @match secret.expires { Expiry::At(end) => (day(end)), Expiry::DangerNever => span.tag.bad { "never" } } }
                        td data-label="Change" {
                            @if may { (form::post(&at.by, &format!("{here}/{}/secrets/{}/revoke", client.id, secret.slot), danger(&id, "Revoke"))) }
                        }
                    }
                }
            }
        }
        @if live.is_empty() { p { "It has no secret that works." } }
        @if may && live.len() < tenant_model::MAX_CLIENT_SECRETS {
            @if let Ok(once) = form::once() {
                (form::post(&at.by, &format!("{here}/{}/secrets", client.id), html! {
                    (once)
                    (submit(&format!("add-secret-{}", client.id), "Make another secret"))
                }))
            }
        }
    }
}

/// The answer to the POST itself; no address shows it again.
fn shown_once(at: &InTenant, client: &OAuthClient, secret: ShownOnce) -> Answer {
    at.page(
        "Your new secret",
        html! {
            p.note.warn { strong { "Copy it now." } " It is shown this once and cannot be shown again." }
            (copyable("client-id", "Client id", client.id.as_str()))
            (copyable("client-secret", "Client secret", &secret.reveal()))
            (copyable("token-endpoint", "Token endpoint", &at.by.app.public_url.join("/oauth/token")))
            p { a.button href=(here(at)) { "I have copied it" } }
        },
    )
}

async fn again(at: &InTenant, mut tx: Tx) -> Done {
    at.by
        .flash(
            &mut tx,
            "That secret was made and shown already. If you have lost it, revoke it and make another.",
        )
        .await?;
    tx.commit().await?;
    Ok(go(&here(at)))
}

async fn find(at: &InTenant, db: &mut sqlx::AnyConnection, id: &TokenId) -> Result<OAuthClient, Trouble> {
    let connection = connection_id(at)?;
    let found = oauth::find(db, &at.tenant.id, id).await?.filter(|client| client.connection == connection);
    Ok(found.ok_or_else(no_client)?)
}

fn client_id(at: &InTenant) -> Result<TokenId, Refusal> {
    TokenId::parse(at.place("client")).map_err(|_| no_client())
}

fn no_client() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "admin.no_client", "there is no such client")
}

fn here(at: &InTenant) -> String {
    at.address(&format!("/scim/{}/clients", at.place("connection")))
}

fn mistake(error: &ClientError) -> Errors {
    let field = if error.code().starts_with("token.expir") { "expires" } else { "main" };
    Errors::one(field, sentence(&error.to_string()))
}
