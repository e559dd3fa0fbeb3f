//! The assertion: read from its signed bytes, then judged (Core 2.3, Profiles 4.1.4.2, 4.1.4.3).

use chrono::{DateTime, Utc};

use super::{
    attributes::read_attributes,
    conditions::{check_audience, check_validity},
    context::Context,
    fields::{Fields, string_of, unexpected},
    subject::{check_confirmations, check_name_id, identifier},
};
use crate::{
    Attributes, AuthnContext, Comparison, Evidence, Login, NameId, Notice, ReplayClaim, Session, SubjectKey,
    Verified,
    names::{ASSERTION, DS},
    rejection::{Cause, Part, Rejection},
    request::RequestedAuthnContext,
    time::{earlier, later},
    xml::Element,
};

/// An assertion's children, each in its place.
pub(super) struct AssertionParts<'d> {
    pub(super) fields: Fields<'d>,
    pub(super) id: &'d str,
    pub(super) issuer: Element<'d>,
    pub(super) subject: Option<Element<'d>>,
    pub(super) conditions: Option<Element<'d>>,
    pub(super) authn: Vec<Element<'d>>,
    pub(super) attributes: Vec<Element<'d>>,
}

impl<'d> AssertionParts<'d> {
    /// Reads an assertion from the bytes that its signature covers, so there is no signature left in it.
    pub(super) fn read(element: Element<'d>) -> Result<Self, Rejection> {
        Self::assemble(element, element.children())
    }

    /// Reads an assertion whose signature isn't good or doesn't count, for a report alone.
    pub(super) fn read_unverified(element: Element<'d>) -> Result<Self, Rejection> {
        Self::assemble(element, element.children().filter(|child| !child.is(DS, "Signature")))
    }

    fn assemble(
        element: Element<'d>,
        children: impl Iterator<Item = Element<'d>>,
    ) -> Result<Self, Rejection> {
        let part = Part::Assertion;
        if !element.is(ASSERTION, "Assertion") {
            let found = element.local_name().to_owned();
            return Err(Cause::WrongMessage { expected: "Assertion", found }.into());
        }
        let fields = Fields::new(element, part);
        fields.check_version()?;
        let id = fields.id()?;
        let mut children = children.peekable();
        let issuer = children
            .next_if(|child| child.is(ASSERTION, "Issuer"))
            .ok_or_else(|| Rejection::from(Cause::NoIssuer { part, expected: String::new() }))?;
        let subject = children.next_if(|child| child.is(ASSERTION, "Subject"));
        let conditions = children.next_if(|child| child.is(ASSERTION, "Conditions"));
        // SIG-14: what stands in an advice is somebody else's word.
        children.next_if(|child| child.is(ASSERTION, "Advice"));
        let (mut authn, mut attributes) = (Vec::new(), Vec::new());
        for child in children {
            match child.local_name() {
                "AuthnStatement" if child.namespace() == ASSERTION => authn.push(child),
                "AttributeStatement" if child.namespace() == ASSERTION => attributes.push(child),
                // Statements that say nothing about signing in.
                "AuthzDecisionStatement" | "Statement" if child.namespace() == ASSERTION => {}
                _ => return Err(unexpected(part, child)),
            }
        }
        Ok(Self { fields, id, issuer, subject, conditions, authn, attributes })
    }
}

/// An assertion that passed, on the way to a login.
pub(super) struct Judged {
    pub(super) attributes: Attributes,
    /// Absent only beside another assertion that has it.
    pub(super) authn: Option<Authn>,
    pub(super) claim: ReplayClaim,
    pub(super) evidence: Evidence,
    pub(super) name_id: Option<NameId>,
}

/// Judges time, subject, audience and session, in this order. One of several assertions need not say how the person
/// signed in.
pub(super) fn judge(
    context: &Context<'_>,
    parts: &AssertionParts<'_>,
    mut evidence: Evidence,
    one_of_several: bool,
) -> Result<Judged, Rejection> {
    let connection = &context.connection;
    let policy = connection.policy();
    let issued = parts.fields.check_issue_instant(connection, context.now)?;
    check_validity(context, parts.conditions)?;

    let subject = parts.subject.ok_or(Cause::NoSubject)?;
    let name_id = identifier(context, subject)?;
    if let Some(pending) = context.pending {
        check_name_id(pending, name_id.as_ref())?;
    }
    let presentable_until = check_confirmations(context, subject)?;
    check_audience(context, parts.conditions, &mut evidence.notices)?;
    let authn = match parts.authn.as_slice() {
        [] if one_of_several => None,
        statements => Some(judge_authn(context, statements, &mut evidence.notices)?),
    };
    let attributes = read_attributes(context, &parts.attributes, &mut evidence.notices)?;

    // After the issue limit the assertion is refused anyway, so that the claim need not outlive it.
    let too_old = later(issued, policy.max_issue_age.get().saturating_add(policy.skew.seconds()));
    let claim = ReplayClaim {
        issuer: connection.idp().entity_id().clone(),
        id: parts.id.to_owned(),
        forget_after: presentable_until.min(too_old),
    };
    Ok(Judged { attributes, authn, claim, evidence, name_id })
}

impl Judged {
    /// Makes the login, which somebody must have signed in for (ASN-06).
    pub(super) fn into_login(
        self,
        context: &Context<'_>,
        relay_state: Option<String>,
    ) -> Result<Verified<Login>, Rejection> {
        let Self { attributes, authn, claim, evidence, name_id } = self;
        let authn = authn.ok_or(Cause::NoAuthnStatement)?;
        let connection = &context.connection;
        let (idp, sp) = (connection.idp().entity_id(), connection.sp().entity_id());
        let login = Login {
            attributes,
            authn_context: authn.context,
            authn_instant: authn.instant,
            evidence,
            idp: idp.clone(),
            in_response_to: context.pending.map(|pending| pending.request_id().clone()),
            relay_state,
            session: authn.session,
            subject_key: name_id.as_ref().map(|name_id| SubjectKey::new(idp, sp, name_id)),
            subject: name_id,
        };
        Ok(Verified::new(login, claim))
    }
}

/// What the authentication statements say.
pub(super) struct Authn {
    pub(super) instant: DateTime<Utc>,
    pub(super) context: AuthnContext,
    pub(super) session: Session,
}

/// Judges the authentication statements (ASN-06, ASN-07, ASN-08).
fn judge_authn(
    context: &Context<'_>,
    statements: &[Element<'_>],
    notices: &mut Vec<Notice>,
) -> Result<Authn, Rejection> {
    let authn = read_authn(statements)?;
    check_session(context, &authn)?;
    check_age(context, &authn)?;
    check_class(context, authn.context.class.as_deref(), notices)?;
    Ok(authn)
}

/// Reads the authentication statements; the latest one tells how the person signed in (ASN-06).
pub(super) fn read_authn(statements: &[Element<'_>]) -> Result<Authn, Rejection> {
    let part = Part::Assertion;
    let mut latest: Option<(DateTime<Utc>, AuthnContext)> = None;
    let mut session = Session::default();
    for statement in statements {
        let fields = Fields::new(*statement, part);
        let instant = fields.instant("AuthnInstant")?.ok_or(Cause::Missing { part, what: "AuthnInstant" })?;
        let how = statement
            .child(ASSERTION, "AuthnContext")
            .ok_or(Cause::Missing { part, what: "AuthnContext" })?;
        if let Some(index) = fields.text("SessionIndex")? {
            session.indexes.push(index.to_owned());
        }
        if let Some(end) = fields.instant("SessionNotOnOrAfter")? {
            session.not_on_or_after = Some(session.not_on_or_after.map_or(end, |known| known.min(end)));
        }
        if latest.as_ref().is_none_or(|(known, _)| instant > *known) {
            latest = Some((instant, read_context(how)?));
        }
    }
    let (instant, context) = latest.ok_or(Cause::NoAuthnStatement)?;
    Ok(Authn { instant, context, session })
}

/// Judges whether the session goes on (ASN-06).
pub(super) fn check_session(context: &Context<'_>, authn: &Authn) -> Result<(), Rejection> {
    let now = context.now;
    match authn.session.not_on_or_after {
        Some(at) if now >= later(at, context.skew()) => Err(Cause::SessionEnded { at, now }.into()),
        _ => Ok(()),
    }
}

/// Judges when the person authenticated (ASN-07).
pub(super) fn check_age(context: &Context<'_>, authn: &Authn) -> Result<(), Rejection> {
    let (now, at) = (context.now, authn.instant);
    if at > later(now, context.skew()) {
        return Err(Cause::AuthenticatedInFuture { at, now }.into());
    }
    match earliest_authentication(context) {
        Some(earliest) if at < earliest => Err(Cause::AuthenticatedTooLongAgo { at, earliest }.into()),
        _ => Ok(()),
    }
}

/// ASN-07: the policy's maximum age, and under ForceAuthn the instant of the request.
fn earliest_authentication(context: &Context<'_>) -> Option<DateTime<Utc>> {
    let skew = context.skew();
    let by_age = context
        .connection
        .policy()
        .max_authentication_age
        .map(|age| earlier(context.now, age.get().saturating_add(skew)));
    let by_request = context
        .pending
        .filter(|pending| pending.force_authn())
        .map(|pending| earlier(pending.issued_at(), skew));
    by_age.max(by_request)
}

fn read_context(element: Element<'_>) -> Result<AuthnContext, Rejection> {
    let texts = |name| {
        element
            .children_named(ASSERTION, name)
            .map(|child| string_of(child, Part::Assertion, name).map(std::borrow::Cow::into_owned))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(AuthnContext {
        class: texts("AuthnContextClassRef")?.into_iter().next(),
        authenticating_authorities: texts("AuthenticatingAuthority")?,
    })
}

/// Judges the class against what the policy accepts and what the request asked for (ASN-08).
pub(super) fn check_class(
    context: &Context<'_>,
    class: Option<&str>,
    notices: &mut Vec<Notice>,
) -> Result<(), Rejection> {
    let refuse =
        |expected: Vec<String>| Err(Cause::AuthnContext { expected, found: class.map(str::to_owned) }.into());
    let accepted = &context.connection.policy().accepted_authn_contexts;
    if !accepted.is_empty() && !class.is_some_and(|class| accepted.contains(class)) {
        return refuse(accepted.iter().cloned().collect());
    }
    let Some(requested) = context.pending.and_then(|pending| pending.requested_authn_context()) else {
        return Ok(());
    };
    match satisfies(requested, class) {
        Some(true) => Ok(()),
        Some(false) => refuse(requested.classes.clone()),
        None => {
            notices.push(Notice::UncheckedAuthnContext { class: class.map(str::to_owned) });
            Ok(())
        }
    }
}

/// Tells whether a class is what was asked for; `None` if only the identity provider can know.
fn satisfies(requested: &RequestedAuthnContext, class: Option<&str>) -> Option<bool> {
    let rank = |wanted: &str| requested.ranking.iter().position(|known| known == wanted);
    if requested.comparison == Comparison::Exact {
        return Some(class.is_some_and(|class| requested.classes.iter().any(|wanted| wanted == class)));
    }
    if requested.ranking.is_empty() {
        return None;
    }
    let Some(found) = class.and_then(rank) else { return Some(false) };
    let mut wanted = requested.classes.iter().filter_map(|class| rank(class));
    Some(match requested.comparison {
        // One that the host doesn't know may be stronger still.
        Comparison::Better => {
            requested.classes.iter().all(|class| rank(class).is_some_and(|wanted| found > wanted))
        }
        Comparison::Maximum => wanted.any(|wanted| found <= wanted),
        Comparison::Exact | Comparison::Minimum => wanted.any(|wanted| found >= wanted),
    })
}
