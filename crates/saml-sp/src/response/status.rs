//! What an identity provider answers when it doesn't sign a person in.

use std::fmt;

use crate::names::{STATUS_REQUESTER, STATUS_RESPONDER, STATUS_SUCCESS, STATUS_VERSION_MISMATCH};

/// The status of an answer (Core 3.2.2.1).
///
/// All of it comes from the other side: escape it before showing it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The top-level code, a URI.
    pub code: String,
    /// The codes below it, outermost first; open-ended, so any URI.
    pub details: Vec<String>,
    /// A text for operators, cut to 1024 characters.
    pub message: Option<String>,
}

impl Status {
    /// Tells whether it says that all went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == STATUS_SUCCESS
    }

    /// Tells whether the top-level code is one of the four that may stand there (RSP-12).
    #[must_use]
    pub fn is_known(&self) -> bool {
        [STATUS_SUCCESS, STATUS_REQUESTER, STATUS_RESPONDER, STATUS_VERSION_MISMATCH]
            .contains(&self.code.as_str())
    }

    /// Tells whether a second-level code is this one, given by its last part such as `AuthnFailed` or `NoPassive`.
    #[must_use]
    pub fn has_detail(&self, name: &str) -> bool {
        self.details.iter().any(|detail| detail.strip_prefix(STATUS_PREFIX) == Some(name))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.code)?;
        for detail in &self.details {
            write!(out, " / {detail}")?;
        }
        match &self.message {
            Some(message) => write!(out, ": {message}"),
            None => Ok(()),
        }
    }
}

const STATUS_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:status:";
