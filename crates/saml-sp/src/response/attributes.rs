//! The attributes of an assertion (Core 2.7.3).

use super::{
    context::Context,
    fields::{Fields, unexpected},
};
use crate::{
    Attribute, AttributeValue, Attributes, Notice,
    dsig::Canonicalization,
    enc::decrypt,
    names::{ASSERTION, XSI},
    rejection::{Cause, Part, Rejection},
    xml::{
        Element,
        c14n::{C14n, canonicalize},
    },
};

/// Reads all statements into one list (ASN-10).
pub(super) fn read_attributes(
    context: &Context<'_>,
    statements: &[Element<'_>],
    notices: &mut Vec<Notice>,
) -> Result<Attributes, Rejection> {
    let mut all = Vec::new();
    let mut encrypted = 0..MAX_ENCRYPTED;
    for child in statements.iter().flat_map(|statement| statement.children()) {
        if child.is(ASSERTION, "Attribute") {
            all.push(read_attribute(child)?);
        } else if child.is(ASSERTION, "EncryptedAttribute") {
            if encrypted.next().is_none() {
                return Err(Cause::TooManyEncrypted { limit: MAX_ENCRYPTED }.into());
            }
            let part = Part::Attribute;
            let read = decrypt(child, &context.decryption(true), |attribute, _| read_attribute(attribute));
            all.push(read.map_err(|error| Cause::Decryption { part, error })??);
        } else {
            return Err(unexpected(Part::Assertion, child));
        }
    }
    let (attributes, merged) = Attributes::merge(all);
    notices.extend(merged.into_iter().map(|name| Notice::DuplicateAttribute { name }));
    Ok(attributes)
}

fn read_attribute(element: Element<'_>) -> Result<Attribute, Rejection> {
    let fields = Fields::new(element, Part::Attribute);
    let name = fields.required("Name")?.to_owned();
    let name_format = fields.text("NameFormat")?.map(str::to_owned);
    // ASN-15: only shown, so whatever stands there does no harm.
    let friendly_name = element.attribute("FriendlyName").map(str::to_owned);
    let mut attribute = Attribute::new(name, name_format, friendly_name);
    for child in element.children() {
        if !child.is(ASSERTION, "AttributeValue") {
            return Err(unexpected(Part::Attribute, child));
        }
        attribute.values.push(read_value(child)?);
    }
    Ok(attribute)
}

fn read_value(element: Element<'_>) -> Result<AttributeValue, Rejection> {
    if matches!(element.attribute_ns(XSI, "nil"), Some("true" | "1")) {
        return Ok(AttributeValue::Null);
    }
    if element.has_only_text() {
        return Ok(AttributeValue::Text(element.text().into_owned()));
    }
    let how = C14n { algorithm: Canonicalization::Exclusive, comments: false, inclusive_prefixes: &[] };
    let mut xml = Vec::new();
    for child in element.children() {
        canonicalize(child, None, &how, &mut xml).map_err(|_| unexpected(Part::Attribute, child))?;
    }
    Ok(AttributeValue::Xml(String::from_utf8_lossy(&xml).into_owned()))
}

/// Products encrypt the whole assertion; 32 leave room for those that would rather choose.
const MAX_ENCRYPTED: usize = 32;
