//! Reading: one resource, lists, searches.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use scim_filter::{BindOptions, Dialect, Filter, SqlValue};
use scim_schema::message::{ListResponse, PageSizes, SearchRequest};
use scim_schema::{Projection, ResourceType, Verdict, parse_object};
use serde_json::json;
use sqlx::AnyConnection;
use tenant_model::{Operation, QuirkPreset};

use super::call::{Call, GROUP, USER};
use super::fault::Fault;
use super::view::{self, Computed};
use super::{MEDIA_TYPE, columns};
use crate::http::answer::{Answer, typed};
use crate::http::body;
use crate::store::StoreError;
use crate::store::members::{self, Membership};
use crate::store::resources::{self, Bound, Condition, StoredResource};

/// `GET /Users/{id}`.
pub(super) async fn one(call: &Call<'_>, kind: &ResourceType, id: &str) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Read)?;
    let projection = call.projection(kind)?;
    let mut db = call.app.base.store.read().await?;
    let stored = resources::find(&mut db, call.tenant(), kind.name(), id).await?;
    let stored = stored.ok_or_else(|| Fault::unknown("such resource"))?;
    if Call::verdict(&call.condition()?, &stored, false)? == Verdict::NotModified {
        let mut answer = typed(StatusCode::NOT_MODIFIED, MEDIA_TYPE, Body::empty());
        set_version(call, &mut answer, &stored);
        return Ok(answer);
    }
    shown(call, &mut db, kind, &stored, &projection, StatusCode::OK).await
}

/// `GET /Users`.
pub(super) async fn list(call: &Call<'_>, kind: &ResourceType) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Read)?;
    let search = SearchRequest::from_query(call.query.pairs()).map_err(|error| Fault::of(&error))?;
    listed(call, kind, &search).await
}

/// `POST /Users/.search`: the same, with the parameters in the body.
pub(super) async fn search(call: &Call<'_>, kind: &ResourceType, body: Body) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Read)?;
    let bytes = body::read(body, body::SCIM_LIMIT).await?;
    let fields = parse_object(&bytes, &scim_schema::Limits::default()).map_err(|error| Fault::of(&error))?;
    let search = SearchRequest::from_json(&fields).map_err(|error| Fault::of(&error))?;
    listed(call, kind, &search).await
}

/// One resource as an answer, with its version and its address.
pub(super) async fn shown(
    call: &Call<'_>,
    db: &mut AnyConnection,
    kind: &ResourceType,
    stored: &StoredResource,
    projection: &Projection,
    status: StatusCode,
) -> Result<Answer, Fault> {
    let computed =
        computed(call, db, kind, &[stored], projection).await?.remove(&stored.id).unwrap_or_default();
    let resource = view::resource(call, kind, stored, &computed);
    let mut answer = typed(status, MEDIA_TYPE, json!(projection.project(&resource)).to_string());
    set_version(call, &mut answer, stored);
    let location = HeaderValue::from_str(&kind.location(&call.base_url, &stored.id)).ok();
    if let (Some(location), StatusCode::CREATED) = (&location, status) {
        answer.headers_mut().insert(header::LOCATION, location.clone());
    }
    if let Some(location) = location {
        answer.headers_mut().insert(header::CONTENT_LOCATION, location);
    }
    Ok(answer)
}

/// The ETag of an answer about one resource.
pub(super) fn set_version(call: &Call<'_>, answer: &mut Answer, stored: &StoredResource) {
    if let (true, Ok(tag)) =
        (call.capabilities().etag, HeaderValue::from_str(&view::version(stored.version).to_string()))
    {
        answer.headers_mut().insert(header::ETAG, tag);
    }
}

async fn listed(call: &Call<'_>, kind: &ResourceType, search: &SearchRequest) -> Result<Answer, Fault> {
    let projection = search.projection(kind).map_err(|error| Fault::of(&error))?;
    let condition = condition(call, kind, search.filter.as_deref())?;
    let sort_by = match search.sort_by.as_deref().filter(|_| call.capabilities().sort) {
        Some(path) => Some(kind.resolve_attribute(path).map_err(|error| Fault::of(&error))?),
        None => None,
    };
    let order = columns::order(sort_by.as_ref(), search.sort_order);
    let sizes = call.capabilities().page;
    let page = search.page(&PageSizes { default: sizes.default_size().into(), max: sizes.max_size().into() });
    let mut db = call.app.base.store.read().await?;
    let (offset, count) = (page.offset(), page.count);
    let found =
        resources::list(&mut db, call.tenant(), kind.name(), &condition, &order, offset, count).await?;
    let rows: Vec<&StoredResource> = found.resources.iter().collect();
    let mut computed = computed(call, &mut db, kind, &rows, &projection).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for stored in rows {
        shown.push(view::resource(call, kind, stored, &computed.remove(&stored.id).unwrap_or_default()));
    }
    let projected = shown.iter().map(|resource| projection.project(resource)).collect();
    let list = ListResponse::by_index(projected, found.total, page.start_index);
    Ok(typed(StatusCode::OK, MEDIA_TYPE, json!(list).to_string()))
}

/// The filter as SQL with bound values; what the columns cannot answer is refused, never answered half.
fn condition(call: &Call<'_>, kind: &ResourceType, filter: Option<&str>) -> Result<Condition, Fault> {
    let Some(filter) = filter else { return Ok(Condition::default()) };
    let string_booleans = call.capabilities().quirks == QuirkPreset::Tolerant;
    translated(kind, filter, string_booleans, call.app.base.store.dialect())
}

fn translated(
    kind: &ResourceType,
    filter: &str,
    string_booleans: bool,
    dialect: Dialect,
) -> Result<Condition, Fault> {
    let filter = Filter::parse(filter, &scim_filter::Limits::default()).map_err(|error| Fault::of(&error))?;
    let options = BindOptions { string_booleans, ..BindOptions::default() };
    let bound = filter.bind(kind, &options).map_err(|error| Fault::of(&error))?;
    let sql =
        bound.to_sql(dialect, &columns::of(kind), FIRST_PLACEHOLDER).map_err(|error| Fault::of(&error))?;
    let values = sql.values.into_iter().map(|value| match value {
        SqlValue::Bool(value) => Bound::Integer(value.into()),
        SqlValue::Integer(value) => Bound::Integer(value),
        SqlValue::Real(value) => Bound::Real(value),
        SqlValue::Text(value) => Bound::Text(value),
    });
    Ok(Condition { sql: sql.sql, values: values.collect() })
}

/// Loads what is not in the rows, only if the answer shows it.
async fn computed(
    call: &Call<'_>,
    db: &mut AnyConnection,
    kind: &ResourceType,
    rows: &[&StoredResource],
    projection: &Projection,
) -> Result<HashMap<String, Computed>, StoreError> {
    let needs = |name: &str| kind.resolve_attribute(name).is_ok_and(|path| projection.needs(&path));
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut out = HashMap::new();
    if kind.name() == GROUP && needs("members") {
        for (id, members) in members::of_groups(db, call.tenant(), &ids).await? {
            out.insert(id, Computed { members: Some(members), groups: None });
        }
    } else if kind.name() == USER && needs("groups") {
        for (id, groups) in members::of_members(db, call.tenant(), &ids).await? {
            let groups: Vec<Membership> = groups;
            out.insert(id, Computed { members: None, groups: Some(groups) });
        }
    }
    Ok(out)
}

/// After the tenant and the resource type.
const FIRST_PLACEHOLDER: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Database;
    use crate::store::Store;
    use scim_schema::{SchemaSet, SortOrder};
    use tenant_model::TenantId;

    #[tokio::test]
    async fn what_clients_look_people_up_by_is_found_by_an_index() {
        let file = std::env::temp_dir().join(format!("example-server-plan-{}.sqlite", std::process::id()));
        let store = Store::open(&Database::Sqlite(file.clone())).await.unwrap();
        let set = SchemaSet::standard();
        let user = set.resource_type("User").unwrap();
        let tenant = TenantId::parse("acme").unwrap();
        let order = columns::order(None, SortOrder::Ascending);
        let mut db = store.read().await.unwrap();
        for (filter, index) in [
            (r#"userName eq "x""#, "scim_resources_user_name"),
            (r#"externalId eq "x""#, "scim_resources_external"),
            (r#"emails.value eq "x""#, "PRIMARY KEY (tenant_id=? AND attribute=? AND value_fold=?)"),
            (
                r#"emails[type eq "work"].value eq "x""#,
                "PRIMARY KEY (tenant_id=? AND attribute=? AND value_fold=?)",
            ),
            (r#"id eq "x""#, "PRIMARY KEY (tenant_id=? AND resource_id=?)"),
            (r#"displayName eq "x""#, "scim_resources_display"),
        ] {
            let condition = translated(user, filter, false, store.dialect()).unwrap();
            for plan in resources::plans(&mut db, &tenant, &condition, &order).await {
                assert!(plan.contains(index), "{filter}: {plan}\n{}", condition.sql);
                assert!(!plan.contains("SCAN r"), "{filter}: {plan}");
                assert!(!plan.contains("scim_resources_type"), "{filter} looks at every user: {plan}");
            }
        }
        let all = Condition::default();
        let [_, plan] = resources::plans(&mut db, &tenant, &all, &order).await;
        assert!(
            plan.contains("scim_resources_type") && !plan.contains("TEMP B-TREE"),
            "a list is sorted: {plan}"
        );
        drop(db);
        store.close().await;
        std::fs::remove_file(&file).unwrap();
    }
}
