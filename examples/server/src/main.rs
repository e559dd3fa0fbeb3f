//! The `server` program: reads the command line and runs one command.

use std::process::ExitCode;

use clap::Parser as _;
use example_server::cli::{Cli, Command};
use example_server::commands;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(level(&cli))
        .finish();
    // INVARIANT: nothing was set before; were it so, that subscriber stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// A serving process tells of each request; commands and the demo tell of trouble alone.
fn level(cli: &Cli) -> tracing::Level {
    if matches!(cli.command, Command::Serve(_)) { tracing::Level::INFO } else { tracing::Level::WARN }
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    use std::io::Write as _;
    // INVARIANT: when stderr is closed there is no one left to tell.
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
