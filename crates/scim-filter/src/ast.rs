use std::fmt::{self, Write as _};
use std::ops::Deref;

use crate::parse::{parse_filter, parse_loose_filter};
use crate::{FilterError, Limits, UnresolvedPath};

/// A filter expression as it was written (RFC 7644 3.4.2.2).
///
/// Names are not resolved yet: that is [`Filter::bind`]. `Display` prints the canonical form, and reading that
/// form gives an equal value again.
///
/// ```
/// use scim_filter::{Filter, Limits};
///
/// let filter = Filter::parse(r#"title pr AND not(userType Eq "Intern")"#, &Limits::default())?;
/// assert_eq!(filter.to_string(), r#"title pr and not (userType eq "Intern")"#);
/// # Ok::<(), scim_filter::FilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Every term holds.
    And(Terms),
    /// At least one term holds.
    Or(Terms),
    /// The term does not hold.
    Not(Box<Filter>),
    /// A value of the attribute stands in a relation to a literal.
    Compare(Compare),
    /// The attribute has a value: `pr`.
    Present(UnresolvedPath),
    /// One element of the attribute satisfies a whole filter: `attr[...]`.
    ValuePath(ValuePath),
}

impl Filter {
    /// Reads a filter, already percent-decoded.
    ///
    /// Accepted beside the standard's grammar: `not (` with a space (as its examples have it), more than one
    /// space, spaces inside brackets, and Entra's `attr[...].sub op value`, which becomes
    /// `attr[... and sub op value]`.
    ///
    /// # Errors
    /// A [`FilterError`] saying what was expected at which byte.
    pub fn parse(text: &str, limits: &Limits) -> Result<Filter, FilterError> {
        parse_filter(text, limits)
    }

    /// Reads a filter as [`Filter::parse`] does, and also strings in single quotes or without quotes, as some examples
    /// of the standards have them against their own grammar (F08). Says whether there were any, so that a host sees
    /// which client needs this.
    ///
    /// A host offers it to the connections that need it. A number stays a number: `externalId eq 701984` compares a
    /// string attribute with a number, and is refused when bound.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    ///
    /// ```
    /// use scim_filter::{Filter, Limits};
    ///
    /// let (filter, was_loose) = Filter::parse_loose("meta.resourceType eq User", &Limits::default())?;
    /// assert_eq!(filter.to_string(), r#"meta.resourceType eq "User""#);
    /// assert!(was_loose);
    /// # Ok::<(), scim_filter::FilterError>(())
    /// ```
    pub fn parse_loose(text: &str, limits: &Limits) -> Result<(Filter, bool), FilterError> {
        parse_loose_filter(text, limits)
    }

    /// Joins two filters with `and`; chains that need no brackets become one list.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        match self {
            Filter::And(mut terms) => {
                terms.0.push(other);
                Filter::And(terms)
            }
            first => Filter::And(Terms(vec![first, other])),
        }
    }

    /// Joins two filters with `or`; chains that need no brackets become one list.
    #[must_use]
    pub fn or(self, other: Filter) -> Filter {
        match self {
            Filter::Or(mut terms) => {
                terms.0.push(other);
                Filter::Or(terms)
            }
            first => Filter::Or(Terms(vec![first, other])),
        }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>, parent: Binding) -> fmt::Result {
        match self {
            Filter::And(terms) => print_terms(terms, " and ", Binding::And, parent, f),
            Filter::Or(terms) => print_terms(terms, " or ", Binding::Or, parent, f),
            Filter::Not(term) => write!(f, "not ({term})"),
            Filter::Compare(compare) => write!(f, "{compare}"),
            Filter::Present(path) => write!(f, "{path} pr"),
            Filter::ValuePath(path) => write!(f, "{path}"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, Binding::Loosest)
    }
}

/// The terms of an `and` or an `or`: always two or more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terms(Vec<Filter>);

impl Terms {
    /// Makes a list with `join`; a term that stands alone stays as it is.
    pub(crate) fn join(mut first: Vec<Filter>, last: Filter, join: fn(Terms) -> Filter) -> Filter {
        if first.is_empty() {
            return last;
        }
        first.push(last);
        join(Terms(first))
    }
}

impl Deref for Terms {
    type Target = [Filter];

    fn deref(&self) -> &[Filter] {
        &self.0
    }
}

/// `attr op literal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Compare {
    /// What is compared.
    pub path: UnresolvedPath,
    /// How.
    pub op: CompareOp,
    /// With what.
    pub literal: Literal,
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.path, self.op, self.literal)
    }
}

/// The comparison operators of RFC 7644 Table 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `eq`: equal.
    Eq,
    /// `ne`: not equal.
    Ne,
    /// `co`: contains.
    Co,
    /// `sw`: starts with.
    Sw,
    /// `ew`: ends with.
    Ew,
    /// `gt`: greater than.
    Gt,
    /// `ge`: greater than or equal to.
    Ge,
    /// `lt`: less than.
    Lt,
    /// `le`: less than or equal to.
    Le,
}

impl CompareOp {
    /// Returns the operator's lower-case spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CompareOp::Eq => "eq",
            CompareOp::Ne => "ne",
            CompareOp::Co => "co",
            CompareOp::Sw => "sw",
            CompareOp::Ew => "ew",
            CompareOp::Gt => "gt",
            CompareOp::Ge => "ge",
            CompareOp::Lt => "lt",
            CompareOp::Le => "le",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<CompareOp> {
        let [first, second] = *word.as_bytes() else { return None };
        match [first.to_ascii_lowercase(), second.to_ascii_lowercase()] {
            [b'e', b'q'] => Some(CompareOp::Eq),
            [b'n', b'e'] => Some(CompareOp::Ne),
            [b'c', b'o'] => Some(CompareOp::Co),
            [b's', b'w'] => Some(CompareOp::Sw),
            [b'e', b'w'] => Some(CompareOp::Ew),
            [b'g', b't'] => Some(CompareOp::Gt),
            [b'g', b'e'] => Some(CompareOp::Ge),
            [b'l', b't'] => Some(CompareOp::Lt),
            [b'l', b'e'] => Some(CompareOp::Le),
            _ => None,
        }
    }
}

impl fmt::Display for CompareOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A comparison value: a JSON scalar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A string, its escapes decoded.
    String(String),
}

impl Literal {
    /// Returns the literal as a JSON value.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Literal::Null => serde_json::Value::Null,
            Literal::Bool(value) => serde_json::Value::Bool(*value),
            Literal::Number(value) => serde_json::Value::Number(value.clone()),
            Literal::String(value) => serde_json::Value::String(value.clone()),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Bool(value) => write!(f, "{value}"),
            Literal::Number(value) => write!(f, "{value}"),
            Literal::String(value) => print_string(value, f),
        }
    }
}

/// `attr[filter]`: one and the same element of `attr` satisfies the whole filter.
///
/// Inside the brackets names are sub-attributes of `attr`: no URIs, no dots, no brackets again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ValuePath {
    path: UnresolvedPath,
    filter: Box<Filter>,
}

impl ValuePath {
    /// Builds a value path; `None` where it would not print as one: a sub-attribute before the brackets, or in
    /// them a URI, a dotted name or brackets again.
    #[must_use]
    pub fn new(path: UnresolvedPath, filter: Filter) -> Option<ValuePath> {
        let fits = path.sub_name().is_none() && is_of_element(&filter);
        fits.then(|| ValuePath { path, filter: Box::new(filter) })
    }

    /// Returns the attribute before the brackets.
    #[must_use]
    pub fn path(&self) -> &UnresolvedPath {
        &self.path
    }

    /// Returns the filter inside the brackets.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.path, self.filter)
    }
}

/// Whether every path of the filter is a bare name (F39) and no brackets nest (F06).
fn is_of_element(filter: &Filter) -> bool {
    let bare = |path: &UnresolvedPath| path.urn().is_none() && path.sub_name().is_none();
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().all(is_of_element),
        Filter::Not(term) => is_of_element(term),
        Filter::Compare(compare) => bare(&compare.path),
        Filter::Present(path) => bare(path),
        Filter::ValuePath(_) => false,
    }
}

/// How tightly the surrounding expression binds: a term that binds less needs round brackets.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Loosest,
    Or,
    And,
}

fn print_terms(
    terms: &Terms,
    word: &str,
    own: Binding,
    parent: Binding,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    // An `and` directly inside an `and` was bracketed by its author, so equality needs the brackets too.
    let brackets = parent >= own;
    if brackets {
        f.write_char('(')?;
    }
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        term.print(f, own)?;
    }
    if brackets {
        f.write_char(')')?;
    }
    Ok(())
}

/// Writes a JSON string; only what JSON demands is escaped.
fn print_string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(character))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}
