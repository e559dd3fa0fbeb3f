//! Laws of `saml-sp`.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use saml_sp::testing::forge::ForgedLogout;
use saml_sp::testing::{
    LoginAnswer, TestIdp, TestKey, TestLogoutRequest, TestLogoutResponse, TestNameId, TestSign,
    canonical_form,
};
use saml_sp::{
    Binding, Connection, Endpoint, IdentityProvider, Inbound, Limits, LoginOptions, LogoutMessage,
    MetadataOptions, Policy, RequestId, ServiceProvider, Sighting, UnverifiedIssuer, VerificationKey,
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

/// Whatever bytes are posted to the logout endpoint, no session ends that the identity provider didn't name.
///
/// It signed just one request: [`signed_logout`].
///
/// # Panics
/// When a request is taken that names another person or other sessions than were signed.
pub fn logout(bytes: &[u8]) {
    judge_logout(bytes);
}

/// As [`logout`]; tells the code of the refusal, or `accepted`.
///
/// # Panics
/// As [`logout`].
pub fn judge_logout(bytes: &[u8]) -> &'static str {
    static SETTINGS: LazyLock<(ServiceProvider, IdentityProvider, Policy)> = LazyLock::new(|| {
        let idp =
            IdentityProvider::from_metadata(idp_metadata().as_bytes()).expect("our own metadata is good");
        let slo = Endpoint::new(Binding::HttpPost, SLO.parse().expect("an address"));
        (sp().with_logout(slo), idp, Policy::default())
    });
    let (sp, idp, policy) = &*SETTINGS;
    let message = BASE64_STANDARD.encode(bytes).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let body = format!("SAMLRequest={message}").into_bytes();
    match Connection::new(sp, idp, policy).accept_logout(&Inbound::FormBody(&body), None, now()) {
        Ok(LogoutMessage::Request(request)) => {
            assert_eq!(request.name_id.value, NAME, "another person is signed out");
            assert_eq!(request.session_indexes, ["_s-1"], "other sessions end");
            "accepted"
        }
        Ok(LogoutMessage::Response(_)) => panic!("a request was taken for an answer"),
        Err(rejection) => rejection.code(),
    }
}

/// Whatever bytes are given as metadata to a reader that pins a key, it reads what that key signed, or nothing.
///
/// It signed just one document: [`signed_metadata`].
///
/// # Panics
/// When another identity provider comes out than was signed.
pub fn pinned_metadata(bytes: &[u8]) {
    judge_metadata(bytes);
}

/// As [`pinned_metadata`]; tells the code of the refusal, or `accepted`.
///
/// # Panics
/// As [`pinned_metadata`].
pub fn judge_metadata(bytes: &[u8]) -> &'static str {
    static SIGNED: LazyLock<(MetadataOptions, IdentityProvider)> = LazyLock::new(|| {
        let key = idp().key().certificate_pem().expect("the well-known certificate is written");
        let mut options = MetadataOptions::default();
        options.pinned_keys = vec![VerificationKey::parse(&key).expect("a certificate")];
        let read = options.read(signed_metadata().as_bytes(), now()).expect("our own metadata is good");
        (options, read.idp)
    });
    let (options, signed) = &*SIGNED;
    match options.read(bytes, now()) {
        Ok(read) => {
            assert_eq!(read.idp, *signed, "something came in that nobody signed");
            "accepted"
        }
        Err(error) => error.code(),
    }
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

/// The one logout request that the identity provider of [`logout`] signed.
pub fn signed_logout() -> String {
    let message = idp().logout_request(&logout_order(NAME)).expect("the well-known key signs");
    String::from_utf8(message.xml().to_vec()).expect("messages are UTF-8")
}

/// What an attacker has beside it: a request for somebody else, unsigned and signed with another key, and parts of them.
pub fn evil_logout_parts() -> Vec<String> {
    let attacker = attacker();
    let mut parts = Vec::new();
    for sign in [false, true] {
        let mut order = logout_order("admin@example.com");
        (order.id, order.sign) = ("_evil".to_owned(), sign);
        let message = attacker.logout_request(&order).expect("the key signs");
        let text = String::from_utf8(message.xml().to_vec()).expect("messages are UTF-8");
        for name in ["saml:NameID", "samlp:SessionIndex", "ds:Signature", "ds:SignedInfo"] {
            parts.extend(element(&text, name));
        }
        parts.push(text);
    }
    parts
}

/// The one document that the key of [`pinned_metadata`] signed.
pub fn signed_metadata() -> String {
    idp().signed_metadata("_metadata", now()).expect("the well-known key signs")
}

/// What an attacker has beside it: metadata of their own, unsigned and signed, and parts of it.
pub fn evil_metadata_parts() -> Vec<String> {
    let attacker = TestIdp::new("https://evil.example", TestKey::foreign().expect("the key is readable"));
    let mut parts = Vec::new();
    for text in [attacker.metadata(now()), attacker.signed_metadata("_evil", now())] {
        let text = text.expect("the key signs");
        for name in ["md:KeyDescriptor", "md:SingleSignOnService", "ds:Signature", "md:IDPSSODescriptor"] {
            parts.extend(element(&text, name));
        }
        parts.push(text);
    }
    parts
}

/// Where fuzzing of logout messages starts: the signed one, and every forgery of one that is posted.
pub fn logout_seeds() -> Vec<Vec<u8>> {
    let (idp, order) = (idp(), logout_order(NAME));
    let answer = TestLogoutResponse::new("_done", SLO, "_asked", now());
    let forged =
        saml_sp::testing::forge::logout().filter_map(|forgery| forgery.forge(&idp, &order, &answer).ok());
    let posted = forged.filter_map(|forged| match forged {
        ForgedLogout::Form(body) => {
            let text = String::from_utf8(body).ok()?;
            let (_, value) = text.split_once('=')?;
            let value = value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
            BASE64_STANDARD.decode(value).ok()
        }
        ForgedLogout::Query(_) => None,
    });
    std::iter::once(signed_logout().into_bytes()).chain(posted).collect()
}

/// Where fuzzing of signed metadata starts: the signed document, and every forgery of it.
pub fn pinned_metadata_seeds() -> Vec<Vec<u8>> {
    let idp = idp();
    let forged = saml_sp::testing::forge::metadata().filter_map(|forgery| forgery.forge(&idp, now()).ok());
    std::iter::once(signed_metadata().into_bytes()).chain(forged).collect()
}

/// What an attacker has beside it: assertions for somebody else, unsigned and signed with another key, and parts of
/// them.
pub fn evil_parts() -> Vec<String> {
    let attacker = attacker();
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

/// Somebody who says to be it.
fn attacker() -> TestIdp {
    TestIdp::new("https://idp.example.com", TestKey::foreign().expect("the key is readable"))
}

fn logout_order(name: &str) -> TestLogoutRequest {
    let mut order = TestLogoutRequest::new("_out", SLO, TestNameId::email(name), now());
    order.session_indexes = vec!["_s-1".to_owned()];
    order
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
const SLO: &str = "https://sp.example.com/slo";
const SP: &str = "https://sp.example.com/metadata";
