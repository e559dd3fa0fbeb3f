use super::*;
use crate::fixtures::email;

fn mapping(json: &str) -> AttributeMapping {
    serde_json::from_str(json).unwrap()
}

fn one(rule: &str) -> AttributeMapping {
    mapping(&format!(r#"{{"fields": {{"email": {rule}}}}}"#))
}

fn bag(attributes: &[(&str, &[&str])]) -> AttributeBag {
    AttributeBag::new(Some("n1@example.com"), attributes.iter().map(|(n, v)| (*n, v.iter().copied())))
}

fn value(m: &AttributeMapping, input: &AttributeBag) -> Result<Option<String>, &'static str> {
    apply(m, input).map(|mapped| mapped.fields.get(&AccountField::Email).cloned()).map_err(|e| e.code())
}

#[test]
fn aliases_are_tried_in_order_over_names_uris_and_oids() {
    let m = one(r#"{"from": ["email", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            "urn:oid:0.9.2342.19200300.100.1.3", "@NameId"]}"#);
    let claim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    let oid = "urn:oid:0.9.2342.19200300.100.1.3";
    for (attributes, want) in [
        (vec![("email", "a@b.de"), (claim, "c@b.de")], "a@b.de"),
        (vec![(oid, "o@b.de"), (claim, "c@b.de")], "c@b.de"),
        (vec![(oid, "o@b.de")], "o@b.de"),
        (vec![("email", ""), (oid, "o@b.de")], "o@b.de"),
        (vec![("email", "not an address"), (oid, "o@b.de")], "o@b.de"),
        (vec![], "n1@example.com"),
    ] {
        let input = AttributeBag::new(Some("n1@example.com"), attributes.iter().map(|(n, v)| (*n, [*v])));
        assert_eq!(value(&m, &input), Ok(Some(want.to_owned())), "{attributes:?}");
    }
}

// SAML Core 2.7.3.1: names are compared exactly; the product may say otherwise.
#[test]
fn names_are_compared_exactly_unless_the_rule_folds() {
    let upper = bag(&[("EMAIL", &["a@b.de"])]);
    assert_eq!(value(&one(r#"{"from": ["email"]}"#), &upper), Ok(None));
    let fold = one(r#"{"from": ["email"], "case": "fold"}"#);
    assert_eq!(value(&fold, &upper), Ok(Some("a@b.de".to_owned())));
    let both = bag(&[("EMAIL", &["a@b.de"]), ("email", &["c@b.de"])]);
    assert_eq!(value(&fold, &both), Ok(Some("c@b.de".to_owned())), "an exact name wins");
    let neither = bag(&[("EMAIL", &["a@b.de"]), ("Email", &["c@b.de"])]);
    assert_eq!(value(&fold, &neither), Err("mapping.ambiguous_name"));
}

#[test]
fn required_optional_and_default_differ_when_nothing_comes() {
    let nothing = bag(&[("mail", &["a@b.de"])]);
    assert_eq!(value(&one(r#"{"from": ["email"]}"#), &nothing), Ok(None));
    assert_eq!(
        value(&one(r#"{"from": ["email"], "required": true}"#), &nothing),
        Err("mapping.missing_attribute")
    );
    let default = one(r#"{"from": ["email"], "required": true, "default": "team@b.de"}"#);
    assert_eq!(value(&default, &nothing), Ok(Some("team@b.de".to_owned())));
    assert_eq!(apply(&default, &nothing).unwrap().email, Some(email("team@b.de")));
    assert_eq!(value(&one(r#"{"from": ["=fixed@b.de"]}"#), &nothing), Ok(Some("fixed@b.de".to_owned())));
    let unusable = bag(&[("email", &["nobody"])]);
    assert_eq!(value(&one(r#"{"from": ["email"], "required": true}"#), &unusable), Err("mapping.malformed"));
}

#[test]
fn a_missing_attribute_names_what_was_meant_perhaps() {
    let m = one(r#"{"from": ["email"], "required": true}"#);
    let uri = bag(&[("http://example.com/claims/email", &["a@b.de"])]);
    let error = apply(&m, &uri).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no value for `email`: send one of `email`; found `http://example.com/claims/email`, which is not the same name"
    );
}

#[test]
fn a_dry_run_says_which_source_was_taken_and_what_was_not_used() {
    let m = mapping(
        r#"{"fields": {"email": {"from": ["email", "mail"]}, "uid": {"from": ["uid"], "required": true}}}"#,
    );
    let report = dry_run(&m, &bag(&[("mail", &["a@b.de"]), ("shoe", &["43"])]));
    let email = &report.fields[0];
    assert_eq!(email.tried.iter().map(ToString::to_string).collect::<Vec<_>>(), ["email", "mail"]);
    assert_eq!(email.taken.as_ref().unwrap().to_string(), "mail");
    assert_eq!(report.fields[1].problem.as_ref().unwrap().code(), "mapping.missing_attribute");
    assert_eq!(report.unused, ["shoe"]);
    assert_eq!(report.mapped.email.unwrap().as_str(), "a@b.de", "the rest is there all the same");
}

fn roles(rest: &str) -> AttributeMapping {
    mapping(&format!(
        r#"{{"roles": {{"catalogue": [{{"name": "low"}}, {{"name": "high", "priority": 9}}, {{"name": "mid"}}],
            "rules": [{{"value_is_role": "role"}}, {{"equals": {{"from": "dept", "value": "IT", "grant": "mid"}}}}]{rest}}}}}"#
    ))
}

fn granted(m: &AttributeMapping, input: &AttributeBag) -> Result<Vec<String>, &'static str> {
    let names = |mapped: Mapped| mapped.roles.iter().map(ToString::to_string).collect();
    apply(m, input).map(names).map_err(|e| e.code())
}

// TEN-17
#[test]
fn of_several_roles_the_written_priority_counts_or_all_do() {
    let input = bag(&[("role", &["low", "high"]), ("dept", &["IT"])]);
    assert_eq!(granted(&roles(""), &input).unwrap(), ["high"]);
    assert_eq!(granted(&roles(r#", "several": "union""#), &input).unwrap(), ["high", "low", "mid"]);
    let equal = bag(&[("role", &["mid", "low"])]);
    assert_eq!(granted(&roles(""), &equal).unwrap(), ["low"], "the first of the catalogue among equals");
    assert!(
        granted(&roles(""), &bag(&[("dept", &["it"])])).unwrap().is_empty(),
        "values are compared exactly"
    );
}

#[test]
fn an_unknown_role_refuses_unless_it_is_to_be_ignored() {
    let input = bag(&[("role", &["low", "emperor"])]);
    assert_eq!(granted(&roles(""), &input), Err("mapping.role_unknown"));
    let ignoring = roles(r#", "unknown": "ignore""#);
    assert_eq!(granted(&ignoring, &input).unwrap(), ["low"]);
    assert_eq!(dry_run(&ignoring, &input).roles.ignored, ["emperor"]);
}

#[test]
fn role_rules_name_roles_of_the_catalogue_only() {
    let parse = |json: &str| serde_json::from_str::<RoleRules>(json).map_err(|e| e.to_string());
    assert!(parse(r#"{"default": "x"}"#).unwrap_err().starts_with("role `x` is not in `catalogue`"));
    assert!(parse(r#"{"rules": [{"group": {"id": "g", "grant": "x"}}]}"#).is_err());
    assert!(parse(r#"{"catalogue": [{"name": "x"}, {"name": "x"}]}"#).unwrap_err().contains("twice"));
    let role = |name: &str| serde_json::from_str::<Role>(&format!(r#"{{"name": "{name}"}}"#)).unwrap();
    let fixed = parse(r#"{"catalogue": [{"name": "x"}]}"#).unwrap();
    assert_eq!(fixed.with_custom_role(role("y")), Err(RoleRulesError::NoCustomRoles));
    let open = parse(r#"{"catalogue": [{"name": "x"}], "custom": true}"#).unwrap();
    assert_eq!(open.with_custom_role(role("y")).unwrap().catalogue().len(), 2);
    assert!(open.with_custom_role(role("x")).is_err());
}

#[test]
fn sources_are_written_as_they_are_read() {
    for text in ["@NameId", "=x", "=", "email", "urn:oid:2.5.4.4"] {
        assert_eq!(Source::try_from(text.to_owned()).unwrap().to_string(), text);
    }
    for bad in ["@FriendlyName", "@nameid", "", " email"] {
        assert!(Source::try_from(bad.to_owned()).is_err(), "{bad:?}");
    }
}
