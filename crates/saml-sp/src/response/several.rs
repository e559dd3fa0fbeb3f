//! One login from several assertions, where the policy takes them (ASN-17, Profiles 4.1.4.3, Errata 26).

use std::collections::BTreeSet;

use super::{assertion::Judged, context::Context};
use crate::{
    Attribute, Attributes, Login, Notice, SubjectKey, Verified,
    rejection::{Cause, Rejection},
};

/// Puts the assertions that passed together: the first with an authentication statement says who signed in and how, the
/// others add what they know of the same person. Those that failed are dropped and reported.
pub(super) fn combine(
    context: &Context<'_>,
    judged: Vec<Result<Judged, Rejection>>,
    relay_state: Option<String>,
) -> Result<Verified<Login>, Rejection> {
    let mut refusals = Vec::new();
    let mut passed = Vec::new();
    for one in judged {
        match one {
            Ok(judged) => passed.push(judged),
            Err(rejection) => refusals.push(rejection),
        }
    }
    let main = passed.iter().position(|judged| judged.authn.is_some());
    let Some(mut main) = main.map(|place| passed.remove(place)) else {
        let nothing = || Rejection::from(Cause::NoAuthnStatement);
        return Err(refusals.into_iter().next().unwrap_or_else(nothing));
    };
    let person = |judged: &Judged| {
        let connection = &context.connection;
        let (idp, sp) = (connection.idp().entity_id(), connection.sp().entity_id());
        judged.name_id.as_ref().map(|name_id| SubjectKey::new(idp, sp, name_id))
    };
    let who = person(&main);
    let mut claims = Vec::new();
    let mut further: Vec<Attribute> = Vec::new();
    for other in passed {
        let same = match (&who, person(&other)) {
            (Some(who), Some(person)) => *who == person,
            // Nobody says that it is the same person.
            _ => false,
        };
        if !same {
            return Err(Cause::OtherPrincipal.into());
        }
        claims.push(other.claim);
        further.extend(other.attributes.into_vec());
        for notice in other.evidence.notices {
            if !main.evidence.notices.contains(&notice) {
                main.evidence.notices.push(notice);
            }
        }
        if let (Some(main), Some(authn)) = (&mut main.authn, other.authn) {
            main.session.indexes.extend(authn.session.indexes);
            let ends = [main.session.not_on_or_after, authn.session.not_on_or_after];
            main.session.not_on_or_after = ends.into_iter().flatten().min();
        }
    }
    let mut merged = BTreeSet::new();
    // One alone is merged already, and nothing of it is copied.
    if !further.is_empty() {
        let mut all = std::mem::take(&mut main.attributes).into_vec();
        all.append(&mut further);
        (main.attributes, merged) = Attributes::merge(all);
    }
    let duplicates = merged.into_iter().map(|name| Notice::DuplicateAttribute { name });
    let dropped = refusals.iter().map(|rejection| Notice::AssertionDropped { code: rejection.code() });
    for notice in duplicates.chain(dropped) {
        if !main.evidence.notices.contains(&notice) {
            main.evidence.notices.push(notice);
        }
    }
    Ok(main.into_login(context, relay_state)?.with_further_claims(claims))
}
