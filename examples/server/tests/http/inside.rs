//! A server in the test's own process, beside the one that is a process of its own and on the same database: what it
//! is made of, and what time it is there, the test decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::TimeDelta;
use example_server::admin::password::Passwords;
use example_server::app::App;
use example_server::client::Client;
use example_server::operations::Operations;
use example_server::rates::{Peer, Rates};
use example_server::{clock, dns, fetch, http, quirks, serve};

use crate::common::Server;
use crate::fleet_races::{base, runtime};

/// The server; it ends with the test.
pub(crate) struct Inside {
    url: String,
    /// By how many seconds it is later there.
    later: Arc<AtomicI64>,
    app: Arc<App>,
    runtime: tokio::runtime::Runtime,
}

impl Inside {
    /// One that browsers and providers reach under the address of the other server.
    pub(crate) fn beside(server: &Server) -> Self {
        Self::with(server, |_| {})
    }

    /// The same, changed before it starts.
    pub(crate) fn with(server: &Server, change: impl FnOnce(&mut App)) -> Self {
        let runtime = runtime();
        let app = app(&runtime, server, change);
        let later = Arc::new(AtomicI64::new(0));
        let seconds = later.clone();
        let there = from_fn(move |mut request: Request, next: Next| {
            let now = clock::now() + TimeDelta::seconds(seconds.load(Ordering::SeqCst));
            request.extensions_mut().insert(Peer::from(std::net::IpAddr::from([127, 0, 0, 1])));
            clock::at(now, next.run(request))
        });
        let router = http::router(app.clone()).layer(there);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, later, app, runtime }
    }

    /// A browser without cookies.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// Somebody who is known at the other server.
    pub(crate) fn same(&self, browser: &Client) -> Client {
        let mut there = self.client();
        there.steal_cookies(browser);
        there
    }

    /// Sets the clock, counted from the test's own.
    pub(crate) fn it_is(&self, later: TimeDelta) {
        self.later.store(later.num_seconds(), Ordering::SeqCst);
    }
}

/// What a server beside the other one is made of.
pub(crate) fn app(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    change: impl FnOnce(&mut App),
) -> Arc<App> {
    let mut app = App {
        base: base(runtime, &server.folder),
        public_url: server.url.parse().unwrap(),
        region: None,
        rates: Rates::per_second("1000".parse().unwrap()),
        fetcher: fetch::Fetcher::default(),
        dns: dns::Dns::new(None),
        operations: Operations::new(),
        limits: serve::Limits::default(),
        passwords: Passwords::default(),
        quirks: quirks::QuirkLog::default(),
        secure_cookies: false,
        demo: None,
    };
    change(&mut app);
    Arc::new(app)
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.runtime.block_on(self.app.base.store.close());
    }
}
