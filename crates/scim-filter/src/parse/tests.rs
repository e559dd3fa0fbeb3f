use scim_schema::{ScimError, ScimType};

use crate::{CompareOp, Filter, FilterError, Limits, Literal, PatchPath};

fn parse(text: &str) -> Result<Filter, FilterError> {
    Filter::parse(text, &Limits::default())
}

fn printed(text: &str) -> String {
    match parse(text) {
        Ok(filter) => filter.to_string(),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn code(text: &str) -> &'static str {
    match parse(text) {
        Ok(filter) => panic!("{text} was read as {filter}"),
        Err(error) => error.code(),
    }
}

// F01
#[test]
fn operators_and_keywords_are_case_insensitive() {
    assert_eq!(printed(r#"a EQ "x" aNd NOT (b Pr OR c Sw "y")"#), r#"a eq "x" and not (b pr or c sw "y")"#);
    for (word, op) in [("Eq", CompareOp::Eq), ("nE", CompareOp::Ne), ("CO", CompareOp::Co)] {
        let Ok(Filter::Compare(compare)) = parse(&format!("a {word} 1")) else { panic!("{word}") };
        assert_eq!(compare.op, op);
    }
}

// F02
#[test]
fn and_binds_tighter_than_or_and_not_tighter_than_both() {
    let Ok(Filter::Or(terms)) = parse("a pr or b pr and c pr") else { panic!("or is outermost") };
    assert!(matches!(&*terms, [Filter::Present(_), Filter::And(_)]));
    let Ok(Filter::And(terms)) = parse("not (a pr) and b pr") else { panic!("and is outermost") };
    assert!(matches!(&*terms, [Filter::Not(_), Filter::Present(_)]));
    assert_eq!(printed("(a pr or b pr) and c pr"), "(a pr or b pr) and c pr");
    assert_eq!(printed("((a pr) and (b pr)) or (c pr)"), "a pr and b pr or c pr");
}

// F03
#[test]
fn not_is_read_with_and_without_a_space_and_only_before_a_bracket() {
    assert_eq!(printed("not(a pr)"), "not (a pr)");
    assert_eq!(printed("not  (a pr)"), "not (a pr)");
    assert_eq!(code("not a pr"), "scim.filter.unexpected");
}

// F04 F06
#[test]
fn value_path_holds_any_logic_but_no_second_value_path() {
    assert_eq!(
        printed(r#"emails[type eq "work" and (primary eq true or not(value co "x")) and display pr]"#),
        r#"emails[type eq "work" and (primary eq true or not (value co "x")) and display pr]"#
    );
    assert_eq!(code("a[b[c pr]]"), "scim.filter.nested_value_path");
    assert_eq!(code("a[(b[c pr])]"), "scim.filter.nested_value_path");
}

// F07
#[test]
fn sub_attribute_behind_a_value_path_joins_its_conditions() {
    assert_eq!(
        printed(r#"emails[type eq "work"].value eq "a@b.c""#),
        r#"emails[type eq "work" and value eq "a@b.c"]"#
    );
    assert_eq!(
        printed(r#"emails[type eq "a" or type eq "b"].value pr and x pr"#),
        r#"emails[(type eq "a" or type eq "b") and value pr] and x pr"#
    );
    assert_eq!(code(r#"emails[type eq "work"].value"#), "scim.filter.unexpected");
    assert_eq!(code(r#"emails[type eq "work"].a.b pr"#), "scim.filter.qualified_in_value_path");
}

// F08
#[test]
fn literals_are_json_scalars() {
    for text in ["a eq 'x'", "a eq x", "a eq True", "a eq [1]", "a eq {}", "a eq"] {
        assert_eq!(code(text), "scim.filter.unexpected", "{text}");
    }
    for (text, literal) in [
        ("a eq true", Literal::Bool(true)),
        ("a eq false", Literal::Bool(false)),
        ("a eq null", Literal::Null),
        (r#"a eq """#, Literal::String(String::new())),
    ] {
        let Ok(Filter::Compare(compare)) = parse(text) else { panic!("{text}") };
        assert_eq!(compare.literal, literal);
    }
}

// F08
#[test]
fn loose_strings_are_read_where_they_are_asked_for() {
    let loose = |text: &str| {
        let (filter, used) = Filter::parse_loose(text, &Limits::default())?;
        Ok::<_, FilterError>((filter.to_string(), used))
    };
    // Examples of RFC 7644 3.4.2.1 and RFC 9865 2 among them.
    for (text, strict) in [
        (
            "(meta.resourceType eq User) or (meta.resourceType eq Group)",
            r#"meta.resourceType eq "User" or meta.resourceType eq "Group""#,
        ),
        ("userName sw 'J'", r#"userName sw "J""#),
        (r#"a eq 'say "x" and (so) [on] \n' and b pr"#, r#"a eq "say \"x\" and (so) [on] \\n" and b pr"#),
        (
            "emails[type eq work and value co '@x'].display pr",
            r#"emails[type eq "work" and value co "@x" and display pr]"#,
        ),
        ("id eq 2819c223-7f76", r#"id eq "2819c223-7f76""#),
        ("a eq ''", r#"a eq """#),
        ("a eq True", r#"a eq "True""#),
    ] {
        assert_eq!(loose(text), Ok((strict.to_owned(), true)), "{text}");
        assert!(parse(text).is_err(), "{text}");
    }
    for text in ["a eq true and b eq null and c eq -1.5", r#"a eq "x""#, "a pr"] {
        assert_eq!(loose(text), Ok((text.to_owned(), false)), "{text}");
    }
    for text in [
        "a eq 'x",
        "a eq '\u{1}'",
        "a eq x\u{1}",
        "a eq x y",
        "a eq and b pr",
        "a eq",
        "a eq [1]",
        "a eq 'x'y",
        "a 'eq' x",
    ] {
        assert!(loose(text).is_err(), "{text}");
    }
}

// F35
#[test]
fn percent_and_plus_signs_are_decoded_by_the_host_alone() {
    let Ok(Filter::Compare(compare)) = parse(r#"a eq "100%25+1""#) else { panic!() };
    assert_eq!(compare.literal, Literal::String("100%25+1".into()));
    for text in ["a%20pr", "a+pr", "a%20eq%20%22x%22"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

// F09
#[test]
fn string_escapes_are_decoded_and_bad_ones_refused() {
    let Ok(Filter::Compare(compare)) = parse(r#"a eq "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#) else {
        panic!()
    };
    assert_eq!(compare.literal, Literal::String("\"\\/\u{8}\u{c}\n\r\té😀é".into()));
    for text in [
        r#""\x""#,
        r#""\u12""#,
        r#""\u+123""#,
        r#""\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83dA""#,
        r#""\ude00""#,
        r#""open"#,
        r#""open\"#,
        "\"a\nb\"",
        r#""\u12é""#,
    ] {
        assert_eq!(code(&format!("a eq {text}")), "scim.filter.string", "{text}");
    }
}

// F10
#[test]
fn numbers_have_sign_fraction_and_exponent_and_stay_exact() {
    for (text, print) in [
        ("0", "0"),
        ("-0", "0"),
        ("-12", "-12"),
        ("9223372036854775807", "9223372036854775807"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.5", "1.5"),
        ("1e2", "100.0"),
        ("-1.5E-3", "-0.0015"),
        ("0.1", "0.1"),
    ] {
        assert_eq!(printed(&format!("a eq {text}")), format!("a eq {print}"));
    }
    for text in ["01", "1.", "1e", "-", "1e400", "0x1", "1.e1", "--1", "1_0"] {
        assert_eq!(code(&format!("a eq {text}")), "scim.filter.number", "{text}");
    }
    assert_eq!(code("a eq +1"), "scim.filter.unexpected");
    assert_eq!(code("a eq .5"), "scim.filter.unexpected");
}

// F12
#[test]
fn dots_of_a_uri_do_not_split_the_name() {
    let text = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value pr";
    let Ok(Filter::Present(path)) = parse(text) else { panic!() };
    assert_eq!(path.urn(), Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"));
    assert_eq!((path.name(), path.sub_name()), ("manager", Some("value")));
}

// S02
#[test]
fn names_follow_the_grammar_and_may_start_with_a_dollar_sign() {
    assert_eq!(printed("members.$ref pr"), "members.$ref pr");
    for text in
        ["1a pr", "-a pr", "a..b pr", "a. pr", ".a pr", "a.b.c pr", "é pr", "urn: pr", ":a pr", "a,b pr"]
    {
        assert_eq!(code(text), "scim.filter.path", "{text}");
    }
}

// F28
#[test]
fn unknown_operators_and_empty_filters_are_refused_by_name() {
    assert_eq!(code(""), "scim.filter.empty");
    assert_eq!(code("   "), "scim.filter.empty");
    assert_eq!(
        parse(r#"userName regex "x""#),
        Err(FilterError::UnknownOperator { position: 9, found: "regex".into() })
    );
    for text in
        ["a", "a ", "()", "a pr and", "a pr and ", "and a pr", "a pr b pr", "a pr)", "a pr]", "(a pr]", "a[]"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
    assert_eq!(parse("(a pr"), Err(FilterError::Unclosed { position: 0, bracket: '(' }));
    assert_eq!(parse("a[b pr"), Err(FilterError::Unclosed { position: 1, bracket: '[' }));
}

#[test]
fn tokens_that_touch_are_refused() {
    for text in [
        r#"a eq"x""#,
        r#"a eq "x"and b pr"#,
        "(a pr)and (b pr)",
        "a pr and(b pr)",
        "a[b pr]and c pr",
        "a (pr)",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

// F33
#[test]
fn limits_hold_at_n_and_refuse_n_plus_one() {
    let limits = Limits { max_depth: 3, max_terms: 2, max_length: 40 };
    assert!(Filter::parse("(((a pr)))", &limits).is_ok());
    assert_eq!(Filter::parse("((((a pr))))", &limits), Err(FilterError::TooDeep { position: 3, max: 3 }));
    assert!(Filter::parse("(not (a[b pr]))", &limits).is_ok());
    assert_eq!(
        Filter::parse("((not (a[b pr])))", &limits),
        Err(FilterError::TooDeep { position: 8, max: 3 })
    );
    assert!(Filter::parse("a pr and b pr", &limits).is_ok());
    assert_eq!(
        Filter::parse("a pr and b[c pr and d pr]", &limits),
        Err(FilterError::TooManyTerms { position: 20, max: 2 })
    );
    assert!(Filter::parse(&format!("{:<40}", "a pr"), &limits).is_ok());
    assert_eq!(
        Filter::parse(&format!("{:<41}", "a pr"), &limits),
        Err(FilterError::TooLong { length: 41, max: 40 })
    );
}

// F33
#[test]
fn any_number_of_open_brackets_is_refused_without_reading_them_all() {
    let limits = Limits { max_length: usize::MAX, ..Limits::default() };
    for bracket in ["(", "not(", "not ("] {
        let text = bracket.repeat(100_000);
        assert!(matches!(Filter::parse(&text, &limits), Err(FilterError::TooDeep { max: 32, .. })));
    }
}

// F39
#[test]
fn names_in_brackets_are_bare_and_no_sub_attribute_stands_before_them() {
    assert_eq!(code("emails[a.b pr]"), "scim.filter.qualified_in_value_path");
    assert_eq!(code("emails[urn:x:y:value pr]"), "scim.filter.qualified_in_value_path");
    assert_eq!(code("a.b[c pr]"), "scim.filter.sub_attribute_before_value_path");
}

#[test]
fn errors_of_a_filter_answer_400_invalid_filter() {
    let Err(error) = parse("x") else { panic!() };
    assert_eq!((error.status(), error.scim_type()), (400, Some(ScimType::InvalidFilter)));
    assert_eq!(error.to_string(), "expected a space and an operator at position 1, found the end");
}

#[test]
fn an_error_repeats_only_a_bounded_part_of_the_input() {
    let Err(error) = parse(&"é".repeat(4000)) else { panic!() };
    assert!(error.to_string().len() < 400);
}

fn path(text: &str) -> Result<String, (ScimType, &'static str)> {
    PatchPath::parse(text, &Limits::default())
        .map(|path| path.to_string())
        .map_err(|error| (error.scim_type().unwrap(), error.code()))
}

// P23 P24
#[test]
fn patch_paths_of_every_form_are_read() {
    for text in [
        "members",
        "name.familyName",
        r#"addresses[type eq "work"]"#,
        r#"members[value eq "x"].displayName"#,
        "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName",
        "members.$ref",
        r#"members[value eq "x"].$ref"#,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:example:custom:2.0",
        r#"urn:example:custom:2.0:User:badges[color eq "red" or not (level gt 3)].label"#,
    ] {
        assert_eq!(path(text).as_deref(), Ok(text));
    }
    assert!(matches!(
        PatchPath::parse("urn:example:custom:2.0", &Limits::default()),
        Ok(PatchPath::Schema(uri)) if uri == "urn:example:custom:2.0"
    ));
}

// P23
#[test]
fn bad_patch_paths_are_invalid_path_and_bad_filters_in_them_invalid_filter() {
    for text in [
        "",
        " ",
        "a b",
        "a.b.c",
        "a.b[c pr]",
        "a[b pr]c",
        "a[b pr].",
        "a[b pr].c.d",
        "a[b pr].c d",
        "[b pr]",
        "a]",
        "(a)",
        "a[b pr]]",
        " a",
    ] {
        assert_eq!(path(text).map_err(|error| error.0), Err(ScimType::InvalidPath), "{text}");
    }
    for text in [
        "a[]",
        "a[b]",
        "a[b xx 1]",
        "a[b eq 'x']",
        "a[b pr",
        "a[(b pr]",
        "a[b pr)",
        "a[b[c pr]]",
        "a[x.y pr]",
        "a[",
    ] {
        assert_eq!(path(text).map_err(|error| error.0), Err(ScimType::InvalidFilter), "{text}");
    }
    let deep = format!("a[{}", "(".repeat(8000));
    assert_eq!(path(&deep), Err((ScimType::InvalidFilter, "scim.filter.too_deep")));
}
