//! Which deviations of known clients a connection understands, and which of them a request needed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use scim_patch::{Quirk, QuirkUse, Quirks};
use scim_schema::{CheckOptions, Notice, SeveralPrimaries};
use tenant_model::{Capabilities, QuirkPreset};

/// The switches of a connection. One set of names serves bodies, PATCH and filters alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leniency {
    quirks: Quirks,
    loose_filters: bool,
    bulk: Quirks,
}

impl Leniency {
    /// What the capabilities say: a preset, and single switches over it.
    pub(crate) fn of(capabilities: &Capabilities) -> Self {
        let preset = capabilities.quirks;
        let mut quirks = match preset {
            QuirkPreset::Entra => Quirks::entra(),
            QuirkPreset::Okta => Quirks::okta(),
            QuirkPreset::Onelogin => Quirks::onelogin(),
            QuirkPreset::Strict => Quirks::strict(),
            QuirkPreset::Tolerant => Quirks::tolerant(),
        };
        let mut loose_filters = matches!(preset, QuirkPreset::Entra | QuirkPreset::Tolerant);
        // The example of RFC 7644 3.7.3 has PATCH data without the message around it, and clients follow it.
        let mut bulk = match preset {
            QuirkPreset::Strict => Quirks::strict(),
            _ => Quirks::strict().with(Quirk::BareOperations).with(Quirk::MessageSchemas),
        };
        for (name, on) in &capabilities.quirk_switches {
            if name.as_str() == LOOSE_FILTERS {
                loose_filters = *on;
            }
            if let Some(quirk) = quirk(name.as_str()) {
                quirks = if *on { quirks.with(quirk) } else { quirks.without(quirk) };
                bulk = if *on { bulk } else { bulk.without(quirk) };
            }
        }
        Self { quirks, loose_filters, bulk }
    }

    /// Whether a name is one of a switch.
    pub(crate) fn knows(name: &str) -> bool {
        name == LOOSE_FILTERS || quirk(name).is_some()
    }

    /// For a PATCH.
    pub(crate) fn patch(self) -> Quirks {
        self.quirks
    }

    /// For a PATCH that stands in a bulk request.
    pub(crate) fn patch_in_bulk(self) -> Quirks {
        self.bulk.iter().chain(self.quirks.iter()).collect()
    }

    /// Whether single quotes and bare words are read as strings in filters (F08).
    pub(crate) fn loose_filters(self) -> bool {
        self.loose_filters
    }

    /// Whether `"True"` in a filter may stand for a boolean.
    pub(crate) fn string_booleans_in_filters(self) -> bool {
        self.quirks.has(Quirk::StringBooleansInFilter)
    }

    /// For the check of a body.
    pub(crate) fn check_options(self) -> CheckOptions {
        let mut options = CheckOptions::default();
        if self.quirks.has(Quirk::SeveralPrimary) {
            options.several_primaries = SeveralPrimaries::LastWins;
        }
        options.lenient_schemas = self.quirks.has(Quirk::ForeignSchemas);
        options.string_booleans = self.quirks.has(Quirk::StringBooleans);
        options.lenient_arity = self.quirks.has(Quirk::SingleOrArray);
        options.bare_values = self.quirks.has(Quirk::BareComplexValue);
        options.empty_as_unset = self.quirks.has(Quirk::EmptyClears);
        options
    }
}

/// What a request needed beyond the standard, by the names of the switches. A request that needs nothing locks nothing.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<BTreeMap<&'static str, u64>>);

impl Noted {
    /// Notes one use.
    pub(crate) fn one(&self, quirk: &'static str) {
        self.many(quirk, 1);
    }

    /// Notes some uses.
    pub(crate) fn many(&self, quirk: &'static str, uses: u64) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = noted.entry(quirk).or_default();
        *count = count.saturating_add(uses);
    }

    /// Notes what a PATCH needed.
    pub(crate) fn patch(&self, uses: &[QuirkUse]) {
        for used in uses {
            self.one(used.quirk.as_str());
        }
    }

    /// Notes what a check let pass by option; what the standard itself allows is not noted.
    pub(crate) fn check(&self, notices: &[Notice]) {
        for quirk in notices.iter().filter_map(switch_of) {
            self.one(quirk.as_str());
        }
    }

    /// How often which was noted so far.
    pub(crate) fn uses(&self, quirk: &str) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(quirk).copied().unwrap_or_default()
    }

    /// All that was noted; afterwards nothing is.
    pub(crate) fn take(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Single quotes and bare words in filters.
pub(crate) const LOOSE_FILTERS: &str = "loose_filters";
/// Ids of members that name no resource: skipped, because one stale id must not lose a client the whole push. It is
/// no switch.
pub(crate) const MEMBERS_SKIPPED: &str = "members_skipped";
/// `"True"` in a filter.
pub(crate) const STRING_BOOLEANS_IN_FILTER: &str = Quirk::StringBooleansInFilter.as_str();

fn quirk(name: &str) -> Option<Quirk> {
    Quirk::ALL.iter().copied().find(|quirk| quirk.as_str() == name)
}

/// The switch without which a check would have refused.
fn switch_of(notice: &Notice) -> Option<Quirk> {
    match notice {
        Notice::Arity { .. } => Some(Quirk::SingleOrArray),
        Notice::BareValue { .. } => Some(Quirk::BareComplexValue),
        Notice::EmptyAsUnset { .. } => Some(Quirk::EmptyClears),
        Notice::SchemaIgnored { .. } => Some(Quirk::ForeignSchemas),
        Notice::SeveralPrimaries { .. } => Some(Quirk::SeveralPrimary),
        Notice::StringBoolean { .. } => Some(Quirk::StringBooleans),
        // Allowed by the standard: worth no line in a report on a client.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capabilities(json: &str) -> Capabilities {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_tolerant_connection_checks_as_the_crate_calls_tolerant() {
        let tolerant = Leniency::of(&capabilities(r#"{"quirks": "tolerant"}"#));
        assert_eq!(tolerant.check_options(), CheckOptions::tolerant());
        assert_eq!(tolerant.patch(), Quirks::tolerant());
        let strict = Leniency::of(&capabilities("{}"));
        assert_eq!(strict.check_options(), CheckOptions::default());
        assert!(strict.patch_in_bulk().is_strict() && !strict.loose_filters());
    }

    #[test]
    fn single_switches_stand_over_the_preset() {
        let json = r#"{"quirks": "entra", "quirk_switches": {
            "string_booleans": false, "message_schemas": true, "loose_filters": false, "bare_operations": false}}"#;
        let some = Leniency::of(&capabilities(json));
        assert!(!some.patch().has(Quirk::StringBooleans) && some.patch().has(Quirk::PathKeys));
        assert!(!some.check_options().string_booleans && some.check_options().bare_values);
        assert!(some.patch().has(Quirk::MessageSchemas) && !some.loose_filters());
        assert!(!some.patch_in_bulk().has(Quirk::BareOperations));
        assert!(
            Leniency::knows("loose_filters") && Leniency::knows("path_keys") && !Leniency::knows("pathkeys")
        );
    }
}
