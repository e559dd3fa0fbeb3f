//! The same work by others.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use saml_sp::testing::TestSign;

use crate::Contender;
use crate::scene::{ACS, Kind, SP, SP_CERTIFICATE, SP_KEY, Scene, now};

/// Accepting a response: each library answers its own request, so each gets its own message.
pub(crate) fn responses<'a>(
    scene: &'a Scene,
    kind: Kind,
    bytes: usize,
    sign: TestSign,
    encrypted: bool,
) -> Vec<Contender<'a>> {
    let metadata = scene.test_idp.metadata(now() + chrono::TimeDelta::days(365)).expect("metadata");
    let at = SystemTime::from(now());
    let mut row: Vec<Contender<'a>> = Vec::new();

    // samael reads the clock itself, so it is given all the time in the world.
    let provider = samael_provider(&metadata);
    let (_, xml) = scene.response(bytes, sign, encrypted);
    let encoded = BASE64_STANDARD.encode(&xml);
    let request = scene.pending.request_id().as_str().to_owned();
    row.push((
        "samael",
        Box::new(move || {
            // From 50 KB to 500 KB its time grows a hundredfold.
            if bytes > 1_000_000 {
                return Err("minutes, so it was not run".to_owned());
            }
            let assertion = provider.parse_base64_response(&encoded, Some(&[request.as_str()]));
            assertion.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
        }),
    ));

    let sp = saml_rs_sp(encrypted);
    let idp = saml_rs_idp(&metadata);
    let started = sp.start_sso(&idp, saml_rs::StartSso::redirect()).expect("saml-rs starts");
    let (_, xml) = scene.response_to(started.pending.request_id().as_str(), bytes, sign, encrypted);
    let encoded = BASE64_STANDARD.encode(&xml);
    row.push((
        "saml-rs",
        Box::new(move || {
            let fields = vec![saml_rs::FormField::new("SAMLResponse", encoded.as_str())];
            let input = saml_rs::BrowserInput::<saml_rs::SsoResponse>::post(fields);
            let context =
                saml_rs::SamlValidationContext::new(at, saml_rs::ReplayPolicy::DisabledForCompatibility);
            let session = sp.finish_sso(&idp, &started.pending, input, context);
            session.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
        }),
    ));

    let sp = saml_sp_of_saml(false);
    let idp = saml::IdpDescriptor::from_metadata_xml(metadata.as_bytes()).expect("saml reads metadata");
    let tracker = sp.start_login(&idp, start_login()).expect("saml starts").tracker;
    let (_, xml) = scene.response_to(tracker.request_id(), bytes, sign, encrypted);
    let encoded = BASE64_STANDARD.encode(&xml);
    row.push((
        "saml",
        Box::new(move || {
            let xml = BASE64_STANDARD.decode(&encoded).map_err(|error| error.to_string())?;
            let identity = sp.consume_response(saml::ConsumeResponse {
                idp: &idp,
                peer_crypto_policy: None,
                saml_response: &xml,
                binding: saml::SsoResponseBinding::HttpPost,
                relay_state: None,
                tracker: Some(&tracker),
                expected_destination: ACS,
                now: at,
                clock_skew: Duration::from_secs(180),
                replay_cache: None,
                replay_mode: saml::ReplayMode::All,
                holder_of_key_cert: None,
            });
            identity.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
        }),
    ));

    let certificate = scene.test_idp.key().certificate_pem().expect("PEM");
    let mut keys = bergshamra::KeysManager::new();
    keys.add_key(
        bergshamra::keys::loader::load_x509_cert_pem(certificate.as_bytes()).expect("a certificate"),
    );
    let verifying = bergshamra::DsigContext::new(keys);
    let mut keys = bergshamra::KeysManager::new();
    keys.add_key(bergshamra::keys::loader::load_rsa_private_pem(SP_KEY.as_bytes()).expect("a key"));
    let decrypting = bergshamra::EncContext::new(keys);
    let (_, xml) = scene.response(bytes, sign, encrypted);
    let encoded = BASE64_STANDARD.encode(&xml);
    let signatures = if sign == TestSign::Both { 2 } else { 1 };
    let _ = kind;
    row.push((
        "bergshamra",
        Box::new(move || {
            let xml = BASE64_STANDARD.decode(&encoded).map_err(|error| error.to_string())?;
            let mut xml = String::from_utf8(xml).map_err(|error| error.to_string())?;
            if encrypted {
                xml = bergshamra::decrypt(&decrypting, &xml).map_err(|error| error.to_string())?;
            }
            let verified = bergshamra::verify_all(&verifying, &xml).map_err(|error| error.to_string())?;
            match verified.len() == signatures && verified.iter().all(|one| one.is_valid()) {
                true => Ok(()),
                false => Err(format!("{verified:?}")),
            }
        }),
    ));
    row
}

/// Starting a login by redirect.
pub(crate) fn requests<'a>(scene: &'a Scene, sign: bool) -> Vec<Contender<'a>> {
    let metadata = scene.test_idp.metadata(now() + chrono::TimeDelta::days(365)).expect("metadata");
    let mut row: Vec<Contender<'a>> = Vec::new();
    let provider = samael_provider(&metadata);
    let key = provider.key.clone().expect("a key");
    let to = scene.test_idp.sign_on_url().to_owned();
    row.push((
        "samael",
        Box::new(move || {
            let request = provider.make_authentication_request(&to).map_err(|error| error.to_string())?;
            let url = if sign { request.signed_redirect("", &key) } else { request.redirect("") };
            url.map(|url| drop(black_box(url))).map_err(|error| error.to_string())
        }),
    ));
    if !sign {
        let (sp, idp) = (saml_rs_sp(false), saml_rs_idp(&metadata));
        row.push((
            "saml-rs",
            Box::new(move || {
                let started = sp.start_sso(&idp, saml_rs::StartSso::redirect());
                started.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
            }),
        ));
    }
    let sp = saml_sp_of_saml(sign);
    let idp = saml::IdpDescriptor::from_metadata_xml(metadata.as_bytes()).expect("saml reads metadata");
    row.push((
        "saml",
        Box::new(move || {
            let started = sp.start_login(&idp, start_login());
            started.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
        }),
    ));
    row
}

/// Reading metadata, and picking an entity of an aggregate.
pub(crate) fn metadata<'a>(xml: &'a str, entity: Option<&'a str>) -> Vec<Contender<'a>> {
    let samael: Contender<'a> = match entity {
        None => (
            "samael",
            Box::new(move || {
                let read = samael::metadata::de::from_str::<samael::metadata::EntityDescriptor>(xml);
                read.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
            }),
        ),
        Some(entity) => (
            "samael",
            Box::new(move || {
                let read = samael::metadata::de::from_str::<samael::metadata::EntityDescriptorType>(xml)
                    .map_err(|error| error.to_string())?;
                let found = read.iter().find(|one| one.entity_id.as_deref() == Some(entity)).is_some();
                if found { Ok(()) } else { Err("not found".to_owned()) }
            }),
        ),
    };
    let saml: Contender<'a> = match entity {
        None => (
            "saml",
            Box::new(move || {
                let read = saml::IdpDescriptor::from_metadata_xml(xml.as_bytes());
                read.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
            }),
        ),
        Some(entity) => (
            "saml",
            Box::new(move || {
                let read = saml::EntitiesDescriptor::from_metadata_xml(xml.as_bytes());
                let read = read.map_err(|error| error.to_string())?;
                if read.find_idp(entity).is_some() { Ok(()) } else { Err("not found".to_owned()) }
            }),
        ),
    };
    let mut row = vec![samael, saml];
    if entity.is_none() {
        row.push((
            "saml-rs",
            Box::new(move || {
                let idp = saml_rs::IdpDescriptor::from_metadata_xml_for(
                    saml_rs::EntityId::try_new(IDP).map_err(|error| error.to_string())?,
                    xml,
                    saml_rs::MetadataTrustPolicy::UnsignedForCompatibility,
                );
                idp.map(|one| drop(black_box(one))).map_err(|error| error.to_string())
            }),
        ));
    }
    row
}

fn samael_provider(metadata: &str) -> samael::service_provider::ServiceProvider {
    let key = openssl::rsa::Rsa::private_key_from_pem(SP_KEY.as_bytes()).expect("a key");
    let key = openssl::pkey::PKey::from_rsa(key).expect("a key");
    samael::service_provider::ServiceProviderBuilder::default()
        .entity_id(SP.to_owned())
        .acs_url(ACS.to_owned())
        .key(key)
        .idp_metadata(
            samael::metadata::de::from_str::<samael::metadata::EntityDescriptor>(metadata).expect("metadata"),
        )
        .max_clock_skew(chrono::Duration::days(3_650))
        .max_issue_delay(chrono::Duration::days(3_650))
        .build()
        .expect("a provider")
}

fn saml_rs_sp(encrypted: bool) -> saml_rs::Saml<saml_rs::Sp> {
    use saml_rs::{AcsEndpoint, Credentials, EntityId, PrivateKeyPem, Saml, SpConfig, SpValidationPolicy};
    let credentials = Credentials {
        decryption_key: encrypted.then(|| PrivateKeyPem::new(SP_KEY)),
        encryption_certificate: encrypted.then(|| saml_rs::CertificatePem::new(SP_CERTIFICATE)),
        ..Credentials::default()
    };
    let config = SpConfig::builder(EntityId::try_new(SP).expect("an entity id"))
        .acs_endpoint(AcsEndpoint::post(ACS).expect("an address"))
        .credentials(credentials)
        .validation(SpValidationPolicy::recommended())
        .build()
        .expect("a configuration");
    Saml::sp(config).expect("a service provider")
}

fn saml_rs_idp(metadata: &str) -> saml_rs::IdpDescriptor {
    saml_rs::IdpDescriptor::from_metadata_xml_for(
        saml_rs::EntityId::try_new(IDP).expect("an entity id"),
        metadata,
        saml_rs::MetadataTrustPolicy::UnsignedForCompatibility,
    )
    .expect("saml-rs reads metadata")
}

fn saml_sp_of_saml(sign: bool) -> saml::ServiceProvider {
    let key = || saml::KeyPair::from_pkcs8_pem(SP_KEY.as_bytes()).expect("a key");
    let mut policy = saml::PeerCryptoPolicy::strong_defaults();
    policy.allowed_oaep_digest_algorithms.push(saml::OaepDigest::Sha1);
    policy.allowed_oaep_mgf1_digest_algorithms.push(saml::OaepDigest::Sha1);
    saml::ServiceProvider::new(saml::ServiceProviderConfig {
        entity_id: SP.to_owned(),
        acs: vec![saml::SsoResponseEndpoint::post(ACS, 0, true)],
        slo: Vec::new(),
        name_id_formats: vec![saml::NameIdFormat::EmailAddress],
        signing_key: sign.then(key),
        decryption_key: Some(key()),
        sign_authn_requests: sign,
        want_signed: saml::SpWantSigned { response: false, assertions: true },
        allow_unsolicited: false,
        logout_signing: saml::SpLogoutSigning { sign_requests: false, sign_responses: false },
        logout_want_signed: saml::SpLogoutWantSigned { requests: true, responses: true },
        default_peer_crypto_policy: policy,
        outbound_signature_algorithm: saml::SignatureAlgorithm::RsaSha256,
        outbound_digest_algorithm: saml::DigestAlgorithm::Sha256,
    })
    .expect("a service provider")
}

fn start_login<'a>() -> saml::StartLogin<'a> {
    saml::StartLogin {
        relay_state: None,
        binding: saml::Binding::HttpRedirect,
        force_authn: false,
        is_passive: false,
        requested_name_id_format: None,
        requested_authn_context: None,
        acs_index: None,
        acs_url: None,
        response_binding: None,
    }
}

const IDP: &str = "https://idp.example.com/metadata";
