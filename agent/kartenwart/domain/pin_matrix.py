"""Where PINs stand and where they would be typed: one cell per card, context and PIN."""

from dataclasses import dataclass
from enum import StrEnum

from kartenwart.domain.failures import Failure
from kartenwart.domain.inventory import Pin, PinState


class PadCertainty(StrEnum):
    """How well it is known where a PIN would be asked for; names as in kartenwart.api.pin.v1.PadCertainty."""

    SURE = "SURE"
    EXPECTED = "EXPECTED"
    NOWHERE = "NOWHERE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinPad:
    """Where a PIN would be asked for: a terminal by name and label, or why at none."""

    certainty: PadCertainty
    terminal: str = ""
    terminal_label: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinCell:
    """A PIN of a card in a context: its state, or why the Konnektor did not tell it."""

    card: str
    context: str
    pin: Pin
    pad: PinPad
    user: str = ""
    state: PinState | None = None
    failure: Failure | None = None
