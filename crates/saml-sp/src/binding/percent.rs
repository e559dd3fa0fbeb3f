//! Percent-encoding, as queries and form bodies have it.

use std::borrow::Cow;

use memchr::memchr2;

/// Decodes one value: `%XX` to a byte, `+` to a space. A broken escape gives `None`.
pub(crate) fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr2(b'%', b'+', text).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        rest = decode_some(rest, usize::MAX, &mut out)?;
    }
    Some(Cow::Owned(out))
}

/// Decodes from the start of a value until about this many bytes were added; gives what is left of it.
pub(crate) fn decode_some<'t>(text: &'t [u8], most: usize, out: &mut Vec<u8>) -> Option<&'t [u8]> {
    let enough = out.len().saturating_add(most);
    let mut rest = text;
    while out.len() < enough && !rest.is_empty() {
        // No further than what is still wanted, or a long value would be searched again for each block.
        let window = rest.get(..enough.saturating_sub(out.len())).unwrap_or(rest);
        let plain = memchr2(b'%', b'+', window).unwrap_or(window.len());
        let (plain, after) = rest.split_at_checked(plain)?;
        out.extend_from_slice(plain);
        rest = match after {
            _ if plain.len() == window.len() => after,
            [b'%', high, low, after @ ..] => {
                out.push(hex(*high)? << 4 | hex(*low)?);
                after
            }
            [b'+', after @ ..] => {
                out.push(b' ');
                after
            }
            _ => return None,
        };
    }
    Some(rest)
}

/// Encodes a value for a query: everything but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_escapes_of_either_case_and_plus() {
        assert_eq!(decode(b"a%2bb+c%2B").as_deref(), Some(&b"a+b c+"[..]));
        for broken in [&b"%"[..], b"%2", b"%2x", b"a%zz"] {
            assert_eq!(decode(broken), None);
        }
    }

    #[test]
    fn encodes_what_it_decodes() {
        let text = "deep/link?x=1&y=é +~";
        let mut encoded = String::new();
        encode(text, &mut encoded);
        assert_eq!(encoded, "deep%2Flink%3Fx%3D1%26y%3D%C3%A9%20%2B~");
        assert_eq!(decode(encoded.as_bytes()).as_deref(), Some(text.as_bytes()));
    }
}
