//! Random rearrangement of XML: what signature wrapping does by thought, done by chance.

use crate::random::Random;

/// A document with some elements copied, moved, dropped, or changed in a text or an ID, all chosen by `seed`.
///
/// Documents are such as canonical form has: no comments, no empty-element tags. Every element is first made to declare
/// its own prefix, which exclusive canonicalization doesn't see, so that it means the same anywhere.
pub fn rearranged(document: &str, others: &[&str], seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut document = self_contained(document);
    let others: Vec<String> = others.iter().map(|other| self_contained(other)).collect();
    for _ in 0..=random.below(4) {
        let elements = elements(&document);
        // Half of the time one of those that matter: most elements are leaves of a Signature.
        let matter: Vec<Span> =
            elements.iter().filter(|span| MATTER.contains(&span.name(&document))).cloned().collect();
        let from = if random.below(2) == 0 { &elements } else { &matter };
        let Some(chosen) = random.one(from).cloned() else {
            break;
        };
        let text = document[chosen.start..chosen.end].to_owned();
        document = match random.below(7) {
            // Copies an element, or one of somebody else's, to somewhere.
            0 => put(&document, &text, &mut random),
            1 if !others.is_empty() => {
                put(&document, random.one(&others).expect("there are some"), &mut random)
            }
            // Moves it.
            2 if chosen.start > 0 => {
                let rest = format!("{}{}", &document[..chosen.start], &document[chosen.end..]);
                put(&rest, &text, &mut random)
            }
            // Drops it.
            3 if chosen.start > 0 => format!("{}{}", &document[..chosen.start], &document[chosen.end..]),
            // Wraps another around it.
            4 => {
                let wrapper = random.one(&elements).expect("there is one");
                let (open, close) = wrapper.tags(&document);
                format!("{}{open}{text}{close}{}", &document[..chosen.start], &document[chosen.end..])
            }
            // Changes its ID, or gives it that of another.
            5 => changed_id(&document, &chosen, &mut random),
            // Splits its text with a comment, or changes it.
            _ => {
                let at = chosen.content.min(document.len());
                let insert = ["<!---->", "x", "<![CDATA[]]>"][random.below(3)];
                format!("{}{insert}{}", &document[..at], &document[at..])
            }
        };
    }
    document
}

/// Where an element stands.
#[derive(Clone, Debug)]
struct Span {
    start: usize,
    content: usize,
    content_end: usize,
    end: usize,
}

impl Span {
    fn name<'d>(&self, document: &'d str) -> &'d str {
        document[self.start + 1..].split([' ', '>']).next().unwrap_or_default()
    }

    fn tags<'d>(&self, document: &'d str) -> (&'d str, &'d str) {
        (&document[self.start..self.content], &document[self.content_end..self.end])
    }
}

fn elements(document: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(next) = document[at..].find('<') {
        let start = at + next;
        let Some(length) = document[start..].find('>') else { break };
        let end = start + length + 1;
        match document.as_bytes().get(start + 1) {
            Some(b'/') => {
                if let Some((opened, content)) = open.pop() {
                    found.push(Span { start: opened, content, content_end: start, end });
                }
            }
            Some(b'!' | b'?') | None => {}
            Some(_) => open.push((start, end)),
        }
        at = end;
    }
    found.sort_by_key(|span| span.start);
    found
}

/// The document with a declaration of its own prefix on every element.
fn self_contained(document: &str) -> String {
    let mut out = String::new();
    for (number, part) in document.split('<').enumerate() {
        if number > 0 {
            out.push('<');
        }
        let name = part.split([' ', '>']).next().unwrap_or_default();
        let (prefix, _) = name.split_once(':').unwrap_or_default();
        match NAMESPACES.iter().find(|(known, _)| *known == prefix) {
            Some((_, uri)) if !part.contains(&format!("xmlns:{prefix}=")) => {
                out.push_str(&format!("{name} xmlns:{prefix}=\"{uri}\"{}", &part[name.len()..]));
            }
            _ => out.push_str(part),
        }
    }
    out
}

/// Puts an element before, after, first in or last in a random one.
fn put(document: &str, element: &str, random: &mut Random) -> String {
    let elements = elements(document);
    let Some(near) = random.one(&elements) else {
        return document.to_owned();
    };
    let at = match random.below(4) {
        // Beside the root there is no place.
        0 if near.start > 0 => near.start,
        1 if near.start > 0 => near.end,
        2 => near.content,
        _ => near.content_end,
    };
    format!("{}{element}{}", &document[..at], &document[at..])
}

fn changed_id(document: &str, element: &Span, random: &mut Random) -> String {
    let (tag, _) = element.tags(document);
    let ids: Vec<&str> = document.split(" ID=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let Some((before, rest)) = tag.split_once(" ID=\"") else {
        return document.to_owned();
    };
    let Some((_, after)) = rest.split_once('"') else {
        return document.to_owned();
    };
    let id = if random.below(2) == 0 { "_new" } else { random.one(&ids).copied().unwrap_or("_new") };
    format!("{}{before} ID=\"{id}\"{after}{}", &document[..element.start], &document[element.content..])
}

const MATTER: &[&str] = &[
    "ds:Signature",
    "ds:SignedInfo",
    "md:EntityDescriptor",
    "md:IDPSSODescriptor",
    "md:KeyDescriptor",
    "md:SingleSignOnService",
    "saml:Assertion",
    "saml:Issuer",
    "saml:NameID",
    "saml:Subject",
    "samlp:LogoutRequest",
    "samlp:Response",
    "samlp:SessionIndex",
    "samlp:Status",
];
const NAMESPACES: &[(&str, &str)] = &[
    ("ds", "http://www.w3.org/2000/09/xmldsig#"),
    ("md", "urn:oasis:names:tc:SAML:2.0:metadata"),
    ("saml", "urn:oasis:names:tc:SAML:2.0:assertion"),
    ("samlp", "urn:oasis:names:tc:SAML:2.0:protocol"),
];
