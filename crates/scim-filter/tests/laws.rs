//! Laws of reading: nothing that comes in makes it panic, and what is read prints to what reads the same.

use proptest::prelude::*;
use scim_filter::{BindOptions, Filter, Limits, PatchPath};
use scim_schema::{Projection, Resource};
use testkit::scim_filter::{Choices, filter, resource, schemas};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // F34
    #[test]
    fn what_is_read_from_any_text_prints_to_the_same(text in any_text()) {
        let limits = Limits::default();
        if let Ok(filter) = Filter::parse(&text, &limits) {
            prop_assert_eq!(Filter::parse(&filter.to_string(), &limits), Ok(filter.clone()));
            // F08: what is strict is read the same where loose strings are tolerated.
            prop_assert_eq!(Filter::parse_loose(&text, &limits), Ok((filter, false)));
        }
        if let Ok((filter, _)) = Filter::parse_loose(&text, &limits) {
            prop_assert_eq!(Filter::parse(&filter.to_string(), &limits), Ok(filter));
        }
        if let Ok(path) = PatchPath::parse(&text, &limits) {
            prop_assert_eq!(PatchPath::parse(&path.to_string(), &limits), Ok(path));
        }
    }

    // F37
    #[test]
    fn what_is_filtered_is_what_is_shown(bytes in prop::collection::vec(any::<u8>(), 200..1000)) {
        let mut choices = Choices::new(&bytes);
        let set = schemas(&mut choices);
        let Some(thing) = set.resource_type("Thing") else { panic!("the generator makes it") };
        let stored = Resource::from_map(resource(&mut choices, thing), thing);
        let shown = Projection::standard(thing).project(&stored).to_resource();
        while !choices.is_over() {
            let filter = filter(&mut choices, thing, 3);
            if let Ok(bound) = filter.bind(thing, &BindOptions::default()) {
                prop_assert_eq!(bound.matches(&stored), bound.matches(&shown), "{} of {:?}", filter, shown);
            }
        }
    }

    // F09
    #[test]
    fn any_string_survives_as_a_json_literal(text in any::<String>(), escape_all in any::<bool>()) {
        let literal = if escape_all {
            let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            format!("\"{units}\"")
        } else {
            serde_json::Value::String(text.clone()).to_string()
        };
        let limits = Limits { max_length: usize::MAX, ..Limits::default() };
        let Ok(Filter::Compare(compare)) = Filter::parse(&format!("a eq {literal}"), &limits) else {
            panic!("{literal} is a JSON string");
        };
        prop_assert_eq!(&compare.literal, &scim_filter::Literal::String(text));
        let printed = Filter::Compare(compare.clone()).to_string();
        prop_assert_eq!(Filter::parse(&printed, &limits), Ok(Filter::Compare(compare)));
    }

    // F10
    #[test]
    fn numbers_mean_what_json_means_by_them(number in any_number()) {
        let parsed = Filter::parse(&format!("a eq {number}"), &Limits::default());
        let json: Result<f64, _> = serde_json::from_str(&number);
        match (parsed, json) {
            (Ok(Filter::Compare(compare)), Ok(json)) => {
                let found = compare.literal.to_json().as_f64().unwrap_or(f64::NAN);
                // JSON readers may be off by the last bits of a long number.
                let bound = (json.abs() * 8.0 * f64::EPSILON).max(1e-300);
                prop_assert!((found - json).abs() <= bound, "{} {}", found, json);
            }
            (parsed, json) => prop_assert!(parsed.is_err() && json.is_err(), "{:?} {:?}", parsed, json),
        }
    }
}

/// Pieces of the language in any order: far more often nearly right than random characters are.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "emails", "userName", "name.familyName", "urn:x:y:2.0:User:a.b", "$ref", "value", ".value", "not",
        ]).prop_map(str::to_owned),
        4 => prop::sample::select(vec![
            " ", " eq ", " ne ", " pr", " co ", " and ", " or ", "(", ")", "[", "]", "not (",
        ]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["true", "null", "1", "-0.5e3", "\"x\"", "\"\\ud83d\\ude00\"", "\"\\", "'"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop_oneof![
        3 => prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f64>()
            .prop_filter("JSON has no such number", |value| value.is_finite())
            .prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
        "[-+0-9.eE]{1,8}",
    ]
}
