//! Provisioning over HTTP.

use serde_json::{Value, json};

use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};

// M01, M02, S22, S24, S25, S26, S29
#[test]
fn a_created_user_is_answered_with_its_address_and_version_and_without_its_password() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut alice = user("Alice@Example.com");
    alice["id"] = json!("mine");
    alice["meta"] = json!({ "version": "x" });
    alice["password"] = json!("t1meMa$heen");
    alice["groups"] = json!([{ "value": "admins" }]);
    let reply = directory.scim("POST", "/scim/v2/Users", Some(&alice)).unwrap();
    let made = expect(&reply, 201);
    assert_eq!(reply.header("content-type"), Some("application/scim+json"));
    assert_eq!(reply.header("location"), made["meta"]["location"].as_str());
    assert_eq!(reply.header("etag"), made["meta"]["version"].as_str());
    assert_eq!(made["meta"]["created"], made["meta"]["lastModified"]);
    assert_eq!(made["userName"], json!("Alice@Example.com"), "as sent");
    assert_ne!(made["id"], json!("mine"));
    assert!(made.get("password").is_none() && made.get("groups").is_none());
    let location = reply.header("location").unwrap();
    let read = directory.get(location).unwrap();
    assert_eq!(expect(&read, 200), made);
    let asked = expect(&directory.get(&format!("{location}?attributes=password")).unwrap(), 200);
    assert!(asked.get("password").is_none());
}

// S32, S34
#[test]
fn a_user_name_is_unique_whatever_its_case() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let bob = create(&mut directory, "/scim/v2/Users", &user("bob@example.com"));
    let again = directory.scim("POST", "/scim/v2/Users", Some(&user("ALICE@EXAMPLE.COM"))).unwrap();
    expect_scim_error(&again, 409, Some("uniqueness"));
    let path = format!("/scim/v2/Users/{bob}");
    let rename = patch(&json!([{ "op": "replace", "path": "userName", "value": "Alice@example.com" }]));
    expect_scim_error(&directory.scim("PATCH", &path, Some(&rename)).unwrap(), 409, Some("uniqueness"));
    let found = expect(
        &directory.get("/scim/v2/Users?filter=userName%20eq%20%22Alice%40Example.com%22").unwrap(),
        200,
    );
    assert_eq!(found["totalResults"], json!(1), "what conflicts can be found (TEN-20)");
}

// M04, M06, M07, M08, M09, M12, M42
#[test]
fn lists_are_filtered_sorted_and_paged() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    for (name, family) in [("d", Some("Adams")), ("b", None), ("c", Some("baker")), ("a", Some("Cole"))] {
        let mut body = user(&format!("{name}@example.com"));
        if let Some(family) = family {
            body["name"] = json!({ "familyName": family });
        }
        create(&mut directory, "/scim/v2/Users", &body);
    }
    let mut names = |query: &str| -> (Value, Vec<String>) {
        let page = expect(&directory.get(&format!("/scim/v2/Users?{query}")).unwrap(), 200);
        let resources = page["Resources"].as_array().cloned().unwrap_or_default();
        let names = resources
            .iter()
            .map(|user| user["userName"].as_str().unwrap().chars().take(1).collect())
            .collect();
        (page["totalResults"].clone(), names)
    };
    assert_eq!(names("sortBy=userName"), (json!(4), ["a", "b", "c", "d"].map(str::to_owned).to_vec()));
    let (_, sorted) = names("sortBy=name.familyName");
    assert_eq!(sorted, ["d", "c", "a", "b"], "without case, the missing value last");
    let (_, sorted) = names("sortBy=name.familyName&sortOrder=descending");
    assert_eq!(sorted, ["b", "a", "c", "d"]);
    assert_eq!(
        names("sortBy=userName&startIndex=2&count=2"),
        (json!(4), ["b", "c"].map(str::to_owned).to_vec())
    );
    assert_eq!(names("sortBy=userName&startIndex=-5&count=1").1, ["a"]);
    assert_eq!(names("count=0"), (json!(4), vec![]));
    assert_eq!(names("count=-1"), (json!(4), vec![]));
    assert_eq!(names("startIndex=99"), (json!(4), vec![]));
    assert_eq!(names("filter=emails%5Btype%20eq%20%22work%22%5D.value%20sw%20%22c%22").1, ["c"]);
    assert_eq!(names("filter=not%20(userName%20co%20%22a%40%22)%20and%20active%20eq%20true").0, json!(3));
    assert_eq!(names("unknown=1&sortBy=userName").0, json!(4));
    let page = expect(&directory.get("/scim/v2/Users?attributes=emails.value&count=1").unwrap(), 200);
    let keys: Vec<&String> = page["Resources"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schemas", "id", "emails"]);
    assert_eq!(page["Resources"][0]["emails"][0].as_object().unwrap().len(), 1);
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName sw \"a\"", "attributes": ["userName"], "count": 10 });
    let found = expect(&directory.scim("POST", "/scim/v2/Users/.search", Some(&body)).unwrap(), 200);
    assert_eq!(found["totalResults"], json!(1));
}

// M23, M24, P28, P30
#[test]
fn versions_guard_writes_and_save_reads() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let path = format!("/scim/v2/Users/{id}");
    let old = directory.get(&path).unwrap().header("etag").unwrap().to_owned();
    let same = directory.send("GET", &path, &[("if-none-match", &old)], Vec::new()).unwrap();
    assert_eq!(same.status, 304);
    let nothing = patch(&json!([{ "op": "replace", "path": "active", "value": true }]));
    let reply = directory.scim("PATCH", &path, Some(&nothing)).unwrap();
    assert_eq!(reply.header("etag"), Some(old.as_str()), "no change, no new version");
    let title = patch(&json!([{ "op": "add", "path": "title", "value": "Chief" }])).to_string();
    let good = directory.send("PATCH", &path, &[("if-match", &old)], title.clone().into_bytes()).unwrap();
    assert_eq!(good.status, 200);
    assert_ne!(good.header("etag"), Some(old.as_str()));
    for (method, body) in
        [("PATCH", title), ("PUT", user("alice@example.com").to_string()), ("DELETE", String::new())]
    {
        let stale = directory.send(method, &path, &[("if-match", &old)], body.into_bytes()).unwrap();
        expect_scim_error(&stale, 412, None);
    }
    let any = directory.send("DELETE", &path, &[("if-match", "*")], Vec::new()).unwrap();
    assert_eq!(any.status, 204);
    expect_scim_error(&directory.get(&path).unwrap(), 404, None);
}

// S36, P16, P33, M17
#[test]
fn membership_is_seen_from_both_sides_and_ends_with_the_user() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let bob = create(&mut directory, "/scim/v2/Users", &user("bob@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[&alice, "no-such-user", &alice]));
    let path = format!("/scim/v2/Groups/{team}");
    let seen = expect(&directory.get(&path).unwrap(), 200);
    assert_eq!(seen["members"].as_array().unwrap().len(), 1, "unknown ids are skipped, repeats kept once");
    assert_eq!(seen["members"][0]["$ref"], json!(format!("{}/scim/v2/Users/{alice}", server.url)));
    let add = patch(&json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]));
    assert_eq!(directory.scim("PATCH", &path, Some(&add)).unwrap().status, 204);
    let version = directory.get(&path).unwrap().header("etag").unwrap().to_owned();
    assert_eq!(directory.scim("PATCH", &path, Some(&add)).unwrap().header("etag"), Some(version.as_str()));
    // As Entra removes: a value list on remove takes those listed, never all.
    let remove = patch(&json!([{ "op": "Remove", "path": "members", "value": [{ "value": alice }] }]));
    assert_eq!(directory.scim("PATCH", &path, Some(&remove)).unwrap().status, 204);
    let asked = directory.scim("PATCH", &format!("{path}?attributes=members"), Some(&remove)).unwrap();
    let left = expect(&asked, 200);
    assert_eq!(left["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["members"][0]["value"], json!(bob));
    // RFC 7644 3.5.2: operations apply in order, so a member that goes and comes again has the name sent now.
    let named = |name: &str| {
        patch(&json!([
            { "op": "remove", "path": format!("members[value eq \"{bob}\"]") },
            { "op": "add", "path": "members", "value": [{ "value": bob, "display": name }] },
        ]))
    };
    let mut versions = Vec::new();
    for name in ["Bob", "Robert", "Robert"] {
        assert_eq!(directory.scim("PATCH", &path, Some(&named(name))).unwrap().status, 204);
        let reply = directory.get(&path).unwrap();
        assert_eq!(expect(&reply, 200)["members"][0]["display"], json!(name));
        versions.push(reply.header("etag").unwrap().to_owned());
    }
    assert!(versions[0] != versions[1] && versions[1] == versions[2], "{versions:?}");
    let user = expect(&directory.get(&format!("/scim/v2/Users/{bob}")).unwrap(), 200);
    assert_eq!(user["groups"][0]["display"], json!("Team"));
    let found = "/scim/v2/Groups?excludedAttributes=members&filter=members%5Bvalue%20eq%20%22";
    assert_eq!(
        expect(&directory.get(&format!("{found}{bob}%22%5D")).unwrap(), 200)["totalResults"],
        json!(1)
    );
    assert_eq!(
        expect(&directory.get(&format!("{found}{alice}%22%5D")).unwrap(), 200)["totalResults"],
        json!(0)
    );
    assert_eq!(directory.scim("DELETE", &format!("/scim/v2/Users/{bob}"), None).unwrap().status, 204);
    let empty = expect(&directory.get(&path).unwrap(), 200);
    assert!(empty.get("members").is_none(), "{empty}");
}

// M14
#[test]
fn a_put_clears_what_it_leaves_out() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut alice = user("alice@example.com");
    alice["title"] = json!("Chief");
    alice["active"] = json!(false);
    let id = create(&mut directory, "/scim/v2/Users", &alice);
    let path = format!("/scim/v2/Users/{id}");
    let after = expect(&directory.scim("PUT", &path, Some(&user("alice@example.com"))).unwrap(), 200);
    assert!(after.get("title").is_none());
    assert_eq!(after["active"], json!(true));
    let other = create(&mut directory, "/scim/v2/Users", &user("bob@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[&id]));
    let path = format!("/scim/v2/Groups/{team}");
    let after = expect(&directory.scim("PUT", &path, Some(&group("Team", &[&other]))).unwrap(), 200);
    assert_eq!(after["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(after["members"][0]["value"], json!(other));
    expect_scim_error(&directory.scim("PUT", "/scim/v2/Users/none", Some(&user("x"))).unwrap(), 404, None);
}

// M25, M26, M27, M28, M29, M30
#[test]
fn discovery_says_what_is_enforced() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let config = expect(&directory.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        assert!(config[feature]["supported"].is_boolean(), "{feature}");
    }
    let types = expect(&directory.get("/scim/v2/ResourceTypes").unwrap(), 200);
    let schemas = expect(&directory.get("/scim/v2/Schemas").unwrap(), 200);
    let ids: Vec<&Value> =
        schemas["Resources"].as_array().unwrap().iter().map(|schema| &schema["id"]).collect();
    for kind in types["Resources"].as_array().unwrap() {
        assert!(ids.contains(&&kind["schema"]), "{kind}");
        for extension in kind["schemaExtensions"].as_array().unwrap() {
            assert!(ids.contains(&&extension["schema"]), "{kind}");
        }
        let one = expect(&directory.get(kind["meta"]["location"].as_str().unwrap()).unwrap(), 200);
        assert_eq!(&one, kind);
    }
    for schema in schemas["Resources"].as_array().unwrap() {
        let one = expect(&directory.get(schema["meta"]["location"].as_str().unwrap()).unwrap(), 200);
        assert_eq!(&one, schema);
    }
    for path in ["Schemas", "ResourceTypes"] {
        expect_scim_error(&directory.get(&format!("/scim/v2/{path}?filter=x")).unwrap(), 403, None);
        assert_eq!(directory.get(&format!("/scim/v2/{path}?count=1")).unwrap().status, 200);
    }
}

// Toktra: users in full, groups are made and read only; both bases serve alike.
#[test]
fn toktra_makes_and_reads_groups_and_refuses_the_rest() {
    let server = Server::start();
    let mut directory = server.directory("globex", "toktra");
    let alice = create(&mut directory, "/v1/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut directory, "/v1/scim/v2/Groups", &group("Research", &[&alice]));
    for base in ["/v1/scim/v2", "/scim/v2"] {
        expect(&directory.get(&format!("{base}/Groups/{team}")).unwrap(), 200);
        for (method, body) in
            [("PUT", Some(group("x", &[]))), ("PATCH", Some(patch(&json!([])))), ("DELETE", None)]
        {
            let reply = directory.scim(method, &format!("{base}/Groups/{team}"), body.as_ref()).unwrap();
            expect_scim_error(&reply, 405, None);
            assert_eq!(reply.header("allow"), Some("GET"));
        }
    }
}
