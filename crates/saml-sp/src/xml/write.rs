//! Writing elements that are in exclusive canonical form from the start.

use std::collections::BTreeMap;

use super::{XML_NS, is_ncname};

/// An element to be written.
///
/// ```text
/// let text = XmlElement::new("samlp", PROTOCOL_NS, "AuthnRequest")
///     .attr("ID", id)
///     .child(XmlElement::new("saml", ASSERTION_NS, "Issuer").text(issuer))
///     .to_xml();
/// ```
/// Namespaces are declared where they are first needed, attributes are sorted, and everything is escaped, so that
/// the text is its own exclusive canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct XmlElement {
    prefix: &'static str,
    namespace: &'static str,
    local: &'static str,
    /// By namespace and local name, which is the canonical order.
    attributes: BTreeMap<(&'static str, &'static str), (&'static str, String)>,
    children: Vec<XmlNode>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum XmlNode {
    Element(XmlElement),
    Text(String),
}

impl XmlElement {
    /// An empty element. Names and namespaces are ours, never input.
    pub(crate) fn new(prefix: &'static str, namespace: &'static str, local: &'static str) -> Self {
        debug_assert!(prefix.is_empty() || is_ncname(prefix));
        debug_assert!(is_ncname(local));
        Self { prefix, namespace, local, attributes: BTreeMap::new(), children: Vec::new() }
    }

    /// Adds an attribute without namespace; a later one of the same name replaces it.
    #[must_use]
    pub(crate) fn attr(mut self, local: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(("", local), ("", value.into()));
        self
    }

    /// Adds an attribute if there is a value.
    #[must_use]
    pub(crate) fn attr_opt(self, local: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attr(local, value),
            None => self,
        }
    }

    /// Adds an attribute in a namespace, such as `xml:lang` or `xsi:type`.
    #[must_use]
    pub(crate) fn attr_ns(
        mut self,
        prefix: &'static str,
        namespace: &'static str,
        local: &'static str,
        value: impl Into<String>,
    ) -> Self {
        self.attributes.insert((namespace, local), (prefix, value.into()));
        self
    }

    /// Adds text. Characters that XML cannot hold are left out.
    #[must_use]
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(XmlNode::Text(text.into()));
        self
    }

    /// Adds a child.
    #[must_use]
    pub(crate) fn child(mut self, child: XmlElement) -> Self {
        self.children.push(XmlNode::Element(child));
        self
    }

    /// Adds a child if there is one.
    #[must_use]
    pub(crate) fn child_opt(self, child: Option<XmlElement>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    /// Adds children.
    #[must_use]
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = XmlElement>) -> Self {
        self.children.extend(children.into_iter().map(XmlNode::Element));
        self
    }

    /// The text, without an XML declaration.
    pub(crate) fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut Vec::new(), &mut out);
        out
    }

    // Depth is that of our own messages, never driven by input.
    fn write(&self, scope: &mut Vec<(&'static str, &'static str)>, out: &mut String) {
        let before = scope.len();
        let mut needed = BTreeMap::from([(self.prefix, self.namespace)]);
        needed.extend(
            self.attributes
                .iter()
                .filter(|((namespace, _), _)| !namespace.is_empty() && *namespace != XML_NS)
                .map(|((namespace, _), (prefix, _))| (*prefix, *namespace)),
        );
        out.push('<');
        write_name(self.prefix, self.local, out);
        for (prefix, namespace) in needed {
            let known = scope.iter().rev().find(|(known, _)| *known == prefix).map_or("", |(_, uri)| *uri);
            if known != namespace {
                scope.push((prefix, namespace));
                out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
                out.push_str(prefix);
                out.push_str("=\"");
                escape_attribute(namespace, out);
                out.push('"');
            }
        }
        for ((_, local), (prefix, value)) in &self.attributes {
            out.push(' ');
            write_name(prefix, local, out);
            out.push_str("=\"");
            escape_attribute(value, out);
            out.push('"');
        }
        out.push('>');
        for child in &self.children {
            match child {
                XmlNode::Element(element) => element.write(scope, out),
                XmlNode::Text(text) => escape_text(text, out),
            }
        }
        out.push_str("</");
        write_name(self.prefix, self.local, out);
        out.push('>');
        scope.truncate(before);
    }
}

fn write_name(prefix: &str, local: &str, out: &mut String) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}

/// Escapes as canonical XML does (2.3), in text.
fn escape_text(text: &str, out: &mut String) {
    for character in text.chars().filter(|character| super::names::is_xml_character(*character)) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

/// Escapes as canonical XML does (2.3), in an attribute value.
fn escape_attribute(text: &str, out: &mut String) {
    for character in text.chars().filter(|character| super::names::is_xml_character(*character)) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}
