//! The path of an endpoint, with places for the tenant and the connection.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{ConnectionId, IdError, TenantId};

/// The path of an endpoint, with places for the tenant and the connection.
///
/// A segment is a word of letters, digits, `-`, `.`, `_` and `~`, or `{tenant}`, or `{connection}`.
///
/// ```
/// use tenant_model::{ConnectionId, PathTemplate, TenantId};
///
/// let acs = PathTemplate::parse("/t/{tenant}/saml/{connection}/acs")?;
/// assert_eq!(acs.fill(&TenantId::parse("acme")?, &ConnectionId::parse("okta")?), "/t/acme/saml/okta/acs");
/// let found = acs.find("/t/acme/saml/okta/acs").unwrap();
/// assert_eq!((found.tenant, found.connection), (Some("acme"), Some("okta")));
/// assert!(acs.find("/t/acme/saml/okta/login").is_none());
/// assert!(PathTemplate::parse("/t/{tennant}/acs").is_err());
/// # Ok::<(), tenant_model::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Segment {
    Connection,
    Tenant,
    Word(String),
}

/// What a path says, read by a [`PathTemplate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathMatch<'a> {
    /// What stands for the tenant; nobody has checked that it is one.
    pub tenant: Option<&'a str>,
    /// What stands for the connection.
    pub connection: Option<&'a str>,
    /// What follows, for [`PathTemplate::find_start`]: empty, or begins with `/`.
    pub rest: &'a str,
}

impl PathTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// [`IdError`] if it is no path of such segments, names a place twice, or has more than 512 bytes.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() > MAX {
            return Err(IdError::TooLong { kind: KIND, found: text.len(), max: MAX });
        }
        let rest = text.strip_prefix('/').filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(IdError::Form { kind: KIND, expected: FORM })?;
        let segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        for place in [Segment::Connection, Segment::Tenant] {
            if segments.iter().filter(|segment| **segment == place).count() > 1 {
                return Err(IdError::Form { kind: KIND, expected: FORM });
            }
        }
        Ok(Self { text: text.to_owned(), segments })
    }

    /// The template as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has a place for the tenant.
    #[must_use]
    pub fn names_tenant(&self) -> bool {
        self.segments.contains(&Segment::Tenant)
    }

    /// Whether it has a place for the connection.
    #[must_use]
    pub fn names_connection(&self) -> bool {
        self.segments.contains(&Segment::Connection)
    }

    /// The path for a tenant and a connection.
    #[must_use]
    pub fn fill(&self, tenant: &TenantId, connection: &ConnectionId) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            out.push('/');
            out.push_str(match segment {
                Segment::Connection => connection.as_str(),
                Segment::Tenant => tenant.as_str(),
                Segment::Word(word) => word,
            });
        }
        out
    }

    /// Reads a whole path.
    #[must_use]
    pub fn find<'a>(&self, path: &'a str) -> Option<PathMatch<'a>> {
        self.find_start(path).filter(|found| found.rest.is_empty())
    }

    /// Reads the start of a path.
    #[must_use]
    pub fn find_start<'a>(&self, path: &'a str) -> Option<PathMatch<'a>> {
        let mut found = PathMatch { rest: path, ..PathMatch::default() };
        for segment in &self.segments {
            let rest = found.rest.strip_prefix('/')?;
            let end = rest.find('/').unwrap_or(rest.len());
            let (part, rest) = rest.split_at_checked(end)?;
            match segment {
                Segment::Word(word) if word == part => {}
                Segment::Word(_) => return None,
                _ if part.is_empty() => return None,
                Segment::Connection => found.connection = Some(part),
                Segment::Tenant => found.tenant = Some(part),
            }
            found.rest = rest;
        }
        Some(found)
    }

    /// Whether some path begins with both templates. `whole` asks about paths that are both of them to the end.
    #[must_use]
    pub fn overlaps(&self, other: &Self, whole: bool) -> bool {
        if whole && self.segments.len() != other.segments.len() {
            return false;
        }
        self.segments.iter().zip(&other.segments).all(|pair| match pair {
            (Segment::Word(a), Segment::Word(b)) => a == b,
            _ => true,
        })
    }
}

fn segment(text: &str) -> Result<Segment, IdError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    match text {
        "{connection}" => Ok(Segment::Connection),
        "{tenant}" => Ok(Segment::Tenant),
        // Clients and proxies take dots out, and a place between two slashes is none.
        "" | "." | ".." => Err(IdError::Form { kind: KIND, expected: FORM }),
        word if word.bytes().all(plain) => Ok(Segment::Word(word.to_owned())),
        _ => Err(IdError::Form { kind: KIND, expected: FORM }),
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<PathTemplate> for String {
    fn from(path: PathTemplate) -> Self {
        path.text
    }
}

impl TryFrom<String> for PathTemplate {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

const KIND: &str = "path";
const MAX: usize = 512;
const FORM: &str =
    "/word/{tenant}/{connection}, with words of letters, digits and -._~ and each place once at most";

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> PathTemplate {
        PathTemplate::parse(text).unwrap()
    }

    #[test]
    fn a_path_is_words_and_each_place_once() {
        for bad in [
            "",
            "/",
            "a",
            "//a",
            "/a/",
            "/a//b",
            "/a?b",
            "/a#b",
            "/a b",
            "/{x}",
            "/{tenant}/{tenant}",
            "/a/../b",
            "/t{tenant}",
            "/ä",
            "/a%2f",
        ] {
            assert!(PathTemplate::parse(bad).is_err(), "{bad:?}");
        }
        assert!(PathTemplate::parse(&format!("/{}", "a".repeat(511))).is_ok());
        assert!(PathTemplate::parse(&format!("/{}", "a".repeat(512))).is_err());
    }

    #[test]
    fn a_place_is_one_whole_segment() {
        let base = template("/t/{tenant}/scim/v2");
        let found = base.find_start("/t/acme/scim/v2/Users/1").unwrap();
        assert_eq!((found.tenant, found.connection, found.rest), (Some("acme"), None, "/Users/1"));
        assert_eq!(base.find_start("/t/acme/scim/v2").unwrap().rest, "");
        for other in
            ["/t//scim/v2", "/t/a/b/scim/v2", "/t/acme/scim/v22", "/t/acme/scim", "t/acme/scim/v2", ""]
        {
            assert_eq!(base.find_start(other), None, "{other:?}");
        }
        assert_eq!(base.find("/t/acme/scim/v2/"), None);
    }

    #[test]
    fn templates_overlap_when_one_path_fits_both() {
        let overlaps = |a: &str, b: &str, whole| template(a).overlaps(&template(b), whole);
        assert!(overlaps("/t/{tenant}/acs", "/t/x/acs", true));
        assert!(!overlaps("/t/{tenant}/acs", "/t/{tenant}/login", true));
        assert!(!overlaps("/a", "/a/b", true));
        assert!(overlaps("/a", "/a/b", false));
    }
}
