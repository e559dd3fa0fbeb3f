//! What changed, and who has to look at it.

use super::*;

// MD-10
#[test]
fn each_change_has_its_verdict() {
    let certificate = VerificationKey::parse(CERTIFICATE).unwrap();
    let other = IdentityProvider::from_metadata(SSP.as_bytes()).unwrap().signing_keys()[0].clone();
    let pem = String::from_utf8(certificate.pkey().public_key_to_pem().unwrap()).unwrap();
    let bare = VerificationKey::parse(&pem).unwrap();
    let sso = |address: &str| Endpoint::new(Binding::HttpRedirect, address.parse().unwrap());
    let base = || {
        make("https://idp.example", &[sso("https://idp.example/sso")], &[&certificate])
            .with_single_logout_services(vec![sso("https://idp.example/slo")])
            .with_valid_until(Some(time("2026-03-01T00:00:00Z")))
    };
    let with = |endpoints: &[Endpoint], keys: &[&VerificationKey]| {
        make("https://idp.example", endpoints, keys)
            .with_single_logout_services(vec![sso("https://idp.example/slo")])
            .with_valid_until(Some(time("2026-03-01T00:00:00Z")))
    };
    let here = [sso("https://idp.example/sso")];
    let scope = || vec![Scope { value: "example.com".to_owned(), is_pattern: false }];
    use ChangeVerdict::{NeedsApproval, Safe};
    let answers_elsewhere = {
        let mut endpoint = sso("https://idp.example/slo");
        endpoint.response_location = "https://elsewhere.example/slo".parse().ok();
        endpoint
    };
    for (what, new, verdict, count) in [
        ("nothing", base(), Safe, 0),
        (
            "another name",
            make("https://idp.example/", &here, &[&certificate])
                .with_single_logout_services(vec![sso("https://idp.example/slo")])
                .with_valid_until(Some(time("2026-03-01T00:00:00Z"))),
            NeedsApproval,
            1,
        ),
        ("a key more", with(&here, &[&certificate, &other]), Safe, 1),
        ("other keys", with(&here, &[&other]), NeedsApproval, 1),
        ("the same key in another form", with(&here, &[&bare]), Safe, 1),
        ("an address more", with(&[here[0].clone(), sso("https://idp.example/2")], &[&certificate]), Safe, 1),
        ("another path", with(&[sso("https://IDP.example/2")], &[&certificate]), Safe, 2),
        ("another host", with(&[sso("https://evil.example/sso")], &[&certificate]), NeedsApproval, 2),
        ("another port", with(&[sso("https://idp.example:8443/sso")], &[&certificate]), NeedsApproval, 2),
        ("no TLS", with(&[sso("http://idp.example/sso")], &[&certificate]), NeedsApproval, 2),
        (
            "one host more",
            with(&[here[0].clone(), sso("https://evil.example/sso")], &[&certificate]),
            NeedsApproval,
            1,
        ),
        ("no logout", base().with_single_logout_services(Vec::new()), Safe, 1),
        (
            "logout elsewhere",
            base().with_single_logout_services(vec![sso("https://elsewhere.example/slo")]),
            NeedsApproval,
            2,
        ),
        ("answers elsewhere", base().with_single_logout_services(vec![answers_elsewhere]), NeedsApproval, 2),
        ("valid longer", base().with_valid_until(Some(time("2026-03-01T00:00:01Z"))), Safe, 1),
        ("valid for ever", base().with_valid_until(None), Safe, 1),
        ("valid shorter", base().with_valid_until(Some(time("2026-02-28T23:59:59Z"))), NeedsApproval, 1),
        ("wants signatures", base().with_want_authn_requests_signed(true), Safe, 1),
        ("claims a domain", base().with_scopes(scope(), true), NeedsApproval, 1),
        ("claims it by itself", base().with_scopes(scope(), false), Safe, 0),
        (
            "artifacts too",
            base().with_artifact_resolution_services(vec![ars(0, "https://idp.example/a")]),
            Safe,
            2,
        ),
        (
            "artifacts elsewhere",
            base().with_artifact_resolution_services(vec![ars(0, "https://evil.example/a")]),
            NeedsApproval,
            2,
        ),
        ("another help page", base().with_error_url(Some("https://x".to_owned())), Safe, 1),
        ("another lifetime", base().with_cache_duration(Some("P1D".to_owned())), Safe, 1),
        ("another format", base().with_name_id_formats(vec!["urn:f".to_owned()]), Safe, 1),
    ] {
        let diff = MetadataDiff::between(&base(), &new);
        assert_eq!((diff.verdict(), diff.changes().len()), (verdict, count), "{what}: {diff:?}");
        assert_eq!(diff.is_empty(), count == 0, "{what}");
    }
    let removed = MetadataDiff::between(&with(&here, &[&certificate, &other]), &with(&here, &[&other]));
    assert_eq!(removed.changes(), [MetadataChange::KeyRemoved { fingerprint: certificate.fingerprint() }]);
    assert_eq!(removed.verdict(), Safe);
    let first_end = MetadataDiff::between(&base().with_valid_until(None), &base());
    assert_eq!(first_end.verdict(), NeedsApproval);
    let with_artifacts = |index, address| base().with_artifact_resolution_services(vec![ars(index, address)]);
    let diff = |new| MetadataDiff::between(&with_artifacts(0, "https://ars.example/a"), &new);
    assert_eq!(diff(with_artifacts(0, "https://ars.example/b")).verdict(), Safe, "a host that is known");
    let renumbered = diff(with_artifacts(1, "https://ars.example/a"));
    assert_eq!(renumbered.changes(), [MetadataChange::Detail { what: "artifact indexes" }]);
    assert!(matches!(
        diff(base()).changes(),
        [MetadataChange::EndpointRemoved { service: Service::ArtifactResolution, .. }, _]
    ));
    let fewer = MetadataDiff::between(&base().with_scopes(scope(), true), &base());
    assert_eq!(fewer.verdict(), Safe);
    assert_eq!(fewer.changes().len(), 1);
}

fn make(id: &str, endpoints: &[Endpoint], keys: &[&VerificationKey]) -> IdentityProvider {
    let keys = keys.iter().map(|key| (*key).clone()).collect();
    IdentityProvider::new(id.parse().unwrap(), endpoints.to_vec(), keys).unwrap()
}

fn ars(index: u16, address: &str) -> IndexedEndpoint {
    IndexedEndpoint { binding: Binding::Soap, index, is_default: None, location: address.parse().unwrap() }
}
