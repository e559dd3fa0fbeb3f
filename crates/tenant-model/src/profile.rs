//! A product as data: what its customers' identity providers meet.

mod addresses;
mod check;
mod place;
mod saml;
mod scim;
mod types;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use addresses::SamlAddresses;
pub use saml::{
    EntityIdScheme, IdpInitiated, LoginAnswer, MetadataBy, NameIdFormat, SamlPaths, SamlProfile, TenantFrom,
};
pub use scim::ScimProfile;

use crate::capabilities::AuthScheme;
use crate::connection::{ConnectionState, LoginPolicy, Pairing, Provider, SamlConnection, ScimConnection};
use crate::ids::{ConnectionId, Generation, ProfileId, TenantId};
use crate::mapping::{AttributeMapping, RoleRules};
use crate::tenant::Tenant;
use crate::token::TokenPolicy;

/// A product as data: the default of everything a product decides.
///
/// Read from JSON; a key that is not known is an error. A further product is a further file.
///
/// ```
/// use tenant_model::{Operation, ProductProfile};
///
/// let toktra = ProductProfile::built_in("toktra").unwrap();
/// assert!(toktra.scim.capabilities().allows("Group", Operation::Create));
/// assert!(!toktra.scim.capabilities().allows("Group", Operation::Patch));
///
/// let wrong = ProductProfile::parse("{\n  \"id\": \"mine\",\n  \"scmi\": {}\n}").unwrap_err();
/// assert_eq!((wrong.line, wrong.field.as_str()), (3, "scmi"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductProfile {
    /// Its name.
    pub id: ProfileId,
    /// The name that people see.
    pub display_name: String,
    /// The identity providers that its guide names; empty means any. It picks hints, never what is accepted.
    #[serde(default)]
    pub providers: BTreeSet<Provider>,
    /// Whether a tenant may have several connections of a kind.
    #[serde(default)]
    pub several_providers: bool,
    /// Login, if the product has single sign-on.
    #[serde(default)]
    pub saml: Option<SamlProfile>,
    /// Provisioning.
    pub scim: ScimProfile,
    /// Tokens.
    #[serde(default)]
    pub tokens: TokenPolicy,
    /// Roles.
    #[serde(default)]
    pub roles: RoleRules,
    /// Events of other systems that it listens to.
    #[serde(default)]
    pub hooks: BTreeSet<Hook>,
    /// Its own SAML keys.
    #[serde(default)]
    pub sp_keys: SpKeys,
}

impl ProductProfile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError`] with line, column and field.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let profile: Self =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| ProfileError::new(json, &error))?;
        reader.end().map_err(|error| ProfileError::at(&error, String::new()))?;
        match check::problem(&profile) {
            Some((field, reason)) => Err(ProfileError::of_field(json, &field, reason)),
            None => Ok(profile),
        }
    }

    /// One of the profiles that come with this crate, see [`ProductProfile::BUILT_IN`].
    #[must_use]
    pub fn built_in(id: &str) -> Option<Self> {
        let (_, json) = Self::BUILT_IN.iter().find(|(name, _)| *name == id)?;
        Self::parse(json).ok()
    }

    /// The profiles that come with this crate: their ids and their JSON, as examples to start from.
    pub const BUILT_IN: [(&str, &str); 5] = [
        ("standard", include_str!("profiles/standard.json")),
        ("toktra", include_str!("profiles/toktra.json")),
        ("toplyne", include_str!("profiles/toplyne.json")),
        ("tonkean", include_str!("profiles/tonkean.json")),
        ("torii", include_str!("profiles/torii.json")),
    ];

    /// A new tenant of this product.
    #[must_use]
    pub fn tenant(&self, id: TenantId, display_name: &str) -> Tenant {
        let mut tenant = Tenant::new(id, display_name, self.id.clone());
        tenant.domain_policy = self.saml.as_ref().map(|saml| saml.domains).unwrap_or_default();
        tenant
    }

    /// A new login connection, paired with a directory if `directory` is given; `None` if the product has no single
    /// sign-on.
    #[must_use]
    pub fn saml_connection(
        &self,
        tenant: TenantId,
        id: ConnectionId,
        idp_entity_id: &str,
        directory: Option<ConnectionId>,
    ) -> Option<SamlConnection> {
        let saml = self.saml.as_ref()?;
        Some(SamlConnection {
            tenant,
            display_name: id.to_string(),
            id,
            provider: Provider::default(),
            state: ConnectionState::Active,
            generation: Generation::default(),
            idp_entity_id: idp_entity_id.to_owned(),
            sso_origins: BTreeSet::new(),
            trust: Vec::new(),
            policy: LoginPolicy {
                jit: saml.jit,
                link: saml.link,
                relink: saml.relink,
                subject: saml.subject.clone(),
                session_max_minutes: saml.session_max_minutes,
            },
            mapping: AttributeMapping {
                fields: saml.fields.clone(),
                roles: self.roles.clone(),
                departments: self.scim.departments,
            },
            pairing: directory.map(|scim| Pairing { scim, name_id_equals: saml.pairing.clone() }),
            last_login: None,
        })
    }

    /// A new directory connection; a draft if the product wants an admin to switch provisioning on first.
    #[must_use]
    pub fn scim_connection(&self, tenant: TenantId, id: ConnectionId) -> ScimConnection {
        ScimConnection {
            tenant,
            display_name: id.to_string(),
            id,
            provider: Provider::default(),
            state: if self.scim.toggle { ConnectionState::Draft } else { ConnectionState::Active },
            capabilities: self.scim.capabilities(),
            auth: AuthScheme::Header(self.scim.header.clone()),
            mapping: AttributeMapping {
                fields: self.scim.fields.clone(),
                roles: self.roles.clone(),
                departments: self.scim.departments,
            },
            outsiders: self.scim.outsiders,
            deactivations: self.scim.deactivations,
            last_request: None,
        }
    }
}

/// An event of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Hook {
    /// Okta tells that a user was deactivated.
    #[serde(rename = "okta:user.lifecycle.deactivate")]
    OktaUserDeactivate,
}

/// How the product changes its own SAML keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpKeys {
    /// Days on which metadata shows the old and the new key; then signing switches.
    pub overlap_days: u16,
}

impl Default for SpKeys {
    fn default() -> Self {
        // Providers that read metadata do so at least weekly; two weeks leave room for a missed one.
        Self { overlap_days: 14 }
    }
}

/// Where and why a profile cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, field `{field}`: {reason}")]
pub struct ProfileError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Path of the field, e.g. `scim.page`.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

impl ProfileError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "profile.invalid"
    }

    /// A mistake that a host found in a field of a profile that was read from this text, e.g. in a schema.
    #[must_use]
    pub fn of_field(json: &str, field: &str, reason: impl Into<String>) -> Self {
        let (line, column) = place::of(json, field);
        Self { line, column, field: field.to_owned(), reason: reason.into() }
    }

    fn new(json: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let found = Self::at(error.inner(), error.path().to_string());
        if !error.inner().is_data() {
            return found;
        }
        // The reader says where it stood when it noticed, which may be far behind the field.
        let (line, column) = place::of(json, &found.field);
        Self { line, column, ..found }
    }

    fn at(error: &serde_json::Error, field: String) -> Self {
        let text = error.to_string();
        // serde_json appends the place, which has fields of its own here.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        Self { line: error.line(), column: error.column(), field, reason }
    }
}

#[cfg(test)]
mod tests;
