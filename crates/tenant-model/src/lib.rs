#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod audit;
mod break_glass;
mod capabilities;
mod connection;
mod discovery;
mod domain;
mod enforcement;
#[cfg(test)]
mod fixtures;
mod ids;
mod local_path;
mod login;
mod mapping;
pub mod okta_hook;
mod person;
mod profile;
mod provision;
mod rights;
mod session;
mod tenant;
mod time;
mod token;
mod transition;
mod trust;

pub use audit::{Action, AuditEvent, FieldChange, LifecycleEvent, Outcome, Target};
pub use break_glass::{
    BreakGlassError, MAX_ARMED_HOURS, arm_break_glass, name_break_glass, unname_break_glass, use_break_glass,
};
pub use capabilities::{
    AttrOverride, AuthScheme, Capabilities, Filters, Mutability, Operation, PageSizes, PageSizesError,
    Password, QuirkPreset, SchemeWord, ValueFormat,
};
pub use connection::{
    ConnectionState, DirectoryField, Jit, LinkPolicy, LoginPolicy, Pairing, Provider, SamlConnection,
    ScimConnection, SubjectSource,
};
pub use discovery::{Discovery, DiscoveryQuery, discover, discovery_query};
pub use domain::{
    CHALLENGE_DAYS, DnsAnswer, DomainError, LAPSE_GRACE_DAYS, MAX_TXT_RECORDS, ProofHash, RECHECK_DAYS,
    TxtRecord, UNREACHABLE_DAYS, check_dns, claim, claim_by_operator, domain_event,
};
pub use enforcement::{
    Blocker, EnforceError, EnforcementPreview, ShutOut, ShutOutReason, TEST_LOGIN_HOURS, TestLogin,
    preview_enforcement,
};
pub use ids::{
    AttrName, ConnectionId, DepartmentName, Domain, EmailAddress, Epoch, Generation, GroupKey, IdError,
    KeyId, PersonId, ProfileId, RequestId, ResourceName, RoleName, TenantId, TokenId,
};
pub use local_path::LocalPath;
pub use login::{
    AssertedIdentity, AssertedName, Candidate, FoundBy, LoginDecision, LoginQuery, LoginRefusal, LoginRows,
    PairingQuery, decide_login, login_query,
};
pub use mapping::{
    AccountField, AttributeBag, AttributeMapping, DepartmentRule, FieldReport, FieldRule, Mapped,
    MappingError, MappingReport, NameCase, Role, RoleReport, RoleRule, RoleRules, RoleRulesError, Several,
    Source, UnknownRole, apply, dry_run,
};
pub use person::{
    Actor, DirectoryPerson, DirectoryState, Grant, GrantOrigin, GroupRef, Link, Person, PersonState,
    SubjectKey,
};
pub use profile::{
    EntityIdScheme, Hook, IdpInitiated, LoginAnswer, MetadataBy, NameIdFormat, ProductProfile, ProfileError,
    SamlPaths, SamlProfile, ScimProfile, SpKeys, TenantFrom,
};
pub use provision::{
    Provision, ProvisionQuery, ProvisionRefusal, ProvisionRows, ProvisionStep, SubjectQuery,
    decide_provision, provision_query,
};
pub use rights::{Right, RightMissing, Rights};
pub use session::{Method, SessionFacts, SignInRefusal, may_sign_in, session_alive};
pub use tenant::{
    BreakGlass, DomainClaim, DomainPolicy, DomainState, SsoPolicy, Standing, Tenant, TenantState, VerifiedBy,
};
pub use token::{
    Authenticated, Expiry, ExpiryRequest, HashKey, HashKeyError, HashKeys, HeaderError, Issued,
    MAX_HEADER_BYTES, OwnerLeaves, PresentedToken, Rotation, ScimToken, Scope, ShownOnce, TokenError,
    TokenHash, TokenPolicy, TokenPrefix, TokenRefusal, TokenRequest, Use, authenticate, issue, read_header,
    revoke, touch,
};
pub use transition::{Before, Guard, Held, Transition, deactivate, transition};
pub use trust::{
    KeyState, TrustError, TrustProposal, TrustReason, TrustVerdict, TrustedKey, confirm_link, retire_key,
    trust_change,
};
