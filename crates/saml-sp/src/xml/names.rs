//! The characters of names, and of documents (XML 1.0 fifth edition 2.2 and 2.3, Namespaces 1.0 section 4).

/// Tells whether the text is a name without a colon, as IDs and prefixes are.
pub(crate) fn is_ncname(text: &str) -> bool {
    // Nearly all names are ASCII.
    match text.as_bytes().split_first() {
        Some((first, rest)) if START.contains(*first) && rest.iter().all(|byte| NAME.contains(*byte)) => true,
        Some(_) if !text.is_ascii() => {
            let mut characters = text.chars();
            characters.next().is_some_and(is_name_start) && characters.all(is_name_character)
        }
        _ => false,
    }
}

/// A qualified name taken apart; `None` if it is not one.
pub(super) fn split_qname(name: &str) -> Option<(&str, &str)> {
    match name.bytes().position(|byte| byte == b':') {
        None => is_ncname(name).then_some(("", name)),
        Some(at) => {
            let (prefix, local) = (name.get(..at)?, name.get(at.checked_add(1)?..)?);
            (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local))
        }
    }
}

/// Whether XML allows the character at all (2.2, production 2).
pub(super) fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// A namespace that all canonicalizers take and write alike: an absolute URI with a host, or a `urn:`, in ASCII
/// characters that no one escapes. libxml2 has no canonical form for others.
pub(super) fn is_plain_namespace(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let good_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let good_start = match rest.strip_prefix("//") {
        Some(rest) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
                && (1..=5).contains(&port.len())
                && port.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => {
            scheme.eq_ignore_ascii_case("urn")
                && rest.starts_with(|first: char| first.is_ascii_alphanumeric())
        }
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$()*+,;=%".contains(&byte);
    let escaped = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    good_scheme
        && good_start
        && rest.bytes().all(plain)
        && rest.bytes().filter(|byte| *byte == b'#').count() <= 1
        && rest.split('%').skip(1).all(escaped)
}

/// A set of bytes, looked up in one step.
struct Bytes([bool; 256]);

impl Bytes {
    const fn of(listed: &[u8], other: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut rest = listed;
        while let [first, tail @ ..] = rest {
            mark(&mut set, *first);
            rest = tail;
        }
        let mut rest = other;
        while let [first, tail @ ..] = rest {
            mark(&mut set, *first);
            rest = tail;
        }
        Self(set)
    }

    fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

#[expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a byte is a place among 256; done by the compiler"
)]
const fn mark(set: &mut [bool; 256], byte: u8) {
    set[byte as usize] = true;
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static START: Bytes = Bytes::of(LETTERS, b"");
static NAME: Bytes = Bytes::of(LETTERS, b"0123456789-.");

fn is_name_start(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '_' => true,
        '\0'..='\u{7F}' => false,
        _ => matches!(character,
            '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}'),
    }
}

fn is_name_character(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' => true,
        '\0'..='\u{7F}' => false,
        '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}' => true,
        _ => is_name_start(character),
    }
}
