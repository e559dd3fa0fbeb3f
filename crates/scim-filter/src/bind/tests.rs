use scim_schema::{AttributeType, Resource, ResourceType, SchemaSet, ScimError, ScimType};
use serde_json::{Value, json};

use crate::{
    BindError, BindOptions, BoundFilter, BoundPatchPath, CompareOp, ElementFilter, Filter, Limits, PatchPath,
    PatchPathError, UnknownAttributes,
};

fn with_type<T>(name: &str, use_it: impl FnOnce(&ResourceType) -> T) -> T {
    use_it(SchemaSet::standard().resource_type(name).unwrap())
}

fn bind(text: &str, options: &BindOptions) -> Result<BoundFilter, BindError> {
    with_type("User", |user| Filter::parse(text, &Limits::default()).unwrap().bind(user, options))
}

fn user(value: Value) -> Resource {
    let Value::Object(fields) = value else { panic!("a resource is an object") };
    with_type("User", |user| Resource::from_map(fields, user))
}

// M05 F27
#[test]
fn unknown_attributes_have_no_value_when_the_host_says_so() {
    let options = BindOptions { unknown_attributes: UnknownAttributes::NoValue, ..BindOptions::default() };
    let someone = user(json!({ "userName": "x" }));
    for (text, expected) in [
        ("colour pr", false),
        (r#"colour eq "x""#, false),
        (r#"colour ne "x""#, true),
        ("colour eq null", true),
        ("colour ne null", false),
        ("not (colour gt 1)", true),
        (r#"colour[value eq "x"]"#, false),
        (r#"emails[colour ne "x"]"#, false),
        (r#"urn:example:colour:name pr"#, false),
        (r#"userName eq "x" or colour pr"#, true),
    ] {
        assert_eq!(bind(text, &options).unwrap().matches(&someone), expected, "{text}");
        assert!(matches!(bind(text, &BindOptions::default()), Err(BindError::UnknownAttribute { .. })));
    }
    // Leniency about names is no leniency about what may be asked (F30).
    assert!(matches!(bind("password pr", &options), Err(BindError::NotFilterable { .. })));
}

// F26 P36
#[test]
fn strings_stand_for_booleans_only_by_option_and_it_is_reported() {
    let options = BindOptions { string_booleans: true, ..BindOptions::default() };
    let active = user(json!({ "active": true, "roles": [{ "value": "admin", "primary": true }] }));
    for text in
        [r#"active eq "True""#, r#"roles[primary eq "true"].value eq "admin""#, r#"active ne "FALSE""#]
    {
        let bound = bind(text, &options).unwrap();
        assert!(bound.matches(&active) && bound.used_string_booleans(), "{text}");
        assert!(matches!(bind(text, &BindOptions::default()), Err(BindError::LiteralType { .. })));
    }
    assert!(!bind("active eq true", &options).unwrap().used_string_booleans());
    assert_eq!(
        bind(r#"active eq "yes""#, &options),
        Err(BindError::LiteralType {
            path: "active".into(),
            expected: AttributeType::Boolean,
            found: "a string"
        })
    );
}

#[test]
fn errors_name_the_attribute_in_the_schemas_spelling() {
    let error = bind("ACTIVE gt true", &BindOptions::default()).unwrap_err();
    assert_eq!(
        error,
        BindError::UnsupportedOperator {
            path: "active".into(),
            op: CompareOp::Gt,
            kind: AttributeType::Boolean
        }
    );
    assert_eq!(error.to_string(), "gt cannot be used on active, which is of type boolean");
    let error = bind("department pr", &BindOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "User has no attribute department");
    let error = bind("emails[x pr]", &BindOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "emails has no attribute x");
}

#[test]
fn equality_on_a_unique_attribute_is_offered_as_a_look_up() {
    let lookup = |text: &str| {
        let bound = bind(text, &BindOptions::default()).unwrap();
        bound
            .equality_lookup()
            .map(|found| (found.path.to_string(), found.key.to_owned(), found.literal.to_owned()))
    };
    let expected = Some(("userName".to_owned(), "bjensen".to_owned(), "BJensen".to_owned()));
    assert_eq!(lookup(r#"userName eq "BJensen""#), expected);
    assert_eq!(lookup(r#"active eq true and (title pr) and USERNAME eq "BJensen""#), expected);
    for text in [
        r#"userName sw "b""#,
        r#"userName ne "b""#,
        r#"userName eq "b" or active eq true"#,
        r#"not (userName eq "b")"#,
        r#"title eq "b""#,
        r#"emails.value eq "b""#,
        "userName eq null",
    ] {
        assert_eq!(lookup(text), None, "{text}");
    }
}

fn bind_path(text: &str) -> Result<BoundPatchPath, PatchPathError> {
    let path = PatchPath::parse(text, &Limits::default())?;
    with_type("User", |user| path.bind(user, &BindOptions::default()))
}

fn element_filter(text: &str) -> ElementFilter {
    let Ok(BoundPatchPath::Value { filter, .. }) = bind_path(text) else { panic!("{text}") };
    filter
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

// P23 P24 P25
#[test]
fn patch_paths_are_resolved_in_the_schemas_spelling() {
    for (text, expected) in [
        ("NAME.FAMILYNAME", "name.familyName"),
        ("urn:ietf:params:scim:schemas:core:2.0:user:username", "userName"),
        ("groups.$REF", "groups.$ref"),
    ] {
        let Ok(BoundPatchPath::Attribute(path)) = bind_path(text) else { panic!("{text}") };
        assert_eq!(path.to_string(), expected);
    }
    let Ok(BoundPatchPath::Attribute(path)) =
        bind_path(&format!("{}:manager.value", ENTERPRISE.to_lowercase()))
    else {
        panic!("extension")
    };
    assert_eq!(path.to_string(), format!("{ENTERPRISE}:manager.value"));
    assert_eq!(bind_path(&ENTERPRISE.to_uppercase()), Ok(BoundPatchPath::Extension(ENTERPRISE.into())));
    assert_eq!(bind_path("urn:ietf:params:scim:schemas:core:2.0:User"), Ok(BoundPatchPath::Core));
    let Ok(BoundPatchPath::Value { path, .. }) = bind_path(r#"EMAILS[TYPE eq "work"].VALUE"#) else {
        panic!()
    };
    assert_eq!(path.to_string(), "emails.value");
}

// P23 P29
#[test]
fn paths_that_stand_for_nothing_are_invalid_path_and_wrong_filters_invalid_filter() {
    for (text, scim_type) in [
        ("favouriteColour", ScimType::InvalidPath),
        ("name.middle", ScimType::InvalidPath),
        ("__proto__", ScimType::InvalidPath),
        ("constructor", ScimType::InvalidPath),
        ("urn:example:2.0", ScimType::InvalidPath),
        ("urn:example:other:department", ScimType::InvalidPath),
        (r#"favouriteColour[value eq "x"]"#, ScimType::InvalidPath),
        (r#"emails[type eq "work"].colour"#, ScimType::InvalidPath),
        (r#"userName[value eq "x"]"#, ScimType::InvalidPath),
        (r#"emails[colour eq "x"]"#, ScimType::InvalidFilter),
        ("emails[type eq 1]", ScimType::InvalidFilter),
        ("emails[primary gt true]", ScimType::InvalidFilter),
    ] {
        let error = bind_path(text).unwrap_err();
        assert_eq!((error.status(), error.scim_type()), (400, Some(scim_type)), "{text}: {error}");
    }
}

#[test]
fn an_element_filter_decides_about_one_element() {
    let filter = element_filter(r#"emails[type eq "WORK" and not (value co "old")]"#);
    assert!(filter.matches(&json!({ "type": "work", "value": "a@b.c" })));
    assert!(!filter.matches(&json!({ "type": "work", "value": "old@b.c" })));
    assert!(!filter.matches(&json!({ "value": "a@b.c" })));
    assert_eq!(filter.attribute().to_string(), "emails");
    // EID 7122: the elements of a simple attribute are its values.
    let filter = element_filter(r#"schemas[value sw "urn:example"]"#);
    assert!(filter.matches(&json!("urn:example:x")) && !filter.matches(&json!("urn:ietf")));
}

// P34
#[test]
fn only_equalities_joined_by_and_make_a_template() {
    let template = |text: &str| element_filter(text).template();
    assert_eq!(template(r#"phoneNumbers[TYPE eq "Mobile"].value"#), Some(json!({ "type": "Mobile" })));
    assert_eq!(
        template(r#"phoneNumbers[type eq "mobile" and primary eq true]"#),
        Some(json!({ "type": "mobile", "primary": true }))
    );
    assert_eq!(template(r#"schemas[value eq "urn:x"]"#), Some(json!("urn:x")));
    for text in [
        r#"emails[type ne "work"]"#,
        r#"emails[type eq "work" or type eq "home"]"#,
        r#"emails[not (type eq "work")]"#,
        r#"emails[type eq "work" and value pr]"#,
        r#"emails[type eq "work" and type eq "home"]"#,
        "emails[type eq null]",
    ] {
        assert_eq!(template(text), None, "{text}");
    }
}

// F12 F18
#[test]
fn an_extension_is_present_if_one_of_its_attributes_is() {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let filter = bind(&format!("{} pr", ENTERPRISE.to_uppercase()), &BindOptions::default()).unwrap();
    for (data, expected) in [
        (json!({ "department": "Sales" }), true),
        (json!({ "manager": { "value": "1" } }), true),
        (json!({ "department": "", "manager": {} }), false),
        (json!({}), false),
    ] {
        assert_eq!(filter.matches(&user(json!({ "userName": "x", ENTERPRISE: data }))), expected, "{data}");
    }
    assert!(!filter.matches(&user(json!({ "userName": "x" }))));
    // Only `pr` can be asked of it, and only of an extension.
    for text in [
        format!("{ENTERPRISE} eq \"x\""),
        "urn:ietf:params:scim:schemas:core:2.0:User pr".to_owned(),
        "urn:ietf:params:scim:schemas:core:2.0:Group pr".to_owned(),
    ] {
        let error = bind(&text, &BindOptions::default()).unwrap_err();
        assert_eq!(error.code(), "scim.filter.unknown_attribute", "{text}");
    }
}

// F30 F37
#[test]
fn an_element_of_which_nothing_is_ever_returned_is_none() {
    let thing = json!({ "id": "urn:example:Thing", "attributes": [{
        "name": "keys", "type": "complex", "multiValued": true,
        "subAttributes": [{ "name": "secret", "returned": "never" }, { "name": "use" }],
    }] });
    let set = scim_schema::SchemaSet::builder()
        .schema(&thing)
        .and_then(|set| {
            set.resource_type(
                &json!({ "name": "Thing", "endpoint": "/Things", "schema": "urn:example:Thing" }),
            )
        })
        .and_then(|set| set.build())
        .unwrap();
    let thing = set.resource_type("Thing").unwrap();
    for (keys, expected) in [
        (json!([{ "secret": "x" }]), false),
        (json!([{ "secret": "x", "use": null }]), false),
        (json!([{ "secret": "x", "use": "login" }]), true),
        (json!([{ "use": "login" }]), true),
    ] {
        let resource = json!({ "keys": keys });
        let resource = Resource::from_map(resource.as_object().unwrap().clone(), thing);
        let filter = Filter::parse(r#"keys[not (use eq "sign")]"#, &Limits::default()).unwrap();
        let filter = filter.bind(thing, &BindOptions::default()).unwrap();
        assert_eq!(filter.matches(&resource), expected, "{keys}");
        // A database is asked the same, so it must not even know of the element.
        assert_eq!(crate::search_document(&resource, thing).get("keys").is_some(), expected, "{keys}");
    }
}
