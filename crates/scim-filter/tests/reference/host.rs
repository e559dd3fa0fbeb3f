//! How a host might store the resources of a random schema.

use scim_filter::{Column, Columns, Table, search_document};
use scim_schema::{Attribute, AttributeType, Comparable, Resource, ResourceType, is_unassigned};
use serde_json::{Number, Value};

/// A table with a column for every simple attribute of the core schema, for the sub-attributes of every other complex
/// one and for some of the common ones, a child table for every multi-valued one, and a side index for every
/// multi-valued one of the extension.
pub(crate) struct Host {
    pub(crate) columns: Columns,
    /// First `r`, then `side`, then the child tables.
    pub(crate) tables: Vec<Layout>,
    /// What the columns of `r` behind the search document hold, by path.
    own: Vec<(String, Attribute, Unit)>,
    /// What `side` holds, by path.
    indexed: Vec<(String, Attribute)>,
    /// The attributes of the child tables.
    children: Vec<Attribute>,
}

pub(crate) struct Layout {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Kind)>,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Boolean,
    Document,
    Instant,
    Key,
    Number,
    Text,
}

#[derive(Clone)]
pub(crate) enum Cell {
    Boolean(bool),
    /// In the column's unit, since 1970.
    Instant(i64),
    Key(i64),
    Null,
    Number(Number),
    /// Also a document.
    Text(String),
}

/// What instants are stored in: the coarser one only where every stored instant is whole in it, as the resource that a
/// host returns must be the one that it compares.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Micros,
    Millis,
}

impl Host {
    pub(crate) fn new(thing: &ResourceType, resources: &[Resource]) -> Host {
        let mut columns = Columns::new().document("r.search");
        let mut main = vec![("id".to_owned(), Kind::Key), ("search".to_owned(), Kind::Document)];
        let (mut own, mut children, mut indexed) = (Vec::new(), Vec::new(), Vec::new());
        let mut child_tables = Vec::new();
        let mut add_column = |columns: Columns, path: String| {
            let attribute = thing.resolve_attribute(&path).unwrap().target().clone();
            let unit = unit(resources, thing, &path);
            let name = format!("c{}", own.len());
            let columns = columns.column(&path, column(&format!("r.{name}"), &attribute, unit));
            main.push((name, kind(&attribute)));
            own.push((path, attribute, unit));
            columns
        };
        for path in ["id", "externalId", "meta.lastModified"] {
            columns = add_column(columns, path.to_owned());
        }
        for (number, attribute) in thing.schema().attributes().iter().enumerate() {
            let name = &attribute.name;
            match (attribute.is_complex(), attribute.multi_valued) {
                (false, false) => columns = add_column(columns, name.clone()),
                (true, false) if number % 2 == 0 => {
                    for sub in attribute.sub_attributes.iter().filter(|sub| !sub.multi_valued) {
                        columns = add_column(columns, format!("{name}.{}", sub.name));
                    }
                }
                // A table must hold all of an element that can make it present.
                (_, true) if attribute.sub_attributes.iter().all(|sub| !sub.multi_valued) => {
                    let mut table = Table::new(format!("t_{name} AS t"), "t.owner", "r.id");
                    let mut layout =
                        Layout { name: format!("t_{name}"), columns: vec![("owner".into(), Kind::Key)] };
                    for (name, part) in parts(attribute) {
                        table = table.column(name, column(&format!("t.\"{name}\""), part, Unit::Micros));
                        layout.columns.push((name.to_owned(), kind(part)));
                    }
                    columns = columns.table(name, table);
                    child_tables.push(layout);
                    children.push(Attribute::clone(attribute));
                }
                _ => {}
            }
        }
        for (path, attribute) in side_index(thing) {
            let value = format!("s.{}", side_column(kind(&attribute)));
            let table = Table::new("side AS s", "s.owner", "r.id")
                .only_if(format!("s.path = '{path}'"))
                .column("value", column(&value, &attribute, Unit::Micros));
            columns = columns.table(&path, table);
            indexed.push((path, attribute));
        }
        let mut side = vec![("owner".to_owned(), Kind::Key), ("path".to_owned(), Kind::Text)];
        side.extend(SIDE_KINDS.map(|kind| (side_column(kind).to_owned(), kind)));
        let mut tables =
            vec![Layout { name: "r".into(), columns: main }, Layout { name: "side".into(), columns: side }];
        tables.append(&mut child_tables);
        Host { columns, tables, own, indexed, children }
    }

    /// The rows of each of the tables.
    pub(crate) fn rows(&self, resources: &[Resource], thing: &ResourceType) -> Vec<Vec<Vec<Cell>>> {
        let mut tables: Vec<Vec<Vec<Cell>>> = self.tables.iter().map(|_| Vec::new()).collect();
        for (index, resource) in resources.iter().enumerate() {
            let id = Cell::Key(i64::try_from(index).unwrap());
            let search = search_document(resource, thing).to_string();
            let mut row = vec![id.clone(), Cell::Text(search)];
            for (path, attribute, unit) in &self.own {
                let path = thing.resolve_attribute(path).unwrap();
                let value = resource.values(&path).find(|value| !is_unassigned(value));
                row.push(value.map_or(Cell::Null, |value| cell(attribute, value, *unit)));
            }
            tables[0].push(row);
            for (path, attribute) in &self.indexed {
                let resolved = thing.resolve_attribute(path).unwrap();
                for value in resource.values(&resolved).filter(|value| !is_unassigned(value)) {
                    let mut row = vec![id.clone(), Cell::Text(path.clone())];
                    row.extend(SIDE_KINDS.map(|column| {
                        let is_its = side_column(column) == side_column(kind(attribute));
                        if is_its { cell(attribute, value, Unit::Micros) } else { Cell::Null }
                    }));
                    tables[1].push(row);
                }
            }
            for (attribute, rows) in self.children.iter().zip(&mut tables[2..]) {
                let path = thing.resolve_attribute(&attribute.name).unwrap();
                for element in resource.elements(&path).iter().filter(|element| attribute.shows(element)) {
                    let mut row = vec![id.clone()];
                    row.extend(parts(attribute).into_iter().map(|(name, part)| {
                        let value = if attribute.is_complex() { element.get(name) } else { Some(element) };
                        let value = value.filter(|value| !is_unassigned(value));
                        value.map_or(Cell::Null, |value| cell(part, value, Unit::Micros))
                    }));
                    rows.push(row);
                }
            }
        }
        tables
    }
}

/// The multi-valued attributes of the extension that are simple, and the `value` of those that are not.
fn side_index(thing: &ResourceType) -> Vec<(String, Attribute)> {
    let mut found = Vec::new();
    for extension in thing.extensions() {
        let urn = extension.schema().id();
        for attribute in extension.schema().attributes().iter().filter(|attribute| attribute.multi_valued) {
            let path = format!("{urn}:{}", attribute.name);
            if !attribute.is_complex() {
                found.push((path, Attribute::clone(attribute)));
            } else if let Some(value) = attribute.sub_attribute("value").filter(|value| !value.multi_valued) {
                found.push((format!("{path}.value"), Attribute::clone(value)));
            }
        }
    }
    found
}

/// The columns of a child table: the sub-attributes, or the `value` that an element is.
fn parts(attribute: &Attribute) -> Vec<(&str, &Attribute)> {
    if attribute.is_complex() {
        attribute.sub_attributes.iter().map(|sub| (sub.name.as_str(), &**sub)).collect()
    } else {
        vec![("value", attribute)]
    }
}

fn unit(resources: &[Resource], thing: &ResourceType, path: &str) -> Unit {
    let path = thing.resolve_attribute(path).unwrap();
    let mut values = resources.iter().flat_map(|resource| resource.values(&path));
    let is_whole = values.all(|value| match Comparable::of(path.target(), value) {
        Some(Comparable::Instant(instant)) => instant.timestamp_subsec_nanos() % 1_000_000 == 0,
        _ => true,
    });
    if is_whole { Unit::Millis } else { Unit::Micros }
}

fn column(sql: &str, attribute: &Attribute, unit: Unit) -> Column {
    match kind(attribute) {
        Kind::Boolean => Column::boolean(sql),
        Kind::Instant if unit == Unit::Millis => Column::instant_millis(sql),
        Kind::Instant => Column::instant_micros(sql),
        Kind::Number => Column::number(sql),
        _ => Column::text(sql),
    }
}

fn kind(attribute: &Attribute) -> Kind {
    match attribute.kind {
        AttributeType::Boolean => Kind::Boolean,
        AttributeType::DateTime => Kind::Instant,
        AttributeType::Decimal | AttributeType::Integer => Kind::Number,
        _ => Kind::Text,
    }
}

fn cell(attribute: &Attribute, value: &Value, unit: Unit) -> Cell {
    match Comparable::of(attribute, value) {
        None => Cell::Null,
        Some(Comparable::Boolean(value)) => Cell::Boolean(value),
        Some(Comparable::Instant(value)) if unit == Unit::Millis => Cell::Instant(value.timestamp_millis()),
        Some(Comparable::Instant(value)) => Cell::Instant(value.timestamp_micros()),
        Some(Comparable::Text(text)) => Cell::Text(text.into_owned()),
        Some(_) => match value {
            Value::Number(number) => Cell::Number(number.clone()),
            _ => Cell::Null,
        },
    }
}

fn side_column(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "v_boolean",
        Kind::Instant => "v_instant",
        Kind::Number => "v_number",
        Kind::Document | Kind::Key | Kind::Text => "v_text",
    }
}

const SIDE_KINDS: [Kind; 4] = [Kind::Boolean, Kind::Instant, Kind::Number, Kind::Text];
