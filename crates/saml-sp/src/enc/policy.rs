//! Which encryption is good enough.

use serde::{Deserialize, Serialize};

use super::{DataEncryption, KeyTransport};

/// Which encryption is opened (ENC-02, ENC-03).
///
/// The default opens AES-GCM under RSA-OAEP, and AES-CBC where a verified signature covers the encrypted bytes.
///
/// ```
/// let policy = saml_sp::EncryptionPolicy::default();
/// assert!(policy.allows_data(saml_sp::DataEncryption::Aes256Gcm, false));
/// assert!(!policy.allows_data(saml_sp::DataEncryption::Aes256Cbc, false));
/// assert!(policy.allows_data(saml_sp::DataEncryption::Aes256Cbc, true));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncryptionPolicy {
    /// The data encryption that is taken. CBC modes and triple-DES have conditions of their own below.
    pub data: Vec<DataEncryption>,
    /// The key transport that is taken. RSA PKCS#1 v1.5 also needs its own option.
    pub key_transports: Vec<KeyTransport>,
    /// Opens CBC even when no verified signature covers the encrypted bytes.
    ///
    /// Whoever can send messages and tell how they fail may read an assertion that they have stolen (padding
    /// oracle), and may change parts of one. Okta, AD FS, OneLogin and PingFederate send CBC under an assertion that
    /// is signed inside, so they need it; all failures look the same, which is what stands in the attacker's way.
    pub danger_allow_unsigned_cbc: bool,
    /// Opens triple-DES, with the same condition as CBC. Its blocks of 64 bits leak after some gigabytes.
    pub danger_allow_triple_des: bool,
    /// Opens keys that were encrypted with RSA PKCS#1 v1.5.
    ///
    /// Whoever can send many messages and time the answers may open an assertion that they have stolen
    /// (Bleichenbacher).
    pub danger_allow_rsa_1_5: bool,
    /// Refuses a login whose assertion comes in the clear (ENC-01).
    ///
    /// TLS hides messages on the wire; encryption hides them from the browser that carries them, its extensions and its
    /// history too. The identity provider needs our certificate for it.
    pub require_encrypted_assertions: bool,
}

impl Default for EncryptionPolicy {
    fn default() -> Self {
        Self {
            data: DataEncryption::ALL
                .iter()
                .copied()
                .filter(|data| *data != DataEncryption::TripleDes)
                .collect(),
            key_transports: vec![KeyTransport::RsaOaep, KeyTransport::RsaOaepMgf1p],
            danger_allow_unsigned_cbc: false,
            danger_allow_triple_des: false,
            danger_allow_rsa_1_5: false,
            require_encrypted_assertions: false,
        }
    }
}

impl EncryptionPolicy {
    /// Whether content encrypted so is opened, given whether a verified signature covers the encrypted bytes.
    pub fn allows_data(&self, algorithm: DataEncryption, signed_outside: bool) -> bool {
        let listed = match algorithm {
            DataEncryption::TripleDes => self.danger_allow_triple_des,
            _ => self.data.contains(&algorithm),
        };
        listed && (algorithm.is_authenticated() || signed_outside || self.danger_allow_unsigned_cbc)
    }

    /// Whether a key encrypted so is opened.
    pub fn allows_key_transport(&self, algorithm: KeyTransport) -> bool {
        match algorithm {
            KeyTransport::Rsa15 => self.danger_allow_rsa_1_5,
            _ => self.key_transports.contains(&algorithm),
        }
    }
}
