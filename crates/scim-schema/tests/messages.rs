//! Messages of RFC 7644: queries, lists, errors, bulk.
#![expect(clippy::expect_used, reason = "test helpers")]

use scim_schema::message::{
    BulkError, BulkIds, BulkLimits, BulkMethod, BulkOrder, BulkRequest, BulkResponse, BulkResult, Error,
    ListResponse, Page, PageSizes, QueryError, SearchRequest, is_scim_media_type,
};
use scim_schema::{ETag, Limits, ParseError, ProjectionError, SchemaSet, ScimError, ScimType, SortOrder};
use serde_json::{Value, json};

fn query(text: &str) -> Result<SearchRequest, QueryError> {
    SearchRequest::from_query(text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
}

fn body(value: &Value) -> Result<SearchRequest, QueryError> {
    SearchRequest::from_json(value.as_object().expect("an object"))
}

fn bulk(value: &Value) -> Result<BulkRequest, BulkError> {
    BulkRequest::parse(value.to_string().as_bytes(), &BulkLimits::default(), &Limits::default())
}

fn request(operations: &Value) -> Value {
    json!({ "schemas": [scim_schema::urn::BULK_REQUEST], "Operations": operations })
}

#[test]
fn start_and_count_are_clamped_and_never_refused_for_being_out_of_range() {
    // M07, C11, M39
    let sizes = PageSizes { default: 100, max: 200 };
    for (text, start_index, count) in [
        ("", 1, 100),
        ("startIndex=0", 1, 100),
        ("startIndex=-5&count=10", 1, 10),
        ("startIndex=7&count=0", 7, 0),
        ("count=-1", 1, 0),
        ("count=201", 1, 200),
        ("count=99999999999999999999&startIndex=99999999999999999999", 9_223_372_036_854_775_807, 200),
        ("count=-99999999999999999999", 1, 0),
        ("STARTINDEX=3", 3, 100),
    ] {
        assert_eq!(query(text).expect(text).page(&sizes), Page { start_index, count }, "{text}");
    }
    assert_eq!(Page { start_index: 1, count: 1 }.offset(), 0);
    assert_eq!(query("startIndex=x"), Err(QueryError::NotANumber { parameter: "startIndex" }));
    assert_eq!(query("count=1.5"), Err(QueryError::NotANumber { parameter: "count" }));
    assert_eq!(query("count="), Err(QueryError::NotANumber { parameter: "count" }));
}

#[test]
fn a_cursor_may_be_empty_and_then_a_bad_count_has_its_own_error() {
    // C01, C05, C10
    assert_eq!(query("cursor").expect("a query").cursor.as_deref(), Some(""));
    assert_eq!(query("cursor=abc").expect("a query").cursor.as_deref(), Some("abc"));
    assert_eq!(query("").expect("a query").cursor, None);
    let error = query("cursor=&count=x").expect_err("no number");
    assert_eq!((error.status(), error.scim_type()), (400, Some(ScimType::InvalidCount)));
    let search = json!({ "schemas": [scim_schema::urn::SEARCH_REQUEST], "cursor": "", "count": 5 });
    assert_eq!(body(&search).expect("a search").cursor.as_deref(), Some(""));
}

#[test]
fn unknown_parameters_are_ignored_and_known_ones_count_once() {
    // M42
    let search = query("aadOptscim062020&x=y&&sortBy=name.familyName&sortOrder=Descending").expect("a query");
    assert_eq!(
        (search.sort_by.as_deref(), search.sort_order),
        (Some("name.familyName"), SortOrder::Descending)
    );
    assert_eq!(query("filter=a&FILTER=b"), Err(QueryError::Repeated { parameter: "filter" }));
    assert_eq!(query("sortOrder=up"), Err(QueryError::SortOrder));
}

#[test]
fn a_search_request_says_the_same_as_a_query() {
    // M13
    let posted = body(&json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["displayName", "userName"],
        "FILTER": "displayName sw \"smith\"",
        "sortBy": "userName", "sortOrder": "descending",
        "startIndex": 1, "count": 10, "nonsense": {},
    }));
    let got = query(
        "attributes=displayName,userName&filter=displayName sw \"smith\"&sortBy=userName&sortOrder=descending\
         &startIndex=1&count=10",
    );
    assert_eq!(posted, got);
    assert_eq!(body(&json!({ "count": 1 })), Err(QueryError::NotASearchRequest));
    let typed = |name: &str, value: Value| {
        let mut search = json!({ "schemas": [scim_schema::urn::SEARCH_REQUEST] });
        search.as_object_mut().expect("an object").insert(name.to_owned(), value);
        body(&search)
    };
    assert!(matches!(typed("filter", json!(1)), Err(QueryError::WrongType { .. })));
    assert!(matches!(typed("attributes", json!("userName")), Err(QueryError::WrongType { .. })));
    assert!(matches!(typed("count", json!("1")), Err(QueryError::NotANumber { .. })));
    let set = SchemaSet::standard();
    let user = set.resource_type("User").expect("User");
    let both = query("attributes=userName&excludedAttributes=name").expect("a query");
    assert_eq!(both.projection(user), Err(ProjectionError::Both)); // M09
}

#[test]
fn a_list_without_hits_is_a_list() {
    // M04, C07
    let none = ListResponse::<Value>::by_index(Vec::new(), 0, 1);
    assert_eq!(
        serde_json::to_value(none).expect("JSON"),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
        })
    );
}

#[test]
fn cursors_are_there_but_on_the_last_and_the_first_page() {
    // C02, C03, C06
    let page = |next: Option<&str>, previous: Option<&str>| {
        let (next, previous) = (next.map(str::to_owned), previous.map(str::to_owned));
        serde_json::to_value(ListResponse::by_cursor(vec![json!({})], 3, next, previous)).expect("JSON")
    };
    let first = page(Some("b"), None);
    assert_eq!(first.get("nextCursor"), Some(&json!("b")));
    assert_eq!((first.get("previousCursor"), first.get("startIndex")), (None, None));
    let last = page(None, Some("a"));
    assert_eq!((last.get("nextCursor"), last.get("previousCursor")), (None, Some(&json!("a"))));
    assert_eq!(last.get("totalResults"), Some(&json!(3)));
}

#[test]
fn errors_write_their_status_as_a_string() {
    // M18, M02
    assert_eq!(
        serde_json::to_value(Error::taken("userName")).expect("JSON"),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "409", "scimType": "uniqueness",
            "detail": "another resource has the same `userName`",
        })
    );
    let error = QueryError::SortOrder;
    assert_eq!(Error::from(&error).to_json(), error.to_json());
}

#[test]
fn every_scim_type_has_the_spelling_of_the_standard() {
    // M19, C05
    use ScimType as T;
    let all = [
        (T::InvalidFilter, "invalidFilter"),
        (T::TooMany, "tooMany"),
        (T::Uniqueness, "uniqueness"),
        (T::Mutability, "mutability"),
        (T::InvalidSyntax, "invalidSyntax"),
        (T::InvalidPath, "invalidPath"),
        (T::NoTarget, "noTarget"),
        (T::InvalidValue, "invalidValue"),
        (T::InvalidVers, "invalidVers"),
        (T::Sensitive, "sensitive"),
        (T::InvalidCursor, "invalidCursor"),
        (T::ExpiredCursor, "expiredCursor"),
        (T::InvalidCount, "invalidCount"),
    ];
    for (scim_type, text) in all {
        assert_eq!(scim_type.to_string(), text);
    }
}

#[test]
fn both_media_types_are_understood_with_parameters() {
    // M01
    for header in ["application/scim+json", "Application/JSON", "application/scim+json; charset=utf-8"] {
        assert!(is_scim_media_type(header), "{header}");
    }
    for header in ["", "text/html", "application/xml", "application/scim+jsonx"] {
        assert!(!is_scim_media_type(header), "{header}");
    }
}

#[test]
fn a_bulk_request_is_read_whole_or_refused() {
    // M34
    let read = bulk(&json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "failOnErrors": 1,
        "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "qwerty", "data": { "userName": "Alice" } },
            { "method": "put", "path": "/Users/b7", "version": "W/\"4\"", "data": { "userName": "Bob" } },
            { "method": "PATCH", "path": "/Groups/bulkId:x", "data": {} },
            { "method": "DELETE", "path": "/Users/e9" },
        ],
    }))
    .expect("a bulk request");
    let [post, put, patch, delete] = read.operations.as_slice() else { panic!("four operations") };
    assert_eq!(
        (post.method, post.endpoint.as_str(), post.bulk_id.as_deref()),
        (BulkMethod::Post, "/Users", Some("qwerty"))
    );
    assert_eq!((put.target.as_deref(), put.version.clone()), (Some("b7"), Some(ETag::weak(4))));
    assert_eq!((patch.endpoint.as_str(), patch.target.as_deref()), ("/Groups", Some("bulkId:x")));
    assert_eq!((delete.method, delete.data.as_ref()), (BulkMethod::Delete, None));
    assert!(!read.stops_after(0));
    assert!(read.stops_after(1));

    for (operation, expected) in [
        (json!(1), "an object"),
        (json!({ "method": "GET", "path": "/Users" }), "`method` POST, PUT, PATCH or DELETE"),
        (json!({ "method": "POST", "path": "/Users", "data": {} }), "`bulkId`, because the method is POST"),
        (
            json!({ "method": "POST", "path": "/Users/1", "bulkId": "a", "data": {} }),
            "`path` without id, because the method is POST",
        ),
        (json!({ "method": "PUT", "path": "/Users", "data": {} }), "`path` with an id"),
        (json!({ "method": "PUT", "path": "Users/1", "data": {} }), "`path` with leading slash"),
        (
            json!({ "method": "PUT", "path": "/Users/1/2", "data": {} }),
            "`path` of an endpoint and at most an id",
        ),
        (json!({ "method": "PUT", "path": "/Users/1" }), "`data`"),
        (json!({ "method": "PUT", "path": "/Users/1", "data": [] }), "`data` as an object"),
        (json!({ "method": "DELETE", "path": "/Users/1", "version": "4" }), "`version` as an entity tag"),
    ] {
        assert_eq!(
            bulk(&request(&json!([operation]))),
            Err(BulkError::Operation { number: 1, expected }),
            "{operation}"
        );
    }
    let twice = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": {} });
    assert_eq!(
        bulk(&request(&json!([twice, twice]))),
        Err(BulkError::RepeatedBulkId { bulk_id: "a".into() })
    );
    assert_eq!(bulk(&json!({ "Operations": [] })), Err(BulkError::NotABulkRequest));
    assert_eq!(bulk(&request(&json!({}))), Err(BulkError::NoOperations));
    let mut zero = request(&json!([]));
    zero.as_object_mut().expect("an object").insert("failOnErrors".into(), json!(0));
    assert_eq!(bulk(&zero), Err(BulkError::FailOnErrors));
}

#[test]
fn bulk_limits_pass_at_their_number_and_name_themselves_above() {
    // M37
    let delete = json!({ "method": "DELETE", "path": "/Users/1" });
    let text = request(&json!([delete, delete])).to_string();
    let read = |max_operations, max_payload_size| {
        BulkRequest::parse(
            text.as_bytes(),
            &BulkLimits { max_operations, max_payload_size },
            &Limits::default(),
        )
    };
    assert!(read(2, text.len()).is_ok());
    let operations = read(1, text.len()).expect_err("too many");
    assert_eq!(operations, BulkError::TooManyOperations { limit: 1 });
    assert!(operations.status() == 413 && operations.to_string().contains("maxOperations (1)"));
    let payload = read(2, text.len() - 1).expect_err("too large");
    assert!(payload.status() == 413 && payload.to_string().contains("maxPayloadSize"));
    let deep = format!("{{\"a\":{}", "[".repeat(50));
    let deep = BulkRequest::parse(deep.as_bytes(), &BulkLimits::default(), &Limits::default());
    assert_eq!(deep, Err(BulkError::Json(ParseError::TooDeep { limit: 16 })));
}

#[test]
fn bulk_ids_are_replaced_wherever_they_are() {
    // M35
    let mut ids = BulkIds::default();
    ids.insert("a", "1");
    let mut data = json!({
        "members": [{ "value": "bulkId:a", "$ref": "https://x/v2/Users/bulkId:a" }],
        "urn:example:X": { "owner": ["bulkId:a", "a", "not bulkId:a", "bulkId:"] },
    });
    ids.resolve(&mut data).expect("known");
    assert_eq!(
        data,
        json!({
            "members": [{ "value": "1", "$ref": "https://x/v2/Users/1" }],
            "urn:example:X": { "owner": ["1", "a", "not bulkId:a", "bulkId:"] },
        })
    );
    assert_eq!(ids.id("bulkId:a"), Ok("1"));
    assert_eq!(ids.id("7"), Ok("7"));
    assert_eq!(ids.id("bulkId:b"), Err("b".to_owned()));
}

#[test]
fn a_forward_reference_moves_its_target_and_a_circle_is_named() {
    // M35, M47
    let post = |bulk_id: &str, refers: &[&str]| {
        let values: Vec<_> = refers.iter().map(|id| format!("bulkId:{id}")).collect();
        json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": { "members": values } })
    };
    let order =
        |operations: Value| BulkOrder::of(&bulk(&request(&operations)).expect("a bulk request").operations);
    let plain = order(json!([post("a", &[]), post("b", &["a"]), post("c", &[])]));
    assert_eq!((plain.order, plain.circular), (vec![0, 1, 2], vec![]));
    let forward = order(json!([post("a", &["c"]), post("b", &[]), post("c", &[])]));
    assert_eq!((forward.order, forward.circular), (vec![2, 0, 1], vec![]));
    let circle =
        order(json!([post("a", &["b"]), post("b", &["c"]), post("c", &["a"]), post("d", &["a", "x"])]));
    assert_eq!((circle.order, circle.circular), (vec![0, 1, 2, 3], vec![0, 1, 2]));
    // Two circles and what one of them needs: each stands together, behind all that it needs.
    let circles = order(json!([
        post("a", &["c", "e"]),
        post("b", &["d"]),
        post("c", &["a"]),
        post("d", &["b"]),
        post("e", &[])
    ]));
    assert_eq!((circles.order, circles.circles), (vec![4, 0, 2, 1, 3], vec![vec![0, 2], vec![1, 3]]));
    let itself = order(json!([post("a", &["a"])]));
    assert_eq!((itself.order, itself.circular), (vec![0], vec![0]));
    let target = order(json!([
        { "method": "PATCH", "path": "/Groups/bulkId:b", "data": {} }, post("b", &[])
    ]));
    assert_eq!(target.order, vec![1, 0]);
    // A chain as long as allowed is walked without recursion.
    let chain: Vec<_> = (0..1000).map(|i| post(&i.to_string(), &[&(i + 1).to_string()])).collect();
    let chain = order(Value::Array(chain));
    assert_eq!(chain.order, (0..1000).rev().collect::<Vec<_>>());
}

#[test]
fn a_bulk_response_has_statuses_as_strings_and_embeds_errors() {
    // M36
    let response = BulkResponse {
        operations: vec![
            BulkResult {
                method: BulkMethod::Post,
                bulk_id: Some("qwerty".into()),
                location: Some("https://x/v2/Users/1".into()),
                version: Some(ETag::weak(1)),
                status: 201,
                error: None,
            },
            BulkResult {
                method: BulkMethod::Post,
                bulk_id: Some("b".into()),
                location: None,
                version: None,
                status: 409,
                error: Some(Error::taken("userName")),
            },
        ],
    };
    assert_eq!(
        serde_json::to_value(response).expect("JSON"),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
            "Operations": [
                {
                    "method": "POST", "bulkId": "qwerty", "location": "https://x/v2/Users/1",
                    "version": "W/\"1\"", "status": "201",
                },
                { "method": "POST", "bulkId": "b", "status": "409", "response": Error::taken("userName").to_json() },
            ],
        })
    );
}
