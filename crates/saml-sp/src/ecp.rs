//! Clients that are no browsers: the enhanced client or proxy, over reverse SOAP (Profiles 4.2, Bindings 3.3).

use chrono::{DateTime, Utc};

use crate::{
    Binding, Connection, Login, LoginOptions, PendingLogin, Rejection, RequestError, RequestId, SoapReply,
    Verified,
    names::{ECP, PAOS, SOAP},
    rejection::{Cause, Part},
    request::check_relay_state,
    soap::{Envelope, envelope, standing_alone},
    xml::{Document, write::XmlElement},
};

/// Tells by the HTTP headers `Accept` and `PAOS` whether a client speaks the ECP profile (Profiles 4.2.3.1).
///
/// ```
/// let paos = r#"ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp""#;
/// assert!(saml_sp::is_ecp_client("text/html, application/vnd.paos+xml", paos));
/// assert!(!saml_sp::is_ecp_client("text/html", paos));
/// ```
#[must_use]
pub fn is_ecp_client(accept: &str, paos: &str) -> bool {
    let media_type =
        |range: &str| range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(PAOS_TYPE);
    let quoted = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let mut parts = paos.split(';');
    let versions = parts.next().unwrap_or_default().trim();
    let speaks = versions.strip_prefix("ver").map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
    accept.split(',').any(media_type)
        && speaks.is_some_and(|versions| versions.split(',').any(|version| quoted(version) == PAOS))
        && parts.any(|services| services.split(',').any(|service| quoted(service) == ECP))
}

impl Connection<'_> {
    /// Starts a login of a client that is no browser: gives the answer to its HTTP request, and what to remember.
    ///
    /// The client takes the AuthnRequest to the identity provider and posts what comes back to the service provider's
    /// endpoint with [`Binding::Paos`], where [`Connection::accept_ecp_response`] takes it. The options count as for a
    /// browser, but for `consumer` and `binding`.
    ///
    /// # Errors
    /// [`RequestError`]: as [`Connection::begin_login`]; [`RequestError::Consumer`] if the service provider has no endpoint
    /// with [`Binding::Paos`].
    ///
    /// # Security
    /// See [`PendingLogin`]; the client keeps cookies or the host finds the pending login by `RelayState`.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use saml_sp::*;
    /// # let idp = IdentityProvider::from_metadata(include_bytes!("../../../testdata/saml/captures/ssp/idp-metadata.xml"))?;
    /// # let policy = Policy::default();
    /// # let now = "2026-11-21T19:09:41Z".parse()?;
    /// let consumers = serde_json::from_str(
    ///     r#"[
    ///         { "binding": "http-post", "index": 0, "location": "https://sp.example.com/acs" },
    ///         { "binding": "paos", "index": 1, "location": "https://sp.example.com/ecp" }
    ///     ]"#,
    /// )?;
    /// let sp = ServiceProvider::new("https://sp.example.com".parse()?, "https://sp.example.com/acs".parse()?)
    ///     .with_consumers(consumers)?;
    /// let connection = Connection::new(&sp, &idp, &policy);
    /// let random = [0x5a; 20]; // from the host's random source
    /// let (reply, pending) =
    ///     connection.begin_ecp_login(LoginOptions::default(), RequestId::from_random(random), now)?;
    /// assert!(reply.headers().contains(&("Content-Type", "application/vnd.paos+xml")));
    /// assert!(reply.body().contains(pending.request_id().as_str()));
    ///
    /// // What the client brings back is judged like what a browser posts; this is nothing at all.
    /// let refused = connection.accept_ecp_response(b"", Some(&pending), now).map(drop);
    /// assert_eq!(refused.map_err(|rejection| rejection.code()), Err("XML-04"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn begin_ecp_login(
        &self,
        options: LoginOptions,
        request_id: RequestId,
        now: DateTime<Utc>,
    ) -> Result<(SoapReply, PendingLogin), RequestError> {
        check_relay_state(options.relay_state.as_deref())?;
        let consumer = self
            .sp()
            .consumers()
            .iter()
            .find(|one| one.binding == Binding::Paos)
            .ok_or(RequestError::Consumer)?;
        let endpoint = self.idp().single_sign_on(Binding::Soap);
        let message = self.login_message(consumer, endpoint, &options, &request_id, now)?;
        let block = |prefix, namespace, local| {
            XmlElement::new(prefix, namespace, local).attr_ns("S", SOAP, "actor", ACTOR_NEXT).attr_ns(
                "S",
                SOAP,
                "mustUnderstand",
                "1",
            )
        };
        let protocol = |local| XmlElement::new("samlp", crate::names::PROTOCOL, local);
        let entry = protocol("IDPEntry")
            .attr("ProviderID", self.idp().entity_id().as_str())
            .attr_opt("Loc", endpoint.map(|endpoint| endpoint.location.as_str()));
        let mut headers = vec![
            block("paos", PAOS, "Request")
                .attr("messageID", request_id.as_str())
                .attr("responseConsumerURL", consumer.location.as_str())
                .attr("service", ECP),
            block("ecp", ECP, "Request")
                .attr_opt("IsPassive", options.is_passive.then_some("true"))
                .attr_opt("ProviderName", options.provider_name.as_deref())
                .child(self.issuer())
                .child(protocol("IDPList").child(entry)),
        ];
        headers
            .extend(options.relay_state.as_deref().map(|state| block("ecp", ECP, "RelayState").text(state)));
        let reply = SoapReply::new(PAOS_TYPE, envelope(headers, &message));
        Ok((reply, self.pending_login(consumer, request_id, options, now)))
    }

    /// Checks what a client that is no browser brought from the identity provider; the response in it is judged by every
    /// rule of [`Connection::accept_response`], signature included, as if it had been posted.
    ///
    /// # Errors
    /// [`Rejection`]: `REQ-10` for what is wrong with the envelope, or if the client reports a fault, and everything that
    /// a posted response is refused for.
    ///
    /// # Security
    /// Nobody is signed in yet: store [`Verified::claim`] once and go on with [`Verified::admit`].
    pub fn accept_ecp_response(
        &self,
        body: &[u8],
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Result<Verified<Login>, Rejection> {
        let (xml, relay_state) = self.brought(body, pending)?;
        self.accept_xml(&xml, relay_state, Binding::Paos, pending, now)
    }

    /// Takes the message out of what a client brought, and the `RelayState` that stands beside it.
    pub(crate) fn brought(
        &self,
        body: &[u8],
        pending: Option<&PendingLogin>,
    ) -> Result<(Vec<u8>, Option<String>), Rejection> {
        let part = Part::Response;
        let document = Document::parse(body, &self.policy().limits).map_err(Cause::Xml)?;
        let understood = [(PAOS, "Response"), (ECP, "RelayState")];
        let opened = Envelope::open(document.root(), part, &understood)?;
        // Profiles 4.2.4.5: it says no more than InResponseTo, so a client may leave it out; but it may not say otherwise.
        let answered = opened.header(PAOS, "Response").and_then(|block| block.attribute("refToMessageID"));
        let asked = pending.map(|pending| pending.request_id().as_str());
        if answered.is_some() && asked.is_some() && answered != asked {
            return Err(Cause::Soap { part, what: "it refers to another message than the request" }.into());
        }
        let relay_state = opened.header(ECP, "RelayState").map(|state| state.text().into_owned());
        if let Some(found) = relay_state.as_ref().map(String::len).filter(|found| *found > MAX_RELAY_STATE) {
            return Err(Cause::RelayStateTooLong { limit: MAX_RELAY_STATE, found }.into());
        }
        Ok((standing_alone(opened.message, part)?, relay_state))
    }
}

/// Bindings 3.3.3, Profiles 4.2.3.1.
const PAOS_TYPE: &str = "application/vnd.paos+xml";
const ACTOR_NEXT: &str = "http://schemas.xmlsoap.org/soap/actor/next";
/// As much as a browser may bring.
const MAX_RELAY_STATE: usize = 2048;

#[cfg(test)]
mod tests;
