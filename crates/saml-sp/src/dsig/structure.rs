//! The form of a Signature, checked before any engine sees it.

use super::{DS_NS, SignatureError};
use crate::xml::Element;

pub(super) struct Signature<'d> {
    pub(super) element: Element<'d>,
}

pub(super) fn find<'d>(element: Element<'d>) -> Result<Option<Element<'d>>, SignatureError> {
    Ok(element.child(DS_NS, "Signature"))
}
