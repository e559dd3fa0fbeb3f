//! Deviations of clients: understood where the connection says so, and remembered.

use example_server::client::Client;
use serde_json::{Value, json};
use tenant_model::{PatchAnswer, QuirkPreset, UnknownSort};

use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};

fn bulk(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

/// What the command says of a tenant: connection, deviation and count.
fn seen(server: &Server, tenant: &str) -> Vec<(String, u64)> {
    let text = server.command(&["quirks", "--tenant", tenant]);
    text.lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!((fields[0], fields.len()), ("scim", 5), "{line}");
            assert!(fields[3] <= fields[4], "{line}");
            (fields[1].to_owned(), fields[2].parse().unwrap())
        })
        .collect()
}

// P38, F08
#[test]
fn what_a_client_needs_beyond_the_standard_is_understood_by_option_and_remembered() {
    let mut server = Server::start();
    let mut directory = server.directory("acme", "standard");
    server.edit_connection("acme", |connection| connection.capabilities.bulk = true);
    let mut body = user("alice@example.com");
    body["active"] = json!("False");
    body["name"] = json!({ "givenName": "", "familyName": "A" });
    body["nickName"] = json!("");
    let id = create(&mut directory, "/scim/v2/Users", &body);
    let path = format!("/scim/v2/Users/{id}");
    let read = expect(&directory.get(&path).unwrap(), 200);
    assert_eq!((&read["active"], &read["name"]), (&json!(false), &json!({ "familyName": "A" })));
    assert!(read.get("nickName").is_none());
    let change =
        patch(&json!([{ "op": "Replace", "value": { "name.givenName": "Alice", "active": "True" } }]));
    expect(&directory.scim("PATCH", &path, Some(&change)).unwrap(), 200);
    for filter in
        ["userName%20eq%20'alice%40example.com'", "active%20eq%20%22True%22", "meta.resourceType%20eq%20User"]
    {
        let found = expect(&directory.get(&format!("/scim/v2/Users?filter={filter}")).unwrap(), 200);
        assert_eq!(found["totalResults"], json!(1), "{filter}");
    }
    let bare = bulk(&json!([
        { "method": "PATCH", "path": format!("/Users/{id}"),
          "data": [{ "op": "add", "path": "title", "value": "Chief" }] },
        { "method": "PATCH", "path": format!("/Users/{id}"),
          "data": { "Operations": [{ "op": "add", "path": "locale", "value": "en" }] } },
        { "method": "PATCH", "path": format!("/Users/{id}"), "data": { "op": "add", "path": "timezone", "value": "UTC" } },
    ]));
    let done = expect(&directory.scim("POST", "/scim/v2/Bulk", Some(&bare)).unwrap(), 200);
    for result in done["Operations"].as_array().unwrap() {
        assert_eq!(result["status"], json!("200"), "{done}");
    }
    // A stopping server writes what waited.
    assert_eq!(server.terminate(), Some(0));
    let seen = seen(&server, "acme");
    for (quirk, uses) in [
        ("bare_operations", 1),
        ("empty_clears", 2),
        ("loose_filters", 2),
        ("message_schemas", 2),
        ("path_keys", 1),
        ("string_booleans", 2),
        ("string_booleans_in_filter", 1),
    ] {
        assert!(seen.contains(&(quirk.to_owned(), uses)), "{quirk}: {seen:?}");
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

// P38
#[test]
fn a_strict_connection_understands_none_of_it_and_nothing_is_remembered() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    server.edit_connection("acme", |connection| {
        connection.capabilities.quirks = QuirkPreset::Strict;
        connection.capabilities.bulk = true;
    });
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let path = format!("/scim/v2/Users/{id}");
    let mut body = user("bob@example.com");
    body["active"] = json!("False");
    expect_scim_error(
        &directory.scim("POST", "/scim/v2/Users", Some(&body)).unwrap(),
        400,
        Some("invalidValue"),
    );
    let change = patch(&json!([{ "op": "replace", "path": "active", "value": "False" }]));
    expect_scim_error(&directory.scim("PATCH", &path, Some(&change)).unwrap(), 400, Some("invalidValue"));
    for filter in ["userName%20eq%20'x'", "active%20eq%20%22True%22"] {
        let reply = directory.get(&format!("/scim/v2/Users?filter={filter}")).unwrap();
        expect_scim_error(&reply, 400, Some("invalidFilter"));
    }
    let bare = bulk(&json!([{ "method": "PATCH", "path": format!("/Users/{id}"),
        "data": [{ "op": "add", "path": "title", "value": "Chief" }] }]));
    let done = expect(&directory.scim("POST", "/scim/v2/Bulk", Some(&bare)).unwrap(), 200);
    assert_eq!(done["Operations"][0]["status"], json!("400"), "{done}");
    assert_eq!(seen(&server, "acme"), []);
    // One switch more, and that alone is understood.
    server.edit_connection("acme", |connection| {
        let on = tenant_model::AttrName::parse("string_booleans").unwrap();
        connection.capabilities.quirk_switches.insert(on, true);
    });
    expect(&directory.scim("PATCH", &path, Some(&change)).unwrap(), 200);
    assert_eq!(seen(&server, "acme"), [("string_booleans".to_owned(), 1)]);
    expect_scim_error(
        &directory.get("/scim/v2/Users?filter=userName%20eq%20'x'").unwrap(),
        400,
        Some("invalidFilter"),
    );
}

// P06
#[test]
fn a_patch_is_answered_with_200_or_204_as_the_connection_says() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[&id]));
    let mut number = 0;
    let mut send = |directory: &mut Client, path: &str| {
        number += 1;
        let change =
            patch(&json!([{ "op": "replace", "path": "displayName", "value": format!("Name {number}") }]));
        directory.scim("PATCH", path, Some(&change)).unwrap()
    };
    let (one, other) = (format!("/scim/v2/Users/{id}"), format!("/scim/v2/Groups/{team}"));
    for (answer, users, groups) in [
        (PatchAnswer::ByType, 200, 204),
        (PatchAnswer::NoContent, 204, 204),
        (PatchAnswer::Resource, 200, 200),
    ] {
        server.edit_connection("acme", |connection| connection.capabilities.patch_answer = answer);
        for (path, status) in [(&one, users), (&other, groups)] {
            let reply = send(&mut directory, path);
            assert_eq!((reply.status, reply.body.is_empty()), (status, status == 204), "{answer:?} {path}");
            let address = if status == 204 { "location" } else { "content-location" };
            assert_eq!(reply.header(address), Some(format!("{}{path}", server.url).as_str()));
            let read = directory.get(path).unwrap();
            assert_eq!(reply.header("etag"), read.header("etag"), "{answer:?} {path}");
            // Whoever asks for attributes gets them (RFC 7644 3.5.2).
            let asked = expect(&send(&mut directory, &format!("{path}?attributes=displayName")), 200);
            let keys: Vec<&String> = asked.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["schemas", "id", "displayName"]);
            let asked = expect(&send(&mut directory, &format!("{path}?excludedAttributes=members")), 200);
            assert!(asked.get("members").is_none() && asked.get("displayName").is_some());
        }
    }
}

// M06
#[test]
fn sorting_by_a_name_that_does_not_exist_is_ignored_or_refused_by_option() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    for name in ["b@example.com", "c@example.com", "a@example.com"] {
        create(&mut directory, "/scim/v2/Users", &user(name));
    }
    let path = "/scim/v2/Users?sortBy=shoeSize&sortOrder=descending";
    let page = expect(&directory.get(path).unwrap(), 200);
    let names: Vec<&str> =
        page["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap()).collect();
    assert_eq!(names, ["b@example.com", "c@example.com", "a@example.com"], "no data, so the order stays");
    server.edit_connection("acme", |connection| connection.capabilities.unknown_sort = UnknownSort::Refuse);
    expect_scim_error(&directory.get(path).unwrap(), 400, Some("invalidPath"));
    assert_eq!(directory.get("/scim/v2/Users?sortBy=userName").unwrap().status, 200);
}

#[test]
fn members_that_do_not_exist_are_skipped_and_reported() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let reply = directory
        .scim("POST", "/scim/v2/Groups", Some(&group("Team", &[&alice, "gone-1", "gone-2"])))
        .unwrap();
    let made = expect(&reply, 201);
    assert_eq!(made["members"].as_array().unwrap().len(), 1);
    assert_eq!(reply.header("scim-members-skipped"), Some("2"));
    let path = format!("/scim/v2/Groups/{}", made["id"].as_str().unwrap());
    let add = |id: &str| patch(&json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]));
    let reply = directory.scim("PATCH", &path, Some(&add("gone-3"))).unwrap();
    assert_eq!((reply.status, reply.header("scim-members-skipped")), (204, Some("1")));
    let reply = directory.scim("PATCH", &path, Some(&add(&alice))).unwrap();
    assert_eq!((reply.status, reply.header("scim-members-skipped")), (204, None));
    assert_eq!(seen(&server, "acme"), [("members_skipped".to_owned(), 2)], "the rest waits for its minute");
}
