use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a check lets pass. The default follows RFC 7643 and 7644; each field that loosens it is off and is meant for
/// the one client that needs it. Whatever is used is reported as a [`Notice`](crate::Notice).
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch of a connection's configuration"
)]
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct CheckOptions {
    /// Attributes and extensions that no schema of the resource type has.
    pub unknown_attributes: UnknownAttributes,
    /// Two or more values of one attribute with `primary: true` (RFC 7643 2.4).
    pub several_primaries: SeveralPrimaries,
    /// Values outside `canonicalValues` (RFC 7643 7).
    pub canonical_values: CanonicalValues,
    /// Values that break a format which RFC 7643 4.1 names in prose: country codes, language tags, certificates.
    pub formats: Formats,
    /// Takes `schemas` that is missing, repeats itself, lacks the core URI or has URIs that the resource type does not
    /// know, and puts it right. Entra sends a group URI of its own; OneLogin may send URIs of a draft.
    pub lenient_schemas: bool,
    /// Takes `"true"` and `"false"` in any case for booleans. Entra sends `"True"`.
    pub string_booleans: bool,
    /// Takes one value where a list is due, and a list of one where a value is due.
    pub lenient_arity: bool,
    /// Takes a bare string for a complex value and makes it the `value`. Entra sends `manager` so.
    pub bare_values: bool,
    /// Takes an empty string for `null`: nothing is stored of it. Okta, Google and Entra send `""` for what is not set.
    /// An attribute that must be there is still refused when it is empty; an empty password counts as not sent, so that
    /// the old one stays.
    pub empty_as_unset: bool,
    /// Stores e-mail addresses and telephone numbers of users in canonical form (RFC 7643 4.1.2 recommends it): the
    /// domain in lower case, an international number as `tel:` URI. Entra wants values stored as they were sent.
    pub canonical_contacts: bool,
    /// Values of attributes that a create or replace leaves out; an explicit `null` wins over them. Keys are paths; a
    /// path that a resource type does not have says nothing for it. Initially: a user is `active`.
    pub defaults: Map<String, Value>,
}

impl CheckOptions {
    /// Takes what known clients are seen to send.
    pub fn tolerant() -> Self {
        Self {
            several_primaries: SeveralPrimaries::LastWins,
            lenient_schemas: true,
            string_booleans: true,
            lenient_arity: true,
            bare_values: true,
            empty_as_unset: true,
            ..Self::default()
        }
    }
}

impl Default for CheckOptions {
    fn default() -> Self {
        let mut defaults = Map::new();
        defaults.insert(format!("{}:active", crate::urn::USER), Value::Bool(true));
        Self {
            unknown_attributes: UnknownAttributes::Ignore,
            several_primaries: SeveralPrimaries::Refuse,
            canonical_values: CanonicalValues::Suggest,
            formats: Formats::Report,
            lenient_schemas: false,
            string_booleans: false,
            lenient_arity: false,
            bare_values: false,
            empty_as_unset: false,
            canonical_contacts: false,
            defaults,
        }
    }
}

/// What happens to attributes that no schema knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownAttributes {
    /// Dropped and reported (RFC 7644 3.3 lets the service ignore content).
    #[default]
    Ignore,
    /// Kept as sent and reported. They are returned, but cannot be filtered or patched.
    Keep,
    /// The resource is refused.
    Reject,
}

/// What happens to several values with `primary: true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SeveralPrimaries {
    /// The last one stays primary. Ping may send two.
    LastWins,
    /// The resource is refused.
    #[default]
    Refuse,
}

/// What canonical values mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CanonicalValues {
    /// Other values are refused.
    Enforce,
    /// Other values are taken and reported.
    #[default]
    Suggest,
}

/// What happens to values that break a format named in prose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Formats {
    /// They are refused.
    Refuse,
    /// They are taken and reported: real directories hold them.
    #[default]
    Report,
}
