//! The keys that metadata gives an identity provider (MD-04).

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{MetadataError, MetadataNotice};
use crate::{
    keys::{Certificate, KeyError, KeyKind, VerificationKey},
    names::{DS, METADATA},
    xml::Element,
};

/// Reads the keys that signatures may verify with: use *signing*, or no use, which means both (Errata 62).
pub(super) fn signing_keys(
    role: Element<'_>,
    notices: &mut Vec<MetadataNotice>,
) -> Result<Vec<VerificationKey>, MetadataError> {
    let mut keys: Vec<VerificationKey> = Vec::new();
    for descriptor in role.children_named(METADATA, "KeyDescriptor") {
        match descriptor.attribute("use") {
            None | Some("signing") => {}
            Some("encryption") => continue,
            Some(other) => return Err(MetadataError::KeyUse { found: other.to_owned() }),
        }
        match descriptor_key(descriptor) {
            Ok(Some(key)) if !keys.contains(&key) => keys.push(key),
            Ok(_) => {}
            // A key that nothing here can use doesn't spoil the others; with no other left there is no signing key.
            Err(MetadataError::Key(error @ (KeyError::Unsupported | KeyError::Weak { .. }))) => {
                notices.push(MetadataNotice::KeySkipped(error));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}

/// Reads the certificates that something may be encrypted for: use *encryption*, or no use. Only RSA keys will do, and
/// what can't be read is left out: nothing rests on it but an option of ours.
pub(super) fn encryption_certificates(role: Element<'_>) -> Vec<Certificate> {
    let mut found: Vec<Certificate> = Vec::new();
    let descriptors = role
        .children_named(METADATA, "KeyDescriptor")
        .filter(|descriptor| matches!(descriptor.attribute("use"), None | Some("encryption")));
    let certificates = descriptors
        .filter_map(|descriptor| descriptor.child(DS, "KeyInfo"))
        .filter_map(|info| info.child(DS, "X509Data")?.child(DS, "X509Certificate"))
        .filter_map(|element| Certificate::parse(&element.text()).ok());
    for certificate in certificates {
        let is_rsa =
            VerificationKey::from_certificate(&certificate).is_ok_and(|key| key.kind() == KeyKind::Rsa);
        if is_rsa && !found.contains(&certificate) {
            found.push(certificate);
        }
    }
    found
}

/// Reads the key of one descriptor; several forms in it must be one key (MIOP 2.5.1).
fn descriptor_key(descriptor: Element<'_>) -> Result<Option<VerificationKey>, MetadataError> {
    let Some(info) = descriptor.child(DS, "KeyInfo") else { return Ok(None) };
    let mut found: Option<VerificationKey> = None;
    let certificates = info
        .children_named(DS, "X509Data")
        .flat_map(|data| data.children_named(DS, "X509Certificate"))
        .map(certificate_key);
    let values = info.children_named(DS, "KeyValue").map(value_key);
    for key in certificates.chain(values) {
        let key = key.map_err(MetadataError::Key)?;
        match &found {
            Some(known) if !known.pkey().public_eq(key.pkey()) => return Err(MetadataError::SeveralKeys),
            Some(_) => {}
            None => found = Some(key),
        }
    }
    Ok(found)
}

fn certificate_key(element: Element<'_>) -> Result<VerificationKey, KeyError> {
    VerificationKey::from_certificate(&Certificate::parse(&element.text())?)
}

/// Reads a bare key: `RSAKeyValue`, or `ECKeyValue` with a named curve.
fn value_key(value: Element<'_>) -> Result<VerificationKey, KeyError> {
    if let Some(rsa) = value.child(DS, "RSAKeyValue") {
        return VerificationKey::from_rsa(&number(rsa, DS, "Modulus")?, &number(rsa, DS, "Exponent")?);
    }
    if let Some(ec) = value.child(DS11, "ECKeyValue") {
        let curve = ec.child(DS11, "NamedCurve").and_then(|curve| curve.attribute("URI"));
        let curve = curve.and_then(|uri| uri.strip_prefix("urn:oid:")).ok_or(KeyError::Unsupported)?;
        return VerificationKey::from_ec(curve, &number(ec, DS11, "PublicKey")?);
    }
    Err(KeyError::Unsupported)
}

fn number(parent: Element<'_>, namespace: &str, name: &str) -> Result<Vec<u8>, KeyError> {
    let text = parent.child(namespace, name).ok_or(KeyError::NotAPublicKey)?.text();
    let packed: String = text.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(packed).map_err(|_| KeyError::Encoding)
}

const DS11: &str = "http://www.w3.org/2009/xmldsig11#";
