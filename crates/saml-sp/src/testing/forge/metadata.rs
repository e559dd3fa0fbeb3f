//! Metadata that must be refused, though a pinned key made or should have made its signature.

use chrono::{DateTime, Utc};

use super::replaced;
use crate::testing::element::Element;
use crate::testing::response::moved;
use crate::testing::sign::{ENVELOPED, Recipe};
use crate::testing::{TestAlgorithm, TestError, TestIdp, TestKey};

/// A way to make bad metadata out of good.
///
/// A reader that pins the key of the test identity provider ([`crate::MetadataOptions::pinned_keys`]) has to refuse each
/// with the code of its rule.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use saml_sp::testing::{TestIdp, forge};
/// use saml_sp::{MetadataOptions, VerificationKey};
///
/// let idp = TestIdp::well_known("https://idp.example.com")?;
/// let now = "2026-01-01T12:00:00Z".parse()?;
/// let mut options = MetadataOptions::default();
/// options.pinned_keys = vec![VerificationKey::parse(&idp.key().certificate_pem()?)?];
/// for forgery in forge::metadata() {
///     let refused = options.read(&forgery.forge(&idp, now)?, now).unwrap_err();
///     assert_eq!(refused.code(), forgery.rule(), "{}", forgery.name());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MetadataForgery {
    name: &'static str,
    rule: &'static str,
    what: &'static str,
    make: fn(&Shop<'_>) -> Result<Vec<u8>, TestError>,
}

impl MetadataForgery {
    /// Its name, in kebab case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The id of the rule that stops it, which is the code of the refusal.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What is bad about it, in a sentence.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Makes the document from that of an identity provider, valid for a day.
    ///
    /// # Errors
    /// [`TestError::NothingToForge`] if there is not what is to be forged, [`TestError::Key`] if OpenSSL fails.
    pub fn forge(&self, idp: &TestIdp, now: DateTime<Utc>) -> Result<Vec<u8>, TestError> {
        let evil = TestIdp::new("https://evil.example", TestKey::foreign()?);
        let until = moved(now, 86_400).ok_or(TestError::NothingToForge { part: "time" })?;
        (self.make)(&Shop { idp, evil, now, until })
    }
}

pub(super) const FORGERIES: &[MetadataForgery] = &[
    refuse("metadata-unsigned", "SIG-12", "Nothing is signed.", |shop| {
        Ok(shop.idp.metadata(shop.until)?.into_bytes())
    }),
    refuse("metadata-foreign-key", "SIG-07", "The attacker's key signs.", |shop| {
        let mut entity = shop.entity()?;
        Recipe::new(shop.evil.key(), TestAlgorithm::Sha256).sign(&mut entity)?;
        Ok(written(&entity))
    }),
    refuse("metadata-changed-address", "SIG-10", "An address was changed after signing.", |shop| {
        let signed = shop.signed(|_| Some(()))?;
        replaced(&signed, shop.idp.sign_on_url(), "https://evil.example/sso")
    }),
    refuse("metadata-changed-name", "SIG-10", "The entity id was changed after signing.", |shop| {
        replaced(&shop.signed(|_| Some(()))?, shop.idp.entity_id(), shop.evil.entity_id())
    }),
    refuse("metadata-changed-certificate", "SIG-10", "The certificate was changed after signing.", |shop| {
        let signed = shop.signed(|_| Some(()))?;
        let descriptor = format!(
            "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{}",
            shop.idp.key().certificate_base64()?
        );
        let other =
            descriptor.replace(&shop.idp.key().certificate_base64()?, &shop.evil.key().certificate_base64()?);
        replaced(&signed, &descriptor, &other)
    }),
    refuse("metadata-added-key", "SIG-10", "A key was added after signing.", |shop| {
        let mut signed = shop.signed_element(|_| Some(()))?;
        let key = shop.evil_key()?;
        signed
            .find_mut("md:IDPSSODescriptor")
            .ok_or(TestError::NothingToForge { part: "role" })?
            .insert(0, key);
        Ok(written(&signed))
    }),
    refuse("metadata-validity-extended", "SIG-10", "The validity was made longer after signing.", |shop| {
        let mut signed = shop.signed_element(|_| Some(()))?;
        signed.set("validUntil", "2999-01-01T00:00:00Z");
        Ok(written(&signed))
    }),
    refuse(
        "metadata-signed-beside",
        "SIG-12",
        "The signed entity stands beside the attacker's in a group that isn't signed.",
        |shop| {
            let group = Element::new("md:EntitiesDescriptor")
                .child(shop.evil.entity(shop.until)?)
                .child(shop.signed_element(|_| Some(()))?);
            Ok(written(&group))
        },
    ),
    refuse(
        "metadata-wrapped",
        "SIG-02",
        "The signed entity stands in the Extensions of the attacker's, which has its signature.",
        |shop| {
            let mut original = shop.signed_element(|_| Some(()))?;
            let signature =
                original.take("ds:Signature").ok_or(TestError::NothingToForge { part: "Signature" })?;
            let mut evil = shop.evil.entity(shop.until)?.attribute("ID", "_evil");
            evil.insert(0, Element::new("md:Extensions").child(original));
            evil.insert(0, signature);
            Ok(written(&evil))
        },
    ),
    refuse("metadata-id-twice", "XML-07", "The attacker's entity has the ID of the signed one.", |shop| {
        let group = Element::new("md:EntitiesDescriptor")
            .child(shop.evil.entity(shop.until)?.attribute("ID", ID))
            .child(shop.signed_element(|_| Some(()))?);
        Ok(written(&group))
    }),
    refuse("metadata-signature-last", "SIG-03", "The Signature stands behind everything else.", |shop| {
        let mut signed = shop.signed_element(|_| Some(()))?;
        let signature = signed.take("ds:Signature").ok_or(TestError::NothingToForge { part: "Signature" })?;
        signed.insert(usize::MAX, signature);
        Ok(written(&signed))
    }),
    refuse("metadata-object", "SIG-22", "The Signature holds an Object.", |shop| {
        replaced(&shop.signed(|_| Some(()))?, "</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>")
    }),
    refuse("metadata-two-references", "SIG-01", "The signature covers something else too.", |shop| {
        let mut entity = shop.entity()?;
        let recipe = shop.recipe();
        let reference = recipe.reference(&entity)?;
        let signature = recipe.signature(recipe.signed_info(vec![reference.clone(), reference]))?;
        entity.insert(0, signature);
        Ok(written(&entity))
    }),
    refuse("metadata-transform-xpath", "SIG-04", "An XPath chooses what is digested.", |shop| {
        let mut entity = shop.entity()?;
        let transforms = vec![ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116"];
        Recipe { transforms, ..shop.recipe() }.sign(&mut entity)?;
        Ok(written(&entity))
    }),
    refuse("metadata-sha-1", "SIG-06", "The signature is made with SHA-1.", |shop| {
        let mut entity = shop.entity()?;
        Recipe::new(shop.idp.key(), TestAlgorithm::Sha1).sign(&mut entity)?;
        Ok(written(&entity))
    }),
    refuse("metadata-doctype", "XML-02", "A document type stands before it.", |shop| {
        Ok([b"<!DOCTYPE EntityDescriptor>".as_slice(), &shop.signed(|_| Some(()))?].concat())
    }),
    refuse("metadata-expired", "MD-03", "It is signed, and ended an hour ago.", |shop| {
        let past = moved(shop.now, -3_600).ok_or(TestError::NothingToForge { part: "time" })?;
        shop.signed(|entity| {
            entity.set("validUntil", crate::testing::response::instant(past));
            Some(())
        })
    }),
    refuse("metadata-two-keys-in-one", "MD-04", "One KeyDescriptor holds two keys.", |shop| {
        let evil = shop.evil.key().certificate_base64()?;
        shop.signed(|entity| {
            let info = entity.at(&["md:IDPSSODescriptor", "md:KeyDescriptor", "ds:KeyInfo"])?;
            let certificate = Element::new("ds:X509Certificate").text(evil);
            info.insert(usize::MAX, Element::new("ds:X509Data").child(certificate));
            Some(())
        })
    }),
    refuse("metadata-no-signing-key", "MD-04", "Its only key is for encryption.", |shop| {
        shop.signed(|entity| {
            entity.at(&["md:IDPSSODescriptor", "md:KeyDescriptor"])?.set("use", "encryption");
            Some(())
        })
    }),
    refuse("metadata-script-address", "MD-05", "Logins go to an address that is a script.", |shop| {
        shop.signed(|entity| {
            entity
                .at(&["md:IDPSSODescriptor", "md:SingleSignOnService"])?
                .set("Location", "javascript:alert(1)");
            Some(())
        })
    }),
    refuse("metadata-other-protocol", "MD-02", "The role speaks SAML 1.1.", |shop| {
        shop.signed(|entity| {
            entity
                .find_mut("md:IDPSSODescriptor")?
                .set("protocolSupportEnumeration", "urn:oasis:names:tc:SAML:1.1:protocol");
            Some(())
        })
    }),
    refuse("metadata-name-too-long", "MD-01", "The entity id has 1025 characters.", |shop| {
        shop.signed(|entity| {
            entity.set("entityID", format!("https://{}", "a".repeat(1_017)));
            Some(())
        })
    }),
];

const fn refuse(
    name: &'static str,
    rule: &'static str,
    what: &'static str,
    make: fn(&Shop<'_>) -> Result<Vec<u8>, TestError>,
) -> MetadataForgery {
    MetadataForgery { name, rule, what, make }
}

/// What forgeries are made with.
struct Shop<'a> {
    idp: &'a TestIdp,
    evil: TestIdp,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Shop<'_> {
    fn recipe(&self) -> Recipe<'_> {
        Recipe::new(self.idp.key(), TestAlgorithm::Sha256)
    }

    /// The good entity with an ID, not signed yet.
    fn entity(&self) -> Result<Element, TestError> {
        Ok(self.idp.entity(self.until)?.attribute("ID", ID))
    }

    /// The entity, changed before it is signed.
    fn signed_element(&self, change: impl FnOnce(&mut Element) -> Option<()>) -> Result<Element, TestError> {
        let mut entity = self.entity()?;
        change(&mut entity).ok_or(TestError::NothingToForge { part: "element" })?;
        self.recipe().sign(&mut entity)?;
        Ok(entity)
    }

    fn signed(&self, change: impl FnOnce(&mut Element) -> Option<()>) -> Result<Vec<u8>, TestError> {
        Ok(written(&self.signed_element(change)?))
    }

    fn evil_key(&self) -> Result<Element, TestError> {
        let certificate = Element::new("ds:X509Certificate").text(self.evil.key().certificate_base64()?);
        let info = Element::new("ds:KeyInfo").child(Element::new("ds:X509Data").child(certificate));
        Ok(Element::new("md:KeyDescriptor").attribute("use", "signing").child(info))
    }
}

fn written(element: &Element) -> Vec<u8> {
    element.canonical().into_bytes()
}

/// The `ID` of the signed entity.
const ID: &str = "_metadata";
