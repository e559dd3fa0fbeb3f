//! Key pairs of our service providers: RSA with a self-signed certificate, the private key sealed at rest.

use chrono::{DateTime, Datelike as _, Utc};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

use crate::keys::{KeyError, Keys};
use crate::random;
use crate::store::tenants::SealedKey;
use tenant_model::TenantId;

/// Makes a key pair for a tenant's service provider.
///
/// # Errors
/// What OpenSSL said, as text.
pub fn make(keys: &Keys, tenant: &TenantId, now: DateTime<Utc>) -> Result<SealedKey, String> {
    let (certificate, private) = pair(tenant, now).map_err(|error| error.to_string())?;
    let key_id = random::uuid().map_err(|error| error.to_string())?.to_string();
    let sealed = keys.seal(&bound_to(tenant, &key_id), &private).map_err(|error| error.to_string())?;
    Ok(SealedKey { key_id, state: "current".to_owned(), certificate, sealed })
}

/// The private key in PEM.
///
/// # Errors
/// [`KeyError::Seal`] for a row of another tenant, another installation, or one that was changed.
pub fn open(keys: &Keys, tenant: &TenantId, sealed: &SealedKey) -> Result<String, KeyError> {
    let pem = keys.open(&bound_to(tenant, &sealed.key_id), &sealed.sealed)?;
    String::from_utf8(pem).map_err(|_| KeyError::Seal)
}

fn bound_to(tenant: &TenantId, key_id: &str) -> String {
    format!("sp key {tenant} {key_id}")
}

fn pair(tenant: &TenantId, now: DateTime<Utc>) -> Result<(String, Vec<u8>), ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(RSA_BITS)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", &format!("SAML service provider {tenant}"))?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    let from = Asn1Time::from_unix(now.timestamp())?;
    let until = Asn1Time::from_str(&format!("{}0101000000Z", now.year().saturating_add(YEARS)))?;
    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(&serial)?;
    certificate.set_subject_name(&name)?;
    certificate.set_issuer_name(&name)?;
    certificate.set_pubkey(&key)?;
    certificate.set_not_before(&from)?;
    certificate.set_not_after(&until)?;
    certificate.sign(&key, MessageDigest::sha256())?;
    let pem = String::from_utf8_lossy(&certificate.build().to_pem()?).into_owned();
    Ok((pem, key.private_key_to_pem_pkcs8()?))
}

/// What providers accept everywhere; larger keys make each login slower and nothing safer within their life.
const RSA_BITS: u32 = 2048;
/// Identity providers show the end of a certificate as an alarm; the key is changed by us long before.
const YEARS: i32 = 10;
