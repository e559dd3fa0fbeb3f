//! How the people of a tenant sign in: off, optional or enforced, with a dry run before the last; and emergency access.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    Action, AdminId, ConnectionId, MAX_ARMED_HOURS, Method, Right, SamlConnection, SsoPolicy, Target,
};

use super::form::{self, Errors, Input, copyable, danger, submit};
use super::frame::{go, open_page};
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::show;
use crate::admin::accounts::AccountFault;
use crate::admin::{Admin, AdminState, Scope, emergency};
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::policy::{self, AdminWay, DryRun, PolicyFault, Relaxed};
use crate::store::{admins, tenants};

/// `GET …/policy`.
pub(super) async fn show(at: InTenant) -> Done {
    page(&at, StatusCode::OK, &Errors::default()).await
}

/// `GET …/policy/dry-run?connection=…`: what enforcing would do. It changes nothing.
pub(super) async fn dry_run(at: InTenant) -> Done {
    let chosen = chosen(&at.by.query)?;
    preview(&at, StatusCode::OK, &chosen, None).await
}

/// `POST …/policy`: off or optional.
pub(super) async fn relax(PostedInTenant { at, form }: PostedInTenant) -> Done {
    at.require(&Right::Security, Action::SsoPolicyChanged, Target::Tenant).await?;
    let to = match form.one("policy")? {
        Some("off") => Relaxed::Off,
        Some("optional") => Relaxed::Optional,
        _ => return Err(Refusal::bad_request("policy.unknown", "there is no such policy").into()),
    };
    let mut tx = at.begin().await?;
    let after = policy::relax(&mut tx, &at.tenant.id, to, &at.actor(), at.by.now).await?;
    at.by.flash(&mut tx, &format!("Single sign-on is {} now.", after.sso.name())).await?;
    tx.commit().await?;
    Ok(go(&at.address("/policy")))
}

/// `POST …/policy/enforce`: what the dry run showed, if it still stands.
pub(super) async fn enforce(PostedInTenant { at, form }: PostedInTenant) -> Done {
    at.require(&Right::Security, Action::SsoPolicyChanged, Target::Tenant).await?;
    let chosen = chosen(&form)?;
    if form.one("agreed")? != Some("yes") {
        let errors = Errors::one("agreed", "Say that you have read the dry run");
        return preview(&at, StatusCode::UNPROCESSABLE_ENTITY, &chosen, Some(errors)).await;
    }
    let digest = form.one("digest")?.unwrap_or_default();
    let mut tx = at.begin().await?;
    let done =
        policy::enforce(&at.by.app.base, &mut tx, &at.tenant.id, &chosen, digest, &at.actor(), at.by.now)
            .await;
    match done {
        Ok(after) => {
            at.by.flash(&mut tx, "Single sign-on is enforced now.").await?;
            tx.commit().await?;
            if at.by.session.facts.as_ref().is_some_and(|facts| facts.method == Method::Password) {
                return Ok(signed_out(after.id.as_str()));
            }
            Ok(go(&at.address("/policy")))
        }
        Err(PolicyFault::Enforce(error)) => {
            drop(tx);
            tracing::info!(code = error.code(), "single sign-on was not enforced");
            let errors = Errors::one("agreed", sentence(&error.to_string()));
            preview(&at, StatusCode::CONFLICT, &chosen, Some(errors)).await
        }
        Err(fault) => Err(fault.into()),
    }
}

/// `POST …/policy/emergency`: opens emergency access.
pub(super) async fn arm(PostedInTenant { at, form }: PostedInTenant) -> Done {
    at.require(&Right::Security, Action::BreakGlassChanged, Target::Tenant).await?;
    let hours: u16 = form.one("hours")?.unwrap_or_default().trim().parse().unwrap_or_default();
    let mut tx = at.begin().await?;
    let tenant = tenants::find(&mut tx, &at.tenant.id).await?.ok_or(AccountFault::NoTenant)?;
    match emergency::arm(&mut tx, tenant, hours, &at.actor(), at.by.now).await {
        Ok(()) => {
            at.by.flash(&mut tx, &format!("Emergency access is open for {hours} hours.")).await?;
            tx.commit().await?;
            Ok(go(&at.address("/policy")))
        }
        Err(AccountFault::BreakGlass(error)) => {
            drop(tx);
            let errors = Errors::one("hours", sentence(&error.to_string()));
            page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors).await
        }
        Err(fault) => Err(fault.into()),
    }
}

/// `POST …/policy/emergency/{admin}`: gives emergency access, or other codes; shows them, once.
pub(super) async fn name(PostedInTenant { at, form }: PostedInTenant) -> Done {
    at.require(&Right::Security, Action::BreakGlassChanged, Target::Tenant).await?;
    let mut tx = at.begin().await?;
    if !at.by.first_use(&mut tx, &form).await? {
        at.by
            .flash(&mut tx, "Those codes were made and shown already. If they are lost, make others.")
            .await?;
        tx.commit().await?;
        return Ok(go(&at.address("/policy")));
    }
    let admin = account(&at, &mut tx).await?;
    let keys = &at.by.app.base.keys;
    let codes = emergency::name(&mut tx, keys, &admin, &at.actor(), at.by.now).await?;
    tx.commit().await?;
    let own = at.by.admin.id == admin.id;
    let body = html! {
        p.note.warn { strong { "Print these codes now and lock them away." } " They are shown this once." }
        (copyable("address", "Sign-in address", &at.by.app.public_url.join(&format!("/admin/sign-in?org={}&emergency=yes", at.tenant.id))))
        ol #emergency-codes { @for code in &codes { li { code { (code) } } } }
        p { "When the identity provider does not work and emergency access is open, " (admin.email) " signs in with their password and one \
             of these codes. Each works once." }
        @if own { p { "It is your own account: you are signed out with the next page." } }
        p { a.button href=(at.address("/policy")) { "They are locked away" } }
    };
    Ok(at.page("Emergency codes", body))
}

/// `POST …/policy/emergency/{admin}/end`.
pub(super) async fn unname(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    at.require(&Right::Security, Action::BreakGlassChanged, Target::Tenant).await?;
    let mut tx = at.begin().await?;
    let admin = account(&at, &mut tx).await?;
    emergency::unname(&mut tx, &admin, &at.actor(), at.by.now).await?;
    at.by.flash(&mut tx, &format!("{} has no emergency access any more.", admin.email)).await?;
    tx.commit().await?;
    Ok(go(&at.address("/policy")))
}

async fn account(at: &InTenant, tx: &mut crate::store::Tx) -> Result<Admin, Trouble> {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "admin.no_account", "there is no such account");
    let id = AdminId::parse(at.place("admin")).map_err(|_| unknown())?;
    let known = admins::find(tx, &Scope::Tenant(at.tenant.id.clone()), &id).await?;
    Ok(known.ok_or_else(unknown)?.admin)
}

async fn page(at: &InTenant, status: StatusCode, errors: &Errors) -> Done {
    let mut db = at.by.app.base.store.read().await?;
    let connections = tenants::all_saml(&mut db, &at.tenant.id).await?;
    let mut accounts = admins::list(&mut db, &Scope::Tenant(at.tenant.id.clone())).await?;
    accounts.retain(|admin| admin.state == AdminState::Active);
    let mut rows = Vec::new();
    for admin in accounts {
        let left = admins::emergency_codes(&mut db, &admin).await?;
        rows.push((admin, left));
    }
    drop(db);
    let named = &at.tenant.break_glass.persons;
    let may = at.may(&Right::Security);
    let body = html! {
        p #policy { "Single sign-on is " strong { (at.tenant.sso.name()) } ". " (meaning(&at.tenant.sso)) }
        @if let SsoPolicy::Enforced { connections: counted, since, .. } = &at.tenant.sso {
            p { "Since " (show::instant(*since)) ", through "
                @for (number, id) in counted.iter().enumerate() { @if number > 0 { ", " } (called(&connections, id)) } "." }
        }
        @if may { (change(at, &connections)?) }
        section aria-labelledby="emergency-title" {
            h2 #emergency-title { "Emergency access" }
            p { "When the identity provider does not work, nobody gets in by it. Name at least one account that then signs in with its \
                 password and a code on paper. From then on it gets in only while emergency access is open; best use an account that is for \
                 nothing else. Whoever operates this service can open it for you." }
            @match at.tenant.break_glass.armed_until.filter(|until| *until > at.by.now) {
                Some(until) => { p #armed { span.tag.bad { "open" } " until " (show::instant(until)) "." } },
                None => { p #armed { "It is closed." } },
            }
            @if may && !named.is_empty() {
                (form::post(&at.by, &at.address("/policy/emergency"), html! {
                    (Input::new("hours", "Open it for how many hours?").value("4").most(3)
                        .hint(&format!("At most {MAX_ARMED_HOURS}. Each use is in the audit trail.")).show(errors))
                    (submit("arm", "Open emergency access"))
                }))
            }
            @if rows.is_empty() { p { "This organisation has no administrators of its own yet." } }
            @else { (accounts_table(at, may, &rows)?) }
        }
    };
    Ok(at.page_with(status, "Sign-in policy", errors, body))
}

fn change(at: &InTenant, connections: &[SamlConnection]) -> Result<Markup, Trouble> {
    let plain = |to: &'static str, text: &'static str| {
        html! {
            @if at.tenant.sso.name() != to {
                (form::post(&at.by, &at.address("/policy"), html! {
                    input type="hidden" name="policy" value=(to);
                    (submit(&format!("set-{to}"), text))
                }))
            }
        }
    };
    Ok(html! {
        section aria-labelledby="change-title" {
            h2 #change-title { "Change it" }
            div.actions {
                (plain("optional", "Make it optional"))
                (plain("off", "Switch it off"))
            }
            p.hint { "Switched off, sessions that single sign-on began end at once." }
            h3 { "Enforce it" }
            @if connections.is_empty() { p { "There is no connection to an identity provider yet." } }
            @else {
                p { "First look at who would be shut out. Looking changes nothing." }
                form method="get" action=(at.address("/policy/dry-run")) {
                    fieldset {
                        legend { "Connections that count" }
                        @for connection in connections {
                            @let id = format!("connection-{}", connection.id);
                            div.field.tick {
                                input type="checkbox" id=(id) name="connection" value=(connection.id) checked[connection.state.is_active()];
                                label for=(id) { (called(connections, &connection.id)) }
                            }
                        }
                    }
                    (submit("dry-run", "Try it out"))
                }
            }
        }
    })
}

fn accounts_table(at: &InTenant, may: bool, rows: &[(Admin, i64)]) -> Result<Markup, Trouble> {
    let mut cells = Vec::new();
    for (admin, left) in rows {
        let named = admin.person.as_ref().is_some_and(|id| at.tenant.break_glass.persons.contains(id));
        let place = at.address(&format!("/policy/emergency/{}", admin.id));
        let once = form::once()?;
        let text = if named { "Make other codes" } else { "Give emergency access" };
        cells.push(html! {
            tr {
                td data-label="Account" { (admin.email) }
                td data-label="Gets in" {
                    @if named { "by emergency access, " (left) " codes left" }
                    @else if admin.person.is_some() { "by single sign-on or password" }
                    @else { "by password" }
                }
                td data-label="Change" {
                    @if may && (named || admin.person.is_none()) {
                        (form::post(&at.by, &place, html! { (once) (submit(&format!("name-{}", admin.id), text)) }))
                    }
                    @if may && named {
                        (form::post(&at.by, &format!("{place}/end"), danger(&format!("end-{}", admin.id), "Take it away")))
                    }
                }
            }
        });
    }
    Ok(html! {
        table.reflow {
            thead { tr { th scope="col" { "Account" } th scope="col" { "Gets in" } th scope="col" { "Change" } } }
            tbody { @for cell in &cells { (cell) } }
        }
    })
}

async fn preview(
    at: &InTenant,
    status: StatusCode,
    chosen: &BTreeSet<ConnectionId>,
    errors: Option<Errors>,
) -> Done {
    let errors = errors.unwrap_or_default();
    let mut db = at.by.app.base.store.read().await?;
    let run = policy::dry_run(&at.by.app.base, &mut db, &at.tenant, chosen, at.by.now).await?;
    let connections = tenants::all_saml(&mut db, &at.tenant.id).await?;
    drop(db);
    let found = &run.preview;
    let names: Vec<String> = chosen.iter().map(|id| called(&connections, id)).collect();
    let body = html! {
        p { "This is what enforcing single sign-on through " strong { (names.join(", ")) } " would do. Nothing has changed yet." }
        ul #outcome {
            li { (found.ready.len()) " can sign in: they have done so before." }
            li { (found.will_pair.len()) " will be recognised at their first login: the directory knows them." }
            li { strong { (found.shut_out.len()) } " would be shut out." }
            li { (found.break_glass.len()) " have emergency access." }
        }
        @if !found.shut_out.is_empty() { (shut_out(&run)) }
        (administrators(&run))
        @if found.blockers.is_empty() {
            @if at.may(&Right::Security) { (agree(at, chosen, &run, &errors)) }
        } @else {
            section aria-labelledby="blockers-title" {
                h2 #blockers-title { "What is missing" }
                p { "It cannot be enforced before this is done:" }
                ul #blockers { @for blocker in &found.blockers {
                    li { (sentence(&blocker.to_string())) ". " span.quiet { "(" code { (blocker.code()) } ")" } }
                } }
            }
        }
        p { a href=(at.address("/policy")) { "Back, without a change" } }
    };
    Ok(at.page_with(status, "Dry run", &errors, body))
}

fn shut_out(run: &DryRun) -> Markup {
    let all = &run.preview.shut_out;
    html! {
        section aria-labelledby="shut-out-title" {
            h2 #shut-out-title { "Who would be shut out" }
            table.reflow #shut-out {
                thead { tr { th scope="col" { "Person" } th scope="col" { "Why" } } }
                tbody { @for out in all.iter().take(MOST_SHOWN) {
                    tr { td data-label="Person" { (run.name(&out.person)) } td data-label="Why" { (policy::why(out.why)) } }
                } }
            }
            @if all.len() > MOST_SHOWN { p { "and " (all.len().saturating_sub(MOST_SHOWN)) " more." } }
        }
    }
}

fn administrators(run: &DryRun) -> Markup {
    html! {
        section aria-labelledby="admins-title" {
            h2 #admins-title { "Administrators" }
            @if run.admins.is_empty() { p { "There are none of this organisation." } }
            ul #admins { @for (admin, way) in &run.admins {
                li { (admin.email) ": " @match way {
                    AdminWay::Emergency => "gets in by emergency access, while it is open",
                    AdminWay::None => { strong { "would be shut out" } ": the account is tied to nobody who can sign in. Its owner ties it at “Your single sign-on”" },
                    AdminWay::SingleSignOn => "gets in by single sign-on",
                } "." }
            } }
        }
    }
}

fn agree(at: &InTenant, chosen: &BTreeSet<ConnectionId>, run: &DryRun, errors: &Errors) -> Markup {
    let (people, accounts) = (run.preview.shut_out.len(), run.admins_shut_out().count());
    let text = format!(
        "I have read this: {people} people and {accounts} administrators are shut out, and sessions that began otherwise end"
    );
    html! {
        section aria-labelledby="agree-title" {
            h2 #agree-title { "Enforce it" }
            p { "If somebody else comes to be shut out before you press the button, you are asked again." }
            (form::post(&at.by, &at.address("/policy/enforce"), html! {
                input type="hidden" name="digest" value=(run.digest);
                @for id in chosen { input type="hidden" name="connection" value=(id); }
                (form::checkbox("agreed", &text, false))
                @if !errors.is_empty() { p.hint { "Nothing was changed." } }
                (danger("enforce", "Enforce single sign-on"))
            }))
        }
    }
}

/// The session of whoever enforced it has just ended, if a password began it.
fn signed_out(org: &str) -> crate::http::answer::Answer {
    let body = html! {
        p { "Your own session began with a password, so it has ended too." }
        p { a.button href=(format!("/admin/sso?org={org}")) { "Sign in by single sign-on" } }
    };
    open_page(StatusCode::OK, "Single sign-on is enforced", &Errors::default(), body)
}

fn meaning(policy: &SsoPolicy) -> &'static str {
    match policy {
        SsoPolicy::Enforced { .. } => {
            "Whoever is not named for emergency access signs in through your identity provider."
        }
        SsoPolicy::Off => "Nobody signs in through an identity provider.",
        SsoPolicy::Optional => "Each person signs in as they like.",
    }
}

fn called(connections: &[SamlConnection], id: &ConnectionId) -> String {
    let known = connections.iter().find(|connection| connection.id == *id);
    let name = known.map(|connection| connection.display_name.as_str()).filter(|name| !name.is_empty());
    name.unwrap_or(id.as_str()).to_owned()
}

fn chosen(form: &Params) -> Result<BTreeSet<ConnectionId>, Trouble> {
    let ids = form.pairs().filter(|(name, _)| *name == "connection").map(|(_, id)| ConnectionId::parse(id));
    let unknown = |_| Refusal::bad_request("policy.connection", "there is no such connection");
    Ok(ids.collect::<Result<_, _>>().map_err(unknown)?)
}

impl From<PolicyFault> for Refusal {
    fn from(fault: PolicyFault) -> Self {
        match fault {
            PolicyFault::Enforce(error) => Self::new(StatusCode::CONFLICT, error.code(), error.to_string()),
            PolicyFault::NoTenant => Self::new(StatusCode::NOT_FOUND, "admin.no_tenant", fault.to_string()),
            PolicyFault::Store(error) => error.into(),
        }
    }
}

/// As many as somebody reads; the number says how many there are.
const MOST_SHOWN: usize = 200;
