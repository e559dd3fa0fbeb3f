use super::*;
use crate::TenantId;
use crate::fixtures::{IDP, at, connection_id, link, person, saml};

const SSO: &str = "https://idp.example.com";

fn rights() -> Rights {
    Rights { tenant: saml().tenant, granted: [Right::Trust(saml().id)].into() }
}

/// A connection with the keys `a`, which verified a login, and `old`, which is retired.
fn trusting() -> SamlConnection {
    let mut connection = saml();
    connection.sso_origins = [SSO.to_owned()].into();
    let key = |print: &str, state, last_verified| TrustedKey {
        fingerprint: print.to_owned(),
        not_after: None,
        state,
        last_verified,
    };
    connection.trust =
        vec![key("a", KeyState::Active, Some(at(-9))), key("old", KeyState::Retired { at: at(-99) }, None)];
    connection
}

fn proposal(keys: &[&str]) -> TrustProposal {
    TrustProposal {
        entity_id: IDP.to_owned(),
        sso_origins: [SSO.to_owned()].into(),
        keys: keys.iter().map(|key| ((*key).to_owned(), Some(at(9)))).collect(),
    }
}

fn reasons(connection: &SamlConnection, new: &TrustProposal) -> Vec<TrustReason> {
    trust_change(connection, new, at(0)).unwrap().reasons.into_iter().collect()
}

fn prints(connection: &SamlConnection) -> Vec<&str> {
    connection.verifying_keys().collect()
}

// TEN-10
#[test]
fn a_key_beside_the_old_one_is_safe_and_both_verify() {
    let before = trusting();
    let verdict = trust_change(&before, &proposal(&["a", "b"]), at(0)).unwrap();
    assert!(verdict.is_safe());
    assert_eq!((&verdict.added, &verdict.dropped), (&vec!["b".to_owned()], &vec![]));
    let (mut after, event) = verdict.apply(&before, &Actor::System, at(0)).unwrap();
    assert_eq!((prints(&after), after.generation), (vec!["a", "b"], before.generation));
    assert_eq!(event.action, Action::TrustChanged);
    // A login with it makes it active, and only then may the old one go.
    let retire = |c: &SamlConnection| retire_key(c, "a", &rights(), &Actor::Operator, at(2));
    assert_eq!(retire(&after).unwrap_err(), TrustError::NeedsApproval);
    assert_eq!(after.trust[2].state, KeyState::Staged { since: at(0) });
    assert!(after.note_verified("b", at(1)));
    assert!(!after.note_verified("b", at(60)));
    assert!(after.note_verified("b", at(61)));
    assert_eq!(after.trust[2].state, KeyState::Active);
    let (rolled, _) = retire(&after).unwrap();
    assert_eq!((prints(&rolled), rolled.generation), (vec!["b"], before.generation));
}

// TEN-10
#[test]
fn another_entity_other_keys_or_another_host_each_need_approval() {
    let before = trusting();
    let mut entity = proposal(&["a"]);
    entity.entity_id = "https://evil.example".to_owned();
    assert_eq!(reasons(&before, &entity), [TrustReason::EntityId]);
    let mut host = proposal(&["a"]);
    host.sso_origins.insert("https://evil.example".to_owned());
    assert_eq!(reasons(&before, &host), [TrustReason::SsoOrigin]);
    assert_eq!(reasons(&before, &proposal(&["b"])), [TrustReason::KeysReplaced]);
    // A retired key is no key that stays.
    assert_eq!(reasons(&before, &proposal(&["old"])), [TrustReason::KeysReplaced]);
    let mut fewer = trusting();
    fewer.sso_origins.insert("https://second.example".to_owned());
    assert!(reasons(&fewer, &proposal(&["a"])).is_empty());
    let refused = trust_change(&before, &proposal(&["b"]), at(0)).unwrap();
    assert_eq!(refused.apply(&before, &Actor::System, at(0)), Err(TrustError::NeedsApproval));
    assert_eq!(trust_change(&before, &proposal(&[]), at(0)), Err(TrustError::NoKey));
}

// TEN-10
#[test]
fn replacing_the_keys_in_two_steps_needs_approval_as_well() {
    let before = trusting();
    let first = trust_change(&before, &proposal(&["a", "b"]), at(0)).unwrap();
    let (between, _) = first.apply(&before, &Actor::System, at(0)).unwrap();
    assert_eq!(reasons(&between, &proposal(&["b"])), [TrustReason::KeysReplaced]);
    // Before the first login no key has proved itself, and any that stays will do.
    let mut fresh = trusting();
    fresh.trust[0].last_verified = None;
    assert!(reasons(&fresh, &proposal(&["a", "b"])).is_empty());
    assert_eq!(reasons(&fresh, &proposal(&["b"])), [TrustReason::KeysReplaced]);
}

// TEN-10
#[test]
fn approval_needs_its_own_right_and_raises_the_generation() {
    let before = trusting();
    let approve = |rights: &Rights, stored: &SamlConnection| {
        let verdict = trust_change(&before, &proposal(&["b"]), at(0)).unwrap();
        verdict.approve(stored, rights, &Actor::Operator, at(0))
    };
    let (after, event) = approve(&rights(), &before).unwrap();
    assert_eq!((prints(&after), after.generation), (vec!["b"], before.generation.raised()));
    assert_eq!(event.change[2].after.as_deref(), Some("1"));
    for (what, wrong) in [
        ("members", Rights { granted: [Right::Members, Right::Security].into(), ..rights() }),
        ("other connection", Rights { granted: [Right::Trust(connection_id("x"))].into(), ..rights() }),
        ("other tenant", Rights { tenant: TenantId::parse("org_2").unwrap(), ..rights() }),
    ] {
        assert_eq!(approve(&wrong, &before).unwrap_err().code(), "right.missing", "{what}");
        assert!(
            retire_key(&before, "a", &wrong, &Actor::Operator, at(0)).unwrap_err().code() == "right.missing"
        );
        let stale = link(&person("p", "p@example.com"), "p");
        let confirmed = confirm_link(&after, &stale, &wrong, &Actor::Operator, at(0));
        assert_eq!(confirmed.unwrap_err().code(), "right.missing", "{what}");
    }
    // What was approved is what was seen; a login in between changes nothing of that.
    let mut seen = before.clone();
    seen.last_login = Some(at(0));
    assert_eq!(approve(&rights(), &seen).unwrap().0.last_login, Some(at(0)));
    seen.display_name = "other".to_owned();
    assert_eq!(approve(&rights(), &seen), Err(TrustError::Changed));
    // An approved safe change raises nothing.
    let safe = trust_change(&before, &proposal(&["a", "b"]), at(0)).unwrap();
    let (after, _) = safe.approve(&before, &rights(), &Actor::Operator, at(0)).unwrap();
    assert_eq!(after.generation, before.generation);
}

// TEN-10
#[test]
fn a_link_is_confirmed_for_its_own_connection() {
    let mut connection = trusting();
    connection.raise_generation();
    let stale = link(&person("p", "p@example.com"), "p");
    let confirm = |link: &Link| confirm_link(&connection, link, &rights(), &Actor::Operator, at(0));
    let (fresh, event) = confirm(&stale).unwrap();
    assert_eq!((fresh.generation, event.action), (connection.generation, Action::LinkConfirmed));
    let other = Link { connection: connection_id("x"), ..stale.clone() };
    assert_eq!(confirm(&other), Err(TrustError::Changed));
    let other = Link { tenant: TenantId::parse("org_2").unwrap(), ..stale };
    assert_eq!(confirm(&other), Err(TrustError::Changed));
}

// TEN-04, TEN-10
#[test]
fn a_retired_key_never_verifies_and_the_last_one_stays() {
    let mut connection = trusting();
    assert_eq!(prints(&connection), ["a"]);
    assert!(!connection.note_verified("old", at(0)));
    assert!(!connection.note_verified("unknown", at(0)));
    let retire = |print: &str| retire_key(&connection, print, &rights(), &Actor::Operator, at(0));
    assert_eq!(retire("a"), Err(TrustError::LastKey));
    assert_eq!(retire("old"), Err(TrustError::NoSuchKey));
    // A retired key that is proposed again begins anew, once.
    let again = trust_change(&connection, &proposal(&["a", "old", "old"]), at(0)).unwrap();
    assert_eq!(again.added, ["old"]);
    let (after, _) = again.apply(&connection, &Actor::System, at(0)).unwrap();
    assert_eq!(prints(&after), ["a", "old"]);
    assert_eq!(after.trust.len(), 2);
}
