use std::sync::Arc;

use scim_schema::{AttrPath, Attribute, AttributeType, Resolved, ResourceType, parse_date_time};

use crate::bound::{BoundFilter, Check, ElementFilter, Node, Test};
use crate::key::{Operand, TextTest};
use crate::{BindError, Compare, CompareOp, Filter, Literal, UnresolvedPath, ValuePath};

/// How names and literals are resolved against a resource type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindOptions {
    /// What a name that the resource type does not have means.
    pub unknown_attributes: UnknownAttributes,
    /// Quirk of Entra: `"True"` and `"false"` in any case stand for booleans. Off by default;
    /// [`BoundFilter::used_string_booleans`] says whether it was needed.
    pub string_booleans: bool,
}

/// What a name that the resource type does not have means (F27).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownAttributes {
    /// An attribute that is never assigned. For queries at the server root, where RFC 7644 3.4.2.1 demands it: each
    /// resource type binds the same filter.
    NoValue,
    /// An error naming the attribute.
    #[default]
    Refuse,
}

impl Filter {
    /// Resolves names and literals against a resource type, once for any number of resources.
    ///
    /// # Errors
    /// [`BindError`] when a name, an operator or a literal does not fit the schemas.
    ///
    /// # Examples
    /// ```
    /// use scim_filter::{BindOptions, Filter, Limits};
    /// use scim_schema::{Resource, SchemaSet};
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::standard();
    /// let user = schemas.resource_type("User").unwrap();
    /// let filter = Filter::parse(r#"emails[type eq "work" and value ew "@example.com"]"#, &Limits::default())?;
    /// let filter = filter.bind(user, &BindOptions::default())?;
    ///
    /// let alice = json!({ "userName": "alice", "emails": [{ "type": "Work", "value": "alice@example.com" }] });
    /// let alice = Resource::from_map(alice.as_object().unwrap().clone(), user);
    /// assert!(filter.matches(&alice));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bind(
        &self,
        resource_type: &ResourceType,
        options: &BindOptions,
    ) -> Result<BoundFilter, BindError> {
        let mut binder =
            Binder { options, used_string_booleans: false, scope: Scope::Resource(resource_type) };
        let node = binder.node(self)?;
        Ok(BoundFilter::new(node, binder.used_string_booleans))
    }
}

impl ValuePath {
    /// Resolves the filter in the brackets for the elements of an attribute that is known already.
    ///
    /// # Errors
    /// [`BindError`] when a name, an operator or a literal does not fit the attribute.
    pub fn bind_elements(
        &self,
        attribute: &AttrPath,
        options: &BindOptions,
    ) -> Result<ElementFilter, BindError> {
        let mut binder = Binder { options, used_string_booleans: false, scope: Scope::element(attribute)? };
        let node = binder.node(self.filter())?;
        Ok(ElementFilter::new(attribute.without_sub(), node, binder.used_string_booleans))
    }
}

struct Binder<'a> {
    options: &'a BindOptions,
    used_string_booleans: bool,
    scope: Scope<'a>,
}

/// Where names are looked up.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResourceType),
    /// Sub-attributes of this attribute.
    Element(&'a AttrPath),
}

impl<'a> Scope<'a> {
    fn element(attribute: &'a AttrPath) -> Result<Scope<'a>, BindError> {
        let has_elements = attribute.attribute().is_complex() || attribute.attribute().multi_valued;
        if attribute.sub().is_some() || !has_elements {
            return Err(BindError::NoElements { path: attribute.to_string() });
        }
        Ok(Scope::Element(attribute))
    }

    fn resolve(self, path: &UnresolvedPath) -> Option<AttrPath> {
        match self {
            Scope::Resource(resource_type) => path.resolve_attribute(resource_type).ok(),
            Scope::Element(attribute) => {
                let name = path.name();
                if path.urn().is_some() || path.sub_name().is_some() {
                    None
                } else if attribute.attribute().is_complex() {
                    attribute.with_sub(name).ok()
                } else {
                    // A simple multi-valued attribute has elements without names: `value` is the element (P23).
                    name.eq_ignore_ascii_case("value").then(|| attribute.clone())
                }
            }
        }
    }
}

impl<'a> Binder<'a> {
    /// Bounded: the parser caps how deep filters nest.
    fn node(&mut self, filter: &Filter) -> Result<Node, BindError> {
        match filter {
            Filter::And(terms) => Ok(Node::And(self.nodes(terms)?)),
            Filter::Or(terms) => Ok(Node::Or(self.nodes(terms)?)),
            Filter::Not(term) => Ok(Node::Not(Box::new(self.node(term)?))),
            Filter::Compare(compare) => self.compare(compare),
            Filter::Present(path) => {
                if let Some(node) = self.extension_presence(path) {
                    return Ok(node);
                }
                Ok(match self.resolve(path)? {
                    Some(path) => Node::Test(Test { path, check: Check::Present }),
                    None => Node::Constant(false),
                })
            }
            Filter::ValuePath(value_path) => self.value_path(value_path),
        }
    }

    /// `urn:...:enterprise:2.0:User pr`: an extension is there if one of its attributes is.
    fn extension_presence(&self, path: &UnresolvedPath) -> Option<Node> {
        let Scope::Resource(resource_type) = self.scope else { return None };
        let Ok(Resolved::Extension(urn)) = path.resolve(resource_type) else { return None };
        let extension = resource_type.extension(&urn)?;
        let attributes = extension.schema().attributes();
        let presence = |attribute: &Arc<Attribute>| {
            let path = extension.path(&attribute.name)?;
            // F30: what is never returned makes nothing present.
            (!path.is_never_returned()).then_some(Node::Test(Test { path, check: Check::Present }))
        };
        let mut terms: Vec<Node> = attributes.iter().filter_map(presence).collect();
        let first = terms.pop();
        Some(match first {
            None => Node::Constant(false),
            Some(only) if terms.is_empty() => only,
            Some(last) => {
                terms.push(last);
                Node::Or(terms)
            }
        })
    }

    fn nodes(&mut self, terms: &[Filter]) -> Result<Vec<Node>, BindError> {
        terms.iter().map(|term| self.node(term)).collect()
    }

    fn value_path(&mut self, value_path: &ValuePath) -> Result<Node, BindError> {
        let Scope::Resource(_) = self.scope else {
            return Err(BindError::NoElements { path: value_path.path().to_string() });
        };
        let Some(attribute) = self.resolve(value_path.path())? else { return Ok(Node::Constant(false)) };
        let mut inner =
            Binder { options: self.options, used_string_booleans: false, scope: Scope::element(&attribute)? };
        let node = inner.node(value_path.filter())?;
        self.used_string_booleans |= inner.used_string_booleans;
        Ok(Node::Element { attribute, filter: Box::new(node) })
    }

    fn compare(&mut self, compare: &Compare) -> Result<Node, BindError> {
        let Some(path) = self.resolve(&compare.path)? else {
            return Ok(Node::Constant(match compare.op {
                CompareOp::Eq => compare.literal == Literal::Null,
                CompareOp::Ne => compare.literal != Literal::Null,
                _ => false,
            }));
        };
        if compare.literal == Literal::Null {
            // F19: null and absent are one state.
            let check = match compare.op {
                CompareOp::Eq => Check::Absent,
                CompareOp::Ne => Check::Present,
                op => return Err(BindError::NullOperand { path: path.to_string(), op }),
            };
            return Ok(Node::Test(Test { path, check }));
        }
        // F17: `emails co "x"` means `emails.value co "x"`.
        let path = match self.scope {
            Scope::Resource(_) => path.or_value(),
            Scope::Element(_) => path,
        };
        if path.is_never_returned() {
            return Err(BindError::NotFilterable { path: path.to_string() });
        }
        if path.target().is_complex() {
            return Err(BindError::ComplexAttribute { path: path.to_string() });
        }
        let operand = self.operand(&path, compare)?;
        Ok(Node::Test(Test { path, check: Check::Compare(operand) }))
    }

    fn resolve(&self, path: &UnresolvedPath) -> Result<Option<AttrPath>, BindError> {
        match self.scope.resolve(path) {
            Some(path) if path.is_never_returned() => {
                Err(BindError::NotFilterable { path: path.to_string() })
            }
            Some(path) => Ok(Some(path)),
            None if self.options.unknown_attributes == UnknownAttributes::NoValue => Ok(None),
            None => Err(BindError::UnknownAttribute {
                path: path.to_string(),
                within: match self.scope {
                    Scope::Resource(resource_type) => resource_type.name().to_owned(),
                    Scope::Element(attribute) => attribute.to_string(),
                },
            }),
        }
    }

    fn operand(&mut self, path: &AttrPath, compare: &Compare) -> Result<Operand, BindError> {
        let attribute = path.target();
        let op = compare.op;
        let is_supported = match op {
            CompareOp::Eq | CompareOp::Ne => true,
            // F25
            CompareOp::Co | CompareOp::Sw | CompareOp::Ew => {
                matches!(attribute.kind, AttributeType::String | AttributeType::Reference)
            }
            // F23
            CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le => {
                !matches!(attribute.kind, AttributeType::Boolean | AttributeType::Binary)
            }
        };
        if !is_supported {
            return Err(BindError::UnsupportedOperator { path: path.to_string(), op, kind: attribute.kind });
        }
        let operand = match (attribute.kind, &compare.literal) {
            (AttributeType::Boolean, Literal::Bool(value)) => Some(Operand::Bool(op, *value)),
            (AttributeType::Boolean, Literal::String(text)) if self.options.string_booleans => {
                let value = ["false", "true"].iter().position(|word| text.eq_ignore_ascii_case(word));
                self.used_string_booleans |= value.is_some();
                value.map(|index| Operand::Bool(op, index == 1))
            }
            (AttributeType::Decimal | AttributeType::Integer, Literal::Number(value)) => {
                scim_schema::Number::of(value).map(|number| Operand::Number {
                    op,
                    value: number,
                    literal: value.clone(),
                })
            }
            (AttributeType::DateTime, Literal::String(text)) => {
                parse_date_time(text).map(|value| Operand::Instant { op, value, literal: text.clone() })
            }
            (
                AttributeType::Binary | AttributeType::Reference | AttributeType::String,
                Literal::String(text),
            ) => Some(Operand::Text(TextTest::new(op, attribute, text))),
            _ => None,
        };
        operand.ok_or_else(|| BindError::LiteralType {
            path: path.to_string(),
            expected: attribute.kind,
            found: match compare.literal {
                Literal::Null => "null",
                Literal::Bool(_) => "a boolean",
                Literal::Number(_) => "a number",
                Literal::String(_) if attribute.kind == AttributeType::DateTime => {
                    "a string that is no dateTime"
                }
                Literal::String(_) => "a string",
            },
        })
    }
}

#[cfg(test)]
mod tests;
