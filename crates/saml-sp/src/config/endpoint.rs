//! Where messages go, and how.

use serde::{Deserialize, Serialize};

use crate::{names, url::EndpointUrl};

/// A way to carry a SAML message over HTTP (Bindings 3).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum Binding {
    /// HTTP-Artifact: a reference travels through the browser, the message is fetched.
    #[serde(rename = "http-artifact")]
    HttpArtifact,
    /// HTTP-POST: a form that the browser submits.
    #[serde(rename = "http-post")]
    HttpPost,
    /// HTTP-Redirect: the message travels in the query of an address.
    #[serde(rename = "http-redirect")]
    HttpRedirect,
    /// Reverse SOAP, for clients that are no browsers.
    #[serde(rename = "paos")]
    Paos,
    /// SOAP between the servers.
    #[serde(rename = "soap")]
    Soap,
}

impl Binding {
    /// Gives the URI by which metadata and requests name the binding.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::HttpArtifact => names::BINDING_ARTIFACT,
            Self::HttpPost => names::BINDING_POST,
            Self::HttpRedirect => names::BINDING_REDIRECT,
            Self::Paos => names::BINDING_PAOS,
            Self::Soap => names::BINDING_SOAP,
        }
    }

    /// Finds the binding of a URI; unknown ones give `None`.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        [Self::HttpArtifact, Self::HttpPost, Self::HttpRedirect, Self::Paos, Self::Soap]
            .into_iter()
            .find(|binding| binding.uri() == uri)
    }
}

/// An endpoint (Metadata 2.2.2): an address, the binding it speaks, and where answers go if elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// How messages are carried.
    pub binding: Binding,
    /// Where requests are sent.
    pub location: EndpointUrl,
    /// Where responses are sent, if not to `location`; only logout endpoints have one that counts (MD-11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_location: Option<EndpointUrl>,
}

impl Endpoint {
    /// Makes an endpoint that takes requests and responses at one address.
    #[must_use]
    pub fn new(binding: Binding, location: EndpointUrl) -> Self {
        Self { binding, location, response_location: None }
    }

    /// Gives the address for responses: `response_location`, or else `location` (Errata 41).
    #[must_use]
    pub fn for_responses(&self) -> &EndpointUrl {
        self.response_location.as_ref().unwrap_or(&self.location)
    }
}

/// One of several endpoints of a kind, which a request may name by its index (Metadata 2.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedEndpoint {
    /// How messages are carried.
    pub binding: Binding,
    /// The number that names the endpoint; unique among its kind.
    pub index: u16,
    /// Whether it is the one to use when none is named; `None` leaves it to the order (MD-11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Where messages are sent.
    pub location: EndpointUrl,
}

impl IndexedEndpoint {
    /// Makes an HTTP-POST endpoint, the kind that takes responses.
    #[must_use]
    pub fn post(index: u16, location: EndpointUrl) -> Self {
        Self { binding: Binding::HttpPost, index, is_default: None, location }
    }
}

/// Picks the default of an indexed set (Metadata 2.2.3, Errata 37): the first that says it is,
/// else the first that doesn't say it isn't, else the first.
pub(crate) fn default_index<T>(items: &[T], is_default: impl Fn(&T) -> Option<bool>) -> Option<&T> {
    items
        .iter()
        .find(|item| is_default(item) == Some(true))
        .or_else(|| items.iter().find(|item| is_default(item).is_none()))
        .or_else(|| items.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    // MD-11
    #[test]
    fn the_default_endpoint_is_chosen_as_the_erratum_says() {
        let pick = |flags: &[Option<bool>]| {
            let numbered: Vec<_> = flags.iter().enumerate().collect();
            default_index(&numbered, |(_, flag)| **flag).map(|(at, _)| *at)
        };
        assert_eq!(pick(&[None, Some(true), Some(true)]), Some(1));
        assert_eq!(pick(&[Some(false), None, None]), Some(1));
        assert_eq!(pick(&[Some(false), Some(false)]), Some(0));
        assert_eq!(pick(&[]), None);
    }

    #[test]
    fn every_binding_is_found_by_its_uri() {
        for binding in
            [Binding::HttpArtifact, Binding::HttpPost, Binding::HttpRedirect, Binding::Paos, Binding::Soap]
        {
            assert_eq!(Binding::from_uri(binding.uri()), Some(binding));
        }
        assert_eq!(Binding::from_uri("urn:oasis:names:tc:SAML:2.0:bindings:http-post"), None);
    }
}
