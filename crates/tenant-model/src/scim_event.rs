//! Lifecycle events in the form of RFC 9967: the claims of a Security Event Token about a SCIM resource.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::audit::LifecycleEvent;
use crate::ids::RequestId;

/// The resource that an event is about (RFC 9967 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSubject {
    /// Path below the base URL, e.g. `/Users/2819c223`.
    pub uri: String,
    /// Its `externalId`, if known.
    pub external_id: Option<String>,
    /// Its version after the change, if versions are sent.
    pub version: Option<String>,
}

/// How the resource was changed: PATCH and PUT are different events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedBy {
    /// PATCH, or not over SCIM at all.
    Patch,
    /// PUT.
    Replace,
}

/// The claims of one Security Event Token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventClaims<'a> {
    /// Id of the token, fresh from the host: `jti`.
    pub id: &'a str,
    /// Who tells it: `iss`, e.g. the base URL of the product.
    pub issuer: &'a str,
    /// For whom: `aud`.
    pub audience: &'a [String],
    /// The request that changed it: `txn`, the same for all tokens about one change.
    pub request: &'a RequestId,
    /// When: `iat`.
    pub at: DateTime<Utc>,
}

/// Makes the claims for what happened to a resource, to be signed or appended to a trail by the host; `None` if
/// nothing of it is an event of RFC 9967.
///
/// The names of changed attributes are told, never their values: the *notice* form. Several things that happened in one
/// change are one token (section 2.1). `attributes` are the paths that a create, PATCH or PUT touched; where it is empty,
/// those that the events name by themselves.
///
/// # Examples
/// ```
/// use chrono::{TimeZone, Utc};
/// use tenant_model::{ChangedBy, EventClaims, EventSubject, LifecycleEvent, RequestId, scim_event};
///
/// let user = EventSubject { uri: "/Users/2819c223".to_owned(), external_id: None, version: None };
/// let claims = EventClaims {
///     id: "e1",
///     issuer: "https://scim.example.com",
///     audience: &[],
///     request: &RequestId::parse("r1")?,
///     at: Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
/// };
/// let what = [LifecycleEvent::Deactivated, LifecycleEvent::LockedOut];
/// let token = scim_event(&user, &what, ChangedBy::Patch, &["active"], &claims).unwrap();
/// assert!(token["events"]["urn:ietf:params:scim:event:prov:deactivate"].is_object());
/// assert_eq!(token["sub_id"]["uri"], "/Users/2819c223");
/// # Ok::<(), tenant_model::IdError>(())
/// ```
#[must_use]
pub fn scim_event(
    subject: &EventSubject,
    what: &[LifecycleEvent],
    by: ChangedBy,
    attributes: &[&str],
    claims: &EventClaims<'_>,
) -> Option<Value> {
    let events = events(subject, what, by, attributes);
    if events.is_empty() {
        return None;
    }
    // Section 2.1: `sub_id`, never `sub`.
    let mut sub_id = Map::new();
    sub_id.insert("format".to_owned(), json!("scim"));
    sub_id.insert("uri".to_owned(), json!(subject.uri));
    if let Some(id) = &subject.external_id {
        sub_id.insert("externalId".to_owned(), json!(id));
    }
    let mut token = Map::new();
    let mut put = |name: &str, value: Value| token.insert(name.to_owned(), value);
    put("jti", json!(claims.id));
    put("iat", json!(claims.at.timestamp()));
    put("iss", json!(claims.issuer));
    put("txn", json!(claims.request.as_str()));
    put("sub_id", Value::Object(sub_id));
    put("events", Value::Object(events));
    if !claims.audience.is_empty() {
        put("aud", json!(claims.audience));
    }
    Some(Value::Object(token))
}

fn events(
    subject: &EventSubject,
    what: &[LifecycleEvent],
    by: ChangedBy,
    attributes: &[&str],
) -> Map<String, Value> {
    let mut found = Map::new();
    // Section 2.4.4: a delete stands alone and says nothing else.
    if what.contains(&LifecycleEvent::Removed) {
        found.insert(format!("{PREFIX}delete"), json!({}));
        return found;
    }
    let implied = what.iter().filter_map(|event| attribute(*event));
    let touched: Vec<&str> = if attributes.is_empty() { implied.collect() } else { attributes.to_vec() };
    let notice = || {
        let mut payload = Map::new();
        payload.insert("attributes".to_owned(), json!(touched));
        if let Some(version) = &subject.version {
            payload.insert("version".to_owned(), json!(version));
        }
        Value::Object(payload)
    };
    if what.contains(&LifecycleEvent::Created) {
        found.insert(format!("{PREFIX}create:notice"), notice());
    } else if !touched.is_empty() {
        let name = match by {
            ChangedBy::Patch => "patch",
            ChangedBy::Replace => "put",
        };
        found.insert(format!("{PREFIX}{name}:notice"), notice());
    }
    // Sections 2.4.5 and 2.4.6: no payload.
    if what.contains(&LifecycleEvent::Reactivated) {
        found.insert(format!("{PREFIX}activate"), json!({}));
    }
    if what.contains(&LifecycleEvent::Deactivated) {
        found.insert(format!("{PREFIX}deactivate"), json!({}));
    }
    found
}

/// The attribute that an event is about.
fn attribute(event: LifecycleEvent) -> Option<&'static str> {
    match event {
        LifecycleEvent::Deactivated | LifecycleEvent::Reactivated => Some("active"),
        LifecycleEvent::DepartmentChanged => {
            Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")
        }
        LifecycleEvent::EmailChanged => Some("emails"),
        LifecycleEvent::RoleChanged => Some("roles"),
        LifecycleEvent::Created
        | LifecycleEvent::LockedOut
        | LifecycleEvent::Removed
        | LifecycleEvent::Updated => None,
    }
}

const PREFIX: &str = "urn:ietf:params:scim:event:prov:";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    fn make(what: &[LifecycleEvent], by: ChangedBy, attributes: &[&str]) -> Option<Value> {
        let subject = EventSubject {
            uri: "/Users/u1".to_owned(),
            external_id: Some("jdoe".to_owned()),
            version: Some("W/\"2\"".to_owned()),
        };
        let claims = EventClaims {
            id: "e1",
            issuer: "https://scim.example.com",
            audience: &["https://scim.example.com/Feeds/1".to_owned()],
            request: &RequestId::parse("r1").unwrap(),
            at: at(0),
        };
        scim_event(&subject, what, by, attributes, &claims)
    }

    fn names(what: &[LifecycleEvent], by: ChangedBy, attributes: &[&str]) -> Vec<String> {
        let token = make(what, by, attributes).unwrap();
        let short = |name: &String| name.strip_prefix(PREFIX).unwrap().to_owned();
        token["events"].as_object().unwrap().keys().map(short).collect()
    }

    // TEN-23, RFC 9967 2.1 and 2.2
    #[test]
    fn the_claims_are_those_of_the_standard() {
        let token = make(&[LifecycleEvent::Created], ChangedBy::Patch, &["userName", "emails"]).unwrap();
        let expected = json!({
            "jti": "e1",
            "iat": at(0).timestamp(),
            "iss": "https://scim.example.com",
            "txn": "r1",
            "sub_id": { "format": "scim", "uri": "/Users/u1", "externalId": "jdoe" },
            "events": { "urn:ietf:params:scim:event:prov:create:notice": {
                "attributes": ["userName", "emails"], "version": "W/\"2\"" } },
            "aud": ["https://scim.example.com/Feeds/1"],
        });
        assert_eq!(token, expected);
        assert!(token.get("sub").is_none());
    }

    // TEN-23, RFC 9967 2.4
    #[test]
    fn each_thing_that_happens_has_its_event() {
        use LifecycleEvent as E;
        assert_eq!(names(&[E::Updated], ChangedBy::Replace, &["title"]), ["put:notice"]);
        assert_eq!(names(&[E::Updated], ChangedBy::Patch, &["title"]), ["patch:notice"]);
        assert_eq!(
            names(&[E::Deactivated, E::LockedOut], ChangedBy::Patch, &[]),
            ["patch:notice", "deactivate"]
        );
        assert_eq!(
            names(&[E::Reactivated, E::RoleChanged], ChangedBy::Replace, &[]),
            ["put:notice", "activate"]
        );
        let removed = [E::Removed, E::LockedOut, E::RoleChanged];
        assert_eq!(names(&removed, ChangedBy::Patch, &["active"]), ["delete"]);
        let token = make(&removed, ChangedBy::Patch, &["active"]).unwrap();
        assert_eq!(token["events"][format!("{PREFIX}delete")], json!({}), "no payload");
        assert_eq!(make(&[E::Updated], ChangedBy::Patch, &[]), None);
        assert_eq!(make(&[], ChangedBy::Patch, &[]), None);
        let token = make(&[E::EmailChanged, E::DepartmentChanged], ChangedBy::Patch, &[]).unwrap();
        let told = &token["events"][format!("{PREFIX}patch:notice")]["attributes"];
        assert_eq!(told.as_array().unwrap().len(), 2);
    }
}
