use std::fmt;
use std::sync::Arc;

use scim_schema::{AttrPath, Resolved, ResourceType};

use crate::cursor::Cursor;
use crate::name::is_uri;
use crate::parse::{check_length, parse_element_filter};
use crate::{
    AttrName, BindOptions, ElementFilter, FilterError, Limits, PatchPathError, UnresolvedPath, ValuePath,
};

/// The `path` of a PATCH operation as it was written (RFC 7644 3.5.2, Figure 7).
///
/// ```
/// use scim_filter::{Limits, PatchPath};
///
/// let path = PatchPath::parse(r#"addresses[type eq "work"].streetAddress"#, &Limits::default())?;
/// let PatchPath::Value { value_path, sub_name } = &path else { panic!("has a filter") };
/// assert_eq!(value_path.path().name(), "addresses");
/// assert_eq!(value_path.filter().to_string(), r#"type eq "work""#);
/// assert_eq!(sub_name.as_ref().map(|name| name.as_str()), Some("streetAddress"));
/// # Ok::<(), scim_filter::PatchPathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PatchPath {
    /// An attribute or sub-attribute.
    ///
    /// An extension's URI alone (`urn:...:enterprise:2.0:User`) has this form too: only the schemas can tell
    /// its last part from a name. [`PatchPath::bind`] does.
    Attribute(UnresolvedPath),
    /// A schema URI that cannot be read as an attribute path, e.g. as it ends in `:2.0`.
    Schema(String),
    /// The elements that satisfy a filter, or one sub-attribute of them.
    Value {
        /// The attribute and the filter on its elements.
        value_path: ValuePath,
        /// The sub-attribute after the bracket.
        sub_name: Option<AttrName>,
    },
}

impl PatchPath {
    /// Resolves the path's names, and its filter for evaluation on elements.
    ///
    /// # Errors
    /// [`PatchPathError::Unresolved`] for a name that the resource type does not have, [`PatchPathError::Bind`] for a
    /// filter that does not fit the attribute.
    pub fn bind(
        &self,
        resource_type: &ResourceType,
        options: &BindOptions,
    ) -> Result<BoundPatchPath, PatchPathError> {
        let (value_path, sub_name) = match self {
            PatchPath::Attribute(path) => {
                return Ok(path.resolve(resource_type).map_err(PatchPathError::Unresolved)?.into());
            }
            PatchPath::Schema(uri) => {
                return Ok(resource_type.resolve(uri).map_err(PatchPathError::Unresolved)?.into());
            }
            PatchPath::Value { value_path, sub_name } => (value_path, sub_name),
        };
        let attribute =
            value_path.path().resolve_attribute(resource_type).map_err(PatchPathError::Unresolved)?;
        let sub = match sub_name {
            Some(name) => Some(attribute.with_sub(name.as_str()).map_err(PatchPathError::Unresolved)?),
            None => None,
        };
        let filter = value_path.bind_elements(&attribute, options).map_err(PatchPathError::Bind)?;
        Ok(BoundPatchPath::Value { path: sub.unwrap_or(attribute), filter })
    }

    /// Reads a path.
    ///
    /// # Errors
    /// [`PatchPathError::Filter`] for what stands between the brackets, [`PatchPathError::Syntax`] for the rest.
    pub fn parse(text: &str, limits: &Limits) -> Result<PatchPath, PatchPathError> {
        check_length(text, limits).map_err(PatchPathError::Syntax)?;
        if text.is_empty() {
            return Err(PatchPathError::Syntax(FilterError::Empty));
        }
        let mut cursor = Cursor::new(text);
        let word = cursor.take_word();
        let bracket = cursor.position();
        if cursor.at_end() {
            return match UnresolvedPath::from_word(word, 0) {
                Ok(path) => Ok(PatchPath::Attribute(path)),
                Err(_) if is_uri(word) => Ok(PatchPath::Schema(word.to_owned())),
                Err(error) => Err(PatchPathError::Syntax(error)),
            };
        }
        let path = UnresolvedPath::from_word(word, 0).map_err(PatchPathError::Syntax)?;
        if !cursor.take('[') {
            return Err(PatchPathError::Syntax(cursor.unexpected("[ or the end of the path")));
        }
        if path.sub_name().is_some() {
            let found = Cursor::excerpt(word);
            let error = FilterError::SubAttributeBeforeValuePath { position: bracket, found };
            return Err(PatchPathError::Syntax(error));
        }
        let start = cursor.position();
        let (value_path, end) =
            parse_element_filter(text, start, path, limits).map_err(PatchPathError::Filter)?;
        cursor.skip_to(end);
        let sub_name = if cursor.take('.') {
            let position = cursor.position();
            let word = cursor.take_word();
            let found = || FilterError::Path { position, found: Cursor::excerpt(word) };
            Some(AttrName::new(word).ok_or_else(|| PatchPathError::Syntax(found()))?)
        } else {
            None
        };
        if !cursor.at_end() {
            return Err(PatchPathError::Syntax(cursor.unexpected("a sub-attribute or the end of the path")));
        }
        Ok(PatchPath::Value { value_path, sub_name })
    }
}

/// A PATCH path resolved against one resource type.
///
/// Made by [`PatchPath::bind`].
#[derive(Clone, Debug, PartialEq)]
pub enum BoundPatchPath {
    /// An attribute or sub-attribute.
    Attribute(AttrPath),
    /// The URI of the resource type's own schema, alone: all core attributes.
    Core,
    /// The URI of an extension, alone, in the schema's spelling: the whole extension.
    Extension(Arc<str>),
    /// Elements of an attribute, or one sub-attribute of them.
    Value {
        /// The attribute before the brackets, with the sub-attribute after them.
        path: AttrPath,
        /// Which elements.
        filter: ElementFilter,
    },
}

impl From<Resolved> for BoundPatchPath {
    fn from(resolved: Resolved) -> BoundPatchPath {
        match resolved {
            Resolved::Attribute(path) => BoundPatchPath::Attribute(path),
            Resolved::Core => BoundPatchPath::Core,
            Resolved::Extension(uri) => BoundPatchPath::Extension(uri),
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatchPath::Attribute(path) => write!(f, "{path}"),
            PatchPath::Schema(uri) => f.write_str(uri),
            PatchPath::Value { value_path, sub_name: None } => write!(f, "{value_path}"),
            PatchPath::Value { value_path, sub_name: Some(sub_name) } => write!(f, "{value_path}.{sub_name}"),
        }
    }
}
