//! The criterion benches.

use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Runs all benches, or the one named; `saml-peers` compares with other libraries, `saml-soak` looks for leaks.
pub(crate) fn run(arguments: &[String]) -> Outcome {
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
