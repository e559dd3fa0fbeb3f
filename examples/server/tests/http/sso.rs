//! Logins over HTTP, with the test identity provider of saml-sp in the test itself.

use chrono::{DateTime, TimeDelta, Utc};
use example_server::client::{Client, Reply};
use example_server::clock;
use saml_sp::Inbound;
use saml_sp::testing::{
    LoginAnswer, TestAttribute, TestIdp, TestKey, TestLogoutRequest, TestNameId, TestRequest, forge,
};
use serde_json::json;

use crate::common::{Server, create, expect, user};

/// An identity provider that a tenant trusts.
pub(crate) struct TestProvider {
    pub(crate) idp: TestIdp,
}

impl TestProvider {
    pub(crate) fn for_tenant(server: &Server, tenant: &str) -> Self {
        let provider = Self { idp: TestIdp::well_known("https://idp.example.com").unwrap() };
        provider.configure(server, tenant);
        provider
    }

    fn configure(&self, server: &Server, tenant: &str) {
        let file = server.folder.path().join("idp.xml");
        std::fs::write(&file, self.metadata()).unwrap();
        server.command(&["tenant", "configure-idp", "--id", tenant, "--metadata", file.to_str().unwrap()]);
    }

    fn metadata(&self) -> String {
        self.idp.metadata(clock::now() + TimeDelta::days(1)).unwrap()
    }

    pub(crate) fn answer(&self, request: &TestRequest, email: &str) -> LoginAnswer {
        let mut answer = request.answer(&fresh_id(), "", clock::now());
        answer.name_id = TestNameId::email(email);
        answer.attributes =
            vec![TestAttribute::new("email", &[email]), TestAttribute::new("groups", &["a", "b"])];
        answer
    }

    pub(crate) fn unsolicited(&self, server: &Server, tenant: &str, email: &str) -> LoginAnswer {
        self.unsolicited_at(&server.url, tenant, email)
    }

    /// For a service provider under a public address.
    pub(crate) fn unsolicited_at(&self, url: &str, tenant: &str, email: &str) -> LoginAnswer {
        let entity = format!("{url}/v1/sso/metadata");
        let acs = format!("{url}/v1/sso/acs?org_id={tenant}");
        let mut answer = LoginAnswer::new(&fresh_id(), &entity, &acs, clock::now());
        answer.name_id = TestNameId::email(email);
        answer.attributes = vec![TestAttribute::new("email", &[email])];
        answer
    }

    pub(crate) fn post(
        &self,
        browser: &mut Client,
        answer: &LoginAnswer,
        relay_state: Option<&str>,
    ) -> Reply {
        post_raw(browser, answer.destination.as_deref().unwrap(), self.form(answer, relay_state))
    }

    /// The signed Response as a browser posts it.
    pub(crate) fn form(&self, answer: &LoginAnswer, relay_state: Option<&str>) -> Vec<u8> {
        self.idp.respond(answer).unwrap().form_body(relay_state)
    }
}

/// Begins a login as a browser does; gives the request that arrives at the identity provider.
pub(crate) fn begin(browser: &mut Client, provider: &TestProvider, tenant: &str, path: &str) -> TestRequest {
    let url = format!("/v1/sso/login?org_id={tenant}&relay_state={path}");
    let begun = browser.send("GET", &url, &[("accept", "text/html")], Vec::new()).unwrap();
    assert_eq!(begun.status, 302, "{}", begun.body);
    let (to, query) = begun.location().split_once('?').unwrap();
    assert_eq!(to, provider.idp.sign_on_url());
    provider.idp.read(&Inbound::RawQuery(query)).unwrap()
}

/// A whole login from our side; gives the answer to the Response.
pub(crate) fn sign_in(
    _server: &Server,
    provider: &TestProvider,
    browser: &mut Client,
    tenant: &str,
    email: &str,
) -> Reply {
    let request = begin(browser, provider, tenant, "/home");
    provider.post(browser, &provider.answer(&request, email), request.relay_state.as_deref())
}

pub(crate) fn post_raw(browser: &mut Client, to: &str, body: Vec<u8>) -> Reply {
    browser.send("POST", to, &[("content-type", "application/x-www-form-urlencoded")], body).unwrap()
}

pub(crate) fn fresh_id() -> String {
    example_server::random::uuid().unwrap().simple().to_string()
}

fn code(reply: &Reply) -> String {
    reply.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_login_returns_to_where_it_began_and_shows_who_is_signed_in() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    let reply = sign_in(&server, &provider, &mut browser, "acme", "alice@example.com");
    assert_eq!((reply.status, reply.location()), (303, "/home"), "{}", reply.body);
    let session = expect(&browser.get("/v1/session").unwrap(), 200);
    assert_eq!(session["tenant"], json!("acme"));
    assert_eq!(session["name_id"], json!("alice@example.com"));
    assert_eq!(session["attributes"]["groups"], json!(["a", "b"]));
    assert!(session["user_id"].is_string());
    expect(&server.client().get("/v1/session").unwrap(), 401);
}

// TEN-09, RSP-06, ASN-05
#[test]
fn a_response_works_once() {
    for tenant in [("acme", "standard"), ("globex", "toktra")] {
        let server = Server::start();
        server.command(&["tenant", "create", "--id", tenant.0, "--profile", tenant.1]);
        let provider = TestProvider::for_tenant(&server, tenant.0);
        let mut browser = server.client();
        let request = begin(&mut browser, &provider, tenant.0, "/");
        let answer = provider.answer(&request, "alice@example.com");
        assert_eq!(provider.post(&mut browser, &answer, None).status, 303);
        let mut thief = server.client();
        thief.steal_cookies(&browser);
        let reply = provider.post(&mut thief, &answer, None);
        assert_eq!(reply.status, 403);
        assert!(reply.body.contains("RSP-06") || reply.body.contains("ASN-05"), "{}", reply.body);
    }
    // The one that nobody asked for is remembered by its own id.
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&server, "globex");
    let answer = provider.unsolicited(&server, "globex", "alice@example.com");
    let reply = provider.post(&mut server.client(), &answer, Some("https://evil.example"));
    assert_eq!((reply.status, reply.location()), (303, "/"), "relay state leads nowhere else");
    let mut again = server.client();
    let reply = provider.post(&mut again, &answer, None);
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("ASN-05"), "{}", reply.body);
}

// TEN-01: all tenants of a product share one audience, so each of the other walls must hold.
#[test]
fn an_assertion_for_one_tenant_is_refused_at_every_other() {
    let server = Server::start();
    for tenant in ["a", "b"] {
        server.command(&["tenant", "create", "--id", tenant, "--profile", "toktra"]);
    }
    // Both trust the same provider: issuer, key and audience are the same for both.
    let provider = TestProvider::for_tenant(&server, "a");
    provider.configure(&server, "b");
    let mut answer = provider.unsolicited(&server, "a", "alice@example.com");
    let acs_of_b = format!("{}/v1/sso/acs?org_id=b", server.url);
    let message = provider.idp.respond(&answer).unwrap();
    let reply = post_raw(&mut server.client(), &acs_of_b, message.form_body(None));
    assert_eq!(reply.status, 403, "{}", reply.body);
    // With the right destination the recipient still names the other tenant.
    answer.destination = Some(acs_of_b.clone());
    let reply = provider.post(&mut server.client(), &answer, None);
    assert_eq!(reply.status, 403, "{}", reply.body);
    // A request of a is no request of b.
    let mut browser = server.client();
    let request = begin(&mut browser, &provider, "a", "/");
    let mut answer = provider.answer(&request, "alice@example.com");
    answer.destination = Some(acs_of_b.clone());
    answer.recipient = Some(acs_of_b);
    let reply = provider.post(&mut browser, &answer, None);
    assert_eq!(reply.status, 403, "{}", reply.body);
    expect(&browser.get("/v1/session").unwrap(), 401);
}

#[test]
fn a_tenant_with_another_provider_refuses_by_issuer_and_by_key() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let stranger = TestProvider { idp: TestIdp::well_known("https://other.example.com").unwrap() };
    let imposter = TestProvider { idp: TestIdp::new("https://idp.example.com", TestKey::foreign().unwrap()) };
    for other in [stranger, imposter] {
        let answer = other.unsolicited(&server, "acme", "alice@example.com");
        assert_eq!(other.post(&mut server.client(), &answer, None).status, 403);
    }
    let answer = provider.unsolicited(&server, "acme", "alice@example.com");
    assert_eq!(provider.post(&mut server.client(), &answer, None).status, 303);
}

#[test]
fn every_forgery_is_refused_with_a_code_and_none_is_the_servers_fault() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut tried = 0;
    // Both products accept logins that the provider begins: an answer to no request at all is one.
    for forgery in forge::all().filter(|forgery| forgery.name() != "no-request") {
        let mut browser = server.client();
        let request = begin(&mut browser, &provider, "acme", "/");
        let good = provider.answer(&request, "alice@example.com");
        let Ok(message) = forgery.forge(&provider.idp, &good) else { continue };
        let body = message.form_body(None);
        if body.len() > 2 * 1024 * 1024 {
            continue;
        }
        let to = good.destination.as_deref().unwrap();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
        let reply = browser.send("POST", to, &headers, body.clone()).unwrap();
        tried += 1;
        match forgery.harm() {
            forge::Harm::Refuse => {
                assert_eq!(reply.status, 403, "{}: {}", forgery.name(), reply.body);
                assert!(!code(&reply).is_empty(), "{}", forgery.name());
                expect(&browser.get("/v1/session").unwrap(), 401);
            }
            forge::Harm::RefuseRepeated => {
                let again = browser.send("POST", to, &headers, body).unwrap();
                assert_eq!(again.status, 403, "{}: {}", forgery.name(), again.body);
            }
            forge::Harm::SignedValuesOnly => {
                assert!(matches!(reply.status, 303 | 403), "{}: {}", forgery.name(), reply.body);
                if reply.status == 303 {
                    let session = expect(&browser.get("/v1/session").unwrap(), 200);
                    assert_eq!(session["name_id"], json!("alice@example.com"), "{}", forgery.name());
                }
            }
        }
    }
    assert!(tried > 80, "only {tried} forgeries were tried");
}

// RSP-06: over HTTPS an answer counts only in the browser that asked.
#[test]
fn a_login_is_tied_to_its_browser_when_cookies_are_secure() {
    let server = Server::start_with(&["--secure-cookies"]);
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut attacker = server.client();
    let request = begin(&mut attacker, &provider, "acme", "/");
    let answer = provider.answer(&request, "mallory@example.com");
    let mut victim = server.client();
    let reply = provider.post(&mut victim, &answer, None);
    assert_eq!(reply.status, 403, "{}", reply.body);
    assert!(reply.body.contains("sso.other_browser"), "{}", reply.body);
    expect(&victim.get("/v1/session").unwrap(), 401);
    let reply = provider.post(&mut attacker, &answer, None);
    assert_eq!(reply.status, 303, "the refused try did not use it up");
    let cookie = reply.header("set-cookie").unwrap_or_default();
    assert!(
        cookie.starts_with("__Host-session=") && cookie.contains("; Secure") && cookie.contains("HttpOnly")
    );
}

#[test]
fn a_return_path_stays_on_this_site() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    TestProvider::for_tenant(&server, "acme");
    for path in
        ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)", "/%0d%0ax"]
    {
        let reply =
            server.client().get_json(&format!("/v1/sso/login?org_id=acme&relay_state={path}")).unwrap();
        assert_eq!(reply.status, 400, "{path}: {}", reply.body);
    }
}

// Toktra: the login endpoint answers JSON with `redirect_url`; e-mail is required.
#[test]
fn toktra_answers_json_and_demands_an_address() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&server, "globex");
    let begun = server.client().get("/v1/sso/login?org_id=globex&relay_state=/reports").unwrap();
    let url = expect(&begun, 200)["redirect_url"].as_str().unwrap().to_owned();
    let request = provider.idp.read(&Inbound::RawQuery(url.split_once('?').unwrap().1)).unwrap();
    let mut answer = provider.answer(&request, "alice@example.com");
    answer.name_id = TestNameId::email("alice@example.com");
    let mut browser = server.client();
    let reply = provider.post(&mut browser, &answer, None);
    assert_eq!((reply.status, reply.location()), (303, "/reports"), "{}", reply.body);
}

#[test]
fn an_expired_response_and_an_error_status_are_refused_with_their_code() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&server, "globex");
    let long_ago: DateTime<Utc> = clock::now() - TimeDelta::hours(1);
    let mut answer = provider.unsolicited(&server, "globex", "alice@example.com");
    answer.not_on_or_after = Some(long_ago);
    let to = answer.destination.clone().unwrap();
    let body = provider.idp.respond(&answer).unwrap().form_body(None);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    let reply = server.client().send("POST", &to, &headers, body).unwrap();
    assert_eq!(reply.status, 403);
    assert!(code(&reply).starts_with("ASN-"), "{}", reply.body);
}

// SLO-03, SLO-04
#[test]
fn the_provider_can_end_the_session_and_is_told_so() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let (mut alice, mut bob) = (server.client(), server.client());
    assert_eq!(sign_in(&server, &provider, &mut alice, "acme", "alice@example.com").status, 303);
    assert_eq!(sign_in(&server, &provider, &mut bob, "acme", "bob@example.com").status, 303);
    let to = format!("{}/v1/sso/logout?org_id=acme", server.url);
    let name = TestNameId::email("alice@example.com");
    let order = TestLogoutRequest::new(&format!("_{}", fresh_id()), &to, name, clock::now());
    let message = provider.idp.logout_request(&order).unwrap();
    let forged = TestIdp::new("https://idp.example.com", TestKey::foreign().unwrap());
    let bad = forged.redirect(&message, None).unwrap();
    assert_eq!(server.client().get(&bad).unwrap().status, 403, "not signed by the provider");
    expect(&alice.get("/v1/session").unwrap(), 200);
    // The provider's request comes through any browser, or none of Alice's.
    let good = provider.idp.redirect(&message, Some("xyz")).unwrap();
    let reply = server.client().get(&good).unwrap();
    assert_eq!(reply.status, 302, "{}", reply.body);
    let (to, query) = reply.location().split_once('?').unwrap();
    assert_eq!(to, provider.idp.logout_url());
    let answer = provider.idp.read(&Inbound::RawQuery(query)).unwrap();
    assert_eq!(answer.in_response_to.as_deref(), Some(order.id.as_str()));
    assert_eq!(answer.relay_state.as_deref(), Some("xyz"));
    expect(&alice.get("/v1/session").unwrap(), 401);
    expect(&bob.get("/v1/session").unwrap(), 200);
}

// SLO-06
#[test]
fn a_logout_that_overtakes_its_login_wins_and_ends_no_later_one() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    let request = begin(&mut browser, &provider, "acme", "/");
    let mut late = provider.answer(&request, "alice@example.com");
    late.session_index = Some("s-1".to_owned());
    let to = format!("{}/v1/sso/logout?org_id=acme", server.url);
    let name = TestNameId::email("alice@example.com");
    let mut order = TestLogoutRequest::new(&format!("_{}", fresh_id()), &to, name, clock::now());
    order.session_indexes = vec!["s-1".to_owned()];
    let message = provider.idp.logout_request(&order).unwrap();
    let reply = server.client().get(&provider.idp.redirect(&message, None).unwrap()).unwrap();
    assert_eq!(reply.status, 302, "{}", reply.body);
    let reply = provider.post(&mut browser, &late, None);
    assert_eq!(reply.status, 403, "{}", reply.body);
    assert!(reply.body.contains("SLO-06"), "{}", reply.body);
    expect(&browser.get("/v1/session").unwrap(), 401);
    // Another session of hers is none of its business.
    let request = begin(&mut browser, &provider, "acme", "/");
    let mut next = provider.answer(&request, "alice@example.com");
    next.session_index = Some("s-2".to_owned());
    assert_eq!(provider.post(&mut browser, &next, None).status, 303);
}

// SLO-09
#[test]
fn signing_out_ends_the_session_here_before_the_provider_is_asked() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    let mut copy = server.client();
    copy.steal_cookies(&browser);
    let reply = browser.get("/v1/sso/logout?org_id=acme").unwrap();
    assert_eq!(reply.status, 302);
    assert!(reply.location().starts_with(provider.idp.logout_url()));
    expect(&copy.get("/v1/session").unwrap(), 401);
}

// TEN-10
#[test]
fn who_the_provider_is_needs_a_right_of_its_own() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    server.command(&["tenant", "create", "--id", "other", "--profile", "toktra"]);
    let scim = server.command(&["token", "issue", "--tenant", "globex"]);
    let admin = server.command(&["token", "issue", "--tenant", "globex", "--purpose", "sso-config"]);
    let foreign = server.command(&["token", "issue", "--tenant", "other", "--purpose", "sso-config"]);
    let provider = TestProvider { idp: TestIdp::well_known("https://idp.example.com").unwrap() };
    let post = |token: &str, xml: &str| {
        let mut client = server.client().with_token(token);
        client.send("POST", "/v1/sso/config?org_id=globex", &[], xml.as_bytes().to_vec()).unwrap()
    };
    for token in [scim.as_str(), foreign.as_str(), ""] {
        expect(&post(token, &provider.metadata()), 401);
    }
    let done = expect(&post(&admin, &provider.metadata()), 200);
    assert_eq!(done["idp_entity_id"], json!(provider.idp.entity_id()));
    let broken = expect(&post(&admin, "<EntityDescriptor/>"), 400);
    assert!(broken["error"]["code"].as_str().is_some_and(|code| code.starts_with("MD-")), "{broken}");
    let answer = provider.unsolicited(&server, "globex", "alice@example.com");
    assert_eq!(provider.post(&mut server.client(), &answer, None).status, 303, "the old configuration stays");
    // And this token opens nothing else.
    assert_eq!(server.client().with_token(&admin).get("/scim/v2/Users").unwrap().status, 401);
}

// TEN-10: another provider under the same roof must not inherit people's accounts.
#[test]
fn with_another_trust_people_keep_out_until_someone_approves() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    let taken_over =
        TestProvider { idp: TestIdp::new("https://idp.example.com", TestKey::foreign().unwrap()) };
    taken_over.configure(&server, "acme");
    let reply = sign_in(&server, &taken_over, &mut browser, "acme", "alice@example.com");
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("login.generation_changed"), "{}", reply.body);
    let file = server.folder.path().join("idp.xml");
    let file = file.to_str().unwrap();
    server.command(&["tenant", "configure-idp", "--id", "acme", "--metadata", file, "--keep-links"]);
    assert_eq!(sign_in(&server, &taken_over, &mut browser, "acme", "alice@example.com").status, 303);
}

#[test]
fn our_metadata_names_the_tenants_addresses_and_its_key() {
    let server = Server::start();
    for tenant in ["a", "b"] {
        server.command(&["tenant", "create", "--id", tenant, "--profile", "standard"]);
    }
    let read = |tenant: &str| {
        let reply = server.client().get(&format!("/v1/sso/metadata?org_id={tenant}")).unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/samlmetadata+xml"));
        reply.body
    };
    let (a, b) = (read("a"), read("b"));
    assert!(a.contains(&format!("{}/v1/sso/acs?org_id=a", server.url)), "{a}");
    assert!(a.contains("X509Certificate"));
    assert!(!b.contains("org_id=a"));
    let certificate = |xml: &str| xml.split("X509Certificate>").nth(1).unwrap_or_default().to_owned();
    assert_ne!(certificate(&a), certificate(&b), "each tenant has a key of its own");
}
