//! Laws of `saml-sp`.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use saml_sp::testing::{LoginAnswer, TestIdp, TestKey, TestNameId, TestSign, canonical_form};
use saml_sp::{
    Connection, IdentityProvider, Inbound, Limits, LoginOptions, Policy, RequestId, ServiceProvider,
    Sighting, UnverifiedIssuer,
};

use crate::captures;

/// Whatever bytes are posted, nobody signs in whom the identity provider didn't name, and nothing panics.
///
/// The connection trusts one test identity provider, which signed just one assertion: [`signed_response`]. A fuzzer that
/// starts from it can find a way around the signature, and then the name differs.
///
/// # Panics
/// When a login comes out with another name or other attributes than were signed.
pub fn saml_response(bytes: &[u8]) {
    judge_response(bytes);
}

/// As [`saml_response`]; tells the code of the refusal, or `accepted`.
///
/// # Panics
/// As [`saml_response`].
pub fn judge_response(bytes: &[u8]) -> &'static str {
    static SETTINGS: LazyLock<(ServiceProvider, IdentityProvider, Policy)> = LazyLock::new(|| {
        let idp =
            IdentityProvider::from_metadata(idp_metadata().as_bytes()).expect("our own metadata is good");
        (sp(), idp, Policy::default())
    });
    let (sp, idp, policy) = &*SETTINGS;
    let connection = Connection::new(sp, idp, policy);
    let request = RequestId::parse(REQUEST).expect("an NCName");
    let (_, pending) = connection
        .begin_login(LoginOptions::default(), request, now())
        .expect("our own metadata has an endpoint");
    let body = captures::form_body(bytes, None);
    let verified = match connection.accept_response(&Inbound::FormBody(&body), Some(&pending), now()) {
        Ok(verified) => verified,
        Err(rejection) => return rejection.code(),
    };
    assert_eq!(verified.claim().id, good().assertion_id(), "another assertion was accepted");
    let login = verified.admit(Sighting::FirstUse).expect("first use");
    assert_eq!(login.subject().map(|subject| subject.value.as_str()), Some(NAME), "another person signed in");
    assert_eq!(login.attributes().len(), 0, "attributes came in that nobody signed");
    "accepted"
}

/// Whatever a browser sends, decoding and peeking into it doesn't panic, and gives the same twice.
///
/// The first byte chooses between form and query.
///
/// # Panics
/// When two looks at one message differ.
pub fn inbound(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let inbound = if choice % 2 == 0 { Inbound::FormBody(rest) } else { Inbound::RawQuery(&text) };
    let limits = Limits::default();
    let look = || UnverifiedIssuer::peek(&inbound, &limits);
    assert_eq!(look(), look(), "two looks at one message differ");
}

/// Whatever bytes the reader accepts, it accepts what it writes of them, and writes the same again.
///
/// # Panics
/// When the canonical form isn't read, or its canonical form is another.
pub fn xml_reader(bytes: &[u8]) {
    let Ok(canonical) = canonical_form(bytes, &Limits::default()) else {
        return;
    };
    // Canonical form writes end tags, escapes and declarations out, so that it may cross a limit that its source kept.
    let mut roomy = Limits::default();
    roomy.message_bytes = usize::MAX;
    roomy.namespace_declarations = usize::MAX;
    roomy.nodes = usize::MAX;
    let again = canonical_form(&canonical, &roomy)
        .unwrap_or_else(|error| panic!("the canonical form is refused: {error}"));
    assert_eq!(canonical, again, "the canonical form of the canonical form is another");
}

/// Whatever bytes are given as metadata, reading them doesn't panic, and what is read survives being written as
/// configuration.
///
/// # Panics
/// When an identity provider changes on its way through serde.
pub fn metadata(bytes: &[u8]) {
    let Ok(idp) = IdentityProvider::from_metadata(bytes) else {
        return;
    };
    assert!(!idp.signing_keys().is_empty(), "an identity provider without a key");
    let written = serde_json::to_string(&idp).expect("configuration is written");
    let read: IdentityProvider = serde_json::from_str(&written).expect("what was written is read");
    assert_eq!(idp, read, "an identity provider changed on its way");
}

/// The one response that the identity provider of [`saml_response`] signed.
pub fn signed_response() -> Vec<u8> {
    idp().respond(&good()).expect("the well-known key signs").xml().to_vec()
}

/// The response of [`signed_response`] with other parts signed.
pub fn signed_responses() -> Vec<String> {
    let with = |sign| {
        let mut answer = good();
        answer.sign = sign;
        text(&idp(), &answer)
    };
    [TestSign::Assertion, TestSign::Response, TestSign::Both].map(with).to_vec()
}

/// What an attacker has beside it: assertions for somebody else, unsigned and signed with another key, and parts of
/// them.
pub fn evil_parts() -> Vec<String> {
    let attacker = TestIdp::new("https://idp.example.com", TestKey::foreign().expect("the key is readable"));
    let mut parts = Vec::new();
    for sign in [TestSign::Neither, TestSign::Assertion] {
        let mut answer = good();
        answer.id = "evil".to_owned();
        answer.name_id = TestNameId::email("admin@example.com");
        answer.sign = sign;
        let response = text(&attacker, &answer);
        for name in ["saml:Assertion", "saml:Subject", "saml:NameID", "ds:Signature", "ds:SignedInfo"] {
            parts.extend(element(&response, name));
        }
        parts.push(response);
    }
    parts
}

fn text(idp: &TestIdp, answer: &LoginAnswer) -> String {
    let response = idp.respond(answer).expect("the key signs");
    String::from_utf8(response.xml().to_vec()).expect("messages are UTF-8")
}

/// The first element of that name.
fn element(document: &str, name: &str) -> Option<String> {
    let (_, rest) = document.split_once(&format!("<{name}"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    Some(format!("<{name}{inside}</{name}>"))
}

/// Where fuzzing of responses starts: the signed one, and every forgery of it.
pub fn response_seeds() -> Vec<Vec<u8>> {
    let (idp, good) = (idp(), good());
    let forged = saml_sp::testing::forge::all().filter_map(|forgery| forgery.forge(&idp, &good).ok());
    std::iter::once(signed_response()).chain(forged.map(|message| message.xml().to_vec())).collect()
}

/// Where fuzzing of documents starts: captures, forgeries and metadata.
pub fn document_seeds() -> Vec<Vec<u8>> {
    let captures = captures::all().into_iter().map(|capture| capture.xml);
    captures.chain(response_seeds()).chain(metadata_seeds()).collect()
}

/// Where fuzzing of metadata starts.
pub fn metadata_seeds() -> Vec<Vec<u8>> {
    let files = ["ssp", "pysaml2", "samlp"].map(|name| format!("saml/captures/{name}/idp-metadata.xml"));
    let captured = files.iter().map(|file| crate::data::bytes(file));
    captured.chain([idp_metadata().into_bytes()]).collect()
}

/// Where fuzzing of the browser's input starts.
pub fn inbound_seeds() -> Vec<Vec<u8>> {
    let form = captures::form_body(&signed_response(), Some("deep/link?x=1"));
    let query = format!("SAMLResponse={}&SigAlg=a&Signature=YQ%3D%3D", BASE64_STANDARD.encode("<a/>"));
    vec![[&[0], form.as_slice()].concat(), [&[1], query.as_bytes()].concat()]
}

fn sp() -> ServiceProvider {
    ServiceProvider::new(SP.parse().expect("an entity id"), ACS.parse().expect("an address"))
}

fn idp() -> TestIdp {
    TestIdp::well_known("https://idp.example.com").expect("the well-known key is readable")
}

fn idp_metadata() -> String {
    idp().metadata(now()).expect("the well-known certificate is written")
}

fn good() -> LoginAnswer {
    let mut answer = LoginAnswer::new("1", SP, ACS, now());
    answer.in_response_to = Some(REQUEST.to_owned());
    answer
}

fn now() -> chrono::DateTime<chrono::Utc> {
    "2026-11-21T20:00:00Z".parse().expect("an instant")
}

const ACS: &str = "https://sp.example.com/acs";
const NAME: &str = "alice@example.com";
const REQUEST: &str = "_request";
const SP: &str = "https://sp.example.com/metadata";
