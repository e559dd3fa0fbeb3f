//! Okta's event hook, read without I/O: the one-time challenge and the events.
//!
//! Okta first sends a GET with a challenge to be echoed, then POSTs events, each at least once and in any order. The
//! `Authorization` header of each POST is the secret that the admin typed when they made the hook.
//!
//! ```
//! use tenant_model::okta_hook::{HookEventType, Secret, answer, parse};
//!
//! assert_eq!(answer("abc").unwrap(), r#"{"verification":"abc"}"#);
//!
//! let secret = Secret::new("a long secret of the hook").unwrap();
//! let body = br#"{"eventType": "com.okta.event_hook", "data": {"events": [{
//!     "uuid": "e-1", "eventType": "user.lifecycle.deactivate", "published": "2026-01-01T00:00:00.000Z",
//!     "target": [{"id": "00u1", "type": "User", "alternateId": "alice@example.com"}]}]}}"#;
//! let events = parse(body, Some("a long secret of the hook"), &secret).unwrap();
//! assert_eq!(events[0].event_type, HookEventType::UserDeactivated);
//! assert_eq!(events[0].users[0].login.as_deref(), Some("alice@example.com"));
//! assert_eq!(parse(body, Some("guess"), &secret).unwrap_err().code(), "hook.secret");
//! ```

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ids::IdError;

/// Name of the header that carries the challenge; header names are compared in any case.
pub const CHALLENGE_HEADER: &str = "x-okta-verification-challenge";

/// Most bytes of a body that are read. Okta sends at most 100 events at a time, of a few kilobytes each.
pub const MAX_BODY_BYTES: usize = 1_048_576;

/// Most events in a body.
pub const MAX_EVENTS: usize = 1_000;

/// Why a hook's request was not understood.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// The challenge is empty, longer than 1024 bytes or not printable ASCII.
    #[error("the challenge is not 1 to 1024 printable characters")]
    Challenge,
    /// The body is not the JSON of an event hook.
    #[error("the body is not an event hook's, line {line}, column {column}")]
    Form {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The `Authorization` header is not the secret.
    #[error("the Authorization header is not the secret of this hook")]
    Secret,
    /// More bytes or events than are read.
    #[error("the body has {found} {what}; at most {max} are read")]
    TooMuch {
        /// Bytes or events.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are read.
        max: usize,
    },
    /// The body says that it is something else.
    #[error("this is not an event hook")]
    WrongKind,
}

impl HookError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Challenge => "hook.challenge",
            Self::Form { .. } => "hook.form",
            Self::Secret => "hook.secret",
            Self::TooMuch { .. } => "hook.too_much",
            Self::WrongKind => "hook.wrong_kind",
        }
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Secret => 401,
            Self::TooMuch { .. } => 413,
            Self::Challenge | Self::Form { .. } | Self::WrongKind => 400,
        }
    }
}

/// The secret of a hook. `Debug` does not show it.
pub struct Secret(String);

impl Secret {
    /// A secret of at least 16 and at most 512 bytes.
    ///
    /// # Errors
    /// [`IdError::Form`] otherwise: an empty or short one would let anyone in.
    pub fn new(text: &str) -> Result<Self, IdError> {
        if !(16..=512).contains(&text.len()) {
            return Err(IdError::Form { kind: "hook secret", expected: "16 to 512 bytes" });
        }
        Ok(Self(text.to_owned()))
    }

    /// Hashes first, so that neither content nor length shows in the time.
    fn is(&self, given: &str) -> bool {
        Sha256::digest(self.0.as_bytes()).ct_eq(&Sha256::digest(given.as_bytes())).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An event that a hook told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookEvent {
    /// Its id; store it, and skip an event whose id is there already.
    pub id: String,
    /// What happened.
    pub event_type: HookEventType,
    /// When, if it can be read.
    pub published: Option<DateTime<Utc>>,
    /// The users that it is about.
    pub users: Vec<HookUser>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookEventType {
    /// Anything else, by its name; to be ignored.
    Other(String),
    /// `user.lifecycle.deactivate`: the user left.
    UserDeactivated,
}

/// A user of Okta.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUser {
    /// Okta's id; Okta's provisioning sends the same as `externalId`.
    pub id: String,
    /// The user's login, which provisioning sends as `userName` unless it is mapped otherwise.
    pub login: Option<String>,
}

impl fmt::Debug for HookUser {
    /// Leaves the login out: it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookUser").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The JSON to answer a challenge with, given the value of [`CHALLENGE_HEADER`].
///
/// # Errors
/// [`HookError::Challenge`]: whatever anybody sends is not echoed.
pub fn answer(challenge: &str) -> Result<String, HookError> {
    let printable = challenge.bytes().all(|b| (b' '..=b'~').contains(&b));
    if challenge.is_empty() || challenge.len() > 1024 || !printable {
        return Err(HookError::Challenge);
    }
    Ok(serde_json::json!({ "verification": challenge }).to_string())
}

/// Reads the events of a POST, if its `Authorization` header is the secret. The secret is checked first.
///
/// # Errors
/// [`HookError`].
pub fn parse(body: &[u8], authorization: Option<&str>, secret: &Secret) -> Result<Vec<HookEvent>, HookError> {
    if !secret.is(authorization.unwrap_or_default()) {
        return Err(HookError::Secret);
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(HookError::TooMuch { what: "bytes", found: body.len(), max: MAX_BODY_BYTES });
    }
    let hook: HookJson = serde_json::from_slice(body)
        .map_err(|error| HookError::Form { line: error.line(), column: error.column() })?;
    if hook.event_type != "com.okta.event_hook" {
        return Err(HookError::WrongKind);
    }
    let events = hook.data.events;
    if events.len() > MAX_EVENTS {
        return Err(HookError::TooMuch { what: "events", found: events.len(), max: MAX_EVENTS });
    }
    Ok(events.into_iter().map(event).collect())
}

fn event(json: EventJson) -> HookEvent {
    let users = json.target.unwrap_or_default().into_iter().filter(|target| target.kind == "User");
    HookEvent {
        id: json.uuid,
        event_type: match json.event_type.as_str() {
            "user.lifecycle.deactivate" => HookEventType::UserDeactivated,
            _ => HookEventType::Other(json.event_type),
        },
        published: json
            .published
            .and_then(|text| DateTime::parse_from_rfc3339(&text).ok().map(|at| at.to_utc())),
        users: users.map(|target| HookUser { id: target.id, login: target.alternate_id }).collect(),
    }
}

// Okta adds fields as it likes, so unknown ones are no error here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HookJson {
    event_type: String,
    data: DataJson,
}

#[derive(Deserialize)]
struct DataJson {
    events: Vec<EventJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventJson {
    uuid: String,
    event_type: String,
    published: Option<String>,
    target: Option<Vec<TargetJson>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetJson {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    alternate_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn read(body: &str) -> Result<Vec<HookEvent>, HookError> {
        parse(body.as_bytes(), Some(SECRET), &Secret::new(SECRET).unwrap())
    }

    fn hook(events: &str) -> String {
        format!(r#"{{"eventType": "com.okta.event_hook", "data": {{"events": [{events}]}}, "source": "x"}}"#)
    }

    #[test]
    fn a_body_is_read_only_under_the_secret() {
        let secret = Secret::new(SECRET).unwrap();
        for wrong in
            [None, Some(""), Some("0123456789abcde"), Some("0123456789abcdefg"), Some("0123456789ABCDEF")]
        {
            assert_eq!(parse(b"not even json", wrong, &secret), Err(HookError::Secret));
        }
        assert!(Secret::new("").is_err() && Secret::new("0123456789abcde").is_err());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn events_name_their_users_and_other_targets_are_left_out() {
        let body = hook(
            r#"{"uuid": "1", "eventType": "user.lifecycle.deactivate", "published": "2026-01-01T00:00:00Z", "target": [
                 {"id": "a", "type": "AppInstance"}, {"id": "u", "type": "User", "alternateId": "x@y.z", "more": 1}]},
               {"uuid": "2", "eventType": "user.lifecycle.create", "published": "yesterday", "target": null}"#,
        );
        let events = read(&body).unwrap();
        let user = HookUser { id: "u".to_owned(), login: Some("x@y.z".to_owned()) };
        assert_eq!((&events[0].event_type, &events[0].users), (&HookEventType::UserDeactivated, &vec![user]));
        assert_eq!(events[1].event_type, HookEventType::Other("user.lifecycle.create".to_owned()));
        assert_eq!((events[1].users.len(), events[1].published), (0, None));
    }

    #[test]
    fn what_is_no_event_hook_is_refused_with_its_place() {
        assert_eq!(read("{\n oops"), Err(HookError::Form { line: 2, column: 2 }));
        let other = hook("").replace("com.okta.event_hook", "com.okta.inline_hook");
        assert_eq!(read(&other), Err(HookError::WrongKind));
    }

    #[test]
    fn bytes_and_events_have_a_limit() {
        let event = r#"{"uuid": "1", "eventType": "x"}"#;
        let many = |n: usize| hook(&vec![event; n].join(","));
        assert_eq!(read(&many(MAX_EVENTS)).unwrap().len(), MAX_EVENTS);
        assert_eq!(read(&many(MAX_EVENTS + 1)).unwrap_err().code(), "hook.too_much");
        let padded = |n: usize| hook("") + &" ".repeat(n - hook("").len());
        assert!(read(&padded(MAX_BODY_BYTES)).is_ok());
        assert_eq!(read(&padded(MAX_BODY_BYTES + 1)).unwrap_err().status(), 413);
    }

    #[test]
    fn only_a_plain_challenge_is_echoed() {
        assert_eq!(answer("a\"b").unwrap(), r#"{"verification":"a\"b"}"#);
        for bad in ["", "a\nb", "ä", &"a".repeat(1025)] {
            assert_eq!(answer(bad), Err(HookError::Challenge));
        }
        assert!(answer(&"a".repeat(1024)).is_ok());
    }
}
