//! Encryption of test assertions.

use openssl::hash::{MessageDigest, hash};

use super::TestError;
use super::element::Element;
use crate::enc::{EncryptOptions, EncryptRandom, encrypt};
use crate::{Certificate, DataEncryption, DigestAlgorithm, KeyTransport, Mgf};

/// Encryption of an assertion for one service provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestEncryption {
    /// The certificate of the service provider's encryption key, as PEM. Its key must be RSA.
    pub certificate_pem: String,
    /// How the assertion is encrypted.
    pub data: DataEncryption,
    /// How the key to that is encrypted.
    pub key_transport: KeyTransport,
    /// The digest of RSA-OAEP.
    pub digest: DigestAlgorithm,
    /// The mask generation function of RSA-OAEP, if it is that of XML Encryption 1.1 and not the default.
    pub mgf: Option<Mgf>,
}

impl TestEncryption {
    /// Encryption as most products do it: AES-256-GCM, with a key in RSA-OAEP with SHA-1.
    #[must_use]
    pub fn new(certificate_pem: &str) -> Self {
        Self {
            certificate_pem: certificate_pem.to_owned(),
            data: DataEncryption::Aes256Gcm,
            key_transport: KeyTransport::RsaOaepMgf1p,
            digest: DigestAlgorithm::Sha1,
            mgf: None,
        }
    }

    /// An EncryptedAssertion that holds any text.
    ///
    /// Content key and initialisation vector follow from `seed`; the padding of the key is OpenSSL's own random.
    pub(super) fn assertion(&self, plain: &str, seed: &str) -> Result<Element, TestError> {
        let recipient = Certificate::parse(&self.certificate_pem).map_err(|_| TestError::Key)?;
        let options = EncryptOptions {
            recipient: &recipient,
            data: self.data,
            key_transport: self.key_transport,
            digest: self.digest,
            mgf: self.mgf,
            label: None,
        };
        let random = EncryptRandom { key: derived(seed, "key")?, iv: derived(seed, "vector")? };
        let data = encrypt(plain.as_bytes(), &options, &random)?;
        Ok(Element::new("saml:EncryptedAssertion").raw(data.to_xml()))
    }
}

fn derived<const N: usize>(seed: &str, purpose: &str) -> Result<[u8; N], TestError> {
    let digest = hash(MessageDigest::sha512(), format!("{purpose} {seed}").as_bytes())?;
    let mut bytes = [0; N];
    for (byte, derived) in bytes.iter_mut().zip(digest.iter()) {
        *byte = *derived;
    }
    Ok(bytes)
}
