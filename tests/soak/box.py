"""The agent's readers, in this process, and what goes on at them in one round."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from kartenwart.adapters.clock.system import SystemClock
from kartenwart.adapters.pcsc.readers import Readers
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType, Context, Pin, PinStatus
from kartenwart.domain.ports.cards import CardCall
from kartenwart.domain.ports.readers import ReaderCard, SeenReaders
from kartenwart.domain.readers import SlotState
from tests.soak.world import READERS, World

_CONTEXT = Context(name="contexts/box", konnektor="readers", mandant="m1", client_system="", workplace="")
_SECONDS = 30.0


class Box:
    """`Readers` while the block runs; only the newest picture is kept."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._readers = Readers(SystemClock())
        self._now: SeenReaders | None = None
        self._news = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None
        self._handles: set[str] = set()

    async def __aenter__(self) -> Self:
        await self._readers.__aenter__()
        self._listening = asyncio.create_task(self._listen())
        await self._until(_empty)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._readers.__aexit__()
        if self._listening is not None:
            await asyncio.wait_for(self._listening, _SECONDS)

    async def insertions(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """A card comes to each reader, is told and read, and goes; something may happen while all are in."""
        await self._world.do("insert")
        await self._cards()
        if meanwhile is not None:
            await meanwhile()
        await self._world.do("pull")
        await self._until(_empty)

    async def restart(self) -> None:
        """pcscd is killed and comes back, the cards still in."""
        await self._world.do("kill")
        await self._until(_down)
        await self._world.do("start")
        await self._cards()

    async def replug(self) -> None:
        """All readers are pulled out and put in again, the cards still in; pcscd keeps the names of reader.conf."""
        await self._world.do("unplug")
        await self._until(_empty)
        await self._world.do("plug")
        await self._cards()

    async def _cards(self) -> None:
        """Wait for cards that are new, one in each reader, and ask them for their PINs."""
        seen = await self._until(lambda seen: len(_cards_in(seen)) == READERS)
        cards = _cards_in(seen)
        new = {card.handle for card in cards}
        if len(new) < READERS or new & self._handles:
            raise RuntimeError("a card is told as one that was there before")
        self._handles = new
        await asyncio.gather(*(self._ask(card) for card in cards))

    async def _ask(self, card: ReaderCard) -> None:
        if card.type is not CardType.SMC_B:
            raise RuntimeError(f"an SMC-B is told as {card.type}")
        call = CardCall(context=_CONTEXT, handle=card.handle, card_type=card.type)
        reading = await self._readers.pin_status(call, Pin.SMC)
        if reading.status is not PinStatus.VERIFIABLE:
            raise RuntimeError(f"a PIN is {reading.status} in a card that was just put in")

    async def _until(self, true: Callable[[SeenReaders], bool]) -> SeenReaders:
        try:
            async with asyncio.timeout(_SECONDS), self._news:
                await self._news.wait_for(lambda: self._now is not None and true(self._now))
        except TimeoutError:
            raise RuntimeError(f"waited in vain; last: {self._now}") from None
        assert self._now is not None
        return self._now

    async def _listen(self) -> None:
        async for seen in self._readers.watch():
            async with self._news:
                self._now = seen
                self._news.notify_all()


def _cards_in(seen: SeenReaders) -> list[ReaderCard]:
    return [reader.card for reader in seen.readers if reader.card is not None]


def _empty(seen: SeenReaders) -> bool:
    return len(seen.readers) == READERS and all(reader.slot is SlotState.EMPTY for reader in seen.readers)


def _down(seen: SeenReaders) -> bool:
    return seen.condition is not None and seen.condition.reason is Reason.READER_SERVICE_DOWN and not seen.readers
