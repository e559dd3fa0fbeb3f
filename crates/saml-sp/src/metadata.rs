//! Metadata: the identity provider's in, ours out.

mod error;
mod keys;
mod read;
mod select;
mod write;

pub use error::MetadataError;
pub use read::{IdpMetadata, MetadataNotice, MetadataOptions};
pub use write::MetadataOutput;

#[cfg(test)]
mod tests;
