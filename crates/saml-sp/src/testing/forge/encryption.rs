//! Encrypted assertions that must not be opened, or not be believed.

use super::{Forgery, TestError, TestSign, Workshop, refuse, replaced, written};
use crate::testing::{LoginAnswer, TestEncryption};
use crate::{DataEncryption, KeyTransport};

pub(super) const FORGERIES: &[Forgery] = &[
    refuse(
        "encrypted-unsigned",
        "SIG-12",
        "The assertion is encrypted, which anybody can do, and not signed.",
        |shop| encrypted(shop, |_| {}, |answer| answer.sign = TestSign::Neither),
    ),
    refuse("encrypted-triple-des", "ENC-02", "Triple-DES encrypts the assertion.", |shop| {
        encrypted(shop, |to| to.data = DataEncryption::TripleDes, |answer| answer.sign = TestSign::Both)
    }),
    refuse(
        "encrypted-cbc-unsigned",
        "ENC-02",
        "AES-CBC encrypts the assertion, and no signature covers the ciphertext.",
        |shop| encrypted(shop, |to| to.data = DataEncryption::Aes256Cbc, |_| {}),
    ),
    refuse("encrypted-rsa-1-5", "ENC-03", "The key travels in RSA with PKCS #1 v1.5 padding.", |shop| {
        encrypted(shop, |to| to.key_transport = KeyTransport::Rsa15, |_| {})
    }),
    refuse(
        "encrypted-for-another",
        "ENC-06",
        "The assertion is encrypted for another service provider.",
        |shop| {
            let certificate_pem = shop.foreign.certificate_pem()?;
            encrypted(shop, |to| to.certificate_pem = certificate_pem, |_| {})
        },
    ),
    refuse("encrypted-changed", "ENC-06", "The ciphertext was changed; its tag no longer fits.", |shop| {
        cipher_value(shop, 1, other_first)
    }),
    refuse(
        "encrypted-too-short",
        "ENC-06",
        "The ciphertext is shorter than its initialisation vector.",
        |shop| cipher_value(shop, 1, |_| "AAAA".to_owned()),
    ),
    refuse("encrypted-key-changed", "ENC-06", "The encrypted key was changed.", |shop| {
        cipher_value(shop, 0, other_first)
    }),
    refuse(
        "encrypted-unknown-cipher",
        "ENC-02",
        "The assertion is encrypted with something that nobody knows.",
        |shop| replaced(&plainly(shop)?, DataEncryption::Aes256Gcm.uri(), "urn:example:cipher"),
    ),
    refuse(
        "encrypted-key-unknown",
        "ENC-03",
        "The key is encrypted with something that nobody knows.",
        |shop| replaced(&plainly(shop)?, KeyTransport::RsaOaepMgf1p.uri(), "urn:example:transport"),
    ),
    refuse(
        "encrypted-content-type",
        "ENC-09",
        "The EncryptedData says that it holds content, not an element.",
        |shop| replaced(&plainly(shop)?, "xmlenc#Element", "xmlenc#Content"),
    ),
    refuse(
        "encrypted-cipher-reference",
        "ENC-09",
        "The ciphertext is to be fetched from an address.",
        |shop| {
            cipher_data(shop, |_| {
                "<xenc:CipherReference URI=\"https://evil.example/\"></xenc:CipherReference>".to_owned()
            })
        },
    ),
    refuse("encrypted-no-key", "ENC-04", "No EncryptedKey goes with the EncryptedData.", |shop| {
        let message = String::from_utf8_lossy(&plainly(shop)?).into_owned();
        let (before, rest) = split(&message, "<ds:KeyInfo")?;
        let (_, after) = split(rest, "</ds:KeyInfo>")?;
        Ok(format!("{before}{after}").into_bytes())
    }),
    refuse("encrypted-name-id", "ENC-08", "A NameID lies where an Assertion should lie encrypted.", |shop| {
        wrapped(shop, &shop.good.name_id.element().canonical())
    }),
    refuse("encrypted-two-assertions", "ENC-08", "Two assertions lie in one EncryptedAssertion.", |shop| {
        let signed = shop.answer().signed_assertion(shop.idp.entity_id(), shop.idp.key())?.canonical();
        wrapped(shop, &format!("{}{signed}", shop.evil_assertion().canonical()))
    }),
    refuse("encrypted-text", "ENC-08", "No XML at all lies in the EncryptedAssertion.", |shop| {
        wrapped(shop, "alice")
    }),
    refuse("encrypted-doctype", "ENC-08", "A document type lies in the encrypted text.", |shop| {
        let signed = shop.answer().signed_assertion(shop.idp.entity_id(), shop.idp.key())?.canonical();
        wrapped(shop, &format!("<!DOCTYPE Assertion>{signed}"))
    }),
    refuse(
        "encrypted-and-clear",
        "SIG-13",
        "An assertion in the clear stands beside the encrypted one.",
        |shop| {
            let evil = format!("{}</samlp:Response>", shop.evil_assertion().canonical());
            replaced(&plainly(shop)?, "</samlp:Response>", &evil)
        },
    ),
];

/// The login encrypted with other options.
fn encrypted(
    shop: &Workshop<'_>,
    encryption: impl FnOnce(&mut TestEncryption),
    change: impl FnOnce(&mut LoginAnswer),
) -> Result<Vec<u8>, TestError> {
    let mut to = TestEncryption::new(&shop.encryption()?.certificate_pem);
    encryption(&mut to);
    let mut answer = shop.answer();
    answer.encrypt = Some(to);
    change(&mut answer);
    Ok(written(&shop.built(&answer)?))
}

fn plainly(shop: &Workshop<'_>) -> Result<Vec<u8>, TestError> {
    encrypted(shop, |_| {}, |_| {})
}

/// The encrypted login with the text of its nth CipherValue changed: the key's, then the content's.
fn cipher_value(
    shop: &Workshop<'_>,
    place: usize,
    change: impl FnOnce(&str) -> String,
) -> Result<Vec<u8>, TestError> {
    let message = String::from_utf8_lossy(&plainly(shop)?).into_owned();
    let values = message.split("<xenc:CipherValue>").skip(1);
    let value = values
        .filter_map(|rest| rest.split_once("</xenc:CipherValue>"))
        .map(|(value, _)| value)
        .nth(place)
        .ok_or(TestError::NothingToForge { part: "CipherValue" })?;
    replaced(message.as_bytes(), value, &change(value))
}

/// The encrypted login with something else in the CipherData of its content.
fn cipher_data(shop: &Workshop<'_>, change: impl FnOnce(&str) -> String) -> Result<Vec<u8>, TestError> {
    let message = String::from_utf8_lossy(&plainly(shop)?).into_owned();
    let open = "<xenc:CipherData>";
    let (before, rest) = message.rsplit_once(open).ok_or(TestError::NothingToForge { part: "CipherData" })?;
    let (data, after) = split(rest, "</xenc:CipherData>")?;
    Ok(format!("{before}{open}{}</xenc:CipherData>{after}", change(data)).into_bytes())
}

/// A Response whose EncryptedAssertion holds something else.
fn wrapped(shop: &Workshop<'_>, plain: &str) -> Result<Vec<u8>, TestError> {
    let wrapper = TestEncryption::new(&shop.encryption()?.certificate_pem).assertion(plain, &shop.good.id)?;
    Ok(written(&shop.answer().response(shop.idp.entity_id()).child(wrapper)))
}

/// Base64 with another first letter.
fn other_first(value: &str) -> String {
    let first = if value.starts_with('A') { 'B' } else { 'A' };
    std::iter::once(first).chain(value.chars().skip(1)).collect()
}

fn split<'t>(text: &'t str, at: &str) -> Result<(&'t str, &'t str), TestError> {
    text.split_once(at).ok_or(TestError::NothingToForge { part: "element" })
}
