//! What a login connection trusts: reading a provider's metadata, looking at what it changes, and only then taking it.
//!
//! Broken metadata never gets as far as a [`Proposal`], and a proposal changes nothing until it is applied: so whatever
//! is wrong, the old configuration stays.

mod apply;
mod proposal;
pub mod refresh;

pub use apply::{Agreed, Applied, ApplyError, add_certificate, apply, confirm_links, remove_key, stage};
pub use proposal::{Judgement, Origin, Proposal, ProposalError, short};

#[cfg(test)]
mod tests;
