//! Everything that must hold before a commit.

use crate::layout;
use crate::setup::{self, Machine, Purpose};
use crate::step::{self, Outcome, Stopwatch};

/// The packages whose features decide on the C libraries.
const LINKING: &[&str] = &["saml-sp", "example-server", "examples", "benches"];

/// Set-up, format, lints, tests.
///
/// On a build machine (`CI` set) nothing may be left out for want of a system package.
pub(crate) fn run() -> Outcome {
    let watch = Stopwatch::start();
    let machine = setup::ensure(Purpose::Test)?;
    if std::env::var_os("CI").is_some() && !machine.xmlsec {
        return Err("the second signature engine cannot be built here, so its tests would not run".into());
    }
    if std::env::var_os("CI").is_some() && !machine.postgres {
        return Err("PostgreSQL is missing here, so the tests that need it would not run".into());
    }
    lints(machine)?;
    tests(machine)?;
    println!("\n== all passed ({watch})");
    if !machine.xmlsec {
        println!("   without the second signature engine, whose packages are missing");
    }
    if !machine.postgres {
        println!("   without the tests that need PostgreSQL, whose package is missing");
    }
    Ok(())
}

/// Format, clippy and the layout rules.
pub(crate) fn lint() -> Outcome {
    lints(setup::ensure(Purpose::Build)?)
}

fn lints(machine: Machine) -> Outcome {
    step::run("format", &mut step::cargo(&["fmt", "--all", "--check"]))?;
    step::work("layout", layout::check)?;
    let with_testing = features(machine);
    let strict = ["--", "--deny", "warnings"];
    let mut clippy = step::cargo(&["clippy", "--workspace", "--all-targets", "--features", &with_testing]);
    step::run("clippy", clippy.args(strict))?;
    if machine.xmlsec {
        let alone = features(Machine { xmlsec: false, ..machine });
        let packages = ["--package", "saml-sp", "--package", "example-server", "--package", "examples"];
        let mut clippy = step::cargo(&["clippy", "--all-targets", "--features", &alone]);
        step::run("clippy, native engine alone", clippy.args(packages).args(strict))?;
    }
    Ok(())
}

fn tests(machine: Machine) -> Outcome {
    let all = features(machine);
    let mut everything = step::cargo(&["test", "--workspace", "--features", &all]);
    if !machine.postgres {
        everything.env("TEST_POSTGRES", "off");
    }
    step::run("tests, doctests and examples", everything.env(SEED_VARIABLE, seed()))?;
    if machine.xmlsec {
        let alone = features(Machine { xmlsec: false, ..machine });
        let mut alone =
            step::cargo(&["test", "--package", "saml-sp", "--tests", "--lib", "--features", &alone]);
        step::run("tests of saml-sp, native engine alone", alone.env(SEED_VARIABLE, seed()))?;
    }
    let mut doc = step::cargo(&["doc", "--workspace", "--no-deps", "--features", &all]);
    step::run("documentation", doc.env("RUSTDOCFLAGS", "--deny warnings"))?;
    // Only compiled here: the crashes that fuzzing found are replayed by the tests above.
    let mut fuzz = step::cargo(&["check", "--manifest-path", "fuzz/Cargo.toml", "--locked"]);
    step::run("fuzz targets compile", fuzz.env("CUSTOM_LIBFUZZER_PATH", "/nonexistent/libfuzzer.a"))
}

/// The seed of all random tests: the same for everybody, so that a change is red or green by its own doing.
///
/// A plain `cargo test` draws a new seed each time, and so does a run with the variable set by hand.
fn seed() -> String {
    std::env::var(SEED_VARIABLE).unwrap_or_else(|_| "1".into())
}

/// Where proptest looks for its seed.
const SEED_VARIABLE: &str = "PROPTEST_RNG_SEED";

fn features(machine: Machine) -> String {
    let mut features = machine.features(LINKING);
    features.push("saml-sp/testing".into());
    features.join(",")
}
