//! Why a configuration value was refused.

/// A configuration value breaks a rule that no connection may break.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Metadata 2.2.2: two indexed endpoints carry the same index.
    #[error("two endpoints have the index {index}")]
    DuplicateIndex {
        /// The index that is there twice.
        index: u16,
    },
    /// Metadata 2.2.1: an entity id has 1 to 1024 characters, at least one of them visible, and no control characters.
    #[error("an entity id has 1 to 1024 characters, this one has {length}")]
    EntityId {
        /// Characters found.
        length: usize,
    },
    /// The private key can't be read, or it doesn't belong to the certificate.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// Metadata 2.4.4: a set of requested attributes needs a service name and at least one attribute.
    #[error("requested attributes need at least one service name and one attribute")]
    RequestedAttributes,
    /// Responses are taken by the HTTP-POST binding, so one consumer endpoint must have it.
    #[error("no assertion consumer endpoint with the HTTP-POST binding")]
    NoConsumer,
    /// The identity provider can't be asked: it has no single sign-on endpoint by HTTP-Redirect or HTTP-POST.
    #[error("no single sign-on endpoint with the HTTP-Redirect or HTTP-POST binding")]
    NoSingleSignOn,
    /// Without a signing certificate nothing that the identity provider sends can be verified.
    #[error("no signing certificate")]
    NoSigningKey,
    /// A `RelayState` that is sent has at most 80 bytes (Bindings 3.4.3).
    #[error("a RelayState has at most 80 bytes, this one has {length}")]
    RelayState {
        /// Bytes found.
        length: usize,
    },
    /// A request id is an NCName of at most 256 characters.
    #[error(
        "a request id starts with a letter or underscore and has at most 256 letters, digits, dots and dashes"
    )]
    RequestId,
    /// The path a person returns to isn't a path of this site.
    #[error("a return path starts with one slash and holds only escaped characters")]
    ReturnPath,
    /// The clock difference that may be allowed for is 0 to 300 seconds.
    #[error("the allowed clock difference is 0 to 300 seconds, not {seconds}")]
    Skew {
        /// Seconds found.
        seconds: u32,
    },
    /// An address isn't an absolute http or https URL with everything escaped that must be.
    #[error(
        "an endpoint is an absolute http or https address of at most 2048 characters, with a host and everything escaped"
    )]
    Url,
}

impl ConfigError {
    /// Gives the id of the broken rule, stable over releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DuplicateIndex { .. } | Self::RequestedAttributes => "MD-09",
            Self::EntityId { .. } => "MD-01",
            Self::KeyMismatch => "key.mismatch",
            Self::NoConsumer | Self::NoSingleSignOn => "MD-05",
            Self::NoSigningKey => "MD-04",
            Self::RelayState { .. } | Self::ReturnPath | Self::Url => "REQ-09",
            Self::RequestId => "REQ-01",
            Self::Skew { .. } => "RSP-03",
        }
    }
}
