use chrono::TimeDelta;

use super::*;
use crate::fixtures::{at, connection_id, person_id, saml, scim, tenant};
use crate::trust::TrustedKey;
use crate::{Actor, ExpiryRequest, HashKey, KeyId, TokenRequest, issue};

fn day(count: i64) -> DateTime<Utc> {
    at(0).checked_add_signed(TimeDelta::days(count)).unwrap()
}

/// Made at `made`, ends on day 100.
fn token(made: DateTime<Utc>) -> ScimToken {
    let key = HashKey::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap();
    let mut ask = TokenRequest::new(tenant().id, scim().id, Actor::Operator);
    ask.expires = ExpiryRequest::At(day(100));
    issue(&TokenPolicy::default(), &[], ask, &[1; 40], &key, made).unwrap().row
}

struct Scene {
    tenant: Tenant,
    tokens: Vec<ScimToken>,
    connections: Vec<(SamlConnection, Option<DateTime<Utc>>)>,
    sp_keys: Vec<SpKey>,
    sent: BTreeSet<Reminder>,
}

fn empty() -> Scene {
    Scene {
        tenant: tenant(),
        tokens: Vec::new(),
        connections: Vec::new(),
        sp_keys: Vec::new(),
        sent: BTreeSet::new(),
    }
}

impl Scene {
    fn due(&self, now: DateTime<Utc>) -> Vec<Reminder> {
        let facts = ReminderFacts {
            tenant: &self.tenant,
            tokens: &self.tokens,
            connections: &self.connections,
            sp_keys: &self.sp_keys,
            admins: &[person_id("ann")],
        };
        due(&facts, &TokenPolicy::default(), &self.sent, now)
    }

    /// The thresholds told if somebody looks each day, as (day, days before).
    fn told(&mut self, last: i64) -> Vec<(i64, Option<u16>)> {
        let mut told = Vec::new();
        for today in 0..=last {
            for reminder in self.due(day(today)) {
                told.push((today, reminder.days));
                self.sent.insert(reminder);
            }
        }
        told
    }
}

const FOUR: [(i64, Option<u16>); 4] = [(70, Some(30)), (93, Some(7)), (99, Some(1)), (100, Some(0))];

// TOK-11
#[test]
fn a_token_is_announced_at_thirty_seven_and_one_day_and_at_its_end_each_once() {
    let mut scene = empty();
    scene.tokens.push(token(at(0)));
    assert_eq!(scene.told(120), FOUR);
}

// TOK-11
#[test]
fn certificates_metadata_and_domains_are_announced_alike() {
    let mut certificate = empty();
    let mut connection = saml();
    let key = |print: &str, state| TrustedKey {
        fingerprint: print.to_owned(),
        not_after: Some(day(100)),
        state,
        last_verified: None,
    };
    connection.trust = vec![key("a", KeyState::Active), key("old", KeyState::Retired { at: at(0) })];
    certificate.connections.push((connection, None));
    assert_eq!(certificate.due(day(99))[0].subject, "saml a");
    assert_eq!(certificate.told(120), FOUR);

    let mut metadata = empty();
    metadata.connections.push((saml(), Some(day(100))));
    assert_eq!(metadata.due(day(99))[0].kind, ReminderKind::Metadata);
    assert_eq!(metadata.told(120), FOUR);

    let mut domain = empty();
    let lapsed = DomainState::Lapsed { since: at(0), grace_until: day(14) };
    domain.tenant.domains.get_mut("example.com").unwrap().state = lapsed;
    assert_eq!(domain.told(30), [(0, None), (0, Some(30)), (7, Some(7)), (13, Some(1)), (14, Some(0))]);
}

// TOK-11
#[test]
fn who_was_away_hears_the_latest_and_a_short_token_is_not_announced_before_it_was_made() {
    let mut away = empty();
    away.tokens.push(token(at(0)));
    let days: Vec<_> = away.due(day(95)).iter().map(|reminder| reminder.days).collect();
    assert_eq!(days, [Some(7)]);
    let mut short = empty();
    short.tokens.push(token(day(95)));
    assert_eq!(short.told(120), [(99, Some(1)), (100, Some(0))]);
}

// TOK-11
#[test]
fn revoked_tokens_and_other_tenants_are_not_announced() {
    let mut scene = empty();
    let (mut revoked, mut foreign) = (token(at(0)), token(at(0)));
    revoked.revoked = Some(at(1));
    foreign.tenant = crate::TenantId::parse("org_2").unwrap();
    scene.tokens = vec![revoked, foreign];
    let mut connection = saml();
    connection.tenant = crate::TenantId::parse("org_2").unwrap();
    scene.connections.push((connection, Some(day(1))));
    assert_eq!(scene.due(day(100)), []);
}

// TOK-04, TOK-09, TEN-13
#[test]
fn what_has_no_end_is_told_once_as_well() {
    let mut scene = empty();
    let mut forever = token(at(0));
    forever.expires = Expiry::DangerNever;
    let mut orphan = token(at(0));
    orphan.owner = Some(person_id("bob"));
    let mut owned = token(at(0));
    owned.owner = Some(person_id("ann"));
    scene.tokens = vec![forever, orphan, owned];
    scene.tenant.sso = SsoPolicy::Enforced { connections: [connection_id("saml")].into(), since: at(0) };
    let kinds: Vec<_> = scene.due(day(1)).into_iter().map(|reminder| reminder.kind).collect();
    let all = [ReminderKind::NeverExpires, ReminderKind::NoBreakGlass, ReminderKind::OrphanedToken];
    assert_eq!(kinds, all);
    assert_eq!(scene.told(3), [(0, None); 3]);
    // Another owner who leaves is another thing to tell.
    scene.tokens[1].owner = Some(person_id("carl"));
    assert_eq!(scene.due(day(4)).len(), 1);
    scene.tenant.break_glass.persons.insert(person_id("bg"));
    scene.sent.clear();
    assert!(scene.due(day(4)).iter().all(|reminder| reminder.kind != ReminderKind::NoBreakGlass));
}

/// Made on day 0, with a certificate that ends on day 100.
fn own_key(id: &str, state: SpKeyState) -> SpKey {
    SpKey {
        id: KeyId::parse(id).unwrap(),
        fingerprint: format!("{id}{id}"),
        state,
        created: day(0),
        not_after: day(100),
        signs_from: None,
        retired: None,
    }
}

#[test]
fn the_certificate_of_our_own_key_is_announced_alike_while_it_signs() {
    let mut scene = empty();
    scene.sp_keys = vec![own_key("a", SpKeyState::Current)];
    assert_eq!(scene.told(120), FOUR);
    assert!(scene.sent.iter().all(|one| one.kind == ReminderKind::OwnCertificate && one.subject == "aa"));
    // One that only decrypts may end.
    let mut scene = empty();
    scene.sp_keys = vec![own_key("a", SpKeyState::Retired)];
    assert_eq!(scene.told(120), []);
    // After the switch the old one may end too.
    let mut next = own_key("b", SpKeyState::Next);
    (next.not_after, next.signs_from) = (day(4000), Some(day(14)));
    scene.sp_keys = vec![own_key("a", SpKeyState::Current), next];
    scene.told(120);
    assert!(scene.sent.iter().all(|one| one.kind == ReminderKind::OwnKeySwitch && one.subject == "bb"));
}

#[test]
fn the_switch_to_our_next_key_is_announced_until_the_old_one_is_retired() {
    let mut scene = empty();
    let mut old = own_key("a", SpKeyState::Current);
    let mut next = own_key("b", SpKeyState::Next);
    (old.not_after, next.not_after, next.signs_from) = (day(4000), day(4000), Some(day(14)));
    scene.sp_keys = vec![old.clone(), next.clone()];
    // The first one as soon as it is set: fourteen days are fewer than thirty.
    assert_eq!(scene.told(20), [(0, Some(30)), (7, Some(7)), (13, Some(1)), (14, Some(0))]);
    // Another instant is another thing to tell.
    scene.sp_keys[1].signs_from = Some(day(30));
    assert_eq!(scene.due(day(24)).len(), 1);
    scene.sp_keys = vec![
        SpKey { state: SpKeyState::Retired, retired: Some(day(20)), ..old },
        SpKey { state: SpKeyState::Current, ..next },
    ];
    assert_eq!(scene.due(day(24)), []);
}
