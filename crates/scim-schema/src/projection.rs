use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::attribute::{Attribute, Returned};
use crate::error::{ScimError, ScimType};
use crate::path::{AttrPath, Resolved};
use crate::resource::{Resource, is_unassigned};
use crate::resource_type::ResourceType;

/// Which attributes a response holds (RFC 7644 3.4.2.5 and 3.9), worked out once and used for any number of
/// resources.
///
/// `returned: always` is in every response and `never` in none, whatever is asked for. `schemas` and `id` are always
/// there.
///
/// # Examples
/// ```
/// use scim_schema::{Projection, Resource, SchemaSet};
/// use serde_json::json;
///
/// let set = SchemaSet::standard();
/// let group = set.resource_type("Group").unwrap();
/// let without = Projection::parse(group, None, Some("members"))?;
///
/// // The host need not even load the members.
/// assert!(!without.needs(&group.resolve_attribute("members")?));
///
/// let stored = json!({ "schemas": [], "id": "1", "displayName": "Sales", "members": [{ "value": "2" }] });
/// let resource = Resource::from_stored(stored.as_object().unwrap().clone());
/// let sent = serde_json::to_string(&without.project(&resource))?;
/// assert_eq!(sent, r#"{"id":"1","displayName":"Sales"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    core: Level,
    unknown: Vec<String>,
}

impl Projection {
    /// What is returned when a client asks for nothing in particular.
    pub fn standard(resource_type: &ResourceType) -> Self {
        Self::build(resource_type, &Asked::Nothing, Vec::new())
    }

    /// Reads the query parameters `attributes` and `excludedAttributes`: names in attribute notation, separated by
    /// commas. An empty parameter is one that is not there. Names that the resource type does not have ask for nothing
    /// (see [`Projection::unknown`]).
    ///
    /// # Errors
    /// [`ProjectionError`] if both are given.
    pub fn parse(
        resource_type: &ResourceType,
        attributes: Option<&str>,
        excluded: Option<&str>,
    ) -> Result<Self, ProjectionError> {
        let split = |list: Option<&str>| -> Vec<String> {
            list.unwrap_or_default()
                .split(',')
                .map(str::trim)
                .filter(|n| !n.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Self::new(resource_type, &split(attributes), &split(excluded))
    }

    /// As [`Projection::parse`], from the lists of a search request.
    ///
    /// # Errors
    /// [`ProjectionError`] if neither list is empty.
    pub fn new(
        resource_type: &ResourceType,
        attributes: &[String],
        excluded: &[String],
    ) -> Result<Self, ProjectionError> {
        let mut unknown = Vec::new();
        let mut resolve = |names: &[String]| -> Vec<Resolved> {
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                match resource_type.resolve(name) {
                    Ok(resolved) => found.push(resolved),
                    Err(_) => unknown.push(name.clone()),
                }
            }
            found
        };
        let asked = match (attributes, excluded) {
            ([], []) => Asked::Nothing,
            (attributes, []) => Asked::Only(resolve(attributes)),
            ([], excluded) => Asked::Except(resolve(excluded)),
            _ => return Err(ProjectionError::Both),
        };
        Ok(Self::build(resource_type, &asked, unknown))
    }

    /// Adds the attributes with `returned: request` that a write specified, for the response to that write
    /// (RFC 7643 7); see [`Checked::requested`](crate::Checked::requested). Asking for particular attributes wins.
    #[must_use]
    pub fn with_requested(mut self, requested: &[AttrPath]) -> Self {
        for path in requested {
            let level = match path.extension() {
                None => &mut self.core,
                Some(urn) => match self.core.exception_mut(urn) {
                    Some(Decision::Extension(level)) => level,
                    _ => continue,
                },
            };
            if level.rest_kept {
                level.exceptions.retain(|(name, _)| *name != path.attribute().name);
                if let Some(decision) = default_form(path.attribute()) {
                    level.exceptions.push((path.attribute().name.clone(), decision));
                }
            }
        }
        self
    }

    /// Names that were asked for and that the resource type does not have.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Whether a response can hold the path's attribute, so that a host may leave out what is costly to load.
    pub fn needs(&self, path: &AttrPath) -> bool {
        let level = match path.extension() {
            None => &self.core,
            Some(urn) => match self.core.decide(urn) {
                Decision::Extension(level) => level,
                Decision::Omit => return false,
                Decision::Parts(_) | Decision::Whole => return true,
            },
        };
        match (level.decide(&path.attribute().name), path.sub()) {
            (Decision::Omit, _) => false,
            (Decision::Parts(parts), Some(sub)) => parts.keeps(&sub.name),
            _ => true,
        }
    }

    /// The resource as the response holds it; serializes without copying.
    pub fn project<'a>(&'a self, resource: &'a Resource) -> Projected<'a> {
        Projected { projection: self, resource }
    }

    fn build(resource_type: &ResourceType, asked: &Asked, unknown: Vec<String>) -> Self {
        let mut core = Level { rest_kept: !matches!(asked, Asked::Only(_)), exceptions: Vec::new() };
        let whole = asked.names(|resolved| matches!(resolved, Resolved::Core));
        for attribute in resource_type.attributes() {
            let decision = decide(asked, None, whole, attribute);
            core.add(&attribute.name, decision);
        }
        for extension in resource_type.extensions() {
            let urn = extension.schema().id();
            let whole =
                asked.names(|resolved| matches!(resolved, Resolved::Extension(known) if &**known == urn));
            let rest_kept = match asked {
                Asked::Nothing => true,
                Asked::Only(_) => whole,
                Asked::Except(_) => !whole,
            };
            let mut level = Level { rest_kept, exceptions: Vec::new() };
            for attribute in extension.schema().attributes() {
                level.add(&attribute.name, decide(asked, Some(urn), whole, attribute));
            }
            let decision = if level.exceptions.is_empty() {
                if rest_kept { Decision::Whole } else { Decision::Omit }
            } else {
                Decision::Extension(level)
            };
            core.add(urn, decision);
        }
        Self { core, unknown }
    }
}

/// A resource seen through a [`Projection`].
#[derive(Clone, Copy, Debug)]
pub struct Projected<'a> {
    projection: &'a Projection,
    resource: &'a Resource,
}

impl Projected<'_> {
    /// The response's content as an object of its own.
    pub fn to_map(&self) -> Map<String, Value> {
        copy_level(&self.projection.core, self.resource.as_map())
    }

    /// The response's content as a resource of its own.
    pub fn to_resource(&self) -> Resource {
        Resource::from_stored(self.to_map())
    }
}

impl Serialize for Projected<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LevelView { level: &self.projection.core, fields: self.resource.as_map() }.serialize(serializer)
    }
}

/// Why a client's choice of attributes was refused.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
    /// RFC 7644 3.9: the two exclude each other.
    #[error("`attributes` and `excludedAttributes` cannot be used together")]
    Both,
}

impl ScimError for ProjectionError {
    fn status(&self) -> u16 {
        400
    }

    fn scim_type(&self) -> Option<ScimType> {
        Some(ScimType::InvalidValue)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Both => "scim.projection.both",
        }
    }
}

enum Asked {
    Nothing,
    Only(Vec<Resolved>),
    Except(Vec<Resolved>),
}

impl Asked {
    fn names(&self, is: impl Fn(&Resolved) -> bool) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(list) | Self::Except(list) => list.iter().any(is),
        }
    }
}

/// What becomes of the members of one object. Only what differs from the rest is listed, which is little.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    rest_kept: bool,
    exceptions: Vec<(String, Decision)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    Omit,
    Whole,
    Parts(Parts),
    Extension(Level),
}

/// Sub-attributes kept, or (if `except`) left out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    except: bool,
    names: Vec<String>,
}

impl Parts {
    fn keeps(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name) != self.except
    }
}

impl Level {
    fn add(&mut self, name: &str, decision: Decision) {
        let like_the_rest = match decision {
            Decision::Whole => self.rest_kept,
            Decision::Omit => !self.rest_kept,
            Decision::Parts(_) | Decision::Extension(_) => false,
        };
        if !like_the_rest {
            self.exceptions.push((name.to_owned(), decision));
        }
    }

    fn decide(&self, name: &str) -> &Decision {
        match self.exceptions.iter().find(|(known, _)| known == name) {
            Some((_, decision)) => decision,
            None if self.rest_kept => &Decision::Whole,
            None => &Decision::Omit,
        }
    }

    fn exception_mut(&mut self, name: &str) -> Option<&mut Decision> {
        self.exceptions.iter_mut().find(|(known, _)| known == name).map(|(_, decision)| decision)
    }
}

fn decide(asked: &Asked, urn: Option<&str>, whole: bool, attribute: &Attribute) -> Decision {
    if attribute.returned == Returned::Never {
        return Decision::Omit;
    }
    let always = attribute.returned == Returned::Always;
    let mentions = |list: &[Resolved]| -> (bool, Vec<String>) {
        let mut subs = Vec::new();
        let mut itself = false;
        for resolved in list {
            if let Resolved::Attribute(path) = resolved
                && path.extension() == urn
                && path.attribute().name == attribute.name
            {
                match path.sub() {
                    None => itself = true,
                    Some(sub) => subs.push(sub.name.clone()),
                }
            }
        }
        (itself, subs)
    };
    match asked {
        Asked::Nothing => match attribute.returned {
            Returned::Request => Decision::Omit,
            _ => default_form(attribute).unwrap_or(Decision::Whole),
        },
        Asked::Only(list) => {
            let (itself, subs) = mentions(list);
            let by_schema = whole && attribute.returned != Returned::Request;
            if itself || by_schema || (always && subs.is_empty()) {
                return default_form(attribute).unwrap_or(Decision::Whole);
            }
            if subs.is_empty() {
                return Decision::Omit;
            }
            let kept = attribute.sub_attributes.iter().filter(|sub| match sub.returned {
                Returned::Always => true,
                Returned::Never => false,
                Returned::Default => always || subs.contains(&sub.name),
                Returned::Request => subs.contains(&sub.name),
            });
            Decision::Parts(Parts { except: false, names: kept.map(|sub| sub.name.clone()).collect() })
        }
        Asked::Except(list) => {
            let (itself, subs) = mentions(list);
            if attribute.returned == Returned::Request || (!always && (itself || whole)) {
                return Decision::Omit;
            }
            let out = attribute.sub_attributes.iter().filter(|sub| match sub.returned {
                Returned::Always => false,
                Returned::Never | Returned::Request => true,
                Returned::Default => subs.contains(&sub.name),
            });
            let names: Vec<String> = out.map(|sub| sub.name.clone()).collect();
            if names.is_empty() { Decision::Whole } else { Decision::Parts(Parts { except: true, names }) }
        }
    }
}

/// The attribute without the parts that are never returned, or only on request; `None` if it has no such parts.
fn default_form(attribute: &Attribute) -> Option<Decision> {
    let out = attribute
        .sub_attributes
        .iter()
        .filter(|sub| matches!(sub.returned, Returned::Never | Returned::Request));
    let names: Vec<String> = out.map(|sub| sub.name.clone()).collect();
    if names.is_empty() { None } else { Some(Decision::Parts(Parts { except: true, names })) }
}

fn kept_parts<'a>(
    parts: &'a Parts,
    fields: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    fields.iter().filter(|(name, value)| parts.keeps(name) && !is_unassigned(value))
}

/// Whether anything of a value is left, so that no empty object is sent.
fn has_parts(parts: &Parts, value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| match item {
            Value::Object(fields) => kept_parts(parts, fields).next().is_some(),
            _ => true,
        }),
        Value::Object(fields) => kept_parts(parts, fields).next().is_some(),
        _ => true,
    }
}

fn is_kept(decision: &Decision, value: &Value) -> bool {
    match (decision, value) {
        (_, Value::Null) | (Decision::Omit, _) => false,
        (Decision::Parts(parts), value) => has_parts(parts, value),
        (Decision::Whole, Value::Array(items)) => !items.is_empty(),
        (Decision::Whole, Value::Object(fields)) => !fields.is_empty(),
        (Decision::Extension(level), Value::Object(fields)) => {
            fields.iter().any(|(name, value)| is_kept_inside(level.decide(name), value))
        }
        _ => true,
    }
}

/// As [`is_kept`] for an attribute of an extension; extensions hold no extensions.
fn is_kept_inside(decision: &Decision, value: &Value) -> bool {
    match decision {
        Decision::Omit | Decision::Extension(_) => false,
        Decision::Parts(parts) => !value.is_null() && has_parts(parts, value),
        Decision::Whole => !is_unassigned(value),
    }
}

struct LevelView<'a> {
    level: &'a Level,
    fields: &'a Map<String, Value>,
}

impl Serialize for LevelView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.fields {
            let decision = self.level.decide(name);
            if !is_kept(decision, value) {
                continue;
            }
            match (decision, value) {
                (Decision::Parts(parts), value) => map.serialize_entry(name, &PartsView { parts, value })?,
                (Decision::Extension(level), Value::Object(fields)) => {
                    map.serialize_entry(name, &LevelView { level, fields })?;
                }
                (_, value) => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

struct PartsView<'a> {
    parts: &'a Parts,
    value: &'a Value,
}

impl Serialize for PartsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(None)?;
                for value in items.iter().filter(|item| has_parts(self.parts, item)) {
                    seq.serialize_element(&PartsView { parts: self.parts, value })?;
                }
                seq.end()
            }
            Value::Object(fields) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in kept_parts(self.parts, fields) {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            value => value.serialize(serializer),
        }
    }
}

fn copy_level(level: &Level, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in fields {
        let decision = level.decide(name);
        if !is_kept(decision, value) {
            continue;
        }
        let copy = match (decision, value) {
            (Decision::Parts(parts), value) => copy_parts(parts, value),
            (Decision::Extension(level), Value::Object(fields)) => Value::Object(copy_level(level, fields)),
            (_, value) => value.clone(),
        };
        out.insert(name.clone(), copy);
    }
    out
}

fn copy_parts(parts: &Parts, value: &Value) -> Value {
    let object = |fields: &Map<String, Value>| {
        Value::Object(kept_parts(parts, fields).map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    match value {
        Value::Array(items) => Value::Array(
            items
                .iter()
                .filter(|item| has_parts(parts, item))
                .map(|item| item.as_object().map_or_else(|| item.clone(), object))
                .collect(),
        ),
        Value::Object(fields) => object(fields),
        value => value.clone(),
    }
}
