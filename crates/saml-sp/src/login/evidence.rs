//! What a login rests on.

use chrono::{DateTime, Utc};

use crate::{dsig::SignatureEvidence, enc::EncryptionEvidence};

/// What a login rests on: which keys and algorithms verified which part, and what was unusual.
///
/// It holds no personal data; keep it with the audit event.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The id of the assertion.
    pub assertion_id: String,
    /// The signature of the assertion itself, if it has one.
    pub assertion_signature: Option<SignatureEvidence>,
    /// How the assertion was encrypted, if it was.
    pub encryption: Option<EncryptionEvidence>,
    /// What was unusual, though not refused.
    pub notices: Vec<Notice>,
    /// The signature of the response around it, if it has one.
    pub response_signature: Option<SignatureEvidence>,
}

/// Something unusual that didn't lead to a refusal.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// ASN-17: one of several assertions was dropped.
    AssertionDropped {
        /// The rule that it broke.
        code: &'static str,
    },
    /// SIG-09: the certificate whose key verified has expired; standards say to go on, an admin should know.
    CertificateExpired {
        /// When it expired.
        not_after: DateTime<Utc>,
    },
    /// ENC-02: AES-CBC or triple-DES was used, which isn't authenticated.
    CbcEncryption,
    /// ASN-10: attributes with the same Name and NameFormat were merged.
    DuplicateAttribute {
        /// Its name.
        name: String,
    },
    /// ASN-05: the identity provider limits to whom the assertion may be passed on.
    ProxyRestriction,
    /// SIG-04: inclusive canonicalization was used; SAML recommends exclusive.
    InclusiveCanonicalization,
    /// ASN-05: the assertion must not be kept (Core 2.5.1.5).
    OneTimeUse,
    /// ASN-08: a comparison other than exact was asked for; only the identity provider can rank its classes.
    UncheckedAuthnContext {
        /// The class that came.
        class: Option<String>,
    },
}
