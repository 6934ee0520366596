"""EventService 7.2, the polls: GetCardTerminals, GetCards, GetResourceInformation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.exchange import Answer, CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.namespaces import CARDS, CARDS_COMMON, COMMON, EVENTS, PRODUCT, TERMINALS
from kartenwart.codecs.soap.xml import Element, boolean, child, number, optional_text, text
from kartenwart.codecs.times import read_date, read_datetime
from kartenwart.domain.inventory import CardType, OnlineState

SERVICE = "EventService"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalEntry:
    """A terminal as GetCardTerminals lists it; `workplaces` may use it, near or remote: the answer does not say."""

    ct_id: str
    name: str
    mac_address: str
    ip_address: str
    connected: bool
    physical: bool
    workplaces: tuple[str, ...]
    slots: int
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEntry:
    """A card as GetCards lists it; the KVNR of an eGK is not even read. Times in UTC, None where unreadable."""

    handle: str = field(repr=False)
    type: CardType
    ct_id: str
    slot_id: int
    iccsn: str = field(repr=False)
    holder: str = field(repr=False)
    inserted_at: datetime | None
    certificate_expiry: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorState:
    """An error condition of the Konnektor, e.g. EC_CardTerminal_Not_Available(47), with its severity."""

    condition: str
    severity: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceState:
    """The Konnektor's own state."""

    ti: OnlineState
    sis: OnlineState
    error_states: tuple[ErrorState, ...]


def get_card_terminals(context: CallContext, *, mandant_wide: bool = False) -> Exchange[tuple[TerminalEntry, ...]]:
    """Ask for the terminals that the context may reach, or for those of all workplaces of its mandant."""
    content = root(EVENTS, "GetCardTerminals")
    if mandant_wide:
        content.set("mandant-wide", "true")
    add_context(content, context)
    return ask(SERVICE, content, _read_terminals)


def get_cards(context: CallContext) -> Exchange[tuple[CardEntry, ...]]:
    """Ask for the cards that the context may reach."""
    return _ask("GetCards", context, _read_cards)


def get_card(context: CallContext, handle: str) -> Exchange[CardEntry]:
    """Ask for one card; an eGK is refused (4016) to a workplace that is not beside it (TUC_KON_000, rule R5)."""
    content = root(EVENTS, "GetResourceInformation")
    add_context(content, context)
    add(content, COMMON, "CardHandle", handle)
    return ask(SERVICE, content, lambda answer: _card(child(answer, f"{{{CARDS}}}Card")))


def get_terminal(context: CallContext, ct_id: str) -> Exchange[None]:
    """Ask whether the context may use a terminal: TUC_KON_000 refuses with 4007, 4012 or 4015 (rule R3)."""
    content = root(EVENTS, "GetResourceInformation")
    add_context(content, context)
    add(content, CARDS_COMMON, "CtId", ct_id)
    return ask(SERVICE, content, lambda answer: _told(answer, f"{{{TERMINALS}}}CardTerminal"))


def get_slot(context: CallContext, ct_id: str, slot_id: int) -> Exchange[None]:
    """Ask whether the context may use the card in a slot: 4098 where it is empty, 4009 and 4013 for an SM-B."""
    content = root(EVENTS, "GetResourceInformation")
    add_context(content, context)
    add(content, CARDS_COMMON, "CtId", ct_id)
    add(content, CARDS_COMMON, "SlotId", str(slot_id))
    return ask(SERVICE, content, lambda answer: _told(answer, f"{{{CARDS}}}Card"))


def get_resource_information(context: CallContext) -> Exchange[ResourceState]:
    """Ask for the state of the Konnektor itself (no selector)."""
    return _ask("GetResourceInformation", context, _read_resource)


def card_type(wire: str) -> CardType:
    """Return the type for the wire's spelling; what is unknown (ZOD_2.0 too) is UNKNOWN."""
    return _CARD_TYPES.get(wire, CardType.UNKNOWN)


_CARD_TYPES = {
    "EGK": CardType.EGK,
    "KVK": CardType.KVK,
    "HBA": CardType.HBA,
    "HBAx": CardType.HBA,
    "HBA-qSig": CardType.HBA_QSIG,
    "SMC-B": CardType.SMC_B,
    "SM-B": CardType.SMC_B,
    "HSM-B": CardType.HSM_B,
    "SMC-KT": CardType.SMC_KT,
}


def _ask(operation: str, context: CallContext, read: Callable[[Element], Answer]) -> Exchange[Answer]:
    content = root(EVENTS, operation)
    add_context(content, context)
    return ask(SERVICE, content, read)


def _told(answer: Element, tag: str) -> None:
    """Look only whether the answer has what was asked for: an empty one is no permission."""
    child(answer, tag)


def _read_terminals(answer: Element) -> tuple[TerminalEntry, ...]:
    terminals = child(answer, f"{{{TERMINALS}}}CardTerminals")
    return tuple(_terminal(terminal) for terminal in terminals.iterchildren(f"{{{TERMINALS}}}CardTerminal"))


def _terminal(terminal: Element) -> TerminalEntry:
    workplaces = terminal.iterfind(f"{{{COMMON}}}WorkplaceIds/{{{COMMON}}}WorkplaceId")
    address = terminal.find(f"{{{TERMINALS}}}IPAddress/*")
    return TerminalEntry(
        ct_id=text(terminal, f"{{{CARDS_COMMON}}}CtId"),
        name=optional_text(terminal, f"{{{TERMINALS}}}Name"),
        mac_address=optional_text(terminal, f"{{{TERMINALS}}}MacAddress"),
        ip_address=(address.text or "").strip() if address is not None else "",
        connected=boolean(terminal.findtext(f"{{{TERMINALS}}}Connected")),
        physical=boolean(terminal.findtext(f"{{{TERMINALS}}}IS_PHYSICAL")),
        workplaces=tuple((workplace.text or "").strip() for workplace in workplaces),
        slots=number(terminal.findtext(f"{{{TERMINALS}}}Slots"), "Slots"),
        product=_product(terminal),
    )


def _product(terminal: Element) -> str:
    """Return vendor and product, e.g. "INGHC ORGA6100", as the device identifies itself."""
    identification = terminal.find(f"{{{PRODUCT}}}ProductInformation/{{{PRODUCT}}}ProductIdentification")
    if identification is None:
        return ""
    names = (optional_text(identification, f"{{{PRODUCT}}}{name}") for name in ("ProductVendorID", "ProductCode"))
    return " ".join(name for name in names if name)


def _read_cards(answer: Element) -> tuple[CardEntry, ...]:
    cards = child(answer, f"{{{CARDS}}}Cards")
    return tuple(_card(card) for card in cards.iterchildren(f"{{{CARDS}}}Card"))


_HANDLE = f"{{{COMMON}}}CardHandle"
_TYPE = f"{{{CARDS_COMMON}}}CardType"
_CT_ID = f"{{{CARDS_COMMON}}}CtId"
_SLOT_ID = f"{{{CARDS_COMMON}}}SlotId"
_ICCSN = f"{{{CARDS_COMMON}}}Iccsn"
_INSERT_TIME = f"{{{CARDS}}}InsertTime"
_HOLDER = f"{{{CARDS}}}CardHolderName"
_EXPIRY = f"{{{CARDS}}}CertificateExpirationDate"


def _card(card: Element) -> CardEntry:
    """Read a card in one walk over its children: GetCards is the most frequent of all polls."""
    fields = {item.tag: item.text for item in card}
    handle, ct_id = fields.get(_HANDLE), fields.get(_CT_ID)
    if not handle or not ct_id:
        raise MalformedError("a card without CardHandle or CtId")
    return CardEntry(
        handle=handle.strip(),
        type=_CARD_TYPES.get(fields.get(_TYPE) or "", CardType.UNKNOWN),
        ct_id=ct_id.strip(),
        slot_id=number(fields.get(_SLOT_ID), "SlotId"),
        iccsn=(fields.get(_ICCSN) or "").strip(),
        holder=(fields.get(_HOLDER) or "").strip(),
        inserted_at=read_datetime(fields.get(_INSERT_TIME)),
        certificate_expiry=read_date(fields.get(_EXPIRY)),
    )


def _read_resource(answer: Element) -> ResourceState:
    connector = child(answer, f"{{{COMMON}}}Connector")
    states = connector.iterfind(f"{{{COMMON}}}OperatingState/{{{COMMON}}}ErrorState")
    return ResourceState(
        ti=_online(connector, "VPNTIStatus"),
        sis=_online(connector, "VPNSISStatus"),
        error_states=tuple(_error_state(state) for state in states),
    )


def _online(connector: Element, name: str) -> OnlineState:
    wire = optional_text(connector, f"{{{COMMON}}}{name}/{{{COMMON}}}ConnectionStatus")
    return {"Online": OnlineState.ONLINE, "Offline": OnlineState.OFFLINE}.get(wire, OnlineState.UNKNOWN)


def _error_state(state: Element) -> ErrorState:
    return ErrorState(
        condition=text(state, f"{{{COMMON}}}ErrorCondition"),
        severity=optional_text(state, f"{{{COMMON}}}Severity"),
        active=boolean(state.findtext(f"{{{COMMON}}}Value")),
    )
