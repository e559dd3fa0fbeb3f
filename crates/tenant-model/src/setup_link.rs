//! Links by which an operator lets a customer's administrator set things up without an account (TOK-14).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::{Action, AuditEvent, Target};
use crate::ids::{KeyId, TenantId, TokenId};
use crate::person::Actor;
use crate::rights::{Right, RightMissing, Rights};
use crate::token::{
    HashKey, HashKeys, HashPurpose, HeaderError, PresentedToken, ShownOnce, TokenHash, TokenPrefix, hex,
    parse_secret,
};

/// Most hours for which a set-up link works.
pub const MAX_SETUP_HOURS: u16 = 72;

/// A row of the host's store: one set-up link. The secret is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupLink {
    /// The only tenant that it is for.
    pub tenant: TenantId,
    /// The public part, for the look-up.
    pub id: TokenId,
    /// Keyed hash of the secret text.
    pub hash: TokenHash,
    /// The key of that hash.
    pub hash_key: KeyId,
    /// The only things that it is for.
    pub purposes: BTreeSet<SetupPurpose>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// When it ends.
    pub expires: DateTime<Utc>,
    /// When it was used, or ended by a newer one.
    #[serde(default)]
    pub ended: Option<DateTime<Utc>>,
}

/// What a set-up link lets someone do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SetupPurpose {
    /// Claim domains.
    Domains,
    /// Set up a SCIM connection and make its token.
    Provisioning,
    /// Set up a login connection.
    SingleSignOn,
}

/// What someone asks for when they make a set-up link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupRequest {
    /// For which tenant.
    pub tenant: TenantId,
    /// For what.
    pub purposes: BTreeSet<SetupPurpose>,
    /// For how many hours.
    pub hours: u16,
    /// Who asks.
    pub by: Actor,
}

/// Why no set-up link was made.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// It would work for no time or too long.
    #[error("a set-up link works for 1 to {MAX_SETUP_HOURS} hours, not for {asked}")]
    Hours {
        /// Hours asked for.
        asked: u16,
    },
    /// It would be good for nothing.
    #[error("name at least one purpose for the link")]
    NoPurpose,
    /// The right is missing.
    #[error(transparent)]
    Right(RightMissing),
}

impl SetupError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Hours { .. } => "setup.hours",
            Self::NoPurpose => "setup.no_purpose",
            Self::Right(missing) => missing.code(),
        }
    }
}

/// Why a set-up link does not work. All but [`SetupRefusal::Unknown`] are told only to someone who has the link.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupRefusal {
    /// It was used, a newer one took its place, or its time is over.
    #[error("this link no longer works; ask for a new one")]
    Ended,
    /// It is for something else.
    #[error("this link is not for this")]
    Purpose,
    /// No such link.
    #[error("this link is not known")]
    Unknown,
}

impl SetupRefusal {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ended => "setup.ended",
            Self::Purpose => "setup.purpose",
            Self::Unknown => "setup.unknown",
        }
    }
}

/// Makes a set-up link: its row, the secret text for the URL, the older rows that it ends, and the audit event.
///
/// `existing` are the rows of the tenant; `random` are as for [`crate::issue`].
///
/// # Errors
/// [`SetupError`]; nothing is to be stored then.
pub fn make_setup_link(
    ask: SetupRequest,
    existing: &[SetupLink],
    random: &[u8; 40],
    key: &HashKey,
    rights: &Rights,
    now: DateTime<Utc>,
) -> Result<(SetupLink, ShownOnce, Vec<SetupLink>, AuditEvent), SetupError> {
    rights.require(&ask.tenant, &Right::Security).map_err(SetupError::Right)?;
    if ask.purposes.is_empty() {
        return Err(SetupError::NoPurpose);
    }
    let life = TimeDelta::hours(i64::from(ask.hours));
    let end = now.checked_add_signed(life).filter(|_| (1..=MAX_SETUP_HOURS).contains(&ask.hours));
    let expires = end.ok_or(SetupError::Hours { asked: ask.hours })?;
    let (id_bytes, secret) = random.split_at(8);
    let id = TokenId::make(&ask.tenant, &hex(id_bytes));
    let shown = ShownOnce::make(&TokenPrefix::setup(), &id, secret);
    let older = existing.iter().filter(|link| link.tenant == ask.tenant && link.ended.is_none());
    let changed = older.map(|link| SetupLink { ended: Some(now), ..link.clone() }).collect();
    let target = Target::Token(id.clone());
    let event = AuditEvent::done(&ask.tenant, now, ask.by.clone(), Action::SetupLinkMade, target);
    let row = SetupLink {
        hash: key.hash_for(HashPurpose::SetupLink, shown.text()),
        hash_key: key.id().clone(),
        tenant: ask.tenant,
        id,
        purposes: ask.purposes,
        created: now,
        created_by: ask.by,
        expires,
        ended: None,
    };
    Ok((row, shown, changed, event))
}

/// Reads the secret text of a URL.
///
/// # Errors
/// [`HeaderError::Form`] and [`HeaderError::Checksum`], found without the store.
pub fn read_setup_link(text: &str) -> Result<PresentedToken, HeaderError> {
    parse_secret(text)
}

/// Uses a set-up link for one of its purposes, once: the row to store.
///
/// # Errors
/// [`SetupRefusal`].
///
/// # Security
/// Store with "only if not ended yet", and go on only if that changed a row: two requests at once are one use. Then
/// make a session that is good for the purposes alone; opening the page is no use, since mail filters open links too.
pub fn use_setup_link(
    given: &PresentedToken,
    row: Option<&SetupLink>,
    keys: &HashKeys,
    tenant: &TenantId,
    purpose: SetupPurpose,
    now: DateTime<Utc>,
) -> Result<(SetupLink, AuditEvent), SetupRefusal> {
    let key = row.and_then(|row| keys.find(&row.hash_key));
    let hash = key.unwrap_or(keys.current()).hash_for(HashPurpose::SetupLink, given.text());
    let same = row.map_or(hash, |row| row.hash) == hash;
    let mine = |row: &&SetupLink| row.id == *given.id() && row.tenant == *tenant;
    let Some(row) = row.filter(|_| same && key.is_some()).filter(mine) else {
        return Err(SetupRefusal::Unknown);
    };
    if row.ended.is_some() || row.expires <= now {
        return Err(SetupRefusal::Ended);
    }
    if !row.purposes.contains(&purpose) {
        return Err(SetupRefusal::Purpose);
    }
    let (actor, target) = (Actor::Token(row.id.clone()), Target::Token(row.id.clone()));
    let event = AuditEvent::done(&row.tenant, now, actor, Action::SetupLinkUsed, target);
    Ok((SetupLink { ended: Some(now), ..row.clone() }, event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, tenant};

    fn keys() -> HashKeys {
        HashKeys::new(HashKey::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap(), vec![]).unwrap()
    }

    fn rights() -> Rights {
        Rights { tenant: tenant().id, granted: [Right::Security].into() }
    }

    fn ask(hours: u16, purposes: &[SetupPurpose]) -> SetupRequest {
        let purposes = purposes.iter().copied().collect();
        SetupRequest { tenant: tenant().id, purposes, hours, by: Actor::Operator }
    }

    fn make(random: u8, existing: &[SetupLink]) -> (SetupLink, PresentedToken, Vec<SetupLink>) {
        let ask = ask(72, &[SetupPurpose::SingleSignOn]);
        let made = make_setup_link(ask, existing, &[random; 40], keys().current(), &rights(), at(0));
        let (row, shown, changed, _) = made.unwrap();
        (row, read_setup_link(&shown.reveal()).unwrap(), changed)
    }

    fn tried(
        given: &PresentedToken,
        row: Option<&SetupLink>,
        now: DateTime<Utc>,
    ) -> Result<SetupLink, SetupRefusal> {
        let used = use_setup_link(given, row, &keys(), &tenant().id, SetupPurpose::SingleSignOn, now);
        used.map(|(row, _)| row)
    }

    // TOK-14
    #[test]
    fn a_link_works_once_for_its_tenant_and_purpose_and_at_most_72_hours() {
        let (row, given, _) = make(1, &[]);
        let used = tried(&given, Some(&row), at(1)).unwrap();
        assert_eq!(tried(&given, Some(&used), at(2)), Err(SetupRefusal::Ended));
        assert!(tried(&given, Some(&row), at(72 * 60 - 1)).is_ok());
        assert_eq!(tried(&given, Some(&row), at(72 * 60)), Err(SetupRefusal::Ended));
        let other = use_setup_link(&given, Some(&row), &keys(), &tenant().id, SetupPurpose::Domains, at(1));
        assert_eq!(other.unwrap_err(), SetupRefusal::Purpose);
        let two = TenantId::parse("org_2").unwrap();
        let other = use_setup_link(&given, Some(&row), &keys(), &two, SetupPurpose::SingleSignOn, at(1));
        assert_eq!(other.unwrap_err(), SetupRefusal::Unknown);
    }

    // TOK-14
    #[test]
    fn a_newer_link_ends_the_older_ones() {
        let (first, given, _) = make(1, &[]);
        let mut foreign = first.clone();
        foreign.tenant = TenantId::parse("org_2").unwrap();
        let (_, _, changed) = make(2, &[first, foreign]);
        assert_eq!(changed.len(), 1);
        assert_eq!(tried(&given, changed.first(), at(1)), Err(SetupRefusal::Ended));
    }

    // TOK-14
    #[test]
    fn a_guess_an_unknown_link_and_a_hash_of_another_kind_open_nothing() {
        let (row, given, _) = make(1, &[]);
        let (_, other, _) = make(2, &[]);
        assert_eq!(tried(&given, None, at(1)), Err(SetupRefusal::Unknown));
        assert_eq!(tried(&other, Some(&row), at(1)), Err(SetupRefusal::Unknown));
        let mut swapped = row.clone();
        swapped.hash = keys().current().hash(given.text());
        assert_eq!(tried(&given, Some(&swapped), at(1)), Err(SetupRefusal::Unknown));
        let mut lost = row;
        lost.hash_key = KeyId::parse("gone").unwrap();
        assert_eq!(tried(&given, Some(&lost), at(1)), Err(SetupRefusal::Unknown));
        assert_eq!(read_setup_link("setup_x_y_z").unwrap_err(), HeaderError::Form);
    }

    // TOK-14
    #[test]
    fn it_needs_the_right_a_purpose_and_a_sane_time() {
        let make = |ask, rights: &Rights| {
            make_setup_link(ask, &[], &[1; 40], keys().current(), rights, at(0))
                .map(|_| ())
                .map_err(|e| e.code())
        };
        let sso = [SetupPurpose::SingleSignOn];
        assert_eq!(make(ask(72, &sso), &rights()), Ok(()));
        assert_eq!(make(ask(73, &sso), &rights()), Err("setup.hours"));
        assert_eq!(make(ask(0, &sso), &rights()), Err("setup.hours"));
        assert_eq!(make(ask(1, &[]), &rights()), Err("setup.no_purpose"));
        let members = Rights { granted: [Right::Members].into(), ..rights() };
        assert_eq!(make(ask(1, &sso), &members), Err("right.missing"));
    }
}
