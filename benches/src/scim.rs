//! Users of the benches.

use serde_json::{Value, json};

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
