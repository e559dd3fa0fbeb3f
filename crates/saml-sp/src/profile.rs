//! What each product sends when nobody changes its settings.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::{Binding, Policy, Product, SignatureDemand};

/// What a product sends when nobody changes its settings, and what it needs from this side.
///
/// It is data, measured on real messages or taken from the product's own pages. Use it for the defaults of a new
/// connection ([`ProviderProfile::policy`]) and for what a page says beside the fields.
///
/// ```
/// use saml_sp::{Product, ProviderProfile};
///
/// let okta = ProviderProfile::of(Product::Okta).ok_or("no such profile")?;
/// assert!(okta.policy().encryption.danger_allow_unsigned_cbc); // Okta encrypts with CBC
/// assert!(!okta.policy().algorithms.danger_allow_sha1);
/// # Ok::<(), &str>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderProfile {
    /// Which part it signs.
    pub signs: SignatureDemand,
    /// The signature algorithm by default: `rsa-sha256` or `rsa-sha1`. The latter is refused here (SIG-06), with the
    /// setting to change.
    pub algorithm: String,
    /// The format of its name identifiers; `None` if it sends none.
    pub name_id_format: Option<String>,
    /// What its name identifiers hold.
    pub name_id_holds: String,
    /// Names of attributes that it sends by default, by what they mean: `email`, `given_name`, `family_name`,
    /// `display_name`, `groups` and so on. Empty where an admin has to add each.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Whether it encrypts with AES-CBC and without a signature around the encrypted assertion (ENC-02).
    pub cbc_without_response_signature: bool,
    /// What there is of single logout.
    pub logout: LogoutTruth,
    /// What is particular about its messages, a sentence each.
    pub traits: Vec<String>,
    /// The form of its entity ids, with `*` for any text.
    pub entity_id_pattern: Option<String>,
    /// The form of the addresses where its logins are sent, with `*` for any text.
    pub sign_on_pattern: Option<String>,
    /// How long its certificates live.
    pub certificate_life: Option<String>,
}

impl ProviderProfile {
    /// Gives the profile of a product, if there is one.
    #[must_use]
    pub fn of(product: Product) -> Option<&'static Self> {
        PROFILES.get(product.id())
    }

    /// Makes a policy with the defaults that a connection to this product needs.
    ///
    /// Only what the product can't do without is relaxed: AES-CBC around a signed assertion where it encrypts so
    /// (ENC-02, see [`crate::EncryptionPolicy::danger_allow_unsigned_cbc`]). SHA-1 stays refused: each of these
    /// products can be set to SHA-256.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.encryption.danger_allow_unsigned_cbc = self.cbc_without_response_signature;
        policy
    }
}

/// What there is of single logout in a product.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogoutTruth {
    /// Whether there is any.
    pub supported: bool,
    /// The bindings that are known to work.
    pub bindings: Vec<Binding>,
    /// What to know about it.
    pub note: String,
}

/// Data of this crate: a mistake in it is found by a test, and makes an empty table here.
static PROFILES: LazyLock<BTreeMap<String, ProviderProfile>> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/profiles.json")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_are_read_and_name_products() {
        let read: BTreeMap<String, ProviderProfile> =
            serde_json::from_str(include_str!("data/profiles.json")).unwrap();
        assert!(read.len() >= 10);
        assert!(read.keys().all(|id| Product::from_id(id).is_some()));
    }
}
