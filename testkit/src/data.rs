//! Reading of `testdata/`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The path of a file or directory in `testdata/`.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(relative)
}

/// The bytes of a file in `testdata/`.
pub fn bytes(relative: &str) -> Vec<u8> {
    let path = path(relative);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a file in `testdata/`.
pub fn text(relative: &str) -> String {
    String::from_utf8(bytes(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
}

/// A JSON file in `testdata/`, as the type that the caller wants.
pub fn json<T: DeserializeOwned>(relative: &str) -> T {
    serde_json::from_slice(&bytes(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
}

/// Every file below a directory of `testdata/` whose name ends in `suffix`, as paths relative to `testdata/`, sorted.
///
/// A directory that doesn't exist holds no files.
pub fn files(directory: &str, suffix: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![directory.trim_end_matches('/').to_owned()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(path(&directory)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap_or_else(|error| panic!("{directory}: {error}"));
            let name = entry.file_name().into_string().expect("file names in testdata are UTF-8");
            let relative = format!("{directory}/{name}");
            if entry.path().is_dir() {
                open.push(relative);
            } else if name.ends_with(suffix) {
                found.push(relative);
            }
        }
    }
    found.sort();
    found
}
