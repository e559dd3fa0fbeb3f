//! Where filters and sorting find their values in the database.

use scim_filter::{BoundFilter, Column, Columns, Dialect, Table};
use scim_schema::{AttrPath, AttributeType, ResourceType, SortOrder, Uniqueness};

use super::call::{GROUP, USER};
use crate::store::resources::{Bound, Condition, Order};

/// The column map of a resource type; the outer table is `scim_resources AS r`, `$1` is the tenant.
pub(crate) fn of(kind: &ResourceType) -> Columns {
    let base = Columns::new()
        .document("r.search")
        .column("id", Column::text("r.resource_id"))
        .column("externalId", Column::text("r.external_id"))
        .column("meta.created", Column::instant_millis("r.created_at"))
        .column("meta.lastModified", Column::instant_millis("r.updated_at"))
        .column("meta.resourceType", Column::text("r.type"))
        .column("meta.version", Column::text("('W/\"' || r.version || '\"')"))
        .deny("meta.location");
    let base = OWN_COLUMNS
        .into_iter()
        .filter(|(name, _)| has_own_column(kind, name))
        .fold(base, |columns, (name, column)| columns.column(name, Column::text(column)));
    match kind.name() {
        USER => base
            .table(
                "emails.value",
                Table::new("resource_values AS e", "e.resource_id", "r.resource_id")
                    .only_if("e.tenant_id = $1 AND e.attribute = 'emails.value'")
                    .column("value", Column::text("e.value_fold")),
            )
            .table(
                "groups",
                Table::new("group_members AS g", "g.member_id", "r.resource_id")
                    .only_if("g.tenant_id = $1")
                    .column("value", Column::text("g.group_id")),
            ),
        GROUP => base.table(
            "members",
            Table::new("group_members AS m", "m.group_id", "r.resource_id")
                .only_if("m.tenant_id = $1")
                .column("value", Column::text("m.member_id")),
        ),
        _ => base,
    }
}

/// Whether the attribute of this name has a column of its own. Other resource types may have attributes that are called
/// `userName` and `displayName` and are something else.
pub(crate) fn has_own_column(kind: &ResourceType, name: &str) -> bool {
    kind.resolve_attribute(name).is_ok_and(|path| own_column(&path).is_some())
}

fn own_column(path: &AttrPath) -> Option<&'static str> {
    let attribute = path.attribute();
    let is_plain = path.extension().is_none()
        && path.sub().is_none()
        && attribute.kind == AttributeType::String
        && !attribute.multi_valued
        && !attribute.case_exact;
    let unique_as_it_must_be = attribute.name != "userName" || attribute.uniqueness != Uniqueness::None;
    let column = OWN_COLUMNS.into_iter().find(|(name, _)| *name == attribute.name);
    column.filter(|_| is_plain && unique_as_it_must_be).map(|(_, column)| column)
}

/// Adds the index to a filter that a unique value decides: what is unique stands in a table of its own.
pub(crate) fn by_unique_value(
    filter: &BoundFilter,
    kind: &ResourceType,
    dialect: Dialect,
    condition: Condition,
    first: usize,
) -> Condition {
    let Some(lookup) = filter.equality_lookup() else { return condition };
    let attribute = lookup.path.to_string();
    if attribute == "id" || own_column(lookup.path).is_some() {
        return condition;
    }
    // As the filter's own are written: SQLite counts `$4` as the next one, whatever its number, and `?4` as the fourth.
    let mark = if dialect == Dialect::Sqlite { '?' } else { '$' };
    let place = |number: usize| {
        format!("{mark}{}", first.saturating_add(condition.values.len()).saturating_add(number))
    };
    let sql = format!(
        "(r.resource_id IN (SELECT u.resource_id FROM unique_values AS u WHERE u.tenant_id = $1 \
         AND u.type = {} AND u.attribute = {} AND u.value_key = {}) AND {})",
        place(0),
        place(1),
        place(2),
        condition.sql
    );
    let key = [kind.name().to_owned(), attribute, lookup.key.to_owned()].map(Bound::Text);
    Condition { sql, values: condition.values.into_iter().chain(key).collect() }
}

/// The order of a list. Names come from the schema, never from the client.
pub(crate) fn order(dialect: Dialect, path: Option<&AttrPath>, order: SortOrder) -> Order {
    let descending = order == SortOrder::Descending;
    match path.and_then(|path| expression(dialect, path)) {
        Some(found) => Order { value: found.sql, nullable: true, descending },
        None => Order { value: "r.created_at".to_owned(), nullable: false, descending },
    }
}

/// The order of a list of several types; a type that lacks the attribute has no value (RFC 7644 3.4.2.1).
pub(crate) fn order_of_types(
    dialect: Dialect,
    paths: &[(&str, Option<AttrPath>)],
    order: SortOrder,
) -> Order {
    let values: Vec<(&str, Expression)> = paths
        .iter()
        .filter_map(|(kind, path)| Some((*kind, path.as_ref().and_then(|path| expression(dialect, path))?)))
        .collect();
    let Some((_, first)) = values.first() else {
        return self::order(dialect, None, order);
    };
    let alike = values.iter().all(|(_, found)| found.is_text == first.is_text);
    let cases = values.iter().map(|(kind, found)| {
        let value = match dialect {
            // A column has one type there.
            Dialect::Postgres if !alike => format!("CAST({} AS text)", found.sql),
            _ => found.sql.clone(),
        };
        // The name of a type comes from its definition; a quote in it must stay a character.
        format!(" WHEN '{}' THEN {value}", kind.replace('\'', "''"))
    });
    let mut value = format!("CASE r.type{} END", cases.collect::<String>());
    if dialect == Dialect::Postgres && (first.is_text || !alike) {
        value = by_bytes(&value);
    }
    Order { value, nullable: true, descending: order == SortOrder::Descending }
}

/// An SQL expression to sort by.
struct Expression {
    sql: String,
    /// Text, and not a number.
    is_text: bool,
}

fn expression(dialect: Dialect, path: &AttrPath) -> Option<Expression> {
    if let Some(column) = own_column(path) {
        return Some(Expression { sql: column.to_owned(), is_text: true });
    }
    let text = path.to_string();
    let (column, is_text) = match text.as_str() {
        "id" => ("r.resource_id", true),
        "externalId" => ("r.external_id", true),
        "meta.created" => ("r.created_at", false),
        "meta.lastModified" => ("r.updated_at", false),
        _ => return document_expression(dialect, path),
    };
    Some(Expression { sql: column.to_owned(), is_text })
}

/// The value in the search document; of a multi-valued attribute the primary one, else the first.
fn document_expression(dialect: Dialect, path: &AttrPath) -> Option<Expression> {
    let path = path.or_value();
    let kind = path.target().kind;
    if kind == AttributeType::Complex {
        return None;
    }
    let mut steps: Vec<&str> = path.extension().into_iter().collect();
    steps.push(&path.attribute().name);
    let sub = path.sub().map(|sub| sub.name.as_str());
    if !steps.iter().copied().chain(sub).all(is_plain) {
        return None;
    }
    let several = path.attribute().multi_valued;
    let sql = match dialect {
        Dialect::Postgres => postgres_value(&steps, sub, several, kind),
        Dialect::Sqlite => sqlite_value(&steps, sub, several),
    };
    let is_number = matches!(kind, AttributeType::Boolean | AttributeType::Decimal | AttributeType::Integer);
    Some(Expression { sql, is_text: !is_number })
}

fn sqlite_value(steps: &[&str], sub: Option<&str>, several: bool) -> String {
    let json_path = |steps: &[&str]| steps.iter().map(|step| format!(".\"{step}\"")).collect::<String>();
    let attribute = json_path(steps);
    match sub.map(|sub| json_path(&[sub])) {
        Some(sub) if several => format!(
            "(SELECT json_extract(v.value, '${sub}') FROM json_each(r.search, '${attribute}') AS v \
             ORDER BY COALESCE(json_extract(v.value, '$.\"primary\"'), 0) DESC, v.key LIMIT 1)"
        ),
        Some(sub) => format!("json_extract(r.search, '${attribute}{sub}')"),
        None if several => format!("json_extract(r.search, '${attribute}[0]')"),
        None => format!("json_extract(r.search, '${attribute}')"),
    }
}

fn postgres_value(steps: &[&str], sub: Option<&str>, several: bool, kind: AttributeType) -> String {
    let attribute: String = steps.iter().map(|step| format!(" -> '{step}'")).collect();
    let found = match sub {
        Some(sub) if several => format!(
            "(SELECT v.value ->> '{sub}' FROM jsonb_array_elements(r.search{attribute}) \
             WITH ORDINALITY AS v(value, place) \
             ORDER BY COALESCE(CAST(v.value ->> 'primary' AS boolean), FALSE) DESC, v.place LIMIT 1)"
        ),
        Some(sub) => format!("(r.search{attribute} ->> '{sub}')"),
        None if several => format!("(r.search{attribute} ->> 0)"),
        None => format!("(r.search{attribute} #>> '{{}}')"),
    };
    match kind {
        // 0 and 1, as in the other database.
        AttributeType::Boolean => format!("CAST(CAST({found} AS boolean) AS integer)"),
        AttributeType::Decimal | AttributeType::Integer => format!("CAST({found} AS double precision)"),
        _ => by_bytes(&found),
    }
}

/// In the order of code points, whatever the locale of a PostgreSQL database.
fn by_bytes(sql: &str) -> String {
    format!("({sql} COLLATE \"C\")")
}

/// Whether a name can stand in quotes as it is.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '$'))
}

/// Attributes with columns of their own, which hold their folded values.
const OWN_COLUMNS: [(&str, &str); 2] = [("displayName", "r.display_fold"), ("userName", "r.user_name_fold")];

#[cfg(test)]
mod tests {
    use super::*;
    use scim_schema::SchemaSet;

    fn order_by(dialect: Dialect, path: &str) -> String {
        let set = SchemaSet::standard();
        let user = set.resource_type("User").unwrap();
        order(dialect, Some(&user.resolve_attribute(path).unwrap()), SortOrder::Ascending).sql()
    }

    // M06
    #[test]
    fn sorting_takes_the_primary_value_or_the_first() {
        let order_by = |path| order_by(Dialect::Sqlite, path);
        assert!(order_by("userName").starts_with("r.user_name_fold ASC NULLS LAST"));
        assert!(
            order_by("name.familyName")
                .starts_with("json_extract(r.search, '$.\"name\".\"familyName\"') ASC")
        );
        assert!(order_by("emails").contains("json_each(r.search, '$.\"emails\"')"));
        assert!(
            order_by("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department").contains(
                "'$.\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\".\"department\"'"
            )
        );
    }

    #[test]
    fn on_postgres_text_sorts_by_its_bytes_and_truth_as_a_number() {
        let order_by = |path| order_by(Dialect::Postgres, path);
        assert!(order_by("userName").starts_with("r.user_name_fold ASC NULLS LAST"));
        assert!(
            order_by("name.familyName")
                .starts_with("((r.search -> 'name' ->> 'familyName') COLLATE \"C\") ASC")
        );
        assert!(
            order_by("active")
                .starts_with("CAST(CAST((r.search -> 'active' #>> '{}') AS boolean) AS integer) ASC")
        );
        assert!(order_by("emails").contains("jsonb_array_elements(r.search -> 'emails') WITH ORDINALITY"));
    }

    #[test]
    fn every_order_is_total() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            assert!(order(dialect, None, SortOrder::Descending).sql().ends_with(", r.resource_id"));
            assert!(order_by(dialect, "userName").ends_with(", r.resource_id"));
        }
    }
}
