//! Single sign-on off, optional, enforced: the dry run, what it takes, and what holds from then on.

use example_server::client::Reply;
use serde_json::json;

use crate::admin::{Browser, PASSWORD, admin, sign_in as password};
use crate::common::{Server, create, expect, patch, user};
use crate::sso::{TestProvider, sign_in};
use crate::sso_pages::{connected, provider, scene, test_login};

const POLICY: &str = "/admin/tenants/acme/policy";
const DRY_RUN: &str = "/admin/tenants/acme/policy/dry-run?connection=sso";
const ENFORCE: &str = "/admin/tenants/acme/policy/enforce";
const ADMIN: &str = "it@example.com";
const SAFE: &str = "safe@example.com";

/// A tenant with a connection, two persons whom the directory knows, and one of whose domain nobody knows anything.
fn ready() -> (Server, Browser, TestProvider, [String; 2]) {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let mut directory = server.client().with_token(&server.command(&["token", "issue", "--tenant", "acme"]));
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    create(&mut directory, "/scim/v2/Users", &user("carol@outside.example"));
    server.command(&["domain", "verify", "--tenant", "acme", "--domain", "example.com"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    (server, browser, provider, [alice, token])
}

/// Gives an account emergency access by the page; the codes that are shown once.
fn emergency(browser: &mut Browser, email: &str) -> Vec<String> {
    let page = browser.get(POLICY);
    let place = format!("{email}</td>");
    assert!(page.body.contains(&place), "{}", page.body);
    let row = page.body.split_once(&place).unwrap().1;
    let action = row.split_once("action=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let shown = browser.submit_shown(&page, &action, &[]);
    assert_eq!(shown.status, 200, "{}", shown.body);
    let again = browser.submit_shown(&page, &action, &[]);
    assert_eq!(again.status, 303, "shown once");
    let list = shown.body.split_once("<ol id=\"emergency-codes\">").unwrap().1.split_once("</ol>").unwrap().0;
    list.split("<code>").skip(1).map(|code| code.split_once('<').unwrap().0.to_owned()).collect()
}

fn with_code(browser: &mut Browser, code: &str) -> Reply {
    let fields = [("org", "acme"), ("email", SAFE), ("password", PASSWORD), ("emergency_code", code)];
    browser.submit("/admin/sign-in?org=acme&emergency=yes", "/admin/sign-in", &fields)
}

fn enforce(browser: &mut Browser) -> Reply {
    browser.submit(DRY_RUN, ENFORCE, &[("agreed", "yes")])
}

/// Prepared so far that nothing stands in the way; gives the emergency codes.
fn prepared(server: &Server, browser: &mut Browser, provider: &TestProvider) -> Vec<String> {
    test_login(browser, provider, |_| {});
    admin(server, "acme", SAFE);
    emergency(browser, SAFE)
}

// TEN-13
#[test]
fn single_sign_on_is_enforced_only_after_a_dry_run_that_still_stands() {
    let (server, mut browser, provider, _) = ready();
    let first = browser.get(DRY_RUN).body;
    for said in [
        "enforce.no_test_login",
        "enforce.no_break_glass",
        "carol@outside.example",
        "not of a verified domain",
    ] {
        assert!(first.contains(said), "{said}: {first}");
    }
    assert!(!first.contains("Enforce single sign-on</button>"), "there is nothing to press");
    prepared(&server, &mut browser, &provider);
    let shown = browser.get(DRY_RUN);
    for said in [
        "<strong>1</strong> would be shut out",
        "1 will be recognised",
        "1 have emergency access",
        "it@example.com: <strong>would be shut out",
    ] {
        assert!(shown.body.contains(said), "{said}: {}", shown.body);
    }
    let unread = browser.submit_shown(&shown, ENFORCE, &[]);
    assert_eq!(unread.status, 422, "{}", unread.body);
    // Somebody else comes to be shut out meanwhile: it is asked again.
    admin(&server, "acme", "new@example.com");
    let changed = browser.submit_shown(&shown, ENFORCE, &[("agreed", "yes")]);
    assert_eq!(changed.status, 409, "{}", changed.body);
    assert!(
        changed.body.contains("have changed since the preview") && changed.body.contains("new@example.com")
    );
    // Nor does a dry run for other connections count, or a made-up one.
    let made_up = browser.submit_shown(
        &shown,
        "/admin/tenants/acme/policy/enforce",
        &[("agreed", "yes"), ("connection", "nope")],
    );
    assert_eq!(made_up.status, 409, "{}", made_up.body);
    assert_eq!(server.command(&["tenant", "sso-policy", "--id", "acme"]), "optional");
    let done = enforce(&mut browser);
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("is enforced") && done.body.contains("/admin/sso?org=acme"), "{}", done.body);
    assert_eq!(server.command(&["tenant", "sso-policy", "--id", "acme"]), "enforced");
    let mut operator = admin(&server, "", "root@example.com");
    let trail = operator.get("/admin/tenants/acme/audit.json?action=sso_policy_changed").json().to_string();
    assert!(trail.contains("enforced") && trail.contains("shut_out"), "{trail}");
}

// TEN-12, TEN-13
#[test]
fn while_it_is_enforced_a_password_is_no_way_in_but_for_emergency_access() {
    let (server, mut browser, provider, _) = ready();
    let codes = prepared(&server, &mut browser, &provider);
    assert_eq!(codes.len(), 8);
    let mut other = admin(&server, "acme", "other@example.com");
    assert_eq!(enforce(&mut browser).status, 200);
    // Sessions that a password began have ended.
    for out in [&mut browser, &mut other] {
        assert_eq!(out.get(POLICY).location(), "/admin/sign-in");
    }
    let refused = password(&mut Browser::new(&server), "acme", ADMIN, PASSWORD);
    assert_eq!(refused.status, 403);
    assert!(
        refused.body.contains("signin.sso_enforced") && refused.body.contains("/admin/sso"),
        "{}",
        refused.body
    );
    // Whoever does not know the password learns nothing of it.
    let wrong = password(&mut Browser::new(&server), "acme", ADMIN, "wrong horse battery");
    assert_eq!(wrong.status, 422);
    assert!(!wrong.body.contains("sso_enforced"), "{}", wrong.body);
    // Emergency access is closed, then open, and each time takes a code.
    let closed = with_code(&mut Browser::new(&server), &codes[0]);
    assert!(closed.status == 403 && closed.body.contains("signin.break_glass_not_armed"), "{}", closed.body);
    server.command(&["tenant", "open-emergency-access", "--id", "acme", "--hours", "1"]);
    let without = password(&mut Browser::new(&server), "acme", SAFE, PASSWORD);
    assert!(without.body.contains("signin.second_factor_missing"), "{}", without.body);
    let mut safe = Browser::new(&server);
    assert_eq!(with_code(&mut safe, &codes[0].to_lowercase()).status, 303, "it was not used up in vain");
    assert!(safe.get(POLICY).body.contains("enforced"));
    assert!(
        with_code(&mut Browser::new(&server), &codes[0]).body.contains("second_factor_missing"),
        "it works once"
    );
    // The last one stays.
    let kept = server.try_command(&["admin", "revoke", "--tenant", "acme", "--email", SAFE]);
    assert!(!kept.status.success());
    assert!(
        !server
            .try_command(&["admin", "emergency-access", "--tenant", "acme", "--email", SAFE, "--end"])
            .status
            .success()
    );
    let trail = safe.get("/admin/tenants/acme/audit.json").json().to_string();
    for said in ["break_glass_used", "break_glass_changed", "signin.sso_enforced"] {
        assert!(trail.contains(said), "{said}: {trail}");
    }
    // Persons sign in as before.
    assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com").status, 303);
    // Back to optional by those who got in; then passwords work again.
    assert_eq!(safe.submit(POLICY, POLICY, &[]).status, 303);
    assert_eq!(password(&mut Browser::new(&server), "acme", ADMIN, PASSWORD).status, 303);
}

// TEN-12
#[test]
fn switched_off_single_sign_on_ends_its_sessions_and_refuses_its_logins() {
    let (server, mut browser, provider, _) = ready();
    let mut alice = server.client();
    assert_eq!(sign_in(&server, &provider, &mut alice, "acme", "alice@example.com").status, 303);
    expect(&alice.get("/v1/session").unwrap(), 200);
    let set = |to: &str| server.command(&["tenant", "sso-policy", "--id", "acme", "--set", to]);
    assert_eq!(set("off"), "off");
    expect(&alice.get("/v1/session").unwrap(), 401);
    let refused = sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com");
    assert!(refused.status == 403 && refused.body.contains("signin.sso_off"), "{}", refused.body);
    assert!(browser.get(POLICY).body.contains("Single sign-on is <strong>off</strong>"));
    assert_eq!(set("optional"), "optional");
    assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com").status, 303);
    assert_eq!(password(&mut Browser::new(&server), "acme", ADMIN, PASSWORD).status, 303);
}

// TEN-12, TEN-14, TEN-15
#[test]
fn an_administrator_ties_the_account_to_their_single_sign_on_and_gets_in_by_it() {
    let (server, mut browser, provider, [alice, token]) = ready();
    prepared(&server, &mut browser, &provider);
    assert!(browser.get("/admin/account/sso").body.contains("not tied"));
    assert_eq!(sign_in(&server, &provider, &mut browser.client, "acme", "alice@example.com").status, 303);
    // Nobody is let in by an address alone.
    let stranger = browser.submit("/admin/sso?org=acme", "/admin/sso", &[]);
    assert!(stranger.status == 403 && stranger.body.contains("admin.not_tied"), "{}", stranger.body);
    let tied = browser.submit("/admin/account/sso", "/admin/account/tie", &[]);
    assert_eq!((tied.status, tied.location()), (303, "/admin/account/sso"), "{}", tied.body);
    assert!(browser.get("/admin/account/sso").body.contains("tied to alice@example.com"));
    assert!(browser.get(DRY_RUN).body.contains("it@example.com: gets in by single sign-on"));
    // Another account is not tied to the same person.
    let mut other = admin(&server, "acme", "other@example.com");
    assert_eq!(sign_in(&server, &provider, &mut other.client, "acme", "alice@example.com").status, 303);
    assert_eq!(other.submit("/admin/account/sso", "/admin/account/tie", &[]).status, 403);
    assert_eq!(enforce(&mut browser).status, 200);
    assert_eq!(browser.get(POLICY).location(), "/admin/sign-in");
    let mut fresh = Browser::new(&server);
    let ways = fresh.get("/admin/sso?org=acme").body;
    assert!(ways.contains("relay_state=%2Fadmin%2Fsso%3Forg%3Dacme"), "{ways}");
    assert_eq!(sign_in(&server, &provider, &mut fresh.client, "acme", "alice@example.com").status, 303);
    let entered = fresh.submit("/admin/sso?org=acme", "/admin/sso", &[]);
    assert_eq!((entered.status, entered.location()), (303, "/admin"), "{}", entered.body);
    assert_eq!(fresh.get(POLICY).status, 200);
    // Whom the directory switches off is out at the next request.
    let mut directory = server.client().with_token(&token);
    let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
    expect(&directory.scim("PATCH", &format!("/scim/v2/Users/{alice}"), Some(&off)).unwrap(), 200);
    assert_eq!(fresh.get(POLICY).location(), "/admin/sign-in");
}

// TEN-13
#[test]
fn the_command_line_tries_it_out_before_it_enforces() {
    let (server, mut browser, provider, _) = ready();
    let enforced = ["tenant", "sso-policy", "--id", "acme", "--set", "enforced"];
    let first = server.command(&enforced);
    assert!(first.contains("missing\tenforce.no_break_glass") && !first.contains("confirm\t"), "{first}");
    test_login(&mut browser, &provider, |_| {});
    admin(&server, "acme", SAFE);
    let codes = server.command(&["admin", "emergency-access", "--tenant", "acme", "--email", SAFE]);
    assert_eq!(codes.lines().count(), 8);
    let run = server.command(&enforced);
    assert!(
        run.contains("shut out\tcarol@outside.example\t")
            && run.contains("administrator\tsafe@example.com\temergency access"),
        "{run}"
    );
    let word = run.lines().last().unwrap().strip_prefix("confirm\t").unwrap();
    let confirm = |word: &str| server.try_command(&[&enforced[..], &["--confirm", word]].concat());
    assert!(!confirm("something").status.success());
    assert!(confirm(word).status.success());
    assert_eq!(server.command(&["tenant", "sso-policy", "--id", "acme"]), "enforced");
}
