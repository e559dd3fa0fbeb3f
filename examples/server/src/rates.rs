//! How many requests may come (TOK-13). The buckets are this process's own: a restart forgets them, and of several
//! nodes each would be given its part of the limit.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tenant_model::{Bucket, ConnectionId, EmailAddress, RateLimit, RateRefusal, TenantId, rate};

use crate::admin::Scope;
use crate::config::RequestsPerSecond;

/// What came lately from tenants and addresses.
#[derive(Debug)]
pub struct Rates {
    per_tenant: RateLimit,
    tenants: Buckets<TenantId>,
    peers: Buckets<Peer>,
    sign_ins: Buckets<Peer>,
    unknown_admins: Buckets<(Scope, String)>,
    records: Buckets<(TenantId, ConnectionId, &'static str)>,
    discoveries: Buckets<Peer>,
    look_ups: Buckets<TenantId>,
}

impl Rates {
    /// A limit for each tenant: so many requests a second, lasting, and two seconds' worth at once.
    #[must_use]
    pub fn per_second(requests: RequestsPerSecond) -> Self {
        let requests = requests.get();
        let per_tenant = RateLimit {
            burst: requests.saturating_mul(BURST_SECONDS),
            per_minute: requests.saturating_mul(SECONDS_A_MINUTE),
        };
        Self {
            per_tenant,
            tenants: Buckets::default(),
            peers: Buckets::default(),
            sign_ins: Buckets::default(),
            unknown_admins: Buckets::default(),
            records: Buckets::default(),
            discoveries: Buckets::default(),
            look_ups: Buckets::default(),
        }
    }

    /// Counts a request of a tenant.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many came.
    pub fn request(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<(), RateRefusal> {
        self.tenants.take(tenant, &self.per_tenant, now)
    }

    /// Counts a request whose token was not good.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many came from there.
    pub fn failure(&self, peer: Peer, now: DateTime<Utc>) -> Result<(), RateRefusal> {
        self.peers.take(&peer, &RateLimit::FAILURES_PER_ADDRESS, now)
    }

    /// Counts a question where an address signs in, whatever the answer.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many came from there.
    pub fn discovery(&self, peer: Peer, now: DateTime<Utc>) -> Result<(), RateRefusal> {
        self.discoveries.take(&peer, &RateLimit::FAILURES_PER_ADDRESS, now)
    }

    /// Counts a question to the DNS that an admin of a tenant asks for.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many were asked lately.
    pub fn look_up(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<(), RateRefusal> {
        self.look_ups.take(tenant, &RateLimit::FAILURES_PER_ADDRESS, now)
    }

    /// Counts a report on a refused login of a connection.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many were written lately.
    pub fn record(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        kind: &'static str,
        now: DateTime<Utc>,
    ) -> Result<(), RateRefusal> {
        let key = (tenant.clone(), connection.clone(), kind);
        self.records.take(&key, &RateLimit::FAILURES_PER_ADDRESS, now)
    }

    /// Counts a sign-in of an admin, whatever comes of it.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many came from there.
    pub fn sign_in(&self, peer: Peer, now: DateTime<Utc>) -> Result<(), RateRefusal> {
        self.sign_ins.take(&peer, &RateLimit::FAILURES_PER_ADDRESS, now)
    }

    /// Counts a sign-in to an account that there is not, as one to an account that there is.
    ///
    /// # Errors
    /// [`RateRefusal`] when too many came.
    pub fn unknown_admin(
        &self,
        scope: &Scope,
        email: &EmailAddress,
        limit: &RateLimit,
        now: DateTime<Utc>,
    ) -> Result<(), RateRefusal> {
        self.unknown_admins.take(&(scope.clone(), email.fold()), limit, now)
    }
}

/// Where a connection comes from: an IPv4 address or an IPv6 network of 64 bits, of which one client has every address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    /// The address, or the first one of the network.
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        })
    }
}

impl Default for Peer {
    /// Nobody knows where from: all of these count together.
    fn default() -> Self {
        Self(Ipv6Addr::UNSPECIFIED.into())
    }
}

#[derive(Debug)]
struct Buckets<K>(Mutex<HashMap<K, Bucket>>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    fn take(&self, key: &K, limit: &RateLimit, now: DateTime<Utc>) -> Result<(), RateRefusal> {
        // A panic elsewhere leaves whole buckets behind: each is replaced in one step.
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(key) {
            // Who was quiet for so long has a full bucket again, which is as good as none.
            buckets.retain(|_, bucket| now.signed_duration_since(bucket.at).num_seconds() < KEPT_SECONDS);
            // Little is gained by looking through them all for each newcomer. Better to forget than to grow.
            if buckets.len() >= MOST_KEPT {
                buckets.clear();
            }
        }
        let (bucket, verdict) = rate(limit, buckets.get(key), now);
        buckets.insert(key.clone(), bucket);
        verdict
    }
}

const BURST_SECONDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
const SECONDS_A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
/// The slowest bucket, that of guesses at an admin's password, is full after as long.
const KEPT_SECONDS: i64 = 600;
/// A bucket takes some hundred bytes; addresses are as many as an outsider has.
const MOST_BUCKETS: usize = 50_000;
const MOST_KEPT: usize = 40_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn rates() -> Rates {
        Rates::per_second("25".parse().unwrap())
    }

    fn peer(address: &str) -> Peer {
        address.parse::<IpAddr>().unwrap().into()
    }

    /// Fails from there until it is refused.
    fn exhaust(rates: &Rates, peer: Peer, now: DateTime<Utc>) -> usize {
        (0..1000).take_while(|_| rates.failure(peer, now).is_ok()).count()
    }

    // TOK-13
    #[test]
    fn each_tenant_has_two_seconds_at_once_and_then_its_rate() {
        let rates = rates();
        let [a, b] = ["a", "b"].map(|id| TenantId::parse(id).unwrap());
        let passed = |id, now| (0..1000).take_while(|_| rates.request(id, now).is_ok()).count();
        assert_eq!((passed(&a, at(0)), passed(&a, at(1)), passed(&a, at(2))), (50, 25, 25));
        assert_eq!(passed(&b, at(2)), 50);
    }

    // TOK-13
    #[test]
    fn an_ipv6_network_is_one_peer_and_a_mapped_address_is_its_ipv4_address() {
        let rates = rates();
        assert_eq!(exhaust(&rates, peer("2001:db8:0:1::1"), at(0)), 20);
        assert_eq!(exhaust(&rates, peer("2001:db8:0:1:ffff::2"), at(0)), 0);
        assert_eq!(exhaust(&rates, peer("2001:db8:0:2::1"), at(0)), 20);
        assert_eq!(exhaust(&rates, peer("192.0.2.1"), at(0)), 20);
        assert_eq!(exhaust(&rates, peer("::ffff:192.0.2.1"), at(0)), 0);
        assert_eq!(exhaust(&rates, peer("192.0.2.2"), at(0)), 20);
    }

    // TOK-13
    #[test]
    fn however_many_addresses_fail_the_memory_is_bounded_and_the_quiet_are_forgotten_first() {
        let rates = rates();
        let count = || rates.peers.0.lock().unwrap().len();
        let many = |from: u32, to: u32, now| {
            for number in from..to {
                let _ = rates.failure(Peer(std::net::Ipv4Addr::from_bits(number).into()), now);
            }
        };
        many(0, 49_999, at(0));
        let guesser = peer("192.0.2.1");
        assert_eq!(exhaust(&rates, guesser, at(KEPT_SECONDS)), 20);
        assert_eq!(count(), MOST_BUCKETS);
        many(50_000, 50_001, at(KEPT_SECONDS));
        assert_eq!(count(), 2);
        assert_eq!(exhaust(&rates, guesser, at(KEPT_SECONDS)), 0, "still known");
        many(0, 200_000, at(KEPT_SECONDS));
        assert!(count() <= MOST_BUCKETS);
    }
}
