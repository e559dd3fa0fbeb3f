//! A path on the host itself, safe to send a browser to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::IdError;

/// A path on the host itself, e.g. where to go after a login.
///
/// Begins with one `/` and cannot leave the host: `//host`, `/\host` and anything a browser would drop or read as a
/// separator are refused.
///
/// ```
/// use tenant_model::LocalPath;
///
/// assert_eq!(LocalPath::parse("/reports?month=5")?.as_str(), "/reports?month=5");
/// assert!(LocalPath::parse("//evil.example").is_err());
/// assert!(LocalPath::parse("https://evil.example").is_err());
/// # Ok::<(), tenant_model::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalPath(String);

impl LocalPath {
    /// Reads a path.
    ///
    /// # Errors
    /// [`IdError`] if it could lead elsewhere or has more than 2048 bytes.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        const KIND: &str = "local path";
        const MAX: usize = 2048;
        if text.len() > MAX {
            return Err(IdError::TooLong { kind: KIND, found: text.len(), max: MAX });
        }
        // Browsers read `\` as `/` and drop tabs and line breaks, so both could make `//` of something else.
        let bad = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
        if let Some((at, _)) = text.char_indices().find(|(_, c)| bad(*c)) {
            return Err(IdError::Character {
                kind: KIND,
                at,
                allowed: "no white space, control character or '\\'",
            });
        }
        if !text.starts_with('/') || text.starts_with("//") {
            return Err(IdError::Form { kind: KIND, expected: "a path that begins with one '/'" });
        }
        Ok(Self(text.to_owned()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LocalPath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<LocalPath> for String {
    fn from(path: LocalPath) -> Self {
        path.0
    }
}

impl TryFrom<String> for LocalPath {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_path_cannot_leave_the_host() {
        for bad in
            ["", "a", "//a", "/\\a", "\\/a", "/\t/a", "/ /a", "/\n/a", "http:/a", "javascript:alert(1)"]
        {
            assert!(LocalPath::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["/", "/a//b", "/a?next=//b", "/ä"] {
            assert!(LocalPath::parse(good).is_ok(), "{good:?}");
        }
        assert!(LocalPath::parse(&format!("/{}", "a".repeat(2047))).is_ok());
        assert!(LocalPath::parse(&format!("/{}", "a".repeat(2048))).is_err());
    }
}
