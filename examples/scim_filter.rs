//! One filter, asked three ways: of a resource in memory, of PostgreSQL and of SQLite.
//!
//! ```text
//! cargo run --package examples --example scim_filter -- 'userName sw "a" and emails[type eq "work" and value co "@example.com"]'
//! ```

use std::error::Error;
use std::io::Write;

use scim_filter::{BindOptions, Column, Columns, Dialect, Filter, Limits};
use scim_schema::{Resource, SchemaSet};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let text = std::env::args().nth(1);
    let text = text.as_deref().unwrap_or(r#"userName eq "ALICE" or not (active eq true)"#);

    let schemas = SchemaSet::standard();
    let user = schemas.resource_type("User").ok_or("the standard schemas have users")?;
    let filter = Filter::parse(text, &Limits::default())?;
    let bound = filter.bind(user, &BindOptions::default())?;
    writeln!(out, "filter    {filter}")?;

    let people = [
        json!({"userName": "alice", "active": true, "emails": [{"type": "work", "value": "alice@example.com"}]}),
        json!({"userName": "bob", "active": false}),
    ];
    for person in people {
        let Value::Object(fields) = person else { continue };
        let resource = Resource::from_map(fields, user);
        let name = resource.as_map().get("userName").and_then(Value::as_str).unwrap_or_default();
        writeln!(out, "{name:<9} {}", if bound.matches(&resource) { "matches" } else { "does not match" })?;
    }

    // What isn't a column of its own is asked of the document; values are bound, never written into the text.
    let columns =
        Columns::new().column("userName", Column::text("users.user_name_key")).document("users.search");
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        let condition = bound.to_sql(dialect, &columns, 1)?;
        writeln!(out, "{dialect:?}  {}\n          {:?}", condition.sql, condition.values)?;
    }
    Ok(())
}
