//! Responses that identity providers of other projects sent, with what they must be read as.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
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
            response_signed: self.response_signed,
            assertion_signed: self.assertion_signed != serde_json::Value::Bool(false),
            data_encryption: self.enc_data.into_iter().next(),
            sha1: self.signature_algorithms.iter().chain(&self.digests).any(|name| name.ends_with("sha1")),
            expected,
            name,
        }
    }
}
