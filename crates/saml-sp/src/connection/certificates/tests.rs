use super::*;
use crate::{Binding, Endpoint, KeyPair, KeyRing, Policy, PrivateKey, ServiceProvider};

const KEY: &str = include_str!("../../../../../testdata/saml/captures/keys/sp.key");
const CERTIFICATE: &str = include_str!("../../../../../testdata/saml/captures/keys/sp.crt");
const SSP: &str = include_str!("../../../../../testdata/saml/captures/ssp/idp-metadata.xml");

// SIG-08, SIG-09, MD-10
#[test]
fn each_key_of_the_identity_provider_has_its_days_and_its_standing() {
    let ours = VerificationKey::parse(CERTIFICATE).unwrap();
    let theirs = IdentityProvider::from_metadata(SSP.as_bytes()).unwrap().signing_keys()[0].clone();
    let (stored, rolling, rolled) = (idp(&[&theirs]), idp(&[&theirs, &ours]), idp(&[&ours]));
    let sp = ServiceProvider::new("https://sp".parse().unwrap(), "https://sp/acs".parse().unwrap());
    let policy = Policy::default();
    let end = theirs.certificate().unwrap().not_after();
    let report = |stored: &IdentityProvider, fresh: Option<&IdentityProvider>, last: &VerificationKey| {
        let fingerprint = last.fingerprint();
        let mut review = CertificateReview::new(end - chrono::TimeDelta::hours(49));
        review.last_verified = Some(&fingerprint);
        review.fresh = fresh;
        let report = Connection::new(&sp, stored, &policy).certificates(&review);
        assert_eq!(report.sp, []);
        report
    };
    let plain = report(&stored, None, &theirs);
    let [one] = plain.idp.as_slice() else { panic!("one key") };
    assert_eq!((one.standing, one.verified_last, one.days_left), (KeyStanding::Stored, true, Some(2)));
    assert_eq!((one.not_after, plain.idp_days_left()), (Some(end), Some(2)));
    assert_eq!(one.fingerprint, theirs.fingerprint());

    let standings = |report: &CertificateReport| {
        report.idp.iter().map(|one| (one.standing, one.verified_last)).collect::<Vec<_>>()
    };
    let began = report(&stored, Some(&rolling), &theirs);
    assert_eq!(standings(&began), [(KeyStanding::Stored, true), (KeyStanding::OnlyInFresh, false)]);
    assert_eq!(began.idp_days_left(), Some(2), "what isn't stored doesn't count");
    let ended = report(&rolling, Some(&rolled), &ours);
    assert_eq!(standings(&ended), [(KeyStanding::GoneFromFresh, false), (KeyStanding::Stored, true)]);

    let review = CertificateReview::new(end + chrono::TimeDelta::seconds(1));
    let late = Connection::new(&sp, &stored, &policy).certificates(&review);
    assert_eq!(late.idp_days_left(), Some(-1));
    let bare = idp(&[&VerificationKey::parse(&public(&ours)).unwrap()]);
    let report = Connection::new(&sp, &bare, &policy).certificates(&review);
    assert_eq!((report.idp_days_left(), &report.idp[0].subject), (None, &None));
}

// MD-09, ENC-05
#[test]
fn our_certificates_tell_when_they_begin_and_cease_to_sign() {
    let pair = || {
        KeyPair::new(PrivateKey::from_pem(KEY).unwrap(), Certificate::parse(CERTIFICATE).unwrap()).unwrap()
    };
    let switch: DateTime<Utc> = "2026-02-01T00:00:00Z".parse().unwrap();
    let ring = KeyRing::new(pair()).with_next(pair(), Some(switch)).with_retired(pair());
    let before = switch - chrono::TimeDelta::seconds(1);
    assert!(ring.switched(before).is_none());
    let switched = ring.switched(switch).unwrap();
    assert_eq!(
        switched.stages().map(|(stage, _)| stage).collect::<Vec<_>>(),
        [KeyStage::Current, KeyStage::Retired, KeyStage::Retired]
    );
    assert_eq!((switched.switches_at(), switched.switched(switch).is_none()), (None, true));
    assert!(KeyRing::new(pair()).with_next(pair(), None).switched(switch).is_none());

    let sp = ServiceProvider::new("https://sp".parse().unwrap(), "https://sp/acs".parse().unwrap())
        .with_keys(ring);
    let idp = idp(&[&VerificationKey::parse(CERTIFICATE).unwrap()]);
    let policy = Policy::default();
    let report = |now| {
        let report = Connection::new(&sp, &idp, &policy).certificates(&CertificateReview::new(now));
        report.sp.iter().map(|one| (one.stage, one.signs, one.switches_at)).collect::<Vec<_>>()
    };
    assert_eq!(
        report(before),
        [
            (KeyStage::Current, true, Some(switch)),
            (KeyStage::Next, false, Some(switch)),
            (KeyStage::Retired, false, None)
        ]
    );
    assert_eq!(
        report(switch),
        [(KeyStage::Current, false, None), (KeyStage::Next, true, None), (KeyStage::Retired, false, None)]
    );
}

fn idp(keys: &[&VerificationKey]) -> IdentityProvider {
    IdentityProvider::new(
        "https://idp.example".parse().unwrap(),
        vec![Endpoint::new(Binding::HttpPost, "https://idp.example/sso".parse().unwrap())],
        keys.iter().map(|key| (*key).clone()).collect(),
    )
    .unwrap()
}

fn public(key: &VerificationKey) -> String {
    String::from_utf8(key.pkey().public_key_to_pem().unwrap()).unwrap()
}
