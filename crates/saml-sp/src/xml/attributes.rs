//! The inside of a start tag.

use std::borrow::Cow;

use memchr::memchr2;

use super::error::shown;
use super::names::is_xml_character;
use super::{XmlError, XmlErrorKind};

/// Goes through what stands between `<` and `>`: a name, then attributes.
pub(super) struct Scanner<'i> {
    rest: &'i str,
    position: usize,
}

/// An attribute as it is read: name, normalised value, position in the document.
type Raw<'i> = (&'i str, Cow<'i, str>, usize);

impl<'i> Scanner<'i> {
    /// `position` is where the text stands in the document.
    pub(super) fn new(text: &'i str, position: usize) -> Self {
        Self { rest: text, position }
    }

    /// Takes everything up to white space, `=`, `/` or the end: a name, or what stands in its place.
    pub(super) fn name(&mut self) -> &'i str {
        let end =
            self.rest.bytes().position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'=' | b'/'));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// The next attribute; `None` at the end of the tag.
    pub(super) fn attribute(&mut self) -> Result<Option<Raw<'i>>, XmlError> {
        let had_space = self.skip_space();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let position = self.position;
        if !had_space {
            return Err(self.malformed("white space expected before an attribute"));
        }
        let name = self.name();
        self.skip_space();
        if !self.rest.starts_with('=') {
            return Err(self.malformed("`=` expected after an attribute's name"));
        }
        self.take(1);
        self.skip_space();
        let quote = match self.rest.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.malformed("an attribute's value must be quoted")),
        };
        self.take(1);
        let end = match memchr2(quote, b'<', self.rest.as_bytes()) {
            Some(end) if self.rest.as_bytes().get(end) == Some(&quote) => end,
            Some(_) => return Err(self.malformed("`<` in an attribute's value")),
            None => return Err(self.malformed("an attribute's value does not end")),
        };
        let value_position = self.position;
        let raw = self.take(end);
        // No early exit: so it is done many bytes at a time.
        let special = raw.bytes().fold(false, |special, byte| {
            special | (byte == b'&') | (byte == b'\t') | (byte == b'\n') | (byte == b'\r')
        });
        self.take(1);
        let value = if special { Cow::Owned(normalise(raw, value_position)?) } else { raw.into() };
        Ok(Some((name, value, position)))
    }

    fn skip_space(&mut self) -> bool {
        let space = |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let skipped = self.rest.bytes().position(|byte| !space(byte)).unwrap_or(self.rest.len());
        self.take(skipped);
        skipped > 0
    }

    fn take(&mut self, length: usize) -> &'i str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.position = self.position.saturating_add(taken.len());
        taken
    }

    fn malformed(&self, what: &'static str) -> XmlError {
        XmlError::new(XmlErrorKind::NotWellFormed { what }, self.position)
    }
}

/// The character that a reference stands for; `name` is what is between `&` and `;`.
pub(super) fn resolve_reference(name: &str) -> Result<char, XmlErrorKind> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(XmlErrorKind::Entity { name: shown(name) }),
        };
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(XmlErrorKind::NotWellFormed { what: "malformed character reference" });
    }
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    char::from_u32(code)
        .filter(|character| is_xml_character(*character))
        .ok_or(XmlErrorKind::Character { code })
}

/// Attribute-value normalisation (XML 1.0 sections 2.11 and 3.3.3) for attributes without a declared type.
fn normalise(raw: &str, position: usize) -> Result<String, XmlError> {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        value.push_str(plain);
        if let Some(reference) = special.strip_prefix('&') {
            let here = || position.saturating_add(raw.len().saturating_sub(special.len()));
            let (name, after) = reference.split_once(';').ok_or_else(|| {
                XmlError::new(XmlErrorKind::NotWellFormed { what: "`&` without a reference" }, here())
            })?;
            value.push(resolve_reference(name).map_err(|kind| XmlError::new(kind, here()))?);
            rest = after;
        } else {
            value.push(' ');
            let pair = special.starts_with("\r\n");
            rest = special.get(if pair { 2 } else { 1 }..).unwrap_or_default();
        }
    }
    value.push_str(rest);
    Ok(value)
}
