use std::borrow::Cow;

/// Whether two `$ref` values name the same resource: relative ones resolve against the service base (RFC 7643 2.3.7),
/// and the version segment behind the base may be there, be another one, or be missing (RFC 7643 2.4).
///
/// # Examples
/// ```
/// use scim_schema::same_reference;
///
/// let base = "https://example.com/v2";
/// assert!(same_reference("https://example.com/Users/12345", "https://example.com/v2/Users/12345", base));
/// assert!(same_reference("../Users/12345", "HTTPS://Example.com:443/v1/Users/12345", base));
/// assert!(!same_reference("https://example.org/v2/Users/12345", "Users/12345", base));
/// ```
pub fn same_reference(a: &str, b: &str, base_url: &str) -> bool {
    a == b || reference_key(a, base_url) == reference_key(b, base_url)
}

/// The form in which references are compared, e.g. for a column: absolute, without version segment, normalized by
/// syntax (RFC 3986 6.2.2, 6.2.3). `base_url` is the SCIM base, with or without version and trailing slash. What is
/// no URL below the base's root (a URN, another service) keeps its path as it is.
pub fn reference_key(reference: &str, base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    let root = match base.rsplit_once('/') {
        Some((root, last)) if is_version(last) => root,
        _ => base,
    };
    let root = normalize(root);
    let url = normalize(&resolve(reference, base));
    let Some(below) = url.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
        return url;
    };
    match below.split_once('/') {
        Some((version, "")) if is_version(version) => root,
        Some((version, rest)) if is_version(version) => format!("{root}/{rest}"),
        _ => url,
    }
}

/// RFC 3986 5.2.2, with the base as a directory.
fn resolve<'a>(reference: &'a str, base: &str) -> Cow<'a, str> {
    if scheme(reference).is_some() {
        return Cow::Borrowed(reference);
    }
    let (base_scheme, rest) = base.split_once("://").unwrap_or(("", base));
    let authority = rest.split('/').next().unwrap_or_default();
    Cow::Owned(if reference.starts_with("//") {
        format!("{base_scheme}:{reference}")
    } else if reference.starts_with('/') {
        format!("{base_scheme}://{authority}{reference}")
    } else {
        format!("{base}/{reference}")
    })
}

/// Lower case where case says nothing, no default port, no dot segments, and no needless percent-encoding.
fn normalize(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|_| scheme(url).is_some()) else {
        return match scheme(url) {
            Some(scheme) => {
                let rest = url.get(scheme.len()..).unwrap_or_default();
                format!("{}{rest}", scheme.to_ascii_lowercase())
            }
            None => url.to_owned(),
        };
    };
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let authority = authority.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => ":",
    };
    let authority =
        authority.strip_suffix(default_port).or(authority.strip_suffix(':')).unwrap_or(&authority);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let mut segments: Vec<Cow<'_, str>> = Vec::new();
    let mut directory = false;
    for segment in path.strip_prefix('/').unwrap_or(path).split('/').map(decode_unreserved) {
        directory = matches!(&*segment, "." | "..");
        match &*segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    if directory {
        segments.push(Cow::Borrowed(""));
    }
    let path = segments.join("/");
    let slash = if path.is_empty() && tail.is_empty() { "" } else { "/" };
    format!("{scheme}://{authority}{slash}{path}{tail}")
}

/// RFC 3986 6.2.2.1, 6.2.2.2: `%7e` is `~`, and what stays encoded has capital digits.
fn decode_unreserved(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut out = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|two| Some((two, u8::from_str_radix(two, 16).ok()?))) {
            Some((two, byte)) => {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    out.push(char::from(byte));
                } else {
                    out.push('%');
                    out.push_str(&two.to_ascii_uppercase());
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// RFC 3986 3.1; the colon must come before any slash.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let good = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    good.then_some(scheme)
}

/// RFC 7644 3.13: `v` and a number, with or without a minor one.
pub(crate) fn is_version(segment: &str) -> bool {
    let Some(number) = segment.strip_prefix(['v', 'V']) else { return false };
    let mut parts = number.split('.');
    parts.by_ref().take(2).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_with_another_version_or_none_are_comparable() {
        // S13
        for base in ["https://example.com/v2", "https://example.com", "https://example.com/v2/"] {
            for other in [
                "https://example.com/Users/1",
                "https://example.com/v1/Users/1",
                "https://example.com/v2.1/Users/1",
                "https://EXAMPLE.com:443/v2/./Users/x/../1",
                "https://example.com/v2/Users/%31",
            ] {
                assert!(same_reference("https://example.com/v2/Users/1", other, base), "{other} {base}");
            }
        }
        assert!(same_reference(
            "https://example.com/scim/Users/1",
            "https://example.com/scim/v2/Users/1",
            "https://example.com/scim/v2"
        ));
    }

    #[test]
    fn relative_references_resolve_against_the_service_base() {
        // S08, S13
        let base = "https://example.com/scim/v2";
        for relative in ["Users/1", "./Users/1", "../Users/1", "../v2/Users/1", "/scim/v2/Users/1"] {
            assert_eq!(reference_key(relative, base), "https://example.com/scim/Users/1", "{relative}");
        }
        assert_eq!(reference_key("//example.com/scim/Users/1", base), "https://example.com/scim/Users/1");
        assert_eq!(reference_key("/Users/1", base), "https://example.com/Users/1");
    }

    #[test]
    fn what_names_something_else_stays_apart() {
        // S13
        let base = "https://example.com/v2";
        let one = "https://example.com/v2/Users/1";
        for other in [
            "https://example.com/v2/Users/2",
            "https://example.com/v2/Groups/1",
            "https://example.com/v2/users/1",
            "http://example.com/v2/Users/1",
            "https://example.com:8443/v2/Users/1",
            "https://example.com.evil/v2/Users/1",
            "https://example.com/x/v2/Users/1",
            "https://example.com/v2/v2/Users/1",
            "https://example.com/vx/Users/1",
            "https://example.com/v2/Users/1?x",
            "https://example.com/v2/Users%2F1",
            "urn:uuid:1",
        ] {
            assert!(!same_reference(one, other, base), "{other}");
        }
        // A version below another service says something there.
        assert!(!same_reference("https://example.org/v1/Users/1", "https://example.org/v2/Users/1", base));
        assert!(same_reference("URN:example:a", "urn:example:a", base));
        assert!(!same_reference("urn:example:a", "urn:example:A", base));
    }

    #[test]
    fn any_text_has_a_key_and_a_key_is_its_own() {
        for text in
            ["", ":", "//", "/", "..", "%", "%zz", "a%", "http://", "https://é/%C3%a9", "x:", "?", "#v2"]
        {
            let key = reference_key(text, "https://example.com/v2");
            assert_eq!(reference_key(&key, "https://example.com/v2"), key, "{text}");
        }
    }
}
