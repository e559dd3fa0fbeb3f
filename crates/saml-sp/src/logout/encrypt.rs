//! The name identifier in our request, for the identity provider's eyes alone (SLO-01, Core 2.2.4).

use std::fmt;

use crate::{
    Connection, DataEncryption, DigestAlgorithm, KeyTransport, NameId, RequestError,
    enc::{EncryptOptions, EncryptRandom, encrypt},
    names::ASSERTION,
    request::name_id_element,
    xml::write::XmlElement,
};

/// Randomness from the host for one encryption: a key and an initialisation vector.
///
/// ```
/// use saml_sp::{EncryptionRandom, LogoutOptions};
///
/// let random = [0x5a; 48]; // from the host's random source
/// let mut options = LogoutOptions::default();
/// options.encrypt_name_id = Some(EncryptionRandom::new(random));
/// ```
///
/// # Security
/// It is secret and good for one message: take fresh bytes each time.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionRandom([u8; 48]);

impl EncryptionRandom {
    /// Takes fresh random bytes.
    #[must_use]
    pub fn new(random: [u8; 48]) -> Self {
        Self(random)
    }

    fn split(&self) -> EncryptRandom {
        let mut parts = EncryptRandom { key: [0; 32], iv: [0; 16] };
        let places = parts.key.iter_mut().chain(&mut parts.iv);
        places.zip(self.0).for_each(|(place, byte)| *place = byte);
        parts
    }
}

impl fmt::Debug for EncryptionRandom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EncryptionRandom(48 bytes)")
    }
}

impl Connection<'_> {
    /// Writes the name identifier of a logout request: as received, or encrypted if that was asked for.
    pub(super) fn logout_name_id(
        &self,
        name_id: &NameId,
        random: Option<&EncryptionRandom>,
    ) -> Result<XmlElement, RequestError> {
        let plain = name_id_element(name_id);
        let Some(random) = random else { return Ok(plain) };
        let recipient = self.idp().encryption_certificates().first().ok_or(RequestError::NoEncryptionKey)?;
        let options = EncryptOptions {
            recipient,
            // What every implementation must open (IIP-ALG04, IIP-ALG06).
            data: DataEncryption::Aes256Gcm,
            key_transport: KeyTransport::RsaOaepMgf1p,
            digest: DigestAlgorithm::Sha1,
            mgf: None,
            label: None,
        };
        let encrypted = encrypt(plain.to_xml().as_bytes(), &options, &random.split())
            .map_err(|_| RequestError::Encryption)?;
        Ok(XmlElement::new("saml", ASSERTION, "EncryptedID").child(encrypted))
    }
}
