//! SIG-01 to SIG-05, SIG-16 and SIG-22: the form is refused before any engine looks at it, signed or not.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "test helpers")]

use super::*;

/// Takes a signed assertion, changes its text, and tells the code of the refusal.
fn check(change: impl FnOnce(&str) -> String, expected: &str) {
    let good = STATIC.get_or_init(|| {
        let key = rsa_key(2048);
        let xml = sign_enveloped(ASSERTION.as_bytes(), "_a", &Signer::new(&key, None)).unwrap();
        (String::from_utf8(xml).unwrap(), VerificationKey::from_certificate(&test_certificate(&key)).unwrap())
    });
    let bad = change(&good.0);
    assert_ne!(bad, good.0, "the change changed nothing");
    let limits = Limits::default();
    let document = Document::parse(bad.as_bytes(), &limits).unwrap_or_else(|error| panic!("{error}: {bad}"));
    for engines in ALL_ENGINES {
        let keys = std::slice::from_ref(&good.1);
        let refused = verify_enveloped(document.root(), keys, &AlgorithmPolicy::default(), *engines, &limits)
            .unwrap_err();
        assert_eq!(refused.code(), expected, "{engines:?}: {refused}");
    }
}

static STATIC: std::sync::OnceLock<(String, VerificationKey)> = std::sync::OnceLock::new();

fn replaced(from: &str, to: &str) -> impl FnOnce(&str) -> String {
    move |xml| xml.replacen(from, to, 1)
}

fn part<'x>(xml: &'x str, element: &str) -> &'x str {
    let from = xml.find(&format!("<ds:{element}")).unwrap();
    let end = format!("</ds:{element}>");
    let to = xml.find(&end).unwrap() + end.len();
    &xml[from..to]
}

#[test]
fn exactly_one_reference() {
    // SIG-01
    check(|xml| xml.replacen(part(xml, "Reference"), &part(xml, "Reference").repeat(2), 1), "SIG-01");
    check(|xml| xml.replacen(part(xml, "Reference"), "", 1), "SIG-01");
}

#[test]
fn the_reference_is_to_the_parent_by_its_id() {
    // SIG-02
    for uri in
        ["", "URI=\"\"", "URI=\"#_b\"", "URI=\"http://x/#_a\"", "URI=\"#xpointer(id('_a'))\"", "URI=\"_a\""]
    {
        check(replaced("URI=\"#_a\"", uri), "SIG-02");
    }
    check(replaced(" ID=\"_a\"", " Id=\"_a\""), "SIG-02");
}

#[test]
fn the_signature_is_first_or_after_issuer() {
    // SIG-03
    let moved_to = |before: &'static str| {
        move |xml: &str| {
            let signature = part(xml, "Signature").to_owned();
            xml.replacen(&signature, "", 1).replacen(before, &format!("{signature}{before}"), 1)
        }
    };
    check(moved_to("</saml:Assertion>"), "SIG-03");
    check(moved_to("<saml:Issuer>"), "SIG-03");
    check(|xml| xml.replacen(part(xml, "Signature"), &part(xml, "Signature").repeat(2), 1), "SIG-03");
    // Somewhere deeper it is none of the element's signature.
    check(moved_to("</saml:Subject>"), "SIG-12");
}

#[test]
fn only_enveloped_and_one_canonicalization() {
    // SIG-04
    let enveloped =
        r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>"#;
    let exclusive = r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>"#;
    check(replaced(enveloped, ""), "SIG-04");
    check(
        |xml| xml.replacen(&format!("{enveloped}{exclusive}"), &format!("{exclusive}{enveloped}"), 1),
        "SIG-04",
    );
    check(|xml| xml.replacen(exclusive, &exclusive.repeat(2), 1), "SIG-04");
    check(|xml| xml.replacen(enveloped, &enveloped.repeat(2), 1), "SIG-04");
    check(|xml| xml.replacen(part(xml, "Transforms"), "", 1), "SIG-04");
    check(|xml| xml.replacen(part(xml, "Transforms"), "<ds:Transforms></ds:Transforms>", 1), "SIG-04");
    for uri in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2002/07/decrypt#XML",
    ] {
        let other = format!(r#"<ds:Transform Algorithm="{uri}"></ds:Transform>"#);
        check(|xml| xml.replacen(exclusive, &other, 1), "SIG-04");
    }
    let method = r#"<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">"#;
    check(replaced(method, r#"<ds:CanonicalizationMethod Algorithm="urn:x">"#), "SIG-04");
}

#[test]
fn one_of_each_part_in_its_order() {
    // SIG-05
    check(|xml| xml.replacen(part(xml, "SignedInfo"), &part(xml, "SignedInfo").repeat(2), 1), "SIG-05");
    check(
        |xml| xml.replacen(part(xml, "SignatureValue"), &part(xml, "SignatureValue").repeat(2), 1),
        "SIG-05",
    );
    check(|xml| xml.replacen(part(xml, "DigestValue"), &part(xml, "DigestValue").repeat(2), 1), "SIG-05");
    check(|xml| xml.replacen(part(xml, "SignedInfo"), "", 1), "SIG-05");
    check(replaced("<ds:DigestValue>", "<ds:DigestValue>!"), "SIG-05");
    check(replaced("<ds:DigestValue>", "<ds:DigestValue><x/>"), "SIG-05");
    check(replaced("<ds:SignatureValue>", "<ds:SignatureValue><x/>"), "SIG-05");
    check(replaced("<ds:SignedInfo>", "<ds:SignedInfo>text"), "SIG-05");
    check(
        replaced(
            "</ds:SignatureMethod>",
            "<ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>",
        ),
        "SIG-05",
    );
}

#[test]
fn no_comment_inside_of_what_is_signed_over() {
    // SIG-05, CVE-2025-29774 and 29775
    check(replaced("<ds:SignedInfo>", "<ds:SignedInfo><!-- -->"), "SIG-05");
    check(replaced("<ds:DigestValue>", "<ds:DigestValue><!--x-->"), "SIG-05");
    check(replaced("<ds:SignatureValue>", "<ds:SignatureValue><!--x-->"), "SIG-05");
}

#[test]
fn a_prefix_list_is_a_list_of_prefixes() {
    // SIG-16
    let transform = r#"Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>"#;
    let with =
        |list: &str| format!(r#"Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">{list}</ds:Transform>"#);
    let list = |prefixes: &str| {
        with(&format!(r#"<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{prefixes}"/>"#))
    };
    check(replaced(transform, &list("a:b")), "SIG-16");
    check(replaced(transform, &list(&"a ".repeat(65))), "SIG-16");
    check(replaced(transform, &list("a").replace("PrefixList", "Prefix")), "SIG-16");
    check(replaced(transform, &with("<x/>")), "SIG-16");
    // A list that is good makes other bytes, so the signature no longer fits.
    check(replaced(transform, &list("unused")), "SIG-07");
}

#[test]
fn an_object_is_refused() {
    // SIG-22
    check(replaced("</ds:Signature>", "<ds:Object/></ds:Signature>"), "SIG-22");
}

#[test]
fn what_is_not_signed_is_said_to_be_missing_a_signature() {
    // SIG-12
    check(|xml| xml.replacen(part(xml, "Signature"), "", 1), "SIG-12");
}

// SIG-15
#[test]
fn what_has_no_canonical_form_is_refused() {
    let key = rsa_key(2048);
    let keys = [VerificationKey::from_certificate(&test_certificate(&key)).unwrap()];
    let signed = |method: Canonicalization| {
        let mut signer = Signer::new(&key, None);
        signer.canonicalization = method;
        let inside = format!("<r xml:space=\"default\">{ASSERTION}</r>");
        String::from_utf8(sign_enveloped(inside.as_bytes(), "_a", &signer).unwrap()).unwrap()
    };
    for method in [Canonicalization::Inclusive11, Canonicalization::Inclusive11WithComments] {
        for engines in ALL_ENGINES {
            let limits = Limits::default();
            let verified = |xml: &str| {
                let document = Document::parse(xml.as_bytes(), &limits).unwrap();
                let assertion = document.root().children().next().unwrap();
                verify_enveloped(assertion, &keys, &AlgorithmPolicy::default(), *engines, &limits).map(drop)
            };
            let good = signed(method);
            assert_eq!(verified(&good), Ok(()));
            // An address above is inherited by merging, which nothing here does.
            let based = good.replacen("<r ", "<r xml:base=\"http://a/\" ", 1);
            let refused = verified(&based).unwrap_err();
            if *engines == Engines::Xmlsec {
                assert_eq!(refused.code(), "SIG-07", "to libxml2 it has a form, which isn't the signed one");
            } else {
                assert_eq!(refused, SignatureError::CanonicalizationFailed { algorithm: method });
            }
            // Exclusive forms don't look up there.
            let exclusive = signed(Canonicalization::Exclusive);
            assert_eq!(verified(&exclusive.replacen("<r ", "<r xml:base=\"http://a/\" ", 1)), Ok(()));
        }
    }
}
