//! Programs that others wrote, against the example server: pysaml2's identity provider and scim2-tester.

use std::path::PathBuf;
use std::process::Command;

use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Set-up, then both runs.
pub(crate) fn run() -> Outcome {
    let machine = setup::ensure(Purpose::Interop)?;
    let features = machine.features(&["example-server"]).join(",");
    let mut build = step::cargo(&["build", "--package", "example-server", "--features", &features]);
    step::run("build the example server", &mut build)?;
    let python = environment()?;
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
