//! Torii: provisioning is switched on, keys end and are announced, the type of a user is the role.

use chrono::{DateTime, TimeDelta, Utc};
use example_server::client::Client;
use example_server::clock;
use serde_json::{Value, json};
use tenant_model::{Expiry, TenantId, TokenId};

use crate::common::{Server, create, expect, expect_scim_error, patch, user};
use crate::story::{Provider, Tenant, eventually, off, session, token_id};

const USERS: &str = "/scim/v2/Users";

fn switched_on<'a>(server: &'a Server) -> (Tenant<'a>, Client) {
    let acme = Tenant::of(server, "torii", "acme");
    acme.command(&[
        "connection",
        "set",
        "--tenant",
        "acme",
        "--kind",
        "scim",
        "--id",
        "scim",
        "--state",
        "on",
    ]);
    let client = acme.directory(&["--expires", &in_days(90)]);
    (acme, client)
}

fn in_days(days: i64) -> String {
    (clock::now() + TimeDelta::days(days)).to_rfc3339()
}

fn with_type(name: &str, kind: &str) -> Value {
    let mut user = user(name);
    user["userType"] = json!(kind);
    user
}

// TORII-S1
#[test]
fn provisioning_is_switched_on_and_a_key_has_kind_description_and_an_end_that_stays() {
    let server = Server::start();
    let acme = Tenant::of(&server, "torii", "acme");
    let said = acme.refused(&["token", "issue", "--tenant", "acme"]);
    assert!(said.contains("token.expiry_required"), "{said}");
    let key = acme.token(&["--kind", "scim", "--description", "for Okta", "--expires", &in_days(90)]);
    let mut client = server.client().with_token(&key);
    expect_scim_error(&client.get(USERS).unwrap(), 403, None);
    for (state, status) in [("on", 200), ("off", 403), ("on", 200)] {
        acme.command(&[
            "connection",
            "set",
            "--tenant",
            "acme",
            "--kind",
            "scim",
            "--id",
            "scim",
            "--state",
            state,
        ]);
        assert_eq!(client.get(USERS).unwrap().status, status, "{state}");
    }
    let list = acme.command(&["token", "list", "--tenant", "acme"]);
    assert!(list.contains("\tscim\tfor Okta"), "{list}");
    assert!(!list.contains(&key), "shown once");
    let said = acme.refused(&["token", "issue", "--tenant", "acme", "--never"]);
    assert!(said.contains("token."), "{said}");
}

// TORII-S2
#[test]
fn a_reminder_goes_out_a_month_before_a_key_ends_and_after_the_end_it_is_invalid() {
    let server = Server::start();
    let (acme, _) = switched_on(&server);
    let key = acme.token(&["--expires", &in_days(60)]);
    let about = |lines: &str| {
        lines
            .lines()
            .filter(|line| line.contains(&token_id(&key)) && line.contains("\"kind\":\"token\""))
            .count()
    };
    assert_eq!(about(&acme.command(&["reminders", "--tenant", "acme", "--tell"])), 0);
    // A month later, as the clock cannot be turned: made long ago, it ends in twenty-nine days.
    set_ages(&acme, &key, clock::now() - TimeDelta::days(61), clock::now() + TimeDelta::days(29));
    let told = acme.command(&["reminders", "--tenant", "acme", "--tell"]);
    assert_eq!(about(&told), 1, "{told}");
    assert!(told.contains("\"days\":30"), "{told}");
    assert_eq!(about(&acme.command(&["reminders", "--tenant", "acme", "--tell"])), 0, "once");
    let mut client = server.client().with_token(&key);
    expect(&client.get(USERS).unwrap(), 200);
    let soon = (clock::now() + TimeDelta::seconds(3)).to_rfc3339();
    let short = acme.token(&["--expires", &soon]);
    eventually("the end of the key", || server.client().with_token(&short).get(USERS).unwrap().status == 401);
}

/// Lets a key be older than it is.
fn set_ages(acme: &Tenant<'_>, key: &str, created: DateTime<Utc>, ends: DateTime<Utc>) {
    let id = TokenId::parse(&token_id(key)).unwrap();
    acme.in_store(async move |base| {
        let tenant = TenantId::parse("acme").unwrap();
        let mut tx = base.store.begin(&tenant).await.unwrap();
        let mut row = example_server::store::tokens::find(&mut tx, &tenant, &id).await.unwrap().unwrap();
        row.created = created;
        row.expires = Expiry::At(ends);
        example_server::store::tokens::update(&mut tx, &row).await.unwrap();
        tx.commit().await.unwrap();
    });
}

// TORII-S3
#[test]
fn several_keys_work_at_once_until_the_old_one_is_deleted() {
    let server = Server::start();
    let (acme, mut first) = switched_on(&server);
    let mut keys: Vec<String> = (0..4).map(|_| acme.token(&["--expires", &in_days(30)])).collect();
    expect(&first.get(USERS).unwrap(), 200);
    for key in &keys {
        expect(&server.client().with_token(key).get(USERS).unwrap(), 200);
    }
    let said = acme.refused(&["token", "issue", "--tenant", "acme", "--expires", &in_days(30)]);
    assert!(said.contains("token.too_many_active"), "{said}");
    let old = keys.remove(0);
    acme.command(&["token", "revoke", "--tenant", "acme", "--id", &token_id(&old)]);
    expect_scim_error(&server.client().with_token(&old).get(USERS).unwrap(), 401, None);
    expect(&server.client().with_token(&keys[0]).get(USERS).unwrap(), 200);
    acme.token(&["--expires", &in_days(30)]);
}

// TORII-S4
#[test]
fn the_user_name_is_an_address_of_the_organisation_and_never_changes() {
    let server = Server::start();
    let (acme, mut okta) = switched_on(&server);
    for bad in ["alice", "alice@other.example", "alice@sub.example.com"] {
        expect_scim_error(&okta.scim("POST", USERS, Some(&user(bad))).unwrap(), 400, Some("invalidValue"));
    }
    let id = create(&mut okta, USERS, &user("alice@example.com"));
    let at = format!("{USERS}/{id}");
    let before = expect(&okta.get(&at).unwrap(), 200);
    let rename = patch(&json!([{ "op": "replace", "path": "userName", "value": "bob@example.com" }]));
    expect_scim_error(&okta.scim("PATCH", &at, Some(&rename)).unwrap(), 400, Some("mutability"));
    let whole = user("bob@example.com");
    expect_scim_error(&okta.scim("PUT", &at, Some(&whole)).unwrap(), 400, Some("mutability"));
    assert_eq!(expect(&okta.get(&at).unwrap(), 200), before, "nothing changed");
    let schema =
        expect(&okta.get("/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").unwrap(), 200);
    let attributes = schema["attributes"].as_array().unwrap();
    let name = attributes.iter().find(|attribute| attribute["name"] == json!("userName")).unwrap();
    assert_eq!(name["mutability"], json!("immutable"), "discovery says so");
    // The application's user name is the address, and so is what signs in.
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    let mut browser = server.client();
    let about = [("email", "alice@example.com")];
    let reply = provider.sign_in(&mut browser, &acme.addresses("sso"), "alice@example.com", &about);
    assert_eq!(reply.status, 303, "{}", reply.body);
    assert_eq!(session(&mut browser)["email"], json!("alice@example.com"));
}

// TORII-S5
#[test]
fn the_type_of_a_user_is_the_role_and_employees_are_no_members() {
    let server = Server::start();
    let (acme, mut okta) = switched_on(&server);
    let members = || acme.command(&["person", "list", "--tenant", "acme"]);
    create(&mut okta, USERS, &user("emma@example.com"));
    assert_eq!(members(), "", "Employee is who has no type, and no member");
    assert!(acme.command(&["person", "list", "--tenant", "acme", "--all"]).contains("\tEmployee\t"));
    let id = create(&mut okta, USERS, &with_type("mia@example.com", "Member"));
    assert!(members().contains("\tMember\t") && members().lines().count() == 1);
    let boss = with_type("ben@example.com", "Boss");
    expect_scim_error(&okta.scim("POST", USERS, Some(&boss)).unwrap(), 400, Some("invalidValue"));
    acme.command(&["role", "add", "--tenant", "acme", "--role", "Boss", "--name", "The Boss"]);
    create(&mut okta, USERS, &boss);
    assert!(members().contains("\tBoss\t"));
    let promote = patch(&json!([{ "op": "replace", "path": "userType", "value": "Admin" }]));
    let at = format!("{USERS}/{id}");
    expect(&okta.scim("PATCH", &at, Some(&promote)).unwrap(), 200);
    assert!(members().contains("\tAdmin\t"));
    let wrong = patch(&json!([{ "op": "replace", "path": "userType", "value": "King" }]));
    expect_scim_error(&okta.scim("PATCH", &at, Some(&wrong)).unwrap(), 400, Some("invalidValue"));
    assert_eq!(expect(&okta.get(&at).unwrap(), 200)["userType"], json!("Admin"), "nothing changed");
    // An administrator sees the members, anybody else does not.
    let provider = Provider::new("https://idp.example.com");
    acme.trusts(&provider, "sso");
    for (name, status) in [("mia@example.com", 200), ("ben@example.com", 403)] {
        let mut browser = server.client();
        let reply = provider.sign_in(&mut browser, &acme.addresses("sso"), name, &[("email", name)]);
        assert_eq!(reply.status, 303, "{}", reply.body);
        let seen = browser.get("/v1/members").unwrap();
        assert_eq!(seen.status, status, "{}", seen.body);
        if status == 200 {
            assert_eq!(seen.json()["members"].as_array().unwrap().len(), 2);
        }
    }
}

// TORII-S6, TORII-B1
#[test]
fn lists_have_a_hundred_results_two_hundred_at_most_and_any_field_sorts_and_filters() {
    let server = Server::start();
    let (_acme, mut okta) = switched_on(&server);
    for number in 0..205_u32 {
        let mut one =
            with_type(&format!("u{number:03}@example.com"), if number % 2 == 0 { "Member" } else { "Admin" });
        one["title"] = json!(format!("t{:03}", 204 - number.min(204)));
        create(&mut okta, USERS, &one);
    }
    let mut list = |query: &str| expect(&okta.get(&format!("{USERS}{query}")).unwrap(), 200);
    let count = |list: &Value| list["Resources"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&list("")), count(&list("?count=1000")), count(&list("?count=5"))), (100, 200, 5));
    let found = list("?filter=emails%20eq%20%22u007%40example.com%22");
    assert_eq!((count(&found), &found["Resources"][0]["userName"]), (1, &json!("u007@example.com")));
    assert_eq!(count(&list("?filter=userName%20eq%20%22U008%40example.com%22")), 1);
    // The guide names two attributes; every filter works all the same.
    assert_eq!(
        list("?filter=userType%20eq%20%22Admin%22%20and%20title%20sw%20%22t00%22")["totalResults"],
        json!(5)
    );
    for (field, first) in [
        ("userName", "u000@example.com"),
        ("title", "u204@example.com"),
        ("emails.value", "u000@example.com"),
    ] {
        let sorted = list(&format!("?sortBy={field}&count=1"));
        assert_eq!(sorted["Resources"][0]["userName"], json!(first), "{field}");
        list(&format!("?sortBy={field}&sortOrder=descending&count=1"));
    }
    for field in
        ["userType", "meta.created", "meta.lastModified", "name.familyName", "id", "active", "externalId"]
    {
        assert_eq!(count(&list(&format!("?sortBy={field}&count=3"))), 3, "{field}");
    }
}

// TORII-S7
#[test]
fn users_are_deactivated_and_never_deleted_and_the_organisation_is_in_the_address() {
    let server = Server::start();
    let (acme, mut okta) = switched_on(&server);
    let id = create(&mut okta, USERS, &with_type("mia@example.com", "Member"));
    let at = format!("{USERS}/{id}");
    expect_scim_error(&okta.scim("DELETE", &at, None).unwrap(), 405, None);
    let title = patch(&json!([{ "op": "add", "path": "title", "value": "Dr" }]));
    expect(&okta.scim("PATCH", &at, Some(&title)).unwrap(), 200);
    expect(&okta.scim("PATCH", &at, Some(&off())).unwrap(), 200);
    assert!(acme.command(&["person", "list", "--tenant", "acme", "--all"]).contains("\tinactive\t"));
    assert_eq!(acme.addresses("sso").acs, format!("{}/t/acme/saml/acs", server.url));
    let reply = server.client().get("/t/acme/saml/metadata").unwrap();
    assert!(reply.body.contains("/t/acme/saml/acs\""), "{}", reply.body);
}

// TORII-B1
#[test]
fn discovery_says_exactly_what_the_tenant_supports() {
    let server = Server::start();
    let (_acme, mut okta) = switched_on(&server);
    let config = expect(&okta.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    for (feature, supported) in
        [("patch", true), ("sort", true), ("filter", true), ("etag", true), ("bulk", false)]
    {
        assert_eq!(config[feature]["supported"], json!(supported), "{feature}");
    }
    assert_eq!(config["filter"]["maxResults"], json!(200));
    let types = expect(&okta.get("/scim/v2/ResourceTypes").unwrap(), 200);
    assert_eq!(types["totalResults"], json!(1), "no groups");
    let bulk = okta.scim("POST", "/scim/v2/Bulk", Some(&json!({}))).unwrap();
    expect_scim_error(&bulk, 501, None);
    expect_scim_error(&okta.get("/scim/v2/Groups").unwrap(), 404, None);
}
