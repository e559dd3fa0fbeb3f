//! Encrypted assertions that must not be opened, or not be believed.

use super::{Forgery, TestError, TestSign, Workshop, refuse, replaced, written};
use crate::testing::element::Element;
use crate::testing::encrypt::{TestCipher, encrypted};
use crate::testing::{LoginAnswer, TestEncryption};

pub(super) const FORGERIES: &[Forgery] = &[
    refuse(
        "encrypted-unsigned",
        "SIG-12",
        "The assertion is encrypted, which anybody can do, and not signed.",
        |shop| encrypted_login(shop, TestCipher::Aes256Gcm, |answer| answer.sign = TestSign::Neither),
    ),
    refuse("encrypted-triple-des", "ENC-02", "Triple-DES encrypts the assertion.", |shop| {
        encrypted_login(shop, TestCipher::TripleDes, |_| {})
    }),
    refuse(
        "encrypted-cbc-unsigned",
        "ENC-02",
        "AES-CBC encrypts the assertion, and no signature covers the ciphertext.",
        |shop| encrypted_login(shop, TestCipher::Aes256Cbc, |_| {}),
    ),
    refuse(
        "encrypted-for-another",
        "ENC-06",
        "The assertion is encrypted for another service provider.",
        |shop| {
            let mut answer = shop.answer();
            let certificate_pem = shop.foreign.certificate_pem()?;
            answer.encrypt = Some(TestEncryption { certificate_pem, cipher: TestCipher::Aes256Gcm });
            Ok(written(&shop.built(&answer)?))
        },
    ),
    refuse("encrypted-changed", "ENC-06", "The ciphertext was changed; its tag no longer fits.", |shop| {
        tampered(shop, |encrypted| {
            let value = encrypted.at(&["xenc:EncryptedData", "xenc:CipherData", "xenc:CipherValue"])?;
            *value = Element::new("xenc:CipherValue").text(openssl::base64::encode_block(&[7; 480]));
            Some(())
        })
    }),
    refuse(
        "encrypted-too-short",
        "ENC-06",
        "The ciphertext is shorter than its initialisation vector.",
        |shop| {
            tampered(shop, |encrypted| {
                let value = encrypted.at(&["xenc:EncryptedData", "xenc:CipherData", "xenc:CipherValue"])?;
                *value = Element::new("xenc:CipherValue").text("AAAA");
                Some(())
            })
        },
    ),
    refuse(
        "encrypted-unknown-cipher",
        "ENC-02",
        "The assertion is encrypted with something that nobody knows.",
        |shop| {
            tampered(shop, |encrypted| {
                encrypted
                    .at(&["xenc:EncryptedData", "xenc:EncryptionMethod"])?
                    .set("Algorithm", "urn:example:cipher");
                Some(())
            })
        },
    ),
    refuse("encrypted-rsa-1-5", "ENC-03", "The key travels in RSA with PKCS #1 v1.5 padding.", |shop| {
        tampered(shop, |encrypted| {
            encrypted
                .at(&["xenc:EncryptedData", "ds:KeyInfo", "xenc:EncryptedKey", "xenc:EncryptionMethod"])?
                .set("Algorithm", "http://www.w3.org/2001/04/xmlenc#rsa-1_5");
            Some(())
        })
    }),
    refuse(
        "encrypted-content-type",
        "ENC-09",
        "The EncryptedData says that it holds content, not an element.",
        |shop| {
            tampered(shop, |encrypted| {
                encrypted
                    .find_mut("xenc:EncryptedData")?
                    .set("Type", "http://www.w3.org/2001/04/xmlenc#Content");
                Some(())
            })
        },
    ),
    refuse(
        "encrypted-cipher-reference",
        "ENC-09",
        "The ciphertext is to be fetched from an address.",
        |shop| {
            tampered(shop, |encrypted| {
                let data = encrypted.at(&["xenc:EncryptedData", "xenc:CipherData"])?;
                let reference =
                    Element::new("xenc:CipherReference").attribute("URI", "https://evil.example/");
                *data = Element::new("xenc:CipherData").child(reference);
                Some(())
            })
        },
    ),
    refuse("encrypted-name-id", "ENC-08", "A NameID lies where an Assertion should lie encrypted.", |shop| {
        wrapped(shop, &shop.good.name_id.element().canonical())
    }),
    refuse("encrypted-two-assertions", "ENC-08", "Two assertions lie in one EncryptedAssertion.", |shop| {
        let answer = shop.answer();
        let signed = answer.signed_assertion(shop.idp.entity_id(), shop.idp.key())?.canonical();
        wrapped(shop, &format!("{}{signed}", shop.evil_assertion().canonical()))
    }),
    refuse("encrypted-doctype", "ENC-06", "A document type lies in the encrypted text.", |shop| {
        let answer = shop.answer();
        let signed = answer.signed_assertion(shop.idp.entity_id(), shop.idp.key())?.canonical();
        wrapped(shop, &format!("<!DOCTYPE Assertion>{signed}"))
    }),
    refuse(
        "encrypted-and-clear",
        "SIG-13",
        "An assertion in the clear stands beside the encrypted one.",
        |shop| {
            let evil = format!("{}</samlp:Response>", shop.evil_assertion().canonical());
            let message = encrypted_login(shop, TestCipher::Aes256Gcm, |_| {})?;
            replaced(&message, "</samlp:Response>", &evil)
        },
    ),
];

fn encrypted_login(
    shop: &Workshop<'_>,
    cipher: TestCipher,
    change: impl FnOnce(&mut LoginAnswer),
) -> Result<Vec<u8>, TestError> {
    let mut answer = shop.answer();
    answer.encrypt = Some(TestEncryption { cipher, ..shop.encryption()?.clone() });
    change(&mut answer);
    Ok(written(&shop.built(&answer)?))
}

/// The login with an encrypted assertion that somebody changed on its way.
fn tampered(
    shop: &Workshop<'_>,
    change: impl FnOnce(&mut Element) -> Option<()>,
) -> Result<Vec<u8>, TestError> {
    let mut answer = shop.answer();
    answer.encrypt = Some(TestEncryption { cipher: TestCipher::Aes256Gcm, ..shop.encryption()?.clone() });
    let mut response = shop.built(&answer)?;
    response
        .find_mut("saml:EncryptedAssertion")
        .and_then(change)
        .ok_or(TestError::NothingToForge { part: "encrypted assertion" })?;
    Ok(written(&response))
}

/// A Response whose EncryptedAssertion holds something else.
fn wrapped(shop: &Workshop<'_>, plain: &str) -> Result<Vec<u8>, TestError> {
    let certificate = &shop.encryption()?.certificate_pem;
    let wrapper =
        encrypted("saml:EncryptedAssertion", plain, TestCipher::Aes256Gcm, certificate, &shop.good.id)?;
    Ok(written(&shop.answer().response(shop.idp.entity_id()).child(wrapper)))
}
