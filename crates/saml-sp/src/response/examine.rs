//! Every question asked, not only those up to the first broken rule: what a report is made of.
//!
//! It asks the same functions as `accept_response` in the same order, so that its first failure is the refusal. It
//! never makes a login. What no signature covers is read too, and marked; but nothing that was decrypted is read
//! without a signature over it, or else the report would tell what an attacker's changed ciphertext decrypts to
//! (ENC-06).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::{
    accept::check_destination,
    assertion::{AssertionParts, check_age, check_class, check_session, read_authn},
    attributes::read_attributes,
    conditions::{check_audience, check_validity},
    context::Context,
    envelope::Envelope,
    subject::{check_confirmations, check_name_id, identifier},
};
use crate::{
    Attributes, Binding, Check, Connection, Inbound, NameId, PendingArtifact, PendingLogin,
    binding::MessageKind,
    dsig::Covered,
    enc::decrypt,
    names::{ASSERTION, DS},
    rejection::{Cause, Part, Rejection},
    xml::Element,
};

/// The answers, and what else a report wants to know of the message.
#[derive(Default)]
pub(crate) struct Examination {
    verdicts: BTreeMap<Check, Verdict>,
    pub(crate) facts: Facts,
}

/// The answer to one question.
pub(crate) enum Verdict {
    /// Yes.
    Passed { expected: Option<String>, found: Option<String>, verified: bool },
    /// No.
    Failed(Rejection),
    /// It couldn't be asked, and why.
    NotJudged(&'static str),
}

/// What a report wants to know of a message beside the rules; no values of persons.
#[derive(Default)]
pub(crate) struct Facts {
    /// Whether the assertion's facts stood under a verified signature.
    pub(crate) verified: bool,
    /// Fingerprints of the certificates that the message offers in its signatures.
    pub(crate) offered: Vec<String>,
    /// Whether anything is signed, well or badly.
    pub(crate) signed: bool,
    pub(crate) name_id: Option<Shape>,
    /// The names of the attributes.
    pub(crate) attributes: Vec<String>,
    /// Whether a link came in place of groups.
    pub(crate) group_overage: bool,
    /// The form of the values of an attribute that looks like groups.
    pub(crate) group_form: Option<GroupForm>,
    /// Until when the identity provider's session goes on.
    pub(crate) session_until: Option<DateTime<Utc>>,
    /// When the message says it was issued; unverified if nothing is signed.
    pub(crate) issued: Option<DateTime<Utc>>,
}

/// What a name identifier looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Guest,
    Ordinary,
    Transient,
}

/// What the values of groups look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupForm {
    Guids,
    Joined,
}

impl Examination {
    pub(crate) fn verdict(&self, check: Check) -> Option<&Verdict> {
        self.verdicts.get(&check)
    }

    /// The refusals, in order.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (Check, &Rejection)> {
        self.verdicts.iter().filter_map(|(check, verdict)| match verdict {
            Verdict::Failed(rejection) => Some((*check, rejection)),
            Verdict::NotJudged(_) | Verdict::Passed { .. } => None,
        })
    }

    fn fail(&mut self, check: Check, rejection: Rejection) {
        self.verdicts.entry(check).or_insert(Verdict::Failed(rejection));
    }

    fn pass(&mut self, check: Check, expected: Option<&str>, found: Option<&str>, verified: bool) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let verdict = Verdict::Passed { expected: owned(expected), found: owned(found), verified };
        self.verdicts.entry(check).or_insert(verdict);
    }

    fn skip(&mut self, check: Check, why: &'static str) {
        self.verdicts.entry(check).or_insert(Verdict::NotJudged(why));
    }

    /// Notes an answer, and gives the value if it is yes.
    fn note<T>(&mut self, check: Check, verified: bool, answer: Result<T, Rejection>) -> Option<T> {
        match answer {
            Ok(value) => {
                self.pass(check, None, None, verified);
                Some(value)
            }
            Err(rejection) => {
                self.fail(check, if verified { rejection.verified() } else { rejection });
                None
            }
        }
    }
}

impl Connection<'_> {
    /// Asks every question that can be asked of what a browser brought.
    pub(crate) fn examine(
        &self,
        inbound: &Inbound<'_>,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Examination {
        let mut all = Examination::default();
        match inbound.decode(&self.policy().limits) {
            Err(rejection) => all.fail(Check::Transport, rejection),
            Ok(decoded) if decoded.kind != MessageKind::Response => {
                all.fail(Check::Transport, Cause::NoMessage.into());
            }
            Ok(decoded) => {
                if decoded.binding != Binding::HttpPost {
                    all.fail(Check::Transport, Cause::ByRedirect.into());
                }
                self.examine_xml(&decoded.xml, Binding::HttpPost, pending, now, &mut all);
            }
        }
        self.examine_metadata(now, &mut all);
        all
    }

    /// The same of what a client that is no browser brought.
    pub(crate) fn examine_ecp(
        &self,
        body: &[u8],
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Examination {
        let opened = self.brought(body, pending).map(|(xml, _)| xml);
        self.examine_opened(opened, Binding::Paos, pending, now)
    }

    /// The same of what an artifact was exchanged for.
    pub(crate) fn examine_artifact(
        &self,
        body: &[u8],
        artifact: &PendingArtifact,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Examination {
        self.examine_opened(self.resolved(body, artifact, now), Binding::HttpArtifact, pending, now)
    }

    fn examine_opened(
        &self,
        opened: Result<Vec<u8>, Rejection>,
        arrived_by: Binding,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Examination {
        let mut all = Examination::default();
        match opened {
            Err(rejection) => all.fail(Check::Transport, rejection),
            Ok(xml) => self.examine_xml(&xml, arrived_by, pending, now, &mut all),
        }
        self.examine_metadata(now, &mut all);
        all
    }

    fn examine_metadata(&self, now: DateTime<Utc>, all: &mut Examination) {
        match self.expired_metadata(now) {
            Some(at) => all.fail(Check::MetadataAge, Cause::MetadataExpired { at, now }.into()),
            None => all.pass(Check::MetadataAge, None, None, false),
        }
    }

    fn examine_xml(
        &self,
        xml: &[u8],
        arrived_by: Binding,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
        all: &mut Examination,
    ) {
        all.pass(Check::Transport, None, None, false);
        let Some(received) = all.note(Check::Document, false, self.parse(xml)) else { return };
        let context = Context::new(*self, pending, now).arrived_by(arrived_by);
        self.examine_response(&context, received.root(), all);
    }

    fn examine_response(&self, context: &Context<'_>, root: Element<'_>, all: &mut Examination) {
        let unverified = match Envelope::read(root) {
            Ok(envelope) => envelope,
            Err(rejection) => return all.fail(Check::ResponseForm, rejection),
        };
        all.facts.offered = offered(root);
        let received_assertion = unverified.assertions.first().copied();
        let outer = self.examine_signature(root, Part::Response, Check::ResponseSignature, all);
        let outer_document = match outer.as_ref().map(|covered| self.parse(&covered.bytes)).transpose() {
            Ok(document) => document,
            Err(rejection) => return all.fail(Check::ResponseForm, rejection),
        };
        let verified = outer.is_some();
        let envelope = match &outer_document {
            Some(document) => match Envelope::read(document.root()) {
                Ok(envelope) => envelope,
                Err(rejection) => return all.fail(Check::ResponseForm, rejection.verified()),
            },
            None => unverified,
        };
        all.pass(Check::ResponseForm, None, None, verified);

        let assertion = self.examine_count(&envelope, verified, all);
        let encrypted = assertion.is_some_and(|assertion| assertion.is(ASSERTION, "EncryptedAssertion"));
        if let Some(assertion) = assertion {
            self.examine_assertion(context, assertion, received_assertion, outer.is_some(), all);
        }
        // What the response says of itself can be judged even if its assertion can't.
        let answered = |rejection: Rejection| if verified { rejection.verified() } else { rejection };
        let expected = self.idp().entity_id().as_str();
        let fields = &envelope.fields;
        match fields.check_issuer(self, envelope.issuer, verified || encrypted) {
            Ok(()) if envelope.issuer.is_none() => all.pass(Check::ResponseIssuer, None, None, verified),
            Ok(()) => all.pass(Check::ResponseIssuer, Some(expected), Some(expected), verified),
            Err(rejection) => all.fail(Check::ResponseIssuer, answered(rejection)),
        }
        let destination = fields.element.attribute("Destination");
        match check_destination(context, &envelope, verified) {
            Ok(()) => all.pass(Check::Destination, destination, destination, verified),
            Err(rejection) => all.fail(Check::Destination, answered(rejection)),
        }
        let waiting = context.pending.map(|pending| pending.request_id().as_str());
        let answer = fields.text("InResponseTo");
        match answer.and_then(|found| context.check_request(found).map(|()| found)) {
            Ok(found) => all.pass(Check::Request, waiting, found, verified),
            Err(rejection) => all.fail(Check::Request, answered(rejection)),
        }
        all.facts.issued = fields.instant("IssueInstant").ok().flatten();
        let issued = fields.check_issue_instant(self, context.now);
        all.note(Check::ResponseInstant, verified, issued);
    }

    fn examine_signature(
        &self,
        element: Element<'_>,
        part: Part,
        check: Check,
        all: &mut Examination,
    ) -> Option<Covered> {
        match self.verify(element, part) {
            Ok(None) => {
                all.pass(check, None, Some("not signed"), false);
                None
            }
            Ok(Some(covered)) => {
                all.facts.signed = true;
                let found = format!("{} by key {}", covered.evidence.signature.uri(), covered.evidence.key);
                all.pass(check, None, Some(&found), true);
                Some(covered)
            }
            Err(rejection) => {
                all.facts.signed = true;
                all.fail(check, rejection);
                None
            }
        }
    }

    /// RSP-07, RSP-08, SIG-13.
    fn examine_count<'d>(
        &self,
        envelope: &Envelope<'d>,
        verified: bool,
        all: &mut Examination,
    ) -> Option<Element<'d>> {
        let answer = envelope.assertions(self.most_assertions()).map(|all| all.first().copied());
        let judged = |rejection: Rejection| if verified { rejection.verified() } else { rejection };
        if envelope.status.is_success() {
            let code = envelope.status.code.as_str();
            all.pass(Check::Status, Some(code), Some(code), verified);
        }
        match answer {
            Ok(assertion) => {
                let found = envelope.assertions.len().to_string();
                all.pass(Check::AssertionCount, Some("1"), Some(&found), verified);
                assertion
            }
            Err(rejection) if matches!(rejection.cause(), Cause::Status(_)) => {
                all.fail(Check::Status, judged(rejection));
                None
            }
            Err(rejection) => {
                all.fail(Check::AssertionCount, judged(rejection));
                None
            }
        }
    }

    fn examine_assertion(
        &self,
        context: &Context<'_>,
        assertion: Element<'_>,
        received: Option<Element<'_>>,
        outer: bool,
        all: &mut Examination,
    ) {
        let part = Part::Response;
        if assertion.is(ASSERTION, "EncryptedAssertion") {
            let opened = decrypt(assertion, &context.decryption(outer), |root, _| {
                all.pass(Check::Decryption, None, None, outer);
                self.examine_plain(
                    context,
                    Plain { assertion: root, received: root, was_encrypted: true },
                    outer,
                    all,
                );
            });
            if let Err(error) = opened {
                let refusal = Rejection::from(Cause::Decryption { part, error });
                all.fail(Check::Decryption, if outer { refusal.verified() } else { refusal });
            }
            return;
        }
        if self.policy().encryption.require_encrypted_assertions {
            let refusal = Rejection::from(Cause::NotEncrypted);
            all.fail(Check::Decryption, if outer { refusal.verified() } else { refusal });
        } else {
            all.pass(Check::Decryption, None, Some("not encrypted"), outer);
        }
        let Some(received) = received else { return };
        self.examine_plain(context, Plain { assertion, received, was_encrypted: false }, outer, all);
    }

    /// The same once it is in the clear.
    fn examine_plain(&self, context: &Context<'_>, plain: Plain<'_>, outer: bool, all: &mut Examination) {
        let Plain { assertion, received, was_encrypted } = plain;
        let failed_before = matches!(all.verdict(Check::ResponseSignature), Some(Verdict::Failed(_)));
        let inner = self.examine_signature(received, Part::Assertion, Check::AssertionSignature, all);
        let failed =
            failed_before || matches!(all.verdict(Check::AssertionSignature), Some(Verdict::Failed(_)));
        if failed {
            all.skip(Check::SignedParts, "a signature is not good");
        } else {
            let signed = match (outer, inner.is_some()) {
                (true, true) => "response and assertion",
                (true, false) => "response",
                (false, true) => "assertion",
                (false, false) => "nothing",
            };
            match self.check_demand(outer, inner.is_some()) {
                Ok(()) => all.pass(Check::SignedParts, None, Some(signed), true),
                Err(rejection) => all.fail(Check::SignedParts, rejection),
            }
        }
        let inner_document = match inner.as_ref().map(|covered| self.parse(&covered.bytes)).transpose() {
            Ok(document) => document,
            Err(rejection) => return all.fail(Check::AssertionForm, rejection),
        };
        let verified = inner.is_some() || outer;
        if !verified && was_encrypted {
            // ENC-06: what a changed ciphertext decrypts to is nobody's business.
            return skip_contents(all, "it was encrypted, and no signature covers it");
        }
        let (parts, verified) = match &inner_document {
            Some(document) => (AssertionParts::read(document.root()), true),
            None => (AssertionParts::read_unverified(assertion), outer && !failed),
        };
        let Some(parts) = all.note(Check::AssertionForm, verified, parts) else { return };
        self.examine_contents(context, &parts, verified, all);
    }

    fn examine_contents(
        &self,
        context: &Context<'_>,
        parts: &AssertionParts<'_>,
        verified: bool,
        all: &mut Examination,
    ) {
        all.facts.verified = verified;
        let judged = |rejection: Rejection| if verified { rejection.verified() } else { rejection };
        let expected = self.idp().entity_id().as_str();
        match parts.fields.check_issuer(self, Some(parts.issuer), true) {
            Ok(()) => all.pass(Check::AssertionIssuer, Some(expected), Some(expected), verified),
            Err(rejection) => all.fail(Check::AssertionIssuer, judged(rejection)),
        }
        all.note(Check::AssertionInstant, verified, parts.fields.check_issue_instant(self, context.now));
        all.note(Check::Validity, verified, check_validity(context, parts.conditions));
        self.examine_subject(context, parts, verified, all);
        let own = self.sp().entity_id().as_str();
        match check_audience(context, parts.conditions, &mut Vec::new()) {
            Ok(()) => all.pass(Check::Audience, Some(own), None, verified),
            Err(rejection) => all.fail(Check::Audience, judged(rejection)),
        }
        if let Some(authn) = all.note(Check::AuthnStatement, verified, read_authn(&parts.authn)) {
            all.facts.session_until = authn.session.not_on_or_after;
            all.note(Check::Session, verified, check_session(context, &authn));
            all.note(Check::AuthnAge, verified, check_age(context, &authn));
            let class = authn.context.class.as_deref();
            match check_class(context, class, &mut Vec::new()) {
                Ok(()) => all.pass(Check::AuthnContext, None, class, verified),
                Err(rejection) => all.fail(Check::AuthnContext, judged(rejection)),
            }
        }
        let has_encrypted = parts
            .attributes
            .iter()
            .any(|statement| statement.children().any(|child| child.is(ASSERTION, "EncryptedAttribute")));
        if has_encrypted && !verified {
            return all.skip(Check::Attributes, UNCOVERED);
        }
        let attributes = read_attributes(context, &parts.attributes, &mut Vec::new());
        if let Some(attributes) = all.note(Check::Attributes, verified, attributes) {
            note_attributes(&attributes, &mut all.facts);
        }
    }

    fn examine_subject(
        &self,
        context: &Context<'_>,
        parts: &AssertionParts<'_>,
        verified: bool,
        all: &mut Examination,
    ) {
        let Some(subject) = parts.subject else {
            let missing: Rejection = Cause::NoSubject.into();
            return all.fail(Check::Subject, if verified { missing.verified() } else { missing });
        };
        if !verified && subject.child(ASSERTION, "EncryptedID").is_some() {
            all.skip(Check::Subject, UNCOVERED);
            all.skip(Check::NameIdWish, UNCOVERED);
        } else if let Some(name_id) = all.note(Check::Subject, verified, identifier(context, subject)) {
            all.facts.name_id = name_id.as_ref().map(shape);
            let wish = context.pending.map_or(Ok(()), |pending| check_name_id(pending, name_id.as_ref()));
            all.note(Check::NameIdWish, verified, wish);
        }
        all.note(Check::Confirmation, verified, check_confirmations(context, subject));
    }
}

/// An assertion in the clear: as it stands in what the response's signature covers, and as it was received.
#[derive(Clone, Copy)]
struct Plain<'d> {
    assertion: Element<'d>,
    received: Element<'d>,
    was_encrypted: bool,
}

fn skip_contents(all: &mut Examination, why: &'static str) {
    let behind = Check::ALL.iter().skip_while(|check| **check != Check::AssertionForm);
    for check in behind {
        let of_response = [
            Check::ResponseIssuer,
            Check::Destination,
            Check::Request,
            Check::ResponseInstant,
            Check::Replay,
        ];
        if !of_response.contains(check) {
            all.skip(*check, why);
        }
    }
}

fn note_attributes(attributes: &Attributes, facts: &mut Facts) {
    facts.attributes = attributes.iter().map(|attribute| attribute.name.clone()).collect();
    facts.group_overage = attributes.group_overage().is_some();
    let groups = attributes.iter().filter(|attribute| attribute.name.to_ascii_lowercase().contains("group"));
    for group in groups {
        let values: Vec<&str> = group.texts().collect();
        if !values.is_empty() && values.iter().all(|value| crate::advice::is_guid(value)) {
            facts.group_form = Some(GroupForm::Guids);
        } else if let [one] = values.as_slice()
            && one.contains([',', ';', '|'])
        {
            facts.group_form = Some(GroupForm::Joined);
        }
    }
}

fn shape(name_id: &NameId) -> Shape {
    if name_id.is_transient() {
        Shape::Transient
    } else if name_id.value.contains("#EXT#") {
        Shape::Guest
    } else {
        Shape::Ordinary
    }
}

/// The fingerprints of the certificates in the signatures of a response and its assertions, unverified.
///
/// They are hashed and not parsed: what an outsider wrote needs no further reader.
fn offered(response: Element<'_>) -> Vec<String> {
    let signed =
        std::iter::once(response).chain(response.children().filter(|child| child.is(ASSERTION, "Assertion")));
    let certificates = signed
        .filter_map(|element| element.child(DS, "Signature")?.child(DS, "KeyInfo"))
        .flat_map(|info| info.children_named(DS, "X509Data"))
        .flat_map(|data| data.children_named(DS, "X509Certificate"));
    let mut found = Vec::new();
    for certificate in certificates.take(MAX_OFFERED) {
        let text: String =
            certificate.text().chars().filter(|character| !character.is_ascii_whitespace()).collect();
        let Ok(der) = STANDARD.decode(text) else { continue };
        let fingerprint = openssl::sha::sha256(&der).iter().map(|byte| format!("{byte:02x}")).collect();
        if !found.contains(&fingerprint) {
            found.push(fingerprint);
        }
    }
    found
}

/// A response has two signatures with a chain of a few certificates each.
const MAX_OFFERED: usize = 8;
const UNCOVERED: &str = "it is encrypted, and no signature covers it";
