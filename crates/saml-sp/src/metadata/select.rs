//! Finding one identity provider in a document that may describe thousands.

use chrono::{DateTime, Utc};

use super::MetadataError;
use crate::{
    names::{METADATA, PROTOCOL},
    rejection::{Part, Rejection},
    response::Fields,
    xml::Element,
};

/// The entity that was picked, with what its surroundings say of it.
pub(super) struct Selected<'d> {
    pub(super) entity: Element<'d>,
    pub(super) role: Element<'d>,
    /// MD-03: the earliest on the path counts.
    pub(super) valid_until: Option<DateTime<Utc>>,
    /// The nearest to the role.
    pub(super) cache_duration: Option<&'d str>,
    /// Whether the root has neither, which Metadata 2.3.1 and 2.3.2 demand.
    pub(super) open_ended: bool,
}

/// Picks the entity with this id, or the only identity provider.
pub(super) fn select<'d>(root: Element<'d>, wanted: Option<&str>) -> Result<Selected<'d>, MetadataError> {
    if !is_entity(root) && !root.is(METADATA, "EntitiesDescriptor") {
        return Err(MetadataError::NotMetadata { found: root.local_name().to_owned() });
    }
    let Survey { first, count, is_service_provider } = survey(root, wanted);
    let (entity, role) = match first {
        Some(found) if count == 1 => found,
        Some(_) => return Err(MetadataError::Several { found: count }),
        None if wanted.is_some() && !is_service_provider => return Err(MetadataError::NotFound),
        None => return Err(MetadataError::NoIdentityProvider { is_service_provider }),
    };
    let mut valid_until: Option<DateTime<Utc>> = None;
    let mut cache_duration = None;
    for element in role.ancestors_and_self() {
        let until = Fields::new(element, Part::Metadata).instant("validUntil")?;
        valid_until = match (valid_until, until) {
            (Some(known), Some(until)) => Some(known.min(until)),
            (known, until) => known.or(until),
        };
        cache_duration = cache_duration.or_else(|| element.attribute("cacheDuration"));
    }
    let open_ended = root.attribute("validUntil").is_none() && root.attribute("cacheDuration").is_none();
    Ok(Selected { entity, role, valid_until, cache_duration, open_ended })
}

/// The identity providers that fit.
pub(super) struct Survey<'d> {
    /// The entity and the role of the first one.
    first: Option<(Element<'d>, Element<'d>)>,
    pub(super) count: usize,
    /// Whether an entity that fits is a service provider.
    pub(super) is_service_provider: bool,
}

/// Goes over all entities, or those with this id.
pub(super) fn survey<'d>(root: Element<'d>, wanted: Option<&str>) -> Survey<'d> {
    let mut survey = Survey { first: None, count: 0, is_service_provider: false };
    for entity in root.descendants_and_self().filter(|element| is_entity(*element)) {
        if wanted.is_some_and(|wanted| entity.attribute("entityID") != Some(wanted)) {
            continue;
        }
        survey.is_service_provider |= entity.child(METADATA, "SPSSODescriptor").is_some();
        if let Some(role) = entity.children().find(|child| is_identity_provider(*child)) {
            survey.count = survey.count.saturating_add(1);
            survey.first = survey.first.or(Some((entity, role)));
        }
    }
    survey
}

/// Gives an entity's id.
pub(super) fn entity_id(entity: Element<'_>) -> Result<&str, Rejection> {
    Fields::new(entity, Part::Metadata).required("entityID")
}

fn is_entity(element: Element<'_>) -> bool {
    element.is(METADATA, "EntityDescriptor")
        // Only below descriptors: an entity inside an extension is somebody else's word.
        && element.ancestors_and_self().skip(1).all(|above| above.is(METADATA, "EntitiesDescriptor"))
}

/// MD-02: the protocols are a list, and SAML 2.0 must be in it.
fn is_identity_provider(element: Element<'_>) -> bool {
    element.is(METADATA, "IDPSSODescriptor")
        && element
            .attribute("protocolSupportEnumeration")
            .is_some_and(|protocols| protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL))
}
