//! What an admin should change, in the words of their own identity provider's console.

mod near_miss;
mod problem;
mod template;

pub use near_miss::NearMiss;
pub use problem::{Problem, ProblemKind, Severity};

pub(crate) use near_miss::is_guid;

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::{Product, report::Ours};
use template::render;

/// What each product's console calls its settings, and the steps that mend each problem.
///
/// Labels change from release to release, so they are data with a grade that says how sure each is, and a host can
/// replace any of them.
///
/// ```
/// use saml_sp::{Guide, Label, Product};
///
/// let guide = Guide::default();
/// assert_eq!(guide.label(Product::EntraId, "entity_id").ok_or("no label")?.label, "Identifier (Entity ID)");
///
/// let guide = guide.with_label(Product::EntraId, "entity_id", Label::new("Bezeichner", "Einmaliges Anmelden"));
/// assert_eq!(guide.label(Product::EntraId, "entity_id").ok_or("no label")?.label, "Bezeichner");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guide {
    labels: BTreeMap<(Product, String), Label>,
    values: BTreeMap<String, String>,
}

impl Guide {
    /// Replaces or adds what a product calls a setting; `topic` is its name in data, such as `acs` or `entity_id`.
    #[must_use]
    pub fn with_label(mut self, product: Product, topic: &str, label: Label) -> Self {
        self.labels.insert((product, topic.to_owned()), label);
        self
    }

    /// Sets a value that only the host knows: `login` (where logins start), `enc_cert` and `sign_cert` (where our
    /// certificates can be downloaded). Without them the steps say it in words.
    #[must_use]
    pub fn with_value(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Gives what a product calls a setting.
    #[must_use]
    pub fn label(&self, product: Product, topic: &str) -> Option<&Label> {
        self.labels
            .get(&(product, topic.to_owned()))
            .or_else(|| PRODUCTS.get(product.id())?.labels.get(topic))
    }

    /// Gives the name of a product as it calls itself.
    #[must_use]
    pub fn name(product: Product) -> &'static str {
        PRODUCTS.get(product.id()).map_or("", |known| known.name.as_str())
    }

    /// Gives the messages with which a product stops people on its own pages, so that no response ever comes.
    ///
    /// A login that was begun and never answered usually ended there. The texts are for showing, never to branch on.
    #[must_use]
    pub fn messages(product: Product) -> &'static [ProviderMessage] {
        PRODUCTS.get(product.id()).map_or(&[], |known| known.messages.as_slice())
    }

    /// Gives the step that mends a problem, with the names of this side as placeholders.
    ///
    /// Where nothing is known of the product the step says it in general words.
    #[must_use]
    pub fn general_step(&self, kind: ProblemKind, product: Option<Product>) -> Option<Step> {
        self.fill(kind, product, &BTreeMap::new())
    }

    pub(crate) fn step(&self, problem: &Problem, product: Option<Product>, ours: &Ours) -> Option<Step> {
        let mut values = BTreeMap::from([
            ("entity_id", ours.entity_id.as_str()),
            ("acs", ours.acs.as_str()),
            ("idp_entity_id", ours.idp.as_str()),
        ]);
        let optional = [
            ("slo", ours.slo.as_deref()),
            ("expected", problem.expected.as_deref()),
            ("found", problem.found.as_deref()),
        ];
        values.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        self.fill(problem.kind, product, &values)
    }

    fn fill(
        &self,
        kind: ProblemKind,
        product: Option<Product>,
        values: &BTreeMap<&str, &str>,
    ) -> Option<Step> {
        let known = STEPS.get(kind.id())?;
        let own = product.and_then(|product| Some((product, self.template(known, product)?)));
        let (id, template) = match own {
            Some((product, template)) => (format!("{}/{}", kind.id(), product.id()), template),
            None => (format!("{}/any", kind.id()), known.any.as_str()),
        };
        let text = render(template, |name| self.value(name, known, product, values));
        Some(Step { id, problem: kind, product: own.map(|(product, _)| product), text })
    }

    /// The product's own sentence, or the general one if the product's label for it is known.
    fn template<'s>(&self, known: &'s Steps, product: Product) -> Option<&'s str> {
        if let Some(own) = known.products.get(product.id()) {
            return Some(own);
        }
        self.label(product, known.topic.as_deref()?)?;
        known.generic.as_deref()
    }

    fn value<'v>(
        &'v self,
        name: &str,
        known: &Steps,
        product: Option<Product>,
        values: &BTreeMap<&str, &'v str>,
    ) -> Option<Cow<'v, str>> {
        let topic = known.topic.as_deref().unwrap_or_default();
        let of_label = |topic: &str| product.and_then(|product| self.label(product, topic));
        let (kind, topic) = name.split_once('.').unwrap_or((name, topic));
        match kind {
            "product" => Some(product.map_or("the identity provider", Self::name).into()),
            "label" => of_label(topic).map(|label| label.label.as_str().into()),
            "where" => of_label(topic).map(|label| label.place.as_str().into()),
            _ => match (values.get(name), self.values.get(name)) {
                (Some(value), _) => Some((*value).into()),
                (None, Some(value)) => Some(value.as_str().into()),
                (None, None) => {
                    IN_WORDS.iter().find(|(known, _)| *known == name).map(|(_, words)| Cow::Borrowed(*words))
                }
            },
        }
    }
}

/// What mends a problem in general words, with the two sides of a refusal.
pub(crate) fn in_general(kind: ProblemKind, expected: Option<&str>, found: Option<&str>) -> Option<String> {
    let sides = [("expected", expected), ("found", found)];
    let values = sides.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    Guide::default().fill(kind, None, &values).map(|step| step.text)
}

/// What a product's console calls a setting, and where it is.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The words on the page.
    pub label: String,
    /// Where the page is, from menu to field.
    #[serde(rename = "where")]
    pub place: String,
    /// How sure that is.
    pub grade: LabelGrade,
}

impl Label {
    /// Makes a label of the host's own.
    #[must_use]
    pub fn new(label: impl Into<String>, place: impl Into<String>) -> Self {
        Self { label: label.into(), place: place.into(), grade: LabelGrade::Host }
    }
}

/// How sure a label is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelGrade {
    /// The host said so.
    Host,
    /// Seen in what the product sends.
    Measured,
    /// From somebody else's guide.
    ThirdParty,
    /// From the product's own pages.
    Vendor,
}

/// A message on a page of the identity provider.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderMessage {
    /// The message, or its code.
    pub message: String,
    /// What causes it; `{entity_id}`, `{acs}` and `{sign_cert}` stand for this side's.
    pub cause: String,
    /// How sure that is.
    pub grade: LabelGrade,
}

/// A step that mends a problem.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, such as `audience/okta`, or `audience/any` if it is in general words.
    pub id: String,
    /// The problem that it mends.
    pub problem: ProblemKind,
    /// Whose words it uses; `None` for general words.
    pub product: Option<Product>,
    /// The sentence. It may hold what was found in a message, so escape it.
    pub text: String,
}

/// What stands in place of a value that isn't known.
const IN_WORDS: &[(&str, &str)] = &[
    ("acs", "the assertion consumer service URL of this connection"),
    ("enc_cert", "(from our metadata)"),
    ("entity_id", "the entity id of this service"),
    ("expected", "the expected value"),
    ("found", "what was found"),
    ("login", "the address where logins start here"),
    ("sign_cert", "(from our metadata)"),
    ("slo", "the logout address of this service"),
];

/// A product in data.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownProduct {
    name: String,
    labels: BTreeMap<String, Label>,
    messages: Vec<ProviderMessage>,
}

/// The steps of a problem in data.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    title: String,
    /// Who can mend it.
    whose: String,
    any: String,
    #[serde(default)]
    topic: Option<String>,
    #[serde(default)]
    generic: Option<String>,
    products: BTreeMap<String, String>,
}

fn steps_of(kind: ProblemKind) -> Option<&'static Steps> {
    STEPS.get(kind.id())
}

/// Data of this crate: a mistake in it is found by a test, and makes an empty table here.
static PRODUCTS: LazyLock<BTreeMap<String, KnownProduct>> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/products.json")).unwrap_or_default());
static STEPS: LazyLock<BTreeMap<String, Steps>> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/steps.json")).unwrap_or_default());

#[cfg(test)]
mod tests;
