//! HTTP-Artifact: a reference comes through the browser, the message is fetched (Bindings 3.6, Core 3.5).

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};

use crate::{
    Binding, Connection, EntityId, Inbound, Login, PendingLogin, Rejection, ReplayClaim, RequestError,
    RequestId, Sighting, SoapCall, Verified,
    dsig::{DigestAlgorithm, crypto::digest},
    names::{ASSERTION, DS, PROTOCOL},
    rejection::{Cause, Part},
    response::{Fields, status, unexpected},
    soap::{Envelope, standing_alone},
    time::{format_instant, later},
    xml::{Document, Element, write::XmlElement},
};

/// An artifact that came through the browser, not used yet.
///
/// Only the host's store knows whether it was used before; [`ReceivedArtifact::admit`] takes the store's answer.
#[derive(Debug)]
#[must_use = "nothing is fetched before `admit`"]
pub struct ReceivedArtifact {
    artifact: Artifact,
    claim: ReplayClaim,
}

impl ReceivedArtifact {
    /// Says what the host must store exactly once, and until when (Bindings 3.6.5.2).
    #[must_use]
    pub fn claim(&self) -> &ReplayClaim {
        &self.claim
    }

    /// Gives the artifact out if the claim was new.
    ///
    /// # Errors
    /// A [`Rejection`] with code `REQ-13` if it was seen before.
    pub fn admit(self, sighting: Sighting) -> Result<Artifact, Rejection> {
        match sighting {
            Sighting::FirstUse => Ok(self.artifact),
            Sighting::Seen => Err(Cause::ArtifactUsed.into()),
        }
    }
}

/// An artifact of type 4 of this connection's identity provider, to be used once.
///
/// It stands for a message, so whoever has it can sign in: `Debug` doesn't show it.
pub struct Artifact {
    bytes: [u8; ARTIFACT_BYTES],
    relay_state: Option<String>,
}

impl Artifact {
    /// Gives the index of the identity provider's endpoint that exchanges it.
    #[must_use]
    pub fn endpoint_index(&self) -> u16 {
        let [_, _, high, low, ..] = self.bytes;
        u16::from_be_bytes([high, low])
    }

    /// Gives the `RelayState` that came along.
    #[must_use]
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Artifact(endpoint {})", self.endpoint_index())
    }
}

/// An artifact that is being exchanged: what the answer is held against. It answers once.
#[derive(Debug)]
pub struct PendingArtifact {
    request_id: RequestId,
    idp: EntityId,
    relay_state: Option<String>,
}

impl Connection<'_> {
    /// Takes an artifact from the query of a GET or the body of a POST (Bindings 3.6.3).
    ///
    /// # Errors
    /// [`Rejection`]: `REQ-13` if it isn't of type 4, or if its SourceID isn't that of this connection's identity
    /// provider; `RSP-10` if there is none.
    ///
    /// # Examples
    /// ```
    /// # use saml_sp::*;
    /// fn fetched(
    ///     connection: Connection<'_>,
    ///     query: &str,
    ///     pending: &PendingLogin,
    ///     random: [u8; 20],
    ///     now: chrono::DateTime<chrono::Utc>,
    ///     insert_if_absent: impl Fn(&ReplayClaim) -> Sighting,
    ///     post: impl FnOnce(&SoapCall) -> Vec<u8>,
    /// ) -> Result<Login, Box<dyn std::error::Error>> {
    ///     let received = connection.accept_artifact(&Inbound::RawQuery(query), now)?;
    ///     let sighting = insert_if_absent(received.claim());
    ///     let artifact = received.admit(sighting)?;
    ///     let (call, resolving) = connection.resolve_artifact(artifact, RequestId::from_random(random), now)?;
    ///     let body = post(&call);
    ///     let verified = connection.accept_artifact_response(&body, resolving, Some(pending), now)?;
    ///     let sighting = insert_if_absent(verified.claim());
    ///     Ok(verified.admit(sighting)?)
    /// }
    /// ```
    pub fn accept_artifact(
        &self,
        inbound: &Inbound<'_>,
        now: DateTime<Utc>,
    ) -> Result<ReceivedArtifact, Rejection> {
        let policy = self.policy();
        let (bytes, relay_state) = inbound.artifact(&policy.limits)?;
        let text = BASE64_STANDARD.encode(&bytes);
        let bytes: [u8; ARTIFACT_BYTES] = bytes.try_into().map_err(|_| Cause::ArtifactForm)?;
        let Some((TYPE_4, source)) = bytes.split_first_chunk().map(|(kind, _)| (*kind, source_of(&bytes)))
        else {
            return Err(Cause::ArtifactForm.into());
        };
        // A mix-up of issuers would let one identity provider answer for another.
        let expected = source_id(self.idp().entity_id())?;
        if source != expected {
            return Err(Cause::ArtifactSource { expected: hex(&expected), found: hex(source) }.into());
        }
        let kept = policy.max_issue_age.get().saturating_add(policy.skew.seconds());
        let claim = ReplayClaim {
            issuer: self.idp().entity_id().clone(),
            // No ID of a message has a colon, so this is none.
            id: format!("artifact:{text}"),
            forget_after: later(now, kept),
        };
        Ok(ReceivedArtifact { artifact: Artifact { bytes, relay_state }, claim })
    }

    /// Makes the signed request that exchanges an artifact for its message (Core 3.5.1), and what its answer is held
    /// against.
    ///
    /// # Errors
    /// [`RequestError::ArtifactEndpoint`] if the identity provider has no SOAP endpoint with the artifact's index at an
    /// `https:` address; [`RequestError::NoKey`] without a key, for the request must be authenticated.
    ///
    /// # Security
    /// Profiles 4.1.4.4: both sides must be authenticated, and nobody may read along. The signature authenticates this
    /// side; the host's TLS client, checking the certificate, does the rest.
    pub fn resolve_artifact(
        &self,
        artifact: Artifact,
        request_id: RequestId,
        now: DateTime<Utc>,
    ) -> Result<(SoapCall, PendingArtifact), RequestError> {
        self.require_current(now)?;
        let index = artifact.endpoint_index();
        let endpoint = self
            .idp()
            .artifact_resolution_services()
            .iter()
            .find(|one| one.index == index && one.binding == Binding::Soap && one.location.is_https())
            .ok_or(RequestError::ArtifactEndpoint { index })?;
        let protocol = |local| XmlElement::new("samlp", PROTOCOL, local);
        let message = protocol("ArtifactResolve")
            .attr("ID", request_id.as_str())
            .attr("Version", "2.0")
            .attr("IssueInstant", format_instant(now))
            .attr("Destination", endpoint.location.as_str())
            .child(self.issuer())
            .child(protocol("Artifact").text(BASE64_STANDARD.encode(artifact.bytes)));
        let call = SoapCall::new(endpoint.location.clone(), &self.signed(&message, &request_id, now)?);
        let pending = PendingArtifact {
            request_id,
            idp: self.idp().entity_id().clone(),
            relay_state: artifact.relay_state,
        };
        Ok((call, pending))
    }

    /// Checks the answer to [`Connection::resolve_artifact`] and the response in it, which is judged by every rule of
    /// [`Connection::accept_response`], signature included, as if it had been posted.
    ///
    /// `body` is the body of the HTTP answer, `pending` the login that this browser started.
    ///
    /// # Errors
    /// [`Rejection`]: `REQ-13` for what is wrong with the answer, and everything that a posted response is refused for.
    /// Only a `Destination` may be missing (Errata 59).
    pub fn accept_artifact_response(
        &self,
        body: &[u8],
        artifact: PendingArtifact,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Result<Verified<Login>, Rejection> {
        let xml = self.resolved(body, &artifact, now)?;
        self.accept_xml(&xml, artifact.relay_state, Binding::HttpArtifact, pending, now)
    }

    /// The same, for an artifact that is still wanted: a report takes nothing.
    pub(crate) fn accept_resolved(
        &self,
        body: &[u8],
        artifact: &PendingArtifact,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Result<Verified<Login>, Rejection> {
        let xml = self.resolved(body, artifact, now)?;
        self.accept_xml(&xml, artifact.relay_state.clone(), Binding::HttpArtifact, pending, now)
    }

    /// Takes the message out of the answer.
    pub(crate) fn resolved(
        &self,
        body: &[u8],
        artifact: &PendingArtifact,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, Rejection> {
        let part = Part::ArtifactResponse;
        let (expected, found) = (self.idp().entity_id().as_str(), artifact.idp.as_str());
        if expected != found {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            return Err(Cause::PendingElsewhere { expected, found }.into());
        }
        let limits = &self.policy().limits;
        let parse =
            |bytes| Document::parse(bytes, limits).map_err(|error| Rejection::from(Cause::Xml(error)));
        let document = parse(body)?;
        let answer = Envelope::open(document.root(), part, &[])?.message;
        if !answer.is(PROTOCOL, "ArtifactResponse") {
            let found = answer.local_name().to_owned();
            return Err(Cause::WrongMessage { expected: "ArtifactResponse", found }.into());
        }
        // If it is signed, only what the signature covers is read; TLS stands for it otherwise.
        let covered = self.verify(answer, part)?;
        let covered_document = covered.as_ref().map(|covered| parse(&covered.bytes)).transpose()?;
        let answer = covered_document.as_ref().map_or(answer, Document::root);
        let judged = |rejection: Rejection| if covered.is_some() { rejection.verified() } else { rejection };
        let message = self.inside(answer, artifact, covered.is_some(), now).map_err(judged)?;
        standing_alone(message, part)
    }

    /// Judges the answer and gives the message in it.
    fn inside<'d>(
        &self,
        answer: Element<'d>,
        artifact: &PendingArtifact,
        signed: bool,
        now: DateTime<Utc>,
    ) -> Result<Element<'d>, Rejection> {
        let part = Part::ArtifactResponse;
        let fields = Fields::new(answer, part);
        fields.check_version()?;
        fields.id()?;
        let mut children = answer.children().filter(|child| !child.is(DS, "Signature")).peekable();
        let issuer = children.next_if(|child| child.is(ASSERTION, "Issuer"));
        fields.check_issuer(self, issuer, signed)?;
        let expected = artifact.request_id.as_str();
        let found = fields.text("InResponseTo")?.unwrap_or_default();
        if found != expected {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            return Err(Cause::InResponseTo { part, expected, found }.into());
        }
        // Core 3.2.2: who names an address must mean this side's. There is none for answers between servers, so the
        // address that artifacts come to is meant, if any is named at all (Bindings 3.2 demands none).
        let consumers = self.sp().consumers();
        if let Some(found) = fields.element.attribute("Destination")
            && !consumers.iter().any(|one| one.location.as_str() == found)
        {
            let expected = consumers.iter().map(|one| one.location.as_str()).collect::<Vec<_>>().join(" ");
            return Err(Cause::Destination { part, expected, found: found.to_owned() }.into());
        }
        fields.check_issue_instant(self, now)?;
        children.next_if(|child| child.is(PROTOCOL, "Extensions"));
        let status = match children.next() {
            Some(child) if child.is(PROTOCOL, "Status") => status(child, part)?,
            Some(child) => return Err(unexpected(part, child)),
            None => return Err(Cause::Missing { part, what: "Status" }.into()),
        };
        if !status.is_success() {
            return Err(Cause::Status(Box::new(status)).into());
        }
        // Core 3.5.3: success with nothing inside means that there is no such message, or no longer.
        let message = children.next().ok_or(Cause::ArtifactUnresolved)?;
        match children.next() {
            Some(second) => Err(unexpected(part, second)),
            None => Ok(message),
        }
    }
}

/// SHA-1 of the issuer's entity id (Bindings 3.6.4.2): a name, not a protection.
fn source_id(issuer: &EntityId) -> Result<Vec<u8>, Rejection> {
    digest(DigestAlgorithm::Sha1, issuer.as_str().as_bytes()).map_err(|_| Cause::ArtifactForm.into())
}

/// What follows type and index.
fn source_of(artifact: &[u8; ARTIFACT_BYTES]) -> &[u8] {
    artifact.get(4..24).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Type, index, SourceID and MessageHandle (Bindings 3.6.4.2).
const ARTIFACT_BYTES: usize = 44;
const TYPE_4: [u8; 2] = [0, 4];

#[cfg(test)]
mod tests;
