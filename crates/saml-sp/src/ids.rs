//! Names that must not be swapped: entity ids and request ids.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{config::ConfigError, xml::is_ncname};

/// The unique name of a SAML entity, an identity provider or a service provider.
///
/// 1 to 1024 characters (Metadata 2.2.1), compared byte for byte: no trimming, no case folding (Core 1.3.1).
/// It looks like a URL in most products, but it is only a name.
///
/// ```
/// use saml_sp::EntityId;
///
/// let id: EntityId = "https://sp.example.com/metadata".parse()?;
/// assert_ne!(id, "https://sp.example.com/metadata/".parse()?);
/// assert_eq!("   ".parse::<EntityId>().unwrap_err().code(), "MD-01");
/// # Ok::<(), saml_sp::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityId(String);

impl EntityId {
    /// Gives the name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EntityId {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        let length = text.chars().count();
        if text.trim().is_empty() || length > MAX_ENTITY_ID || text.chars().any(char::is_control) {
            return Err(ConfigError::EntityId { length });
        }
        Ok(Self(text))
    }
}

impl std::str::FromStr for EntityId {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::try_from(text.to_owned())
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        id.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The `ID` of a message that this service provider sends; the answer repeats it as `InResponseTo`.
///
/// It is what binds an answer to the browser that asked, so it must not be guessable: the host passes
/// at least 128 random bits (Core 1.3.4; 160 are recommended), which the compiler checks.
///
/// ```
/// use saml_sp::RequestId;
///
/// let random = [7_u8; 20]; // from the host's random source
/// assert_eq!(RequestId::from_random(random).as_str(), "_0707070707070707070707070707070707070707");
/// ```
///
/// Fewer than 16 random bytes don't compile:
/// ```compile_fail
/// saml_sp::RequestId::from_random([7_u8; 8]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

impl RequestId {
    /// Makes an id from random bytes: an underscore, then hexadecimal digits, so that it is an `xs:ID`.
    #[must_use]
    pub fn from_random<const N: usize>(random: [u8; N]) -> Self {
        const { assert!(N >= 16, "Core 1.3.4: at least 128 random bits") };
        let mut text = String::from("_");
        for byte in random {
            text.push_str(&format!("{byte:02x}"));
        }
        Self(text)
    }

    /// Takes an id that was made elsewhere, for example one read back from a store.
    ///
    /// # Errors
    /// [`ConfigError::RequestId`] if the text is not an NCName of at most 256 characters.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.chars().count() <= MAX_REQUEST_ID && is_ncname(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ConfigError::RequestId)
        }
    }

    /// Gives the id as it stands in the message.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RequestId {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        Self::parse(&text)
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Metadata 2.2.1: an entity id is at most 1024 characters.
const MAX_ENTITY_ID: usize = 1024;
/// Ids made here have 33 characters and more; no product is known to send more than 128.
const MAX_REQUEST_ID: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    // MD-01
    #[test]
    fn an_entity_id_holds_1_to_1024_characters() {
        assert!("é".repeat(1024).parse::<EntityId>().is_ok());
        assert_eq!("é".repeat(1025).parse::<EntityId>(), Err(ConfigError::EntityId { length: 1025 }));
        assert_eq!("".parse::<EntityId>(), Err(ConfigError::EntityId { length: 0 }));
        assert_eq!(" ".parse::<EntityId>(), Err(ConfigError::EntityId { length: 1 }));
    }

    // XML-11
    #[test]
    fn an_entity_id_is_kept_as_written() {
        let id: EntityId = " Https://SP.example.com/ ".parse().unwrap();
        assert_eq!(id.as_str(), " Https://SP.example.com/ ");
    }

    // REQ-01
    #[test]
    fn a_request_id_is_an_ncname() {
        assert!(RequestId::parse("_a.b-c").is_ok());
        for text in ["", "1a", "-a", "a:b", "a b", "a\n"] {
            assert_eq!(RequestId::parse(text), Err(ConfigError::RequestId), "{text}");
        }
        assert!(RequestId::parse(&"a".repeat(256)).is_ok());
        assert!(RequestId::parse(&"a".repeat(257)).is_err());
        assert!(is_ncname(RequestId::from_random([0; 16]).as_str()));
    }
}
