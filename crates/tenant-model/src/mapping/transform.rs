//! What may be done with a value on its way into a field: a closed list, so that a mapping is data and never a program.

use serde::{Deserialize, Serialize};

/// One step. A step that does not fit the value leaves no value, and the next source is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// What stands after the last of a text, e.g. the domain after `@`.
    After(String),
    /// What stands before the first of a text, e.g. the local part before `@`.
    Before(String),
    /// A part of a list in one value, counted from 0, e.g. of `red,green`.
    Item {
        /// What divides the list.
        of: String,
        /// Which part.
        at: usize,
    },
    /// ASCII letters in lower case.
    Lower,
    /// A value for each of some values; others have none.
    OneOf(std::collections::BTreeMap<String, String>),
    /// Without a text that it must begin with, e.g. `CORP\`.
    WithoutPrefix(String),
    /// Without a text that it must end with.
    WithoutSuffix(String),
}

impl Transform {
    /// The value after all steps, trimmed; `None` if one of them does not fit or nothing is left.
    pub(super) fn all(steps: &[Self], value: &str) -> Option<String> {
        let done = steps.iter().try_fold(value.to_owned(), |value, step| step.one(&value))?;
        let done = done.trim();
        (!done.is_empty()).then(|| done.to_owned())
    }

    fn one(&self, value: &str) -> Option<String> {
        match self {
            Self::After(text) => value.rsplit_once(text.as_str()).map(|(_, after)| after),
            Self::Before(text) => value.split_once(text.as_str()).map(|(before, _)| before),
            Self::Item { of, at } if !of.is_empty() => value.split(of.as_str()).nth(*at),
            Self::Item { .. } => None,
            Self::Lower => return Some(value.to_ascii_lowercase()),
            Self::OneOf(values) => values.get(value).map(String::as_str),
            Self::WithoutPrefix(text) => value.strip_prefix(text.as_str()),
            Self::WithoutSuffix(text) => value.strip_suffix(text.as_str()),
        }
        .map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountField, AttributeBag, AttributeMapping, apply};

    fn run(steps: &str, value: &str) -> Option<String> {
        let steps: Vec<Transform> = serde_json::from_str(steps).unwrap();
        Transform::all(&steps, value)
    }

    #[test]
    fn each_step_does_what_its_name_says_or_leaves_no_value() {
        for (steps, value, expected) in [
            (r#"[]"#, " a ", Some("a")),
            (r#"["lower"]"#, "Alice@Example.COM", Some("alice@example.com")),
            (r#"["lower"]"#, "\u{212a}", Some("\u{212a}")),
            (r#"[{"before": "@"}]"#, "alice@b@c", Some("alice")),
            (r#"[{"after": "@"}]"#, "alice@b@c", Some("c")),
            (r#"[{"before": "@"}]"#, "alice", None),
            (r#"[{"before": "@"}]"#, "@c", None),
            (r#"[{"without_prefix": "CORP\\"}]"#, "CORP\\alice", Some("alice")),
            (r#"[{"without_prefix": "CORP\\"}]"#, "alice", None),
            (r#"[{"without_suffix": ".ext"}]"#, "alice.ext", Some("alice")),
            (r#"[{"without_suffix": ".ext"}]"#, "alice", None),
            (r#"[{"item": {"of": ",", "at": 1}}]"#, "red, green,blue", Some("green")),
            (r#"[{"item": {"of": ",", "at": 3}}]"#, "red, green,blue", None),
            (r#"[{"item": {"of": "", "at": 1}}]"#, "red", None),
            (r#"[{"one_of": {"R": "Research"}}]"#, "R", Some("Research")),
            (r#"[{"one_of": {"R": "Research"}}]"#, "S", None),
            (r#"[{"after": "@"}, {"before": "."}]"#, "a@corp.example", Some("corp")),
        ] {
            assert_eq!(run(steps, value).as_deref(), expected, "{steps} {value}");
        }
        assert!(serde_json::from_str::<Transform>(r#"{"eval": "x"}"#).is_err());
    }

    #[test]
    fn a_step_that_does_not_fit_lets_the_next_source_speak() {
        let mapping: AttributeMapping = serde_json::from_str(
            r#"{"fields": {"uid": {"from": ["a", "b"], "required": true, "transform": [{"without_prefix": "x-"}]}}}"#,
        )
        .unwrap();
        let uid = |a: &str, b: &str| {
            let mapped = apply(&mapping, &AttributeBag::new(None, [("a", [a]), ("b", [b])]));
            mapped.map(|m| m.fields[&AccountField::Uid].clone()).map_err(|e| e.code())
        };
        assert_eq!(uid("x-1", "x-2").as_deref(), Ok("1"));
        assert_eq!(uid("1", "x-2").as_deref(), Ok("2"));
        assert_eq!(uid("1", "2"), Err("mapping.malformed"));
    }

    // TEN-07: an address that a step makes is one that the assertion claims.
    #[test]
    fn a_step_cannot_bring_a_foreign_address_past_the_check_of_domains() {
        use crate::fixtures::{at, named, saml, tenant};
        let mut connection = saml();
        let text =
            r#"{"from": ["code"], "transform": [{"one_of": {"1": "a@evil.org", "2": "a@example.com"}}]}"#;
        connection.mapping.fields.insert(AccountField::Email, serde_json::from_str(text).unwrap());
        let query = |code: &str| {
            let mut who = named("a1");
            who.attributes = AttributeBag::new(None, [("code", [code])]);
            crate::login_query(&tenant(), &connection, &who, at(0)).map(|_| ()).map_err(|r| r.code())
        };
        assert_eq!((query("1"), query("2")), (Err("login.domain_not_verified"), Ok(())));
    }
}
