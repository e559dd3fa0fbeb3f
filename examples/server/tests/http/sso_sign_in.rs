//! Sign-in by mail address, and the mapping as an administrator tries and saves it.

use saml_sp::testing::TestIdp;

use crate::sso::sign_in;
use crate::sso_pages::{SSO, connected, provider, scene, test_login};

// TEN-22
#[test]
fn an_address_of_a_connected_domain_leads_to_its_provider_and_every_other_reads_the_same() {
    let (server, mut browser) = scene("standard");
    connected(&mut browser, &provider());
    let ask = |email: &str| server.client().post_form("/signin", &[("email", email)]).unwrap();
    let unknown = ask("alice@example.com");
    assert_eq!(unknown.status, 200);
    let verify = ["domain", "verify", "--tenant", "acme", "--domain"];
    server.command(&[&verify[..], &["example.com", "--routes-to", "sso"]].concat());
    server.command(&[&verify[..], &["unrouted.example"]].concat());
    let known = ask(" Alice@Example.com ");
    assert!(known.body.contains("/v1/sso/login?org_id=acme&amp;answer=page"), "{}", known.body);
    for other in
        ["bob@unrouted.example", "bob@other.example", "bob@sub.example.com", "bob", "", "@example.com"]
    {
        assert_eq!(ask(other).body, unknown.body, "{other}");
    }
    // A connection that is being tried out is no way in.
    assert_eq!(browser.submit(SSO, &format!("{SSO}/state"), &[("state", "testing")]).status, 303);
    assert_eq!(ask("alice@example.com").body, unknown.body);
    assert!(server.command(&["domain", "list", "--tenant", "acme"]).contains("example.com\tverified\tsso"));
    // TEN-08: verified for one tenant at most.
    server.command(&["tenant", "create", "--id", "globex"]);
    let taken = server.try_command(&["domain", "verify", "--tenant", "globex", "--domain", "example.com"]);
    assert!(!taken.status.success());
    // Guessing is slow.
    let limited = (0..40).map(|_| ask("x@y.example").status).find(|status| *status != 200);
    assert_eq!(limited, Some(429));
}

// TEN-22
#[test]
fn where_a_domain_offers_a_choice_people_choose_and_come_to_the_page_that_they_wanted() {
    let (server, mut browser) = scene("standard");
    connected(&mut browser, &provider());
    let second = TestIdp::well_known("https://idp.example.net").unwrap();
    let file = server.folder.path().join("second.xml");
    std::fs::write(&file, crate::sso_pages::metadata(&second)).unwrap();
    let file = file.to_str().unwrap();
    server.command(&[
        "tenant",
        "configure-idp",
        "--id",
        "acme",
        "--connection",
        "second",
        "--metadata",
        file,
    ]);
    let verify = ["domain", "verify", "--tenant", "acme", "--domain", "example.com", "--routes-to", "*"];
    server.command(&verify);
    let page = server.client().get("/signin?relay_state=/reports/7").unwrap().body;
    assert!(page.contains("name=\"relay_state\" value=\"/reports/7\""), "{page}");
    let ask = |email: &str| {
        server.client().post_form("/signin", &[("email", email), ("relay_state", "/reports/7")]).unwrap().body
    };
    let choice = ask("alice@example.com");
    for said in ["Example Ltd", "Okta", "second", "relay_state=%2Freports%2F7"] {
        assert!(choice.contains(said), "{said}: {choice}");
    }
    assert!(!choice.contains("http-equiv"), "nothing leads on by itself");
    let link = choice.split("href=\"").find(|part| part.contains("relay_state")).unwrap();
    let link = link.split_once('"').unwrap().0.replace("&amp;", "&");
    let begun = server.client().get(link.strip_prefix(&server.url).unwrap()).unwrap();
    assert!(begun.status == 302 && begun.location().contains("RelayState="), "{}", begun.body);
    // With one left there is nothing to choose.
    let state = "/admin/tenants/acme/sso/second";
    assert_eq!(browser.submit(state, &format!("{state}/state"), &[("state", "off")]).status, 303);
    let one = ask("alice@example.com");
    assert!(one.contains("http-equiv") && !one.contains("id=\"ways\""), "{one}");
    assert_eq!(ask("x@unknown.example"), ask("nobody"), "the deep link tells nothing either");
}

#[test]
fn a_mapping_is_tried_on_a_login_before_it_is_saved() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let page = format!("{SSO}/mapping");
    test_login(&mut browser, &provider, |_| {});
    assert!(browser.get(&page).body.contains("alice@example.com"));
    let change = |what: &'static str, from: &'static str| {
        [("do", what), ("email.from", from), ("email.required", "yes")]
    };
    let tried = browser.submit(&page, &page, &change("try", "mail\nnothing"));
    assert_eq!(tried.status, 200);
    assert!(tried.body.contains("not saved") && tried.body.contains("send one of"), "{}", tried.body);
    // Nothing was saved.
    assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com").status, 303);
    let wrong = browser.submit(&page, &page, &change("save", "@Nothing"));
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let steps = [("do", "save"), ("email.from", "email"), ("email.transform", "[{\"eval\": \"x\"}]")];
    assert_eq!(browser.submit(&page, &page, &steps).status, 422);
    assert_eq!(browser.submit(&page, &page, &change("save", "mail")).status, 303);
    let refused = sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com");
    assert!(refused.body.contains("mapping.missing_attribute"), "{}", refused.body);
    assert_eq!(browser.submit(&page, &page, &change("save", "email")).status, 303);
    assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com").status, 303);
}
