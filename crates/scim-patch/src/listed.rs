//! Removal by a list of values, which the standard does not have (quirk `remove_listed`, P33).

use std::collections::HashSet;

use scim_schema::Attribute;
use serde_json::Value;

use crate::PatchError;
use crate::value::{Place, identity};

/// The elements that a `remove` lists by value.
pub(crate) struct Listed<'a> {
    attribute: &'a Attribute,
    keys: HashSet<Vec<String>>,
    /// Keys of elements that were listed with `value` alone: they match whatever the `type`.
    values: HashSet<String>,
}

impl<'a> Listed<'a> {
    pub(crate) fn new(place: &Place<'a>, value: &Value) -> Result<Self, PatchError> {
        let attribute: &'a Attribute = place.path.attribute();
        let mut listed = Self { attribute, keys: HashSet::new(), values: HashSet::new() };
        for element in place.elements(value, true)? {
            let key = identity(attribute, &element);
            match key.as_slice() {
                [value, kind] if kind.is_empty() => {
                    listed.values.insert(value.clone());
                }
                _ => {
                    listed.keys.insert(key);
                }
            }
        }
        Ok(listed)
    }

    pub(crate) fn holds(&self, element: &Value) -> bool {
        let key = identity(self.attribute, element);
        key.first().is_some_and(|value| key.len() == 2 && self.values.contains(value))
            || self.keys.contains(&key)
    }
}
