//! Who signed in: the outcome of a response that passed every check.

mod attributes;
mod evidence;
mod name_id;
mod outcome;

pub use attributes::{Attribute, AttributeValue, Attributes, GroupOverage};
pub use evidence::{Evidence, Notice};
pub use name_id::{NameId, SubjectKey};
pub use outcome::{AuthnContext, Login, ReplayClaim, Session, Sighting, Verified};
