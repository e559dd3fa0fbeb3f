/// Why a text is not a filter. Always HTTP 400 with `invalidFilter` (RFC 7644 3.12).
///
/// Positions are byte offsets into the text that was given, starting at 0.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is no expression at all.
    #[error("the filter is empty, expected an attribute name")]
    Empty,
    /// The text is longer than [`Limits::max_length`](crate::Limits::max_length).
    #[error("the filter is {length} bytes long, at most {max} are allowed")]
    TooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// More brackets are open than [`Limits::max_depth`](crate::Limits::max_depth) allows.
    #[error("more than {max} brackets are open at position {position}")]
    TooDeep {
        /// Where the bracket too many stands.
        position: usize,
        /// Depth allowed.
        max: u8,
    },
    /// There are more comparisons than [`Limits::max_terms`](crate::Limits::max_terms) allows.
    #[error("more than {max} comparisons, the next is at position {position}")]
    TooManyTerms {
        /// Where the comparison too many starts.
        position: usize,
        /// Comparisons allowed.
        max: u16,
    },
    /// Something else stands where the grammar wants `expected`.
    #[error("expected {expected} at position {position}, found {found}")]
    Unexpected {
        /// Where.
        position: usize,
        /// What the grammar wants there.
        expected: &'static str,
        /// The word or sign found, or `the end`.
        found: String,
    },
    /// The word after the attribute is no operator of RFC 7644 Table 3.
    #[error(
        "the operator {found} at position {position} is not supported, expected one of eq ne co sw ew gt ge lt le pr"
    )]
    UnknownOperator {
        /// Where the word stands.
        position: usize,
        /// The word.
        found: String,
    },
    /// The attribute path is malformed.
    #[error("{found} at position {position} is not an attribute path, expected [URI:]name[.name]")]
    Path {
        /// Where it starts.
        position: usize,
        /// The path, cut short if long.
        found: String,
    },
    /// The string literal breaks JSON's rules: a bad escape, half a surrogate pair or a control character.
    #[error("the string at position {position} is not a JSON string: {problem}")]
    String {
        /// Where the offending sign stands.
        position: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The number breaks JSON's rules or is beyond what a 64-bit number holds.
    #[error("{found} at position {position} is not a JSON number within range")]
    Number {
        /// Where it starts.
        position: usize,
        /// The number's text, cut short if long.
        found: String,
    },
    /// A bracket was opened and never closed.
    #[error("the {bracket} at position {position} is not closed")]
    Unclosed {
        /// Where it was opened.
        position: usize,
        /// `(` or `[`.
        bracket: char,
    },
    /// Square brackets inside square brackets have no meaning in SCIM (RFC 7643 2.3.8).
    #[error("[ at position {position} is inside another [")]
    NestedValuePath {
        /// Where the inner one stands.
        position: usize,
    },
    /// Inside `[ ]` a name is a sub-attribute of the attribute before: neither URI nor dots.
    #[error("{found} at position {position} must be a bare sub-attribute name, as it stands inside [ ]")]
    QualifiedInValuePath {
        /// Where it starts.
        position: usize,
        /// The path found.
        found: String,
    },
    /// A sub-attribute stands before `[`: `a.b[...]`.
    #[error("{found} before [ at position {position} must be an attribute, not a sub-attribute")]
    SubAttributeBeforeValuePath {
        /// Where the bracket stands.
        position: usize,
        /// The path found.
        found: String,
    },
}

impl FilterError {
    /// Returns the stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            FilterError::Empty => "filter.empty",
            FilterError::TooLong { .. } => "filter.too_long",
            FilterError::TooDeep { .. } => "filter.too_deep",
            FilterError::TooManyTerms { .. } => "filter.too_many_terms",
            FilterError::Unexpected { .. } => "filter.unexpected",
            FilterError::UnknownOperator { .. } => "filter.unknown_operator",
            FilterError::Path { .. } => "filter.path",
            FilterError::String { .. } => "filter.string",
            FilterError::Number { .. } => "filter.number",
            FilterError::Unclosed { .. } => "filter.unclosed",
            FilterError::NestedValuePath { .. } => "filter.nested_value_path",
            FilterError::QualifiedInValuePath { .. } => "filter.qualified_in_value_path",
            FilterError::SubAttributeBeforeValuePath { .. } => "filter.sub_attribute_before_value_path",
        }
    }

    /// Returns the HTTP status to answer: 400.
    #[must_use]
    pub fn status(&self) -> u16 {
        400
    }

    /// Returns the SCIM error keyword: `invalidFilter`.
    #[must_use]
    pub fn scim_type(&self) -> &'static str {
        "invalidFilter"
    }
}

/// Why a text is not a PATCH path. Always HTTP 400 (RFC 7644 3.5.2, Table 9).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The filter between `[` and `]` is wrong; positions count from the start of the path.
    #[error(transparent)]
    Filter(FilterError),
    /// The path around the filter is wrong; positions count from the start of the path.
    #[error(transparent)]
    Syntax(FilterError),
}

impl PathError {
    /// Returns the stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PathError::Filter(error) => error.code(),
            PathError::Syntax(error) => match error {
                FilterError::Empty => "path.empty",
                FilterError::TooLong { .. } => "path.too_long",
                _ => "path.syntax",
            },
        }
    }

    /// Returns the HTTP status to answer: 400.
    #[must_use]
    pub fn status(&self) -> u16 {
        400
    }

    /// Returns the SCIM error keyword: `invalidFilter` for the part in brackets, else `invalidPath`.
    #[must_use]
    pub fn scim_type(&self) -> &'static str {
        match self {
            PathError::Filter(_) => "invalidFilter",
            PathError::Syntax(_) => "invalidPath",
        }
    }
}
