use serde_json::json;

use super::*;

fn read(text: &str) -> Result<Value, ParseError> {
    parse_object(text.as_bytes(), &Limits::default()).map(Value::Object)
}

#[test]
fn a_document_is_read_as_it_is_and_in_its_order() {
    let text = r#"{"b":[1,-2,3.5,null,true,"\u00e9"],"a":{"x":{}}}"#;
    let value = read(text).unwrap();
    assert_eq!(value, json!({ "b": [1, -2, 3.5, null, true, "é"], "a": { "x": {} } }));
    assert_eq!(value.to_string(), text.replace("\\u00e9", "é"));
}

#[test]
fn a_name_in_two_spellings_is_refused_however_many_names_there_are() {
    // S01: one reader keeps the first, another the last; so neither is read.
    for count in [1, 15, 16, 17, 40] {
        let names: Vec<String> = (0..count).map(|i| format!("\"n{i}\":1")).collect();
        assert!(read(&format!("{{{}}}", names.join(","))).is_ok());
        for repeated in [0, count - 1] {
            assert_eq!(
                read(&format!("{{{},\"N{repeated}\":2}}", names.join(","))),
                Err(ParseError::DuplicateName { name: format!("N{repeated}") })
            );
        }
    }
    assert!(matches!(read(r#"{"a":{"x":1,"x":1}}"#), Err(ParseError::DuplicateName { .. })));
}

#[test]
fn each_limit_passes_at_its_number_and_fails_above() {
    let limits = Limits { max_bytes: 40, max_depth: 3, max_attributes: 2, max_values: 3 };
    let read = |text: &str| parse_object(text.as_bytes(), &limits).map(|_| ());
    assert_eq!(read(r#"{"a":[{}]}"#), Ok(()));
    assert_eq!(read(r#"{"a":[[[]]]}"#), Err(ParseError::TooDeep { limit: 3 }));
    assert_eq!(read(r#"{"a":1,"b":2}"#), Ok(()));
    assert_eq!(read(r#"{"a":1,"b":2,"c":3}"#), Err(ParseError::TooManyAttributes { limit: 2 }));
    assert_eq!(read(r#"{"a":[1,2,3]}"#), Ok(()));
    assert_eq!(read(r#"{"a":[1,2,3,4]}"#), Err(ParseError::TooManyValues { limit: 3 }));
    let padded = |n: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(n - 8));
    assert_eq!(read(&padded(40)), Ok(()));
    assert_eq!(read(&padded(41)), Err(ParseError::TooLarge { limit: 40 }));
}

#[test]
fn what_is_not_json_says_where() {
    // M48
    assert_eq!(parse_object(b"{\"a\":\"\xff\"}", &Limits::default()), Err(ParseError::InvalidUtf8 { at: 6 }));
    assert_eq!(read("{\"a\": tru}"), Err(ParseError::Syntax { line: 1, column: 10 }));
    assert!(matches!(read(""), Err(ParseError::Syntax { .. })));
    assert!(matches!(read("{} {}"), Err(ParseError::Syntax { .. })));
    assert!(matches!(read(r#"{"a":"\ud800"}"#), Err(ParseError::Syntax { .. })));
    assert!(matches!(read(r#"{"a":1e999}"#), Err(ParseError::Syntax { .. })));
    assert_eq!(read("[]"), Err(ParseError::NotAnObject));
    assert_eq!(read(r#"{"a":"\u0000"}"#), Err(ParseError::NulCharacter));
    assert_eq!(read(r#"{"a\u0000":1}"#), Err(ParseError::NulCharacter));
    assert!(matches!(read(&"[".repeat(100_000)), Err(ParseError::TooDeep { .. })));
    assert_eq!(read("[]").unwrap_err().scim_type(), Some(ScimType::InvalidSyntax));
    assert_eq!(ParseError::TooLarge { limit: 1 }.status(), 413);
}
