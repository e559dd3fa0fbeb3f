//! The pages on single sign-on, as an administrator walks through them.

use chrono::TimeDelta;
use example_server::client::Reply;
use example_server::clock;
use saml_sp::Inbound;
use saml_sp::testing::{LoginAnswer, TestIdp, TestKey, TestRequest};

use crate::admin::{Browser, admin, hidden_fields};
use crate::common::{Server, expect};
use crate::sso::{TestProvider, begin, post_raw, sign_in};

pub(crate) const SSO: &str = "/admin/tenants/acme/sso/sso";

pub(crate) fn provider() -> TestProvider {
    TestProvider { idp: TestIdp::well_known("https://idp.example.com").unwrap() }
}

pub(crate) fn metadata(idp: &TestIdp) -> String {
    idp.metadata(clock::now() + TimeDelta::days(9)).unwrap()
}

/// A server with a tenant and its administrator.
pub(crate) fn scene(profile: &str) -> (Server, Browser) {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", profile]);
    let browser = admin(&server, "acme", "it@example.com");
    (server, browser)
}

/// Makes the first connection.
pub(crate) fn add(browser: &mut Browser, product: &str) {
    let list = "/admin/tenants/acme/sso";
    let made = browser.submit(list, list, &[("name", "Example Ltd"), ("provider", product)]);
    assert_eq!((made.status, made.location()), (303, SSO), "{}", made.body);
}

/// Sends the form with text and file as a browser does.
pub(crate) fn upload(browser: &mut Browser, xml: &str, file: Option<&str>) -> Reply {
    let shown = browser.get(SSO);
    let token = hidden_fields(&shown.body, SSO);
    let (name, token) = &token[0];
    let part = |name: &str, value: &str| {
        format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"m.xml\"\r\nContent-Type: text/xml";
    let file = format!("--xx\r\n{head}\r\n\r\n{}\r\n", file.unwrap_or_default());
    let body =
        [part(name, token), part("xml", xml), file, part("entity_id", ""), "--xx--\r\n".to_owned()].concat();
    let headers = [
        ("content-type", "multipart/form-data; boundary=xx"),
        ("accept", "text/html"),
        ("origin", &shown_origin(browser)),
        ("sec-fetch-site", "same-origin"),
    ];
    browser.client.send("POST", &format!("{SSO}/metadata"), &headers, body.into_bytes()).unwrap()
}

fn shown_origin(browser: &Browser) -> String {
    browser.origin().to_owned()
}

/// Looks at what was given and takes it.
pub(crate) fn take(browser: &mut Browser, fields: &[(&str, &str)]) -> Reply {
    browser.submit(&format!("{SSO}/metadata"), &format!("{SSO}/metadata-apply"), fields)
}

/// A connection that is in use, set up by its pages alone.
pub(crate) fn connected(browser: &mut Browser, provider: &TestProvider) {
    add(browser, "okta");
    let given = upload(browser, &metadata(&provider.idp), None);
    assert_eq!((given.status, given.location()), (303, format!("{SSO}/metadata").as_str()), "{}", given.body);
    assert_eq!(take(browser, &[]).status, 303);
    let on = browser.submit(SSO, &format!("{SSO}/state"), &[("state", "active")]);
    assert_eq!(on.status, 303, "{}", on.body);
}

/// Begins a test login; gives the request that arrives at the provider.
pub(crate) fn begin_test(browser: &mut Browser, provider: &TestProvider) -> TestRequest {
    let begun = browser.get(&format!("{SSO}/test"));
    assert_eq!(begun.status, 302, "{}", begun.body);
    let (_, query) = begun.location().split_once('?').unwrap();
    provider.idp.read(&Inbound::RawQuery(query)).unwrap()
}

/// A test login; gives the page that it ends on.
pub(crate) fn test_login(
    browser: &mut Browser,
    provider: &TestProvider,
    change: impl FnOnce(&mut LoginAnswer),
) -> Reply {
    let request = begin_test(browser, provider);
    let mut answer = provider.answer(&request, "alice@example.com");
    change(&mut answer);
    let acs = request.acs_url.clone().unwrap();
    let ended = post_raw(&mut browser.client, &acs, provider.form(&answer, request.relay_state.as_deref()));
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert!(ended.location().starts_with(&format!("{SSO}/tests/")), "{}", ended.location());
    let place = ended.location().to_owned();
    let page = browser.get(&place);
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

#[test]
fn an_admin_connects_a_provider_by_the_pages_alone() {
    let (server, mut browser) = scene("standard");
    add(&mut browser, "okta");
    let page = browser.get(SSO).body;
    for value in
        ["/v1/sso/acs?org_id=acme", "/v1/sso/metadata?org_id=acme", "Audience URI (SP Entity ID)", "draft"]
    {
        assert!(page.contains(value), "{value}: {page}");
    }
    let provider = provider();
    let given = upload(&mut browser, "", Some(&metadata(&provider.idp)));
    assert_eq!(given.status, 303, "{}", given.body);
    let preview = browser.get(given.location()).body;
    for value in ["https://idp.example.com", "Signing certificates", "first provider", "RSA"] {
        assert!(preview.contains(value), "{value}: {preview}");
    }
    // Looking at it has changed nothing.
    assert!(browser.get(SSO).body.contains("draft"));
    assert_eq!(take(&mut browser, &[]).status, 303);
    assert!(browser.get(SSO).body.contains("being tried out"));
    // Nobody signs in through a connection that is being tried out.
    let url = "/v1/sso/login?org_id=acme";
    assert_eq!(server.client().get(url).unwrap().status, 403);
    let page = test_login(&mut browser, &provider, |_| {});
    assert!(page.body.contains("It works"), "{}", page.body);
    assert!(page.body.contains("alice@example.com"), "the mapping is tried on it");
    expect(&browser.client.get("/v1/session").unwrap(), 401);
    assert!(!server.command(&["tenant", "list"]).is_empty());
    let on = browser.submit(SSO, &format!("{SSO}/state"), &[("state", "active")]);
    assert_eq!(on.status, 303);
    let mut person = server.client();
    assert_eq!(sign_in(&server, &provider, &mut person, "acme", "alice@example.com").status, 303);
    expect(&person.get("/v1/session").unwrap(), 200);
    assert!(browser.get(SSO).body.contains("last used"), "the certificate has proved itself");
}

// TEN-21
#[test]
fn an_ordinary_answer_signs_nobody_in_through_a_connection_that_is_tried_out() {
    let (server, mut browser) = scene("toktra");
    let provider = provider();
    connected(&mut browser, &provider);
    assert_eq!(browser.submit(SSO, &format!("{SSO}/state"), &[("state", "testing")]).status, 303);
    let answer = provider.unsolicited(&server, "acme", "alice@example.com");
    let refused = provider.post(&mut server.client(), &answer, None);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("login.connection_off"), "{}", refused.body);
}

#[test]
fn a_test_login_names_the_setting_to_change_in_the_words_of_the_product() {
    let (_server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let page = test_login(&mut browser, &provider, |answer| {
        answer.audiences = vec!["https://wrong.example".to_owned()];
    });
    for value in ["It was refused", "Audience URI (SP Entity ID)", "https://wrong.example", "ASN-05"] {
        assert!(page.body.contains(value), "{value}: {}", page.body);
    }
    // What the rules of the tenant refuse is explained too.
    let page = test_login(&mut browser, &provider, |answer| answer.attributes.clear());
    assert!(page.body.contains("It works") || page.body.contains("It was refused"), "{}", page.body);
    // The list tells of both.
    let list = browser.get(SSO).body;
    assert_eq!(list.matches("See the report").count(), 2, "{list}");
}

#[test]
fn a_test_answers_once_and_signs_nobody_in() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let request = begin_test(&mut browser, &provider);
    let answer = provider.answer(&request, "alice@example.com");
    let acs = request.acs_url.clone().unwrap();
    let form = provider.form(&answer, request.relay_state.as_deref());
    assert_eq!(post_raw(&mut browser.client, &acs, form.clone()).status, 303);
    let again = post_raw(&mut browser.client, &acs, form);
    assert_eq!(again.status, 403, "{}", again.body);
    expect(&browser.client.get("/v1/session").unwrap(), 401);
    // Whoever brings the report's address without being an administrator sees nothing.
    let place = format!("{SSO}/tests/x");
    assert_eq!(server.client().get(&place).unwrap().status, 303);
}

// TEN-10
#[test]
fn another_provider_is_taken_only_knowingly_and_its_people_are_confirmed() {
    let (server, mut browser) = scene("standard");
    let old = provider();
    connected(&mut browser, &old);
    let mut person = server.client();
    assert_eq!(sign_in(&server, &old, &mut person, "acme", "alice@example.com").status, 303);
    let new = TestProvider { idp: TestIdp::new("https://idp.example.com", TestKey::foreign().unwrap()) };
    assert_eq!(upload(&mut browser, &metadata(&new.idp), None).status, 303);
    let preview = browser.get(&format!("{SSO}/metadata")).body;
    assert!(preview.contains("must be approved") && preview.contains("1 people are linked"), "{preview}");
    // The old one is still in use.
    assert_eq!(sign_in(&server, &old, &mut server.client(), "acme", "alice@example.com").status, 303);
    // Who names no reason has not looked.
    let hidden = hidden_fields(&preview, &format!("{SSO}/metadata-apply"));
    let blind: Vec<(&str, &str)> =
        hidden.iter().filter(|(name, _)| name != "reason").map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(browser.post(&format!("{SSO}/metadata-apply"), &blind).status, 409);
    assert_eq!(take(&mut browser, &[]).status, 303);
    let refused = sign_in(&server, &new, &mut server.client(), "acme", "alice@example.com");
    assert!(refused.body.contains("login.generation_changed"), "{}", refused.body);
    let page = browser.get(SSO).body;
    assert!(page.contains("wait to be confirmed") && page.contains("login.generation_changed"), "{page}");
    assert_eq!(browser.submit(SSO, &format!("{SSO}/links"), &[]).status, 303);
    assert_eq!(sign_in(&server, &new, &mut server.client(), "acme", "alice@example.com").status, 303);
}

#[test]
fn bad_metadata_is_refused_with_the_reason_and_the_old_one_stays() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let expired = provider.idp.metadata(clock::now() - TimeDelta::days(1)).unwrap();
    for (xml, code) in [("", "Paste the metadata"), ("<html></html>", "MD-01"), (&expired, "MD-03")] {
        let refused = upload(&mut browser, xml, None);
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.contains(code), "{code}: {}", refused.body);
    }
    let action = format!("{SSO}/metadata-url");
    for (url, code) in [
        ("http://idp.example.com/metadata", "fetch.url"),
        ("https://127.0.0.1:9/metadata", "fetch.not_public"),
        ("https://169.254.169.254/latest", "fetch.not_public"),
    ] {
        let refused = browser.submit(SSO, &action, &[("url", url)]);
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains(code), "{code}: {}", refused.body);
    }
    assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com").status, 303);
}

#[test]
fn refused_logins_are_listed_without_telling_whose_they_were() {
    let (server, mut browser) = scene("standard");
    let provider = provider();
    connected(&mut browser, &provider);
    let mut person = server.client();
    let request = begin(&mut person, &provider, "acme", "/");
    let mut answer = provider.answer(&request, "secret.person@example.com");
    answer.audiences = vec!["https://wrong.example".to_owned()];
    assert_eq!(provider.post(&mut person, &answer, None).status, 403);
    let page = browser.get(SSO).body;
    assert!(page.contains("ASN-05") && page.contains("https://wrong.example"), "{page}");
    assert!(!page.contains("secret.person"), "{page}");
    // A flood of what nobody signed is not kept.
    for _ in 0..40 {
        post_raw(&mut server.client(), "/v1/sso/acs?org_id=acme", b"SAMLResponse=PHg+".to_vec());
    }
    assert!(browser.get(SSO).body.contains("ASN-05"));
}

#[test]
fn the_form_with_a_file_is_guarded_like_the_others() {
    let (_server, mut browser) = scene("standard");
    add(&mut browser, "generic");
    let body = "--xx\r\nContent-Disposition: form-data; name=\"xml\"\r\n\r\nx\r\n--xx--\r\n";
    let origin = shown_origin(&browser);
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", origin.as_str()), ("sec-fetch-site", "cross-site")],
        vec![("origin", origin.as_str())],
        vec![],
    ] {
        let all = [vec![("content-type", "multipart/form-data; boundary=xx")], headers].concat();
        let sent = browser.client.send("POST", &format!("{SSO}/metadata"), &all, body.into()).unwrap();
        assert_eq!(sent.status, 403, "{}", sent.body);
    }
}

#[test]
fn each_plain_address_has_a_step_of_its_own() {
    let (server, mut browser) = scene("standard");
    connected(&mut browser, &provider());
    let page = browser.get(SSO).body;
    for end in ["acs", "logout"] {
        let step = format!("Use an https address in place of {}/v1/sso/{end}?org_id=acme.", server.url);
        assert_eq!(page.matches(&step).count(), 1, "{step}: {page}");
    }
}
