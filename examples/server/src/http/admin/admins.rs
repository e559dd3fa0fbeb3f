//! Who uses these pages: invite, reset, revoke; for a tenant by those who manage its security, for the operator by the
//! operator.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{Action, AdminId, EmailAddress, Right, Target};

use super::form::{self, Errors, Input, checkbox, copyable, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, Posted, PostedInTenant, SignedIn, Trouble};
use super::show::{self, instant_or};
use crate::admin::accounts::{self, AccountFault, DEFAULT_HOURS, Invitation};
use crate::admin::{Admin, AdminRight, AdminState, Scope};
use crate::http::answer::{Answer, Refusal};
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::store::{Tx, admins};

/// `GET /admin/tenants/{tenant}/admins`.
pub(super) async fn of_tenant(at: InTenant) -> Done {
    let scope = Scope::Tenant(at.tenant.id.clone());
    let body = body(&at.by, &scope, &at.address("/admins"), at.may(&Right::Security), "", &Errors::default())
        .await?;
    Ok(at.page("Administrators", body))
}

/// `GET /admin/admins`: the operator's own, and what happened to them.
pub(super) async fn of_operator(by: SignedIn) -> Done {
    super::tenants::operators_only(&by)?;
    Ok(by.page("Operators", operators_body(&by, "", &Errors::default()).await?))
}

/// `POST /admin/tenants/{tenant}/admins`: invites someone; shows the code, once.
pub(super) async fn invite_to_tenant(PostedInTenant { at, form }: PostedInTenant) -> Done {
    at.require(&Right::Security, Action::AdminChanged, Target::Tenant).await?;
    let scope = Scope::Tenant(at.tenant.id.clone());
    let here = at.address("/admins");
    match invite(&at.by, &scope, &here, &form).await? {
        Invited::Shown(email, code) => {
            let org = at.tenant.id.as_str();
            Ok(at.page("Invited", code_page(&at.by, &here, &email, &code, org)))
        }
        Invited::Again(answer) => Ok(answer),
        Invited::Wrong(email, errors) => {
            let body = body(&at.by, &scope, &here, true, &email, &errors).await?;
            Ok(at.page_with(StatusCode::UNPROCESSABLE_ENTITY, "Administrators", &errors, body))
        }
    }
}

/// `POST /admin/admins`: the same for the operator.
pub(super) async fn invite_operator(Posted { by, form }: Posted) -> Done {
    may_manage_operators(&by)?;
    match invite(&by, &Scope::Operator, HERE, &form).await? {
        Invited::Shown(email, code) => Ok(by.page("Invited", code_page(&by, HERE, &email, &code, ""))),
        Invited::Again(answer) => Ok(answer),
        Invited::Wrong(email, errors) => {
            let body = operators_body(&by, &email, &errors).await?;
            Ok(by.page_with(StatusCode::UNPROCESSABLE_ENTITY, "Operators", &errors, body))
        }
    }
}

/// `POST /admin/tenants/{tenant}/admins/{admin}/revoke`.
pub(super) async fn revoke_of_tenant(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let id = admin_id(at.place("admin"))?;
    at.require(&Right::Security, Action::AdminChanged, Target::Admin(id.clone())).await?;
    revoke(&at.by, &Scope::Tenant(at.tenant.id.clone()), &id, &at.address("/admins")).await
}

/// `POST /admin/admins/{admin}/revoke`.
pub(super) async fn revoke_operator(
    axum::extract::Path(admin): axum::extract::Path<String>,
    Posted { by, .. }: Posted,
) -> Done {
    may_manage_operators(&by)?;
    revoke(&by, &Scope::Operator, &admin_id(&admin)?, HERE).await
}

enum Invited {
    Again(Answer),
    Shown(String, String),
    Wrong(String, Errors),
}

async fn invite(by: &SignedIn, scope: &Scope, here: &str, form: &Params) -> Result<Invited, Trouble> {
    let email = form.one("email")?.unwrap_or_default().trim().to_owned();
    let mut rights = BTreeSet::new();
    for right in AdminRight::all() {
        if form.one(right.name())?.is_some() {
            rights.insert(right);
        }
    }
    let wrong = |name: &str, text: String| Ok(Invited::Wrong(email.clone(), Errors::one(name, text)));
    let address = match EmailAddress::parse(&email) {
        Ok(address) => address,
        Err(error) => return wrong("email", sentence(&error.to_string())),
    };
    // Nobody hands on what they have not got.
    if !rights.is_subset(&by.admin.rights) {
        return wrong("members", "You can only give rights that you have yourself".to_owned());
    }
    let mut tx = admins::begin(&by.app.base.store, scope).await?;
    if !by.first_use(&mut tx, form).await? {
        by.flash(&mut tx, "That code was made and shown already. If it is lost, invite the person again.")
            .await?;
        tx.commit().await?;
        return Ok(Invited::Again(go(here)));
    }
    let ask = Invitation { scope: scope.clone(), email: address, rights, hours: DEFAULT_HOURS };
    match accounts::invite(&mut tx, &by.app.base.keys, ask, &by.admin.actor(), by.now).await {
        Ok((admin, code)) => {
            tx.commit().await?;
            Ok(Invited::Shown(admin.email.to_string(), code))
        }
        Err(error @ AccountFault::Exists) => wrong("email", sentence(&error.to_string())),
        Err(error) => Err(error.into()),
    }
}

async fn revoke(by: &SignedIn, scope: &Scope, id: &AdminId, here: &str) -> Done {
    if *scope == by.admin.scope && *id == by.admin.id {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "admin.own_account",
            "you cannot revoke your own account; another administrator can",
        )
        .into());
    }
    let mut tx: Tx = admins::begin(&by.app.base.store, scope).await?;
    let known = admins::find(&mut tx, scope, id).await?.ok_or_else(no_admin)?;
    accounts::revoke(&mut tx, &known.admin, &by.admin.actor(), by.now).await?;
    by.flash(&mut tx, "The account is switched off; their next request is refused.").await?;
    tx.commit().await?;
    Ok(go(here))
}

async fn operators_body(by: &SignedIn, email: &str, errors: &Errors) -> Result<Markup, Trouble> {
    let accounts = body(by, &Scope::Operator, HERE, may_manage_operators(by).is_ok(), email, errors).await?;
    let mut db = by.app.base.store.read().await?;
    let events = admins::recent(&mut db, 50).await?;
    let names = admins::list(&mut db, &Scope::Operator).await?;
    drop(db);
    let name = |id: &AdminId| {
        names
            .iter()
            .find(|admin| admin.id == *id)
            .map_or("an operator", |admin| admin.email.as_str())
            .to_owned()
    };
    Ok(html! {
        (accounts)
        section aria-labelledby="trail-title" {
            h2 #trail-title { "What happened to these accounts" }
            table.reflow {
                thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Account" } th scope="col" { "Outcome" } } }
                tbody {
                    @for event in &events {
                        tr {
                            td data-label="When" { (show::instant(event.at)) }
                            td data-label="What" { (show::words(&crate::store::audit::action_name(event.action))) ": " (event.change) }
                            td data-label="Account" { (name(&event.admin)) }
                            td data-label="Outcome" { (show::outcome(&event.outcome)) }
                        }
                    }
                }
            }
        }
    })
}

async fn body(
    by: &SignedIn,
    scope: &Scope,
    here: &str,
    may: bool,
    email: &str,
    errors: &Errors,
) -> Result<Markup, Trouble> {
    let mut db = by.app.base.store.read().await?;
    let known = admins::list(&mut db, scope).await?;
    drop(db);
    let once = form::once()?;
    Ok(html! {
        @if known.is_empty() { p { "There is nobody yet." } }
        @else {
            table.reflow {
                thead { tr { th scope="col" { "E-mail" } th scope="col" { "State" } th scope="col" { "Rights" } th scope="col" { "Last sign-in" } th scope="col" { "Change" } } }
                tbody { @for admin in &known { (row(by, here, may, admin)) } }
            }
        }
        @if may {
            section aria-labelledby="invite-title" {
                h2 #invite-title { "Invite an administrator" }
                p { "You get a one-time code to hand on. It works for " (DEFAULT_HOURS) " hours. Inviting again gives a new code." }
                (form::post(by, here, html! {
                    (once)
                    (Input::new("email", "E-mail address").kind("email").value(email).show(errors))
                    fieldset {
                        legend { "Rights" }
                        @for (right, label) in RIGHTS {
                            @if by.admin.rights.contains(right) { (checkbox(right.name(), label, true)) }
                        }
                    }
                    (submit("invite", "Make the code"))
                }))
            }
        }
    })
}

fn row(by: &SignedIn, here: &str, may: bool, admin: &Admin) -> Markup {
    let rights: Vec<&str> = admin.rights.iter().map(|right| right.name()).collect();
    let own = admin.scope == by.admin.scope && admin.id == by.admin.id;
    html! {
        tr {
            td data-label="E-mail" { (admin.email) @if own { span.quiet { " (you)" } } }
            td data-label="State" { (admin.state.name()) }
            td data-label="Rights" { (rights.join(", ")) }
            td data-label="Last sign-in" { (instant_or(admin.last_sign_in, "never")) }
            td data-label="Change" {
                @if may && !own && admin.state != AdminState::Revoked {
                    (form::post(by, &format!("{here}/{}/revoke", admin.id), danger(&format!("revoke-{}", admin.id), "Revoke")))
                }
            }
        }
    }
}

fn code_page(by: &SignedIn, here: &str, email: &str, code: &str, org: &str) -> Markup {
    let query = if org.is_empty() { String::new() } else { format!("?org={org}") };
    html! {
        p.note.warn { strong { "Copy the code now." } " It is shown this once." }
        (copyable("start-address", "Address", &by.app.public_url.join(&format!("/admin/start{query}"))))
        (copyable("one-time-code", "One-time code", code))
        p { "Send both to " (email) ", best in two ways. Whoever has the code chooses the password." }
        p { a.button href=(here) { "I have copied it" } }
    }
}

fn may_manage_operators(by: &SignedIn) -> Result<(), Trouble> {
    super::tenants::operators_only(by)?;
    if by.admin.rights.contains(&AdminRight::Security) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "right.missing", "this needs the right security").into())
}

fn admin_id(text: &str) -> Result<AdminId, Refusal> {
    AdminId::parse(text).map_err(|_| no_admin())
}

fn no_admin() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "admin.no_admin", "there is no such administrator")
}

const HERE: &str = "/admin/admins";
const RIGHTS: &[(AdminRight, &str)] = &[
    (AdminRight::Members, "People: roles, guests, the mapping"),
    (AdminRight::Security, "Security: tokens, domains, sign-in policy, administrators"),
    (AdminRight::Trust, "Trust: which identity provider is believed"),
];
