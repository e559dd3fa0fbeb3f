//! Checks SAML responses that come in as lines of JSON, and answers with lines of JSON.
//!
//! ```text
//! cargo run --package examples --example saml_check -- --connection examples/saml_check/ssp.json < examples/saml_check/ssp.jsonl
//! ```
//!
//! A harness for conformance runs and fuzzers: it never ends before its input does. `examples/README.md` describes the
//! lines and the connection file.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use saml_sp::{
    AttributeValue, Connection, IdentityProvider, Inbound, Login, LoginOptions, PendingLogin, Policy,
    RequestId, ServiceProvider, Sighting,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

fn main() -> ExitCode {
    let outcome = connection_file().and_then(|path| Settings::load(&path)).and_then(|settings| {
        let mut checker = Checker { settings, claims: HashSet::new(), answered: HashSet::new() };
        match checker.run(io::stdin().lock(), io::stdout().lock()) {
            // Nobody reads the answers any more.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => outcome.map_err(|error| error.to_string()),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // There is nowhere left to report a failure of this.
            let _ = writeln!(io::stderr(), "saml_check: {message}");
            ExitCode::from(2)
        }
    }
}

fn connection_file() -> Result<PathBuf, String> {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(option), Some(path), None) if option == "--connection" => Ok(path.into()),
        _ => Err("usage: saml_check --connection FILE".to_owned()),
    }
}

/// What the connection file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionFile {
    service_provider: ServiceProvider,
    identity_provider: Value,
    #[serde(default)]
    policy: Policy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetadataFile {
    metadata_file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InlineMetadata {
    metadata: String,
}

struct Settings {
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
}

impl Settings {
    fn load(path: &Path) -> Result<Self, String> {
        let in_file = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| in_file(&error))?;
        let file: ConnectionFile = serde_json::from_str(&text).map_err(|error| in_file(&error))?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Ok(Self {
            sp: file.service_provider,
            idp: identity_provider(file.identity_provider, directory).map_err(|error| in_file(&error))?,
            policy: file.policy,
        })
    }
}

fn identity_provider(value: Value, directory: &Path) -> Result<IdentityProvider, String> {
    let metadata = if value.get("metadata_file").is_some() {
        let file: MetadataFile = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let path = directory.join(file.metadata_file);
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?
    } else if value.get("metadata").is_some() {
        let inline: InlineMetadata = serde_json::from_value(value).map_err(|error| error.to_string())?;
        inline.metadata.into_bytes()
    } else {
        return serde_json::from_value(value).map_err(|error| format!("identity_provider: {error}"));
    };
    IdentityProvider::from_metadata(&metadata).map_err(|error| format!("metadata: {error}"))
}

/// The connection and what has been used up.
struct Checker {
    settings: Settings,
    /// Issuer and id of every assertion that was accepted.
    claims: HashSet<(String, String)>,
    /// Browser session and id of every request that got an answer that was accepted.
    answered: HashSet<(String, String)>,
}

impl Checker {
    fn run(&mut self, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        let mut line = Vec::new();
        while read_line(&mut input, &mut line)? {
            let answer = self.answer(&line);
            serde_json::to_writer(&mut output, &answer)?;
            output.write_all(b"\n")?;
            output.flush()?;
        }
        Ok(())
    }

    fn answer(&mut self, line: &[u8]) -> Answer {
        let mut id = Value::Null;
        match self.check(line, &mut id) {
            Ok(login) => Answer::accept(id, &login),
            Err(error) => Answer::reject(id, error),
        }
    }

    fn check(&mut self, line: &[u8], id: &mut Value) -> Result<Login, &'static str> {
        let line = Line::read(line, id)?;
        let now = line.now.unwrap_or_else(wall_clock);
        let Settings { sp, idp, policy } = &self.settings;
        let connection = Connection::new(sp, idp, policy);
        let request = line.in_response_to.as_ref().map(|request| (id.to_string(), request.to_string()));
        let pending = line.in_response_to.map(|request| pending(&connection, request, now)).transpose()?;
        let body = form_body(&line.saml_response_b64, line.relay_state.as_deref());
        let accept = |pending| {
            let verified = connection.accept_response(&Inbound::FormBody(&body), pending, now);
            verified.map_err(|rejection| rejection.code())
        };
        let mut verified = accept(pending.as_ref())?;
        let claim = (verified.claim().issuer.to_string(), verified.claim().id.clone());
        if self.claims.contains(&claim) {
            return verified.admit(Sighting::Seen).map_err(|rejection| rejection.code());
        }
        // A host takes a pending login out of its store when it is answered, so that no second answer finds it.
        if request.as_ref().is_some_and(|request| self.answered.contains(request)) {
            verified = accept(None)?;
        }
        self.claims.insert(claim);
        self.answered.extend(request);
        verified.admit(Sighting::FirstUse).map_err(|rejection| rejection.code())
    }
}

/// What a browser with a login under way brings back: the request that the line names.
fn pending(
    connection: &Connection<'_>,
    request: RequestId,
    now: DateTime<Utc>,
) -> Result<PendingLogin, &'static str> {
    let begun = connection.begin_login(LoginOptions::default(), request, now);
    begun.map(|(_, pending)| pending).map_err(|_| NO_LOGIN)
}

/// One line of input.
struct Line {
    saml_response_b64: String,
    relay_state: Option<String>,
    in_response_to: Option<RequestId>,
    now: Option<DateTime<Utc>>,
}

impl Line {
    /// Reads a line; `id` is set as soon as it is known, so that a refusal can name it.
    fn read(line: &[u8], id: &mut Value) -> Result<Self, &'static str> {
        if line.len() > MAX_LINE {
            return Err(TOO_LONG);
        }
        let line = std::str::from_utf8(line).map_err(|_| NOT_UTF8)?;
        let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
            return Err(NOT_JSON);
        };
        *id = match fields.remove("id") {
            Some(found @ (Value::Number(_) | Value::String(_))) => found,
            _ => return Err(WRONG_FIELD),
        };
        let mut text = |name| match fields.remove(name) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Null) | None => Ok(None),
            Some(_) => Err(WRONG_FIELD),
        };
        let in_response_to = text("in_response_to")?;
        let now = text("now")?;
        Ok(Self {
            saml_response_b64: text("saml_response_b64")?.ok_or(WRONG_FIELD)?,
            relay_state: text("relay_state")?,
            in_response_to: in_response_to
                .map(|request| RequestId::parse(&request).map_err(|_| WRONG_FIELD))
                .transpose()?,
            now: now.map(|now| now.parse().map_err(|_| WRONG_FIELD)).transpose()?,
        })
    }
}

/// One line of output.
#[derive(Serialize)]
struct Answer {
    id: Value,
    verdict: &'static str,
    name_id: Option<String>,
    attributes: BTreeMap<String, Vec<Option<String>>>,
    error: Option<&'static str>,
}

impl Answer {
    fn accept(id: Value, login: &Login) -> Self {
        let mut attributes: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for attribute in login.attributes() {
            let values = attribute.values.iter().map(|value| match value {
                AttributeValue::Text(text) | AttributeValue::Xml(text) => Some(text.clone()),
                _ => None,
            });
            attributes.entry(attribute.name.clone()).or_default().extend(values);
        }
        let name_id = login.subject().map(|subject| subject.value.clone());
        Self { id, verdict: "accept", name_id, attributes, error: None }
    }

    fn reject(id: Value, error: &'static str) -> Self {
        Self { id, verdict: "reject", name_id: None, attributes: BTreeMap::new(), error: Some(error) }
    }
}

/// The body of the POST that a browser would send.
fn form_body(saml_response: &str, relay_state: Option<&str>) -> Vec<u8> {
    let mut body = String::from("SAMLResponse=");
    percent_encode(saml_response, &mut body);
    if let Some(relay_state) = relay_state {
        body.push_str("&RelayState=");
        percent_encode(relay_state, &mut body);
    }
    body.into_bytes()
}

fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Reads up to the next line feed; keeps no more than one byte over the limit. False at the end of input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        let room = MAX_LINE.saturating_add(1).saturating_sub(line.len());
        line.extend(part.iter().take(room));
        let used = part.len().saturating_add(usize::from(end.is_some()));
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the program owns the clock; the library is given it")]
fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}

/// Four times the longest response that the default limits take.
const MAX_LINE: usize = 6_000_000;

const NO_LOGIN: &str = "line.no-login";
const NOT_JSON: &str = "line.not-json";
const NOT_UTF8: &str = "line.not-utf8";
const TOO_LONG: &str = "line.too-long";
const WRONG_FIELD: &str = "line.wrong-field";
