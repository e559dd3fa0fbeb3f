//! Single rules of the standard that no other test shows.

use serde_json::json;
use tenant_model::{AttrName, PageSizes};

use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};

// M16
#[test]
fn a_put_to_an_id_that_does_not_exist_makes_nothing() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    for (path, body) in [("Users/mine", user("alice@example.com")), ("Groups/mine", group("Team", &[]))] {
        let path = format!("/scim/v2/{path}");
        expect_scim_error(&directory.scim("PUT", &path, Some(&body)).unwrap(), 404, None);
        expect_scim_error(&directory.get(&path).unwrap(), 404, None);
    }
    assert_eq!(expect(&directory.get("/scim/v2").unwrap(), 200)["totalResults"], json!(0));
}

// M21
#[test]
fn personal_data_in_a_url_is_refused_where_the_product_says_so() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let by_name = "/scim/v2/Users?filter=userName%20eq%20%22alice%40example.com%22";
    assert_eq!(expect(&directory.get(by_name).unwrap(), 200)["totalResults"], json!(1), "by default it may");
    server.edit_connection("acme", |connection| {
        connection.capabilities.sensitive = vec![AttrName::parse("userName").unwrap()];
    });
    expect_scim_error(&directory.get(by_name).unwrap(), 403, Some("sensitive"));
    expect_scim_error(&directory.get(&by_name.replace("/Users", "")).unwrap(), 403, Some("sensitive"));
    assert_eq!(directory.get("/scim/v2/Users?filter=active%20eq%20true").unwrap().status, 200);
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName eq \"alice@example.com\"" });
    let found = expect(&directory.scim("POST", "/scim/v2/Users/.search", Some(&search)).unwrap(), 200);
    assert_eq!(found["totalResults"], json!(1), "a body is in no log");
}

// M22
#[test]
fn another_version_of_the_protocol_is_refused_by_name() {
    let server = Server::start();
    for path in ["/scim/v1/Users", "/v1/scim/v3/Groups", "/scim/v2.1/Users"] {
        expect_scim_error(&server.client().get(path).unwrap(), 400, Some("invalidVers"));
    }
    assert_eq!(server.client().get("/scim/version/Users").unwrap().status, 404);
    assert_eq!(server.client().get("/scim/v2/Users").unwrap().status, 401);
}

// M33
#[test]
fn logs_hold_neither_tokens_nor_filter_values() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let mut directory = server.client().with_token(&token);
    let id = create(&mut directory, "/scim/v2/Users", &user("alice.secret@example.com"));
    for path in
        ["Users?filter=userName%20eq%20%22alice.secret%40example.com%22", "Users?filter=alice.secret%20eq%20"]
    {
        directory.get(&format!("/scim/v2/{path}")).unwrap();
    }
    let rename = patch(&json!([{ "op": "replace", "path": "password", "value": "t1meMa$heen" }]));
    directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&rename)).unwrap();
    let wrong = token.replacen("scim_", "scin_", 1);
    assert_eq!(server.client().with_token(&wrong).get("/scim/v2/Users").unwrap().status, 401);
    let log = server.log();
    assert!(log.contains("/scim/v2/Users"), "requests are logged:\n{log}");
    for secret in [token.as_str(), wrong.as_str(), "alice", "t1meMa$heen"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

// M39
#[test]
fn an_answer_never_holds_more_than_max_results() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    server.edit_connection("acme", |connection| connection.capabilities.page = PageSizes::new(2, 3).unwrap());
    for number in 0..5 {
        create(&mut directory, "/scim/v2/Users", &user(&format!("user{number}@example.com")));
    }
    let config = expect(&directory.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    assert_eq!(config["filter"]["maxResults"], json!(3));
    for (query, items) in
        [("", 2), ("?count=5", 3), ("?count=1000000", 3), ("?count=5&cursor=", 3), ("?count=3", 3)]
    {
        for base in ["/scim/v2/Users", "/scim/v2"] {
            let page = expect(&directory.get(&format!("{base}{query}")).unwrap(), 200);
            assert_eq!(page["Resources"].as_array().unwrap().len(), items, "{base}{query}");
            assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(5), &json!(items)));
        }
    }
}

// M51
#[test]
fn nobody_is_answered_later_who_prefers_to_be() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let headers = [("prefer", "respond-async"), ("content-type", "application/scim+json")];
    let body = user("alice@example.com").to_string().into_bytes();
    let reply = directory.send("POST", "/scim/v2/Users", &headers, body).unwrap();
    expect(&reply, 201);
    assert_eq!((reply.header("set-txn"), reply.header("preference-applied")), (None, None));
    let config = expect(&directory.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    assert!(config.get("securityEvents").is_none());
}

// F35
#[test]
fn a_filter_is_decoded_exactly_once() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    for name in ["100%25@example.com", "a+b@example.com", "a b@example.com"] {
        create(&mut directory, "/scim/v2/Users", &user(name));
    }
    for (value, name) in [
        ("100%2525%40example.com", "100%25@example.com"),
        ("a%2Bb%40example.com", "a+b@example.com"),
        ("a+b%40example.com", "a b@example.com"),
        ("a%20b@example.com", "a b@example.com"),
    ] {
        let found = directory.get(&format!("/scim/v2/Users?filter=userName%20eq%20%22{value}%22")).unwrap();
        let found = expect(&found, 200);
        assert_eq!(found["Resources"][0]["userName"], json!(name), "{value}");
        assert_eq!(found["totalResults"], json!(1));
    }
}

// M09: proven by taking the table of members away.
#[test]
fn who_does_not_ask_for_members_makes_nobody_read_them() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[&alice]));
    let path = format!("/scim/v2/Groups/{team}");
    server.execute("DROP TABLE group_members");
    for query in ["excludedAttributes=members", "attributes=displayName", "attributes=id,externalId"] {
        assert_eq!(directory.get(&format!("{path}?{query}")).unwrap().status, 200, "{query}");
        assert_eq!(directory.get(&format!("/scim/v2/Groups?{query}")).unwrap().status, 200, "{query}");
        let filter = "filter=displayName%20eq%20%22Team%22";
        assert_eq!(
            directory.get(&format!("/scim/v2/Groups?{query}&{filter}")).unwrap().status,
            200,
            "{query}"
        );
    }
    let rename = patch(&json!([{ "op": "replace", "path": "externalId", "value": "x" }]));
    assert_eq!(directory.scim("PATCH", &path, Some(&rename)).unwrap().status, 204);
    assert_eq!(directory.get("/scim/v2/Users?excludedAttributes=groups").unwrap().status, 200);
    assert_eq!(directory.get(&path).unwrap().status, 500, "and this one asks");
}
