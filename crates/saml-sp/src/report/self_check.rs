//! What can be told of a connection before anybody signs in.

use chrono::{DateTime, Utc};

use super::Report;
use crate::{Connection, KeyKind, Problem, ProblemKind, Product, Unsolicited, rejection::Cause, time::later};

impl Connection<'_> {
    /// Looks for what is wrong with the connection's settings or soon will be: certificates that end within 30 days,
    /// short keys, expired metadata, plain http addresses, options that lower safety, requests that the identity
    /// provider wants signed and nothing to sign them with, single logout that isn't there.
    ///
    /// Run it once a day and when settings change. The report has no findings, only problems, worst first.
    ///
    /// ```
    /// # fn example(connection: saml_sp::Connection<'_>, now: chrono::DateTime<chrono::Utc>) {
    /// let report = connection.self_check(now);
    /// for problem in &report.problems {
    ///     println!("{}: {}", problem.rule, problem.kind.title());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn self_check(&self, now: DateTime<Utc>) -> Report {
        let mut problems = Vec::new();
        let mut rule = None;
        if let Some(at) = self.expired_metadata(now) {
            let cause = Cause::MetadataExpired { at, now };
            rule = Some(cause.code());
            let mut problem = Problem::of(ProblemKind::MetadataExpired, cause.code(), true);
            problem.expected = cause.expected();
            problem.found = cause.found();
            problems.push(problem);
        }
        self.check_keys(now, &mut problems);
        self.check_own_keys(now, &mut problems);
        self.check_addresses(&mut problems);
        self.check_options(&mut problems);
        if self.idp().want_authn_requests_signed() && self.sp().keys().is_none() {
            problems.push(Problem::notice(ProblemKind::RequestUnsigned, "REQ-08"));
        }
        if self.idp().single_logout_services().is_empty() {
            problems.push(Problem::notice(ProblemKind::NoLogout, "SLO-07"));
        }
        Report {
            at: now,
            rule,
            findings: Vec::new(),
            problems,
            products: Product::likely(self.idp()),
            ours: self.ours(None),
        }
    }

    fn check_keys(&self, now: DateTime<Utc>, problems: &mut Vec<Problem>) {
        let soon = later(now, WARNING_SECONDS);
        for key in self.idp().signing_keys() {
            if let Some(certificate) = key.certificate()
                && certificate.not_after() < soon
            {
                let problem = Problem::notice(ProblemKind::CertificateEnds, "SIG-09")
                    .expected(format!("after {soon}"))
                    .found(format!(
                        "{} (certificate {})",
                        certificate.not_after(),
                        certificate.fingerprint()
                    ));
                problems.push(problem);
            }
            if key.kind() == KeyKind::Rsa && key.bits() < STRONG_RSA {
                let problem = Problem::notice(ProblemKind::WeakKey, "SIG-06")
                    .expected(format!("at least {STRONG_RSA} bits"))
                    .found(format!("{} bits", key.bits()));
                problems.push(problem);
            }
        }
    }

    fn check_own_keys(&self, now: DateTime<Utc>, problems: &mut Vec<Problem>) {
        let soon = later(now, WARNING_SECONDS);
        let published = self.sp().keys().into_iter().flat_map(|ring| ring.published());
        for pair in published.filter(|pair| pair.certificate().not_after() < soon) {
            let certificate = pair.certificate();
            let problem = Problem::notice(ProblemKind::OwnCertificateEnds, "MD-09")
                .expected(format!("after {soon}"))
                .found(format!("{} (certificate {})", certificate.not_after(), certificate.fingerprint()));
            problems.push(problem);
        }
    }

    fn check_addresses(&self, problems: &mut Vec<Problem>) {
        let (sp, idp) = (self.sp(), self.idp());
        let ours =
            sp.consumers().iter().map(|one| &one.location).chain(sp.logout().iter().map(|one| &one.location));
        let theirs = idp.single_sign_on_services().iter().chain(idp.single_logout_services());
        for address in ours.chain(theirs.map(|one| &one.location)).filter(|address| !address.is_https()) {
            let problem = Problem::notice(ProblemKind::PlainHttp, "MD-05").found(address.as_str());
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }

    fn check_options(&self, problems: &mut Vec<Problem>) {
        let policy = self.policy();
        let options = [
            (policy.algorithms.danger_allow_sha1, "SIG-06", "algorithms.danger_allow_sha1"),
            (policy.algorithms.danger_allow_rsa_1024, "SIG-06", "algorithms.danger_allow_rsa_1024"),
            (policy.encryption.danger_allow_unsigned_cbc, "ENC-02", "encryption.danger_allow_unsigned_cbc"),
            (policy.encryption.danger_allow_triple_des, "ENC-02", "encryption.danger_allow_triple_des"),
            (policy.encryption.danger_allow_rsa_1_5, "ENC-03", "encryption.danger_allow_rsa_1_5"),
            (policy.danger_accept_unsigned_logout, "SLO-02", "danger_accept_unsigned_logout"),
            (policy.unsolicited == Unsolicited::Accept, "RSP-11", "unsolicited = accept"),
        ];
        for (_, rule, name) in options.into_iter().filter(|(is_on, ..)| *is_on) {
            problems.push(Problem::notice(ProblemKind::WeakOption, rule).found(name));
        }
    }
}

/// Thirty days: time enough to change a certificate on both sides.
const WARNING_SECONDS: u32 = 30 * 24 * 60 * 60;
/// SIG-06.
const STRONG_RSA: u32 = 2048;
