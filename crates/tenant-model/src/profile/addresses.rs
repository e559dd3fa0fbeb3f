//! The addresses of a tenant's connection, as a product's paths say.

use super::{EntityIdScheme, SamlProfile, ScimProfile, TenantFrom};
use crate::ids::{ConnectionId, TenantId};
use crate::path_template::PathTemplate;

/// Our addresses of one login connection. Each names tenant and connection, so that what is meant for one of them is
/// refused at every other (TEN-01).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlAddresses {
    /// Our entity id.
    pub entity_id: String,
    /// Our metadata.
    pub metadata: String,
    /// The assertion consumer service.
    pub acs: String,
    /// Starts a login.
    pub login: String,
    /// Single logout.
    pub logout: String,
    /// Takes the provider's metadata, if that has an endpoint.
    pub config: Option<String>,
}

impl SamlProfile {
    /// The connection that an address means which names none.
    pub const FIRST_CONNECTION: &str = "sso";

    /// The addresses of a connection below `url`, the product's own without a slash at the end.
    ///
    /// ```
    /// use tenant_model::{ConnectionId, ProductProfile, TenantId};
    ///
    /// let toktra = ProductProfile::built_in("toktra").unwrap().saml.unwrap();
    /// let (tenant, sso) = (TenantId::parse("acme")?, ConnectionId::parse("sso")?);
    /// let ours = toktra.addresses("https://api.example.com", &tenant, &sso);
    /// assert_eq!(ours.acs, "https://api.example.com/v1/sso/acs?org_id=acme");
    /// assert_eq!(ours.entity_id, "https://api.example.com/v1/sso/metadata");
    ///
    /// let tonkean = ProductProfile::built_in("tonkean").unwrap().saml.unwrap();
    /// let ours = tonkean.addresses("https://api.example.com", &tenant, &sso);
    /// assert_eq!(ours.acs, "https://api.example.com/t/acme/saml/sso/acs");
    /// # Ok::<(), tenant_model::IdError>(())
    /// ```
    #[must_use]
    pub fn addresses(&self, url: &str, tenant: &TenantId, connection: &ConnectionId) -> SamlAddresses {
        let full = |path: &PathTemplate| {
            let named = path.names_connection() || connection.as_str() == Self::FIRST_CONNECTION;
            address(url, path, &self.tenant_from, tenant, connection, !named)
        };
        let metadata = full(&self.paths.metadata);
        let one_for_all = format!("{url}{}", self.paths.metadata.as_str());
        SamlAddresses {
            entity_id: match self.entity_id {
                EntityIdScheme::OneForAll => one_for_all,
                EntityIdScheme::PerConnection => metadata.clone(),
            },
            acs: full(&self.paths.acs),
            login: full(&self.paths.login),
            logout: full(&self.paths.logout),
            config: self.paths.config.as_ref().map(full),
            metadata,
        }
    }
}

impl ScimProfile {
    /// The directory connection that a new tenant has.
    pub const FIRST_CONNECTION: &str = "scim";

    /// The base URL to show to admins.
    #[must_use]
    pub fn base_url(&self, url: &str, tenant: &TenantId, connection: &ConnectionId) -> String {
        address(url, &self.base, &self.tenant_from, tenant, connection, false)
    }

    /// All base paths, the one to show first.
    pub fn bases(&self) -> impl Iterator<Item = &PathTemplate> {
        std::iter::once(&self.base).chain(&self.also_at)
    }
}

fn address(
    url: &str,
    path: &PathTemplate,
    from: &TenantFrom,
    tenant: &TenantId,
    connection: &ConnectionId,
    name_connection: bool,
) -> String {
    let mut out = format!("{url}{}", path.fill(tenant, connection));
    let mut mark = '?';
    if let TenantFrom::Query(parameter) = from {
        out.push_str(&format!("{mark}{parameter}={tenant}"));
        mark = '&';
    }
    if name_connection {
        out.push_str(&format!("{mark}connection={connection}"));
    }
    out
}
