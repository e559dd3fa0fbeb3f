//! The life of a tenant's own SAML keys: which one signs, which ones metadata shows, which ones still decrypt.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::profile::SpKeys;
use crate::time::after_days;

/// One of a tenant's own SAML keys, as far as its life is concerned; the host keeps the key itself.
///
/// | state | in metadata | signs | decrypts |
/// |---|---|---|---|
/// | current | yes | until the next one does | yes |
/// | next | yes | from `signs_from` on | yes |
/// | retired | no | no | yes |
///
/// A key is exchanged without an outage so: [`stage_key`] puts the new one beside the old one, signing switches by the
/// clock, [`retire_sp_key`] takes the old one out of metadata, [`remove_key`] ends it when nobody encrypts for it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpKey {
    /// Its id inside the tenant.
    pub id: KeyId,
    /// SHA-256 of its certificate, in hex.
    pub fingerprint: String,
    /// Where it is in its life.
    pub state: SpKeyState,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When its certificate ends.
    pub not_after: DateTime<Utc>,
    /// Since when, or from when on, it signs; absent for the first key of a tenant.
    #[serde(default)]
    pub signs_from: Option<DateTime<Utc>>,
    /// When it left the metadata.
    #[serde(default)]
    pub retired: Option<DateTime<Utc>>,
}

/// Where a key of ours is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpKeyState {
    /// Published; signs until the next one does.
    Current,
    /// Published; signs from its instant on.
    Next,
    /// Decrypts what was encrypted for it before.
    Retired,
}

impl SpKeyState {
    /// Its name, as stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Retired => "retired",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Current, Self::Next, Self::Retired].into_iter().find(|state| state.name() == name)
    }
}

/// Why the keys stay as they are.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpKeyError {
    /// What is published would be gone at once.
    #[error("this key is in use; only a retired key can be removed")]
    InUse,
    /// There is no other key.
    #[error("it is the only key: without it nothing can be signed or decrypted")]
    LastKey,
    /// The new key must come first.
    #[error("there is a next key already; cancel it, or retire the old one once it signs")]
    NextExists,
    /// Nothing waits.
    #[error("there is no next key; stage one first")]
    NoNext,
    /// Each of them is tried at each encrypted assertion.
    #[error("there are {MAX_RETIRED_KEYS} retired keys already; remove one first")]
    TooManyRetired,
    /// The old key signs still.
    #[error("the old key still signs, until {from}; retire it after that")]
    StillSigns {
        /// When the next one takes over.
        from: DateTime<Utc>,
    },
    /// The next key signs already.
    #[error("the next key signs since {since}; set a later time first, so that the old one signs again")]
    Switched {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The old certificate ends before.
    #[error("the switch at {at} is too late: the certificate in use ends at {end}")]
    SwitchAfterEnd {
        /// What was asked for.
        at: DateTime<Utc>,
        /// When the certificate ends.
        end: DateTime<Utc>,
    },
    /// That is gone.
    #[error("the switch at {at} lies in the past; it is {now} now")]
    SwitchInPast {
        /// What was asked for.
        at: DateTime<Utc>,
        /// The present.
        now: DateTime<Utc>,
    },
    /// Nobody plans so far; it is a slip of the pen.
    #[error("the switch at {at} is more than {MAX_SWITCH_DAYS} days away")]
    SwitchTooFar {
        /// What was asked for.
        at: DateTime<Utc>,
    },
    /// There is no such key.
    #[error("there is no such key")]
    Unknown,
}

impl SpKeyError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse => "sp_key.in_use",
            Self::LastKey => "sp_key.last_key",
            Self::NextExists => "sp_key.next_exists",
            Self::NoNext => "sp_key.no_next",
            Self::StillSigns { .. } => "sp_key.still_signs",
            Self::SwitchAfterEnd { .. } => "sp_key.switch_after_end",
            Self::SwitchInPast { .. } => "sp_key.switch_in_past",
            Self::SwitchTooFar { .. } => "sp_key.switch_too_far",
            Self::Switched { .. } => "sp_key.switched",
            Self::TooManyRetired => "sp_key.too_many_retired",
            Self::Unknown => "sp_key.unknown",
        }
    }
}

/// A key pair that the host has made, to be staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSpKey {
    /// Its id inside the tenant.
    pub id: KeyId,
    /// SHA-256 of its certificate, in hex.
    pub fingerprint: String,
    /// When its certificate ends.
    pub not_after: DateTime<Utc>,
}

/// Puts a new key beside the one in use: in metadata at once, signing from `signs_from` on, or after the days of the
/// product.
///
/// # Errors
/// [`SpKeyError::NextExists`], [`SpKeyError::LastKey`] for a tenant that has none to begin with, and those of
/// [`schedule_switch`] for the instant.
pub fn stage_key(
    keys: &[SpKey],
    new: NewSpKey,
    signs_from: Option<DateTime<Utc>>,
    policy: SpKeys,
    now: DateTime<Utc>,
) -> Result<SpKey, SpKeyError> {
    let current = of_state(keys, SpKeyState::Current).ok_or(SpKeyError::LastKey)?;
    if of_state(keys, SpKeyState::Next).is_some() {
        return Err(SpKeyError::NextExists);
    }
    let from = match signs_from {
        Some(asked) => good_switch(asked, current, now)?,
        // A certificate that ends sooner than the product's days is no reason to wait beyond its end.
        None => default_switch(current, policy, now),
    };
    Ok(SpKey {
        id: new.id,
        fingerprint: new.fingerprint,
        state: SpKeyState::Next,
        created: now,
        not_after: new.not_after,
        signs_from: Some(from),
        retired: None,
    })
}

/// When signing switches if nobody says: after the days of the product, or when the certificate in use ends.
#[must_use]
pub fn default_switch(current: &SpKey, policy: SpKeys, now: DateTime<Utc>) -> DateTime<Utc> {
    let usual = after_days(now, policy.overlap_days);
    if current.not_after > now { usual.min(current.not_after) } else { usual }
}

/// Sets the instant from which the next key signs; gives it as it is then. After the switch a later instant lets the old
/// key sign again, for both are still published.
///
/// # Errors
/// [`SpKeyError::NoNext`]; [`SpKeyError::SwitchInPast`], [`SpKeyError::SwitchTooFar`] and [`SpKeyError::SwitchAfterEnd`]
/// for the instant. One that has passed while somebody filled in the form means now.
pub fn schedule_switch(
    keys: &[SpKey],
    signs_from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<SpKey, SpKeyError> {
    let current = of_state(keys, SpKeyState::Current).ok_or(SpKeyError::LastKey)?;
    let next = of_state(keys, SpKeyState::Next).ok_or(SpKeyError::NoNext)?;
    let from = good_switch(signs_from, current, now)?;
    Ok(SpKey { signs_from: Some(from), ..next.clone() })
}

/// Takes the next key back, before it signs; gives the one to delete.
///
/// # Errors
/// [`SpKeyError::NoNext`], [`SpKeyError::Switched`].
pub fn cancel_key(keys: &[SpKey], now: DateTime<Utc>) -> Result<&SpKey, SpKeyError> {
    let next = of_state(keys, SpKeyState::Next).ok_or(SpKeyError::NoNext)?;
    match next.signs_from.filter(|from| *from <= now) {
        Some(since) => Err(SpKeyError::Switched { since }),
        None => Ok(next),
    }
}

/// Takes the old key out of metadata once the next one signs; gives both as they are then, the old one first.
///
/// # Errors
/// [`SpKeyError::LastKey`] if there is no other, [`SpKeyError::StillSigns`], [`SpKeyError::TooManyRetired`].
pub fn retire_sp_key(keys: &[SpKey], now: DateTime<Utc>) -> Result<(SpKey, SpKey), SpKeyError> {
    let current = of_state(keys, SpKeyState::Current).ok_or(SpKeyError::LastKey)?;
    let next = of_state(keys, SpKeyState::Next).ok_or(SpKeyError::LastKey)?;
    let from = next.signs_from.unwrap_or(DateTime::<Utc>::MAX_UTC);
    if from > now {
        return Err(SpKeyError::StillSigns { from });
    }
    if keys.iter().filter(|key| key.state == SpKeyState::Retired).count() >= MAX_RETIRED_KEYS {
        return Err(SpKeyError::TooManyRetired);
    }
    let old = SpKey { state: SpKeyState::Retired, retired: Some(now), ..current.clone() };
    Ok((old, SpKey { state: SpKeyState::Current, ..next.clone() }))
}

/// Ends a retired key: what is encrypted for it can never be read again. Gives the one to delete.
///
/// # Errors
/// [`SpKeyError::Unknown`], [`SpKeyError::InUse`].
pub fn remove_key<'a>(keys: &'a [SpKey], id: &KeyId) -> Result<&'a SpKey, SpKeyError> {
    let key = keys.iter().find(|key| key.id == *id).ok_or(SpKeyError::Unknown)?;
    if key.state == SpKeyState::Retired { Ok(key) } else { Err(SpKeyError::InUse) }
}

/// The key that signs.
#[must_use]
pub fn signing_key(keys: &[SpKey], now: DateTime<Utc>) -> Option<&SpKey> {
    let next = of_state(keys, SpKeyState::Next);
    let next = next.filter(|key| key.signs_from.is_some_and(|from| from <= now));
    next.or_else(|| of_state(keys, SpKeyState::Current))
}

fn of_state(keys: &[SpKey], state: SpKeyState) -> Option<&SpKey> {
    keys.iter().find(|key| key.state == state)
}

fn good_switch(at: DateTime<Utc>, current: &SpKey, now: DateTime<Utc>) -> Result<DateTime<Utc>, SpKeyError> {
    if at <= now {
        let earliest = now.checked_sub_signed(FORM_MINUTES).unwrap_or(now);
        return if at < earliest { Err(SpKeyError::SwitchInPast { at, now }) } else { Ok(now) };
    }
    if at > after_days(now, MAX_SWITCH_DAYS) {
        return Err(SpKeyError::SwitchTooFar { at });
    }
    let end = current.not_after;
    // Once it has ended nothing is gained by a sooner switch that nobody at the other side is ready for.
    if now < end && end < at {
        return Err(SpKeyError::SwitchAfterEnd { at, end });
    }
    Ok(at)
}

/// Each retired key costs a private-key operation at each encrypted assertion that is for none of the others.
pub const MAX_RETIRED_KEYS: usize = 3;
/// A switch further away than a year is meant for another year.
pub const MAX_SWITCH_DAYS: u16 = 366;
/// The time between reading the clock and sending the form.
const FORM_MINUTES: TimeDelta = TimeDelta::minutes(10);

#[cfg(test)]
mod tests;
