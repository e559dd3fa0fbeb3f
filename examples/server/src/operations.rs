//! What an operator watches: counts for Prometheus, and whether this process is about to stop.
//!
//! Labels come from closed sets (routes, methods, codes): nothing that a client or a tenant chooses.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::store::Store;

/// Counts since the start of the process, and its state.
pub struct Operations {
    registry: Registry,
    draining: AtomicBool,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    scim: Family<ScimLabels, Counter>,
    logins: Family<CodeLabels, Counter>,
    refusals: Family<CodeLabels, Counter>,
    database_errors: Family<CodeLabels, Counter>,
    connections: Family<PoolLabels, Gauge>,
    sweeps: Family<OutcomeLabels, Counter>,
    swept: Family<TableLabels, Counter>,
}

/// A request that was answered, as it is counted.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// The template of the path.
    pub route: &'a str,
    /// The method, one that is known.
    pub method: &'static str,
    /// The status.
    pub status: u16,
    /// The code of the refusal.
    pub code: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
}

/// A request counts as under way until this is dropped.
#[derive(Debug)]
pub struct UnderWay(Gauge);

impl Operations {
    /// Everything at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let durations: Family<RouteLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(histogram);
        let mut out = Self {
            registry: Registry::default(),
            draining: AtomicBool::new(false),
            requests: Family::default(),
            durations,
            in_flight: Gauge::default(),
            scim: Family::default(),
            logins: Family::default(),
            refusals: Family::default(),
            database_errors: Family::default(),
            connections: Family::default(),
            sweeps: Family::default(),
            swept: Family::default(),
        };
        registry.register("http_requests", "Requests answered", out.requests.clone());
        let help = "How long requests took, in seconds";
        registry.register("http_request_duration_seconds", help, out.durations.clone());
        registry.register("http_requests_in_flight", "Requests under way", out.in_flight.clone());
        registry.register(
            "http_refusals",
            "Requests refused, by the code of the refusal",
            out.refusals.clone(),
        );
        registry.register("scim_operations", "SCIM operations, those of bulk requests too", out.scim.clone());
        let help =
            "Responses of identity providers, by what came of them: ok, bounced, test, or the refusal's code";
        registry.register("logins", help, out.logins.clone());
        registry.register(
            "database_errors",
            "Requests that the database failed",
            out.database_errors.clone(),
        );
        registry.register("database_connections", "Open connections", out.connections.clone());
        registry.register("sweeps", "Rounds of removing expired rows", out.sweeps.clone());
        registry.register("swept_rows", "Expired rows removed", out.swept.clone());
        out.registry = registry;
        out
    }

    /// The next answer of `/readyz` is no.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// A request has begun.
    #[must_use]
    pub fn begin(&self) -> UnderWay {
        self.in_flight.inc();
        UnderWay(self.in_flight.clone())
    }

    /// A request was answered.
    pub fn answered(&self, answered: &Answered<'_>) {
        let Answered { route, method, status, code, took } = answered;
        let route = (*route).to_owned();
        let labels = RequestLabels { route: route.clone(), method, status: *status };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&RouteLabels { route, method }).observe(took.as_secs_f64());
        if let Some(code) = code {
            let labels = CodeLabels { code: (*code).to_owned() };
            self.refusals.get_or_create(&labels).inc();
            if code.starts_with("store.") {
                self.database_errors.get_or_create(&labels).inc();
            }
        }
    }

    /// A response of an identity provider was looked at.
    pub fn login(&self, outcome: &str) {
        self.logins.get_or_create(&CodeLabels { code: outcome.to_owned() }).inc();
    }

    /// A SCIM operation was done or refused.
    pub fn scim(&self, resource: &'static str, operation: &'static str, status: u16) {
        self.scim.get_or_create(&ScimLabels { resource, operation, status }).inc();
    }

    /// A round of removing expired rows is over.
    pub fn swept(&self, outcome: &'static str, rows: &[(&'static str, u64)]) {
        self.sweeps.get_or_create(&OutcomeLabels { outcome }).inc();
        for (table, count) in rows {
            self.swept.get_or_create(&TableLabels { table }).inc_by(*count);
        }
    }

    /// All counts in the text format of Prometheus.
    #[must_use]
    pub fn text(&self, store: &Store) -> String {
        for (pool, open, idle) in store.connections() {
            let gauge = |state| self.connections.get_or_create_owned(&PoolLabels { pool, state });
            gauge("idle").set(idle);
            gauge("used").set(open.saturating_sub(idle));
        }
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            // INVARIANT: writing to a String cannot fail.
            Err(_) => String::new(),
        }
    }
}

impl Default for Operations {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations").field("draining", &self.draining).finish_non_exhaustive()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The media type of [`Operations::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ScimLabels {
    resource: &'static str,
    operation: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PoolLabels {
    pool: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TableLabels {
    table: &'static str,
}

fn histogram() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}
