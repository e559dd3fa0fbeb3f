//! Tokens with which a program may say whom the tenant's logins trust: made, shown once, revoked.

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    Action, ConnectionId, ProductProfile, Right, SamlProfile, ScimToken, Target, TokenId, TokenRequest,
    revoke,
};

use super::form::{self, Errors, Input, copyable, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::scim::{product, token_state};
use super::show::{day, instant_or};
use super::tokens::{Asked, expiry_fields, make};
use crate::commands::tenant::{CONFIG_CONNECTION, connection_id};
use crate::http::answer::Refusal;
use crate::store::{people, tokens};

/// `GET /admin/tenants/{tenant}/sso-tokens`.
pub(super) async fn show(at: InTenant) -> Done {
    page(&at, StatusCode::OK, &Errors::default()).await
}

/// `POST /admin/tenants/{tenant}/sso-tokens`: makes a token and shows it, once.
pub(super) async fn create(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let (product, bound) = (product(&at)?, bound()?);
    addresses(&at, &product)?;
    may_make(&at, &bound, Action::TokenIssued).await?;
    let asked = Asked::read(&form)?;
    let mut tx = at.begin().await?;
    if !at.by.first_use(&mut tx, &form).await? {
        at.by
            .flash(
                &mut tx,
                "That token was made and shown already. If you have lost it, revoke it and make another.",
            )
            .await?;
        tx.commit().await?;
        return Ok(go(&at.address("/sso-tokens")));
    }
    let mut ask = TokenRequest::new(at.tenant.id.clone(), bound, at.actor());
    let issued = match asked.name_and_end(&product.tokens, &mut ask) {
        Ok(()) => make(&at, &mut tx, &product, ask).await?,
        Err(errors) => Err(errors),
    };
    match issued {
        Ok(issued) => {
            tx.commit().await?;
            Ok(at.page("Your new token", html! {
                p.note.warn { strong { "Copy it now." } " It is shown this once and cannot be shown again." }
                (copyable("token-secret", "Token", &issued.shown.reveal()))
                p { "Whoever has it can say which identity provider is believed, and so sign in as anybody of this tenant." }
                p { a.button href=(at.address("/sso-tokens")) { "I have copied it" } }
            }))
        }
        Err(errors) => {
            drop(tx);
            page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
        }
    }
}

/// `POST …/sso-tokens/{token}/revoke`.
pub(super) async fn end(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "admin.no_token", "there is no such token");
    let id = TokenId::parse(at.place("token")).map_err(|_| unknown())?;
    at.require(&Right::Security, Action::TokenRevoked, Target::Token(id.clone())).await?;
    let bound = bound()?;
    let mut tx = at.begin().await?;
    let found = tokens::find(&mut tx, &at.tenant.id, &id).await?;
    let token = found.filter(|token| token.connection == bound).ok_or_else(unknown)?;
    let (row, event) = revoke(&token, &at.actor(), at.by.now);
    tokens::update(&mut tx, &row).await?;
    people::audit(&mut tx, event.as_slice()).await?;
    at.by.flash(&mut tx, "The token is revoked: the next request with it is refused.").await?;
    tx.commit().await?;
    Ok(go(&at.address("/sso-tokens")))
}

async fn page(at: &InTenant, status: StatusCode, errors: &Errors) -> Done {
    let (product, bound) = (product(at)?, bound()?);
    let address = addresses(at, &product)?;
    let mut db = at.by.app.base.store.read().await?;
    let all = tokens::of_connection(&mut db, &at.tenant.id, &bound).await?;
    drop(db);
    let may = at.may(&Right::Security) && at.may(&Right::Trust(bound));
    let once = form::once()?;
    let body = html! {
        p { a href=(at.address("/sso")) { "Back to single sign-on" } }
        p { "A program of yours can give us your identity provider's metadata, without anybody signing in here: it posts the XML to this address with a token. \
             Provisioning tokens are refused there, and these are refused for provisioning." }
        (copyable("config-address", "Address", &address))
        p.hint { "The token goes into the header as " code { "Authorization: Bearer TOKEN" } "." }
        (table(at, &all))
        @if may {
            section aria-labelledby="new-token" {
                h2 #new-token { "New token" }
                (form::post(&at.by, &at.address("/sso-tokens"), html! {
                    (once)
                    @if product.tokens.names { (Input::new("name", "Name").optional().hint("To tell tokens apart.").show(errors)) }
                    (expiry_fields(&product.tokens, &Asked::default(), errors))
                    (submit("create-token", "Make a token"))
                }))
            }
        } @else {
            p { "Whoever has the rights to security and trust can make such tokens." }
        }
    };
    Ok(at.page_with(status, "Tokens for single sign-on", errors, body))
}

fn table(at: &InTenant, all: &[ScimToken]) -> Markup {
    html! {
        @if all.is_empty() { p { "There is no token yet." } }
        @else {
            table.reflow {
                thead { tr { th scope="col" { "Token" } th scope="col" { "State" } th scope="col" { "Made" } th scope="col" { "Ends" } th scope="col" { "Last used" } th scope="col" { "Change" } } }
                tbody {
                    @for token in all.iter().rev() {
                        @let name = token.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(token.id.as_str());
                        tr {
                            td data-label="Token" { (name) }
                            td data-label="State" { (token_state(token, at)) }
                            td data-label="Made" { (day(token.created)) }
                            td data-label="Ends" { @match token.end() { Some(end) => (day(end)), None => span.tag.bad { "never" } } }
                            td data-label="Last used" {
                                (instant_or(token.last_used.as_ref().map(|used| used.at), "never"))
                                @if let Some(address) = token.last_used.as_ref().and_then(|used| used.address) { ", from " code { (address) } }
                            }
                            td data-label="Change" {
                                @if token.is_live(at.by.now) && at.may(&Right::Security) {
                                    (form::post(&at.by, &at.address(&format!("/sso-tokens/{}/revoke", token.id)), danger(&format!("revoke-{}", token.id), "Revoke")))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What such a token does, its maker must be able to do (TEN-10).
async fn may_make(at: &InTenant, bound: &ConnectionId, action: Action) -> Result<(), Trouble> {
    let target = Target::Connection(bound.clone());
    at.require(&Right::Security, action, target.clone()).await?;
    at.require(&Right::Trust(bound.clone()), action, target).await?;
    Ok(())
}

fn bound() -> Result<ConnectionId, Refusal> {
    connection_id(CONFIG_CONNECTION).map_err(|_| Refusal::internal("server.connection"))
}

/// Whether the product takes metadata by a program at all, and where.
pub(super) fn address_of(at: &InTenant, product: &ProductProfile) -> Option<String> {
    let first = ConnectionId::parse(SamlProfile::FIRST_CONNECTION).ok()?;
    product.saml.as_ref()?.addresses(at.by.app.public_url.as_str(), &at.tenant.id, &first).config
}

fn addresses(at: &InTenant, product: &ProductProfile) -> Result<String, Refusal> {
    address_of(at, product).ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "admin.no_config",
            "this product takes metadata on its pages alone",
        )
    })
}
