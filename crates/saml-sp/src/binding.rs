//! Messages on the wire: what comes in is decoded from the raw bytes, what goes out carries its headers as data.

mod html;
mod inbound;
mod outbound;
mod percent;
mod redirect;

pub use inbound::Inbound;
pub use outbound::{Outbound, PostForm};

pub(crate) use inbound::{Decoded, DetachedSignature, MessageKind};
pub(crate) use redirect::redirect_url;
