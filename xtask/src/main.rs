//! Set-up, demo, test, interop and lint of this workspace.

fn main() {}
