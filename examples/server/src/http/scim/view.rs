//! From rows to the resource that a client sees: `id`, `meta`, membership and `groups` are computed.

use scim_schema::{ETag, Meta, Resource, ResourceType};
use serde_json::{Map, Value, json};

use super::call::{Call, GROUP, USER};
use crate::store::members::Membership;
use crate::store::resources::StoredResource;

/// What is shown beside the stored body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Computed {
    /// The members of a group; `None` when nobody asked for them.
    pub(crate) members: Option<Vec<Membership>>,
    /// The groups of a user; `None` when nobody asked for them.
    pub(crate) groups: Option<Vec<Membership>>,
}

/// The resource as a client sees it, before projection.
pub(crate) fn resource(
    call: &Call<'_>,
    kind: &ResourceType,
    stored: &StoredResource,
    computed: &Computed,
) -> Resource {
    let mut fields = Map::new();
    if let Some(schemas) = stored.body.get("schemas") {
        fields.insert("schemas".to_owned(), schemas.clone());
    }
    fields.insert("id".to_owned(), json!(stored.id));
    for (name, value) in stored.body.iter().filter(|(name, _)| *name != "schemas") {
        fields.insert(name.clone(), value.clone());
    }
    if let (Some(members), GROUP) = (&computed.members, kind.name()) {
        insert_list(&mut fields, "members", members.iter().map(|member| element(call, member, &member.kind)));
    }
    if let (Some(groups), USER) = (&computed.groups, kind.name()) {
        insert_list(&mut fields, "groups", groups.iter().map(|group| element(call, group, "direct")));
    }
    let mut resource = Resource::from_stored(fields);
    resource.set_meta(&Meta {
        resource_type: kind.name().to_owned(),
        created: stored.created,
        last_modified: stored.updated,
        location: kind.location(&call.base_url, &stored.id),
        version: call.capabilities().etag.then(|| version(stored.version)),
    });
    resource
}

/// A version as `meta.version` and ETag: weak, since the same resource is shown in several projections.
pub(crate) fn version(number: i64) -> ETag {
    ETag::weak(number)
}

/// RFC 7643 2.5: an empty list is no attribute.
fn insert_list(fields: &mut Map<String, Value>, name: &str, elements: impl Iterator<Item = Value>) {
    let elements: Vec<Value> = elements.collect();
    if !elements.is_empty() {
        fields.insert(name.to_owned(), Value::Array(elements));
    }
}

fn element(call: &Call<'_>, membership: &Membership, kind: &str) -> Value {
    let mut out = json!({ "value": membership.id });
    if let Some(object) = out.as_object_mut() {
        if let Some(kind) = call.schemas.resource_type(&membership.kind) {
            object.insert("$ref".to_owned(), json!(kind.location(&call.base_url, &membership.id)));
        }
        if let Some(display) = &membership.display {
            object.insert("display".to_owned(), json!(display));
        }
        object.insert("type".to_owned(), json!(kind));
    }
    out
}
