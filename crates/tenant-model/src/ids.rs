//! Names and numbers that must not be swapped, each checked where it is made.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not the id or name it was given as.
///
/// The text itself is not repeated: it may be personal data.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A character that this kind of name may not hold.
    #[error("{kind} holds a character that is not allowed, at byte {at}; allowed: {allowed}")]
    Character {
        /// What was being read, e.g. `tenant id`.
        kind: &'static str,
        /// Byte offset of the first such character.
        at: usize,
        /// What may stand there, in words.
        allowed: &'static str,
    },
    /// Nothing was given.
    #[error("{kind} is empty")]
    Empty {
        /// What was being read.
        kind: &'static str,
    },
    /// The parts are right but not their arrangement.
    #[error("{kind} has not the form {expected}")]
    Form {
        /// What was being read.
        kind: &'static str,
        /// The form in words.
        expected: &'static str,
    },
    /// More bytes than this kind of name may have.
    #[error("{kind} has {found} bytes; at most {max} are allowed")]
    TooLong {
        /// What was being read.
        kind: &'static str,
        /// Bytes given.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
}

impl IdError {
    /// Stable identifier for logs, metrics and vectors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Character { .. } => "id.character",
            Self::Empty { .. } => "id.empty",
            Self::Form { .. } => "id.form",
            Self::TooLong { .. } => "id.too_long",
        }
    }
}

/// Defines a checked text type: parse, print, serde through the same check.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads the text after checking it.
            ///
            /// # Errors
            /// [`IdError`] saying what is wrong and where.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                $check(text).map(Self)
            }

            /// The text as it is stored.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }
    };
}

text_type!(
    /// Id of one account of the administration pages, of the operator or of one tenant; it is no person's.
    AdminId,
    admin_id
);
text_type!(
    /// Name of an attribute as the assertion or the directory sends it: a plain name, a claim URI or a `urn:oid:`.
    ///
    /// Compared exactly: SAML Core 2.7.3.1 makes `Name` the identity of an attribute. `FriendlyName` is for people
    /// and never ends up here.
    AttrName,
    attr_name
);
text_type!(
    /// Id of one connection of one tenant; stands in URLs.
    ConnectionId,
    connection_id
);
text_type!(
    /// A department as people know it.
    DepartmentName,
    department_name
);
text_type!(
    /// A DNS domain as lower-case A-label (`xn--…` for international names), without the last dot.
    ///
    /// Upper case is folded. Letters outside ASCII are turned into A-labels as UTS #46 says, so that two spellings of
    /// a domain are one; `xn--` labels that are no such name are refused.
    Domain,
    domain
);
text_type!(
    /// Id of a group inside one connection's directory: the id, never the name, since names change (TEN-17).
    GroupKey,
    group_key
);
text_type!(
    /// Id of a key of the token hash, so that the key can be replaced.
    KeyId,
    key_id
);
text_type!(
    /// Id of one person (account) of one tenant.
    PersonId,
    person_id
);
text_type!(
    /// Name of a product profile, e.g. `standard`.
    ProfileId,
    profile_id
);
text_type!(
    /// Id of the HTTP request (or command) that an audit event belongs to.
    RequestId,
    request_id
);
text_type!(
    /// Name of a SCIM resource type, e.g. `User`.
    ResourceName,
    resource_name
);
text_type!(
    /// Name of a role in the product.
    RoleName,
    role_name
);
text_type!(
    /// Id of a tenant: a URL-safe slug such as `org_123`, or a UUID.
    ///
    /// Letters, digits, `-` and `_`, starting with a letter or digit, at most 64; case counts. A dot is not allowed
    /// because it divides the tenant from the rest in a [`TokenId`].
    ///
    /// ```
    /// use tenant_model::TenantId;
    ///
    /// assert_eq!(TenantId::parse("org_123")?.as_str(), "org_123");
    /// assert_eq!(TenantId::parse("../admin").unwrap_err().code(), "id.character");
    /// # Ok::<(), tenant_model::IdError>(())
    /// ```
    TenantId,
    tenant_id
);
text_type!(
    /// The public part of a token: `tenant.random`, for the look-up (TOK-01).
    ///
    /// It begins with the tenant, so a store that is partitioned by tenant finds the row on one node.
    TokenId,
    token_id
);

impl AdminId {
    /// An id from a UUID that the host made.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl ConnectionId {
    /// An id from a UUID that the host made.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl Domain {
    /// A domain that nobody has.
    pub(crate) fn invalid() -> Self {
        Self("nothing.invalid".to_owned())
    }
}

impl PersonId {
    /// An id from a UUID that the host made.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl TenantId {
    /// An id from a UUID that the host made.
    #[must_use]
    pub fn from_uuid(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl TokenId {
    /// The tenant that the id names.
    ///
    /// It says where to look, nothing more: who may do what is told by the row.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        TenantId(self.0.split('.').next().unwrap_or_default().to_owned())
    }

    pub(crate) fn make(tenant: &TenantId, random: &str) -> Self {
        Self(format!("{tenant}.{random}"))
    }
}

/// A mail address as it was sent.
///
/// It is data about a person, never the key of an account (TEN-05). Two addresses are compared with
/// [`EmailAddress::same_mailbox`]. Quoted local parts and address literals are refused.
///
/// ```
/// use tenant_model::EmailAddress;
///
/// let sent = EmailAddress::parse("Alice@Example.COM")?;
/// assert_eq!(sent.as_str(), "Alice@Example.COM");
/// assert_eq!(sent.domain().as_str(), "example.com");
/// assert!(sent.same_mailbox(&EmailAddress::parse("alice@example.com")?));
/// # Ok::<(), tenant_model::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    text: String,
    domain: Domain,
}

impl EmailAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`IdError`] if it has not the form `local@domain`, or if the domain is no [`Domain`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        const KIND: &str = "mail address";
        within(KIND, text, 254)?;
        let form = IdError::Form { kind: KIND, expected: "local@domain" };
        let (local, host) = text.rsplit_once('@').ok_or_else(|| form.clone())?;
        if local.is_empty() || local.len() > 64 {
            return Err(form);
        }
        let bad = |c: char| c.is_control() || c.is_whitespace() || "\"(),:;<>@[\\]".contains(c);
        if let Some((at, _)) = local.char_indices().find(|(_, c)| bad(*c)) {
            return Err(IdError::Character { kind: KIND, at, allowed: "an unquoted local part" });
        }
        Ok(Self { text: text.to_owned(), domain: Domain::parse(host)? })
    }

    /// The address as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its domain, folded.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form in which a store keeps and compares addresses: ASCII letters in lower case, the domain as A-label.
    #[must_use]
    pub fn fold(&self) -> String {
        format!("{}@{}", self.local().to_ascii_lowercase(), self.domain)
    }

    /// The part before the last `@`.
    pub(crate) fn local(&self) -> &str {
        self.text.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// Whether both name one mailbox, ignoring the case of ASCII letters; domains are compared as A-labels.
    ///
    /// Other letters of the local part are compared as they are: folding them would make different addresses equal.
    #[must_use]
    pub fn same_mailbox(&self, other: &Self) -> bool {
        self.domain == other.domain && self.local().eq_ignore_ascii_case(other.local())
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<EmailAddress> for String {
    fn from(value: EmailAddress) -> Self {
        value.text
    }
}

impl FromStr for EmailAddress {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

/// Version of a person's access; sessions remember the one they were made with (TEN-15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The next epoch; every session of an older one is dead.
    #[must_use]
    pub fn raised(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Version of what a connection trusts; a link made under another one must be confirmed again (TEN-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The next generation.
    #[must_use]
    pub fn raised(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

fn within(kind: &'static str, text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { kind });
    }
    if text.len() > max {
        return Err(IdError::TooLong { kind, found: text.len(), max });
    }
    Ok(())
}

/// Letters, digits, `-` and `_`, the first a letter or digit: safe as one path segment and in a query.
fn slug(kind: &'static str, text: &str) -> Result<String, IdError> {
    within(kind, text, 64)?;
    let good = |at: usize, b: u8| b.is_ascii_alphanumeric() || (at > 0 && (b == b'-' || b == b'_'));
    match text.bytes().enumerate().find(|(at, b)| !good(*at, *b)) {
        Some((at, _)) => Err(IdError::Character {
            kind,
            at,
            allowed: "letters, digits, '-' and '_', starting with a letter or digit",
        }),
        None => Ok(text.to_owned()),
    }
}

/// Any visible text of one line.
fn line(kind: &'static str, text: &str, max: usize) -> Result<String, IdError> {
    within(kind, text, max)?;
    if let Some((at, _)) = text.char_indices().find(|(_, c)| c.is_control()) {
        return Err(IdError::Character { kind, at, allowed: "no control characters" });
    }
    if text.trim() != text {
        return Err(IdError::Form { kind, expected: "text without white space around it" });
    }
    Ok(text.to_owned())
}

fn admin_id(text: &str) -> Result<String, IdError> {
    slug("admin id", text)
}

fn attr_name(text: &str) -> Result<String, IdError> {
    line("attribute name", text, 1024)
}

fn connection_id(text: &str) -> Result<String, IdError> {
    slug("connection id", text)
}

fn department_name(text: &str) -> Result<String, IdError> {
    line("department", text, 256)
}

fn domain(text: &str) -> Result<String, IdError> {
    const KIND: &str = "domain";
    // Four bytes a letter, before it is turned into at most 253 of ASCII.
    within(KIND, text, 1012)?;
    let folded = text.to_ascii_lowercase();
    let text = if folded.is_ascii() && !folded.contains("xn--") {
        folded
    } else {
        idna::domain_to_ascii_strict(&folded)
            .map_err(|_| IdError::Form { kind: KIND, expected: "letters that a domain may have (UTS #46)" })?
    };
    let text = text.as_str();
    within(KIND, text, 253)?;
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    if let Some((at, _)) = text.bytes().enumerate().find(|(_, b)| !good(*b)) {
        return Err(IdError::Character {
            kind: KIND,
            at,
            allowed: "letters, digits, '-' and '.' (A-labels)",
        });
    }
    let label = |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-');
    // A top level of digits alone would be an IPv4 address.
    let top_is_number = text.rsplit('.').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    if !text.split('.').all(label) || !text.contains('.') || top_is_number {
        return Err(IdError::Form {
            kind: KIND,
            expected: "labels of 1 to 63 divided by dots, at least two",
        });
    }
    Ok(text.to_owned())
}

fn group_key(text: &str) -> Result<String, IdError> {
    line("group id", text, 256)
}

fn key_id(text: &str) -> Result<String, IdError> {
    slug("key id", text)
}

fn person_id(text: &str) -> Result<String, IdError> {
    slug("person id", text)
}

fn profile_id(text: &str) -> Result<String, IdError> {
    slug("profile id", text)
}

fn request_id(text: &str) -> Result<String, IdError> {
    line("request id", text, 128)
}

fn resource_name(text: &str) -> Result<String, IdError> {
    slug("resource type", text)
}

fn role_name(text: &str) -> Result<String, IdError> {
    line("role", text, 128)
}

fn tenant_id(text: &str) -> Result<String, IdError> {
    slug("tenant id", text)
}

fn token_id(text: &str) -> Result<String, IdError> {
    const KIND: &str = "token id";
    let form = IdError::Form { kind: KIND, expected: "tenant.random" };
    let (tenant, random) = text.split_once('.').ok_or_else(|| form.clone())?;
    slug(KIND, tenant)?;
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if random.len() != 16 || !random.bytes().all(hex) {
        return Err(form);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_id_takes_slugs_and_uuids_and_nothing_that_bends_a_path() {
        for good in ["org_123", "a", "0b0f6c62-5f06-4b6e-9a3b-0d7c0f9a1234", "Acme-1"] {
            assert_eq!(TenantId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "..", "a/b", "a.b", "_a", "-a", "a b", "ä", "a%2e"] {
            assert!(TenantId::parse(bad).is_err(), "{bad}");
        }
        assert!(TenantId::parse(&"a".repeat(64)).is_ok());
        assert_eq!(TenantId::parse(&"a".repeat(65)).unwrap_err().code(), "id.too_long");
    }

    // TEN-08
    #[test]
    fn domain_is_compared_as_lower_case_a_label() {
        assert_eq!(Domain::parse("EXAMPLE.com").unwrap(), Domain::parse("example.com").unwrap());
        for bad in ["com", "a..b", "a.b.", "-a.de", "1.2.3.4", "a_b.de", "[1]", "bü cher.de", "bücher..de"]
        {
            assert!(Domain::parse(bad).is_err(), "{bad}");
        }
        for same in
            ["xn--bcher-kva.de", "bücher.de", "BÜCHER.de", "b\u{fc}cher\u{3002}de", "bu\u{308}cher.de"]
        {
            assert_eq!(Domain::parse(same).unwrap().as_str(), "xn--bcher-kva.de", "{same}");
        }
        // A label that only looks like punycode, and one that decodes to what UTS #46 would have folded.
        for bad in ["xn--a-ä.de", "xn--zzzzzz999999.de", "xn--bcher-kvA\u{0}.de", "xn--BCHER-KVA-.de"] {
            assert!(Domain::parse(bad).is_err(), "{bad}");
        }
        assert!(Domain::parse(&format!("{}.de", "ä".repeat(40))).is_ok());
        assert!(Domain::parse(&format!("{}.de", "ä".repeat(60))).is_err());
    }

    #[test]
    fn mail_address_is_kept_as_sent_and_has_one_reading() {
        for bad in
            ["a", "@b.de", "a@", "a@b", "a b@c.de", "a@b@c.de", "\"a\"@b.de", "a@[1.2.3.4]", "a\n@b.de"]
        {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
        assert!(EmailAddress::parse(&format!("{}@b.de", "a".repeat(65))).is_err());
        // U+212A KELVIN SIGN folds to `k` in Unicode; here it must not.
        let kelvin = EmailAddress::parse("\u{212a}@b.de").unwrap();
        assert!(!kelvin.same_mailbox(&EmailAddress::parse("k@b.de").unwrap()));
        let (sent, stored) = ("Alice@bücher.de", "alice@xn--bcher-kva.de");
        let (sent, stored) = (EmailAddress::parse(sent).unwrap(), EmailAddress::parse(stored).unwrap());
        assert!(sent.same_mailbox(&stored));
        assert_eq!((sent.fold(), sent.as_str()), (stored.as_str().to_owned(), "Alice@bücher.de"));
    }

    #[test]
    fn serde_goes_through_the_check() {
        assert!(serde_json::from_str::<TenantId>("\"a/b\"").is_err());
        assert!(serde_json::from_str::<EmailAddress>("\"nobody\"").is_err());
        assert_eq!(serde_json::from_str::<TenantId>("\"org_1\"").unwrap().to_string(), "org_1");
    }

    #[test]
    fn token_id_names_its_tenant() {
        let id = TokenId::parse("org_1.0123456789abcdef").unwrap();
        assert_eq!(id.tenant().as_str(), "org_1");
        for bad in
            ["org_1", "org_1.0123456789ABCDEF", "org_1.01", ".0123456789abcdef", "a.b.0123456789abcdef"]
        {
            assert!(TokenId::parse(bad).is_err(), "{bad}");
        }
    }
}
