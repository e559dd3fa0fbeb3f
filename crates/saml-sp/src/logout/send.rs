//! Logout messages that leave.

use chrono::{DateTime, Utc};

use super::{IdpSession, LogoutAnswer, LogoutOptions, LogoutRequest, PendingLogout};
use crate::{
    Binding, Connection, Endpoint, EndpointUrl, Outbound, Rejection, RequestError, RequestId, Seconds,
    binding::MessageKind,
    names::{ASSERTION, PROTOCOL, STATUS_REQUESTER, STATUS_RESPONDER, STATUS_SUCCESS},
    request::{Sending, check_relay_state, signer, xml_or_redirect},
    time::{format_instant, later},
    url::is_uri,
    xml::write::XmlElement,
};

impl Connection<'_> {
    /// Asks the identity provider to end a session, by a signed message.
    ///
    /// End the local session *before* sending this (SLO-09): the browser may never come back. A session that merely
    /// timed out is no reason to send it.
    ///
    /// # Errors
    /// [`RequestError::NoLogoutEndpoint`] if the identity provider has none: the local logout is then all there is, and
    /// the person should be told. [`RequestError::NoKey`] without a key, for logout messages must be signed.
    /// [`RequestError::NoSession`] if the session has no index, [`RequestError::Reason`] if the reason is no URI.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use saml_sp::*;
    /// # let idp = IdentityProvider::from_metadata(include_bytes!("../../../../testdata/saml/captures/ssp/idp-metadata.xml"))?;
    /// # let (key, certificate) = (
    /// #     PrivateKey::from_pem(include_str!("../../../../testdata/saml/captures/keys/sp.key"))?,
    /// #     Certificate::parse(include_str!("../../../../testdata/saml/captures/keys/sp.crt"))?,
    /// # );
    /// # let sp = ServiceProvider::new("https://sp.example.com".parse()?, "https://sp.example.com/acs".parse()?)
    /// #     .with_keys(KeyRing::new(KeyPair::new(key, certificate)?));
    /// # let policy = Policy::default();
    /// # let connection = Connection::new(&sp, &idp, &policy);
    /// # let now = "2026-11-21T19:09:41Z".parse()?;
    /// // What was kept when the person signed in: `login.idp_session()`.
    /// let session: IdpSession = serde_json::from_str(
    ///     r#"{ "name_id": { "value": "alice@example.com" }, "session_indexes": ["_1"] }"#,
    /// )?;
    /// let random = [0x5a; 20]; // from the host's random source
    /// let id = RequestId::from_random(random);
    /// let (outbound, pending) = connection.begin_logout(&session, LogoutOptions::default(), id.clone(), now)?;
    /// assert!(outbound.redirect_url().is_some_and(|url| url.contains("&Signature=")));
    /// assert_eq!(pending.request_id(), &id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin_logout(
        &self,
        session: &IdpSession,
        options: LogoutOptions,
        request_id: RequestId,
        now: DateTime<Utc>,
    ) -> Result<(Outbound, PendingLogout), RequestError> {
        self.require_current(now)?;
        check_relay_state(options.relay_state.as_deref())?;
        let endpoint = self.logout_endpoint(options.binding, None)?;
        let message = self.logout_request(session, &options, &request_id, endpoint, now)?;
        let outbound = xml_or_redirect(
            &message.to_xml(),
            &Sending {
                kind: MessageKind::Request,
                id: request_id.as_str(),
                binding: endpoint.binding,
                to: &endpoint.location,
                relay_state: options.relay_state.as_deref(),
                signer: Some(signer(self, now)?),
            },
        )?;
        Ok((outbound, self.pending_logout(request_id, options, now)))
    }

    /// The request itself (SLO-01).
    pub(crate) fn logout_request(
        &self,
        session: &IdpSession,
        options: &LogoutOptions,
        request_id: &RequestId,
        endpoint: &Endpoint,
        now: DateTime<Utc>,
    ) -> Result<XmlElement, RequestError> {
        if session.session_indexes.is_empty() {
            return Err(RequestError::NoSession);
        }
        if options.reason.as_deref().is_some_and(|reason| !is_uri(reason)) {
            return Err(RequestError::Reason);
        }
        Ok(protocol("LogoutRequest")
            .attr("ID", request_id.as_str())
            .attr("Version", "2.0")
            .attr("IssueInstant", format_instant(now))
            .attr("Destination", endpoint.location.as_str())
            .attr_opt("NotOnOrAfter", options.not_on_or_after.map(format_instant))
            .attr_opt("Reason", options.reason.as_deref())
            .child(self.issuer())
            .child(self.logout_name_id(&session.name_id, options.encrypt_name_id.as_ref())?)
            .children(
                session.session_indexes.iter().map(|index| protocol("SessionIndex").text(index.as_str())),
            ))
    }

    /// What is remembered of a request.
    pub(crate) fn pending_logout(
        &self,
        request_id: RequestId,
        options: LogoutOptions,
        now: DateTime<Utc>,
    ) -> PendingLogout {
        PendingLogout {
            request_id,
            connection: self.key().map(str::to_owned),
            idp: self.idp().entity_id().clone(),
            sp: self.sp().entity_id().clone(),
            expires_at: later(now, options.lifetime.map_or(LIFETIME, Seconds::get)),
            return_to: options.return_to,
        }
    }

    /// Answers a logout request, by a signed message; it is sent whatever came of the request (SLO-04).
    ///
    /// # Errors
    /// [`RequestError::NoLogoutEndpoint`] or [`RequestError::NoKey`].
    pub fn respond_logout(
        &self,
        request: &LogoutRequest,
        answer: LogoutAnswer,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<Outbound, RequestError> {
        let relay_state = request.relay_state.as_deref();
        self.answer(&request.id, request.binding, relay_state, answer.code(), response_id, now)
    }

    /// Answers a logout request that [`Connection::accept_logout`] refused, if it is one to answer.
    ///
    /// A request that the identity provider signed gets an answer even if it can't be followed (SLO-04); nobody else
    /// gets one. Without this, its own logout would end at an error page here.
    ///
    /// # Errors
    /// [`RequestError::NoLogoutEndpoint`] or [`RequestError::NoKey`].
    pub fn respond_refused_logout(
        &self,
        rejection: &Rejection,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<Option<Outbound>, RequestError> {
        let Some(to) = rejection.answer_to() else { return Ok(None) };
        let relay_state = to.relay_state.as_deref();
        self.answer(&to.id, to.binding, relay_state, STATUS_REQUESTER, response_id, now).map(Some)
    }

    fn answer(
        &self,
        request_id: &str,
        binding: Binding,
        relay_state: Option<&str>,
        code: &str,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<Outbound, RequestError> {
        self.require_current(now)?;
        let endpoint = self.logout_endpoint(None, Some(binding))?;
        // Errata 41: answers have an address of their own if the endpoint names one.
        let destination = endpoint.for_responses();
        let message = self.logout_response(request_id, Some(destination), code, response_id, now);
        xml_or_redirect(
            &message.to_xml(),
            &Sending {
                kind: MessageKind::Response,
                id: response_id.as_str(),
                binding: endpoint.binding,
                to: destination,
                // Bindings 3.4.3: back as it came, even if it is longer than what we would send.
                relay_state,
                signer: Some(signer(self, now)?),
            },
        )
    }

    /// The answer itself (SLO-04).
    pub(crate) fn logout_response(
        &self,
        request_id: &str,
        destination: Option<&EndpointUrl>,
        code: &str,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> XmlElement {
        protocol("LogoutResponse")
            .attr("ID", response_id.as_str())
            .attr("Version", "2.0")
            .attr("IssueInstant", format_instant(now))
            .attr_opt("Destination", destination.map(EndpointUrl::as_str))
            .attr("InResponseTo", request_id)
            .child(self.issuer())
            .child(protocol("Status").child(protocol("StatusCode").attr("Value", code)))
    }

    /// Finds the endpoint with the binding that must be used, or one that is used rather than others.
    fn logout_endpoint(
        &self,
        must: Option<Binding>,
        rather: Option<Binding>,
    ) -> Result<&Endpoint, RequestError> {
        let browser = |binding: &Binding| matches!(binding, Binding::HttpPost | Binding::HttpRedirect);
        let tried = match must {
            Some(binding) => vec![binding],
            None => rather.into_iter().chain([Binding::HttpRedirect, Binding::HttpPost]).collect(),
        };
        tried
            .into_iter()
            .filter(browser)
            .find_map(|binding| self.idp().single_logout(binding))
            .ok_or(RequestError::NoLogoutEndpoint)
    }

    pub(crate) fn issuer(&self) -> XmlElement {
        XmlElement::new("saml", ASSERTION, "Issuer").text(self.sp().entity_id().as_str())
    }
}

impl LogoutAnswer {
    /// The status code that says so.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Requester => STATUS_REQUESTER,
            Self::Responder => STATUS_RESPONDER,
            Self::Success => STATUS_SUCCESS,
        }
    }
}

fn protocol(local: &'static str) -> XmlElement {
    XmlElement::new("samlp", PROTOCOL, local)
}

/// Ten minutes: nobody has to look for anything.
const LIFETIME: u32 = 10 * 60;
