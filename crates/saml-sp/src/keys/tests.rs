//! Keys in every form that configuration and metadata bring.

use super::*;
use crate::test_captures::{sp_certificate, sp_key};

#[test]
fn a_certificate_reads_from_every_form() {
    let certificate = sp_certificate();
    let base64 = certificate.to_base64();
    let broken: String = base64
        .as_bytes()
        .chunks(64)
        .map(|line| format!("\r\n\t {}", std::str::from_utf8(line).unwrap()))
        .collect();
    let pem = format!("junk before\n-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    for text in [base64.as_str(), &broken, &pem] {
        assert_eq!(Certificate::parse(text), Ok(certificate.clone()));
    }
    assert_eq!(Certificate::from_der(certificate.der()), Ok(certificate.clone()));
    assert_eq!(certificate.fingerprint(), certificate::hex(&openssl::sha::sha256(certificate.der())));
    assert_eq!(certificate.subject(), "CN=sp.lab.test");
    assert_eq!(certificate.not_after().to_rfc3339(), "2036-11-18T18:53:19+00:00");
    assert!(certificate.not_before() < certificate.not_after());
}

#[test]
fn what_is_no_certificate_says_so() {
    let certificate = sp_certificate();
    assert_eq!(Certificate::parse("!"), Err(KeyError::Encoding));
    assert_eq!(Certificate::parse(""), Err(KeyError::NotACertificate));
    assert_eq!(Certificate::parse("AAAA"), Err(KeyError::NotACertificate));
    let pem =
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", certificate.to_base64());
    assert_eq!(Certificate::parse(&pem.repeat(2)), Err(KeyError::SeveralCertificates));
    let trailing = [certificate.der(), b"x"].concat();
    assert_eq!(Certificate::from_der(&trailing), Err(KeyError::NotACertificate));
}

#[test]
fn keys_go_through_configuration_unchanged() {
    let key = VerificationKey::from_certificate(&sp_certificate()).unwrap();
    let bare =
        VerificationKey::parse(&String::from_utf8(key.pkey().public_key_to_pem().unwrap()).unwrap()).unwrap();
    assert_eq!(bare.certificate(), None);
    assert_ne!(bare, key);
    assert_eq!(bare.public_key_fingerprint(), key.public_key_fingerprint());
    assert_eq!(bare.public_key_fingerprint(), bare.fingerprint());
    assert_ne!(key.public_key_fingerprint(), key.fingerprint());
    for key in [key, bare] {
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<VerificationKey>(&text).unwrap(), key);
        assert_eq!((key.kind(), key.bits(), key.fingerprint().len()), (KeyKind::Rsa, 2048, 64));
    }
    let text = serde_json::to_string(&sp_certificate()).unwrap();
    assert_eq!(serde_json::from_str::<Certificate>(&text).unwrap(), sp_certificate());
}

#[test]
fn a_key_value_is_a_key() {
    let rsa = sp_key().pkey().rsa().unwrap();
    let key = VerificationKey::from_rsa(&rsa.n().to_vec(), &rsa.e().to_vec()).unwrap();
    assert!(key.pkey().public_eq(&sp_certificate().public_key()));
    assert_eq!(VerificationKey::from_rsa(&[], &[]).unwrap_err().code(), "SIG-06");

    for (curve, nid, bits) in [
        ("1.2.840.10045.3.1.7", openssl::nid::Nid::X9_62_PRIME256V1, 256),
        ("1.3.132.0.34", openssl::nid::Nid::SECP384R1, 384),
        ("1.3.132.0.35", openssl::nid::Nid::SECP521R1, 521),
    ] {
        let group = openssl::ec::EcGroup::from_curve_name(nid).unwrap();
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
        let point = group.generator_opt().unwrap().to_bytes(&group, form, &mut context).unwrap();
        let key = VerificationKey::from_ec(curve, &point).unwrap();
        assert_eq!((key.kind(), key.bits()), (KeyKind::Ec, bits));
        let mut off = point.clone();
        *off.last_mut().unwrap() ^= 1;
        assert_eq!(VerificationKey::from_ec(curve, &off), Err(KeyError::NotAPublicKey));
    }
    assert_eq!(VerificationKey::from_ec("1.3.132.0.10", &[4]), Err(KeyError::Unsupported));
}

#[test]
fn weak_and_odd_keys_are_not_taken() {
    // SIG-06
    let pem = |key: openssl::pkey::PKey<openssl::pkey::Private>| {
        String::from_utf8(key.public_key_to_pem().unwrap()).unwrap()
    };
    let rsa = |bits| pem(openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(bits).unwrap()).unwrap());
    let expected = KeyError::Weak { kind: KeyKind::Rsa, found: 512, expected: 1024 };
    assert_eq!(VerificationKey::parse(&rsa(512)), Err(expected));
    assert_eq!(VerificationKey::parse(&rsa(1024)).map(|key| key.bits()), Ok(1024));
    let ec = |nid| {
        let group = openssl::ec::EcGroup::from_curve_name(nid).unwrap();
        pem(openssl::pkey::PKey::from_ec_key(openssl::ec::EcKey::generate(&group).unwrap()).unwrap())
    };
    let p192 = VerificationKey::parse(&ec(openssl::nid::Nid::X9_62_PRIME192V1)).unwrap_err();
    assert_eq!(p192, KeyError::Weak { kind: KeyKind::Ec, found: 192, expected: 256 });
    assert_eq!(VerificationKey::parse(&ec(openssl::nid::Nid::SECP256K1)), Err(KeyError::Unsupported));
    assert_eq!(VerificationKey::parse("-----BEGIN PUBLIC KEY-----"), Err(KeyError::NotAPublicKey));
    assert_eq!(
        VerificationKey::parse(&pem(openssl::pkey::PKey::generate_x25519().unwrap())),
        Err(KeyError::Unsupported)
    );
}

#[test]
fn a_private_key_is_never_shown() {
    let key = sp_key();
    assert_eq!(format!("{key:?}"), "PrivateKey(RSA 2048 bits)");
    assert!(key.matches(&sp_certificate()));
    let broken = serde_json::from_str::<PrivateKey>(r#""-----BEGIN SECRET-----""#).unwrap_err().to_string();
    assert!(!broken.contains("SECRET"), "{broken}");
    assert_eq!(PrivateKey::from_pem("x"), Err(KeyError::NotAPrivateKey));
}

#[test]
fn an_encrypted_private_key_needs_its_pass_phrase() {
    let cipher = openssl::symm::Cipher::aes_128_cbc();
    let pem = sp_key().pkey().private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap();
    let pem = std::str::from_utf8(&pem).unwrap();
    assert_eq!(PrivateKey::from_pem(pem), Err(KeyError::NotAPrivateKey));
    assert_eq!(PrivateKey::from_pem_with_passphrase(pem, "secret"), Ok(sp_key()));
}

#[test]
fn keys_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Certificate>();
    shared::<PrivateKey>();
    shared::<VerificationKey>();
}
