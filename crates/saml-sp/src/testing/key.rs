//! Keys of the test identity provider.

use std::fmt;

use chrono::{DateTime, Utc};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::sign::Signer;
use openssl::x509::{X509, X509NameBuilder};

use super::TestError;

/// A private key with its certificate, for signing test messages.
#[derive(Clone)]
pub struct TestKey {
    private: PKey<Private>,
    certificate: X509,
}

impl TestKey {
    /// An RSA key of 2048 bits that everybody knows, because it is part of this crate's source.
    ///
    /// # Security
    /// Whoever trusts it lets everybody in: for tests only, never for a server that others can reach.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't read it.
    pub fn well_known() -> Result<Self, TestError> {
        Self::from_pem(include_bytes!("keys/idp.key"), include_bytes!("keys/idp.crt"))
    }

    /// Another well-known RSA key of 2048 bits: the attacker's, which nobody configured.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't read it.
    pub fn foreign() -> Result<Self, TestError> {
        Self::from_pem(include_bytes!("keys/foreign.key"), include_bytes!("keys/foreign.crt"))
    }

    /// A key and its certificate from PEM.
    ///
    /// # Errors
    /// [`TestError::Key`] if one of them can't be read or they don't belong together.
    pub fn from_pem(private_key: &[u8], certificate: &[u8]) -> Result<Self, TestError> {
        let private = PKey::private_key_from_pem(private_key)?;
        let certificate = X509::from_pem(certificate)?;
        if !certificate.public_key()?.public_eq(&private) {
            return Err(TestError::Key);
        }
        Ok(Self { private, certificate })
    }

    /// A key on P-256 made from 32 bytes, with a certificate that is valid for ten years from `valid_from`.
    ///
    /// The same bytes make the same key. With bytes from a random generator the key is as good as any, which is what
    /// a demonstration that others can reach needs.
    ///
    /// # Errors
    /// [`TestError::Key`] if the bytes are no scalar of the curve (all zero, for one).
    pub fn from_seed(seed: &[u8; 32], valid_from: DateTime<Utc>) -> Result<Self, TestError> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let scalar = BigNum::from_slice(seed)?;
        let mut context = BigNumContext::new()?;
        let mut public = EcPoint::new(&group)?;
        public.mul_generator2(&group, &scalar, &mut context)?;
        let key = EcKey::from_private_components(&group, &scalar, &public)?;
        key.check_key()?;
        let private = PKey::from_ec_key(key)?;
        let certificate = self_signed(&private, valid_from)?;
        Ok(Self { private, certificate })
    }

    /// The certificate as PEM.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't write it.
    pub fn certificate_pem(&self) -> Result<String, TestError> {
        String::from_utf8(self.certificate.to_pem()?).map_err(|_| TestError::Key)
    }

    /// The private key as PEM (PKCS #8), for a host that keeps it between two starts.
    ///
    /// # Errors
    /// [`TestError::Key`] if OpenSSL can't write it.
    pub fn private_key_pem(&self) -> Result<String, TestError> {
        String::from_utf8(self.private.private_key_to_pem_pkcs8()?).map_err(|_| TestError::Key)
    }

    /// The certificate as the base64 of its DER, as `ds:X509Certificate` holds it.
    pub(super) fn certificate_base64(&self) -> Result<String, TestError> {
        Ok(openssl::base64::encode_block(&self.certificate.to_der()?))
    }

    pub(super) fn is_rsa(&self) -> bool {
        self.private.id() == Id::RSA
    }

    /// The signature as XML Signature wants it: ECDSA as r and s side by side (RFC 4050 3.3 by way of XMLDSig 1.1 6.4.3).
    pub(super) fn sign(&self, digest: MessageDigest, message: &[u8]) -> Result<Vec<u8>, TestError> {
        let mut signer = Signer::new(digest, &self.private)?;
        signer.update(message)?;
        let signature = signer.sign_to_vec()?;
        if self.is_rsa() {
            return Ok(signature);
        }
        let pair = EcdsaSig::from_der(&signature)?;
        let mut raw = pair.r().to_vec_padded(P256_BYTES)?;
        raw.extend(pair.s().to_vec_padded(P256_BYTES)?);
        Ok(raw)
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestKey").field("bits", &self.private.bits()).finish_non_exhaustive()
    }
}

fn self_signed(private: &PKey<Private>, valid_from: DateTime<Utc>) -> Result<X509, TestError> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, "test identity provider")?;
    let name = name.build();
    let valid_until = valid_from.checked_add_days(chrono::Days::new(VALID_DAYS)).ok_or(TestError::Key)?;
    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(BigNum::from_u32(1)?.to_asn1_integer()?.as_ref())?;
    certificate.set_subject_name(&name)?;
    certificate.set_issuer_name(&name)?;
    certificate.set_pubkey(private)?;
    certificate.set_not_before(Asn1Time::from_unix(valid_from.timestamp())?.as_ref())?;
    certificate.set_not_after(Asn1Time::from_unix(valid_until.timestamp())?.as_ref())?;
    certificate.sign(private, MessageDigest::sha256())?;
    Ok(certificate.build())
}

/// Length of one half of an ECDSA signature on P-256.
const P256_BYTES: i32 = 32;
/// Ten years, which outlives any test.
const VALID_DAYS: u64 = 3650;
