//! Of whom an assertion speaks, and by what right the bearer presents it (Core 2.4).

use chrono::{DateTime, Utc};

use super::{
    context::Context,
    fields::{Fields, is_blank, text_of, unexpected},
};
use crate::{
    NameId, PendingLogin,
    enc::{DecryptionContext, decrypt},
    names::{
        ASSERTION, FORMAT_ENCRYPTED, FORMAT_PERSISTENT, FORMAT_TRANSIENT, FORMAT_UNSPECIFIED, METHOD_BEARER,
    },
    rejection::{Cause, Part, Rejection},
    time::later,
    xml::Element,
};

/// Reads the subject's identifier, decrypting it if need be (ASN-03, ASN-09).
pub(super) fn identifier(context: &Context<'_>, subject: Element<'_>) -> Result<Option<NameId>, Rejection> {
    let policy = context.connection.policy();
    let mut found: Option<NameId> = None;
    for child in subject.children() {
        if child.is(ASSERTION, "SubjectConfirmation") {
            continue;
        }
        let again = found.is_some();
        match child.local_name() {
            "NameID" if child.namespace() == ASSERTION && !again => found = Some(read_name_id(child)?),
            "EncryptedID" if child.namespace() == ASSERTION && !again => {
                // The assertion is verified, so a signature covers what is encrypted in it.
                found = Some(decrypt_name_id(child, &context.decryption(true))?);
            }
            "BaseID" | "NameID" | "EncryptedID" if child.namespace() == ASSERTION => {
                return Err(Cause::Identifier { found: child.local_name().to_owned() }.into());
            }
            _ => return Err(unexpected(Part::Subject, child)),
        }
    }
    if found.is_none() && policy.require_name_id {
        return Err(Cause::NoNameId.into());
    }
    Ok(found)
}

/// Opens an `EncryptedID` and reads the name identifier in it.
pub(crate) fn decrypt_name_id(
    wrapper: Element<'_>,
    decryption: &DecryptionContext<'_>,
) -> Result<NameId, Rejection> {
    let part = Part::Subject;
    decrypt(wrapper, decryption, |name_id, _| read_name_id(name_id))
        .map_err(|error| Cause::Decryption { part, error })?
}

/// Reads a `NameID`, white space and all (ASN-09, ASN-18).
pub(crate) fn read_name_id(element: Element<'_>) -> Result<NameId, Rejection> {
    if !element.is(ASSERTION, "NameID") {
        return Err(Cause::Identifier { found: element.local_name().to_owned() }.into());
    }
    let fields = Fields::new(element, Part::Subject);
    let value = text_of(element, Part::Subject)?.into_owned();
    if is_blank(&value) {
        return Err(Cause::EmptyNameId.into());
    }
    let owned = |name| fields.text(name).map(|value| value.map(str::to_owned));
    let name_id = NameId {
        value,
        format: owned("Format")?,
        name_qualifier: owned("NameQualifier")?,
        sp_name_qualifier: owned("SPNameQualifier")?,
        sp_provided_id: owned("SPProvidedID")?,
    };
    let length = name_id.value.chars().count();
    if matches!(name_id.format(), FORMAT_PERSISTENT | FORMAT_TRANSIENT) && length > MAX_OPAQUE {
        return Err(Cause::NameIdTooLong { limit: MAX_OPAQUE, found: length }.into());
    }
    Ok(name_id)
}

/// Judges whether the identifier is of the kind and the person that were asked for (ASN-12, ASN-13).
pub(super) fn check_name_id(pending: &PendingLogin, name_id: Option<&NameId>) -> Result<(), Rejection> {
    let policy = pending.name_id_policy();
    let wanted_format = policy
        .and_then(|policy| policy.format.as_deref())
        .filter(|format| !matches!(*format, FORMAT_UNSPECIFIED | FORMAT_ENCRYPTED));
    let wanted_qualifier = policy.and_then(|policy| policy.sp_name_qualifier.as_deref());
    if wanted_format.is_none() && wanted_qualifier.is_none() && pending.subject().is_none() {
        return Ok(());
    }
    let name_id = name_id.ok_or(Cause::NoNameId)?;
    if let Some(expected) = wanted_format
        && name_id.format() != expected
    {
        let found = name_id.format().to_owned();
        return Err(Cause::NameIdFormat { expected: expected.to_owned(), found }.into());
    }
    if let Some(expected) = wanted_qualifier
        && name_id.sp_name_qualifier.as_deref() != Some(expected)
    {
        let found = name_id.sp_name_qualifier.clone().unwrap_or_default();
        return Err(Cause::NameIdQualifier { expected: expected.to_owned(), found }.into());
    }
    match pending.subject() {
        // Core 3.4.1.4: another format that was asked for makes another identifier of the same person.
        Some(subject) if wanted_format.is_none_or(|format| format == subject.format()) => {
            let same = subject.format() == name_id.format()
                && NameId { format: None, ..subject.clone() } == NameId { format: None, ..name_id.clone() };
            if same { Ok(()) } else { Err(Cause::OtherSubject.into()) }
        }
        _ => Ok(()),
    }
}

/// Judges the bearer confirmations: one that passes is enough (ASN-04, Errata 26).
///
/// Gives the last instant at which any of them may still be presented.
pub(super) fn check_confirmations(
    context: &Context<'_>,
    subject: Element<'_>,
) -> Result<DateTime<Utc>, Rejection> {
    let mut failure: Option<Rejection> = None;
    let mut last: Option<DateTime<Utc>> = None;
    for confirmation in subject.children_named(ASSERTION, "SubjectConfirmation") {
        if confirmation.attribute("Method") != Some(METHOD_BEARER) {
            continue;
        }
        // Profiles 4.1.5: what nobody asked for answers nothing, in none of its confirmations.
        if context.pending.is_none() {
            let data = confirmation.child(ASSERTION, "SubjectConfirmationData");
            let answers = data.and_then(|data| data.attribute("InResponseTo"));
            context.check_in_response_to(answers, Part::Subject)?;
        }
        match check_bearer(context, confirmation) {
            Ok(until) => last = last.max(Some(until)),
            Err(rejection) => failure = failure.or(Some(rejection)),
        }
    }
    match (last, failure) {
        (Some(until), _) => Ok(until),
        (None, Some(rejection)) => Err(rejection),
        (None, None) => Err(Cause::NoBearer.into()),
    }
}

fn check_bearer(context: &Context<'_>, confirmation: Element<'_>) -> Result<DateTime<Utc>, Rejection> {
    let lacks = |what| Rejection::from(Cause::ConfirmationLacks { what });
    let data = confirmation
        .child(ASSERTION, "SubjectConfirmationData")
        .ok_or_else(|| lacks("SubjectConfirmationData"))?;
    let fields = Fields::new(data, Part::Subject);
    let recipient = data.attribute("Recipient").ok_or_else(|| lacks("Recipient"))?;
    context
        .consumer(recipient)
        .map_err(|expected| Cause::Recipient { expected, found: recipient.to_owned() })?;
    if data.attribute("NotBefore").is_some() {
        return Err(Cause::ConfirmationNotBefore.into());
    }
    let not_on_or_after = fields.instant("NotOnOrAfter")?.ok_or_else(|| lacks("NotOnOrAfter"))?;
    let (now, until) = (context.now, later(not_on_or_after, context.skew()));
    if now >= until {
        return Err(Cause::ConfirmationExpired { not_on_or_after, now }.into());
    }
    context.check_in_response_to(fields.text("InResponseTo")?, Part::Subject)?;
    Ok(until)
}

/// Core 8.3.7, 8.3.8: persistent and transient identifiers have at most 256 characters.
const MAX_OPAQUE: usize = 256;
