//! What holds for every input, not only for the examples.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "test helpers")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use tenant_model::{
    Actor, AttributeBag, AuthScheme, Before, ConnectionId, DirectoryPerson, DirectoryState, EmailAddress,
    GroupKey, GroupRef, Guard, HashKey, HashKeys, HeaderError, KeyId, LifecycleEvent, LocalPath, Person,
    PersonId, ProductProfile, Rotation, SchemeWord, ScimConnection, ScimToken, Tenant, TenantId, TokenId,
    TokenPolicy, TokenRefusal, TokenRequest, apply, authenticate, dry_run, issue, okta_hook, read_header,
    transition,
};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).single().unwrap_or_default()
}

fn keys() -> HashKeys {
    let key = HashKey::new(KeyId::parse("k").unwrap(), &[9; 32]).unwrap();
    HashKeys::new(key, vec![]).unwrap()
}

fn any_auth() -> AuthScheme {
    AuthScheme::Header(SchemeWord::Any)
}

fn token(tenant: &str, random: &[u8; 40]) -> (ScimToken, String) {
    let tenant = TenantId::parse(tenant).unwrap();
    let ask = TokenRequest::new(tenant, ConnectionId::parse("scim").unwrap(), Actor::Operator);
    let issued = issue(&TokenPolicy::default(), &[], ask, random, keys().current(), now()).unwrap();
    (issued.row, issued.shown.reveal())
}

fn random() -> impl Strategy<Value = [u8; 40]> {
    vec(any::<u8>(), 40).prop_map(|bytes| bytes.try_into().unwrap())
}

/// Present, then check, as a host does.
fn check(header: &[u8], row: &ScimToken) -> Result<TokenId, &'static str> {
    let given = read_header([header], &any_auth()).map_err(|error| error.code())?;
    let found = (given.id() == &row.id).then_some(row);
    authenticate(&given, found, &keys(), (&row.tenant, &row.connection), now())
        .map(|client| client.token().clone())
        .map_err(|refusal| refusal.code())
}

proptest! {
    // TOK-01, TOK-02
    #[test]
    fn a_token_that_was_issued_is_known(tenant in "[A-Za-z0-9][A-Za-z0-9_-]{0,63}", random in random()) {
        let (row, text) = token(&tenant, &random);
        prop_assert_eq!(&row.id.tenant(), &row.tenant);
        prop_assert_eq!(check(text.as_bytes(), &row), Ok(row.id.clone()));
        let stored: ScimToken = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        prop_assert_eq!(check(format!("Bearer {text}").as_bytes(), &stored), Ok(row.id));
    }

    // TOK-01: a typo is told without the store.
    #[test]
    fn any_one_character_changed_is_refused(random in random(), at in any::<prop::sample::Index>(), to in 0x21_u8..0x7f) {
        let (row, text) = token("org_123", &random);
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let code = read_header([bytes.as_slice()], &any_auth()).map(|_| ()).unwrap_err().code();
        prop_assert!(code == "token.checksum" || code == "token.form", "{}", code);
        prop_assert!(check(&bytes, &row).is_err());
    }

    // TOK-01
    #[test]
    fn a_token_that_was_cut_or_lengthened_is_refused(random in random(), cut in 1_usize..60, more in "[0-9a-f_]{1,9}") {
        let (row, text) = token("org_123", &random);
        let short: String = text.chars().take(text.len() - cut).collect();
        prop_assert!(check(short.as_bytes(), &row).is_err());
        let (after, before) = (format!("{text}{more}"), format!("{more}{text}"));
        prop_assert!(check(after.as_bytes(), &row).is_err());
        prop_assert!(check(before.as_bytes(), &row).is_err());
    }

    // TOK-02
    #[test]
    fn one_tokens_secret_never_opens_anothers_row(a in random(), b in random()) {
        prop_assume!(a != b);
        let ((row, _), (_, text)) = (token("org_1", &a), token("org_1", &b));
        let given = read_header([text.as_bytes()], &any_auth()).unwrap();
        let refused = authenticate(&given, Some(&row), &keys(), (&row.tenant, &row.connection), now());
        prop_assert_eq!(refused, Err(TokenRefusal::Unknown));
    }

    #[test]
    fn a_header_of_any_bytes_is_read_without_harm(bytes in vec(any::<u8>(), 0..600)) {
        let outcome = read_header([bytes.as_slice()], &any_auth());
        prop_assert!(outcome.is_err());
        if bytes.len() <= tenant_model::MAX_HEADER_BYTES {
            let too_long = matches!(outcome, Err(HeaderError::TooLong { .. }));
            prop_assert!(!too_long);
        }
    }

    // TOK-05: whatever happens, live tokens stay below the cap and in slots of their own.
    #[test]
    fn live_tokens_never_pass_the_cap(
        max_active in 0_u8..9,
        at_once in any::<bool>(),
        steps in vec((any::<bool>(), 0_i64..12, 0_usize..9), 1..25),
    ) {
        let rotation = if at_once { Rotation::AtOnce } else { Rotation::SideBySide };
        let policy = TokenPolicy { rotation, max_active, ..TokenPolicy::default() };
        let mut rows: Vec<ScimToken> = Vec::new();
        let mut at = now();
        for (number, (replace, days, which)) in steps.into_iter().enumerate() {
            at += TimeDelta::days(days);
            let tenant = TenantId::parse("org_1").unwrap();
            let mut ask = TokenRequest::new(tenant, ConnectionId::parse("scim").unwrap(), Actor::Operator);
            ask.replaces = rows.get(which).filter(|_| replace).map(|row| row.id.clone());
            let bytes = [u8::try_from(number).unwrap(); 40];
            if let Ok(issued) = issue(&policy, &rows, ask, &bytes, keys().current(), at) {
                for changed in issued.changed {
                    let row = rows.iter_mut().find(|row| row.id == changed.id).unwrap();
                    prop_assert_eq!(row.expires, changed.expires);
                    prop_assert!(changed.end() <= row.end());
                    *row = changed;
                }
                rows.push(issued.row);
            }
            let live: Vec<_> = rows.iter().filter(|row| row.is_live(at)).collect();
            let slots: BTreeSet<_> = live.iter().map(|row| row.slot).collect();
            prop_assert!(live.len() <= usize::from(policy.cap()));
            prop_assert_eq!(slots.len(), live.len());
        }
    }

    // TEN-15: the epoch only grows, and it grows whenever access shrinks.
    #[test]
    fn the_epoch_only_grows_and_does_whenever_access_shrinks(changes in vec(change(), 1..12)) {
        let (tenant, connection) = directory();
        let id = PersonId::parse("alice").unwrap();
        let cause = Actor::Connection(connection.id.clone());
        let mut known: Option<Person> = None;
        for (minutes, (user, guard)) in (0..).zip(&changes) {
            let at = now() + TimeDelta::minutes(minutes);
            let before = known.as_ref().map_or(Before::New(&id), Before::Known);
            let Ok(step) = transition(&tenant, &connection, before, user, guard, &cause, at) else { continue };
            if let Some(old) = &known {
                let new = &step.person;
                prop_assert!(new.epoch >= old.epoch);
                let off = old.state.is_active() && !new.state.is_active();
                let lost = !old.roles().is_subset(&new.roles());
                let moved = old.email.as_ref().map(EmailAddress::fold) != new.email.as_ref().map(EmailAddress::fold);
                prop_assert_eq!(new.epoch > old.epoch, off || lost || moved);
                prop_assert_eq!(step.events.contains(&LifecycleEvent::LockedOut), off);
                // TEN-23
                prop_assert_eq!(step.changes_anything(), old != new);
                prop_assert_eq!(step.audit.is_empty(), old == new && step.held.is_empty());
            }
            // The same again changes nothing.
            let again = transition(&tenant, &connection, Before::Known(&step.person), user, guard, &cause, at).unwrap();
            prop_assert!(!again.changes_anything(), "{:?}", again.events);
            known = Some(step.person);
        }
    }

    #[test]
    fn apply_and_dry_run_agree(names in vec(attribute(), 0..6), values in vec("[a-z@.]{0,12}", 0..6), name_id in "[a-z@.]{0,12}") {
        let attributes = names.into_iter().zip(values).map(|(name, value)| (name, [value]));
        let bag = AttributeBag::new(Some(&name_id), attributes);
        for (_, json) in ProductProfile::BUILT_IN {
            let profile = ProductProfile::parse(json).unwrap();
            let tenant = TenantId::parse("t").unwrap();
            let connection = profile.saml_connection(tenant, ConnectionId::parse("c").unwrap(), "idp", None).unwrap();
            let report = dry_run(&connection.mapping, &bag);
            match apply(&connection.mapping, &bag) {
                Ok(mapped) => prop_assert_eq!((mapped, None), (report.mapped.clone(), report.first_problem())),
                Err(problem) => prop_assert_eq!(Some(&problem), report.first_problem()),
            }
        }
    }

    #[test]
    fn names_are_printed_as_they_are_read(text in ".{0,80}") {
        if let Ok(id) = TenantId::parse(&text) { prop_assert_eq!(id.to_string(), text.as_str()); }
        if let Ok(path) = LocalPath::parse(&text) { prop_assert_eq!(path.to_string(), text.as_str()); }
        if let Ok(address) = EmailAddress::parse(&text) {
            prop_assert_eq!(address.to_string(), text.as_str());
            prop_assert!(address.same_mailbox(&EmailAddress::parse(&address.fold()).unwrap()));
        }
    }

    #[test]
    fn a_profile_of_any_text_is_read_without_harm(text in ".{0,200}") {
        prop_assert!(ProductProfile::parse(&text).is_err());
    }

    #[test]
    fn a_hook_of_any_bytes_is_read_without_harm(body in vec(any::<u8>(), 0..200)) {
        let secret = okta_hook::Secret::new("0123456789abcdef").unwrap();
        prop_assert!(okta_hook::parse(&body, Some("0123456789abcdef"), &secret).is_err());
    }
}

/// Names that the built-in profiles read, and some that they don't.
fn attribute() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "email",
        "EMAIL",
        "Email",
        "mail",
        "urn:oid:0.9.2342.19200300.100.1.3",
        "cn",
        "shoe",
    ])
}

/// A directory whose groups and attributes give roles.
fn directory() -> (Tenant, ScimConnection) {
    let profile = ProductProfile::built_in("standard").unwrap();
    let tenant = profile.tenant(TenantId::parse("org_1").unwrap(), "One");
    let mut connection = profile.scim_connection(tenant.id.clone(), ConnectionId::parse("scim").unwrap());
    connection.mapping.roles = serde_json::from_str(
        r#"{"catalogue": [{"name": "admin", "admin": true, "priority": 9}, {"name": "editor"}, {"name": "member"}],
            "rules": [{"group": {"id": "g1", "grant": "admin"}}, {"group": {"id": "g2", "grant": "editor"}},
                      {"value_is_role": "userType"}],
            "default": "member", "several": "union"}"#,
    )
    .unwrap();
    (tenant, connection)
}

fn change() -> impl Strategy<Value = (DirectoryPerson, Guard)> {
    let state = prop::sample::select(vec![
        DirectoryState::Active,
        DirectoryState::Active,
        DirectoryState::Inactive,
        DirectoryState::Removed,
        DirectoryState::Unknown,
    ]);
    let address =
        prop::option::of(prop::sample::select(vec!["a@example.com", "A@example.com", "b@example.com"]));
    let groups = btree_set(prop::sample::select(vec!["g1", "g2", "g3"]), 0..3);
    let kind = prop::option::of(prop::sample::select(vec!["editor", "admin", "emperor"]));
    (state, address, groups, kind, 0_u32..2, any::<bool>()).prop_map(
        |(state, address, groups, kind, admins, glass)| {
            let group = |id: &&str| GroupRef { id: GroupKey::parse(id).unwrap(), display: (*id).to_owned() };
            let user = DirectoryPerson {
                connection: ConnectionId::parse("scim").unwrap(),
                external_id: None,
                user_name: "alice".to_owned(),
                primary_email: address.map(|text| EmailAddress::parse(text).unwrap()),
                display_name: None,
                state,
                groups: groups.iter().map(group).collect(),
                attributes: AttributeBag::new(None, kind.map(|kind| ("userType", [kind]))),
            };
            (user, Guard { other_active_admins: admins, break_glass_exists: glass })
        },
    )
}
