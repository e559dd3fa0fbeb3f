//! The service provider's own metadata (MD-09).

use chrono::{DateTime, Utc};

use crate::{
    Contact, ContactKind, Endpoint, IndexedEndpoint, KeyPair, LocalizedText, Organization, RequestError,
    RequestId, RequestedAttributes, Seconds, ServiceProvider,
    dsig::{Signer, sign_enveloped},
    enc::{DataEncryption, KeyTransport},
    keys::KeyKind,
    names::{DS, METADATA, PROTOCOL, XML},
    time::{format_instant, later},
    xml::write::XmlElement,
};

/// How to write a service provider's metadata.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataOutput {
    /// After which time readers should read again; a day by default.
    pub cache_duration: Seconds,
    /// Signs the document, under this fresh random id.
    pub sign_as: Option<RequestId>,
    /// How long the document is valid; unlimited by default, since many products read it once.
    pub valid_for: Option<Seconds>,
}

impl Default for MetadataOutput {
    fn default() -> Self {
        Self { cache_duration: Seconds::new(86_400), sign_as: None, valid_for: None }
    }
}

impl ServiceProvider {
    /// Writes the metadata that an identity provider's admin needs: names, addresses and certificates.
    ///
    /// The keys *current* and *next* are both published. Serve it as `application/samlmetadata+xml` (Metadata 4.1.1).
    ///
    /// # Errors
    /// [`RequestError::NoKey`] or [`RequestError::Sign`] if it should be signed and can't be.
    ///
    /// # Examples
    /// ```
    /// use saml_sp::{MetadataOutput, ServiceProvider};
    ///
    /// let sp = ServiceProvider::new("https://sp.example.com".parse()?, "https://sp.example.com/acs".parse()?);
    /// let xml = sp.metadata(&MetadataOutput::default(), "2026-01-31T12:00:00Z".parse()?)?;
    /// assert!(xml.contains(r#"Location="https://sp.example.com/acs""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn metadata(&self, output: &MetadataOutput, now: DateTime<Utc>) -> Result<String, RequestError> {
        let entity = metadata("EntityDescriptor")
            .attr("entityID", self.entity_id().as_str())
            .attr("cacheDuration", format!("PT{}S", output.cache_duration.get()))
            .attr_opt("validUntil", output.valid_for.map(|length| format_instant(later(now, length.get()))))
            .attr_opt("ID", output.sign_as.as_ref().map(|id| id.as_str()))
            .child(self.role())
            .child_opt(self.organization().map(organization))
            .children(self.contacts().iter().map(contact));
        let xml = entity.to_xml();
        let Some(id) = &output.sign_as else { return Ok(xml) };
        let pair = self.keys().ok_or(RequestError::NoKey)?.signing(now);
        let signer = Signer::new(pair.private_key(), Some(pair.certificate()));
        let signed = sign_enveloped(xml.as_bytes(), id.as_str(), &signer)?;
        Ok(String::from_utf8_lossy(&signed).into_owned())
    }

    /// The one role; its children stand in the schema's order (Metadata 2.4.1, 2.4.2, 2.4.4).
    fn role(&self) -> XmlElement {
        let keys = self.keys().into_iter().flat_map(|ring| ring.published());
        let default_set = crate::config::default_index(self.requested_attributes(), |set| set.is_default());
        metadata("SPSSODescriptor")
            .attr("protocolSupportEnumeration", PROTOCOL)
            .attr("AuthnRequestsSigned", self.authn_requests_signed().to_string())
            // Always there: some products decide by it what they sign.
            .attr("WantAssertionsSigned", self.want_assertions_signed().to_string())
            .children(keys.flat_map(key_descriptors))
            .children(self.logout().iter().map(logout_service))
            .children(
                self.name_id_formats().iter().map(|format| metadata("NameIDFormat").text(format.as_str())),
            )
            .children(
                self.consumers().iter().map(|one| consumer(one, one.index == self.default_consumer().index)),
            )
            .children(self.requested_attributes().iter().map(|set| {
                attribute_consumer(set, default_set.is_some_and(|default| default.index() == set.index()))
            }))
    }
}

/// One for each use, since an encryption method may stand at that use alone.
fn key_descriptors(pair: &KeyPair) -> Vec<XmlElement> {
    let certificate = || {
        let text = pair.certificate().to_base64();
        ds("KeyInfo").child(ds("X509Data").child(ds("X509Certificate").text(text)))
    };
    let mut descriptors = vec![metadata("KeyDescriptor").attr("use", "signing").child(certificate())];
    // Only RSA keys can be encrypted for; what is named here is what the default policy opens.
    if pair.private_key().kind() == KeyKind::Rsa {
        let methods = [
            DataEncryption::Aes256Gcm.uri(),
            DataEncryption::Aes128Gcm.uri(),
            KeyTransport::RsaOaep.uri(),
            KeyTransport::RsaOaepMgf1p.uri(),
        ];
        descriptors.push(
            metadata("KeyDescriptor")
                .attr("use", "encryption")
                .child(certificate())
                .children(methods.map(|method| metadata("EncryptionMethod").attr("Algorithm", method))),
        );
    }
    descriptors
}

fn logout_service(endpoint: &Endpoint) -> XmlElement {
    metadata("SingleLogoutService")
        .attr("Binding", endpoint.binding.uri())
        .attr("Location", endpoint.location.as_str())
        .attr_opt("ResponseLocation", endpoint.response_location.as_ref().map(|url| url.as_str()))
}

fn consumer(endpoint: &IndexedEndpoint, is_default: bool) -> XmlElement {
    metadata("AssertionConsumerService")
        .attr("Binding", endpoint.binding.uri())
        .attr("Location", endpoint.location.as_str())
        .attr("index", endpoint.index.to_string())
        .attr_opt("isDefault", is_default.then_some("true"))
}

fn attribute_consumer(set: &RequestedAttributes, is_default: bool) -> XmlElement {
    metadata("AttributeConsumingService")
        .attr("index", set.index().to_string())
        .attr_opt("isDefault", is_default.then_some("true"))
        .children(set.service_names().iter().map(|name| localized("ServiceName", name)))
        .children(set.attributes().iter().map(|attribute| {
            metadata("RequestedAttribute")
                .attr("Name", attribute.name.as_str())
                .attr_opt("NameFormat", attribute.name_format.as_deref())
                .attr_opt("FriendlyName", attribute.friendly_name.as_deref())
                .attr_opt("isRequired", attribute.required.then_some("true"))
        }))
}

fn organization(organization: &Organization) -> XmlElement {
    metadata("Organization")
        .child(localized("OrganizationName", &organization.name))
        .child(localized("OrganizationDisplayName", &organization.display_name))
        .child(localized("OrganizationURL", &organization.url))
}

fn contact(contact: &Contact) -> XmlElement {
    let kind = match contact.kind {
        ContactKind::Administrative => "administrative",
        ContactKind::Billing => "billing",
        ContactKind::Other => "other",
        ContactKind::Support => "support",
        ContactKind::Technical => "technical",
    };
    let text = |name, text: &Option<String>| text.as_deref().map(|text| metadata(name).text(text));
    metadata("ContactPerson")
        .attr("contactType", kind)
        .child_opt(text("Company", &contact.company))
        .child_opt(text("GivenName", &contact.given_name))
        .child_opt(text("SurName", &contact.surname))
        .children(contact.emails.iter().map(|email| metadata("EmailAddress").text(format!("mailto:{email}"))))
        .children(contact.telephones.iter().map(|number| metadata("TelephoneNumber").text(number.as_str())))
}

fn localized(name: &'static str, text: &LocalizedText) -> XmlElement {
    metadata(name).attr_ns("xml", XML, "lang", text.lang.as_str()).text(text.text.as_str())
}

fn metadata(local: &'static str) -> XmlElement {
    XmlElement::new("md", METADATA, local)
}

fn ds(local: &'static str) -> XmlElement {
    XmlElement::new("ds", DS, local)
}
