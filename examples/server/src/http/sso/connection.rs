//! A tenant's login connection, put together for one request.

use axum::http::StatusCode;
use saml_sp::{
    Binding, Certificate, Connection, Endpoint, IdentityProvider, KeyPair, KeyRing, Policy, PrivateKey,
    ServiceProvider, Unsolicited,
};
use sqlx::AnyConnection;
use tenant_model::{
    ConnectionId, ConnectionState, IdpInitiated, ProductProfile, SamlAddresses, SamlConnection, SamlProfile,
    SpKeyState, Tenant,
};

use crate::app::App;
use crate::http::answer::Refusal;
use crate::http::endpoints::{Address, Meant, serves, unknown_tenant};
use crate::sp_keys;
use crate::store::logins::Session;
use crate::store::sp_keys::{self as key_rows, SealedKey};
use crate::store::tenants::{self, StoredSaml};

/// Everything that a SAML operation of one tenant needs.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The tenant.
    pub(crate) tenant: Tenant,
    /// The login part of its product.
    pub(crate) profile: SamlProfile,
    /// The rules of the connection.
    pub(crate) connection: SamlConnection,
    /// Our addresses for it.
    pub(crate) addresses: SamlAddresses,
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
    key: String,
}

impl Parts {
    /// The connection that an address names.
    ///
    /// # Errors
    /// [`Refusal`]: no such tenant, no identity provider yet, or switched off.
    pub(crate) async fn load(app: &App, address: &Address) -> Result<Self, Refusal> {
        let mut db = app.base.store.read().await?;
        let meant = address.meant(app, &mut db).await?;
        Self::of(app, &mut db, meant).await
    }

    /// The connection of a session.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn of_session(app: &App, session: &Session) -> Result<Self, Refusal> {
        let mut db = app.base.store.read().await?;
        let tenant = tenants::find(&mut db, &session.tenant).await?.ok_or_else(unknown_tenant)?;
        serves(app, &tenant)?;
        let product =
            app.base.profiles.of(&tenant).cloned().ok_or_else(|| Refusal::internal("server.profile"))?;
        Self::of(app, &mut db, Meant { tenant, product, connection: session.connection.clone() }).await
    }

    async fn of(app: &App, db: &mut AnyConnection, meant: Meant) -> Result<Self, Refusal> {
        let Meant { tenant, product, connection } = meant;
        let profile = saml_profile(&product)?;
        let id = tenant.id.clone();
        let stored = tenants::saml(db, &id, &connection).await?.ok_or_else(|| {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "sso.not_configured",
                "this organisation has no identity provider yet",
            )
            .with_hint("give us its metadata: server tenant configure-idp, or the endpoint for metadata")
        })?;
        // One that is being tried out takes the answers to tests, and nothing else.
        if !matches!(stored.connection.state, ConnectionState::Active | ConnectionState::Testing) {
            return Err(connection_off());
        }
        let keys = key_rows::list(db, &id).await?;
        Self::assemble(app, tenant, profile, stored, &keys)
    }

    /// The connection as its admins see it, whatever its state; `None` while it has no identity provider.
    ///
    /// # Errors
    /// [`Refusal`]: no such connection, or stored data that cannot be used.
    pub(crate) async fn for_admin(
        app: &App,
        db: &mut AnyConnection,
        tenant: &Tenant,
        stored: StoredSaml,
    ) -> Result<Option<Self>, Refusal> {
        if stored.idp.is_null() {
            return Ok(None);
        }
        let product = app.base.profiles.of(tenant).ok_or_else(|| Refusal::internal("server.profile"))?;
        let keys = key_rows::list(db, &tenant.id).await?;
        Self::assemble(app, tenant.clone(), saml_profile(product)?, stored, &keys).map(Some)
    }

    /// Makes sure that the connection is in use: no login begins or ends through any other.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn require_active(&self) -> Result<(), Refusal> {
        if self.connection.state.is_active() { Ok(()) } else { Err(connection_off()) }
    }

    fn assemble(
        app: &App,
        tenant: Tenant,
        profile: SamlProfile,
        stored: StoredSaml,
        keys: &[SealedKey],
    ) -> Result<Self, Refusal> {
        let (id, connection) = (tenant.id.clone(), stored.connection.id.clone());
        let idp = serde_json::from_value(stored.idp).map_err(|error| {
            tracing::error!(%error, "a stored identity provider is not readable");
            Refusal::internal("server.identity_provider")
        })?;
        Ok(Self {
            sp: service_provider(app, &tenant, &profile, &connection, keys)?,
            idp,
            policy: policy(&profile),
            key: format!("{id}/{connection}"),
            addresses: profile.addresses(app.public_url.as_str(), &id, &connection),
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

fn connection_off() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "login.connection_off",
        "single sign-on is switched off for this organisation",
    )
}

/// The login part of a product.
///
/// # Errors
/// [`Refusal`] when the product has no single sign-on.
pub(crate) fn saml_profile(product: &ProductProfile) -> Result<SamlProfile, Refusal> {
    product.saml.clone().ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "sso.not_offered", "this product has no single sign-on")
    })
}

/// Our side of a tenant's connection. All its addresses name tenant and connection, so that an assertion for one of
/// them is refused at every other (TEN-01).
///
/// # Errors
/// [`Refusal`] when the public URL or the stored keys are not usable; the log says why.
pub(crate) fn service_provider(
    app: &App,
    tenant: &Tenant,
    profile: &SamlProfile,
    connection: &ConnectionId,
    keys: &[SealedKey],
) -> Result<ServiceProvider, Refusal> {
    build(app, tenant, profile, connection, keys).map_err(|error| {
        tracing::error!(%error, tenant = %tenant.id, "a service provider cannot be put together");
        Refusal::internal("server.service_provider")
    })
}

fn build(
    app: &App,
    tenant: &Tenant,
    profile: &SamlProfile,
    connection: &ConnectionId,
    keys: &[SealedKey],
) -> Result<ServiceProvider, Box<dyn std::error::Error>> {
    let ours = profile.addresses(app.public_url.as_str(), &tenant.id, connection);
    let logout: saml_sp::EndpointUrl = ours.logout.parse()?;
    let mut sp = ServiceProvider::new(ours.entity_id.parse()?, ours.acs.parse()?)
        .with_logout(Endpoint::new(Binding::HttpRedirect, logout.clone()))
        .with_logout(Endpoint::new(Binding::HttpPost, logout));
    if let Some(format) = profile.name_id.uri() {
        sp = sp.with_name_id_formats(vec![format.to_owned()]);
    }
    let pair = |key: &SealedKey| -> Result<KeyPair, Box<dyn std::error::Error>> {
        let private = sp_keys::open(&app.base.keys, &tenant.id, key)?;
        Ok(KeyPair::new(PrivateKey::from_pem(&private)?, Certificate::parse(&key.certificate)?)?)
    };
    let of_state = |state: SpKeyState| keys.iter().filter(move |key| key.state == state);
    if let Some(current) = of_state(SpKeyState::Current).next() {
        let mut ring = KeyRing::new(pair(current)?);
        if let Some(next) = of_state(SpKeyState::Next).next() {
            // The ring compares it with the clock at each message.
            ring = ring.with_next(pair(next)?, next.signs_from);
        }
        for retired in of_state(SpKeyState::Retired) {
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
