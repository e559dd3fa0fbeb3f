//! Users and groups as the directories provisioned them, and the accounts that follow from them.

use axum::http::StatusCode;
use maud::{Markup, html};
use scim_schema::fold;
use serde_json::{Map, Value};
use sqlx::AnyConnection;
use tenant_model::{AuditEvent, GrantOrigin, Person, PersonId};

use super::form::{self, Errors, Input};
use super::guard::{Done, InTenant, Trouble};
use super::show;
use crate::clock::{from_millis, millis};
use crate::http::answer::Refusal;
use crate::http::scim::{GROUP, USER};
use crate::store::audit::{Wanted, action_name, page as events_of};
use crate::store::resources::{
    Bookmark, Bound, Condition, Order, Selection, Start, StoredResource, list, of_person,
};
use crate::store::{directory, logins, members, people, resources};

/// `GET /admin/tenants/{tenant}/users`.
pub(super) async fn users(at: InTenant) -> Done {
    list_page(&at, USER).await
}

/// `GET /admin/tenants/{tenant}/groups`.
pub(super) async fn groups(at: InTenant) -> Done {
    list_page(&at, GROUP).await
}

/// `GET /admin/tenants/{tenant}/people`: the accounts, those without a directory's record too.
pub(super) async fn accounts(at: InTenant) -> Done {
    let wanted = at.by.query.one("q")?.unwrap_or_default().trim().to_owned();
    let after = at.by.query.one("after")?.unwrap_or_default();
    let email = (!wanted.is_empty()).then(|| wanted.to_ascii_lowercase());
    let mut db = at.by.app.base.store.read().await?;
    let mut found =
        people::page(&mut db, &at.tenant.id, email.as_deref(), after, PAGE.saturating_add(1)).await?;
    drop(db);
    let limit = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let here = at.address("/people");
    let next = found.last().filter(|_| more).map(|person| link(&here, &wanted, person.id.as_str()));
    let body = html! {
        (tabs(&at, "/people"))
        (search(&here, &wanted, "E-mail address begins with"))
        @if found.is_empty() {
            p { "Nobody fits." }
        } @else {
            table.reflow {
                thead { tr { th scope="col" { "Person" } th scope="col" { "E-mail" } th scope="col" { "State" } th scope="col" { "Roles" } th scope="col" { "From" } } }
                tbody {
                    @for person in &found {
                        tr {
                            td data-label="Person" { a href=(at.address(&format!("/people/{}", person.id))) { (person.display_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(person.id.as_str())) } }
                            td data-label="E-mail" { @if let Some(email) = &person.email { (email) } }
                            td data-label="State" { (show::state(&person.state)) @if person.quarantine.is_some() { " " span.tag.bad { "waits" } } }
                            td data-label="Roles" { (roles(person)) }
                            td data-label="From" { @match &person.managed_by { Some(id) => code { (id) }, None => "no directory" } }
                        }
                    }
                }
            }
            (pages(&here, at.by.query.one("after")?.is_some(), next.as_deref()))
        }
    };
    Ok(at.page("Accounts", body))
}

/// `GET /admin/tenants/{tenant}/people/{person}`.
pub(super) async fn person(at: InTenant) -> Done {
    let id = PersonId::parse(at.place("person")).map_err(|_| nobody())?;
    let mut db = at.by.app.base.store.read().await?;
    let person = people::find(&mut db, &at.tenant.id, &id).await?.ok_or_else(nobody)?;
    let resource = of_person(&mut db, &at.tenant.id, &id).await?;
    drop(db);
    detail(&at, resource.as_ref(), Some(&person)).await
}

/// `GET /admin/tenants/{tenant}/users/{resource}`.
pub(super) async fn user(at: InTenant) -> Done {
    let mut db = at.by.app.base.store.read().await?;
    let resource = found(&mut db, &at, USER).await?;
    let person = match &resource.person {
        Some(id) => people::find(&mut db, &at.tenant.id, id).await?,
        None => None,
    };
    drop(db);
    detail(&at, Some(&resource), person.as_ref()).await
}

/// `GET /admin/tenants/{tenant}/groups/{resource}`.
pub(super) async fn group(at: InTenant) -> Done {
    let after = at.by.query.one("after")?.unwrap_or_default();
    let mut db = at.by.app.base.store.read().await?;
    let group = found(&mut db, &at, GROUP).await?;
    let mut inside = members::page(&mut db, &at.tenant.id, &group.id, after, PAGE.saturating_add(1)).await?;
    drop(db);
    let limit = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = inside.len() > limit;
    inside.truncate(limit);
    let here = at.address(&format!("/groups/{}", group.id));
    let next = inside.last().filter(|_| more).map(|member| link(&here, "", &member.id));
    let body = html! {
        (record(&group))
        section aria-labelledby="members-title" {
            h2 #members-title { "Members" }
            @if inside.is_empty() {
                p { "There are none." }
            } @else {
                ul {
                    @for member in &inside {
                        li {
                            @let shown = member.display.as_deref().filter(|name| !name.is_empty()).unwrap_or(&member.id);
                            @if member.kind == USER { a href=(at.address(&format!("/users/{}", member.id))) { (shown) } }
                            @else if member.kind == GROUP { a href=(at.address(&format!("/groups/{}", member.id))) { (shown) } }
                            @else { (shown) }
                        }
                    }
                }
                (pages(&here, !after.is_empty(), next.as_deref()))
            }
        }
        p { a href=(at.address("/groups")) { "All groups" } }
    };
    let title = format!("Group {}", text(&group, "displayName").unwrap_or(&group.id));
    Ok(at.page(&title, body))
}

async fn list_page(at: &InTenant, kind: &str) -> Done {
    let wanted = at.by.query.one("q")?.unwrap_or_default().trim().to_owned();
    let after = match at.by.query.one("after")?.filter(|after| !after.is_empty()) {
        Some(text) => {
            let unknown = || Refusal::bad_request("admin.page", "there is no such page");
            let (value, id) = text.split_once('.').ok_or_else(unknown)?;
            let value: i64 = value.parse().map_err(|_| unknown())?;
            Some(Bookmark { value: Some(Bound::Integer(value)), id: id.to_owned() })
        }
        None => None,
    };
    let is_first = after.is_none();
    let mut selection = Selection::default();
    selection.add(kind, condition(&wanted, selection.first_placeholder()));
    let order = Order { value: "r.created_at".to_owned(), nullable: false, descending: false };
    let mut db = at.by.app.base.store.read().await?;
    let page =
        list(&mut db, &at.tenant.id, &selection, &order, &Start::After(after), u64::from(PAGE)).await?;
    drop(db);
    let (end, title) = if kind == USER { ("/users", "Users") } else { ("/groups", "Groups") };
    let here = at.address(end);
    let next = page.next.as_ref().and_then(|mark| match &mark.value {
        Some(Bound::Integer(value)) => Some(link(&here, &wanted, &format!("{value}.{}", mark.id))),
        _ => None,
    });
    let label =
        if kind == USER { "User name, name, e-mail address or external id" } else { "Name or external id" };
    let body = html! {
        (tabs(at, end))
        (search(&here, &wanted, label))
        p #count { (page.total) @if page.total == 1 { " record." } @else { " records." } }
        @if !page.resources.is_empty() {
            @if kind == USER { (user_table(at, &page.resources)) } @else { (group_table(at, &page.resources)) }
            (pages(&here, !is_first, next.as_deref()))
        }
    };
    Ok(at.page(title, body))
}

/// Records whose name begins with a text, or whose address or external id is it. Each part is answered by an index.
fn condition(wanted: &str, first: usize) -> Condition {
    if wanted.is_empty() {
        return Condition::default();
    }
    let place = |behind: usize| first.saturating_add(behind);
    let (from, to, id) = (place(0), place(1), place(2));
    let begin = fold(wanted).into_owned();
    Condition {
        sql: format!(
            "(r.user_name_fold >= ${from} AND r.user_name_fold < ${to}) \
             OR (r.display_fold >= ${from} AND r.display_fold < ${to}) OR r.external_id = ${id} \
             OR r.resource_id = ${id} OR EXISTS (SELECT 1 FROM resource_values v WHERE v.tenant_id = r.tenant_id \
             AND v.resource_id = r.resource_id AND v.attribute = 'emails.value' AND v.value_fold = ${from})"
        ),
        values: vec![
            Bound::Text(begin.clone()),
            Bound::Text(format!("{begin}\u{10ffff}")),
            Bound::Text(wanted.to_owned()),
        ],
    }
}

async fn detail(at: &InTenant, resource: Option<&StoredResource>, person: Option<&Person>) -> Done {
    let mut db = at.by.app.base.store.read().await?;
    let (mut links, mut said, mut sessions, mut events) = (Vec::new(), None, 0, Vec::new());
    if let Some(person) = person {
        links = people::links_of(&mut db, &at.tenant.id, &person.id).await?;
        said = directory::of_person(&mut db, &at.tenant.id, &person.id).await?;
        sessions = logins::count_sessions(&mut db, &at.tenant.id, &person.id, at.by.now).await?;
        let wanted = Wanted { person: Some(person.id.clone()), ..Wanted::default() };
        events = events_of(&mut db, &at.tenant.id, &wanted, 20).await?.0;
    }
    let mut inside = Vec::new();
    if let Some(resource) = resource {
        let mut found = members::of_members(&mut db, &at.tenant.id, &[resource.id.as_str()]).await?;
        inside = found.remove(&resource.id).unwrap_or_default();
    }
    drop(db);
    let body = html! {
        @if let Some(person) = person {
            section aria-labelledby="account-title" {
                h2 #account-title { "Account" }
                dl {
                    dt { "Id" } dd { code { (person.id) } }
                    dt { "State" } dd #person-state { (show::state(&person.state)) }
                    @if let Some(domain) = &person.quarantine { dt { "Waits" } dd { "until the domain " (domain) " is verified" } }
                    dt { "E-mail" } dd { @match &person.email { Some(email) => (email), None => "none" } }
                    dt { "Roles" } dd { (grants(person)) }
                    @if let Some(department) = &person.department { dt { "Department" } dd { (department) } }
                    dt { "Managed by" } dd { @match &person.managed_by { Some(id) => { "directory " code { (id) } } None => "no directory" } }
                    @if let Some(said) = &said { dt { "The directory says" } dd { (format!("{:?}", said.state).to_lowercase()) } }
                    dt { "Open sessions" } dd #sessions { (sessions) }
                    dt { "Access epoch" } dd { (person.epoch.0) span.quiet { " (it grows when access shrinks; sessions of an older one have ended)" } }
                }
            }
            section aria-labelledby="links-title" {
                h2 #links-title { "Sign-in" }
                @if links.is_empty() { p { "No login is linked to this account yet." } }
                @else {
                    table.reflow {
                        thead { tr { th scope="col" { "Connection" } th scope="col" { "Is called there" } th scope="col" { "Since" } } }
                        tbody {
                            @for link in &links {
                                tr {
                                    td data-label="Connection" { code { (link.connection) } }
                                    td data-label="Is called there" { (link.subject.value) }
                                    td data-label="Since" { (show::instant(link.created)) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(resource) = resource {
            section aria-labelledby="record-title" {
                h2 #record-title { "As provisioned" }
                (record(resource))
                @if !inside.is_empty() {
                    h3 { "Groups" }
                    ul { @for group in &inside { li { a href=(at.address(&format!("/groups/{}", group.id))) { (group.display.as_deref().filter(|name| !name.is_empty()).unwrap_or(&group.id)) } } } }
                }
            }
        }
        @if !events.is_empty() {
            section aria-labelledby="events-title" {
                h2 #events-title { "Lately" }
                (event_list(&events))
                @if let Some(person) = person { p { a href=(at.address(&format!("/audit?person={}", person.id))) { "All of it in the audit trail" } } }
            }
        }
    };
    let name = person
        .and_then(|person| person.display_name.as_deref())
        .or_else(|| {
            resource.and_then(|resource| text(resource, "displayName").or(text(resource, "userName")))
        })
        .filter(|name| !name.is_empty())
        .unwrap_or("Person");
    Ok(at.page(name, body))
}

fn event_list(events: &[AuditEvent]) -> Markup {
    html! {
        table.reflow {
            thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Outcome" } } }
            tbody {
                @for event in events {
                    tr {
                        td data-label="When" { (show::instant(event.at)) }
                        td data-label="What" { (show::words(&action_name(event.action))) }
                        td data-label="Outcome" { (show::outcome(&event.outcome)) }
                    }
                }
            }
        }
    }
}

/// What the directory sent, each value as text.
fn record(resource: &StoredResource) -> Markup {
    html! {
        dl {
            dt { "Id" } dd { code { (resource.id) } }
            dt { "Connection" } dd { code { (resource.connection) } }
            (values(&resource.body))
            dt { "Made" } dd { (show::instant(resource.created)) }
            dt { "Changed" } dd { (show::instant(resource.updated)) span.quiet { ", version " (resource.version) } }
        }
    }
}

fn values(body: &Map<String, Value>) -> Markup {
    html! {
        @for (name, value) in body.iter().filter(|(name, _)| name.as_str() != "schemas") {
            dt { (name) }
            dd {
                @match value {
                    Value::Array(many) => { ul.plain { @for one in many { li { (flat(one)) } } } }
                    one => (flat(one)),
                }
            }
        }
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(many) => many.iter().map(flat).collect::<Vec<_>>().join(", "),
        Value::Object(parts) => parts
            .iter()
            .map(|(name, value)| format!("{name}: {}", flat(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn grants(person: &Person) -> Markup {
    html! {
        @if person.grants.is_empty() { "none" }
        @else {
            ul.plain {
                @for grant in &person.grants {
                    li { (grant.role) span.quiet { " (" (origin(&grant.origin)) ")" } }
                }
            }
        }
    }
}

fn origin(origin: &GrantOrigin) -> String {
    match origin {
        GrantOrigin::Default => "by default".to_owned(),
        GrantOrigin::Directory(id) => format!("from directory {id}"),
        GrantOrigin::Group(id) => format!("from group {id}"),
        GrantOrigin::Hand(_) => "given by an administrator".to_owned(),
        GrantOrigin::Login(id) => format!("from logins through {id}"),
        GrantOrigin::Operator => "given by the operator".to_owned(),
    }
}

fn roles(person: &Person) -> String {
    person.roles().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn user_table(at: &InTenant, users: &[StoredResource]) -> Markup {
    html! {
        table.reflow {
            thead { tr { th scope="col" { "User name" } th scope="col" { "Name" } th scope="col" { "Active" } th scope="col" { "Directory" } th scope="col" { "Changed" } } }
            tbody {
                @for user in users {
                    tr {
                        td data-label="User name" { a href=(at.address(&format!("/users/{}", user.id))) { (text(user, "userName").unwrap_or(&user.id)) } }
                        td data-label="Name" { (text(user, "displayName").unwrap_or_default()) }
                        td data-label="Active" { @if user.body.get("active").and_then(Value::as_bool) == Some(false) { span.tag.bad { "no" } } @else { "yes" } }
                        td data-label="Directory" { code { (user.connection) } }
                        td data-label="Changed" { (show::instant(from_millis(millis(user.updated)))) }
                    }
                }
            }
        }
    }
}

fn group_table(at: &InTenant, groups: &[StoredResource]) -> Markup {
    html! {
        table.reflow {
            thead { tr { th scope="col" { "Group" } th scope="col" { "External id" } th scope="col" { "Directory" } th scope="col" { "Changed" } } }
            tbody {
                @for group in groups {
                    tr {
                        td data-label="Group" { a href=(at.address(&format!("/groups/{}", group.id))) { (text(group, "displayName").unwrap_or(&group.id)) } }
                        td data-label="External id" { (text(group, "externalId").unwrap_or_default()) }
                        td data-label="Directory" { code { (group.connection) } }
                        td data-label="Changed" { (show::instant(group.updated)) }
                    }
                }
            }
        }
    }
}

fn text<'a>(resource: &'a StoredResource, name: &str) -> Option<&'a str> {
    resource.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn search(here: &str, wanted: &str, label: &str) -> Markup {
    html! {
        form.row method="get" action=(here) role="search" {
            (Input::new("q", label).kind("search").filter().value(wanted).show(&Errors::default()))
            (form::submit("search", "Search"))
        }
    }
}

fn tabs(at: &InTenant, here: &str) -> Markup {
    html! {
        nav.sub aria-label="People" {
            @for (end, name) in [("/users", "Users"), ("/groups", "Groups"), ("/people", "Accounts")] {
                a href=(at.address(end)) aria-current=[(end == here).then_some("page")] { (name) } " "
            }
        }
    }
}

fn pages(here: &str, is_later: bool, next: Option<&str>) -> Markup {
    html! {
        nav aria-label="Pages" {
            p {
                @if is_later { a #first-page href=(here) { "First page" } " " }
                @if let Some(next) = next { a #next-page rel="next" href=(next) { "Next page" } }
            }
        }
    }
}

fn link(here: &str, wanted: &str, after: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !wanted.is_empty() {
        query.append_pair("q", wanted);
    }
    query.append_pair("after", after);
    format!("{here}?{}", query.finish())
}

async fn found(db: &mut AnyConnection, at: &InTenant, kind: &str) -> Result<StoredResource, Trouble> {
    let found = resources::find(db, &at.tenant.id, kind, at.place("resource")).await?;
    Ok(found.ok_or_else(nobody)?)
}

fn nobody() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "admin.no_record", "there is no such record")
}

const PAGE: u32 = 50;
