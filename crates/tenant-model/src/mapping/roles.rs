//! Which roles someone gets, and where the department comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{AttributeBag, MappingError};
use crate::ids::{AttrName, GroupKey, RoleName};
use crate::person::GroupRef;

/// The roles of a product and the rules that give them.
///
/// Checked when made: rules and default name roles of the catalogue, names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RoleRulesText", into = "RoleRulesText")]
pub struct RoleRules {
    text: RoleRulesText,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RoleRulesText {
    catalogue: Vec<Role>,
    custom: bool,
    rules: Vec<RoleRule>,
    default: Option<RoleName>,
    unknown: UnknownRole,
    several: Several,
}

impl RoleRules {
    /// Rules, checked.
    ///
    /// # Errors
    /// [`RoleRulesError`] if a name is twice in the catalogue, or a rule or the default names a role that is not there.
    pub fn new(
        catalogue: Vec<Role>,
        rules: Vec<RoleRule>,
        default: Option<RoleName>,
        unknown: UnknownRole,
        several: Several,
    ) -> Result<Self, RoleRulesError> {
        RoleRulesText { catalogue, custom: false, rules, default, unknown, several }.try_into()
    }

    /// The same rules with one more role, for products whose tenants may add their own.
    ///
    /// # Errors
    /// [`RoleRulesError`] if the product does not allow it or the name is taken.
    pub fn with_custom_role(&self, role: Role) -> Result<Self, RoleRulesError> {
        if !self.text.custom {
            return Err(RoleRulesError::NoCustomRoles);
        }
        let mut text = self.text.clone();
        text.catalogue.push(role);
        text.try_into()
    }

    /// The same rules with one more rule at the end.
    ///
    /// # Errors
    /// [`RoleRulesError::NotInCatalogue`].
    pub fn with_rule(&self, rule: RoleRule) -> Result<Self, RoleRulesError> {
        let mut text = self.text.clone();
        text.rules.push(rule);
        text.try_into()
    }

    /// The same rules without the one at a place, and that one; `None` if there is none.
    #[must_use]
    pub fn without_rule(&self, index: usize) -> Option<(Self, RoleRule)> {
        let rule = self.text.rules.get(index)?.clone();
        let mut text = self.text.clone();
        text.rules.remove(index);
        Some((Self { text }, rule))
    }

    /// The same roles with other rules.
    pub(crate) fn with_rules(&self, rules: Vec<RoleRule>) -> Result<Self, RoleRulesError> {
        RoleRulesText { rules, ..self.text.clone() }.try_into()
    }

    /// The same rules with another default.
    pub(crate) fn with_default_role(&self, default: Option<RoleName>) -> Result<Self, RoleRulesError> {
        RoleRulesText { default, ..self.text.clone() }.try_into()
    }

    pub(crate) fn with_several(&self, several: Several) -> Self {
        Self { text: RoleRulesText { several, ..self.text.clone() } }
    }

    pub(crate) fn with_unknown(&self, unknown: UnknownRole) -> Self {
        Self { text: RoleRulesText { unknown, ..self.text.clone() } }
    }

    /// What happens when several roles are given.
    #[must_use]
    pub fn several(&self) -> Several {
        self.text.several
    }

    /// What happens to a value that names no role.
    #[must_use]
    pub fn unknown(&self) -> UnknownRole {
        self.text.unknown
    }

    /// The role for someone to whom no rule gives one.
    #[must_use]
    pub fn default_role(&self) -> Option<&RoleName> {
        self.text.default.as_ref()
    }

    /// The roles that exist.
    #[must_use]
    pub fn catalogue(&self) -> &[Role] {
        &self.text.catalogue
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[RoleRule] {
        &self.text.rules
    }

    /// Whether a role gives administration rights.
    #[must_use]
    pub fn is_admin(&self, role: &RoleName) -> bool {
        self.role(role.as_str()).is_some_and(|role| role.admin)
    }

    fn role(&self, name: &str) -> Option<&Role> {
        self.text.catalogue.iter().find(|role| role.name.as_str() == name)
    }
}

impl From<RoleRules> for RoleRulesText {
    fn from(rules: RoleRules) -> Self {
        rules.text
    }
}

impl TryFrom<RoleRulesText> for RoleRules {
    type Error = RoleRulesError;

    fn try_from(text: RoleRulesText) -> Result<Self, RoleRulesError> {
        let mut names = BTreeSet::new();
        for role in &text.catalogue {
            if !names.insert(&role.name) {
                return Err(RoleRulesError::Twice { role: role.name.clone() });
            }
        }
        if text.rules.len() > MAX_ROLE_RULES {
            return Err(RoleRulesError::TooMany);
        }
        let granted = text.rules.iter().filter_map(RoleRule::grants);
        match granted.chain(&text.default).find(|role| !names.contains(role)) {
            Some(role) => Err(RoleRulesError::NotInCatalogue { role: role.clone() }),
            None => Ok(Self { text }),
        }
    }
}

/// Why role rules make no sense.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleRulesError {
    /// Tenants of this product may not add roles.
    #[error("this product has no custom roles")]
    NoCustomRoles,
    /// A rule or the default names a role that the product does not have.
    #[error("role `{role}` is not in `catalogue`")]
    NotInCatalogue {
        /// The role.
        role: RoleName,
    },
    /// There are more rules than are read for each login.
    #[error("there are more than {MAX_ROLE_RULES} rules")]
    TooMany,
    /// Two roles have one name.
    #[error("role `{role}` is in `catalogue` twice")]
    Twice {
        /// The role.
        role: RoleName,
    },
}

impl RoleRulesError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCustomRoles => "roles.no_custom",
            Self::NotInCatalogue { .. } => "roles.not_in_catalogue",
            Self::TooMany => "roles.too_many",
            Self::Twice { .. } => "roles.twice",
        }
    }
}

/// A role that the product has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name, as attributes and groups give it.
    pub name: RoleName,
    /// The name that people see, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Where several roles are given and one counts, the highest.
    #[serde(default)]
    pub priority: u16,
    /// Whether it gives administration rights.
    #[serde(default)]
    pub admin: bool,
    /// Whether people with it stay out of the list of members.
    #[serde(default)]
    pub hidden: bool,
}

/// One way to get a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleRule {
    /// An attribute has a certain value, compared exactly.
    Equals {
        /// The attribute.
        from: AttrName,
        /// The value.
        value: String,
        /// The role.
        grant: RoleName,
    },
    /// Membership of a group of the directory, by id.
    Group {
        /// The group.
        id: GroupKey,
        /// The role.
        grant: RoleName,
    },
    /// Each value of an attribute is the name of a role.
    ValueIsRole(AttrName),
}

impl RoleRule {
    pub(crate) fn grants(&self) -> Option<&RoleName> {
        match self {
            Self::Equals { grant, .. } | Self::Group { grant, .. } => Some(grant),
            Self::ValueIsRole(_) => None,
        }
    }

    pub(super) fn reads(&self, attribute: &str) -> bool {
        match self {
            Self::Equals { from, .. } | Self::ValueIsRole(from) => from.as_str() == attribute,
            Self::Group { .. } => false,
        }
    }
}

/// What happens to a value that names no role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRole {
    /// It gives nothing and is reported.
    Ignore,
    /// The whole login or request is refused.
    #[default]
    Refuse,
}

/// What happens when several roles are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Several {
    /// The one with the highest priority counts, the first in the catalogue among equals.
    #[default]
    HighestPriority,
    /// All count.
    Union,
}

/// Where the department of a provisioned user comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepartmentRule {
    /// From the field `department` of the mapping.
    #[default]
    Field,
    /// From the names of the groups; of several the first by name.
    Groups,
}

/// Why a rule gave a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GrantSource {
    Attribute,
    Group(GroupKey),
}

/// The roles that rules gave, with why.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) granted: BTreeMap<RoleName, BTreeSet<GrantSource>>,
    pub(crate) ignored: Vec<String>,
}

/// Applies the rules. `groups` is `None` for a login, which knows nothing of the directory's groups.
pub(crate) fn resolve(
    rules: &RoleRules,
    input: &AttributeBag,
    groups: Option<&BTreeSet<GroupRef>>,
) -> Result<Resolved, MappingError> {
    let mut out = Resolved::default();
    for rule in rules.rules() {
        match rule {
            RoleRule::Equals { from, value, grant } => {
                if input.values(from.as_str()).contains(value) {
                    out.granted.entry(grant.clone()).or_default().insert(GrantSource::Attribute);
                }
            }
            RoleRule::Group { id, grant } => {
                if groups.is_some_and(|groups| groups.iter().any(|group| group.id == *id)) {
                    out.granted.entry(grant.clone()).or_default().insert(GrantSource::Group(id.clone()));
                }
            }
            RoleRule::ValueIsRole(from) => by_value(rules, input.values(from.as_str()), &mut out)?,
        }
    }
    if rules.text.several == Several::HighestPriority {
        // `max_by_key` returns the last of equals; going backwards makes that the first in the catalogue.
        let held = rules.catalogue().iter().rev().filter(|role| out.granted.contains_key(&role.name));
        if let Some(best) = held.max_by_key(|role| role.priority) {
            out.granted.retain(|role, _| *role == best.name);
        }
    }
    Ok(out)
}

fn by_value(rules: &RoleRules, values: &[String], out: &mut Resolved) -> Result<(), MappingError> {
    for value in values.iter().filter(|value| !value.is_empty()) {
        match (rules.role(value), rules.text.unknown) {
            (Some(role), _) => {
                out.granted.entry(role.name.clone()).or_default().insert(GrantSource::Attribute);
            }
            (None, UnknownRole::Ignore) => out.ignored.push(value.clone()),
            (None, UnknownRole::Refuse) => {
                let known = rules.catalogue().iter().map(|role| role.name.to_string()).collect();
                return Err(MappingError::RoleUnknown { value: value.clone(), known });
            }
        }
    }
    Ok(())
}

/// Most rules of one connection: a rule for each role and department of a large company, and all are read at each login.
pub const MAX_ROLE_RULES: usize = 200;
