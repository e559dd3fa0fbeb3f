//! From the bound tree to SQL text.

use scim_schema::{AttrPath, Attribute, Returned};

use super::columns::{Columns, Source, Table};
use super::scalar::{Scalar, ScalarKind};
use super::{Dialect, SqlCondition, SqlError, SqlValue};
use crate::CompareOp;
use crate::bound::{Check, Node, Test};

pub(super) fn condition(
    node: &Node,
    dialect: Dialect,
    columns: &Columns,
    first_placeholder: usize,
) -> Result<SqlCondition, SqlError> {
    let mut writer = Writer { dialect, columns, first_placeholder, values: Vec::new() };
    let sql = writer.node(node, Place::Resource, false)?;
    Ok(SqlCondition { sql, values: writer.values })
}

pub(super) struct Writer<'a> {
    pub(super) dialect: Dialect,
    columns: &'a Columns,
    first_placeholder: usize,
    values: Vec<SqlValue>,
}

/// What the names of a test are relative to.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// An element of a search document, named by `ELEMENT`.
    Element,
    Resource,
    Row(&'a Table),
}

impl Writer<'_> {
    /// Takes a value and returns its placeholder.
    pub(super) fn place(&mut self, value: SqlValue) -> String {
        let number = self.first_placeholder.saturating_add(self.values.len());
        self.values.push(value);
        match self.dialect {
            Dialect::Postgres => format!("${number}"),
            Dialect::Sqlite => format!("?{number}"),
        }
    }

    /// Bounded: the parser caps how deep filters nest. `negated` is set below a NOT.
    fn node(&mut self, node: &Node, place: Place<'_>, negated: bool) -> Result<String, SqlError> {
        match node {
            Node::And(terms) => self.nodes(terms, " AND ", place, negated),
            Node::Or(terms) => self.nodes(terms, " OR ", place, negated),
            Node::Not(term) => Ok(format!("(NOT {})", self.node(term, place, true)?)),
            Node::Constant(true) => Ok("(1 = 1)".to_owned()),
            Node::Constant(false) => Ok("(1 = 0)".to_owned()),
            Node::Element { attribute, filter } => self.value_path(attribute, filter, negated),
            Node::Test(test) => match place {
                Place::Resource => self.resource_test(test, negated),
                Place::Row(table) => self.row_test(test, table, negated),
                Place::Element => self.element_test(test, negated),
            },
        }
    }

    fn nodes(
        &mut self,
        terms: &[Node],
        joint: &str,
        place: Place<'_>,
        negated: bool,
    ) -> Result<String, SqlError> {
        let terms: Result<Vec<String>, SqlError> =
            terms.iter().map(|term| self.node(term, place, negated)).collect();
        Ok(format!("({})", terms?.join(joint)))
    }

    fn value_path(&mut self, attribute: &AttrPath, filter: &Node, negated: bool) -> Result<String, SqlError> {
        match self.columns.source(attribute) {
            Some(Source::Table(table)) => {
                let condition = self.node(filter, Place::Row(table), false)?;
                Ok(in_table(table, &condition, negated))
            }
            Some(Source::Deny | Source::Column(_)) => Err(unsupported(attribute)),
            None if !attribute.attribute().multi_valued => {
                // The one value of a complex attribute: its sub-attributes are those of the resource.
                let document = self.document(attribute)?;
                let exists = match self.dialect {
                    Dialect::Postgres => format!("{} IS NOT NULL", document.postgres),
                    Dialect::Sqlite => format!("json_type({}) IS NOT NULL", document.sqlite),
                };
                Ok(format!("({exists} AND {})", self.node(filter, Place::Resource, negated)?))
            }
            None => {
                let candidates = if negated { None } else { self.candidates(filter)? };
                let condition = self.node(filter, Place::Element, false)?;
                let exists = self.any_element(attribute, &condition)?;
                Ok(match candidates {
                    Some(candidates) => format!("({candidates} AND {exists})"),
                    None => exists,
                })
            }
        }
    }

    /// A side index narrows a value path down, if one of its conditions is `sub eq value` on an indexed sub-attribute.
    fn candidates(&mut self, filter: &Node) -> Result<Option<String>, SqlError> {
        let terms = match filter {
            Node::And(terms) => terms.as_slice(),
            node => std::slice::from_ref(node),
        };
        for term in terms {
            if let Node::Test(Test { path, check: Check::Compare(operand) }) = term
                && operand.op() == CompareOp::Eq
                && let Some(Source::Table(table)) = self.columns.source(path)
            {
                let column = value_column(table, path)?;
                let condition = column.compare(operand, &path.to_string(), self)?;
                return Ok(Some(in_table(table, &condition, false)));
            }
        }
        Ok(None)
    }

    fn resource_test(&mut self, test: &Test, negated: bool) -> Result<String, SqlError> {
        let path = &test.path;
        match self.columns.source(path) {
            Some(Source::Column(column)) if !path.is_multi_valued() && !path.target().is_complex() => {
                return Scalar::from(column).check(&test.check, &path.to_string(), negated, self);
            }
            Some(Source::Table(table)) if path.target().is_complex() => {
                return self.table_presence(test, table, negated);
            }
            Some(Source::Table(table)) => {
                let column = value_column(table, path)?;
                return self.any_row(test, table, &column, negated);
            }
            Some(Source::Deny | Source::Column(_)) => return Err(unsupported(path)),
            None => {}
        }
        if let Some(sub) = path.sub() {
            match self.columns.source(&path.without_sub()) {
                Some(Source::Table(table)) => {
                    let column = table.sub_column(&sub.name).ok_or_else(|| unsupported(path))?;
                    return self.any_row(test, table, &column.into(), negated);
                }
                Some(Source::Deny | Source::Column(_)) => return Err(unsupported(path)),
                None => {}
            }
        }
        if path.target().is_complex() {
            return self.complex_presence(test, negated);
        }
        if !path.is_multi_valued() {
            let scalar = self.document_scalar(path)?;
            return scalar.check(&test.check, &path.to_string(), negated, self);
        }
        let source = self.elements(path)?;
        let scalar = match path.sub() {
            None => self.element_value(ELEMENT, path.attribute()),
            Some(sub) if sub.multi_valued => self.element_value(VALUE, sub),
            Some(sub) => self.element_sub(ELEMENT, sub),
        };
        let any = |condition: &str| format!("EXISTS (SELECT 1 FROM {source} WHERE {condition})");
        self.any_value(test, &scalar, any)
    }

    /// Complex attributes are only asked whether they are there: whether one of their sub-attributes is (F18).
    fn complex_presence(&mut self, test: &Test, negated: bool) -> Result<String, SqlError> {
        let path = &test.path;
        let is_absent = match test.check {
            Check::Present => false,
            Check::Absent => true,
            Check::Compare(_) => return Err(unsupported(path)),
        };
        let attribute = path.attribute();
        let mut terms = Vec::with_capacity(attribute.sub_attributes.len());
        for sub in attribute.sub_attributes.iter().filter(|sub| sub.returned != Returned::Never) {
            let path = path.with_sub(&sub.name).map_err(|_| unsupported(path))?;
            let test = Test { path, check: Check::Present };
            terms.push(if attribute.multi_valued {
                self.element_test(&test, false)?
            } else {
                self.resource_test(&test, negated || is_absent)?
            });
        }
        // Sub-attributes that are never returned make nothing present (F30).
        let any = if terms.is_empty() { "1 = 0".to_owned() } else { terms.join(" OR ") };
        let sql = if attribute.multi_valued { self.any_element(path, &any)? } else { format!("({any})") };
        Ok(if is_absent { format!("(NOT {sql})") } else { sql })
    }

    /// An element is there if one of the sub-attributes that the table has a column for is.
    fn table_presence(&mut self, test: &Test, table: &Table, negated: bool) -> Result<String, SqlError> {
        let path = &test.path;
        let mut terms = Vec::new();
        for sub in path.attribute().sub_attributes.iter().filter(|sub| sub.returned != Returned::Never) {
            if let Some(column) = table.sub_column(&sub.name) {
                terms.push(Scalar::from(column).check(&Check::Present, &path.to_string(), false, self)?);
            }
        }
        if terms.is_empty() {
            return Err(unsupported(path));
        }
        let any = format!("({})", terms.join(" OR "));
        match test.check {
            Check::Present => Ok(in_table(table, &any, negated)),
            Check::Absent => Ok(format!("(NOT {})", in_table(table, &any, true))),
            Check::Compare(_) => Err(unsupported(path)),
        }
    }

    fn any_row(
        &mut self,
        test: &Test,
        table: &Table,
        column: &Scalar,
        negated: bool,
    ) -> Result<String, SqlError> {
        self.any_value(test, column, |condition| in_table(table, condition, negated))
    }

    /// Writes a test of several values, `any` being the question whether one satisfies a condition.
    fn any_value(
        &mut self,
        test: &Test,
        scalar: &Scalar,
        any: impl Fn(&str) -> String,
    ) -> Result<String, SqlError> {
        let path = test.path.to_string();
        match &test.check {
            Check::Present => Ok(any(&scalar.check(&Check::Present, &path, false, self)?)),
            Check::Absent => {
                Ok(format!("(NOT {})", any(&scalar.check(&Check::Present, &path, false, self)?)))
            }
            Check::Compare(operand) => {
                let matched = any(&scalar.compare(operand, &path, self)?);
                Ok(if operand.op() == CompareOp::Ne {
                    // F21: any value that differs, or no value at all.
                    format!("({matched} OR NOT {})", any(&format!("{} IS NOT NULL", scalar.sql)))
                } else {
                    matched
                })
            }
        }
    }

    /// A test inside the brackets of a value path that a table answers.
    fn row_test(&mut self, test: &Test, table: &Table, negated: bool) -> Result<String, SqlError> {
        let name = test.path.sub().map_or("value", |sub| sub.name.as_str());
        let column = table.sub_column(name).ok_or_else(|| unsupported(&test.path))?;
        if test.path.sub().is_some_and(|sub| sub.multi_valued) {
            return Err(unsupported(&test.path));
        }
        Scalar::from(column).check(&test.check, &test.path.to_string(), negated, self)
    }

    /// A test inside the brackets of a value path that the search document answers.
    fn element_test(&mut self, test: &Test, negated: bool) -> Result<String, SqlError> {
        if self.columns.source(&test.path).is_some_and(|source| *source == Source::Deny) {
            return Err(unsupported(&test.path));
        }
        let scalar = match test.path.sub() {
            None => self.element_value(ELEMENT, test.path.attribute()),
            Some(sub) if !sub.multi_valued => self.element_sub(ELEMENT, sub),
            Some(sub) => {
                let source = self.sub_elements(sub);
                let scalar = self.element_value(VALUE, sub);
                let any = |condition: &str| format!("EXISTS (SELECT 1 FROM {source} WHERE {condition})");
                return self.any_value(test, &scalar, any);
            }
        };
        scalar.check(&test.check, &test.path.to_string(), negated, self)
    }

    fn any_element(&self, attribute: &AttrPath, condition: &str) -> Result<String, SqlError> {
        let elements = self.elements(&attribute.without_sub())?;
        Ok(format!("EXISTS (SELECT 1 FROM {elements} WHERE {condition})"))
    }

    /// The elements of a multi-valued attribute, and the values of a multi-valued sub-attribute.
    fn elements(&self, path: &AttrPath) -> Result<String, SqlError> {
        let nested = path.sub().filter(|sub| sub.multi_valued);
        if !path.attribute().multi_valued {
            let document = self.document(path)?;
            return Ok(match self.dialect {
                Dialect::Postgres => format!("jsonb_array_elements({}) AS {VALUE}(value)", document.postgres),
                Dialect::Sqlite => format!("json_each({}) AS {VALUE}", document.sqlite),
            });
        }
        let document = self.document(&path.without_sub())?;
        let mut source = match self.dialect {
            Dialect::Postgres => format!("jsonb_array_elements({}) AS {ELEMENT}(value)", document.postgres),
            Dialect::Sqlite => format!("json_each({}) AS {ELEMENT}", document.sqlite),
        };
        if let Some(sub) = nested {
            source = format!("{source}, {}", self.sub_elements(sub));
        }
        Ok(source)
    }

    /// The values of a multi-valued sub-attribute of the element.
    fn sub_elements(&self, sub: &Attribute) -> String {
        match self.dialect {
            Dialect::Postgres => {
                format!("jsonb_array_elements({ELEMENT}.value -> {}) AS {VALUE}(value)", quoted(&sub.name))
            }
            Dialect::Sqlite => format!("json_each({ELEMENT}.value, {}) AS {VALUE}", json_path(&[&sub.name])),
        }
    }

    /// The one value of a path without multi-valued parts, in the search document.
    fn document_scalar(&self, path: &AttrPath) -> Result<Scalar, SqlError> {
        let document = self.document(path)?;
        let kind = Scalar::document_kind(path.target());
        Ok(match self.dialect {
            Dialect::Postgres => Scalar { sql: cast(&document.postgres_text, kind), kind },
            Dialect::Sqlite => Scalar { sql: format!("json_extract({})", document.sqlite), kind },
        })
    }

    /// The element or value itself.
    fn element_value(&self, alias: &str, attribute: &Attribute) -> Scalar {
        let kind = Scalar::document_kind(attribute);
        match self.dialect {
            Dialect::Postgres => Scalar { sql: cast(&format!("{alias}.value #>> '{{}}'"), kind), kind },
            Dialect::Sqlite => Scalar { sql: format!("{alias}.value"), kind },
        }
    }

    /// A sub-attribute of the element.
    fn element_sub(&self, alias: &str, sub: &Attribute) -> Scalar {
        let kind = Scalar::document_kind(sub);
        match self.dialect {
            Dialect::Postgres => {
                Scalar { sql: cast(&format!("{alias}.value ->> {}", quoted(&sub.name)), kind), kind }
            }
            Dialect::Sqlite => {
                Scalar { sql: format!("json_extract({alias}.value, {})", json_path(&[&sub.name])), kind }
            }
        }
    }

    fn document(&self, path: &AttrPath) -> Result<DocumentPlace, SqlError> {
        let column = self.columns.search_document().ok_or_else(|| unsupported(path))?;
        let mut names: Vec<&str> = path.extension().into_iter().collect();
        names.push(&path.attribute().name);
        names.extend(path.sub().map(|sub| sub.name.as_str()));
        // A schema's URI may hold signs that end a quoted name; such a schema has no SQL.
        if names.iter().any(|name| name.contains(['\'', '"', '\\'])) {
            return Err(unsupported(path));
        }
        let mut postgres = column.to_owned();
        let mut postgres_text = column.to_owned();
        for (index, name) in names.iter().enumerate() {
            let name = quoted(name);
            let is_last = index.saturating_add(1) == names.len();
            postgres_text += &format!(" {} {name}", if is_last { "->>" } else { "->" });
            postgres += &format!(" -> {name}");
        }
        Ok(DocumentPlace {
            postgres: format!("({postgres})"),
            postgres_text,
            sqlite: format!("{column}, {}", json_path(&names)),
        })
    }
}

/// A place in the search document in the forms that the dialects need.
struct DocumentPlace {
    /// As `jsonb`.
    postgres: String,
    /// As text, without brackets.
    postgres_text: String,
    /// The two arguments of `json_extract`.
    sqlite: String,
}

/// Asks whether a row of the table belongs to the resource and satisfies a condition.
///
/// Below a NOT only EXISTS will do; elsewhere IN lets SQLite too start from the table's index.
fn in_table(table: &Table, condition: &str, negated: bool) -> String {
    let Table { from, inner_key, outer_key, only_if, .. } = table;
    let only_if = only_if.as_ref().map(|sql| format!("({sql}) AND ")).unwrap_or_default();
    if negated {
        format!("EXISTS (SELECT 1 FROM {from} WHERE {inner_key} = {outer_key} AND {only_if}{condition})")
    } else {
        format!("{outer_key} IN (SELECT {inner_key} FROM {from} WHERE {only_if}{condition})")
    }
}

/// The column with the values of the path that the table is named for.
fn value_column(table: &Table, path: &AttrPath) -> Result<Scalar, SqlError> {
    let name = path.sub().map_or("value", |sub| sub.name.as_str());
    table.sub_column(name).map(Scalar::from).ok_or_else(|| unsupported(path))
}

fn cast(sql: &str, kind: ScalarKind) -> String {
    use super::ColumnKind;
    match kind {
        ScalarKind::Column(ColumnKind::Boolean) => format!("CAST({sql} AS boolean)"),
        ScalarKind::Column(ColumnKind::Number) => format!("CAST({sql} AS numeric)"),
        _ => format!("({sql})"),
    }
}

fn quoted(name: &str) -> String {
    format!("'{name}'")
}

fn json_path(names: &[&str]) -> String {
    let mut path = "'$".to_owned();
    for name in names {
        path += &format!(".\"{name}\"");
    }
    path + "'"
}

fn unsupported(path: &AttrPath) -> SqlError {
    SqlError::Unsupported { path: path.to_string() }
}

/// Names that no host gives to a table: a host's own alias inside its SQL must keep its meaning.
const ELEMENT: &str = "scim_element";
const VALUE: &str = "scim_value";
