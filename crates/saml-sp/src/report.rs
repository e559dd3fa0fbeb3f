//! A report on a response: every rule with its outcome, and what an admin should change.

mod check;
mod problems;
mod redact;
mod rule;
mod self_check;

pub use check::Check;
pub(crate) use problems::kind_of;
pub use rule::Rule;

use chrono::{DateTime, Utc};

use crate::{
    Connection, Guide, Inbound, LikelyProduct, Login, NearMiss, PendingArtifact, PendingLogin, Problem,
    ProblemKind, Product, Rejection, Sighting, Step, Verified,
    response::{Examination, Verdict},
};

/// What came of checking a response, or a connection's settings: every rule with its outcome, and what to change.
///
/// [`Connection::report`] makes one for a response, whether it was accepted or refused; [`Connection::self_check`] one
/// for a connection. Rules behind the first broken one are judged where they still can be. What stood under no verified
/// signature is marked: anybody may have written it, so show it as *unverified* or not at all.
///
/// The report holds no name identifiers and no attribute values, only names and shapes of them; but what was found may
/// come from outside, so escape it. [`Report::redacted`] is the form for tickets.
///
/// # Security
/// It says more than a person at the browser should read: show it to admins of the connection.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The host's clock when it was made.
    pub at: DateTime<Utc>,
    /// The id of the first broken rule; `None` if none is broken.
    pub rule: Option<&'static str>,
    /// Every question with its answer, in the order of evaluation; empty for a self-check. Of several assertions, where
    /// the policy takes them, the first is asked.
    pub findings: Vec<Finding>,
    /// What is wrong or soon will be: first what led to the refusal, then the rest.
    pub problems: Vec<Problem>,
    /// Which products the identity provider may be, the likeliest first.
    pub products: Vec<LikelyProduct>,
    pub(crate) ours: Ours,
}

/// The names of this side that an admin needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) entity_id: String,
    pub(crate) acs: String,
    pub(crate) slo: Option<String>,
    pub(crate) idp: String,
}

impl Report {
    /// Tells whether nothing led to a refusal. Replay is judged only if the host said what its store did.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.rule.is_none()
    }

    /// Gives the answer to one question.
    #[must_use]
    pub fn finding(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    /// Adds what the host's store said about the replay claim, the last question.
    #[must_use]
    pub fn with_sighting(mut self, sighting: Sighting) -> Self {
        let reached = self.is_accepted();
        let Some(finding) = self.findings.iter_mut().find(|finding| finding.check == Check::Replay) else {
            return self;
        };
        match sighting {
            // Of a refused response nothing is claimed.
            _ if !reached => {}
            Sighting::FirstUse => finding.outcome = Outcome::Passed,
            Sighting::Seen => {
                finding.outcome = Outcome::Failed;
                finding.verified = true;
                self.rule = Some(finding.rule);
                self.problems.insert(0, Problem::of(ProblemKind::Replay, finding.rule, true));
            }
        }
        self
    }

    /// Gives the steps for an admin of a product, or of the likeliest one if none is given: one for each problem.
    ///
    /// ```
    /// # fn example(report: &saml_sp::Report) {
    /// let guide = saml_sp::Guide::default().with_value("login", "https://app.example.com/login");
    /// for step in report.steps(&guide, Some(saml_sp::Product::Okta)) {
    ///     println!("{}", step.text);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn steps(&self, guide: &Guide, product: Option<Product>) -> Vec<Step> {
        let product = product.or_else(|| self.products.first().map(|likely| likely.product));
        self.problems.iter().filter_map(|problem| guide.step(problem, product, &self.ours)).collect()
    }
}

/// The answer to one question.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The question.
    pub check: Check,
    /// The id of the rule that was broken, or else of the main rule.
    pub rule: &'static str,
    /// The answer.
    pub outcome: Outcome,
    /// What the rule demands, where that can be put into a value.
    pub expected: Option<String>,
    /// What stood in the message, cut to 256 characters.
    pub found: Option<String>,
    /// Whether what was found stood under a verified signature; if not, show it as *unverified*.
    pub verified: bool,
    /// How it differs from what was expected, if that is little.
    pub near_misses: Vec<NearMiss>,
    /// Why it wasn't judged, or what it was refused for.
    pub note: Option<String>,
}

impl Finding {
    /// Gives the section of the standard that the rule comes from.
    #[must_use]
    pub fn source(&self) -> &'static str {
        Rule::find(self.rule).map_or("", |rule| rule.source.as_str())
    }
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// No.
    Failed,
    /// It couldn't be answered, because something before it failed or because only the host knows.
    NotJudged,
    /// Yes, or nothing was demanded.
    Passed,
}

impl Outcome {
    /// Gives its name in data.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NotJudged => "not_judged",
            Self::Passed => "passed",
        }
    }
}

impl Connection<'_> {
    /// Reports on a response: the same verdict as [`Connection::accept_response`], and all the rest that can be told.
    ///
    /// It costs two to three times as much, so make it when somebody looks: on a page that tests a connection, or for
    /// the log of a refusal.
    #[must_use]
    pub fn report(
        &self,
        inbound: &Inbound<'_>,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Report {
        let accepted = self.accept_response(inbound, pending, now);
        self.report_of(&accepted, &self.examine(inbound, pending, now), pending, now)
    }

    /// Reports on what a client that is no browser brought: the verdict of [`Connection::accept_ecp_response`].
    #[must_use]
    pub fn report_ecp_response(
        &self,
        body: &[u8],
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Report {
        let accepted = self.accept_ecp_response(body, pending, now);
        self.report_of(&accepted, &self.examine_ecp(body, pending, now), pending, now)
    }

    /// Reports on the answer to [`Connection::resolve_artifact`] and the response in it: the verdict of
    /// [`Connection::accept_artifact_response`], which is to be asked afterwards, for it takes the pending artifact.
    #[must_use]
    pub fn report_artifact_response(
        &self,
        body: &[u8],
        artifact: &PendingArtifact,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Report {
        let accepted = self.accept_resolved(body, artifact, pending, now);
        self.report_of(&accepted, &self.examine_artifact(body, artifact, pending, now), pending, now)
    }

    fn report_of(
        &self,
        accepted: &Result<Verified<Login>, Rejection>,
        examination: &Examination,
        pending: Option<&PendingLogin>,
        now: DateTime<Utc>,
    ) -> Report {
        let findings = findings(examination);
        let (verdict, notices) = match accepted {
            Ok(verified) => (None, verified.unclaimed().evidence().notices.clone()),
            Err(rejection) => (Some(rejection), Vec::new()),
        };
        let problems = problems::of_response(self, examination, verdict, &notices, now);
        Report {
            at: now,
            rule: verdict.map(Rejection::code),
            findings,
            problems,
            products: Product::likely(self.idp()),
            ours: self.ours(pending),
        }
    }

    /// Explains a refusal of any message, a logout message for one: what is wrong and what to change, without findings.
    #[must_use]
    pub fn explain(&self, refusal: &Rejection, now: DateTime<Utc>) -> Report {
        Report {
            at: now,
            rule: Some(refusal.code()),
            findings: Vec::new(),
            problems: problems::of_response(self, &Examination::default(), Some(refusal), &[], now),
            products: Product::likely(self.idp()),
            ours: self.ours(None),
        }
    }

    fn ours(&self, pending: Option<&PendingLogin>) -> Ours {
        let sp = self.sp();
        let acs = pending.map_or(&sp.default_consumer().location, PendingLogin::consumer);
        Ours {
            entity_id: sp.entity_id().as_str().to_owned(),
            acs: acs.as_str().to_owned(),
            slo: sp.logout().first().map(|endpoint| endpoint.location.as_str().to_owned()),
            idp: self.idp().entity_id().as_str().to_owned(),
        }
    }
}

fn findings(examination: &Examination) -> Vec<Finding> {
    Check::ALL
        .iter()
        .map(|check| {
            let rule = check.rules().first().copied().unwrap_or_default();
            let mut finding = Finding {
                check: *check,
                rule,
                outcome: Outcome::NotJudged,
                expected: None,
                found: None,
                verified: false,
                near_misses: Vec::new(),
                note: None,
            };
            match examination.verdict(*check) {
                None if *check == Check::Replay => {
                    finding.note = Some("only the host's store knows".to_owned());
                }
                None => finding.note = Some("something before it failed".to_owned()),
                Some(Verdict::NotJudged(why)) => finding.note = Some((*why).to_owned()),
                Some(Verdict::Passed { expected, found, verified }) => {
                    finding.outcome = Outcome::Passed;
                    finding.expected.clone_from(expected);
                    finding.found = found.as_deref().map(shown);
                    finding.verified = *verified;
                }
                Some(Verdict::Failed(rejection)) => {
                    finding.rule = rejection.code();
                    finding.outcome = Outcome::Failed;
                    finding.expected = rejection.expected();
                    finding.found = rejection.found();
                    finding.verified = rejection.is_verified();
                    finding.near_misses = problems::near_misses(rejection);
                    finding.note = Some(rejection.to_string());
                }
            }
            finding
        })
        .collect()
}

fn shown(text: &str) -> String {
    text.chars().take(256).collect()
}
