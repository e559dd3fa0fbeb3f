use std::fmt;

use aes_gcm_siv::aead::{Aead, Key, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::search::SearchRequest;
use crate::error::{ScimError, ScimType};
use crate::sort::SortOrder;

/// Seals the bookmarks of a list into cursors (RFC 9865) and opens them again: nothing is stored between pages.
///
/// A cursor is encrypted and authenticated, so a client can neither read what is in it (the last user name of a page
/// is personal data, and cursors stand in URLs) nor make one. It opens only for the one who got it, asking the same
/// question at the same endpoint, until it expires.
///
/// # Security
/// The key is 32 random bytes that all nodes of a service share and that serve nothing else. A cursor grants nothing:
/// the host checks for every page what the actor may see, and puts into [`CursorScope::permissions`] something that
/// changes when that does.
///
/// # Examples
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use scim_schema::message::{CursorError, CursorKey, CursorScope, SearchRequest};
/// use serde_json::json;
///
/// let key = CursorKey::new([7; 32]);
/// let now = DateTime::from_timestamp(1_600_000_000, 0).unwrap();
/// let first = SearchRequest::from_query([("filter", "active eq true"), ("cursor", ""), ("count", "10")])?;
/// let scope = CursorScope { tenant: "t1", actor: "token-3", permissions: "1", endpoint: "/Users", query: &first };
///
/// // Behind the page that ends with bjensen.
/// let next = key.seal(&scope, &json!(["bjensen", "2819c223"]), now + TimeDelta::hours(1))?;
///
/// let second = SearchRequest::from_query([("filter", "active eq true"), ("cursor", &next), ("count", "10")])?;
/// let scope = CursorScope { query: &second, ..scope };
/// assert_eq!(key.open(&scope, &next, now), Ok(json!(["bjensen", "2819c223"])));
/// assert_eq!(key.open(&scope, &next, now + TimeDelta::hours(1)), Err(CursorError::Expired));
/// assert_eq!(key.open(&CursorScope { tenant: "t2", ..scope }, &next, now), Err(CursorError::Invalid));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CursorKey {
    mac: Hmac<Sha256>,
}

impl CursorKey {
    /// Takes 32 random bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        // A key shorter than the block of the hash is filled up with zeros (RFC 2104 2); a whole block cannot be refused.
        let mut block = Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(secret) {
            *to = from;
        }
        Self { mac: <Hmac<Sha256> as KeyInit>::new(&block) }
    }

    /// Makes the cursor that leads to `bookmark`, whatever the host needs to go on: usually the sort keys and the id of
    /// the last resource of the page. The same call gives the same cursor.
    ///
    /// It is good before `expires`; what `cursorTimeout` promises (RFC 9865 4) must not be longer.
    ///
    /// # Errors
    /// [`CursorError::TooLong`] if the bookmark does not fit into a URL.
    pub fn seal(
        &self,
        scope: &CursorScope<'_>,
        bookmark: &Value,
        expires: DateTime<Utc>,
    ) -> Result<String, CursorError> {
        let mut plain = Vec::new();
        plain.extend_from_slice(&expires.timestamp_millis().to_be_bytes());
        plain.extend_from_slice(&count(scope.query).to_be_bytes());
        plain.extend_from_slice(bookmark.to_string().as_bytes());
        if plain.len() > MAX_PLAIN {
            return Err(CursorError::TooLong { limit: MAX_PLAIN });
        }
        let sealed = self
            .cipher(scope)
            .encrypt(&Nonce::default(), plain.as_slice())
            .map_err(|_| CursorError::TooLong { limit: MAX_PLAIN })?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The bookmark in a cursor that [`seal`](Self::seal) made for the same scope. The text is that of
    /// [`SearchRequest::cursor`], which is part of the question in no other way; an empty one starts at the first
    /// page and is not opened.
    ///
    /// # Errors
    /// [`CursorError::Invalid`] alike for a forged cursor and for one of another tenant, actor, endpoint or query;
    /// [`CursorError::Expired`]; [`CursorError::CountChanged`].
    pub fn open(
        &self,
        scope: &CursorScope<'_>,
        cursor: &str,
        now: DateTime<Utc>,
    ) -> Result<Value, CursorError> {
        if cursor.len() > MAX_CURSOR {
            return Err(CursorError::Invalid);
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorError::Invalid)?;
        let plain = self
            .cipher(scope)
            .decrypt(&Nonce::default(), sealed.as_slice())
            .map_err(|_| CursorError::Invalid)?;
        let (expires, rest) = plain.split_first_chunk().ok_or(CursorError::Invalid)?;
        let (pages, bookmark) = rest.split_first_chunk().ok_or(CursorError::Invalid)?;
        if now.timestamp_millis() >= i64::from_be_bytes(*expires) {
            return Err(CursorError::Expired);
        }
        if i64::from_be_bytes(*pages) != count(scope.query) {
            return Err(CursorError::CountChanged);
        }
        serde_json::from_slice(bookmark).map_err(|_| CursorError::Invalid)
    }

    /// A cipher with a key of its own for each scope: another scope cannot open the cursor, and one key sees few
    /// messages. AES-GCM-SIV (RFC 8452) keeps its promises when a nonce repeats, so no randomness is needed.
    fn cipher(&self, scope: &CursorScope<'_>) -> Aes256GcmSiv {
        let query = scope.query;
        let mut mac = self.mac.clone();
        let mut field = |text: &str| {
            // Lengths keep fields apart: ("ab", "c") is not ("a", "bc").
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            mac.update(&length.to_be_bytes());
            mac.update(text.as_bytes());
        };
        for text in [LABEL, scope.tenant, scope.actor, scope.permissions, scope.endpoint] {
            field(text);
        }
        for names in [&query.attributes, &query.excluded_attributes] {
            field(&names.len().to_string());
            for name in names {
                field(&name.to_ascii_lowercase());
            }
        }
        for text in [query.filter.as_deref(), query.sort_by.as_deref()] {
            field(if text.is_some() { "given" } else { "absent" });
            field(text.unwrap_or_default());
        }
        field(match query.sort_order {
            SortOrder::Ascending => "ascending",
            SortOrder::Descending => "descending",
        });
        field(&query.start_index.map(|index| index.to_string()).unwrap_or_default());
        Aes256GcmSiv::new(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(32 bytes)")
    }
}

/// Who asks what: all that must be the same on every page of a list (RFC 9865 2 and 5.2).
#[derive(Clone, Copy, Debug)]
pub struct CursorScope<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// Who asks: the id of the token or client.
    pub actor: &'a str,
    /// Something that changes whenever what the actor may see does, e.g. the version of its permissions: its earlier
    /// cursors end with that.
    pub permissions: &'a str,
    /// Where: the endpoint, with the resource type's spelling; `/` for the server root.
    pub endpoint: &'a str,
    /// The question. Its filter counts as it is written; a host that wants to forgive another spelling puts the
    /// printed form of the parsed filter there.
    pub query: &'a SearchRequest,
}

/// Why a cursor does not lead to a page.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Not made by this service for this client and this query. What is wrong is not said.
    #[error("the cursor is not valid for this query: begin with an empty one")]
    Invalid,
    /// The client waited too long.
    #[error("the cursor has expired: begin with an empty one")]
    Expired,
    /// RFC 9865 2.1: `count` is the same on every page.
    #[error("`count` must be the same on every page of a list")]
    CountChanged,
    /// The host's bookmark does not fit into a URL.
    #[error("the bookmark has more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
}

impl ScimError for CursorError {
    fn status(&self) -> u16 {
        match self {
            // The service made the bookmark; a request cannot be at fault.
            Self::TooLong { .. } => 500,
            _ => 400,
        }
    }

    fn scim_type(&self) -> Option<ScimType> {
        match self {
            Self::Invalid => Some(ScimType::InvalidCursor),
            Self::Expired => Some(ScimType::ExpiredCursor),
            Self::CountChanged => Some(ScimType::InvalidCount),
            Self::TooLong { .. } => None,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "scim.cursor.invalid",
            Self::Expired => "scim.cursor.expired",
            Self::CountChanged => "scim.cursor.count_changed",
            Self::TooLong { .. } => "scim.cursor.too_long",
        }
    }
}

/// RFC 9865 2 makes a negative count 0; -1 stands for none.
fn count(query: &SearchRequest) -> i64 {
    query.count.map_or(-1, |count| count.max(0))
}

const LABEL: &str = "scim cursor 1";
/// Two sort keys of some hundred characters and an id; a URL holds some 8,000 characters, and the filter is in it too.
const MAX_PLAIN: usize = 2048;
/// `MAX_PLAIN` and the tag of 16 bytes, in base64.
const MAX_CURSOR: usize = 2752;

#[cfg(test)]
mod tests;
