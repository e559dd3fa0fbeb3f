//! What the directory says of a person counts at the next request.

use saml_sp::testing::TestAttribute;
use serde_json::{Value, json};

use crate::common::{Server, create, expect, patch, user};
use crate::sso::{TestProvider, begin, sign_in};

fn signed_in_alice()
-> (Server, TestProvider, example_server::client::Client, String, example_server::client::Client) {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    assert_eq!(browser.get("/v1/session").unwrap().status, 200);
    (server, provider, browser, id, directory)
}

// TEN-15
#[test]
fn every_way_of_deactivation_ends_the_session_at_its_next_request() {
    let ways: [(&str, Option<Value>); 4] = [
        ("PATCH", Some(patch(&json!([{ "op": "replace", "path": "active", "value": false }])))),
        ("PATCH", Some(patch(&json!([{ "op": "Replace", "value": { "active": "False" } }])))),
        (
            "PUT",
            Some(json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "alice@example.com", "active": false })),
        ),
        ("DELETE", None),
    ];
    for (method, body) in ways {
        let (_server, _provider, mut browser, id, mut directory) = signed_in_alice();
        let reply = directory.scim(method, &format!("/scim/v2/Users/{id}"), body.as_ref()).unwrap();
        assert!(matches!(reply.status, 200 | 204), "{method}: {}", reply.body);
        let gone = expect(&browser.get("/v1/session").unwrap(), 401);
        assert_eq!(gone["error"]["code"], json!("session.none"), "{method}");
    }
}

// TEN-14
#[test]
fn whoever_the_directory_switched_off_or_removed_cannot_sign_in() {
    for method in ["PATCH", "DELETE"] {
        let (server, provider, mut browser, id, mut directory) = signed_in_alice();
        let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
        let body = if method == "PATCH" { Some(&off) } else { None };
        directory.scim(method, &format!("/scim/v2/Users/{id}"), body).unwrap();
        let reply = sign_in(&server, &provider, &mut browser, "acme", "alice@example.com");
        assert_eq!(reply.status, 403, "{method}: a good assertion changes nothing");
        assert!(reply.body.contains("<code>login."), "{}", reply.body);
        assert_eq!(browser.get("/v1/session").unwrap().status, 401);
    }
}

// TEN-20
#[test]
fn a_post_for_someone_switched_off_brings_the_same_user_back() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut alice = user("alice@example.com");
    alice["externalId"] = json!("00u1");
    let id = create(&mut directory, "/scim/v2/Users", &alice);
    let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
    expect(&directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&off)).unwrap(), 200);
    let back = expect(&directory.scim("POST", "/scim/v2/Users", Some(&alice)).unwrap(), 201);
    assert_eq!((&back["id"], &back["active"]), (&json!(id), &json!(true)));
    let again = directory.scim("POST", "/scim/v2/Users", Some(&alice)).unwrap();
    crate::common::expect_scim_error(&again, 409, Some("uniqueness"));
}

// TEN-06: in whichever order they come, login and SCIM user are one account.
#[test]
fn someone_who_signed_in_first_is_adopted_by_the_directory_later() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "bob@example.com").status, 303);
    let before = expect(&browser.get("/v1/session").unwrap(), 200);
    let mut bob = user("bob@example.com");
    bob["displayName"] = json!("Bob of the directory");
    let id = create(&mut directory, "/scim/v2/Users", &bob);
    let after = expect(&browser.get("/v1/session").unwrap(), 200);
    assert_eq!(after["user_id"], before["user_id"], "one person");
    assert_eq!(after["display_name"], json!("Bob of the directory"), "the directory outranks the login");
    expect(&directory.scim("DELETE", &format!("/scim/v2/Users/{id}"), None).unwrap(), 204);
    expect(&browser.get("/v1/session").unwrap(), 401);
}

// Toktra: groups are departments.
#[test]
fn the_group_of_a_toktra_user_is_the_department_of_the_account() {
    let server = Server::start();
    let mut directory = server.directory("globex", "toktra");
    let id = create(&mut directory, "/v1/scim/v2/Users", &user("alice@example.com"));
    let provider = TestProvider::for_tenant(&server, "globex");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "globex", "alice@example.com").status, 303);
    assert_eq!(expect(&browser.get("/v1/session").unwrap(), 200)["department"], Value::Null);
    create(&mut directory, "/v1/scim/v2/Groups", &crate::common::group("Research", &[&id]));
    assert_eq!(expect(&browser.get("/v1/session").unwrap(), 200)["department"], json!("Research"));
}

// TOK-09: as deactivation does.
#[test]
fn a_login_that_takes_the_admin_role_away_notes_that_the_owner_of_tokens_left() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    server.edit_saml("acme", |connection| {
        let rule = json!({ "equals": { "from": "groups", "value": "bosses", "grant": "admin" } });
        let roles = &mut connection.mapping.roles;
        *roles = roles.with_rule(serde_json::from_value(rule).unwrap()).unwrap();
    });
    let login = |name: &str, groups: &[&str]| {
        let mut browser = server.client();
        let request = begin(&mut browser, &provider, "acme", "/");
        let mut answer = provider.answer(&request, name);
        answer.attributes = vec![TestAttribute::new("email", &[name]), TestAttribute::new("groups", groups)];
        let reply = provider.post(&mut browser, &answer, None);
        assert_eq!(reply.status, 303, "{}", reply.body);
    };
    for name in ["alice@example.com", "bob@example.com"] {
        login(name, &["bosses", "staff"]);
    }
    for (name, owner) in [("hers", "alice@example.com"), ("his", "bob@example.com")] {
        server.command(&["token", "issue", "--tenant", "acme", "--name", name, "--owner", owner]);
    }
    let left = || {
        let list = server.command(&["token", "list", "--tenant", "acme"]);
        let has_left = |name: &str| {
            let line = list.lines().find(|line| line.split('\t').any(|field| field == name)).unwrap();
            line.contains("\towner-left\t")
        };
        (has_left("hers"), has_left("his"))
    };
    login("alice@example.com", &["staff", "bosses"]);
    assert_eq!(left(), (false, false), "she is an admin still");
    login("alice@example.com", &["staff"]);
    assert_eq!(left(), (true, false));
    let orphans = server.command(&["reminders", "--tenant", "acme"]);
    assert_eq!(orphans.matches("orphaned_token").count(), 1, "{orphans}");
}
