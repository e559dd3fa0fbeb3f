//! X.509 certificates, as carriers of a key.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::pkey::{PKey, Public};
use openssl::x509::X509;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::KeyError;

/// An X.509 certificate, parsed once.
///
/// Two are equal if their DER is. In configuration it is a string: PEM, or base64 of DER with or without white space
/// as metadata has it.
///
/// ```
/// # fn main() -> Result<(), saml_sp::KeyError> {
/// # let pem = include_str!("../../../../testdata/saml/captures/keys/sp.crt");
/// let certificate = saml_sp::Certificate::parse(pem)?;
/// assert_eq!(certificate, saml_sp::Certificate::parse(&certificate.to_base64())?);
/// assert_eq!(certificate.fingerprint().len(), 64);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Certificate {
    inner: Arc<Inner>,
}

struct Inner {
    der: Vec<u8>,
    key: PKey<Public>,
    fingerprint: String,
    subject: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
}

impl Certificate {
    /// Reads one certificate from PEM, or from bare base64 of DER with any white space in it.
    ///
    /// # Errors
    /// [`KeyError::Encoding`], [`KeyError::NotACertificate`], [`KeyError::SeveralCertificates`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let body = match text.matches(PEM_BEGIN).count() {
            0 => text,
            1 => text
                .split_once(PEM_BEGIN)
                .and_then(|(_, rest)| rest.split_once(PEM_END))
                .map(|(body, _)| body)
                .ok_or(KeyError::Encoding)?,
            _ => return Err(KeyError::SeveralCertificates),
        };
        let compact: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(compact).map_err(|_| KeyError::Encoding)?;
        Self::from_der(&der)
    }

    /// Reads a certificate from DER.
    ///
    /// # Errors
    /// [`KeyError::NotACertificate`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let x509 = X509::from_der(der).map_err(|_| KeyError::NotACertificate)?;
        let key = x509.public_key().map_err(|_| KeyError::NotACertificate)?;
        let canonical = x509.to_der().map_err(|_| KeyError::NotACertificate)?;
        // Bytes behind the certificate would make two texts of one key unequal.
        if canonical != der {
            return Err(KeyError::NotACertificate);
        }
        let not_before = instant(x509.not_before()).ok_or(KeyError::NotACertificate)?;
        let not_after = instant(x509.not_after()).ok_or(KeyError::NotACertificate)?;
        let fingerprint = hex(&openssl::sha::sha256(der));
        Ok(Self {
            inner: Arc::new(Inner {
                der: canonical,
                key,
                fingerprint,
                subject: subject(&x509),
                not_before,
                not_after,
            }),
        })
    }

    /// The bytes of the certificate.
    pub fn der(&self) -> &[u8] {
        &self.inner.der
    }

    /// The DER in base64 on one line, as `ds:X509Certificate` has it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.inner.der)
    }

    /// SHA-256 over the DER in hex, lower case.
    pub fn fingerprint(&self) -> &str {
        &self.inner.fingerprint
    }

    /// The subject for people, such as `CN=idp.example.com, O=Example`.
    pub fn subject(&self) -> &str {
        &self.inner.subject
    }

    /// When the certificate begins to be valid. Reported, never judged (SIG-09).
    pub fn not_before(&self) -> DateTime<Utc> {
        self.inner.not_before
    }

    /// When the certificate expires. Reported, never judged (SIG-09).
    pub fn not_after(&self) -> DateTime<Utc> {
        self.inner.not_after
    }

    pub(crate) fn public_key(&self) -> PKey<Public> {
        self.inner.key.clone()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.inner.der == other.inner.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.subject(), self.fingerprint())
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
    }
    text
}

fn instant(time: &Asn1TimeRef) -> Option<DateTime<Utc>> {
    let epoch = Asn1Time::from_unix(0).ok()?;
    let difference = epoch.diff(time).ok()?;
    let seconds = i64::from(difference.days).checked_mul(86_400)?.checked_add(i64::from(difference.secs))?;
    DateTime::from_timestamp(seconds, 0)
}

fn subject(x509: &X509) -> String {
    let entries = x509.subject_name().entries().map(|entry| {
        let name = entry.object().nid().short_name().unwrap_or("?");
        let value = entry.data().to_string().unwrap_or_default();
        format!("{name}={value}")
    });
    entries.collect::<Vec<_>>().join(", ")
}

const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";
