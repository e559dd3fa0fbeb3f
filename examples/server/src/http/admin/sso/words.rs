//! Words that several pages need.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::{Guide, Product};
use tenant_model::{ConnectionState, Provider, TrustReason};

/// A day, for people.
pub(in crate::http::admin) fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y").to_string()
}

/// A minute, for people.
pub(in crate::http::admin) fn minute(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A day with how far off it is, marked if that is near.
pub(super) fn until(end: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    let days = end.signed_duration_since(now).num_days();
    html! {
        (day(end))
        @if end <= now { " " span.tag.bad { "expired" } }
        @else if days < 30 { " " span.tag.bad { "in " (days) " days" } }
        @else { span.quiet { " (in " (days) " days)" } }
    }
}

pub(super) fn state(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Active => "in use",
        ConnectionState::Draft => "draft: no identity provider yet",
        ConnectionState::Off { .. } => "off",
        ConnectionState::Testing => "being tried out",
    }
}

/// The products to choose from, with their names in forms.
pub(super) const PROVIDERS: &[(Provider, &str, &str)] = &[
    (Provider::Generic, "generic", "Another one, or not sure"),
    (Provider::Cyberark, "cyberark", "CyberArk Identity"),
    (Provider::Entra, "entra", "Microsoft Entra ID"),
    (Provider::GoogleWorkspace, "google_workspace", "Google Workspace"),
    (Provider::Jumpcloud, "jumpcloud", "JumpCloud"),
    (Provider::Keycloak, "keycloak", "Keycloak"),
    (Provider::Okta, "okta", "Okta"),
    (Provider::Onelogin, "onelogin", "OneLogin"),
    (Provider::Ping, "ping", "Ping Identity"),
    (Provider::Rippling, "rippling", "Rippling"),
];

pub(super) fn provider_word(provider: Provider) -> &'static str {
    PROVIDERS.iter().find(|(known, ..)| *known == provider).map_or("generic", |(_, word, _)| word)
}

pub(super) fn provider_of(word: &str) -> Option<Provider> {
    PROVIDERS.iter().find(|(_, known, _)| *known == word).map(|(provider, ..)| *provider)
}

pub(super) fn reason(reason: TrustReason) -> &'static str {
    match reason {
        TrustReason::EntityId => {
            "It is another provider by name: its entity id is not the one that is stored."
        }
        TrustReason::KeysReplaced => {
            "No signing key stays that has proved itself: whoever made the new ones now speaks for your people."
        }
        TrustReason::SsoOrigin => "Another host would ask your people for their passwords.",
    }
}

pub(super) fn reason_word(reason: TrustReason) -> &'static str {
    match reason {
        TrustReason::EntityId => "entity_id",
        TrustReason::KeysReplaced => "keys_replaced",
        TrustReason::SsoOrigin => "sso_origin",
    }
}

pub(super) fn reason_of(word: &str) -> Option<TrustReason> {
    [TrustReason::EntityId, TrustReason::KeysReplaced, TrustReason::SsoOrigin]
        .into_iter()
        .find(|reason| reason_word(*reason) == word)
}

/// What a product's console calls a setting: the name for a label, and where it is.
pub(super) fn called(product: Option<Product>, topic: &str, general: &str) -> String {
    let guide = Guide::default();
    match product.and_then(|product| Some((Guide::name(product), guide.label(product, topic)?))) {
        Some((name, label)) => format!("{general} – in {name}: {} ({})", label.label, label.place),
        None => general.to_owned(),
    }
}
