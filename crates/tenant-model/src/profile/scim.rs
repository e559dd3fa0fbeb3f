//! The provisioning part of a product.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::saml::TenantFrom;
use crate::blast_radius::BlastLimit;
use crate::capabilities::{
    AttrOverride, Capabilities, Filters, Operation, PageSizes, Password, PatchAnswer, QuirkPreset,
    ResourceTypeDefinition, SchemeWord, UnknownSort,
};
use crate::connection::Outsiders;
use crate::ids::{AttrName, ResourceName};
use crate::mapping::{AccountField, DepartmentRule, FieldRule};
use crate::path_template::PathTemplate;

/// The provisioning part of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimProfile {
    /// Whether an admin must switch it on first.
    #[serde(default)]
    pub toggle: bool,
    /// The base path to show to admins.
    pub base: PathTemplate,
    /// Further base paths that work alike.
    #[serde(default)]
    pub also_at: Vec<PathTemplate>,
    /// The word before the token.
    #[serde(default)]
    pub header: SchemeWord,
    /// Where a request names its tenant.
    #[serde(default)]
    pub tenant_from: TenantFrom,
    /// See [`Capabilities::resources`].
    pub resources: BTreeMap<ResourceName, BTreeSet<Operation>>,
    /// Where the department of a user comes from.
    #[serde(default)]
    pub departments: DepartmentRule,
    /// Where further fields of an account come from.
    #[serde(default)]
    pub fields: BTreeMap<AccountField, FieldRule>,
    /// What happens to users whose address is not the tenant's.
    #[serde(default)]
    pub outsiders: Outsiders,
    /// How many people a directory may switch off within an hour.
    #[serde(default)]
    pub deactivations: BlastLimit,
    /// See [`Capabilities::page`].
    #[serde(default)]
    pub page: PageSizes,
    /// See [`Capabilities::filters`].
    #[serde(default)]
    pub filters: Filters,
    /// See [`Capabilities::sort`].
    #[serde(default)]
    pub sort: bool,
    /// See [`Capabilities::bulk`].
    #[serde(default)]
    pub bulk: bool,
    /// See [`Capabilities::etag`].
    #[serde(default = "yes")]
    pub etag: bool,
    /// See [`Capabilities::password`].
    #[serde(default)]
    pub password: Password,
    /// See [`Capabilities::unique`].
    #[serde(default)]
    pub unique: Vec<AttrName>,
    /// See [`Capabilities::overrides`].
    #[serde(default)]
    pub overrides: Vec<AttrOverride>,
    /// See [`Capabilities::extensions`].
    #[serde(default)]
    pub extensions: Vec<Value>,
    /// See [`Capabilities::schemas`].
    #[serde(default)]
    pub schemas: Vec<Value>,
    /// See [`Capabilities::resource_types`].
    #[serde(default)]
    pub resource_types: Vec<ResourceTypeDefinition>,
    /// See [`Capabilities::quirks`].
    #[serde(default)]
    pub quirks: QuirkPreset,
    /// See [`Capabilities::quirk_switches`].
    #[serde(default)]
    pub quirk_switches: BTreeMap<AttrName, bool>,
    /// See [`Capabilities::patch_answer`].
    #[serde(default)]
    pub patch_answer: PatchAnswer,
    /// See [`Capabilities::unknown_sort`].
    #[serde(default)]
    pub unknown_sort: UnknownSort,
    /// See [`Capabilities::sensitive`].
    #[serde(default)]
    pub sensitive: Vec<AttrName>,
}

impl ScimProfile {
    /// What a tenant of the product may do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            resources: self.resources.clone(),
            page: self.page,
            filters: self.filters.clone(),
            sort: self.sort,
            bulk: self.bulk,
            etag: self.etag,
            password: self.password,
            unique: self.unique.clone(),
            overrides: self.overrides.clone(),
            extensions: self.extensions.clone(),
            schemas: self.schemas.clone(),
            resource_types: self.resource_types.clone(),
            quirks: self.quirks,
            quirk_switches: self.quirk_switches.clone(),
            patch_answer: self.patch_answer,
            unknown_sort: self.unknown_sort,
            sensitive: self.sensitive.clone(),
        }
    }
}

fn yes() -> bool {
    true
}
