//! Percent-encoding, as queries and form bodies have it.

use std::borrow::Cow;

/// Decodes one value: `%XX` to a byte, `+` to a space. A broken escape gives `None`.
pub(crate) fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = hex(*bytes.next()?)?;
                let low = hex(*bytes.next()?)?;
                out.push(high << 4 | low);
            }
            b'+' => out.push(b' '),
            other => out.push(*other),
        }
    }
    Some(Cow::Owned(out))
}

/// Encodes a value for a query: everything but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
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
