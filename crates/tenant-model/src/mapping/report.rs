//! Applying the rules field by field, keeping the reasons.

use super::roles::resolve;
use super::{
    AccountField, AttributeBag, AttributeMapping, FieldRule, Mapped, MappingError, NameCase, RoleRules,
    Source, Transform,
};
use crate::ids::EmailAddress;

/// What a mapping makes of some attributes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingReport {
    /// The outcome so far as there is one; complete if no part has a problem.
    pub mapped: Mapped,
    /// One entry a field, in order.
    pub fields: Vec<FieldReport>,
    /// The roles.
    pub roles: RoleReport,
    /// The names that came and that no rule reads.
    pub unused: Vec<String>,
}

impl MappingReport {
    /// The problem that [`super::apply`] returns, if any.
    #[must_use]
    pub fn first_problem(&self) -> Option<&MappingError> {
        self.field_problem().or(self.roles.problem.as_ref())
    }

    pub(crate) fn field_problem(&self) -> Option<&MappingError> {
        self.fields.iter().find_map(|field| field.problem.as_ref())
    }
}

/// How one field got its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldReport {
    /// The field.
    pub field: AccountField,
    /// Sources that were tried, in order, up to the one taken.
    pub tried: Vec<Source>,
    /// The source taken; `None` for a default or no value.
    pub taken: Option<Source>,
    /// The value.
    pub value: Option<String>,
    /// Why a login would be refused.
    pub problem: Option<MappingError>,
}

/// How the roles came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleReport {
    /// Values that name no role and were ignored.
    pub ignored: Vec<String>,
    /// Why a login would be refused.
    pub problem: Option<MappingError>,
}

/// A value, or why there is none, while the sources are tried.
#[derive(Debug)]
enum Found<'a> {
    Nothing,
    Text(&'a str),
}

pub(super) fn make(mapping: &AttributeMapping, input: &AttributeBag) -> MappingReport {
    let fields: Vec<_> = mapping.fields.iter().map(|(field, rule)| one(field, rule, input)).collect();
    let mut mapped = Mapped { default_role: mapping.roles.default_role().cloned(), ..Mapped::default() };
    for report in &fields {
        if let Some(value) = &report.value {
            mapped.fields.insert(report.field.clone(), value.clone());
            if report.field == AccountField::Email {
                mapped.email = EmailAddress::parse(value).ok();
            }
        }
    }
    let roles = match resolve(&mapping.roles, input, None) {
        Ok(resolved) => {
            mapped.roles = resolved.granted.into_keys().collect();
            RoleReport { ignored: resolved.ignored, problem: None }
        }
        Err(problem) => RoleReport { ignored: Vec::new(), problem: Some(problem) },
    };
    MappingReport { mapped, fields, roles, unused: unused(mapping, input) }
}

fn one(field: &AccountField, rule: &FieldRule, input: &AttributeBag) -> FieldReport {
    let mut report =
        FieldReport { field: field.clone(), tried: Vec::new(), taken: None, value: None, problem: None };
    let mut unusable = None;
    for source in &rule.from {
        report.tried.push(source.clone());
        match read(source, rule.case, input) {
            Err(names) => {
                report.problem = Some(MappingError::AmbiguousName { field: field.clone(), names });
                return report;
            }
            Ok(Found::Nothing) => {}
            Ok(Found::Text(text)) => {
                match Transform::all(&rule.transform, text).filter(|text| fits(field, text)) {
                    Some(text) => {
                        report.taken = Some(source.clone());
                        report.value = Some(text);
                        return report;
                    }
                    // A NameID that is no mail address is ordinary; an attribute made for the field is a mistake to name.
                    None if *source == Source::NameId => {}
                    None => unusable = unusable.or(Some(source.clone())),
                }
            }
        }
    }
    if let Some(default) = &rule.default {
        report.value = Some(default.clone());
    } else if rule.required {
        report.problem = Some(match unusable {
            Some(origin) => MappingError::Malformed { field: field.clone(), origin },
            None => MappingError::MissingAttribute {
                field: field.clone(),
                wanted: rule.from.iter().map(ToString::to_string).collect(),
                nearest: nearest(rule, input),
            },
        });
    }
    report
}

/// The first value that is not empty; empty values are what providers send for "none".
fn read<'a>(source: &'a Source, case: NameCase, input: &'a AttributeBag) -> Result<Found<'a>, Vec<String>> {
    let text = match source {
        Source::Attribute(name) => {
            input.find(name, case)?.iter().map(|v| v.trim()).find(|value| !value.is_empty())
        }
        Source::NameId => input.name_id().map(str::trim).filter(|value| !value.is_empty()),
        Source::Value(text) => Some(text.as_str()),
    };
    Ok(text.map_or(Found::Nothing, Found::Text))
}

fn fits(field: &AccountField, text: &str) -> bool {
    match field {
        AccountField::Email => EmailAddress::parse(text).is_ok(),
        AccountField::Department => crate::ids::DepartmentName::parse(text).is_ok(),
        AccountField::Custom(_)
        | AccountField::DisplayName
        | AccountField::FamilyName
        | AccountField::GivenName
        | AccountField::Uid => true,
    }
}

/// A name that came and that an admin may have meant: other case, or the same last part of a URI.
fn nearest(rule: &FieldRule, input: &AttributeBag) -> Option<String> {
    let wanted = |source: &Source| match source {
        Source::Attribute(name) => Some(tail(name.as_str()).to_ascii_lowercase()),
        Source::NameId | Source::Value(_) => None,
    };
    let wanted: Vec<_> = rule.from.iter().filter_map(wanted).collect();
    input.names().find(|name| wanted.contains(&tail(name).to_ascii_lowercase())).map(str::to_owned)
}

fn tail(name: &str) -> &str {
    name.rsplit(['/', ':', '#']).next().unwrap_or(name)
}

fn unused(mapping: &AttributeMapping, input: &AttributeBag) -> Vec<String> {
    let in_fields = |name: &str| {
        mapping.fields.values().any(|rule| {
            rule.from.iter().any(|source| match source {
                Source::Attribute(wanted) => rule.case.same(wanted, name),
                Source::NameId | Source::Value(_) => false,
            })
        })
    };
    let in_roles = |name: &str| reads(&mapping.roles, name);
    input.names().filter(|name| !in_fields(name) && !in_roles(name)).map(str::to_owned).collect()
}

fn reads(rules: &RoleRules, name: &str) -> bool {
    rules.rules().iter().any(|rule| rule.reads(name))
}
