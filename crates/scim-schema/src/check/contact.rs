use crate::urn;

/// The canonical form of an e-mail address or telephone number of a user (RFC 7643 4.1.2); `None` if the text has it
/// already, or cannot be brought into it without a guess.
pub(super) fn canonical_contact(
    schema: &str,
    attribute: &str,
    sub: Option<&str>,
    text: &str,
) -> Option<String> {
    if schema != urn::USER || sub != Some("value") {
        return None;
    }
    let canonical = match attribute {
        "emails" => email(text),
        "phoneNumbers" => telephone(text),
        _ => None,
    };
    canonical.filter(|canonical| canonical != text)
}

/// RFC 5321 2.4: only the domain has no case. The last `@` ends the local part, which may hold others in quotes.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    Some(format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// RFC 3966: a global number begins with `+`. A local one would need a `phone-context` that nobody stated.
fn telephone(text: &str) -> Option<String> {
    let text = text.trim();
    let number = match text.split_at_checked(4) {
        Some((scheme, number)) if scheme.eq_ignore_ascii_case("tel:") => number,
        _ => text,
    };
    let (number, parameters) = match number.split_once(';') {
        Some((number, parameters)) => (number, Some(parameters)),
        None => (number, None),
    };
    let digits = number.strip_prefix('+')?;
    let mut out = String::from("tel:+");
    for c in digits.chars() {
        match c {
            '0'..='9' | '-' | '.' | '(' | ')' => out.push(c),
            ' ' => out.push('-'),
            _ => return None,
        }
    }
    if !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(parameters) = parameters {
        out.push(';');
        out.push_str(parameters);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_no_guess_is_made_canonical() {
        // S37
        let of = |attribute, text| canonical_contact(urn::USER, attribute, Some("value"), text);
        assert_eq!(of("emails", "BJensen@Example.COM").as_deref(), Some("BJensen@example.com"));
        assert_eq!(of("emails", "\"a@B\"@C.com").as_deref(), Some("\"a@B\"@c.com"));
        assert_eq!(of("phoneNumbers", "+1 (201) 555-0123").as_deref(), Some("tel:+1-(201)-555-0123"));
        assert_eq!(of("phoneNumbers", "TEL:+1-201;ext=7").as_deref(), Some("tel:+1-201;ext=7"));
        for (attribute, text) in [
            ("emails", "BJensen@example.com"),
            ("emails", "no address"),
            ("phoneNumbers", "tel:+1-201-555-0123"),
            ("phoneNumbers", "555-555-4444"),
            ("phoneNumbers", "+"),
            ("phoneNumbers", "+1 x 2"),
            ("phoneNumbers", "t\u{e9}l"),
            ("ims", "A@B.com"),
        ] {
            assert_eq!(of(attribute, text), None, "{text}");
        }
        assert_eq!(canonical_contact(urn::USER, "emails", Some("display"), "A@B.com"), None);
        assert_eq!(canonical_contact("urn:example:X", "emails", Some("value"), "A@B.com"), None);
    }
}
