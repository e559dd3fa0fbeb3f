//! Where filters and sorting find their values in the database.

use scim_filter::{Column, Columns, Table};
use scim_schema::{AttrPath, AttributeType, ResourceType, SortOrder};

use super::call::{GROUP, USER};
use crate::store::resources::Order;

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
    match kind.name() {
        USER => base
            .column("userName", Column::text("r.user_name_fold"))
            .column("displayName", Column::text("r.display_fold"))
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
        GROUP => base.column("displayName", Column::text("r.display_fold")).table(
            "members",
            Table::new("group_members AS m", "m.group_id", "r.resource_id")
                .only_if("m.tenant_id = $1")
                .column("value", Column::text("m.member_id")),
        ),
        _ => base.column("displayName", Column::text("r.display_fold")),
    }
}

/// The order of a list. Names come from the schema, never from the client.
pub(crate) fn order(path: Option<&AttrPath>, order: SortOrder) -> Order {
    let descending = order == SortOrder::Descending;
    match path.and_then(expression) {
        Some(value) => Order { value, nullable: true, descending },
        None => Order { value: "r.created_at".to_owned(), nullable: false, descending },
    }
}

/// The order of a list of several types; a type that lacks the attribute has no value (RFC 7644 3.4.2.1).
pub(crate) fn order_of_types(paths: &[(&str, Option<AttrPath>)], order: SortOrder) -> Order {
    let values: Vec<(&str, String)> =
        paths.iter().filter_map(|(kind, path)| Some((*kind, path.as_ref().and_then(expression)?))).collect();
    let cases = values.iter().map(|(kind, value)| {
        // The name of a type comes from its definition; a quote in it must stay a character.
        format!(" WHEN '{}' THEN {value}", kind.replace('\'', "''"))
    });
    let value = format!("CASE r.type{} END", cases.collect::<String>());
    if values.is_empty() {
        return self::order(None, order);
    }
    Order { value, nullable: true, descending: order == SortOrder::Descending }
}

fn expression(path: &AttrPath) -> Option<String> {
    let text = path.to_string();
    let column = match text.as_str() {
        "id" => "r.resource_id",
        "externalId" => "r.external_id",
        "userName" => "r.user_name_fold",
        "displayName" => "r.display_fold",
        "meta.created" => "r.created_at",
        "meta.lastModified" => "r.updated_at",
        _ => return document_expression(path),
    };
    Some(column.to_owned())
}

/// The value in the search document; of a multi-valued attribute the primary one, else the first.
fn document_expression(path: &AttrPath) -> Option<String> {
    let path = path.or_value();
    if path.target().kind == AttributeType::Complex {
        return None;
    }
    let mut steps: Vec<&str> = path.extension().into_iter().collect();
    steps.push(&path.attribute().name);
    let attribute = json_path(&steps)?;
    let sub = path.sub().map(|sub| json_path(&[&sub.name])).transpose_empty()?;
    if !path.attribute().multi_valued {
        return Some(match sub {
            Some(sub) => format!("json_extract(r.search, '${attribute}{sub}')"),
            None => format!("json_extract(r.search, '${attribute}')"),
        });
    }
    Some(match sub {
        Some(sub) => format!(
            "(SELECT json_extract(v.value, '${sub}') FROM json_each(r.search, '${attribute}') AS v \
             ORDER BY COALESCE(json_extract(v.value, '$.\"primary\"'), 0) DESC, v.key LIMIT 1)"
        ),
        None => format!("json_extract(r.search, '${attribute}[0]')"),
    })
}

/// Steps as a JSON path in single quotes; `None` for a name that would need more than quoting.
fn json_path(steps: &[&str]) -> Option<String> {
    steps.iter().try_fold(String::new(), |path, step| {
        let plain =
            step.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '$'));
        plain.then(|| format!("{path}.\"{step}\""))
    })
}

/// `Option<Option<T>>` where the inner absence is a failure and the outer one is not.
trait TransposeEmpty<T> {
    fn transpose_empty(self) -> Option<Option<T>>;
}

impl<T> TransposeEmpty<T> for Option<Option<T>> {
    fn transpose_empty(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(inner) => inner.map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_schema::SchemaSet;

    fn order_by(path: &str) -> String {
        let set = SchemaSet::standard();
        let user = set.resource_type("User").unwrap();
        order(Some(&user.resolve_attribute(path).unwrap()), SortOrder::Ascending).sql()
    }

    // M06
    #[test]
    fn sorting_takes_the_primary_value_or_the_first() {
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
    fn every_order_is_total() {
        assert!(order(None, SortOrder::Descending).sql().ends_with(", r.resource_id"));
        assert!(order_by("userName").ends_with(", r.resource_id"));
    }
}
