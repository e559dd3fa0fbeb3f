//! The seam held against captured responses, and against everything done to them.

use super::*;
use crate::keys::{Certificate, PrivateKey, VerificationKey};
use crate::limits::Limits;
use crate::test_captures::{Capture, captures, identity_provider_keys};
use crate::xml::{Document, Element};

mod mutations;
mod structure;
#[cfg(feature = "xmlsec")]
mod versus_libxml2;

const ASSERTION_NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

#[cfg(feature = "xmlsec")]
const ALL_ENGINES: &[Engines] = &[Engines::Native, Engines::Xmlsec, Engines::Agreement];
#[cfg(not(feature = "xmlsec"))]
const ALL_ENGINES: &[Engines] = &[Engines::Native];

fn lenient() -> AlgorithmPolicy {
    AlgorithmPolicy { danger_allow_sha1: true, ..AlgorithmPolicy::default() }
}

/// The elements that carry a Signature in the clear.
fn signed<'d>(document: &'d Document<'d>) -> Vec<Element<'d>> {
    document.elements().filter(|element| element.child(DS_NS, "Signature").is_some()).collect()
}

fn verify(
    xml: &[u8],
    keys: &[VerificationKey],
    policy: &AlgorithmPolicy,
    engines: Engines,
) -> Result<Covered, SignatureError> {
    let limits = Limits::default();
    let document = Document::parse(xml, &limits).unwrap();
    let element = signed(&document).into_iter().next().expect("something signed");
    verify_enveloped(element, keys, policy, engines, &limits)
}

/// The first capture with a signature in the clear, and its keys.
fn a_signed_capture() -> (Capture, Vec<VerificationKey>) {
    let capture = captures().into_iter().find(|capture| capture.name.ends_with("ssp/both-signed")).unwrap();
    let keys = identity_provider_keys(&capture);
    (capture, keys)
}

#[test]
fn every_signature_of_every_capture_verifies_with_every_engine() {
    let limits = Limits::default();
    let mut verified = 0;
    for capture in captures() {
        let keys = identity_provider_keys(&capture);
        let document = Document::parse(&capture.xml, &limits).unwrap();
        for element in signed(&document) {
            for engines in ALL_ENGINES {
                let covered = verify_enveloped(element, &keys, &lenient(), *engines, &limits)
                    .unwrap_or_else(|error| panic!("{} with {engines:?}: {error}", capture.name));
                let alone = Document::parse(&covered.bytes, &limits).unwrap();
                assert_eq!(alone.root().attribute("ID"), element.attribute("ID"));
                assert_eq!(signature_of(alone.root()), Ok(None), "{}", capture.name);
                let expected = if *engines == Engines::Agreement { 2 } else { 1 };
                assert_eq!(covered.evidence.engines.len(), expected);
                verified += 1;
            }
        }
    }
    assert!(verified >= 30 * ALL_ENGINES.len(), "{verified}");
}

#[test]
fn the_default_engines_are_those_of_the_build() {
    let (capture, keys) = a_signed_capture();
    let covered = verify(&capture.xml, &keys, &AlgorithmPolicy::default(), Engines::default()).unwrap();
    let expected =
        if cfg!(feature = "xmlsec") { vec![Engine::Native, Engine::Xmlsec] } else { vec![Engine::Native] };
    assert_eq!(covered.evidence.engines, expected);
}

#[cfg(not(feature = "xmlsec"))]
#[test]
fn an_engine_that_is_not_there_refuses_instead_of_being_skipped() {
    // SIG-18
    let (capture, keys) = a_signed_capture();
    for engines in [Engines::Xmlsec, Engines::Agreement] {
        let refused = verify(&capture.xml, &keys, &AlgorithmPolicy::default(), engines).unwrap_err();
        assert_eq!(refused, SignatureError::EngineMissing { engine: Engine::Xmlsec });
    }
}

#[test]
fn sha1_needs_the_option_that_says_so() {
    // SIG-06, SIG-21
    let mut refused = 0;
    for capture in captures().iter().filter(|capture| capture.name.ends_with("sha1-signed")) {
        let keys = identity_provider_keys(capture);
        let error = verify(&capture.xml, &keys, &AlgorithmPolicy::default(), Engines::Native).unwrap_err();
        assert_eq!(error.code(), "SIG-06", "{}: {error}", capture.name);
        refused += 1;
    }
    assert!(refused > 0);
}

#[test]
fn the_second_of_two_keys_is_found_and_named() {
    // SIG-08
    let (capture, keys) = a_signed_capture();
    let other = VerificationKey::from_certificate(&test_certificate(&rsa_key(2048))).unwrap();
    let keys = [other, keys[0].clone()];
    let covered = verify(&capture.xml, &keys, &AlgorithmPolicy::default(), Engines::Native).unwrap();
    assert_eq!(covered.key, 1);
    assert_eq!(covered.evidence.key, keys[1].fingerprint());
}

#[test]
fn a_key_in_the_message_is_not_trusted() {
    // SIG-07: the Signature carries the certificate that made it, but another one is configured.
    let (capture, _) = a_signed_capture();
    let other = VerificationKey::from_certificate(&test_certificate(&rsa_key(2048))).unwrap();
    for engines in ALL_ENGINES {
        let refused =
            verify(&capture.xml, std::slice::from_ref(&other), &AlgorithmPolicy::default(), *engines)
                .unwrap_err();
        assert_eq!(refused.code(), "SIG-07", "{engines:?}");
        if *engines != Engines::Xmlsec {
            assert_eq!(refused, SignatureError::NotVerified { tried: 1, carries_other_certificate: true });
        }
    }
}

#[test]
fn a_key_of_another_kind_is_not_tried() {
    // SIG-17
    let (capture, _) = a_signed_capture();
    let key = private(&PKey::from_ec_key(ec_key(Nid::X9_62_PRIME256V1)).unwrap());
    let key = VerificationKey::from_certificate(&test_certificate(&key)).unwrap();
    let refused = verify(&capture.xml, &[key], &AlgorithmPolicy::default(), Engines::Native).unwrap_err();
    assert_eq!(refused, SignatureError::KeyType { algorithm: SignatureAlgorithm::RsaSha256 });
}

#[test]
fn a_short_key_is_refused_unless_an_option_takes_it() {
    // SIG-06
    let key = rsa_key(1024);
    let certificate = test_certificate(&key);
    let signer = Signer::new(&key, Some(&certificate));
    let xml = sign_enveloped(ASSERTION.as_bytes(), "_a", &signer).unwrap();
    let trusted = [VerificationKey::from_certificate(&certificate).unwrap()];
    let refused = verify(&xml, &trusted, &AlgorithmPolicy::default(), Engines::Native).unwrap_err();
    assert_eq!(refused, SignatureError::WeakKey { found: 1024, expected: 2048 });
    assert!(AlgorithmPolicy::default().accepts_key(&trusted[0]).is_err());
    let policy = AlgorithmPolicy { danger_allow_rsa_1024: true, ..AlgorithmPolicy::default() };
    assert!(policy.accepts_key(&trusted[0]).is_ok());
    verify(&xml, &trusted, &policy, Engines::Native).unwrap();
}

#[test]
fn every_algorithm_signs_and_verifies_enveloped_and_detached() {
    // SIG-06, SIG-04
    let rsa = rsa_key(2048);
    for algorithm in SignatureAlgorithm::ALL {
        use SignatureAlgorithm::*;
        let key = match algorithm {
            EcdsaSha1 | EcdsaSha256 => private(&PKey::from_ec_key(ec_key(Nid::X9_62_PRIME256V1)).unwrap()),
            EcdsaSha384 => private(&PKey::from_ec_key(ec_key(Nid::SECP384R1)).unwrap()),
            EcdsaSha512 => private(&PKey::from_ec_key(ec_key(Nid::SECP521R1)).unwrap()),
            Ed25519 => private(&PKey::generate_ed25519().unwrap()),
            _ => rsa.clone(),
        };
        let certificate = test_certificate(&key);
        let trusted = [VerificationKey::from_certificate(&certificate).unwrap()];
        let mut signer = Signer::new(&key, None);
        signer.signature = *algorithm;

        let detached = sign_detached(b"SAMLRequest=x&SigAlg=y", &signer).unwrap();
        verify_detached(b"SAMLRequest=x&SigAlg=y", algorithm.uri(), &detached, &trusted, &lenient()).unwrap();
        let changed =
            verify_detached(b"SAMLRequest=z&SigAlg=y", algorithm.uri(), &detached, &trusted, &lenient());
        assert_eq!(changed.unwrap_err().code(), "SIG-07");

        for (digest, canonicalization) in DigestAlgorithm::ALL.iter().cycle().zip(Canonicalization::ALL) {
            signer.digest = *digest;
            signer.canonicalization = *canonicalization;
            let xml = sign_enveloped(ASSERTION.as_bytes(), "_a", &signer).unwrap();
            let covered = ALL_ENGINES.iter().filter(|engines| **engines != Engines::Xmlsec).map(|engines| {
                verify(&xml, &trusted, &lenient(), *engines)
                    .unwrap_or_else(|error| panic!("{algorithm} {digest} {canonicalization}: {error}"))
            });
            for covered in covered {
                assert_eq!(covered.evidence.signature, *algorithm);
                assert_eq!(covered.evidence.digest, Some(*digest));
                assert_eq!(covered.evidence.canonicalization, Some(*canonicalization));
            }
        }
    }
}

#[test]
fn a_detached_ecdsa_signature_may_be_der() {
    // Bindings 3.4.4.1 names no form; products send both.
    let pkey = PKey::from_ec_key(ec_key(Nid::X9_62_PRIME256V1)).unwrap();
    let key = private(&pkey);
    let trusted = [VerificationKey::from_certificate(&test_certificate(&key)).unwrap()];
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &pkey).unwrap();
    let der = signer.sign_oneshot_to_vec(b"octets").unwrap();
    let uri = SignatureAlgorithm::EcdsaSha256.uri();
    verify_detached(b"octets", uri, &der, &trusted, &AlgorithmPolicy::default()).unwrap();
}

#[test]
fn an_inner_signature_survives_an_outer_one() {
    let key = rsa_key(2048);
    let certificate = test_certificate(&key);
    let trusted = [VerificationKey::from_certificate(&certificate).unwrap()];
    let signer = Signer::new(&key, Some(&certificate));
    let response = format!(
        r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r"><i:Issuer xmlns:i="{ASSERTION_NS}">idp</i:Issuer>{ASSERTION}</p:Response>"#
    );
    let inner = sign_enveloped(response.as_bytes(), "_a", &signer).unwrap();
    let both = sign_enveloped(&inner, "_r", &signer).unwrap();
    let limits = Limits::default();
    let document = Document::parse(&both, &limits).unwrap();
    assert_eq!(signed(&document).len(), 2);
    for element in signed(&document) {
        for engines in ALL_ENGINES {
            verify_enveloped(element, &trusted, &AlgorithmPolicy::default(), *engines, &limits).unwrap();
        }
    }
}

#[test]
fn an_empty_element_can_be_signed() {
    let key = rsa_key(2048);
    let trusted = [VerificationKey::from_certificate(&test_certificate(&key)).unwrap()];
    let xml = sign_enveloped(b"<a ID='_a'/>", "_a", &Signer::new(&key, None)).unwrap();
    let covered = verify(&xml, &trusted, &AlgorithmPolicy::default(), Engines::default()).unwrap();
    assert_eq!(covered.bytes, br#"<a ID="_a"></a>"#);
}

#[test]
fn a_signer_with_the_wrong_key_does_not_sign() {
    let key = rsa_key(2048);
    let mut signer = Signer::new(&key, None);
    signer.signature = SignatureAlgorithm::EcdsaSha256;
    let error = SignError::KeyType { algorithm: SignatureAlgorithm::EcdsaSha256 };
    assert_eq!(sign_enveloped(ASSERTION.as_bytes(), "_a", &signer), Err(error.clone()));
    assert_eq!(sign_detached(b"x", &signer), Err(error));
    assert_eq!(
        sign_enveloped(ASSERTION.as_bytes(), "_b", &Signer::new(&key, None)),
        Err(SignError::NoSuchId { id: "_b".into() })
    );
}

#[test]
fn engines_that_disagree_refuse_whichever_of_them_is_right() {
    // SIG-18
    use super::verify::judge;
    let good = |bytes: &[u8]| Ok((0, bytes.to_vec()));
    let bad = || Err(SignatureError::Digest);
    let broken = || Err(SignatureError::EngineFailed { engine: Engine::Xmlsec });
    let both = vec![Engine::Native, Engine::Xmlsec];
    assert_eq!(judge(good(b"a"), good(b"a")), Ok((0, b"a".to_vec(), both)));
    let bytes = Err(SignatureError::Disagreement(Disagreement::Bytes));
    assert_eq!(judge(good(b"a"), good(b"b")), bytes);
    let verdict = Err(SignatureError::Disagreement(Disagreement::Verdict));
    assert_eq!(judge(good(b"a"), bad()), verdict);
    assert_eq!(judge(bad(), good(b"a")), verdict);
    assert_eq!(judge(bad(), bad()), Err(SignatureError::Digest));
    for native in [good(b"a"), bad()] {
        assert_eq!(judge(native, broken()).unwrap_err().code(), "SIG-18");
    }
}

#[cfg(feature = "xmlsec")]
#[test]
fn two_threads_verify_side_by_side() {
    let (capture, keys) = a_signed_capture();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    verify(&capture.xml, &keys, &AlgorithmPolicy::default(), Engines::Agreement).unwrap();
                }
            });
        }
    });
}

#[cfg(feature = "xmlsec")]
#[test]
fn an_algorithm_that_one_engine_lacks_is_checked_by_the_other_and_said_so() {
    // SIG-18
    let key = rsa_key(2048);
    let trusted = [VerificationKey::from_certificate(&test_certificate(&key)).unwrap()];
    let mut signer = Signer::new(&key, None);
    signer.signature = SignatureAlgorithm::RsaPssSha256;
    let xml = sign_enveloped(ASSERTION.as_bytes(), "_a", &signer).unwrap();
    let covered = verify(&xml, &trusted, &AlgorithmPolicy::default(), Engines::Agreement).unwrap();
    assert_eq!(covered.evidence.engines, [Engine::Native]);
    let alone = verify(&xml, &trusted, &AlgorithmPolicy::default(), Engines::Xmlsec).unwrap_err();
    assert_eq!(alone.code(), "SIG-18");
}

const ASSERTION: &str = r##"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:unused="urn:u" ID="_a" Version="2.0"><saml:Issuer>https://idp.example.com</saml:Issuer><!-- gone --><saml:Subject z="1" a="&quot;&#9;"><saml:NameID>alice &amp; <![CDATA[<bob>]]></saml:NameID></saml:Subject></saml:Assertion>"##;

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};

fn ec_key(nid: Nid) -> EcKey<Private> {
    EcKey::generate(&EcGroup::from_curve_name(nid).unwrap()).unwrap()
}

fn rsa_key(bits: u32) -> PrivateKey {
    private(&PKey::from_rsa(openssl::rsa::Rsa::generate(bits).unwrap()).unwrap())
}

fn private(key: &PKey<Private>) -> PrivateKey {
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    PrivateKey::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap()
}

/// A self-signed certificate.
fn test_certificate(key: &PrivateKey) -> Certificate {
    let mut builder = openssl::x509::X509::builder().unwrap();
    builder.set_pubkey(key.pkey()).unwrap();
    builder.set_not_before(&openssl::asn1::Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&openssl::asn1::Asn1Time::from_unix(4_000_000_000).unwrap()).unwrap();
    let digest = match key.pkey().id() {
        openssl::pkey::Id::ED25519 => openssl::hash::MessageDigest::null(),
        _ => openssl::hash::MessageDigest::sha256(),
    };
    builder.sign(key.pkey(), digest).unwrap();
    Certificate::from_der(&builder.build().to_der().unwrap()).unwrap()
}
