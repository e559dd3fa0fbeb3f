//! From the command line to what it asks for: connections, people, notices.

use chrono::{DateTime, Utc};
use serde_json::json;
use tenant_model::TenantId;

use super::{CommandError, connections, note, people, print};
use crate::app::Base;
use crate::cli::products::{Connection, Domain, Events, Held, Hook, Person, Reminders, Role};
use crate::{clock, notices};

pub(super) async fn connection(command: Connection) -> Result<(), CommandError> {
    match command {
        Connection::Add { tenant, id, provider, name, data } => {
            let base = Base::open(&data).await?;
            connections::add(&base, &tenant, &id, provider.as_deref(), name.as_deref()).await?;
            note(&format!("tenant {tenant} has the directory connection {id} now"));
        }
        Connection::List { tenant, data } => {
            let base = Base::open(&data).await?;
            lines(&connections::list(&base, &tenant).await?)?;
        }
        Connection::Set(options) => {
            let base = Base::open(&options.data).await?;
            connections::set(&base, &options).await?;
            note(&format!("connection {} of tenant {} changed", options.id, options.tenant));
        }
    }
    Ok(())
}

pub(super) async fn domain(command: Domain) -> Result<(), CommandError> {
    match command {
        Domain::Check { tenant, domain, dns_server, data } => {
            let base = Base::open(&data).await?;
            let (state, sentence) = super::domain::check(&base, &tenant, &domain, dns_server).await?;
            note(&sentence);
            print(state)?;
        }
        Domain::Claim { tenant, domain, routes_to, data } => {
            let base = Base::open(&data).await?;
            print(&super::domain::claim(&base, &tenant, &domain, routes_to.as_deref()).await?)?;
            note("publish it as a TXT record, then `server domain check`");
        }
        Domain::List { tenant, data } => {
            let base = Base::open(&data).await?;
            lines(&super::domain::list(&base, &tenant).await?)?;
        }
        Domain::Verify { tenant, domain, routes_to, data } => {
            let base = Base::open(&data).await?;
            super::domain::verify(&base, &tenant, &domain, routes_to.as_deref()).await?;
            note(&format!("tenant {tenant} owns {domain}"));
        }
        Domain::Release { tenant, domain, data } => {
            let base = Base::open(&data).await?;
            super::domain::release(&base, &tenant, &domain).await?;
            note(&format!("tenant {tenant} has let {domain} go"));
        }
    }
    Ok(())
}

pub(super) async fn held(command: Held) -> Result<(), CommandError> {
    match command {
        Held::List { tenant, data } => {
            let base = Base::open(&data).await?;
            lines(&people::held(&base, &tenant).await?)?;
        }
        Held::Release { tenant, person, data } => {
            let base = Base::open(&data).await?;
            let count = people::release(&base, &tenant, person.as_deref()).await?;
            note(&format!("{count} deactivation(s) of tenant {tenant} were let go"));
        }
    }
    Ok(())
}

pub(super) async fn hook(command: Hook) -> Result<(), CommandError> {
    let Hook::Okta { tenant, data } = command;
    let base = Base::open(&data).await?;
    print(&connections::okta_hook(&base, &tenant).await?)?;
    note(&format!("in Okta, the URL ends in /v1/hooks/okta?org_id={tenant}, the field is Authorization"));
    Ok(())
}

pub(super) async fn person(command: Person) -> Result<(), CommandError> {
    let Person::List { tenant, all, data } = command;
    let base = Base::open(&data).await?;
    lines(&people::list(&base, &tenant, all).await?)
}

pub(super) async fn role(command: Role) -> Result<(), CommandError> {
    match command {
        Role::Add { tenant, role, name, priority, data } => {
            let base = Base::open(&data).await?;
            people::add_role(&base, &tenant, &role, name, priority).await
        }
        Role::Give(wanted) => {
            let base = Base::open(&wanted.data).await?;
            people::change_role(&base, &wanted, true).await
        }
        Role::Take(wanted) => {
            let base = Base::open(&wanted.data).await?;
            people::change_role(&base, &wanted, false).await
        }
    }
}

pub(super) async fn reminders(options: &Reminders) -> Result<(), CommandError> {
    let base = Base::open(&options.data).await?;
    let (only, now) = (options.tenant.as_deref().map(TenantId::parse).transpose()?, clock::now());
    let found = if options.tell {
        notices::tell(&base, only.as_ref(), now).await?
    } else {
        notices::all_standing(&base, only.as_ref(), now).await?
    };
    for (tenant, reminder) in found {
        print(
            &json!({
                "tenant": tenant.as_str(), "kind": reminder.kind, "subject": reminder.subject,
                "at": reminder.at, "days": reminder.days,
            })
            .to_string(),
        )?;
    }
    Ok(())
}

pub(super) async fn events(options: &Events) -> Result<(), CommandError> {
    let base = Base::open(&options.data).await?;
    let since = match &options.since {
        None => DateTime::UNIX_EPOCH,
        Some(text) => DateTime::parse_from_rfc3339(text)
            .map(|at| at.with_timezone(&Utc))
            .map_err(|_| CommandError::Date(text.clone()))?,
    };
    let mut db = base.store.read().await?;
    let tenant = connections::known(&mut db, &TenantId::parse(&options.tenant)?).await?;
    for token in notices::events(&mut db, &tenant.id, since, &options.issuer).await? {
        print(&token.to_string())?;
    }
    Ok(())
}

fn lines(lines: &[String]) -> Result<(), CommandError> {
    lines.iter().try_for_each(|line| print(line))
}
