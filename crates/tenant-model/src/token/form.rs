//! The text of a token: `prefix_id_secret_check` (TOK-01), and how it is read from a header (TOK-03).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::capabilities::{AuthScheme, SchemeWord};
use crate::ids::{IdError, TokenId};

/// A new token in clear, to be shown to its maker once.
///
/// It has no `Display`, `Serialize` or `Clone`, and its `Debug` tells nothing.
///
/// # Security
/// Answer with `Cache-Control: no-store`, and neither log nor keep what [`ShownOnce::reveal`] gives (TOK-10).
pub struct ShownOnce(String);

impl ShownOnce {
    /// Gives the token away.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }

    pub(crate) fn make(prefix: &TokenPrefix, id: &TokenId, secret: &[u8]) -> Self {
        let mut text = format!("{}_{id}_{}", prefix.0, hex(secret));
        let check = check(&text);
        text.push('_');
        text.push_str(&check);
        Self(text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownOnce(..)")
    }
}

/// The word in front of a product's tokens: 2 to 16 lower-case letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenPrefix(String);

impl TokenPrefix {
    /// Reads a prefix.
    ///
    /// # Errors
    /// [`IdError::Form`] if it is anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if is_prefix(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(IdError::Form { kind: "token prefix", expected: "2 to 16 lower-case letters and digits" })
    }

    /// The prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TokenPrefix {
    /// For set-up links.
    pub(crate) fn setup() -> Self {
        Self("setup".to_owned())
    }
}

impl Default for TokenPrefix {
    fn default() -> Self {
        Self("scim".to_owned())
    }
}

impl From<TokenPrefix> for String {
    fn from(prefix: TokenPrefix) -> Self {
        prefix.0
    }
}

impl TryFrom<String> for TokenPrefix {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

/// A token as a client sent it: right in form, nothing proved yet.
///
/// Gives only the public id, for the look-up.
pub struct PresentedToken {
    id: TokenId,
    text: String,
    scheme: Option<String>,
}

impl PresentedToken {
    /// The public part, to fetch the row by.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The scheme word that stood before it, as sent.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    /// Checks the scheme word against a connection that only the token led to.
    ///
    /// # Errors
    /// [`HeaderError::Scheme`].
    pub fn check_scheme(&self, auth: &AuthScheme) -> Result<(), HeaderError> {
        accepts(word_of(auth), self.scheme())
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedToken")
            .field("id", &self.id)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// Why an `Authorization` header holds no token. Each is answered with 401.
///
/// None of them needed the store, and none repeats what was sent.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The check part does not fit the rest.
    #[error("the token was mistyped or cut: its last part does not fit the rest; copy it again")]
    Checksum,
    /// The value has not the form of a token.
    #[error("this is no token of ours: expected the form prefix_id_secret_check")]
    Form,
    /// There is no header.
    #[error("no Authorization header was sent")]
    Missing,
    /// There are several headers.
    #[error("{found} Authorization headers were sent, expected one")]
    Several {
        /// How many.
        found: usize,
    },
    /// Another word stands before the token.
    #[error("the Authorization header must be {expected}")]
    Scheme {
        /// What is expected, in words.
        expected: String,
    },
    /// More bytes than any token has.
    #[error("the Authorization header has {found} bytes; at most {max} are read")]
    TooLong {
        /// Bytes sent.
        found: usize,
        /// Bytes read at most.
        max: usize,
    },
}

impl HeaderError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Checksum => "token.checksum",
            Self::Form => "token.form",
            Self::Missing => "token.missing",
            Self::Several { .. } => "token.several_headers",
            Self::Scheme { .. } => "token.scheme",
            Self::TooLong { .. } => "token.too_long",
        }
    }

    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        401
    }
}

/// Most bytes of an `Authorization` header that are read; the longest token with a scheme word has fewer.
pub const MAX_HEADER_BYTES: usize = 512;

/// Reads the token from the values of all `Authorization` headers of a request.
///
/// Give every value as it came. Where only the token tells the connection, read with [`SchemeWord::Any`] and call
/// [`PresentedToken::check_scheme`] once the connection is known.
///
/// # Errors
/// [`HeaderError`], found without the store.
///
/// # Examples
/// ```
/// use tenant_model::{AuthScheme, SchemeWord, read_header};
///
/// let auth = AuthScheme::Header(SchemeWord::Bearer);
/// assert_eq!(read_header([], &auth).unwrap_err().code(), "token.missing");
/// assert_eq!(read_header([&b"Bearer "[..]], &auth).unwrap_err().code(), "token.form");
/// assert_eq!(read_header([&b"Basic YTpi"[..]], &auth).unwrap_err().code(), "token.scheme");
/// ```
pub fn read_header<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
    auth: &AuthScheme,
) -> Result<PresentedToken, HeaderError> {
    let mut values = values.into_iter();
    let Some(value) = values.next() else { return Err(HeaderError::Missing) };
    let more = values.count();
    if more > 0 {
        return Err(HeaderError::Several { found: more.saturating_add(1) });
    }
    if value.len() > MAX_HEADER_BYTES {
        return Err(HeaderError::TooLong { found: value.len(), max: MAX_HEADER_BYTES });
    }
    let text = std::str::from_utf8(value).map_err(|_| HeaderError::Form)?;
    let text = text.trim_matches([' ', '\t']);
    let (scheme, token) = match text.split_once(' ') {
        Some((word, rest)) => (Some(word), rest.trim_start_matches(' ')),
        // A scheme word alone is a header with an empty token, not a token.
        None if text.eq_ignore_ascii_case("bearer") || text.eq_ignore_ascii_case("token") => (Some(text), ""),
        None => (None, text),
    };
    accepts(word_of(auth), scheme)?;
    let mut presented = parse(token)?;
    presented.scheme = scheme.map(str::to_owned);
    Ok(presented)
}

/// An access token is a bearer token (RFC 6750 section 2.1).
fn word_of(auth: &AuthScheme) -> &SchemeWord {
    match auth {
        AuthScheme::ClientCredentials => &SchemeWord::Bearer,
        AuthScheme::Header(word) => word,
    }
}

fn accepts(word: &SchemeWord, sent: Option<&str>) -> Result<(), HeaderError> {
    if word.accepts(sent) {
        return Ok(());
    }
    let expected = match word {
        SchemeWord::Nothing => "the token alone".to_owned(),
        other => format!("`{} <token>`", String::from(other.clone())),
    };
    Err(HeaderError::Scheme { expected })
}

/// Splits from the right: tenant ids may hold `_`, the last two parts may not.
pub(crate) fn parse(text: &str) -> Result<PresentedToken, HeaderError> {
    let mut parts = text.rsplitn(3, '_');
    let (Some(given), Some(secret), Some(head)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(HeaderError::Form);
    };
    let (prefix, id) = head.split_once('_').ok_or(HeaderError::Form)?;
    if !is_prefix(prefix) || !is_hex(secret, SECRET_CHARS) || !is_hex(given, CHECK_CHARS) {
        return Err(HeaderError::Form);
    }
    let id = TokenId::parse(id).map_err(|_| HeaderError::Form)?;
    // Not a secret comparison: the check part is made from the rest by anyone.
    if check(&format!("{head}_{secret}")) != given {
        return Err(HeaderError::Checksum);
    }
    Ok(PresentedToken { id, text: text.to_owned(), scheme: None })
}

fn is_prefix(text: &str) -> bool {
    (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_hex(text: &str, chars: usize) -> bool {
    text.len() == chars && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The first four bytes of SHA-256: a typo passes once in four thousand million times, and then the hash refuses it.
fn check(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex(&digest).chars().take(CHECK_CHARS).collect()
}

/// Lower-case hexadecimal: no letter that is read two ways, no character that a header or a shell minds.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes of 64 digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut bytes = [0_u8; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

const SECRET_CHARS: usize = 64;
const CHECK_CHARS: usize = 8;
