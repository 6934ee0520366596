"""What was read of patients' cards: in memory only, once per insertion and mandant, and gone with the card.

Personal data: nothing here has a repr, and nothing of it is written anywhere. Two mandants on the same premises read
for themselves: a proof is made in the name of one practice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Inventory, LinkState
from kartenwart.domain.patients import Reading
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.inventory import InventoryKeeper

Place = tuple[str, str]  # a Konnektor, and the handle by which it knows the card for this insertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """One insertion of a card, for one mandant."""

    konnektor: str
    handle: str
    mandant: str

    @property
    def place(self) -> Place:
        """Return what ends with the card's removal."""
        return self.konnektor, self.handle


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Kept:
    task: asyncio.Task[Reading]
    checked: bool
    authority: str


class Insertions:
    """Readings by insertion; who asks while one is under way gets its result."""

    def __init__(self, keeper: InventoryKeeper) -> None:
        self._keeper = keeper
        self._kept: dict[Insertion, _Kept] = {}
        self._tasks: set[asyncio.Task[Reading]] = set()
        keeper.always_listening(self._hear)

    def __len__(self) -> int:
        return len(self._kept)

    async def shared(
        self, insertion: Insertion, *, checked: bool, authority: str = "", read: Callable[[], Awaitable[Reading]]
    ) -> Reading:
        """Return the reading of this insertion, made now where there is none; `checked`: with an online check.

        A reading goes on when its callers leave. One without a check does not serve who wants one, and one that failed
        in the name of another card (`authority`) serves nobody else: it may be just that card that is locked.
        """
        while (kept := self._kept.get(insertion)) is not None and (kept.checked or not checked):
            reading = replace(await asyncio.shield(kept.task), shared=True)
            if kept.authority == authority or _lasting(reading):
                return reading
        task = asyncio.create_task(self._carried(insertion, read))
        self._kept[insertion] = _Kept(task=task, checked=checked, authority=authority)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def run(self) -> None:
        """Drop what belongs to cards that are gone, with each change of the picture; never ends by itself."""
        async with self._keeper.watch() as watcher:
            async for picture in watcher:
                self._drop_all_but(_places(picture.inventory))

    async def close(self) -> None:
        """Forget everything, and let no reading go on."""
        self._kept.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carried(self, insertion: Insertion, read: Callable[[], Awaitable[Reading]]) -> Reading:
        lasting = False
        try:
            reading = await read()
            lasting = _lasting(reading) and insertion.place in _places(self._keeper.picture.inventory)
            return reading
        finally:
            kept = self._kept.get(insertion)
            if not lasting and kept is not None and kept.task is asyncio.current_task():
                del self._kept[insertion]

    def _done(self, task: asyncio.Task[Reading]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits gets it; nobody may have waited

    def _drop_all_but(self, places: Collection[Place]) -> None:
        self._kept = {one: kept for one, kept in self._kept.items() if one.place in places}

    def _hear(self, notice: Notice) -> None:
        """Drop at once what an event says was pulled, and everything of a Konnektor that booted."""
        if notice.type is NoticeType.CARD_REMOVED:
            gone = (notice.konnektor, notice.handle)
            self._kept = {one: kept for one, kept in self._kept.items() if one.place != gone}
        elif notice.type is NoticeType.BOOTED:
            self._kept = {one: kept for one, kept in self._kept.items() if one.konnektor != notice.konnektor}


def _lasting(reading: Reading) -> bool:
    """True for what a second reading would not tell better."""
    return reading.failure is None or reading.failure.reason is Reason.CARD_INVALID


def _places(inventory: Inventory) -> frozenset[Place]:
    """Return which cards are there; of a Konnektor that cannot be asked nobody knows whether they still are."""
    down = {one.name for one in inventory.konnektors if one.link_state is LinkState.DOWN}
    routes = (route for card in inventory.cards for route in card.routes)
    return frozenset((route.konnektor, route.handle) for route in routes if route.konnektor not in down)
