//! Captured encrypted assertions open; everything else stays shut and looks the same.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "test helpers")]

use super::*;
use crate::dsig::{AlgorithmPolicy, DigestAlgorithm, Engines, verify_enveloped};
use crate::keys::{Certificate, PrivateKey};
use crate::limits::Limits;
use crate::test_captures::{captures, identity_provider_keys, sp_certificate, sp_key};
use crate::xml::{Document, Element};

const ASSERTION_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

fn any() -> EncryptionPolicy {
    EncryptionPolicy {
        danger_allow_unsigned_cbc: true,
        danger_allow_triple_des: true,
        danger_allow_rsa_1_5: true,
        ..EncryptionPolicy::default()
    }
}

fn wrapper<'d>(document: &'d Document<'d>) -> Element<'d> {
    document.elements().find(|element| element.is(ASSERTION_NS, "EncryptedAssertion")).unwrap()
}

/// Opened content: the element as a document of its own, and what is to be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decrypted {
    bytes: Vec<u8>,
    evidence: EncryptionEvidence,
}

fn open_wrapper(wrapper: Element<'_>, context: &DecryptionContext<'_>) -> Result<Decrypted, DecryptError> {
    decrypt(wrapper, context, |root, evidence| Decrypted {
        bytes: root.document().source().as_bytes().to_vec(),
        evidence,
    })
}

fn open_with(
    xml: &str,
    keys: &[PrivateKey],
    policy: &EncryptionPolicy,
    signed_outside: bool,
) -> Result<Decrypted, DecryptError> {
    let limits = Limits::default();
    let document = Document::parse(xml.as_bytes(), &limits).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let context = DecryptionContext {
        keys,
        recipient: "https://sp.example.com",
        policy,
        signed_outside,
        limits: &limits,
    };
    open_wrapper(document.root(), &context)
}

fn open(xml: &str) -> Result<Vec<u8>, DecryptError> {
    open_with(xml, &[sp_key()], &any(), false).map(|decrypted| decrypted.bytes)
}

fn options(certificate: &Certificate) -> EncryptOptions<'_> {
    EncryptOptions {
        recipient: certificate,
        data: DataEncryption::Aes128Gcm,
        key_transport: KeyTransport::RsaOaepMgf1p,
        digest: DigestAlgorithm::Sha1,
        mgf: None,
        label: None,
    }
}

fn wrapped(content: &str, options: &EncryptOptions<'_>) -> String {
    let random = EncryptRandom { key: [7; 32], iv: [9; 16] };
    let data = encrypt(content.as_bytes(), options, &random).unwrap().to_xml();
    format!(r#"<s:EncryptedAssertion xmlns:s="{ASSERTION_NS}" xmlns:q="urn:q">{data}</s:EncryptedAssertion>"#)
}

fn another_key() -> PrivateKey {
    let pem = openssl::rsa::Rsa::generate(2048).unwrap().private_key_to_pem().unwrap();
    PrivateKey::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap()
}

const CONTENT: &str = r#"<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a">x</Assertion>"#;

#[test]
fn every_encrypted_capture_opens_and_its_inner_signature_verifies() {
    // ENC-01, ENC-07
    let limits = Limits::default();
    let mut opened = 0;
    for capture in captures().iter().filter(|capture| capture.encrypted) {
        let document = Document::parse(&capture.xml, &limits).unwrap();
        let context = DecryptionContext {
            keys: &[sp_key()],
            recipient: &capture.sp_entity_id,
            policy: &any(),
            signed_outside: false,
            limits: &limits,
        };
        let decrypted = open_wrapper(wrapper(&document), &context)
            .unwrap_or_else(|error| panic!("{}: {error}", capture.name));
        assert_eq!(decrypted.evidence.key, 0);
        let inner = Document::parse(&decrypted.bytes, &limits).unwrap();
        let assertion = inner.root();
        assert!(assertion.is(ASSERTION_NS, "Assertion"));
        let keys = identity_provider_keys(capture);
        verify_enveloped(assertion, &keys, &AlgorithmPolicy::default(), Engines::default(), &limits)
            .unwrap_or_else(|error| panic!("{}: {error}", capture.name));
        opened += 1;
    }
    assert!(opened >= 6, "{opened}");
}

#[test]
fn every_algorithm_opens_what_it_closed() {
    // ENC-02, ENC-03
    let certificate = sp_certificate();
    for data in DataEncryption::ALL {
        for key_transport in KeyTransport::ALL {
            for digest in DigestAlgorithm::ALL {
                for mgf in [None].into_iter().chain(Mgf::ALL.iter().copied().map(Some)) {
                    for label in [None, Some(&b"label"[..])] {
                        let label = label.filter(|_| *key_transport != KeyTransport::Rsa15);
                        let options = EncryptOptions {
                            recipient: &certificate,
                            data: *data,
                            key_transport: *key_transport,
                            digest: *digest,
                            mgf,
                            label,
                        };
                        // The long way round once for each; with AES-128-GCM for all.
                        if *data != DataEncryption::Aes128Gcm && mgf.is_some() {
                            continue;
                        }
                        let opened = open(&wrapped(CONTENT, &options));
                        assert_eq!(opened.as_deref(), Ok(CONTENT.as_bytes()), "{options:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn cbc_opens_only_under_a_signature_or_by_option() {
    // ENC-02
    let certificate = sp_certificate();
    let xml = wrapped(CONTENT, &EncryptOptions { data: DataEncryption::Aes256Cbc, ..options(&certificate) });
    let policy = EncryptionPolicy::default();
    let refused = open_with(&xml, &[sp_key()], &policy, false).unwrap_err();
    assert_eq!(refused, DecryptError::UnsignedCbc { found: DataEncryption::Aes256Cbc });
    open_with(&xml, &[sp_key()], &policy, true).unwrap();
    let policy = EncryptionPolicy { danger_allow_unsigned_cbc: true, ..policy };
    open_with(&xml, &[sp_key()], &policy, false).unwrap();
}

#[test]
fn triple_des_and_rsa_1_5_open_only_by_option() {
    // ENC-02, ENC-03
    let certificate = sp_certificate();
    let policy = EncryptionPolicy::default();
    let xml = wrapped(CONTENT, &EncryptOptions { data: DataEncryption::TripleDes, ..options(&certificate) });
    assert_eq!(open_with(&xml, &[sp_key()], &policy, true).unwrap_err().code(), "ENC-02");
    open_with(&xml, &[sp_key()], &EncryptionPolicy { danger_allow_triple_des: true, ..policy.clone() }, true)
        .unwrap();
    let xml =
        wrapped(CONTENT, &EncryptOptions { key_transport: KeyTransport::Rsa15, ..options(&certificate) });
    assert_eq!(open_with(&xml, &[sp_key()], &policy, true).unwrap_err().code(), "ENC-03");
    open_with(&xml, &[sp_key()], &EncryptionPolicy { danger_allow_rsa_1_5: true, ..policy }, true).unwrap();
}

#[test]
fn all_failures_look_the_same() {
    // ENC-06: another key, a broken key, broken content, broken padding, content that is no XML.
    let certificate = sp_certificate();
    let other = another_key();
    for data in DataEncryption::ALL {
        for key_transport in KeyTransport::ALL {
            let options =
                EncryptOptions { data: *data, key_transport: *key_transport, ..options(&certificate) };
            let xml = wrapped(CONTENT, &options);
            let failed = open_with(&xml, std::slice::from_ref(&other), &any(), false).unwrap_err();
            assert_eq!(failed, DecryptError::Failed, "{options:?}");
            let values: Vec<usize> =
                xml.match_indices("CipherValue>").map(|(at, found)| at + found.len()).collect();
            for place in
                [values[0] + 20, values[2], values[2] + 30, values[3] - "</xenc:CipherValue>".len() - 6]
            {
                let old = xml.as_bytes()[place];
                let new = if old == b'A' { "B" } else { "A" };
                let bad = format!("{}{new}{}", &xml[..place], &xml[place + 1..]);
                match open(&bad) {
                    Err(error) => assert_eq!(error, DecryptError::Failed, "{options:?}"),
                    // Unauthenticated content can be changed unnoticed, which is why it needs a signature.
                    Ok(_) => assert!(!data.is_authenticated()),
                }
            }
            if !data.is_authenticated() {
                assert_eq!(open(&wrapped("no XML", &options)), Err(DecryptError::Failed));
                assert_eq!(open(&wrapped("<other/>", &options)), Err(DecryptError::Failed));
            }
        }
    }
}

#[test]
fn every_key_is_tried() {
    // ENC-05
    let certificate = sp_certificate();
    let other = another_key();
    for data in DataEncryption::ALL {
        let xml = wrapped(CONTENT, &EncryptOptions { data: *data, ..options(&certificate) });
        let opened = open_with(&xml, &[other.clone(), sp_key()], &any(), false).unwrap();
        assert_eq!(opened.evidence.key, 1);
    }
    let xml = wrapped(CONTENT, &options(&certificate));
    assert_eq!(open_with(&xml, &[], &any(), false), Err(DecryptError::NoKey));
}

/// Takes the EncryptedKey out of KeyInfo and hands it to a function that puts it somewhere.
fn rearranged(arrange: impl FnOnce(&str, &str) -> String) -> String {
    let xml = wrapped(CONTENT, &options(&sp_certificate()));
    let from = xml.find("<xenc:EncryptedKey>").unwrap();
    let to = xml.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
    let key = xml[from..to].to_owned();
    arrange(&xml.replacen(&key, "@", 1), &key)
}

const XENC: &str = r#"xmlns:xenc="http://www.w3.org/2001/04/xmlenc#""#;

#[test]
fn the_key_may_stand_beside_with_or_without_a_reference() {
    // ENC-04, E43
    let beside = |xml: &str, key: &str, reference: &str| {
        let key = key.replacen("<xenc:EncryptedKey>", &format!(r#"<xenc:EncryptedKey {XENC} Id="_k">"#), 1);
        let key = key.replacen(
            "<ds:DigestMethod",
            r#"<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#,
            1,
        );
        xml.replacen('@', reference, 1).replacen("</s:Enc", &format!("{key}</s:Enc"), 1)
    };
    let reference =
        r##"<ds:RetrievalMethod URI="#_k" Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey"/>"##;
    for reference in [reference, ""] {
        assert_eq!(
            open(&rearranged(|xml, key| beside(xml, key, reference))).as_deref(),
            Ok(CONTENT.as_bytes())
        );
    }
    // ENC-09
    for uri in ["http://example.com/key", "", "#xpointer(id('_k'))"] {
        let reference = format!(r#"<ds:RetrievalMethod URI="{uri}"/>"#);
        let code = open(&rearranged(|xml, key| beside(xml, key, &reference))).unwrap_err().code();
        assert!(["ENC-09", "ENC-04"].contains(&code), "{code}");
    }
    let missing = open(&rearranged(|xml, _| xml.replacen('@', "", 1))).unwrap_err();
    assert_eq!(missing, DecryptError::NoEncryptedKey);
}

#[test]
fn several_keys_are_tried_up_to_a_limit() {
    // ENC-10
    let broken = |key: &str| {
        let at = key.find("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
        format!("{}AAAA{}", &key[..at], &key[at + 4..])
    };
    let many = |count: usize| {
        rearranged(|xml, key| {
            let keys = [broken(key).repeat(count - 1), key.to_owned()].concat();
            xml.replacen('@', &keys, 1)
        })
    };
    assert_eq!(open(&many(8)).as_deref(), Ok(CONTENT.as_bytes()));
    assert_eq!(open(&many(9)), Err(DecryptError::TooManyKeys { limit: 8 }));
    // Recipient chooses, but only as a hint.
    let hinted = rearranged(|xml, key| {
        let ours = key.replacen(
            "<xenc:EncryptedKey>",
            r#"<xenc:EncryptedKey Recipient="https://sp.example.com">"#,
            1,
        );
        xml.replacen('@', &format!("{}{ours}", broken(key)), 1)
    });
    assert_eq!(open(&hinted).as_deref(), Ok(CONTENT.as_bytes()));
    let misleading = rearranged(|xml, key| {
        let ours = broken(key).replacen(
            "<xenc:EncryptedKey>",
            r#"<xenc:EncryptedKey Recipient="https://sp.example.com">"#,
            1,
        );
        xml.replacen('@', &format!("{ours}{key}"), 1)
    });
    assert_eq!(open(&misleading).as_deref(), Ok(CONTENT.as_bytes()));
}

#[test]
fn what_does_not_fit_is_refused_before_a_key_is_used() {
    let certificate = sp_certificate();
    let xml = wrapped(CONTENT, &options(&certificate));
    let check = |from: &str, to: &str, code: &str| {
        let bad = xml.replacen(from, to, 1);
        assert_ne!(bad, xml, "{from}");
        assert_eq!(open(&bad).unwrap_err().code(), code, "{from} -> {to}");
    };
    // ENC-02, ENC-03
    check("http://www.w3.org/2009/xmlenc11#aes128-gcm", "urn:x", "ENC-02");
    check(
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        "http://www.w3.org/2001/04/xmlenc#kw-aes128",
        "ENC-03",
    );
    // ENC-09
    check("xmlenc#Element", "xmlenc#Content", "ENC-09");
    check("</xenc:EncryptionMethod>", "<xenc:KeySize>256</xenc:KeySize></xenc:EncryptionMethod>", "ENC-09");
    check("</xenc:EncryptionMethod>", "<x/></xenc:EncryptionMethod>", "ENC-09");
    check(
        "<xenc:CipherData>",
        r#"<xenc:CipherData><xenc:CipherReference URI="http://example.com/"/>"#,
        "ENC-09",
    );
    // ENC-01
    check("</s:EncryptedAssertion>", "<x/></s:EncryptedAssertion>", "ENC-01");
    check("<xenc:CipherValue>", "<xenc:CipherValue>!", "ENC-01");
    // A KeySize that fits is fine.
    let fits = xml.replacen(
        "</xenc:EncryptionMethod>",
        "<xenc:KeySize>128</xenc:KeySize></xenc:EncryptionMethod>",
        1,
    );
    assert_eq!(open(&fits).as_deref(), Ok(CONTENT.as_bytes()));
}

#[test]
fn only_the_element_that_the_wrapper_is_for() {
    // ENC-08
    let certificate = sp_certificate();
    let expected = Err(DecryptError::Content { expected: "Assertion" });
    let name_id = format!(r#"<NameID xmlns="{ASSERTION_NS}">x</NameID>"#);
    for content in
        [name_id.as_str(), "<Assertion/>", "no XML", "", &format!("{CONTENT}{CONTENT}"), "<!DOCTYPE a><a/>"]
    {
        assert_eq!(open(&wrapped(content, &options(&certificate))), expected, "{content}");
    }
}

#[test]
fn content_that_leans_on_the_document_around_gets_its_namespaces() {
    // ENC-07
    let certificate = sp_certificate();
    let content = r#"<?xml version="1.0"?><!-- c --><s:Assertion ID="_a" q:x="/>"><q:y/></s:Assertion>"#;
    let opened = open(&wrapped(content, &options(&certificate))).unwrap();
    let limits = Limits::default();
    let document = Document::parse(&opened, &limits).unwrap();
    assert_eq!(document.root().attribute_ns("urn:q", "x"), Some("/>"));
    assert!(document.root().child("urn:q", "y").is_some());
    // Its own declarations stay.
    let content = format!(
        r#"<s:Assertion xmlns:s="{ASSERTION_NS}" xmlns:q="urn:own"><q:y/><z:z xmlns:z="urn:z"/></s:Assertion>"#
    );
    assert_eq!(open(&wrapped(&content, &options(&certificate))).as_deref(), Ok(content.as_bytes()));
}
