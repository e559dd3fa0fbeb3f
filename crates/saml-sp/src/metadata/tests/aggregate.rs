//! One of thousands.

use super::*;
use crate::XmlErrorKind;

fn pick(xml: &str, id: Option<&str>) -> Result<IdentityProvider, MetadataError> {
    let mut options = MetadataOptions::default();
    options.entity_id = id.map(|id| id.parse().unwrap());
    options.read(xml.as_bytes(), now()).map(|read| read.idp)
}

fn group(inside: &str, attributes: &str) -> String {
    format!(
        r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" {attributes}>{inside}</md:EntitiesDescriptor>"#
    )
}

fn idp(id: &str) -> String {
    entity(id, &role("", ""), "")
}

// MD-01
#[test]
fn an_entity_is_found_however_its_name_and_namespace_are_written() {
    let wanted = "https://idp.example/?a=1&b=2";
    let plain = idp("https://idp.example/?a=1&amp;b=2");
    let decoy = idp("https://other").replace("errorURL", "x").replace(
        "<md:IDPSSODescriptor",
        r#"<md:Extensions><x:y xmlns:x="urn:x">https://idp.example/?a=1&amp;b=2</x:y></md:Extensions><md:IDPSSODescriptor"#,
    );
    for entity in [
        plain.clone(),
        plain.replace("idp.example", "idp&#46;example"),
        plain.replace("md:", "m:").replace("xmlns:md", "xmlns:m"),
        plain.replace("<md:EntityDescriptor", "<md:EntityDescriptor\n  "),
    ] {
        let xml = group(&format!("{decoy}<!-- {decoy} -->{entity}<![CDATA[{decoy}]]>"), "");
        let xml = xml.replace(&format!("<![CDATA[{decoy}]]>"), "");
        assert_eq!(pick(&xml, Some(wanted)).unwrap().entity_id().as_str(), wanted, "{entity}");
    }
    let foreign = plain.replace("urn:oasis:names:tc:SAML:2.0:metadata", "urn:other");
    assert_eq!(pick(&group(&foreign, ""), Some(wanted)), Err(MetadataError::NotFound));
    let twice = group(&format!("{plain}{}", group(&plain, "")), "");
    assert_eq!(pick(&twice, Some(wanted)), Err(MetadataError::Several { found: 2 }));
    let elsewhere = group(&group(&idp("https://b"), ""), "").replace("urn:oasis", "urn:oasys");
    assert!(matches!(pick(&elsewhere, None), Err(MetadataError::NotMetadata { .. })));
}

// MD-01
#[test]
fn what_stands_below_an_entity_or_an_extension_is_not_taken() {
    let inner = idp("https://evil");
    let hidden = [
        group(&format!("<md:Extensions>{inner}</md:Extensions>{}", idp("https://good")), ""),
        group(&format!("<md:Extensions>{}</md:Extensions>{}", group(&inner, ""), idp("https://good")), ""),
        group(
            &entity("https://good", &format!("<md:Extensions>{inner}</md:Extensions>{}", role("", "")), ""),
            "",
        ),
        group(
            &format!(
                "<x:EntitiesDescriptor xmlns:x=\"urn:x\">{inner}</x:EntitiesDescriptor>{}",
                idp("https://good")
            ),
            "",
        ),
    ];
    for xml in hidden {
        assert_eq!(pick(&xml, None).unwrap().entity_id().as_str(), "https://good");
        assert_eq!(pick(&xml, Some("https://evil")), Err(MetadataError::NotFound));
    }
}

// MD-03
#[test]
fn the_descriptors_around_an_entity_keep_their_say() {
    let inner = group(&idp("https://one"), r#"validUntil="2026-02-02T00:00:00Z" cacheDuration="PT1H""#);
    let xml = group(&format!("{inner}{}", idp("https://two")), r#"validUntil="2026-02-05T00:00:00Z""#);
    let until = |id| pick(&xml, Some(id)).unwrap().valid_until();
    assert_eq!(until("https://one"), Some(time("2026-02-02T00:00:00Z")));
    assert_eq!(until("https://two"), Some(time("2026-02-05T00:00:00Z")));
    assert_eq!(pick(&xml, Some("https://one")).unwrap().cache_duration(), Some("PT1H"));
}

// XML-01, XML-02, XML-03, XML-04, XML-05
#[test]
fn what_is_left_out_is_still_gone_over() {
    let good = group(&format!("{}{}", idp("https://one"), idp("https://two")), "");
    let code = |xml: &str| pick(xml, Some("https://one")).map(drop).map_err(|error| error.code());
    assert_eq!(code(&good), Ok(()));
    assert_eq!(
        code(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{good}\n<!-- x -->")),
        Ok(())
    );
    let end = "</md:EntitiesDescriptor>";
    for (rule, xml) in [
        ("XML-01", format!("<?xml version=\"1.0\" encoding=\"latin1\"?>{good}")),
        ("XML-02", format!("<!DOCTYPE x>{good}")),
        ("XML-02", good.replace(end, &format!("&nbsp;{end}"))),
        ("XML-03", good.replace(end, &format!("<?x y?>{end}"))),
        ("XML-04", good.replace(end, &format!("<a></b>{end}"))),
        ("XML-04", good.replace(end, &format!("\u{1}{end}"))),
        ("XML-04", good.replace(end, "")),
        ("XML-04", format!("{good}<a></a>")),
        ("XML-04", format!("{good}text")),
        ("XML-05", good.replace(end, &format!("{}{}{end}", "<a>".repeat(64), "</a>".repeat(64)))),
    ] {
        assert_eq!(code(&xml), Err(rule), "{xml}");
    }
    assert!(pick("\u{feff}", None).is_err());
    let mut latin = good.clone().into_bytes();
    latin.insert(good.len() - end.len(), 0xff);
    assert_eq!(MetadataOptions::default().read(&latin, now()).unwrap_err().code(), "XML-01");
}

// XML-05
#[test]
fn a_huge_tag_around_many_entities_costs_no_more_than_its_share() {
    let mut options = MetadataOptions::default();
    options.limits.message_bytes = 400_000;
    let empty = entity("https://x", "", "");
    let xml = group(&empty.repeat(1000), &format!(r#"Name="{}""#, "x".repeat(200_000)));
    let found = options.read(xml.as_bytes(), now()).unwrap_err();
    let MetadataError::Document(rejection) = &found else { panic!("{found}") };
    let Cause::Xml(error) = rejection.cause() else { panic!("{found}") };
    assert!(matches!(error.kind(), XmlErrorKind::TooManyBytes { limit: 1_600_000, .. }));
    options.limits.message_bytes = xml.len() - 1;
    assert_eq!(options.read(xml.as_bytes(), now()).unwrap_err().code(), "XML-05");
}

// MD-06
#[test]
fn a_signed_aggregate_is_read_from_its_signed_bytes() {
    let key = PrivateKey::from_pem(KEY).unwrap();
    let xml = group(&format!("{}{}", idp("https://one"), idp("https://two")), r#"ID="_g""#);
    let signed = sign_enveloped(xml.as_bytes(), "_g", &Signer::new(&key, None)).unwrap();
    let mut options = MetadataOptions::default();
    options.pinned_keys = vec![VerificationKey::parse(CERTIFICATE).unwrap()];
    options.entity_id = Some("https://two".parse().unwrap());
    let read = options.read(&signed, now()).unwrap();
    assert_eq!(read.idp.entity_id().as_str(), "https://two");
    assert!(read.signature.is_some());
    let added = String::from_utf8(signed)
        .unwrap()
        .replace("</md:EntitiesDescriptor>", &format!("{}</md:EntitiesDescriptor>", idp("https://three")));
    assert_eq!(options.read(added.as_bytes(), now()).unwrap_err().code(), "SIG-10");
}

// MD-01: the way through an aggregate and the way through a tree find the same.
#[test]
fn skimming_finds_what_a_tree_finds() {
    let parts = [
        idp("https://a"),
        entity("https://sp", "<md:SPSSODescriptor/>", ""),
        entity("https://none", "", ""),
        group(&idp("https://b"), ""),
        format!("<md:Extensions>{}</md:Extensions>", idp("https://c")),
        "<!-- x -->".to_owned(),
    ];
    for choice in 0_usize..1 << parts.len() {
        let inside: String = parts
            .iter()
            .enumerate()
            .filter(|(place, _)| choice & (1 << place) != 0)
            .map(|(_, part)| part.as_str())
            .collect();
        let xml = group(&inside, "");
        for wanted in [
            None,
            Some("https://a"),
            Some("https://b"),
            Some("https://c"),
            Some("https://sp"),
            Some("https://none"),
        ] {
            let limits = MetadataOptions::default().limits;
            let document = Document::parse(xml.as_bytes(), &limits).unwrap();
            let by_tree = super::super::select::select(document.root(), wanted).map(drop);
            let by_skimming = super::super::skim::skim(xml.as_bytes(), wanted, &limits).map(drop);
            assert_eq!(by_skimming, by_tree, "{wanted:?} {xml}");
        }
    }
}

// XML-05
#[test]
fn an_aggregate_has_as_many_bytes_as_a_document_may_have() {
    let xml = group(&format!("{}{}", idp("https://a"), idp("https://b")), "");
    let mut options = MetadataOptions::default();
    options.entity_id = Some("https://a".parse().unwrap());
    options.limits.message_bytes = xml.len();
    let read = |options: &MetadataOptions| options.read(xml.as_bytes(), now()).map(drop);
    assert_eq!(read(&options), Ok(()));
    // What is read in the end is half of it, so only the look at the whole can tell.
    options.limits.message_bytes = xml.len() - 1;
    assert_eq!(read(&options).unwrap_err().code(), "XML-05");
}
