//! From operations to steps: one attribute and one action each, names resolved.

use std::borrow::Cow;
use std::sync::Arc;

use scim_filter::{BindOptions, BoundPatchPath, ElementFilter, PatchPath, PatchPathError};
use scim_schema::{AttrPath, Mutability, PathError, ResourceType};
use serde_json::{Map, Value};

use crate::error::{excerpt, type_name};
use crate::request::{Op, Operation, parse_path};
use crate::{Limits, PatchError, Quirk, QuirkUse, Quirks};

/// What one step does with one target.
#[derive(Clone, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) operation: usize,
    pub(crate) target: Target,
    pub(crate) action: Action<'a>,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// An attribute or sub-attribute.
    Attribute(AttrPath),
    /// A whole extension; only ever removed.
    Extension(Arc<str>),
    /// The elements that a filter matches, or their sub-attribute.
    Elements { path: AttrPath, filter: ElementFilter },
}

#[derive(Clone, Debug)]
pub(crate) enum Action<'a> {
    Add(Cow<'a, Value>),
    Remove,
    /// Removes the elements of the value, as quirk `remove_listed` has it.
    RemoveListed(Cow<'a, Value>),
    Replace(Cow<'a, Value>),
}

/// The steps of one operation: mostly one, and then nothing is allocated for it.
#[derive(Debug, Default)]
pub(crate) struct Steps<'a> {
    first: Option<Step<'a>>,
    rest: Vec<Step<'a>>,
}

impl<'a> Steps<'a> {
    fn push(&mut self, step: Step<'a>) {
        match self.first {
            None => self.first = Some(step),
            Some(_) => self.rest.push(step),
        }
    }

    fn len(&self) -> usize {
        usize::from(self.first.is_some()).saturating_add(self.rest.len())
    }
}

impl<'a> IntoIterator for Steps<'a> {
    type Item = Step<'a>;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Step<'a>>, std::vec::IntoIter<Step<'a>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

/// The quirks of a connection, and which of them were needed.
#[derive(Debug)]
pub(crate) struct Tolerance {
    pub(crate) quirks: Quirks,
    pub(crate) uses: Vec<QuirkUse>,
}

impl Tolerance {
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }

    /// Whether the quirk is tolerated; if so, notes that it was needed.
    pub(crate) fn allows(&mut self, quirk: Quirk, operation: usize) -> bool {
        if self.has(quirk) {
            self.note(quirk, operation);
            true
        } else {
            false
        }
    }

    pub(crate) fn note(&mut self, quirk: Quirk, operation: usize) {
        let found = QuirkUse { quirk, operation: Some(operation) };
        // Uses come operation by operation, so a repeat is among the last few.
        if !self.uses.iter().rev().take(Quirk::ALL.len()).any(|known| *known == found) {
            self.uses.push(found);
        }
    }
}

/// Resolves the names of one operation and takes it apart; names that the connection may send and that mean nothing
/// are left out.
pub(crate) fn steps<'a>(
    operation: &'a Operation,
    resource_type: &ResourceType,
    own_id: Option<&str>,
    tolerance: &mut Tolerance,
) -> Result<Steps<'a>, PatchError> {
    let mut resolver = Resolver {
        operation: operation.index,
        op: operation.op,
        resource_type,
        own_id,
        tolerance,
        steps: Steps::default(),
    };
    match (&operation.path, &operation.value) {
        (Some(path), value) => resolver.path(path, value.as_ref())?,
        (None, Some(value)) => resolver.resource(value)?,
        (None, None) => return Err(PatchError::PathMissing { operation: operation.index }),
    }
    Ok(resolver.steps)
}

struct Resolver<'a, 'r> {
    operation: usize,
    op: Op,
    resource_type: &'r ResourceType,
    own_id: Option<&'r str>,
    tolerance: &'r mut Tolerance,
    steps: Steps<'a>,
}

impl<'a> Resolver<'a, '_> {
    fn path(&mut self, path: &PatchPath, value: Option<&'a Value>) -> Result<(), PatchError> {
        let options = BindOptions {
            string_booleans: self.tolerance.has(Quirk::StringBooleansInFilter),
            ..BindOptions::default()
        };
        match path.bind(self.resource_type, &options) {
            Ok(BoundPatchPath::Attribute(path)) => self.push(Target::Attribute(path), value),
            Ok(BoundPatchPath::Value { path, filter }) => {
                if filter.used_string_booleans() {
                    self.tolerance.note(Quirk::StringBooleansInFilter, self.operation);
                }
                if !path.attribute().multi_valued {
                    let attribute = path.without_sub().to_string();
                    return Err(PatchError::NotMultiValued { operation: self.operation, attribute });
                }
                self.push(Target::Elements { path, filter }, value);
            }
            Ok(BoundPatchPath::Extension(urn)) => return self.extension(&urn, value),
            Ok(BoundPatchPath::Core) => {
                return Err(self.unresolved(PathError::UnknownAttribute {
                    path: excerpt(&path.to_string()),
                    resource_type: self.resource_type.name().to_owned(),
                }));
            }
            Err(PatchPathError::Unresolved(_))
                if self.tolerance.allows(Quirk::UnknownAttributes, self.operation) => {}
            Err(reason) => return Err(PatchError::Path { operation: self.operation, reason }),
        }
        Ok(())
    }

    /// RFC 7644 3.5.2.1, 3.5.2.3: without path the value is a set of attributes of the resource.
    fn resource(&mut self, value: &'a Value) -> Result<(), PatchError> {
        for (name, value) in self.fields(value, "value")? {
            if self.resource_type.attribute(name).is_some() {
                let path = self.resource_type.resolve_attribute(name);
                self.attribute(path.map_err(|reason| self.unresolved(reason))?, value);
            } else if let Some(extension) = self.resource_type.extension(name) {
                let urn: Arc<str> = extension.schema().id().into();
                self.extension(&urn, Some(value))?;
            } else {
                self.unknown_key(name, value)?;
            }
        }
        Ok(())
    }

    fn attribute(&mut self, path: AttrPath, value: &'a Value) {
        if path.mutability() == Mutability::ReadOnly {
            let tolerated = if path.attribute().name == "id" {
                self.own_id.is_some_and(|id| value.as_str() == Some(id))
                    && self.tolerance.allows(Quirk::OwnId, self.operation)
            } else {
                self.tolerance.allows(Quirk::ReadOnlyIgnored, self.operation)
            };
            if tolerated {
                return;
            }
        }
        self.push(Target::Attribute(path), Some(value));
    }

    fn extension(&mut self, urn: &Arc<str>, value: Option<&'a Value>) -> Result<(), PatchError> {
        match (self.op, value) {
            (Op::Remove, _) | (Op::Replace, Some(Value::Null)) => {
                if self.op == Op::Remove && value.is_some() {
                    // As with a single value, it only repeats what goes anyway.
                    self.tolerance.note(Quirk::RemoveListed, self.operation);
                }
                self.steps.push(Step {
                    operation: self.operation,
                    target: Target::Extension(urn.clone()),
                    action: Action::Remove,
                });
                return Ok(());
            }
            (Op::Add, Some(Value::Null)) | (_, None) => return Ok(()),
            (Op::Add | Op::Replace, Some(_)) => {}
        }
        for (name, value) in self.fields(value.unwrap_or(&Value::Null), urn)? {
            match self.resource_type.extension(urn).and_then(|extension| extension.path(name)) {
                Some(path) => self.attribute(path, value),
                None if self.tolerance.has(Quirk::PathKeys) && name.contains('.') => {
                    // An extension's own dotted keys, as in `"URN": {"manager.value": ...}`.
                    self.key_path(&format!("{urn}:{name}"), value)?;
                }
                None => self.unknown_key(&format!("{urn}:{name}"), value)?,
            }
        }
        Ok(())
    }

    /// A name that is neither attribute nor extension: a path where that is tolerated, else unknown.
    fn unknown_key(&mut self, name: &str, value: &'a Value) -> Result<(), PatchError> {
        let is_path = name.contains(['.', '[', ':']);
        if is_path && self.tolerance.has(Quirk::PathKeys) {
            return self.key_path(name, value);
        }
        if self.tolerance.allows(Quirk::UnknownAttributes, self.operation) {
            return Ok(());
        }
        Err(self.unresolved(PathError::UnknownAttribute {
            path: excerpt(name),
            resource_type: self.resource_type.name().to_owned(),
        }))
    }

    fn key_path(&mut self, name: &str, value: &'a Value) -> Result<(), PatchError> {
        match parse_path(name, self.operation, &Limits::default()) {
            Ok(path) => {
                let before = self.steps.len();
                self.path(&path, Some(value))?;
                if self.steps.len() > before {
                    self.tolerance.note(Quirk::PathKeys, self.operation);
                }
                Ok(())
            }
            Err(_) if self.tolerance.allows(Quirk::UnknownAttributes, self.operation) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn push(&mut self, target: Target, value: Option<&'a Value>) {
        let action = match (self.op, value) {
            (Op::Add, value) => Action::Add(Cow::Borrowed(value.unwrap_or(&Value::Null))),
            (Op::Replace, value) => Action::Replace(Cow::Borrowed(value.unwrap_or(&Value::Null))),
            (Op::Remove, None) => Action::Remove,
            (Op::Remove, Some(value)) => {
                self.tolerance.note(Quirk::RemoveListed, self.operation);
                match &target {
                    // The value of anything else only repeats what goes anyway.
                    Target::Attribute(path) if path.attribute().multi_valued && path.sub().is_none() => {
                        Action::RemoveListed(Cow::Borrowed(value))
                    }
                    _ => Action::Remove,
                }
            }
        };
        self.steps.push(Step { operation: self.operation, target, action });
    }

    fn fields(&self, value: &'a Value, name: &str) -> Result<&'a Map<String, Value>, PatchError> {
        value.as_object().ok_or_else(|| PatchError::WrongType {
            operation: self.operation,
            attribute: name.to_owned(),
            expected: "an object of attributes",
            found: type_name(value),
        })
    }

    fn unresolved(&self, reason: PathError) -> PatchError {
        PatchError::Path { operation: self.operation, reason: PatchPathError::Unresolved(reason) }
    }
}
