//! Why a signature was refused.

use super::{Canonicalization, Engine};

/// Why a signature was refused. The code is the rule that it breaks.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// SIG-12: there is no Signature where one was looked for.
    #[error("element `{element}` is not signed")]
    Missing {
        /// The element that should be signed.
        element: String,
    },
    /// SIG-01: not exactly one Reference.
    #[error("{found} References in SignedInfo, expected 1")]
    ReferenceCount {
        /// How many there are.
        found: usize,
    },
    /// SIG-02: the Reference does not name the element that holds the Signature.
    #[error("the Reference is to `{found}`, expected `{expected}`")]
    ReferenceTarget {
        /// `#` and the ID of the Signature's parent.
        expected: String,
        /// The URI in the Reference, cut to 256 characters; empty too if it is absent.
        found: String,
    },
    /// SIG-02: the signed element has no ID that a Reference could name.
    #[error("the signed element `{element}` has no ID")]
    NoId {
        /// The element.
        element: String,
    },
    /// SIG-03: the Signature is not where the schema has it.
    #[error("the Signature in `{element}` is not in its place after Issuer, or first")]
    Misplaced {
        /// The element that holds it.
        element: String,
    },
    /// SIG-03: more than one Signature in one element.
    #[error("{found} Signatures in `{element}`, expected 1")]
    SignatureCount {
        /// The element that holds them.
        element: String,
        /// How many there are.
        found: usize,
    },
    /// SIG-04: a transform that is refused, or in a refused place.
    #[error("transform `{found}` is not allowed here")]
    Transform {
        /// The algorithm in the Transform, cut to 256 characters.
        found: String,
    },
    /// SIG-04: more transforms than enveloped-signature and one canonicalization, or none at all.
    #[error("{found} transforms, expected enveloped-signature and a canonicalization")]
    TransformCount {
        /// How many there are.
        found: usize,
    },
    /// SIG-04: a canonicalization that is unknown or not allowed by policy.
    #[error("canonicalization `{found}` is not allowed")]
    Canonicalization {
        /// The algorithm, cut to 256 characters.
        found: String,
    },
    /// SIG-05: the Signature has not the form that the schema gives it.
    #[error("the Signature is malformed: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// SIG-05: a comment inside of SignedInfo or SignatureValue, where it can only confuse.
    #[error("a comment inside of `{element}`")]
    Comment {
        /// The element with the comment.
        element: &'static str,
    },
    /// SIG-06: a signature algorithm that is unknown or not allowed by policy.
    #[error("signature algorithm `{found}` is not allowed")]
    SignatureAlgorithm {
        /// The algorithm, cut to 256 characters.
        found: String,
    },
    /// SIG-06: a digest algorithm that is unknown or not allowed by policy.
    #[error("digest algorithm `{found}` is not allowed")]
    DigestAlgorithm {
        /// The algorithm, cut to 256 characters.
        found: String,
    },
    /// SIG-06: every key of the fitting kind is too short for the policy.
    #[error("no configured key is strong enough: {found} bits, expected {expected}")]
    WeakKey {
        /// The bits of the longest key.
        found: u32,
        /// The bits that the policy asks for.
        expected: u32,
    },
    /// SIG-07: no configured key verifies the signature. KeyInfo was not asked.
    #[error("the signature was not made with a configured key ({tried} tried)")]
    NotVerified {
        /// How many keys were tried.
        tried: usize,
        /// Whether the Signature carries a certificate, and that is none of the configured ones: most often the peer
        /// has rolled its key over. Nothing in it was believed.
        carries_other_certificate: bool,
    },
    /// SIG-10: the signed bytes were changed: the digest differs.
    #[error("the signed content was changed: its digest is not the signed one")]
    Digest,
    /// SIG-15: the signed element could not be canonicalized, or to nothing.
    #[error("canonicalization `{algorithm}` failed")]
    CanonicalizationFailed {
        /// The algorithm.
        algorithm: Canonicalization,
    },
    /// SIG-16: an InclusiveNamespaces list that is not one, or too long.
    #[error("malformed InclusiveNamespaces")]
    InclusiveNamespaces,
    /// SIG-17: none of the configured keys is of the kind that the algorithm needs.
    #[error("no configured key fits signature algorithm `{algorithm}`")]
    KeyType {
        /// The signature algorithm.
        algorithm: super::SignatureAlgorithm,
    },
    /// SIG-18: the engines do not agree.
    #[error("the signature engines disagree on the {0}")]
    Disagreement(Disagreement),
    /// SIG-18: an engine is asked for that this build does not have.
    #[error("the engine `{engine}` is not in this build")]
    EngineMissing {
        /// The engine.
        engine: Engine,
    },
    /// SIG-18: the only engine that is asked lacks the algorithm.
    #[error("the engine `{engine}` lacks signature algorithm `{algorithm}`")]
    EngineLacks {
        /// The engine.
        engine: Engine,
        /// The signature algorithm.
        algorithm: super::SignatureAlgorithm,
    },
    /// SIG-18: an engine failed for a reason of its own.
    #[error("the engine `{engine}` failed")]
    EngineFailed {
        /// The engine.
        engine: Engine,
    },
    /// SIG-22: the Signature holds an Object.
    #[error("the Signature holds an Object")]
    Object,
}

/// What the engines disagree on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// Both found the signature good, over different bytes.
    Bytes,
    /// One found it good, the other bad.
    Verdict,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bytes => "signed bytes",
            Self::Verdict => "verdict",
        })
    }
}

impl SignatureError {
    /// The rule that was broken, stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReferenceCount { .. } => "SIG-01",
            Self::ReferenceTarget { .. } | Self::NoId { .. } => "SIG-02",
            Self::Misplaced { .. } | Self::SignatureCount { .. } => "SIG-03",
            Self::Transform { .. } | Self::TransformCount { .. } | Self::Canonicalization { .. } => "SIG-04",
            Self::Malformed { .. } | Self::Comment { .. } => "SIG-05",
            Self::SignatureAlgorithm { .. } | Self::DigestAlgorithm { .. } | Self::WeakKey { .. } => "SIG-06",
            Self::NotVerified { .. } => "SIG-07",
            Self::Digest => "SIG-10",
            Self::Missing { .. } => "SIG-12",
            Self::CanonicalizationFailed { .. } => "SIG-15",
            Self::InclusiveNamespaces => "SIG-16",
            Self::KeyType { .. } => "SIG-17",
            Self::Disagreement(_)
            | Self::EngineMissing { .. }
            | Self::EngineLacks { .. }
            | Self::EngineFailed { .. } => "SIG-18",
            Self::Object => "SIG-22",
        }
    }
}

/// A URI for an error message, cut to 256 characters.
pub(super) fn shown(uri: &str) -> String {
    uri.chars().take(256).collect()
}
