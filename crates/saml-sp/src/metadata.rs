//! Metadata: the identity provider's in, ours out.

mod describe;
mod diff;
mod error;
mod keys;
mod read;
mod select;
mod skim;
mod write;

pub use diff::{ChangeVerdict, MetadataChange, MetadataDiff, Service};
pub use error::MetadataError;
pub use read::{IdpMetadata, MetadataNotice, MetadataOptions};
pub use write::MetadataOutput;

#[cfg(test)]
mod tests;
