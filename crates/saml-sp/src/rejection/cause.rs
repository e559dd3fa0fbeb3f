//! The facts that break a rule, one variant each.

use chrono::{DateTime, Utc};

use crate::{dsig::SignatureError, enc::DecryptError, response::Status, xml::XmlError};

/// The fact that broke a rule; the rule's id is [`Cause::code`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    // --- the transport ---
    /// XML-05: the message is longer than the limit, before base64 is decoded.
    #[error("the message has more than {limit} bytes")]
    MessageTooLong {
        /// Bytes allowed.
        limit: usize,
        /// Bytes that came.
        found: usize,
    },
    /// XML-05: the form or query has more parameters than the limit.
    #[error("the form or query has more than {limit} parameters")]
    TooManyParameters {
        /// Parameters allowed.
        limit: usize,
    },
    /// XML-09: a percent sign isn't followed by two hexadecimal digits.
    #[error("the form or query holds a broken percent escape")]
    Escape,
    /// XML-09: the message or its signature isn't base64.
    #[error("the message is not valid base64")]
    Base64,
    /// XML-10: a redirected message isn't a raw deflate stream.
    #[error("the message is not a valid deflate stream")]
    Inflate,
    /// XML-10: inflating was stopped at the limit.
    #[error("the message inflates to more than {limit} bytes")]
    InflatedTooLong {
        /// Bytes allowed.
        limit: usize,
    },
    /// RSP-10: neither `SAMLResponse` nor `SAMLRequest` came.
    #[error("no SAML message came with the form or query")]
    NoMessage,
    /// RSP-10: a response came by redirect, where it must come by POST (Profiles 4.1.2).
    #[error("a response must be posted, not redirected")]
    ByRedirect,
    /// SIG-20: a parameter came twice, or two of a request, a response and an artifact came together.
    #[error("the parameter {name} came twice")]
    ParameterTwice {
        /// The parameter.
        name: &'static str,
    },
    /// SIG-20: of `Signature` and `SigAlg` one came without the other.
    #[error("the parameter {name} is missing")]
    ParameterMissing {
        /// The parameter.
        name: &'static str,
    },
    /// SIG-20: `SAMLEncoding` is not DEFLATE.
    #[error("the redirected message has an unknown encoding")]
    Encoding {
        /// The encoding's URI.
        found: String,
    },
    /// REQ-09: the `RelayState` is longer than the limit.
    #[error("the RelayState has more than {limit} bytes")]
    RelayStateTooLong {
        /// Bytes allowed.
        limit: usize,
        /// Bytes that came.
        found: usize,
    },
    /// REQ-13: what came isn't an artifact of type 4, the only one there is (Bindings 3.6.4.2).
    #[error("the artifact is not one of type 0004")]
    ArtifactForm,
    /// REQ-13: the artifact is from another identity provider.
    #[error("the artifact comes from another issuer")]
    ArtifactSource {
        /// SHA-1 of the entity id of the connection's identity provider, in hex.
        expected: String,
        /// The SourceID that stands there, in hex.
        found: String,
    },
    /// REQ-13: the identity provider holds no message for the artifact (Core 3.5.3).
    #[error("the identity provider has no message for the artifact")]
    ArtifactUnresolved,
    /// REQ-13: the artifact has been used before.
    #[error("the artifact has been used before")]
    ArtifactUsed,
    /// REQ-10, REQ-13, SLO-08: a SOAP envelope that isn't one, or that holds what isn't understood.
    #[error("the SOAP message around {part} is refused: {what}")]
    Soap {
        /// What should be in it.
        part: Part,
        /// What is wrong with it.
        what: &'static str,
    },
    /// REQ-10, REQ-13, SLO-08: a SOAP fault came in place of a message.
    #[error("a SOAP fault came in place of {part}")]
    SoapFault {
        /// What should have come.
        part: Part,
        /// The fault's text, cut to 1024 characters.
        found: String,
    },
    /// REQ-09: the `RelayState` isn't UTF-8.
    #[error("the RelayState is not text")]
    RelayStateNotText,

    /// MD-03: the identity provider's metadata has expired and must not be used.
    #[error("the identity provider's metadata has expired")]
    MetadataExpired {
        /// When it expired.
        at: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// SIG-21: a redirected message is signed with an algorithm that isn't allowed.
    #[error("the redirected message is signed with an algorithm that is not allowed")]
    RedirectAlgorithm {
        /// The algorithm's URI.
        found: String,
    },

    // --- the document ---
    /// XML-01 to XML-07: the document isn't read.
    #[error("the message is not acceptable XML")]
    Xml(XmlError),
    /// XML-11: a string or URI that must hold something is empty or blank.
    #[error("{part} has a blank {what}")]
    Blank {
        /// Where.
        part: Part,
        /// Element or attribute.
        what: &'static str,
    },
    /// XML-12: the message is of another kind than belongs here.
    #[error("this is not a {expected}")]
    WrongMessage {
        /// Name of the element that belongs here.
        expected: &'static str,
        /// Name of the element that came.
        found: String,
    },
    /// XML-12: an element stands where the schema has none, or too often.
    #[error("{part} has an element where none belongs")]
    UnexpectedElement {
        /// Where.
        part: Part,
        /// Its name.
        found: String,
    },
    /// XML-12: an attribute that is true or false is neither.
    #[error("{part} has a {what} that is neither true nor false")]
    Flag {
        /// Where.
        part: Part,
        /// The attribute.
        what: &'static str,
    },
    /// XML-12: an element or attribute that the schema demands is missing.
    #[error("{part} lacks {what}")]
    Missing {
        /// Where.
        part: Part,
        /// Element or attribute.
        what: &'static str,
    },

    // --- signatures and encryption ---
    /// SIG-01 to SIG-22: a signature that is there isn't good.
    #[error("the signature of {part} is refused")]
    Signature {
        /// What it should cover.
        part: Part,
        /// What is wrong with it.
        error: SignatureError,
    },
    /// SIG-03: a signature stands at a place that the schema doesn't have, or there are several.
    #[error("{part} has a signature in the wrong place")]
    SignaturePlace {
        /// Where.
        part: Part,
    },
    /// SIG-12, SLO-02: a signature is demanded and missing.
    #[error("{part} is not signed")]
    NotSigned {
        /// What should be signed.
        part: Part,
    },
    /// SIG-13: more than one assertion.
    #[error("the response holds {found} assertions, one is read")]
    SeveralAssertions {
        /// How many there are.
        found: usize,
    },
    /// SIG-20: a redirected message carries an XML signature, which senders must remove.
    #[error("a redirected message must not carry an XML signature")]
    SignatureInRedirect,
    /// XML-05: more encrypted attributes than are opened, since each costs an operation with each private key.
    #[error("the assertion holds more than {limit} encrypted attributes")]
    TooManyEncrypted {
        /// Encrypted attributes allowed.
        limit: usize,
    },
    /// ENC-01 to ENC-10: encrypted content can't be read.
    #[error("the encrypted content of {part} is refused")]
    Decryption {
        /// Where.
        part: Part,
        /// What is wrong with it.
        error: DecryptError,
    },
    /// ENC-01: the policy demands encrypted assertions, and this one is in the clear.
    #[error("the assertion is not encrypted")]
    NotEncrypted,
    // --- the message ---
    /// RSP-01, ASN-01: not SAML version 2.0.
    #[error("{part} is not of SAML version 2.0")]
    Version {
        /// Where.
        part: Part,
        /// The version that stands there.
        found: String,
    },
    /// RSP-02, ASN-01: no `ID`.
    #[error("{part} has no ID")]
    NoId {
        /// Where.
        part: Part,
    },
    /// RSP-03, ASN-01: a time isn't `xs:dateTime` in UTC with a `Z`.
    #[error("{part} has a {what} that is no UTC time")]
    Instant {
        /// Where.
        part: Part,
        /// The attribute.
        what: &'static str,
        /// What stands there.
        found: String,
    },
    /// RSP-03, ASN-01: issued in the future, even with the allowed skew.
    #[error("{part} was issued in the future")]
    IssuedInFuture {
        /// What.
        part: Part,
        /// When it says it was issued.
        at: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// RSP-03, ASN-01: issued longer ago than the policy allows.
    #[error("{part} was issued too long ago")]
    IssuedTooLongAgo {
        /// What.
        part: Part,
        /// When it says it was issued.
        at: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// RSP-07, RSP-12: the identity provider answers with an error.
    #[error("the identity provider did not sign the person in")]
    Status(Box<Status>),
    /// RSP-08: a successful response without an assertion.
    #[error("the response holds no assertion")]
    NoAssertion,
    /// RSP-05, ASN-02, SLO-08: an `Issuer` must be there.
    #[error("{part} names no issuer")]
    NoIssuer {
        /// Where.
        part: Part,
        /// The entity id of the connection's identity provider.
        expected: String,
    },
    /// RSP-05, ASN-02, SLO-08: issued by another entity.
    #[error("{part} comes from another issuer")]
    Issuer {
        /// Where.
        part: Part,
        /// The entity id of the connection's identity provider.
        expected: String,
        /// The issuer that stands there.
        found: String,
    },
    /// RSP-05, ASN-02, SLO-08: the issuer's name has a format other than entity.
    #[error("the issuer of {part} is not named as an entity")]
    IssuerFormat {
        /// Where.
        part: Part,
        /// The format.
        found: String,
    },
    /// RSP-04: a signed message without `Destination`.
    #[error("{part} is signed and names no destination")]
    NoDestination {
        /// Where.
        part: Part,
        /// The address of this connection.
        expected: String,
    },
    /// RSP-04: meant for another address.
    #[error("{part} is meant for another address")]
    Destination {
        /// Where.
        part: Part,
        /// The address of this connection.
        expected: String,
        /// The address that stands there.
        found: String,
    },
    /// RSP-06: a request waits, and the message answers none.
    #[error("{part} does not say which request it answers")]
    NoInResponseTo {
        /// Where.
        part: Part,
        /// The request that waits.
        expected: String,
    },
    /// RSP-06, SLO-05: the message answers another request.
    #[error("{part} answers another request")]
    InResponseTo {
        /// Where.
        part: Part,
        /// The request that waits.
        expected: String,
        /// The request that is answered.
        found: String,
    },
    /// RSP-06, RSP-11: the message answers a request, and none waits.
    #[error("{part} answers a request that is not waiting here")]
    NothingPending {
        /// Where.
        part: Part,
        /// The request that is answered.
        found: String,
    },
    /// RSP-06: the request that waits has expired.
    #[error("the login took too long and must be started again")]
    PendingExpired {
        /// When it expired.
        at: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// TEN-09: the request that waits was made for another connection.
    #[error("the login was started for another connection")]
    PendingElsewhere {
        /// Of this connection.
        expected: String,
        /// Of the pending request.
        found: String,
    },
    /// RSP-11: nobody asked for this response.
    #[error("the login was not started here")]
    Unsolicited {
        /// Whether the policy wants the host to start its own login.
        bounce: bool,
    },

    /// SLO-06: the logout request counts no longer, even with the allowed skew.
    #[error("the logout request has expired")]
    LogoutExpired {
        /// `NotOnOrAfter`.
        not_on_or_after: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },

    // --- the assertion ---
    /// ASN-05: the assertion isn't valid yet, even with the allowed skew.
    #[error("the assertion is not valid yet")]
    NotYetValid {
        /// `NotBefore`.
        not_before: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// ASN-05: the assertion has expired, even with the allowed skew.
    #[error("the assertion has expired")]
    Expired {
        /// `NotOnOrAfter`.
        not_on_or_after: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// ASN-14: the validity ends before it starts.
    #[error("the assertion's validity ends before it starts")]
    EmptyValidity {
        /// `NotBefore`.
        not_before: DateTime<Utc>,
        /// `NotOnOrAfter`.
        not_on_or_after: DateTime<Utc>,
    },
    /// ASN-14: a condition that may stand once stands twice.
    #[error("the assertion has a condition twice")]
    ConditionTwice {
        /// Its name.
        name: &'static str,
    },
    /// ASN-05: a condition that isn't known makes the assertion's validity unknown (Core 2.5.1.1).
    #[error("the assertion has a condition that is not known")]
    UnknownCondition {
        /// Its name.
        found: String,
    },
    /// ASN-05: no audience is named, which Profiles 4.1.4.2 demands.
    #[error("the assertion names no audience")]
    NoAudience {
        /// The audiences that are accepted.
        expected: Vec<String>,
    },
    /// ASN-05: meant for another audience.
    #[error("the assertion is meant for another audience")]
    Audience {
        /// The audiences that are accepted.
        expected: Vec<String>,
        /// The audiences of the restriction that failed.
        found: Vec<String>,
    },
    /// ASN-03: no `Subject`.
    #[error("the assertion has no subject")]
    NoSubject,
    /// ASN-03: the subject has no identifier, and the policy demands one.
    #[error("the assertion's subject has no name identifier")]
    NoNameId,
    /// ASN-03: the subject has a kind of identifier that isn't read, or several.
    #[error("the assertion's subject has an identifier that is not read")]
    Identifier {
        /// The element's name.
        found: String,
    },
    /// ASN-09: the name identifier is empty or blank.
    #[error("the name identifier is empty")]
    EmptyNameId,
    /// ASN-18: a persistent or transient identifier has more than 256 characters.
    #[error("the name identifier has more than {limit} characters")]
    NameIdTooLong {
        /// Characters allowed.
        limit: usize,
        /// Characters that came.
        found: usize,
    },
    /// ASN-12: the name identifier's format isn't the one that was asked for.
    #[error("the name identifier has another format than was asked for")]
    NameIdFormat {
        /// The format asked for.
        expected: String,
        /// The format that came.
        found: String,
    },
    /// ASN-12: the name identifier is for another service provider or group than was asked for.
    #[error("the name identifier has another SPNameQualifier than was asked for")]
    NameIdQualifier {
        /// The qualifier asked for.
        expected: String,
        /// The qualifier that came.
        found: String,
    },
    /// ASN-13: the request named a person, and another one came.
    #[error("another person signed in than was asked for")]
    OtherSubject,
    /// ASN-04: the subject has no bearer confirmation.
    #[error("the assertion has no bearer confirmation")]
    NoBearer,
    /// ASN-04: the confirmation has no data, or lacks an attribute that Profiles 4.1.4.2 demands.
    #[error("the bearer confirmation lacks {what}")]
    ConfirmationLacks {
        /// Element or attribute.
        what: &'static str,
    },
    /// ASN-04: the confirmation is for another address.
    #[error("the assertion is meant for another address")]
    Recipient {
        /// The address of this connection.
        expected: String,
        /// The address that stands there.
        found: String,
    },
    /// ASN-04: the confirmation has expired, even with the allowed skew.
    #[error("the assertion's confirmation has expired")]
    ConfirmationExpired {
        /// `NotOnOrAfter`.
        not_on_or_after: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// ASN-04: a bearer confirmation must not have a `NotBefore`.
    #[error("the bearer confirmation has a NotBefore")]
    ConfirmationNotBefore,
    /// ASN-06: nothing says that and how the person authenticated.
    #[error("the assertion has no authentication statement")]
    NoAuthnStatement,
    /// ASN-06: the session has ended already.
    #[error("the session at the identity provider has ended")]
    SessionEnded {
        /// `SessionNotOnOrAfter`.
        at: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// ASN-07: authenticated in the future, even with the allowed skew.
    #[error("the person authenticated in the future")]
    AuthenticatedInFuture {
        /// `AuthnInstant`.
        at: DateTime<Utc>,
        /// The host's clock.
        now: DateTime<Utc>,
    },
    /// ASN-07: authenticated longer ago than the policy allows, or before a request that forced it.
    #[error("the person authenticated too long ago")]
    AuthenticatedTooLongAgo {
        /// `AuthnInstant`.
        at: DateTime<Utc>,
        /// The earliest instant that is accepted, skew included.
        earliest: DateTime<Utc>,
    },
    /// ASN-08: the way of authentication is none of those that are accepted.
    #[error("the way of authentication is not accepted")]
    AuthnContext {
        /// The classes that are accepted.
        expected: Vec<String>,
        /// The class that came, if any.
        found: Option<String>,
    },
    /// ASN-17: an assertion speaks of another person than the one beside it, or of nobody who could be told to be the same.
    #[error("the assertions do not speak of one person")]
    OtherPrincipal,
    /// ASN-17: there are several assertions, and the host didn't store the claim of each.
    #[error("not every assertion was claimed")]
    Unclaimed {
        /// How many claims there are.
        expected: usize,
        /// How many the host told of.
        found: usize,
    },
    /// ASN-05: the assertion has been used before.
    #[error("the assertion has been used before")]
    Replayed,
}

/// A part of a message, for naming where a fact stands.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The answer to an artifact.
    ArtifactResponse,
    /// The assertion.
    Assertion,
    /// An attribute of the assertion.
    Attribute,
    /// A logout request.
    LogoutRequest,
    /// A logout response.
    LogoutResponse,
    /// The metadata document.
    Metadata,
    /// The response around the assertion.
    Response,
    /// The subject of the assertion or logout request.
    Subject,
}

impl std::fmt::Display for Part {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::ArtifactResponse => "the artifact response",
            Self::Assertion => "the assertion",
            Self::Attribute => "the attribute",
            Self::LogoutRequest => "the logout request",
            Self::LogoutResponse => "the logout response",
            Self::Metadata => "the metadata",
            Self::Response => "the response",
            Self::Subject => "the subject",
        })
    }
}
