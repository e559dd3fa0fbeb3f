use crate::error::{ScimError, ScimType};

/// Why a resource was not accepted. Paths are in the schema's spelling; values are never quoted.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A value has another JSON type, or text that its attribute's type does not allow (RFC 7643 2.3).
    #[error("`{path}` must be {expected}, found {found}")]
    WrongType {
        /// The attribute.
        path: String,
        /// What would be accepted.
        expected: &'static str,
        /// What was sent.
        found: &'static str,
    },
    /// RFC 7643 2.2: a required attribute is missing.
    #[error("`{path}` is required")]
    Missing {
        /// The attribute.
        path: String,
    },
    /// A required attribute, or a password, is an empty string.
    #[error("`{path}` must not be empty")]
    Empty {
        /// The attribute.
        path: String,
    },
    /// RFC 7643 6: a required extension has no data.
    #[error("the extension `{urn}` is required")]
    MissingExtension {
        /// The extension's URI.
        urn: String,
    },
    /// RFC 7643 2.4: more than one value has `primary: true`.
    #[error("only one value of `{path}` can be primary")]
    SeveralPrimaries {
        /// The attribute.
        path: String,
    },
    /// A value outside `canonicalValues`, where the service enforces them.
    #[error("`{path}` must be one of: {}", allowed.join(", "))]
    NotCanonical {
        /// The attribute.
        path: String,
        /// The canonical values.
        allowed: Vec<String>,
    },
    /// A value that breaks a format of RFC 7643, where the service enforces it.
    #[error("`{path}` must be {expected}")]
    Format {
        /// The attribute.
        path: String,
        /// The format.
        expected: &'static str,
    },
    /// An attribute that no schema of the resource type has, where the service refuses those.
    #[error("`{path}` is in no schema of the resource type")]
    UnknownAttribute {
        /// The attribute as sent.
        path: String,
    },
    /// RFC 7643 7: an immutable attribute has a value, and the request has another.
    #[error("`{path}` is immutable: it cannot be changed once it is set")]
    Immutable {
        /// The attribute.
        path: String,
    },
    /// RFC 7643 3: `schemas` is missing or empty.
    #[error("`schemas` is required: send at least `{urn}`")]
    SchemasMissing {
        /// The resource type's own URI.
        urn: String,
    },
    /// RFC 7643 3.3: `schemas` lacks the URI of the resource type itself.
    #[error("`schemas` lacks `{urn}`")]
    BaseSchemaMissing {
        /// The URI.
        urn: String,
    },
    /// RFC 7643 3: a URI in `schemas` is not the resource type's and none of its extensions'.
    #[error("`{urn}` in `schemas` is not a schema of the resource type")]
    UnknownSchema {
        /// The URI as sent.
        urn: String,
    },
    /// RFC 7643 3: a URI occurs twice in `schemas`.
    #[error("`{urn}` occurs twice in `schemas`")]
    RepeatedSchema {
        /// The URI as sent.
        urn: String,
    },
}

impl ScimError for CheckError {
    fn status(&self) -> u16 {
        400
    }

    fn scim_type(&self) -> Option<ScimType> {
        Some(match self {
            Self::Immutable { .. } => ScimType::Mutability,
            // RFC 7644 3.12: the body "did not conform to the request schema".
            Self::UnknownAttribute { .. } => ScimType::InvalidSyntax,
            _ => ScimType::InvalidValue,
        })
    }

    fn code(&self) -> &'static str {
        match self {
            Self::WrongType { .. } => "scim.check.wrong_type",
            Self::Missing { .. } => "scim.check.missing",
            Self::Empty { .. } => "scim.check.empty",
            Self::MissingExtension { .. } => "scim.check.missing_extension",
            Self::SeveralPrimaries { .. } => "scim.check.several_primaries",
            Self::NotCanonical { .. } => "scim.check.not_canonical",
            Self::Format { .. } => "scim.check.format",
            Self::UnknownAttribute { .. } => "scim.check.unknown_attribute",
            Self::Immutable { .. } => "scim.check.immutable",
            Self::SchemasMissing { .. } => "scim.check.schemas_missing",
            Self::BaseSchemaMissing { .. } => "scim.check.base_schema_missing",
            Self::UnknownSchema { .. } => "scim.check.unknown_schema",
            Self::RepeatedSchema { .. } => "scim.check.repeated_schema",
        }
    }
}
