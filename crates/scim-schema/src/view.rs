//! Typed views of [`Resource`]: `User`, `Group` and the enterprise extension as structs.
//!
//! A view is for code that wants fields instead of paths. The resource stays the truth: a view is read from it with
//! [`Resource::view`] and written back with [`Resource::update`], which leaves everything alone that the view does not
//! have.
//!
//! # Examples
//! ```
//! use scim_schema::Resource;
//! use scim_schema::view::{Field, User};
//! use serde_json::json;
//!
//! let stored = json!({ "userName": "bjensen", "title": "Guide", "locale": null, "urn:example:X": { "a": 1 } });
//! let mut resource = Resource::from_stored(stored.as_object().unwrap().clone());
//!
//! let mut user: User = resource.view()?;
//! assert_eq!(user.title.get().map(String::as_str), Some("Guide"));
//! assert_eq!(user.locale, Field::Null);
//! assert_eq!(user.nick_name, Field::Absent);
//!
//! user.title = Field::Null;
//! user.nick_name = Field::Set("Babs".into());
//! resource.update(&user)?;
//! assert_eq!(
//!     resource.into_value(),
//!     json!({ "userName": "bjensen", "nickName": "Babs", "urn:example:X": { "a": 1 } })
//! );
//! # Ok::<(), scim_schema::view::ViewError>(())
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::resource::{Resource, is_unassigned};

mod group;
mod user;

pub use group::{Group, Member};
pub use user::{Address, EnterpriseUser, Manager, MultiValue, Name, User};

/// A value that a resource has, lacks, or says to be `null`.
///
/// In state the last two are the same (RFC 7643 2.5). In a request they are not: `null` clears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// Not mentioned.
    #[default]
    Absent,
    /// Mentioned as `null`.
    Null,
    /// A value.
    Set(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether it is not mentioned.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Set))
    }
}

/// Why a resource does not fit a view, or a view is no resource. Says nothing of the values.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// A value has another type than the view, or a required one is missing.
    #[error("the resource does not fit the view")]
    Mismatch,
    /// The view is not written as a JSON object.
    #[error("the view is not written as a JSON object")]
    NotAnObject,
}

impl ViewError {
    /// Stable identifier for logs, metrics and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mismatch => "scim.view.mismatch",
            Self::NotAnObject => "scim.view.not_an_object",
        }
    }
}

impl Resource {
    /// Reads the resource as a type of one's own or of [`view`](self). A checked resource always fits its view.
    ///
    /// # Errors
    /// [`ViewError::Mismatch`].
    pub fn view<T: DeserializeOwned>(&self) -> Result<T, ViewError> {
        T::deserialize(self.as_map()).map_err(|_| ViewError::Mismatch)
    }

    /// Writes a view back: what it has is set, what it says to be `null` or empty is removed, what it does not mention
    /// stays.
    ///
    /// # Errors
    /// [`ViewError::NotAnObject`].
    pub fn update(&mut self, view: &impl Serialize) -> Result<(), ViewError> {
        let Ok(Value::Object(fields)) = serde_json::to_value(view) else {
            return Err(ViewError::NotAnObject);
        };
        merge(self.as_map_mut(), fields, true);
        Ok(())
    }
}

/// Extensions are merged attribute by attribute, attributes are replaced whole.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>, top: bool) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) if top && name.contains(':') => {
                merge(old, new, false);
                if old.is_empty() {
                    into.shift_remove(&name);
                }
            }
            (_, value) if is_unassigned(&value) => {
                into.shift_remove(&name);
            }
            (_, mut value) => {
                drop_unassigned_parts(&mut value);
                into.insert(name, value);
            }
        }
    }
}

fn drop_unassigned_parts(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.retain(|_, value| !is_unassigned(value)),
        Value::Array(items) => {
            items.retain(|item| !is_unassigned(item));
            for fields in items.iter_mut().filter_map(Value::as_object_mut) {
                fields.retain(|_, value| !is_unassigned(value));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(fields: &Value) -> Resource {
        Resource::from_stored(fields.as_object().unwrap().clone())
    }

    #[test]
    fn a_view_written_back_unchanged_changes_nothing() {
        let enterprise = crate::urn::ENTERPRISE_USER;
        let before = resource(&json!({
            "schemas": [crate::urn::USER, enterprise], "id": "1", "userName": "b", "active": false,
            "name": { "givenName": "B" },
            "emails": [{ "value": "a", "type": "work", "primary": true }, { "value": "c" }],
            "x509Certificates": [{ "value": "MAMCAQE=" }],
            "addresses": [{ "streetAddress": "1 Way", "country": "US" }],
            "groups": [{ "value": "g", "$ref": "u" }],
            (enterprise): { "employeeNumber": "7", "manager": { "value": "26", "$ref": "r" }, "custom": 1 },
            "urn:example:X": { "a": 1 },
            "meta": { "resourceType": "User" },
        }));
        let user: User = before.view().unwrap();
        assert_eq!(user.email(), Some("a"));
        assert_eq!(user.enterprise.get().unwrap().manager.get().unwrap().value, "26".to_owned().into());
        let mut after = before.clone();
        after.update(&user).unwrap();
        assert_eq!(after, before);
    }

    #[test]
    fn null_removes_absent_leaves_and_what_becomes_empty_goes() {
        // S14
        let enterprise = crate::urn::ENTERPRISE_USER;
        let mut stored =
            resource(&json!({ "userName": "b", "title": "t", (enterprise): { "division": "d" } }));
        let mut user: User = stored.view().unwrap();
        user.enterprise = Field::Set(EnterpriseUser { division: Field::Null, ..Default::default() });
        user.name = Field::Set(Name {
            given_name: "B".to_owned().into(),
            family_name: Field::Null,
            ..Default::default()
        });
        user.roles = Field::Set(Vec::new());
        user.title = Field::Absent;
        stored.update(&user).unwrap();
        assert_eq!(
            stored.into_value(),
            json!({ "userName": "b", "title": "t", "name": { "givenName": "B" } })
        );
    }

    #[test]
    fn a_mismatch_does_not_quote_the_value() {
        let mut wrong = resource(&json!({ "userName": "b", "active": "secret" }));
        assert_eq!(wrong.view::<User>().unwrap_err().to_string(), "the resource does not fit the view");
        assert_eq!(wrong.update(&1), Err(ViewError::NotAnObject));
    }

    #[test]
    fn a_group_has_members_and_a_user_hides_its_password() {
        let group: Group =
            resource(&json!({ "displayName": "g", "members": [{ "value": "1" }] })).view().unwrap();
        assert_eq!(group.members.get().unwrap().len(), 1);
        let user: User = resource(&json!({ "userName": "b", "password": "t1meMa$heen" })).view().unwrap();
        assert!(!format!("{user:?}").contains("t1me"));
    }
}
