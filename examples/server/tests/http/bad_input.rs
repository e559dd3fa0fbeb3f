//! Whatever a client sends, the answer is never a 5xx, is in the form that the client reads, and changes nothing.

use serde_json::json;

use crate::common::{Server, create, expect, expect_scim_error, user};

#[test]
fn nothing_that_a_scim_client_sends_is_the_servers_fault() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let id = create(&mut directory, "/scim/v2/Users", &user("alice@example.com"));
    let before = expect(&directory.get(&format!("/scim/v2/Users/{id}")).unwrap(), 200);
    let one = format!("/scim/v2/Users/{id}");
    let deep = "[".repeat(100_000);
    let long_filter = format!("/scim/v2/Users?filter={}", "(".repeat(6_000));
    let huge = format!("{{\"userName\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let long_key = format!("{{\"userName\":\"long\",\"displayName\":\"{}\"}}", "\u{00e9}".repeat(1_500));
    let wide = format!("{{\"userName\":\"x\",\"emails\":[{}]}}", "{\"value\":\"a\"},".repeat(30_000) + "{}");
    let cases: Vec<(&str, &str, &[u8], u16)> = vec![
        ("POST", "/scim/v2/Users", b"", 400),
        ("POST", "/scim/v2/Users", b"null", 400),
        ("POST", "/scim/v2/Users", b"[]", 400),
        ("POST", "/scim/v2/Users", b"{", 400),
        ("POST", "/scim/v2/Users", b"\xff\xfe", 400),
        ("POST", "/scim/v2/Users", br#"{"userName":"a","username":"b"}"#, 400),
        ("POST", "/scim/v2/Users", br#"{"userName":"a\u0000b"}"#, 400),
        ("POST", "/scim/v2/Users", br#"{"userName":"nul","title":"a\u0000b"}"#, 400),
        ("POST", "/scim/v2/Users", br#"{"userName":"nul","name":{"givenName":"\u0000"}}"#, 400),
        ("POST", "/scim/v2/Users", long_key.as_bytes(), 400),
        ("POST", "/scim/v2/Users", br#"{"userName":["a","b"]}"#, 400),
        ("POST", "/scim/v2/Users", br#"{"userName":"  "}"#, 400),
        ("POST", "/scim/v2/Users", br#"{"userName":{"__proto__":1}}"#, 400),
        ("POST", "/scim/v2/Users", deep.as_bytes(), 400),
        ("POST", "/scim/v2/Users", huge.as_bytes(), 413),
        ("POST", "/scim/v2/Users", wide.as_bytes(), 413),
        ("POST", "/scim/v2/Groups", br#"{"displayName":"x","members":[{"display":"y"}]}"#, 400),
        ("POST", "/scim/v2/Groups", br#"{"displayName":"x","members":7}"#, 400),
        ("POST", "/scim/v2/Groups", br#"{"displayName":"x","members":[{"value":"a\u0000"}]}"#, 400),
        ("PUT", &one, b"{}", 400),
        ("PUT", &one, br#"{"userName":"alice@example.com","nickName":"\u0000"}"#, 400),
        ("PATCH", &one, br#"{"Operations":[{"op":"replace","path":"title","value":"\u0000"}]}"#, 400),
        ("PATCH", &one, br#"{"Operations":[{"op":"remove","path":"emails[value eq \"\\u0000\"]"}]}"#, 400),
        ("PATCH", &one, b"{}", 400),
        ("PATCH", &one, br#"{"Operations":[{"op":"copy","path":"a"}]}"#, 400),
        ("PATCH", &one, br#"{"Operations":[{"op":"remove"}]}"#, 400),
        ("PATCH", &one, br#"{"Operations":[{"op":"replace","path":"userName[","value":1}]}"#, 400),
        ("PATCH", &one, br#"{"Operations":[{"op":"remove","path":"userName"}]}"#, 400),
        ("GET", "/scim/v2/Users?filter=", b"", 400),
        ("GET", "/scim/v2/Users?filter=userName%20zz%20%22a%22", b"", 400),
        ("GET", "/scim/v2/Users?filter=userName%20eq%20'a", b"", 400),
        ("GET", "/scim/v2/Users?filter=userName%20eq%20%22%00%22", b"", 400),
        ("GET", &long_filter, b"", 400),
        ("GET", "/scim/v2/Users?count=ten", b"", 400),
        ("GET", "/scim/v2/Users?attributes=userName&excludedAttributes=emails", b"", 400),
        ("GET", "/scim/v2/Users/%ff", b"", 404),
        ("GET", "/scim/v2/Users/a%00", b"", 404),
        ("DELETE", "/scim/v2/Users/a%00", b"", 404),
        ("GET", "/scim/v2/Users/..%2f..", b"", 404),
        ("GET", "/scim/v2/users", b"", 404),
        ("GET", "/scim/v2/Users/a/b", b"", 404),
        ("DELETE", "/scim/v2/", b"", 405),
        ("POST", "/scim/v2", b"{}", 405),
        ("GET", "/scim/v2/.search", b"", 405),
        ("GET", "/scim/v2?filter=password%20pr", b"", 400),
        ("GET", "/scim/v2/Users?cursor=x", b"", 400),
        ("GET", "/scim/v2/Users?cursor=&count=ten", b"", 400),
        ("PUT", "/scim/v2/Users", b"{}", 405),
        ("POST", &one, b"{}", 405),
        ("PATCH", "/scim/v2/Schemas", b"{}", 405),
        ("POST", "/scim/v2/Bulk", b"{}", 501),
        ("GET", "/scim/v2/Me", b"", 501),
    ];
    for (method, path, body, status) in cases {
        let reply = directory
            .send(method, path, &[("content-type", "application/scim+json")], body.to_vec())
            .unwrap();
        let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
        assert_eq!(
            reply.status,
            status,
            "{method} {} {shown}: {}",
            path.chars().take(80).collect::<String>(),
            reply.body
        );
        assert_eq!(reply.json()["status"], json!(status.to_string()), "{method} {path} {shown}");
    }
    assert_eq!(expect(&directory.get(&one).unwrap(), 200), before, "nothing was half-done");
    let all = expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    assert_eq!(all["totalResults"], json!(1));
}

// M20, M40
#[test]
fn who_has_no_token_is_told_how_to_bring_one() {
    let server = Server::start();
    for (header, code) in [(None, 401), (Some("Basic YTpi"), 401), (Some("Bearer "), 401), (Some("x"), 401)] {
        let headers: Vec<(&str, &str)> = header.into_iter().map(|value| ("authorization", value)).collect();
        let reply = server.client().send("GET", "/scim/v2/Users", &headers, Vec::new()).unwrap();
        expect_scim_error(&reply, code, None);
        assert!(reply.header("www-authenticate").is_some());
    }
}

#[test]
fn nothing_that_a_browser_sends_is_the_servers_fault() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--profile", "standard"]);
    let mut browser = server.client();
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/session", 405),
        ("GET", "/v1/sso/acs?org_id=acme", 405),
        ("GET", "/v1/sso/login", 404),
        ("GET", "/v1/sso/login?org_id=nobody", 404),
        ("GET", "/v1/sso/login?org_id=acme", 404),
        ("GET", "/v1/sso/login?org_id=a&org_id=b", 400),
        ("GET", "/v1/sso/metadata?org_id=../x", 404),
        ("POST", "/v1/sso/acs?org_id=acme", 404),
        ("POST", "/v1/sso/config?org_id=acme", 401),
        ("GET", "/v1/sso/logout?org_id=acme&SAMLRequest=x", 404),
        ("GET", "/demo/idp/sso", 404),
    ] {
        let page = browser.send(method, path, &[("accept", "text/html")], Vec::new()).unwrap();
        assert_eq!(page.status, status, "{method} {path}: {}", page.body);
        let json = browser.send(method, path, &[("accept", "application/json")], Vec::new()).unwrap();
        assert_eq!(json.status, status, "{method} {path}");
        assert!(json.json()["error"]["code"].is_string(), "{method} {path}: {}", json.body);
    }
}

#[test]
fn markup_in_an_address_stays_text_on_the_page() {
    let server = Server::start();
    let page = server.client().get("/v1/sso/login?org_id=%3Cscript%3Ealert(1)%3C/script%3E").unwrap();
    assert!(!page.body.contains("<script>"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}
