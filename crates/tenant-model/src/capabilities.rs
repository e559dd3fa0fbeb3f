//! What a tenant may do over SCIM, and how its token is sent.

mod resource_type;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use resource_type::{ResourceEndpoint, ResourceTypeDefinition, SchemaUse};

use crate::ids::{AttrName, IdError, ResourceName};

/// What a tenant may do over SCIM; the discovery endpoints are made from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// The resource types that exist, and what may be done with each. A type that is not here does not exist.
    pub resources: BTreeMap<ResourceName, BTreeSet<Operation>>,
    /// Page sizes of lists.
    pub page: PageSizes,
    /// What the product's own guide says about filters.
    pub filters: Filters,
    /// Whether `sortBy` works.
    pub sort: bool,
    /// Whether `/Bulk` exists.
    pub bulk: bool,
    /// Whether versions are sent and `If-Match` is honoured.
    pub etag: bool,
    /// Whether and how `password` is taken.
    pub password: Password,
    /// Attribute paths whose values are unique in the tenant, besides `userName`.
    pub unique: Vec<AttrName>,
    /// Changes to the standard schemas.
    pub overrides: Vec<AttrOverride>,
    /// Further schemas, each a schema definition as RFC 7643 section 7 has it, with `on` naming the resource type and,
    /// if wanted, `required` saying whether each resource of it must have the extension.
    pub extensions: Vec<Value>,
    /// Schema definitions as RFC 7643 section 7 has them, for [`Capabilities::resource_types`] to name.
    pub schemas: Vec<Value>,
    /// Resource types of the product's own.
    pub resource_types: Vec<ResourceTypeDefinition>,
    /// Which deviations of known clients are understood.
    pub quirks: QuirkPreset,
    /// Single deviations, on or off whatever [`Capabilities::quirks`] says.
    pub quirk_switches: BTreeMap<AttrName, bool>,
    /// What a PATCH is answered with.
    pub patch_answer: PatchAnswer,
    /// What `sortBy` with a name that no resource type has means.
    pub unknown_sort: UnknownSort,
    /// Attribute paths that a filter in a URL may not name, because URLs end up in logs (RFC 7644 7.5.2). Clients ask by
    /// POST to `/.search` then. Known identity providers do not, so this is for other clients.
    pub sensitive: Vec<AttrName>,
}

impl Capabilities {
    /// Whether an operation on a resource type exists.
    #[must_use]
    pub fn allows(&self, resource: &str, operation: Operation) -> bool {
        self.resources.get(resource).is_some_and(|operations| operations.contains(&operation))
    }
}

impl Default for Capabilities {
    /// Nothing is allowed.
    fn default() -> Self {
        Self {
            resources: BTreeMap::new(),
            page: PageSizes::default(),
            filters: Filters::default(),
            sort: false,
            bulk: false,
            etag: true,
            password: Password::default(),
            unique: Vec::new(),
            overrides: Vec::new(),
            extensions: Vec::new(),
            schemas: Vec::new(),
            resource_types: Vec::new(),
            quirks: QuirkPreset::default(),
            quirk_switches: BTreeMap::new(),
            patch_answer: PatchAnswer::default(),
            unknown_sort: UnknownSort::default(),
            sensitive: Vec::new(),
        }
    }
}

/// What may be done with the resources of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// POST.
    Create,
    /// DELETE.
    Delete,
    /// PATCH.
    Patch,
    /// GET of one and of lists.
    Read,
    /// PUT.
    Replace,
}

/// Page sizes of lists: `default` where the client names none, never more than `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PageSizesText")]
pub struct PageSizes {
    default: u32,
    max: u32,
}

impl PageSizes {
    /// Page sizes, checked: `1 <= default <= max`.
    ///
    /// # Errors
    /// [`PageSizesError`] otherwise.
    pub fn new(default: u32, max: u32) -> Result<Self, PageSizesError> {
        if default == 0 || default > max {
            return Err(PageSizesError { default, max });
        }
        Ok(Self { default, max })
    }

    /// Results on a page when the client names no number.
    #[must_use]
    pub fn default_size(self) -> u32 {
        self.default
    }

    /// Most results on a page.
    #[must_use]
    pub fn max_size(self) -> u32 {
        self.max
    }
}

impl Default for PageSizes {
    fn default() -> Self {
        // What clients ask for when they ask: 100 at a time; 200 is the most that the known ones expect.
        Self { default: 100, max: 200 }
    }
}

/// Page sizes that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("page sizes must be 1 <= default <= max, found default {default} and max {max}")]
pub struct PageSizesError {
    /// The default given.
    pub default: u32,
    /// The maximum given.
    pub max: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageSizesText {
    default: u32,
    max: u32,
}

impl TryFrom<PageSizesText> for PageSizes {
    type Error = PageSizesError;

    fn try_from(text: PageSizesText) -> Result<Self, PageSizesError> {
        Self::new(text.default, text.max)
    }
}

/// What a product's guide says about filters. Every filter works all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filters {
    /// Nothing in particular.
    #[default]
    All,
    /// The attributes that the guide names.
    Documented(Vec<AttrName>),
}

/// What happens to `password`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Password {
    /// Taken and kept as a hash by the host; never returned (RFC 7643 4.1.1).
    AcceptedNeverReturned,
    /// Taken from the request and dropped: sign-in goes through the identity provider.
    #[default]
    Ignored,
}

/// A change to an attribute of a standard schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttrOverride {
    /// The attribute's path.
    pub attr: AttrName,
    /// Another mutability, e.g. `immutable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutability: Option<Mutability>,
    /// Whether a value is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// What values must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ValueFormat>,
}

/// Mutability of an attribute (RFC 7643 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Set once.
    Immutable,
    /// Set by the server.
    ReadOnly,
    /// Set by anyone.
    ReadWrite,
    /// Set and never returned.
    WriteOnly,
}

/// What a value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueFormat {
    /// A mail address.
    Email,
    /// A mail address at a domain that the tenant has verified.
    EmailAtVerifiedDomain,
}

/// Which deviations of known clients are understood. The SCIM crates give each name its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuirkPreset {
    /// What Microsoft Entra ID sends.
    Entra,
    /// What Okta sends.
    Okta,
    /// What OneLogin sends.
    Onelogin,
    /// The standard's text, nothing else.
    #[default]
    Strict,
    /// What Okta, Entra and the other known clients send.
    Tolerant,
}

/// What a PATCH that does not ask for `attributes` is answered with. RFC 7644 3.5.2 allows both for every type; a
/// request that asks for attributes always gets 200 and them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchAnswer {
    /// 204 for groups, so that no member list is read to say that one member came; 200 and the resource for others.
    #[default]
    ByType,
    /// 204.
    NoContent,
    /// 200 and the resource.
    Resource,
}

/// What `sortBy` with a name that no resource type has means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownSort {
    /// No resource has data for it, so they stay in their order (RFC 7644 3.4.2.3).
    #[default]
    Ignore,
    /// The request is refused with 400, so that a mistyped name is seen.
    Refuse,
}

/// How a client proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthScheme {
    /// An access token of an OAuth client, as `Bearer` (TOK-12).
    ClientCredentials,
    /// A static token in the `Authorization` header.
    Header(SchemeWord),
}

impl Default for AuthScheme {
    fn default() -> Self {
        Self::Header(SchemeWord::Bearer)
    }
}

/// The word before the token in the `Authorization` header, in any case (RFC 9110 11.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SchemeWord {
    /// Any word or none.
    Any,
    /// `Bearer` (RFC 6750).
    #[default]
    Bearer,
    /// A word of the product's own, kept in lower case.
    Custom(String),
    /// No word: the header's value is the token.
    Nothing,
    /// `token`.
    Token,
}

impl SchemeWord {
    /// Whether a header with this word before the token is taken.
    #[must_use]
    pub fn accepts(&self, word: Option<&str>) -> bool {
        let is = |want: &str| word.is_some_and(|w| w.eq_ignore_ascii_case(want));
        match self {
            Self::Any => true,
            Self::Bearer => is("bearer"),
            Self::Custom(want) => is(want),
            Self::Nothing => word.is_none(),
            Self::Token => is("token"),
        }
    }
}

impl From<SchemeWord> for String {
    fn from(word: SchemeWord) -> Self {
        match word {
            SchemeWord::Any => "any".to_owned(),
            SchemeWord::Bearer => "Bearer".to_owned(),
            SchemeWord::Custom(word) => word,
            SchemeWord::Nothing => "none".to_owned(),
            SchemeWord::Token => "token".to_owned(),
        }
    }
}

impl TryFrom<String> for SchemeWord {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        const KIND: &str = "scheme word";
        let word = text.to_ascii_lowercase();
        match word.as_str() {
            "any" => Ok(Self::Any),
            "bearer" => Ok(Self::Bearer),
            "none" => Ok(Self::Nothing),
            "token" => Ok(Self::Token),
            "" => Err(IdError::Empty { kind: KIND }),
            // `Basic` carries a password in base64, not one of our tokens.
            "basic" => Err(IdError::Form { kind: KIND, expected: "any word but Basic" }),
            _ if word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && word.len() <= 32 => {
                Ok(Self::Custom(word))
            }
            _ => Err(IdError::Form { kind: KIND, expected: "at most 32 letters, digits or '-'" }),
        }
    }
}
