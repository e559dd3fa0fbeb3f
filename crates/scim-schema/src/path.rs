use std::fmt;
use std::sync::Arc;

use crate::attribute::{Attribute, Mutability, Returned};
use crate::error::PathError;

/// What a path in attribute notation (RFC 7644 3.10) stands for in one resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// An attribute, or a sub-attribute of one.
    Attribute(AttrPath),
    /// The URI of the resource type's own schema, alone: all core attributes.
    Core,
    /// The URI of an extension, alone: the whole extension. Holds the URI in the schema's spelling.
    Extension(Arc<str>),
}

impl Resolved {
    /// The attribute path, unless the text was a schema URI alone.
    pub fn into_attribute(self) -> Option<AttrPath> {
        match self {
            Self::Attribute(path) => Some(path),
            Self::Core | Self::Extension(_) => None,
        }
    }
}

/// An attribute of a resource type, found once and used many times without another look-up.
///
/// Made by [`ResourceType::resolve`](crate::ResourceType::resolve). Cheap to clone; borrows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct AttrPath {
    extension: Option<Arc<str>>,
    attribute: Arc<Attribute>,
    sub: Option<Arc<Attribute>>,
}

impl AttrPath {
    pub(crate) fn new(
        extension: Option<Arc<str>>,
        attribute: Arc<Attribute>,
        sub: Option<Arc<Attribute>>,
    ) -> Self {
        Self { extension, attribute, sub }
    }

    /// URI of the extension that holds the attribute; `None` for core and common attributes, which are members of
    /// the resource itself.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The attribute.
    pub fn attribute(&self) -> &Arc<Attribute> {
        &self.attribute
    }

    /// The sub-attribute, if the path names one.
    pub fn sub(&self) -> Option<&Arc<Attribute>> {
        self.sub.as_ref()
    }

    /// The attribute whose type and characteristics count: the sub-attribute if there is one.
    pub fn target(&self) -> &Attribute {
        self.sub.as_deref().unwrap_or(&self.attribute)
    }

    /// The same path with this sub-attribute of its attribute.
    ///
    /// # Errors
    /// [`PathError::UnknownSubAttribute`].
    pub fn with_sub(&self, name: &str) -> Result<Self, PathError> {
        match self.attribute.sub_attribute(name) {
            Some(sub) => Ok(Self { sub: Some(sub.clone()), ..self.clone() }),
            None => Err(PathError::UnknownSubAttribute {
                attribute: self.without_sub().to_string(),
                sub: name.to_owned(),
            }),
        }
    }

    /// The path of the attribute alone.
    #[must_use]
    pub fn without_sub(&self) -> Self {
        Self { sub: None, ..self.clone() }
    }

    /// For a complex multi-valued attribute without sub-attribute the path of its `value`, as `emails co "x"`
    /// means it (RFC 7644 3.4.2.2); every other path is returned as it is.
    #[must_use]
    pub fn or_value(&self) -> Self {
        if self.sub.is_none() && self.attribute.multi_valued && self.attribute.is_complex() {
            self.with_sub("value").unwrap_or_else(|_| self.clone())
        } else {
            self.clone()
        }
    }

    /// Whether the path can hold more than one value: the attribute or the sub-attribute is multi-valued.
    pub fn is_multi_valued(&self) -> bool {
        self.attribute.multi_valued || self.sub.as_ref().is_some_and(|sub| sub.multi_valued)
    }

    /// The stricter mutability of attribute and sub-attribute: what is in a readOnly attribute is readOnly.
    pub fn mutability(&self) -> Mutability {
        match (self.attribute.mutability, self.sub.as_ref().map(|sub| sub.mutability)) {
            (Mutability::ReadWrite, Some(sub)) => sub,
            (attribute, Some(Mutability::ReadOnly)) if attribute != Mutability::ReadOnly => {
                Mutability::ReadOnly
            }
            (attribute, _) => attribute,
        }
    }

    /// Whether no response ever holds the value (`returned: never`).
    pub fn is_never_returned(&self) -> bool {
        self.attribute.returned == Returned::Never
            || self.sub.as_ref().is_some_and(|sub| sub.returned == Returned::Never)
    }
}

impl fmt::Display for AttrPath {
    /// The path in the schema's spelling, with URI for extensions: it resolves to itself again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.extension {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.attribute.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttrPath({self})")
    }
}
