//! OAuth clients: create, give a second secret, revoke, list.

use chrono::{DateTime, Utc};
use tenant_model::{
    Actor, AuditEvent, ExpiryRequest, OAuthClient, Right, Rights, ShownOnce, Tenant, TenantId, TokenId,
    TokenRequest, add_client_secret, register_client, revoke_client_secret,
};

use super::CommandError;
use super::token::{date, find};
use crate::app::Base;
use crate::commands::tenant::{SCIM_CONNECTION, connection_id};
use crate::store::{Tx, oauth, people};
use crate::{clock, random};

/// Makes a client of a tenant's directory connection: its id, and its first secret.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn create(
    base: &Base,
    tenant: &str,
    expires: Option<&str>,
    name: Option<String>,
) -> Result<(TokenId, ShownOnce), CommandError> {
    let now = clock::now();
    let expires = expiry(expires)?;
    let mut tx = base.store.begin(&TenantId::parse(tenant)?).await?;
    let (tenant, product) = find(base, &mut tx, tenant).await?;
    let mut ask = TokenRequest::new(tenant.id.clone(), connection_id(SCIM_CONNECTION)?, Actor::Operator);
    ask.name = name;
    ask.expires = expires;
    let keys = base.keys.token_hash_keys()?;
    let random = random::bytes()?;
    let (client, secret, audit) =
        register_client(&product.tokens, ask, &random, keys.current(), &rights(&tenant), now)?;
    store(tx, &client, audit).await?;
    Ok((client.id, secret))
}

/// Makes a second secret, so that the first one can be replaced in peace.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn add_secret(base: &Base, client: &str, expires: Option<&str>) -> Result<ShownOnce, CommandError> {
    let now = clock::now();
    let expires = expiry(expires)?;
    let id = client_id(client)?;
    let mut tx = base.store.begin(&id.tenant()).await?;
    let client = client_of(&mut tx, &id).await?;
    let (tenant, product) = find(base, &mut tx, client.tenant.as_str()).await?;
    let (keys, random) = (base.keys.token_hash_keys()?, random::bytes()?);
    let (key, rights) = (keys.current(), rights(&tenant));
    let (client, secret, audit) =
        add_client_secret(&product.tokens, &client, expires, &random, key, &rights, &Actor::Operator, now)?;
    store(tx, &client, audit).await?;
    Ok(secret)
}

/// Revokes one secret of a client, or all of them, with the access tokens that they got; says how many secrets.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn revoke(base: &Base, client: &str, slot: Option<u8>) -> Result<usize, CommandError> {
    let now = clock::now();
    let id = client_id(client)?;
    let mut tx = base.store.begin(&id.tenant()).await?;
    let mut client = client_of(&mut tx, &id).await?;
    let (tenant, _) = find(base, &mut tx, client.tenant.as_str()).await?;
    let live = |client: &OAuthClient| -> Vec<u8> {
        client.secrets.iter().filter(|secret| secret.is_live(now)).map(|secret| secret.slot).collect()
    };
    let slots = slot.map_or_else(|| live(&client), |slot| vec![slot]);
    for slot in &slots {
        let (after, audit) = revoke_client_secret(&client, *slot, &rights(&tenant), &Actor::Operator, now)?;
        oauth::put(&mut tx, &after).await?;
        oauth::end_tokens(&mut tx, &tenant.id, &after.id, *slot).await?;
        people::audit(&mut tx, &[audit]).await?;
        client = after;
    }
    tx.commit().await?;
    Ok(slots.len())
}

/// One line for each secret: client id, slot, state, end, name of the client.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let now = clock::now();
    let mut db = base.store.read().await?;
    let clients = oauth::of_tenant(&mut db, &TenantId::parse(tenant)?).await?;
    Ok(clients.iter().flat_map(|client| lines(client, now)).collect())
}

fn lines(client: &OAuthClient, now: DateTime<Utc>) -> Vec<String> {
    let name = client.name.as_deref().unwrap_or("-");
    let line = |secret: &tenant_model::ClientSecret| {
        let state = match (secret.is_live(now), secret.revoked) {
            (true, _) => "live",
            (false, Some(_)) => "revoked",
            (false, None) => "expired",
        };
        let end = match secret.expires {
            tenant_model::Expiry::At(at) => at.to_rfc3339(),
            tenant_model::Expiry::DangerNever => "never".to_owned(),
        };
        format!("{}\t{}\t{state}\t{end}\t{name}", client.id, secret.slot)
    };
    client.secrets.iter().map(line).collect()
}

fn client_id(text: &str) -> Result<TokenId, CommandError> {
    TokenId::parse(text).map_err(|_| CommandError::NoClient(text.to_owned()))
}

async fn client_of(tx: &mut Tx, id: &TokenId) -> Result<OAuthClient, CommandError> {
    let found = oauth::find(tx, &id.tenant(), id).await?;
    found.ok_or_else(|| CommandError::NoClient(id.to_string()))
}

async fn store(mut tx: Tx, client: &OAuthClient, audit: AuditEvent) -> Result<(), CommandError> {
    oauth::put(&mut tx, client).await?;
    people::audit(&mut tx, &[audit]).await?;
    tx.commit().await?;
    Ok(())
}

/// Whoever may use the command line on the database may do everything in it.
fn rights(tenant: &Tenant) -> Rights {
    Rights { tenant: tenant.id.clone(), granted: [Right::Security].into() }
}

fn expiry(text: Option<&str>) -> Result<ExpiryRequest, CommandError> {
    text.map_or(Ok(ExpiryRequest::Default), |text| date(text).map(ExpiryRequest::At))
}
