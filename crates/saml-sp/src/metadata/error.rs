//! Why metadata was refused.

use chrono::{DateTime, Utc};

use crate::{ConfigError, KeyError, Rejection};

/// A metadata document can't be used.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// MD-01: an identity provider was picked by entity id, and the document doesn't have it.
    #[error("the metadata has no identity provider with the entity id that was asked for")]
    NotFound,
    /// MD-01: the document describes several identity providers, and none was picked.
    #[error("the metadata describes {found} identity providers, name one by its entity id")]
    Several {
        /// How many there are.
        found: usize,
    },
    /// MD-01: the root is no metadata.
    #[error("this is not SAML metadata")]
    NotMetadata {
        /// The root element's name.
        found: String,
    },
    /// MD-02: the document describes no identity provider for SAML 2.0.
    #[error("the metadata describes no SAML 2.0 identity provider")]
    NoIdentityProvider {
        /// Whether it describes a service provider, which is the other side's usual mix-up.
        is_service_provider: bool,
    },
    /// MD-03: the metadata has expired.
    #[error("the metadata expired at {valid_until}")]
    Expired {
        /// The earliest `validUntil` on the path.
        valid_until: DateTime<Utc>,
    },
    /// MD-03: the policy demands that metadata says until when it is valid.
    #[error("the metadata does not say until when it is valid")]
    NoValidUntil,
    /// MD-03: the metadata is valid for longer than the policy allows.
    #[error("the metadata is valid until {valid_until}, longer than allowed")]
    ValidTooLong {
        /// The earliest `validUntil` on the path.
        valid_until: DateTime<Utc>,
    },
    /// MD-04: a key can't be read.
    #[error("a key in the metadata is not usable: {0}")]
    Key(KeyError),
    /// MD-04: the keys in one `KeyDescriptor` differ.
    #[error("one KeyDescriptor holds several keys")]
    SeveralKeys,
    /// MD-04: a `KeyDescriptor` has a use that isn't known.
    #[error("a KeyDescriptor has an unknown use")]
    KeyUse {
        /// What stands there.
        found: String,
    },
    /// MD-05: the policy demands TLS and an endpoint has none.
    #[error("an endpoint has no https address")]
    NotHttps {
        /// The address.
        found: String,
    },
    /// MD-05: an endpoint isn't a usable address.
    #[error("an endpoint has no usable address")]
    Location {
        /// What stands there.
        found: String,
    },
    /// MD-08: what was read makes no identity provider.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// MD-06, XML-..: the document or its signature is refused.
    #[error("{0}")]
    Document(#[from] Rejection),
}

impl MetadataError {
    /// Gives the id of the broken rule, stable over releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::Several { .. } | Self::NotMetadata { .. } => "MD-01",
            Self::NoIdentityProvider { .. } => "MD-02",
            Self::Expired { .. } | Self::NoValidUntil | Self::ValidTooLong { .. } => "MD-03",
            Self::Key(_) | Self::SeveralKeys | Self::KeyUse { .. } => "MD-04",
            Self::NotHttps { .. } | Self::Location { .. } => "MD-05",
            Self::Config(error) => error.code(),
            Self::Document(rejection) => rejection.code(),
        }
    }
}
