use std::fmt;

use crate::error::{ScimError, ScimType};

/// The version of a resource: value of the `ETag` header and of `meta.version` (RFC 7644 3.14, RFC 9110 8.8.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag {
    weak: bool,
    opaque: String,
}

impl ETag {
    /// A weak tag, which is what a resource has whose bytes may change while its content does not. Characters that a
    /// tag cannot hold are left out.
    pub fn weak(opaque: impl fmt::Display) -> Self {
        Self { weak: true, opaque: opaque.to_string().chars().filter(|c| is_tag_char(*c)).collect() }
    }

    /// A strong tag, for bytes that are the same whenever the tag is.
    pub fn strong(opaque: impl fmt::Display) -> Self {
        Self { weak: false, ..Self::weak(opaque) }
    }

    /// Reads a tag: `"abc"` or `W/"abc"`.
    ///
    /// # Errors
    /// [`PreconditionError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, PreconditionError> {
        match Self::read(text.trim()) {
            Some((tag, "")) => Ok(tag),
            _ => Err(PreconditionError::Malformed),
        }
    }

    /// What is between the quotes.
    pub fn opaque(&self) -> &str {
        &self.opaque
    }

    /// RFC 9110 8.8.3.2: the same text, whether weak or strong. RFC 7644 3.14 sends weak tags in `If-Match`, which
    /// strong comparison would never match.
    pub fn weakly_equals(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    fn read(text: &str) -> Option<(Self, &str)> {
        let (weak, rest) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (opaque, rest) = rest.strip_prefix('"')?.split_once('"')?;
        if !opaque.chars().all(is_tag_char) {
            return None;
        }
        Some((Self { weak, opaque: opaque.to_owned() }, rest))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.opaque)
    }
}

/// The conditions of a request: its `If-Match` and `If-None-Match` headers.
///
/// # Examples
/// ```
/// use scim_schema::{ETag, Precondition, Verdict};
///
/// let condition = Precondition::parse(Some("W/\"3\", W/\"4\""), None)?;
/// assert_eq!(condition.for_write(Some(&ETag::weak(4))), Verdict::Proceed);
/// assert_eq!(condition.for_write(Some(&ETag::weak(5))), Verdict::Failed);
/// # Ok::<(), scim_schema::PreconditionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

impl Precondition {
    /// Reads the two headers: `*`, one tag, or tags separated by commas.
    ///
    /// # Errors
    /// [`PreconditionError`]: a condition that cannot be read must not be taken for none.
    pub fn parse(if_match: Option<&str>, if_none_match: Option<&str>) -> Result<Self, PreconditionError> {
        Ok(Self {
            if_match: if_match.map(Tags::parse).transpose()?,
            if_none_match: if_none_match.map(Tags::parse).transpose()?,
        })
    }

    /// Whether the request states no condition.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// For GET: a version that the client has already is 304.
    pub fn for_read(&self, current: Option<&ETag>) -> Verdict {
        if self.if_match.as_ref().is_some_and(|tags| !tags.contain(current)) {
            Verdict::Failed
        } else if self.if_none_match.as_ref().is_some_and(|tags| tags.contain(current)) {
            Verdict::NotModified
        } else {
            Verdict::Proceed
        }
    }

    /// For PUT, PATCH and DELETE: another version than the client knows is 412.
    pub fn for_write(&self, current: Option<&ETag>) -> Verdict {
        match self.for_read(current) {
            Verdict::Proceed => Verdict::Proceed,
            Verdict::Failed | Verdict::NotModified => Verdict::Failed,
        }
    }
}

/// What becomes of a request with conditions (RFC 9110 13.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 412: answer with [`Error::precondition_failed`](crate::message::Error::precondition_failed), change nothing.
    Failed,
    /// 304: answer without body, with the ETag.
    NotModified,
    /// Go on.
    Proceed,
}

/// Why a condition could not be read.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreconditionError {
    /// Neither `*` nor a list of entity tags.
    #[error("expected `*` or entity tags such as W/\"3\"")]
    Malformed,
    /// More tags than anybody needs.
    #[error("more than {limit} entity tags")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

impl ScimError for PreconditionError {
    fn status(&self) -> u16 {
        400
    }

    fn scim_type(&self) -> Option<ScimType> {
        Some(ScimType::InvalidValue)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "scim.precondition.malformed",
            Self::TooMany { .. } => "scim.precondition.too_many",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    List(Vec<ETag>),
}

impl Tags {
    fn parse(text: &str) -> Result<Self, PreconditionError> {
        let mut rest = text.trim();
        if rest == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        while !rest.is_empty() {
            if tags.len() >= MAX_TAGS {
                return Err(PreconditionError::TooMany { limit: MAX_TAGS });
            }
            let (tag, after) = ETag::read(rest).ok_or(PreconditionError::Malformed)?;
            tags.push(tag);
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) if !next.trim_start().is_empty() => next.trim_start(),
                None if after.is_empty() => after,
                _ => return Err(PreconditionError::Malformed),
            };
        }
        if tags.is_empty() { Err(PreconditionError::Malformed) } else { Ok(Self::List(tags)) }
    }

    /// `*` stands for any version of a resource that exists.
    fn contain(&self, current: Option<&ETag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::List(tags), Some(current)) => tags.iter().any(|tag| tag.weakly_equals(current)),
        }
    }
}

/// RFC 9110 8.8.3 `etagc`, ASCII only.
fn is_tag_char(c: char) -> bool {
    c == '!' || ('#'..='~').contains(&c)
}

const MAX_TAGS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_and_written() {
        // M23
        for text in ["W/\"a330bc54f0671c9\"", "\"3\"", "\"\""] {
            assert_eq!(ETag::parse(text).unwrap().to_string(), text);
        }
        for text in ["3", "W/3", "w/\"3\"", "\"3", "\"3\" x", "\"a b\"", "\"é\""] {
            assert_eq!(ETag::parse(text), Err(PreconditionError::Malformed), "{text}");
        }
        assert_eq!(ETag::weak("a\"b\n").to_string(), "W/\"ab\"");
    }

    #[test]
    fn if_match_compares_weakly_and_knows_lists_and_star() {
        // M23, M24
        let current = ETag::weak(3);
        let write = |header: &str, current: Option<&ETag>| {
            Precondition::parse(Some(header), None).unwrap().for_write(current)
        };
        for header in ["W/\"3\"", "\"3\"", "*", "\"1\",W/\"3\"", "\"1\" , \"3\""] {
            assert_eq!(write(header, Some(&current)), Verdict::Proceed, "{header}");
            assert_eq!(write(header, None), Verdict::Failed, "{header}");
        }
        for header in ["W/\"2\"", "\"33\"", "\"1\",\"2\""] {
            assert_eq!(write(header, Some(&current)), Verdict::Failed, "{header}");
        }
    }

    #[test]
    fn if_none_match_answers_304_to_reads_and_412_to_writes() {
        // M23, M49
        let current = ETag::weak(3);
        let condition = |header: &str| Precondition::parse(None, Some(header)).unwrap();
        assert_eq!(condition("W/\"3\"").for_read(Some(&current)), Verdict::NotModified);
        assert_eq!(condition("*").for_read(Some(&current)), Verdict::NotModified);
        assert_eq!(condition("W/\"2\"").for_read(Some(&current)), Verdict::Proceed);
        assert_eq!(condition("*").for_write(Some(&current)), Verdict::Failed);
        assert_eq!(condition("*").for_write(None), Verdict::Proceed);
        assert!(Precondition::default().is_empty());
    }

    #[test]
    fn a_condition_that_cannot_be_read_is_not_taken_for_none() {
        for header in ["", "3", "\"1\",", "\"1\" \"2\"", "*,\"1\"", ","] {
            assert_eq!(
                Precondition::parse(Some(header), None),
                Err(PreconditionError::Malformed),
                "{header}"
            );
        }
        let many = |n: usize| vec!["\"1\""; n].join(",");
        assert!(Precondition::parse(Some(&many(32)), None).is_ok());
        assert_eq!(Precondition::parse(Some(&many(33)), None), Err(PreconditionError::TooMany { limit: 32 }));
    }
}
