//! What administrators are reminded of, and what happened to users, told to those who ask.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use saml_sp::IdentityProvider;
use serde_json::Value;
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, ChangedBy, EventClaims, EventSubject, Reminder, ReminderFacts, RequestId,
    Target, Tenant, TenantId, due, scim_event,
};

use crate::app::Base;
use crate::sp_keys;
use crate::store::{StoreError, notices, people, tenants, tokens};

/// What the administrators of a tenant should know now, told or not.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn standing(
    base: &Base,
    db: &mut AnyConnection,
    tenant: &Tenant,
    now: DateTime<Utc>,
) -> Result<Vec<Reminder>, StoreError> {
    let Some(product) = base.profiles.of(tenant) else { return Ok(Vec::new()) };
    let tokens = tokens::of_tenant(db, &tenant.id).await?;
    let admins = people::active_admins(db, &tenant.id).await?;
    let admins: Vec<_> = admins.into_iter().map(|person| person.id).collect();
    let mut connections = Vec::new();
    for connection in tenants::all_saml(db, &tenant.id).await? {
        let stored = tenants::saml(db, &tenant.id, &connection.id).await?;
        let idp = stored.and_then(|stored| serde_json::from_value::<IdentityProvider>(stored.idp).ok());
        connections.push((connection, idp.and_then(|idp| idp.valid_until())));
    }
    let sp_keys = if product.saml.is_some() { sp_keys::lives(db, &tenant.id).await? } else { Vec::new() };
    let facts = ReminderFacts {
        tenant,
        tokens: &tokens,
        connections: &connections,
        sp_keys: &sp_keys,
        admins: &admins,
    };
    Ok(due(&facts, &product.tokens, &BTreeSet::new(), now))
}

/// The same of all tenants, or of one.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn all_standing(
    base: &Base,
    only: Option<&TenantId>,
    now: DateTime<Utc>,
) -> Result<Vec<(TenantId, Reminder)>, StoreError> {
    let mut db = base.store.read().await?;
    let mut out = Vec::new();
    for tenant in tenants::list(&mut db).await? {
        if only.is_none_or(|only| tenant.id == *only) {
            let found = standing(base, &mut db, &tenant, now).await?;
            out.extend(found.into_iter().map(|reminder| (tenant.id.clone(), reminder)));
        }
    }
    Ok(out)
}

/// Tells each reminder that was not told yet, once, in log and audit trail; gives those.
///
/// # Errors
/// [`StoreError`] when the database fails; what was told before stays told.
pub async fn tell(
    base: &Base,
    only: Option<&TenantId>,
    now: DateTime<Utc>,
) -> Result<Vec<(TenantId, Reminder)>, StoreError> {
    let mut told = Vec::new();
    for (tenant, reminder) in all_standing(base, only, now).await? {
        // The row decides which of several nodes tells it.
        let mut tx = base.store.begin_unlocked().await?;
        if notices::remind(&mut tx, &tenant, &reminder, now).await? {
            let kind = serde_json::to_value(reminder.kind).ok();
            let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
            let days = reminder.days.map(|days| days.to_string());
            let event = AuditEvent::done(&tenant, now, Actor::System, Action::Reminded, Target::Tenant)
                .with_change("kind", None, Some(kind.clone()))
                .with_change("subject", None, Some(reminder.subject.clone()))
                .with_change("at", None, reminder.at.map(|at| at.to_rfc3339()))
                .with_change("days", None, days.clone());
            people::audit(&mut tx, &[event]).await?;
            tx.commit().await?;
            tracing::warn!(%tenant, kind, subject = reminder.subject, days, "reminder");
            told.push((tenant, reminder));
        }
    }
    Ok(told)
}

/// What happened to a tenant's users from an instant on, as claims of Security Event Tokens (RFC 9967).
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn events(
    db: &mut AnyConnection,
    tenant: &TenantId,
    since: DateTime<Utc>,
    issuer: &str,
) -> Result<Vec<Value>, StoreError> {
    let rows = notices::since(db, tenant, since, MOST_EVENTS).await?;
    let token = |(id, at, happened): &(String, DateTime<Utc>, notices::Happened)| {
        let subject = EventSubject {
            uri: happened.uri.clone(),
            external_id: happened.external_id.clone(),
            version: None,
        };
        let by = if happened.replaced { ChangedBy::Replace } else { ChangedBy::Patch };
        let request = RequestId::parse(&happened.request).ok()?;
        let claims = EventClaims { id, issuer, audience: &[], request: &request, at: *at };
        scim_event(&subject, &happened.what, by, &[], &claims)
    };
    Ok(rows.iter().filter_map(token).collect())
}

/// Whoever wants more asks again from the last one on.
const MOST_EVENTS: u32 = 10_000;
