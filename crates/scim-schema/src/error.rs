use serde_json::{Value, json};

use crate::urn;

/// What every error of the SCIM crates knows about the answer it deserves (RFC 7644 3.12).
pub trait ScimError: std::error::Error {
    /// HTTP status of the answer.
    fn status(&self) -> u16;
    /// `scimType` of the answer, where RFC 7644 3.12 has one.
    fn scim_type(&self) -> Option<ScimType>;
    /// Stable identifier for logs, metrics and tests, e.g. `scim.path.unknown_attribute`.
    fn code(&self) -> &'static str;
    /// Body of the answer: the `Error` message with `status` as a string and the error's text as `detail`.
    fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [urn::ERROR], "status": self.status().to_string() });
        if let (Value::Object(fields), Some(scim_type)) = (&mut body, self.scim_type()) {
            fields.insert("scimType".into(), json!(scim_type.as_str()));
        }
        if let Value::Object(fields) = &mut body {
            fields.insert("detail".into(), json!(self.to_string()));
        }
        body
    }
}

/// `scimType`: the kind of error that a client can act on (RFC 7644 3.12, RFC 9865 2.1).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter is malformed, or compares what cannot be compared.
    InvalidFilter,
    /// The filter finds more than the server will return.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The change contradicts the attribute's mutability or current state.
    Mutability,
    /// The body is not what the request needs.
    InvalidSyntax,
    /// The path of a PATCH operation is malformed or unknown.
    InvalidPath,
    /// The path of a PATCH operation finds nothing to change.
    NoTarget,
    /// A required value is missing, or a value does not fit its attribute.
    InvalidValue,
    /// The protocol version in the URL is not served.
    InvalidVers,
    /// Personal data in a URL.
    Sensitive,
    /// The cursor is unknown, forged, or belongs to another query.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// The page size is not a number, or changed between pages.
    InvalidCount,
}

impl ScimType {
    /// The keyword as the standards spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

impl std::fmt::Display for ScimType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a schema, a resource type or a set of them was not accepted.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A definition is not a JSON object.
    #[error("{at}: expected a JSON object")]
    NotAnObject {
        /// Place in the definition, as a dotted name.
        at: String,
    },
    /// A definition lacks something it needs.
    #[error("{at}: `{field}` is missing")]
    MissingField {
        /// Place in the definition.
        at: String,
        /// The name of what is missing.
        field: &'static str,
    },
    /// A characteristic has a value that it cannot have.
    #[error("{at}: `{field}` must be {expected}")]
    BadField {
        /// Place in the definition.
        at: String,
        /// The characteristic.
        field: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// RFC 7643 2.1: an attribute name outside the grammar.
    #[error("`{name}` is not an attribute name: a letter, then letters, digits, `-`, `_` or `$`")]
    BadName {
        /// The name found.
        name: String,
    },
    /// Two attributes of one schema, or two sub-attributes of one attribute, differ only in case or not at all.
    #[error("{at}: defined twice")]
    DuplicateAttribute {
        /// Place in the definition.
        at: String,
    },
    /// Sub-attributes stated for an attribute whose type is not `complex`.
    #[error("{at}: only complex attributes have sub-attributes")]
    SubAttributesOfSimple {
        /// Place in the definition.
        at: String,
    },
    /// RFC 7643 2.3.8: a complex attribute inside a complex attribute.
    #[error("{at}: a complex attribute cannot contain a complex attribute")]
    NestedComplex {
        /// Place in the definition.
        at: String,
    },
    /// A schema id that is no URI, or a message URI (RFC 7644 3.1 reserves those).
    #[error(
        "`{id}` cannot be the id of a schema: expected a URI such as urn:example:params:scim:schemas:Device"
    )]
    BadSchemaId {
        /// The id found.
        id: String,
    },
    /// Two schemas of one set have the same id.
    #[error("schema `{id}` is defined twice")]
    DuplicateSchema {
        /// The id.
        id: String,
    },
    /// A resource type names a schema that the set does not hold.
    #[error("resource type `{resource_type}` needs schema `{schema}`, which is not defined")]
    UnknownSchema {
        /// Name of the resource type.
        resource_type: String,
        /// The schema's id.
        schema: String,
    },
    /// Two resource types have the same name.
    #[error("resource type `{name}` is defined twice")]
    DuplicateResourceType {
        /// The name.
        name: String,
    },
    /// Two resource types have the same endpoint, or one takes an endpoint of the protocol.
    #[error("endpoint `{endpoint}` of resource type `{name}` is taken")]
    EndpointTaken {
        /// Name of the later resource type.
        name: String,
        /// The endpoint.
        endpoint: String,
    },
    /// A resource type extends its schema twice with the same one, or with itself.
    #[error("resource type `{resource_type}` lists schema `{schema}` twice")]
    DuplicateExtension {
        /// Name of the resource type.
        resource_type: String,
        /// The extension's id.
        schema: String,
    },
}

impl ScimError for SchemaError {
    // A schema comes from whoever runs the service; a request cannot be at fault.
    fn status(&self) -> u16 {
        500
    }

    fn scim_type(&self) -> Option<ScimType> {
        None
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject { .. } => "scim.schema.not_an_object",
            Self::MissingField { .. } => "scim.schema.missing_field",
            Self::BadField { .. } => "scim.schema.bad_field",
            Self::BadName { .. } => "scim.schema.bad_name",
            Self::DuplicateAttribute { .. } => "scim.schema.duplicate_attribute",
            Self::SubAttributesOfSimple { .. } => "scim.schema.sub_attributes_of_simple",
            Self::NestedComplex { .. } => "scim.schema.nested_complex",
            Self::BadSchemaId { .. } => "scim.schema.bad_schema_id",
            Self::DuplicateSchema { .. } => "scim.schema.duplicate_schema",
            Self::UnknownSchema { .. } => "scim.schema.unknown_schema",
            Self::DuplicateResourceType { .. } => "scim.schema.duplicate_resource_type",
            Self::EndpointTaken { .. } => "scim.schema.endpoint_taken",
            Self::DuplicateExtension { .. } => "scim.schema.duplicate_extension",
        }
    }
}

/// Why a path in attribute notation (RFC 7644 3.10) stands for nothing in a resource type.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is not `attribute`, `attribute.sub`, `urn:attribute.sub` or `urn`.
    #[error("`{path}` is not an attribute path")]
    Malformed {
        /// The path as given.
        path: String,
    },
    /// The part before the attribute is no schema of the resource type.
    #[error("`{path}` names a schema that {resource_type} does not have")]
    UnknownSchema {
        /// The path as given.
        path: String,
        /// Name of the resource type.
        resource_type: String,
    },
    /// No such attribute.
    #[error("{resource_type} has no attribute `{path}`")]
    UnknownAttribute {
        /// The path as given.
        path: String,
        /// Name of the resource type.
        resource_type: String,
    },
    /// The attribute exists, the sub-attribute does not.
    #[error("attribute `{attribute}` has no sub-attribute `{sub}`")]
    UnknownSubAttribute {
        /// The attribute in the schema's spelling.
        attribute: String,
        /// The sub-attribute as given.
        sub: String,
    },
}

impl ScimError for PathError {
    fn status(&self) -> u16 {
        400
    }

    /// A path in a PATCH is `invalidPath`; scim-filter answers `invalidFilter` for one in a filter.
    fn scim_type(&self) -> Option<ScimType> {
        Some(ScimType::InvalidPath)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "scim.path.malformed",
            Self::UnknownSchema { .. } => "scim.path.unknown_schema",
            Self::UnknownAttribute { .. } => "scim.path.unknown_attribute",
            Self::UnknownSubAttribute { .. } => "scim.path.unknown_sub_attribute",
        }
    }
}
