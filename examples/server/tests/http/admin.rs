//! The administration pages: who gets in, who stays out.

use example_server::client::{Client, Reply};
use serde_json::json;

use crate::common::{Server, create, patch, user};

/// A browser of an administrator.
pub(crate) struct Browser {
    pub(crate) client: Client,
    origin: String,
}

impl Browser {
    pub(crate) fn new(server: &Server) -> Self {
        Self { client: server.client(), origin: server.url.clone() }
    }

    /// One that is somewhere else already, at a server of that address.
    pub(crate) fn at(client: Client, origin: &str) -> Self {
        Self { client, origin: origin.to_owned() }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.client.send("GET", path, &[("accept", "text/html")], Vec::new()).unwrap()
    }

    /// Opens a page and sends one of its forms as a browser does, with the hidden fields that stand in the page.
    pub(crate) fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Reply {
        let shown = self.get(page);
        assert_eq!(shown.status, 200, "{page}: {}", shown.body);
        self.submit_shown(&shown, action, fields)
    }

    /// Sends a form of a page that was opened before.
    pub(crate) fn submit_shown(&mut self, shown: &Reply, action: &str, fields: &[(&str, &str)]) -> Reply {
        let hidden = hidden_fields(&shown.body, action);
        let mut all: Vec<(&str, &str)> = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        all.extend_from_slice(fields);
        self.post(action, &all)
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let origin = self.origin.clone();
        self.post_from(path, fields, &[("origin", &origin), ("sec-fetch-site", "same-origin")])
    }

    pub(crate) fn post_from(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut all = vec![("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        all.extend_from_slice(headers);
        self.client.send("POST", path, &all, form.finish().into_bytes()).unwrap()
    }
}

/// The hidden fields of the form that goes to `action`.
pub(crate) fn hidden_fields(page: &str, action: &str) -> Vec<(String, String)> {
    let start = format!("action=\"{action}\">");
    assert!(page.contains(&start), "no form to {action}: {page}");
    let form = page.split_once(&start).unwrap().1;
    let form = form.split("</form>").next().unwrap();
    let between = |text: &str, from: &str| {
        text.split_once(from).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value.to_owned())
    };
    form.split("<input type=\"hidden\"")
        .skip(1)
        .map(|field| {
            let field = field.split_once('>').unwrap().0;
            (between(field, " name=\"").unwrap(), between(field, " value=\"").unwrap())
        })
        .collect()
}

/// Invites an administrator, who chooses a password and signs in.
pub(crate) fn admin(server: &Server, tenant: &str, email: &str) -> Browser {
    let mut browser = Browser::new(server);
    let code = invite(server, tenant, email);
    let chosen = choose(&mut browser, tenant, email, &code);
    assert_eq!(chosen.status, 200, "{}", chosen.body);
    let entered = sign_in(&mut browser, tenant, email, PASSWORD);
    assert_eq!((entered.status, entered.location()), (303, "/admin"), "{}", entered.body);
    browser
}

pub(crate) fn invite(server: &Server, tenant: &str, email: &str) -> String {
    let scope: &[&str] = if tenant.is_empty() { &[] } else { &["--tenant", tenant] };
    server.command(&[&["admin", "invite", "--email", email], scope].concat())
}

pub(crate) fn choose(browser: &mut Browser, tenant: &str, email: &str, code: &str) -> Reply {
    let fields = [
        ("org", tenant),
        ("email", email),
        ("code", code),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
    ];
    browser.submit("/admin/start", "/admin/start", &fields)
}

pub(crate) fn sign_in(browser: &mut Browser, tenant: &str, email: &str, password: &str) -> Reply {
    let fields = [("org", tenant), ("email", email), ("password", password)];
    browser.submit("/admin/sign-in", "/admin/sign-in", &fields)
}

/// What is wrong with it, the token that it bears, and the headers.
type ForgedForm<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)]);

pub(crate) const PASSWORD: &str = "correct horse battery";

#[test]
fn an_invited_admin_chooses_a_password_signs_in_and_out() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let mut operator = admin(&server, "", "root@example.com");
    assert_eq!(operator.get("/admin").location(), "/admin/tenants");
    assert!(operator.get("/admin/tenants").body.contains("/admin/tenants/acme"));
    let mut admin = admin(&server, "acme", "it@example.com");
    assert_eq!(admin.get("/admin").location(), "/admin/tenants/acme");
    assert_eq!(admin.get("/admin/tenants/acme").status, 200);
    let left = admin.submit("/admin/tenants/acme", "/admin/sign-out", &[]);
    assert_eq!((left.status, left.location()), (303, "/admin/sign-in"));
    assert_eq!(admin.get("/admin/tenants/acme").location(), "/admin/sign-in");
    assert_eq!(operator.get("/admin/tenants").status, 200);
}

/// Of a page that needs a sign-in: whether the browser is sent to sign in instead.
fn is_out(browser: &mut Browser, path: &str) -> bool {
    let reply = browser.get(path);
    (reply.status, reply.location()) == (303, "/admin/sign-in")
}

#[test]
fn a_code_works_once_for_its_own_account_alone() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let code = invite(&server, "acme", "it@example.com");
    let other = invite(&server, "acme", "other@example.com");
    let mut browser = Browser::new(&server);
    let refused = "This code does not work";
    for (org, email, tried) in [
        ("acme", "it@example.com", "00000-00000-00000-00000"),
        ("acme", "it@example.com", ""),
        ("acme", "it@example.com", other.as_str()),
        ("acme", "nobody@example.com", code.as_str()),
        ("", "it@example.com", code.as_str()),
        ("globex", "it@example.com", code.as_str()),
        ("../x", "it@example.com", code.as_str()),
    ] {
        let reply = choose(&mut browser, org, email, tried);
        assert_eq!(reply.status, 422, "{org} {email} {tried}");
        assert!(reply.body.contains(refused), "all alike: {}", reply.body);
    }
    // As people type it.
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(choose(&mut browser, "acme", "IT@example.com", &typed).status, 200);
    assert!(choose(&mut browser, "acme", "it@example.com", &code).body.contains(refused), "used up");
    assert_eq!(sign_in(&mut browser, "acme", "it@example.com", PASSWORD).status, 303);
}

#[test]
fn a_newer_code_ends_the_older_one_and_an_account_in_use_is_not_invited_again() {
    let server = Server::start();
    let old = invite(&server, "", "root@example.com");
    let new = invite(&server, "", "root@example.com");
    let mut browser = Browser::new(&server);
    assert_eq!(choose(&mut browser, "", "root@example.com", &old).status, 422);
    assert_eq!(choose(&mut browser, "", "root@example.com", &new).status, 200);
    let again = server.try_command(&["admin", "invite", "--email", "root@example.com"]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"));
    let listed = server.command(&["admin", "list"]);
    assert!(listed.contains("root@example.com\tactive\tmembers,security,trust"), "{listed}");
    let nowhere = server.try_command(&["admin", "invite", "--email", "a@example.com", "--tenant", "nope"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no such tenant"));
}

#[test]
fn a_weak_password_is_refused_and_the_code_stays_good() {
    let server = Server::start();
    let code = invite(&server, "", "root@example.com");
    let mut browser = Browser::new(&server);
    for (password, again, said) in [
        ("short", "short", "at least 12"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "again and again"),
        (PASSWORD, "another password", "not the same"),
    ] {
        let fields = [
            ("org", ""),
            ("email", "root@example.com"),
            ("code", &code),
            ("password", password),
            ("password_again", again),
        ];
        let reply = browser.submit("/admin/start", "/admin/start", &fields);
        assert_eq!(reply.status, 422);
        assert!(reply.body.contains(said) && !reply.body.contains(password), "{}", reply.body);
    }
    assert_eq!(choose(&mut browser, "", "root@example.com", &code).status, 200);
}

#[test]
fn guessing_a_password_ends_at_a_limit_for_accounts_that_are_there_and_for_those_that_are_not() {
    for known in [true, false] {
        let server = Server::start();
        if known {
            drop(admin(&server, "", "root@example.com"));
        }
        let mut guesser = Browser::new(&server);
        for _ in 0..10 {
            let reply = sign_in(&mut guesser, "", "root@example.com", "a wrong password");
            assert_eq!(reply.status, 422, "{}", reply.body);
            assert!(reply.body.contains("do not belong together"));
            assert!(!reply.body.contains("a wrong password"));
        }
        let limited = sign_in(&mut guesser, "", "root@example.com", PASSWORD);
        assert_eq!(limited.status, 429, "known {known}: even the right one: {}", limited.body);
        assert!(limited.header("retry-after").is_some());
    }
}

#[test]
fn one_address_may_not_try_many_accounts() {
    let server = Server::start();
    let mut guesser = Browser::new(&server);
    // An organisation that is none costs no hash, so that all of them come within a moment.
    let statuses: Vec<u16> = (0..40)
        .map(|number| {
            sign_in(&mut guesser, "../x", &format!("a{number}@example.com"), "a wrong password").status
        })
        .collect();
    assert!(statuses.iter().take(20).all(|status| *status == 422), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn a_form_from_elsewhere_or_without_the_token_of_the_session_changes_nothing() {
    let server = Server::start();
    let mut root = admin(&server, "", "root@example.com");
    let mut other = admin(&server, "", "other@example.com");
    let token = |browser: &mut Browser| {
        let page = browser.get("/admin/tenants");
        hidden_fields(&page.body, "/admin/tenants").remove(0).1
    };
    let (mine, foreign) = (token(&mut root), token(&mut other));
    assert_ne!(mine, foreign);
    let here = server.url.clone();
    let own: &[(&str, &str)] = &[("origin", &here), ("sec-fetch-site", "same-origin")];
    let cases: [ForgedForm<'_>; 9] = [
        ("no token", None, own),
        ("empty token", Some(""), own),
        ("token of another session", Some(&foreign), own),
        ("token with another end", Some(mine.get(1..).unwrap()), own),
        ("no origin", Some(&mine), &[]),
        ("null origin", Some(&mine), &[("origin", "null")]),
        ("foreign origin", Some(&mine), &[("origin", "https://evil.example")]),
        ("origin that begins alike", Some(&mine), &[("origin", &format!("{here}.evil.example"))]),
        ("another site", Some(&mine), &[("origin", &here), ("sec-fetch-site", "cross-site")]),
    ];
    for (what, token, headers) in cases {
        let mut fields = vec![("id", "evil"), ("name", ""), ("profile", "standard")];
        fields.extend(token.map(|token| ("form_token", token)));
        let reply = root.post_from("/admin/tenants", &fields, headers);
        assert_eq!(reply.status, 403, "{what}: {}", reply.body);
        assert_eq!(server.command(&["tenant", "list"]), "", "{what}");
    }
    // The same form from where it belongs.
    let fields = [("id", "good"), ("name", ""), ("profile", "standard"), ("form_token", &mine)];
    assert_eq!(root.post_from("/admin/tenants", &fields, own).status, 303);
    // A sign-in is no exception: nobody is signed in to somebody else's account unawares.
    let fields = [("org", ""), ("email", "root@example.com"), ("password", PASSWORD)];
    assert_eq!(Browser::new(&server).post("/admin/sign-in", &fields).status, 403);
}

#[test]
fn a_sign_in_makes_a_new_session_and_ends_the_one_before() {
    let server = Server::start();
    let mut root = admin(&server, "", "root@example.com");
    let mut thief = Browser::new(&server);
    thief.client.steal_cookies(&root.client);
    assert_eq!(thief.get("/admin/tenants").status, 200);
    let again = sign_in(&mut root, "", "root@example.com", PASSWORD);
    let cookie = again.headers.iter().find(|(_, value)| value.starts_with("admin=")).unwrap().1.clone();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(is_out(&mut thief, "/admin/tenants"), "the session of before is over");
    assert_eq!(root.get("/admin/tenants").status, 200);
    // After signing out the cookie is worth nothing to whoever kept it.
    thief.client.steal_cookies(&root.client);
    root.submit("/admin/tenants", "/admin/sign-out", &[]);
    assert!(is_out(&mut thief, "/admin/tenants"));
}

#[test]
fn a_revoked_or_reset_admin_is_out_at_the_next_request() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    for tenant in ["", "acme"] {
        let scope: &[&str] = if tenant.is_empty() { &[] } else { &["--tenant", tenant] };
        let mut one = admin(&server, tenant, "one@example.com");
        server.command(&[&["admin", "revoke", "--email", "one@example.com"], scope].concat());
        assert!(is_out(&mut one, "/admin"), "{tenant:?}");
        assert_eq!(sign_in(&mut one, tenant, "one@example.com", PASSWORD).status, 422);
        let code = invite(&server, tenant, "one@example.com");
        assert_eq!(choose(&mut one, tenant, "one@example.com", &code).status, 200, "brought back");
        assert_eq!(sign_in(&mut one, tenant, "one@example.com", PASSWORD).status, 303);
        let code = server.command(&[&["admin", "reset", "--email", "one@example.com"], scope].concat());
        assert!(is_out(&mut one, "/admin"));
        assert_eq!(sign_in(&mut one, tenant, "one@example.com", PASSWORD).status, 422, "the old one is gone");
        assert_eq!(choose(&mut one, tenant, "one@example.com", &code).status, 200);
    }
}

// TEN-14
#[test]
fn whom_the_directory_switches_off_may_not_administer_either() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let id = create(&mut directory, "/scim/v2/Users", &user("it@example.com"));
    let mut it = admin(&server, "acme", "it@example.com");
    assert_eq!(it.get("/admin/tenants/acme").status, 200);
    let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
    directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&off)).unwrap();
    assert!(is_out(&mut it, "/admin/tenants/acme"));
    assert_eq!(sign_in(&mut it, "acme", "it@example.com", PASSWORD).status, 422);
}

#[test]
fn a_form_is_small_and_a_form() {
    let server = Server::start();
    let mut root = admin(&server, "", "root@example.com");
    let long = "x".repeat(70_000);
    let page = root.get("/admin/tenants");
    let reply = root.submit_shown(&page, "/admin/tenants", &[("id", &long), ("profile", "standard")]);
    assert_eq!(reply.status, 413);
    let origin = server.url.clone();
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        let headers = [("origin", origin.as_str()), ("content-type", kind)];
        let reply = root.client.send("POST", "/admin/tenants", &headers, b"id=a".to_vec()).unwrap();
        assert_eq!(reply.status, 415, "{kind}");
    }
    let twice = [("id", "a"), ("id", "b"), ("profile", "standard")];
    assert_eq!(root.submit("/admin/tenants", "/admin/tenants", &twice).status, 400);
    assert_eq!(server.command(&["tenant", "list"]), "");
}

#[test]
fn pages_are_kept_out_of_caches_and_frames_and_run_no_foreign_script() {
    let server = Server::start();
    let mut root = admin(&server, "", "root@example.com");
    for path in ["/admin/sign-in", "/admin/start", "/admin/tenants", "/admin/tenants/nope"] {
        let reply = root.get(path);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"), "{policy}");
        for part in ["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert!(reply.header("cache-control").unwrap().contains("no-store"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
        assert!(!reply.body.contains(" style=") && !reply.body.contains(" onclick="), "{path}");
    }
    let script = root.get("/assets/copy.js");
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
}
