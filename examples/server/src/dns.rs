//! Looking up TXT records: the one thing that this server asks the DNS for itself.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use tenant_model::{DnsAnswer, MAX_TXT_RECORDS};

/// Asks a resolver of ours; it follows aliases and, where it validates, drops what is bogus.
pub struct Dns(Option<TokioResolver>);

impl Dns {
    /// Asks the given server, or else those of the system.
    #[must_use]
    pub fn new(server: Option<SocketAddr>) -> Self {
        let builder = match server {
            Some(server) => {
                Ok(TokioResolver::builder_with_config(one(server), TokioRuntimeProvider::default()))
            }
            None => TokioResolver::builder_tokio(),
        };
        let built = builder.and_then(|mut builder| {
            let options = builder.options_mut();
            // Whoever has just mended a record wants to see it; the resolver that is asked has a cache anyway.
            options.cache_size = 0;
            options.use_hosts_file = ResolveHosts::Never;
            (options.attempts, options.timeout) = (ATTEMPTS, PATIENCE);
            builder.build()
        });
        Self(built.inspect_err(|error| tracing::warn!(%error, "no DNS server can be asked")).ok())
    }

    /// The texts of the TXT records at a name, each with its strings joined.
    pub async fn txt(&self, name: &str) -> TxtAnswer {
        let Some(resolver) = &self.0 else { return TxtAnswer::Unreachable };
        // With the last dot it is a whole name: nothing of this machine's own domain is tried behind it.
        let name = format!("{}.", name.trim_end_matches('.'));
        match tokio::time::timeout(ENOUGH, resolver.lookup(name, RecordType::TXT)).await {
            Ok(Ok(found)) => TxtAnswer::Records(texts(&found)),
            Ok(Err(error)) if is_empty(&error) => TxtAnswer::Records(Vec::new()),
            Ok(Err(error)) => {
                tracing::info!(%error, "a look-up in the DNS failed");
                TxtAnswer::Unreachable
            }
            Err(_) => TxtAnswer::Unreachable,
        }
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dns").field(&self.0.is_some()).finish()
    }
}

/// What a look-up gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxtAnswer {
    /// The records, perhaps none.
    Records(Vec<String>),
    /// Nobody answered, or nothing that can be believed.
    Unreachable,
}

impl TxtAnswer {
    /// What a function makes of the answer in the terms of `tenant-model`.
    pub fn judged<T>(&self, judge: impl FnOnce(DnsAnswer<'_>) -> T) -> T {
        match self {
            Self::Records(texts) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                judge(DnsAnswer::Records(&texts))
            }
            Self::Unreachable => judge(DnsAnswer::Unreachable),
        }
    }
}

fn one(server: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
    ResolverConfig::from_name_servers(vec![server])
}

fn texts(found: &Lookup) -> Vec<String> {
    let joined = found.answers().iter().filter_map(|record| match &record.data {
        // RFC 1035 section 3.3.14: one text is cut into strings of at most 255 bytes.
        RData::TXT(txt) => String::from_utf8(txt.txt_data.concat()).ok(),
        _ => None,
    });
    joined.take(MAX_TXT_RECORDS).collect()
}

/// The server says that there is none, which is an answer; all else is not.
fn is_empty(error: &NetError) -> bool {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = error else { return false };
    matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// A datagram gets lost now and then.
const ATTEMPTS: usize = 2;
/// For one attempt.
const PATIENCE: Duration = Duration::from_secs(2);
/// For all of them, and for whatever an alias leads to: somebody waits for the page.
const ENOUGH: Duration = Duration::from_secs(8);
