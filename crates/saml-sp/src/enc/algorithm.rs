//! The algorithms by their identifiers.

use serde::{Deserialize, Serialize};

use crate::dsig::algorithms;

algorithms! {
    /// How the content is encrypted (XEnc 5.2).
    DataEncryption {
        /// AES-128 in CBC mode: not authenticated.
        Aes128Cbc = "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        /// AES-128 in Galois/counter mode.
        Aes128Gcm = "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        /// AES-192 in CBC mode: not authenticated.
        Aes192Cbc = "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
        /// AES-192 in Galois/counter mode.
        Aes192Gcm = "http://www.w3.org/2009/xmlenc11#aes192-gcm",
        /// AES-256 in CBC mode: not authenticated.
        Aes256Cbc = "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        /// AES-256 in Galois/counter mode.
        Aes256Gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        /// Triple-DES in CBC mode: not authenticated, and blocks of 64 bits.
        TripleDes = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
    }
}

algorithms! {
    /// How the content's key is encrypted for us (XEnc 5.5).
    KeyTransport {
        /// RSA-OAEP of XML Encryption 1.1, with a mask generation function of its own.
        RsaOaep = "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        /// RSA-OAEP that masks with MGF1 of SHA-1, whatever its digest.
        RsaOaepMgf1p = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        /// RSA with PKCS#1 v1.5 padding: open to Bleichenbacher's attack.
        Rsa15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
    }
}

algorithms! {
    /// The mask generation function of RSA-OAEP.
    Mgf {
        /// MGF1 with SHA-1, also when none is named.
        Mgf1Sha1 = "http://www.w3.org/2009/xmlenc11#mgf1sha1",
        /// MGF1 with SHA-256.
        Mgf1Sha256 = "http://www.w3.org/2009/xmlenc11#mgf1sha256",
        /// MGF1 with SHA-384.
        Mgf1Sha384 = "http://www.w3.org/2009/xmlenc11#mgf1sha384",
        /// MGF1 with SHA-512.
        Mgf1Sha512 = "http://www.w3.org/2009/xmlenc11#mgf1sha512",
    }
}

impl DataEncryption {
    /// Whether a change to the encrypted bytes is noticed.
    pub fn is_authenticated(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm)
    }

    pub(crate) fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Cbc | Self::Aes128Gcm => 16,
            Self::Aes192Cbc | Self::Aes192Gcm | Self::TripleDes => 24,
            Self::Aes256Cbc | Self::Aes256Gcm => 32,
        }
    }
}
