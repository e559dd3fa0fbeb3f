//! Checking what clients send, and answering with lists, beside serde_json alone.
#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;

use benches::scim::enterprise_user;
use chrono::DateTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use scim_schema::message::ListResponse;
use scim_schema::{CheckOptions, ETag, Limits, Meta, Projection, Resource, SchemaSet};
use serde_json::Value;

const USERS: u32 = 1_000;

fn check(c: &mut Criterion) {
    let set = SchemaSet::standard();
    let user = set.resource_type("User").unwrap();
    let options = CheckOptions::default();
    let bytes = serde_json::to_vec(&enterprise_user(1)).unwrap();
    let sent = Resource::parse(&bytes, user, &Limits::default()).unwrap();
    let stored = user.check_create(sent.clone(), &options).unwrap();
    assert!(stored.notices.is_empty(), "{:?}", stored.notices);

    let mut group = c.benchmark_group("schema/user with extension");
    group.bench_function("parse", |b| {
        b.iter(|| Resource::parse(black_box(&bytes), user, &Limits::default()).unwrap());
    });
    group.bench_function("parse, serde_json alone", |b| {
        b.iter(|| serde_json::from_slice::<Value>(black_box(&bytes)).unwrap());
    });
    group.bench_function("check for create", |b| {
        b.iter_batched(
            || sent.clone(),
            |sent| user.check_create(sent, &options).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("check for replace", |b| {
        b.iter_batched(
            || sent.clone(),
            |sent| user.check_replace(sent, &stored.resource, &options).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("clone alone", |b| b.iter(|| black_box(&sent).clone()));
    group.finish();
}

fn list(c: &mut Criterion) {
    let set = SchemaSet::standard();
    let user = set.resource_type("User").unwrap();
    let now = DateTime::from_timestamp(1_600_000_000, 0).unwrap();
    let users: Vec<Resource> = (0..USERS)
        .map(|number| {
            let mut resource = Resource::from_stored(enterprise_user(number).as_object().unwrap().clone());
            let id = format!("{number:08}");
            resource.set_id(&id).unwrap();
            resource.set_meta(&Meta::created(user, "https://example.com/v2", &id, ETag::weak(1), now));
            resource
        })
        .collect();
    let standard = Projection::standard(user);
    let three = Projection::parse(user, Some("userName,name.familyName,emails.value"), None).unwrap();
    let write = |projection: &Projection| {
        let page: Vec<_> = users.iter().map(|user| projection.project(user)).collect();
        serde_json::to_vec(&ListResponse::by_index(page, u64::from(USERS), 1)).unwrap()
    };
    let alone =
        || serde_json::to_vec(&ListResponse::by_index(users.iter().collect(), u64::from(USERS), 1)).unwrap();
    assert_eq!(write(&standard).len(), alone().len());

    let mut group = c.benchmark_group("schema/list of 1,000 users");
    group.throughput(Throughput::Elements(u64::from(USERS)));
    group.bench_function("projected", |b| b.iter(|| write(black_box(&standard))));
    group.bench_function("serde_json alone", |b| b.iter(alone));
    group.bench_function("three attributes", |b| b.iter(|| write(black_box(&three))));
    group.finish();
}

criterion_group!(benches, check, list);
criterion_main!(benches);
