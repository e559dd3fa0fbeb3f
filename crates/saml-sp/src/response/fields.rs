//! Reading what every message and assertion has, with the rule that each breakage belongs to.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::Status;
use crate::{
    Connection,
    names::{FORMAT_ENTITY, PROTOCOL},
    rejection::{Cause, Part, Rejection},
    time::{earlier, later, parse_instant},
    xml::Element,
};

/// A part of a message being read: the element, and what to call it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'d> {
    pub(crate) element: Element<'d>,
    pub(crate) part: Part,
}

impl<'d> Fields<'d> {
    pub(crate) fn new(element: Element<'d>, part: Part) -> Self {
        Self { element, part }
    }

    /// Gives an attribute's value, refused if it is blank (XML-11).
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&'d str>, Rejection> {
        let value = self.element.attribute(name);
        if value.is_some_and(is_blank) {
            return Err(Cause::Blank { part: self.part, what: name }.into());
        }
        Ok(value)
    }

    /// Gives an attribute's value, refused if it is blank or missing.
    pub(crate) fn required(&self, name: &'static str) -> Result<&'d str, Rejection> {
        self.text(name)?.ok_or_else(|| Cause::Missing { part: self.part, what: name }.into())
    }

    /// Gives a time (RSP-03).
    pub(crate) fn instant(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, Rejection> {
        let Some(text) = self.element.attribute(name) else { return Ok(None) };
        match parse_instant(text) {
            Some(instant) => Ok(Some(instant)),
            None => Err(Cause::Instant { part: self.part, what: name, found: text.to_owned() }.into()),
        }
    }

    /// Gives a boolean as XML Schema writes it.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Rejection> {
        match self.element.attribute(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Cause::Flag { part: self.part, what: name }.into()),
        }
    }

    /// Refuses any version but 2.0 (RSP-01, ASN-01).
    pub(crate) fn check_version(&self) -> Result<(), Rejection> {
        match self.element.attribute("Version") {
            Some("2.0") => Ok(()),
            found => {
                Err(Cause::Version { part: self.part, found: found.unwrap_or_default().to_owned() }.into())
            }
        }
    }

    /// Gives the `ID`, which must be there (RSP-02, ASN-01).
    pub(crate) fn id(&self) -> Result<&'d str, Rejection> {
        self.element.attribute("ID").ok_or_else(|| Cause::NoId { part: self.part }.into())
    }

    /// Judges the `IssueInstant`: neither in the future nor too old (RSP-03, ASN-01).
    pub(crate) fn check_issue_instant(
        &self,
        connection: &Connection<'_>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Rejection> {
        let at = self
            .instant("IssueInstant")?
            .ok_or_else(|| Rejection::from(Cause::Missing { part: self.part, what: "IssueInstant" }))?;
        let policy = connection.policy();
        let skew = policy.skew.seconds();
        if at > later(now, skew) {
            return Err(Cause::IssuedInFuture { part: self.part, at, now }.into());
        }
        if at <= earlier(now, policy.max_issue_age.get().saturating_add(skew)) {
            return Err(Cause::IssuedTooLongAgo { part: self.part, at, now }.into());
        }
        Ok(at)
    }

    /// Judges the issuer (RSP-05, ASN-02): the connection's identity provider, named as an entity.
    pub(crate) fn check_issuer(
        &self,
        connection: &Connection<'_>,
        issuer: Option<Element<'d>>,
        required: bool,
    ) -> Result<(), Rejection> {
        let expected = connection.idp().entity_id().as_str();
        let Some(issuer) = issuer else {
            return if required {
                Err(Cause::NoIssuer { part: self.part, expected: expected.to_owned() }.into())
            } else {
                Ok(())
            };
        };
        if let Some(format) = issuer.attribute("Format").filter(|format| *format != FORMAT_ENTITY) {
            return Err(Cause::IssuerFormat { part: self.part, found: format.to_owned() }.into());
        }
        // XML-11: byte for byte.
        let found = text_of(issuer, self.part)?;
        if found != expected {
            return Err(Cause::Issuer {
                part: self.part,
                expected: expected.to_owned(),
                found: found.into_owned(),
            }
            .into());
        }
        Ok(())
    }
}

/// Gives an element's text, which may hold no elements (a half-read value is a wrong value).
pub(crate) fn text_of(element: Element<'_>, part: Part) -> Result<Cow<'_, str>, Rejection> {
    match element.children().next() {
        Some(child) => Err(unexpected(part, child)),
        None => Ok(element.text()),
    }
}

/// Gives an element's text, refused if it is blank (XML-11).
pub(crate) fn string_of<'d>(
    element: Element<'d>,
    part: Part,
    what: &'static str,
) -> Result<Cow<'d, str>, Rejection> {
    let text = text_of(element, part)?;
    if is_blank(&text) { Err(Cause::Blank { part, what }.into()) } else { Ok(text) }
}

pub(crate) fn unexpected(part: Part, element: Element<'_>) -> Rejection {
    Cause::UnexpectedElement { part, found: element.local_name().to_owned() }.into()
}

pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Reads a `Status` (Core 3.2.2.1).
pub(crate) fn status(element: Element<'_>, part: Part) -> Result<Status, Rejection> {
    let missing = || Rejection::from(Cause::Missing { part, what: "StatusCode" });
    let mut code = element.child(PROTOCOL, "StatusCode").ok_or_else(missing)?;
    let mut codes = vec![Fields::new(code, part).required("Value")?.to_owned()];
    while let Some(inner) = code.child(PROTOCOL, "StatusCode") {
        code = inner;
        // The reader bounds the depth; what is kept is bounded too.
        if codes.len() < MAX_STATUS_CODES {
            codes.push(Fields::new(code, part).required("Value")?.to_owned());
        }
    }
    let top = codes.remove(0);
    let message =
        element.child(PROTOCOL, "StatusMessage").map(|message| message.text().chars().take(1024).collect());
    Ok(Status { code: top, details: codes, message })
}

const MAX_STATUS_CODES: usize = 8;
