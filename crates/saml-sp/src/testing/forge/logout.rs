//! Logout messages that must be refused, by either binding of the browser.

use super::{EVIL_NAME, Harm, replaced};
use crate::Inbound;
use crate::testing::element::Element;
use crate::testing::response::{TestStatus, instant, moved};
use crate::testing::sign::Recipe;
use crate::testing::{
    TestAlgorithm, TestError, TestIdp, TestKey, TestLogoutRequest, TestLogoutResponse, TestMessage,
};

/// A way to make a bad logout message out of a good one.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use saml_sp::testing::{TestIdp, TestLogoutRequest, TestLogoutResponse, TestNameId, forge};
///
/// let idp = TestIdp::well_known("https://idp.example.com")?;
/// let now = "2026-01-01T12:00:00Z".parse()?;
/// let slo = "https://sp.example.com/slo";
/// let request = TestLogoutRequest::new("_out", slo, TestNameId::email("alice@example.com"), now);
/// let response = TestLogoutResponse::new("_done", slo, "_asked", now);
/// for forgery in forge::logout() {
///     let forged = forgery.forge(&idp, &request, &response)?; // deliver it: it must be refused with `forgery.rule()`
///     assert!(!forgery.rule().is_empty());
/// #   let _ = forged.inbound();
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LogoutForgery {
    name: &'static str,
    rule: &'static str,
    what: &'static str,
    harm: Harm,
    make: fn(&Shop<'_>) -> Result<ForgedLogout, TestError>,
}

/// A forged logout message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgedLogout {
    /// The body of a POST.
    Form(Vec<u8>),
    /// The query of a redirect.
    Query(String),
}

impl ForgedLogout {
    /// Gives it as a host hands it over.
    #[must_use]
    pub fn inbound(&self) -> Inbound<'_> {
        match self {
            Self::Form(body) => Inbound::FormBody(body),
            Self::Query(query) => Inbound::RawQuery(query),
        }
    }
}

impl LogoutForgery {
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

    /// What a service provider may do with it.
    #[must_use]
    pub fn harm(&self) -> Harm {
        self.harm
    }

    /// Makes the message from a good request and a good answer, whichever it forges.
    ///
    /// The answer should be one to a request that waits (`in_response_to`), or the forgeries of answers fail for that.
    ///
    /// # Errors
    /// [`TestError::NothingToForge`] if the good message lacks what is to be forged, [`TestError::Key`] if OpenSSL fails.
    pub fn forge(
        &self,
        idp: &TestIdp,
        request: &TestLogoutRequest,
        response: &TestLogoutResponse,
    ) -> Result<ForgedLogout, TestError> {
        (self.make)(&Shop { idp, request, response, foreign: TestKey::foreign()? })
    }
}

pub(super) const FORGERIES: &[LogoutForgery] = &[
    refuse("logout-unsigned", "SLO-02", "A posted request is not signed.", |shop| {
        shop.posted(Signed::Not, |_| Some(()))
    }),
    refuse("logout-query-unsigned", "SLO-02", "A redirected request is not signed.", |shop| {
        Ok(ForgedLogout::Query(shop.message(Signed::Not, |_| Some(()))?.query(None)?))
    }),
    refuse("logout-foreign-key", "SIG-07", "The attacker's key signs a posted request.", |shop| {
        shop.posted(Signed::Foreign, |_| Some(()))
    }),
    refuse("logout-query-foreign-key", "SIG-07", "The attacker's key signs a redirected request.", |shop| {
        let message = shop.message(Signed::Not, |_| Some(()))?;
        Ok(ForgedLogout::Query(message.signed_query(None, &shop.foreign, TestAlgorithm::Sha256)?))
    }),
    refuse("logout-changed-name", "SIG-10", "The name was changed after signing.", |shop| {
        shop.tampered(&format!(">{}<", shop.request.name_id.value), &format!(">{EVIL_NAME}<"))
    }),
    refuse(
        "logout-query-other-message",
        "SIG-07",
        "A redirected request carries the signature of another one.",
        |shop| {
            let signed = shop.query(Some("state"))?;
            let evil = shop.message(Signed::Not, |request| {
                *request.find_mut("saml:NameID")? = Element::new("saml:NameID").text(EVIL_NAME);
                Some(())
            })?;
            let (_, behind) = split(&signed, "&RelayState=")?;
            Ok(ForgedLogout::Query(format!("{}&RelayState={behind}", evil.query(None)?)))
        },
    ),
    refuse("logout-query-other-state", "SIG-07", "The RelayState was changed after signing.", |shop| {
        changed_query(shop, "RelayState=state", "RelayState=other")
    }),
    refuse("logout-query-added-state", "SIG-07", "A RelayState was added after signing.", |shop| {
        Ok(ForgedLogout::Query(format!("{}&RelayState=other", shop.query(None)?)))
    }),
    refuse("logout-query-no-state", "SIG-07", "The RelayState was taken away after signing.", |shop| {
        changed_query(shop, "&RelayState=state", "")
    }),
    refuse("logout-query-sha-1", "SIG-21", "A redirected request is signed with SHA-1.", |shop| {
        let message = shop.message(Signed::Not, |_| Some(()))?;
        Ok(ForgedLogout::Query(message.signed_query(None, shop.idp.key(), TestAlgorithm::Sha1)?))
    }),
    refuse("logout-query-no-algorithm", "SIG-20", "Nothing names the algorithm of the signature.", |shop| {
        let signed = shop.query(None)?;
        let (before, rest) = split(&signed, "&SigAlg=")?;
        let (_, signature) = split(rest, "&Signature=")?;
        Ok(ForgedLogout::Query(format!("{before}&Signature={signature}")))
    }),
    refuse("logout-query-no-signature", "SIG-20", "An algorithm is named, and nothing is signed.", |shop| {
        let signed = shop.query(None)?;
        Ok(ForgedLogout::Query(split(&signed, "&Signature=")?.0.to_owned()))
    }),
    refuse("logout-query-twice", "SIG-20", "A second request stands behind the signed one.", |shop| {
        let evil = shop.message(Signed::Not, |request| {
            *request.find_mut("saml:NameID")? = Element::new("saml:NameID").text(EVIL_NAME);
            Some(())
        })?;
        Ok(ForgedLogout::Query(format!("{}&{}", shop.query(None)?, evil.query(None)?)))
    }),
    refuse("logout-query-twice-escaped", "SIG-20", "A second request hides under an escaped name.", |shop| {
        let evil = shop.message(Signed::Not, |_| Some(()))?.query(None)?;
        Ok(ForgedLogout::Query(format!("{}&{}", shop.query(None)?, evil.replacen("SAML", "%53AML", 1))))
    }),
    refuse(
        "logout-query-xml-signature",
        "SIG-20",
        "A redirected request carries its signature in the message.",
        |shop| {
            let signed = shop.message(Signed::Well, |_| Some(()))?.xml().to_vec();
            let message =
                TestMessage::request("", String::new(), String::from_utf8_lossy(&signed).into_owned());
            Ok(ForgedLogout::Query(message.signed_query(None, shop.idp.key(), TestAlgorithm::Sha256)?))
        },
    ),
    refuse("logout-query-encoding", "SIG-20", "The query names an encoding that nobody knows.", |shop| {
        Ok(ForgedLogout::Query(format!("{}&SAMLEncoding=urn%3Aexample%3Aencoding", shop.query(None)?)))
    }),
    refuse(
        "logout-wrapped",
        "SIG-02",
        "The signed request stands in the Extensions of the attacker's, which has its signature.",
        |shop| {
            let mut original = shop.request.element(shop.idp.entity_id());
            let signature = shop.recipe().signature_of(&original)?;
            original.insert(1, signature.clone());
            let mut evil = shop.request.element(shop.idp.entity_id()).attribute("ID", "_evil");
            *evil.find_mut("saml:NameID").ok_or(TestError::NothingToForge { part: "NameID" })? =
                Element::new("saml:NameID").text(EVIL_NAME);
            original.take("ds:Signature");
            evil.insert(1, Element::new("samlp:Extensions").child(original));
            evil.insert(1, signature);
            Ok(form(&evil))
        },
    ),
    refuse(
        "logout-signed-in-extensions",
        "SLO-02",
        "A signed request stands in the Extensions of the attacker's, which isn't signed.",
        |shop| {
            let mut original = shop.request.element(shop.idp.entity_id());
            shop.recipe().sign(&mut original)?;
            shop.posted(Signed::Not, |evil| {
                evil.set("ID", "_evil");
                evil.insert(1, Element::new("samlp:Extensions").child(original));
                Some(())
            })
        },
    ),
    refuse("logout-two-signatures", "SIG-03", "Two Signatures stand in the request.", |shop| {
        let mut request = shop.request.element(shop.idp.entity_id());
        shop.recipe().sign(&mut request)?;
        let signature =
            request.find("ds:Signature").ok_or(TestError::NothingToForge { part: "Signature" })?.clone();
        request.insert(1, signature);
        Ok(form(&request))
    }),
    refuse("logout-other-issuer", "SLO-08", "The request says that another one sends it.", |shop| {
        shop.posted(Signed::Well, |request| {
            *request.find_mut("saml:Issuer")? =
                Element::new("saml:Issuer").text("https://other.example/metadata");
            Some(())
        })
    }),
    refuse("logout-no-issuer", "SLO-08", "The request doesn't say who sends it.", |shop| {
        shop.posted(Signed::Well, |request| request.take("saml:Issuer").map(drop))
    }),
    refuse("logout-other-destination", "SLO-08", "The request is meant for another address.", |shop| {
        shop.posted(Signed::Well, |request| {
            request.set("Destination", "https://other.example/slo");
            Some(())
        })
    }),
    refuse("logout-no-destination", "SLO-08", "The request is signed and names no address.", |shop| {
        shop.posted(Signed::Well, |request| {
            request.remove("Destination");
            Some(())
        })
    }),
    refuse("logout-last-year", "SLO-08", "The request was made a year ago.", |shop| {
        let long_ago = moved(shop.request.now, -31_536_000).map(instant);
        shop.posted(Signed::Well, |request| {
            request.set("IssueInstant", long_ago?);
            Some(())
        })
    }),
    refuse("logout-expired", "SLO-06", "The request ended an hour ago.", |shop| {
        let past = moved(shop.request.now, -3_600).map(instant);
        shop.posted(Signed::Well, |request| {
            request.set("NotOnOrAfter", past?);
            Some(())
        })
    }),
    refuse("logout-version", "SLO-08", "The request is of SAML 1.1.", |shop| {
        shop.posted(Signed::Well, |request| {
            request.set("Version", "1.1");
            Some(())
        })
    }),
    refuse("logout-two-names", "XML-12", "The request names two persons.", |shop| {
        shop.posted(Signed::Well, |request| {
            request.insert(2, Element::new("saml:NameID").text(EVIL_NAME));
            Some(())
        })
    }),
    refuse("logout-empty-name", "ASN-09", "The request names nobody.", |shop| {
        shop.posted(Signed::Well, |request| {
            *request.find_mut("saml:NameID")? = Element::new("saml:NameID");
            Some(())
        })
    }),
    refuse("logout-doctype", "XML-02", "A document type stands before the request.", |shop| {
        let message = shop.message(Signed::Well, |_| Some(()))?;
        Ok(form_of("SAMLRequest", &[b"<!DOCTYPE LogoutRequest>", message.xml()].concat()))
    }),
    refuse("logout-as-response", "XML-12", "A request comes where an answer is said to be.", |shop| {
        Ok(form_of("SAMLResponse", shop.message(Signed::Well, |_| Some(()))?.xml()))
    }),
    LogoutForgery {
        name: "logout-comment-in-name",
        rule: "XML-06",
        what: "A comment splits the signed name, so that careless code reads half of it.",
        harm: Harm::SignedValuesOnly,
        make: |shop| {
            let name = &shop.request.name_id.value;
            let at = name.char_indices().nth(name.chars().count() / 2).map_or(0, |(at, _)| at);
            let (first, second) = name.split_at(at);
            shop.tampered(&format!(">{name}<"), &format!(">{first}<!---->{second}<"))
        },
    },
    refuse("logout-response-unsigned", "SLO-02", "A posted answer is not signed.", |shop| {
        shop.answered(Signed::Not, |_| Some(()))
    }),
    refuse("logout-response-foreign-key", "SIG-07", "The attacker's key signs an answer.", |shop| {
        shop.answered(Signed::Foreign, |_| Some(()))
    }),
    refuse("logout-response-changed-status", "SIG-10", "Success was written over a failure.", |shop| {
        let mut answer = shop.response.element(shop.idp.entity_id());
        *answer.find_mut("samlp:Status").ok_or(TestError::NothingToForge { part: "Status" })? =
            TestStatus::denied("busy").element();
        shop.recipe().sign(&mut answer)?;
        *answer.find_mut("samlp:Status").ok_or(TestError::NothingToForge { part: "Status" })? =
            TestStatus::success().element();
        Ok(form_of("SAMLResponse", answer.canonical().as_bytes()))
    }),
    refuse("logout-response-other-request", "SLO-05", "The answer is to another request.", |shop| {
        shop.answered(Signed::Well, |answer| {
            answer.set("InResponseTo", "_other");
            Some(())
        })
    }),
    refuse("logout-response-no-request", "XML-12", "The answer is to no request.", |shop| {
        shop.answered(Signed::Well, |answer| {
            answer.remove("InResponseTo");
            Some(())
        })
    }),
];

const fn refuse(
    name: &'static str,
    rule: &'static str,
    what: &'static str,
    make: fn(&Shop<'_>) -> Result<ForgedLogout, TestError>,
) -> LogoutForgery {
    LogoutForgery { name, rule, what, harm: Harm::Refuse, make }
}

/// What forgeries are made with.
struct Shop<'a> {
    idp: &'a TestIdp,
    request: &'a TestLogoutRequest,
    response: &'a TestLogoutResponse,
    foreign: TestKey,
}

/// Who signs.
#[derive(Clone, Copy)]
enum Signed {
    Foreign,
    Not,
    Well,
}

impl Shop<'_> {
    fn recipe(&self) -> Recipe<'_> {
        Recipe::new(self.idp.key(), TestAlgorithm::Sha256)
    }

    fn sign(&self, element: &mut Element, signed: Signed) -> Result<(), TestError> {
        match signed {
            Signed::Foreign => Recipe { key: &self.foreign, ..self.recipe() }.sign(element),
            Signed::Not => Ok(()),
            Signed::Well => self.recipe().sign(element),
        }
    }

    /// The request, changed before it is signed.
    fn message(
        &self,
        signed: Signed,
        change: impl FnOnce(&mut Element) -> Option<()>,
    ) -> Result<TestMessage, TestError> {
        let mut request = self.request.element(self.idp.entity_id());
        change(&mut request).ok_or(TestError::NothingToForge { part: "element" })?;
        let bare = request.canonical();
        self.sign(&mut request, signed)?;
        Ok(TestMessage::request(&self.request.destination, request.canonical(), bare))
    }

    fn posted(
        &self,
        signed: Signed,
        change: impl FnOnce(&mut Element) -> Option<()>,
    ) -> Result<ForgedLogout, TestError> {
        Ok(ForgedLogout::Form(self.message(signed, change)?.form_body(None)))
    }

    /// The answer, changed before it is signed.
    fn answered(
        &self,
        signed: Signed,
        change: impl FnOnce(&mut Element) -> Option<()>,
    ) -> Result<ForgedLogout, TestError> {
        let mut answer = self.response.element(self.idp.entity_id());
        change(&mut answer).ok_or(TestError::NothingToForge { part: "element" })?;
        self.sign(&mut answer, signed)?;
        Ok(form_of("SAMLResponse", answer.canonical().as_bytes()))
    }

    /// The signed request with a textual change on its way.
    fn tampered(&self, from: &str, to: &str) -> Result<ForgedLogout, TestError> {
        let message = self.message(Signed::Well, |_| Some(()))?;
        Ok(form_of("SAMLRequest", &replaced(message.xml(), from, to)?))
    }

    fn query(&self, relay_state: Option<&str>) -> Result<String, TestError> {
        let message = self.message(Signed::Not, |_| Some(()))?;
        message.signed_query(relay_state, self.idp.key(), TestAlgorithm::Sha256)
    }
}

fn changed_query(shop: &Shop<'_>, from: &str, to: &str) -> Result<ForgedLogout, TestError> {
    let signed = shop.query(Some("state"))?;
    let changed = replaced(signed.as_bytes(), from, to)?;
    Ok(ForgedLogout::Query(String::from_utf8_lossy(&changed).into_owned()))
}

fn form(request: &Element) -> ForgedLogout {
    form_of("SAMLRequest", request.canonical().as_bytes())
}

fn form_of(parameter: &'static str, xml: &[u8]) -> ForgedLogout {
    ForgedLogout::Form(TestMessage::of(parameter, xml).form_body(None))
}

fn split<'t>(text: &'t str, at: &str) -> Result<(&'t str, &'t str), TestError> {
    text.split_once(at).ok_or(TestError::NothingToForge { part: "parameter" })
}
