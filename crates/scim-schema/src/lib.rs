#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attribute;
mod error;
mod path;
mod resource;
mod resource_type;
mod schema;
mod schema_set;
mod spelling;
pub mod urn;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub use error::{PathError, SchemaError, ScimError, ScimType};
pub use path::{AttrPath, Resolved};
pub use resource::{Resource, is_unassigned};
pub use resource_type::{ResourceType, SchemaExtension};
pub use schema::Schema;
pub use schema_set::{SchemaSet, SchemaSetBuilder};
