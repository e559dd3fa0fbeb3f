//! The questions that a response is asked, in the order of evaluation.

use serde::Serialize;

/// A question that a response is asked; they are asked in this order.
///
/// One question may be asked by several rules: [`crate::Finding::rule`] names the one that was broken, or the main one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Did a response come whole, and by a way that responses may come?
    Transport,
    /// May the stored metadata of the identity provider still be used?
    MetadataAge,
    /// Is it XML of the kind that is read?
    Document,
    /// Has the response the form of one?
    ResponseForm,
    /// Is the signature of the response good, if there is one?
    ResponseSignature,
    /// Did the identity provider sign the person in?
    Status,
    /// Is there one assertion?
    AssertionCount,
    /// Can the assertion be decrypted, if it is encrypted?
    Decryption,
    /// Is the signature of the assertion good, if there is one?
    AssertionSignature,
    /// Is everything signed that must be?
    SignedParts,
    /// Has the assertion the form of one?
    AssertionForm,
    /// Does the response come from the connection's identity provider?
    ResponseIssuer,
    /// Does the assertion come from the connection's identity provider?
    AssertionIssuer,
    /// Is the response meant for this address?
    Destination,
    /// Does the response answer the request that waits?
    Request,
    /// Was the response issued just now?
    ResponseInstant,
    /// Was the assertion issued just now?
    AssertionInstant,
    /// Is the assertion valid now?
    Validity,
    /// Does the assertion name a person?
    Subject,
    /// Is the name identifier the one that was asked for?
    NameIdWish,
    /// May whoever brings the assertion present it here and now?
    Confirmation,
    /// Is the assertion meant for this service provider?
    Audience,
    /// Does the assertion say that and how the person authenticated?
    AuthnStatement,
    /// Does the session at the identity provider go on?
    Session,
    /// Did the person authenticate recently enough?
    AuthnAge,
    /// Did the person authenticate in a way that is accepted?
    AuthnContext,
    /// Can the attributes be read?
    Attributes,
    /// Has the assertion not been used before?
    Replay,
}

impl Check {
    /// Every question, in order.
    pub const ALL: &'static [Self] = &[
        Self::Transport,
        Self::MetadataAge,
        Self::Document,
        Self::ResponseForm,
        Self::ResponseSignature,
        Self::Status,
        Self::AssertionCount,
        Self::Decryption,
        Self::AssertionSignature,
        Self::SignedParts,
        Self::AssertionForm,
        Self::ResponseIssuer,
        Self::AssertionIssuer,
        Self::Destination,
        Self::Request,
        Self::ResponseInstant,
        Self::AssertionInstant,
        Self::Validity,
        Self::Subject,
        Self::NameIdWish,
        Self::Confirmation,
        Self::Audience,
        Self::AuthnStatement,
        Self::Session,
        Self::AuthnAge,
        Self::AuthnContext,
        Self::Attributes,
        Self::Replay,
    ];

    /// Gives the rules that it asks for, the main one first.
    #[must_use]
    pub fn rules(self) -> &'static [&'static str] {
        match self {
            Self::Transport => {
                &["RSP-10", "XML-05", "XML-09", "XML-10", "SIG-20", "REQ-09", "REQ-10", "REQ-13", "TEN-09"]
            }
            Self::MetadataAge => &["MD-03"],
            Self::Document => &["XML-04", "XML-01", "XML-02", "XML-03", "XML-05", "XML-07"],
            Self::ResponseForm => &["XML-12", "XML-11", "RSP-01", "RSP-02"],
            Self::ResponseSignature | Self::AssertionSignature => &[
                "SIG-11", "SIG-01", "SIG-02", "SIG-03", "SIG-04", "SIG-05", "SIG-06", "SIG-07", "SIG-10",
                "SIG-15", "SIG-16", "SIG-17", "SIG-18", "SIG-22",
            ],
            Self::Status => &["RSP-07", "RSP-12"],
            Self::AssertionCount => &["RSP-08", "SIG-13"],
            Self::Decryption => &[
                "ENC-06", "ENC-01", "ENC-02", "ENC-03", "ENC-04", "ENC-05", "ENC-08", "ENC-09", "ENC-10",
                "XML-04",
            ],
            Self::SignedParts => &["SIG-12"],
            Self::AssertionForm => &["XML-12", "XML-11", "ASN-01", "ASN-02"],
            Self::ResponseIssuer => &["RSP-05"],
            Self::AssertionIssuer => &["ASN-02"],
            Self::Destination => &["RSP-04"],
            Self::Request => &["RSP-06", "RSP-11", "TEN-09"],
            Self::ResponseInstant => &["RSP-03"],
            Self::AssertionInstant => &["ASN-01", "RSP-03"],
            Self::Validity => &["ASN-05", "ASN-14"],
            Self::Subject => &["ASN-03", "ASN-09", "ASN-18"],
            Self::NameIdWish => &["ASN-12", "ASN-13"],
            Self::Confirmation => &["ASN-04"],
            Self::Audience => &["ASN-05", "ASN-14"],
            Self::AuthnStatement | Self::Session => &["ASN-06"],
            Self::AuthnAge => &["ASN-07"],
            Self::AuthnContext => &["ASN-08"],
            Self::Attributes => &["ASN-10", "XML-05"],
            Self::Replay => &["ASN-05"],
        }
    }

    /// Gives its name in data, such as `assertion_issuer`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::MetadataAge => "metadata_age",
            Self::Document => "document",
            Self::ResponseForm => "response_form",
            Self::ResponseSignature => "response_signature",
            Self::Status => "status",
            Self::AssertionCount => "assertion_count",
            Self::Decryption => "decryption",
            Self::AssertionSignature => "assertion_signature",
            Self::SignedParts => "signed_parts",
            Self::AssertionForm => "assertion_form",
            Self::ResponseIssuer => "response_issuer",
            Self::AssertionIssuer => "assertion_issuer",
            Self::Destination => "destination",
            Self::Request => "request",
            Self::ResponseInstant => "response_instant",
            Self::AssertionInstant => "assertion_instant",
            Self::Validity => "validity",
            Self::Subject => "subject",
            Self::NameIdWish => "name_id_wish",
            Self::Confirmation => "confirmation",
            Self::Audience => "audience",
            Self::AuthnStatement => "authn_statement",
            Self::Session => "session",
            Self::AuthnAge => "authn_age",
            Self::AuthnContext => "authn_context",
            Self::Attributes => "attributes",
            Self::Replay => "replay",
        }
    }

    /// Gives the question.
    #[must_use]
    pub fn question(self) -> &'static str {
        match self {
            Self::Transport => "Did a response come whole, and by a way that responses may come?",
            Self::MetadataAge => "May the stored metadata of the identity provider still be used?",
            Self::Document => "Is it XML of the kind that is read?",
            Self::ResponseForm => "Has the response the form of one?",
            Self::ResponseSignature => "Is the signature of the response good, if there is one?",
            Self::Status => "Did the identity provider sign the person in?",
            Self::AssertionCount => "Is there one assertion?",
            Self::Decryption => "Can the assertion be decrypted, if it is encrypted?",
            Self::AssertionSignature => "Is the signature of the assertion good, if there is one?",
            Self::SignedParts => "Is everything signed that must be?",
            Self::AssertionForm => "Has the assertion the form of one?",
            Self::ResponseIssuer => "Does the response come from the connection's identity provider?",
            Self::AssertionIssuer => "Does the assertion come from the connection's identity provider?",
            Self::Destination => "Is the response meant for this address?",
            Self::Request => "Does the response answer the request that waits?",
            Self::ResponseInstant => "Was the response issued just now?",
            Self::AssertionInstant => "Was the assertion issued just now?",
            Self::Validity => "Is the assertion valid now?",
            Self::Subject => "Does the assertion name a person?",
            Self::NameIdWish => "Is the name identifier the one that was asked for?",
            Self::Confirmation => "May whoever brings the assertion present it here and now?",
            Self::Audience => "Is the assertion meant for this service provider?",
            Self::AuthnStatement => "Does the assertion say that and how the person authenticated?",
            Self::Session => "Does the session at the identity provider go on?",
            Self::AuthnAge => "Did the person authenticate recently enough?",
            Self::AuthnContext => "Did the person authenticate in a way that is accepted?",
            Self::Attributes => "Can the attributes be read?",
            Self::Replay => "Has the assertion not been used before?",
        }
    }
}
