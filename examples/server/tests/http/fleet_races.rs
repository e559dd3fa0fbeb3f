//! Two processes on one database, thousands of times at the same moment: nothing twice, nothing too much, nothing left.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Barrier;

use example_server::app::Base;
use example_server::cli::{Purpose, Which};
use example_server::client::Client;
use example_server::commands::{CommandError, token};
use example_server::store::{StoreError, people, sweep, tenants, tokens};
use serde_json::json;
use tenant_model::{ConnectionId, RoleRule, TenantId};

use crate::common::{Folder, ON_POSTGRES, create, expect, patch, user};
use crate::fleet::{PUBLIC, deliver, tenant, two};
use crate::sso::TestProvider;

/// SQLite has one writer at a time for the whole file, so fewer tries show the same.
const ROUNDS: usize = if ON_POSTGRES { 60 } else { 12 };
const UNLIMITED: &[&str] = &["--requests-per-second", "100000"];

/// Does all of it at the same moment, each in a thread of its own.
fn at_once<T: Send>(tries: Vec<Box<dyn FnOnce() -> T + Send + '_>>) -> Vec<T> {
    let start = Barrier::new(tries.len());
    std::thread::scope(|scope| {
        let start = &start;
        let threads: Vec<_> = tries
            .into_iter()
            .map(|one| {
                scope.spawn(move || {
                    start.wait();
                    one()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn boxed<'a, T>(one: impl FnOnce() -> T + Send + 'a) -> Box<dyn FnOnce() -> T + Send + 'a> {
    Box::new(one)
}

/// The same database, from this process.
pub(crate) fn base(runtime: &tokio::runtime::Runtime, folder: &Folder) -> Base {
    let database = folder.database().parse().unwrap();
    runtime.block_on(Base::open_at(&database, folder.key_file(), None)).unwrap()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

// TEN-09, ASN-05
#[test]
fn of_thousands_who_bring_one_assertion_to_two_servers_one_gets_in() {
    let (first, second) = two(&[]);
    first.command(&["tenant", "create", "--id", "globex", "--profile", "toktra"]);
    let provider = TestProvider::for_tenant(&first, "globex");
    for round in 0..ROUNDS.div_ceil(4) {
        let answer = provider.unsolicited_at(PUBLIC, "globex", &format!("u{round}@example.com"));
        let form = provider.form(&answer, None);
        let tries = (0..8).map(|number| {
            let server = if number % 2 == 0 { &first } else { &second };
            let (answer, form) = (&answer, &form);
            boxed(move || {
                let mut browser = server.client();
                let statuses: Vec<u16> =
                    (0..16).map(|_| deliver(&mut browser, answer, form.clone()).status).collect();
                assert!(statuses.iter().all(|status| matches!(status, 303 | 403 | 503)), "{statuses:?}");
                let count = |which: u16| statuses.iter().filter(|status| **status == which).count();
                (count(303), count(503))
            })
        });
        let counts = at_once(tries.collect());
        let sum = |of: fn(&(usize, usize)) -> usize| counts.iter().map(of).sum::<usize>();
        // A machine under heavy load may answer that it is busy, but never lets two in.
        let (accepted, busy) = (sum(|count| count.0), sum(|count| count.1));
        assert!(accepted == 1 || accepted == 0 && busy > 0, "round {round}: {accepted} got in");
    }
}

// TEN-15
#[test]
fn no_session_outlives_a_deactivation_on_another_server() {
    let (first, second) = two(UNLIMITED);
    let token = tenant(&first, "globex", "toktra");
    let mut directory = first.client().with_token(&token);
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let path = format!("/scim/v2/Users/{id}");
    let provider = TestProvider::for_tenant(&first, "globex");
    let (on, off) = (switch(true), switch(false));
    let mut admitted = 0;
    for round in 0..ROUNDS {
        let mut browsers: Vec<Client> =
            (0..16).map(|number| if number % 2 == 0 { first.client() } else { second.client() }).collect();
        let switcher = if round % 2 == 0 { &first } else { &second };
        let mut tries: Vec<Box<dyn FnOnce() -> u16 + Send>> = Vec::new();
        for browser in &mut browsers {
            let provider = &provider;
            let answer = provider.unsolicited_at(PUBLIC, "globex", "alice@example.com");
            let form = provider.form(&answer, None);
            tries.push(boxed(move || deliver(browser, &answer, form).status));
        }
        let (path, off, token) = (&path, &off, &token);
        tries.insert(
            round % tries.len(),
            boxed(move || switcher.client().with_token(token).scim("PATCH", path, Some(off)).unwrap().status),
        );
        let statuses = at_once(tries);
        assert!(statuses.iter().all(|status| matches!(status, 200 | 303 | 403)), "{statuses:?}");
        admitted += statuses.iter().filter(|status| **status == 303).count();
        for switched_on in [false, true] {
            for browser in &browsers {
                for server in [&first, &second] {
                    let mut there = server.client();
                    there.steal_cookies(browser);
                    let status = there.get("/v1/session").unwrap().status;
                    assert_eq!(status, 401, "round {round}, switched on again: {switched_on}: {statuses:?}");
                }
            }
            expect(&directory.scim("PATCH", path, Some(&on)).unwrap(), 200);
        }
    }
    assert!(admitted > 0, "not one login came before its deactivation");
}

fn switch(active: bool) -> serde_json::Value {
    patch(&json!([{ "op": "replace", "path": "active", "value": active }]))
}

// TEN-18
#[test]
fn however_many_servers_demote_admins_at_once_one_admin_stays() {
    let (first, second) = two(UNLIMITED);
    let token = tenant(&first, "acme", "standard");
    let mut directory = first.client().with_token(&token);
    let (runtime, tenant) = (runtime(), TenantId::parse("acme").unwrap());
    let base = base(&runtime, &first.folder);
    runtime.block_on(async {
        let mut tx = base.store.begin(&tenant).await.unwrap();
        let id = ConnectionId::parse("scim").unwrap();
        let mut connection = tenants::scim(&mut tx, &tenant, &id).await.unwrap().unwrap();
        let rule: RoleRule = serde_json::from_value(
            json!({ "equals": { "from": "userType", "value": "boss", "grant": "admin" } }),
        )
        .unwrap();
        connection.mapping.roles = connection.mapping.roles.with_rule(rule).unwrap();
        tenants::put_scim(&mut tx, &connection).await.unwrap();
        tx.commit().await.unwrap();
    });
    let admins = || {
        runtime.block_on(async {
            let mut db = base.store.read().await.unwrap();
            people::other_active_admins(&mut db, &tenant, &BTreeSet::new()).await.unwrap()
        })
    };
    let role = |name: &str| patch(&json!([{ "op": "replace", "path": "userType", "value": name }]));
    let (boss, nobody) = (role("boss"), role("nobody"));
    let paths: Vec<String> = ["a@example.com", "b@example.com"]
        .iter()
        .map(|name| format!("/scim/v2/Users/{}", create(&mut directory, "/scim/v2/Users", &user(name))))
        .collect();
    for round in 0..ROUNDS * 2 {
        for path in &paths {
            expect(&directory.scim("PATCH", path, Some(&boss)).unwrap(), 200);
        }
        assert_eq!(admins(), 2);
        let tries = (0..8).map(|number| {
            let server = if number % 2 == 0 { &first } else { &second };
            let path = &paths[(number / 2 + round) % 2];
            let (nobody, token) = (&nobody, &token);
            boxed(move || server.client().with_token(token).scim("PATCH", path, Some(nobody)).unwrap().status)
        });
        let statuses = at_once(tries.collect());
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!(admins(), 1, "round {round}");
    }
    runtime.block_on(base.store.close());
}

// TOK-04
#[test]
fn two_processes_issue_no_more_tokens_than_the_product_allows() {
    let folder = Folder::new();
    crate::common::command(&folder, &["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let (runtime, tenant) = (runtime(), TenantId::parse("acme").unwrap());
    let base = base(&runtime, &folder);
    let mut helpers = [Helper::start(&folder), Helper::start(&folder)];
    for round in 0..ROUNDS {
        for helper in &mut helpers {
            helper.send("issue 10");
        }
        let issued: usize = helpers.iter_mut().map(Helper::answer).sum();
        assert_eq!(issued, 5, "round {round}");
        let live = runtime.block_on(async {
            let mut db = base.store.read().await.unwrap();
            let id = ConnectionId::parse("scim").unwrap();
            let all = tokens::of_connection(&mut db, &tenant, &id).await.unwrap();
            all.iter().filter(|token| token.is_live(example_server::clock::now())).count()
        });
        assert_eq!(live, 5, "round {round}");
        for helper in &mut helpers {
            helper.send("revoke");
        }
        // Whoever comes second finds nothing left to revoke.
        assert_eq!(helpers.iter_mut().map(Helper::answer).sum::<usize>(), 5);
    }
    runtime.block_on(base.store.close());
}

#[test]
fn servers_that_sweep_at_once_wait_for_nobody_and_leave_what_others_hold() {
    let folder = Folder::new();
    crate::common::command(&folder, &["tenant", "list"]);
    let runtime = runtime();
    let (one, other) = (base(&runtime, &folder), base(&runtime, &folder));
    runtime.block_on(async {
        let mut tx = one.store.begin_unlocked().await.unwrap();
        for number in 0..1_200 {
            sqlx::query("INSERT INTO replay_claims (tenant_id, connection_id, claim, forget_after) VALUES ('t', 'c', $1, 1)")
                .bind(format!("claim-{number}"))
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let mut held = None;
        if ON_POSTGRES {
            let mut tx = other.store.begin_unlocked().await.unwrap();
            let lock = "SELECT claim FROM replay_claims WHERE claim = 'claim-7' FOR UPDATE";
            sqlx::query(lock).execute(&mut *tx).await.unwrap();
            held = Some(tx);
        }
        let now = example_server::clock::now();
        let (a, b) = tokio::join!(sweep::sweep(&one.store, now), sweep::sweep(&other.store, now));
        let claims = |swept: Vec<(&str, u64)>| -> u64 {
            swept.iter().filter(|(table, _)| *table == "replay_claims").map(|(_, count)| count).sum()
        };
        assert_eq!(claims(a.unwrap()) + claims(b.unwrap()), if ON_POSTGRES { 1_199 } else { 1_200 });
        drop(held);
        one.store.close().await;
        other.store.close().await;
    });
}

/// Another process that works on the database: this test program again.
struct Helper {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Helper {
    fn start(folder: &Folder) -> Self {
        let module = module_path!().split_once("::").unwrap().1;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::{HELPER}"), "--nocapture", "--test-threads=1"])
            .env(DATABASE, folder.database())
            .env(KEY_FILE, folder.key_file())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    fn send(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
    }

    fn answer(&mut self) -> usize {
        let mark = self.output.by_ref().map(Result::unwrap).find_map(|line| {
            // The test program's own words may stand before it.
            line.split_once(ANSWER).map(|(_, number)| number.parse().unwrap())
        });
        mark.unwrap()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // An error means that it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the other process does; alone it does nothing.
#[test]
fn works_as_another_process() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let (database, key_file) =
        (database.to_str().unwrap().parse().unwrap(), std::env::var_os(KEY_FILE).unwrap());
    let runtime = runtime();
    let base = runtime.block_on(Base::open_at(&database, key_file.into(), None)).unwrap();
    for order in std::io::stdin().lines() {
        let order = order.unwrap();
        let done = match order.split_once(' ') {
            Some((_, count)) => runtime.block_on(issue(&base, count.parse().unwrap())),
            None => {
                let all = Which { token: None, id: None, name: None, all: true };
                runtime.block_on(token::revoke(&base, "acme", &all)).unwrap()
            }
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{ANSWER}{done}").unwrap();
        out.flush().unwrap();
    }
}

/// Asks for tokens at once; says how many came.
async fn issue(base: &Base, count: usize) -> usize {
    let asked: Vec<_> = (0..count)
        .map(|_| {
            let base = base.clone();
            tokio::spawn(
                async move { token::issue(&base, "acme", token::Wanted::default(), Purpose::Scim).await },
            )
        })
        .collect();
    let mut issued = 0;
    for one in asked {
        match one.await.unwrap() {
            Ok(_) => issued += 1,
            Err(CommandError::Token { .. } | CommandError::Store(StoreError::Unavailable(_))) => {}
            other => assert!(other.is_ok(), "{:?}", other.err()),
        }
    }
    issued
}

const HELPER: &str = "works_as_another_process";
const DATABASE: &str = "TEST_HELPER_DATABASE";
const KEY_FILE: &str = "TEST_HELPER_KEY_FILE";
const ANSWER: &str = "helper: ";
