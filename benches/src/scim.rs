//! Filters and users of the benches.

use serde_json::{Value, json};

/// What identity providers ask most.
pub const SIMPLE: &str = r#"userName eq "user7@example.com""#;

/// What clients send, from the simplest to the readers that use the whole language.
pub const MIXED: [&str; 30] = [
    SIMPLE,
    r#"externalId eq "00u1abcd""#,
    r#"emails[type eq "work"].value eq "a@example.com""#,
    r#"userName eq "a@example.com" and externalId eq "77""#,
    r#"displayName eq "Engineering""#,
    "active eq true",
    r#"name.familyName co "O'Malley""#,
    r#"userName sw "J""#,
    r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
    "title pr",
    r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
    r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
    r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
    r#"title pr and userType eq "Employee""#,
    r#"title pr or userType eq "Intern""#,
    r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
    r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
    r#"userType eq "Employee" and (emails.type eq "work")"#,
    r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
    r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales""#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26118915""#,
    "not (active eq false)",
    r#"(userName eq "a") or (userName eq "b") or (userName eq "c")"#,
    r#"addresses[type eq "work" and country eq "NO"]"#,
    r#"phoneNumbers[type eq "mobile"] and active eq true"#,
    r#"name.givenName eq "Bj\u00f8rn""#,
    r#"roles[primary eq true].value eq "admin""#,
    r#"groups.value eq "e9e30dba-f08f-4109-8486-d5c6a331660a""#,
    r#"id eq "2819c223-7f76-453a-919d-413861904646""#,
];

/// A user as the core schema and two e-mail addresses make it, different for each number.
pub fn user(number: u32) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": format!("{number:08}"),
        "userName": format!("User{number}@Example.com"),
        "name": { "givenName": "Given", "familyName": format!("Family{}", number % 100) },
        "active": !number.is_multiple_of(5),
        "emails": [
            { "type": "home", "value": format!("user{number}@example.org") },
            { "type": "work", "value": format!("user{number}@example.com"), "primary": true },
        ],
    })
}

/// A user as an identity provider sends it on creation, with the enterprise extension.
pub fn enterprise_user(number: u32) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "externalId": format!("00u{number:08}"),
        "userName": format!("user{number}@example.com"),
        "name": { "formatted": "Ms. Barbara J Jensen", "familyName": "Jensen", "givenName": "Barbara" },
        "displayName": "Babs Jensen",
        "title": "Tour Guide",
        "preferredLanguage": "en-US",
        "locale": "en-US",
        "timezone": "America/Los_Angeles",
        "active": true,
        "emails": [
            { "value": format!("user{number}@example.com"), "type": "work", "primary": true },
            { "value": format!("user{number}@example.org"), "type": "home" },
        ],
        "phoneNumbers": [{ "value": "555-555-5555", "type": "work" }, { "value": "555-555-4444", "type": "mobile" }],
        "addresses": [{
            "type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "region": "CA",
            "postalCode": "91608", "country": "US", "primary": true,
        }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
            "division": "Theme Park", "department": "Tour Operations",
            "manager": { "value": "26118915-6090-4610-87e4-49d8ca9f808d", "$ref": "../Users/26118915" },
        },
    })
}

/// The operations of 30 requests that clients send to change a user: one mostly, sometimes several.
pub fn patch_bodies() -> Vec<Value> {
    let op = |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let remove = |path: &str| json!([{ "op": "remove", "path": path }]);
    vec![
        json!([{ "op": "replace", "value": { "active": false } }]),
        op("replace", "active", json!(false)),
        op("replace", "displayName", json!("Barbara Jensen")),
        op("add", "nickName", json!("Babs")),
        op("replace", "name.familyName", json!("Smith")),
        op("replace", "name", json!({ "givenName": "Barb", "middleName": "Jane" })),
        op("add", "emails", json!([{ "value": "babs@example.net", "type": "other" }])),
        op("add", "emails", json!([{ "value": "babs@example.net", "type": "other", "primary": true }])),
        op("replace", "emails", json!([{ "value": "only@example.com", "type": "work", "primary": true }])),
        op("replace", "emails[type eq \"work\"].value", json!("new@example.com")),
        op("replace", "emails[type eq \"home\"]", json!({ "value": "home@example.com", "type": "home" })),
        op("add", "phoneNumbers", json!([{ "value": "555-555-1111", "type": "home" }])),
        op("replace", "phoneNumbers[type eq \"mobile\"].value", json!("555-555-2222")),
        op("replace", "addresses[type eq \"work\"].locality", json!("Los Angeles")),
        op("replace", "addresses[type eq \"work\"].postalCode", json!("90001")),
        op("replace", &format!("{ENTERPRISE}:department"), json!("Sales")),
        op("replace", &format!("{ENTERPRISE}:manager"), json!({ "value": "1" })),
        op("add", &format!("{ENTERPRISE}:manager.value"), json!("2")),
        json!([{ "op": "add", "value": { ENTERPRISE: { "costCenter": "1", "division": "2" } } }]),
        op("replace", "urn:ietf:params:scim:schemas:core:2.0:User:title", json!("Guide")),
        op("replace", "externalId", json!("other")),
        op("replace", "preferredLanguage", json!("de-DE")),
        remove("title"),
        remove("phoneNumbers"),
        remove("emails[type eq \"home\"]"),
        remove("addresses[type eq \"work\"].region"),
        remove(&format!("{ENTERPRISE}:manager")),
        remove("name.formatted"),
        json!([
            { "op": "replace", "path": "name.givenName", "value": "Ann" },
            { "op": "replace", "path": "name.familyName", "value": "Lee" },
            { "op": "replace", "path": "displayName", "value": "Ann Lee" },
        ]),
        // Changes nothing.
        op("replace", "active", json!(true)),
    ]
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
