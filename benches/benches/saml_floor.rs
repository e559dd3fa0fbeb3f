//! The least that a message can cost: base64, quick-xml's events with attributes, SHA-256, and OpenSSL's public-key
//! operations. The comparison with other libraries includes this file too.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::{ecdsa::EcdsaSig, pkey::PKey, rsa::Padding, x509::X509};
use quick_xml::events::Event;
use saml_sp::Engines;

use super::scene::{Kind, SP_KEY, Scene};

/// The least work on a message.
pub(crate) struct Floor {
    signatures: usize,
    operation: Operation,
    decryption: Option<(openssl::rsa::Rsa<openssl::pkey::Private>, Vec<u8>)>,
}

enum Operation {
    Ecdsa { key: openssl::ec::EcKey<openssl::pkey::Public>, signature: EcdsaSig, digest: [u8; 32] },
    Rsa { key: openssl::rsa::Rsa<openssl::pkey::Public>, signature: Vec<u8> },
}

impl Floor {
    pub(crate) fn new(kind: Kind, signatures: usize, encrypted: bool) -> Self {
        let scene = Scene::new(kind, Engines::Native);
        let idp = scene.test_idp.key();
        let private = PKey::private_key_from_pem(idp.private_key_pem().unwrap().as_bytes()).unwrap();
        let public = X509::from_pem(idp.certificate_pem().unwrap().as_bytes()).unwrap().public_key().unwrap();
        let digest = [9; 32];
        let operation = match kind {
            Kind::Ecdsa => Operation::Ecdsa {
                key: public.ec_key().unwrap(),
                signature: EcdsaSig::sign(&digest, &private.ec_key().unwrap()).unwrap(),
                digest,
            },
            Kind::Rsa => {
                let mut signature = vec![0; 256];
                private.rsa().unwrap().private_encrypt(&digest, &mut signature, Padding::PKCS1).unwrap();
                Operation::Rsa { key: public.rsa().unwrap(), signature }
            }
        };
        let decryption = encrypted.then(|| {
            let key = PKey::private_key_from_pem(SP_KEY.as_bytes()).unwrap().rsa().unwrap();
            let mut wrapped = vec![0; 256];
            key.public_encrypt(&[3; 32], &mut wrapped, Padding::PKCS1_OAEP).unwrap();
            (key, wrapped)
        });
        Self { signatures, operation, decryption }
    }

    pub(crate) fn run(&self, encoded: &str) -> usize {
        let xml = BASE64_STANDARD.decode(encoded).unwrap();
        let mut seen = events(&xml);
        seen += usize::from(openssl::sha::sha256(&xml)[0]);
        if let Some((key, wrapped)) = &self.decryption {
            let mut unwrapped = [0; 256];
            key.private_decrypt(wrapped, &mut unwrapped, Padding::PKCS1_OAEP).unwrap();
            let cipher = openssl::symm::Cipher::aes_256_gcm();
            let mut tag = [0; 16];
            seen +=
                openssl::symm::encrypt_aead(cipher, &unwrapped[..32], Some(&[0; 12]), &[], &xml, &mut tag)
                    .unwrap()
                    .len();
        }
        for _ in 0..self.signatures {
            match &self.operation {
                Operation::Ecdsa { key, signature, digest } => {
                    assert!(signature.verify(digest, key).unwrap());
                }
                Operation::Rsa { key, signature } => {
                    let mut recovered = [0; 256];
                    seen += key.public_decrypt(signature, &mut recovered, Padding::PKCS1).unwrap();
                }
            }
        }
        seen
    }
}

/// Every event of a document, and every attribute of every tag.
pub(crate) fn events(xml: &[u8]) -> usize {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut seen = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                seen += tag.attributes().map(|attribute| attribute.unwrap().value.len()).sum::<usize>();
            }
            Event::Eof => return seen,
            other => seen += other.len(),
        }
    }
}
