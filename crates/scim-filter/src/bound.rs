use scim_schema::{AttrPath, Attribute, Resource, Returned};
use serde_json::{Map, Value};

use crate::CompareOp;
use crate::key::{Key, Operand};

/// A filter resolved against one resource type: nothing is looked up any more.
///
/// Made by [`Filter::bind`](crate::Filter::bind).
#[derive(Clone, Debug, PartialEq)]
pub struct BoundFilter {
    node: Node,
    used_string_booleans: bool,
}

impl BoundFilter {
    pub(crate) fn new(node: Node, used_string_booleans: bool) -> BoundFilter {
        BoundFilter { node, used_string_booleans }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Says whether the resource satisfies the filter.
    #[must_use]
    pub fn matches(&self, resource: &Resource) -> bool {
        self.node.holds(Subject::Resource(resource))
    }

    /// Says whether [`BindOptions::string_booleans`](crate::BindOptions::string_booleans) was needed.
    #[must_use]
    pub fn used_string_booleans(&self) -> bool {
        self.used_string_booleans
    }

    /// Returns the value that a unique attribute must have for the filter to hold, if the filter says so: then one
    /// index look-up finds the only candidate, and [`matches`](BoundFilter::matches) decides about the rest.
    #[must_use]
    pub fn equality_lookup(&self) -> Option<EqualityLookup<'_>> {
        let terms = match &self.node {
            Node::And(terms) => terms.as_slice(),
            node => std::slice::from_ref(node),
        };
        terms.iter().find_map(|term| match term {
            Node::Test(Test { path, check: Check::Compare(Operand::Text(text)) })
                if text.op() == CompareOp::Eq
                    && !path.is_multi_valued()
                    && path.target().uniqueness != scim_schema::Uniqueness::None =>
            {
                Some(EqualityLookup { path, key: text.key(), literal: text.literal() })
            }
            _ => None,
        })
    }
}

/// `attr eq "x"` on a unique attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EqualityLookup<'f> {
    /// The attribute.
    pub path: &'f AttrPath,
    /// The comparison key of the value.
    pub key: &'f str,
    /// The value as written.
    pub literal: &'f str,
}

/// The filter of a value path, resolved for the elements of one attribute.
///
/// Made by [`ValuePath::bind_elements`](crate::ValuePath::bind_elements) and [`PatchPath::bind`](crate::PatchPath::bind).
#[derive(Clone, Debug, PartialEq)]
pub struct ElementFilter {
    attribute: AttrPath,
    node: Node,
    used_string_booleans: bool,
}

impl ElementFilter {
    pub(crate) fn new(attribute: AttrPath, node: Node, used_string_booleans: bool) -> ElementFilter {
        ElementFilter { attribute, node, used_string_booleans }
    }

    /// Says whether one element of the attribute satisfies the filter.
    #[must_use]
    pub fn matches(&self, element: &Value) -> bool {
        self.node.holds(Subject::Element(element))
    }

    /// Returns the attribute whose elements are meant.
    #[must_use]
    pub fn attribute(&self) -> &AttrPath {
        &self.attribute
    }

    /// Says whether [`BindOptions::string_booleans`](crate::BindOptions::string_booleans) was needed.
    #[must_use]
    pub fn used_string_booleans(&self) -> bool {
        self.used_string_booleans
    }

    /// Returns the smallest element that satisfies the filter, if the filter is `sub eq value`, or several of them
    /// joined by `and` on different sub-attributes: what a PATCH `add` to an element that is not there creates.
    #[must_use]
    pub fn template(&self) -> Option<Value> {
        let terms = match &self.node {
            Node::And(terms) => terms.as_slice(),
            node => std::slice::from_ref(node),
        };
        let mut element = Map::new();
        for term in terms {
            let Node::Test(Test { path, check: Check::Compare(operand) }) = term else { return None };
            let value = operand.equal_value()?;
            let Some(sub) = path.sub() else {
                return if terms.len() == 1 { Some(value) } else { None };
            };
            let value = if sub.multi_valued { Value::Array(vec![value]) } else { value };
            if element.insert(sub.name.clone(), value).is_some() {
                return None;
            }
        }
        Some(Value::Object(element))
    }
}

/// One expression with its names resolved.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    And(Vec<Node>),
    /// What a comparison with an attribute that does not exist comes to.
    Constant(bool),
    /// One element of the attribute satisfies the filter.
    Element {
        attribute: AttrPath,
        filter: Box<Node>,
    },
    Not(Box<Node>),
    Or(Vec<Node>),
    Test(Test),
}

impl Node {
    /// Bounded: the parser caps how deep filters nest.
    fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Node::And(terms) => terms.iter().all(|term| term.holds(subject)),
            Node::Or(terms) => terms.iter().any(|term| term.holds(subject)),
            Node::Not(term) => !term.holds(subject),
            Node::Constant(value) => *value,
            Node::Element { attribute, filter } => match subject {
                Subject::Resource(resource) => resource
                    .elements(attribute)
                    .iter()
                    // F37: what no answer shows is no element.
                    .filter(|element| attribute.attribute().shows(element))
                    .any(|element| filter.holds(Subject::Element(element))),
                Subject::Element(_) => false,
            },
            Node::Test(test) => test.holds(subject),
        }
    }
}

/// What names are relative to.
#[derive(Clone, Copy)]
enum Subject<'r> {
    Element(&'r Value),
    Resource(&'r Resource),
}

/// A question about the values of one path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) path: AttrPath,
    pub(crate) check: Check,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    /// `eq null`
    Absent,
    Compare(Operand),
    /// `pr` and `ne null`
    Present,
}

impl Test {
    #[inline]
    fn holds(&self, subject: Subject<'_>) -> bool {
        if let (Subject::Resource(resource), Check::Compare(operand)) = (subject, &self.check)
            && self.is_plain(operand)
        {
            let value = member(resource.as_map(), &self.path.attribute().name);
            let key = value.and_then(|value| Key::of(self.path.attribute(), value));
            return key.is_some_and(|key| operand.holds(&key));
        }
        let elements = match subject {
            Subject::Resource(resource) => resource.elements(&self.path),
            Subject::Element(element) => std::slice::from_ref(element),
        };
        match &self.check {
            Check::Present => self.any(elements, is_present),
            Check::Absent => !self.any(elements, is_present),
            Check::Compare(operand) if operand.op() == CompareOp::Ne => {
                // F19, F21: no value at all differs from every literal.
                let mut assigned = false;
                self.any(elements, |attribute, value| match Key::of(attribute, value) {
                    Some(key) => {
                        assigned = true;
                        operand.holds(&key)
                    }
                    None => false,
                }) || !assigned
            }
            Check::Compare(operand) => self.any(elements, |attribute, value| {
                Key::of(attribute, value).is_some_and(|key| operand.holds(&key))
            }),
        }
    }

    /// Whether the path has one value at most, directly in the resource, and absence is no match: `userName eq "x"`.
    #[inline]
    fn is_plain(&self, operand: &Operand) -> bool {
        let path = &self.path;
        path.sub().is_none()
            && path.extension().is_none()
            && !path.attribute().multi_valued
            && operand.op() != CompareOp::Ne
    }

    /// Whether any value of the path satisfies `check`; `elements` are those of the path's attribute.
    fn any(&self, elements: &[Value], mut check: impl FnMut(&Attribute, &Value) -> bool) -> bool {
        match self.path.sub() {
            None => elements.iter().any(|value| check(self.path.attribute(), value)),
            Some(sub) => elements.iter().any(|element| {
                match element.as_object().and_then(|fields| member(fields, &sub.name)) {
                    None => false,
                    Some(Value::Array(values)) => values.iter().any(|value| check(sub, value)),
                    Some(value) => check(sub, value),
                }
            }),
        }
    }
}

/// Finds a member of an object; in a small one by looking, which costs less than hashing the name.
#[inline]
fn member<'r>(fields: &'r Map<String, Value>, name: &str) -> Option<&'r Value> {
    if fields.len() > 16 {
        return fields.get(name);
    }
    fields.iter().find_map(|(key, value)| (key == name).then_some(value))
}

/// F18: `""` and `[]` are not present, `false` and `0` are; a complex value is if one of its sub-attributes is.
fn is_present(attribute: &Attribute, value: &Value) -> bool {
    if !attribute.is_complex() {
        return Key::of(attribute, value).is_some_and(|key| !matches!(key, Key::Text("")));
    }
    let visible = attribute.sub_attributes.iter().filter(|sub| sub.returned != Returned::Never);
    visible.into_iter().any(|sub| match value.get(sub.name.as_str()) {
        None => false,
        Some(Value::Array(values)) => values.iter().any(|value| is_simple_present(sub, value)),
        Some(value) => is_simple_present(sub, value),
    })
}

/// Complex attributes do not nest (RFC 7643 2.3.8), except in the Schema resource, which nobody filters.
fn is_simple_present(attribute: &Attribute, value: &Value) -> bool {
    Key::of(attribute, value).is_some_and(|key| !matches!(key, Key::Text("")))
}
