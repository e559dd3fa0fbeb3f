//! Which algorithms, keys and engines are good enough.

use serde::{Deserialize, Serialize};

use super::{Canonicalization, DigestAlgorithm, SignatureAlgorithm};
use crate::keys::{KeyError, VerificationKey};

/// Which algorithms a peer's signatures may use (SIG-06, SIG-21): an allow-list for each kind.
///
/// The default takes RSA (PKCS#1 and PSS), ECDSA and Ed25519 with SHA-256, 384 or 512. HMAC, DSA and MD5 can't be
/// named at all. SHA-1 and short keys need an option that says so.
///
/// ```
/// use saml_sp::{AlgorithmPolicy, SignatureAlgorithm};
///
/// let policy = AlgorithmPolicy::default();
/// assert!(policy.allows_signature(SignatureAlgorithm::RsaSha256));
/// assert!(!policy.allows_signature(SignatureAlgorithm::RsaSha1));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmPolicy {
    /// The signature algorithms that are taken. Those with SHA-1 also need `danger_allow_sha1`.
    pub signatures: Vec<SignatureAlgorithm>,
    /// The digest algorithms that are taken. SHA-1 also needs `danger_allow_sha1`.
    pub digests: Vec<DigestAlgorithm>,
    /// The canonicalizations that are taken, for the signed element and for `SignedInfo`.
    pub canonicalizations: Vec<Canonicalization>,
    /// Takes SHA-1 in signatures and digests, listed above or not.
    ///
    /// Anyone who can make the peer sign something of their choosing may forge a second document with the same
    /// signature: collisions cost less than a month of rented hardware. Only for a peer that cannot be changed.
    pub danger_allow_sha1: bool,
    /// Takes RSA keys of 1024 to 2047 bits, which a well-funded attacker can factor.
    pub danger_allow_rsa_1024: bool,
}

impl Default for AlgorithmPolicy {
    fn default() -> Self {
        let modern = |algorithm: &SignatureAlgorithm| algorithm.digest() != Some(DigestAlgorithm::Sha1);
        Self {
            signatures: SignatureAlgorithm::ALL.iter().copied().filter(modern).collect(),
            digests: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512],
            canonicalizations: Canonicalization::ALL.to_vec(),
            danger_allow_sha1: false,
            danger_allow_rsa_1024: false,
        }
    }
}

impl AlgorithmPolicy {
    /// Whether a signature with this algorithm is taken.
    pub fn allows_signature(&self, algorithm: SignatureAlgorithm) -> bool {
        match algorithm.digest() {
            Some(DigestAlgorithm::Sha1) => self.danger_allow_sha1,
            _ => self.signatures.contains(&algorithm),
        }
    }

    /// Whether a digest with this algorithm is taken.
    pub fn allows_digest(&self, algorithm: DigestAlgorithm) -> bool {
        match algorithm {
            DigestAlgorithm::Sha1 => self.danger_allow_sha1,
            _ => self.digests.contains(&algorithm),
        }
    }

    /// Whether a canonicalization is taken.
    pub fn allows_canonicalization(&self, algorithm: Canonicalization) -> bool {
        self.canonicalizations.contains(&algorithm)
    }

    /// Whether a key is strong enough (SIG-06). To be asked when the key is configured.
    ///
    /// # Errors
    /// [`KeyError::Weak`] for RSA under 2048 bits (1024 with the option) and for elliptic curves under 256.
    pub fn accepts_key(&self, key: &VerificationKey) -> Result<(), KeyError> {
        key.require_strength(self.rsa_floor())
    }

    pub(crate) fn rsa_floor(&self) -> u32 {
        if self.danger_allow_rsa_1024 { 1024 } else { 2048 }
    }
}

/// One implementation of signature checking.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// This crate's canonicalization with OpenSSL's cryptography. Always there.
    Native,
    /// libxmlsec1 on libxml2. Needs the Cargo feature `xmlsec`.
    Xmlsec,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Xmlsec => "xmlsec",
        })
    }
}

/// Which engines must find a signature good.
///
/// All of them stand behind the same screen, structure check and policy: another choice here never makes the accepted
/// set wider than [`Engines::Native`]'s.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engines {
    /// Both must agree, on the verdict and on every byte; a disagreement is a refusal of its own (SIG-18).
    /// The default with the Cargo feature `xmlsec`.
    Agreement,
    /// The native engine alone. The default without the Cargo feature `xmlsec`.
    Native,
    /// libxmlsec1 alone.
    Xmlsec,
}

impl Default for Engines {
    fn default() -> Self {
        if cfg!(feature = "xmlsec") { Self::Agreement } else { Self::Native }
    }
}
