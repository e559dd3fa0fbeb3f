//! The ledger of rules holds, and the page of documentation that is made from it is up to date.
//!
//! `UPDATE_DOCS=1 cargo test -p saml-sp --features testing --test rules` writes what is out of date.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use saml_sp::testing::forge;
use saml_sp::{Check, Guide, ProblemKind, Product, Rule};
use serde::Deserialize;
use testkit::data;

#[test]
fn every_rule_has_a_test_or_says_what_is_open() {
    let mut wrong = Vec::new();
    for rule in ledger() {
        let is_open = rule.open.as_deref().is_some_and(|reason| reason.len() > 20);
        if rule.tests.is_empty() && !is_open {
            wrong.push(rule.id);
        } else if !rule.tests.is_empty() && rule.open.is_some() {
            wrong.push(format!("{} has a test and is open", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_rule_is_missing_and_none_is_there_twice() {
    let ids: Vec<String> = ledger().into_iter().map(|rule| rule.id).collect();
    let areas = [
        ("XML", 12),
        ("SIG", 22),
        ("ENC", 10),
        ("RSP", 12),
        ("ASN", 18),
        ("REQ", 13),
        ("SLO", 9),
        ("MD", 11),
    ];
    let mut expected: Vec<String> = areas
        .into_iter()
        .flat_map(|(area, last)| (1..=last).map(move |number| format!("{area}-{number:02}")))
        .filter(|id| id != "SIG-19")
        .collect();
    // Of the rules on tenants those that this crate proves.
    expected.extend([1, 2, 3, 4, 5, 9].map(|number| format!("TEN-{number:02}")));
    assert_eq!(ids, expected);
}

#[test]
fn every_test_of_a_rule_exists() {
    let forgeries = forgeries();
    let vectors = std::fs::read_to_string(crate_path("tests/vectors.rs")).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for rule in ledger() {
        let listed: BTreeSet<&String> = rule.tests.iter().collect();
        if listed.len() < rule.tests.len() {
            wrong.push(format!("{}: a test is there twice", rule.id));
        }
        for test in &rule.tests {
            seen += 1;
            let exists = match test.split_once(':') {
                Some(("forge", name)) => forgeries.contains_key(name),
                Some(("vector", name)) => vectors.contains(&format!("\"{name}\"")),
                _ => is_test(test),
            };
            if !exists {
                wrong.push(format!("{}: there is no {test}", rule.id));
            }
        }
        // A forgery proves the rule that it names.
        for name in rule.tests.iter().filter_map(|test| test.strip_prefix("forge:")) {
            let stopped_by = forgeries.get(name).copied();
            if stopped_by != Some(rule.id.as_str()) && rule.id != "SIG-14" {
                wrong.push(format!("{}: {name} is stopped by {stopped_by:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 250, "only {seen} tests are listed");
}

#[test]
fn every_forgery_is_stopped_by_a_rule_of_the_ledger() {
    let ids: BTreeSet<String> = ledger().into_iter().map(|rule| rule.id).collect();
    let listed: BTreeSet<String> = ledger().into_iter().flat_map(|rule| rule.tests).collect();
    for (name, rule) in forgeries() {
        assert!(ids.contains(rule), "{name}: {rule}");
        assert!(listed.contains(&format!("forge:{name}")), "{name} is not in the ledger under {rule}");
    }
}

#[test]
fn every_code_of_an_error_is_a_rule_of_the_ledger() {
    let ids: BTreeSet<String> = ledger().into_iter().map(|rule| rule.id).collect();
    let mut codes = BTreeSet::new();
    for file in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        for body in text.split("fn code(&self) -> &'static str {").skip(1) {
            let body = body.split("\n    }\n").next().unwrap();
            codes.extend(quoted(body).map(str::to_owned));
        }
    }
    assert!(codes.len() > 60, "{codes:?}");
    let unknown: Vec<&String> = codes
        .iter()
        // Mistakes in keys and in what is sealed break no rule of SAML.
        .filter(|code| !code.starts_with("key.") && !code.starts_with("seal."))
        .filter(|code| !ids.contains(*code))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn what_the_crate_knows_of_its_rules_is_the_ledger() {
    let rows: Vec<serde_json::Value> = ledger()
        .into_iter()
        .map(|rule| {
            serde_json::json!({ "id": rule.id, "text": rule.text, "source": rule.source, "level": rule.level })
        })
        .collect();
    let lines: Vec<String> = rows.iter().map(|row| format!("  {row}")).collect();
    up_to_date(&crate_path("src/data/rules.json"), &format!("[\n{}\n]\n", lines.join(",\n")));
    assert!(rows.len() == Rule::all().count());
}

#[test]
fn the_page_on_refusals_is_up_to_date() {
    up_to_date(&crate_path("../../docs/why-was-this-login-refused.md"), &page());
}

/// The page, from the rules, the problems and the labels.
fn page() -> String {
    let mut out = String::from(INTRODUCTION);
    let causes = causes();
    out.push_str(
        "\n## By code\n\n| code | what it says | where it comes from | usual causes |\n|---|---|---|---|\n",
    );
    let asked: BTreeSet<&str> = Check::ALL.iter().flat_map(|check| check.rules()).copied().collect();
    let rules = ledger();
    for rule in rules.iter().filter(|rule| asked.contains(rule.id.as_str()) || causes.contains_key(&rule.id))
    {
        let links: Vec<String> = causes
            .get(&rule.id)
            .into_iter()
            .flatten()
            .map(|id| format!("[{}](#{})", id.replace('_', " "), id.replace('_', "-")))
            .collect();
        let links = if links.is_empty() { "[message](#message)".to_owned() } else { links.join(", ") };
        writeln!(out, "| {} | {} | {} | {links} |", rule.id, rule.text, rule.source).unwrap();
    }
    out.push_str("\n## By cause\n");
    let values = ["acs", "enc_cert", "entity_id", "expected", "found", "login", "sign_cert", "slo"];
    let guide = values
        .into_iter()
        .fold(Guide::default(), |guide, name| guide.with_value(name, &format!("`{{{name}}}`")));
    for kind in ProblemKind::ALL {
        let who = match kind.whose() {
            "host" => "whoever runs this service",
            "identity_provider" => "an admin of the identity provider",
            "person" => "the person who signs in",
            _ => "both sides' support",
        };
        writeln!(
            out,
            "\n### {}\n\n{}\n\nWho can mend it: {who}.\n",
            kind.id().replace('_', " "),
            kind.title()
        )
        .unwrap();
        let general = guide.general_step(*kind, None).unwrap();
        writeln!(out, "- **In general**: {}", general.text).unwrap();
        for product in Product::ALL {
            let step = guide.general_step(*kind, Some(*product)).unwrap();
            if step.product.is_some() {
                writeln!(out, "- **{}**: {}", Guide::name(*product), step.text).unwrap();
            }
        }
    }
    out.push_str(ON_THEIR_PAGES);
    for product in Product::ALL {
        let messages = Guide::messages(*product);
        if !messages.is_empty() {
            writeln!(out, "\n### {}\n\n| message | cause |\n|---|---|", Guide::name(*product)).unwrap();
        }
        for message in messages {
            writeln!(out, "| {} | {} |", message.message, coded(&message.cause)).unwrap();
        }
    }
    out
}

/// The places of values as code.
fn coded(text: &str) -> String {
    text.replace('{', "`{").replace('}', "}`")
}

/// Which problems the misconfigurations in `testdata` show for each rule.
fn causes() -> BTreeMap<String, BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Case {
        rule: Option<String>,
        problem: String,
    }
    let mut causes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in data::files("saml/misconfigurations", ".json") {
        let case: Case = data::json(&file);
        if let Some(rule) = case.rule {
            causes.entry(rule).or_default().insert(case.problem);
        }
    }
    causes
}

fn up_to_date(path: &Path, expected: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is out of date: UPDATE_DOCS=1 cargo test -p saml-sp --features testing --test rules",
        path.display()
    );
}

/// Every forgery, with the rule that stops it.
fn forgeries() -> BTreeMap<&'static str, &'static str> {
    forge::all()
        .map(|forgery| (forgery.name(), forgery.rule()))
        .chain(forge::logout().map(|forgery| (forgery.name(), forgery.rule())))
        .chain(forge::metadata().map(|forgery| (forgery.name(), forgery.rule())))
        .collect()
}

/// Tells whether `saml-sp::src/xml/tests::only_utf8` is a test in the file that it names.
fn is_test(name: &str) -> bool {
    // A duty of the host is proved where there is one.
    let inside =
        |root: &str, rest: &str| Some((format!("{root}{}", rest.rsplit_once("::")?.0), rest.to_owned()));
    let found = match name.split_once("::") {
        Some(("saml-sp", rest)) => inside("", rest),
        Some(("example-server", rest)) => inside("../../examples/server/", rest),
        _ => None,
    };
    let Some((path, function)) =
        found.and_then(|(path, rest)| Some((path, rest.rsplit_once("::")?.1.to_owned())))
    else {
        return false;
    };
    let Ok(text) = std::fs::read_to_string(crate_path(&format!("{path}.rs"))) else { return false };
    let Some((before, _)) = text.split_once(&format!("fn {function}(")) else { return false };
    // Attributes and comments may stand between the mark and the function.
    before
        .trim_end()
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
        .any(|line| line == "#[test]")
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![crate_path("src")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

fn crate_path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn ledger() -> Vec<Row> {
    data::json("saml/rules.json")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    level: String,
    source: String,
    text: String,
    tests: Vec<String>,
    #[serde(default)]
    open: Option<String>,
}

const INTRODUCTION: &str = "<!-- Written by a test from the rules and labels of saml-sp; change those, not this page. -->

# Why was this login refused?

A refusal names one rule by its code: the first that was broken, in the order of evaluation. `Connection::report` says
more: every rule with what it expects and what was found, how the two differ, and the steps below with the values of
the connection filled in. Whatever it marks as *unverified* stood under no good signature: anybody may have written it.

Core, Bindings, Profiles and Metadata are the four SAML 2.0 standards of OASIS, Errata their Approved Errata 05, MIOP
the metadata interoperability profile, SDP and IIP the deployment and implementation profiles of Kantara.
Labels of consoles change: where one is out of date, a host can replace it (`Guide::with_label`).

In the steps, `{entity_id}`, `{acs}` (assertion consumer service URL) and `{slo}` (logout address) are this service's,
`{login}` is where logins start here, `{enc_cert}` and `{sign_cert}` are its certificates, `{expected}` and `{found}` come
from the report.
";

const ON_THEIR_PAGES: &str = "
## When no response ever comes

A login that was begun and never answered usually ended on a page of the identity provider. These are the messages
there; they are for people, and programs must not act on them.
";
