//! Captured responses through the whole of a login.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use saml_sp::{
    Certificate, Connection, IdentityProvider, Inbound, KeyPair, KeyRing, LoginOptions, Policy, PrivateKey,
    RequestId, ServiceProvider, Sighting, Unsolicited,
};
use testkit::captures::{self, Capture};

#[test]
fn every_capture_gives_the_login_that_was_recorded() {
    for capture in captures::all() {
        check(&capture);
    }
}

fn check(capture: &Capture) {
    let sp = ServiceProvider::new(capture.sp_entity_id.parse().unwrap(), capture.acs.parse().unwrap())
        .with_keys(KeyRing::new(
            KeyPair::new(
                PrivateKey::from_pem(&captures::sp_key_pem()).unwrap(),
                Certificate::parse(&captures::sp_certificate_pem()).unwrap(),
            )
            .unwrap(),
        ));
    let idp = IdentityProvider::from_metadata(capture.idp_metadata.as_bytes()).unwrap();
    let mut policy = Policy::default();
    policy.unsolicited = Unsolicited::Accept;
    policy.algorithms.danger_allow_sha1 = capture.sha1;
    policy.encryption.danger_allow_unsigned_cbc = true;
    policy.encryption.danger_allow_triple_des = true;
    let connection = Connection::new(&sp, &idp, &policy);
    let pending = capture.request_id.as_ref().map(|id| {
        connection
            .begin_login(LoginOptions::default(), RequestId::parse(id).unwrap(), capture.arrived)
            .unwrap()
            .1
    });
    let body = captures::form_body(&capture.xml, capture.relay_state.as_deref());
    match connection.accept_response(&Inbound::FormBody(&body), pending.as_ref(), capture.arrived) {
        Ok(verified) => {
            let login = verified.admit(Sighting::FirstUse).unwrap();
            assert_eq!(login.subject().unwrap().value, capture.expected.nameid);
        }
        Err(rejection) => panic!("{}: {rejection:?}", capture.name),
    }
}
