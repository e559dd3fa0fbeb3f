//! Verifies responses over and over with each engine, and says of two claims whether they held: that memory doesn't grow,
//! and that two threads do 1.9 times of one, or 0.95 of what this machine gives two threads that share nothing.
//!
//! `cargo run --release -p benches --features xmlsec --example saml_soak [VERIFICATIONS]`, by default 100,000. It ends with
//! an error if memory grew; the second claim needs two processors for itself, so it is only told. Two virtual processors may
//! be one real core, which is why hashing with no memory in common is measured beside it, in turns.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that prints what it measured"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use benches::saml::{Kind, Scene};
use saml_sp::Engines;
use saml_sp::testing::TestSign;

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(VERIFICATIONS);
    let mut engines = vec![Engines::Native];
    if cfg!(feature = "xmlsec") {
        engines.extend([Engines::Xmlsec, Engines::Agreement]);
    }
    let mut leaks = false;
    for engines in engines {
        let grown = soak(engines, wanted);
        leaks |= grown > ALLOWED_KB;
        let held = if grown > ALLOWED_KB { "GREW" } else { "held" };
        println!(
            "  memory {held}: {grown} KB more at the end than after the first tenth, {ALLOWED_KB} allowed"
        );
        scaling(engines);
    }
    if leaks { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Accepts so many responses with both parts signed, and refuses a tenth as many altered ones; gives the memory in KB that
/// the process holds beyond what it held after the first tenth, when every cache is warm.
fn soak(engines: Engines, wanted: usize) -> u64 {
    let scene = Scene::new(Kind::Rsa, engines);
    let (body, xml) = scene.response(5_000, TestSign::Both, false);
    let (_, plain_xml) = scene.response(5_000, TestSign::Assertion, false);
    let altered =
        benches::saml::body_of(String::from_utf8(plain_xml).unwrap().replace("Alice", "Eve").as_bytes());
    println!(
        "{engines:?}: {} bytes of XML, both signed; a tenth as many altered ones are refused",
        xml.len()
    );
    println!("  at the start: {} KB", resident());
    let mut first = 0;
    for tenth in 1..=10 {
        for _ in 0..wanted / 10 {
            scene.accept(&body).unwrap();
        }
        for _ in 0..wanted / 100 {
            scene.accept(&altered).unwrap_err();
        }
        println!("  after {:>7}: {} KB", wanted / 10 * tenth, resident());
        if tenth == 1 {
            first = resident();
        }
    }
    resident().saturating_sub(first)
}

/// Two threads beside one, in turns, so that what else the machine does hits both, and the same of hashing alone.
fn scaling(engines: Engines) {
    let scene = Scene::new(Kind::Rsa, engines);
    let (body, _) = scene.response(5_000, TestSign::Assertion, false);
    let (mut one, mut two, mut one_hash, mut two_hashes) = (0, 0, 0, 0);
    for _ in 0..5 {
        one = one.max(rate(1, || _ = scene.accept(&body).unwrap()));
        one_hash = one_hash.max(rate(1, hash));
        two = two.max(rate(2, || _ = scene.accept(&body).unwrap()));
        two_hashes = two_hashes.max(rate(2, hash));
    }
    let (ours, machine) = (two * 100 / one.max(1), two_hashes * 100 / one_hash.max(1));
    let held = if ours >= 190 || ours >= machine * 95 / 100 { "held" } else { "not shown" };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    println!(
        "  two threads {held}: one thread {one}/s, two threads {two}/s, {}; hashing alone {} (load of the machine {load})",
        times(ours),
        times(machine)
    );
}

fn times(hundredths: u64) -> String {
    format!("{}.{:02}x", hundredths / 100, hundredths % 100)
}

/// Work of about the length of a login that shares nothing between threads.
fn hash() {
    let block = [1_u8; 4_096];
    for _ in 0..8 {
        std::hint::black_box(openssl::sha::sha256(std::hint::black_box(&block)));
    }
}

/// How often so many threads together do the work in half a second, told for a second.
fn rate(threads: usize, work: impl Fn() + Sync) -> u64 {
    let end = Instant::now() + Duration::from_millis(500);
    let done: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    while Instant::now() < end {
                        work();
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    done * 2
}

/// Memory that the process holds, in KB; 0 where the system doesn't tell it this way.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

const VERIFICATIONS: usize = 100_000;
/// What an allocator may keep for itself.
const ALLOWED_KB: u64 = 1_024;
