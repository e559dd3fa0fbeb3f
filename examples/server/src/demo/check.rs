//! The whole story, walked through by a client that knows nothing but addresses: a line for each step.

mod products;

use std::fmt::Display;

use serde_json::{Value, json};
use tenant_model::{EmailAddress, TenantId};
use tokio::runtime::Handle;

use super::tenants::{STANDARD, TOKEN_NAME, TOKTRA, Tokens};
use crate::app::{App, Shared};
use crate::cli::Which;
use crate::client::{Client, ClientError, Reply};
use crate::commands::{print, token};
use crate::config::PublicUrl;
use crate::store::people;

/// Walks through the story; says whether every step did what it should.
pub(super) fn walk(url: &PublicUrl, tokens: &Tokens, runtime: &Handle, app: &Shared) -> bool {
    let mut walk = Walk { url: url.as_str().to_owned(), failed: 0 };
    let done = walk.all(tokens, runtime, app);
    if let Err(error) = done {
        walk.step("the walk goes on to its end", false, &error);
    }
    let summary = if walk.failed == 0 { "every step did what it should" } else { "the demo does not work" };
    // When nobody reads the lines, the exit code still tells.
    let _ = print(summary);
    walk.failed == 0
}

/// Makes Alice as her company's directory would, or brings her back; gives the id of her SCIM user.
pub(super) fn provision_alice(directory: &mut Client) -> Result<String, ClientError> {
    let found = directory.get("/scim/v2/Users?filter=userName%20eq%20%22alice%40example.com%22")?.json();
    let known = found.pointer("/Resources/0/id").and_then(Value::as_str).map(str::to_owned);
    let reply = match known {
        Some(id) => directory.scim("PUT", &format!("/scim/v2/Users/{id}"), Some(&alice()))?,
        None => directory.scim("POST", "/scim/v2/Users", Some(&alice()))?,
    };
    Ok(reply.json().get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
}

struct Walk {
    url: String,
    failed: usize,
}

fn token_of<'a>(tokens: &'a Tokens, tenant: &str) -> &'a str {
    tokens.get(tenant).map(String::as_str).unwrap_or_default()
}

fn bob() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "bob@globex.example",
        "emails": [{ "value": "bob@globex.example", "type": "work", "primary": true }],
        "active": true,
    })
}

impl Walk {
    fn all(&mut self, tokens: &Tokens, runtime: &Handle, app: &App) -> Result<(), ClientError> {
        let mut directory = Client::new(&self.url).with_token(token_of(tokens, STANDARD));
        let health = Client::new(&self.url).get("/healthz")?;
        self.status("the server is healthy", &health, 200);
        let nobody = Client::new(&self.url).get("/v1/session")?;
        self.status("nobody is signed in at first", &nobody, 401);

        let user = provision_alice(&mut directory)?;
        self.step("the directory provisions Alice over SCIM", !user.is_empty(), &user);
        self.sso(&user, &mut directory, runtime, app)?;
        self.groups(&user, &mut directory)?;
        self.lockout(&user, &mut directory)?;
        self.toktra(token_of(tokens, TOKTRA))?;
        self.products(tokens, runtime, app)?;
        self.revocation(&mut directory, runtime, app)
    }

    /// Login from our side, one account, replay, tampering, other tenant.
    fn sso(
        &mut self,
        user: &str,
        directory: &mut Client,
        runtime: &Handle,
        app: &App,
    ) -> Result<(), ClientError> {
        let mut browser = Client::new(&self.url);
        let response = self.ask(&mut browser)?;
        let mut stolen = Client::new(&self.url);
        stolen.steal_cookies(&browser);
        let changed = change_one_character(&response.message);
        let reply = browser.post_form(&response.acs, &[("SAMLResponse", &changed)])?;
        self.status("a response with one character changed is refused", &reply, 403);
        let elsewhere = response.acs.replace(STANDARD, TOKTRA);
        let reply = browser.post_form(&elsewhere, &[("SAMLResponse", &response.message)])?;
        self.status("the same response at another tenant's address is refused", &reply, 403);

        let reply = response.post(&mut browser)?;
        self.status("Alice's response from the identity provider is accepted", &reply, 303);
        let session = browser.get("/v1/session")?;
        self.status("she has a session", &session, 200);
        let told = session.json();
        let is_alice = told.get("name_id") == Some(&json!("alice@example.com"))
            && told.get("tenant") == Some(&json!(STANDARD))
            && told.pointer("/attributes/firstName") == Some(&json!(["Alice"]));
        self.step("it shows tenant, name id and attributes", is_alice, &session.body);
        let directory_name = told.get("display_name") == Some(&json!("Alice of the directory"));
        self.step(
            "login and SCIM user are one account: it has the directory's name",
            directory_name,
            &session.body,
        );
        let accounts = runtime.block_on(accounts_of_alice(app));
        self.step("there is one account with her address", accounts == Some(1), &format!("{accounts:?}"));
        let people = browser.get("/demo/people")?.body;
        // Bob is there already if the walk was taken on this database before.
        let other = people.contains("Nobody yet") != people.contains("bob@globex.example");
        let shown = other && people.contains("Alice of the directory");
        self.step("the page of people shows her, and who the other tenant has, if anybody", shown, &people);
        let seen = directory.get(&format!("/scim/v2/Users/{user}"))?;
        self.status("the directory reads the same user", &seen, 200);

        let reply = response.post(&mut stolen)?;
        self.status("the same response a second time is refused", &reply, 403);
        let left = browser.get("/v1/sso/logout?org_id=acme")?;
        self.status("signing out sends her to the identity provider", &left, 302);
        let back = browser.get(left.location())?;
        self.status("which signs her out too and sends her back", &back, 302);
        let last = browser.get(back.location())?;
        self.status("we take its answer", &last, 200);
        let session = browser.get("/v1/session")?;
        self.status("and the session is gone", &session, 401);
        Ok(())
    }

    fn groups(&mut self, user: &str, directory: &mut Client) -> Result<(), ClientError> {
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Researchers",
            "members": [{ "value": user }],
        });
        let made = directory.scim("POST", "/scim/v2/Groups", Some(&group))?;
        self.status("the directory makes a group with Alice in it", &made, 201);
        let id = made.json().get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let seen = directory.get(&format!("/scim/v2/Users/{user}?attributes=groups"))?.json();
        let is_member = seen.pointer("/groups/0/value") == Some(&json!(id));
        self.step("her user shows the group", is_member, &seen);
        let query =
            format!("/scim/v2/Groups?excludedAttributes=members&filter=members.value%20eq%20%22{user}%22");
        let found = directory.get(&query)?.json();
        self.step("a filter finds it by its member", found.get("totalResults") == Some(&json!(1)), &found);
        let gone = directory.scim("DELETE", &format!("/scim/v2/Groups/{id}"), None)?;
        self.status("and the directory deletes it", &gone, 204);
        Ok(())
    }

    /// Deactivation ends the session and keeps the person out; reactivation lets her in.
    fn lockout(&mut self, user: &str, directory: &mut Client) -> Result<(), ClientError> {
        let mut browser = Client::new(&self.url);
        let response = self.ask(&mut browser)?;
        let reply = response.post(&mut browser)?;
        self.status("Alice signs in again", &reply, 303);
        let path = format!("/scim/v2/Users/{user}");
        // As Entra writes it: the tolerant profile understands.
        let off = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "Replace", "path": "active", "value": "False" }],
        });
        let reply = directory.scim("PATCH", &path, Some(&off))?;
        self.status("the directory deactivates her", &reply, 200);
        let session = browser.get("/v1/session")?;
        self.status("her session ends at its next request", &session, 401);
        let response = self.ask(&mut browser)?;
        let reply = response.post(&mut browser)?;
        self.status("a new login is refused, though the response is good", &reply, 403);
        let on = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "value": { "active": true } }],
        });
        let reply = directory.scim("PATCH", &path, Some(&on))?;
        self.status("the directory reactivates her", &reply, 200);
        let session = browser.get("/v1/session")?;
        self.status("the old session stays dead", &session, 401);
        let response = self.ask(&mut browser)?;
        let reply = response.post(&mut browser)?;
        self.status("and she can sign in again", &reply, 303);
        Ok(())
    }

    /// The other product: JSON answer, login begun by the provider, groups that are made and read only.
    fn toktra(&mut self, token: &str) -> Result<(), ClientError> {
        let mut browser = Client::new(&self.url);
        let begun = browser.get_json(&format!("/v1/sso/login?org_id={TOKTRA}&relay_state=/reports"))?;
        let url = begun.json().get("redirect_url").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.step("toktra: login answers with a redirect_url", url.contains("SAMLRequest="), &begun.body);
        let mut directory = Client::new(&self.url).with_token(token);
        let made = directory.scim("POST", "/v1/scim/v2/Users", Some(&bob()))?;
        let there = matches!(made.status, 201 | 409);
        self.step("toktra: its directory provisions Bob", there, &made.body);
        let form = [("org_id", TOKTRA), ("person", "bob")];
        let response = Posted::read(&browser.post_form("/demo/idp/start", &form)?);
        let reply = response.post(&mut browser)?;
        let home = reply.status == 303 && reply.location() == "/";
        self.step("toktra: a login that the provider begins leads to /", home, &reply.body);
        let session = browser.get("/v1/session")?;
        self.status("toktra: Bob has a session", &session, 200);
        let reply = directory.get("/v1/scim/v2/Users")?.json();
        let none_of_acme = !reply.to_string().contains("alice@example.com");
        self.step("toktra: its directory sees nothing of the other tenant", none_of_acme, &reply);
        let reply = directory.scim("DELETE", "/v1/scim/v2/Groups/x", None)?;
        self.status("toktra: groups cannot be deleted", &reply, 405);
        Ok(())
    }

    fn revocation(&mut self, directory: &mut Client, runtime: &Handle, app: &App) -> Result<(), ClientError> {
        let which = Which { token: None, id: None, name: Some(TOKEN_NAME.to_owned()), all: false };
        let revoked = runtime.block_on(token::revoke(&app.base, STANDARD, &which));
        self.step("the operator revokes the token", revoked.is_ok(), &format!("{revoked:?}"));
        let reply = directory.get("/scim/v2/Users")?;
        self.status("and the next request with it is refused", &reply, 401);
        Ok(())
    }

    /// Begins a login as a browser does and answers it as Alice; the response is not posted yet.
    fn ask(&mut self, browser: &mut Client) -> Result<Posted, ClientError> {
        let accept = [("accept", "text/html")];
        let begun = browser.send(
            "GET",
            &format!("/v1/sso/login?org_id={STANDARD}&relay_state=/"),
            &accept,
            Vec::new(),
        )?;
        self.status("a login begins with a redirect to the identity provider", &begun, 302);
        let page = browser.get(begun.location())?;
        let query = begun.location().split_once('?').map_or("", |(_, query)| query);
        self.step("which asks who it is", page.body.contains("Sign in as Alice"), &page.body);
        let form = [("how", "query"), ("request", query), ("person", "alice")];
        Ok(Posted::read(&browser.post_form("/demo/idp/sign-in", &form)?))
    }

    fn status(&mut self, what: &str, reply: &Reply, expected: u16) {
        let detail = format!("expected {expected}, found {}: {}", reply.status, reply.body);
        self.step(what, reply.status == expected, &detail);
    }

    fn step(&mut self, what: &str, passed: bool, detail: &dyn Display) {
        let line = if passed { format!("ok      {what}") } else { format!("FAILED  {what}: {detail}") };
        // When nobody reads the lines, the exit code still tells.
        let _ = print(&line);
        if !passed {
            self.failed = self.failed.saturating_add(1);
        }
    }
}

/// A page whose form posts itself, read as a browser reads it.
struct Posted {
    acs: String,
    message: String,
    relay_state: Option<String>,
}

impl Posted {
    fn read(page: &Reply) -> Self {
        let after = |from: &str, marker: &str| {
            from.split_once(marker)
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(value, _)| unescape(value))
        };
        Self {
            acs: after(&page.body, "action=\"").unwrap_or_default(),
            message: after(&page.body, "name=\"SAMLResponse\" value=\"").unwrap_or_default(),
            relay_state: after(&page.body, "name=\"RelayState\" value=\""),
        }
    }

    fn post(&self, browser: &mut Client) -> Result<Reply, ClientError> {
        let mut fields = vec![("SAMLResponse", self.message.as_str())];
        fields.extend(self.relay_state.as_deref().map(|state| ("RelayState", state)));
        browser.post_form(&self.acs, &fields)
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// Another letter in the middle of the message, which is inside the signed part.
fn change_one_character(message: &str) -> String {
    let middle = message.len().saturating_div(2);
    message
        .char_indices()
        .map(|(at, letter)| match (at == middle, letter) {
            (true, 'A') => 'B',
            (true, _) => 'A',
            (false, letter) => letter,
        })
        .collect()
}

async fn accounts_of_alice(app: &App) -> Option<usize> {
    let tenant = TenantId::parse(STANDARD).ok()?;
    let email = EmailAddress::parse("alice@example.com").ok()?;
    let mut db = app.base.store.read().await.ok()?;
    people::by_email(&mut db, &tenant, &email).await.ok().map(|people| people.len())
}

fn alice() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "alice@example.com",
        "externalId": "00u-alice",
        "displayName": "Alice of the directory",
        "name": { "givenName": "Alice", "familyName": "Example" },
        "emails": [{ "value": "alice@example.com", "type": "work", "primary": true }],
        "active": true,
    })
}
