//! The login connections of a tenant.

use axum::http::StatusCode;
use maud::html;
use tenant_model::{
    Action, AuditEvent, ConnectionId, ConnectionState, Right, SamlConnection, SamlProfile, Target,
};

use super::super::config_tokens;
use super::super::form::{self, Errors, Input, submit};
use super::super::frame::go;
use super::super::guard::{Done, InTenant, PostedInTenant};
use super::{day, keys, place, words};
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::store::people;
use crate::store::tenants::{self, StoredSaml};
use crate::trust;

/// `GET …/sso`.
pub(super) async fn show(at: InTenant) -> Done {
    page(&at, StatusCode::OK, &Errors::default(), "").await
}

async fn page(at: &InTenant, status: StatusCode, errors: &Errors, name: &str) -> Done {
    let product =
        at.by.app.base.profiles.of(&at.tenant).ok_or_else(|| Refusal::internal("server.profile"))?;
    if product.saml.is_none() {
        let body = html! { p { "This product has no single sign-on. People are provisioned by the directory alone." } };
        return Ok(at.page("Single sign-on", body));
    }
    let mut db = at.by.app.base.store.read().await?;
    let connections = tenants::all_saml(&mut db, &at.tenant.id).await?;
    drop(db);
    let may_add = connections.is_empty() || product.several_providers;
    let providers: Vec<(&str, &str)> =
        words::PROVIDERS.iter().map(|(_, word, text)| (*word, *text)).collect();
    let body = html! {
        p {
            "Single sign-on is " strong { (at.tenant.sso.name()) } ". "
            a href=(at.address(keys::PLACE)) { "Our keys" }
        }
        @if connections.is_empty() {
            p { "There is no connection to an identity provider yet. Make one: you then see the values that the provider \
                 wants from us, and can give us its metadata." }
        } @else {
            ul.cards { @for connection in &connections { (card(at, connection)) } }
        }
        @if config_tokens::address_of(at, product).is_some() {
            p { a #sso-tokens href=(at.address("/sso-tokens")) { "Tokens for single sign-on" } ", with which a program gives us metadata" }
        }
        @if may_add {
            section aria-labelledby="new-connection" {
                h2 #new-connection { @if connections.is_empty() { "Connect an identity provider" } @else { "Another connection" } }
                (form::post(&at.by, &at.address("/sso"), html! {
                    (Input::new("name", "Display name").value(name).most(80)
                        .hint("What people see when they choose where to sign in, such as the name of your company.").show(errors))
                    (form::select("provider", "Identity provider", Some("It decides in whose words these pages speak, and nothing else."), &providers, "generic", errors))
                    (submit("add-connection", "Make the connection"))
                }))
            }
        }
    };
    Ok(at.page_with(status, "Single sign-on", errors, body))
}

fn card(at: &InTenant, connection: &SamlConnection) -> maud::Markup {
    html! {
        li.card {
            h2 { a href=(place(at, &connection.id, "")) { (connection.display_name) } }
            p {
                span.tag.bad[!connection.state.is_active()] { (words::state(connection.state)) }
            }
            @if !connection.idp_entity_id.is_empty() {
                p.quiet { "Identity provider: " code { (connection.idp_entity_id) } }
            }
            @if let Some(last) = connection.last_login { p.quiet { "Last login " (day(last)) } }
        }
    }
}

/// `POST …/sso`: makes a draft, so that there are values to copy.
pub(super) async fn add(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let name = form.one("name")?.unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        let errors = Errors::one("name", "Give a name of one line and at most 200 bytes");
        return page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors, &name).await;
    }
    let product =
        at.by.app.base.profiles.of(&at.tenant).ok_or_else(|| Refusal::internal("server.profile"))?;
    let mut db = at.by.app.base.store.read().await?;
    let known = tenants::all_saml(&mut db, &at.tenant.id).await?;
    drop(db);
    let id = free_id(&name, &known)?;
    let target = Target::Connection(id.clone());
    at.require(&Right::Trust(id.clone()), Action::ConnectionChanged, target.clone()).await?;
    let mut tx = at.begin().await?;
    let made = match trust::draft(&mut tx, &at.tenant, product, &id).await {
        Ok(made) => made,
        Err(trust::TakeError::Store(error)) => return Err(error.into()),
        Err(error) => {
            drop(tx);
            let errors = Errors::one("name", sentence(&error.to_string()));
            return page(&at, StatusCode::CONFLICT, &errors, &name).await;
        }
    };
    if made.state != ConnectionState::Draft || tenants::saml(&mut tx, &at.tenant.id, &id).await?.is_some() {
        drop(tx);
        let errors = Errors::one("name", "There is such a connection already");
        return page(&at, StatusCode::CONFLICT, &errors, &name).await;
    }
    let provider = words::provider_of(form.one("provider")?.unwrap_or_default()).unwrap_or(made.provider);
    let connection = SamlConnection { display_name: name.clone(), provider, ..made };
    let stored = StoredSaml { connection, idp: serde_json::Value::Null };
    tenants::put_saml(&mut tx, &stored).await?;
    let event = AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::ConnectionChanged, target)
        .with_change("display_name", None, Some(name));
    people::audit(&mut tx, &[event]).await?;
    super::done(
        &at,
        tx,
        "The connection was made. Copy these values to your identity provider, then give us its metadata.",
    )
    .await?;
    Ok(go(&place(&at, &id, "")))
}

/// The first connection has the id that addresses leave out; others have one made from their name.
fn free_id(name: &str, known: &[SamlConnection]) -> Result<ConnectionId, Refusal> {
    let taken = |id: &str| known.iter().any(|connection| connection.id.as_str() == id);
    let parse = |id: &str| ConnectionId::parse(id).map_err(|_| Refusal::internal("server.connection"));
    if !taken(SamlProfile::FIRST_CONNECTION) {
        return parse(SamlProfile::FIRST_CONNECTION);
    }
    let lower = name.to_ascii_lowercase();
    let letters = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let word: String = letters.take(24).collect();
    let word = word.trim_matches('-');
    let word = if word.is_empty() { "connection" } else { word };
    let mut candidates = std::iter::once(word.to_owned()).chain((2..100).map(|n| format!("{word}-{n}")));
    let free = candidates.find(|id| !taken(id));
    parse(&free.ok_or_else(|| {
        Refusal::new(StatusCode::CONFLICT, "admin.connections", "there are too many connections of that name")
    })?)
}
