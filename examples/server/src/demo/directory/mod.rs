//! A simulated directory: it provisions, updates, moves and deactivates people over real SCIM requests to this server,
//! step by step or by itself, while one watches.

mod page;
pub(in crate::demo) mod script;

pub(super) use page::{show, tell};

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::Mutex;

use self::script::{Step, script};
use super::tenants::{DemoTenant, TENANTS, Tokens};
use crate::app::Shared;
use crate::client::{Client, Reply};
use crate::clock;
use crate::config::PublicUrl;

/// The directories of all tenants of the demo.
#[derive(Debug)]
pub(crate) struct Directories {
    url: PublicUrl,
    all: BTreeMap<&'static str, Mutex<Directory>>,
}

impl Directories {
    /// Directories that have done nothing yet.
    pub(crate) fn new(url: PublicUrl, tokens: &Tokens) -> Self {
        let made = TENANTS.iter().filter_map(|demo| {
            let token = tokens.get(demo.id)?;
            Some((demo.id, Mutex::new(Directory::new(demo, demo.authorization(token)))))
        });
        Self { url, all: made.collect() }
    }
}

/// One directory. Who holds its lock may send.
struct Directory {
    tenant: &'static DemoTenant,
    authorization: String,
    steps: Vec<Step>,
    next: usize,
    /// What the service called those that the directory made.
    ids: BTreeMap<&'static str, String>,
    exchanges: VecDeque<Exchange>,
    running: bool,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("tenant", &self.tenant.id).finish_non_exhaustive()
    }
}

/// A request with its answer.
#[derive(Clone, Debug)]
struct Exchange {
    at: DateTime<Utc>,
    what: String,
    method: &'static str,
    path: String,
    request: Option<Value>,
    status: Option<u16>,
    answer: String,
}

impl Directory {
    fn new(tenant: &'static DemoTenant, authorization: String) -> Self {
        Self {
            tenant,
            authorization,
            steps: script(tenant),
            next: 0,
            ids: BTreeMap::new(),
            exchanges: VecDeque::new(),
            running: false,
        }
    }

    fn is_done(&self) -> bool {
        self.next >= self.steps.len()
    }

    /// From the first step on; those who are there already are found again, as a real directory does.
    fn begin_again(&mut self) {
        self.next = 0;
        self.exchanges.clear();
    }

    /// Sends what the next step says.
    async fn advance(&mut self, url: &PublicUrl, base: &str) {
        let Some(step) = self.steps.get(self.next).cloned() else { return };
        self.next = self.next.saturating_add(1);
        let exchange = self.send(url, base, &step).await;
        let taken = exchange.status == Some(409);
        if let Some(name) = step.keeps {
            let body: Value = serde_json::from_str(&exchange.answer).unwrap_or_default();
            if let Some(id) = body.get("id").and_then(Value::as_str) {
                self.ids.insert(name, id.to_owned());
            }
        }
        self.note(exchange);
        if let (true, Some(name), Some(look)) = (taken, step.keeps, step.look_up()) {
            let found = self.send(url, base, &look).await;
            let body: Value = serde_json::from_str(&found.answer).unwrap_or_default();
            if let Some(id) = body.pointer("/Resources/0/id").and_then(Value::as_str) {
                self.ids.insert(name, id.to_owned());
            }
            self.note(found);
        }
    }

    async fn send(&self, url: &PublicUrl, base: &str, step: &Step) -> Exchange {
        let fill = |text: &str| {
            self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
        };
        let path = format!("{base}{}", fill(&step.path));
        let request = step.body.as_ref().map(|body| fill(&body.to_string()));
        let (url, authorization, method) = (url.clone(), self.authorization.clone(), step.method);
        let (to, body) = (path.clone(), request.clone());
        let sent = tokio::task::spawn_blocking(move || {
            let headers =
                [("authorization", authorization.as_str()), ("content-type", "application/scim+json")];
            Client::new(url.as_str()).send(method, &to, &headers, body.unwrap_or_default().into_bytes())
        });
        let (status, answer) = match sent.await {
            Ok(Ok(Reply { status, body, .. })) => (Some(status), body),
            Ok(Err(error)) => (None, error.to_string()),
            Err(_) => (None, "the request was broken off".to_owned()),
        };
        let request = request.and_then(|text| serde_json::from_str(&text).ok());
        Exchange { at: clock::now(), what: step.what.clone(), method, path, request, status, answer }
    }

    fn note(&mut self, exchange: Exchange) {
        self.exchanges.push_front(exchange);
        self.exchanges.truncate(KEPT);
    }
}

/// Goes on by itself until the script is over or somebody says stop.
async fn run(app: Shared, tenant: &'static DemoTenant) {
    let Some(stage) = &app.demo else { return };
    let Some(directory) = stage.directories.all.get(tenant.id) else { return };
    let base = tenant.scim(&app.base).unwrap_or_default();
    loop {
        {
            let mut directory = directory.lock().await;
            if directory.running {
                directory.advance(&stage.directories.url, &base).await;
            }
            if !directory.running || directory.is_done() || app.operations.is_draining() {
                directory.running = false;
                return;
            }
        }
        tokio::time::sleep(PACE).await;
    }
}

/// Slow enough to read along.
const PACE: Duration = Duration::from_secs(3);
/// A whole round of the longest script, and more.
const KEPT: usize = 40;
