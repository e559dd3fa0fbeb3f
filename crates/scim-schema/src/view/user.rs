use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Field;

/// The core user with the enterprise extension (RFC 7643 4.1, 4.3). Its `Debug` form hides the password.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct User {
    /// `id`, issued by the service.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub id: Field<String>,
    /// `externalId`, issued by the client.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub external_id: Field<String>,
    /// `userName`; required, so empty only in a default value.
    pub user_name: String,
    /// `name`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub name: Field<Name>,
    /// `displayName`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub display_name: Field<String>,
    /// `nickName`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub nick_name: Field<String>,
    /// `profileUrl`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub profile_url: Field<String>,
    /// `title`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub title: Field<String>,
    /// `userType`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub user_type: Field<String>,
    /// `preferredLanguage`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub preferred_language: Field<String>,
    /// `locale`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub locale: Field<String>,
    /// `timezone`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub timezone: Field<String>,
    /// `active`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub active: Field<bool>,
    /// `password` in clear; only in what a client sends.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub password: Field<String>,
    /// `emails`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub emails: Field<Vec<MultiValue>>,
    /// `phoneNumbers`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub phone_numbers: Field<Vec<MultiValue>>,
    /// `ims`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub ims: Field<Vec<MultiValue>>,
    /// `photos`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub photos: Field<Vec<MultiValue>>,
    /// `addresses`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub addresses: Field<Vec<Address>>,
    /// `groups`, computed by the service.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub groups: Field<Vec<MultiValue>>,
    /// `entitlements`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub entitlements: Field<Vec<MultiValue>>,
    /// `roles`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub roles: Field<Vec<MultiValue>>,
    /// `x509Certificates`.
    #[serde(rename = "x509Certificates", skip_serializing_if = "Field::is_absent")]
    pub x509_certificates: Field<Vec<MultiValue>>,
    /// The enterprise extension.
    #[serde(
        rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        skip_serializing_if = "Field::is_absent"
    )]
    pub enterprise: Field<EnterpriseUser>,
}

impl User {
    /// The `value` of the primary e-mail address, else of the first.
    pub fn email(&self) -> Option<&str> {
        let emails = self.emails.get()?;
        let primary = emails.iter().find(|email| email.primary == Field::Set(true));
        primary.or(emails.first())?.value.get().map(String::as_str)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Self {
            password: self.password.get().map_or(Field::Absent, |_| "(hidden)".to_owned().into()),
            ..self.clone()
        };
        let fields: Map<String, Value> = serde_json::to_value(&shown)
            .ok()
            .and_then(|value| value.as_object().cloned())
            .unwrap_or_default();
        f.debug_tuple("User").field(&fields).finish()
    }
}

/// `name` of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Name {
    /// Full name.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub formatted: Field<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub family_name: Field<String>,
    /// First name.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub given_name: Field<String>,
    /// Middle names.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub middle_name: Field<String>,
    /// Title before the name.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub honorific_prefix: Field<String>,
    /// Suffix after the name.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub honorific_suffix: Field<String>,
}

/// A value of `emails`, `roles`, `groups` and the like (RFC 7643 2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MultiValue {
    /// The value.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub value: Field<String>,
    /// URI of what the value refers to.
    #[serde(rename = "$ref", skip_serializing_if = "Field::is_absent")]
    pub reference: Field<String>,
    /// The value for people.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub display: Field<String>,
    /// What the value is for.
    #[serde(rename = "type", skip_serializing_if = "Field::is_absent")]
    pub kind: Field<String>,
    /// Whether it is the preferred one.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub primary: Field<bool>,
}

/// A value of `addresses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// Full address.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub formatted: Field<String>,
    /// Street and house number.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub street_address: Field<String>,
    /// City.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub locality: Field<String>,
    /// State or region.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub region: Field<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub postal_code: Field<String>,
    /// Country code.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub country: Field<String>,
    /// What the address is for.
    #[serde(rename = "type", skip_serializing_if = "Field::is_absent")]
    pub kind: Field<String>,
    /// Whether it is the preferred one.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub primary: Field<bool>,
}

/// The enterprise extension of a user (RFC 7643 4.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnterpriseUser {
    /// `employeeNumber`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub employee_number: Field<String>,
    /// `costCenter`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub cost_center: Field<String>,
    /// `organization`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub organization: Field<String>,
    /// `division`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub division: Field<String>,
    /// `department`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub department: Field<String>,
    /// `manager`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub manager: Field<Manager>,
}

/// `manager` of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manager {
    /// The manager's id.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub value: Field<String>,
    /// The manager's URI.
    #[serde(rename = "$ref", skip_serializing_if = "Field::is_absent")]
    pub reference: Field<String>,
    /// The manager's name, from the service.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub display_name: Field<String>,
}
