//! SCIM tokens: issue, list, revoke.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use sqlx::AnyConnection;
use tenant_model::{
    Actor, ExpiryRequest, ProductProfile, ScimToken, ShownOnce, Tenant, TenantId, TokenRequest,
    issue as make, revoke as end,
};

use super::CommandError;
use crate::app::Base;
use crate::cli::{Purpose, Which};
use crate::commands::tenant::{CONFIG_CONNECTION, SCIM_CONNECTION, connection_id, product};
use crate::store::{Tx, people, tenants, tokens};
use crate::{clock, random};

/// Makes a token of a tenant's directory connection.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn issue(
    base: &Base,
    tenant: &str,
    expires: Option<&str>,
    name: Option<String>,
    purpose: Purpose,
) -> Result<ShownOnce, CommandError> {
    let now = clock::now();
    let expires = expires.map_or(Ok(ExpiryRequest::Default), |text| date(text).map(ExpiryRequest::At))?;
    let mut tx = base.store.begin(&TenantId::parse(tenant)?).await?;
    let (tenant, product) = find(base, &mut tx, tenant).await?;
    let connection = connection_id(match purpose {
        Purpose::Scim => SCIM_CONNECTION,
        Purpose::SsoConfig => CONFIG_CONNECTION,
    })?;
    let existing = tokens::of_connection(&mut tx, &tenant.id, &connection).await?;
    tokens::free_slots(&mut tx, &existing, now).await?;
    let mut ask = TokenRequest::new(tenant.id.clone(), connection, Actor::Operator);
    ask.name = name;
    ask.expires = expires;
    let keys = base.keys.token_hash_keys()?;
    let issued = make(&product.tokens, &existing, ask, &random::bytes()?, keys.current(), now)?;
    for old in &issued.changed {
        tokens::update(&mut tx, old).await?;
    }
    tokens::insert(&mut tx, &issued.row).await?;
    people::audit(&mut tx, &issued.audit).await?;
    tx.commit().await?;
    Ok(issued.shown)
}

/// One line for each token: id, state, end, name.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let now = clock::now();
    let mut db = base.store.read().await?;
    let tenant = tenants::find(&mut db, &TenantId::parse(tenant)?)
        .await?
        .ok_or_else(|| CommandError::NoTenant(tenant.to_owned()))?;
    let tokens = all(&mut db, &tenant.id).await?;
    Ok(tokens.iter().map(|token| line(token, now)).collect())
}

/// Revokes tokens; says how many.
///
/// # Errors
/// [`CommandError::NoToken`] when none fits.
pub async fn revoke(base: &Base, tenant: &str, which: &Which) -> Result<usize, CommandError> {
    let now = clock::now();
    let mut tx = base.store.begin(&TenantId::parse(tenant)?).await?;
    let (tenant, _) = find(base, &mut tx, tenant).await?;
    let tokens = all(&mut tx, &tenant.id).await?;
    let mut count = 0_usize;
    for token in tokens.iter().filter(|token| token.revoked.is_none() && which.means(token)) {
        let (row, audit) = end(token, &Actor::Operator, now);
        tokens::update(&mut tx, &row).await?;
        people::audit(&mut tx, audit.as_slice()).await?;
        count = count.saturating_add(1);
    }
    tx.commit().await?;
    if count == 0 && !which.all { Err(CommandError::NoToken(tenant.id.to_string())) } else { Ok(count) }
}

impl Which {
    /// The tenant that the id of the token names.
    #[must_use]
    pub fn tenant(&self) -> Option<String> {
        let given = self.given()?;
        // The whole token is prefix_tenant.random_secret_check, and a tenant may hold `_`: only the prefix goes.
        let id = if given.matches('_').count() >= 3 { given.split_once('_')?.1 } else { given };
        id.split_once('.').map(|(tenant, _)| tenant.to_owned())
    }

    fn given(&self) -> Option<&str> {
        self.token.as_deref().or(self.id.as_deref())
    }

    fn means(&self, token: &ScimToken) -> bool {
        let by_id = self.given().is_some_and(|given| {
            // The whole token names its id too: prefix_ID_secret_check.
            given == token.id.as_str() || given.contains(&format!("_{}_", token.id))
        });
        self.all || by_id || self.name.is_some() && self.name == token.name
    }
}

async fn all(db: &mut AnyConnection, tenant: &TenantId) -> Result<Vec<ScimToken>, CommandError> {
    let mut out = tokens::of_connection(db, tenant, &connection_id(SCIM_CONNECTION)?).await?;
    out.extend(tokens::of_connection(db, tenant, &connection_id(CONFIG_CONNECTION)?).await?);
    Ok(out)
}

pub(super) async fn find(
    base: &Base,
    tx: &mut Tx,
    tenant: &str,
) -> Result<(Tenant, Arc<ProductProfile>), CommandError> {
    let found = tenants::find(tx, &TenantId::parse(tenant)?)
        .await?
        .ok_or_else(|| CommandError::NoTenant(tenant.to_owned()))?;
    let product = product(base, found.profile.as_str())?;
    Ok((found, product))
}

/// A date means the end of that day, so that a token is good on the day that its maker named.
pub(crate) fn date(text: &str) -> Result<DateTime<Utc>, CommandError> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.with_timezone(&Utc));
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.checked_add_days(Days::new(1)))
        .map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .ok_or_else(|| CommandError::Date(text.to_owned()))
}

fn line(token: &ScimToken, now: DateTime<Utc>) -> String {
    let state = if token.is_live(now) {
        "live"
    } else if token.revoked.is_some() {
        "revoked"
    } else {
        "expired"
    };
    let end = token.end().map_or("never".to_owned(), |end| end.to_rfc3339());
    let name = token.name.as_deref().unwrap_or("-");
    format!("{}\t{state}\t{end}\t{}\t{name}", token.id, token.connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_tenant() {
        let which = |text: &str| Which { token: Some(text.to_owned()), id: None, name: None, all: false };
        assert_eq!(which("org_1.ab").tenant().as_deref(), Some("org_1"));
        assert_eq!(which("scim_org_1.ab_secret_check").tenant().as_deref(), Some("org_1"));
        assert_eq!(which("nothing").tenant(), None);
    }

    #[test]
    fn a_date_means_the_whole_day() {
        assert_eq!(date("2027-01-31").unwrap().to_rfc3339(), "2027-02-01T00:00:00+00:00");
        assert_eq!(date("2027-01-31T12:00:00+02:00").unwrap().to_rfc3339(), "2027-01-31T10:00:00+00:00");
        assert!(matches!(date("31.1.2027"), Err(CommandError::Date(_))));
    }
}
