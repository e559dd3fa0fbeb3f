//! Which deviations from the standards each connection's client shows: counted in memory, written at most once a
//! minute for each, so that a client that deviates in every request costs a write a minute and one that does not costs
//! nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tenant_model::{ConnectionId, TenantId};

use crate::store::quirks::{self, Seen};
use crate::store::{Store, StoreError};

/// The uses that are not written yet.
#[derive(Debug, Default)]
pub struct QuirkLog(Mutex<HashMap<(TenantId, ConnectionId), ByQuirk>>);

type ByQuirk = BTreeMap<&'static str, Waiting>;

#[derive(Clone, Copy, Debug)]
struct Waiting {
    uses: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    written: Option<DateTime<Utc>>,
}

impl QuirkLog {
    /// Counts uses of a connection; gives what is to be written now.
    #[must_use]
    pub fn note(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        used: &BTreeMap<&'static str, u64>,
        now: DateTime<Utc>,
    ) -> Vec<Seen> {
        if used.is_empty() {
            return Vec::new();
        }
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = log.entry((tenant.clone(), connection.clone())).or_default();
        let mut due = Vec::new();
        for (quirk, uses) in used {
            let fresh = Waiting { uses: 0, first: now, last: now, written: None };
            let waiting = known.entry(quirk).or_insert(fresh);
            if waiting.uses == 0 {
                waiting.first = now;
            }
            waiting.uses = waiting.uses.saturating_add(*uses);
            waiting.last = now;
            if waiting.written.is_none_or(|written| now.signed_duration_since(written) >= WRITE_EVERY) {
                due.extend(waiting.take(tenant, connection, quirk, now));
            }
        }
        due
    }

    /// Writes everything that waits: now and then, and when the server stops.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; the counts are lost then.
    pub async fn flush(&self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut due = Vec::new();
        for ((tenant, connection), known) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut()
        {
            for (quirk, waiting) in known {
                due.extend(waiting.take(tenant, connection, quirk, now));
            }
        }
        write(store, &due).await
    }
}

impl Waiting {
    fn take(
        &mut self,
        tenant: &TenantId,
        connection: &ConnectionId,
        quirk: &str,
        now: DateTime<Utc>,
    ) -> Option<Seen> {
        let seen = Seen {
            tenant: tenant.clone(),
            connection: connection.clone(),
            quirk: quirk.to_owned(),
            uses: self.uses,
            first: self.first,
            last: self.last,
        };
        self.uses = 0;
        self.written = Some(now);
        (seen.uses > 0).then_some(seen)
    }
}

/// Writes counts, in a transaction of their own.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn write(store: &Store, due: &[Seen]) -> Result<(), StoreError> {
    if due.is_empty() {
        return Ok(());
    }
    let mut tx = store.begin_unlocked().await?;
    for seen in due {
        quirks::add(&mut tx, seen).await?;
    }
    tx.commit().await
}

/// Often enough for a page that says what a client needs, seldom enough to cost nothing.
const WRITE_EVERY: TimeDelta = TimeDelta::seconds(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_written_at_once_and_then_once_a_minute() {
        let log = QuirkLog::default();
        let (tenant, connection) = (TenantId::parse("acme").unwrap(), ConnectionId::parse("scim").unwrap());
        let note = |quirk: &'static str, uses, second| {
            let now = DateTime::from_timestamp(second, 0).unwrap();
            let due = log.note(&tenant, &connection, &BTreeMap::from([(quirk, uses)]), now);
            due.iter()
                .map(|seen| (seen.uses, seen.first.timestamp(), seen.last.timestamp()))
                .collect::<Vec<_>>()
        };
        assert_eq!(note("a", 1, 0), [(1, 0, 0)]);
        assert_eq!(note("a", 2, 10), []);
        assert_eq!(note("b", 1, 10), [(1, 10, 10)]);
        assert_eq!(note("a", 1, 59), []);
        assert_eq!(note("a", 1, 60), [(4, 10, 60)]);
        assert_eq!(log.note(&tenant, &connection, &BTreeMap::new(), DateTime::UNIX_EPOCH), []);
    }
}
