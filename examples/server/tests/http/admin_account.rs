//! What an account does with itself, what the operator does with a tenant, and tokens for single sign-on on a page.

use serde_json::json;

use crate::admin::{Browser, PASSWORD, admin, sign_in};
use crate::common::{Server, create, expect, expect_scim_error, user};
use crate::sso::TestProvider;

const OTHER: &str = "another long password";

fn change(browser: &mut Browser, old: &str, new: &str, again: &str) -> example_server::client::Reply {
    let fields = [("old_password", old), ("password", new), ("password_again", again)];
    browser.submit("/admin/account", "/admin/account/password", &fields)
}

fn is_out(browser: &mut Browser) -> bool {
    browser.get("/admin/account").location() == "/admin/sign-in"
}

#[test]
fn an_account_changes_its_own_password_and_its_other_sessions_end() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let mut browser = admin(&server, "acme", "it@example.com");
    let mut other = Browser::new(&server);
    assert_eq!(sign_in(&mut other, "acme", "it@example.com", PASSWORD).status, 303);
    for (old, new, again, said) in [
        ("wrong password", OTHER, OTHER, "id=\"old_password-error\""),
        (PASSWORD, "short", "short", "at least 12"),
        (PASSWORD, OTHER, PASSWORD, "not the same"),
        (PASSWORD, PASSWORD, PASSWORD, "another password"),
    ] {
        let refused = change(&mut browser, old, new, again);
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains(said), "{said}: {}", refused.body);
    }
    assert!(!is_out(&mut other), "nothing was changed");
    let mut thief = Browser::new(&server);
    thief.client.steal_cookies(&browser.client);
    let changed = change(&mut browser, PASSWORD, OTHER, OTHER);
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert!(browser.get(changed.location()).body.contains("Your password was changed"));
    assert!(is_out(&mut other) && is_out(&mut thief), "the old cookie is no session any more");
    assert_eq!(sign_in(&mut other, "acme", "it@example.com", PASSWORD).status, 422);
    assert_eq!(sign_in(&mut other, "acme", "it@example.com", OTHER).status, 303);
    let trail = browser.get("/admin/tenants/acme/audit.json").body;
    assert!(trail.contains("password changed") && trail.contains("admin.credentials"), "{trail}");
    assert!(!trail.contains(OTHER) && !server.log().contains(OTHER));
}

#[test]
fn an_open_browser_guesses_the_password_no_faster_than_the_door() {
    let server = Server::start();
    let mut browser = admin(&server, "", "root@example.com");
    let statuses: Vec<u16> =
        (0..12).map(|_| change(&mut browser, "wrong password", OTHER, OTHER).status).collect();
    assert!(statuses.starts_with(&[422]) && statuses.contains(&429), "{statuses:?}");
}

#[test]
fn signing_out_everywhere_ends_every_session_of_the_account_alone() {
    let server = Server::start();
    let mut browser = admin(&server, "", "root@example.com");
    let mut second = Browser::new(&server);
    assert_eq!(sign_in(&mut second, "", "root@example.com", PASSWORD).status, 303);
    let mut colleague = admin(&server, "", "other@example.com");
    let left = browser.submit("/admin/account", "/admin/account/sign-out", &[]);
    assert_eq!((left.status, left.location()), (303, "/admin/sign-in"));
    assert!(is_out(&mut browser) && is_out(&mut second));
    assert!(!is_out(&mut colleague));
    assert!(colleague.get("/admin/admins").body.contains("signed out everywhere"));
    assert_eq!(sign_in(&mut browser, "", "root@example.com", PASSWORD).status, 303);
}

#[test]
fn the_operator_suspends_a_tenant_knowingly_and_serves_it_again() {
    let server = Server::start();
    let mut directory = server.directory("acme", "toktra");
    let provider = TestProvider::for_tenant(&server, "acme");
    create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let mut alice = server.client();
    let answer = || provider.unsolicited(&server, "acme", "alice@example.com");
    assert_eq!(provider.post(&mut alice, &answer(), None).status, 303);
    expect(&alice.get("/v1/session").unwrap(), 200);
    let mut own = admin(&server, "acme", "it@example.com");
    let mut operator = admin(&server, "", "root@example.com");
    let page = "/admin/tenants/acme/state";
    // A tenant does not suspend itself.
    assert_eq!(own.get(page).status, 404);
    assert!(!own.get("/admin/tenants/acme").body.contains("suspend it"));
    let blind = [("state", "suspended"), ("confirm", "acm")];
    let shown = operator.get(page);
    let hidden = crate::admin::hidden_fields(&shown.body, page);
    let token = hidden.iter().find(|(name, _)| name == "form_token").unwrap();
    let refused = operator.post(page, &[&[(token.0.as_str(), token.1.as_str())][..], &blind].concat());
    assert_eq!(refused.status, 422, "{}", refused.body);
    expect(&alice.get("/v1/session").unwrap(), 200);
    assert_eq!(operator.submit(page, page, &[("confirm", "acme")]).status, 303);
    assert!(operator.get("/admin/tenants/acme").body.contains("nobody signs in"));
    expect(&alice.get("/v1/session").unwrap(), 401);
    let login = provider.post(&mut server.client(), &answer(), None);
    assert!(login.status == 403 && login.body.contains("login.tenant_suspended"), "{}", login.body);
    expect_scim_error(&directory.get("/scim/v2/Users").unwrap(), 403, None);
    assert!(directory.get("/scim/v2/Users").unwrap().body.contains("switched off"));
    assert_eq!(own.get("/admin/tenants/acme").location(), "/admin/sign-in");
    assert_eq!(sign_in(&mut own, "acme", "it@example.com", PASSWORD).status, 422);
    assert_eq!(operator.submit(page, page, &[]).status, 303);
    expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    assert_eq!(provider.post(&mut alice, &answer(), None).status, 303);
    assert_eq!(sign_in(&mut own, "acme", "it@example.com", PASSWORD).status, 303);
    let trail = operator.get("/admin/tenants/acme/audit.json").body;
    assert_eq!(trail.matches("tenant_changed").count(), 2, "{trail}");
}

// TEN-10, TOK-01
#[test]
fn a_token_for_single_sign_on_is_made_on_a_page_shown_once_used_and_revoked() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "toktra"]);
    let mut browser = admin(&server, "acme", "it@example.com");
    let page = "/admin/tenants/acme/sso-tokens";
    assert!(browser.get("/admin/tenants/acme/sso").body.contains(page));
    let form = browser.get(page);
    let made = browser.submit_shown(&form, page, &[("name", "Metadata robot"), ("expires", "")]);
    assert_eq!(made.status, 200, "{}", made.body);
    let field = made.body.split("id=\"token-secret\"").nth(1).unwrap();
    let secret = field.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let again = browser.submit_shown(&form, page, &[("name", "Metadata robot"), ("expires", "")]);
    assert_eq!(again.status, 303, "a reload makes no second one");
    assert!(!browser.get(page).body.contains(&secret));
    assert!(browser.get(page).body.contains(">never<"));
    let xml = crate::sso_pages::metadata(&crate::sso_pages::provider().idp);
    let send = |token: &str| {
        let mut client = server.client().with_token(token);
        client.send("POST", "/v1/sso/config?org_id=acme", &[], xml.clone().into_bytes()).unwrap()
    };
    assert_eq!(expect(&send(&secret), 200)["tenant"], json!("acme"));
    assert!(!browser.get(page).body.contains("data-label=\"Last used\">never"), "{}", browser.get(page).body);
    // It is good for nothing else, and a provisioning token not for this.
    let scim = server.command(&["token", "issue", "--tenant", "acme"]);
    assert_eq!(send(&scim).status, 401);
    assert_eq!(server.client().with_token(&secret).get("/scim/v2/Users").unwrap().status, 401);
    let listed = server.command(&["token", "list", "--tenant", "acme"]);
    let id = listed.lines().find(|line| line.contains("\tsso-config\t")).unwrap().split('\t').next().unwrap();
    let revoke = format!("{page}/{id}/revoke");
    assert_eq!(browser.submit(page, &revoke, &[]).status, 303);
    assert_eq!(send(&secret).status, 401);
    let scim_id = listed.lines().find(|line| line.contains("\tscim\t")).unwrap().split('\t').next().unwrap();
    let token = crate::admin::hidden_fields(&browser.get(page).body, page).remove(0);
    let foreign = browser.post(&format!("{page}/{scim_id}/revoke"), &[(&token.0, &token.1)]);
    assert_eq!(foreign.status, 404, "this page ends its own tokens alone");
    // Whoever may not say whom the tenant trusts makes no token that may.
    let code = server.command(&[
        "admin",
        "invite",
        "--tenant",
        "acme",
        "--email",
        "s@example.com",
        "--rights",
        "security",
    ]);
    let mut security = Browser::new(&server);
    assert_eq!(crate::admin::choose(&mut security, "acme", "s@example.com", &code).status, 200);
    assert_eq!(sign_in(&mut security, "acme", "s@example.com", PASSWORD).status, 303);
    assert!(!security.get(page).body.contains("create-token"));
    let token = crate::admin::hidden_fields(&security.get("/admin/account").body, "/admin/account/password")
        .remove(0);
    let refused = security.post(page, &[(&token.0, &token.1), ("once", "x"), ("name", "x"), ("expires", "")]);
    assert_eq!(refused.status, 403);
    // A product that takes metadata on its pages alone has no such tokens.
    server.command(&["tenant", "create", "--id", "globex", "--profile", "torii"]);
    let mut globex = admin(&server, "globex", "it@example.com");
    assert_eq!(globex.get("/admin/tenants/globex/sso-tokens").status, 404);
}
