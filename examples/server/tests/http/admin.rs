//! The administration pages: who gets in, who stays out.

use example_server::client::{Client, Reply};

use crate::common::Server;

/// A browser of an administrator.
pub(crate) struct Browser {
    pub(crate) client: Client,
    origin: String,
}

impl Browser {
    pub(crate) fn new(server: &Server) -> Self {
        Self { client: server.client(), origin: server.url.clone() }
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
