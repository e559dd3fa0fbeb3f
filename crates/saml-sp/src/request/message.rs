//! The AuthnRequest as XML (Core 3.4.1).

use chrono::{DateTime, Utc};

use super::{LoginOptions, NameIdPolicy, RequestConditions, RequestError, RequestedAuthnContext, Scoping};
use crate::{
    Canonicalization, Endpoint, EntityId, IndexedEndpoint, Limits, NameId, RequestId,
    names::{ASSERTION, FORMAT_TRANSIENT, PROTOCOL},
    time::format_instant,
    xml::{
        Document,
        c14n::{C14n, canonicalize},
        write::XmlElement,
    },
};

/// How the request names the endpoint for the response.
pub(super) enum ConsumerName<'a> {
    Index(u16),
    Unnamed,
    Url(&'a IndexedEndpoint),
}

/// Builds the message; the children stand in the schema's order, the signature follows the issuer when it is made.
pub(super) fn authn_request(
    id: &RequestId,
    now: DateTime<Utc>,
    destination: Option<&Endpoint>,
    issuer: &EntityId,
    consumer: &ConsumerName<'_>,
    options: &LoginOptions,
) -> XmlElement {
    let mut request = protocol("AuthnRequest")
        .attr("ID", id.as_str())
        .attr("Version", "2.0")
        .attr("IssueInstant", format_instant(now))
        .attr_opt("Destination", destination.map(|endpoint| endpoint.location.as_str()))
        .attr_opt("ProviderName", options.provider_name.as_deref())
        .attr_opt(
            "AttributeConsumingServiceIndex",
            options.attribute_consuming_service_index.map(|index| index.to_string()),
        )
        .attr_opt("ForceAuthn", options.force_authn.then_some("true"))
        .attr_opt("IsPassive", options.is_passive.then_some("true"));
    request = match consumer {
        // Core 3.4.1: an index excludes both other attributes.
        ConsumerName::Index(index) => request.attr("AssertionConsumerServiceIndex", index.to_string()),
        ConsumerName::Unnamed => request,
        ConsumerName::Url(consumer) => request
            .attr("AssertionConsumerServiceURL", consumer.location.as_str())
            .attr("ProtocolBinding", consumer.binding.uri()),
    };
    request
        .child(assertion("Issuer").text(issuer.as_str()))
        .child_opt(
            options.subject.as_ref().map(|subject| assertion("Subject").child(name_id_element(subject))),
        )
        .child_opt(options.name_id_policy.as_ref().map(name_id_policy))
        .child_opt(options.conditions.as_ref().map(conditions))
        .child_opt(options.requested_authn_context.as_ref().map(requested_authn_context))
        .child_opt(options.scoping.as_ref().map(scoping))
}

/// Puts elements of other namespaces into the message, where the schema has them: after the issuer.
pub(super) fn with_extensions(xml: String, extensions: &[String]) -> Result<String, RequestError> {
    if extensions.is_empty() {
        return Ok(xml);
    }
    let how = C14n { algorithm: Canonicalization::Exclusive, comments: false, inclusive_prefixes: &[] };
    let mut inside = Vec::new();
    for extension in extensions {
        // Read and written again, so that nothing but one element gets in.
        let document =
            Document::parse(extension.as_bytes(), &Limits::default()).map_err(RequestError::Extension)?;
        let root = document.root();
        if matches!(root.namespace(), "" | ASSERTION | PROTOCOL) {
            return Err(RequestError::ExtensionNamespace);
        }
        canonicalize(root, None, &how, &mut inside).map_err(|_| RequestError::ExtensionNamespace)?;
    }
    let inside = String::from_utf8_lossy(&inside);
    // The issuer's text is escaped, so its end tag stands once.
    Ok(xml.replacen(ISSUER_END, &format!("{ISSUER_END}<samlp:Extensions>{inside}</samlp:Extensions>"), 1))
}

/// Writes a name identifier with exactly the attributes that it has.
pub(crate) fn name_id_element(name_id: &NameId) -> XmlElement {
    assertion("NameID")
        .attr_opt("Format", name_id.format.as_deref())
        .attr_opt("NameQualifier", name_id.name_qualifier.as_deref())
        .attr_opt("SPNameQualifier", name_id.sp_name_qualifier.as_deref())
        .attr_opt("SPProvidedID", name_id.sp_provided_id.as_deref())
        .text(name_id.value.as_str())
}

fn name_id_policy(policy: &NameIdPolicy) -> XmlElement {
    let transient = policy.format.as_deref() == Some(FORMAT_TRANSIENT);
    let allow_create = policy.allow_create.or((!transient).then_some(true));
    protocol("NameIDPolicy")
        .attr_opt("Format", policy.format.as_deref())
        .attr_opt("SPNameQualifier", policy.sp_name_qualifier.as_deref())
        .attr_opt("AllowCreate", allow_create.map(|allowed| allowed.to_string()))
}

fn conditions(conditions: &RequestConditions) -> XmlElement {
    let audiences = (!conditions.audiences.is_empty()).then(|| {
        let audiences =
            conditions.audiences.iter().map(|audience| assertion("Audience").text(audience.as_str()));
        assertion("AudienceRestriction").children(audiences)
    });
    assertion("Conditions")
        .attr_opt("NotBefore", conditions.not_before.map(format_instant))
        .attr_opt("NotOnOrAfter", conditions.not_on_or_after.map(format_instant))
        .child_opt(audiences)
}

fn requested_authn_context(context: &RequestedAuthnContext) -> XmlElement {
    let classes = context.classes.iter().map(|class| assertion("AuthnContextClassRef").text(class.as_str()));
    protocol("RequestedAuthnContext").attr("Comparison", context.comparison.as_str()).children(classes)
}

fn scoping(scoping: &Scoping) -> XmlElement {
    let entries = scoping.idps.iter().map(|idp| {
        protocol("IDPEntry")
            .attr("ProviderID", idp.provider_id.as_str())
            .attr_opt("Name", idp.name.as_deref())
            .attr_opt("Loc", idp.location.as_ref().map(|location| location.as_str()))
    });
    let complete = scoping.get_complete.as_ref().map(|url| protocol("GetComplete").text(url.as_str()));
    let list = (!scoping.idps.is_empty()).then(|| protocol("IDPList").children(entries).child_opt(complete));
    protocol("Scoping")
        .attr_opt("ProxyCount", scoping.proxy_count.map(|count| count.to_string()))
        .child_opt(list)
        .children(scoping.requester_ids.iter().map(|id| protocol("RequesterID").text(id.as_str())))
}

fn protocol(local: &'static str) -> XmlElement {
    XmlElement::new("samlp", PROTOCOL, local)
}

fn assertion(local: &'static str) -> XmlElement {
    XmlElement::new("saml", ASSERTION, local)
}

const ISSUER_END: &str = "</saml:Issuer>";
