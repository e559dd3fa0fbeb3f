//! Addresses that may reach a redirect or a page, and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// The absolute `http` or `https` address of an endpoint, kept and compared byte for byte.
///
/// Other schemes (`javascript:`, `data:`) and characters that a URL must escape are refused, so that an address
/// from metadata can be put into a redirect or a form (Errata 90).
///
/// ```
/// use saml_sp::EndpointUrl;
///
/// assert!("https://sp.example.com/acs".parse::<EndpointUrl>().is_ok());
/// assert_eq!("javascript:alert(1)".parse::<EndpointUrl>().unwrap_err().code(), "REQ-09");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// Gives the address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the address is one of TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        strip_scheme(&self.0, "https://").is_some()
    }

    /// Gives scheme, host and port, which a `Content-Security-Policy` needs for `form-action`.
    #[must_use]
    pub fn origin(&self) -> &str {
        let after = self.0.find("://").and_then(|at| at.checked_add(3)).unwrap_or(0);
        let path = self
            .0
            .char_indices()
            .find(|(at, character)| *at >= after && matches!(character, '/' | '?' | '#'))
            .map_or(self.0.len(), |(at, _)| at);
        self.0.get(..path).unwrap_or(&self.0)
    }
}

impl TryFrom<String> for EndpointUrl {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        let rest = strip_scheme(&text, "https://").or_else(|| strip_scheme(&text, "http://"));
        let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        // A user name in front of the host only ever serves to hide the host.
        let has_host =
            authority.is_some_and(|host| !host.is_empty() && !host.starts_with(':') && !host.contains('@'));
        if !has_host || text.len() > MAX_URL || !text.bytes().all(is_url_byte) {
            return Err(ConfigError::Url);
        }
        Ok(Self(text))
    }
}

impl std::str::FromStr for EndpointUrl {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::try_from(text.to_owned())
    }
}

impl From<EndpointUrl> for String {
    fn from(url: EndpointUrl) -> Self {
        url.0
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A path on this host's own site, where a person is sent after signing in.
///
/// It starts with one `/`, and can't be read by any browser as the address of another site: `//host`, `/\host`,
/// control characters and spaces are refused (open redirect, CVE-2019-13038 and its kind).
///
/// ```
/// use saml_sp::LocalPath;
///
/// assert!("/reports?id=7#top".parse::<LocalPath>().is_ok());
/// for elsewhere in ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example"] {
///     assert!(elsewhere.parse::<LocalPath>().is_err());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalPath(String);

impl LocalPath {
    /// Gives the path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LocalPath {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        let local = text.starts_with('/') && !text.starts_with("//");
        if !local || text.len() > MAX_URL || !text.bytes().all(is_url_byte) {
            return Err(ConfigError::ReturnPath);
        }
        Ok(Self(text))
    }
}

impl std::str::FromStr for LocalPath {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::try_from(text.to_owned())
    }
}

impl From<LocalPath> for String {
    fn from(path: LocalPath) -> Self {
        path.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Tells whether a text is an absolute URI of any scheme, with everything escaped that must be (RFC 3986 4.3).
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && rest.bytes().all(is_url_byte)
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Printable ASCII without what RFC 3986 never allows raw; a backslash is a slash to browsers.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// What browsers and servers are known to carry; endpoints and deep links are far shorter.
const MAX_URL: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    // REQ-09
    #[test]
    fn refuses_addresses_that_do_not_belong_into_a_redirect() {
        for text in [
            "",
            "/acs",
            "ftp://a/",
            "javascript:alert(1)",
            "https://",
            "https:///acs",
            "https://a b/",
            "https://a/\"x",
            "https://a/<x>",
            "https://a/\r\nSet-Cookie:x",
            "https://user@evil.example/",
            "https://ä.example/",
            "https://:80/",
        ] {
            assert_eq!(text.parse::<EndpointUrl>(), Err(ConfigError::Url), "{text}");
        }
        let long = format!("https://a/{}", "x".repeat(2038));
        assert!(long.parse::<EndpointUrl>().is_ok());
        assert!(format!("{long}x").parse::<EndpointUrl>().is_err());
    }

    // SLO-01
    #[test]
    fn a_uri_has_a_scheme_and_nothing_to_escape() {
        for text in ["urn:oasis:names:tc:SAML:2.0:logout:user", "https://a/?b#c", "a+b-1.c:d"] {
            assert!(is_uri(text), "{text}");
        }
        for text in
            ["", "user", ":a", "urn:", "1urn:a", "urn_x:a", "urn:a b", "urn:\u{e9}", " urn:a", "urn:<a>"]
        {
            assert!(!is_uri(text), "{text}");
        }
    }

    #[test]
    fn the_origin_ends_before_the_path() {
        for (text, origin) in [
            ("https://a.example:8443/x?y", "https://a.example:8443"),
            ("http://a.example?y=/", "http://a.example"),
            ("HTTPS://a.example", "HTTPS://a.example"),
        ] {
            assert_eq!(text.parse::<EndpointUrl>().unwrap().origin(), origin);
        }
    }

    // REQ-09
    #[test]
    fn a_return_path_stays_on_this_site() {
        for text in ["", "a", "//a", "/\\a", "/ a", "/\u{7f}", "\\/a", "https://a/", "/é"] {
            assert_eq!(text.parse::<LocalPath>(), Err(ConfigError::ReturnPath), "{text}");
        }
        assert!("/".parse::<LocalPath>().is_ok());
    }
}
