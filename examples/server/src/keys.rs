//! The installation's master key: what makes a copy of the database alone worthless.
//!
//! The key lives in a file of its own beside the database (`FILE.key`, readable by its owner only). From it
//! come, by HMAC with a label each, the key of the token hashes, the key of the session hashes and the key that
//! seals the private keys of the service providers.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use scim_schema::message::CursorKey;
use sha2::Sha256;
use tenant_model::{HashKey, HashKeys, KeyId};

use crate::random;

/// The keys derived from the installation's master key.
#[derive(Clone)]
pub struct Keys {
    master: [u8; 32],
}

impl Keys {
    /// Reads the key file, or makes it when it is absent.
    ///
    /// # Errors
    /// [`KeyError`] when the file can be neither read nor made, or holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed =
            |error: &std::io::Error| KeyError::File { path: path.to_owned(), reason: error.to_string() };
        match fs::read(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create(path).map_err(|error| failed(&error))?;
                // Read back: another process may have made the file first, and then its key is the key.
                Self::parse(path, &fs::read(path).map_err(|error| failed(&error))?)
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Keys from 32 bytes that the caller keeps.
    #[must_use]
    pub fn from_bytes(master: [u8; 32]) -> Self {
        Self { master }
    }

    fn parse(path: &Path, text: &[u8]) -> Result<Self, KeyError> {
        let decoded =
            STANDARD.decode(text.trim_ascii()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        decoded.map(Self::from_bytes).ok_or_else(|| KeyError::NotAKey { path: path.to_owned() })
    }

    /// The key under which tokens are hashed.
    ///
    /// # Errors
    /// None in practice; the key ring checks lengths and ids that are constants here.
    pub fn token_hash_keys(&self) -> Result<HashKeys, KeyError> {
        let id = KeyId::parse("1").map_err(|_| KeyError::Seal)?;
        let key = HashKey::new(id, &self.derive("scim token hash 1")).map_err(|_| KeyError::Seal)?;
        HashKeys::new(key, Vec::new()).map_err(|_| KeyError::Seal)
    }

    /// A value that tells whether a database was made with this key, and nothing else.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        STANDARD.encode(self.derive("fingerprint 1"))
    }

    /// The keyed hash under which a secret that a browser holds is stored.
    #[must_use]
    pub fn browser_hash(&self, secret: &str) -> String {
        hex(&mac(&self.derive("browser secret hash 1"), secret.as_bytes()))
    }

    /// The keyed hash under which the secret of an admin's session is stored.
    #[must_use]
    pub fn admin_hash(&self, secret: &str) -> String {
        hex(&mac(&self.derive("admin session hash 1"), secret.as_bytes()))
    }

    /// The keyed hash under which a one-time code of an admin is stored.
    #[must_use]
    pub fn code_hash(&self, code: &str) -> String {
        hex(&mac(&self.derive("admin code hash 1"), code.as_bytes()))
    }

    /// What forms must send back to prove that this server showed them to this browser.
    #[must_use]
    pub fn form_token(&self, secret: &str) -> String {
        hex(&mac(&self.derive("admin form token 1"), secret.as_bytes()))
    }

    /// The key that seals the cursors of lists.
    #[must_use]
    pub fn cursor_key(&self) -> CursorKey {
        CursorKey::new(self.derive("scim cursor 1"))
    }

    /// The seed of the demo's test identity provider, so that its key outlives a restart.
    #[must_use]
    pub fn demo_seed(&self) -> [u8; 32] {
        self.derive("demo identity provider 1")
    }

    /// Seals a secret for the database; `bound_to` must be given again to open it.
    ///
    /// # Errors
    /// [`KeyError::Seal`] when there is no randomness or the cipher fails.
    pub fn seal(&self, bound_to: &str, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce: [u8; 12] = random::bytes().map_err(|_| KeyError::Seal)?;
        let mut tag = [0_u8; 16];
        let key = self.derive("seal 1");
        let sealed =
            encrypt_aead(Cipher::aes_256_gcm(), &key, Some(&nonce), bound_to.as_bytes(), secret, &mut tag)
                .map_err(|_| KeyError::Seal)?;
        Ok([&nonce[..], &tag[..], &sealed[..]].concat())
    }

    /// Opens what [`Keys::seal`] made.
    ///
    /// # Errors
    /// [`KeyError::Seal`] for anything that was not sealed with this key and this binding.
    pub fn open(&self, bound_to: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, rest) = sealed.split_at_checked(12).ok_or(KeyError::Seal)?;
        let (tag, body) = rest.split_at_checked(16).ok_or(KeyError::Seal)?;
        decrypt_aead(
            Cipher::aes_256_gcm(),
            &self.derive("seal 1"),
            Some(nonce),
            bound_to.as_bytes(),
            body,
            tag,
        )
        .map_err(|_| KeyError::Seal)
    }

    fn derive(&self, label: &str) -> [u8; 32] {
        mac(&self.master, label.as_bytes())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(256 bits)")
    }
}

/// Why the installation's keys are not at hand.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key file can be neither read nor made.
    #[error("key file {}: {reason}", path.display())]
    File {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file holds something else than 32 bytes in base64.
    #[error("key file {}: expected 32 bytes in base64", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// A sealed value could not be made or opened.
    #[error("a sealed value could not be made or opened with this key file")]
    Seal,
}

/// Writes a fresh key to a temporary file, syncs it, and links it into place unless another process was first.
fn create(path: &Path) -> std::io::Result<()> {
    let bytes: [u8; 32] = random::bytes().map_err(std::io::Error::other)?;
    let temporary = path.with_extension(format!("key-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(STANDARD.encode(bytes).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn mac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut out, byte| {
        // INVARIANT: writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_under_the_same_binding_and_key() {
        let keys = Keys::from_bytes([1; 32]);
        let sealed = keys.seal("tenant-a", b"secret").unwrap();
        assert_eq!(keys.open("tenant-a", &sealed).unwrap(), b"secret");
        assert_eq!(keys.open("tenant-b", &sealed), Err(KeyError::Seal));
        assert_eq!(Keys::from_bytes([2; 32]).open("tenant-a", &sealed), Err(KeyError::Seal));
        assert_eq!(keys.open("tenant-a", &sealed[..20]), Err(KeyError::Seal));
    }

    #[test]
    fn the_key_file_is_made_once_and_read_again() {
        let path = std::env::temp_dir().join(format!("example-server-key-{}", std::process::id()));
        let first = Keys::load_or_create(&path).unwrap();
        let second = Keys::load_or_create(&path).unwrap();
        assert_eq!(first.fingerprint(), second.fingerprint());
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(Keys::load_or_create(&path), Err(KeyError::NotAKey { .. })));
        fs::remove_file(&path).unwrap();
    }
}
