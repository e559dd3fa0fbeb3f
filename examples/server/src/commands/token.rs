//! SCIM tokens: issue, list, revoke.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use tenant_model::{
    Actor, ExpiryRequest, ProductProfile, Right, ScimToken, ShownOnce, Tenant, TenantId, TokenId,
    TokenRequest, issue as make, revoke as end, take_over as adopt,
};

use super::CommandError;
use crate::account;
use crate::app::Base;
use crate::cli::{Purpose, Which};
use crate::commands::people::{person, rules};
use crate::commands::tenant::{CONFIG_CONNECTION, SCIM_CONNECTION, connection_id, product};
use crate::store::{Tx, people, tenants, tokens};
use crate::{clock, random, trust};

/// What a token to issue is like.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The connection; the first one if none is named.
    pub connection: Option<String>,
    /// When it ends.
    pub expires: Option<String>,
    /// It never ends.
    pub never: bool,
    /// A name.
    pub name: Option<String>,
    /// A kind.
    pub kind: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The token whose place it takes.
    pub replaces: Option<String>,
}

/// Makes a token of a tenant's directory connection.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn issue(
    base: &Base,
    tenant: &str,
    wanted: Wanted,
    purpose: Purpose,
) -> Result<ShownOnce, CommandError> {
    let now = clock::now();
    let expires = match wanted.expires.as_deref() {
        _ if wanted.never => ExpiryRequest::DangerNever,
        Some(text) => ExpiryRequest::At(date(text)?),
        None => ExpiryRequest::Default,
    };
    let mut tx = base.store.begin(&TenantId::parse(tenant)?).await?;
    let (tenant, product) = find(base, &mut tx, tenant).await?;
    // Whoever issues needs the right (TOK-10); on the command line that is the operator.
    let rights = trust::operator(&tenant.id, []);
    rights.require(&tenant.id, &Right::Security).map_err(CommandError::Right)?;
    let connection = match purpose {
        Purpose::Scim => {
            let id = connection_id(wanted.connection.as_deref().unwrap_or(SCIM_CONNECTION))?;
            let found = tenants::scim(&mut tx, &tenant.id, &id).await?;
            found.ok_or_else(|| CommandError::NoConnection(tenant.id.to_string(), id.to_string()))?.id
        }
        Purpose::SsoConfig => connection_id(CONFIG_CONNECTION)?,
    };
    let existing = tokens::of_connection(&mut tx, &tenant.id, &connection).await?;
    tokens::free_slots(&mut tx, &existing, now).await?;
    let mut ask = TokenRequest::new(tenant.id.clone(), connection, Actor::Operator);
    ask.name = wanted.name;
    ask.kind = wanted.kind;
    ask.description = wanted.description;
    ask.expires = expires;
    ask.replaces = wanted.replaces.as_deref().map(TokenId::parse).transpose()?;
    if let Some(owner) = &wanted.owner {
        let owner = person(&mut tx, &tenant.id, owner).await?;
        let rules = rules(&mut tx, &tenant, &product).await?;
        if !owner.state.is_active() || !account::is_admin(&rules, &owner) {
            return Err(CommandError::NotAdmin);
        }
        ask.owner = Some(owner.id);
    }
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

/// Makes an administrator answer for a token.
///
/// # Errors
/// [`CommandError`]; then nothing was stored.
pub async fn take_over(base: &Base, tenant: &str, id: &str, owner: &str) -> Result<(), CommandError> {
    let now = clock::now();
    let mut tx = base.store.begin(&TenantId::parse(tenant)?).await?;
    let (tenant, product) = find(base, &mut tx, tenant).await?;
    let token = tokens::find(&mut tx, &tenant.id, &TokenId::parse(id)?).await?;
    let token = token.ok_or_else(|| CommandError::NoToken(tenant.id.to_string()))?;
    let owner = person(&mut tx, &tenant.id, owner).await?;
    let rules = rules(&mut tx, &tenant, &product).await?;
    let rights = trust::operator(&tenant.id, []);
    let taken = adopt(&token, &owner, &rules, &rights, &Actor::Operator, now);
    let (row, event) = taken.map_err(CommandError::TakeOver)?;
    tokens::update(&mut tx, &row).await?;
    people::audit(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(())
}

/// One line for each token: id, state, end, connection, name, owner, kind, description.
///
/// # Errors
/// [`CommandError`].
pub async fn list(base: &Base, tenant: &str) -> Result<Vec<String>, CommandError> {
    let now = clock::now();
    let mut db = base.store.read().await?;
    let tenant = tenants::find(&mut db, &TenantId::parse(tenant)?)
        .await?
        .ok_or_else(|| CommandError::NoTenant(tenant.to_owned()))?;
    let tokens = tokens::of_tenant(&mut db, &tenant.id).await?;
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
    let tokens = tokens::of_tenant(&mut tx, &tenant.id).await?;
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
    let owner = match (&token.owner, token.owner_left) {
        (Some(_), Some(_)) => "owner-left",
        (Some(owner), None) => owner.as_str(),
        (None, _) => "-",
    };
    let (kind, text) = (token.kind.as_deref().unwrap_or("-"), token.description.as_deref().unwrap_or("-"));
    format!("{}\t{state}\t{end}\t{}\t{name}\t{owner}\t{kind}\t{text}", token.id, token.connection)
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
