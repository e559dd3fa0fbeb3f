//! The other side: an identity provider, from its metadata or by hand.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Binding, ConfigError, Endpoint, IndexedEndpoint};
use crate::{
    EntityId,
    keys::{Certificate, VerificationKey},
    time::parse_period,
};

/// An identity provider: whose word is taken, where it is asked, and which keys speak for it.
///
/// There is no identity provider without a signing key. [`IdentityProvider::from_metadata`] reads one,
/// [`IdentityProvider::new`] makes one by hand, and serde reads one from `entity_id`, `single_sign_on_services` and
/// `signing_keys` (certificates or public keys, PEM or base64), with optional `single_logout_services`,
/// `artifact_resolution_services`, `encryption_certificates`, `valid_until`, `cache_duration`, `name_id_formats`, `want_authn_requests_signed`, `display`,
/// `scopes`, `scopes_vouched`, `error_url`, `registration`, `entity_attributes`, `algorithms`; all three ways check the same rules (MD-08).
///
/// ```
/// # fn example(certificate: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use saml_sp::{Binding, Endpoint, IdentityProvider, VerificationKey};
///
/// let idp = IdentityProvider::new(
///     "https://idp.example.com/metadata".parse()?,
///     vec![Endpoint::new(Binding::HttpRedirect, "https://idp.example.com/sso".parse()?)],
///     vec![VerificationKey::parse(certificate)?],
/// )?;
/// assert_eq!(idp.signing_keys().len(), 1);
/// # Ok(())
/// # }
/// # example(include_str!("../../../../testdata/saml/captures/keys/sp.crt")).unwrap();
/// ```
///
/// None is made without keys, neither here nor from metadata or serde:
///
/// ```
/// # use saml_sp::*;
/// let endpoint = Endpoint::new(Binding::HttpRedirect, "https://idp.example.com/sso".parse()?);
/// let keyless = IdentityProvider::new("https://idp.example.com".parse()?, vec![endpoint], Vec::new());
/// assert_eq!(keyless.unwrap_err(), ConfigError::NoSigningKey);
/// # Ok::<(), ConfigError>(())
/// ```
/// ```compile_fail,E0599
/// let nobody = saml_sp::IdentityProvider::default();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "RawIdentityProvider", into = "RawIdentityProvider")]
pub struct IdentityProvider {
    raw: RawIdentityProvider,
}

impl IdentityProvider {
    /// Makes an identity provider by hand.
    ///
    /// # Errors
    /// [`ConfigError::NoSingleSignOn`] if no endpoint has HTTP-Redirect or HTTP-POST,
    /// [`ConfigError::NoSigningKey`] if there is no key.
    pub fn new(
        entity_id: EntityId,
        single_sign_on_services: Vec<Endpoint>,
        signing_keys: Vec<VerificationKey>,
    ) -> Result<Self, ConfigError> {
        Self::try_from(RawIdentityProvider {
            entity_id,
            single_sign_on_services,
            signing_keys,
            single_logout_services: Vec::new(),
            artifact_resolution_services: Vec::new(),
            valid_until: None,
            cache_duration: None,
            name_id_formats: Vec::new(),
            want_authn_requests_signed: false,
            display: DisplayInfo::default(),
            scopes: Vec::new(),
            error_url: None,
            encryption_certificates: Vec::new(),
            scopes_vouched: false,
            registration: None,
            entity_attributes: Vec::new(),
            algorithms: AlgorithmSupport::default(),
        })
    }

    /// Replaces the keys that signatures may verify with, for one that an admin adds by hand or takes away.
    ///
    /// # Errors
    /// [`ConfigError::NoSigningKey`] if there is none.
    pub fn with_signing_keys(mut self, keys: Vec<VerificationKey>) -> Result<Self, ConfigError> {
        self.raw.signing_keys = keys;
        Self::try_from(self.raw)
    }

    /// Sets the endpoints for single logout.
    #[must_use]
    pub fn with_single_logout_services(mut self, endpoints: Vec<Endpoint>) -> Self {
        self.raw.single_logout_services = endpoints;
        self
    }

    /// Sets the endpoints at which artifacts are exchanged for messages.
    #[must_use]
    pub fn with_artifact_resolution_services(mut self, endpoints: Vec<IndexedEndpoint>) -> Self {
        self.raw.artifact_resolution_services = endpoints;
        self
    }

    /// Sets whether the identity provider refuses AuthnRequests that aren't signed.
    #[must_use]
    pub fn with_want_authn_requests_signed(mut self, wanted: bool) -> Self {
        self.raw.want_authn_requests_signed = wanted;
        self
    }

    /// Sets the instant from which the metadata must not be used.
    #[must_use]
    pub fn with_valid_until(mut self, valid_until: Option<DateTime<Utc>>) -> Self {
        self.raw.valid_until = valid_until;
        self
    }

    /// Sets after which time the metadata should be read again, as metadata writes it (`P1D`).
    #[must_use]
    pub fn with_cache_duration(mut self, cache_duration: Option<String>) -> Self {
        self.raw.cache_duration = cache_duration;
        self
    }

    /// Sets the formats of name identifiers that it can send.
    #[must_use]
    pub fn with_name_id_formats(mut self, formats: Vec<String>) -> Self {
        self.raw.name_id_formats = formats;
        self
    }

    /// Sets what to show to people.
    #[must_use]
    pub fn with_display(mut self, display: DisplayInfo) -> Self {
        self.raw.display = display;
        self
    }

    /// Sets the certificates that a name identifier in a logout request may be encrypted for.
    #[must_use]
    pub fn with_encryption_certificates(mut self, certificates: Vec<Certificate>) -> Self {
        self.raw.encryption_certificates = certificates;
        self
    }

    /// Sets the scopes it claims, and whether a trusted third party vouches for them (MD-07).
    #[must_use]
    pub fn with_scopes(mut self, scopes: Vec<Scope>, vouched: bool) -> Self {
        self.raw.scopes_vouched = vouched && !scopes.is_empty();
        self.raw.scopes = scopes;
        self
    }

    /// Sets who registered it.
    #[must_use]
    pub fn with_registration(mut self, registration: Option<Registration>) -> Self {
        self.raw.registration = registration;
        self
    }

    /// Sets the attributes of the entity itself, such as its assurance.
    #[must_use]
    pub fn with_entity_attributes(mut self, attributes: Vec<EntityAttribute>) -> Self {
        self.raw.entity_attributes = attributes;
        self
    }

    /// Sets the algorithms that it says it supports.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: AlgorithmSupport) -> Self {
        self.raw.algorithms = algorithms;
        self
    }

    /// Sets the address where people get help when a login fails.
    #[must_use]
    pub fn with_error_url(mut self, url: Option<String>) -> Self {
        self.raw.error_url = url;
        self
    }

    /// Gives the entity id.
    #[must_use]
    pub fn entity_id(&self) -> &EntityId {
        &self.raw.entity_id
    }

    /// Gives the endpoints that take AuthnRequests.
    #[must_use]
    pub fn single_sign_on_services(&self) -> &[Endpoint] {
        &self.raw.single_sign_on_services
    }

    /// Gives the endpoints for single logout.
    #[must_use]
    pub fn single_logout_services(&self) -> &[Endpoint] {
        &self.raw.single_logout_services
    }

    /// Gives the endpoints at which artifacts are exchanged for messages.
    #[must_use]
    pub fn artifact_resolution_services(&self) -> &[IndexedEndpoint] {
        &self.raw.artifact_resolution_services
    }

    /// Gives the keys that signatures may verify with; at least one.
    #[must_use]
    pub fn signing_keys(&self) -> &[VerificationKey] {
        &self.raw.signing_keys
    }

    /// Gives the instant from which the metadata must not be used (MD-03).
    #[must_use]
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.raw.valid_until
    }

    /// Gives after which time the metadata should be read again, as metadata writes it (`P1D`).
    #[must_use]
    pub fn cache_duration(&self) -> Option<&str> {
        self.raw.cache_duration.as_deref()
    }

    /// Gives the formats of name identifiers that it can send.
    #[must_use]
    pub fn name_id_formats(&self) -> &[String] {
        &self.raw.name_id_formats
    }

    /// Tells whether it refuses AuthnRequests that aren't signed.
    #[must_use]
    pub fn want_authn_requests_signed(&self) -> bool {
        self.raw.want_authn_requests_signed
    }

    /// Gives what to show to people; it comes from the other side, so escape it.
    #[must_use]
    pub fn display(&self) -> &DisplayInfo {
        &self.raw.display
    }

    /// Gives the instant at which metadata that was read at `read_at` should be read again: after its `cacheDuration`, and
    /// before it expires. `None` if it says neither (MD-03).
    ///
    /// It isn't the end of anything: a copy that couldn't be read again stays good until
    /// [`IdentityProvider::valid_until`] (Errata 94).
    #[must_use]
    pub fn refresh_at(&self, read_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let cached = self.cache_duration().and_then(parse_period).map(|period| period.after(read_at));
        match (cached, self.valid_until()) {
            (Some(cached), Some(until)) => Some(cached.min(until)),
            (cached, until) => cached.or(until),
        }
    }

    /// Gives the certificates that a name identifier in a logout request may be encrypted for; RSA alone.
    #[must_use]
    pub fn encryption_certificates(&self) -> &[Certificate] {
        &self.raw.encryption_certificates
    }

    /// Gives the scopes it claims, which is only its own word: see [`IdentityProvider::vouched_scopes`].
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.raw.scopes
    }

    /// Gives the scopes that a trusted third party vouches for: those of metadata whose signature a pinned key verified
    /// that isn't the identity provider's own (MD-07). Otherwise none.
    #[must_use]
    pub fn vouched_scopes(&self) -> &[Scope] {
        if self.raw.scopes_vouched { &self.raw.scopes } else { &[] }
    }

    /// Gives who registered it, in metadata of a federation.
    #[must_use]
    pub fn registration(&self) -> Option<&Registration> {
        self.raw.registration.as_ref()
    }

    /// Gives the attributes of the entity itself, such as its assurance.
    #[must_use]
    pub fn entity_attributes(&self) -> &[EntityAttribute] {
        &self.raw.entity_attributes
    }

    /// Gives the algorithms that it says it supports.
    #[must_use]
    pub fn algorithms(&self) -> &AlgorithmSupport {
        &self.raw.algorithms
    }

    /// Gives where people get help when a login fails; check the scheme before showing it as a link.
    #[must_use]
    pub fn error_url(&self) -> Option<&str> {
        self.raw.error_url.as_deref()
    }

    /// Finds the first endpoint for AuthnRequests with a binding.
    #[must_use]
    pub fn single_sign_on(&self, binding: Binding) -> Option<&Endpoint> {
        self.raw.single_sign_on_services.iter().find(|endpoint| endpoint.binding == binding)
    }

    /// Finds the first endpoint for single logout with a binding.
    #[must_use]
    pub fn single_logout(&self, binding: Binding) -> Option<&Endpoint> {
        self.raw.single_logout_services.iter().find(|endpoint| endpoint.binding == binding)
    }
}

/// What an identity provider wants to be shown as.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DisplayInfo {
    /// Names, by language.
    pub names: Vec<super::LocalizedText>,
    /// Descriptions, by language.
    pub descriptions: Vec<super::LocalizedText>,
    /// Pictures; addresses of the other side.
    pub logos: Vec<Logo>,
}

/// A picture of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Logo {
    /// Where it is, an `https:` or `data:` address as sent.
    pub url: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// A domain that an identity provider claims for scoped attributes (`someone@domain`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The domain, or a pattern.
    pub value: String,
    /// Whether it is a regular expression.
    #[serde(default)]
    pub is_pattern: bool,
}

/// Who took an entity into a federation, and by what rules (Metadata Extensions for Registration and Publication
/// Information 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The registrar's name, a URI.
    pub authority: String,
    /// When it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant: Option<DateTime<Utc>>,
    /// Where the rules are written, by language; the text is an address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<super::LocalizedText>,
}

/// An attribute of an entity itself, not of a person (Metadata Extension for Entity Attributes).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EntityAttribute {
    /// The name, such as `urn:oasis:names:tc:SAML:attribute:assurance-certification`.
    pub name: String,
    /// The NameFormat, a URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_format: Option<String>,
    /// The values.
    pub values: Vec<String>,
}

/// The algorithms that an entity says it supports, the ones it likes best first (Metadata Profile for Algorithm Support).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmSupport {
    /// Digests, URIs.
    pub digests: Vec<String>,
    /// Signatures.
    pub signatures: Vec<SigningMethod>,
}

/// A signature algorithm that an entity says it supports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SigningMethod {
    /// The algorithm, a URI.
    pub algorithm: String,
    /// The shortest key, in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_bits: Option<u32>,
    /// The longest key, in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bits: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawIdentityProvider {
    entity_id: EntityId,
    single_sign_on_services: Vec<Endpoint>,
    signing_keys: Vec<VerificationKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    single_logout_services: Vec<Endpoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    artifact_resolution_services: Vec<IndexedEndpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_duration: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    name_id_formats: Vec<String>,
    #[serde(default)]
    want_authn_requests_signed: bool,
    #[serde(default)]
    display: DisplayInfo,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    encryption_certificates: Vec<Certificate>,
    #[serde(default)]
    scopes_vouched: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registration: Option<Registration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entity_attributes: Vec<EntityAttribute>,
    #[serde(default)]
    algorithms: AlgorithmSupport,
}

impl TryFrom<RawIdentityProvider> for IdentityProvider {
    type Error = ConfigError;

    fn try_from(raw: RawIdentityProvider) -> Result<Self, ConfigError> {
        let asks =
            |endpoint: &Endpoint| matches!(endpoint.binding, Binding::HttpPost | Binding::HttpRedirect);
        if !raw.single_sign_on_services.iter().any(asks) {
            return Err(ConfigError::NoSingleSignOn);
        }
        if raw.signing_keys.is_empty() {
            return Err(ConfigError::NoSigningKey);
        }
        Ok(Self { raw })
    }
}

impl From<IdentityProvider> for RawIdentityProvider {
    fn from(idp: IdentityProvider) -> Self {
        idp.raw
    }
}
