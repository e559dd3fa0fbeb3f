//! The numbers that keep a message from costing more than it is worth.

use serde::{Deserialize, Serialize};

/// What a message may cost before it is refused (XML-05, XML-10).
///
/// Every number has a default that real identity providers stay far below, and each is crossed with an error of its
/// own. Raise one for the connection that needs it; lowering them is always safe.
///
/// ```
/// let mut limits = saml_sp::Limits::default();
/// limits.message_bytes = 4 * 1024 * 1024;
/// assert!(limits.depth >= 32);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a message as it arrives, before base64 and inflate. Default 1,500,000: base64 of `message_bytes` with
    /// line breaks.
    pub encoded_bytes: usize,
    /// Bytes of one XML document, after base64 and inflate; decrypted content counts as a document of its own.
    /// Default 1,048,576: a response with 2,000 long group names, signed and encrypted, needs less than half.
    pub message_bytes: usize,
    /// Elements inside each other. Default 64: the deepest message of SAML is a Response with an encrypted Assertion
    /// and a Signature in it (14); the rest is for extensions. libxml2 gives up at 256.
    pub depth: usize,
    /// Elements, comments and pieces of text in one document. Default 65,536: 16 bytes of input make one node at
    /// most, so this only bites on documents that hold nothing but structure.
    pub nodes: usize,
    /// Attributes of one element, namespace declarations not counted. Default 64: the standards know of no element
    /// with more than twelve.
    pub attributes: usize,
    /// Namespace declarations in one document. Default 4,096: some products declare two on each AttributeValue, which
    /// makes room for 2,000 groups.
    pub namespace_declarations: usize,
    /// Namespace declarations in scope at one element, redeclarations included. Default 64: bounds the price of each
    /// look-up, so that the whole stays linear.
    pub namespaces_in_scope: usize,
    /// Prefixes in one `InclusiveNamespaces` list. Default 64, as many as can be in scope.
    pub inclusive_prefixes: usize,
    /// `EncryptedKey` elements tried for one `EncryptedData`. Default 8: one for each recipient, and each one costs a
    /// private-key operation with each of our keys.
    pub encrypted_keys: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            encoded_bytes: 1_500_000,
            message_bytes: 1_048_576,
            depth: 64,
            nodes: 65_536,
            attributes: 64,
            namespace_declarations: 4_096,
            namespaces_in_scope: 64,
            inclusive_prefixes: 64,
            encrypted_keys: 8,
        }
    }
}
