//! Rules for roles written on the pages, and responses that are tried there without signing anybody in.

use chrono::TimeDelta;
use example_server::client::{Client, Reply};
use saml_sp::testing::{LoginAnswer, TestAttribute, TestEncryption, TestNameId, TestSign, forge};
use serde_json::json;

use crate::admin::{Browser, admin, hidden_fields};
use crate::common::{Server, create, expect, expect_scim_error, group, patch, user};
use crate::sso::{TestProvider, sign_in};
use crate::sso_pages::{SSO, connected, provider, scene};

const SCIM: &str = "/admin/tenants/acme/scim/scim";

fn roles_of(server: &Server, email: &str) -> String {
    let all = server.command(&["person", "list", "--tenant", "acme", "--all"]);
    let line = all.lines().find(|line| line.ends_with(email)).unwrap();
    line.split('\t').nth(2).unwrap().to_owned()
}

fn equals(from: &'static str, value: &'static str, role: &'static str) -> [(&'static str, &'static str); 5] {
    [("do", "add"), ("new-kind", "equals"), ("new-from", from), ("new-value", value), ("new-grant", role)]
}

fn rules_page(browser: &mut Browser) -> String {
    browser.get(&format!("{SCIM}/roles")).body
}

fn change(browser: &mut Browser, fields: &[(&str, &str)]) -> Reply {
    let page = format!("{SCIM}/roles");
    browser.submit(&page, &page, fields)
}

fn change_rule(browser: &mut Browser, index: usize, fields: &[(&str, &str)]) -> Reply {
    let page = format!("{SCIM}/roles");
    browser.submit(&page, &format!("{page}/{index}"), fields)
}

fn write(directory: &mut Client, id: &str, path: &str, value: &str) -> Reply {
    let body = patch(&json!([{ "op": "replace", "path": path, "value": value }]));
    directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&body)).unwrap()
}

// TEN-17
#[test]
fn a_role_rule_is_written_on_a_page_and_counts_from_the_next_login() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let (page, rules) = (format!("{SSO}/mapping"), format!("{SSO}/roles"));
    let mut person = server.client();
    assert_eq!(sign_in(&server, &provider, &mut person, "acme", "alice@example.com").status, 303);
    assert_eq!(roles_of(&server, "alice@example.com"), "member");
    // The testing provider says that everybody is in the groups a and b.
    let added = browser.submit(&page, &rules, &equals("groups", "b", "admin"));
    assert_eq!((added.status, added.location()), (303, page.as_str()), "{}", added.body);
    assert_eq!(roles_of(&server, "alice@example.com"), "member", "not before the next login");
    let shown = browser.get(&page).body;
    assert!(shown.contains("What it makes of the last login"), "{shown}");
    assert!(shown.contains("If <code>groups</code> is <code>b</code>: <code>admin</code>"), "{shown}");
    assert_eq!(sign_in(&server, &provider, &mut person, "acme", "alice@example.com").status, 303);
    assert_eq!(roles_of(&server, "alice@example.com"), "admin");
    // A value that is no role refuses the login, if the admin says so.
    let added = [("do", "add"), ("new-kind", "value"), ("new-from", "groups")];
    assert_eq!(browser.submit(&page, &rules, &added).status, 303);
    assert_eq!(sign_in(&server, &provider, &mut person, "acme", "alice@example.com").status, 303, "ignored");
    let strict =
        [("do", "defaults"), ("default-role", "member"), ("unknown", "refuse"), ("several", "highest")];
    assert_eq!(browser.submit(&page, &rules, &strict).status, 303);
    let refused = sign_in(&server, &provider, &mut person, "acme", "alice@example.com");
    assert!(refused.status == 403 && refused.body.contains("mapping.role_unknown"), "{}", refused.body);
    assert!(browser.get(&page).body.contains("is not a role"), "the dry run says it too");
    assert_eq!(browser.submit(&page, &format!("{rules}/1"), &[("do", "delete")]).status, 303);
    assert_eq!(sign_in(&server, &provider, &mut person, "acme", "alice@example.com").status, 303);
    let trail = browser.get("/admin/tenants/acme/audit.json").body;
    assert_eq!(trail.matches("role_rules_changed").count(), 4, "{trail}");
}

// TEN-17
#[test]
fn a_role_rule_is_written_on_a_page_and_counts_from_the_next_write_of_the_directory() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut browser = admin(&server, "acme", "it@example.com");
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let team = create(&mut directory, "/scim/v2/Groups", &group("Platform", &[&alice]));
    assert_eq!(roles_of(&server, "alice@example.com"), "member");
    assert_eq!(change(&mut browser, &equals("userType", "Chief", "admin")).status, 303);
    let by_group =
        [("do", "add"), ("new-kind", "group"), ("new-group", team.as_str()), ("new-grant", "admin")];
    assert_eq!(change(&mut browser, &by_group).status, 303);
    let page = rules_page(&mut browser);
    assert!(page.contains("Members of the group <strong>Platform</strong>"), "{page}");
    expect(&write(&mut directory, &alice, "title", "Engineer"), 200);
    assert_eq!(roles_of(&server, "alice@example.com"), "admin");
    // Moved, changed, taken away.
    assert_eq!(change_rule(&mut browser, 1, &[("do", "up")]).status, 303);
    let page = rules_page(&mut browser);
    assert!(page.find("Members of the group") < page.find("If <code>userType"), "{page}");
    let other = [
        ("do", "change"),
        ("r0-kind", "equals"),
        ("r0-from", "title"),
        ("r0-value", "Boss"),
        ("r0-grant", "admin"),
    ];
    // She is the last one: with this rule the next write would leave nobody.
    let refused = change_rule(&mut browser, 0, &other);
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.body.contains("role.last_admin") && refused.body.contains("value=\"Boss\""),
        "{}",
        refused.body
    );
    let bob = create(
        &mut directory,
        "/scim/v2/Users",
        &json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob@example.com",
        "emails": [{ "value": "bob@example.com", "primary": true }], "userType": "Chief" }),
    );
    assert_eq!(roles_of(&server, "bob@example.com"), "admin");
    assert_eq!(change_rule(&mut browser, 0, &other).status, 303);
    expect(&write(&mut directory, &alice, "title", "Architect"), 200);
    assert_eq!(roles_of(&server, "alice@example.com"), "member");
    expect(&write(&mut directory, &alice, "title", "Boss"), 200);
    assert_eq!(roles_of(&server, "alice@example.com"), "admin");
    assert_eq!(change_rule(&mut browser, 0, &[("do", "delete")]).status, 303);
    expect(&write(&mut directory, &alice, "nickName", "Al"), 200);
    assert_eq!(roles_of(&server, "alice@example.com"), "member");
    // Values that name roles, and one that names none.
    let named = [("do", "add"), ("new-kind", "value"), ("new-from", "userType")];
    assert_eq!(change(&mut browser, &named).status, 303);
    let strict = [("do", "defaults"), ("unknown", "refuse"), ("departments", "groups")];
    assert_eq!(change(&mut browser, &strict).status, 303);
    expect_scim_error(&write(&mut directory, &alice, "userType", "Wizard"), 400, Some("invalidValue"));
    expect(&write(&mut directory, &alice, "userType", "admin"), 200);
    assert_eq!(roles_of(&server, "alice@example.com"), "admin");
    let all = server.command(&["person", "list", "--tenant", "acme"]);
    assert!(all.contains("\tPlatform\talice@example.com"), "the department is the group: {all}");
    let trail = browser.get("/admin/tenants/acme/audit.json").body;
    assert!(trail.contains("role.last_admin") && trail.contains("departments"), "{trail}");
    assert!(!bob.is_empty());
}

// TEN-10, TEN-17
#[test]
fn rules_are_refused_in_their_place_and_administration_needs_the_right_to_give_it() {
    let server = Server::start();
    let _directory = server.directory("acme", "standard");
    let mut browser = admin(&server, "acme", "it@example.com");
    for (fields, said) in [
        (equals("", "x", "member"), "id=\"new-from-error\""),
        (equals("userType", "", "member"), "id=\"new-value-error\""),
        (equals("userType", "x", ""), "id=\"new-grant-error\""),
        (equals("userType", "x", "boss"), "admin, member"),
    ] {
        let refused = change(&mut browser, &fields);
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.body.contains(said), "{said}: {}", refused.body);
    }
    assert_eq!(change(&mut browser, &[("do", "add")]).status, 422);
    assert_eq!(change_rule_blind(&mut browser, "7").status, 422, "no such rule");
    assert_eq!(change_rule_blind(&mut browser, "x").status, 400);
    assert!(rules_page(&mut browser).contains("There is no rule."));
    // Two admins at once: the second sees what the first did before anything is lost.
    let page = browser.get(&format!("{SCIM}/roles"));
    assert_eq!(change(&mut browser, &equals("userType", "a", "member")).status, 303);
    let late = browser.submit_shown(&page, &format!("{SCIM}/roles"), &equals("userType", "b", "member"));
    assert_eq!(late.status, 409);
    // Who manages members alone gives no administration, by no way.
    let mut members = with_rights(&server, "members");
    assert_eq!(change(&mut members, &equals("userType", "b", "member")).status, 303);
    let by_value = [("do", "add"), ("new-kind", "value"), ("new-from", "userType")];
    let default = [("do", "defaults"), ("default-role", "admin")];
    for fields in [&equals("userType", "b", "admin")[..], &by_value, &default] {
        let refused = change(&mut members, fields);
        assert_eq!(refused.status, 422, "{fields:?}: {}", refused.body);
        assert!(refused.body.contains("role.above_own"), "{}", refused.body);
    }
    let mut security = with_rights(&server, "security");
    assert!(!rules_page(&mut security).contains("Add the rule"));
    let page = browser.get(&format!("{SCIM}/roles"));
    let seen = hidden_fields(&page.body, &format!("{SCIM}/roles"));
    let seen = seen.iter().find(|(name, _)| name == "seen").unwrap().1.clone();
    let shown = security.get("/admin/account");
    let token = hidden_fields(&shown.body, "/admin/account/password").remove(0);
    let mut fields = vec![(token.0.as_str(), token.1.as_str()), ("seen", seen.as_str())];
    fields.extend(equals("userType", "c", "member"));
    assert_eq!(security.post(&format!("{SCIM}/roles"), &fields).status, 403);
    let trail = browser.get("/admin/tenants/acme/audit.json").body;
    assert!(trail.contains("role.above_own") && trail.contains("right.missing"), "{trail}");
}

fn change_rule_blind(browser: &mut Browser, index: &str) -> Reply {
    let page = format!("{SCIM}/roles");
    let shown = browser.get(&page);
    let hidden = hidden_fields(&shown.body, &page);
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    fields.push(("do", "delete"));
    browser.post(&format!("{page}/{index}"), &fields)
}

fn with_rights(server: &Server, right: &str) -> Browser {
    let email = format!("{right}@example.com");
    let code = server.command(&["admin", "invite", "--tenant", "acme", "--email", &email, "--rights", right]);
    let mut browser = Browser::new(server);
    assert_eq!(crate::admin::choose(&mut browser, "acme", &email, &code).status, 200);
    let entered = crate::admin::sign_in(&mut browser, "acme", &email, crate::admin::PASSWORD);
    assert_eq!(entered.status, 303);
    browser
}

fn look(browser: &mut Browser, pasted: &str) -> Reply {
    let page = format!("{SSO}/paste");
    browser.submit(&page, &page, &[("response", pasted)])
}

fn said(provider: &TestProvider, server: &Server) -> LoginAnswer {
    let mut answer = provider.unsolicited(server, "acme", "alice@example.com");
    answer.name_id = TestNameId::email("alice@example.com");
    answer.attributes.push(TestAttribute::new("department", &["Finance"]));
    answer.attributes.push(TestAttribute::new("groups", &["b"]));
    answer
}

/// The certificate that our metadata asks providers to encrypt for.
fn our_certificate(server: &Server) -> String {
    let metadata = server.client().get("/v1/sso/metadata?org_id=acme").unwrap().body;
    let packed: String = metadata.split_whitespace().collect();
    let certificate = packed.split("X509Certificate>").nth(1).unwrap();
    let certificate = certificate.split('<').next().unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n")
}

#[test]
fn a_pasted_response_is_shown_with_what_the_mapping_makes_of_it_and_uses_nothing_up() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let added = equals("groups", "b", "admin");
    assert_eq!(browser.submit(&format!("{SSO}/mapping"), &format!("{SSO}/roles"), &added).status, 303);
    let pem = our_certificate(&server);
    // As the products send them: signed here or there, with typed values, encrypted.
    for style in 0..5 {
        let mut answer = said(&provider, &server);
        match style {
            0 => answer.sign = TestSign::Assertion,
            1 => answer.sign = TestSign::Response,
            2 => answer.sign = TestSign::Both,
            3 => answer.typed_values = true,
            _ => answer.encrypt = Some(TestEncryption::new(&pem)),
        }
        let message = provider.idp.respond(&answer).unwrap();
        let xml = String::from_utf8(message.xml().to_vec()).unwrap();
        let form = String::from_utf8(message.form_body(Some("/"))).unwrap();
        for pasted in [message.base64(), form, xml.clone()] {
            let page = look(&mut browser, &pasted);
            assert_eq!(page.status, 200, "{}", page.body);
            for value in [
                "id=\"verified\"",
                "<code>Finance</code>",
                "<code>admin</code>",
                "Nobody was signed in",
                "No rule stands",
            ] {
                assert!(page.body.contains(value), "{style}: {value}: {}", page.body);
            }
        }
        expect(&browser.client.get("/v1/session").unwrap(), 401);
    }
    assert!(server.command(&["person", "list", "--tenant", "acme", "--all"]).is_empty(), "nobody was made");
    // It signs in as before; afterwards it is told that it was used, and its values are shown all the same.
    let answer = said(&provider, &server);
    let message = provider.idp.respond(&answer).unwrap();
    assert!(look(&mut browser, &message.base64()).body.contains("No rule stands"));
    assert_eq!(provider.post(&mut server.client(), &answer, None).status, 303);
    let page = look(&mut browser, &message.base64()).body;
    for value in
        ["It was used for a login here", "ASN-05", "to be expected of an old response", "alice@example.com"]
    {
        assert!(page.contains(value), "{value}: {page}");
    }
    let log = server.log();
    assert!(!log.contains("Finance") && !log.contains("alice"), "{log}");
}

#[test]
fn what_a_pasted_login_would_be_refused_for_is_a_mere_finding_once_its_signature_is_good() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let mut old = said(&provider, &server);
    for instant in [&mut old.not_before, &mut old.not_on_or_after] {
        *instant = instant.map(|instant| instant - TimeDelta::days(30));
    }
    let mut elsewhere = said(&provider, &server);
    elsewhere.audiences = vec!["https://wrong.example".to_owned()];
    let mut asked = said(&provider, &server);
    asked.in_response_to = Some("_gone".to_owned());
    for (answer, found) in
        [(old, "to be expected of an old response"), (elsewhere, "https://wrong.example"), (asked, "RSP-06")]
    {
        let page = look(&mut browser, &provider.idp.respond(&answer).unwrap().base64()).body;
        for value in [found, "id=\"verified\"", "<code>Finance</code>"] {
            assert!(page.contains(value), "{value}: {page}");
        }
    }
}

// SIG-12, ENC-06
#[test]
fn nothing_is_shown_of_a_pasted_response_that_the_provider_did_not_write() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let pem = our_certificate(&server);
    let mut forgeries = 0;
    for forgery in forge::all() {
        let mut good = said(&provider, &server);
        good.attributes.push(TestAttribute::new("secret", &["Sesame"]));
        let message = forgery.forge(&provider.idp, &good).or_else(|_| {
            // Those of encryption forge an encrypted one.
            good.encrypt = Some(TestEncryption::new(&pem));
            forgery.forge(&provider.idp, &good)
        });
        let message = message.unwrap();
        let page = look(&mut browser, &message.base64());
        if page.status == 413 {
            // Longer than any response may be.
            assert_eq!(forgery.name(), "huge");
            continue;
        }
        let page = page.body;
        if page.contains("id=\"verified\"") {
            // The provider's own signature covers what is shown; the forgery is in what it does not cover.
            continue;
        }
        forgeries += 1;
        assert!(page.contains("id=\"not-verified\""), "{}: {page}", forgery.name());
        for value in ["Sesame", "Finance", "alice@example.com"] {
            assert!(!page.contains(value), "{}: {value}: {page}", forgery.name());
        }
    }
    assert!(forgeries > 10, "{forgeries}");
    let mut bare = said(&provider, &server);
    bare.sign = TestSign::Neither;
    let page = look(&mut browser, &provider.idp.respond(&bare).unwrap().base64()).body;
    assert!(page.contains("SIG-12") && !page.contains("Finance"), "{page}");
}

#[test]
fn what_is_pasted_is_bounded_guarded_and_for_those_who_manage_members() {
    let (server, mut browser) = scene("standard");
    let early = browser.get("/admin/tenants/acme/sso");
    assert_eq!(early.status, 200);
    crate::sso_pages::add(&mut browser, "okta");
    assert_eq!(look(&mut browser, "PHg+").status, 409, "no provider yet");
    let given = crate::sso_pages::upload(&mut browser, &crate::sso_pages::metadata(&provider().idp), None);
    assert_eq!(given.status, 303);
    assert_eq!(crate::sso_pages::take(&mut browser, &[]).status, 303);
    assert_eq!(look(&mut browser, " ").status, 422);
    for junk in ["PHg+", "<x/>", "%%%", "not base64 at all", "<samlp:Response", "\u{0}"] {
        let page = look(&mut browser, junk);
        assert_eq!(page.status, 200, "{junk}: {}", page.body);
        assert!(page.body.contains("id=\"not-verified\""), "{junk}: {}", page.body);
    }
    assert_eq!(look(&mut browser, &"A".repeat(1_600_000)).status, 200, "refused by its own limit");
    assert_eq!(look(&mut browser, &"A".repeat(2_200_000)).status, 413);
    let mut security = with_rights(&server, "security");
    assert_eq!(look(&mut security, "PHg+").status, 403);
    let foreign = browser.post(&format!("{SSO}/paste"), &[("response", "PHg+")]);
    assert_eq!(foreign.status, 403, "without the form's token");
}
