//! Whether the people of a tenant must, may or cannot sign in by single sign-on: the dry run, and the change (TEN-13).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::AnyConnection;
use tenant_model::{
    Action, Actor, AuditEvent, ConnectionId, EnforceError, EnforcementPreview, PersonId, ShutOutReason,
    SsoPolicy, Target, Tenant, TenantId, TestLogin, preview_enforcement,
};

use crate::account;
use crate::admin::{Admin, AdminState, Scope};
use crate::app::Base;
use crate::keys::hex;
use crate::records::{self, RecordKind};
use crate::store::{StoreError, Tx, admins, domains, people, tenants};

/// What enforcing single sign-on would do to people and to administrators.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// What `tenant-model` says of the people.
    pub preview: EnforcementPreview,
    /// How to call them.
    pub names: BTreeMap<PersonId, String>,
    /// The active accounts of the administration pages, each with the way in that it keeps.
    pub admins: Vec<(Admin, AdminWay)>,
    /// Stands for all that an admin has to know before they say yes: another population has another digest.
    pub digest: String,
}

impl DryRun {
    /// What someone is called.
    #[must_use]
    pub fn name<'a>(&'a self, person: &'a PersonId) -> &'a str {
        self.names.get(person).map_or(person.as_str(), String::as_str)
    }

    /// The administrators that could not get in any more.
    pub fn admins_shut_out(&self) -> impl Iterator<Item = &Admin> {
        self.admins.iter().filter(|(_, way)| *way == AdminWay::None).map(|(admin, _)| admin)
    }
}

/// How an administrator would get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminWay {
    /// By emergency access, while it is open.
    Emergency,
    /// Not at all.
    None,
    /// By single sign-on, which their account is tied to.
    SingleSignOn,
}

/// Tries out what enforcing through some connections would do.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn dry_run(
    base: &Base,
    db: &mut AnyConnection,
    tenant: &Tenant,
    chosen: &BTreeSet<ConnectionId>,
    now: DateTime<Utc>,
) -> Result<DryRun, StoreError> {
    let mut connections = tenants::all_saml(db, &tenant.id).await?;
    connections.retain(|connection| chosen.contains(&connection.id));
    let mut tests: Vec<TestLogin> = Vec::new();
    for connection in &connections {
        let kept = records::latest(base, db, &tenant.id, &connection.id, RecordKind::Test, now).await?;
        tests.extend(kept.into_iter().filter_map(|(_, record)| record.proof));
    }
    let mut active = admins::list(db, &Scope::Tenant(tenant.id.clone())).await?;
    active.retain(|admin| admin.state == AdminState::Active);
    // Emergency access that nobody could use is none.
    let mut usable = BTreeSet::new();
    for admin in &active {
        if let Some(person) =
            admin.person.as_ref().filter(|person| tenant.break_glass.persons.contains(*person))
            && admins::emergency_codes(db, admin).await? > 0
        {
            usable.insert(person.clone());
        }
    }
    let mut everyone = account::everyone(db, &tenant.id).await?;
    everyone.retain(|someone| !someone.person.break_glass || usable.contains(&someone.person.id));
    let preview = preview_enforcement(tenant, &connections, &everyone, &tests, now);
    let way = |admin: Admin| {
        let in_by_sso =
            |person: &PersonId| preview.ready.contains(person) || preview.will_pair.contains(person);
        let way = match &admin.person {
            Some(person) if preview.break_glass.contains(person) => AdminWay::Emergency,
            Some(person) if in_by_sso(person) => AdminWay::SingleSignOn,
            _ => AdminWay::None,
        };
        (admin, way)
    };
    let admins: Vec<_> = active.into_iter().map(way).collect();
    let names = everyone
        .into_iter()
        .map(|someone| {
            let person = someone.person;
            let called = person.email.map(|email| email.to_string()).or(person.display_name);
            (person.id.clone(), called.unwrap_or_else(|| person.id.to_string()))
        })
        .collect();
    let digest = digest(&tenant.id, chosen, &preview, &admins);
    Ok(DryRun { preview, names, admins, digest })
}

/// Enforces single sign-on through some connections, if the dry run that was `confirmed` still stands.
///
/// # Errors
/// [`PolicyFault`]; then the caller's transaction must be dropped, and the policy stays as it was.
pub async fn enforce(
    base: &Base,
    tx: &mut Tx,
    id: &TenantId,
    chosen: &BTreeSet<ConnectionId>,
    confirmed: &str,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Tenant, PolicyFault> {
    let tenant = tenants::find(tx, id).await?.ok_or(PolicyFault::NoTenant)?;
    let run = dry_run(base, tx, &tenant, chosen, now).await?;
    if let Some(blocker) = run.preview.blockers.first() {
        return Err(EnforceError::Blocked(blocker.clone()).into());
    }
    if run.digest != confirmed {
        return Err(EnforceError::Changed.into());
    }
    let seen: BTreeSet<PersonId> = run.preview.shut_out.iter().map(|out| out.person.clone()).collect();
    let (sso, event) = SsoPolicy::enforced(&run.preview, &tenant, &seen, by, now)?;
    let after = domains::put_tenant(tx, &Tenant { sso, ..tenant }).await?;
    people::audit(tx, &[event]).await?;
    Ok(after)
}

/// Switches single sign-on off, or makes it optional.
///
/// # Errors
/// [`PolicyFault`]; then the caller's transaction must be dropped, and the policy stays as it was.
pub async fn relax(
    tx: &mut Tx,
    id: &TenantId,
    to: Relaxed,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Tenant, PolicyFault> {
    let tenant = tenants::find(tx, id).await?.ok_or(PolicyFault::NoTenant)?;
    let sso = match to {
        Relaxed::Off => SsoPolicy::Off,
        Relaxed::Optional => SsoPolicy::Optional,
    };
    if tenant.sso == sso {
        return Ok(tenant);
    }
    let event = AuditEvent::done(id, now, by.clone(), Action::SsoPolicyChanged, Target::Tenant).with_change(
        "sso",
        Some(tenant.sso.name().to_owned()),
        Some(sso.name().to_owned()),
    );
    let after = domains::put_tenant(tx, &Tenant { sso, ..tenant }).await?;
    people::audit(tx, &[event]).await?;
    Ok(after)
}

/// The policies that shut nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relaxed {
    /// Nobody signs in by single sign-on.
    Off,
    /// As each person likes.
    Optional,
}

/// Why the policy was not changed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The rules.
    #[error(transparent)]
    Enforce(#[from] EnforceError),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why someone would be shut out, for people.
#[must_use]
pub fn why(reason: ShutOutReason) -> &'static str {
    match reason {
        ShutOutReason::Directory => "the directory calls them inactive, or does not know them",
        ShutOutReason::LinkUnconfirmed => "their link is of an earlier trust and must be confirmed",
        ShutOutReason::NotLinked => "no login is linked to them, and no paired directory knows them",
        ShutOutReason::OutsideDomains => "their address is not of a verified domain",
    }
}

fn digest(
    tenant: &TenantId,
    chosen: &BTreeSet<ConnectionId>,
    preview: &EnforcementPreview,
    admins: &[(Admin, AdminWay)],
) -> String {
    let ids = |ways: &[AdminWay]| -> BTreeSet<&str> {
        admins.iter().filter(|(_, way)| ways.contains(way)).map(|(admin, _)| admin.id.as_str()).collect()
    };
    let out: BTreeMap<&str, &str> =
        preview.shut_out.iter().map(|out| (out.person.as_str(), why(out.why))).collect();
    let chosen: BTreeSet<&str> = chosen.iter().map(ConnectionId::as_str).collect();
    let kept: BTreeSet<&str> = preview.break_glass.iter().map(PersonId::as_str).collect();
    let all = json!([tenant.as_str(), chosen, out, kept, ids(&[AdminWay::None])]);
    hex(&Sha256::digest(all.to_string().as_bytes()))
}
