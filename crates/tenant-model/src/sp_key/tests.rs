use super::*;
use crate::fixtures::at;

fn day(count: i64) -> DateTime<Utc> {
    at(0).checked_add_signed(TimeDelta::days(count)).unwrap()
}

fn id(name: &str) -> KeyId {
    KeyId::parse(name).unwrap()
}

/// Its certificate ends on day 1000.
fn first() -> SpKey {
    SpKey {
        id: id("one"),
        fingerprint: "aa".to_owned(),
        state: SpKeyState::Current,
        created: day(0),
        not_after: day(1000),
        signs_from: None,
        retired: None,
    }
}

fn new() -> NewSpKey {
    NewSpKey { id: id("two"), fingerprint: "bb".to_owned(), not_after: day(3000) }
}

const POLICY: SpKeys = SpKeys { overlap_days: 14 };

/// The old key and the next one, which signs from day 14 on.
fn staged() -> Vec<SpKey> {
    let next = stage_key(&[first()], new(), None, POLICY, day(0)).unwrap();
    vec![first(), next]
}

fn signing(keys: &[SpKey], now: DateTime<Utc>) -> &str {
    signing_key(keys, now).unwrap().id.as_str()
}

#[test]
fn a_staged_key_signs_after_the_days_of_the_product_and_not_before() {
    let keys = staged();
    assert_eq!(keys[1].state, SpKeyState::Next);
    assert_eq!(keys[1].signs_from, Some(day(14)));
    assert_eq!(signing(&keys, day(14) - TimeDelta::milliseconds(1)), "one");
    assert_eq!(signing(&keys, day(14)), "two");
    assert_eq!(signing(&[first()], day(500)), "one");
    assert_eq!(signing_key(&[], day(0)), None);
}

#[test]
fn a_second_next_key_is_refused_until_the_old_one_is_retired() {
    let keys = staged();
    let third = || NewSpKey { id: id("three"), fingerprint: "cc".to_owned(), not_after: day(3000) };
    for now in [day(1), day(20)] {
        assert_eq!(stage_key(&keys, third(), None, POLICY, now), Err(SpKeyError::NextExists));
    }
    let (old, current) = retire_sp_key(&keys, day(20)).unwrap();
    assert!(stage_key(&[old, current], third(), None, POLICY, day(20)).is_ok());
    assert_eq!(stage_key(&[], third(), None, POLICY, day(0)), Err(SpKeyError::LastKey));
}

#[test]
fn a_switch_may_be_now_and_soon_but_not_long_ago_too_far_or_after_the_end() {
    let keys = staged();
    let asked = |asked, now| schedule_switch(&keys, asked, now).map(|key| key.signs_from.unwrap());
    let now = day(3);
    assert_eq!(asked(now, now), Ok(now));
    assert_eq!(asked(day(9), now), Ok(day(9)));
    // The time that it took to fill in the form.
    assert_eq!(asked(now - TimeDelta::minutes(10), now), Ok(now));
    let at = now - TimeDelta::minutes(11);
    assert_eq!(asked(at, now), Err(SpKeyError::SwitchInPast { at, now }));
    assert_eq!(asked(day(369), now), Ok(day(369)));
    let at = day(370);
    assert_eq!(asked(at, now), Err(SpKeyError::SwitchTooFar { at }));
    assert_eq!(asked(day(1000), day(990)), Ok(day(1000)));
    let (at, end) = (day(1001), day(1000));
    assert_eq!(asked(at, day(990)), Err(SpKeyError::SwitchAfterEnd { at, end }));
    // It has ended already: nobody is helped by haste.
    assert_eq!(asked(day(1010), day(1001)), Ok(day(1010)));
    // The same for a key that is staged with its instant.
    let at = day(-1);
    let refused = stage_key(&[first()], new(), Some(at), POLICY, now);
    assert_eq!(refused, Err(SpKeyError::SwitchInPast { at, now }));
    assert_eq!(schedule_switch(&[first()], now, now), Err(SpKeyError::NoNext));
}

#[test]
fn the_default_switch_does_not_outlive_the_certificate_in_use() {
    assert_eq!(default_switch(&first(), POLICY, day(0)), day(14));
    assert_eq!(default_switch(&first(), POLICY, day(995)), day(1000));
    assert_eq!(default_switch(&first(), POLICY, day(1001)), day(1015));
}

#[test]
fn a_switch_that_has_come_can_be_put_off_and_then_the_old_key_signs_again() {
    let mut keys = staged();
    assert_eq!(signing(&keys, day(15)), "two");
    keys[1] = schedule_switch(&keys, day(30), day(15)).unwrap();
    assert_eq!(signing(&keys, day(15)), "one");
    assert_eq!(signing(&keys, day(30)), "two");
}

#[test]
fn the_old_key_leaves_the_metadata_only_after_the_switch() {
    let keys = staged();
    assert_eq!(retire_sp_key(&keys, day(13)), Err(SpKeyError::StillSigns { from: day(14) }));
    let (old, current) = retire_sp_key(&keys, day(14)).unwrap();
    assert_eq!((old.id.as_str(), old.state, old.retired), ("one", SpKeyState::Retired, Some(day(14))));
    assert_eq!((current.id.as_str(), current.state), ("two", SpKeyState::Current));
    assert_eq!(signing(&[old, current], day(14)), "two");
    assert_eq!(retire_sp_key(&[first()], day(14)), Err(SpKeyError::LastKey));
    assert_eq!(retire_sp_key(&[], day(14)), Err(SpKeyError::LastKey));
}

#[test]
fn a_next_key_without_an_instant_never_signs() {
    let mut keys = staged();
    keys[1].signs_from = None;
    assert_eq!(signing(&keys, day(5000)), "one");
    assert!(matches!(retire_sp_key(&keys, day(5000)), Err(SpKeyError::StillSigns { .. })));
    assert!(cancel_key(&keys, day(5000)).is_ok());
}

#[test]
fn a_next_key_is_taken_back_only_before_it_signs() {
    let keys = staged();
    assert_eq!(cancel_key(&keys, day(13)).unwrap().id.as_str(), "two");
    assert_eq!(cancel_key(&keys, day(14)), Err(SpKeyError::Switched { since: day(14) }));
    assert_eq!(cancel_key(&[first()], day(0)), Err(SpKeyError::NoNext));
}

#[test]
fn only_a_retired_key_is_removed_and_there_are_few_of_them() {
    let mut keys = staged();
    for name in ["one", "two"] {
        assert_eq!(remove_key(&keys, &id(name)), Err(SpKeyError::InUse));
    }
    assert_eq!(remove_key(&keys, &id("three")), Err(SpKeyError::Unknown));
    let retired = |number: usize| SpKey {
        id: id(&format!("old{number}")),
        state: SpKeyState::Retired,
        retired: Some(day(0)),
        ..first()
    };
    keys.extend((1..MAX_RETIRED_KEYS).map(retired));
    assert!(retire_sp_key(&keys, day(14)).is_ok());
    keys.push(retired(MAX_RETIRED_KEYS));
    assert_eq!(retire_sp_key(&keys, day(14)), Err(SpKeyError::TooManyRetired));
    let gone = remove_key(&keys, &id("old1")).unwrap().id.clone();
    keys.retain(|key| key.id != gone);
    assert!(retire_sp_key(&keys, day(14)).is_ok());
}

#[test]
fn states_have_the_names_under_which_they_are_stored() {
    for state in [SpKeyState::Current, SpKeyState::Next, SpKeyState::Retired] {
        assert_eq!(SpKeyState::of_name(state.name()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.name());
    }
    assert_eq!(SpKeyState::of_name("other"), None);
}
