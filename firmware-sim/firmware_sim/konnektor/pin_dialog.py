"""Asking a person for a PIN at a pad: who may be asked, what the display says, what the answer means."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from firmware_sim.konnektor.call import Surroundings
from firmware_sim.pads.pad import Ended, Entry, PadBusyError, Prompt, Typed
from firmware_sim.world.card import Comparison, Pin, PinState
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard, card_event
from firmware_sim.world.events import pin_event
from firmware_sim.world.pins import RESULT_OF

CODE_OF = {
    Ended.CANCELLED: 4049,
    Ended.TIMED_OUT: 4043,
    Ended.CARD_REMOVED: 4045,
    Ended.TERMINAL_LOST: 4044,
}
_REFUSED = {Comparison.WRONG: 4276, Comparison.NOW_BLOCKED: 4275, Comparison.WAS_BLOCKED: 4063}
_CLOSED = {PinState.BLOCKED: 4063, PinState.TRANSPORT: 4065, PinState.EMPTY: 4065}
_TEXTS = {
    "PIN.SMC": "PIN der SMC-B eingeben",
    "PIN.CH": "Freigabe-PIN eingeben",
    "PIN.QES": "Signatur-PIN eingeben",
}
_STAGES = {"old": "Alte PIN: ", "new": "Neue PIN: ", "repeat": "Neue PIN wiederholen: ", "puk": "PUK: ", "pin": ""}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One PIN to be asked: of which card, at which pad, with which job number on the display."""

    seen: SeenCard
    reference: str
    pin: Pin = field(repr=False)
    pad: str
    job_number: str = ""


class PinDialog:
    """Dialogs at the pads of one Konnektor."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    @asynccontextmanager
    async def reserved(self, seen: SeenCard) -> AsyncIterator[None]:
        """Hold a card for one caller. Raises 4093 when another one has it."""
        reserved = self._around.device.reserved
        if seen.handle in reserved:
            raise KonnektorError(4093)
        reserved.add(seen.handle)
        try:
            yield
        finally:
            reserved.discard(seen.handle)

    async def verify(self, asked: Asked) -> Comparison | Ended:
        """Ask once and let the card compare. Raises 4060 when the pad is busy."""
        self._announce("CARD/PIN/VERIFY_STARTED", asked)
        result = "ERROR"
        try:
            entry = await self.ask(asked, "pin", asked.pin.right_pin)
            if isinstance(entry, Ended):
                return entry
            comparison = self.compare(asked, entry)
            result = RESULT_OF[comparison]
            return comparison
        finally:
            self._announce("CARD/PIN/VERIFY_FINISHED", asked, result)

    async def require_right(self, asked: Asked) -> None:
        """Ask once. Raises `KonnektorError` unless the right PIN was typed; nobody is asked for a closed one."""
        if asked.pin.state in _CLOSED:
            raise KonnektorError(_CLOSED[asked.pin.state])
        outcome = await self.verify(asked)
        if not isinstance(outcome, Comparison):
            raise KonnektorError(CODE_OF[outcome])
        if outcome is not Comparison.RIGHT:
            raise KonnektorError(_REFUSED[outcome])

    async def ask(self, asked: Asked, stage: str, right: str) -> Entry:
        """Show one prompt. Raises 4060 when somebody is asked at this pad already."""
        pad = self._around.pads[asked.pad]
        card = asked.seen.card
        prompt = Prompt(
            card=card.name,
            handle=asked.seen.handle,
            pin=asked.reference,
            text=_text(asked, stage),
            stage=stage,
            job_number=asked.job_number,
            right=right,
        )
        if pad.prompt is not None:
            raise KonnektorError(4060, "the pad asks somebody already")
        self._around.practice.counts.cards[card.name].pin_prompts += 1
        try:
            return await pad.ask(prompt, self._around.device.configuration.behaviour.pin_entry_seconds)
        except PadBusyError as error:
            raise KonnektorError(4060, "the pad asks somebody already") from error

    def compare(self, asked: Asked, entry: Typed) -> Comparison:
        """The card compares what was typed; the simulator counts it."""
        comparison = asked.pin.compare(entry.pin)
        counts = self._around.practice.counts.cards[asked.seen.card.name]
        if comparison is Comparison.RIGHT:
            counts.pin_tries_right += 1
        elif comparison is not Comparison.WAS_BLOCKED:
            counts.pin_tries_wrong += 1
        self._around.pads[asked.pad].show_result("PIN korrekt" if comparison is Comparison.RIGHT else "PIN falsch")
        return comparison

    @contextmanager
    def announced(self, act: str, asked: Asked) -> Iterator[None]:
        """CARD/PIN/..._STARTED and ..._FINISHED around CHANGE, ENABLE or DISABLE."""
        self._announce(f"CARD/PIN/{act}_STARTED", asked)
        try:
            yield
        finally:
            self._announce(f"CARD/PIN/{act}_FINISHED", asked)

    def _announce(self, topic: str, asked: Asked, result: str = "") -> None:
        about = card_event(topic, asked.seen)
        self._around.device.announce(pin_event(topic, about, pin=asked.reference, pad=asked.pad, result=result))


def _text(asked: Asked, stage: str) -> str:
    words = _STAGES[stage] + _TEXTS.get(asked.reference, f"{asked.reference} eingeben")
    return f"{words}  # {asked.job_number}" if asked.job_number else words
