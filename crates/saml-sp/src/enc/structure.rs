//! The form of what is encrypted, read off the message before any key is used.

use super::{DataEncryption, DecryptError, EncryptionPolicy, KeyTransport, Mgf, XENC_NS, XENC11_NS};
use crate::dsig::{DS_NS, DigestAlgorithm, decode_base64};
use crate::limits::Limits;
use crate::xml::Element;

/// The element that a wrapper is for (ENC-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) local: &'static str,
}

/// An EncryptedData and the EncryptedKeys that may go with it.
#[derive(Debug)]
pub(super) struct Encrypted {
    pub(super) expected: Expected,
    pub(super) data: DataEncryption,
    pub(super) cipher: Vec<u8>,
    /// In the order in which to try them.
    pub(super) keys: Vec<WrappedKey>,
}

/// One EncryptedKey.
#[derive(Debug)]
pub(super) struct WrappedKey {
    pub(super) transport: KeyTransport,
    pub(super) digest: DigestAlgorithm,
    pub(super) mgf: Mgf,
    pub(super) label: Vec<u8>,
    pub(super) cipher: Vec<u8>,
}

/// Reads a wrapper.
pub(super) fn read(
    wrapper: Element<'_>,
    recipient: &str,
    policy: &EncryptionPolicy,
    signed_outside: bool,
    limits: &Limits,
) -> Result<Encrypted, DecryptError> {
    let expected = expected(wrapper)?;
    let mut found = wrapper.children_named(XENC_NS, "EncryptedData");
    let (Some(encrypted), None) = (found.next(), found.next()) else {
        return Err(DecryptError::Malformed { what: "not exactly one EncryptedData" });
    };
    let other = |child: &Element<'_>| *child != encrypted && !child.is(XENC_NS, "EncryptedKey");
    if wrapper.children().any(|child| other(&child)) || wrapper.has_mixed_content() {
        return Err(DecryptError::Malformed { what: "something beside EncryptedData and EncryptedKey" });
    }
    if let Some(found) = encrypted.attribute("Type").filter(|found| *found != ELEMENT) {
        return Err(DecryptError::DataType { found: shown(found) });
    }

    let (method, uri) = method(encrypted)?;
    let refused = || DecryptError::DataAlgorithm { found: shown(uri) };
    let data = DataEncryption::from_uri(uri).ok_or_else(refused)?;
    if !policy.allows_data(data, true) {
        return Err(refused());
    }
    if !policy.allows_data(data, signed_outside) {
        return Err(DecryptError::UnsignedCbc { found: data });
    }
    for child in method.children() {
        if !child.is(XENC_NS, "KeySize") {
            return Err(DecryptError::Method { what: "a parameter that the algorithm does not have" });
        }
        if child.text().trim().parse::<usize>().ok() != Some(key_bits(data)) {
            return Err(DecryptError::Method { what: "KeySize" });
        }
    }
    let cipher = cipher_value(encrypted)?;
    let keys = encrypted_keys(wrapper, encrypted, limits)?;
    let keys = in_order(keys, encrypted, recipient);
    let keys = usable(&keys, policy)?;
    Ok(Encrypted { expected, data, cipher, keys })
}

fn expected(wrapper: Element<'_>) -> Result<Expected, DecryptError> {
    let local = match wrapper.local_name() {
        "EncryptedAssertion" => "Assertion",
        "EncryptedAttribute" => "Attribute",
        "EncryptedID" => "NameID",
        _ => "",
    };
    if local.is_empty() || wrapper.namespace() != ASSERTION_NS {
        return Err(DecryptError::Malformed { what: "not an element that holds something encrypted" });
    }
    Ok(Expected { local })
}

/// The EncryptedKeys inside of KeyInfo, those that it refers to, and those that only stand beside (ENC-04).
fn encrypted_keys<'d>(
    wrapper: Element<'d>,
    encrypted: Element<'d>,
    limits: &Limits,
) -> Result<Vec<Element<'d>>, DecryptError> {
    let mut keys: Vec<Element<'d>> = Vec::new();
    if let Some(key_info) = encrypted.child(DS_NS, "KeyInfo") {
        for child in key_info.children().take(limits.nodes) {
            if child.is(XENC_NS, "EncryptedKey") {
                keys.push(child);
            } else if child.is(DS_NS, "RetrievalMethod") {
                keys.push(retrieved(wrapper, child)?);
            }
            too_many(&keys, limits)?;
        }
    }
    for beside in wrapper.children_named(XENC_NS, "EncryptedKey") {
        if !keys.contains(&beside) {
            keys.push(beside);
        }
        too_many(&keys, limits)?;
    }
    if keys.is_empty() { Err(DecryptError::NoEncryptedKey) } else { Ok(keys) }
}

fn too_many(keys: &[Element<'_>], limits: &Limits) -> Result<(), DecryptError> {
    if keys.len() > limits.encrypted_keys {
        return Err(DecryptError::TooManyKeys { limit: limits.encrypted_keys });
    }
    Ok(())
}

/// What a RetrievalMethod names: an EncryptedKey inside of the same wrapper, by its Id, and nothing else.
fn retrieved<'d>(wrapper: Element<'d>, method: Element<'d>) -> Result<Element<'d>, DecryptError> {
    let external = DecryptError::ExternalReference { what: "RetrievalMethod" };
    let id = method.attribute("URI").and_then(|uri| uri.strip_prefix('#')).ok_or_else(|| external.clone())?;
    let good_type = method.attribute("Type").is_none_or(|found| found == ENCRYPTED_KEY);
    if !good_type || method.children().next().is_some() {
        return Err(external);
    }
    let named = |key: &Element<'_>| key.attribute("Id") == Some(id);
    wrapper
        .descendants_and_self()
        .filter(|element| element.is(XENC_NS, "EncryptedKey"))
        .find(named)
        .ok_or(DecryptError::NoEncryptedKey)
}

/// Those for us first (ENC-10). `Recipient` and `CarriedKeyName` are hints, so the others follow.
fn in_order<'d>(mut keys: Vec<Element<'d>>, encrypted: Element<'_>, recipient: &str) -> Vec<Element<'d>> {
    let key_name = encrypted
        .child(DS_NS, "KeyInfo")
        .and_then(|key_info| key_info.child(DS_NS, "KeyName"))
        .map(|name| name.text().into_owned());
    keys.sort_by_cached_key(|key| {
        let carried = key.child(XENC_NS, "CarriedKeyName").map(|name| name.text().into_owned());
        let named = key_name.is_some() && carried == key_name;
        !(key.attribute("Recipient") == Some(recipient) || named)
    });
    keys
}

/// The EncryptedKeys whose algorithms are taken; the refusal of the first one if there are none.
fn usable(keys: &[Element<'_>], policy: &EncryptionPolicy) -> Result<Vec<WrappedKey>, DecryptError> {
    let mut refused = None;
    let mut usable = Vec::new();
    for key in keys {
        match wrapped_key(*key, policy) {
            Ok(key) => usable.push(key),
            Err(error @ DecryptError::KeyTransport { .. }) => {
                refused.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if usable.is_empty() => Err(error),
        _ => Ok(usable),
    }
}

fn wrapped_key(key: Element<'_>, policy: &EncryptionPolicy) -> Result<WrappedKey, DecryptError> {
    let refused = |found: &str| DecryptError::KeyTransport { found: shown(found) };
    let (method, uri) = method(key)?;
    let transport = KeyTransport::from_uri(uri)
        .filter(|transport| policy.allows_key_transport(*transport))
        .ok_or_else(|| refused(uri))?;
    // Absent, both are SHA-1; mgf1p always masks with it, whatever its digest.
    let mut wrapped = WrappedKey {
        transport,
        digest: DigestAlgorithm::Sha1,
        mgf: Mgf::Mgf1Sha1,
        label: Vec::new(),
        cipher: cipher_value(key)?,
    };
    let mut seen: Vec<&str> = Vec::new();
    for child in method.children() {
        if seen.contains(&child.local_name()) {
            return Err(DecryptError::Method { what: "a parameter appears twice" });
        }
        seen.push(child.local_name());
        let algorithm = child.attribute("Algorithm").unwrap_or_default();
        if transport != KeyTransport::Rsa15 && child.is(DS_NS, "DigestMethod") {
            wrapped.digest = DigestAlgorithm::from_uri(algorithm).ok_or_else(|| refused(algorithm))?;
        } else if transport == KeyTransport::RsaOaep && child.is(XENC11_NS, "MGF") {
            wrapped.mgf = Mgf::from_uri(algorithm).ok_or_else(|| refused(algorithm))?;
        } else if transport != KeyTransport::Rsa15 && child.is(XENC_NS, "OAEPparams") {
            let text = child.text();
            let is_empty = text.trim().is_empty();
            wrapped.label = match decode_base64(&text) {
                Some(label) => label,
                None if is_empty => Vec::new(),
                None => return Err(DecryptError::Method { what: "OAEPparams" }),
            };
        } else {
            return Err(DecryptError::Method { what: "a parameter that the algorithm does not have" });
        }
    }
    Ok(wrapped)
}

fn method<'d>(element: Element<'d>) -> Result<(Element<'d>, &'d str), DecryptError> {
    let mut found = element.children_named(XENC_NS, "EncryptionMethod");
    let (Some(method), None) = (found.next(), found.next()) else {
        return Err(DecryptError::Malformed { what: "not exactly one EncryptionMethod" });
    };
    let uri = method.attribute("Algorithm");
    Ok((method, uri.ok_or(DecryptError::Malformed { what: "EncryptionMethod without Algorithm" })?))
}

fn cipher_value(element: Element<'_>) -> Result<Vec<u8>, DecryptError> {
    let mut found = element.children_named(XENC_NS, "CipherData");
    let (Some(data), None) = (found.next(), found.next()) else {
        return Err(DecryptError::Malformed { what: "not exactly one CipherData" });
    };
    if data.child(XENC_NS, "CipherReference").is_some() {
        return Err(DecryptError::ExternalReference { what: "CipherReference" });
    }
    let mut children = data.children();
    match (children.next(), children.next()) {
        (Some(value), None) if value.is(XENC_NS, "CipherValue") && value.has_only_text() => {
            decode_base64(&value.text()).ok_or(DecryptError::Malformed { what: "CipherValue is not base64" })
        }
        _ => Err(DecryptError::Malformed { what: "not exactly one CipherValue" }),
    }
}

/// What KeySize must say; triple-DES counts its parity bits (XEnc 5.2.1 and 3.2).
fn key_bits(data: DataEncryption) -> usize {
    data.key_bytes().saturating_mul(8)
}

fn shown(uri: &str) -> String {
    uri.chars().take(256).collect()
}

pub(super) const ASSERTION_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";
