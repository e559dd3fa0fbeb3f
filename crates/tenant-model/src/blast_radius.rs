//! A look at mass deactivations: a mistake in a directory's filter can switch off a whole company.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many people a directory may switch off or remove within an hour before somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlastLimit {
    /// People an hour.
    pub per_hour: NonZeroU32,
    /// What happens to the next one.
    pub beyond: Beyond,
}

impl Default for BlastLimit {
    fn default() -> Self {
        // Few companies part with as many people in an hour, and more than a glance tells.
        Self { per_hour: NonZeroU32::MIN.saturating_add(49), beyond: Beyond::Report }
    }
}

/// What happens beyond the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// It is held until an administrator lets it go. Only a tenant chooses this for itself: whoever was dismissed keeps
    /// an open session until then.
    Hold,
    /// It is done and told.
    #[default]
    Report,
}

/// What to do with one more deactivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlastVerdict {
    /// Do it.
    Go,
    /// Put it off with [`crate::Transition::put_off`], and tell the administrators.
    Hold {
        /// How many there were in this hour, with this one.
        count: u32,
    },
    /// Do it, and tell the administrators.
    Report {
        /// How many there were in this hour, with this one.
        count: u32,
    },
}

/// Judges one more deactivation or removal by a directory connection.
///
/// `earlier` are the instants of those of the same connection, done or put off, for at least the last hour; older ones
/// are left out here.
#[must_use]
pub fn blast_radius(earlier: &[DateTime<Utc>], limit: &BlastLimit, now: DateTime<Utc>) -> BlastVerdict {
    let recent = |at: &&DateTime<Utc>| now.signed_duration_since(**at) < TimeDelta::hours(1);
    let before = earlier.iter().filter(recent).count();
    let count = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
    if count <= limit.per_hour.get() {
        return BlastVerdict::Go;
    }
    match limit.beyond {
        Beyond::Hold => BlastVerdict::Hold { count },
        Beyond::Report => BlastVerdict::Report { count },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{at, directory, provisioned};
    use crate::{Action, Before, DirectoryState, Guard, Held, Outcome, transition};

    // TEN-16: what is held is chosen, never the default.
    #[test]
    fn beyond_the_limit_it_is_told_and_held_only_where_that_was_chosen() {
        let two = |beyond| BlastLimit { per_hour: NonZeroU32::new(2).unwrap(), beyond };
        let ask = |minutes: &[i64], limit| {
            let earlier: Vec<_> = minutes.iter().map(|minute| at(*minute)).collect();
            blast_radius(&earlier, &limit, at(60))
        };
        assert_eq!(ask(&[1], two(Beyond::Hold)), BlastVerdict::Go);
        assert_eq!(ask(&[1, 2], two(Beyond::Hold)), BlastVerdict::Hold { count: 3 });
        assert_eq!(ask(&[1, 2], two(Beyond::Report)), BlastVerdict::Report { count: 3 });
        // An hour ago is over.
        assert_eq!(ask(&[-5, 0, 1], two(Beyond::Hold)), BlastVerdict::Go);
        let usual = BlastLimit::default();
        assert_eq!((usual.per_hour.get(), usual.beyond), (50, Beyond::Report));
        assert_eq!(ask(&[5; 49], usual), BlastVerdict::Go);
        assert_eq!(ask(&[5; 50], usual), BlastVerdict::Report { count: 51 });
    }

    // TEN-23
    #[test]
    fn what_is_put_off_leaves_the_person_and_says_so() {
        let gone = provisioned("a", "a@example.com", DirectoryState::Inactive);
        let (tenant, scim) = (crate::fixtures::tenant(), crate::fixtures::scim());
        let (before, user) = (Before::Known(&gone.person), gone.directory.as_ref().unwrap());
        let done = transition(&tenant, &scim, before, user, &Guard::default(), &directory(), at(0)).unwrap();
        assert!(done.changes_anything());
        let put_off = done.put_off(&gone.person, &directory(), at(0));
        assert_eq!((&put_off.person, put_off.changes_anything()), (&gone.person, false));
        assert_eq!(put_off.held, [Held::BlastRadius]);
        assert_eq!(put_off.audit[0].action, Action::PersonDeactivated);
        assert_eq!(put_off.audit[0].outcome, Outcome::Held("held.blast_radius".to_owned()));
    }
}
