//! Why the test identity provider can't do what it is asked.

use openssl::error::ErrorStack;

/// The test identity provider can't do what it is asked.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// The address that a message goes to is no http or https address.
    #[error("the destination is no http or https address")]
    Destination,
    /// What came in isn't percent-encoded base64 (or, by redirect, deflated) text.
    #[error("the message can't be decoded")]
    Encoding,
    /// A key or certificate can't be read, written or used.
    #[error("the key or certificate can't be used")]
    Key,
    /// What came in is no AuthnRequest, LogoutRequest or LogoutResponse, and by SOAP no ArtifactResolve either.
    #[error("not an AuthnRequest, LogoutRequest, LogoutResponse or ArtifactResolve")]
    Message,
    /// A forgery needs something of the good message that isn't there.
    #[error("the good message lacks the {part} that is to be forged")]
    NothingToForge {
        /// The part.
        part: &'static str,
    },
}

impl From<ErrorStack> for TestError {
    fn from(_: ErrorStack) -> Self {
        Self::Key
    }
}
