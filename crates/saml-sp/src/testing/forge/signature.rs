//! Signatures that don't cover what they seem to cover, or that nobody trustworthy made.

use openssl::base64::encode_block;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use super::{
    EVIL_NAME, Forgery, Recipe, TestAlgorithm, TestError, TestSign, Workshop, refuse, replaced, written,
};
use crate::testing::element::Element;
use crate::testing::sign::{ENVELOPED, EXCLUSIVE};

pub(super) const FORGERIES: &[Forgery] = &[
    refuse("unsigned", "SIG-12", "Nothing is signed.", |shop| {
        shop.asserted(|answer| answer.sign = TestSign::Neither)
    }),
    refuse(
        "foreign-key",
        "SIG-07",
        "The attacker's key signs, and KeyInfo offers the attacker's certificate.",
        |shop| {
            shop.crafted(|recipe, assertion| {
                Recipe { key: &shop.foreign, ..recipe.clone() }.signature_of(assertion)
            })
        },
    ),
    refuse(
        "foreign-key-right-certificate",
        "SIG-07",
        "The attacker's key signs, and KeyInfo shows the right certificate.",
        |shop| {
            let certificate = shop.idp.key().certificate_base64()?;
            shop.crafted(|recipe, assertion| {
                let mut signature =
                    Recipe { key: &shop.foreign, ..recipe.clone() }.signature_of(assertion)?;
                let shown = signature
                    .at(&["ds:KeyInfo", "ds:X509Data", "ds:X509Certificate"])
                    .ok_or(TestError::NothingToForge { part: "certificate" })?;
                *shown = Element::new("ds:X509Certificate").text(certificate);
                Ok(signature)
            })
        },
    ),
    refuse(
        "foreign-key-on-response",
        "SIG-07",
        "The assertion's signature is good, the attacker's key signs the Response around it.",
        |shop| {
            let mut response = shop.built(&shop.answer())?;
            Recipe::new(&shop.foreign, TestAlgorithm::Sha256).sign(&mut response)?;
            Ok(written(&response))
        },
    ),
    refuse("changed-name", "SIG-10", "The name was changed after signing.", |shop| {
        shop.tampered(|response| {
            let subject = response.at(&["saml:Assertion", "saml:Subject"])?;
            *subject.find_mut("saml:NameID")? = Element::new("saml:NameID").text(EVIL_NAME);
            Some(())
        })
    }),
    refuse("added-attribute", "SIG-10", "An attribute was added after signing.", |shop| {
        shop.tampered(|response| {
            let value = Element::new("saml:AttributeValue").text("admins");
            let attribute = Element::new("saml:Attribute").attribute("Name", "groups").child(value);
            let statement = Element::new("saml:AttributeStatement").child(attribute);
            response.find_mut("saml:Assertion")?.insert(usize::MAX, statement);
            Some(())
        })
    }),
    refuse("added-audience", "SIG-10", "An audience was added after signing.", |shop| {
        shop.tampered(|response| {
            let audience = Element::new("saml:Audience").text("https://other.example");
            response
                .at(&["saml:Assertion", "saml:Conditions", "saml:AudienceRestriction"])?
                .insert(0, audience);
            Some(())
        })
    }),
    refuse(
        "changed-response",
        "SIG-10",
        "The signed Response was changed: it answers another request.",
        |shop| {
            let mut response = shop.built(&shop.response_signed())?;
            response.set("InResponseTo", "_other");
            Ok(written(&response))
        },
    ),
    refuse("changed-signature-value", "SIG-07", "The signature value is another one.", |shop| {
        shop.tampered(|response| {
            let value = response.at(&["saml:Assertion", "ds:Signature", "ds:SignatureValue"])?;
            *value = Element::new("ds:SignatureValue").text(encode_block(&[7; 256]));
            Some(())
        })
    }),
    refuse("empty-signature-value", "SIG-05", "The signature value is empty.", |shop| {
        shop.tampered(|response| {
            let value = response.at(&["saml:Assertion", "ds:Signature", "ds:SignatureValue"])?;
            value.children.clear();
            Some(())
        })
    }),
    refuse(
        "changed-signed-info",
        "SIG-07",
        "Name and digest were changed to fit each other; the signature no longer fits SignedInfo.",
        |shop| {
            let answer = shop.answer();
            let mut assertion = answer.assertion(shop.idp.entity_id());
            let recipe = Recipe::new(shop.idp.key(), answer.algorithm);
            let mut signature = recipe.signature_of(&assertion)?;
            *assertion
                .at(&["saml:Subject", "saml:NameID"])
                .ok_or(TestError::NothingToForge { part: "NameID" })? =
                Element::new("saml:NameID").text(EVIL_NAME);
            *signature.find_mut("ds:SignedInfo").ok_or(TestError::NothingToForge { part: "SignedInfo" })? =
                recipe.signed_info(vec![recipe.reference(&assertion)?]);
            assertion.insert(1, signature);
            Ok(written(&answer.finish(shop.idp.entity_id(), shop.idp.key(), Some(assertion))?))
        },
    ),
    refuse(
        "two-signed-infos",
        "SIG-05",
        "A second SignedInfo, with the digest of the attacker's content, stands in the Signature.",
        |shop| {
            shop.crafted(|recipe, assertion| {
                let mut signature = recipe.signature_of(assertion)?;
                let evil = shop.evil_assertion();
                signature.insert(1, recipe.signed_info(vec![recipe.reference(&evil)?]));
                Ok(signature)
            })
        },
    ),
    refuse("two-digest-values", "SIG-05", "A second DigestValue stands in the Reference.", |shop| {
        shop.crafted(|recipe, assertion| {
            let reference = recipe.reference(assertion)?;
            let other = Element::new("ds:DigestValue").text(encode_block(&[0; 32]));
            recipe.signature(recipe.signed_info(vec![reference.child(other)]))
        })
    }),
    refuse("comment-in-digest-value", "SIG-05", "A comment splits the DigestValue.", |shop| {
        replaced(&shop.asserted(|_| {})?, "</ds:DigestValue>", "<!--x--></ds:DigestValue>")
    }),
    refuse("comment-in-signed-info", "SIG-05", "A comment stands in SignedInfo.", |shop| {
        replaced(&shop.asserted(|_| {})?, "</ds:SignedInfo>", "<!--x--></ds:SignedInfo>")
    }),
    refuse("comment-in-signature-value", "SIG-05", "A comment splits the signature value.", |shop| {
        replaced(&shop.asserted(|_| {})?, "</ds:SignatureValue>", "<!--x--></ds:SignatureValue>")
    }),
    refuse("two-references", "SIG-01", "The signature covers the assertion and something else.", |shop| {
        shop.crafted(|recipe, assertion| {
            let evil = shop.evil_assertion();
            recipe.signature(recipe.signed_info(vec![recipe.reference(assertion)?, recipe.reference(&evil)?]))
        })
    }),
    refuse("no-reference", "SIG-01", "The signature covers nothing.", |shop| {
        shop.crafted(|recipe, _| recipe.signature(recipe.signed_info(Vec::new())))
    }),
    refuse("reference-whole-document", "SIG-02", "The Reference is to the whole document.", |shop| {
        referring(shop, "")
    }),
    refuse("reference-external", "SIG-02", "The Reference is to a document elsewhere.", |shop| {
        referring(shop, "https://evil.example/assertion")
    }),
    refuse("reference-xpointer", "SIG-02", "The Reference is an XPointer.", |shop| {
        let pointer = format!("#xpointer(id('{}'))", shop.good.assertion_id());
        referring(shop, &pointer)
    }),
    refuse(
        "reference-other-element",
        "SIG-02",
        "The Reference is to the Response that holds the assertion.",
        |shop| {
            let other = format!("#{}", shop.good.response_id());
            referring(shop, &other)
        },
    ),
    refuse("reference-without-uri", "SIG-02", "The Reference has no URI.", |shop| {
        shop.crafted(|recipe, assertion| {
            let mut reference = recipe.reference(assertion)?;
            reference.remove("URI");
            recipe.signature(recipe.signed_info(vec![reference]))
        })
    }),
    refuse("transform-xslt", "SIG-04", "An XSLT transform would choose what is digested.", |shop| {
        transformed(shop, &[ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116"])
    }),
    refuse("transform-xpath", "SIG-04", "An XPath transform would choose what is digested.", |shop| {
        transformed(shop, &[ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116"])
    }),
    refuse("transform-xpath-filter", "SIG-04", "An XPath filter would choose what is digested.", |shop| {
        transformed(shop, &["http://www.w3.org/2002/06/xmldsig-filter2", EXCLUSIVE])
    }),
    refuse("transform-base64", "SIG-04", "A base64 transform digests text without its elements.", |shop| {
        transformed(shop, &[ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"])
    }),
    refuse("transform-unknown", "SIG-04", "A transform that nobody knows.", |shop| {
        transformed(shop, &[ENVELOPED, "urn:example:transform"])
    }),
    refuse("transforms-three", "SIG-04", "One transform too many.", |shop| {
        transformed(shop, &[ENVELOPED, EXCLUSIVE, EXCLUSIVE])
    }),
    refuse("transforms-reversed", "SIG-04", "The enveloped-signature transform comes last.", |shop| {
        transformed(shop, &[EXCLUSIVE, ENVELOPED])
    }),
    refuse(
        "hmac-with-certificate",
        "SIG-06",
        "An HMAC whose key is the certificate, which everybody has.",
        |shop| {
            let certificate = shop.idp.key().certificate_pem()?;
            shop.crafted(|recipe, assertion| {
                let mut signed_info = recipe.signed_info(vec![recipe.reference(assertion)?]);
                signed_info
                    .find_mut("ds:SignatureMethod")
                    .ok_or(TestError::NothingToForge { part: "SignatureMethod" })?
                    .set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256");
                let secret = PKey::hmac(certificate.as_bytes())?;
                let mut signer = Signer::new(MessageDigest::sha256(), &secret)?;
                signer.update(signed_info.canonical().as_bytes())?;
                let value = Element::new("ds:SignatureValue").text(encode_block(&signer.sign_to_vec()?));
                Ok(Element::new("ds:Signature").child(signed_info).child(value))
            })
        },
    ),
    refuse("sha-1", "SIG-06", "The identity provider signs with SHA-1.", |shop| {
        shop.asserted(|answer| answer.algorithm = TestAlgorithm::Sha1)
    }),
    refuse("object-in-signature", "SIG-22", "The Signature holds an Object.", |shop| {
        replaced(&shop.asserted(|_| {})?, "</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>")
    }),
    refuse(
        "signature-at-the-end",
        "SIG-03",
        "The Signature stands behind everything else in the assertion.",
        |shop| {
            shop.tampered(|response| {
                let assertion = response.find_mut("saml:Assertion")?;
                let signature = assertion.take("ds:Signature")?;
                assertion.insert(usize::MAX, signature);
                Some(())
            })
        },
    ),
    refuse("two-signatures", "SIG-03", "Two Signatures stand in the assertion.", |shop| {
        shop.tampered(|response| {
            let assertion = response.find_mut("saml:Assertion")?;
            let signature = assertion.find("ds:Signature")?.clone();
            assertion.insert(1, signature);
            Some(())
        })
    }),
    refuse(
        "response-signature-bad",
        "SIG-10",
        "The assertion's signature is good; the signed Response was changed.",
        |shop| {
            let mut answer = shop.answer();
            answer.sign = TestSign::Both;
            let mut response = shop.built(&answer)?;
            response.set("IssueInstant", "2000-01-01T00:00:00Z");
            Ok(written(&response))
        },
    ),
];

fn referring(shop: &Workshop<'_>, uri: &str) -> Result<Vec<u8>, TestError> {
    shop.crafted(|recipe, assertion| {
        Recipe { uri: Some(uri.to_owned()), ..recipe.clone() }.signature_of(assertion)
    })
}

fn transformed(shop: &Workshop<'_>, transforms: &[&'static str]) -> Result<Vec<u8>, TestError> {
    shop.crafted(|recipe, assertion| {
        Recipe { transforms: transforms.to_vec(), ..recipe.clone() }.signature_of(assertion)
    })
}
