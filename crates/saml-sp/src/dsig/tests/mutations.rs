//! One change at a time; each is refused, by every engine, with the code of the rule.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "test helpers")]

use super::*;

fn check(change: impl Fn(&str) -> String, expected: &str) {
    let (capture, keys) = a_signed_capture();
    let good = std::str::from_utf8(&capture.xml).unwrap();
    let bad = change(good);
    assert_ne!(good, bad, "the change changed nothing");
    for engines in ALL_ENGINES {
        let refused =
            verify(bad.as_bytes(), &keys, &lenient(), *engines).map(|covered| covered.bytes).unwrap_err();
        // libxmlsec1 alone does not tell a wrong digest from a wrong signature.
        if *engines == Engines::Xmlsec && expected == "SIG-10" {
            assert_eq!(refused.code(), "SIG-07");
        } else {
            assert_eq!(refused.code(), expected, "{engines:?}: {refused}");
        }
    }
}

/// Changes one character of the base64 in the first element of this name.
fn flip(xml: &str, element: &str) -> String {
    let open = xml.find(&format!(":{element}>")).unwrap() + element.len() + 2;
    let old = xml.as_bytes()[open];
    let new = if old == b'A' { 'B' } else { 'A' };
    format!("{}{new}{}", &xml[..open], &xml[open + 1..])
}

#[test]
fn a_changed_digest_value_is_refused() {
    check(|xml| flip(xml, "DigestValue"), "SIG-07");
}

#[test]
fn a_changed_signature_value_is_refused() {
    check(|xml| flip(xml, "SignatureValue"), "SIG-07");
}

#[test]
fn changed_content_is_refused() {
    // SIG-10
    check(|xml| xml.replacen(" Version=\"2.0\"", " Version=\"2.1\"", 1), "SIG-10");
    check(|xml| xml.replacen("</samlp:Response>", "<samlp:Extensions/></samlp:Response>", 1), "SIG-10");
}

#[test]
fn a_changed_algorithm_is_refused() {
    let sha256 = SignatureAlgorithm::RsaSha256.uri();
    check(|xml| xml.replacen(sha256, SignatureAlgorithm::RsaSha512.uri(), 1), "SIG-07");
    check(|xml| xml.replacen(sha256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1", 1), "SIG-06");
    check(|xml| xml.replacen(sha256, "http://www.w3.org/2000/09/xmldsig#dsa-sha1", 1), "SIG-06");
    let md5 = "http://www.w3.org/2001/04/xmldsig-more#md5";
    check(|xml| xml.replacen(DigestAlgorithm::Sha256.uri(), md5, 1), "SIG-06");
}

#[test]
fn comments_in_the_content_do_not_matter_but_do_not_survive() {
    // XML-06: what is read is what was signed, whole.
    let (capture, keys) = a_signed_capture();
    let good = std::str::from_utf8(&capture.xml).unwrap();
    let with = good.replacen("</saml:Issuer>", "<!-- c --></saml:Issuer>", 1);
    for engines in ALL_ENGINES {
        let before = verify(good.as_bytes(), &keys, &lenient(), *engines).unwrap();
        let after = verify(with.as_bytes(), &keys, &lenient(), *engines).unwrap();
        assert_eq!(before.bytes, after.bytes);
    }
}

#[test]
fn carriage_returns_written_as_references_in_base64_are_tolerated() {
    // XML-08
    let key = rsa_key(2048);
    let certificate = test_certificate(&key);
    let trusted = [VerificationKey::from_certificate(&certificate).unwrap()];
    let xml = sign_enveloped(ASSERTION.as_bytes(), "_a", &Signer::new(&key, None)).unwrap();
    let xml = String::from_utf8(xml).unwrap();
    let open = xml.find("<ds:SignatureValue>").unwrap() + "<ds:SignatureValue>".len();
    let broken = format!("{}&#13;\n{}", &xml[..open + 64], &xml[open + 64..]);
    for engines in ALL_ENGINES {
        verify(broken.as_bytes(), &trusted, &lenient(), *engines).unwrap();
    }
}

#[test]
fn no_single_changed_byte_of_the_message_verifies_as_something_else() {
    // SIG-10: either refused, or the very bytes that were signed. Every 7th place keeps it quick.
    let (capture, keys) = a_signed_capture();
    let limits = Limits::default();
    let all = |xml: &[u8]| -> Vec<Vec<u8>> {
        let Ok(document) = Document::parse(xml, &limits) else { return Vec::new() };
        let covered = signed(&document).into_iter().filter_map(|element| {
            verify_enveloped(element, &keys, &lenient(), Engines::Native, &limits).ok()
        });
        covered.map(|covered| covered.bytes).collect()
    };
    let good = all(&capture.xml);
    assert_eq!(good.len(), 2);
    for place in (0..capture.xml.len()).step_by(7) {
        let mut bad = capture.xml.clone();
        bad[place] ^= 1;
        for covered in all(&bad) {
            assert!(good.contains(&covered), "at {place}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(768))]
    #[test]
    fn no_rearrangement_of_a_signed_message_verifies_as_something_else(
        moves in proptest::collection::vec((0..4_u8, 0..200_usize, 0..200_usize), 1..4)
    ) {
        // SIG-10, SIG-13, SIG-18: copies, moves, removals and wrappings of whole elements, the classes of XSW.
        let (capture, keys) = SIGNED.get_or_init(a_signed_capture);
        let limits = Limits::default();
        let good = GOOD.get_or_init(|| covered(&capture.xml, keys, Engines::Native));
        let mut text = String::from_utf8(capture.xml.clone()).unwrap();
        for (kind, from, to) in moves {
            text = rearranged(&text, kind, from, to);
        }
        // Duplicate IDs stop most of it; without the IDs of what is copied more comes through to the engines.
        for text in [text.clone(), without_repeated_ids(&text)] {
            if Document::parse(text.as_bytes(), &limits).is_err() {
                continue;
            }
            for engines in ALL_ENGINES {
                for bytes in covered(text.as_bytes(), keys, *engines) {
                    assert!(good.contains(&bytes), "{engines:?} {text}");
                }
            }
        }
    }
}

static SIGNED: std::sync::OnceLock<(Capture, Vec<VerificationKey>)> = std::sync::OnceLock::new();
static GOOD: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();

/// The bytes of every signature that verifies. The engines never disagree.
fn covered(xml: &[u8], keys: &[VerificationKey], engines: Engines) -> Vec<Vec<u8>> {
    let limits = Limits::default();
    let document = Document::parse(xml, &limits).unwrap();
    let mut found = Vec::new();
    for element in signed(&document) {
        match verify_enveloped(element, keys, &lenient(), engines, &limits) {
            Ok(covered) => found.push(covered.bytes),
            Err(error) => assert_ne!(error.code(), "SIG-18", "{error}"),
        }
    }
    found
}

fn rearranged(text: &str, kind: u8, from: usize, to: usize) -> String {
    let limits = Limits::default();
    let Ok(document) = Document::parse(text.as_bytes(), &limits) else { return text.to_owned() };
    let elements: Vec<_> = document.elements().collect();
    let (source, target) = (elements[from % elements.len()], elements[to % elements.len()]);
    let (start, end) = source.span();
    let copied = source.source();
    match kind {
        // A copy inside of another element, first.
        0 => format!("{}{copied}{}", &text[..target.content_start()], &text[target.content_start()..]),
        // A copy behind another element.
        1 => format!("{}{copied}{}", &text[..target.span().1], &text[target.span().1..]),
        2 => format!("{}{}", &text[..start], &text[end..]),
        _ => format!("{}<w>{copied}</w>{}", &text[..start], &text[end..]),
    }
}

/// Gives the second and later ones of an ID other names.
fn without_repeated_ids(text: &str) -> String {
    let mut seen = std::collections::BTreeSet::new();
    let mut parts = text.split(" ID=\"");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (place, part) in parts.enumerate() {
        let (id, rest) = part.split_once('"').unwrap_or((part, ""));
        let id = if seen.insert(id) { id.to_owned() } else { format!("_other{place}") };
        out.push_str(&format!(" ID=\"{id}\"{rest}"));
    }
    out
}
