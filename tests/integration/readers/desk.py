"""The agent's readers over the pcscd of a test, and what they say."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from kartenwart.adapters.clock.system import SystemClock
from kartenwart.adapters.pcsc.readers import Readers
from kartenwart.domain.inventory import CardType, Context
from kartenwart.domain.ports.cards import CardCall, CardPort
from kartenwart.domain.ports.readers import ReaderCard, ReaderWatch, SeenReader, SeenReaders
from kartenwart.domain.readers import Laboratory

CONTEXT = Context(name="contexts/box", konnektor="readers", mandant="m1", client_system="", workplace="")
SECONDS = 15.0


class Desk:
    """`Readers` while the block runs, with all that they said."""

    def __init__(self, laboratory: Laboratory | None = None) -> None:
        self.readers = Readers(SystemClock(), laboratory)
        self.ports: tuple[CardPort, ReaderWatch] = (self.readers, self.readers)  # what mypy holds it to
        self.said: list[SeenReaders] = []
        self._news = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.readers.__aenter__()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.readers.__aexit__()
        assert self._listening is not None
        await asyncio.wait_for(self._listening, SECONDS)

    @property
    def now(self) -> SeenReaders:
        return self.said[-1]

    async def until(self, true: Callable[[SeenReaders], bool], within: float = SECONDS) -> SeenReaders:
        """The first picture from now on, the present one included, for which this is true."""
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(lambda: bool(self.said) and true(self.said[-1]))
        except TimeoutError:
            raise AssertionError(f"waited in vain; last: {self.said[-1:]}") from None
        return self.now

    async def reader(self, true: Callable[[SeenReader], bool], slot: int = 0, within: float = SECONDS) -> SeenReader:
        """A reader, once this is true of it; slots are counted in the order of their names."""

        def found(seen: SeenReaders) -> bool:
            return len(seen.readers) > slot and true(_sorted(seen)[slot])

        return _sorted(await self.until(found, within))[slot]

    async def card(self, slot: int = 0) -> ReaderCard:
        """The card in a slot, once it was read."""
        found = (await self.reader(lambda reader: reader.card is not None, slot)).card
        assert found is not None
        return found

    async def _listen(self) -> None:
        async for seen in self.readers.watch():
            async with self._news:
                self.said.append(seen)
                self._news.notify_all()


def call(card: ReaderCard) -> CardCall:
    return CardCall(context=CONTEXT, handle=card.handle, card_type=card.type)


def known(card_type: CardType) -> Callable[[SeenReader], bool]:
    return lambda reader: reader.card is not None and reader.card.type is card_type


def own_descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def reader_threads() -> list[str]:
    """The threads of the adapter that live."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("pcsc-")]


def _sorted(seen: SeenReaders) -> list[SeenReader]:
    return sorted(seen.readers, key=lambda reader: reader.label)


class Sent:
    """Counts how often a verb was about to be sent; it may do something then."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.times = 0
        self._then = then

    async def __call__(self) -> None:
        self.times += 1
        self._then()
