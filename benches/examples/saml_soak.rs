//! Verifies one response over and over and prints the memory in use, then how much two threads do more than one.
//!
//! `cargo run --release -p benches --features xmlsec --example saml_soak`
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that prints what it measured"
)]

use std::time::{Duration, Instant};

use benches::saml::{Kind, Scene};
use saml_sp::Engines;
use saml_sp::testing::TestSign;

fn main() {
    let mut engines = vec![Engines::Native];
    if cfg!(feature = "xmlsec") {
        engines.extend([Engines::Xmlsec, Engines::Agreement]);
    }
    for engines in engines {
        let scene = Scene::new(Kind::Rsa, engines);
        let (body, xml) = scene.response(5_000, TestSign::Both, false);
        let (_, plain_xml) = scene.response(5_000, TestSign::Assertion, false);
        let altered =
            benches::saml::body_of(String::from_utf8(plain_xml).unwrap().replace("Alice", "Eve").as_bytes());
        println!(
            "{engines:?}: {} bytes of XML, both signed; a tenth as many altered ones are refused",
            xml.len()
        );
        for round in 0..=10 {
            if round > 0 {
                for _ in 0..ROUND {
                    scene.accept(&body).unwrap();
                }
                for _ in 0..ROUND / 10 {
                    scene.accept(&altered).unwrap_err();
                }
            }
            println!("  after {:>6}: {} KB", round * ROUND, resident());
        }
        let (body, _) = scene.response(5_000, TestSign::Assertion, false);
        let best = |threads: usize| (0..5).map(|_| rate(&scene, &body, threads)).max().unwrap();
        let (one, two) = (best(1), best(2));
        println!("  one thread {one}/s, two threads {two}/s: {}.{:02}x", two / one, two % one * 100 / one);
    }
}

/// Logins in a second with so many threads.
fn rate(scene: &Scene, body: &[u8], threads: usize) -> u64 {
    let end = Instant::now() + Duration::from_secs(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    while Instant::now() < end {
                        scene.accept(body).unwrap();
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

/// Memory that the process holds, in KB; 0 where the system doesn't tell it this way.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

const ROUND: usize = 10_000;
