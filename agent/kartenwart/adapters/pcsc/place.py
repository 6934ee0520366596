"""One reader as the event loop sees it: its thread, and what was read of the card in it."""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial

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
        self._pad = False
        self._busy = False
        self._condition: Failure | None = None
        self._reading: asyncio.Task[None] | None = None

    def take(self, status: SlotStatus) -> None:
        """Take over what pcscd says; a card that is new is read."""
        before, self._status = self._status, status
        if before is None or (before.count, before.present) != (status.count, status.present):
            self.insertion = status.count
            self.card, self._condition, self._busy = None, None, False
            self.thread.tell(Slot.forget)
        if self._reading is None and (self._wants_reading or not self._described):
            self._reading = asyncio.create_task(self._read())

    def seen(self) -> SeenReader:
        """Return how it stands."""
        return SeenReader(label=self._label, slot=self._slot, pad=self._pad, card=self.card, condition=self._condition)

    def leave(self) -> None:
        """End: the reader is gone."""
        if self._reading is not None:
            self._reading.cancel()
        self.thread.close()

    @property
    def pad(self) -> bool:
        """True where a PIN can be typed at it."""
        return self._pad

    @property
    def _slot(self) -> SlotState:
        status = self._status
        if status is None:
            return SlotState.UNKNOWN
        if not status.present:
            return SlotState.EMPTY
        if status.mute:
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
            and self._condition is None
        )

    async def _read(self) -> None:
        """Ask reader and card until nothing more is wanted; a card that came meanwhile counts from the beginning."""
        try:
            tried, failed = self.insertion, 0
            while self._wants_reading or not self._described:
                if tried != self.insertion:
                    tried, failed = self.insertion, 0
                try:
                    await self._ask(tried)
                except WorldError as error:
                    failed += 1
                    self._note(error.failure, tried, final=failed >= _TRIES)
                    self._changed()
                    await asyncio.sleep(_PAUSES_SECONDS[min(failed, len(_PAUSES_SECONDS)) - 1])
                self._changed()
        finally:
            self._reading = None

    async def _ask(self, insertion: int) -> None:
        if not self._described:
            abilities = await self.thread.run(Slot.describe, READ_SECONDS)
            self._described, self._pad = True, abilities.pad
        if self._wants_reading:
            facts = await self.thread.run(partial(read_facts, insertion=insertion), READ_SECONDS)
            if insertion == self.insertion:
                self._busy = False
                self.card = self._card(facts)

    def _note(self, failure: Failure, insertion: int, *, final: bool) -> None:
        """Keep why a card was not read; one that another program uses is asked again until it is free."""
        if insertion != self.insertion or failure.reason is Reason.CARD_REMOVED:
            return
        self._busy = failure.reason is Reason.CARD_BUSY
        if final and not self._busy:
            self._condition = failure
            self._described = True

    def _card(self, facts: Facts) -> ReaderCard:
        return ReaderCard(
            handle=secrets.token_hex(8),
            type=facts.type,
            iccsn=facts.iccsn,
            inserted_at=self._clock.now(),
            certificate_expiry=facts.certificate_expiry,
        )
