import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import LinkState, Pin, PinStatus
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.ports.observations import Notice, NoticeType, Observation
from kartenwart.operations.link import KonnektorLink
from kartenwart.operations.readiness import Readiness
from tests.unit.operations.practice import DESK, EGK, HBA, K1, OURS, SMCB, PlayedKonnektor, Practice, named, observation

REMOVED = Notice(type=NoticeType.CARD_REMOVED, konnektor=K1, handle=SMCB.handle, ct_id="ct-1")


@dataclass
class LinkedKonnektor(PlayedKonnektor):
    """A Konnektor whose polls may be slow or fail and that tells notices when the test says so."""

    trouble: BaseException | None = None
    untold: BaseException | None = None
    polls: int = 0
    finished: int = 0
    subscribed: int = 0
    notices_broken: int = 0
    queue: asyncio.Queue[Notice] = field(default_factory=asyncio.Queue)
    polling: asyncio.Event = field(default_factory=asyncio.Event)

    async def subscribe(self) -> None:
        self.subscribed += 1
        if self.untold is not None:
            raise self.untold

    async def observe(self) -> Observation:
        self.polls += 1
        found = self.found
        await asyncio.sleep(0.002)
        await self.polling.wait()
        if self.trouble is not None:
            raise self.trouble
        self.finished += 1
        return found

    async def notices(self) -> AsyncIterator[Notice]:
        if self.notices_broken:
            self.notices_broken -= 1
            raise RuntimeError("defect")
        while True:
            yield await self.queue.get()


@asynccontextmanager
async def linked(practice: Practice, konnektor: LinkedKonnektor, readiness: bool = False) -> AsyncIterator[None]:
    practice.cards._konnektors = {K1: konnektor}
    looks = Readiness(
        konnektor=K1, keeper=practice.keeper, cards=practice.cards, memory=practice.memory, clock=practice.clock
    )
    link = KonnektorLink(
        port=konnektor,
        keeper=practice.keeper,
        interval=30,
        first_pause=0.01,
        breath=0.001,
        after_poll=looks.look if readiness else None,
        report=practice.report,
    )
    konnektor.polling.set()
    task = asyncio.create_task(link.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


async def reaches(practice: Practice, state: LinkState) -> None:
    async with asyncio.timeout(5), practice.keeper.watch() as watcher:
        async for picture in watcher:
            if picture.inventory.konnektors[0].link_state is state:
                return


async def polled(konnektor: LinkedKonnektor, times: int) -> None:
    async with asyncio.timeout(5):
        while konnektor.polls < times:
            await asyncio.sleep(0.001)


async def test_a_notice_is_confirmed_by_a_poll_at_once(practice: Practice) -> None:
    konnektor = LinkedKonnektor(found=observation(SMCB, HBA))
    async with linked(practice, konnektor):
        await polled(konnektor, 1)
        konnektor.found = observation(HBA)
        await konnektor.queue.put(REMOVED)
        await polled(konnektor, 2)
        assert practice.keeper.picture.inventory.card(named(SMCB)) is None


async def test_a_poll_during_which_something_was_told_is_discarded_and_run_again(practice: Practice) -> None:
    konnektor = LinkedKonnektor(found=observation(SMCB, HBA))
    async with linked(practice, konnektor):
        await polled(konnektor, 1)
        while not konnektor.finished:
            await asyncio.sleep(0.001)
        konnektor.polling.clear()
        await konnektor.queue.put(REMOVED)  # wakes the link; this poll still sees the card
        await polled(konnektor, 2)
        await konnektor.queue.put(REMOVED)
        konnektor.found = observation(HBA)
        seen: list[bool] = []

        async def look() -> None:
            async with practice.keeper.watch() as watcher:
                async for picture in watcher:
                    seen.append(picture.inventory.card(named(SMCB)) is not None)  # noqa: PERF401 - it never ends

        looking = asyncio.create_task(look())
        await asyncio.sleep(0.01)
        konnektor.polling.set()
        await polled(konnektor, 3)
        await asyncio.sleep(0.02)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        assert seen
        assert not any(seen)


async def test_a_flood_of_notices_cannot_keep_polls_from_counting(practice: Practice) -> None:
    konnektor = LinkedKonnektor(found=observation(HBA))

    async def flood() -> None:
        while True:
            konnektor.queue.put_nowait(REMOVED)
            await asyncio.sleep(0)

    async with linked(practice, konnektor):
        flooding = asyncio.create_task(flood())
        async with asyncio.timeout(5):
            while practice.keeper.picture.inventory.card(named(EGK)) is not None:
                await asyncio.sleep(0.001)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)


async def test_a_poll_that_only_some_contexts_took_before_an_insertion_is_not_believed(practice: Practice) -> None:
    """Nothing is told of the card that was put in meanwhile: its event is late, or lost."""
    again = replace(HBA, handle="h-again")
    torn = observation(SMCB, replace(again, contexts=frozenset({DESK})), EGK)
    konnektor, shown = LinkedKonnektor(found=torn), []

    async def look() -> None:
        async with practice.keeper.watch() as watcher:
            async for picture in watcher:
                card = picture.inventory.card(named(HBA))
                shown.append((card.handle(K1), card.contexts) if card else None)

    looking = asyncio.create_task(look())
    async with linked(practice, konnektor):
        await polled(konnektor, 1)
        konnektor.found = observation(SMCB, again, EGK)
        await polled(konnektor, 3)
        await asyncio.sleep(0.02)
        assert konnektor.polls == 3  # the third agreed with the second
        konnektor.found = observation(SMCB, EGK)
        await konnektor.queue.put(replace(REMOVED, handle="h-again"))
        await polled(konnektor, 4)
        await asyncio.sleep(0.02)
        assert konnektor.polls == 4  # what was told is expected
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert shown == [(HBA.handle, OURS), ("h-again", OURS), None]


async def test_a_failed_poll_says_why_and_is_tried_again(practice: Practice) -> None:
    konnektor = LinkedKonnektor(trouble=WorldError(failure(Reason.KONNEKTOR_SILENT), sent=False))
    async with linked(practice, konnektor):
        await reaches(practice, LinkState.DOWN)
        assert practice.keeper.picture.inventory.konnektors[0].condition == failure(Reason.KONNEKTOR_SILENT)
        konnektor.trouble = None
        await reaches(practice, LinkState.UP)


async def test_a_defect_ends_neither_polls_nor_notices(practice: Practice) -> None:
    konnektor = LinkedKonnektor(trouble=ZeroDivisionError(), notices_broken=1)
    async with linked(practice, konnektor):
        await reaches(practice, LinkState.DOWN)
        konnektor.trouble = None
        await reaches(practice, LinkState.UP)
        konnektor.found = observation(HBA)
        await konnektor.queue.put(REMOVED)
        await polled(konnektor, konnektor.polls + 1)
    assert {event for event, _ in practice.reports} >= {"link.broken", "link.notices_broken"}


async def test_without_events_the_polls_still_tell(practice: Practice) -> None:
    konnektor = LinkedKonnektor(
        found=observation(HBA), untold=WorldError(failure(Reason.KONNEKTOR_FAULT, code=4027), sent=False)
    )
    async with linked(practice, konnektor):
        await polled(konnektor, 1)
        async with asyncio.timeout(5):
            while practice.keeper.picture.inventory.card(named(SMCB)) is not None:
                await asyncio.sleep(0.001)
    assert konnektor.subscribed


async def test_the_state_of_pin_smc_is_asked_in_every_context_and_after_each_entry(practice: Practice) -> None:
    konnektor = LinkedKonnektor(found=observation(SMCB, HBA))
    async with linked(practice, konnektor, readiness=True):
        await polled(konnektor, 1)
        async with asyncio.timeout(5):
            while len(konnektor.asked) < 2:
                await asyncio.sleep(0.001)
        konnektor.readings[DESK, Pin.SMC] = PinReading(status=PinStatus.VERIFIED, attempts_left=None)
        finished = replace(REMOVED, type=NoticeType.PIN_ENTRY_FINISHED, context=DESK)
        await konnektor.queue.put(finished)
        async with asyncio.timeout(5):
            while len(konnektor.asked) < 4:
                await asyncio.sleep(0.001)
        card = practice.keeper.picture.inventory.card(named(SMCB))
    assert card is not None
    assert [state.status for state in card.pin_states] == [PinStatus.VERIFIED, PinStatus.VERIFIABLE]


async def test_polls_go_on_while_a_card_does_not_answer_what_follows_them(practice: Practice) -> None:
    konnektor, looks = LinkedKonnektor(found=observation(SMCB, HBA)), 0

    async def hangs_or_breaks() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("defect")
        await asyncio.Event().wait()

    link = KonnektorLink(
        port=konnektor, keeper=practice.keeper, breath=0.001, after_poll=hangs_or_breaks, report=practice.report
    )
    konnektor.polling.set()
    task = asyncio.create_task(link.run())
    for count in range(1, 5):
        await polled(konnektor, count)
        await asyncio.sleep(0.01)
        await konnektor.queue.put(REMOVED)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert looks == 2
    assert ("link.look_broken", {"konnektor": K1, "error": "RuntimeError"}) in practice.reports
