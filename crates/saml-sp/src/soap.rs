//! SOAP 1.1, in which servers talk to each other without a browser between them (Bindings 3.2).

mod envelope;
mod logout;

use crate::EndpointUrl;

pub(crate) use envelope::{Envelope, envelope, standing_alone};

#[cfg(test)]
pub(crate) mod tests;

/// A message to be sent to the identity provider's own server, by POST (Bindings 3.2.3).
///
/// # Security
/// Send it over TLS, with the server's certificate checked, no redirect followed, a limit on the answer's size and on
/// the time it may take. The answer's body goes, whatever its HTTP status, to the function that the call belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapCall {
    to: EndpointUrl,
    body: String,
}

impl SoapCall {
    pub(crate) fn new(to: EndpointUrl, message: &str) -> Self {
        Self { to, body: envelope(Vec::new(), message) }
    }

    /// Gives the address to send it to.
    #[must_use]
    pub fn to(&self) -> &EndpointUrl {
        &self.to
    }

    /// Gives the headers of the HTTP request (Bindings 3.2.3.1, 3.2.3.2).
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("Content-Type", "text/xml; charset=utf-8"),
            ("SOAPAction", "\"http://www.oasis-open.org/committees/security\""),
            ("Cache-Control", "no-cache, no-store"),
            ("Pragma", "no-cache"),
        ]
    }

    /// Gives the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// A SOAP message to answer an HTTP request with, status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapReply {
    content_type: &'static str,
    body: String,
}

impl SoapReply {
    pub(crate) fn new(content_type: &'static str, body: String) -> Self {
        Self { content_type, body }
    }

    /// Gives the headers of the HTTP answer; it must not be cached.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        vec![
            ("Content-Type", self.content_type),
            ("Cache-Control", "no-cache, no-store, must-revalidate, private"),
            ("Pragma", "no-cache"),
        ]
    }

    /// Gives the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}
