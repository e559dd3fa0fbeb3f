//! The login part of a product.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::connection::{DirectoryField, Jit, LinkPolicy, LoginPolicy, Relink, SubjectSource};
use crate::local_path::LocalPath;
use crate::mapping::{AccountField, FieldRule};
use crate::path_template::PathTemplate;
use crate::tenant::DomainPolicy;

/// The login part of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlProfile {
    /// Whose entity id it is.
    pub entity_id: EntityIdScheme,
    /// Where a request names its tenant.
    pub tenant_from: TenantFrom,
    /// Its endpoints.
    pub paths: SamlPaths,
    /// What the login endpoint answers.
    #[serde(default)]
    pub login_answer: LoginAnswer,
    /// What happens to a login that nobody asked for.
    #[serde(default)]
    pub idp_initiated: IdpInitiated,
    /// How an admin gives the provider's metadata.
    pub metadata_by: BTreeSet<MetadataBy>,
    /// The NameID format that is asked for.
    #[serde(default)]
    pub name_id: NameIdFormat,
    /// Whether someone without an account gets one.
    #[serde(default)]
    pub jit: Jit,
    /// What a first login may be linked by, besides the pairing.
    #[serde(default)]
    pub link: LinkPolicy,
    /// What happens when someone's name at the provider has changed.
    #[serde(default)]
    pub relink: Relink,
    /// The directory's fields that a login's key may equal.
    #[serde(default)]
    pub pairing: Vec<DirectoryField>,
    /// What names the account.
    #[serde(default = "name_id_alone")]
    pub subject: Vec<SubjectSource>,
    /// What addresses of unverified domains mean for new tenants.
    #[serde(default)]
    pub domains: DomainPolicy,
    /// Longest session, in minutes.
    #[serde(default = "session_max_minutes")]
    pub session_max_minutes: u32,
    /// Where the fields of an account come from.
    #[serde(default)]
    pub fields: BTreeMap<AccountField, FieldRule>,
}

/// Whose entity id the product uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityIdScheme {
    /// One for all tenants; the ACS URL tells the tenant.
    OneForAll,
    /// One for each connection.
    PerConnection,
}

/// Where a request names its tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantFrom {
    /// In the path.
    Path,
    /// In this parameter of the query.
    Query(String),
    /// In the token.
    #[default]
    Token,
}

/// The endpoints of the login part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlPaths {
    /// Our metadata.
    pub metadata: PathTemplate,
    /// The assertion consumer service.
    pub acs: PathTemplate,
    /// Starts a login.
    pub login: PathTemplate,
    /// Single logout.
    pub logout: PathTemplate,
    /// Takes the provider's metadata, if that has an endpoint.
    #[serde(default)]
    pub config: Option<PathTemplate>,
}

impl SamlPaths {
    /// All of them, each under its name.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, &PathTemplate)> {
        let four = [
            ("metadata", &self.metadata),
            ("acs", &self.acs),
            ("login", &self.login),
            ("logout", &self.logout),
        ];
        four.into_iter().chain(self.config.as_ref().map(|path| ("config", path))).collect()
    }
}

/// What the login endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginAnswer {
    /// JSON with `redirect_url`, for an application in the browser.
    JsonRedirectUrl,
    /// A redirect, for the browser itself.
    #[default]
    Redirect,
}

/// What happens to a login that nobody asked for (IdP-initiated).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdpInitiated {
    /// It is accepted and leads to this path, whatever relay state came.
    ///
    /// # Security
    /// Nothing ties it to the browser: someone can be signed in as somebody else (login CSRF).
    Accept(LocalPath),
    /// The browser is sent to begin a login of our own.
    Bounce,
    /// It is refused.
    #[default]
    Reject,
}

/// How an admin gives the provider's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataBy {
    /// As text.
    Paste,
    /// As a file.
    Upload,
    /// As an address to fetch it from.
    Url,
}

/// The NameID format that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NameIdFormat {
    /// A mail address.
    EmailAddress,
    /// An opaque name that stays.
    Persistent,
    /// None in particular: the provider chooses.
    #[default]
    Unspecified,
}

impl NameIdFormat {
    /// The format's URI (SAML Core 8.3); `None` if none is asked for.
    #[must_use]
    pub fn uri(self) -> Option<&'static str> {
        match self {
            Self::EmailAddress => Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
            Self::Persistent => Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            Self::Unspecified => None,
        }
    }
}

fn name_id_alone() -> Vec<SubjectSource> {
    LoginPolicy::default().subject
}

fn session_max_minutes() -> u32 {
    LoginPolicy::default().session_max_minutes
}
