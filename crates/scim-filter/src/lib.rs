#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod ast;
mod cursor;
mod error;
mod limits;
mod name;
mod parse;
mod patch_path;

pub use ast::{Compare, CompareOp, Filter, Literal, Terms, ValuePath};
pub use error::{FilterError, PathError};
pub use limits::Limits;
pub use name::{AttrName, AttrPath};
pub use patch_path::PatchPath;
