use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::attribute::{Attribute, is_attribute_name};
use crate::check::Special;
use crate::error::PathError;
use crate::path::{AttrPath, Resolved};
use crate::schema::{Schema, common_attributes};
use crate::urn;

/// A kind of resource with its endpoint, schema and extensions (RFC 7643 6), ready for look-ups.
///
/// Comes from a [`SchemaSet`](crate::SchemaSet); everything that happens to a resource starts here: resolving paths,
/// checking, projecting.
#[derive(Clone, Debug)]
pub struct ResourceType {
    name: String,
    endpoint: String,
    description: String,
    schema: Arc<Schema>,
    extensions: Vec<SchemaExtension>,
    core: NameIndex,
    special: Special,
}

/// An extension of a resource type (RFC 7643 6, `schemaExtensions`).
#[derive(Clone, Debug)]
pub struct SchemaExtension {
    schema: Arc<Schema>,
    required: bool,
    index: NameIndex,
}

impl SchemaExtension {
    pub(crate) fn new(schema: Arc<Schema>, required: bool) -> Self {
        let index = NameIndex::new(schema.attributes().iter());
        Self { schema, required, index }
    }

    /// The extension's schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether a resource without the extension is refused.
    pub fn required(&self) -> bool {
        self.required
    }

    /// The extension's attribute of this name, in any ASCII case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.index.find(name)
    }

    /// The path of the extension's attribute of this name, in any ASCII case.
    pub fn path(&self, name: &str) -> Option<AttrPath> {
        let attribute = self.attribute(name)?.clone();
        Some(AttrPath::new(Some(self.schema.id_arc().clone()), attribute, None))
    }
}

impl ResourceType {
    pub(crate) fn new(
        name: String,
        endpoint: String,
        description: String,
        schema: Arc<Schema>,
        extensions: Vec<SchemaExtension>,
    ) -> Self {
        // Common attributes come first: their characteristics win over a schema that repeats them (RFC 7643 3.1).
        let common = common_attributes();
        let core = NameIndex::new(common.iter().chain(schema.attributes()));
        let special = Special::of(
            core.attributes().map(|attribute| AttrPath::new(None, attribute.clone(), None)).chain(
                extensions.iter().flat_map(|extension| {
                    let urn = extension.schema.id_arc();
                    extension
                        .schema
                        .attributes()
                        .iter()
                        .map(move |attribute| AttrPath::new(Some(urn.clone()), attribute.clone(), None))
                }),
            ),
        );
        Self { name, endpoint, description, schema, extensions, core, special }
    }

    /// Name, also the value of `meta.resourceType` (e.g. `User`).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Path below the base URL, with leading slash (e.g. `/Users`).
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Description for people.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The core schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The extensions in the order of the definition.
    pub fn extensions(&self) -> &[SchemaExtension] {
        &self.extensions
    }

    /// The extension of this URI, in any ASCII case.
    pub fn extension(&self, urn: &str) -> Option<&SchemaExtension> {
        self.extensions.iter().find(|extension| extension.schema.id() == urn).or_else(|| {
            self.extensions.iter().find(|extension| extension.schema.id().eq_ignore_ascii_case(urn))
        })
    }

    /// Core and common attributes.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Arc<Attribute>> {
        self.core.attributes()
    }

    pub(crate) fn special(&self) -> &Special {
        &self.special
    }

    /// The core or common attribute of this name, in any ASCII case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.core.find(name)
    }

    /// Resolves a path in attribute notation (RFC 7644 3.10), every part in any ASCII case: `userName`,
    /// `name.givenName`, `urn:…:User:name.givenName`, `urn:…:enterprise:2.0:User:manager.value`, a schema URI alone,
    /// and the common attributes. A name without URI means a core or common attribute only.
    ///
    /// # Errors
    /// [`PathError`].
    ///
    /// # Examples
    /// ```
    /// use scim_schema::{Resolved, SchemaSet};
    ///
    /// let set = SchemaSet::standard();
    /// let user = set.resource_type("User").unwrap();
    /// let Resolved::Attribute(path) = user.resolve("NAME.givenname")? else { panic!() };
    /// assert_eq!(path.to_string(), "name.givenName");
    /// # Ok::<(), scim_schema::PathError>(())
    /// ```
    pub fn resolve(&self, path: &str) -> Result<Resolved, PathError> {
        // Attribute names hold no colon, schema URIs do: no need to guess, and the dot in `2.0` splits nothing.
        if !path.contains(':') {
            return self.resolve_in(None, path, path);
        }
        // A URI may begin with another one; the longest that fits is meant.
        let mut best: Option<(Option<&SchemaExtension>, &str)> = None;
        for extension in std::iter::once(None).chain(self.extensions.iter().map(Some)) {
            let schema = extension.map_or(&self.schema, |extension| &extension.schema);
            if let Some(rest) = strip_prefix_ignore_case(path, schema.id())
                && (rest.is_empty() || rest.starts_with(':'))
                && best.is_none_or(|(_, found)| rest.len() < found.len())
            {
                best = Some((extension, rest));
            }
        }
        match best {
            Some((None, "")) => Ok(Resolved::Core),
            Some((Some(extension), "")) => Ok(Resolved::Extension(extension.schema.id_arc().clone())),
            Some((extension, rest)) => {
                self.resolve_in(extension, rest.strip_prefix(':').unwrap_or(rest), path)
            }
            None => Err(PathError::UnknownSchema { path: path.to_owned(), resource_type: self.name.clone() }),
        }
    }

    /// Resolves a path that must be an attribute or sub-attribute, not a schema URI alone.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn resolve_attribute(&self, path: &str) -> Result<AttrPath, PathError> {
        match self.resolve(path)? {
            Resolved::Attribute(path) => Ok(path),
            Resolved::Core | Resolved::Extension(_) => {
                Err(PathError::UnknownAttribute { path: path.to_owned(), resource_type: self.name.clone() })
            }
        }
    }

    fn resolve_in(
        &self,
        extension: Option<&SchemaExtension>,
        name: &str,
        path: &str,
    ) -> Result<Resolved, PathError> {
        let (name, sub) = match name.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (name, None),
        };
        if !is_attribute_name(name) || sub.is_some_and(|sub| !is_attribute_name(sub)) {
            return Err(PathError::Malformed { path: path.to_owned() });
        }
        let found = match extension {
            None => self.attribute(name),
            Some(extension) => extension.attribute(name),
        };
        let Some(attribute) = found else {
            return Err(PathError::UnknownAttribute {
                path: path.to_owned(),
                resource_type: self.name.clone(),
            });
        };
        let urn = extension.map(|extension| extension.schema.id_arc().clone());
        match sub.map(|sub| (sub, attribute.sub_attribute(sub))) {
            None => Ok(Resolved::Attribute(AttrPath::new(urn, attribute.clone(), None))),
            Some((_, Some(sub))) => {
                Ok(Resolved::Attribute(AttrPath::new(urn, attribute.clone(), Some(sub.clone()))))
            }
            Some((sub, None)) => Err(PathError::UnknownSubAttribute {
                attribute: AttrPath::new(urn, attribute.clone(), None).to_string(),
                sub: sub.to_owned(),
            }),
        }
    }

    /// The resource type as `/ResourceTypes` and `/ResourceTypes/{name}` serve it; `base_url` is the SCIM base
    /// without trailing slash.
    pub fn to_json(&self, base_url: &str) -> Value {
        json!({
            "schemas": [urn::RESOURCE_TYPE],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.schema.id(),
            "schemaExtensions": self.extensions.iter()
                .map(|extension| json!({ "schema": extension.schema.id(), "required": extension.required }))
                .collect::<Vec<_>>(),
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base_url}/ResourceTypes/{}", self.name),
            },
        })
    }
}

/// Attributes sorted by lower-case name: found in any ASCII case without allocating.
#[derive(Clone, Debug)]
pub(crate) struct NameIndex {
    entries: Vec<(Box<str>, Arc<Attribute>)>,
}

impl NameIndex {
    /// Of two attributes with the same name the first is kept.
    pub(crate) fn new<'a>(attributes: impl Iterator<Item = &'a Arc<Attribute>>) -> Self {
        let mut entries: Vec<(Box<str>, Arc<Attribute>)> = attributes
            .map(|attribute| (attribute.name.to_ascii_lowercase().into_boxed_str(), attribute.clone()))
            .collect();
        // Stable: equal names stay in the order given.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, earlier| later.0 == earlier.0);
        Self { entries }
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = &Arc<Attribute>> {
        self.entries.iter().map(|(_, attribute)| attribute)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Attribute>> {
        let found = self.entries.binary_search_by(|(lower, _)| compare_lower(lower, name)).ok()?;
        self.entries.get(found).map(|(_, attribute)| attribute)
    }
}

fn compare_lower(lower: &str, name: &str) -> Ordering {
    lower.bytes().cmp(name.bytes().map(|b| b.to_ascii_lowercase()))
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    if start.eq_ignore_ascii_case(prefix) { text.get(prefix.len()..) } else { None }
}
