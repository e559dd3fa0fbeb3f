//! From bytes to a login: read, verify, decrypt, judge.

mod accept;
mod assertion;
mod attributes;
mod conditions;
mod context;
mod envelope;
mod examine;
mod fields;
mod several;
mod show;
mod status;
mod subject;
mod unverified;

pub use show::ShownResponse;
pub use status::Status;
pub use unverified::UnverifiedIssuer;

pub(crate) use examine::{Examination, Facts, GroupForm, Shape, Verdict};
pub(crate) use fields::{Fields, status, string_of, unexpected};
pub(crate) use subject::{decrypt_name_id, read_name_id};

#[cfg(test)]
mod tests;
