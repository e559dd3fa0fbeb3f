//! A message of the test identity provider on its way to the service provider.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use openssl::base64::encode_block;

use super::{TestAlgorithm, TestError, TestKey};
use crate::{Outbound, PostForm};

/// A message that a test identity provider made, ready for a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestMessage {
    parameter: &'static str,
    destination: String,
    xml: Vec<u8>,
    /// The message as a redirect carries it: without the XML signature, which Bindings 3.4.4.1 wants removed.
    bare: Vec<u8>,
}

impl TestMessage {
    pub(super) fn request(destination: &str, xml: String, bare: String) -> Self {
        let destination = destination.to_owned();
        Self { parameter: "SAMLRequest", destination, xml: xml.into_bytes(), bare: bare.into_bytes() }
    }

    pub(super) fn response(destination: &str, xml: impl Into<Vec<u8>>, bare: impl Into<Vec<u8>>) -> Self {
        Self {
            parameter: "SAMLResponse",
            destination: destination.to_owned(),
            xml: xml.into(),
            bare: bare.into(),
        }
    }

    /// Any bytes under any parameter.
    pub(super) fn of(parameter: &'static str, xml: &[u8]) -> Self {
        Self { parameter, destination: String::new(), xml: xml.to_vec(), bare: xml.to_vec() }
    }

    /// The message itself, as POST carries it under base64. UTF-8 unless a forgery says otherwise.
    #[must_use]
    pub fn xml(&self) -> &[u8] {
        &self.xml
    }

    /// The message in base64, without line breaks: the value of the form field.
    #[must_use]
    pub fn base64(&self) -> String {
        encode_block(&self.xml)
    }

    /// The body of the POST with which a browser delivers the message.
    ///
    /// ```
    /// # fn main() -> Result<(), saml_sp::testing::TestError> {
    /// use saml_sp::testing::{LoginAnswer, TestIdp};
    ///
    /// let idp = TestIdp::well_known("https://idp.example.com")?;
    /// let answer = LoginAnswer::new("1", "https://sp.example.com", "https://sp.example.com/acs", chrono::DateTime::UNIX_EPOCH);
    /// let body = idp.respond(&answer)?.form_body(Some("to/here"));
    /// assert!(body.starts_with(b"SAMLResponse=") && body.ends_with(b"&RelayState=to%2Fhere"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn form_body(&self, relay_state: Option<&str>) -> Vec<u8> {
        let mut body = format!("{}={}", self.parameter, percent(&self.base64()));
        if let Some(relay_state) = relay_state {
            body.push_str("&RelayState=");
            body.push_str(&percent(relay_state));
        }
        body.into_bytes()
    }

    /// The page that makes a browser deliver the message by POST.
    ///
    /// # Errors
    /// [`TestError::Destination`] if the message goes to something that is no http or https address.
    pub fn post(&self, relay_state: Option<&str>) -> Result<Outbound, TestError> {
        let action = self.destination.parse().map_err(|_| TestError::Destination)?;
        let mut fields = vec![(self.parameter, self.base64())];
        fields.extend(relay_state.map(|state| ("RelayState", state.to_owned())));
        Ok(Outbound::Post { form: PostForm::new(action, fields) })
    }

    /// The query of the redirect with which a browser delivers the message, signed as Bindings 3.4.4.1 says.
    pub(super) fn signed_query(
        &self,
        relay_state: Option<&str>,
        key: &TestKey,
        algorithm: TestAlgorithm,
    ) -> Result<String, TestError> {
        let mut query = self.query(relay_state)?;
        query.push_str("&SigAlg=");
        query.push_str(&percent(algorithm.signature_uri(key)));
        let signature = key.sign(algorithm.message_digest(), query.as_bytes())?;
        query.push_str("&Signature=");
        query.push_str(&percent(&encode_block(&signature)));
        Ok(query)
    }

    /// The query without a signature.
    pub(super) fn query(&self, relay_state: Option<&str>) -> Result<String, TestError> {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        let deflated = deflate.write_all(&self.bare).and_then(|()| deflate.finish());
        let deflated = deflated.map_err(|_| TestError::Encoding)?;
        let mut query = format!("{}={}", self.parameter, percent(&encode_block(&deflated)));
        if let Some(relay_state) = relay_state {
            query.push_str("&RelayState=");
            query.push_str(&percent(relay_state));
        }
        Ok(query)
    }

    pub(super) fn destination(&self) -> &str {
        &self.destination
    }
}

/// Percent-encoding of all but unreserved characters (RFC 3986 2.3).
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
