use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The ids that a bulk request's new resources got, and the replacing of `bulkId:…` by them (RFC 7644 3.7.2).
///
/// # Examples
/// ```
/// use scim_schema::message::BulkIds;
/// use serde_json::json;
///
/// let mut ids = BulkIds::default();
/// ids.insert("qwerty", "92b725cd");
/// let mut data = json!({ "members": [{ "value": "bulkId:qwerty" }] });
/// ids.resolve(&mut data).unwrap();
/// assert_eq!(data, json!({ "members": [{ "value": "92b725cd" }] }));
/// assert_eq!(ids.resolve(&mut json!("bulkId:other")), Err("other".to_owned()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkIds {
    ids: BTreeMap<String, String>,
}

impl BulkIds {
    /// Remembers the id of the resource that an operation made.
    pub fn insert(&mut self, bulk_id: impl Into<String>, id: impl Into<String>) {
        self.ids.insert(bulk_id.into(), id.into());
    }

    /// The id behind a target or value: itself, unless it is `bulkId:…`.
    ///
    /// # Errors
    /// The bulkId that no operation has given a resource to.
    pub fn id<'a>(&'a self, text: &'a str) -> Result<&'a str, String> {
        match reference(text) {
            None => Ok(text),
            Some(bulk_id) => self.ids.get(bulk_id).map(String::as_str).ok_or_else(|| bulk_id.to_owned()),
        }
    }

    /// Replaces every string that is `bulkId:…`, or a path that ends in one, anywhere in the data.
    ///
    /// # Errors
    /// The first bulkId that no operation has given a resource to; the data is then half replaced and must be dropped.
    pub fn resolve(&self, data: &mut Value) -> Result<(), String> {
        let mut open = vec![data];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(fields) => open.extend(fields.values_mut()),
                Value::String(text) => {
                    let Some(bulk_id) = reference(text) else { continue };
                    let id = self.ids.get(bulk_id).ok_or_else(|| bulk_id.to_owned())?;
                    let before = text.strip_suffix(bulk_id).and_then(|start| start.strip_suffix(PREFIX));
                    *text = format!("{}{id}", before.unwrap_or_default());
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        Ok(())
    }

    /// For operations that wait for each other ([`BulkOrder::circles`](super::BulkOrder::circles)): replaces what is known, and takes out what
    /// refers to a resource that has no id yet, of a list the element, else the whole attribute. True if anything was
    /// taken out. The host then creates the resource with what is left and, when all have ids, replaces its data by
    /// the whole; where what is left is no good resource, 409 is the answer (RFC 7644 3.7.1).
    ///
    /// # Examples
    /// ```
    /// use scim_schema::message::BulkIds;
    /// use serde_json::json;
    ///
    /// let group = json!({ "displayName": "A", "members": [{ "value": "bulkId:b" }, { "value": "7" }] });
    /// let mut first = group.as_object().unwrap().clone();
    /// assert!(BulkIds::default().defer(&mut first));
    /// assert_eq!(first["members"], json!([{ "value": "7" }]));
    /// ```
    pub fn defer(&self, data: &mut Map<String, Value>) -> bool {
        let mut deferred = false;
        data.retain(|name, value| {
            // RFC 7643 3.3: an extension is an object under its URI.
            if let (true, Value::Object(extension)) = (name.contains(':'), &mut *value) {
                extension.retain(|_, value| !self.take_out(value, &mut deferred));
                return !extension.is_empty();
            }
            !self.take_out(value, &mut deferred)
        });
        deferred
    }

    /// Whether the attribute has to go.
    fn take_out(&self, value: &mut Value, deferred: &mut bool) -> bool {
        if let Value::Array(items) = value {
            let before = items.len();
            items.retain_mut(|item| self.resolve(item).is_ok());
            *deferred |= items.len() < before;
            return items.is_empty() && before > 0;
        }
        let known = self.resolve(value).is_ok();
        *deferred |= !known;
        !known
    }
}

/// `x` of `bulkId:x` and of `…/bulkId:x`.
pub(super) fn reference(text: &str) -> Option<&str> {
    let last = text.rsplit_once('/').map_or(text, |(_, last)| last);
    last.strip_prefix(PREFIX).filter(|bulk_id| !bulk_id.is_empty())
}

const PREFIX: &str = "bulkId:";
