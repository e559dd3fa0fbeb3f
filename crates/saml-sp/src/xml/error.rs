//! Why a document was not read.

/// Why a document was refused by the reader, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {position})")]
pub struct XmlError {
    kind: XmlErrorKind,
    position: usize,
}

impl XmlError {
    pub(crate) fn new(kind: XmlErrorKind, position: usize) -> Self {
        Self { kind, position }
    }

    /// The fact that made the reader stop.
    pub fn kind(&self) -> &XmlErrorKind {
        &self.kind
    }

    /// Where in the document the reader stopped: bytes from its start, after base64 and inflate.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The rule that was broken, stable across releases.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

/// What the reader found in a document that it refuses.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlErrorKind {
    /// XML-03: a processing instruction, or an XML declaration that is not at the very start.
    #[error("a processing instruction is not allowed")]
    ProcessingInstruction,
    /// XML-02: a document type declaration, the door to external and exploding entities.
    #[error("a DOCTYPE is not allowed")]
    Doctype,
    /// XML-02: a reference to an entity other than the five predefined ones and character references.
    #[error("entity `{name}` is not one of the five predefined ones")]
    Entity {
        /// The entity's name, cut to 64 characters.
        name: String,
    },
    /// XML-01: the bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// XML-01: the XML declaration names another encoding.
    #[error("encoding `{found}` is declared, only UTF-8 is read")]
    Encoding {
        /// The encoding that is declared, cut to 64 characters.
        found: String,
    },
    /// XML-04: the XML declaration is not one, or is of another version than 1.0.
    #[error("malformed XML declaration, or not of version 1.0")]
    Declaration,
    /// XML-04: a character that XML does not allow, written or as a reference.
    #[error("character U+{code:04X} is not allowed in XML")]
    Character {
        /// The code point.
        code: u32,
    },
    /// XML-04: the grammar of XML is broken here.
    #[error("not well-formed: {what}")]
    NotWellFormed {
        /// What was expected or found.
        what: &'static str,
    },
    /// XML-04: an end tag of another name than the start tag it should close.
    #[error("end tag of `{found}` where `{expected}` is open")]
    TagMismatch {
        /// The name of the open element, cut to 64 characters.
        expected: String,
        /// The name in the end tag, cut to 64 characters.
        found: String,
    },
    /// XML-04: the document ended while elements were open.
    #[error("element `{name}` is never closed")]
    Unclosed {
        /// The innermost open element, cut to 64 characters.
        name: String,
    },
    /// XML-04: there is no element at all.
    #[error("no root element")]
    NoRoot,
    /// XML-04: a second root element, or text beside the root.
    #[error("content outside of the root element")]
    OutsideRoot,
    /// XML-04: a name that is not a qualified name.
    #[error("`{name}` is not a name")]
    Name {
        /// What stands where a name should, cut to 64 characters.
        name: String,
    },
    /// XML-04: a prefix that no ancestor declares.
    #[error("prefix `{prefix}` is not declared")]
    UnboundPrefix {
        /// The prefix, cut to 64 characters.
        prefix: String,
    },
    /// XML-04: two attributes of one element with the same name, counted after resolving prefixes.
    #[error("attribute `{name}` appears twice")]
    DuplicateAttribute {
        /// The second one's name, cut to 64 characters.
        name: String,
    },
    /// XML-04: a declaration that touches `xml` or `xmlns`, or that undeclares a prefix.
    #[error("prefix `{prefix}` must not be declared like this")]
    ReservedNamespace {
        /// The prefix, cut to 64 characters.
        prefix: String,
    },
    /// XML-04: a namespace that is not an absolute URI written in plain ASCII without `& < > " '`.
    /// Canonicalizers disagree on such names, so a signature over them means nothing.
    #[error("namespace of prefix `{prefix}` is not a plain absolute URI")]
    NamespaceUri {
        /// The prefix, cut to 64 characters.
        prefix: String,
    },
    /// XML-07: the same ID twice.
    #[error("ID `{id}` appears twice")]
    DuplicateId {
        /// The ID, cut to 64 characters.
        id: String,
    },
    /// XML-07: an ID that is not a name without a colon.
    #[error("ID `{id}` is not an NCName")]
    IdNotNcName {
        /// The ID, cut to 64 characters.
        id: String,
    },
    /// XML-05: more bytes than `Limits::message_bytes`.
    #[error("document of {found} bytes, limit is {limit}")]
    TooManyBytes {
        /// The limit.
        limit: usize,
        /// The size of the document.
        found: usize,
    },
    /// XML-05: elements nested deeper than `Limits::depth`.
    #[error("elements nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// XML-05: more nodes than `Limits::nodes`.
    #[error("more than {limit} nodes")]
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
    /// XML-05: an element with more attributes than `Limits::attributes`.
    #[error("an element with more than {limit} attributes")]
    TooManyAttributes {
        /// The limit.
        limit: usize,
    },
    /// XML-05: more namespace declarations than `Limits::namespace_declarations`.
    #[error("more than {limit} namespace declarations")]
    TooManyNamespaces {
        /// The limit.
        limit: usize,
    },
    /// XML-05: more namespace declarations in scope at one place than `Limits::namespaces_in_scope`.
    #[error("more than {limit} namespace declarations in scope")]
    TooManyNamespacesInScope {
        /// The limit.
        limit: usize,
    },
}

impl XmlErrorKind {
    pub(super) fn is_limit(&self) -> bool {
        self.code() == "XML-05"
    }

    /// The rule that was broken, stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 | Self::Encoding { .. } => "XML-01",
            Self::Doctype | Self::Entity { .. } => "XML-02",
            Self::ProcessingInstruction => "XML-03",
            Self::Declaration
            | Self::Character { .. }
            | Self::NotWellFormed { .. }
            | Self::TagMismatch { .. }
            | Self::Unclosed { .. }
            | Self::NoRoot
            | Self::OutsideRoot
            | Self::Name { .. }
            | Self::UnboundPrefix { .. }
            | Self::DuplicateAttribute { .. }
            | Self::ReservedNamespace { .. }
            | Self::NamespaceUri { .. } => "XML-04",
            Self::TooManyBytes { .. }
            | Self::TooDeep { .. }
            | Self::TooManyNodes { .. }
            | Self::TooManyAttributes { .. }
            | Self::TooManyNamespaces { .. }
            | Self::TooManyNamespacesInScope { .. } => "XML-05",
            Self::DuplicateId { .. } | Self::IdNotNcName { .. } => "XML-07",
        }
    }
}

/// A name for an error message: never more of the document than 64 characters.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}
