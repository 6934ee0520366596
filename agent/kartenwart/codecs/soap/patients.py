"""VSDService 5.2 and KVKService 4.0: ReadVSD and ReadKVK. Neither answer has a Status."""

from dataclasses import dataclass, field
from datetime import datetime

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import read_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.namespaces import KVK, VSD
from kartenwart.codecs.soap.xml import Element, child, optional_text, text
from kartenwart.codecs.times import read_datetime
from kartenwart.domain.patients import ContainerKind, VsdStatus

VSD_SERVICE = "VSDService"
KVK_SERVICE = "KVKService"
ANSWER_LIMIT = 512 * 1024

_CONTAINERS = {
    ContainerKind.PERSONAL: "PersoenlicheVersichertendaten",
    ContainerKind.INSURANCE: "AllgemeineVersicherungsdaten",
    ContainerKind.PROTECTED: "GeschuetzteVersichertendaten",
    ContainerKind.PROOF: "Pruefungsnachweis",
}
_ALWAYS_THERE = (ContainerKind.PERSONAL, ContainerKind.INSURANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VsdAnswer:
    """What ReadVSD handed out: containers as they stand on the card (without base64), and the state of its data."""

    containers: dict[ContainerKind, bytes] = field(repr=False)
    status: VsdStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class VsdRequest:
    """Handles of the eGK and of the SM-B or HBA in whose name it is read."""

    egk: str = field(repr=False)
    authority: str = field(repr=False)
    check_online: bool
    read_receipt: bool


def read_vsd(context: CallContext, request: VsdRequest) -> Exchange[VsdAnswer]:
    """Read an eGK; the Context stands last here. Its SOAPAction names v6.0 though the namespace is v5.2."""
    content = root(VSD, "ReadVSD")
    add(content, VSD, "EhcHandle", request.egk)
    add(content, VSD, "HpcHandle", request.authority)
    add(content, VSD, "PerformOnlineCheck", _boolean(request.check_online))
    add(content, VSD, "ReadOnlineReceipt", _boolean(request.read_receipt))
    add_context(content, context)
    action = "http://ws.gematik.de/conn/vsds/VSDService/v6.0#ReadVSD"
    return ask(VSD_SERVICE, content, _read_vsd, answer_limit=ANSWER_LIMIT, action=action)


def read_kvk(context: CallContext, handle: str) -> Exchange[bytes]:
    """Read an old card; its SOAPAction names ReadVDT."""
    content = root(KVK, "ReadKVK")
    add(content, KVK, "KVKHandle", handle)
    add_context(content, context)
    return ask(KVK_SERVICE, content, _read_kvk, answer_limit=ANSWER_LIMIT, action=f"{KVK}#ReadVDT")


def _read_vsd(answer: Element) -> VsdAnswer:
    found = {}
    for kind, name in _CONTAINERS.items():
        element = answer.find(f"{{{VSD}}}{name}")
        if element is not None and (element.text or "").strip():
            found[kind] = read_base64(element, name)
        elif kind in _ALWAYS_THERE:
            raise MalformedError(f"an answer without {name}")
    state = child(answer, f"{{{VSD}}}VSD_Status")
    return VsdAnswer(
        containers=found,
        status=VsdStatus(
            open_transactions=text(state, f"{{{VSD}}}Status") != "0",
            updated_at=_time(state),
            version=optional_text(state, f"{{{VSD}}}Version")[:12],
        ),
    )


def _read_kvk(answer: Element) -> bytes:
    return read_base64(child(answer, f"{{{KVK}}}KVK"), "KVK")


def _time(state: Element) -> datetime | None:
    return read_datetime(state.findtext(f"{{{VSD}}}Timestamp"))


def _boolean(value: bool) -> str:
    return "true" if value else "false"
