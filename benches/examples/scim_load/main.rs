//! The example server at directory scale, over HTTP: look-ups among many users and among few, the first page and the
//! last, members of a large group and of a small one, and a first synchronisation.
//!
//! ```text
//! cargo build --release -p example-server
//! cargo run --release -p benches --features load --example scim_load -- --users 1000000 --group 100000 --sync 100000
//! cargo run --release -p benches --features load --example scim_load -- --database postgres --users 1000000 …
//! ```
//!
//! `--database` is `sqlite` (a file that goes away), `postgres` (a server of its own that goes away) or the URL of an
//! empty PostgreSQL database. The server is the program `server` beside this one's folder, or `--server PATH`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a program that prints what it measured"
)]

mod seed;
mod server;

use std::time::{Duration, Instant};

use chrono::DateTime;
use example_server::client::Client;
use example_server::keys::Keys;
use scim_schema::message::{CursorScope, SearchRequest};
use serde_json::{Value, json};
use tenant_model::Scope;

use crate::seed::Seed;
use crate::server::Server;

fn main() {
    let options = Options::read();
    let server = Server::start(&options.database, options.server.as_deref());
    println!("{} on {}, server {} kB at rest", options.words(), options.database, server.memory());
    let mut table = Table::default();
    let seed = Seed::new(&server);
    let mut few = seed.users(&server, "few", options.small);
    let start = Instant::now();
    let mut many = seed.users(&server, "many", options.users);
    println!("seeded {} users in {:.1} s", options.users, start.elapsed().as_secs_f64());
    seed.settle();

    look_ups(&mut table, &options, &mut few, &mut many);
    pages(&mut table, &options, &server, &seed, &mut many);
    members(&mut table, &options, &server, &seed, &mut many);
    synchronise(&mut table, &options, &server);
    table.print();
}

/// Sizes and places, from the command line.
struct Options {
    users: u64,
    small: u64,
    group: u64,
    sync: u64,
    rounds: usize,
    threads: u64,
    database: String,
    server: Option<String>,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            users: 20_000,
            small: 1_000,
            group: 5_000,
            sync: 1_000,
            rounds: 40,
            threads: 4,
            database: "sqlite".to_owned(),
            server: None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            let value = words.next().unwrap_or_else(|| panic!("{name} needs a value"));
            let number = || value.parse().unwrap_or_else(|_| panic!("{name}: {value} is no number"));
            match name.as_str() {
                "--users" => options.users = number(),
                "--small" => options.small = number(),
                "--group" => options.group = number(),
                "--sync" => options.sync = number(),
                "--rounds" => options.rounds = usize::try_from(number()).unwrap(),
                "--threads" => options.threads = number(),
                "--database" => options.database = value,
                "--server" => options.server = Some(value),
                _ => panic!("there is no option {name}"),
            }
        }
        assert!(options.users >= options.group && options.group >= 110, "--users >= --group >= 110");
        assert!(options.small >= 110 && options.rounds > 0 && options.threads > 0);
        options
    }

    fn words(&self) -> String {
        let Self { users, small, group, sync, .. } = self;
        format!("{users} users against {small}, a group of {group} against 10, {sync} users to synchronise")
    }
}

/// What a user looks up, beside the number of the users.
fn look_ups(table: &mut Table, options: &Options, few: &mut Client, many: &mut Client) {
    for (name, filter) in [("userName eq", "userName eq"), ("emails.value eq", "emails.value eq")] {
        let find = |directory: &mut Client, users: u64| {
            median(options.rounds, |round| {
                let who = seed::name((round as u64 * 7_919) % users);
                let filter = format!("{filter} \"{who}\"");
                let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
                let found = get(directory, &format!("/scim/v2/Users?filter={filter}"));
                assert_eq!(found["totalResults"], json!(1), "{who}");
            })
        };
        let (small, large) = (find(few, options.small), find(many, options.users));
        table.pair(&format!("GET /Users?filter={name}"), small, large, 2.0);
    }
}

/// The first page and the last, by cursor.
fn pages(table: &mut Table, options: &Options, server: &Server, seed: &Seed, many: &mut Client) {
    let page = "/scim/v2/Users?count=100&cursor=";
    let first = median(options.rounds, |_| {
        let found = get(many, page);
        assert!(found["nextCursor"].is_string());
    });
    // The cursor that the page before the last one ends with, made as the server makes it: walking there would take
    // as many requests as there are pages.
    let cursor = last_cursor(server, &seed.bookmark("many", 101), "many");
    let last = median(options.rounds, |_| {
        let found = get(many, &format!("{page}{cursor}"));
        assert_eq!(found["Resources"].as_array().unwrap().len(), 100);
        assert!(found.get("nextCursor").is_none(), "the last page");
    });
    table.pair("page of 100 by cursor: first, last", first, last, 2.0);
}

fn last_cursor(server: &Server, (created, id): &(i64, String), tenant: &str) -> String {
    let keys = Keys::load_or_create(&server.key_file()).unwrap();
    let query = SearchRequest::from_query([("count", "100"), ("cursor", "")]).unwrap();
    let list = server.command(&["token", "list", "--tenant", tenant]);
    let actor = list.split('\t').next().unwrap();
    let granted: Vec<&str> = Scope::all().into_iter().map(Scope::name).collect();
    let product = tenant_model::ProductProfile::built_in("standard").unwrap();
    let permissions = json!([granted, product.scim.capabilities().resources]).to_string();
    let scope = CursorScope { tenant, actor, permissions: &permissions, endpoint: "/Users", query: &query };
    let until = DateTime::from_timestamp(9_000_000_000, 0).unwrap();
    keys.cursor_key().seal(&scope, &json!([created, id]), until).unwrap()
}

/// Members that come to a group and leave it, one at a time and a hundred.
fn members(table: &mut Table, options: &Options, server: &Server, seed: &Seed, many: &mut Client) {
    let ids: Vec<String> = (1..=100).map(|number| seed::resource_id(options.users - number)).collect();
    let before = server.memory();
    for count in [1, 100] {
        let mut times = Vec::new();
        for size in [10, options.group] {
            // The first of the users: those that come and go are the last.
            let group = seed.group(many, "many", size.min(options.users - 100));
            let path = format!("/scim/v2/Groups/{group}");
            let members: Vec<Value> = ids[..count].iter().map(|id| json!({ "value": id })).collect();
            let add = patch(&json!([{ "op": "add", "path": "members", "value": members }]));
            let remove: Vec<Value> = ids[..count]
                .iter()
                .map(|id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }))
                .collect();
            let remove = patch(&Value::Array(remove));
            let mut removals = Vec::new();
            let adding = median(options.rounds, |_| {
                assert_eq!(many.scim("PATCH", &path, Some(&add)).unwrap().status, 204);
                let start = Instant::now();
                assert_eq!(many.scim("PATCH", &path, Some(&remove)).unwrap().status, 204);
                removals.push(start.elapsed());
            });
            removals.sort();
            let removing = removals[removals.len() / 2];
            times.push((adding.saturating_sub(removing), removing));
        }
        let [(add_small, remove_small), (add_large, remove_large)] = times[..] else { panic!() };
        table.pair(&format!("add {count} to a group"), add_small, add_large, 2.0);
        table.pair(&format!("remove {count} from a group"), remove_small, remove_large, 2.0);
    }
    println!("memory while members came and went: {before} kB, then {} kB", server.memory());
}

/// A first synchronisation over a few kept connections.
fn synchronise(table: &mut Table, options: &Options, server: &Server) {
    let token = server.tenant("fresh");
    let before = server.memory();
    let start = Instant::now();
    let tenths: Vec<(u64, f64, u64)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads)
            .map(|worker| {
                let mut directory = server.client(&token);
                scope.spawn(move || {
                    let mut marks = Vec::new();
                    let mut number = worker;
                    while number < options.sync {
                        let made =
                            directory.scim("POST", "/scim/v2/Users", Some(&seed::user(number))).unwrap();
                        assert_eq!(made.status, 201, "{}", made.body);
                        number += options.threads;
                        if worker == 0 && marks.len() < usize::try_from(number * 10 / options.sync).unwrap() {
                            marks.push((number, start.elapsed().as_secs_f64(), server.memory()));
                        }
                    }
                    marks
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let (mut users, mut seconds) = (0, 0.0);
    for (now, at, memory) in tenths {
        let rate = (now - users) as f64 / (at - seconds);
        println!("synchronised {now}: {rate:.0} users/s, server {memory} kB");
        (users, seconds) = (now, at);
    }
    let rate = options.sync as f64 / start.elapsed().as_secs_f64();
    table.line(
        "first synchronisation",
        &format!("{rate:.0} users/s"),
        &format!("from {before} kB"),
        "memory flat",
    );
}

fn get(directory: &mut Client, path: &str) -> Value {
    let reply = directory.get(path).unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    reply.json()
}

fn patch(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// The median time of some runs, after two that do not count.
fn median(rounds: usize, mut run: impl FnMut(usize)) -> Duration {
    run(0);
    run(1);
    let mut times: Vec<Duration> = (0..rounds)
        .map(|round| {
            let start = Instant::now();
            run(round + 2);
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// What was measured, beside what it should be.
#[derive(Default)]
struct Table(Vec<[String; 4]>);

impl Table {
    fn pair(&mut self, what: &str, small: Duration, large: Duration, target: f64) {
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        let verdict = if ratio <= target { "met" } else { "missed" };
        let target = format!("{ratio:.2}x, target {target}x: {verdict}");
        self.line(what, &format!("{small:.2?}"), &format!("{large:.2?}"), &target);
    }

    fn line(&mut self, what: &str, small: &str, large: &str, verdict: &str) {
        self.0.push([what, small, large, verdict].map(str::to_owned));
    }

    fn print(&self) {
        println!("\n| work | small | large | |\n|---|---|---|---|");
        for [what, small, large, verdict] in &self.0 {
            println!("| {what} | {small} | {large} | {verdict} |");
        }
    }
}
