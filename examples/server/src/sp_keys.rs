//! Key pairs of our service providers: RSA with a self-signed certificate, the private key sealed at rest.
//!
//! Commands and pages exchange them here; [`tenant_model::SpKey`] says what their life is. Nothing has to happen at the
//! instant of a switch: each request reads the keys and looks at the clock, on every server.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509NameBuilder};

use saml_sp::Certificate;
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, KeyId, NewSpKey, SpKey, SpKeyError, SpKeyState, SpKeys, Target, TenantId,
    cancel_key, remove_key, retire_sp_key, schedule_switch, stage_key,
};

use crate::keys::{KeyError, Keys};
use crate::random;
use crate::store::sp_keys::{self as rows, SealedKey};
use crate::store::{StoreError, people};

/// Makes a key pair for a tenant's service provider, as its first and current one.
///
/// # Errors
/// What OpenSSL said, as text.
pub fn make(keys: &Keys, tenant: &TenantId, now: DateTime<Utc>) -> Result<SealedKey, String> {
    let year = now.year().saturating_add(YEARS);
    let end = NaiveDate::from_ymd_opt(year, 1, 1)
        .map_or(DateTime::<Utc>::MAX_UTC, |day| day.and_time(NaiveTime::MIN).and_utc());
    make_until(keys, tenant, now, end)
}

/// The same with a certificate that ends at an instant.
///
/// # Errors
/// The same.
pub fn make_until(
    keys: &Keys,
    tenant: &TenantId,
    now: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Result<SealedKey, String> {
    let (certificate, private) = pair(tenant, now, end).map_err(|error| error.to_string())?;
    let id = random::uuid().map_err(|error| error.to_string())?.to_string();
    let id = KeyId::parse(&id).map_err(|error| error.to_string())?;
    let sealed = keys.seal(&bound_to(tenant, &id), &private).map_err(|error| error.to_string())?;
    let state = SpKeyState::Current;
    Ok(SealedKey { id, state, certificate, sealed, created: now, signs_from: None, retired: None })
}

/// The private key in PEM.
///
/// # Errors
/// [`KeyError::Seal`] for a row of another tenant, another installation, or one that was changed.
pub fn open(keys: &Keys, tenant: &TenantId, sealed: &SealedKey) -> Result<String, KeyError> {
    let pem = keys.open(&bound_to(tenant, &sealed.id), &sealed.sealed)?;
    String::from_utf8(pem).map_err(|_| KeyError::Seal)
}

/// Why the keys stay as they are.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// It would leave no key, or come at the wrong time.
    #[error(transparent)]
    Key(#[from] SpKeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The keys of a tenant as far as their life is concerned, oldest first.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn lives(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<SpKey>, StoreError> {
    rows::list(db, tenant).await?.iter().map(life).collect()
}

/// Where a stored key is in its life.
///
/// # Errors
/// [`StoreError`] for a certificate that this program did not write.
pub fn life(key: &SealedKey) -> Result<SpKey, StoreError> {
    let certificate = read(&key.certificate)?;
    Ok(SpKey {
        id: key.id.clone(),
        fingerprint: certificate.fingerprint().to_owned(),
        state: key.state,
        created: key.created,
        not_after: certificate.not_after(),
        signs_from: key.signs_from,
        retired: key.retired,
    })
}

/// Puts a key pair that [`make`] has made beside the one in use.
///
/// # Errors
/// [`ChangeError`]; then nothing may be committed.
pub async fn stage(
    db: &mut AnyConnection,
    tenant: &TenantId,
    made: SealedKey,
    signs_from: Option<DateTime<Utc>>,
    policy: SpKeys,
    by: Actor,
) -> Result<SpKey, ChangeError> {
    let now = made.created;
    let certificate = read(&made.certificate)?;
    let new = NewSpKey {
        id: made.id.clone(),
        fingerprint: certificate.fingerprint().to_owned(),
        not_after: certificate.not_after(),
    };
    let staged = stage_key(&lives(db, tenant).await?, new, signs_from, policy, now)?;
    rows::insert(db, tenant, &SealedKey { state: staged.state, signs_from: staged.signs_from, ..made })
        .await?;
    let event = event(tenant, Action::SpKeyStaged, &staged, by, now)
        .with_change("certificate", None, Some(staged.fingerprint.clone()))
        .with_change("signs_from", None, instant(staged.signs_from));
    people::audit(db, &[event]).await?;
    Ok(staged)
}

/// Sets the instant from which the next key signs.
///
/// # Errors
/// [`ChangeError`]; then nothing may be committed.
pub async fn schedule(
    db: &mut AnyConnection,
    tenant: &TenantId,
    signs_from: DateTime<Utc>,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<SpKey, ChangeError> {
    let keys = lives(db, tenant).await?;
    let next = schedule_switch(&keys, signs_from, now)?;
    let before = keys.iter().find(|key| key.id == next.id).and_then(|key| key.signs_from);
    rows::update(db, tenant, &next).await?;
    let event = event(tenant, Action::SpKeyScheduled, &next, by, now).with_change(
        "signs_from",
        instant(before),
        instant(next.signs_from),
    );
    people::audit(db, &[event]).await?;
    Ok(next)
}

/// Takes the next key back.
///
/// # Errors
/// [`ChangeError`]; then nothing may be committed.
pub async fn cancel(
    db: &mut AnyConnection,
    tenant: &TenantId,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<SpKey, ChangeError> {
    let keys = lives(db, tenant).await?;
    let next = cancel_key(&keys, now)?;
    rows::delete(db, tenant, &next.id).await?;
    let event = event(tenant, Action::SpKeyCancelled, next, by, now).with_change(
        "certificate",
        Some(next.fingerprint.clone()),
        None,
    );
    people::audit(db, &[event]).await?;
    Ok(next.clone())
}

/// Takes the old key out of metadata, once the next one signs; gives the old one.
///
/// # Errors
/// [`ChangeError`]; then nothing may be committed.
pub async fn retire(
    db: &mut AnyConnection,
    tenant: &TenantId,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<SpKey, ChangeError> {
    let (old, current) = retire_sp_key(&lives(db, tenant).await?, now)?;
    rows::update(db, tenant, &old).await?;
    rows::update(db, tenant, &current).await?;
    let event = event(tenant, Action::SpKeyRetired, &old, by, now).with_change(
        "certificate",
        Some(old.fingerprint.clone()),
        Some(current.fingerprint),
    );
    people::audit(db, &[event]).await?;
    Ok(old)
}

/// Deletes a retired key: what is encrypted for it is never read again.
///
/// # Errors
/// [`ChangeError`]; then nothing may be committed.
pub async fn remove(
    db: &mut AnyConnection,
    tenant: &TenantId,
    key: &KeyId,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<SpKey, ChangeError> {
    let keys = lives(db, tenant).await?;
    let gone = remove_key(&keys, key)?;
    rows::delete(db, tenant, &gone.id).await?;
    let event = event(tenant, Action::SpKeyRemoved, gone, by, now).with_change(
        "certificate",
        Some(gone.fingerprint.clone()),
        None,
    );
    people::audit(db, &[event]).await?;
    Ok(gone.clone())
}

/// The instant that somebody wrote for a switch: `now`, a date (its beginning), or an instant; in UTC if it names no zone.
#[must_use]
pub fn switch_at(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if text == "now" {
        return Some(now);
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .into_iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    local.or_else(day).map(|at| at.and_utc())
}

/// Whole days until then, rounded down; negative once it has passed.
#[must_use]
pub fn days_left(end: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    end.signed_duration_since(now).num_seconds().div_euclid(SECONDS_OF_DAY)
}

fn event(tenant: &TenantId, action: Action, key: &SpKey, by: Actor, now: DateTime<Utc>) -> AuditEvent {
    AuditEvent::done(tenant, now, by, action, Target::SpKey(key.id.clone()))
}

fn instant(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(|at| at.to_rfc3339())
}

fn read(certificate: &str) -> Result<Certificate, StoreError> {
    Certificate::parse(certificate).map_err(|error| StoreError::corrupt("a certificate of ours", &error))
}

fn bound_to(tenant: &TenantId, id: &KeyId) -> String {
    format!("sp key {tenant} {id}")
}

fn pair(tenant: &TenantId, now: DateTime<Utc>, end: DateTime<Utc>) -> Result<(String, Vec<u8>), ErrorStack> {
    let key = PKey::from_rsa(Rsa::generate(RSA_BITS)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", &format!("SAML service provider {tenant}"))?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let serial = serial.to_asn1_integer()?;
    let from = Asn1Time::from_unix(now.timestamp())?;
    let until = Asn1Time::from_unix(end.timestamp())?;
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
const SECONDS_OF_DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_now_a_day_or_an_instant() {
        let now = DateTime::UNIX_EPOCH;
        let read = |text: &str| switch_at(text, now).map(|at| at.to_rfc3339());
        assert_eq!(switch_at("now", now), Some(now));
        assert_eq!(read("2027-01-31").unwrap(), "2027-01-31T00:00:00+00:00");
        for same in ["2027-01-31T10:30", "2027-01-31T10:30:00", "2027-01-31T11:30:00+01:00"] {
            assert_eq!(read(same).unwrap(), "2027-01-31T10:30:00+00:00", "{same}");
        }
        for none in ["", "tomorrow", "31.1.2027", "2027-02-30", "2027-01-31T25:00"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn days_are_rounded_down_also_after_the_end() {
        let now = DateTime::UNIX_EPOCH;
        let after = |seconds: i64| days_left(DateTime::from_timestamp(seconds, 0).unwrap(), now);
        assert_eq!([after(86_400), after(86_399), after(0), after(-1)], [1, 0, 0, -1]);
    }
}
