#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod apply;
mod changes;
mod draft;
mod error;
mod limits;
mod listed;
mod membership;
mod perform;
mod quirks;
mod request;
mod soften;
mod step;
mod value;

pub use apply::{Patched, apply};
pub use changes::Change;
pub use error::PatchError;
pub use limits::Limits;
pub use membership::{
    Finished, GroupPlan, Member, MembershipChange, MembershipPlan, RowCounts, plan, plan_replace,
};
pub use quirks::{Quirk, QuirkUse, Quirks};
pub use request::{Op, Operation, PatchRequest};
