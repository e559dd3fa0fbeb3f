//! The algorithms by their identifiers.

use serde::{Deserialize, Serialize};

macro_rules! algorithms {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $uri:literal,)+ }) => {
        $(#[$meta])*
        ///
        /// In configuration it is written as the identifier of the standard.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $uri)] $variant,)+
        }

        impl $name {
            /// Every algorithm of this kind that can be named.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The identifier, as it stands in XML.
            pub fn uri(self) -> &'static str {
                match self {
                    $(Self::$variant => $uri,)+
                }
            }

            /// The algorithm of an identifier; `None` if it is not one that this crate has.
            pub fn from_uri(uri: &str) -> Option<Self> {
                match uri {
                    $($uri => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.uri())
            }
        }
    };
}
pub(crate) use algorithms;

algorithms! {
    /// How a signature is made from a digest and a key (RFC 9231; RFC 6931 for RSA-PSS).
    SignatureAlgorithm {
        /// ECDSA with SHA-1: broken, taken only with `danger_allow_sha1`.
        EcdsaSha1 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        /// ECDSA with SHA-256.
        EcdsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        /// ECDSA with SHA-384.
        EcdsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        /// ECDSA with SHA-512.
        EcdsaSha512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        /// Ed25519, which hashes by itself.
        Ed25519 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        /// RSA PKCS#1 v1.5 with SHA-1: broken, taken only with `danger_allow_sha1`.
        RsaSha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        /// RSA PKCS#1 v1.5 with SHA-256: what nearly everyone sends.
        RsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        /// RSA PKCS#1 v1.5 with SHA-384.
        RsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        /// RSA PKCS#1 v1.5 with SHA-512.
        RsaSha512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        /// RSA-PSS with SHA-256, MGF1 of the same, salt of 32 bytes.
        RsaPssSha256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        /// RSA-PSS with SHA-384, MGF1 of the same, salt of 48 bytes.
        RsaPssSha384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        /// RSA-PSS with SHA-512, MGF1 of the same, salt of 64 bytes.
        RsaPssSha512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    }
}

algorithms! {
    /// How the signed bytes are digested.
    DigestAlgorithm {
        /// SHA-1: broken, taken only with `danger_allow_sha1`.
        Sha1 = "http://www.w3.org/2000/09/xmldsig#sha1",
        /// SHA-256.
        Sha256 = "http://www.w3.org/2001/04/xmlenc#sha256",
        /// SHA-384.
        Sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384",
        /// SHA-512.
        Sha512 = "http://www.w3.org/2001/04/xmlenc#sha512",
    }
}

algorithms! {
    /// How a subtree is turned into bytes before it is digested.
    Canonicalization {
        /// Exclusive canonicalization 1.0: what SAML asks for (Core 5.4.3).
        Exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#",
        /// Exclusive canonicalization 1.0 that keeps comments.
        ExclusiveWithComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        /// Canonical XML 1.0.
        Inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        /// Canonical XML 1.0 that keeps comments.
        InclusiveWithComments = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        /// Canonical XML 1.1.
        Inclusive11 = "http://www.w3.org/2006/12/xml-c14n11",
        /// Canonical XML 1.1 that keeps comments.
        Inclusive11WithComments = "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    }
}

/// The kind of key that an algorithm works with (SIG-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Ecdsa,
    Ed25519,
    Rsa,
    RsaPss,
}

impl SignatureAlgorithm {
    pub(crate) fn family(self) -> Family {
        match self {
            Self::EcdsaSha1 | Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => Family::Ecdsa,
            Self::Ed25519 => Family::Ed25519,
            Self::RsaSha1 | Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 => Family::Rsa,
            Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512 => Family::RsaPss,
        }
    }

    /// The digest inside of the signature; Ed25519 has none of these.
    pub(crate) fn digest(self) -> Option<DigestAlgorithm> {
        Some(match self {
            Self::EcdsaSha1 | Self::RsaSha1 => DigestAlgorithm::Sha1,
            Self::EcdsaSha256 | Self::RsaSha256 | Self::RsaPssSha256 => DigestAlgorithm::Sha256,
            Self::EcdsaSha384 | Self::RsaSha384 | Self::RsaPssSha384 => DigestAlgorithm::Sha384,
            Self::EcdsaSha512 | Self::RsaSha512 | Self::RsaPssSha512 => DigestAlgorithm::Sha512,
            Self::Ed25519 => return None,
        })
    }
}

impl Canonicalization {
    pub(crate) fn is_exclusive(self) -> bool {
        matches!(self, Self::Exclusive | Self::ExclusiveWithComments)
    }

    pub(crate) fn keeps_comments(self) -> bool {
        matches!(
            self,
            Self::ExclusiveWithComments | Self::InclusiveWithComments | Self::Inclusive11WithComments
        )
    }
}
