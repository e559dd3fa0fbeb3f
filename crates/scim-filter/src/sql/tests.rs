use scim_schema::{SchemaSet, ScimError, ScimType};

use crate::{BindOptions, Column, Columns, Dialect, Filter, Limits, SqlCondition, SqlError, SqlValue, Table};

fn condition(text: &str, dialect: Dialect, columns: &Columns) -> Result<SqlCondition, SqlError> {
    let schemas = SchemaSet::standard();
    let kind = if text.contains("members") { "Group" } else { "User" };
    let filter = Filter::parse(text, &Limits::default()).unwrap();
    let filter = filter.bind(schemas.resource_type(kind).unwrap(), &BindOptions::default()).unwrap();
    filter.to_sql(dialect, columns, 3)
}

fn columns() -> Columns {
    Columns::new()
        .column("userName", Column::text("r.user_name"))
        .column("active", Column::boolean("r.active"))
        .column("meta.created", Column::instant_millis("r.created"))
        .table(
            "members",
            Table::new("group_members AS m", "m.group_id", "r.id")
                .only_if("m.tenant = $1")
                .column("value", Column::text("m.member_id")),
        )
        .table(
            "emails.value",
            Table::new("emails AS v", "v.user_id", "r.id").column("value", Column::text("v.key")),
        )
        .deny("meta.version")
        .document("r.search")
}

fn sql(text: &str, dialect: Dialect) -> String {
    condition(text, dialect, &columns()).unwrap().sql
}

fn check(text: &str, postgres: &str, sqlite: &str) {
    assert_eq!(sql(text, Dialect::Postgres), postgres);
    assert_eq!(sql(text, Dialect::Sqlite), sqlite);
}

#[test]
fn own_columns_answer_with_bound_parameters_only() {
    check(r#"userName eq "X""#, "r.user_name = $3", "r.user_name = ?3");
    let bound =
        condition(r#"userName eq "'; DROP TABLE x; --" and active eq false"#, Dialect::Sqlite, &columns())
            .unwrap();
    assert_eq!(bound.sql, "(r.user_name = ?3 AND r.active = ?4)");
    assert_eq!(bound.values, [SqlValue::Text("'; drop table x; --".into()), SqlValue::Integer(0)]);
}

// F32
#[test]
fn wildcards_are_literals() {
    let bound = |text: &str, dialect| condition(text, dialect, &columns()).unwrap();
    let found = bound(r#"userName co "50%_!""#, Dialect::Postgres);
    assert_eq!(found.sql, "r.user_name LIKE $3 ESCAPE '!'");
    assert_eq!(found.values, [SqlValue::Text("%50!%!_!!%".into())]);
    let found = bound(r#"userName ew "%""#, Dialect::Postgres);
    assert_eq!(found.values, [SqlValue::Text("%!%".into())]);
    let found = bound(r#"userName co "50%_""#, Dialect::Sqlite);
    assert_eq!(
        (found.sql.as_str(), found.values),
        ("instr(r.user_name, ?3) > 0", vec![SqlValue::Text("50%_".into())])
    );
    let found = bound(r#"userName sw "a%""#, Dialect::Postgres);
    assert_eq!(found.sql, r#"(r.user_name COLLATE "C" >= $3 AND r.user_name COLLATE "C" < $4)"#);
    assert_eq!(found.values, [SqlValue::Text("a%".into()), SqlValue::Text("a&".into())]);
}

// F19 F20
#[test]
fn conditions_below_not_are_never_null() {
    check(
        r#"not (userName eq "x" or title pr)"#,
        "(NOT ((r.user_name IS NOT NULL AND r.user_name = $3) OR ((r.search ->> 'title') IS NOT NULL AND (r.search ->> 'title') <> '')))",
        "(NOT ((r.user_name IS NOT NULL AND r.user_name = ?3) OR (json_extract(r.search, '$.\"title\"') IS NOT NULL AND json_extract(r.search, '$.\"title\"') <> '')))",
    );
    check(
        r#"userName ne "x""#,
        "(r.user_name IS NULL OR r.user_name <> $3)",
        "(r.user_name IS NULL OR r.user_name <> ?3)",
    );
}

// F36
#[test]
fn members_are_found_in_their_table_without_loading_the_group() {
    for text in [r#"members[value eq "u1"]"#, r#"members.value eq "u1""#, r#"members eq "u1""#] {
        check(
            text,
            "r.id IN (SELECT m.group_id FROM group_members AS m WHERE (m.tenant = $1) AND m.member_id = $3)",
            "r.id IN (SELECT m.group_id FROM group_members AS m WHERE (m.tenant = $1) AND m.member_id = ?3)",
        );
    }
    assert_eq!(
        sql(r#"not (members[value eq "u1"])"#, Dialect::Sqlite),
        "(NOT EXISTS (SELECT 1 FROM group_members AS m WHERE m.group_id = r.id AND (m.tenant = $1) AND m.member_id = ?3))"
    );
    assert_eq!(
        sql("members pr", Dialect::Sqlite),
        "r.id IN (SELECT m.group_id FROM group_members AS m WHERE (m.tenant = $1) AND (m.member_id <> ''))"
    );
}

// F04
#[test]
fn a_value_path_is_one_exists_and_a_side_index_finds_its_candidates() {
    check(
        r#"emails[type eq "work" and value eq "A@b.c"]"#,
        "(r.id IN (SELECT v.user_id FROM emails AS v WHERE v.key = $3) AND EXISTS (SELECT 1 FROM \
         jsonb_array_elements((r.search -> 'emails')) AS scim_element(value) WHERE ((scim_element.value ->> 'type') = $4 AND (scim_element.value ->> 'value') = $5)))",
        "(r.id IN (SELECT v.user_id FROM emails AS v WHERE v.key = ?3) AND EXISTS (SELECT 1 FROM \
         json_each(r.search, '$.\"emails\"') AS scim_element WHERE (json_extract(scim_element.value, '$.\"type\"') = ?4 AND json_extract(scim_element.value, '$.\"value\"') = ?5)))",
    );
}

#[test]
fn extension_attributes_are_reached_under_their_uri() {
    assert_eq!(
        sql("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:department pr", Dialect::Postgres),
        "(r.search -> 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' ->> 'department') <> ''"
    );
}

// F22 F24
#[test]
fn instants_between_two_units_of_a_column_compare_right() {
    let bound = |text: &str| condition(text, Dialect::Sqlite, &columns()).unwrap();
    let whole = bound(r#"meta.created ge "1970-01-01T01:00:01.500+01:00""#);
    assert_eq!((whole.sql.as_str(), whole.values), ("r.created >= ?3", vec![SqlValue::Integer(1500)]));
    let between = bound(r#"meta.created ge "1969-12-31T23:59:59.9995Z""#);
    assert_eq!((between.sql.as_str(), between.values), ("r.created > ?3", vec![SqlValue::Integer(-1)]));
    assert_eq!(bound(r#"meta.created lt "1970-01-01T00:00:00.0005Z""#).sql, "r.created <= ?3");
    assert_eq!(bound(r#"meta.created eq "1970-01-01T00:00:00.0005Z""#).sql, "(1 = 0)");
    assert_eq!(
        bound(r#"meta.created ne "1970-01-01T00:00:00.0005Z""#).sql,
        "(r.created IS NULL OR r.created IS NOT NULL)"
    );
}

// F29
#[test]
fn what_the_columns_cannot_answer_is_refused_by_name() {
    let refused = |text: &str, columns: &Columns| condition(text, Dialect::Sqlite, columns).unwrap_err();
    let unsupported = |path: &str| SqlError::Unsupported { path: path.into() };
    assert_eq!(refused("meta.version pr", &columns()), unsupported("meta.version"));
    assert_eq!(refused("title pr", &Columns::new()), unsupported("title"));
    assert_eq!(
        refused("userName pr or emails pr", &Columns::new().column("userName", Column::text("n"))),
        unsupported("emails")
    );
    assert_eq!(refused("members[type eq \"User\"]", &columns()), unsupported("members.type"));
    assert_eq!(refused("members.display pr", &columns()), unsupported("members.display"));
    let error = refused("title pr", &Columns::new());
    assert_eq!((error.status(), error.scim_type()), (400, Some(ScimType::InvalidFilter)));
    assert_eq!(error.to_string(), "filtering on title is not supported");
    let wrong = refused("active eq true", &Columns::new().column("active", Column::text("a")));
    assert_eq!((wrong.status(), wrong), (500, SqlError::ColumnKind { path: "active".into() }));
    assert_eq!(
        refused(r#"userName eq "a\u0000""#, &columns()),
        SqlError::NulCharacter { path: "userName".into() }
    );
}

#[test]
fn the_end_of_a_prefix_range_is_the_next_text_behind_the_prefix() {
    let end = |text: &str| {
        let literal = serde_json::to_string(text).unwrap();
        condition(&format!("userName sw {literal}"), Dialect::Sqlite, &columns()).unwrap().values
    };
    let text = |text: &str| SqlValue::Text(text.into());
    assert_eq!(end("az"), [text("az"), text("a{")]);
    assert_eq!(end("a\u{10ffff}"), [text("a\u{10ffff}"), text("b")]);
    assert_eq!(end("\u{d7ff}"), [text("\u{d7ff}"), text("\u{e000}")]);
    assert_eq!(end("\u{10ffff}"), [text("\u{10ffff}")]);
    assert_eq!(end(""), []);
}

// F30
#[test]
fn a_complex_attribute_of_nothing_but_secrets_is_never_present() {
    let secret = serde_json::json!({ "name": "secret", "type": "string", "returned": "never" });
    let attributes = serde_json::json!([
        { "name": "one", "type": "complex", "subAttributes": [secret] },
        { "name": "many", "type": "complex", "multiValued": true, "subAttributes": [secret] },
    ]);
    let schema = serde_json::json!({ "id": "urn:example:Vault", "name": "Vault", "attributes": attributes });
    let vault = serde_json::json!({ "name": "Vault", "endpoint": "/Vaults", "schema": "urn:example:Vault" });
    let schemas =
        SchemaSet::builder().schema(&schema).unwrap().resource_type(&vault).unwrap().build().unwrap();
    let sql = |text: &str| {
        let filter = Filter::parse(text, &Limits::default()).unwrap();
        let filter = filter.bind(schemas.resource_type("Vault").unwrap(), &BindOptions::default()).unwrap();
        filter.to_sql(Dialect::Postgres, &Columns::new().document("d"), 1).unwrap().sql
    };
    assert_eq!(sql("one pr"), "(1 = 0)");
    assert_eq!(
        sql("many pr"),
        "EXISTS (SELECT 1 FROM jsonb_array_elements((d -> 'many')) AS scim_element(value) WHERE 1 = 0)"
    );
}
