//! Listening, and stopping without breaking what is under way.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::{Base, Shared};
use crate::{clock, http};

/// Serves until `stop` resolves, then gives open requests a moment to end.
///
/// # Errors
/// The listener's.
pub async fn run(
    listener: TcpListener,
    app: Shared,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let sweeper = tokio::spawn(sweep(app.base.clone()));
    let (told, mut tell) = tokio::sync::watch::channel(false);
    let stopped = async move {
        stop.await;
        // INVARIANT: the receiver lives as long as this function.
        let _ = told.send(true);
    };
    let served = axum::serve(listener, http::router(app.clone())).with_graceful_shutdown(stopped);
    let deadline = async {
        // An error means that the sender is gone, and with it the server.
        let _ = tell.wait_for(|stop| *stop).await;
        tokio::time::sleep(DRAIN).await;
    };
    let outcome = tokio::select! {
        outcome = served => outcome,
        () = deadline => Ok(()),
    };
    sweeper.abort();
    app.base.store.close().await;
    outcome
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

const DRAIN: Duration = Duration::from_secs(10);
const SWEEP_EVERY: Duration = Duration::from_secs(300);
