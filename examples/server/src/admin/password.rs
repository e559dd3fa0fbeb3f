//! Passwords of admins: scrypt by OpenSSL, on threads of its own, few at once.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use openssl::pkcs5::scrypt;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::random;

/// Hashes passwords, a few at once: each takes 64 MiB and a part of a second, and strangers may ask for it.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::at_once(AT_ONCE)
    }
}

impl Passwords {
    /// With room for a number at once; with none, whoever asks is told that too many came.
    #[must_use]
    pub fn at_once(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)) }
    }

    /// The text to store for a password.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let salt: [u8; 16] = random::bytes().map_err(|_| PasswordError::Failed)?;
        let hash = self.derive(password.to_owned(), salt.to_vec(), COST).await?;
        Ok(format!(
            "scrypt${}${}${}${}${}",
            COST.log_n,
            COST.r,
            COST.p,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash)
        ))
    }

    /// Whether a password is the stored one. Nothing stored costs the same work and is never right.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, PasswordError> {
        let known = stored.and_then(parse);
        let (cost, salt, wanted) = known.clone().unwrap_or((COST, vec![0; 16], vec![0; 32]));
        let found = self.derive(password.to_owned(), salt, cost).await?;
        Ok(bool::from(found.ct_eq(&wanted)) && known.is_some())
    }

    async fn derive(&self, password: String, salt: Vec<u8>, cost: Cost) -> Result<Vec<u8>, PasswordError> {
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned())
            .await
            .map_err(|_| PasswordError::Busy)?
            .map_err(|_| PasswordError::Failed)?;
        let work = move || {
            let mut out = vec![0_u8; 32];
            let n = 1_u64.checked_shl(cost.log_n).ok_or(PasswordError::Failed)?;
            scrypt(password.as_bytes(), &salt, n, cost.r, cost.p, MEMORY, &mut out)
                .map_err(|_| PasswordError::Failed)?;
            // Held until the work is done, not until the caller is gone.
            drop(place);
            Ok(out)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Failed)?
    }
}

/// Whether a password may be chosen.
///
/// # Errors
/// What to tell its owner.
pub fn check(password: &str, email: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < LEAST {
        return Err(format!("Choose a password of at least {LEAST} characters"));
    }
    if password.len() > MOST_BYTES {
        return Err(format!("Choose a password of at most {MOST_BYTES} bytes"));
    }
    let mut letters: Vec<char> = password.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < LEAST_DIFFERENT {
        return Err("Choose a password that is not the same few characters again and again".to_owned());
    }
    if password.eq_ignore_ascii_case(email) {
        return Err("Choose a password that is not your e-mail address".to_owned());
    }
    Ok(())
}

/// Why no hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already.
    #[error("too many people sign in at this moment")]
    Busy,
    /// The library or the system failed.
    #[error("the password could not be hashed")]
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    log_n: u32,
    r: u64,
    p: u64,
}

fn parse(stored: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix("scrypt$")?.split('$');
    let cost = Cost {
        log_n: parts.next()?.parse().ok().filter(|n| (1..=20).contains(n))?,
        r: parts.next()?.parse().ok()?,
        p: parts.next()?.parse().ok()?,
    };
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok().filter(|hash| hash.len() == 32)?;
    parts.next().is_none().then_some((cost, salt, hash))
}

/// N = 2^16, r = 8, p = 2: one of the settings that OWASP's cheat sheet counts as enough.
const COST: Cost = Cost { log_n: 16, r: 8, p: 2 };
/// What OpenSSL may take for one: 64 MiB and a little.
const MEMORY: u64 = 80 * 1024 * 1024;
const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_secs(5);
/// NIST SP 800-63B-4 asks for 15 where nothing else is checked; 12 with the limits on guesses here.
pub const LEAST: usize = 12;
/// Longer ones cost the hash more and protect nothing more.
pub const MOST_BYTES: usize = 200;
const LEAST_DIFFERENT: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse battery").await.unwrap();
        assert!(!stored.contains("horse"));
        assert_eq!(passwords.verify("correct horse battery", Some(&stored)).await, Ok(true));
        assert_eq!(passwords.verify("correct horse batterz", Some(&stored)).await, Ok(false));
        assert_eq!(passwords.verify("correct horse battery", None).await, Ok(false));
        for broken in ["", "scrypt$", "scrypt$16$8$2$AAAA$AAAA", "scrypt$64$8$2$AAAA$AAAA"] {
            assert_eq!(passwords.verify("correct horse battery", Some(broken)).await, Ok(false));
        }
        assert_ne!(stored, passwords.hash("correct horse battery").await.unwrap(), "salted");
    }

    #[test]
    fn short_and_silly_passwords_are_refused() {
        for bad in ["", "elevenchars", "aaaaaaaaaaaaaaaa", "ababababababab", "IT@example.com"] {
            assert!(check(bad, "it@example.com").is_err(), "{bad}");
        }
        assert!(check(&"äöüabcde".repeat(40), "x").is_err(), "too long");
        assert_eq!(check("twelve chars", "it@example.com"), Ok(()));
    }
}
