//! How attributes of a login or of a provisioned user become fields of an account.

mod report;
mod roles;
mod transform;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use report::{FieldReport, MappingReport, RoleReport};
pub use transform::Transform;

pub use roles::{
    DepartmentRule, MAX_ROLE_RULES, Role, RoleRule, RoleRules, RoleRulesError, Several, UnknownRole,
};

pub(crate) use roles::{GrantSource, resolve as resolve_roles};

use crate::ids::{AttrName, EmailAddress, IdError, RoleName};

/// Attribute names and values as they came, with the NameID if it was a login.
///
/// Names are compared exactly. Put `Name` in, never `FriendlyName` (SAML Core 2.7.3.1). For a provisioned user the
/// names are attribute paths, e.g. `userType`.
///
/// ```
/// use tenant_model::AttributeBag;
///
/// let bag = AttributeBag::new(Some("alice"), [("email", vec!["alice@example.com"])]);
/// assert_eq!(bag.values("email"), ["alice@example.com"]);
/// assert!(bag.values("Email").is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeBag {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_id: Option<String>,
    #[serde(default)]
    values: BTreeMap<String, Vec<String>>,
}

impl AttributeBag {
    /// Collects names and values; the values of a name that comes twice are put together.
    pub fn new<N, V, L, I>(name_id: Option<&str>, attributes: I) -> Self
    where
        N: Into<String>,
        V: Into<String>,
        L: IntoIterator<Item = V>,
        I: IntoIterator<Item = (N, L)>,
    {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, list) in attributes {
            values.entry(name.into()).or_default().extend(list.into_iter().map(Into::into));
        }
        Self { name_id: name_id.map(str::to_owned), values }
    }

    /// The values of the attribute with exactly this name.
    #[must_use]
    pub fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names that came, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The NameID's value, if it was a login.
    #[must_use]
    pub fn name_id(&self) -> Option<&str> {
        self.name_id.as_deref()
    }

    /// The same attributes with another NameID.
    #[must_use]
    pub fn with_name_id(mut self, name_id: Option<&str>) -> Self {
        self.name_id = name_id.map(str::to_owned);
        self
    }

    /// The values of the one attribute that a rule's name stands for.
    ///
    /// The exact name wins. Without one, [`NameCase::Fold`] takes the single name that differs only in case; two such
    /// names are an error, since whoever may set one could imitate the other.
    fn find(&self, name: &AttrName, case: NameCase) -> Result<&[String], Vec<String>> {
        if let Some(values) = self.values.get(name.as_str()) {
            return Ok(values);
        }
        if case == NameCase::Exact {
            return Ok(&[]);
        }
        let mut alike = self.values.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_str()));
        match (alike.next(), alike.next()) {
            (None, _) => Ok(&[]),
            (Some((_, values)), None) => Ok(values),
            (Some((a, _)), Some((b, _))) => Err(vec![a.clone(), b.clone()]),
        }
    }
}

/// How attributes become the fields, roles and department of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttributeMapping {
    /// One rule a field.
    pub fields: BTreeMap<AccountField, FieldRule>,
    /// Which roles follow.
    pub roles: RoleRules,
    /// Where the department comes from.
    pub departments: DepartmentRule,
}

/// A field of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccountField {
    /// A field of the product's own.
    Custom(AttrName),
    /// The department.
    Department,
    /// The name to show.
    DisplayName,
    /// The mail address; its value must be one.
    Email,
    /// The family name.
    FamilyName,
    /// The given name.
    GivenName,
    /// An id that the provider gives to the person.
    Uid,
}

impl AccountField {
    /// Its name in profiles and reports.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Custom(name) => name.as_str(),
            Self::Department => "department",
            Self::DisplayName => "display_name",
            Self::Email => "email",
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::Uid => "uid",
        }
    }
}

impl fmt::Display for AccountField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<AccountField> for String {
    fn from(field: AccountField) -> Self {
        field.as_str().to_owned()
    }
}

impl TryFrom<String> for AccountField {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Ok(match text.as_str() {
            "department" => Self::Department,
            "display_name" => Self::DisplayName,
            "email" => Self::Email,
            "family_name" => Self::FamilyName,
            "given_name" => Self::GivenName,
            "uid" => Self::Uid,
            _ => Self::Custom(AttrName::parse(&text)?),
        })
    }
}

/// Where the value of a field comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// Aliases, tried in order; the first that has a usable value is taken.
    pub from: Vec<Source>,
    /// Whether a login without a value is refused.
    #[serde(default)]
    pub required: bool,
    /// The value if none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// How attribute names are compared.
    #[serde(default)]
    pub case: NameCase,
    /// What is done with the value, in order; not with the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<Transform>,
}

impl FieldRule {
    /// All values of all attributes that the rule might read, whichever it takes in the end.
    pub(crate) fn attribute_values<'a>(&'a self, input: &'a AttributeBag) -> impl Iterator<Item = &'a str> {
        let alike = |name: &str| {
            self.from.iter().any(|source| match source {
                Source::Attribute(wanted) => self.case.same(wanted, name),
                Source::NameId | Source::Value(_) => false,
            })
        };
        let read = input.values.iter().filter(move |(name, _)| alike(name));
        read.flat_map(|(_, values)| values.iter().map(String::as_str))
    }
}

/// How attribute names are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameCase {
    /// Byte by byte, as SAML Core 2.7.3.1 has it.
    #[default]
    Exact,
    /// An exact match first, then ignoring the case of ASCII letters, for admins who typed `Email` for `email`.
    Fold,
}

impl NameCase {
    fn same(self, wanted: &AttrName, name: &str) -> bool {
        match self {
            Self::Exact => wanted.as_str() == name,
            Self::Fold => wanted.as_str().eq_ignore_ascii_case(name),
        }
    }
}

/// Where a value comes from. In profiles: `@NameId`, `=text` for a fixed value, else an attribute's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// The attribute (or, for a provisioned user, the attribute path) of this name.
    Attribute(AttrName),
    /// The NameID of the login.
    NameId,
    /// Always this.
    Value(String),
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        match source {
            Source::Attribute(name) => name.into(),
            Source::NameId => "@NameId".to_owned(),
            Source::Value(text) => format!("={text}"),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        if text == "@NameId" {
            return Ok(Self::NameId);
        }
        if text.starts_with('@') {
            return Err(IdError::Form { kind: "source", expected: "@NameId, =text or an attribute name" });
        }
        match text.strip_prefix('=') {
            Some(value) => Ok(Self::Value(value.to_owned())),
            None => AttrName::parse(&text).map(Self::Attribute),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

/// What a mapping made of the attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// The fields that have a value.
    pub fields: BTreeMap<AccountField, String>,
    /// The mail address, if that field has a value.
    pub email: Option<EmailAddress>,
    /// The roles that rules gave; empty if none did.
    pub roles: BTreeSet<RoleName>,
    /// The role for someone to whom no rule gave one.
    pub default_role: Option<RoleName>,
}

/// Why attributes could not be mapped.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Two attribute names differ only in case.
    #[error("two attributes for `{field}` differ only in case: `{}`; send one of them", names.join("`, `"))]
    AmbiguousName {
        /// The field.
        field: AccountField,
        /// The names.
        names: Vec<String>,
    },
    /// A value came that cannot be the field's, and no other source had one.
    #[error("`{origin}` does not hold a usable value for `{field}`")]
    Malformed {
        /// The field.
        field: AccountField,
        /// The source that held it.
        origin: Source,
    },
    /// A required field got no value.
    #[error("no value for `{field}`: send one of `{}`{}", wanted.join("`, `"), nearest.as_ref().map(|n| format!("; found `{n}`, which is not the same name")).unwrap_or_default())]
    MissingAttribute {
        /// The field.
        field: AccountField,
        /// The names looked for.
        wanted: Vec<String>,
        /// A name that came and looks like one of them.
        nearest: Option<String>,
    },
    /// A value names a role that the product does not have.
    #[error("`{value}` is not a role; known: {}", known.join(", "))]
    RoleUnknown {
        /// The value.
        value: String,
        /// The roles there are.
        known: Vec<String>,
    },
}

impl MappingError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmbiguousName { .. } => "mapping.ambiguous_name",
            Self::Malformed { .. } => "mapping.malformed",
            Self::MissingAttribute { .. } => "mapping.missing_attribute",
            Self::RoleUnknown { .. } => "mapping.role_unknown",
        }
    }
}

/// Maps the attributes of one login or provisioned user.
///
/// # Errors
/// The first [`MappingError`], fields in their order, then roles. [`dry_run`] gives all of them.
///
/// # Examples
/// ```
/// use tenant_model::{AccountField, AttributeBag, AttributeMapping, apply};
///
/// let mapping: AttributeMapping = serde_json::from_str(
///     r#"{"fields": {"email": {"from": ["email", "urn:oid:0.9.2342.19200300.100.1.3", "@NameId"], "required": true}}}"#,
/// )?;
/// let by_oid = AttributeBag::new(Some("a1"), [("urn:oid:0.9.2342.19200300.100.1.3", ["alice@example.com"])]);
/// assert_eq!(apply(&mapping, &by_oid)?.fields[&AccountField::Email], "alice@example.com");
///
/// let nothing = AttributeBag::new(Some("a1"), [("mail", ["alice@example.com"])]);
/// assert_eq!(apply(&mapping, &nothing).unwrap_err().code(), "mapping.missing_attribute");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn apply(mapping: &AttributeMapping, input: &AttributeBag) -> Result<Mapped, MappingError> {
    let report = dry_run(mapping, input);
    match report.first_problem() {
        Some(problem) => Err(problem.clone()),
        None => Ok(report.mapped),
    }
}

/// Maps and says for each field why it has its value or none, for a page on which an admin tries a mapping.
#[must_use]
pub fn dry_run(mapping: &AttributeMapping, input: &AttributeBag) -> MappingReport {
    report::make(mapping, input)
}

#[cfg(test)]
mod tests;
