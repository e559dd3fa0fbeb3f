//! What the forms for rules ask for.

use tenant_model::{
    AttrName, AttributeMapping, DepartmentRule, GroupKey, RoleName, RoleRule, RoleRules, RuleChange, Several,
    UnknownRole,
};

use super::super::form::Errors;
use super::super::guard::InTenant;
use super::Side;
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::params::Params;

/// A rule as it was filled in, and in which form.
#[derive(Clone, Debug, Default)]
pub(in crate::http::admin) struct Asked {
    pub(super) form: String,
    pub(super) kind: String,
    pub(super) from: String,
    pub(super) value: String,
    pub(super) group: String,
    pub(super) grant: String,
}

impl Asked {
    /// What the form at `place` holds: that of a rule, or that of a new one.
    pub(in crate::http::admin) fn read(form: &Params, place: &str) -> Result<Self, Refusal> {
        let (prefix, name) = match place {
            "" => (NEW.to_owned(), NEW.to_owned()),
            index => (format!("r{index}"), index.to_owned()),
        };
        let text = |part: &str| {
            form.one(&format!("{prefix}-{part}")).map(|value| value.unwrap_or_default().trim().to_owned())
        };
        Ok(Self {
            form: name,
            kind: text("kind")?,
            from: text("from")?,
            value: text("value")?,
            group: text("group")?,
            grant: text("grant")?,
        })
    }

    pub(super) fn of(rule: &RoleRule) -> Self {
        let mut out = Self::default();
        match rule {
            RoleRule::Equals { from, value, grant } => {
                out.kind = "equals".to_owned();
                out.from = from.to_string();
                out.value.clone_from(value);
                out.grant = grant.to_string();
            }
            RoleRule::Group { id, grant } => {
                out.kind = "group".to_owned();
                out.group = id.to_string();
                out.grant = grant.to_string();
            }
            RoleRule::ValueIsRole(from) => {
                out.kind = "value".to_owned();
                out.from = from.to_string();
            }
        }
        out
    }

    pub(super) fn id(&self, part: &str) -> String {
        if self.form == NEW { format!("{NEW}-{part}") } else { format!("r{}-{part}", self.form) }
    }

    fn rule(&self, side: Side, rules: &RoleRules) -> Result<RoleRule, Errors> {
        let mut errors = Errors::default();
        let mut wrong = |part: &str, text: String| errors.add(&self.id(part), text);
        let from = || AttrName::parse(&self.from).map_err(|error| sentence(&error.to_string()));
        let grant = || {
            let known: Vec<&str> = rules.catalogue().iter().map(|role| role.name.as_str()).collect();
            RoleName::parse(&self.grant)
                .ok()
                .filter(|role| known.contains(&role.as_str()))
                .ok_or_else(|| format!("Choose one of the product's roles: {}", known.join(", ")))
        };
        let value = || {
            let plain = !self.value.is_empty() && self.value.len() <= MOST_BYTES;
            if plain && !self.value.chars().any(char::is_control) {
                return Ok(self.value.clone());
            }
            Err(format!("Give the value, in one line of at most {MOST_BYTES} bytes"))
        };
        let group = || GroupKey::parse(&self.group).map_err(|error| sentence(&error.to_string()));
        let rule = match (self.kind.as_str(), side) {
            ("equals", _) => {
                let (from, value, grant) = (from(), value(), grant());
                for (part, error) in [
                    ("from", from.as_ref().err()),
                    ("value", value.as_ref().err()),
                    ("grant", grant.as_ref().err()),
                ] {
                    error.into_iter().for_each(|error| wrong(part, error.clone()));
                }
                match (from, value, grant) {
                    (Ok(from), Ok(value), Ok(grant)) => Some(RoleRule::Equals { from, value, grant }),
                    _ => None,
                }
            }
            ("group", Side::Directory) => {
                let (id, grant) = (group(), grant());
                for (part, error) in [("group", id.as_ref().err()), ("grant", grant.as_ref().err())] {
                    error.into_iter().for_each(|error| wrong(part, error.clone()));
                }
                match (id, grant) {
                    (Ok(id), Ok(grant)) => Some(RoleRule::Group { id, grant }),
                    _ => None,
                }
            }
            ("value", _) => match from() {
                Ok(from) => Some(RoleRule::ValueIsRole(from)),
                Err(error) => {
                    wrong("from", error);
                    None
                }
            },
            _ => {
                wrong("kind", "Choose what the rule looks at".to_owned());
                None
            }
        };
        rule.ok_or(errors)
    }
}

/// What a form asks for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) rules: Vec<RuleChange>,
    pub(super) departments: Option<DepartmentRule>,
}

/// Reads it.
pub(super) fn wanted(
    at: &InTenant,
    form: &Params,
    side: Side,
    old: &AttributeMapping,
    asked: &Asked,
) -> Result<Result<Wanted, Errors>, Refusal> {
    let one = |change| Ok(Ok(Wanted { rules: vec![change], departments: None }));
    let unknown = || Refusal::bad_request("admin.rule", "this form asks for nothing that there is");
    let index = match at.place("rule") {
        "" => None,
        place => Some(place.parse::<usize>().map_err(|_| unknown())?),
    };
    match (form.one("do")?.unwrap_or_default(), index) {
        ("add", None) => match asked.rule(side, &old.roles) {
            Ok(rule) => one(RuleChange::Add(rule)),
            Err(errors) => Ok(Err(errors)),
        },
        ("change", Some(index)) => match asked.rule(side, &old.roles) {
            Ok(rule) => one(RuleChange::Replace { index, rule }),
            Err(errors) => Ok(Err(errors)),
        },
        ("delete", Some(index)) => one(RuleChange::Remove(index)),
        ("up", Some(from)) => one(RuleChange::Move { from, to: from.saturating_sub(1) }),
        ("down", Some(from)) => one(RuleChange::Move { from, to: from.saturating_add(1) }),
        ("defaults", None) => defaults(form, side, &old.roles),
        _ => Err(unknown()),
    }
}

fn defaults(form: &Params, side: Side, old: &RoleRules) -> Result<Result<Wanted, Errors>, Refusal> {
    let mut out = Wanted::default();
    if let Some(text) = form.one("default-role")? {
        let role = match text {
            "" => None,
            text => match RoleName::parse(text) {
                Ok(role) => Some(role),
                Err(error) => return Ok(Err(Errors::one("default-role", sentence(&error.to_string())))),
            },
        };
        if role.as_ref() != old.default_role() {
            out.rules.push(RuleChange::Default(role));
        }
    }
    let unknown = match form.one("unknown")? {
        Some("ignore") => UnknownRole::Ignore,
        Some("refuse") => UnknownRole::Refuse,
        _ => old.unknown(),
    };
    if unknown != old.unknown() {
        out.rules.push(RuleChange::Unknown(unknown));
    }
    let several = match form.one("several")? {
        Some("highest") => Several::HighestPriority,
        Some("union") => Several::Union,
        _ => old.several(),
    };
    if several != old.several() {
        out.rules.push(RuleChange::Several(several));
    }
    if side == Side::Directory {
        out.departments = match form.one("departments")? {
            Some("groups") => Some(DepartmentRule::Groups),
            Some("field") => Some(DepartmentRule::Field),
            _ => None,
        };
    }
    Ok(Ok(out))
}

/// The form of a new rule.
pub(super) const NEW: &str = "new";
/// Enough for any value that a directory sends for a title or a group.
const MOST_BYTES: usize = 500;
