//! A slow, obvious reading of RFC 7644 3.4.2.2: it walks the written filter over plain JSON and looks every name up
//! every time. It shares with the libraries what `scim-schema` defines, the key of strings and what is unassigned, and nothing
//! else.

use std::cmp::Ordering;

use scim_filter::{Compare, CompareOp, Filter, Literal, UnresolvedPath};
use scim_schema::{Attribute, AttributeType, ResourceType, Returned, compare_key, is_unassigned};
use serde_json::Value;

/// The filter asks something that cannot be answered: HTTP 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Says whether the resource, spelled as in the schema, satisfies the filter.
///
/// # Errors
/// [`Refused`] when any part of the filter does not fit the schema, reached or not.
pub fn matches(filter: &Filter, resource: &Value, resource_type: &ResourceType) -> Result<bool, Refused> {
    eval(filter, &Subject::Resource(resource, resource_type))
}

/// Says whether one element of the attribute satisfies the filter between the brackets of a path.
///
/// # Errors
/// As [`matches`].
pub fn element_matches(filter: &Filter, element: &Value, attribute: &Attribute) -> Result<bool, Refused> {
    eval(filter, &Subject::Element(element, attribute))
}

/// Nanoseconds since some day; `None` if the text is no dateTime at all.
pub fn instant_of(text: &str) -> Option<i128> {
    instant(text)
}

enum Subject<'a> {
    Resource(&'a Value, &'a ResourceType),
    Element(&'a Value, &'a Attribute),
}

fn eval(filter: &Filter, subject: &Subject<'_>) -> Result<bool, Refused> {
    match filter {
        Filter::And(terms) => {
            let results = terms.iter().map(|term| eval(term, subject)).collect::<Result<Vec<_>, _>>()?;
            Ok(results.iter().all(|result| *result))
        }
        Filter::Or(terms) => {
            let results = terms.iter().map(|term| eval(term, subject)).collect::<Result<Vec<_>, _>>()?;
            Ok(results.iter().any(|result| *result))
        }
        Filter::Not(term) => Ok(!eval(term, subject)?),
        Filter::Present(path) => {
            if let Subject::Resource(resource, resource_type) = subject
                && let Some(extension) = resource_type.extension(&path.to_string())
            {
                let data = resource.get(extension.schema().id()).unwrap_or(&Value::Null);
                let mut whole = Attribute::clone(&extension.schema().attributes()[0]);
                whole.kind = AttributeType::Complex;
                whole.sub_attributes = extension.schema().attributes().to_vec();
                return Ok(is_present(&whole, data));
            }
            let (attribute, values) = find(path, subject)?;
            Ok(values.iter().any(|value| is_present(&attribute, value)))
        }
        Filter::Compare(compare) => eval_compare(compare, subject),
        Filter::ValuePath(value_path) => {
            let (attribute, values) = find(value_path.path(), subject)?;
            if attribute.kind != AttributeType::Complex && !attribute.multi_valued {
                return Err(Refused);
            }
            // Refuses what does not fit, also when there is no element to try it on.
            eval(value_path.filter(), &Subject::Element(&Value::Null, &attribute))?;
            for value in values.iter().filter(|value| is_visible(value, &attribute)) {
                if eval(value_path.filter(), &Subject::Element(value, &attribute))? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

fn eval_compare(compare: &Compare, subject: &Subject<'_>) -> Result<bool, Refused> {
    let (mut attribute, mut values) = find(&compare.path, subject)?;
    if compare.literal == Literal::Null {
        let present = values.iter().any(|value| is_present(&attribute, value));
        return match compare.op {
            CompareOp::Eq => Ok(!present),
            CompareOp::Ne => Ok(present),
            _ => Err(Refused),
        };
    }
    if attribute.kind == AttributeType::Complex {
        let is_whole = compare.path.sub_name().is_none() && matches!(subject, Subject::Resource(..));
        if !(attribute.multi_valued && is_whole) {
            return Err(Refused);
        }
        let sub = sub_attribute(&attribute, "value")?;
        if sub.returned == Returned::Never {
            return Err(Refused);
        }
        values = values.iter().flat_map(|value| members(value, &sub.name)).collect();
        attribute = sub;
    }
    let operators: &[CompareOp] = match attribute.kind {
        AttributeType::Boolean | AttributeType::Binary => &[CompareOp::Eq, CompareOp::Ne],
        AttributeType::DateTime | AttributeType::Decimal | AttributeType::Integer => {
            &[CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge, CompareOp::Lt, CompareOp::Le]
        }
        AttributeType::Complex => &[],
        AttributeType::Reference | AttributeType::String => &[
            CompareOp::Eq,
            CompareOp::Ne,
            CompareOp::Co,
            CompareOp::Sw,
            CompareOp::Ew,
            CompareOp::Gt,
            CompareOp::Ge,
            CompareOp::Lt,
            CompareOp::Le,
        ],
    };
    let literal = typed(&attribute, &compare.literal.to_json()).ok_or(Refused)?;
    if !operators.contains(&compare.op) {
        return Err(Refused);
    }
    let values: Vec<Typed> = values.iter().filter_map(|value| typed(&attribute, value)).collect();
    if compare.op == CompareOp::Ne && values.is_empty() {
        return Ok(true);
    }
    Ok(values.iter().any(|value| holds(compare.op, value, &literal)))
}

/// The attribute that a path means, and the values it has; nulls and empty values are none.
fn find(path: &UnresolvedPath, subject: &Subject<'_>) -> Result<(Attribute, Vec<Value>), Refused> {
    let name = path.name();
    let (attribute, values) = match subject {
        Subject::Element(value, attribute) => {
            if path.urn().is_some() || path.sub_name().is_some() {
                return Err(Refused);
            }
            if attribute.kind != AttributeType::Complex {
                let is_element = name.eq_ignore_ascii_case("value");
                let mut single = Attribute::clone(attribute);
                single.multi_valued = false;
                let values = vec![(*value).clone()];
                return if is_element { Ok((single, values)) } else { Err(Refused) };
            }
            let sub = sub_attribute(attribute, name)?;
            let values = members(value, &sub.name);
            (sub, values)
        }
        Subject::Resource(resource, resource_type) => {
            let extension = match path.urn() {
                None => None,
                Some(urn) if urn.eq_ignore_ascii_case(resource_type.schema().id()) => None,
                Some(urn) => Some(resource_type.extension(urn).ok_or(Refused)?),
            };
            let attribute = match extension {
                None => resource_type.attribute(name),
                Some(extension) => extension.attribute(name),
            };
            let attribute = Attribute::clone(attribute.ok_or(Refused)?);
            let container = match extension {
                None => Some(*resource),
                Some(extension) => resource.get(extension.schema().id()),
            };
            let values = container.map(|container| members(container, &attribute.name)).unwrap_or_default();
            match path.sub_name() {
                None => (attribute, values),
                Some(sub) => {
                    if attribute.returned == Returned::Never {
                        return Err(Refused);
                    }
                    let sub = sub_attribute(&attribute, sub)?;
                    let values = values.iter().flat_map(|value| members(value, &sub.name)).collect();
                    (sub, values)
                }
            }
        }
    };
    if attribute.returned == Returned::Never { Err(Refused) } else { Ok((attribute, values)) }
}

fn sub_attribute(attribute: &Attribute, name: &str) -> Result<Attribute, Refused> {
    let found = attribute.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(name));
    found.map(|sub| Attribute::clone(sub)).ok_or(Refused)
}

/// The values under a name: an array's elements, else the one value; without what is unassigned.
fn members(object: &Value, name: &str) -> Vec<Value> {
    let values = match object.get(name) {
        None => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
    };
    values.into_iter().filter(|value| !is_unassigned(value)).collect()
}

/// Whether there is more in an element than what is never returned.
fn is_visible(element: &Value, attribute: &Attribute) -> bool {
    let hidden: Vec<&Attribute> = attribute
        .sub_attributes
        .iter()
        .map(|sub| &**sub)
        .filter(|sub| sub.returned == Returned::Never)
        .collect();
    match element {
        Value::Object(fields) if !hidden.is_empty() => fields
            .iter()
            .any(|(name, value)| !hidden.iter().any(|sub| sub.name == *name) && !is_unassigned(value)),
        element => !is_unassigned(element),
    }
}

fn is_present(attribute: &Attribute, value: &Value) -> bool {
    if attribute.kind == AttributeType::Complex {
        return attribute
            .sub_attributes
            .iter()
            .filter(|sub| sub.returned != Returned::Never)
            .any(|sub| members(value, &sub.name).iter().any(|value| is_present(sub, value)));
    }
    match typed(attribute, value) {
        None => false,
        Some(Typed::Text(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

#[derive(Debug)]
enum Typed {
    Bool(bool),
    /// Nanoseconds since the first of March of the year 0.
    Instant(i128),
    Integer(i128),
    Real(f64),
    Text(String),
}

fn typed(attribute: &Attribute, value: &Value) -> Option<Typed> {
    match attribute.kind {
        AttributeType::Boolean => value.as_bool().map(Typed::Bool),
        AttributeType::Decimal | AttributeType::Integer => {
            let integer = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
            integer.map(Typed::Integer).or_else(|| value.as_f64().map(Typed::Real))
        }
        AttributeType::DateTime => instant(value.as_str()?).map(Typed::Instant),
        AttributeType::Binary => Some(Typed::Text(value.as_str()?.replace('=', ""))),
        AttributeType::Reference => Some(Typed::Text(value.as_str()?.to_owned())),
        AttributeType::String => {
            Some(Typed::Text(compare_key(value.as_str()?, attribute.case_exact).into_owned()))
        }
        AttributeType::Complex => None,
    }
}

/// An `xsd:dateTime` that is known to be one, or none at all.
fn instant(text: &str) -> Option<i128> {
    let (date, time) = text.split_once('T')?;
    let (before, date) = date.strip_prefix('-').map_or((1, date), |date| (-1, date));
    let mut date = date.split('-').map(|part| part.parse::<i128>().ok());
    let (year, month, day) = (date.next()?? * before, date.next()??, date.next()??);
    let sign = time.find(['Z', '+', '-']);
    let (time, offset) = time.split_at(sign.unwrap_or(time.len()));
    let mut time = time.split(':');
    let (hour, minute) = (time.next()?.parse::<i128>().ok()?, time.next()?.parse::<i128>().ok()?);
    let second = time.next()?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let nanos: i128 = format!("{fraction:0<9}")[..9].parse().ok()?;
    let second: i128 = second.parse().ok()?;
    let offset = match offset.split_once(':') {
        None => 0,
        Some((hours, minutes)) => {
            let (hours, minutes): (i128, i128) = (hours[1..].parse().ok()?, minutes.parse().ok()?);
            (hours * 60 + minutes) * if offset.starts_with('-') { -60 } else { 60 }
        }
    };
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second - offset) * 1_000_000_000 + nanos)
}

fn holds(op: CompareOp, value: &Typed, literal: &Typed) -> bool {
    if let (Typed::Text(value), Typed::Text(literal)) = (value, literal) {
        match op {
            CompareOp::Co => return value.contains(literal.as_str()),
            CompareOp::Sw => return value.starts_with(literal.as_str()),
            CompareOp::Ew => return value.ends_with(literal.as_str()),
            _ => {}
        }
    }
    let ordering = match (value, literal) {
        (Typed::Bool(value), Typed::Bool(literal)) => value.cmp(literal),
        (Typed::Instant(value), Typed::Instant(literal)) => value.cmp(literal),
        (Typed::Integer(value), Typed::Integer(literal)) => value.cmp(literal),
        (Typed::Real(value), Typed::Real(literal)) => value.partial_cmp(literal).expect("JSON has no NaN"),
        (Typed::Integer(value), Typed::Real(literal)) => mixed(*value, *literal),
        (Typed::Real(value), Typed::Integer(literal)) => mixed(*literal, *value).reverse(),
        (Typed::Text(value), Typed::Text(literal)) => value.chars().cmp(literal.chars()),
        _ => panic!("{value:?} and {literal:?} are of one attribute"),
    };
    match op {
        CompareOp::Eq => ordering == Ordering::Equal,
        CompareOp::Ne => ordering != Ordering::Equal,
        CompareOp::Gt => ordering == Ordering::Greater,
        CompareOp::Ge => ordering != Ordering::Less,
        CompareOp::Lt => ordering == Ordering::Less,
        CompareOp::Le => ordering != Ordering::Greater,
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => panic!("{op} compares texts"),
    }
}

/// Compares an integer with a fraction without rounding the integer.
fn mixed(integer: i128, real: f64) -> Ordering {
    let floor = real.floor();
    if floor >= 1e30 {
        return Ordering::Less;
    }
    if floor <= -1e30 {
        return Ordering::Greater;
    }
    integer.cmp(&(floor as i128)).then(if real > floor { Ordering::Less } else { Ordering::Equal })
}
