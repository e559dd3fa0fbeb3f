//! Mass deactivations beyond what a tenant allows an hour: held, said, and let go by command.

use serde_json::json;

use crate::common::{Server, create, expect, patch};
use crate::story::{Provider, Tenant, code, nobody, off, session, user_of_okta};

const USERS: &str = "/scim/v2/Users";

// TEN-16, TEN-23
#[test]
fn deactivations_beyond_the_limit_wait_and_are_let_go_by_command() {
    let server = Server::start();
    let acme = Tenant::of(&server, "standard", "acme");
    let set = ["connection", "set", "--tenant", "acme", "--kind", "scim", "--id", "scim"];
    acme.command(&[&set[..], &["--deactivations", "2", "--beyond", "hold"]].concat());
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let mut directory = acme.directory(&[]);
    let ours = acme.addresses("sso");
    let mut people = Vec::new();
    for number in 0..4 {
        let name = format!("p{number}@example.com");
        let id = create(&mut directory, USERS, &user_of_okta(&name, &format!("x{number}")));
        let mut browser = server.client();
        assert_eq!(provider.sign_in(&mut browser, &ours, &name, &[("email", &name)]).status, 303);
        people.push((id, browser, name));
    }
    for (id, _, _) in &people {
        let answered = directory.scim("PATCH", &format!("{USERS}/{id}"), Some(&off())).unwrap();
        assert_eq!(expect(&answered, 200)["active"], json!(false), "the directory's word is kept");
    }
    // The first two are out. The others keep what is open until somebody looks, and cannot sign in anew.
    for (place, (_, browser, name)) in people.iter_mut().enumerate() {
        if place < 2 {
            nobody(browser);
        } else {
            session(browser);
        }
        let reply = provider.sign_in(&mut server.client(), &ours, name, &[("email", name)]);
        assert_eq!((reply.status, code(&reply).as_str()), (403, "login.directory_inactive"));
    }
    assert_eq!(acme.command(&["held", "list", "--tenant", "acme"]).lines().count(), 2);
    assert!(server.log().contains("too many deactivations"));
    // One comes back by the directory's own word, and waits no longer.
    let on = patch(&json!([{ "op": "replace", "path": "active", "value": true }]));
    expect(&directory.scim("PATCH", &format!("{USERS}/{}", people[2].0), Some(&on)).unwrap(), 200);
    let held = acme.command(&["held", "list", "--tenant", "acme"]);
    assert_eq!(held.lines().count(), 1, "{held}");
    acme.command(&["held", "release", "--tenant", "acme"]);
    assert_eq!(acme.command(&["held", "list", "--tenant", "acme"]), "");
    nobody(&mut people[3].1);
    session(&mut people[2].1);
}

// TEN-16
#[test]
fn beyond_the_limit_the_usual_tenant_is_told_and_nothing_is_held() {
    let server = Server::start();
    let acme = Tenant::of(&server, "standard", "acme");
    let set = ["connection", "set", "--tenant", "acme", "--kind", "scim", "--id", "scim"];
    acme.command(&[&set[..], &["--deactivations", "1"]].concat());
    let mut directory = acme.directory(&[]);
    for number in 0..2 {
        let id = create(
            &mut directory,
            USERS,
            &user_of_okta(&format!("p{number}@example.com"), &format!("x{number}")),
        );
        expect(&directory.scim("PATCH", &format!("{USERS}/{id}"), Some(&off())).unwrap(), 200);
    }
    let all = acme.command(&["person", "list", "--tenant", "acme", "--all"]);
    assert_eq!(all.matches("\tinactive\t").count(), 2, "{all}");
    assert!(server.log().contains("more deactivations within an hour than usual"));
}

// TEN-16
#[test]
fn the_last_administrator_keeps_the_role() {
    let server = Server::start();
    let acme = Tenant::of(&server, "standard", "acme");
    let mut directory = acme.directory(&[]);
    create(&mut directory, USERS, &user_of_okta("ann@example.com", "a"));
    let give = |verb: &'static str, person: &'static str| {
        vec!["role", verb, "--tenant", "acme", "--person", person, "--role", "admin"]
    };
    acme.command(&give("give", "ann@example.com"));
    let said = acme.refused(&give("take", "ann@example.com"));
    assert!(said.contains("role.last_admin"), "{said}");
    create(&mut directory, USERS, &user_of_okta("bob@example.com", "b"));
    acme.command(&give("give", "bob@example.com"));
    acme.command(&give("take", "ann@example.com"));
    assert!(acme.refused(&give("take", "ann@example.com")).contains("role.not_by_hand"));
}

// TEN-24
#[test]
fn a_node_of_another_region_answers_421_and_no_data() {
    let server = Server::start_with(&["--region", "us"]);
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard", "--region", "eu"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let refused = server.client().with_token(&token).get("/scim/v2/Users").unwrap();
    assert_eq!(refused.status, 421, "{}", refused.body);
    let refused = server.client().get_json("/v1/sso/metadata?org_id=acme").unwrap();
    assert_eq!((refused.status, code(&refused).as_str()), (421, "region.wrong"));
    server.command(&["tenant", "create", "--id", "globex", "--profile", "standard", "--region", "us"]);
    let token = server.command(&["token", "issue", "--tenant", "globex"]);
    assert_eq!(server.client().with_token(&token).get("/scim/v2/Users").unwrap().status, 200);
}

// RFC 9967
#[test]
fn what_happens_to_users_is_told_as_events() {
    let server = Server::start();
    let acme = Tenant::of(&server, "standard", "acme");
    let mut directory = acme.directory(&[]);
    let id = create(&mut directory, USERS, &user_of_okta("ann@example.com", "a"));
    expect(&directory.scim("PATCH", &format!("{USERS}/{id}"), Some(&off())).unwrap(), 200);
    assert_eq!(directory.scim("DELETE", &format!("{USERS}/{id}"), None).unwrap().status, 204);
    let told = acme.command(&["events", "--tenant", "acme", "--issuer", "https://api.example.com"]);
    let tokens: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = ["create:notice", "deactivate", "delete"].into();
    assert_eq!(tokens.len(), 3, "{told}");
    for (token, kind) in tokens.iter().zip(kinds) {
        assert!(token["events"][format!("urn:ietf:params:scim:event:prov:{kind}")].is_object(), "{token}");
        assert_eq!(token["sub_id"]["uri"], json!(format!("/Users/{id}")));
        assert_eq!(
            (&token["sub_id"]["externalId"], &token["iss"]),
            (&json!("a"), &json!("https://api.example.com"))
        );
        assert!(!token.to_string().contains("ann@"), "names, never values");
    }
    let none = acme.command(&["events", "--tenant", "acme", "--since", "2999-01-01T00:00:00Z"]);
    assert_eq!(none, "");
}

// TOK-13
#[test]
fn whoever_guesses_at_the_endpoint_for_metadata_or_at_the_hook_is_slowed_down() {
    for hook in [false, true] {
        let server = Server::start();
        let acme = Tenant::of(&server, "toktra", "acme");
        acme.command(&["hook", "okta", "--tenant", "acme"]);
        let path = if hook { "/v1/hooks/okta?org_id=acme" } else { "/v1/sso/config?org_id=acme" };
        let guess = || {
            let headers = [("authorization", "Bearer a guess"), ("content-type", "application/json")];
            server.client().send("POST", path, &headers, b"{}".to_vec()).unwrap()
        };
        let refused = (0..40).map(|_| guess()).find(|reply| reply.status != 401).unwrap();
        assert_eq!(refused.status, 429, "{}", refused.body);
        assert!(refused.header("retry-after").is_some());
    }
}
