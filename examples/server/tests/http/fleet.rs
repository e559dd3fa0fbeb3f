//! Several servers on one database are one: what is begun, used up or revoked on one is so on the others.

use example_server::client::{Client, Reply};
use saml_sp::testing::LoginAnswer;
use serde_json::json;

use crate::common::{Server, create, expect, expect_scim_error, patch, user};
use crate::sso::{TestProvider, begin, post_raw};

/// The address that the load balancer before all of them has.
pub(crate) const PUBLIC: &str = "http://sp.example.com";

/// Two servers on one database.
pub(crate) fn two(options: &[&str]) -> (Server, Server) {
    let options = [&["--public-url", PUBLIC], options].concat();
    let first = Server::start_with(&options);
    let second = first.start_beside(&options);
    (first, second)
}

/// Posts a form to the server of the client, as the load balancer hands it on.
pub(crate) fn deliver(browser: &mut Client, answer: &LoginAnswer, form: Vec<u8>) -> Reply {
    let to = answer.destination.as_deref().and_then(|to| to.strip_prefix(PUBLIC)).unwrap();
    post_raw(browser, to, form)
}

/// Makes a tenant; gives a token for it.
pub(crate) fn tenant(server: &Server, id: &str, profile: &str) -> String {
    server.command(&["tenant", "create", "--id", id, "--profile", profile]);
    server.command(&["token", "issue", "--tenant", id])
}

/// The same browser, at another server.
fn same(browser: &Client, server: &Server) -> Client {
    let mut there = server.client();
    there.steal_cookies(browser);
    there
}

#[test]
fn a_login_begun_on_one_server_ends_on_the_other_and_both_know_the_session() {
    // Over HTTPS, so that the login is tied to its browser across servers too.
    let (first, second) = two(&["--secure-cookies"]);
    first.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&first, "acme");
    let mut browser = first.client();
    let request = begin(&mut browser, &provider, "acme", "/home");
    let answer = provider.answer(&request, "alice@example.com");
    let form = provider.form(&answer, request.relay_state.as_deref());
    let stranger = deliver(&mut second.client(), &answer, form.clone());
    assert_eq!(stranger.status, 403, "another browser: {}", stranger.body);
    let mut browser = same(&browser, &second);
    let reply = deliver(&mut browser, &answer, form);
    assert_eq!((reply.status, reply.location()), (303, "/home"), "{}", reply.body);
    for server in [&first, &second] {
        let seen = expect(&same(&browser, server).get("/v1/session").unwrap(), 200);
        assert_eq!(seen["name_id"], json!("alice@example.com"));
    }
    let mut leaving = same(&browser, &first);
    assert!(leaving.get("/v1/sso/logout?org_id=acme").unwrap().status < 400);
    assert_eq!(browser.get("/v1/session").unwrap().status, 401, "signed out on the other one");
}

// TEN-09, ASN-05, RSP-06
#[test]
fn a_response_used_on_one_server_is_a_replay_on_the_other() {
    let (first, second) = two(&[]);
    first.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&first, "globex");
    let mut browser = first.client();
    let request = begin(&mut browser, &provider, "globex", "/");
    for answer in [
        provider.answer(&request, "alice@example.com"),
        provider.unsolicited_at(PUBLIC, "globex", "bob@example.com"),
    ] {
        let form = provider.form(&answer, None);
        assert_eq!(deliver(&mut browser, &answer, form.clone()).status, 303);
        let again = deliver(&mut same(&browser, &second), &answer, form);
        assert_eq!(again.status, 403);
        assert!(again.body.contains("RSP-06") || again.body.contains("ASN-05"), "{}", again.body);
    }
}

// TOK-05
#[test]
fn a_token_revoked_beside_one_server_is_refused_on_both_at_once() {
    let (first, second) = two(&[]);
    let token = tenant(&first, "acme", "standard");
    let mut here = first.client().with_token(&token);
    let mut there = second.client().with_token(&token);
    create(&mut here, "/scim/v2/Users", &user("alice@example.com"));
    let page = expect(&there.get("/scim/v2/Users?count=1&cursor=").unwrap(), 200);
    assert_eq!(page["totalResults"], json!(1));
    first.command(&["token", "revoke", &token]);
    for directory in [&mut here, &mut there] {
        expect_scim_error(&directory.get("/scim/v2/Users").unwrap(), 401, None);
    }
}

#[test]
fn a_cursor_of_one_server_opens_on_the_other() {
    let (first, second) = two(&[]);
    let token = tenant(&first, "acme", "standard");
    let mut here = first.client().with_token(&token);
    let mut there = second.client().with_token(&token);
    for name in ["a@example.com", "b@example.com", "c@example.com"] {
        create(&mut here, "/scim/v2/Users", &user(name));
    }
    let page = expect(&here.get("/scim/v2/Users?count=2&cursor=").unwrap(), 200);
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = expect(&there.get(&format!("/scim/v2/Users?count=2&cursor={cursor}")).unwrap(), 200);
    assert_eq!(rest["Resources"][0]["userName"], json!("c@example.com"));
}

// TEN-15
#[test]
fn someone_deactivated_on_one_server_has_no_session_on_either_even_when_let_in_again() {
    let (first, second) = two(&[]);
    let mut directory = second.directory("globex", "toktra");
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let provider = TestProvider::for_tenant(&first, "globex");
    let mut browsers = Vec::new();
    for server in [&first, &second] {
        let answer = provider.unsolicited_at(PUBLIC, "globex", "alice@example.com");
        let mut browser = server.client();
        assert_eq!(deliver(&mut browser, &answer, provider.form(&answer, None)).status, 303);
        browsers.push(browser);
    }
    for active in [false, true] {
        let change = patch(&json!([{ "op": "replace", "path": "active", "value": active }]));
        expect(&directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&change)).unwrap(), 200);
        for browser in &browsers {
            for server in [&first, &second] {
                let reply = same(browser, server).get("/v1/session").unwrap();
                assert_eq!(reply.status, 401, "active: {active}: {}", reply.body);
            }
        }
    }
}
