//! Reports: the same verdict as the check itself, every known misconfiguration named with the step that mends it, and
//! nothing of a person in what goes into a ticket.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "test helpers")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::testing::{
    LoginAnswer, TestAlgorithm, TestAttribute, TestEncryption, TestIdp, TestKey, TestLogoutRequest,
    TestNameId, TestSign, TestStatus, forge,
};
use saml_sp::{
    Binding, Certificate, Check, Connection, DataEncryption, Endpoint, Guide, IdentityProvider, Inbound,
    KeyPair, KeyRing, LocalizedText, LoginOptions, NameIdPolicy, Outcome, Policy, PrivateKey, ProblemKind,
    Product, Report, RequestId, RequestedAttribute, RequestedAttributes, Rule, ServiceProvider, Severity,
    Sighting, VerificationKey,
};
use serde::Deserialize;
use testkit::data;

#[test]
fn every_misconfiguration_is_named_with_the_step_that_mends_it() {
    let cases = misconfigurations();
    assert!(cases.len() >= 60, "only {} are left", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let report = case.report();
        let mut expect = |is: bool, what: String| {
            if !is {
                wrong.push(format!("{}: {what}", case.id));
            }
        };
        expect(report.rule == case.rule.as_deref(), format!("rule {:?}", report.rule));
        let Some(problem) = report.problems.iter().find(|problem| problem.kind.id() == case.problem) else {
            wrong.push(format!("{}: problems {:?}", case.id, report.problems));
            continue;
        };
        let severity = if case.rule.is_some() { Severity::Refused } else { Severity::Notice };
        expect(problem.severity == severity, format!("{:?}", problem.severity));
        let misses: Vec<&str> = problem.near_misses.iter().map(|miss| miss.id()).collect();
        expect(misses == case.near_misses, format!("near misses {misses:?}"));
        let place = report.problems.iter().position(|known| known.kind == problem.kind).unwrap();
        for product in Product::ALL {
            let step = report.steps(&Guide::default(), Some(*product)).remove(place);
            match case.steps.get(product.id()) {
                Some(words) => {
                    expect(step.id == format!("{}/{}", case.problem, product.id()), step.id.clone());
                    expect(
                        step.text.contains(words),
                        format!("{}: {:?} lacks {words:?}", step.id, step.text),
                    );
                }
                None => {
                    expect(
                        step.id == format!("{}/any", case.problem),
                        format!("{} is not expected", step.id),
                    );
                }
            }
            expect(!step.text.contains(['{', '}']), format!("{}: {}", step.id, step.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_of_the_list_of_misconfigurations_is_there() {
    let listed: Vec<String> = misconfigurations().into_iter().map(|case| case.listed).collect();
    let missing: Vec<String> =
        (1..=32).map(|number| format!("S{number:02}")).filter(|row| !listed.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_first_failed_finding_is_the_refusal() {
    let idp = TestIdp::well_known(IDP).unwrap();
    let here = Here::default().build(&idp);
    let mut good = answer(&Answer::default(), &here.sp_entity_id(), ACS);
    good.encrypt = Some(TestEncryption::new(SP_CERTIFICATE));
    let mut seen = 0;
    for forgery in forge::all() {
        let message = forgery.forge(&idp, &good).unwrap();
        let body = message.form_body(None);
        let report = here.report(&Inbound::FormBody(&body));
        let refused = here.accept(&Inbound::FormBody(&body)).err();
        let first = report.findings.iter().find(|finding| finding.outcome == Outcome::Failed);
        let told = refused.as_ref().map(|refused| refused.code());
        assert_eq!(report.rule, told, "{}", forgery.name());
        assert_eq!(first.map(|finding| finding.rule), told, "{}: {:?}", forgery.name(), report.findings);
        assert_eq!(
            report.problems.iter().any(|problem| problem.severity == Severity::Refused),
            told.is_some()
        );
        // A name in the forged message never passes for a verified one.
        for finding in report.findings.iter().filter(|finding| finding.verified) {
            let found = finding.found.as_deref().unwrap_or_default();
            assert!(!found.contains("evil-") && !found.contains("admin@"), "{}: {finding:?}", forgery.name());
        }
        no_person(&report, forgery.name());
        seen += 1;
    }
    assert!(seen >= 80, "only {seen} forgeries");
}

#[test]
fn a_capture_passes_every_question() {
    for capture in testkit::captures::all() {
        let pair =
            KeyPair::new(PrivateKey::from_pem(SP_KEY).unwrap(), Certificate::parse(SP_CERTIFICATE).unwrap());
        let sp = ServiceProvider::new(capture.sp_entity_id.parse().unwrap(), capture.acs.parse().unwrap())
            .with_keys(KeyRing::new(pair.unwrap()));
        let idp = IdentityProvider::from_metadata(capture.idp_metadata.as_bytes()).unwrap();
        let mut policy = Policy::default();
        policy.algorithms.danger_allow_sha1 = true;
        policy.encryption.danger_allow_unsigned_cbc = true;
        policy.encryption.danger_allow_triple_des = true;
        policy.unsolicited = saml_sp::Unsolicited::Accept;
        let connection = Connection::new(&sp, &idp, &policy);
        let pending = capture.request_id.as_ref().map(|id| {
            let id = RequestId::parse(id).unwrap();
            connection.begin_login(LoginOptions::default(), id, capture.arrived).unwrap().1
        });
        let body = testkit::captures::form_body(&capture.xml, None);
        let report = connection.report(&Inbound::FormBody(&body), pending.as_ref(), capture.arrived);
        for finding in &report.findings {
            let expected = if finding.check == Check::Replay { Outcome::NotJudged } else { Outcome::Passed };
            assert_eq!(finding.outcome, expected, "{}: {finding:?}", capture.name);
        }
        let ticket = report.redacted(&Guide::default(), None).to_string();
        assert!(!ticket.contains(&capture.expected.nameid), "{}", capture.name);
        for value in capture.expected.attributes.values().flatten().filter(|value| value.len() > 6) {
            assert!(!ticket.contains(value), "{}: {value}", capture.name);
        }
    }
}

#[test]
fn what_comes_behind_the_first_broken_rule_is_judged_and_marked() {
    let mut case = misconfiguration("s09-unsigned");
    case.answer.audiences = Some(vec!["urn:another:service".to_owned()]);
    case.answer.recipient = Some("https://staging.example.com/acs".to_owned());
    let report = case.report();
    assert_eq!(report.rule, Some("SIG-12"));
    let audience = report.finding(Check::Audience).unwrap();
    assert_eq!((audience.outcome, audience.rule), (Outcome::Failed, "ASN-05"));
    assert_eq!(audience.found.as_deref(), Some("urn:another:service"));
    assert!(!audience.verified && audience.source().contains("Core 2.5.1"));
    assert_eq!(report.finding(Check::Confirmation).unwrap().outcome, Outcome::Failed);
    assert!(report.findings.iter().all(|finding| !finding.verified), "{:?}", report.findings);
    let kinds: Vec<ProblemKind> = report.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::Unsigned, ProblemKind::Address, ProblemKind::Audience]);
}

#[test]
fn what_a_changed_ciphertext_decrypts_to_is_not_told() {
    let mut case = misconfiguration("s09-unsigned");
    case.answer.encrypt = Some("aes256-gcm".to_owned());
    case.answer.audiences = Some(vec!["urn:another:service".to_owned()]);
    let report = case.report();
    assert_eq!(report.rule, Some("SIG-12"));
    for check in [Check::AssertionIssuer, Check::Subject, Check::Audience, Check::Attributes] {
        assert_eq!(report.finding(check).unwrap().outcome, Outcome::NotJudged, "{check:?}");
    }
    assert!(!report.redacted(&Guide::default(), None).to_string().contains("urn:another:service"));
}

#[test]
fn a_ticket_holds_no_person() {
    for case in misconfigurations() {
        no_person(&case.report(), &case.id);
    }
    let report = misconfiguration("s30-not-assigned").report();
    let status = report.finding(Check::Status).unwrap();
    assert!(status.found.as_deref().unwrap().contains("bob@example.com is not assigned"));
    assert_eq!(
        report.redacted(&Guide::default(), None)["findings"][5]["found"],
        "urn:oasis:names:tc:SAML:2.0:status:Responder / urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
    );
}

// SIG-09
#[test]
fn an_expired_certificate_is_told_and_refuses_nothing() {
    let case = misconfiguration("s08-certificate-expired");
    assert!(case.report().is_accepted());
    let check = case.here.build(&case.idp.build()).self_check();
    assert!(check.problems.iter().any(|problem| problem.kind == ProblemKind::CertificateEnds));
}

// ASN-11
#[test]
fn a_transient_identifier_is_pointed_out() {
    let report = misconfiguration("s15-transient").report();
    assert_eq!(report.problems[0].found.as_deref(), Some("a transient identifier"));
    assert!(report.problems[0].verified);
}

#[test]
fn a_replay_is_the_last_question() {
    let report = misconfiguration("s27-replay").report();
    assert_eq!(report.finding(Check::Replay).unwrap().outcome, Outcome::Failed);
    let mut first = misconfiguration("s27-replay");
    first.here.sighting = Some("first".to_owned());
    let report = first.report();
    assert!(report.is_accepted());
    assert_eq!(report.finding(Check::Replay).unwrap().outcome, Outcome::Passed);
    // Of a refused response nothing is claimed, so there is nothing to say about it.
    let refused = misconfiguration("s09-unsigned").report().with_sighting(Sighting::Seen);
    assert_eq!(refused.rule, Some("SIG-12"));
    assert_eq!(refused.finding(Check::Replay).unwrap().outcome, Outcome::NotJudged);
}

#[test]
fn a_connection_without_fault_has_nothing_to_report() {
    let report = Here::default().build(&TestIdp::well_known(IDP).unwrap()).self_check();
    assert_eq!(report.problems, []);
    assert!(report.is_accepted() && report.findings.is_empty());
}

#[test]
fn a_self_check_finds_what_is_weak() {
    let policy = serde_json::from_value(serde_json::json!({
        "algorithms": { "danger_allow_sha1": true, "danger_allow_rsa_1024": true },
        "encryption": { "danger_allow_unsigned_cbc": true, "danger_allow_triple_des": true, "danger_allow_rsa_1_5": true },
        "danger_accept_unsigned_logout": true,
        "unsolicited": "accept",
    }))
    .unwrap();
    let here = Here {
        acs: Some("http://sp.example.com/acs".to_owned()),
        metadata_valid_until_seconds: Some(-3600),
        policy,
        sp_key: Some("none".to_owned()),
        want_authn_requests_signed: true,
        ..Here::default()
    };
    let mut built = here.build(&TestIdp::well_known("http://idp.example.com").unwrap());
    built.idp = built.idp.with_single_logout_services(Vec::new());
    let report = built.self_check();
    assert_eq!(report.rule, Some("MD-03"));
    let found = |kind| report.problems.iter().filter(move |problem| problem.kind == kind).count();
    assert_eq!(found(ProblemKind::MetadataExpired), 1);
    assert_eq!(found(ProblemKind::WeakOption), 7);
    assert_eq!(found(ProblemKind::PlainHttp), 2); // ours and theirs
    assert_eq!(found(ProblemKind::RequestUnsigned), 1);
    assert_eq!(found(ProblemKind::NoLogout), 1);
    assert_eq!(report.problems[0].kind, ProblemKind::MetadataExpired);
}

#[test]
fn certificates_are_told_a_month_ahead() {
    let here = Here::default().build(&TestIdp::well_known(IDP).unwrap());
    let key = here.idp.signing_keys()[0].certificate().unwrap().not_after();
    let own = Certificate::parse(SP_CERTIFICATE).unwrap().not_after();
    let kinds = |now: DateTime<Utc>| -> Vec<ProblemKind> {
        here.connection().self_check(now).problems.iter().map(|problem| problem.kind).collect()
    };
    let day = TimeDelta::days(1);
    assert!(!kinds(key - day * 31).contains(&ProblemKind::CertificateEnds));
    assert!(kinds(key - day * 29).contains(&ProblemKind::CertificateEnds));
    assert!(!kinds(own - day * 31).contains(&ProblemKind::OwnCertificateEnds));
    assert!(kinds(own - day * 29).contains(&ProblemKind::OwnCertificateEnds));
}

#[test]
fn every_question_has_a_rule_and_every_rule_a_source() {
    for check in Check::ALL {
        assert!(check.question().ends_with('?'));
        for rule in check.rules() {
            assert!(!Rule::find(rule).unwrap_or_else(|| panic!("{rule}")).source.is_empty());
        }
    }
}

fn no_person(report: &Report, at: &str) {
    let ticket = report.redacted(&Guide::default(), Some(Product::Okta)).to_string();
    for person in ["alice", "bob", "_x17", "sales", "red,green", "RelayState-value"] {
        assert!(!ticket.contains(person), "{at}: {person} in {ticket}");
    }
}

fn misconfigurations() -> Vec<Case> {
    data::files("saml/misconfigurations", ".json").iter().map(|file| data::json(file)).collect()
}

fn misconfiguration(id: &str) -> Case {
    data::json(&format!("saml/misconfigurations/{id}.json"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    listed: String,
    #[serde(rename = "what")]
    _what: String,
    #[serde(default)]
    answer: Answer,
    #[serde(default)]
    here: Here,
    #[serde(default)]
    idp: Other,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    edit: Option<(String, String)>,
    rule: Option<String>,
    problem: String,
    near_misses: Vec<String>,
    steps: BTreeMap<String, String>,
}

impl Case {
    fn report(&self) -> Report {
        let idp = self.idp.build();
        // The metadata and names that are stored here are those of the right identity provider.
        let stored = if self.idp.key.as_deref() == Some("foreign") {
            TestIdp::well_known(IDP).unwrap()
        } else {
            idp.clone()
        };
        let here = self.here.build(&stored);
        let name = TestNameId::email("alice@example.com");
        let message = match self.message.as_deref() {
            None => {
                let message = idp.respond(&answer(&self.answer, &here.sp_entity_id(), ACS)).unwrap();
                let mut xml = String::from_utf8(message.xml().to_vec()).unwrap();
                if let Some((from, to)) = &self.edit {
                    assert!(xml.contains(from));
                    xml = xml.replacen(from, to, 1);
                }
                testkit::captures::form_body(xml.as_bytes(), Some("RelayState-value"))
            }
            Some("redirect") => {
                let message = idp.respond(&answer(&self.answer, &here.sp_entity_id(), ACS)).unwrap();
                let address = idp.redirect(&message, None).unwrap();
                let query = address.split_once('?').unwrap().1.to_owned();
                return here.report(&Inbound::RawQuery(&query));
            }
            Some(logout @ ("logout" | "logout_unsigned")) => {
                let mut order = TestLogoutRequest::new("_logout", SLO, name, now());
                order.sign = logout == "logout";
                let body = idp.logout_request(&order).unwrap().form_body(None);
                let connection = here.connection();
                let refused = connection.accept_logout(&Inbound::FormBody(&body), None, now()).unwrap_err();
                return connection.explain(&refused, now());
            }
            Some(other) => other.strip_prefix("body:").unwrap().as_bytes().to_vec(),
        };
        let report = here.report(&Inbound::FormBody(&message));
        match self.here.sighting.as_deref() {
            Some("seen") => report.with_sighting(Sighting::Seen),
            Some("first") => report.with_sighting(Sighting::FirstUse),
            _ => report,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Other {
    base: Option<String>,
    key: Option<String>,
}

impl Other {
    fn build(&self) -> TestIdp {
        let key = match self.key.as_deref() {
            None | Some("well_known") => TestKey::well_known(),
            Some("foreign") => TestKey::foreign(),
            Some("expired") => TestKey::from_seed(&[7; 32], now() - TimeDelta::days(3651)),
            Some(other) => panic!("{other}"),
        };
        TestIdp::new(self.base.as_deref().unwrap_or(IDP), key.unwrap())
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Answer {
    algorithm: Option<String>,
    attributes: Vec<(String, Vec<String>)>,
    audiences: Option<Vec<String>>,
    authn_context: Option<String>,
    authn_seconds: i64,
    destination: Option<String>,
    encrypt: Option<String>,
    #[serde(deserialize_with = "given")]
    in_response_to: Option<Option<String>>,
    name_id: Option<Name>,
    not_before_seconds: Option<i64>,
    not_on_or_after_seconds: Option<i64>,
    now_seconds: i64,
    recipient: Option<String>,
    session_end_seconds: Option<i64>,
    sign: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Name {
    value: String,
    format: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    code: String,
    second: Option<String>,
    message: Option<String>,
}

/// Tells `null` from a field that isn't there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn answer(change: &Answer, sp_entity_id: &str, acs: &str) -> LoginAnswer {
    let at = |seconds: i64| now() + TimeDelta::seconds(seconds);
    let mut answer = LoginAnswer::new("1", sp_entity_id, acs, at(change.now_seconds));
    answer.in_response_to = change.in_response_to.clone().unwrap_or_else(|| Some(REQUEST.to_owned()));
    answer.authn_instant = at(change.authn_seconds);
    if let Some(destination) = &change.destination {
        answer.destination = Some(destination.clone());
    }
    if let Some(recipient) = &change.recipient {
        answer.recipient = Some(recipient.clone());
    }
    if let Some(audiences) = &change.audiences {
        answer.audiences.clone_from(audiences);
    }
    if let Some(name) = &change.name_id {
        answer.name_id = TestNameId::new(&name.value, name.format.as_deref());
    }
    if let Some(class) = &change.authn_context {
        answer.authn_context.clone_from(class);
    }
    answer.not_before = change.not_before_seconds.map(at).or(answer.not_before);
    answer.not_on_or_after = change.not_on_or_after_seconds.map(at).or(answer.not_on_or_after);
    answer.session_not_on_or_after = change.session_end_seconds.map(at);
    answer.attributes = change
        .attributes
        .iter()
        .map(|(name, values)| {
            TestAttribute::new(name, &values.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    answer.sign = match change.sign.as_deref() {
        None | Some("assertion") => TestSign::Assertion,
        Some("both") => TestSign::Both,
        Some("neither") => TestSign::Neither,
        Some("response") => TestSign::Response,
        Some(other) => panic!("{other}"),
    };
    if change.algorithm.as_deref() == Some("sha1") {
        answer.algorithm = TestAlgorithm::Sha1;
    }
    answer.encrypt = change.encrypt.as_deref().map(|algorithm| {
        let mut encryption = TestEncryption::new(SP_CERTIFICATE);
        encryption.data = match algorithm {
            "aes256-gcm" => DataEncryption::Aes256Gcm,
            "aes256-cbc" => DataEncryption::Aes256Cbc,
            other => panic!("{other}"),
        };
        encryption
    });
    if let Some(status) = &change.status {
        answer.status = TestStatus {
            code: status.code.clone(),
            second: status.second.clone(),
            message: status.message.clone(),
        };
    }
    answer
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Here {
    acs: Option<String>,
    clock_seconds: i64,
    idp_entity_id: Option<String>,
    metadata_valid_until_seconds: Option<i64>,
    name_id_format: Option<String>,
    pending: Option<String>,
    policy: Policy,
    required_attributes: Vec<String>,
    sighting: Option<String>,
    sp_entity_id: Option<String>,
    sp_key: Option<String>,
    want_authn_requests_signed: bool,
}

impl Here {
    fn build(&self, idp: &TestIdp) -> Built {
        let entity_id = self.sp_entity_id.as_deref().unwrap_or(SP);
        let acs = self.acs.as_deref().unwrap_or(ACS);
        let mut sp = ServiceProvider::new(entity_id.parse().unwrap(), acs.parse().unwrap())
            .with_logout(Endpoint::new(Binding::HttpPost, SLO.parse().unwrap()));
        let pair = match self.sp_key.as_deref() {
            None => Some((SP_KEY, SP_CERTIFICATE)),
            Some("foreign") => Some((FOREIGN_KEY, FOREIGN_CERTIFICATE)),
            Some(_) => None,
        };
        if let Some((key, certificate)) = pair {
            let pair =
                KeyPair::new(PrivateKey::from_pem(key).unwrap(), Certificate::parse(certificate).unwrap());
            sp = sp.with_keys(KeyRing::new(pair.unwrap()));
        }
        if !self.required_attributes.is_empty() {
            let wanted = self.required_attributes.iter().map(|name| RequestedAttribute {
                name: name.clone(),
                name_format: None,
                friendly_name: None,
                required: true,
            });
            let set =
                RequestedAttributes::new(0, vec![LocalizedText::new("en", "Example")], wanted.collect());
            sp = sp.with_requested_attributes(set.unwrap());
        }
        let at = |address: &str| {
            [Binding::HttpRedirect, Binding::HttpPost]
                .map(|binding| Endpoint::new(binding, address.parse().unwrap()))
                .to_vec()
        };
        let key = VerificationKey::parse(&idp.key().certificate_pem().unwrap()).unwrap();
        let entity_id = self.idp_entity_id.as_deref().unwrap_or(idp.entity_id());
        let until = self.metadata_valid_until_seconds.map(|seconds| now() + TimeDelta::seconds(seconds));
        let idp = IdentityProvider::new(entity_id.parse().unwrap(), at(idp.sign_on_url()), vec![key])
            .unwrap()
            .with_single_logout_services(at(idp.logout_url()))
            .with_want_authn_requests_signed(self.want_authn_requests_signed)
            .with_valid_until(until);
        Built { here: self.clone(), sp, idp }
    }
}

struct Built {
    here: Here,
    sp: ServiceProvider,
    idp: IdentityProvider,
}

impl Built {
    fn connection(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.here.policy)
    }

    fn sp_entity_id(&self) -> String {
        self.sp.entity_id().as_str().to_owned()
    }

    fn pending(&self) -> Option<saml_sp::PendingLogin> {
        if self.here.pending.as_deref() == Some("none") {
            return None;
        }
        // What the identity provider demands of requests is not asked here: the login has begun already.
        let idp = self.idp.clone().with_want_authn_requests_signed(false).with_valid_until(None);
        let mut options = LoginOptions::default();
        options.name_id_policy = self.here.name_id_format.clone().map(|format| {
            let mut policy = NameIdPolicy::default();
            policy.format = Some(format);
            policy
        });
        let connection = Connection::new(&self.sp, &idp, &self.here.policy);
        Some(connection.begin_login(options, RequestId::parse(REQUEST).unwrap(), now()).unwrap().1)
    }

    fn clock(&self) -> DateTime<Utc> {
        now() + TimeDelta::seconds(self.here.clock_seconds)
    }

    fn report(&self, inbound: &Inbound<'_>) -> Report {
        self.connection().report(inbound, self.pending().as_ref(), self.clock())
    }

    fn accept(&self, inbound: &Inbound<'_>) -> Result<saml_sp::Verified<saml_sp::Login>, saml_sp::Rejection> {
        self.connection().accept_response(inbound, self.pending().as_ref(), self.clock())
    }

    fn self_check(&self) -> Report {
        self.connection().self_check(self.clock())
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T20:00:00Z".parse().unwrap()
}

const ACS: &str = "https://sp.example.com/acs";
const FOREIGN_CERTIFICATE: &str = include_str!("../src/testing/keys/foreign.crt");
const FOREIGN_KEY: &str = include_str!("../src/testing/keys/foreign.key");
const IDP: &str = "https://idp.example.com";
const REQUEST: &str = "_request";
const SLO: &str = "https://sp.example.com/slo";
const SP: &str = "https://sp.example.com/metadata";
const SP_CERTIFICATE: &str = include_str!("../../../testdata/saml/captures/keys/sp.crt");
const SP_KEY: &str = include_str!("../../../testdata/saml/captures/keys/sp.key");
