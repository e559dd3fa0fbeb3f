//! The tree: one arena in document order, borrowed from the input wherever the input says it plainly.

use std::borrow::Cow;

use super::XmlError;
use crate::limits::Limits;

/// A document that the strict reader accepted.
///
/// Nodes lie in document order, so a subtree is a range and walking it needs neither recursion nor a queue.
#[derive(Debug)]
pub(crate) struct Document<'i> {
    pub(super) source: &'i str,
    pub(super) nodes: Vec<Node<'i>>,
    pub(super) elements: Vec<ElementData<'i>>,
    pub(super) attributes: Vec<Attribute<'i>>,
    pub(super) declarations: Vec<Declaration<'i>>,
    /// Sorted by ID.
    pub(super) ids: Vec<(Cow<'i, str>, u32)>,
    /// The node of the root element; comments may stand before it.
    pub(super) root: u32,
}

#[derive(Debug)]
pub(super) struct Node<'i> {
    /// The node of the parent element, `NONE` beside the root.
    pub(super) parent: u32,
    /// The node after this subtree.
    pub(super) end: u32,
    pub(super) kind: NodeKind<'i>,
}

#[derive(Debug)]
pub(super) enum NodeKind<'i> {
    Element(u32),
    Text(Cow<'i, str>),
    /// Text that stood in the document as a reference.
    Character(char),
    Comment(Cow<'i, str>),
}

#[derive(Debug)]
pub(super) struct ElementData<'i> {
    pub(super) node: u32,
    pub(super) name: &'i str,
    pub(super) prefix: &'i str,
    pub(super) local: &'i str,
    pub(super) namespace: &'i str,
    pub(super) attributes: (u32, u32),
    pub(super) declarations: (u32, u32),
    /// Where the element stands in `source`, from `<` to after the last `>`.
    pub(super) span: (u32, u32),
    /// Where the content starts: after the `>` of the start tag.
    pub(super) content: u32,
}

/// One attribute that is not a namespace declaration.
#[derive(Debug)]
pub(crate) struct Attribute<'i> {
    pub(super) name: &'i str,
    pub(super) prefix: &'i str,
    pub(super) local: &'i str,
    pub(super) namespace: &'i str,
    pub(super) value: Cow<'i, str>,
}

/// One namespace declaration; the default namespace has the prefix `""`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declaration<'i> {
    /// The prefix, without `xmlns:`.
    pub(crate) prefix: &'i str,
    /// The namespace; empty if a default namespace is undone.
    pub(crate) uri: &'i str,
}

impl<'i> Document<'i> {
    /// Reads a document.
    pub(crate) fn parse(bytes: &'i [u8], limits: &Limits) -> Result<Self, XmlError> {
        super::reader::read(bytes, limits)
    }

    /// Refuses a document of which only the start is there, if that alone crosses a limit. What it lets pass is yet to be
    /// read.
    pub(crate) fn probe(start: &[u8], limits: &Limits) -> Result<(), XmlError> {
        super::reader::probe(start, limits)
    }

    /// The document's text as it was read, without a byte order mark.
    pub(crate) fn source(&self) -> &'i str {
        self.source
    }

    /// The root element.
    pub(crate) fn root(&self) -> Element<'_> {
        match self.nodes.get(index(self.root)).map(|node| &node.kind) {
            Some(NodeKind::Element(element)) => self.element(*element),
            // The reader makes no document without a root.
            _ => self.element(0),
        }
    }

    /// The element whose `ID`, `Id`, `id`, `AssertionID` or `xml:id` is this. IDs are unique (XML-07).
    pub(crate) fn element_by_id(&self, id: &str) -> Option<Element<'_>> {
        let found = self.ids.binary_search_by(|(known, _)| known.as_ref().cmp(id)).ok()?;
        self.ids.get(found).map(|(_, element)| self.element(*element))
    }

    /// All elements in document order.
    #[cfg(test)]
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        (0..self.elements.len())
            .filter_map(|element| u32::try_from(element).ok())
            .map(|element| self.element(element))
    }

    pub(super) fn element(&self, element: u32) -> Element<'_> {
        Element { document: self, element }
    }
}

/// An element of a document: a handle, free to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'d> {
    document: &'d Document<'d>,
    element: u32,
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(
            std::ptr::from_ref(self.document).cast::<u8>(),
            std::ptr::from_ref(other.document).cast(),
        ) && self.element == other.element
    }
}

impl Eq for Element<'_> {}

impl<'d> Element<'d> {
    /// The document that the element belongs to.
    pub(crate) fn document(self) -> &'d Document<'d> {
        self.document
    }

    /// The namespace, empty if none.
    pub(crate) fn namespace(self) -> &'d str {
        self.data().namespace
    }

    /// The name without prefix.
    pub(crate) fn local_name(self) -> &'d str {
        self.data().local
    }

    /// The name as written, with prefix.
    pub(crate) fn qualified_name(self) -> &'d str {
        self.data().name
    }

    /// Whether this is the element with this expanded name.
    pub(crate) fn is(self, namespace: &str, local: &str) -> bool {
        let data = self.data();
        data.local == local && data.namespace == namespace
    }

    /// The value of an attribute without namespace.
    pub(crate) fn attribute(self, local: &str) -> Option<&'d str> {
        self.attribute_ns("", local)
    }

    /// The value of an attribute with this expanded name.
    pub(crate) fn attribute_ns(self, namespace: &str, local: &str) -> Option<&'d str> {
        self.attributes()
            .iter()
            .find(|attribute| attribute.local == local && attribute.namespace == namespace)
            .map(|attribute| attribute.value.as_ref())
    }

    /// All attributes in document order, namespace declarations left out.
    pub(crate) fn attributes(self) -> &'d [Attribute<'d>] {
        let (from, to) = self.data().attributes;
        self.document.attributes.get(index(from)..index(to)).unwrap_or_default()
    }

    /// The namespace declarations made on this element.
    pub(crate) fn declarations(self) -> &'d [Declaration<'d>] {
        let (from, to) = self.data().declarations;
        self.document.declarations.get(index(from)..index(to)).unwrap_or_default()
    }

    /// Every namespace in scope here, the nearest declaration of each prefix; what is undone is left out, and so is
    /// `xml`.
    pub(crate) fn namespaces_in_scope(self) -> Vec<Declaration<'d>> {
        let mut found: Vec<Declaration<'d>> = Vec::new();
        for element in self.ancestors_and_self() {
            for declaration in element.declarations() {
                if !found.iter().any(|known| known.prefix == declaration.prefix) {
                    found.push(*declaration);
                }
            }
        }
        found.retain(|declaration| !declaration.uri.is_empty());
        found
    }

    /// The element around this one.
    pub(crate) fn parent(self) -> Option<Element<'d>> {
        let parent = self.document.nodes.get(index(self.data().node))?.parent;
        self.document.element_of_node(parent)
    }

    /// The elements directly inside.
    pub(crate) fn children(self) -> Children<'d> {
        let (from, to) = self.inside();
        Children { document: self.document, next: from, end: to }
    }

    /// The first child with this expanded name.
    pub(crate) fn child(self, namespace: &str, local: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.is(namespace, local))
    }

    /// The children with this expanded name.
    pub(crate) fn children_named<'n>(
        self,
        namespace: &'n str,
        local: &'n str,
    ) -> impl Iterator<Item = Element<'d>> + use<'d, 'n> {
        self.children().filter(move |child| child.is(namespace, local))
    }

    /// All text directly inside, joined; comments are skipped, CDATA and references count as text (XML-06).
    pub(crate) fn text(self) -> Cow<'d, str> {
        let mut joined = Cow::Borrowed("");
        let (mut at, end) = self.inside();
        while at < end {
            let Some(node) = self.document.nodes.get(index(at)) else { break };
            match &node.kind {
                NodeKind::Text(text) if joined.is_empty() => joined = Cow::Borrowed(text.as_ref()),
                NodeKind::Text(text) => joined.to_mut().push_str(text),
                NodeKind::Character(character) => joined.to_mut().push(*character),
                NodeKind::Element(_) | NodeKind::Comment(_) => {}
            }
            at = node.end;
        }
        joined
    }

    /// Whether nothing but text and comments is inside.
    pub(crate) fn has_only_text(self) -> bool {
        self.children().next().is_none()
    }

    /// Whether there is text other than white space beside the children.
    pub(crate) fn has_mixed_content(self) -> bool {
        !self.text().bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Whether a comment stands anywhere inside.
    pub(crate) fn contains_comment(self) -> bool {
        let (from, to) = self.inside();
        self.document
            .nodes
            .get(index(from)..index(to))
            .is_some_and(|nodes| nodes.iter().any(|node| matches!(node.kind, NodeKind::Comment(_))))
    }

    /// This element and all elements inside it, in document order.
    pub(crate) fn descendants_and_self(self) -> impl Iterator<Item = Element<'d>> {
        let document = self.document;
        let (_, end) = self.node_range();
        (self.element..)
            .map_while(move |element| document.elements.get(index(element)).map(|data| (element, data.node)))
            .take_while(move |(_, node)| *node < end)
            .map(move |(element, _)| document.element(element))
    }

    /// This element, its parent and so on up to the root.
    pub(crate) fn ancestors_and_self(self) -> impl Iterator<Item = Element<'d>> {
        std::iter::successors(Some(self), |element| element.parent())
    }

    /// The element as it stands in the source, from `<` to the last `>`.
    pub(crate) fn source(self) -> &'d str {
        let (from, to) = self.data().span;
        self.document.source.get(index(from)..index(to)).unwrap_or_default()
    }

    /// Where the element stands: bytes from the start of the source, first and after last.
    pub(crate) fn span(self) -> (usize, usize) {
        let (from, to) = self.data().span;
        (index(from), index(to))
    }

    /// How many elements come before this one in the document.
    #[cfg(any(test, feature = "xmlsec"))]
    pub(crate) fn ordinal(self) -> usize {
        index(self.element)
    }

    /// Where the start tag ends, as bytes from the start of the source.
    pub(crate) fn content_start(self) -> usize {
        index(self.data().content)
    }

    pub(super) fn data(self) -> &'d ElementData<'d> {
        // INVARIANT: handles are made by the document for elements that it holds, and it never shrinks.
        match self.document.elements.get(index(self.element)) {
            Some(data) => data,
            None => &NOTHING,
        }
    }

    /// The nodes of this subtree, itself included.
    pub(super) fn node_range(self) -> (u32, u32) {
        let node = self.data().node;
        (node, self.document.nodes.get(index(node)).map_or(node, |found| found.end))
    }

    fn inside(self) -> (u32, u32) {
        let (node, end) = self.node_range();
        (node.saturating_add(1), end)
    }
}

impl<'i> Document<'i> {
    pub(super) fn element_of_node(&self, node: u32) -> Option<Element<'_>> {
        match self.nodes.get(index(node))?.kind {
            NodeKind::Element(element) => Some(self.element(element)),
            _ => None,
        }
    }
}

/// The elements directly inside one element.
#[derive(Clone, Debug)]
pub(crate) struct Children<'d> {
    document: &'d Document<'d>,
    next: u32,
    end: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Element<'d>> {
        while self.next < self.end {
            let node = self.document.nodes.get(index(self.next))?;
            self.next = node.end;
            if let NodeKind::Element(element) = node.kind {
                return Some(self.document.element(element));
            }
        }
        None
    }
}

/// A `u32` as an index; no platform that this builds on has narrower ones.
#[expect(clippy::as_conversions, reason = "u32 to usize is lossless on all platforms that have OpenSSL")]
pub(super) const fn index(number: u32) -> usize {
    number as usize
}

/// No node.
pub(super) const NONE: u32 = u32::MAX;

static NOTHING: ElementData<'static> = ElementData {
    node: NONE,
    name: "",
    prefix: "",
    local: "",
    namespace: "",
    attributes: (0, 0),
    declarations: (0, 0),
    span: (0, 0),
    content: 0,
};
