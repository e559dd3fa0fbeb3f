use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::bulk::{BulkMethod, BulkOperation};

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

    /// For operations that wait for each other ([`BulkOrder::circular`]): replaces what is known, and takes out what
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

/// The order in which a bulk request's operations can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkOrder {
    /// Indexes of all operations: the order sent, but a POST that others refer to comes before them.
    pub order: Vec<usize>,
    /// Indexes of operations that wait for each other. A service may answer them with 409 (RFC 7644 3.7.1).
    pub circular: Vec<usize>,
}

impl BulkOrder {
    /// Finds the order; linear in the size of the request.
    pub fn of(operations: &[BulkOperation]) -> Self {
        let makers: BTreeMap<&str, usize> = operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| operation.method == BulkMethod::Post)
            .filter_map(|(index, operation)| Some((operation.bulk_id.as_deref()?, index)))
            .collect();
        let needs: Vec<Vec<usize>> = operations
            .iter()
            .map(|operation| {
                references(operation).into_iter().filter_map(|bulk_id| makers.get(bulk_id).copied()).collect()
            })
            .collect();
        Walk {
            needs: &needs,
            state: vec![State::New; operations.len()],
            order: Vec::new(),
            circular: Vec::new(),
        }
        .run()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk<'a> {
    needs: &'a [Vec<usize>],
    state: Vec<State>,
    order: Vec<usize>,
    circular: Vec<usize>,
}

impl Walk<'_> {
    /// Depth first with a stack of its own: the chain of references is as long as the client likes.
    fn run(mut self) -> BulkOrder {
        for start in 0..self.needs.len() {
            let mut stack = vec![(start, 0_usize)];
            if self.state(start) != State::New {
                continue;
            }
            self.set(start, State::Open);
            while let Some((index, next)) = stack.pop() {
                match self.needs.get(index).and_then(|needs| needs.get(next)).copied() {
                    None => {
                        self.set(index, State::Done);
                        self.order.push(index);
                    }
                    Some(needed) => {
                        stack.push((index, next.saturating_add(1)));
                        match self.state(needed) {
                            State::New => {
                                self.set(needed, State::Open);
                                stack.push((needed, 0));
                            }
                            // Open: it is below on the stack, and so is every operation of the circle.
                            State::Open => {
                                let circle = stack
                                    .iter()
                                    .map(|(index, _)| *index)
                                    .skip_while(|index| *index != needed);
                                self.circular.extend(circle);
                            }
                            State::Done => {}
                        }
                    }
                }
            }
        }
        self.circular.sort_unstable();
        self.circular.dedup();
        BulkOrder { order: self.order, circular: self.circular }
    }

    fn state(&self, index: usize) -> State {
        self.state.get(index).copied().unwrap_or(State::Done)
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(slot) = self.state.get_mut(index) {
            *slot = state;
        }
    }
}

/// The bulkIds that an operation mentions, in its target and in its data.
fn references(operation: &BulkOperation) -> Vec<&str> {
    let mut found: Vec<&str> = operation.target.as_deref().and_then(reference).into_iter().collect();
    let mut open: Vec<&Value> = operation.data.iter().flat_map(|data| data.values()).collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            Value::String(text) => found.extend(reference(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

/// `x` of `bulkId:x` and of `…/bulkId:x`.
fn reference(text: &str) -> Option<&str> {
    let last = text.rsplit_once('/').map_or(text, |(_, last)| last);
    last.strip_prefix(PREFIX).filter(|bulk_id| !bulk_id.is_empty())
}

const PREFIX: &str = "bulkId:";
