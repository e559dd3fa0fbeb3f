//! One request: who asks, for what, by which schemas.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode, header};
use chrono::{DateTime, Utc};
use scim_schema::message::Error;
use scim_schema::{Precondition, Projection, ResourceType, SchemaSet, Verdict};
use tenant_model::{Capabilities, Operation, Scope, TenantId};

use super::auth::Caller;
use super::fault::Fault;
use super::leniency::{Leniency, Noted};
use super::passwords::Passwords;
use super::{schemas, view};
use crate::app::App;
use crate::http::params::Params;
use crate::quirks;
use crate::rates::Peer;
use crate::store::resources::StoredResource;
use crate::store::tokens;

/// One request of an authenticated client.
pub(crate) struct Call<'a> {
    /// Database, keys, our address.
    pub(crate) app: &'a App,
    /// The request without its body.
    pub(crate) parts: &'a Parts,
    /// Who asks.
    pub(crate) caller: Caller,
    /// The schemas and resource types of the tenant.
    pub(crate) schemas: SchemaSet,
    /// The path below the base, decoded.
    pub(crate) segments: Vec<String>,
    /// The query, decoded.
    pub(crate) query: Params,
    /// The base URL as the client wrote its path, without a trailing slash.
    pub(crate) base_url: String,
    /// The instant of the request.
    pub(crate) now: DateTime<Utc>,
    /// The deviations that the connection understands.
    pub(crate) leniency: Leniency,
    /// Those that this request needed.
    pub(crate) noted: Noted,
    /// A hash made in advance.
    pub(crate) passwords: Passwords,
}

impl<'a> Call<'a> {
    /// Takes the request apart.
    pub(crate) fn new(
        app: &'a App,
        parts: &'a Parts,
        caller: Caller,
        now: DateTime<Utc>,
    ) -> Result<Self, Fault> {
        let path = parts.uri.path();
        let base = caller.place.base.clone();
        let rest = path.strip_prefix(base.as_str()).ok_or_else(|| Fault::unknown("such address"))?;
        let segments = rest
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8().map(String::from))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Fault::unknown("such address"))?;
        let schemas = schemas::of_tenant(&caller.connection.capabilities)?;
        let leniency = Leniency::of(&caller.connection.capabilities);
        Ok(Self {
            app,
            parts,
            caller,
            schemas,
            segments,
            query: Params::of(&parts.uri),
            base_url: app.public_url.join(&base),
            now,
            leniency,
            noted: Noted::default(),
            passwords: Passwords::default(),
        })
    }

    /// The tenant, from the token.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.caller.tenant.id
    }

    /// What the tenant may do.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.caller.connection.capabilities
    }

    /// The resource type at an endpoint, if the tenant has it.
    pub(crate) fn resource_type(&self, endpoint: &str) -> Result<Arc<ResourceType>, Fault> {
        self.schemas
            .resource_type_at(&format!("/{endpoint}"))
            .filter(|kind| self.capabilities().resources.contains_key(kind.name()))
            .cloned()
            .ok_or_else(|| Fault::unknown("such address"))
    }

    /// Refuses what the product does not offer (405) or the token may not do (403).
    pub(crate) fn allow(&self, kind: &ResourceType, operation: Operation) -> Result<(), Fault> {
        if !self.capabilities().allows(kind.name(), operation) {
            return Err(self.method_not_allowed(kind));
        }
        let scope = match (kind.name(), operation == Operation::Read) {
            (GROUP, true) => Scope::GroupsRead,
            (GROUP, false) => Scope::GroupsWrite,
            (USER, true) => Scope::UsersRead,
            (USER, false) => Scope::UsersWrite,
            (_, true) => Scope::ResourcesRead,
            (_, false) => Scope::ResourcesWrite,
        };
        self.caller.authenticated.require(scope).map_err(|error| {
            Fault::new(
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN),
                error.code(),
                error.to_string(),
            )
        })
    }

    /// 405 with what the address takes.
    pub(crate) fn method_not_allowed(&self, kind: &ResourceType) -> Fault {
        let offered: &[(Operation, Method)] = if self.segments.len() > 1 {
            &[
                (Operation::Read, Method::GET),
                (Operation::Replace, Method::PUT),
                (Operation::Patch, Method::PATCH),
                (Operation::Delete, Method::DELETE),
            ]
        } else {
            &[(Operation::Read, Method::GET), (Operation::Create, Method::POST)]
        };
        let names: Vec<&str> = offered
            .iter()
            .filter(|(operation, _)| self.capabilities().allows(kind.name(), *operation))
            .map(|(_, method)| method.as_str())
            .collect();
        Fault::method(&names.join(", "))
    }

    /// Which attributes the answer holds.
    pub(crate) fn projection(&self, kind: &ResourceType) -> Result<Projection, Fault> {
        let (attributes, excluded) =
            (self.query.any_case("attributes"), self.query.any_case("excludedAttributes"));
        Projection::parse(kind, attributes, excluded).map_err(|error| Fault::of(&error))
    }

    /// The conditions of the request's headers (RFC 7644 3.14); none where versions are not offered.
    pub(crate) fn condition(&self) -> Result<Precondition, Fault> {
        let header = |name: HeaderName| -> Option<String> {
            let values = self.parts.headers.get_all(name);
            let values: Vec<&str> = values.iter().filter_map(|value| value.to_str().ok()).collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        let (if_match, if_none_match) = (header(header::IF_MATCH), header(header::IF_NONE_MATCH));
        self.conditions(if_match.as_deref(), if_none_match.as_deref())
    }

    /// The same from texts.
    pub(crate) fn conditions(
        &self,
        if_match: Option<&str>,
        if_none_match: Option<&str>,
    ) -> Result<Precondition, Fault> {
        let heeded = self.capabilities().etag;
        Precondition::parse(if_match.filter(|_| heeded), if_none_match.filter(|_| heeded))
            .map_err(|error| Fault::of(&error))
    }

    /// What becomes of a request with conditions; a write to another version than the client knows is refused.
    pub(crate) fn verdict(
        condition: &Precondition,
        stored: &StoredResource,
        writes: bool,
    ) -> Result<Verdict, Fault> {
        let current = view::version(stored.version);
        let verdict =
            if writes { condition.for_write(Some(&current)) } else { condition.for_read(Some(&current)) };
        if verdict == Verdict::Failed {
            return Err(Fault::message("scim.version", &Error::precondition_failed()));
        }
        Ok(verdict)
    }

    /// Remembers what the request needed beyond the standard; a failure costs the request nothing.
    pub(crate) async fn note_quirks(&self) {
        let used = self.noted.take();
        let due = self.app.quirks.note(self.tenant(), &self.caller.connection.id, &used, self.now);
        if let Err(error) = quirks::write(&self.app.base.store, &due).await {
            tracing::warn!(%error, "the deviations of a client were not noted");
        }
    }

    /// Notes the token's use, at most every five minutes; a failure costs the request nothing.
    pub(crate) async fn note_use(&self) {
        let Some(mut used) = self.caller.used.clone() else { return };
        used.address = self.parts.extensions.get::<Peer>().map(|peer| peer.address());
        let noted = async {
            let mut tx = self.app.base.store.begin_unlocked().await?;
            tokens::note_use(&mut tx, self.tenant(), self.caller.authenticated.token(), used).await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a token's use was not noted");
        }
    }
}

/// The name of the resource type whose members are a table.
pub(crate) const GROUP: &str = "Group";
/// The name of the resource type whose resources are people.
pub(crate) const USER: &str = "User";
