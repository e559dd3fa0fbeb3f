//! What every request sees: the database, the keys, our own address.

use std::sync::Arc;

use crate::cli::Data;
use crate::config::{ConfigError, Database, PublicUrl};
use crate::keys::{KeyError, Keys};
use crate::operations::Operations;
use crate::profiles::{Profiles, ProfilesError};
use crate::quirks::QuirkLog;
use crate::rates::Rates;
use crate::store::{Store, StoreError, tenants};

/// What every request sees.
#[derive(Debug)]
pub struct App {
    /// The database and the keys.
    pub base: Base,
    /// Under which URL others reach us.
    pub public_url: PublicUrl,
    /// The region of this node, if the installation has several (TEN-24).
    pub region: Option<String>,
    /// How long connections may take, and how many there may be.
    pub limits: crate::serve::Limits,
    /// How much came lately, and how much may.
    pub rates: Rates,
    /// Fetches metadata from where admins say.
    pub fetcher: crate::fetch::Fetcher,
    /// Looks up the records that prove domains.
    pub dns: crate::dns::Dns,
    /// What the operator watches.
    pub operations: Operations,
    /// Hashes the passwords of admins.
    pub passwords: crate::admin::password::Passwords,
    /// Which deviations clients show.
    pub quirks: QuirkLog,
    /// Cookies carry `Secure`, and logins are tied to their browser.
    pub secure_cookies: bool,
    /// The test identity provider and its pages are mounted.
    pub demo: Option<crate::demo::Stage>,
}

/// [`App`] as handlers hold it.
pub type Shared = Arc<App>;

/// The database and the keys that fit it: all that commands need.
#[derive(Clone, Debug)]
pub struct Base {
    /// The database.
    pub store: Store,
    /// The installation's keys.
    pub keys: Keys,
    /// The products that it runs.
    pub profiles: Profiles,
}

impl Base {
    /// Opens database and key file, and makes sure that they belong together.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(data: &Data) -> Result<Self, OpenError> {
        Self::open_at(&data.database()?, data.key_file()?, data.profiles.as_deref()).await
    }

    /// The same for a given key file and folder of profiles.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_at(
        database: &Database,
        key_file: std::path::PathBuf,
        profiles: Option<&std::path::Path>,
    ) -> Result<Self, OpenError> {
        // First: a mistake there must not leave a new database behind.
        let profiles = Profiles::load(profiles)?;
        let keys = Keys::load_or_create(&key_file)?;
        let store = Store::open(database).await?;
        let mut tx = store.begin_unlocked().await?;
        tenants::set_once(&mut tx, KEY_FINGERPRINT, &keys.fingerprint()).await?;
        let stored = tenants::setting(&mut tx, KEY_FINGERPRINT).await?;
        tx.commit().await?;
        if stored.as_deref() != Some(keys.fingerprint().as_str()) {
            return Err(OpenError::OtherKey(key_file.display().to_string()));
        }
        let base = Self { store, keys, profiles };
        base.check_products().await?;
        Ok(base)
    }

    /// A tenant whose product is not loaded would be half there.
    async fn check_products(&self) -> Result<(), OpenError> {
        let mut db = self.store.read().await?;
        for profile in tenants::profiles(&mut db).await? {
            if self.profiles.get(&profile).is_none() {
                return Err(OpenError::ProfileMissing(profile));
            }
        }
        Ok(())
    }
}

/// Why the data could not be opened.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The profiles.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// Tenants have a profile that is not there.
    #[error(
        "tenants of this database have the profile {0}, which is not there; name its folder with --profiles"
    )]
    ProfileMissing(String),
    /// The key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file that names the database.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database was made with another key.
    #[error(
        "{0} is not the key file that this database was made with; restore it or name it with --key-file"
    )]
    OtherKey(String),
}

const KEY_FINGERPRINT: &str = "key_fingerprint";
