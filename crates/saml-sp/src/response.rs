//! From bytes to a login: read, verify, decrypt, judge.

mod fields;
mod status;
mod unverified;

pub use status::Status;
pub use unverified::UnverifiedIssuer;
