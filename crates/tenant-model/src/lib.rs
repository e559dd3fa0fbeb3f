#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod audit;
mod blast_radius;
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
mod oauth;
pub mod okta_hook;
mod path_template;
mod person;
mod profile;
mod provision;
mod rate;
mod reminder;
mod rights;
mod rule_change;
mod scim_event;
mod session;
mod setup_link;
mod sp_key;
mod tenant;
mod time;
mod token;
mod transition;
mod trust;
mod value_format;

pub use access::{Author, RoleChangeError, add_rule, give_role, regroup, remove_rule, take_role};
pub use audit::{Action, AuditEvent, FieldChange, LifecycleEvent, Outcome, Target};
pub use blast_radius::{Beyond, BlastLimit, BlastVerdict, blast_radius};
pub use break_glass::{
    BreakGlassError, MAX_ARMED_HOURS, arm_break_glass, name_break_glass, unname_break_glass, use_break_glass,
};
pub use capabilities::{
    AttrOverride, AuthScheme, Capabilities, Filters, Mutability, Operation, PageSizes, PageSizesError,
    Password, PatchAnswer, QuirkPreset, ResourceEndpoint, ResourceTypeDefinition, SchemaUse, SchemeWord,
    UnknownSort, ValueFormat,
};
pub use connection::{
    ConnectionState, DirectoryField, Jit, LinkPolicy, LoginPolicy, Outsiders, Pairing, Provider, Relink,
    SamlConnection, ScimConnection, SubjectSource,
};
pub use discovery::{Discovery, DiscoveryQuery, discover, discovery_query};
pub use domain::{
    CHALLENGE_DAYS, CHALLENGE_LABEL, DnsAnswer, DomainError, LAPSE_GRACE_DAYS, MAX_TXT_RECORDS, ProofHash,
    RECHECK_DAYS, TxtRecord, UNREACHABLE_DAYS, check_dns, claim, claim_by_operator, domain_event,
};
pub use enforcement::{
    Blocker, EnforceError, EnforcementPreview, ShutOut, ShutOutReason, TEST_LOGIN_HOURS, TestLogin,
    preview_enforcement,
};
pub use ids::{
    AdminId, AttrName, ConnectionId, DepartmentName, Domain, EmailAddress, Epoch, Generation, GroupKey,
    IdError, KeyId, PersonId, ProfileId, RequestId, ResourceName, RoleName, TenantId, TokenId,
};
pub use local_path::LocalPath;
pub use login::{
    AssertedIdentity, AssertedName, Candidate, FoundBy, LoginDecision, LoginQuery, LoginRefusal, LoginRows,
    PairingQuery, decide_login, login_query,
};
pub use mapping::{
    AccountField, AttributeBag, AttributeMapping, DepartmentRule, FieldReport, FieldRule, MAX_ROLE_RULES,
    Mapped, MappingError, MappingReport, NameCase, Role, RoleReport, RoleRule, RoleRules, RoleRulesError,
    Several, Source, Transform, UnknownRole, apply, dry_run,
};
pub use oauth::{
    AccessMinutes, ClientAuthError, ClientError, ClientSecret, GrantRefusal, GrantedToken,
    MAX_CLIENT_SECRETS, OAuthClient, PresentedClient, TokenGrant, add_client_secret, grant_access,
    read_client, register_client, revoke_client_secret,
};
pub use path_template::{PathMatch, PathTemplate};
pub use person::{
    Actor, DirectoryPerson, DirectoryState, Grant, GrantOrigin, GroupRef, Link, Person, PersonState,
    SubjectKey,
};
pub use profile::{
    EntityIdScheme, Hook, IdpInitiated, LoginAnswer, MetadataBy, NameIdFormat, ProductProfile, ProfileError,
    SamlAddresses, SamlPaths, SamlProfile, ScimProfile, SpKeys, TenantFrom,
};
pub use provision::{
    Provision, ProvisionQuery, ProvisionRefusal, ProvisionRows, ProvisionStep, SubjectQuery,
    decide_provision, provision_query,
};
pub use rate::{Bucket, RateLimit, RateRefusal, rate};
pub use reminder::{Reminder, ReminderFacts, ReminderKind, due};
pub use rights::{Right, RightMissing, Rights};
pub use rule_change::{RuleChange, change_rules, keeps_an_admin};
pub use scim_event::{ChangedBy, EventClaims, EventSubject, scim_event};
pub use session::{Method, SessionFacts, SignInRefusal, may_sign_in, session_alive};
pub use setup_link::{
    MAX_SETUP_HOURS, SetupError, SetupLink, SetupPurpose, SetupRefusal, SetupRequest, make_setup_link,
    read_setup_link, use_setup_link,
};
pub use sp_key::{
    MAX_RETIRED_KEYS, MAX_SWITCH_DAYS, NewSpKey, SpKey, SpKeyError, SpKeyState, cancel_key, default_switch,
    remove_key, retire_sp_key, schedule_switch, signing_key, stage_key,
};
pub use tenant::{
    BreakGlass, DomainClaim, DomainPolicy, DomainState, SsoPolicy, Standing, Tenant, TenantState, VerifiedBy,
    WrongRegion,
};
pub use token::{
    Authenticated, Expiry, ExpiryRequest, HashKey, HashKeyError, HashKeys, HeaderError, Issued,
    MAX_HEADER_BYTES, OwnerLeaves, PresentedToken, Rotation, ScimToken, Scope, ShownOnce, TakeOverError,
    TokenError, TokenHash, TokenPolicy, TokenPrefix, TokenRefusal, TokenRequest, Use, authenticate, issue,
    orphaned, owner_left, read_header, record_use, revoke, still_used, take_over, touch,
};
pub use transition::{Before, Guard, Held, Transition, deactivate, transition};
pub use trust::{
    KeyState, TrustError, TrustProposal, TrustReason, TrustVerdict, TrustedKey, confirm_link, retire_key,
    trust_change,
};
pub use value_format::FormatRefusal;
