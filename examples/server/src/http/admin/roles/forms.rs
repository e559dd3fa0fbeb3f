//! The rules as a page shows them, each with its forms.

use std::fmt::Write as _;

use maud::{Markup, html};
use sha2::{Digest as _, Sha256};
use tenant_model::{AttributeMapping, DepartmentRule, Right, RoleName, RoleRule, Several, UnknownRole};

use super::super::form::{self, Errors, Input, select};
use super::super::guard::InTenant;
use super::Side;
use super::asked::{Asked, NEW};

/// The rules with their forms; `groups` are those to choose from, each with its id and its name.
pub(in crate::http::admin) fn section(
    at: &InTenant,
    here: &str,
    side: Side,
    mapping: &AttributeMapping,
    groups: &[(String, String)],
    asked: &Asked,
    errors: &Errors,
) -> Markup {
    let rules = &mapping.roles;
    let may = at.may(&Right::Members);
    let forms = Forms { at, here, side, mapping, groups, asked, errors };
    html! {
        section aria-labelledby="roles" {
            h2 #roles { "Roles" }
            @if rules.catalogue().is_empty() { p { "This product has no roles." } }
            @else {
                p { "The product's roles: " @for role in rules.catalogue() {
                    code { (role.name) } @if role.admin { " " span.tag { "administers" } } " "
                } }
                @if rules.rules().is_empty() { p.quiet #no-rules { "There is no rule." } }
                @else {
                    p.hint { "Every rule that fits counts; the order is only that of this list." }
                    ol.rules {
                        @for (index, rule) in rules.rules().iter().enumerate() {
                            li id=(format!("rule-{index}")) { (words(rule, groups)) @if may { (forms.existing(index, rule)) } }
                        }
                    }
                }
                @if may { (forms.addition()) }
            }
            @if may { (forms.defaults()) } @else { p { "Whoever has the right to manage members can change the rules." } }
        }
    }
}

/// What every form of the section needs.
struct Forms<'a> {
    at: &'a InTenant,
    here: &'a str,
    side: Side,
    mapping: &'a AttributeMapping,
    groups: &'a [(String, String)],
    asked: &'a Asked,
    errors: &'a Errors,
}

impl Forms<'_> {
    fn existing(&self, index: usize, rule: &RoleRule) -> Markup {
        let name = index.to_string();
        let typed = self.asked.form == name;
        let asked = if typed { self.asked.clone() } else { Asked::of(rule) };
        let last = self.mapping.roles.rules().len().saturating_sub(1);
        let number = index.saturating_add(1);
        html! {
            (form::post(&self.at.by, &format!("{}/{index}", self.here), html! {
                (self.seen())
                @if index > 0 { button.plain type="submit" name="do" value="up" aria-label=(format!("Move rule {number} up")) { "Up" } }
                @if index < last { button.plain type="submit" name="do" value="down" aria-label=(format!("Move rule {number} down")) { "Down" } }
                button.danger type="submit" name="do" value="delete" id=(format!("delete-{index}")) aria-label=(format!("Delete rule {number}")) { "Delete" }
                details open[typed] {
                    summary { "Change rule " (number) }
                    (self.fields(&format!("r{index}"), &asked))
                    button type="submit" name="do" value="change" id=(format!("change-{index}")) { "Save rule " (number) }
                }
            }))
        }
    }

    fn addition(&self) -> Markup {
        let asked = if self.asked.form == NEW { self.asked.clone() } else { Asked::default() };
        html! {
            h3 { "New rule" }
            (form::post(&self.at.by, self.here, html! {
                (self.seen())
                (self.fields(NEW, &asked))
                button type="submit" name="do" value="add" id="add-rule" { "Add the rule" }
            }))
        }
    }

    fn fields(&self, prefix: &str, asked: &Asked) -> Markup {
        let name = |part: &str| format!("{prefix}-{part}");
        let errors = self.errors;
        let mut kinds = vec![("equals", "An attribute has a value")];
        if self.side == Side::Directory {
            kinds.push(("group", "The person is in a group"));
        }
        kinds.push(("value", "Each value of an attribute is the name of a role"));
        let mut roles = vec![("", "–")];
        roles.extend(self.catalogue());
        let from = match self.side {
            Side::Directory => {
                "For the first and the last kind: the path, such as userType, title or that of an extension: urn:…:User:division."
            }
            Side::Login => {
                "The attribute's Name as the provider sends it, compared exactly; never its friendly name."
            }
        };
        let known = name("known-groups");
        html! {
            (select(&name("kind"), "If", None, &kinds, &asked.kind, errors))
            (Input::new(&name("from"), "Attribute").optional().value(&asked.from).hint(from).show(errors))
            (Input::new(&name("value"), "Value").optional().value(&asked.value).hint("For the first kind, compared exactly.").show(errors))
            @if self.side == Side::Directory {
                (Input::new(&name("group"), "Group").optional().value(&asked.group).list(&known)
                    .hint("Its id here: rules follow ids, so that renaming a group takes no role away.").show(errors))
                datalist id=(known) { @for (id, display) in self.groups { option value=(id) { (display) } } }
            }
            (select(&name("grant"), "Role", Some("For the last kind nothing: the values name the roles."), &roles, &asked.grant, errors))
        }
    }

    fn defaults(&self) -> Markup {
        let rules = &self.mapping.roles;
        let mut roles = vec![("", "No role")];
        roles.extend(self.catalogue());
        let unknown = if rules.unknown() == UnknownRole::Ignore { "ignore" } else { "refuse" };
        let several = if rules.several() == Several::Union { "union" } else { "highest" };
        let departments = if self.mapping.departments == DepartmentRule::Groups { "groups" } else { "field" };
        let chosen = rules.default_role().map_or("", RoleName::as_str);
        let errors = self.errors;
        let refuses = match self.side {
            Side::Directory => "The request is refused, and the directory shows the value",
            Side::Login => "The login is refused, and the person is told",
        };
        html! {
            @if !rules.catalogue().is_empty() || self.side == Side::Directory {
                h3 { "What else counts" }
                (form::post(&self.at.by, self.here, html! {
                    (self.seen())
                    @if !rules.catalogue().is_empty() {
                        (select("default-role", "Without a rule that fits", None, &roles, chosen, errors))
                        (select("unknown", "A value that is no role", None, &[("refuse", refuses), ("ignore", "It gives nothing, and the rest counts")], unknown, errors))
                        (select("several", "Several roles", None, &[("highest", "The highest counts"), ("union", "All count")], several, errors))
                    }
                    @if self.side == Side::Directory {
                        (select("departments", "The department is", None, &[("field", "what the directory sends as such"), ("groups", "a group of the person")], departments, errors))
                    }
                    button type="submit" name="do" value="defaults" id="save-defaults" { "Save these" }
                }))
            }
        }
    }

    fn catalogue(&self) -> impl Iterator<Item = (&str, &str)> {
        self.mapping.roles.catalogue().iter().map(|role| {
            let name = role.name.as_str();
            (name, role.display.as_deref().unwrap_or(name))
        })
    }

    /// So that nobody changes another rule than the one that they saw.
    fn seen(&self) -> Markup {
        html! { input type="hidden" name="seen" value=(print(self.mapping)); }
    }
}

fn words(rule: &RoleRule, groups: &[(String, String)]) -> Markup {
    html! {
        @match rule {
            RoleRule::Equals { from, value, grant } => { "If " code { (from) } " is " code { (value) } ": " code { (grant) } },
            RoleRule::Group { id, grant } => {
                "Members of the group "
                @match groups.iter().find(|(known, _)| known == id.as_str()) {
                    Some((_, display)) => { strong { (display) } " (" code { (id) } ")" },
                    None => code { (id) },
                }
                ": " code { (grant) }
            },
            RoleRule::ValueIsRole(from) => { "Each value of " code { (from) } " is the name of a role" },
        }
    }
}

/// A fingerprint of the rules that a page shows.
pub(super) fn print(mapping: &AttributeMapping) -> String {
    let text = serde_json::to_vec(&(&mapping.roles, mapping.departments)).unwrap_or_default();
    let mut out = String::new();
    for byte in Sha256::digest(&text).iter().take(12) {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
