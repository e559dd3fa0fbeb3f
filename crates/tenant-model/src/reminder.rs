//! What an administrator must be told before it breaks (TOK-11).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::connection::SamlConnection;
use crate::ids::PersonId;
use crate::sp_key::{SpKey, SpKeyState, signing_key};
use crate::tenant::{DomainState, SsoPolicy, Tenant};
use crate::time::before_days;
use crate::token::{Expiry, ScimToken, TokenPolicy, orphaned};
use crate::trust::KeyState;

/// One thing to tell the administrators of a tenant, once.
///
/// The whole value is the key under which a host notes that it was told: insert it if absent, then send.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// What about.
    pub kind: ReminderKind,
    /// The id of the token, the connection and key, the connection, the domain, or the fingerprint of our own
    /// certificate; empty for the tenant itself.
    pub subject: String,
    /// When it ends or ended; the instant since when for what has no end.
    pub at: Option<DateTime<Utc>>,
    /// Days before the end for which this one is: 0 is the end itself; `None` if it tells how things are.
    pub days: Option<u16>,
}

/// What a reminder is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReminderKind {
    /// The certificate of a key that verifies logins ends.
    Certificate,
    /// A lapsed domain stops logins.
    Domain,
    /// The provider's metadata is no longer valid.
    Metadata,
    /// A token never expires (TOK-04).
    NeverExpires,
    /// Single sign-on is enforced and nobody has emergency access.
    NoBreakGlass,
    /// The owner of a token is no longer an active administrator (TOK-09).
    OrphanedToken,
    /// The certificate of a key of our own that signs, or will, ends.
    OwnCertificate,
    /// Signing switches to our next key: the provider must have its certificate by then. At the end itself the old key
    /// can be retired.
    OwnKeySwitch,
    /// A token ends.
    Token,
}

/// What the reminders of a tenant are made from.
#[derive(Clone, Copy, Debug)]
pub struct ReminderFacts<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// Its tokens.
    pub tokens: &'a [ScimToken],
    /// Its login connections, each with the end of its metadata if that has one.
    pub connections: &'a [(SamlConnection, Option<DateTime<Utc>>)],
    /// Its own SAML keys; none where the product has no single sign-on.
    pub sp_keys: &'a [SpKey],
    /// Its active administrators.
    pub admins: &'a [PersonId],
}

/// The reminders that are due and were not sent, in order.
///
/// For each end, the latest threshold of [`TokenPolicy::reminders_days`] that has come, and the end itself. Whoever
/// was away for two thresholds hears one reminder, not two; a token that lives for a week is not announced a month
/// before. `sent` are those that were told.
#[must_use]
pub fn due(
    facts: &ReminderFacts<'_>,
    policy: &TokenPolicy,
    sent: &BTreeSet<Reminder>,
    now: DateTime<Utc>,
) -> Vec<Reminder> {
    let mut found = BTreeSet::new();
    let ending = |kind, subject: String, made: Option<DateTime<Utc>>, end: DateTime<Utc>| {
        // A threshold from before the thing was made was never to be told.
        let come = |days: &u16| {
            let when = before_days(end, *days);
            when <= now && (*days == 0 || made.is_none_or(|made| made < when))
        };
        let thresholds: BTreeSet<u16> = policy.reminders_days.iter().copied().chain([0]).collect();
        let days = thresholds.into_iter().find(come)?;
        Some(Reminder { kind, subject, at: Some(end), days: Some(days) })
    };
    let mine = |token: &&ScimToken| token.tenant == facts.tenant.id && token.revoked.is_none();
    for token in facts.tokens.iter().filter(mine) {
        if let Some(end) = token.end() {
            found.extend(ending(ReminderKind::Token, token.id.to_string(), Some(token.created), end));
        }
    }
    for (connection, metadata_end) in facts.connections.iter().filter(|(c, _)| c.tenant == facts.tenant.id) {
        for key in connection.trust.iter().filter(|key| !matches!(key.state, KeyState::Retired { .. })) {
            if let Some(end) = key.not_after {
                let subject = format!("{} {}", connection.id, key.fingerprint);
                found.extend(ending(ReminderKind::Certificate, subject, None, end));
            }
        }
        if let Some(end) = metadata_end {
            found.extend(ending(ReminderKind::Metadata, connection.id.to_string(), None, *end));
        }
    }
    let signing = signing_key(facts.sp_keys, now);
    for key in facts.sp_keys {
        let is_next = key.state == SpKeyState::Next;
        if is_next || signing.is_some_and(|signing| signing.id == key.id) {
            let (subject, made) = (key.fingerprint.clone(), Some(key.created));
            found.extend(ending(ReminderKind::OwnCertificate, subject, made, key.not_after));
        }
        if let (true, Some(from)) = (is_next, key.signs_from) {
            // Told as soon as it is set: somebody else may have to bring the certificate to the provider.
            found.extend(ending(ReminderKind::OwnKeySwitch, key.fingerprint.clone(), None, from));
        }
    }
    for (domain, claim) in &facts.tenant.domains {
        if let DomainState::Lapsed { since, grace_until } = claim.state {
            found.extend(ending(ReminderKind::Domain, domain.to_string(), None, grace_until));
            // That it lapsed is told at once, however long the grace is.
            found.insert(standing(ReminderKind::Domain, domain.to_string(), Some(since)));
        }
    }
    for token in facts.tokens.iter().filter(mine).filter(|token| token.is_live(now)) {
        if token.expires == Expiry::DangerNever {
            found.insert(standing(ReminderKind::NeverExpires, token.id.to_string(), Some(token.created)));
        }
    }
    for token in orphaned(facts.tokens, &facts.tenant.id, facts.admins, now) {
        let owner = token.owner.as_ref().map(ToString::to_string).unwrap_or_default();
        let subject = format!("{} {owner}", token.id);
        found.insert(standing(ReminderKind::OrphanedToken, subject, token.owner_left));
    }
    if let SsoPolicy::Enforced { since, .. } = facts.tenant.sso
        && facts.tenant.break_glass.persons.is_empty()
    {
        found.insert(standing(ReminderKind::NoBreakGlass, String::new(), Some(since)));
    }
    found.into_iter().filter(|reminder| !sent.contains(reminder)).collect()
}

/// What is so, without an end.
fn standing(kind: ReminderKind, subject: String, at: Option<DateTime<Utc>>) -> Reminder {
    Reminder { kind, subject, at, days: None }
}

#[cfg(test)]
mod tests;
