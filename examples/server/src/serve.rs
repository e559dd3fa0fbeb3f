//! Listening, and stopping without breaking what is under way.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::{Base, Shared};
use crate::rates::Peer;
use crate::{clock, http};

/// Serves until `stop` resolves, then gives open requests a moment to end.
///
/// # Errors
/// The listener's.
pub async fn run(
    listener: TcpListener,
    app: Shared,
    stop: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let sweeper = tokio::spawn(sweep(app.base.clone()));
    let router = http::router(app.clone());
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            () = &mut stop => break,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let routes = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            routes.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Whoever dawdles over a request's head holds a place that others need.
            .header_read_timeout(HEAD_LIMIT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("some requests were not done in time"),
    }
    sweeper.abort();
    app.base.store.close().await;
    Ok(())
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

/// Resolves at ctrl-c or SIGTERM.
pub async fn signal() {
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
    tokio::select! { () = interrupt => {}, () = terminate => {} }
}

/// Binds the address and says which one it became.
///
/// # Errors
/// The system's, when the address is taken or not ours.
pub async fn bind(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn sweep(base: Base) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let swept = async {
            let mut tx = base.store.begin().await?;
            crate::store::logins::sweep(&mut tx, clock::now()).await?;
            tx.commit().await
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "expired rows were not swept");
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// Each holds a few kilobytes; more wait in the system's queue.
const MOST_CONNECTIONS: usize = 1024;
const DRAIN: Duration = Duration::from_secs(10);
const SWEEP_EVERY: Duration = Duration::from_secs(300);
