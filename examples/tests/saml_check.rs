//! Runs `saml_check` over every captured response, twice, and over everything that no line should be.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use saml_sp::testing::{LoginAnswer, TestIdp};
use serde_json::{Value, json};
use testkit::captures::{self, Capture};

#[test]
fn every_capture_is_accepted_once() {
    for capture in captures::all() {
        let mut program = Program::start(&connection_of(&capture));
        let answer = program.ask(&line(&capture, "first"));
        assert_eq!(answer["verdict"], "accept", "{}: {answer}", capture.name);
        assert_eq!(answer["id"], "first");
        assert_eq!(answer["name_id"], json!(capture.expected.nameid), "{}", capture.name);
        assert_eq!(answer["attributes"], json!(capture.expected.attributes), "{}", capture.name);
        assert_eq!(answer["error"], Value::Null);
        for id in ["first", "second"] {
            let answer = program.ask(&line(&capture, id));
            let refused =
                json!({"id": id, "verdict": "reject", "name_id": null, "attributes": {}, "error": "ASN-05"});
            assert_eq!(answer, refused, "{}", capture.name);
        }
        program.end();
    }
}

#[test]
fn what_the_line_says_decides() {
    let capture = captures::one("ssp/assertion-signed");
    let mut program = Program::start(&connection_of(&capture));
    let mut refuse = |field: &str, value: Value, code: &str| {
        let mut line = line(&capture, field);
        line[field] = value;
        let answer = program.ask(&line);
        assert_eq!(answer["error"], code, "{field}");
        assert_eq!((&answer["name_id"], &answer["attributes"]), (&Value::Null, &json!({})));
    };
    refuse("in_response_to", json!("_other"), "RSP-06");
    refuse("in_response_to", Value::Null, "RSP-06");
    refuse("now", json!("2026-11-22T00:00:00Z"), "RSP-03");
    refuse("saml_response_b64", json!("!"), "XML-09");
    refuse("saml_response_b64", json!(""), "XML-04");
    refuse("saml_response_b64", json!("&SAMLResponse="), "XML-09");
    refuse("relay_state", json!("a".repeat(10_000)), "REQ-09");
    let answer = program.ask(&line(&capture, "unchanged"));
    assert_eq!(answer["verdict"], "accept", "a refusal must not use the assertion up");
    program.end();
}

#[test]
fn a_request_is_answered_once_in_a_browser_session() {
    let idp = TestIdp::well_known("https://idp.example.com").unwrap();
    let (sp, acs) = ("https://sp.example.com/metadata", "https://sp.example.com/acs");
    let now = "2026-01-31T12:00:00Z".parse().unwrap();
    let mut program = Program::start(&json!({
        "service_provider": {
            "entity_id": sp,
            "assertion_consumer_services": [{"binding": "http-post", "index": 0, "location": acs}],
        },
        "identity_provider": {"metadata": idp.metadata(now + chrono::TimeDelta::days(1)).unwrap()},
    }));
    let mut verdict = |session: &str, request: &str, assertion: &str| {
        let mut answer = LoginAnswer::new(assertion, sp, acs, now);
        answer.in_response_to = Some(request.to_owned());
        program.ask(&json!({
            "id": session,
            "saml_response_b64": idp.respond(&answer).unwrap().base64(),
            "in_response_to": request,
            "now": now.to_rfc3339(),
        }))["error"]
            .clone()
    };
    assert_eq!(verdict("one", "_r1", "a1"), Value::Null);
    assert_eq!(verdict("one", "_r1", "a2"), "RSP-06");
    assert_eq!(verdict("one", "_r1", "a1"), "ASN-05");
    assert_eq!(verdict("one", "_r2", "a2"), Value::Null);
    assert_eq!(verdict("two", "_r1", "a3"), Value::Null);
    program.end();
}

#[test]
fn nothing_on_a_line_ends_it() {
    let capture = captures::one("ssp/assertion-signed");
    let mut program = Program::start(&connection_of(&capture));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"id\":\"{}\"}}", "a".repeat(7_000_000));
    let lines: &[(&[u8], &str)] = &[
        (b"", "line.not-json"),
        (b"{", "line.not-json"),
        (b"null", "line.not-json"),
        (b"[]", "line.not-json"),
        (b"{} {}", "line.not-json"),
        (b"{}\r", "line.wrong-field"),
        (deep.as_bytes(), "line.not-json"),
        (b"{\"id\":\"\xff\"}", "line.not-utf8"),
        (b"\0", "line.not-json"),
        (long.as_bytes(), "line.too-long"),
        (b"{}", "line.wrong-field"),
        (b"{\"id\":null}", "line.wrong-field"),
        (b"{\"id\":{}}", "line.wrong-field"),
        (b"{\"saml_response_b64\":\"\"}", "line.wrong-field"),
    ];
    for (line, code) in lines {
        let answer = program.ask_bytes(line);
        let refused =
            json!({"id": null, "verdict": "reject", "name_id": null, "attributes": {}, "error": code});
        assert_eq!(answer, refused);
    }
    let wrong = [
        json!({"id": "x"}),
        json!({"id": "x", "saml_response_b64": null}),
        json!({"id": "x", "saml_response_b64": 1}),
        json!({"id": "x", "saml_response_b64": ["a"]}),
        json!({"id": "x", "saml_response_b64": "", "relay_state": {}}),
        json!({"id": "x", "saml_response_b64": "", "in_response_to": 7}),
        json!({"id": "x", "saml_response_b64": "", "in_response_to": "no name"}),
        json!({"id": "x", "saml_response_b64": "", "now": "yesterday"}),
        json!({"id": "x", "saml_response_b64": "", "now": 0}),
    ];
    for line in wrong {
        let answer = program.ask(&line);
        assert_eq!((&answer["id"], &answer["error"]), (&json!("x"), &json!("line.wrong-field")), "{line}");
    }
    assert_eq!(program.ask(&json!({"id": 7, "saml_response_b64": ""}))["id"], 7);
    assert_eq!(program.ask(&line(&capture, "after all"))["verdict"], "accept");
    program.end();
}

#[test]
fn a_last_line_without_line_feed_is_answered() {
    let mut program = Program::start(&connection_of(&captures::one("ssp/assertion-signed")));
    program.input.as_mut().unwrap().write_all(b"{\"id\":1}").unwrap();
    drop(program.input.take());
    assert_eq!(program.answer()["id"], 1);
    program.end();
}

#[test]
fn metadata_may_stand_in_the_file_and_the_wall_clock_is_the_default() {
    let idp = TestIdp::well_known("https://idp.example.com").unwrap();
    let (sp, acs) = ("https://sp.example.com/metadata", "https://sp.example.com/acs");
    let now = wall_clock();
    let connection = json!({
        "service_provider": {
            "entity_id": sp,
            "assertion_consumer_services": [{"binding": "http-post", "index": 0, "location": acs}],
        },
        "identity_provider": {"metadata": idp.metadata(now + chrono::TimeDelta::days(1)).unwrap()},
        "policy": {"unsolicited": "accept"},
    });
    let mut program = Program::start(&connection);
    let message = idp.respond(&LoginAnswer::new("1", sp, acs, now)).unwrap();
    let answer = program.ask(&json!({"id": "1", "saml_response_b64": message.base64()}));
    assert_eq!(answer["verdict"], "accept", "{answer}");
    let old = now - chrono::TimeDelta::days(1);
    let message = idp.respond(&LoginAnswer::new("2", sp, acs, old)).unwrap();
    let answer = program.ask(&json!({"id": "2", "saml_response_b64": message.base64(), "now": null}));
    assert_eq!(answer["verdict"], "reject", "{answer}");
    program.end();
}

#[test]
fn the_example_in_the_repository_works() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("saml_check");
    let mut program = Program::with_file(&directory.join("ssp.json"));
    let lines = std::fs::read_to_string(directory.join("ssp.jsonl")).unwrap();
    let errors: Vec<Value> =
        lines.lines().map(|line| program.ask_bytes(line.as_bytes())["error"].clone()).collect();
    assert_eq!(json!(errors), json!([null, null, null, "ASN-05", "RSP-06", "ASN-05"]));
    program.end();
}

#[test]
fn a_connection_that_cannot_be_used_ends_it_with_status_2() {
    let good = connection_of(&captures::one("ssp/assertion-signed"));
    let broken = |field: &str, value: Value| {
        let mut connection = good.clone();
        connection[field] = value;
        connection.to_string()
    };
    let files = [
        String::new(),
        "{}".to_owned(),
        broken("service_provider", json!({})),
        broken("identity_provider", json!({})),
        broken("identity_provider", json!({"metadata": "<a/>"})),
        broken("identity_provider", json!({"metadata_file": "nowhere.xml"})),
        broken("policy", json!({"unsolicited": "perhaps"})),
        broken("unknown", json!(1)),
    ];
    for content in files {
        let file = Temporary::new(&content);
        let output = command().arg("--connection").arg(&file.path).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{content}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
    assert_eq!(command().output().unwrap().status.code(), Some(2));
    assert_eq!(command().args(["--connection", "/no/such/file"]).output().unwrap().status.code(), Some(2));
}

fn line(capture: &Capture, id: &str) -> Value {
    json!({
        "id": id,
        "saml_response_b64": captures::base64(&capture.xml),
        "relay_state": capture.relay_state,
        "in_response_to": capture.request_id,
        "now": capture.arrived.to_rfc3339(),
    })
}

/// The connection that a capture needs, with the options of its sender.
fn connection_of(capture: &Capture) -> Value {
    let cbc = capture.data_encryption.as_deref().is_some_and(|algorithm| algorithm.ends_with("-cbc"));
    json!({
        "service_provider": {
            "entity_id": capture.sp_entity_id,
            "assertion_consumer_services": [{"binding": "http-post", "index": 0, "location": capture.acs}],
            "keys": {"current": {
                "private_key": captures::sp_key_pem(),
                "certificate": captures::sp_certificate_pem(),
            }},
        },
        "identity_provider": {"metadata": capture.idp_metadata},
        "policy": {
            "algorithms": {"danger_allow_sha1": capture.sha1},
            "encryption": {"danger_allow_triple_des": cbc, "danger_allow_unsigned_cbc": cbc},
            "unsolicited": if capture.unsolicited() { "accept" } else { "reject" },
        },
    })
}

#[expect(clippy::disallowed_methods, reason = "the program under test has no other clock")]
fn wall_clock() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// The running program.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    _file: Option<Temporary>,
}

impl Program {
    fn start(connection: &Value) -> Self {
        let file = Temporary::new(&connection.to_string());
        let mut program = Self::with_file(&file.path);
        program._file = Some(file);
        program
    }

    fn with_file(path: &Path) -> Self {
        let mut command = command();
        command.arg("--connection").arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output, _file: None }
    }

    fn ask(&mut self, line: &Value) -> Value {
        self.ask_bytes(line.to_string().as_bytes())
    }

    /// Sends one line and waits for its answer, which therefore must be flushed.
    fn ask_bytes(&mut self, line: &[u8]) -> Value {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Value {
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
        let mut rest = String::new();
        self.output.read_line(&mut rest).unwrap();
        assert_eq!(rest, "", "an answer that nobody asked for");
    }
}

fn command() -> Command {
    // Cargo builds the examples of a package together with its tests, beside their directory.
    let test = std::env::current_exe().unwrap();
    let program: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/saml_check");
    assert!(program.exists(), "{} is missing: run `cargo test --package examples`", program.display());
    Command::new(program)
}

/// A file that goes when it is dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn new(content: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("saml_check-{}-{}.json", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self { path }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is in the directory for temporary files: whoever cleans that takes it along.
        let _ = std::fs::remove_file(&self.path);
    }
}
