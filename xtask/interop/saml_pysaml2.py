"""Signs in to the example server with pysaml2's identity provider, from both sides."""

import argparse
import base64
import datetime
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_BASIC
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from example_server import Browser, ExampleServer, expect

IDENTITY = {"email": ["alice@example.com"], "firstName": ["Alice"], "lastName": ["Exämple & <Co>"]}
TENANT = "acme"


class IdentityProvider:
    """pysaml2 behind a tiny HTTP server; everybody who comes is Alice."""

    def __init__(self, folder):
        self.folder = folder
        key_file, certificate_file = self._keys()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                page = provider.sign_on(query) if url.path == "/sso" else None
                body = (page or "not found").encode()
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.http.server_port}"
        self.settings = {
            "entityid": f"{self.base}/metadata",
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{self.base}/sso", BINDING_HTTP_REDIRECT)],
                    },
                    "policy": {"default": {"lifetime": {"minutes": 10}, "name_form": NAME_FORMAT_BASIC}},
                    "sign_response": True,
                    "sign_assertion": True,
                    "want_authn_requests_signed": False,
                    "name_id_format": [saml.NAMEID_FORMAT_EMAILADDRESS],
                }
            },
            "key_file": str(key_file),
            "cert_file": str(certificate_file),
        }
        self.server = None
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def metadata(self):
        return str(entity_descriptor(IdPConfig().load(dict(self.settings)))).encode()

    def register(self, service_provider_metadata):
        file = self.folder / "sp.xml"
        file.write_text(service_provider_metadata)
        settings = dict(self.settings, metadata={"local": [str(file)]})
        self.server = Server(config=IdPConfig().load(settings))

    def respond(self, in_response_to, acs, entity_id):
        name_id = saml.NameID(format=saml.NAMEID_FORMAT_EMAILADDRESS, text="alice@example.com")
        response = self.server.create_authn_response(
            IDENTITY,
            in_response_to=in_response_to,
            destination=acs,
            sp_entity_id=entity_id,
            name_id=name_id,
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT},
            sign_response=True,
            sign_assertion=True,
            # What pysaml2 takes by itself is SHA-1, which we refuse.
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
        )
        return base64.b64encode(str(response).encode()).decode()

    def sign_on(self, query):
        request = self.server.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
        answer = self.server.response_args(request)
        response = self.respond(request.id, answer["destination"], answer["sp_entity_id"])
        fields = {"SAMLResponse": response, "RelayState": query.get("RelayState", "")}
        self.posted = (answer["destination"], fields)
        return "signed in"

    def _keys(self):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        key_file, certificate_file = self.folder / "idp.key", self.folder / "idp.crt"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return key_file, certificate_file


def post(browser, acs, fields):
    body = urllib.parse.urlencode(fields).encode()
    return browser.request(acs, body, {"Content-Type": "application/x-www-form-urlencoded"})


def check_session(browser, server, what):
    status, session = browser.json(f"{server.url}/v1/session")
    expect(f"{what}: /v1/session answers 200", status == 200, session)
    expect(f"{what}: the tenant is ours", session["tenant"] == TENANT, session)
    expect(f"{what}: the name id is Alice's", "alice@example.com" in str(session["name_id"]), session)
    values = [value for values in session["attributes"].values() for value in values]
    for sent in IDENTITY.values():
        expect(f"{what}: attribute value {sent[0]!r} arrived whole", sent[0] in values, session)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    arguments = parser.parse_args()
    # Alice's last name is not ASCII, which the terminal may not be able to show.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    with ExampleServer(arguments.server) as server:
        provider = IdentityProvider(server.path("."))
        metadata = server.path("idp-metadata.xml")
        metadata.write_bytes(provider.metadata())
        server.command("tenant", "create", "--id", TENANT, "--profile", "toktra")
        server.command("tenant", "configure-idp", "--id", TENANT, "--metadata", str(metadata))
        query = urllib.parse.urlencode({"org_id": TENANT})
        status, headers, ours = Browser().request(f"{server.url}/v1/sso/metadata?{query}")
        expect("our metadata is served", status == 200, ours)
        expect(
            "as SAML metadata",
            headers.get_content_type() in ("application/samlmetadata+xml", "application/xml"),
            headers,
        )
        provider.register(ours)
        expect("pysaml2 reads our metadata", len(provider.server.metadata.service_providers()) == 1)

        browser = Browser()
        status, login = browser.json(f"{server.url}/v1/sso/login?{query}&relay_state=/home")
        expect("a login begins", status == 200 and "redirect_url" in login, login)
        status, _, page = Browser().request(login["redirect_url"])
        expect("pysaml2 accepts our AuthnRequest", status == 200, page)
        status, headers, page = post(browser, *provider.posted)
        expect("we accept pysaml2's Response", status in (302, 303), page)
        expect("and return to where the login began", headers["Location"].endswith("/home"), headers["Location"])
        check_session(browser, server, "from the service provider")

        status, _, page = post(Browser(), *provider.posted)
        expect("the same Response again is refused", 400 <= status < 500, page)

        browser = Browser()
        acs, _ = provider.posted
        entity_id = provider.server.metadata.service_providers()[0]
        response = provider.respond(None, acs, entity_id)
        status, _, page = post(browser, acs, {"SAMLResponse": response, "RelayState": "/"})
        expect("we accept pysaml2's unsolicited Response", status in (302, 303), page)
        check_session(browser, server, "from the identity provider")

        server.command("tenant", "create", "--id", "strict", "--profile", "standard")
        server.command("tenant", "configure-idp", "--id", "strict", "--metadata", str(metadata))
        status, _, page = post(Browser(), acs.replace(TENANT, "strict"), {"SAMLResponse": response, "RelayState": "/"})
        expect("another tenant refuses it", 400 <= status < 500, page)
        provider.http.shutdown()


main()
