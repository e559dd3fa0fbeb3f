//! `begin_login`: from options to an HTTP answer and a pending login.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};

use super::{
    Consumer, LoginOptions, PendingLogin,
    message::{ConsumerName, authn_request, with_extensions},
};
use crate::{
    Binding, Connection, Endpoint, EndpointUrl, IndexedEndpoint, RequestId,
    binding::{MessageKind, Outbound, PostForm, redirect_url},
    dsig::{SignError, Signer, sign_detached, sign_enveloped},
    time::later,
    xml::XmlError,
};

/// A request can't be made.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// REQ-13: the identity provider has no endpoint with the artifact's index that speaks SOAP over HTTPS.
    #[error("the identity provider has no HTTPS endpoint with index {index} for artifacts")]
    ArtifactEndpoint {
        /// The index.
        index: u16,
    },
    /// REQ-11: the response should go to an endpoint that the service provider doesn't have, or not for this binding.
    #[error("the response should go to an endpoint that is not one of the service provider's")]
    Consumer,
    /// REQ-04: an extension isn't one well-formed element.
    #[error("an extension is not acceptable XML: {0}")]
    Extension(XmlError),
    /// REQ-04: an extension is an element of SAML's own or of no namespace.
    #[error("an extension belongs to a namespace other than SAML's")]
    ExtensionNamespace,
    /// MD-03: the identity provider's metadata has expired and must not be used.
    #[error("the identity provider's metadata expired at {valid_until}")]
    MetadataExpired {
        /// When it expired.
        valid_until: DateTime<Utc>,
    },
    /// REQ-02: the identity provider has no endpoint for this message with the wanted binding.
    #[error("the identity provider has no endpoint for this message")]
    NoEndpoint,
    /// SLO-07: the identity provider takes no logout messages through the browser.
    #[error("the identity provider has no endpoint for single logout")]
    NoLogoutEndpoint,
    /// REQ-08: the message must be signed and no key is configured.
    #[error("the message must be signed and the service provider has no key")]
    NoKey,
    /// REQ-04: classes of authentication were asked for and none is named.
    #[error("a requested authentication context names at least one class")]
    NoClass,
    /// REQ-09: the `RelayState` has more than 80 bytes.
    #[error("a RelayState has at most 80 bytes, this one has {length}")]
    RelayState {
        /// Bytes found.
        length: usize,
    },
    /// The message could not be signed.
    #[error("the message could not be signed: {0}")]
    Sign(#[from] SignError),
    /// SLO-01: the name identifier should be encrypted and the identity provider has no certificate for that.
    #[error("the identity provider has no certificate to encrypt for")]
    NoEncryptionKey,
    /// SLO-01: the name identifier could not be encrypted.
    #[error("the name identifier could not be encrypted")]
    Encryption,
    /// SLO-01: the reason for logging out is no URI (Errata 10).
    #[error("the reason of a logout is a URI")]
    Reason,
    /// SLO-01: the login names no session or no person, so there is nothing to end.
    #[error("the login has no name identifier or no session index")]
    NoSession,
}

impl RequestError {
    /// Gives the id of the broken rule, stable over releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ArtifactEndpoint { .. } => "REQ-13",
            Self::Consumer => "REQ-11",
            Self::MetadataExpired { .. } => "MD-03",
            Self::Extension(_) | Self::ExtensionNamespace | Self::NoClass => "REQ-04",
            Self::NoEndpoint => "REQ-02",
            Self::NoLogoutEndpoint => "SLO-07",
            Self::NoKey | Self::Sign(_) => "REQ-08",
            Self::Encryption | Self::NoEncryptionKey | Self::NoSession | Self::Reason => "SLO-01",
            Self::RelayState { .. } => "REQ-09",
        }
    }
}

impl Connection<'_> {
    /// Starts a login: gives the HTTP answer that sends the browser to the identity provider, and what to remember.
    ///
    /// # Errors
    /// [`RequestError`], all of them a matter of configuration.
    ///
    /// # Security
    /// `request_id` is fresh random from the host. The host keeps the pending login and ties it to this browser; see
    /// [`PendingLogin`].
    ///
    /// # Examples
    /// ```
    /// # use saml_sp::*;
    /// # fn example(connection: Connection<'_>, now: chrono::DateTime<chrono::Utc>) -> Result<(), RequestError> {
    /// let mut options = LoginOptions::default();
    /// options.return_to = "/reports".parse().ok();
    /// let random = [0x5a; 20]; // from the host's random source
    /// let (outbound, pending) = connection.begin_login(options, RequestId::from_random(random), now)?;
    /// assert_eq!(outbound.status(), 303);
    /// assert!(outbound.redirect_url().is_some_and(|url| url.contains("SAMLRequest=")));
    /// assert_eq!(pending.return_to().map(|path| path.as_str()), Some("/reports"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin_login(
        &self,
        options: LoginOptions,
        request_id: RequestId,
        now: DateTime<Utc>,
    ) -> Result<(Outbound, PendingLogin), RequestError> {
        self.require_current(now)?;
        if options.requested_authn_context.as_ref().is_some_and(|context| context.classes.is_empty()) {
            return Err(RequestError::NoClass);
        }
        let relay_state = options.relay_state.as_deref();
        check_relay_state(relay_state)?;
        let (consumer, name) = self.consumer(&options.consumer)?;
        let destination = self.login_endpoint(options.binding)?;
        let signed = self.signs_logins(&options);
        let message =
            authn_request(&request_id, now, Some(destination), self.sp().entity_id(), &name, &options);
        let outbound = xml_or_redirect(
            &with_extensions(message.to_xml(), &options.extensions)?,
            &Sending {
                kind: MessageKind::Request,
                id: request_id.as_str(),
                binding: destination.binding,
                to: &destination.location,
                relay_state,
                signer: if signed { Some(signer(self, now)?) } else { None },
            },
        )?;
        Ok((outbound, self.pending_login(consumer, request_id, options, now)))
    }

    /// The AuthnRequest for a client that is no browser, signed in itself if it is to be signed.
    pub(crate) fn login_message(
        &self,
        consumer: &IndexedEndpoint,
        destination: Option<&Endpoint>,
        options: &LoginOptions,
        request_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<String, RequestError> {
        self.require_current(now)?;
        if options.requested_authn_context.as_ref().is_some_and(|context| context.classes.is_empty()) {
            return Err(RequestError::NoClass);
        }
        let name = ConsumerName::Url(consumer);
        let message = authn_request(request_id, now, destination, self.sp().entity_id(), &name, options);
        let xml = with_extensions(message.to_xml(), &options.extensions)?;
        if !self.signs_logins(options) {
            return Ok(xml);
        }
        let signed = sign_enveloped(xml.as_bytes(), request_id.as_str(), &signer(self, now)?)?;
        Ok(String::from_utf8_lossy(&signed).into_owned())
    }

    /// Whether an AuthnRequest is signed (REQ-08).
    fn signs_logins(&self, options: &LoginOptions) -> bool {
        options.sign || self.sp().authn_requests_signed() || self.idp().want_authn_requests_signed()
    }

    /// What is remembered of a request.
    pub(crate) fn pending_login(
        &self,
        consumer: &IndexedEndpoint,
        request_id: RequestId,
        options: LoginOptions,
        now: DateTime<Utc>,
    ) -> PendingLogin {
        let lifetime = options.lifetime.map_or(LIFETIME, crate::Seconds::get);
        PendingLogin {
            request_id,
            connection: self.key().map(str::to_owned),
            idp: self.idp().entity_id().clone(),
            sp: self.sp().entity_id().clone(),
            consumer: consumer.location.clone(),
            issued_at: now,
            expires_at: later(now, lifetime),
            context: options.context,
            force_authn: options.force_authn,
            name_id_policy: options.name_id_policy,
            requested_authn_context: options.requested_authn_context,
            return_to: options.return_to,
            subject: options.subject,
        }
    }

    /// Refuses to use metadata that has expired (MD-03).
    pub(crate) fn require_current(&self, now: DateTime<Utc>) -> Result<(), RequestError> {
        match self.expired_metadata(now) {
            Some(valid_until) => Err(RequestError::MetadataExpired { valid_until }),
            None => Ok(()),
        }
    }

    fn consumer<'s>(
        &'s self,
        wanted: &Consumer,
    ) -> Result<(&'s IndexedEndpoint, ConsumerName<'s>), RequestError> {
        let fallback = self.sp().default_consumer();
        let browser = |binding| matches!(binding, Binding::HttpArtifact | Binding::HttpPost);
        let ours = || self.sp().consumers().iter().filter(move |endpoint| browser(endpoint.binding));
        match wanted {
            Consumer::Default => Ok((fallback, ConsumerName::Url(fallback))),
            Consumer::Unnamed => Ok((fallback, ConsumerName::Unnamed)),
            Consumer::Index(index) => ours()
                .find(|endpoint| endpoint.index == *index)
                .map(|endpoint| (endpoint, ConsumerName::Index(*index)))
                .ok_or(RequestError::Consumer),
            Consumer::Url(url) => ours()
                .find(|endpoint| endpoint.location == *url)
                .map(|endpoint| (endpoint, ConsumerName::Url(endpoint)))
                .ok_or(RequestError::Consumer),
        }
    }

    fn login_endpoint(&self, wanted: Option<Binding>) -> Result<&Endpoint, RequestError> {
        match wanted {
            Some(binding @ (Binding::HttpPost | Binding::HttpRedirect)) => self.idp().single_sign_on(binding),
            Some(_) => None,
            None => self
                .idp()
                .single_sign_on(Binding::HttpRedirect)
                .or_else(|| self.idp().single_sign_on(Binding::HttpPost)),
        }
        .ok_or(RequestError::NoEndpoint)
    }
}

/// A message that is ready but for its transport.
pub(crate) struct Sending<'a> {
    pub(crate) kind: MessageKind,
    pub(crate) id: &'a str,
    pub(crate) binding: Binding,
    pub(crate) to: &'a EndpointUrl,
    pub(crate) relay_state: Option<&'a str>,
    pub(crate) signer: Option<Signer<'a>>,
}

/// Signs a message as its binding wants it and puts it on its way.
pub(crate) fn xml_or_redirect(xml: &str, sending: &Sending<'_>) -> Result<Outbound, RequestError> {
    if sending.binding == Binding::HttpRedirect {
        // Bindings 3.4.4.1: the signature stands beside the message, never in it.
        let sign = sending
            .signer
            .map(|signer| (signer.signature.uri(), move |octets: &[u8]| sign_detached(octets, &signer)));
        let url = redirect_url(sending.to, sending.kind, xml.as_bytes(), sending.relay_state, sign)?;
        return Ok(Outbound::Redirect { url });
    }
    let encoded = match &sending.signer {
        Some(signer) => BASE64_STANDARD.encode(sign_enveloped(xml.as_bytes(), sending.id, signer)?),
        None => BASE64_STANDARD.encode(xml),
    };
    let mut fields = vec![(sending.kind.parameter(), encoded)];
    if let Some(relay_state) = sending.relay_state {
        fields.push(("RelayState", relay_state.to_owned()));
    }
    Ok(Outbound::Post { form: PostForm::new(sending.to.clone(), fields) })
}

/// The key that signs now.
pub(crate) fn signer<'a>(
    connection: &Connection<'a>,
    now: DateTime<Utc>,
) -> Result<Signer<'a>, RequestError> {
    let pair = connection.sp().keys().ok_or(RequestError::NoKey)?.signing(now);
    Ok(Signer::new(pair.private_key(), Some(pair.certificate())))
}

/// Bindings 3.4.3, 3.5.3: what is sent has at most 80 bytes.
pub(crate) fn check_relay_state(relay_state: Option<&str>) -> Result<(), RequestError> {
    match relay_state {
        Some(text) if text.len() > MAX_RELAY_STATE => Err(RequestError::RelayState { length: text.len() }),
        _ => Ok(()),
    }
}

/// An hour: people look for their second factor.
const LIFETIME: u32 = 60 * 60;
const MAX_RELAY_STATE: usize = 80;
