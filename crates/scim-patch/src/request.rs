use scim_filter::PatchPath;
use scim_schema::{ParseError, parse_object, urn};
use serde_json::{Map, Value};

use crate::error::{excerpt, type_name};
use crate::{Limits, PatchError, Quirk, QuirkUse, Quirks};

/// A PATCH message (RFC 7644 3.5.2), read and well-formed; not yet compared with a schema.
///
/// Holds the quirks that its connection tolerates, so that they cannot be mixed up later.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchRequest {
    pub(crate) operations: Vec<Operation>,
    pub(crate) quirks: Quirks,
    pub(crate) uses: Vec<QuirkUse>,
}

impl PatchRequest {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`PatchError`]: not JSON, not a PATCH message, a malformed path or filter, or over a limit. Whether paths and
    /// values fit the resource is seen by [`apply`](crate::apply()).
    pub fn parse(body: &[u8], quirks: Quirks, limits: &Limits) -> Result<Self, PatchError> {
        match parse_object(body, &limits.document) {
            Ok(fields) => Self::from_value(Value::Object(fields), quirks, limits),
            Err(ParseError::NotAnObject) if quirks.has(Quirk::BareOperations) => {
                // Read as a member, so that the same limits and rules hold inside the array.
                let mut wrapped = Vec::with_capacity(body.len().saturating_add(WRAP.len()).saturating_add(1));
                wrapped.extend_from_slice(WRAP);
                wrapped.extend_from_slice(body);
                wrapped.push(b'}');
                let mut fields = parse_object(&wrapped, &limits.document).map_err(PatchError::Document)?;
                Self::from_value(fields.remove("bare").unwrap_or_default(), quirks, limits)
            }
            Err(error) => Err(PatchError::Document(error)),
        }
    }

    /// Takes a body that is JSON already, e.g. `data` of a bulk operation.
    ///
    /// # Errors
    /// As [`PatchRequest::parse`], but for what only text can have wrong.
    pub fn from_value(body: Value, quirks: Quirks, limits: &Limits) -> Result<Self, PatchError> {
        let mut request = Self { operations: Vec::new(), quirks, uses: Vec::new() };
        let operations = request.open_message(body)?;
        if operations.is_empty() {
            request.tolerate(Quirk::EmptyOperations, None, || PatchError::OperationsEmpty)?;
        }
        if operations.len() > limits.max_operations {
            return Err(PatchError::TooManyOperations {
                found: operations.len(),
                limit: limits.max_operations,
            });
        }
        let mut values = limits.max_values;
        request.operations.reserve(operations.len());
        for (index, operation) in operations.into_iter().enumerate() {
            let operation = request.read_operation(index, operation, limits)?;
            if let Some(value) = &operation.value {
                values =
                    count(value, values).ok_or(PatchError::TooManyValues { limit: limits.max_values })?;
            }
            request.operations.push(operation);
        }
        Ok(request)
    }

    /// The operations in the order in which they apply.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The quirks that the connection tolerates.
    #[must_use]
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// The quirks that reading the message needed. Those that the values needed are in
    /// [`Patched::quirks`](crate::Patched::quirks), together with these.
    #[must_use]
    pub fn quirks_used(&self) -> &[QuirkUse] {
        &self.uses
    }

    /// Unwraps the message around the operations.
    fn open_message(&mut self, body: Value) -> Result<Vec<Value>, PatchError> {
        let mut fields = match body {
            Value::Object(fields) if self.is_bare_operation(&fields) => {
                self.uses.push(QuirkUse { quirk: Quirk::BareOperations, operation: None });
                return Ok(vec![Value::Object(fields)]);
            }
            Value::Object(fields) => fields,
            Value::Array(operations) if self.quirks.has(Quirk::BareOperations) => {
                self.uses.push(QuirkUse { quirk: Quirk::BareOperations, operation: None });
                return Ok(operations);
            }
            _ => return Err(PatchError::Document(ParseError::NotAnObject)),
        };
        let schemas = self.take(&mut fields, "schemas", None);
        let operations = self.take(&mut fields, "Operations", None);
        if !schemas.as_ref().is_some_and(has_patch_op) {
            self.tolerate(Quirk::MessageSchemas, None, || PatchError::MessageSchemas)?;
        }
        let operations = match operations {
            Some(Value::Array(operations)) => operations,
            Some(operation @ Value::Object(_)) => {
                self.tolerate(Quirk::BareOperations, None, || PatchError::OperationsMissing {
                    found: "an object",
                })?;
                vec![operation]
            }
            other => {
                let found = other.as_ref().map_or("nothing", type_name);
                return Err(PatchError::OperationsMissing { found });
            }
        };
        self.refuse_rest(&fields, None, "schemas and Operations")?;
        Ok(operations)
    }

    fn is_bare_operation(&self, fields: &Map<String, Value>) -> bool {
        self.quirks.has(Quirk::BareOperations)
            && fields.contains_key("op")
            && !fields.contains_key("Operations")
    }

    fn read_operation(
        &mut self,
        index: usize,
        value: Value,
        limits: &Limits,
    ) -> Result<Operation, PatchError> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            other => {
                let found = type_name(&other);
                return Err(PatchError::OperationNotAnObject { operation: index, found });
            }
        };
        let op = self.take(&mut fields, "op", Some(index));
        let path = self.take(&mut fields, "path", Some(index));
        let value = self.take(&mut fields, "value", Some(index));
        let op = match &op {
            Some(Value::String(name)) => Op::from_name(name)
                .ok_or_else(|| PatchError::UnknownOp { operation: index, found: excerpt(name) }),
            other => {
                let found = other.as_ref().map_or("nothing", type_name).to_owned();
                Err(PatchError::UnknownOp { operation: index, found })
            }
        }?;
        self.refuse_rest(&fields, Some(index), "op, path and value")?;
        let path = match path {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(parse_path(&text, index, limits)?),
            Some(other) => {
                return Err(PatchError::PathNotAString { operation: index, found: type_name(&other) });
            }
        };
        match (op, &path, &value) {
            (Op::Remove, None, _) => return Err(PatchError::PathMissing { operation: index }),
            (Op::Add | Op::Replace, _, None) => return Err(PatchError::ValueMissing { operation: index }),
            _ => {}
        }
        // Serialisers that write every field send `"value": null` with a remove: that is no value.
        let value = value.filter(|value| op != Op::Remove || !value.is_null());
        if op == Op::Remove && value.is_some() && !self.quirks.has(Quirk::RemoveListed) {
            return Err(PatchError::ValueOnRemove { operation: index });
        }
        Ok(Operation { index, op, path, value })
    }

    /// Takes a member out, by exact name or, where tolerated, by name in any case.
    fn take(
        &mut self,
        fields: &mut Map<String, Value>,
        name: &str,
        operation: Option<usize>,
    ) -> Option<Value> {
        if let Some(value) = fields.shift_remove(name) {
            return Some(value);
        }
        if !self.quirks.has(Quirk::OperationsKeyCase) {
            return None;
        }
        let other = fields.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
        let found = QuirkUse { quirk: Quirk::OperationsKeyCase, operation };
        if !self.uses.contains(&found) {
            self.uses.push(found);
        }
        fields.shift_remove(&other)
    }

    fn refuse_rest(
        &mut self,
        rest: &Map<String, Value>,
        operation: Option<usize>,
        expected: &'static str,
    ) -> Result<(), PatchError> {
        let Some(name) = rest.keys().next() else { return Ok(()) };
        self.tolerate(Quirk::UnknownMembers, operation, || PatchError::UnknownMember {
            operation,
            name: excerpt(name),
            expected,
        })
    }

    fn tolerate(
        &mut self,
        quirk: Quirk,
        operation: Option<usize>,
        error: impl FnOnce() -> PatchError,
    ) -> Result<(), PatchError> {
        if !self.quirks.has(quirk) {
            return Err(error());
        }
        self.uses.push(QuirkUse { quirk, operation });
        Ok(())
    }
}

/// One operation of a PATCH message.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    pub(crate) index: usize,
    pub(crate) op: Op,
    pub(crate) path: Option<PatchPath>,
    pub(crate) value: Option<Value>,
}

impl Operation {
    /// Position in the message, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// What to do.
    #[must_use]
    pub fn op(&self) -> Op {
        self.op
    }

    /// Where to do it; `None` for the resource itself.
    #[must_use]
    pub fn path(&self) -> Option<&PatchPath> {
        self.path.as_ref()
    }

    /// With what.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }
}

/// What an operation does (RFC 7644 3.5.2). Read in any ASCII case: Entra sends `Replace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Adds to what is there (3.5.2.1).
    Add,
    /// Takes away (3.5.2.2).
    Remove,
    /// Puts in the place of what is there (3.5.2.3).
    Replace,
}

impl Op {
    /// The name in the standard's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Add, Self::Remove, Self::Replace].into_iter().find(|op| op.as_str().eq_ignore_ascii_case(name))
    }
}

pub(crate) fn parse_path(text: &str, operation: usize, limits: &Limits) -> Result<PatchPath, PatchError> {
    if text.len() > limits.max_path_bytes {
        return Err(PatchError::PathTooLong { operation, found: text.len(), limit: limits.max_path_bytes });
    }
    PatchPath::parse(text, &scim_filter::Limits::default())
        .map_err(|reason| PatchError::Path { operation, reason })
}

fn has_patch_op(schemas: &Value) -> bool {
    schemas
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|uri| uri.eq_ignore_ascii_case(urn::PATCH_OP))
}

/// Takes the array elements and object members of a value off what is left; `None` when that is not enough.
fn count(value: &Value, left: usize) -> Option<usize> {
    let mut left = left;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => {
                left = left.checked_sub(items.len())?;
                open.extend(items);
            }
            Value::Object(fields) => {
                left = left.checked_sub(fields.len())?;
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    Some(left)
}

const WRAP: &[u8] = br#"{"bare":"#;
