//! What ends with time, at a clock that the test sets.

use chrono::TimeDelta;
use example_server::clock;
use saml_sp::testing::{LoginAnswer, TestLogoutRequest, TestNameId, TestRequest};

use crate::admin::{Browser, admin, choose, invite};
use crate::common::{Server, expect};
use crate::inside::Inside;
use crate::sso::{TestProvider, begin, fresh_id, post_raw, sign_in};

fn acme() -> (Server, Inside) {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let inside = Inside::beside(&server);
    (server, inside)
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

/// The provider's answer, given at another time.
fn answer_at(provider: &TestProvider, request: &TestRequest, later: TimeDelta) -> LoginAnswer {
    let known = provider.answer(request, "alice@example.com");
    let mut answer = request.answer(&fresh_id(), "", clock::now() + later);
    answer.name_id = known.name_id;
    answer.attributes = known.attributes;
    answer
}

#[test]
fn a_one_time_code_works_until_its_hours_are_over() {
    let (server, inside) = acme();
    let mut browser = Browser::at(inside.client(), &server.url);
    let code = |email: &str| {
        server.command(&["admin", "invite", "--tenant", "acme", "--email", email, "--hours", "2"])
    };
    let (in_time, too_late) = (code("ann@example.com"), code("bob@example.com"));
    inside.it_is(minutes(121));
    let refused = choose(&mut browser, "acme", "bob@example.com", &too_late);
    assert_eq!(refused.status, 422, "{}", refused.body);
    inside.it_is(minutes(119));
    let chosen = choose(&mut browser, "acme", "ann@example.com", &in_time);
    assert_eq!(chosen.status, 200, "{}", chosen.body);
    // A new one for who came too late.
    inside.it_is(minutes(121));
    let again = server.command(&["admin", "reset", "--tenant", "acme", "--email", "bob@example.com"]);
    assert_eq!(choose(&mut browser, "acme", "bob@example.com", &again).status, 200);
    let day = invite(&server, "acme", "eve@example.com");
    inside.it_is(minutes(24 * 60 + 1));
    assert_eq!(
        choose(&mut browser, "acme", "eve@example.com", &day).status,
        422,
        "a day, where nothing is said"
    );
}

#[test]
fn an_admin_who_does_nothing_for_half_an_hour_is_out_and_who_works_is_out_after_a_day() {
    let (server, inside) = acme();
    let known = admin(&server, "acme", "it@example.com");
    let page = "/admin/tenants/acme";
    let look = |browser: &mut Browser, at: i64| {
        inside.it_is(minutes(at));
        browser.get(page).status
    };
    let mut idle = Browser::at(inside.same(&known.client), &server.url);
    assert_eq!(look(&mut idle, 29), 200);
    assert_eq!(look(&mut idle, 58), 200, "it was used");
    assert_eq!(look(&mut idle, 89), 303, "half an hour of nothing");
    assert_eq!(look(&mut idle, 58), 200, "nothing but time ended it");

    let mut busy = Browser::at(inside.same(&admin(&server, "acme", "busy@example.com").client), &server.url);
    for at in (0..720).step_by(25) {
        assert_eq!(look(&mut busy, at), 200, "{at}");
    }
    assert_eq!(look(&mut busy, 719), 200);
    assert_eq!(look(&mut busy, 721), 303, "twelve hours, however busy");
}

// SLO-09, TEN-15
#[test]
fn a_session_that_nobody_uses_ends_after_an_hour_and_the_provider_hears_nothing_of_it() {
    let (server, inside) = acme();
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    let look = |at: i64| {
        inside.it_is(minutes(at));
        inside.same(&browser).get("/v1/session").unwrap().status
    };
    assert_eq!(look(59), 200);
    assert_eq!(look(118), 200, "it was used");
    assert_eq!(look(179), 401, "an hour of nothing");
    // Who signs out afterwards has left already: no LogoutRequest goes out.
    let left = inside.same(&browser).get("/v1/sso/logout?org_id=acme").unwrap();
    assert_eq!(left.status, 200, "{}", left.body);
    assert!(left.body.contains("You may still be signed in at your identity provider"), "{}", left.body);

    // In time the provider is asked.
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    inside.it_is(minutes(59));
    let left = inside.same(&browser).get("/v1/sso/logout?org_id=acme").unwrap();
    assert_eq!(left.status, 302, "{}", left.body);
    assert!(left.location().starts_with(provider.idp.logout_url()));
}

// RSP: `SessionNotOnOrAfter` ends the session here too (Core 2.7.2), and nothing makes it longer.
#[test]
fn a_session_ends_when_the_provider_said_or_after_the_products_longest() {
    let (server, inside) = acme();
    let provider = TestProvider::for_tenant(&server, "acme");
    for (said, end) in [(Some(90), 90), (None, 720), (Some(2_000), 720)] {
        let mut browser = server.client();
        let request = begin(&mut browser, &provider, "acme", "/");
        let mut answer = provider.answer(&request, "alice@example.com");
        answer.session_not_on_or_after = said.map(|said| clock::now() + minutes(said));
        let entered = provider.post(&mut browser, &answer, None);
        assert_eq!(entered.status, 303, "{}", entered.body);
        let cookie = entered.header("set-cookie").unwrap();
        let age = cookie.split_once("Max-Age=").and_then(|(_, rest)| rest.split(';').next()).unwrap();
        assert!((end * 60 - 60..=end * 60).contains(&age.parse::<i64>().unwrap()), "{cookie}");
        let look = |at: i64| {
            inside.it_is(minutes(at));
            inside.same(&browser).get("/v1/session").unwrap().status
        };
        for at in (0..end).step_by(50) {
            assert_eq!(look(at), 200, "{said:?}, {at}");
        }
        assert_eq!(look(end - 1), 200, "{said:?}");
        assert_eq!(look(end + 1), 401, "{said:?}");
    }
}

// SLO-06
#[test]
fn a_logout_that_came_before_its_login_is_remembered_for_a_quarter_of_an_hour() {
    let (server, inside) = acme();
    let provider = TestProvider::for_tenant(&server, "acme");
    let to = format!("{}/v1/sso/logout?org_id=acme", server.url);
    let name = TestNameId::email("alice@example.com");
    let mut order = TestLogoutRequest::new(&format!("_{}", fresh_id()), &to, name, clock::now());
    order.session_indexes = vec!["s-1".to_owned()];
    let message = provider.idp.logout_request(&order).unwrap();
    let told = server.client().get(&provider.idp.redirect(&message, None).unwrap()).unwrap();
    assert_eq!(told.status, 302, "{}", told.body);
    let login = |at: i64| {
        inside.it_is(minutes(at));
        let mut browser = inside.client();
        let request = begin(&mut browser, &provider, "acme", "/");
        let mut answer = answer_at(&provider, &request, minutes(at));
        answer.session_index = Some("s-1".to_owned());
        let path = answer.destination.clone().unwrap().replace(&server.url, "");
        post_raw(&mut browser, &path, provider.form(&answer, None))
    };
    let refused = login(4);
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("SLO-06"), "{}", refused.body);
    // The request's own end counts where it is sooner.
    let reply = login(16);
    assert_eq!(reply.status, 303, "{}", reply.body);
    expect(&server.client().get("/healthz").unwrap(), 200);
}
