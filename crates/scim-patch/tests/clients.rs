//! The recorded requests of real clients, as far as they are PATCHes.

#![expect(clippy::panic, reason = "test helpers")]

use std::collections::BTreeSet;

use scim_patch::{Limits, PatchRequest, Quirks, apply, plan_replace};
use scim_schema::{Resource, ScimError};
use serde_json::Value;
use testkit::scim_patch::{merge, schema_set, stored, type_of};
use testkit::scim_patch_clients::{Recording, Request, recordings};

#[test]
fn every_patch_of_a_client_does_what_the_client_expects() {
    let broken: Vec<String> =
        patches().iter().filter_map(|(file, request)| check(file, request).err()).collect();
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// The preset is for the connection alone: whatever a product sends, the tolerant preset takes as well.
#[test]
fn the_tolerant_preset_takes_what_every_client_sends() {
    for (file, request) in patches() {
        let file = Recording { quirks: Quirks::tolerant(), ..file };
        check(&file, &request).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// P38: a preset holds no switch that nothing recorded shows a need for.
#[test]
fn product_presets_hold_what_their_recordings_need() {
    for name in ["okta", "entra", "onelogin"] {
        let preset = Quirks::preset(name).unwrap_or_else(|| panic!("no preset {name}"));
        let used: BTreeSet<String> = patches()
            .into_iter()
            .filter(|(file, _)| file.product == name)
            .flat_map(|(_, request)| request.expect.quirks)
            .map(|(quirk, _)| quirk)
            .collect();
        for quirk in &used {
            assert!(preset.iter().any(|known| known.as_str() == quirk), "{name} lacks {quirk}");
        }
    }
}

#[test]
fn recordings_are_well_formed() {
    let mut seen = BTreeSet::new();
    for file in recordings() {
        assert!(!file.about.is_empty() && !file.source.is_empty());
        assert!(
            ["logged", "documented", "code", "third party"].contains(&file.grade.as_str()),
            "{}",
            file.grade
        );
        for request in file.requests {
            assert!(request.id.starts_with(&file.product) || request.id.contains('/'), "{}", request.id);
            assert!(!request.rules.is_empty() && !request.expect.status.is_empty(), "{}", request.id);
            assert!(!request.path.contains("{id}") || request.before.is_some(), "{}", request.id);
            assert!(seen.insert(request.id.clone()), "{} occurs twice", request.id);
        }
    }
}

/// M14: a group's PUT is a membership change too.
#[test]
fn a_put_of_a_group_replaces_all_members() {
    let set = schema_set(&[]);
    let mut found = 0;
    for request in recordings().into_iter().flat_map(|file| file.requests) {
        if request.method != "PUT" || !request.path.starts_with("/Groups") {
            continue;
        }
        let body = request.body.unwrap_or_default();
        let resource_type = type_of(&body, &set);
        let mut group = Resource::from_map(body.as_object().cloned().unwrap_or_default(), resource_type);
        let change = plan_replace(&mut group, resource_type).unwrap_or_else(|error| panic!("{error}"));
        let expected: Vec<&str> = body["members"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|member| member["value"].as_str())
            .collect();
        let members: Vec<&str> = change.replace_all.iter().flatten().map(|member| member.value()).collect();
        assert_eq!(members, expected, "{}", request.id);
        assert!(change.add.is_empty() && change.remove.is_empty());
        assert!(!group.as_map().contains_key("members"));
        found += 1;
    }
    assert!(found > 0);
}

fn patches() -> Vec<(Recording, Request)> {
    recordings()
        .into_iter()
        .flat_map(|file| {
            let requests = file.requests.clone();
            requests.into_iter().map(move |request| (file.clone(), request))
        })
        .filter(|(_, request)| request.method == "PATCH")
        .collect()
}

fn check(file: &Recording, request: &Request) -> Result<(), String> {
    let set = schema_set(&[]);
    let before = request.before.as_ref().unwrap_or_else(|| panic!("{}: patches nothing", request.id));
    let body = request.body.as_ref().unwrap_or(&Value::Null).to_string();
    let patched = PatchRequest::parse(body.as_bytes(), file.quirks, &Limits::default())
        .and_then(|message| apply(&stored(before), &message, type_of(before, &set)));
    let patched = match (patched, &request.expect.error) {
        (Ok(patched), None) => patched,
        (Err(error), Some(expected)) if error.scim_type().is_some_and(|found| found.as_str() == expected) => {
            return Ok(());
        }
        (Ok(_), Some(expected)) => return Err(format!("{}: expected {expected}", request.id)),
        (Err(error), _) => return Err(format!("{}: {error} ({})", request.id, error.code())),
    };
    let mut expected = before.clone();
    merge(&mut expected, request.expect.merge.as_ref().unwrap_or_else(|| panic!("{}: no merge", request.id)));
    let found = patched.resource.into_value();
    if found != expected {
        return Err(format!("{}: became {found}", request.id));
    }
    let quirks: Vec<(String, Option<usize>)> =
        patched.quirks.iter().map(|used| (used.quirk.as_str().to_owned(), used.operation)).collect();
    if quirks != request.expect.quirks {
        return Err(format!("{}: used {quirks:?}", request.id));
    }
    Ok(())
}
