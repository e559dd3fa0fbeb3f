//! The example server with a demo tenant and a test identity provider.

use crate::setup::{self, Purpose};
use crate::step::{self, Outcome};

/// Builds the server, then hands over to `server demo`, which seeds, serves and prints the pages to open.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let machine = setup::ensure(Purpose::Build)?;
    let features = machine.features(&["example-server"]).join(",");
    let mut build = step::cargo(&["build", "--package", "example-server", "--features", &features]);
    step::run("build the example server (a few minutes the first time)", &mut build)?;
    let server = step::target().join("debug/server");
    let status = std::process::Command::new(&server)
        .arg("demo")
        .args(arguments)
        .current_dir(step::root())
        .status()
        .map_err(|error| format!("{} could not be started: {error}", server.display()))?;
    if status.success() { Ok(()) } else { Err(format!("the demo ended with {status}")) }
}
