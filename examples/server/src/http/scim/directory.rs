//! A SCIM user in the plain values that `tenant-model` decides by.

use std::collections::BTreeSet;

use scim_schema::{Resource, ResourceType};
use serde_json::{Map, Value};
use tenant_model::{AttributeBag, ConnectionId, DirectoryPerson, DirectoryState, EmailAddress};

/// The user, without its groups, which are in another table.
pub(crate) fn person(kind: &ResourceType, resource: &Resource, connection: &ConnectionId) -> DirectoryPerson {
    let fields = resource.as_map();
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let active = fields.get("active").and_then(Value::as_bool).unwrap_or(true);
    DirectoryPerson {
        connection: connection.clone(),
        external_id: text("externalId"),
        user_name: text("userName").unwrap_or_default(),
        primary_email: primary_email(fields),
        display_name: text("displayName").or_else(|| full_name(fields)),
        state: if active { DirectoryState::Active } else { DirectoryState::Inactive },
        groups: BTreeSet::new(),
        attributes: AttributeBag::new(None, attributes(kind, fields)),
    }
}

/// The primary address, else the only one.
fn primary_email(fields: &Map<String, Value>) -> Option<EmailAddress> {
    let emails = fields.get("emails").and_then(Value::as_array)?;
    let primary = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
    let only = if let [only] = emails.as_slice() { Some(only) } else { None };
    let value = primary.or(only)?.get("value").and_then(Value::as_str)?;
    EmailAddress::parse(value).ok()
}

fn full_name(fields: &Map<String, Value>) -> Option<String> {
    let name = fields.get("name")?.as_object()?;
    let part = |part: &str| name.get(part).and_then(Value::as_str);
    match (part("formatted"), part("givenName"), part("familyName")) {
        (Some(whole), _, _) => Some(whole.to_owned()),
        (None, Some(given), Some(family)) => Some(format!("{given} {family}")),
        (None, one, other) => one.or(other).map(str::to_owned),
    }
}

/// Every simple value under its path; of a multi-valued attribute the `value`s, also under its bare name.
fn attributes(kind: &ResourceType, fields: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let mut out = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| !COMPUTED.contains(&name.as_str())) {
        match value.as_object().filter(|_| kind.extension(name).is_some()) {
            Some(extension) => {
                for (inner, value) in extension {
                    collect(&format!("{name}:{inner}"), value, &mut out);
                }
            }
            None => collect(name, value, &mut out),
        }
    }
    out
}

fn collect(path: &str, value: &Value, out: &mut Vec<(String, Vec<String>)>) {
    match value {
        Value::Object(parts) => {
            for (name, value) in parts {
                out.extend(simple(value).map(|text| (format!("{path}.{name}"), vec![text])));
            }
        }
        Value::Array(elements) => {
            let values: Vec<String> = elements
                .iter()
                .filter_map(|element| simple(element.get("value").unwrap_or(element)))
                .collect();
            out.push((path.to_owned(), values.clone()));
            out.push((format!("{path}.value"), values));
        }
        other => out.extend(simple(other).map(|text| (path.to_owned(), vec![text]))),
    }
}

fn simple(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

const COMPUTED: [&str; 5] = ["schemas", "id", "meta", "groups", "password"];

#[cfg(test)]
mod tests {
    use super::*;
    use scim_schema::SchemaSet;
    use serde_json::json;

    #[test]
    fn a_scim_user_becomes_plain_values() {
        let set = SchemaSet::standard();
        let kind = set.resource_type("User").unwrap();
        let user = json!({
            "userName": "alice", "active": false, "externalId": "x1",
            "name": { "givenName": "Alice", "familyName": "Jones" },
            "emails": [{ "value": "a@example.com", "type": "home" }, { "value": "b@example.com", "primary": true }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
        });
        let resource = Resource::from_map(user.as_object().unwrap().clone(), kind);
        let found = person(kind, &resource, &ConnectionId::parse("scim").unwrap());
        assert_eq!(found.state, DirectoryState::Inactive);
        assert_eq!(found.primary_email.unwrap().as_str(), "b@example.com");
        assert_eq!(found.display_name.as_deref(), Some("Alice Jones"));
        assert_eq!(found.attributes.values("name.givenName"), ["Alice"]);
        assert_eq!(found.attributes.values("emails"), ["a@example.com", "b@example.com"]);
        let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        assert_eq!(found.attributes.values(department), ["Sales"]);
    }

    #[test]
    fn of_several_addresses_without_a_primary_one_none_is_taken() {
        let set = SchemaSet::standard();
        let kind = set.resource_type("User").unwrap();
        let user =
            json!({ "userName": "a", "emails": [{ "value": "a@x.example" }, { "value": "b@x.example" }] });
        let resource = Resource::from_map(user.as_object().unwrap().clone(), kind);
        assert_eq!(person(kind, &resource, &ConnectionId::parse("scim").unwrap()).primary_email, None);
    }
}
