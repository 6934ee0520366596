"""Requests about cards' own keys are valid by the official schemas of each version."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from kartenwart.codecs.soap import authentication, encryption
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.domain.authentication import SignatureScheme
from tests.conformance.konnektor.test_requests import DOCTOR, PRACTICE, check, load

DECRYPT = encryption.decrypt_document(DOCTOR, handle="h", document=b"sealed")
ENCRYPT = encryption.encrypt_document(
    PRACTICE, certificates=[b"one", b"two"], handle="h", mime_type="application/pdf", document=b"<&>\x00\xff"
)


def signs(scheme: SignatureScheme) -> Exchange[Any]:
    return authentication.external_authenticate(DOCTOR, handle="h", scheme=scheme, digest=bytes(32))


@pytest.mark.parametrize("schema", ["SignatureService.xsd", "SignatureService_V7_4_4.xsd"])
@pytest.mark.parametrize("scheme", list(SignatureScheme))
def test_external_authenticate(shared: Path, schema: str, scheme: SignatureScheme) -> None:
    check(load(shared, schema), signs(scheme))


@pytest.mark.parametrize("schema", ["EncryptionService.xsd", "EncryptionService_v6_1_2.xsd"])
def test_encryption_service(shared: Path, schema: str) -> None:
    loaded = load(shared, schema)
    for exchange in (DECRYPT, ENCRYPT):
        check(loaded, exchange)


@pytest.mark.parametrize(
    ("wsdl", "exchange"),
    [
        ("AuthSignatureService_v7_4_1.wsdl", signs(SignatureScheme.ECDSA_DER)),
        ("EncryptionService.wsdl", ENCRYPT),
        ("EncryptionService_v6_1_1.wsdl", DECRYPT),
    ],
)
def test_soap_action_is_the_one_of_the_wsdl(shared: Path, wsdl: str, exchange: Exchange[Any]) -> None:
    tree = etree.parse(shared / "schemas" / "konnektor" / "conn" / wsdl)
    actions = {each.get("soapAction") for each in tree.iter("{http://schemas.xmlsoap.org/wsdl/soap/}operation")}
    assert exchange.action in actions
