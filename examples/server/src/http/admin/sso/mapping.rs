//! How attributes become fields of an account, tried on a login before it is saved.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use maud::{Markup, html};
use tenant_model::{
    AccountField, Action, AttributeBag, AttributeMapping, AuditEvent, FieldRule, NameCase, Right, Source,
    Target, Transform,
};

use super::super::form::{self, Errors, Input, checkbox, select, textarea};
use super::super::frame::go;
use super::super::guard::{Done, InTenant, PostedInTenant};
use super::super::roles::{self, Asked, Side};
use super::{minute, named, no_connection, place, stored, tests_page};
use crate::http::answer::Refusal;
use crate::http::html::sentence;
use crate::http::params::Params;
use crate::records::{self, RecordKind};
use crate::store::{people, tenants};

/// `GET …/mapping`.
pub(super) async fn show(at: InTenant) -> Done {
    let mapping = stored(&at).await?.connection.mapping;
    page(&at, StatusCode::OK, &mapping, &Errors::default(), false, &Asked::default()).await
}

/// `POST …/mapping`: tries what was typed, or saves it.
pub(super) async fn change(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let old = stored(&at).await?.connection.mapping;
    let mapping = match read(&form, &old) {
        Ok(mapping) => mapping,
        Err(errors) => {
            return page(&at, StatusCode::UNPROCESSABLE_ENTITY, &old, &errors, false, &Asked::default())
                .await;
        }
    };
    if form.one("do")? != Some("save") {
        return page(&at, StatusCode::OK, &mapping, &Errors::default(), true, &Asked::default()).await;
    }
    let id = named(&at)?;
    let target = Target::Connection(id.clone());
    at.require(&Right::Members, Action::ConnectionChanged, target.clone()).await?;
    let mut tx = at.begin().await?;
    let mut stored = tenants::saml(&mut tx, &at.tenant.id, &id).await?.ok_or_else(no_connection)?;
    if stored.connection.mapping != old {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "admin.changed",
            "somebody else has changed the mapping in between; look at it again",
        )
        .into());
    }
    let changed: Vec<String> = mapping
        .fields
        .iter()
        .filter(|(field, rule)| old.fields.get(field) != Some(rule))
        .map(|(field, _)| field.to_string())
        .collect();
    stored.connection.mapping = mapping;
    tenants::put_saml(&mut tx, &stored).await?;
    let event = AuditEvent::done(&at.tenant.id, at.by.now, at.actor(), Action::ConnectionChanged, target)
        .with_change("mapping", None, Some(changed.join(", ")));
    people::audit(&mut tx, &[event]).await?;
    super::done(&at, tx, "The mapping was saved. It counts from the next login on.").await?;
    Ok(go(&place(&at, &id, "/mapping")))
}

/// `POST …/roles` and `…/roles/{rule}`: changes the rules that give roles.
pub(super) async fn change_roles(PostedInTenant { at, form }: PostedInTenant) -> Done {
    let id = named(&at)?;
    let target = Target::Connection(id.clone());
    let rights = at.require(&Right::Members, Action::RoleRulesChanged, target).await?;
    let mut tx = at.begin().await?;
    let mut stored = tenants::saml(&mut tx, &at.tenant.id, &id).await?.ok_or_else(no_connection)?;
    match roles::decide(&at, &form, Side::Login, &id, &stored.connection.mapping, &rights)? {
        Ok((mapping, events)) => {
            stored.connection.mapping = mapping;
            tenants::put_saml(&mut tx, &stored).await?;
            people::audit(&mut tx, &events).await?;
            super::done(&at, tx, "The rules were saved. They count from the next login on.").await?;
            Ok(go(&place(&at, &id, "/mapping")))
        }
        Err(refused) => {
            people::audit(&mut tx, refused.event.as_slice()).await?;
            tx.commit().await?;
            let (mapping, errors) = (&stored.connection.mapping, &refused.errors);
            page(&at, StatusCode::UNPROCESSABLE_ENTITY, mapping, errors, false, &refused.asked).await
        }
    }
}

async fn page(
    at: &InTenant,
    status: StatusCode,
    mapping: &AttributeMapping,
    errors: &Errors,
    tried: bool,
    asked: &Asked,
) -> Done {
    let stored = stored(at).await?;
    let id = stored.connection.id.clone();
    let base = &at.by.app.base;
    let mut db = base.store.read().await?;
    let tests = records::latest(base, &mut db, &at.tenant.id, &id, RecordKind::Test, at.by.now).await?;
    let seen = records::latest(base, &mut db, &at.tenant.id, &id, RecordKind::Seen, at.by.now).await?;
    drop(db);
    // A test login is the admin's own; that of somebody else is shown without saying whose it is.
    let last_test =
        tests.into_iter().find(|(_, record)| record.said.is_some()).map(|(_, record)| (record, false));
    let last = last_test.or_else(|| seen.into_iter().next().map(|(_, record)| (record, true)));
    let sample: Option<(String, AttributeBag, bool)> = last.and_then(|(record, hide)| {
        let what = if hide { "the last login" } else { "the last test login" };
        Some((format!("{what}, {}", minute(record.at)), record.said?, hide))
    });
    let body = html! {
        p { a href=(place(at, &id, "")) { "Back to " (stored.connection.display_name) } }
        @if tried { p.note.warn { strong { "Tried, not saved. " } "Below is what it would make of the login." } }
        @match &sample {
            Some((what, said, hide)) => {
                h2 { "What it makes of " (what) }
                @if *hide { p.hint { "Values are shortened, because they are of one of your people. Make a test login to see your own in full." } }
                (tests_page::mapped(mapping, said, *hide))
            }
            None => p #no-login { "There is no login yet to try it on. " a href=(place(at, &id, "/test")) { "Make a test login" } " first." },
        }
        p { a href=(place(at, &id, "/paste")) id="paste" { "Try it on a response that you paste" } }
        h2 { "Fields" }
        p.hint { "Names are the attribute's Name as the provider sends it, never its friendly name. @NameId stands for the name identifier, =text for a fixed value. The first that has a usable value is taken." }
        (form::post(&at.by, &place(at, &id, "/mapping"), html! {
            @for (field, rule) in &mapping.fields { (one(field, rule, errors)) }
            button type="submit" name="do" value="try" id="try-mapping" { "Try it" }
            button type="submit" name="do" value="save" id="save-mapping" { "Save it" }
        }))
        (roles::section(at, &place(at, &id, "/roles"), Side::Login, mapping, &[], asked, errors))
    };
    Ok(at.page_with(status, "Attributes and roles", errors, body))
}

fn one(field: &AccountField, rule: &FieldRule, errors: &Errors) -> Markup {
    let name = |part: &str| format!("{field}.{part}");
    let from: Vec<String> = rule.from.iter().map(ToString::to_string).collect();
    let steps = if rule.transform.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&rule.transform).unwrap_or_default()
    };
    let case = if rule.case == NameCase::Fold { "fold" } else { "exact" };
    html! {
        details open[!from.is_empty() && rule.required] {
            summary { strong { (field) } @if rule.required { " " span.tag { "required" } } }
            (textarea(&name("from"), "Taken from", Some("One on each line, tried in this order."), &from.join("\n"), 4, errors))
            (checkbox(&name("required"), "Required: a login without it is refused", rule.required))
            (Input::new(&name("default"), "Value if none was sent").optional().value(rule.default.as_deref().unwrap_or_default()).show(errors))
            (select(&name("case"), "Names are compared", None, &[("exact", "exactly"), ("fold", "ignoring upper and lower case")], case, errors))
            (Input::new(&name("transform"), "Steps").optional().most(1000).value(&steps)
                .hint(r#"A list such as ["lower"] or [{"before": "@"}]; there are after, before, item, lower, one_of, without_prefix, without_suffix."#).show(errors))
        }
    }
}

/// What was typed; fields that the form leaves out stay.
fn read(form: &Params, old: &AttributeMapping) -> Result<AttributeMapping, Errors> {
    let mut errors = Errors::default();
    let mut fields = BTreeMap::new();
    for (field, rule) in &old.fields {
        fields.insert(field.clone(), field_of(form, field, rule, &mut errors));
    }
    if errors.is_empty() { Ok(AttributeMapping { fields, ..old.clone() }) } else { Err(errors) }
}

fn field_of(form: &Params, field: &AccountField, old: &FieldRule, errors: &mut Errors) -> FieldRule {
    let text = |part: &str| form.one(&format!("{field}.{part}")).ok().flatten();
    let Some(from) = text("from") else { return old.clone() };
    let lines: Vec<&str> = from.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut sources = Vec::new();
    for line in &lines {
        match Source::try_from((*line).to_owned()) {
            Ok(source) => sources.push(source),
            Err(error) => {
                errors.add(&format!("{field}.from"), format!("{line:?}: {}", sentence(&error.to_string())));
            }
        }
    }
    if sources.len() > MOST_SOURCES {
        errors.add(&format!("{field}.from"), format!("At most {MOST_SOURCES} names"));
    }
    let steps = text("transform").map(str::trim).filter(|steps| !steps.is_empty());
    let transform: Vec<Transform> = match steps.map(serde_json::from_str).transpose() {
        Ok(steps) => steps.unwrap_or_default(),
        Err(error) => {
            errors.add(&format!("{field}.transform"), format!("These are no steps: {error}"));
            Vec::new()
        }
    };
    FieldRule {
        from: sources,
        required: text("required") == Some("yes"),
        default: text("default").map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned),
        case: if text("case") == Some("fold") { NameCase::Fold } else { NameCase::Exact },
        transform,
    }
}

/// A handful of names in use anywhere, twice over.
const MOST_SOURCES: usize = 16;
