"""Answers as values: what is read, and that broken ones end in a typed error without their content."""

import base64
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap import authentication, certificates, encryption, inventory, pins, signatures, subscriptions
from kartenwart.codecs.soap.exchange import CallContext, Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_5
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, OnlineState, Pin, PinStatus
from tests.unit.codecs.answers import NAMESPACES, OK, cards, envelope, fault, warning

CONTEXT = CallContext(mandant="m", client_system="c", workplace="w", user_id="the-secret-user")


def sign_request(form: SignatureFormat, document: bytes = b"doc") -> Exchange[tuple[signatures.SignedAnswer, ...]]:
    request = signatures.SignRequest(
        request_id="1", format=form, mime_type="text/plain", short_text="Brief", document=document
    )
    return signatures.sign_document(
        CONTEXT, handle="h", job_number="ABC-123", requests=[request], namespace=SIGNATURES_7_5, crypt=True
    )


CARD_KEYS: list[Exchange[Any]] = [
    authentication.external_authenticate(CONTEXT, handle="h", scheme=SignatureScheme.ECDSA_DER, digest=bytes(32)),
    encryption.encrypt_document(CONTEXT, certificates=[b"0"], handle="h", mime_type="text/plain", document=b"0"),
    encryption.decrypt_document(CONTEXT, handle="h", document=b"0"),
]
EXCHANGES: list[Exchange[Any]] = [
    inventory.get_cards(CONTEXT),
    inventory.get_card_terminals(CONTEXT),
    inventory.get_resource_information(CONTEXT),
    subscriptions.subscribe(CONTEXT, event_to="cetp://127.0.0.1:1", topic="CARD"),
    subscriptions.renew_subscriptions(CONTEXT, ["a"]),
    subscriptions.get_subscription(CONTEXT),
    pins.get_pin_status(CONTEXT, handle="h", pin=Pin.CH),
    pins.verify_pin(CONTEXT, handle="h", pin=Pin.CH),
    pins.change_pin(CONTEXT, handle="h", pin=Pin.QES),
    pins.unblock_pin(CONTEXT, handle="h", pin=Pin.CH, set_new_pin=True),
    pins.enable_pin(CONTEXT, handle="h", pin=Pin.MRPIN_NFD),
    pins.disable_pin(CONTEXT, handle="h", pin=Pin.MRPIN_NFD),
    certificates.read_card_certificate(
        CONTEXT, handle="h", reference=CertificateReference.AUT, algorithm=KeyAlgorithm.ECC
    ),
    certificates.check_certificate_expiration(CONTEXT, handle="h", algorithm=KeyAlgorithm.ECC),
    certificates.verify_certificate(CONTEXT, der=b"0", at=None),
    signatures.get_job_number(CONTEXT, namespace=SIGNATURES_7_5),
    sign_request(SignatureFormat.PADES),
    *CARD_KEYS,
    inventory.get_terminal(CONTEXT, "ct-1"),
    inventory.get_slot(CONTEXT, "ct-1", 3),
]


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.operation)
class TestEveryOperation:
    def test_a_fault_keeps_all_traces_and_the_last_code_counts(self, exchange: Exchange[Any]) -> None:
        found = exchange.decode(fault(90001, 4021, text="Erika Erfunden"))
        assert isinstance(found, Fault)
        assert (found.code, found.severity, found.error_type) == (4021, "Error", "Technical")
        assert [trace.code for trace in found.traces[:-1]] == [90001]
        assert found.timestamp == datetime(2026, 3, 1, 12, tzinfo=UTC)
        assert "Erika" not in repr(found)

    def test_a_fault_without_detail_has_no_code(self, exchange: Exchange[Any]) -> None:
        found = exchange.decode(envelope("<S:Fault><faultcode>x</faultcode><faultstring>y</faultstring></S:Fault>"))
        assert isinstance(found, Fault)
        assert (found.code, found.severity) == (0, "")

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"<html>",
            b"<html/>",
            envelope(""),
            envelope("<EVT:PingResponse/>"),
            b"<x:Envelope xmlns:x='http://www.w3.org/2003/05/soap-envelope'><x:Body/></x:Envelope>",
        ],
    )
    def test_what_is_no_answer_is_malformed(self, exchange: Exchange[Any], data: bytes) -> None:
        with pytest.raises(MalformedError):
            exchange.decode(data)

    def test_an_empty_answer_is_malformed(self, exchange: Exchange[Any]) -> None:
        answer = etree.Element(f"{{{exchange.namespace}}}{exchange.operation}Response")
        with pytest.raises(MalformedError):
            exchange.decode(envelope(etree.tostring(answer).decode()))

    def test_requests_have_no_repr_of_what_is_secret(self, exchange: Exchange[Any]) -> None:
        assert "secret" not in repr(exchange)


_NAMES = st.sampled_from(
    [
        f"{prefix}:{name}"
        for prefix in NAMESPACES
        for name in ("Status", "Card", "Cards", "SignResponse", "Error", "Trace")
    ]
    + ["EVT:Subscription", "CT:CardTerminals", "CT:CardTerminal", "CONN:Connector", "CC:X509DataInfoList"]
    + [
        "CMN:PinResult",
        "CMN:CtId",
        "CMN:SlotId",
        "CONN:CardHandle",
        "CARD:PinStatus",
        "CARD:LeftTries",
        "SIG:JobNumber",
    ]
)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<&>", exclude_categories=["Cc", "Cs"]), max_size=8)
_TREES = st.recursive(
    st.tuples(_NAMES, _TEXT).map(lambda leaf: f"<{leaf[0]}>{leaf[1]}</{leaf[0]}>"),
    lambda inner: st.tuples(_NAMES, st.lists(inner, max_size=4)).map(lambda n: f"<{n[0]}>{''.join(n[1])}</{n[0]}>"),
    max_leaves=12,
)


@given(st.sampled_from(EXCHANGES), _TREES)
@settings(max_examples=300)
def test_any_tree_is_a_value_or_a_typed_error(exchange: Exchange[Any], tree: str) -> None:
    data = envelope(
        f'<R:{exchange.operation}Response xmlns:R="{exchange.namespace}">{tree}</R:{exchange.operation}Response>'
    )
    try:
        exchange.decode(data)
    except MalformedError:
        return


@given(st.integers(0, 5000))
def test_a_truncated_answer_is_malformed(length: int) -> None:
    whole = cards(3)
    if length >= len(whole):
        return
    with pytest.raises(MalformedError):
        inventory.get_cards(CONTEXT).decode(whole[:length])


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=64),
    st.text(alphabet="abc&<>\"' ", min_size=1, max_size=64),
)
def test_any_context_survives_the_way_into_the_request(mandant: str, user: str) -> None:
    exchange = inventory.get_cards(CallContext(mandant=mandant, client_system="c", workplace="w", user_id=user))
    sent = etree.fromstring(exchange.body)
    assert sent.findtext(f".//{{{NAMESPACES['CONN']}}}MandantId") == mandant
    assert sent.findtext(f".//{{{NAMESPACES['CONN']}}}UserId") == user


def test_cards_are_read_with_utc_times_and_without_kvnr() -> None:
    (found,) = read(inventory.get_cards(CONTEXT), cards(1))
    assert found == inventory.CardEntry(
        handle="handle-0",
        type=CardType.EGK,
        ct_id="ct-1",
        slot_id=1,
        iccsn="80276001011699900000",
        holder="Erika Erfunden",
        inserted_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        certificate_expiry=date(2030, 1, 31),
    )
    assert "Erika" not in repr(found)
    assert "handle-0" not in repr(found)


def test_terminals_and_resource_state() -> None:
    terminal = (
        "<CT:CardTerminal><PI:ProductInformation><PI:InformationDate>2026-03-01T12:00:00Z</PI:InformationDate>"
        "<PI:ProductIdentification><PI:ProductVendorID>INGHC</PI:ProductVendorID><PI:ProductCode>ORGA6100</PI:ProductCode>"
        "</PI:ProductIdentification></PI:ProductInformation><CMN:CtId>ct-1</CMN:CtId>"
        "<CONN:WorkplaceIds><CONN:WorkplaceId>w1</CONN:WorkplaceId><CONN:WorkplaceId>w2</CONN:WorkplaceId></CONN:WorkplaceIds>"
        "<CT:Name>Empfang</CT:Name><CT:MacAddress>00-0D-F8-00-00-01</CT:MacAddress>"
        "<CT:IPAddress><CT:IPV4Address>127.0.0.11</CT:IPV4Address></CT:IPAddress><CT:Slots>4</CT:Slots>"
        "<CT:IS_PHYSICAL>true</CT:IS_PHYSICAL><CT:Connected>false</CT:Connected></CT:CardTerminal>"
    )
    listed = f"<CT:CardTerminals>{terminal}</CT:CardTerminals>"
    body = f"<EVT:GetCardTerminalsResponse>{OK}{listed}</EVT:GetCardTerminalsResponse>"
    (found,) = read(inventory.get_card_terminals(CONTEXT), envelope(body))
    assert (found.name, found.ip_address, found.slots, found.product) == ("Empfang", "127.0.0.11", 4, "INGHC ORGA6100")
    assert found.workplaces == ("w1", "w2")
    assert found.physical
    assert not found.connected

    states = "".join(
        f"<CONN:ErrorState><CONN:ErrorCondition>{name}</CONN:ErrorCondition><CONN:Severity>{severity}</CONN:Severity>"
        f"<CONN:Type>Operation</CONN:Type><CONN:Value>{active}</CONN:Value></CONN:ErrorState>"
        for name, severity, active in (
            ("EC_CardTerminal_Not_Available(47)", "Error", "true"),
            ("EC_LOG_OVERFLOW", "Warning", "0"),
        )
    )
    connector = (
        "<CONN:Connector><CONN:VPNTIStatus><CONN:ConnectionStatus>Online</CONN:ConnectionStatus></CONN:VPNTIStatus>"
        "<CONN:VPNSISStatus><CONN:ConnectionStatus>Offline</CONN:ConnectionStatus></CONN:VPNSISStatus>"
        f"<CONN:OperatingState>{states}</CONN:OperatingState></CONN:Connector>"
    )
    body = f"<EVT:GetResourceInformationResponse>{OK}{connector}</EVT:GetResourceInformationResponse>"
    state = read(inventory.get_resource_information(CONTEXT), envelope(body))
    assert (state.ti, state.sis) == (OnlineState.ONLINE, OnlineState.OFFLINE)
    assert [(each.condition, each.active) for each in state.error_states] == [
        ("EC_CardTerminal_Not_Available(47)", True),
        ("EC_LOG_OVERFLOW", False),
    ]


@pytest.mark.parametrize(
    ("wire", "status", "left"),
    [
        ("<CARD:PinStatus>VERIFIABLE</CARD:PinStatus><CARD:LeftTries>2</CARD:LeftTries>", PinStatus.VERIFIABLE, 2),
        ("<CARD:PinStatus>VERIFIABLE</CARD:PinStatus>", PinStatus.VERIFIABLE, None),
        ("<CARD:PinStatus>BLOCKED</CARD:PinStatus><CARD:LeftTries>0</CARD:LeftTries>", PinStatus.BLOCKED, 0),
        ("", PinStatus.UNKNOWN, None),
    ],
)
def test_pin_status_never_invents_attempts(wire: str, status: PinStatus, left: int | None) -> None:
    body = f"<CARD:GetPinStatusResponse>{OK}{wire}</CARD:GetPinStatusResponse>"
    found = read(pins.get_pin_status(CONTEXT, handle="h", pin=Pin.SMC), envelope(body))
    assert (found.status, found.left_tries) == (status, left)


def test_pin_answer_carries_the_reason_in_its_status() -> None:
    body = f"<CARD:VerifyPinResponse>{warning(4049)}<CMN:PinResult>ERROR</CMN:PinResult></CARD:VerifyPinResponse>"
    found = read(pins.verify_pin(CONTEXT, handle="h", pin=Pin.SMC), envelope(body))
    assert found.result is pins.PinResult.ERROR
    assert found.error is not None
    assert found.error.code == 4049


@given(st.binary(min_size=1, max_size=200), st.sampled_from(list(SignatureFormat)))
def test_signatures_come_back_as_bytes(data: bytes, form: SignatureFormat) -> None:
    encoded = base64.encodebytes(data).decode()
    signed = f'<DSS:SignatureObject><DSS:Base64Signature Type="t">{encoded}</DSS:Base64Signature></DSS:SignatureObject>'
    if form is SignatureFormat.XADES_ENVELOPED:
        inner = f"<CONN:Base64XML>{encoded}</CONN:Base64XML>"
        inner = f"<SIG:DocumentWithSignature>{inner}</SIG:DocumentWithSignature>"
        signed = f"<SIG:OptionalOutputs>{inner}</SIG:OptionalOutputs>"
    if form is SignatureFormat.PADES:
        data_element = f'<DSS:Base64Data MimeType="m">{encoded}</DSS:Base64Data>'
        inner = f"<SIG:DocumentWithSignature>{data_element}</SIG:DocumentWithSignature>"
        signed = f"<SIG:OptionalOutputs>{inner}</SIG:OptionalOutputs>"
    response = f'<SIG:SignResponse RequestID="1">{OK}{signed}</SIG:SignResponse>'
    body = f"<SIG:SignDocumentResponse>{response}</SIG:SignDocumentResponse>"
    assert [one.data for one in read(sign_request(form), envelope(body))] == [data]


SIGNATURE = "<DSS:SignatureObject><DSS:Base64Signature>QUJD</DSS:Base64Signature></DSS:SignatureObject>"
BAD_BASE64 = "<DSS:SignatureObject><DSS:Base64Signature>!</DSS:Base64Signature></DSS:SignatureObject>"


@pytest.mark.parametrize(
    "responses",
    [
        f'<SIG:SignResponse RequestID="2">{OK}{SIGNATURE}</SIG:SignResponse>',
        f'<SIG:SignResponse RequestID="1">{OK}</SIG:SignResponse>',
        f'<SIG:SignResponse RequestID="1">{warning(4123)}</SIG:SignResponse>' * 2,
        f'<SIG:SignResponse RequestID="1">{OK}{BAD_BASE64}</SIG:SignResponse>',
    ],
)
def test_an_answer_for_another_request_or_without_signature_is_malformed(responses: str) -> None:
    body = f"<SIG:SignDocumentResponse>{responses}</SIG:SignDocumentResponse>"
    with pytest.raises(MalformedError):
        sign_request(SignatureFormat.CADES_DETACHED).decode(envelope(body))


def test_a_card_without_the_certificate_is_none() -> None:
    info = "<CC:X509DataInfo><CC:CertRef>C.AUT</CC:CertRef></CC:X509DataInfo>"
    infos = f"<CC:X509DataInfoList>{info}</CC:X509DataInfoList>"
    body = f"<CERT:ReadCardCertificateResponse>{warning(4256)}{infos}</CERT:ReadCardCertificateResponse>"
    exchange = next(one for one in EXCHANGES if one.operation == "ReadCardCertificate")
    assert read(exchange, envelope(body)) is None


def test_events_are_read_without_regard_to_case_and_keep_their_secrets() -> None:
    event = (
        f'<Event xmlns="{NAMESPACES["EVT"]}"><Topic>Card/Inserted</Topic><Severity>Info</Severity>'
        "<SubscriptionID>s-1</SubscriptionID><Message><Parameter><Key>CardHolderName</Key><Value>Erika</Value></Parameter>"
        "<Parameter><Key>Empty</Key><Value/></Parameter></Message></Event>"
    ).encode()
    found = subscriptions.read_event(event)
    assert (found.topic, found.subscription_id) == ("CARD/INSERTED", "s-1")
    assert found.parameters == {"CardHolderName": "Erika", "Empty": ""}
    assert "Erika" not in repr(found)
    with pytest.raises(MalformedError):
        subscriptions.read_event(b"<Event/>")


def test_control_characters_never_reach_a_request() -> None:
    with pytest.raises(ValueError, match="XML compatible"):
        inventory.get_cards(CallContext(mandant="a\0b", client_system="c", workplace="w"))


def test_a_hundred_cards_are_read_within_one_and_a_half_of_a_bare_walk() -> None:
    data, exchange = cards(100), inventory.get_cards(CONTEXT)
    tags = [
        *(f"{{{NAMESPACES['CONN']}}}CardHandle", f"{{{NAMESPACES['CMN']}}}CardType", f"{{{NAMESPACES['CMN']}}}Iccsn"),
        *(f"{{{NAMESPACES['CMN']}}}CtId", f"{{{NAMESPACES['CMN']}}}SlotId", f"{{{NAMESPACES['CARD']}}}InsertTime"),
        *(f"{{{NAMESPACES['CARD']}}}CardHolderName", f"{{{NAMESPACES['CARD']}}}CertificateExpirationDate"),
    ]

    def walk() -> object:
        found = etree.fromstring(data).iter(f"{{{NAMESPACES['CARD']}}}Card")
        return [tuple(card.findtext(tag) for tag in tags) for card in found]

    assert fastest(lambda: exchange.decode(data)) <= 1.5 * fastest(walk)


def fastest(work: Callable[[], object]) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(40))


def read(exchange: Exchange[Any], data: bytes) -> Any:
    found = exchange.decode(data)
    assert not isinstance(found, Fault)
    return found
