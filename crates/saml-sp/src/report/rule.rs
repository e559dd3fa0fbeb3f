//! The rules by name: what each says and where it stands.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// A rule of this crate: the id that refusals carry, what it says, and the section of the standard that it comes from.
///
/// ```
/// let rule = saml_sp::Rule::find("RSP-04").ok_or("no such rule")?;
/// assert!(rule.source.contains("Core 3.2.2"));
/// # Ok::<(), &str>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The id, such as `RSP-04`: the code of a refusal.
    pub id: String,
    /// What it says, in a sentence.
    pub text: String,
    /// Where it comes from: sections of the standards, or `own choice`.
    pub source: String,
    /// How strongly: `must`, `should`, `may`, or `choice` where the standards are silent.
    pub level: String,
}

impl Rule {
    /// Finds a rule by its id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.get(id)
    }

    /// Gives every rule, by id.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        RULES.values()
    }
}

/// Data of this crate: a mistake in it is found by a test, and makes an empty table here.
static RULES: LazyLock<BTreeMap<String, Rule>> = LazyLock::new(|| {
    let rules: Vec<Rule> = serde_json::from_str(include_str!("../data/rules.json")).unwrap_or_default();
    rules.into_iter().map(|rule| (rule.id.clone(), rule)).collect()
});
