//! Public keys that signatures are checked with.

use std::fmt;
use std::sync::Arc;

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Rsa;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Certificate, KeyError};

/// The kind of a public key.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// On an elliptic curve of NIST: P-256, P-384 or P-521.
    Ec,
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ec => "EC",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
        })
    }
}

/// A key that a peer's signatures are checked with: from a certificate, or bare (a `KeyValue` of metadata).
///
/// It is parsed once, here; checking a message does not parse it again. Keys under 1024 bits of RSA or 256 of an
/// elliptic curve are never taken (SIG-06); [`crate::AlgorithmPolicy::accepts_key`] asks for more by default.
/// Of a certificate nothing but the key matters: dates, chain and usage are not judged (SIG-09), only reported.
///
/// In configuration it is a string: a certificate as PEM or base64, or a public key as PEM.
#[derive(Clone)]
pub struct VerificationKey {
    inner: Arc<Inner>,
}

struct Inner {
    key: PKey<Public>,
    numbers: Numbers<EcKey<Public>, Rsa<Public>>,
    /// The key's DER; of a key in a certificate that says it all, and writing it costs as much as reading it.
    spki: Option<Vec<u8>>,
    kind: KeyKind,
    bits: u32,
    certificate: Option<Certificate>,
    /// The same key for the other engine, made when it is first needed.
    #[cfg(feature = "xmlsec")]
    xmlsec: std::sync::OnceLock<Option<crate::dsig::XmlsecKey>>,
}

/// The key taken out of its wrapping, ready to compute with: looking an algorithm up in OpenSSL costs as much as a part of
/// the operation itself.
pub(crate) enum Numbers<E, R> {
    Ec(E),
    None,
    Rsa(R),
}

impl VerificationKey {
    /// Takes the key of a certificate.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] or [`KeyError::Weak`] for a key that is never taken.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, KeyError> {
        Self::from_pkey(certificate.public_key(), Some(certificate.clone()))
    }

    /// Reads a certificate (PEM, base64 of DER) or a public key (PEM).
    ///
    /// # Errors
    /// As [`Certificate::parse`]; [`KeyError::NotAPublicKey`] for a broken PEM public key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.contains("-----BEGIN PUBLIC KEY-----") {
            let key = PKey::public_key_from_pem(text.as_bytes()).map_err(|_| KeyError::NotAPublicKey)?;
            return Self::from_pkey(key, None);
        }
        Self::from_certificate(&Certificate::parse(text)?)
    }

    /// An RSA key from its numbers, big-endian, as in `ds:RSAKeyValue`.
    ///
    /// # Errors
    /// [`KeyError::NotAPublicKey`] if the numbers are no key.
    pub fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let key = BigNum::from_slice(modulus)
            .and_then(|n| Rsa::from_public_components(n, BigNum::from_slice(exponent)?))
            .and_then(PKey::from_rsa)
            .map_err(|_| KeyError::NotAPublicKey)?;
        Self::from_pkey(key, None)
    }

    /// A key on a named curve from its encoded point, as in `dsig11:ECKeyValue`. The curve is its object identifier,
    /// such as `1.2.840.10045.3.1.7` for P-256.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for another curve, [`KeyError::NotAPublicKey`] if the point is not on it.
    pub fn from_ec(curve: &str, point: &[u8]) -> Result<Self, KeyError> {
        let nid = match curve {
            "1.2.840.10045.3.1.7" => Nid::X9_62_PRIME256V1,
            "1.3.132.0.34" => Nid::SECP384R1,
            "1.3.132.0.35" => Nid::SECP521R1,
            _ => return Err(KeyError::Unsupported),
        };
        let key = (|| {
            let group = EcGroup::from_curve_name(nid)?;
            let mut context = openssl::bn::BigNumContext::new()?;
            let point = EcPoint::from_bytes(&group, point, &mut context)?;
            let key = EcKey::from_public_key(&group, &point)?;
            key.check_key()?;
            PKey::from_ec_key(key)
        })()
        .map_err(|_: openssl::error::ErrorStack| KeyError::NotAPublicKey)?;
        Self::from_pkey(key, None)
    }

    /// The certificate that the key came in, if it did.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.inner.certificate.as_ref()
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.inner.kind
    }

    /// The length of the key: of the modulus for RSA, of the field for curves.
    pub fn bits(&self) -> u32 {
        self.inner.bits
    }

    /// SHA-256 in hex, lower case: over the certificate if there is one, else over the key's DER.
    pub fn fingerprint(&self) -> String {
        match &self.inner.certificate {
            Some(certificate) => certificate.fingerprint().to_owned(),
            None => {
                let spki = self.inner.spki.as_deref().unwrap_or_default();
                super::certificate::hex(&openssl::sha::sha256(spki))
            }
        }
    }

    pub(crate) fn pkey(&self) -> &PKey<Public> {
        &self.inner.key
    }

    pub(crate) fn numbers(&self) -> &Numbers<EcKey<Public>, Rsa<Public>> {
        &self.inner.numbers
    }

    #[cfg(feature = "xmlsec")]
    pub(crate) fn xmlsec(&self) -> Option<&crate::dsig::XmlsecKey> {
        let make = || crate::dsig::XmlsecKey::new(&self.inner.key.public_key_to_der().ok()?);
        self.inner.xmlsec.get_or_init(make).as_ref()
    }

    /// Refuses a key under these bits of RSA, or under 256 of a curve.
    pub(crate) fn require_strength(&self, rsa_floor: u32) -> Result<(), KeyError> {
        let expected = match self.kind() {
            KeyKind::Rsa => rsa_floor,
            KeyKind::Ec => EC_FLOOR,
            KeyKind::Ed25519 => 0,
        };
        if self.bits() < expected {
            return Err(KeyError::Weak { kind: self.kind(), found: self.bits(), expected });
        }
        Ok(())
    }

    fn from_pkey(key: PKey<Public>, certificate: Option<Certificate>) -> Result<Self, KeyError> {
        let kind = match key.id() {
            Id::RSA => KeyKind::Rsa,
            Id::EC => KeyKind::Ec,
            Id::ED25519 => KeyKind::Ed25519,
            _ => return Err(KeyError::Unsupported),
        };
        if kind == KeyKind::Ec {
            let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
            match curve {
                Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1 | Nid::SECP521R1) => {}
                // Named curves below the floor get the error that says why.
                Some(_) if key.bits() < EC_FLOOR => {}
                _ => return Err(KeyError::Unsupported),
            }
        }
        let numbers = match kind {
            KeyKind::Ec => Numbers::Ec(key.ec_key().map_err(|_| KeyError::NotAPublicKey)?),
            KeyKind::Ed25519 => Numbers::None,
            KeyKind::Rsa => Numbers::Rsa(key.rsa().map_err(|_| KeyError::NotAPublicKey)?),
        };
        let spki = match certificate {
            Some(_) => None,
            None => Some(key.public_key_to_der().map_err(|_| KeyError::NotAPublicKey)?),
        };
        let bits = key.bits();
        let key = Self {
            inner: Arc::new(Inner {
                key,
                numbers,
                spki,
                kind,
                bits,
                certificate,
                #[cfg(feature = "xmlsec")]
                xmlsec: std::sync::OnceLock::new(),
            }),
        };
        key.require_strength(RSA_FLOOR)?;
        Ok(key)
    }
}

impl PartialEq for VerificationKey {
    fn eq(&self, other: &Self) -> bool {
        self.inner.spki == other.inner.spki && self.inner.certificate == other.inner.certificate
    }
}

impl Eq for VerificationKey {}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({} {} bits, {})", self.kind(), self.bits(), self.fingerprint())
    }
}

impl Serialize for VerificationKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.inner.certificate {
            Some(certificate) => certificate.serialize(serializer),
            None => {
                let pem = self.inner.key.public_key_to_pem().map_err(serde::ser::Error::custom)?;
                serializer.serialize_str(&String::from_utf8(pem).map_err(serde::ser::Error::custom)?)
            }
        }
    }
}

impl<'de> Deserialize<'de> for VerificationKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What no policy goes below.
const RSA_FLOOR: u32 = 1024;
const EC_FLOOR: u32 = 256;
