use scim_schema::{AttrPath, Resource, ResourceType};

use crate::changes::{Change, changes};
use crate::draft::Draft;
use crate::perform::perform;
use crate::soften::soften;
use crate::step::{Target, Tolerance, steps};
use crate::{PatchError, PatchRequest, QuirkUse};

/// Applies a PATCH to a resource (RFC 7644 3.5.2): all of it, or nothing.
///
/// `resource` is the stored state, in the schema's spelling; it is not touched. The result has no new `meta`: the host
/// sets `lastModified` and the version if [`Patched::changed`] says so. Whether a unique value is taken, and whether
/// an `If-Match` holds, is the host's to decide.
///
/// # Errors
/// [`PatchError`], with the operation at fault and the answer it deserves. Operations are looked at in order, so the
/// error is that of the first that fails; what only the end can show (an extension's missing required attribute)
/// comes last.
///
/// # Security
/// A password that the request sets is in the resource in clear. `ResourceType::check_patched` of `scim-schema` takes
/// writeOnly values apart, so that what a host stores never holds one.
///
/// # Examples
/// ```
/// use scim_patch::{Limits, PatchRequest, Quirks, apply};
/// use scim_schema::{Resource, SchemaSet};
/// use serde_json::json;
///
/// let schemas = SchemaSet::standard();
/// let user = schemas.resource_type("User").unwrap();
/// let alice = json!({ "id": "1", "userName": "alice", "active": true });
/// let alice = Resource::from_map(alice.as_object().unwrap().clone(), user);
///
/// let body = br#"{
///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
///     "Operations": [{ "op": "Replace", "path": "active", "value": "False" }]
/// }"#;
/// let request = PatchRequest::parse(body, Quirks::entra(), &Limits::default())?;
/// let patched = apply(&alice, &request, user)?;
/// assert_eq!(patched.changes(&alice)[0].path, "active");
/// assert_eq!(patched.quirks[0].quirk.as_str(), "string_booleans");
///
/// let request = PatchRequest::parse(body, Quirks::strict(), &Limits::default())?;
/// let error = apply(&alice, &request, user).unwrap_err();
/// assert_eq!(error.to_string(), "operation 0: `active` must be true or false, found a string");
/// # Ok::<(), scim_patch::PatchError>(())
/// ```
pub fn apply(
    resource: &Resource,
    request: &PatchRequest,
    resource_type: &ResourceType,
) -> Result<Patched, PatchError> {
    let mut tolerance = Tolerance { quirks: request.quirks, uses: request.uses.clone() };
    let mut draft = Draft::new(resource, request.operations.len().min(MOST_AHEAD));
    for operation in &request.operations {
        for step in steps(operation, resource_type, resource.id(), &mut tolerance)? {
            let step = if request.quirks.is_strict() {
                step
            } else {
                let elements = match &step.target {
                    Target::Elements { path, .. } => draft.elements(path),
                    Target::Attribute(_) | Target::Extension(_) => &[],
                };
                soften(step, resource_type, elements, &mut tolerance)
            };
            perform(&step, resource_type, &mut draft)?;
        }
    }
    let outcome = draft.finish(resource_type)?;
    Ok(Patched {
        resource: outcome.resource,
        changed: outcome.changed,
        touched: outcome.touched,
        quirks: tolerance.uses,
    })
}

/// What a PATCH made of a resource.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The resource afterwards; equal to the one before if nothing changed.
    pub resource: Resource,
    /// The attributes that the request named, changed or not: the answer holds them even if they are returned on request
    /// only (RFC 7643 7), by [`Projection::with_requested`](scim_schema::Projection::with_requested).
    pub touched: Vec<AttrPath>,
    /// The quirks that were needed, in the order of the operations.
    pub quirks: Vec<QuirkUse>,
    changed: bool,
}

impl Patched {
    /// Whether the resource is another one now, so that it gets a new version and `lastModified` (P30).
    #[must_use]
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// What changed since `before`, the resource that the PATCH was applied to, in the order in which the operations
    /// touched it; nothing unless [`changed`](Self::changed). `schemas` is not listed: it follows the data.
    #[must_use]
    pub fn changes(&self, before: &Resource) -> Vec<Change> {
        changes(before, &self.resource, &self.touched)
    }
}

/// Touched attributes that room is made for ahead; most requests touch fewer.
const MOST_AHEAD: usize = 8;
