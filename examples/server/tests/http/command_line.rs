//! The commands, run beside a running server.

use std::process::{Command, Stdio};

use crate::common::{Folder, ON_POSTGRES, Server, command, expect, try_command};

#[test]
fn a_token_is_printed_alone_and_works_at_once() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let token = server.command(&["token", "issue", "--tenant", "acme", "--name", "okta"]);
    assert_eq!(token.lines().count(), 1, "nothing but the token");
    assert!(token.starts_with("scim_acme."));
    let mut directory = server.client().with_token(&token);
    expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    let listed = server.command(&["token", "list", "--tenant", "acme"]);
    assert!(listed.contains("live") && listed.contains("okta"), "{listed}");
    let secret = token.split('_').nth(2).unwrap();
    assert!(!listed.contains(secret), "the secret is shown once");
}

// TOK-07
#[test]
fn a_revoked_token_fails_at_its_next_request() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    for by in ["id", "whole", "alone", "name", "all"] {
        let token = server.command(&["token", "issue", "--tenant", "acme", "--name", by]);
        let mut directory = server.client().with_token(&token);
        expect(&directory.get("/scim/v2/Users").unwrap(), 200);
        let id = token.split('_').nth(1).unwrap().to_owned();
        let which: &[&str] = match by {
            "id" => &["--id", &id],
            "whole" => &["--id", &token],
            "name" => &["--name", by],
            _ => &["--all"],
        };
        if by == "alone" {
            server.command(&["token", "revoke", &token]);
        } else {
            server.command(&[&["token", "revoke", "--tenant", "acme"], which].concat());
        }
        let reply = directory.get("/scim/v2/Users").unwrap();
        crate::common::expect_scim_error(&reply, 401, None);
        assert!(reply.header("www-authenticate").is_some_and(|scheme| scheme.starts_with("Bearer")));
    }
}

// TOK-04
#[test]
fn the_expiry_is_in_the_future_and_a_day_counts_whole() {
    let folder = Folder::new();
    command(&folder, &["tenant", "create", "--id", "acme"]);
    let past = try_command(&folder, &["token", "issue", "--tenant", "acme", "--expires", "2001-01-01"]);
    assert!(!past.status.success());
    assert!(past.stdout.is_empty(), "no token");
    assert!(String::from_utf8_lossy(&past.stderr).contains("not in the future"));
    let none = try_command(&folder, &["token", "issue", "--tenant", "acme", "--expires", "soon"]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("is no date"));
}

// TOK-05
#[test]
fn a_new_token_of_toktra_ends_the_old_one_and_standard_lets_both_live() {
    let server = Server::start();
    for (tenant, profile, old_works) in [("globex", "toktra", false), ("acme", "standard", true)] {
        let mut old = server.directory(tenant, profile);
        let new = server.command(&["token", "issue", "--tenant", tenant]);
        let expected = if old_works { 200 } else { 401 };
        assert_eq!(old.get("/scim/v2/Users").unwrap().status, expected, "{profile}");
        expect(&server.client().with_token(&new).get("/scim/v2/Users").unwrap(), 200);
    }
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_stored() {
    let folder = Folder::new();
    command(&folder, &["tenant", "create", "--id", "acme"]);
    for (arguments, said) in [
        (vec!["tenant", "create", "--id", "acme"], "exists already"),
        (vec!["tenant", "create", "--id", "../x"], "character"),
        (vec!["tenant", "create", "--id", "b", "--profile", "nope"], "standard, toktra"),
        (vec!["token", "issue", "--tenant", "nobody"], "no tenant nobody"),
        (vec!["token", "revoke", "--tenant", "acme", "--id", "acme.1"], "no such token"),
        (vec!["tenant", "configure-idp", "--id", "acme", "--metadata", "/nowhere/x.xml"], "/nowhere/x.xml"),
    ] {
        let done = try_command(&folder, &arguments);
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert!(!done.status.success(), "{arguments:?}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    assert_eq!(command(&folder, &["tenant", "list"]), "acme\tstandard\tacme");
}

#[test]
fn a_database_is_refused_with_another_key_file() {
    let folder = Folder::new();
    command(&folder, &["tenant", "create", "--id", "acme"]);
    let other = folder.path().join("other.key");
    let done = try_command(&folder, &["tenant", "list", "--key-file", other.to_str().unwrap()]);
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("not the key file"));
}

#[test]
fn a_server_asked_to_stop_ends_well() {
    let mut server = Server::start();
    expect(&server.client().get("/healthz").unwrap(), 200);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn the_demo_checks_itself() {
    let folder = Folder::new();
    let demo = |options: &[&str]| {
        let (database, password) = openly(folder.database());
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command.args(["demo", "--check", "--database", &database]).args(options).env("PGPASSWORD", password);
        command.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap()
    };
    // The second walk finds the database as the first one left it.
    let walks: [&[&str]; 2] = if ON_POSTGRES { [&[], &[]] } else { [&["--reset"], &[]] };
    for options in walks {
        let done = demo(options);
        let lines = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{lines}{}", String::from_utf8_lossy(&done.stderr));
        assert!(lines.lines().count() > 30 && !lines.contains("FAILED"), "{lines}");
        for product in ["toktra", "toplyne", "tonkean", "torii"] {
            assert!(
                lines.contains(&format!("ok      {product}: ")),
                "{product} is not walked through: {lines}"
            );
        }
    }
    if ON_POSTGRES {
        let done = demo(&["--reset"]);
        assert!(!done.status.success(), "what is no file is not removed");
        assert!(String::from_utf8_lossy(&done.stderr).contains("drop it"));
    }
}

/// The URL without its password, and that.
fn openly(database: &str) -> (String, String) {
    let with_password = database.strip_prefix("postgres://").and_then(|rest| rest.split_once('@'));
    match with_password.and_then(|(login, place)| Some((login.split_once(':')?, place))) {
        Some(((name, password), place)) => (format!("postgres://{name}@{place}"), password.to_owned()),
        None => (database.to_owned(), String::new()),
    }
}

#[test]
fn a_client_that_dawdles_holds_nobody_up() {
    use std::io::Write as _;
    let server = Server::start();
    let address = server.url.strip_prefix("http://").unwrap();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n").unwrap();
        slow.push(stream);
    }
    expect(&server.client().get("/healthz").unwrap(), 200);
}
