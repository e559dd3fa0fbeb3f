//! A service provider that another program drives by lines of JSON, to try it with identity providers that others wrote.
//!
//! ```text
//! cargo run --package examples --example saml_peer
//! ```
//!
//! Each line of standard input is an order, each line of standard output its answer. `cargo xtask interop` runs it;
//! `examples/README.md` describes the lines.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use saml_sp::{
    Binding, Connection, EncryptionRandom, Engines, IdentityProvider, IdpSession, Inbound, Login,
    LoginOptions, LogoutAnswer, LogoutMessage, LogoutOptions, LogoutOutcome, MetadataOutput, Outbound,
    PendingLogin, PendingLogout, Policy, Rejection, RequestId, ServiceProvider, Sighting,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

fn main() -> ExitCode {
    match run(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere left to report a failure of this.
            let _ = writeln!(io::stderr(), "saml_peer: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut peer = Peer::default();
    for line in input.lines() {
        let answer = serde_json::from_str(&line?)
            .map_err(|error| error.to_string())
            .and_then(|order| peer.follow(order))
            .unwrap_or_else(|error| json!({ "error": error }));
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

/// One line of input.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Order {
    /// A logout message has arrived, in the body of a POST or in a query.
    AcceptLogout { body: Option<String>, query: Option<String> },
    /// A response has arrived in the body of a POST.
    AcceptResponse { body: String },
    /// Somebody wants to sign in.
    BeginLogin {
        binding: Option<Binding>,
        relay_state: Option<String>,
        #[serde(default)]
        sign: bool,
    },
    /// The person who signed in last wants to sign out.
    BeginLogout {
        binding: Option<Binding>,
        #[serde(default)]
        encrypt_name_id: bool,
        relay_state: Option<String>,
    },
    /// Somebody wants our metadata.
    Metadata {
        #[serde(default)]
        sign: bool,
    },
    /// Begins anew with these two sides.
    Start(Box<Start>),
}

#[derive(Deserialize)]
struct Start {
    identity_provider: String,
    #[serde(default)]
    policy: Policy,
    service_provider: ServiceProvider,
    /// One that somebody has already.
    session: Option<IdpSession>,
}

/// What a host keeps: configuration, and what waits for its answer.
#[derive(Default)]
struct Peer {
    sides: Option<Sides>,
    pending_login: Option<PendingLogin>,
    pending_logout: Option<PendingLogout>,
    session: Option<IdpSession>,
}

struct Sides {
    idp: IdentityProvider,
    policy: Policy,
    sp: ServiceProvider,
}

impl Sides {
    fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy)
    }

    /// What every engine that was built in says; one that is not there has nothing to say.
    fn ask_all(&self, mut ask: impl FnMut(Connection<'_>) -> Result<Value, Rejection>) -> Vec<Value> {
        let engines: &[(&str, Engines)] = if cfg!(feature = "xmlsec") {
            &[("native", Engines::Native), ("xmlsec", Engines::Xmlsec), ("agreement", Engines::Agreement)]
        } else {
            &[("native", Engines::Native)]
        };
        engines
            .iter()
            .map(|(name, engines)| {
                let mut policy = self.policy.clone();
                policy.engines = *engines;
                let mut answer = ask(Connection::new(&self.sp, &self.idp, &policy)).unwrap_or_else(
                    |rejection| json!({ "refused": rejection.code(), "because": rejection.to_string() }),
                );
                if let Value::Object(fields) = &mut answer {
                    fields.insert("engine".to_owned(), json!(name));
                }
                answer
            })
            .collect()
    }
}

impl Peer {
    fn follow(&mut self, order: Order) -> Result<Value, String> {
        match order {
            Order::AcceptLogout { body, query } => self.accept_logout(body.as_deref(), query.as_deref()),
            Order::AcceptResponse { body } => self.accept_response(&body),
            Order::BeginLogin { binding, relay_state, sign } => self.begin_login(binding, relay_state, sign),
            Order::BeginLogout { binding, encrypt_name_id, relay_state } => {
                self.begin_logout(binding, encrypt_name_id, relay_state)
            }
            Order::Metadata { sign } => self.metadata(sign),
            Order::Start(start) => self.start(*start),
        }
    }

    fn start(&mut self, start: Start) -> Result<Value, String> {
        let Start { identity_provider, policy, service_provider: sp, session } = start;
        let idp = IdentityProvider::from_metadata(identity_provider.as_bytes())
            .map_err(|error| format!("metadata: {error}"))?;
        let answer = json!({ "entity_id": idp.entity_id().as_str() });
        *self = Self { sides: Some(Sides { idp, policy, sp }), session, ..Self::default() };
        Ok(answer)
    }

    fn sides(&self) -> Result<&Sides, String> {
        self.sides.as_ref().ok_or_else(|| "nothing was started".to_owned())
    }

    fn metadata(&self, sign: bool) -> Result<Value, String> {
        let mut output = MetadataOutput::default();
        output.sign_as = if sign { Some(request_id()?) } else { None };
        let metadata = self.sides()?.sp.metadata(&output, wall_clock()).map_err(|error| error.to_string())?;
        Ok(json!({ "metadata": metadata }))
    }

    fn begin_login(
        &mut self,
        binding: Option<Binding>,
        relay_state: Option<String>,
        sign: bool,
    ) -> Result<Value, String> {
        let mut options = LoginOptions::default();
        (options.binding, options.relay_state, options.sign) = (binding, relay_state, sign);
        let begun = self.sides()?.connection().begin_login(options, request_id()?, wall_clock());
        let (outbound, pending) = begun.map_err(|error| error.to_string())?;
        let answer = sent(&outbound, pending.request_id());
        self.pending_login = Some(pending);
        Ok(answer)
    }

    fn accept_response(&mut self, body: &str) -> Result<Value, String> {
        let mut session = None;
        let verdicts = self.sides()?.ask_all(|connection| {
            let inbound = Inbound::FormBody(body.as_bytes());
            let verified = connection.accept_response(&inbound, self.pending_login.as_ref(), wall_clock())?;
            // Each engine looks at the same message, so for each it is the first.
            let login = verified.admit(Sighting::FirstUse)?;
            session = login.idp_session();
            Ok(person(&login))
        });
        self.session = session.or(self.session.take());
        Ok(json!({ "verdicts": verdicts }))
    }

    fn begin_logout(
        &mut self,
        binding: Option<Binding>,
        encrypt_name_id: bool,
        relay_state: Option<String>,
    ) -> Result<Value, String> {
        let session = self.session.as_ref().ok_or("nobody has signed in")?;
        let mut options = LogoutOptions::default();
        (options.binding, options.relay_state) = (binding, relay_state);
        options.encrypt_name_id = if encrypt_name_id { Some(EncryptionRandom::new(random()?)) } else { None };
        let begun = self.sides()?.connection().begin_logout(session, options, request_id()?, wall_clock());
        let (outbound, pending) = begun.map_err(|error| error.to_string())?;
        let answer = sent(&outbound, pending.request_id());
        self.pending_logout = Some(pending);
        Ok(answer)
    }

    fn accept_logout(&mut self, body: Option<&str>, query: Option<&str>) -> Result<Value, String> {
        let inbound = match (body, query) {
            (Some(body), None) => Inbound::FormBody(body.as_bytes()),
            (None, Some(query)) => Inbound::RawQuery(query),
            _ => return Err("either a body or a query".to_owned()),
        };
        let mut request = None;
        let sides = self.sides()?;
        let verdicts = sides.ask_all(|connection| {
            let message = connection.accept_logout(&inbound, self.pending_logout.as_ref(), wall_clock())?;
            Ok(match message {
                LogoutMessage::Request(wish) => {
                    let answer = json!({
                        "ends_session": self.session.as_ref().is_some_and(|session| wish.ends(session, wall_clock())),
                        "name_id": wish.name_id.value,
                        "relay_state": wish.relay_state,
                    });
                    request = Some(wish);
                    answer
                }
                LogoutMessage::Response(outcome) => json!({ "outcome": match outcome {
                    LogoutOutcome::Partial => "partial",
                    LogoutOutcome::Success => "success",
                    LogoutOutcome::Unknown(_) => "unknown",
                } }),
            })
        });
        let Some(request) = request else { return Ok(json!({ "verdicts": verdicts })) };
        let id = request_id()?;
        let connection = sides.connection();
        let outbound = connection.respond_logout(&request, LogoutAnswer::Success, &id, wall_clock());
        let outbound = outbound.map_err(|error| error.to_string())?;
        Ok(json!({ "verdicts": verdicts, "answer": sent(&outbound, &id) }))
    }
}

/// What the browser is told to do.
fn sent(outbound: &Outbound, id: &RequestId) -> Value {
    match outbound {
        Outbound::Post { form } => {
            let fields: Map<String, Value> =
                form.fields().iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            json!({ "id": id.as_str(), "action": form.action().as_str(), "fields": fields })
        }
        Outbound::Redirect { url } => json!({ "id": id.as_str(), "url": url }),
    }
}

/// Who signed in.
fn person(login: &Login) -> Value {
    let mut attributes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for attribute in login.attributes() {
        let texts = login.attributes().texts(&attribute.name);
        attributes.entry(&attribute.name).or_insert_with(|| texts.collect());
    }
    let name_id = login.subject().map(|subject| subject.value.as_str());
    json!({ "attributes": attributes, "name_id": name_id, "session_indexes": login.session().indexes })
}

fn request_id() -> Result<RequestId, String> {
    Ok(RequestId::from_random(random::<20>()?))
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], String> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "the program owns the clock; the library is given it")]
fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}
