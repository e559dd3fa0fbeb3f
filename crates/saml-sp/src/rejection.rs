//! Why a message was refused.

mod cause;
mod facts;

pub use cause::{Cause, Part};

use std::fmt;

use crate::{Binding, LocalPath, ProblemKind};

/// A message was refused; the first broken rule, in the documented order of evaluation, is named.
///
/// [`Rejection::code`] is the rule's stable id, [`Rejection::cause`] the fact, [`Rejection::expected`] and
/// [`Rejection::found`] its two sides, [`Rejection::advice`] what an admin can change. The `Display` text holds nothing
/// that came from outside and may be shown to the person at the browser; the two sides belong into a log.
///
/// ```
/// use saml_sp::{Inbound, Limits, UnverifiedIssuer};
///
/// let refused = UnverifiedIssuer::peek(&Inbound::FormBody(b"SAMLResponse=%"), &Limits::default()).unwrap_err();
/// assert_eq!(refused.code(), "XML-09");
/// assert_eq!(refused.to_string(), "the form or query holds a broken percent escape");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Rejection {
    cause: Box<Cause>,
    verified: bool,
    answer_to: Option<Box<AnswerTo>>,
    bounce_to: Option<Box<LocalPath>>,
}

impl Rejection {
    /// Gives the id of the broken rule, stable over releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// Gives the fact that broke the rule.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Gives what the rule demands, where that can be put into a value.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        self.cause.expected()
    }

    /// Gives what stood in the message, or what is wrong with its XML, signature or encryption, cut to 256 characters;
    /// see [`Rejection::is_verified`].
    #[must_use]
    pub fn found(&self) -> Option<String> {
        self.cause.found().map(|found| found.chars().take(SHOWN).collect())
    }

    /// Tells whether what was found stood under a verified signature.
    ///
    /// If not, anybody may have written it: show it as *unverified*.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verified
    }

    /// Gives a sentence on what an admin should change, where it is clear: the general words of a [`crate::Guide`].
    ///
    /// [`crate::Connection::report`] and [`crate::Connection::explain`] say it in the words of the product. What was found
    /// is repeated in it only if a signature covered it.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let kind = crate::report::kind_of(self).filter(|kind| *kind != ProblemKind::Message)?;
        let (expected, found) = (self.expected(), self.found().filter(|_| self.verified));
        crate::advice::in_general(kind, expected.as_deref(), found.as_deref())
    }

    /// Tells whether the host should start its own login instead of showing an error:
    /// the policy bounces responses that nobody asked for (RSP-11), and this was one.
    #[must_use]
    pub fn should_bounce(&self) -> bool {
        matches!(*self.cause, Cause::Unsolicited { bounce: true })
    }

    /// Gives the place on this site that a bounced response's `RelayState` names: a deep link, for
    /// [`crate::LoginOptions::return_to`] of the host's own login. `None` if it names none on this site, or nothing bounces.
    #[must_use]
    pub fn bounce_to(&self) -> Option<&LocalPath> {
        self.bounce_to.as_deref()
    }

    /// Keeps where a bounced response would have led.
    pub(crate) fn with_bounce_to(mut self, relay_state: Option<&str>) -> Self {
        if self.should_bounce() {
            self.bounce_to = relay_state.and_then(|text| text.parse().ok()).map(Box::new);
        }
        self
    }

    /// Gives the request that must be answered though it was refused, if it is one.
    pub(crate) fn answer_to(&self) -> Option<&AnswerTo> {
        self.answer_to.as_deref()
    }

    /// Marks the refused message as one that must be answered.
    pub(crate) fn with_answer_to(mut self, answer_to: AnswerTo) -> Self {
        self.answer_to = Some(Box::new(answer_to));
        self
    }

    /// Marks what was found as having stood under a verified signature.
    pub(crate) fn verified(mut self) -> Self {
        self.verified = true;
        self
    }
}

impl From<Cause> for Rejection {
    fn from(cause: Cause) -> Self {
        Self { cause: Box::new(cause), verified: false, answer_to: None, bounce_to: None }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(out)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Rejection")
            .field("code", &self.code())
            .field("cause", &self.cause)
            .field("verified", &self.verified)
            .finish()
    }
}

impl std::error::Error for Rejection {}

/// What the answer to a request must repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnswerTo {
    pub(crate) id: String,
    pub(crate) binding: Binding,
    pub(crate) relay_state: Option<String>,
}

/// Enough for every name and address that is worth comparing by eye.
const SHOWN: usize = 256;
