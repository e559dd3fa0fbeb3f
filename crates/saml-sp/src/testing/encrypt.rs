//! Encryption of test assertions.

use openssl::base64::encode_block;
use openssl::encrypt::Encrypter;
use openssl::hash::{MessageDigest, hash};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt, encrypt_aead};
use openssl::x509::X509;

use super::TestError;
use super::element::Element;

/// What encrypts an assertion. The key travels in RSA-OAEP with SHA-1, which every product reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestCipher {
    /// AES-128-CBC, which is refused unless a signature covers it or a named option allows it.
    Aes128Cbc,
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-CBC, which is refused unless a signature covers it or a named option allows it.
    Aes256Cbc,
    /// AES-256-GCM.
    #[default]
    Aes256Gcm,
    /// Triple-DES, which is refused without a named option.
    TripleDes,
}

impl TestCipher {
    fn uri(self) -> &'static str {
        match self {
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::TripleDes => "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        }
    }

    fn cipher(self) -> Cipher {
        match self {
            Self::Aes128Cbc => Cipher::aes_128_cbc(),
            Self::Aes128Gcm => Cipher::aes_128_gcm(),
            Self::Aes256Cbc => Cipher::aes_256_cbc(),
            Self::Aes256Gcm => Cipher::aes_256_gcm(),
            Self::TripleDes => Cipher::des_ede3_cbc(),
        }
    }
}

/// An `EncryptedAssertion` (or what `wrapper` names) that only the owner of the certificate can open.
///
/// Content key and initialisation vector follow from `seed`, so that a seed gives a message; the padding of the key
/// transport is OpenSSL's own random.
pub(super) fn encrypted(
    wrapper: &'static str,
    plain: &str,
    method: TestCipher,
    certificate_pem: &str,
    seed: &str,
) -> Result<Element, TestError> {
    let cipher = method.cipher();
    let key = derived(seed, "key", cipher.key_len())?;
    let vector = derived(seed, "vector", cipher.iv_len().unwrap_or_default())?;
    let mut value = vector.clone();
    if matches!(method, TestCipher::Aes128Gcm | TestCipher::Aes256Gcm) {
        let mut tag = [0; GCM_TAG_BYTES];
        value.extend(encrypt_aead(cipher, &key, Some(&vector), &[], plain.as_bytes(), &mut tag)?);
        value.extend(tag);
    } else {
        value.extend(encrypt(cipher, &key, Some(&vector), plain.as_bytes())?);
    }
    let public = X509::from_pem(certificate_pem.as_bytes())?.public_key()?;
    let mut transport = Encrypter::new(&public)?;
    transport.set_rsa_padding(Padding::PKCS1_OAEP)?;
    let mut wrapped = vec![0; transport.encrypt_len(&key)?];
    let length = transport.encrypt(&key, &mut wrapped)?;
    wrapped.truncate(length);
    let encrypted_key = Element::new("xenc:EncryptedKey")
        .child(Element::new("xenc:EncryptionMethod").attribute("Algorithm", OAEP))
        .child(cipher_data(&wrapped));
    let data = Element::new("xenc:EncryptedData")
        .attribute("Type", "http://www.w3.org/2001/04/xmlenc#Element")
        .child(Element::new("xenc:EncryptionMethod").attribute("Algorithm", method.uri()))
        .child(Element::new("ds:KeyInfo").child(encrypted_key))
        .child(cipher_data(&value));
    Ok(Element::new(wrapper).child(data))
}

fn cipher_data(bytes: &[u8]) -> Element {
    Element::new("xenc:CipherData").child(Element::new("xenc:CipherValue").text(encode_block(bytes)))
}

fn derived(seed: &str, purpose: &str, length: usize) -> Result<Vec<u8>, TestError> {
    let digest = hash(MessageDigest::sha512(), format!("{purpose} {seed}").as_bytes())?;
    Ok(digest.iter().copied().take(length).collect())
}

const GCM_TAG_BYTES: usize = 16;
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
