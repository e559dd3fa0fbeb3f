use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The departures from RFC 7644 3.5.2 that one connection tolerates: a set of [`Quirk`]s, empty by default.
///
/// Written in configuration as the name of a preset or as a list of switches.
///
/// ```
/// use scim_patch::{Quirk, Quirks};
///
/// let quirks: Quirks = serde_json::from_str(r#"["string_booleans", "remove_listed"]"#)?;
/// assert!(quirks.has(Quirk::StringBooleans) && !quirks.has(Quirk::PathKeys));
/// assert_eq!(serde_json::from_str::<Quirks>(r#""entra""#)?, Quirks::entra());
/// assert_eq!(Quirks::default(), Quirks::strict());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Quirks {
    bits: u32,
}

impl Quirks {
    /// Nothing beyond the standard (and `op` in any case, which is always accepted).
    #[must_use]
    pub const fn strict() -> Self {
        Self { bits: 0 }
    }

    /// What Okta sends: its own `id` inside a path-less replace, unmapped attributes, empty strings.
    #[must_use]
    pub const fn okta() -> Self {
        Self::strict()
            .with(Quirk::EmptyClears)
            .with(Quirk::OwnId)
            .with(Quirk::ReadOnlyIgnored)
            .with(Quirk::SingleOrArray)
            .with(Quirk::UnknownAttributes)
    }

    /// What Microsoft Entra ID sends, with and without its `aadOptscim062020` flag, and its validator.
    #[must_use]
    pub const fn entra() -> Self {
        Self::strict()
            .with(Quirk::AddCreatesElement)
            .with(Quirk::BareComplexValue)
            .with(Quirk::EmptyClears)
            .with(Quirk::EmptyOperations)
            .with(Quirk::ForeignSchemas)
            .with(Quirk::JsonInString)
            .with(Quirk::PathKeys)
            .with(Quirk::ReadOnlyIgnored)
            .with(Quirk::RemoveListed)
            .with(Quirk::SeveralPrimary)
            .with(Quirk::SingleOrArray)
            .with(Quirk::StringBooleans)
            .with(Quirk::StringBooleansInFilter)
            .with(Quirk::UnknownAttributes)
            .with(Quirk::UnknownMembers)
    }

    /// What OneLogin sends: template leftovers such as draft URNs, empty strings and unmapped attributes.
    #[must_use]
    pub const fn onelogin() -> Self {
        Self::strict()
            .with(Quirk::EmptyClears)
            .with(Quirk::ForeignSchemas)
            .with(Quirk::OwnId)
            .with(Quirk::ReadOnlyIgnored)
            .with(Quirk::RemoveListed)
            .with(Quirk::SingleOrArray)
            .with(Quirk::UnknownAttributes)
    }

    /// Every known client at once, for connections whose product is not known.
    ///
    /// Not in it: [`Quirk::ReplaceCreatesElement`], because RFC 7644 3.5.2.3 demands `noTarget` and clients rely on
    /// it, and [`Quirk::MessageSchemas`] and [`Quirk::BareOperations`], which hide that a body is no PATCH at all.
    #[must_use]
    pub const fn tolerant() -> Self {
        Self {
            bits: Self::entra().bits
                | Self::okta().bits
                | Self::onelogin().bits
                | Quirk::OperationsKeyCase.bit(),
        }
    }

    /// The same set with one switch more.
    #[must_use]
    pub const fn with(self, quirk: Quirk) -> Self {
        Self { bits: self.bits | quirk.bit() }
    }

    /// The same set without one switch.
    #[must_use]
    pub const fn without(self, quirk: Quirk) -> Self {
        Self { bits: self.bits & !quirk.bit() }
    }

    /// Whether the switch is on.
    #[must_use]
    pub const fn has(self, quirk: Quirk) -> bool {
        self.bits & quirk.bit() != 0
    }

    /// Whether no switch is on.
    #[must_use]
    pub const fn is_strict(self) -> bool {
        self.bits == 0
    }

    /// The switches that are on, in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.iter().copied().filter(move |quirk| self.has(*quirk))
    }

    /// The preset of this name: `strict`, `okta`, `entra`, `onelogin` or `tolerant`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "strict" => Some(Self::strict()),
            "okta" => Some(Self::okta()),
            "entra" => Some(Self::entra()),
            "onelogin" => Some(Self::onelogin()),
            "tolerant" => Some(Self::tolerant()),
            _ => None,
        }
    }
}

impl FromIterator<Quirk> for Quirks {
    fn from_iter<I: IntoIterator<Item = Quirk>>(quirks: I) -> Self {
        quirks.into_iter().fold(Self::strict(), Self::with)
    }
}

impl fmt::Debug for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Quirk::as_str)).finish()
    }
}

impl Serialize for Quirks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Quirk::as_str))
    }
}

impl<'de> Deserialize<'de> for Quirks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuirksVisitor)
    }
}

struct QuirksVisitor;

impl<'de> Visitor<'de> for QuirksVisitor {
    type Value = Quirks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a preset (strict, okta, entra, onelogin, tolerant) or a list of switches")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Quirks, E> {
        Quirks::preset(name).ok_or_else(|| E::invalid_value(de::Unexpected::Str(name), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Quirks, A::Error> {
        let mut quirks = Quirks::strict();
        while let Some(quirk) = names.next_element::<Quirk>()? {
            quirks = quirks.with(quirk);
        }
        Ok(quirks)
    }
}

/// That a switch was needed, and for which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct QuirkUse {
    /// The switch.
    pub quirk: Quirk,
    /// Index of the operation, counted from 0; `None` for the message around the operations.
    pub operation: Option<usize>,
}

macro_rules! quirks {
    ($($(#[$doc:meta])* $variant:ident = $bit:literal $name:literal,)+) => {
        /// One departure from the standard that a connection may tolerate.
        ///
        /// Each says who sends it; the vectors in `testdata/scim/patch/quirks.json` and the recorded requests in
        /// `testdata/scim/clients/` that need it name it in `quirks`.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Quirk { $($(#[$doc])* #[serde(rename = $name)] $variant,)+ }

        impl Quirk {
            /// Every switch, in alphabetical order.
            pub const ALL: &[Quirk] = &[$(Quirk::$variant,)+];

            /// The name in configuration, vectors and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Quirk::$variant => $name,)+ }
            }

            const fn bit(self) -> u32 {
                match self { $(Quirk::$variant => 1 << $bit,)+ }
            }
        }

        impl fmt::Display for Quirk {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

quirks! {
    /// `add` to `emails[type eq "work"].value` without such an element makes it, if the filter is made of `eq` and
    /// `and` alone (P34). Entra maps every typed value this way.
    AddCreatesElement = 0 "add_creates_element",
    /// A string for a complex value means its `value`: `manager` as a bare id (P35). Entra; some send members so.
    BareComplexValue = 1 "bare_complex_value",
    /// The body is an array of operations or one operation, or `Operations` is one operation instead of an array.
    /// Home-grown clients, and bulk requests written after the misprinted example of RFC 7644 3.7.3.
    BareOperations = 2 "bare_operations",
    /// An empty string, or `null` in an add, leaves the attribute unassigned (P35). Entra clears values so; Okta
    /// sends `""` for what is not set.
    EmptyClears = 3 "empty_clears",
    /// `Operations: []` changes nothing instead of being refused (P37). Microsoft's SCIM Validator.
    EmptyOperations = 4 "empty_operations",
    /// URIs in the resource's `schemas` that the resource type does not have are dropped. Entra's ADSCIM group URI,
    /// OneLogin's draft URNs.
    ForeignSchemas = 5 "foreign_schemas",
    /// A string that holds a JSON object stands for that object: Entra's `AppRoleAssignmentsComplex` for `roles`.
    JsonInString = 6 "json_in_string",
    /// The message's own `schemas` is missing or has another URI, e.g. that of a draft. Scripts.
    MessageSchemas = 7 "message_schemas",
    /// The message's keys (`operations`, `Op`, `Path`) in any case (P37). Hand-written and .NET clients.
    OperationsKeyCase = 8 "operations_key_case",
    /// The resource's own `id` inside a path-less value is ignored; another id is still refused. Okta's group rename,
    /// authentik.
    OwnId = 9 "own_id",
    /// Keys of a path-less value may be paths: `name.givenName`, `URN:department`, `emails[type eq "work"].value`
    /// (P32). Entra with its compatibility flag.
    PathKeys = 10 "path_keys",
    /// readOnly attributes inside a value are ignored, as in a PUT, instead of being refused; a readOnly path is
    /// refused all the same. Okta and Entra echo `meta`, `groups` and `manager.displayName`.
    ReadOnlyIgnored = 11 "read_only_ignored",
    /// `remove` with a `value`: only the listed elements go, never all of them (P33). Entra without flag, authentik,
    /// JumpCloud.
    RemoveListed = 12 "remove_listed",
    /// `replace` on a filtered path without match makes the element as `add` does, although RFC 7644 3.5.2.3 demands
    /// `noTarget` (P34). No known product needs it.
    ReplaceCreatesElement = 13 "replace_creates_element",
    /// Of several `primary: true` the last one wins (S10). Ping posts one mail twice, both primary.
    SeveralPrimary = 14 "several_primary",
    /// One value where an array is due, an array of one where a value is due (P37). Old Entra and SDK clients.
    SingleOrArray = 15 "single_or_array",
    /// `"True"` and `"False"` for booleans (P31). Entra without flag.
    StringBooleans = 16 "string_booleans",
    /// `primary eq "True"` in the filter of a path (P36). Entra's single role mapping.
    StringBooleansInFilter = 17 "string_booleans_in_filter",
    /// Attributes and sub-attributes that no schema has are ignored (S40). Okta and Entra with custom mappings.
    UnknownAttributes = 18 "unknown_attributes",
    /// Unknown members beside `op`, `path` and `value`, or beside `Operations`, are ignored. Old Entra sends `name`.
    UnknownMembers = 19 "unknown_members",
}
