//! Prints what the benches of SCIM work on, as JSON, for libraries in other languages: see `benches/peers`.

use benches::scim::{MIXED, SIMPLE, enterprise_user, patch_bodies, user};
use serde_json::{Value, json};

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() {
    let users: Vec<Value> = (0..USERS).map(user).collect();
    let list: Vec<Value> = (0..1_000).map(enterprise_user).collect();
    println!(
        "{}",
        json!({
            "simple": SIMPLE, "mixed": MIXED, "users": users,
            "user": enterprise_user(1), "patches": patch_bodies(), "list": list,
        })
    );
}

/// As many as `peers.rs` asks.
const USERS: u32 = 10_000;
