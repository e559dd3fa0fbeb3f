//! What a PATCH changed: looked for without copying, and told when somebody asks.

use std::collections::HashMap;

use scim_schema::{AttrPath, Attribute, Resource, Returned, is_unassigned};
use serde::Serialize;
use serde_json::Value;

use crate::value::member;

/// One difference that a PATCH made, for audit and for deciding what follows.
///
/// A single value has one change with what was before and after; of a complex attribute each sub-attribute has one.
/// A multi-valued attribute has one change for each element that went (`before` alone) or came (`after` alone); an
/// element with another content is both.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The attribute in the schema's spelling, with URI for extensions: `name.givenName`.
    pub path: String,
    /// The value that went; `None` if there was none.
    pub before: Option<Value>,
    /// The value that came; `None` if none did.
    pub after: Option<Value>,
    /// Whether values are left out, or parts of them, because no response ever holds them (`returned: never`), such as
    /// `password`.
    pub concealed: bool,
}

/// The differences between two states of a resource in these attributes, each without sub-attribute.
pub(crate) fn changes(before: &Resource, after: &Resource, touched: &[AttrPath]) -> Vec<Change> {
    let mut changes = Vec::with_capacity(touched.len());
    for path in touched {
        compare(path, before.attribute(path), after.attribute(path), &mut |difference| {
            changes.push(difference.told(path));
            true
        });
    }
    changes
}

/// Whether an attribute's value is another one now.
pub(crate) fn is_changed(path: &AttrPath, before: Option<&Value>, after: Option<&Value>) -> bool {
    let mut found = false;
    compare(path, before, after, &mut |_| {
        found = true;
        false
    });
    found
}

/// A change while nobody has a copy of its values.
struct Difference<'v> {
    sub: Option<&'v Attribute>,
    before: Option<&'v Value>,
    after: Option<&'v Value>,
    concealed: bool,
}

impl Difference<'_> {
    fn told(&self, path: &AttrPath) -> Change {
        let (before, after) = (self.before.cloned(), self.after.cloned());
        let mut change = Change { path: text(path, self.sub), before, after, concealed: self.concealed };
        if self.sub.is_none() {
            conceal(path.attribute(), &mut change);
        }
        change
    }
}

/// Hands over one difference after the other until `next` wants no more.
fn compare<'v>(
    path: &'v AttrPath,
    before: Option<&'v Value>,
    after: Option<&'v Value>,
    next: &mut impl FnMut(Difference<'v>) -> bool,
) {
    let attribute = path.attribute();
    if path.is_never_returned() {
        if before != after {
            next(Difference { sub: None, before: None, after: None, concealed: true });
        }
    } else if attribute.multi_valued {
        compare_elements(None, elements(before), elements(after), next);
    } else if attribute.is_complex() {
        for sub in &attribute.sub_attributes {
            if !compare_sub(sub, before, after, next) {
                return;
            }
        }
    } else if before != after {
        next(Difference { sub: None, before, after, concealed: false });
    }
}

fn compare_sub<'v>(
    sub: &'v Attribute,
    before: Option<&'v Value>,
    after: Option<&'v Value>,
    next: &mut impl FnMut(Difference<'v>) -> bool,
) -> bool {
    let [before, after] =
        [before, after].map(|value| member(value?, &sub.name).filter(|value| !is_unassigned(value)));
    if before == after {
        true
    } else if sub.returned == Returned::Never {
        next(Difference { sub: Some(sub), before: None, after: None, concealed: true })
    } else if sub.multi_valued {
        compare_elements(Some(sub), elements(before), elements(after), next)
    } else {
        next(Difference { sub: Some(sub), before, after, concealed: false })
    }
}

/// The difference of two sets; their order means nothing (RFC 7643 2.4).
fn compare_elements<'v>(
    sub: Option<&'v Attribute>,
    before: &'v [Value],
    after: &'v [Value],
    next: &mut impl FnMut(Difference<'v>) -> bool,
) -> bool {
    let (before, after) = differing(before, after);
    let mut went = |element| next(Difference { sub, before: Some(element), after: None, concealed: false });
    if after.is_empty() || before.len() == 1 && after.len() == 1 {
        if !before.iter().all(&mut went) {
            return false;
        }
    } else if !without(before, after).into_iter().all(went) {
        return false;
    }
    let mut came = |element| next(Difference { sub, before: None, after: Some(element), concealed: false });
    if before.is_empty() || before.len() == 1 && after.len() == 1 {
        after.iter().all(&mut came)
    } else {
        without(after, before).into_iter().all(came)
    }
}

/// Those of the elements that the others lack; what is there several times must be there as often.
fn without<'v>(elements: &'v [Value], others: &[Value]) -> Vec<&'v Value> {
    if elements.len().saturating_mul(others.len()) > MOST_COMPARISONS {
        return without_many(elements, others);
    }
    let mut left: Vec<&Value> = others.iter().collect();
    let lacks = |element: &&Value| match left.iter().position(|other| other == element) {
        Some(found) => {
            left.swap_remove(found);
            false
        }
        None => true,
    };
    elements.iter().filter(lacks).collect()
}

/// The same by hashing.
fn without_many<'v>(elements: &'v [Value], others: &[Value]) -> Vec<&'v Value> {
    let mut left: HashMap<&Value, usize> = HashMap::with_capacity(others.len());
    for other in others {
        let count = left.entry(other).or_default();
        *count = count.saturating_add(1);
    }
    let lacks = |element: &&'v Value| match left.get_mut(element) {
        Some(count) if *count > 0 => {
            *count = count.saturating_sub(1);
            false
        }
        _ => true,
    };
    elements.iter().filter(lacks).collect()
}

/// Both without what they begin and end with alike: of 100,000 elements mostly one differs.
fn differing<'v>(before: &'v [Value], after: &'v [Value]) -> (&'v [Value], &'v [Value]) {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before, after) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let keep = |values: &'v [Value]| values.get(..values.len().saturating_sub(end)).unwrap_or_default();
    (keep(before), keep(after))
}

/// Takes what is never returned out of an element that came or went.
fn conceal(attribute: &Attribute, change: &mut Change) {
    for hidden in attribute.sub_attributes.iter().filter(|sub| sub.returned == Returned::Never) {
        for value in [&mut change.before, &mut change.after].into_iter().flatten() {
            if let Value::Object(fields) = value {
                change.concealed |= fields.shift_remove(&hidden.name).is_some();
            }
        }
    }
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// The path's attribute with a sub-attribute, as `Display` has it: written often enough to do without `format!`.
fn text(path: &AttrPath, sub: Option<&Attribute>) -> String {
    let parts = [
        path.extension().map(|urn| (urn, ":")),
        Some((path.attribute().name.as_str(), if sub.is_some() { "." } else { "" })),
        sub.map(|sub| (sub.name.as_str(), "")),
    ];
    let length = parts.iter().flatten().map(|(name, sign)| name.len().saturating_add(sign.len())).sum();
    let mut text = String::with_capacity(length);
    for (name, sign) in parts.into_iter().flatten() {
        text.push_str(name);
        text.push_str(sign);
    }
    text
}

/// Elements on both sides, multiplied, up to which comparing each with each costs less than hashing.
const MOST_COMPARISONS: usize = 64;
