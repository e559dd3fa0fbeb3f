//! The identifier of a person at an identity provider.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EntityId, names};

/// A name identifier (Core 2.2.3) with all its qualifiers, exactly as received.
///
/// A value of format *persistent* names a person between two parties only, and must stay out of logs (Core 8.3.7),
/// so `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NameId {
    /// The identifier itself; white space is part of it.
    pub value: String,
    /// The kind of identifier; absent means unspecified (Errata 60).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The domain that the identifier belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_qualifier: Option<String>,
    /// The service provider, or group of them, that the identifier is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_name_qualifier: Option<String>,
    /// A name that the service provider gave to the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_provided_id: Option<String>,
}

impl NameId {
    /// Makes an identifier of unspecified format without qualifiers.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
            sp_provided_id: None,
        }
    }

    /// Gives the format's URI, which is *unspecified* if none was sent.
    #[must_use]
    pub fn format(&self) -> &str {
        self.format.as_deref().unwrap_or(names::FORMAT_UNSPECIFIED)
    }

    /// Tells whether the identifier lasts for one session only: never key an account on it (ASN-11).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.format() == names::FORMAT_TRANSIENT
    }

    /// Tells whether the identifier is an opaque one that lasts; it is never an e-mail address (ASN-18).
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.format() == names::FORMAT_PERSISTENT
    }
}

impl fmt::Debug for NameId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NameId({} characters, {})", self.value.chars().count(), self.format())
    }
}

/// What an account is keyed by inside one connection: identity provider and name identifier with qualifiers (TEN-05).
///
/// For a persistent identifier an absent qualifier means the identity provider or this service provider (Core 8.3.7),
/// so both spellings give one key. `Display` writes a text that no other key has, fit for a unique column;
/// it names a person, so treat it like the identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct SubjectKey {
    idp: EntityId,
    format: String,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
    value: String,
}

impl SubjectKey {
    pub(crate) fn new(idp: &EntityId, sp: &EntityId, name_id: &NameId) -> Self {
        let persistent = name_id.is_persistent();
        let or_entity = |qualifier: &Option<String>, entity: &EntityId| match qualifier {
            None if persistent => Some(entity.as_str().to_owned()),
            other => other.clone(),
        };
        Self {
            idp: idp.clone(),
            format: name_id.format().to_owned(),
            name_qualifier: or_entity(&name_id.name_qualifier, idp),
            sp_name_qualifier: or_entity(&name_id.sp_name_qualifier, sp),
            value: name_id.value.clone(),
        }
    }

    /// Gives the identity provider that vouches for the identifier.
    #[must_use]
    pub fn idp(&self) -> &EntityId {
        &self.idp
    }

    /// Gives the identifier's value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let qualifiers = [self.name_qualifier.as_deref(), self.sp_name_qualifier.as_deref()];
        write_part(out, Some(self.idp.as_str()))?;
        write_part(out, Some(&self.format))?;
        for qualifier in qualifiers {
            write_part(out, qualifier)?;
        }
        write_part(out, Some(&self.value))
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SubjectKey(idp: {}, {} characters)", self.idp, self.value.chars().count())
    }
}

/// Writes `length:text` or `-`, so that no two lists of parts give the same text.
fn write_part(out: &mut fmt::Formatter<'_>, part: Option<&str>) -> fmt::Result {
    match part {
        Some(text) => write!(out, "{}:{text}", text.len()),
        None => out.write_str("-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name_id: &NameId) -> SubjectKey {
        SubjectKey::new(&"https://idp".parse().unwrap(), &"https://sp".parse().unwrap(), name_id)
    }

    // ASN-18
    #[test]
    fn a_persistent_identifier_without_qualifiers_means_the_two_parties() {
        let mut bare = NameId::new("x");
        bare.format = Some(names::FORMAT_PERSISTENT.to_owned());
        let mut spelled = bare.clone();
        spelled.name_qualifier = Some("https://idp".to_owned());
        spelled.sp_name_qualifier = Some("https://sp".to_owned());
        assert_eq!(key(&bare), key(&spelled));
        bare.format = None;
        spelled.format = None;
        assert_ne!(key(&bare), key(&spelled));
    }

    // TEN-05
    #[test]
    fn no_two_keys_have_one_text() {
        let mut one = NameId::new("1:x");
        one.name_qualifier = Some("a".to_owned());
        let mut two = NameId::new("x");
        two.name_qualifier = Some("a1:".to_owned());
        let mut three = NameId::new("1:x");
        three.sp_name_qualifier = Some("a".to_owned());
        let texts: std::collections::BTreeSet<_> = [&one, &two, &three].map(|id| key(id).to_string()).into();
        assert_eq!(texts.len(), 3);
        assert_eq!(
            key(&NameId::new("x")),
            key(&NameId { format: Some(names::FORMAT_UNSPECIFIED.into()), ..NameId::new("x") })
        );
    }

    // ASN-18
    #[test]
    fn debug_does_not_tell_who_it_is() {
        let id = NameId::new("alice@example.com");
        assert!(!format!("{id:?} {:?}", key(&id)).contains("alice"));
    }
}
