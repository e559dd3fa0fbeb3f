//! A real browser (Debian's chromium) clicks through the pages of the example server.

use std::path::PathBuf;
use std::process::Command;

use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Set-up, then the walk; its pictures are left in `target/screenshots`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let machine = setup::ensure(Purpose::Browser)?;
    if let Some(missing) = setup::first_missing(Purpose::Browser) {
        return Err(format!("{missing} is missing, without which no page can be looked at"));
    }
    let features = machine.features(&["example-server"]).join(",");
    let mut build = step::cargo(&["build", "--package", "example-server", "--features", &features]);
    step::run("build the example server", &mut build)?;
    let modules = modules()?;
    let mut command = Command::new("node");
    command.arg(scripts().join("run.mjs"));
    command.arg("--server").arg(step::target().join("debug/server"));
    command.arg("--modules").arg(modules);
    command.arg("--pictures").arg(step::target().join("screenshots"));
    command.args(arguments);
    step::run("click through the pages", &mut command)
}

fn scripts() -> PathBuf {
    step::root().join("xtask/browser")
}

/// The driver of the browser and the checker of pages, of pinned versions, under the target folder.
fn modules() -> Result<PathBuf, String> {
    let folder = step::target().join("browser");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut fresh = folder.join("node_modules").is_dir();
    for name in ["package.json", ".npmrc", "package-lock.json"] {
        let (from, to) = (scripts().join(name), folder.join(name));
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
        if let Err(message) = step::run("install the driver of the browser", &mut install) {
            let _ = std::fs::remove_dir_all(folder.join("node_modules"));
            return Err(message);
        }
    }
    Ok(folder)
}
