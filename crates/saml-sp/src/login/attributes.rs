//! What the identity provider says about a person.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use serde::Serialize;

use crate::names;

/// The attributes of a login, all statements joined, in the order sent.
///
/// Name and NameFormat together are an attribute's key (Core 2.7.3.1); a second one with the same key is merged into
/// the first. FriendlyName is for showing only: nothing here looks anything up by it (ASN-15).
///
/// ```
/// # fn example(login: &saml_sp::Login) {
/// let mail: Option<&str> = login.attributes().text("urn:oid:0.9.2342.19200300.100.1.3");
/// let groups: Vec<&str> = login.attributes().texts("groups").collect();
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Gives all attributes in the order sent.
    pub fn iter(&self) -> std::slice::Iter<'_, Attribute> {
        self.0.iter()
    }

    /// Gives the number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds an attribute by Name alone; the first one if several NameFormats share it (see
    /// [`Attributes::is_ambiguous`]).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.iter().find(|attribute| attribute.name == name)
    }

    /// Finds an attribute by Name and NameFormat; an absent format is *unspecified*.
    #[must_use]
    pub fn get_exact(&self, name: &str, name_format: &str) -> Option<&Attribute> {
        self.iter().find(|attribute| attribute.name == name && attribute.name_format() == name_format)
    }

    /// Tells whether several attributes share a Name under different NameFormats.
    #[must_use]
    pub fn is_ambiguous(&self, name: &str) -> bool {
        self.iter().filter(|attribute| attribute.name == name).count() > 1
    }

    /// Gives the texts of an attribute by Name: empty if it is absent or has no text.
    pub fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.get(name).into_iter().flat_map(Attribute::texts)
    }

    /// Gives the text of an attribute by Name if it has exactly one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut texts = self.texts(name);
        texts.next().filter(|_| texts.next().is_none())
    }

    /// Tells whether Microsoft Entra ID left the groups out because there are too many.
    ///
    /// It then sends a link in their place, so an absent group attribute doesn't mean *no groups*.
    #[must_use]
    pub fn group_overage(&self) -> Option<GroupOverage<'_>> {
        self.text(ENTRA_GROUPS_LINK).map(|link| GroupOverage { link })
    }

    /// Joins attributes, merging those with the same key; gives the names of merged ones too (ASN-10).
    pub(crate) fn merge(attributes: Vec<Attribute>) -> (Self, BTreeSet<String>) {
        let mut all: Vec<Attribute> = Vec::with_capacity(attributes.len());
        let mut places: HashMap<(String, String), usize> = HashMap::new();
        let mut merged = BTreeSet::new();
        for attribute in attributes {
            let key = (attribute.name.clone(), attribute.name_format().to_owned());
            match places.get(&key).and_then(|place| all.get_mut(*place)) {
                Some(known) => {
                    known.values.extend(attribute.values);
                    known.friendly_name = known.friendly_name.take().or(attribute.friendly_name);
                    merged.insert(attribute.name);
                }
                None => {
                    places.insert(key, all.len());
                    all.push(attribute);
                }
            }
        }
        (Self(all), merged)
    }

    pub(crate) fn into_vec(self) -> Vec<Attribute> {
        self.0
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a Attribute;
    type IntoIter = std::slice::Iter<'a, Attribute>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An attribute (Core 2.7.3.1).
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// The name: any string, often a URI.
    pub name: String,
    /// How to read the name; `None` if none was sent.
    pub name_format: Option<String>,
    /// A name for people, never to be matched on.
    pub friendly_name: Option<String>,
    /// The values in the order sent; none at all is possible and differs from an empty text.
    pub values: Vec<AttributeValue>,
}

impl Attribute {
    pub(crate) fn new(name: String, name_format: Option<String>, friendly_name: Option<String>) -> Self {
        Self { name, name_format, friendly_name, values: Vec::new() }
    }

    /// Gives the NameFormat's URI, which is *unspecified* if none was sent.
    #[must_use]
    pub fn name_format(&self) -> &str {
        self.name_format.as_deref().unwrap_or(names::NAME_FORMAT_UNSPECIFIED)
    }

    /// Gives the values that are texts, empty ones included.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(AttributeValue::as_text)
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Attribute({}, {} values)", self.name, self.values.len())
    }
}

/// One value of an attribute.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeValue {
    /// No value, said in so many words: `xsi:nil`.
    Null,
    /// Text, possibly empty, white space kept.
    Text(String),
    /// Nested XML in exclusive canonical form, for example the NameID of eduPersonTargetedID.
    Xml(String),
}

impl AttributeValue {
    /// Gives the text if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Xml(_) => None,
        }
    }
}

impl fmt::Debug for AttributeValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("Null"),
            Self::Text(text) => write!(out, "Text({} bytes)", text.len()),
            Self::Xml(xml) => write!(out, "Xml({} bytes)", xml.len()),
        }
    }
}

/// Microsoft Entra ID left a person's groups out, because there are more than 150.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupOverage<'a> {
    /// Where the groups can be asked for, an address of Microsoft Graph.
    pub link: &'a str,
}

const ENTRA_GROUPS_LINK: &str = "http://schemas.microsoft.com/claims/groups.link";

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, format: Option<&str>, values: &[&str]) -> Attribute {
        let mut attribute = Attribute::new(name.into(), format.map(Into::into), Some("shown".into()));
        attribute.values = values.iter().map(|value| AttributeValue::Text((*value).into())).collect();
        attribute
    }

    // ASN-10
    #[test]
    fn a_second_attribute_with_the_same_key_is_merged() {
        let (all, merged) = Attributes::merge(vec![
            attribute("groups", None, &["a"]),
            attribute("groups", Some(names::NAME_FORMAT_UNSPECIFIED), &["b"]),
        ]);
        assert_eq!(all.texts("groups").collect::<Vec<_>>(), ["a", "b"]);
        assert!(!all.is_ambiguous("groups"));
        assert!(merged.contains("groups"));
        let (all, merged) = Attributes::merge(vec![
            attribute("groups", None, &["a"]),
            attribute("groups", Some("urn:other"), &["c"]),
        ]);
        assert!(all.is_ambiguous("groups"));
        assert!(merged.is_empty());
        assert_eq!(all.texts("groups").collect::<Vec<_>>(), ["a"]);
        assert_eq!(all.get_exact("groups", "urn:other").unwrap().texts().collect::<Vec<_>>(), ["c"]);
    }

    // ASN-10
    #[test]
    fn merging_many_attributes_takes_a_step_for_each() {
        let many = (0..50_000).map(|number| attribute(&number.to_string(), None, &["x"])).collect();
        assert_eq!(Attributes::merge(many).0.len(), 50_000);
    }

    // ASN-15
    #[test]
    fn nothing_is_found_by_its_friendly_name() {
        let all = Attributes::merge(vec![attribute("mail", None, &["a"])]).0;
        assert_eq!(all.get("shown"), None);
    }

    #[test]
    fn one_text_is_not_chosen_from_several() {
        let all = Attributes::merge(vec![attribute("mail", None, &["a", "b"])]).0;
        assert_eq!(all.text("mail"), None);
    }

    #[test]
    fn the_link_in_place_of_groups_is_told() {
        assert_eq!(Attributes::default().group_overage(), None);
        let all = Attributes::merge(vec![attribute(ENTRA_GROUPS_LINK, None, &["https://graph.example/x"])]).0;
        assert_eq!(all.group_overage(), Some(GroupOverage { link: "https://graph.example/x" }));
    }
}
