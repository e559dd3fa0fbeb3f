//! The database goes away while requests come, and comes back.

use std::sync::atomic::{AtomicBool, Ordering};

use example_server::client::{Client, Reply};
use serde_json::json;
use tenant_model::TenantId;

use crate::cluster::Cluster;
use crate::common::{Folder, ON_POSTGRES, Server, create, expect, expect_scim_error, user};
use crate::fleet_races::{base, runtime};
use crate::sso::{TestProvider, begin, sign_in};

#[test]
fn while_the_database_is_down_all_is_answered_with_503_and_afterwards_all_goes_on() {
    if !ON_POSTGRES {
        return;
    }
    // A server of its own, since this one is ended.
    let Some(mut cluster) = Cluster::start() else { return };
    let server = Server::start_in(Folder::on(cluster.make("lost")), &[]);
    let mut directory = server.directory("acme", "standard");
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    let mut beginner = server.client();
    let request = begin(&mut beginner, &provider, "acme", "/");
    let answer = provider.answer(&request, "alice@example.com");
    expect(&server.client().get("/readyz").unwrap(), 200);

    let over = AtomicBool::new(false);
    let acknowledged: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (mut directory, over) = (server.client().with_token(&token), &over);
                scope.spawn(move || write_until(&mut directory, writer, over))
            })
            .collect();
        // However this ends, the writers must.
        let ends = Over(&over);
        cluster.stop();
        down(&server, &token, &browser, &|| provider.post(&mut server.client(), &answer, None));
        cluster.start_again();
        recovers(&server);
        drop(ends);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert!(!acknowledged.is_empty());
    for id in acknowledged {
        expect(&directory.get(&format!("/scim/v2/Users/{id}")).unwrap(), 200);
    }
    let seen = expect(&directory.get(&format!("/scim/v2/Users/{alice}")).unwrap(), 200);
    assert_eq!(seen["userName"], json!("alice@example.com"));
    expect(&browser.get("/v1/session").unwrap(), 200);
    let late = provider.post(&mut beginner, &answer, None);
    assert_eq!(late.status, 303, "a login begun before ends afterwards: {}", late.body);
    drop(server);
}

#[test]
fn a_server_that_hangs_amid_a_write_holds_its_tenant_up_for_a_while_and_nobody_else() {
    let server = Server::start();
    let (mut acme, mut globex) =
        (server.directory("acme", "standard"), server.directory("globex", "standard"));
    let (runtime, tenant) = (runtime(), TenantId::parse("acme").unwrap());
    let hanging = base(&runtime, &server.folder);
    let tx = runtime.block_on(hanging.store.begin(&tenant)).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let reply = acme.scim("POST", "/scim/v2/Users", Some(&user("alice@example.com"))).unwrap();
            unavailable(&reply);
            acme
        });
        // On SQLite there is one writer for all tenants.
        if ON_POSTGRES {
            create(&mut globex, "/scim/v2/Users", &user("bob@example.com"));
        }
        assert_eq!(
            expect(&globex.get("/scim/v2/Users").unwrap(), 200)["totalResults"],
            json!(u8::from(ON_POSTGRES))
        );
        expect(&server.client().get("/readyz").unwrap(), 200);
        let mut acme = waiting.join().unwrap();
        if ON_POSTGRES {
            // The database gives a transaction up that idles for 15 seconds.
            create(&mut acme, "/scim/v2/Users", &user("alice@example.com"));
            assert!(runtime.block_on(tx.commit()).is_err(), "and then nothing of it counts");
        } else {
            runtime.block_on(async { drop(tx) });
            create(&mut acme, "/scim/v2/Users", &user("alice@example.com"));
        }
    });
    runtime.block_on(hanging.store.close());
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes users one after the other; gives the ids of those that the server said it has.
fn write_until(directory: &mut Client, writer: usize, over: &AtomicBool) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("w{writer}-{number}@example.com");
        let reply = directory.scim("POST", "/scim/v2/Users", Some(&user(&name))).unwrap();
        match reply.status {
            201 => ids.push(reply.json()["id"].as_str().unwrap().to_owned()),
            _ => unavailable(&reply),
        }
    }
    ids
}

fn unavailable(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.body);
    let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
}

/// Asks for everything at once, because each answer takes as long as a connection is waited for.
fn down(server: &Server, token: &str, browser: &Client, respond: &(dyn Fn() -> Reply + Sync)) {
    let signed_in = || {
        let mut copy = server.client();
        copy.steal_cookies(browser);
        copy
    };
    let directory = || server.client().with_token(token);
    let page = [("accept", "text/html")];
    let asks: Vec<Box<dyn Fn() -> Reply + Sync + '_>> = vec![
        Box::new(|| directory().get("/scim/v2/Users").unwrap()),
        Box::new(|| directory().scim("POST", "/scim/v2/Users", Some(&user("x@example.com"))).unwrap()),
        Box::new(|| signed_in().get_json("/v1/session").unwrap()),
        Box::new(|| signed_in().send("GET", "/", &page, Vec::new()).unwrap()),
        Box::new(|| server.client().send("GET", "/v1/sso/login?org_id=acme", &page, Vec::new()).unwrap()),
        Box::new(|| server.client().get_json("/v1/sso/metadata?org_id=acme").unwrap()),
        Box::new(|| server.client().get("/readyz").unwrap()),
        Box::new(respond),
    ];
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let threads: Vec<_> = asks.iter().map(|ask| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for reply in &replies {
        unavailable(reply);
    }
    for reply in &replies[..2] {
        expect_scim_error(reply, 503, None);
    }
    assert!(replies[3].body.contains("<html") && replies[3].body.contains("store.unavailable"));
    expect(&server.client().get("/healthz").unwrap(), 200);
}

fn recovers(server: &Server) {
    // Each question takes as long as a connection is waited for, unless there is one.
    let found = (0..20).any(|_| server.client().get("/readyz").unwrap().status == 200);
    assert!(found, "the server does not find its database again");
}
