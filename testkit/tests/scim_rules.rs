//! The ledger of SCIM rules holds: none without a proof or a stated gap, no proof that does not exist.

use std::collections::BTreeSet;

use testkit::scim_rules::{rules, tests, vectors};

#[test]
fn no_rule_is_missing_and_none_is_there_twice() {
    let ids: Vec<String> = rules().into_iter().map(|rule| rule.id).collect();
    let numbers = [('S', 44), ('M', 51), ('C', 13), ('F', 39), ('P', 42)];
    let expected: Vec<String> = numbers
        .into_iter()
        .flat_map(|(letter, last)| (1..=last).map(move |number| format!("{letter}{number:02}")))
        .collect();
    assert_eq!(ids, expected);
}

#[test]
fn every_rule_says_what_it_is_and_where_it_is_kept() {
    for rule in rules() {
        let levels: Vec<&str> = rule.level.split('/').collect();
        assert!(levels.iter().all(|level| ["M", "S", "O", "C", "Q"].contains(level)), "{}", rule.id);
        assert!(!rule.source.is_empty() && !rule.text.is_empty() && !rule.place.is_empty(), "{}", rule.id);
        let places = ["schema", "filter", "patch", "server"];
        assert!(rule.place.iter().all(|place| places.contains(&place.as_str())), "{}", rule.id);
    }
}

#[test]
fn every_rule_has_a_test_or_says_what_is_open() {
    for rule in rules() {
        let open = rule.open.as_deref().is_some_and(|reason| reason.len() > 20);
        assert!(!rule.tests.is_empty() || open, "{}: {}", rule.id, rule.text);
    }
}

#[test]
fn every_test_of_a_rule_exists_and_names_it() {
    let (tests, vectors) = (tests(), vectors());
    assert!(tests.len() > 400 && vectors.len() > 300, "{} tests, {} vectors", tests.len(), vectors.len());
    let mut wrong = Vec::new();
    for rule in rules() {
        for name in &rule.tests {
            match tests.get(name).or_else(|| vectors.get(name)) {
                None => wrong.push(format!("{}: there is no {name}", rule.id)),
                // The server and the tenants have rules of their own; theirs may prove ours without saying so.
                Some(named) if name.starts_with("scim-") || vectors.contains_key(name) => {
                    if !named.contains(&rule.id) {
                        wrong.push(format!("{}: {name} does not name it", rule.id));
                    }
                }
                Some(_) => {}
            }
        }
        let listed: BTreeSet<&String> = rule.tests.iter().collect();
        if listed.len() < rule.tests.len() {
            wrong.push(format!("{}: a test is there twice", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// F37
#[cfg(feature = "filter")]
#[test]
fn what_is_filtered_is_what_is_shown() {
    use scim_filter::{BindOptions, Filter, Limits};
    use scim_schema::{CheckOptions, Projection, Resource, SchemaSet};
    use serde_json::{Value, json};

    let set = SchemaSet::standard();
    let user = set.resource_type("User").expect("User");
    let finds = |filter: &str, resource: &Resource| {
        let filter = Filter::parse(filter, &Limits::default()).expect("a filter");
        filter.bind(user, &BindOptions::default()).expect("bound").matches(resource)
    };
    for (sent, active) in [(None, Some(true)), (Some(Value::Null), None), (Some(json!(false)), Some(false))] {
        let mut body = json!({ "schemas": [scim_schema::urn::USER], "userName": "a" });
        if let (Some(sent), Some(body)) = (sent, body.as_object_mut()) {
            body.insert("active".into(), sent);
        }
        let body = Resource::from_map(body.as_object().expect("an object").clone(), user);
        let stored = user.check_create(body, &CheckOptions::default()).expect("a user").resource;
        let shown =
            Projection::standard(user).project(&stored).to_map().get("active").and_then(Value::as_bool);
        assert_eq!(shown, active);
        assert_eq!(finds("active eq true", &stored), active == Some(true));
        assert_eq!(finds("active eq false", &stored), active == Some(false));
        assert_eq!(finds("active pr", &stored), active.is_some());
    }
}
