//! A tenant's directory connections: what to copy into the directory, the switch, the tokens.

use std::sync::Arc;

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    Action, AuditEvent, AuthScheme, ConnectionId, ConnectionState, ProductProfile, Provider, Right,
    SchemeWord, ScimConnection, ScimToken, Target,
};

use super::form::{self, Errors, Input, copyable, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::show::{day, instant, instant_or};
use super::tokens;
use crate::http::answer::Refusal;
use crate::store::{StoreError, people, tenants, tokens as store};

/// `GET /admin/tenants/{tenant}/scim`: the connections; the only one at once where the product has no more.
pub(super) async fn list(at: InTenant) -> Done {
    let product = product(&at)?;
    let mut db = at.by.app.base.store.read().await?;
    let connections = tenants::all_scim(&mut db, &at.tenant.id).await?;
    drop(db);
    if let ([only], false) = (connections.as_slice(), product.several_providers) {
        return Ok(go(&at.address(&format!("/scim/{}", only.id))));
    }
    page_of_list(&at, &connections, StatusCode::OK, "", &Errors::default())
}

/// `POST /admin/tenants/{tenant}/scim`: one more connection, where the product has several.
pub(super) async fn add(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let product = product(&at)?;
    at.require(&Right::Security, Action::ConnectionChanged, Target::Tenant).await?;
    let name = form.one("name")?.unwrap_or_default().trim().to_owned();
    let mut tx = at.begin().await?;
    let connections = tenants::all_scim(&mut tx, &at.tenant.id).await?;
    let mut errors = Errors::default();
    let provider = provider(form.one("provider")?.unwrap_or_default());
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        errors.add("name", "Give it a name of one line, at most 200 bytes");
    } else if connections.iter().any(|known| known.display_name == name) {
        errors.add("name", "Another connection has that name");
    }
    if provider.is_none() {
        errors.add("provider", "Choose the directory");
    }
    if !product.several_providers || connections.len() >= MOST_CONNECTIONS {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "admin.connections",
            format!("a tenant of this product has no more than {} connections", connections.len()),
        )
        .into());
    }
    let (Some((slug, provider)), true) = (provider, errors.is_empty()) else {
        drop(tx);
        return page_of_list(&at, &connections, StatusCode::UNPROCESSABLE_ENTITY, &name, &errors);
    };
    let id = free_id(slug, &connections)?;
    let mut connection = product.scim_connection(at.tenant.id.clone(), id.clone());
    connection.provider = provider;
    connection.display_name = name.clone();
    tenants::put_scim(&mut tx, &connection).await?;
    let event = changed(&at, &id).with_change("display_name", None, Some(name));
    people::audit(&mut tx, &[event]).await?;
    at.by.flash(&mut tx, "The connection was made.").await?;
    tx.commit().await?;
    Ok(go(&at.address(&format!("/scim/{id}"))))
}

/// `GET /admin/tenants/{tenant}/scim/{connection}`.
pub(super) async fn show(at: InTenant) -> Done {
    let connection = connection(&at).await?;
    page(&at, &connection, StatusCode::OK, &tokens::Asked::default(), &Errors::default()).await
}

/// `POST /admin/tenants/{tenant}/scim/{connection}/state`: on or off.
pub(super) async fn switch(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let id = connection_id(&at)?;
    at.require(&Right::Security, Action::ConnectionChanged, Target::Connection(id.clone())).await?;
    let on = match form.one("state")? {
        Some("on") => true,
        Some("off") => false,
        _ => return Err(Refusal::bad_request("admin.state", "expected on or off").into()),
    };
    let mut tx = at.begin().await?;
    let mut connection = tenants::scim(&mut tx, &at.tenant.id, &id).await?.ok_or_else(no_connection)?;
    let before = state_name(connection.state);
    connection.state = if on { ConnectionState::Active } else { ConnectionState::Off { since: at.by.now } };
    let after = state_name(connection.state);
    if before != after {
        tenants::put_scim(&mut tx, &connection).await?;
        let event = changed(&at, &id).with_change("state", Some(before.to_owned()), Some(after.to_owned()));
        people::audit(&mut tx, &[event]).await?;
    }
    let text = if on { "Provisioning is switched on." } else { "Provisioning is switched off." };
    at.by.flash(&mut tx, text).await?;
    tx.commit().await?;
    Ok(go(&at.address(&format!("/scim/{id}"))))
}

/// The settings of a connection, with the form for a token as it was filled in.
pub(super) async fn page(
    at: &InTenant,
    connection: &ScimConnection,
    status: StatusCode,
    asked: &tokens::Asked,
    errors: &Errors,
) -> Done {
    let product = product(at)?;
    let mut db = at.by.app.base.store.read().await?;
    let all = store::of_connection(&mut db, &at.tenant.id, &connection.id).await?;
    let admins = people::active_admins(&mut db, &at.tenant.id).await?;
    drop(db);
    let here = at.address(&format!("/scim/{}", connection.id));
    let base = product.scim.base_url(at.by.app.public_url.as_str(), &at.tenant.id, &connection.id);
    let may = at.may(&Right::Security);
    let form =
        if may { Some(tokens::new_form(at, &product, &here, &admins, &all, asked, errors)?) } else { None };
    let body = html! {
        section aria-labelledby="copy-title" {
            h2 #copy-title { "For your directory" }
            (copyable("base-url", "Base URL (SCIM 2.0)", &base))
            p { (header_words(&connection.auth)) }
        }
        section aria-labelledby="state-title" {
            h2 #state-title { "Provisioning" }
            p {
                "Provisioning is " strong #scim-state { (state_name(connection.state)) } ". "
                @match connection.last_request {
                    Some(last) => { "Last request with a good token: " (instant(last)) "." }
                    None => {}
                }
            }
            @if may { (switch_form(at, &here, connection.state)) }
        }
        section aria-labelledby="tokens-title" {
            h2 #tokens-title { "Tokens" }
            (token_table(&here, &all, at))
            @match form {
                Some(form) => (form),
                None => p { "Whoever has the right to manage security can make and revoke tokens." },
            }
        }
    };
    let body = html! {
        (body)
        section aria-labelledby="more-title" {
            h2 #more-title { "More" }
            ul {
                li { a #roles href=(format!("{here}/roles")) { "Roles and departments" } ", which rules give them" }
                li { a #oauth-clients href=(format!("{here}/clients")) { "OAuth clients" } ", for directories that use client credentials" }
                li { a #quirks href=(at.address("/quirks")) { "Deviations" } ", what directories did beyond the standard" }
                @if product.several_providers { li { a href=(at.address("/scim")) { "All connections" } } }
            }
        }
    };
    let title = if product.several_providers {
        format!("Provisioning: {}", connection.display_name)
    } else {
        "Provisioning (SCIM)".to_owned()
    };
    Ok(at.page_with(status, &title, errors, body))
}

/// The tenant's product.
pub(super) fn product(at: &InTenant) -> Result<Arc<ProductProfile>, Trouble> {
    let known = at.by.app.base.profiles.of(&at.tenant).cloned();
    Ok(known.ok_or_else(|| Refusal::internal("server.profile"))?)
}

/// The connection that the address names.
pub(super) async fn connection(at: &InTenant) -> Result<ScimConnection, Trouble> {
    let id = connection_id(at)?;
    let mut db = at.by.app.base.store.read().await?;
    Ok(tenants::scim(&mut db, &at.tenant.id, &id).await?.ok_or_else(no_connection)?)
}

/// The id of the connection that the address names.
pub(super) fn connection_id(at: &InTenant) -> Result<ConnectionId, Refusal> {
    ConnectionId::parse(at.place("connection")).map_err(|_| no_connection())
}

/// The state of a connection in a word.
pub(super) fn state_name(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Active => "on",
        ConnectionState::Draft => "not switched on yet",
        ConnectionState::Off { .. } => "off",
        ConnectionState::Testing => "in test",
    }
}

/// Whether a token works, in words.
pub(super) fn token_state(token: &ScimToken, at: &InTenant) -> &'static str {
    if token.is_live(at.by.now) {
        if token.replaced_by.is_some() { "works until it is replaced" } else { "works" }
    } else if token.revoked.is_some() {
        "revoked"
    } else {
        "expired"
    }
}

fn no_connection() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "admin.no_connection", "there is no such connection")
}

fn changed(at: &InTenant, id: &ConnectionId) -> AuditEvent {
    let target = Target::Connection(id.clone());
    AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::ConnectionChanged, target)
}

fn switch_form(at: &InTenant, here: &str, state: ConnectionState) -> Markup {
    let on = matches!(state, ConnectionState::Active | ConnectionState::Testing);
    form::post(
        &at.by,
        &format!("{here}/state"),
        html! {
            input type="hidden" name="state" value=(if on { "off" } else { "on" });
            @if on {
                (danger("switch-off", "Switch provisioning off"))
                p.hint { "While it is off, requests of the directory are refused. Nothing is lost: directories try again." }
            } @else {
                (submit("switch-on", "Switch provisioning on"))
            }
        },
    )
}

fn token_table(here: &str, tokens: &[ScimToken], at: &InTenant) -> Markup {
    html! {
        @if tokens.is_empty() {
            p { "There is no token yet." }
        } @else {
            table.reflow {
                thead { tr {
                    th scope="col" { "Token" } th scope="col" { "State" } th scope="col" { "Made" }
                    th scope="col" { "Ends" } th scope="col" { "Last used" }
                } }
                tbody {
                    @for token in tokens.iter().rev() {
                        tr {
                            td data-label="Token" {
                                a href=(format!("{here}/tokens/{}", token.id)) {
                                    (token.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(token.id.as_str()))
                                }
                                @if let Some(text) = token.description.as_deref().filter(|text| !text.is_empty()) {
                                    br; span.quiet { (text) }
                                }
                            }
                            td data-label="State" { (token_state(token, at)) }
                            td data-label="Made" { (day(token.created)) }
                            td data-label="Ends" { @match token.end() { Some(end) => (day(end)), None => span.tag.bad { "never" } } }
                            td data-label="Last used" { (instant_or(token.last_used.as_ref().map(|used| used.at), "never")) }
                        }
                    }
                }
            }
        }
    }
}

/// How the directory sends the token, in its own words.
fn header_words(auth: &AuthScheme) -> Markup {
    html! {
        @match auth {
            AuthScheme::Header(SchemeWord::Any) => { "The token goes into the header " code { "Authorization" } ", with any word before it or none." }
            AuthScheme::Header(SchemeWord::Bearer) => { "The token goes into the header as " code { "Authorization: Bearer TOKEN" } ": most directories call it a bearer token or a secret token." }
            AuthScheme::Header(SchemeWord::Custom(word)) => { "The token goes into the header as " code { "Authorization: " (word) " TOKEN" } "." }
            AuthScheme::Header(SchemeWord::Nothing) => { "The token alone is the value of the header " code { "Authorization" } "." }
            AuthScheme::Header(SchemeWord::Token) => { "The token goes into the header as " code { "Authorization: token TOKEN" } ": type the word token and a space before it." }
            AuthScheme::ClientCredentials => { "The directory gets access tokens with an OAuth client's id and secret." }
            _ => {}
        }
    }
}

fn page_of_list(
    at: &InTenant,
    connections: &[ScimConnection],
    status: StatusCode,
    name: &str,
    errors: &Errors,
) -> Done {
    let product = product(at)?;
    let options: Vec<(&str, &str)> = PROVIDERS.iter().map(|(slug, text, _)| (*slug, *text)).collect();
    let body = html! {
        ul.cards {
            @for connection in connections {
                li.card {
                    h2 { a href=(at.address(&format!("/scim/{}", connection.id))) { (connection.display_name) } }
                    p {
                        @if connection.provider != Provider::Generic { (provider_name(connection.provider)) ", " }
                        (state_name(connection.state))
                    }
                }
            }
        }
        @if product.several_providers && at.may(&Right::Security) {
            section aria-labelledby="new-connection" {
                h2 #new-connection { "New connection" }
                (form::post(&at.by, &at.address("/scim"), html! {
                    (form::select("provider", "Directory", None, &options, "generic", errors))
                    (Input::new("name", "Display name").value(name).show(errors))
                    (submit("add-connection", "Make the connection"))
                }))
            }
        }
    };
    Ok(at.page_with(status, "Provisioning (SCIM)", errors, body))
}

fn free_id(slug: &str, connections: &[ScimConnection]) -> Result<ConnectionId, StoreError> {
    let taken = |id: &str| connections.iter().any(|known| known.id.as_str() == id);
    let mut id = slug.to_owned();
    let mut number = 2_usize;
    while taken(&id) {
        id = format!("{slug}-{number}");
        number = number.saturating_add(1);
    }
    ConnectionId::parse(&id).map_err(|error| StoreError::corrupt("connection_id", &error))
}

fn provider(slug: &str) -> Option<(&'static str, Provider)> {
    PROVIDERS.iter().find(|(known, ..)| *known == slug).map(|(slug, _, provider)| (*slug, *provider))
}

/// The directory's name as people know it.
pub(super) fn provider_name(provider: Provider) -> &'static str {
    PROVIDERS.iter().find(|(.., known)| *known == provider).map_or("Another directory", |(_, name, _)| *name)
}

/// What a connection may be of: the word in its id, the name, the kind.
pub(super) const PROVIDERS: &[(&str, &str, Provider)] = &[
    ("cyberark", "CyberArk", Provider::Cyberark),
    ("entra", "Microsoft Entra ID", Provider::Entra),
    ("google", "Google Workspace", Provider::GoogleWorkspace),
    ("jumpcloud", "JumpCloud", Provider::Jumpcloud),
    ("keycloak", "Keycloak", Provider::Keycloak),
    ("okta", "Okta", Provider::Okta),
    ("onelogin", "OneLogin", Provider::Onelogin),
    ("ping", "Ping", Provider::Ping),
    ("rippling", "Rippling", Provider::Rippling),
    ("generic", "Another directory", Provider::Generic),
];
/// As many directories as anybody has; each costs a row.
const MOST_CONNECTIONS: usize = 20;
