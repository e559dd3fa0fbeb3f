//! Packages of Node, of the versions that a lock file pins, under the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step;

/// The folder with what `package.json` and its lock in `from` want, installed under the target folder by that name.
pub(crate) fn modules(from: &Path, name: &str, what: &str) -> Result<PathBuf, String> {
    let folder = step::target().join(name);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut fresh = folder.join("node_modules").is_dir();
    for name in ["package.json", ".npmrc", "package-lock.json"] {
        let (from, to) = (from.join(name), folder.join(name));
        let wanted = std::fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        if std::fs::read(&to).is_ok_and(|found| found == wanted) {
            continue;
        }
        fresh = false;
        // Only the installed modules make the lock's copy true, so it must not outlive a failed installation.
        let _ = std::fs::remove_dir_all(folder.join("node_modules"));
        std::fs::write(&to, wanted).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    if !fresh {
        let mut install = Command::new("npm");
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        if let Err(message) = step::run(&format!("install {what}"), &mut install) {
            let _ = std::fs::remove_dir_all(folder.join("node_modules"));
            return Err(message);
        }
    }
    Ok(folder)
}
