"""A card and its PINs: the only place where a typed PIN is compared and an attempt is spent."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from firmware_sim.world.configuration import CardConfiguration, CardKind, PinConfiguration
from firmware_sim.world.patient import OnlineOutcome

PINS_OF: dict[CardKind, tuple[str, ...]] = {
    "smcb": ("PIN.SMC",),
    "hsmb": ("PIN.SMC",),
    "hba": ("PIN.CH", "PIN.QES"),
    "egk": (
        "PIN.CH",
        "MRPIN.NFD",
        "MRPIN.NFD_READ",
        "MRPIN.DPE",
        "MRPIN.GDD",
        "MRPIN.OSE",
        "MRPIN.AMTS",
        "PIN.AMTS_REP",
    ),
    "kvk": (),
    "gsmckt": (),
    "unknown": (),
}
CARD_TYPE: dict[CardKind, str] = {
    "smcb": "SMC-B",
    "hsmb": "HSM-B",
    "hba": "HBA",
    "egk": "EGK",
    "kvk": "KVK",
    "gsmckt": "SMC-KT",
    "unknown": "UNKNOWN",
}
PIN_LENGTH = range(6, 9)


class PinState(Enum):
    """What the card itself knows of a PIN, apart from who verified it."""

    SET = "set"
    TRANSPORT = "transport"
    EMPTY = "empty"
    BLOCKED = "blocked"
    DISABLED = "disabled"


class Comparison(Enum):
    """The card's answer to a PIN or PUK that somebody typed."""

    RIGHT = "right"
    WRONG = "wrong"
    NOW_BLOCKED = "now_blocked"
    WAS_BLOCKED = "was_blocked"


class Secret:
    """What a person must know, with its retry counters. An eGK's multi-reference PINs share that of its PIN.CH."""

    def __init__(self, configuration: PinConfiguration) -> None:
        self.pin = configuration.pin
        self.puk = configuration.puk
        self.attempts = configuration.attempts
        self.attempts_left = 0 if configuration.state == "blocked" else configuration.attempts
        self.puk_attempts_left = configuration.puk_attempts


class Pin:
    """One PIN with its retry counter. A wrong entry takes one attempt, a right one restores all."""

    def __init__(self, configuration: PinConfiguration, secret: Secret | None = None) -> None:
        self.secret = secret or Secret(configuration)
        self._start = configuration.state

    @property
    def attempts_left(self) -> int:
        return self.secret.attempts_left

    @property
    def puk_attempts_left(self) -> int:
        return self.secret.puk_attempts_left

    @property
    def state(self) -> PinState:
        if self.attempts_left == 0:
            return PinState.BLOCKED
        return PinState(self._start) if self._start != "blocked" else PinState.SET

    @property
    def never_set(self) -> PinState | None:
        """TRANSPORT or EMPTY while nobody has chosen a PIN of their own, also when it is blocked; else None."""
        return PinState(self._start) if self._start in ("transport", "empty") else None

    @property
    def disabled(self) -> bool:
        """True while nobody needs this PIN, whether its secret is blocked or not."""
        return self._start == "disabled"

    @property
    def right_pin(self) -> str:
        """The secret, for scripted pads that play a person who knows it."""
        return self.secret.pin

    @property
    def right_puk(self) -> str:
        """The PUK, for the same purpose."""
        return self.secret.puk

    def compare(self, typed: str) -> Comparison:
        """Compare as the card's VERIFY does; this alone spends an attempt."""
        if self.attempts_left == 0:
            return Comparison.WAS_BLOCKED
        if typed == self.secret.pin:
            self.secret.attempts_left = self.secret.attempts
            return Comparison.RIGHT
        self.secret.attempts_left -= 1
        return Comparison.WRONG if self.attempts_left else Comparison.NOW_BLOCKED

    def change(self, new: str) -> None:
        """Set a new secret after the old one was compared; ends the transport state."""
        self.secret.pin, self.secret.attempts_left, self._start = new, self.secret.attempts, "set"

    def enable(self, wanted: bool) -> None:
        """Switch the need for this PIN on or off (multi-reference PINs of the eGK)."""
        self._start = "set" if wanted else "disabled"

    def unblock(self, puk: str, new: str | None) -> Comparison:
        """Compare a PUK; a right one restores the attempts. Every use, right or wrong, costs one of the PUK's tries."""
        if self.puk_attempts_left == 0:
            return Comparison.WAS_BLOCKED
        self.secret.puk_attempts_left -= 1
        if puk != self.secret.puk:
            return Comparison.WRONG if self.puk_attempts_left else Comparison.NOW_BLOCKED
        self.secret.attempts_left = self.secret.attempts
        if self._start == "blocked":
            self._start = "set"
        if new is not None:
            self.change(new)
        return Comparison.RIGHT


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The proof of an online check as it stands on an eGK: only the card that wrote it can read it."""

    reader: str
    data: bytes = field(repr=False)


class Card:
    """A card with its PINs, wherever it is; it keeps its counters when it is pulled.

    `expires` is the last day of its certificates, None when it has none. An HSM-B in a data centre is `unlocked` there,
    by its operator, for every session.
    """

    def __init__(self, configuration: CardConfiguration, expires: date | None = None) -> None:
        self.configuration = configuration
        self.expires = expires
        self.unlocked = False
        self.receipt: Receipt | None = None
        self.updated_at: datetime | None = None
        self.next_online: OnlineOutcome = configuration.patient.online
        self.street = configuration.patient.street
        self.pins = _pins(configuration)

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def kind(self) -> CardKind:
        return self.configuration.kind

    @property
    def card_type(self) -> str:
        """The Konnektor's word for this kind of card."""
        return CARD_TYPE[self.configuration.kind]

    def update(self, now: datetime) -> None:
        """The insurer's data reach an eGK; the next check finds nothing new."""
        self.street = self.configuration.patient.moves_to or self.street
        self.updated_at, self.next_online = now, "no_update"


def _pins(configuration: CardConfiguration) -> dict[str, Pin]:
    """A card's PINs by reference; on an eGK all MRPIN point to the secret of PIN.CH."""
    pins = {pin.reference: Pin(pin) for pin in configuration.pins}
    if configuration.kind != "egk" or "PIN.CH" not in pins:
        return pins
    shared = pins["PIN.CH"].secret
    return pins | {pin.reference: Pin(pin, shared) for pin in configuration.pins if pin.reference.startswith("MRPIN.")}
