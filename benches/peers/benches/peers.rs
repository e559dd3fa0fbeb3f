//! Filters and users read by other libraries, beside ours in the same run.
//!
//! What a peer cannot do is left out of its number and printed, so that a ratio compares the same work.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ours_filter::{BindOptions, Filter, Limits};
use ours_schema::{CheckOptions, Resource, SchemaSet};
use serde_json::Value;

#[path = "../../src/scim.rs"]
mod scim;

const USERS: u32 = 10_000;

fn parse(c: &mut Criterion) {
    let limits = Limits::default();
    let nothing: [Value; 0] = [];
    let reads_peer = |text: &str| scim_filter::scim_filter(text, nothing.iter()).is_ok();
    let reads_v2 = |text: &str| text.parse::<scim_v2::filter::Filter>().is_ok();
    for (name, reads) in [
        ("scim-filter", &reads_peer as &dyn Fn(&str) -> bool),
        ("scim_v2", &reads_v2 as &dyn Fn(&str) -> bool),
    ] {
        let unread: Vec<&str> = scim::MIXED.into_iter().filter(|text| !reads(text)).collect();
        println!("{name} does not read {} of 30: {unread:?}", unread.len());
    }
    let both: Vec<&str> = scim::MIXED.into_iter().filter(|text| reads_peer(text) && reads_v2(text)).collect();
    for (what, texts) in [("simple", vec![scim::SIMPLE]), ("mixed that all read", both)] {
        let mut group = c.benchmark_group(format!("peers/parse {what} ({})", texts.len()));
        group.bench_function("ours", |b| {
            b.iter(|| texts.iter().for_each(|text| drop(black_box(Filter::parse(text, &limits).unwrap()))));
        });
        group.bench_function("scim-filter", |b| {
            b.iter(|| {
                texts
                    .iter()
                    .for_each(|text| drop(black_box(scim_filter::scim_filter(text, nothing.iter()).unwrap())))
            });
        });
        group.bench_function("scim_v2", |b| {
            b.iter(|| {
                texts
                    .iter()
                    .for_each(|text| drop(black_box(text.parse::<scim_v2::filter::Filter>().unwrap())));
            });
        });
        group.finish();
    }
}

fn matching(c: &mut Criterion) {
    let set = SchemaSet::standard();
    let user = set.resource_type("User").unwrap();
    let json: Vec<Value> = (0..USERS).map(scim::user).collect();
    let users: Vec<Resource> =
        json.iter().map(|user| Resource::from_stored(user.as_object().unwrap().clone())).collect();
    let text = r#"userName eq "User7@Example.com""#;
    let bound = Filter::parse(text, &Limits::default()).unwrap();
    let bound = bound.bind(user, &BindOptions::default()).unwrap();
    assert_eq!(users.iter().filter(|user| bound.matches(user)).count(), 1);
    assert_eq!(scim_filter::scim_filter(text, json.iter()).unwrap().len(), 1);
    let mut group = c.benchmark_group("peers/userName eq over 10,000 users");
    group.sample_size(20);
    group.bench_function("ours", |b| {
        b.iter(|| users.iter().filter(|user| bound.matches(black_box(user))).count())
    });
    group.bench_function("scim-filter", |b| {
        b.iter(|| scim_filter::scim_filter(text, black_box(&json).iter()).unwrap().len());
    });
    group.finish();
}

fn user(c: &mut Criterion) {
    let set = SchemaSet::standard();
    let user = set.resource_type("User").unwrap();
    let text = scim::enterprise_user(1).to_string();
    let mut group = c.benchmark_group("peers/user with extension from text");
    group.bench_function("ours, read and checked", |b| {
        b.iter(|| {
            let read = Resource::parse(text.as_bytes(), user, &ours_schema::Limits::default()).unwrap();
            user.check_create(read, &CheckOptions::default()).unwrap()
        });
    });
    group.bench_function("scim_v2, typed", |b| {
        b.iter(|| serde_json::from_str::<scim_v2::models::user::User>(black_box(&text)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, parse, matching, user);
criterion_main!(benches);
