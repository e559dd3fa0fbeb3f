#![expect(
    clippy::field_reassign_with_default,
    reason = "as hosts write it, for whom these are not exhaustive"
)]

mod aggregate;
mod change;

use chrono::{DateTime, Utc};

use super::*;
use crate::{
    Binding, Cause, Certificate, Contact, ContactKind, Endpoint, IdentityProvider, IndexedEndpoint, KeyError,
    KeyPair, KeyRing, Limits, LocalizedText, Organization, Part, PrivateKey, Rejection, RequestError,
    RequestId, RequestedAttribute, RequestedAttributes, Scope, Seconds, ServiceProvider, VerificationKey,
    dsig::{Signer, sign_enveloped, verify_enveloped},
    xml::Document,
};

const KEY: &str = include_str!("../../../../testdata/saml/captures/keys/sp.key");
const CERTIFICATE: &str = include_str!("../../../../testdata/saml/captures/keys/sp.crt");
const SSP: &str = include_str!("../../../../testdata/saml/captures/ssp/idp-metadata.xml");

#[test]
fn captured_metadata_is_read() {
    let idp = IdentityProvider::from_metadata(SSP.as_bytes()).unwrap();
    assert_eq!(idp.entity_id().as_str(), "http://127.0.0.1:21110/saml2/idp/metadata.php");
    assert_eq!(idp.signing_keys().len(), 1);
    assert!(idp.single_sign_on(Binding::HttpRedirect).is_some());
    assert!(idp.single_logout(Binding::HttpRedirect).is_some());
    assert!(!idp.want_authn_requests_signed());
}

// MD-07
#[test]
fn everything_that_metadata_says_is_kept() {
    let extensions = concat!(
        r#"<md:Extensions><ui:UIInfo xmlns:ui="urn:oasis:names:tc:SAML:metadata:ui">"#,
        r#"<ui:DisplayName xml:lang="en"> Example </ui:DisplayName><ui:Description xml:lang="de">Ein</ui:Description>"#,
        r#"<ui:Logo width="16" height="17">https://idp.example/logo.png</ui:Logo></ui:UIInfo>"#,
        r#"<shib:Scope xmlns:shib="urn:mace:shibboleth:metadata:1.0" regexp="false">example.com</shib:Scope>"#,
        r#"<alg:SigningMethod xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport" MinKeySize="256" MaxKeySize="511" Algorithm="urn:ec"/>"#,
        r#"</md:Extensions>"#
    );
    let of_entity = concat!(
        r#"<md:Extensions xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">"#,
        r#"<rpi:RegistrationInfo xmlns:rpi="urn:oasis:names:tc:SAML:metadata:rpi" registrationAuthority="https://reg.example" registrationInstant="2020-01-01T00:00:00Z">"#,
        r#"<rpi:RegistrationPolicy xml:lang="en">https://reg.example/policy</rpi:RegistrationPolicy></rpi:RegistrationInfo>"#,
        r#"<attr:EntityAttributes xmlns:attr="urn:oasis:names:tc:SAML:metadata:attribute"><saml:Assertion/>"#,
        r#"<saml:Attribute Name="urn:cat" NameFormat="urn:uri"><saml:AttributeValue> urn:sirtfi </saml:AttributeValue></saml:Attribute></attr:EntityAttributes>"#,
        r#"<alg:DigestMethod Algorithm="urn:sha"/><alg:SigningMethod Algorithm="urn:rsa"/></md:Extensions>"#
    );
    let role = role(r#"WantAuthnRequestsSigned="1" errorURL="https://idp.example/help""#, extensions);
    let xml = entity("https://idp.example", &format!("{of_entity}{role}"), "");
    let wrong = xml.replace(r#"Signed="1""#, r#"Signed="yes""#);
    assert_eq!(IdentityProvider::from_metadata(wrong.as_bytes()).unwrap_err().code(), "XML-12");
    let idp = IdentityProvider::from_metadata(xml.as_bytes()).unwrap();
    assert!(idp.want_authn_requests_signed());
    assert_eq!(idp.error_url(), Some("https://idp.example/help"));
    assert_eq!(idp.display().names, [LocalizedText::new("en", "Example")]);
    assert_eq!(idp.display().descriptions, [LocalizedText::new("de", "Ein")]);
    assert_eq!((idp.display().logos[0].width, idp.display().logos[0].height), (16, 17));
    assert_eq!(idp.scopes(), [Scope { value: "example.com".to_owned(), is_pattern: false }]);
    assert_eq!(idp.vouched_scopes(), []);
    assert_eq!(idp.name_id_formats(), ["urn:f"]);
    let registration = idp.registration().unwrap();
    assert_eq!(registration.authority, "https://reg.example");
    assert_eq!(registration.instant, Some(time("2020-01-01T00:00:00Z")));
    assert_eq!(registration.policies, [LocalizedText::new("en", "https://reg.example/policy")]);
    let attribute = &idp.entity_attributes()[0];
    assert_eq!((attribute.name.as_str(), attribute.name_format.as_deref()), ("urn:cat", Some("urn:uri")));
    assert_eq!(attribute.values, ["urn:sirtfi"]);
    assert_eq!(idp.algorithms().digests, ["urn:sha"]);
    let method = &idp.algorithms().signatures[0];
    assert_eq!(
        (method.algorithm.as_str(), method.min_bits, method.max_bits),
        ("urn:ec", Some(256), Some(511))
    );
    assert_eq!(idp.algorithms().signatures.len(), 1, "what the role says stands in the entity's place");
    let endpoint = idp.single_logout(Binding::HttpPost).unwrap();
    assert_eq!(endpoint.for_responses().as_str(), "https://idp.example/slo-answer");
    // MD-11
    assert_eq!(idp.single_sign_on(Binding::HttpRedirect).unwrap().response_location, None);
    // MD-08: the serde form reads back to the same.
    let text = serde_json::to_string(&idp).unwrap();
    assert_eq!(serde_json::from_str::<IdentityProvider>(&text).unwrap(), idp);
}

// MD-01
#[test]
fn one_of_many_is_picked_by_its_entity_id() {
    let sp =
        r#"<md:EntityDescriptor entityID="https://sp.example"><md:SPSSODescriptor/></md:EntityDescriptor>"#;
    let (one, two) = (entity("https://one", &role("", ""), ""), entity("https://two", &role("", ""), ""));
    let nested = format!("<md:EntitiesDescriptor>{two}</md:EntitiesDescriptor>");
    let all = format!(
        r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{one}{sp}{nested}</md:EntitiesDescriptor>"#
    );
    let pick = |xml: &str, id: Option<&str>| {
        let options =
            MetadataOptions { entity_id: id.map(|id| id.parse().unwrap()), ..MetadataOptions::default() };
        options.read(xml.as_bytes(), now()).map(|read| read.idp.entity_id().as_str().to_owned())
    };
    assert_eq!(pick(&all, Some("https://two")).unwrap(), "https://two");
    assert_eq!(pick(&all, None), Err(MetadataError::Several { found: 2 }));
    assert_eq!(pick(&all, Some("https://TWO")), Err(MetadataError::NotFound));
    assert_eq!(
        pick(&all, Some("https://sp.example")),
        Err(MetadataError::NoIdentityProvider { is_service_provider: true })
    );
    assert_eq!(pick(&one, None).unwrap(), "https://one");
    assert_eq!(pick(&one, Some("https://two")), Err(MetadataError::NotFound));
    assert_eq!(pick("<html/>", None), Err(MetadataError::NotMetadata { found: "html".to_owned() }));
    assert_eq!(pick("<html>", None).unwrap_err().code(), "XML-04");
}

// MD-01
#[test]
fn an_entity_inside_an_extension_is_not_read() {
    let inner = entity("https://evil", &role("", ""), "");
    let xml = format!(
        r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:Extensions>{inner}</md:Extensions>{}</md:EntitiesDescriptor>"#,
        entity("https://good", &role("", ""), "")
    );
    assert_eq!(IdentityProvider::from_metadata(xml.as_bytes()).unwrap().entity_id().as_str(), "https://good");
}

// MD-02
#[test]
fn an_identity_provider_of_another_protocol_is_none() {
    let saml11 =
        role("", "").replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol");
    let read =
        |role: &str| IdentityProvider::from_metadata(entity("https://idp.example", role, "").as_bytes());
    assert_eq!(read(&saml11), Err(MetadataError::NoIdentityProvider { is_service_provider: false }));
    let both = role("", "").replace(r#"Enumeration=""#, r#"Enumeration="urn:other "#);
    read(&both).unwrap();
    // A service provider's role beside it holds other keys and is left alone.
    read(&format!(
        "<md:SPSSODescriptor><md:KeyDescriptor use=\"signing\"/></md:SPSSODescriptor>{}",
        role("", "")
    ))
    .unwrap();
}

// MD-03
#[test]
fn the_earliest_end_of_validity_on_the_path_counts() {
    let inner = entity(
        "https://idp.example",
        &role(r#"validUntil="2026-02-03T00:00:00Z""#, ""),
        r#"validUntil="2026-02-02T00:00:00Z""#,
    );
    let outer = format!(
        r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2026-02-01T00:00:00Z" cacheDuration="P2D">{inner}</md:EntitiesDescriptor>"#
    );
    let mut options = MetadataOptions::default();
    options.require_valid_until = true;
    let read = options.read(outer.as_bytes(), now()).unwrap();
    assert_eq!(read.idp.valid_until(), Some(time("2026-02-01T00:00:00Z")));
    assert_eq!(read.idp.cache_duration(), Some("P2D"));
    assert_eq!(read.notices, []);
    assert_eq!(
        options.read(inner.as_bytes(), now()).unwrap().idp.valid_until(),
        Some(time("2026-02-02T00:00:00Z"))
    );

    let at = |text: &str| options.read(outer.as_bytes(), time(text)).map(drop).map_err(|error| error.code());
    assert_eq!(at("2026-02-01T00:02:59Z"), Ok(()));
    assert_eq!(at("2026-02-01T00:03:00Z"), Err("MD-03"));
    options.max_validity = Some(Seconds::new(43_200));
    let ahead = options.read(outer.as_bytes(), now());
    assert_eq!(ahead.map(drop), Ok(()));
    options.max_validity = Some(Seconds::new(43_199));
    assert!(matches!(options.read(outer.as_bytes(), now()), Err(MetadataError::ValidTooLong { .. })));
    let open = entity("https://idp.example", &role("", ""), "");
    assert_eq!(options.read(open.as_bytes(), now()), Err(MetadataError::NoValidUntil));
    let read = MetadataOptions::default().read(open.as_bytes(), now()).unwrap();
    assert_eq!(read.notices, [MetadataNotice::OpenEnded]);
    let broken = outer.replace("2026-02-01T00:00:00Z", "tomorrow");
    assert_eq!(MetadataOptions::default().read(broken.as_bytes(), now()).unwrap_err().code(), "RSP-03");
}

// MD-04
#[test]
fn keys_are_taken_by_their_use() {
    let certificate = certificate_text();
    let read = |descriptors: &str| {
        let role = role("", "").replace(&key_descriptor("signing"), descriptors);
        IdentityProvider::from_metadata(entity("https://idp.example", &role, "").as_bytes())
            .map(|idp| idp.signing_keys().len())
            .map_err(|error| error.code())
    };
    let none = key_descriptor("signing").replace(r#" use="signing""#, "");
    assert_eq!(read(&none), Ok(1));
    assert_eq!(read(&format!("{none}{}", key_descriptor("signing"))), Ok(1), "the same key again");
    assert_eq!(read(&format!("{none}{}", value_descriptor())), Ok(2));
    assert_eq!(read(&key_descriptor("encryption")), Err("MD-04"), "no signing key");
    assert_eq!(read(&key_descriptor("other")), Err("MD-04"));
    assert_eq!(read(""), Err("MD-04"));
    let wrapped = certificate
        .as_bytes()
        .chunks(40)
        .map(|line| format!("\n  {}", str::from_utf8(line).unwrap()))
        .collect::<String>();
    assert_eq!(read(&none.replace(&certificate, &wrapped)), Ok(1));
    assert_eq!(read(&none.replace(&certificate, CERTIFICATE)), Ok(1), "PEM armour");
    assert_eq!(read(&none.replace(&certificate, "AAAA")), Err("MD-04"));
    let both = none.replace("</ds:KeyInfo>", &format!("{}</ds:KeyInfo>", key_value(false)));
    assert_eq!(read(&both), Ok(1), "two forms of one key");
    let differing = none.replace("</ds:KeyInfo>", &format!("{}</ds:KeyInfo>", key_value(true)));
    assert_eq!(read(&differing), Err("MD-04"));
}

// MD-04
#[test]
fn a_key_that_is_of_no_use_does_not_spoil_the_others() {
    let dsa = r#"<md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>"#;
    let good = key_descriptor("signing");
    let role = role("", "").replace(&good, &format!("{dsa}{good}"));
    let read =
        MetadataOptions::default().read(entity("https://idp.example", &role, "").as_bytes(), now()).unwrap();
    assert_eq!(read.idp.signing_keys().len(), 1);
    assert!(read.notices.contains(&MetadataNotice::KeySkipped(KeyError::Unsupported)));
}

// MD-05
#[test]
fn endpoints_are_usable_addresses() {
    let read = |from: &str, to: &str, https| {
        let xml = entity("https://idp.example", &role("", ""), "");
        assert!(xml.contains(from), "{from}");
        let options = MetadataOptions { require_https: https, ..MetadataOptions::default() };
        options.read(xml.replace(from, to).as_bytes(), now()).map(drop).map_err(|error| error.code())
    };
    let location = r#"Location="https://idp.example/sso""#;
    assert_eq!(read(location, r#"Location="javascript:alert(1)""#, false), Err("MD-05"));
    assert_eq!(read(location, r#"Location="http://idp.example/sso""#, false), Ok(()));
    assert_eq!(read(location, r#"Location="http://idp.example/sso""#, true), Err("MD-05"));
    assert_eq!(read(location, location, true), Ok(()));
    assert_eq!(read("bindings:HTTP-Redirect", "bindings:Unheard-Of", false), Err("MD-05"), "nowhere to ask");
}

// MD-06
#[test]
fn with_a_pinned_key_only_what_it_signed_is_read() {
    let key = PrivateKey::from_pem(KEY).unwrap();
    let xml = entity("https://idp.example", &role("", ""), r#"ID="_m""#);
    let signed = sign_enveloped(xml.as_bytes(), "_m", &Signer::new(&key, None)).unwrap();
    let mut options = MetadataOptions::default();
    options.pinned_keys = vec![VerificationKey::parse(CERTIFICATE).unwrap()];
    let read = |bytes: &[u8]| options.read(bytes, now()).map_err(|error| error.code());
    assert!(read(&signed).unwrap().signature.is_some());
    assert_eq!(read(xml.as_bytes()).unwrap_err(), "SIG-12");
    let unsigned = options.read(xml.as_bytes(), now()).unwrap_err();
    assert_eq!(unsigned, Rejection::from(Cause::NotSigned { part: Part::Metadata }).into());
    let changed = String::from_utf8(signed.clone())
        .unwrap()
        .replace("https://idp.example/sso", "https://evil.example/sso");
    assert_eq!(read(changed.as_bytes()).unwrap_err(), "SIG-10");
    let around = format!(
        r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{}</md:EntitiesDescriptor>"#,
        String::from_utf8(signed.clone()).unwrap()
    );
    assert_eq!(read(around.as_bytes()).unwrap_err(), "SIG-12", "the root must be signed");
    options.pinned_keys =
        vec![IdentityProvider::from_metadata(SSP.as_bytes()).unwrap().signing_keys()[0].clone()];
    assert_eq!(options.read(&signed, now()).unwrap_err().code(), "SIG-07");
}

// MD-07
#[test]
fn scopes_count_only_if_a_third_party_vouches_for_them() {
    let key = PrivateKey::from_pem(KEY).unwrap();
    let scope = r#"<md:Extensions><shib:Scope xmlns:shib="urn:mace:shibboleth:metadata:1.0">example.com</shib:Scope></md:Extensions>"#;
    let own = entity("https://idp.example", &role("", scope), r#"ID="_m""#);
    let theirs = IdentityProvider::from_metadata(SSP.as_bytes()).unwrap().signing_keys()[0].clone();
    let other = own.replace(&certificate_text(), &theirs.certificate().unwrap().to_base64());
    let mut options = MetadataOptions::default();
    let vouched = |options: &MetadataOptions, xml: &str| {
        let signed = sign_enveloped(xml.as_bytes(), "_m", &Signer::new(&key, None)).unwrap();
        let idp = options.read(&signed, now()).unwrap().idp;
        assert_eq!(idp.scopes().len(), 1);
        idp.vouched_scopes().len()
    };
    assert_eq!(vouched(&options, &other), 0, "nobody looked at the signature");
    options.pinned_keys = vec![VerificationKey::parse(CERTIFICATE).unwrap()];
    assert_eq!(vouched(&options, &other), 1);
    assert_eq!(vouched(&options, &own), 0, "it only vouches for itself");
}

// MD-03
#[test]
fn the_metadata_says_when_to_read_it_again() {
    let read = |attributes: &str| {
        let xml = entity("https://idp.example", &role("", ""), attributes);
        MetadataOptions::default().read(xml.as_bytes(), now()).unwrap()
    };
    let at = |attributes: &str| read(attributes).idp.refresh_at(now());
    assert_eq!(at(""), None);
    assert_eq!(at(r#"cacheDuration="PT1H""#), Some(time("2026-01-31T13:00:00Z")));
    let until = r#"validUntil="2026-02-01T00:00:00Z""#;
    assert_eq!(at(until), Some(time("2026-02-01T00:00:00Z")));
    assert_eq!(at(&format!(r#"{until} cacheDuration="P2D""#)), Some(time("2026-02-01T00:00:00Z")));
    let wrong = read(r#"cacheDuration="soon""#);
    assert_eq!(wrong.idp.cache_duration(), None);
    assert_eq!(wrong.notices, [MetadataNotice::CacheDuration { found: "soon".to_owned() }]);
}

// MD-04
#[test]
fn certificates_for_encryption_are_kept_apart_from_those_that_sign() {
    let both = key_descriptor("signing").replace(r#" use="signing""#, "");
    let idp = |descriptors: &str| {
        let role = role("", "").replace(&key_descriptor("signing"), descriptors);
        IdentityProvider::from_metadata(entity("https://idp.example", &role, "").as_bytes()).unwrap()
    };
    assert_eq!(idp(&both).encryption_certificates().len(), 1);
    assert_eq!(idp(&format!("{both}{}", key_descriptor("encryption"))).encryption_certificates().len(), 1);
    assert_eq!(idp(&key_descriptor("signing")).encryption_certificates(), []);
}

// MD-08
#[test]
fn an_identity_provider_by_hand_follows_the_same_rules() {
    let key = || VerificationKey::parse(CERTIFICATE).unwrap();
    let make = |binding, keys| {
        let endpoint = Endpoint::new(binding, "https://idp.example/sso".parse().unwrap());
        IdentityProvider::new("https://idp.example".parse().unwrap(), vec![endpoint], keys)
            .map(drop)
            .map_err(|error| error.code())
    };
    assert_eq!(make(Binding::HttpPost, vec![key()]), Ok(()));
    assert_eq!(make(Binding::Soap, vec![key()]), Err("MD-05"));
    assert_eq!(make(Binding::HttpPost, vec![]), Err("MD-04"));
    let json = r#"{"entity_id":"https://idp.example","single_sign_on_services":[{"binding":"http-post","location":"https://idp.example/sso"}],"signing_keys":[]}"#;
    assert!(
        serde_json::from_str::<IdentityProvider>(json)
            .unwrap_err()
            .to_string()
            .contains("no signing certificate")
    );
}

// MD-09
#[test]
fn our_metadata_names_everything_in_the_schemas_order() {
    let xml = full_sp().metadata(&MetadataOutput::default(), now()).unwrap();
    let certificate = certificate_text();
    let encryption = |uri: &str| format!(r#"<md:EncryptionMethod Algorithm="{uri}"></md:EncryptionMethod>"#);
    let key = format!(
        concat!(
            r#"<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{}"#,
            r#"</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"#
        ),
        certificate
    );
    let expected = [
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" cacheDuration="PT86400S" entityID="https://sp.example">"#,
        r#"<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">"#,
        &format!(r#"<md:KeyDescriptor use="signing">{key}</md:KeyDescriptor>"#),
        &format!(r#"<md:KeyDescriptor use="encryption">{key}"#),
        &encryption("http://www.w3.org/2009/xmlenc11#aes256-gcm"),
        &encryption("http://www.w3.org/2009/xmlenc11#aes128-gcm"),
        &encryption("http://www.w3.org/2009/xmlenc11#rsa-oaep"),
        &encryption("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"),
        "</md:KeyDescriptor>",
        r#"<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sp.example/slo"></md:SingleLogoutService>"#,
        r#"<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>"#,
        r#"<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="0"></md:AssertionConsumerService>"#,
        r#"<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/new" index="4" isDefault="true"></md:AssertionConsumerService>"#,
        r#"<md:AttributeConsumingService index="1" isDefault="true"><md:ServiceName xml:lang="en">Reports</md:ServiceName>"#,
        r#"<md:RequestedAttribute FriendlyName="mail" Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" isRequired="true"></md:RequestedAttribute>"#,
        "</md:AttributeConsumingService></md:SPSSODescriptor>",
        r#"<md:Organization><md:OrganizationName xml:lang="en">Example</md:OrganizationName><md:OrganizationDisplayName xml:lang="en">Example Ltd</md:OrganizationDisplayName>"#,
        r#"<md:OrganizationURL xml:lang="en">https://example.com</md:OrganizationURL></md:Organization>"#,
        r#"<md:ContactPerson contactType="technical"><md:Company>Example</md:Company><md:GivenName>Op</md:GivenName><md:SurName>Erator</md:SurName>"#,
        r#"<md:EmailAddress>mailto:ops@example.com</md:EmailAddress><md:TelephoneNumber>+1 2</md:TelephoneNumber></md:ContactPerson>"#,
        "</md:EntityDescriptor>",
    ]
    .concat();
    assert_eq!(xml, expected);
}

// MD-09
#[test]
fn our_metadata_is_signed_and_limited_on_request() {
    let mut output = MetadataOutput::default();
    output.sign_as = Some(RequestId::parse("_m").unwrap());
    output.valid_for = Some(Seconds::new(3600));
    let xml = full_sp().metadata(&output, now()).unwrap();
    assert!(xml.contains(r#"validUntil="2026-01-31T13:00:00Z""#));
    let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(document.root().children().next().unwrap().local_name(), "Signature");
    let keys = [VerificationKey::parse(CERTIFICATE).unwrap()];
    let options = MetadataOptions::default();
    verify_enveloped(document.root(), &keys, &options.algorithms, options.engines, &options.limits).unwrap();
    let keyless = ServiceProvider::new(
        "https://sp.example".parse().unwrap(),
        "https://sp.example/acs".parse().unwrap(),
    );
    assert_eq!(keyless.metadata(&output, now()), Err(RequestError::NoKey));
}

// MD-09
#[test]
fn indexes_are_unique_and_sets_of_attributes_complete() {
    let post = |index| IndexedEndpoint::post(index, "https://sp.example/acs".parse().unwrap());
    let with = |consumers| full_sp().with_consumers(consumers).map(drop).map_err(|error| error.code());
    assert_eq!(with(vec![post(1), post(1)]), Err("MD-09"));
    assert_eq!(with(vec![]), Err("MD-05"));
    assert_eq!(with(vec![post(1), post(2)]), Ok(()));
    assert!(RequestedAttributes::new(0, vec![LocalizedText::new("en", "x")], vec![]).is_err());
    assert!(RequestedAttributes::new(0, vec![], vec![mail()]).is_err());
}

#[test]
fn a_service_provider_is_read_from_its_serde_form() {
    let json = serde_json::json!({
        "entity_id": "https://sp.example",
        "assertion_consumer_services": [{ "binding": "http-post", "index": 7, "location": "https://sp.example/acs" }],
        "keys": { "current": { "private_key": KEY, "certificate": CERTIFICATE } },
        "want_assertions_signed": true,
    });
    let sp: ServiceProvider = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(sp.default_consumer().index, 7);
    assert!(sp.keys().is_some() && sp.want_assertions_signed());
    assert!(!format!("{sp:?}").contains("BEGIN PRIVATE"));
    let mut unknown = json;
    unknown["typo"] = true.into();
    assert!(serde_json::from_value::<ServiceProvider>(unknown).is_err());
}

fn full_sp() -> ServiceProvider {
    let pair =
        KeyPair::new(PrivateKey::from_pem(KEY).unwrap(), Certificate::parse(CERTIFICATE).unwrap()).unwrap();
    let mut new = IndexedEndpoint::post(4, "https://sp.example/new".parse().unwrap());
    new.is_default = Some(true);
    let acs = IndexedEndpoint::post(0, "https://sp.example/acs".parse().unwrap());
    let text = |text: &str| LocalizedText::new("en", text);
    ServiceProvider::new("https://sp.example".parse().unwrap(), "https://sp.example/acs".parse().unwrap())
        .with_consumers(vec![acs, new])
        .unwrap()
        .with_keys(KeyRing::new(pair))
        .with_logout(Endpoint::new(Binding::HttpRedirect, "https://sp.example/slo".parse().unwrap()))
        .with_name_id_formats(vec!["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()])
        .with_requested_attributes(RequestedAttributes::new(1, vec![text("Reports")], vec![mail()]).unwrap())
        .with_organization(Organization {
            name: text("Example"),
            display_name: text("Example Ltd"),
            url: text("https://example.com"),
        })
        .with_contact(Contact {
            kind: ContactKind::Technical,
            company: Some("Example".to_owned()),
            given_name: Some("Op".to_owned()),
            surname: Some("Erator".to_owned()),
            emails: vec!["ops@example.com".to_owned()],
            telephones: vec!["+1 2".to_owned()],
        })
        .with_authn_requests_signed(true)
        .with_want_assertions_signed(true)
}

fn mail() -> RequestedAttribute {
    RequestedAttribute {
        name: "urn:oid:0.9.2342.19200300.100.1.3".to_owned(),
        name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:uri".to_owned()),
        friendly_name: Some("mail".to_owned()),
        required: true,
    }
}

fn entity(id: &str, roles: &str, attributes: &str) -> String {
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{id}" {attributes}>{roles}</md:EntityDescriptor>"#
    )
}

fn role(attributes: &str, extensions: &str) -> String {
    format!(
        concat!(
            r#"<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" {}>{}{}"#,
            r#"<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo-answer"/>"#,
            "<md:NameIDFormat>\n urn:f </md:NameIDFormat>",
            r#"<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso" ResponseLocation="https://idp.example/x"/>"#,
            r#"</md:IDPSSODescriptor>"#
        ),
        attributes,
        extensions,
        key_descriptor("signing")
    )
}

fn key_descriptor(purpose: &str) -> String {
    format!(
        r#"<md:KeyDescriptor use="{purpose}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"#,
        certificate_text()
    )
}

fn value_descriptor() -> String {
    format!(
        r#"<md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{}</ds:KeyInfo></md:KeyDescriptor>"#,
        key_value(true)
    )
}

/// The numbers of our certificate's key, or of a slightly different one.
fn key_value(other: bool) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let rsa = Certificate::parse(CERTIFICATE).unwrap().public_key().rsa().unwrap();
    let mut modulus = rsa.n().to_vec();
    if other {
        *modulus.last_mut().unwrap() ^= 2;
    }
    format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        BASE64_STANDARD.encode(modulus),
        BASE64_STANDARD.encode(rsa.e().to_vec())
    )
}

fn certificate_text() -> String {
    Certificate::parse(CERTIFICATE).unwrap().to_base64()
}

fn now() -> DateTime<Utc> {
    time("2026-01-31T12:00:00Z")
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
