use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::attribute::{Attribute, AttributeType};
use crate::error::SchemaError;
use crate::urn;

/// A named collection of attributes (RFC 7643 7): the core of a resource type, or an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    id: Arc<str>,
    name: String,
    description: String,
    attributes: Vec<Arc<Attribute>>,
}

impl Schema {
    /// Reads a schema in the form of RFC 7643 7, as `/Schemas` serves it. Characteristics that are left out have the
    /// defaults of RFC 7643 2.2; `schemas` and `meta` are ignored.
    ///
    /// # Errors
    /// [`SchemaError`] naming the place and what would be accepted.
    ///
    /// # Examples
    /// ```
    /// use scim_schema::{Schema, SchemaError};
    /// use serde_json::json;
    ///
    /// let badge = json!({
    ///     "id": "urn:example:scim:Badge",
    ///     "name": "Badge",
    ///     "attributes": [{ "name": "number", "type": "integer", "uniqueness": "server" }]
    /// });
    /// let schema = Schema::from_json(&badge)?;
    /// assert!(schema.attribute("NUMBER").is_some());
    /// # Ok::<(), SchemaError>(())
    /// ```
    pub fn from_json(json: &Value) -> Result<Self, SchemaError> {
        let Value::Object(fields) = json else {
            return Err(SchemaError::NotAnObject { at: "schema".into() });
        };
        let id = match fields.get("id") {
            Some(Value::String(id)) => id,
            Some(_) => return Err(bad("schema", "id", "a string")),
            None => return Err(SchemaError::MissingField { at: "schema".into(), field: "id" }),
        };
        if !is_schema_id(id) {
            return Err(SchemaError::BadSchemaId { id: id.clone() });
        }
        let mut schema = Self {
            id: id.as_str().into(),
            name: text(fields, id, "name")?,
            description: text(fields, id, "description")?,
            attributes: Vec::new(),
        };
        let Some(Value::Array(attributes)) = fields.get("attributes") else {
            return Err(bad(id, "attributes", "an array of attribute definitions"));
        };
        for json in attributes {
            let attribute = Attribute::from_json(json)?;
            if schema.attribute(&attribute.name).is_some() {
                return Err(SchemaError::DuplicateAttribute { at: attribute.name });
            }
            // RFC 7643 2.3.8, erratum 8415: only the Schema resource itself nests (section 7).
            if let Some(nested) = attribute.sub_attributes.iter().find(|sub| sub.is_complex())
                && id != urn::SCHEMA
            {
                return Err(SchemaError::NestedComplex { at: format!("{}.{}", attribute.name, nested.name) });
            }
            schema.attributes.push(Arc::new(attribute));
        }
        Ok(schema)
    }

    /// The schema as `/Schemas` and `/Schemas/{id}` serve it; `base_url` is the SCIM base without trailing slash.
    pub fn to_json(&self, base_url: &str) -> Value {
        json!({
            "schemas": [urn::SCHEMA],
            "id": &*self.id,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(|attribute| attribute.to_json()).collect::<Vec<_>>(),
            "meta": { "resourceType": "Schema", "location": format!("{base_url}/Schemas/{}", self.id) },
        })
    }

    /// The URI.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn id_arc(&self) -> &Arc<str> {
        &self.id
    }

    /// Name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Description for people.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The attributes in the order of the definition.
    pub fn attributes(&self) -> &[Arc<Attribute>] {
        &self.attributes
    }

    /// The attribute of this name, in any ASCII case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

/// Common attributes (RFC 7643 3 and 3.1): part of every resource, in no schema.
pub(crate) fn common_attributes() -> Vec<Arc<Attribute>> {
    use crate::attribute::{Mutability, Returned, Uniqueness};

    let read_only = |name: &str, kind, case_exact, description: &str| Attribute {
        mutability: Mutability::ReadOnly,
        case_exact,
        description: description.to_owned(),
        ..Attribute::new(name, kind)
    };
    let schemas = Attribute {
        multi_valued: true,
        required: true,
        returned: Returned::Always,
        description: "URIs of the schemas in use".to_owned(),
        // RFC 8141: URNs compare without case in their first parts; SCIM compares schema URIs without case (3.10).
        ..Attribute::new("schemas", AttributeType::String)
    };
    let id = Attribute {
        required: true,
        returned: Returned::Always,
        uniqueness: Uniqueness::Global,
        ..read_only("id", AttributeType::String, true, "Identifier issued by the service provider")
    };
    let external_id = Attribute {
        case_exact: true,
        description: "Identifier issued by the provisioning client".to_owned(),
        ..Attribute::new("externalId", AttributeType::String)
    };
    let meta = Attribute {
        sub_attributes: vec![
            Arc::new(read_only("resourceType", AttributeType::String, true, "Name of the resource type")),
            Arc::new(read_only("created", AttributeType::DateTime, false, "When the resource was added")),
            Arc::new(read_only(
                "lastModified",
                AttributeType::DateTime,
                false,
                "When the resource last changed",
            )),
            Arc::new(Attribute {
                reference_types: vec!["uri".to_owned()],
                ..read_only("location", AttributeType::Reference, true, "URI of the resource")
            }),
            Arc::new(read_only("version", AttributeType::String, true, "Version, as in the ETag header")),
        ],
        ..read_only("meta", AttributeType::Complex, false, "Resource metadata")
    };
    vec![Arc::new(schemas), Arc::new(id), Arc::new(external_id), Arc::new(meta)]
}

fn is_schema_id(id: &str) -> bool {
    // A message URI is never a schema (RFC 7644 3.1), and a path `uri:attribute` must have one reading.
    let message = "urn:ietf:params:scim:api:";
    id.len() <= MAX_ID_BYTES
        && id.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
                && !rest.is_empty()
                && !rest.ends_with(':')
        })
        && id.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'[' | b']'))
        && !id.get(..message.len()).is_some_and(|start| start.eq_ignore_ascii_case(message))
}

fn bad(at: &str, field: &'static str, expected: &'static str) -> SchemaError {
    SchemaError::BadField { at: at.to_owned(), field, expected }
}

fn text(fields: &Map<String, Value>, at: &str, field: &'static str) -> Result<String, SchemaError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(bad(at, field, "a string")),
    }
}

/// Long enough for every registered URI; paths repeat it in front of each attribute.
const MAX_ID_BYTES: usize = 256;
