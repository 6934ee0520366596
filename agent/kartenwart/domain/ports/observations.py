"""What a Konnektor tells of itself: observations (a poll found it) and notices (an event said so)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from kartenwart.domain.inventory import CardType, Konnektor, Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTerminal:
    """A terminal as a poll found it; `contexts` are the configured contexts that saw it."""

    ct_id: str
    label: str
    mac_address: str
    ip_address: str
    connected: bool
    physical: bool
    workplaces: tuple[str, ...]
    slot_count: int
    product: str
    contexts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCard:
    """A card as a poll found it. iccsn and holder are personal or secret: in memory only, no repr.

    `contexts` may reach it; `local_contexts` have an eGK beside them (empty for every other card).
    """

    handle: str
    type: CardType
    ct_id: str
    slot_id: int
    iccsn: str = field(repr=False)
    holder: str = field(repr=False)
    inserted_at: datetime | None
    certificate_expiry: date | None
    contexts: frozenset[str]
    local_contexts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One complete poll of a Konnektor, taken as of `konnektor.last_confirmed`.

    `konnektor.condition` may be set while the poll succeeded in part (e.g. one context refused, clock off).
    """

    konnektor: Konnektor
    terminals: tuple[ObservedTerminal, ...]
    cards: tuple[ObservedCard, ...]


class NoticeType(StrEnum):
    """What a CETP event told."""

    BOOTED = "BOOTED"
    CARD_INSERTED = "CARD_INSERTED"
    CARD_REMOVED = "CARD_REMOVED"
    PIN_ENTRY_STARTED = "PIN_ENTRY_STARTED"
    PIN_ENTRY_FINISHED = "PIN_ENTRY_FINISHED"
    TERMINAL_CONNECTED = "TERMINAL_CONNECTED"
    TERMINAL_DISCONNECTED = "TERMINAL_DISCONNECTED"
    CONDITION = "CONDITION"
    DOCUMENT_SIGNED = "DOCUMENT_SIGNED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One CETP event from the Konnektor's address with a live subscription: a hint until a poll confirms it.

    `ct_id` of a PIN entry is where the PIN is typed (PinInputCtID); `detail` is the condition's or topic's name or
    the job number. `card` is what CARD_INSERTED told.
    """

    type: NoticeType
    konnektor: str
    context: str = ""
    handle: str = ""
    ct_id: str = ""
    slot_id: int = 0
    pin: Pin | None = None
    card: ObservedCard | None = None
    active: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedExpiration:
    """When a card's certificate ends. The gSMC-K has neither ct_id nor handle; `device` is a machine's own card."""

    ct_id: str
    handle: str
    device: bool
    valid_until: date
