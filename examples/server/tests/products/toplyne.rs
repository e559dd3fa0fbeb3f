//! Toplyne: Okta alone, users alone, passwords if wanted; a token belongs to the admin who made it.

use serde_json::{Value, json};

use crate::common::{Folder, Server, create, expect, expect_scim_error, group, patch};
use crate::story::{Provider, Tenant, code, eventually, nobody, off, session, token_id, user_of_okta};

const ALICE: &str = "alice@example.com";

// TOPLYNE-S1
#[test]
fn the_entity_id_and_the_acs_address_to_copy_are_the_tenants_own() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toplyne", "acme");
    let ours = acme.addresses("sso");
    assert_eq!(ours.acs, format!("{}/t/acme/saml/acs", server.url));
    let metadata = server.client().get("/t/acme/saml/metadata").unwrap();
    assert_eq!(metadata.status, 200);
    assert!(metadata.body.contains(&format!("entityID=\"{}\"", ours.entity_id)), "{}", metadata.body);
    assert!(metadata.body.contains(&format!("Location=\"{}\"", ours.acs)), "{}", metadata.body);
    // At another product's addresses nobody of Toplyne is known.
    let elsewhere = server.client().get_json("/v1/sso/metadata?org_id=acme").unwrap();
    assert_eq!(elsewhere.status, 404);
}

// TOPLYNE-S2
#[test]
fn both_attributes_are_demanded_as_they_are_spelled_and_the_user_must_exist() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toplyne", "acme");
    let okta = Provider::new("https://idp.example.com");
    acme.trusts(&okta, "sso");
    let ours = acme.addresses("sso");
    let both = [("uid", "00u1"), ("email", ALICE)];
    let reply = okta.sign_in(&mut server.client(), &ours, ALICE, &both);
    assert_eq!((reply.status, code(&reply).as_str()), (403, "login.not_provisioned"), "{}", reply.body);
    create(&mut acme.directory(&[]), "/scim/v2/Users", &user_of_okta(ALICE, "00u1"));
    for wrong in [
        vec![("uid", "00u1")],
        vec![("email", ALICE)],
        vec![("Uid", "00u1"), ("email", ALICE)],
        vec![("uid", "00u1"), ("Email", ALICE)],
        vec![],
    ] {
        let mut browser = server.client();
        let reply = okta.sign_in(&mut browser, &ours, ALICE, &wrong);
        assert_eq!((reply.status, code(&reply).as_str()), (403, "mapping.missing_attribute"), "{wrong:?}");
        nobody(&mut browser);
    }
    let mut browser = server.client();
    let reply = okta.sign_in(&mut browser, &ours, ALICE, &both);
    assert_eq!((reply.status, reply.location()), (303, "/home"), "{}", reply.body);
    assert_eq!(session(&mut browser)["email"], json!(ALICE));
    // A tile in Okta's portal begins without a request: the browser is sent to begin a login of ours.
    let mut browser = server.client();
    let reply = okta.deliver(&mut browser, &okta.unasked(&ours, ALICE, &both));
    assert_eq!(reply.status, 302, "{}", reply.body);
    assert!(reply.location().starts_with(okta.idp.sign_on_url()));
    nobody(&mut browser);
}

// TOPLYNE-S3
#[test]
fn users_are_pushed_by_their_address_and_there_are_no_groups_at_all() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toplyne", "acme");
    let mut okta = acme.directory(&[]);
    let id = create(&mut okta, "/scim/v2/Users", &user_of_okta(ALICE, "00u1"));
    let found = okta.get("/scim/v2/Users?filter=emails.value%20eq%20%22ALICE%40example.com%22").unwrap();
    assert_eq!(expect(&found, 200)["Resources"][0]["id"], json!(id));
    // An address is one user's.
    let mut twin = user_of_okta("twin@example.com", "00u2");
    twin["emails"] = json!([{ "value": ALICE, "primary": true }]);
    expect_scim_error(&okta.scim("POST", "/scim/v2/Users", Some(&twin)).unwrap(), 409, Some("uniqueness"));
    let title = patch(&json!([{ "op": "replace", "value": { "title": "Lead" } }]));
    let at = format!("/scim/v2/Users/{id}");
    assert_eq!(expect(&okta.scim("PATCH", &at, Some(&title)).unwrap(), 200)["title"], json!("Lead"));
    for (method, path, body) in [
        ("GET", "/scim/v2/Groups", None),
        ("GET", "/scim/v2/Groups/1", None),
        ("POST", "/scim/v2/Groups", Some(group("A", &[]))),
    ] {
        expect_scim_error(&okta.scim(method, path, body.as_ref()).unwrap(), 404, None);
    }
    let types = expect(&okta.get("/scim/v2/ResourceTypes").unwrap(), 200);
    let names: Vec<&str> =
        types["Resources"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
    assert_eq!(names, ["User"]);
    let schemas = okta.get("/scim/v2/Schemas").unwrap();
    assert!(!schemas.body.contains("core:2.0:Group"), "{}", schemas.body);
    expect_scim_error(&okta.scim("DELETE", &at, None).unwrap(), 405, None);
}

// TOPLYNE-S4
#[test]
fn a_token_has_a_name_and_an_end_or_none_and_the_connector_test_passes() {
    let server = Server::start();
    let acme = Tenant::of(&server, "toplyne", "acme");
    let never = acme.token(&["--name", "for ever", "--never"]);
    let soon = (example_server::clock::now() + chrono::TimeDelta::seconds(4)).to_rfc3339();
    let short = acme.token(&["--name", "short", "--expires", &soon]);
    let list = acme.command(&["token", "list", "--tenant", "acme"]);
    assert!(
        list.contains("\tnever\t") && list.contains("\tfor ever\t") && list.contains("\tshort\t"),
        "{list}"
    );
    // What Okta's "Test Connector Configuration" asks, under whatever word the admin typed.
    for word in ["Bearer ", "", "SSWS ", "bearer "] {
        let value = format!("{word}{never}");
        let header = [("authorization", value.as_str())];
        let ask = |path: &str| server.client().send("GET", path, &header, Vec::new()).unwrap();
        let config = expect(&ask("/scim/v2/ServiceProviderConfig"), 200);
        assert_eq!(config["patch"]["supported"], json!(true));
        let none = expect(
            &ask("/scim/v2/Users?filter=userName%20eq%20%22nobody%40example.com%22&startIndex=1&count=100"),
            200,
        );
        assert_eq!((&none["totalResults"], &none["startIndex"]), (&json!(0), &json!(1)));
    }
    eventually("the end of the token", || {
        server.client().with_token(&short).get("/scim/v2/Users").unwrap().status == 401
    });
    let refused = server.client().with_token(&short).get("/scim/v2/Users").unwrap();
    assert!(refused.body.contains("expired"), "{}", refused.body);
    assert!(server.client().with_token(&never).get("/scim/v2/Users").unwrap().status == 200);
}

// TOPLYNE-S5, TOPLYNE-B1
#[test]
fn a_token_whose_admin_left_is_reported_and_another_admin_takes_it_over() {
    // Toplyne itself has no roles; one that has an admin shows the same with the same rules for tokens.
    let (server, profiles) = with_admins();
    let acme = Tenant::made(&server, "toplyne-with-admins", "acme", Some(profiles));
    let mut okta = acme.directory(&["--name", "okta"]);
    for (name, id) in [("ann@example.com", "00a"), ("bob@example.com", "00b")] {
        create(&mut okta, "/admins/scim/v2/Users", &user_of_okta(name, id));
        acme.command(&["role", "give", "--tenant", "acme", "--person", name, "--role", "admin"]);
    }
    let anns = acme.token(&["--name", "ann's", "--owner", "ann@example.com"]);
    let orphans = || {
        let all = acme.command(&["reminders", "--tenant", "acme"]);
        all.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|r| r["kind"] == "orphaned_token")
            .count()
    };
    assert_eq!(orphans(), 0);
    let found = okta.get("/admins/scim/v2/Users?filter=externalId%20eq%20%2200a%22").unwrap();
    let id = expect(&found, 200)["Resources"][0]["id"].as_str().unwrap().to_owned();
    expect(&okta.scim("PATCH", &format!("/admins/scim/v2/Users/{id}"), Some(&off())).unwrap(), 200);
    // It is told before it breaks: it works on for two weeks.
    assert_eq!(orphans(), 1);
    let told = acme.command(&["reminders", "--tenant", "acme", "--tell"]);
    assert_eq!(told.matches("orphaned_token").count(), 1, "{told}");
    let again = acme.command(&["reminders", "--tenant", "acme", "--tell"]);
    assert!(!again.contains("orphaned_token"), "once: {again}");
    let list = acme.command(&["token", "list", "--tenant", "acme"]);
    assert!(list.lines().any(|line| line.contains("ann's") && line.contains("owner-left")), "{list}");
    assert_eq!(server.client().with_token(&anns).get("/admins/scim/v2/Users").unwrap().status, 200);
    acme.command(&[
        "token",
        "take-over",
        "--tenant",
        "acme",
        "--id",
        &token_id(&anns),
        "--owner",
        "bob@example.com",
    ]);
    assert_eq!(orphans(), 0);
    let list = acme.command(&["token", "list", "--tenant", "acme"]);
    assert!(!list.contains("owner-left"), "{list}");
}

/// A server that has Toplyne with an admin's role, as a file of the installation's own.
fn with_admins() -> (Server, String) {
    let folder = Folder::new();
    let profiles = folder.path().join("profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let built_in = tenant_model::ProductProfile::BUILT_IN;
    let (_, json) = built_in.into_iter().find(|(id, _)| *id == "toplyne").unwrap();
    let mut profile: Value = serde_json::from_str(json).unwrap();
    profile["id"] = json!("toplyne-with-admins");
    profile["saml"] = Value::Null;
    profile["scim"]["base"] = json!("/admins/scim/v2");
    let catalogue = json!([{ "name": "admin", "admin": true, "priority": 9 }, { "name": "user" }]);
    profile["roles"] = json!({ "catalogue": catalogue, "default": "user" });
    std::fs::write(profiles.join("admins.json"), profile.to_string()).unwrap();
    let profiles = profiles.to_str().unwrap().to_owned();
    (Server::start_in(folder, &["--profiles", &profiles]), profiles)
}

// TOPLYNE-S6
#[test]
fn a_password_is_taken_never_returned_and_kept_as_a_slow_hash_alone() {
    const FIRST: &str = "t1meMa$heen-first";
    const SECOND: &str = "t1meMa$heen-second";
    let server = Server::start();
    let acme = Tenant::of(&server, "toplyne", "acme");
    let mut okta = acme.directory(&[]);
    let mut alice = user_of_okta(ALICE, "00u1");
    alice["password"] = json!(FIRST);
    let made = okta.scim("POST", "/scim/v2/Users", Some(&alice)).unwrap();
    assert!(!made.body.contains("t1meMa"), "{}", made.body);
    let id = expect(&made, 201)["id"].as_str().unwrap().to_owned();
    let hash = || {
        let id = id.clone();
        acme.in_store(async move |base| {
            let mut db = base.store.read().await.unwrap();
            let tenant = tenant_model::TenantId::parse("acme").unwrap();
            example_server::store::passwords::find(&mut db, &tenant, &id).await.unwrap()
        })
    };
    let verifies = |password: &str, hash: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let passwords = example_server::admin::password::Passwords::default();
        runtime.block_on(passwords.verify(password, Some(hash))).unwrap()
    };
    let first = hash().unwrap();
    assert!(first.starts_with("scrypt$") && verifies(FIRST, &first) && !verifies(SECOND, &first));
    let change = patch(&json!([{ "op": "replace", "path": "password", "value": SECOND }]));
    let changed = okta.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&change)).unwrap();
    assert!(changed.status < 300 && !changed.body.contains("t1meMa"), "{}", changed.body);
    assert!(verifies(SECOND, &hash().unwrap()));
    for path in [format!("/scim/v2/Users/{id}?attributes=password"), "/scim/v2/Users".to_owned()] {
        assert!(!okta.get(&path).unwrap().body.contains("assword\":"), "{path}");
    }
    // Neither the files nor the log hold it in clear.
    for entry in std::fs::read_dir(server.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|part| part == b"t1meMa"), "{}", path.display());
        }
    }
    // A product that does not keep passwords drops them.
    let torii = Tenant::of(&server, "standard", "initech");
    let mut directory = torii.directory(&[]);
    let other = create(&mut directory, "/scim/v2/Users", &alice);
    let kept = torii.in_store(async move |base| {
        let mut db = base.store.read().await.unwrap();
        let tenant = tenant_model::TenantId::parse("initech").unwrap();
        example_server::store::passwords::find(&mut db, &tenant, &other).await.unwrap()
    });
    assert_eq!(kept, None);
}
