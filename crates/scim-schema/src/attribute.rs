use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::error::SchemaError;
use crate::resource::is_unassigned;

/// One attribute of a schema with its characteristics (RFC 7643 2.2 and 7).
///
/// Read from JSON by [`Schema::from_json`](crate::Schema::from_json); what the JSON leaves out has the default of
/// RFC 7643 2.2.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name in the schema's spelling; compared without regard to ASCII case.
    pub name: String,
    /// `type`: what a value looks like.
    pub kind: AttributeType,
    /// Whether the attribute holds an array of values.
    pub multi_valued: bool,
    /// Text for people.
    pub description: String,
    /// Whether a resource without the attribute is refused.
    pub required: bool,
    /// Suggested values; enforced only by option.
    pub canonical_values: Vec<String>,
    /// Whether case matters when strings are compared.
    pub case_exact: bool,
    /// Who may change the value, and when.
    pub mutability: Mutability,
    /// When the value is part of a response.
    pub returned: Returned,
    /// Where a value may occur only once.
    pub uniqueness: Uniqueness,
    /// For references: resource type names, `external` or `uri`.
    pub reference_types: Vec<String>,
    /// For complex attributes: what a value is made of.
    pub sub_attributes: Vec<Arc<Attribute>>,
}

impl Attribute {
    /// An attribute with the defaults of RFC 7643 2.2: a single, optional, readWrite string without case.
    pub fn new(name: impl Into<String>, kind: AttributeType) -> Self {
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            description: String::new(),
            required: false,
            canonical_values: Vec::new(),
            // RFC 7643 2.3.6 and 2.3.7: these two are case exact by definition.
            case_exact: matches!(kind, AttributeType::Binary | AttributeType::Reference),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// The sub-attribute of this name, in any ASCII case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.sub_attributes
            .iter()
            .find(|sub| sub.name == name)
            .or_else(|| self.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(name)))
    }

    /// Whether values are JSON objects.
    pub fn is_complex(&self) -> bool {
        self.kind == AttributeType::Complex
    }

    /// Whether an answer could ever show anything of a value, or of one element of a list: it is assigned, and not only
    /// in parts with `returned: never`. What no answer shows must not be found by a filter either.
    pub fn shows(&self, value: &Value) -> bool {
        if self.returned == Returned::Never {
            return false;
        }
        let hides = self.sub_attributes.iter().any(|sub| sub.returned == Returned::Never);
        match value {
            Value::Object(fields) if hides => fields.iter().any(|(name, value)| {
                !is_unassigned(value)
                    && self.sub_attribute(name).is_none_or(|sub| sub.returned != Returned::Never)
            }),
            value => !is_unassigned(value),
        }
    }

    /// Reads one attribute definition.
    ///
    /// # Errors
    /// [`SchemaError`] naming the attribute and the characteristic that is wrong.
    pub fn from_json(json: &Value) -> Result<Self, SchemaError> {
        read(json, "", 0)
    }

    /// The definition as served on `/Schemas`: every characteristic that applies is written out.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), json!(self.name));
        out.insert("type".into(), json!(self.kind.as_str()));
        if !self.sub_attributes.is_empty() {
            out.insert(
                "subAttributes".into(),
                Value::Array(self.sub_attributes.iter().map(|sub| sub.to_json()).collect()),
            );
        }
        out.insert("multiValued".into(), json!(self.multi_valued));
        out.insert("description".into(), json!(self.description));
        out.insert("required".into(), json!(self.required));
        if !self.canonical_values.is_empty() {
            out.insert("canonicalValues".into(), json!(self.canonical_values));
        }
        // RFC 7643 2.3.2, 2.3.6, 2.3.8: case and uniqueness say nothing about these types.
        if !matches!(self.kind, AttributeType::Boolean | AttributeType::Complex) {
            out.insert("caseExact".into(), json!(self.case_exact));
        }
        out.insert("mutability".into(), json!(self.mutability.as_str()));
        out.insert("returned".into(), json!(self.returned.as_str()));
        if !matches!(self.kind, AttributeType::Boolean | AttributeType::Binary | AttributeType::Complex) {
            out.insert("uniqueness".into(), json!(self.uniqueness.as_str()));
        }
        if !self.reference_types.is_empty() {
            out.insert("referenceTypes".into(), json!(self.reference_types));
        }
        Value::Object(out)
    }
}

macro_rules! keyword {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The keyword as the standard spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value that a keyword of the standard stands for.
            pub fn from_keyword(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

keyword! {
    /// What a value looks like (RFC 7643 2.3; `binary` by errata 5606 and 8435).
    AttributeType {
        /// Base64 text.
        Binary = "binary",
        /// JSON `true` or `false`.
        Boolean = "boolean",
        /// A JSON object of sub-attributes.
        Complex = "complex",
        /// An XML Schema dateTime as text.
        DateTime = "dateTime",
        /// A JSON number.
        Decimal = "decimal",
        /// A JSON number without fraction and exponent.
        Integer = "integer",
        /// A URI as text.
        Reference = "reference",
        /// Text.
        String = "string",
    }
}

keyword! {
    /// Who may change a value, and when (RFC 7643 7).
    Mutability {
        /// The service provider alone sets it; what a client sends is ignored.
        ReadOnly = "readOnly",
        /// Clients may set it at any time.
        ReadWrite = "readWrite",
        /// Set once, then never changed.
        Immutable = "immutable",
        /// Clients may set it, nobody can read it.
        WriteOnly = "writeOnly",
    }
}

keyword! {
    /// When a value is part of a response (RFC 7643 7).
    Returned {
        /// In every response, whatever the client asks for.
        Always = "always",
        /// In no response.
        Never = "never",
        /// Unless the client asks for something else.
        Default = "default",
        /// Only when asked for, or when the write specified it.
        Request = "request",
    }
}

keyword! {
    /// Where a value may occur only once (RFC 7643 7).
    Uniqueness {
        /// Anywhere, any number of times.
        None = "none",
        /// Once among the resources of this type in one tenant.
        Server = "server",
        /// Once in the world.
        Global = "global",
    }
}

fn read(json: &Value, parent: &str, depth: u8) -> Result<Attribute, SchemaError> {
    let Value::Object(fields) = json else {
        return Err(SchemaError::NotAnObject { at: at(parent, "?") });
    };
    let name = match fields.get("name") {
        Some(Value::String(name)) => name,
        Some(_) => return Err(bad(parent, "name", "a string")),
        None => return Err(SchemaError::MissingField { at: at(parent, "?"), field: "name" }),
    };
    if !is_attribute_name(name) {
        return Err(SchemaError::BadName { name: name.clone() });
    }
    let here = at(parent, name);
    // RFC 7643 2.2: string is the type of an attribute that states none.
    let kind = keyword(fields, &here, "type", AttributeType::from_keyword)?.unwrap_or(AttributeType::String);
    let mut attribute = Attribute::new(name.clone(), kind);
    attribute.multi_valued = boolean(fields, &here, "multiValued")?.unwrap_or(false);
    attribute.required = boolean(fields, &here, "required")?.unwrap_or(false);
    attribute.case_exact = match kind {
        // RFC 7643 2.3.6, 2.3.7, erratum 6001: never otherwise, even when a schema prints false.
        AttributeType::Binary | AttributeType::Reference => true,
        _ => boolean(fields, &here, "caseExact")?.unwrap_or(false),
    };
    attribute.description = match fields.get("description") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(bad(&here, "description", "a string")),
    };
    attribute.canonical_values = strings(fields, &here, "canonicalValues")?;
    attribute.reference_types = strings(fields, &here, "referenceTypes")?;
    attribute.mutability =
        keyword(fields, &here, "mutability", Mutability::from_keyword)?.unwrap_or(Mutability::ReadWrite);
    attribute.returned =
        keyword(fields, &here, "returned", Returned::from_keyword)?.unwrap_or(Returned::Default);
    attribute.uniqueness =
        keyword(fields, &here, "uniqueness", Uniqueness::from_keyword)?.unwrap_or(Uniqueness::None);
    // RFC 7643 7: a writeOnly value is never returned, so another word beside it contradicts itself.
    if attribute.mutability == Mutability::WriteOnly {
        match attribute.returned {
            Returned::Never => {}
            Returned::Default if !fields.contains_key("returned") => attribute.returned = Returned::Never,
            _ => return Err(bad(&here, "returned", "never, because mutability is writeOnly")),
        }
    }
    match fields.get("subAttributes") {
        None | Some(Value::Null) => {}
        Some(Value::Array(subs)) => {
            if !attribute.is_complex() && !subs.is_empty() {
                return Err(SchemaError::SubAttributesOfSimple { at: here });
            }
            if depth >= MAX_NESTING {
                return Err(SchemaError::NestedComplex { at: here });
            }
            for sub in subs {
                let sub = read(sub, &here, depth.saturating_add(1))?;
                if attribute.sub_attribute(&sub.name).is_some() {
                    return Err(SchemaError::DuplicateAttribute { at: at(&here, &sub.name) });
                }
                // A value set apart by its path would not say which of several values it belongs to.
                if attribute.multi_valued && sub.mutability == Mutability::WriteOnly {
                    return Err(bad(
                        &at(&here, &sub.name),
                        "mutability",
                        "another than writeOnly, because the attribute has several values",
                    ));
                }
                attribute.sub_attributes.push(Arc::new(sub));
            }
        }
        Some(_) => return Err(bad(&here, "subAttributes", "an array")),
    }
    if attribute.is_complex() && attribute.sub_attributes.is_empty() {
        return Err(SchemaError::MissingField { at: here, field: "subAttributes" });
    }
    Ok(attribute)
}

/// RFC 7643 2.1 `ATTRNAME`, with a leading `$` as `$ref` needs it (erratum 8924).
pub(crate) fn is_attribute_name(name: &str) -> bool {
    let rest = name.strip_prefix('$').unwrap_or(name);
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'$' | b'-' | b'_'))
}

fn at(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

fn bad(at: &str, field: &'static str, expected: &'static str) -> SchemaError {
    SchemaError::BadField { at: at.to_owned(), field, expected }
}

fn boolean(fields: &Map<String, Value>, at: &str, field: &'static str) -> Result<Option<bool>, SchemaError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(bad(at, field, "true or false")),
    }
}

fn strings(fields: &Map<String, Value>, at: &str, field: &'static str) -> Result<Vec<String>, SchemaError> {
    let wrong = || bad(at, field, "an array of strings");
    match fields.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn keyword<T>(
    fields: &Map<String, Value>,
    at: &str,
    field: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, SchemaError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            parse(text).map(Some).ok_or_else(|| bad(at, field, "a keyword of RFC 7643 section 7"))
        }
        Some(_) => Err(bad(at, field, "a keyword of RFC 7643 section 7")),
    }
}

/// Attributes hold sub-attributes, and in the Schema resource those hold sub-attributes once more (RFC 7643 7).
const MAX_NESTING: u8 = 2;
