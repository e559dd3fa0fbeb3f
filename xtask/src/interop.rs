//! Programs that others wrote: pysaml2's identity provider and scim2-tester against the example server; samlify, samlp
//! and python3-saml against `saml-sp` itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm;
use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Set-up, then all runs, or with `saml` only those against `saml-sp`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let machine = setup::ensure(Purpose::Interop)?;
    let python = environment()?;
    library(&machine.features(&["examples"]).join(","), &python)?;
    if arguments.first().is_some_and(|name| name == "saml") {
        return Ok(());
    }
    let features = machine.features(&["example-server"]).join(",");
    let mut build = step::cargo(&["build", "--package", "example-server", "--features", &features]);
    step::run("build the example server", &mut build)?;
    let server = step::target().join("debug/server");
    for (what, script) in [
        ("sign in with pysaml2's identity provider", "saml_pysaml2.py"),
        ("SCIM conformance with scim2-tester", "scim_tester.py"),
    ] {
        let mut command = Command::new(&python);
        command.arg(scripts().join(script)).arg("--server").arg(&server);
        // The peers' own deprecations are not news about us.
        command.env("PYTHONWARNINGS", "ignore");
        step::run(what, &mut command)?;
    }
    Ok(())
}

/// `saml-sp` as a program of lines, in both roles of a conversation.
fn library(features: &str, python: &Path) -> Outcome {
    let build = ["build", "--package", "examples", "--example", "saml_peer", "--features", features];
    step::run("build the service provider", &mut step::cargo(&build))?;
    let peer = step::target().join("debug/examples/saml_peer");
    let modules = npm::modules(&scripts().join("npm"), "interop-npm", "the JavaScript peers")?;
    for (what, script) in
        [("samlify's identity provider", "saml_samlify.mjs"), ("samlp's identity provider", "saml_samlp.mjs")]
    {
        let mut command = Command::new("node");
        command.arg("--no-deprecation").arg(scripts().join(script)).arg("--peer").arg(&peer);
        step::run(what, command.arg("--modules").arg(&modules))?;
    }
    let mut command = Command::new(python);
    command.arg(scripts().join("saml_python3_saml.py")).arg("--peer").arg(&peer);
    step::run("schemas and signatures with python3-saml", &mut command)
}

fn scripts() -> PathBuf {
    step::root().join("xtask/interop")
}

/// A Python environment of its own under the target folder, made again when the requirements change.
fn environment() -> Result<PathBuf, String> {
    let requirements = scripts().join("requirements.txt");
    let folder = step::target().join("interop-python");
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.txt");
    let wanted =
        std::fs::read(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    if python.exists() && std::fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    step::run("make a Python environment", &mut make)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
    step::run("install the Python peers", &mut install)?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}
