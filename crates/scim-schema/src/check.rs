use std::fmt;

use serde_json::{Map, Value};

pub use self::error::CheckError;
pub use self::notice::Notice;
pub use self::options::{CanonicalValues, CheckOptions, Formats, SeveralPrimaries, UnknownAttributes};
use crate::attribute::{Mutability, Returned, Uniqueness};
use crate::path::AttrPath;
use crate::resource::Resource;
use crate::resource_type::ResourceType;

mod contact;
mod error;
mod merge;
mod notice;
mod options;
mod schemas;
mod values;
mod walk;

/// A resource that fits its schemas, and what the host has to do with it.
///
/// Made by [`ResourceType::check_create`], [`ResourceType::check_replace`] and [`ResourceType::check_patched`]. Not in
/// it: `id` and `meta` of a new resource, which the host sets, and write-only values, which are apart so that a host
/// that stores the resource never stores a password in clear.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct Checked {
    /// The resource: names in the schema's spelling, nothing unassigned, readOnly values as stored before.
    pub resource: Resource,
    /// What was tolerated or corrected, in the order in which it was met; some 256 at most.
    pub notices: Vec<Notice>,
    /// Values that must not occur in another resource; the host looks them up, best by a unique index.
    pub unique: Vec<UniqueValue>,
    /// Values of writeOnly attributes and sub-attributes that the request set; `null` where it cleared one. Absent means
    /// unchanged.
    pub write_only: Vec<(AttrPath, Value)>,
    /// Attributes with `returned: request` that the write specified: its response holds them (RFC 7643 7).
    pub requested: Vec<AttrPath>,
}

impl Checked {
    /// The new password in clear, if the request set one. Pass it on as it is, or hash it in the form that
    /// [`prepare_password`](crate::prepare_password) gives; never store or log it.
    pub fn password(&self) -> Option<&str> {
        self.write_only
            .iter()
            .find(|(path, _)| path.extension().is_none() && path.attribute().name == "password")
            .and_then(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("resource", &self.resource)
            .field("notices", &self.notices)
            .field("unique", &self.unique)
            .field("write_only", &self.write_only.iter().map(|(path, _)| path).collect::<Vec<_>>())
            .field("requested", &self.requested)
            .finish()
    }
}

/// A value that no other resource may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueValue {
    /// Where the value is.
    pub path: AttrPath,
    /// Its comparison key ([`fold`](crate::fold) unless `caseExact`): what a unique index holds.
    pub key: String,
    /// Among which resources: [`Uniqueness::Server`] is this resource type in this tenant.
    pub scope: Uniqueness,
}

impl ResourceType {
    /// Checks a resource that a client wants to create (RFC 7644 3.3).
    ///
    /// Values are looked at in the document's order, then defaults, requirements and `schemas`; the first rule that is
    /// broken is reported. What clients send for readOnly attributes is dropped and noted.
    ///
    /// # Errors
    /// [`CheckError`].
    ///
    /// # Security
    /// The host must enforce [`Checked::unique`], and hash what is in [`Checked::write_only`].
    ///
    /// # Examples
    /// ```
    /// use scim_schema::{CheckOptions, Limits, Resource, SchemaSet};
    ///
    /// let set = SchemaSet::standard();
    /// let user = set.resource_type("User").unwrap();
    /// let sent = br#"{
    ///     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    ///     "userName": "BJensen", "id": "mine", "password": "t1meMa$heen"
    /// }"#;
    /// let resource = Resource::parse(sent, user, &Limits::default())?;
    /// let checked = user.check_create(resource, &CheckOptions::default())?;
    ///
    /// assert_eq!(checked.password(), Some("t1meMa$heen"));
    /// assert!(!checked.resource.as_map().contains_key("password"));
    /// assert_eq!(checked.unique[0].key, "bjensen");
    /// assert_eq!(checked.notices[0].to_string(), "`id` is readOnly: what was sent is ignored");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_create(&self, resource: Resource, options: &CheckOptions) -> Result<Checked, CheckError> {
        self.check(resource, Mode::Create, options)
    }

    /// Checks a resource that a client wants to put in the place of `stored` (RFC 7644 3.5.1).
    ///
    /// readOnly values are those of `stored`. Immutable ones must be the same, are kept when left out, and taken when
    /// there was none. Every other attribute that is left out is cleared, or set to its default.
    ///
    /// # Errors
    /// [`CheckError`].
    ///
    /// # Security
    /// As [`check_create`](Self::check_create).
    pub fn check_replace(
        &self,
        resource: Resource,
        stored: &Resource,
        options: &CheckOptions,
    ) -> Result<Checked, CheckError> {
        self.check(resource, Mode::Replace(stored), options)
    }

    /// Checks the result of a PATCH against the resource before it (RFC 7644 3.5.2): as
    /// [`check_replace`](Self::check_replace), but `resource` is already the whole result. So nothing gets a default,
    /// readOnly values are restored without a notice, and an immutable value that is gone is an error.
    ///
    /// # Errors
    /// [`CheckError`].
    ///
    /// # Security
    /// As [`check_create`](Self::check_create).
    pub fn check_patched(
        &self,
        resource: Resource,
        stored: &Resource,
        options: &CheckOptions,
    ) -> Result<Checked, CheckError> {
        self.check(resource, Mode::Patch(stored), options)
    }

    fn check(
        &self,
        resource: Resource,
        mode: Mode<'_>,
        options: &CheckOptions,
    ) -> Result<Checked, CheckError> {
        let mut fields = resource.into_map();
        // Found out before the walk takes `null` away: an explicit null wins over a default (RFC 7644 3.3).
        let defaults = self.defaults_to_set(&fields, mode, options);
        let mut walk = walk::Walk::new(self, mode, options);
        walk.resource(&mut fields)?;
        let walk::Walk { mut notices, write_only, .. } = walk;

        let mut resource = Resource::from_stored(fields);
        for (path, value) in defaults {
            resource.set(&path, value.clone());
        }
        if let Some(stored) = mode.stored() {
            merge::keep_stored(self, &mut resource, stored, mode)?;
        }
        schemas::settle(self, &mut resource, options, &mut notices)?;
        self.require(&resource, &write_only, mode)?;

        let mut checked =
            Checked { resource, notices, unique: Vec::new(), write_only, requested: Vec::new() };
        self.look_through(&mut checked);
        Ok(checked)
    }

    fn defaults_to_set<'o>(
        &self,
        fields: &Map<String, Value>,
        mode: Mode<'_>,
        options: &'o CheckOptions,
    ) -> Vec<(AttrPath, &'o Value)> {
        if matches!(mode, Mode::Patch(_)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (name, value) in &options.defaults {
            // One set of options serves several resource types: a default for another one is no mistake.
            let Ok(path) = self.resolve_attribute(name) else { continue };
            let container = match path.extension() {
                None => Some(fields),
                Some(urn) => fields.get(urn).and_then(Value::as_object),
            };
            let sent = container.and_then(|fields| fields.get(path.attribute().name.as_str()));
            let sent = match path.sub() {
                None => sent.is_some(),
                Some(sub) => sent.is_some_and(|sent| sent.is_null() || sent.get(sub.name.as_str()).is_some()),
            };
            if !sent {
                found.push((path, value));
            }
        }
        found
    }

    /// RFC 7643 2.2 `required`, and RFC 7643 6: required extensions.
    fn require(
        &self,
        resource: &Resource,
        write_only: &[(AttrPath, Value)],
        mode: Mode<'_>,
    ) -> Result<(), CheckError> {
        for path in &self.special().required {
            if path.attribute().mutability == Mutability::WriteOnly {
                let set =
                    write_only.iter().find(|(known, _)| known == path).map(|(_, value)| !value.is_null());
                // Left out of a replace or PATCH it stays as it was; nobody could send it back.
                if set == Some(false) || (set.is_none() && matches!(mode, Mode::Create)) {
                    return Err(CheckError::Missing { path: path.to_string() });
                }
                continue;
            }
            match resource.attribute(path) {
                Some(value) => {
                    // RFC 7643 4.1.1: a name that must be there must not be empty.
                    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
                        return Err(CheckError::Empty { path: path.to_string() });
                    }
                }
                None => {
                    let needed = path.extension().is_none_or(|urn| {
                        resource.extension(urn).is_some()
                            || self.extension(urn).is_some_and(|known| known.required())
                    });
                    if needed {
                        return Err(CheckError::Missing { path: path.to_string() });
                    }
                }
            }
        }
        for extension in self.extensions().iter().filter(|extension| extension.required()) {
            if resource.extension(extension.schema().id()).is_none() {
                return Err(CheckError::MissingExtension { urn: extension.schema().id().to_owned() });
            }
        }
        Ok(())
    }

    /// Writes down what the host must look up and what the response must hold.
    fn look_through(&self, checked: &mut Checked) {
        let special = self.special();
        for path in &special.unique {
            for value in checked.resource.values(path) {
                if let Some(value) = crate::compare::Comparable::of(path.target(), value) {
                    checked.unique.push(UniqueValue {
                        path: path.clone(),
                        key: value.to_key(),
                        scope: path.target().uniqueness,
                    });
                }
            }
        }
        for path in &special.requested {
            if checked.resource.attribute(path).is_some() {
                checked.requested.push(path.clone());
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Mode<'a> {
    Create,
    Replace(&'a Resource),
    Patch(&'a Resource),
}

impl<'a> Mode<'a> {
    fn stored(self) -> Option<&'a Resource> {
        match self {
            Self::Create => None,
            Self::Replace(stored) | Self::Patch(stored) => Some(stored),
        }
    }
}

/// Paths of a resource type that need more than a look at their value; found once, when the type is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Special {
    /// Attributes with `required` that clients set.
    required: Vec<AttrPath>,
    /// Paths with `uniqueness`, `id` excepted: the host issues it.
    unique: Vec<AttrPath>,
    /// Attributes whose old value stays, or must stay.
    kept: Vec<AttrPath>,
    /// Attributes with a sub-attribute that is readOnly or immutable, without being so themselves.
    kept_parts: Vec<AttrPath>,
    /// Attributes with `returned: request`.
    requested: Vec<AttrPath>,
}

impl Special {
    pub(crate) fn of(paths: impl Iterator<Item = AttrPath>) -> Self {
        let mut special = Self::default();
        for path in paths {
            let attribute = path.attribute().clone();
            let by_client = attribute.mutability != Mutability::ReadOnly;
            if attribute.required && by_client && attribute.name != "schemas" {
                special.required.push(path.clone());
            }
            if attribute.uniqueness != Uniqueness::None
                && by_client
                && attribute.mutability != Mutability::WriteOnly
            {
                special.unique.push(path.clone());
            }
            match attribute.mutability {
                Mutability::ReadOnly | Mutability::Immutable => special.kept.push(path.clone()),
                Mutability::ReadWrite | Mutability::WriteOnly => {}
            }
            if attribute.returned == Returned::Request && attribute.mutability != Mutability::WriteOnly {
                special.requested.push(path.clone());
            }
            let parts = [Mutability::ReadOnly, Mutability::Immutable];
            if by_client
                && !attribute.multi_valued
                && attribute.sub_attributes.iter().any(|sub| parts.contains(&sub.mutability))
            {
                special.kept_parts.push(path.clone());
            }
            for sub in &attribute.sub_attributes {
                let wanted =
                    sub.uniqueness != Uniqueness::None && by_client && sub.mutability != Mutability::ReadOnly;
                if wanted && let Ok(path) = path.with_sub(&sub.name) {
                    special.unique.push(path);
                }
            }
        }
        special
    }
}
