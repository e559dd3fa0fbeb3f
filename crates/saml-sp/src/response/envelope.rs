//! The response around the assertion (Core 3.2.2, 3.3.3).

use super::{
    Status,
    fields::{Fields, status, unexpected},
};
use crate::{
    names::{ASSERTION, DS, PROTOCOL},
    rejection::{Cause, Part, Rejection},
    xml::Element,
};

/// A response's own children, each in its place.
pub(super) struct Envelope<'d> {
    pub(super) fields: Fields<'d>,
    pub(super) issuer: Option<Element<'d>>,
    pub(super) status: Status,
    pub(super) assertions: Vec<Element<'d>>,
}

impl<'d> Envelope<'d> {
    /// Reads the root of a document as a response.
    pub(super) fn read(root: Element<'d>) -> Result<Self, Rejection> {
        if !root.is(PROTOCOL, "Response") {
            return Err(
                Cause::WrongMessage { expected: "Response", found: root.local_name().to_owned() }.into()
            );
        }
        let fields = Fields::new(root, Part::Response);
        fields.check_version()?;
        fields.id()?;
        // The signature's place is judged with the signature (SIG-03).
        let mut children = root.children().filter(|child| !child.is(DS, "Signature")).peekable();
        let issuer = children.next_if(|child| child.is(ASSERTION, "Issuer"));
        children.next_if(|child| child.is(PROTOCOL, "Extensions"));
        let status = match children.next() {
            Some(child) if child.is(PROTOCOL, "Status") => status(child, Part::Response)?,
            Some(child) => return Err(unexpected(Part::Response, child)),
            None => return Err(Cause::Missing { part: Part::Response, what: "Status" }.into()),
        };
        let mut assertions = Vec::new();
        for child in children {
            if !child.is(ASSERTION, "Assertion") && !child.is(ASSERTION, "EncryptedAssertion") {
                return Err(unexpected(Part::Response, child));
            }
            assertions.push(child);
        }
        Ok(Self { fields, issuer, status, assertions })
    }

    /// Gives the assertions, plain or encrypted: one, or as many as are allowed (RSP-07, RSP-08, SIG-13, ASN-17).
    pub(super) fn assertions(&self, most: usize) -> Result<&[Element<'d>], Rejection> {
        if !self.status.is_success() {
            return Err(Cause::Status(Box::new(self.status.clone())).into());
        }
        match self.assertions.len() {
            0 => Err(Cause::NoAssertion.into()),
            found if found > most => Err(Cause::SeveralAssertions { found }.into()),
            _ => Ok(&self.assertions),
        }
    }
}
