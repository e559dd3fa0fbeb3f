//! Finding one entity in an aggregate of thousands without a tree of the whole (MD-01).

use quick_xml::{Reader, events::Event};

use super::{MetadataError, select::survey};
use crate::{
    Limits,
    names::METADATA,
    rejection::{Cause, Rejection},
    xml::{Document, Element, XmlError, XmlErrorKind},
};

/// Finds the entity that is meant in an aggregate and gives it inside of the descriptors around it, all others left out:
/// a small document that is then read like any other. `None` if the document is no aggregate.
///
/// What is left out is only gone over: its tags must fit each other, and there may be no DOCTYPE, processing instruction
/// or entity; names, namespaces and ids in it aren't looked at.
pub(super) fn skim(
    bytes: &[u8],
    wanted: Option<&str>,
    limits: &Limits,
) -> Result<Option<String>, MetadataError> {
    let limit = limits.message_bytes;
    if bytes.len() > limit {
        return Err(refuse(XmlErrorKind::TooManyBytes { limit, found: bytes.len() }, 0));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let source =
        std::str::from_utf8(bytes).map_err(|error| refuse(XmlErrorKind::NotUtf8, error.valid_up_to()))?;
    let is_control = |byte: u8| (byte < 0x20) & !matches!(byte, b'\t' | b'\n' | b'\r');
    // No early exit: so it is done many bytes at a time.
    if source.bytes().fold(false, |found, byte| found | is_control(byte)) {
        let at = source.bytes().position(is_control).unwrap_or_default();
        let code = source.as_bytes().get(at).copied().map_or(0, u32::from);
        return Err(refuse(XmlErrorKind::Character { code }, at));
    }
    Skimmer {
        source,
        wanted,
        limits,
        groups: Vec::new(),
        spent: 0,
        found: None,
        count: 0,
        is_service_provider: false,
    }
    .run()
}

struct Skimmer<'i> {
    source: &'i str,
    wanted: Option<&'i str>,
    limits: &'i Limits,
    /// The start tags of the EntitiesDescriptors around, outermost first.
    groups: Vec<&'i str>,
    /// Bytes that were put together to be read; the tags around are put there again for each entity.
    spent: usize,
    /// The first identity provider inside of the descriptors around it.
    found: Option<String>,
    /// How many identity providers fit.
    count: usize,
    is_service_provider: bool,
}

impl<'i> Skimmer<'i> {
    fn run(mut self) -> Result<Option<String>, MetadataError> {
        let source = self.source;
        let mut reader = Reader::from_str(source);
        let config = reader.config_mut();
        // Both are checked here, without a copy of each name.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut open: Vec<&'i str> = Vec::new();
        let mut entity: Option<usize> = None;
        let mut has_root = false;
        loop {
            let from = position(reader.buffer_position());
            let event = reader.read_event().map_err(|_| malformed("markup that cannot be read", from))?;
            let to = position(reader.buffer_position());
            match event {
                Event::Start(tag) => {
                    let start = from.saturating_add(1);
                    let end = start.saturating_add(tag.name().as_ref().len());
                    let name = source.get(start..end).unwrap_or_default();
                    if entity.is_none() && open.len() == self.groups.len() {
                        let text = source.get(from..to).unwrap_or_default();
                        if !has_root && !self.is_group(name, text)? {
                            return Ok(None);
                        } else if !has_root && open.is_empty() {
                            self.groups.push(text);
                        } else if open.is_empty() {
                            return Err(refuse(XmlErrorKind::OutsideRoot, from));
                        } else if self.is_group(name, text)? {
                            self.groups.push(text);
                        } else if self.is_candidate(name, text)? {
                            entity = Some(from);
                        }
                        has_root = true;
                    }
                    if open.len() >= self.limits.depth {
                        return Err(refuse(XmlErrorKind::TooDeep { limit: self.limits.depth }, from));
                    }
                    open.push(name);
                }
                Event::Empty(_) if !has_root => return Ok(None),
                Event::End(tag) => {
                    if open.pop() != Some(tag.name().as_ref()) {
                        return Err(malformed("an end tag that fits no start tag", from));
                    }
                    if let Some(start) = entity
                        && open.len() == self.groups.len()
                    {
                        self.take(source.get(start..to).unwrap_or_default())?;
                        entity = None;
                    } else if open.len() < self.groups.len() {
                        self.groups.pop();
                    }
                }
                Event::Decl(_) if from == 0 => {
                    let text = source.get(from..to).unwrap_or_default();
                    read(&format!("{text}<x/>"), self.limits)?;
                }
                Event::Decl(_) | Event::PI(_) => {
                    return Err(refuse(XmlErrorKind::ProcessingInstruction, from));
                }
                Event::DocType(_) => return Err(refuse(XmlErrorKind::Doctype, from)),
                Event::GeneralRef(name) if !is_known_reference(&name) => {
                    let name = name.chars().take(64).collect();
                    return Err(refuse(XmlErrorKind::Entity { name }, from));
                }
                Event::Eof => break,
                Event::Comment(_) => {}
                _ if open.is_empty() && !self.source.get(from..to).unwrap_or_default().trim().is_empty() => {
                    return Err(refuse(XmlErrorKind::OutsideRoot, from));
                }
                Event::CData(_) | Event::Empty(_) | Event::GeneralRef(_) | Event::Text(_) => {}
            }
        }
        if let Some(name) = open.last() {
            let name = name.chars().take(64).collect();
            return Err(refuse(XmlErrorKind::Unclosed { name }, source.len()));
        }
        if !has_root {
            return Ok(None);
        }
        match (self.count, self.found) {
            (1, Some(found)) => Ok(Some(found)),
            (0, _) if self.wanted.is_some() && !self.is_service_provider => Err(MetadataError::NotFound),
            (0, _) => {
                Err(MetadataError::NoIdentityProvider { is_service_provider: self.is_service_provider })
            }
            (found, _) => Err(MetadataError::Several { found }),
        }
    }

    /// Tells whether a start tag in a place for descriptors is one of a group of them.
    fn is_group(&mut self, name: &str, tag: &str) -> Result<bool, MetadataError> {
        if local(name) != "EntitiesDescriptor" {
            return Ok(false);
        }
        self.look(tag, |element| element.is(METADATA, "EntitiesDescriptor"))
    }

    /// Tells whether a start tag in a place for descriptors is one of an entity that may be meant.
    fn is_candidate(&mut self, name: &str, tag: &str) -> Result<bool, MetadataError> {
        if local(name) != "EntityDescriptor" {
            return Ok(false);
        }
        let Some(wanted) = self.wanted else { return Ok(true) };
        // Almost all are told apart by a look at the text; only if it is written otherwise must it be read.
        let is_plain = !tag.contains(['&', '\t', '\n', '\r']);
        if is_plain && !tag.contains(wanted) {
            return Ok(false);
        }
        self.look(tag, |element| {
            element.is(METADATA, "EntityDescriptor") && element.attribute("entityID") == Some(wanted)
        })
    }

    /// Reads a start tag in its place.
    fn look(&mut self, tag: &str, is: impl Fn(Element<'_>) -> bool) -> Result<bool, MetadataError> {
        let empty = tag.strip_suffix('>').map(|tag| format!("{tag}/>")).unwrap_or_default();
        let text = self.inside_of_groups(&empty)?;
        let document = read(&text, self.limits)?;
        let last = document.root().descendants_and_self().last();
        Ok(last.is_some_and(is))
    }

    /// Takes an entity that may be meant.
    fn take(&mut self, entity: &str) -> Result<(), MetadataError> {
        let text = self.inside_of_groups(entity)?;
        let found = {
            let document = read(&text, self.limits)?;
            let survey = survey(document.root(), self.wanted);
            self.is_service_provider |= survey.is_service_provider;
            survey.count
        };
        if found > 0 && self.found.is_none() {
            self.found = Some(text);
        }
        self.count = self.count.saturating_add(found);
        Ok(())
    }

    /// Puts a text inside of the descriptors around it.
    fn inside_of_groups(&mut self, inner: &str) -> Result<String, MetadataError> {
        let mut text = self.groups.concat();
        text.push_str(inner);
        for tag in self.groups.iter().rev() {
            let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
            let name = tag.get(1..end.unwrap_or(tag.len())).unwrap_or_default();
            text.push_str("</");
            text.push_str(name);
            text.push('>');
        }
        self.spent = self.spent.saturating_add(text.len());
        // A huge tag around many small entities would cost their product.
        let limit = self.limits.message_bytes.saturating_mul(MAX_SPENT);
        if self.spent > limit {
            return Err(refuse(XmlErrorKind::TooManyBytes { limit, found: self.spent }, 0));
        }
        Ok(text)
    }
}

fn read<'t>(text: &'t str, limits: &Limits) -> Result<Document<'t>, MetadataError> {
    Document::parse(text.as_bytes(), limits).map_err(|error| Rejection::from(Cause::Xml(error)).into())
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn is_known_reference(name: &str) -> bool {
    matches!(name, "amp" | "apos" | "gt" | "lt" | "quot") || name.starts_with('#')
}

fn refuse(kind: XmlErrorKind, position: usize) -> MetadataError {
    Rejection::from(Cause::Xml(XmlError::new(kind, position))).into()
}

fn malformed(what: &'static str, position: usize) -> MetadataError {
    refuse(XmlErrorKind::NotWellFormed { what }, position)
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Each entity is read once or twice with the tags around it, which are short.
const MAX_SPENT: usize = 4;
