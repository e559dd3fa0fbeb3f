#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attribute;
mod check;
mod compare;
mod date_time;
mod discovery;
mod error;
mod limits;
pub mod message;
mod meta;
mod parse;
mod password;
mod path;
mod projection;
mod reference;
mod resource;
mod resource_type;
mod schema;
mod schema_set;
mod sort;
mod spelling;
pub mod urn;
mod version;
pub mod view;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub use check::{
    CanonicalValues, CheckError, CheckOptions, Checked, Formats, Notice, SeveralPrimaries, UniqueValue,
    UnknownAttributes,
};
pub use compare::{Comparable, Number, compare_key, fold, fold_cmp, fold_eq};
pub use date_time::{format_date_time, parse_date_time};
pub use discovery::{AuthenticationScheme, Capabilities, FilterSupport, Pagination, PaginationMethod};
pub use error::{PathError, SchemaError, ScimError, ScimType};
pub use limits::Limits;
pub use meta::{IdError, Meta};
pub use parse::{ParseError, parse_object};
pub use password::prepare_password;
pub use path::{AttrPath, Resolved};
pub use projection::{Projected, Projection, ProjectionError};
pub use reference::{reference_key, same_reference};
pub use resource::{Resource, is_unassigned};
pub use resource_type::{ResourceType, SchemaExtension};
pub use schema::Schema;
pub use schema_set::{SchemaSet, SchemaSetBuilder};
pub use sort::{SortOrder, compare_sort_keys, sort_key, sort_resources};
pub use version::{ETag, Precondition, PreconditionError, Verdict};
