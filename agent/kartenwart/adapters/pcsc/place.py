"""One reader as the event loop sees it: its thread, and what was read of the card in it."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from kartenwart.adapters.pcsc.pad import Abilities
from kartenwart.adapters.pcsc.pcscd import SlotStatus
from kartenwart.adapters.pcsc.reader_thread import ReaderThread
from kartenwart.adapters.pcsc.reading import Facts, read_facts
from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.ports.readers import ReaderCard, SeenReader
from kartenwart.domain.readers import SlotState

READ_SECONDS = 20.0
_PAUSES_SECONDS = (0.3, 1.0, 3.0, 10.0)  # between readings that fail; the last one for as long as it takes
_TRIES = 3  # then a reading stands as failed until the card goes


class Place:
    """A reader from its coming to its going. `changed` is called, in the loop, when `seen` may say something else."""

    def __init__(self, label: str, clock: Clock, changed: Callable[[], None]) -> None:
        self.thread = ReaderThread(label)
        self.insertion = -1
        self.card: ReaderCard | None = None
        self._label = label
        self._clock = clock
        self._changed = changed
        self._status: SlotStatus | None = None
        self._described = False
        self._abilities = Abilities()
        self._busy = False
        self._given_up = False
        self._mute = False
        self._doubted: ReaderCard | None = None
        self._condition: Failure | None = None
        self._wake = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    def take(self, status: SlotStatus) -> None:
        """Take over what pcscd says; a card that is new is read."""
        before, self._status = self._status, status
        if before is None or before.exclusive != status.exclusive:
            self._wake.set()  # not by every change: our own connecting is one
        if before is None or (before.count, before.present) != (status.count, status.present):
            self._wake.set()
            self.insertion = status.count
            self.card = self._doubted = self._condition = None
            self._busy = self._given_up = self._mute = False
            self.thread.tell(Slot.forget)
        self._begin_reading()

    def doubt(self) -> None:
        """Read the card anew: pcscd has not seen it go, and yet it did not answer as the card that was read."""
        if self.card is not None:
            self._doubted, self.card = self.card, None
            self.thread.tell(Slot.forget)
            self._begin_reading()
            self._changed()

    def seen(self) -> SeenReader:
        """Return how it stands."""
        return SeenReader(
            label=self._label,
            slot=self._slot,
            pad=self.pad,
            card=self.card,
            condition=self._condition,
            channel=self._abilities.usb,
        )

    def leave(self) -> None:
        """End: the reader is gone."""
        if self._reading is not None:
            self._reading.cancel()
        self.thread.close()

    @property
    def pad(self) -> bool:
        """True where a PIN can be typed at it."""
        return self._abilities.pad

    @property
    def _slot(self) -> SlotState:
        status = self._status
        if status is None:
            return SlotState.UNKNOWN
        if not status.present:
            return SlotState.EMPTY
        if status.mute or self._mute:
            return SlotState.MUTE
        return SlotState.IN_USE if status.exclusive or self._busy else SlotState.PRESENT

    @property
    def _wants_reading(self) -> bool:
        status = self._status
        return (
            status is not None
            and status.present
            and not (status.mute or status.exclusive)
            and self.card is None
            and not self._given_up
        )

    def _begin_reading(self) -> None:
        if self._reading is None and (self._wants_reading or not self._described):
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """Ask reader and card until nothing more is wanted; a card that came meanwhile counts from the beginning."""
        try:
            asked, failed = self.insertion, 0
            while self._wants_reading or not self._described:
                if asked != self.insertion:
                    asked, failed = self.insertion, 0
                self._wake.clear()
                try:
                    await self._ask(asked)
                except WorldError as error:
                    failed += 1
                    self._note(error, asked, final=failed >= _TRIES)
                    self._changed()
                    await self._pause(_PAUSES_SECONDS[min(failed, len(_PAUSES_SECONDS)) - 1])
            self._changed()
        finally:
            self._reading = None

    async def _pause(self, seconds: float) -> None:
        """Wait, or until something happens in the slot."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _ask(self, insertion: int) -> None:
        if not self._described:
            self._abilities = await self.thread.run(Slot.describe, READ_SECONDS)
            self._described = True
        if self._wants_reading:
            facts = await self.thread.run(partial(read_facts, insertion=insertion), READ_SECONDS)
            if insertion == self.insertion:
                self._busy, self._condition = False, None
                self.card = self._known_or_new(facts)

    def _note(self, error: WorldError, insertion: int, *, final: bool) -> None:
        """Keep why a card was not read: one that garbles is left alone then, all else is asked again now and then."""
        self._described |= final
        if insertion != self.insertion:
            return
        reason = error.failure.reason
        self._busy = reason is Reason.CARD_BUSY
        if final and not self._busy:
            self._condition = error.failure
            self._given_up = reason is Reason.CARD_FAULT
            self._mute = self._given_up and not error.sent  # it did not even answer to power

    def _known_or_new(self, facts: Facts) -> ReaderCard:
        doubted, self._doubted = self._doubted, None
        if doubted is not None and facts.iccsn and (doubted.type, doubted.iccsn) == (facts.type, facts.iccsn):
            return doubted
        return self._card(facts)

    def _card(self, facts: Facts) -> ReaderCard:
        return ReaderCard(
            handle=secrets.token_hex(8),
            type=facts.type,
            iccsn=facts.iccsn,
            inserted_at=self._clock.now(),
            certificate_expiry=facts.certificate_expiry,
        )
