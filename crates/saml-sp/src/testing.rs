//! A test identity provider and messages that must be refused, for testing how a service provider is wired.
//!
//! Behind the Cargo feature `testing`. [`TestIdp`] speaks for an identity provider: it writes metadata, reads what a
//! service provider sends, and answers with logins and logouts. [`forge`] makes messages that are bad in one named way
//! each, with the rule that has to stop them.
//!
//! It reads no clock and keeps no state: the caller passes `now` and the ids, and the same input gives the same message
//! (but for ECDSA signatures and RSA-OAEP, whose randomness is OpenSSL's). It writes and signs XML with code of its own,
//! so that an agreement with the code under test means something.

mod element;
mod encrypt;
mod error;
pub mod forge;
mod idp;
mod key;
mod logout;
mod message;
mod reader;
mod request;
mod response;
mod sign;
mod soap;

pub use encrypt::TestEncryption;
pub use error::TestError;
pub use idp::TestIdp;
pub use key::TestKey;
pub use logout::{TestLogoutRequest, TestLogoutResponse};
pub use message::TestMessage;
pub use reader::canonical_form;
pub use request::{TestRequest, TestRequestKind};
pub use response::{LoginAnswer, TestAttribute, TestNameId, TestSign, TestStatus};
pub use sign::TestAlgorithm;
