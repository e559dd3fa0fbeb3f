//! What a connection demands of its identity provider's messages.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::{
    dsig::{AlgorithmPolicy, Engines},
    enc::EncryptionPolicy,
    limits::Limits,
};

/// What a connection demands, tolerates and limits; the default suits every product that signs.
///
/// Fields starting with `danger_` lower safety: each says what is lost.
///
/// ```
/// use saml_sp::{Policy, Unsolicited};
///
/// let policy: Policy = serde_json::from_str(r#"{ "unsolicited": "accept", "skew": 60 }"#)?;
/// assert_eq!(policy.unsolicited, Unsolicited::Accept);
/// assert!(policy.require_name_id);
/// assert!(serde_json::from_str::<Policy>(r#"{ "skew": 301 }"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// What lowers safety has to be named, so that a reader finds it; there is no other name for it and no short way:
///
/// ```
/// let mut policy = saml_sp::Policy::default();
/// policy.danger_accept_unsigned_logout = true;
/// ```
/// ```compile_fail,E0609
/// let mut policy = saml_sp::Policy::default();
/// policy.accept_unsigned_logout = true;
/// ```
/// ```compile_fail,E0639
/// let policy = saml_sp::Policy { danger_accept_unsigned_logout: true, ..saml_sp::Policy::default() };
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Authentication context classes that a login may have; empty means any (ASN-08).
    pub accepted_authn_contexts: BTreeSet<String>,
    /// Audiences that are accepted beside the service provider's entity id (ASN-05).
    pub accepted_audiences: BTreeSet<String>,
    /// Takes a response with several assertions, up to eight, instead of refusing it (ASN-17).
    ///
    /// Every one must come from the identity provider, be signed, and speak of one person. Those that fail otherwise are
    /// dropped and reported; the rest is one login. Then [`crate::Verified::claims`] and [`crate::Verified::admit_all`] are
    /// the way to it.
    pub accept_several_assertions: bool,
    /// Which algorithms a signature may use (SIG-06).
    pub algorithms: AlgorithmPolicy,
    /// Accepts logout messages that nobody signed (SLO-02).
    ///
    /// # Security
    /// Anybody who knows or guesses a name identifier can then sign that person out.
    pub danger_accept_unsigned_logout: bool,
    /// Which encryption is opened (ENC-02, ENC-03).
    pub encryption: EncryptionPolicy,
    /// Which engines must find a signature good (SIG-18).
    pub engines: Engines,
    /// Numbers on everything a sender can make big.
    pub limits: Limits,
    /// How long ago the person may have authenticated at the identity provider; `None` means any time (ASN-07).
    pub max_authentication_age: Option<Seconds>,
    /// How long ago a response and its assertion may have been issued (RSP-03).
    pub max_issue_age: Seconds,
    /// Whether an assertion whose subject has no identifier is refused (ASN-03).
    /// Turn it off only where accounts are keyed by an attribute.
    pub require_name_id: bool,
    /// Which signatures a response must carry (SIG-12).
    pub signatures: SignatureDemand,
    /// How far two clocks may differ, in both directions, on every time compared (RSP-03).
    pub skew: Skew,
    /// What to do with a response that nobody asked for (RSP-11).
    pub unsolicited: Unsolicited,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            accepted_authn_contexts: BTreeSet::new(),
            accepted_audiences: BTreeSet::new(),
            accept_several_assertions: false,
            algorithms: AlgorithmPolicy::default(),
            danger_accept_unsigned_logout: false,
            encryption: EncryptionPolicy::default(),
            engines: Engines::default(),
            limits: Limits::default(),
            max_authentication_age: None,
            max_issue_age: Seconds::new(MAX_ISSUE_AGE),
            require_name_id: true,
            signatures: SignatureDemand::default(),
            skew: Skew::default(),
            unsolicited: Unsolicited::default(),
        }
    }
}

/// Which signatures a response must carry; every signature that is there must be valid in any case (SIG-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureDemand {
    /// The assertion itself must be signed.
    Assertion,
    /// Both the assertion and the response around it must be signed.
    Both,
    /// Either is enough: products differ in what they sign.
    #[default]
    Either,
    /// The response must be signed.
    Response,
}

/// What to do with a response that nobody asked for, sent when a person starts at the identity provider (RSP-11).
///
/// # Security
/// Such a response isn't bound to the browser: whoever obtains one can make a victim's browser sign in with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsolicited {
    /// Take it, after the same checks as any other.
    Accept,
    /// Refuse it and say so ([`crate::Rejection::should_bounce`]): the host starts its own login, which the identity
    /// provider answers at once, so that the person notices nothing and the answer is bound to the browser.
    Bounce,
    /// Refuse it.
    #[default]
    Reject,
}

/// The clock difference that is allowed for: 0 to 300 seconds, 180 by default (Errata 92).
///
/// ```
/// use saml_sp::Skew;
///
/// assert_eq!(Skew::default().seconds(), 180);
/// assert_eq!(Skew::new(301).unwrap_err().code(), "RSP-03");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Skew(u32);

impl Skew {
    /// Makes a difference of so many seconds.
    ///
    /// # Errors
    /// [`ConfigError::Skew`] above 300.
    pub fn new(seconds: u32) -> Result<Self, ConfigError> {
        if seconds > MAX_SKEW {
            return Err(ConfigError::Skew { seconds });
        }
        Ok(Self(seconds))
    }

    /// Gives the number of seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for Skew {
    fn default() -> Self {
        Self(180)
    }
}

impl TryFrom<u32> for Skew {
    type Error = ConfigError;

    fn try_from(seconds: u32) -> Result<Self, ConfigError> {
        Self::new(seconds)
    }
}

impl From<Skew> for u32 {
    fn from(skew: Skew) -> Self {
        skew.0
    }
}

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Seconds(u32);

impl Seconds {
    /// Makes a length of so many seconds.
    #[must_use]
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Gives the number of seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Errata 92 and the deployment profiles: 3 to 5 minutes.
const MAX_SKEW: u32 = 300;
/// An hour and a half: longer than the longest window that a product is known to give an assertion (70 minutes).
const MAX_ISSUE_AGE: u32 = 90 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_and_refuses_what_it_does_not_know() {
        let policy = Policy { require_name_id: false, max_issue_age: Seconds::new(60), ..Policy::default() };
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::default());
        assert!(serde_json::from_str::<Policy>(r#"{ "danger_accept_everything": true }"#).is_err());
    }

    #[test]
    fn nothing_dangerous_is_on_by_default() {
        let text = serde_json::to_value(Policy::default()).unwrap().to_string();
        let options = text.matches(r#""danger_"#).count();
        assert!(options >= 5);
        let off = text.matches(":false").count();
        assert!(off >= options, "{text}");
        for piece in text.split(r#""danger_"#).skip(1) {
            assert!(piece.split_once(':').is_some_and(|(_, value)| value.starts_with("false")), "{piece}");
        }
    }

    // RSP-03
    #[test]
    fn clocks_may_differ_by_five_minutes_at_most() {
        assert_eq!(Skew::new(300).map(Skew::seconds), Ok(300));
        assert_eq!(Skew::new(301), Err(ConfigError::Skew { seconds: 301 }));
        assert_eq!(Policy::default().skew.seconds(), 180);
    }
}
