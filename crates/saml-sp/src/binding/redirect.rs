//! Messages in the query of an address (Bindings 3.4).

use std::io::{Read, Write};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::percent;
use crate::{
    binding::MessageKind,
    rejection::{Cause, Rejection},
    url::EndpointUrl,
};

/// Writes the address that carries a message; `sign` is given the octets of Bindings 3.4.4.1 and
/// answers with the signature's bytes.
pub(crate) fn redirect_url<E>(
    endpoint: &EndpointUrl,
    kind: MessageKind,
    xml: &[u8],
    relay_state: Option<&str>,
    sign: Option<(&str, impl FnOnce(&[u8]) -> Result<Vec<u8>, E>)>,
) -> Result<String, E> {
    let mut query = String::from(kind.parameter());
    query.push('=');
    percent::encode(&BASE64_STANDARD.encode(deflate(xml)), &mut query);
    if let Some(relay_state) = relay_state {
        query.push_str("&RelayState=");
        percent::encode(relay_state, &mut query);
    }
    if let Some((algorithm, sign)) = sign {
        query.push_str("&SigAlg=");
        percent::encode(algorithm, &mut query);
        let signature = sign(query.as_bytes())?;
        query.push_str("&Signature=");
        percent::encode(&BASE64_STANDARD.encode(signature), &mut query);
    }
    // A fragment would swallow the query; the endpoint's own query is kept (REQ-06).
    let (address, fragment) = match endpoint.as_str().split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (endpoint.as_str(), None),
    };
    let separator = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, own)) if own.ends_with('&') => "",
        Some(_) => "&",
    };
    let mut url = format!("{address}{separator}{query}");
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(fragment);
    }
    Ok(url)
}

/// Compresses without header, as Bindings 3.4.4.1 wants it.
fn deflate(xml: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // INVARIANT: writing into a vector doesn't fail; if it did, the peer would refuse what is cut off.
    let _ = encoder.write_all(xml);
    encoder.finish().unwrap_or_default()
}

/// Decompresses up to a limit, and stops there (XML-10).
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Rejection> {
    let mut decoder = DeflateDecoder::new(bytes);
    let mut out = Vec::new();
    let ceiling = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.by_ref().take(ceiling).read_to_end(&mut out).map_err(|_| Cause::Inflate)?;
    if out.len() > limit {
        return Err(Cause::InflatedTooLong { limit }.into());
    }
    if decoder.total_in() != u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(Cause::Inflate.into());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sign = fn(&[u8]) -> Result<Vec<u8>, ()>;
    const UNSIGNED: Option<(&str, Sign)> = None;

    // XML-10
    #[test]
    fn inflating_stops_at_the_limit() {
        let bomb = deflate(&vec![b'x'; 1_000_000]);
        assert!(bomb.len() < 2_000);
        assert_eq!(inflate(&bomb, 999_999).unwrap_err().code(), "XML-10");
        assert_eq!(inflate(&bomb, 1_000_000).unwrap().len(), 1_000_000);
    }

    // XML-10
    #[test]
    fn what_is_no_deflate_stream_or_has_a_tail_is_refused() {
        assert_eq!(inflate(b"<xml/>", 100).unwrap_err().code(), "XML-10");
        let mut tail = deflate(b"x");
        tail.extend_from_slice(b"tail");
        assert_eq!(inflate(&tail, 100).unwrap_err().code(), "XML-10");
    }

    // REQ-06
    #[test]
    fn the_query_of_the_endpoint_is_kept() {
        for (endpoint, start) in [
            ("https://a/sso", "https://a/sso?SAMLRequest="),
            ("https://a/sso?", "https://a/sso?SAMLRequest="),
            ("https://a/sso?idpid=7", "https://a/sso?idpid=7&SAMLRequest="),
        ] {
            let url = redirect_url(&endpoint.parse().unwrap(), MessageKind::Request, b"<x/>", None, UNSIGNED)
                .unwrap();
            assert!(url.starts_with(start), "{url}");
        }
    }

    // REQ-06, SIG-20
    #[test]
    fn the_signature_covers_message_relay_state_and_algorithm_as_sent() {
        let mut signed = Vec::new();
        let sign = |octets: &[u8]| {
            signed = octets.to_vec();
            Ok::<_, ()>(vec![0xfb, 0xff])
        };
        let url = redirect_url(
            &"https://a/sso?x=1".parse().unwrap(),
            MessageKind::Request,
            b"<x/>",
            Some("a b"),
            Some(("urn:alg", sign)),
        )
        .unwrap();
        let signed = String::from_utf8(signed).unwrap();
        assert!(signed.starts_with("SAMLRequest="));
        assert!(signed.ends_with("&RelayState=a%20b&SigAlg=urn%3Aalg"));
        assert_eq!(url, format!("https://a/sso?x=1&{signed}&Signature=%2B%2F8%3D"));
    }
}
