//! What no database stores, or cannot look up by: refused alike on all of them.

use axum::http::StatusCode;
use scim_schema::ScimType;

use super::fault::Fault;
use crate::store::resources::Keys;

/// Refuses JSON with U+0000 in a text. PostgreSQL stores it nowhere, and no directory means it.
pub(super) fn no_nul(json: &[u8]) -> Result<(), Fault> {
    if !has_nul(json) {
        return Ok(());
    }
    Err(refused("scim.nul_character", "a text holds the character U+0000, which is not stored".to_owned()))
}

/// Refuses values that are too long for an index.
pub(super) fn short_enough(keys: &Keys) -> Result<(), Fault> {
    let single = [
        ("userName", &keys.user_name),
        ("externalId", &keys.external_id),
        ("displayName", &keys.display_fold),
    ];
    let single = single.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let several = keys.values.iter().map(|(name, value)| (*name, value.as_str()));
    let unique = keys.unique.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    match single.chain(several).chain(unique).find(|(_, value)| value.len() > LONGEST_KEY) {
        None => Ok(()),
        Some((name, _)) => Err(refused(
            "scim.value_too_long",
            format!("{name} is longer than {LONGEST_KEY} bytes, so nobody could be looked up by it"),
        )),
    }
}

fn refused(code: &str, detail: String) -> Fault {
    Fault::typed(StatusCode::BAD_REQUEST, Some(ScimType::InvalidValue), code, detail)
}

/// Whether JSON that was read without an error has U+0000 in a text: only an escape can say it.
fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = rest.split_at(at).1;
        if escape.starts_with(br"\u0000") {
            return true;
        }
        // The backslash and what it escapes, which may be a backslash itself.
        rest = escape.get(2..).unwrap_or_default();
    }
    false
}

/// PostgreSQL's indexes take rows of 2,704 bytes; the tenant, the type, an instant and an id come beside the value.
const LONGEST_KEY: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_nul_is_found_and_its_likeness_is_not() {
        for (json, expected) in [
            (r#"{"a":"\u0000"}"#, true),
            (r#"{"a\u0000":1}"#, true),
            (r#"["\\\u0000"]"#, true),
            (r#"["\n\u0000"]"#, true),
            (r#"["\\u0000"]"#, false),
            (r#"["\u00001"]"#, true),
            (r#"["\u0001", "u0000", "\\"]"#, false),
            ("", false),
        ] {
            assert_eq!(has_nul(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn a_key_may_have_2_000_bytes_and_no_more() {
        let keys = |length: usize| Keys { display_fold: Some("x".repeat(length)), ..Keys::default() };
        assert!(short_enough(&keys(LONGEST_KEY)).is_ok());
        assert!(short_enough(&keys(LONGEST_KEY + 1)).is_err());
        let values = Keys { values: vec![("emails.value", "x".repeat(LONGEST_KEY + 1))], ..Keys::default() };
        assert!(short_enough(&values).is_err());
        let unique = Keys { unique: vec![("a".to_owned(), "x".repeat(LONGEST_KEY + 1))], ..Keys::default() };
        assert!(short_enough(&unique).is_err());
    }
}
