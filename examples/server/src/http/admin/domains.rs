//! The mail domains of a tenant: claimed, proved by the DNS, and where people with such an address sign in.

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    Action, Domain, DomainClaim, DomainState, LAPSE_GRACE_DAYS, Right, SamlConnection, Target, TxtRecord,
    VerifiedBy,
};

use super::form::{self, Errors, Input, copyable, danger, submit};
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::show;
use crate::domains::{self, DomainFault, Routing};
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::store::tenants;

/// `GET …/domains`.
pub(super) async fn show(at: InTenant) -> Done {
    list(&at, StatusCode::OK, "", &Errors::default()).await
}

/// `POST …/domains`: claims one.
pub(super) async fn add(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let typed = form.one("domain")?.unwrap_or_default().trim().to_owned();
    at.require(&Right::Security, Action::DomainChanged, Target::Tenant).await?;
    let domain = match Domain::parse(&typed) {
        Ok(domain) => domain,
        Err(error) => {
            let errors = Errors::one("domain", sentence(&error.to_string()));
            return list(&at, StatusCode::UNPROCESSABLE_ENTITY, &typed, &errors).await;
        }
    };
    let routing = first_routing(&at).await?;
    match domains::claim(&at.by.app.base, &at.tenant.id, &domain, &routing, &at.actor(), at.by.now).await {
        Ok(_) => said(&at, &place(&at, &domain, ""), "Now publish the record, then look it up.").await,
        Err(fault @ (DomainFault::Domain(_) | DomainFault::Known | DomainFault::TooMany)) => {
            let errors = Errors::one("domain", sentence(&fault.to_string()));
            list(&at, StatusCode::UNPROCESSABLE_ENTITY, &typed, &errors).await
        }
        Err(fault) => Err(fault.into()),
    }
}

/// `GET …/domains/{domain}`.
pub(super) async fn one(at: InTenant) -> Done {
    let (domain, claim) = named(&at)?;
    let mut db = at.by.app.base.store.read().await?;
    let record = domains::record(&at.by.app.base.keys, &mut db, &at.tenant.id, &domain).await?;
    let connections = tenants::all_saml(&mut db, &at.tenant.id).await?;
    drop(db);
    let may = at.may(&Right::Security);
    let failed = matches!(claim.state, DomainState::Failed { .. });
    let body = html! {
        p #state { (tag(claim)) " " (explained(&at, claim)) }
        @if let Some(record) = record.filter(|_| !failed) { (publish(&record)) }
        @if may { (actions(&at, &domain, claim)) }
        section aria-labelledby="sign-in-title" {
            h2 #sign-in-title { "Sign-in by mail address" }
            p { "Whoever types an address of " (domain) " at " a href="/signin" { "the sign-in page" } ": "
                strong { (led(claim, &connections)) } "." }
            @if may && !connections.is_empty() { (routing_form(&at, &domain, claim, &connections)) }
        }
        p { a href=(at.address("/domains")) { "All domains" } }
    };
    Ok(at.page(domain.as_str(), body))
}

/// `POST …/domains/{domain}/again`: another record, after the first one's time or a refusal.
pub(super) async fn again(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let domain = may_change(&at).await?;
    domains::claim(&at.by.app.base, &at.tenant.id, &domain, &Routing::Same, &at.actor(), at.by.now).await?;
    said(&at, &place(&at, &domain, ""), "There is a new value: publish it in place of the old one.").await
}

/// `POST …/domains/{domain}/check`: looks the record up now.
pub(super) async fn check(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let domain = may_change(&at).await?;
    let app = &at.by.app;
    app.rates.look_up(&at.tenant.id, at.by.now)?;
    let done = domains::check(&app.base, &app.dns, &at.tenant.id, &domain, &at.actor(), at.by.now).await?;
    said(&at, &place(&at, &domain, ""), &done.sentence(&domain)).await
}

/// `POST …/domains/{domain}/release`.
pub(super) async fn release(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let domain = may_change(&at).await?;
    domains::release(&at.by.app.base, &at.tenant.id, &domain, &at.actor(), at.by.now).await?;
    said(&at, &at.address("/domains"), &format!("{domain} is let go.")).await
}

/// `POST …/domains/{domain}/sign-in`: where people with such an address sign in.
pub(super) async fn route(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let domain = may_change(&at).await?;
    let wanted = wanted(&form)?;
    domains::route(&at.by.app.base, &at.tenant.id, &domain, &wanted, &at.actor(), at.by.now).await?;
    said(&at, &place(&at, &domain, ""), "Saved.").await
}

fn wanted(form: &Params) -> Result<Routing, Trouble> {
    let unknown = |_| Refusal::bad_request("domain.sign_in", "there is no such choice");
    Ok(Routing::parse(form.one("to")?.unwrap_or_default()).map_err(unknown)?)
}

async fn list(at: &InTenant, status: StatusCode, typed: &str, errors: &Errors) -> Done {
    let mut db = at.by.app.base.store.read().await?;
    let connections = tenants::all_saml(&mut db, &at.tenant.id).await?;
    drop(db);
    let body = html! {
        p { "People sign in through your identity provider only with addresses of domains that are proved to be yours, \
             so that nobody else's provider can speak for them, nor yours for others." }
        @if at.tenant.domains.is_empty() { p { "There is no domain yet." } }
        @else {
            table.reflow {
                thead { tr { th scope="col" { "Domain" } th scope="col" { "State" } th scope="col" { "Sign-in by mail address" } } }
                tbody {
                    @for (domain, claim) in &at.tenant.domains {
                        tr {
                            td data-label="Domain" { a href=(place(at, domain, "")) { (domain) } }
                            td data-label="State" { (tag(claim)) }
                            td data-label="Sign-in by mail address" { (led(claim, &connections)) }
                        }
                    }
                }
            }
        }
        @if at.may(&Right::Security) {
            section aria-labelledby="claim-title" {
                h2 #claim-title { "Add a domain" }
                (form::post(&at.by, &at.address("/domains"), html! {
                    (Input::new("domain", "Domain").value(typed).most(253)
                        .hint("What stands behind the @ of your addresses, such as example.com. You then get a record to publish in its DNS.")
                        .show(errors))
                    (submit("claim", "Add the domain"))
                }))
            }
        }
    };
    Ok(at.page_with(status, "Domains", errors, body))
}

fn publish(record: &TxtRecord) -> Markup {
    html! {
        section aria-labelledby="record-title" {
            h2 #record-title { "The record to publish" }
            p { "Make a record of the type " strong { "TXT" } " where the DNS of the domain is managed. Some consoles want the name \
                 without the domain at its end. Leave it there: it is looked up once a day." }
            (copyable("record-name", "Name", &record.name))
            (copyable("record-value", "Value", &record.value))
        }
    }
}

fn actions(at: &InTenant, domain: &Domain, claim: &DomainClaim) -> Markup {
    let over = match &claim.state {
        DomainState::Failed { .. } => true,
        DomainState::Pending { expires, .. } => *expires <= at.by.now,
        DomainState::Lapsed { .. } | DomainState::Verified { .. } => false,
    };
    html! {
        div.actions {
            @if over {
                (form::post(&at.by, &place(at, domain, "/again"), submit("again", "Begin again with a new value")))
            } @else if claim.proof.is_some() {
                (form::post(&at.by, &place(at, domain, "/check"), submit("check", "Look it up now")))
            }
            (form::post(&at.by, &place(at, domain, "/release"), danger("release", "Let the domain go")))
        }
    }
}

fn routing_form(
    at: &InTenant,
    domain: &Domain,
    claim: &DomainClaim,
    connections: &[SamlConnection],
) -> Markup {
    let mut options: Vec<(&str, &str)> = vec![("-", "Nowhere: the sign-in page does not know them")];
    options.extend(connections.iter().map(|c| (c.id.as_str(), name_of(c))));
    options.push(("*", "They choose among the connections in use"));
    let now = Routing::of(claim).word();
    let hint = "With a choice the names of your connections are told to whoever types such an address.";
    form::post(
        &at.by,
        &place(at, domain, "/sign-in"),
        html! {
            (form::select("to", "Where they sign in", Some(hint), &options, &now, &Errors::default()))
            (submit("save-sign-in", "Save"))
        },
    )
}

fn led(claim: &DomainClaim, connections: &[SamlConnection]) -> String {
    let name = |id| {
        connections.iter().find(|c| c.id == id).map_or_else(|| id.to_string(), |c| name_of(c).to_owned())
    };
    match Routing::of(claim) {
        Routing::Choice => "chooses among the connections in use".to_owned(),
        Routing::Nowhere | Routing::Same => "is not known there".to_owned(),
        Routing::To(id) => format!("is led to {}", name(id)),
    }
}

fn name_of(connection: &SamlConnection) -> &str {
    if connection.display_name.is_empty() { connection.id.as_str() } else { &connection.display_name }
}

fn tag(claim: &DomainClaim) -> Markup {
    let good = matches!(claim.state, DomainState::Verified { .. });
    let waits = matches!(claim.state, DomainState::Pending { .. });
    html! { span.tag.good[good].bad[!good && !waits] { (claim.state.name()) } }
}

fn explained(at: &InTenant, claim: &DomainClaim) -> Markup {
    html! {
        @match &claim.state {
            DomainState::Failed { reason } => { (sentence(reason)) "." },
            DomainState::Lapsed { grace_until, .. } if *grace_until <= at.by.now => {
                "The record is gone since more than " (LAPSE_GRACE_DAYS) " days: nobody signs in with such an address. Publish it again."
            },
            DomainState::Lapsed { grace_until, .. } => {
                "The record was not found any more. Publish it again: from " (show::instant(*grace_until)) " on nobody signs in with such an address. \
                 Until then those who are known still can; nobody new is linked."
            },
            DomainState::Pending { expires, .. } if *expires <= at.by.now => { "The time for this record is over. Begin again." },
            DomainState::Pending { expires, .. } => { "Waits for the record, until " (show::instant(*expires)) "." },
            DomainState::Verified { how: VerifiedBy::Operator, at, .. } => {
                "On the word of the operator of this service, since " (show::instant(*at)) "."
            },
            DomainState::Verified { at, recheck_due, .. } => {
                "By its record, since " (show::instant(*at)) ". It is looked up again " (show::instant(*recheck_due)) "."
            },
        }
    }
}

/// With one connection there is nothing to choose.
async fn first_routing(at: &InTenant) -> Result<Routing, Trouble> {
    let mut db = at.by.app.base.store.read().await?;
    let connections = tenants::all_saml(&mut db, &at.tenant.id).await?;
    let one = connections.first().filter(|_| connections.len() == 1);
    Ok(one.map_or(Routing::Same, |connection| Routing::To(connection.id.clone())))
}

async fn may_change(at: &InTenant) -> Result<Domain, Trouble> {
    let (domain, _) = named(at)?;
    at.require(&Right::Security, Action::DomainChanged, Target::Domain(domain.clone())).await?;
    Ok(domain)
}

fn named(at: &InTenant) -> Result<(Domain, &DomainClaim), Trouble> {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "admin.no_domain", "the domain is not on the list");
    let domain = Domain::parse(at.place("domain")).map_err(|_| unknown())?;
    let claim = at.tenant.domains.get(&domain).ok_or_else(unknown)?;
    Ok((domain, claim))
}

fn place(at: &InTenant, domain: &Domain, rest: &str) -> String {
    at.address(&format!("/domains/{domain}{rest}"))
}

async fn said(at: &InTenant, to: &str, text: &str) -> Done {
    let mut tx = at.by.app.base.store.begin_unlocked().await?;
    at.by.flash(&mut tx, text).await?;
    tx.commit().await?;
    Ok(go(to))
}

impl From<DomainFault> for Refusal {
    fn from(fault: DomainFault) -> Self {
        match fault {
            DomainFault::Key(error) => error.into(),
            DomainFault::Randomness(error) => error.into(),
            DomainFault::Store(error) => error.into(),
            DomainFault::NoTenant | DomainFault::NotClaimed => {
                Self::new(StatusCode::NOT_FOUND, fault.code(), fault.to_string())
            }
            _ => Self::new(StatusCode::CONFLICT, fault.code(), fault.to_string()),
        }
    }
}
