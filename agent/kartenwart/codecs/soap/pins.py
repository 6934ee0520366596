"""CardService 8.1: GetPinStatus and the verbs on PINs: VerifyPin, ChangePin, UnblockPin, EnablePin, DisablePin."""

from dataclasses import dataclass
from enum import StrEnum

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.fault import Fault, read_status
from kartenwart.codecs.soap.namespaces import CARDS, CARDS_COMMON, COMMON
from kartenwart.codecs.soap.xml import Element, child, number, optional_text, text
from kartenwart.domain.inventory import Pin, PinStatus

SERVICE = "CardService"

PIN_NAMES = {
    Pin.SMC: "PIN.SMC",
    Pin.CH: "PIN.CH",
    Pin.QES: "PIN.QES",
    Pin.MRPIN_NFD: "MRPIN.NFD",
    Pin.MRPIN_NFD_READ: "MRPIN.NFD_READ",
    Pin.MRPIN_DPE: "MRPIN.DPE",
    Pin.MRPIN_GDD: "MRPIN.GDD",
    Pin.MRPIN_OSE: "MRPIN.OSE",
    Pin.MRPIN_AMTS: "MRPIN.AMTS",
    Pin.AMTS_REP: "PIN.AMTS_REP",
}


class PinResult(StrEnum):
    """CARDCMN:PinResultEnum."""

    OK = "OK"
    REJECTED = "REJECTED"
    ERROR = "ERROR"
    WASBLOCKED = "WASBLOCKED"
    NOWBLOCKED = "NOWBLOCKED"
    TRANSPORT_PIN = "TRANSPORT_PIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStatusAnswer:
    """State of a PIN; UNKNOWN where the device leaves it out. `left_tries` None where it does not say."""

    status: PinStatus
    left_tries: int | None
    error: Fault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinAnswer:
    """Result of a PIN entry. Abort, timeout or a pulled card may come as ERROR with the reason in `error`."""

    result: PinResult
    left_tries: int | None
    error: Fault | None


def get_pin_status(context: CallContext, *, handle: str, pin: Pin) -> Exchange[PinStatusAnswer]:
    """Ask for the state of a PIN in the session of this context."""
    return ask(SERVICE, _content("GetPinStatus", context, handle, pin), _read_status_answer)


def verify_pin(context: CallContext, *, handle: str, pin: Pin) -> Exchange[PinAnswer]:
    """Let the terminal ask for the PIN; it always asks, also where the PIN is verified (TAB_KON_047)."""
    return ask(SERVICE, _content("VerifyPin", context, handle, pin), _read_pin_answer)


def change_pin(context: CallContext, *, handle: str, pin: Pin) -> Exchange[PinAnswer]:
    """Let the terminal ask for the old (or transport) PIN and twice for the new one."""
    return ask(SERVICE, _content("ChangePin", context, handle, pin), _read_pin_answer)


def unblock_pin(context: CallContext, *, handle: str, pin: Pin, set_new_pin: bool) -> Exchange[PinAnswer]:
    """Let the terminal ask for the PUK, and twice for a new PIN where wished; `left_tries` are the PUK's."""
    content = _content("UnblockPin", context, handle, pin)
    add(content, CARDS, "SetNewPin", "true" if set_new_pin else "false")
    return ask(SERVICE, content, _read_pin_answer)


def enable_pin(context: CallContext, *, handle: str, pin: Pin) -> Exchange[PinAnswer]:
    """Let the terminal ask for a multi-reference PIN of an eGK, which is needed from then on (8.1.2)."""
    return ask(SERVICE, _content("EnablePin", context, handle, pin), _read_pin_answer)


def disable_pin(context: CallContext, *, handle: str, pin: Pin) -> Exchange[PinAnswer]:
    """Let the terminal ask for a multi-reference PIN of an eGK, which is not needed from then on (8.1.2)."""
    return ask(SERVICE, _content("DisablePin", context, handle, pin), _read_pin_answer)


def _content(operation: str, context: CallContext, handle: str, pin: Pin) -> Element:
    content = root(CARDS, operation)
    add_context(content, context)
    add(content, COMMON, "CardHandle", handle)
    add(content, CARDS_COMMON, "PinTyp", PIN_NAMES[pin])
    return content


def _read_status_answer(answer: Element) -> PinStatusAnswer:
    child(answer, f"{{{COMMON}}}Status")  # all else may be left out
    wire = optional_text(answer, f"{{{CARDS}}}PinStatus")
    if wire and wire not in PinStatus.__members__:
        raise MalformedError("a PinStatus that is not known")
    return PinStatusAnswer(
        status=PinStatus[wire] if wire else PinStatus.UNKNOWN,
        left_tries=_left_tries(answer, CARDS),
        error=read_status(answer),
    )


def _read_pin_answer(answer: Element) -> PinAnswer:
    try:
        result = PinResult(text(answer, f"{{{CARDS_COMMON}}}PinResult"))
    except ValueError:
        raise MalformedError("a PinResult that is not known") from None
    return PinAnswer(result=result, left_tries=_left_tries(answer, CARDS_COMMON), error=read_status(answer))


def _left_tries(answer: Element, namespace: str) -> int | None:
    """Return LeftTries; GetPinStatus has it in the service's own namespace, VerifyPin in the common one."""
    wire = optional_text(answer, f"{{{namespace}}}LeftTries")
    return number(wire, "LeftTries") if wire else None
