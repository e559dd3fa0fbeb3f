//! Responses that are well signed and still not for this login.

use super::{Forgery, Harm, TestError, TestSign, refuse, written};
use crate::testing::element::Element;
use crate::testing::response::{TestStatus, instant, moved};

pub(super) const FORGERIES: &[Forgery] = &[
    refuse("version-1-1", "RSP-01", "The Response is of SAML 1.1.", |shop| {
        shop.signed_response(|response| response.set("Version", "1.1"))
    }),
    refuse("no-response-id", "RSP-02", "The Response has no ID.", |shop| {
        shop.tampered(|response| {
            response.remove("ID");
            Some(())
        })
    }),
    refuse("issued-in-future", "RSP-03", "The Response was issued tomorrow.", |shop| {
        let tomorrow = moved(shop.good.now, 86_400).ok_or(TestError::NothingToForge { part: "time" })?;
        shop.signed_response(|response| response.set("IssueInstant", instant(tomorrow)))
    }),
    refuse("issued-last-year", "RSP-03", "The Response was issued a year ago.", |shop| {
        let long_ago = moved(shop.good.now, -31_536_000).ok_or(TestError::NothingToForge { part: "time" })?;
        shop.signed_response(|response| response.set("IssueInstant", instant(long_ago)))
    }),
    refuse("time-with-offset", "RSP-03", "The IssueInstant has an offset instead of a Z.", |shop| {
        let shifted = instant(shop.good.now).replace('Z', "+00:00");
        shop.signed_response(|response| response.set("IssueInstant", shifted))
    }),
    refuse("other-destination", "RSP-04", "The Response is meant for another address.", |shop| {
        shop.signed_response(|response| response.set("Destination", "https://other.example/acs"))
    }),
    refuse("no-destination", "RSP-04", "The Response is signed and names no address.", |shop| {
        shop.signed_response(|response| response.remove("Destination"))
    }),
    refuse("other-issuer", "RSP-05", "The Response says that another identity provider made it.", |shop| {
        shop.signed_response(|response| rename(response, "https://other.example/metadata"))
    }),
    refuse("issuer-with-space", "RSP-05", "The issuer's name has a space at its end.", |shop| {
        let spaced = format!("{} ", shop.idp.entity_id());
        shop.signed_response(|response| rename(response, &spaced))
    }),
    refuse("issuer-format", "RSP-05", "The issuer is named as a person would be.", |shop| {
        shop.signed_response(|response| {
            if let Some(issuer) = response.find_mut("saml:Issuer") {
                issuer.set("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
            }
        })
    }),
    refuse("signed-without-issuer", "RSP-05", "The Response is signed and names no issuer.", |shop| {
        shop.signed_response(|response| {
            response.take("saml:Issuer");
        })
    }),
    refuse("other-request", "RSP-06", "The Response answers another request.", |shop| {
        shop.asserted(|answer| answer.in_response_to = Some("_other".to_owned()))
    }),
    refuse("no-request", "RSP-06", "The Response answers no request, though one waits.", |shop| {
        shop.asserted(|answer| answer.in_response_to = None)
    }),
    refuse("denied", "RSP-07", "The identity provider says no.", |shop| {
        shop.asserted(|answer| answer.status = TestStatus::denied("not assigned to this application"))
    }),
    refuse(
        "denied-with-assertion",
        "RSP-07",
        "The identity provider says no, and an assertion comes along.",
        |shop| {
            shop.tampered(|response| {
                *response.find_mut("samlp:Status")? = TestStatus::denied("no").element();
                Some(())
            })
        },
    ),
    refuse(
        "success-at-second-level",
        "RSP-07",
        "Success stands at the second level, below Requester.",
        |shop| {
            shop.tampered(|response| {
                let mut status = TestStatus::success();
                status.second = Some(status.code.clone());
                status.code = "urn:oasis:names:tc:SAML:2.0:status:Requester".to_owned();
                *response.find_mut("samlp:Status")? = status.element();
                Some(())
            })
        },
    ),
    refuse("no-assertion", "RSP-08", "The Response is signed, successful and empty.", |shop| {
        shop.signed_response(|response| {
            response.take("saml:Assertion");
        })
    }),
    refuse("logout-response", "XML-12", "A LogoutResponse comes where a login is expected.", |shop| {
        let answer = shop.answer();
        let mut response = Element::new("samlp:LogoutResponse")
            .attribute("ID", answer.response_id())
            .attribute("IssueInstant", instant(answer.now))
            .attribute("Version", "2.0")
            .child(Element::new("saml:Issuer").text(shop.idp.entity_id()))
            .child(answer.status.element());
        super::Recipe::new(shop.idp.key(), answer.algorithm).sign(&mut response)?;
        Ok(written(&response))
    }),
    Forgery {
        name: "replay",
        rule: "ASN-05",
        what: "A good Response comes a second time.",
        harm: Harm::RefuseRepeated,
        make: |shop| shop.asserted(|answer| answer.sign = TestSign::Both),
    },
];

fn rename(response: &mut Element, issuer: &str) {
    if let Some(element) = response.find_mut("saml:Issuer") {
        *element = Element::new("saml:Issuer").text(issuer);
    }
}
