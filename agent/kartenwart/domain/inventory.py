"""The practice's things as values: Konnektoren, terminals, slots, cards, contexts, and the picture of them all.

Names are resource names ("cards/c-…"). They are keyed hashes made by `ResourceNames` (operations) and say nothing
about a person. Wire ids (CtId, CardHandle) stay in fields that only adapters and the ports read.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from kartenwart.domain.failures import Failure

if TYPE_CHECKING:  # the first answer needs no readers
    from kartenwart.domain.readers import Reader, ReaderService

READERS = "readers"
"""The name of the box's own readers as a back-end, in routes and contexts, where a Konnektor has its own."""


class LinkState(StrEnum):
    """How well the link to a Konnektor works."""

    CONNECTING = "CONNECTING"
    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


class OnlineState(StrEnum):
    """The Konnektor's word on one of its VPNs."""

    UNKNOWN = "UNSPECIFIED"
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class CardType(StrEnum):
    """Type of a card; names as in kartenwart.api.card.v1.CardType."""

    EGK = "EGK"
    KVK = "KVK"
    HBA = "HBA"
    SMC_B = "SMC_B"
    HSM_B = "HSM_B"
    SMC_KT = "SMC_KT"
    HBA_QSIG = "HBA_QSIG"
    UNKNOWN = "UNKNOWN"

    @property
    def is_practice(self) -> bool:
        """True for a practice identity (SM-B): several calls at once, session without a user."""
        return self in (CardType.SMC_B, CardType.HSM_B)

    @property
    def is_person(self) -> bool:
        """True for a doctor's card (HBAx): sessions belong to a user."""
        return self in (CardType.HBA, CardType.HBA_QSIG)


class Pin(StrEnum):
    """A PIN of a card; values as in kartenwart.api.card.v1.Pin without the prefix."""

    SMC = "SMC"
    CH = "CH"
    QES = "QES"
    MRPIN_NFD = "MRPIN_NFD"
    MRPIN_NFD_READ = "MRPIN_NFD_READ"
    MRPIN_DPE = "MRPIN_DPE"
    MRPIN_GDD = "MRPIN_GDD"
    MRPIN_OSE = "MRPIN_OSE"
    MRPIN_AMTS = "MRPIN_AMTS"
    AMTS_REP = "AMTS_REP"

    @property
    def reference(self) -> str:
        """Return the card's own name for it, e.g. "PIN.CH" or "MRPIN.NFD"."""
        return self.value.replace("_", ".", 1) if self.value.startswith("MRPIN") else f"PIN.{self.value}"

    @property
    def counter(self) -> "Pin":
        """Return the PIN whose attempts it spends: an eGK's multi-reference PINs are its PIN.CH by other names."""
        return Pin.CH if self.is_switchable else self

    @property
    def is_switchable(self) -> bool:
        """True for the multi-reference PINs of an eGK, which can be switched on and off."""
        return self.value.startswith("MRPIN")


class PinStatus(StrEnum):
    """State of a PIN in a session."""

    UNKNOWN = "UNSPECIFIED"
    VERIFIED = "VERIFIED"
    VERIFIABLE = "VERIFIABLE"
    TRANSPORT_PIN = "TRANSPORT_PIN"
    EMPTY_PIN = "EMPTY_PIN"
    BLOCKED = "BLOCKED"
    DISABLED = "DISABLED"


class CertificateReference(StrEnum):
    """A certificate of a card: C.AUT, C.ENC, C.SIG (SMC-B), C.QES (HBA)."""

    AUT = "AUT"
    ENC = "ENC"
    SIG = "SIG"
    QES = "QES"


class KeyAlgorithm(StrEnum):
    """Kind of key."""

    ECC = "ECC"
    RSA = "RSA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A configured way to reach cards: "contexts/{x}" -> (back-end, mandant, client system, workplace).

    `konnektor` names the back-end: a Konnektor, or READERS for the box's own readers, which have neither client system
    nor workplace.

    Which terminals its workplace needs may be said beside it, each by CtId, name or MAC address: `local_terminals`
    stand there, `remote_terminals` elsewhere, at `remote_pin_terminal` its remote PINs are typed. Only the check of
    the Konnektor's information model reads them. `purpose` says for people which program calls so: "pvs", "kim".
    """

    name: str
    konnektor: str
    mandant: str
    client_system: str
    workplace: str
    local_terminals: tuple[str, ...] = ()
    remote_terminals: tuple[str, ...] = ()
    remote_pin_terminal: str = ""
    purpose: str = ""

    @property
    def at_readers(self) -> bool:
        """True where it means the box's own readers, and no Konnektor."""
        return self.konnektor == READERS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceVersion:
    """One version of one service as in connector.sds."""

    service: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Konnektor:
    """A configured Konnektor ("konnektors/{k}") with the state of the link to it; `contexts` are those it serves."""

    name: str
    link_state: LinkState = LinkState.CONNECTING
    condition: Failure | None = None
    vendor: str = ""
    product: str = ""
    product_type_version: str = ""
    firmware_version: str = ""
    services: tuple[ServiceVersion, ...] = ()
    ti_state: OnlineState = OnlineState.UNKNOWN
    sis_state: OnlineState = OnlineState.UNKNOWN
    error_conditions: tuple[str, ...] = ()
    events_subscribed: bool = False
    last_confirmed: datetime | None = None
    contexts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """An eHealth terminal ("terminals/{t}"); `contexts` are those that may reach it."""

    name: str
    konnektor: str
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
class Route:
    """A way to a card: back-end (`konnektor`: a Konnektor or READERS), and its terminal or reader.

    `handle` is the back-end's name of this insertion, never shown.
    """

    konnektor: str
    terminal: str
    slot_id: int
    handle: str
    reader: str = ""

    @property
    def at_reader(self) -> bool:
        """True where it leads to one of the box's own readers."""
        return self.konnektor == READERS


@dataclass(frozen=True, slots=True, kw_only=True)
class PinState:
    """What is known of one PIN in one context (and user). attempts_left None means unknown, never 0 or 3."""

    context: str
    pin: Pin
    status: PinStatus
    attempts_left: int | None
    observed_at: datetime
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card ("cards/{c}"). `holder` of an eGK is personal data: kept only in memory, never logged.

    `contexts` are those that may reach it; `holder_contexts` those at whose workplace an eGK's holder is needed. `seal`
    is a keyed hash of an eGK's ICCSN, by which the box knows it again after another insertion; never shown. `condition`
    is what somebody should do about it in time, as of the last poll.
    """

    name: str
    type: CardType
    holder: str
    iccsn_tail: str
    inserted_at: datetime | None
    certificate_expiry: date | None
    routes: tuple[Route, ...]
    contexts: frozenset[str]
    holder_contexts: frozenset[str] = frozenset()
    pin_states: tuple[PinState, ...] = ()
    confirmed: bool = True
    seal: str = ""
    condition: Failure | None = None

    def handle(self, konnektor: str) -> str:
        """Return the handle by which a back-end knows the card; empty where it has none."""
        return next((route.handle for route in self.routes if route.konnektor == konnektor), "")

    def home(self, konnektor: str) -> str:
        """Return the terminal or reader in which a back-end sees this card, empty where it does not or tells none."""
        return next((route.terminal or route.reader for route in self.routes if route.konnektor == konnektor), "")

    def __repr__(self) -> str:
        """Say name and type only: a holder must not reach a log."""
        return f"Card(name={self.name!r}, type={self.type.value})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The whole picture, each part sorted by name; without `reader_service` the box's readers are switched off."""

    konnektors: tuple[Konnektor, ...] = ()
    terminals: tuple[Terminal, ...] = ()
    cards: tuple[Card, ...] = ()
    readers: "tuple[Reader, ...]" = ()
    reader_service: "ReaderService | None" = None

    def card(self, name: str) -> Card | None:
        """Return the card of that name, or None."""
        return next((card for card in self.cards if card.name == name), None)

    def konnektor(self, name: str) -> Konnektor | None:
        """Return the Konnektor of that name, or None."""
        return next((konnektor for konnektor in self.konnektors if konnektor.name == name), None)

    def reader(self, name: str) -> "Reader | None":
        """Return the reader of that name, or None."""
        return next((reader for reader in self.readers if reader.name == name), None)

    def contexts_of(self, card: Card, route: Route) -> frozenset[str]:
        """Return the contexts that may reach a card on this way, not those of another one."""
        known = self.reader_service if route.at_reader else self.konnektor(route.konnektor)
        return card.contexts & known.contexts if known else card.contexts

    def terminal(self, konnektor: str, ct_id: str) -> Terminal | None:
        """Return the terminal that a Konnektor calls so, or None."""
        found = (one for one in self.terminals if one.konnektor == konnektor and one.ct_id == ct_id)
        return next(found, None)

    def card_by_handle(self, konnektor: str, handle: str) -> Card | None:
        """Return the card that a Konnektor knows by this handle, or None."""
        return next((card for card in self.cards if card.handle(konnektor) == handle), None) if handle else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCertificate:
    """A certificate read from a card, DER, with its decoded facts."""

    reference: CertificateReference
    algorithm: KeyAlgorithm
    der: bytes
    issuer: str
    subject: str
    serial_number: int
    not_before: datetime
    not_after: datetime
    telematik_id: str = ""
    profession_oids: tuple[str, ...] = ()
