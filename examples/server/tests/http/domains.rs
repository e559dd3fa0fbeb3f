//! Mail domains: claimed on the tenant's page, proved by the DNS, looked up again by the clock.

use chrono::{DateTime, TimeDelta, Utc};
use example_server::app::Base;
use example_server::config::Database;
use example_server::{clock, dns, domains};

use crate::admin::{Browser, admin};
use crate::common::Server;
use crate::dns::{Dns, Zone};

const LIST: &str = "/admin/tenants/acme/domains";
const PAGE: &str = "/admin/tenants/acme/domains/example.com";
const NAME: &str = "_domain-verification.example.com";

fn scene() -> (Server, Dns, Browser) {
    let dns = Dns::start();
    let server = Server::start_with(&["--dns-server", &dns.address.to_string()]);
    server.command(&["tenant", "create", "--id", "acme"]);
    let browser = admin(&server, "acme", "it@example.com");
    (server, dns, browser)
}

/// Claims a domain; gives the value to publish.
fn claim(browser: &mut Browser, tenant: &str, domain: &str) -> String {
    let list = format!("/admin/tenants/{tenant}/domains");
    let claimed = browser.submit(&list, &list, &[("domain", domain)]);
    assert_eq!(
        (claimed.status, claimed.location()),
        (303, format!("{list}/{domain}").as_str()),
        "{}",
        claimed.body
    );
    value(&browser.get(&format!("{list}/{domain}")).body)
}

fn value(page: &str) -> String {
    let begin = "value=\"domain-verification=";
    assert!(page.contains(begin), "no record: {page}");
    let rest = page.split_once(begin).unwrap().1;
    format!("domain-verification={}", rest.split_once('"').unwrap().0)
}

/// Looks it up by the page; gives what the page then tells.
fn check(browser: &mut Browser, page: &str) -> String {
    let asked = browser.submit(page, &format!("{page}/check"), &[]);
    assert_eq!(asked.status, 303, "{}", asked.body);
    browser.get(page).body
}

fn state(server: &Server, tenant: &str) -> String {
    let listed = server.command(&["domain", "list", "--tenant", tenant]);
    listed.split('\t').nth(1).unwrap_or_default().to_owned()
}

// TEN-08
#[test]
fn a_domain_is_claimed_shown_what_to_publish_and_verified_by_its_record() {
    let (server, dns, mut browser) = scene();
    for (typed, said) in [("gmail.com", "for everyone"), ("co.uk", "public suffix"), ("no domain", "problem")]
    {
        let refused = browser.submit(LIST, LIST, &[("domain", typed)]);
        assert_eq!(refused.status, 422, "{typed}");
        assert!(refused.body.contains(said), "{typed}: {}", refused.body);
    }
    let value = claim(&mut browser, "acme", "example.com");
    assert!(browser.get(PAGE).body.contains(&format!("value=\"{NAME}\"")));
    assert_eq!(browser.submit(LIST, LIST, &[("domain", "example.com")]).status, 422, "it is on the list");
    assert!(check(&mut browser, PAGE).contains("There is no TXT record"));
    let long = "v=spf1 include:example.net ".repeat(9);
    let strings = |text: &str| vec![text.to_owned()];
    dns.set(
        NAME,
        Zone::Txt(vec![
            strings(&long),
            strings(&value.to_uppercase()),
            strings(value.trim_start_matches('d')),
        ]),
    );
    assert!(check(&mut browser, PAGE).contains("3 TXT record(s)"));
    for broken in [Zone::Broken, Zone::Silent] {
        dns.set(NAME, broken);
        assert!(check(&mut browser, PAGE).contains("gave no answer"));
    }
    assert_eq!(state(&server, "acme"), "pending");
    // RFC 1035 section 3.3.14: one text in several strings, beside others, behind an alias.
    let (front, back) = value.split_at(9);
    let cut = vec![front.to_owned(), back.to_owned()];
    dns.set(NAME, Zone::Alias("proof.example.net", vec![strings(&long), cut]));
    assert!(check(&mut browser, PAGE).contains("is verified"));
    assert_eq!(state(&server, "acme"), "verified");
    let page = browser.get(PAGE).body;
    assert!(page.contains("By its record") && page.contains(&value), "it stays published: {page}");
    let released = browser.submit(PAGE, &format!("{PAGE}/release"), &[]);
    assert_eq!((released.status, released.location()), (303, LIST));
    assert_eq!(server.command(&["domain", "list", "--tenant", "acme"]), "");
    let trail = browser.get("/admin/tenants/acme/audit.json?action=domain_changed").json().to_string();
    assert!(trail.contains("pending") && trail.contains("verified") && !trail.contains(&value), "{trail}");
}

// TEN-08
#[test]
fn a_domain_of_another_tenant_can_be_claimed_but_not_verified_and_nobody_is_told_whose_it_is() {
    let (server, dns, mut acme) = scene();
    server.command(&["tenant", "create", "--id", "globex"]);
    let mut globex = admin(&server, "globex", "it@example.org");
    let here = "/admin/tenants/globex/domains/example.com";
    let value = claim(&mut acme, "acme", "example.com");
    dns.publish(NAME, &value);
    // Another tenant's record proves nothing.
    let other = claim(&mut globex, "globex", "example.com");
    assert_ne!(other, value);
    assert!(check(&mut globex, here).contains("not the one with our value"));
    assert!(check(&mut acme, PAGE).contains("is verified"));
    let pending = globex.get(here).body;
    assert!(pending.contains("pending") && !pending.contains("another organisation"), "{pending}");
    dns.set(NAME, Zone::Txt(vec![vec![value], vec![other]]));
    let refused = check(&mut globex, here);
    assert!(refused.contains("verified for another organisation") && !refused.contains("acme"), "{refused}");
    assert_eq!((state(&server, "acme"), state(&server, "globex")), ("verified".into(), "failed".into()));
    // It can begin again, with another value, and it is looked up only within reason.
    assert_eq!(globex.submit(here, &format!("{here}/again"), &[]).status, 303);
    let again = globex.get(here);
    let limited = (0..40).map(|_| globex.submit_shown(&again, &format!("{here}/check"), &[]).status);
    assert_eq!(limited.into_iter().find(|status| *status != 303), Some(429));
    assert_eq!(globex.get(PAGE).status, 404, "TEN-18");
}

/// The clock of two nodes of a fleet strikes at once; gives how many domains they looked up.
fn strike(server: &Server, dns: &Dns, now: DateTime<Utc>) -> usize {
    let database: Database = server.folder.database().parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let [a, b] = [dns::Dns::new(Some(dns.address)), dns::Dns::new(Some(dns.address))];
        let open = async || Base::open_at(&database, server.folder.key_file(), None).await.unwrap();
        let (first, second) = (open().await, open().await);
        let (one, two) =
            tokio::join!(domains::check_due(&first, &a, now), domains::check_due(&second, &b, now));
        first.store.close().await;
        second.store.close().await;
        one.unwrap() + two.unwrap()
    })
}

// TEN-08
#[test]
fn a_verified_domain_is_looked_up_daily_by_one_node_lapses_without_its_record_and_comes_back_with_it() {
    let (server, dns, mut browser) = scene();
    let value = claim(&mut browser, "acme", "example.com");
    dns.publish(NAME, &value);
    assert!(check(&mut browser, PAGE).contains("is verified"));
    let start = clock::now();
    let after = |hours: i64| start + TimeDelta::hours(hours);
    let asked = dns.asked();
    assert_eq!(strike(&server, &dns, after(23)), 0, "not due");
    assert_eq!(dns.asked(), asked);
    assert_eq!((strike(&server, &dns, after(25)), dns.asked()), (1, asked + 1), "one node asks, once");
    assert_eq!(state(&server, "acme"), "verified");
    // A resolver that is down locks nobody out, and is asked again within the hour.
    dns.set(NAME, Zone::Broken);
    for hours in [50, 52] {
        assert_eq!(strike(&server, &dns, after(hours)), 1);
        assert_eq!(state(&server, "acme"), "verified");
    }
    dns.publish(NAME, "something else");
    assert_eq!(strike(&server, &dns, after(54)), 1);
    assert_eq!(state(&server, "acme"), "lapsed");
    let page = browser.get(PAGE).body;
    assert!(page.contains("was not found any more") && page.contains(&value), "{page}");
    // TEN-22: a lapse ends routing at once.
    dns.publish(NAME, &value);
    assert_eq!(strike(&server, &dns, after(56)), 1);
    assert_eq!(state(&server, "acme"), "verified");
    let trail = browser.get("/admin/tenants/acme/audit.json?action=domain_changed").json().to_string();
    assert!(trail.contains("lapsed") && trail.contains("system"), "{trail}");
}

#[test]
fn the_command_line_goes_the_same_ways_and_an_operators_word_needs_no_record() {
    let (server, dns, mut browser) = scene();
    let at = |what: &'static str| ["domain", what, "--tenant", "acme", "--domain", "example.com"];
    let printed = server.command(&at("claim"));
    let (name, value) = printed.split_once('\t').unwrap();
    assert_eq!(name, NAME);
    assert!(browser.get(PAGE).body.contains(value));
    let server_address = dns.address.to_string();
    let look = || server.command(&[&at("check")[..], &["--dns-server", &server_address]].concat());
    assert_eq!(look(), "pending");
    dns.publish(name, value);
    assert_eq!(look(), "verified");
    assert!(!server.try_command(&at("claim")).status.success(), "it is on the list");
    server.command(&at("release"));
    for what in ["verify", "add"] {
        server.command(&at(what));
        assert_eq!(state(&server, "acme"), "verified");
        let page = browser.get(PAGE).body;
        assert!(
            page.contains("On the word of the operator") && !page.contains("domain-verification="),
            "{page}"
        );
        server.command(&at("release"));
    }
    assert!(!server.try_command(&at("release")).status.success());
    let trail = browser.get("/admin/tenants/acme/audit.json?action=domain_changed").json().to_string();
    assert!(trail.contains("operator"), "{trail}");
}
