//! This side: the service provider as identity providers see it.

use serde::{Deserialize, Serialize};

use super::{Binding, ConfigError, Endpoint, IndexedEndpoint, KeyRing, default_index};
use crate::{EndpointUrl, EntityId};

/// A service provider: names, addresses and keys of this side of a connection.
///
/// It is made from an entity id and the address that takes responses; everything else is added with `with_…`.
/// It can be read with serde and not written, for it holds private keys. The serde form has the fields `entity_id`,
/// `assertion_consumer_services` (list of `{binding, index, location, is_default?}`), and optionally
/// `single_logout_services` (list of `{binding, location, response_location?}`), `keys` (see [`KeyRing`]),
/// `name_id_formats`, `requested_attributes`, `organization`, `contacts`, `authn_requests_signed`,
/// `want_assertions_signed`.
///
/// ```
/// use saml_sp::ServiceProvider;
///
/// let sp = ServiceProvider::new(
///     "https://sp.example.com/metadata".parse()?,
///     "https://sp.example.com/acs".parse()?,
/// );
/// assert_eq!(sp.default_consumer().index, 0);
/// # Ok::<(), saml_sp::ConfigError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawServiceProvider")]
pub struct ServiceProvider {
    entity_id: EntityId,
    // INVARIANT: holds at least one HTTP-POST endpoint, indexes are unique; the fallback is one of them.
    consumers: Vec<IndexedEndpoint>,
    fallback: IndexedEndpoint,
    logout: Vec<Endpoint>,
    keys: Option<KeyRing>,
    name_id_formats: Vec<String>,
    requested_attributes: Vec<RequestedAttributes>,
    organization: Option<Organization>,
    contacts: Vec<Contact>,
    authn_requests_signed: bool,
    want_assertions_signed: bool,
}

impl ServiceProvider {
    /// Makes a service provider that takes responses by HTTP-POST at one address.
    #[must_use]
    pub fn new(entity_id: EntityId, consumer: EndpointUrl) -> Self {
        let consumer = IndexedEndpoint::post(0, consumer);
        Self {
            entity_id,
            fallback: consumer.clone(),
            consumers: vec![consumer],
            logout: Vec::new(),
            keys: None,
            name_id_formats: Vec::new(),
            requested_attributes: Vec::new(),
            organization: None,
            contacts: Vec::new(),
            authn_requests_signed: false,
            want_assertions_signed: false,
        }
    }

    /// Replaces the endpoints that take responses.
    ///
    /// # Errors
    /// [`ConfigError::NoConsumer`] if none has HTTP-POST, [`ConfigError::DuplicateIndex`] if an index is there twice.
    pub fn with_consumers(mut self, consumers: Vec<IndexedEndpoint>) -> Result<Self, ConfigError> {
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = consumers.iter().find(|consumer| !seen.insert(consumer.index)) {
            return Err(ConfigError::DuplicateIndex { index: twice.index });
        }
        let posts: Vec<_> =
            consumers.iter().filter(|consumer| consumer.binding == Binding::HttpPost).collect();
        self.fallback =
            (*default_index(&posts, |consumer| consumer.is_default).ok_or(ConfigError::NoConsumer)?).clone();
        self.consumers = consumers;
        Ok(self)
    }

    /// Adds an endpoint for single logout.
    #[must_use]
    pub fn with_logout(mut self, endpoint: Endpoint) -> Self {
        self.logout.push(endpoint);
        self
    }

    /// Sets the keys; without any nothing can be signed or decrypted.
    #[must_use]
    pub fn with_keys(mut self, keys: KeyRing) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Sets the formats of name identifiers that metadata names, in order of preference.
    #[must_use]
    pub fn with_name_id_formats(mut self, formats: Vec<String>) -> Self {
        self.name_id_formats = formats;
        self
    }

    /// Adds a set of attributes that metadata asks for.
    #[must_use]
    pub fn with_requested_attributes(mut self, attributes: RequestedAttributes) -> Self {
        self.requested_attributes.push(attributes);
        self
    }

    /// Sets the organization that metadata names.
    #[must_use]
    pub fn with_organization(mut self, organization: Organization) -> Self {
        self.organization = Some(organization);
        self
    }

    /// Adds a person or office to contact, which metadata names.
    #[must_use]
    pub fn with_contact(mut self, contact: Contact) -> Self {
        self.contacts.push(contact);
        self
    }

    /// Sets whether every AuthnRequest is signed, and metadata says so (REQ-08).
    #[must_use]
    pub fn with_authn_requests_signed(mut self, signed: bool) -> Self {
        self.authn_requests_signed = signed;
        self
    }

    /// Sets whether the assertion itself must be signed, and metadata says so; a signature on the response around it
    /// is then not enough (SIG-12).
    #[must_use]
    pub fn with_want_assertions_signed(mut self, wanted: bool) -> Self {
        self.want_assertions_signed = wanted;
        self
    }

    /// Gives the entity id.
    #[must_use]
    pub fn entity_id(&self) -> &EntityId {
        &self.entity_id
    }

    /// Gives the endpoints that take responses.
    #[must_use]
    pub fn consumers(&self) -> &[IndexedEndpoint] {
        &self.consumers
    }

    /// Gives the HTTP-POST endpoint that is used when a login names none (MD-11).
    #[must_use]
    pub fn default_consumer(&self) -> &IndexedEndpoint {
        &self.fallback
    }

    /// Gives the endpoints for single logout.
    #[must_use]
    pub fn logout(&self) -> &[Endpoint] {
        &self.logout
    }

    /// Gives the keys.
    #[must_use]
    pub fn keys(&self) -> Option<&KeyRing> {
        self.keys.as_ref()
    }

    /// Gives the name identifier formats that metadata names.
    #[must_use]
    pub fn name_id_formats(&self) -> &[String] {
        &self.name_id_formats
    }

    /// Gives the sets of attributes that metadata asks for.
    #[must_use]
    pub fn requested_attributes(&self) -> &[RequestedAttributes] {
        &self.requested_attributes
    }

    /// Gives the organization that metadata names.
    #[must_use]
    pub fn organization(&self) -> Option<&Organization> {
        self.organization.as_ref()
    }

    /// Gives whom to contact.
    #[must_use]
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// Tells whether every AuthnRequest is signed.
    #[must_use]
    pub fn authn_requests_signed(&self) -> bool {
        self.authn_requests_signed
    }

    /// Tells whether the assertion itself must be signed.
    #[must_use]
    pub fn want_assertions_signed(&self) -> bool {
        self.want_assertions_signed
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServiceProvider {
    entity_id: EntityId,
    assertion_consumer_services: Vec<IndexedEndpoint>,
    #[serde(default)]
    single_logout_services: Vec<Endpoint>,
    keys: Option<KeyRing>,
    #[serde(default)]
    name_id_formats: Vec<String>,
    #[serde(default)]
    requested_attributes: Vec<RequestedAttributes>,
    organization: Option<Organization>,
    #[serde(default)]
    contacts: Vec<Contact>,
    #[serde(default)]
    authn_requests_signed: bool,
    #[serde(default)]
    want_assertions_signed: bool,
}

impl TryFrom<RawServiceProvider> for ServiceProvider {
    type Error = ConfigError;

    fn try_from(raw: RawServiceProvider) -> Result<Self, ConfigError> {
        let first = raw.assertion_consumer_services.first().ok_or(ConfigError::NoConsumer)?.location.clone();
        let mut sp = Self::new(raw.entity_id, first).with_consumers(raw.assertion_consumer_services)?;
        sp.logout = raw.single_logout_services;
        sp.keys = raw.keys;
        sp.name_id_formats = raw.name_id_formats;
        sp.requested_attributes = raw.requested_attributes;
        sp.organization = raw.organization;
        sp.contacts = raw.contacts;
        sp.authn_requests_signed = raw.authn_requests_signed;
        sp.want_assertions_signed = raw.want_assertions_signed;
        Ok(sp)
    }
}

/// A text and the language it is in, a tag such as `en`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LocalizedText {
    /// The language, for `xml:lang`.
    pub lang: String,
    /// The text.
    pub text: String,
}

impl LocalizedText {
    /// Makes a text in a language.
    #[must_use]
    pub fn new(lang: impl Into<String>, text: impl Into<String>) -> Self {
        Self { lang: lang.into(), text: text.into() }
    }
}

/// Attributes that a service asks for (Metadata 2.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawRequestedAttributes")]
pub struct RequestedAttributes {
    index: u16,
    is_default: Option<bool>,
    service_names: Vec<LocalizedText>,
    attributes: Vec<RequestedAttribute>,
}

impl RequestedAttributes {
    /// Makes a set under an index.
    ///
    /// # Errors
    /// [`ConfigError::RequestedAttributes`] if there is no name or no attribute, as the schema demands both.
    pub fn new(
        index: u16,
        service_names: Vec<LocalizedText>,
        attributes: Vec<RequestedAttribute>,
    ) -> Result<Self, ConfigError> {
        if service_names.is_empty() || attributes.is_empty() {
            return Err(ConfigError::RequestedAttributes);
        }
        Ok(Self { index, is_default: None, service_names, attributes })
    }

    /// Says whether the set is the one meant when a request names none.
    #[must_use]
    pub fn with_default(mut self, is_default: bool) -> Self {
        self.is_default = Some(is_default);
        self
    }

    /// Gives the index.
    #[must_use]
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Tells whether the set is the default, if it says so.
    #[must_use]
    pub fn is_default(&self) -> Option<bool> {
        self.is_default
    }

    /// Gives the names of the service; at least one.
    #[must_use]
    pub fn service_names(&self) -> &[LocalizedText] {
        &self.service_names
    }

    /// Gives the attributes; at least one.
    #[must_use]
    pub fn attributes(&self) -> &[RequestedAttribute] {
        &self.attributes
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequestedAttributes {
    index: u16,
    is_default: Option<bool>,
    service_names: Vec<LocalizedText>,
    attributes: Vec<RequestedAttribute>,
}

impl TryFrom<RawRequestedAttributes> for RequestedAttributes {
    type Error = ConfigError;

    fn try_from(raw: RawRequestedAttributes) -> Result<Self, ConfigError> {
        let mut set = Self::new(raw.index, raw.service_names, raw.attributes)?;
        set.is_default = raw.is_default;
        Ok(set)
    }
}

/// One attribute that a service asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAttribute {
    /// The name.
    pub name: String,
    /// The NameFormat, a URI.
    #[serde(default)]
    pub name_format: Option<String>,
    /// A name for people.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// Whether the service can't do without it.
    #[serde(default)]
    pub required: bool,
}

/// The organization that runs a service (Metadata 2.3.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its name.
    pub name: LocalizedText,
    /// Its name for people.
    pub display_name: LocalizedText,
    /// Where to read about it; the text is an address.
    pub url: LocalizedText,
}

/// A person or office to contact (Metadata 2.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// What for.
    pub kind: ContactKind,
    /// The company.
    #[serde(default)]
    pub company: Option<String>,
    /// The first name.
    #[serde(default)]
    pub given_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub surname: Option<String>,
    /// E-mail addresses, without `mailto:`.
    #[serde(default)]
    pub emails: Vec<String>,
    /// Telephone numbers.
    #[serde(default)]
    pub telephones: Vec<String>,
}

/// What a contact is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// Administrative.
    Administrative,
    /// Billing.
    Billing,
    /// Anything else.
    Other,
    /// Support.
    Support,
    /// Technical.
    Technical,
}
