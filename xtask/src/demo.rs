//! The example server with a tenant of each product and a test identity provider.

use crate::setup::{self, Machine, Purpose};
use crate::step::{self, Outcome};

/// Builds the server, then hands over to `server demo`, which seeds, serves and prints the pages to open.
///
/// `--check --database postgres` walks through all of it on a PostgreSQL that is started for that and goes away.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if arguments.windows(2).any(|pair| pair == ["--database", "postgres"]) {
        return on_postgres(arguments);
    }
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

/// The test that does the same among all others: the tools that start a PostgreSQL are the tests'.
fn on_postgres(arguments: &[String]) -> Outcome {
    if arguments.len() != 3 || !arguments.iter().any(|argument| argument == "--check") {
        return Err(
            "`--database postgres` goes with --check alone; to look around, name a database that you have: \
                    --database postgres://USER@HOST/DATABASE"
                .into(),
        );
    }
    let machine: Machine = setup::ensure(Purpose::Test)?;
    if !machine.postgres {
        return Err("PostgreSQL is missing".into());
    }
    let features = machine.features(&["example-server"]).join(",");
    let mut test = step::cargo(&["test", "--package", "example-server", "--features", &features]);
    test.args(["--test", "http_on_postgres", "--", "--exact", WALK]);
    step::run("the demo walks through all products on PostgreSQL", &mut test)
}

const WALK: &str = "http::command_line::the_demo_checks_itself";
