//! What a directory does, product by product: the requests that Okta and the like send.

use serde_json::{Value, json};

use crate::demo::tenants::DemoTenant;

/// One request, with what it is for.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// For the one who watches.
    pub(super) what: String,
    pub(super) method: &'static str,
    /// Below the SCIM base; `{name}` stands for the id of who was made under that name.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    /// Under which name the id in the answer is remembered.
    pub(super) keeps: Option<&'static str>,
}

impl Step {
    fn new(what: impl Into<String>, method: &'static str, path: &str, body: Option<Value>) -> Self {
        Self { what: what.into(), method, path: path.to_owned(), body, keeps: None }
    }

    fn keep(mut self, name: &'static str) -> Self {
        self.keeps = Some(name);
        self
    }

    /// How to find what is there already.
    pub(super) fn look_up(&self) -> Option<Self> {
        let body = self.body.as_ref()?;
        let (attribute, value) = ["userName", "displayName"]
            .into_iter()
            .find_map(|name| Some((name, body.get(name)?.as_str()?)))
            .filter(|_| self.method == "POST")?;
        let filter: String =
            form_urlencoded::byte_serialize(format!("{attribute} eq \"{value}\"").as_bytes())
                .collect::<String>()
                .replace('+', "%20");
        let path = format!("{}?filter={filter}", self.path);
        Some(Self::new("It is there already: the directory looks it up", "GET", &path, None))
    }
}

/// The steps for a tenant, in their order.
pub(super) fn script(tenant: &DemoTenant) -> Vec<Step> {
    let mut steps = vec![
        Step::new("The directory asks what the service offers", "GET", "/ServiceProviderConfig", None),
        Step::new("It asks whether Alice is known", "GET", &lookup(tenant, "alice"), None),
        Step::new("It provisions Alice", "POST", "/Users", Some(user(tenant, "alice", "Alice")))
            .keep("alice"),
        Step::new("It provisions Bob", "POST", "/Users", Some(user(tenant, "bob", "Bob"))).keep("bob"),
    ];
    steps.extend(special(tenant));
    steps.extend([
        Step::new(
            "Alice has a new title",
            "PATCH",
            "/Users/{alice}",
            Some(patch(&json!([{ "op": "add", "path": "title", "value": "Head of Research" }]))),
        ),
        Step::new(
            "Bob leaves the company: whatever session he has ends at its next request",
            "PATCH",
            "/Users/{bob}",
            Some(active(false)),
        ),
        Step::new(
            "Bob comes back: he may sign in again, and his old sessions stay dead",
            "PATCH",
            "/Users/{bob}",
            Some(active(true)),
        ),
        Step::new("The directory lists everybody", "GET", "/Users?count=100", None),
    ]);
    steps
}

/// What makes the product different.
fn special(tenant: &DemoTenant) -> Vec<Step> {
    match tenant.product {
        "standard" => vec![
            Step::new(
                "It makes the group Research with Alice",
                "POST",
                "/Groups",
                Some(group("Research", &["{alice}"])),
            )
            .keep("research"),
            Step::new(
                "It makes the group Sales with Bob",
                "POST",
                "/Groups",
                Some(group("Sales", &["{bob}"])),
            )
            .keep("sales"),
            Step::new(
                "Alice moves: out of Research …",
                "PATCH",
                "/Groups/{research}",
                Some(patch(&json!([{ "op": "remove", "path": "members[value eq \"{alice}\"]" }]))),
            ),
            Step::new("… and into Sales", "PATCH", "/Groups/{sales}", Some(join("{alice}"))),
        ],
        "toktra" => vec![
            Step::new(
                "It makes the group Research with Alice: with Toktra a group is a department",
                "POST",
                "/Groups",
                Some(group("Research", &["{alice}"])),
            )
            .keep("research"),
            Step::new(
                "It tries to move Bob into it: Toktra takes groups as they were made, and says so",
                "PATCH",
                "/Groups/{research}",
                Some(join("{bob}")),
            ),
        ],
        "toplyne" => vec![
            Step::new("It looks for groups: Toplyne has users only, and says so", "GET", "/Groups", None),
            Step::new(
                "It syncs Bob's password: accepted, never returned",
                "PATCH",
                "/Users/{bob}",
                Some(patch(&json!([{ "op": "replace", "path": "password", "value": "a demo password" }]))),
            ),
        ],
        "tonkean" => vec![
            Step::new(
                "It reads the schema of Tonkean's own attribute",
                "GET",
                "/Schemas/urn:scim:tonkean",
                None,
            ),
            Step::new(
                "Alice becomes a Process Contributor, by that attribute",
                "PATCH",
                "/Users/{alice}",
                Some(roles(&["PROCESS_CONTRIBUTOR"])),
            ),
            Step::new(
                "A role that Tonkean does not have is refused, and nothing changes",
                "PATCH",
                "/Users/{alice}",
                Some(roles(&["KING"])),
            ),
            Step::new(
                "It makes the group Research with Alice",
                "POST",
                "/Groups",
                Some(group("Research", &["{alice}"])),
            )
            .keep("research"),
            Step::new("Bob joins it", "PATCH", "/Groups/{research}", Some(join("{bob}"))),
        ],
        _ => vec![
            Step::new(
                "Alice becomes an Admin: with Torii the user type is the role",
                "PATCH",
                "/Users/{alice}",
                Some(patch(&json!([{ "op": "replace", "path": "userType", "value": "Admin" }]))),
            ),
            Step::new(
                "A user type that is no role is refused, and nothing changes",
                "PATCH",
                "/Users/{alice}",
                Some(patch(&json!([{ "op": "replace", "path": "userType", "value": "King" }]))),
            ),
            Step::new(
                "It tries to rename Bob: Torii's user names never change",
                "PATCH",
                "/Users/{bob}",
                Some(patch(&json!([
                    { "op": "replace", "path": "userName", "value": tenant.email("robert") },
                ]))),
            ),
            Step::new(
                "It tries to delete Bob: Torii deactivates people, and deletes nobody",
                "DELETE",
                "/Users/{bob}",
                None,
            ),
        ],
    }
}

/// Someone as Okta sends them.
pub(crate) fn user(tenant: &DemoTenant, name: &str, given: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": tenant.email(name),
        "externalId": format!("00u-{name}"),
        "displayName": format!("{given} of the directory"),
        "name": { "givenName": given, "familyName": "Example" },
        "emails": [{ "value": tenant.email(name), "type": "work", "primary": true }],
        "active": true,
    })
}

/// The path that finds someone by the user name.
pub(crate) fn lookup(tenant: &DemoTenant, name: &str) -> String {
    format!("/Users?filter=userName%20eq%20%22{}%22", tenant.email(name).replace('@', "%40"))
}

/// A PATCH of these operations.
pub(crate) fn patch(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// A PATCH that switches someone on or off.
pub(crate) fn active(value: bool) -> Value {
    patch(&json!([{ "op": "replace", "path": "active", "value": value }]))
}

/// A group with members.
pub(crate) fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
        "members": members,
    })
}

/// A PATCH of Tonkean's own attribute.
pub(crate) fn roles(values: &[&str]) -> Value {
    patch(&json!([{ "op": "add", "path": "urn:scim:tonkean:tonkeanRoles", "value": values }]))
}

fn join(id: &str) -> Value {
    patch(&json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]))
}
