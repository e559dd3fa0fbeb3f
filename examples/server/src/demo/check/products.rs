//! The four products, each from provisioning to the end of a session, with what makes it different.

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Posted, Walk, token_of};
use crate::app::App;
use crate::client::{Client, ClientError, Reply};
use crate::config::PublicUrl;
use crate::demo::directory::script::{active, group, lookup, patch, roles, user};
use crate::demo::tenants::{DemoTenant, Tokens, issue};

impl Walk {
    /// All four, one after the other.
    pub(super) fn products(
        &mut self,
        tokens: &Tokens,
        runtime: &Handle,
        app: &App,
    ) -> Result<(), ClientError> {
        for product in ["toktra", "toplyne", "tonkean", "torii"] {
            let Some(tenant) = DemoTenant::of_product(product) else { continue };
            let directory = Directory {
                url: self.url.clone(),
                base: tenant.scim(&app.base).unwrap_or_default(),
                authorization: tenant.authorization(token_of(tokens, tenant.id)),
                tenant,
            };
            self.product(&directory, runtime, app)?;
        }
        Ok(())
    }

    fn product(&mut self, directory: &Directory, runtime: &Handle, app: &App) -> Result<(), ClientError> {
        let product = directory.tenant.product;
        let id = directory.provision()?;
        self.step(&format!("{product}: the directory provisions Carol"), !id.is_empty(), &id);
        let path = format!("/Users/{id}");
        self.rule(directory, &id)?;

        let mut browser = Client::new(&self.url);
        let reply = self.sign_in(&mut browser, directory, app)?;
        self.status(&format!("{product}: Carol signs in through the identity provider"), &reply, 303);
        let session = browser.get("/v1/session")?.json();
        let hers = session.get("email") == Some(&json!(directory.tenant.email("carol")))
            && session.get("tenant") == Some(&json!(directory.tenant.id));
        self.step(&format!("{product}: into the account that the directory made"), hers, &session);
        let (what, follows) = match product {
            "toktra" => ("her group is her department", session.get("department") == Some(&json!("Finance"))),
            "tonkean" => ("her roles are those of tonkeanRoles", has_role(&session, "PROCESS_CONTRIBUTOR")),
            "torii" => ("her role is her user type", has_role(&session, "Admin")),
            _ => ("she has no role, as the product has none", session.get("roles") == Some(&json!([]))),
        };
        self.step(&format!("{product}: {what}"), follows, &session);
        self.special(directory, &id, runtime, app)?;

        let reply = directory.send("PATCH", &path, Some(&active(false)))?;
        self.step(&format!("{product}: the directory deactivates her"), reply.status < 300, &reply.body);
        let session = browser.get("/v1/session")?;
        self.status(&format!("{product}: her session ends at its next request"), &session, 401);
        let reply = self.sign_in(&mut browser, directory, app)?;
        self.status(&format!("{product}: a new login is refused"), &reply, 403);
        Ok(())
    }

    /// What a role or a department follows from.
    fn rule(&mut self, directory: &Directory, id: &str) -> Result<(), ClientError> {
        let (what, reply) = match directory.tenant.product {
            "toktra" => {
                let finance = group("Finance", &[id]);
                (
                    "toktra: the directory makes the group Finance with her",
                    directory.send("POST", "/Groups", Some(&finance))?,
                )
            }
            "tonkean" => {
                let reply = directory.send(
                    "PATCH",
                    &format!("/Users/{id}"),
                    Some(&roles(&["PROCESS_CONTRIBUTOR"])),
                )?;
                ("tonkean: the directory makes her a Process Contributor", reply)
            }
            "torii" => {
                let admin = patch(&json!([{ "op": "replace", "path": "userType", "value": "Admin" }]));
                (
                    "torii: the directory makes her an Admin",
                    directory.send("PATCH", &format!("/Users/{id}"), Some(&admin))?,
                )
            }
            _ => return Ok(()),
        };
        // The group is there already if the walk was taken on this database before.
        self.step(what, reply.status < 300 || reply.status == 409, &reply.body);
        Ok(())
    }

    /// The line of its guide that no other product has.
    fn special(
        &mut self,
        directory: &Directory,
        id: &str,
        runtime: &Handle,
        app: &App,
    ) -> Result<(), ClientError> {
        let path = format!("/Users/{id}");
        match directory.tenant.product {
            "toktra" => {
                let reply = directory.send("PATCH", "/Groups/x", Some(&patch(&json!([]))))?;
                self.status("toktra: groups are created and read, nothing else", &reply, 405);
            }
            "toplyne" => {
                let reply = directory.send("GET", "/Groups", None)?;
                let said =
                    matches!(reply.status, 404 | 501) && reply.body.contains("scim:api:messages:2.0:Error");
                self.step(
                    "toplyne: there are no groups, and that is said with a SCIM error",
                    said,
                    &reply.body,
                );
                let password =
                    patch(&json!([{ "op": "replace", "path": "password", "value": "white rabbit 42" }]));
                let reply = directory.send("PATCH", &path, Some(&password))?;
                let silent = reply.status < 300 && !reply.body.contains("white rabbit");
                self.step("toplyne: a password is accepted and never returned", silent, &reply.body);
                let mut stranger = Client::new(&self.url);
                let posted = self.ask_at(&mut stranger, directory, app, "bob")?;
                let reply = posted.post(&mut stranger)?;
                self.status("toplyne: who is not provisioned cannot sign in", &reply, 403);
            }
            "tonkean" => {
                let bare = directory.authorization.replace("token ", "Bearer ");
                let reply = directory.send_as(&bare, "GET", &path, None)?;
                self.status("tonkean: another word than `token` before the secret is refused", &reply, 401);
                let reply = directory.send("PATCH", &path, Some(&roles(&["KING"])))?;
                self.status("tonkean: a role that is none is refused", &reply, 400);
            }
            _ => {
                let name =
                    json!([{ "op": "replace", "path": "userName", "value": directory.tenant.email("c") }]);
                let reply = directory.send("PATCH", &path, Some(&patch(&name)))?;
                let said = reply.json().get("scimType") == Some(&json!("mutability"));
                self.step("torii: a user name never changes", reply.status == 400 && said, &reply.body);
                let reply = directory.send("DELETE", &path, None)?;
                self.status("torii: nobody is deleted", &reply, 405);
                let second = runtime.block_on(issue(&app.base, directory.tenant));
                let second = second.map(|token| directory.tenant.authorization(&token)).unwrap_or_default();
                for (which, key) in [("old", &directory.authorization), ("new", &second)] {
                    let reply = directory.send_as(key, "GET", &path, None)?;
                    self.status(
                        &format!("torii: several keys work at once, the {which} one too"),
                        &reply,
                        200,
                    );
                }
            }
        }
        Ok(())
    }

    fn sign_in(
        &mut self,
        browser: &mut Client,
        directory: &Directory,
        app: &App,
    ) -> Result<Reply, ClientError> {
        self.ask_at(browser, directory, app, "carol")?.post(browser)
    }

    /// Begins a login as a browser does and answers it; the response is not posted yet.
    fn ask_at(
        &mut self,
        browser: &mut Client,
        directory: &Directory,
        app: &App,
        person: &str,
    ) -> Result<Posted, ClientError> {
        let url: Option<PublicUrl> = self.url.parse().ok();
        let login = url.map(|url| directory.tenant.login(&app.base, &url)).unwrap_or_default();
        let begun = browser.send("GET", &login, &[("accept", "text/html")], Vec::new())?;
        let query = begun.location().split_once('?').map_or("", |(_, query)| query).to_owned();
        let form = [("how", "query"), ("request", query.as_str()), ("person", person)];
        Ok(Posted::read(&browser.post_form("/demo/idp/sign-in", &form)?))
    }
}

/// A product's directory, as a client of its tenant.
struct Directory {
    tenant: &'static DemoTenant,
    url: String,
    base: String,
    authorization: String,
}

impl Directory {
    /// Makes Carol, or brings her back; gives the id of her SCIM user.
    fn provision(&self) -> Result<String, ClientError> {
        let known = self.send("GET", &lookup(self.tenant, "carol"), None)?.json();
        let reply = match known.pointer("/Resources/0/id").and_then(Value::as_str) {
            Some(id) => self.send("PATCH", &format!("/Users/{id}"), Some(&active(true)))?,
            None => self.send("POST", "/Users", Some(&user(self.tenant, "carol", "Carol")))?,
        };
        Ok(reply.json().get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, ClientError> {
        self.send_as(&self.authorization, method, path, body)
    }

    fn send_as(
        &self,
        authorization: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, ClientError> {
        let headers = [("authorization", authorization), ("content-type", "application/scim+json")];
        let body = body.map(Value::to_string).unwrap_or_default().into_bytes();
        Client::new(&self.url).send(method, &format!("{}{path}", self.base), &headers, body)
    }
}

fn has_role(session: &Value, role: &str) -> bool {
    session.get("roles").and_then(Value::as_array).is_some_and(|roles| roles.contains(&json!(role)))
}
