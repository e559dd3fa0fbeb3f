//! Membership as deltas: what a request does to a group's members, without the group.

use std::borrow::Cow;
use std::collections::HashMap;

use scim_filter::{CompareOp, Filter, Literal, PatchPath};
use scim_schema::{AttrPath, Mutability, Resource, ResourceType};
use serde_json::{Map, Value};

use crate::changes::changes;
use crate::request::{Op, Operation, parse_path};
use crate::soften::soften;
use crate::step::{Action, Target, Tolerance, steps};
use crate::value::{Place, identity, is_keyed};
use crate::{Change, Limits, PatchError, PatchRequest, Patched, Quirk, QuirkUse};

/// Takes a PATCH of a group apart, for a host that keeps members in a table of their own: what happens to the members,
/// and what is left for the group's own attributes. The group is not needed, so that adding one member costs the same
/// in a group of ten and of 100,000.
///
/// # Errors
/// [`PatchError`] for what is wrong about the members. Errors in the other operations come from [`apply`](crate::apply())
/// on [`MembershipPlan::own`].
///
/// # Examples
/// ```
/// use scim_patch::{GroupPlan, Limits, PatchRequest, Quirks, plan};
/// use scim_schema::SchemaSet;
///
/// let schemas = SchemaSet::standard();
/// let group = schemas.resource_type("Group").unwrap();
/// let body = br#"{
///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
///     "Operations": [
///         { "op": "remove", "path": "members[value eq \"u1\"]" },
///         { "op": "add", "path": "members", "value": [{ "value": "u2", "display": "Two" }] }
///     ]
/// }"#;
/// let request = PatchRequest::parse(body, Quirks::strict(), &Limits::default())?;
/// let GroupPlan::Deltas(plan) = plan(&request, group)? else { panic!() };
/// assert_eq!(plan.members().remove, ["u1"]);
/// assert_eq!(plan.members().add[0].display(), Some("Two"));
/// assert!(plan.own().is_none());
/// # Ok::<(), scim_patch::PatchError>(())
/// ```
pub fn plan(request: &PatchRequest, resource_type: &ResourceType) -> Result<GroupPlan, PatchError> {
    let mut planner = Planner {
        resource_type,
        members: members_of(resource_type),
        tolerance: Tolerance { quirks: request.quirks, uses: request.uses.clone() },
        coalesced: Coalesced::default(),
        own: Vec::new(),
    };
    for operation in &request.operations {
        if !planner.operation(operation)? {
            return Ok(GroupPlan::WholeGroup { operation: operation.index });
        }
    }
    let own = if planner.own.is_empty() {
        None
    } else {
        Some(PatchRequest { operations: planner.own, quirks: request.quirks, uses: Vec::new() })
    };
    let quirks = planner.tolerance.uses;
    Ok(GroupPlan::Deltas(MembershipPlan { members: planner.coalesced.into_change(), own, quirks }))
}

/// Takes the members out of a group that a PUT sends: they replace all that there are. A PUT without `members` leaves
/// none (RFC 7644 3.5.1).
///
/// Call it after the resource was checked; afterwards the resource has no `members`.
///
/// # Errors
/// [`PatchError::RequiredMissing`] for a member without `value`, [`PatchError::WrongType`] for what is no member.
pub fn plan_replace(
    group: &mut Resource,
    resource_type: &ResourceType,
) -> Result<MembershipChange, PatchError> {
    let Some(path) = members_of(resource_type) else { return Ok(MembershipChange::default()) };
    let place = Place { operation: 0, path: &path };
    let sent = group.remove_attribute(&path).unwrap_or(Value::Array(Vec::new()));
    let mut coalesced = Coalesced::default();
    coalesced.replace(&path, place.elements(&sent, true)?);
    Ok(coalesced.into_change())
}

/// How a host carries out a PATCH of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupPlan {
    /// As changes of rows, with the group's own attributes apart.
    Deltas(MembershipPlan),
    /// Only with all members at hand: load them and call [`apply`](crate::apply()). Operations that ask about a member's
    /// data (`members[type eq "Group"]`) or change it need that; known clients send none.
    WholeGroup {
        /// Index of the operation that needs it.
        operation: usize,
    },
}

/// A PATCH of a group in two parts.
#[derive(Clone, Debug, PartialEq)]
pub struct MembershipPlan {
    members: MembershipChange,
    own: Option<PatchRequest>,
    quirks: Vec<QuirkUse>,
}

impl MembershipPlan {
    /// What happens to the members.
    #[must_use]
    pub fn members(&self) -> &MembershipChange {
        &self.members
    }

    /// What is left for the group itself, to be given to [`apply`](crate::apply()) with the group without its members;
    /// `None` if the request is about members alone.
    #[must_use]
    pub fn own(&self) -> Option<&PatchRequest> {
        self.own.as_ref()
    }

    /// Puts the parts together again once both are done. `own` is what [`apply`](crate::apply()) made of
    /// [`MembershipPlan::own`].
    #[must_use]
    pub fn finish(self, own: Option<Patched>, rows: RowCounts) -> Finished {
        let mut quirks = self.quirks;
        let mut changed = rows != RowCounts::default();
        let (resource, touched) = match own {
            Some(own) => {
                changed |= own.changed();
                quirks.extend(own.quirks);
                (Some(own.resource), own.touched)
            }
            None => (None, Vec::new()),
        };
        Finished { changed, resource, touched, rows, quirks }
    }
}

/// How many rows of the membership table a host really changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows that came; members that were there already don't count, unless a renewed one says something else than before.
    pub inserted: u64,
    /// Rows that went, those of renewed members among them that came with something else.
    pub deleted: u64,
}

/// What a PATCH of a group came to.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Whether the group is another one now, so that it gets a new version and `lastModified` (P30).
    pub changed: bool,
    /// The group without members afterwards; `None` if the request was about members alone.
    pub resource: Option<Resource>,
    /// The group's own attributes that the request named.
    pub touched: Vec<AttrPath>,
    /// The rows that changed.
    pub rows: RowCounts,
    /// The quirks that were needed.
    pub quirks: Vec<QuirkUse>,
}

impl Finished {
    /// What changed in the group's own attributes since `before`, the group that the rest of the request was applied to.
    #[must_use]
    pub fn changes(&self, before: &Resource) -> Vec<Change> {
        self.resource.as_ref().map_or_else(Vec::new, |after| changes(before, after, &self.touched))
    }
}

/// What happens to the members of a group, the same in effect as all operations in their order.
///
/// Either `replace_all` is there, or `add` and `remove` are, which have no member in common, so that a host may carry
/// them out in any order. A member that is there already stays as it is when it is added again, so an insert that
/// ignores conflicts is right. The exception is a member that [`is_renewed`](Member::is_renewed): a host that keeps more
/// of a member than its id puts what was sent in the place of a row that says something else.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MembershipChange {
    /// Members to add unless they are there, each once, in the order sent.
    pub add: Vec<Member>,
    /// Ids of members to remove if they are there, each once.
    pub remove: Vec<String>,
    /// The members that there are afterwards, all others going; empty for none.
    pub replace_all: Option<Vec<Member>>,
}

impl MembershipChange {
    /// Whether nothing happens, whoever the members are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty() && self.replace_all.is_none()
    }

    /// Ids that would come, so that the host can look for unknown ones.
    pub fn added_ids(&self) -> impl Iterator<Item = &str> {
        self.add.iter().chain(self.replace_all.iter().flatten()).map(Member::value)
    }
}

/// One member as it was sent, in the schema's spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    value: String,
    element: Map<String, Value>,
    renewed: bool,
}

impl Member {
    /// The member's id.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The name that the client sent for people to read.
    #[must_use]
    pub fn display(&self) -> Option<&str> {
        self.text("display")
    }

    /// `type`: `User` or `Group`, if the client said so.
    #[must_use]
    pub fn member_type(&self) -> Option<&str> {
        self.text("type")
    }

    /// `$ref`, if the client sent it.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.text("$ref")
    }

    /// Whether the request took the member away before it added it. Then it is there as it was sent now, even if it was
    /// there before with another `display`: operations apply in order (RFC 7644 3.5.2), and what can't be changed in a
    /// member (RFC 7643 4.2) can come anew with it.
    #[must_use]
    pub fn is_renewed(&self) -> bool {
        self.renewed
    }

    /// All sub-attributes that were sent, `value` among them.
    #[must_use]
    pub fn element(&self) -> &Map<String, Value> {
        &self.element
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.element.get(name).and_then(Value::as_str)
    }
}

struct Planner<'a> {
    resource_type: &'a ResourceType,
    /// `members`, if the resource type has one that can be planned.
    members: Option<AttrPath>,
    tolerance: Tolerance,
    coalesced: Coalesced,
    own: Vec<Operation>,
}

impl Planner<'_> {
    /// Takes one operation in; `false` if it cannot be planned.
    fn operation(&mut self, operation: &Operation) -> Result<bool, PatchError> {
        if operation.path.is_some() {
            if self.is_about_members(operation) {
                return self.member_operation(operation);
            }
            self.own.push(operation.clone());
            return Ok(true);
        }
        let Some(Value::Object(fields)) = &operation.value else {
            self.own.push(operation.clone());
            return Ok(true);
        };
        let mut rest = Map::new();
        for (name, value) in fields {
            match self.key_operation(operation, name, value) {
                Some(operation) => {
                    if !self.member_operation(&operation)? {
                        return Ok(false);
                    }
                }
                None => {
                    rest.insert(name.clone(), value.clone());
                }
            }
        }
        // An empty object stays with the group: `apply` says what it thinks of it.
        if !rest.is_empty() || fields.is_empty() {
            self.own.push(Operation { value: Some(Value::Object(rest)), ..operation.clone() });
        }
        Ok(true)
    }

    /// The operation with a path that a key of a path-less value stands for, if it is about members.
    fn key_operation(&mut self, operation: &Operation, name: &str, value: &Value) -> Option<Operation> {
        let members = self.members.as_ref()?;
        let is_plain = name.eq_ignore_ascii_case(&members.attribute().name);
        let is_path = name.contains(['.', '[', ':']);
        let is_tolerated = is_path && self.tolerance.has(Quirk::PathKeys);
        if !(is_plain || is_tolerated) {
            return None;
        }
        let path = parse_path(name, operation.index, &Limits::default()).ok()?;
        let operation = Operation {
            index: operation.index,
            op: operation.op,
            path: Some(path),
            value: Some(value.clone()),
        };
        if !self.is_about_members(&operation) {
            return None;
        }
        if !is_plain {
            self.tolerance.note(Quirk::PathKeys, operation.index);
        }
        Some(operation)
    }

    fn is_about_members(&self, operation: &Operation) -> bool {
        let Some(members) = &self.members else { return false };
        let text = match &operation.path {
            Some(PatchPath::Attribute(path)) => path.as_str(),
            Some(PatchPath::Value { value_path, .. }) => value_path.path().as_str(),
            Some(PatchPath::Schema(_)) | None => return false,
        };
        self.resource_type.resolve_attribute(text).is_ok_and(|path| path.without_sub() == *members)
    }

    fn member_operation(&mut self, operation: &Operation) -> Result<bool, PatchError> {
        for step in steps(operation, self.resource_type, None, &mut self.tolerance)? {
            if let Target::Elements { path, .. } = &step.target {
                let filter = match &operation.path {
                    Some(PatchPath::Value { value_path, .. }) => ids(value_path.filter()),
                    _ => None,
                };
                match (operation.op, path.sub(), filter) {
                    (Op::Remove, None, Some(ids)) => {
                        for id in ids {
                            self.coalesced.remove(path, Value::String(id));
                        }
                        continue;
                    }
                    _ => return Ok(false),
                }
            }
            if matches!(&step.target, Target::Attribute(path) if path.sub().is_some()) {
                return Ok(false);
            }
            let step = soften(step, self.resource_type, &[], &mut self.tolerance);
            let Target::Attribute(path) = &step.target else { return Ok(false) };
            self.member_step(&Place { operation: step.operation, path }, &step.action)?;
        }
        Ok(true)
    }

    fn member_step(&mut self, place: &Place<'_>, action: &Action<'_>) -> Result<(), PatchError> {
        match action {
            Action::Add(value) => {
                for element in place.added_elements(value)? {
                    self.coalesced.add(place.path, element);
                }
            }
            Action::Replace(value) => {
                let elements = if value.is_null() { Vec::new() } else { place.elements(value, false)? };
                self.coalesced.replace(place.path, elements);
            }
            Action::Remove => self.coalesced.clear(),
            Action::RemoveListed(value) => {
                for element in place.elements(value, true)? {
                    if let Some(id) = element.get("value") {
                        self.coalesced.remove(place.path, id.clone());
                    }
                }
            }
        }
        Ok(())
    }
}

/// The state of members as far as a request knows it.
#[derive(Default)]
struct Coalesced {
    /// Whether whatever was there before is gone.
    cleared: bool,
    /// Present or gone, in the order first named; a later word about the same id takes the place of an earlier one.
    entries: Vec<(String, Option<Member>)>,
    index: HashMap<String, usize>,
}

impl Coalesced {
    fn clear(&mut self) {
        *self = Self { cleared: true, ..Self::default() };
    }

    /// Members that are there stay as they are; the others go.
    fn replace(&mut self, path: &AttrPath, elements: Vec<Value>) {
        let mut before = std::mem::take(self);
        self.cleared = true;
        for element in elements {
            let key = key(path, &element);
            let known = before.index.get(&key).and_then(|index| before.entries.get_mut(*index));
            let member = match known {
                Some((_, Some(member))) => Some(member.clone()),
                Some((_, None)) => member(element, true),
                None => member(element, before.cleared),
            };
            if let Some(member) = member
                && self.entry(key).is_none()
            {
                self.entries.push((member.value.clone(), Some(member)));
            }
        }
    }

    fn add(&mut self, path: &AttrPath, element: Value) {
        let key = key(path, &element);
        let Some(mut member) = member(element, self.cleared) else { return };
        match self.entry(key) {
            Some((_, Some(_))) => {}
            Some((id, gone)) => {
                member.renewed = true;
                id.clone_from(&member.value);
                *gone = Some(member);
            }
            None => self.entries.push((member.value.clone(), Some(member))),
        }
    }

    fn remove(&mut self, path: &AttrPath, id: Value) {
        let mut element = Map::new();
        let text = id.as_str().unwrap_or_default().to_owned();
        element.insert("value".to_owned(), id);
        match self.entry(key(path, &Value::Object(element))) {
            Some((_, member)) => *member = None,
            None => self.entries.push((text, None)),
        }
    }

    /// The entry of this key; without one, the next entry pushed gets it.
    fn entry(&mut self, key: String) -> Option<&mut (String, Option<Member>)> {
        let next = self.entries.len();
        let index = *self.index.entry(key).or_insert(next);
        self.entries.get_mut(index)
    }

    fn into_change(self) -> MembershipChange {
        let mut change = MembershipChange::default();
        for (id, member) in self.entries {
            match member {
                Some(member) => change.add.push(member),
                None => change.remove.push(id),
            }
        }
        if self.cleared {
            change.remove.clear();
            change.replace_all = Some(std::mem::take(&mut change.add));
        }
        change
    }
}

/// What makes a member this one; its `value`.
fn key(path: &AttrPath, element: &Value) -> String {
    identity(path.attribute(), element).into_iter().next().unwrap_or_default()
}

fn member(element: Value, renewed: bool) -> Option<Member> {
    let Value::Object(element) = element else { return None };
    let value = element.get("value").and_then(Value::as_str)?.to_owned();
    Some(Member { value, element, renewed })
}

fn members_of(resource_type: &ResourceType) -> Option<AttrPath> {
    let path = resource_type.resolve_attribute("members").ok()?;
    let plannable = is_keyed(path.attribute()) && path.mutability() == Mutability::ReadWrite;
    if plannable { Some(path) } else { None }
}

/// The ids that a filter such as `value eq "x"`, or several with `or`, asks for; `None` for any other filter.
fn ids(filter: &Filter) -> Option<Vec<String>> {
    let terms = match filter {
        Filter::Or(terms) => Cow::Borrowed(&**terms),
        term => Cow::Borrowed(std::slice::from_ref(term)),
    };
    terms
        .iter()
        .map(|term| match term {
            Filter::Compare(compare)
                if compare.op == CompareOp::Eq && compare.path.as_str().eq_ignore_ascii_case("value") =>
            {
                match &compare.literal {
                    Literal::String(id) => Some(id.clone()),
                    Literal::Null | Literal::Bool(_) | Literal::Number(_) => None,
                }
            }
            _ => None,
        })
        .collect()
}
