//! The vectors of `testdata/scim/patch` and the recorded requests of `testdata/scim/clients`.

use scim_patch::{Finished, GroupPlan, Limits, PatchError, PatchRequest, Quirks, RowCounts, apply, plan};
use scim_schema::{Resource, ResourceType, SchemaSet, urn};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::data;

/// One PATCH vector; the fields are described in `testdata/scim/patch/README.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Unique name.
    pub id: String,
    /// Rules that it proves.
    pub rules: Vec<String>,
    /// The resource before, or its name in `resources.json`.
    pub resource: Value,
    /// Files with more schemas.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// What the connection tolerates.
    #[serde(default)]
    pub quirks: Quirks,
    /// Limits of the request.
    #[serde(default)]
    pub limits: Limits,
    /// The operations, to be wrapped into a message.
    pub operations: Option<Value>,
    /// The whole body; a string is raw text.
    pub body: Option<Value>,
    /// What must come of it.
    pub expect: Expect,
}

/// What must come of a PATCH.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// JSON merge patch from the resource before to the one after.
    pub merge: Option<Value>,
    /// The changes as `[path, before, after]`.
    pub changes: Option<Vec<(String, Value, Value)>>,
    /// The switches used as `[switch, operation]`.
    #[serde(default)]
    pub quirks: Vec<(String, Option<usize>)>,
    /// `[status, scimType, code, operation]`.
    pub error: Option<(u16, Option<String>, String, Option<usize>)>,
}

impl Vector {
    /// The request body as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match (&self.body, &self.operations) {
            (Some(Value::String(text)), _) => text.clone().into_bytes(),
            (Some(body), _) => body.to_string().into_bytes(),
            (None, Some(operations)) => message(operations).to_string().into_bytes(),
            (None, None) => panic!("{}: neither body nor operations", self.id),
        }
    }

    /// The schemas in force.
    pub fn schema_set(&self) -> SchemaSet {
        schema_set(&self.schemas)
    }

    /// The resource before the request, with its type.
    pub fn before<'s>(&self, set: &'s SchemaSet) -> (Resource, &'s ResourceType) {
        let fields = match &self.resource {
            Value::String(name) => {
                let resources: Map<String, Value> = data::json("scim/patch/resources.json");
                resources.get(name).unwrap_or_else(|| panic!("{}: no resource {name}", self.id)).clone()
            }
            resource => resource.clone(),
        };
        let resource_type = type_of(&fields, set);
        (stored(&fields), resource_type)
    }
}

/// All vectors.
pub fn vectors() -> Vec<Vector> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "about")]
        _about: String,
        vectors: Vec<Vector>,
    }
    data::files("scim/patch", ".json")
        .iter()
        .filter(|file| !file.ends_with("/resources.json") && !file.contains("/schemas/"))
        .flat_map(|file| data::json::<File>(file).vectors)
        .collect()
}

/// A PATCH message around operations.
pub fn message(operations: &Value) -> Value {
    json!({ "schemas": [urn::PATCH_OP], "Operations": operations })
}

/// Users with the enterprise extension, groups, and the resource types of the named files in
/// `testdata/scim/patch/schemas`.
pub fn schema_set(files: &[String]) -> SchemaSet {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        resource_type: Value,
        schemas: Vec<Value>,
    }
    let mut builder = SchemaSet::builder()
        .user(&[])
        .and_then(|builder| builder.group())
        .expect("standard schemas are valid");
    for file in files {
        let file: File = data::json(&format!("scim/patch/schemas/{file}.json"));
        for schema in &file.schemas {
            builder = builder.schema(schema).expect("schema in testdata is valid");
        }
        builder = builder.resource_type(&file.resource_type).expect("resource type in testdata is valid");
    }
    builder.build().expect("schemas in testdata fit together")
}

/// A resource as a host stored it.
pub fn stored(fields: &Value) -> Resource {
    Resource::from_stored(fields.as_object().expect("a resource is an object").clone())
}

/// The resource type whose schema the resource lists.
pub fn type_of<'s>(fields: &Value, set: &'s SchemaSet) -> &'s ResourceType {
    let lists = |urn: &str| {
        fields["schemas"].as_array().is_some_and(|urns| urns.iter().any(|known| known.as_str() == Some(urn)))
    };
    set.resource_types()
        .iter()
        .find(|known| lists(known.schema().id()))
        .unwrap_or_else(|| panic!("no resource type for {fields}"))
}

/// Applies a JSON merge patch (RFC 7396).
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// What a host with a membership table makes of a PATCH of a group: `None` if the request needs the whole group.
///
/// # Errors
/// As `plan` and `apply`.
pub fn through_a_membership_table(
    before: &Resource,
    request: &PatchRequest,
    resource_type: &ResourceType,
) -> Result<Option<(Resource, Finished)>, PatchError> {
    let GroupPlan::Deltas(plan) = plan(request, resource_type)? else { return Ok(None) };
    let mut group = before.clone();
    let mut table: Vec<Value> = match group.as_map_mut().shift_remove("members") {
        Some(Value::Array(members)) => members,
        _ => Vec::new(),
    };
    let own = match plan.own() {
        Some(own) => Some(apply(&group, own, resource_type)?),
        None => None,
    };
    if let Some(own) = &own {
        group = own.resource.clone();
    }
    let mut rows = RowCounts::default();
    let change = plan.members();
    let stays = |row: &Value| match &change.replace_all {
        Some(all) => all.iter().any(|member| row["value"] == member.value()),
        None => !change.remove.iter().any(|id| row["value"] == **id),
    };
    let before_removal = table.len();
    table.retain(stays);
    rows.deleted = (before_removal - table.len()) as u64;
    for member in change.replace_all.iter().flatten().chain(&change.add) {
        let sent = Value::Object(member.element().clone());
        match table.iter_mut().find(|row| row["value"] == member.value()) {
            None => {
                table.push(sent);
                rows.inserted += 1;
            }
            Some(row) if member.is_renewed() && *row != sent => {
                *row = sent;
                rows.deleted += 1;
                rows.inserted += 1;
            }
            Some(_) => {}
        }
    }
    if !table.is_empty() {
        group.as_map_mut().insert("members".to_owned(), Value::Array(table));
    }
    Ok(Some((group, plan.finish(own, rows))))
}
