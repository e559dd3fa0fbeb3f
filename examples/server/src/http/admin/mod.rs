//! The administration pages. Server-rendered, without inline style or script, usable without JavaScript.
//!
//! # Adding a page
//! 1. Write a module here with handlers. A handler takes one of the types of [`guard`], which sign-in, tenant, CSRF
//!    token, origin and the size of the form are checked by, and answers [`guard::Done`]:
//!    ```ignore
//!    pub(super) async fn show(at: InTenant) -> Done {
//!        Ok(at.page("Domains", html! { p { "…" } }))               // escapes what is put in
//!    }
//!    pub(super) async fn add(PostedInTenant { at, form }: PostedInTenant) -> Done {
//!        at.require(&Right::Security, Action::DomainChanged, Target::Tenant).await?;
//!        let mut tx = at.begin().await?;
//!        // … a function of tenant-model decides; store what it gives, and its audit event, in this transaction …
//!        at.by.flash(&mut tx, "The domain was added.").await?;
//!        tx.commit().await?;
//!        Ok(go(&at.address("/domains")))                          // post, redirect, get
//!    }
//!    ```
//! 2. Add its routes to `routes`: below `/admin/tenants/{tenant}/…`, GET to show, POST to change, nothing else.
//! 3. Add it to [`frame::TABS`], if it shall be found in the tenant's navigation.
//!
//! Forms are made with [`form`]: [`form::post`] puts the token in, [`form::Input`] and its like tie label, hint and error
//! to the control; [`form::copyable`] shows a value to copy. On mistakes answer the same page with
//! [`guard::SignedIn::page_with`] and the [`form::Errors`]. A secret that is shown once is shown by the answer to the
//! POST itself, never by an address; ask [`guard::SignedIn::first_use`] first. A form that leads a browser to another
//! site (a connection test) is a link instead: `form-action 'self'` forbids it.

mod account;
mod admins;
mod audit;
mod clients;
mod config_tokens;
mod domains;
pub mod form;
pub mod frame;
pub mod guard;
mod overview;
mod own;
mod people;
mod policy;
mod quirks;
mod roles;
mod scim;
pub mod show;
mod sign_in;
mod sso;
mod start;
mod suspend;
mod tenants;
mod tokens;

use axum::Router;
use axum::routing::{get, post};

use crate::app::Shared;

/// The routes of the administration pages.
pub(super) fn routes(router: Router<Shared>) -> Router<Shared> {
    sso::routes(router)
        .route("/admin", get(tenants::home))
        .route("/admin/account", get(own::show))
        .route("/admin/account/password", post(own::change))
        .route("/admin/account/sign-out", post(own::leave))
        .route("/admin/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/admin/account/sso", get(account::show))
        .route("/admin/account/tie", post(account::tie))
        .route("/admin/account/untie", post(account::untie))
        .route("/admin/sign-out", post(sign_in::leave))
        .route("/admin/sso", get(account::ways).post(account::enter))
        .route("/admin/start", get(start::show).post(start::choose))
        .route("/admin/tenants", get(tenants::list).post(tenants::create))
        .route("/admin/admins", get(admins::of_operator).post(admins::invite_operator))
        .route("/admin/admins/{admin}/revoke", post(admins::revoke_operator))
        .route("/admin/tenants/{tenant}", get(overview::show))
        .route("/admin/tenants/{tenant}/state", get(suspend::show).post(suspend::change))
        .route("/admin/tenants/{tenant}/admins", get(admins::of_tenant).post(admins::invite_to_tenant))
        .route("/admin/tenants/{tenant}/admins/{admin}/revoke", post(admins::revoke_of_tenant))
        .route("/admin/tenants/{tenant}/audit", get(audit::show))
        .route("/admin/tenants/{tenant}/audit.csv", get(audit::csv))
        .route("/admin/tenants/{tenant}/audit.json", get(audit::json))
        .route("/admin/tenants/{tenant}/domains", get(domains::show).post(domains::add))
        .route("/admin/tenants/{tenant}/domains/{domain}", get(domains::one))
        .route("/admin/tenants/{tenant}/domains/{domain}/again", post(domains::again))
        .route("/admin/tenants/{tenant}/domains/{domain}/check", post(domains::check))
        .route("/admin/tenants/{tenant}/domains/{domain}/release", post(domains::release))
        .route("/admin/tenants/{tenant}/domains/{domain}/sign-in", post(domains::route))
        .route("/admin/tenants/{tenant}/groups", get(people::groups))
        .route("/admin/tenants/{tenant}/groups/{resource}", get(people::group))
        .route("/admin/tenants/{tenant}/people", get(people::accounts))
        .route("/admin/tenants/{tenant}/people/{person}", get(people::person))
        .route("/admin/tenants/{tenant}/policy", get(policy::show).post(policy::relax))
        .route("/admin/tenants/{tenant}/policy/dry-run", get(policy::dry_run))
        .route("/admin/tenants/{tenant}/policy/emergency", post(policy::arm))
        .route("/admin/tenants/{tenant}/policy/emergency/{admin}", post(policy::name))
        .route("/admin/tenants/{tenant}/policy/emergency/{admin}/end", post(policy::unname))
        .route("/admin/tenants/{tenant}/policy/enforce", post(policy::enforce))
        .route("/admin/tenants/{tenant}/scim", get(scim::list).post(scim::add))
        .route("/admin/tenants/{tenant}/scim/{connection}", get(scim::show))
        .route("/admin/tenants/{tenant}/quirks", get(quirks::show))
        .route("/admin/tenants/{tenant}/scim/{connection}/clients", get(clients::list).post(clients::create))
        .route(
            "/admin/tenants/{tenant}/scim/{connection}/clients/{client}/secrets",
            post(clients::add_secret),
        )
        .route(
            "/admin/tenants/{tenant}/scim/{connection}/clients/{client}/secrets/{slot}/revoke",
            post(clients::revoke),
        )
        .route("/admin/tenants/{tenant}/scim/{connection}/roles", get(roles::show).post(roles::change))
        .route("/admin/tenants/{tenant}/scim/{connection}/roles/{rule}", post(roles::change))
        .route("/admin/tenants/{tenant}/scim/{connection}/state", post(scim::switch))
        .route("/admin/tenants/{tenant}/scim/{connection}/tokens", post(tokens::create))
        .route("/admin/tenants/{tenant}/scim/{connection}/tokens/{token}", get(tokens::show))
        .route("/admin/tenants/{tenant}/scim/{connection}/tokens/{token}/owner", post(tokens::change_owner))
        .route("/admin/tenants/{tenant}/scim/{connection}/tokens/{token}/revoke", post(tokens::end))
        .route("/admin/tenants/{tenant}/scim/{connection}/tokens/{token}/rotate", post(tokens::rotate))
        .route("/admin/tenants/{tenant}/sso-tokens", get(config_tokens::show).post(config_tokens::create))
        .route("/admin/tenants/{tenant}/sso-tokens/{token}/revoke", post(config_tokens::end))
        .route("/admin/tenants/{tenant}/users", get(people::users))
        .route("/admin/tenants/{tenant}/users/{resource}", get(people::user))
}
