//! Our work beside what others need for the same messages, and beside the least that the messages can cost.
//!
//! The contenders of a row take turns, a few milliseconds each, so that whatever else the machine does hits all of them
//! alike; of each the quickest turn counts. What a library can't do, or refuses, says so instead of a number.
//!
//! With a text as argument only the rows with that text in their name are run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use saml_sp::testing::TestSign;
use saml_sp::{Binding, Engines, LoginOptions, MetadataOptions, RequestId};
use scene::{Kind, Scene};

#[path = "../../../benches/saml_floor.rs"]
mod floor;
mod peers;
#[path = "../../../src/saml.rs"]
#[allow(dead_code, reason = "the benches use more of it")]
mod scene;

/// One contender of a row: its name, and what it does once. An error is told in place of a number.
pub(crate) type Contender<'a> = (&'static str, Box<dyn FnMut() -> Result<(), String> + 'a>);

fn main() {
    let names = ["floor", "ours", "samael", "saml-rs", "saml", "bergshamra"];
    println!("| work | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for (name, kind, bytes, sign, encrypted) in [
        ("5 KB response, RSA-2048", Kind::Rsa, 5_000, TestSign::Assertion, false),
        ("both signed", Kind::Rsa, 5_000, TestSign::Both, false),
        ("200 groups, 42 KB", Kind::Rsa, 42_000, TestSign::Assertion, false),
        ("ECDSA P-256", Kind::Ecdsa, 5_000, TestSign::Assertion, false),
        ("encrypted, OAEP and AES-256-GCM", Kind::Rsa, 5_000, TestSign::Assertion, true),
        ("50 KB response", Kind::Rsa, 50_000, TestSign::Assertion, false),
        ("500 KB response", Kind::Rsa, 500_000, TestSign::Assertion, false),
        ("5 MB response", Kind::Rsa, 5_000_000, TestSign::Assertion, false),
    ] {
        let mut scene = Scene::new(kind, Engines::Native);
        scene.make_room(bytes.max(500_000) * 2);
        let (body, xml) = scene.response(bytes, sign, encrypted);
        let encoded = BASE64_STANDARD.encode(&xml);
        let least = floor::Floor::new(kind, if sign == TestSign::Both { 2 } else { 1 }, encrypted);
        let mut row: Vec<Contender<'_>> = vec![
            (
                "floor",
                Box::new(|| {
                    black_box(least.run(&encoded));
                    Ok(())
                }),
            ),
            ("ours", Box::new(|| scene.accept(&body).map(drop).map_err(|error| error.code().to_owned()))),
        ];
        row.extend(peers::responses(&scene, kind, bytes, sign, encrypted));
        print_row(name, &names, row);
    }
    for (name, sign) in
        [("begin_login by redirect, unsigned", false), ("begin_login by redirect, signed", true)]
    {
        let scene = Scene::new(Kind::Rsa, Engines::Native);
        let begin = || {
            let mut options = LoginOptions::default();
            (options.binding, options.sign) = (Some(Binding::HttpRedirect), sign);
            let begun =
                scene.connection().begin_login(options, RequestId::from_random([7; 20]), scene::now());
            begun.map(|begun| drop(black_box(begun))).map_err(|error| error.to_string())
        };
        let mut row: Vec<Contender<'_>> = vec![("ours", Box::new(begin))];
        row.extend(peers::requests(&scene, sign));
        print_row(name, &names, row);
    }
    let scene = Scene::new(Kind::Rsa, Engines::Native);
    let one = scene.test_idp.metadata(scene::now() + chrono::TimeDelta::days(30)).expect("metadata");
    let aggregate = scene::aggregate(&one, 5_000_000);
    for (name, xml, entity) in [
        ("metadata of one entity, certificate and all", &one, None),
        ("5 MB aggregate, one entity picked", &aggregate, Some("https://idp.example.com/metadata/1000")),
    ] {
        let mut options = MetadataOptions::default();
        options.entity_id = entity.map(|entity| entity.parse().expect("an entity id"));
        let read = || {
            let read = options.read(xml.as_bytes(), scene::now());
            read.map(|read| drop(black_box(read))).map_err(|error| error.to_string())
        };
        let mut row: Vec<Contender<'_>> = vec![
            (
                "floor",
                Box::new(|| {
                    black_box(floor::events(xml.as_bytes()));
                    Ok(())
                }),
            ),
            ("ours", Box::new(read)),
        ];
        row.extend(peers::metadata(xml, entity));
        print_row(name, &names, row);
    }
    println!();
    println!(
        "bergshamra is a signature engine: what it does is verifying (and decrypting), not the rules of SAML."
    );
    println!(
        "saml-rs and saml get the XML or the form field decoded by us; ours and the floor start from the POST."
    );
}

fn print_row(work: &str, names: &[&str], mut row: Vec<Contender<'_>>) {
    if std::env::args().nth(1).is_some_and(|part| !work.contains(&part)) {
        return;
    }
    let times = measure(&mut row);
    let floor = times.iter().find(|(name, _)| *name == "floor").and_then(|(_, time)| time.clone().ok());
    let cells: Vec<String> = names
        .iter()
        .map(|name| match times.iter().find(|(known, _)| known == name) {
            None => "cannot".to_owned(),
            Some((_, Err(why))) => format!("no: {}", why.chars().take(60).collect::<String>()),
            Some((_, Ok(time))) => match floor.filter(|_| *name != "floor") {
                Some(floor) => format!("{} ({:.2}x)", shown(*time), time.as_secs_f64() / floor.as_secs_f64()),
                None => shown(*time),
            },
        })
        .collect();
    println!("| {work} | {} |", cells.join(" | "));
}

/// The quickest turn of each, per run.
fn measure(row: &mut [Contender<'_>]) -> Vec<(&'static str, Result<Duration, String>)> {
    let mut best: Vec<Result<Duration, String>> = Vec::new();
    let mut runs: Vec<u32> = Vec::new();
    for (_, contender) in row.iter_mut() {
        // The first run warms up, and tells whether it can be done at all.
        let start = Instant::now();
        let first = contender().and_then(|()| {
            let first = start.elapsed();
            if first > ONCE {
                return Ok(first);
            }
            let start = Instant::now();
            contender().map(|()| start.elapsed())
        });
        let each = first.as_ref().map_or(Duration::ZERO, |time| *time).max(Duration::from_nanos(100));
        runs.push(u32::try_from(TURN.as_nanos() / each.as_nanos()).unwrap_or(1).clamp(1, 10_000));
        best.push(first);
    }
    let start = Instant::now();
    for turn in 0.. {
        if turn >= LEAST_TURNS && start.elapsed() > ROW {
            break;
        }
        for ((_, contender), (best, runs)) in row.iter_mut().zip(best.iter_mut().zip(&runs)) {
            let Ok(known) = best else { continue };
            if *known > ONCE || (*known > LONG && turn >= LONG_TURNS) {
                continue;
            }
            let start = Instant::now();
            for _ in 0..*runs {
                if let Err(error) = contender() {
                    panic!("it could be done before: {error}");
                }
            }
            *known = (*known).min(start.elapsed() / *runs);
        }
    }
    row.iter().map(|(name, _)| *name).zip(best).collect()
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        micros if micros < 10.0 => format!("{micros:.2} us"),
        micros if micros < 1_000.0 => format!("{micros:.0} us"),
        micros => format!("{:.2} ms", micros / 1_000.0),
    }
}

/// A turn is short, so that a quiet one happens even on a busy machine.
const TURN: Duration = Duration::from_millis(3);
const LEAST_TURNS: u32 = 30;
/// Who takes this long, for some work grows with its square, gets few turns: a burst of other work is short beside it.
const LONG: Duration = Duration::from_millis(100);
const LONG_TURNS: u32 = 2;
/// Who takes this long is run once.
const ONCE: Duration = Duration::from_secs(5);
const ROW: Duration = Duration::from_secs(4);
