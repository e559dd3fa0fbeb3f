//! When and for whom an assertion is valid (Core 2.5).

use super::{
    context::Context,
    fields::{Fields, string_of},
};
use crate::{
    Notice,
    names::ASSERTION,
    rejection::{Cause, Part, Rejection},
    time::{earlier, later},
    xml::Element,
};

/// Judges the validity period (ASN-05, ASN-14).
pub(super) fn check_validity(
    context: &Context<'_>,
    conditions: Option<Element<'_>>,
) -> Result<(), Rejection> {
    let Some(conditions) = conditions else { return Ok(()) };
    let fields = Fields::new(conditions, Part::Assertion);
    let not_before = fields.instant("NotBefore")?;
    let not_on_or_after = fields.instant("NotOnOrAfter")?;
    if let (Some(not_before), Some(not_on_or_after)) = (not_before, not_on_or_after)
        && not_before >= not_on_or_after
    {
        return Err(Cause::EmptyValidity { not_before, not_on_or_after }.into());
    }
    let (now, skew) = (context.now, context.skew());
    match not_before {
        Some(not_before) if now < earlier(not_before, skew) => {
            return Err(Cause::NotYetValid { not_before, now }.into());
        }
        _ => {}
    }
    match not_on_or_after {
        Some(not_on_or_after) if now >= later(not_on_or_after, skew) => {
            Err(Cause::Expired { not_on_or_after, now }.into())
        }
        _ => Ok(()),
    }
}

/// Judges every other condition: all of them are known, and each audience restriction names us (ASN-05, Errata 46).
pub(super) fn check_audience(
    context: &Context<'_>,
    conditions: Option<Element<'_>>,
    notices: &mut Vec<Notice>,
) -> Result<(), Rejection> {
    let (mut restricted, mut once, mut proxy) = (false, false, false);
    for condition in conditions.iter().flat_map(|conditions| conditions.children()) {
        if condition.namespace() != ASSERTION {
            return Err(Cause::UnknownCondition { found: condition.local_name().to_owned() }.into());
        }
        match condition.local_name() {
            "AudienceRestriction" => {
                check_restriction(context, condition)?;
                restricted = true;
            }
            "OneTimeUse" if !once => {
                once = true;
                notices.push(Notice::OneTimeUse);
            }
            "OneTimeUse" => return Err(Cause::ConditionTwice { name: "OneTimeUse" }.into()),
            "ProxyRestriction" if !proxy => {
                proxy = true;
                notices.push(Notice::ProxyRestriction);
            }
            "ProxyRestriction" => return Err(Cause::ConditionTwice { name: "ProxyRestriction" }.into()),
            other => return Err(Cause::UnknownCondition { found: other.to_owned() }.into()),
        }
    }
    if restricted { Ok(()) } else { Err(Cause::NoAudience { expected: accepted(context) }.into()) }
}

fn check_restriction(context: &Context<'_>, restriction: Element<'_>) -> Result<(), Rejection> {
    let mut found = Vec::new();
    for audience in restriction.children() {
        if !audience.is(ASSERTION, "Audience") {
            return Err(super::unexpected(Part::Assertion, audience));
        }
        let audience = string_of(audience, Part::Assertion, "Audience")?;
        let policy = context.connection.policy();
        // XML-11: byte for byte.
        if audience == context.connection.sp().entity_id().as_str()
            || policy.accepted_audiences.contains(audience.as_ref())
        {
            return Ok(());
        }
        found.push(audience.into_owned());
    }
    Err(Cause::Audience { expected: accepted(context), found }.into())
}

fn accepted(context: &Context<'_>) -> Vec<String> {
    let own = context.connection.sp().entity_id().as_str().to_owned();
    std::iter::once(own).chain(context.connection.policy().accepted_audiences.iter().cloned()).collect()
}
