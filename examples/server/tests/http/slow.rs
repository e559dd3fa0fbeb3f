//! Clients that take their time: each is let go after a while, and the others get in.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use example_server::client::Client;
use example_server::serve::{self, Limits};

use crate::common::{Server, expect};
use crate::fleet_races::runtime;
use crate::inside::app;
use crate::sso::TestProvider;

/// A server that waits for nobody longer than a second, with room for three.
struct Strict {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Strict {
    fn beside(server: &Server) -> Self {
        let runtime = runtime();
        let second = Duration::from_secs(1);
        let limits = Limits { head: second, request: second, answer: second, connections: 3 };
        let app = app(&runtime, server, |app| app.limits = limits);
        let (listener, address) = runtime.block_on(serve::bind(([127, 0, 0, 1], 0).into())).unwrap();
        runtime.spawn(serve::run(listener, app, std::future::pending()));
        Self { address, _runtime: runtime }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(MOMENT)).unwrap();
        stream.set_write_timeout(Some(MOMENT)).unwrap();
        stream
    }

    fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address))
    }
}

/// How often a slow client looks whether it was let go.
const MOMENT: Duration = Duration::from_millis(20);
/// Far more of them than a server needs that lets go after a second.
const MANY: usize = 1250;

/// What the server said until it ended the connection, if it did in time.
fn until_let_go(stream: &mut TcpStream, mut meanwhile: impl FnMut(&mut TcpStream)) -> Option<String> {
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    let mut moments = 0;
    while moments < MANY {
        match stream.read(&mut part) {
            Ok(0) => return Some(String::from_utf8(said).unwrap()),
            Ok(length) => said.extend_from_slice(&part[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                moments += 1;
                meanwhile(stream);
            }
            // Bytes that came after the server had closed.
            Err(_) => return Some(String::from_utf8(said).unwrap()),
        }
    }
    None
}

#[test]
fn who_sends_a_body_byte_by_byte_is_told_to_stop_wherever_it_goes() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    TestProvider::for_tenant(&server, "acme");
    let strict = Strict::beside(&server);
    let form = "content-type: application/x-www-form-urlencoded";
    std::thread::scope(|scope| {
        for (path, header) in [
            ("/scim/v2/Users", format!("authorization: Bearer {token}")),
            ("/scim/v2/Bulk", format!("authorization: Bearer {token}")),
            ("/scim/v2/Users", "x-token: none".to_owned()),
            ("/v1/sso/acs?org_id=acme", form.to_owned()),
            ("/v1/sso/logout?org_id=acme", form.to_owned()),
            ("/oauth/token", form.to_owned()),
            ("/signin", form.to_owned()),
            ("/admin/sign-in", form.to_owned()),
            ("/nothing", form.to_owned()),
        ] {
            let strict = &strict;
            scope.spawn(move || {
                let mut stream = strict.connect();
                let head =
                    format!("POST {path} HTTP/1.1\r\nhost: x\r\n{header}\r\ncontent-length: 9999\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
                let said = until_let_go(&mut stream, |stream| {
                    // An error means that it was let go.
                    let _ = stream.write(b"{");
                });
                let said = said.unwrap_or_else(|| panic!("{path} goes on and on"));
                let refused = said.is_empty() || said.starts_with("HTTP/1.1 4");
                assert!(refused, "{path}: {said}");
            });
        }
        // More come than there is room for, and this one all the same.
        assert_eq!(strict.client().get("/healthz").unwrap().status, 200);
    });
    expect(&strict.client().get("/healthz").unwrap(), 200);
}

#[test]
fn who_does_not_take_its_answers_is_let_go() {
    let server = Server::start();
    let strict = Strict::beside(&server);
    let ask = b"GET /assets/style.css HTTP/1.1\r\nhost: x\r\n\r\n".repeat(64);
    std::thread::scope(|scope| {
        for takes in [0, 0, 0, 1, 1, 1] {
            let (strict, ask) = (&strict, &ask);
            scope.spawn(move || {
                let mut stream = strict.connect();
                let (mut byte, mut moments) = ([0; 1], 0);
                while moments < MANY {
                    match stream.write(ask) {
                        Ok(_) => {}
                        // All buffers are full: now a byte at a time is taken, or none.
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                            moments += 1;
                            if takes == 1 && stream.read(&mut byte).is_err() {
                                return;
                            }
                        }
                        Err(_) => return,
                    }
                }
                panic!("an answer that nobody takes is kept");
            });
        }
        assert_eq!(strict.client().get("/healthz").unwrap().status, 200);
    });
    expect(&strict.client().get("/healthz").unwrap(), 200);
}

#[test]
fn connections_that_say_nothing_make_room_for_those_that_do() {
    let server = Server::start();
    let strict = Strict::beside(&server);
    let mut silent: Vec<TcpStream> = (0..6).map(|_| strict.connect()).collect();
    assert_eq!(strict.client().get("/healthz").unwrap().status, 200);
    // Half a head is no more than none, and neither is a connection that is kept for later.
    let mut halves: Vec<TcpStream> = (0..6).map(|_| strict.connect()).collect();
    for (number, half) in halves.iter_mut().enumerate() {
        let all = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        half.write_all(if number % 2 == 0 { all } else { &all[..20] }).unwrap();
    }
    assert_eq!(strict.client().get("/healthz").unwrap().status, 200);
    for stream in silent.iter_mut().chain(&mut halves) {
        assert!(until_let_go(stream, |_| {}).is_some(), "a silent connection is kept");
    }
}
