use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::date_time::{format_date_time, parse_date_time};
use crate::error::{ScimError, ScimType};
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::version::ETag;

/// The `meta` attribute of a resource (RFC 7643 3.1); clients cannot set any of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Name of the resource type.
    pub resource_type: String,
    /// When the resource was added.
    pub created: DateTime<Utc>,
    /// When it last changed; equal to `created` when it never did.
    pub last_modified: DateTime<Utc>,
    /// URI of the resource; the same as the `Location` header.
    pub location: String,
    /// Version, the same as the `ETag` header.
    pub version: Option<ETag>,
}

impl Meta {
    /// For a resource that is added now.
    ///
    /// # Examples
    /// ```
    /// use chrono::DateTime;
    /// use scim_schema::{ETag, Meta, Resource, SchemaSet};
    ///
    /// let set = SchemaSet::standard();
    /// let user = set.resource_type("User").unwrap();
    /// let now = DateTime::from_timestamp(1_600_000_000, 0).unwrap();
    /// let mut resource = Resource::default();
    /// resource.set_id("2819c223")?;
    /// resource.set_meta(&Meta::created(user, "https://example.com/v2", "2819c223", ETag::weak(1), now));
    ///
    /// let meta = &resource.as_map()["meta"];
    /// assert_eq!(meta["location"], "https://example.com/v2/Users/2819c223");
    /// assert_eq!(meta["lastModified"], meta["created"]);
    /// assert_eq!(meta["version"], "W/\"1\"");
    /// # Ok::<(), scim_schema::IdError>(())
    /// ```
    pub fn created(
        resource_type: &ResourceType,
        base_url: &str,
        id: &str,
        version: ETag,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            resource_type: resource_type.name().to_owned(),
            created: now,
            last_modified: now,
            location: resource_type.location(base_url, id),
            version: Some(version),
        }
    }

    /// For a resource that changes now. Never earlier than before, even if the clock was set back.
    #[must_use]
    pub fn modified(self, version: ETag, now: DateTime<Utc>) -> Self {
        Self { last_modified: now.max(self.last_modified), version: Some(version), ..self }
    }

    /// The JSON form.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("resourceType".into(), json!(self.resource_type));
        out.insert("created".into(), json!(format_date_time(self.created)));
        out.insert("lastModified".into(), json!(format_date_time(self.last_modified)));
        out.insert("location".into(), json!(self.location));
        if let Some(version) = &self.version {
            out.insert("version".into(), json!(version.to_string()));
        }
        Value::Object(out)
    }
}

impl Resource {
    /// Sets the `id` that the service issues.
    ///
    /// # Errors
    /// [`IdError`] for an id that RFC 7643 3.1 forbids.
    pub fn set_id(&mut self, id: &str) -> Result<(), IdError> {
        if id.is_empty() {
            return Err(IdError::Empty);
        }
        // Anything else would make a reference `bulkId:…` ambiguous.
        if id.to_ascii_lowercase().contains("bulkid") {
            return Err(IdError::Reserved);
        }
        self.as_map_mut().insert("id".to_owned(), json!(id));
        Ok(())
    }

    /// Sets `meta`.
    pub fn set_meta(&mut self, meta: &Meta) {
        self.as_map_mut().insert("meta".to_owned(), meta.to_json());
    }

    /// The `meta` that was set; `None` if there is none or it lacks a part.
    pub fn meta(&self) -> Option<Meta> {
        let meta = self.as_map().get("meta")?;
        let text = |name: &str| meta.get(name).and_then(Value::as_str);
        Some(Meta {
            resource_type: text("resourceType")?.to_owned(),
            created: parse_date_time(text("created")?)?,
            last_modified: parse_date_time(text("lastModified")?)?,
            location: text("location")?.to_owned(),
            version: text("version").and_then(|version| ETag::parse(version).ok()),
        })
    }
}

impl ResourceType {
    /// URI of a resource of this type; `base_url` is the SCIM base without trailing slash.
    pub fn location(&self, base_url: &str, id: &str) -> String {
        let mut out = format!("{base_url}{}/", self.endpoint());
        for byte in id.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }
}

/// Why a text cannot be the id of a resource.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// RFC 7643 3.1: an id is not empty.
    #[error("an id cannot be empty")]
    Empty,
    /// RFC 7643 3.1: `bulkId` must not occur in an id.
    #[error("an id cannot contain `bulkId`")]
    Reserved,
}

impl ScimError for IdError {
    // The service issues ids; a request cannot be at fault.
    fn status(&self) -> u16 {
        500
    }

    fn scim_type(&self) -> Option<ScimType> {
        None
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "scim.id.empty",
            Self::Reserved => "scim.id.reserved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema_set::SchemaSet;

    fn instant(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn an_id_is_not_empty_and_does_not_look_like_a_bulk_id() {
        // S20, S21
        let mut resource = Resource::default();
        assert_eq!(resource.set_id(""), Err(IdError::Empty));
        assert_eq!(resource.set_id("x-bulkId:1"), Err(IdError::Reserved));
        assert_eq!(resource.set_id("BULKID"), Err(IdError::Reserved));
        assert_eq!(resource.set_id("1"), Ok(()));
        assert_eq!(resource.id(), Some("1"));
    }

    #[test]
    fn meta_comes_back_as_it_was_set_and_only_moves_forward() {
        // S24, S26, M44
        let set = SchemaSet::standard();
        let group = set.resource_type("Group").unwrap();
        let created = Meta::created(group, "https://x/v2", "a b", ETag::weak(1), instant(100));
        let mut resource = Resource::default();
        resource.set_meta(&created);
        assert_eq!(resource.meta(), Some(created.clone()));
        assert_eq!(created.location, "https://x/v2/Groups/a%20b");
        assert_eq!(created.resource_type, "Group");
        let changed = created.clone().modified(ETag::weak(2), instant(200));
        assert_eq!((changed.created, changed.last_modified), (instant(100), instant(200)));
        assert_eq!(created.modified(ETag::weak(2), instant(50)).last_modified, instant(100));
    }
}
