#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod ast;
mod bind;
mod bound;
mod cursor;
mod error;
mod key;
mod limits;
mod name;
mod parse;
mod patch_path;
mod search;
mod sql;

pub use ast::{Compare, CompareOp, Filter, Literal, Terms, ValuePath};
pub use bind::{BindOptions, UnknownAttributes};
pub use bound::{BoundFilter, ElementFilter, EqualityLookup};
pub use error::{BindError, FilterError, PatchPathError};
pub use limits::Limits;
pub use name::{AttrName, UnresolvedPath};
pub use patch_path::{BoundPatchPath, PatchPath};
pub use search::search_document;
pub use sql::{Column, ColumnKind, Columns, Dialect, SqlCondition, SqlError, SqlValue, Table};
