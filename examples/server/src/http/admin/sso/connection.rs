//! One login connection: what to copy, what it trusts, how it goes.

use axum::http::StatusCode;
use maud::{Markup, html};
use saml_sp::Product;
use tenant_model::{
    Action, AuditEvent, ConnectionState, EntityIdScheme, MetadataBy, NameIdFormat, SamlAddresses,
    SamlConnection, SamlProfile, Target,
};

use super::super::form::{self, Errors, Input, copyable, select, submit, textarea};
use super::super::frame::go;
use super::super::guard::{Done, InTenant, PostedInTenant};
use super::{keys as own_keys, metadata, minute, place, stored, stored_to_change, tests_page, words};
use crate::http::answer::Refusal;
use crate::http::sso::{Parts, product_of};
use crate::idp;
use crate::records::{self, RecordKind};
use crate::store::idp::{self as rows, Source, Staged};
use crate::store::people;
use crate::store::tenants::{self, StoredSaml};

/// `GET …/sso/{connection}`.
pub(super) async fn show(at: InTenant) -> Done {
    page(&at, StatusCode::OK, &Errors::default()).await
}

/// The page, with mistakes to mend.
pub(super) async fn page(at: &InTenant, status: StatusCode, errors: &Errors) -> Done {
    let stored = stored(at).await?;
    let product =
        at.by.app.base.profiles.of(&at.tenant).ok_or_else(|| Refusal::internal("server.profile"))?;
    let profile = product.saml.as_ref().ok_or_else(|| Refusal::internal("server.profile"))?;
    let connection = stored.connection.clone();
    let mut db = at.by.app.base.store.read().await?;
    let (tenant, id) = (&at.tenant.id, &connection.id);
    let source = rows::source(&mut db, tenant, id).await?;
    let staged = rows::staged(&mut db, tenant, id).await?;
    let base = &at.by.app.base;
    let tests = records::latest(base, &mut db, tenant, id, RecordKind::Test, at.by.now).await?;
    let mut refusals = records::latest(base, &mut db, tenant, id, RecordKind::Refused, at.by.now).await?;
    refusals
        .extend(records::latest(base, &mut db, tenant, id, RecordKind::RefusedUnverified, at.by.now).await?);
    refusals.sort_by_key(|(_, record)| std::cmp::Reverse(record.at));
    let waiting = people::links_through(&mut db, tenant, id).await?;
    let waiting = waiting
        .iter()
        .filter(|l| l.generation != connection.generation || l.entity_id != connection.idp_entity_id)
        .count();
    let parts = Parts::for_admin(&at.by.app, &mut db, &at.tenant, stored.clone()).await?;
    drop(db);
    let addresses = profile.addresses(at.by.app.public_url.as_str(), tenant, id);
    let said = product_of(connection.provider);
    let likely = stored.provider().and_then(|idp| Product::likely(&idp).first().map(|guess| guess.product));
    let body = html! {
        (head(at, &connection, staged.as_ref(), waiting))
        (ours(at, &addresses, profile, &connection, said.or(likely)))
        (theirs(at, &stored, source.as_ref(), parts.as_ref(), errors))
        (give(at, id, profile, stored.idp.is_null(), said.or(likely), errors))
        @if parts.is_some() {
            section aria-labelledby="tests" {
                h2 #tests { "Test logins" }
                p { "A test signs nobody in. It shows what your provider sends, each rule with its outcome, and the setting to change." }
                p { a.button id="begin-test" href=(place(at, id, "/test")) { "Begin a test login" } }
                (tests_page::table(at, id, &tests))
            }
            section aria-labelledby="refused" {
                h2 #refused { "Refused lately" }
                (tests_page::refusals(&refusals))
            }
        }
        (settings(at, &connection, errors))
    };
    Ok(at.page_with(status, &connection.display_name, errors, body))
}

fn head(at: &InTenant, connection: &SamlConnection, staged: Option<&Staged>, waiting: usize) -> Markup {
    let id = &connection.id;
    html! {
        p {
            a href=(at.address("/sso")) { "All connections" } " · "
            a href=(place(at, id, "/mapping")) { "Attributes and roles" }
        }
        p { span.tag.bad[!connection.state.is_active()] id="state" { (words::state(connection.state)) } }
        @if staged.is_some() {
            div.note.warn {
                p { strong { "New metadata waits for you. " } "It changes what must be looked at." }
                p { a.button href=(place(at, id, "/metadata")) { "Look at it" } }
            }
        }
        @if waiting > 0 {
            div.note.warn {
                p { strong { (waiting) " people wait to be confirmed. " }
                    "The provider was exchanged, and they are refused until you say that it means the same people by the same names." }
                (form::post(&at.by, &place(at, id, "/links"), html! {
                    button.danger type="submit" id="confirm-links" { "Confirm all of them" }
                }))
            }
        }
    }
}

/// Our values, in the order in which a provider's form asks for them.
fn ours(
    at: &InTenant,
    addresses: &SamlAddresses,
    profile: &SamlProfile,
    connection: &SamlConnection,
    product: Option<Product>,
) -> Markup {
    let format = match profile.name_id {
        NameIdFormat::EmailAddress => "emailAddress",
        NameIdFormat::Persistent => "persistent",
        NameIdFormat::Unspecified => "any that lasts: not transient",
    };
    html! {
        section aria-labelledby="ours" {
            h2 #ours { "For your identity provider" }
            (copyable("our-acs", &words::called(product, "acs", "Assertion consumer service (ACS) URL"), &addresses.acs))
            (copyable("our-entity-id", &words::called(product, "entity_id", "Entity id (audience)"), &addresses.entity_id))
            @if profile.entity_id == EntityIdScheme::OneForAll {
                p.hint { "The entity id is one for all organisations; the ACS URL above is yours alone." }
            }
            (copyable("our-start", &words::called(product, "start_url", "Where logins start"), &addresses.login))
            (copyable("our-slo", &words::called(product, "logout", "Single logout URL"), &addresses.logout))
            (copyable("our-name-id", &words::called(product, "name_id_format", "Name ID format"), format))
            (copyable("our-metadata", "Our metadata, for providers that read it", &addresses.metadata))
            p {
                a.button.plain href=(addresses.metadata) download="sp-metadata.xml" { "Download our metadata" }
                " " span.quiet { "It holds our signing and encryption certificates." } " "
                a href=(at.address(own_keys::PLACE)) { "Our keys" }
            }
            table.reflow {
                caption { (words::called(product, "attributes", "Attributes to send")) }
                thead { tr { th scope="col" { "Attribute" } th scope="col" { "For" } th scope="col" { "Other names that are read" } } }
                tbody {
                    @for (field, rule) in &connection.mapping.fields {
                        @let names: Vec<String> = rule.from.iter().map(ToString::to_string).collect();
                        tr {
                            td data-label="Attribute" { code { (names.first().map_or("", String::as_str)) } @if rule.required { " " span.tag { "required" } } }
                            td data-label="For" { (field) }
                            td data-label="Other names" { @for name in names.iter().skip(1) { code { (name) } " " } }
                        }
                    }
                }
            }
        }
    }
}

/// What is trusted now.
fn theirs(
    at: &InTenant,
    stored: &StoredSaml,
    source: Option<&Source>,
    parts: Option<&Parts>,
    errors: &Errors,
) -> Markup {
    let Some(idp) = stored.provider() else {
        return html! {};
    };
    let id = &stored.connection.id;
    html! {
        section aria-labelledby="theirs" {
            h2 #theirs { "Your identity provider" }
            dl {
                dt { "Entity id" } dd { code id="idp-entity-id" { (idp.entity_id().as_str()) } }
                @for service in idp.single_sign_on_services() { dt { "Sign-on address" } dd { code { (service.location.as_str()) } } }
                @if let Some(end) = idp.valid_until() { dt { "Metadata valid until" } dd { (words::until(end, at.by.now)) } }
                @if let Some(source) = source {
                    dt { "Read again from" } dd { code { (source.url) } }
                    dt { "Last read" } dd { @match source.status.read_at { Some(read) => { (minute(read)) } None => { "not yet" } } }
                    @if let (Some(code), Some(reason)) = (&source.status.code, &source.status.reason) {
                        dt { "Trouble" } dd { span.tag.bad { (code) } " " (reason) ". The configuration stays as it is." }
                    }
                    dt { "Next" } dd { (minute(source.due_at)) }
                }
            }
            @if source.is_some() {
                (form::post(&at.by, &place(at, id, "/metadata-again"), html! { button.plain type="submit" id="read-again" { "Read it now" } }))
            }
            @if let Some(parts) = parts { (metadata::problems(parts, at)) }
            (keys(at, stored))
            details {
                summary { "Add a certificate by hand" }
                p.hint { "The next certificate of a roll-over, before the provider signs with it. Both are accepted side by side. \
                          A connection that reads its metadata from an address drops it at the next reading, unless the metadata has it too." }
                (form::post(&at.by, &place(at, id, "/certificates"), html! {
                    (textarea("certificate", "Certificate", Some("In PEM form, from BEGIN CERTIFICATE to END CERTIFICATE."), "", 6, errors))
                    (submit("add-certificate", "Add the certificate"))
                }))
            }
        }
    }
}

/// The keys that verify, with their dates and what they have done.
fn keys(at: &InTenant, stored: &StoredSaml) -> Markup {
    let Some(idp) = stored.provider() else { return html! {} };
    let last = stored.connection.trust.iter().filter_map(|key| key.last_verified).max();
    html! {
        table.reflow {
            caption { "Signing certificates" }
            thead { tr { th scope="col" { "Certificate" } th scope="col" { "Ends" } th scope="col" { "Verified" } th scope="col" { "SHA-256" } th scope="col" { "Change" } } }
            tbody {
                @for key in idp.signing_keys() {
                    @let print = key.public_key_fingerprint();
                    @let trusted = stored.connection.trust.iter().find(|trusted| trusted.fingerprint == print);
                    @let verified = trusted.and_then(|trusted| trusted.last_verified);
                    tr {
                        td data-label="Certificate" { (key.certificate().map_or("bare key", saml_sp::Certificate::subject)) }
                        td data-label="Ends" { @match key.certificate() { Some(c) => { (words::until(c.not_after(), at.by.now)) } None => { "no date" } } }
                        td data-label="Verified" {
                            @match verified {
                                Some(when) => { (minute(when)) @if verified == last { " " span.tag { "last used" } } }
                                None => { span.tag { "staged: no login yet" } }
                            }
                        }
                        td data-label="SHA-256" { code { (idp::short(&key.fingerprint())) "…" } }
                        td {
                            @if idp.signing_keys().len() > 1 {
                                (form::post(&at.by, &place(at, &stored.connection.id, "/certificates-remove"), html! {
                                    input type="hidden" name="key" value=(print);
                                    button.danger type="submit" aria-label=(format!("Remove the certificate {}", idp::short(&key.fingerprint()))) { "Remove" }
                                }))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The forms that take metadata; what the product's guide names stands first.
fn give(
    at: &InTenant,
    id: &tenant_model::ConnectionId,
    profile: &SamlProfile,
    first: bool,
    product: Option<Product>,
    errors: &Errors,
) -> Markup {
    let by_address = profile.metadata_by.contains(&MetadataBy::Url);
    let url = html! {
        (form::post(&at.by, &place(at, id, "/metadata-url"), html! {
            (Input::new("url", "Metadata address").kind("url").most(2048)
                .hint("We read it now, and again every day, so that a new certificate needs nobody. HTTPS and public addresses only.").show(errors))
            (Input::new("url_entity_id", "Entity id").optional().most(1024).hint("Only if the metadata describes several providers.").show(errors))
            (submit("fetch-metadata", "Read and look at it"))
        }))
    };
    let file = html! {
        form method="post" action=(place(at, id, "/metadata")) enctype="multipart/form-data" {
            input type="hidden" name=(form::TOKEN) value=(at.by.form_token);
            (textarea("xml", "Metadata XML", None, "", 5, errors))
            div.field {
                label for="file" { "Or a file" }
                input id="file" name="file" type="file" accept=".xml,application/xml,text/xml,application/samlmetadata+xml";
            }
            (Input::new("entity_id", "Entity id").optional().most(1024).hint("Only if the metadata describes several providers.").show(errors))
            (submit("give-metadata", "Look at it"))
        }
    };
    html! {
        section aria-labelledby="metadata" {
            h2 #metadata { @if first { "Give us the provider's metadata" } @else { "New metadata" } }
            p { (words::called(product, "idp_metadata", "You find it at your identity provider")) ". Nothing changes until you have looked at it and taken it." }
            @if by_address { (url) h3 { "Or as text or file" } (file) }
            @else { (file) h3 { "Or from an address" } (url) }
        }
    }
}

fn settings(at: &InTenant, connection: &SamlConnection, errors: &Errors) -> Markup {
    let providers: Vec<(&str, &str)> =
        words::PROVIDERS.iter().map(|(_, word, text)| (*word, *text)).collect();
    let id = &connection.id;
    html! {
        section aria-labelledby="settings" {
            h2 #settings { "Settings" }
            (form::post(&at.by, &place(at, id, ""), html! {
                (Input::new("name", "Display name").value(&connection.display_name).most(80).show(errors))
                (select("provider", "Identity provider", Some("In whose words these pages speak."), &providers, words::provider_word(connection.provider), errors))
                (submit("save-settings", "Save"))
            }))
            @if connection.state != ConnectionState::Draft {
                h3 { "In use or not" }
                p { @match connection.state {
                    ConnectionState::Active => { "People sign in through it. Switched off, it refuses everyone at once, also those who are signed in." }
                    _ => { "Nobody signs in through it yet. Make a test login first, then switch it on." }
                } }
                (form::post(&at.by, &place(at, id, "/state"), html! {
                    @if connection.state != ConnectionState::Active { button type="submit" name="state" value="active" id="switch-on" { "Switch it on" } }
                    @if connection.state != ConnectionState::Testing { button.plain type="submit" name="state" value="testing" id="switch-testing" { "Only try it out" } }
                    @if !matches!(connection.state, ConnectionState::Off { .. }) { button.danger type="submit" name="state" value="off" id="switch-off" { "Switch it off" } }
                }))
            }
        }
    }
}

/// `POST …/sso/{connection}`: name and product.
pub(super) async fn change(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let name = form.one("name")?.unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        let errors = Errors::one("name", "Give a name of one line and at most 200 bytes");
        return page(&at, StatusCode::UNPROCESSABLE_ENTITY, &errors).await;
    }
    let provider = words::provider_of(form.one("provider")?.unwrap_or_default());
    let (mut tx, mut stored, _) = stored_to_change(&at, Action::ConnectionChanged).await?;
    let was = std::mem::replace(&mut stored.connection.display_name, name.clone());
    stored.connection.provider = provider.unwrap_or(stored.connection.provider);
    save(&at, &mut tx, &stored, |event| event.with_change("display_name", Some(was), Some(name))).await?;
    super::done(&at, tx, "Saved.").await?;
    Ok(go(&place(&at, &stored.connection.id, "")))
}

/// `POST …/state`.
pub(super) async fn switch(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let (mut tx, mut stored, _) = stored_to_change(&at, Action::ConnectionChanged).await?;
    let wanted = match form.one("state")?.unwrap_or_default() {
        "active" => ConnectionState::Active,
        "testing" => ConnectionState::Testing,
        "off" => ConnectionState::Off { since: at.by.now },
        _ => return Err(Refusal::bad_request("admin.form", "there is no such state").into()),
    };
    if stored.idp.is_null() {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "trust.no_provider",
            "give the identity provider's metadata first",
        )
        .into());
    }
    if !wanted.is_active() && counts(&at, &stored.connection) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "enforce.connection_in_use",
            "single sign-on is enforced through this connection",
        )
        .with_hint("change who must use single sign-on first")
        .into());
    }
    let was = std::mem::replace(&mut stored.connection.state, wanted);
    let (was, is) = (words::state(was).to_owned(), words::state(wanted).to_owned());
    save(&at, &mut tx, &stored, |event| event.with_change("state", Some(was), Some(is))).await?;
    super::done(&at, tx, "Saved.").await?;
    Ok(go(&place(&at, &stored.connection.id, "")))
}

fn counts(at: &InTenant, connection: &SamlConnection) -> bool {
    matches!(&at.tenant.sso, tenant_model::SsoPolicy::Enforced { connections, .. } if connections.contains(&connection.id))
}

async fn save(
    at: &InTenant,
    tx: &mut crate::store::Tx,
    stored: &StoredSaml,
    change: impl FnOnce(AuditEvent) -> AuditEvent,
) -> Result<(), crate::store::StoreError> {
    tenants::put_saml(tx, stored).await?;
    let target = Target::Connection(stored.connection.id.clone());
    let event = AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::ConnectionChanged, target);
    people::audit(tx, &[change(event)]).await
}

/// `POST …/links`: the provider means the same people by the same names.
pub(super) async fn confirm(PostedInTenant { at, .. }: PostedInTenant) -> Done {
    let (mut tx, stored, rights) = stored_to_change(&at, Action::LinkConfirmed).await?;
    let done = idp::confirm_links(&mut tx, &stored.connection, &rights, &at.actor(), at.by.now).await;
    let count = done.map_err(Refusal::from)?;
    super::done(&at, tx, &format!("{count} people were confirmed.")).await?;
    Ok(go(&place(&at, &stored.connection.id, "")))
}
