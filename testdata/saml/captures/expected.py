"""Reads the encrypted captures without the crates of this workspace, and writes expected.json.

Needs Python's `cryptography`. Run it inside this directory; `git diff` must stay empty. It decrypts all six
encrypted captures: four of them it compares with what the reference service provider read, and the other two, which
the reference wrongly refused, it records.
"""

import base64
import calendar
import json
import time
import xml.etree.ElementTree as ET

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

XENC = "{http://www.w3.org/2001/04/xmlenc#}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
WITHOUT_REFERENCE = "pysaml2"


def cipher_value(element):
    return base64.b64decode("".join(element.find(f"{XENC}CipherData/{XENC}CipherValue").text.split()))


def decrypt(name, private_key):
    data = ET.parse(f"{name}.response.xml").getroot().find(f".//{XENC}EncryptedData")
    key = private_key.decrypt(
        cipher_value(data.find(f".//{XENC}EncryptedKey")),
        padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
    )
    algorithm = data.find(f"{XENC}EncryptionMethod").get("Algorithm")
    content = cipher_value(data)
    if algorithm.endswith("-gcm"):
        cipher = Cipher(algorithms.AES(key), modes.GCM(content[:12], content[-16:])).decryptor()
        return cipher.update(content[12:-16]) + cipher.finalize()
    block, size = (TripleDES, 8) if algorithm.endswith("tripledes-cbc") else (algorithms.AES, 16)
    cipher = Cipher(block(key), modes.CBC(content[:size])).decryptor()
    plain = cipher.update(content[size:]) + cipher.finalize()
    return plain[: -plain[-1]]


def read(xml):
    assertion = ET.fromstring(xml)
    name_id = assertion.find(f"{SAML}Subject/{SAML}NameID")
    statement = assertion.find(f"{SAML}AuthnStatement")
    end = statement.get("SessionNotOnOrAfter")
    attributes = {}
    for attribute in assertion.iter(f"{SAML}Attribute"):
        values = [value.text or "" for value in attribute.findall(f"{SAML}AttributeValue")]
        attributes.setdefault(attribute.get("Name"), []).extend(values)
    return {
        "nameid": name_id.text,
        "nameid_format": name_id.get("Format"),
        "session_index": statement.get("SessionIndex"),
        "session_not_on_or_after": calendar.timegm(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) if end else None,
        "attributes": attributes,
        "assertion_id": assertion.get("ID"),
    }


def main():
    with open("keys/sp.key", "rb") as file:
        private_key = serialization.load_pem_private_key(file.read(), None)
    recorded = {}
    for row in json.load(open("index.json")):
        if not row["encrypted"]:
            continue
        name = row["file"].removesuffix(".response.xml")
        found = read(decrypt(name, private_key))
        if name.startswith(WITHOUT_REFERENCE):
            recorded[name] = found
        else:
            reference = json.load(open(f"{name}.json"))
            assert all(reference[key] == value for key, value in found.items()), name
    with open("expected.json", "w") as file:
        json.dump(recorded, file, indent=1, ensure_ascii=False)
        file.write("\n")


main()
