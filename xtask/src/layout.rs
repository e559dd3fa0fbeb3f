//! The layout rules that no compiler checks.

use std::path::{Path, PathBuf};

use crate::step::{self, Outcome};

/// More lines of code than this in one file, and it holds two ideas.
const MOST_LINES: usize = 600;

/// The one file that may hold unsafe code.
const UNSAFE_FILE_FOLDER: &str = "crates/saml-sp/src/dsig";

/// Checks all rules and reports every broken one.
pub(crate) fn check() -> Outcome {
    let root = step::root();
    let mut broken = Vec::new();
    for name in crates(&root)? {
        for file in ["README.md", "CHANGELOG.md", "LICENSE", "src/lib.rs"] {
            if !root.join(&name).join(file).is_file() {
                broken.push(format!("{}/{file} is missing", name.display()));
            }
        }
        let manifest = read(&root.join(&name).join("Cargo.toml"))?;
        if !manifest.contains("[lints]\nworkspace = true") {
            broken.push(format!("{}/Cargo.toml does not take the workspace's lints", name.display()));
        }
    }
    for file in rust_files(&root)? {
        let text = read(&root.join(&file))?;
        let shown = file.display();
        let code = lines_of_code(&text);
        if code > MOST_LINES && !is_test(&file) {
            broken.push(format!("{shown} has {code} lines of code, at most {MOST_LINES}"));
        }
        if text.contains(concat!("#[ig", "nore]")) {
            broken.push(format!("{shown} leaves a test out"));
        }
        let unsafe_code = text
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && line.contains(concat!("uns", "afe {")));
        if unsafe_code && !file.starts_with(UNSAFE_FILE_FOLDER) {
            broken.push(format!("{shown} holds unsafe code"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// Lines that are neither blank nor comment, up to the unit tests at the end of the file.
fn lines_of_code(text: &str) -> usize {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
        .count()
}

fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests")
}

fn crates(root: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = root.join("crates");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<PathBuf> =
        entries.flatten().map(|entry| Path::new("crates").join(entry.file_name())).collect();
    names.sort();
    Ok(names)
}

/// All Rust files that git knows or would take.
fn rust_files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let root = root.to_string_lossy();
    let arguments = ["-C", &root, "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"];
    let listed = step::output("git", &arguments).ok_or("git cannot list the files")?;
    let mut files: Vec<PathBuf> =
        listed.lines().map(PathBuf::from).filter(|file| step::root().join(file).is_file()).collect();
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
