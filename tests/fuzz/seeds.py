"""Writes the inputs that fuzzing starts from:  python -m tests.fuzz.seeds

All are made here, of a practice that does not exist; those of cards and readers in card_seeds.py. What libFuzzer
found beside them is kept under the hash it gave.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange
from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.codecs.soap.namespaces import DSS, ENCRYPTION, SIGNATURES_7_4
from tests.fuzz.fuzz_enrolment import HONEST, KNOWN, NONCE, PUBLIC, TYPED
from tests.fuzz.fuzz_json import KINDS, mark
from tests.fuzz.fuzz_xmldsig import DOCUMENT, SIGNED
from tests.fuzz.target import CORPUS
from tests.unit.codecs import containers
from tests.unit.codecs.answers import NAMESPACES, OK, cards, envelope, fault, warning
from tests.unit.codecs.frames import encode_frame
from tests.unit.edge.requests import RIGHT

WORD = re.compile(rb"""</?[A-Za-z:]+/?>| [A-Za-z]+=["'][^"'<>\\]*["']""")
WITH_TAGS = ("cetp", "soap", "sds", "vsd", "xmldsig")


def main() -> None:
    """Write every seed under a name of its own, and the dictionaries."""
    made = {"cetp": cetp, "soap": soap, "sds": sds, "json": bodies, "enrolment": enrolment, "vsd": vsd}
    made |= {"xmldsig": xmldsig}
    for name, make in made.items():
        seeds = tuple(make())
        if name in WITH_TAGS:
            (CORPUS / f"{name}.dict").write_text(_words(seeds))
        write(name, seeds)


def write(name: str, seeds: Iterable[bytes]) -> None:
    """Put seeds into a corpus, under the hash of their bytes."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)


def _words(seeds: tuple[bytes, ...]) -> str:
    """Return libFuzzer's dictionary: the tags and attributes of the seeds, which it would not find by dice."""
    found = {word for seed in seeds for word in WORD.findall(seed)}
    return "".join('"' + word.decode().replace('"', '\\"') + '"\n' for word in sorted(found))


def cetp() -> Iterator[bytes]:
    """Events of a card, a PIN, a condition, a boot; two frames; half a frame."""
    inserted = {"CardHandle": "h-1", "CtID": "ct-1", "SlotID": "1", "CardType": "EGK", "ICCSN": "80276001011699900001"}
    inserted |= {"InsertTime": "2026-03-01T12:00:00Z", "CardHolderName": "Erika Erfunden", "KVNR": "X000000012"}
    entry = {"PinRef": "PIN.SMC", "PinInputCtID": "ct-1", "CardHandle": "h-1"}
    told = [
        _event("Card/Inserted", **inserted),
        _event("CARD/PIN/VERIFY_STARTED", **entry),
        _event("OPERATIONAL_STATE/EC_LOG_OVERFLOW", Value="true"),
        _event("BOOTUP/BOOTUP_COMPLETE", subscription=""),
        _event("SIG/SIGNDOC/NEXT_SUCCESSFUL", Jobnummer="ABC-123"),
    ]
    for number, payload in enumerate(told):
        yield bytes([number * 7]) + encode_frame(payload)
    yield b"\x05" + encode_frame(told[0]) + encode_frame(told[1])
    yield b"\x00" + encode_frame(told[2])[:40]
    yield b"\x01CETP\x00\x00\x00\x00"


def _event(topic: str, subscription: str = "s-1", **parameters: str) -> bytes:
    listed = "".join(f"<Parameter><Key>{k}</Key><Value>{v}</Value></Parameter>" for k, v in parameters.items())
    return (
        f'<Event xmlns="{NAMESPACES["EVT"]}"><Topic>{topic}</Topic><Type>Operation</Type><Severity>Info</Severity>'
        f"<SubscriptionID>{subscription}</SubscriptionID><Message>{listed}</Message></Event>"
    ).encode()


def soap() -> Iterator[bytes]:
    """A right answer to every operation, a fault, a warning."""
    subscription = (
        "<EVT:SubscriptionID>a</EVT:SubscriptionID><EVT:TerminationTime>2026-03-02T12:00:00Z</EVT:TerminationTime>"
    )
    renewal = f"<EVT:SubscriptionRenewal>{subscription}</EVT:SubscriptionRenewal>"
    renewals = f"<EVT:SubscribeRenewals>{renewal}</EVT:SubscribeRenewals>"
    kept = f"<EVT:Subscriptions><EVT:Subscription>{subscription}</EVT:Subscription></EVT:Subscriptions>"
    terminal = (
        "<CT:CardTerminals><CT:CardTerminal><CMN:CtId>ct-1</CMN:CtId><CT:Name>Empfang</CT:Name><CT:Slots>4</CT:Slots>"
        "<CT:IPAddress><CT:IPV4Address>192.0.2.9</CT:IPV4Address></CT:IPAddress></CT:CardTerminal></CT:CardTerminals>"
    )
    state = (
        "<CONN:Connector><CONN:VPNTIStatus><CONN:ConnectionStatus>Online</CONN:ConnectionStatus></CONN:VPNTIStatus>"
        "<CONN:OperatingState><CONN:ErrorState><CONN:ErrorCondition>EC_LOG_OVERFLOW</CONN:ErrorCondition>"
        "<CONN:Value>1</CONN:Value></CONN:ErrorState></CONN:OperatingState></CONN:Connector>"
    )
    status = "<CARD:PinStatus>VERIFIABLE</CARD:PinStatus><CARD:LeftTries>2</CARD:LeftTries>"
    info = (
        "<CC:X509DataInfoList><CC:X509DataInfo><CC:CertRef>C.AUT</CC:CertRef><CC:X509Data><CC:X509Certificate>QUJD"
        "</CC:X509Certificate></CC:X509Data></CC:X509DataInfo></CC:X509DataInfoList>"
    )
    signed = "<SIG:DocumentWithSignature><DSS:Base64Data MimeType='m'>QUJD</DSS:Base64Data></SIG:DocumentWithSignature>"
    answers = [
        cards(2),
        envelope(f"<EVT:GetCardTerminalsResponse>{OK}{terminal}</EVT:GetCardTerminalsResponse>"),
        envelope(f"<EVT:GetResourceInformationResponse>{OK}{state}</EVT:GetResourceInformationResponse>"),
        envelope(f"<EVT:SubscribeResponse>{OK}{subscription}</EVT:SubscribeResponse>"),
        envelope(f"<EVT:RenewSubscriptionsResponse>{OK}{renewals}</EVT:RenewSubscriptionsResponse>"),
        envelope(f"<EVT:GetSubscriptionResponse>{OK}{kept}</EVT:GetSubscriptionResponse>"),
        envelope(f"<CARD:GetPinStatusResponse>{OK}{status}</CARD:GetPinStatusResponse>"),
        envelope(
            f"<CARD:VerifyPinResponse>{warning(4049)}<CMN:PinResult>ERROR</CMN:PinResult></CARD:VerifyPinResponse>"
        ),
        envelope(f"<CERT:ReadCardCertificateResponse>{OK}{info}</CERT:ReadCardCertificateResponse>"),
        envelope("<SIG:GetJobNumberResponse><SIG:JobNumber>ABC-123</SIG:JobNumber></SIG:GetJobNumberResponse>"),
        envelope(
            f'<SIG:SignDocumentResponse><SIG:SignResponse RequestID="1">{OK}<SIG:OptionalOutputs>{signed}'
            "</SIG:OptionalOutputs></SIG:SignResponse></SIG:SignDocumentResponse>"
        ),
    ]
    yield from answers
    yield from keys()
    yield fault(90001, 4021)
    yield b"<!--VerifyPin-->" + fault(4049)
    yield b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"


def vsd() -> Iterator[bytes]:
    """Each container unpacked, for the reader that packs it itself, and packed; an old card's template."""
    packed = (containers.person(), containers.insurance(), containers.protected(), containers.proof())
    for number, container in enumerate(packed):
        yield bytes([5 + number]) + gzip.decompress(container)
        yield bytes([number]) + container
    yield bytes([6]) + gzip.decompress(containers.insurance(containers.PRIVATE))
    yield bytes([4]) + containers.template(*containers.FIELDS)
    yield bytes([5]) + b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"


def keys() -> Iterator[bytes]:
    """Right answers about cards' own keys, and a warning beside a document."""
    data = "<DSS:Base64Data MimeType='m'>QUJD</DSS:Base64Data>"
    signature = f"<S:SignatureObject xmlns:S='{DSS}'><S:Base64Signature>QUJD</S:Base64Signature></S:SignatureObject>"
    name = "ExternalAuthenticateResponse"
    yield envelope(f"<A:{name} xmlns:A='{SIGNATURES_7_4}'>{OK}{signature}</A:{name}>")
    for operation, status in (("EncryptDocument", warning(4259)), ("DecryptDocument", OK)):
        name = f"C:{operation}Response"
        yield envelope(f"<{name} xmlns:C='{ENCRYPTION}'>{status}<CONN:Document>{data}</CONN:Document></{name}>")


def sds() -> Iterator[bytes]:
    """Two directories: one as it should be, one with odd addresses and versions."""
    services = "http://ws.gematik.de/conn/ServiceInformation/v2.0"
    product = (
        f'<p:ProductInformation xmlns:p="{NAMESPACES["PI"]}">'
        "<p:InformationDate>2026-03-01T12:00:00Z</p:InformationDate>"
        "<p:ProductVendorID>ERFUN</p:ProductVendorID><p:ProductCode>Box</p:ProductCode></p:ProductInformation>"
    )
    for version, place in (
        ("7.2.0", "https://192.0.2.1/event"),
        ("7.2.x", "https://user@host/ %"),
        ("", "http://[::1]:99999"),
    ):
        entry = (
            f'<s:Service Name="EventService"><s:Versions><s:Version Version="{version}">'
            f'<s:EndpointTLS Location="{place}"/><s:Endpoint Location="http://192.0.2.1/event"/></s:Version></s:Versions></s:Service>'
        )
        directory = f'<c:ConnectorServices xmlns:c="urn:c" xmlns:s="{services}">{product}<s:All>{entry}'
        for choice in range(4):
            yield bytes([choice]) + f"{directory}</s:All></c:ConnectorServices>".encode()


def bodies() -> Iterator[bytes]:
    """A right request for every RPC, in both spellings, and some that are wrong."""
    for kind in KINDS:
        right = RIGHT[kind.DESCRIPTOR.full_name]
        yield mark(kind) + json.dumps(MessageToDict(right)).encode()
        yield mark(kind) + json.dumps(MessageToDict(right, preserving_proto_field_name=True)).encode()
    events = mark(inventory_service_pb2.ListEventsRequest)
    for wrong in (b'{"a":', b"[]", b'{"wait":"25.1s"}', b'{"page_size":1e400,"page_size":"x"}', b'{"types":[null,1]}'):
        yield events + wrong
    for depth in (400, 1200):
        yield events + b'{"types":' + b"[" * depth + b"]" * depth + b"}"
        yield events + (b'{"types":' * depth + b"1" + b"}" * depth if depth < 1000 else b"[" * 3000)


def enrolment() -> Iterator[bytes]:
    """A whole enrolment by code and another by token, the same with mistakes, and one with lies."""
    commit = exchange.CommitRequest(role=workstation_pb2.ROLE_WORKSTATION, label="Empfang 1")
    lie = exchange.CommitRequest(public_key=PUBLIC, role=commit.role, label=commit.label, commitment=b"c" * 32)
    polls = [exchange.PollRequest(sequence=number, signature=b"s" * 70) for number in (1, 2, 2)]
    reveal = exchange.RevealRequest(workstation_nonce=NONCE)
    redeem = exchange.RedeemTokenRequest(certificate_request=b"r", label="Empfang 1")
    begun = _part(0 | HONEST, commit) + _part(1 | KNOWN | HONEST, reveal)
    first, second, again = (_part(2 | KNOWN | HONEST, poll) for poll in polls)
    yield begun + first + _part(2 | KNOWN | HONEST | TYPED, polls[1]) + again
    yield begun + begun + _part(2 | KNOWN | TYPED, polls[0]) + _part(1 | KNOWN, reveal) + first
    yield begun + _part(2 | KNOWN | HONEST | TYPED, polls[0]) + second + _part(3 | KNOWN | HONEST, redeem)
    yield _part(3 | KNOWN | HONEST, redeem) * 2 + _part(3 | KNOWN, redeem) + _part(3 | HONEST, redeem)
    yield _part(1, reveal) + _part(2, polls[0]) + _part(3, redeem) + _part(0 | TYPED, commit)
    yield _part(0, lie) * 3 + _part(1 | KNOWN, reveal) + _part(1 | KNOWN, reveal)


def _part(kind: int, message: Message) -> bytes:
    raw = message.SerializeToString()
    return bytes([kind]) + len(raw).to_bytes(2, "big") + raw


def xmldsig() -> Iterator[bytes]:
    """A signature in the document and one around it, each also where it should not be, twice, wrapped and cut."""
    inside, around = ((SIGNED / name).read_bytes() for name in ("enveloped.xml", "enveloping.xml"))
    for number, xml in enumerate((inside, around)):
        for chosen in (number, 1 - number):
            yield bytes([chosen]) + xml
        yield bytes([number]) + xml.replace(b"text", b"test")
        yield bytes([number]) + xml[: len(xml) // 2]
    signature = inside[inside.index(b"<ds:Signature") : inside.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
    yield b"\x00" + inside.replace(b"</a>", signature + b"</a>")
    held = around[around.index(b"<ds:Object Id=") : around.index(b"</ds:Object>") + len(b"</ds:Object>")]
    yield b"\x01" + around.replace(held, held.replace(b"text", b"test") + held)
    yield b"\x01" + around.replace(b"urn:x", b"urn/x")
    yield b"\x00" + DOCUMENT
    yield b"\x00<!DOCTYPE a>" + DOCUMENT


if __name__ == "__main__":
    main()
