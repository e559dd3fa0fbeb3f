//! The ledger of SCIM rules, `testdata/scim/rules.json`, and what it can name: tests in the sources and vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::data;

/// One rule of SCIM and what proves it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A letter (S schema, M message, C cursor, F filter, P PATCH) and two digits.
    pub id: String,
    /// M (must), S (should), O (optional), C (our choice), Q (quirk of a client); several in the order of the text.
    pub level: String,
    /// Sections of the standards, or who asks for it.
    pub source: String,
    /// What has to hold.
    pub text: String,
    /// Where it is kept: schema, filter, patch, server.
    #[serde(rename = "where")]
    pub place: Vec<String>,
    /// Tests, as `crate::file::name`, and vectors, as `kind:id`.
    pub tests: Vec<String>,
    /// Where a standard says something else than the rule or than itself, and what is followed.
    pub differs: Option<String>,
    /// What is not proven yet.
    pub open: Option<String>,
}

/// All rules.
pub fn rules() -> Vec<Rule> {
    data::json("scim/rules.json")
}

/// Every test of the sources, with the ids of rules that its comments name: comments in front of it and inside.
pub fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (name, directory) in CRATES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory);
        for file in sources(&root) {
            let text =
                fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let inside = file.strip_prefix(&root).expect("a file of the crate").with_extension("");
            let inside = inside.to_str().expect("UTF-8").replace('\\', "/");
            read_tests(&format!("{name}::{inside}"), &text, &mut found);
        }
    }
    found
}

/// Every vector, as `kind:id`, with the rules that it names.
pub fn vectors() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut add = |kind: &str, case: &Value| {
        let id = case["id"].as_str().unwrap_or_else(|| panic!("a vector without id: {case}"));
        let several = case["rules"].as_array().into_iter().flatten();
        let rules = several.chain(case.get("rule")).filter_map(Value::as_str).map(str::to_owned);
        found.insert(format!("{kind}:{id}"), rules.collect());
    };
    let mut read = |kind: &str, file: &str, list: &str| {
        let content: Value = data::json(file);
        let cases = if content.is_array() { &content } else { &content[list] };
        for case in cases.as_array().into_iter().flatten() {
            add(kind, case);
        }
    };
    read("check", "scim/schema/check.json", "cases");
    read("projection", "scim/schema/projection.json", "cases");
    read("filter", "scim/filter/evaluation.json", "cases");
    for file in data::files("scim/patch", ".json") {
        read("patch", &file, "vectors");
    }
    for file in data::files("scim/clients", ".json") {
        read("client", &file, "requests");
    }
    found
}

fn read_tests(file: &str, text: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if !matches!(line.trim(), "#[test]" | "#[tokio::test]") {
            continue;
        }
        let in_front = lines[..at].iter().rev().take_while(|line| {
            let line = line.trim_start();
            line.starts_with("//") || line.starts_with("#[")
        });
        let mut rules: BTreeSet<String> = in_front.flat_map(|line| rules_of(line)).collect();
        let Some(head) = lines[at..].iter().position(|line| name_of(line).is_some()).map(|n| at + n) else {
            continue;
        };
        let indent = &lines[head][..lines[head].len() - lines[head].trim_start().len()];
        let end = format!("{indent}}}");
        let body = lines[at..].iter().take_while(|line| **line != end);
        rules.extend(body.flat_map(|line| rules_of(line)));
        let name = name_of(lines[head]).expect("looked for");
        found.insert(format!("{file}::{name}"), rules);
    }
}

fn name_of(line: &str) -> Option<&str> {
    let rest =
        line.trim_start().trim_start_matches("pub ").trim_start_matches("async ").strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// The ids in a comment, e.g. of `// S01, P12: why`.
fn rules_of(line: &str) -> Vec<String> {
    let Some((_, comment)) = line.split_once("//") else { return Vec::new() };
    let words = comment.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| is_rule(word)).map(str::to_owned).collect()
}

fn is_rule(word: &str) -> bool {
    let mut bytes = word.bytes();
    word.len() == 3
        && bytes.next().is_some_and(|letter| b"CFMPS".contains(&letter))
        && bytes.all(|digit| digit.is_ascii_digit())
}

fn sources(root: &Path) -> Vec<PathBuf> {
    let mut open = vec![root.join("src"), root.join("tests")];
    let mut found = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten() {
            let path = entry.unwrap_or_else(|error| panic!("{}: {error}", directory.display())).path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

const CRATES: [(&str, &str); 6] = [
    ("example-server", "examples/server"),
    ("scim-filter", "crates/scim-filter"),
    ("scim-patch", "crates/scim-patch"),
    ("scim-schema", "crates/scim-schema"),
    ("tenant-model", "crates/tenant-model"),
    ("testkit", "testkit"),
];
