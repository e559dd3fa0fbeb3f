//! Random schemas, resources and filters that fit each other, made from any bytes.
//!
//! Bytes instead of a random generator: a property test shrinks them, and a fuzzer steers by them.

use scim_filter::{Compare, CompareOp, Filter, Literal, UnresolvedPath, ValuePath};
use scim_schema::{Attribute, AttributeType, ResourceType, SchemaSet};
use serde_json::{Map, Number, Value, json};

/// Makes choices from bytes; when they are used up, the first choice.
#[derive(Debug)]
pub struct Choices<'b> {
    bytes: &'b [u8],
}

impl<'b> Choices<'b> {
    /// Starts at the first byte.
    pub fn new(bytes: &'b [u8]) -> Choices<'b> {
        Choices { bytes }
    }

    /// Says whether all bytes are used.
    pub fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % count.max(1)
    }

    /// One of several.
    pub fn one<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        &choices[self.below(choices.len())]
    }

    /// True once in `count` times.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 1
    }
}

/// A resource type `Thing` at `/Things` with random attributes and an extension.
pub fn schemas(choices: &mut Choices<'_>) -> SchemaSet {
    let core = json!({ "id": CORE, "name": "Thing", "attributes": attributes(choices, "core") });
    let extension = json!({ "id": EXTENSION, "name": "Extra", "attributes": attributes(choices, "extra") });
    let thing = json!({
        "name": "Thing", "endpoint": "/Things", "schema": CORE,
        "schemaExtensions": [{ "schema": EXTENSION, "required": false }],
    });
    SchemaSet::builder()
        .schema(&core)
        .and_then(|builder| builder.schema(&extension))
        .and_then(|builder| builder.resource_type(&thing))
        .and_then(|builder| builder.build())
        .expect("the generated schema is valid")
}

/// A resource of the type, every attribute present or not; now and then of the wrong type.
pub fn resource(choices: &mut Choices<'_>, resource_type: &ResourceType) -> Map<String, Value> {
    let mut fields = object(choices, resource_type.schema().attributes());
    fields.insert("schemas".into(), json!([CORE]));
    fields.insert("id".into(), string(choices));
    if choices.once_in(2) {
        fields.insert("externalId".into(), string(choices));
    }
    if choices.once_in(2) {
        let when = |choices: &mut Choices<'_>| json!(choices.one(&DATE_TIMES));
        fields.insert(
            "meta".into(),
            json!({
                "resourceType": "Thing", "created": when(choices), "lastModified": when(choices),
                "version": format!("W/\"{}\"", choices.below(3)),
            }),
        );
    }
    for extension in resource_type.extensions() {
        if !choices.once_in(4) {
            let inner = object(choices, extension.schema().attributes());
            fields.insert(extension.schema().id().to_owned(), Value::Object(inner));
        }
    }
    fields
}

/// A filter of at most `depth` levels; most of them fit the resource type.
pub fn filter(choices: &mut Choices<'_>, resource_type: &ResourceType, depth: usize) -> Filter {
    match if depth == 0 { 0 } else { choices.below(8) } {
        1 => filter(choices, resource_type, depth - 1).and(filter(choices, resource_type, depth - 1)),
        2 => filter(choices, resource_type, depth - 1).or(filter(choices, resource_type, depth - 1)),
        3 => Filter::Not(Box::new(filter(choices, resource_type, depth - 1))),
        4 | 5 => {
            let (urn, attribute) = attribute(choices, resource_type);
            let inner = element_filter(choices, attribute, depth - 1);
            ValuePath::new(path(choices, urn, attribute, None), inner)
                .map(Filter::ValuePath)
                .expect("names in brackets are bare")
        }
        6 if choices.once_in(4) => {
            Filter::Present(UnresolvedPath::parse(EXTENSION).expect("its last part has the form of a name"))
        }
        7 if choices.once_in(3) => {
            let path = *choices.one(&COMMON);
            let target = resource_type.resolve_attribute(path).expect("every type has it");
            let path = if choices.once_in(3) { format!("{CORE}:{path}") } else { path.to_owned() };
            term(choices, UnresolvedPath::parse(&path).expect("a path"), target.target())
        }
        _ => {
            let (urn, attribute) = attribute(choices, resource_type);
            let sub = match attribute.sub_attributes.as_slice() {
                [] => None,
                _ if choices.once_in(4) => None,
                subs => Some(choices.one(subs)),
            };
            let target = sub.map_or(attribute, |sub| sub);
            let path = path(choices, urn, attribute, sub.map(|sub| &**sub));
            term(choices, path, target)
        }
    }
}

/// A filter on one element of the attribute, as stands between brackets.
pub fn element_filter(choices: &mut Choices<'_>, attribute: &Attribute, depth: usize) -> Filter {
    match if depth == 0 { 0 } else { choices.below(6) } {
        1 => element_filter(choices, attribute, depth - 1).and(element_filter(choices, attribute, depth - 1)),
        2 => element_filter(choices, attribute, depth - 1).or(element_filter(choices, attribute, depth - 1)),
        3 => Filter::Not(Box::new(element_filter(choices, attribute, depth - 1))),
        _ => match attribute.sub_attributes.as_slice() {
            [] => {
                let mut value = attribute.clone();
                value.name = "value".into();
                let path = path(choices, None, &value, None);
                term(choices, path, &value)
            }
            subs => {
                let sub = choices.one(subs);
                let path = path(choices, None, sub, None);
                term(choices, path, sub)
            }
        },
    }
}

fn term(choices: &mut Choices<'_>, path: UnresolvedPath, attribute: &Attribute) -> Filter {
    if choices.once_in(6) {
        return Filter::Present(path);
    }
    let op = *choices.one(&OPERATORS);
    let literal = match attribute.kind {
        _ if choices.once_in(12) => Value::Null,
        AttributeType::DateTime if choices.once_in(4) => json!(choices.one(&FINER_DATE_TIMES)),
        AttributeType::Decimal | AttributeType::Integer if choices.once_in(12) => {
            choices.one(&[json!(1e300), json!(u64::MAX), json!(9_223_372_036_854_775_808_u64)]).clone()
        }
        _ => value(choices, attribute),
    };
    let literal = match literal {
        Value::Bool(value) => Literal::Bool(value),
        Value::Number(value) => Literal::Number(value),
        Value::String(value) => Literal::String(value),
        _ => Literal::Null,
    };
    Filter::Compare(Compare { path, op, literal })
}

fn attribute<'r>(
    choices: &mut Choices<'_>,
    resource_type: &'r ResourceType,
) -> (Option<&'r str>, &'r Attribute) {
    let core = resource_type.schema();
    match choices.below(4) {
        0 | 1 => (None, &**choices.one(core.attributes())),
        2 => (Some(core.id()), &**choices.one(core.attributes())),
        _ => match resource_type.extensions() {
            [] => (None, &**choices.one(core.attributes())),
            [first, ..] => (Some(first.schema().id()), &**choices.one(first.schema().attributes())),
        },
    }
}

/// The path, now and then in another case.
fn path(
    choices: &mut Choices<'_>,
    urn: Option<&str>,
    attribute: &Attribute,
    sub: Option<&Attribute>,
) -> UnresolvedPath {
    let urn = urn.map(|urn| format!("{urn}:")).unwrap_or_default();
    let sub = sub.map(|sub| format!(".{}", sub.name)).unwrap_or_default();
    let text = format!("{urn}{}{sub}", attribute.name);
    let text = if choices.once_in(5) { text.to_ascii_uppercase() } else { text };
    UnresolvedPath::parse(&text).expect("schemas hold names that paths can hold")
}

fn attributes(choices: &mut Choices<'_>, prefix: &str) -> Vec<Value> {
    let count = 3 + choices.below(4);
    (0..count)
        .map(|index| {
            let kind = *choices.one(&KINDS);
            let mut attribute = simple(choices, &format!("{prefix}{index}"), kind);
            if kind == "complex" {
                let subs: Vec<Value> = ["value", "type", "$ref", "count"][..2 + choices.below(3)]
                    .iter()
                    .map(|name| {
                        let kind = *choices.one(&KINDS[1..]);
                        simple(choices, name, kind)
                    })
                    .collect();
                attribute["subAttributes"] = Value::Array(subs);
            }
            attribute
        })
        .collect()
}

fn simple(choices: &mut Choices<'_>, name: &str, kind: &str) -> Value {
    let returned = if choices.once_in(16) { "never" } else { "default" };
    json!({
        "name": name, "type": kind, "multiValued": choices.once_in(3), "caseExact": choices.once_in(2),
        "returned": returned,
    })
}

fn object(choices: &mut Choices<'_>, attributes: &[impl AsRef<Attribute>]) -> Map<String, Value> {
    let mut fields = Map::new();
    for attribute in attributes.iter().map(AsRef::as_ref) {
        if choices.once_in(3) {
            continue;
        }
        let value = if attribute.multi_valued {
            Value::Array((0..choices.below(4)).map(|_| value(choices, attribute)).collect())
        } else {
            value(choices, attribute)
        };
        fields.insert(attribute.name.clone(), value);
    }
    fields
}

/// One value of the attribute; now and then none, or one of the wrong type.
pub fn value(choices: &mut Choices<'_>, attribute: &Attribute) -> Value {
    if choices.once_in(24) {
        let wrong = [
            json!(true),
            json!(1),
            json!("1"),
            json!({}),
            json!([]),
            json!([null]),
            json!({ "value": null }),
        ];
        return if choices.once_in(3) { choices.one(&wrong).clone() } else { Value::Null };
    }
    match attribute.kind {
        AttributeType::Binary => json!(choices.one(&["", "YQ", "YQ==", "YWI=", "YWI", "YWJj", "ywjj"])),
        AttributeType::Boolean => json!(choices.below(2) == 1),
        AttributeType::Complex => Value::Object(object(choices, &attribute.sub_attributes)),
        AttributeType::DateTime => json!(choices.one(&DATE_TIMES)),
        AttributeType::Decimal if choices.once_in(3) => json!(choices.one(&INTEGERS)),
        AttributeType::Decimal => {
            Number::from_f64(*choices.one(&DECIMALS)).map(Value::Number).expect("finite")
        }
        AttributeType::Integer => json!(choices.one(&INTEGERS)),
        AttributeType::Reference if choices.once_in(3) => string(choices),
        AttributeType::Reference => {
            json!(choices.one(&["", "/Users/1", "/users/1", "https://e.org/?a=%41_", "/U"]))
        }
        AttributeType::String => string(choices),
    }
}

/// A word that means something to one part of the comparison, or several of them, so that texts begin, end and lie
/// in each other.
fn string(choices: &mut Choices<'_>) -> Value {
    let mut text = (*choices.one(&STRINGS)).to_owned();
    while text.len() < 24 && choices.once_in(3) {
        text += *choices.one(&STRINGS);
    }
    Value::String(text)
}

/// Core schema of the generated resource type.
pub const CORE: &str = "urn:example:scim:schemas:core:2.0:Thing";
/// Its extension.
pub const EXTENSION: &str = "urn:example:scim:schemas:extension:extra:2.0:Thing";

const KINDS: [&str; 8] =
    ["complex", "string", "boolean", "integer", "dateTime", "decimal", "reference", "binary"];

const OPERATORS: [CompareOp; 9] = [
    CompareOp::Eq,
    CompareOp::Ne,
    CompareOp::Co,
    CompareOp::Sw,
    CompareOp::Ew,
    CompareOp::Gt,
    CompareOp::Ge,
    CompareOp::Lt,
    CompareOp::Le,
];

/// Neighbours where a double cannot tell them apart.
const INTEGERS: [i64; 12] = [
    0,
    1,
    -1,
    2,
    10,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    9_007_199_254_740_992,
    9_007_199_254_740_993,
    -9_007_199_254_740_993,
    1_000_000_000_000_000_000,
];

/// Decimals that no double holds, and doubles at the ends of what databases take.
const DECIMALS: [f64; 16] = [
    0.5,
    -0.5,
    0.0,
    -0.0,
    1.0,
    1.5,
    2.0,
    1e15,
    0.1,
    0.3,
    1e-7,
    123_456.789,
    9_007_199_254_740_994.0,
    900_719_925_474_099.1,
    5e-324,
    1e18,
];

/// The same instant in several spellings, in whole milliseconds and finer, at the ends of what hosts store.
const DATE_TIMES: [&str; 14] = [
    "2011-05-13T04:42:34Z",
    "2011-05-13T06:42:34+02:00",
    "2011-05-13T04:42:34",
    "2011-05-13T04:42:34.5Z",
    "2011-05-13T04:42:34.500Z",
    "1969-12-31T23:59:59.999Z",
    "2011-05-13T04:42:34.5004Z",
    "0001-01-01T00:00:00Z",
    "2011-05-12T24:00:00-14:00",
    "2011-05-13T14:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "-0044-03-15T12:00:00Z",
    "12011-05-13T04:42:34+14:00",
    "1970-01-01T00:00:00.000001Z",
];

/// Between what hosts store.
const FINER_DATE_TIMES: [&str; 4] = [
    "2011-05-13T04:42:34.500400001Z",
    "2011-05-13T04:42:34.000000001",
    "1969-12-31T23:59:59.9989999Z",
    "0000-12-31T23:59:59.999999999999Z",
];

/// What every type has, beside what its schemas say.
const COMMON: [&str; 7] =
    ["id", "externalId", "schemas", "meta.created", "meta.lastModified", "meta.resourceType", "meta.version"];

/// Wildcards, quotes, case that folds to more letters, composed and decomposed, of another width, outside the first
/// plane, at its ends.
const STRINGS: [&str; 40] = [
    "a",
    "A",
    "ab",
    "aB",
    "",
    "b",
    "%",
    "a%",
    "_",
    "a_b",
    "\\",
    "'\"",
    "ß",
    "SS",
    "ss",
    "é",
    "E\u{301}",
    "\u{1d4b3}",
    "\u{ffff}",
    "a!*?[",
    "!%",
    "!",
    " ",
    "\t\n",
    "ﬁ",
    "FI",
    "İ",
    "i\u{307}",
    "ΑΣ",
    "ας",
    "ασ",
    "Ａ％",
    "ｶﾞ",
    "ガ",
    "\u{d7ff}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{301}",
    "null",
    "1",
];
