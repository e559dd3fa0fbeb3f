//! What the stories share: a tenant of a product, its identity provider, its directory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::allow_attributes,
    reason = "a test that cannot go on must fail"
)]

use chrono::TimeDelta;
use example_server::app::Base;
use example_server::client::{Client, Reply};
use example_server::clock;
use example_server::profiles::Profiles;
use saml_sp::Inbound;
use saml_sp::testing::{LoginAnswer, TestAttribute, TestIdp, TestNameId, TestRequest};
use serde_json::{Value, json};
use tenant_model::{ConnectionId, SamlAddresses, TenantId};

use crate::common::{Server, expect, user};

/// A tenant of a product on a running server.
pub(crate) struct Tenant<'a> {
    pub(crate) server: &'a Server,
    pub(crate) id: &'static str,
    product: String,
    folder: Option<String>,
}

impl<'a> Tenant<'a> {
    /// A new tenant of a product that comes with the server; `example.com` is the domain of the one called acme, since
    /// a domain belongs to one tenant at most (TEN-08).
    pub(crate) fn of(server: &'a Server, product: &str, id: &'static str) -> Self {
        Self::made(server, product, id, None)
    }

    /// A new tenant of a product of a folder.
    pub(crate) fn made(server: &'a Server, product: &str, id: &'static str, folder: Option<String>) -> Self {
        let tenant = Self { server, id, product: product.to_owned(), folder };
        tenant.command(&["tenant", "create", "--id", id, "--profile", product]);
        if id == "acme" {
            tenant.command(&["domain", "add", "--tenant", id, "--domain", "example.com"]);
        }
        tenant
    }

    /// Runs a command; its standard output.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let folder = self.folder.as_deref().map(|folder| ["--profiles", folder]);
        let all: Vec<&str> = arguments.iter().copied().chain(folder.into_iter().flatten()).collect();
        self.server.command(&all)
    }

    /// The same for a command that must be refused; what it says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let done = self.server.try_command(arguments);
        assert!(!done.status.success(), "{arguments:?} was done");
        String::from_utf8(done.stderr).unwrap()
    }

    /// A client of its directory, with a fresh token.
    pub(crate) fn directory(&self, more: &[&str]) -> Client {
        self.server.client().with_token(&self.token(more))
    }

    /// A fresh token.
    pub(crate) fn token(&self, more: &[&str]) -> String {
        let arguments: Vec<&str> =
            ["token", "issue", "--tenant", self.id].iter().chain(more).copied().collect();
        self.command(&arguments)
    }

    /// Our addresses for a login connection.
    pub(crate) fn addresses(&self, connection: &str) -> SamlAddresses {
        let profiles = Profiles::load(self.folder.as_deref().map(std::path::Path::new)).unwrap();
        let saml = profiles.get(&self.product).unwrap().saml.clone().unwrap();
        let (tenant, connection) =
            (TenantId::parse(self.id).unwrap(), ConnectionId::parse(connection).unwrap());
        saml.addresses(&self.server.url, &tenant, &connection)
    }

    /// Says that a login connection trusts an identity provider.
    pub(crate) fn trusts(&self, provider: &Provider, connection: &str) {
        let file = self.server.folder.path().join(format!("{}-{connection}.xml", self.id));
        std::fs::write(&file, provider.metadata()).unwrap();
        let file = file.to_str().unwrap();
        let at = ["tenant", "configure-idp", "--id", self.id, "--metadata", file, "--connection", connection];
        self.command(&at);
    }

    /// What the database holds, read by the server's own code.
    pub(crate) fn in_store<T>(&self, work: impl AsyncFnOnce(&Base) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = self.server.folder.database().parse().unwrap();
            let folder = self.folder.as_deref().map(std::path::Path::new);
            let base = Base::open_at(&database, self.server.folder.key_file(), folder).await.unwrap();
            let out = work(&base).await;
            base.store.close().await;
            out
        })
    }
}

/// An identity provider.
pub(crate) struct Provider {
    pub(crate) idp: TestIdp,
}

impl Provider {
    pub(crate) fn new(url: &str) -> Self {
        Self { idp: TestIdp::well_known(url).unwrap() }
    }

    pub(crate) fn metadata(&self) -> String {
        self.idp.metadata(clock::now() + TimeDelta::days(90)).unwrap()
    }

    /// Begins a login as a browser does; gives the request that arrives here.
    pub(crate) fn asked(&self, browser: &mut Client, ours: &SamlAddresses, path: &str) -> TestRequest {
        let mark = if ours.login.contains('?') { '&' } else { '?' };
        let url = format!("{}{mark}relay_state={path}", ours.login);
        let begun = browser.send("GET", &url, &[("accept", "text/html")], Vec::new()).unwrap();
        assert_eq!(begun.status, 302, "{}", begun.body);
        let (to, query) = begun.location().split_once('?').unwrap();
        assert_eq!(to, self.idp.sign_on_url());
        self.idp.read(&Inbound::RawQuery(query)).unwrap()
    }

    /// A good answer to a request.
    pub(crate) fn answer(
        &self,
        request: &TestRequest,
        name: &str,
        attributes: &[(&str, &str)],
    ) -> LoginAnswer {
        let mut answer = request.answer(&fresh_id(), "", clock::now());
        says(&mut answer, name, attributes);
        answer
    }

    /// A good answer that nobody asked for.
    pub(crate) fn unasked(
        &self,
        ours: &SamlAddresses,
        name: &str,
        attributes: &[(&str, &str)],
    ) -> LoginAnswer {
        let mut answer = LoginAnswer::new(&fresh_id(), &ours.entity_id, &ours.acs, clock::now());
        says(&mut answer, name, attributes);
        answer
    }

    /// Delivers an answer where it says.
    pub(crate) fn deliver(&self, browser: &mut Client, answer: &LoginAnswer) -> Reply {
        self.deliver_to(browser, answer, answer.destination.as_deref().unwrap())
    }

    /// Delivers an answer somewhere.
    pub(crate) fn deliver_to(&self, browser: &mut Client, answer: &LoginAnswer, to: &str) -> Reply {
        let body = self.idp.respond(answer).unwrap().form_body(None);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
        browser.send("POST", to, &headers, body).unwrap()
    }

    /// A whole login from our side.
    pub(crate) fn sign_in(
        &self,
        browser: &mut Client,
        ours: &SamlAddresses,
        name: &str,
        attributes: &[(&str, &str)],
    ) -> Reply {
        let request = self.asked(browser, ours, "/home");
        self.deliver(browser, &self.answer(&request, name, attributes))
    }
}

fn says(answer: &mut LoginAnswer, name: &str, attributes: &[(&str, &str)]) {
    answer.name_id = TestNameId::email(name);
    answer.attributes = attributes.iter().map(|(name, value)| TestAttribute::new(name, &[value])).collect();
}

/// The code of a refusal.
pub(crate) fn code(reply: &Reply) -> String {
    reply.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Who is signed in.
pub(crate) fn session(browser: &mut Client) -> Value {
    expect(&browser.get("/v1/session").unwrap(), 200)
}

/// Checks that nobody is signed in.
pub(crate) fn nobody(browser: &mut Client) {
    expect(&browser.get("/v1/session").unwrap(), 401);
}

/// A user with an id of the directory's own.
pub(crate) fn user_of_okta(name: &str, id: &str) -> Value {
    let mut user = user(name);
    user["externalId"] = json!(id);
    user
}

/// What a PATCH that switches a user off says.
pub(crate) fn off() -> Value {
    crate::common::patch(&json!([{ "op": "replace", "value": { "active": false } }]))
}

/// The part of a token that is no secret.
pub(crate) fn token_id(token: &str) -> String {
    // prefix_tenant.random_secret_check
    token.split('_').find(|part| part.contains('.')).unwrap().to_owned()
}

pub(crate) fn fresh_id() -> String {
    example_server::random::uuid().unwrap().simple().to_string()
}

/// Asks again and again, for some seconds at most, until it is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = clock::now() + TimeDelta::seconds(20);
    while !is_so() {
        assert!(clock::now() < end, "{what} did not come true");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
