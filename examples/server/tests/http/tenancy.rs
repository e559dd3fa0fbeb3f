//! Two tenants on one server know nothing of each other (TEN-18).

use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};
use serde_json::json;

// TEN-18, M32
#[test]
fn a_token_sees_and_changes_nothing_of_another_tenant() {
    let server = Server::start();
    let mut a = server.directory("a", "standard");
    let mut b = server.directory("b", "standard");
    let alice = create(&mut a, "/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut a, "/scim/v2/Groups", &group("Team", &[&alice]));
    for path in [format!("/scim/v2/Users/{alice}"), format!("/scim/v2/Groups/{team}")] {
        expect(&a.get(&path).unwrap(), 200);
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = match method {
                "PUT" if path.contains("Users") => Some(user("mallory@example.com")),
                "PUT" => Some(group("Mine", &[])),
                "PATCH" => Some(patch(&json!([{ "op": "replace", "path": "displayName", "value": "x" }]))),
                _ => None,
            };
            expect_scim_error(&b.scim(method, &path, body.as_ref()).unwrap(), 404, None);
        }
        expect(&a.get(&path).unwrap(), 200);
    }
    for list in
        ["/scim/v2/Users", "/scim/v2/Groups", "/scim/v2/Users?filter=userName%20eq%20%22alice@example.com%22"]
    {
        assert_eq!(expect(&b.get(list).unwrap(), 200)["totalResults"], json!(0), "{list}");
    }
}

// TEN-18: no 409 about another tenant's userName, no foreign member.
#[test]
fn the_same_names_may_be_used_by_both_and_foreign_members_are_unknown() {
    let server = Server::start();
    let mut a = server.directory("a", "standard");
    let mut b = server.directory("b", "standard");
    let alice = create(&mut a, "/scim/v2/Users", &user("alice@example.com"));
    create(&mut b, "/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut b, "/scim/v2/Groups", &group("Team", &[&alice]));
    let seen = expect(&b.get(&format!("/scim/v2/Groups/{team}")).unwrap(), 200);
    assert_eq!(seen.get("members"), None, "an id of another tenant is like an unknown one: {seen}");
    let seen = expect(&a.get(&format!("/scim/v2/Users/{alice}")).unwrap(), 200);
    assert_eq!(seen.get("groups"), None);
}

// TOK-02, TOK-03
#[test]
fn a_token_with_another_tenants_name_in_it_is_worth_nothing() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "a"]);
    server.command(&["tenant", "create", "--id", "b"]);
    let token = server.command(&["token", "issue", "--tenant", "a"]);
    for forged in
        [token.replace("_a.", "_b."), format!("{token}0"), token.replace("scim_", "x_"), String::new()]
    {
        let reply = server.client().with_token(&forged).get("/scim/v2/Users").unwrap();
        expect_scim_error(&reply, 401, None);
    }
}
