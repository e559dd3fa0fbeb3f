//! A small tree of elements that writes itself in exclusive canonical form.
//!
//! Written apart from the code under test: a message that this file writes and signs is accepted only if both sides
//! understand canonical form alike.

/// An element that is still to be written.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: &'static str,
    /// Prefixes that are declared here whether a name uses them or not: a list of inclusive prefixes names them.
    declared: Vec<&'static str>,
    attributes: Vec<(&'static str, String)>,
    pub(super) children: Vec<Node>,
}

/// What an element holds.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Element(Element),
    /// Canonical text that is complete in itself: it declares every prefix that it uses.
    Raw(String),
    Text(String),
}

impl Element {
    /// An element by its name with one of the prefixes of this file: `saml:Assertion`.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, declared: Vec::new(), attributes: Vec::new(), children: Vec::new() }
    }

    /// Declares a prefix that stands in values alone.
    pub(super) fn declaring(mut self, prefix: &'static str) -> Self {
        self.declared.push(prefix);
        self
    }

    /// Sets an attribute; an earlier value of that name goes.
    pub(super) fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets an attribute if there is a value.
    pub(super) fn attribute_if(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    pub(super) fn child_if(self, child: Option<Self>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    pub(super) fn raw(mut self, raw: String) -> Self {
        self.children.push(Node::Raw(raw));
        self
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.into()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(known, _)| *known != name);
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The first child element of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// The first child element of that name, to be changed.
    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.children.iter_mut().find_map(|node| match node {
            Node::Element(element) if element.name == name => Some(element),
            _ => None,
        })
    }

    /// The element at the end of a path of names, to be changed.
    pub(super) fn at(&mut self, path: &[&str]) -> Option<&mut Self> {
        let mut element = self;
        for name in path {
            element = element.find_mut(name)?;
        }
        Some(element)
    }

    /// Takes the first child element of that name out.
    pub(super) fn take(&mut self, name: &str) -> Option<Self> {
        let place = self
            .children
            .iter()
            .position(|node| matches!(node, Node::Element(element) if element.name == name))?;
        match self.children.remove(place) {
            Node::Element(element) => Some(element),
            Node::Raw(_) | Node::Text(_) => None,
        }
    }

    /// Puts a child at a place; behind the others if there are fewer.
    pub(super) fn insert(&mut self, place: usize, child: Self) {
        let place = place.min(self.children.len());
        self.children.insert(place, Node::Element(child));
    }

    /// The element in exclusive canonical form, as a document of its own.
    pub(super) fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, &mut Vec::new());
        out
    }

    fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Raw(_) | Node::Text(_) => None,
        })
    }

    /// Exclusive Canonicalization 1.0, 3: a namespace is declared where its prefix is first used.
    fn write(&self, out: &mut String, in_scope: &mut Vec<&'static str>) {
        let before = in_scope.len();
        let names = std::iter::once(self.name).chain(self.attributes.iter().map(|(name, _)| *name));
        let mut fresh: Vec<&'static str> = names
            .filter_map(prefix)
            .chain(self.declared.iter().copied())
            .filter(|prefix| *prefix != "xml" && !in_scope.contains(prefix))
            .collect();
        fresh.sort_unstable();
        fresh.dedup();
        out.push('<');
        out.push_str(self.name);
        for prefix in &fresh {
            write_attribute(out, &format!("xmlns:{prefix}"), namespace(prefix));
        }
        let mut attributes: Vec<_> = self.attributes.iter().collect();
        // Canonical XML 1.0, 2.2: by namespace, then by local name; no namespace comes first.
        attributes.sort_by_key(|(name, _)| (prefix(name).map_or("", namespace), local(name)));
        for (name, value) in attributes {
            write_attribute(out, name, value);
        }
        out.push('>');
        in_scope.extend(fresh);
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(out, in_scope),
                Node::Raw(raw) => out.push_str(raw),
                Node::Text(text) => {
                    escape(out, text, &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('\r', "&#xD;")]);
                }
            }
        }
        in_scope.truncate(before);
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

fn prefix(name: &'static str) -> Option<&'static str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

fn local(name: &'static str) -> &'static str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

fn namespace(prefix: &str) -> &'static str {
    match prefix {
        "S" => crate::names::SOAP,
        "ecp" => crate::names::ECP,
        "paos" => crate::names::PAOS,
        "ds" => "http://www.w3.org/2000/09/xmldsig#",
        "md" => "urn:oasis:names:tc:SAML:2.0:metadata",
        "saml" => "urn:oasis:names:tc:SAML:2.0:assertion",
        "samlp" => "urn:oasis:names:tc:SAML:2.0:protocol",
        "ec" => "http://www.w3.org/2001/10/xml-exc-c14n#",
        "xenc" => "http://www.w3.org/2001/04/xmlenc#",
        "xml" => "http://www.w3.org/XML/1998/namespace",
        "xs" => "http://www.w3.org/2001/XMLSchema",
        "xsi" => "http://www.w3.org/2001/XMLSchema-instance",
        _ => "urn:example:other",
    }
}

fn write_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    let escapes =
        [('&', "&amp;"), ('<', "&lt;"), ('"', "&quot;"), ('\t', "&#x9;"), ('\n', "&#xA;"), ('\r', "&#xD;")];
    escape(out, value, &escapes);
    out.push('"');
}

fn escape(out: &mut String, text: &str, escapes: &[(char, &str)]) {
    for character in text.chars() {
        match escapes.iter().find(|(special, _)| *special == character) {
            Some((_, escaped)) => out.push_str(escaped),
            None => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Element;

    #[test]
    fn a_namespace_is_declared_where_it_is_first_used() {
        let element = Element::new("samlp:Response")
            .attribute("Version", "2.0")
            .attribute("ID", "_1\"<")
            .child(Element::new("saml:Issuer").text("a<b>&\r"))
            .child(Element::new("samlp:Status"));
        assert_eq!(
            element.canonical(),
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1&quot;&lt;\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">a&lt;b&gt;&amp;&#xD;</saml:Issuer>\
             <samlp:Status></samlp:Status></samlp:Response>"
        );
    }
}
