"""What the Konnektor says about a PIN, and who must type it where: rules without waiting."""

from dataclasses import dataclass
from typing import Literal

from firmware_sim.world.card import PINS_OF, Card, Comparison, Pin, PinState
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.context import Context
from firmware_sim.world.device import Device, SeenCard
from firmware_sim.world.sessions import CardSession

PinStatus = Literal["VERIFIED", "TRANSPORT_PIN", "EMPTY_PIN", "BLOCKED", "VERIFIABLE", "DISABLED"]
PinResult = Literal["OK", "REJECTED", "ERROR", "WASBLOCKED", "NOWBLOCKED", "TRANSPORT_PIN"]

RESULT_OF: dict[Comparison, PinResult] = {
    Comparison.RIGHT: "OK",
    Comparison.WRONG: "REJECTED",
    Comparison.NOW_BLOCKED: "NOWBLOCKED",
    Comparison.WAS_BLOCKED: "WASBLOCKED",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PinReport:
    """GetPinStatus: `left_tries` is None when the card told none."""

    status: PinStatus
    left_tries: int | None = None


def pin_of(card: Card, reference: str) -> Pin:
    """The PIN by reference. Raises 4072 when this kind of card or this card has none of that name."""
    if reference not in PINS_OF[card.kind] or reference not in card.pins:
        raise KonnektorError(4072)
    return card.pins[reference]


def report(device: Device, session: CardSession, card: Card, reference: str) -> PinReport:
    """The state of a PIN in one session (TUC_KON_022).

    A number of attempts stands only where a card would answer 63Cx: not when the PIN is verified in another session.
    """
    pin = pin_of(card, reference)
    if reference in session.verified or card.unlocked:
        return PinReport(status="VERIFIED")
    if pin.state is PinState.SET:
        return PinReport(status="VERIFIABLE", left_tries=_told(device, session, pin, reference))
    if pin.state is PinState.BLOCKED:
        never = device.configuration.behaviour.left_tries == "never"
        return PinReport(status="BLOCKED", left_tries=None if never else 0)
    named: dict[PinState, PinStatus] = {
        PinState.TRANSPORT: "TRANSPORT_PIN",
        PinState.EMPTY: "EMPTY_PIN",
        PinState.DISABLED: "DISABLED",
    }
    return PinReport(status=named[pin.state])


def _told(device: Device, session: CardSession, pin: Pin, reference: str) -> int | None:
    elsewhere = any(reference in other.verified for other in device.sessions.of_card(session.key.handle))
    if elsewhere or device.configuration.behaviour.left_tries == "never":
        return None
    return pin.attempts_left


def left_tries(device: Device, pin: Pin) -> int | None:
    """The number that goes with REJECTED, None where this Konnektor never tells."""
    return None if device.configuration.behaviour.left_tries == "never" else pin.attempts_left


def input_terminal(device: Device, context: Context, seen: SeenCard) -> str:
    """Where the PIN is typed: at the card's own terminal when it is local, else at the workplace's remote-PIN terminal.

    Raises 4092 when none is defined for (workplace, mandant), 4222 when the terminal is not connected.
    """
    terminal: str | None = seen.terminal
    if not device.model.is_local(seen.terminal, context.workplace):
        terminal = device.model.remote_pin_terminal(context.mandant, context.workplace)
    if terminal is None:
        raise KonnektorError(4092)
    if terminal not in device.connected:
        raise KonnektorError(4222)
    return terminal
