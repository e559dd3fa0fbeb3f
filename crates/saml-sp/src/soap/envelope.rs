//! The envelope: written around a message, and taken off it.

use crate::{
    Rejection,
    names::SOAP,
    rejection::{Cause, Part},
    xml::{Element, with_declarations, write::XmlElement},
};

/// An envelope that was opened: its header blocks, and the one element in its body.
pub(crate) struct Envelope<'d> {
    pub(crate) headers: Vec<Element<'d>>,
    pub(crate) message: Element<'d>,
}

impl<'d> Envelope<'d> {
    /// Opens an envelope. `understood` are the header blocks, namespace and name, that may demand to be understood.
    pub(crate) fn open(
        root: Element<'d>,
        part: Part,
        understood: &[(&str, &str)],
    ) -> Result<Self, Rejection> {
        let refuse = |what| Rejection::from(Cause::Soap { part, what });
        if !root.is(SOAP, "Envelope") {
            return Err(refuse("it is no SOAP 1.1 envelope"));
        }
        let mut children = root.children().peekable();
        let header = children.next_if(|child| child.is(SOAP, "Header"));
        let body =
            children.next_if(|child| child.is(SOAP, "Body")).ok_or_else(|| refuse("it has no Body"))?;
        if children.next().is_some() || root.has_mixed_content() || body.has_mixed_content() {
            return Err(refuse("it holds more than a Header and a Body"));
        }
        let headers: Vec<Element<'d>> = header.into_iter().flat_map(Element::children).collect();
        for block in &headers {
            // SOAP 1.1 section 4.2.3: who does not understand it must not go on.
            let demands = matches!(block.attribute_ns(SOAP, "mustUnderstand"), Some("1" | "true"));
            let known = understood.iter().any(|(namespace, local)| block.is(namespace, local));
            if demands && !known {
                return Err(refuse("a header block that must be understood is not"));
            }
        }
        let mut content = body.children();
        match (content.next(), content.next()) {
            (Some(fault), None) if fault.is(SOAP, "Fault") => {
                let text = fault.child("", "faultstring").map(|text| text.text()).unwrap_or_default();
                let found = text.chars().take(MAX_FAULT).collect();
                Err(Cause::SoapFault { part, found }.into())
            }
            (Some(message), None) => Ok(Self { headers, message }),
            (None, _) => Err(refuse("its Body is empty")),
            (Some(_), Some(_)) => Err(refuse("its Body holds more than one message")),
        }
    }

    /// The header block with this name.
    pub(crate) fn header(&self, namespace: &str, local: &str) -> Option<Element<'d>> {
        self.headers.iter().copied().find(|block| block.is(namespace, local))
    }
}

/// Makes an element a document of its own, to be judged as if nothing had been around it.
pub(crate) fn standing_alone(element: Element<'_>, part: Part) -> Result<Vec<u8>, Rejection> {
    with_declarations(element.source().as_bytes(), &element.namespaces_in_scope())
        .ok_or_else(|| Cause::Soap { part, what: "its message can't be taken out" }.into())
}

/// Writes an envelope around a message that is canonical XML already; its signature stays good.
pub(crate) fn envelope(headers: Vec<XmlElement>, message: &str) -> String {
    let mut text = format!("<S:Envelope xmlns:S=\"{SOAP}\">");
    if !headers.is_empty() {
        text.push_str("<S:Header>");
        for header in headers {
            text.push_str(&header.to_xml());
        }
        text.push_str("</S:Header>");
    }
    text.push_str("<S:Body>");
    text.push_str(message);
    text.push_str("</S:Body></S:Envelope>");
    text
}

/// A fault is a sentence; nobody reads more in a log.
const MAX_FAULT: usize = 1024;
