//! Who answers for a token, and what happens when they leave (TOK-09); what to know before revoking one (TOK-06).

use chrono::{DateTime, Utc};

use super::{OwnerLeaves, ScimToken, TokenPolicy, Use, touch};
use crate::audit::{Action, AuditEvent, Target};
use crate::ids::{PersonId, TenantId};
use crate::mapping::RoleRules;
use crate::person::{Actor, Person};
use crate::rights::{Right, RightMissing, Rights};
use crate::time::after_days;

/// Why nobody took a token over.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeOverError {
    /// The token works no longer.
    #[error("this token is no longer in use; make a new one")]
    Dead,
    /// The new owner is no active administrator of the tenant.
    #[error("only an active administrator can take a token over")]
    NotAdmin,
    /// The right is missing.
    #[error(transparent)]
    Right(RightMissing),
}

impl TakeOverError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dead => "token.dead",
            Self::NotAdmin => "token.not_admin",
            Self::Right(missing) => missing.code(),
        }
    }
}

/// The live tokens of a tenant whose owner is no longer an active administrator, to be reported at once.
///
/// `admins` are the active administrators of the tenant. Tokens that the operator made have no owner and none is
/// missed.
pub fn orphaned<'a>(
    tokens: &'a [ScimToken],
    tenant: &'a TenantId,
    admins: &'a [PersonId],
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a ScimToken> {
    tokens.iter().filter(move |token| {
        token.tenant == *tenant
            && token.is_live(now)
            && token.owner.as_ref().is_some_and(|owner| !admins.contains(owner))
    })
}

/// What becomes of an orphaned token: noted once, with an end if the product says so.
///
/// `None` if it is noted already. The end is never later than the one it had.
#[must_use]
pub fn owner_left(
    policy: &TokenPolicy,
    token: &ScimToken,
    now: DateTime<Utc>,
) -> Option<(ScimToken, AuditEvent)> {
    if token.owner_left.is_some() || token.owner.is_none() {
        return None;
    }
    let mut row = token.clone();
    row.owner_left = Some(now);
    row.orphan_ends = match policy.owner_leaves {
        OwnerLeaves::DiesAfterDays(days) => Some(after_days(now, days)),
        OwnerLeaves::Survives => None,
    };
    let ends = |row: &ScimToken| row.end().map(|end| end.to_rfc3339());
    let event = event(token, Actor::System, now).with_change("ends", ends(token), ends(&row));
    Some((row, event))
}

/// Makes someone else answer for a token; an end that came from the owner's leaving is taken back.
///
/// # Errors
/// [`TakeOverError`]. An end by expiry, rotation or revocation stays, and a dead token stays dead.
pub fn take_over(
    token: &ScimToken,
    owner: &Person,
    roles: &RoleRules,
    rights: &Rights,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<(ScimToken, AuditEvent), TakeOverError> {
    rights.require(&token.tenant, &Right::Security).map_err(TakeOverError::Right)?;
    let admin = owner.grants.iter().any(|grant| roles.is_admin(&grant.role));
    if owner.tenant != token.tenant || !owner.state.is_active() || !admin {
        return Err(TakeOverError::NotAdmin);
    }
    if !token.is_live(now) {
        return Err(TakeOverError::Dead);
    }
    let mut row = token.clone();
    row.owner = Some(owner.id.clone());
    row.owner_left = None;
    row.orphan_ends = None;
    let name = |row: &ScimToken| row.owner.as_ref().map(ToString::to_string);
    let event = event(token, by.clone(), now).with_change("owner", name(token), name(&row));
    Ok((row, event))
}

/// The row with a use noted in it, or `None` if the stored one is younger than five minutes (TOK-06).
///
/// As [`touch`], and keeps the first use as well, for [`still_used`].
#[must_use]
pub fn record_use(row: &ScimToken, used: &Use) -> Option<ScimToken> {
    let last_used = Some(touch(row, used)?);
    let first_used = row.first_used.or(Some(used.at));
    Some(ScimToken { first_used, last_used, ..row.clone() })
}

/// The last use of an old token since the new one was first used: show it before the old one is revoked, since
/// somebody has not changed over yet. `None` if there was none.
#[must_use]
pub fn still_used<'a>(old: &'a ScimToken, new: &ScimToken) -> Option<&'a Use> {
    let since = new.first_used.unwrap_or(new.created);
    old.last_used.as_ref().filter(|last| last.at > since)
}

fn event(token: &ScimToken, by: Actor, now: DateTime<Utc>) -> AuditEvent {
    AuditEvent::done(&token.tenant, now, by, Action::TokenOwnerChanged, Target::Token(token.id.clone()))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::fixtures::{at, grant, person, person_id, scim, tenant};
    use crate::token::HashKey;
    use crate::{ExpiryRequest, GrantOrigin, KeyId, PersonState, ProductProfile, TokenRequest, issue};

    fn key() -> HashKey {
        HashKey::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap()
    }

    fn token() -> ScimToken {
        let mut ask = TokenRequest::new(tenant().id, scim().id, Actor::Operator);
        ask.owner = Some(person_id("ann"));
        ask.expires = ExpiryRequest::At(day(30));
        issue(&TokenPolicy::default(), &[], ask, &[1; 40], &key(), at(0)).unwrap().row
    }

    fn day(count: i64) -> DateTime<Utc> {
        at(0).checked_add_signed(TimeDelta::days(count)).unwrap()
    }

    fn roles() -> RoleRules {
        ProductProfile::built_in("standard").unwrap().roles
    }

    fn admin(id: &str) -> Person {
        let mut admin = person(id, "admin@example.com");
        admin.grants.insert(grant("admin", GrantOrigin::Hand(person_id("root"))));
        admin
    }

    fn dies() -> TokenPolicy {
        TokenPolicy { owner_leaves: OwnerLeaves::DiesAfterDays(14), ..TokenPolicy::default() }
    }

    fn rights() -> Rights {
        Rights { tenant: tenant().id, granted: [Right::Security].into() }
    }

    fn take(token: &ScimToken, owner: &Person) -> Result<ScimToken, TakeOverError> {
        take_over(token, owner, &roles(), &rights(), &Actor::Operator, day(1)).map(|(row, _)| row)
    }

    // TOK-09
    #[test]
    fn a_token_whose_owner_is_no_active_admin_is_orphaned() {
        let (mine, mut dead, mut operators) = (token(), token(), token());
        dead.revoked = Some(at(0));
        operators.owner = None;
        let mut foreign = token();
        foreign.tenant = TenantId::parse("org_2").unwrap();
        let all = [mine.clone(), dead, operators, foreign];
        let count = |admins: &[PersonId], now| orphaned(&all, &tenant().id, admins, now).count();
        assert_eq!(count(&[person_id("ann")], at(1)), 0);
        assert_eq!(orphaned(&all, &tenant().id, &[person_id("bob")], at(1)).collect::<Vec<_>>(), [&mine]);
        assert_eq!(count(&[], day(30)), 0);
    }

    // TOK-09
    #[test]
    fn it_keeps_working_or_dies_after_a_grace_as_the_product_says() {
        let (survivor, _) = owner_left(&TokenPolicy::default(), &token(), at(0)).unwrap();
        assert_eq!(survivor.end(), Some(day(30)));
        let (dying, event) = owner_left(&dies(), &token(), at(0)).unwrap();
        assert_eq!(
            (dying.end(), dying.is_live(day(13)), dying.is_live(day(14))),
            (Some(day(14)), true, false)
        );
        assert_eq!(event.action, Action::TokenOwnerChanged);
        assert_eq!(owner_left(&dies(), &dying, day(5)), None, "told once");
        // Never later than the end that it had.
        let mut short = token();
        short.ends = Some(day(3));
        assert_eq!(owner_left(&dies(), &short, at(0)).unwrap().0.end(), Some(day(3)));
        let mut operators = token();
        operators.owner = None;
        assert_eq!(owner_left(&dies(), &operators, at(0)), None);
    }

    // TOK-09
    #[test]
    fn whoever_uses_it_after_the_grace_is_told_why() {
        let keys = crate::HashKeys::new(key(), vec![]).unwrap();
        let mut ask = TokenRequest::new(tenant().id, scim().id, Actor::Operator);
        ask.owner = Some(person_id("ann"));
        let made = issue(&TokenPolicy::default(), &[], ask, &[1; 40], &key(), at(0)).unwrap();
        let header = format!("Bearer {}", made.shown.reveal());
        let given = crate::read_header([header.as_bytes()], &crate::AuthScheme::default()).unwrap();
        let (row, _) = owner_left(&dies(), &made.row, at(0)).unwrap();
        let tried = |now| {
            let at = (&tenant().id, &scim().id);
            crate::authenticate(&given, Some(&row), &keys, at, now).map(|_| ())
        };
        assert_eq!(tried(day(13)), Ok(()));
        assert_eq!(tried(day(14)), Err(crate::TokenRefusal::OwnerLeft { at: day(14) }));
    }

    // TOK-09, TOK-10
    #[test]
    fn another_admin_takes_it_over_and_the_grace_is_over() {
        let (dying, _) = owner_left(&dies(), &token(), at(0)).unwrap();
        let row = take(&dying, &admin("bob")).unwrap();
        assert_eq!((row.owner.clone(), row.end()), (Some(person_id("bob")), Some(day(30))));
        assert!(owner_left(&dies(), &row, day(2)).is_some(), "the next owner may leave too");
        let mut inactive = admin("bob");
        inactive.state = PersonState::Removed { at: at(0) };
        let mut foreign = admin("bob");
        foreign.tenant = TenantId::parse("org_2").unwrap();
        for wrong in [person("bob", "b@example.com"), inactive, foreign] {
            assert_eq!(take(&dying, &wrong), Err(TakeOverError::NotAdmin));
        }
        let mut revoked = dying.clone();
        revoked.revoked = Some(at(0));
        assert_eq!(take(&revoked, &admin("bob")), Err(TakeOverError::Dead));
        let members = Rights { granted: [Right::Members].into(), ..rights() };
        let tried = take_over(&dying, &admin("bob"), &roles(), &members, &Actor::Operator, day(1));
        assert_eq!(tried.unwrap_err().code(), "right.missing");
    }

    // TOK-06
    #[test]
    fn before_the_old_one_is_revoked_its_use_since_the_new_one_is_shown() {
        let used = |minutes| Use { at: at(minutes), address: None, agent: None };
        let new = record_use(&token(), &used(10)).unwrap();
        assert_eq!(record_use(&new, &used(14)), None);
        let new = record_use(&new, &used(20)).unwrap();
        assert_eq!((new.first_used, new.last_used.as_ref()), (Some(at(10)), Some(&used(20))));
        let old = |minutes| record_use(&token(), &used(minutes)).unwrap();
        assert_eq!(still_used(&old(10), &new), None);
        assert_eq!(still_used(&old(11), &new), Some(&used(11)));
        assert_eq!(still_used(&token(), &new), None);
        // A new one that nobody used: everything since it was made counts.
        assert_eq!(still_used(&old(1), &token()), Some(&used(1)));
    }
}
