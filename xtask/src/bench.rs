//! The criterion benches, and other libraries beside ours.

use std::fs;
use std::process::Command;

use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Runs all benches, or the one named; `peers` are the SCIM libraries of others with the same work,
/// `saml-peers` those of SAML, and `saml-soak` looks for leaks.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if arguments.first().is_some_and(|name| name == "peers") {
        return peers();
    }
    let machine = setup::ensure(Purpose::Build)?;
    let features = machine.features(&["benches"]).join(",");
    match arguments.first().map(String::as_str) {
        Some("saml-peers") => {
            // A workspace and a lock file of their own.
            let manifest = step::root().join("benches/peers/saml/Cargo.toml");
            let mut command = step::cargo(&["run", "--release", "--locked", "--manifest-path"]);
            return step::run("SAML beside other libraries", command.arg(manifest));
        }
        Some("saml-soak") => {
            let run = ["run", "--release", "--package", "benches", "--features", &features];
            return step::run("SAML soak", step::cargo(&run).args(["--example", "saml_soak"]));
        }
        _ => {}
    }
    let mut command = step::cargo(&["bench", "--package", "benches", "--features", &features]);
    if let Some(name) = arguments.first() {
        command.args(["--bench", name]);
    }
    step::run("benches", &mut command)
}

/// Ours and theirs one after the other, on the same inputs.
fn peers() -> Outcome {
    let target = step::target().join("peers");
    fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
    let inputs = target.join("scim-inputs.json");
    let mut export = step::cargo(&[
        "run",
        "--quiet",
        "--release",
        "--package",
        "benches",
        "--no-default-features",
        "--example",
        "scim_inputs",
    ]);
    let printed = export.output().map_err(|error| format!("cargo: {error}"))?;
    if !printed.status.success() {
        return Err("the inputs could not be made: cargo run --package benches --example scim_inputs".into());
    }
    fs::write(&inputs, printed.stdout).map_err(|error| format!("{}: {error}", inputs.display()))?;
    let here = step::root().join("benches/peers");

    let mut ours = step::cargo(&["bench", "--no-default-features", "--package", "benches"]);
    ours.args(["--bench", "filter", "--bench", "patch", "--bench", "schema"]);
    step::run("ours", &mut ours)?;
    let mut rust = step::cargo(&["bench", "--manifest-path", "benches/peers/Cargo.toml", "--target-dir"]);
    step::run("Rust libraries", rust.arg(&target))?;
    step::run("npm install", Command::new("npm").args(["ci", "--silent"]).current_dir(here.join("npm")))?;
    step::run("JavaScript libraries", Command::new("node").arg(here.join("npm/run.mjs")).arg(&inputs))?;
    let venv = target.join("venv");
    step::run("venv", Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut install = Command::new(venv.join("bin/pip"));
    install.args(["install", "--quiet", "--requirement"]).arg(here.join("python/requirements.txt"));
    step::run("pip install", &mut install)?;
    let mut python = Command::new(venv.join("bin/python"));
    step::run("Python libraries", python.arg(here.join("python/run.py")).arg(&inputs))
}
