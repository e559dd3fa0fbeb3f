//! Starting a login: the AuthnRequest and what is remembered of it.

mod begin;
mod message;
mod options;
mod pending;
mod seal;

pub use begin::RequestError;
pub use options::{
    Comparison, Consumer, IdpEntry, LoginOptions, NameIdPolicy, RequestConditions, RequestedAuthnContext,
    Scoping,
};
pub use pending::PendingLogin;
pub use seal::{OpenError, SealKey};

pub(crate) use begin::{Sending, check_relay_state, signer, xml_or_redirect};
pub(crate) use message::name_id_element;

#[cfg(test)]
mod tests;
