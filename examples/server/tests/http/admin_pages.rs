//! The administration pages: what they show, what they change, and for whom.

use example_server::client::{Client, Reply};
use serde_json::json;

use crate::admin::{Browser, PASSWORD, admin, choose, hidden_fields, sign_in};
use crate::common::{Folder, Server, create, expect, group, patch, user};

/// The value of a field to copy.
pub(crate) fn copied(page: &Reply, id: &str) -> String {
    let start = format!("<input id=\"{id}\"");
    assert!(page.body.contains(&start), "no {id}: {}", page.body);
    let field = page.body.split_once(&start).unwrap().1.split_once('>').unwrap().0;
    field.split_once(" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

/// Makes a token on the page of a connection; gives the page that shows it.
fn make_token(browser: &mut Browser, page: &str, fields: &[(&str, &str)]) -> Reply {
    let all = [ALL_SCOPES, fields].concat();
    browser.submit(page, &format!("{page}/tokens"), &all)
}

fn token_pages(shown: &Reply, page: &str) -> Vec<String> {
    let start = format!("href=\"{page}/tokens/");
    shown.body.split(&start).skip(1).map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}

// TEN-18
#[test]
fn an_admin_of_one_tenant_sees_and_touches_nothing_of_another() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "a"]);
    let mut b = server.directory("b", "standard");
    let id = create(&mut b, "/scim/v2/Users", &user("bob@example.com"));
    let team = create(&mut b, "/scim/v2/Groups", &group("Team", &[&id]));
    let mut of_b = admin(&server, "b", "it@b.example");
    let page = of_b.get("/admin/tenants/b/scim/scim");
    let token = token_pages(&page, "/admin/tenants/b/scim/scim").remove(0);
    let person = of_b.get("/admin/tenants/b/people");
    let person =
        person.body.split_once("/admin/tenants/b/people/").unwrap().1.split_once('"').unwrap().0.to_owned();
    let account = hidden_account(&mut of_b);
    let mut of_a = admin(&server, "a", "it@a.example");
    let own = of_a.get("/admin/tenants/a/scim/scim");
    let form_token = hidden_fields(&own.body, "/admin/tenants/a/scim/scim/tokens").remove(0).1;

    let shown = [
        "",
        "/admins",
        "/audit",
        "/audit.csv",
        "/audit.json",
        "/groups",
        "/people",
        "/scim",
        "/scim/scim",
        "/users",
    ];
    let shown = shown.map(str::to_owned).into_iter().chain([
        format!("/groups/{team}"),
        format!("/people/{person}"),
        format!("/scim/scim/tokens/{token}"),
        format!("/users/{id}"),
    ]);
    for end in shown {
        let path = format!("/admin/tenants/b{end}");
        assert!(matches!(of_b.get(&path).status, 200 | 303), "{path}");
        let foreign = of_a.get(&path);
        let unknown = of_a.get(&path.replace("/b", "/nobody"));
        assert_eq!((foreign.status, unknown.status), (404, 404), "{path}");
        assert_eq!(foreign.body, unknown.body, "{path}: as if it did not exist");
    }
    // Ids of the other tenant below the own address.
    for end in [
        format!("/groups/{team}"),
        format!("/people/{person}"),
        format!("/scim/scim/tokens/{token}"),
        format!("/users/{id}"),
    ] {
        assert_eq!(of_a.get(&format!("/admin/tenants/a{end}")).status, 404, "{end}");
    }
    let changing = [
        ("/admins".to_owned(), vec![("email", "evil@a.example"), ("security", "yes"), ("once", "1")]),
        (format!("/admins/{account}/revoke"), vec![]),
        ("/scim".to_owned(), vec![("name", "Evil"), ("provider", "okta")]),
        ("/scim/scim/state".to_owned(), vec![("state", "off")]),
        ("/scim/scim/clients".to_owned(), vec![("name", "Evil"), ("once", "4")]),
        ("/scim/scim/clients/b.0123456789abcdef/secrets".to_owned(), vec![("once", "5")]),
        ("/scim/scim/clients/b.0123456789abcdef/secrets/0/revoke".to_owned(), vec![]),
        ("/scim/scim/tokens".to_owned(), [ALL_SCOPES, &[("once", "2")]].concat()),
        (format!("/scim/scim/tokens/{token}/owner"), vec![("new_owner", person.as_str())]),
        (format!("/scim/scim/tokens/{token}/revoke"), vec![]),
        (format!("/scim/scim/tokens/{token}/rotate"), vec![("once", "3")]),
    ];
    for (end, mut fields) in changing {
        fields.push(("form_token", &form_token));
        let reply = of_a.post(&format!("/admin/tenants/b{end}"), &fields);
        assert_eq!(reply.status, 404, "{end}: {}", reply.body);
        if end.contains(token.as_str()) || end.contains(account.as_str()) {
            let reply = of_a.post(&format!("/admin/tenants/a{end}"), &fields);
            assert_eq!(reply.status, 404, "{end}: {}", reply.body);
        }
    }
    expect(&b.get("/scim/v2/Users").unwrap(), 200);
    assert_eq!(of_b.get("/admin/tenants/b").status, 200);
    for path in ["/admin/tenants", "/admin/admins"] {
        assert_eq!(of_a.get(path).status, 404, "{path} is the operator's");
        assert_eq!(of_a.post(path, &[("form_token", &form_token), ("id", "x")]).status, 404);
    }
}

/// The id of the admin's own account, from the audit trail.
fn hidden_account(browser: &mut Browser) -> String {
    let trail = browser.get("/admin/tenants/b/audit.json").json();
    let events = trail.as_array().unwrap();
    events.iter().find_map(|event| event["target"]["admin"].as_str()).unwrap().to_owned()
}

// TOK-10
#[test]
fn a_token_is_shown_once_works_and_is_audited() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let mut it = admin(&server, "acme", "it@example.com");
    let page = "/admin/tenants/acme/scim/scim";
    let form = it.get(page);
    let base = copied(&form, "base-url");
    assert_eq!(base, format!("{}/scim/v2", server.url));
    let fields = [ALL_SCOPES, &[("name", "Okta <production>"), ("description", "first")]].concat();
    let shown = it.submit_shown(&form, &format!("{page}/tokens"), &fields);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.header("cache-control").unwrap().contains("no-store"));
    let token = copied(&shown, "token-secret");
    let secret = token.split('_').nth(2).unwrap().to_owned();
    let mut directory = Client::new(&server.url).with_token(&token);
    expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    // Sending the same form again, as reloading does, makes and shows nothing.
    let again = it.submit_shown(&form, &format!("{page}/tokens"), &fields);
    assert_eq!((again.status, again.location()), (303, page), "{}", again.body);
    let listed = it.get(page);
    assert!(listed.body.contains("made and shown already"), "{}", listed.body);
    assert!(listed.body.contains("Okta &lt;production&gt;"), "{}", listed.body);
    assert_eq!(token_pages(&listed, page).len(), 1);
    assert!(!it.get(page).body.contains("made and shown already"), "told once");
    let detail = it.get(&format!("{page}/tokens/{}", token_pages(&listed, page)[0]));
    let trail = it.get("/admin/tenants/acme/audit");
    for reply in [&listed, &detail, &trail] {
        assert!(!reply.body.contains(&secret));
    }
    // TOK-06: when, from where, by what.
    assert!(detail.body.contains("127.0.0.1"), "{}", detail.body);
    let events = it.get("/admin/tenants/acme/audit.json?action=token_issued").json();
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert!(events[0]["actor"]["admin"].is_string(), "{events}");
}

// TOK-05, TOK-07
#[test]
fn a_token_is_replaced_side_by_side_or_at_once_and_revoked() {
    let server = Server::start();
    for (tenant, profile, old_lives) in [("acme", "standard", true), ("globex", "toktra", false)] {
        server.command(&["tenant", "create", "--id", tenant, "--profile", profile]);
        let mut it = admin(&server, tenant, "it@example.com");
        let page = format!("/admin/tenants/{tenant}/scim/scim");
        let base = copied(&it.get(&page), "base-url");
        let asks = |token: &str| {
            let mut client = Client::new(&server.url).with_token(token);
            client.get(&format!("{base}/Users")).unwrap().status
        };
        let old = copied(&make_token(&mut it, &page, &[("name", "first")]), "token-secret");
        assert_eq!(asks(&old), 200);
        let id = old.split('_').nth(1).unwrap();
        let detail = format!("{page}/tokens/{id}");
        let shown = it.submit(&detail, &format!("{detail}/rotate"), &[]);
        assert_eq!(shown.status, 200, "{}", shown.body);
        let new = copied(&shown, "token-secret");
        assert_eq!((asks(&new), asks(&old)), (200, if old_lives { 200 } else { 401 }), "{profile}");
        let detail = format!("{page}/tokens/{}", new.split('_').nth(1).unwrap());
        let revoked = it.submit(&detail, &format!("{detail}/revoke"), &[]);
        assert_eq!((revoked.status, revoked.location()), (303, detail.as_str()));
        assert_eq!(asks(&new), 401);
        assert!(it.get(&detail).body.contains("The token is revoked"));
    }
}

#[test]
fn a_token_is_refused_with_the_reason_at_its_field() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "torii"]);
    let mut it = admin(&server, "acme", "it@example.com");
    let page = "/admin/tenants/acme/scim/scim";
    for (fields, said) in [
        (vec![("description", "x")], "Name an expiry"),
        (vec![("expires", "2001-01-01")], "not in the future"),
        (vec![("expires", "soon")], "Write the day as"),
        (vec![("expires", "2199-01-01")], "later than"),
        (vec![("expires", "2099-01-01"), ("never", "yes")], "not both"),
    ] {
        let reply = make_token(&mut it, page, &fields);
        assert_eq!(reply.status, 422, "{fields:?}");
        assert!(reply.body.contains(said), "{fields:?}: {}", reply.body);
        assert!(reply.body.contains("href=\"#expires\"") && reply.body.contains("id=\"expires-error\""));
    }
    let none = it.submit(page, &format!("{page}/tokens"), &[("expires", "2027-06-30")]);
    assert!(none.body.contains("Choose what the token may do"), "{}", none.body);
    assert!(token_pages(&it.get(page), page).is_empty());
}

// products.md, Torii: SCIM is a toggle. TEN-21
#[test]
fn provisioning_begins_when_it_is_switched_on_and_ends_when_it_is_switched_off() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "torii"]);
    let mut it = admin(&server, "acme", "it@example.com");
    let page = "/admin/tenants/acme/scim/scim";
    let base = copied(&it.get(page), "base-url");
    let token = copied(&make_token(&mut it, page, &[("expires", "2027-06-30")]), "token-secret");
    let mut directory = Client::new(&server.url).with_token(&token);
    assert_eq!(directory.get(&format!("{base}/Users")).unwrap().status, 403);
    for (state, status) in [("on", 200), ("off", 403), ("on", 200)] {
        let switched = it.submit(page, &format!("{page}/state"), &[]);
        assert_eq!(switched.status, 303, "{}", switched.body);
        assert!(it.get(page).body.contains(&format!("Provisioning is switched {state}")));
        assert_eq!(directory.get(&format!("{base}/Users")).unwrap().status, status, "{state}");
    }
    let events = it.get("/admin/tenants/acme/audit.json?action=connection_changed").json();
    assert_eq!(events.as_array().unwrap().len(), 3);
}

// products.md, Tonkean: several providers, each with a type, a display name and a token.
#[test]
fn a_product_with_several_directories_gets_another_with_a_token_of_its_own() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "tonkean"]);
    server.command(&["tenant", "create", "--id", "globex", "--profile", "torii"]);
    let mut it = admin(&server, "acme", "it@example.com");
    let list = "/admin/tenants/acme/scim";
    let added = it.submit(list, list, &[("provider", "okta"), ("name", "Okta Europe")]);
    assert_eq!((added.status, added.location()), (303, "/admin/tenants/acme/scim/okta"), "{}", added.body);
    let page = "/admin/tenants/acme/scim/okta";
    let base = copied(&it.get(page), "base-url");
    let token = copied(&make_token(&mut it, page, &[("name", "europe")]), "token-secret");
    let headers = [("authorization", format!("token {token}"))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = server.client().send("GET", &format!("{base}/Users"), &headers, Vec::new()).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    let twice = it.submit(list, list, &[("provider", "okta"), ("name", "Okta Europe")]);
    assert_eq!(twice.status, 422);
    let mut other = admin(&server, "globex", "it@example.com");
    assert_eq!(other.get("/admin/tenants/globex/scim").location(), "/admin/tenants/globex/scim/scim");
}

// TEN-10, TOK-10, TEN-23
#[test]
fn without_the_right_nothing_is_changed_and_the_refusal_is_written_down() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let arguments =
        ["admin", "invite", "--email", "hr@example.com", "--tenant", "acme", "--rights", "members"];
    let code = server.command(&arguments);
    let mut hr = Browser::new(&server);
    assert_eq!(choose(&mut hr, "acme", "hr@example.com", &code).status, 200);
    assert_eq!(sign_in(&mut hr, "acme", "hr@example.com", PASSWORD).status, 303);
    let page = hr.get("/admin/tenants/acme/scim/scim");
    for control in ["create-token", "switch-off", "invite"] {
        assert!(!page.body.contains(&format!("id=\"{control}\"")), "{control} is not offered");
    }
    let token = hidden_fields(&page.body, "/admin/sign-out").remove(0).1;
    let fields = [ALL_SCOPES, &[("once", "1"), ("form_token", &token)]].concat();
    for end in ["/scim/scim/tokens", "/scim/scim/state", "/admins"] {
        let reply = hr.post(&format!("/admin/tenants/acme{end}"), &fields);
        assert_eq!(reply.status, 403, "{end}: {}", reply.body);
        assert!(reply.body.contains("right.missing"));
    }
    assert!(
        token_pages(&hr.get("/admin/tenants/acme/scim/scim"), "/admin/tenants/acme/scim/scim").is_empty()
    );
    let refused = hr.get("/admin/tenants/acme/audit.json").json();
    let refused = refused
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["outcome"]["refused"] == json!("right.missing"));
    assert_eq!(refused.count(), 3);
}

#[test]
fn hostile_names_stay_text_on_every_page() {
    let server = Server::start();
    let evil = "</code><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    server.command(&["tenant", "create", "--id", "acme", "--name", evil]);
    let token = server.command(&["token", "issue", "--tenant", "acme", "--name", evil]);
    let mut directory = server.client().with_token(&token);
    let mut body = user("eve@example.com");
    body["displayName"] = json!(evil);
    body["name"] = json!({ "givenName": evil, "familyName": evil });
    body["externalId"] = json!(evil);
    let id = create(&mut directory, "/scim/v2/Users", &body);
    let team = create(&mut directory, "/scim/v2/Groups", &group(evil, &[&id]));
    let mut root = admin(&server, "", "root@example.com");
    let person = root.get("/admin/tenants/acme/people");
    let person = person
        .body
        .split_once("/admin/tenants/acme/people/")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0
        .to_owned();
    let token_id = token.split('_').nth(1).unwrap();
    for path in [
        "/admin/tenants".to_owned(),
        "/admin/tenants/acme".to_owned(),
        "/admin/tenants/acme/scim/scim".to_owned(),
        format!("/admin/tenants/acme/scim/scim/tokens/{token_id}"),
        "/admin/tenants/acme/users".to_owned(),
        format!("/admin/tenants/acme/users?{}", query(&[("q", evil)])),
        format!("/admin/tenants/acme/users/{id}"),
        format!("/admin/tenants/acme/people/{person}"),
        "/admin/tenants/acme/groups".to_owned(),
        format!("/admin/tenants/acme/groups/{team}"),
        "/admin/tenants/acme/audit".to_owned(),
        format!("/admin/tenants/acme/audit?{}", query(&[("actor", evil), ("person", evil), ("from", evil)])),
        format!("/admin/sign-in?{}", query(&[("org", evil)])),
    ] {
        let reply = root.get(&path);
        assert!(matches!(reply.status, 200 | 422), "{path}: {}", reply.status);
        assert!(
            !reply.body.contains("<script>alert") && !reply.body.contains("<img"),
            "{path}: {}",
            reply.body
        );
        assert!(reply.body.contains("&lt;script&gt;") || path.contains("audit"), "{path}");
    }
}

#[test]
fn users_and_groups_are_listed_searched_and_shown_as_provisioned() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut ids = Vec::new();
    for number in 0..55 {
        let mut body = user(&format!("user{number:02}@example.com"));
        body["displayName"] = json!(format!("Person {number:02}"));
        body["externalId"] = json!(format!("ext-{number:02}"));
        ids.push(create(&mut directory, "/scim/v2/Users", &body));
    }
    let team = create(&mut directory, "/scim/v2/Groups", &group("Team", &[&ids[0], &ids[1]]));
    let mut it = admin(&server, "acme", "it@other.example");
    let list = "/admin/tenants/acme/users";
    let count = |reply: &Reply| reply.body.matches("data-label=\"User name\"").count();
    let first = it.get(list);
    assert_eq!(count(&first), 50);
    assert!(first.body.contains("55 records"), "{}", first.body);
    let next = first.body.split_once("id=\"next-page\"").unwrap().1;
    let next = next.split_once("href=\"").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
    assert_eq!(count(&it.get(&next)), 5);
    for (wanted, found) in
        [("user1", 10), ("USER07@example.com", 1), ("person 2", 10), ("ext-33", 1), ("nobody", 0), ("%", 0)]
    {
        let reply = it.get(&format!("{list}?{}", query(&[("q", wanted)])));
        assert_eq!(count(&reply), found, "{wanted}");
    }
    let shown = it.get(&format!("{list}/{}", ids[0]));
    for part in ["ext-00", "user00@example.com", "Person 00", "Team", "id=\"person-state\"", "Person created"]
    {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    let members = it.get(&format!("/admin/tenants/acme/groups/{team}"));
    assert!(members.body.contains("Person 00") && members.body.contains("Person 01"));
    assert!(!members.body.contains("Person 02"));
    let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
    directory.scim("PATCH", &format!("/scim/v2/Users/{}", ids[0]), Some(&off)).unwrap();
    let shown = it.get(&format!("{list}/{}", ids[0]));
    assert!(shown.body.contains("<dd id=\"person-state\">inactive</dd>"), "{}", shown.body);
    let accounts = it.get("/admin/tenants/acme/people?q=user0");
    assert_eq!(accounts.body.matches("data-label=\"Person\"").count(), 10);
}

#[test]
fn the_audit_trail_is_filtered_paged_and_downloaded() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    for number in 0..60 {
        create(&mut directory, "/scim/v2/Users", &user(&format!("user{number}@example.com")));
    }
    let mut it = admin(&server, "acme", "it@other.example");
    let trail = "/admin/tenants/acme/audit";
    let rows = |reply: &Reply| reply.body.matches("data-label=\"When\"").count();
    let first = it.get(&format!("{trail}?action=person_created"));
    assert_eq!(rows(&first), 50);
    let older = first.body.split_once("id=\"older\"").unwrap().1;
    let older = older.split_once("href=\"").unwrap().1.split_once('"').unwrap().0.replace("&amp;", "&");
    assert_eq!(rows(&it.get(&older)), 10);
    let all = it.get(&format!("{trail}.json?action=person_created")).json();
    let all = all.as_array().unwrap().clone();
    assert_eq!(all.len(), 60);
    let person = all[0]["target"]["person"].as_str().unwrap();
    let one = it.get(&format!("{trail}.json?person={person}")).json();
    assert!(one.as_array().unwrap().iter().all(|event| event["target"]["person"] == json!(person)));
    let csv = it.get(&format!("{trail}.csv?action=person_created"));
    assert_eq!(csv.body.lines().count(), 61);
    assert!(csv.header("content-disposition").unwrap().contains("audit.csv"));
    for (filter, found) in [("from=2999-01-01", 0), ("to=2001-01-01", 0), ("actor=operator", 3)] {
        let events = it.get(&format!("{trail}.json?{filter}")).json();
        assert_eq!(events.as_array().map(Vec::len), Some(found), "{filter}: {events}");
    }
    let mine = it.get(&format!("{trail}.json?action=admin_signed_in")).json();
    assert_eq!(mine.as_array().unwrap().len(), 1);
    assert_eq!(it.get(&format!("{trail}?person=../x")).status, 422);
    assert_eq!(it.get(&format!("{trail}?after=x")).status, 400);
}

// TOK-09
#[test]
fn an_orphaned_token_is_reported_and_taken_over() {
    // As torii, with roles from userType, for people and user names of any domain.
    let (_, torii) =
        tenant_model::ProductProfile::BUILT_IN.into_iter().find(|(id, _)| *id == "torii").unwrap();
    let mut profile: serde_json::Value = serde_json::from_str(torii).unwrap();
    profile["id"] = json!("open");
    profile["scim"]["outsiders"] = json!("danger_accept");
    profile["scim"]["overrides"] = json!([]);
    let folder = Folder::new();
    std::fs::write(folder.path().join("open.json"), profile.to_string()).unwrap();
    let profiles = ["--profiles", folder.path().to_str().unwrap()];
    let server = Server::start_with(&profiles);
    let mut it = admin(&server, "", "root@example.com");
    server.command(&[&["tenant", "create", "--id", "acme", "--profile", "open"][..], &profiles].concat());
    let page = "/admin/tenants/acme/scim/scim";
    it.submit(page, &format!("{page}/state"), &[]);
    let base = copied(&it.get(page), "base-url");
    let first = copied(&make_token(&mut it, page, &[("expires", "2027-06-30")]), "token-secret");
    let mut directory = Client::new(&server.url).with_token(&first);
    let people = ["ann", "bob"].map(|name| {
        let mut body = user(&format!("{name}@example.com"));
        body["userType"] = json!("Admin");
        create(&mut directory, &format!("{base}/Users"), &body)
    });
    let form = it.get(page);
    let options =
        form.body.split_once("<select id=\"owner\"").unwrap().1.split_once("</select>").unwrap().0.to_owned();
    let owner = |name: &str| {
        let before = options.split(name).next().unwrap();
        before.rsplit_once("value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let (ann, bob) = (owner("ann@example.com"), owner("bob@example.com"));
    let shown =
        make_token(&mut it, page, &[("expires", "2027-06-30"), ("owner", &ann), ("description", "Ann's")]);
    let id = copied(&shown, "token-secret").split('_').nth(1).unwrap().to_owned();
    assert!(!it.get("/admin/tenants/acme").body.contains("id=\"reminders\""));
    let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
    assert!(
        directory.scim("PATCH", &format!("{base}/Users/{}", people[0]), Some(&off)).unwrap().status < 300
    );
    let overview = it.get("/admin/tenants/acme");
    assert!(overview.body.contains("answered for by nobody"), "{}", overview.body);
    let detail = format!("{page}/tokens/{id}");
    let wrong = it.submit(&detail, &format!("{detail}/owner"), &[("new_owner", &ann)]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let taken = it.submit(&detail, &format!("{detail}/owner"), &[("new_owner", &bob)]);
    assert_eq!(taken.status, 303, "{}", taken.body);
    assert!(!it.get("/admin/tenants/acme").body.contains("answered for by nobody"));
    let events = it.get("/admin/tenants/acme/audit.json?action=token_owner_changed").json();
    assert!(events.as_array().is_some_and(|events| !events.is_empty()), "{events}");
}

#[test]
fn an_admin_invites_another_with_rights_of_their_own_and_the_code_is_shown_once() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    for (tenant, list) in [("", "/admin/admins"), ("acme", "/admin/tenants/acme/admins")] {
        let scope: &[&str] = if tenant.is_empty() { &[] } else { &["--tenant", tenant] };
        let arguments = ["admin", "invite", "--email", "first@example.com", "--rights", "security,members"];
        let code = server.command(&[&arguments, scope].concat());
        let mut first = Browser::new(&server);
        assert_eq!(choose(&mut first, tenant, "first@example.com", &code).status, 200);
        assert_eq!(sign_in(&mut first, tenant, "first@example.com", PASSWORD).status, 303);
        let beyond = first.submit(list, list, &[("email", "second@example.com"), ("trust", "yes")]);
        assert_eq!(beyond.status, 422, "{}", beyond.body);
        let form = first.get(list);
        let fields = [("email", "second@example.com"), ("members", "yes")];
        let shown = first.submit_shown(&form, list, &fields);
        assert_eq!(shown.status, 200, "{}", shown.body);
        let code = copied(&shown, "one-time-code");
        assert!(copied(&shown, "start-address").starts_with(&server.url));
        let again = first.submit_shown(&form, list, &fields);
        assert_eq!((again.status, again.location()), (303, list));
        assert!(!first.get(list).body.contains(&code));
        let mut second = Browser::new(&server);
        assert_eq!(choose(&mut second, tenant, "second@example.com", &code).status, 200);
        assert_eq!(sign_in(&mut second, tenant, "second@example.com", PASSWORD).status, 303);
        assert_eq!(second.get("/admin").status, 303);
        let page = first.get(list);
        let id = page.body.split_once("id=\"revoke-").unwrap().1.split_once('"').unwrap().0.to_owned();
        let revoked = first.submit(list, &format!("{list}/{id}/revoke"), &[]);
        assert_eq!(revoked.status, 303, "{}", revoked.body);
        assert_eq!(second.get("/admin").location(), "/admin/sign-in");
    }
}

#[test]
fn the_operator_makes_tenants_of_every_product() {
    let server = Server::start();
    let mut root = admin(&server, "", "root@example.com");
    for (id, profile) in
        [("a", "standard"), ("b", "toktra"), ("c", "toplyne"), ("d", "tonkean"), ("e", "torii")]
    {
        let made = root.submit(
            "/admin/tenants",
            "/admin/tenants",
            &[("id", id), ("name", ""), ("profile", profile)],
        );
        assert_eq!(
            (made.status, made.location()),
            (303, format!("/admin/tenants/{id}").as_str()),
            "{}",
            made.body
        );
        let overview = root.get(made.location());
        assert!(overview.body.contains("The tenant was made") && overview.body.contains("id=\"next-steps\""));
    }
    for (id, said) in [("a", "exists already"), ("../x", "not allowed"), ("", "is empty")] {
        let fields = [("id", id), ("name", ""), ("profile", "standard")];
        let refused = root.submit("/admin/tenants", "/admin/tenants", &fields);
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains(said), "{}", refused.body);
    }
    let trail = root.get("/admin/tenants/a/audit.json").json();
    assert!(trail[0]["actor"]["admin"].is_string(), "{trail}");
    assert!(root.get("/admin/admins").body.contains("Admin signed in"));
}

#[test]
fn every_control_has_a_label_and_every_page_a_title_and_one_heading() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "torii"]);
    server.command(&["token", "issue", "--tenant", "acme", "--expires", "2027-06-30"]);
    server.command(&["tenant", "create", "--id", "globex", "--profile", "tonkean"]);
    let mut root = admin(&server, "", "root@example.com");
    let listed = root.get("/admin/tenants/acme/scim/scim");
    let token = token_pages(&listed, "/admin/tenants/acme/scim/scim").remove(0);
    for path in [
        "/admin/sign-in",
        "/admin/start",
        "/admin/tenants",
        "/admin/admins",
        "/admin/tenants/acme",
        "/admin/tenants/acme/admins",
        "/admin/tenants/acme/audit",
        "/admin/tenants/acme/groups",
        "/admin/tenants/acme/people",
        "/admin/tenants/acme/scim/scim",
        &format!("/admin/tenants/acme/scim/scim/tokens/{token}"),
        "/admin/tenants/acme/quirks",
        "/admin/tenants/acme/scim/scim/clients",
        "/admin/tenants/acme/users",
        "/admin/tenants/globex/scim",
    ] {
        let page = root.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.body.matches("<h1>").count(), 1, "{path}");
        assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("<title>"), "{path}");
        assert!(page.body.contains("<main id=\"main\"") && page.body.contains("class=\"skip\""), "{path}");
        let mut ids = Vec::new();
        for tag in page.body.split('<') {
            let control = ["input ", "select ", "textarea "].iter().any(|name| tag.starts_with(name));
            let id = tag.split_once(" id=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id);
            ids.extend(id.map(str::to_owned));
            if control && !tag.contains("type=\"hidden\"") {
                let label = format!("<label for=\"{}\">", id.unwrap());
                assert!(page.body.contains(&label), "{path}: {tag}");
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "{path}: an id twice: {ids:?}");
    }
}

// TOK-12
#[test]
fn a_client_gets_secrets_that_are_shown_once_and_revoked_with_their_access_tokens() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let mut it = admin(&server, "acme", "it@example.com");
    let page = "/admin/tenants/acme/scim/scim/clients";
    let form = it.get(page);
    let shown = it.submit_shown(&form, page, &[("name", "Entra")]);
    assert_eq!(shown.status, 200, "{}", shown.body);
    let (id, secret) = (copied(&shown, "client-id"), copied(&shown, "client-secret"));
    let grant = |secret: &str| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret)];
        server.client().post_form("/oauth/token", &fields).unwrap()
    };
    let access = expect(&grant(&secret), 200)["access_token"].as_str().unwrap().to_owned();
    let mut directory = server.client().with_token(&access);
    expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    let again = it.submit_shown(&form, page, &[("name", "Entra")]);
    assert_eq!((again.status, again.location()), (303, page));
    let listed = it.get(page);
    assert!(listed.body.contains(&id) && !listed.body.contains(&secret));
    let second = it.submit(page, &format!("{page}/{id}/secrets"), &[]);
    let other = copied(&second, "client-secret");
    assert_eq!(grant(&other).status, 200);
    let revoked = it.submit(page, &format!("{page}/{id}/secrets/0/revoke"), &[]);
    assert_eq!(revoked.status, 303, "{}", revoked.body);
    assert_eq!((grant(&secret).status, grant(&other).status), (401, 200));
    assert_eq!(directory.get("/scim/v2/Users").unwrap().status, 401, "with its access tokens");
}

#[test]
fn what_a_directory_did_beyond_the_standard_is_listed() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let mut it = admin(&server, "acme", "it@other.example");
    assert!(it.get("/admin/tenants/acme/quirks").body.contains("Every directory kept to the standard"));
    let off = patch(&json!([{ "op": "Replace", "value": { "active": "False" } }]));
    let reply = directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&off)).unwrap();
    assert!(reply.status < 300, "{}", reply.body);
    let seen = it.get("/admin/tenants/acme/quirks");
    assert!(seen.body.contains("data-label=\"Deviation\""), "{}", seen.body);
}

fn query(pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.finish()
}

const ALL_SCOPES: &[(&str, &str)] =
    &[("users_read", "yes"), ("users_write", "yes"), ("groups_read", "yes"), ("groups_write", "yes")];
