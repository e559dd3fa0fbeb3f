//! Keys and certificates, parsed once when they are configured.

mod certificate;
mod error;
mod private;
mod public_half;
mod verification;

pub use certificate::Certificate;
pub use error::KeyError;
pub use private::PrivateKey;
pub(crate) use verification::Numbers;
pub use verification::{KeyKind, VerificationKey};

#[cfg(test)]
mod tests;
