"""Every request that the codecs build is valid by the official schemas of the version it is meant for."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from kartenwart.codecs.soap import card_requests, certificates, inventory, patients, pins, signatures, subscriptions
from kartenwart.codecs.soap.exchange import CallContext, Exchange
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_4, SIGNATURES_7_5
from kartenwart.codecs.soap.patients import VsdRequest
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin

PRACTICE = CallContext(mandant="m1", client_system="kartenwart", workplace="empfang")
DOCTOR = CallContext(mandant="m1", client_system="pvs", workplace="Sprechzimmer & <Labor>", user_id="a-user")
SOAP_BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body/*"


def load(shared: Path, name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared / "schemas" / "konnektor" / "conn" / name))


def check(schema: etree.XMLSchema, exchange: Exchange[Any]) -> None:
    content = etree.fromstring(exchange.body).find(SOAP_BODY)
    assert content is not None
    assert content.tag == f"{{{exchange.namespace}}}{exchange.operation}"
    schema.assertValid(etree.ElementTree(content))


EVENT_REQUESTS: list[Exchange[Any]] = [
    inventory.get_card_terminals(PRACTICE),
    inventory.get_card_terminals(PRACTICE, mandant_wide=True),
    inventory.get_terminal(PRACTICE, "ct-1"),
    inventory.get_slot(PRACTICE, "ct-1", 3),
    inventory.get_cards(DOCTOR),
    inventory.get_resource_information(PRACTICE),
    inventory.get_card(PRACTICE, "handle-1"),
    subscriptions.subscribe(PRACTICE, event_to="cetp://127.0.0.1:20000", topic="CARD"),
    subscriptions.renew_subscriptions(PRACTICE, ["one", "two"]),
    subscriptions.unsubscribe(PRACTICE, "one"),
    subscriptions.get_subscription(DOCTOR),
]


@pytest.mark.parametrize("exchange", EVENT_REQUESTS, ids=lambda each: each.operation)
def test_event_service(shared: Path, exchange: Exchange[Any]) -> None:
    check(load(shared, "EventService.xsd"), exchange)


@pytest.mark.parametrize("schema", ["CardService.xsd", "CardService_v8_1_1.xsd", "CardService_v8_1_3.xsd"])
@pytest.mark.parametrize("pin", list(Pin))
def test_card_service(shared: Path, schema: str, pin: Pin) -> None:
    loaded = load(shared, schema)
    check(loaded, pins.get_pin_status(PRACTICE, handle="h", pin=pin))
    check(loaded, pins.verify_pin(DOCTOR, handle="h", pin=pin))
    check(loaded, pins.change_pin(DOCTOR, handle="h", pin=pin))
    for set_new_pin in (False, True):
        check(loaded, pins.unblock_pin(DOCTOR, handle="h", pin=pin, set_new_pin=set_new_pin))
    if schema == "CardService_v8_1_3.xsd":  # which is that of 8.1.2, the first that has them
        check(loaded, pins.enable_pin(PRACTICE, handle="h", pin=pin))
        check(loaded, pins.disable_pin(PRACTICE, handle="h", pin=pin))


@pytest.mark.parametrize(
    ("schema", "algorithm"),
    [
        ("CertificateService.xsd", None),
        ("CertificateService_v6_0_2.xsd", None),
        ("CertificateService_v6_0_2.xsd", KeyAlgorithm.ECC),
        ("CertificateService_v6_0_2.xsd", KeyAlgorithm.RSA),
    ],
)
@pytest.mark.parametrize("reference", list(CertificateReference))
def test_certificate_service(
    shared: Path, schema: str, algorithm: KeyAlgorithm | None, reference: CertificateReference
) -> None:
    exchange = certificates.read_card_certificate(DOCTOR, handle="h", reference=reference, algorithm=algorithm)
    check(load(shared, schema), exchange)


@pytest.mark.parametrize(
    ("schema", "algorithms"),
    [("CertificateService.xsd", [None]), ("CertificateService_v6_0_2.xsd", [None, *KeyAlgorithm])],
)
@pytest.mark.parametrize("handle", ["", "h"])
def test_certificate_service_on_expirations_and_verdicts(
    shared: Path, schema: str, algorithms: list[KeyAlgorithm | None], handle: str
) -> None:
    loaded = load(shared, schema)
    for algorithm in algorithms:
        check(loaded, certificates.check_certificate_expiration(DOCTOR, handle=handle, algorithm=algorithm))
    for at in (None, datetime(2026, 1, 31, 12, 30, tzinfo=UTC)):
        check(loaded, certificates.verify_certificate(PRACTICE, der=b"any bytes", at=at))


def test_certificate_service_6_0_0_refuses_crypt(shared: Path) -> None:
    exchange = certificates.read_card_certificate(
        DOCTOR, handle="h", reference=CertificateReference.AUT, algorithm=KeyAlgorithm.ECC
    )
    with pytest.raises(etree.DocumentInvalid, match="Crypt"):
        check(load(shared, "CertificateService.xsd"), exchange)


@pytest.mark.parametrize(
    ("schema", "namespace", "crypt"),
    [
        ("SignatureService.xsd", SIGNATURES_7_4, False),
        ("SignatureService_V7_4_4.xsd", SIGNATURES_7_4, True),
        ("SignatureService_V7_5_5.xsd", SIGNATURES_7_5, True),
        ("SignatureService_V7_5_6.xsd", SIGNATURES_7_5, True),
    ],
)
def test_signature_service(shared: Path, schema: str, namespace: str, crypt: bool) -> None:
    loaded = load(shared, schema)
    check(loaded, signatures.get_job_number(DOCTOR, namespace=namespace))
    for form in SignatureFormat:
        request = signatures.SignRequest(
            request_id="r-1", format=form, mime_type="text/plain", short_text="Arztbrief", document=b"<&>\x00\xff"
        )
        check(
            loaded,
            signatures.sign_document(
                DOCTOR,
                handle="h",
                job_number="ABC-123",
                requests=[request, replace(request, request_id="2")],
                namespace=namespace,
                crypt=crypt,
            ),
        )


READ_VSD = patients.read_vsd(DOCTOR, VsdRequest(egk="e", authority="s", check_online=True, read_receipt=False))
READ_KVK = patients.read_kvk(PRACTICE, "k")
REQUEST_CARD = card_requests.request_card(PRACTICE, ct_id="ct-1", slot_id=1, text="x" * 48, seconds=20)
REQUEST_TYPES = [
    card_requests.request_card(PRACTICE, ct_id="ct-1", slot_id=1, text="x", seconds=20, card_type=kind)
    for kind in CardType
    if kind is not CardType.UNKNOWN
]
EJECT_CARD = card_requests.eject_card(DOCTOR, handle="h", text="", milliseconds=20000)


@pytest.mark.parametrize(
    ("schema", "exchange"),
    [
        ("vsds/VSDService.xsd", READ_VSD),
        ("vsds/KvkService.xsd", READ_KVK),
        ("CardTerminalService.xsd", REQUEST_CARD),
        *(("CardTerminalService.xsd", one) for one in REQUEST_TYPES),
        ("CardTerminalService.xsd", EJECT_CARD),
    ],
)
def test_patients_and_cards_asked_for(shared: Path, schema: str, exchange: Exchange[Any]) -> None:
    check(load(shared, schema), exchange)


@pytest.mark.parametrize(
    ("wsdl", "exchange"),
    [
        ("EventService.wsdl", EVENT_REQUESTS[0]),
        ("CardService_v8_1_2.wsdl", pins.verify_pin(DOCTOR, handle="h", pin=Pin.CH)),
        ("CardService_v8_1_2.wsdl", pins.change_pin(DOCTOR, handle="h", pin=Pin.CH)),
        ("CardService_v8_1_2.wsdl", pins.unblock_pin(DOCTOR, handle="h", pin=Pin.CH, set_new_pin=True)),
        ("CardService_v8_1_2.wsdl", pins.enable_pin(PRACTICE, handle="h", pin=Pin.MRPIN_NFD)),
        ("CardService_v8_1_2.wsdl", pins.disable_pin(PRACTICE, handle="h", pin=Pin.MRPIN_NFD)),
        (
            "CertificateService_v6_0_1.wsdl",
            certificates.read_card_certificate(
                DOCTOR, handle="h", reference=CertificateReference.AUT, algorithm=KeyAlgorithm.ECC
            ),
        ),
        ("CertificateService_v6_0_1.wsdl", certificates.check_certificate_expiration(DOCTOR)),
        ("CertificateService_v6_0_1.wsdl", certificates.verify_certificate(DOCTOR, der=b"0", at=None)),
        ("vsds/VSDService.wsdl", READ_VSD),
        ("vsds/KvkService.wsdl", READ_KVK),
        ("CardTerminalService.wsdl", REQUEST_CARD),
        ("CardTerminalService.wsdl", EJECT_CARD),
        ("SignatureService_V7_5_5.wsdl", signatures.get_job_number(DOCTOR, namespace=SIGNATURES_7_5)),
        ("SignatureService_V7_4_2.wsdl", signatures.get_job_number(DOCTOR, namespace=SIGNATURES_7_4)),
    ],
)
def test_soap_action_is_the_one_of_the_wsdl(shared: Path, wsdl: str, exchange: Exchange[Any]) -> None:
    tree = etree.parse(shared / "schemas" / "konnektor" / "conn" / wsdl)
    actions = {each.get("soapAction") for each in tree.iter("{http://schemas.xmlsoap.org/wsdl/soap/}operation")}
    assert exchange.action in actions
