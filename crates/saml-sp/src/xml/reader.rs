//! The strict reader: quick-xml finds the tags, everything that makes XML XML is checked here.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as QuickError, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use super::attributes::{Scanner, resolve_reference};
use super::error::shown;
use super::names::{is_plain_namespace, is_xml_character, split_qname};
use super::tree::{Attribute, Declaration, Document, ElementData, NONE, Node, NodeKind, index};
use super::{XML_NS, XMLNS_NS, XmlError, XmlErrorKind, is_ncname};
use crate::limits::Limits;

/// Reads a document.
pub(super) fn read<'i>(bytes: &'i [u8], limits: &Limits) -> Result<Document<'i>, XmlError> {
    let limit = limits.message_bytes.min(index(NONE >> 1));
    if bytes.len() > limit {
        return Err(XmlError::new(XmlErrorKind::TooManyBytes { limit, found: bytes.len() }, 0));
    }
    let (bytes, offset) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, 3),
        None => (bytes, 0),
    };
    let at = |error: XmlError| XmlError::new(error.kind().clone(), error.position().saturating_add(offset));
    let source = std::str::from_utf8(bytes)
        .map_err(|error| at(XmlError::new(XmlErrorKind::NotUtf8, error.valid_up_to())))?;
    let features = screen_characters(source).map_err(at)?;
    Builder::new(source, features, limits).run().map_err(at)
}

/// Reads the start of a document as far as it goes, and refuses it for crossing a limit, and for nothing else.
pub(super) fn probe(start: &[u8], limits: &Limits) -> Result<(), XmlError> {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let whole = std::str::from_utf8(start).map_or_else(|error| error.valid_up_to(), str::len);
    let source = start.get(..whole).and_then(|start| std::str::from_utf8(start).ok()).unwrap_or_default();
    let mut builder = Builder::new(source, Features { carriage_return: true, cdata_end: true }, limits);
    match builder.events() {
        Ok(()) => Ok(()),
        Err(error) if error.kind().is_limit() => Err(error),
        // It ends in the middle of something: of a tag, if it is to cross a limit there.
        Err(_) => builder.unfinished_tag(),
    }
}

/// What the one pass over all bytes found out, so that later passes can be left out.
#[derive(Clone, Copy)]
struct Features {
    carriage_return: bool,
    cdata_end: bool,
}

fn screen_characters(source: &str) -> Result<Features, XmlError> {
    // Most documents have none of these bytes. No early exit: so it is done many bytes at a time.
    let suspicious = source.as_bytes().chunks(256).any(|block| {
        block.iter().fold(0_u8, |suspicious, byte| {
            let control = u8::from(*byte < 0x20) & u8::from(*byte != b'\t') & u8::from(*byte != b'\n');
            // U+FFFE and U+FFFF start with EF.
            suspicious | control | u8::from(*byte == 0xEF)
        }) != 0
    });
    let cdata_end = memchr::memmem::find(source.as_bytes(), b"]]>").is_some();
    let mut features = Features { carriage_return: false, cdata_end };
    if suspicious {
        for (position, character) in source.char_indices() {
            if !is_xml_character(character) {
                return Err(XmlError::new(XmlErrorKind::Character { code: u32::from(character) }, position));
            }
            features.carriage_return |= character == '\r';
        }
    }
    Ok(features)
}

struct Builder<'i, 'l> {
    features: Features,
    limits: &'l Limits,
    document: Document<'i>,
    /// Node of each open element and how many declarations were in scope around it.
    open: Vec<(u32, usize)>,
    /// Declarations in scope, innermost last.
    scope: Vec<Declaration<'i>>,
    has_root: bool,
    /// Where the piece that is being read starts.
    at: usize,
}

impl<'i, 'l> Builder<'i, 'l> {
    fn new(source: &'i str, features: Features, limits: &'l Limits) -> Self {
        let guess = source.len() / 40;
        Self {
            features,
            limits,
            document: Document {
                source,
                nodes: Vec::with_capacity(guess),
                elements: Vec::with_capacity(guess / 2),
                attributes: Vec::with_capacity(guess / 2),
                declarations: Vec::new(),
                ids: Vec::new(),
                root: 0,
            },
            open: Vec::new(),
            scope: Vec::new(),
            has_root: false,
            at: 0,
        }
    }

    fn run(mut self) -> Result<Document<'i>, XmlError> {
        self.events()?;
        let source = self.document.source;
        if let Some((node, _)) = self.open.last() {
            let name = self.document.element_of_node(*node).map_or("", |element| element.qualified_name());
            return Err(XmlError::new(XmlErrorKind::Unclosed { name: shown(name) }, source.len()));
        }
        if !self.has_root {
            return Err(XmlError::new(XmlErrorKind::NoRoot, source.len()));
        }
        self.sort_ids()?;
        Ok(self.document)
    }

    fn events(&mut self) -> Result<(), XmlError> {
        let source = self.document.source;
        // quick-xml would skip a second byte order mark in silence.
        if !matches!(source.bytes().next(), None | Some(b'<' | b' ' | b'\t' | b'\n' | b'\r')) {
            return Err(XmlError::new(XmlErrorKind::OutsideRoot, 0));
        }
        let mut reader = Reader::from_str(source);
        let config = reader.config_mut();
        // Both are checked here, without a copy of each name.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        loop {
            let from = position(reader.buffer_position());
            self.at = from;
            let event =
                reader.read_event().map_err(|error| foreign(&error, position(reader.error_position())))?;
            let to = position(reader.buffer_position());
            let Some(text) = source.get(from..to) else {
                return Err(malformed("a tag that does not end", from));
            };
            match event {
                Event::Start(_) => self.start(text, from, false)?,
                Event::Empty(_) => self.start(text, from, true)?,
                Event::End(_) => self.end(text, from)?,
                Event::Text(_) => self.text(text, from)?,
                Event::CData(_) => self.cdata(text, from)?,
                Event::GeneralRef(_) => self.reference(text, from)?,
                Event::Comment(_) => self.comment(text, from)?,
                Event::Decl(_) if from == 0 => declaration(text)?,
                Event::Decl(_) | Event::PI(_) => {
                    return Err(XmlError::new(XmlErrorKind::ProcessingInstruction, from));
                }
                Event::DocType(_) => return Err(XmlError::new(XmlErrorKind::Doctype, from)),
                Event::Eof => return Ok(()),
            }
        }
    }

    /// Counts what stands in a start tag that has no end yet.
    fn unfinished_tag(&self) -> Result<(), XmlError> {
        let tag = self.document.source.get(self.at..).and_then(|text| text.strip_prefix('<'));
        let Some(tag) = tag.filter(|tag| !tag.starts_with(['!', '?', '/'])) else { return Ok(()) };
        let mut scanner = Scanner::new(tag, self.at.saturating_add(1));
        scanner.name();
        let (mut attributes, mut declarations) = (0..self.limits.attributes, self.scope.len());
        while let Ok(Some((name, _, position))) = scanner.attribute() {
            if name == "xmlns" || name.starts_with("xmlns:") {
                let limit = self.limits.namespaces_in_scope;
                if declarations >= limit {
                    return Err(XmlError::new(XmlErrorKind::TooManyNamespacesInScope { limit }, position));
                }
                declarations = declarations.saturating_add(1);
            } else if attributes.next().is_none() {
                let limit = self.limits.attributes;
                return Err(XmlError::new(XmlErrorKind::TooManyAttributes { limit }, position));
            }
        }
        Ok(())
    }

    fn start(&mut self, text: &'i str, from: usize, empty: bool) -> Result<(), XmlError> {
        if self.open.is_empty() {
            if self.has_root {
                return Err(XmlError::new(XmlErrorKind::OutsideRoot, from));
            }
            self.has_root = true;
            self.document.root = number(self.document.nodes.len());
        }
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::new(XmlErrorKind::TooDeep { limit: self.limits.depth }, from));
        }
        let end = if empty { "/>" } else { ">" };
        let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix(end));
        let inner = inner.ok_or_else(|| malformed("a tag that does not end", from))?;
        let mut scanner = Scanner::new(inner, from.saturating_add(1));
        let name = scanner.name();
        let (prefix, local) = split_qname(name).ok_or_else(|| bad_name(name, from))?;

        let scope_before = self.scope.len();
        let attributes_from = self.document.attributes.len();
        let declarations_from = self.document.declarations.len();
        while let Some((name, value, position)) = scanner.attribute()? {
            let (prefix, local) = split_qname(name).ok_or_else(|| bad_name(name, position))?;
            if prefix == "xmlns" || (prefix.is_empty() && local == "xmlns") {
                let prefix = if prefix.is_empty() { "" } else { local };
                // Only a value with a reference or a line end in it is owned; no plain URI has either.
                let value = match value {
                    Cow::Borrowed(value) => Some(value),
                    Cow::Owned(_) => None,
                };
                self.declare(prefix, value, declarations_from, position)?;
            } else {
                if self.document.attributes.len().saturating_sub(attributes_from) >= self.limits.attributes {
                    let limit = self.limits.attributes;
                    return Err(XmlError::new(XmlErrorKind::TooManyAttributes { limit }, position));
                }
                self.document.attributes.push(Attribute { name, prefix, local, namespace: "", value });
            }
        }

        let namespace = match prefix {
            "xmlns" => return Err(reserved(prefix, from)),
            _ => self.resolve(prefix, from)?,
        };
        self.resolve_attributes(attributes_from, from)?;
        let element = number(self.document.elements.len());
        self.note_ids(attributes_from, element, from)?;
        let node = self.push(NodeKind::Element(element), from)?;
        let to = from.saturating_add(text.len());
        self.document.elements.push(ElementData {
            node,
            name,
            prefix,
            local,
            namespace,
            attributes: (number(attributes_from), number(self.document.attributes.len())),
            declarations: (number(declarations_from), number(self.document.declarations.len())),
            span: (number(from), number(to)),
            content: number(to),
        });
        if empty {
            self.scope.truncate(scope_before);
        } else {
            self.open.push((node, scope_before));
        }
        Ok(())
    }

    fn end(&mut self, text: &'i str, from: usize) -> Result<(), XmlError> {
        let name = text.strip_prefix("</").and_then(|text| text.strip_suffix('>'));
        let name =
            name.ok_or_else(|| malformed("an end tag that does not end", from))?.trim_end_matches(SPACE);
        let Some((node, scope_before)) = self.open.pop() else {
            return Err(malformed("an end tag without a start tag", from));
        };
        let end = number(self.document.nodes.len());
        let Some(Node { end: node_end, kind: NodeKind::Element(element), .. }) =
            self.document.nodes.get_mut(index(node))
        else {
            return Err(malformed("an end tag without a start tag", from));
        };
        *node_end = end;
        if let Some(data) = self.document.elements.get_mut(index(*element)) {
            if data.name != name {
                let (expected, found) = (shown(data.name), shown(name));
                return Err(XmlError::new(XmlErrorKind::TagMismatch { expected, found }, from));
            }
            data.span.1 = number(from.saturating_add(text.len()));
        }
        self.scope.truncate(scope_before);
        Ok(())
    }

    fn text(&mut self, text: &'i str, from: usize) -> Result<(), XmlError> {
        if text.is_empty() {
            return Ok(());
        }
        if self.open.is_empty() {
            return match text.trim_matches(SPACE) {
                "" => Ok(()),
                _ => Err(XmlError::new(XmlErrorKind::OutsideRoot, from)),
            };
        }
        if self.features.cdata_end && text.contains("]]>") {
            return Err(malformed("`]]>` in text", from));
        }
        let text = self.line_ends(text);
        self.push(NodeKind::Text(text), from).map(drop)
    }

    fn cdata(&mut self, text: &'i str, from: usize) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return Err(XmlError::new(XmlErrorKind::OutsideRoot, from));
        }
        let inner = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>"));
        let inner =
            self.line_ends(inner.ok_or_else(|| malformed("a CDATA section that does not end", from))?);
        if inner.is_empty() {
            return Ok(());
        }
        self.push(NodeKind::Text(inner), from).map(drop)
    }

    fn reference(&mut self, text: &'i str, from: usize) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return Err(XmlError::new(XmlErrorKind::OutsideRoot, from));
        }
        let name = text.strip_prefix('&').and_then(|text| text.strip_suffix(';'));
        let name = name.ok_or_else(|| malformed("a reference that does not end", from))?;
        let character = resolve_reference(name).map_err(|kind| XmlError::new(kind, from))?;
        self.push(NodeKind::Character(character), from).map(drop)
    }

    fn comment(&mut self, text: &'i str, from: usize) -> Result<(), XmlError> {
        let inner = text.strip_prefix("<!--").and_then(|text| text.strip_suffix("-->"));
        let inner = inner.ok_or_else(|| malformed("a comment that does not end", from))?;
        if inner.contains("--") || inner.ends_with('-') {
            return Err(malformed("`--` in a comment", from));
        }
        let inner = self.line_ends(inner);
        self.push(NodeKind::Comment(inner), from).map(drop)
    }

    fn push(&mut self, kind: NodeKind<'i>, from: usize) -> Result<u32, XmlError> {
        if self.document.nodes.len() >= self.limits.nodes {
            return Err(XmlError::new(XmlErrorKind::TooManyNodes { limit: self.limits.nodes }, from));
        }
        let node = number(self.document.nodes.len());
        let parent = self.open.last().map_or(NONE, |(node, _)| *node);
        self.document.nodes.push(Node { parent, end: node.saturating_add(1), kind });
        Ok(node)
    }

    fn declare(
        &mut self,
        prefix: &'i str,
        value: Option<&'i str>,
        declarations_from: usize,
        position: usize,
    ) -> Result<(), XmlError> {
        let namespace_error =
            || XmlError::new(XmlErrorKind::NamespaceUri { prefix: shown(prefix) }, position);
        let uri = value.ok_or_else(namespace_error)?;
        if prefix == "xmlns" || uri == XMLNS_NS || (prefix == "xml") != (uri == XML_NS) {
            return Err(reserved(prefix, position));
        }
        if uri.is_empty() && !prefix.is_empty() {
            return Err(reserved(prefix, position));
        }
        if !uri.is_empty() && !is_plain_namespace(uri) {
            return Err(namespace_error());
        }
        let own = self.document.declarations.get(declarations_from..).unwrap_or_default();
        if own.iter().any(|known| known.prefix == prefix) {
            let name = shown(&format!("xmlns:{prefix}"));
            return Err(XmlError::new(XmlErrorKind::DuplicateAttribute { name }, position));
        }
        if self.document.declarations.len() >= self.limits.namespace_declarations {
            let limit = self.limits.namespace_declarations;
            return Err(XmlError::new(XmlErrorKind::TooManyNamespaces { limit }, position));
        }
        if self.scope.len() >= self.limits.namespaces_in_scope {
            let limit = self.limits.namespaces_in_scope;
            return Err(XmlError::new(XmlErrorKind::TooManyNamespacesInScope { limit }, position));
        }
        let declaration = Declaration { prefix, uri };
        self.document.declarations.push(declaration);
        self.scope.push(declaration);
        Ok(())
    }

    fn resolve(&self, prefix: &'i str, position: usize) -> Result<&'i str, XmlError> {
        if prefix == "xml" {
            return Ok(XML_NS);
        }
        match self.scope.iter().rev().find(|declaration| declaration.prefix == prefix) {
            Some(declaration) => Ok(declaration.uri),
            None if prefix.is_empty() => Ok(""),
            None => Err(XmlError::new(XmlErrorKind::UnboundPrefix { prefix: shown(prefix) }, position)),
        }
    }

    /// Gives the attributes of the element being read their namespaces, and refuses duplicates. The comparison of all
    /// pairs is bounded by `Limits::attributes`.
    fn resolve_attributes(&mut self, attributes_from: usize, position: usize) -> Result<(), XmlError> {
        for current in attributes_from..self.document.attributes.len() {
            let Some(attribute) = self.document.attributes.get(current) else { break };
            let (prefix, local, name) = (attribute.prefix, attribute.local, attribute.name);
            let namespace = if prefix.is_empty() { "" } else { self.resolve(prefix, position)? };
            let earlier = self.document.attributes.get(attributes_from..current).unwrap_or_default();
            if earlier.iter().any(|known| known.local == local && known.namespace == namespace) {
                return Err(XmlError::new(XmlErrorKind::DuplicateAttribute { name: shown(name) }, position));
            }
            if let Some(attribute) = self.document.attributes.get_mut(current) {
                attribute.namespace = namespace;
            }
        }
        Ok(())
    }

    fn note_ids(&mut self, attributes_from: usize, element: u32, position: usize) -> Result<(), XmlError> {
        for attribute in self.document.attributes.get(attributes_from..).unwrap_or_default() {
            let is_id = match attribute.namespace {
                "" => matches!(attribute.local, "ID" | "Id" | "id" | "AssertionID"),
                XML_NS => attribute.local == "id",
                _ => false,
            };
            if !is_id {
                continue;
            }
            // XML-07; a plain `id` belongs to vocabularies unknown here, where it need not be a name.
            if attribute.local != "id" && !is_ncname(&attribute.value)
                || attribute.namespace == XML_NS && !is_ncname(&attribute.value)
            {
                let id = shown(&attribute.value);
                return Err(XmlError::new(XmlErrorKind::IdNotNcName { id }, position));
            }
            self.document.ids.push((attribute.value.clone(), element));
        }
        Ok(())
    }

    fn sort_ids(&mut self) -> Result<(), XmlError> {
        self.document.ids.sort();
        let twice = self.document.ids.windows(2).find_map(|pair| match pair {
            [(first, _), (second, element)] if first == second => Some((first, *element)),
            _ => None,
        });
        match twice {
            None => Ok(()),
            Some((id, element)) => {
                let position = self.document.element(element).span().0;
                Err(XmlError::new(XmlErrorKind::DuplicateId { id: shown(id) }, position))
            }
        }
    }

    /// CR LF and CR alone are LF (XML 1.0 section 2.11).
    fn line_ends(&self, text: &'i str) -> Cow<'i, str> {
        if self.features.carriage_return && text.contains('\r') {
            Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// The XML declaration, production 23 of XML 1.0.
fn declaration(text: &str) -> Result<(), XmlError> {
    let wrong = || XmlError::new(XmlErrorKind::Declaration, 0);
    let inner = text.strip_prefix("<?xml").and_then(|text| text.strip_suffix("?>")).ok_or_else(wrong)?;
    let mut scanner = Scanner::new(inner, 5);
    let mut expected: &[&str] = &["version", "encoding", "standalone"];
    let mut first = true;
    while let Some((name, value, _)) = scanner.attribute().map_err(|_| wrong())? {
        let place = expected.iter().position(|known| *known == name).ok_or_else(wrong)?;
        expected = expected.get(place.saturating_add(1)..).unwrap_or_default();
        let good = match name {
            "version" => value == "1.0",
            "encoding" if value.eq_ignore_ascii_case("utf-8") => true,
            "encoding" => return Err(XmlError::new(XmlErrorKind::Encoding { found: shown(&value) }, 0)),
            _ => matches!(value.as_ref(), "yes" | "no"),
        };
        if !good || (first && name != "version") {
            return Err(wrong());
        }
        first = false;
    }
    if first { Err(wrong()) } else { Ok(()) }
}

fn foreign(error: &QuickError, position: usize) -> XmlError {
    let what = match error {
        QuickError::Syntax(SyntaxError::InvalidBangMarkup) => "unknown markup after `<!`",
        QuickError::Syntax(SyntaxError::UnclosedDoctype) => {
            return XmlError::new(XmlErrorKind::Doctype, position);
        }
        QuickError::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
            return XmlError::new(XmlErrorKind::ProcessingInstruction, position);
        }
        QuickError::Syntax(_) => "a tag, comment or section that does not end",
        QuickError::IllFormed(IllFormedError::UnclosedReference) => "`&` without a reference",
        _ => "markup that cannot be read",
    };
    malformed(what, position)
}

fn malformed(what: &'static str, position: usize) -> XmlError {
    XmlError::new(XmlErrorKind::NotWellFormed { what }, position)
}

fn bad_name(name: &str, position: usize) -> XmlError {
    XmlError::new(XmlErrorKind::Name { name: shown(name) }, position)
}

fn reserved(prefix: &str, position: usize) -> XmlError {
    XmlError::new(XmlErrorKind::ReservedNamespace { prefix: shown(prefix) }, position)
}

/// A count of something that lies in the document, whose size was checked to fit.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
