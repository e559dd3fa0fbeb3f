//! An element that was taken out of its document, and needs its namespaces.

use super::Declaration;
use super::attributes::Scanner;

/// Adds declarations to the first start tag of a text, those left out that it makes itself. `None` if there is no such
/// tag.
pub(crate) fn with_declarations(text: &[u8], declarations: &[Declaration<'_>]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let tag = first_start_tag(text)?;
    let (before, rest) = text.split_at_checked(tag)?;
    let inner = rest.strip_prefix('<')?;
    let mut scanner = Scanner::new(inner.get(..tag_length(inner)?)?, 0);
    let name = scanner.name();
    let mut own = Vec::new();
    while let Ok(Some((attribute, _, _))) = scanner.attribute() {
        own.push(attribute.strip_prefix("xmlns:").or((attribute == "xmlns").then_some("")));
    }
    let mut out = format!("{before}<{name}");
    for declaration in declarations.iter().filter(|declaration| !own.contains(&Some(declaration.prefix))) {
        out.push_str(if declaration.prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(declaration.prefix);
        out.push_str("=\"");
        // The reader took it, so there is nothing in it to escape.
        out.push_str(declaration.uri);
        out.push('"');
    }
    out.push_str(inner.strip_prefix(name)?);
    Some(out.into_bytes())
}

/// Where the first tag starts, behind an XML declaration and comments.
fn first_start_tag(text: &str) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..)?;
        let open = rest.find('<')?;
        let tag = rest.get(open..)?;
        let skipped = if tag.starts_with("<?") {
            tag.find("?>")?.checked_add(2)?
        } else if tag.starts_with("<!--") {
            tag.find("-->")?.checked_add(3)?
        } else {
            return at.checked_add(open);
        };
        at = at.checked_add(open)?.checked_add(skipped)?;
    }
}

/// The length of a tag up to its `>`, minding quotes.
fn tag_length(inner: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in inner.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}
