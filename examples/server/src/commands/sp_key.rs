//! A tenant's own SAML keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{Actor, KeyId, ProductProfile, SpKey, SpKeyState, Tenant, TenantId, signing_key};

use super::tenant::product;
use super::{CommandError, note, print};
use crate::app::Base;
use crate::cli::sp_key::SpKey as Command;
use crate::clock;
use crate::sp_keys::{self, ChangeError, switch_at};
use crate::store::{sp_keys as rows, tenants};

/// Runs one of the commands.
///
/// # Errors
/// [`CommandError`]; then nothing was changed.
pub async fn run(command: Command) -> Result<(), CommandError> {
    match command {
        Command::List { tenant, data } => {
            let base = Base::open(&data).await?;
            let mut db = base.store.read().await?;
            let (tenant, _) = known(&base, &mut db, &tenant).await?;
            let keys = sp_keys::lives(&mut db, &tenant.id).await?;
            let now = clock::now();
            keys.iter().try_for_each(|key| print(&line(key, &keys, now)))
        }
        Command::Stage { tenant, at, data } => {
            let base = Base::open(&data).await?;
            let at = at.map(|at| instant(&at)).transpose()?;
            let staged = stage(&base, &tenant, at).await?;
            note(&format!(
                "the metadata of tenant {tenant} shows it beside the old one; {}",
                takes_over(&staged)
            ));
            print(staged.id.as_str())
        }
        Command::Promote { tenant, at, data } => {
            let base = Base::open(&data).await?;
            let at = instant(&at)?;
            let id = TenantId::parse(&tenant)?;
            let mut tx = base.store.begin(&id).await?;
            known(&base, &mut tx, &tenant).await?;
            let next = sp_keys::schedule(&mut tx, &id, at, Actor::Operator, clock::now()).await?;
            tx.commit().await?;
            note(&format!("tenant {tenant}: {}", takes_over(&next)));
            Ok(())
        }
        Command::Cancel { tenant, data } => {
            let base = Base::open(&data).await?;
            let id = TenantId::parse(&tenant)?;
            let mut tx = base.store.begin(&id).await?;
            known(&base, &mut tx, &tenant).await?;
            let gone = sp_keys::cancel(&mut tx, &id, Actor::Operator, clock::now()).await?;
            tx.commit().await?;
            note(&format!("the next key {} is gone; the current one goes on", gone.id));
            Ok(())
        }
        Command::Retire { tenant, data } => {
            let base = Base::open(&data).await?;
            let id = TenantId::parse(&tenant)?;
            let mut tx = base.store.begin(&id).await?;
            known(&base, &mut tx, &tenant).await?;
            let old = sp_keys::retire(&mut tx, &id, Actor::Operator, clock::now()).await?;
            tx.commit().await?;
            note(&format!(
                "key {} left the metadata; it decrypts until `server sp-key remove --tenant {tenant} --id {}`",
                old.id, old.id
            ));
            Ok(())
        }
        Command::Remove { tenant, id: key, data } => {
            let base = Base::open(&data).await?;
            let (id, key) = (TenantId::parse(&tenant)?, KeyId::parse(&key)?);
            let mut tx = base.store.begin(&id).await?;
            known(&base, &mut tx, &tenant).await?;
            sp_keys::remove(&mut tx, &id, &key, Actor::Operator, clock::now()).await?;
            tx.commit().await?;
            note(&format!("key {key} is deleted"));
            Ok(())
        }
        Command::Certificate { tenant, id, data } => {
            let base = Base::open(&data).await?;
            let mut db = base.store.read().await?;
            let (tenant, _) = known(&base, &mut db, &tenant).await?;
            let keys = rows::list(&mut db, &tenant.id).await?;
            let of_state = |state| keys.iter().find(|key| key.state == state);
            let chosen = match &id {
                Some(id) => keys.iter().find(|key| key.id.as_str() == id),
                None => of_state(SpKeyState::Next).or_else(|| of_state(SpKeyState::Current)),
            };
            let key = chosen.ok_or(CommandError::SpKey(tenant_model::SpKeyError::Unknown))?;
            print(key.certificate.trim_end())
        }
    }
}

/// Makes the next key of a tenant.
///
/// # Errors
/// [`CommandError`]; then nothing was changed.
pub async fn stage(base: &Base, tenant: &str, at: Option<DateTime<Utc>>) -> Result<SpKey, CommandError> {
    let id = TenantId::parse(tenant)?;
    let product = {
        let mut db = base.store.read().await?;
        known(base, &mut db, tenant).await?.1
    };
    // Made before the transaction: it takes a moment, and nobody should wait for it.
    let made = sp_keys::make(&base.keys, &id, clock::now()).map_err(CommandError::KeyPair)?;
    let mut tx = base.store.begin(&id).await?;
    let staged = sp_keys::stage(&mut tx, &id, made, at, product.sp_keys, Actor::Operator).await?;
    tx.commit().await?;
    Ok(staged)
}

/// A tenant whose product has single sign-on.
async fn known(
    base: &Base,
    db: &mut AnyConnection,
    tenant: &str,
) -> Result<(Tenant, Arc<ProductProfile>), CommandError> {
    let id = TenantId::parse(tenant)?;
    let tenant = tenants::find(db, &id).await?.ok_or_else(|| CommandError::NoTenant(id.to_string()))?;
    let product = product(base, tenant.profile.as_str())?;
    if product.saml.is_none() {
        return Err(CommandError::NoSso(product.id.to_string()));
    }
    Ok((tenant, product))
}

fn instant(text: &str) -> Result<DateTime<Utc>, CommandError> {
    switch_at(text, clock::now()).ok_or_else(|| CommandError::Instant(text.to_owned()))
}

fn takes_over(next: &SpKey) -> String {
    next.signs_from.map_or_else(String::new, |from| format!("it signs from {} on", from.to_rfc3339()))
}

fn line(key: &SpKey, keys: &[SpKey], now: DateTime<Utc>) -> String {
    let signs = signing_key(keys, now).is_some_and(|signing| signing.id == key.id);
    let signs = match (signs, key.signs_from) {
        (true, _) => "signs".to_owned(),
        (false, Some(from)) if from > now => format!("signs-from {}", from.to_rfc3339()),
        (false, _) => "-".to_owned(),
    };
    let days = sp_keys::days_left(key.not_after, now);
    let (id, state, end) = (&key.id, key.state.name(), key.not_after.to_rfc3339());
    format!("{id}\t{state}\t{}\t{end}\t{days}\t{signs}", key.fingerprint)
}

impl From<ChangeError> for CommandError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Key(error) => Self::SpKey(error),
            ChangeError::Store(error) => Self::Store(error),
        }
    }
}
