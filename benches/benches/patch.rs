//! Applying PATCH bodies to a user, beside copying the user and nothing else.
#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;

use benches::scim::enterprise_user;
use criterion::{Criterion, criterion_group, criterion_main};
use scim_patch::{Limits, PatchRequest, Quirks, apply};
use scim_schema::{Resource, SchemaSet};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What clients send to change a user: one operation mostly, sometimes several.
fn bodies() -> Vec<Value> {
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

fn patch(c: &mut Criterion) {
    let set = SchemaSet::standard();
    let user = set.resource_type("User").unwrap();
    let stored = user
        .check_create(
            Resource::from_map(enterprise_user(1).as_object().unwrap().clone(), user),
            &scim_schema::CheckOptions::default(),
        )
        .unwrap()
        .resource;
    let texts: Vec<Vec<u8>> = bodies()
        .into_iter()
        .map(|operations| json!({ "schemas": [scim_schema::urn::PATCH_OP], "Operations": operations }))
        .map(|body| serde_json::to_vec(&body).unwrap())
        .collect();
    assert_eq!(texts.len(), 30);
    let read = |text: &[u8]| PatchRequest::parse(text, Quirks::strict(), &Limits::default()).unwrap();
    let requests: Vec<PatchRequest> = texts.iter().map(|text| read(text)).collect();
    let changing = requests.iter().filter(|request| apply(&stored, request, user).unwrap().changed()).count();
    assert_eq!(changing, 29);

    let mut group = c.benchmark_group("patch/30 bodies to a user");
    group.bench_function("apply", |b| {
        b.iter(|| {
            requests
                .iter()
                .map(|r| apply(black_box(&stored), r, user).unwrap())
                .filter(|p| p.changed())
                .count()
        });
    });
    group.bench_function("parse and apply", |b| {
        b.iter(|| {
            let all = texts.iter().map(|text| apply(black_box(&stored), &read(text), user).unwrap());
            all.filter(|p| p.changed()).count()
        });
    });
    group.bench_function("clone alone", |b| {
        b.iter(|| {
            requests.iter().map(|_| black_box(&stored).clone()).filter(|user| user.id().is_none()).count()
        });
    });
    group.finish();
}

criterion_group!(benches, patch);
criterion_main!(benches);
