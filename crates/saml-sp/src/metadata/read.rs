//! An identity provider from its metadata.

use chrono::{DateTime, Utc};

use super::{
    MetadataError,
    describe::{algorithms, display, entity_attributes, registration, scopes},
    keys::{encryption_certificates, signing_keys},
    select::{Selected, entity_id, select},
    skim::skim,
};
use crate::{
    AlgorithmPolicy, Binding, Endpoint, EndpointUrl, Engines, EntityId, IdentityProvider, IndexedEndpoint,
    KeyError, Limits, Seconds, SignatureEvidence, Skew, VerificationKey,
    dsig::{signature_of, verify_enveloped},
    names::METADATA,
    rejection::{Cause, Part, Rejection},
    response::Fields,
    time::{later, parse_period},
    xml::{Document, Element},
};

impl IdentityProvider {
    /// Reads the only identity provider of a metadata document, taken on the word of whoever brought the document.
    ///
    /// That is right for a file that an admin uploads or a page fetched over TLS from the identity provider itself.
    /// [`MetadataOptions`] picks one of several, verifies a signature, and sets demands. When the metadata expires is
    /// kept: a connection refuses to use it afterwards (MD-03).
    ///
    /// # Errors
    /// [`MetadataError`]
    ///
    /// # Examples
    /// ```
    /// use saml_sp::{Binding, IdentityProvider};
    ///
    /// let metadata = include_bytes!("../../../../testdata/saml/captures/ssp/idp-metadata.xml");
    /// let idp = IdentityProvider::from_metadata(metadata)?;
    /// assert_eq!(idp.entity_id().as_str(), "http://127.0.0.1:21110/saml2/idp/metadata.php");
    /// assert!(idp.single_sign_on(Binding::HttpRedirect).is_some());
    /// # Ok::<(), saml_sp::MetadataError>(())
    /// ```
    pub fn from_metadata(bytes: &[u8]) -> Result<Self, MetadataError> {
        MetadataOptions::default().read_unexpired(bytes, None).map(|read| read.idp)
    }
}

/// How to read an identity provider's metadata.
///
/// ```
/// # fn example(bytes: &[u8], pinned: saml_sp::VerificationKey, now: chrono::DateTime<chrono::Utc>)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use saml_sp::MetadataOptions;
///
/// let mut options = MetadataOptions::default();
/// options.entity_id = Some("https://idp.example.com/metadata".parse()?);
/// options.pinned_keys = vec![pinned];
/// let idp = options.read(bytes, now)?.idp;
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Which algorithms its signature may use (SIG-06).
    pub algorithms: AlgorithmPolicy,
    /// Which engines must find its signature good.
    pub engines: Engines,
    /// Which of several identity providers is meant.
    pub entity_id: Option<EntityId>,
    /// Numbers on everything that a document can make big; larger than for messages.
    pub limits: Limits,
    /// How far ahead the end of validity may lie (MD-03).
    pub max_validity: Option<Seconds>,
    /// Keys of the metadata's source. If there are any, the root must carry a signature that one of them verifies, and
    /// nothing else is read (MD-06).
    pub pinned_keys: Vec<VerificationKey>,
    /// Whether every endpoint must have an https address (MD-05).
    pub require_https: bool,
    /// Whether the metadata must say until when it is valid (MD-03).
    pub require_valid_until: bool,
    /// How far the clocks may differ.
    pub skew: Skew,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        let limits = Limits {
            message_bytes: MAX_BYTES,
            nodes: MAX_NODES,
            namespace_declarations: MAX_NAMESPACES,
            ..Limits::default()
        };
        Self {
            algorithms: AlgorithmPolicy::default(),
            engines: Engines::default(),
            entity_id: None,
            limits,
            max_validity: None,
            pinned_keys: Vec::new(),
            require_https: false,
            require_valid_until: false,
            skew: Skew::default(),
        }
    }
}

impl MetadataOptions {
    /// Reads an identity provider.
    ///
    /// # Errors
    /// [`MetadataError`]
    pub fn read(&self, bytes: &[u8], now: DateTime<Utc>) -> Result<IdpMetadata, MetadataError> {
        self.read_unexpired(bytes, Some(now))
    }

    fn read_unexpired(&self, bytes: &[u8], now: Option<DateTime<Utc>>) -> Result<IdpMetadata, MetadataError> {
        if self.pinned_keys.is_empty() {
            return self.read_signed(bytes, None, now);
        }
        let covered = {
            let document = self.parse(bytes)?;
            let refuse = |error| Rejection::from(Cause::Signature { part: Part::Metadata, error });
            if signature_of(document.root()).map_err(refuse)?.is_none() {
                return Err(Rejection::from(Cause::NotSigned { part: Part::Metadata }).into());
            }
            let keys = &self.pinned_keys;
            verify_enveloped(document.root(), keys, &self.algorithms, self.engines, &self.limits)
                .map_err(refuse)?
        };
        self.read_signed(&covered.bytes, Some(covered.evidence), now)
    }

    /// Reads bytes whose signature was verified, if one is demanded; of an aggregate only the entity that is meant.
    fn read_signed(
        &self,
        bytes: &[u8],
        signature: Option<SignatureEvidence>,
        now: Option<DateTime<Utc>>,
    ) -> Result<IdpMetadata, MetadataError> {
        let picked = skim(bytes, self.entity_id.as_ref().map(EntityId::as_str), &self.limits)?;
        let document = self.parse(picked.as_ref().map_or(bytes, |picked| picked.as_bytes()))?;
        self.read_tree(document.root(), signature, now)
    }

    fn parse<'i>(&self, bytes: &'i [u8]) -> Result<Document<'i>, MetadataError> {
        Document::parse(bytes, &self.limits).map_err(|error| Rejection::from(Cause::Xml(error)).into())
    }

    fn read_tree(
        &self,
        root: Element<'_>,
        signature: Option<SignatureEvidence>,
        now: Option<DateTime<Utc>>,
    ) -> Result<IdpMetadata, MetadataError> {
        let selected = select(root, self.entity_id.as_ref().map(EntityId::as_str))?;
        let mut notices = Vec::new();
        self.check_validity(&selected, now)?;
        if selected.open_ended {
            notices.push(MetadataNotice::OpenEnded);
        }
        let Selected { entity, role, .. } = selected;
        let fields = Fields::new(role, Part::Metadata);
        // A URI's surrounding white space isn't part of it (XML Schema, anyURI).
        let texts =
            |name| role.children_named(METADATA, name).map(|one| one.text().trim().to_owned()).collect();
        // MD-11: a ResponseLocation means nothing on a single sign-on service.
        let mut sign_on = self.endpoints(role, "SingleSignOnService")?;
        sign_on.iter_mut().for_each(|endpoint| endpoint.response_location = None);
        let keys = signing_keys(role, &mut notices)?;
        // An identity provider that signs its own metadata only says again what it claims.
        let signer = signature
            .as_ref()
            .and_then(|signature| self.pinned_keys.iter().find(|key| key.fingerprint() == signature.key));
        let by_third_party =
            signer.is_some_and(|signer| keys.iter().all(|key| !key.pkey().public_eq(signer.pkey())));
        let cache_duration = selected.cache_duration.filter(|text| {
            let known = parse_period(text).is_some();
            if !known {
                notices.push(MetadataNotice::CacheDuration { found: (*text).to_owned() });
            }
            known
        });
        let idp = IdentityProvider::new(entity_id(entity)?.parse()?, sign_on, keys)?
            .with_single_logout_services(self.endpoints(role, "SingleLogoutService")?)
            .with_artifact_resolution_services(self.indexed(role, "ArtifactResolutionService")?)
            .with_encryption_certificates(encryption_certificates(role))
            .with_want_authn_requests_signed(fields.flag("WantAuthnRequestsSigned")?.unwrap_or(false))
            .with_valid_until(selected.valid_until)
            .with_cache_duration(cache_duration.map(str::to_owned))
            .with_name_id_formats(texts("NameIDFormat"))
            .with_display(display(role))
            .with_scopes(scopes(role).chain(scopes(entity)).collect(), by_third_party)
            .with_error_url(role.attribute("errorURL").map(str::to_owned))
            .with_registration(registration(entity)?)
            .with_entity_attributes(entity_attributes(entity))
            .with_algorithms(algorithms(entity, role));
        Ok(IdpMetadata { idp, notices, signature })
    }

    /// Judges the end of validity (MD-03, Errata 76 and 94).
    fn check_validity(
        &self,
        selected: &Selected<'_>,
        now: Option<DateTime<Utc>>,
    ) -> Result<(), MetadataError> {
        let Some(valid_until) = selected.valid_until else {
            return if self.require_valid_until { Err(MetadataError::NoValidUntil) } else { Ok(()) };
        };
        let Some(now) = now else { return Ok(()) };
        if now >= later(valid_until, self.skew.seconds()) {
            return Err(MetadataError::Expired { valid_until });
        }
        match self.max_validity {
            Some(most) if valid_until > later(now, most.get()) => {
                Err(MetadataError::ValidTooLong { valid_until })
            }
            _ => Ok(()),
        }
    }

    /// Reads the endpoints of a kind; those with a binding that isn't known are left out (MD-05).
    fn endpoints(&self, role: Element<'_>, name: &str) -> Result<Vec<Endpoint>, MetadataError> {
        let mut endpoints = Vec::new();
        for element in role.children_named(METADATA, name) {
            let fields = Fields::new(element, Part::Metadata);
            let Some(binding) = Binding::from_uri(fields.required("Binding")?) else { continue };
            endpoints.push(Endpoint {
                binding,
                location: self.url(fields.required("Location")?)?,
                response_location: fields.text("ResponseLocation")?.map(|url| self.url(url)).transpose()?,
            });
        }
        Ok(endpoints)
    }

    /// Reads the endpoints of an indexed kind; a ResponseLocation means nothing on them (MD-11).
    fn indexed(&self, role: Element<'_>, name: &str) -> Result<Vec<IndexedEndpoint>, MetadataError> {
        let mut endpoints = Vec::new();
        for element in role.children_named(METADATA, name) {
            let fields = Fields::new(element, Part::Metadata);
            let Some(binding) = Binding::from_uri(fields.required("Binding")?) else { continue };
            // An index that no artifact can name finds nobody, so the endpoint is of no use.
            let Ok(index) = fields.required("index")?.trim().parse() else { continue };
            let (location, is_default) = (self.url(fields.required("Location")?)?, fields.flag("isDefault")?);
            endpoints.push(IndexedEndpoint { binding, index, is_default, location });
        }
        Ok(endpoints)
    }

    fn url(&self, text: &str) -> Result<EndpointUrl, MetadataError> {
        let url: EndpointUrl =
            text.parse().map_err(|_| MetadataError::Location { found: text.to_owned() })?;
        if self.require_https && !url.is_https() {
            return Err(MetadataError::NotHttps { found: text.to_owned() });
        }
        Ok(url)
    }
}

/// What was read from metadata.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpMetadata {
    /// The identity provider.
    pub idp: IdentityProvider,
    /// What was unusual, though not refused.
    pub notices: Vec<MetadataNotice>,
    /// The signature that a pinned key verified, if keys are pinned.
    pub signature: Option<SignatureEvidence>,
}

/// Something unusual in metadata that didn't lead to a refusal.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataNotice {
    /// MD-03: the `cacheDuration` is no duration and was left out.
    CacheDuration {
        /// What stands there.
        found: String,
    },
    /// MD-04: a signing key was left out because it can't be used here.
    KeySkipped(KeyError),
    /// MD-03: the root says neither until when it is valid nor when to read it again.
    OpenEnded,
}

/// 16 MiB: the aggregate of a country's universities has about 5.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// An entity has some 150 nodes.
const MAX_NODES: usize = 1024 * 1024;
/// An entity has some 10 declarations.
const MAX_NAMESPACES: usize = 128 * 1024;
