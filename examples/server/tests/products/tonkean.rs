//! Tonkean: several providers, a header whose word the product chose, and roles in an extension of its own.

use serde_json::json;

use crate::common::{Server, expect, expect_scim_error, group, patch, user};
use crate::story::{Provider, Tenant, code, nobody, session, user_of_okta};

const ALICE: &str = "alice@example.com";
const ROLES: &str = "urn:scim:tonkean";

/// A header that is not the client's own.
fn ask(server: &Server, value: &str) -> u16 {
    let reply = server.client().send("GET", "/scim/v2/Users", &[("authorization", value)], Vec::new());
    reply.unwrap().status
}

/// A client as Okta's "Header Auth" app is: the header is the word and the token.
struct HeaderAuth<'a> {
    server: &'a Server,
    header: String,
}

impl<'a> HeaderAuth<'a> {
    fn of(board: &Tenant<'a>, more: &[&str]) -> Self {
        Self { server: board.server, header: format!("token {}", board.token(more)) }
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> example_server::client::Reply {
        let headers = [("authorization", self.header.as_str()), ("content-type", "application/scim+json")];
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.server.client().send(method, path, &headers, body).unwrap()
    }

    fn create(&self, path: &str, body: &serde_json::Value) -> String {
        expect(&self.send("POST", path, Some(body)), 201)["id"].as_str().unwrap().to_owned()
    }
}

// TONKEAN-S1
#[test]
fn a_board_has_several_providers_each_with_its_own_name_token_and_address() {
    let server = Server::start();
    let board = Tenant::of(&server, "tonkean", "acme");
    for (id, provider, name) in [("okta", "okta", "Okta of HQ"), ("entra", "entra", "Entra of the shops")] {
        board.command(&[
            "connection",
            "add",
            "--tenant",
            "acme",
            "--id",
            id,
            "--provider",
            provider,
            "--name",
            name,
        ]);
    }
    let list = board.command(&["connection", "list", "--tenant", "acme"]);
    assert!(
        list.contains("scim\tokta\tokta\ton\tOkta of HQ")
            && list.contains("scim\tentra\tentra\ton\tEntra of the shops"),
        "{list}"
    );
    let okta = HeaderAuth::of(&board, &["--connection", "okta"]);
    let entra = HeaderAuth::of(&board, &["--connection", "entra"]);
    assert_ne!(okta.header, entra.header);
    let id = okta.create("/scim/v2/Users", &user_of_okta(ALICE, "00u1"));
    entra.create("/scim/v2/Users", &user_of_okta("bob@example.com", "b1"));
    // Whom one directory manages another cannot take.
    let stolen = patch(&json!([{ "op": "replace", "value": { "active": false } }]));
    expect_scim_error(&entra.send("PATCH", &format!("/scim/v2/Users/{id}"), Some(&stolen)), 403, None);
    // Logins: an ACS address and an entity id for each, and what is meant for one is refused at the other.
    let (of_okta, of_entra) =
        (Provider::new("https://okta.example.com"), Provider::new("https://entra.example.com"));
    board.trusts(&of_okta, "okta");
    board.trusts(&of_entra, "entra");
    let (at_okta, at_entra) = (board.addresses("okta"), board.addresses("entra"));
    assert_ne!(at_okta.acs, at_entra.acs);
    assert_ne!(at_okta.entity_id, at_entra.entity_id);
    let about = [("email", ALICE)];
    let mut browser = server.client();
    let reply = of_okta.sign_in(&mut browser, &at_okta, ALICE, &about);
    assert_eq!(reply.status, 303, "{}", reply.body);
    assert_eq!(session(&mut browser)["connection"], json!("okta"));
    let mut browser = server.client();
    let request = of_okta.asked(&mut browser, &at_okta, "/");
    let answer = of_okta.answer(&request, ALICE, &about);
    let reply = of_okta.deliver_to(&mut browser, &answer, &at_entra.acs);
    assert_eq!(reply.status, 403, "{}", reply.body);
    // The other provider says the same name: that is not the same person (TEN-05).
    let reply = of_entra.sign_in(&mut browser, &at_entra, ALICE, &about);
    assert_eq!(reply.status, 403, "{}", reply.body);
    assert!(code(&reply).starts_with("login."), "{}", reply.body);
    nobody(&mut browser);
}

// TONKEAN-S1
#[test]
fn a_product_with_one_provider_takes_no_second_one() {
    let server = Server::start();
    let acme = Tenant::of(&server, "torii", "acme");
    let said = acme.refused(&["connection", "add", "--tenant", "acme", "--id", "second"]);
    assert!(said.contains("one connection of a kind"), "{said}");
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let file = server.folder.path().join("acme-sso.xml");
    let file = file.to_str().unwrap();
    let said = acme.refused(&[
        "tenant",
        "configure-idp",
        "--id",
        "acme",
        "--metadata",
        file,
        "--connection",
        "second",
    ]);
    assert!(said.contains("one connection of a kind"), "{said}");
}

// TONKEAN-S2
#[test]
fn the_header_is_the_word_of_the_profile_in_any_case_and_the_token() {
    let server = Server::start();
    let board = Tenant::of(&server, "tonkean", "acme");
    let token = board.token(&[]);
    for word in ["token ", "Token ", "TOKEN "] {
        assert_eq!(ask(&server, &format!("{word}{token}")), 200, "{word}");
    }
    for word in ["Bearer ", "", "tokens ", "Basic "] {
        assert_eq!(ask(&server, &format!("{word}{token}")), 401, "{word}");
    }
}

// TONKEAN-S3
#[test]
fn users_and_groups_are_provisioned_below_a_base_that_ends_in_scim_v2() {
    let server = Server::start();
    let board = Tenant::of(&server, "tonkean", "acme");
    let okta = HeaderAuth::of(&board, &[]);
    let id = okta.create("/scim/v2/Users", &user(ALICE));
    let group_id = okta.create("/scim/v2/Groups", &group("Makers", &[&id]));
    let at = format!("/scim/v2/Groups/{group_id}");
    let rename = patch(&json!([{ "op": "replace", "path": "displayName", "value": "Builders" }]));
    assert!(okta.send("PATCH", &at, Some(&rename)).status < 300);
    let shown = expect(&okta.send("GET", &at, None), 200);
    assert_eq!((&shown["displayName"], &shown["members"][0]["value"]), (&json!("Builders"), &json!(id)));
    assert_eq!(okta.send("DELETE", &at, None).status, 204);
    assert_eq!(okta.send("DELETE", &format!("/scim/v2/Users/{id}"), None).status, 204);
}

// TONKEAN-S4, TONKEAN-B1
#[test]
fn the_roles_of_the_extension_are_served_checked_found_patched_and_become_the_users_roles() {
    let server = Server::start();
    let board = Tenant::of(&server, "tonkean", "acme");
    let okta = HeaderAuth::of(&board, &[]);
    let schema = expect(&okta.send("GET", &format!("/scim/v2/Schemas/{ROLES}"), None), 200);
    let attribute = &schema["attributes"][0];
    assert_eq!(
        (&attribute["name"], &attribute["multiValued"], &attribute["canonicalValues"]),
        (&json!("tonkeanRoles"), &json!(true), &json!(["PROCESS_CONTRIBUTOR", "SYSTEM_USER"]))
    );
    let kind = expect(&okta.send("GET", "/scim/v2/ResourceTypes/User", None), 200);
    assert!(kind["schemaExtensions"].to_string().contains(ROLES), "{kind}");
    let mut alice = user(ALICE);
    alice["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ROLES]);
    alice[ROLES] = json!({ "tonkeanRoles": ["PROCESS_CONTRIBUTOR"] });
    let id = okta.create("/scim/v2/Users", &alice);
    let at = format!("/scim/v2/Users/{id}");
    let roles = || {
        let list = board.command(&["person", "list", "--tenant", "acme"]);
        let line = list.lines().find(|line| line.contains(ALICE)).unwrap();
        line.split('\t').nth(2).unwrap().to_owned()
    };
    assert_eq!(roles(), "PROCESS_CONTRIBUTOR");
    let filter = |value: &str| {
        let path = format!("/scim/v2/Users?filter=urn%3Ascim%3Atonkean%3AtonkeanRoles%20eq%20%22{value}%22");
        expect(&okta.send("GET", &path, None), 200)["totalResults"].clone()
    };
    assert_eq!((filter("PROCESS_CONTRIBUTOR"), filter("SYSTEM_USER")), (json!(1), json!(0)));
    let add =
        patch(&json!([{ "op": "add", "path": "urn:scim:tonkean:tonkeanRoles", "value": ["SYSTEM_USER"] }]));
    let changed = expect(&okta.send("PATCH", &at, Some(&add)), 200);
    assert_eq!(changed[ROLES]["tonkeanRoles"], json!(["PROCESS_CONTRIBUTOR", "SYSTEM_USER"]));
    assert_eq!(roles(), "PROCESS_CONTRIBUTOR,SYSTEM_USER");
    // What is no role of the product is refused, and nothing changed.
    let wrong = patch(&json!([{ "op": "add", "path": "urn:scim:tonkean:tonkeanRoles", "value": ["OWNER"] }]));
    expect_scim_error(&okta.send("PATCH", &at, Some(&wrong)), 400, Some("invalidValue"));
    let mut bob = user("bob@example.com");
    bob[ROLES] = json!({ "tonkeanRoles": "SYSTEM_USER", "other": 1 });
    let reply = okta.send("POST", "/scim/v2/Users", Some(&bob));
    assert!(matches!(reply.status, 201 | 400), "{}", reply.body);
    assert_eq!(roles(), "PROCESS_CONTRIBUTOR,SYSTEM_USER");
    let remove = patch(&json!([{ "op": "remove", "path": "urn:scim:tonkean:tonkeanRoles" }]));
    assert!(okta.send("PATCH", &at, Some(&remove)).status < 300);
    assert_eq!(filter("SYSTEM_USER"), json!(if reply.status == 201 { 1 } else { 0 }));
}
