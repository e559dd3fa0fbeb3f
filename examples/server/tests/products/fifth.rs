//! A product of the installation's own: one file, written from the page on profiles, and no code.

use serde_json::{Value, json};

use crate::common::{Folder, Server, expect, expect_scim_error, patch, try_command};
use crate::story::{Provider, Tenant, code, nobody, session};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/profiles");
const SHIFT: &str = "urn:crewboard:scim:1.0:Shift";

// The fifth product: login and provisioning run as its file says.
#[test]
fn a_product_is_added_by_a_file_and_runs() {
    let server = Server::start_with(&["--profiles", FOLDER]);
    let acme = Tenant::made(&server, "crewboard", "acme", Some(FOLDER.to_owned()));
    let entra = Provider::new("https://idp.example.com");
    acme.trusts(&entra, "entra");
    let ours = acme.addresses("entra");
    assert_eq!(ours.acs, format!("{}/crew/acme/entra/acs", server.url));
    let header = format!("crew-key {}", acme.token(&[]));
    assert!(header.starts_with("crew-key crew_acme."));
    let ask = |method: &str, path: &str, body: Option<&Value>| {
        let headers = [("authorization", header.as_str()), ("content-type", "application/scim+json")];
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        server.client().send(method, &format!("/crew/acme/scim/v2{path}"), &headers, body).unwrap()
    };
    let alice = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", SHIFT],
        "userName": "alice@example.com", "externalId": "a-1", "displayName": "Alice", "userType": "lead",
        "emails": [{ "value": "alice@example.com", "primary": true }],
        SHIFT: { "pattern": "night" },
    });
    let made = expect(&ask("POST", "/Users", Some(&alice)), 201);
    assert_eq!(made[SHIFT]["pattern"], json!("night"));
    let location = made["meta"]["location"].as_str().unwrap();
    assert!(location.starts_with(&format!("{}/crew/acme/scim/v2/Users/", server.url)), "{location}");
    assert!(made["meta"].get("version").is_none(), "no versions");
    let nameless =
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob@example.com" });
    expect_scim_error(&ask("POST", "/Users", Some(&nameless)), 400, Some("invalidValue"));
    let found =
        ask("GET", "/Users?filter=urn%3Acrewboard%3Ascim%3A1.0%3AShift%3Apattern%20eq%20%22night%22", None);
    assert_eq!(expect(&found, 200)["totalResults"], json!(1));
    let at = format!("/Users/{}", made["id"].as_str().unwrap());
    expect_scim_error(&ask("PUT", &at, Some(&alice)), 405, None);
    // Login: by the directory's own id, whatever the provider's attribute is called.
    let about = [("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "Alice@Example.com")];
    let mut browser = server.client();
    let request = entra.asked(&mut browser, &ours, "/board");
    assert_eq!(
        request.name_id_format.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    );
    let mut answer = entra.answer(&request, "a-1", &about);
    answer.name_id.format = request.name_id_format.clone();
    let reply = entra.deliver(&mut browser, &answer);
    assert_eq!((reply.status, reply.location()), (303, "/board"), "{}", reply.body);
    let live = session(&mut browser);
    assert_eq!(
        (&live["display_name"], &live["roles"], &live["department"]),
        (&json!("Alice"), &json!(["lead"]), &json!("night"))
    );
    // Nobody asked for this one, and the file says nothing of such: it is refused.
    let mut unasked = entra.unasked(&ours, "a-1", &about);
    unasked.name_id.format = request.name_id_format;
    let reply = entra.deliver(&mut server.client(), &unasked);
    assert_eq!(reply.status, 403, "{}", reply.body);
    let demoted = patch(&json!([{ "op": "replace", "path": "userType", "value": "hand" }]));
    expect(&ask("PATCH", &at, Some(&demoted)), 200);
    nobody(&mut browser);
}

// TEN-18: the tenant of the address and that of the token are one.
#[test]
fn a_token_at_another_organisations_address_is_as_good_as_none() {
    let server = Server::start_with(&["--profiles", FOLDER]);
    let acme = Tenant::made(&server, "crewboard", "acme", Some(FOLDER.to_owned()));
    let globex = Tenant::made(&server, "crewboard", "globex", Some(FOLDER.to_owned()));
    let standard = Tenant::made(&server, "standard", "initech", Some(FOLDER.to_owned()));
    let ask = |token: &str, word: &str, path: &str| {
        let value = format!("{word} {token}");
        server.client().send("GET", path, &[("authorization", &value)], Vec::new()).unwrap().status
    };
    let (of_acme, of_globex) = (acme.token(&[]), globex.token(&[]));
    assert_eq!(ask(&of_acme, "crew-key", "/crew/acme/scim/v2/Users"), 200);
    assert_eq!(ask(&of_globex, "crew-key", "/crew/acme/scim/v2/Users"), 401);
    assert_eq!(ask(&of_acme, "crew-key", "/crew/nobody/scim/v2/Users"), 401);
    assert_eq!(ask(&of_acme, "crew-key", "/scim/v2/Users"), 401, "another product's address");
    assert_eq!(ask(&standard.token(&[]), "Bearer", "/crew/initech/scim/v2/Users"), 401);
}

// A profile with a mistake stops the start: file, line, column and field.
#[test]
fn a_mistake_in_a_profile_stops_the_start_and_says_where_it_is() {
    let folder = Folder::new();
    let profiles = folder.path().join("profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let good = std::fs::read_to_string(format!("{FOLDER}/crewboard.json")).unwrap();
    let profiles_path = profiles.to_str().unwrap();
    for (from, to, told) in [
        ("\"metadata_by\"", "\"metdata_by\"", "broken.json: line 16, column 19, field `saml.metdata_by`"),
        ("\"early\", \"late\"", "\"early\", 1", "broken.json: line 39, column 7, field `scim.extensions[0]`"),
        (
            "/crew/{tenant}/{connection}/acs",
            "/crew/{connection}/acs",
            "broken.json: line 11, column 14, field `saml.paths.acs`",
        ),
        (
            "\"grant\": \"lead\"",
            "\"grant\": \"leader\"",
            "broken.json: line 67, column 12, field `roles`: role `leader` is not in `catalogue`",
        ),
        (
            "\"crewboard\"",
            "\"toktra\"",
            "broken.json: line 2, column 9, field `id`: built in: toktra.json has this id too",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        std::fs::write(profiles.join("broken.json"), good.replacen(from, to, 1)).unwrap();
        for command in [vec!["serve", "--listen", "127.0.0.1:0"], vec!["tenant", "list"]] {
            let done = try_command(&folder, &[&command[..], &["--profiles", profiles_path]].concat());
            let said = String::from_utf8(done.stderr).unwrap();
            assert!(!done.status.success() && said.contains(told), "{said}");
            assert!(done.stdout.is_empty(), "nothing was served");
        }
    }
    assert!(!folder.key_file().exists(), "and nothing was made");
}

// A tenant whose product is not there would be half there.
#[test]
fn tenants_of_a_product_that_is_not_there_stop_the_start() {
    let server = Server::start_with(&["--profiles", FOLDER]);
    Tenant::made(&server, "crewboard", "acme", Some(FOLDER.to_owned()));
    let done = server.try_command(&["tenant", "list"]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        !done.status.success() && said.contains("have the profile crewboard") && said.contains("--profiles"),
        "{said}"
    );
    let reply = server.client().get_json("/crew/acme/entra/login").unwrap();
    assert_eq!((reply.status, code(&reply).as_str()), (404, "sso.not_configured"));
}
