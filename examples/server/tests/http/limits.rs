//! More than a tenant or an address may send (TOK-13).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use example_server::client::{Client, Reply};

use crate::common::{Server, create, expect, expect_scim_error, user};
use crate::oauth::{access, client};

/// A refusal in SCIM's form that says when to come again.
fn expect_too_many(reply: &Reply) {
    expect_scim_error(reply, 429, None);
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

// TOK-13
#[test]
fn a_tenant_that_sends_too_much_is_told_to_wait_and_the_others_notice_nothing() {
    let server = Server::start_with(&["--requests-per-second", "25"]);
    let mut quiet = server.directory("quiet", "standard");
    server.command(&["tenant", "create", "--id", "loud"]);
    let token = server.command(&["token", "issue", "--tenant", "loud"]);
    let (passed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut loud = server.client().with_token(&token);
                for _ in 0..500 {
                    // A slow machine needs longer to send too much.
                    if refused.load(Ordering::Relaxed) > 5 {
                        break;
                    }
                    let reply = loud.get("/scim/v2/ServiceProviderConfig").unwrap();
                    if reply.status == 200 {
                        passed.fetch_add(1, Ordering::Relaxed);
                    } else {
                        expect_too_many(&reply);
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(passed.load(Ordering::Relaxed) >= 50, "two seconds' worth may come at once");
    assert!(refused.load(Ordering::Relaxed) > 0, "two thousand without a pause are too many");
    create(&mut quiet, "/scim/v2/Users", &user("alice@example.com"));
    for _ in 0..10 {
        expect(&quiet.get("/scim/v2/Users").unwrap(), 200);
    }
}

// TOK-13
#[test]
fn who_guesses_tokens_is_told_to_wait_while_good_tokens_from_the_same_address_pass() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let mut good = server.client().with_token(&token);
    // What is good counts for nothing here.
    for _ in 0..30 {
        expect(&good.get("/scim/v2/Users").unwrap(), 200);
    }
    // Each on a connection of its own: a secret that is none, or no token at all.
    let guess = |number: usize| -> Client {
        if number.is_multiple_of(2) {
            return server.client();
        }
        let mut wrong = token.clone();
        let last = wrong.pop().unwrap();
        wrong.push(if last == 'x' { 'y' } else { 'x' });
        server.client().with_token(&wrong)
    };
    let failures = (0..200).take_while(|number| {
        let reply = guess(*number).get("/scim/v2/Users").unwrap();
        if reply.status == 401 {
            return true;
        }
        expect_too_many(&reply);
        assert_eq!(reply.header("www-authenticate"), None);
        false
    });
    let failures = failures.count();
    assert!((20..200).contains(&failures), "{failures}");
    for _ in 0..10 {
        expect(&good.get("/scim/v2/Users").unwrap(), 200);
    }
}

#[test]
fn a_refusal_before_the_body_came_does_not_end_the_connection() {
    let server = Server::start();
    let host = server.url.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answers = BufReader::new(&stream);
    server.directory("acme", "standard");
    let (id, secret) = client(&server, "acme");
    let reader = access(&server, &id, &secret, "users_read");
    // Nobody, and somebody who may only read.
    let (nobody, reader) = (String::new(), format!("authorization: Bearer {reader}\r\n"));
    for (who, status) in [(&nobody, 401), (&reader, 403), (&reader, 403), (&nobody, 401)] {
        let head = format!("POST /scim/v2/Users HTTP/1.1\r\nhost: {host}\r\n{who}content-length: 2\r\n\r\n");
        (&stream).write_all(head.as_bytes()).unwrap();
        // Meanwhile the server has seen the head.
        expect(&server.client().get("/healthz").unwrap(), 200);
        (&stream).write_all(b"{}").unwrap();
        let (mut line, mut length) = (String::new(), 0);
        answers.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "{line:?}");
        while line != "\r\n" {
            line.clear();
            answers.read_line(&mut line).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        answers.read_exact(&mut vec![0; length]).unwrap();
    }
}

#[test]
fn a_limit_that_would_stop_an_ordinary_directory_is_refused() {
    let server = Server::start();
    let done = server.try_command(&["serve", "--listen", "127.0.0.1:0", "--requests-per-second", "24"]);
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("no number from 25 on"));
}
