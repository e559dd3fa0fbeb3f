//! A server that is killed loses nothing that it acknowledged, and leaves nothing half-done.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use example_server::client::Client;

use crate::common::{Folder, Server, create, expect, group, user};
use serde_json::{Value, json};

#[test]
fn what_was_acknowledged_before_a_kill_is_there_after_a_restart() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let (folder, kept) = killed_amid(server, &token, 4, 40, |directory, writer, number| {
        let name = format!("w{writer}-{number}@example.com");
        let mut made = |path: &str, body: &Value| {
            let reply = directory.scim("POST", path, Some(body)).ok().filter(|reply| reply.status == 201)?;
            Some(reply.json()["id"].as_str().unwrap().to_owned())
        };
        let id = made("/scim/v2/Users", &user(&name))?;
        let team = made("/scim/v2/Groups", &group(&format!("team of {name}"), &[&id]))?;
        Some((name, id, team))
    });

    let server = Server::start_in(folder, &[]);
    let mut directory = server.client().with_token(&token);
    for (name, id, team) in &kept {
        let found = expect(&directory.get(&format!("/scim/v2/Users/{id}")).unwrap(), 200);
        assert_eq!(found["userName"], json!(name));
        assert_eq!(found["groups"][0]["value"], json!(team));
    }
    // Nothing half-done: every group is whole, since a request is one transaction.
    let mut start = 1;
    loop {
        let page =
            expect(&directory.get(&format!("/scim/v2/Groups?startIndex={start}&count=200")).unwrap(), 200);
        let groups = page["Resources"].as_array().cloned().unwrap_or_default();
        if groups.is_empty() {
            break;
        }
        start += groups.len();
        for group in groups {
            assert_eq!(group["members"].as_array().map(Vec::len), Some(1), "{group}");
        }
    }
    create(&mut directory, "/scim/v2/Users", &user("after@example.com"));
}

/// Directories that write one after the other until the server is killed, after `enough` of their writes are
/// acknowledged; gives what it left behind, and all that was acknowledged.
fn killed_amid<T: Send>(
    server: Server,
    token: &str,
    writers: usize,
    enough: usize,
    write: impl Fn(&mut Client, usize, usize) -> Option<T> + Sync,
) -> (Arc<Folder>, Vec<T>) {
    let (acknowledged, seen) = mpsc::channel();
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (write, acknowledged) = (&write, acknowledged.clone());
            let mut directory = server.client().with_token(token);
            scope.spawn(move || {
                for done in (0..).map_while(|number| write(&mut directory, writer, number)) {
                    acknowledged.send(done).unwrap();
                }
            });
        }
        drop(acknowledged);
        let mut kept: Vec<T> =
            (0..enough).map(|_| seen.recv_timeout(Duration::from_secs(60)).unwrap()).collect();
        let folder = server.kill();
        kept.extend(seen.iter());
        (folder, kept)
    })
}

/// Users, and a group of all of them that names them before they have ids.
fn bulk(writer: usize, number: usize) -> Value {
    let mut operations: Vec<Value> = (0..PEOPLE)
        .map(|person| {
            let data = user(&format!("w{writer}-{number}-{person}@example.com"));
            json!({ "method": "POST", "path": "/Users", "bulkId": format!("u{person}"), "data": data })
        })
        .collect();
    let names: Vec<String> = (0..PEOPLE).map(|person| format!("bulkId:u{person}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let team = group(&format!("team w{writer}-{number}-"), &names);
    operations.push(json!({ "method": "POST", "path": "/Groups", "bulkId": "team", "data": team }));
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

const PEOPLE: usize = 8;

#[test]
fn a_kill_in_the_middle_of_bulk_requests_leaves_each_whole_or_nothing_of_it() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let (folder, kept) = killed_amid(server, &token, 3, 6, |directory, writer, number| {
        let reply = directory.scim("POST", "/scim/v2/Bulk", Some(&bulk(writer, number))).ok()?;
        let body = expect(&reply, 200);
        let made = body["Operations"].as_array().unwrap();
        assert!(made.iter().all(|one| one["status"] == json!("201")), "{body}");
        Some((writer, number))
    });

    let server = Server::start_in(folder, &[]);
    let mut directory = server.client().with_token(&token);
    let mut count = |kind: &str, attribute: &str, prefix: &str| {
        let filter = format!("{attribute}%20sw%20%22{}%22", prefix.replace(' ', "%20"));
        let page = directory.get(&format!("/scim/v2/{kind}?filter={filter}&count=200")).unwrap();
        let page = expect(&page, 200);
        (page["totalResults"].as_u64().unwrap(), page["Resources"].clone())
    };
    for writer in 0..3 {
        let known = kept.iter().filter(|(who, _)| *who == writer).count();
        // The one behind the last acknowledged may be there, or not.
        for number in 0..known + 2 {
            let (people, _) = count("Users", "userName", &format!("w{writer}-{number}-"));
            let (teams, team) = count("Groups", "displayName", &format!("team w{writer}-{number}-"));
            let whole =
                (people, teams) == (8, 1) && team[0]["members"].as_array().map(Vec::len) == Some(PEOPLE);
            let nothing = (people, teams) == (0, 0);
            assert!(
                whole || (nothing && number >= known),
                "w{writer}-{number}: {people} people, {teams} teams"
            );
        }
    }
}

#[test]
fn a_refused_write_leaves_nothing_behind() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[]));
    // The first operations are good, the last is not: none of them may be seen.
    let body = crate::common::patch(&json!([
        { "op": "add", "path": "members", "value": [{ "value": alice }] },
        { "op": "replace", "path": "displayName", "value": "Other" },
        { "op": "replace", "path": "displayName", "value": null },
    ]));
    let path = format!("/scim/v2/Groups/{team}");
    let before = expect(&directory.get(&path).unwrap(), 200);
    let reply = directory.scim("PATCH", &path, Some(&body)).unwrap();
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert_eq!(expect(&directory.get(&path).unwrap(), 200), before);
    let taken = user("alice@example.com");
    let bob = create(&mut directory, "/scim/v2/Users", &user("bob@example.com"));
    let path = format!("/scim/v2/Users/{bob}");
    let before = expect(&directory.get(&path).unwrap(), 200);
    let reply = directory.scim("PUT", &path, Some(&taken)).unwrap();
    crate::common::expect_scim_error(&reply, 409, Some("uniqueness"));
    assert_eq!(expect(&directory.get(&path).unwrap(), 200), before);
    let _: Value = before;
}
