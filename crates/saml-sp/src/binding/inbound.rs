//! Messages that arrive through the browser, decoded from the raw bytes.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::memchr;

use super::{percent, redirect::inflate};
use crate::{
    config::Binding,
    limits::Limits,
    names,
    rejection::{Cause, Rejection},
    xml::Document,
};

/// What a browser brought, exactly as it came: don't decode it before.
///
/// A redirect's signature covers the query as it was sent (Bindings 3.4.4.1), so a query that a framework has
/// decoded and encoded again no longer verifies.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Inbound<'a> {
    /// The body of a POST, `application/x-www-form-urlencoded`.
    FormBody(&'a [u8]),
    /// The query of a GET, without the question mark.
    RawQuery(&'a str),
}

impl Inbound<'_> {
    /// Gives the artifact and the `RelayState` that came with it (Bindings 3.6.3).
    pub(crate) fn artifact(&self, limits: &Limits) -> Result<(Vec<u8>, Option<String>), Rejection> {
        let parameters = self.parameters(limits)?;
        if parameters.request.is_some() || parameters.response.is_some() {
            return Err(Cause::ParameterTwice { name: "SAMLart" }.into());
        }
        let artifact = base64(&unescape(parameters.artifact.ok_or(Cause::NoMessage)?)?)?;
        Ok((artifact, parameters.relay_state.map(relay_state).transpose()?))
    }

    fn parameters(&self, limits: &Limits) -> Result<Parameters<'_>, Rejection> {
        let bytes = match self {
            Self::FormBody(body) => *body,
            Self::RawQuery(query) => query.as_bytes(),
        };
        let ceiling = limits.encoded_bytes.saturating_mul(PERCENT_GROWTH);
        if bytes.len() > ceiling {
            return Err(Cause::MessageTooLong { limit: ceiling, found: bytes.len() }.into());
        }
        Parameters::read(bytes)
    }

    /// Decodes the message; nothing of it has been verified afterwards.
    pub(crate) fn decode(&self, limits: &Limits) -> Result<Decoded, Rejection> {
        let binding = match self {
            Self::FormBody(_) => Binding::HttpPost,
            Self::RawQuery(_) => Binding::HttpRedirect,
        };
        let parameters = self.parameters(limits)?;
        if parameters.artifact.is_some() {
            return Err(match (parameters.request, parameters.response) {
                (None, None) => Cause::NoMessage,
                _ => Cause::ParameterTwice { name: "SAMLart" },
            }
            .into());
        }
        let (kind, raw) = match (parameters.request, parameters.response) {
            (None, Some(raw)) => (MessageKind::Response, raw),
            (Some(raw), None) => (MessageKind::Request, raw),
            (None, None) => return Err(Cause::NoMessage.into()),
            (Some(_), Some(_)) => return Err(Cause::ParameterTwice { name: "SAMLRequest" }.into()),
        };
        let relay_state = parameters.relay_state.map(relay_state).transpose()?;
        let message = message(raw, binding == Binding::HttpPost, limits)?;
        if binding == Binding::HttpPost {
            return Ok(Decoded { kind, binding, xml: message, relay_state, signature: None });
        }
        if let Some(encoding) = parameters.encoding {
            let encoding = String::from_utf8_lossy(&unescape(encoding)?).into_owned();
            if encoding != names::ENCODING_DEFLATE {
                return Err(Cause::Encoding { found: encoding }.into());
            }
        }
        Ok(Decoded {
            kind,
            binding,
            xml: inflate(&message, limits.message_bytes)?,
            relay_state,
            signature: parameters.signature(kind, raw)?,
        })
    }
}

impl std::fmt::Debug for Inbound<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FormBody(body) => write!(out, "FormBody({} bytes)", body.len()),
            Self::RawQuery(query) => write!(out, "RawQuery({} bytes)", query.len()),
        }
    }
}

/// Whether a message asks or answers; the parameter's name says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Request,
    Response,
}

impl MessageKind {
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A message taken out of its transport.
pub(crate) struct Decoded {
    pub(crate) kind: MessageKind,
    pub(crate) binding: Binding,
    pub(crate) xml: Vec<u8>,
    pub(crate) relay_state: Option<String>,
    pub(crate) signature: Option<DetachedSignature>,
}

/// The signature of a redirected message, which stands beside it in the query.
pub(crate) struct DetachedSignature {
    /// The URI of `SigAlg`.
    pub(crate) algorithm: String,
    /// What was signed: the parameters in the binding's order, still encoded as they came.
    pub(crate) octets: Vec<u8>,
    /// The signature itself.
    pub(crate) value: Vec<u8>,
}

/// The parameters that mean something, still encoded; all others are ignored.
#[derive(Default)]
struct Parameters<'a> {
    artifact: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
    relay_state: Option<&'a [u8]>,
    request: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
    signature_algorithm: Option<&'a [u8]>,
}

impl<'a> Parameters<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let mut found = Self::default();
        let mut rest = Some(bytes);
        let mut places = 0..MAX_PARAMETERS;
        while let Some(bytes) = rest {
            if places.next().is_none() {
                return Err(Cause::TooManyParameters { limit: MAX_PARAMETERS }.into());
            }
            let end = memchr(b'&', bytes);
            let pair = end.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
            rest = end.and_then(|end| bytes.get(end.checked_add(1)?..));
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(at);
            let value = value.strip_prefix(b"=").unwrap_or(value);
            // A name that is escaped for no reason still names the parameter, or a second one could hide.
            let name = percent::decode(name).ok_or(Cause::Escape)?;
            let (slot, name) = match &*name {
                b"RelayState" => (&mut found.relay_state, "RelayState"),
                b"SAMLEncoding" => (&mut found.encoding, "SAMLEncoding"),
                b"SAMLart" => (&mut found.artifact, "SAMLart"),
                b"SAMLRequest" => (&mut found.request, "SAMLRequest"),
                b"SAMLResponse" => (&mut found.response, "SAMLResponse"),
                b"SigAlg" => (&mut found.signature_algorithm, "SigAlg"),
                b"Signature" => (&mut found.signature, "Signature"),
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Cause::ParameterTwice { name }.into());
            }
        }
        Ok(found)
    }

    /// Bindings 3.4.4.1: the octets are rebuilt in the order of the text from values as received.
    fn signature(&self, kind: MessageKind, message: &[u8]) -> Result<Option<DetachedSignature>, Rejection> {
        let (value, algorithm) = match (self.signature, self.signature_algorithm) {
            (None, None) => return Ok(None),
            (Some(value), Some(algorithm)) => (value, algorithm),
            (None, Some(_)) => return Err(Cause::ParameterMissing { name: "Signature" }.into()),
            (Some(_), None) => return Err(Cause::ParameterMissing { name: "SigAlg" }.into()),
        };
        let mut octets = Vec::with_capacity(message.len().saturating_add(256));
        octets.extend_from_slice(kind.parameter().as_bytes());
        octets.push(b'=');
        octets.extend_from_slice(message);
        if let Some(relay_state) = self.relay_state {
            octets.extend_from_slice(b"&RelayState=");
            octets.extend_from_slice(relay_state);
        }
        octets.extend_from_slice(b"&SigAlg=");
        octets.extend_from_slice(algorithm);
        let algorithm = String::from_utf8_lossy(&unescape(algorithm)?).into_owned();
        Ok(Some(DetachedSignature { algorithm, octets, value: base64(&unescape(value)?)? }))
    }
}

fn relay_state(raw: &[u8]) -> Result<String, Rejection> {
    let bytes = unescape(raw)?;
    if bytes.len() > MAX_RELAY_STATE {
        return Err(Cause::RelayStateTooLong { limit: MAX_RELAY_STATE, found: bytes.len() }.into());
    }
    String::from_utf8(bytes.into_owned()).map_err(|_| Cause::RelayStateNotText.into())
}

fn unescape(raw: &[u8]) -> Result<Cow<'_, [u8]>, Rejection> {
    percent::decode(raw).ok_or_else(|| Cause::Escape.into())
}

/// Takes a message out of percent-encoding and base64, a block at a time: no copy of the whole lies between the two, and
/// what starts like nothing that would be read is not decoded to its end.
fn message(raw: &[u8], is_xml: bool, limits: &Limits) -> Result<Vec<u8>, Rejection> {
    let mut message = Vec::with_capacity(raw.len().saturating_div(4).saturating_mul(3));
    let mut block = Vec::with_capacity(BLOCK);
    let mut rest = raw;
    let mut length = 0_usize;
    let mut is_first = true;
    loop {
        let before = block.len();
        rest = percent::decode_some(rest, BLOCK.saturating_sub(before), &mut block).ok_or(Cause::Escape)?;
        length = length.saturating_add(block.len().saturating_sub(before));
        if length > limits.encoded_bytes {
            return Err(
                Cause::MessageTooLong { limit: limits.encoded_bytes, found: unescape(raw)?.len() }.into()
            );
        }
        if block.iter().fold(false, |found, byte| found | byte.is_ascii_whitespace()) {
            block.retain(|byte| !byte.is_ascii_whitespace());
        }
        let is_last = rest.is_empty();
        // Four characters are three bytes. Padding waits until it is known to be the end.
        let padded = block.ends_with(b"=");
        let fours = block.len().saturating_sub(if padded { 4 } else { 0 }) & !3;
        let complete = if is_last { block.len() } else { fours };
        let ready = block.get(..complete).unwrap_or_default();
        BASE64_STANDARD.decode_vec(ready, &mut message).map_err(|_| Cause::Base64)?;
        if is_last {
            return Ok(message);
        }
        block.drain(..complete);
        if is_first && is_xml && raw.len() > PROBED {
            Document::probe(&message, limits).map_err(Cause::Xml)?;
        }
        is_first = false;
    }
}

/// Base64 with white space and line breaks anywhere, and nothing else (XML-09).
fn base64(text: &[u8]) -> Result<Vec<u8>, Rejection> {
    let result = if text.iter().any(u8::is_ascii_whitespace) {
        let packed: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64_STANDARD.decode(packed)
    } else {
        BASE64_STANDARD.decode(text)
    };
    result.map_err(|_| Cause::Base64.into())
}

/// Every byte of base64 could be escaped, though only a few in a hundred need to be.
const PERCENT_GROWTH: usize = 3;
/// A message has six parameters that mean something; analytics and proxies add a few.
const MAX_PARAMETERS: usize = 64;
/// Senders are held to 80 bytes, products send deep links of some hundred.
const MAX_RELAY_STATE: usize = 2048;
/// Characters of base64 that are decoded at once.
const BLOCK: usize = 8192;
/// A message of more bytes than this is looked at when its first block is decoded. A person has to be in hundreds of groups
/// to get one.
const PROBED: usize = 64 * 1024;

#[cfg(test)]
mod tests;
