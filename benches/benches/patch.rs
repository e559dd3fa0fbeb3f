//! Applying PATCH bodies to a user, beside copying the user and nothing else.
#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;

use benches::scim::{enterprise_user, patch_bodies};
use criterion::{Criterion, criterion_group, criterion_main};
use scim_patch::{Limits, PatchRequest, Quirks, apply};
use scim_schema::{Resource, SchemaSet};
use serde_json::json;

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
    let texts: Vec<Vec<u8>> = patch_bodies()
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
