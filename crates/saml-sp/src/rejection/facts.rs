//! What each fact is called, and which two sides it has.

use super::{Cause, Part};

impl Cause {
    /// Gives the id of the broken rule, stable over releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MessageTooLong { .. } | Self::TooManyParameters { .. } | Self::TooManyEncrypted { .. } => {
                "XML-05"
            }
            Self::Escape | Self::Base64 => "XML-09",
            Self::Inflate | Self::InflatedTooLong { .. } => "XML-10",
            Self::Xml(error) => error.code(),
            Self::Blank { .. } => "XML-11",
            Self::WrongMessage { .. }
            | Self::UnexpectedElement { .. }
            | Self::Flag { .. }
            | Self::Missing { .. } => "XML-12",
            Self::NoMessage | Self::ByRedirect => "RSP-10",
            Self::ParameterTwice { .. }
            | Self::ParameterMissing { .. }
            | Self::Encoding { .. }
            | Self::SignatureInRedirect => "SIG-20",
            Self::RelayStateTooLong { .. } | Self::RelayStateNotText => "REQ-09",
            Self::ArtifactForm
            | Self::ArtifactSource { .. }
            | Self::ArtifactUnresolved
            | Self::ArtifactUsed => "REQ-13",
            Self::Soap { part, .. } | Self::SoapFault { part, .. } => {
                part.choose("REQ-10", "REQ-10", "SLO-08")
            }
            Self::Signature { error, .. } => error.code(),
            Self::SignaturePlace { .. } => "SIG-03",
            Self::NotSigned { part } => part.choose("SIG-12", "SIG-12", "SLO-02"),
            Self::SeveralAssertions { .. } => "SIG-13",
            Self::Decryption { error, .. } => error.code(),
            Self::NotEncrypted => "ENC-01",
            Self::MetadataExpired { .. } => "MD-03",
            Self::RedirectAlgorithm { .. } => "SIG-21",
            Self::Version { part, .. } => part.choose("RSP-01", "ASN-01", "SLO-08"),
            Self::NoId { part } => part.choose("RSP-02", "ASN-01", "SLO-08"),
            Self::Instant { part, .. } => part.choose("RSP-03", "RSP-03", "SLO-08"),
            Self::IssuedInFuture { part, .. } | Self::IssuedTooLongAgo { part, .. } => {
                part.choose("RSP-03", "ASN-01", "SLO-08")
            }
            Self::Status(status) if status.is_known() => "RSP-07",
            Self::Status(_) => "RSP-12",
            Self::NoAssertion => "RSP-08",
            Self::NoIssuer { part, .. } | Self::Issuer { part, .. } | Self::IssuerFormat { part, .. } => {
                part.choose("RSP-05", "ASN-02", "SLO-08")
            }
            Self::NoDestination { part, .. } | Self::Destination { part, .. } => {
                part.choose("RSP-04", "RSP-04", "SLO-08")
            }
            Self::NoInResponseTo { part, .. } | Self::InResponseTo { part, .. } => {
                part.choose("RSP-06", "ASN-04", "SLO-05")
            }
            Self::NothingPending { part, .. } => part.choose("RSP-06", "ASN-04", "SLO-05"),
            Self::PendingExpired { .. } => "RSP-06",
            Self::PendingElsewhere { .. } => "TEN-09",
            Self::Unsolicited { .. } => "RSP-11",
            Self::LogoutExpired { .. } => "SLO-06",
            Self::EmptyValidity { .. } | Self::ConditionTwice { .. } => "ASN-14",
            Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::UnknownCondition { .. }
            | Self::NoAudience { .. }
            | Self::Audience { .. }
            | Self::Replayed => "ASN-05",
            Self::NoSubject | Self::NoNameId | Self::Identifier { .. } => "ASN-03",
            Self::EmptyNameId => "ASN-09",
            Self::NameIdTooLong { .. } => "ASN-18",
            Self::NameIdFormat { .. } | Self::NameIdQualifier { .. } => "ASN-12",
            Self::OtherSubject => "ASN-13",
            Self::OtherPrincipal | Self::Unclaimed { .. } => "ASN-17",
            Self::NoBearer
            | Self::ConfirmationLacks { .. }
            | Self::Recipient { .. }
            | Self::ConfirmationExpired { .. }
            | Self::ConfirmationNotBefore => "ASN-04",
            Self::NoAuthnStatement | Self::SessionEnded { .. } => "ASN-06",
            Self::AuthenticatedInFuture { .. } | Self::AuthenticatedTooLongAgo { .. } => "ASN-07",
            Self::AuthnContext { .. } => "ASN-08",
        }
    }

    /// Gives what the rule demands, where that can be put into a value.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        Some(match self {
            Self::MessageTooLong { limit, .. }
            | Self::TooManyParameters { limit }
            | Self::TooManyEncrypted { limit }
            | Self::InflatedTooLong { limit }
            | Self::RelayStateTooLong { limit, .. }
            | Self::NameIdTooLong { limit, .. } => format!("at most {limit}"),
            Self::SeveralAssertions { .. } => "1".to_owned(),
            Self::Unclaimed { expected, .. } => expected.to_string(),
            Self::Flag { .. } => "true or false".to_owned(),
            Self::WrongMessage { expected, .. } => (*expected).to_owned(),
            Self::Version { .. } => "2.0".to_owned(),
            Self::Instant { .. } => "a time such as 2026-01-31T12:00:00Z".to_owned(),
            Self::Encoding { .. } => crate::names::ENCODING_DEFLATE.to_owned(),
            Self::IssuerFormat { .. } => crate::names::FORMAT_ENTITY.to_owned(),
            Self::Status(_) => crate::names::STATUS_SUCCESS.to_owned(),
            Self::NoIssuer { expected, .. }
            | Self::Issuer { expected, .. }
            | Self::ArtifactSource { expected, .. }
            | Self::NoDestination { expected, .. }
            | Self::Destination { expected, .. }
            | Self::NoInResponseTo { expected, .. }
            | Self::InResponseTo { expected, .. }
            | Self::PendingElsewhere { expected, .. }
            | Self::NameIdFormat { expected, .. }
            | Self::NameIdQualifier { expected, .. }
            | Self::Recipient { expected, .. } => expected.clone(),
            Self::NoAudience { expected }
            | Self::Audience { expected, .. }
            | Self::AuthnContext { expected, .. } => expected.join(" "),
            Self::IssuedInFuture { now, .. } | Self::NotYetValid { now, .. } => format!("at {now} or before"),
            Self::AuthenticatedInFuture { now, .. } => format!("at {now} or before"),
            Self::AuthenticatedTooLongAgo { earliest, .. } => format!("at {earliest} or later"),
            Self::IssuedTooLongAgo { now, .. } => format!("shortly before {now}"),
            Self::Expired { now, .. }
            | Self::ConfirmationExpired { now, .. }
            | Self::LogoutExpired { now, .. }
            | Self::SessionEnded { now, .. }
            | Self::PendingExpired { now, .. }
            | Self::MetadataExpired { now, .. } => format!("after {now}"),
            _ => return None,
        })
    }

    /// Gives what stood in the message, if that can be put into a value.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        Some(match self {
            Self::MessageTooLong { found, .. }
            | Self::RelayStateTooLong { found, .. }
            | Self::NameIdTooLong { found, .. }
            | Self::SeveralAssertions { found }
            | Self::Unclaimed { found, .. } => found.to_string(),
            Self::Encoding { found }
            | Self::WrongMessage { found, .. }
            | Self::UnexpectedElement { found, .. }
            | Self::RedirectAlgorithm { found }
            | Self::Version { found, .. }
            | Self::Instant { found, .. }
            | Self::Issuer { found, .. }
            | Self::ArtifactSource { found, .. }
            | Self::SoapFault { found, .. }
            | Self::IssuerFormat { found, .. }
            | Self::Destination { found, .. }
            | Self::InResponseTo { found, .. }
            | Self::NothingPending { found, .. }
            | Self::PendingElsewhere { found, .. }
            | Self::UnknownCondition { found }
            | Self::Identifier { found }
            | Self::NameIdFormat { found, .. }
            | Self::NameIdQualifier { found, .. }
            | Self::Recipient { found, .. } => found.clone(),
            Self::Xml(error) => error.to_string(),
            Self::Signature { error, .. } => error.to_string(),
            Self::Decryption { error, .. } => error.to_string(),
            Self::Audience { found, .. } => found.join(" "),
            Self::AuthnContext { found, .. } => return found.clone(),
            Self::Status(status) => status.to_string(),
            Self::IssuedInFuture { at, .. }
            | Self::IssuedTooLongAgo { at, .. }
            | Self::MetadataExpired { at, .. }
            | Self::PendingExpired { at, .. }
            | Self::SessionEnded { at, .. }
            | Self::AuthenticatedInFuture { at, .. }
            | Self::AuthenticatedTooLongAgo { at, .. } => at.to_string(),
            Self::NotYetValid { not_before, .. } => not_before.to_string(),
            Self::Expired { not_on_or_after, .. }
            | Self::LogoutExpired { not_on_or_after, .. }
            | Self::ConfirmationExpired { not_on_or_after, .. } => not_on_or_after.to_string(),
            Self::EmptyValidity { not_before, not_on_or_after } => {
                format!("{not_before} to {not_on_or_after}")
            }
            Self::ParameterTwice { name }
            | Self::ParameterMissing { name }
            | Self::ConditionTwice { name } => (*name).to_owned(),
            _ => return None,
        })
    }
}

impl Part {
    /// One fact has three rules: for responses, for assertions and for logout.
    fn choose(self, response: &'static str, assertion: &'static str, logout: &'static str) -> &'static str {
        match self {
            Self::ArtifactResponse => "REQ-13",
            Self::Response | Self::Metadata => response,
            Self::Assertion | Self::Attribute | Self::Subject => assertion,
            Self::LogoutRequest | Self::LogoutResponse => logout,
        }
    }
}

#[cfg(test)]
mod tests;
