/// Something that a check tolerated or corrected. Paths are in the schema's spelling.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A value for a readOnly attribute was dropped (RFC 7644 3.3).
    #[error("`{path}` is readOnly: what was sent is ignored")]
    ReadOnlyIgnored {
        /// The attribute.
        path: String,
    },
    /// An attribute that no schema has was dropped.
    #[error("`{path}` is in no schema of the resource type: ignored")]
    UnknownAttributeIgnored {
        /// The attribute as sent.
        path: String,
    },
    /// An attribute that no schema has was kept.
    #[error("`{path}` is in no schema of the resource type: kept as sent")]
    UnknownAttributeKept {
        /// The attribute as sent.
        path: String,
    },
    /// A URI was added to `schemas` because the resource has its data.
    #[error("`{urn}` was missing in `schemas`: added")]
    SchemaAdded {
        /// The URI.
        urn: String,
    },
    /// A URI in `schemas` was dropped: unknown to the resource type, or there before.
    #[error("`{urn}` in `schemas` is unknown or repeated: ignored")]
    SchemaIgnored {
        /// The URI as sent.
        urn: String,
    },
    /// A value is not one of the canonical ones.
    #[error("a value of `{path}` is not one of its canonical values")]
    NotCanonical {
        /// The attribute.
        path: String,
    },
    /// A value does not have the format that RFC 7643 names.
    #[error("a value of `{path}` is not {expected}")]
    Format {
        /// The attribute.
        path: String,
        /// The format.
        expected: &'static str,
    },
    /// An e-mail address or telephone number was brought into canonical form.
    #[error("a value of `{path}` is stored in canonical form")]
    Canonicalized {
        /// The attribute.
        path: String,
    },
    /// Of several primary values only the last stayed primary.
    #[error("`{path}` has several primary values: the last one stays primary")]
    SeveralPrimaries {
        /// The attribute.
        path: String,
    },
    /// The same value was there more than once and was kept once (RFC 7643 2.4).
    #[error("`{path}` repeats a value: kept once")]
    RepeatedValue {
        /// The attribute.
        path: String,
    },
    /// A string stood for a boolean.
    #[error("`{path}` is a string: read as boolean")]
    StringBoolean {
        /// The attribute.
        path: String,
    },
    /// One value stood for a list, or a list of one for a value.
    #[error("`{path}` has the shape of {found}: read as {expected}")]
    Arity {
        /// The attribute.
        path: String,
        /// What was sent.
        found: &'static str,
        /// What the schema has.
        expected: &'static str,
    },
    /// A bare string stood for a complex value.
    #[error("`{path}` is a bare string: read as its `value`")]
    BareValue {
        /// The attribute.
        path: String,
    },
    /// An empty string stood for no value.
    #[error("`{path}` is an empty string: read as not set")]
    EmptyAsUnset {
        /// The attribute.
        path: String,
    },
    /// A dateTime without offset was read, and is stored, as UTC.
    #[error("`{path}` states no offset: read as UTC")]
    OffsetAssumed {
        /// The attribute.
        path: String,
    },
}

impl Notice {
    /// Stable identifier for logs, metrics and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReadOnlyIgnored { .. } => "scim.notice.read_only_ignored",
            Self::UnknownAttributeIgnored { .. } => "scim.notice.unknown_attribute_ignored",
            Self::UnknownAttributeKept { .. } => "scim.notice.unknown_attribute_kept",
            Self::SchemaAdded { .. } => "scim.notice.schema_added",
            Self::SchemaIgnored { .. } => "scim.notice.schema_ignored",
            Self::NotCanonical { .. } => "scim.notice.not_canonical",
            Self::Format { .. } => "scim.notice.format",
            Self::SeveralPrimaries { .. } => "scim.notice.several_primaries",
            Self::RepeatedValue { .. } => "scim.notice.repeated_value",
            Self::StringBoolean { .. } => "scim.notice.string_boolean",
            Self::Arity { .. } => "scim.notice.arity",
            Self::BareValue { .. } => "scim.notice.bare_value",
            Self::EmptyAsUnset { .. } => "scim.notice.empty_as_unset",
            Self::Canonicalized { .. } => "scim.notice.canonicalized",
            Self::OffsetAssumed { .. } => "scim.notice.offset_assumed",
        }
    }
}
