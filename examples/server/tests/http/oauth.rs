//! OAuth 2.0 client credentials beside static tokens (TOK-12, RFC 6749 4.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use example_server::client::Reply;
use serde_json::{Value, json};

use crate::common::{Server, create, expect, expect_scim_error, user};

/// A client of a tenant: its id and secret.
pub(crate) fn client(server: &Server, tenant: &str) -> (String, String) {
    client_with(server, tenant, &[])
}

/// The same with further options of the command.
pub(crate) fn client_with(server: &Server, tenant: &str, options: &[&str]) -> (String, String) {
    let create = ["oauth-client", "create", "--tenant", tenant, "--name", "entra"];
    let line = server.command(&[&create[..], options].concat());
    let (id, secret) = line.split_once('\t').unwrap();
    (id.to_owned(), secret.to_owned())
}

fn ask(server: &Server, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> Reply {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
    if let Some((id, secret)) = basic {
        headers.push(("authorization", format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.client().send("POST", "/oauth/token", &headers, body.into_bytes()).unwrap()
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// An access token with a scope.
pub(crate) fn access(server: &Server, id: &str, secret: &str, scope: &str) -> String {
    let form = [GRANT, ("client_id", id), ("client_secret", secret), ("scope", scope)];
    let reply = expect(&ask(server, &form, None), 200);
    reply["access_token"].as_str().unwrap().to_owned()
}

fn expect_error(reply: &Reply, status: u16, error: &str) {
    let body = expect(reply, status);
    assert_eq!(body["error"], json!(error), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let description = body["error_description"].as_str().unwrap();
    assert!(!description.is_empty() && description.chars().all(|c| (' '..='~').contains(&c) && c != '"'));
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), (Some("no-store"), Some("no-cache")));
}

// TOK-12, TOK-08, M45
#[test]
fn a_client_gets_an_access_token_in_both_ways_and_it_does_what_its_scope_says() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let (id, secret) = client(&server, "acme");
    let in_body = ask(&server, &[GRANT, ("client_id", &id), ("client_secret", &secret)], None);
    let by_header = ask(&server, &[GRANT], Some((&id, &secret)));
    for reply in [&in_body, &by_header] {
        let body = expect(reply, 200);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert!(body["scope"].as_str().unwrap().contains("users_write"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(
            (reply.header("cache-control"), reply.header("pragma")),
            (Some("no-store"), Some("no-cache"))
        );
    }
    let token = in_body.json()["access_token"].as_str().unwrap().to_owned();
    let mut entra = server.client().with_token(&token);
    create(&mut entra, "/scim/v2/Users", &user("alice@example.com"));
    assert_eq!(expect(&directory.get("/scim/v2/Users").unwrap(), 200)["totalResults"], json!(1));

    let mut reader = server.client().with_token(&access(&server, &id, &secret, "users_read"));
    assert_eq!(expect(&reader.get("/scim/v2/Users").unwrap(), 200)["totalResults"], json!(1));
    let refused = reader.scim("POST", "/scim/v2/Users", Some(&user("bob@example.com"))).unwrap();
    expect_scim_error(&refused, 403, None);
    expect_scim_error(&reader.get("/scim/v2/Groups").unwrap(), 403, None);

    // Another tenant's directory is not there for it, and its words are of no use elsewhere.
    let mut other = server.directory("globex", "standard");
    assert_eq!(expect(&other.get("/scim/v2/Users").unwrap(), 200)["totalResults"], json!(0));
    let token = token.replacen("acme", "globex", 1);
    expect_scim_error(&server.client().with_token(&token).get("/scim/v2/Users").unwrap(), 401, None);
    let mixed = id.replacen("acme", "globex", 1);
    expect_error(
        &ask(&server, &[GRANT, ("client_id", &mixed), ("client_secret", &secret)], None),
        401,
        "invalid_client",
    );
    // The secret itself is no token.
    expect_scim_error(&server.client().with_token(&secret).get("/scim/v2/Users").unwrap(), 401, None);

    let config = expect(&directory.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    let schemes = config["authenticationSchemes"].as_array().unwrap();
    let kinds: Vec<(&Value, &Value)> =
        schemes.iter().map(|scheme| (&scheme["type"], &scheme["primary"])).collect();
    assert_eq!(kinds, [(&json!("oauthbearertoken"), &json!(true)), (&json!("oauth2"), &json!(false))]);
    assert!(schemes[1]["description"].as_str().unwrap().contains(&format!("{}/oauth/token", server.url)));
}

// TOK-12: RFC 6749 5.2
#[test]
fn what_the_token_endpoint_refuses_it_refuses_in_the_words_of_the_standard() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let (id, secret) = client(&server, "acme");
    let own = [("client_id", id.as_str()), ("client_secret", secret.as_str())];
    let form = |more: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
        own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let ask_with = |more: &[(&'static str, &'static str)]| {
        let form = form(more);
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        ask(&server, &form, None)
    };
    expect_error(&ask_with(&[]), 400, "invalid_request");
    expect_error(&ask_with(&[GRANT, GRANT]), 400, "invalid_request");
    expect_error(&ask_with(&[("grant_type", "password")]), 400, "unsupported_grant_type");
    expect_error(&ask_with(&[GRANT, ("scope", "everything")]), 400, "invalid_scope");
    expect_error(&ask(&server, &[GRANT], None), 401, "invalid_client");
    let wrong = ask(&server, &[GRANT], Some((&id, "scim_acme.0_x_y")));
    expect_error(&wrong, 401, "invalid_client");
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"oauth\""));
    let both = ask(&server, &[GRANT, own[0], own[1]], Some((&id, &secret)));
    expect_error(&both, 401, "invalid_client");
    let mut json = server.client();
    let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    let reply = json.send(
        "POST",
        "/oauth/token",
        &[("content-type", "application/json")],
        body.to_string().into_bytes(),
    );
    expect_error(&reply.unwrap(), 400, "invalid_request");
    assert_eq!(json.get("/oauth/token").unwrap().status, 405);
    let long = "x".repeat(9_000);
    expect_error(&ask(&server, &[GRANT, ("scope", &long)], None), 413, "invalid_request");
    let log = server.log();
    assert!(!log.contains(&secret) && log.contains("grant.scope"), "no secret in the log:\n{log}");

    // TOK-13: whoever guesses is told to wait.
    let mut last = ask(&server, &[GRANT], None);
    for _ in 0..30 {
        if last.status == 429 {
            break;
        }
        last = ask(&server, &[GRANT], None);
    }
    expect_error(&last, 429, "temporarily_unavailable");
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(ask(&server, &[GRANT], Some((&id, &secret))).status, 200, "a good one passes");
}

// TOK-12
#[test]
fn two_secrets_work_side_by_side_and_a_revoked_one_takes_its_access_tokens_with_it() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme"]);
    let (id, first) = client(&server, "acme");
    let second = server.command(&["oauth-client", "add-secret", "--client", &id]);
    assert!(
        !server.try_command(&["oauth-client", "add-secret", "--client", &id]).status.success(),
        "no third"
    );
    let by_first = access(&server, &id, &first, "");
    let by_second = access(&server, &id, &second, "");
    let list = server.command(&["oauth-client", "list", "--tenant", "acme"]);
    let states: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(states.len(), 2);
    assert!(states.iter().all(|line| line[0] == id && line[2] == "live" && line[4] == "entra"), "{list}");
    assert!(!list.contains(&first) && !list.contains(&second));

    server.command(&["oauth-client", "revoke", "--client", &id, "--slot", "0"]);
    let status = |token: &str| server.client().with_token(token).get("/scim/v2/Users").unwrap().status;
    assert_eq!((status(&by_first), status(&by_second)), (401, 200));
    let own = |secret: &str| ask(&server, &[GRANT], Some((&id, secret)));
    expect_error(&own(&first), 401, "invalid_client");
    assert_eq!(own(&second).status, 200);
    assert!(
        !server.try_command(&["oauth-client", "revoke", "--client", &id, "--slot", "0"]).status.success()
    );

    server.command(&["oauth-client", "revoke", "--client", &id]);
    assert_eq!(status(&by_second), 401);
    expect_error(&own(&second), 401, "invalid_client");
    for unknown in ["acme.0123456789abcdef", "nothing"] {
        assert!(!server.try_command(&["oauth-client", "revoke", "--client", unknown]).status.success());
    }
}

// TOK-12, TOK-04
#[test]
fn an_access_token_ends_by_itself_and_where_it_is_demanded_no_static_one_passes() {
    let server = Server::start();
    let mut fixed = server.directory("acme", "standard");
    let (id, secret) = client(&server, "acme");
    let token = access(&server, &id, &secret, "");
    let mut entra = server.client().with_token(&token);
    assert_eq!(entra.get("/scim/v2/Users").unwrap().status, 200);
    server.edit_access_tokens("acme", |row| {
        row.expires = tenant_model::Expiry::At(chrono::DateTime::UNIX_EPOCH);
    });
    let reply = entra.get("/scim/v2/Users").unwrap();
    expect_scim_error(&reply, 401, None);
    assert!(reply.json()["detail"].as_str().unwrap().contains("expired"), "{}", reply.body);

    server
        .edit_connection("acme", |connection| connection.auth = tenant_model::AuthScheme::ClientCredentials);
    expect_scim_error(&fixed.get("/scim/v2/Users").unwrap(), 401, None);
    let mut entra = server.client().with_token(&access(&server, &id, &secret, ""));
    let config = expect(&entra.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    let schemes = config["authenticationSchemes"].as_array().unwrap();
    assert_eq!((schemes.len(), &schemes[0]["type"]), (1, &json!("oauth2")));

    // TEN-21: switched off, no token is given any more.
    server.edit_connection("acme", |connection| {
        connection.state = tenant_model::ConnectionState::Off { since: chrono::DateTime::UNIX_EPOCH }
    });
    expect_error(&ask(&server, &[GRANT], Some((&id, &secret))), 400, "unauthorized_client");
}
