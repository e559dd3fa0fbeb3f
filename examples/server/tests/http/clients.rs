//! What real clients send, replayed over HTTP: `testdata/scim/clients`.

use std::collections::{BTreeMap, BTreeSet};

use example_server::client::Client;
use serde_json::{Map, Value, json};

use crate::common::{Server, group, user};

#[test]
fn what_known_clients_send_is_answered_as_they_expect() {
    let server = Server::start();
    let mut tolerant = server.directory("tolerant", "standard");
    let mut own: BTreeMap<String, Client> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut products = BTreeSet::new();
    for file in testkit::data::files("scim/clients", ".json") {
        let data: Value = testkit::data::json(&file);
        products.insert(data["product"].as_str().unwrap().to_owned());
        let preset = data["quirks"].as_str().unwrap().to_owned();
        for request in data["requests"].as_array().unwrap() {
            // A connection whose product is not known, and one that is set up for it.
            let known = own.entry(preset.clone()).or_insert_with(|| {
                let directory = server.directory(&preset.replace("tolerant", "any"), "standard");
                server.edit_connection(&preset.replace("tolerant", "any"), |connection| {
                    connection.capabilities.quirks = serde_json::from_value(json!(preset)).unwrap();
                });
                directory
            });
            for (name, directory) in [("tolerant", &mut tolerant), (preset.as_str(), known)] {
                if let Err(problem) = replay(directory, request) {
                    problems.push(format!("{} ({name}): {problem}", request["id"]));
                }
                clear(directory);
                if preset == "tolerant" {
                    break;
                }
            }
        }
    }
    assert_eq!(own.keys().collect::<Vec<_>>(), ["entra", "okta", "onelogin", "tolerant"]);
    assert!(products.len() >= 13, "{products:?}");
    assert!(problems.is_empty(), "{}:\n{}", problems.len(), problems.join("\n"));
}

/// Sends one request to a tenant that holds `before` alone, and looks at the answer and at what is stored then.
fn replay(directory: &mut Client, request: &Value) -> Result<(), String> {
    let path = request["path"].as_str().unwrap();
    let endpoint = if path.starts_with("/Groups") { "Groups" } else { "Users" };
    let mut request = request.clone();
    for (placeholder, id) in members(directory, &request) {
        request = serde_json::from_str(&request.to_string().replace(&placeholder, &id)).unwrap();
    }
    let before = &request["before"];
    let id = match before {
        Value::Null => "unknown".to_owned(),
        before => {
            let reply = directory.scim("POST", &format!("/scim/v2/{endpoint}"), Some(before)).unwrap();
            if reply.status != 201 {
                return Err(format!("`before` cannot be made: {}", reply.body));
            }
            reply.json()["id"].as_str().unwrap().to_owned()
        }
    };
    if let Some(own) = before["id"].as_str() {
        request =
            serde_json::from_str(&request.to_string().replace(&format!("\"{own}\""), &format!("\"{id}\"")))
                .unwrap();
    }
    let method = request["method"].as_str().unwrap();
    let path = format!("/scim/v2{}", request["path"].as_str().unwrap().replace("{id}", &id));
    let media_type = request["contentType"].as_str().unwrap_or("application/scim+json");
    let body = request.get("body").map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let reply = directory.send(method, &path, &[("content-type", media_type)], body).unwrap();
    let expect = &request["expect"];
    let statuses = expect["status"].as_array().cloned().unwrap_or_default();
    if !statuses.is_empty() && !statuses.contains(&json!(reply.status)) {
        return Err(format!("expected {statuses:?}, found {} {}", reply.status, reply.body));
    }
    if let Some(total) = expect.get("total")
        && reply.json().get("totalResults") != Some(total)
    {
        return Err(format!("expected {total} results, found {}", reply.body));
    }
    if let Some(error) = expect.get("error")
        && reply.json().get("scimType") != Some(error)
    {
        return Err(format!("expected the error {error}, found {}", reply.body));
    }
    if let Some(wanted) = expect["resource"].as_object() {
        holds(wanted, &reply.json())?;
    }
    if let Some(patch) = expect.get("merge") {
        let mut wanted = request["before"].clone();
        merge(&mut wanted, patch);
        let found = directory.get(&format!("/scim/v2/{endpoint}/{id}")).unwrap().json();
        holds(wanted.as_object().unwrap(), &found)?;
        for gone in
            patch.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name)
        {
            if found.get(gone).is_some_and(|value| gone != "active" || value == false) {
                return Err(format!("`{gone}` should be gone: {found}"));
            }
        }
    }
    Ok(())
}

/// The members that a request names, made before it: placeholder and real id.
fn members(directory: &mut Client, request: &Value) -> Vec<(String, String)> {
    let mut named = Vec::new();
    collect(request, &mut named);
    named.sort();
    named.dedup();
    let mut made = Vec::new();
    for (number, name) in named.into_iter().enumerate() {
        let body = user(&format!("member-{number}@example.net"));
        let reply = directory.scim("POST", "/scim/v2/Users", Some(&body)).unwrap();
        made.push((name, reply.json()["id"].as_str().unwrap().to_owned()));
    }
    made
}

fn collect(value: &Value, named: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "members" || fields.get("path").is_some_and(|path| path == "members") {
                    let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    named
                        .extend(list.iter().filter_map(|member| member["value"].as_str().map(str::to_owned)));
                }
                if let Some(path) = value.as_str().filter(|text| text.starts_with("members[")) {
                    named.extend(path.split('"').skip(1).step_by(2).map(str::to_owned));
                }
                collect(value, named);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, named)),
        _ => {}
    }
}

/// Each member that is wanted is there; of `members` only who they are counts, in any order.
fn holds(wanted: &Map<String, Value>, found: &Value) -> Result<(), String> {
    for (name, value) in
        wanted.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "meta" | "schemas" | "groups"))
    {
        let same = match name.as_str() {
            "members" => ids(value) == ids(&found[name]),
            "password" => found.get(name).is_none(),
            _ => found.get(name) == Some(value),
        };
        if !same {
            return Err(format!("`{name}` should be {value}, found {}", found[name]));
        }
    }
    Ok(())
}

fn ids(members: &Value) -> Vec<String> {
    let mut ids: Vec<String> = members
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|member| member["value"].as_str().map(str::to_owned))
        .collect();
    ids.sort();
    ids
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), change);
        }
    }
}

fn clear(directory: &mut Client) {
    for endpoint in ["Groups", "Users"] {
        loop {
            let page = directory.get(&format!("/scim/v2/{endpoint}?attributes=id&count=200")).unwrap().json();
            let resources = page["Resources"].as_array().cloned().unwrap_or_default();
            if resources.is_empty() {
                break;
            }
            for resource in resources {
                let path = format!("/scim/v2/{endpoint}/{}", resource["id"].as_str().unwrap());
                assert_eq!(directory.scim("DELETE", &path, None).unwrap().status, 204);
            }
        }
    }
}

#[test]
fn a_group_of_groups_is_served() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let inner = crate::common::create(&mut directory, "/scim/v2/Groups", &group("Inner", &[]));
    let outer = crate::common::create(&mut directory, "/scim/v2/Groups", &group("Outer", &[&inner]));
    let seen = directory.get(&format!("/scim/v2/Groups/{outer}")).unwrap().json();
    assert_eq!(seen["members"][0]["type"], json!("Group"));
    assert_eq!(seen["members"][0]["$ref"], json!(format!("{}/scim/v2/Groups/{inner}", server.url)));
}
