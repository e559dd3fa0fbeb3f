use std::fmt;
use std::num::NonZeroUsize;

use scim_schema::{AttrPath, PathError, Resolved, ResourceType};

use crate::FilterError;
use crate::cursor::Cursor;

/// One attribute or sub-attribute name as it was written, e.g. `userName` or `$ref`.
///
/// RFC 7643 2.1 and RFC 7644 3.4.2.2 differ over `$`; both spellings are accepted, at the start too (for `$ref`).
/// Names compare case-insensitively once bound to a schema; this type keeps the spelling and compares it exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttrName(Box<str>);

impl AttrName {
    /// Takes a name if it has the standard's form.
    #[must_use]
    pub fn new(text: &str) -> Option<AttrName> {
        is_name(text).then(|| AttrName(text.into()))
    }

    /// Returns the name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An attribute path: `[URI ":"] name ["." sub-name]` (RFC 7644 3.10).
///
/// ```
/// use scim_filter::UnresolvedPath;
///
/// let path = UnresolvedPath::parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value")?;
/// assert_eq!(path.urn(), Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"));
/// assert_eq!(path.name(), "manager");
/// assert_eq!(path.sub_name(), Some("value"));
/// # Ok::<(), scim_filter::FilterError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnresolvedPath {
    /// The whole path as written: one allocation, and ready to be resolved.
    text: Box<str>,
    /// Where the name begins: behind the URI and its colon.
    name: usize,
    /// Where the sub-attribute's name begins: behind a dot, so never at 0.
    sub_name: Option<NonZeroUsize>,
}

impl UnresolvedPath {
    /// Reads a path that stands alone, as in `attributes` or `sortBy`.
    ///
    /// # Errors
    /// [`FilterError::Path`] with the text when it is not a path.
    pub fn parse(text: &str) -> Result<UnresolvedPath, FilterError> {
        UnresolvedPath::from_word(text, 0)
    }

    /// Builds a path from its parts.
    #[must_use]
    pub fn new(name: AttrName, sub_name: Option<AttrName>) -> UnresolvedPath {
        let mut text = String::from(name.0);
        let start = sub_name.as_ref().and_then(|_| NonZeroUsize::new(text.len().saturating_add(1)));
        if let Some(sub_name) = sub_name {
            text.push('.');
            text.push_str(&sub_name.0);
        }
        UnresolvedPath { text: text.into(), name: 0, sub_name: start }
    }

    /// Returns the schema URI before the name, as written and without its colon.
    #[must_use]
    pub fn urn(&self) -> Option<&str> {
        self.text.get(..self.name.checked_sub(1)?)
    }

    /// Returns the attribute's name.
    #[must_use]
    pub fn name(&self) -> &str {
        let end = self.sub_name.map_or(self.text.len(), |start| start.get().saturating_sub(1));
        self.text.get(self.name..end).unwrap_or_default()
    }

    /// Returns the sub-attribute's name, if the path has one.
    #[must_use]
    pub fn sub_name(&self) -> Option<&str> {
        self.text.get(self.sub_name?.get()..)
    }

    /// Returns the whole path, as `Display` prints it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Resolves the path's names; the URI of a schema alone, which has the form of a path, is that schema.
    pub(crate) fn resolve(&self, resource_type: &ResourceType) -> Result<Resolved, PathError> {
        resource_type.resolve(&self.text)
    }

    /// Resolves the path of an attribute or sub-attribute.
    pub(crate) fn resolve_attribute(&self, resource_type: &ResourceType) -> Result<AttrPath, PathError> {
        resource_type.resolve_attribute(&self.text)
    }

    /// Reads the word found at byte `position` of a longer text.
    pub(crate) fn from_word(word: &str, position: usize) -> Result<UnresolvedPath, FilterError> {
        // The URI has dots and colons of its own ("2.0:User"), so the name starts after the last colon (F12).
        let (urn, path) = match word.rsplit_once(':') {
            Some((urn, path)) => (Some(urn), path),
            None => (None, word),
        };
        let (name, sub_name) = match path.split_once('.') {
            Some((name, sub_name)) => (name, Some(sub_name)),
            None => (path, None),
        };
        if !(urn.is_none_or(is_uri) && is_name(name) && sub_name.is_none_or(is_name)) {
            return Err(FilterError::Path { position, found: Cursor::excerpt(word) });
        }
        let behind = |rest: &str| word.len().saturating_sub(rest.len());
        Ok(UnresolvedPath {
            text: word.into(),
            name: behind(path),
            sub_name: sub_name.and_then(|sub_name| NonZeroUsize::new(behind(sub_name))),
        })
    }
}

impl fmt::Display for UnresolvedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for UnresolvedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnresolvedPath({self})")
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'-' | b'_'))
}

/// Whether the text can be a schema URI: a scheme, a colon and something after it.
pub(crate) fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        is_name(scheme) && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())
    })
}
