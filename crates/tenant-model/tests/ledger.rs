//! The ledger of rules: each rule has a test that exists, each error code has a place.
#![expect(clippy::unwrap_used, reason = "test helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    rules: Vec<Rule>,
    /// Every error code, and what it is about.
    codes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    text: String,
    source: String,
    /// Names of tests of this crate, or `crate::file::test` elsewhere.
    #[serde(default)]
    tests: Vec<String>,
    /// What is left to the host, and why.
    #[serde(default)]
    host: Option<String>,
}

fn ledger() -> Ledger {
    let text = std::fs::read_to_string(root().join("testdata/tenant/rules.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, out: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            out.push((path, text));
        }
    }
}

fn of_crate(name: &str) -> Vec<(PathBuf, String)> {
    let folder = match name {
        "example-server" => root().join("examples/server"),
        name => root().join("crates").join(name),
    };
    let mut out = Vec::new();
    for part in ["src", "tests"] {
        if folder.join(part).is_dir() {
            sources(&folder.join(part), &mut out);
        }
    }
    out
}

/// Whether a test of this name is there: a function under an attribute `test`.
fn has_test(text: &str, name: &str) -> bool {
    let marked = |before: &str| {
        let last = before.rsplit("\n\n").next().unwrap_or_default();
        last.rsplit('}').next().unwrap_or_default().contains("test]")
    };
    [format!("fn {name}("), format!("fn {name}<")]
        .iter()
        .any(|wanted| text.split_once(wanted.as_str()).is_some_and(|(before, _)| marked(before)))
}

#[test]
fn every_rule_is_there_once_and_has_a_test_or_a_reason() {
    let ledger = ledger();
    let ids: Vec<_> = ledger.rules.iter().map(|rule| rule.id.clone()).collect();
    let ten = (1..=24).map(|n| format!("TEN-{n:02}"));
    let tok = (1..=14).map(|n| format!("TOK-{n:02}"));
    assert_eq!(ids, ten.chain(tok).collect::<Vec<_>>());
    for rule in &ledger.rules {
        assert!(!rule.text.is_empty() && !rule.source.is_empty(), "{}", rule.id);
        assert!(!rule.tests.is_empty() || rule.host.is_some(), "{} has neither test nor reason", rule.id);
        let once: BTreeSet<_> = rule.tests.iter().collect();
        assert_eq!(once.len(), rule.tests.len(), "{} names a test twice", rule.id);
    }
}

#[test]
fn every_test_that_the_ledger_names_exists() {
    let own = of_crate("tenant-model");
    for rule in ledger().rules {
        for test in &rule.tests {
            let parts: Vec<&str> = test.split("::").collect();
            let found = match parts.as_slice() {
                [name] => own.iter().any(|(_, text)| has_test(text, name)),
                [package, file, name] => of_crate(package).iter().any(|(path, text)| {
                    path.file_stem().is_some_and(|stem| stem == *file)
                        && text.contains(&format!("fn {name}("))
                }),
                _ => false,
            };
            assert!(found, "{} names {test}, which is not there", rule.id);
        }
    }
}

/// The texts after `=>` or alone on a line that look like `group.fact`, outside tests.
fn codes() -> BTreeSet<String> {
    let is_code = |text: &str| {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        text.split_once('.').is_some_and(|(group, fact)| word(group) && word(fact))
    };
    let mut found = BTreeSet::new();
    for (path, text) in of_crate("tenant-model") {
        let in_tests = path.components().any(|part| part.as_os_str() == "tests");
        if in_tests || path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        for line in text.split("#[cfg(test)]").next().unwrap_or_default().lines() {
            let value = line.split_once("=> ").map_or(line, |(_, value)| value).trim().trim_end_matches(',');
            let plain = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            found.extend(plain.filter(|value| is_code(value)).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_error_code_is_in_the_ledger_and_no_other() {
    let listed: BTreeSet<String> = ledger().codes.into_keys().collect();
    let found = codes();
    assert!(found.len() > 80, "only {} were found", found.len());
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not in the ledger: {missing:?}; not in the code: {gone:?}"
    );
}
