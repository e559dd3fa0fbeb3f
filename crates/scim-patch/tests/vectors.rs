//! Every file of `testdata/scim/patch`, through one loop.

#![expect(clippy::panic, reason = "test helpers")]

use std::collections::BTreeSet;

use scim_patch::{PatchError, PatchRequest, Patched, Quirk, apply};
use scim_schema::{ScimError, is_unassigned};
use serde_json::Value;
use testkit::scim_patch::{Expect, Vector, merge, vectors};

#[test]
fn every_vector_comes_out_as_it_says() {
    let vectors = vectors();
    let broken: Vec<String> = vectors.iter().filter_map(|vector| check(vector).err()).collect();
    assert!(broken.is_empty(), "{} of {} vectors:\n{}", broken.len(), vectors.len(), broken.join("\n"));
}

#[test]
fn vectors_have_ids_of_their_own() {
    let mut seen = BTreeSet::new();
    for vector in vectors() {
        assert!(seen.insert(vector.id.clone()), "{} occurs twice", vector.id);
    }
}

/// P38: a switch without a vector that needs it is a claim without proof.
#[test]
fn every_switch_has_a_vector_that_needs_it() {
    let used: BTreeSet<String> =
        vectors().into_iter().flat_map(|vector| vector.expect.quirks).map(|(quirk, _)| quirk).collect();
    for quirk in Quirk::ALL {
        assert!(used.contains(quirk.as_str()), "no vector needs {quirk}");
    }
}

/// P38: what a switch lets through is refused, or comes out differently, without it.
#[test]
fn a_switch_that_was_used_makes_a_difference() {
    for vector in vectors() {
        for (quirk, _) in &vector.expect.quirks {
            let quirk: Quirk = serde_json::from_value(Value::String(quirk.clone()))
                .unwrap_or_else(|error| panic!("{}: {error}", vector.id));
            let without = Vector { quirks: vector.quirks.without(quirk), ..vector.clone() };
            let noted =
                matches!(run(&without), Ok(patched) if patched.quirks.iter().any(|used| used.quirk == quirk));
            assert!(!noted, "{}: {quirk} was used though it is off", vector.id);
            assert!(check(&without).is_err(), "{}: comes out the same without {quirk}", vector.id);
        }
    }
}

fn run(vector: &Vector) -> Result<Patched, PatchError> {
    let set = vector.schema_set();
    let (before, resource_type) = vector.before(&set);
    let request = PatchRequest::parse(&vector.bytes(), vector.quirks, &vector.limits)?;
    apply(&before, &request, resource_type)
}

fn check(vector: &Vector) -> Result<(), String> {
    let fail = |what: &str, found: String| Err(format!("{}: {what}: {found}", vector.id));
    let Expect { merge: patch, changes, quirks, error } = &vector.expect;
    let patched = match (run(vector), error) {
        (Ok(patched), None) => patched,
        (Ok(patched), Some(_)) => return fail("was applied", patched.resource.into_value().to_string()),
        (Err(found), None) => return fail("was refused", format!("{found} ({})", found.code())),
        (Err(found), Some(error)) => {
            let answer = (
                found.status(),
                found.scim_type().map(|scim_type| scim_type.as_str().to_owned()),
                found.code().to_owned(),
                found.operation(),
            );
            return if answer == *error {
                Ok(())
            } else {
                fail("wrong error", format!("{answer:?}: {found}"))
            };
        }
    };
    let set = vector.schema_set();
    let (before, _) = vector.before(&set);
    let mut expected = before.clone().into_value();
    merge(&mut expected, patch.as_ref().unwrap_or_else(|| panic!("{}: expects nothing", vector.id)));
    let found = patched.resource.clone().into_value();
    if found != expected {
        return fail("wrong resource", found.to_string());
    }
    if patched.changed() != (before != patched.resource) {
        return fail("changed() is wrong", format!("{:?}", patched.changes(&before)));
    }
    if let Some(changes) = changes {
        let found: Vec<(String, Value, Value)> = patched
            .changes(&before)
            .iter()
            .map(|change| {
                let value = |value: &Option<Value>| value.clone().unwrap_or_default();
                (change.path.clone(), value(&change.before), value(&change.after))
            })
            .collect();
        if found != *changes {
            return fail("wrong changes", format!("{found:?}"));
        }
    }
    let found: Vec<(String, Option<usize>)> =
        patched.quirks.iter().map(|used| (used.quirk.as_str().to_owned(), used.operation)).collect();
    if found != *quirks {
        return fail("wrong quirks", format!("{found:?}"));
    }
    match patched.resource.as_map().iter().find(|(_, value)| is_unassigned(value)) {
        Some((name, _)) => fail("left unassigned", name.clone()),
        None => Ok(()),
    }
}
