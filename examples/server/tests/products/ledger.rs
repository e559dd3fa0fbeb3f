//! The ledger of the stories: every line of every product has a test that is there.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "a test that cannot go on must fail"
)]

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    label: String,
    story: String,
    /// Names of tests as `file::test`.
    tests: Vec<String>,
}

#[test]
fn every_line_of_every_product_has_a_test_that_names_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("../../testdata/tenant/products.json")).unwrap();
    let ledger: Ledger = serde_json::from_str(&text).unwrap();
    let labels: Vec<&str> = ledger.lines.iter().map(|line| line.label.as_str()).collect();
    let expected: Vec<String> = [("TOKTRA", 8, 3), ("TOPLYNE", 6, 1), ("TONKEAN", 4, 1), ("TORII", 7, 1)]
        .into_iter()
        .flat_map(|(product, said, beyond)| {
            let said = (1..=said).map(move |number| format!("{product}-S{number}"));
            said.chain((1..=beyond).map(move |number| format!("{product}-B{number}")))
        })
        .collect();
    assert_eq!(labels, expected);
    let mut named = BTreeSet::new();
    for line in &ledger.lines {
        assert!(!line.story.is_empty() && !line.tests.is_empty(), "{}", line.label);
        for test in &line.tests {
            let (file, name) = test.split_once("::").unwrap();
            let source = ["products", "http"].into_iter().find_map(|folder| {
                std::fs::read_to_string(root.join(format!("tests/{folder}/{file}.rs"))).ok()
            });
            let source =
                source.unwrap_or_else(|| panic!("{} names {test}, whose file is not there", line.label));
            let wanted = format!("fn {name}(");
            let (before, _) = source.split_once(&wanted).unwrap_or_else(|| panic!("there is no {test}"));
            let head = before.rsplit("\n\n").next().unwrap();
            assert!(
                head.contains("#[test]") && head.contains(&line.label),
                "{test} does not name {}",
                line.label
            );
            named.insert(line.label.as_str());
        }
    }
    assert_eq!(named.len(), labels.len());
}
