use std::collections::BTreeMap;

use serde_json::Value;

use super::bulk::{BulkMethod, BulkOperation};
use super::bulk_id::reference;

/// The order in which a bulk request's operations can be carried out.
///
/// # Examples
/// ```
/// use scim_schema::message::{BulkLimits, BulkOrder, BulkRequest};
/// use scim_schema::Limits;
///
/// let body = br#"{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
///     { "method": "POST", "path": "/Groups", "bulkId": "a", "data": { "members": [{ "value": "bulkId:c" }] } },
///     { "method": "POST", "path": "/Groups", "bulkId": "b", "data": { "members": [{ "value": "bulkId:b" }] } },
///     { "method": "POST", "path": "/Users", "bulkId": "c", "data": {} }
/// ] }"#;
/// let request = BulkRequest::parse(body, &BulkLimits::default(), &Limits::default())?;
/// let order = BulkOrder::of(&request.operations);
/// assert_eq!(order.order, [2, 0, 1]);
/// assert_eq!(order.circles, [[1]]);
/// # Ok::<(), scim_schema::message::BulkError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkOrder {
    /// Indexes of all operations: the order sent, but a POST that others refer to comes before them. The operations of
    /// a circle stand together, and all that any of them needs is before them.
    pub order: Vec<usize>,
    /// Indexes of operations that wait for each other, or for themselves: each circle apart, in the order of `order`.
    /// One that fails says nothing about another. A service may answer them with 409 (RFC 7644 3.7.1), or try with
    /// [`BulkIds::defer`](super::BulkIds::defer).
    pub circles: Vec<Vec<usize>>,
    /// Indexes of all operations in `circles`, ascending.
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
        let nodes = operations
            .iter()
            .map(|operation| {
                let needed = references(operation).into_iter();
                Node { needs: needed.filter_map(|id| makers.get(id).copied()).collect(), ..Node::default() }
            })
            .collect();
        Walk { nodes, met: 0, waiting: Vec::new(), order: Vec::new(), circles: Vec::new() }.run()
    }
}

/// One operation on the walk.
#[derive(Clone, Debug, Default)]
struct Node {
    needs: Vec<usize>,
    /// How many were met before it; none yet if it was not met.
    number: Option<usize>,
    /// The lowest number that can be reached from it, of those that are waiting.
    lowest: usize,
    /// Whether it is met and its circle is not complete.
    waiting: bool,
}

/// Tarjan's walk over strongly connected components. It finishes them after all that they need, which is the order.
struct Walk {
    nodes: Vec<Node>,
    met: usize,
    waiting: Vec<usize>,
    order: Vec<usize>,
    circles: Vec<Vec<usize>>,
}

impl Walk {
    /// Depth first with a stack of its own: the chain of references is as long as the client likes.
    fn run(mut self) -> BulkOrder {
        for start in 0..self.nodes.len() {
            if self.nodes.get(start).is_some_and(|node| node.number.is_none()) {
                self.from(start);
            }
        }
        let mut circular: Vec<usize> = self.circles.iter().flatten().copied().collect();
        circular.sort_unstable();
        BulkOrder { order: self.order, circles: self.circles, circular }
    }

    fn from(&mut self, start: usize) {
        self.meet(start);
        let mut stack = vec![(start, 0_usize)];
        while let Some((index, next)) = stack.pop() {
            match self.nodes.get(index).and_then(|node| node.needs.get(next)).copied() {
                None => {
                    self.leave(index);
                    if let Some((above, _)) = stack.last() {
                        self.reach(*above, self.lowest(index));
                    }
                }
                Some(needed) => {
                    stack.push((index, next.saturating_add(1)));
                    match self.nodes.get(needed) {
                        Some(Node { number: None, .. }) => {
                            self.meet(needed);
                            stack.push((needed, 0));
                        }
                        Some(Node { number: Some(number), waiting: true, .. }) => self.reach(index, *number),
                        _ => {}
                    }
                }
            }
        }
    }

    fn meet(&mut self, index: usize) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.number = Some(self.met);
            node.lowest = self.met;
            node.waiting = true;
        }
        self.met = self.met.saturating_add(1);
        self.waiting.push(index);
    }

    fn lowest(&self, index: usize) -> usize {
        self.nodes.get(index).map_or(usize::MAX, |node| node.lowest)
    }

    fn reach(&mut self, index: usize, number: usize) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.lowest = node.lowest.min(number);
        }
    }

    /// All that this one needs was met. If nothing that is waiting can be reached from it but what came after it, what
    /// is waiting since then is a circle, or this one alone.
    fn leave(&mut self, index: usize) {
        let Some(node) = self.nodes.get(index).filter(|node| node.number == Some(node.lowest)) else {
            return;
        };
        let needs_itself = node.needs.contains(&index);
        let mut circle = Vec::new();
        while let Some(last) = self.waiting.pop() {
            circle.push(last);
            if let Some(node) = self.nodes.get_mut(last) {
                node.waiting = false;
            }
            if last == index {
                break;
            }
        }
        circle.sort_unstable();
        self.order.extend(&circle);
        if needs_itself || circle.len() > 1 {
            self.circles.push(circle);
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
