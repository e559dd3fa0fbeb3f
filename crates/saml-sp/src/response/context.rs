//! What a response is judged against: the connection, the login that waits, the clock.

use chrono::{DateTime, Utc};

use crate::{
    Binding, Connection, PendingLogin,
    config::Unsolicited,
    enc::DecryptionContext,
    keys::PrivateKey,
    rejection::{Cause, Part, Rejection},
};

/// What a response is judged against.
pub(super) struct Context<'a> {
    pub(super) connection: Connection<'a>,
    pub(super) pending: Option<&'a PendingLogin>,
    pub(super) now: DateTime<Utc>,
    pub(super) arrived_by: Binding,
    decryption_keys: Vec<PrivateKey>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        connection: Connection<'a>,
        pending: Option<&'a PendingLogin>,
        now: DateTime<Utc>,
    ) -> Self {
        let rings = connection.sp().keys().into_iter();
        let decryption_keys =
            rings.flat_map(|ring| ring.decrypting()).map(|pair| pair.private_key().clone()).collect();
        Self { connection, pending, now, arrived_by: Binding::HttpPost, decryption_keys }
    }

    /// Sets how the response came, if not by POST.
    pub(super) fn arrived_by(mut self, binding: Binding) -> Self {
        self.arrived_by = binding;
        self
    }

    pub(super) fn skew(&self) -> u32 {
        self.connection.policy().skew.seconds()
    }

    pub(super) fn decryption(&self, signed_outside: bool) -> DecryptionContext<'_> {
        let policy = self.connection.policy();
        DecryptionContext {
            keys: &self.decryption_keys,
            recipient: self.connection.sp().entity_id().as_str(),
            policy: &policy.encryption,
            signed_outside,
            limits: &policy.limits,
        }
    }

    /// Tells whether an address is one that responses of this login may come to, and which one to name if not.
    ///
    /// The addresses come from configuration, never from a request's host header (RSP-04).
    pub(super) fn consumer(&self, address: &str) -> Result<(), String> {
        let sp = self.connection.sp();
        let (matches, expected) = match self.pending {
            Some(pending) => (pending.consumer().as_str() == address, pending.consumer()),
            None => (
                sp.consumers()
                    .iter()
                    .any(|one| one.binding == self.arrived_by && one.location.as_str() == address),
                &sp.default_consumer().location,
            ),
        };
        if matches { Ok(()) } else { Err(expected.as_str().to_owned()) }
    }

    /// Judges to which request the message is the answer (RSP-06, RSP-11, TEN-09).
    pub(super) fn check_request(&self, in_response_to: Option<&str>) -> Result<(), Rejection> {
        let Some(pending) = self.pending else {
            return match in_response_to {
                Some(found) => {
                    Err(Cause::NothingPending { part: Part::Response, found: found.to_owned() }.into())
                }
                None => match self.connection.policy().unsolicited {
                    Unsolicited::Accept => Ok(()),
                    Unsolicited::Bounce => Err(Cause::Unsolicited { bounce: true }.into()),
                    Unsolicited::Reject => Err(Cause::Unsolicited { bounce: false }.into()),
                },
            };
        };
        self.check_pending(pending)?;
        self.check_in_response_to(in_response_to, Part::Response)
    }

    /// Judges an `InResponseTo`, which stands on the response and on the confirmation of its subject.
    pub(super) fn check_in_response_to(&self, found: Option<&str>, part: Part) -> Result<(), Rejection> {
        let expected = self.pending.map(|pending| pending.request_id().as_str());
        match (expected, found) {
            (None, None) => Ok(()),
            (None, Some(found)) => Err(Cause::NothingPending { part, found: found.to_owned() }.into()),
            (Some(expected), None) => {
                Err(Cause::NoInResponseTo { part, expected: expected.to_owned() }.into())
            }
            (Some(expected), Some(found)) if expected == found => Ok(()),
            (Some(expected), Some(found)) => {
                Err(Cause::InResponseTo { part, expected: expected.to_owned(), found: found.to_owned() }
                    .into())
            }
        }
    }

    /// A pending login of another connection answers nothing here, even if all names are alike.
    fn check_pending(&self, pending: &PendingLogin) -> Result<(), Rejection> {
        let here = &self.connection;
        let names = [
            (here.key(), pending.connection()),
            (Some(here.idp().entity_id().as_str()), Some(pending.idp().as_str())),
            (Some(here.sp().entity_id().as_str()), Some(pending.sp().as_str())),
        ];
        for (expected, found) in names {
            if expected != found {
                let owned = |name: Option<&str>| name.unwrap_or_default().to_owned();
                return Err(Cause::PendingElsewhere { expected: owned(expected), found: owned(found) }.into());
            }
        }
        if self.now >= pending.expires_at() {
            return Err(Cause::PendingExpired { at: pending.expires_at(), now: self.now }.into());
        }
        Ok(())
    }
}
