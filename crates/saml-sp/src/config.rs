//! Configuration: plain values, checked when they are made, with a documented serde form.

mod endpoint;
mod error;
mod identity_provider;
mod key_ring;
mod policy;
mod service_provider;

pub use endpoint::{Binding, Endpoint, IndexedEndpoint};
pub use error::ConfigError;
pub use identity_provider::{
    AlgorithmSupport, DisplayInfo, EntityAttribute, IdentityProvider, Logo, Registration, Scope,
    SigningMethod,
};
pub use key_ring::{KeyPair, KeyRing, KeyStage};
pub use policy::{Policy, Seconds, SignatureDemand, Skew, Unsolicited};
pub use service_provider::{
    Contact, ContactKind, LocalizedText, Organization, RequestedAttribute, RequestedAttributes,
    ServiceProvider,
};

pub(crate) use endpoint::default_index;
