//! Reading: one resource, lists, searches.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use scim_filter::{BindOptions, Dialect, Filter, SqlValue};
use scim_schema::{AttrPath, Projection, Resource, ResourceType, ScimType, parse_object};
use serde_json::{Map, Value, json};
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
    if call.unchanged(&stored) {
        let mut answer = typed(StatusCode::NOT_MODIFIED, MEDIA_TYPE, Body::empty());
        set_version(call, &mut answer, &stored);
        return Ok(answer);
    }
    shown(call, &mut db, kind, &stored, &projection, StatusCode::OK).await
}

/// `GET /Users`.
pub(super) async fn list(call: &Call<'_>, kind: &ResourceType) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Read)?;
    let text = |name: &str| call.query.any_case(name).map(str::to_owned);
    let query = ListQuery {
        filter: text("filter"),
        sort_by: text("sortBy"),
        descending: is_descending(text("sortOrder").as_deref()),
        start: number(text("startIndex").as_deref(), "startIndex")?,
        count: number(text("count").as_deref(), "count")?,
        projection: call.projection(kind)?,
    };
    listed(call, kind, &query).await
}

/// `POST /Users/.search`: the same, with the parameters in the body.
pub(super) async fn search(call: &Call<'_>, kind: &ResourceType, body: Body) -> Result<Answer, Fault> {
    call.allow(kind, Operation::Read)?;
    let bytes = body::read(body, body::SCIM_LIMIT).await?;
    let fields = parse_object(&bytes, &scim_schema::Limits::default()).map_err(|error| Fault::of(&error))?;
    let get =
        |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| match get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(wrong(name)),
    };
    let names = |name: &str| match get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(names)) => {
            let texts = names.iter().map(|name| name.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().ok_or_else(|| wrong(name))
        }
        Some(_) => Err(wrong(name)),
    };
    let projection = Projection::new(kind, &names("attributes")?, &names("excludedAttributes")?)
        .map_err(|error| Fault::of(&error))?;
    let query = ListQuery {
        filter: text("filter")?,
        sort_by: text("sortBy")?,
        descending: is_descending(text("sortOrder")?.as_deref()),
        start: number(text("startIndex")?.as_deref(), "startIndex")?,
        count: number(text("count")?.as_deref(), "count")?,
        projection,
    };
    listed(call, kind, &query).await
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
    let location = HeaderValue::from_str(&view::location(call, kind, &stored.id)).ok();
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
    if let (true, Ok(tag)) = (call.capabilities().etag, HeaderValue::from_str(&view::version(stored.version)))
    {
        answer.headers_mut().insert(header::ETAG, tag);
    }
}

struct ListQuery {
    filter: Option<String>,
    sort_by: Option<String>,
    descending: bool,
    start: Option<i64>,
    count: Option<i64>,
    projection: Projection,
}

async fn listed(call: &Call<'_>, kind: &ResourceType, query: &ListQuery) -> Result<Answer, Fault> {
    let condition = condition(call, kind, query.filter.as_deref())?;
    let sort_by = query.sort_by.as_deref().filter(|_| call.capabilities().sort);
    let sort_by: Option<AttrPath> = match sort_by {
        Some(name) if !name.is_empty() => {
            Some(kind.resolve_attribute(name).map_err(|error| Fault::of(&error))?)
        }
        _ => None,
    };
    let order = columns::order(sort_by.as_ref(), query.descending);
    let start = u64::try_from(query.start.unwrap_or(1).max(1)).unwrap_or(1);
    let page = call.capabilities().page;
    // RFC 7644 3.4.2.4: a negative count is zero, and never more than what was asked for.
    let count = match query.count {
        None => u64::from(page.default_size()),
        Some(count) => u64::try_from(count).unwrap_or(0).min(u64::from(page.max_size())),
    };
    let mut db = call.app.base.store.read().await?;
    let offset = start.saturating_sub(1);
    let found =
        resources::list(&mut db, call.tenant(), kind.name(), &condition, &order, offset, count).await?;
    let rows: Vec<&StoredResource> = found.resources.iter().collect();
    let mut computed = computed(call, &mut db, kind, &rows, &query.projection).await?;
    let mut resources = Vec::with_capacity(rows.len());
    for stored in rows {
        let computed = computed.remove(&stored.id).unwrap_or_default();
        let resource: Resource = view::resource(call, kind, stored, &computed);
        resources.push(Value::Object(query.projection.project(&resource).to_map()));
    }
    let mut out = Map::new();
    out.insert("schemas".to_owned(), json!([scim_schema::urn::LIST_RESPONSE]));
    out.insert("totalResults".to_owned(), json!(found.total));
    out.insert("startIndex".to_owned(), json!(start));
    out.insert("itemsPerPage".to_owned(), json!(resources.len()));
    out.insert("Resources".to_owned(), Value::Array(resources));
    Ok(typed(StatusCode::OK, MEDIA_TYPE, Value::Object(out).to_string()))
}

/// The filter as SQL with bound values; what the columns cannot answer is refused, never answered half.
fn condition(call: &Call<'_>, kind: &ResourceType, filter: Option<&str>) -> Result<Condition, Fault> {
    let Some(filter) = filter else { return Ok(Condition::default()) };
    let filter = Filter::parse(filter, &scim_filter::Limits::default()).map_err(|error| Fault::of(&error))?;
    let string_booleans = call.capabilities().quirks == QuirkPreset::Tolerant;
    let options = BindOptions { string_booleans, ..BindOptions::default() };
    let bound = filter.bind(kind, &options).map_err(|error| Fault::of(&error))?;
    let sql = bound
        .to_sql(Dialect::Sqlite, &columns::of(kind), FIRST_PLACEHOLDER)
        .map_err(|error| Fault::of(&error))?;
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

fn number(text: Option<&str>, name: &str) -> Result<Option<i64>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    // Too big for 64 bits is still a number: as big as it gets.
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(name));
    }
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(Some(text.parse().unwrap_or(limit)))
}

fn is_descending(order: Option<&str>) -> bool {
    order.is_some_and(|order| order.eq_ignore_ascii_case("descending"))
}

fn wrong(name: &str) -> Fault {
    Fault::typed(
        StatusCode::BAD_REQUEST,
        Some(ScimType::InvalidValue),
        "scim.search.value",
        format!("the value of {name} is not of the right type"),
    )
}

/// After the tenant and the resource type.
const FIRST_PLACEHOLDER: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    // M07
    #[test]
    fn page_numbers_of_any_size_are_numbers_and_nothing_else_is() {
        assert_eq!(number(Some("-1"), "count").unwrap(), Some(-1));
        assert_eq!(number(Some("99999999999999999999"), "count").unwrap(), Some(i64::MAX));
        assert_eq!(number(Some(""), "count").unwrap(), None);
        assert!(number(Some("ten"), "count").is_err());
        assert!(number(Some("1.5"), "count").is_err());
    }
}
