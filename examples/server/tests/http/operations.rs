//! What an operator relies on: counts, readiness, logs that name nobody, a stop that breaks nothing, a tidy database.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use example_server::client::{Client, Reply};
use saml_sp::testing::TestIdp;
use serde_json::{Value, json};

use crate::common::{Folder, Server, create, expect, group, patch, user};
use crate::sso::{TestProvider, begin, sign_in};

/// A server whose operator's address is open too, and a client for that.
fn watched(options: &[&str]) -> (Server, Client) {
    watched_in(std::sync::Arc::new(Folder::new()), options)
}

/// The same on the database of a folder.
pub(crate) fn watched_in(folder: std::sync::Arc<Folder>, options: &[&str]) -> (Server, Client) {
    let server = Server::start_in(folder, &[&["--metrics-listen", "127.0.0.1:0"], options].concat());
    let log = server.log();
    let address = log.split(r#"address"#).nth(1).unwrap().trim_start_matches(['"', ':', '=']);
    let address: String = address.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
    let operator = Client::new(&format!("http://{address}"));
    (server, operator)
}

/// The value of one line of `/metrics`.
pub(crate) fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    })?;
    line.rsplit(' ').next()?.parse().ok()
}

pub(crate) fn metrics(operator: &mut Client) -> String {
    let reply = operator.get("/metrics").unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    reply.body
}

fn terminate(server: &Server) {
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
}

/// Asks until it is so, for a time that no machine needs.
pub(crate) fn eventually(mut is_so: impl FnMut() -> bool) -> bool {
    (0..600).any(|_| {
        let found = is_so();
        if !found {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        found
    })
}

#[test]
fn logins_are_counted_wherever_a_product_takes_them() {
    let folder = Folder::new();
    let profiles = folder.path().join("profiles");
    std::fs::create_dir(&profiles).unwrap();
    let built_in = tenant_model::ProductProfile::BUILT_IN;
    let (_, standard) = built_in.iter().find(|(id, _)| *id == "standard").unwrap();
    let elsewhere = standard
        .replace("\"id\": \"standard\"", "\"id\": \"further\"")
        .replace("/v1/sso/acs", "/v1/sso/answers");
    std::fs::write(profiles.join("further.json"), elsewhere).unwrap();
    let file = folder.path().join("idp.xml");
    let provider = TestProvider { idp: TestIdp::well_known("https://idp.example.com").unwrap() };
    let tomorrow = example_server::clock::now() + chrono::TimeDelta::days(1);
    std::fs::write(&file, provider.idp.metadata(tomorrow).unwrap()).unwrap();
    let (profiles, file) = (profiles.to_str().unwrap(), file.to_str().unwrap());
    let (server, mut operator) = watched_in(std::sync::Arc::new(folder), &["--profiles", profiles]);
    server.command(&["tenant", "create", "--id", "acme", "--profile", "further", "--profiles", profiles]);
    server.command(&["tenant", "configure-idp", "--id", "acme", "--metadata", file, "--profiles", profiles]);
    let mut browser = server.client();
    let request = begin(&mut browser, &provider, "acme", "/");
    let answer = provider.answer(&request, "alice@example.com");
    assert!(answer.destination.as_deref().unwrap().contains("/v1/sso/answers"));
    for expected in [303, 403] {
        assert_eq!(provider.post(&mut browser, &answer, None).status, expected);
    }
    let text = metrics(&mut operator);
    for code in ["ok", "RSP-06"] {
        let label = format!("code=\"{code}\"");
        assert_eq!(value(&text, "logins_total", &[&label]), Some(1.0), "{text}");
    }
}

#[test]
fn metrics_count_by_route_and_by_code_and_hold_nothing_that_a_client_chose() {
    let (server, mut operator) = watched(&[]);
    server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let mut directory = server.client().with_token(&token);
    let alice = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    expect(&directory.get(&format!("/scim/v2/Users/{alice}")).unwrap(), 200);
    expect(&directory.get("/scim/v2/Users/bob@example.com").unwrap(), 404);
    expect(&directory.get("/nobody@example.com").unwrap(), 404);
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("carol@example.com") },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("carol@example.com") },
        ],
    });
    expect(&directory.scim("POST", "/scim/v2/Bulk", Some(&bulk)).unwrap(), 200);
    let provider = TestProvider::for_tenant(&server, "acme");
    let mut browser = server.client();
    assert_eq!(sign_in(&server, &provider, &mut browser, "acme", "alice@example.com").status, 303);
    let request = begin(&mut browser, &provider, "acme", "/");
    let answer = provider.answer(&request, "alice@example.com");
    for expected in [303, 403] {
        assert_eq!(provider.post(&mut browser, &answer, None).status, expected);
    }

    let text = metrics(&mut operator);
    let requests = |route: &str, method: &str, status: u16| {
        let labels =
            [format!("route=\"{route}\""), format!("method=\"{method}\""), format!("status=\"{status}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        value(&text, "http_requests_total", &labels)
    };
    assert_eq!(requests("/scim/v2/Users/{id}", "GET", 200), Some(1.0), "{text}");
    assert_eq!(requests("/scim/v2/Users/{id}", "GET", 404), Some(1.0));
    assert_eq!(requests("/scim/v2/Users", "POST", 201), Some(1.0));
    assert_eq!(requests("other", "GET", 404), Some(1.0));
    let operations = |operation: &str, status: u16| {
        let labels = [format!("operation=\"{operation}\""), format!("status=\"{status}\"")];
        value(&text, "scim_operations_total", &["resource=\"User\"", &labels[0], &labels[1]])
    };
    assert_eq!((operations("create", 201), operations("create", 409)), (Some(2.0), Some(1.0)), "with bulk");
    assert_eq!(value(&text, "logins_total", &["code=\"ok\""]), Some(2.0));
    assert_eq!(value(&text, "logins_total", &["code=\"RSP-06\""]), Some(1.0), "{text}");
    let took = ["route=\"/scim/v2/Users\"", "method=\"POST\""];
    assert_eq!(value(&text, "http_request_duration_seconds_count", &took), Some(1.0));
    assert_eq!(value(&text, "http_requests_in_flight", &[]), Some(0.0));
    assert!(
        value(&text, "database_connections", &["pool=", "state=\"idle\""]).is_some_and(|idle| idle > 0.0)
    );
    for chosen in ["example.com", &alice, "acme", &request.id] {
        assert!(!text.contains(chosen), "{chosen} is in the metrics");
    }
    assert_eq!(server.client().get("/metrics").unwrap().status, 404, "not at the public address");
}

#[test]
fn the_log_of_a_whole_story_names_nobody_and_holds_no_secret() {
    for form in ["text", "json"] {
        let (server, _) = watched(&["--log", form, "--log-level", "debug"]);
        let mut secrets = vec!["Wonderland".to_owned(), "example.com".to_owned(), "Liddell".to_owned()];
        server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
        let token = server.command(&["token", "issue", "--tenant", "acme"]);
        secrets.push(token.split('_').nth(2).unwrap().to_owned());
        let mut directory = server.client().with_token(&token);
        let mut alice = user("alice@example.com");
        alice["name"] = json!({ "givenName": "Alice", "familyName": "Liddell" });
        alice["password"] = json!("white-rabbit-42");
        secrets.push("white-rabbit-42".to_owned());
        let id = create(&mut directory, "/scim/v2/Users", &alice);
        create(&mut directory, "/scim/v2/Groups", &group("Wonderland", &[&id, "11111111-nobody"]));
        directory.get("/scim/v2/Users?filter=userName%20eq%20%22alice%40example.com%22").unwrap();
        directory.get("/scim/v2/Users?filter=Wonderland").unwrap();
        directory.scim("POST", "/scim/v2/Users", Some(&alice)).unwrap();
        directory.scim("POST", "/scim/v2/Users", Some(&json!({ "Liddell": "example.com" }))).unwrap();
        server.client().with_token(&format!("{token}x")).get("/scim/v2/Users").unwrap();
        server.client().with_token("scim_example.com_Wonderland").get("/scim/v2/Users").unwrap();

        let provider = TestProvider::for_tenant(&server, "acme");
        let mut browser = server.client();
        let request = begin(&mut browser, &provider, "acme", "/Wonderland");
        let answer = provider.answer(&request, "alice@example.com");
        let message = provider.idp.respond(&answer).unwrap().form_body(None);
        secrets.push(String::from_utf8_lossy(&message[20..60]).into_owned());
        secrets.push(request.id.clone());
        let mut cookies = Vec::new();
        let mut keep = |reply: &Reply| {
            cookies.extend(reply.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| {
                let value = line.split_once('=').unwrap().1.split(';').next().unwrap();
                value.rsplit('.').next().unwrap().to_owned()
            }));
        };
        keep(&provider.post(&mut browser, &answer, None));
        assert_eq!(provider.post(&mut browser, &answer, None).status, 403);
        let mut stranger = provider.answer(&request, "mallory@example.com");
        stranger.destination = answer.destination.clone();
        provider.post(&mut server.client(), &stranger, Some("/Wonderland"));
        keep(&sign_in(&server, &provider, &mut browser, "acme", "alice@example.com"));
        expect(&browser.get("/v1/session").unwrap(), 200);
        browser.get("/v1/sso/logout?org_id=acme").unwrap();
        browser.get("/Wonderland?mail=alice@example.com").unwrap();
        let off = patch(&json!([{ "op": "replace", "path": "active", "value": false }]));
        directory.scim("PATCH", &format!("/scim/v2/Users/{id}"), Some(&off)).unwrap();
        sign_in(&server, &provider, &mut browser, "acme", "alice@example.com");
        assert!(cookies.len() >= 2 && cookies.iter().all(|cookie| cookie.len() > 20), "{cookies:?}");
        secrets.extend(cookies);

        let log = server.log();
        for secret in &secrets {
            assert!(!log.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in the log:\n{log}");
        }
        let answered = log.lines().filter(|line| line.contains("answered")).count();
        assert!(answered >= 15, "{log}");
        assert!(log.contains("RSP-06") && log.contains("login.directory_inactive"), "{log}");
        if form == "json" {
            for line in log.lines() {
                let line: Value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                let request = line["message"] == json!("answered");
                assert!(!request || line["span"]["id"].is_string() && line["status"].is_number(), "{line}");
            }
        }
    }
}

#[test]
fn a_request_bears_the_id_that_the_proxy_gave_or_one_of_its_own() {
    let server = Server::start();
    let id = |given: Option<&str>| {
        let headers: Vec<(&str, &str)> = given.map(|given| ("x-request-id", given)).into_iter().collect();
        let reply = server.client().send("GET", "/healthz", &headers, Vec::new()).unwrap();
        reply.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(id(Some("proxy-1.a_b")), "proxy-1.a_b");
    assert!(server.log().contains("proxy-1.a_b"));
    assert_ne!(id(None), id(None));
    for odd in ["alice@example.com", "a b", &"x".repeat(65), "\u{e9}"] {
        let found = id(Some(odd));
        assert!(found.len() == 36 && found != odd, "{odd:?} became {found}");
    }
}

#[test]
fn before_it_stops_the_server_says_that_it_is_not_ready_and_goes_on_answering() {
    let (mut server, mut operator) = watched(&["--stop-delay", "3"]);
    let mut directory = server.directory("acme", "standard");
    for client in [&mut server.client(), &mut operator] {
        expect(&client.get("/readyz").unwrap(), 200);
    }
    terminate(&server);
    assert!(eventually(|| server.client().get("/readyz").is_ok_and(|reply| reply.status == 503)));
    let not_ready = server.client().get("/readyz").unwrap();
    assert_eq!(not_ready.json()["error"]["code"], json!("server.stopping"));
    assert!(not_ready.header("retry-after").is_some());
    expect(&operator.get("/readyz").unwrap(), 503);
    expect(&server.client().get("/healthz").unwrap(), 200);
    create(&mut directory, "/scim/v2/Users", &user("late@example.com"));
    assert_eq!(server.wait(), Some(0));
}

// What a load balancer sees: nothing that was begun while the server was ready is lost.
#[test]
fn a_stop_under_load_loses_no_request_that_came_while_the_server_was_ready() {
    let mut server = Server::start_with(&["--stop-delay", "2"]);
    server.command(&["tenant", "create", "--id", "acme"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let (turned_away, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let made: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (server, token, turned_away, count) = (&server, &token, &turned_away, &count);
                scope.spawn(move || {
                    let mut made = Vec::new();
                    while !turned_away.load(Ordering::Relaxed) {
                        // Half of them keep their connection, half open one for each request.
                        let mut directory = server.client().with_token(token);
                        for _ in 0..if writer % 2 == 0 { 1 } else { 20 } {
                            let name = format!("w{writer}-{}@example.com", made.len());
                            made.push(create(&mut directory, "/scim/v2/Users", &user(&name)));
                            count.fetch_add(1, Ordering::Relaxed);
                            if turned_away.load(Ordering::Relaxed) {
                                break;
                            }
                        }
                    }
                    made
                })
            })
            .collect();
        assert!(eventually(|| count.load(Ordering::Relaxed) > 40));
        terminate(&server);
        assert!(eventually(|| server.client().get("/readyz").is_ok_and(|reply| reply.status == 503)));
        turned_away.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(server.wait(), Some(0));
    let server = Server::start_in(server.kill(), &[]);
    let mut directory = server.client().with_token(&token);
    for id in made {
        expect(&directory.get(&format!("/scim/v2/Users/{id}")).unwrap(), 200);
    }
}

#[test]
fn a_request_that_is_under_way_at_the_stop_is_answered() {
    let mut server = Server::start_with(&["--stop-delay", "0"]);
    server.command(&["tenant", "create", "--id", "acme"]);
    let token = server.command(&["token", "issue", "--tenant", "acme"]);
    let host = server.url.strip_prefix("http://").unwrap();
    let body = user("slow@example.com").to_string();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/scim+json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body only when the handler reads it: now the request is under way.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&asked));
    terminate(&server);
    assert!(eventually(|| TcpStream::connect(host).is_err()), "nothing new is taken");
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_body_beyond_the_limit_of_its_address_is_refused() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    TestProvider::for_tenant(&server, "acme");
    let directory = server.command(&["token", "issue", "--tenant", "acme"]);
    let admin = server.command(&["token", "issue", "--tenant", "acme", "--purpose", "sso-config"]);
    const MIB: usize = 1024 * 1024;
    for (token, method, path, limit) in [
        (&directory, "POST", "/scim/v2/Users", MIB),
        (&directory, "PUT", "/scim/v2/Users/x", MIB),
        (&directory, "PATCH", "/scim/v2/Groups/x", MIB),
        (&directory, "POST", "/scim/v2/Users/.search", MIB),
        (&String::new(), "POST", "/v1/sso/acs?org_id=acme", 2 * MIB),
        (&String::new(), "POST", "/v1/sso/logout?org_id=acme", 2 * MIB),
        (&admin, "POST", "/v1/sso/config?org_id=acme", 8 * MIB),
    ] {
        let status = |length: usize| {
            let mut client = server.client().with_token(token);
            client.send(method, path, &[("accept", "application/json")], vec![b' '; length]).unwrap().status
        };
        assert_eq!(status(limit + 1), 413, "{method} {path}");
        assert_ne!(status(limit), 413, "{method} {path}");
    }
    let long = format!("/v1/session?x={}", "x".repeat(200 * 1024));
    let refused = server.client().get(&long);
    assert!(refused.is_err() || refused.is_ok_and(|reply| matches!(reply.status, 414 | 431)));
}

#[test]
fn a_mistake_in_the_settings_keeps_the_server_from_starting() {
    let folder = Folder::new();
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "log = \"json\"\n\n# a typing mistake\nrequest-per-second = 100\n").unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()];
    let done = crate::common::try_command(&folder, &arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && done.stdout.is_empty());
    assert!(said.contains("server.toml, line 4: there is no setting `request-per-second`"), "{said}");
    assert!(!folder.path().join("server.sqlite").exists(), "nothing was made");
}
