//! Replay of what fuzzers found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::data;

/// Runs a law over each seed and over every file in `testdata/fuzz/<target>/`; answers how many inputs that were.
///
/// # Panics
/// When the law is broken, with the name of the input that breaks it.
pub fn replay(target: &str, seeds: &[Vec<u8>], law: fn(&[u8])) -> usize {
    let found = data::files(&format!("fuzz/{target}"), "");
    for (position, seed) in seeds.iter().enumerate() {
        hold(&format!("seed {position}"), seed, law);
    }
    for file in &found {
        hold(file, &data::bytes(file), law);
    }
    seeds.len() + found.len()
}

fn hold(name: &str, input: &[u8], law: fn(&[u8])) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| law(input))) {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        panic!("{name} breaks the law: {message}");
    }
}
