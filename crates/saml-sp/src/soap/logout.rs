//! Single logout between the servers (Bindings 3.2, Profiles 4.4).

use chrono::{DateTime, Utc};

use super::{Envelope, SoapCall, SoapReply, envelope, standing_alone};
use crate::{
    Binding, Connection, IdpSession, LogoutAnswer, LogoutMessage, LogoutOptions, LogoutOutcome,
    LogoutRequest, PendingLogout, Rejection, RequestError, RequestId,
    binding::{Decoded, MessageKind},
    dsig::sign_enveloped,
    names::STATUS_REQUESTER,
    rejection::{Cause, Part},
    request::signer,
    xml::{Document, write::XmlElement},
};

impl Connection<'_> {
    /// Asks the identity provider, server to server, to end a session.
    ///
    /// The answer's body goes to [`Connection::accept_soap_logout_response`] with the pending logout. End the local
    /// session before (SLO-09). `RelayState` doesn't exist here (Bindings 3.2.2.2): [`LogoutOptions::relay_state`] and
    /// [`LogoutOptions::binding`] are not looked at.
    ///
    /// # Errors
    /// As [`Connection::begin_logout`]: [`RequestError::NoLogoutEndpoint`] if there is no SOAP endpoint.
    ///
    /// # Examples
    /// ```
    /// # use saml_sp::*;
    /// fn log_out(
    ///     connection: Connection<'_>,
    ///     session: &IdpSession,
    ///     random: [u8; 20],
    ///     now: chrono::DateTime<chrono::Utc>,
    ///     post: impl FnOnce(&SoapCall) -> Vec<u8>,
    /// ) -> Result<LogoutOutcome, Box<dyn std::error::Error>> {
    ///     let id = RequestId::from_random(random);
    ///     let (call, pending) = connection.begin_soap_logout(session, LogoutOptions::default(), id, now)?;
    ///     Ok(connection.accept_soap_logout_response(&post(&call), &pending, now)?)
    /// }
    /// ```
    pub fn begin_soap_logout(
        &self,
        session: &IdpSession,
        options: LogoutOptions,
        request_id: RequestId,
        now: DateTime<Utc>,
    ) -> Result<(SoapCall, PendingLogout), RequestError> {
        self.require_current(now)?;
        let endpoint = self.idp().single_logout(Binding::Soap).ok_or(RequestError::NoLogoutEndpoint)?;
        let message = self.logout_request(session, &options, &request_id, endpoint, now)?;
        let signed = self.signed(&message, &request_id, now)?;
        let pending = self.pending_logout(request_id, options, now);
        Ok((SoapCall::new(endpoint.location.clone(), &signed), pending))
    }

    /// Checks the identity provider's answer to [`Connection::begin_soap_logout`].
    ///
    /// # Errors
    /// [`Rejection`]: the rules of [`Connection::accept_logout`], and `SLO-08` for a SOAP fault or a malformed envelope.
    pub fn accept_soap_logout_response(
        &self,
        body: &[u8],
        pending: &PendingLogout,
        now: DateTime<Utc>,
    ) -> Result<LogoutOutcome, Rejection> {
        let part = Part::LogoutResponse;
        let decoded = self.logout_from_soap(body, MessageKind::Response, part)?;
        match self.accept_decoded_logout(&decoded, Some(pending), now)? {
            LogoutMessage::Response(outcome) => Ok(outcome),
            LogoutMessage::Request(_) => Err(Cause::NoMessage.into()),
        }
    }

    /// Checks a logout request that the identity provider's server sent to the SOAP endpoint.
    ///
    /// No browser takes part: the session is found by [`IdpSession::is_meant_by`] among all that are stored.
    /// Answer with [`Connection::respond_soap_logout`].
    ///
    /// # Errors
    /// [`Rejection`]: the rules of [`Connection::accept_logout`], and `SLO-08` for a malformed envelope. A refused
    /// request may have to be answered: [`Connection::respond_refused_soap_logout`].
    ///
    /// # Examples
    /// ```
    /// # use saml_sp::*;
    /// fn soap_endpoint(
    ///     connection: Connection<'_>,
    ///     body: &[u8],
    ///     sessions: &mut Vec<IdpSession>,
    ///     id: &RequestId,
    ///     now: chrono::DateTime<chrono::Utc>,
    /// ) -> Result<Option<SoapReply>, RequestError> {
    ///     match connection.accept_soap_logout(body, now) {
    ///         Ok(request) => {
    ///             sessions.retain(|session| !request.ends(session, now));
    ///             connection.respond_soap_logout(&request, LogoutAnswer::Success, id, now).map(Some)
    ///         }
    ///         Err(rejection) => connection.respond_refused_soap_logout(&rejection, id, now),
    ///     }
    /// }
    /// ```
    pub fn accept_soap_logout(&self, body: &[u8], now: DateTime<Utc>) -> Result<LogoutRequest, Rejection> {
        let decoded = self.logout_from_soap(body, MessageKind::Request, Part::LogoutRequest)?;
        match self.accept_decoded_logout(&decoded, None, now)? {
            LogoutMessage::Request(request) => Ok(*request),
            LogoutMessage::Response(_) => Err(Cause::NoMessage.into()),
        }
    }

    /// Answers a logout request that came by SOAP, in the same HTTP exchange.
    ///
    /// # Errors
    /// [`RequestError::NoKey`]: the answer is signed.
    pub fn respond_soap_logout(
        &self,
        request: &LogoutRequest,
        answer: LogoutAnswer,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<SoapReply, RequestError> {
        self.soap_answer(&request.id, answer.code(), response_id, now)
    }

    /// Answers a SOAP logout request that was refused, if it is one to answer: see
    /// [`Connection::respond_refused_logout`].
    ///
    /// # Errors
    /// [`RequestError::NoKey`]: the answer is signed.
    pub fn respond_refused_soap_logout(
        &self,
        rejection: &Rejection,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<Option<SoapReply>, RequestError> {
        let Some(to) = rejection.answer_to() else { return Ok(None) };
        self.soap_answer(&to.id, STATUS_REQUESTER, response_id, now).map(Some)
    }

    fn soap_answer(
        &self,
        request_id: &str,
        code: &str,
        response_id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<SoapReply, RequestError> {
        self.require_current(now)?;
        let message = self.logout_response(request_id, None, code, response_id, now);
        let signed = self.signed(&message, response_id, now)?;
        Ok(SoapReply::new("text/xml; charset=utf-8", envelope(Vec::new(), &signed)))
    }

    /// Signs a message of ours, which is what authenticates it on this binding.
    pub(crate) fn signed(
        &self,
        message: &XmlElement,
        id: &RequestId,
        now: DateTime<Utc>,
    ) -> Result<String, RequestError> {
        let signed = sign_enveloped(message.to_xml().as_bytes(), id.as_str(), &signer(self, now)?)?;
        Ok(String::from_utf8_lossy(&signed).into_owned())
    }

    fn logout_from_soap(&self, body: &[u8], kind: MessageKind, part: Part) -> Result<Decoded, Rejection> {
        let document = Document::parse(body, &self.policy().limits).map_err(Cause::Xml)?;
        let message = Envelope::open(document.root(), part, &[])?.message;
        let xml = standing_alone(message, part)?;
        Ok(Decoded { kind, binding: Binding::Soap, xml, relay_state: None, signature: None })
    }
}
