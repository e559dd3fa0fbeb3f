//! A real browser (Debian's chromium) clicks through the pages of the example server.

use std::path::PathBuf;
use std::process::Command;

use crate::npm;
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
    // The driver of the browser and the checker of pages.
    let modules = npm::modules(&scripts(), "browser", "the driver of the browser")?;
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
