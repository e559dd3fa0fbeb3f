//! Which roles and which department people get: the rules of a connection, changed one at a time. Login connections
//! show them on the page of their mapping, directories on a page of their own.

mod asked;
mod forms;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use maud::html;
use sqlx::AnyConnection;
use tenant_model::{
    Action, AttributeMapping, AuditEvent, Author, ConnectionId, DepartmentRule, DirectoryPerson, Outcome,
    Person, Right, Rights, RoleChangeError, ScimConnection, Target, change_rules, keeps_an_admin,
};

use super::form::Errors;
use super::frame::go;
use super::guard::{Done, InTenant, PostedInTenant, Trouble};
use super::scim::connection;
use crate::account;
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::store::{StoreError, directory, people, resources, tenants};

pub(super) use asked::Asked;
pub(super) use forms::section;

use asked::{NEW, wanted};
use forms::print;

/// What sends the attributes, and so what a rule can look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A directory: it has groups and a department.
    Directory,
    /// An identity provider.
    Login,
}

/// Why nothing was changed.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// The mistakes, each at its field.
    pub(super) errors: Errors,
    /// What was typed.
    pub(super) asked: Asked,
    /// For the audit trail, if somebody asked for more than they may have.
    pub(super) event: Option<AuditEvent>,
}

/// `GET …/scim/{connection}/roles`.
pub(super) async fn show(at: InTenant) -> Done {
    let connection = connection(&at).await?;
    page(&at, &connection, StatusCode::OK, &Asked::default(), &Errors::default()).await
}

/// `POST …/scim/{connection}/roles` and `…/roles/{rule}`.
pub(super) async fn change(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let known = connection(&at).await?;
    let target = Target::Connection(known.id.clone());
    let rights = at.require(&Right::Members, Action::RoleRulesChanged, target.clone()).await?;
    let mut tx = at.begin().await?;
    let stored = tenants::scim(&mut tx, &at.tenant.id, &known.id).await?;
    let stored = stored.ok_or_else(|| Refusal::internal("server.connection"))?;
    let mut decided = decide(&at, &form, Side::Directory, &stored.id, &stored.mapping, &rights)?;
    if let Ok((mapping, _)) = &decided {
        let after = ScimConnection { mapping: mapping.clone(), ..stored.clone() };
        if let Err(error) = admins_stay(&at, &mut tx, &after).await? {
            decided = Err(refused(&at, &stored.id, Asked::read(&form, at.place("rule"))?, &error));
        }
    }
    match decided {
        Ok((mapping, events)) => {
            let after = ScimConnection { mapping, ..stored };
            tenants::put_scim(&mut tx, &after).await?;
            people::audit(&mut tx, &events).await?;
            at.by
                .flash(&mut tx, "Saved. It counts from the next time the directory writes a person.")
                .await?;
            tx.commit().await?;
            Ok(go(&at.address(&format!("/scim/{}/roles", after.id))))
        }
        Err(refused) => {
            people::audit(&mut tx, refused.event.as_slice()).await?;
            tx.commit().await?;
            page(&at, &stored, StatusCode::UNPROCESSABLE_ENTITY, &refused.asked, &refused.errors).await
        }
    }
}

async fn page(
    at: &InTenant,
    connection: &ScimConnection,
    status: StatusCode,
    asked: &Asked,
    errors: &Errors,
) -> Done {
    let mut db = at.by.app.base.store.read().await?;
    let groups = resources::groups(&mut db, &at.tenant.id, &connection.id, MOST_GROUPS).await?;
    drop(db);
    let here = at.address(&format!("/scim/{}", connection.id));
    let body = html! {
        p { a href=(here) { "Back to " (connection.display_name) } }
        p { "What a directory says of a person outranks what a login says. A change counts from the next time the directory writes the person." }
        (section(at, &format!("{here}/roles"), Side::Directory, &connection.mapping, &groups, asked, errors))
    };
    Ok(at.page_with(status, "Roles and departments", errors, body))
}

/// What a form makes of a mapping, and the events that tell of it.
pub(super) fn decide(
    at: &InTenant,
    form: &Params,
    side: Side,
    connection: &ConnectionId,
    old: &AttributeMapping,
    rights: &Rights,
) -> Result<Result<(AttributeMapping, Vec<AuditEvent>), Refused>, Trouble> {
    if form.one("seen")? != Some(print(old).as_str()) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "admin.changed",
            "somebody else has changed the rules in between; nothing was saved",
        )
        .with_hint("look at them again")
        .into());
    }
    let asked = Asked::read(form, at.place("rule"))?;
    let wanted = match wanted(at, form, side, old, &asked)? {
        Ok(wanted) => wanted,
        Err(errors) => return Ok(Err(Refused { errors, asked, event: None })),
    };
    let author = Author::Admin { id: &at.by.admin.id, rights };
    let (mut after, mut events) = (old.clone(), Vec::new());
    for change in &wanted.rules {
        match change_rules((&at.tenant.id, connection), &after.roles, change, author, rights, at.by.now) {
            Ok((rules, event)) => {
                after.roles = rules;
                events.push(event);
            }
            Err(error) => return Ok(Err(refused(at, connection, asked, &error))),
        }
    }
    if let Some(departments) = wanted.departments.filter(|departments| *departments != old.departments) {
        let name = |rule| if rule == DepartmentRule::Groups { "groups" } else { "field" };
        let target = Target::Connection(connection.clone());
        let event = AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::ConnectionChanged, target);
        events.push(event.with_change(
            "departments",
            Some(name(old.departments).to_owned()),
            Some(name(departments).to_owned()),
        ));
        after.departments = departments;
    }
    Ok(Ok((after, events)))
}

/// A refusal in its place. Whoever asks for more than they may have is written down.
fn refused(at: &InTenant, connection: &ConnectionId, asked: Asked, error: &RoleChangeError) -> Refused {
    let field = match error {
        RoleChangeError::AboveOwn { .. } if asked.form == NEW && asked.kind.is_empty() => {
            "default-role".to_owned()
        }
        RoleChangeError::AboveOwn { .. } => asked.id("grant"),
        _ => "roles".to_owned(),
    };
    let event = matches!(error, RoleChangeError::AboveOwn { .. } | RoleChangeError::LastAdmin).then(|| {
        let target = Target::Connection(connection.clone());
        AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::RoleRulesChanged, target)
            .with_outcome(Outcome::Refused(error.code().to_owned()))
    });
    let hint = match error {
        RoleChangeError::AboveOwn { .. } => {
            " Roles that administer are given by whoever has the right to security."
        }
        RoleChangeError::LastAdmin => {
            " With these rules the directory's next write would leave nobody with an administrator's role."
        }
        _ => "",
    };
    let text = format!("{} ({}).{hint}", sentence(&error.to_string()), error.code());
    Refused { errors: Errors::one(&field, text), asked, event }
}

/// TEN-16, asked before the rules are stored.
async fn admins_stay(
    at: &InTenant,
    db: &mut AnyConnection,
    after: &ScimConnection,
) -> Result<Result<(), RoleChangeError>, StoreError> {
    let tenant = &at.tenant.id;
    let mut admins: Vec<(Person, DirectoryPerson)> = Vec::new();
    for person in people::active_admins(db, tenant).await? {
        if person.managed_by.as_ref() != Some(&after.id) {
            continue;
        }
        let Some(mut user) = directory::of_person(db, tenant, &person.id).await? else { continue };
        if let Some(resource) = resources::of_person(db, tenant, &person.id).await? {
            user.groups = account::groups(db, tenant, &resource.id).await?;
        }
        admins.push((person, user));
    }
    let among: BTreeSet<_> = admins.iter().map(|(person, _)| person.id.clone()).collect();
    let guard = account::guard(db, &at.tenant, &among).await?;
    Ok(keeps_an_admin(&at.tenant, after, &admins, &guard, at.by.now))
}

/// As many as a list to choose from bears.
const MOST_GROUPS: u32 = 500;
