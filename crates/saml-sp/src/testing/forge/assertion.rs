//! Assertions that are well signed and still not for this service provider, time or person.

use super::{Forgery, TestError, refuse, written};
use crate::testing::element::Element;
use crate::testing::response::{instant, moved};

pub(super) const FORGERIES: &[Forgery] = &[
    refuse("assertion-version-1-1", "ASN-01", "The assertion is of SAML 1.1.", |shop| {
        shop.signed(|assertion| assertion.set("Version", "1.1"))
    }),
    refuse(
        "assertion-other-issuer",
        "ASN-02",
        "The assertion says that another identity provider made it.",
        |shop| {
            shop.signed(|assertion| {
                replace(assertion, Element::new("saml:Issuer").text("https://other.example/metadata"));
            })
        },
    ),
    refuse("no-subject", "ASN-03", "The assertion says nothing about anybody.", |shop| {
        shop.signed(|assertion| drop(assertion.take("saml:Subject")))
    }),
    refuse("no-name", "ASN-03", "The subject has no name.", |shop| {
        shop.signed(|assertion| {
            if let Some(subject) = assertion.find_mut("saml:Subject") {
                subject.take("saml:NameID");
            }
        })
    }),
    refuse("two-names", "ASN-03", "The subject has two names.", |shop| {
        shop.signed(|assertion| {
            if let Some(subject) = assertion.find_mut("saml:Subject") {
                subject.insert(0, Element::new("saml:NameID").text(super::EVIL_NAME));
            }
        })
    }),
    refuse("empty-name", "ASN-09", "The name is empty.", |shop| {
        shop.asserted(|answer| answer.name_id.value = String::new())
    }),
    refuse("blank-name", "ASN-09", "The name is a space.", |shop| {
        shop.asserted(|answer| answer.name_id.value = " ".to_owned())
    }),
    refuse("other-recipient", "ASN-04", "The confirmation is for another address.", |shop| {
        shop.asserted(|answer| answer.recipient = Some("https://other.example/acs".to_owned()))
    }),
    refuse("no-recipient", "ASN-04", "The confirmation names no address.", |shop| {
        shop.asserted(|answer| answer.recipient = None)
    }),
    refuse(
        "confirmation-other-request",
        "ASN-04",
        "The confirmation answers another request than the Response.",
        |shop| confirmation(shop, |data| data.set("InResponseTo", "_other")),
    ),
    refuse("confirmation-no-request", "ASN-04", "The confirmation answers no request.", |shop| {
        confirmation(shop, |data| data.remove("InResponseTo"))
    }),
    refuse("confirmation-no-end", "ASN-04", "The confirmation is good for ever.", |shop| {
        confirmation(shop, |data| data.remove("NotOnOrAfter"))
    }),
    refuse(
        "confirmation-not-before",
        "ASN-04",
        "The confirmation has a NotBefore, which the profile forbids.",
        |shop| {
            let now = instant(shop.good.now);
            confirmation(shop, |data| data.set("NotBefore", now))
        },
    ),
    refuse("confirmation-expired", "ASN-04", "The confirmation expired an hour ago.", |shop| {
        let past = instant(moved(shop.good.now, -3600).ok_or(TestError::NothingToForge { part: "time" })?);
        confirmation(shop, |data| data.set("NotOnOrAfter", past))
    }),
    refuse("no-confirmation", "ASN-04", "Nothing confirms the subject.", |shop| {
        shop.signed(|assertion| {
            if let Some(subject) = assertion.find_mut("saml:Subject") {
                subject.take("saml:SubjectConfirmation");
            }
        })
    }),
    refuse(
        "holder-of-key",
        "ASN-04",
        "Only the holder of a key is confirmed, and nobody shows the key.",
        |shop| {
            shop.signed(|assertion| {
                if let Some(confirmation) = assertion.at(&["saml:Subject", "saml:SubjectConfirmation"]) {
                    confirmation.set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key");
                }
            })
        },
    ),
    refuse("expired", "ASN-05", "The conditions expired an hour ago.", |shop| {
        let past = instant(moved(shop.good.now, -3600).ok_or(TestError::NothingToForge { part: "time" })?);
        let earlier = instant(moved(shop.good.now, -7200).ok_or(TestError::NothingToForge { part: "time" })?);
        conditions(shop, |conditions| {
            conditions.set("NotBefore", earlier);
            conditions.set("NotOnOrAfter", past);
        })
    }),
    refuse("not-yet-valid", "ASN-05", "The conditions begin in an hour.", |shop| {
        let soon = instant(moved(shop.good.now, 3600).ok_or(TestError::NothingToForge { part: "time" })?);
        let later = instant(moved(shop.good.now, 7200).ok_or(TestError::NothingToForge { part: "time" })?);
        conditions(shop, |conditions| {
            conditions.set("NotBefore", soon);
            conditions.set("NotOnOrAfter", later);
        })
    }),
    refuse("empty-validity", "ASN-14", "The conditions end before they begin.", |shop| {
        let before = instant(moved(shop.good.now, 60).ok_or(TestError::NothingToForge { part: "time" })?);
        let after = instant(moved(shop.good.now, 30).ok_or(TestError::NothingToForge { part: "time" })?);
        conditions(shop, |conditions| {
            conditions.set("NotBefore", before);
            conditions.set("NotOnOrAfter", after);
        })
    }),
    refuse("other-audience", "ASN-05", "The assertion is for another service provider.", |shop| {
        shop.asserted(|answer| answer.audiences = vec!["https://other.example/metadata".to_owned()])
    }),
    refuse("no-audience", "ASN-05", "The assertion is for nobody in particular.", |shop| {
        shop.asserted(|answer| answer.audiences.clear())
    }),
    refuse(
        "second-audience-restriction",
        "ASN-05",
        "One restriction names this service provider, another doesn't.",
        |shop| {
            let other = Element::new("saml:Audience").text("https://other.example/metadata");
            conditions(shop, |conditions| {
                conditions.insert(usize::MAX, Element::new("saml:AudienceRestriction").child(other));
            })
        },
    ),
    refuse(
        "audience-prefix",
        "ASN-05",
        "The audience begins with this service provider's entity id.",
        |shop| {
            shop.asserted(|answer| {
                for audience in &mut answer.audiences {
                    audience.push_str(".evil.example");
                }
            })
        },
    ),
    refuse("unknown-condition", "ASN-05", "A condition that nobody knows.", |shop| {
        conditions(shop, |conditions| {
            conditions.insert(usize::MAX, Element::new("saml:Condition").attribute("xsi:type", "Moon"));
        })
    }),
    refuse("condition-twice", "ASN-14", "OneTimeUse stands twice.", |shop| {
        conditions(shop, |conditions| {
            conditions.insert(usize::MAX, Element::new("saml:OneTimeUse"));
            conditions.insert(usize::MAX, Element::new("saml:OneTimeUse"));
        })
    }),
    refuse("no-authentication", "ASN-06", "Nothing says that anybody authenticated.", |shop| {
        shop.signed(|assertion| drop(assertion.take("saml:AuthnStatement")))
    }),
    refuse("session-ended", "ASN-06", "The session ended an hour ago.", |shop| {
        let past = moved(shop.good.now, -3600);
        shop.asserted(|answer| answer.session_not_on_or_after = past)
    }),
    refuse("authenticated-in-future", "ASN-07", "The person authenticates tomorrow.", |shop| {
        let tomorrow = moved(shop.good.now, 86_400).ok_or(TestError::NothingToForge { part: "time" })?;
        shop.asserted(|answer| answer.authn_instant = tomorrow)
    }),
    refuse("persistent-name-too-long", "ASN-18", "A persistent name has 257 characters.", |shop| {
        shop.asserted(|answer| answer.name_id = crate::testing::TestNameId::persistent(&"a".repeat(257)))
    }),
];

fn confirmation(shop: &super::Workshop<'_>, change: impl FnOnce(&mut Element)) -> Result<Vec<u8>, TestError> {
    let path = ["saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData"];
    at(shop, &path, change)
}

fn conditions(shop: &super::Workshop<'_>, change: impl FnOnce(&mut Element)) -> Result<Vec<u8>, TestError> {
    at(shop, &["saml:Conditions"], change)
}

/// The login with one element of the assertion changed before it was signed.
fn at(
    shop: &super::Workshop<'_>,
    path: &[&str],
    change: impl FnOnce(&mut Element),
) -> Result<Vec<u8>, TestError> {
    let answer = shop.answer();
    let mut assertion = answer.assertion(shop.idp.entity_id());
    change(assertion.at(path).ok_or(TestError::NothingToForge { part: "element" })?);
    super::Recipe::new(shop.idp.key(), answer.algorithm).sign(&mut assertion)?;
    Ok(written(&answer.finish(shop.idp.entity_id(), shop.idp.key(), Some(assertion))?))
}

fn replace(parent: &mut Element, child: Element) {
    if let Some(found) = parent.find_mut(child.name()) {
        *found = child;
    }
}
