//! Signature wrapping: the signed element moves away, the attacker's takes its place.
//!
//! The numbers are those of Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be" (2012), as testing
//! tools use them.

use super::{EVIL_NAME, Forgery, Harm, TestError, Workshop, refuse, written};
use crate::testing::element::Element;

pub(super) const FORGERIES: &[Forgery] = &[
    refuse(
        "xsw-1",
        "SIG-05",
        "The signed Response lies inside its own Signature; the attacker's Response is around both.",
        |shop| {
            let (mut evil, original, mut signature) = responses(shop)?;
            signature.insert(usize::MAX, original);
            evil.insert(1, signature);
            Ok(written(&evil))
        },
    ),
    refuse(
        "xsw-2",
        "XML-12",
        "The signed Response lies beside its Signature in the attacker's Response.",
        |shop| {
            let (mut evil, original, signature) = responses(shop)?;
            evil.insert(1, original);
            evil.insert(1, signature);
            Ok(written(&evil))
        },
    ),
    refuse("xsw-3", "SIG-13", "The attacker's assertion stands before the signed one.", |shop| {
        shop.tampered(|response| {
            let place = response.children.len().saturating_sub(1);
            response.insert(place, shop.evil_assertion());
            Some(())
        })
    }),
    refuse("xsw-4", "SIG-12", "The signed assertion lies inside the attacker's.", |shop| {
        shop.tampered(|response| {
            let original = response.take("saml:Assertion")?;
            response.insert(usize::MAX, shop.evil_assertion().child(original));
            Some(())
        })
    }),
    refuse(
        "xsw-5",
        "SIG-13",
        "The Signature lies in the attacker's assertion, the signed one stands behind it.",
        |shop| {
            shop.tampered(|response| {
                let mut original = response.take("saml:Assertion")?;
                let mut evil = shop.evil_assertion();
                evil.insert(1, original.take("ds:Signature")?);
                response.insert(usize::MAX, evil);
                response.insert(usize::MAX, original);
                Some(())
            })
        },
    ),
    refuse("xsw-6", "SIG-05", "The signed assertion lies in the Signature of the attacker's.", |shop| {
        in_signature(shop, |signature, original| signature.child(original))
    }),
    Forgery {
        name: "xsw-7",
        rule: "XML-12",
        what: "The attacker's assertion stands in Extensions, where careless code finds it first.",
        harm: Harm::SignedValuesOnly,
        make: |shop| {
            shop.tampered(|response| {
                response.insert(1, Element::new("samlp:Extensions").child(shop.evil_assertion()));
                Some(())
            })
        },
    },
    refuse(
        "xsw-7-same-id",
        "XML-07",
        "The attacker's assertion stands in Extensions with the ID of the signed one.",
        |shop| {
            shop.tampered(|response| {
                let mut evil = shop.evil_assertion();
                evil.set("ID", shop.good.assertion_id());
                response.insert(1, Element::new("samlp:Extensions").child(evil));
                Some(())
            })
        },
    ),
    refuse(
        "xsw-8",
        "SIG-22",
        "The signed assertion lies in an Object in the Signature of the attacker's.",
        |shop| {
            in_signature(shop, |signature, original| {
                signature.child(Element::new("ds:Object").child(original))
            })
        },
    ),
    refuse(
        "signed-in-extensions",
        "SIG-12",
        "The signed assertion stands in Extensions, the attacker's in its place.",
        |shop| {
            shop.tampered(|response| {
                let original = response.take("saml:Assertion")?;
                response.insert(1, Element::new("samlp:Extensions").child(original));
                response.insert(usize::MAX, shop.evil_assertion());
                Some(())
            })
        },
    ),
    refuse(
        "signed-in-advice",
        "SIG-12",
        "The signed assertion stands in the Advice of the attacker's.",
        |shop| {
            shop.tampered(|response| {
                let original = response.take("saml:Assertion")?;
                let mut evil = shop.evil_assertion();
                evil.insert(3, Element::new("saml:Advice").child(original));
                response.insert(usize::MAX, evil);
                Some(())
            })
        },
    ),
    refuse(
        "signed-in-confirmation-data",
        "SIG-12",
        "The signed assertion stands in the SubjectConfirmationData of the attacker's.",
        |shop| {
            shop.tampered(|response| {
                let original = response.take("saml:Assertion")?;
                let mut evil = shop.evil_assertion();
                evil.at(&["saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData"])?
                    .insert(0, original);
                response.insert(usize::MAX, evil);
                Some(())
            })
        },
    ),
    refuse(
        "evil-behind-signed",
        "SIG-13",
        "The attacker's assertion stands behind the signed one.",
        |shop| {
            shop.tampered(|response| {
                response.insert(usize::MAX, shop.evil_assertion());
                Some(())
            })
        },
    ),
    refuse(
        "two-signed-assertions",
        "SIG-13",
        "The Response holds two assertions, each well signed.",
        |shop| {
            let mut response = shop.built(&shop.answer())?;
            let mut other = shop.answer();
            other.id = format!("second-{}", other.id);
            other.name_id.value = EVIL_NAME.to_owned();
            response.insert(usize::MAX, other.signed_assertion(shop.idp.entity_id(), shop.idp.key())?);
            Ok(written(&response))
        },
    ),
    refuse("assertion-as-root", "XML-12", "A signed assertion comes without a Response.", |shop| {
        let assertion = shop.answer().signed_assertion(shop.idp.entity_id(), shop.idp.key())?;
        Ok(written(&assertion))
    }),
];

/// The attacker's Response, the signed one without its Signature, and the Signature.
fn responses(shop: &Workshop<'_>) -> Result<(Element, Element, Element), TestError> {
    let mut original = shop.built(&shop.response_signed())?;
    let signature = original.take("ds:Signature").ok_or(TestError::NothingToForge { part: "Signature" })?;
    let mut evil = original.clone();
    evil.set("ID", format!("_evil-{}", shop.good.id));
    evil.take("saml:Assertion");
    evil.insert(usize::MAX, shop.evil_assertion());
    Ok((evil, original, signature))
}

fn in_signature(shop: &Workshop<'_>, wrap: fn(Element, Element) -> Element) -> Result<Vec<u8>, TestError> {
    shop.tampered(|response| {
        let mut original = response.take("saml:Assertion")?;
        let signature = original.take("ds:Signature")?;
        let mut evil = shop.evil_assertion();
        evil.insert(1, wrap(signature, original));
        response.insert(usize::MAX, evil);
        Some(())
    })
}
