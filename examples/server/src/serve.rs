//! Listening, and stopping without breaking what is under way.

mod stream;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::app::Shared;
use crate::commands::CommandError;
use crate::rates::Peer;
use crate::serve::stream::Impatient;
use crate::{clock, http, notices, store};

/// How much a connection may ask of the server's time, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Whoever dawdles over a request's head holds a place that others need.
    pub head: Duration,
    /// From the head of a request to its answer, the time in which its body comes included.
    pub request: Duration,
    /// Until an answer is taken that is larger than the system's buffer.
    pub answer: Duration,
    /// Each holds a few kilobytes; more wait in the system's queue.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            request: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            connections: 1024,
        }
    }
}

/// Serves until `stop` resolves, goes on for as long as it says while `/readyz` answers 503, then takes no more
/// connections and gives open requests a moment to end.
///
/// # Errors
/// The listener's.
pub async fn run(
    listener: TcpListener,
    app: Shared,
    stop: impl Future<Output = Duration> + Send,
) -> std::io::Result<()> {
    let sweeper = tokio::spawn(sweep(app.clone()));
    let follower = tokio::spawn(follow(app.clone()));
    let door = Door {
        router: http::router(app.clone()),
        graceful: GracefulShutdown::new(),
        free: Arc::new(Semaphore::new(app.limits.connections)),
        limits: app.limits,
        listener,
    };
    let delay = door.open_until(stop).await;
    app.operations.drain();
    tracing::info!(seconds = delay.as_secs(), "stopping");
    door.open_until(tokio::time::sleep(delay)).await;
    let Door { listener, graceful, .. } = door;
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("some requests were not done in time"),
    }
    sweeper.abort();
    follower.abort();
    if let Err(error) = app.quirks.flush(&app.base.store, clock::now()).await {
        tracing::warn!(%error, "the deviations of clients were not noted");
    }
    app.base.store.close().await;
    Ok(())
}

/// Where connections come in.
struct Door {
    router: Router,
    graceful: GracefulShutdown,
    free: Arc<Semaphore>,
    limits: Limits,
    listener: TcpListener,
}

impl Door {
    async fn open_until<T>(&self, end: impl Future<Output = T> + Send) -> T {
        let mut end = std::pin::pin!(end);
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.listener, &self.free) => accepted,
                ended = &mut end => return ended,
            };
            if let Some((stream, peer, place)) = accepted {
                self.serve(stream, peer, place);
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: Peer, place: OwnedSemaphorePermit) {
        let routes = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            routes.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_buf_size(MOST_BUFFERED)
            .serve_connection(TokioIo::new(Impatient::new(stream, self.limits.answer)), service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
}

/// Serves the operator's pages at an address of their own, until the task is aborted.
///
/// # Errors
/// [`CommandError::Listen`].
pub async fn operator(address: SocketAddr, app: Shared) -> Result<JoinHandle<()>, CommandError> {
    let (listener, address) = bind(address).await?;
    tracing::info!(%address, "metrics are served");
    let router = http::health::operator_routes(app);
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::warn!(%error, "the operator's address is served no more");
        }
    }))
}

/// The next connection, once there is a place for it; `None` when accepting failed for the moment.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let place = free.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, Peer::from(address.ip()), place)),
        Err(error) => {
            // Out of file descriptors, or the client is gone already: neither gets better by hurrying.
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Resolves at ctrl-c, or at SIGTERM, which load balancers want some time to notice.
pub async fn signal(delay: Duration) -> Duration {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! { () = interrupt => Duration::ZERO, () = terminate => delay }
}

/// Binds the address and says which one it became.
///
/// # Errors
/// [`CommandError::Listen`] when the address is taken or not ours.
pub async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CommandError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, address))
    };
    bound
        .await
        .map_err(|error| CommandError::Listen { address: address.to_string(), reason: error.to_string() })
}

/// Reads metadata again and looks domains up again where it is due; each by one node of a fleet.
async fn follow(app: Shared) {
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        if let Err(error) = crate::idp::refresh::refresh_due(&app.base, &app.fetcher, clock::now()).await {
            tracing::warn!(%error, "metadata was not read again");
        }
        if let Err(error) = crate::domains::check_due(&app.base, &app.dns, clock::now()).await {
            tracing::warn!(%error, "domains were not looked up again");
        }
    }
}

async fn sweep(app: Shared) {
    let mut reminded: Option<tokio::time::Instant> = None;
    loop {
        match store::sweep::sweep(&app.base.store, clock::now()).await {
            Ok(rows) => app.operations.swept("ok", &rows),
            Err(error) => {
                tracing::warn!(%error, "expired rows were not swept");
                app.operations.swept("failed", &[]);
            }
        }
        if let Err(error) = app.quirks.flush(&app.base.store, clock::now()).await {
            tracing::warn!(%error, "the deviations of clients were not noted");
        }
        if reminded.is_none_or(|at| at.elapsed() >= REMIND_EVERY) {
            reminded = Some(tokio::time::Instant::now());
            if let Err(error) = notices::tell(&app.base, None, clock::now()).await {
                tracing::warn!(%error, "reminders were not told");
            }
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The head of a request fits in, with a SAML message in its query; a body is read piece by piece.
const MOST_BUFFERED: usize = 128 * 1024;
const DRAIN: Duration = Duration::from_secs(10);
const REMIND_EVERY: Duration = Duration::from_secs(3600);
const SWEEP_EVERY: Duration = Duration::from_secs(300);
const FOLLOW_EVERY: Duration = Duration::from_secs(60);
