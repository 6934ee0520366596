"""CardTerminalService 1.1: RequestCard (time-out in seconds) and EjectCard (in milliseconds)."""

from dataclasses import dataclass, field

from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.fault import Fault, read_status
from kartenwart.codecs.soap.namespaces import CARD_TERMINALS, CARDS, CARDS_COMMON, COMMON
from kartenwart.codecs.soap.xml import Element, boolean, child, optional_text
from kartenwart.domain.inventory import CardType

SERVICE = "CardTerminalService"
# Both generations of a doctor's card, and a practice identity on a card or in an HSM, do for who asks for one.
_WANTED = {
    CardType.EGK: "EGK",
    CardType.KVK: "KVK",
    CardType.HBA: "HBAx",
    CardType.HBA_QSIG: "HBA-qSig",
    CardType.SMC_B: "SM-B",
    CardType.HSM_B: "HSM-B",
    CardType.SMC_KT: "SMC-KT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRequestAnswer:
    """The handle of the card that is there now, "" where the answer names none; `error` where Status tells one."""

    handle: str = field(repr=False)
    already_inserted: bool
    error: Fault | None


def request_card(
    context: CallContext, *, ct_id: str, slot_id: int, text: str, seconds: int, card_type: CardType | None = None
) -> Exchange[CardRequestAnswer]:
    """Ask at a terminal for a card, of a type where one is named; `text` (at most 48 characters) is for its display."""
    content = root(CARD_TERMINALS, "RequestCard")
    add_context(content, context)
    _add_slot(content, ct_id, slot_id)
    if card_type is not None:
        add(content, CARDS_COMMON, "CardType", _WANTED[card_type])
    _add_words(content, text, seconds)
    return ask(SERVICE, content, _read_request)


def eject_card(context: CallContext, *, handle: str, text: str, milliseconds: int) -> Exchange[Fault | None]:
    """Ask to take a card out; None where it was."""
    content = root(CARD_TERMINALS, "EjectCard")
    add_context(content, context)
    add(content, COMMON, "CardHandle", handle)
    _add_words(content, text, milliseconds)
    return ask(SERVICE, content, _read_ejection)


def _add_slot(content: Element, ct_id: str, slot_id: int) -> None:
    slot = add(content, CARD_TERMINALS, "Slot")
    add(slot, CARDS_COMMON, "CtId", ct_id)
    add(slot, CARDS_COMMON, "SlotId", str(slot_id))


def _add_words(content: Element, text: str, time_out: int) -> None:
    if text:
        add(content, CARD_TERMINALS, "DisplayMsg", text)
    add(content, CARD_TERMINALS, "TimeOut", str(time_out))


def _read_request(answer: Element) -> CardRequestAnswer:
    child(answer, f"{{{COMMON}}}Status")
    return CardRequestAnswer(
        handle=optional_text(answer, f"{{{CARDS}}}Card/{{{COMMON}}}CardHandle"),
        already_inserted=boolean(optional_text(answer, f"{{{CARD_TERMINALS}}}AlreadyInserted")),
        error=read_status(answer),
    )


def _read_ejection(answer: Element) -> Fault | None:
    child(answer, f"{{{COMMON}}}Status")
    return read_status(answer)
