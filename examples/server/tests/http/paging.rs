//! Paging by cursor (RFC 9865), and queries over all resource types.

use chrono::DateTime;
use example_server::client::Client;
use example_server::keys::Keys;
use scim_schema::message::{CursorScope, SearchRequest};
use serde_json::{Value, json};

use crate::common::{Server, create, expect, expect_scim_error, group, user};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Users of which some have a family name, and their names in the order that they were made.
fn seed(directory: &mut Client) -> Vec<String> {
    let families = [Some("Adams"), None, Some("baker"), Some("Cole"), None, Some("adams"), Some("Dean")];
    let mut names = Vec::new();
    for (number, family) in families.iter().enumerate() {
        let name = format!("user{number}@example.com");
        let mut body = user(&name);
        if let Some(family) = family {
            body["name"] = json!({ "familyName": family });
        }
        create(directory, "/scim/v2/Users", &body);
        names.push(name);
    }
    names
}

fn names(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().unwrap();
    resources.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
}

/// All pages, the last one being the one without `nextCursor`.
fn pages(directory: &mut Client, query: &str) -> Vec<Value> {
    let mut cursor = String::new();
    let mut pages = Vec::new();
    while pages.len() < 20 {
        let page = expect(&directory.get(&format!("/scim/v2/Users?{query}&cursor={cursor}")).unwrap(), 200);
        let next = page["nextCursor"].as_str().map(str::to_owned);
        pages.push(page);
        let Some(next) = next else { break };
        assert!(next.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)), "{next}");
        cursor = next;
    }
    pages
}

// C01, C02, C03, C06, C07, C12
#[test]
fn pages_by_cursor_show_every_resource_once_in_the_order_of_the_list() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let made = seed(&mut directory);
    for query in [
        "count=2",
        "count=2&sortBy=userName",
        "count=2&sortBy=userName&sortOrder=descending",
        "count=1&sortBy=name.familyName",
        "count=2&sortBy=name.familyName&sortOrder=descending",
        "count=3&sortBy=emails",
        "count=2&sortBy=meta.lastModified&sortOrder=descending",
        "count=2&filter=emails.value%20co%20%22user%22&sortBy=active",
        "count=7&filter=userName%20pr",
    ] {
        let pages = pages(&mut directory, query);
        let seen: Vec<String> = pages.iter().flat_map(names).collect();
        let whole = expect(
            &directory.get(&format!("/scim/v2/Users?{query}&count=100").replacen("count=", "x=", 1)).unwrap(),
            200,
        );
        assert_eq!(seen, names(&whole), "{query}: the same as on one page");
        let mut sorted = seen.clone();
        sorted.sort();
        assert_eq!(sorted, made, "{query}");
        for (number, page) in pages.iter().enumerate() {
            assert_eq!(page["totalResults"], json!(7), "{query}");
            assert!(page.get("startIndex").is_none() && page.get("previousCursor").is_none());
            assert_eq!(page.get("nextCursor").is_some(), number + 1 < pages.len());
        }
        assert!(whole.get("nextCursor").is_none(), "nobody asked for cursors");
    }
    assert_eq!(pages(&mut directory, "count=7").len(), 1, "a page that is just full is the last");
    let none = expect(&directory.get("/scim/v2/Users?count=0&cursor=").unwrap(), 200);
    assert_eq!((&none["totalResults"], none["Resources"].as_array().map(Vec::len)), (&json!(7), Some(0)));
}

// C02
#[test]
fn who_comes_and_goes_between_pages_neither_hides_nor_repeats_the_others() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let made = seed(&mut directory);
    let first = expect(&directory.get("/scim/v2/Users?count=3&cursor=&sortBy=userName").unwrap(), 200);
    for gone in [&first["Resources"][0], &first["Resources"][2]] {
        let path = format!("/scim/v2/Users/{}", gone["id"].as_str().unwrap());
        assert_eq!(directory.scim("DELETE", &path, None).unwrap().status, 204);
    }
    let cursor = first["nextCursor"].as_str().unwrap();
    let path = format!("/scim/v2/Users?count=3&cursor={cursor}&sortBy=userName");
    let second = expect(&directory.get(&path).unwrap(), 200);
    assert_eq!(names(&second), made[3..6]);
}

// C04, C05, C09, C11, C13
#[test]
fn a_cursor_is_good_for_its_question_its_client_and_its_time_alone() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut other = server.directory("globex", "standard");
    seed(&mut directory);
    seed(&mut other);
    let list = "/scim/v2/Users?count=2&sortBy=userName";
    let first = expect(&directory.get(&format!("{list}&cursor=")).unwrap(), 200);
    let cursor = first["nextCursor"].as_str().unwrap().to_owned();
    let next = format!("{list}&cursor={cursor}");
    assert_eq!(directory.get(&next).unwrap().status, 200);
    assert!(!cursor.contains("user1") && cursor.len() > 40, "{cursor}");

    let second_token = server.command(&["token", "issue", "--tenant", "acme"]);
    let mut colleague = server.client().with_token(&second_token);
    expect_scim_error(&other.get(&next).unwrap(), 400, Some("invalidCursor"));
    expect_scim_error(&colleague.get(&next).unwrap(), 400, Some("invalidCursor"));
    for changed in [
        format!("/scim/v2/Users?count=2&sortBy=displayName&cursor={cursor}"),
        format!("/scim/v2/Users?count=2&cursor={cursor}"),
        format!("{next}&filter=active%20eq%20true"),
        format!("{next}&attributes=userName"),
        format!("/scim/v2/Groups?count=2&sortBy=displayName&cursor={cursor}"),
        format!("{list}&cursor={cursor}A"),
        format!("{list}&cursor=x"),
    ] {
        expect_scim_error(&directory.get(&changed).unwrap(), 400, Some("invalidCursor"));
    }
    let more = format!("/scim/v2/Users?count=3&sortBy=userName&cursor={cursor}");
    expect_scim_error(&directory.get(&more).unwrap(), 400, Some("invalidCount"));
    let words = directory.get("/scim/v2/Users?count=two&cursor=").unwrap();
    expect_scim_error(&words, 400, Some("invalidCount"));
    assert_eq!(directory.get("/scim/v2/Users?count=-2&cursor=").unwrap().status, 200, "clamped to 0");

    // What the server itself would have made an hour and more ago.
    let keys = Keys::load_or_create(&server.folder.key_file()).unwrap();
    let query = SearchRequest::from_query([("count", "2"), ("sortBy", "userName")]).unwrap();
    let token = server.command(&["token", "list", "--tenant", "acme"]);
    let token = token.lines().next().unwrap().split('\t').next().unwrap();
    let resources = json!({
        "Group": ["create", "delete", "patch", "read", "replace"],
        "User": ["create", "delete", "patch", "read", "replace"],
    });
    let granted =
        ["groups_read", "groups_write", "resources_read", "resources_write", "users_read", "users_write"];
    let seal = |permissions: &Value, until: i64| {
        let scope = CursorScope {
            tenant: "acme",
            actor: token,
            permissions: &permissions.to_string(),
            endpoint: "/Users",
            query: &query,
        };
        let bookmark = json!(["user1@example.com", "x"]);
        keys.cursor_key().seal(&scope, &bookmark, DateTime::from_timestamp(until, 0).unwrap()).unwrap()
    };
    let (past, future) = (1_000_000_000, 9_000_000_000);
    let now = json!([granted, resources]);
    let good = expect(&directory.get(&format!("{list}&cursor={}", seal(&now, future))).unwrap(), 200);
    assert_eq!(names(&good), ["user2@example.com", "user3@example.com"]);
    let old = directory.get(&format!("{list}&cursor={}", seal(&now, past))).unwrap();
    expect_scim_error(&old, 400, Some("expiredCursor"));
    let less = json!([["users_read"], resources]);
    let before = directory.get(&format!("{list}&cursor={}", seal(&less, future))).unwrap();
    expect_scim_error(&before, 400, Some("invalidCursor"));

    // A token that ends takes its cursors with it.
    server.command(&["token", "revoke", token]);
    assert_eq!(directory.get(&next).unwrap().status, 401);
}

// C08
#[test]
fn the_ways_to_page_are_published() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let config = expect(&directory.get("/scim/v2/ServiceProviderConfig").unwrap(), 200);
    assert_eq!(
        config["pagination"],
        json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
            "maxPageSize": 200, "cursorTimeout": 3600 })
    );
}

// C10, M13
#[test]
fn a_search_may_go_on_by_cursor() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    seed(&mut directory);
    for (path, total) in [("/scim/v2/Users/.search", 7), ("/scim/v2/.search", 7)] {
        let mut body = json!({ "schemas": [SEARCH], "count": 4, "cursor": "", "filter": "userName pr" });
        let first = expect(&directory.scim("POST", path, Some(&body)).unwrap(), 200);
        assert_eq!((&first["totalResults"], names(&first).len()), (&json!(total), 4));
        body["cursor"] = first["nextCursor"].clone();
        let second = expect(&directory.scim("POST", path, Some(&body)).unwrap(), 200);
        assert_eq!((names(&second).len(), second.get("nextCursor")), (3, None));
    }
}

// M05, M13
#[test]
fn a_query_at_the_root_is_over_all_types_and_what_one_lacks_has_no_value_there() {
    let server = Server::start();
    let mut directory = server.directory("acme", "standard");
    let mut other = server.directory("globex", "standard");
    create(&mut other, "/scim/v2/Users", &user("zoe@example.com"));
    let mut bob = user("bob@example.com");
    bob["displayName"] = json!("Mid");
    let bob = create(&mut directory, "/scim/v2/Users", &bob);
    let team = create(&mut directory, "/scim/v2/Groups", &group("Alpha", &[&bob]));
    create(&mut directory, "/scim/v2/Groups", &group("Zulu", &[]));
    let mut ids = |query: &str| -> Vec<String> {
        let page = expect(&directory.get(&format!("/scim/v2?{query}")).unwrap(), 200);
        let resources = page["Resources"].as_array().unwrap();
        assert_eq!(page["totalResults"], json!(resources.len()), "{query}");
        resources.iter().map(|one| one["displayName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("sortBy=displayName"), ["Alpha", "Mid", "Zulu"]);
    assert_eq!(ids("sortBy=displayName&sortOrder=descending"), ["Zulu", "Mid", "Alpha"]);
    assert_eq!(ids("filter=userName%20eq%20%22BOB%40example.com%22"), ["Mid"]);
    assert_eq!(ids("sortBy=displayName&filter=not%20(userName%20pr)"), ["Alpha", "Zulu"]);
    assert_eq!(
        ids("filter=meta.resourceType%20eq%20%22User%22%20or%20displayName%20eq%20%22zulu%22").len(),
        2
    );
    assert_eq!(ids(&format!("filter=members.value%20eq%20%22{bob}%22")), ["Alpha"]);
    // Only users have it: they come first, the others have no value (M06).
    assert_eq!(ids("sortBy=userName")[0], "Mid");
    let body = json!({ "schemas": [SEARCH], "attributes": ["userName", "members"], "sortBy": "displayName" });
    let found = expect(&directory.scim("POST", "/scim/v2/.search", Some(&body)).unwrap(), 200);
    let shown = &found["Resources"];
    assert_eq!(shown[0]["id"], json!(team));
    assert_eq!(shown[0]["members"][0]["value"], json!(bob));
    assert_eq!(shown[1]["userName"], json!("bob@example.com"));
    assert_eq!(shown[2].as_object().unwrap().len(), 2, "schemas and id: {}", shown[2]);
}

// M08: the number of all resources of a type is kept, the number of those that meet a filter is counted; they agree.
#[test]
fn the_total_of_a_whole_list_is_the_number_counted_whatever_came_went_or_was_refused() {
    let server = Server::start();
    server.command(&["tenant", "create", "--id", "acme", "--bulk"]);
    let mut directory = server.client().with_token(&server.command(&["token", "issue", "--tenant", "acme"]));
    let totals = |directory: &mut Client, expected: u64| {
        for query in ["count=0", "count=1&startIndex=2", "count=1&cursor", "count=0&filter=userName%20pr"] {
            let list = expect(&directory.get(&format!("/scim/v2/Users?{query}")).unwrap(), 200);
            assert_eq!(list["totalResults"], json!(expected), "{query}");
        }
    };
    totals(&mut directory, 0);
    let made = seed(&mut directory);
    totals(&mut directory, 7);
    assert_eq!(directory.scim("POST", "/scim/v2/Users", Some(&user(&made[0]))).unwrap().status, 409);
    let all = expect(&directory.get("/scim/v2/Users").unwrap(), 200);
    let path = format!("/scim/v2/Users/{}", all["Resources"][0]["id"].as_str().unwrap());
    assert_eq!(directory.scim("DELETE", &path, None).unwrap().status, 204);
    assert_eq!(directory.scim("DELETE", &path, None).unwrap().status, 404);
    create(&mut directory, "/scim/v2/Groups", &group("Team", &[]));
    totals(&mut directory, 6);
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("new@example.com") },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("NEW@example.com") },
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group("Team 2", &[]) },
        ],
    });
    expect(&directory.scim("POST", "/scim/v2/Bulk", Some(&bulk)).unwrap(), 200);
    totals(&mut directory, 7);
    let groups = expect(&directory.get("/scim/v2/Groups?count=0").unwrap(), 200);
    assert_eq!(groups["totalResults"], json!(2));
}
