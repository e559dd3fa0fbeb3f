//! The one parser: a strict reader that makes the small tree all other code reads.
//!
//! What it accepts is a strict subset of what libxml2 accepts, so that no two readers of a message differ.

mod attributes;
pub(crate) mod c14n;
mod error;
mod fragment;
mod names;
mod reader;
mod tree;
pub(crate) mod write;

pub use error::{XmlError, XmlErrorKind};
pub(crate) use fragment::with_declarations;
pub(crate) use names::is_ncname;
pub(crate) use tree::{Children, Declaration, Document, Element};

/// The namespace that the prefix `xml` is bound to, always.
pub(crate) const XML_NS: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of namespace declarations, which nothing may be bound to.
pub(crate) const XMLNS_NS: &str = "http://www.w3.org/2000/xmlns/";

#[cfg(test)]
mod tests;
