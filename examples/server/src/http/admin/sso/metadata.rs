//! Metadata: given by paste, file or address, looked at, and only then taken.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use maud::{Markup, html};
use saml_sp::{Certificate, Problem, Step, VerificationKey};
use tenant_model::{Action, TrustReason};

use super::super::form::{self, Errors, checkbox, submit};
use super::super::frame::go;
use super::super::guard::{Done, InTenant, PostedInTenant};
use super::upload::Uploaded;
use super::{connection, named, place, stored, stored_to_change, words};
use crate::http::answer::{Answer, Refusal};
use crate::http::html::sentence;
use crate::http::sso::Parts;
use crate::idp::{self, Agreed, Judgement, Origin, Proposal, ProposalError, refresh};
use crate::store::idp::{self as rows, Staged};
use crate::store::tenants::StoredSaml;

/// `POST …/metadata`: pasted, or as a file.
pub(super) async fn give(form: Uploaded) -> Done {
    let Uploaded { at, file, pasted, entity_id } = form;
    let (bytes, origin, field) =
        if file.is_empty() { (pasted, Origin::Paste, "xml") } else { (file, Origin::File, "file") };
    if bytes.trim_ascii().is_empty() {
        return refused(&at, &Errors::one("xml", "Paste the metadata, or choose a file")).await;
    }
    let entity = Some(entity_id.as_str()).filter(|id| !id.is_empty());
    match Proposal::read(bytes.trim_ascii(), entity, origin, at.by.now) {
        Ok(proposal) => stage(&at, proposal).await,
        Err(error) => refused(&at, &mistake(field, &error)).await,
    }
}

/// `POST …/metadata-url`: at an address, which is then followed.
pub(super) async fn fetch(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let url = form.one("url")?.unwrap_or_default().trim().to_owned();
    // Asked before anything is fetched: whoever may not change it makes this server speak to nobody.
    let (tx, ..) = stored_to_change(&at, Action::TrustChanged).await?;
    drop(tx);
    let bytes = match at.by.app.fetcher.get(&url).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::info!(tenant = %at.tenant.id, code = error.code(), "metadata was not fetched");
            let text =
                format!("{} ({}). {}", sentence(&error.to_string()), error.code(), sentence(error.hint()));
            return refused(&at, &Errors::one("url", text)).await;
        }
    };
    let entity = form.one("url_entity_id")?.map(str::trim).filter(|id| !id.is_empty());
    match Proposal::read(bytes.trim_ascii(), entity, Origin::Url(url), at.by.now) {
        Ok(proposal) => stage(&at, proposal).await,
        Err(error) => refused(&at, &mistake("url", &error)).await,
    }
}

fn mistake(field: &str, error: &ProposalError) -> Errors {
    let text = format!("{} ({}). {}", sentence(&error.to_string()), error.code(), sentence(error.hint()));
    Errors::one(field, text)
}

/// The page of the connection again, with what is wrong; nothing was changed.
async fn refused(at: &InTenant, errors: &Errors) -> Done {
    connection::page(at, StatusCode::UNPROCESSABLE_ENTITY, errors).await
}

async fn stage(at: &InTenant, proposal: Proposal) -> Done {
    let (mut tx, stored, _) = stored_to_change(at, Action::TrustChanged).await?;
    idp::stage(&mut tx, &stored.connection, proposal, at.by.now).await.map_err(Refusal::from)?;
    tx.commit().await?;
    Ok(go(&place(at, &stored.connection.id, "/metadata")))
}

/// `GET …/metadata`: what waits, before it is taken.
pub(super) async fn preview(at: InTenant) -> Done {
    let stored = stored(&at).await?;
    let id = stored.connection.id.clone();
    let mut db = at.by.app.base.store.read().await?;
    let Some(staged) = rows::staged(&mut db, &at.tenant.id, &id).await? else {
        return Ok(go(&place(&at, &id, "")));
    };
    let links = rows::count_links(&mut db, &at.tenant.id, &id).await?;
    let first = stored.idp.is_null();
    let judged = staged
        .proposal
        .judge(&stored, at.by.now)
        .map_err(|error| Refusal::new(StatusCode::CONFLICT, error.code(), error.to_string()))?;
    let idp = serde_json::to_value(&staged.proposal.idp).map_err(|_| Refusal::internal("server.proposal"))?;
    let tried = StoredSaml { connection: stored.connection.clone(), idp };
    let parts = Parts::for_admin(&at.by.app, &mut db, &at.tenant, tried).await?;
    drop(db);
    let reasons = if first { BTreeSet::new() } else { judged.reasons.clone() };
    let body = html! {
        p { a href=(place(&at, &id, "")) { "Back to " (stored.connection.display_name) } }
        (facts(&at, &staged))
        @if let Some(parts) = &parts { (problems(parts, &at)) }
        (changes(first, &judged, &reasons, links))
        (form::post(&at.by, &place(&at, &id, "/metadata-apply"), html! {
            input type="hidden" name="digest" value=(staged.digest);
            @for reason in &reasons { input type="hidden" name="reason" value=(words::reason_word(*reason)); }
            @if !reasons.is_empty() && links > 0 {
                (checkbox("keep_links", "It is the same provider with the same people: confirm all links along with it", false))
                p.hint { "Whoever speaks for the new provider can then sign in as each of them. Leave it open if you are not sure: people are refused until you confirm them." }
            }
            @if reasons.is_empty() { (submit("apply", "Take this configuration")) }
            @else { (form::danger("apply", "I have checked this: take it")) }
        }))
        (form::post(&at.by, &place(&at, &id, "/metadata-discard"), html! {
            button.plain type="submit" id="discard" { "Discard it" }
        }))
    };
    Ok(at.page("Look at the new metadata", body))
}

fn facts(at: &InTenant, staged: &Staged) -> Markup {
    let idp = &staged.proposal.idp;
    let from = match &staged.proposal.origin {
        Origin::File => "a file".to_owned(),
        Origin::Hand => "a change by hand".to_owned(),
        Origin::Paste => "pasted text".to_owned(),
        Origin::Url(url) => url.clone(),
    };
    html! {
        dl {
            dt { "From" } dd { (from) }
            dt { "Entity id" } dd { code { (idp.entity_id().as_str()) } }
            @for service in idp.single_sign_on_services() {
                dt { "Sign-on address" } dd { code { (service.location.as_str()) } " " span.quiet { (format!("{:?}", service.binding)) } }
            }
            @if let Some(end) = idp.valid_until() { dt { "Valid until" } dd { (words::until(end, at.by.now)) } }
            @for notice in &staged.proposal.notices { dt { "Unusual" } dd { (notice) } }
        }
        (keys_table(idp.signing_keys(), at))
    }
}

/// Signing keys with their dates.
pub(super) fn keys_table(keys: &[VerificationKey], at: &InTenant) -> Markup {
    html! {
        table.reflow {
            caption { "Signing certificates" }
            thead { tr { th scope="col" { "Certificate" } th scope="col" { "Key" } th scope="col" { "Ends" } th scope="col" { "SHA-256" } } }
            tbody {
                @for key in keys {
                    tr {
                        td data-label="Certificate" { (key.certificate().map_or("bare key", Certificate::subject)) }
                        td data-label="Key" { (key.kind()) " " (key.bits()) }
                        td data-label="Ends" { @match key.certificate() { Some(c) => { (words::until(c.not_after(), at.by.now)) } None => { "no date" } } }
                        td data-label="SHA-256" { code { (idp::short(&key.fingerprint())) "…" } }
                    }
                }
            }
        }
    }
}

/// What a check of the settings finds, before anybody signs in.
pub(super) fn problems(parts: &Parts, at: &InTenant) -> Markup {
    let report = parts.saml().self_check(at.by.now);
    let mut steps = report
        .steps(&crate::http::sso::guide(parts), crate::http::sso::product_of(parts.connection.provider));
    html! {
        @if !report.problems.is_empty() {
            div.note.warn {
                p { strong { "To know about these settings" } }
                ul {
                    @for problem in &report.problems {
                        li {
                            (problem.kind.title()) " " span.quiet { (problem.rule) }
                            @if let Some(found) = &problem.found { " (" code { (found) } ")" }
                            @if let Some(step) = step_of(&mut steps, problem) { br; (step.text) }
                        }
                    }
                }
            }
        }
    }
}

/// Steps stand in the order of the problems: of several problems of a kind each has its own.
fn step_of(steps: &mut Vec<Step>, problem: &Problem) -> Option<Step> {
    let at = steps.iter().position(|step| step.problem == problem.kind)?;
    Some(steps.remove(at))
}

fn changes(first: bool, judged: &Judgement, reasons: &BTreeSet<TrustReason>, links: i64) -> Markup {
    html! {
        h2 { "What it changes" }
        @if first {
            p { "It is the first provider of this connection. Nobody has signed in through it yet." }
        } @else if judged.is_nothing() {
            p { "Nothing: it is what is stored." }
        } @else {
            ul {
                @for (text, asks) in judged.sentences() {
                    li { (text) @if asks { " " span.tag.bad { "look at this" } } }
                }
            }
            @if judged.is_safe() {
                p.note { strong { "Safe: " } "what was trusted before vouches for it. Nobody has to sign in anew." }
            } @else if reasons.is_empty() {
                p.note.warn { strong { "To be approved by you. " } "No link of a person is touched." }
            } @else {
                div.note.warn id="verdict" {
                    p { strong { "This changes who is trusted, and must be approved." } }
                    ul { @for reason in reasons { li { (words::reason(*reason)) } } }
                    p { (links) " people are linked through this connection. Their links must be confirmed before they sign in again." }
                }
            }
        }
    }
}

/// `POST …/metadata-apply`.
pub(super) async fn apply(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let reasons = form.pairs().filter(|(name, _)| *name == "reason");
    let reasons = reasons.filter_map(|(_, word)| words::reason_of(word)).collect();
    let agreed = Agreed { reasons, keep_links: form.one("keep_links")? == Some("yes") };
    let digest = form.one("digest")?.unwrap_or_default().to_owned();
    let (mut tx, stored, rights) = stored_to_change(&at, Action::TrustChanged).await?;
    let id = stored.connection.id.clone();
    let staged = rows::staged(&mut tx, &at.tenant.id, &id).await?.filter(|staged| staged.digest == digest);
    let Some(staged) = staged else {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "trust.changed",
            "other metadata has come in between; look at it again",
        )
        .into());
    };
    if staged.proposal.idp.valid_until().is_some_and(|end| end <= at.by.now) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "MD-03",
            "the metadata has expired since; give it again",
        )
        .into());
    }
    let done = idp::apply(&mut tx, stored, &staged.proposal, &agreed, &rights, &at.actor(), at.by.now).await;
    let done = done.map_err(Refusal::from)?;
    let text = if done.links_wait {
        "The configuration was taken. Links made before wait until you confirm them."
    } else {
        "The configuration was taken. Try it with a test login."
    };
    super::done(&at, tx, text).await?;
    Ok(go(&place(&at, &id, "")))
}

/// `POST …/metadata-discard`.
pub(super) async fn discard(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let (mut tx, stored, _) = stored_to_change(&at, Action::TrustChanged).await?;
    rows::remove_staged(&mut tx, &at.tenant.id, &stored.connection.id).await?;
    super::done(&at, tx, "The new metadata was discarded; nothing has changed.").await?;
    Ok(go(&place(&at, &stored.connection.id, "")))
}

/// `POST …/metadata-again`: reads the followed address now.
pub(super) async fn again(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let (mut tx, stored, _) = stored_to_change(&at, Action::TrustChanged).await?;
    let id = named(&at)?;
    let source = rows::source(&mut tx, &at.tenant.id, &id).await?;
    drop(tx);
    let Some(source) = source else { return Ok(go(&place(&at, &id, ""))) };
    let app = &at.by.app;
    let outcome = refresh::refresh(&app.base, &app.fetcher, &source, at.by.now).await?;
    let (text, to) = match outcome {
        refresh::Refreshed::Taken => ("The metadata was read again; what was new and safe was taken.", ""),
        refresh::Refreshed::Held => ("The metadata has changed in a way that you must look at.", "/metadata"),
        refresh::Refreshed::Failed => {
            ("The metadata could not be read; the old one stays. The reason is below.", "")
        }
        refresh::Refreshed::Gone => ("The connection follows no address.", ""),
    };
    let tx = at.begin().await?;
    super::done(&at, tx, text).await?;
    Ok::<Answer, _>(go(&place(&at, &stored.connection.id, to)))
}
