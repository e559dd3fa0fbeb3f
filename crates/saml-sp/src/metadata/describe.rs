//! What metadata says of an entity beside names, addresses and keys (MD-07).

use crate::{
    AlgorithmSupport, DisplayInfo, EntityAttribute, LocalizedText, Logo, Registration, Scope, SigningMethod,
    names::{ASSERTION, MD_ALGORITHM, MD_ATTRIBUTE, MD_REGISTRATION, MD_UI, METADATA, SHIB_METADATA, XML},
    rejection::{Part, Rejection},
    response::Fields,
    xml::Element,
};

/// Reads what is for people.
pub(super) fn display(role: Element<'_>) -> DisplayInfo {
    let mut display = DisplayInfo::default();
    let info = extension(role, MD_UI, "UIInfo").next();
    for child in info.iter().flat_map(|info| info.children()).filter(|child| child.namespace() == MD_UI) {
        let pixels =
            |name| child.attribute(name).and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        match child.local_name() {
            "DisplayName" => display.names.push(localized(child)),
            "Description" => display.descriptions.push(localized(child)),
            "Logo" => display.logos.push(Logo {
                url: child.text().trim().to_owned(),
                width: pixels("width"),
                height: pixels("height"),
            }),
            _ => {}
        }
    }
    display
}

/// Reads the domains that an entity or its role claims.
pub(super) fn scopes<'d>(element: Element<'d>) -> impl Iterator<Item = Scope> + use<'d> {
    extension(element, SHIB_METADATA, "Scope").map(|scope| Scope {
        value: scope.text().trim().to_owned(),
        is_pattern: matches!(scope.attribute("regexp"), Some("true" | "1")),
    })
}

/// Reads who took the entity in (Metadata Extensions for Registration and Publication Information 2.1).
pub(super) fn registration(entity: Element<'_>) -> Result<Option<Registration>, Rejection> {
    let Some(info) = extension(entity, MD_REGISTRATION, "RegistrationInfo").next() else { return Ok(None) };
    let fields = Fields::new(info, Part::Metadata);
    Ok(Some(Registration {
        authority: fields.required("registrationAuthority")?.to_owned(),
        instant: fields.instant("registrationInstant")?,
        policies: info.children_named(MD_REGISTRATION, "RegistrationPolicy").map(localized).collect(),
    }))
}

/// Reads the attributes of the entity itself (Metadata Extension for Entity Attributes 2.1). An assertion that stands
/// there is somebody else's word and is left out.
pub(super) fn entity_attributes(entity: Element<'_>) -> Vec<EntityAttribute> {
    extension(entity, MD_ATTRIBUTE, "EntityAttributes")
        .flat_map(|attributes| attributes.children_named(ASSERTION, "Attribute"))
        .map(|attribute| EntityAttribute {
            name: attribute.attribute("Name").unwrap_or_default().to_owned(),
            name_format: attribute.attribute("NameFormat").map(str::to_owned),
            values: attribute
                .children_named(ASSERTION, "AttributeValue")
                .map(|value| value.text().trim().to_owned())
                .collect(),
        })
        .collect()
}

/// Reads which algorithms the entity supports (Metadata Profile for Algorithm Support 2.3, 2.4): what its role says
/// stands in the place of what the entity says.
pub(super) fn algorithms(entity: Element<'_>, role: Element<'_>) -> AlgorithmSupport {
    let uri = |element: Element<'_>| element.attribute("Algorithm").map(str::to_owned);
    let bits =
        |element: Element<'_>, name| element.attribute(name).and_then(|text| text.trim().parse::<u32>().ok());
    let nearest = |name| {
        let of_role: Vec<_> = extension(role, MD_ALGORITHM, name).collect();
        if of_role.is_empty() { extension(entity, MD_ALGORITHM, name).collect() } else { of_role }
    };
    AlgorithmSupport {
        digests: nearest("DigestMethod").into_iter().filter_map(uri).collect(),
        signatures: nearest("SigningMethod")
            .into_iter()
            .filter_map(|method| {
                let (min_bits, max_bits) = (bits(method, "MinKeySize"), bits(method, "MaxKeySize"));
                Some(SigningMethod { algorithm: uri(method)?, min_bits, max_bits })
            })
            .collect(),
    }
}

fn extension<'d>(
    element: Element<'d>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Element<'d>> + use<'d> {
    element
        .child(METADATA, "Extensions")
        .into_iter()
        .flat_map(move |extensions| extensions.children_named(namespace, name))
}

fn localized(element: Element<'_>) -> LocalizedText {
    let lang = element.attribute_ns(XML, "lang").unwrap_or_default();
    LocalizedText::new(lang, element.text().trim().to_owned())
}
