//! What keeps a database small, and what brings it back: sweeping, backup, restore as `docs/backup-and-restore.md` says.

use std::process::{Command, Stdio};

use chrono::{DateTime, TimeDelta};
use example_server::clock;
use example_server::store::Store;
use example_server::store::logins::{self, Kind, Pending};
use serde_json::{Value, json};
use sqlx::Row as _;
use tenant_model::{ConnectionId, TenantId};

use crate::common::{Folder, ON_POSTGRES, Server, create, expect, try_command, user};
use crate::operations::{eventually, metrics, value, watched_in};
use crate::sso::{TestProvider, sign_in};

#[test]
fn rows_whose_time_is_over_go_in_batches_and_the_others_stay() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let provider = TestProvider::for_tenant(&server, "acme");
    for name in ["alice@example.com", "bob@example.com"] {
        create(&mut directory, "/scim/v2/Users", &user(name));
        assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", name).status, 303);
    }
    let folder = server.kill();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = folder.database().parse().unwrap();
    runtime.block_on(async {
        let store = Store::open(&database).await.unwrap();
        let (tenant, connection) = (TenantId::parse("acme").unwrap(), ConnectionId::parse("sso").unwrap());
        let mut tx = store.begin(&tenant).await.unwrap();
        for number in 0..=1200 {
            let expires_at =
                if number == 0 { clock::now() + TimeDelta::hours(1) } else { DateTime::UNIX_EPOCH };
            let request_id = format!("_{number}");
            let pending = Pending { request_id, browser_hash: None, body: Value::Null, expires_at };
            logins::insert_pending(&mut tx, &tenant, &connection, Kind::Login, &pending).await.unwrap();
        }
        for statement in [
            "UPDATE sessions SET ends_at = 1 WHERE session_hash = (SELECT MIN(session_hash) FROM sessions)",
            "UPDATE replay_claims SET forget_after = 1 WHERE claim = (SELECT MIN(claim) FROM replay_claims)",
        ] {
            assert_eq!(sqlx::query(statement).execute(&mut *tx).await.unwrap().rows_affected(), 1);
        }
        tx.commit().await.unwrap();
        store.close().await;
    });
    let (server, mut operator) = watched_in(folder, &[]);
    let mut text = String::new();
    assert!(eventually(|| {
        text = metrics(&mut operator);
        value(&text, "sweeps_total", &["outcome=\"ok\""]) == Some(1.0)
    }));
    for (table, count) in [("pending", 1200.0), ("sessions", 1.0), ("replay_claims", 1.0)] {
        let label = format!("table=\"{table}\"");
        assert_eq!(value(&text, "swept_rows_total", &[&label]), Some(count), "{text}");
    }
    runtime.block_on(async {
        let store = Store::open(&database).await.unwrap();
        let mut db = store.read().await.unwrap();
        for sql in ["pending", "sessions", "replay_claims"] {
            let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) AS total FROM {sql}"));
            let left: i64 = sqlx::query(sql).fetch_one(&mut *db).await.unwrap().get("total");
            assert_eq!(left, 1);
        }
        drop(db);
        store.close().await;
    });
    drop(server);
}

const PAGE: &str = include_str!("../../../../docs/backup-and-restore.md");

#[test]
fn a_backup_taken_in_use_brings_back_people_sessions_tokens_and_keys() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let mut directory = server.client().with_token(&token);
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    let metadata = server.client().get("/v1/sso/metadata?org_id=acme").unwrap().body;

    let copy = server.folder.path().join("backup");
    back_up(&server, copy.to_str().unwrap());
    let bob = create(&mut directory, "/scim/v2/Users", &user("bob@example.com"));
    let old = server.kill();

    let folder = Folder::new();
    restore(&folder, copy.to_str().unwrap());
    // A database without its key is of no use, to us as to a thief.
    let listed = try_command(&folder, &["tenant", "list"]);
    assert!(!listed.status.success());
    assert!(String::from_utf8_lossy(&listed.stderr).contains("not the key file"));
    std::fs::copy(old.key_file(), folder.key_file()).unwrap();

    let server = Server::start_in(folder, &[]);
    let mut again = server.client();
    again.steal_cookies(&browser);
    assert_eq!(expect(&again.get("/v1/session").unwrap(), 200)["email"], json!("alice@example.com"));
    let mut directory = server.client().with_token(&token);
    expect(&directory.get(&format!("/scim/v2/Users/{alice}")).unwrap(), 200);
    expect(&directory.get(&format!("/scim/v2/Users/{bob}")).unwrap(), 404);
    assert_eq!(sign_in(&server, &provider, &mut server.client(), "acme", "alice@example.com").status, 303);
    let certificate = |xml: &str| xml.split("X509Certificate>").nth(1).unwrap().to_owned();
    let now = server.client().get("/v1/sso/metadata?org_id=acme").unwrap().body;
    assert_eq!(certificate(&now), certificate(&metadata));
}

/// The page's way of making a copy.
fn back_up(server: &Server, to: &str) {
    if ON_POSTGRES {
        let refused = server.try_command(&["backup", "--to", to]);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("pg_dump"), "{refused:?}");
        assert!(PAGE.contains("pg_dump --format=custom --file=backup.dump postgres://"));
        run("pg_dump", &["--format=custom", &format!("--file={to}"), server.folder.database()]);
        return;
    }
    assert!(PAGE.contains("server backup --database sqlite:server.sqlite --to backup.sqlite"));
    let key = format!("{to}.key");
    server.command(&["backup", "--to", to, "--key-to", &key]);
    let kept = std::fs::read(to).unwrap();
    let again = server.try_command(&["backup", "--to", to]);
    assert!(!again.status.success(), "an older copy is not overwritten");
    assert_eq!(std::fs::read(to).unwrap(), kept);
    assert_eq!(std::fs::read(&key).unwrap(), std::fs::read(server.folder.key_file()).unwrap());
    for file in [to, &key] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o077, 0, "{file}");
    }
    let nowhere = server.try_command(&["backup", "--to", "/nowhere/copy"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("/nowhere/copy"));
}

/// The page's way back.
fn restore(folder: &Folder, from: &str) {
    if ON_POSTGRES {
        assert!(PAGE.contains("pg_restore --exit-on-error --no-owner --dbname=postgres://"));
        // The database of a test has the tables already.
        let clean = ["--clean", "--if-exists", "--exit-on-error", "--no-owner"];
        run("pg_restore", &[&clean[..], &[&format!("--dbname={}", folder.database()), from]].concat());
        return;
    }
    assert!(PAGE.contains("cp backup.sqlite server.sqlite\n"));
    std::fs::copy(from, folder.path().join("server.sqlite")).unwrap();
}

fn run(program: &str, arguments: &[&str]) {
    let program = testkit::postgres::programs().unwrap().join(program);
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
