//! Lists and searches: of one type or of all, by index and by cursor (RFC 7644 3.4.2, RFC 9865).

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use chrono::TimeDelta;
use scim_filter::{BindOptions, BoundFilter, Dialect, Filter, SqlValue, UnknownAttributes};
use scim_schema::message::{CursorError, CursorScope, ListResponse, PageSizes, SearchRequest};
use scim_schema::{Projection, ResourceType, ScimType, SortOrder, parse_object};
use serde_json::{Value, json};
use tenant_model::{Operation, Scope, UnknownSort};

use super::call::Call;
use super::fault::Fault;
use super::view::{self, Computed};
use super::{MEDIA_TYPE, columns, leniency, read, sensitive};
use crate::http::answer::{Answer, typed};
use crate::http::body;
use crate::store::resources::{self, Bookmark, Bound, Condition, Order, Selection, Start, StoredResource};

/// Seconds that a cursor is good.
pub(super) const CURSOR_SECONDS: u32 = 3_600;

/// `GET /Users`, and at the root over all types.
pub(super) async fn list(call: &Call<'_>, over: &Over) -> Result<Answer, Fault> {
    let search = SearchRequest::from_query(call.query.pairs()).map_err(|error| Fault::of(&error))?;
    listed(call, over, &search).await
}

/// `POST /Users/.search`, and `/.search` over all types: the same, with the parameters in the body.
pub(super) async fn search(call: &Call<'_>, over: &Over, body: &mut Body) -> Result<Answer, Fault> {
    let bytes = body::read(take(body), body::SCIM_LIMIT).await?;
    let fields = parse_object(&bytes, &scim_schema::Limits::default()).map_err(|error| Fault::of(&error))?;
    let search = SearchRequest::from_json(&fields).map_err(|error| Fault::of(&error))?;
    listed(call, over, &search).await
}

/// The resource types that a list is over; the client may read all of them.
pub(super) struct Over {
    kinds: Vec<Arc<ResourceType>>,
    endpoint: String,
    /// The question stands in the URL.
    in_url: bool,
}

impl Over {
    /// One type.
    pub(super) fn one(call: &Call<'_>, kind: &Arc<ResourceType>) -> Result<Self, Fault> {
        call.allow(kind, Operation::Read)?;
        Ok(Self { kinds: vec![kind.clone()], endpoint: kind.endpoint().to_owned(), in_url: in_url(call) })
    }

    /// All that this client may read: others are not there for it, and their number tells nothing of them.
    pub(super) fn all(call: &Call<'_>) -> Result<Self, Fault> {
        let mut kinds = Vec::new();
        let mut refused = None;
        for kind in call.schemas.resource_types() {
            let name = kind.endpoint().trim_start_matches('/');
            match call.resource_type(name).and_then(|kind| call.allow(&kind, Operation::Read)) {
                Ok(()) => kinds.push(kind.clone()),
                Err(fault) => refused = Some(fault),
            }
        }
        match refused {
            Some(fault) if kinds.is_empty() => Err(fault),
            _ => Ok(Self { kinds, endpoint: "/".to_owned(), in_url: in_url(call) }),
        }
    }

    fn several(&self) -> bool {
        self.endpoint == "/"
    }
}

fn in_url(call: &Call<'_>) -> bool {
    call.parts.method == axum::http::Method::GET
}

async fn listed(call: &Call<'_>, over: &Over, search: &SearchRequest) -> Result<Answer, Fault> {
    let projections = over
        .kinds
        .iter()
        .map(|kind| Ok((kind.name(), search.projection(kind).map_err(|error| Fault::of(&error))?)))
        .collect::<Result<HashMap<&str, Projection>, Fault>>()?;
    let mut selection = Selection::default();
    for kind in &over.kinds {
        let first = selection.first_placeholder();
        selection.add(kind.name(), condition(call, over, kind, search.filter.as_deref(), first)?);
    }
    let order = order(call, over, search)?;
    let sizes = call.capabilities().page;
    let page = search.page(&PageSizes { default: sizes.default_size().into(), max: sizes.max_size().into() });
    let cursors = Cursors::of(call, over, search);
    let start = match &search.cursor {
        None => Start::Offset(page.offset()),
        Some(cursor) => Start::After(cursors.open(cursor)?),
    };
    let mut db = call.app.base.store.read().await?;
    let found = resources::list(&mut db, call.tenant(), &selection, &order, &start, page.count).await?;
    let mut computed: HashMap<String, Computed> = HashMap::new();
    for kind in &over.kinds {
        let rows: Vec<&StoredResource> =
            found.resources.iter().filter(|row| row.kind == kind.name()).collect();
        if let Some(projection) = projections.get(kind.name()) {
            computed.extend(read::computed(call, &mut db, kind, &rows, projection).await?);
        }
    }
    let mut shown = Vec::with_capacity(found.resources.len());
    for stored in &found.resources {
        let kind = over.kinds.iter().find(|kind| kind.name() == stored.kind);
        let (Some(kind), Some(projection)) = (kind, projections.get(stored.kind.as_str())) else { continue };
        let computed = computed.remove(&stored.id).unwrap_or_default();
        shown.push((projection, view::resource(call, kind, stored, &computed)));
    }
    let projected = shown.iter().map(|(projection, resource)| projection.project(resource)).collect();
    let list = match &search.cursor {
        None => ListResponse::by_index(projected, found.total, page.start_index),
        Some(_) => {
            let next = found.next.as_ref().map(|bookmark| cursors.seal(bookmark)).transpose()?;
            ListResponse::by_cursor(projected, found.total, next, None)
        }
    };
    Ok(typed(StatusCode::OK, MEDIA_TYPE, json!(list).to_string()))
}

fn order(call: &Call<'_>, over: &Over, search: &SearchRequest) -> Result<Order, Fault> {
    let dialect = call.app.base.store.dialect();
    let Some(by) = search.sort_by.as_deref().filter(|_| call.capabilities().sort) else {
        // RFC 7644 3.4.2.3: without `sortBy`, `sortOrder` means nothing.
        return Ok(columns::order(dialect, None, SortOrder::Ascending));
    };
    let mut paths = Vec::new();
    let mut unknown = None;
    for kind in &over.kinds {
        match kind.resolve_attribute(by) {
            Ok(path) => paths.push((kind.name(), Some(path))),
            Err(error) => unknown = Some(error),
        }
    }
    match (paths.as_slice(), unknown) {
        ([], Some(error)) if call.capabilities().unknown_sort == UnknownSort::Refuse => {
            Err(Fault::of(&error))
        }
        // RFC 7644 3.4.2.3: where no resource has data, they stay in their order.
        ([], Some(_)) => Ok(columns::order(dialect, None, SortOrder::Ascending)),
        ([(_, path)], _) if !over.several() => Ok(columns::order(dialect, path.as_ref(), search.sort_order)),
        _ => Ok(columns::order_of_types(dialect, &paths, search.sort_order)),
    }
}

/// Makes and opens the cursors of one question.
struct Cursors<'a> {
    call: &'a Call<'a>,
    over: &'a Over,
    search: &'a SearchRequest,
    /// What the token may do and what the tenant offers: when it changes, cursors end.
    permissions: String,
}

impl<'a> Cursors<'a> {
    fn of(call: &'a Call<'a>, over: &'a Over, search: &'a SearchRequest) -> Self {
        let granted: Vec<&str> = Scope::all()
            .into_iter()
            .filter(|scope| call.caller.authenticated.require(*scope).is_ok())
            .map(Scope::name)
            .collect();
        let permissions = json!([granted, call.capabilities().resources]).to_string();
        Self { call, over, search, permissions }
    }

    fn scope(&self) -> CursorScope<'_> {
        CursorScope {
            tenant: self.call.tenant().as_str(),
            actor: self.call.caller.authenticated.token().as_str(),
            permissions: &self.permissions,
            endpoint: &self.over.endpoint,
            query: self.search,
        }
    }

    fn seal(&self, bookmark: &Bookmark) -> Result<String, Fault> {
        let value = match &bookmark.value {
            None => Value::Null,
            Some(Bound::Bool(truth)) => json!(truth),
            Some(Bound::Integer(number)) => json!(number),
            Some(Bound::Real(number)) => json!(number),
            Some(Bound::Text(text)) => json!(text),
        };
        let expires = self.call.now.checked_add_signed(TimeDelta::seconds(CURSOR_SECONDS.into()));
        let expires = expires.unwrap_or(self.call.now);
        let key = self.call.app.base.keys.cursor_key();
        key.seal(&self.scope(), &json!([value, bookmark.id]), expires).map_err(|error| match error {
            CursorError::TooLong { .. } => Fault::typed(
                StatusCode::BAD_REQUEST,
                Some(ScimType::TooMany),
                "scim.cursor.too_long",
                "the values that the list is sorted by are too long for cursors: page by startIndex",
            ),
            other => Fault::of(&other),
        })
    }

    /// Where the page begins; an empty cursor is the beginning.
    fn open(&self, cursor: &str) -> Result<Option<Bookmark>, Fault> {
        if cursor.is_empty() {
            return Ok(None);
        }
        let key = self.call.app.base.keys.cursor_key();
        let opened = key.open(&self.scope(), cursor, self.call.now).map_err(|error| Fault::of(&error))?;
        let invalid = || Fault::of(&CursorError::Invalid);
        let [value, id] = opened.as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(invalid());
        };
        let value = match value {
            Value::Null => None,
            Value::Bool(truth) => Some(Bound::Bool(*truth)),
            Value::String(text) => Some(Bound::Text(text.clone())),
            number => Some(match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Bound::Integer(number),
                (None, Some(number)) => Bound::Real(number),
                (None, None) => return Err(invalid()),
            }),
        };
        Ok(Some(Bookmark { value, id: id.as_str().ok_or_else(invalid)?.to_owned() }))
    }
}

/// The filter as SQL with bound values; what the columns cannot answer is refused, never answered half.
fn condition(
    call: &Call<'_>,
    over: &Over,
    kind: &ResourceType,
    filter: Option<&str>,
    first: usize,
) -> Result<Condition, Fault> {
    let Some(filter) = filter else { return Ok(Condition::default()) };
    let limits = scim_filter::Limits::default();
    let filter = if call.leniency.loose_filters() {
        let (filter, was_loose) = Filter::parse_loose(filter, &limits).map_err(|error| Fault::of(&error))?;
        if was_loose {
            call.noted.one(leniency::LOOSE_FILTERS);
        }
        filter
    } else {
        Filter::parse(filter, &limits).map_err(|error| Fault::of(&error))?
    };
    if over.in_url {
        sensitive::check(&filter, kind, &call.capabilities().sensitive)?;
    }
    let options = BindOptions {
        string_booleans: call.leniency.string_booleans_in_filters(),
        unknown_attributes: if over.several() {
            UnknownAttributes::NoValue
        } else {
            UnknownAttributes::Refuse
        },
    };
    let bound = filter.bind(kind, &options).map_err(|error| Fault::of(&error))?;
    if bound.used_string_booleans() {
        call.noted.one(leniency::STRING_BOOLEANS_IN_FILTER);
    }
    translated(kind, &bound, call.app.base.store.dialect(), first)
}

fn translated(
    kind: &ResourceType,
    bound: &BoundFilter,
    dialect: Dialect,
    first: usize,
) -> Result<Condition, Fault> {
    let sql = bound.to_sql(dialect, &columns::of(kind), first).map_err(|error| Fault::of(&error))?;
    let values = sql.values.into_iter().map(|value| match value {
        SqlValue::Bool(value) => Bound::Bool(value),
        SqlValue::Integer(value) => Bound::Integer(value),
        SqlValue::Real(value) => Bound::Real(value),
        SqlValue::Text(value) => Bound::Text(value),
    });
    let condition = Condition { sql: sql.sql, values: values.collect() };
    Ok(columns::by_unique_value(bound, kind, dialect, condition, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Database;
    use crate::store::Store;
    use scim_schema::{SchemaSet, SortOrder};
    use tenant_model::TenantId;

    /// How the database counts and lists the users that a filter finds, or all.
    async fn plans(store: &Store, filter: Option<&str>, start: &Start) -> [String; 2] {
        let set = SchemaSet::standard();
        let user = set.resource_type("User").unwrap();
        let mut selection = Selection::default();
        let first = selection.first_placeholder();
        let condition = filter.map_or_else(Condition::default, |filter| {
            let filter = Filter::parse(filter, &scim_filter::Limits::default()).unwrap();
            let bound = filter.bind(user, &BindOptions::default()).unwrap();
            translated(user, &bound, store.dialect(), first).unwrap()
        });
        selection.add("User", condition);
        let order = columns::order(store.dialect(), None, SortOrder::Ascending);
        let mut db = store.read().await.unwrap();
        resources::plans(&mut db, &TenantId::parse("acme").unwrap(), &selection, &order, start).await
    }

    /// RFC 9865: a page in the middle begins where the one before ended, and walks over nothing.
    async fn pages_are_sought(store: &Store, sorts: &str, seeks: &str) {
        let bookmark = Bookmark { value: Some(Bound::Integer(7)), id: "x".to_owned() };
        for start in [Start::Offset(0), Start::After(None), Start::After(Some(bookmark))] {
            let [_, plan] = plans(store, None, &start).await;
            assert!(
                plan.contains("scim_resources_type") && !plan.contains(sorts),
                "a list is sorted: {plan}"
            );
            assert_eq!(plan.contains(seeks), matches!(start, Start::After(Some(_))), "{plan}");
        }
    }

    #[tokio::test]
    async fn what_clients_look_people_up_by_is_found_by_an_index() {
        let file = std::env::temp_dir().join(format!("example-server-plan-{}.sqlite", std::process::id()));
        let store = Store::open(&Database::Sqlite(file.clone())).await.unwrap();
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
            for plan in plans(&store, Some(filter), &Start::Offset(0)).await {
                assert!(plan.contains(index), "{filter}: {plan}");
                assert!(!plan.contains("SCAN r"), "{filter}: {plan}");
                assert!(!plan.contains("scim_resources_type"), "{filter} looks at every user: {plan}");
            }
        }
        pages_are_sought(&store, "TEMP B-TREE", "(created_at,resource_id)>(?,?)").await;
        store.close().await;
        std::fs::remove_file(&file).unwrap();
    }

    #[tokio::test]
    async fn what_clients_look_people_up_by_is_found_by_an_index_on_postgres() {
        let Some(server) = testkit::postgres::Postgres::start() else { return };
        let store = Store::open(&server.url("postgres").parse().unwrap()).await.unwrap();
        let mut tx = store.begin_unlocked().await.unwrap();
        for sql in [
            "INSERT INTO tenants (tenant_id, profile, body, created_at, version) VALUES ('acme', 'x', '{}', 0, 1)",
            "INSERT INTO scim_resources (tenant_id, resource_id, type, connection_id, user_name_fold, external_id, \
             display_fold, body, search, created_at, updated_at, version) SELECT 'acme', 'user-' || i, 'User', 'scim', \
             'user-' || i, 'x' || i, 'name ' || i, '{}', '{}', i, i, 1 FROM generate_series(1, 20000) AS i",
            "INSERT INTO resource_values (tenant_id, attribute, value_fold, resource_id) \
             SELECT 'acme', 'emails.value', 'mail-' || i, 'user-' || i FROM generate_series(1, 20000) AS i",
            "ANALYZE",
        ] {
            sqlx::query(sql).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        for (filter, index) in [
            (r#"userName eq "x""#, "scim_resources_user_name"),
            (r#"userName sw "user-77""#, "scim_resources_user_name"),
            (r#"externalId eq "x""#, "scim_resources_external"),
            (r#"emails.value eq "x""#, "resource_values_pkey"),
            (r#"emails[type eq "work"].value eq "x""#, "resource_values_pkey"),
            (r#"id eq "x""#, "scim_resources_pkey"),
            (r#"displayName eq "x""#, "scim_resources_display"),
        ] {
            for plan in plans(&store, Some(filter), &Start::Offset(0)).await {
                assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{filter}: {plan}");
            }
        }
        pages_are_sought(&store, "Sort", "ROW(created_at, resource_id) >").await;
        store.close().await;
    }
}
