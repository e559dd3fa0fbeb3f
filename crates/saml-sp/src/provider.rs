//! Which product an identity provider is.

use serde::{Deserialize, Serialize};

use crate::{IdentityProvider, profile::ProviderProfile};

/// A product that speaks for an identity provider.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Active Directory Federation Services.
    Adfs,
    /// Auth0.
    Auth0,
    /// Duo.
    Duo,
    /// Microsoft Entra ID, once Azure Active Directory.
    EntraId,
    /// Google Workspace.
    GoogleWorkspace,
    /// JumpCloud.
    JumpCloud,
    /// Keycloak.
    Keycloak,
    /// Okta.
    Okta,
    /// OneLogin.
    #[serde(rename = "onelogin")]
    OneLogin,
    /// PingFederate.
    PingFederate,
    /// PingOne.
    PingOne,
    /// Rippling.
    Rippling,
}

impl Product {
    /// Every product, in alphabetical order.
    pub const ALL: &'static [Self] = &[
        Self::Adfs,
        Self::Auth0,
        Self::Duo,
        Self::EntraId,
        Self::GoogleWorkspace,
        Self::JumpCloud,
        Self::Keycloak,
        Self::Okta,
        Self::OneLogin,
        Self::PingFederate,
        Self::PingOne,
        Self::Rippling,
    ];

    /// Gives its name in data, such as `entra_id`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Adfs => "adfs",
            Self::Auth0 => "auth0",
            Self::Duo => "duo",
            Self::EntraId => "entra_id",
            Self::GoogleWorkspace => "google_workspace",
            Self::JumpCloud => "jump_cloud",
            Self::Keycloak => "keycloak",
            Self::Okta => "okta",
            Self::OneLogin => "onelogin",
            Self::PingFederate => "ping_federate",
            Self::PingOne => "ping_one",
            Self::Rippling => "rippling",
        }
    }

    /// Finds a product by its name in data.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|product| product.id() == id)
    }

    /// Tells which products an identity provider may be, the likeliest first.
    ///
    /// Its entity id and the address where logins are sent are compared with those that the products are known to
    /// have. A product behind a domain of its own, or under a name that an admin typed, can be missed; so this picks
    /// words for a page and proposes defaults, and never decides whom to believe.
    ///
    /// ```
    /// # fn example(key: saml_sp::VerificationKey) -> Result<(), Box<dyn std::error::Error>> {
    /// use saml_sp::{Binding, Endpoint, IdentityProvider, Product};
    ///
    /// let idp = IdentityProvider::new(
    ///     "https://accounts.google.com/o/saml2?idpid=C01".parse()?,
    ///     vec![Endpoint::new(Binding::HttpRedirect, "https://accounts.google.com/o/saml2/idp?idpid=C01".parse()?)],
    ///     vec![key],
    /// )?;
    /// let guesses = Product::likely(&idp);
    /// assert_eq!(guesses[0].product, Product::GoogleWorkspace);
    /// assert!(guesses[0].certain);
    /// # Ok(())
    /// # }
    /// # example(saml_sp::VerificationKey::parse(include_str!("../../../testdata/saml/captures/keys/sp.crt")).unwrap()).unwrap();
    /// ```
    #[must_use]
    pub fn likely(idp: &IdentityProvider) -> Vec<LikelyProduct> {
        let mut guesses: Vec<LikelyProduct> = Self::ALL
            .iter()
            .filter_map(|product| {
                let profile = ProviderProfile::of(*product)?;
                let fits = |pattern: &Option<String>, text: &str| {
                    pattern.as_deref().map(|pattern| fits(pattern, text))
                };
                let name = fits(&profile.entity_id_pattern, idp.entity_id().as_str());
                let address = idp
                    .single_sign_on_services()
                    .iter()
                    .map(|endpoint| fits(&profile.sign_on_pattern, endpoint.location.as_str()))
                    .max()
                    .flatten();
                match (name, address) {
                    (Some(true), Some(true)) => Some(LikelyProduct { product: *product, certain: true }),
                    (Some(true), _) | (_, Some(true)) => {
                        Some(LikelyProduct { product: *product, certain: false })
                    }
                    _ => None,
                }
            })
            .collect();
        guesses.sort_by_key(|guess| !guess.certain);
        guesses
    }
}

/// A guess at an identity provider's product.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LikelyProduct {
    /// The product.
    pub product: Product,
    /// Whether both its entity id and its address are of the product's form.
    pub certain: bool,
}

/// Tells whether a text fits a pattern, in which `*` stands for any text but the empty one.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        match after_one_character(rest).and_then(|behind| behind.split_once(piece)) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    // A pattern that ends in a star takes the rest, whatever it is.
    last.is_empty() || after_one_character(rest).is_some_and(|behind| behind.ends_with(last))
}

fn after_one_character(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_some_text() {
        assert!(fits("https://sts.windows.net/*/", "https://sts.windows.net/8f2a/"));
        assert!(!fits("https://sts.windows.net/*/", "https://sts.windows.net//"));
        assert!(!fits("https://sts.windows.net/*/", "https://sts.windows.net/8f2a"));
        assert!(fits("*/realms/*", "https://sso.example.com/realms/main"));
        assert!(fits("https://*.okta.com/app/*/sso/saml", "https://a.okta.com/app/b/c/sso/saml"));
        assert!(!fits("https://*.okta.com/app/*/sso/saml", "https://okta.com/app/b/sso/saml"));
        assert!(fits("exact", "exact") && !fits("exact", "exactly"));
    }

    #[test]
    fn a_name_in_data_finds_its_product() {
        for product in Product::ALL {
            assert_eq!(Product::from_id(product.id()), Some(*product));
            assert_eq!(serde_json::to_value(product).unwrap(), product.id());
        }
    }
}
