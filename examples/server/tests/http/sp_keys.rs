//! Our own keys exchanged over HTTP: what signs, what metadata shows, what is decrypted, through their whole life.

use chrono::{DateTime, TimeDelta, Utc};
use example_server::client::{Client, Reply};
use example_server::keys::Keys;
use example_server::store::sp_keys as rows;
use example_server::{clock, sp_keys};
use saml_sp::Inbound;
use saml_sp::testing::{TestEncryption, TestIdp, TestKey, TestRequest};
use tenant_model::TenantId;

use crate::admin::{Browser, PASSWORD, admin, choose, sign_in as enter};
use crate::common::Server;
use crate::fleet::{deliver, two};
use crate::sso::{TestProvider, begin, post_raw};
use crate::sso_pages::{SSO, connected, provider, scene};

const PAGE: &str = "/admin/tenants/acme/sso-keys";
const ALICE: &str = "alice@example.com";

/// A tenant whose provider wants our requests signed.
fn with_signed_requests(server: &Server) -> TestProvider {
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let idp = TestIdp::well_known("https://idp.example.com").unwrap();
    let xml = idp.metadata(clock::now() + TimeDelta::days(90)).unwrap();
    let wanting =
        xml.replace("<md:IDPSSODescriptor ", "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" ");
    assert_ne!(xml, wanting);
    let file = server.folder.path().join("idp.xml");
    std::fs::write(&file, wanting).unwrap();
    server.command(&["tenant", "configure-idp", "--id", "acme", "--metadata", file.to_str().unwrap()]);
    TestProvider { idp }
}

fn keys_of(server: &Server) -> Vec<Vec<String>> {
    let list = server.command(&["sp-key", "list", "--tenant", "acme"]);
    list.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn certificate(server: &Server, id: &str) -> String {
    server.command(&["sp-key", "certificate", "--tenant", "acme", "--id", id]) + "\n"
}

/// The certificates in our metadata, in their order, each once.
fn published(server: &Server) -> Vec<String> {
    let xml = server.client().get("/v1/sso/metadata?org_id=acme").unwrap().body;
    let mut found: Vec<String> = Vec::new();
    for part in xml.split("X509Certificate>").skip(1).step_by(2) {
        let part = part.split('<').next().unwrap().split_whitespace().collect();
        if !found.contains(&part) {
            found.push(part);
        }
    }
    found
}

fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn signed_by(request: &TestRequest, certificates: &[&str]) -> Vec<bool> {
    assert!(request.has_query_signature());
    certificates.iter().map(|pem| request.verify_query(pem).unwrap()).collect()
}

/// A login whose assertion is encrypted for a certificate.
fn sign_in_encrypted(server: &Server, provider: &TestProvider, certificate: &str) -> (Client, Reply) {
    let mut browser = server.client();
    let request = begin(&mut browser, provider, "acme", "/home");
    let mut answer = provider.answer(&request, ALICE);
    answer.encrypt = Some(TestEncryption::new(certificate));
    let form = provider.form(&answer, request.relay_state.as_deref());
    let reply = post_raw(&mut browser, answer.destination.as_deref().unwrap(), form);
    (browser, reply)
}

/// The LogoutRequest that the provider gets when somebody leaves.
fn logout(browser: &mut Client, provider: &TestProvider) -> TestRequest {
    let left = browser.get("/v1/sso/logout?org_id=acme").unwrap();
    assert_eq!(left.status, 302, "{}", left.body);
    let (to, query) = left.location().split_once('?').unwrap();
    assert_eq!(to, provider.idp.logout_url());
    provider.idp.read(&Inbound::RawQuery(query)).unwrap()
}

// TOKTRA-S8, TOKTRA-B1
#[test]
fn a_key_is_exchanged_from_staging_to_removal_without_a_pause() {
    let server = Server::start();
    let provider = with_signed_requests(&server);
    let old = keys_of(&server).remove(0);
    assert_eq!((old[1].as_str(), old[5].as_str()), ("current", "signs"));
    let old_pem = certificate(&server, &old[0]);

    let id = server.command(&["sp-key", "stage", "--tenant", "acme"]);
    let new_pem = certificate(&server, &id);
    let both = [old_pem.as_str(), new_pem.as_str()];
    let listed = keys_of(&server);
    assert_eq!(listed.len(), 2);
    let from: DateTime<Utc> = listed[1][5].strip_prefix("signs-from ").unwrap().parse().unwrap();
    let days = (from - clock::now()).num_hours();
    assert!((13 * 24..=14 * 24).contains(&days), "the days of the product: {from}");

    // Before the switch: both published, the old one signs, whichever is encrypted for is opened.
    let check = |signs: [bool; 2]| {
        assert_eq!(published(&server), both.map(bare));
        for pem in both {
            let (mut browser, reply) = sign_in_encrypted(&server, &provider, pem);
            assert_eq!((reply.status, reply.location()), (303, "/home"), "{}", reply.body);
            assert_eq!(signed_by(&logout(&mut browser, &provider), &both), signs);
        }
        assert_eq!(signed_by(&begin(&mut server.client(), &provider, "acme", "/"), &both), signs);
    };
    check([true, false]);
    // Fourteen days later, as the clock cannot be turned: the instant was a second ago. Nothing else happens.
    server.execute("UPDATE sp_keys SET signs_from = 1 WHERE state = 'next'");
    check([false, true]);
    assert_eq!(keys_of(&server)[1][5], "signs");
    // Something went wrong at the provider: the old one signs again, until tomorrow; and then the new one at once.
    let tomorrow = (clock::now() + TimeDelta::days(1)).to_rfc3339();
    server.command(&["sp-key", "promote", "--tenant", "acme", "--at", &tomorrow]);
    check([true, false]);
    server.command(&["sp-key", "promote", "--tenant", "acme"]);
    check([false, true]);

    // Retired: gone from the metadata, so that providers encrypt for the new one, and still opened.
    server.command(&["sp-key", "retire", "--tenant", "acme"]);
    assert_eq!(published(&server), [bare(&new_pem)]);
    for pem in both {
        let (mut browser, reply) = sign_in_encrypted(&server, &provider, pem);
        assert_eq!(reply.status, 303, "{}", reply.body);
        assert_eq!(signed_by(&logout(&mut browser, &provider), &both), [false, true]);
    }
    // Removed: what is encrypted for it is refused, everything else goes on.
    server.command(&["sp-key", "remove", "--tenant", "acme", "--id", &old[0]]);
    let (_, refused) = sign_in_encrypted(&server, &provider, &old_pem);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("ENC-06"), "{}", refused.body);
    let (_, reply) = sign_in_encrypted(&server, &provider, &new_pem);
    assert_eq!(reply.status, 303, "{}", reply.body);
    let left = keys_of(&server);
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0][0].as_str(), left[0][1].as_str(), left[0][5].as_str()),
        (id.as_str(), "current", "signs")
    );
}

#[test]
fn two_running_servers_switch_at_the_same_instant_without_a_restart() {
    let (first, second) = two(&[]);
    let provider = with_signed_requests(&first);
    let old = keys_of(&first).remove(0).remove(0);
    let hour = (clock::now() + TimeDelta::hours(1)).to_rfc3339();
    let id = second.command(&["sp-key", "stage", "--tenant", "acme", "--at", &hour]);
    let pems = [certificate(&first, &old), certificate(&first, &id)];
    let both = [pems[0].as_str(), pems[1].as_str()];
    let signs = |server: &Server| signed_by(&begin(&mut server.client(), &provider, "acme", "/"), &both);
    for server in [&first, &second] {
        assert_eq!(signs(server), [true, false]);
    }
    let soon = (clock::now() + TimeDelta::seconds(2)).to_rfc3339();
    let set = second.try_command(&["sp-key", "promote", "--tenant", "acme", "--at", &soon]);
    let said = String::from_utf8(set.stderr).unwrap();
    let from = said.split_once("it signs from ").unwrap().1;
    let from: DateTime<Utc> = from.split(' ').next().unwrap().parse().unwrap();
    let mut after = 0;
    while after < 4 {
        for server in [&first, &second] {
            let asked = clock::now();
            let signed = signs(server);
            if clock::now() < from {
                assert_eq!(signed, [true, false], "asked at {asked}, switch at {from}");
            } else if asked >= from {
                assert_eq!(signed, [false, true], "asked at {asked}, switch at {from}");
                after += 1;
            }
        }
        assert!(clock::now() < from + TimeDelta::seconds(60), "the switch did not come");
    }
    // What one of them sent is taken by the other one, encrypted for either key.
    for pem in both {
        let mut browser = first.client();
        let request = begin(&mut browser, &provider, "acme", "/home");
        let mut answer = provider.answer(&request, ALICE);
        answer.encrypt = Some(TestEncryption::new(pem));
        let form = provider.form(&answer, request.relay_state.as_deref());
        let mut there = second.client();
        there.steal_cookies(&browser);
        let reply = deliver(&mut there, &answer, form);
        assert_eq!((reply.status, reply.location()), (303, "/home"), "{}", reply.body);
    }
}

#[test]
fn what_would_leave_no_key_or_comes_at_the_wrong_time_is_refused_and_changes_nothing() {
    let server = Server::start();
    with_signed_requests(&server);
    let refused = |arguments: &[&str], code: &str| {
        let before = keys_of(&server);
        let done = server.try_command(&[&["sp-key"], arguments, &["--tenant", "acme"]].concat());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(code), "{arguments:?}: {said}");
        assert_eq!(keys_of(&server), before);
    };
    let only = keys_of(&server).remove(0).remove(0);
    refused(&["retire"], "sp_key.last_key");
    refused(&["cancel"], "sp_key.no_next");
    refused(&["promote"], "sp_key.no_next");
    refused(&["remove", "--id", &only], "sp_key.in_use");
    refused(&["remove", "--id", "nothing"], "sp_key.unknown");
    refused(&["stage", "--at", "2020-01-01"], "sp_key.switch_in_past");
    refused(&["stage", "--at", "2999-01-01"], "sp_key.switch_too_far");
    refused(&["stage", "--at", "some day"], "is no instant");
    let next = server.command(&["sp-key", "stage", "--tenant", "acme"]);
    refused(&["stage"], "sp_key.next_exists");
    refused(&["retire"], "sp_key.still_signs");
    refused(&["remove", "--id", &next], "sp_key.in_use");
    refused(&["promote", "--at", "2020-01-01"], "sp_key.switch_in_past");
    // Taken back before it signs, it was never there.
    server.command(&["sp-key", "cancel", "--tenant", "acme"]);
    assert_eq!(keys_of(&server).len(), 1);
    assert_eq!(published(&server).len(), 1);
    server.command(&["sp-key", "stage", "--tenant", "acme", "--at", "now"]);
    refused(&["cancel"], "sp_key.switched");
    // Few retired ones are kept: each is tried at each encrypted assertion.
    for _ in 0..3 {
        server.command(&["sp-key", "retire", "--tenant", "acme"]);
        server.command(&["sp-key", "stage", "--tenant", "acme", "--at", "now"]);
    }
    refused(&["retire"], "sp_key.too_many_retired");
    let missing = server.try_command(&["sp-key", "list", "--tenant", "nobody"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no tenant"));
}

#[test]
fn two_who_stage_at_once_make_one_key() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let stage = || server.try_command(&["sp-key", "stage", "--tenant", "acme"]).status.success();
    let made = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(stage)).collect();
        all.into_iter().map(|one| one.join().unwrap()).filter(|done| *done).count()
    });
    assert_eq!(made, 1);
    assert_eq!(keys_of(&server).len(), 2);
}

#[test]
fn an_admin_exchanges_the_key_by_its_page_alone() {
    let (server, mut it) = scene("standard");
    let provider = provider();
    connected(&mut it, &provider);
    for page in ["/admin/tenants/acme/sso", SSO] {
        assert!(it.get(page).body.contains(&format!("href=\"{PAGE}\"")), "{page} leads there");
    }
    let page = it.get(PAGE).body;
    for text in ["A new key", "in use", "in Okta", "Signature Certificate", "Signed Requests"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Download the new certificate"));
    // A time that makes no sense is mended in the form.
    for (at, said) in
        [("2020-01-01T00:00", "has passed"), ("soon", "Give a day"), ("2999-01-01T00:00", "366")]
    {
        let wrong = it.submit(PAGE, PAGE, &[("signs_from", at)]);
        assert_eq!(wrong.status, 422, "{}", wrong.body);
        assert!(wrong.body.contains("There is a problem") && wrong.body.contains(said), "{}", wrong.body);
    }
    assert_eq!(keys_of(&server).len(), 1);
    let day = (clock::now() + TimeDelta::days(5)).format("%Y-%m-%dT08:30").to_string();
    let made = it.submit(PAGE, PAGE, &[("signs_from", &day)]);
    assert_eq!((made.status, made.location()), (303, PAGE), "{}", made.body);
    let shown = it.get(PAGE);
    for text in ["The new key was made", "08:30 UTC", "Switch now", "Download the new certificate"] {
        assert!(shown.body.contains(text), "{text}: {}", shown.body);
    }
    // A form that was opened before somebody else made it.
    let again = it.submit_shown(&shown, &format!("{PAGE}/switch"), &[("signs_from", "2020-01-01T00:00")]);
    assert_eq!(again.status, 422, "{}", again.body);
    let late = it.submit_shown(&shown, &format!("{PAGE}/cancel"), &[]);
    assert_eq!(late.status, 303);
    assert_eq!(keys_of(&server).len(), 1);
    let stale = it.submit_shown(&shown, &format!("{PAGE}/cancel"), &[]);
    assert_eq!(stale.status, 409, "{}", stale.body);
    assert!(stale.body.contains("sp_key.no_next"), "{}", stale.body);

    assert_eq!(it.submit(PAGE, PAGE, &[]).status, 303, "the days of the product");
    let new = keys_of(&server).remove(1);
    let file = it.get(&format!("{PAGE}/{}/certificate", new[0]));
    assert_eq!(file.body, certificate(&server, &new[0]));
    assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
    assert!(!file.body.contains("PRIVATE"));
    assert_eq!(it.get(&format!("{PAGE}/nothing/certificate")).status, 404);
    let at = new[5].strip_prefix("signs-from ").unwrap().parse::<DateTime<Utc>>().unwrap();
    let later = (at + TimeDelta::days(2)).format("%Y-%m-%dT%H:%M").to_string();
    assert_eq!(it.submit(PAGE, &format!("{PAGE}/switch"), &[("signs_from", &later)]).status, 303);
    assert!(keys_of(&server)[1][5].contains(&later), "{:?}", keys_of(&server));
    let overview = it.get("/admin/tenants/acme").body;
    assert!(overview.contains("must have its certificate by then"), "whoever else looks: {overview}");
    assert_eq!(it.submit(PAGE, &format!("{PAGE}/switch"), &[("signs_from", "now")]).status, 303);
    assert!(it.get(PAGE).body.contains("The new key signs"));
    assert!(it.get("/admin/tenants/acme").body.contains("Our new key"), "the old one is to be retired");
    assert_eq!(it.submit(PAGE, &format!("{PAGE}/retire"), &[]).status, 303);
    let old = keys_of(&server).into_iter().find(|key| key[1] == "retired").unwrap();
    let gone = it.submit(PAGE, &format!("{PAGE}/remove"), &[]);
    assert_eq!(gone.status, 303, "{}", gone.body);
    assert_eq!(keys_of(&server).len(), 1);

    let events = it.get("/admin/tenants/acme/audit.json").json();
    let did = |action: &str| {
        let of_action = events.as_array().unwrap().iter().filter(|event| event["action"] == action);
        of_action.filter(|event| event["target"]["sp_key"].is_string()).count()
    };
    let counts =
        ["staged", "scheduled", "cancelled", "retired", "removed"].map(|end| did(&format!("sp_key_{end}")));
    assert_eq!(counts, [2, 2, 1, 1, 1], "{events}");
    let trail = it.get("/admin/tenants/acme/audit?action=sp_key_retired").body;
    assert!(trail.contains(&old[2]) && trail.contains("our key"), "{trail}");
}

// TEN-18, TOK-10
#[test]
fn keys_are_exchanged_by_those_with_the_right_at_their_own_tenant() {
    let (server, mut it) = scene("standard");
    server.command(&["tenant", "create", "--id", "globex"]);
    let code = server.command(&[
        "admin",
        "invite",
        "--email",
        "hr@example.com",
        "--tenant",
        "acme",
        "--rights",
        "members",
    ]);
    let mut hr = Browser::new(&server);
    assert_eq!(choose(&mut hr, "acme", "hr@example.com", &code).status, 200);
    assert_eq!(enter(&mut hr, "acme", "hr@example.com", PASSWORD).status, 303);
    let page = hr.get(PAGE);
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("id=\"stage-key\"") && page.body.contains("right <strong>security"));
    let mut other = admin(&server, "globex", "it@globex.example");
    let key = keys_of(&server).remove(0).remove(0);
    assert_eq!(other.get(PAGE).status, 404);
    assert_eq!(other.get(&format!("{PAGE}/{key}/certificate")).status, 404);
    let own = other.get(&format!("/admin/tenants/globex/sso-keys/{key}/certificate"));
    assert_eq!(own.status, 404, "another tenant's key below the own address");
    let token = |browser: &mut Browser, page: &str| {
        let shown = browser.get(page).body;
        let field = shown.split_once("name=\"form_token\" value=\"").unwrap().1;
        field.split_once('"').unwrap().0.to_owned()
    };
    let (of_hr, of_other) = (token(&mut hr, PAGE), token(&mut other, "/admin/tenants/globex"));
    for end in ["", "/switch", "/cancel", "/retire", "/remove"] {
        let place = format!("{PAGE}{end}");
        let fields = [("signs_from", "now"), ("key", key.as_str())];
        let lacking = hr.post(&place, &[&fields[..], &[("form_token", &of_hr)]].concat());
        assert_eq!(lacking.status, 403, "{end}: {}", lacking.body);
        assert!(lacking.body.contains("right.missing"), "{end}: {}", lacking.body);
        let foreign = other.post(&place, &[&fields[..], &[("form_token", &of_other)]].concat());
        assert_eq!(foreign.status, 404, "{end}: {}", foreign.body);
        let forged = it.post(&place, &fields);
        assert_eq!(forged.status, 403, "{end}: {}", forged.body);
    }
    assert_eq!(keys_of(&server).len(), 1);
    let refused = it.get("/admin/tenants/acme/audit.json?action=sp_key_staged").json();
    assert!(refused[0]["outcome"]["refused"].is_string(), "{refused}");
}

/// Those told by the command line, once: kind and days.
fn told(server: &Server) -> Vec<(String, i64)> {
    let lines = server.command(&["reminders", "--tenant", "acme", "--tell"]);
    let mut told: Vec<(String, i64)> = lines
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            (text("kind"), value["days"].as_i64().unwrap_or(-1))
        })
        .collect();
    told.sort();
    told
}

#[test]
fn certificates_and_metadata_that_end_are_warned_of_on_the_pages_and_told_once() {
    let (server, mut it) = scene("standard");
    let overview = "/admin/tenants/acme";
    assert!(!it.get(overview).body.contains("id=\"reminders\""));
    // Its certificate ends in five days, its metadata in twenty.
    let now = clock::now();
    let key = TestKey::from_seed(&[7; 32], now - TimeDelta::days(3650) + TimeDelta::days(5)).unwrap();
    let idp = TestIdp::new("https://idp.example.com", key);
    let file = server.folder.path().join("idp.xml");
    std::fs::write(&file, idp.metadata(now + TimeDelta::days(20)).unwrap()).unwrap();
    server.command(&["tenant", "configure-idp", "--id", "acme", "--metadata", file.to_str().unwrap()]);
    // Ours ended yesterday.
    let tenant = TenantId::parse("acme").unwrap();
    let keys = Keys::load_or_create(&server.folder.key_file()).unwrap();
    let made = now - TimeDelta::days(900);
    let own = sp_keys::make_until(&keys, &tenant, made, now - TimeDelta::days(1)).unwrap();
    server.in_database(async |tx| {
        let old = rows::list(tx, &tenant).await.unwrap().remove(0);
        rows::delete(tx, &tenant, &old.id).await.unwrap();
        rows::insert(tx, &tenant, &own).await.unwrap();
    });
    let page = it.get(overview).body;
    for text in
        ["A certificate of the identity provider", "The metadata of connection", "Our own certificate"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let page = it.get(SSO).body;
    for text in
        ["A certificate of the identity provider has expired or will soon", "A certificate of this service"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("in 19 days") || page.contains("in 20 days"), "the metadata: {page}");
    assert!(it.get(PAGE).body.contains("expired"));
    let expected = [("certificate", 7), ("metadata", 30), ("own_certificate", 0)];
    assert_eq!(told(&server), expected.map(|(kind, days)| (kind.to_owned(), days)));
    assert_eq!(told(&server), [], "once");
    let events = it.get("/admin/tenants/acme/audit.json").json();
    let events = events.as_array().unwrap();
    assert_eq!(events.iter().filter(|event| event["action"] == "reminded").count(), 3);
    // The way out: a new key, at once.
    server.command(&["sp-key", "stage", "--tenant", "acme", "--at", "now"]);
    server.command(&["sp-key", "retire", "--tenant", "acme"]);
    let page = it.get(overview).body;
    assert!(!page.contains("Our own certificate"), "{page}");
}
