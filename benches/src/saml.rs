//! A service provider, an identity provider, and the messages that the benches of `saml-sp` measure.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use chrono::{DateTime, Utc};
use saml_sp::testing::{LoginAnswer, TestAttribute, TestEncryption, TestIdp, TestKey, TestSign};
use saml_sp::{
    Certificate, Connection, Engines, IdentityProvider, Inbound, KeyPair, KeyRing, Login, LoginOptions,
    PendingLogin, Policy, PrivateKey, Rejection, RequestId, ServiceProvider, Sighting, VerificationKey,
};

/// Both sides of a connection, set up once as a host does.
pub struct Scene {
    /// The identity provider, which signs.
    pub test_idp: TestIdp,
    /// The identity provider as the service provider knows it.
    pub idp: IdentityProvider,
    /// The service provider.
    pub sp: ServiceProvider,
    /// What it demands; limits are raised for the largest messages.
    pub policy: Policy,
    /// The login that waits.
    pub pending: PendingLogin,
}

/// Which key the identity provider signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA of 2048 bits.
    Rsa,
}

impl Scene {
    /// Sets both sides up.
    ///
    /// # Panics
    /// If the well-known keys can't be read.
    #[must_use]
    pub fn new(kind: Kind, engines: Engines) -> Self {
        let key = match kind {
            Kind::Ecdsa => TestKey::from_seed(&[7; 32], now()).unwrap(),
            Kind::Rsa => TestKey::well_known().unwrap(),
        };
        let test_idp = TestIdp::new("https://idp.example.com", key);
        let metadata = test_idp.metadata(now() + chrono::TimeDelta::days(365)).unwrap();
        let idp = IdentityProvider::from_metadata(metadata.as_bytes()).unwrap();
        let pair =
            KeyPair::new(PrivateKey::from_pem(SP_KEY).unwrap(), Certificate::parse(SP_CERTIFICATE).unwrap());
        let sp = ServiceProvider::new(SP.parse().unwrap(), ACS.parse().unwrap())
            .with_keys(KeyRing::new(pair.unwrap()));
        let mut policy = Policy::default();
        policy.engines = engines;
        let (_, pending) = Connection::new(&sp, &idp, &policy)
            .begin_login(LoginOptions::default(), RequestId::from_random([5; 20]), now())
            .unwrap();
        Self { test_idp, idp, sp, policy, pending }
    }

    /// Raises the limits for messages of this many bytes.
    pub fn make_room(&mut self, bytes: usize) {
        self.policy.limits.encoded_bytes = bytes * 2;
        self.policy.limits.message_bytes = bytes * 2;
        self.policy.limits.nodes = bytes;
        self.policy.limits.namespace_declarations = bytes;
    }

    /// The connection, made for each request as hosts do.
    #[must_use]
    pub fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy)
    }

    /// A response of about this many bytes, as the body of the browser's POST, and as XML.
    ///
    /// Beside a few attributes as every product sends them it is filled up with groups.
    ///
    /// # Panics
    /// If it can't be signed.
    #[must_use]
    pub fn response(&self, bytes: usize, sign: TestSign, encrypted: bool) -> (Vec<u8>, Vec<u8>) {
        self.response_to(self.pending.request_id().as_str(), bytes, sign, encrypted)
    }

    /// The same as the answer to any request.
    ///
    /// # Panics
    /// If it can't be signed.
    #[must_use]
    pub fn response_to(
        &self,
        request: &str,
        bytes: usize,
        sign: TestSign,
        encrypted: bool,
    ) -> (Vec<u8>, Vec<u8>) {
        let mut answer = LoginAnswer::new("1", SP, ACS, now());
        answer.in_response_to = Some(request.to_owned());
        answer.sign = sign;
        answer.encrypt = encrypted.then(|| TestEncryption::new(SP_CERTIFICATE));
        answer.attributes = vec![
            TestAttribute::new("urn:oid:0.9.2342.19200300.100.1.3", &["alice@example.com"]),
            TestAttribute::new("urn:oid:2.5.4.42", &["Alice"]),
            TestAttribute::new("urn:oid:2.5.4.4", &["O'Neill & Sons"]),
        ];
        let empty = self.test_idp.respond(&answer).unwrap().xml().len();
        let groups: Vec<String> = (0..bytes.saturating_sub(empty) / GROUP_BYTES).map(group).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        answer.attributes.push(TestAttribute::new("groups", &groups));
        let message = self.test_idp.respond(&answer).unwrap();
        (message.form_body(Some("opaque")), message.xml().to_vec())
    }

    /// Everything from the raw body to the login.
    ///
    /// # Errors
    /// Whatever the message is refused for.
    pub fn accept(&self, body: &[u8]) -> Result<Login, Rejection> {
        self.connection()
            .accept_response(&Inbound::FormBody(body), Some(&self.pending), now())?
            .admit(Sighting::FirstUse)
    }
}

/// A body of a POST that carries any document as the response.
#[must_use]
pub fn body_of(xml: &[u8]) -> Vec<u8> {
    let mut body = b"SAMLResponse=".to_vec();
    for byte in base64::Engine::encode(&base64::prelude::BASE64_STANDARD, xml).bytes() {
        match byte {
            b'+' => body.extend_from_slice(b"%2B"),
            b'/' => body.extend_from_slice(b"%2F"),
            b'=' => body.extend_from_slice(b"%3D"),
            plain => body.push(plain),
        }
    }
    body
}

/// Messages that are to be refused long before they are read to the end, and a name for each.
///
/// They are as large as the default limits let a message be, so that nothing but what is in them stops them.
#[must_use]
pub fn bombs() -> [(&'static str, String); 3] {
    let declarations: String =
        (0..5_000).map(|number| format!(" xmlns:n{number}=\"urn:a:{number:012}\"")).collect();
    let attributes: String = (0..50_000).map(|number| format!(" attribute{number}=\"{number}\"")).collect();
    let (open, close) = ("<a>".repeat(10_000), "</a>".repeat(10_000));
    [
        ("5,000 namespace declarations", format!("<a{declarations}/>")),
        ("1 MB of attributes", format!("<a{attributes}/>")),
        ("10,000 nested elements", format!("{open}{close}")),
    ]
}

/// An aggregate of this many bytes: one entity over and over, each with a name of its own.
#[must_use]
pub fn aggregate(entity: &str, bytes: usize) -> String {
    let mut all = String::from("<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">\n");
    for number in 0..bytes / entity.len() {
        all.push_str(&entity.replace("/metadata\"", &format!("/metadata/{number}\"")));
        all.push('\n');
    }
    all.push_str("</md:EntitiesDescriptor>");
    all
}

/// The instant at which everything happens.
#[must_use]
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap_or_default()
}

/// The key of a test identity provider as a service provider trusts it.
///
/// # Panics
/// If it can't be read.
#[must_use]
pub fn verification_key(idp: &TestIdp) -> VerificationKey {
    VerificationKey::parse(&idp.key().certificate_pem().unwrap()).unwrap()
}

fn group(number: usize) -> String {
    format!(
        "CN=Group {number:07} of the Department,OU=Groups,OU=Products and Services,OU=Europe,OU=Accounts,O=Example Corporation,DC=corp,DC=example,DC=com"
    )
}

/// The service provider's private key.
pub const SP_KEY: &str = include_str!("../../testdata/saml/captures/keys/sp.key");
/// The service provider's certificate.
pub const SP_CERTIFICATE: &str = include_str!("../../testdata/saml/captures/keys/sp.crt");
/// The service provider's entity id.
pub const SP: &str = "https://sp.example.com/metadata";
/// Where responses come to.
pub const ACS: &str = "https://sp.example.com/acs";
/// A group's name with its element.
const GROUP_BYTES: usize = 182;
