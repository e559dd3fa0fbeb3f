use chrono::TimeDelta;

use super::*;
use crate::capabilities::{AuthScheme, SchemeWord};
use crate::fixtures::{at, connection_id, person_id};
use crate::ids::KeyId;

fn key(id: &str, byte: u8) -> HashKey {
    HashKey::new(KeyId::parse(id).unwrap(), &[byte; 32]).unwrap()
}

fn keys() -> HashKeys {
    HashKeys::new(key("k2", 2), vec![key("k1", 1)]).unwrap()
}

fn here() -> (TenantId, ConnectionId) {
    (TenantId::parse("org_1").unwrap(), connection_id("scim"))
}

fn ask() -> TokenRequest {
    let (tenant, connection) = here();
    TokenRequest::new(tenant, connection, Actor::Operator)
}

fn make(
    policy: &TokenPolicy,
    existing: &[ScimToken],
    ask: TokenRequest,
    byte: u8,
) -> Result<Issued, TokenError> {
    issue(policy, existing, ask, &[byte; 40], keys().current(), at(0))
}

fn new(byte: u8) -> (ScimToken, String) {
    let issued = make(&TokenPolicy::default(), &[], ask(), byte).unwrap();
    (issued.row, issued.shown.reveal())
}

fn present(text: &str) -> PresentedToken {
    let header = format!("Bearer {text}");
    read_header([header.as_bytes()], &AuthScheme::default()).unwrap()
}

fn check(text: &str, row: Option<&ScimToken>, minutes: i64) -> Result<Authenticated, TokenRefusal> {
    let (tenant, connection) = here();
    authenticate(&present(text), row, &keys(), (&tenant, &connection), at(minutes))
}

fn side_by_side(max_active: u8) -> TokenPolicy {
    TokenPolicy { max_active, ..TokenPolicy::default() }
}

fn at_once() -> TokenPolicy {
    TokenPolicy { rotation: Rotation::AtOnce, ..TokenPolicy::default() }
}

// TOK-01
#[test]
fn a_token_has_prefix_id_secret_and_check() {
    let (row, text) = new(0xab);
    let parts: Vec<_> = text.rsplitn(3, '_').collect();
    assert_eq!((parts[0].len(), parts[1]), (8, "ab".repeat(32).as_str()));
    assert_eq!(parts[2], format!("scim_{}", row.id));
    assert_eq!(row.id.as_str(), "org_1.abababababababab");
    assert_eq!(row.id.tenant(), row.tenant);
    // 256 bits that are not part of the id.
    assert!(!text.replacen(parts[1], "", 1).contains(&"ab".repeat(9)));
}

// TOK-02
#[test]
fn the_row_does_not_hold_the_secret_and_depends_on_the_key() {
    let (row, text) = new(7);
    let secret = text.rsplit('_').nth(1).unwrap();
    let stored = serde_json::to_string(&row).unwrap();
    assert!(!stored.contains(secret) && !format!("{row:?}").contains(secret));
    let again: ScimToken = serde_json::from_str(&stored).unwrap();
    assert_eq!(again, row);
    let other = issue(&TokenPolicy::default(), &[], ask(), &[7; 40], &key("k1", 1), at(0)).unwrap();
    assert_eq!(other.shown.reveal(), text);
    assert_ne!(other.row.hash, row.hash);
}

// Computed by another program: stored hashes and tokens in use must outlive every change of this crate.
#[test]
fn form_and_hash_stay_as_they_are() {
    let (row, text) = new(7);
    assert_eq!(
        text,
        "scim_org_1.0707070707070707_0707070707070707070707070707070707070707070707070707070707070707_2e6ba66b"
    );
    let hash = "68db6f93e7fc3a420f614f099cf12e39ebcd74dd386c20484b500704b2257553";
    assert_eq!(String::from(row.hash), hash);
}

// TOK-02
#[test]
fn only_the_right_secret_for_the_right_row_matches() {
    let (row, text) = new(7);
    assert_eq!(check(&text, Some(&row), 1).unwrap().token(), &row.id);
    let (other_row, other_text) = new(8);
    assert_eq!(check(&other_text, Some(&row), 1), Err(TokenRefusal::Unknown));
    assert_eq!(check(&text, Some(&other_row), 1), Err(TokenRefusal::Unknown));
    assert_eq!(check(&text, None, 1), Err(TokenRefusal::Unknown));
    // A hash that is right under an id that is not the row's.
    let mut moved = row.clone();
    moved.id = other_row.id;
    assert_eq!(check(&text, Some(&moved), 1), Err(TokenRefusal::Unknown));
    // A key that is no longer on the ring.
    let mut gone = row;
    gone.hash_key = KeyId::parse("k0").unwrap();
    assert_eq!(check(&text, Some(&gone), 1), Err(TokenRefusal::Unknown));
}

// TOK-02: hashes of an older key go on.
#[test]
fn an_older_key_still_checks() {
    let issued = issue(&TokenPolicy::default(), &[], ask(), &[7; 40], &key("k1", 1), at(0)).unwrap();
    assert!(check(&issued.shown.reveal(), Some(&issued.row), 1).is_ok());
}

// TOK-02
#[test]
fn an_empty_hash_is_not_a_hash_and_a_short_key_not_a_key() {
    let (row, _) = new(7);
    let mut json = serde_json::to_value(&row).unwrap();
    for bad in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
        json["hash"] = bad.into();
        assert!(serde_json::from_value::<ScimToken>(json.clone()).is_err(), "{bad}");
    }
    let short = HashKey::new(KeyId::parse("k").unwrap(), &[0; 31]).map(|_| ());
    assert_eq!(short, Err(HashKeyError::TooShort { found: 31, min: 32 }));
    assert!(HashKeys::new(key("k", 1), vec![key("k", 2)]).is_err());
}

// TOK-03
#[test]
fn one_header_with_the_right_word_in_any_case() {
    let (_, text) = new(7);
    let read = |word: &SchemeWord, value: &str| {
        read_header([value.as_bytes()], &AuthScheme::Header(word.clone())).map(|_| ()).map_err(|e| e.code())
    };
    let custom = SchemeWord::try_from("SSWS".to_owned()).unwrap();
    for (word, good, bad) in [
        (SchemeWord::Bearer, vec!["Bearer #", "bearer #", "BEARER   #", " Bearer #\t"], vec!["#", "token #"]),
        (SchemeWord::Token, vec!["token #", "Token #"], vec!["Bearer #", "#"]),
        (SchemeWord::Nothing, vec!["#"], vec!["Bearer #"]),
        (SchemeWord::Any, vec!["#", "Bearer #", "token #", "x #"], vec![]),
        (custom, vec!["SSWS #", "ssws #"], vec!["Bearer #"]),
    ] {
        for value in good {
            assert_eq!(read(&word, &value.replace('#', &text)), Ok(()), "{word:?} {value}");
        }
        for value in bad {
            assert_eq!(read(&word, &value.replace('#', &text)), Err("token.scheme"), "{word:?} {value}");
        }
    }
    let twice = format!("Bearer {text}");
    let several = read_header([twice.as_bytes(), twice.as_bytes()], &AuthScheme::default()).unwrap_err();
    assert_eq!(several, HeaderError::Several { found: 2 });
    for empty in ["Bearer", "Bearer ", "bearer\t", ""] {
        assert_eq!(read(&SchemeWord::Any, empty), Err("token.form"), "{empty:?}");
    }
    assert_eq!(read(&SchemeWord::Bearer, &format!("Bearer {text} {text}")), Err("token.form"));
    assert_eq!(read(&SchemeWord::Bearer, &format!("Bearer {text},Bearer {text}")), Err("token.form"));
    let bytes: &[u8] = b"Bearer \xff\xfe";
    assert_eq!(read_header([bytes], &AuthScheme::default()).unwrap_err().code(), "token.form");
}

#[test]
fn a_header_is_read_up_to_its_limit() {
    let long = |n: usize| "x".repeat(n);
    let code =
        |n| read_header([long(n).as_bytes()], &AuthScheme::Header(SchemeWord::Any)).unwrap_err().code();
    assert_eq!((code(MAX_HEADER_BYTES), code(MAX_HEADER_BYTES + 1)), ("token.form", "token.too_long"));
    // The longest token there is fits.
    let mut ask = ask();
    ask.tenant = TenantId::parse(&"t".repeat(64)).unwrap();
    let prefix = TokenPrefix::parse(&"p".repeat(16)).unwrap();
    let policy = TokenPolicy { prefix, ..TokenPolicy::default() };
    present(&make(&policy, &[], ask, 1).unwrap().shown.reveal());
}

// TOK-03: where only the token tells the connection.
#[test]
fn the_scheme_can_be_checked_once_the_connection_is_known() {
    let (_, text) = new(7);
    let header = format!("token {text}");
    let given = read_header([header.as_bytes()], &AuthScheme::Header(SchemeWord::Any)).unwrap();
    assert_eq!(given.scheme(), Some("token"));
    assert!(given.check_scheme(&AuthScheme::Header(SchemeWord::Token)).is_ok());
    assert_eq!(given.check_scheme(&AuthScheme::default()).unwrap_err().code(), "token.scheme");
}

// TOK-03
#[test]
fn a_token_works_for_its_own_tenant_and_connection_only() {
    let (row, text) = new(7);
    let (tenant, connection) = here();
    let other = TenantId::parse("org_2").unwrap();
    let at_other = |at| authenticate(&present(&text), Some(&row), &keys(), at, crate::fixtures::at(1));
    assert_eq!(at_other((&other, &connection)), Err(TokenRefusal::OtherConnection));
    assert_eq!(at_other((&tenant, &connection_id("scim2"))), Err(TokenRefusal::OtherConnection));
    // A row that was moved to another tenant by mistake.
    let mut moved = row.clone();
    moved.tenant = other.clone();
    let refused = authenticate(&present(&text), Some(&moved), &keys(), (&other, &connection), at(1));
    assert_eq!(refused, Err(TokenRefusal::OtherConnection));
    // Only to someone who knows the secret.
    let (_, wrong) = new(8);
    let blind = authenticate(&present(&wrong), Some(&row), &keys(), (&other, &connection), at(1));
    assert_eq!(blind, Err(TokenRefusal::Unknown));
}

// TOK-04
#[test]
fn expiry_is_fixed_when_the_token_is_made() {
    let day = 24 * 60;
    let (row, text) = new(7);
    assert_eq!(row.expires, Expiry::At(at(365 * day)));
    assert!(check(&text, Some(&row), 365 * day - 1).is_ok());
    assert_eq!(check(&text, Some(&row), 365 * day), Err(TokenRefusal::Expired { at: at(365 * day) }));
    // "Expired on" is told only to someone who knows the secret.
    let (_, wrong) = new(8);
    assert_eq!(check(&wrong, Some(&row), 365 * day), Err(TokenRefusal::Unknown));

    let asked = |expires, policy: &TokenPolicy| {
        make(policy, &[], TokenRequest { expires, ..ask() }, 1).map(|i| i.row.expires).map_err(|e| e.code())
    };
    let policy = TokenPolicy { max_days: 30, ..TokenPolicy::default() };
    assert_eq!(asked(ExpiryRequest::At(at(0)), &policy), Err("token.expiry_in_past"));
    assert_eq!(asked(ExpiryRequest::At(at(30 * day)), &policy), Ok(Expiry::At(at(30 * day))));
    assert_eq!(asked(ExpiryRequest::At(at(30 * day + 1)), &policy), Err("token.expiry_too_late"));
    assert_eq!(asked(ExpiryRequest::Default, &policy), Ok(Expiry::At(at(30 * day))));
    assert_eq!(asked(ExpiryRequest::DangerNever, &policy), Err("token.never_not_allowed"));
    let never = TokenPolicy { danger_allow_never: true, expiry_required: true, ..policy };
    assert_eq!(asked(ExpiryRequest::DangerNever, &never), Ok(Expiry::DangerNever));
    assert_eq!(asked(ExpiryRequest::Default, &never), Err("token.expiry_required"));
}

// TOK-05
#[test]
fn at_once_the_old_token_is_dead_in_the_same_moment() {
    let (old, old_text) = new(7);
    let issued = make(&at_once(), &[old], ask(), 8).unwrap();
    let [dead] = issued.changed.as_slice() else { panic!("one row changes") };
    assert_eq!(check(&old_text, Some(dead), 0), Err(TokenRefusal::Replaced { at: at(0) }));
    assert_eq!(dead.replaced_by.as_ref(), Some(&issued.row.id));
    assert!(check(&issued.shown.reveal(), Some(&issued.row), 0).is_ok());
    let actions: Vec<_> = issued.audit.iter().map(|event| event.action).collect();
    assert_eq!(actions, [crate::Action::TokenRevoked, crate::Action::TokenIssued]);
}

// TOK-05
#[test]
fn side_by_side_the_old_token_gets_an_end_no_later_than_it_had() {
    let day = 24 * 60;
    let (old, old_text) = new(7);
    let replace = |old: &ScimToken| {
        let ask = TokenRequest { replaces: Some(old.id.clone()), ..ask() };
        make(&side_by_side(2), std::slice::from_ref(old), ask, 8).unwrap().changed.remove(0)
    };
    let ending = replace(&old);
    assert_eq!(ending.ends, Some(at(7 * day)));
    assert_eq!(ending.expires, old.expires, "expiry never changes");
    assert!(check(&old_text, Some(&ending), 7 * day - 1).is_ok());
    assert_eq!(check(&old_text, Some(&ending), 7 * day), Err(TokenRefusal::Replaced { at: at(7 * day) }));

    let mut soon = old.clone();
    soon.expires = Expiry::At(at(day));
    assert_eq!(replace(&soon).end(), Some(at(day)));
    let mut ending_soon = old.clone();
    ending_soon.ends = Some(at(day));
    assert_eq!(replace(&ending_soon).ends, Some(at(day)), "replaced twice");
    let mut never = old.clone();
    never.expires = Expiry::DangerNever;
    assert_eq!(replace(&never).end(), Some(at(7 * day)));

    let unknown = TokenRequest { replaces: Some(new(9).0.id), ..ask() };
    assert_eq!(make(&side_by_side(2), &[old], unknown, 8).unwrap_err().code(), "token.replaced_unknown");
}

// TOK-05
#[test]
fn live_tokens_are_capped_and_dead_ones_free_their_slot() {
    for (max_active, cap) in [(0, 1), (1, 1), (2, 2), (5, 5), (200, 5)] {
        let policy = side_by_side(max_active);
        let mut rows = Vec::new();
        for byte in 0..cap {
            let row = make(&policy, &rows, ask(), byte).unwrap().row;
            assert_eq!(row.slot, byte);
            rows.push(row);
        }
        let full = make(&policy, &rows, ask(), 99).unwrap_err();
        assert_eq!(full, TokenError::TooManyActive { max: cap });
        rows[0] = revoke(&rows[0], &Actor::Operator, at(0)).0;
        assert_eq!(make(&policy, &rows, ask(), 99).unwrap().row.slot, 0);
    }
}

// TOK-05: a cap that was lowered counts the tokens above it.
#[test]
fn tokens_in_slots_above_a_lowered_cap_count() {
    let mut rows = vec![new(1).0, new(2).0];
    (rows[0].slot, rows[1].slot) = (3, 4);
    assert_eq!(make(&side_by_side(2), &rows, ask(), 3).unwrap_err().code(), "token.too_many_active");
    assert_eq!(make(&side_by_side(3), &rows, ask(), 3).unwrap().row.slot, 0);
}

#[test]
fn rows_of_another_connection_are_refused() {
    let (mut other, _) = new(7);
    other.connection = connection_id("scim2");
    assert_eq!(make(&at_once(), &[other], ask(), 8).unwrap_err().code(), "token.other_connection");
}

// TOK-06
#[test]
fn last_use_is_written_at_most_every_five_minutes() {
    let (mut row, _) = new(7);
    let used =
        |minutes| Use { at: at(minutes), address: None, agent: Some("Okta SCIM Client 1.0.0".to_owned()) };
    row.last_used = touch(&row, &used(0));
    assert_eq!(row.last_used, Some(used(0)));
    assert_eq!(touch(&row, &used(4)), None);
    assert_eq!(touch(&row, &used(5)), Some(used(5)));
    let long = Use { agent: Some("a\r\n".repeat(300)), ..used(9) };
    let kept = touch(&row, &long).unwrap().agent.unwrap();
    assert_eq!(kept, "a".repeat(200));
}

// TOK-07
#[test]
fn a_revoked_token_fails_at_once_and_for_good() {
    let (row, text) = new(7);
    let (revoked, audit) = revoke(&row, &Actor::Person(person_id("root")), at(3));
    assert_eq!(audit.unwrap().action, crate::Action::TokenRevoked);
    assert_eq!(check(&text, Some(&revoked), 3), Err(TokenRefusal::Revoked { at: at(3) }));
    let (again, audit) = revoke(&revoked, &Actor::Operator, at(9));
    assert_eq!((again, audit), (revoked, None));
}

// TOK-08
#[test]
fn a_missing_scope_is_403() {
    let ask = TokenRequest { scopes: BTreeSet::from([Scope::UsersRead]), ..ask() };
    let issued = make(&TokenPolicy::default(), &[], ask, 1).unwrap();
    let client = check(&issued.shown.reveal(), Some(&issued.row), 0).unwrap();
    assert!(client.require(Scope::UsersRead).is_ok());
    let refusal = client.require(Scope::UsersWrite).unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (403, "token.scope_missing"));
    assert_eq!(TokenRefusal::Unknown.status(), 401);
}

// TOK-10
#[test]
fn no_secret_is_in_debug_or_errors() {
    let issued = make(&TokenPolicy::default(), &[], ask(), 0xab).unwrap();
    let secret = "ab".repeat(32);
    assert!(!format!("{issued:?}").contains(&secret));
    let text = issued.shown.reveal();
    assert!(!format!("{:?}", present(&text)).contains(&secret));
    assert!(!format!("{:?}", keys()).contains("0202") && !format!("{:?}", keys()).contains("[2, 2"));
    let last = if text.ends_with('0') { '1' } else { '0' };
    let wrong = format!("Bearer {}{last}", text.strip_suffix(|_: char| true).unwrap());
    let error = read_header([wrong.as_bytes()], &AuthScheme::default()).unwrap_err();
    assert_eq!(error, HeaderError::Checksum);
    assert!(!format!("{error:?} {error}").contains(&secret));
}

#[test]
fn texts_of_a_token_are_one_short_line() {
    for (name, good) in [("a".repeat(200), true), ("a".repeat(201), false), ("a\nb".to_owned(), false)] {
        let ask = TokenRequest { name: Some(name), ..ask() };
        assert_eq!(make(&TokenPolicy::default(), &[], ask, 1).is_ok(), good);
    }
}

#[test]
fn an_expiry_at_the_end_of_the_calendar_does_not_overflow() {
    let late = chrono::DateTime::<Utc>::MAX_UTC - TimeDelta::days(1);
    let issued = issue(&TokenPolicy::default(), &[], ask(), &[1; 40], keys().current(), late).unwrap();
    assert_eq!(issued.row.expires, Expiry::At(chrono::DateTime::<Utc>::MAX_UTC));
}
