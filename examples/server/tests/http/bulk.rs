//! `/Bulk` over HTTP (RFC 7644 3.7).

use example_server::admin::password::Passwords;
use example_server::client::Client;
use example_server::store::passwords;
use serde_json::{Value, json};
use tenant_model::TenantId;

use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};
use crate::fleet_races::{base, runtime};
use crate::inside::Inside;

fn bulk(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

fn directory(server: &Server) -> Client {
    server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
    server.client().with_token(&server.command(&["token", "issue", "--tenant", "acme"]))
}

fn send(directory: &mut Client, body: &Value) -> Vec<Value> {
    let reply = directory.scim("POST", "/scim/v2/Bulk", Some(body)).unwrap();
    let answer = expect(&reply, 200);
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    answer["Operations"].as_array().unwrap().clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

fn id(result: &Value) -> String {
    result["location"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned()
}

fn total(directory: &mut Client, path: &str) -> Value {
    expect(&directory.get(path).unwrap(), 200)["totalResults"].clone()
}

// M34, M36, M38, M47
#[test]
fn every_operation_of_a_bulk_request_has_the_result_that_it_would_have_alone() {
    let server = Server::start();
    let mut directory = directory(&server);
    let old = create(&mut directory, "/scim/v2/Users", &user("old@example.com"));
    let gone = create(&mut directory, "/scim/v2/Users", &user("gone@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[&gone]));
    let stale = directory.get(&format!("/scim/v2/Users/{old}")).unwrap().header("etag").unwrap().to_owned();
    let title = patch(&json!([{ "op": "add", "path": "title", "value": "Chief" }]));
    let add = patch(&json!([{ "op": "add", "path": "members", "value": [{ "value": old }] }]));
    let results = send(
        &mut directory,
        &bulk(&json!([
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("new@example.com") },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("OLD@example.com") },
            { "method": "patch", "path": format!("/Users/{old}"), "version": stale, "data": title },
            { "method": "PATCH", "path": format!("/Users/{old}"), "version": stale, "data": title },
            { "method": "PATCH", "path": format!("/Groups/{team}"), "data": add },
            { "method": "PUT", "path": format!("/Users/{old}"), "bulkId": "p", "data": user("older@example.com") },
            { "method": "DELETE", "path": format!("/Users/{gone}") },
            { "method": "DELETE", "path": "/Users/nobody" },
            { "method": "DELETE", "path": "/Nothing/x" },
        ])),
    );
    assert_eq!(statuses(&results), ["201", "409", "200", "412", "204", "200", "204", "404", "404"]);
    assert_eq!((&results[0]["method"], &results[0]["bulkId"]), (&json!("POST"), &json!("a")));
    let made = directory.get(results[0]["location"].as_str().unwrap()).unwrap();
    assert_eq!(made.header("etag"), results[0]["version"].as_str());
    assert_eq!(expect(&made, 200)["userName"], json!("new@example.com"));
    assert!(results[1].get("location").is_none(), "a POST that failed has no address");
    assert_eq!(results[1]["response"]["scimType"], json!("uniqueness"));
    assert_eq!(results[1]["response"]["status"], json!("409"));
    assert_eq!(results[3]["location"], json!(format!("{}/scim/v2/Users/{old}", server.url)));
    assert_eq!(results[5]["bulkId"], json!("p"));
    let kept = expect(&directory.get(&format!("/scim/v2/Users/{old}")).unwrap(), 200);
    assert_eq!((&kept["userName"], kept.get("title")), (&json!("older@example.com"), None));
    let members = expect(&directory.get(&format!("/scim/v2/Groups/{team}")).unwrap(), 200);
    assert_eq!(
        members["members"].as_array().map(Vec::len),
        Some(1),
        "the one removed is gone from its group"
    );
    assert_eq!(total(&mut directory, "/scim/v2/Users"), json!(2));
}

// M34
#[test]
fn a_bulk_request_stops_after_as_many_failures_as_it_names() {
    let server = Server::start();
    let mut directory = directory(&server);
    let mut body = bulk(&json!([
        { "method": "DELETE", "path": "/Users/x" },
        { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("a@example.com") },
        { "method": "DELETE", "path": "/Users/y" },
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("b@example.com") },
    ]));
    body["failOnErrors"] = json!(1);
    assert_eq!(statuses(&send(&mut directory, &body)), ["404"]);
    assert_eq!(total(&mut directory, "/scim/v2/Users"), json!(0));
    body["failOnErrors"] = json!(2);
    assert_eq!(statuses(&send(&mut directory, &body)), ["404", "201", "404"]);
    assert_eq!(total(&mut directory, "/scim/v2/Users"), json!(1));
}

// M35, M47
#[test]
fn names_of_a_bulk_request_become_ids_before_and_behind_what_they_name() {
    let server = Server::start();
    let mut directory = directory(&server);
    let mut bob = user("bob@example.com");
    let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    bob["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", extension]);
    bob[extension] = json!({ "manager": { "value": "bulkId:alice" } });
    let title = patch(&json!([{ "op": "add", "path": "title", "value": "Chief" }]));
    let results = send(
        &mut directory,
        &bulk(&json!([
            { "method": "POST", "path": "/Groups", "bulkId": "team",
              "data": group("Team", &["bulkId:alice", "bulkId:bob"]) },
            { "method": "POST", "path": "/Users", "bulkId": "bob", "data": bob },
            { "method": "POST", "path": "/Users", "bulkId": "alice", "data": user("alice@example.com") },
            { "method": "PATCH", "path": "/Users/bulkId:alice", "data": title },
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group("Other", &["bulkId:nobody"]) },
            { "method": "DELETE", "path": "/Users/bulkId:nobody" },
        ])),
    );
    assert_eq!(statuses(&results), ["201", "201", "201", "200", "400", "400"]);
    let names: Vec<&str> = results.iter().filter_map(|result| result["bulkId"].as_str()).collect();
    assert_eq!(names, ["team", "bob", "alice", "g"], "results come in the order sent");
    let alice = id(&results[2]);
    let bob = expect(&directory.get(results[1]["location"].as_str().unwrap()).unwrap(), 200);
    assert_eq!(bob[extension]["manager"]["value"], json!(alice));
    let team = expect(&directory.get(results[0]["location"].as_str().unwrap()).unwrap(), 200);
    assert_eq!(team["members"].as_array().map(Vec::len), Some(2));
    let alice = expect(&directory.get(results[2]["location"].as_str().unwrap()).unwrap(), 200);
    assert_eq!(alice["title"], json!("Chief"));
    assert_eq!(results[4]["response"]["scimType"], json!("invalidValue"));
    assert_eq!(total(&mut directory, "/scim/v2/Groups"), json!(1), "what failed left nothing");
}

// M35
#[test]
fn a_circle_of_a_bulk_request_is_made_whole_or_not_at_all() {
    let server = Server::start();
    let mut directory = directory(&server);
    let circle = |second: Value| {
        bulk(&json!([
            { "method": "POST", "path": "/Groups", "bulkId": "a", "data": group("A", &["bulkId:b"]) },
            { "method": "POST", "path": "/Groups", "bulkId": "b", "data": second },
            { "method": "POST", "path": "/Groups", "bulkId": "c", "data": group("C", &["bulkId:a"]) },
            { "method": "POST", "path": "/Groups", "bulkId": "d", "data": group("D", &[]) },
        ]))
    };
    let wrong = json!({ "displayName": 7, "members": [{ "value": "bulkId:a" }] });
    let results = send(&mut directory, &circle(wrong));
    assert_eq!(statuses(&results), ["409", "400", "400", "201"]);
    assert_eq!(total(&mut directory, "/scim/v2/Groups"), json!(1), "D alone");
    let results = send(&mut directory, &circle(group("B", &["bulkId:a"])));
    assert_eq!(statuses(&results), ["201"; 4]);
    for (of, holds) in [(0, 1), (1, 0), (2, 0)] {
        let reply = directory.get(results[of]["location"].as_str().unwrap()).unwrap();
        let found = expect(&reply, 200);
        assert_eq!(found["members"][0]["value"], json!(id(&results[holds])), "{found}");
        assert_eq!(reply.header("etag"), results[of]["version"].as_str());
    }
}

// M37
#[test]
fn a_bulk_request_above_a_limit_is_told_which() {
    let server = Server::start();
    let mut directory = directory(&server);
    let config = expect(&directory.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    assert_eq!(
        config["bulk"],
        json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 })
    );
    let delete = json!({ "method": "DELETE", "path": "/Users/x" });
    let results = send(&mut directory, &bulk(&json!(vec![delete.clone(); 1000])));
    assert_eq!(results.len(), 1000);
    let reply = directory.scim("POST", "/scim/v2/Bulk", Some(&bulk(&json!(vec![delete; 1001])))).unwrap();
    expect_scim_error(&reply, 413, None);
    assert!(reply.body.contains("maxOperations") && reply.body.contains("1000"), "{}", reply.body);
    let mut long = bulk(&json!([])).to_string().into_bytes();
    long.resize(1_048_577, b' ');
    let reply = directory.send("POST", "/scim/v2/Bulk", &[], long).unwrap();
    expect_scim_error(&reply, 413, None);
    assert!(reply.body.contains("maxPayloadSize") && reply.body.contains("1048576"), "{}", reply.body);
    expect_scim_error(&directory.get("/scim/v2/Bulk").unwrap(), 405, None);
}

// M34: what a product does not offer, it does not offer here either.
#[test]
fn bulk_is_offered_where_the_tenant_has_it_and_does_no_more_than_the_endpoints() {
    let server = Server::start();
    let mut without = server.directory("plain", "standard");
    let config = expect(&without.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    assert_eq!(config["bulk"]["supported"], json!(false));
    expect_scim_error(&without.scim("POST", "/scim/v2/Bulk", Some(&bulk(&json!([])))).unwrap(), 501, None);
    server.command(&["tenant", "create", "--id", "t", "--profile", "toktra", "--bulk"]);
    let mut toktra = server.client().with_token(&server.command(&["token", "issue", "--tenant", "t"]));
    let team = create(&mut toktra, "/scim/v2/Groups", &group("Team", &[]));
    let delete = json!([{ "method": "DELETE", "path": format!("/Groups/{team}") }]);
    let results = send(&mut toktra, &bulk(&delete));
    assert_eq!(statuses(&results), ["405"]);
    assert_eq!(total(&mut toktra, "/scim/v2/Groups"), json!(1));
}

/// A tenant that keeps passwords.
fn keeps_passwords(server: &Server) -> Client {
    server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
    server.edit_connection("acme", |connection| {
        connection.capabilities.password = tenant_model::Password::AcceptedNeverReturned;
    });
    server.client().with_token(&server.command(&["token", "issue", "--tenant", "acme"]))
}

fn with_passwords(passwords: &[&str]) -> Value {
    let operations = passwords.iter().enumerate().map(|(number, password)| {
        let mut data = user(&format!("user{number}@example.com"));
        data["password"] = json!(password);
        json!({ "method": "POST", "path": "/Users", "bulkId": format!("u{number}"), "data": data })
    });
    bulk(&operations.collect())
}

// A slow hash inside the transaction would keep everybody else of the tenant waiting.
#[test]
fn passwords_are_hashed_before_the_tenant_is_locked() {
    let server = Server::start();
    drop(keeps_passwords(&server));
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let inside = Inside::with(&server, |app| app.passwords = Passwords::at_once(0));
    let mut directory = inside.client().with_token(&token);
    let alone = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "alone@example.com", "password": "t1meMa$heen" });
    // Its use is noted, so that the next requests write nothing of it.
    expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    let (runtime, tenant) = (runtime(), TenantId::parse("acme").unwrap());
    let other = base(&runtime, &server.folder);
    // Where this fails, the lock is given up all the same.
    let _context = runtime.enter();
    let locked = runtime.block_on(other.store.begin(&tenant)).unwrap();
    // There is no place to hash at: that is told, so nobody waited for the lock before.
    for (path, body) in [("Bulk", with_passwords(&["t1meMa$heen", "t1meMa$heen"])), ("Users", alone)] {
        let reply = directory.scim("POST", &format!("/scim/v2/{path}"), Some(&body)).unwrap();
        expect_scim_error(&reply, 503, None);
        assert!(reply.body.contains("too many passwords come at once"), "{path}: {}", reply.body);
    }
    runtime.block_on(async {
        drop(locked);
        other.store.close().await;
    });
    let reply = directory.scim("POST", "/scim/v2/Users", Some(&user("none@example.com"))).unwrap();
    expect(&reply, 201);
}

#[test]
fn each_password_of_a_bulk_request_is_kept_with_a_salt_of_its_own_and_there_may_be_forty() {
    let server = Server::start();
    let mut directory = keeps_passwords(&server);
    let (same, other) = ("t1meMa$heen", "0ther-t1meMa$heen");
    let done = directory.scim("POST", "/scim/v2/Bulk", Some(&with_passwords(&[same, other, same]))).unwrap();
    let done = expect(&done, 200);
    let (runtime, tenant) = (runtime(), TenantId::parse("acme").unwrap());
    let base = base(&runtime, &server.folder);
    let hashes: Vec<String> = (0..3)
        .map(|number| {
            let made = &done["Operations"][number];
            assert_eq!(made["status"], json!("201"), "{made}");
            let id = made["location"].as_str().unwrap().rsplit('/').next().unwrap();
            runtime.block_on(async {
                let mut db = base.store.read().await.unwrap();
                passwords::find(&mut db, &tenant, id).await.unwrap().unwrap()
            })
        })
        .collect();
    for (hash, password) in hashes.iter().zip([same, other, same]) {
        let known = runtime.block_on(Passwords::default().verify(password, Some(hash)));
        assert_eq!(known, Ok(true), "{password}");
    }
    assert_ne!(hashes[0], hashes[2]);
    runtime.block_on(base.store.close());
    let many = directory.scim("POST", "/scim/v2/Bulk", Some(&with_passwords(&["x"; 41]))).unwrap();
    expect_scim_error(&many, 413, None);
    assert!(many.body.contains("40 passwords"), "{}", many.body);
}
