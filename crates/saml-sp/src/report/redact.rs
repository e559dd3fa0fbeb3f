//! The form of a report for tickets.

use serde_json::{Value, json};

use super::{Check, Finding, Report};
use crate::{Guide, Problem, Product};

impl Report {
    /// Gives the report as JSON without personal data, for a ticket or a log.
    ///
    /// It holds rules, outcomes, names and addresses of both services, algorithms, fingerprints and times. It holds no
    /// name identifier, no attribute value, no `RelayState`, no text that the identity provider wrote for a person, and
    /// nothing with an `@` in it. `steps` are those of the product, or of the likeliest one.
    ///
    /// ```
    /// # fn example(report: &saml_sp::Report) {
    /// let ticket = report.redacted(&saml_sp::Guide::default(), Some(saml_sp::Product::Okta));
    /// assert_eq!(ticket["accepted"], report.is_accepted());
    /// # }
    /// ```
    #[must_use]
    pub fn redacted(&self, guide: &Guide, product: Option<Product>) -> Value {
        let steps: Vec<Value> = self
            .steps(guide, product)
            .into_iter()
            .map(|step| json!({ "id": step.id, "text": masked(&step.text) }))
            .collect();
        json!({
            "accepted": self.is_accepted(),
            "rule": self.rule,
            "at": self.at,
            "service_provider": { "entity_id": self.ours.entity_id, "acs": self.ours.acs, "slo": self.ours.slo },
            "identity_provider": { "entity_id": self.ours.idp, "likely": self.products },
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "problems": self.problems.iter().map(problem).collect::<Vec<_>>(),
            "steps": steps,
        })
    }
}

fn finding(finding: &Finding) -> Value {
    let found = finding.found.as_deref().map(|found| match finding.check {
        Check::Status => masked(codes(found)),
        _ => masked(found),
    });
    json!({
        "check": finding.check.id(),
        "question": finding.check.question(),
        "rule": finding.rule,
        "source": finding.source(),
        "outcome": finding.outcome.id(),
        "expected": finding.expected.as_deref().map(masked),
        "found": found,
        "verified": finding.verified,
        "near_misses": finding.near_misses.iter().map(|miss| masked(&miss.to_string())).collect::<Vec<_>>(),
        "note": finding.note,
    })
}

fn problem(problem: &Problem) -> Value {
    let found = problem.found.as_deref().map(|found| masked(codes(found)));
    json!({
        "problem": problem.kind.id(),
        "title": problem.kind.title(),
        "severity": problem.severity,
        "rule": problem.rule,
        "expected": problem.expected.as_deref().map(masked),
        "found": found,
        "verified": problem.verified,
        "near_misses": problem.near_misses.iter().map(|miss| masked(&miss.to_string())).collect::<Vec<_>>(),
    })
}

/// The codes of a status without its message, which the identity provider wrote for people and may name one.
fn codes(status: &str) -> &str {
    let is_status = status.starts_with("urn:oasis:names:tc:SAML:2.0:status:");
    match status.split_once(": ") {
        Some((codes, _)) if is_status => codes,
        _ => status,
    }
}

/// A text without the words that look like an address of a person.
fn masked(text: &str) -> String {
    if !text.contains(['@', '%']) {
        return text.to_owned();
    }
    let hidden = |word: &str| word.contains('@') || word.to_ascii_lowercase().contains("%40");
    text.split(' ').map(|word| if hidden(word) { MASK } else { word }).collect::<Vec<_>>().join(" ")
}

const MASK: &str = "[left out]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_person_is_left_out() {
        assert_eq!(masked("a b@example.com c"), "a [left out] c");
        assert_eq!(masked("https://x/?u=b%40example.com"), "[left out]");
        assert_eq!(
            codes(
                "urn:oasis:names:tc:SAML:2.0:status:Responder / urn:oasis:names:tc:SAML:2.0:status:RequestDenied: Bob"
            ),
            "urn:oasis:names:tc:SAML:2.0:status:Responder / urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
        );
    }
}
