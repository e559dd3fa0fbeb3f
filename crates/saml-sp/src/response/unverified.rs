//! A look at a message before anything of it is believed.

use crate::rejection::Cause;
use crate::{Inbound, Limits, names::ASSERTION, rejection::Rejection, xml::Document};

/// What a message says of its sender, unverified: good for choosing a connection, and for nothing else (TEN-03).
///
/// A host that serves several identity providers at one address asks it whose connection to take, and by which request
/// id to look for a pending login; the connection then checks everything, this included.
///
/// ```
/// use saml_sp::{Inbound, Limits, UnverifiedIssuer};
///
/// // <Response InResponseTo="_1"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://idp</Issuer></Response>
/// let body = "SAMLResponse=PFJlc3BvbnNlIEluUmVzcG9uc2VUbz0iXzEiPjxJc3N1ZXIgeG1sbnM9InVybjpvYXNpczpuYW1lczp0YzpTQU1MOjIuMDphc3NlcnRpb24iPmh0dHBzOi8vaWRwPC9Jc3N1ZXI%2BPC9SZXNwb25zZT4%3D";
/// let peeked = UnverifiedIssuer::peek(&Inbound::FormBody(body.as_bytes()), &Limits::default())?;
/// assert_eq!(peeked.issuer(), Some("https://idp"));
/// assert_eq!(peeked.in_response_to(), Some("_1"));
/// # Ok::<(), saml_sp::Rejection>(())
/// ```
///
/// It is nobody's identity: it has no subject, and what it tells is plain text, not a name that other calls take.
///
/// ```compile_fail,E0308
/// fn believes(peeked: &saml_sp::UnverifiedIssuer) -> Option<&saml_sp::EntityId> {
///     peeked.issuer()
/// }
/// ```
/// ```compile_fail,E0277
/// fn signs_in(peeked: saml_sp::UnverifiedIssuer) -> saml_sp::Login {
///     peeked.into()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedIssuer {
    in_response_to: Option<String>,
    issuer: Option<String>,
    relay_state: Option<String>,
}

impl UnverifiedIssuer {
    /// Reads a message of any kind without believing it.
    ///
    /// # Errors
    /// A [`Rejection`] if it can't be decoded or isn't acceptable XML.
    pub fn peek(inbound: &Inbound<'_>, limits: &Limits) -> Result<Self, Rejection> {
        let decoded = inbound.decode(limits)?;
        let document = Document::parse(&decoded.xml, limits).map_err(Cause::Xml)?;
        let root = document.root();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            in_response_to: owned(root.attribute("InResponseTo")),
            issuer: root.child(ASSERTION, "Issuer").map(|issuer| issuer.text().into_owned()),
            relay_state: decoded.relay_state,
        })
    }

    /// Gives who says to have sent the message.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Gives the request that the message says to answer.
    #[must_use]
    pub fn in_response_to(&self) -> Option<&str> {
        self.in_response_to.as_deref()
    }

    /// Gives the `RelayState` that came along.
    #[must_use]
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}
