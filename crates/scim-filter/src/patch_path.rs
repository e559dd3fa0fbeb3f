use std::fmt;

use crate::cursor::Cursor;
use crate::name::is_uri;
use crate::parse::{check_length, parse_element_filter};
use crate::{AttrName, AttrPath, Limits, PathError, ValuePath};

/// The `path` of a PATCH operation as it was written (RFC 7644 3.5.2, Figure 7).
///
/// ```
/// use scim_filter::{Limits, PatchPath};
///
/// let path = PatchPath::parse(r#"addresses[type eq "work"].streetAddress"#, &Limits::default())?;
/// let PatchPath::Value { value_path, sub_name } = &path else { panic!("has a filter") };
/// assert_eq!(value_path.path().name().as_str(), "addresses");
/// assert_eq!(value_path.filter().to_string(), r#"type eq "work""#);
/// assert_eq!(sub_name.as_ref().map(|name| name.as_str()), Some("streetAddress"));
/// # Ok::<(), scim_filter::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PatchPath {
    /// An attribute or sub-attribute.
    ///
    /// An extension's URI alone (`urn:...:enterprise:2.0:User`) has this form too: only the schemas can tell
    /// its last part from a name. [`PatchPath::bind`] does.
    Attribute(AttrPath),
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
    /// Reads a path.
    ///
    /// # Errors
    /// [`PathError::Filter`] for what stands between the brackets, [`PathError::Syntax`] for the rest.
    pub fn parse(text: &str, limits: &Limits) -> Result<PatchPath, PathError> {
        check_length(text, limits).map_err(PathError::Syntax)?;
        if text.is_empty() {
            return Err(PathError::Syntax(crate::FilterError::Empty));
        }
        let mut cursor = Cursor::new(text);
        let word = cursor.take_word();
        let bracket = cursor.position();
        if cursor.at_end() {
            return match AttrPath::from_word(word, 0) {
                Ok(path) => Ok(PatchPath::Attribute(path)),
                Err(_) if is_uri(word) => Ok(PatchPath::Schema(word.to_owned())),
                Err(error) => Err(PathError::Syntax(error)),
            };
        }
        let path = AttrPath::from_word(word, 0).map_err(PathError::Syntax)?;
        if !cursor.take('[') {
            return Err(PathError::Syntax(cursor.unexpected("[ or the end of the path")));
        }
        if path.sub_name().is_some() {
            let found = Cursor::excerpt(word);
            let error = crate::FilterError::SubAttributeBeforeValuePath { position: bracket, found };
            return Err(PathError::Syntax(error));
        }
        let start = cursor.position();
        let (value_path, end) = parse_element_filter(text, start, path, limits).map_err(PathError::Filter)?;
        cursor.skip_to(end);
        let sub_name = if cursor.take('.') {
            let position = cursor.position();
            let word = cursor.take_word();
            let found = || crate::FilterError::Path { position, found: Cursor::excerpt(word) };
            Some(AttrName::new(word).ok_or_else(|| PathError::Syntax(found()))?)
        } else {
            None
        };
        if !cursor.at_end() {
            return Err(PathError::Syntax(cursor.unexpected("a sub-attribute or the end of the path")));
        }
        Ok(PatchPath::Value { value_path, sub_name })
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
