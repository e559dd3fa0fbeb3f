//! Parsing filters, and matching one over many users in memory beside a closure written by hand.
#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;

use benches::scim::{MIXED, SIMPLE, user};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scim_filter::{BindOptions, Filter, Limits};
use scim_schema::{Resource, SchemaSet};
use serde_json::Value;

const USERS: u32 = 100_000;

fn parse(c: &mut Criterion) {
    let limits = Limits::default();
    let mut group = c.benchmark_group("filter/parse");
    group.bench_function("simple", |b| b.iter(|| Filter::parse(black_box(SIMPLE), &limits).unwrap()));
    group.bench_function("30 mixed", |b| {
        b.iter(|| {
            for text in MIXED {
                black_box(Filter::parse(black_box(text), &limits).unwrap());
            }
        });
    });
    // As long and as many terms as the defaults allow, so that cost per term can be compared with the simple one.
    let longest = [SIMPLE; 200].join(" or ");
    group.bench_function("200 terms, the cap", |b| {
        b.iter(|| Filter::parse(black_box(&longest), &limits).unwrap());
    });
    let bombs = "(".repeat(100_000);
    // Without the cap on length, so that it is the depth that refuses.
    let long = Limits { max_length: usize::MAX, ..limits };
    group.bench_function("100,000 parentheses refused by depth", |b| {
        b.iter(|| Filter::parse(black_box(&bombs), &long).unwrap_err());
    });
    group.bench_function("100,000 parentheses refused", |b| {
        b.iter(|| Filter::parse(black_box(&bombs), &limits).unwrap_err());
    });
    group.finish();
}

type ByHand = fn(&Resource) -> bool;

fn matching(c: &mut Criterion) {
    let schemas = SchemaSet::standard();
    let resource_type = schemas.resource_type("User").unwrap();
    let users: Vec<Resource> = (0..USERS)
        .map(|number| Resource::from_map(user(number).as_object().unwrap().clone(), resource_type))
        .collect();
    let cases: [(&str, &str, ByHand); 3] = [
        ("userName eq", SIMPLE, |user| text(user, "userName").to_lowercase() == "user7@example.com"),
        (
            "and, or, sw",
            r#"active eq true and (userName sw "user1" or name.familyName eq "family7")"#,
            |user| {
                user.as_map().get("active") == Some(&Value::Bool(true))
                    && (text(user, "userName").to_lowercase().starts_with("user1")
                        || user
                            .as_map()
                            .get("name")
                            .and_then(|name| name.get("familyName"))
                            .and_then(Value::as_str)
                            .is_some_and(|name| name.to_lowercase() == "family7"))
            },
        ),
        ("value path", r#"emails[type eq "work" and value eq "user7@example.com"]"#, |user| {
            let emails = user.as_map().get("emails").and_then(Value::as_array);
            emails.is_some_and(|emails| {
                emails.iter().any(|email| {
                    email["type"].as_str().is_some_and(|kind| kind.to_lowercase() == "work")
                        && email["value"]
                            .as_str()
                            .is_some_and(|value| value.to_lowercase() == "user7@example.com")
                })
            })
        }),
    ];
    let mut group = c.benchmark_group("filter/match 100,000 users");
    group.throughput(Throughput::Elements(u64::from(USERS))).sample_size(20);
    for (name, filter, by_hand) in cases {
        let bound = Filter::parse(filter, &Limits::default()).unwrap();
        let bound = bound.bind(resource_type, &BindOptions::default()).unwrap();
        let found = users.iter().filter(|user| bound.matches(user)).count();
        assert_eq!(found, users.iter().filter(|user| by_hand(user)).count(), "{name}");
        group.bench_function(name, |b| {
            b.iter(|| users.iter().filter(|user| bound.matches(black_box(user))).count());
        });
        group.bench_function(format!("{name}, closure by hand"), |b| {
            b.iter(|| users.iter().filter(|user| by_hand(black_box(user))).count());
        });
    }
    group.finish();
}

fn text<'r>(user: &'r Resource, name: &str) -> &'r str {
    user.as_map().get(name).and_then(Value::as_str).unwrap_or_default()
}

criterion_group!(benches, parse, matching);
criterion_main!(benches);
