//! How the page on our own keys looks: what they are, the next step of an exchange, and what to do at the provider.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::{Guide, Label, Product};
use tenant_model::{Right, SpKey, SpKeyState, default_switch, signing_key};

use super::super::form::{self, Input, danger, submit};
use super::keys::{PLACE, Scene};
use super::{minute, words};
use crate::idp;

/// The page.
pub(super) fn body(scene: &Scene<'_>) -> Markup {
    let of_state = |state| scene.keys.iter().find(|key| key.state == state);
    let (current, next) = (of_state(SpKeyState::Current), of_state(SpKeyState::Next));
    let may = scene.at.may(&Right::Security);
    html! {
        p { a href=(scene.at.address("/sso")) { "All connections" } }
        p {
            "With a key of our own we sign what we send to identity providers, and open what they encrypt for us. All \
             connections have the same one. Your provider gets the certificate, never the key."
        }
        (table(scene, may))
        @if let (Some(next), true) = (next, may) { (under_way(scene, next)) }
        @if let (Some(current), None, true) = (current, next, may) { (begin(scene, current)) }
        @if !may { p { "Keys are exchanged by somebody with the right " strong { "security" } "." } }
        (at_providers(scene, next))
    }
}

fn table(scene: &Scene<'_>, may: bool) -> Markup {
    let now = scene.at.by.now;
    let signing = signing_key(&scene.keys, now);
    let signs = |key: &SpKey| signing.is_some_and(|signing| signing.id == key.id);
    html! {
        table.reflow id="keys" {
            caption { "Keys" }
            thead { tr {
                th scope="col" { "State" } th scope="col" { "Signs" } th scope="col" { "SHA-256" }
                th scope="col" { "Ends" } th scope="col" { "Certificate" }
            } }
            tbody {
                @for key in scene.keys.iter().rev() {
                    tr {
                        td data-label="State" { (state(key, signs(key))) }
                        td data-label="Signs" { (signing_time(key, signs(key), now)) }
                        td data-label="SHA-256" { code { (idp::short(&key.fingerprint)) "…" } }
                        td data-label="Ends" { (words::until(key.not_after, now)) }
                        td {
                            a href=(scene.at.address(&format!("{PLACE}/{}/certificate", key.id)))
                                aria-label=(format!("Download the certificate {}", idp::short(&key.fingerprint))) { "Download" }
                            @if may && key.state == SpKeyState::Retired {
                                (form::post(&scene.at.by, &scene.at.address(&format!("{PLACE}/remove")), html! {
                                    input type="hidden" name="key" value=(key.id);
                                    button.danger type="submit" aria-label=(format!("Delete the key {}", idp::short(&key.fingerprint))) { "Delete" }
                                }))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn state(key: &SpKey, signs: bool) -> Markup {
    html! {
        @match (key.state, signs) {
            (SpKeyState::Current, true) => span.tag { "in use" },
            (SpKeyState::Current, false) => { span.tag { "old" } " in our metadata" }
            (SpKeyState::Next, true) => span.tag { "in use" },
            (SpKeyState::Next, false) => { span.tag { "next" } " in our metadata" }
            (SpKeyState::Retired, _) => { span.tag { "retired" } " only decrypts" }
        }
    }
}

fn signing_time(key: &SpKey, signs: bool, now: DateTime<Utc>) -> Markup {
    html! {
        @match (signs, key.signs_from) {
            (true, Some(since)) => { "since " (minute(since)) }
            (true, None) => "yes",
            (false, Some(from)) if from > now => { "from " (minute(from)) " on" }
            (false, _) => { @if key.state == SpKeyState::Next { "no" } @else { "no longer" } }
        }
    }
}

/// A first step: nothing is under way.
fn begin(scene: &Scene<'_>, current: &SpKey) -> Markup {
    let policy = scene.profile.sp_keys;
    let usual = for_field(default_switch(current, policy, scene.at.by.now));
    let value = if scene.asked.is_empty() { &usual } else { scene.asked };
    html! {
        section aria-labelledby="new-key" {
            h2 #new-key { "A new key" }
            p {
                "Nobody has to stop working for it: the new key stands beside the old one in our metadata at once, signs from \
                 the time that you choose, and the old one goes on opening what is encrypted for it until you delete it."
            }
            (form::post(&scene.at.by, &scene.at.address(PLACE), html! {
                (when("Signing switches to it on (UTC)", value, scene))
                (submit("stage-key", "Make a new key"))
            }))
        }
    }
}

/// The next key is there: it waits, or it signs and the old one can go.
fn under_way(scene: &Scene<'_>, next: &SpKey) -> Markup {
    let at = scene.at;
    let now = at.by.now;
    let set = next.signs_from.map(for_field).unwrap_or_default();
    let switched = next.signs_from.is_some_and(|from| from <= now);
    // An instant that has passed is no proposal for another one.
    let usual = if switched { for_field(tomorrow(now)) } else { set };
    let value = if scene.asked.is_empty() { &usual } else { scene.asked };
    let switch_to = at.address(&format!("{PLACE}/switch"));
    let set_time = |label, id, button| {
        form::post(
            &at.by,
            &switch_to,
            html! {
                (when(label, value, scene))
                (submit(id, button))
            },
        )
    };
    html! {
        section aria-labelledby="switch-title" {
            @if switched {
                h2 #switch-title { "The new key signs" }
                p {
                    "When people sign in and out as before, take the old certificate out of our metadata. Providers that \
                     encrypt for us then learn the new one. What still comes encrypted for the old one is opened as before."
                }
                (form::post(&at.by, &at.address(&format!("{PLACE}/retire")), submit("retire-key", "Take the old key out of our metadata")))
                details open[!scene.errors.is_empty()] {
                    summary { "A provider refuses what the new key signs" }
                    p { "Let the old key sign again until a later time, and give the provider the new certificate before it." }
                    (set_time("The new key signs again from (UTC)", "put-off", "Let the old key sign until then"))
                }
            } @else {
                h2 #switch-title { "The switch" }
                p {
                    @match next.signs_from {
                        Some(from) => { "Signing switches to the new key on " strong { (minute(from)) } ", by itself." }
                        None => "No time is set: the old key goes on signing.",
                    }
                }
                (set_time("Signing switches on (UTC)", "set-switch", "Set this time"))
                (form::post(&at.by, &switch_to, html! {
                    input type="hidden" name="signs_from" value="now";
                    (danger("switch-now", "Switch now"))
                    p.hint { "Once every provider that checks our signatures has the new certificate." }
                }))
                (form::post(&at.by, &at.address(&format!("{PLACE}/cancel")), html! {
                    button.plain type="submit" id="cancel-key" { "Take the new key back" }
                }))
            }
        }
    }
}

fn when(label: &str, value: &str, scene: &Scene<'_>) -> Markup {
    Input::new("signs_from", label)
        .kind("datetime-local")
        .value(value)
        .hint("Leave time enough to give the new certificate to your provider.")
        .show(scene.errors)
}

/// What the administrators of the providers have to do, in the words of their products.
fn at_providers(scene: &Scene<'_>, next: Option<&SpKey>) -> Markup {
    let guide = Guide::default();
    let file = next.map(|next| scene.at.address(&format!("{PLACE}/{}/certificate", next.id)));
    let switched = next.and_then(|next| next.signs_from).is_some_and(|from| from <= scene.at.by.now);
    html! {
        section aria-labelledby="at-providers" {
            h2 #at-providers { "At your identity provider" }
            @if let Some(file) = &file {
                ol #steps {
                    li {
                        a #new-certificate href=(file) { "Download the new certificate" }
                        ". A provider that reads our metadata from its address finds it there by itself."
                    }
                    li {
                        @if switched {
                            "Where the provider checks what we sign: it needs the new one now."
                        } @else {
                            "Where the provider checks what we sign: enter it beside the old one before the switch. Where only \
                             one fits, enter it and press “Switch now” right after."
                        }
                    }
                    li {
                        "Where the provider encrypts for us: replace the old certificate whenever you like. Both are opened."
                    }
                    li { "After the switch, take the old certificate away there, then the old key out of our metadata here." }
                }
            } @else {
                p { "Only a provider that checks what we sign, or encrypts for us, has our certificate. Make a new key first, then \
                     give it the new certificate there:" }
            }
            @if scene.connections.is_empty() { p { "There is no connection yet." } }
            ul #places {
                @for (connection, product) in &scene.connections {
                    li {
                        strong { (connection.display_name) }
                        @match product {
                            Some(product) => (places(&guide, *product)),
                            None => ": look for our certificate where you entered our addresses; if there is none, there is nothing to do.",
                        }
                    }
                }
            }
        }
    }
}

fn places(guide: &Guide, product: Product) -> Markup {
    let name = Guide::name(product);
    let found: Vec<(&str, &Label)> = TOPICS
        .iter()
        .filter_map(|(topic, what_for)| Some((*what_for, guide.label(product, topic)?)))
        // Of logout most products have an address alone.
        .filter(|(what_for, label)| *what_for != LOGOUT || label.label.contains("ertificate"))
        .collect();
    html! {
        @if found.is_empty() {
            ": we know of no place for our certificate in " (name) ". If you entered it somewhere, replace it there."
        } @else {
            ", in " (name) ":"
            ul { @for (what_for, label) in found { li { (what_for) ": " strong { (label.label) } " (" (label.place) ")" } } }
        }
    }
}

fn tomorrow(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(chrono::TimeDelta::days(1)).unwrap_or(now)
}

/// As the field has it, in UTC.
fn for_field(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M").to_string()
}

const LOGOUT: &str = "To check our logout messages";
/// Where products keep our certificate, and what for.
const TOPICS: &[(&str, &str)] = &[
    ("signed_requests", "To check our requests"),
    ("logout", LOGOUT),
    ("encryption", "To encrypt assertions for us"),
];
