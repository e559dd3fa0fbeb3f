//! Captured responses, for unit tests.

use crate::keys::{Certificate, PrivateKey, VerificationKey};
use crate::limits::Limits;
use crate::xml::Document;

pub(crate) struct Capture {
    /// Path below the captures without ending, such as `ssp/both-signed`.
    pub(crate) name: String,
    pub(crate) xml: Vec<u8>,
    pub(crate) metadata: String,
    pub(crate) encrypted: bool,
    pub(crate) sp_entity_id: String,
}

pub(crate) fn captures() -> Vec<Capture> {
    let index: Vec<serde_json::Value> = serde_json::from_str(&read("index.json")).unwrap();
    let capture = |row: &serde_json::Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        Capture {
            name: text("file").strip_suffix(".response.xml").unwrap().to_owned(),
            xml: read(&text("file")).into_bytes(),
            metadata: read(&text("idp_metadata")),
            encrypted: row["encrypted"].as_bool().unwrap(),
            sp_entity_id: text("sp_entity_id"),
        }
    };
    let captures: Vec<Capture> = index.iter().map(capture).collect();
    assert_eq!(captures.len(), 32);
    captures
}

/// The certificates in an identity provider's metadata.
pub(crate) fn identity_provider_keys(capture: &Capture) -> Vec<VerificationKey> {
    let limits = Limits::default();
    let metadata = Document::parse(capture.metadata.as_bytes(), &limits).unwrap();
    let certificates = metadata.elements().filter(|element| element.local_name() == "X509Certificate");
    let mut keys: Vec<_> =
        certificates.map(|element| VerificationKey::parse(&element.text()).unwrap()).collect();
    keys.dedup();
    assert!(!keys.is_empty());
    keys
}

pub(crate) fn sp_key() -> PrivateKey {
    PrivateKey::from_pem(&read("keys/sp.key")).unwrap()
}

pub(crate) fn sp_certificate() -> Certificate {
    Certificate::parse(&read("keys/sp.crt")).unwrap()
}

fn read(path: &str) -> String {
    let path = format!("{}/../../testdata/saml/captures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
