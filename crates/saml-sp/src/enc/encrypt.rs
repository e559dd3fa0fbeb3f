//! Encrypting for a recipient: an identifier in a logout request, and what a test identity provider sends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::rsa::Padding;
use openssl::symm::{Crypter, Mode, encrypt_aead};

use super::crypto::{GCM_IV, GCM_TAG, cipher, mgf_digest};
use super::{DataEncryption, KeyTransport, Mgf, XENC_NS, XENC11_NS};
use crate::dsig::crypto::message_digest;
use crate::dsig::{DS_NS, DigestAlgorithm};
use crate::keys::Certificate;
use crate::xml::write::XmlElement;

/// How to encrypt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncryptOptions<'a> {
    /// Whose key opens it.
    pub(crate) recipient: &'a Certificate,
    /// How the content is encrypted.
    pub(crate) data: DataEncryption,
    /// How its key is.
    pub(crate) key_transport: KeyTransport,
    /// The digest of OAEP.
    pub(crate) digest: DigestAlgorithm,
    /// For OAEP of XML Encryption 1.1 only; absent means MGF1 with SHA-1, and is not written.
    pub(crate) mgf: Option<Mgf>,
    /// OAEPparams.
    pub(crate) label: Option<&'a [u8]>,
}

/// Randomness that the caller passes. OpenSSL pads RSA with randomness of its own.
#[derive(Clone, Copy)]
pub(crate) struct EncryptRandom {
    pub(crate) key: [u8; 32],
    pub(crate) iv: [u8; 16],
}

/// Encrypts an element to an `xenc:EncryptedData` with the EncryptedKey in its KeyInfo.
pub(crate) fn encrypt(
    element: &[u8],
    options: &EncryptOptions<'_>,
    random: &EncryptRandom,
) -> Result<XmlElement, ErrorStack> {
    let length = options.data.key_bytes();
    let key = random.key.get(..length).unwrap_or(&random.key);
    let data = encrypt_data(options.data, key, &random.iv, element)?;
    let wrapped = wrap(key, options)?;
    let xenc = |local| XmlElement::new("xenc", XENC_NS, local);
    let cipher_data =
        |bytes: &[u8]| xenc("CipherData").child(xenc("CipherValue").text(STANDARD.encode(bytes)));
    let oaep = options.key_transport != KeyTransport::Rsa15;
    let digest = XmlElement::new("ds", DS_NS, "DigestMethod").attr("Algorithm", options.digest.uri());
    let mgf = options.mgf.filter(|_| options.key_transport == KeyTransport::RsaOaep);
    let key_method = xenc("EncryptionMethod")
        .attr("Algorithm", options.key_transport.uri())
        .child_opt(options.label.map(|label| xenc("OAEPparams").text(STANDARD.encode(label))))
        .child_opt(oaep.then_some(digest))
        .child_opt(mgf.map(|mgf| XmlElement::new("xenc11", XENC11_NS, "MGF").attr("Algorithm", mgf.uri())));
    let key_info = XmlElement::new("ds", DS_NS, "KeyInfo")
        .child(xenc("EncryptedKey").child(key_method).child(cipher_data(&wrapped)));
    Ok(xenc("EncryptedData")
        .attr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
        .child(xenc("EncryptionMethod").attr("Algorithm", options.data.uri()))
        .child(key_info)
        .child(cipher_data(&data)))
}

fn encrypt_data(
    algorithm: DataEncryption,
    key: &[u8],
    random: &[u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let cipher = cipher(algorithm);
    if algorithm.is_authenticated() {
        let iv = random.get(..GCM_IV).unwrap_or(random);
        let mut tag = [0; GCM_TAG];
        let encrypted = encrypt_aead(cipher, key, Some(iv), &[], plain, &mut tag)?;
        return Ok([iv, &encrypted, &tag].concat());
    }
    let block = cipher.block_size();
    let iv = random.get(..block).unwrap_or(random);
    let padding = block.saturating_sub(plain.len().checked_rem(block).unwrap_or(0));
    let mut padded = plain.to_vec();
    padded.resize(plain.len().saturating_add(padding), u8::try_from(padding).unwrap_or(0));
    let mut crypter = Crypter::new(cipher, Mode::Encrypt, key, Some(iv))?;
    crypter.pad(false);
    let mut encrypted = vec![0; padded.len().saturating_add(block)];
    let length = crypter.update(&padded, &mut encrypted)?;
    encrypted.truncate(length);
    Ok([iv, &encrypted].concat())
}

fn wrap(key: &[u8], options: &EncryptOptions<'_>) -> Result<Vec<u8>, ErrorStack> {
    let public = options.recipient.public_key();
    let mut encrypter = Encrypter::new(&public)?;
    match options.key_transport {
        KeyTransport::Rsa15 => encrypter.set_rsa_padding(Padding::PKCS1)?,
        KeyTransport::RsaOaep | KeyTransport::RsaOaepMgf1p => {
            let mgf = match options.key_transport {
                KeyTransport::RsaOaep => options.mgf.unwrap_or(Mgf::Mgf1Sha1),
                _ => Mgf::Mgf1Sha1,
            };
            encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
            encrypter.set_rsa_oaep_md(message_digest(options.digest))?;
            encrypter.set_rsa_mgf1_md(message_digest(mgf_digest(mgf)))?;
            if let Some(label) = options.label {
                encrypter.set_rsa_oaep_label(label)?;
            }
        }
    }
    let mut wrapped = vec![0; encrypter.encrypt_len(key)?];
    let length = encrypter.encrypt(key, &mut wrapped)?;
    wrapped.truncate(length);
    Ok(wrapped)
}
