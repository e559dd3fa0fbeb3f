use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{ScimError, ScimType};
use crate::limits::Limits;
use crate::resource::Resource;
use crate::resource_type::ResourceType;

impl Resource {
    /// Reads a resource as a client sent it and rewrites its names to the schema's spelling. Values are looked at by
    /// `check_create` and `check_replace`.
    ///
    /// # Errors
    /// [`ParseError`].
    ///
    /// # Examples
    /// ```
    /// use scim_schema::{Limits, ParseError, Resource, SchemaSet};
    ///
    /// let set = SchemaSet::standard();
    /// let user = set.resource_type("User").unwrap();
    /// let resource = Resource::parse(br#"{ "USERNAME": "bjensen" }"#, user, &Limits::default())?;
    /// assert_eq!(resource.as_map()["userName"], "bjensen");
    ///
    /// let twice = br#"{ "userName": "bjensen", "username": "admin" }"#;
    /// let error = Resource::parse(twice, user, &Limits::default()).unwrap_err();
    /// assert_eq!(error, ParseError::DuplicateName { name: "username".into() });
    /// # Ok::<(), ParseError>(())
    /// ```
    pub fn parse(bytes: &[u8], resource_type: &ResourceType, limits: &Limits) -> Result<Self, ParseError> {
        Ok(Self::from_map(parse_object(bytes, limits)?, resource_type))
    }
}

/// Reads a JSON object from outside: a resource, a PATCH, a search or a bulk request.
///
/// Stricter than JSON in two points. Names that are equal in any ASCII case may not occur twice in one object, because
/// SCIM names have no case and each reader would keep another one. U+0000 may not occur in a string, because
/// databases cannot hold it.
///
/// # Errors
/// [`ParseError`].
pub fn parse_object(bytes: &[u8], limits: &Limits) -> Result<Map<String, Value>, ParseError> {
    if bytes.len() > limits.max_bytes {
        return Err(ParseError::TooLarge { limit: limits.max_bytes });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| ParseError::InvalidUtf8 { at: error.valid_up_to() })?;
    let failure = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Reader { limits, depth: 0, failure: &failure }
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| {
            failure.take().unwrap_or(ParseError::Syntax { line: error.line(), column: error.column() })
        })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(ParseError::NotAnObject),
    }
}

/// Why bytes are not a document that the SCIM crates read.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// More bytes than [`Limits::max_bytes`].
    #[error("the document has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// RFC 7644 3.8: SCIM is UTF-8.
    #[error("the document is not UTF-8 at byte {at}")]
    InvalidUtf8 {
        /// Bytes before the first wrong one.
        at: usize,
    },
    /// Not JSON (RFC 8259).
    #[error("the document is not JSON at line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("expected a JSON object")]
    NotAnObject,
    /// Deeper than [`Limits::max_depth`].
    #[error("the document is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More names in one object than [`Limits::max_attributes`].
    #[error("an object of the document has more than {limit} attributes")]
    TooManyAttributes {
        /// The limit.
        limit: usize,
    },
    /// More values in one array than [`Limits::max_values`].
    #[error("an array of the document has more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// A name occurs twice in one object, in the same or another case.
    #[error("`{name}` occurs twice in one object")]
    DuplicateName {
        /// The second one, as sent.
        name: String,
    },
    /// A string holds U+0000.
    #[error("a string holds the character U+0000")]
    NulCharacter,
}

impl ScimError for ParseError {
    fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } | Self::TooManyValues { .. } => 413,
            _ => 400,
        }
    }

    fn scim_type(&self) -> Option<ScimType> {
        match self {
            Self::TooLarge { .. } | Self::TooManyValues { .. } => None,
            _ => Some(ScimType::InvalidSyntax),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "scim.parse.too_large",
            Self::InvalidUtf8 { .. } => "scim.parse.invalid_utf8",
            Self::Syntax { .. } => "scim.parse.syntax",
            Self::NotAnObject => "scim.parse.not_an_object",
            Self::TooDeep { .. } => "scim.parse.too_deep",
            Self::TooManyAttributes { .. } => "scim.parse.too_many_attributes",
            Self::TooManyValues { .. } => "scim.parse.too_many_values",
            Self::DuplicateName { .. } => "scim.parse.duplicate_name",
            Self::NulCharacter => "scim.parse.nul_character",
        }
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    limits: &'a Limits,
    depth: usize,
    failure: &'a Cell<Option<ParseError>>,
}

impl Reader<'_> {
    fn fail<E: serde::de::Error>(&self, failure: ParseError) -> E {
        self.failure.set(Some(failure));
        E::custom("")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= self.limits.max_depth {
            return Err(self.fail(ParseError::TooDeep { limit: self.limits.max_depth }));
        }
        Ok(Self { depth: self.depth.saturating_add(1), ..self })
    }

    fn text<E: serde::de::Error>(&self, text: String) -> Result<String, E> {
        if text.contains('\0') { Err(self.fail(ParseError::NulCharacter)) } else { Ok(text) }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.text(text.to_owned()).map(Value::String)
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Value, E> {
        self.text(text).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            if out.len() >= self.limits.max_values {
                return Err(self.fail(ParseError::TooManyValues { limit: self.limits.max_values }));
            }
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut out: Map<String, Value> = Map::new();
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = entries.next_key::<String>()? {
            if out.len() >= self.limits.max_attributes {
                return Err(self.fail(ParseError::TooManyAttributes { limit: self.limits.max_attributes }));
            }
            let name = self.text(name)?;
            // Comparing with each is faster for the few names of a usual object, a set for the many of an attack.
            let known = if out.len() < FEW_NAMES {
                out.keys().any(|known| known.eq_ignore_ascii_case(&name))
            } else {
                if seen.is_empty() {
                    seen.extend(out.keys().map(|known| known.to_ascii_lowercase()));
                }
                !seen.insert(name.to_ascii_lowercase())
            };
            if known {
                return Err(self.fail(ParseError::DuplicateName { name }));
            }
            let value = entries.next_value_seed(inner)?;
            out.insert(name, value);
        }
        Ok(Value::Object(out))
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

const FEW_NAMES: usize = 16;

#[cfg(test)]
mod tests;
