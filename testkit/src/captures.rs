//! Responses that identity providers of other projects sent, with what they must be read as.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use openssl::encrypt::Decrypter;
use openssl::pkey::PKey;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode, decrypt_aead, encrypt, encrypt_aead};
use serde::Deserialize;

use crate::data;

/// One response that was captured on its way to the assertion consumer service.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Its path below `testdata/saml/captures`, without the endings: `pysaml2/both-signed`.
    pub name: String,
    /// The bytes of the message, as base64 carried them.
    pub xml: Vec<u8>,
    /// The metadata of the identity provider that sent it.
    pub idp_metadata: String,
    /// The instant at which it arrived.
    pub arrived: DateTime<Utc>,
    /// The entity id of the service provider that it was sent to.
    pub sp_entity_id: String,
    /// The address that it was posted to.
    pub acs: String,
    /// The id of the request that it answers; `None` when the identity provider began.
    pub request_id: Option<String>,
    /// The RelayState that came with it.
    pub relay_state: Option<String>,
    /// When the Response says that it was made.
    pub issued: DateTime<Utc>,
    /// When its assertion ends; unknown here if it is encrypted.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// Whether the Response itself carries a signature.
    pub response_signed: bool,
    /// Whether the Assertion carries a signature, be it in the clear or inside encryption.
    pub assertion_signed: bool,
    /// The algorithm that encrypts the assertion, if one does.
    pub data_encryption: Option<String>,
    /// Whether SHA-1 is anywhere in its signatures.
    pub sha1: bool,
    /// What has to be read from it.
    pub expected: Expected,
}

/// What a capture has to be read as.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Expected {
    /// The text of the NameID.
    pub nameid: String,
    /// The Format of the NameID.
    pub nameid_format: String,
    /// The SessionIndex of the authentication statement.
    pub session_index: String,
    /// The id of the assertion.
    pub assertion_id: String,
    /// The attributes: the values of each by its Name.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// The end of the session as seconds since 1970, if the assertion limits it.
    pub session_not_on_or_after: Option<i64>,
}

impl Capture {
    /// Whether the assertion is encrypted.
    pub fn encrypted(&self) -> bool {
        self.data_encryption.is_some()
    }

    /// Whether the identity provider began, so that no request is pending.
    pub fn unsolicited(&self) -> bool {
        self.request_id.is_none()
    }

    /// The message with its encrypted assertion opened, changed and encrypted again under the same key.
    pub fn encrypted_again(&self, change: impl FnOnce(&str) -> String) -> Vec<u8> {
        let xml = String::from_utf8(self.xml.clone()).expect("captures are UTF-8");
        let key = content_key(cipher_value(&xml, 0));
        let old = cipher_value(&xml, 1);
        let sealed = Sealed::of(self.data_encryption.as_deref().expect("the capture is encrypted"));
        let plain = String::from_utf8(sealed.open(&key, &from_base64(old))).expect("the assertion is UTF-8");
        let changed = change(&plain);
        assert_ne!(plain, changed, "{}: nothing was changed", self.name);
        xml.replacen(old, &BASE64_STANDARD.encode(sealed.seal(&key, changed.as_bytes())), 1).into_bytes()
    }
}

/// Every capture, in the order of `index.json`.
pub fn all() -> Vec<Capture> {
    let supplement: BTreeMap<String, Expected> = data::json("saml/captures/expected.json");
    let rows: Vec<Row> = data::json("saml/captures/index.json");
    rows.into_iter().map(|row| row.load(&supplement)).collect()
}

/// The capture of that name.
pub fn one(name: &str) -> Capture {
    all().into_iter().find(|capture| capture.name == name).unwrap_or_else(|| panic!("no capture {name}"))
}

/// A message in base64, as a form carries it.
pub fn base64(xml: &[u8]) -> String {
    BASE64_STANDARD.encode(xml)
}

/// The body of the POST with which a browser delivers a response.
pub fn form_body(xml: &[u8], relay_state: Option<&str>) -> Vec<u8> {
    let mut body = format!("SAMLResponse={}", percent(&base64(xml)));
    if let Some(relay_state) = relay_state {
        body.push_str("&RelayState=");
        body.push_str(&percent(relay_state));
    }
    body.into_bytes()
}

/// The private key that decrypts the encrypted captures, as PEM. A throw-away test key.
pub fn sp_key_pem() -> String {
    data::text("saml/captures/keys/sp.key")
}

/// The certificate of [`sp_key_pem`], as PEM.
pub fn sp_certificate_pem() -> String {
    data::text("saml/captures/keys/sp.crt")
}

#[derive(Deserialize)]
struct Row {
    file: String,
    idp_metadata: String,
    validation_time: DateTime<Utc>,
    sp_entity_id: String,
    acs: String,
    issue_instant: DateTime<Utc>,
    not_on_or_after: Option<DateTime<Utc>>,
    expected_in_response_to: Option<String>,
    relay_state: Option<String>,
    response_signed: bool,
    assertion_signed: serde_json::Value,
    signature_algorithms: Vec<String>,
    digests: Vec<String>,
    enc_data: Vec<String>,
}

impl Row {
    fn load(self, supplement: &BTreeMap<String, Expected>) -> Capture {
        let name =
            self.file.strip_suffix(".response.xml").expect("captures are named *.response.xml").to_owned();
        let expected = match supplement.get(&name) {
            Some(expected) => expected.clone(),
            None => data::json(&format!("saml/captures/{name}.json")),
        };
        Capture {
            xml: data::bytes(&format!("saml/captures/{}", self.file)),
            idp_metadata: data::text(&format!("saml/captures/{}", self.idp_metadata)),
            arrived: self.validation_time,
            sp_entity_id: self.sp_entity_id,
            acs: self.acs,
            request_id: self.expected_in_response_to,
            relay_state: self.relay_state,
            issued: self.issue_instant,
            not_on_or_after: self.not_on_or_after,
            response_signed: self.response_signed,
            assertion_signed: self.assertion_signed != serde_json::Value::Bool(false),
            data_encryption: self.enc_data.into_iter().next(),
            sha1: self.signature_algorithms.iter().chain(&self.digests).any(|name| name.ends_with("sha1")),
            expected,
            name,
        }
    }
}

/// How the content of an EncryptedData is sealed.
enum Sealed {
    Cbc(Cipher, usize),
    Gcm(Cipher),
}

impl Sealed {
    fn of(algorithm: &str) -> Self {
        match algorithm.rsplit('#').next() {
            Some("aes128-cbc") => Self::Cbc(Cipher::aes_128_cbc(), 16),
            Some("aes256-gcm") => Self::Gcm(Cipher::aes_256_gcm()),
            Some("tripledes-cbc") => Self::Cbc(Cipher::des_ede3_cbc(), 8),
            other => panic!("no capture uses {other:?}"),
        }
    }

    fn open(&self, key: &[u8], sealed: &[u8]) -> Vec<u8> {
        match self {
            // XML Encryption pads as ISO 10126 does, and OpenSSL would want PKCS #7: the last byte alone counts.
            Self::Cbc(cipher, block) => {
                let (vector, content) = sealed.split_at(*block);
                let mut crypter =
                    Crypter::new(*cipher, Mode::Decrypt, key, Some(vector)).expect("the key fits");
                crypter.pad(false);
                let mut plain = vec![0; content.len() + block];
                let mut length = crypter.update(content, &mut plain).expect("whole blocks");
                length += crypter.finalize(&mut plain[length..]).expect("whole blocks");
                let padding = usize::from(plain[length - 1]);
                plain.truncate(length - padding);
                plain
            }
            Self::Gcm(cipher) => {
                let (vector, rest) = sealed.split_at(12);
                let (content, tag) = rest.split_at(rest.len() - 16);
                decrypt_aead(*cipher, key, Some(vector), &[], content, tag).expect("the capture opens")
            }
        }
    }

    fn seal(&self, key: &[u8], plain: &[u8]) -> Vec<u8> {
        match self {
            Self::Cbc(cipher, block) => {
                let vector = vec![1; *block];
                let content = encrypt(*cipher, key, Some(&vector), plain).expect("the key fits");
                [vector, content].concat()
            }
            Self::Gcm(cipher) => {
                let vector = [1; 12];
                let mut tag = [0; 16];
                let content =
                    encrypt_aead(*cipher, key, Some(&vector), &[], plain, &mut tag).expect("the key fits");
                [&vector[..], &content, &tag].concat()
            }
        }
    }
}

/// The text of the CipherValue at a place: the captures have the EncryptedKey's first, then the EncryptedData's.
fn cipher_value(xml: &str, place: usize) -> &str {
    let rest = xml.split("CipherValue>").nth(place * 2 + 1).expect("captures have two CipherValues");
    &rest[..rest.rfind("</").expect("an end tag follows")]
}

fn content_key(wrapped: &str) -> Vec<u8> {
    let key = PKey::private_key_from_pem(sp_key_pem().as_bytes()).expect("the key is readable");
    let mut decrypter = Decrypter::new(&key).expect("an RSA key decrypts");
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("OAEP is there");
    let wrapped = from_base64(wrapped);
    let mut plain = vec![0; decrypter.decrypt_len(&wrapped).expect("the size is known")];
    let length = decrypter.decrypt(&wrapped, &mut plain).expect("the capture opens");
    plain.truncate(length);
    plain
}

fn from_base64(text: &str) -> Vec<u8> {
    let joined: String = text.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(joined).expect("captures hold base64")
}

fn percent(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}
