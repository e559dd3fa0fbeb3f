//! How something that is wrong differs from what is right, when it nearly is.

use std::fmt;

use serde::Serialize;

/// How what was found differs from what was expected, when the two are close or easily mixed up.
///
/// `Display` says it in words: `differs by a trailing slash`.
///
/// ```
/// use saml_sp::NearMiss;
///
/// let misses = NearMiss::between("https://sp.example.com/acs", "http://sp.example.com/acs/");
/// assert_eq!(misses, [NearMiss::Scheme, NearMiss::TrailingSlash]);
/// assert_eq!(misses[0].to_string(), "http instead of https, or the other way round");
/// assert!(NearMiss::between("https://sp.example.com", "https://other.example.org/x").is_empty());
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NearMiss {
    /// The same but for upper and lower case.
    Case,
    /// The other side's clock is ahead of ours.
    ClockAhead {
        /// By at least so many seconds.
        seconds: i64,
    },
    /// The address of this service that takes responses stands where its entity id belongs.
    ConsumerUrl,
    /// The entity id of this service stands where an address belongs.
    EntityId,
    /// The tenant of Entra ID is right, the form of its name isn't: `sts.windows.net` and `login.microsoftonline.com`.
    EntraForm,
    /// A bare GUID: an application id or object id of Entra ID.
    Guid,
    /// The same path on another host.
    Host,
    /// Too late by so many seconds: a clock that is behind, or a page that was left open.
    Late {
        /// After the end of validity.
        seconds: i64,
    },
    /// The same thing under another name.
    Name {
        /// The name that was found.
        found: String,
    },
    /// Another address of this service that takes responses.
    OtherConsumer,
    /// Another path on the same host.
    Path,
    /// The same but for the port.
    Port,
    /// The same but for a query behind the question mark.
    Query,
    /// `http` instead of `https`, or the other way round.
    Scheme,
    /// The address where logins are sent stands where the identity provider's entity id belongs.
    SignOnUrl,
    /// What Entra ID makes of an entity id that is a bare application id: `spn:` in front.
    Spn,
    /// The same but for a slash at the end.
    TrailingSlash,
    /// The same but for white space around it.
    WhiteSpace,
}

impl NearMiss {
    /// Compares two names or addresses; gives nothing if they have nothing in common, or are equal.
    #[must_use]
    pub fn between(expected: &str, found: &str) -> Vec<Self> {
        if expected == found {
            return Vec::new();
        }
        if found.strip_prefix("spn:") == Some(expected) {
            return vec![Self::Spn];
        }
        let (wanted, came) = (Parts::of(expected), Parts::of(found));
        let alike = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let mut misses = Vec::new();
        let mut note = |differs: bool, miss: Self| {
            if differs {
                misses.push(miss);
            }
        };
        let same_host = alike(wanted.host, came.host);
        let same_path = alike(wanted.path, came.path);
        let same_guid = guid_in(expected).is_some() && guid_in(expected) == guid_in(found);
        match (same_host, same_path) {
            (true, true) => {
                note(found.trim() != found || expected.trim() != expected, Self::WhiteSpace);
                note(!alike(wanted.scheme, came.scheme), Self::Scheme);
                note(wanted.host != came.host || wanted.path != came.path, Self::Case);
                note(wanted.port != came.port, Self::Port);
                note(wanted.slash != came.slash, Self::TrailingSlash);
                note(wanted.query != came.query, Self::Query);
            }
            (false, _) if same_guid && wanted.is_entra() && came.is_entra() => note(true, Self::EntraForm),
            (false, true) => note(!wanted.path.is_empty() && !wanted.scheme.is_empty(), Self::Host),
            (true, false) => note(!wanted.scheme.is_empty() && !came.scheme.is_empty(), Self::Path),
            (false, false) => note(is_guid(found), Self::Guid),
        }
        misses
    }

    /// Gives its name in data, such as `trailing_slash`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::ClockAhead { .. } => "clock_ahead",
            Self::ConsumerUrl => "consumer_url",
            Self::EntityId => "entity_id",
            Self::EntraForm => "entra_form",
            Self::Guid => "guid",
            Self::Host => "host",
            Self::Late { .. } => "late",
            Self::Name { .. } => "name",
            Self::OtherConsumer => "other_consumer",
            Self::Path => "path",
            Self::Port => "port",
            Self::Query => "query",
            Self::Scheme => "scheme",
            Self::SignOnUrl => "sign_on_url",
            Self::Spn => "spn",
            Self::TrailingSlash => "trailing_slash",
            Self::WhiteSpace => "white_space",
        }
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case => out.write_str("differs in case"),
            Self::ClockAhead { seconds } => {
                write!(out, "its clock is ahead of ours by at least {}", Span(*seconds))
            }
            Self::ConsumerUrl => {
                out.write_str("this is the address that takes responses, not the entity id of this service")
            }
            Self::EntityId => {
                out.write_str("this is the entity id of this service, not the address that takes responses")
            }
            Self::EntraForm => out.write_str(
                "the same tenant of Entra ID in another form (sts.windows.net and login.microsoftonline.com)",
            ),
            Self::Guid => out.write_str("a bare GUID: the application id or object id of an Entra app"),
            Self::Host => out.write_str("the same path on another host"),
            Self::Late { seconds } => write!(out, "too late by {}", Span(*seconds)),
            Self::Name { found } => write!(out, "`{found}` was sent and means the same"),
            Self::OtherConsumer => out.write_str("another address of this service that takes responses"),
            Self::Path => out.write_str("another path on the same host"),
            Self::Port => out.write_str("differs by the port"),
            Self::Query => out.write_str("differs behind the question mark"),
            Self::Scheme => out.write_str("http instead of https, or the other way round"),
            Self::SignOnUrl => {
                out.write_str("the single sign-on address stands in the place of the entity id")
            }
            Self::Spn => out.write_str(
                "`spn:` in front: the entity id of this service is a bare application id in Entra ID",
            ),
            Self::TrailingSlash => out.write_str("differs by a trailing slash"),
            Self::WhiteSpace => out.write_str("differs by white space around it"),
        }
    }
}

/// An address taken apart without judging it; a name that is no address is all path.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: &'a str,
    path: &'a str,
    slash: bool,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim();
        let (text, query) = match text.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (text, None),
        };
        let slash = text.ends_with('/');
        let Some((scheme, rest)) = text.split_once("://") else {
            return Self { scheme: "", host: "", port: "", path: text.trim_end_matches('/'), slash, query };
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let default = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
        let port = if port == default { "" } else { port };
        Self { scheme, host, port, path: path.trim_end_matches('/'), slash, query }
    }

    fn is_entra(&self) -> bool {
        ["sts.windows.net", "login.microsoftonline.com"].contains(&self.host)
    }
}

/// Tells whether a text is a GUID and nothing else.
pub(crate) fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn guid_in(text: &str) -> Option<String> {
    text.split(['/', ':', '?', '=']).find(|piece| is_guid(piece)).map(str::to_ascii_lowercase)
}

/// A length of time as people say it.
struct Span(i64);

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |number: i64| if number == 1 { "" } else { "s" };
        match self.0.checked_div(60) {
            Some(minutes) if minutes >= 2 => write!(out, "{minutes} minutes"),
            _ => write!(out, "{} second{}", self.0, plural(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(expected: &str, found: &str) -> Vec<&'static str> {
        NearMiss::between(expected, found).iter().map(NearMiss::id).collect()
    }

    #[test]
    fn each_way_to_miss_by_a_little_has_a_name() {
        let right = "https://sp.example.com/saml/acs";
        for (found, miss) in [
            ("https://sp.example.com/saml/acs/", "trailing_slash"),
            ("http://sp.example.com/saml/acs", "scheme"),
            ("https://sp.example.com/SAML/acs", "case"),
            ("https://SP.example.com/saml/acs", "case"),
            ("https://sp.example.com:8443/saml/acs", "port"),
            ("https://sp.example.com/saml/acs?tenant=a", "query"),
            (" https://sp.example.com/saml/acs\n", "white_space"),
            ("https://staging.example.com/saml/acs", "host"),
            ("https://sp.example.com/saml/acs2", "path"),
            ("spn:https://sp.example.com/saml/acs", "spn"),
            ("8f2a6e6e-1d2c-4b3a-9f00-aabbccddeeff", "guid"),
        ] {
            assert_eq!(ids(right, found), [miss], "{found}");
        }
        assert!(ids(right, right).is_empty());
        assert!(ids(right, "urn:something:else").is_empty());
    }

    #[test]
    fn the_two_names_of_an_entra_tenant_are_known() {
        let guid = "8f2a6e6e-1d2c-4b3a-9f00-aabbccddeeff";
        let sts = format!("https://sts.windows.net/{guid}/");
        assert_eq!(ids(&sts, &format!("https://login.microsoftonline.com/{guid}/saml2")), ["entra_form"]);
        let other = "https://login.microsoftonline.com/00000000-1d2c-4b3a-9f00-aabbccddeeff/saml2";
        assert!(ids(&sts, other).is_empty());
    }

    #[test]
    fn a_name_that_is_no_address_misses_too() {
        assert_eq!(ids("MyApp", "myapp"), ["case"]);
        assert_eq!(ids("urn:app", "urn:app/"), ["trailing_slash"]);
        let guid = "8f2a6e6e-1d2c-4b3a-9f00-aabbccddeeff";
        assert_eq!(ids(guid, &format!("spn:{guid}")), ["spn"]);
    }

    #[test]
    fn a_time_is_told_in_minutes_when_it_is_long() {
        assert_eq!(
            NearMiss::ClockAhead { seconds: 600 }.to_string(),
            "its clock is ahead of ours by at least 10 minutes"
        );
        assert_eq!(NearMiss::Late { seconds: 1 }.to_string(), "too late by 1 second");
    }
}
