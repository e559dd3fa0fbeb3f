//! Who signed in, how, and what is said of them.

#![expect(
    clippy::field_reassign_with_default,
    reason = "as hosts write it, for whom these are not exhaustive"
)]

use super::scene::{Scene, time};
use crate::{
    AttributeValue, Cause, Comparison, LoginOptions, NameId, NameIdPolicy, Notice, RequestedAuthnContext,
    Seconds, Skew,
};

// ASN-03
#[test]
fn a_person_without_identifier_is_taken_only_by_policy() {
    let mut scene = Scene::new();
    let nameless = [(r#"<saml:NameID Format="urn:f">alice</saml:NameID>"#, "")];
    assert_eq!(scene.accept(&nameless).unwrap_err().cause(), &Cause::NoNameId);
    scene.policy.require_name_id = false;
    let login = scene.accept(&nameless).unwrap();
    assert_eq!((login.subject(), login.subject_key()), (None, None));
}

// ASN-09
#[test]
fn a_name_identifier_is_kept_as_it_is() {
    let attributes = r#"<saml:NameID Format="urn:f" NameQualifier="n" SPNameQualifier="s" SPProvidedID="p"> ali<!-- x -->ce<![CDATA[&]]>"#;
    let login = Scene::new().accept(&[(r#"<saml:NameID Format="urn:f">alice"#, attributes)]).unwrap();
    let name_id = login.subject().unwrap();
    assert_eq!(name_id.value, " alice&");
    assert_eq!(
        (name_id.format(), name_id.name_qualifier.as_deref(), name_id.sp_name_qualifier.as_deref()),
        ("urn:f", Some("n"), Some("s"))
    );
    assert_eq!(name_id.sp_provided_id.as_deref(), Some("p"));
    let bare = Scene::new().accept(&[(r#"<saml:NameID Format="urn:f">"#, "<saml:NameID>")]).unwrap();
    assert_eq!(bare.subject().unwrap().format(), "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
}

// ASN-18
#[test]
fn an_opaque_identifier_has_at_most_256_characters() {
    let scene = Scene::new();
    let sized = |format: &str, length: usize| {
        let name = format!(r#"<saml:NameID Format="{format}">{}"#, "é".repeat(length));
        scene
            .accept(&[(r#"<saml:NameID Format="urn:f">alice"#, &name)])
            .map(drop)
            .map_err(|rejection| rejection.code())
    };
    for format in ["persistent", "transient"] {
        let format = format!("urn:oasis:names:tc:SAML:2.0:nameid-format:{format}");
        assert_eq!(sized(&format, 256), Ok(()));
        assert_eq!(sized(&format, 257), Err("ASN-18"));
    }
    assert_eq!(sized("urn:f", 257), Ok(()));
}

// ASN-12
#[test]
fn the_identifier_is_of_the_kind_that_was_asked_for() {
    let asked = |format: Option<&str>, qualifier: Option<&str>| {
        let mut scene = Scene::new();
        let mut options = LoginOptions::default();
        options.name_id_policy = Some(NameIdPolicy {
            format: format.map(str::to_owned),
            sp_name_qualifier: qualifier.map(str::to_owned),
            allow_create: None,
        });
        scene.begin(options);
        scene.accept(&[]).map(drop).map_err(|rejection| rejection.code())
    };
    assert_eq!(asked(None, None), Ok(()));
    assert_eq!(asked(Some("urn:f"), None), Ok(()));
    assert_eq!(asked(Some("urn:g"), None), Err("ASN-12"));
    assert_eq!(asked(Some("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"), None), Ok(()));
    assert_eq!(asked(Some("urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"), None), Ok(()));
    assert_eq!(asked(None, Some("urn:group")), Err("ASN-12"));
}

// ASN-13
#[test]
fn the_person_is_the_one_that_was_asked_for() {
    let asked = |value: &str, format: Option<&str>, policy: Option<&str>| {
        let mut scene = Scene::new();
        let mut options = LoginOptions::default();
        options.subject = Some(NameId { format: format.map(str::to_owned), ..NameId::new(value) });
        options.name_id_policy =
            policy.map(|format| NameIdPolicy { format: Some(format.to_owned()), ..NameIdPolicy::default() });
        scene.begin(options);
        scene.accept(&[]).map(drop).map_err(|rejection| rejection.code())
    };
    assert_eq!(asked("alice", Some("urn:f"), None), Ok(()));
    assert_eq!(asked("Alice", Some("urn:f"), None), Err("ASN-13"));
    assert_eq!(asked("alice", None, None), Err("ASN-13"));
    assert_eq!(asked("alice@example.com", Some("urn:mail"), Some("urn:f")), Ok(()));
}

// ASN-07
#[test]
fn an_old_authentication_is_refused_if_it_matters() {
    let mut scene = Scene::new();
    scene.policy.skew = Skew::new(0).unwrap();
    scene.policy.max_authentication_age = Some(Seconds::new(60));
    scene.accept(&[]).unwrap();
    scene.policy.max_authentication_age = Some(Seconds::new(59));
    assert_eq!(scene.accept(&[]).unwrap_err().code(), "ASN-07");
    scene.policy.max_authentication_age = None;
    let mut options = LoginOptions::default();
    options.force_authn = true;
    scene.begin(options);
    assert_eq!(scene.accept(&[]).unwrap_err().code(), "ASN-07", "authenticated before the request");
    scene.policy.skew = Skew::new(60).unwrap();
    scene.accept(&[]).unwrap();
    // The future begins where the allowed difference of the clocks ends.
    let scene = Scene::new();
    let at = |instant: &str| scene.accept(&[("2026-01-31T11:59:00Z", instant)]).map(drop);
    assert_eq!(at("2026-01-31T12:03:00Z").map_err(|rejection| rejection.code()), Ok(()));
    assert_eq!(at("2026-01-31T12:03:00.001Z").map_err(|rejection| rejection.code()), Err("ASN-07"));
}

// ASN-08
#[test]
fn the_way_of_authentication_is_judged() {
    let with = |comparison, classes: &[&str], ranking: &[&str]| {
        let mut scene = Scene::new();
        let mut options = LoginOptions::default();
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        options.requested_authn_context =
            Some(RequestedAuthnContext { classes: owned(classes), comparison, ranking: owned(ranking) });
        scene.begin(options);
        scene.accept(&[]).map(|login| login.evidence().notices.len()).map_err(|rejection| rejection.code())
    };
    let ranking = &["urn:class:a", "urn:class:b", "urn:class:c"];
    assert_eq!(with(Comparison::Exact, &["urn:class:a", "urn:class:b"], &[]), Ok(0));
    assert_eq!(with(Comparison::Exact, &["urn:class:a"], &[]), Err("ASN-08"));
    assert_eq!(with(Comparison::Minimum, &["urn:class:a"], ranking), Ok(0));
    assert_eq!(with(Comparison::Minimum, &["urn:class:c"], ranking), Err("ASN-08"));
    assert_eq!(with(Comparison::Better, &["urn:class:a"], ranking), Ok(0));
    assert_eq!(with(Comparison::Better, &["urn:class:b"], ranking), Err("ASN-08"));
    assert_eq!(
        with(Comparison::Better, &["urn:class:a", "urn:unknown"], ranking),
        Err("ASN-08"),
        "not ranked"
    );
    assert_eq!(with(Comparison::Maximum, &["urn:class:b"], ranking), Ok(0));
    assert_eq!(with(Comparison::Maximum, &["urn:class:a"], ranking), Err("ASN-08"));
    assert_eq!(with(Comparison::Minimum, &["urn:class:a"], &["urn:class:a"]), Err("ASN-08"), "not ranked");
    assert_eq!(
        with(Comparison::Minimum, &["urn:class:c"], &[]),
        Ok(1),
        "reported, for only the sender can rank"
    );

    let mut scene = Scene::new();
    scene.policy.accepted_authn_contexts.insert("urn:class:c".to_owned());
    assert_eq!(scene.accept(&[]).unwrap_err().code(), "ASN-08");
    scene.policy.accepted_authn_contexts.insert("urn:class:b".to_owned());
    scene.accept(&[]).unwrap();
}

// ASN-06
#[test]
fn the_nearest_session_end_of_all_statements_counts() {
    let second = concat!(
        r#"<saml:AuthnStatement AuthnInstant="2026-01-31T11:58:00Z" SessionIndex="s2" SessionNotOnOrAfter="2026-01-31T13:00:00Z">"#,
        r#"<saml:AuthnContext/></saml:AuthnStatement>"#
    );
    let login = Scene::new()
        .accept(&[
            ("</saml:AuthnStatement>", &format!("</saml:AuthnStatement>{second}")),
            (r#"SessionIndex="s1""#, r#"SessionIndex="s1" SessionNotOnOrAfter="2026-01-31T20:00:00Z""#),
        ])
        .unwrap();
    assert_eq!(login.session().indexes, ["s1", "s2"]);
    assert_eq!(login.session().not_on_or_after, Some(time("2026-01-31T13:00:00Z")));
    assert_eq!(login.authn_instant(), time("2026-01-31T11:59:00Z"), "the latest");
}

// ASN-10
#[test]
fn attribute_values_keep_their_meaning() {
    let attributes = concat!(
        r#"</saml:Attribute><saml:Attribute Name="v" FriendlyName=""/>"#,
        r#"<saml:Attribute Name="v" NameFormat="urn:x"><saml:AttributeValue/></saml:Attribute>"#,
        r#"<saml:Attribute Name="v"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1"/>"#,
        r#"<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="int"> 7 </saml:AttributeValue>"#,
        r#"<saml:AttributeValue><saml:NameID Format="urn:p">x&amp;y</saml:NameID></saml:AttributeValue></saml:Attribute>"#,
    );
    let login = Scene::new().accept(&[("</saml:Attribute>", attributes)]).unwrap();
    let all = login.attributes();
    assert_eq!(all.len(), 3);
    assert_eq!(all.get_exact("v", "urn:x").unwrap().values, [AttributeValue::Text(String::new())]);
    let nested = r#"<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:p">x&amp;y</saml:NameID>"#;
    assert_eq!(
        all.get("v").unwrap().values,
        [
            AttributeValue::Null,
            AttributeValue::Text(" 7 ".to_owned()),
            AttributeValue::Xml(nested.to_owned())
        ]
    );
    assert!(login.evidence().notices.contains(&Notice::DuplicateAttribute { name: "v".to_owned() }));
}
