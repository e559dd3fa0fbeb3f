//! Set-up, demo, test, interop and lint of this workspace.
//!
//! Standard library only, so that it compiles on a machine that has a Rust toolchain and a C compiler and
//! nothing else. Run it as `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

mod bench;
mod browser;
mod demo;
mod fuzz;
mod interop;
mod layout;
mod npm;
mod setup;
mod step;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--check] [--listen ADDR] [--database URL] [--reset]
                   four products with a test identity provider and simulated directories; --check walks them all,
                   with `--database postgres` on a PostgreSQL of its own
  test             set-up, format, lints, layout, all tests, doctests, examples, replay of fuzz crashes
  interop [saml]   programs that others wrote: identity providers (pysaml2, samlify, samlp), a reader of our metadata
                   and messages (python3-saml), a SCIM conformance suite (scim2-tester); saml: without the server
  browser          a real browser (Debian's chromium) clicks through the pages; pictures in target/screenshots
  setup            only the set-up: what is missing, and how it is installed
  lint             format, clippy and the layout rules
  fuzz TARGET [SECONDS]
                   cargo fuzz with the seeds of testdata/fuzz
  bench [NAME]     the criterion benches";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_deref() {
        Some("bench") => bench::run(&rest),
        Some("browser") => browser::run(&rest),
        Some("demo") => demo::run(&rest),
        Some("fuzz") => fuzz::run(&rest),
        Some("interop") => interop::run(&rest),
        Some("lint") => test::lint(),
        Some("setup") => setup::ensure(setup::Purpose::Everything).map(|_| ()),
        Some("test") => test::run(),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("unknown command `{other}`\n\n{USAGE}")),
        None => Err(format!("no command given\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}");
            ExitCode::FAILURE
        }
    }
}
