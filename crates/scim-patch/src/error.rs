use scim_filter::PatchPathError;
use scim_schema::{ParseError, ScimError, ScimType};

/// Why a PATCH was not applied. Nothing of the request has taken effect then (RFC 7644 3.5.2).
///
/// `operation` counts from 0. Messages name attributes and types, never values.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The body is no JSON object that is read at all: too large, no JSON, a name twice (so that exactly one `op` is
    /// there, RFC 7644 3.5.2).
    #[error(transparent)]
    Document(ParseError),
    /// RFC 7644 3.5.2: `schemas` must contain the PatchOp URI.
    #[error("schemas must contain urn:ietf:params:scim:api:messages:2.0:PatchOp")]
    MessageSchemas,
    /// RFC 7644 3.5.2: `Operations` must be an array.
    #[error("Operations must be an array of operations, found {found}")]
    OperationsMissing {
        /// JSON type found, or `nothing`.
        found: &'static str,
    },
    /// RFC 7644 3.5.2: `Operations` must have one or more operations.
    #[error("Operations is empty, expected one or more operations")]
    OperationsEmpty,
    /// More operations than [`Limits::max_operations`](crate::Limits::max_operations).
    #[error("the request has {found} operations, at most {limit} are accepted")]
    TooManyOperations {
        /// Operations found.
        found: usize,
        /// Operations allowed.
        limit: usize,
    },
    /// More values than [`Limits::max_values`](crate::Limits::max_values).
    #[error("the request has more than {limit} values")]
    TooManyValues {
        /// Values allowed.
        limit: usize,
    },
    /// An element of `Operations` is no object.
    #[error("operation {operation}: expected an object, found {found}")]
    OperationNotAnObject {
        /// Index of the operation.
        operation: usize,
        /// JSON type found.
        found: &'static str,
    },
    /// A member that a PATCH does not have, in the message or in an operation.
    #[error("unknown member `{name}`, expected {expected}")]
    UnknownMember {
        /// Index of the operation; `None` for the message.
        operation: Option<usize>,
        /// The member's name.
        name: String,
        /// What the standard has there.
        expected: &'static str,
    },
    /// `op` is missing or none of the three.
    #[error("operation {operation}: op must be add, remove or replace, found {found}")]
    UnknownOp {
        /// Index of the operation.
        operation: usize,
        /// What was found, cut short; `nothing` if `op` is missing.
        found: String,
    },
    /// `add` and `replace` need a `value`.
    #[error("operation {operation}: value is missing")]
    ValueMissing {
        /// Index of the operation.
        operation: usize,
    },
    /// `remove` takes no `value`: a literal reading would remove everything instead of what is listed (P33).
    #[error("operation {operation}: remove takes no value, name what to remove in the path")]
    ValueOnRemove {
        /// Index of the operation.
        operation: usize,
    },
    /// `path` is no string.
    #[error("operation {operation}: path must be a string, found {found}")]
    PathNotAString {
        /// Index of the operation.
        operation: usize,
        /// JSON type found.
        found: &'static str,
    },
    /// `path` is longer than [`Limits::max_path_bytes`](crate::Limits::max_path_bytes).
    #[error("operation {operation}: the path has {found} bytes, at most {limit} are accepted")]
    PathTooLong {
        /// Index of the operation.
        operation: usize,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A path, or a name in a path-less value, that breaks the grammar of RFC 7644 3.5.2 or that the resource type
    /// does not have; or the filter in it does not fit.
    #[error("operation {operation}: {reason}")]
    Path {
        /// Index of the operation.
        operation: usize,
        /// What is wrong with it.
        reason: PatchPathError,
    },
    /// RFC 7644 3.5.2.2: `remove` needs a path.
    #[error("operation {operation}: remove needs a path")]
    PathMissing {
        /// Index of the operation.
        operation: usize,
    },
    /// A name inside a value that the complex attribute does not have.
    #[error("operation {operation}: `{attribute}` has no sub-attribute `{name}`")]
    UnknownSubAttribute {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling.
        attribute: String,
        /// The name as sent, cut short.
        name: String,
    },
    /// A filter on an attribute that has one value at most.
    #[error("operation {operation}: `{attribute}` has a single value and takes no filter")]
    NotMultiValued {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling.
        attribute: String,
    },
    /// RFC 7644 3.5.2.3: no value matches the path's filter.
    #[error("operation {operation}: no value matches `{path}`")]
    NoTarget {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling; never the filter, which may hold personal data.
        path: String,
    },
    /// The attribute is readOnly.
    #[error("operation {operation}: `{attribute}` is readOnly")]
    ReadOnly {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling.
        attribute: String,
    },
    /// The attribute is immutable and has another value already.
    #[error("operation {operation}: `{attribute}` is immutable and already set")]
    Immutable {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling.
        attribute: String,
    },
    /// RFC 7644 3.5.2.2: a required attribute cannot be removed.
    #[error("operation {operation}: `{attribute}` is required and cannot be removed")]
    RequiredRemoved {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling.
        attribute: String,
    },
    /// A required attribute is set to nothing, or missing after all operations.
    #[error("`{attribute}` is required and would have no value")]
    RequiredMissing {
        /// Index of the operation; `None` if the whole request left it out.
        operation: Option<usize>,
        /// The attribute, in the schema's spelling.
        attribute: String,
    },
    /// A value is not of the attribute's type.
    #[error("operation {operation}: `{attribute}` must be {expected}, found {found}")]
    WrongType {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling; `value` for a path-less operation's value.
        attribute: String,
        /// What the attribute takes.
        expected: &'static str,
        /// JSON type found.
        found: &'static str,
    },
    /// RFC 7643 2.4: two values with `primary: true` at once.
    #[error("operation {operation}: more than one value of `{attribute}` is primary")]
    SeveralPrimary {
        /// Index of the operation.
        operation: usize,
        /// The attribute, in the schema's spelling.
        attribute: String,
    },
    /// A URI in `schemas` that is no schema of the resource type.
    #[error("operation {operation}: the resource type has no schema `{uri}`")]
    UnknownSchema {
        /// Index of the operation.
        operation: usize,
        /// The URI as sent, cut short.
        uri: String,
    },
}

impl PatchError {
    /// Index of the operation at fault, counted from 0; `None` when it is the message as a whole.
    #[must_use]
    pub fn operation(&self) -> Option<usize> {
        match self {
            Self::Document(_)
            | Self::MessageSchemas
            | Self::OperationsMissing { .. }
            | Self::OperationsEmpty
            | Self::TooManyOperations { .. }
            | Self::TooManyValues { .. } => None,
            Self::UnknownMember { operation, .. } | Self::RequiredMissing { operation, .. } => *operation,
            Self::OperationNotAnObject { operation, .. }
            | Self::UnknownOp { operation, .. }
            | Self::ValueMissing { operation }
            | Self::ValueOnRemove { operation }
            | Self::PathNotAString { operation, .. }
            | Self::PathTooLong { operation, .. }
            | Self::Path { operation, .. }
            | Self::PathMissing { operation }
            | Self::UnknownSubAttribute { operation, .. }
            | Self::NotMultiValued { operation, .. }
            | Self::NoTarget { operation, .. }
            | Self::ReadOnly { operation, .. }
            | Self::Immutable { operation, .. }
            | Self::RequiredRemoved { operation, .. }
            | Self::WrongType { operation, .. }
            | Self::SeveralPrimary { operation, .. }
            | Self::UnknownSchema { operation, .. } => Some(*operation),
        }
    }
}

impl ScimError for PatchError {
    fn status(&self) -> u16 {
        match self {
            Self::Document(error) => error.status(),
            Self::TooManyOperations { .. } | Self::TooManyValues { .. } => 413,
            _ => 400,
        }
    }

    fn scim_type(&self) -> Option<ScimType> {
        match self {
            Self::Document(error) => error.scim_type(),
            Self::Path { reason, .. } => reason.scim_type(),
            Self::TooManyOperations { .. } | Self::TooManyValues { .. } => None,
            Self::MessageSchemas
            | Self::OperationsMissing { .. }
            | Self::OperationsEmpty
            | Self::OperationNotAnObject { .. }
            | Self::UnknownMember { .. }
            | Self::UnknownOp { .. }
            | Self::ValueMissing { .. } => Some(ScimType::InvalidSyntax),
            Self::PathNotAString { .. } | Self::PathTooLong { .. } | Self::NotMultiValued { .. } => {
                Some(ScimType::InvalidPath)
            }
            Self::PathMissing { .. } | Self::NoTarget { .. } => Some(ScimType::NoTarget),
            Self::ReadOnly { .. } | Self::Immutable { .. } | Self::RequiredRemoved { .. } => {
                Some(ScimType::Mutability)
            }
            Self::ValueOnRemove { .. }
            | Self::UnknownSubAttribute { .. }
            | Self::RequiredMissing { .. }
            | Self::WrongType { .. }
            | Self::SeveralPrimary { .. }
            | Self::UnknownSchema { .. } => Some(ScimType::InvalidValue),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Document(error) => error.code(),
            Self::Path { reason, .. } => reason.code(),
            Self::MessageSchemas => "scim.patch.message_schemas",
            Self::OperationsMissing { .. } => "scim.patch.operations_missing",
            Self::OperationsEmpty => "scim.patch.operations_empty",
            Self::TooManyOperations { .. } => "scim.patch.too_many_operations",
            Self::TooManyValues { .. } => "scim.patch.too_many_values",
            Self::OperationNotAnObject { .. } => "scim.patch.operation_not_an_object",
            Self::UnknownMember { .. } => "scim.patch.unknown_member",
            Self::UnknownOp { .. } => "scim.patch.unknown_op",
            Self::ValueMissing { .. } => "scim.patch.value_missing",
            Self::ValueOnRemove { .. } => "scim.patch.value_on_remove",
            Self::PathNotAString { .. } => "scim.patch.path_not_a_string",
            Self::PathTooLong { .. } => "scim.patch.path_too_long",
            Self::PathMissing { .. } => "scim.patch.path_missing",
            Self::UnknownSubAttribute { .. } => "scim.patch.unknown_sub_attribute",
            Self::NotMultiValued { .. } => "scim.patch.not_multi_valued",
            Self::NoTarget { .. } => "scim.patch.no_target",
            Self::ReadOnly { .. } => "scim.patch.read_only",
            Self::Immutable { .. } => "scim.patch.immutable",
            Self::RequiredRemoved { .. } => "scim.patch.required_removed",
            Self::RequiredMissing { .. } => "scim.patch.required_missing",
            Self::WrongType { .. } => "scim.patch.wrong_type",
            Self::SeveralPrimary { .. } => "scim.patch.several_primary",
            Self::UnknownSchema { .. } => "scim.patch.unknown_schema",
        }
    }
}

/// The JSON type of a value, for messages.
pub(crate) fn type_name(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a string",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}

/// A name from outside, short enough for a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
