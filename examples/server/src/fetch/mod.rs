//! Fetching metadata from an address that somebody typed in.
//!
//! Whoever may name an address makes this server speak to it, from inside of whatever network it stands in. So: HTTPS
//! alone, with a certificate that is good for the name; names are resolved once, every address must be a public one, and
//! the connection goes to exactly those addresses; a redirect leads to the same host or nowhere; size and time are
//! limited; what the other side says of itself (content type, length) is not believed.

mod address;

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Uri, header};
use tokio::sync::Semaphore;
use ureq::config::Config;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

pub use address::is_public;

/// How metadata is fetched.
#[derive(Clone, Debug)]
pub struct Fetcher {
    options: FetchOptions,
    free: Arc<Semaphore>,
}

/// What the operator decides about fetching.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// Addresses that are not public may be fetched from too.
    ///
    /// # Security
    /// Whoever administers a tenant can then make this server ask any HTTPS service in its own network, such as that of
    /// the cloud's instance metadata, and learn from the error whether it is there. For installations whose tenants are
    /// trusted with that.
    pub danger_private_addresses: bool,
    /// The certificates that other servers' must lead to, in PEM; the system's if none are given.
    pub roots: Option<Vec<u8>>,
    /// Bytes of a document at most.
    pub limit: usize,
    /// Time for everything together.
    pub time: Duration,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            danger_private_addresses: false,
            roots: None,
            limit: crate::http::body::METADATA_LIMIT,
            time: TIME,
        }
    }
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(FetchOptions::default())
    }
}

impl Fetcher {
    /// A fetcher with these options.
    #[must_use]
    pub fn new(options: FetchOptions) -> Self {
        Self { options, free: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Fetches a document.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let target = Target::parse(url)?;
        let place = self.free.clone().try_acquire_owned().map_err(|_| FetchError::Busy)?;
        let options = self.options.clone();
        let time = options.time;
        let work = tokio::task::spawn_blocking(move || {
            let done = fetch(&target, &options);
            // Kept by the thread, not by the caller, who may long have left: a resolver cannot be interrupted.
            drop(place);
            done
        });
        match tokio::time::timeout(time.saturating_add(GRACE), work).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(FetchError::Broken { reason: "the work was broken off".to_owned() }),
            Err(_) => Err(FetchError::TimedOut { seconds: time.as_secs() }),
        }
    }
}

/// An address, read.
#[derive(Clone, Debug)]
struct Target {
    uri: Uri,
    host: String,
    port: u16,
}

impl Target {
    fn parse(url: &str) -> Result<Self, FetchError> {
        let refused = || FetchError::Url;
        if url.len() > MOST_URL || url.contains('#') {
            return Err(refused());
        }
        let uri: Uri = url.trim().parse().map_err(|_| refused())?;
        let authority = uri.authority().ok_or_else(refused)?;
        if uri.scheme_str() != Some("https") || authority.as_str().contains('@') {
            return Err(refused());
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(refused());
        }
        Ok(Self { port: authority.port_u16().unwrap_or(443), host, uri })
    }

    /// Where a redirect leads, if that is the same host.
    fn follow(&self, location: &str) -> Result<Self, FetchError> {
        let elsewhere = || FetchError::Redirect { to: location.chars().take(SHOWN).collect() };
        let next = if location.starts_with('/') && !location.starts_with("//") {
            let authority = self.uri.authority().ok_or(FetchError::Url)?;
            Self::parse(&format!("https://{authority}{location}")).map_err(|_| elsewhere())?
        } else {
            Self::parse(location).map_err(|_| elsewhere())?
        };
        if next.host != self.host || next.port != self.port {
            return Err(elsewhere());
        }
        Ok(next)
    }

    /// The addresses of the host: each of them one that may be asked.
    fn resolve(&self, options: &FetchOptions) -> Result<Vec<SocketAddr>, FetchError> {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let found = (bare, self.port).to_socket_addrs().map_err(|_| FetchError::NoHost)?;
        let found: Vec<SocketAddr> = found.take(MOST_ADDRESSES).collect();
        if found.is_empty() {
            return Err(FetchError::NoHost);
        }
        // One that is not public spoils the rest: it is how a name is turned against the network behind us.
        let private = found.iter().any(|address| !is_public(address.ip()));
        if private && !options.danger_private_addresses {
            return Err(FetchError::NotPublic);
        }
        Ok(found)
    }
}

fn fetch(target: &Target, options: &FetchOptions) -> Result<Vec<u8>, FetchError> {
    let agent = agent(target.resolve(options)?, options)?;
    let mut target = target.clone();
    for _ in 0..=MOST_REDIRECTS {
        let mut answer = agent
            .get(target.uri.clone())
            .header(header::ACCEPT, "application/samlmetadata+xml, application/xml, text/xml, */*;q=0.1")
            .call()
            .map_err(|error| failure(&error, options))?;
        match answer.status().as_u16() {
            200 => return read(&mut answer, options),
            301 | 302 | 303 | 307 | 308 => {
                let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                target = target.follow(location.unwrap_or_default())?;
            }
            status => return Err(FetchError::Status { status }),
        }
    }
    Err(FetchError::TooManyRedirects)
}

fn read(answer: &mut Response<Body>, options: &FetchOptions) -> Result<Vec<u8>, FetchError> {
    // The library refuses what reaches its limit.
    let limit = u64::try_from(options.limit).unwrap_or(u64::MAX).saturating_add(1);
    answer.body_mut().with_config().limit(limit).read_to_vec().map_err(|error| failure(&error, options))
}

fn agent(addresses: Vec<SocketAddr>, options: &FetchOptions) -> Result<Agent, FetchError> {
    let roots = match &options.roots {
        Some(pem) => {
            let found: Result<Vec<Certificate<'static>>, _> = ureq::tls::parse_pem(pem)
                .filter_map(|item| match item {
                    Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(Ok(certificate)),
                    Ok(_) => None,
                    Err(error) => Some(Err(error)),
                })
                .collect();
            let found = found.map_err(|error| FetchError::Tls { reason: error.to_string() })?;
            RootCerts::new_with_certs(&found)
        }
        None => RootCerts::PlatformVerifier,
    };
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
    let config = Agent::config_builder()
        .https_only(true)
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .save_redirect_history(false)
        .max_response_header_size(MOST_HEADER_BYTES)
        .timeout_global(Some(options.time))
        .timeout_connect(Some(CONNECT_TIME.min(options.time)))
        .user_agent(concat!("example-server/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    Ok(Agent::with_parts(config, DefaultConnector::default(), Checked(addresses)))
}

/// Gives the addresses that were checked, whatever is asked: no second look-up can give another answer.
#[derive(Debug)]
struct Checked(Vec<SocketAddr>);

impl Resolver for Checked {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut out = self.empty();
        for address in self.0.iter().take(MOST_ADDRESSES) {
            out.push(*address);
        }
        Ok(out)
    }
}

fn failure(error: &ureq::Error, options: &FetchOptions) -> FetchError {
    let reason = || error.to_string().chars().take(SHOWN).collect();
    match error {
        ureq::Error::Timeout(_) => FetchError::TimedOut { seconds: options.time.as_secs() },
        ureq::Error::BodyExceedsLimit(_) => FetchError::TooLarge { limit: options.limit },
        ureq::Error::HostNotFound => FetchError::NoHost,
        ureq::Error::Tls(_) | ureq::Error::NativeTls(_) | ureq::Error::Der(_) | ureq::Error::Pem(_) => {
            FetchError::Tls { reason: reason() }
        }
        ureq::Error::ConnectionFailed => FetchError::NoConnection { reason: reason() },
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            FetchError::TimedOut { seconds: options.time.as_secs() }
        }
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            FetchError::NoConnection { reason: error.to_string() }
        }
        _ => FetchError::Broken { reason: reason() },
    }
}

/// Why a document was not fetched.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The answer broke off, or is no HTTP.
    #[error("the answer is broken: {reason}")]
    Broken {
        /// How.
        reason: String,
    },
    /// Too many are under way.
    #[error("too many addresses are being fetched now; try again in a minute")]
    Busy,
    /// Nobody answers there.
    #[error("there is no connection to the address: {reason}")]
    NoConnection {
        /// What the system said.
        reason: String,
    },
    /// The name has no address.
    #[error("the host of the address is not known in DNS")]
    NoHost,
    /// The name leads into a network that is not public.
    // Where is not told: it would make this a window into the names of the inside.
    #[error("the host leads to an address that is not public")]
    NotPublic,
    /// It leads to another host.
    #[error("the address redirects to another place: {to}")]
    Redirect {
        /// Where.
        to: String,
    },
    /// The answer is no document.
    #[error("the server there answers with status {status}")]
    Status {
        /// Its status.
        status: u16,
    },
    /// It took too long.
    #[error("the server there did not answer whole within {seconds} seconds")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
    /// Its certificate is not good, or it speaks no TLS.
    #[error("the server there has no good certificate for its name, or speaks no TLS: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// It is too long.
    #[error("the document is longer than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: usize,
    },
    /// It redirects again and again.
    #[error("the address redirects more than {MOST_REDIRECTS} times")]
    TooManyRedirects,
    /// It is no address for this.
    #[error("this is no https address without user name and fragment")]
    Url,
}

impl FetchError {
    /// Stable identifier for logs, metrics and pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "fetch.broken",
            Self::Busy => "fetch.busy",
            Self::NoConnection { .. } => "fetch.no_connection",
            Self::NoHost => "fetch.no_host",
            Self::NotPublic => "fetch.not_public",
            Self::Redirect { .. } => "fetch.redirect",
            Self::Status { .. } => "fetch.status",
            Self::TimedOut { .. } => "fetch.timed_out",
            Self::Tls { .. } => "fetch.tls",
            Self::TooLarge { .. } => "fetch.too_large",
            Self::TooManyRedirects => "fetch.too_many_redirects",
            Self::Url => "fetch.url",
        }
    }

    /// What an admin should do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Broken { .. } | Self::NoConnection { .. } | Self::TimedOut { .. } | Self::Busy => {
                "try again later, or download the metadata and upload it as a file"
            }
            Self::NoHost | Self::Url => "copy the address of the metadata from your identity provider again",
            Self::NotPublic => {
                "this server fetches from public addresses alone; upload the metadata as a file"
            }
            Self::Redirect { .. } | Self::TooManyRedirects => {
                "give the address at which the metadata itself is found, as your identity provider shows it"
            }
            Self::Status { .. } => {
                "open the address in a browser that is not signed in: it must show the metadata XML"
            }
            Self::Tls { .. } => {
                "the server of the metadata needs a certificate that browsers accept; or upload the metadata as a file"
            }
            Self::TooLarge { .. } => {
                "give the address of your own provider's metadata, not that of a federation"
            }
        }
    }
}

/// A fetch holds a thread; admins are few.
const AT_ONCE: usize = 8;
const TIME: Duration = Duration::from_secs(15);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// The resolver's own patience.
const GRACE: Duration = Duration::from_secs(5);
const MOST_REDIRECTS: usize = 3;
const MOST_ADDRESSES: usize = 16;
const MOST_URL: usize = 2048;
const MOST_HEADER_BYTES: usize = 64 * 1024;
/// Enough of a text from outside to tell what it is.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests;
