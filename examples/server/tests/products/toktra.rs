//! Toktra: single sign-on and provisioning for every organisation; groups are departments.

use example_server::client::{Client, Reply};
use example_server::clock;
use saml_sp::Inbound;
use saml_sp::testing::TestEncryption;
use serde_json::{Value, json};

use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};
use crate::story::{Provider, Tenant, code, nobody, off, session, user_of_okta};

const SCIM: &str = "/v1/scim/v2";
const ALICE: &str = "alice@example.com";
const ABOUT_ALICE: [(&str, &str); 4] =
    [("email", ALICE), ("firstName", "Alice"), ("lastName", "Jones"), ("department", "Research")];

fn two<'a>(server: &'a Server) -> (Tenant<'a>, Tenant<'a>) {
    (Tenant::of(server, "toktra", "acme"), Tenant::of(server, "toktra", "globex"))
}

// TOKTRA-S1
#[test]
fn each_organisation_has_its_own_endpoints_under_one_entity_id() {
    let server = Server::start();
    let (acme, globex) = two(&server);
    let metadata = |tenant: &str| {
        let reply = server.client().get(&format!("/v1/sso/metadata?org_id={tenant}")).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    };
    let entity = format!("entityID=\"{}/v1/sso/metadata\"", server.url);
    for tenant in [&acme, &globex] {
        let xml = metadata(tenant.id);
        assert!(xml.contains(&entity), "{xml}");
        for end in ["acs", "logout"] {
            assert!(xml.contains(&format!("/v1/sso/{end}?org_id={}\"", tenant.id)), "{xml}");
        }
    }
    // Nobody else is served there: not an unknown organisation, not one of another product.
    Tenant::of(&server, "torii", "initech");
    for stranger in ["nobody", "initech", "", "../acme"] {
        for end in ["metadata", "login", "logout?SAMLRequest=x"] {
            let mark = if end.contains('?') { '&' } else { '?' };
            let reply = server.client().get_json(&format!("/v1/sso/{end}{mark}org_id={stranger}")).unwrap();
            assert_eq!((reply.status, code(&reply).as_str()), (404, "request.org_id"), "{end} {stranger}");
        }
    }
}

// TOKTRA-S2
#[test]
fn login_answers_json_and_a_login_that_the_provider_begins_leads_to_the_start() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toktra", "acme");
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let begun = server.client().get_json("/v1/sso/login?org_id=acme&relay_state=/reports").unwrap();
    let url = expect(&begun, 200)["redirect_url"].as_str().unwrap().to_owned();
    let (to, query) = url.split_once('?').unwrap();
    assert_eq!(to, provider.idp.sign_on_url());
    let request = provider.idp.read(&Inbound::RawQuery(query)).unwrap();
    let mut browser = server.client();
    let reply = provider.deliver(&mut browser, &provider.answer(&request, ALICE, &ABOUT_ALICE));
    assert_eq!((reply.status, reply.location()), (303, "/reports"), "{}", reply.body);
    // Nobody asked for this one.
    let mut browser = server.client();
    let answer = provider.unasked(&acme.addresses("sso"), ALICE, &ABOUT_ALICE);
    let reply = provider.deliver(&mut browser, &answer);
    assert_eq!((reply.status, reply.location()), (303, "/"), "{}", reply.body);
    assert_eq!(session(&mut browser)["email"], json!(ALICE));
}

// TOKTRA-S3
#[test]
fn metadata_is_posted_with_a_token_made_for_it() {
    let server = Server::start();
    let (acme, globex) = two(&server);
    let provider = Provider::new("https://idp.example.com");
    let post = |token: &str, tenant: &str, body: &str| {
        let mut client = server.client();
        let bearer = format!("Bearer {token}");
        let url = format!("/v1/sso/config?org_id={tenant}");
        client.send("POST", &url, &[("authorization", &bearer)], body.as_bytes().to_vec()).unwrap()
    };
    let config = acme.token(&["--purpose", "sso-config"]);
    assert_eq!(
        expect(&post(&config, "acme", "<broken"), 400)["error"]["hint"],
        json!("the configuration stays as it was")
    );
    let taken = expect(&post(&config, "acme", &provider.metadata()), 200);
    assert_eq!(taken["idp_entity_id"], json!("https://idp.example.com/metadata"));
    let reply = provider.sign_in(&mut server.client(), &acme.addresses("sso"), ALICE, &ABOUT_ALICE);
    assert_eq!(reply.status, 303, "{}", reply.body);
    // The right is this tenant's and no other's, and a token for provisioning has it nowhere.
    for (token, tenant) in [
        (config.as_str(), "globex"),
        (&acme.token(&[]), "acme"),
        (&globex.token(&["--purpose", "sso-config"]), "acme"),
        ("guess", "acme"),
    ] {
        assert_eq!(post(token, tenant, &provider.metadata()).status, 401, "{tenant}");
    }
    // Another provider is another trust: who has an account must be confirmed first (TEN-10).
    let other = Provider::new("https://other.example.com");
    let taken = expect(&post(&config, "acme", &other.metadata()), 200);
    assert_eq!(
        (&taken["trust_changed"], &taken["persons_to_confirm"]),
        (&json!(["entity_id", "sso_origin"]), &json!(1))
    );
}

// TOKTRA-S4
#[test]
fn the_address_is_demanded_names_are_taken_and_the_department_follows() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toktra", "acme");
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let ours = acme.addresses("sso");
    let mut browser = server.client();
    let request = provider.asked(&mut browser, &ours, "/");
    assert_eq!(
        request.name_id_format.as_deref(),
        Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    );
    let reply = provider.deliver(&mut browser, &provider.answer(&request, ALICE, &ABOUT_ALICE));
    assert_eq!(reply.status, 303, "{}", reply.body);
    let live = session(&mut browser);
    assert_eq!(
        (&live["email"], &live["display_name"], &live["department"]),
        (&json!(ALICE), &json!("Alice Jones"), &json!("Research"))
    );
    // Names and department are optional, the address is not.
    let reply =
        provider.sign_in(&mut server.client(), &ours, "bob@example.com", &[("email", "bob@example.com")]);
    assert_eq!(reply.status, 303, "{}", reply.body);
    let mut answer = provider.unasked(&ours, "carol", &[("firstName", "Carol")]);
    answer.name_id.format = Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned());
    let reply = provider.deliver(&mut server.client(), &answer);
    assert_eq!((reply.status, code(&reply).as_str()), (403, "mapping.missing_attribute"), "{}", reply.body);
}

// TOKTRA-S5
#[test]
fn users_are_provisioned_and_groups_are_departments_that_are_made_and_read() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toktra", "acme");
    let token = acme.token(&[]);
    let mut directory = server.client().with_token(&token);
    let users = format!("{SCIM}/Users");
    let id = create(&mut directory, &users, &user_of_okta(ALICE, "00u1"));
    let at = format!("{users}/{id}");
    assert_eq!(expect(&directory.get(&at).unwrap(), 200)["userName"], json!(ALICE));
    let mut whole = user_of_okta(ALICE, "00u1");
    whole["displayName"] = json!("Alice");
    expect(&directory.scim("PUT", &at, Some(&whole)).unwrap(), 200);
    let title = patch(&json!([{ "op": "add", "path": "title", "value": "Dr" }]));
    assert_eq!(expect(&directory.scim("PATCH", &at, Some(&title)).unwrap(), 200)["title"], json!("Dr"));
    let groups = format!("{SCIM}/Groups");
    let research = create(&mut directory, &groups, &group("Research", &[&id]));
    expect(&directory.get(&format!("{groups}/{research}")).unwrap(), 200);
    assert!(acme.command(&["person", "list", "--tenant", "acme"]).contains("\tResearch\t"), "a department");
    let rename = patch(&json!([{ "op": "replace", "path": "displayName", "value": "Sales" }]));
    for (method, body) in [("PATCH", Some(&rename)), ("PUT", Some(&rename)), ("DELETE", None)] {
        // A connection of its own: the refused body need not be read to its end.
        let mut once = server.client().with_token(&token);
        let reply = once.scim(method, &format!("{groups}/{research}"), body).unwrap();
        expect_scim_error(&reply, 405, None);
    }
    assert_eq!(directory.scim("DELETE", &at, None).unwrap().status, 204);
    expect_scim_error(&directory.get(&at).unwrap(), 404, None);
}

/// Okta's event hook of a tenant.
struct Hook {
    secret: String,
    url: String,
}

impl Hook {
    fn of(tenant: &Tenant<'_>) -> Self {
        let secret = tenant.command(&["hook", "okta", "--tenant", tenant.id]);
        Self { secret, url: format!("/v1/hooks/okta?org_id={}", tenant.id) }
    }

    fn tell(&self, client: &mut Client, event: &Value) -> Reply {
        let body = json!({ "eventType": "com.okta.event_hook", "data": { "events": [event] } });
        let headers = [("authorization", self.secret.as_str()), ("content-type", "application/json")];
        client.send("POST", &self.url, &headers, body.to_string().into_bytes()).unwrap()
    }
}

fn left(event: &str, id: &str, login: &str) -> Value {
    json!({
        "uuid": event, "eventType": "user.lifecycle.deactivate",
        "published": clock::now().to_rfc3339(),
        "target": [{ "id": id, "type": "User", "alternateId": login }],
    })
}

/// Alice, provisioned and signed in.
fn at_work<'a>(server: &'a Server) -> (Tenant<'a>, Provider, Client, Client, String) {
    let acme = Tenant::of(server, "toktra", "acme");
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let mut directory = acme.directory(&[]);
    let id = create(&mut directory, &format!("{SCIM}/Users"), &user_of_okta(ALICE, "00u1"));
    let mut browser = server.client();
    assert_eq!(provider.sign_in(&mut browser, &acme.addresses("sso"), ALICE, &ABOUT_ALICE).status, 303);
    session(&mut browser);
    (acme, provider, directory, browser, id)
}

// TOKTRA-S6
#[test]
fn a_deactivation_by_scim_or_by_the_hook_locks_out_at_once() {
    for by_hook in [false, true] {
        let server = Server::start();
        let (acme, provider, mut directory, mut browser, id) = at_work(&server);
        let hook = Hook::of(&acme);
        let at = format!("{SCIM}/Users/{id}");
        if by_hook {
            let reply = hook.tell(&mut server.client(), &left("e-1", "00u1", ALICE));
            assert_eq!(reply.status, 204, "{}", reply.body);
        } else {
            expect(&directory.scim("PATCH", &at, Some(&off())).unwrap(), 200);
        }
        nobody(&mut browser);
        let reply = provider.sign_in(&mut browser, &acme.addresses("sso"), ALICE, &ABOUT_ALICE);
        assert_eq!((reply.status, code(&reply).as_str()), (403, "login.directory_inactive"));
        assert_eq!(expect(&directory.get(&at).unwrap(), 200)["active"], json!(false));
    }
}

// TOKTRA-B3
#[test]
fn the_hook_is_verified_told_once_and_meets_provisioning_in_any_order() {
    for hook_first in [true, false] {
        let server = Server::start();
        let (acme, provider, mut directory, mut browser, id) = at_work(&server);
        let hook = Hook::of(&acme);
        let at = format!("{SCIM}/Users/{id}");
        // The one-time challenge, echoed where there is a hook and nowhere else.
        let challenge = [("x-okta-verification-challenge", "abc")];
        let echoed = server.client().send("GET", &hook.url, &challenge, Vec::new()).unwrap();
        assert_eq!(expect(&echoed, 200), json!({ "verification": "abc" }));
        let elsewhere =
            server.client().send("GET", "/v1/hooks/okta?org_id=globex", &challenge, Vec::new()).unwrap();
        assert_eq!(elsewhere.status, 404);
        // A guessed secret does nothing.
        let guess = Hook { secret: "0123456789abcdef".to_owned(), url: hook.url.clone() };
        let reply = guess.tell(&mut server.client(), &left("e-1", "00u1", ALICE));
        assert_eq!((reply.status, code(&reply).as_str()), (401, "hook.secret"));
        session(&mut browser);
        let event = left("e-1", "00u1", ALICE);
        let mut steps = [true, false];
        if !hook_first {
            steps.reverse();
        }
        for by_hook in steps {
            if by_hook {
                assert_eq!(hook.tell(&mut server.client(), &event).status, 204);
                assert_eq!(hook.tell(&mut server.client(), &event).status, 204, "told again");
            } else {
                expect(&directory.scim("PATCH", &at, Some(&off())).unwrap(), 200);
            }
            nobody(&mut browser);
        }
        let user = expect(&directory.get(&at).unwrap(), 200);
        assert_eq!(user["active"], json!(false));
        let told = acme.command(&["events", "--tenant", "acme"]);
        let of_alice: Vec<&str> = told.lines().filter(|line| line.contains("prov:deactivate")).collect();
        assert_eq!(of_alice.len(), 1, "one deactivation, however often it is told: {told}");
        // The directory may bring her back, and the old event, told once more, changes nothing.
        let on = patch(&json!([{ "op": "replace", "path": "active", "value": true }]));
        expect(&directory.scim("PATCH", &at, Some(&on)).unwrap(), 200);
        assert_eq!(hook.tell(&mut server.client(), &event).status, 204);
        let mut late = event.clone();
        late["uuid"] = json!("e-2");
        assert_eq!(hook.tell(&mut server.client(), &late).status, 204, "one that came late");
        let reply = provider.sign_in(&mut browser, &acme.addresses("sso"), ALICE, &ABOUT_ALICE);
        assert_eq!(reply.status, 303, "{}", reply.body);
    }
}

// TOKTRA-S7
#[test]
fn a_new_token_is_shown_once_and_ends_the_old_one_at_that_moment() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toktra", "acme");
    let old = acme.token(&[]);
    let users = format!("{SCIM}/Users");
    expect(&server.client().with_token(&old).get(&users).unwrap(), 200);
    let new = acme.token(&[]);
    expect_scim_error(&server.client().with_token(&old).get(&users).unwrap(), 401, None);
    expect(&server.client().with_token(&new).get(&users).unwrap(), 200);
    let list = acme.command(&["token", "list", "--tenant", "acme"]);
    assert_eq!((list.matches("live").count(), list.matches("revoked").count()), (1, 1));
    for secret in [&old, &new] {
        assert!(!list.contains(secret.rsplit('_').nth(1).unwrap()), "shown once");
    }
    assert!(!server.log().contains(&new));
}

/// Two organisations that trust one and the same provider: each wall must hold alone.
struct Walls<'a> {
    acme: Tenant<'a>,
    globex: Tenant<'a>,
    provider: Provider,
}

impl<'a> Walls<'a> {
    fn between(server: &'a Server) -> Self {
        let (acme, globex) = two(server);
        let provider = Provider::new("https://idp.example.com");
        acme.trusts(&provider, "sso");
        globex.trusts(&provider, "sso");
        Self { acme, globex, provider }
    }

    fn refused(&self, browser: &mut Client, answer: &saml_sp::testing::LoginAnswer, expected: &str) {
        let to = self.globex.addresses("sso").acs;
        let reply = self.provider.deliver_to(browser, answer, &to);
        assert_eq!((reply.status, code(&reply).as_str()), (403, expected), "{}", reply.body);
        nobody(browser);
    }
}

// TOKTRA-B2: by the issuer, when all else is right.
#[test]
fn an_assertion_of_another_organisations_provider_is_refused_by_its_issuer() {
    let server = Server::start();
    let walls = Walls::between(&server);
    let stranger = Provider::new("https://other.example.com");
    walls.acme.trusts(&stranger, "sso");
    let answer = stranger.unasked(&walls.globex.addresses("sso"), ALICE, &ABOUT_ALICE);
    let reply = stranger.deliver(&mut server.client(), &answer);
    assert_eq!((reply.status, code(&reply).as_str()), (403, "RSP-05"), "{}", reply.body);
}

// TOKTRA-B2: by the destination, when all else is right.
#[test]
fn an_assertion_for_another_organisation_is_refused_by_its_destination() {
    let server = Server::start();
    let walls = Walls::between(&server);
    let mut answer = walls.provider.unasked(&walls.globex.addresses("sso"), ALICE, &ABOUT_ALICE);
    answer.destination = Some(walls.acme.addresses("sso").acs);
    walls.refused(&mut server.client(), &answer, "RSP-04");
}

// TOKTRA-B2: by the recipient, when all else is right.
#[test]
fn an_assertion_for_another_organisation_is_refused_by_its_recipient() {
    let server = Server::start();
    let walls = Walls::between(&server);
    let mut answer = walls.provider.unasked(&walls.globex.addresses("sso"), ALICE, &ABOUT_ALICE);
    answer.recipient = Some(walls.acme.addresses("sso").acs);
    walls.refused(&mut server.client(), &answer, "ASN-04");
}

// TOKTRA-B2: by the request that it answers, when all else is right.
#[test]
fn an_answer_to_another_organisations_request_is_refused_by_that_request() {
    let server = Server::start();
    let walls = Walls::between(&server);
    let mut browser = server.client();
    let request = walls.provider.asked(&mut browser, &walls.acme.addresses("sso"), "/");
    let mut answer = walls.provider.answer(&request, ALICE, &ABOUT_ALICE);
    let acs = walls.globex.addresses("sso").acs;
    answer.destination = Some(acs.clone());
    answer.recipient = Some(acs);
    walls.refused(&mut browser, &answer, "RSP-06");
}

// TOKTRA-S5: whoever is provisioned keeps the account that a login made (TEN-06).
#[test]
fn someone_who_signed_in_first_is_the_user_that_is_provisioned_later() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toktra", "acme");
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let mut browser = server.client();
    assert_eq!(provider.sign_in(&mut browser, &acme.addresses("sso"), ALICE, &ABOUT_ALICE).status, 303);
    let before = session(&mut browser);
    create(&mut acme.directory(&[]), &format!("{SCIM}/Users"), &user(ALICE));
    assert_eq!(session(&mut browser)["user_id"], before["user_id"]);
}

// TOKTRA-S8, TOKTRA-B1
#[test]
fn our_keys_are_exchanged_while_people_sign_in() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toktra", "acme");
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    // The new key stands beside the old one.
    let certificate = |id: &str| acme.command(&["sp-key", "certificate", "--tenant", "acme", "--id", id]);
    let old = acme.command(&["sp-key", "list", "--tenant", "acme"]);
    let old = certificate(old.split('\t').next().unwrap());
    let new = certificate(&acme.command(&["sp-key", "stage", "--tenant", "acme"]));
    let metadata = server.client().get("/v1/sso/metadata?org_id=acme").unwrap().body;
    let shown: String = metadata.split_whitespace().collect();
    for certificate in [&old, &new] {
        let lines = certificate.lines().filter(|line| !line.starts_with("-----"));
        assert!(shown.contains(&lines.collect::<String>()), "metadata shows both");
    }
    // Whichever of them the provider knows, people get in: nobody has to wait for anybody.
    for certificate in [&old, &new] {
        let mut browser = server.client();
        let request = provider.asked(&mut browser, &acme.addresses("sso"), "/home");
        let mut answer = provider.answer(&request, ALICE, &ABOUT_ALICE);
        answer.encrypt = Some(TestEncryption::new(certificate));
        let reply = provider.deliver(&mut browser, &answer);
        assert_eq!((reply.status, reply.location()), (303, "/home"), "{}", reply.body);
        session(&mut browser);
    }
}
