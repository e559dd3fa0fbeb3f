//! Everything that an AuthnRequest can ask for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Binding, EndpointUrl, LocalPath, NameId, Seconds};

/// What to ask of the identity provider; by default nothing that isn't needed (REQ-05), since some products refuse
/// what they don't expect.
///
/// ```
/// let mut options = saml_sp::LoginOptions::default();
/// options.return_to = Some("/reports".parse()?);
/// options.force_authn = true;
/// # Ok::<(), saml_sp::ConfigError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginOptions {
    /// Which set of requested attributes is meant, by its index in metadata.
    pub attribute_consuming_service_index: Option<u16>,
    /// How to send the request; by default HTTP-Redirect, or HTTP-POST if the identity provider takes only that.
    pub binding: Option<Binding>,
    /// Limits on the assertion that is asked for.
    pub conditions: Option<RequestConditions>,
    /// Where the response should go.
    pub consumer: Consumer,
    /// Anything the host wants to find again in the pending login.
    pub context: Option<String>,
    /// Elements for `Extensions`, each as XML of its own and of a namespace other than SAML's.
    pub extensions: Vec<String>,
    /// Whether the person must authenticate anew; the answer is checked for it (ASN-07).
    pub force_authn: bool,
    /// Whether the identity provider must not show anything; it then answers with an error if it would have to.
    pub is_passive: bool,
    /// How long the answer may take; an hour by default.
    pub lifetime: Option<Seconds>,
    /// Which kind of name identifier is wanted; the answer is checked for it (ASN-12).
    pub name_id_policy: Option<NameIdPolicy>,
    /// The name of this service for people.
    pub provider_name: Option<String>,
    /// An opaque text of at most 80 bytes that comes back with the answer; a place to return to belongs into
    /// `return_to`.
    pub relay_state: Option<String>,
    /// Which ways of authentication are wanted; the answer is checked for it (ASN-08).
    pub requested_authn_context: Option<RequestedAuthnContext>,
    /// Where on this site the person goes after signing in; it stays here, in the pending login.
    pub return_to: Option<LocalPath>,
    /// Which identity providers may be asked, for proxies.
    pub scoping: Option<Scoping>,
    /// Whether to sign the request even if neither side's metadata demands it.
    pub sign: bool,
    /// The person who must sign in; any other is refused (ASN-13), so this is more than a hint.
    pub subject: Option<NameId>,
}

/// Where the response should go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consumer {
    /// To the default endpoint, named by its address.
    #[default]
    Default,
    /// To the endpoint with this index, named by the index.
    Index(u16),
    /// To the default endpoint, which the identity provider must know from metadata: the request names none.
    Unnamed,
    /// To this endpoint, which must be one of the service provider's (REQ-11), named by its address.
    Url(EndpointUrl),
}

/// Which kind of name identifier is wanted (Core 3.4.1.1).
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameIdPolicy {
    /// Whether a new identifier may be made. By default it may, except with the transient format, where nothing is
    /// said (Errata 14).
    pub allow_create: Option<bool>,
    /// The format, a URI.
    pub format: Option<String>,
    /// The service provider or group that the identifier should be for, if it isn't this one.
    pub sp_name_qualifier: Option<String>,
}

/// Which ways of authentication are wanted (Core 3.3.2.2.1).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAuthnContext {
    /// The classes, URIs, in order of preference.
    pub classes: Vec<String>,
    /// How the class of the answer must compare to these.
    #[serde(default)]
    pub comparison: Comparison,
    /// The classes that the host knows from weakest to strongest; without it only [`Comparison::Exact`] is checked.
    #[serde(default)]
    pub ranking: Vec<String>,
}

impl RequestedAuthnContext {
    /// Asks for exactly one of these classes.
    #[must_use]
    pub fn exactly(classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            classes: classes.into_iter().map(Into::into).collect(),
            comparison: Comparison::Exact,
            ranking: Vec::new(),
        }
    }
}

/// How the class of an answer must compare to those that were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Stronger than each of them.
    Better,
    /// One of them.
    #[default]
    Exact,
    /// As strong as possible without being stronger than one of them.
    Maximum,
    /// As strong as one of them, or stronger.
    Minimum,
}

impl Comparison {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Exact => "exact",
            Self::Maximum => "maximum",
            Self::Minimum => "minimum",
        }
    }
}

/// Limits on the assertion that is asked for (Core 3.4.1).
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestConditions {
    /// Audiences that the assertion should have beside this service provider.
    pub audiences: Vec<String>,
    /// From when it should be valid.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when it should be valid.
    pub not_on_or_after: Option<DateTime<Utc>>,
}

/// Which identity providers a proxy may ask (Core 3.4.1.2).
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scoping {
    /// The identity providers that are trusted.
    pub idps: Vec<IdpEntry>,
    /// Where the whole list can be read.
    pub get_complete: Option<EndpointUrl>,
    /// How many proxies may stand between; 0 forbids proxying.
    pub proxy_count: Option<u32>,
    /// On whose behalf the request is made.
    pub requester_ids: Vec<String>,
}

/// An identity provider that a proxy may ask (Core 3.4.1.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpEntry {
    /// Its entity id.
    pub provider_id: crate::EntityId,
    /// Its name for people.
    pub name: Option<String>,
    /// Where it takes requests.
    pub location: Option<EndpointUrl>,
}
