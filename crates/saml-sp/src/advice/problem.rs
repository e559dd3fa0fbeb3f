//! What can be wrong, as an admin sees it.

use serde::Serialize;

use super::{NearMiss, steps_of};

/// Something that is wrong or soon will be, as an admin sees it: one cause may break several rules.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// Whether it led to the refusal.
    pub severity: Severity,
    /// The rule that is broken, or that asks to report it.
    pub rule: &'static str,
    /// What is expected.
    pub expected: Option<String>,
    /// What was found, cut to 256 characters; it may come from outside, so escape it.
    pub found: Option<String>,
    /// Whether what was found stood under a verified signature, or comes from the configuration.
    pub verified: bool,
    /// How the two differ, if that is little.
    pub near_misses: Vec<NearMiss>,
}

impl Problem {
    pub(crate) fn of(kind: ProblemKind, rule: &'static str, verified: bool) -> Self {
        Self {
            kind,
            severity: Severity::Refused,
            rule,
            expected: None,
            found: None,
            verified,
            near_misses: Vec::new(),
        }
    }

    /// A problem that refuses nothing, known from the configuration or from what was verified.
    pub(crate) fn notice(kind: ProblemKind, rule: &'static str) -> Self {
        Self { severity: Severity::Notice, ..Self::of(kind, rule, true) }
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }
}

/// Whether a problem led to a refusal.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It refuses nothing now.
    Notice,
    /// It refuses the response, alone or with others.
    Refused,
}

/// A kind of problem.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The response is addressed to another address (assertion consumer service URL) than this connection's.
    Address,
    /// An attribute that this service needs was not sent.
    AttributeMissing,
    /// An attribute that this service needs came under another name.
    AttributeName,
    /// The application at the identity provider has another name (entity id, audience) for this service.
    Audience,
    /// The entity id of this service is a bare application id, which comes back with `spn:` in front.
    AudienceSpn,
    /// The person signed in by another method than was asked for.
    AuthnContext,
    /// No SAML response came by HTTP-POST: another binding or another protocol is set.
    Binding,
    /// The identity provider signs with a certificate that is not stored here.
    Certificate,
    /// A certificate of the identity provider has expired or will soon.
    CertificateEnds,
    /// The assertion is encrypted for a key that is not held here.
    DecryptionKey,
    /// The identity provider did not sign the person in.
    Denied,
    /// The response names a request that was never made.
    DummyRequest,
    /// The response has expired: a clock is behind, or the page was left open or loaded again.
    Expired,
    /// Groups came in a form that rules on names do not match.
    GroupForm,
    /// The person is in more groups than the identity provider lists; it sends a link instead.
    GroupsOverage,
    /// The identity provider calls itself otherwise (entity id, issuer) than it is stored here.
    Issuer,
    /// The login took longer than is allowed here.
    LoginTimedOut,
    /// The person signed in at the identity provider too long ago.
    LoginTooOld,
    /// A logout message is not signed, or not with a key that is stored here.
    Logout,
    /// The login that this response answers is not known here: a lost cookie, a second tab, an old page, or another server.
    LostRequest,
    /// The message is not what SAML and this service allow.
    Message,
    /// The identity provider's metadata that is stored here has expired.
    MetadataExpired,
    /// The name identifier has another format than was asked for.
    NameIdFormat,
    /// No name identifier came, or an empty one.
    NameIdMissing,
    /// The identity provider cannot give the name identifier that was asked for.
    NameIdPolicy,
    /// The name identifier is not one that an account can be keyed by for long.
    NameIdValue,
    /// The identity provider has no logout address.
    NoLogout,
    /// The assertion is in the clear, and this connection demands encryption.
    NotEncrypted,
    /// The response is not valid yet: the identity provider's clock is ahead, or it does not backdate.
    NotYetValid,
    /// This service names an http address where it is reached by https; that is not the identity provider's fault.
    OwnBaseUrl,
    /// A certificate of this service has expired or will soon.
    OwnCertificateEnds,
    /// An address is http, so messages and persons can be read and changed on the way.
    PlainHttp,
    /// The same response came twice: the page was loaded again, or the back button was used.
    Replay,
    /// The identity provider wants signed requests, and this service does not sign them.
    RequestUnsigned,
    /// The session at the identity provider has ended.
    SessionEnded,
    /// The identity provider ends its session within minutes of the login.
    ShortSession,
    /// Another part of the response is signed than this connection demands.
    SignedPart,
    /// The message is signed, but its signature does not cover what the message says.
    Tampered,
    /// The response comes from an identity provider that belongs to another connection.
    Tenant,
    /// Nothing in the response is signed.
    Unsigned,
    /// The login was started at the identity provider, and this connection takes only logins that start here.
    Unsolicited,
    /// The signature uses an algorithm that is not accepted.
    WeakAlgorithm,
    /// The assertion is encrypted in a way that is not opened without a signature around it.
    WeakEncryption,
    /// A key is shorter than is thought safe today.
    WeakKey,
    /// An option that lowers safety is on.
    WeakOption,
}

impl ProblemKind {
    /// Every kind, in alphabetical order.
    pub const ALL: &'static [Self] = &[
        Self::Address,
        Self::AttributeMissing,
        Self::AttributeName,
        Self::Audience,
        Self::AudienceSpn,
        Self::AuthnContext,
        Self::Binding,
        Self::Certificate,
        Self::CertificateEnds,
        Self::DecryptionKey,
        Self::Denied,
        Self::DummyRequest,
        Self::Expired,
        Self::GroupForm,
        Self::GroupsOverage,
        Self::Issuer,
        Self::LoginTimedOut,
        Self::LoginTooOld,
        Self::Logout,
        Self::LostRequest,
        Self::Message,
        Self::MetadataExpired,
        Self::NameIdFormat,
        Self::NameIdMissing,
        Self::NameIdPolicy,
        Self::NameIdValue,
        Self::NoLogout,
        Self::NotEncrypted,
        Self::NotYetValid,
        Self::OwnBaseUrl,
        Self::OwnCertificateEnds,
        Self::PlainHttp,
        Self::Replay,
        Self::RequestUnsigned,
        Self::SessionEnded,
        Self::ShortSession,
        Self::SignedPart,
        Self::Tampered,
        Self::Tenant,
        Self::Unsigned,
        Self::Unsolicited,
        Self::WeakAlgorithm,
        Self::WeakEncryption,
        Self::WeakKey,
        Self::WeakOption,
    ];

    /// Gives its name in data, such as `audience`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::AttributeMissing => "attribute_missing",
            Self::AttributeName => "attribute_name",
            Self::Audience => "audience",
            Self::AudienceSpn => "audience_spn",
            Self::AuthnContext => "authn_context",
            Self::Binding => "binding",
            Self::Certificate => "certificate",
            Self::CertificateEnds => "certificate_ends",
            Self::DecryptionKey => "decryption_key",
            Self::Denied => "denied",
            Self::DummyRequest => "dummy_request",
            Self::Expired => "expired",
            Self::GroupForm => "group_form",
            Self::GroupsOverage => "groups_overage",
            Self::Issuer => "issuer",
            Self::LoginTimedOut => "login_timed_out",
            Self::LoginTooOld => "login_too_old",
            Self::Logout => "logout",
            Self::LostRequest => "lost_request",
            Self::Message => "message",
            Self::MetadataExpired => "metadata_expired",
            Self::NameIdFormat => "name_id_format",
            Self::NameIdMissing => "name_id_missing",
            Self::NameIdPolicy => "name_id_policy",
            Self::NameIdValue => "name_id_value",
            Self::NoLogout => "no_logout",
            Self::NotEncrypted => "not_encrypted",
            Self::NotYetValid => "not_yet_valid",
            Self::OwnBaseUrl => "own_base_url",
            Self::OwnCertificateEnds => "own_certificate_ends",
            Self::PlainHttp => "plain_http",
            Self::Replay => "replay",
            Self::RequestUnsigned => "request_unsigned",
            Self::SessionEnded => "session_ended",
            Self::ShortSession => "short_session",
            Self::SignedPart => "signed_part",
            Self::Tampered => "tampered",
            Self::Tenant => "tenant",
            Self::Unsigned => "unsigned",
            Self::Unsolicited => "unsolicited",
            Self::WeakAlgorithm => "weak_algorithm",
            Self::WeakEncryption => "weak_encryption",
            Self::WeakKey => "weak_key",
            Self::WeakOption => "weak_option",
        }
    }

    /// Finds a kind by its name in data.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.id() == id)
    }

    /// Gives a sentence that says what is wrong.
    #[must_use]
    pub fn title(self) -> &'static str {
        steps_of(self).map_or("", |steps| steps.title.as_str())
    }

    /// Tells who can mend it: `identity_provider` (an admin there), `host` (whoever runs this service), `person` (who
    /// wants to sign in), or `unknown`.
    #[must_use]
    pub fn whose(self) -> &'static str {
        steps_of(self).map_or("", |steps| steps.whose.as_str())
    }
}
