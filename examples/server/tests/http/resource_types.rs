//! Resource types that a profile adds, without code.

use example_server::client::Client;
use serde_json::{Value, json};

use crate::common::{Server, create, expect, expect_scim_error, patch};

const DEVICE: &str = "urn:example:scim:Device";
const WARRANTY: &str = "urn:example:scim:Warranty";

/// A product that also knows devices and applications.
fn inventory() -> String {
    let all = json!(["create", "read", "replace", "patch", "delete"]);
    json!({
        "id": "inventory", "display_name": "Inventory",
        "scim": {
            "base": "/scim/v2", "bulk": true, "sort": true, "quirks": "tolerant", "page": { "default": 3, "max": 4 },
            "resources": { "User": all, "Group": all, "Device": all, "Application": ["create", "read"] },
            "schemas": [
                { "id": DEVICE, "name": "Device", "attributes": [
                    { "name": "serial", "required": true, "caseExact": true, "uniqueness": "server",
                      "mutability": "immutable" },
                    { "name": "displayName", "caseExact": true },
                    { "name": "active", "type": "boolean" },
                    { "name": "weight", "type": "decimal" },
                    { "name": "bought", "type": "dateTime" },
                    { "name": "note", "returned": "request" },
                    { "name": "macs", "multiValued": true },
                    { "name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                        { "name": "value", "type": "integer" }, { "name": "type" },
                        { "name": "primary", "type": "boolean" }
                    ] }
                ] },
                { "id": "urn:example:scim:Application", "name": "Application", "attributes": [
                    { "name": "userName", "type": "integer" }, { "name": "displayName", "multiValued": true }
                ] }
            ],
            "extensions": [{ "on": "Device", "id": WARRANTY, "name": "Warranty", "attributes": [
                { "name": "until", "type": "dateTime" }, { "name": "contract", "uniqueness": "server" }
            ] }],
            "resource_types": [
                { "name": "Device", "endpoint": "/Devices", "description": "Thing", "schema": DEVICE },
                { "name": "Application", "endpoint": "/Applications", "schema": "urn:example:scim:Application" }
            ]
        }
    })
    .to_string()
}

fn device(serial: &str, weight: f64) -> Value {
    json!({ "schemas": [DEVICE], "serial": serial, "weight": weight })
}

fn serials(directory: &mut Client, query: &str) -> Vec<String> {
    let page = expect(&directory.get(&format!("/scim/v2/Devices?{query}")).unwrap(), 200);
    let resources = page["Resources"].as_array().cloned().unwrap_or_default();
    resources.iter().map(|one| one["serial"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_type_from_a_file_is_created_read_changed_and_deleted_like_users() {
    let server = Server::start_with_profile(&inventory());
    let mut directory = server.directory_of("acme", "inventory");
    let body = json!({
        "schemas": [DEVICE, WARRANTY], "serial": "A1", "displayName": "Printer", "active": "True", "note": "n",
        "ports": [{ "value": 80, "type": "http", "primary": true }, { "value": 22, "type": "ssh" }],
        WARRANTY: { "until": "2030-01-01T00:00:00Z", "contract": "C-1" },
    });
    let reply = directory.scim("POST", "/scim/v2/Devices", Some(&body)).unwrap();
    let made = expect(&reply, 201);
    let location = reply.header("location").unwrap().to_owned();
    assert_eq!(made["meta"]["resourceType"], json!("Device"));
    assert_eq!(made["meta"]["location"], json!(location));
    assert_eq!(
        (&made["active"], &made["note"]),
        (&json!(true), &json!("n")),
        "asked for by writing it (S30)"
    );
    assert_eq!(made[WARRANTY]["contract"], json!("C-1"));
    let version = reply.header("etag").unwrap().to_owned();
    let read = directory.get(&location).unwrap();
    assert_eq!((read.header("etag"), read.json().get("note")), (Some(version.as_str()), None));
    assert_eq!(directory.send("GET", &location, &[("if-none-match", &version)], vec![]).unwrap().status, 304);

    // Unique with case, as the schema says, and without in the extension.
    let again = directory.scim("POST", "/scim/v2/Devices", Some(&device("A1", 1.0))).unwrap();
    expect_scim_error(&again, 409, Some("uniqueness"));
    assert!(again.json()["detail"].as_str().unwrap().contains("serial"), "{}", again.body);
    create(&mut directory, "/scim/v2/Devices", &device("a1", 1.0));
    let mut other = device("B1", 1.0);
    other[WARRANTY] = json!({ "contract": "c-1" });
    expect_scim_error(
        &directory.scim("POST", "/scim/v2/Devices", Some(&other)).unwrap(),
        409,
        Some("uniqueness"),
    );
    let missing = json!({ "schemas": [DEVICE], "weight": 1 });
    expect_scim_error(
        &directory.scim("POST", "/scim/v2/Devices", Some(&missing)).unwrap(),
        400,
        Some("invalidValue"),
    );

    let change = patch(&json!([
        { "op": "replace", "path": "ports[type eq \"http\"].value", "value": 8080 },
        { "op": "add", "path": "macs", "value": ["00:11", "00:22"] },
        { "op": "remove", "path": format!("{WARRANTY}:until") },
        { "op": "replace", "value": { "weight": 2.5 } },
    ]));
    let after = expect(&directory.scim("PATCH", &location, Some(&change)).unwrap(), 200);
    assert_eq!(after["ports"][0]["value"], json!(8080));
    assert_eq!((&after["macs"], &after["weight"]), (&json!(["00:11", "00:22"]), &json!(2.5)));
    assert_eq!(after[WARRANTY], json!({ "contract": "C-1" }));
    let immutable = patch(&json!([{ "op": "replace", "path": "serial", "value": "A2" }]));
    expect_scim_error(
        &directory.scim("PATCH", &location, Some(&immutable)).unwrap(),
        400,
        Some("mutability"),
    );
    let stale = directory.send("DELETE", &location, &[("if-match", &version)], vec![]).unwrap();
    expect_scim_error(&stale, 412, None);

    let put = json!({ "schemas": [DEVICE], "serial": "A1", "displayName": "Scanner" });
    let after = expect(&directory.scim("PUT", &location, Some(&put)).unwrap(), 200);
    assert_eq!(after["displayName"], json!("Scanner"));
    assert!(after.get("ports").is_none() && after.get(WARRANTY).is_none());
    // The contract is free again.
    create(&mut directory, "/scim/v2/Devices", &other);

    assert_eq!(directory.scim("DELETE", &location, None).unwrap().status, 204);
    expect_scim_error(&directory.get(&location).unwrap(), 404, None);
    let mut elsewhere = server.directory_of("globex", "inventory");
    assert!(serials(&mut elsewhere, "").is_empty());
    let only = directory.scim("DELETE", "/scim/v2/Applications/x", None).unwrap();
    expect_scim_error(&only, 405, None);
    assert_eq!(only.header("allow"), Some("GET"));
}

#[test]
fn a_type_from_a_file_is_filtered_sorted_paged_and_searched_like_users() {
    let server = Server::start_with_profile(&inventory());
    let mut directory = server.directory_of("acme", "inventory");
    for (number, (serial, name)) in
        [("S3", "b"), ("S1", "B"), ("S2", "a"), ("S5", "A"), ("S4", "c")].iter().enumerate()
    {
        let mut body = device(serial, f64::from(u32::try_from(number).unwrap()) + 0.5);
        body["displayName"] = json!(name);
        body["bought"] = json!(format!("2026-01-0{}T00:00:00+01:00", number + 1));
        body["ports"] = json!([{ "value": number, "type": "http" }]);
        body[WARRANTY] = json!({ "contract": format!("Contract-{number}") });
        create(&mut directory, "/scim/v2/Devices", &body);
    }
    for (filter, expected) in [
        ("serial eq \"S2\"", vec!["S2"]),
        ("serial eq \"s2\"", vec![]),
        ("serial eq \"S2\" and weight lt 1", vec![]),
        ("not (serial eq \"S2\") and weight gt 3", vec!["S5", "S4"]),
        ("displayName eq \"B\"", vec!["S1"]),
        ("weight ge 3.5", vec!["S5", "S4"]),
        ("bought lt \"2026-01-01T23:30:00Z\"", vec!["S3", "S1"]),
        ("ports[type eq \"HTTP\" and value gt 3]", vec!["S4"]),
        ("ports.value eq 2", vec!["S2"]),
        (&format!("{WARRANTY}:contract eq \"CONTRACT-1\""), vec!["S1"]),
        ("meta.resourceType eq \"Device\" and serial sw \"S5\"", vec!["S5"]),
    ] {
        let encoded: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        assert_eq!(serials(&mut directory, &format!("filter={encoded}&count=4")), expected, "{filter}");
    }
    assert_eq!(
        serials(&mut directory, "sortBy=serial&count=4"),
        ["S1", "S2", "S3", "S4"],
        "never more than max"
    );
    assert_eq!(serials(&mut directory, "sortBy=displayName&count=4"), ["S5", "S1", "S2", "S3"], "with case");
    assert_eq!(
        serials(&mut directory, "sortBy=weight&sortOrder=descending&startIndex=2&count=2"),
        ["S5", "S2"]
    );
    assert_eq!(serials(&mut directory, "sortBy=ports&count=1"), ["S3"], "the first port");

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!("/scim/v2/Devices?count=2&sortBy=serial&cursor={cursor}");
        let page = expect(&directory.get(&page).unwrap(), 200);
        seen.extend(
            page["Resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["serial"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["S1", "S2", "S3", "S4", "S5"]);

    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "serial pr", "attributes": ["serial"], "sortBy": "serial", "count": 1 });
    let found = expect(&directory.scim("POST", "/scim/v2/Devices/.search", Some(&search)).unwrap(), 200);
    assert_eq!((&found["totalResults"], &found["itemsPerPage"]), (&json!(5), &json!(1)));
    let keys: Vec<&String> = found["Resources"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schemas", "id", "serial"]);
    let root = expect(&directory.scim("POST", "/scim/v2/.search", Some(&search)).unwrap(), 200);
    assert_eq!(root["totalResults"], json!(5));

    // An attribute with a known name that is something else there.
    let application =
        json!({ "schemas": ["urn:example:scim:Application"], "userName": 7, "displayName": ["x", "Y"] });
    create(&mut directory, "/scim/v2/Applications", &application);
    create(&mut directory, "/scim/v2/Applications", &application);
    for query in ["filter=userName%20eq%207", "filter=displayName%20eq%20%22y%22", "sortBy=userName"] {
        let page = expect(&directory.get(&format!("/scim/v2/Applications?{query}")).unwrap(), 200);
        assert_eq!(page["totalResults"], json!(2), "{query}");
    }
}

#[test]
fn a_type_from_a_file_is_in_bulk_and_discovery_and_needs_its_own_scope() {
    let server = Server::start_with_profile(&inventory());
    let mut directory = server.directory_of("acme", "inventory");
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Devices", "bulkId": "d", "data": device("S1", 1.0) },
            { "method": "PATCH", "path": "/Devices/bulkId:d", "data":
                [{ "op": "replace", "path": "weight", "value": 2 }] },
            { "method": "POST", "path": "/Devices", "bulkId": "e", "data": device("S1", 1.0) },
        ],
    });
    let done = expect(&directory.scim("POST", "/scim/v2/Bulk", Some(&bulk)).unwrap(), 200);
    let statuses: Vec<&str> =
        done["Operations"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "200", "409"], "{done}");
    let made = expect(&directory.get(done["Operations"][0]["location"].as_str().unwrap()).unwrap(), 200);
    assert_eq!(made["weight"], json!(2));

    let kind = expect(&directory.get("/scim/v2/ResourceTypes/Device").unwrap(), 200);
    assert_eq!((&kind["endpoint"], &kind["schema"]), (&json!("/Devices"), &json!(DEVICE)));
    assert_eq!(kind["schemaExtensions"][0], json!({ "schema": WARRANTY, "required": false }));
    let schema = expect(&directory.get(&format!("/scim/v2/Schemas/{DEVICE}")).unwrap(), 200);
    let serial = &schema["attributes"][0];
    assert_eq!(
        (&serial["name"], &serial["caseExact"], &serial["uniqueness"]),
        (&json!("serial"), &json!(true), &json!("server"))
    );
    let all = expect(&directory.get("/scim/v2/ResourceTypes").unwrap(), 200);
    assert_eq!(all["totalResults"], json!(4));

    // An access token for users alone does not see devices.
    let (id, secret) = crate::oauth::client_with(
        &server,
        "acme",
        &["--profiles", server.folder.path().join("profiles").to_str().unwrap()],
    );
    let mut users = server.client().with_token(&crate::oauth::access(&server, &id, &secret, "users_read"));
    assert_eq!(users.get("/scim/v2/Users").unwrap().status, 200);
    expect_scim_error(&users.get("/scim/v2/Devices").unwrap(), 403, None);
    assert_eq!(
        expect(&users.get("/scim/v2").unwrap(), 200)["totalResults"],
        json!(0),
        "others are not there"
    );
}
