//! Canonical XML: one subtree to the bytes that everyone agrees on.
//!
//! Exclusive 1.0, inclusive 1.0 and 1.1, of an element with everything in it, without one subtree (the enveloped
//! Signature). The walk is over the arena in document order, with a stack of what is open.

use memchr::memchr3;

use super::tree::{Attribute, Declaration, Element, NodeKind, index};
use super::{Document, XML_NS};
use crate::dsig::Canonicalization;

/// What to canonicalize and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct C14n<'a> {
    /// The algorithm.
    pub(crate) algorithm: Canonicalization,
    /// Whether comments are kept, if the algorithm keeps them; a reference by ID never selects them.
    pub(crate) comments: bool,
    /// Prefixes that exclusive canonicalization treats as the inclusive one does; `#default` is the default namespace.
    pub(crate) inclusive_prefixes: &'a [&'a str],
}

/// There is no canonical form: an `xml:base` around the element would have to be merged (C14N 1.1 section 2.4), which
/// no message of SAML needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct C14nError;

/// Writes the canonical form of an element, optionally without one subtree in it (the enveloped Signature).
pub(crate) fn canonicalize(
    element: Element<'_>,
    without: Option<Element<'_>>,
    c14n: &C14n<'_>,
    out: &mut Vec<u8>,
) -> Result<(), C14nError> {
    let (from, end) = element.node_range();
    let skip = without.map(Element::node_range);
    let comments = c14n.comments && c14n.algorithm.keeps_comments();
    let inherited = inherited_attributes(element, c14n.algorithm)?;
    let mut writer = Writer { c14n, out, rendered: Vec::new(), sorted: Vec::new(), needed: Vec::new() };
    let document = element.document();
    let mut open: Vec<(Element<'_>, u32, usize)> = Vec::new();
    let mut at = from;
    while at < end {
        writer.close(&mut open, at);
        if let Some((first, after)) = skip
            && first == at
        {
            at = after;
            continue;
        }
        let Some(node) = document.nodes.get(index(at)) else { break };
        match &node.kind {
            NodeKind::Element(number) => {
                let current = document.element(*number);
                let rendered = writer.rendered.len();
                let apex = at == from;
                writer.start_tag(document, current, apex, if apex { &inherited } else { &[] });
                open.push((current, node.end, rendered));
            }
            NodeKind::Text(text) => escape_text(text, writer.out),
            NodeKind::Character(character) => escape_character(*character, writer.out),
            NodeKind::Comment(text) if comments => {
                writer.out.extend_from_slice(b"<!--");
                // A carriage return cannot be in it: the reader has normalised line ends.
                writer.out.extend_from_slice(text.as_bytes());
                writer.out.extend_from_slice(b"-->");
            }
            NodeKind::Comment(_) => {}
        }
        at = at.saturating_add(1);
    }
    writer.close(&mut open, end);
    Ok(())
}

struct Writer<'a, 'd> {
    c14n: &'a C14n<'a>,
    out: &'a mut Vec<u8>,
    /// The declarations that are written around the place where we are, innermost last.
    rendered: Vec<Declaration<'d>>,
    sorted: Vec<&'d Attribute<'d>>,
    needed: Vec<Declaration<'d>>,
}

impl<'d> Writer<'_, 'd> {
    fn close(&mut self, open: &mut Vec<(Element<'d>, u32, usize)>, at: u32) {
        while let Some((element, _, rendered)) = open.pop_if(|(_, end, _)| *end <= at) {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(element.qualified_name().as_bytes());
            self.out.push(b'>');
            self.rendered.truncate(rendered);
        }
    }

    fn start_tag(
        &mut self,
        document: &'d Document<'d>,
        element: Element<'d>,
        apex: bool,
        inherited: &[&'d Attribute<'d>],
    ) {
        let data = element.data();
        self.out.push(b'<');
        self.out.extend_from_slice(data.name.as_bytes());

        self.needed.clear();
        let (from, to) = data.declarations;
        let own = document.declarations.get(index(from)..index(to)).unwrap_or_default();
        if self.c14n.algorithm.is_exclusive() {
            self.need(data.prefix, data.namespace);
            for attribute in element.attributes() {
                if !attribute.prefix.is_empty() {
                    self.need(attribute.prefix, attribute.namespace);
                }
            }
            let prefixes = self.c14n.inclusive_prefixes;
            let listed = |prefix: &str| {
                let name = if prefix.is_empty() { "#default" } else { prefix };
                prefixes.contains(&name)
            };
            if !prefixes.is_empty() {
                self.need_all(element, own, apex, listed);
            }
        } else {
            self.need_all(element, own, apex, |_| true);
        }
        self.needed.sort_unstable_by_key(|declaration| declaration.prefix);
        for declaration in self.needed.drain(..) {
            self.out.extend_from_slice(if declaration.prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(declaration.prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
            // The reader takes no namespace with a character that would have to be escaped.
            self.out.extend_from_slice(declaration.uri.as_bytes());
            self.out.push(b'"');
            self.rendered.push(declaration);
        }

        self.sorted.clear();
        self.sorted.extend(element.attributes());
        self.sorted.extend(inherited);
        self.sorted.sort_unstable_by_key(|attribute| (attribute.namespace, attribute.local));
        for attribute in &self.sorted {
            self.out.push(b' ');
            self.out.extend_from_slice(attribute.name.as_bytes());
            self.out.extend_from_slice(b"=\"");
            escape_attribute(&attribute.value, self.out);
            self.out.push(b'"');
        }
        self.out.push(b'>');
    }

    /// All namespaces in scope at the apex, the own declarations further down.
    fn need_all(
        &mut self,
        element: Element<'d>,
        own: &[Declaration<'d>],
        apex: bool,
        listed: impl Fn(&str) -> bool,
    ) {
        if apex {
            for declaration in element.namespaces_in_scope() {
                if listed(declaration.prefix) {
                    self.need(declaration.prefix, declaration.uri);
                }
            }
        } else {
            for declaration in own {
                if listed(declaration.prefix) {
                    self.need(declaration.prefix, declaration.uri);
                }
            }
        }
    }

    /// Notes a declaration to be written, unless it is already written around here or noted.
    fn need(&mut self, prefix: &'d str, uri: &'d str) {
        let known =
            self.rendered.iter().rev().find(|known| known.prefix == prefix).map_or("", |known| known.uri);
        if known == uri || prefix == "xml" || self.needed.iter().any(|noted| noted.prefix == prefix) {
            return;
        }
        self.needed.push(Declaration { prefix, uri });
    }
}

/// The `xml:` attributes that inclusive canonicalization takes from the ancestors of the apex.
fn inherited_attributes<'d>(
    element: Element<'d>,
    algorithm: Canonicalization,
) -> Result<Vec<&'d Attribute<'d>>, C14nError> {
    let mut found: Vec<&'d Attribute<'d>> = Vec::new();
    let version_11 = match algorithm {
        Canonicalization::Exclusive | Canonicalization::ExclusiveWithComments => return Ok(found),
        Canonicalization::Inclusive | Canonicalization::InclusiveWithComments => false,
        Canonicalization::Inclusive11 | Canonicalization::Inclusive11WithComments => true,
    };
    for ancestor in element.ancestors_and_self().skip(1) {
        for attribute in ancestor.attributes().iter().filter(|attribute| attribute.namespace == XML_NS) {
            // C14N 1.1 section 2.4: lang and space are inherited, base is merged, id and all others stay where they are.
            match attribute.local {
                "base" if version_11 => return Err(C14nError),
                "lang" | "space" => {}
                _ if version_11 => continue,
                _ => {}
            }
            let known = |other: &&Attribute<'_>| other.namespace == XML_NS && other.local == attribute.local;
            if !element.attributes().iter().any(|own| known(&own)) && !found.iter().any(known) {
                found.push(attribute);
            }
        }
    }
    Ok(found)
}

/// What stands in an attribute (2.3).
fn escape_attribute(value: &str, out: &mut Vec<u8>) {
    let mut rest = value.as_bytes();
    loop {
        let plain = plain_length(rest, |byte| {
            u8::from(byte == b'&')
                | u8::from(byte == b'<')
                | u8::from(byte == b'"')
                | u8::from(byte == b'\t')
                | u8::from(byte == b'\n')
                | u8::from(byte == b'\r')
        });
        let (plain, special) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { return };
        out.extend_from_slice(match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'"' => b"&quot;",
            b'\t' => b"&#x9;",
            b'\n' => b"&#xA;",
            _ => b"&#xD;",
        });
        rest = after;
    }
}

/// What stands between tags (2.3). The reader has normalised line ends, so a carriage return comes as a character alone.
fn escape_text(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr3(b'&', b'<', b'>', rest) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { return };
        out.extend_from_slice(match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            _ => b"&gt;",
        });
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// What the document wrote as a reference (2.3).
fn escape_character(character: char, out: &mut Vec<u8>) {
    match character {
        '&' => out.extend_from_slice(b"&amp;"),
        '<' => out.extend_from_slice(b"&lt;"),
        '>' => out.extend_from_slice(b"&gt;"),
        '\r' => out.extend_from_slice(b"&#xD;"),
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// How many bytes come before the first special one. Blocks without one are passed over many bytes at a time.
fn plain_length(bytes: &[u8], special: impl Fn(u8) -> u8) -> usize {
    let mut passed = 0_usize;
    for block in bytes.chunks(32) {
        if block.iter().fold(0, |found, byte| found | special(*byte)) != 0 {
            let place = block.iter().position(|byte| special(*byte) != 0);
            return passed.saturating_add(place.unwrap_or(block.len()));
        }
        passed = passed.saturating_add(block.len());
    }
    passed
}
