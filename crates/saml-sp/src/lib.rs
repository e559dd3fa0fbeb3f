#![doc = include_str!("../README.md")]

mod advice;
mod artifact;
mod binding;
mod config;
mod connection;
mod dsig;
mod ecp;
mod enc;
mod ids;
mod keys;
mod limits;
mod login;
mod logout;
mod metadata;
mod names;
mod profile;
mod provider;
mod rejection;
mod report;
mod request;
mod response;
mod soap;
#[cfg(test)]
mod test_captures;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod url;
mod xml;

pub use advice::{Guide, Label, LabelGrade, NearMiss, Problem, ProblemKind, ProviderMessage, Severity, Step};
pub use artifact::{Artifact, PendingArtifact, ReceivedArtifact};
pub use binding::{Inbound, Outbound, PostForm};
pub use config::{
    AlgorithmSupport, Binding, ConfigError, Contact, ContactKind, DisplayInfo, Endpoint, EntityAttribute,
    IdentityProvider, IndexedEndpoint, KeyPair, KeyRing, KeyStage, LocalizedText, Logo, Organization, Policy,
    Registration, RequestedAttribute, RequestedAttributes, Scope, Seconds, ServiceProvider, SignatureDemand,
    SigningMethod, Skew, Unsolicited,
};
pub use connection::{
    CertificateReport, CertificateReview, Connection, IdpCertificate, KeyStanding, SpCertificate,
};
pub use dsig::{
    AlgorithmPolicy, Canonicalization, DigestAlgorithm, Disagreement, Engine, Engines, SignError,
    SignatureAlgorithm, SignatureError, SignatureEvidence,
};
pub use ecp::is_ecp_client;
pub use enc::{DataEncryption, DecryptError, EncryptionEvidence, EncryptionPolicy, KeyTransport, Mgf};
pub use ids::{EntityId, RequestId};
pub use keys::{Certificate, KeyError, KeyKind, PrivateKey, VerificationKey};
pub use limits::Limits;
pub use login::{
    Attribute, AttributeValue, Attributes, AuthnContext, Evidence, GroupOverage, Login, NameId, Notice,
    ReplayClaim, Session, Sighting, SubjectKey, Verified,
};
pub use logout::{
    EncryptionRandom, IdpSession, LogoutAnswer, LogoutMessage, LogoutOptions, LogoutOutcome, LogoutRequest,
    PendingLogout,
};
pub use metadata::{
    ChangeVerdict, IdpMetadata, MetadataChange, MetadataDiff, MetadataError, MetadataNotice, MetadataOptions,
    MetadataOutput, Service,
};
pub use profile::{LogoutTruth, ProviderProfile};
pub use provider::{LikelyProduct, Product};
pub use rejection::{Cause, Part, Rejection};
pub use report::{Check, Finding, Outcome, Report, Rule};
pub use request::{
    Comparison, Consumer, IdpEntry, LoginOptions, NameIdPolicy, OpenError, PendingLogin, RequestConditions,
    RequestError, RequestedAuthnContext, Scoping, SealKey,
};
pub use response::{ShownResponse, Status, UnverifiedIssuer};
pub use soap::{SoapCall, SoapReply};
pub use url::{EndpointUrl, LocalPath};
pub use xml::{XmlError, XmlErrorKind};
