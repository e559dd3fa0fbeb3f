//! The criterion benches.

use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Runs all benches, or the one named.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let machine = setup::ensure(Purpose::Build)?;
    let features = machine.features(&["benches"]).join(",");
    let mut command = step::cargo(&["bench", "--package", "benches", "--features", &features]);
    if let Some(name) = arguments.first() {
        command.args(["--bench", name]);
    }
    step::run("benches", &mut command)
}
