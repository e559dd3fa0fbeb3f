//! Runs one command, says what it is doing and how it went.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a step of this tool ends with: nothing, or the text to show.
pub(crate) type Outcome = Result<(), String>;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `cargo` with `arguments`, in the root of the workspace.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs `command` in the foreground under the headline `what`.
pub(crate) fn run(what: &str, command: &mut Command) -> Outcome {
    println!("\n== {what}\n   {}", by_hand(command));
    let watch = Stopwatch::start();
    let status = command.stdin(Stdio::null()).status();
    finish(what, &watch, command, status.map(|status| status.success()))
}

/// Does `work` under the headline `what`, for steps that are no command.
pub(crate) fn work(what: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("\n== {what}");
    let watch = Stopwatch::start();
    match work() {
        Ok(()) => {
            println!("-- ok: {what} ({watch})");
            Ok(())
        }
        Err(message) => Err(format!("-- FAILED: {what} ({watch})\n{message}")),
    }
}

/// Whether `program` with `arguments` can be run and succeeds; its output is dropped.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What `program` prints, trimmed, if it succeeds.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The line that repeats `command` in a shell.
pub(crate) fn by_hand(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            line.push_str(&format!("{}={} ", name.to_string_lossy(), quoted(value)));
        }
    }
    let program = PathBuf::from(command.get_program());
    // Cargo hands its own absolute path down; a person types `cargo`.
    let program = if program.file_stem() == Some(OsStr::new("cargo")) {
        "cargo".into()
    } else {
        program.into_os_string()
    };
    line.push_str(&quoted(&program));
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&quoted(argument));
    }
    line
}

/// How long something has taken.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this tool reports how long its steps take")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl std::fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} s", self.elapsed().as_secs_f64())
    }
}

fn finish(what: &str, watch: &Stopwatch, command: &Command, result: std::io::Result<bool>) -> Outcome {
    match result {
        Ok(true) => {
            println!("-- ok: {what} ({watch})");
            Ok(())
        }
        Ok(false) => Err(format!("-- FAILED: {what} ({watch})\n   repeat it with: {}", by_hand(command))),
        Err(error) => Err(format!(
            "-- FAILED: {what}: {} could not be started: {error}\n   repeat it with: {}",
            command.get_program().to_string_lossy(),
            by_hand(command)
        )),
    }
}

fn quoted(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
