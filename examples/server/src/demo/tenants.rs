//! The demo's tenants: one of each product, each with a mail domain, an identity provider and a directory.

use std::collections::BTreeMap;

use tenant_model::{ConnectionId, ConnectionState, SamlAddresses, TenantId};

use super::DemoIdp;
use crate::app::Base;
use crate::cli::{Purpose, Which};
use crate::clock;
use crate::commands::tenant::{SAML_CONNECTION, SCIM_CONNECTION, connection_id};
use crate::commands::{CommandError, domain, tenant, token};
use crate::config::PublicUrl;
use crate::store::tenants;

/// A tenant of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DemoTenant {
    /// Its id.
    pub(crate) id: &'static str,
    /// The id of its product.
    pub(crate) product: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// Where its people have their addresses.
    pub(crate) domain: &'static str,
    /// The word before the token in the directory's requests.
    pub(crate) word: &'static str,
}

impl DemoTenant {
    /// The tenant of a product.
    pub(crate) fn of_product(product: &str) -> Option<&'static Self> {
        TENANTS.iter().find(|tenant| tenant.product == product)
    }

    /// Someone's address.
    pub(crate) fn email(&self, name: &str) -> String {
        format!("{name}@{}", self.domain)
    }

    /// The value of the directory's `Authorization` header.
    pub(crate) fn authorization(&self, token: &str) -> String {
        format!("{} {token}", self.word)
    }

    /// Where its single sign-on is.
    pub(crate) fn addresses(&self, base: &Base, url: &PublicUrl) -> Option<SamlAddresses> {
        let saml = base.profiles.get(self.product)?.saml.clone()?;
        Some(saml.addresses(
            url.as_str(),
            &self.tenant_id().ok()?,
            &ConnectionId::parse(SAML_CONNECTION).ok()?,
        ))
    }

    /// Where its SCIM is, below the server's address.
    pub(crate) fn scim(&self, base: &Base) -> Option<String> {
        let product = base.profiles.get(self.product)?;
        let connection = ConnectionId::parse(SCIM_CONNECTION).ok()?;
        Some(product.scim.base_url("", &self.tenant_id().ok()?, &connection))
    }

    /// A link that begins a login and ends at the start page.
    pub(crate) fn login(&self, base: &Base, url: &PublicUrl) -> String {
        let login = self.addresses(base, url).map(|ours| ours.login).unwrap_or_default();
        let mark = if login.contains('?') { '&' } else { '?' };
        format!("{login}{mark}relay_state=/")
    }

    /// Its id, checked.
    pub(crate) fn tenant_id(&self) -> Result<TenantId, CommandError> {
        Ok(TenantId::parse(self.id)?)
    }
}

/// The fresh tokens of the directories, by tenant.
pub(crate) type Tokens = BTreeMap<&'static str, String>;

/// Makes what is not there yet, and a fresh token for each directory.
pub(crate) async fn seed(base: &Base, idp: &DemoIdp) -> Result<Tokens, CommandError> {
    let metadata = idp.metadata()?;
    let mut tokens = Tokens::new();
    for demo in &TENANTS {
        match tenant::create(base, demo.id, demo.product, Some(demo.name), false).await {
            Ok(()) => domain::verify(base, demo.id, demo.domain, None).await?,
            Err(CommandError::TenantExists(_)) => {}
            Err(error) => return Err(error),
        }
        switch_on(base, demo).await?;
        // At another port the same provider has other addresses; people keep their accounts.
        tenant::configure_idp(base, demo.id, SAML_CONNECTION, metadata.as_bytes(), None, true).await?;
        let old = Which { token: None, id: None, name: Some(TOKEN_NAME.to_owned()), all: false };
        match token::revoke(base, demo.id, &old).await {
            Ok(_) | Err(CommandError::NoToken(_)) => {}
            Err(error) => return Err(error),
        }
        tokens.insert(demo.id, issue(base, demo).await?);
    }
    Ok(tokens)
}

/// A fresh token of a tenant's directory.
pub(super) async fn issue(base: &Base, demo: &DemoTenant) -> Result<String, CommandError> {
    // Torii demands an end, and the others take one.
    let ends = clock::now().checked_add_days(chrono::Days::new(90)).unwrap_or_default();
    let wanted = token::Wanted {
        name: Some(TOKEN_NAME.to_owned()),
        expires: Some(ends.to_rfc3339()),
        ..token::Wanted::default()
    };
    Ok(token::issue(base, demo.id, wanted, Purpose::Scim).await?.reveal())
}

/// Provisioning is a switch with some products, and off at first.
async fn switch_on(base: &Base, demo: &DemoTenant) -> Result<(), CommandError> {
    let (id, connection) = (demo.tenant_id()?, connection_id(SCIM_CONNECTION)?);
    let mut tx = base.store.begin(&id).await?;
    if let Some(mut stored) = tenants::scim(&mut tx, &id, &connection).await? {
        stored.state = ConnectionState::Active;
        tenants::put_scim(&mut tx, &stored).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The tenant of the profile `standard`.
pub(crate) const STANDARD: &str = "acme";
/// The tenant of the profile `toktra`.
pub(crate) const TOKTRA: &str = "globex";
/// The name of the directories' tokens.
pub(crate) const TOKEN_NAME: &str = "demo";

/// All of them.
pub(crate) const TENANTS: [DemoTenant; 5] = [
    DemoTenant { id: STANDARD, product: "standard", name: "Acme", domain: "example.com", word: "Bearer" },
    DemoTenant { id: TOKTRA, product: "toktra", name: "Globex", domain: "globex.example", word: "Bearer" },
    DemoTenant {
        id: "initech",
        product: "toplyne",
        name: "Initech",
        domain: "initech.example",
        word: "Bearer",
    },
    DemoTenant { id: "hooli", product: "tonkean", name: "Hooli", domain: "hooli.example", word: "token" },
    DemoTenant {
        id: "umbrella",
        product: "torii",
        name: "Umbrella",
        domain: "umbrella.example",
        word: "Bearer",
    },
];
