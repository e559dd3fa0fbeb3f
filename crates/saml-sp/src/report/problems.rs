//! From broken rules to what is wrong.

use chrono::{DateTime, Utc};

use crate::{
    Connection, NearMiss, Notice, Problem, ProblemKind, Rejection, Severity,
    dsig::SignatureError,
    enc::DecryptError,
    rejection::{Cause, Part},
    response::{Examination, Facts, GroupForm, Shape},
};

/// What is wrong with a response: first what refused it, then the other broken rules, then what merely stands out.
pub(super) fn of_response(
    connection: &Connection<'_>,
    examination: &Examination,
    verdict: Option<&Rejection>,
    notices: &[Notice],
    now: DateTime<Utc>,
) -> Vec<Problem> {
    let facts = &examination.facts;
    let mut problems: Vec<Problem> = Vec::new();
    let mut add = |problem: Problem| {
        let known = problems.iter().any(|known| known.kind == problem.kind && known.found == problem.found);
        if !known {
            problems.push(problem);
        }
    };
    let others = examination.refusals().map(|(_, rejection)| rejection);
    let refusals: Vec<&Rejection> =
        verdict.into_iter().chain(others.filter(|other| Some(*other) != verdict)).collect();
    if let Some(tenant) = other_tenant(connection, &refusals) {
        add(tenant);
    }
    for rejection in refusals {
        for kind in kinds(rejection, facts.signed, wants_signed_requests(connection)) {
            let mut problem = Problem::of(kind, rejection.code(), rejection.is_verified());
            problem.expected = rejection.expected();
            problem.found = rejection.found();
            problem.near_misses = near_misses_here(rejection, connection, facts, now);
            if kind == ProblemKind::Certificate && !facts.offered.is_empty() {
                problem.expected = Some(fingerprints(connection));
                problem.found = Some(facts.offered.join(" "));
            }
            add(problem);
        }
    }
    of_facts(connection, facts, now).into_iter().for_each(&mut add);
    for notice in notices {
        if let Notice::CertificateExpired { not_after } = notice {
            add(Problem::notice(ProblemKind::CertificateEnds, "SIG-09").found(not_after.to_string()));
        }
    }
    if verdict.is_none() {
        // Of several assertions one may fail and be left out (ASN-17).
        problems.iter_mut().for_each(|problem| problem.severity = Severity::Notice);
    }
    problems
}

/// The kind of problem that a refusal most likely stands for, by itself.
pub(crate) fn kind_of(rejection: &Rejection) -> Option<ProblemKind> {
    kinds(rejection, false, false).into_iter().next()
}

/// Which kinds of problem a refusal stands for, the likeliest first: given whether anything is signed, and whether the
/// identity provider wants signed requests and gets none.
fn kinds(rejection: &Rejection, is_signed: bool, wants_signed_requests: bool) -> Vec<ProblemKind> {
    use ProblemKind as Kind;
    let one = match rejection.cause() {
        Cause::NotSigned { part: Part::LogoutRequest | Part::LogoutResponse }
        | Cause::Signature { part: Part::LogoutRequest | Part::LogoutResponse, .. }
        | Cause::ParameterMissing { .. } => Kind::Logout,
        Cause::Audience { .. } if near_misses(rejection).contains(&NearMiss::Spn) => Kind::AudienceSpn,
        Cause::Audience { .. } | Cause::NoAudience { .. } => Kind::Audience,
        Cause::Destination { expected, found, .. } | Cause::Recipient { expected, found } => {
            let ours_is_plain = expected.starts_with("http://") && found.starts_with("https://");
            if ours_is_plain && NearMiss::between(expected, found).contains(&NearMiss::Scheme) {
                return vec![Kind::OwnBaseUrl, Kind::Address];
            }
            Kind::Address
        }
        Cause::NoDestination { .. } => Kind::Address,
        Cause::Issuer { .. } | Cause::NoIssuer { .. } | Cause::IssuerFormat { .. } => Kind::Issuer,
        Cause::PendingElsewhere { .. } => Kind::Tenant,
        Cause::Signature { error, .. } => match error {
            SignatureError::NotVerified { .. } | SignatureError::KeyType { .. } => Kind::Certificate,
            SignatureError::SignatureAlgorithm { .. } | SignatureError::DigestAlgorithm { .. } => {
                Kind::WeakAlgorithm
            }
            SignatureError::WeakKey { .. } => Kind::WeakKey,
            SignatureError::Digest => Kind::Tampered,
            _ => Kind::Message,
        },
        Cause::RedirectAlgorithm { .. } => Kind::WeakAlgorithm,
        // Without any signature it is the assertion that is missed.
        Cause::NotSigned { part: Part::Response } => Kind::SignedPart,
        Cause::NotSigned { .. } if is_signed => Kind::SignedPart,
        Cause::NotSigned { .. } => Kind::Unsigned,
        Cause::Decryption { error, .. } => match error {
            DecryptError::Failed | DecryptError::NoKey => Kind::DecryptionKey,
            DecryptError::DataAlgorithm { .. }
            | DecryptError::KeyTransport { .. }
            | DecryptError::UnsignedCbc { .. } => Kind::WeakEncryption,
            _ => Kind::Message,
        },
        Cause::NotEncrypted => Kind::NotEncrypted,
        Cause::Status(status) if status.has_detail("InvalidNameIDPolicy") => Kind::NameIdPolicy,
        Cause::Status(status) if status.has_detail("NoAuthnContext") => Kind::AuthnContext,
        Cause::Status(_) if wants_signed_requests => {
            return vec![Kind::RequestUnsigned, Kind::Denied];
        }
        Cause::Status(_) => Kind::Denied,
        Cause::Unsolicited { .. } | Cause::NoInResponseTo { .. } => Kind::Unsolicited,
        Cause::NothingPending { .. } => return vec![Kind::LostRequest, Kind::DummyRequest],
        Cause::InResponseTo { .. } => Kind::LostRequest,
        Cause::PendingExpired { .. } => Kind::LoginTimedOut,
        Cause::NotYetValid { .. } | Cause::IssuedInFuture { .. } | Cause::AuthenticatedInFuture { .. } => {
            Kind::NotYetValid
        }
        Cause::Expired { .. } | Cause::ConfirmationExpired { .. } | Cause::IssuedTooLongAgo { .. } => {
            Kind::Expired
        }
        Cause::SessionEnded { .. } => Kind::SessionEnded,
        Cause::AuthenticatedTooLongAgo { .. } => Kind::LoginTooOld,
        Cause::NameIdFormat { .. } | Cause::NameIdQualifier { .. } => Kind::NameIdFormat,
        Cause::NoNameId | Cause::EmptyNameId | Cause::NoSubject => Kind::NameIdMissing,
        Cause::AuthnContext { .. } => Kind::AuthnContext,
        Cause::MetadataExpired { .. } => Kind::MetadataExpired,
        Cause::Replayed => Kind::Replay,
        Cause::NoMessage | Cause::ByRedirect => Kind::Binding,
        _ => Kind::Message,
    };
    vec![one]
}

/// A key and an issuer that are both another's: the identity provider of another connection (TEN-01).
fn other_tenant(connection: &Connection<'_>, refusals: &[&Rejection]) -> Option<Problem> {
    let foreign_key = refusals.iter().any(|rejection| {
        matches!(rejection.cause(), Cause::Signature { error: SignatureError::NotVerified { .. }, .. })
    });
    let issuer = refusals.iter().find(|rejection| {
        matches!(rejection.cause(), Cause::Issuer { .. })
            && near_misses(rejection).iter().all(|miss| *miss == NearMiss::Host)
            && !is_sign_on_url(connection, rejection)
    })?;
    foreign_key.then(|| {
        let mut problem = Problem::of(ProblemKind::Tenant, issuer.code(), issuer.is_verified());
        problem.expected = issuer.expected();
        problem.found = issuer.found();
        problem
    })
}

fn is_sign_on_url(connection: &Connection<'_>, rejection: &Rejection) -> bool {
    let Cause::Issuer { expected, found, .. } = rejection.cause() else { return false };
    connection.idp().single_sign_on_services().iter().any(|endpoint| {
        let location = endpoint.location.as_str();
        location == expected || location == found
    })
}

fn wants_signed_requests(connection: &Connection<'_>) -> bool {
    connection.idp().want_authn_requests_signed() && connection.sp().keys().is_none()
}

fn fingerprints(connection: &Connection<'_>) -> String {
    let keys = connection.idp().signing_keys().iter();
    keys.map(|key| key.certificate().map_or_else(|| key.fingerprint(), |one| one.fingerprint().to_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// How the two sides of a refusal differ, if that is little.
pub(super) fn near_misses(rejection: &Rejection) -> Vec<NearMiss> {
    match rejection.cause() {
        Cause::Audience { expected, found } => expected
            .iter()
            .flat_map(|expected| found.iter().map(|found| NearMiss::between(expected, found)))
            .filter(|misses| !misses.is_empty())
            .min_by_key(|misses| misses.iter().map(distance).sum::<usize>())
            .unwrap_or_default(),
        Cause::Destination { expected, found, .. }
        | Cause::Recipient { expected, found }
        | Cause::Issuer { expected, found, .. } => NearMiss::between(expected, found),
        Cause::NotYetValid { not_before: at, now }
        | Cause::IssuedInFuture { at, now, .. }
        | Cause::AuthenticatedInFuture { at, now } => {
            vec![NearMiss::ClockAhead { seconds: at.signed_duration_since(now).num_seconds() }]
        }
        Cause::Expired { not_on_or_after: at, now }
        | Cause::ConfirmationExpired { not_on_or_after: at, now } => {
            vec![NearMiss::Late { seconds: now.signed_duration_since(at).num_seconds() }]
        }
        _ => Vec::new(),
    }
}

/// A spelling is nearer than another host.
fn distance(miss: &NearMiss) -> usize {
    match miss {
        NearMiss::Host | NearMiss::Path => 4,
        NearMiss::Guid => 8,
        _ => 1,
    }
}

/// The same, with what the connection knows of its own names.
fn near_misses_here(
    rejection: &Rejection,
    connection: &Connection<'_>,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Vec<NearMiss> {
    let sp = connection.sp();
    let is_consumer = |text: &str| sp.consumers().iter().any(|consumer| consumer.location.as_str() == text);
    match rejection.cause() {
        Cause::Audience { found, .. } if found.iter().any(|found| is_consumer(found)) => {
            vec![NearMiss::ConsumerUrl]
        }
        Cause::Destination { found, .. } | Cause::Recipient { found, .. } if is_consumer(found) => {
            vec![NearMiss::OtherConsumer]
        }
        Cause::Destination { found, .. } | Cause::Recipient { found, .. }
            if found == sp.entity_id().as_str() =>
        {
            vec![NearMiss::EntityId]
        }
        Cause::Issuer { .. } if is_sign_on_url(connection, rejection) => vec![NearMiss::SignOnUrl],
        // A message that was just made and says otherwise tells how far its maker's clock is off.
        Cause::NotYetValid { .. } => match facts.issued {
            Some(issued) if issued > now => {
                vec![NearMiss::ClockAhead { seconds: issued.signed_duration_since(now).num_seconds() }]
            }
            _ => near_misses(rejection),
        },
        _ => near_misses(rejection),
    }
}

/// What stands out in a message, broken rules or not.
fn of_facts(connection: &Connection<'_>, facts: &Facts, now: DateTime<Utc>) -> Vec<Problem> {
    use ProblemKind as Kind;
    let mut problems = Vec::new();
    if let Some(shape @ (Shape::Transient | Shape::Guest)) = facts.name_id {
        let found = if shape == Shape::Transient { "a transient identifier" } else { "a guest (#EXT#)" };
        problems.push(Problem::notice(Kind::NameIdValue, "ASN-11").found(found));
    }
    // Without a judged attribute statement nothing can be said to be missing.
    if facts.session_until.is_some() || facts.name_id.is_some() || !facts.attributes.is_empty() {
        problems.extend(missing_attributes(connection, &facts.attributes));
    }
    if facts.group_overage {
        problems.push(Problem::notice(Kind::GroupsOverage, "ASN-10"));
    }
    if let Some(form) = facts.group_form {
        let found = match form {
            GroupForm::Guids => "object ids (GUIDs)",
            GroupForm::Joined => "one value that looks like several, joined",
        };
        problems.push(Problem::notice(Kind::GroupForm, "ASN-10").found(found));
    }
    if let Some(until) = facts.session_until {
        let left = until.signed_duration_since(now).num_seconds();
        if (0..SHORT_SESSION).contains(&left) {
            problems.push(Problem::notice(Kind::ShortSession, "ASN-06").found(until.to_string()));
        }
    }
    for problem in &mut problems {
        problem.verified = facts.verified;
    }
    problems
}

/// The attributes that our metadata says are required, and that didn't come.
fn missing_attributes(connection: &Connection<'_>, names: &[String]) -> Vec<Problem> {
    let requested = connection.sp().requested_attributes().iter().flat_map(|set| set.attributes());
    let required = requested.filter(|attribute| attribute.required);
    required
        .filter(|attribute| !names.contains(&attribute.name))
        .map(|attribute| match names.iter().find(|name| means_the_same(name, &attribute.name)) {
            Some(found) => {
                let mut problem = Problem::notice(ProblemKind::AttributeName, "ASN-10")
                    .expected(&attribute.name)
                    .found(found);
                problem.near_misses = vec![NearMiss::Name { found: found.clone() }];
                problem
            }
            None => {
                let problem =
                    Problem::notice(ProblemKind::AttributeMissing, "ASN-10").expected(&attribute.name);
                if names.is_empty() { problem } else { problem.found(names.join(" ")) }
            }
        })
        .collect()
}

/// Tells whether two names of attributes mean the same thing: by the table, or but for case.
fn means_the_same(one: &str, other: &str) -> bool {
    let meaning = |name: &str| {
        ALIASES.iter().find_map(|(meaning, names)| {
            let known = meaning.eq_ignore_ascii_case(name)
                || names.iter().any(|alias| alias.eq_ignore_ascii_case(name));
            known.then_some(meaning)
        })
    };
    one.eq_ignore_ascii_case(other) || (meaning(one).is_some() && meaning(one) == meaning(other))
}

/// Data of this crate: a mistake in it is found by a test, and makes an empty table here.
static ALIASES: std::sync::LazyLock<std::collections::BTreeMap<String, Vec<String>>> =
    std::sync::LazyLock::new(|| {
        serde_json::from_str(include_str!("../data/attribute_names.json")).unwrap_or_default()
    });

/// Ten minutes: shorter than anybody means to work.
const SHORT_SESSION: i64 = 10 * 60;
