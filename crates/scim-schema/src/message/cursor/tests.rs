use chrono::TimeDelta;
use serde_json::json;

use super::*;

fn query(pairs: &[(&str, &str)]) -> SearchRequest {
    SearchRequest::from_query(pairs.iter().copied()).unwrap()
}

fn scope(query: &SearchRequest) -> CursorScope<'_> {
    CursorScope { tenant: "t", actor: "a", permissions: "p", endpoint: "/Users", query }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_600_000_000, 0).unwrap()
}

fn later(seconds: i64) -> DateTime<Utc> {
    now().checked_add_signed(TimeDelta::seconds(seconds)).unwrap()
}

fn key() -> CursorKey {
    CursorKey::new([1; 32])
}

#[test]
fn a_cursor_holds_unreserved_characters_alone_and_hides_the_bookmark() {
    // C01, C09, M33
    let first = query(&[("cursor", "")]);
    let cursor = key().seal(&scope(&first), &json!(["bjensen@example.com"]), later(60)).unwrap();
    assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{cursor}");
    let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"bjensen"));
    assert_eq!(format!("{:?}", key()), "CursorKey(32 bytes)");
}

#[test]
fn a_cursor_opens_for_the_same_question_of_the_same_client_alone() {
    // C04, C09, C12, C13
    let pairs = [("attributes", "userName,name"), ("filter", "active eq true"), ("sortBy", "userName")];
    let first = query(&pairs);
    let sealed = key().seal(&scope(&first), &json!(7), later(60)).unwrap();
    let with = |more: &[(&str, &str)]| {
        let mut pairs: Vec<_> =
            pairs.into_iter().filter(|(name, _)| more.iter().all(|(m, _)| m != name)).collect();
        pairs.extend(more);
        query(&pairs)
    };
    // The cursor itself, unknown parameters and the case of names are no part of the question.
    for same in [with(&[("cursor", &sealed)]), with(&[("x", "y")]), with(&[("attributes", "USERNAME,name")])]
    {
        assert_eq!(key().open(&scope(&same), &sealed, now()), Ok(json!(7)), "{same:?}");
    }
    for other in [
        with(&[("filter", "active eq false")]),
        with(&[("sortBy", "title")]),
        with(&[("sortOrder", "descending")]),
        with(&[("attributes", "userName")]),
        with(&[("attributes", "userNamename")]),
        with(&[("attributes", ""), ("excludedAttributes", "userName,name")]),
        with(&[("startIndex", "2")]),
        query(&pairs[..2]),
        query(&pairs[1..]),
    ] {
        assert_eq!(key().open(&scope(&other), &sealed, now()), Err(CursorError::Invalid), "{other:?}");
    }
    let same = scope(&first);
    for other in [
        CursorScope { tenant: "u", ..same },
        CursorScope { actor: "b", ..same },
        CursorScope { permissions: "q", ..same },
        CursorScope { endpoint: "/Groups", ..same },
        // The parts are kept apart.
        CursorScope { tenant: "ta", actor: "", ..same },
    ] {
        assert_eq!(key().open(&other, &sealed, now()), Err(CursorError::Invalid), "{other:?}");
    }
    let other = CursorKey::new([2; 32]);
    assert_eq!(other.open(&same, &sealed, now()), Err(CursorError::Invalid));
}

#[test]
fn a_forged_cursor_is_invalid_wherever_it_was_changed() {
    // C05, C09
    let first = query(&[]);
    let scope = scope(&first);
    let sealed = key().seal(&scope, &json!(["x", "y"]), later(60)).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let forged = URL_SAFE_NO_PAD.encode(changed);
        assert_eq!(key().open(&scope, &forged, now()), Err(CursorError::Invalid), "byte {place}");
    }
    for forged in ["", "x", "VZUTiyhEQJ94IR", "%%", &format!("{sealed}="), &"A".repeat(MAX_CURSOR + 1)] {
        assert_eq!(key().open(&scope, forged, now()), Err(CursorError::Invalid), "{forged}");
    }
    let error = CursorError::Invalid;
    assert_eq!((error.status(), error.scim_type()), (400, Some(ScimType::InvalidCursor)));
}

#[test]
fn a_cursor_ends_at_its_time() {
    // C05
    let first = query(&[]);
    let scope = scope(&first);
    let sealed = key().seal(&scope, &Value::Null, later(60)).unwrap();
    assert_eq!(key().open(&scope, &sealed, later(59)), Ok(Value::Null));
    assert_eq!(key().open(&scope, &sealed, later(60)), Err(CursorError::Expired));
    let error = CursorError::Expired;
    assert_eq!((error.status(), error.scim_type()), (400, Some(ScimType::ExpiredCursor)));
}

#[test]
fn a_changed_count_has_an_error_of_its_own() {
    // C04, C05, C11
    let first = query(&[("count", "10")]);
    let sealed = key().seal(&scope(&first), &json!(1), later(60)).unwrap();
    let open = |pairs: &[(&str, &str)]| key().open(&scope(&query(pairs)), &sealed, now());
    assert_eq!(open(&[("count", "10")]), Ok(json!(1)));
    assert_eq!(open(&[("count", "11")]), Err(CursorError::CountChanged));
    assert_eq!(open(&[]), Err(CursorError::CountChanged));
    let error = CursorError::CountChanged;
    assert_eq!((error.status(), error.scim_type()), (400, Some(ScimType::InvalidCount)));
    let sealed = key().seal(&scope(&query(&[("count", "-3")])), &json!(1), later(60)).unwrap();
    assert_eq!(key().open(&scope(&query(&[("count", "0")])), &sealed, now()), Ok(json!(1)));
}

#[test]
fn a_bookmark_passes_at_its_limit() {
    let first = query(&[]);
    let scope = scope(&first);
    let bookmark = |length: usize| json!("x".repeat(length));
    let longest = MAX_PLAIN - 16 - 2;
    let sealed = key().seal(&scope, &bookmark(longest), later(60)).unwrap();
    assert_eq!(sealed.len(), MAX_CURSOR);
    assert_eq!(key().open(&scope, &sealed, now()), Ok(bookmark(longest)));
    let error = key().seal(&scope, &bookmark(longest + 1), later(60)).unwrap_err();
    assert_eq!(error, CursorError::TooLong { limit: MAX_PLAIN });
    assert_eq!(error.status(), 500);
}
