"""Holds our metadata and messages against the schemas and the signature checks of python3-saml (libxmlsec1)."""

import argparse
import base64
import json
import re
import subprocess
import sys
import urllib.parse
import zlib
from pathlib import Path

from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.settings import OneLogin_Saml2_Settings as Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from example_server import expect

ROOT = Path(__file__).parents[2]
SP_KEY = (ROOT / "testdata/saml/captures/keys/sp.key").read_text()
SP_CERTIFICATE = (ROOT / "testdata/saml/captures/keys/sp.crt").read_text()
IDP_KEY = (ROOT / "crates/saml-sp/src/testing/keys/idp.key").read_text()
IDP_CERTIFICATE = (ROOT / "crates/saml-sp/src/testing/keys/idp.crt").read_text()
SP, IDP = "https://sp.example.com", "https://idp.example.com"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
IDP_METADATA = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{IDP}/metadata">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor>
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{IDP_CERTIFICATE}
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleLogoutService Binding="{Constants.BINDING_HTTP_REDIRECT}" Location="{IDP}/slo"/>
<md:SingleLogoutService Binding="{Constants.BINDING_HTTP_POST}" Location="{IDP}/slo"/>
<md:SingleSignOnService Binding="{Constants.BINDING_HTTP_REDIRECT}" Location="{IDP}/sso"/>
<md:SingleSignOnService Binding="{Constants.BINDING_HTTP_POST}" Location="{IDP}/sso"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""
SMALL = {
    "entity_id": f"{SP}/metadata",
    "assertion_consumer_services": [{"binding": "http-post", "index": 0, "location": f"{SP}/acs"}],
    "keys": {"current": {"private_key": SP_KEY, "certificate": SP_CERTIFICATE}},
}
LARGE = {
    **SMALL,
    "assertion_consumer_services": [
        {"binding": "http-post", "index": 0, "location": f"{SP}/acs"},
        {"binding": "http-artifact", "index": 1, "location": f"{SP}/artifact"},
        {"binding": "paos", "index": 2, "location": f"{SP}/ecp"},
        {"binding": "http-post", "index": 7, "location": f"{SP}/acs?for=other&too", "is_default": True},
    ],
    "single_logout_services": [
        {"binding": "http-redirect", "location": f"{SP}/slo", "response_location": f"{SP}/slo/done"},
        {"binding": "http-post", "location": f"{SP}/slo"},
        {"binding": "soap", "location": f"{SP}/soap"},
    ],
    "name_id_formats": [EMAIL_FORMAT, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"],
    "requested_attributes": [
        {
            "index": 0,
            "service_names": [{"lang": "en", "text": "Reports & <more>"}, {"lang": "de", "text": "Berichte"}],
            "attributes": [
                {"name": "email", "required": True},
                {
                    "name": "urn:oid:2.5.4.42",
                    "name_format": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
                    "friendly_name": "givenName",
                },
            ],
        }
    ],
    "organization": {
        "name": {"lang": "en", "text": "Example"},
        "display_name": {"lang": "en", "text": "Example \"Corp\""},
        "url": {"lang": "en", "text": "https://example.com/"},
    },
    "contacts": [
        {
            "kind": "technical",
            "company": "Example",
            "given_name": "Ada",
            "surname": "Admin",
            "emails": ["ada@example.com"],
            "telephones": ["+49 30 1"],
        },
        {"kind": "support", "emails": ["help@example.com"]},
    ],
    "authn_requests_signed": True,
    "want_assertions_signed": True,
}


class ServiceProvider:
    """Ours, as a child process: one order, one answer."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def order(self, do, **fields):
        self.process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"{do}: {answer['error']}")
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def fits(xml, schema):
    return not isinstance(Xml.validate_xml(xml, schema, debug=True), str)


def altered(xml):
    """The same with another address in it."""
    changed = xml.replace(f"{SP}/", "https://sp.example.org/", 1)
    assert changed != xml
    return changed


def metadata(ours):
    for what, configuration in [("the least", SMALL), ("everything", LARGE)]:
        ours.order("start", identity_provider=IDP_METADATA, service_provider=configuration)
        for sign in [False, True]:
            xml = ours.order("metadata", sign=sign)["metadata"]
            name = f"our {'signed' if sign else 'plain'} metadata with {what}"
            settings = Settings({"strict": True, "sp": _sp_settings()}, sp_validation_only=True)
            expect(f"{name} is good for python3-saml", settings.validate_metadata(xml) == [], xml)
            if sign:
                verify = lambda text: Utils.validate_metadata_sign(text, cert=SP_CERTIFICATE)
                expect("and its signature too", verify(xml), xml)
                expect("but not with another address", not verify(altered(xml)))


def _sp_settings():
    return {
        "entityId": f"{SP}/metadata",
        "assertionConsumerService": {"url": f"{SP}/acs", "binding": Constants.BINDING_HTTP_POST},
    }


def messages(ours):
    session = {
        "name_id": {"value": "alice@example.com", "format": EMAIL_FORMAT, "sp_name_qualifier": "a \"b\" <c>"},
        "session_indexes": ["_one", "two & three"],
    }
    ours.order("start", identity_provider=IDP_METADATA, service_provider=LARGE, session=session)
    for do, what in [("begin_login", "AuthnRequest"), ("begin_logout", "LogoutRequest")]:
        for relay_state in [None, "a b&c=d/é"]:
            sent = ours.order(do, binding="http-redirect", relay_state=relay_state)
            _check_redirect(f"{what}, RelayState {relay_state!a}", sent["url"], "SAMLRequest")
        _check_post(what, ours.order(do, binding="http-post")["fields"]["SAMLRequest"], SP_CERTIFICATE)
    hidden = ours.order("begin_logout", binding="http-post", encrypt_name_id=True)["fields"]["SAMLRequest"]
    xml = _check_post("LogoutRequest with EncryptedID", hidden, SP_CERTIFICATE)
    expect("which shows no name", "alice" not in xml, xml)
    data = Xml.query(Xml.to_etree(xml), "//xenc:EncryptedData")[0]
    name = Utils.decrypt_element(data, IDP_KEY)
    expect("and opens with the identity provider's key", name.text == "alice@example.com", xml)


def _check_redirect(what, url, parameter):
    raw = url.partition("?")[2]
    query = dict(urllib.parse.parse_qsl(raw, keep_blank_values=True))
    signed, _, signature = raw.partition("&Signature=")
    signature = base64.b64decode(urllib.parse.unquote(signature))
    xml = zlib.decompress(base64.b64decode(query[parameter]), -15).decode()
    expect(f"our redirected {what} fits the schema", fits(xml, "saml-schema-protocol-2.0.xsd"), xml)
    verify = lambda octets: Utils.validate_binary_sign(octets, signature, SP_CERTIFICATE, query["SigAlg"])
    expect("its signature is good", verify(signed), url)
    expect("but not for another query", not verify(signed.replace("SigAlg", "RelayState=&SigAlg")))


def _check_post(what, message, certificate):
    xml = base64.b64decode(message).decode()
    expect(f"our posted {what} fits the schema", fits(xml, "saml-schema-protocol-2.0.xsd"), xml)
    root = re.search(r"<(\w+:\w+)", xml).group(1)
    xpath = f"/{root}/ds:Signature"
    expect("its signature is good", Utils.validate_sign(xml, cert=certificate, xpath=xpath), xml)
    expect("but not with another address", not Utils.validate_sign(altered(xml), cert=certificate, xpath=xpath))
    return xml


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", required=True)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    ours = ServiceProvider(arguments.peer)
    metadata(ours)
    messages(ours)
    ours.end()


main()
