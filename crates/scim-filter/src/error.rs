use scim_schema::{AttributeType, ScimError, ScimType};

use crate::CompareOp;

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

impl ScimError for FilterError {
    fn status(&self) -> u16 {
        400
    }

    fn scim_type(&self) -> Option<ScimType> {
        Some(ScimType::InvalidFilter)
    }

    fn code(&self) -> &'static str {
        match self {
            FilterError::Empty => "scim.filter.empty",
            FilterError::TooLong { .. } => "scim.filter.too_long",
            FilterError::TooDeep { .. } => "scim.filter.too_deep",
            FilterError::TooManyTerms { .. } => "scim.filter.too_many_terms",
            FilterError::Unexpected { .. } => "scim.filter.unexpected",
            FilterError::UnknownOperator { .. } => "scim.filter.unknown_operator",
            FilterError::Path { .. } => "scim.filter.path",
            FilterError::String { .. } => "scim.filter.string",
            FilterError::Number { .. } => "scim.filter.number",
            FilterError::Unclosed { .. } => "scim.filter.unclosed",
            FilterError::NestedValuePath { .. } => "scim.filter.nested_value_path",
            FilterError::QualifiedInValuePath { .. } => "scim.filter.qualified_in_value_path",
            FilterError::SubAttributeBeforeValuePath { .. } => "scim.filter.sub_attribute_before_value_path",
        }
    }
}

/// Why a filter does not fit the schemas. Always HTTP 400 with `invalidFilter` (RFC 7644 3.12).
///
/// Paths are in the schema's spelling where the schema knows them.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// A complex attribute is compared as a whole; one of its sub-attributes must be named (F38).
    #[error("{path} is complex, name one of its sub-attributes")]
    ComplexAttribute {
        /// The attribute.
        path: String,
    },
    /// The literal is not of the attribute's type (F26).
    #[error("{path} is of type {expected}, found {found}")]
    LiteralType {
        /// The attribute.
        path: String,
        /// Its type.
        expected: AttributeType,
        /// The kind of literal.
        found: &'static str,
    },
    /// Square brackets follow an attribute that has no elements or sub-attributes to choose from.
    #[error("{path} is neither complex nor multi-valued, so [ ] cannot follow it")]
    NoElements {
        /// The attribute.
        path: String,
    },
    /// No response ever holds the attribute, so no filter may ask for it (F30).
    #[error("{path} is never returned and cannot be filtered")]
    NotFilterable {
        /// The attribute.
        path: String,
    },
    /// `null` is only equal or not equal to something.
    #[error("{path} {op} null has no meaning, expected eq or ne")]
    NullOperand {
        /// The attribute.
        path: String,
        /// The operator.
        op: CompareOp,
    },
    /// The resource type, or the attribute before the brackets, has nothing of this name (F27).
    #[error("{within} has no attribute {path}")]
    UnknownAttribute {
        /// The path as written.
        path: String,
        /// The resource type's name, or the attribute before the brackets.
        within: String,
    },
    /// The operator has no meaning for the attribute's type (F23, F25).
    #[error("{op} cannot be used on {path}, which is of type {kind}")]
    UnsupportedOperator {
        /// The attribute.
        path: String,
        /// The operator.
        op: CompareOp,
        /// The attribute's type.
        kind: AttributeType,
    },
}

impl ScimError for BindError {
    fn status(&self) -> u16 {
        400
    }

    fn scim_type(&self) -> Option<ScimType> {
        Some(ScimType::InvalidFilter)
    }

    fn code(&self) -> &'static str {
        match self {
            BindError::ComplexAttribute { .. } => "scim.filter.complex_attribute",
            BindError::LiteralType { .. } => "scim.filter.literal_type",
            BindError::NoElements { .. } => "scim.filter.no_elements",
            BindError::NotFilterable { .. } => "scim.filter.not_filterable",
            BindError::NullOperand { .. } => "scim.filter.null_operand",
            BindError::UnknownAttribute { .. } => "scim.filter.unknown_attribute",
            BindError::UnsupportedOperator { .. } => "scim.filter.unsupported_operator",
        }
    }
}

/// Why a text is not a PATCH path, or not one of this resource type. Always HTTP 400 (RFC 7644 3.5.2, Table 9).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchPathError {
    /// The filter between `[` and `]` does not fit the attribute.
    #[error(transparent)]
    Bind(BindError),
    /// The filter between `[` and `]` is wrong; positions count from the start of the path.
    #[error(transparent)]
    Filter(FilterError),
    /// The path around the filter is wrong; positions count from the start of the path.
    #[error(transparent)]
    Syntax(FilterError),
    /// The path stands for nothing in the resource type.
    #[error(transparent)]
    Unresolved(scim_schema::PathError),
}

impl ScimError for PatchPathError {
    fn status(&self) -> u16 {
        400
    }

    /// `invalidFilter` for what stands in brackets, else `invalidPath`.
    fn scim_type(&self) -> Option<ScimType> {
        Some(match self {
            // `a[...]` on a plain attribute is a wrong path, whatever the brackets hold.
            PatchPathError::Bind(BindError::NoElements { .. }) => ScimType::InvalidPath,
            PatchPathError::Bind(_) | PatchPathError::Filter(_) => ScimType::InvalidFilter,
            PatchPathError::Syntax(_) | PatchPathError::Unresolved(_) => ScimType::InvalidPath,
        })
    }

    fn code(&self) -> &'static str {
        match self {
            PatchPathError::Bind(error) => error.code(),
            PatchPathError::Filter(error) => error.code(),
            PatchPathError::Syntax(FilterError::Empty) => "scim.path.empty",
            PatchPathError::Syntax(FilterError::TooLong { .. }) => "scim.path.too_long",
            PatchPathError::Syntax(_) => "scim.path.syntax",
            PatchPathError::Unresolved(error) => error.code(),
        }
    }
}
