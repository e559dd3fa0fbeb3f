use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::error::SchemaError;
use crate::resource_type::{ResourceType, SchemaExtension};
use crate::schema::Schema;
use crate::urn;

/// The schemas and resource types that one service offers; cheap to clone.
///
/// [`SchemaSet::standard`] has User, Group and the enterprise extension; [`SchemaSet::builder`] adds extensions and
/// whole resource types from JSON, without code.
#[derive(Clone, Debug)]
pub struct SchemaSet {
    schemas: Arc<[Arc<Schema>]>,
    resource_types: Arc<[Arc<ResourceType>]>,
}

impl SchemaSet {
    /// Core User (with the enterprise extension, not required) and Group, the schemas of the discovery resources,
    /// all with the errata of RFC 7643 applied.
    pub fn standard() -> Self {
        STANDARD.clone()
    }

    /// Starts from the schemas of RFC 7643 and no resource type.
    pub fn builder() -> SchemaSetBuilder {
        SchemaSetBuilder { schemas: STANDARD_SCHEMAS.clone(), resource_types: Vec::new() }
    }

    /// The schema of this URI, in any ASCII case.
    pub fn schema(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.schemas.iter().find(|schema| schema.id().eq_ignore_ascii_case(urn))
    }

    /// What `/Schemas` lists: of RFC 7643 the schemas of the discovery resources and those that a resource type uses (a
    /// service without groups does not say that it has them), then those that were added, in their order.
    pub fn schemas(&self) -> &[Arc<Schema>] {
        &self.schemas
    }

    /// The resource type of this name (exact case, as in `meta.resourceType`).
    pub fn resource_type(&self, name: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|resource_type| resource_type.name() == name)
    }

    /// The resource type of this endpoint, with leading slash (exact case, as in a URL).
    pub fn resource_type_at(&self, endpoint: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|resource_type| resource_type.endpoint() == endpoint)
    }

    /// All resource types in the order in which they were added.
    pub fn resource_types(&self) -> &[Arc<ResourceType>] {
        &self.resource_types
    }
}

/// Collects schemas and resource types; [`build`](Self::build) checks that they fit together.
#[derive(Clone, Debug)]
pub struct SchemaSetBuilder {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<Definition>,
}

#[derive(Clone, Debug)]
struct Definition {
    name: String,
    endpoint: String,
    description: String,
    schema: String,
    extensions: Vec<(String, bool)>,
}

impl SchemaSetBuilder {
    /// Adds a schema in the JSON form of RFC 7643 7.
    ///
    /// # Errors
    /// What [`Schema::from_json`] says, and [`SchemaError::DuplicateSchema`].
    pub fn schema(mut self, json: &Value) -> Result<Self, SchemaError> {
        let schema = Schema::from_json(json)?;
        if self.schemas.iter().any(|known| known.id().eq_ignore_ascii_case(schema.id())) {
            return Err(SchemaError::DuplicateSchema { id: schema.id().to_owned() });
        }
        self.schemas.push(Arc::new(schema));
        Ok(self)
    }

    /// Puts a schema in the place of the one with the same id, e.g. of a standard one whose `userName` cannot change.
    ///
    /// # Errors
    /// What [`Schema::from_json`] says. A schema without a predecessor is added.
    pub fn replace_schema(mut self, json: &Value) -> Result<Self, SchemaError> {
        let schema = Arc::new(Schema::from_json(json)?);
        match self.schemas.iter_mut().find(|known| known.id().eq_ignore_ascii_case(schema.id())) {
            Some(known) => *known = schema,
            None => self.schemas.push(schema),
        }
        Ok(self)
    }

    /// Adds a resource type in the JSON form of RFC 7643 6: `name`, `endpoint`, `schema`, `schemaExtensions`.
    ///
    /// # Errors
    /// [`SchemaError`] naming what is missing or taken.
    pub fn resource_type(mut self, json: &Value) -> Result<Self, SchemaError> {
        let definition = Definition::from_json(json)?;
        let taken = |endpoint: &str| {
            RESERVED_ENDPOINTS.iter().any(|reserved| reserved.eq_ignore_ascii_case(endpoint))
                || self.resource_types.iter().any(|known| known.endpoint.eq_ignore_ascii_case(endpoint))
        };
        if self.resource_types.iter().any(|known| known.name.eq_ignore_ascii_case(&definition.name)) {
            return Err(SchemaError::DuplicateResourceType { name: definition.name });
        }
        if taken(&definition.endpoint) {
            return Err(SchemaError::EndpointTaken { name: definition.name, endpoint: definition.endpoint });
        }
        self.resource_types.push(definition);
        Ok(self)
    }

    /// Adds `User` at `/Users` with the enterprise extension, as RFC 7643 describes it, and these further extensions,
    /// none of them required.
    ///
    /// # Errors
    /// As [`resource_type`](Self::resource_type).
    pub fn user(self, extensions: &[&str]) -> Result<Self, SchemaError> {
        let mut json = parse(USER_TYPE);
        if let Some(Value::Array(list)) = json.get_mut("schemaExtensions") {
            list.extend(extensions.iter().map(|urn| serde_json::json!({ "schema": urn, "required": false })));
        }
        self.resource_type(&json)
    }

    /// Adds `Group` at `/Groups`, as RFC 7643 describes it.
    ///
    /// # Errors
    /// As [`resource_type`](Self::resource_type).
    pub fn group(self) -> Result<Self, SchemaError> {
        self.resource_type(&parse(GROUP_TYPE))
    }

    /// Ties resource types to their schemas.
    ///
    /// # Errors
    /// [`SchemaError::UnknownSchema`], [`SchemaError::DuplicateExtension`].
    pub fn build(self) -> Result<SchemaSet, SchemaError> {
        let find = |name: &str, urn: &str| {
            self.schemas.iter().find(|schema| schema.id().eq_ignore_ascii_case(urn)).cloned().ok_or_else(
                || SchemaError::UnknownSchema { resource_type: name.to_owned(), schema: urn.to_owned() },
            )
        };
        let mut resource_types = Vec::with_capacity(self.resource_types.len());
        for definition in &self.resource_types {
            let core = find(&definition.name, &definition.schema)?;
            let mut extensions: Vec<SchemaExtension> = Vec::with_capacity(definition.extensions.len());
            for (urn, required) in &definition.extensions {
                let schema = find(&definition.name, urn)?;
                if schema.id() == core.id()
                    || extensions.iter().any(|known| known.schema().id() == schema.id())
                {
                    return Err(SchemaError::DuplicateExtension {
                        resource_type: definition.name.clone(),
                        schema: urn.clone(),
                    });
                }
                extensions.push(SchemaExtension::new(schema, *required));
            }
            resource_types.push(Arc::new(ResourceType::new(
                definition.name.clone(),
                definition.endpoint.clone(),
                definition.description.clone(),
                core,
                extensions,
            )));
        }
        let is_used = |schema: &Arc<Schema>| {
            resource_types.iter().any(|known| {
                known.schema().id() == schema.id()
                    || known.extensions().iter().any(|e| e.schema().id() == schema.id())
            })
        };
        let optional = [urn::USER, urn::GROUP, urn::ENTERPRISE_USER];
        let schemas = self
            .schemas
            .iter()
            .filter(|schema| !optional.contains(&schema.id()) || is_used(schema))
            .cloned()
            .collect();
        Ok(SchemaSet { schemas, resource_types: resource_types.into() })
    }
}

impl Definition {
    fn from_json(json: &Value) -> Result<Self, SchemaError> {
        let Value::Object(fields) = json else {
            return Err(SchemaError::NotAnObject { at: "resource type".into() });
        };
        let text = |field: &'static str| match fields.get(field) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(SchemaError::BadField { at: "resource type".into(), field, expected: "a string" }),
            None => Err(SchemaError::MissingField { at: "resource type".into(), field }),
        };
        let name = text("name")?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return Err(SchemaError::BadField {
                at: name,
                field: "name",
                expected: "letters, digits, `-` or `_`",
            });
        }
        let endpoint = text("endpoint")?;
        let is_segment = endpoint.strip_prefix('/').is_some_and(|segment| {
            !segment.is_empty()
                && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
        if !is_segment {
            return Err(SchemaError::BadField {
                at: name,
                field: "endpoint",
                expected: "a slash and one path segment of letters, digits, `-` or `_`",
            });
        }
        let description =
            if fields.contains_key("description") { text("description")? } else { String::new() };
        let wrong =
            |expected| SchemaError::BadField { at: name.clone(), field: "schemaExtensions", expected };
        let mut extensions = Vec::new();
        match fields.get("schemaExtensions") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for extension in list {
                    let (Some(Value::String(schema)), Some(Value::Bool(required))) =
                        (extension.get("schema"), extension.get("required"))
                    else {
                        return Err(wrong("objects with `schema` (URI) and `required` (boolean)"));
                    };
                    extensions.push((schema.clone(), *required));
                }
            }
            Some(_) => return Err(wrong("an array")),
        }
        Ok(Self { schema: text("schema")?, name, endpoint, description, extensions })
    }
}

/// Endpoints of the protocol itself (RFC 7644 3.2).
const RESERVED_ENDPOINTS: [&str; 5] =
    ["/Bulk", "/Me", "/ResourceTypes", "/Schemas", "/ServiceProviderConfig"];

const USER_TYPE: &str = r#"{
    "name": "User", "endpoint": "/Users", "description": "User account",
    "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
    "schemaExtensions": [
        { "schema": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "required": false }
    ]
}"#;

const GROUP_TYPE: &str = r#"{
    "name": "Group", "endpoint": "/Groups", "description": "Group of users and groups",
    "schema": "urn:ietf:params:scim:schemas:core:2.0:Group"
}"#;

static STANDARD_SCHEMAS: LazyLock<Vec<Arc<Schema>>> = LazyLock::new(|| {
    [
        include_str!("schemas/user.json"),
        include_str!("schemas/group.json"),
        include_str!("schemas/enterprise-user.json"),
        include_str!("schemas/service-provider-config.json"),
        include_str!("schemas/resource-type.json"),
        include_str!("schemas/schema.json"),
    ]
    .into_iter()
    .map(|text| Arc::new(built_in(Schema::from_json(&parse(text)))))
    .collect()
});

static STANDARD: LazyLock<SchemaSet> = LazyLock::new(|| {
    built_in(
        SchemaSet::builder().user(&[]).and_then(SchemaSetBuilder::group).and_then(SchemaSetBuilder::build),
    )
});

#[expect(clippy::expect_used, reason = "the text is part of this crate; the tests read all of it")]
fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("built-in definition is JSON")
}

#[expect(clippy::expect_used, reason = "the definitions are part of this crate; the tests build all of them")]
fn built_in<T>(result: Result<T, SchemaError>) -> T {
    result.expect("built-in definition is valid")
}
