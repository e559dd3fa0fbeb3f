use chrono::TimeDelta;

use super::*;
use crate::fixtures::{at, scim, tenant};
use crate::{
    AuthScheme, ExpiryRequest, HashKey, HashKeys, Right, Rights, TokenPolicy, TokenPrefix, TokenRequest,
    authenticate, read_header,
};

fn keys() -> HashKeys {
    HashKeys::new(HashKey::new(KeyId::parse("k1").unwrap(), &[7; 32]).unwrap(), vec![]).unwrap()
}

fn rights() -> Rights {
    Rights { tenant: tenant().id, granted: [Right::Security].into() }
}

fn ask() -> TokenRequest {
    TokenRequest::new(tenant().id, scim().id, Actor::Operator)
}

fn client() -> (OAuthClient, String) {
    let policy = TokenPolicy::default();
    let made = register_client(&policy, ask(), &[1; 40], keys().current(), &rights(), at(0));
    let (client, shown, _) = made.unwrap();
    (client, shown.reveal())
}

fn add(client: &OAuthClient, random: u8, now: DateTime<Utc>) -> Result<(OAuthClient, String), ClientError> {
    let (policy, ask, by) = (TokenPolicy::default(), ExpiryRequest::Default, Actor::Operator);
    let made = add_client_secret(&policy, client, ask, &[random; 32], keys().current(), &rights(), &by, now);
    made.map(|(client, shown, _)| (client, shown.reveal()))
}

fn presented(client: &OAuthClient, secret: &str) -> PresentedClient {
    read_client([], Some(client.id.as_str()), Some(secret)).unwrap()
}

fn grant_with(
    client: &OAuthClient,
    row: Option<&OAuthClient>,
    secret: &str,
    (grant_type, scope): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<GrantedToken, GrantRefusal> {
    let ask = TokenGrant { grant_type, scope, prefix: &TokenPrefix::default() };
    let (tenant, scim) = (tenant().id, scim().id);
    grant_access(&presented(client, secret), row, &keys(), (&tenant, &scim), &ask, &[9; 40], now)
}

fn grant(client: &OAuthClient, secret: &str, now: DateTime<Utc>) -> Result<GrantedToken, GrantRefusal> {
    grant_with(client, Some(client), secret, ("client_credentials", None), now)
}

// TOK-12
#[test]
fn a_client_gets_an_access_token_of_an_hour_that_works_for_its_connection_alone() {
    let (client, secret) = client();
    let granted = grant(&client, &secret, at(0)).unwrap();
    assert_eq!((granted.expires_in, granted.row.expires), (3600, Expiry::At(at(60))));
    assert_eq!(
        granted.scope,
        "groups_read groups_write resources_read resources_write users_read users_write"
    );
    let header = format!("Bearer {}", granted.shown.reveal());
    let given = read_header([header.as_bytes()], &AuthScheme::ClientCredentials).unwrap();
    let (one, two) = (tenant().id, TenantId::parse("org_2").unwrap());
    let (here, there) = (scim().id, ConnectionId::parse("other").unwrap());
    let check = |tenant, connection, now| {
        authenticate(&given, Some(&granted.row), &keys(), (tenant, connection), now)
            .map(|_| ())
            .map_err(|e| e.code())
    };
    assert_eq!(check(&one, &here, at(59)), Ok(()));
    assert_eq!(check(&one, &here, at(60)), Err("token.expired"));
    assert_eq!(check(&two, &here, at(1)), Err("token.other_connection"));
    assert_eq!(check(&one, &there, at(1)), Err("token.other_connection"));
    // The client's own secret is no access token.
    let header = format!("Bearer {secret}");
    let given = read_header([header.as_bytes()], &AuthScheme::ClientCredentials).unwrap();
    let refused = authenticate(&given, Some(&granted.row), &keys(), (&one, &here), at(1));
    assert_eq!(refused.unwrap_err().code(), "token.unknown");
    assert!(!format!("{client:?} {granted:?}", granted = presented(&client, &secret)).contains(&secret));
}

// TOK-12
#[test]
fn an_access_token_lives_for_six_hours_at_most() {
    assert_eq!(AccessMinutes::default().get(), 60);
    assert!(AccessMinutes::new(360).is_ok());
    for wrong in [0, 361, u16::MAX] {
        assert!(AccessMinutes::new(wrong).is_err());
        assert!(serde_json::from_str::<AccessMinutes>(&wrong.to_string()).is_err());
    }
}

// TOK-12
#[test]
fn two_secrets_live_side_by_side_and_no_third() {
    let (client, first) = client();
    let (client, second) = add(&client, 2, at(1)).unwrap();
    for secret in [&first, &second] {
        assert!(grant(&client, secret, at(2)).is_ok());
    }
    let slots = [&first, &second].map(|secret| grant(&client, secret, at(2)).unwrap().secret);
    assert_eq!(slots, [0, 1]);
    assert_eq!(add(&client, 3, at(2)), Err(ClientError::TooManySecrets));
    let revoke = |client: &OAuthClient, slot| {
        revoke_client_secret(client, slot, &rights(), &Actor::Operator, at(3)).map(|(client, _)| client)
    };
    let client = revoke(&client, 0).unwrap();
    assert_eq!(revoke(&client, 0), Err(ClientError::SecretUnknown { slot: 0 }));
    assert_eq!(grant(&client, &first, at(4)).unwrap_err(), GrantRefusal::SecretEnded);
    assert!(grant(&client, &second, at(4)).is_ok());
    let (client, third) = add(&client, 3, at(5)).unwrap();
    assert_eq!(client.secrets.iter().map(|secret| secret.slot).collect::<Vec<_>>(), [1, 0]);
    assert!(grant(&client, &third, at(6)).is_ok());
    assert_eq!(grant(&client, &first, at(6)).unwrap_err(), GrantRefusal::Unknown);
}

// TOK-12
#[test]
fn secrets_expire_under_the_rules_of_tokens() {
    let (client, secret) = client();
    let year = at(0).checked_add_signed(TimeDelta::days(365)).unwrap();
    assert_eq!(client.secrets[0].expires, Expiry::At(year));
    assert_eq!(grant(&client, &secret, year).unwrap_err(), GrantRefusal::SecretEnded);
    let mut never = ask();
    never.expires = ExpiryRequest::DangerNever;
    let register = |ask, rights: &Rights| {
        let policy = TokenPolicy::default();
        register_client(&policy, ask, &[1; 40], keys().current(), rights, at(0))
            .map(|_| ())
            .map_err(|e| e.code())
    };
    assert_eq!(register(never, &rights()), Err("token.never_not_allowed"));
    let mut long = ask();
    long.name = Some("x".repeat(201));
    assert_eq!(register(long, &rights()), Err("token.text"));
    // TOK-10
    let members = Rights { granted: [Right::Members].into(), ..rights() };
    assert_eq!(register(ask(), &members), Err("right.missing"));
    assert!(revoke_client_secret(&client, 0, &members, &Actor::Operator, at(0)).is_err());
}

// TOK-12
#[test]
fn wrong_clients_places_grants_and_scopes_are_refused_in_this_order() {
    let (one, secret) = client();
    let (_, other_secret) = add(&one, 5, at(0)).unwrap();
    let go = |row: Option<&OAuthClient>, secret: &str, ask| {
        grant_with(&one, row, secret, ask, at(1)).map(|granted| granted.scope).map_err(|e| e.code())
    };
    let plain = ("client_credentials", None);
    assert_eq!(go(None, &secret, plain), Err("grant.unknown"));
    assert_eq!(go(Some(&one), &other_secret, plain), Err("grant.unknown"));
    let mut bare = one.clone();
    bare.secrets.clear();
    assert_eq!(go(Some(&bare), &secret, plain), Err("grant.unknown"));
    let mut keyless = one.clone();
    keyless.secrets[0].hash_key = KeyId::parse("gone").unwrap();
    assert_eq!(go(Some(&keyless), &secret, plain), Err("grant.unknown"));
    let mut token_hash = one.clone();
    token_hash.secrets[0].hash = keys().current().hash(&secret);
    assert_eq!(go(Some(&token_hash), &secret, plain), Err("grant.unknown"));
    let mut moved = one.clone();
    moved.connection = ConnectionId::parse("other").unwrap();
    assert_eq!(go(Some(&moved), &secret, plain), Err("grant.other_connection"));
    let mut stolen = one.clone();
    stolen.tenant = TenantId::parse("org_2").unwrap();
    assert_eq!(go(Some(&stolen), &secret, plain), Err("grant.other_connection"));
    assert_eq!(go(Some(&one), &secret, ("password", Some("all"))), Err("grant.type"));
    assert_eq!(go(Some(&one), &secret, ("client_credentials", Some("all"))), Err("grant.scope"));
    assert_eq!(go(Some(&one), &secret, ("client_credentials", Some(" "))).unwrap().split(' ').count(), 6);
    let mut reader = one.clone();
    reader.scopes = [Scope::UsersRead].into();
    let asked = ("client_credentials", Some("users_read"));
    assert_eq!(go(Some(&reader), &secret, asked).as_deref(), Ok("users_read"));
    let more = ("client_credentials", Some("users_read users_write"));
    assert_eq!(go(Some(&reader), &secret, more), Err("grant.scope"));
    assert_eq!((GrantRefusal::Scope.oauth_error(), GrantRefusal::Scope.status()), ("invalid_scope", 400));
    assert_eq!(
        (GrantRefusal::Unknown.oauth_error(), GrantRefusal::Unknown.status()),
        ("invalid_client", 401)
    );
    assert_eq!(GrantRefusal::GrantType.oauth_error(), "unsupported_grant_type");
}

// TOK-12, TOK-03: one way to name the client.
#[test]
fn a_client_names_itself_once_in_the_header_or_in_the_body() {
    use base64::Engine as _;
    let (client, secret) = client();
    let id = client.id.as_str();
    let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let basic = format!("basic {}", encode(format!("{id}:{secret}")));
    let read = |headers: &[&str], id, secret| {
        let headers: Vec<&[u8]> = headers.iter().map(|header| header.as_bytes()).collect();
        read_client(headers, id, secret).map(|client| client.id().to_string()).map_err(|e| e.code())
    };
    assert_eq!(read(&[&basic], None, None).as_deref(), Ok(id));
    assert_eq!(read(&[&basic], Some(id), None).as_deref(), Ok(id));
    assert_eq!(read(&[], Some(id), Some(&secret)).as_deref(), Ok(id));
    assert_eq!(read(&[&basic], Some("org_1.0000000000000000"), None), Err("client.form"));
    assert_eq!(read(&[&basic], Some(id), Some(&secret)), Err("client.several"));
    assert_eq!(read(&[&basic, &basic], None, None), Err("client.several"));
    assert_eq!(read(&[], None, None), Err("client.missing"));
    assert_eq!(read(&[], Some(id), None), Err("client.missing"));
    assert_eq!(read(&[], Some(id), Some("")), Err("client.form"));
    assert_eq!(read(&[], Some("org_1.0000000000000000"), Some(&secret)), Err("client.form"));
    for bad in ["Bearer x", "Basic", "Basic !", &format!("Basic {}", "A".repeat(1100))] {
        assert_eq!(read(&[bad], None, None), Err("client.form"), "{bad}");
    }
    assert_eq!(ClientAuthError::Form.status(), 401);
}
