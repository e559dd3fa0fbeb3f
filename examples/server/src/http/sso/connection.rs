//! A tenant's login connection, put together for one request.

use axum::http::StatusCode;
use saml_sp::{
    Binding, Certificate, Connection, Endpoint, IdentityProvider, KeyPair, KeyRing, Policy, PrivateKey,
    ServiceProvider, Unsolicited,
};
use tenant_model::{
    ConnectionState, EntityIdScheme, IdpInitiated, ProductProfile, SamlConnection, SamlProfile, Tenant,
    TenantId, TenantState,
};

use crate::app::App;
use crate::commands::tenant::SAML_CONNECTION;
use crate::http::answer::Refusal;
use crate::sp_keys;
use crate::store::tenants::{self, SealedKey};

/// Everything that a SAML operation of one tenant needs.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The tenant.
    pub(crate) tenant: Tenant,
    /// The login part of its product.
    pub(crate) profile: SamlProfile,
    /// The rules of the connection.
    pub(crate) connection: SamlConnection,
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
    key: String,
}

impl Parts {
    /// The connection of the tenant that a request names.
    ///
    /// # Errors
    /// [`Refusal`]: no such tenant, no identity provider yet, or switched off.
    pub(crate) async fn load(app: &App, org_id: &str) -> Result<Self, Refusal> {
        let id = TenantId::parse(org_id).map_err(|_| unknown_tenant())?;
        let connection_id = tenant_model::ConnectionId::parse(SAML_CONNECTION)
            .map_err(|_| Refusal::internal("server.connection"))?;
        let mut db = app.base.store.read().await?;
        let tenant = tenants::find(&mut db, &id).await?.ok_or_else(unknown_tenant)?;
        if tenant.state != TenantState::Active {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "login.tenant_suspended",
                "this organisation is not active",
            ));
        }
        let profile = saml_profile(&tenant)?;
        let stored = tenants::saml(&mut db, &id, &connection_id).await?.ok_or_else(|| {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "sso.not_configured",
                "this organisation has no identity provider yet",
            )
            .with_hint("give us its metadata: server tenant configure-idp, or POST /v1/sso/config")
        })?;
        if !matches!(stored.connection.state, ConnectionState::Active) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "login.connection_off",
                "single sign-on is switched off for this organisation",
            ));
        }
        let keys = tenants::keys(&mut db, &id).await?;
        let idp = serde_json::from_value(stored.idp).map_err(|error| {
            tracing::error!(%error, "a stored identity provider is not readable");
            Refusal::internal("server.identity_provider")
        })?;
        Ok(Self {
            sp: service_provider(app, &tenant, &profile, &keys)?,
            idp,
            policy: policy(&profile),
            key: format!("{id}/{connection_id}"),
            connection: stored.connection,
            profile,
            tenant,
        })
    }

    /// The connection, for one operation.
    pub(crate) fn saml(&self) -> Connection<'_> {
        Connection::new(&self.sp, &self.idp, &self.policy).with_key(&self.key)
    }

    /// The limits and rules of the connection.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// The login part of a tenant's product.
///
/// # Errors
/// [`Refusal`] when the product has no single sign-on.
pub(crate) fn saml_profile(tenant: &Tenant) -> Result<SamlProfile, Refusal> {
    ProductProfile::built_in(tenant.profile.as_str()).and_then(|profile| profile.saml).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "sso.not_offered", "this product has no single sign-on")
    })
}

/// Our side of a tenant's connection. All its addresses name the tenant, so that an assertion for one tenant's address
/// is refused at every other's (TEN-01).
///
/// # Errors
/// [`Refusal`] when the public URL or the stored keys are not usable; the log says why.
pub(crate) fn service_provider(
    app: &App,
    tenant: &Tenant,
    profile: &SamlProfile,
    keys: &[SealedKey],
) -> Result<ServiceProvider, Refusal> {
    build(app, tenant, profile, keys).map_err(|error| {
        tracing::error!(%error, tenant = %tenant.id, "a service provider cannot be put together");
        Refusal::internal("server.service_provider")
    })
}

fn build(
    app: &App,
    tenant: &Tenant,
    profile: &SamlProfile,
    keys: &[SealedKey],
) -> Result<ServiceProvider, Box<dyn std::error::Error>> {
    let url = |path: &str| format!("{}?org_id={}", app.public_url.join(path), tenant.id);
    let entity_id = match profile.entity_id {
        EntityIdScheme::OneForAll => app.public_url.join(profile.paths.metadata.as_str()),
        EntityIdScheme::PerConnection => url(profile.paths.metadata.as_str()),
    };
    let logout: saml_sp::EndpointUrl = url(profile.paths.logout.as_str()).parse()?;
    let mut sp = ServiceProvider::new(entity_id.parse()?, url(profile.paths.acs.as_str()).parse()?)
        .with_logout(Endpoint::new(Binding::HttpRedirect, logout.clone()))
        .with_logout(Endpoint::new(Binding::HttpPost, logout));
    if let Some(format) = profile.name_id.uri() {
        sp = sp.with_name_id_formats(vec![format.to_owned()]);
    }
    let pair = |key: &SealedKey| -> Result<KeyPair, Box<dyn std::error::Error>> {
        let private = sp_keys::open(&app.base.keys, &tenant.id, key)?;
        Ok(KeyPair::new(PrivateKey::from_pem(&private)?, Certificate::parse(&key.certificate)?)?)
    };
    let of_state = |state: &'static str| keys.iter().filter(move |key| key.state == state);
    if let Some(current) = of_state("current").next() {
        let mut ring = KeyRing::new(pair(current)?);
        if let Some(next) = of_state("next").next() {
            ring = ring.with_next(pair(next)?, None);
        }
        for retired in of_state("retired") {
            ring = ring.with_retired(pair(retired)?);
        }
        sp = sp.with_keys(ring);
    }
    Ok(sp)
}

fn policy(profile: &SamlProfile) -> Policy {
    let mut policy = Policy::default();
    policy.unsolicited = match profile.idp_initiated {
        IdpInitiated::Accept(_) => Unsolicited::Accept,
        IdpInitiated::Bounce => Unsolicited::Bounce,
        IdpInitiated::Reject => Unsolicited::Reject,
    };
    policy
}

/// The answer alike for unknown tenants and impossible ids.
pub(super) fn unknown_tenant() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "request.org_id", "there is no such organisation")
        .with_hint("check org_id in the address")
}
