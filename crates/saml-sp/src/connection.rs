//! One tie between this service provider and one identity provider.

mod certificates;

pub use certificates::{CertificateReport, CertificateReview, IdpCertificate, KeyStanding, SpCertificate};

use chrono::{DateTime, Utc};

use crate::{
    config::{IdentityProvider, Policy, ServiceProvider},
    time::later,
};

/// A service provider, an identity provider and what is demanded between them; it carries every operation.
///
/// It borrows its parts and is made for each request: a thousand tenants are a thousand values, not a global.
/// Nothing of one connection verifies for another: its keys, addresses and pending logins are its own (TEN-01, TEN-04).
///
/// * [`Connection::begin_login`] starts a login,
/// * [`Connection::accept_response`] checks the answer,
/// * [`Connection::begin_logout`] and [`Connection::accept_logout`] end the session on both sides,
/// * [`Connection::report`] tells an admin why something was refused and what to change, [`Connection::self_check`] what
///   is wrong with the settings before anybody signs in,
/// * [`Connection::certificates`] tells which certificates are in use and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    sp: &'a ServiceProvider,
    idp: &'a IdentityProvider,
    policy: &'a Policy,
    key: Option<&'a str>,
}

impl<'a> Connection<'a> {
    /// Ties the parts together.
    #[must_use]
    pub fn new(sp: &'a ServiceProvider, idp: &'a IdentityProvider, policy: &'a Policy) -> Self {
        Self { sp, idp, policy, key: None }
    }

    /// Names the connection by the host's own key, for example tenant and connection id.
    ///
    /// A pending login remembers it, and is refused by a connection with another key (TEN-09), even if both have the
    /// same identity provider.
    #[must_use]
    pub fn with_key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// Gives the host's own key of the connection.
    #[must_use]
    pub fn key(&self) -> Option<&'a str> {
        self.key
    }

    /// Gives this side.
    #[must_use]
    pub fn sp(&self) -> &'a ServiceProvider {
        self.sp
    }

    /// Gives the other side.
    #[must_use]
    pub fn idp(&self) -> &'a IdentityProvider {
        self.idp
    }

    /// Gives what is demanded.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Tells since when the identity provider's metadata must not be used, if it must not (MD-03).
    pub(crate) fn expired_metadata(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.idp.valid_until().filter(|until| now >= later(*until, self.policy.skew.seconds()))
    }
}
