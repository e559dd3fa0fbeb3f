//! What is remembered of a login that was started.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{NameIdPolicy, RequestedAuthnContext};
use crate::{EndpointUrl, EntityId, LocalPath, NameId, RequestId};

/// A login that was started and waits for its answer.
///
/// The host keeps it until the answer comes: in a store, keyed by [`PendingLogin::request_id`] together with the
/// connection, or sealed in the browser ([`PendingLogin::seal`]). It holds no secret, but it must not be changed by
/// others.
///
/// # Security
/// It binds the answer to the browser that asked only if the browser proves that it is the same, so a store also needs
/// a cookie. The answer comes as a POST from another site: the cookie needs `SameSite=None; Secure`. Use it once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PendingLogin {
    pub(super) request_id: RequestId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<String>,
    pub(super) idp: EntityId,
    pub(super) sp: EntityId,
    pub(super) consumer: EndpointUrl,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<String>,
    #[serde(default)]
    pub(super) force_authn: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name_id_policy: Option<NameIdPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requested_authn_context: Option<RequestedAuthnContext>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) return_to: Option<LocalPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<NameId>,
}

impl PendingLogin {
    /// Gives the request's id, which the answer repeats.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// Gives the key of the connection that the login was started through, if it has one.
    #[must_use]
    pub fn connection(&self) -> Option<&str> {
        self.connection.as_deref()
    }

    /// Gives the identity provider that was asked.
    #[must_use]
    pub fn idp(&self) -> &EntityId {
        &self.idp
    }

    /// Gives the service provider that asked.
    #[must_use]
    pub fn sp(&self) -> &EntityId {
        &self.sp
    }

    /// Gives the address that the answer must come to.
    #[must_use]
    pub fn consumer(&self) -> &EndpointUrl {
        &self.consumer
    }

    /// Gives the instant of the request.
    #[must_use]
    pub fn issued_at(&self) -> DateTime<Utc> {
        self.issued_at
    }

    /// Gives the instant after which the answer is no longer taken.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Gives what the host wanted to find again.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// Tells whether the person had to authenticate anew.
    #[must_use]
    pub fn force_authn(&self) -> bool {
        self.force_authn
    }

    /// Gives where on this site the person goes after signing in.
    #[must_use]
    pub fn return_to(&self) -> Option<&LocalPath> {
        self.return_to.as_ref()
    }

    pub(crate) fn name_id_policy(&self) -> Option<&NameIdPolicy> {
        self.name_id_policy.as_ref()
    }

    pub(crate) fn requested_authn_context(&self) -> Option<&RequestedAuthnContext> {
        self.requested_authn_context.as_ref()
    }

    pub(crate) fn subject(&self) -> Option<&NameId> {
        self.subject.as_ref()
    }
}
