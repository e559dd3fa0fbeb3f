//! What a profile's fields must be together; each alone is checked where it is read.

use super::{EntityIdScheme, ProductProfile, TenantFrom, types};
use crate::path_template::PathTemplate;
use crate::token::TokenPolicy;

/// The first mistake: the path of its field, and what is wrong.
pub(super) fn problem(profile: &ProductProfile) -> Option<(String, String)> {
    saml(profile).or_else(|| scim(profile)).or_else(|| tokens(&profile.tokens))
}

fn saml(profile: &ProductProfile) -> Option<(String, String)> {
    let saml = profile.saml.as_ref()?;
    if saml.tenant_from == TenantFrom::Token {
        return Some(at("saml.tenant_from", "a login carries no token: write `path` or {\"query\": \"…\"}"));
    }
    if saml.entity_id == EntityIdScheme::OneForAll && saml.tenant_from == TenantFrom::Path {
        return Some(at("saml.entity_id", "`one_for_all` needs paths that are alike for all tenants"));
    }
    let paths = saml.paths.all();
    for (name, path) in &paths {
        let field = format!("saml.paths.{name}");
        if let Some(reason) = tenant_place(&saml.tenant_from, path) {
            return Some((field, reason));
        }
        if path.names_connection() != saml.paths.acs.names_connection() {
            return Some((field, "either all paths have {connection} or none".to_owned()));
        }
    }
    for (place, (name, path)) in paths.iter().enumerate() {
        let before = paths.iter().take(place).find(|(_, other)| other.overlaps(path, true));
        if let Some((other, _)) = before {
            return Some((format!("saml.paths.{name}"), format!("a request could also mean `{other}`")));
        }
        if profile.scim.bases().any(|base| base.overlaps(path, false)) {
            return Some((format!("saml.paths.{name}"), "a request could also mean SCIM".to_owned()));
        }
    }
    query_name(&saml.tenant_from).map(|reason| ("saml.tenant_from".to_owned(), reason))
}

fn scim(profile: &ProductProfile) -> Option<(String, String)> {
    let scim = &profile.scim;
    if matches!(scim.tenant_from, TenantFrom::Query(_)) {
        let field = "scim.tenant_from";
        return Some(at(field, "clients add to the base URL, so it has no query: `token` or `path`"));
    }
    for (place, base) in scim.bases().enumerate() {
        let field = match place.checked_sub(1) {
            None => "scim.base".to_owned(),
            Some(further) => format!("scim.also_at[{further}]"),
        };
        if let Some(reason) = tenant_place(&scim.tenant_from, base) {
            return Some((field, reason));
        }
        if scim.bases().take(place).any(|other| other.overlaps(base, false)) {
            return Some((field, "a request could also mean another base".to_owned()));
        }
    }
    if scim.resources.is_empty() {
        return Some(at("scim.resources", "there must be a resource type"));
    }
    if let Some((name, _)) = scim.resources.iter().find(|(_, operations)| operations.is_empty()) {
        return Some((format!("scim.resources.{name}"), "there must be an operation".to_owned()));
    }
    types::check(scim).err().map(|(field, reason)| (format!("scim.{field}"), reason))
}

fn tokens(tokens: &TokenPolicy) -> Option<(String, String)> {
    if !(1..=TokenPolicy::MOST_ACTIVE).contains(&tokens.max_active) {
        return Some(at("tokens.max_active", "must be 1 to 5"));
    }
    if tokens.default_days == 0 || tokens.default_days > tokens.max_days {
        return Some(at("tokens.default_days", "must be 1 to `max_days`"));
    }
    None
}

fn tenant_place(from: &TenantFrom, path: &PathTemplate) -> Option<String> {
    match (from, path.names_tenant()) {
        (TenantFrom::Path, false) => Some("has no {tenant}, though `tenant_from` is `path`".to_owned()),
        (TenantFrom::Query(_) | TenantFrom::Token, true) => {
            Some("has {tenant}, though `tenant_from` is not `path`".to_owned())
        }
        (TenantFrom::Path, true) | (TenantFrom::Query(_) | TenantFrom::Token, false) => None,
    }
}

fn query_name(from: &TenantFrom) -> Option<String> {
    let TenantFrom::Query(name) = from else { return None };
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if name.is_empty() || name.len() > 64 || !plain {
        return Some("a parameter's name has 1 to 64 letters, digits, `-` and `_`".to_owned());
    }
    TAKEN
        .iter()
        .any(|taken| taken.eq_ignore_ascii_case(name))
        .then(|| format!("`{name}` is another parameter"))
}

fn at(field: &str, reason: &str) -> (String, String) {
    (field.to_owned(), reason.to_owned())
}

/// Parameters that requests of SAML and SCIM have by themselves.
const TAKEN: &[&str] = &[
    "answer",
    "attributes",
    "connection",
    "count",
    "cursor",
    "entity_id",
    "excludedAttributes",
    "filter",
    "force_authn",
    "relay_state",
    "RelayState",
    "SAMLRequest",
    "SAMLResponse",
    "SigAlg",
    "Signature",
    "sortBy",
    "sortOrder",
    "startIndex",
];
