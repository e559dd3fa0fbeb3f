//! Coverage-guided fuzzing with the seeds that the tests replay.

use crate::step::{self, Outcome};

/// Runs `cargo fuzz` on one target; crashes are copied to `testdata/fuzz/TARGET` by the person who mends them.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [target, rest @ ..] = arguments else {
        return Err("usage: cargo xtask fuzz TARGET [SECONDS]; the targets are in fuzz/fuzz_targets".into());
    };
    let seconds = rest.first().map_or("60", String::as_str);
    if seconds.parse::<u32>().is_err() {
        return Err(format!("SECONDS is a whole number, found `{seconds}`"));
    }
    if !step::succeeds("cargo", &["fuzz", "--version"]) {
        step::run("install cargo-fuzz", &mut step::cargo(&["install", "cargo-fuzz", "--locked"]))?;
    }
    let corpus = step::root().join("fuzz/corpus").join(target);
    let seeds = step::root().join("testdata/fuzz").join(target);
    for folder in [&corpus, &seeds] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut command = std::process::Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", target]);
    command.arg(&corpus).arg(&seeds).arg("--").arg(format!("-max_total_time={seconds}"));
    step::run(&format!("fuzz {target} for {seconds} s"), command.current_dir(step::root()))
}
