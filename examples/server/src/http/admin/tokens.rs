//! SCIM tokens: make, show once, rotate, revoke, take over.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    Action, ExpiryRequest, Issued, OwnerLeaves, Person, PersonId, ProductProfile, Right, Rotation, ScimToken,
    Scope, ShownOnce, TakeOverError, Target, TokenError, TokenId, TokenPolicy, TokenRequest, issue, orphaned,
    revoke, still_used, take_over,
};

use super::form::{self, Errors, Input, checkbox, copyable, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::scim::{connection, connection_id, page, product, token_state};
use super::show::{instant, instant_or};
use crate::commands::token::date;
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::random;
use crate::store::{Tx, people, tokens};

/// The form for a token as it was filled in.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    name: String,
    kind: String,
    description: String,
    expires: String,
    never: bool,
    owner: Option<String>,
    scopes: Option<BTreeSet<Scope>>,
}

/// `POST …/scim/{connection}/tokens`: makes a token and shows it, once.
pub(super) async fn create(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let connection = connection(&at).await?;
    let target = Target::Connection(connection.id.clone());
    at.require(&Right::Security, Action::TokenIssued, target).await?;
    let product = product(&at)?;
    let asked = Asked::read(&form)?;
    let mut tx = at.begin().await?;
    if !at.by.first_use(&mut tx, &form).await? {
        return again(&at, tx).await;
    }
    let mut ask = TokenRequest::new(at.tenant.id.clone(), connection.id.clone(), at.actor());
    let mistake = match fill(&mut ask, &asked, &product.tokens) {
        Ok(()) => owner(&at, &mut tx, &mut ask, &asked).await?.err(),
        Err(errors) => Some(errors),
    };
    let issued = match mistake {
        None => make(&at, &mut tx, &product, ask).await?,
        Some(errors) => Err(errors),
    };
    match issued {
        Ok(issued) => {
            tx.commit().await?;
            Ok(shown_once(&at, &issued.row, issued.shown))
        }
        Err(errors) => {
            drop(tx);
            page(&at, &connection, StatusCode::UNPROCESSABLE_ENTITY, &asked, &errors).await
        }
    }
}

/// `GET …/scim/{connection}/tokens/{token}`.
pub(super) async fn show(at: InTenant) -> Done {
    let token = token(&at).await?;
    token_page(&at, &token, StatusCode::OK, &Errors::default()).await
}

/// `POST …/tokens/{token}/rotate`: another one takes its place.
pub(super) async fn rotate(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let old = token(&at).await?;
    at.require(&Right::Security, Action::TokenRotated, Target::Token(old.id.clone())).await?;
    let product = product(&at)?;
    let mut tx = at.begin().await?;
    if !at.by.first_use(&mut tx, &form).await? {
        return again(&at, tx).await;
    }
    let mut ask = TokenRequest::new(at.tenant.id.clone(), old.connection.clone(), at.actor());
    ask.name.clone_from(&old.name);
    ask.kind.clone_from(&old.kind);
    ask.description.clone_from(&old.description);
    ask.scopes.clone_from(&old.scopes);
    ask.replaces = Some(old.id.clone());
    let asked = Asked::read(&form)?;
    let mistake = match expiry_of(&asked.expires, asked.never) {
        Ok(expires) => {
            ask.expires = expires;
            owner(&at, &mut tx, &mut ask, &asked).await?.err()
        }
        Err(errors) => Some(errors),
    };
    let issued = match mistake {
        None => make(&at, &mut tx, &product, ask).await?,
        Some(errors) => Err(errors),
    };
    match issued {
        Ok(issued) => {
            tx.commit().await?;
            Ok(shown_once(&at, &issued.row, issued.shown))
        }
        Err(errors) => {
            drop(tx);
            token_page(&at, &old, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
        }
    }
}

/// `POST …/tokens/{token}/revoke`: the next request with it is refused.
pub(super) async fn end(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let id = token_id(&at)?;
    at.require(&Right::Security, Action::TokenRevoked, Target::Token(id.clone())).await?;
    let mut tx = at.begin().await?;
    let token = find(&at, &mut tx, &id).await?;
    let (row, event) = revoke(&token, &at.actor(), at.by.now);
    tokens::update(&mut tx, &row).await?;
    people::audit(&mut tx, event.as_slice()).await?;
    at.by.flash(&mut tx, "The token is revoked: the next request with it is refused.").await?;
    tx.commit().await?;
    Ok(go(&here(&at, &id)))
}

/// `POST …/tokens/{token}/owner`: another admin answers for it.
pub(super) async fn change_owner(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let id = token_id(&at)?;
    let target = Target::Token(id.clone());
    let rights = at.require(&Right::Security, Action::TokenOwnerChanged, target).await?;
    let chosen = form.one("new_owner")?.unwrap_or_default().to_owned();
    let roles = &product(&at)?.roles;
    let mut tx = at.begin().await?;
    let token = find(&at, &mut tx, &id).await?;
    let person = match PersonId::parse(&chosen) {
        Ok(person) => people::find(&mut tx, &at.tenant.id, &person).await?,
        Err(_) => None,
    };
    let Some(person) = person else {
        drop(tx);
        let errors = Errors::one("new_owner", "Choose one of the administrators");
        return token_page(&at, &token, StatusCode::UNPROCESSABLE_ENTITY, &errors).await;
    };
    match take_over(&token, &person, roles, &rights, &at.actor(), at.by.now) {
        Ok((row, event)) => {
            tokens::update(&mut tx, &row).await?;
            people::audit(&mut tx, &[event]).await?;
            at.by.flash(&mut tx, "The token has another owner.").await?;
            tx.commit().await?;
            Ok(go(&here(&at, &id)))
        }
        Err(TakeOverError::Right(missing)) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, missing.code(), missing.to_string()).into())
        }
        Err(error) => {
            drop(tx);
            let errors = Errors::one("new_owner", sentence(&error.to_string()));
            token_page(&at, &token, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
        }
    }
}

/// The form for a new token, as the product's policy has it.
pub(super) fn new_form(
    at: &InTenant,
    product: &ProductProfile,
    here: &str,
    admins: &[Person],
    all: &[ScimToken],
    asked: &Asked,
    errors: &Errors,
) -> Result<Markup, Trouble> {
    let policy = &product.tokens;
    let live = all.iter().filter(|token| token.is_live(at.by.now)).count();
    let full = policy.rotation == Rotation::SideBySide && live >= usize::from(policy.cap());
    let scopes = asked.scopes.clone().unwrap_or_else(Scope::all);
    let once = form::once()?;
    Ok(html! {
        h3 #new-token { "New token" }
        @if full {
            p { "There are " (live) " tokens that work, the most that this product allows. Revoke one, or replace it from its own page." }
        } @else {
            @if policy.rotation == Rotation::AtOnce && live > 0 {
                p.note.warn { "A new token ends the old one at once: the directory stops until it has the new one." }
            }
            (form::post(&at.by, &format!("{here}/tokens"), html! {
                (once)
                @if policy.names {
                    (Input::new("name", "Name").optional().value(&asked.name).hint("To tell tokens apart, such as Okta production.").show(errors))
                }
                @if policy.kind {
                    (Input::new("kind", "Type").optional().value(&asked.kind).show(errors))
                }
                @if policy.description {
                    (Input::new("description", "Description").optional().value(&asked.description).show(errors))
                }
                (expiry_fields(policy, asked, errors))
                fieldset {
                    legend { "What it may do" }
                    @for (scope, name, label) in SCOPES {
                        (checkbox(name, label, scopes.contains(scope)))
                    }
                }
                (owner_field(at, policy, "owner", admins, asked.owner.as_deref(), errors))
                (submit("create-token", "Make a token"))
            }))
        }
    })
}

/// The day on which a token ends, as the product's policy has it.
pub(super) fn expiry_fields(policy: &TokenPolicy, asked: &Asked, errors: &Errors) -> Markup {
    let hint = if policy.expiry_required {
        format!(
            "Its last day, in UTC; at most {} days from now. It cannot be changed later.",
            policy.max_days
        )
    } else {
        format!(
            "Its last day, in UTC; {} days from now if empty, at most {}. It cannot be changed later.",
            policy.default_days, policy.max_days
        )
    };
    let field = Input::new("expires", "Expires").kind("date").value(&asked.expires).hint(&hint);
    // Not marked as required in the browser where "never" is the other choice.
    let field = if policy.expiry_required && !policy.danger_allow_never { field } else { field.optional() };
    html! {
        (field.show(errors))
        @if policy.danger_allow_never {
            (checkbox("never", "It never expires. If it leaks, it works until someone notices.", asked.never))
        }
    }
}

fn owner_field(
    at: &InTenant,
    policy: &TokenPolicy,
    name: &str,
    admins: &[Person],
    chosen: Option<&str>,
    errors: &Errors,
) -> Markup {
    let own = admins
        .iter()
        .find(|person| person.email.as_ref().is_some_and(|email| email.same_mailbox(&at.by.admin.email)));
    let chosen = chosen.unwrap_or_else(|| own.map_or("", |person| person.id.as_str()));
    let names: Vec<(String, String)> = admins.iter().map(|p| (p.id.to_string(), person_name(p))).collect();
    let mut options = vec![("", "Nobody by name")];
    options.extend(names.iter().map(|(id, text)| (id.as_str(), text.as_str())));
    let hint = match policy.owner_leaves {
        OwnerLeaves::DiesAfterDays(days) => format!(
            "When they are no longer an administrator of the product, the token stops after {days} days, unless another takes it over."
        ),
        OwnerLeaves::Survives => {
            "When they are no longer an administrator of the product, you are told.".to_owned()
        }
    };
    html! {
        @if !admins.is_empty() {
            (form::select(name, "Who answers for it", Some(&hint), &options, chosen, errors))
        }
    }
}

async fn token_page(at: &InTenant, token: &ScimToken, status: StatusCode, errors: &Errors) -> Done {
    let product = product(at)?;
    let mut db = at.by.app.base.store.read().await?;
    let admins = people::active_admins(&mut db, &at.tenant.id).await?;
    let successor = match &token.replaced_by {
        Some(id) => tokens::find(&mut db, &at.tenant.id, id).await?,
        None => None,
    };
    let owner = match &token.owner {
        Some(id) => people::find(&mut db, &at.tenant.id, id).await?,
        None => None,
    };
    drop(db);
    let (here, live) = (here(at, &token.id), token.is_live(at.by.now));
    let ids: Vec<PersonId> = admins.iter().map(|person| person.id.clone()).collect();
    let is_orphan = orphaned(std::slice::from_ref(token), &at.tenant.id, &ids, at.by.now).next().is_some();
    let used_still = successor.as_ref().and_then(|new| still_used(token, new));
    let once = form::once()?;
    let asked = Asked::default();
    let at_once = product.tokens.rotation == Rotation::AtOnce;
    let body = html! {
        @if is_orphan {
            p.note.warn { "Whoever answered for this token is no longer an active administrator. Let somebody else take it over, or replace it." }
        }
        @if let Some(used) = used_still {
            p.note.warn { "This token was used on " (instant(used.at)) ", after the new one came into use: some client has not changed over yet." }
        }
        dl {
            dt { "Id" } dd { code { (token.id) } }
            @if let Some(name) = &token.name { dt { "Name" } dd { (name) } }
            @if let Some(kind) = &token.kind { dt { "Type" } dd { (kind) } }
            @if let Some(text) = &token.description { dt { "Description" } dd { (text) } }
            dt { "State" } dd #token-state { (token_state(token, at)) }
            dt { "Made" } dd { (instant(token.created)) }
            dt { "Ends" } dd { @match token.end() { Some(end) => (instant(end)), None => span.tag.bad { "never" } } }
            @if let Some(at) = token.revoked { dt { "Revoked" } dd { (instant(at)) } }
            dt { "May" } dd { @for (scope, _, label) in SCOPES { @if token.scopes.contains(scope) { div { (label) } } } }
            dt { "Who answers for it" }
            dd {
                @match (&owner, &token.owner) {
                    (Some(owner), _) => (person_name(owner)),
                    (None, Some(id)) => code { (id) },
                    (None, None) => "nobody by name",
                }
            }
            dt { "First used" } dd { (instant_or(token.first_used, "never")) }
            dt { "Last used" }
            dd #last-used {
                @match &token.last_used {
                    None => "never",
                    Some(used) => {
                        (instant(used.at))
                        @if let Some(address) = used.address { ", from " code { (address) } }
                        @if let Some(agent) = &used.agent { ", by " (agent) }
                    }
                }
            }
            @if let Some(new) = &token.replaced_by {
                dt { "Replaced by" } dd { a href=(self::here(at, new)) { code { (new) } } }
            }
        }
        @if live && at.may(&Right::Security) {
            @if !admins.is_empty() {
                section aria-labelledby="owner-title" {
                    h2 #owner-title { "Take over" }
                    (form::post(&at.by, &format!("{here}/owner"), html! {
                        (owner_field(at, &product.tokens, "new_owner", &admins, None, errors))
                        (submit("take-over", "Let them answer for it"))
                    }))
                }
            }
            @if token.replaced_by.is_none() {
                section aria-labelledby="rotate-title" {
                    h2 #rotate-title { "Replace" }
                    @if at_once {
                        p { "The new token works at once, and this one no longer: the directory stops until it has the new one." }
                    } @else {
                        p { "The new token works at once; this one goes on for " (product.tokens.overlap_days) " days at most, so that the directory can change over." }
                    }
                    (form::post(&at.by, &format!("{here}/rotate"), html! {
                        (once)
                        (expiry_fields(&product.tokens, &asked, errors))
                        (owner_field(at, &product.tokens, "owner", &admins, token.owner.as_ref().map(PersonId::as_str), errors))
                        (submit("rotate-token", "Make its replacement"))
                    }))
                }
            }
            section aria-labelledby="revoke-title" {
                h2 #revoke-title { "Revoke" }
                p { "The next request with it is refused. This cannot be taken back." }
                (form::post(&at.by, &format!("{here}/revoke"), html! { (danger("revoke-token", "Revoke the token")) }))
            }
        }
        p { a href=(at.address(&format!("/scim/{}", token.connection))) { "Back to the connection" } }
    };
    let title = format!(
        "Token {}",
        token.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(token.id.as_str())
    );
    Ok(at.page_with(status, &title, errors, body))
}

/// The answer to the POST itself. No address leads here, so no history and no reload shows the secret again.
fn shown_once(at: &InTenant, row: &ScimToken, shown: ShownOnce) -> crate::http::answer::Answer {
    let back = at.address(&format!("/scim/{}", row.connection));
    at.page("Your new token", html! {
        p.note.warn { strong { "Copy it now." } " It is shown this once and cannot be shown again." }
        (copyable("token-secret", "Token", &shown.reveal()))
        p { "Put it into your directory's provisioning settings. Whoever has it can change the people of this tenant." }
        p { a.button href=(back) { "I have copied it" } }
    })
}

/// The form was sent before, such as by reloading the page that showed the token.
async fn again(at: &InTenant, mut tx: Tx) -> Done {
    at.by
        .flash(
            &mut tx,
            "That token was made and shown already. If you have lost it, revoke it and make another.",
        )
        .await?;
    tx.commit().await?;
    Ok(go(&at.address(&format!("/scim/{}", at.place("connection")))))
}

/// Issues what was asked for and stores all that follows.
pub(super) async fn make(
    at: &InTenant,
    tx: &mut Tx,
    product: &Arc<ProductProfile>,
    ask: TokenRequest,
) -> Result<Result<Issued, Errors>, Trouble> {
    let existing = tokens::of_connection(tx, &at.tenant.id, &ask.connection).await?;
    tokens::free_slots(tx, &existing, at.by.now).await?;
    let keys = at.by.app.base.keys.token_hash_keys()?;
    let issued = match issue(&product.tokens, &existing, ask, &random::bytes()?, keys.current(), at.by.now) {
        Ok(issued) => issued,
        Err(error) => return Ok(Err(Errors::one(field_of(&error), sentence(&error.to_string())))),
    };
    for old in &issued.changed {
        tokens::update(tx, old).await?;
    }
    tokens::insert(tx, &issued.row).await?;
    people::audit(tx, &issued.audit).await?;
    Ok(Ok(issued))
}

fn fill(ask: &mut TokenRequest, asked: &Asked, policy: &TokenPolicy) -> Result<(), Errors> {
    let given = |has: bool, text: &str| Some(text.to_owned()).filter(|text| has && !text.is_empty());
    ask.name = given(policy.names, &asked.name);
    ask.kind = given(policy.kind, &asked.kind);
    ask.description = given(policy.description, &asked.description);
    ask.scopes = asked.scopes.clone().unwrap_or_default();
    if ask.scopes.is_empty() {
        return Err(Errors::one("users_read", "Choose what the token may do"));
    }
    ask.expires = expiry_of(&asked.expires, asked.never)?;
    Ok(())
}

/// The end that a day and a box ask for.
pub(super) fn expiry_of(day: &str, never: bool) -> Result<ExpiryRequest, Errors> {
    match (never, day) {
        (true, "") => Ok(ExpiryRequest::DangerNever),
        (true, _) => Err(Errors::one("expires", "Choose a day or never, not both")),
        (false, "") => Ok(ExpiryRequest::Default),
        (false, text) => date(text)
            .map(ExpiryRequest::At)
            .map_err(|_| Errors::one("expires", "Write the day as 2027-01-31")),
    }
}

/// Who answers for the token: one of the administrators, or nobody.
async fn owner(
    at: &InTenant,
    tx: &mut Tx,
    ask: &mut TokenRequest,
    asked: &Asked,
) -> Result<Result<(), Errors>, Trouble> {
    let Some(chosen) = asked.owner.as_deref().filter(|chosen| !chosen.is_empty()) else { return Ok(Ok(())) };
    let admins = people::active_admins(tx, &at.tenant.id).await?;
    let Some(person) = admins.into_iter().find(|person| person.id.as_str() == chosen) else {
        return Ok(Err(Errors::one("owner", "Choose one of the administrators")));
    };
    ask.owner = Some(person.id);
    Ok(Ok(()))
}

async fn token(at: &InTenant) -> Result<ScimToken, Trouble> {
    let id = token_id(at)?;
    let mut db = at.by.app.base.store.read().await?;
    find(at, &mut db, &id).await
}

async fn find(at: &InTenant, db: &mut sqlx::AnyConnection, id: &TokenId) -> Result<ScimToken, Trouble> {
    let connection = connection_id(at)?;
    let found = tokens::find(db, &at.tenant.id, id).await?.filter(|token| token.connection == connection);
    Ok(found.ok_or_else(no_token)?)
}

fn token_id(at: &InTenant) -> Result<TokenId, Refusal> {
    TokenId::parse(at.place("token")).map_err(|_| no_token())
}

fn no_token() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "admin.no_token", "there is no such token")
}

fn here(at: &InTenant, id: &TokenId) -> String {
    at.address(&format!("/scim/{}/tokens/{id}", at.place("connection")))
}

fn person_name(person: &Person) -> String {
    let email = person.email.as_ref().map(ToString::to_string);
    match (&person.display_name, email) {
        (Some(name), Some(email)) => format!("{name} ({email})"),
        (Some(name), None) => name.clone(),
        (None, Some(email)) => email,
        (None, None) => person.id.to_string(),
    }
}

fn field_of(error: &TokenError) -> &'static str {
    match error {
        TokenError::Text { field } => field,
        TokenError::ExpiryInPast { .. }
        | TokenError::ExpiryRequired
        | TokenError::ExpiryTooLate { .. }
        | TokenError::NeverNotAllowed => "expires",
        _ => "main",
    }
}

impl Asked {
    /// The name and the end for a token that may do one thing alone.
    pub(super) fn name_and_end(&self, policy: &TokenPolicy, ask: &mut TokenRequest) -> Result<(), Errors> {
        ask.name = Some(self.name.clone()).filter(|name| policy.names && !name.is_empty());
        ask.expires = expiry_of(&self.expires, self.never)?;
        Ok(())
    }

    pub(super) fn read(form: &Params) -> Result<Self, Refusal> {
        let text = |name| form.one(name).map(|value| value.unwrap_or_default().trim().to_owned());
        let mut scopes = BTreeSet::new();
        for (scope, name, _) in SCOPES {
            if form.one(name)?.is_some() {
                scopes.insert(*scope);
            }
        }
        Ok(Self {
            name: text("name")?,
            kind: text("kind")?,
            description: text("description")?,
            expires: text("expires")?,
            never: form.one("never")?.is_some(),
            owner: form.one("owner")?.map(str::to_owned),
            scopes: Some(scopes),
        })
    }
}

const SCOPES: &[(Scope, &str, &str)] = &[
    (Scope::UsersRead, "users_read", "Read users"),
    (Scope::UsersWrite, "users_write", "Create, change and delete users"),
    (Scope::GroupsRead, "groups_read", "Read groups"),
    (Scope::GroupsWrite, "groups_write", "Create, change and delete groups"),
];
